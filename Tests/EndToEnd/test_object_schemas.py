"""The kinds of the manager on a real kube-apiserver: it takes their definitions, and makes of each example what we make of it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import REPOSITORY, wait_for
from kube_apiserver import KubeAPIServer
from kubectls import MANAGER

DEFINITIONS = REPOSITORY / "deploy/kubernetes/crds"
SAMPLES = REPOSITORY / "deploy/kubernetes/samples"
# What a definition cannot say: which member was probably meant, and how large a size may be that is a text.
OURS_ALONE = re.compile(r"is not known|must be \d+[KMGTPE]i to ")
VERDICTS = [json.loads(line) for line in (REPOSITORY / "Tests/ObjectsTests/Fixtures/verdicts.jsonl").read_text().splitlines()]

@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeAPIServer]:
    server = KubeAPIServer(tmp_path_factory.mktemp("kube"))
    try:
        server.start()
        server.kubectl("apply", "-f", str(DEFINITIONS))

        def are_served() -> bool:
            definitions = json.loads(server.kubectl("get", "crds", "-o", "json"))["items"]
            conditions = [{c["type"]: c["status"] for c in definition["status"].get("conditions", [])} for definition in definitions]
            return len(conditions) == 9 and all(c.get("Established") == "True" and c.get("NonStructuralSchema") != "True" for c in conditions)

        wait_for(are_served, seconds=30, what="served definitions")
        yield server
    finally:
        server.stop()


def place(value: dict[str, Any]) -> str:
    plural = {"VMClass": "vmclasses"}.get(value["kind"], value["kind"].lower() + "s")
    group = "apis/" + value["apiVersion"] if "/" in value["apiVersion"] else "api/" + value["apiVersion"]
    return f"/{group}/namespaces/default/{plural}"


@pytest.mark.e2e
@pytest.mark.parametrize("verdict", VERDICTS, ids=lambda v: f"{v['object']['kind']}-{v['object']['metadata']['name']}")
def test_a_kube_apiserver_says_the_same(server: KubeAPIServer, verdict: dict[str, Any]) -> None:
    value = verdict["object"]
    status, answer = server.ask("POST", place(value), value)
    refusals = [problem for problem in verdict["fields"] if not OURS_ALONE.search(problem)]
    if refusals:
        assert status in (400, 422), (refusals, answer)
        return
    if value["kind"] == "Secret" and verdict["rules"]:
        assert status == 422, answer
        return
    assert status == 201, answer
    if not verdict["fields"]:
        for name in set(verdict["stored"]) - {"metadata"}:
            assert answer[name] == verdict["stored"][name], name
    server.ask("DELETE", place(value) + "/" + value["metadata"]["name"])


@pytest.mark.e2e
def test_manifests_to_begin_with_are_taken_and_shown(server: KubeAPIServer) -> None:
    server.kubectl("apply", "-f", str(SAMPLES))
    kinds = {document["kind"] for path in SAMPLES.glob("*.yaml") for document in yaml.safe_load_all(path.read_text())}
    shown = server.kubectl("get", "virtrigaud,secrets")
    assert all(f"{kind.lower()}.infra.virtrigaud.io/" in shown for kind in kinds - {"Secret"}), shown
    assert server.kubectl("get", "vm").split("\n")[0].split() == ["NAME", "POWER", "PHASE", "READY", "PROVIDER", "IPS", "AGE"]
    assert "Whether it is to run." in server.kubectl("explain", "vm.spec.powerState")
    server.kubectl("scale", "vmset/worker", "--replicas=5")
    assert json.loads(server.kubectl("get", "vmset", "worker", "-o", "json"))["spec"]["replicas"] == 5


def test_files_that_are_made_from_the_program_are_up_to_date(tmp_path: Path) -> None:
    program = MANAGER
    written = subprocess.run([program, "crds", "--directory", tmp_path], capture_output=True, text=True, timeout=20, check=True).stdout.split()
    assert {Path(path).name: Path(path).read_text() for path in written} == {path.name: path.read_text() for path in DEFINITIONS.glob("*.yaml")}, "run: make docs"
    page = subprocess.run([program, "objects"], capture_output=True, text=True, timeout=20, check=True).stdout
    assert page == (REPOSITORY / "docs/objects.md").read_text(), "run: make docs"
    stream = subprocess.run([program, "crds"], capture_output=True, text=True, timeout=20, check=True).stdout
    assert len(list(yaml.safe_load_all(stream))) == len(written) == 9

"""Two managers with their objects in a real kube-apiserver, as the account that `deploy/kubernetes/manager` gives them: a machine's life, and a leader that is killed in the middle of one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Program, Start, environment_without_settings, fetch, free_port, wait_for
from kube_apiserver import KubeAPIServer
from kubectls import MANAGER
from manager import Hypervisor, condition, debian, machine, small
from test_kube_apiserver import KUBERNETES

pytestmark = pytest.mark.e2e

LEASE = "/apis/coordination.k8s.io/v1/namespaces/martlet/leases/martlet-manager"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[KubeAPIServer]:
    folder = tmp_path / "kube"
    folder.mkdir()
    server = KubeAPIServer(folder)
    try:
        server.start()
        server.kubectl("apply", "-f", str(KUBERNETES / "crds"))
        server.kubectl("wait", "--for=condition=Established", "crd", "--all")
        for name in ("namespace", "rbac"):
            server.kubectl("apply", "-f", str(KUBERNETES / f"manager/{name}.yaml"))
        yield server
    finally:
        server.stop()


def account(server: KubeAPIServer) -> Path:
    """A kubeconfig of the manager's service account, its token in a file as kubelet has it."""
    path = "/api/v1/namespaces/martlet/serviceaccounts/martlet-manager/token"
    status, answer = server.ask("POST", path, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}})
    assert status == 201, answer
    token = server.folder / "token"
    token.write_text(answer["status"]["token"])
    config = server.kubeconfig("account", {"tokenFile": str(token)})
    said = json.loads(config.read_text())
    said["contexts"][0]["context"]["namespace"] = "martlet"
    config.write_text(json.dumps(said))
    return config


class Clustered:
    """One of several managers."""

    def __init__(self, start: Start, folder: Path, kubeconfig: Path) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self.program: Program = start(
            MANAGER, "serve", "--manager.state-dir", folder, "--kubeconfig", kubeconfig, "--web.listen-address", self.url.removeprefix("http://"),
            env=environment_without_settings())
        self.program.wait_until(self.url + "/ready")


def test_a_manager_works_in_a_cluster_with_the_rights_that_it_is_given(start: Start, tmp_path: Path, server: KubeAPIServer) -> None:
    hypervisor = Hypervisor(start, tmp_path, "sim", task_time="3s")
    config = account(server)
    first = Clustered(start, tmp_path / "first", config)
    wait_for(lambda: server.ask("GET", LEASE)[1].get("spec", {}).get("holderIdentity"), 30, "one leads")
    second = Clustered(start, tmp_path / "second", config)

    def apply(*things: dict[str, Any]) -> None:
        server.kubectl("apply", "-f", "-", given=yaml.safe_dump_all(things))

    def get(name: str) -> dict[str, Any]:
        return dict(json.loads(server.kubectl("get", "vm", name, "-o", "json")))

    def is_ready(name: str) -> bool:
        return condition(get(name), "Ready").get("status") == "True"

    apply(hypervisor.object, small(), debian(), machine("web1"))
    wait_for(lambda: is_ready("web1"), 60, "web1 is ready")
    # The next one is asked for, and the leader is gone before it is there.
    apply(machine("web2"))
    wait_for(lambda: any(it["spec"]["targetRef"]["name"] == "web2" for it in json.loads(server.kubectl("get", "vmop", "-o", "json"))["items"]), 30, "web2 is begun")
    holder = server.ask("GET", LEASE)[1]["spec"]["holderIdentity"]
    first.program.process.kill()
    first.program.process.wait()
    wait_for(lambda: is_ready("web2"), 90, "web2 is ready")
    spec = server.ask("GET", LEASE)[1]["spec"]
    assert spec["holderIdentity"] != holder and spec["leaseTransitions"] == 1
    assert hypervisor.machines() == ["web1", "web2"]

    # A schedule makes snapshots, and nothing that the manager writes is refused.
    schedule = {"enabled": True, "cronSpec": "* * * * *"}
    apply({"apiVersion": "infra.virtrigaud.io/v1beta1", "kind": "VMSnapshot", "metadata": {"name": "often"}, "spec": {"vmRef": {"name": "web1"}, "schedule": schedule}})

    def snapshots() -> list[dict[str, Any]]:
        return list(json.loads(server.kubectl("get", "vmsnapshot", "-o", "json"))["items"])

    wait_for(lambda: [it["status"].get("phase") for it in snapshots() if it["metadata"]["name"] == "often"] == ["Scheduled"], 30, "the schedule is kept")
    wait_for(lambda: any(it.get("status", {}).get("phase") == "Ready" for it in snapshots() if it["metadata"]["name"] != "often"), 120, "a snapshot is made")
    server.kubectl("delete", "vmsnapshot", "often", "--timeout=60s")
    assert snapshots() == []

    server.kubectl("delete", "vm", "web1", "web2", "--timeout=60s")
    assert hypervisor.machines() == []
    assert 'virtrigaud_vm_operations_total{operation="Create",provider_type="simulated",provider="default/sim",outcome="success"} 2' in fetch(second.url + "/metrics").text
    assert "forbidden" not in second.program.output.lower() and "must be of type" not in second.program.output


def test_a_namespace_that_is_deleted_comes_to_its_end_and_counters_stay(start: Start, tmp_path: Path, server: KubeAPIServer) -> None:
    hypervisor = Hypervisor(start, tmp_path, "sim")
    config = account(server)
    manager = Clustered(start, tmp_path / "first", config)

    def get(kind: str, *arguments: str) -> list[dict[str, Any]]:
        return list(json.loads(server.kubectl("get", kind, *arguments, "-o", "json"))["items"])

    def made(of: Clustered) -> bool:
        return 'virtrigaud_vm_operations_total{operation="Create",provider_type="simulated",provider="default/sim",outcome="success"} 1' in fetch(of.url + "/metrics").text

    server.kubectl("create", "namespace", "team")
    thing = machine("web1")
    thing["metadata"]["namespace"] = "team"
    for reference in ("providerRef", "classRef", "imageRef"):
        thing["spec"][reference]["namespace"] = "default"
    server.kubectl("apply", "-f", "-", given=yaml.safe_dump_all([hypervisor.object, small(), debian(), thing]))
    wait_for(lambda: any(condition(it, "Ready").get("status") == "True" for it in get("vm", "-n", "team")), 60, "web1 is ready")

    # What a cluster's controller of namespaces does: nothing new may be there, and what is there is asked to go.
    server.kubectl("delete", "namespace", "team", "--wait=false")
    server.kubectl("delete", "vmop", "--all", "-n", "team", "--timeout=30s")
    server.kubectl("delete", "vm", "--all", "-n", "team", "--timeout=60s")
    assert hypervisor.machines() == []
    assert get("vm", "-n", "team") == [] == get("vmop", "-n", "team")
    deletions = [it for it in get("vmop", "-n", "default") if it["spec"]["operation"] == "Delete"]
    assert [it["spec"]["targetRef"]["namespace"] for it in deletions] == ["team"]
    assert made(manager)

    # What was deleted by hand counts for the next manager too.
    server.kubectl("delete", "vmop", "--all", "--all-namespaces", "--timeout=30s")
    manager.program.process.kill()
    manager.program.process.wait()
    after = Clustered(start, tmp_path / "second", config)
    wait_for(lambda: made(after), 60, "the next manager knows of it")

"""The manager's objects in a real kube-apiserver (1.20, built from Debian's source): every promise of a store, the definitions that we ship, who leads, and what is said when something is
not as it should be."""

from __future__ import annotations

import json
import queue
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import DEBUG, REPOSITORY, wait_for
from kube_apiserver import ADMINISTRATOR, NOBODY, KubeAPIServer

pytestmark = pytest.mark.e2e

CHECK = DEBUG / "object-store-check"
KUBERNETES = REPOSITORY / "deploy/kubernetes"
LEASE, RENEW = 15, 10
LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases/object-store-check"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KubeAPIServer]:
    """One for all tests of the file, with our definitions."""
    server = KubeAPIServer(tmp_path_factory.mktemp("kube-apiserver"))
    try:
        server.start()
        assert "created" in server.kubectl("apply", "-f", str(KUBERNETES / "crds"))
        server.kubectl("wait", "--for=condition=Established", "crd", "--all")
        # What is established is served a moment later.
        wait_for(lambda: not check(server.kubeconfig(), "unknown").stdout, 30, "our kinds are served")
        yield server
    finally:
        server.stop()


def missing(said: Any, kept: Any, path: str = "") -> list[str]:
    """What was said and is not kept."""
    if isinstance(said, dict) and isinstance(kept, dict):
        return [place for name, value in said.items() for place in missing(value, kept.get(name), f"{path}.{name}")]
    if isinstance(said, list) and isinstance(kept, list) and len(said) == len(kept):
        return [place for index, pair in enumerate(zip(said, kept, strict=True)) for place in missing(*pair, f"{path}[{index}]")]
    return [] if said == kept else [path]


def check(kubeconfig: Path, command: str, *arguments: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
    return subprocess.run([CHECK, command, "--kubeconfig", kubeconfig, *arguments], capture_output=True, text=True, timeout=seconds, check=False)


class Lines:
    """A command that goes on, and when it said what."""

    def __init__(self, kubeconfig: Path, command: str, *arguments: str) -> None:
        self.program = subprocess.Popen([CHECK, command, "--kubeconfig", kubeconfig, *arguments], stdout=subprocess.PIPE, text=True)
        self.said: list[tuple[float, str]] = []
        self.queue: queue.Queue[None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.program.stdout
        for line in self.program.stdout:
            self.said.append((time.monotonic(), line.rstrip()))

    def when(self, pattern: str, seconds: float = 30, after: float = 0) -> float:
        """When it said that first, after a moment."""
        return wait_for(lambda: next((at for at, line in self.said if at > after and re.search(pattern, line)), None), seconds, f"{pattern} of {self.said}")

    def end(self) -> None:
        self.program.send_signal(signal.SIGCONT)
        self.program.terminate()
        try:
            self.program.wait(20)
        except subprocess.TimeoutExpired:
            self.program.kill()


def test_every_promise_is_kept_with_a_token(server: KubeAPIServer) -> None:
    done = check(server.kubeconfig(), "suite")
    assert done.returncode == 0, done.stdout


def test_every_promise_is_kept_with_a_client_certificate(server: KubeAPIServer) -> None:
    done = check(server.certificate_kubeconfig(), "suite", "create", "update", "writers", "watch")
    assert done.returncode == 0, done.stdout


def test_definitions_and_samples_are_taken_by_a_kube_apiserver(server: KubeAPIServer) -> None:
    definitions = json.loads(server.kubectl("get", "crd", "-o", "json"))["items"]
    assert len(definitions) == len(list((KUBERNETES / "crds").glob("*.yaml"))) == 9
    for definition in definitions:
        conditions = {condition["type"]: condition for condition in definition["status"]["conditions"]}
        # A schema that is not structural is taken all the same, and then prunes nothing.
        assert "NonStructuralSchema" not in conditions, conditions["NonStructuralSchema"]
        assert conditions["Established"]["status"] == conditions["NamesAccepted"]["status"] == "True"
    samples = str(KUBERNETES / "samples")
    try:
        assert set(re.findall(r"(unchanged|configured|created)", server.kubectl("apply", "-f", samples))) == {"created"}
        assert "web1" in server.kubectl("get", "vm")
        # Nothing that the samples say is unknown to the definitions: of what is kept nothing differs from it. (`apply` says "configured" of lists whose elements were given defaults.)
        machine = json.loads(server.kubectl("get", "vm", "web1", "-o", "json"))
        said = json.loads(machine["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"])
        assert missing(said["spec"], machine["spec"]) == []
        assert not server.kubectl("diff", "-f", samples)
    finally:
        server.kubectl("delete", "-f", samples, "--ignore-not-found")


def test_a_wrong_object_is_refused_with_its_field(server: KubeAPIServer) -> None:
    wrong = {"apiVersion": "infra.virtrigaud.io/v1beta1", "kind": "VMClass", "metadata": {"name": "wrong"}, "spec": {"cpu": 0, "memory": "1Gi"}}
    status, answer = server.ask("POST", "/apis/infra.virtrigaud.io/v1beta1/namespaces/default/vmclasses", wrong)
    assert status == 422 and any(cause["field"].startswith("spec.cpu") for cause in answer["details"]["causes"]), answer


def test_a_kind_that_is_not_installed_is_named(server: KubeAPIServer) -> None:
    server.kubectl("delete", "crd", "vmsets.infra.virtrigaud.io")
    try:
        wait_for(lambda: "vmsets.infra.virtrigaud.io" in check(server.kubeconfig(), "unknown").stdout, 30, "the kind is gone")
    finally:
        server.kubectl("apply", "-f", str(KUBERNETES / "crds/infra.virtrigaud.io_vmsets.yaml"))
    wait_for(lambda: not check(server.kubeconfig(), "unknown").stdout, 30, "the kind is there again")


def test_wrong_credentials_names_and_authorities_are_told_apart(server: KubeAPIServer, tmp_path: Path) -> None:
    def says(kubeconfig: Path) -> str:
        said = check(kubeconfig, "watch", "1").stdout
        assert ADMINISTRATOR not in said and NOBODY not in said
        return said

    assert says(server.kubeconfig("nobody", {"token": NOBODY})).startswith("Forbidden")
    assert says(server.kubeconfig("stranger", {"token": "wrong"})).startswith("Unauthorized")
    assert says(server.kubeconfig("anonymous", {})).startswith(("Forbidden", "Unauthorized"))
    # The name in the certificate.
    named = {"server": f"https://127.0.0.1:{server.port}", "tls-server-name": "kubernetes.default.svc"}
    assert "watching" in says(server.kubeconfig("named", cluster=named)) or "Expired" in says(server.kubeconfig("named", cluster=named))
    assert "not for the name other" in says(server.kubeconfig("misnamed", cluster={**named, "tls-server-name": "other"}))
    strange = server.kubeconfig("strange")
    config = json.loads(strange.read_text())
    del config["clusters"][0]["cluster"]["certificate-authority-data"]
    strange.write_text(json.dumps(config))
    assert "authority" in says(strange)
    # A token that is given anew.
    (tmp_path / "token").write_text(ADMINISTRATOR)
    assert not says(server.kubeconfig("file", {"tokenFile": str(tmp_path / "token")})).startswith(("Forbidden", "Unauthorized"))


def test_changes_that_are_forgotten_and_a_server_that_goes_end_a_watch(server: KubeAPIServer) -> None:
    assert check(server.kubeconfig(), "watch", "1").stdout.splitlines()[-1].startswith("Expired")
    version = json.loads(server.kubectl("get", "vm", "-o", "json"))["metadata"]["resourceVersion"] or str(
        server.ask("GET", "/apis/infra.virtrigaud.io/v1beta1/virtualmachines")[1]["metadata"]["resourceVersion"]
    )
    watch = Lines(server.kubeconfig(), "watch", version)
    try:
        watch.when("watching")
        server.stop_server(signal.SIGKILL)
        watch.when("ServiceUnavailable|^end")
    finally:
        watch.end()
        server.start()


def test_a_leader_that_ends_gives_the_lease_to_the_next(server: KubeAPIServer) -> None:
    first = Lines(server.kubeconfig(), "lead", "first")
    second = None
    try:
        first.when("begins")
        second = Lines(server.kubeconfig(), "lead", "second")
        second.when("waits for first")
        first.end()
        begins = second.when("begins")
        assert 0 < begins - first.when("ends") < 6
        spec = server.ask("GET", LEASES)[1]["spec"]
        assert spec["holderIdentity"] == "second" and spec["leaseDurationSeconds"] == LEASE and spec["leaseTransitions"] >= 1
        # As client-go reads them: with microseconds.
        assert all(re.fullmatch(r"[\d-]+T[\d:]+\.\d{6}Z", spec[name]) for name in ("acquireTime", "renewTime"))
    finally:
        first.end()
        if second:
            second.end()
    assert server.ask("GET", LEASES)[1]["spec"].get("holderIdentity", "") == ""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
def test_a_leader_that_is_gone_is_followed_when_its_lease_is_over(server: KubeAPIServer, how: signal.Signals) -> None:
    first = Lines(server.kubeconfig(), "lead", "first")
    second = None
    try:
        first.when("begins")
        second = Lines(server.kubeconfig(), "lead", "second")
        second.when("waits for first")
        gone = time.monotonic()
        first.program.send_signal(how)
        begins = second.when("begins", seconds=60)
        # It renewed up to two seconds before, and the next one looks every two to four and a half.
        assert LEASE - 3 < begins - gone < LEASE + 10
        if how == signal.SIGSTOP:
            first.program.send_signal(signal.SIGCONT)
            # It has not begun anything since, and knows that it must not.
            first.when("ends", after=gone)
            first.when("waits for second", after=gone)
            assert not any("ends" in line for _, line in second.said)
    finally:
        first.end()
        if second:
            second.end()


@pytest.mark.parametrize("is_frozen", [False, True], ids=["server gone", "server frozen"])
def test_a_leader_without_a_server_stops_in_time_and_leads_again_later(server: KubeAPIServer, is_frozen: bool) -> None:
    leader = Lines(server.kubeconfig(), "lead", "first")
    try:
        leader.when("begins")
        gone = time.monotonic()
        if is_frozen:
            assert server.server
            server.server.send_signal(signal.SIGSTOP)
        else:
            server.stop_server(signal.SIGKILL)
        assert leader.when("ends", after=gone) - gone < RENEW + 1
        assert not any("overrun" in line for _, line in leader.said)
        back = time.monotonic()
        if is_frozen:
            assert server.server
            server.server.send_signal(signal.SIGCONT)
        server.start()
        leader.when("begins", after=back, seconds=60)
    finally:
        leader.end()
        server.start()

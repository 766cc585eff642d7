"""What goes wrong with providers, their hypervisors and their certificates: each has a name in conditions and in metrics, heals by itself when its cause is gone, does nothing twice, and is no matter
to other providers' machines."""

from __future__ import annotations

import base64
import os
import re
import shutil
import signal
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from conftest import Start, fetch, free_port, wait_for
from grpc_peers import Identity
from listeners import Authority
from manager import Hypervisor, Manager, condition, debian, machine, small, thing

DEAD_SECONDS = float(os.environ.get("DEAD_SECONDS", "300"))


def of(provider: str) -> dict[str, str]:
    return {"provider_type": "simulated", "provider": f"default/{provider}"}


@dataclass
class Fault:
    """What breaks, and how it shows itself."""

    begin: Callable[[Hypervisor], None]
    end: Callable[[Hypervisor], None]
    # Of the conditions, and of the errors that are counted.
    reason: str
    # Of the calls.
    code: str
    # Whether it is left alone, as nobody answers.
    opens: bool = True


FAULTS = {
    "dead": Fault(lambda it: it.kill(), lambda it: it.begin(), "ConnectionFailed", "UNAVAILABLE"),
    "stopped": Fault(lambda it: it.program.process.send_signal(signal.SIGSTOP), lambda it: it.program.process.send_signal(signal.SIGCONT), "Timeout", "DEADLINE_EXCEEDED"),
    "hung": Fault(lambda it: it.break_down(hangs=True), lambda it: it.break_down(), "Timeout", "DEADLINE_EXCEEDED"),
    "unreachable": Fault(lambda it: it.break_down(unreachable=True), lambda it: it.break_down(), "ConnectionFailed", "UNAVAILABLE"),
    "credentials": Fault(lambda it: it.break_down(wrongCredentials=True), lambda it: it.break_down(), "AuthenticationError", "UNAUTHENTICATED", opens=False),
}


def healthy(manager: Manager, provider: str) -> dict[str, Any]:
    return condition(manager.get("provider", provider), "Healthy")


def work(manager: Manager, provider: str, name: str) -> float:
    """A machine's life, and how long it took."""
    began = time.monotonic()
    manager.apply(machine(name, provider))
    manager.until_ready("vm", name)
    manager.kubectl("patch", "vm", name, "--type=merge", "-p", '{"spec":{"resources":{"cpu":2}}}')
    manager.until("vm", name, lambda it: it["status"]["currentResources"]["cpu"] == 2 and condition(it, "Ready")["status"] == "True")
    manager.delete("vm", name)
    return time.monotonic() - began


def ordeal(start: Start, folder: Path, fault: Fault, seconds: float = 0) -> None:
    sick, well = Hypervisor(start, folder, "sick"), Hypervisor(start, folder, "well")
    manager = Manager(start, folder)
    names = [f"old{number}" for number in range(4)]
    manager.apply(sick.object, well.object, small(), debian(), *(machine(name, "sick") for name in names))
    for name in names:
        manager.until_ready("vm", name)
    before = [work(manager, "well", f"before{number}") for number in range(3)]
    calls = manager.sum("virtrigaud_provider_rpc_requests_total", code=fault.code)

    fault.begin(sick)
    began = time.monotonic()
    wait_for(lambda: healthy(manager, "sick").get("status") == "False", 20, "the provider's condition says so")
    told = time.monotonic() - began
    said = healthy(manager, "sick")
    assert said["reason"] == fault.reason and said["message"], said
    assert condition(manager.get("provider", "sick"), "Ready")["reason"] == fault.reason
    assert manager.value("virtrigaud_provider_healthy", **of("sick")) == 0 and manager.value("virtrigaud_provider_healthy", **of("well")) == 1
    # People go on, as if nothing were.
    manager.apply(machine("new", "sick"))
    manager.kubectl("patch", "vm", "old0", "--type=merge", "-p", '{"spec":{"resources":{"cpu":3}}}')
    manager.kubectl("patch", "vm", "old1", "--type=merge", "-p", '{"spec":{"powerState":"Off"}}')
    manager.delete("vm", "old2", wait=False)
    wait_for(lambda: manager.value("virtrigaud_circuit_breaker_state", **of("sick")) == (2 if fault.opens else 0), 20, "the breaker is as it must be")
    for name in ("new", "old0", "old1"):
        waits = manager.until("vm", name, lambda it: condition(it, "Ready").get("status") == "False")
        assert condition(waits, "Ready")["reason"] in ("ProviderError", "TaskInProgress") and condition(waits, "Ready")["message"], waits
    assert manager.get("vm", "old2")["metadata"]["deletionTimestamp"]
    during = [work(manager, "well", "during0")]
    # A scrape shows each what it is, and the others nothing of it.
    assert manager.sum("virtrigaud_provider_rpc_requests_total", code=fault.code) > calls
    assert (manager.value("virtrigaud_errors_total", reason=fault.reason, component="manager") or 0) > 0
    failures = manager.value("virtrigaud_circuit_breaker_failures_total", **of("sick"))
    assert failures is not None and (failures > 0) == fault.opens
    assert manager.value("virtrigaud_circuit_breaker_failures_total", **of("well")) == 0 and manager.value("virtrigaud_circuit_breaker_state", **of("well")) == 0
    if fault.opens:
        assert (manager.value("virtrigaud_provider_tasks_inflight", **of("sick")) or 0) >= 1
        oldest = manager.value("virtrigaud_provider_oldest_operation_timestamp_seconds", **of("sick"))
        assert oldest is not None and 0 <= time.time() - oldest < time.monotonic() - began + 2
    while time.monotonic() - began < seconds:
        during.append(work(manager, "well", f"during{len(during)}"))
        assert healthy(manager, "sick")["reason"] == fault.reason and manager.value("virtrigaud_circuit_breaker_state", **of("sick")) != 0
        time.sleep(5)
    assert min(during) < 2 * max(before) + 1, (before, during)
    lasted = time.monotonic() - began

    fault.end(sick)
    ended = time.monotonic()
    manager.until_ready("provider", "sick", 30)
    for name in ("new", "old0", "old3"):
        manager.until_ready("vm", name, 90)
    manager.until("vm", "old1", lambda it: it["status"]["phase"] == "Stopped" and condition(it, "Ready")["status"] == "True", 90)
    wait_for(lambda: "old2" not in sick.machines(), 90, "the machine that was to go has gone")
    healed = time.monotonic() - ended
    wait_for(lambda: manager.value("virtrigaud_provider_tasks_inflight", **of("sick")) == 0, 20, "nothing is under way")
    found = {name: (said["cpu"], said["on"]) for name, said in sick.inventory().items()}
    assert found == {"new": (1, True), "old0": (3, True), "old1": (1, False), "old3": (1, True)} and well.machines() == []
    # Each once, on both sides, however often it was asked for.
    counted = manager.operations("default/sick")
    assert {key: count for key, count in counted.items() if key[1] == "success"} == {
        ("ImagePrepare", "success"): 1, ("Create", "success"): 5, ("Reconfigure", "success"): 1, ("Power", "success"): 1, ("Delete", "success"): 1}
    assert not [key for key in counted if key[1] == "error"] and (not fault.opens or len(counted) == 5), counted
    assert {key: count for key, count in sick.operations().items() if key[1] == "success"} == {key: count for key, count in counted.items() if key[1] == "success"}
    assert manager.value("virtrigaud_circuit_breaker_state", **of("sick")) == 0 and manager.value("virtrigaud_provider_healthy", **of("sick")) == 1
    assert manager.value("virtrigaud_vms_not_ready", provider="default/sick", reason="ProviderError") == 0
    assert manager.value("virtrigaud_provider_oldest_operation_timestamp_seconds", **of("sick")) is None
    assert not condition(manager.get("vm", "old3"), "Error")
    print(
        f"said after {told:.1f} s, lasted {lasted:.0f} s, as wanted {healed:.1f} s after its end; a life elsewhere took "
        f"{min(before):.2f} to {max(before):.2f} s before, {min(during):.2f} to {max(during):.2f} s during ({len(during)} lives)")


@pytest.mark.e2e
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_has_a_name_and_heals_by_itself(start: Start, tmp_path: Path, fault: str) -> None:
    ordeal(start, tmp_path, FAULTS[fault])


@pytest.mark.soak
def test_a_provider_that_is_dead_for_minutes(start: Start, tmp_path: Path) -> None:
    ordeal(start, tmp_path, FAULTS["dead"], DEAD_SECONDS)


# Certificates.


class Secured(Hypervisor):
    """Called over TLS, with certificates on both sides."""

    def __init__(self, start: Start, folder: Path, server: Identity) -> None:
        self.port, self.server = free_port(), folder / "server"
        self.server.mkdir()
        self.put(server)
        super().__init__(start, folder, "secured", words=(
            "--grpc.listen-address", f"127.0.0.1:{self.port}", "--grpc.tls.cert-file", self.server / "cert.pem", "--grpc.tls.key-file", self.server / "key.pem",
            "--grpc.tls.client-ca-file", self.server / "ca.pem"))

    def put(self, identity: Identity) -> None:
        for file, name in zip((identity.key, identity.certificate, identity.authority), ("key.pem", "cert.pem", "ca.pem")):
            shutil.copy(file, self.server / f"{name}.new")
            (self.server / f"{name}.new").rename(self.server / name)

    @property
    def object(self) -> dict[str, Any]:
        told = super().object
        told["spec"] |= {"endpoint": f"grpc://127.0.0.1:{self.port}", "runtime": {"service": {"tls": {"enabled": True, "secretRef": {"name": "secured-tls"}}}}}
        return told


def secret(identity: Identity) -> dict[str, Any]:
    data = {name: base64.b64encode(file.read_bytes()).decode() for name, file in (("tls.crt", identity.certificate), ("tls.key", identity.key), ("ca.crt", identity.authority))}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "secured-tls", "namespace": "default"}, "type": "Opaque", "data": data}


@dataclass
class Made:
    authority: Authority
    folder: Path

    def identity(self, name: str, seconds: float = 86400) -> Identity:
        """One that is good for so long from now on."""
        return Identity.of(self.authority.issue(name, days=(-1, seconds / 86400)), self.authority.pem)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(Authority(tmp_path, "ours"), tmp_path)


def wait_for_the_end(identity: Identity) -> str:
    """Of a certificate; when that was, as conditions say it."""
    end = ssl.cert_time_to_seconds(ssl._ssl._test_decode_cert(str(identity.certificate))["notAfter"])  # type: ignore[attr-defined]
    time.sleep(max(0, end - time.time()) + 1.1)
    return f"{datetime.fromtimestamp(end, UTC):%Y-%m-%dT%H:%M:%S}"


def expired(manager: Manager, pattern: str) -> None:
    """It is said of the provider and of its machines, and counted; other machines know nothing of it."""
    wait_for(lambda: healthy(manager, "secured").get("reason") == "CertificateError", 30, "the provider's condition says so")
    wait_for(lambda: re.search(pattern, healthy(manager, "secured")["message"]), 10, f"{pattern}: {healthy(manager, 'secured')}")
    assert manager.value("virtrigaud_provider_healthy", **of("secured")) == 0
    assert (manager.value("virtrigaud_errors_total", reason="CertificateError", component="manager") or 0) > 0
    manager.apply(machine("later", "secured"))
    later = manager.until("vm", "later", lambda it: condition(it, "Ready").get("status") == "False" and re.search(pattern, condition(it, "Ready")["message"]))
    assert condition(later, "Ready")["reason"] in ("ProviderError", "WaitingForDependencies"), later
    work(manager, "well", "elsewhere")
    assert manager.value("virtrigaud_circuit_breaker_failures_total", **of("well")) == 0


def heals(manager: Manager, hypervisor: Secured) -> None:
    manager.until_ready("provider", "secured", 60)
    for name in ("web1", "later"):
        manager.until_ready("vm", name, 60)
    assert hypervisor.machines() == ["later", "web1"]
    assert manager.operations("default/secured") == hypervisor.operations() == {("ImagePrepare", "success"): 1, ("Create", "success"): 2}
    wait_for(lambda: manager.value("virtrigaud_circuit_breaker_state", **of("secured")) == 0, 20, "the breaker is closed")
    assert manager.value("virtrigaud_provider_healthy", **of("secured")) == 1


def with_an_old_certificate(start: Start, folder: Path, made: Made) -> tuple[Manager, Secured, str]:
    """A machine of a provider whose certificate has just expired, when that was, and a provider beside it that is well."""
    old = made.identity("server", 12)
    hypervisor, well = Secured(start, folder, old), Hypervisor(start, folder, "well")
    manager = Manager(start, folder)
    manager.apply(secret(made.identity("client")), hypervisor.object, well.object, small(), debian(), machine("web1", "secured"))
    manager.until_ready("vm", "web1")
    return manager, hypervisor, wait_for_the_end(old)


@pytest.mark.e2e
def test_a_providers_certificate_that_has_expired_is_named_and_a_new_one_heals_it(start: Start, tmp_path: Path, made: Made) -> None:
    manager, hypervisor, end = with_an_old_certificate(start, tmp_path, made)
    # Whoever is connected stays so.
    assert healthy(manager, "secured")["status"] == "True"
    assert (hypervisor_end := provider_value(hypervisor, "martlet_grpc_certificate_not_after_timestamp_seconds")) is not None and hypervisor_end < time.time()
    manager.kill()
    manager.begin()
    expired(manager, f"the certificate that 127.0.0.1:{hypervisor.port} shows expired at {end}")
    # One that is begun again with it does not begin, and says why.
    hypervisor.kill()
    hypervisor.begin(wait=False)
    assert hypervisor.program.process.wait(20) == 1 and f"cert.pem expired at {end}" in hypervisor.program.output, hypervisor.program.output
    wait_for(lambda: healthy(manager, "secured")["reason"] == "ConnectionFailed", 30, "nobody is there")
    hypervisor.put(made.identity("server-2"))
    hypervisor.begin()
    heals(manager, hypervisor)


@pytest.mark.e2e
def test_a_providers_certificate_that_has_expired_is_exchanged_while_it_runs(start: Start, tmp_path: Path, made: Made) -> None:
    manager, hypervisor, end = with_an_old_certificate(start, tmp_path, made)
    manager.kill()
    manager.begin()
    expired(manager, f"the certificate that 127.0.0.1:{hypervisor.port} shows expired at {end}")
    hypervisor.put(made.identity("server-2"))
    heals(manager, hypervisor)


@pytest.mark.e2e
def test_our_own_certificate_that_has_expired_is_named_by_its_secret_and_a_new_one_heals_it(start: Start, tmp_path: Path, made: Made) -> None:
    old = made.identity("client", 12)
    hypervisor, well = Secured(start, tmp_path, made.identity("server")), Hypervisor(start, tmp_path, "well")
    manager = Manager(start, tmp_path)
    manager.apply(secret(old), hypervisor.object, well.object, small(), debian(), machine("web1", "secured"))
    manager.until_ready("vm", "web1")
    end = wait_for_the_end(old)
    # The connection that there was ends, and the next one is refused.
    hypervisor.kill()
    hypervisor.begin()
    words = f"the certificate in tls.crt of Secret default/secured-tls expired at {end}"
    expired(manager, words)
    # A manager that finds it so says the same.
    manager.kill()
    manager.begin()
    wait_for(lambda: words in healthy(manager, "secured")["message"] and healthy(manager, "secured")["reason"] == "CertificateError", 20, "it says so again")
    manager.apply(secret(made.identity("client-2")))
    heals(manager, hypervisor)


@pytest.mark.e2e
def test_a_provider_of_a_stranger_is_not_believed(start: Start, tmp_path: Path, made: Made) -> None:
    stranger = Authority(tmp_path, "stranger")
    hypervisor = Secured(start, tmp_path, made.identity("server"))
    manager = Manager(start, tmp_path)
    client = made.identity("client")
    manager.apply(secret(Identity(client.certificate, client.key, stranger.pem)), hypervisor.object)
    said = manager.until("provider", "secured", lambda it: condition(it, "Ready").get("status") == "False")
    assert condition(said, "Ready")["reason"] == "CertificateError"
    wait_for(lambda: "is signed by an authority that is not trusted here" in healthy(manager, "secured")["message"], 20, "it is said why")
    manager.apply(secret(client))
    manager.until_ready("provider", "secured")


def provider_value(hypervisor: Hypervisor, name: str) -> float | None:
    for line in fetch(hypervisor.url + "/metrics").text.splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    return None

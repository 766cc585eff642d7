"""The manager with its own store and simulated hypervisors: machines by kubectl, metrics after what feeds them, and what breaks."""

from __future__ import annotations

import re
import subprocess
import time
from pathlib import Path

import pytest
import yaml
from conftest import Start, wait_for
from kubectls import MANAGER
from manager import Hypervisor, Manager, condition, debian, machine, small, thing

SIM = {"provider_type": "simulated", "provider": "default/sim"}


@pytest.fixture
def bed(start: Start, tmp_path: Path) -> tuple[Manager, Hypervisor]:
    hypervisor = Hypervisor(start, tmp_path, "sim")
    manager = Manager(start, tmp_path)
    manager.apply(hypervisor.object, small(), debian())
    return manager, hypervisor


def outcomes(manager: Manager, operation: str) -> dict[str, float | None]:
    return {outcome: manager.value("virtrigaud_vm_operations_total", operation=operation, outcome=outcome, **SIM) for outcome in ("success", "failure", "error")}


def test_a_machines_life_and_every_family_that_it_feeds(bed: tuple[Manager, Hypervisor]) -> None:
    manager, hypervisor = bed
    manager.until_ready("provider", "sim")
    start = manager.samples()
    # Counted from 0 on, so that the first one is an increase.
    assert outcomes(manager, "Create") == {"success": 0, "failure": 0, "error": 0}
    manager.apply(machine("web1"))
    assert "condition met" in manager.kubectl("wait", "--for=condition=Ready", "vm/web1", "--timeout=30s")
    web1 = manager.until("vm", "web1", lambda it: it["status"].get("ips"))
    assert hypervisor.machines() == ["web1"] and web1["status"]["powerState"] == "On" and web1["status"]["phase"] == "Running"
    assert re.search(r"web1 +On +Running +True +sim +10\.", manager.kubectl("get", "vm")), manager.kubectl("get", "vm")

    manager.kubectl("patch", "vm", "web1", "--type=merge", "-p", '{"spec":{"resources":{"cpu":2}}}')
    manager.until("vm", "web1", lambda it: it["status"]["currentResources"]["cpu"] == 2 and condition(it, "Ready")["status"] == "True")
    manager.kubectl("patch", "vm", "web1", "--type=json", "-p", '[{"op":"add","path":"/spec/powerState","value":"OffGraceful"}]')
    manager.until("vm", "web1", lambda it: it["status"]["phase"] == "Stopped" and condition(it, "Ready")["status"] == "True")
    # It converges: nobody asks it to end once more.
    time.sleep(1.5)
    assert outcomes(manager, "Power") == {"success": 1, "failure": 0, "error": 0}
    assert "10." not in manager.kubectl("get", "vm", "web1")
    ours = [str(MANAGER), "describe", "vm", "web1", "--kubeconfig", str(manager.folder / "kubeconfig")]
    said = subprocess.run(ours, capture_output=True, text=True, timeout=30, check=True).stdout
    assert re.search(r"Operations:\n +NAME.*\n.* Create .* 20\S+:\d\dZ.*\n.* Reconfigure .*\n.* Power ", said), said
    manager.delete("vm", "web1")
    assert hypervisor.machines() == [] and manager.list("vm") == []

    for operation, count in {"ImagePrepare": 1, "Create": 1, "Reconfigure": 1, "Power": 1, "Delete": 1, "Clone": 0, "SnapshotCreate": 0}.items():
        assert outcomes(manager, operation) == {"success": count, "failure": 0, "error": 0}, operation
        # Without series where there was none.
        assert (manager.value("virtrigaud_vm_operations_duration_seconds_count", operation=operation, **SIM) or 0) == count
    assert manager.value("virtrigaud_vm_operations_duration_seconds_bucket", operation="Create", le="1800.0", **SIM) == 1
    seconds = manager.value("virtrigaud_vm_operations_duration_seconds_sum", operation="Create", **SIM)
    assert seconds is not None and 0.1 < seconds < 10
    kind = {"provider_type": "simulated"}
    assert manager.value("virtrigaud_vm_reconfigure_total", outcome="success", **kind) == 1
    assert manager.value("virtrigaud_vm_image_prepare_total", outcome="success", **kind) == 1
    assert manager.value("virtrigaud_ip_discovery_duration_seconds_count", **kind) == 1
    assert manager.value("virtrigaud_provider_rpc_requests_total", method="Create", code="OK", **kind) == 1
    assert manager.value("virtrigaud_provider_rpc_latency_seconds_count", method="Create", **kind) == 1
    assert manager.value("virtrigaud_provider_tasks_inflight", **SIM) == 0
    assert manager.value("virtrigaud_circuit_breaker_state", **SIM) == 0 and manager.value("virtrigaud_circuit_breaker_failures_total", **SIM) == 0
    assert manager.value("virtrigaud_provider_healthy", **SIM) == 1 and manager.value("virtrigaud_leader") == 1
    assert manager.value("virtrigaud_vms", provider="default/sim", phase="Running") == 0
    for name in ("VirtualMachine", "VMImage", "Provider"):
        success = {"kind": name, "outcome": "success"}
        assert (manager.value("virtrigaud_manager_reconcile_total", **success) or 0) > start.get(("virtrigaud_manager_reconcile_total", tuple(sorted(success.items()))), 0)
        assert (manager.value("virtrigaud_manager_reconcile_duration_seconds_count", kind=name) or 0) > 0
        assert manager.value("virtrigaud_queue_depth", kind=name) == 0
    assert (manager.value("workqueue_adds_total", name="virtualmachine") or 0) > 3
    assert (manager.value("controller_runtime_reconcile_total", controller="virtualmachine", result="success") or 0) > 0
    info = next(dict(labels) for name, labels in start if name == "virtrigaud_build_info")
    assert info["component"] == "manager" and info["go_version"].startswith("swift")


def test_restarts_neither_lose_nor_double_what_was_counted(bed: tuple[Manager, Hypervisor]) -> None:
    manager, hypervisor = bed
    names = [f"vm{number}" for number in range(12)]
    manager.apply(*(machine(name) for name in names))
    for _ in range(4):
        time.sleep(0.15)
        manager.kill()
        manager.begin()
    for name in names:
        manager.until_ready("vm", name)
    assert hypervisor.machines() == sorted(names)
    assert outcomes(manager, "Create") == {"success": 12, "failure": 0, "error": 0}
    manager.kill()
    manager.begin()
    assert outcomes(manager, "Create") == {"success": 12, "failure": 0, "error": 0} and manager.sum("virtrigaud_vm_operations_duration_seconds_count", operation="Create") == 12
    manager.delete("vm", *names)
    assert hypervisor.machines() == []
    assert outcomes(manager, "Delete") == {"success": 12, "failure": 0, "error": 0}


def test_a_dead_provider_is_named_and_comes_back_alone(start: Start, tmp_path: Path) -> None:
    dead, alive = Hypervisor(start, tmp_path, "dead"), Hypervisor(start, tmp_path, "alive")
    manager = Manager(start, tmp_path)
    manager.apply(dead.object, alive.object, small(), debian(), machine("one", "dead"), machine("two", "alive"))
    for name in ("one", "two"):
        manager.until_ready("vm", name)
    dead.kill()
    # Ten times nobody, or twice at the look after its health.
    wait_for(lambda: manager.value("virtrigaud_circuit_breaker_state", provider_type="simulated", provider="default/dead") == 2, 20, "the breaker opens")
    provider = manager.until("provider", "dead", lambda it: it["status"].get("healthy") is False)
    assert condition(provider, "Healthy")["reason"] == "ConnectionFailed", provider
    assert manager.value("virtrigaud_provider_healthy", provider_type="simulated", provider="default/dead") == 0
    manager.apply(machine("three", "dead"), machine("four", "alive"))
    manager.delete("vm", "one", wait=False)
    manager.until_ready("vm", "four")
    three = manager.get("vm", "three")
    assert condition(three, "Ready")["status"] == "False", three
    assert manager.get("vm", "one")["metadata"]["deletionTimestamp"]
    assert outcomes(manager, "Create")["error"] in (None, 0)
    assert (manager.value("virtrigaud_provider_rpc_requests_total", provider_type="simulated", method="Validate", code="UNAVAILABLE") or 0) > 0
    dead.begin()
    manager.until_ready("vm", "three", 60)
    wait_for(lambda: dead.machines() == ["three"], 60, "the machine that was to go has gone")
    assert manager.value("virtrigaud_circuit_breaker_state", provider_type="simulated", provider="default/dead") == 0
    assert manager.value("virtrigaud_provider_healthy", provider_type="simulated", provider="default/dead") == 1


def test_a_full_pool_is_a_failure_with_its_words_and_heals(bed: tuple[Manager, Hypervisor]) -> None:
    manager, hypervisor = bed
    manager.apply(machine("first"))
    manager.until_ready("vm", "first")
    hypervisor.break_down(poolFull=True)
    manager.apply(machine("second"))
    second = manager.until("vm", "second", lambda it: condition(it, "Error").get("status") == "True")
    assert condition(second, "Ready")["reason"] == "ProviderError" and "pool" in condition(second, "Ready")["message"], second
    assert (outcomes(manager, "Create")["failure"] or 0) >= 1 and condition(manager.get("vm", "first"), "Ready")["status"] == "True"
    assert manager.value("virtrigaud_circuit_breaker_state", **SIM) == 0 and manager.value("virtrigaud_provider_healthy", **SIM) == 1
    assert (manager.value("virtrigaud_errors_total", reason="ResourceExhausted", component="manager") or 0) >= 1
    assert (manager.value("virtrigaud_provider_rpc_requests_total", provider_type="simulated", method="Create", code="RESOURCE_EXHAUSTED") or 0) >= 1
    assert manager.value("virtrigaud_vms_not_ready", provider="default/sim", reason="ProviderError") == 1 == manager.value("virtrigaud_vms", provider="default/sim", phase="Failed")
    hypervisor.break_down()
    manager.until_ready("vm", "second", 40)
    assert not condition(manager.get("vm", "second"), "Error") and hypervisor.machines() == ["first", "second"]
    assert manager.sum("virtrigaud_vms_not_ready") == 0 and manager.value("virtrigaud_vms", provider="default/sim", phase="Running") == 2


def test_machines_of_a_set_stay_when_their_set_goes_alone(bed: tuple[Manager, Hypervisor]) -> None:
    manager, hypervisor = bed
    web = thing("VMSet", "web", replicas=2, selector={"matchLabels": {"app": "web"}}, template={"metadata": {"labels": {"app": "web"}}, "spec": machine("x")["spec"]})
    manager.apply(web)
    manager.until("vmset", "web", lambda it: it["status"].get("readyReplicas") == 2)
    names = ["web-0", "web-1"]
    before = {name: manager.get("vm", name)["metadata"]["uid"] for name in names}
    assert "deleted" in manager.kubectl("delete", "vmset", "web", "--cascade=orphan", "--timeout=30s")
    assert manager.list("vmset") == []
    for name in names:
        left = manager.get("vm", name)["metadata"]
        assert left["uid"] == before[name] and not left.get("ownerReferences") and "deletionTimestamp" not in left, left
    # One of its name takes them up again, as they are; and takes them along when it goes as usual.
    manager.apply(web)
    manager.until("vmset", "web", lambda it: it["status"].get("readyReplicas") == 2)
    for name in names:
        taken = manager.get("vm", name)["metadata"]
        assert taken["uid"] == before[name] and [owner["name"] for owner in taken["ownerReferences"]] == ["web"], taken
    assert hypervisor.machines() == names and outcomes(manager, "Create")["success"] == 2
    manager.delete("vmset", "web")
    assert hypervisor.machines() == [] and manager.list("vm") == []


def test_what_is_wrong_with_an_object_is_said_at_once(bed: tuple[Manager, Hypervisor]) -> None:
    manager, _ = bed
    wrong = machine("web1")
    wrong["spec"]["disks"] = [{"name": "data", "sizeGiB": 0}]
    said = manager.kubectl("apply", "-f", "-", "--validate=false", given=yaml.safe_dump(wrong), status=1)
    assert "spec.disks[0].sizeGiB" in said, said
    manager.apply(thing("Provider", "far", type="libvirt", endpoint="qemu:///system"))
    far = manager.until("provider", "far", lambda it: condition(it, "Ready").get("status") == "False")
    assert "start a provider for it" in condition(far, "Ready")["message"]
    # A machine without what it needs waits for it, and begins when it is there.
    manager.apply({**machine("web2"), "spec": {**machine("web2")["spec"], "classRef": {"name": "large"}}})
    waiting = manager.until("vm", "web2", lambda it: condition(it, "Ready").get("reason") == "WaitingForDependencies")
    assert "VMClass default/large is not there" in condition(waiting, "Ready")["message"]
    manager.apply(thing("VMClass", "large", cpu=4, memory="8Gi"))
    manager.until_ready("vm", "web2", 20)


def test_a_second_manager_of_one_store_is_refused(bed: tuple[Manager, Hypervisor], start: Start) -> None:
    manager, _ = bed
    other = start(manager.program.process.args[0], "serve", "--manager.state-dir", manager.folder, "--web.listen-address", "127.0.0.1:0", "--api.listen-address", "127.0.0.1:0")
    assert other.process.wait(20) == 1 and "is in use by process" in other.output, other.output

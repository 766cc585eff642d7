"""Each family of `martlet-manager serve`, asserted by its value in a scrape over HTTP after the real event that feeds it; and none of the program's list is left out."""

from __future__ import annotations

import ast
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from conftest import REPOSITORY, Start, environment_without_settings, fetch, free_port, wait_for
from grpc_peers import Identity
from kubectls import MANAGER
from listeners import Authority
from manager import Hypervisor, Manager, condition, debian, machine, small, thing

SIM = {"provider_type": "simulated", "provider": "default/sim"}
KIND = {"provider_type": "simulated"}
HERE = Path(__file__).parent

# Where the files are whose comparisons count, and of families of every program of ours those that a manager without tricks never feeds.
FILES = ["test_manager.py", "test_manager_faults.py", "test_manager_families.py"]
ELSEWHERE = {
    "martlet_scrape_duplicate_samples_total": "Tests/ExportingTests/Scrape/ScrapeCoordinatorTests.swift",
    "martlet_scrape_part_problem_info": "Tests/EndToEnd/test_faults.py",
    "martlet_scrape_series_dropped_total": "Tests/EndToEnd/test_detail.py",
}
# Of the page's first part, which is about all programs of ours.
OWN = re.compile(r"martlet_(build|http|config|web|scrape)_|process_")


def counted(manager: Manager, operation: str, outcome: str) -> float | None:
    return manager.value("virtrigaud_vm_operations_total", operation=operation, outcome=outcome, **SIM)


class Bed:
    def __init__(self, start: Start, folder: Path, task_time: str = "100ms", **settings: str) -> None:
        self.hypervisor = Hypervisor(start, folder, "sim", task_time=task_time)
        self.manager = Manager(start, folder, **settings)
        self.manager.apply(self.hypervisor.object, small(), debian())

    def machine(self, name: str, **more: Any) -> dict[str, Any]:
        self.manager.apply(machine(name, **more))
        return self.manager.until_ready("vm", name)


def snapshot(name: str, of: str) -> dict[str, Any]:
    return thing("VMSnapshot", name, vmRef={"name": of}, retentionPolicy={"deleteOnVMDelete": False})


def clone(name: str, of: str, type: str) -> dict[str, Any]:
    return thing("VMClone", name, source={"vmRef": {"name": of}}, target={"name": name}, options={"type": type})


def test_snapshots_and_clones(start: Start, tmp_path: Path) -> None:
    bed = Bed(start, tmp_path)
    manager = bed.manager
    # A linked clone stands on disks that do not change.
    bed.machine("web1", powerState="Off")
    manager.apply(snapshot("first", "web1"))
    manager.until_ready("vmsnapshot", "first")
    assert manager.value("virtrigaud_vm_snapshot_total", action="create", outcome="success", **KIND) == 1
    manager.kubectl("patch", "vm", "web1", "--type=merge", "-p", '{"spec":{"snapshot":{"revertToRef":{"name":"first"}}}}')
    wait_for(lambda: manager.value("virtrigaud_vm_snapshot_total", action="revert", outcome="success", **KIND) == 1, 20, "it went back")
    manager.kubectl("patch", "vm", "web1", "--type=json", "-p", '[{"op":"remove","path":"/spec/snapshot"}]')
    manager.until_ready("vm", "web1")
    manager.delete("vmsnapshot", "first")
    assert manager.value("virtrigaud_vm_snapshot_total", action="delete", outcome="success", **KIND) == 1
    assert manager.sum("virtrigaud_vm_snapshot_total") == 3
    for name, type in (("whole", "FullClone"), ("linked", "LinkedClone")):
        manager.apply(clone(name, "web1", type))
        manager.until_ready("vmclone", name)
    for linked in ("true", "false"):
        assert manager.value("virtrigaud_vm_clone_total", linked=linked, outcome="success", **KIND) == 1
    assert manager.sum("virtrigaud_vm_clone_total") == 2 and counted(manager, "Clone", "success") == 2
    assert manager.operations("default/sim") == bed.hypervisor.operations()


@pytest.mark.e2e
def test_failures(start: Start, tmp_path: Path) -> None:
    bed = Bed(start, tmp_path)
    manager, hypervisor = bed.manager, bed.hypervisor
    bed.machine("off", powerState="Off")
    bed.machine("web1", resources={"cpu": 2})
    other = machine("web2")
    other["spec"]["imageRef"] = {"name": "other"}
    hypervisor.break_down(failsAt=0.4, failingKinds=["snapshot", "clone", "image"])
    manager.apply(
        snapshot("first", "web1"), clone("second", "off", "LinkedClone"), {**debian(), "metadata": {"name": "other", "namespace": "default"}}, other, machine("web1", resources={"cpu": 1}))
    manager.until("vmclone", "second", lambda it: it["status"].get("phase") == "Failed")
    wait_for(lambda: (manager.value("virtrigaud_vm_snapshot_total", action="create", outcome="failure", **KIND) or 0) >= 1, 20, "the snapshot fails")
    wait_for(lambda: (manager.value("virtrigaud_vm_image_prepare_total", outcome="failure", **KIND) or 0) >= 1, 20, "the image is not to be had")
    wait_for(lambda: (manager.value("virtrigaud_vm_reconfigure_total", outcome="failure", **KIND) or 0) >= 1, 20, "a machine that runs cannot get less")
    assert manager.value("virtrigaud_vms_not_ready", provider="default/sim", reason="ProviderError") == 1
    assert manager.value("virtrigaud_vms_not_ready", provider="default/sim", reason="WaitingForDependencies") == 1
    # It heals, but for a clone that is to be tried once, and for what cannot be.
    hypervisor.break_down()
    manager.until_ready("vmsnapshot", "first")
    manager.until_ready("vm", "web2", 60)
    assert manager.value("virtrigaud_vm_clone_total", linked="true", outcome="failure", **KIND) == 1
    told, done = manager.operations("default/sim"), hypervisor.operations()
    # A no is an end for who asked, and nothing to who never began.
    refused = told.pop(("Reconfigure", "failure"))
    assert told == done and {("SnapshotCreate", "failure"), ("Clone", "failure"), ("ImagePrepare", "failure")} < told.keys()
    assert manager.value("virtrigaud_provider_rpc_requests_total", method="Reconfigure", code="FAILED_PRECONDITION", **KIND) == refused
    assert manager.value("virtrigaud_errors_total", reason="FailedPrecondition", component="manager") == refused
    assert manager.value("virtrigaud_errors_total", reason="InternalError", component="manager") == sum(count for (_, outcome), count in done.items() if outcome == "failure")


def test_operations_under_way(start: Start, tmp_path: Path) -> None:
    bed = Bed(start, tmp_path, task_time="1200ms")
    manager = bed.manager
    # Of the image, and then of the machine.
    manager.apply(machine("web1"))
    wait_for(lambda: manager.value("virtrigaud_vms", provider="default/sim", phase="Provisioning") == 1, 20, "the machine is being made")
    wait_for(lambda: manager.value("virtrigaud_vms_not_ready", provider="default/sim", reason="TaskInProgress") == 1, 10, "the provider is at it")
    begun = next(it["spec"]["startedAt"] for it in manager.list("vmoperation") if it["spec"]["operation"] == "Create")
    samples = manager.samples()
    labels = tuple(sorted(SIM.items()))
    assert samples[("virtrigaud_provider_tasks_inflight", labels)] == 1
    assert abs(samples[("virtrigaud_provider_oldest_operation_timestamp_seconds", labels)] - datetime.fromisoformat(begun).timestamp()) < 0.001
    assert counted(manager, "Create", "success") == 0
    manager.until_ready("vm", "web1")
    assert manager.value("virtrigaud_provider_tasks_inflight", **SIM) == 0 and manager.value("virtrigaud_provider_oldest_operation_timestamp_seconds", **SIM) is None
    assert manager.value("virtrigaud_vms", provider="default/sim", phase="Running") == 1 and manager.sum("virtrigaud_vms") == 1
    assert manager.sum("virtrigaud_vms_not_ready") == 0

    def bucket(name: str, le: str, **labels: str) -> float | None:
        return manager.value(name + "_bucket", le=le, **labels)

    assert manager.value("virtrigaud_vm_operations_total", operation="Create", outcome="success", **SIM) == 1
    # In the buckets of what it took: more than a second, less than ten.
    assert bucket("virtrigaud_vm_operations_duration_seconds", "1.0", operation="Create", **SIM) == 0
    assert bucket("virtrigaud_vm_operations_duration_seconds", "10.0", operation="Create", **SIM) == 1
    assert manager.value("virtrigaud_vm_operations_duration_seconds_count", operation="Create", **SIM) == 1
    assert 1.2 <= (manager.value("virtrigaud_vm_operations_duration_seconds_sum", operation="Create", **SIM) or 0) < 10
    # A call is its answer, and not the work.
    assert bucket("virtrigaud_provider_rpc_latency_seconds", "1.0", method="Create", **KIND) == 1 == manager.value("virtrigaud_provider_rpc_latency_seconds_count", method="Create", **KIND)
    wait_for(lambda: manager.value("virtrigaud_ip_discovery_duration_seconds_count", **KIND) == 1, 10, "an address")
    assert 0 <= (manager.value("virtrigaud_ip_discovery_duration_seconds_sum", **KIND) or 0) < 5
    # All machines are listed by a manager that begins.
    manager.kill()
    manager.begin()
    wait_for(lambda: manager.value("virtrigaud_hypervisor_vms", **SIM) == 1, 10, "machines are listed")


def test_queues_and_reconciles(start: Start, tmp_path: Path) -> None:
    bed = Bed(start, tmp_path, MARTLET_MANAGER__WORKERS="1")
    manager = bed.manager
    queue, kind = {"name": "virtualmachine"}, {"kind": "VirtualMachine"}
    control = {"controller": "virtualmachine"}
    for name in ("web1", "web2", "web3"):
        bed.machine(name)
    wait_for(lambda: manager.value("workqueue_depth", **queue) == 0 == manager.value("virtrigaud_queue_depth", **kind), 10, "all is done")
    assert manager.value("controller_runtime_max_concurrent_reconciles", **control) == 1
    done = manager.sum("controller_runtime_reconcile_total", **control)
    assert done == manager.sum("virtrigaud_manager_reconcile_total", **kind) == manager.value("controller_runtime_reconcile_time_seconds_count", **control)
    assert done == manager.value("virtrigaud_manager_reconcile_duration_seconds_count", **kind) == manager.value("workqueue_work_duration_seconds_count", **queue)
    before = manager.samples()

    def more(name: str, /, **labels: str) -> float:
        """Since then."""
        key = (name, tuple(sorted(labels.items())))
        return manager.samples()[key] - before.get(key, 0)

    # The one worker waits for an answer, and the others wait for it.
    bed.hypervisor.break_down(hangs=True)
    for name in ("web1", "web2", "web3"):
        manager.kubectl("patch", "vm", name, "--type=merge", "-p", '{"spec":{"resources":{"cpu":2}}}')
    wait_for(lambda: (manager.value("workqueue_longest_running_processor_seconds", **queue) or 0) > 0.5, 10, "it takes long")
    assert manager.value("controller_runtime_active_workers", **control) == 1
    assert (manager.value("workqueue_unfinished_work_seconds", **queue) or 0) > 0.5
    assert (manager.value("workqueue_depth", **queue) or 0) >= 2 and (manager.value("virtrigaud_queue_depth", **kind) or 0) >= 2
    bed.hypervisor.break_down()
    for name in ("web1", "web2", "web3"):
        manager.until("vm", name, lambda it: it["status"]["currentResources"]["cpu"] == 2 and condition(it, "Ready")["status"] == "True")
    assert more("workqueue_adds_total", **queue) >= 3 and more("workqueue_retries_total", **queue) >= 3
    # Those that waited and the one that they waited for took more than half a second.
    assert more("workqueue_queue_duration_seconds_sum", **queue) > 0.5 and more("workqueue_queue_duration_seconds_count", **queue) >= 3
    assert more("workqueue_work_duration_seconds_sum", **queue) > 0.5 and more("workqueue_work_duration_seconds_count", **queue) >= 3
    assert more("controller_runtime_reconcile_time_seconds_sum", **control) > 0.5 and more("controller_runtime_reconcile_time_seconds_count", **control) >= 3
    assert more("virtrigaud_manager_reconcile_duration_seconds_sum", **kind) > 0.5
    assert more("controller_runtime_reconcile_total", result="requeue_after", **control) >= 3
    assert more("virtrigaud_manager_reconcile_total", outcome="success", **kind) >= 3 and more("virtrigaud_manager_reconcile_total", outcome="requeue", **kind) >= 1
    # What nobody but a person can mend is an error that is not tried again.
    control, kind = {"controller": "provider"}, {"kind": "Provider"}
    assert manager.value("controller_runtime_terminal_reconcile_errors_total", **control) == 0
    manager.apply(thing("Provider", "next", type="simulated", endpoint=f"unix:///{'a' * 120}"))
    wait_for(lambda: manager.value("controller_runtime_terminal_reconcile_errors_total", **control) == 1, 10, "it is refused")
    assert more("controller_runtime_reconcile_errors_total", **control) == more("controller_runtime_reconcile_total", result="error", **control) == 1
    assert more("virtrigaud_manager_reconcile_total", outcome="error", **kind) == 1
    assert manager.value("virtrigaud_vms_not_ready", provider="default/next", reason="ValidationError") == 0


@pytest.mark.e2e
def test_a_reconcile_that_takes_too_long_is_cancelled(start: Start, tmp_path: Path) -> None:
    hypervisor = Hypervisor(start, tmp_path, "sim")
    manager = Manager(start, tmp_path)
    patient = hypervisor.object
    patient["spec"]["healthCheck"] = {"interval": "1s", "timeout": "300s"}
    hypervisor.break_down(hangs=True)
    manager.apply(patient)
    control = {"controller": "provider"}
    wait_for(lambda: manager.value("controller_runtime_reconcile_timeouts_total", **control) == 1, 150, "two minutes are too long")
    assert manager.value("controller_runtime_reconcile_errors_total", **control) == 1
    assert manager.value("controller_runtime_reconcile_time_seconds_bucket", le="60.0", **control) == 0
    hypervisor.break_down()
    manager.until_ready("provider", "sim")


@pytest.mark.e2e
def test_a_task_that_its_provider_has_forgotten_is_an_error(start: Start, tmp_path: Path) -> None:
    bed = Bed(start, tmp_path, task_time="3s")
    manager, hypervisor = bed.manager, bed.hypervisor
    manager.apply(machine("web1"))
    manager.until("vm", "web1", lambda it: condition(it, "Ready").get("reason") == "TaskInProgress")
    hypervisor.kill()
    for file in hypervisor.folder.glob("tasks.db*"):
        file.unlink()
    hypervisor.begin()
    wait_for(lambda: counted(manager, "Create", "error") == 1, 60, "nobody will know")
    assert manager.value("virtrigaud_errors_total", reason="NotFound", component="manager") == 1
    manager.until_ready("vm", "web1", 90)
    assert hypervisor.machines() == ["web1"] and counted(manager, "Create", "success") == 1


def test_the_store(start: Start, tmp_path: Path) -> None:
    """Without providers nobody writes but people."""
    manager = Manager(start, tmp_path)
    before = manager.value("martlet_object_store_writes_total") or 0
    manager.apply(small(), thing("VMClass", "large", cpu=4, memory="8Gi"))
    assert manager.value("martlet_object_store_writes_total") == before + 2
    manager.kubectl("patch", "vmclass", "small", "--type=merge", "-p", '{"spec":{"cpu":2}}')
    assert manager.value("martlet_object_store_writes_total") == before + 3
    # What changes nothing, and what is refused, is none.
    manager.kubectl("patch", "vmclass", "small", "--type=merge", "-p", '{"spec":{"cpu":2}}')
    manager.kubectl("patch", "vmclass", "small", "--type=merge", "-p", '{"spec":{"cpu":0}}', status=1)
    manager.delete("vmclass", "small")
    assert manager.value("martlet_object_store_writes_total") == before + 4
    assert manager.sum("martlet_object_store_errors_total") == 0 and manager.value("virtrigaud_leader") == 1
    info = next(dict(labels) for name, labels in manager.samples() if name == "virtrigaud_build_info")
    assert info["component"] == "manager" and info["go_version"].startswith("swift") and re.match(r"\d+\.\d+", info["version"])
    assert manager.value("virtrigaud_build_info", **info) == 1


def test_a_store_that_does_not_answer(start: Start, tmp_path: Path) -> None:
    nowhere = {
        "apiVersion": "v1", "kind": "Config", "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{free_port()}"}}], "users": [{"name": "u", "user": {}}]}
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(nowhere))
    url = f"http://127.0.0.1:{free_port()}"
    program = start(
        MANAGER, "serve", "--manager.state-dir", tmp_path / "state", "--kubeconfig", tmp_path / "kubeconfig", "--web.listen-address", url.removeprefix("http://"), env=environment_without_settings())
    program.wait_until(url + "/health")

    def value(line: str) -> float | None:
        found = re.search(rf"^{re.escape(line)} (\S+)$", fetch(url + "/metrics").text, re.MULTILINE)
        return float(found[1]) if found else None

    wait_for(lambda: (value('martlet_object_store_errors_total{reason="ServiceUnavailable"}') or 0) > 0, 20, "nobody answers")
    assert value("virtrigaud_leader") == 0 and value("martlet_object_store_writes_total") == 0


def test_a_folder_of_manifests(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    good = yaml.safe_dump(small())
    (folder / "1.yaml").write_text(good)
    before = time.time()
    manager = Manager(start, tmp_path, "--manager.manifests", str(folder))
    wait_for(lambda: manager.value("martlet_manifests_problems") == 0, 20, "it is applied")
    first = manager.value("martlet_manifests_last_pass_timestamp_seconds") or 0
    assert before - 1 <= first <= time.time() + 1
    # A file that cannot be read, and an object that is refused.
    (folder / "2.yaml").write_text("a: [")
    (folder / "3.yaml").write_text(yaml.safe_dump(thing("VMClass", "none", cpu=0, memory="1Gi")))
    wait_for(lambda: manager.value("martlet_manifests_problems") == 2, 20, "both are told of")
    assert (manager.value("martlet_manifests_last_pass_timestamp_seconds") or 0) > first
    for name in ("2.yaml", "3.yaml"):
        (folder / name).unlink()
    wait_for(lambda: manager.value("martlet_manifests_problems") == 0, 20, "they have gone")
    assert [found["spec"]["cpu"] for found in manager.list("vmclass")] == [1]


def test_without_a_folder_of_manifests_nothing_is_told_of_one(start: Start, tmp_path: Path) -> None:
    assert [name for name, _ in Manager(start, tmp_path).samples() if name.startswith("martlet_manifests_")] == []


def test_a_count_that_cannot_be_ends_nothing(start: Start, tmp_path: Path) -> None:
    """It was taken by older versions, and then each start ended at its first scrape."""
    manager = Manager(start, tmp_path)
    manager.apply(thing("Provider", "lab", type="simulated", endpoint=f"unix://{tmp_path}/none.sock"))
    token = (manager.folder / "api/token").read_text().strip()
    url = f"https://{manager.api}/apis/infra.virtrigaud.io/v1beta1/namespaces/default/providers/lab/status"
    most = 2**63 - 1
    totals = {"operation": "Create", "outcome": "success", "count": 1, "durationSecondsSum": 1, "durationBuckets": [most, most, 1]}

    def patch() -> int:
        answer = requests.patch(
            url, json={"status": {"operationTotals": [totals]}}, verify=str(manager.folder / "api/ca.crt"), timeout=30,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/merge-patch+json"})
        return int(answer.status_code)

    assert patch() == 422
    totals["durationBuckets"] = [2**53, 2**53, 1]
    assert patch() == 200
    manager.kill()
    manager.begin()
    lab = {"provider_type": "simulated", "provider": "default/lab"}
    assert manager.value("virtrigaud_vm_operations_total", operation="Create", outcome="success", **lab) == 2**53


def test_a_state_directory_of_somebody_else_is_not_taken(start: Start, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    state.chmod(0o770)
    words = [MANAGER, "serve", "--manager.state-dir", str(state), "--web.listen-address", f"127.0.0.1:{free_port()}", "--api.listen-address", f"127.0.0.1:{free_port()}"]

    def refused() -> str:
        done = subprocess.run(words, capture_output=True, text=True, timeout=30, check=False, env=environment_without_settings())
        assert done.returncode != 0
        return done.stdout + done.stderr

    assert "can be written to by others (mode 770)" in refused()
    state.chmod(0o700)
    (state / "api").mkdir(mode=0o700)
    (state / "api").chmod(0o707)
    assert f"{state}/api can be written to by others (mode 707)" in refused()
    assert not list((state / "api").iterdir())


# What every program of ours tells of itself.


def test_the_process_and_its_http_port(start: Start, tmp_path: Path) -> None:
    before = time.time()
    manager = Manager(start, tmp_path)
    proc = Path(f"/proc/{manager.program.process.pid}")
    status = dict(line.split(":\t", 1) for line in (proc / "status").read_text().splitlines() if ":\t" in line)
    assert abs((manager.value("process_start_time_seconds") or 0) - before) < 5
    assert manager.value("process_max_fds") == float(re.search(r"Max open files +(\d+)", (proc / "limits").read_text())[1])  # type: ignore[index]
    assert abs((manager.value("process_threads") or 0) - int(status["Threads"])) <= 5
    resident, virtual = manager.value("process_resident_memory_bytes") or 0, manager.value("process_virtual_memory_bytes") or 0
    assert 5e6 < (manager.value("process_resident_memory_bytes") or 0) < (manager.value("process_virtual_memory_bytes") or 0)
    assert abs(virtual - int(status["VmSize"].split()[0]) * 1024) < 0.5 * virtual and resident < 2 * int(status["VmHWM"].split()[0]) * 1024
    spent = manager.value("process_cpu_seconds_total") or 0

    def requests_by(code: str) -> float:
        return manager.value("martlet_http_requests_total", code=code) or 0

    # Answers to all that was asked, to nothing that there is, and to one who comes by a foreign name.
    asked = requests_by("200")
    assert fetch(manager.url + "/nothing").status == 404 and fetch(manager.url + "/metrics", headers={"Host": "evil.example"}).status >= 400
    assert requests_by("404") == 1 and manager.sum("martlet_http_requests_denied_total") == 1
    assert manager.value("martlet_http_requests_total", code="200") == asked + 3
    assert manager.value("martlet_http_requests_in_flight") == 1
    accepted, files, open_now = (manager.value(name) or 0 for name in ("martlet_http_connections_accepted_total", "process_open_fds", "martlet_http_connections"))
    with ExitStack() as held:
        for _ in range(20):
            held.enter_context(socket.create_connection(("127.0.0.1", int(manager.url.rpartition(":")[2]))))
        wait_for(lambda: (manager.value("martlet_http_connections_accepted_total") or 0) >= accepted + 20, 5, "they are in")
        assert (manager.value("martlet_http_connections") or 0) >= open_now + 18 and (manager.value("process_open_fds") or 0) >= files + 18
    wait_for(lambda: (manager.value("martlet_http_connections") or 0) <= open_now + 2, 10, "they have gone")
    for _ in range(30):
        manager.samples()
    assert (manager.value("process_cpu_seconds_total") or 0) > spent

    assert manager.value("martlet_config_last_reload_successful") == 1
    assert abs((manager.value("martlet_config_last_reload_success_timestamp_seconds") or 0) - before) < 10
    info = next(dict(labels) for name, labels in manager.samples() if name == "martlet_build_info")
    assert manager.value("martlet_build_info", **info) == 1 and info["version"]
    samples = manager.samples()
    collectors = {dict(labels)["collector"] for name, labels in samples if name == "martlet_scrape_collector_success"}
    assert {"manager", "object_store"} < collectors
    for collector in collectors:
        assert manager.value("martlet_scrape_collector_success", collector=collector) == 1
        assert 0 <= (manager.value("martlet_scrape_collector_duration_seconds", collector=collector) or 0) < 5
    of_store = sum(1 for name, _ in samples if name.startswith("martlet_object_store_"))
    assert manager.value("martlet_scrape_collector_samples", collector="object_store") == of_store > 5
    assert manager.value("martlet_scrape_part_success", collector="manager", part="manager") == 1
    assert (manager.value("martlet_scrape_series_limit") or 0) > len(samples)


@pytest.mark.e2e
def test_connections_and_requests_that_are_too_many(start: Start, tmp_path: Path) -> None:
    manager = Manager(start, tmp_path)
    port = int(manager.url.rpartition(":")[2])
    assert manager.value("martlet_http_requests_refused_total") == 0 == manager.value("martlet_http_connections_refused_total")
    # Who says nothing is ended.
    with socket.create_connection(("127.0.0.1", port)):
        wait_for(lambda: manager.value("martlet_http_connections_ended_total", reason="slow_headers") == 1, 20, "ten seconds are enough")
    # All at once, when it goes on.
    with ExitStack() as held:
        asking = [held.enter_context(socket.create_connection(("127.0.0.1", port), 20)) for _ in range(200)]
        time.sleep(1)
        manager.program.process.send_signal(signal.SIGSTOP)
        for connection in asking:
            connection.sendall(f"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        manager.program.process.send_signal(signal.SIGCONT)
        codes = [connection.recv(12).decode()[-3:] for connection in asking]
    refused = codes.count("503")
    assert refused > 0 and "200" in codes, codes
    assert manager.value("martlet_http_requests_refused_total") == refused
    with ExitStack() as held:
        # More than there are places for.
        manager.program.process.send_signal(signal.SIGSTOP)
        for _ in range(1500):
            connection = socket.socket()
            connection.setblocking(False)
            held.enter_context(connection)
            connection.connect_ex(("127.0.0.1", port))
        manager.program.process.send_signal(signal.SIGCONT)
        time.sleep(2)
    wait_for(lambda: (manager.value("martlet_http_connections_refused_total") or 0) + manager.sum("martlet_http_connections_ended_total", reason="crowded") > 0, 20, "there was no place")


@pytest.mark.e2e
def test_doors_with_a_certificate(start: Start, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ours")
    identity = Identity.of(authority.issue("server"), authority.pem)
    doors = tmp_path / "doors.yml"
    doors.write_text(yaml.safe_dump({"tls_server_config": {"cert_file": str(identity.certificate), "key_file": str(identity.key)}}))
    address = f"127.0.0.1:{free_port()}"
    program = start(
        MANAGER, "serve", "--manager.state-dir", tmp_path / "state", "--web.listen-address", address, "--api.listen-address", f"127.0.0.1:{free_port()}", "--web.config.file", doors)

    def value(name: str) -> float | None:
        assert program.is_running, program.output
        try:
            text = requests.get(f"https://{address}/metrics", verify=str(authority.pem), timeout=10).text
        except requests.ConnectionError:
            return None
        found = re.search(rf"^{name} (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else None

    wait_for(lambda: value("martlet_web_config_up_to_date") == 1, 20, "it is in use")
    ends = subprocess.run(["openssl", "x509", "-noout", "-enddate", "-dateopt", "iso_8601", "-in", identity.certificate], capture_output=True, text=True, check=True).stdout
    end = datetime.strptime(ends.strip().partition("=")[2], "%Y-%m-%d %H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    assert value("martlet_web_certificate_not_after_timestamp_seconds") == end
    doors.write_text("tls_server_config: [")
    wait_for(lambda: value("martlet_web_config_up_to_date") == 0, 20, "it cannot be read any more")


# What is left out.


def compared(tree: ast.AST) -> Iterator[str]:
    """Names that stand in a call which is held against something: not in one that only looks whether there is anything."""
    looks = (ast.Eq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(isinstance(operator, looks) for operator in node.ops):
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value.partition("{")[0]


def fed(files: list[str], read: Callable[[Path], str] = Path.read_text) -> set[str]:
    found = {name for file in files for name in compared(ast.parse(read(HERE / file)))}
    return found | {re.sub(r"_(bucket|sum|count)$", "", name) for name in found}


def listed() -> dict[str, str]:
    """Families that a manager may serve, with their types, as its page has them; that the page is the program's is test_grpc_provider's."""
    first, manager = (REPOSITORY / "docs/manager-metrics.md").read_text().split("# Metrics of the manager\n")
    rows = re.compile(r"^\| `(\w+)` \| (\w+) \|", re.MULTILINE)
    found = dict(rows.findall(manager)) | {name: type for name, type in rows.findall(first) if OWN.match(name)}
    assert len(found) > 60
    return found


def test_no_family_is_left_out(start: Start, tmp_path: Path) -> None:
    families, told = listed(), fed(FILES)
    assert sorted(families.keys() - told - ELSEWHERE.keys()) == []
    assert sorted(ELSEWHERE.keys() - families.keys()) == [] == sorted(ELSEWHERE.keys() & told)
    for name, file in ELSEWHERE.items():
        assert name in (REPOSITORY / file).read_text(), name
    # It serves what is listed, and nothing else; what has no value yet is not there.
    manager = Manager(start, tmp_path)
    text = fetch(manager.url + "/metrics").text
    shown = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    assert sorted(shown.keys() - families.keys()) == []
    assert {name: type for name, type in shown.items() if families[name] not in (type, "info")} == {}
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@pytest.mark.parametrize(("text", "names"), [
    ('assert manager.value("a_total", x="1") == 2', {"a_total", "1"}), ('wait_for(lambda: (it.sum("a_total") or 0) > 0, 1, "b")', {"a_total"}),
    ('assert manager.value("a_total") is not None', set()), ('assert manager.value("a_total")', set()), ('NAMES = ["a_total"]', set())])
def test_only_what_is_compared_counts(text: str, names: set[str]) -> None:
    assert set(compared(ast.parse(text))) == names

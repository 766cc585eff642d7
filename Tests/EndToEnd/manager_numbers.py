"""Managers of machines and their providers as they would show themselves, in text: some that are well, and some with each kind of trouble."""

from __future__ import annotations

from typing import Any

from expositions import Exposition, Labels

MANAGER_BOARDS = {"vm-manager.json"}
MANAGER_UIDS = {"martlet-vm-manager"}

DAY = 86_400
PHASES = ("Pending", "Provisioning", "Running", "Stopped", "Reconfiguring", "Deleting", "Failed")
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 1800)


class ManagerExposition(Exposition):
    def times(self, name: str, labels: Labels, rate: float, of: float) -> None:
        """A histogram in which everything takes that long."""
        for bound in (*SECONDS, None):
            self.grow(f"{name}_bucket", {**labels, "le": "+Inf" if bound is None else str(bound)}, rate if bound is None or of <= bound else 0)
        self.grow(f"{name}_count", labels, rate)
        self.grow(f"{name}_sum", labels, rate * of)

    def process(self, size: float) -> None:
        self.grow("process_cpu_seconds_total", {}, 0.04)
        self.add("process_resident_memory_bytes", {}, size)

    def provider(self, kind: str, name: str, *, phases: tuple[int, ...], healthy: int = 1, breaker: int = 0, failures: float = 0, seconds: float = 40, oldest: float | None = None, gone: int = 0) -> None:
        of = {"provider_type": kind, "provider": name}
        self.add("virtrigaud_provider_healthy", of, healthy)
        self.add("virtrigaud_circuit_breaker_state", of, breaker)
        self.grow("virtrigaud_circuit_breaker_failures_total", of, 0.1 * breaker)
        self.add("virtrigaud_provider_tasks_inflight", of, 0 if oldest is None else 3)
        if oldest is not None:
            self.add("virtrigaud_provider_oldest_operation_timestamp_seconds", of, self.now - oldest)
        for phase, number in zip(PHASES, phases):
            # Those that are gone have failed too.
            self.add("virtrigaud_vms", {"provider": name, "phase": phase}, number + (gone if phase == "Failed" else 0))
        for reason, number in (("MachineGone", gone), ("TaskInProgress", phases[1]), ("ProviderError", phases[6]), ("WaitingForDependencies", phases[0])):
            self.add("virtrigaud_vms_not_ready", {"provider": name, "reason": reason}, number)
        for operation, rate in (("Create", 0.05), ("Power", 0.1), ("Reconfigure", 0.02), ("Delete", 0.03)):
            wrong = failures if operation == "Create" else 0
            for outcome, share in (("success", 1 - wrong), ("failure", wrong * 0.8), ("error", wrong * 0.2)):
                self.grow("virtrigaud_vm_operations_total", of | {"operation": operation, "outcome": outcome}, rate * share)
            self.times("virtrigaud_vm_operations_duration_seconds", of | {"operation": operation}, rate, seconds if operation == "Create" else 2)

    def controllers(self, waiting: int = 3, errors: float = 0.01, longest: float = 0.2) -> None:
        for kind, rate in (("VirtualMachine", 4), ("Provider", 0.5), ("VMClone", 0.1)):
            for outcome, share in (("success", 0.9), ("requeue", 0.1)):
                self.grow("virtrigaud_manager_reconcile_total", {"kind": kind, "outcome": outcome}, rate * share)
            self.grow("virtrigaud_manager_reconcile_total", {"kind": kind, "outcome": "error"}, errors if kind == "VirtualMachine" else 0)
            self.times("virtrigaud_manager_reconcile_duration_seconds", {"kind": kind}, rate, 0.02)
            self.add("virtrigaud_queue_depth", {"kind": kind}, waiting if kind == "VirtualMachine" else 0)
            self.add("workqueue_longest_running_processor_seconds", {"name": kind.lower()}, longest if kind == "VMClone" else 0.01)

    def calls(self, kind: str, slow: float = 0.05) -> None:
        for method, rate, of in (("Describe", 3, 0.02), ("ListVMs", 0.1, 0.3), ("TaskStatus", 0.8, 0.004), ("Create", 0.05, slow)):
            of_method = {"provider_type": kind, "method": method}
            self.grow("virtrigaud_provider_rpc_requests_total", of_method | {"code": "OK"}, rate)
            self.grow("virtrigaud_provider_rpc_requests_total", of_method | {"code": "UNAVAILABLE"}, rate / 20)
            self.times("virtrigaud_provider_rpc_latency_seconds", of_method, rate, of)
        self.times("virtrigaud_ip_discovery_duration_seconds", {"provider_type": kind}, 0.05, 22)

    def store(self, kept: float, lost: float) -> None:
        self.grow("martlet_object_store_writes_total", {}, kept)
        self.grow("martlet_object_store_errors_total", {"reason": "full"}, lost)


def lab(out: ManagerExposition) -> None:
    """Leads, with trouble of every kind of providers, machines and controllers."""
    out.add("virtrigaud_leader", {}, 1)
    out.add("martlet_web_certificate_not_after_timestamp_seconds", {}, out.now + 80 * DAY)
    out.process(64e6)
    out.store(2, 0)
    out.add("martlet_manifests_problems", {}, 2)
    out.controllers(waiting=140, errors=3, longest=900)
    out.provider("libvirt", "default/kvm1", phases=(1, 2, 41, 6, 1, 0, 0), oldest=25)
    out.provider("libvirt", "default/kvm2", phases=(0, 1, 18, 2, 0, 0, 2), failures=0.4, seconds=900, oldest=5000)
    out.provider("vsphere", "office/vc1", phases=(0, 0, 77, 12, 0, 1, 0), healthy=0, breaker=2, gone=2, oldest=70)
    out.calls("libvirt")
    out.calls("vsphere", slow=25)
    out.grow("virtrigaud_errors_total", {"reason": "ConnectionFailed", "component": "manager"}, 0.1)
    out.grow("virtrigaud_errors_total", {"reason": "NotFound", "component": "manager"}, 0.02)


def waits(out: ManagerExposition) -> None:
    """One of those that share a store and do not lead; it tells of the store's objects what the leader tells."""
    out.add("virtrigaud_leader", {}, 0)
    out.process(41e6)


def full(out: ManagerExposition) -> None:
    """Leads, and cannot keep what it does."""
    out.add("virtrigaud_leader", {}, 1)
    out.process(40e6)
    out.store(0, 1)


def twin(out: ManagerExposition) -> None:
    out.add("virtrigaud_leader", {}, 1)
    out.process(39e6)


def provider(out: ManagerExposition) -> None:
    """Counts its own calls and operations by the same names, and its certificate ends soon."""
    of = {"provider_type": "libvirt", "provider": "libvirt"}
    out.process(30e6)
    out.add("martlet_grpc_certificate_not_after_timestamp_seconds", {}, out.now + 5 * DAY)
    out.add("virtrigaud_provider_tasks_inflight", of, 3)
    out.grow("virtrigaud_vm_operations_total", of | {"operation": "Create", "outcome": "failure"}, 5)
    out.times("virtrigaud_provider_rpc_latency_seconds", {"provider_type": "libvirt", "method": "Delete"}, 5, 40)


# Of each job: who is a target, as the path of who it is, with cluster and host. Nobody answers for the last of each.
TARGETS: dict[str, list[tuple[str, str, str]]] = {
    "virtrigaud-manager": [
        ("lab", "lab", "mgr1"), ("waits", "lab", "mgr2"), ("full", "west", "mgr3"), ("waits", "south", "mgr4"), ("twin", "east", "mgr5"), ("twin", "east", "mgr6"), ("gone", "north", "mgr7")],
    "virtrigaud-provider": [("provider", "lab", "kvm1"), ("gone", "lab", "kvm2")],
}
SHOWN = {"lab": lab, "waits": waits, "full": full, "twin": twin, "provider": provider}


def exposition(who: str, now: float, began: float) -> str:
    out = ManagerExposition(now, began)
    SHOWN[who](out)
    return out.text


def targets(job: str, address: str) -> list[dict[str, Any]]:
    """What a file of targets says of a job."""
    return [
        {"targets": [address], "labels": {"__metrics_path__": f"/{who}", "instance": f"{node}.example.org:8080", "cluster": cluster, "node": node}}
        for who, cluster, node in TARGETS[job]]


def page(who: str, now: float, began: float) -> str:
    """Each of them answers by its path; whoever is gone does not."""
    return exposition(who, now, began) if who in SHOWN else ""

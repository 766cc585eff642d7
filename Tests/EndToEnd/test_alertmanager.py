"""Who is told about which alert: the shipped configuration, judged by amtool and by a running Alertmanager.

Needs Alertmanager and amtool (Debian: prometheus-alertmanager), aiosmtpd and PyYAML.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from alerting import NOBODY, SHIPPED, Alertmanager, Labels, Mailbox, Webhook, alert, held_back, key, quick
from conftest import REPOSITORY, Start, wait_for

FILE = SHIPPED / "alertmanager.yml"
RULES = sorted((REPOSITORY / "prometheus/rules").glob("*.yml"))
RULE_TESTS = sorted((REPOSITORY / "prometheus/rules/tests").glob("*_test.yml"))

# Held back by a HostDown of the same cluster and node. A new alert has to be put either here or into FREE.
HELD = """
    HostExporterDown HostCpuStealHigh HostCpuPressureHigh HostCpuSaturation HostLoadHigh HostMemoryHigh HostMemoryCritical
    HostMemoryOvercommitted HostMemorySwapThrashing HostOomKill HostDiskSpaceLow HostDiskSpaceCritical HostInodesLow HostDiskWillFillIn24h
    HostNetworkPacketDropsHigh HostNetworkErrors HostNetworkBondDegraded HostTemperatureHigh HostClockSkew HostRebooted HostDiskSmartFailing
    HostDiskWearoutHigh HostPveServiceDown HostStatisticsStale
    MemorySwapActive DiskLatencyHigh NetworkPacketDrops
    GuestDown GuestExporterDown GuestCpuSaturation GuestCpuStealHigh GuestCpuPressureHigh GuestMemoryHigh GuestMemoryPagingHigh GuestDiskSpaceLow
    GuestDiskSpaceCritical GuestServiceDown GuestRebooted GuestCpuOverprovisioned
    GuestBackupMissing GuestBackupStale GuestBackupCritical GuestBackupFailed GuestSnapshotOld GuestReplicationFailed GuestReplicationStale
    StorageSpaceLow StorageSpaceCritical StorageWillFillIn4d StorageInactive
    ZfsPoolDegraded ZfsPoolFaulted ZfsPoolSpaceHigh ZfsPoolSpaceCritical ZfsPoolFragmentationHigh ZfsPoolErrors ZfsScrubOverdue ZfsArcHitRatioLow
    GpuUtilizationHigh GpuMemoryHigh GpuTemperatureHigh GpuTemperatureCritical GpuThermalThrottling GpuPowerBrake GpuLost GpuResetRequired GpuRecoveryActionNeeded
    GpuXidError GpuEccUncorrectable GpuRepairPending GpuRepairFailed GpuMissing GpuDriverMismatch GpuDriverFailing GpuCollectorStuck GpuDataStale
    VgpuUnlicensed VgpuFramebufferFull
    ContainerOomKilled ContainerRestarting ContainerUnhealthy ContainerMemoryNearLimit ContainerCpuThrottled ContainerEngineUnreachable
    ContainerSeriesDropped
    LibvirtDown LibvirtThreadsExhausted LibvirtStatisticsStale LibvirtMemoryOvercommitted LibvirtGuestHung LibvirtGuestCrashed LibvirtGuestPausedIoError
    LibvirtGuestCpuDelayed LibvirtBlockJobStuck LibvirtBackingChainDeep LibvirtSnapshotOld LibvirtPoolSpaceLow LibvirtPoolSpaceCritical
    LibvirtPoolWillFillIn4d LibvirtPoolInactive
    LlmServerDown LlmServerMissing LlmServerNotReady LlmMetricsDisabled LlmDataStale LlmSeriesDropped LlmProbeFailing LlmQueueBacklog LlmRequestsRejected
    LlmTimeToFirstTokenHigh LlmInterTokenLatencyHigh LlmKvCacheSaturation LlmPreemptionsHigh LlmErrorRateHigh LlmGenerationStalled LlmThroughputDropped LlmModelSpilled
    LogsNotStored LogsLagging LogsLinesDropped LogsSourceDown LogsStateNotWritten
    VirtrigaudManagerDown VirtrigaudNoLeader VirtrigaudTwoLeaders VirtrigaudStoreNotWritable VirtrigaudQueueBacklog VirtrigaudReconcileErrors
    VirtrigaudControllerStuck VirtrigaudMachinesGone VirtrigaudMachinesFailed VirtrigaudMachinesNotReady VirtrigaudManifestsWrong VirtrigaudProviderDown VirtrigaudProviderUnhealthy VirtrigaudCircuitBreakerOpen
    VirtrigaudHighErrorRate VirtrigaudSlowVMCreation VirtrigaudRpcLatencyHigh VirtrigaudOperationStuck VirtrigaudCertificateExpiring
    ClusterCertificateExpiring ClusterCertificateExpired ClusterSubscriptionExpiring ClusterHaManagerStale
    TargetMissing ExporterScrapeSlow ExporterCollectorFailed ExporterDataStale ExporterSeriesDropped ExporterCardinalityHigh
""".split()

# Not held back, even if one of them should name the host: what the cluster makes of the loss, what is about no host, and HostDown itself.
FREE = """
    HostDown
    ClusterUnreachable ClusterQuorumLost ClusterQdeviceDown ClusterHaResourceFailed ClusterHaNodeFenced ClusterVersionMismatch ClusterCephUnhealthy ClusterCephFailed
    ClusterWithoutSpareNode ClusterPrivilegeMissing BackupJobFailed
    Watchdog MartletDown DiscoveryFailing DiscoveryNotFresh DiscoveryTargetsDropped PrometheusConfigReloadFailed MartletConfigReloadFailed
    AlertmanagerConfigReloadFailed PrometheusRuleFailures PrometheusNotificationsFailing AlertmanagerNotificationsFailing
    SomebodysOwnAlert
""".split()

GUEST = {"node": "pve1", "vm_id": "101"}

# Warning, critical, the label `condition` that they share, and the labels that say which thing it is.
TWINS: list[tuple[str, str, str, Labels]] = [
    ("HostMemoryHigh", "HostMemoryCritical", "host-memory", {"node": "pve1"}),
    ("HostDiskSpaceLow", "HostDiskSpaceCritical", "host-disk-space", {"node": "pve1", "mountpoint": "/var"}),
    ("GuestDiskSpaceLow", "GuestDiskSpaceCritical", "guest-disk-space", GUEST | {"volume": "C:"}),
    ("ClusterCertificateExpiring", "ClusterCertificateExpired", "certificate", {"node": "pve1"}),
    ("ClusterCephUnhealthy", "ClusterCephFailed", "ceph", {}),
    ("DiscoveryNotFresh", "ClusterUnreachable", "cluster-api", {}),
    ("StorageSpaceLow", "StorageSpaceCritical", "storage-space", {"node": "pve1", "storage": "local"}),
    ("StorageSpaceLow", "StorageSpaceCritical", "storage-space", {"storage": "shared"}),
    ("ZfsPoolDegraded", "ZfsPoolFaulted", "zfs-health", {"node": "pve1", "pool": "rpool"}),
    ("ZfsPoolSpaceHigh", "ZfsPoolSpaceCritical", "zfs-space", {"node": "pve1", "pool": "rpool"}),
    ("GpuTemperatureHigh", "GpuTemperatureCritical", "gpu-temperature", {"node": "pve1", "gpu_uuid": "GPU-1"}),
    ("LibvirtPoolSpaceLow", "LibvirtPoolSpaceCritical", "libvirt-pool-space", {"node": "pve1", "uri": "qemu:///system", "storage_pool": "default"}),
    ("GuestBackupStale", "GuestBackupCritical", "guest-backup", GUEST),
    ("GuestReplicationFailed", "GuestReplicationStale", "guest-replication", GUEST | {"job_id": "101-0"}),
]


def amtool(*words: str | Path) -> str:
    done = subprocess.run(["amtool", *map(str, words)], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def shipped() -> dict[str, Any]:
    return dict(yaml.safe_load(FILE.read_text()))


def rules() -> Iterator[dict[str, Any]]:
    for path in RULES:
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from (rule for rule in group["rules"] if "alert" in rule)


# What amtool says


def test_amtool_accepts_the_configuration() -> None:
    assert "1 templates" in amtool("check-config", FILE)


NONE, HOOK, MAIL, BOTH, DEADMAN = "null", "webhook", "mail", "mail,webhook", "deadman"


@pytest.mark.parametrize(("receivers", "labels"), [
    (BOTH, "alertname=HostDown severity=critical cluster=A node=pve1"),
    (BOTH, "alertname=HostOomKill severity=critical cluster=A node=pve1"),
    (BOTH, "alertname=HostMemoryCritical severity=critical condition=host-memory cluster=A node=pve1"),
    (BOTH, "alertname=GuestDiskSpaceCritical severity=critical cluster=A node=pve1 vm_id=101 volume=C:"),
    (BOTH, "alertname=ClusterQuorumLost severity=critical cluster=A"),
    (BOTH, "alertname=ZfsPoolFaulted severity=critical cluster=A node=pve1 pool=rpool"),
    (BOTH, "alertname=PrometheusRuleFailures severity=critical"),
    (BOTH, "alertname=AlertmanagerConfigReloadFailed severity=critical"),
    (BOTH, "severity=critical"),
    # Failed notifications do not go where they failed.
    (MAIL, "alertname=AlertmanagerNotificationsFailing severity=critical integration=webhook"),
    (MAIL, "alertname=AlertmanagerNotificationsFailing severity=critical"),
    (MAIL, "alertname=PrometheusNotificationsFailing severity=critical"),
    (BOTH, "alertname=AlertmanagerNotificationsFailing severity=critical integration=email"),
    (HOOK, "alertname=GuestCpuSaturation severity=warning cluster=A node=pve1 vm_id=101"),
    (HOOK, "alertname=HostCpuStealHigh severity=warning cluster=A node=pve1"),
    (HOOK, "alertname=GuestDown severity=warning cluster=A node=pve1 vm_id=101"),
    (HOOK, "alertname=GuestExporterDown severity=warning cluster=A node=pve1 vm_id=101"),
    (HOOK, "alertname=StorageSpaceLow severity=warning cluster=A storage=nfs"),
    (HOOK, "alertname=TargetMissing severity=warning job=node"),
    (NONE, "alertname=MemorySwapActive severity=info cluster=A node=pve1"),
    (NONE, "alertname=NetworkPacketDrops severity=info cluster=A node=pve1 device=eno1"),
    (NONE, "alertname=GuestDown severity=info cluster=A node=pve1 vm_id=101"),
    (NONE, "severity=info"),
    (DEADMAN, "alertname=Watchdog severity=none"),
    (DEADMAN, "alertname=Watchdog"),
    # Whatever is not understood is told rather than lost.
    (HOOK, "alertname=Other"),
    (HOOK, "alertname=Other severity=information"),
    (HOOK, "alertname=WatchdogOfAnother severity=none"),
])
def test_route(receivers: str, labels: str) -> None:
    amtool("config", "routes", "test", f"--config.file={FILE}", f"--verify.receivers={receivers}", *labels.split())


def test_how_often_is_told() -> None:
    route = shipped()["route"]
    assert (route["group_wait"], route["group_interval"], route["repeat_interval"]) == ("30s", "1m", "4h")
    assert route["group_by"] == ["severity", "cluster", "node"]
    repeated = [(child["receiver"], child["repeat_interval"]) for child in route["routes"] if "repeat_interval" in child]
    assert repeated == [("deadman", "5m"), ("mail", "1h"), ("mail", "1h"), ("webhook", "1h")]


def test_no_secret_can_stand_in_the_file() -> None:
    settings = shipped()["global"]
    assert set(settings) == {"smtp_smarthost", "smtp_from", "smtp_require_tls"}, "a password comes from a file"


# The tables above, against the rules


def test_of_every_alert_is_said_whether_a_dead_host_holds_it_back() -> None:
    names = {rule["alert"] for rule in rules()}
    assert names
    assert names <= {*HELD, *FREE}, "put these into HELD or FREE"
    assert not set(HELD) & set(FREE)


def test_every_pair_with_a_condition_is_tested() -> None:
    pairs: dict[str, set[tuple[str, str]]] = {}
    for rule in rules():
        if condition := rule["labels"].get("condition"):
            pairs.setdefault(condition, set()).add((rule["labels"]["severity"], rule["alert"]))
    tested = {condition: {("warning", warning), ("critical", critical)} for warning, critical, condition, _ in TWINS}
    assert all(tested.get(condition) == pair for condition, pair in pairs.items()), pairs


# Of a thing's labels these do not say which thing it is: its names and kinds, and what follows from other labels.
DESCRIPTIVE = {"alertname", "severity", "vm_name", "type", "source", "fstype", "device", "target", "gpu_index", "name"}


def test_twins_are_told_apart_by_labels_that_are_compared() -> None:
    """A label by which two alerts of one condition differ, and which is not compared, would let one disk hold back another."""
    [compared] = [rule["equal"] for rule in shipped()["inhibit_rules"] if "condition" in rule["equal"]]
    twins = {name for warning, critical, *_ in TWINS for name in (warning, critical)}
    for path in RULE_TESTS:
        for test in yaml.safe_load(path.read_text())["tests"]:
            for case in test.get("alert_rule_test", []):
                if case["alertname"] not in twins:
                    continue
                for expected in case["exp_alerts"]:
                    assert set(expected["exp_labels"]) <= {*compared, *DESCRIPTIVE}, f"{path.name}: {case['alertname']}"


# Inhibition, in a running Alertmanager. Every case has a cluster of its own, so that all run at once.


@dataclass
class Case:
    """Alerts that fire together, and which of them are held back."""

    name: str
    free: list[Labels]
    held: list[Labels] = field(default_factory=list)


def cases() -> Iterator[Case]:
    for name in HELD:
        mine = f"host-{name}"
        here = {"cluster": mine, "node": "pve1"}
        yield Case(
            f"HostDown-{name}", held=[alert(name, **here), alert(name, **here, vm_id="101", device="sda")],
            free=[
                alert("HostDown", "critical", **here),
                # A neighbour, a namesake in another cluster, and alerts about no host or no known cluster.
                alert(name, cluster=mine, node="pve2"), alert(name, cluster=f"{mine}-b", node="pve1"), alert(name, cluster=mine),
                alert(name, node="pve1", case=mine), alert(name, case=mine),
            ])
    for name in FREE:
        here = {"cluster": f"host-{name}", "node": "pve1"}
        yield Case(f"HostDown-does-not-hold-{name}", free=[alert("HostDown", "critical", **here), alert(name, **here, vm_id="101")])
    # A HostDown that names no host, or no cluster, holds back nothing, though what is missing on both sides is equal.
    for missing, there in [("node", {"cluster": "anonymous"}), ("cluster", {"node": "anonymous"}), ("both", {"case": "anonymous"})]:
        yield Case(
            f"HostDown-without-{missing}",
            free=[alert("HostDown", "critical", **there), *(alert(name, **there) for name in [*HELD, *FREE] if name != "HostDown")])
    yield from twin_cases()
    yield from card_cases()
    yield from hypervisor_cases()
    yield from model_cases()
    yield from log_cases()
    yield from manager_cases()


def card_cases() -> Iterator[Case]:
    """What a lost card says of itself, and what a machine without a driver says of its cards."""
    for source in ("GpuLost", "GpuResetRequired"):
        here: Labels = {"cluster": f"cards-{source}", "node": "pve1", "gpu_uuid": "GPU-1"}
        held = ("GpuXidError", "GpuRecoveryActionNeeded", "GpuCollectorStuck", "GpuDataStale")
        yield Case(
            f"{source}-holds-what-follows-from-it", held=[alert(name, **here) for name in held],
            free=[
                alert(source, "critical", **here), alert("GpuEccUncorrectable", "critical", **here), alert("GpuMissing", cluster=here["cluster"], node="pve1"),
                *(alert(name, **here | {"gpu_uuid": "GPU-2"}) for name in held), *(alert(name, **here | {"node": "pve2"}) for name in held)])
    for source in ("GpuDriverMismatch", "GpuDriverFailing"):
        machine: Labels = {"cluster": f"cards-{source}", "node": "pve1"}
        held = ("GpuMissing", "GpuLost", "GpuCollectorStuck", "GpuDataStale")
        yield Case(
            f"{source}-holds-what-follows-from-it", held=[alert(name, **machine, gpu_uuid="GPU-1") for name in held],
            free=[
                alert(source, "critical", **machine), alert("GpuTemperatureHigh", **machine, gpu_uuid="GPU-1"),
                *(alert(name, **machine | {"node": "pve2"}, gpu_uuid=f"GPU-{number}") for number, name in enumerate(held))])
    for source in ("GpuLost", "GpuResetRequired", "GpuCollectorStuck", "GpuDriverMismatch", "GpuDriverFailing"):
        host: Labels = {"cluster": f"collector-{source}", "node": "pve1"}
        failed: Labels = {"job": "gpu-hosts", "instance": "10.0.0.1:9221"}
        yield Case(
            f"{source}-holds-the-collector-of-cards", held=[alert("ExporterCollectorFailed", **host, **failed, collector="gpu")],
            free=[
                alert(source, "critical", **host, **({} if "Driver" in source else {"gpu_uuid": "GPU-1"})),
                alert("ExporterCollectorFailed", **host, **failed, collector="containers"),
                alert("ExporterCollectorFailed", **host | {"node": "pve2"}, **failed, collector="gpu"),
                alert("ExporterCollectorFailed", **host | {"cluster": f"{host['cluster']}-b"}, **failed, collector="gpu"),
                alert("ExporterCollectorFailed", **host, **failed, collector="gpu", vm_id="101"),
                alert("ExporterCollectorFailed", **failed, collector="gpu", case=host["cluster"])])


def hypervisor_cases() -> Iterator[Case]:
    """What the collector of libvirt says of itself where a hypervisor or a guest does not answer. Of one that is asked from afar nothing says who asks it."""
    failed: Labels = {"job": "martlet-hosts", "instance": "10.0.0.1:9221"}
    for source in ("LibvirtDown", "LibvirtGuestHung", "LibvirtThreadsExhausted"):
        host: Labels = {"cluster": f"hypervisor-{source}", "node": "pve1"}
        here: Labels = host | {"uri": "qemu:///system"}
        stale = alert("LibvirtStatisticsStale", **here)
        yield Case(
            f"{source}-holds-the-collector-of-libvirt",
            held=[alert("ExporterCollectorFailed", **host, **failed, collector="libvirt"), *([stale] if source == "LibvirtThreadsExhausted" else [])],
            free=[
                alert(source, "critical", **here), *([] if source == "LibvirtThreadsExhausted" else [stale]),
                alert("ExporterCollectorFailed", **host, **failed, collector="gpu"),
                alert("LibvirtStatisticsStale", **here | {"uri": "lxc:///system"}),
                alert("ExporterCollectorFailed", **host | {"node": "pve2"}, **failed, collector="libvirt"),
                alert("ExporterCollectorFailed", **host | {"cluster": f"{host['cluster']}-b"}, **failed, collector="libvirt"),
                alert("ExporterCollectorFailed", **host, **failed, collector="libvirt", vm_id="101")])
    yield Case(
        "what-is-asked-from-afar-holds-no-collector-of-libvirt",
        free=[
            *(alert(source, "critical", case="afar", uri="qemu+tls://kvm9/system") for source in ("LibvirtDown", "LibvirtGuestHung", "LibvirtThreadsExhausted")),
            alert("ExporterCollectorFailed", case="afar", **failed, collector="libvirt")])


def model_cases() -> Iterator[Case]:
    """What a server of models that does not answer, is not ready or hangs says of itself in other words."""
    everything = {"LlmServerNotReady", "LlmMetricsDisabled", "LlmDataStale", "LlmSeriesDropped", "LlmProbeFailing", "LlmQueueBacklog", "LlmErrorRateHigh", "LlmGenerationStalled"}
    for source, held in {
        "LlmServerDown": everything, "LlmServerNotReady": {"LlmProbeFailing"},
        "LlmGenerationStalled": {"LlmProbeFailing", "LlmQueueBacklog", "LlmTimeToFirstTokenHigh", "LlmInterTokenLatencyHigh", "LlmThroughputDropped"},
    }.items():
        here: Labels = {"cluster": f"models-{source}", "node": "pve1", "server": "chat", "engine": "vllm"}
        model: Labels = {"model": "qwen3-32b"} if source == "LlmGenerationStalled" else {}
        others = [here | {"server": "chat-b"}, here | {"node": "pve2"}, here | {"cluster": f"{here['cluster']}-b"}, here | {"vm_id": "7001"}]
        if model:
            others.append(here | {"model": "bge-m3"})
        yield Case(
            f"{source}-holds-what-follows-from-it", held=[alert(name, **here | {"model": "qwen3-32b"}) for name in sorted(held)],
            free=[
                alert(source, "critical", **here, **model), alert("ContainerOomKilled", **here),
                # Those that hold back others themselves would do so there, too.
                *(alert(name, **model | other) for name in sorted(held - {"LlmServerNotReady", "LlmGenerationStalled"}) for other in others),
                *(alert(name, **here, **model) for name in sorted({"LlmSeriesDropped", "LlmErrorRateHigh"} - held))])
        # Asked from elsewhere, a server has neither.
        nowhere: Labels = {"server": f"nowhere-{source}"}
        yield Case(
            f"{source}-holds-what-follows-from-it-without-a-host", held=[alert(name, **nowhere | {"model": "qwen3-32b"}) for name in sorted(held)],
            free=[
                alert(source, "critical", **nowhere, **model),
                *(alert(name, **model | {"server": f"{nowhere['server']}-b"}) for name in sorted(held - {"LlmServerNotReady", "LlmGenerationStalled"}))])


def log_cases() -> Iterator[Case]:
    """What somebody who carries logs says of itself in other words."""
    failed: Labels = {"job": "martlet-logs", "collector": "logs"}
    for source in ("LogsNotStored", "LogsSourceDown", "LogsStateNotWritten"):
        here: Labels = {"cluster": f"logs-{source}", "node": "pve1", "instance": "10.0.0.1:8085"}
        others = [here | {"instance": "10.0.0.1:8086"}, here | {"node": "pve2"}, here | {"cluster": f"{here['cluster']}-b"}, here | {"vm_id": "7001"}]
        lagging = alert("LogsLagging", **here)
        yield Case(
            f"{source}-holds-what-follows-from-it", held=[alert("ExporterCollectorFailed", **here, **failed), *([lagging] if source == "LogsNotStored" else [])],
            free=[
                alert(source, **here), alert("LogsLinesDropped", **here, reason="other"), *([] if source == "LogsNotStored" else [lagging]),
                alert("ExporterCollectorFailed", **here, **failed | {"collector": "gpu"}),
                *(alert("LogsLagging", **other) for other in others), *(alert("ExporterCollectorFailed", **other, **failed) for other in others)])


def manager_cases() -> Iterator[Case]:
    """What a provider that cannot be used, or a store that cannot be written, says of itself in other words."""
    held = ("VirtrigaudCircuitBreakerOpen", "VirtrigaudOperationStuck")
    # A manager in Kubernetes may have no cluster.
    for place in ({"cluster": "manager-provider"}, {}):
        here: Labels = {**place, "provider_type": "libvirt", "provider": f"{len(place)}/kvm1"}
        others = [here | {"provider": "default/vc1"}, here | {"cluster": "manager-provider-b"}]
        yield Case(
            f"VirtrigaudProviderUnhealthy-holds-what-follows-from-it{'' if place else '-without-a-cluster'}", held=[alert(name, **here) for name in held],
            free=[
                alert("VirtrigaudProviderUnhealthy", "critical", **here), alert("VirtrigaudHighErrorRate", **here, operation="Create"),
                *(alert(name, **other) for name in held for other in others)])
    failed: Labels = {"cluster": "manager-machines", "provider": "default/kvm1"}
    yield Case(
        "VirtrigaudMachinesFailed-holds-what-the-hypervisor-said", held=[alert("VirtrigaudMachinesNotReady", **failed, reason="ProviderError")],
        free=[
            alert("VirtrigaudMachinesFailed", **failed, phase="Failed"), alert("VirtrigaudMachinesNotReady", **failed, reason="WaitingForDependencies"),
            alert("VirtrigaudMachinesNotReady", **failed | {"provider": "default/vc1"}, reason="ProviderError")])
    store: Labels = {"cluster": "manager-store"}
    waiting = ("VirtrigaudReconcileErrors", "VirtrigaudQueueBacklog")
    yield Case(
        "VirtrigaudStoreNotWritable-holds-what-follows-from-it", held=[alert(name, **store, kind="VirtualMachine") for name in waiting],
        free=[
            alert("VirtrigaudStoreNotWritable", "critical", **store, node="mgr1", instance="10.0.0.1:8080"), alert("VirtrigaudMachinesGone", "critical", **store, provider="default/kvm1"),
            *(alert(name, cluster="manager-store-b", kind="VirtualMachine") for name in waiting)])


def twin_cases() -> Iterator[Case]:
    for warning, critical, condition, labels in TWINS:
        mine = f"twins-{condition}-{'-'.join(labels)}"
        here: Labels = {"cluster": mine, "condition": condition} | labels
        free = [alert(critical, "critical", **here)]
        for name, value in here.items():
            # Another thing, and one that does not say: 102 is not 101, and neither is a guest without number.
            free += [alert(warning, **here | {name: f"{value}-other"}), alert(warning, **{key: at for key, at in here.items() if key != name}, case=mine)]
        # Critical is not held back by critical, and info is not a twin.
        free += [alert(f"{critical}Too", "critical", **here), alert(warning, "info", **here)]
        held = [
            alert(warning, **here),
            # What merely describes is not compared: after a rename or with another view of the same thing it is the same thing.
            alert(warning, **here, vm_name="renamed", source="guest"),
        ]
        yield Case(f"{critical}-{warning}-{'-'.join(labels) or 'cluster'}", free=free, held=held)
    # Without the label on either side nothing is a twin, however equal the rest is.
    yield Case(
        "no-condition-on-both", free=[alert("A", severity, cluster="plain", node="pve1", vm_id="101") for severity in ("critical", "warning")])
    yield Case("no-condition-and-nothing-else", free=[alert("A", "critical"), alert("A", "warning")])
    # All that is compared but the condition is missing on both sides: that is equal.
    yield Case(
        "only-a-condition", free=[alert("A", "critical", condition="lonely")], held=[alert("B", "warning", condition="lonely")])
    yield Case(
        "condition-without-cluster", free=[alert("A", "critical", condition="homeless", vm_id="101"), alert("B", condition="homeless", vm_id="102")],
        held=[alert("B", condition="homeless", vm_id="101")])


CASES = list(cases())


class HeldBack(dict[frozenset[tuple[str, str]], bool]):
    """Whether each alert of an Alertmanager is held back, as it was at the last look."""

    def __init__(self, alertmanager: Alertmanager) -> None:
        super().__init__()
        self.alertmanager = alertmanager

    def look(self) -> None:
        self.clear()
        self.update(held_back(self.alertmanager.alerts()))


@pytest.fixture(scope="module")
def inhibition(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> HeldBack:
    """All cases' alerts fire there; nobody is told."""
    text = quick(FILE.read_text(), f"http://{NOBODY}", NOBODY)
    alertmanager = Alertmanager(start_for_all, tmp_path_factory.mktemp("inhibition") / "alertmanager", text)
    # The warnings first: an alert that comes later holds back what is there already.
    alertmanager.post(*(labels for case in CASES for labels in [*case.held, *case.free[1:]]))
    alertmanager.post(*(case.free[0] for case in CASES))
    return HeldBack(alertmanager)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_inhibition(inhibition: HeldBack, case: Case) -> None:
    expected = {key(labels): False for labels in case.free} | {key(labels): True for labels in case.held}

    def found() -> dict[frozenset[tuple[str, str]], bool]:
        return {labels: held for labels, held in inhibition.items() if labels in expected}

    # All cases look at one answer; who finds it wrong looks again, as it may be too early.
    deadline = time.monotonic() + 10
    while (got := found()) != expected and time.monotonic() < deadline:
        time.sleep(0.1)
        inhibition.look()
    assert got == expected


# Who is told, by a running Alertmanager


@pytest.fixture
def text(webhook: Webhook, mailbox: Mailbox) -> str:
    """The shipped configuration, with our receivers and short waits."""
    return quick(FILE.read_text(), webhook.url, mailbox.smarthost)


HERE = {"cluster": "A", "node": "pve1"}
FAILING = alert("AlertmanagerNotificationsFailing", "critical", integration="webhook")


def test_critical_goes_both_ways_warning_one_and_info_none(start: Start, tmp_path: Path, text: str, webhook: Webhook, mailbox: Mailbox) -> None:
    alertmanager = Alertmanager(start, tmp_path / "am", text)
    alertmanager.post(alert("MemorySwapActive", "info", **HERE), alert("HostLoadHigh", **HERE), alert("HostOomKill", "critical", **HERE))
    alertmanager.post(FAILING, alert("Watchdog", "none"))
    wait_for(lambda: webhook.names() == {"HostLoadHigh", "HostOomKill"}, 20, f"the webhook is told: {webhook.names()}")
    wait_for(lambda: len(mailbox.mails) == 2, 20, f"two mails: {mailbox.subjects}")
    assert sorted(mailbox.subjects) == ["CRITICAL: AlertmanagerNotificationsFailing", "CRITICAL: HostOomKill on pve1"]
    assert mailbox.envelopes[0] == ("martlet@localhost", ["root@localhost"])
    # The end is told both ways too.
    alertmanager.post(alert("HostOomKill", "critical", **HERE), ended=datetime.now(UTC) - timedelta(seconds=1))
    wait_for(lambda: "RESOLVED: HostOomKill on pve1" in mailbox.subjects and webhook.names("resolved") == {"HostOomKill"}, 20, "the end is told")
    assert webhook.names() == {"HostLoadHigh", "HostOomKill"} and len(mailbox.mails) == 3
    assert {message["receiver"] for _, message in webhook.posts} == {"webhook"}


def test_with_a_dead_webhook_mail_brings_what_is_critical_and_that_the_webhook_is_dead(
    start: Start, tmp_path: Path, text: str, webhook: Webhook, mailbox: Mailbox
) -> None:
    webhook.status = 503
    alertmanager = Alertmanager(start, tmp_path / "am", text)
    alertmanager.post(alert("HostOomKill", "critical", **HERE), FAILING)
    # In a group of its own, so that it makes a mail of its own.
    alertmanager.post(alert("PrometheusNotificationsFailing", "critical", cluster="B"))
    wait_for(lambda: len(mailbox.mails) == 3, 20, f"three mails: {mailbox.subjects}")
    assert sorted(mailbox.subjects) == [
        f"CRITICAL: {name}" for name in ("AlertmanagerNotificationsFailing", "HostOomKill on pve1", "PrometheusNotificationsFailing")]
    # It comes back: what was critical is delivered there too, and the failure itself never is.
    webhook.status = 200
    wait_for(lambda: webhook.names() == {"HostOomKill"}, 60, f"delivered after all: {webhook.names()}")
    assert len(mailbox.mails) == 3


def test_that_mail_fails_is_told_to_the_webhook(start: Start, tmp_path: Path, text: str, webhook: Webhook, mailbox: Mailbox) -> None:
    mailbox.stop()
    alertmanager = Alertmanager(start, tmp_path / "am", text)
    alertmanager.post(alert("AlertmanagerNotificationsFailing", "critical", integration="email"), alert("HostOomKill", "critical", **HERE))
    wait_for(lambda: webhook.names() == {"AlertmanagerNotificationsFailing", "HostOomKill"}, 20, f"told: {webhook.names()}")
    assert not mailbox.mails


def test_a_dead_host_silences_its_guests_and_its_return_does_not(start: Start, tmp_path: Path, text: str, webhook: Webhook, mailbox: Mailbox) -> None:
    down, guest = alert("HostDown", "critical", **HERE), alert("GuestMemoryHigh", **HERE, vm_id="101")
    alertmanager = Alertmanager(start, tmp_path / "am", text)
    alertmanager.post(down)
    wait_for(lambda: webhook.names() == {"HostDown"} and mailbox.mails, 20, "the host is told")
    alertmanager.post(guest, alert("ClusterHaResourceFailed", "critical", **HERE, vm_id="102"))
    wait_for(lambda: "ClusterHaResourceFailed" in webhook.names(), 20, "what the cluster makes of it is told")
    assert "GuestMemoryHigh" not in webhook.names()
    alertmanager.post(down, ended=datetime.now(UTC) - timedelta(seconds=1))
    wait_for(lambda: "HostDown" in webhook.names("resolved") and "GuestMemoryHigh" in webhook.names(), 20, "its guest is news now")


def test_the_dead_man_is_called_once_he_has_an_address(start: Start, tmp_path: Path, text: str, webhook: Webhook, mailbox: Mailbox) -> None:
    called = f"  - name: deadman\n    webhook_configs:\n      - url: {webhook.url}/deadman\n        send_resolved: false\n"
    text = text.replace("  - name: deadman\n", called).replace("repeat_interval: 5m", "repeat_interval: 1s")
    alertmanager = Alertmanager(start, tmp_path / "am", text)
    alertmanager.post(alert("Watchdog", "none"), alert("HostLoadHigh", **HERE))
    wait_for(lambda: len([path for path, _ in webhook.posts if path == "/deadman"]) >= 3, 20, "called again and again")
    assert webhook.names(path="/deadman") == {"Watchdog"}
    wait_for(lambda: webhook.names() == {"HostLoadHigh"}, 20, "nobody else hears of it")
    assert not mailbox.mails


def with_window(text: str, moment: datetime) -> str:
    """With a backup window that holds that moment, by the clock that the moment is of."""
    begin, end = moment - timedelta(hours=1), moment + timedelta(hours=1)
    ranges = [(f"{begin:%H:%M}", f"{end:%H:%M}")] if begin < end and begin.date() == end.date() else [(f"{begin:%H:%M}", "24:00"), ("00:00", f"{end:%H:%M}")]
    old = [("22:00", "24:00"), ("00:00", "05:00")]
    lines = "".join(f"          - start_time: '{start}'\n            end_time: '{stop}'\n" for start, stop in old)
    assert text.count(lines) == 1
    return text.replace(lines, "".join(f"          - start_time: '{start}'\n            end_time: '{stop}'\n" for start, stop in ranges))


# Zones without summer time, far from each other.
@pytest.mark.parametrize(("zone", "hours"), [("UTC", 0), ("Etc/GMT-9", 9), ("Etc/GMT+8", -8)])
def test_in_the_backup_window_by_the_local_clock_a_guest_may_be_down(
    start: Start, tmp_path: Path, text: str, webhook: Webhook, zone: str, hours: int
) -> None:
    local = datetime.now(UTC) + timedelta(hours=hours)
    alertmanager = Alertmanager(start, tmp_path / "am", with_window(text, local), zone)
    muted = [alert("GuestDown", **HERE, vm_id="101"), alert("GuestExporterDown", **HERE, vm_id="102")]
    alertmanager.post(*muted, alert("GuestMemoryHigh", **HERE, vm_id="101"))
    wait_for(lambda: webhook.names() == {"GuestMemoryHigh"}, 20, f"other alerts of guests are told: {webhook.names()}")
    time.sleep(3)  # two more rounds
    assert webhook.names() == {"GuestMemoryHigh"}
    # The window is over.
    alertmanager.reload(with_window(text, local + timedelta(hours=12)))
    alertmanager.post(*muted)
    wait_for(lambda: webhook.names() == {"GuestMemoryHigh", "GuestDown", "GuestExporterDown"}, 20, f"told after it: {webhook.names()}")


def test_a_reload_brings_a_new_receiver(start: Start, tmp_path: Path, text: str) -> None:
    alertmanager = Alertmanager(start, tmp_path / "am", text)
    new = text.replace("receivers:\n", "receivers:\n  - name: pager\n")
    alertmanager.reload(new)
    assert "- name: pager" in amtool("--alertmanager.url", alertmanager.url, "config", "show")


def test_programs_are_there() -> None:
    """A skip would look like a pass."""
    assert shutil.which("amtool") and shutil.which("prometheus-alertmanager")

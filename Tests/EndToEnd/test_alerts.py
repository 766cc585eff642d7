"""Every alert on a running stack: what it reads is there, and what a simulated world can cause is delivered to the webhook.

The rules are the shipped ones; `for`, `keep_firing_for` and intervals are cut to seconds, expressions are not touched. Alertmanager tells of everything here, of what is only to be
looked at and of what hangs on something worse too: who is told what is test_alertmanager.py's.
"""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY, Start, fetch, free_port, wait_for
from llm_numbers import ALERTS as MODEL_ALERTS
from stack import Stack, quick_rules
from test_gpu_alerts import ALERTS as CARD_ALERTS
from test_libvirt_boards import ALERTS as LIBVIRT_ALERTS
from test_logs_alerts import ALERTS as LOG_ALERTS
from test_manager_boards import ALERTS as MANAGER_ALERTS

RULE_FILES = sorted((REPOSITORY / "prometheus/rules").glob("*.yml"))
ALERTS = [rule for path in RULE_FILES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"] if "alert" in rule]
# What a simulated cluster has. Cards and containers are of a machine by itself, in test_gpu_alerts.py, servers of models in test_llm_boards.py, hypervisors of
# libvirt in test_libvirt_boards.py, the manager in test_manager_boards.py, and logs in test_logs_alerts.py.
NAMES = sorted({alert["alert"] for alert in ALERTS} - LIBVIRT_ALERTS - MANAGER_ALERTS - {alert["alert"] for alert in [*CARD_ALERTS, *MODEL_ALERTS, *LOG_ALERTS]})

# What happens, and which alerts are to come of it. An alert that stands nowhere here stands below, with the reason.
SCENARIOS: dict[str, list[str]] = {
    "normal": [
        "BackupJobFailed", "ClusterCephUnhealthy", "ClusterHaResourceFailed", "GuestBackupFailed", "GuestBackupMissing", "GuestReplicationFailed", "GuestSnapshotOld", "Watchdog", "ZfsPoolDegraded"],
    "node-down": ["HostDown"],
    "overcommitted": ["HostMemoryOvercommitted"],
    "swapping": ["MemorySwapActive", "HostMemorySwapThrashing"],
    "oom-kill": ["HostOomKill"],
    "disk-latency": ["DiskLatencyHigh"],
    "packet-drops": ["NetworkPacketDrops", "HostNetworkPacketDropsHigh", "HostNetworkErrors"],
    "bond-degraded": ["HostNetworkBondDegraded"],
    "overheating": ["HostTemperatureHigh"],
    "clock-skew": ["HostClockSkew"],
    "reboot": ["HostRebooted"],
    "disk-failing": ["HostDiskSmartFailing", "HostDiskWearoutHigh"],
    "guest-crashed": ["GuestDown"],
    "exporters-dead": ["GuestExporterDown", "HostExporterDown"],
    "quorum-lost": ["ClusterQuorumLost"],
    "qdevice-down": ["ClusterQdeviceDown"],
    "version-mismatch": ["ClusterVersionMismatch"],
    "certificate-expiring": ["ClusterCertificateExpiring"],
    "certificate-expired": ["ClusterCertificateExpired"],
    "subscription-expiring": ["ClusterSubscriptionExpiring"],
    "ceph-error": ["ClusterCephFailed"],
    "storage-full": ["StorageSpaceLow", "StorageSpaceCritical"],
    "zfs-faulted": ["ZfsPoolFaulted"],
    "zfs-full": ["ZfsPoolSpaceHigh", "ZfsPoolSpaceCritical", "ZfsPoolFragmentationHigh"],
    "zfs-errors": ["ZfsPoolErrors"],
    "scrub-overdue": ["ZfsScrubOverdue"],
    "arc-cold": ["ZfsArcHitRatioLow"],
    "replication-stale": ["GuestReplicationStale"],
    "rights-lost": ["ClusterPrivilegeMissing"],
    # Five minutes pass before Proxmox VE calls the figures old.
    "statistics-dead": ["HostStatisticsStale"],
    "link-cut": ["ExporterDataStale"],
    "pmxcfs-dead": ["ClusterUnreachable", "DiscoveryNotFresh", "ExporterCollectorFailed"],
}
# What has happened for twenty minutes when the stack begins: means over minutes need not climb, and what Proxmox VE forgets slowly is forgotten.
LONG_AGO: dict[str, list[str]] = {
    "cpu-saturation": ["GuestCpuSaturation"],
    "host-saturated": ["HostCpuSaturation", "HostCpuPressureHigh", "HostLoadHigh", "GuestCpuPressureHigh"],
    "cpu-steal": ["HostCpuStealHigh", "GuestCpuStealHigh"],
    "memory-high": ["HostMemoryHigh", "HostMemoryCritical", "GuestMemoryHigh", "ClusterWithoutSpareNode"],
    "swapping": ["GuestMemoryPagingHigh"],
    "disk-full": ["HostDiskSpaceLow", "HostDiskSpaceCritical", "HostInodesLow", "GuestDiskSpaceLow", "GuestDiskSpaceCritical"],
    "guest-service-dead": ["GuestServiceDown"],
    "service-dead": ["HostPveServiceDown", "ClusterHaManagerStale"],
    "ha-failed": ["ClusterHaNodeFenced"],
    "storage-lost": ["StorageInactive"],
    "backup-stale": ["GuestBackupStale", "GuestBackupCritical"],
}
# Where it happens, if not where the simulator chooses: guests without a threshold of their own, and a node with several guests that HA manages.
WHERE = {"cpu-saturation": "pve3", "ha-failed": "pve2"}
# What a test does by other means than a scenario.
BY_HAND = ["GuestRebooted"]
# Alerts that no simulated world causes, and why. What they do is proven by promtool in prometheus/rules/tests/.
ELSEWHERE: dict[str, str] = {
    "TargetMissing": "is about targets of martlet's own jobs, which a world knows nothing of",
    "HostDiskWillFillIn24h": "wants hours of recorded history behind it, which no stack that has just begun has",
    "StorageWillFillIn4d": "wants half a day of recorded history behind it, which no stack that has just begun has",
    "GuestCpuOverprovisioned": "wants a week of recorded history behind it",
    "DiscoveryTargetsDropped": "compares with hours of recorded history",
    "DiscoveryFailing": "discovery would have to stop, which is in the same process as what is tested",
    "ExporterScrapeSlow": "the simulated estate answers within milliseconds",
    "ExporterSeriesDropped": "is about a limit of series that the simulated estate is far from",
    "ExporterCardinalityHigh": "is about a hundred thousand series of one target, which the simulated estate has not",
    "PrometheusConfigReloadFailed": "is about Prometheus' own file, which a world knows nothing of",
    "AlertmanagerConfigReloadFailed": "is about Alertmanager's own file, which a world knows nothing of",
    "MartletDown": "martlet would have to stop, and with it the stack that is asked",
    "MartletConfigReloadFailed": "is about martlet's own settings, which a world knows nothing of",
    "PrometheusRuleFailures": "would be a mistake in the rules themselves",
    "PrometheusNotificationsFailing": "is about notifications, and would have to arrive as one",
    "AlertmanagerNotificationsFailing": "is about notifications, and would have to arrive as one; test_alertmanager_mail.py posts it",
}
# Alerts whose series the simulated stack has not, and why.
WITHOUT_SERIES: dict[str, str] = {
    "StorageWillFillIn4d": "the line through the past wants twelve hours of it",
    "GuestCpuOverprovisioned": "six days of seven have to be known",
    "PrometheusRuleFailures": "compares with a quarter of an hour before",
}
# What is wrong with the simulated estate on an ordinary day, so that there is something to see.
QUIET_EXCEPTIONS: set[str] = set(SCENARIOS["normal"]) | {"GuestDown", "GuestServiceDown", "GuestDiskSpaceLow", "HostDiskSmartFailing", "ZfsPoolErrors"}

SOURCES = ["ha", "replication", "backup_jobs", "backup_gaps", "backups", "storage", "certificates", "subscription", "services", "disks", "zfs", "ceph", "statistics", "config",
           "snapshots", "agent", "qdevice"]
QUICK = {f"MARTLET_PROXMOX__SLOW__PERIODS__{source.upper()}": "10s" for source in SOURCES}


def told_of_everything(folder: Path, webhook: str) -> Path:
    """The shipped Alertmanager configuration, waiting for seconds, with nothing held back and nothing sent elsewhere."""
    settings = yaml.safe_load((REPOSITORY / "alertmanager/alertmanager.yml").read_text())
    settings["route"] = {"receiver": "webhook", "group_by": ["alertname"], "group_wait": "1s", "group_interval": "1s", "repeat_interval": "4h"}
    settings["receivers"] = [{"name": "webhook", "webhook_configs": [{"url": webhook, "send_resolved": True}]}]
    settings = {"route": settings["route"], "receivers": settings["receivers"]}
    copy = folder / "alertmanager.yml"
    copy.write_text(yaml.safe_dump(settings))
    return copy


def without_exceptions(expression: str) -> str:
    """The expression without each `unless …` and what belongs to it: up to the next `and`, `or` or `unless` of the same depth, or the end of the brackets that it stands in."""
    tokens = re.findall(r"\{[^}]*\}|\"[^\"]*\"|[A-Za-z_:][\w:]*|\s+|.", re.sub(r"#[^\n]*", "", expression), re.DOTALL)
    kept, depth, leaving = [], 0, None
    for token in tokens:
        closes = token == ")"
        if leaving is not None and ((closes and depth == leaving) or (depth == leaving and token in ("and", "or"))):
            leaving = None
        if token == "unless" and leaving is None:
            leaving = depth
        depth += (token == "(") - closes
        if leaving is None:
            kept.append(token)
    return "".join(kept)


def without_threshold(expression: str) -> str:
    """The expression with every comparison turned into 0 or 1, so that it has a series for each that could be compared. What stands in braces and texts is none."""
    parts = re.split(r"(\{[^}]*\}|\"[^\"]*\")", without_exceptions(expression))
    return "".join(part if index % 2 else re.sub(r"(==|!=|<=|>=|<|>)(?!\s*bool)", r"\1 bool", part) for index, part in enumerate(parts))


def begin(start: Start, folder: Path) -> Stack:
    """The simulated estate with the rules, and a webhook that is told of everything."""
    port = free_port()
    stack = Stack(
        start, folder, "--prometheus.scrape-interval", "2s", "--prometheus.rules-dir", quick_rules(folder), "--simulate.guests", "40", "--simulate.ceph", "--simulate.qdevice",
        "--alertmanager.config-file", told_of_everything(folder, f"http://127.0.0.1:{port}/alerts"), env=QUICK)
    start("simulate", "webhook", "--listen", f"127.0.0.1:{port}")
    stack.ports["webhook"] = port
    stack.wait_until_ready()
    return stack


@pytest.fixture(scope="module")
def stack(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return begin(start_for_all, tmp_path_factory.mktemp("alerts"))


def wait_until_told(stack: Stack, names: list[str], what: str, seconds: float = 150) -> None:
    def missing() -> list[str]:
        return [name for name in names if not stack.alerts("firing", name)]

    try:
        wait_for(lambda: not missing(), seconds, f"{what} to be told")
    except pytest.fail.Exception:
        pytest.fail(f"{what}: nobody was told of {missing()}")
    for name in names:
        labels = stack.alerts("firing", name)[-1]["labels"]
        assert labels["severity"] in {rule["labels"]["severity"] for rule in ALERTS if rule["alert"] == name}


def test_comparisons_are_found_and_exceptions_left_out() -> None:
    assert without_threshold('a:b{x!="y",z=~"=="} > 0.9 and on (n) c >= on (n) d == bool 1 # a > b\n').strip() == (
        'a:b{x!="y",z=~"=="} > bool 0.9 and on (n) c >= bool on (n) d == bool 1')
    assert without_threshold("(a > 1 unless on (n) (b or c) == 0) or a unless b unless c and d").replace("  ", " ") == "(a > bool 1 ) or a and d"


def test_every_alert_has_a_scenario_or_a_reason() -> None:
    caused = [name for names in [*SCENARIOS.values(), *LONG_AGO.values(), BY_HAND] for name in names]
    assert sorted(set(caused) | set(ELSEWHERE)) == NAMES
    assert not set(caused) & set(ELSEWHERE)
    assert all(len(reason) > 20 for reason in ELSEWHERE.values())


def test_copies_differ_in_times_only(tmp_path: Path) -> None:
    copies = quick_rules(tmp_path)
    for path in RULE_FILES:
        shipped, copied = (yaml.safe_load(file.read_text())["groups"] for file in (path, copies / path.name))
        for group, copy in zip(shipped, copied, strict=True):
            for rule, other in zip(group["rules"], copy["rules"], strict=True):
                assert rule["expr"] == other["expr"] and rule.get("labels") == other.get("labels") and rule.get("annotations") == other.get("annotations")


@pytest.mark.e2e
@pytest.mark.parametrize("name", NAMES)
def test_an_alert_reads_what_is_there(stack: Stack, name: str) -> None:
    """Each rule of that name: an alert that can never have a series is no alert."""
    for rule in ALERTS:
        if rule["alert"] == name and name not in WITHOUT_SERIES:
            question = without_threshold(rule["expr"])
            wait_for(lambda: stack.query(question), 90, f"a series of {question}")


@pytest.mark.e2e
def test_no_rule_fails(stack: Stack) -> None:
    groups = fetch(f"{stack.url('prometheus')}/api/v1/rules").json["data"]["groups"]
    assert [(rule["name"], rule["lastError"]) for group in groups for rule in group["rules"] if rule["health"] not in ("ok", "unknown")] == []


@pytest.mark.e2e
def test_a_normal_estate_is_quiet(start: Start, tmp_path: Path) -> None:
    """What fires while nothing happens is what a new user meets first: nothing that wakes, and little that is to be done."""
    stack = begin(start, tmp_path)
    wait_for(lambda: stack.value("count(vm:last_backup:timestamp_seconds)"), 120, "what comes on timers")
    time.sleep(20)
    # What the rules say of the machine that the test runs on is true of that machine.
    firing = {row["metric"]["alertname"] for row in stack.query('ALERTS{alertstate="firing",severity=~"critical|warning",cluster=~"lab|"}')}
    assert sorted(firing - QUIET_EXCEPTIONS) == []


@pytest.mark.e2e
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_what_happens_is_told(stack: Stack, scenario: str) -> None:
    stack.scenario("normal")
    stack.scenario(scenario)
    try:
        wait_until_told(stack, SCENARIOS[scenario], scenario, 420 if scenario in ("statistics-dead", "link-cut") else 150)
    finally:
        stack.scenario("normal")


@pytest.mark.e2e
@pytest.mark.parametrize("scenario", LONG_AGO, ids=str)
def test_what_has_happened_is_told(start: Start, tmp_path: Path, scenario: str) -> None:
    world = tmp_path / "state/world"
    world.mkdir(parents=True)
    now = time.time()
    (tmp_path / "state/version").write_text("1\n")
    (world / "scenario.json").write_text(json.dumps(
        {"version": 2, "epoch": round(now) - 86_400, "changes": [{"at": now - 1_200, "scenario": scenario} | ({"node": WHERE[scenario]} if scenario in WHERE else {})],
         "guests": []}))
    wait_until_told(begin(start, tmp_path), LONG_AGO[scenario], scenario)


@pytest.mark.e2e
def test_a_guest_that_was_restarted_is_told(stack: Stack) -> None:
    stack.scenario("normal")
    guests = f"http://127.0.0.1:{stack.ports['scenario']}/api/v1/guests"
    number = next(guest["vmid"] for guest in fetch(guests).json["guests"] if guest["status"] == "running" and guest["kind"] == "qemu" and not guest["tags"])
    for state in ("stopped", "running"):
        assert fetch(f"{guests}/{number}", "PUT", body=json.dumps({"status": state}).encode()).status == 200
        time.sleep(8)
    wait_until_told(stack, ["GuestRebooted"], f"the restart of {number}")

"""What scenarios of the simulated world look like to the exporter and in the exporters of hosts and guests: the numbers that alerts are made of."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Start, fetch, free_port, wait_for
from exporting import Exporter
from slow_lane import Seen, wait_until

Check = Callable[[Seen, float], bool]


def begun(folder: Path, scenario: str, node: str | None = "pve2", ago: float = 600) -> Path:
    """A world that has had the scenario for a while."""
    now = time.time()
    change = {"at": now - ago, "scenario": scenario} | ({"node": node} if node else {})
    (folder / "world").mkdir()
    (folder / "world/scenario.json").write_text(json.dumps({"version": 2, "epoch": round(now) - 86_400, "changes": [change], "guests": []}))
    return folder / "world"


def asked(start: Start, world: Path, *flags: str) -> Exporter:
    """An exporter of a simulated cluster; with its first scrape it begins to ask for all that is asked for on timers."""
    port = free_port()
    api = start("simulate", "proxmox", "--listen", f"127.0.0.1:{port}", "--world", world, "--plain-http", "--latency", "0s", *flags)
    api.wait_until(f"http://127.0.0.1:{port}/health")
    environment = {"PROXMOX_HOST": f"http://127.0.0.1:{port}", "PROXMOX_TOKEN_NAME": "monitor@pve!martlet", "PROXMOX_TOKEN_VALUE": "SECRET"}
    return Exporter(start, environment)


def values(seen: Seen, family: str, **labels: str) -> list[float]:
    return [number for (name, own), number in seen.samples.items() if name == family and labels.items() <= dict(own).items()]


def any_of(family: str, is_so: Callable[[float, float], bool], **labels: str) -> Check:
    """Some series of the family has such a value."""
    return lambda seen, now: any(is_so(number, now) for number in values(seen, family, **labels))


def share(part: str, whole: str, limit: float, **labels: str) -> Check:
    return lambda seen, now: bool(values(seen, whole, **labels)) and values(seen, part, **labels)[0] / values(seen, whole, **labels)[0] > limit


DAY = 86_400
ON_TIMERS: dict[str, Check] = {
    "service-dead": any_of("pve_node_service_running", lambda value, now: value == 0, node="pve2", service="pve-ha-lrm"),
    "disk-failing": any_of("pve_disk_wearout_left_ratio", lambda value, now: value < 0.1, node="pve2", device="nvme1n1"),
    "overheating": any_of("pve_disk_temperature_celsius", lambda value, now: value >= 83, node="pve2", device="nvme0n1"),
    "zfs-degraded": any_of("pve_zfs_pool_state", lambda value, now: value == 1, node="pve2", pool="rpool", state="DEGRADED"),
    "zfs-faulted": any_of("pve_zfs_pool_state", lambda value, now: value == 1, node="pve2", pool="tank", state="FAULTED"),
    "zfs-full": share("pve_zfs_pool_alloc_bytes", "pve_zfs_pool_size_bytes", 0.92, node="pve2", pool="tank"),
    "zfs-errors": any_of("pve_zfs_vdev_errors_total", lambda value, now: value >= 60, node="pve2", pool="rpool", kind="checksum"),
    "scrub-overdue": any_of("pve_zfs_pool_last_scrub_timestamp_seconds", lambda value, now: 59 * DAY < now - value, node="pve2", pool="rpool"),
    "certificate-expiring": any_of("pve_certificate_not_after_timestamp_seconds", lambda value, now: 0 < value - now < 5 * DAY, node="pve2"),
    "certificate-expired": any_of("pve_certificate_not_after_timestamp_seconds", lambda value, now: value < now, node="pve2"),
    "subscription-expiring": any_of("pve_subscription_next_due_timestamp_seconds", lambda value, now: 0 < value - now < 13 * DAY, node="pve2"),
    "host-saturated": any_of("pve_node_pressure_cpu_some_ratio", lambda value, now: value > 0.5, node="pve2"),
    "disk-latency": any_of("pve_node_pressure_io_some_ratio", lambda value, now: value > 0.4, node="pve2"),
    "swapping": any_of("pve_node_pressure_memory_some_ratio", lambda value, now: value > 0.15, node="pve2"),
    "memory-high": share("pve_node_memory_used_bytes", "pve_node_memory_total_bytes", 0.98, node="pve2"),
    "storage-full": share("pve_storage_used_bytes", "pve_storage_total_bytes", 0.95, node="pve2", storage="local-zfs"),
    "storage-lost": any_of("pve_storage_active", lambda value, now: value == 0, node="pve2", storage="nas"),
    "backup-failed": any_of("pve_backup_job_last_run_success", lambda value, now: value == 0, job_id="backup-daily"),
    "backup-stale": any_of("pve_guest_last_backup_timestamp_seconds", lambda value, now: now - value > 14 * DAY, node="pve2"),
    "replication-failed": any_of("pve_replication_failed_syncs", lambda value, now: value > 0, node="pve2"),
    "replication-stale": any_of("pve_replication_last_sync_timestamp_seconds", lambda value, now: now - value > 4 * 3600, node="pve2"),
    "snapshot-old": any_of("pve_guest_oldest_snapshot_timestamp_seconds", lambda value, now: 89 * DAY < now - value < 91 * DAY, node="pve2"),
    "ha-failed": any_of("pve_ha_service_state", lambda value, now: value == 1, node="pve2", state="error"),
    "guest-crashed": lambda seen, now: len(
        {dict(own)["vmid"] for (name, own), value in seen.samples.items() if name == "pve_guest_onboot" and value == 1 and dict(own).get("node") == "pve2"}
        & {dict(own)["vmid"] for (name, own), value in seen.samples.items() if name in ("pve_vm_status", "pve_lxc_status") and value == 0}) > 0,
}


@pytest.mark.parametrize("scenario", ON_TIMERS)
def test_the_exporter_tells_of_it(start: Start, tmp_path: Path, scenario: str) -> None:
    exporter = asked(start, begun(tmp_path, scenario))
    check = ON_TIMERS[scenario]
    wait_until(exporter, lambda seen: [] if check(seen, time.time()) else [f"nothing of {scenario}"])


def test_the_cluster_s_own_troubles(start: Start, tmp_path: Path) -> None:
    (first := tmp_path / "qdevice").mkdir()
    exporter = asked(start, begun(first, "qdevice-down", None), "--qdevice")
    wait_until(exporter, lambda seen: [] if values(seen, "pve_qdevice_up") == [0] else ["the device is up"])
    (second := tmp_path / "ceph").mkdir()
    exporter = asked(start, begun(second, "ceph-error", None), "--ceph")
    wait_until(exporter, lambda seen: [] if values(seen, "pve_ceph_health_status") == [2] else ["no error"])
    (third := tmp_path / "version").mkdir()
    exporter = asked(start, begun(third, "version-mismatch"))
    wait_until(exporter, lambda seen: [] if len({own.get("version") for own in seen.series("pve_node_info")}) == 2 else ["one version"])
    (fourth := tmp_path / "missing").mkdir()
    exporter = asked(start, begun(fourth, "backup-missing"))
    wait_until(exporter, lambda seen: [] if len(seen.series("pve_not_backed_up_info")) > 30 else ["few are missing"])


@pytest.mark.parametrize("scenario", ["normal", "packet-drops", "bond-degraded", "overheating", "swapping", "disk-latency", "guest-service-dead", "cpu-steal"])
def test_promtool_finds_nothing_new(start: Start, tmp_path: Path, scenario: str) -> None:
    """Neither in what hosts write nor in what guests do."""
    port, windows, control = free_port("127.0.0.2"), free_port("127.0.0.2"), free_port()
    world = begun(tmp_path, scenario)
    start(
        "simulate", "hosts", "--port", str(port), "--windows-port", str(windows), "--listen", f"127.0.0.1:{control}", "--world", world,
        "--guests-first-address", "127.17.0.1")
    wait_for(lambda: fetch(f"http://127.0.0.2:{port}/metrics").status == 200, 20, "hosts")
    guests = fetch(f"http://127.0.0.1:{control}/api/v1/guests").json["guests"]
    running = [guest for guest in guests if guest["exporter"] and guest["node"] == "pve2"]
    places = [f"http://127.0.0.3:{port}/metrics"]
    for number in (port, windows):
        places += [f"http://{guest['address']}:{number}/metrics" for guest in running if guest["exporter"] == number][:1]
    assert len(places) == 3
    for place in places:
        text = fetch(place).text
        lines = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True).stderr.splitlines()
        # What the real exporters call so too.
        assert [line for line in lines if 'should not have "_total" suffix' not in line and "not 'camelCase'" not in line] == [], place


def test_exporters_of_hosts_and_guests_are_silent(start: Start, tmp_path: Path) -> None:
    port, windows, control = free_port("127.0.0.2"), free_port("127.0.0.2"), free_port()
    start(
        "simulate", "hosts", "--port", str(port), "--windows-port", str(windows), "--listen", f"127.0.0.1:{control}", "--world",
        begun(tmp_path, "exporters-dead"), "--guests-first-address", "127.17.0.1")
    wait_for(lambda: fetch(f"http://127.0.0.2:{port}/metrics").status == 200, 20, "hosts")
    with pytest.raises(OSError):
        fetch(f"http://127.0.0.3:{port}/metrics")
    rows = fetch(f"http://127.0.0.1:{control}/api/v1/guests").json["guests"]
    assert [guest for guest in rows if guest["node"] == "pve2" and guest["exporter"]] == []
    assert [guest for guest in rows if guest["node"] == "pve1" and guest["exporter"]]

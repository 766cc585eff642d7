"""Tests of the slow sources' oracle, so that an error in it is not taken for one of the exporter.

The expected numbers were worked out by hand from the recordings and from `handmade`.
"""

from __future__ import annotations

from typing import Any

import handmade
import pytest
from handmade import API, Answers, as_of_8_4, beside, file_system, interface, log_lines, task, vdev
from oracle import Samples
from replay import Replay
from slow_backups import runs_in_log
from slow_disks import scan, smart
from slow_guests import agent_enabled, boot_disk, memory, size, vcpus, vm_disks
from slow_oracle import SLOW_TYPES, expected_slow_samples

NOW = 1795173500

VM_100 = {"node": "pve1", "vmid": "100", "name": "web-100", "type": "qemu"}
VM_101 = {"node": "pve1", "vmid": "101", "name": "db-101", "type": "qemu"}
VM_103 = {"node": "pve1", "vmid": "103", "name": "paused-103", "type": "qemu"}
VM_110 = {"node": "pve2", "vmid": "110", "name": "app-110", "type": "qemu"}
CT_200 = {"node": "pve1", "vmid": "200", "name": "ct-200", "type": "lxc"}
CT_210 = {"node": "pve2", "vmid": "210", "name": "ct-210", "type": "lxc"}


@pytest.fixture
def recorded() -> Answers:
    """The good answers of the recordings, for a test to change."""
    return Replay.from_recordings().answers


@pytest.fixture
def rich(recorded: Answers) -> Answers:
    """The recorded answers with the handmade ones."""
    return recorded | beside(recorded)


def samples_of(answers: Answers, failures: dict[str, str] | None = None) -> Samples:
    return expected_slow_samples(answers, now=NOW, failures=failures)


def value(samples: Samples, family: str, /, **labels: str) -> float | None:
    """The value of the series with exactly these labels and the cluster."""
    return samples.get((family, frozenset({"cluster": "lab", **labels}.items())))


def of(samples: Samples, name: str, /, **labels: str) -> dict[frozenset[tuple[str, str]], float]:
    """All series of a family that have these labels, by the labels that they have beside them and the cluster."""
    known = {("cluster", "lab"), *labels.items()}
    return {own - known: number for (family, own), number in samples.items() if family == name and known <= own}


def one(labels: dict[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


# All of it


def test_every_family_is_somewhere(recorded: Answers, rich: Answers) -> None:
    families = {name for answers in (rich, as_of_8_4(recorded)) for name, _ in samples_of(answers)}
    assert families == SLOW_TYPES.keys() and len(SLOW_TYPES) == 93


def test_number_of_samples(recorded: Answers, rich: Answers) -> None:
    """Counted by source in the recordings: 13 states and an info for each of four services, and so on."""
    counts: dict[str, int] = {}
    for name, _ in samples_of(recorded):
        prefix = "_".join(name.split("_")[:2])
        counts[prefix] = counts.get(prefix, 0) + 1
    assert counts == {
        "pve_ha": 2 + 1 + 1 + 1 + 2 + 4 * (13 + 1),  # counts, quorum, manager, fencing, two lrm, four services
        "pve_replication": 8 + 2,  # the disabled job has failures and that it is disabled
        "pve_backup": 2 + 2 + 1,
        "pve_guests": 1,
        "pve_not": 6,
        "pve_vm": 2,
        "pve_guest": 6 * 3 + 4 + 5 + 2 + 3 + 2 + 2,  # config, onboot, snapshots; agents; disks; moments of snapshots; backups
        "pve_storage": 8 + 4,
        "pve_certificate": 6,
        "pve_subscription": 2 * 7,
        "pve_disk": 2,
        "pve_zfs": 2 + 4 * (6 + 7) + 9 + 3 + 1 + 2 + 2,  # arc; four pools; errors, states, data errors and scan of tank on pve1
        "pve_node": 2 * 5,
    }
    assert len(samples_of(rich)) > 350


@pytest.mark.parametrize("garbage", [None, 1, "x", {}, [1, None, "x", []]])
def test_garbage_is_a_failed_answer(rich: Answers, garbage: Any) -> None:
    for path in rich:
        assert samples_of(rich | {path: garbage}) is not None


def test_offline_nodes_are_not_asked(rich: Answers) -> None:
    rich[f"{API}/nodes/pve3/services"] = rich[f"{API}/nodes/pve1/services"]
    rich[f"{API}/nodes/pve3/qemu/120/config"] = rich[f"{API}/nodes/pve1/qemu/100/config"]
    named = {name for name, labels in samples_of(rich) if ("node", "pve3") in labels}
    assert named == {"pve_ha_service_state", "pve_ha_service_info", "pve_ha_lrm_last_seen_timestamp_seconds"}, "what the cluster says of it"


def test_templates_have_nothing_but_what_the_cluster_says(rich: Answers) -> None:
    assert {name for name, labels in samples_of(rich) if ("vmid", "102") in labels} == {"pve_not_backed_up_info"}


# Permissions


def missing(answers: Answers) -> set[tuple[str, str]]:
    return {(dict(labels)["privilege"], dict(labels)["path"]) for name, labels in samples_of(answers) if name == "pve_missing_privilege_info"}


def test_an_auditor_lacks_nothing(recorded: Answers) -> None:
    assert missing(recorded) == set()


def test_missing_privileges(recorded: Answers) -> None:
    recorded[f"{API}/access/permissions"] = {}
    assert missing(recorded) == {
        ("Sys.Audit", "/"), ("Sys.Audit", "/nodes"), ("VM.Audit", "/vms"), ("Datastore.Audit", "/storage"),
        ("VM.GuestAgent.Audit", "/vms"), ("Pool.Audit", "/pool"), ("Mapping.Audit", "/mapping"),
    }  # fmt: skip
    recorded[f"{API}/access/permissions"] = {
        "/": {"Mapping.Audit": 1, "Sys.Audit": "1"},
        "/nodes": {"Sys.Audit": 0},
        "/vms": {"VM.Audit": True, "VM.GuestAgent.Audit": 1},
        "/mapping": {"Mapping.Use": 1},
        "/storage": {"Datastore.Audit": 1},
        "/pool": {"Pool.Audit": 1},
    }
    assert missing(recorded) == {("Sys.Audit", "/nodes"), ("Mapping.Audit", "/mapping")}
    del recorded[f"{API}/access/permissions"]
    assert missing(recorded) == set(), "nobody knows"


def test_an_older_version_has_another_right_for_agents(recorded: Answers) -> None:
    old = as_of_8_4(recorded)
    assert missing(old) == {("VM.Monitor", "/vms")}
    old[f"{API}/access/permissions"]["/vms"]["VM.Monitor"] = 1
    assert missing(old) == set()


# High availability


def test_high_availability(recorded: Answers) -> None:
    samples = samples_of(recorded)
    assert value(samples, "pve_ha_resources_total") == 4
    assert value(samples, "pve_ha_resources_active") == 2
    assert value(samples, "pve_ha_quorate") == value(samples, "pve_ha_fencing_armed") == 1
    assert value(samples, "pve_ha_manager_last_seen_timestamp_seconds", node="pve1") == 1795173481
    assert value(samples, "pve_ha_lrm_last_seen_timestamp_seconds", node="pve2") == 1795173482
    service = {"node": "pve2", "vmid": "210", "type": "lxc"}
    assert value(samples, "pve_ha_service_info", request_state="started", group="", max_restart="1", max_relocate="0", **service) == 1


@pytest.mark.parametrize(
    ("node", "vmid", "kind", "state"),
    [
        ("pve1", "100", "qemu", "started"),
        ("pve3", "120", "qemu", "fence"),
        ("pve1", "200", "lxc", "newword"),
        ("pve1", "101", "qemu", "ignored"),
        ("pve2", "210", "lxc", None),
    ],
)
def test_states_of_services(rich: Answers, node: str, vmid: str, kind: str, state: str | None) -> None:
    states = of(samples_of(rich), "pve_ha_service_state", node=node, vmid=vmid, type=kind)
    assert {labels for labels, number in states.items() if number == 1} == ({one({"state": state})} if state else set())
    assert len(states) == {None: 0, "newword": 14}.get(state, 13)


def test_disarmed_and_grouped(rich: Answers) -> None:
    samples = samples_of(rich)
    assert value(samples, "pve_ha_fencing_armed") == 0
    assert value(samples, "pve_ha_resources_total") == 5 and value(samples, "pve_ha_resources_active") == 1
    service = {"node": "pve1", "vmid": "100", "type": "qemu"}
    assert value(samples, "pve_ha_service_info", request_state="started", group="prefer-1", max_restart="3", max_relocate="2", **service) == 1


# Replication


def test_replication(rich: Answers) -> None:
    samples = samples_of(rich)
    failing = {"node": "pve1", "vmid": "100", "job_id": "100-0", "target": "pve2"}
    disabled = {"node": "pve1", "vmid": "101", "job_id": "101-0", "target": "pve2"}
    well = {"node": "pve2", "vmid": "110", "job_id": "110-0", "target": "pve1"}
    fresh = {"node": "pve2", "vmid": "210", "job_id": "210-0", "target": "pve3"}
    table: dict[str, tuple[float | None, ...]] = {
        "last_sync_timestamp": (1795170000, None, 1795172400, None),
        "last_sync_timestamp_seconds": (1795170000, None, 1795172400, None),
        "last_try_timestamp_seconds": (1795173360, None, 1795172400, None),
        "next_sync_timestamp_seconds": (1795175160, None, 1795173300, 1795174200),
        "failed_syncs": (4, 0, 0, 0),
        "last_duration_seconds": (0.008804, None, 3.214562, None),
        "status": (0, None, 1, 1),
        "enabled": (1, 0, 1, 1),
    }
    for family, expected in table.items():
        assert tuple(value(samples, f"pve_replication_{family}", **job) for job in (failing, disabled, well, fresh)) == expected, family


@pytest.mark.parametrize(("row", "status"), [({"fail_count": 0, "error": "x"}, 0), ({"fail_count": "1"}, 0), ({}, None), ({"fail_count": 0, "error": ""}, 1)])
def test_status_of_replication(recorded: Answers, row: dict[str, Any], status: int | None) -> None:
    recorded[f"{API}/nodes/pve2/replication"] = [{"id": "1-0", "guest": 1, "target": "b", **row}]
    assert value(samples_of(recorded), "pve_replication_status", node="pve2", vmid="1", job_id="1-0", target="b") == status


# Backups


def test_backup_jobs(rich: Answers) -> None:
    samples = samples_of(rich)
    infos = {
        "backup-daily": ("02:30", "nas", "snapshot", "vmid:100,101,200"),
        "backup-all": ("sat 18:15", "nas", "stop", "all"),
        "backup-off": ("sun 03:00", "nas", "", "pool:prod"),
    }
    for job, (schedule, storage, mode, selection) in infos.items():
        assert value(samples, "pve_backup_job_info", job_id=job, schedule=schedule, storage=storage, mode=mode, selection=selection) == 1
    assert of(samples, "pve_backup_job_enabled") == {one({"job_id": "backup-daily"}): 1, one({"job_id": "backup-all"}): 1, one({"job_id": "backup-off"}): 0}
    assert of(samples, "pve_backup_job_next_run_timestamp_seconds") == {one({"job_id": "backup-daily"}): 1795224600, one({"job_id": "backup-all"}): 1795284900}


def test_a_long_list_of_guests_is_no_label(recorded: Answers) -> None:
    for count, selection in ((50, "vmid:" + ",".join(str(100 + index) for index in range(50))), (51, "vmid:51 guests")):
        vmids = ",".join(str(100 + index) for index in range(count))
        recorded[f"{API}/cluster/backup"] = [{"id": "job", "vmid": vmids, "schedule": "02:30", "storage": "nas", "mode": "snapshot"}]
        assert value(samples_of(recorded), "pve_backup_job_info", job_id="job", schedule="02:30", storage="nas", mode="snapshot", selection=selection) == 1


def test_backup_gaps(recorded: Answers) -> None:
    samples = samples_of(recorded)
    assert value(samples, "pve_guests_not_backed_up") == 6
    assert value(samples, "pve_not_backed_up_info", vmid="120", name="far-120", type="qemu") == 1
    recorded[f"{API}/cluster/backup-info/not-backed-up"] = []
    assert value(samples_of(recorded), "pve_guests_not_backed_up") == 0


def test_backups_of_the_recorded_tasks(recorded: Answers) -> None:
    samples = samples_of(recorded)
    assert value(samples, "pve_vm_last_backup_timestamp", **VM_100) == 1795173470, "a warning is no failure"
    assert value(samples, "pve_guest_last_backup_timestamp_seconds", **VM_110) == 1795173470, "it ran on another node than the guest is on"
    assert value(samples, "pve_guest_last_backup_success", **VM_101) == 0
    assert value(samples, "pve_vm_last_backup_timestamp", **VM_101) is None


@pytest.mark.parametrize(
    ("guest", "end", "duration", "success"),
    [
        (VM_100, 1795138284, 83, 1),  # 02:31:24 local, an hour ahead
        (VM_101, 1795051760, 60, 0),  # the newest run failed, an older one did not
        (CT_200, 1795138320, 35, 1),
        (VM_110, 1795052000, 200, 0),  # good on pve1, newer and bad on pve2
    ],
)
def test_backups_of_a_batch(rich: Answers, guest: dict[str, str], end: float, duration: float, success: float) -> None:
    samples = samples_of(rich)
    family = "pve_vm_last_backup_timestamp" if guest["type"] == "qemu" else "pve_lxc_last_backup_timestamp"
    assert value(samples, family, **guest) == value(samples, "pve_guest_last_backup_timestamp_seconds", **guest) == end
    assert value(samples, "pve_guest_last_backup_duration_seconds", **guest) == duration
    assert value(samples, "pve_guest_last_backup_success", **guest) == success


def test_a_running_backup_says_nothing(rich: Answers) -> None:
    assert value(samples_of(rich), "pve_guest_last_backup_success", **VM_103) is None


def test_last_run_of_a_job(rich: Answers) -> None:
    samples = samples_of(rich)
    assert of(samples, "pve_backup_job_last_run_success") == {one({"job_id": "backup-daily"}): 0}
    assert of(samples, "pve_backup_job_last_run_timestamp_seconds") == {one({"job_id": "backup-daily"}): 1795138320}


def test_a_job_that_failed_on_one_node_did_not_succeed(rich: Answers) -> None:
    upid = "UPID:pve2:00000001:00000002:6AFFA0DA:vzdump::root@pam:"
    rich[f"{API}/nodes/pve2/tasks?typefilter=vzdump&source=all"] = [task("pve2", "", 1795138202, 1795138500, "OK", upid)]
    rich[f"{API}/nodes/pve2/tasks/{upid}/log"] = log_lines(["INFO: starting new backup job: vzdump 110 --job-id backup-daily --quiet 1"])
    samples = samples_of(rich)
    assert value(samples, "pve_backup_job_last_run_success", job_id="backup-daily") == 0
    assert value(samples, "pve_backup_job_last_run_timestamp_seconds", job_id="backup-daily") == 1795138500
    rich[f"{API}/nodes/pve2/tasks?typefilter=vzdump&source=all"][0]["starttime"] += 86400
    assert value(samples_of(rich), "pve_backup_job_last_run_success", job_id="backup-daily") == 1, "the next day's run"


@pytest.mark.parametrize(
    ("local", "start"),
    [
        ("2026-11-20 02:30:02", 1795138200),  # an hour ahead, and the log began two seconds late
        ("2026-11-20 07:15:00", 1795138200),  # five hours and three quarters, as in Nepal
        ("2026-11-19 17:30:00", 1795138200),  # eight hours behind
        ("2026-11-20 01:31:00", 1795138200),
    ],
)
def test_local_times_of_a_log(local: str, start: float) -> None:
    lines = ["INFO: Starting Backup of VM 7 (lxc)", f"INFO: Backup started at {local}", "INFO: Finished Backup of VM 7 (100:01:00)"]
    (run,) = runs_in_log(lines, start)
    assert run.end is not None and 0 <= run.end - start - 360060 <= 60 and run.good and run.duration == 360060


@pytest.mark.parametrize(
    ("lines", "results"),
    [
        ([], []),
        (["INFO: Starting Backup of VM 7 (lxc)", "INFO: Backup started at 2026-11-20 02:30:02"], []),
        (["INFO: Finished Backup of VM 7 (00:00:01)"], []),
        (["INFO: Starting Backup of VM 7 (lxc)", "INFO: Backup started at 2026-11-20 02:30:00", "ERROR: Backup of VM 7 failed - no"], [(False, 1795138200)]),
        (
            ["INFO: Starting Backup of VM 7 (lxc)", "INFO: Backup started at 2026-11-20 02:30:00", "ERROR: Backup of VM 7 failed - no", "INFO: Failed at 2026-11-20 02:30:09"],
            [(False, 1795138209)],
        ),
    ],
)  # fmt: skip
def test_logs_that_break_off(lines: list[str], results: list[tuple[bool, float]]) -> None:
    assert [(run.good, run.end) for run in runs_in_log(lines, 1795138200)] == results


# The nodes


def test_storages(recorded: Answers) -> None:
    samples = samples_of(recorded)
    nas, gone, off = ({"node": "pve1", "storage": name, "type": "dir"} for name in ("nas", "gone", "off"))
    assert value(samples, "pve_storage_available_bytes", **nas) == 76099416064
    assert value(samples, "pve_storage_available_bytes", **gone) is value(samples, "pve_storage_available_bytes", **off) is None
    assert [value(samples, "pve_storage_enabled", **storage) for storage in (nas, gone, off)] == [1, 1, 0]


def test_the_certificate_that_is_served(rich: Answers) -> None:
    samples = samples_of(rich)
    assert value(samples, "pve_certificate_not_after_timestamp_seconds", node="pve1") == 1801776000
    assert value(samples, "pve_certificate_expiry_seconds", node="pve1") == 1801776000 - NOW
    assert value(samples, "pve_certificate_not_after_timestamp_seconds", node="pve2") == 1858157685, "pve-ssl.pem, not the authority"
    labels = {"filename": "pveproxy-ssl.pem", "fingerprint": "A1:B2", "subject": "/CN=pve1.example.org", "issuer": "/C=US/O=Let's Encrypt/CN=R11"}
    assert of(samples, "pve_certificate_info", node="pve1") == {one(labels): 1}


def test_subscriptions(rich: Answers) -> None:
    samples = samples_of(rich)
    assert value(samples, "pve_subscription_info", node="pve1", level="c", product="Proxmox VE Community Subscription 1 CPU/year") == 1
    assert value(samples, "pve_subscription_info", node="pve2", level="", product="") == 1
    assert [value(samples, "pve_subscription_status", node="pve1", status=status) for status in ("active", "notfound")] == [1, 0]
    assert [value(samples, "pve_subscription_status", node="pve2", status=status) for status in ("active", "notfound")] == [0, 1]
    assert of(samples, "pve_subscription_next_due_timestamp_seconds") == {one({"node": "pve1"}): 1803859200}


@pytest.mark.parametrize("day", ["2027-02-30", "2027-3-1", "2027-03-01T00:00", "", "never", 20270301])
def test_a_day_that_is_none(rich: Answers, day: Any) -> None:
    rich[f"{API}/nodes/pve1/subscription"]["nextduedate"] = day
    assert of(samples_of(rich), "pve_subscription_next_due_timestamp_seconds") == {}


def test_services(rich: Answers) -> None:
    services = {one({"service": name}): number for name, number in (("pveproxy", 1), ("pve-ha-crm", 0), ("pve-firewall", 0))}
    assert of(samples_of(rich), "pve_node_service_running", node="pve1") == services


def test_updates(rich: Answers) -> None:
    assert of(samples_of(rich), "pve_node_updates_pending") == {one({"node": "pve1"}): 2, one({"node": "pve2"}): 0}


def test_updates_that_may_not_be_seen_are_not_none(recorded: Answers) -> None:
    assert of(samples_of(recorded), "pve_node_updates_pending") == {}


def test_statistics(recorded: Answers, rich: Answers) -> None:
    samples = samples_of(recorded)
    assert value(samples, "pve_node_pressure_cpu_some_ratio", node="pve1") == pytest.approx(0.92156)
    assert value(samples, "pve_node_pressure_io_some_ratio", node="pve2") == pytest.approx(0.00181666666666667)
    newest = {name: value(samples_of(rich), f"pve_node_pressure_{name}_ratio", node="pve1") for name in ("cpu_some", "io_some", "io_full", "memory_some", "memory_full")}
    assert newest == pytest.approx({"cpu_some": 0.125, "io_some": 0.0075, "io_full": 0.005, "memory_some": 0.0025, "memory_full": 0.05})
    assert value(samples_of(rich), "pve_zfs_arc_size_bytes", node="pve1") == 8123456000


# Disks


def test_disks(rich: Answers) -> None:
    samples = samples_of(rich)
    labels = {"node": "pve1", "device": "sdb", "model": "ST8000NM000A-2KE101", "serial": "WSD00002", "type": "hdd"}
    found = {name.removeprefix("pve_disk_"): number for (name, own), number in samples.items() if labels.items() <= dict(own).items()}
    assert found == {"health_status": 0, "capacity_bytes": 8001563222016, "temperature_celsius": 38, "power_on_hours": 51873}
    bare = {"node": "pve1", "device": "vda", "model": "unknown", "serial": "unknown", "type": "unknown"}
    assert {name for name, own in samples if bare.items() <= dict(own).items()} == {"pve_disk_capacity_bytes"}
    nvme = {"node": "pve1", "device": "nvme0n1", "model": "Samsung SSD 980 PRO 2TB", "serial": "S6B0NL0W000003", "type": "nvme"}
    assert value(samples, "pve_disk_wearout_left_ratio", **nvme) == 0.97


@pytest.mark.parametrize(
    ("answer", "temperature", "hours", "written", "spare", "used"),
    [
        (handmade.ATA_SSD, 33, 13441, 54631284321 * 512, None, None),
        (handmade.ATA_HDD, 38, 51873, None, None, None),
        (handmade.ATA_INTEL, 24, None, 1270356 * 33554432, None, None),
        (handmade.ATA_CRUCIAL, None, 8012, 9021340122 * 512, None, None),
        (handmade.ATA_GIB, None, None, 7421 * 1073741824, None, None),
        (handmade.NVME, 36, 1234, 6320987136000, 100, 3),
        (handmade.SAS, 28, 33241, None, None, 2),
        ({"health": "UNKNOWN"}, None, None, None, None, None),
        (None, None, None, None, None, None),
    ],
    ids=["ATA", "ATA, 194 before 190", "32 MiB", "246", "GiB", "NVMe", "SAS", "unknown", "failed"],
)
def test_smart(answer: Any, temperature: float, hours: float, written: float, spare: float, used: float) -> None:
    expected = {
        "pve_disk_temperature_celsius": temperature,
        "pve_disk_power_on_hours": hours,
        "pve_disk_data_written_bytes": written,
        "pve_disk_available_spare_percent": spare,
        "pve_disk_percentage_used": used,
    }
    found = smart(answer)
    assert {family: found.get(family) for family in expected} == expected


@pytest.mark.parametrize(("health", "status"), [("PASSED", 1), ("OK", 1), ("FAILED!", 0), ("UNKNOWN", None), (None, None), ("", None)])
def test_health_of_a_disk(recorded: Answers, health: str | None, status: float | None) -> None:
    recorded[f"{API}/nodes/pve1/disks/list"] = [{"devpath": "/dev/sda", "health": health}]
    assert value(samples_of(recorded), "pve_disk_health_status", node="pve1", device="sda", model="", serial="", type="") == status


# ZFS


def test_pools(recorded: Answers) -> None:
    samples = samples_of(recorded)
    tank = {"node": "pve1", "pool": "tank"}
    numbers = {"health_status": 0, "size_bytes": 7988639170560, "alloc_bytes": 7100000000000, "free_bytes": 888639170560, "frag_percent": 41, "dedup_ratio": 1}
    for family, number in numbers.items():
        assert value(samples, f"pve_zfs_pool_{family}", **tank) == number
    assert [value(samples, "pve_zfs_pool_state", state=state, **tank) for state in ("DEGRADED", "ONLINE")] == [1, 0]
    assert value(samples, "pve_zfs_pool_last_scrub_timestamp_seconds", **tank) == 1794705964
    assert value(samples, "pve_zfs_pool_last_scrub_errors", **tank) == value(samples, "pve_zfs_pool_data_errors", **tank) == 0
    bad = {"vdev": "ata-B-part1", **tank}
    assert [value(samples, "pve_zfs_vdev_errors_total", kind=kind, **bad) for kind in ("read", "write", "checksum")] == [3, 121, 0]
    assert value(samples, "pve_zfs_vdev_online", **bad) == 0
    assert of(samples, "pve_zfs_pool_scrub_running", node="pve1", pool="rpool") == {}, "its answer holds nothing"


def test_vdevs(rich: Answers) -> None:
    samples = samples_of(rich)
    assert of(samples, "pve_zfs_vdev_online", node="pve1", pool="tank") == {
        one({"vdev": vdev}): online
        for vdev, online in (
            ("raidz1-0", 0), ("spare-1", 0), ("ata-A-part1", 1), ("ata-B-part1", 0), ("ata-S-part1", 1), ("ata-T-part1", 1),
            ("nvme0n1p5", 1),
        )
    }  # fmt: skip
    errors = of(samples, "pve_zfs_vdev_errors_total", node="pve1", pool="tank", vdev="ata-S-part1")
    assert errors == {one({"kind": kind}): 0 for kind in ("read", "write", "checksum")}, "those of the row in use"
    assert of(samples, "pve_zfs_vdev_errors_total", node="pve1", pool="tank", vdev="ata-T-part1") == {}


def test_times_of_pools_are_the_nodes(rich: Answers) -> None:
    samples = samples_of(rich)
    assert value(samples, "pve_zfs_pool_last_scrub_timestamp_seconds", node="pve1", pool="rpool") == 1794101225, "an hour before 02:27:05"
    assert value(samples, "pve_zfs_pool_last_scrub_errors", node="pve1", pool="rpool") == 2
    assert value(samples, "pve_zfs_pool_data_errors", node="pve1", pool="rpool") == 3


@pytest.mark.parametrize(
    ("words", "scrub", "resilver", "progress", "last", "errors"),
    [
        ("none requested", 0, 0, None, None, None),
        (handmade.SCRUBBED, 0, 0, None, 1794104825, 2),
        ("scrub repaired 0B in 0 days 00:00:12 with 0 errors on Sun Nov 15 01:26:04 2026", 0, 0, None, 1794705964, 0),
        ("scrub repaired 0 in 1h2m with 0 errors on Sun Nov 15 01:26:04 2026", 0, 0, None, 1794705964, 0),
        (handmade.SCRUBBING, 1, 0, 0.1691, None, None),
        ("scrub in progress since Sun Nov 15 01:26:04 2026 1.2T scanned at 1G/s, 1.1T issued at 1G/s, 6T total 0B repaired, 0.00% done, no estimated completion time", 1, 0, 0, None, None),
        (handmade.PAUSED, 0, 0, 0.275, None, None),
        (handmade.CANCELED, 0, 0, None, None, None),
        (handmade.RESILVERING, 0, 1, 0.1705, None, None),
        (handmade.RESILVERED, 0, 0, None, None, None),
        ("resilver canceled on Thu Nov 19 20:01:00 2026", 0, 0, None, None, None),
        (handmade.REBUILDING, 0, 1, 0.25, None, None),
        ("resilvered (mirror-0) 12.3G in 00:02:11 with 0 errors on Mon Nov 16 08:00:30 2026", 0, 0, None, None, None),
        (handmade.ERROR_SCRUB, None, None, None, None, None),
        ("", None, None, None, None, None),
    ],
)  # fmt: skip
def test_scans(words: str, scrub: float | None, resilver: float | None, progress: float | None, last: float | None, errors: float | None) -> None:
    found = scan(words, 0)
    assert found.get("pve_zfs_pool_scrub_running") == scrub and found.get("pve_zfs_pool_resilver_running") == resilver
    assert found.get("pve_zfs_pool_scan_progress_ratio") == (None if progress is None else pytest.approx(progress))
    assert found.get("pve_zfs_pool_last_scrub_timestamp_seconds") == last
    assert found.get("pve_zfs_pool_last_scrub_errors") == errors


@pytest.mark.parametrize(
    ("words", "number"), [("No known data errors", 0), ("1 data errors, use '-v' for a list", 1), ("List of errors unavailable: pool I/O is currently suspended", None), (None, None)]
)  # fmt: skip
def test_data_errors(rich: Answers, words: str | None, number: float | None) -> None:
    rich[f"{API}/nodes/pve2/disks/zfs/rpool"]["errors"] = words
    assert value(samples_of(rich), "pve_zfs_pool_data_errors", node="pve2", pool="rpool") == number


def test_a_state_that_is_new_is_one_more(rich: Answers) -> None:
    rich[f"{API}/nodes/pve2/disks/zfs"][0] |= {"health": "NEWWORD", "name": "rpool"}
    states = of(samples_of(rich), "pve_zfs_pool_state", node="pve2", pool="rpool")
    assert len(states) == 8 and sum(states.values()) == 1 and states[one({"state": "NEWWORD"})] == 1


def test_a_vdev_without_a_state_is_neither(rich: Answers) -> None:
    rich[f"{API}/nodes/pve2/disks/zfs/rpool"]["children"] = [vdev("rpool", "ONLINE", (0, 0, 0), vdev("sda", None, (1, 1, 1)))]
    samples = samples_of(rich)
    assert of(samples, "pve_zfs_vdev_online", pool="rpool", node="pve2") == {}
    assert len(of(samples, "pve_zfs_vdev_errors_total", pool="rpool", node="pve2")) == 3


# Ceph, mappings, the quorum device


def test_ceph(rich: Answers) -> None:
    samples = samples_of(rich)
    numbers = {"health_status": 1, "total_bytes": 5999102869504, "used_bytes": 15582887936, "available_bytes": 5983519981568, "osds": 6, "osds_up": 5, "osds_in": 6}
    assert {family: value(samples, f"pve_ceph_{family}") for family in numbers} == numbers
    assert value(samples, "pve_ceph_monitors_in_quorum") == 2
    assert of(samples, "pve_ceph_pgs") == {one({"state": "active+clean"}): 87, one({"state": "active+undersized+degraded"}): 42}
    assert value(samples, "pve_ceph_health_check_info", check="OSD_DOWN", severity="HEALTH_WARN") == 1


def test_older_ceph_nests_its_osds(rich: Answers) -> None:
    status = rich[f"{API}/cluster/ceph/status"]
    status["osdmap"] = {"osdmap": status["osdmap"] | {"num_up_osds": 4}}
    samples = samples_of(rich)
    assert (value(samples, "pve_ceph_osds"), value(samples, "pve_ceph_osds_up")) == (6, 4)


@pytest.mark.parametrize(("word", "number"), [("HEALTH_OK", 0), ("HEALTH_ERR", 2), ("HEALTH_NEW", None), (None, None)])
def test_health_of_ceph(rich: Answers, word: str | None, number: float | None) -> None:
    rich[f"{API}/cluster/ceph/status"]["health"]["status"] = word
    assert value(samples_of(rich), "pve_ceph_health_status") == number


def test_without_ceph_there_is_nothing(recorded: Answers) -> None:
    assert not [name for name, _ in samples_of(recorded) if "ceph" in name]


def test_mappings(rich: Answers) -> None:
    rich[f"{API}/cluster/mapping/pci"][0]["map"].append("id=1:2,node=pve2,path=0000:42:00.0;0000:42:00.1")
    assert of(samples_of(rich), "pve_pci_mapping_info", mapping="gpu") == {
        one({"node": node, "address": address}): 1
        for node, address in (("pve1", "0000:01:00.0"), ("pve2", "0000:41:00.0"), ("pve2", "0000:42:00.0"), ("pve2", "0000:42:00.1"))
    }


@pytest.mark.parametrize(("answer", "up"), [({"State": "Connected"}, 1), ({"State": "Connecting"}, 0), ({}, None), (None, None)])
def test_quorum_device(recorded: Answers, answer: Any, up: float | None) -> None:
    assert value(samples_of(recorded | {f"{API}/cluster/config/qdevice": answer}), "pve_qdevice_up") == up


# Guests


@pytest.mark.parametrize(
    ("guest", "ostype", "cpus", "gigabytes", "tags", "disk_type"),
    [
        (VM_100, "l26", "3", "5.859375", "prod;web", "dir"),
        (VM_101, "l26", "4", "2", "", "dir"),
        (VM_103, "other", "1", "0.0625", "", ""),
        (CT_200, "debian", "", "0.25", "", "dir"),
        (CT_210, "alpine", "2", "0.5", "", "dir"),
    ],
)
def test_configuration(rich: Answers, guest: dict[str, str], ostype: str, cpus: str, gigabytes: str, tags: str, disk_type: str) -> None:
    labels = {"ostype": ostype, "vcpus": cpus, "memory_gb": gigabytes, "tags": tags, "disk_type": disk_type}
    assert of(samples_of(rich), "pve_guest_config_info", **guest) == {one(labels): 1}


def test_disks_of_guests(rich: Answers) -> None:
    samples = samples_of(rich)
    assert of(samples, "pve_guest_disk_size_bytes", **VM_100) == {
        one({"device": "virtio0", "storage": "nas", "volume": "100/vm-100-disk-0.qcow2"}): 4294967296,
        one({"device": "virtio1", "storage": "nas", "volume": "100/vm-100-disk-1.qcow2"}): 1610612736,
        one({"device": "efidisk0", "storage": "local", "volume": "100/vm-100-disk-2.qcow2"}): 540672,
    }
    assert of(samples, "pve_guest_disk_size_bytes", **CT_200) == {
        one({"device": "rootfs", "storage": "local", "volume": "200/vm-200-disk-0.raw"}): 1073741824,
        one({"device": "mp0", "storage": "nas", "volume": "200/vm-200-disk-1.raw"}): 21474836480,
    }


def test_start_at_boot_and_agent(rich: Answers) -> None:
    samples = samples_of(rich)
    assert [value(samples, "pve_guest_onboot", **guest) for guest in (VM_100, VM_101, CT_200, CT_210)] == [1, 0, 0, 0]
    assert [value(samples, "pve_guest_agent_enabled", **guest) for guest in (VM_100, VM_101, VM_103, CT_200)] == [1, 1, 0, None]


def test_passthrough(rich: Answers) -> None:
    rich[f"{API}/nodes/pve1/qemu/100/config"]["hostpci2"] = "host=0000:02:00;0000:03:00.1,rombar=0"
    assert of(samples_of(rich), "pve_guest_pci_passthrough_info", **VM_100) == {
        one({"device": device, "address": address, "mapping": mapping, "mdev": mdev}): 1
        for device, address, mapping, mdev in (
            ("hostpci0", "0000:01:00.0", "", ""), ("hostpci1", "", "gpu", "nvidia-35"), ("hostpci2", "0000:02:00", "", ""), ("hostpci2", "0000:03:00.1", "", ""),
        )
    }  # fmt: skip


@pytest.mark.parametrize(
    ("config", "cpus"), [({}, "1"), ({"cores": 4}, "4"), ({"sockets": 2, "cores": "4"}, "8"), ({"sockets": 2, "cores": 4, "vcpus": 3}, "3")]
)
def test_cpus(config: dict[str, Any], cpus: str) -> None:
    assert vcpus("qemu", config) == cpus


@pytest.mark.parametrize(
    ("config", "gigabytes"), [({}, "0.5"), ({"memory": 4096}, "4"), ({"memory": "1000"}, "0.9765625"), ({"memory": "current=2048"}, "2"), ({"memory": "x"}, "")]
)
def test_memory(config: dict[str, Any], gigabytes: str) -> None:
    assert memory(config) == gigabytes


@pytest.mark.parametrize(
    ("config", "device"),
    [
        ({}, ""),
        ({"boot": "order=net0;scsi1;scsi0", "scsi0": "a:1", "scsi1": "a:2"}, "scsi1"),
        ({"boot": "order=ide2;net0", "ide2": "a:1.iso,media=cdrom", "sata0": "a:2"}, "sata0"),
        ({"boot": "cdn", "bootdisk": "virtio1", "virtio0": "a:1", "virtio1": "a:2"}, "virtio1"),
        ({"bootdisk": "virtio9", "virtio0": "a:1", "scsi10": "a:3", "scsi2": "a:2", "efidisk0": "a:4"}, "scsi2"),
        ({"efidisk0": "a:4"}, ""),
    ],
)
def test_boot_disk(config: dict[str, Any], device: str) -> None:
    assert boot_disk(config, vm_disks(config)) == device


def test_storage_of_the_boot_disk_is_looked_for_on_the_guests_node(rich: Answers) -> None:
    for row in rich[f"{API}/cluster/resources"]:
        if row["type"] == "storage" and row["storage"] == "nas":
            row["plugintype"] = {"pve1": "nfs", "pve2": "cifs", "pve3": "rbd"}[row["node"]]
    labels = next(dict(own) for name, own in samples_of(rich) if name == "pve_guest_config_info" and ("vmid", "100") in own)
    assert labels["disk_type"] == "nfs"


@pytest.mark.parametrize(
    ("words", "number"), [("4G", 4294967296), ("528K", 540672), ("1.5T", 1649267441664), ("512", 512), ("4 G", None), ("4g", None), ("", None), (None, None)]
)
def test_size(words: str | None, number: float | None) -> None:
    assert size(words) == number


@pytest.mark.parametrize(
    ("agent", "enabled"),
    [(None, False), ("0", False), ("1", True), (1, True), ("1,type=virtio", True), ("enabled=1,fstrim_cloned_disks=1", True), ("fstrim_cloned_disks=1,enabled=0", False), ("fstrim_cloned_disks=1", False)],
)  # fmt: skip
def test_enabled_agent(agent: Any, enabled: bool) -> None:
    assert agent_enabled({"agent": agent}) == enabled


def test_snapshots(recorded: Answers, rich: Answers) -> None:
    samples = samples_of(rich)
    assert value(samples, "pve_guest_snapshots", **VM_100) == 2 and value(samples, "pve_guest_snapshots", **CT_200) == 0
    assert value(samples, "pve_guest_oldest_snapshot_timestamp_seconds", **VM_100) == 1795000100
    assert value(samples, "pve_guest_newest_snapshot_timestamp_seconds", **VM_100) == 1795100100
    assert value(samples_of(recorded), "pve_guest_snapshots", **VM_101) == 1
    assert value(samples_of(recorded), "pve_guest_newest_snapshot_timestamp_seconds", **VM_100) is None


# Agents and addresses


FSINFO = f"{API}/nodes/pve1/qemu/100/agent/get-fsinfo"


def file_systems(rich: Answers, *found: dict[str, Any]) -> dict[tuple[str, str, str], float]:
    """What is told of the size of these file systems, by mountpoint, type and device."""
    rich[FSINFO] = {"result": list(found)}
    told = of(samples_of(rich), "pve_guest_filesystem_size_bytes", **VM_100)
    return {tuple(dict(own)[key] for key in ("mountpoint", "fstype", "device")): number for own, number in told.items()}  # type: ignore[misc]


def test_file_systems(rich: Answers) -> None:
    assert file_systems(rich, *handmade.FILE_SYSTEMS) == {("/", "ext4", "/dev/sda1"): 4100000000, ("/srv", "xfs", "/dev/sdb"): 8000000000}
    assert set(of(samples_of(rich), "pve_guest_filesystem_used_bytes", **VM_100).values()) == {1500000000, 7000000000}


def test_logical_volumes_on_one_disk_are_two_file_systems(rich: Answers) -> None:
    found = [file_system("dm-0", "/", "xfs", 10, 1, "/dev/sda3"), file_system("dm-1", "/home", "xfs", 20, 2, "/dev/sda3")]
    assert file_systems(rich, *found) == {("/", "xfs", "/dev/sda3"): 10, ("/home", "xfs", "/dev/sda3"): 20}


def test_volumes_of_windows(rich: Answers) -> None:
    drive = "\\\\.\\PhysicalDrive0"
    found = [file_system("\\\\?\\Volume{1}\\", "C:\\", "NTFS", 10, 1, drive), file_system("\\\\?\\Volume{2}\\", "D:\\", "NTFS", 20, 2, drive)]
    found.append(file_system("\\\\?\\Volume{3}\\", "E:\\", "UDF", 5, 5, drive))
    assert file_systems(rich, *found) == {("C:\\", "NTFS", drive): 10, ("D:\\", "NTFS", drive): 20}


def test_disks_that_do_not_say_where_they_are(rich: Answers) -> None:
    found = [file_system("C", "C:\\", "NTFS", 10, 1, None), file_system("D", "D:\\", "NTFS", 20, 2, None), file_system("E", "E:\\", "NTFS", 30, 3)]
    assert file_systems(rich, *found) == {("C:\\", "NTFS", ""): 10, ("D:\\", "NTFS", ""): 20}


@pytest.mark.parametrize(
    ("words", "up"),
    [
        ("QEMU guest agent is not running", 0),
        ("VM 110 qmp command 'guest-ping' failed - got timeout", 0),
        ("Agent error: The command guest-get-osinfo has not been found", 1),
        ("VM 110 is not running", None),
        ("Configuration file 'nodes/pve2/qemu-server/110.conf' does not exist", None),
        (None, None),
    ],
)
def test_agents_that_do_not_answer(recorded: Answers, words: str | None, up: float | None) -> None:
    failures = {} if words is None else {f"{API}/nodes/pve2/qemu/110/agent/get-osinfo": words}
    assert value(samples_of(recorded, failures), "pve_guest_agent_up", **VM_110) == up


def test_agents_that_are_not_asked(rich: Answers) -> None:
    failures = {f"{API}/nodes/pve1/qemu/{vmid}/agent/get-fsinfo": "QEMU guest agent is not running" for vmid in (101, 103)}
    assert of(samples_of(rich, failures), "pve_guest_agent_up", **VM_101) == of(samples_of(rich, failures), "pve_guest_agent_up", **VM_103) == {}
    assert value(samples_of(rich, failures), "pve_guest_agent_up", **VM_100) == 1


def test_system(rich: Answers) -> None:
    labels = {"os": "debian", "os_name": "Debian GNU/Linux 12 (bookworm)", "os_version": "12", "kernel": "6.1.0-26-amd64"}
    assert of(samples_of(rich), "pve_guest_os_info", **VM_100) == {one(labels): 1}


def test_addresses(rich: Answers) -> None:
    samples = samples_of(rich)
    assert of(samples, "pve_guest_address_info", **VM_100) == {
        one({"interface": interface, "mac": mac, "family": family, "address": address}): 1
        for interface, mac, family, address in (
            ("eth0", "bc:24:11:aa:00:01", "ipv4", "192.0.2.100"),
            ("eth0", "bc:24:11:aa:00:01", "ipv6", "2001:db8::100"),
            ("eth0", "bc:24:11:aa:00:01", "ipv6", "fe80::be24:11ff:feaa:1"),
            ("docker0", "02:42:00:00:00:01", "ipv4", "172.17.0.1"),
        )
    }
    assert of(samples, "pve_guest_address_info", **CT_200) == {
        one({"interface": "eth0", "mac": "bc:24:11:bb:00:01", "family": family, "address": address}): 1
        for family, address in (("ipv4", "192.0.2.200"), ("ipv6", "2001:db8::200"))
    }


def test_addresses_of_an_old_container(rich: Answers) -> None:
    rich[f"{API}/nodes/pve1/lxc/200/interfaces"] = [{"name": "eth0", "hwaddr": "aa:bb", "inet": "192.0.2.7/24"}, {"name": "lo", "inet": "127.0.0.1/8"}]
    labels = {"interface": "eth0", "mac": "aa:bb", "family": "ipv4", "address": "192.0.2.7"}
    assert of(samples_of(rich), "pve_guest_address_info", **CT_200) == {one(labels): 1}


def test_loopback_of_windows(rich: Answers) -> None:
    found = [interface("Loopback Pseudo-Interface 1", None, ("ipv4", "127.0.0.1", 8), ("ipv6", "::1", 128))]
    rich[f"{API}/nodes/pve1/qemu/100/agent/network-get-interfaces"] = {"result": found}
    assert of(samples_of(rich), "pve_guest_address_info", **VM_100) == {}

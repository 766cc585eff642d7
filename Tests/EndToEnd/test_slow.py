"""What the exporter shows of its slow sources, held against the oracle; and that each defect of bigtcze/pve-exporter is mended."""

from __future__ import annotations

import copy
import subprocess
import time
from typing import Any

import handmade
import pytest
from conftest import Start
from exporting import Exporter, environment, lint_exceptions
from handmade import API, Answers, as_of_8_4, beside, disk, file_system, log_lines, task
from oracle import TYPES, difference, expected_samples
from replay import Replay
from slow_lane import EXPIRY, NOT_RECORDED, Seen, expected, wait_for_all, wait_until, watch
from slow_oracle import SLOW_TYPES


def recorded() -> Answers:
    return copy.deepcopy(Replay.from_recordings().answers)


def with_handmade(changes: Answers | None = None) -> Replay:
    """The recorded cluster with all that is handmade, and with these changes."""
    return Replay.from_recordings_and(beside(recorded()) | (changes or {}))


# Against the oracle


def test_recorded_cluster_equals_the_oracle(start: Start) -> None:
    with Replay.from_recordings() as api:
        assert len(expected(api)) > 500
        watch(start, api)
        assert [request for request in api.unexpected if not NOT_RECORDED.search(request)] == []


def test_handmade_answers_equal_the_oracle(start: Start) -> None:
    with with_handmade() as api:
        assert {name for name, _ in expected(api)} >= SLOW_TYPES.keys() - {"pve_missing_privilege_info", EXPIRY}
        watch(start, api)


def test_promtool_complains_of_what_is_written_down_and_nothing_else(start: Start) -> None:
    """Of every family that a timer may bring, and of those that come with each scrape."""
    with with_handmade() as api:
        seen = watch(start, api)
    assert {name for name, _ in seen.samples} >= SLOW_TYPES.keys() - {"pve_missing_privilege_info"}
    complaints = subprocess.run(["promtool", "check", "metrics"], input=seen.text, capture_output=True, text=True).stderr.splitlines()
    assert sorted(complaints) == lint_exceptions("/metrics", "/metrics, on timers")


def test_a_cluster_of_8_4_equals_the_oracle(start: Start) -> None:
    with Replay.from_rows(as_of_8_4(recorded())) as api:
        seen = watch(start, api)
    assert seen.value("pve_missing_privilege_info", cluster="lab") == 1
    assert seen.series("pve_missing_privilege_info") == [{"cluster": "lab", "privilege": "VM.Monitor", "path": "/vms"}]
    assert not [name for name in seen.types if "pressure" in name or name == "pve_ha_fencing_armed"]


def test_a_token_without_rights_is_told_what_it_lacks(start: Start) -> None:
    answers = recorded() | {f"{API}/access/permissions": {}}
    with Replay.from_rows(answers) as api:
        seen = watch(start, api)
    assert len(seen.series("pve_missing_privilege_info")) == 7
    assert not seen.series("pve_node_vm_count")


def test_without_an_answer_about_rights_nobody_counts_guests(start: Start) -> None:
    """A list that is not empty may be short all the same: of whom nobody can tell."""
    answers = recorded()
    del answers[f"{API}/access/permissions"]
    with Replay.from_rows(answers) as api:
        seen = Seen(Exporter(start, environment(api, slow=True)).metrics().text)
    assert not seen.series("pve_node_vm_count") and not seen.series("pve_node_lxc_count")
    assert not seen.series("pve_missing_privilege_info")


def test_the_first_scrape_has_what_comes_with_each_and_needs_no_patience(start: Start) -> None:
    with with_handmade() as api:
        seen = Seen(Exporter(start, environment(api, slow=True)).metrics().text)
        assert difference(expected_samples(api.answers), seen.samples) == [], "the counts of guests too: permissions are asked at once"
        assert {name for name in seen.types if name.startswith("pve_")} <= TYPES.keys() | SLOW_TYPES.keys()


def test_slow_sources_are_asked_once_and_not_at_each_scrape(start: Start) -> None:
    with with_handmade() as api:
        exporter = Exporter(start, environment(api, slow=True))
        wait_for_all(exporter, api)
        api.forget()
        for _ in range(5):
            exporter.metrics()
        fast = {"/version", "/cluster/status", "/cluster/resources", *(f"/nodes/{node}/{what}" for node in ("pve1", "pve2") for what in ("status", "qemu?full=1", "lxc"))}
        often = {path for path, count in api.counted().items() if count > 2}
        assert often == {API + path for path in fast}


def test_what_a_source_says_stays_when_the_next_call_would_fail(start: Start) -> None:
    """Everything but the calls of each scrape fails from now on: what was seen is still shown, with its age."""
    with with_handmade() as api:
        exporter = Exporter(start, environment(api, slow=True))
        wait_for_all(exporter, api)
        samples = expected(api)
        paths = ("/version", "/cluster/status", "/cluster/resources", "/access/permissions")
        rows = {path: data for path, data in api.answers.items() if path.removeprefix(API) in paths or path.endswith(("/status", "qemu?full=1", "/lxc"))}
        api.serve(rows)
        seen = Seen(exporter.metrics().text)
        assert difference(samples, {key: number for key, number in seen.samples.items() if key[0] != EXPIRY}, slow=True) == []


def test_only_agents_that_are_switched_on_are_asked(start: Start) -> None:
    """100 and 103 run without an agent, 101 has one and does not run: an agent that is asked holds a worker of the node for seconds."""
    with Replay.from_recordings() as api:
        watch(start, api)
        asked = {path.split("/")[6] for path in api.counted() if "/agent/" in path}
    assert asked == {"110"}


SMART_FORMS: dict[str, Any] = {
    "ata": handmade.ATA_SSD,
    "ata, 194 before 190": handmade.ATA_HDD,
    "32 MiB": handmade.ATA_INTEL,
    "attribute 246": handmade.ATA_CRUCIAL,
    "GiB": handmade.ATA_GIB,
    "nvme": handmade.NVME,
    "sas": handmade.SAS,
    "nothing": {"health": "UNKNOWN"},
}


@pytest.mark.parametrize("answer", SMART_FORMS.values(), ids=SMART_FORMS.keys())
def test_forms_of_smart(start: Start, answer: Any) -> None:
    disks = {
        f"{API}/nodes/pve1/disks/list": [disk("/dev/sda", "ssd", "M", "S", 1, answer["health"], "N/A")],
        f"{API}/nodes/pve1/disks/smart?disk=/dev/sda": answer,
    }
    with Replay.from_recordings_and(disks) as api:
        watch(start, api)


SCANS = {
    name: getattr(handmade, name)
    for name in ("SCRUBBED", "SCRUBBING", "PAUSED", "CANCELED", "RESILVERING", "RESILVERED", "REBUILDING", "ERROR_SCRUB")
} | {"NONE": "none requested", "OLD": "scrub repaired 0 in 1h2m with 0 errors on Sun Nov  1 01:26:04 2026"}


@pytest.mark.parametrize("words", SCANS.values(), ids=SCANS.keys())
def test_forms_of_scans(start: Start, words: str) -> None:
    pool = f"{API}/nodes/pve1/disks/zfs/tank"
    changes = {pool: recorded()[pool] | {"scan": words}, f"{API}/nodes/pve1/time": {"time": 1795173500, "localtime": 1795153700}}
    with Replay.from_recordings_and(changes) as api:
        watch(start, api)


def file_systems(*found: dict[str, Any]) -> Answers:
    return {f"{API}/nodes/pve1/qemu/100/agent/get-fsinfo": {"result": list(found)}}


DRIVE = "\\\\.\\PhysicalDrive0"
ODD_FORMS: dict[str, Answers] = {
    "logical volumes": file_systems(file_system("dm-0", "/", "xfs", 10, 1, "/dev/sda3"), file_system("dm-1", "/home", "xfs", 20, 2, "/dev/sda3")),
    "volumes of Windows": file_systems(
        file_system("\\\\?\\Volume{1}\\", "C:\\", "NTFS", 10, 1, DRIVE),
        file_system("\\\\?\\Volume{2}\\", "D:\\", "NTFS", 20, 2, DRIVE),
        file_system("\\\\?\\Volume{3}\\", "E:\\", "UDF", 5, 5, DRIVE),
    ),
    "disks without a device": file_systems(file_system("C", "C:\\", "NTFS", 10, 1, None), file_system("E", "E:\\", "NTFS", 30, 3)),
    "two addresses passed through": {
        f"{API}/nodes/pve1/qemu/100/config": {"name": "web-100", "cores": 1, "memory": "current=2048", "hostpci0": "host=0000:02:00;0000:03:00.1,rombar=0"}
    },
    "two addresses mapped": {f"{API}/cluster/mapping/pci": [{"id": "g", "map": ["id=1:2,node=pve2,path=0000:42:00.0;0000:42:00.1"]}]},
    "no boot order": {f"{API}/nodes/pve1/qemu/100/config": {"name": "web-100", "bootdisk": "virtio9", "virtio0": "nas:1,size=1.5T", "scsi2": "local:2,size=512K"}},
    "a disk of the node": {f"{API}/nodes/pve1/qemu/100/config": {"name": "web-100", "boot": "order=scsi0", "scsi0": "/dev/disk/by-id/ata-X,size=931G"}},
    "an old container": {f"{API}/nodes/pve1/lxc/200/interfaces": [{"name": "eth0", "hwaddr": "aa:bb", "inet": "192.0.2.7/24", "inet6": "2001:db8::7/64"}]},
    "older Ceph": {f"{API}/cluster/ceph/status": {"health": {"status": "HEALTH_ERR"}, "osdmap": {"osdmap": {"num_osds": 3, "num_up_osds": 2, "num_in_osds": 1}}}},
    "no quorum device": {f"{API}/cluster/config/qdevice": {}},
    "a date that is none": {f"{API}/nodes/pve1/subscription": {"status": "active", "nextduedate": "2027-02-30"}},
    "booleans": {
        f"{API}/cluster/backup": [{"id": "b", "enabled": True, "all": True, "next-run": "1795224600"}, {"id": "c", "enabled": False, "vmid": 100}],
        f"{API}/nodes/pve2/storage": [{"storage": "x", "type": "dir", "active": "1", "enabled": True, "avail": "7"}],
    },
}  # fmt: skip


@pytest.mark.parametrize("changes", ODD_FORMS.values(), ids=ODD_FORMS.keys())
def test_odd_forms(start: Start, changes: Answers) -> None:
    with with_handmade(changes) as api:
        watch(start, api)


def test_a_job_that_failed_on_one_node_did_not_succeed(start: Start) -> None:
    upid = "UPID:pve2:00000001:00000002:6AFFA0DA:vzdump::root@pam:"
    changes = {
        f"{API}/nodes/pve2/tasks?typefilter=vzdump&source=all": [task("pve2", "", 1795138202, 1795138500, "OK", upid)],
        f"{API}/nodes/pve2/tasks/{upid}/log": log_lines(["INFO: starting new backup job: vzdump 110 --job-id backup-daily --quiet 1"]),
    }
    with with_handmade(changes) as api:
        seen = watch(start, api)
    assert seen.value("pve_backup_job_last_run_success", job_id="backup-daily") == 0


GARBAGE: tuple[Any, ...] = (None, 1, "x", {}, [], [1, None, "x", [], {}], {"result": [[]]})


@pytest.mark.parametrize("garbage", GARBAGE, ids=repr)
def test_garbage_from_slow_sources_hurts_nothing_else(start: Start, garbage: Any) -> None:
    """Every slow answer is garbage: what comes with each scrape is as it was, and no slow family says what nobody said."""
    fast = {f"{API}{path}" for path in ("/version", "/cluster/status", "/cluster/resources", "/access/permissions")}
    answers = {path: data if path in fast or path.endswith(("/status", "qemu?full=1", "/lxc")) else garbage for path, data in recorded().items()}
    with Replay.from_rows(answers) as api:
        exporter = Exporter(start, environment(api, slow=True))
        exporter.metrics()
        wait_until(exporter, lambda _: [] if api.counts[f"{API}/nodes/pve2/lxc/210/config"] else ["not asked yet"])
        time.sleep(1)
        seen = Seen(exporter.metrics().text)
        assert difference(expected_samples(answers), seen.samples) == []


# Of martlet itself


def test_calls_ages_and_failures_are_told(start: Start) -> None:
    with Replay.from_recordings() as api:
        exporter = Exporter(start, environment(api, slow=True))
        wait_for_all(exporter, api)
        seen = Seen(exporter.metrics().text)
        configurations = sum(count for path, count in api.counted().items() if path.endswith("/config") and "/nodes/" in path)
    calls = [seen.value("martlet_proxmox_api_requests_total", endpoint=f"/nodes/*/{kind}/*/config", code="200") or 0 for kind in ("qemu", "lxc")]
    assert sum(calls) == configurations == 6, "templates and guests of offline nodes are not asked for"
    assert seen.types["martlet_proxmox_api_requests_total"] == seen.types["martlet_proxmox_source_failures_total"] == "counter"
    assert (seen.value("martlet_proxmox_api_requests_total", endpoint="/nodes/*/apt/update", code="403") or 0) >= 2
    assert (seen.value("martlet_proxmox_api_requests_total", endpoint="/cluster/ceph/status", code="500") or 0) >= 1
    assert seen.value("martlet_proxmox_source_failures_total", cluster="lab", source="updates") is not None
    ages = {(own["node"], own["source"]) for own in seen.series("martlet_proxmox_source_age_seconds", cluster="lab")}
    assert seen.value("martlet_proxmox_source_period_seconds", cluster="lab", source="ha") == 30
    for source in ("ha", "backup_jobs", "backup_gaps", "pci_mapping"):
        assert ("", source) in ages
    for source in ("replication", "backups", "storage", "certificates", "subscription", "services", "disks", "zfs", "statistics"):
        assert {("pve1", source), ("pve2", source)} <= ages
    assert all(0 <= number < 120 for (name, _), number in seen.samples.items() if name == "martlet_proxmox_source_age_seconds")


# The defects of the peer


def test_defect_01_replication_metrics_are_constants(start: Start) -> None:
    """It reads the configuration of jobs, where no state is: no last sync, duration 0, status 1."""
    with with_handmade() as api:
        seen = watch(start, api)
    assert seen.value("pve_replication_last_sync_timestamp", job_id="100-0") == 1795170000
    assert seen.value("pve_replication_last_duration_seconds", job_id="100-0") == 0.008804
    assert seen.value("pve_replication_last_duration_seconds", job_id="110-0") == 3.214562
    assert [seen.value("pve_replication_status", job_id=job) for job in ("100-0", "110-0", "101-0")] == [0, 1, None]
    assert seen.value("pve_replication_failed_syncs", job_id="100-0") == 4


def test_defect_02_idle_is_always_zero(start: Start) -> None:
    with Replay.from_recordings() as api:
        seen = watch(start, api)
        assert api.answers[f"{API}/nodes/pve1/status"]["idle"] == 0, "as the API says"
    assert seen.value("pve_node_idle", node="pve1") == pytest.approx(1 - 0.0963035019455253)


def test_defect_03_active_resources_are_those_that_are_wished_for(start: Start) -> None:
    """Three services are wished to be started; one of them is in error."""
    with Replay.from_recordings() as api:
        seen = watch(start, api)
        wished = [row for row in api.answers[f"{API}/cluster/ha/status/current"] if row.get("request_state") == "started"]
    assert len(wished) == 3
    assert seen.value("pve_ha_resources_active") == 2 and seen.value("pve_ha_resources_total") == 4


def test_defect_04_the_certificate_is_not_the_one_that_is_served(start: Start) -> None:
    with with_handmade() as api:
        seen = watch(start, api)
        now = time.time()
    assert seen.value("pve_certificate_expiry_seconds", node="pve1") == pytest.approx(1801776000 - now, abs=30)
    assert seen.value("pve_certificate_not_after_timestamp_seconds", node="pve1") == 1801776000
    assert {own["node"]: own["filename"] for own in seen.series("pve_certificate_info")} == {"pve1": "pveproxy-ssl.pem", "pve2": "pve-ssl.pem"}


def test_defect_05_absent_fields_become_zero(start: Start) -> None:
    with Replay.from_rows(as_of_8_4(recorded())) as api:
        seen = watch(start, api)
    for family in ("pve_vm_memory_host_bytes", "pve_vm_memory_free_bytes", "pve_vm_pressure_cpu_some", "pve_vm_pressure_cpu_some_ratio", "pve_lxc_pressure_io_full"):
        assert not seen.series(family), family
    assert seen.value("pve_vm_memory_used_bytes", vmid="100") == 8093696


def test_defect_06_pressure_is_said_to_be_a_ratio_and_is_percent(start: Start) -> None:
    answers = recorded()
    for row in answers[f"{API}/nodes/pve1/qemu?full=1"]:
        row["pressurecpusome"] = 12.5
    with Replay.from_recordings_and(answers) as api:
        seen = watch(start, api)
    assert seen.value("pve_vm_pressure_cpu_some", vmid="100") == 12.5
    assert seen.value("pve_vm_pressure_cpu_some_ratio", vmid="100") == 0.125
    assert "# HELP pve_vm_pressure_cpu_some Percent " in seen.text
    assert seen.value("pve_node_pressure_cpu_some_ratio", node="pve1") == pytest.approx(0.92156)


def test_defect_07_times_of_logs_are_taken_for_utc_and_old_logs_are_not_read(start: Start) -> None:
    """Eight batches; the guests of this cluster are in the six oldest. The node is five hours and a half ahead."""
    guests = ["999", "998", "100", "101", "103", "110", "200", "210"]
    changes: Answers = {f"{API}/nodes/pve2/tasks?typefilter=vzdump&source=all": []}
    tasks = []
    for index, vmid in enumerate(guests):
        begin = 1795138200 - index * 86400
        upid = f"UPID:pve1:{index:08X}:0004A000:{begin:08X}:vzdump::root@pam:"
        tasks.append(task("pve1", "", begin, begin + 61, "OK", upid))
        local = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(begin + 1 + 5.5 * 3600))
        lines = [f"INFO: Starting Backup of VM {vmid} (qemu)", f"INFO: Backup started at {local}", f"INFO: Finished Backup of VM {vmid} (00:01:00)"]
        changes[f"{API}/nodes/pve1/tasks/{upid}/log"] = log_lines(["INFO: starting new backup job: vzdump --all 1 --quiet 1", *lines])
    changes[f"{API}/nodes/pve1/tasks?typefilter=vzdump&source=all"] = tasks
    with with_handmade(changes) as api:
        seen = watch(start, api)
    ends = {own["vmid"]: seen.value("pve_guest_last_backup_timestamp_seconds", **own) for own in seen.series("pve_guest_last_backup_timestamp_seconds")}
    assert ends == {vmid: 1795138200 - index * 86400 + 61 for index, vmid in enumerate(guests) if index >= 2}


def test_defect_08_details_of_many_guests_disappear(start: Start) -> None:
    """A call for each guest, at most ten a second, ends at some three hundred; here all are in the first scrape, with a call for each node."""
    answers = recorded()
    model = next(row for row in answers[f"{API}/nodes/pve1/qemu?full=1"] if row["vmid"] == 100)
    resource = next(row for row in answers[f"{API}/cluster/resources"] if row.get("vmid") == 100)
    for vmid in range(1000, 1400):
        answers[f"{API}/nodes/pve1/qemu?full=1"].append(model | {"vmid": vmid, "name": f"g-{vmid}"})
        answers[f"{API}/cluster/resources"].append(resource | {"vmid": vmid, "name": f"g-{vmid}", "id": f"qemu/{vmid}"})
    with Replay.from_recordings_and(answers) as api:
        exporter = Exporter(start, environment(api, slow=True))
        seen = Seen(exporter.metrics().text)
        assert len(seen.series("pve_vm_balloon_actual_bytes", node="pve1")) == 402, "those, 100 and 103"
        assert len(seen.series("pve_vm_status", node="pve1")) == 403, "and 101"
        api.forget()
        exporter.metrics()
        assert api.counts[f"{API}/nodes/pve1/qemu?full=1"] == 1
        assert not [path for path in api.counted() if "/nodes/" in path and path.endswith("/status/current")]


def test_defect_09_offline_nodes_are_asked(start: Start) -> None:
    with with_handmade() as api:
        seen = watch(start, api)
        assert not [path for path in api.counted() if "/nodes/pve3" in path]
    assert seen.value("pve_node_up", node="pve3") == 0


def test_defect_10_a_clock_that_is_no_text_drops_the_status(start: Start) -> None:
    status = f"{API}/nodes/pve1/status"
    answers = recorded()
    answers[status]["cpuinfo"]["mhz"] = 0
    with Replay.from_recordings_and({status: answers[status]}) as api:
        seen = watch(start, api)
    assert seen.value("pve_node_load1", node="pve1") == 0.46
    assert seen.value("pve_node_cpu_mhz", node="pve1") is None
    assert seen.value("pve_node_cpu_mhz", node="pve2") is not None


def test_defect_11_what_is_of_a_host_is_only_there_for_the_exporters_own(start: Start) -> None:
    """Disks and ARC are there for every node that is online; a guest that moves has one series, and its thresholds do not even change."""
    with with_handmade() as api:
        exporter = Exporter(start, environment(api, slow=True))
        before = wait_for_all(exporter, api)
        for family in ("pve_disk_temperature_celsius", "pve_zfs_arc_size_bytes", "pve_node_pressure_cpu_some_ratio"):
            assert {own["node"] for own in before.series(family)} == {"pve1", "pve2"}, family
        answers = api.answers
        lists = [f"{API}/nodes/{node}/qemu?full=1" for node in ("pve1", "pve2")]
        moved = next(row for row in answers[lists[0]] if row["vmid"] == 100)
        answers[lists[0]] = [row for row in answers[lists[0]] if row is not moved]
        answers[lists[1]] = [*answers[lists[1]], moved]
        api.serve(answers)
        after = Seen(exporter.metrics().text)
    assert {own["node"] for own in before.series("pve_vm_network_in_bytes_total", vmid="100")} == {"pve1"}
    for family in ("pve_vm_network_in_bytes_total", "pve_vm_block_read_bytes_total", "pve_guest_info"):
        assert {own["node"] for own in after.series(family, vmid="100")} == {"pve2"}, family
    thresholds = {"cluster": "lab", "vmid": "100", "metric": "cpu"}
    assert before.series("pve_guest_threshold_ratio", vmid="100") == after.series("pve_guest_threshold_ratio", vmid="100") == [thresholds]

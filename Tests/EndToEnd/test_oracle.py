"""Tests of the oracle and of the replay server, so that an error in them is not taken for one of the exporter.

The expected numbers were worked out by hand from the recordings.
"""

from __future__ import annotations

import http.client
import json
import time
from collections import Counter
from contextlib import closing
from typing import Any

import pytest

from oracle import TYPES, Samples, difference, expected_samples, number, parse_exposition, text
from replay import NO_CREDENTIAL, RECORDINGS, TOKEN, WRONG_CREDENTIAL, Fault, Replay

VERSION = "/api2/json/version"
STATUS = "/api2/json/cluster/status"
RESOURCES = "/api2/json/cluster/resources"
QEMU1 = "/api2/json/nodes/pve1/qemu?full=1"
QEMU2 = "/api2/json/nodes/pve2/qemu?full=1"

WEB = {"node": "pve1", "vmid": "100", "name": "web-100", "type": "qemu"}
CONTAINER = {"node": "pve1", "vmid": "200", "name": "ct-200", "type": "lxc"}

Answers = dict[str, Any]


@pytest.fixture
def recorded() -> Answers:
    """The good answers of the recordings, for a test to change."""
    return Replay.from_recordings().answers


def value(samples: Samples, family: str, **labels: str) -> float | None:
    """The value of the series with exactly these labels, cluster "lab" unless said."""
    return samples.get((family, frozenset({"cluster": "lab", **labels}.items())))


def series_of(samples: Samples, **labels: str) -> set[str]:
    """The families with a series that has these labels among its own."""
    return {family for family, own in samples if labels.items() <= dict(own).items()}


def vm_row(**changes: Any) -> dict[str, Any]:
    return {"type": "qemu", "vmid": 100, "node": "a", "name": "g", "status": "running", **changes}


def one_node(**changes: Any) -> Answers:
    """A small standalone host named "a" with guest 100; a keyword replaces an answer, or removes it with None."""
    paths = {
        "version": VERSION,
        "status": STATUS,
        "resources": RESOURCES,
        "qemu": "/api2/json/nodes/a/qemu?full=1",
        "lxc": "/api2/json/nodes/a/lxc",
        "permissions": "/api2/json/access/permissions",
    }
    answers: dict[str, Any] = {
        "version": {"version": "8.4.1", "release": "8.4", "repoid": "abc"},
        "status": [{"type": "node", "name": "a", "online": 1, "local": 1, "nodeid": 0}],
        "resources": [{"type": "node", "node": "a", "status": "online"}, vm_row(cpu=0.25, maxcpu=4, netin=7)],
        "qemu": [vm_row(cpus=4, netin=9)],
        "lxc": [],
        "permissions": {"/vms": {"VM.Audit": 1}},
    }
    return {paths[key]: data for key, data in (answers | changes).items() if data is not None}


def of_a(answers: Answers, family: str, **labels: str) -> float | None:
    """The value of a series of node "a", whose cluster is named after it."""
    return value(expected_samples(answers), family, cluster="a", node="a", **labels)


GUEST = {"vmid": "100", "name": "g", "type": "qemu"}


# The oracle on the recordings


def test_cluster(recorded: Answers) -> None:
    samples = expected_samples(recorded)
    assert value(samples, "pve_version_info", version="9.2.11", release="9.2", repoid="14a22df35955d97d") == 1
    assert value(samples, "pve_cluster_quorate") == 1
    assert value(samples, "pve_cluster_nodes_total") == 3
    assert value(samples, "pve_cluster_nodes_online") == 2


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("pve_node_up", 1),
        ("pve_node_statistics_stale", 0),
        ("pve_node_uptime_seconds", 3006),
        ("pve_node_cpu_load", 0.0963035019455253),
        ("pve_node_cpus_total", 2),
        ("pve_node_memory_total_bytes", 25276514304),
        ("pve_node_memory_used_bytes", 2957660160),
        ("pve_node_memory_free_bytes", 22318854144),
        ("pve_node_load1", 0.46),
        ("pve_node_load5", 0.54),
        ("pve_node_load15", 0.83),
        ("pve_node_iowait", 0),
        ("pve_node_cpu_mhz", 2596.14),
        ("pve_node_cpu_cores", 2),
        ("pve_node_cpu_sockets", 1),
        ("pve_node_rootfs_total_bytes", 270553174016),
        ("pve_node_rootfs_used_bytes", 25343770624),
        ("pve_node_rootfs_free_bytes", 245209403392),
        ("pve_node_ksm_shared_bytes", 0),
        ("pve_node_swap_total_bytes", 0),
        ("pve_node_memory_available_bytes", 22260342784),
        ("pve_node_idle", 1 - 0.0963035019455253),
        ("pve_node_vm_count", 4),
        ("pve_node_lxc_count", 1),
    ],
)
def test_online_node(recorded: Answers, family: str, expected: float) -> None:
    assert value(expected_samples(recorded), family, node="pve1") == expected


def test_offline_node_is_down_and_says_no_more(recorded: Answers) -> None:
    samples = expected_samples(recorded)
    assert value(samples, "pve_node_up", node="pve3") == 0
    assert series_of(samples, node="pve3") == {"pve_node_up", "pve_guest_info"}


@pytest.mark.parametrize(
    ("node", "vmid", "name", "kind", "template", "tags", "pool"),
    [
        ("pve1", "100", "web-100", "qemu", "0", "prod;web", "prod"),
        ("pve1", "101", "db-101", "qemu", "0", "", ""),
        ("pve1", "102", "tmpl-debian12", "qemu", "1", "", ""),
        ("pve1", "103", "paused-103", "qemu", "0", "", ""),
        ("pve2", "110", "app-110", "qemu", "0", "prod", "prod"),
        ("pve3", "120", "", "qemu", "0", "", ""),
        ("pve1", "200", "ct-200", "lxc", "0", "ct", ""),
        ("pve2", "210", "ct-210", "lxc", "0", "", ""),
    ],
)
def test_guest_info(
    recorded: Answers, node: str, vmid: str, name: str, kind: str, template: str, tags: str, pool: str
) -> None:
    labels = dict(node=node, vmid=vmid, name=name, type=kind, template=template, tags=tags, pool=pool)
    assert value(expected_samples(recorded), "pve_guest_info", **labels) == 1


@pytest.mark.parametrize("vmid", ["102", "120"], ids=["template", "guest of an offline node"])
def test_has_info_and_no_values(recorded: Answers, vmid: str) -> None:
    assert series_of(expected_samples(recorded), vmid=vmid) == {"pve_guest_info"}


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("pve_vm_status", 1),
        ("pve_vm_uptime_seconds", 174),
        ("pve_vm_cpu_usage", 0.0203041267381385),
        ("pve_vm_cpus", 2),
        ("pve_vm_memory_used_bytes", 8093696),
        ("pve_vm_memory_max_bytes", 134217728),
        ("pve_vm_memory_free_bytes", None),
        ("pve_vm_disk_max_bytes", 4294967296),
        ("pve_vm_balloon_bytes", 134217728),
        ("pve_vm_balloon_actual_bytes", 134217728),
        ("pve_vm_balloon_total_bytes", None),
        ("pve_vm_pid", 32235),
        ("pve_vm_memory_host_bytes", 8093696),
        ("pve_vm_pressure_cpu_some", 0),
        ("pve_vm_pressure_memory_full_ratio", 0),
        ("pve_vm_network_in_bytes_total", 90),
        ("pve_vm_network_out_bytes_total", 0),
        ("pve_vm_disk_read_bytes_total", 512),
        ("pve_vm_balloon_major_page_faults_total", None),
    ],
)
def test_running_vm(recorded: Answers, family: str, expected: float | None) -> None:
    assert value(expected_samples(recorded), family, **WEB) == expected


def test_disk_and_nic(recorded: Answers) -> None:
    samples = expected_samples(recorded)
    scsi0 = {family: v for (family, labels), v in samples.items() if {("device", "scsi0"), ("vmid", "100")} <= labels}
    assert scsi0 == {
        "pve_vm_block_read_bytes_total": 512,
        "pve_vm_block_write_bytes_total": 0,
        "pve_vm_block_read_ops_total": 1,
        "pve_vm_block_write_ops_total": 0,
        "pve_vm_block_flush_ops_total": 0,
        "pve_vm_block_unmap_ops_total": 0,
        "pve_vm_block_failed_read_ops_total": 0,
        "pve_vm_block_failed_write_ops_total": 0,
        "pve_vm_block_read_time_seconds_total": pytest.approx(0.000194429, rel=1e-12),
        "pve_vm_block_write_time_seconds_total": 0,
        "pve_vm_block_flush_time_seconds_total": 0,
        "pve_vm_block_unmap_time_seconds_total": 0,
    }
    assert value(samples, "pve_vm_nic_in_bytes_total", interface="tap100i0", **WEB) == 90


def test_stopped_and_paused_vm(recorded: Answers) -> None:
    samples = expected_samples(recorded)
    stopped = {"node": "pve1", "vmid": "101", "name": "db-101", "type": "qemu"}
    assert value(samples, "pve_vm_status", **stopped) == 0
    assert value(samples, "pve_vm_uptime_seconds", **stopped) == 0
    assert value(samples, "pve_vm_network_in_bytes_total", **stopped) == 0
    assert value(samples, "pve_vm_disk_read_bytes_total", **stopped) is None
    assert value(samples, "pve_vm_status", node="pve1", vmid="103", name="paused-103", type="qemu") == 1


def test_container(recorded: Answers) -> None:
    samples = expected_samples(recorded)
    assert value(samples, "pve_lxc_disk_used_bytes", **CONTAINER) == 25343791104
    assert value(samples, "pve_lxc_swap_max_bytes", **CONTAINER) == 134217728
    assert not [family for family in series_of(samples, vmid="200") if "pressure" in family], "null is absent"
    assert value(samples, "pve_lxc_status", node="pve2", vmid="210", name="ct-210", type="lxc") == 0


def test_storages(recorded: Answers) -> None:
    samples = expected_samples(recorded)
    local = {"node": "pve1", "storage": "local", "type": "dir"}
    gone = {"node": "pve1", "storage": "gone", "type": "dir"}
    assert value(samples, "pve_storage_active", **local) == 1
    assert value(samples, "pve_storage_total_bytes", **local) == 270553174016
    assert value(samples, "pve_storage_used_bytes", **local) == 25342951424
    assert value(samples, "pve_storage_used_fraction", **local) == pytest.approx(0.0936708, rel=1e-6)
    assert value(samples, "pve_storage_active", **gone) == 0
    assert series_of(samples, storage="gone") == {"pve_storage_active", "pve_storage_info"}
    every_kind = "backup,images,iso,rootdir,snippets,vztmpl"
    assert value(samples, "pve_storage_info", content=every_kind, shared="0", **local) == 1
    nas = {"node": "pve2", "storage": "nas", "type": "dir"}
    assert value(samples, "pve_storage_info", content="backup,images", shared="1", **nas) == 1


def test_empty_storage_has_no_used_fraction(recorded: Answers) -> None:
    for row in recorded[RESOURCES]:
        row |= {"disk": 0, "maxdisk": 0} if row["type"] == "storage" else {}
    families = {family for family, _ in expected_samples(recorded)}
    assert "pve_storage_total_bytes" in families
    assert "pve_storage_used_fraction" not in families


def test_number_of_samples(recorded: Answers) -> None:
    by_prefix = Counter("_".join(family.split("_")[:2]) for family, _ in expected_samples(recorded))
    assert by_prefix == {
        "pve_version": 1,
        "pve_cluster": 3,
        "pve_node": 3 + 2 * 26,  # up thrice; stale, 6 of resources, 15 of status, idle, info, 2 counts
        "pve_guest": 8 + 1,  # infos, and the lock of 101
        "pve_storage": 4 * 5 + 2,  # gone is only inactive and has its info
        "pve_vm": (24 + 4 + 3 * 12 + 2 + 1) + (24 + 4 + 3 * 12 + 1) * 2 + (8 + 2 + 1),  # 100; 103 and 110 without NIC; 101 stopped
        "pve_lxc": (11 + 4 + 1) + (10 + 4 + 1),  # 210 has no pid
    }


def test_types(recorded: Answers) -> None:
    assert len(TYPES) == 117
    assert TYPES["pve_cluster_nodes_total"] == TYPES["pve_node_cpus_total"] == "gauge", "_total makes no counter"
    assert TYPES["pve_lxc_pressure_io_some_ratio"] == TYPES["pve_guest_info"] == "gauge"
    assert TYPES["pve_vm_block_read_time_seconds_total"] == TYPES["pve_lxc_network_in_bytes_total"] == "counter"
    assert sum(kind == "counter" for kind in TYPES.values()) == 24
    assert {family for family, _ in expected_samples(recorded)} <= TYPES.keys()


# The oracle on rows whose every field has its own number: the recordings have too many zeros to tell fields apart


def numbers_of(samples: Samples, **labels: str) -> dict[str, float]:
    """The values of the series that have these labels among their own, guest_info aside."""
    return {
        family: v
        for (family, own), v in samples.items()
        if labels.items() <= dict(own).items() and family != "pve_guest_info"
    }


PRESSURE_FIELDS = dict(
    pressurecpusome=51, pressurecpufull=52, pressureiosome=53, pressureiofull=54, pressurememorysome=55,
    pressurememoryfull=56,
)  # fmt: skip


def pressures(prefix: str) -> dict[str, float]:
    percents = {"cpu_some": 51, "cpu_full": 52, "io_some": 53, "io_full": 54, "memory_some": 55, "memory_full": 56}
    plain = {f"{prefix}_pressure_{name}": percent for name, percent in percents.items()}
    ratios = {f"{prefix}_pressure_{name}_ratio": percent / 100 for name, percent in percents.items()}
    return plain | ratios


def test_every_field_of_a_vm() -> None:
    balloon = dict(
        actual=21, max_mem=22, total_mem=23, mem_swapped_in=24, mem_swapped_out=25, major_page_faults=26,
        minor_page_faults=27, free_mem=98, last_update=99,
    )  # fmt: skip
    row = vm_row(
        uptime=1, cpus=2, mem=3, maxmem=4, maxdisk=5, freemem=6, balloon=7, pid=8, memhost=9, netin=10, netout=11,
        diskread=12, diskwrite=13, cpu=97, disk=96, ballooninfo=balloon, **PRESSURE_FIELDS,
    )  # fmt: skip
    assert numbers_of(expected_samples(one_node(qemu=[row])), vmid="100") == pressures("pve_vm") | {
        "pve_vm_status": 1,
        "pve_vm_ha_managed": 0,
        "pve_vm_cpu_usage": 0.25,
        "pve_vm_uptime_seconds": 1,
        "pve_vm_cpus": 2,
        "pve_vm_memory_used_bytes": 3,
        "pve_vm_memory_max_bytes": 4,
        "pve_vm_disk_max_bytes": 5,
        "pve_vm_memory_free_bytes": 6,
        "pve_vm_balloon_bytes": 7,
        "pve_vm_pid": 8,
        "pve_vm_memory_host_bytes": 9,
        "pve_vm_network_in_bytes_total": 10,
        "pve_vm_network_out_bytes_total": 11,
        "pve_vm_disk_read_bytes_total": 12,
        "pve_vm_disk_write_bytes_total": 13,
        "pve_vm_balloon_actual_bytes": 21,
        "pve_vm_balloon_max_bytes": 22,
        "pve_vm_balloon_total_bytes": 23,
        "pve_vm_balloon_mem_swapped_in_bytes": 24,
        "pve_vm_balloon_mem_swapped_out_bytes": 25,
        "pve_vm_balloon_major_page_faults_total": 26,
        "pve_vm_balloon_minor_page_faults_total": 27,
    }


def test_every_field_of_a_disk_and_a_nic() -> None:
    disk = dict(
        rd_bytes=1, wr_bytes=2, rd_operations=3, wr_operations=4, flush_operations=5, unmap_operations=6,
        failed_rd_operations=7, failed_wr_operations=8, rd_total_time_ns=9e9, wr_total_time_ns=10e9,
        flush_total_time_ns=11e9, unmap_total_time_ns=12e9, unmap_bytes=99, timed_stats=[], account_failed=True,
    )  # fmt: skip
    row = vm_row(blockstat={"virtio7": disk}, nics={"tap100i3": {"netin": 31, "netout": "32"}})
    samples = expected_samples(one_node(qemu=[row]))
    assert numbers_of(samples, device="virtio7", **GUEST) == {
        "pve_vm_block_read_bytes_total": 1,
        "pve_vm_block_write_bytes_total": 2,
        "pve_vm_block_read_ops_total": 3,
        "pve_vm_block_write_ops_total": 4,
        "pve_vm_block_flush_ops_total": 5,
        "pve_vm_block_unmap_ops_total": 6,
        "pve_vm_block_failed_read_ops_total": 7,
        "pve_vm_block_failed_write_ops_total": 8,
        "pve_vm_block_read_time_seconds_total": 9,
        "pve_vm_block_write_time_seconds_total": 10,
        "pve_vm_block_flush_time_seconds_total": 11,
        "pve_vm_block_unmap_time_seconds_total": 12,
    }
    assert numbers_of(samples, interface="tap100i3", **GUEST) == {
        "pve_vm_nic_in_bytes_total": 31,
        "pve_vm_nic_out_bytes_total": 32,
    }


def test_every_field_of_a_container() -> None:
    row = dict(
        vmid="7", name="ct", status="stopped", uptime=1, cpus=2, mem=3, maxmem=4, disk=5, maxdisk=6, swap=7, maxswap=8,
        pid=9, netin=10, netout=11, diskread=12, diskwrite=13, cpu=97, **PRESSURE_FIELDS,
    )  # fmt: skip
    assert numbers_of(expected_samples(one_node(lxc=[row])), vmid="7", type="lxc") == pressures("pve_lxc") | {
        "pve_lxc_status": 0,
        "pve_lxc_uptime_seconds": 1,
        "pve_lxc_cpus": 2,
        "pve_lxc_memory_used_bytes": 3,
        "pve_lxc_memory_max_bytes": 4,
        "pve_lxc_disk_used_bytes": 5,
        "pve_lxc_disk_max_bytes": 6,
        "pve_lxc_swap_used_bytes": 7,
        "pve_lxc_swap_max_bytes": 8,
        "pve_lxc_pid": 9,
        "pve_lxc_network_in_bytes_total": 10,
        "pve_lxc_network_out_bytes_total": 11,
        "pve_lxc_disk_read_bytes_total": 12,
        "pve_lxc_disk_write_bytes_total": 13,
    }


def test_every_field_of_the_fallback() -> None:
    fields = dict(
        status="running", cpu=0.5, uptime=1, maxcpu=2, mem=3, maxmem=4, maxdisk=5, disk=6, netin=90, netout=91,
        diskread=92, diskwrite=93, memhost=94, node="a",
    )  # fmt: skip
    rows = [
        {"type": "node", "node": "a", "status": "online"},
        {"type": "qemu", "vmid": 1, **fields},
        {"type": "lxc", "vmid": 2, **fields},
    ]
    samples = expected_samples(one_node(resources=rows, qemu=None, lxc=None))
    common = {
        "status": 1, "cpu_usage": 0.5, "cpus": 2, "memory_used_bytes": 3, "memory_max_bytes": 4,
        "disk_max_bytes": 5,
    }  # fmt: skip
    assert numbers_of(samples, vmid="1") == {f"pve_vm_{name}": v for name, v in common.items()}
    assert numbers_of(samples, vmid="2") == {
        f"pve_lxc_{name}": v for name, v in (common | {"disk_used_bytes": 6}).items()
    }


def test_every_field_of_a_node() -> None:
    answers = one_node(
        resources=[
            {"type": "node", "node": "a", "status": "online", "uptime": 1, "cpu": 2, "maxcpu": 3, "maxmem": 9, "mem": 4}
        ],
        qemu=[{"vmid": 1, "template": 1}, {"vmid": 2}, {"vmid": 2}],
    )
    answers["/api2/json/nodes/a/status"] = {
        "loadavg": ["10", "11", "12"],
        "wait": 13,
        "cpuinfo": {"mhz": "14.5", "cores": 15, "sockets": 16, "cpus": 99},
        "rootfs": {"total": 17, "used": 18, "free": 19, "avail": 98},
        "ksm": {"shared": 20},
        "swap": {"total": 21, "used": 22, "free": 23},
        "memory": {"total": 97, "used": 96, "free": 95, "available": 24},
        "pveversion": "pve-manager/8.4.1/abc",
        "current-kernel": {"release": "6.8.12-4-pve"},
    }
    info = dict(version="pve-manager/8.4.1/abc", kernel="6.8.12-4-pve", cpu_model="", boot_mode="")
    assert of_a(answers, "pve_node_info", **info) == 1
    assert numbers_of(expected_samples(answers), node="a") == {
        "pve_node_info": 1,
        "pve_node_idle": 0,  # of 1 - 2 - 13
        "pve_node_memory_available_bytes": 24,
        "pve_node_up": 1,
        "pve_node_statistics_stale": 0,
        "pve_node_uptime_seconds": 1,
        "pve_node_cpu_load": 2,
        "pve_node_cpus_total": 3,
        "pve_node_memory_total_bytes": 9,
        "pve_node_memory_used_bytes": 4,
        "pve_node_memory_free_bytes": 5,
        "pve_node_load1": 10,
        "pve_node_load5": 11,
        "pve_node_load15": 12,
        "pve_node_iowait": 13,
        "pve_node_cpu_mhz": 14.5,
        "pve_node_cpu_cores": 15,
        "pve_node_cpu_sockets": 16,
        "pve_node_rootfs_total_bytes": 17,
        "pve_node_rootfs_used_bytes": 18,
        "pve_node_rootfs_free_bytes": 19,
        "pve_node_ksm_shared_bytes": 20,
        "pve_node_swap_total_bytes": 21,
        "pve_node_swap_used_bytes": 22,
        "pve_node_swap_free_bytes": 23,
        "pve_node_vm_count": 2,
        "pve_node_lxc_count": 0,
    }


# The oracle on answers that are missing or odd


def test_cluster_name(recorded: Answers) -> None:
    def names(answers: Answers, configured: str | None = None) -> set[str]:
        return {dict(labels)["cluster"] for _, labels in expected_samples(answers, configured)}

    assert names(recorded) == {"lab"}
    assert names(recorded, "home") == {"home"}
    assert names(one_node()) == {"a"}
    assert names(one_node(status=None)) == {"a"}, "the only node of cluster/resources"
    two = [{"type": "node", "name": name, "online": 1, "local": int(name == "b")} for name in "ab"]
    assert names(one_node(status=two)) == {"b"}, "the node that answered"


def test_standalone_node_has_no_quorum() -> None:
    families = {family for family, _ in expected_samples(one_node())}
    assert "pve_cluster_quorate" not in families
    assert {"pve_cluster_nodes_total", "pve_node_up"} <= families


@pytest.mark.parametrize(("status", "up"), [("online", 1), ("offline", 0), ("unknown", None)])
def test_resources_speak_for_a_node_when_cluster_status_failed(status: str, up: int | None) -> None:
    answers = one_node(status=None, resources=[{"type": "node", "node": "a", "status": status}, vm_row(cpu=0.25)])
    assert of_a(answers, "pve_node_up") == up
    assert of_a(answers, "pve_cluster_nodes_total") is None
    assert of_a(answers, "pve_vm_cpus", **GUEST) == (4 if up else None)


def test_stale_node() -> None:
    storage = {"type": "storage", "node": "a", "storage": "s", "plugintype": "dir", "status": "available"}
    answers = one_node(resources=[{"type": "node", "node": "a", "status": "unknown", "maxmem": 10}, vm_row(), storage])
    assert of_a(answers, "pve_node_up") == of_a(answers, "pve_node_statistics_stale") == 1
    assert of_a(answers, "pve_node_memory_total_bytes") == 10
    assert of_a(answers, "pve_vm_cpus", **GUEST) == 4
    assert not series_of(expected_samples(answers), storage="s")
    assert of_a(one_node(resources=None), "pve_node_statistics_stale") is None


def test_failed_list_falls_back_to_resources_without_counters() -> None:
    answers = one_node(qemu=None)
    assert of_a(answers, "pve_vm_status", **GUEST) == 1
    assert of_a(answers, "pve_vm_cpus", **GUEST) == 4
    assert of_a(answers, "pve_vm_cpu_usage", **GUEST) == 0.25
    assert of_a(answers, "pve_vm_network_in_bytes_total", **GUEST) is None
    assert of_a(answers, "pve_node_vm_count") is None
    assert of_a(answers, "pve_node_lxc_count") == 0


@pytest.mark.parametrize(("word", "status"), [("paused", 1), ("stopped", 0), ("unknown", None), (None, None)])
def test_status_of_the_fallback(word: str | None, status: int | None) -> None:
    node = {"type": "node", "node": "a", "status": "online"}
    answers = one_node(qemu=None, resources=[node, vm_row(status=word)])
    assert of_a(answers, "pve_vm_status", **GUEST) == status


@pytest.mark.parametrize("odd", [{}, {"vmid": "x"}, 7, None], ids=repr)
def test_list_of_which_a_part_cannot_be_read(odd: Any) -> None:
    answers = one_node(qemu=[odd])
    assert of_a(answers, "pve_node_vm_count") is None and of_a(answers, "pve_node_lxc_count") == 0
    assert of_a(answers, "pve_vm_cpus", **GUEST) == 4, "who is not in it may be in the part that is lost"


def test_guest_missing_from_a_good_list_has_only_cpu() -> None:
    answers = one_node(qemu=[])
    assert series_of(expected_samples(answers), vmid="100") == {"pve_guest_info", "pve_vm_cpu_usage", "pve_vm_ha_managed"}


def test_guest_known_only_to_its_list() -> None:
    answers = one_node(resources=None)
    assert of_a(answers, "pve_guest_info", template="0", tags="", pool="", **GUEST) == 1
    assert of_a(answers, "pve_vm_network_in_bytes_total", **GUEST) == 9
    assert of_a(answers, "pve_vm_cpu_usage", **GUEST) is None


def test_guest_is_where_it_is_listed(recorded: Answers) -> None:
    """cluster/resources lags behind a migration: the guest must not be in two places."""
    moved = next(row for row in recorded[QEMU1] if row["vmid"] == 100)
    recorded[QEMU1].remove(moved)
    recorded[QEMU2].append(moved)
    samples = expected_samples(recorded)
    assert {dict(labels)["node"] for _, labels in samples if ("vmid", "100") in labels} == {"pve2"}
    assert value(samples, "pve_vm_cpu_usage", **(WEB | {"node": "pve2"})) == 0.0203041267381385


@pytest.mark.parametrize(("vmid", "owner"), [("100", "pve1"), ("110", "pve2")])
def test_resources_decide_where_a_guest_is_that_two_nodes_list(recorded: Answers, vmid: str, owner: str) -> None:
    both = recorded[QEMU1] + recorded[QEMU2]
    samples = expected_samples(recorded | {QEMU1: both, QEMU2: both})
    assert {dict(labels)["node"] for _, labels in samples if ("vmid", vmid) in labels} == {owner}


def test_last_known_name_and_tags() -> None:
    def info(row: dict[str, Any]) -> dict[str, str]:
        answers = one_node(resources=[row], qemu=None)
        samples = expected_samples(answers, last_known={"100": ("old", "x;y")})
        return next(dict(labels) for family, labels in samples if family == "pve_guest_info")

    shrunk = info({"type": "qemu", "vmid": 100, "node": "a", "status": "unknown"})
    assert (shrunk["name"], shrunk["tags"]) == ("old", "x;y")
    untagged = info(vm_row())
    assert (untagged["name"], untagged["tags"]) == ("g", ""), "a row with a name and no tags has lost its tags"


@pytest.mark.parametrize(
    ("hastate", "managed"), [("started", 1), ("error", 1), ("ignored", 0), (None, 0)]
)
def test_managed_by_high_availability(hastate: str | None, managed: int) -> None:
    node = {"type": "node", "node": "a", "status": "online"}
    answers = one_node(resources=[node, vm_row(hastate=hastate)])
    assert of_a(answers, "pve_vm_ha_managed", **GUEST) == managed


def test_a_stale_row_does_not_say_who_is_managed() -> None:
    row = {"type": "qemu", "vmid": 100, "node": "a", "status": "unknown"}
    assert of_a(one_node(resources=[row]), "pve_vm_ha_managed", **GUEST) is None


def test_lock() -> None:
    node = {"type": "node", "node": "a", "status": "online"}
    answers = one_node(resources=[node, vm_row(lock="snapshot-delete")])
    assert of_a(answers, "pve_guest_lock_info", lock="snapshot-delete", **GUEST) == 1
    assert "pve_guest_lock_info" not in {family for family, _ in expected_samples(one_node(resources=[node, vm_row(lock="")]))}


@pytest.mark.parametrize(
    ("tags", "thresholds", "muted"),
    [
        ("mon-cpu-98", {"cpu": 0.98}, set()),
        ("a;mon-cpu-98;mon-cpu-97.5;mon-mem-0", {"cpu": 0.975, "mem": 0}, set()),
        ("mon-cpu-100,mon-d1sk-07", {"cpu": 1, "d1sk": 0.07}, set()),
        ("mon-mute;mon-cpu-off", {}, {"all", "cpu"}),
        ("mon-cpu-100.1;mon-cpu-101;mon-CPU-90;mon-1cpu-90;mon-cpu-;mon-cpu-9x;mon-cpu-.5;mon-cpu-5.;mon-cpu--1;xmon-cpu-90", {}, set()),
        ("mon--off;mon-mute-;mon-", {}, set()),
    ],
)
def test_tags_for_alerts(tags: str, thresholds: dict[str, float], muted: set[str]) -> None:
    samples = expected_samples(one_node(resources=[vm_row(tags=tags, template=1)]))
    found: dict[str, dict[str, float]] = {"pve_guest_threshold_ratio": {}, "pve_guest_alerts_muted": {}}
    for (family, labels), number_ in samples.items():
        if family in found:
            assert dict(labels) == {"cluster": "a", "vmid": "100", "metric": dict(labels)["metric"]}
            found[family][dict(labels)["metric"]] = number_
    assert found == {
        "pve_guest_threshold_ratio": pytest.approx(thresholds),
        "pve_guest_alerts_muted": dict.fromkeys(muted, 1),
    }


@pytest.mark.parametrize("permissions", [None, {}, {"/": {"VM.Audit": 1}}, {"/vms": {"VM.Audit": 0}}, {"/vms": {"Sys.Audit": 1}}])
def test_without_the_right_to_see_guests_nobody_counts_them(permissions: Any) -> None:
    answers = one_node(permissions=permissions)
    assert of_a(answers, "pve_node_vm_count") is of_a(answers, "pve_node_lxc_count") is None
    assert of_a(answers, "pve_vm_cpus", **GUEST) == 4


def test_idle_needs_both() -> None:
    node = {"type": "node", "node": "a", "status": "online", "cpu": 0.25}
    answers = one_node(resources=[node])
    assert of_a(answers, "pve_node_idle") is None
    answers["/api2/json/nodes/a/status"] = {"wait": 0.125}
    assert of_a(answers, "pve_node_idle") == 0.625
    assert of_a(answers, "pve_node_info", version="", kernel="", cpu_model="", boot_mode="") is None, "not without a version"


def test_ratio_is_a_hundredth() -> None:
    answers = one_node(qemu=[vm_row(pressureiosome="12.5")])
    assert of_a(answers, "pve_vm_pressure_io_some", **GUEST) == 12.5
    assert of_a(answers, "pve_vm_pressure_io_some_ratio", **GUEST) == 0.125


def test_zero_megahertz_is_absent(recorded: Answers) -> None:
    recorded["/api2/json/nodes/pve1/status"]["cpuinfo"]["mhz"] = "0"
    assert value(expected_samples(recorded), "pve_node_cpu_mhz", node="pve1") is None


@pytest.mark.parametrize("garbage", [None, 1, "x", {}, [1, None, "x", []]])
def test_garbage_is_a_failed_answer(recorded: Answers, garbage: Any) -> None:
    for path in list(recorded):
        assert expected_samples(recorded | {path: garbage}) is not None
    assert {family for family, _ in expected_samples(dict.fromkeys(recorded, garbage))} <= {
        "pve_cluster_nodes_total",
        "pve_cluster_nodes_online",
    }


@pytest.mark.parametrize(
    ("json_value", "expected"),
    [
        (3, 3.0),
        (0.5, 0.5),
        ("0.46", 0.46),
        ("128", 128.0),
        ("-1e3", -1000.0),
        (True, 1.0),
        (False, 0.0),
        (None, None),
        ("", None),
        (" 1", None),
        ("1_0", None),
        ("nan", None),
        ("inf", None),
        ("1e999", None),
        ("0x10", None),
        ("٣", None),
        (10**400, None),
        ([], None),
        ({}, None),
    ],
)
def test_number(json_value: object, expected: float | None) -> None:
    assert number(json_value) == expected


def test_text() -> None:
    assert list(map(text, ("a", "", 12, 12.0, 1.5, True, None, []))) == [
        "a", "", "12", "12", "1.5", None, None, None,
    ]  # fmt: skip


# Reading and comparing expositions


def test_parse_exposition() -> None:
    samples, types = parse_exposition(
        "# TYPE pve_a_total counter\n"
        'pve_a_total{name="q\\"\\\\\\n"} 3\n'
        "# TYPE pve_nodes_total gauge\n"
        "pve_nodes_total 1e3\n"
    )
    assert samples == {("pve_a_total", frozenset({("name", 'q"\\\n')})): 3, ("pve_nodes_total", frozenset()): 1000}
    assert types == {"pve_a_total": "counter", "pve_nodes_total": "gauge"}


@pytest.mark.parametrize(
    "exposition",
    [
        '# TYPE a gauge\na{x="1"} 1\na{x="1"} 2\n',
        "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\na 2\n",
        '# TYPE a gauge\na{x="1"} 1\n# TYPE b gauge\nb 1\na{x="2"} 1\n',
    ],
    ids=["series twice", "family twice", "family in two blocks"],
)
def test_parse_exposition_refuses_what_a_dictionary_hides(exposition: str) -> None:
    with pytest.raises(ValueError, match="comes twice"):
        parse_exposition(exposition)


def test_difference() -> None:
    none: frozenset[tuple[str, str]] = frozenset()
    expected = {("pve_a", none): 1.0, ("pve_b", none): 2.0, ("pve_c", none): 3.0, ("up", none): 1.0}
    actual = {("pve_a", none): 1.0 + 1e-12, ("pve_b", none): 2.1, ("pve_d", frozenset({("x", "y")})): 4.0}
    assert difference(expected, actual) == [
        "differing pve_b{} expected 2.0, got 2.1",
        "missing   pve_c{} 3.0",
        "extra     pve_d{x='y'} 4.0",
    ]
    assert difference(expected, expected) == []


# The replay server


def connect(replay: Replay) -> closing[http.client.HTTPConnection]:
    return closing(http.client.HTTPConnection("127.0.0.1", int(replay.url.rpartition(":")[2]), timeout=5))


def ask(
    connection: http.client.HTTPConnection, path: str, token: str | None = TOKEN
) -> tuple[http.client.HTTPResponse, bytes]:
    """One request: the answer's head and its body."""
    connection.request("GET", path, headers={} if token is None else {"Authorization": f"PVEAPIToken={token}"})
    answer = connection.getresponse()
    return answer, answer.read()


def manifest() -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((RECORDINGS / "manifest.json").read_text())
    return entries


@pytest.mark.parametrize("entry", manifest(), ids=lambda entry: entry["name"])
def test_replay_gives_each_recorded_answer(entry: dict[str, Any]) -> None:
    refused = {"err-noauth": None, "err-noauth-resources": None, "err-token-bad-secret": "monitor@pve!exporter=wrong"}
    with Replay.from_recordings() as replay, connect(replay) as connection:
        answer, body = ask(connection, entry["path"], refused.get(entry["name"], TOKEN))
        assert (answer.status, answer.reason) == (entry["status"], entry["reason"])
        assert answer.getheader("Content-Type") == entry["content_type"]
        assert answer.getheader("Connection") == entry["connection"]
        assert body == (RECORDINGS / entry["file"]).read_bytes()
        assert replay.unexpected == []
        assert replay.counts == {entry["path"]: 1}


def test_recordings_are_whole() -> None:
    named = {entry["file"] for entry in manifest()}
    assert named | {"manifest.json", "README.md"} == {file.name for file in RECORDINGS.iterdir()}
    assert {entry["reason"] for entry in manifest() if entry["status"] == 401} == {NO_CREDENTIAL, WRONG_CREDENTIAL}


def test_replay_keeps_a_connection_and_remembers_what_is_unexpected() -> None:
    with Replay.from_recordings() as replay, connect(replay) as connection:
        ask(connection, VERSION)
        socket = connection.sock
        ask(connection, VERSION)
        assert connection.sock is socket, "kept alive"
        answer, _ = ask(connection, "/api2/json/cluster/resources?type=node")
        assert answer.status == 501
        assert replay.unexpected == ["GET /api2/json/cluster/resources?type=node"]
        assert replay.counts[VERSION] == 2


def test_replay_leaves_to_the_client_how_it_writes_a_query() -> None:
    with Replay.from_recordings() as replay, connect(replay) as connection:
        for path in (
            "/api2/json/nodes/pve1/disks/smart?disk=%2Fdev%2Fvda",
            "/api2/json/nodes/pve1/rrddata?cf=AVERAGE&timeframe=hour",
            "/api2/json/nodes/pve1/tasks?typefilter=vzdump&source=archive&limit=500&since=1",
        ):
            answer, body = ask(connection, path)
            assert (answer.status, replay.counts[path]) == (200, 1)
            assert json.loads(body)["data"], path
        for path in ("/api2/json/nodes/pve1/tasks", "/api2/json/nodes/pve1/disks/smart?disk=/dev/sda", "/api2/json/cluster/status?type=node"):
            answer, _ = ask(connection, path)
            assert answer.status == 501, path


def test_replay_has_handmade_answers_beside_the_recorded() -> None:
    replay = Replay.from_recordings_and({VERSION: {"version": "1"}, "/api2/json/new": []})
    assert replay.answers[VERSION] == {"version": "1"} and replay.answers["/api2/json/new"] == []
    assert replay.answers[STATUS] == Replay.from_recordings().answers[STATUS]


def test_replay_knows_why_an_answer_failed() -> None:
    failures = Replay.from_recordings().failures
    assert "QEMU guest agent is not running" in failures["/api2/json/nodes/pve2/qemu/110/agent/get-fsinfo"]
    assert not any("pve3" in path for path in failures), "no answer of the API itself"


def test_slow_families_are_compared_only_if_asked_for() -> None:
    key = ("pve_qdevice_up", frozenset({("cluster", "lab")}))
    assert difference({}, {key: 1.0}) == []
    assert difference({}, {key: 1.0}, slow=True) == ["extra     pve_qdevice_up{cluster='lab'} 1.0"]


def test_replay_delays_a_refusal() -> None:
    with Replay.from_recordings(unauthorized_delay_seconds=0.2) as replay, connect(replay) as connection:
        begin = time.monotonic()
        answer, _ = ask(connection, VERSION, None)
        assert answer.status == 401
        assert time.monotonic() - begin >= 0.2


def test_replay_serves_handmade_rows() -> None:
    rows = {VERSION: {"version": "1"}, STATUS: [None, "ü"]}
    with Replay.from_rows(rows) as replay, connect(replay) as connection:
        _, body = ask(connection, STATUS)
        assert json.loads(body) == {"data": [None, "ü"]}
        assert replay.answers == rows


@pytest.mark.parametrize(
    ("fault", "status", "reason", "body"),
    [
        (Fault(body=b"<html>"), 200, "OK", b"<html>"),
        (Fault(status=596, reason="Connection timed out", body=b""), 596, "Connection timed out", b""),
        (Fault(raw=b"HTTP/1.1 200 Fine\r\n\r\nuntil the end"), 200, "Fine", b"until the end"),
    ],
    ids=["body", "status", "raw"],
)
def test_fault_in_the_answer(fault: Fault, status: int, reason: str, body: bytes) -> None:
    with Replay.from_recordings() as replay, connect(replay) as connection:
        replay.faults[VERSION] = fault
        answer, received = ask(connection, VERSION)
        assert (answer.status, answer.reason, received) == (status, reason, body)


def test_fault_instead_of_an_answer() -> None:
    with Replay.from_recordings() as replay, connect(replay) as connection:
        replay.faults[VERSION] = Fault(close_without_answer=True)
        with pytest.raises(http.client.RemoteDisconnected):
            ask(connection, VERSION)


def test_fault_of_a_delay() -> None:
    with Replay.from_recordings() as replay, connect(replay) as connection:
        replay.faults[VERSION] = Fault(delay_seconds=0.2)
        begin = time.monotonic()
        answer, _ = ask(connection, VERSION)
        assert answer.status == 200
        assert time.monotonic() - begin >= 0.2


def test_fault_makes_a_path_expected() -> None:
    with Replay.from_recordings() as replay, connect(replay) as connection:
        path = "/api2/json/nodes/pve4/status"
        replay.faults[path] = Fault(status=595, reason="No route to host")
        answer, _ = ask(connection, path)
        assert answer.status == 595
        assert replay.unexpected == []


def test_stop_ends_a_kept_and_a_waiting_connection() -> None:
    with Replay.from_recordings() as replay, connect(replay) as kept, connect(replay) as waiting:
        replay.faults[STATUS] = Fault(delay_seconds=60)
        ask(kept, VERSION)
        kept.auto_open = 0  # no new connection for the next request
        waiting.request("GET", STATUS, headers={"Authorization": f"PVEAPIToken={TOKEN}"})
        replay.stop()
        with pytest.raises(ConnectionError):
            waiting.getresponse()
        with pytest.raises(ConnectionError):
            ask(kept, VERSION)

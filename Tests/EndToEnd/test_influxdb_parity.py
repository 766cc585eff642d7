"""docs/influxdb-parity.md has each field that Proxmox pushes to InfluxDB, and names families and labels that are there."""

from __future__ import annotations

import re
from typing import Any

import pytest
from conftest import REPOSITORY
from replay import Replay
from test_migration_page import NATIVE_PAGE, Row, code, rows

PAGE = (REPOSITORY / "docs/influxdb-parity.md").read_text()

# (object, measurement): the fields, as Status/InfluxDB.pm of pve-manager 9.2 makes them of what pvestatd gives it.
PRESSURES = "pressurecpusome pressurecpufull pressureiosome pressureiofull pressurememorysome pressurememoryfull"
PUSHED = {
    "nodes: system": "uptime",
    "nodes: cpustat": "cpu wait user nice system idle iowait irq softirq steal guest guest_nice used total sum ctime avg1 avg5 avg15 cpus",
    "nodes: memory": "memtotal memfree memavailable memused memshared swaptotal swapfree swapused arcsize arcmin arcmax",
    "nodes: blockstat": "blocks bfree bavail used per files ffree favail fused fper user_* su_*",
    "nodes: nics": "receive transmit type",
    "qemu: system": "vmid cpu cpus mem memhost maxmem balloon balloon_min shares freemem disk maxdisk diskread diskwrite netin netout uptime pid status "
    f"qmpstatus name tags template lock serial running-machine running-qemu {PRESSURES}",
    "qemu: ballooninfo": "actual max_mem total_mem free_mem mem_swapped_in mem_swapped_out major_page_faults minor_page_faults last_update",
    "qemu: blockstat": "rd_bytes wr_bytes rd_operations wr_operations flush_operations unmap_operations unmap_bytes unmap_merged rd_total_time_ns "
    "wr_total_time_ns flush_total_time_ns unmap_total_time_ns failed_rd_operations failed_wr_operations failed_flush_operations failed_unmap_operations "
    "invalid_rd_operations invalid_wr_operations invalid_flush_operations invalid_unmap_operations rd_merged wr_merged idle_time_ns wr_highest_offset",
    "qemu: nics": "netin netout",
    "qemu: proxmox-support": "pbs-library-version",
    "lxc: system": "vmid cpu cpus mem maxmem swap maxswap disk maxdisk diskread diskwrite netin netout uptime pid status name tags template lock type "
    f"{PRESSURES}",
    "storages: system": "total used avail active enabled shared content type",
}

# What `martlet up` runs on a host, and the files of the kernel; the names are node_exporter's.
LOCAL = re.compile(r"node_[a-zA-Z_]+|/(proc|sys)/[\w/]+")

FAMILIES = {row[0].strip("`"): code(row[3]) for row in rows(NATIVE_PAGE)}


def section(title: str) -> list[Row]:
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, f"no section {title}"
    return rows(found[1])


def fields(title: str) -> list[str]:
    return [row[0].strip("`") for row in section(title)]


def test_sections_are_those_of_the_push() -> None:
    assert re.findall(r"^## (.+)$", PAGE, re.MULTILINE) == list(PUSHED)


@pytest.mark.parametrize("title", PUSHED)
def test_each_field_has_one_row(title: str) -> None:
    assert sorted(fields(title)) == sorted(PUSHED[title].split())


ROWS = [(title, row) for title in PUSHED for row in section(title)]


@pytest.mark.parametrize(("title", "row"), ROWS, ids=[f"{title} {row[0]}" for title, row in ROWS])
def test_what_is_named_is_there(title: str, row: Row) -> None:
    here, named = row[1], code(row[1])
    if here == "left out":
        assert row[2], "without a reason"
    elif here.startswith("not in the API: "):
        assert len(named) == 1 and LOCAL.fullmatch(named[0]), here
    elif here.startswith("identity: label "):
        standard = "pve_storage_info" if title.startswith("storages") else "pve_guest_info"
        label, family = [*named, standard][:2]
        assert family in FAMILIES, f"{family} is not in docs/metrics.md"
        assert label in FAMILIES[family], f"{family} has no label {label}"
    else:
        assert named and here == ", ".join(f"`{name}`" for name in named), here
        for name in named:
            assert name in FAMILIES, f"{name} is not in docs/metrics.md"
    for name in code(row[2]):
        if name.startswith("pve_"):
            assert name in FAMILIES, f"{name} is not in docs/metrics.md"


# Against what the API really says: a push is made of the same hashes


def scalars(data: Any) -> set[str]:
    """Keys whose values are pushed: neither lists nor objects nor booleans."""
    return {key for key, value in data.items() if not isinstance(value, (dict, list, bool))}


@pytest.mark.parametrize("node", ["pve1", "pve2"])
def test_what_the_api_says_of_a_machine_has_its_row(node: str) -> None:
    machines = Replay.from_recordings().answers[f"/api2/json/nodes/{node}/qemu?full=1"]
    assert set().union(*map(scalars, machines)) <= set(fields("qemu: system"))
    for machine in machines:
        assert {key for key, value in machine.items() if isinstance(value, dict)} <= {"ballooninfo", "blockstat", "nics", "proxmox-support"}
        for measurement in ("ballooninfo", "proxmox-support"):
            assert scalars(machine.get(measurement, {})) <= set(fields(f"qemu: {measurement}"))
        for measurement in ("blockstat", "nics"):
            for instance in machine.get(measurement, {}).values():
                assert scalars(instance) <= set(fields(f"qemu: {measurement}"))


@pytest.mark.parametrize("node", ["pve1", "pve2"])
def test_what_the_api_says_of_a_container_and_a_storage_has_its_row(node: str) -> None:
    answers = Replay.from_recordings().answers
    for container in answers[f"/api2/json/nodes/{node}/lxc"]:
        assert scalars(container) <= set(fields("lxc: system"))
    # `storage` is the tag host; the API adds the fraction, which is pve_storage_used_fraction.
    for storage in answers[f"/api2/json/nodes/{node}/storage"]:
        assert scalars(storage) - {"storage", "used_fraction"} <= set(fields("storages: system"))

"""Disks with what smartctl says of them, and ZFS pools as `zpool` describes them.

Rules for smartctl's answers:
- ATA attributes have their id as text with spaces before it, and a raw value that may say more after its first number ("33 (Min/Max 20/45)",
  "13441h+12m"). The temperature is 194, else 190; the hours are 9.
- What was written is in 241, else in 246, else in 225, in the unit that the attribute's name says: Total_LBAs_Written sectors of 512 bytes,
  ..._32MiB, ..._GiB. A name that says no unit says nothing.
- NVMe disks answer as text, "Key: value" in lines, numbers with commas for thousands. A data unit is 512,000 bytes.
- SAS disks answer as text too, in words of their own: "Current Drive Temperature", "Accumulated power on time, hours:minutes H:M",
  "Percentage used endurance indicator".
- Health that nobody could read (UNKNOWN, SMART Disabled, absent) is no health; whatever is neither PASSED nor OK is bad.

Rules for pools:
- The node says when in its local time; the difference between localtime and time of /nodes/N/time is taken away, 0 where that is not known.
- Only a scrub that came to its end was one: a canceled scrub has no end and no errors, and neither has one that runs or is paused. A paused scrub
  does not run, and still has its progress.
- Words that are about neither a scrub nor a resilver, as those of a scrub of errors alone ("error scrub"), say nothing.
- A rebuild, "resilver (mirror-0) in progress", is a resilver.
- What a pool's answer does not have (no scan line, as on a pool that was never scrubbed) has no sample; "none requested" says that nothing runs.
- The rows directly below the answer are the root and headings ("logs", "cache", "spares") and no vdevs.
- A disk has the name that zpool prints without -P: its path without /dev/disk/by-id/ or /dev/ before it.
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from oracle import API, Cluster, Row, Table, field, number, rows, text

SECTOR = 512
NVME_UNIT = 512_000
MIB, GIB = 1 << 20, 1 << 30

POOL_NUMBERS: Table = (
    ("pve_zfs_pool_size_bytes", "size"),
    ("pve_zfs_pool_alloc_bytes", "alloc"),
    ("pve_zfs_pool_free_bytes", "free"),
    ("pve_zfs_pool_frag_percent", "frag"),
    ("pve_zfs_pool_dedup_ratio", "dedup"),
)
POOL_STATES = "ONLINE DEGRADED FAULTED OFFLINE REMOVED UNAVAIL SUSPENDED".split()
# (kind, field)
VDEV_ERRORS = (("read", "read"), ("write", "write"), ("checksum", "cksum"))

WHEN = r"\w{3} (\w{3} +\d+ \d\d:\d\d:\d\d \d{4})"


def put_disks(cluster: Cluster) -> None:
    for node in cluster.online_nodes:
        for row in rows(cluster.answers, f"/nodes/{node}/disks/list") or ():
            path = text(row.get("devpath"))
            if not path:
                continue
            labels = {key: text(row.get(key)) or "" for key in ("model", "serial", "type")}
            labels |= {"node": node, "device": path.removeprefix("/dev/")}
            health, left = text(row.get("health")), number(row.get("wearout"))
            if health and health not in ("UNKNOWN", "SMART Disabled"):
                cluster.put("pve_disk_health_status", health in ("PASSED", "OK"), **labels)
            cluster.put("pve_disk_wearout_left_ratio", None if left is None else left / 100, **labels)
            cluster.put("pve_disk_capacity_bytes", number(row.get("size")), **labels)
            for family, value in smart(cluster.answers.get(f"{API}/nodes/{node}/disks/smart?disk={path}")).items():
                cluster.put(family, value, **labels)


def smart(answer: Any) -> dict[str, float | None]:
    """What an answer of smartctl says, by family."""
    attributes = field(answer, "attributes")
    if isinstance(attributes, list):
        return _ata([row for row in attributes if isinstance(row, Mapping)])
    words = text(field(answer, "text"))
    return {} if words is None else _words(words)


def _ata(attributes: Iterable[Row]) -> dict[str, float | None]:
    by_id: dict[str, Row] = {}
    for row in attributes:
        by_id.setdefault((text(row.get("id")) or "").strip(), row)

    def raw(*ids: str) -> float | None:
        values = (_first_number(text(field(by_id.get(number), "raw"))) for number in ids)
        return next((value for value in values if value is not None), None)

    written = (_written(by_id[number]) for number in ("241", "246", "225") if number in by_id)
    return {
        "pve_disk_temperature_celsius": raw("194", "190"),
        "pve_disk_power_on_hours": raw("9"),
        "pve_disk_data_written_bytes": next((value for value in written if value is not None), None),
    }


def _first_number(raw: str | None) -> float | None:
    match = re.match(r"\s*(\d+)", raw or "", re.ASCII)
    return float(match[1]) if match else None


def _written(row: Row) -> float | None:
    name, count = text(row.get("name")) or "", _first_number(text(row.get("raw")))
    unit = SECTOR if "LBAs" in name else 32 * MIB if name.endswith("_32MiB") else GIB if name.endswith("_GiB") else None
    return None if count is None or unit is None else count * unit


def _words(words: str) -> dict[str, float | None]:
    def after(*keys: str) -> float | None:
        for key in keys:
            match = re.search(rf"^\s*{re.escape(key)}\s*(\d[\d,]*)", words, re.MULTILINE | re.ASCII)
            if match:
                return float(match[1].replace(",", ""))
        return None

    units = after("Data Units Written:")
    return {
        "pve_disk_temperature_celsius": after("Temperature:", "Current Drive Temperature:"),
        "pve_disk_power_on_hours": after("Power On Hours:", "Accumulated power on time, hours:minutes"),
        "pve_disk_data_written_bytes": None if units is None else units * NVME_UNIT,
        "pve_disk_available_spare_percent": after("Available Spare:"),
        "pve_disk_percentage_used": after("Percentage Used:", "Percentage used endurance indicator:"),
    }


def put_zfs(cluster: Cluster) -> None:
    for node in cluster.online_nodes:
        clock = cluster.answers.get(f"{API}/nodes/{node}/time")
        local, utc = number(field(clock, "localtime")), number(field(clock, "time"))
        offset = 0 if local is None or utc is None else local - utc
        for row in rows(cluster.answers, f"/nodes/{node}/disks/zfs") or ():
            if pool := text(row.get("name")):
                _put_pool(cluster, row, {"node": node, "pool": pool})
                _put_detail(cluster, cluster.answers.get(f"{API}/nodes/{node}/disks/zfs/{pool}"), {"node": node, "pool": pool}, offset)


def _put_pool(cluster: Cluster, row: Row, labels: dict[str, str]) -> None:
    cluster.put_table(POOL_NUMBERS, row, labels)
    health = text(row.get("health"))
    if health is not None:
        cluster.put("pve_zfs_pool_health_status", health == "ONLINE", **labels)
        for state in {*POOL_STATES, health}:
            cluster.put("pve_zfs_pool_state", state == health, **labels, state=state)


def _put_detail(cluster: Cluster, detail: Any, labels: dict[str, str], offset: float) -> None:
    for top in _children(detail):
        for vdev in _below(top):
            name, state = text(vdev.get("name")), text(vdev.get("state"))
            name = name and re.sub(r"^/dev/(disk/by-id/)?", "", name)
            if not name:
                continue
            for kind, key in VDEV_ERRORS:
                cluster.put("pve_zfs_vdev_errors_total", number(vdev.get(key)), **labels, vdev=name, kind=kind)
            if state is not None:
                cluster.put("pve_zfs_vdev_online", state in ("ONLINE", "AVAIL", "INUSE"), **labels, vdev=name)
    errors = text(field(detail, "errors")) or ""
    if errors == "No known data errors":
        cluster.put("pve_zfs_pool_data_errors", 0, **labels)
    elif match := re.match(r"(\d+) data errors", errors, re.ASCII):
        cluster.put("pve_zfs_pool_data_errors", int(match[1]), **labels)
    words = text(field(detail, "scan"))
    for family, value in scan(words, offset).items() if words else ():
        cluster.put(family, value, **labels)


def _children(vdev: Any) -> list[Row]:
    children = field(vdev, "children")
    return [child for child in children if isinstance(child, Mapping)] if isinstance(children, list) else []


def _below(vdev: Row) -> Iterable[Row]:
    for child in _children(vdev):
        yield child
        yield from _below(child)


def scan(words: str, offset: float) -> dict[str, float | None]:
    """What the line of a pool's scan says, by family."""
    words = " ".join(words.split())
    if not re.match(r"scrub |resilver(ed)? |none requested$", words):
        return {}
    result: dict[str, float | None] = {
        "pve_zfs_pool_scrub_running": float(words.startswith("scrub in progress")),
        "pve_zfs_pool_resilver_running": float(bool(re.match(r"resilver (\(.+?\) )?in progress", words))),
    }
    if match := re.match(rf"scrub repaired .* with (\d+) errors on {WHEN}", words, re.ASCII):
        result["pve_zfs_pool_last_scrub_errors"] = int(match[1])
        result["pve_zfs_pool_last_scrub_timestamp_seconds"] = _utc(match[2], offset)
    if match := re.match(r"(?:scrub (?:in progress|paused)|resilver (?:\(.+?\) )?in progress) .*?(\d+(?:\.\d+)?)% done", words, re.ASCII):
        result["pve_zfs_pool_scan_progress_ratio"] = float(match[1]) / 100
    return result


def _utc(moment: str, offset: float) -> float | None:
    try:
        return calendar.timegm(time.strptime(moment, "%b %d %H:%M:%S %Y")) - offset
    except ValueError:
        return None

"""Whether the two agree."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from compare_nvml.martlet import PRESENCE_ONLY, Scrape, info_labels
from compare_nvml.owners import Owner
from compare_nvml.reading import Key, Labels, Process, Reading

# What of the two may lie apart: the seconds between the samples of what is asked for seldom (limits, ECC, links), and the others'.
SLOW_SECONDS, FAST_SECONDS = 32.0, 1.6
SLOW = re.compile(r"_limit_|clock_max|ecc|retirement|link_|nvlink_links|mig_enabled|mig_info|frame_rate|remap|vgpu_info")
# Owners are found after the sample and shown with the next; activity is of a window that began two samples ago, if one was too early for GPM. A share
# of a process is of the time since the sample before, and a driver may keep its record for longer than a reading takes.
LATE_SECONDS = FAST_SECONDS + 2
# The host's part of vGPUs.
VGPU_MANAGER = "nvidia-vgpu-mgr.service"
LATE = re.compile(r"_gpu_owner|_mig_owner_|_gpu_process_|_activity_ratio$")
# What martlet has of a window is a mean over windows of ours that cover it together, so that it lies between the smallest and the largest of these; at
# both ends a part of one of ours stands for all of it, which is worth no more than NVML's shares are rounded by elsewhere: half a percent.
ACTIVITY = re.compile(r"_activity_ratio$")
ACTIVITY_ROUNDING = 0.005


class Row(NamedTuple):
    series: str
    ours: str
    theirs: str
    difference: str
    verdict: str


class Result(NamedTuple):
    rows: list[Row]
    left_out: Counter[str]
    # Processes whose owner was taken from martlet.
    told: int


def compare(readings: list[Reading], scrapes: list[Scrape]) -> Result:
    owners = {pid: owner for scrape in scrapes for pid, owner in scrape.owners.items()}
    for reading in readings:
        add_owners(reading, owners)
    rows: dict[Key, Row] = {}
    left_out: Counter[str] = Counter()
    for scrape in scrapes:
        # What was sampled before the first reading, and what changed after the last, cannot be judged.
        if any(at - LATE_SECONDS < readings[0].moment or at > readings[-1].moment for at in scrape.taken.values()):
            continue
        left_out |= scrape.left_out
        for key in scrape.values.keys() | readings[-1].values.keys():
            uuid = dict(key[1]).get("gpu_uuid") or dict(key[1]).get("uuid") or ""
            if key not in scrape.values and uuid in scrape.crowded and "_gpu_owner_" in key[0]:
                continue
            row = judge(key, scrape.values.get(key), readings, scrape.taken.get(uuid, scrape.moment))
            # The worst of all scrapes is told.
            if row and (key not in rows or (rows[key].verdict == "ok" and row.verdict != "ok")):
                rows[key] = row
    told = {process.pid for reading in readings for process in reading.processes if process.owner is None}
    return Result([rows[key] for key in sorted(rows, key=lambda key: (key[0], sorted(key[1])))], left_out, len(told))


def judge(key: Key, ours: float | None, readings: list[Reading], taken: float) -> Row | None:
    name, labels = key
    reach = SLOW_SECONDS if SLOW.search(name) else LATE_SECONDS if LATE.search(name) else FAST_SECONDS
    near = [reading.values for reading in readings if taken - reach <= reading.moment <= taken + FAST_SECONDS]
    theirs = [values[key] for values in near if key in values]
    series = shown(name, dict(labels))
    if ours is None:
        # Something that NVML says now and then is missing only where it said it all the time.
        return Row(series, "absent", f"{theirs[0]:.10g}", "", "MISSING") if near and len(theirs) == len(near) else None
    if not theirs:
        return Row(series, f"{ours:.10g}", "absent", "", "ONLY OURS")
    low, high = min(theirs), max(theirs)
    difference = max(low - ours, ours - high, 0.0)
    span = f"{low:.10g}" if low == high else f"{low:.10g} to {high:.10g}"
    return Row(series, f"{ours:.10g}", span, f"{difference:.3g}", "ok" if difference <= allowed(name, low, high) else "DIFFERS")


def allowed(name: str, low: float, high: float) -> float:
    if name in PRESENCE_ONLY and not low == high != 0:
        return float("inf")
    return ACTIVITY_ROUNDING if ACTIVITY.search(name) else 1e-9 * max(abs(low), abs(high))


def shown(name: str, labels: Labels) -> str:
    """A series as a line of the table has room for it: its card by index, a container by the twelve digits that it is known by."""
    if "gpu_index" in labels and name != "llm_monitor_gpu_info":
        labels = {label: value for label, value in labels.items() if label != "gpu_uuid"}
    if labels.get("owner_kind") == "container":
        labels = labels | {"owner_id": labels["owner_id"][:12]}
    return name + "{" + ",".join(f'{label}="{value}"' for label, value in sorted(labels.items())) + "}"


# Owners


def add_owners(reading: Reading, told: dict[int, Owner]) -> None:
    """Adds up what processes use by their owners; a sum that lacks a part is not one.

    - told: the owners that martlet says, for processes that are not one of the simple cases.
    """
    shares: dict[tuple[str, str, str, str], list[Process]] = {}
    instances: dict[tuple[str, str, str, str, str], list[float | None]] = {}
    # A virtual machine with a vGPU is not counted by its process, too.
    given = {(process.card["gpu_uuid"], process.owner) for process in reading.processes if process.is_vgpu}
    for process in reading.processes:
        owner = process.owner or told.get(process.pid) or Owner("unresolved", "", "")
        uuid = process.card["gpu_uuid"]
        if owner.id:
            reading.put("llm_monitor_gpu_owner_info", info_labels(owner), 1)
        if not process.is_vgpu and uuid in reading.shared and (owner.id == VGPU_MANAGER or (uuid, owner) in given):
            continue
        for instance, used in process.instances.items():
            instances.setdefault((uuid, process.card["gpu_index"], str(instance), owner.kind, owner.id), []).append(used)
        shares.setdefault((process.card["gpu_uuid"], process.card["gpu_index"], owner.kind, owner.id), []).append(process)
    for (uuid, index, kind, of), processes in shares.items():
        labels = {"gpu_uuid": uuid, "gpu_index": index, "owner_kind": kind, "owner_id": of}
        memory, utilization = [process.memory for process in processes], [process.utilization for process in processes]
        for name, parts in [("memory_bytes", memory), ("utilization_ratio", utilization)]:
            known = [part for part in parts if part is not None]
            if len(known) == len(parts):
                reading.put(f"llm_monitor_gpu_owner_{name}", labels, sum(known))
    for (uuid, index, instance, kind, of), used_by in instances.items():
        labels = {"gpu_uuid": uuid, "gpu_index": index, "gpu_instance": instance, "owner_kind": kind, "owner_id": of}
        reading.put("llm_monitor_gpu_mig_owner_info", labels, 1)
        if None not in used_by:
            reading.put("llm_monitor_gpu_mig_owner_memory_bytes", labels, sum(used or 0 for used in used_by))
    for card in reading.listed:
        count = sum(uuid == card["gpu_uuid"] for uuid, *_ in shares)
        reading.put("llm_monitor_gpu_owners", card, count)


# What is printed


def report(result: Result, only_differences: bool) -> int:
    wrong = [row for row in result.rows if row.verdict != "ok"]
    lines = wrong if only_differences else result.rows
    heads = Row("name", "martlet", "NVML", "difference", "")
    # Few series have that long a name, and the numbers stand beside the others.
    widths = [min(100, max(len(row[column]) for row in [heads, *lines])) for column in range(len(heads))]
    for row in [heads, *lines]:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    if result.told:
        print(f"owners of {result.told} processes as martlet says: their control groups are none of the simple cases")
    only_there = Counter(row.series.partition("{")[0] for row in result.rows)
    looked_for = [f"{name} {only_there[name]}" for name in PRESENCE_ONLY if only_there[name]]
    left_out = [f"{name} {count}" for name, count in sorted(result.left_out.items())]
    print(f"{len(result.rows)} series compared, {len(wrong)} differ"
          + (f"; only looked for: {', '.join(looked_for)}" if looked_for else "")
          + f"; {result.left_out.total()} left out" + (f": {', '.join(left_out)}" if left_out else ""))  # fmt: skip
    return 1 if wrong else 0

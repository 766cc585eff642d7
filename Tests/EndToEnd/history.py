"""A past for boards: what a Prometheus says now, drawn out into days and weeks, and handed to another Prometheus as blocks.

Of the guests only a few are taken, which together have nearly every series that any of them has; of hosts and of the stack what boards read. What exporters
measured reaches back two days at a minute, what rules recorded a month at ten minutes. Loads rise and fall with the day, counters only rise, moments are as long
ago as they would have been then.
"""

from __future__ import annotations

import math
import subprocess
import time
import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from boards import Prometheus

DAY = 86400
RAW_SECONDS, RAW_STEP = 2 * DAY, 60
RECORDED_SECONDS, RECORDED_STEP = 30 * DAY, 600
# The text of a block is several times its size, so it is written and read in parts of so many samples.
PART = 2_500_000
# Records that want a longer past than a young stack has, drawn from one that is like them.
LATER = {"storage:utilization:predict4d": "storage:utilization:ratio"}
# Loads of different objects peak at different hours.
PHASES = 16

# Values of these do not swing: states, sizes, limits, numbers of things.
STEADY = (
    ":min", ":max", ":count", ":info", "_info", "_up", "_state", "_status", "_enabled", "_onboot", "_cpus", "_cpus_total", "size_bytes", "size:bytes", "total_bytes",
    "_limit", "_max_bytes",
)


@dataclass(frozen=True)
class Series:
    name: str
    labels: tuple[tuple[str, str], ...]
    value: float

    @property
    def guest(self) -> str | None:
        labels = dict(self.labels)
        return labels.get("vm_id") or labels.get("vmid")

    @property
    def is_recorded(self) -> bool:
        return ":" in self.name or self.name == "ALERTS"

    @property
    def text(self) -> str:
        """As the exposition has it."""
        quoted = ((key, value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")) for key, value in self.labels)
        return self.name + "{" + ",".join(f'{key}="{value}"' for key, value in quoted) + "}"


@dataclass(frozen=True)
class History:
    """What was made, for the report of who made it."""

    end: int
    guests: list[str]
    raw: int
    recorded: int
    most_text_bytes: int
    block_bytes: int
    seconds: float


def snapshot(prometheus: Prometheus) -> list[Series]:
    """Every series that has a value now. The parts of histograms are left out: no board reads them."""
    answer = prometheus.get("query", query='{__name__=~".+",le="",quantile=""}', time=str(prometheus.now))["result"]
    return [as_series(row) for row in answer if math.isfinite(float(row["value"][1]))]


def as_series(row: Any) -> Series:
    labels = dict(row["metric"])
    return Series(labels.pop("__name__"), tuple(sorted(labels.items())), float(row["value"][1]))


def guests_of_all_kinds(series: Iterable[Series], most: int = 8) -> list[str]:
    """Guests that together have as many different families as that number of guests can have: the next one is who adds the most."""
    families: dict[str, set[str]] = {}
    for one in series:
        if guest := one.guest:
            families.setdefault(guest, set()).add(one.name)
    chosen: list[str] = []
    seen: set[str] = set()
    while len(chosen) < most and (rest := sorted(set(families) - set(chosen))):
        best = max(rest, key=lambda guest: len(families[guest] - seen))
        chosen.append(best)
        seen |= families[best]
    return chosen


def make(prometheus: Prometheus, families: Collection[str], data: Path, scratch: Path) -> History:
    """Fills the folder with blocks; what it needs meanwhile is written to the other one and removed. The families are those of hosts and of the stack
    that are wanted beside what rules recorded."""
    began = time.monotonic()
    everything = snapshot(prometheus)
    guests = guests_of_all_kinds(everything)
    there = {one.name for one in everything}
    everything += [replace(one, name=name) for name, like in LATER.items() if name not in there for one in everything if one.name == like]
    recorded = [one for one in everything if one.is_recorded and (one.guest is None or one.guest in guests)]
    raw = [one for one in everything if not one.is_recorded and (one.name in families if one.guest is None else one.guest in guests)]
    end = int(prometheus.now) // RECORDED_STEP * RECORDED_STEP
    text_bytes = 0
    for series, seconds, step in [(raw, RAW_SECONDS, RAW_STEP), (recorded, RECORDED_SECONDS, RECORDED_STEP)]:
        moments = range(end - seconds, end + 1, step)
        size = PART // len(moments)
        for begin in range(0, len(series), size):
            text = scratch / f"every-{step}-seconds-{begin}.om"
            write(series[begin:begin + size], text, moments)
            text_bytes = max(text_bytes, text.stat().st_size)
            command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--max-block-duration=744h", text, data]
            made = subprocess.run(command, capture_output=True, text=True)
            assert made.returncode == 0, made.stderr
            text.unlink()
    block_bytes = sum(file.stat().st_size for file in data.rglob("*") if file.is_file())
    return History(end, guests, len(raw), len(recorded), text_bytes, block_bytes, time.monotonic() - began)


def write(series: Sequence[Series], file: Path, moments: range) -> None:
    """The series at these moments, one after the other: never more than one of them is in memory."""
    waves = [[1 + 0.3 * math.sin(2 * math.pi * (moment / DAY + phase / PHASES)) for moment in moments] for phase in range(PHASES)]
    climbs = [climb(moments, phase / PHASES) for phase in range(PHASES)]
    with file.open("w") as out:
        for one in series:
            phase = zlib.crc32(one.text.encode()) % PHASES
            head = one.text
            values = drawn(one, moments, waves[phase], climbs[phase])
            out.writelines(f"{head} {value:.10g} {moment}\n" for moment, value in zip(moments, values, strict=True))
        out.write("# EOF\n")


def climb(moments: range, phase: float) -> list[float]:
    """From 0 to 1, never down, faster by day."""
    days = len(moments) * moments.step / DAY
    return [
        share + 0.5 * (math.sin(2 * math.pi * (days * share + phase)) - math.sin(2 * math.pi * phase)) / (2 * math.pi * days)
        for share in (index / (len(moments) - 1) for index in range(len(moments)))
    ]


def drawn(series: Series, moments: range, wave: Sequence[float], climbing: Sequence[float]) -> list[float]:
    """What the series would have been at each moment to be now what it is."""
    name, value, now = series.name, series.value, moments[-1]
    if name.endswith(("_total", "_sum")) and not name.endswith("_cpus_total") or name.endswith("_count") and ":" not in name:
        return [value * (0.2 + 0.8 * share) for share in climbing]
    if "timestamp" in name:
        # Once a day; what lies ahead, as the end of a certificate, does not move.
        return [value if value > now else value - DAY * max(0, math.ceil((value - moment) / DAY)) for moment in moments]
    if "uptime" in name:
        return [(value - (now - moment)) % (10 * DAY) for moment in moments]
    if value == 0 or series.name in ("up", "ALERTS") or name.endswith(STEADY):
        return [value] * len(moments)
    most = 1.0 if "ratio" in name and 0 <= value <= 1 else math.inf
    end = wave[-1]
    return [min(most, value * factor / end) for factor in wave]

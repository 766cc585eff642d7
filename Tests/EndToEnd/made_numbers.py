"""Numbers for boards whose programs do not run here: every metric that a board names, with the labels that it asks for, handed to a Prometheus as blocks."""

from __future__ import annotations

import itertools
import math
import re
import subprocess
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# What the language has of words of its own.
WORDS = {"by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset", "and", "or", "unless", "inf", "nan", "atan2"}
TOKEN = re.compile(
    r"""(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
    |(?P<window>\[[^\]\[]*\]|\[\[\w+\]\])
    |(?P<variable>\$\{[^}]*\}|\$\w+)
    |(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)
    |(?P<number>\d[\w.]*)
    |(?P<sign>=~|!~|!=|==|.)""",
    re.VERBOSE | re.DOTALL,
)
MATCHER = re.compile(r"""(\w+)\s*(=~|!~|!=|=)\s*("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')""")

# What labels of these names have; the others have their own name for a value.
USUAL = {
    "instance": ["alpha:9100", "beta:9100"], "device": ["sda", "sdb"], "mountpoint": ["/", "/srv"], "fstype": ["ext4"], "cpu": ["0", "1"], "nodename": ["alpha"],
    "gpu": ["0", "1"], "ceph_daemon": ["osd.0", "osd.1"], "pool_id": ["1", "2"], "hostname": ["alpha", "beta"], "queue_name": ["mail", "report"],
    "kubernetes_io_hostname": ["alpha"], "name": ["web", "worker"],
}
BOUNDS = ["0.1", "0.5", "1", "5", "+Inf"]


@dataclass
class Wanted:
    """What the boards' expressions want of one metric."""

    labels: dict[str, set[str]] = field(default_factory=dict)

    def add(self, label: str, values: Iterable[str] = ()) -> None:
        if label not in ("le", "__name__", "Time", "Value"):
            self.labels.setdefault(label, set()).update(values)

    def series(self, name: str, most: int = 64) -> Iterator[dict[str, str]]:
        """Label sets for every value that the expressions name, of two things each. What names a thing stands for it everywhere, so that joins find one partner."""
        named = {label: sorted(values) for label, values in sorted(self.labels.items()) if values}
        if name.endswith("_bucket"):
            named["le"] = BOUNDS
        free = {label: USUAL.get(label, [label.replace("_", "-")]) for label in self.labels if label not in named}
        count = max(map(len, free.values()), default=1)
        for values in itertools.islice(itertools.product(*named.values()), most):
            for thing in range(count):
                yield dict(zip(named, values, strict=True)) | {label: texts[thing % len(texts)] for label, texts in free.items()}


def asked(board: Any, beside: str = "") -> Iterator[tuple[str, str]]:
    """Each expression that stands in the JSON, wherever that is, with what names labels beside it: a legend, a variable's regular expression."""
    if isinstance(board, Mapping):
        beside = " ".join([beside, *(str(board[key]) for key in ("legendFormat", "regex") if board.get(key))])
        for key in ("expr", "query", "definition"):
            if isinstance(board.get(key), str) and not board[key].lstrip().upper().startswith("SELECT"):
                yield board[key], beside
        for each in board.values():
            yield from asked(each, beside)
    elif isinstance(board, Sequence) and not isinstance(board, str):
        for each in board:
            yield from asked(each, beside)


def wanted(boards: Iterable[Any]) -> dict[str, Wanted]:
    """What the boards want of each metric that they name."""
    found: dict[str, Wanted] = {}
    for board in boards:
        for expression, beside in asked(board):
            read(expression, beside, found)
    return found


def read(expression: str, beside: str, found: dict[str, Wanted]) -> None:
    """Adds what one expression wants. Whatever cannot be read is passed over: this makes numbers for pictures and judges nothing."""
    shared = set(re.findall(r"\{\{\s*(\w+)\s*\}\}", beside)) | set(re.findall(r'(\w+)="\(', beside))
    for grouped in re.findall(r"\b(?:by|on|group_left|group_right)\s*\(([^()]*)\)", expression):
        shared.update(re.findall(r"[a-zA-Z_]\w*", grouped))
    if values_of := re.fullmatch(r"\s*label_values\((.*),\s*(\w+)\s*\)\s*", expression, re.DOTALL):
        expression = values_of[1]
        shared = {values_of[2]}
    bare = re.sub(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)", " ", expression)
    metrics: list[Wanted] = []
    position = 0
    while token := TOKEN.match(bare, position):
        position = token.end()
        rest = bare[position:]
        if token.lastgroup != "name" or token.group().lower() in WORDS or re.match(r"\s*\(", rest):
            continue
        metric = found.setdefault(token.group(), Wanted())
        metrics.append(metric)
        if braces := re.match(r"""\s*\{((?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\$\{[^}]*\}|[^{}"'])*)\}""", rest):
            position += braces.end()
            for label, operator, quoted in MATCHER.findall(braces[1]):
                metric.add(label, literal(operator, quoted[1:-1]))
    for metric in metrics:
        for label in shared:
            metric.add(label)


def literal(operator: str, text: str) -> list[str]:
    """The values that a matcher names, if it names any."""
    if "$" in text.rstrip("$") or "[[" in text or operator.startswith("!") or not text:
        return []
    texts = text.strip("^$()").split("|") if operator == "=~" else [text]
    return [each.replace("\\\\.", ".").replace("\\.", ".") for each in texts if not re.search(r"[*+?()\[\]]", each)][:6]


def write_exposition(metrics: Mapping[str, Wanted], file: Path, moments: range) -> int:
    """Writes what is wanted as OpenMetrics, and returns the number of series."""
    count = 0
    with file.open("w") as out:
        for name, metric in sorted(metrics.items()):
            for labels in metric.series(name):
                count += 1
                text = name + "{" + ",".join(f'{label}="{value}"' for label, value in labels.items()) + "}"
                for at, moment in enumerate(moments):
                    out.write(f"{text} {value_of(name, labels, text, at, moment):.6g} {moment}\n")
        out.write("# EOF\n")
    return count


def value_of(name: str, labels: Mapping[str, str], text: str, at: int, moment: int) -> float:
    phase = zlib.crc32(text.encode()) % 97
    if name.endswith("_bucket"):
        return at * 6.0 * (BOUNDS.index(labels["le"]) + 1)
    if name.endswith(("_total", "_count", "_sum", "_created")) and not name.endswith("_bytes_total"):
        return at * (6.0 + phase % 7)
    if name.endswith(("time_seconds", "timestamp_seconds", "boot_time")):
        return moment - 86400.0 - phase
    if name == "up" or name.endswith(("_up", "_info", "_status", "_metadata")):
        return 1
    return 40 + phase % 30 + 10 * math.sin((at + phase) / 9)


def fill(boards: Iterable[Any], data: Path, scratch: Path, moments: range) -> int:
    """Makes blocks of numbers for these boards, and returns the number of series."""
    exposition = scratch / "made.om"
    count = write_exposition(wanted(boards), exposition, moments)
    made = subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", exposition, data], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
    return count

"""One reading of everything that NVML says, by the names that martlet has for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pynvml as nv

from compare_nvml.owners import Owner

Labels = dict[str, str]
Key = tuple[str, frozenset[tuple[str, str]]]
Values = dict[Key, float]


@dataclass
class Process:
    """A process at work on a card. None is what NVML does not tell; of the owner, what only martlet can tell."""

    card: Labels
    pid: int
    memory: float | None
    utilization: float | None
    owner: Owner | None
    # Its memory by GPU instance, of a card that is divided by MIG.
    instances: dict[int, float | None] = field(default_factory=dict)
    # The number of a process is one of the system; a vGPU, which owns as one does, has none.
    is_vgpu: bool = False


@dataclass
class Reading:
    """What NVML refuses is not there."""

    moment: float = 0
    values: Values = field(default_factory=dict)
    processes: list[Process] = field(default_factory=list)
    # UUIDs of cards that give vGPUs.
    shared: set[str] = field(default_factory=set)
    # Cards that have told who works there.
    listed: list[Labels] = field(default_factory=list)

    def put(self, name: str, labels: Labels, value: float) -> None:
        self.values[name, frozenset(labels.items())] = float(value)

    def add(self, name: str, labels: Labels, call: Callable[[], float], factor: float = 1) -> None:
        try:
            value = call()
        except nv.NVMLError:
            return
        self.put(name, labels, float(value) * factor)

    def has(self, name: str, labels: Labels) -> bool:
        return (name, frozenset(labels.items())) in self.values


def attempt(part: Callable[..., None], *arguments: object) -> None:
    """What a part of a card refuses costs that part only."""
    try:
        part(*arguments)
    except nv.NVMLError:
        pass


def text(value: bytes | str) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def word(call: Callable[[], object]) -> str:
    """Empty where NVML does not say it."""
    try:
        value = call()
    except nv.NVMLError:
        return ""
    return text(value) if isinstance(value, bytes | str) else str(value)

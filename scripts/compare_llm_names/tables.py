"""martlet's tables of native families, as it prints them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Row:
    """A family of ours, and what servers call it: one name, and those of other versions."""

    native: str
    aliases: tuple[str, ...]
    type: str
    ours: str
    since: str
    until: str

    @property
    def names(self) -> tuple[str, ...]:
        return (self.native, *self.aliases)


@dataclass(frozen=True)
class Ignored:
    """A name, or what names begin or end with, where there is a `*`."""

    pattern: str
    why: str

    def covers(self, name: str) -> bool:
        if self.pattern.endswith("*"):
            return name.startswith(self.pattern[:-1])
        if self.pattern.startswith("*"):
            return name.endswith(self.pattern[1:])
        return name == self.pattern


@dataclass(frozen=True)
class Table:
    kind: str
    rows: tuple[Row, ...]
    ignored: tuple[Ignored, ...]


def from_martlet(program: str) -> dict[str, Table]:
    done = subprocess.run([program, "metrics", "--llm-tables", "--format", "json"], capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise ValueError(f"{program} metrics --llm-tables ends with {done.returncode}: {done.stderr.strip()}")
    return tables(json.loads(done.stdout))


def from_file(path: Path) -> dict[str, Table]:
    return tables(json.loads(path.read_text()))


def tables(document: dict[str, Any]) -> dict[str, Table]:
    found = [Table(kind["kind"], tuple(map(row, kind["families"])), tuple(map(ignored, kind.get("ignored", [])))) for kind in document["kinds"]]
    return {table.kind: table for table in found}


def row(family: dict[str, Any]) -> Row:
    return Row(
        family["native"], tuple(family.get("aliases", [])), family["type"], family["ours"], family.get("since") or "", family.get("until") or ""
    )


def ignored(item: str | dict[str, str]) -> Ignored:
    """`name why`, or the two by themselves."""
    if isinstance(item, dict):
        return Ignored(item.get("pattern") or item["name"], item.get("why", "").strip())
    pattern, _, why = item.partition(" ")
    return Ignored(pattern.rstrip(":,"), why.strip(" ():-"))

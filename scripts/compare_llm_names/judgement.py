"""Holds martlet's tables against wheels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from compare_llm_names.family import exposed
from compare_llm_names.kinds import OTHERS_FAMILIES, Kind
from compare_llm_names.tables import Row, Table
from compare_llm_names.wheels import Wheel, order


@dataclass(frozen=True)
class Difference:
    kind: str
    # One of: unknown, no reason, catches all, both, no such name, type, range, elsewhere, unread, no table; of a server name, type, labels, buckets, lacks.
    what: str
    name: str
    sentence: str


def compare(kind: Kind, table: Table | None, wheels: Sequence[Wheel]) -> list[Difference]:
    """Every difference between a kind's table and the wheels of several of its versions."""
    wheels = sorted(wheels, key=lambda wheel: order(wheel.version))
    found = [
        Difference(kind.name, "unread", name, f"named in {wheel.version}, but this program does not see what it is")
        for wheel in wheels
        for name in wheel.unread_names
    ]
    if not table:
        return [*found, Difference(kind.name, "no table", "", "martlet has no table of this kind")]
    absent, wheels = [wheel for wheel in wheels if wheel.version in kind.elsewhere], [wheel for wheel in wheels if wheel.version not in kind.elsewhere]
    found += not_elsewhere(kind, table, absent)
    found += [Difference(kind.name, "no reason", ignored.pattern, "ignored without a reason") for ignored in table.ignored if not ignored.why]
    found += catching_all(kind, table, wheels)
    found += unknown(kind, table, wheels)
    for row in table.rows:
        found += [*no_such_name(kind, row, wheels), *wrong_type(kind, row, wheels), *wrong_range(kind, row, wheels)]
        for name in row.names:
            if reason := next((ignored for ignored in table.ignored if ignored.pattern == exposed(name, row.type)), None):
                found.append(Difference(kind.name, "both", name, f"mapped to {row.ours}, and ignored: {reason.why}"))
    return found


def not_elsewhere(kind: Kind, table: Table, absent: Sequence[Wheel]) -> list[Difference]:
    """What is in a wheel of which it is said that it has nothing of the kind."""
    mapped = {exposed(name, row.type) for row in table.rows for name in row.names}
    return [
        Difference(kind.name, "elsewhere", name, f"{wheel.version} has it, in spite of: {kind.elsewhere[wheel.version]}")
        for wheel in absent
        for name in sorted(mapped & wheel.families.keys())
    ]


def catching_all(kind: Kind, table: Table, wheels: Sequence[Wheel]) -> list[Difference]:
    """What is ignored by the name of the server alone, so that nothing new would ever be noticed."""
    names = {name for wheel in wheels for name in wheel.families}
    return [
        Difference(kind.name, "catches all", ignored.pattern, "ignores whatever the server may ever expose")
        for ignored in table.ignored
        if names and all(ignored.covers(name) for name in names)
    ]


def unknown(kind: Kind, table: Table, wheels: Sequence[Wheel]) -> list[Difference]:
    mapped = {exposed(name, row.type) for row in table.rows for name in row.names}
    versions: dict[str, list[str]] = defaultdict(list)
    types: dict[str, set[str]] = defaultdict(set)
    for wheel in wheels:
        for name, family in wheel.families.items():
            if name not in mapped and not any(ignored.covers(name) for ignored in table.ignored):
                versions[name].append(wheel.version)
                types[name] |= family.types
    return [
        Difference(kind.name, "unknown", name, f"a {' or '.join(sorted(types[name]))} of {', '.join(found)} that is neither mapped nor ignored")
        for name, found in versions.items()
    ]


def no_such_name(kind: Kind, row: Row, wheels: Sequence[Wheel]) -> list[Difference]:
    names = {name for wheel in wheels for name in wheel.families}
    missing = [name for name in row.names if name not in OTHERS_FAMILIES and having(name, names) is None]
    return [Difference(kind.name, "no such name", name, f"mapped to {row.ours}, and none of {said(wheels)} has it") for name in missing]


def wrong_type(kind: Kind, row: Row, wheels: Sequence[Wheel]) -> list[Difference]:
    """Where a name was another type in older versions, one of them is as good as the other: only what no version has is wrong."""
    found: list[Difference] = []
    for name in row.names:
        types = {type for wheel in wheels if (there := having(name, set(wheel.families))) for type in wheel.families[there].types}
        if types and row.type not in types:
            found.append(Difference(kind.name, "type", name, f"a {row.type} in the table, a {' or '.join(sorted(types))} in the source"))
    return found


def wrong_range(kind: Kind, row: Row, wheels: Sequence[Wheel]) -> list[Difference]:
    """Whether the versions that have one of the row's names are those between its first and its last."""
    if any(name in OTHERS_FAMILIES for name in row.names):
        return []
    having_it = [wheel for wheel in wheels if any(having(name, set(wheel.families)) for name in row.names)]
    if not having_it:
        return []
    found: list[str] = []
    for wheel in wheels:
        is_before = bool(row.since) and order(wheel.version) < order(row.since)
        is_after = bool(row.until) and order(wheel.version) > order(row.until) and not wheel.version.startswith(f"{row.until}.")
        if wheel in having_it and (is_before or is_after):
            found.append(f"{wheel.version} has it, too")
        if wheel not in having_it and not (is_before or is_after):
            found.append(f"{wheel.version} does not have it")
    if not found:
        return []
    table = f"from {row.since or 'the beginning'} to {row.until or 'now'} in the table, but {', '.join(found)}"
    return [Difference(kind.name, "range", row.native, f"{table} (of those read: from {having_it[0].version} to {having_it[-1].version})")]


def having(name: str, names: set[str]) -> str | None:
    """The name as it is exposed; a counter's may be written without its `_total`."""
    return next((form for form in (name, f"{name}_total") if form in names), None)


def said(wheels: Sequence[Wheel]) -> str:
    return ", ".join(wheel.version for wheel in wheels)

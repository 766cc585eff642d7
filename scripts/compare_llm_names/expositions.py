"""Holds what a server exposes against the wheels of its kind: names, types, labels and the edges of buckets. For simulated servers, whose are made by hand."""

from __future__ import annotations

import re
import urllib.request
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from compare_llm_names.family import Definition, exposed
from compare_llm_names.judgement import Difference
from compare_llm_names.kinds import KINDS, Kind
from compare_llm_names.tables import Table
from compare_llm_names.wheels import Wheel, order

READ_SECONDS = 30
# Of a histogram and of a summary: which sample, and where in a distribution.
PARTS = ("_bucket", "_sum", "_count")
POSITIONS = {"le", "quantile"}


@dataclass
class Exposed:
    """A family of an exposition."""

    name: str
    type: str
    labels: set[frozenset[str]] = field(default_factory=set)
    edges: set[tuple[float, ...]] = field(default_factory=set)


def split(place: str) -> tuple[str, str | None]:
    """`URL=VERSION`, or a URL alone."""
    found = re.fullmatch(r"(.+)=([0-9][0-9A-Za-z.]*)", place)
    return (found[1], found[2]) if found else (place, None)


def fetch(url: str) -> dict[str, Exposed]:
    with urllib.request.urlopen(url, timeout=READ_SECONDS) as answer:
        return parse(answer.read().decode())


def parse(text: str) -> dict[str, Exposed]:
    """Families of the kinds that are known, by the names that their samples have, but for when they began."""
    from prometheus_client.parser import text_string_to_metric_families

    found: dict[str, Exposed] = {}
    for family in text_string_to_metric_families(text):
        edges: dict[frozenset[tuple[str, str]], set[float]] = defaultdict(set)
        for sample in family.samples:
            name = sample.name
            if family.type in ("histogram", "summary"):
                name = next((name.removesuffix(part) for part in PARTS if name.endswith(part)), name)
            if name.endswith("_created") or not any(kind.pattern.fullmatch(name) for kind in KINDS.values()):
                continue
            exposed = found.setdefault(name, Exposed(name, family.type))
            is_position = family.type in ("histogram", "summary")
            exposed.labels.add(frozenset(sample.labels) - (POSITIONS if is_position else set()))
            if family.type == "histogram" and "le" in sample.labels:
                edges[frozenset((key, value) for key, value in sample.labels.items() if key != "le")].add(float(sample.labels["le"]))
        for name in found.keys() & {family.name}:
            found[name].edges |= {tuple(sorted(edge for edge in one if edge != float("inf"))) for one in edges.values()}
    return found


def compare(families: dict[str, Exposed], wheels: Sequence[Wheel]) -> tuple[Wheel, list[Difference]] | None:
    """The version that it is most alike, by names before all, and where it differs from that; None where it is of no kind that there is a wheel of."""
    candidates = [wheel for wheel in wheels if any(wheel.kind.pattern.fullmatch(name) for name in families)]
    judged = [(wheel, differences(families, wheel)) for wheel in sorted(candidates, key=lambda wheel: order(wheel.version), reverse=True)]
    return min(judged, key=lambda one: (len([other for other in one[1] if other.what in ("name", "type")]), len(one[1]))) if judged else None


def compare_with(families: dict[str, Exposed], wheels: Sequence[Wheel], version: str, table: Table | None) -> tuple[Wheel, list[Difference]] | None:
    """Where it differs from the version that it says it is, and which of the families it lacks that every server of that version has and the table knows."""
    wheel = next((wheel for wheel in wheels if wheel.version == version and any(wheel.kind.pattern.fullmatch(name) for name in families)), None)
    return (wheel, differences(families, wheel) + lacking(families, wheel, table)) if wheel else None


def lacking(families: dict[str, Exposed], wheel: Wheel, table: Table | None) -> list[Difference]:
    found: list[Difference] = []
    for row in table.rows if table else ():
        names = [exposed(name, row.type) for name in row.names]
        always = [name for name in names if name in wheel.families and all(not one.condition for one in wheel.families[name].definitions)]
        if always and not any(name in families for name in names) and not always[0].startswith(tuple(wheel.kind.optional)):
            found.append(Difference(wheel.kind.name, "lacks", always[0], f"every {wheel.version} has it"))
    return found


def differences(families: dict[str, Exposed], wheel: Wheel) -> list[Difference]:
    kind = wheel.kind
    found: list[Difference] = []
    for name, exposed in families.items():
        family = wheel.families.get(name)
        if not kind.pattern.fullmatch(name):
            found.append(Difference(kind.name, "name", name, "of another kind of server"))
        elif not family:
            found.append(Difference(kind.name, "name", name, f"{wheel.version} has no such family"))
        elif exposed.type not in family.types:
            found.append(Difference(kind.name, "type", name, f"a {exposed.type}, and in {wheel.version} a {' or '.join(sorted(family.types))}"))
        else:
            found += wrong_labels(exposed, family.definitions, wheel) + wrong_edges(exposed, family.definitions, wheel)
    return found


def wrong_labels(exposed: Exposed, definitions: Sequence[Definition], wheel: Wheel) -> list[Difference]:
    wrong = [labels for labels in exposed.labels if not any(fits(labels, definition, wheel.kind) for definition in definitions)]
    sets = " or ".join(sorted({", ".join(definition.labels) or "none" for definition in definitions if definition.labels is not None}))
    return [
        Difference(wheel.kind.name, "labels", exposed.name, f"{', '.join(sorted(labels)) or 'none'}, and in {wheel.version} {sets}") for labels in wrong
    ]


def fits(labels: frozenset[str], definition: Definition, kind: Kind) -> bool:
    if definition.labels is None:
        return True
    known = {label for label in definition.labels if not label.startswith("<")}
    if len(known) == len(set(definition.labels)):
        return labels == known
    return known <= labels and (kind.common_labels is None or labels <= known | kind.common_labels)


def wrong_edges(exposed: Exposed, definitions: Sequence[Definition], wheel: Wheel) -> list[Difference]:
    if exposed.type != "histogram" or any(definition.buckets is None for definition in definitions):
        return []
    wrong = [edges for edges in exposed.edges if not any(alike(edges, definition) for definition in definitions)]
    lists = " or ".join(sorted({shown(definition.buckets or ()) for definition in definitions}))
    return [Difference(wheel.kind.name, "buckets", exposed.name, f"{shown(edges)}, and in {wheel.version} {lists}") for edges in wrong]


def alike(edges: tuple[float, ...], definition: Definition) -> bool:
    wanted = definition.buckets or ()
    if definition.is_series:
        wanted = wanted[: len(edges)]
    return len(edges) == len(wanted) and all(abs(ours - theirs) <= 1e-9 * abs(theirs) for ours, theirs in zip(edges, wanted, strict=True))


def shown(edges: Sequence[float]) -> str:
    return " ".join(f"{edge:g}" for edge in edges)

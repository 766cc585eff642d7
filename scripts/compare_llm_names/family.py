"""What a server's source says of a metric family."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Definition:
    """One place of the source that makes a family. Labels and buckets that only a running server knows are None; of some labels there is the expression,
    between `<` and `>`."""

    name: str
    type: str
    labels: tuple[str, ...] | None
    buckets: tuple[float, ...] | None
    # A server takes as many of the buckets as its longest context needs.
    is_series: bool
    condition: str
    where: str


@dataclass
class Family:
    """A family as the source of one version has it: by all the places that make it, of which a server runs through one."""

    name: str
    definitions: list[Definition] = field(default_factory=list)

    @property
    def types(self) -> set[str]:
        return {definition.type for definition in self.definitions}

    @property
    def labels(self) -> set[str]:
        """Those of every place, but for those that only a running server knows."""
        return {label for definition in self.definitions for label in definition.labels or () if not label.startswith("<")}

    @property
    def knows_all_labels(self) -> bool:
        return all(definition.labels is not None and not any(label.startswith("<") for label in definition.labels) for definition in self.definitions)

    @property
    def buckets(self) -> list[tuple[float, ...]]:
        return list(dict.fromkeys(definition.buckets for definition in self.definitions if definition.buckets))


def exposed(name: str, type: str) -> str:
    """The name that Python's client gives a family of this name in the exposition: counters end in `_total`, whether or not they were named so."""
    return f"{name.removesuffix('_total')}_total" if type == "counter" else name

"""Reads docker-compose.yml and its overlays as Docker Compose does, as far as ours go."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml
from conftest import REPOSITORY

BASE = "docker-compose.yml"
OVERLAYS = {
    "base": [], "dev": ["docker-compose.dev.yml"], "mock": ["docker-compose.mock.yml"], "llm": ["docker-compose.llm.yml"],
    "engine": ["docker-compose.engine.yml"], "llm-engine": ["docker-compose.llm.yml", "docker-compose.engine.yml"]}
FILES = [BASE, *dict.fromkeys(name for names in OVERLAYS.values() for name in names)]

VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


class Override:
    """`!override VALUE`: in place of what was there, and not beside it."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Reset(Override):
    """`!reset`: what was there is gone."""


class Loader(yaml.SafeLoader):
    """YAML with the tags of Compose, in which no key may stand twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if key.value != "<<"]
        assert len(keys) == len(set(keys)), f"a key stands twice: {node.start_mark}"
        return super().construct_mapping(node, deep)


def _override(loader: Loader, node: yaml.Node) -> Override:
    return Override(loader.construct_sequence(node, deep=True))  # type: ignore[arg-type]


Loader.add_constructor("!override", _override)
Loader.add_constructor("!reset", lambda _, __: Reset(None))


def load(name: str) -> dict[str, Any]:
    """One file, as it stands."""
    document = yaml.load((REPOSITORY / name).read_text(), Loader)
    assert isinstance(document, dict)
    return document


# Lists that name one thing are exchanged, lists of several things are put together.
EXCHANGED = {"command", "entrypoint", "test"}
# What stands as a list or as a mapping is a mapping here.
MAPPINGS = {"networks", "depends_on", "environment"}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {str(key): None for key in value or []}


def _target(volume: str) -> str:
    return volume.split(":")[1]


def merge(old: Any, new: Any, key: str = "") -> Any:
    if isinstance(new, Override):
        return new.value if not isinstance(new, Reset) else None
    if old is None:
        return new
    if key in MAPPINGS:
        old, new = _mapping(old), _mapping(new)
    if isinstance(old, dict) and isinstance(new, dict):
        merged = {name: merge(old.get(name), new[name], name) if name in new else old[name] for name in [*old, *(name for name in new if name not in old)]}
        return {name: value for name, value in merged.items() if not (value is None and isinstance(new.get(name), Reset))}
    if isinstance(old, list) and isinstance(new, list) and key not in EXCHANGED:
        if key == "volumes":
            targets = {_target(volume) for volume in new}
            old = [volume for volume in old if _target(volume) not in targets]
        return old + [element for element in new if element not in old]
    return new


def interpolate(value: Any, variables: dict[str, str]) -> Any:
    """With the variables, and for what is not in them with the values behind `:-`."""
    if isinstance(value, dict):
        return {key: interpolate(element, variables) for key, element in value.items()}
    if isinstance(value, list):
        return [interpolate(element, variables) for element in value]
    if not isinstance(value, str):
        return value
    text = VARIABLE.sub(lambda found: variables.get(found[1]) or found[2], value)
    assert "$" not in text.replace("$$", ""), f"a variable without a value of its own: {value}"
    return text.replace("$$", "$")


def project(kind: str, variables: dict[str, str] | None = None) -> dict[str, Any]:
    """The base with the overlay of that name."""
    merged = load(BASE)
    for name in OVERLAYS[kind]:
        merged = merge(merged, load(name))
    merged = {key: value for key, value in merged.items() if not key.startswith("x-")}
    for service in merged["services"].values():
        if "networks" in service:
            service["networks"] = _mapping(service["networks"])
    return interpolate(merged, variables or {})


def used_variables(name: str) -> dict[str, set[str]]:
    """Every variable of a file, with the values that stand for it."""
    text = "\n".join(line for line in (REPOSITORY / name).read_text().splitlines() if not line.lstrip().startswith("#"))
    assert text.count("${") == len(VARIABLE.findall(text)), f"{name}: a variable without a value of its own"
    found: dict[str, set[str]] = {}
    for variable, standard in VARIABLE.findall(text):
        found.setdefault(variable, set()).add(standard)
    return found


def example() -> dict[str, str]:
    """The variables of .env.example, those with # in front too."""
    pairs = re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", (REPOSITORY / ".env.example").read_text(), re.MULTILINE)
    assert len(pairs) == len(dict(pairs)), "a variable stands twice in .env.example"
    return dict(pairs)


def plain(name: str, folder: Path) -> Path:
    """A copy for docker-compose 1.29, which knows neither `name` nor the tags: what is exchanged is added there, what is gone stays."""

    def without_tags(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without_tags(element) for key, element in value.items() if not isinstance(element, Reset)}
        if isinstance(value, list):
            return [without_tags(element) for element in value]
        return value.value if isinstance(value, Override) else value

    document = {key: value for key, value in without_tags(load(name)).items() if key != "name"}
    (folder / name).write_text(yaml.safe_dump(document, sort_keys=False))
    return folder / name

"""The boards, read by Grafana's own library for boards as code: whatever it does not know is lost when it writes them again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from boards import boards
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

# Its schema has not the form of marks on the time axis that Grafana 9 and 10 read; newer ones make theirs of it.
MARKS = {f"annotations.list.{name}" for name in ("step", "titleFormat", "textFormat", "tagKeys")}


@pytest.fixture(scope="module", autouse=True)
def all_kinds_of_panels() -> None:
    plugins.register_default_plugins()


def written_again(contents: dict[str, Any]) -> Any:
    return json.loads(JSONEncoder().encode(Dashboard.from_json(contents)))


def lost(ours: Any, theirs: Any, path: str = "") -> Iterator[str]:
    """Where what they wrote lacks something of ours, or has something else in its place. What has no value may be left out."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key, value in ours.items():
            if key in theirs:
                yield from lost(value, theirs[key], f"{path}.{key}")
            elif value is not None:
                yield f"{path}.{key}".removeprefix(".")
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for mine, their in zip(ours, theirs, strict=True):
            yield from lost(mine, their, path)
    elif ours != theirs:
        yield f"{path}: {ours!r} is {theirs!r}".removeprefix(".")


@pytest.mark.parametrize("file", boards())
def test_grafana_s_library_knows_every_word_of_a_board(file: str) -> None:
    contents = boards()[file].contents
    assert set(lost(contents, written_again(contents))) <= MARKS


def test_a_word_that_grafana_does_not_know_is_found() -> None:
    contents = json.loads(json.dumps(boards()["host-detail.json"].contents))
    contents["panels"][0]["options"]["colourMode"] = "background"
    contents["panels"][0]["fieldConfig"]["defaults"]["units"] = "percent"
    assert set(lost(contents, written_again(contents))) - MARKS == {"panels.options.colourMode", "panels.fieldConfig.defaults.units"}

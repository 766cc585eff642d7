"""The simulated llama-server answers as the real one did that is recorded: the same families, headers and members of JSON; and a router that is simulated is read as one."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Start, programs, wait_for
from llama_answers import RECORDING, Form, answers, differences, form, router_answers
from llama_server import Exporter
from test_simulated_llm import Servers

MODELS = ["tiny-a", "tiny-b", "tiny-c"]


@pytest.fixture(scope="module")
def recorded() -> dict[str, Form]:
    return json.loads(RECORDING.read_text())


@pytest.fixture(scope="module")
def router(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("router")
    for start in programs(folder):
        yield Servers(start, folder, "--world", str(folder / "world"), "--model", ",".join(MODELS), kinds="llamacpp").url("llamacpp")


def test_it_answers_as_the_real_one(start: Start, tmp_path: Path, recorded: dict[str, Form]) -> None:
    servers = Servers(start, tmp_path, kinds="llamacpp")
    found = differences(answers(servers.url("llamacpp"), servers.model("llamacpp")), recorded["server"])
    assert not found, "\n".join(found)


def test_router_is_read_and_loads_nothing(router: str, start: Start, tmp_path: Path) -> None:
    """Numbers of each model that is loaded, and of no other; whoever only looks brings no model in."""
    exporter = Exporter(start, tmp_path, router)
    wait_for(lambda: exporter.value("up") == 1, 20, "the router is seen")
    read = exporter.read()
    assert exporter.value("models_loaded") == 2
    for model, is_loaded in zip(MODELS, (1, 1, 0), strict=True):
        names = {name for name, labels in read if ("model", model) in labels}
        assert read["model_loaded", frozenset({("model", model)})] == is_loaded
        assert ("generation_tokens_total" in names) == ("kv_cache_capacity_tokens" in names) == bool(is_loaded), (model, names)
    with urllib.request.urlopen(f"{router}/v1/models") as answer:
        assert [model["status"]["value"] for model in json.load(answer)["data"]] == ["loaded", "loaded", "unloaded"]
    assert form(router, "/v1/chat/completions", {"model": MODELS[2], "messages": [{"role": "user", "content": "x"}], "max_tokens": 1})[0] == "status 200"
    wait_for(lambda: exporter.value("models_loaded") == 3, 20, "the third is loaded, as somebody asked it")


def test_router_answers_as_the_real_one(start: Start, tmp_path: Path, recorded: dict[str, Form]) -> None:
    servers = Servers(start, tmp_path, "--world", str(tmp_path / "world"), "--model", ",".join(MODELS), kinds="llamacpp")
    found = differences(router_answers(servers.url("llamacpp"), MODELS), recorded["router"])
    assert not found, "\n".join(found)

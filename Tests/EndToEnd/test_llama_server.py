"""The LLM collector in front of a real llama-server: what it shows is what the server and its clients count. Skipped, with the reason, where none can be had."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Program, Start, fetch, free_port, run, wait_for
from llama_server import ALIAS, CONTEXT, SLOTS, LlamaServer, Load, settled
from prometheus_client.parser import text_string_to_metric_families

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

PREFIX = "llm_monitor_llm_"
# Its counters are written with six digits.
DIGITS = 1e-5
# Rounds of questions are a second apart at the least.
ROUNDS_SECONDS = 20


class Exporter:
    """`martlet exporter` that asks one server each second."""

    def __init__(self, start: Start, folder: Path, url: str, kind: str = "auto") -> None:
        settings = folder / "martlet.yml"
        settings.write_text(f"llm:\n  min_interval: 1s\n  containers: false\n  servers:\n    - name: llama\n      url: {url}\n      kind: {kind}\n")
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.program: Program = start("exporter", "--config.file", settings, "--web.listen-address", f"127.0.0.1:{port}")
        self.program.wait_until(f"{self.url}/health")

    def read(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Samples of the server's, by name without prefix and labels without those that all have."""
        found: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
        for family in text_string_to_metric_families(fetch(f"{self.url}/metrics").text):
            for sample in family.samples:
                if sample.name.startswith(PREFIX) and sample.labels.get("server") == "llama":
                    labels = frozenset((key, value) for key, value in sample.labels.items() if key not in ("server", "engine"))
                    assert "engine" not in sample.labels or sample.labels["engine"] == "llamacpp", sample
                    found[sample.name.removeprefix(PREFIX), labels] = sample.value
        return found

    def value(self, name: str, **labels: str) -> float | None:
        return self.read().get((name, frozenset(labels.items())))

    def model(self, name: str, **labels: str) -> float | None:
        return self.value(name, model=ALIAS, **labels)


@pytest.fixture(scope="module", autouse=True)
def knows_llm_servers() -> None:
    if run("metrics", "--llm-tables").returncode:
        pytest.skip("this martlet asks no LLM servers")


@pytest.fixture(scope="module")
def server(start_for_all: Start) -> LlamaServer:
    return LlamaServer(start_for_all, "--metrics", "--slots").wait_until_ready()


def near(ours: float | None, theirs: float) -> bool:
    return ours is not None and math.isclose(ours, theirs, rel_tol=DIGITS)


def test_load_is_seen_and_counted(server: LlamaServer, start: Start, tmp_path: Path) -> None:
    """Six clients at four slots: all busy, two wait; and afterwards the counters are the server's own, and what it told its clients."""
    settled(server)
    before = server.metrics()
    exporter = Exporter(start, tmp_path, server.url)

    def everybody_works() -> bool:
        read = exporter.read()
        busy, idle = (read.get(("slots", frozenset({("model", ALIAS), ("state", state)}))) for state in ("busy", "idle"))
        running, waiting = (read.get((f"requests_{what}", frozenset({("model", ALIAS)}))) for what in ("running", "waiting"))
        return (busy, idle, running, waiting) == (SLOTS, 0, SLOTS, 2) and server.busy_slots() == SLOTS

    with Load(server.url, clients=6) as load:
        wait_for(everybody_works, 60, "all slots busy and two requests waiting")
        usages = usages_seen(exporter, seconds=12)
    settled(server)
    after = server.metrics()
    used = load.usage
    assert used.requests >= 6

    # What a slot holds has what was generated in it; no slot ever held more than the longest sequence.
    assert 0.1 < max(usages) <= after["n_tokens_max"] / CONTEXT, usages

    # The server against its clients, so that the rest means something.
    assert near(after["tokens_predicted_total"] - before["tokens_predicted_total"], used.generated_tokens)
    assert near(after["prompt_tokens_total"] - before["prompt_tokens_total"], used.prompt_tokens - used.cached_tokens)
    assert near(after["prompt_tokens_cached_total"] - before["prompt_tokens_cached_total"], used.cached_tokens)

    wait_for(lambda: near(exporter.model("generation_tokens_total"), after["tokens_predicted_total"]), ROUNDS_SECONDS, "the last token is counted")
    read = exporter.read()
    model = {name: value for (name, labels), value in read.items() if labels == {("model", ALIAS)}}
    assert near(model["cached_prompt_tokens_total"], after["prompt_tokens_cached_total"])
    # Of all servers these are the tokens of prompts, whether worked on or found in a cache.
    assert near(model["prompt_tokens_total"], after["prompt_tokens_total"] + after["prompt_tokens_cached_total"])
    assert model["requests_running"] == model["requests_waiting"] == 0
    assert read["slots", frozenset({("model", ALIAS), ("state", "idle")})] == SLOTS


def usages_seen(exporter: Exporter, seconds: float) -> list[float]:
    end = time.monotonic() + seconds
    found: list[float] = []
    while time.monotonic() < end:
        if (usage := exporter.model("kv_cache_usage_ratio")) is not None:
            found.append(usage)
        time.sleep(0.3)
    return found


def test_what_it_serves(server: LlamaServer, start: Start, tmp_path: Path) -> None:
    exporter = Exporter(start, tmp_path, server.url)
    wait_for(lambda: exporter.value("up") == 1, ROUNDS_SECONDS, "the server is seen")
    read = exporter.read()
    listed = server.json("/v1/models")["data"][0]
    properties = server.json("/props")
    plain = {name: value for (name, labels), value in read.items() if not labels}
    assert plain["up"] == plain["ready"] == plain["native_metrics_up"] == plain["models_loaded"] == 1
    assert plain["unmapped_families"] == 0, "a family of this llama-server that no table has"
    # Its header Process-Start-Time-Unix has microseconds since the machine started.
    assert abs(plain.get("start_time_seconds", time.time()) - time.time()) < 600
    model = {name: value for (name, labels), value in read.items() if labels == {("model", ALIAS)}}
    assert model["model_loaded"] == 1
    assert model["model_context_tokens"] == properties["default_generation_settings"]["n_ctx"] == CONTEXT
    assert model["kv_cache_capacity_tokens"] == SLOTS * CONTEXT
    assert model["model_size_bytes"] == listed["meta"]["size"]
    versions = [dict(labels)["version"] for name, labels in read if name == "build_info"]
    assert versions == [properties["build_info"]]


def test_gauges_that_a_scrape_resets_are_not_shown(server: LlamaServer, start: Start, tmp_path: Path) -> None:
    """prompt_tokens_seconds and predicted_tokens_seconds are means since whoever asked last; no number of ours is made of them."""
    exporter = Exporter(start, tmp_path, server.url)
    wait_for(lambda: exporter.value("up") == 1, ROUNDS_SECONDS, "the server is seen")
    with Load(server.url, clients=1, tokens=200):
        wait_for(lambda: exporter.model("requests_running") == 1, 60, "a request runs")
    names = {name for name, _ in exporter.read()}
    assert not [name for name in names if "throughput" in name or name.endswith(("_per_second", "tokens_seconds"))]
    table = next(kind for kind in llm_tables()["kinds"] if kind["kind"] == "llamacpp")
    mapped = {name for family in table["families"] for name in [family["native"], *family["aliases"]]}
    resetting = {"llamacpp:prompt_tokens_seconds", "llamacpp:predicted_tokens_seconds"}
    assert not mapped & resetting
    assert resetting <= {word for item in table["ignored"] for word in (item["pattern"] if isinstance(item, dict) else item).split()}


def test_without_metrics(start: Start, tmp_path: Path) -> None:
    """It answers, and was started without metrics: a state of its own, in which slots and models are known all the same, and counters are absent."""
    server = LlamaServer(start, "--slots").wait_until_ready()
    assert server.status("/metrics") == 501
    exporter = Exporter(start, tmp_path, server.url)
    wait_for(lambda: exporter.value("native_metrics_up") == 0, ROUNDS_SECONDS, "its metrics are missed")
    read = exporter.read()
    assert read["up", frozenset()] == read["ready", frozenset()] == 1
    assert read["slots", frozenset({("model", ALIAS), ("state", "idle")})] == SLOTS
    assert not [name for name, _ in read if name in ("prompt_tokens_total", "generation_tokens_total", "cached_prompt_tokens_total")]


def test_while_it_loads(start: Start, tmp_path: Path) -> None:
    """It answers 503 to everything: it is up, and not ready, until it is."""
    server = LlamaServer(start, "--metrics", "--slots", slow_to_load_seconds=3)
    server.wait_until_loading()
    exporter = Exporter(start, tmp_path, server.url, kind="llamacpp")
    wait_for(lambda: exporter.value("ready") == 0 and server.status("/health") == 503, ROUNDS_SECONDS, "it is not ready")
    assert exporter.value("up") == 1
    server.wait_until_ready()
    wait_for(lambda: exporter.value("ready") == 1, ROUNDS_SECONDS, "it is ready")
    assert exporter.value("native_metrics_up") == 1


def test_gone(start: Start, tmp_path: Path) -> None:
    server = LlamaServer(start, "--metrics").wait_until_ready()
    exporter = Exporter(start, tmp_path, server.url)
    wait_for(lambda: exporter.value("up") == 1, ROUNDS_SECONDS, "the server is seen")
    server.program.stop()
    wait_for(lambda: exporter.value("up") == 0, ROUNDS_SECONDS, "the server is missed")
    assert exporter.value("polls_total", outcome="refused")


def llm_tables() -> Any:
    return json.loads(run("metrics", "--llm-tables").stdout)

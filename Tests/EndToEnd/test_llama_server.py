"""The LLM collector in front of a real llama-server: what it shows is what the server and its clients count. Skipped, with the reason, where none can be had."""

from __future__ import annotations

import json
import math
import os
import statistics
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Start, fetch, run, wait_for
from llama_answers import RECORDING, answers, differences, router_answers
from llama_server import ALIAS, CONTEXT, SLOTS, Exporter, LlamaServer, Load, SlowRelay, router, settled

pytestmark = [pytest.mark.e2e, pytest.mark.alone]

# Its counters are written with six digits.
DIGITS = 1e-5
# Rounds of questions are a second apart at the least.
ROUNDS_SECONDS = 20


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


# MARK: sleep


def test_watching_lets_it_sleep(start: Start, tmp_path: Path) -> None:
    """`/slots` would wake it, and each question after slots counts as work: it falls asleep although it is asked each second, and sleeps on."""
    server = LlamaServer(start, "--metrics", "--slots", "--sleep-idle-seconds", "3").wait_until_ready()
    exporter = Exporter(start, tmp_path, server.url)
    wait_for(lambda: exporter.model("sleeping") == 0, ROUNDS_SECONDS, "it is seen awake")
    assert exporter.model("slots", state="idle") == SLOTS and exporter.model("kv_cache_capacity_tokens") == SLOTS * CONTEXT
    wait_for(lambda: exporter.model("sleeping") == 1, ROUNDS_SECONDS, "it sleeps")
    time.sleep(4)
    assert server.json("/props")["is_sleeping"] is True
    read = exporter.read()
    assert read["up", frozenset()] == read["ready", frozenset()] == read["native_metrics_up", frozenset()] == 1
    assert not [labels for name, labels in read if name == "slots"], "slots of a model that is not in memory"


# MARK: the probe


def test_probe_measures_what_a_client_does(server: LlamaServer, start: Start, tmp_path: Path) -> None:
    """One question of the probe beside three of PyPI's openai client with the same words, through the same slow way: the same tokens, and times that are alike."""
    openai = pytest.importorskip("openai", reason="PyPI's openai is not installed")
    settled(server)
    before = server.metrics()
    with SlowRelay(server.url) as relay:
        exporter = Exporter(start, tmp_path, relay.url, probe={"interval": "60s", "timeout": "20s", "max_tokens": "16"})
        wait_for(lambda: exporter.model("probe_requests_total", outcome="ok") == 1, 90, "the probe is answered")
        settled(server)
        after, read = server.metrics(), exporter.read()
        assert len(relay.bodies) == 1
        body = relay.bodies[0]
        client = openai.OpenAI(base_url=f"{relay.url}/v1", api_key="none", max_retries=0, timeout=30)
        asked = [measured(client, body) for _ in range(3)]
    probed = {name: value for (name, labels), value in read.items() if labels == {("model", ALIAS)}}
    assert probed["probe_success"] == 1 and probed["probe_http_status"] == 200

    # Tokens: what its clients are told, what the server counts, and what we say.
    tokens = {kind: read["probe_tokens_total", frozenset({("model", ALIAS), ("type", kind)})] for kind in ("prompt", "generation")}
    assert {(one["prompt_tokens"], one["completion_tokens"]) for one in asked} == {(tokens["prompt"], tokens["generation"])}
    assert tokens["generation"] == 16
    assert near(after["tokens_predicted_total"] - before["tokens_predicted_total"], 16)
    counted = [after[name] - before[name] for name in ("prompt_tokens_total", "prompt_tokens_cached_total")]
    assert near(sum(counted), tokens["prompt"])

    # Times: at least what the way takes, and what a client measures.
    def compare(name: str, key: str, least: float, more: float) -> None:
        assert probed[f"{name}_count"] == 1
        ours, theirs = probed[f"{name}_sum"], statistics.median(one[key] for one in asked)
        assert ours >= least and abs(ours - theirs) <= more, (name, ours, asked)

    first = SlowRelay.FIRST_SECONDS + 2 * SlowRelay.EACH_SECONDS
    compare("probe_time_to_first_token_seconds", "first", first, 0.15)
    compare("probe_inter_token_latency_seconds", "between", SlowRelay.EACH_SECONDS, 0.02)
    compare("probe_duration_seconds", "whole", first + 15 * SlowRelay.EACH_SECONDS, 0.4)


def measured(client: Any, body: dict[str, Any]) -> dict[str, float]:
    began = time.monotonic()
    moments: list[float] = []
    usage = None
    for chunk in client.chat.completions.create(**body):
        if chunk.choices and chunk.choices[0].delta.content:
            moments.append(time.monotonic())
        usage = chunk.usage or usage
    return {
        "first": moments[0] - began, "between": (moments[-1] - moments[0]) / (usage.completion_tokens - 1), "whole": time.monotonic() - began,
        "prompt_tokens": usage.prompt_tokens, "completion_tokens": usage.completion_tokens,
    }  # fmt: skip


# MARK: routers, and what is recorded


MODELS = ["tiny-a", "tiny-b", "tiny-c"]


@pytest.fixture
def loaded_router(start: Start, tmp_path: Path) -> str:
    """With its first two models loaded, as somebody has asked them."""
    url = router(start, tmp_path, MODELS)
    for number, model in enumerate(MODELS[:2]):
        body = {"model": model, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 10 + number, "ignore_eos": True}
        answer = fetch(f"{url}/v1/chat/completions", "POST", json.dumps(body).encode(), {"Content-Type": "application/json"}, timeout=60)
        assert answer.status == 200, answer.text
    return url


def test_router(loaded_router: str, start: Start, tmp_path: Path) -> None:
    """Each model that is loaded has its own numbers, the native ones; the third is listed, and nobody brings it in by looking."""
    exporter = Exporter(start, tmp_path, loaded_router)
    wait_for(lambda: exporter.value("models_loaded") == 2, ROUNDS_SECONDS, "two models are seen")
    time.sleep(3)
    read = exporter.read()
    for number, model in enumerate(MODELS[:2]):
        lines = fetch(f"{loaded_router}/metrics?model={model}").text.splitlines()
        native = {line.split()[0].removeprefix("llamacpp:"): float(line.split()[1]) for line in lines if not line.startswith("#")}
        ours = {name: value for (name, labels), value in read.items() if labels == {("model", model)}}
        assert ours["generation_tokens_total"] == native["tokens_predicted_total"] == 10 + number
        assert ours["prompt_tokens_total"] == native["prompt_tokens_total"] + native["prompt_tokens_cached_total"] > 0
        assert ours["decode_seconds_total"] == native["tokens_predicted_seconds_total"]
        assert ours["model_loaded"] == 1 and ours["requests_running"] == 0 and ours["sleeping"] == 0
        assert read["slots", frozenset({("model", model), ("state", "idle")})] == 2 and ours["kv_cache_capacity_tokens"] == CONTEXT
    third = {name: value for (name, labels), value in read.items() if labels == {("model", MODELS[2])}}
    assert third["model_loaded"] == 0 and "generation_tokens_total" not in third
    assert read["up", frozenset()] == read["ready", frozenset()] == read["native_metrics_up", frozenset()] == 1
    assert [model["status"]["value"] for model in fetch(f"{loaded_router}/v1/models").json["data"]] == ["loaded", "loaded", "unloaded"]


def test_it_answers_as_recorded(start: Start, loaded_router: str) -> None:
    """What the simulated one is held against is what this one says. With RECORD=1 it is written anew."""
    server = LlamaServer(start, "--metrics", "--slots").wait_until_ready()
    found = {"server": answers(server.url, ALIAS), "router": router_answers(loaded_router, MODELS)}
    if os.environ.get("RECORD") == "1":
        RECORDING.write_text(json.dumps(found, indent=1) + "\n")
    wanted = json.loads(RECORDING.read_text())
    wrong = [line for part in found for line in differences(found[part], wanted[part])]
    assert not wrong, "\n".join(wrong)


def llm_tables() -> Any:
    return json.loads(run("metrics", "--llm-tables").stdout)

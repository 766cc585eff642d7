"""The exporter before LLM servers: by prometheus_client's expositions, in the dialects of all kinds, and before servers that lie."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY, Start, fetch, run, wait_for
from exporting import Exporter, lint_exceptions
from llm_servers import LLMServer, VLLMMetrics, answer, dripping, endless, large, redirect, serving, slow_header, unused_port, vllm
from prometheus_client.parser import text_string_to_metric_families

NAME = "llm_monitor_llm_"
Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Watcher(Exporter):
    """An exporter of these servers."""

    def __init__(self, start: Start, *servers: Mapping[str, Any], **settings: str) -> None:
        values = {"MARTLET_LLM__MIN_INTERVAL": "1s", "MARTLET_LLM__TIMEOUT": "1s", "MARTLET_ZFS__ENABLED": "false", "MARTLET_CONTAINERS__ENABLED": "false"}
        for place, server in enumerate(servers):
            values |= {f"MARTLET_LLM__SERVERS__{place}__{key.upper()}": str(value) for key, value in server.items()}
        super().__init__(start, values | {f"MARTLET_{key}": value for key, value in settings.items()})

    def series(self) -> Series:
        found: Series = {}
        for family in text_string_to_metric_families(self.metrics().text):
            for sample in family.samples:
                if sample.name.startswith(NAME):
                    found[sample.name.removeprefix(NAME), frozenset(sample.labels.items())] = sample.value
        return found

    def value(self, name: str, **labels: str) -> float | None:
        """Of the only series that has these labels."""
        found = [value for (other, set_), value in self.series().items() if other == name and set(labels.items()) <= set_]
        assert len(found) < 2, f"{name}{labels} is {found}"
        return found[0] if found else None

    def knows(self, *servers: str) -> None:
        for server in servers:
            wait_for(lambda server=server: self.value("last_answer_timestamp_seconds", server=server), 15, f"{server} answers")

    def outcome(self, server: str, outcome: str, seconds: float = 15) -> None:
        wait_for(lambda: (self.value("polls_total", server=server, outcome=outcome) or 0) > 0, seconds, f"{server} ends with {outcome}")


@pytest.mark.parametrize("old", [False, True])
def test_numbers_are_those_of_the_server(start: Start, old: bool) -> None:
    metrics = VLLMMetrics(old=old)
    metrics.work(3)
    server = vllm(metrics)
    with serving(server):
        watcher = Watcher(start, {"url": server.url, "name": "chat"})
        watcher.knows("chat")
        ours = watcher.series()
        base = {"server": "chat", "engine": "vllm"}

        def native(name: str, model: str, **labels: str) -> list[float]:
            found = []
            for engine in ("0", "1"):
                found.append(metrics.registry.get_sample_value(f"vllm:{name}", {"model_name": model, "engine": engine} | labels))
            return [value for value in found if value is not None]

        usage = "gpu_cache_usage_perc" if old else "kv_cache_usage_perc"
        cache = "gpu_prefix_cache" if old else "prefix_cache"
        between = "time_per_output_token_seconds" if old else "inter_token_latency_seconds"
        for model in metrics.models:
            labels = base | {"model": model}

            def is_same(name: str, value: float, **more: str) -> None:
                assert ours[name, frozenset((labels | more).items())] == pytest.approx(value), (name, more)

            for name, other in {
                "requests_running": "num_requests_running", "requests_waiting": "num_requests_waiting", "prompt_tokens_total": "prompt_tokens_total",
                "generation_tokens_total": "generation_tokens_total", "preemptions_total": "num_preemptions_total",
                "prefix_cache_queries_tokens_total": f"{cache}_queries_total", "prefix_cache_hits_tokens_total": f"{cache}_hits_total",
            }.items():  # fmt: skip
                is_same(name, sum(native(other, model)))
            is_same("kv_cache_usage_ratio", max(native(usage, model)))
            for reason, outcome in {"stop": "success", "abort": "abort"}.items():
                is_same("requests_total", sum(native("request_success_total", model, finished_reason=reason)), outcome=outcome, reason=reason)
            for name, other in {"time_to_first_token_seconds": "time_to_first_token_seconds", "inter_token_latency_seconds": between,
                                "request_duration_seconds": "e2e_request_latency_seconds"}.items():  # fmt: skip
                is_same(f"{name}_count", sum(native(f"{other}_count", model)))
                is_same(f"{name}_sum", sum(native(f"{other}_sum", model)))
                buckets = {dict(set_)["le"]: value for (found, set_), value in ours.items() if found == f"{name}_bucket" and set(labels.items()) <= set_}
                theirs: dict[float, float] = {}
                for family in metrics.registry.collect():
                    for sample in family.samples:
                        if sample.name == f"vllm:{other}_bucket" and sample.labels["model_name"] == model:
                            theirs[float(sample.labels["le"])] = theirs.get(float(sample.labels["le"]), 0) + sample.value
                assert {float(bound): value for bound, value in buckets.items()} == theirs and len(theirs) > 10
            assert ours["model_loaded", frozenset(labels.items())] == 1 and ours["model_context_tokens", frozenset(labels.items())] == 8192
        server_labels = frozenset(base.items())
        for name, value in {"up": 1, "ready": 1, "native_metrics_up": 1, "models_loaded": 2, "unmapped_families": 0}.items():
            assert ours[name, server_labels] == value, name
        assert ours["build_info", frozenset((base | {"version": "0.33.0"}).items())] == 1
        assert ours["http_responses_total", frozenset((base | {"status": "5xx"}).items())] == 2
        assert abs(ours["last_answer_timestamp_seconds", server_labels] - time.time()) < 10
        assert not [key for key in ours if key[0].endswith("_created") or "iteration" in key[0]]
        lint = subprocess.run(["promtool", "check", "metrics"], input=watcher.metrics().text, capture_output=True, text=True)
        complaints = [line for line in (lint.stdout + lint.stderr).splitlines() if line.startswith(NAME)]
        assert sorted(complaints) == [line for line in lint_exceptions("/metrics", "/metrics, on timers") if line.startswith(NAME)]


def test_a_server_is_asked_no_more_often_than_it_may_be(start: Start, tmp_path: Path) -> None:
    metrics = VLLMMetrics()
    metrics.work()
    server = vllm(metrics)
    with serving(server):
        watcher = Watcher(start, {"url": server.url}, LLM__MIN_INTERVAL="4s")
        wait_for(lambda: server.count("/metrics") == 1, 10, "the server is asked")
        begin = time.monotonic()
        for _ in range(20):
            watcher.metrics()
            time.sleep(0.1)
        # Nor does a reload ask before its time.
        for _ in range(3):
            assert fetch(watcher.url + "/-/reload", method="POST").status == 200
            time.sleep(0.2)
        assert server.count("/metrics") <= 1 + (time.monotonic() - begin) // 4
        wait_for(lambda: server.count("/metrics") >= 3, 20, "it is asked again")
        times = [at for at, _, path, _ in server.asked if path == "/metrics"]
        assert min(later - earlier for earlier, later in zip(times, times[1:])) >= 3.9
        # What was counted before a reload is counted on.
        assert (watcher.value("polls_total", outcome="ok") or 0) >= 2


def test_what_is_old_is_not_shown(start: Start) -> None:
    metrics = VLLMMetrics()
    metrics.work()
    server = vllm(metrics)
    with serving():
        watcher = Watcher(start, {"url": server.url, "name": "chat", "kind": "vllm"})
        watcher.knows("chat")
        assert watcher.value("requests_running", server="chat", model="qwen") is not None
        server.close()
        wait_for(lambda: watcher.value("up", server="chat") == 0, 10, "it is down")
        assert watcher.value("ready", server="chat") == 0
        wait_for(lambda: watcher.value("requests_running", server="chat", model="qwen") is None, 10, "its numbers are gone")
        left = {name for name, labels in watcher.series() if ("server", "chat") in labels}
        assert left == {"up", "ready", "server_info", "last_answer_timestamp_seconds", "poll_duration_seconds", "polls_total"}
        assert (watcher.value("polls_total", server="chat", outcome="refused") or 0) > 0


HOSTILE = {
    "endless": (endless, "too_large"), "large": (large(50 << 20), "too_large"), "large and unannounced": (large(50 << 20, announced=False), "too_large"),
    "slow header": (slow_header, "timeout"), "dripping": (dripping, "timeout"), "html": (answer("<html>hello</html>", kind="text/html"), "malformed"),
    "html that says text": (answer("<html>\nhello there you\n</html>"), "malformed"), "json": (answer({"error": "no"}), "malformed"),
    "packed": (answer(b"\x1f\x8b" + bytes(5000), Content_Encoding="gzip"), "malformed"), "error": (answer("no", 500), "status"),
    "not let in": (answer("no", 401), "status"),
}  # fmt: skip


def test_servers_that_lie_harm_nobody(start: Start) -> None:
    metrics = VLLMMetrics()
    metrics.work()
    good = vllm(metrics)
    elsewhere = LLMServer({"*": answer("here")})
    liars = {name: vllm(answering) for name, (answering, _) in HOSTILE.items()} | {"redirect": vllm(redirect(elsewhere.url + "/metrics"))}
    expected = {name: outcome for name, (_, outcome) in HOSTILE.items()} | {"redirect": "status"}
    with serving(good, elsewhere, *liars.values()):
        servers = [{"url": good.url, "name": "good"}] + [{"url": server.url, "name": name, "kind": "vllm"} for name, server in liars.items()]
        watcher = Watcher(start, *servers, LLM__MIN_INTERVAL="2s")
        watcher.knows("good")
        slowest = 0.0
        end = time.monotonic() + 8
        while time.monotonic() < end:
            begin = time.monotonic()
            assert watcher.metrics().status == 200
            slowest = max(slowest, time.monotonic() - begin)
            time.sleep(0.1)
        assert slowest < 2
        for name, outcome in expected.items():
            watcher.outcome(name, outcome)
            assert watcher.value("requests_running", server=name, model="qwen") is None
        assert watcher.value("requests_running", server="good", model="qwen") is not None
        assert watcher.value("polls_total", server="good", outcome="timeout") == 0
        assert not elsewhere.asked
        resident = int(next(line for line in Path(f"/proc/{watcher.program.process.pid}/status").read_text().splitlines() if line.startswith("VmHWM")).split()[1])
        assert resident < 400 << 10, f"{resident} KiB"


def test_hostile_expositions_cost_their_series_only(start: Start) -> None:
    text = "".join((
        "# TYPE vllm:num_requests_running gauge\n", 'vllm:num_requests_running{model_name="m",user="alice",request_id="1"} 2\n',
        'vllm:num_requests_running{model_name="m",user="bob",request_id="2"} 3\n', 'vllm:num_requests_running{model_name="n"} NaN\n',
        "# TYPE vllm:num_requests_waiting spaceship\n", 'vllm:num_requests_waiting{model_name="m"} 1\n',
        "# TYPE vllm:num_requests_running gauge\n", 'vllm:num_requests_running{model_name="m",user="bob",request_id="2"} 3\n',
        "# TYPE vllm:time_to_first_token_seconds histogram\n", 'vllm:time_to_first_token_seconds_bucket{model_name="m",le="1"} 5\n',
        'vllm:time_to_first_token_seconds_bucket{model_name="m",le="+Inf"} 3\n', 'vllm:time_to_first_token_seconds_sum{model_name="m"} 1\n',
        'vllm:time_to_first_token_seconds_count{model_name="m"} 3\n', "vllm:something_new 1\n", "what is this\n", "\x00\xff{\n",
    ))  # fmt: skip
    server = vllm(answer(text.encode("utf-8", "surrogatepass")))
    with serving(server):
        watcher = Watcher(start, {"url": server.url, "name": "odd"})
        watcher.knows("odd")
        assert watcher.value("requests_running", server="odd", model="m") == 5
        assert watcher.value("time_to_first_token_seconds_count", server="odd") is None
        dropped = {dict(labels)["reason"] for name, labels in watcher.series() if name == "series_dropped_total"}
        assert {"histogram", "duplicate", "value", "line"} <= dropped
        assert {dict(labels)["label"] for name, labels in watcher.series() if name == "labels_dropped_total"} == {"user", "request_id"}
        text = watcher.metrics().text
        assert "alice" not in text and "bob" not in text and (watcher.value("unmapped_families", server="odd") or 0) >= 1


def test_models_past_the_limit_are_one(start: Start) -> None:
    lines = "".join(f'vllm:num_requests_running{{model_name="m{number}"}} 1\n' for number in range(1000))
    server = LLMServer({"/metrics": answer("# TYPE vllm:num_requests_running gauge\n" + lines), "/health": answer("")})
    with serving(server):
        watcher = Watcher(start, {"url": server.url, "name": "many"}, LLM__MODEL_LIMIT="50")
        watcher.knows("many")
        found = {dict(labels)["model"]: value for (name, labels), value in watcher.series().items() if name == "requests_running"}
        assert len(found) == 51 and found["other"] == 950


def test_a_token_goes_to_its_server_alone(start: Start, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret-token\n")
    elsewhere = LLMServer({"*": answer("", 404)})
    metrics = VLLMMetrics()
    metrics.work()
    asked = vllm(metrics)
    redirecting = vllm(redirect(elsewhere.url + "/metrics"))
    apart = vllm(metrics)
    with serving(elsewhere, asked, redirecting, apart):
        servers = [
            {"url": asked.url, "name": "asked", "bearer_token_file": token},
            {"url": redirecting.url, "name": "redirecting", "kind": "vllm", "bearer_token_file": token},
            {"url": apart.url, "name": "apart", "kind": "vllm", "bearer_token_file": token, "metrics_url": elsewhere.url + "/own/metrics"},
        ]
        watcher = Watcher(start, *servers)
        watcher.knows("asked")
        watcher.outcome("redirecting", "status")
        wait_for(lambda: elsewhere.count("/own/metrics") > 0, 10, "the exposition elsewhere is asked for")
        assert all(headers.get("Authorization") == "Bearer s3cret-token" for *_, headers in asked.asked)
        assert all("Authorization" not in headers for *_, headers in elsewhere.asked) and set(elsewhere.paths) <= {"GET /own/metrics"}
        assert "s3cret" not in watcher.metrics().text and "s3cret" not in watcher.program.output

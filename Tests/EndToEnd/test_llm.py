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
from llm_servers import (
    EngineSocket, LLMServer, VLLMMetrics, answer, container, dripping, endless, large, litellm, llamacpp, ollama, redirect, serving, sglang, slow_header, tgi,
    triton, unused_port, vllm,
)  # fmt: skip
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
        assert left == {"up", "ready", "server_info", "last_answer_timestamp_seconds", "poll_duration_seconds", "polls_total", "series_dropped_total"}
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


def test_every_kind_is_found_out_and_read(start: Start) -> None:
    metrics = VLLMMetrics()
    metrics.work()
    inference, figures = triton()
    servers = {"vllm": vllm(metrics), "sglang": sglang(), "tgi": tgi(), "llamacpp": llamacpp(), "ollama": ollama(), "triton": inference, "litellm": litellm()}
    with serving(figures, *servers.values()):
        entries: list[dict[str, Any]] = [{"name": f"my {kind}", "url": server.url} for kind, server in servers.items()]
        entries[5]["metrics_url"] = figures.url
        watcher = Watcher(start, *entries)
        watcher.knows(*(f"my {kind}" for kind in servers))
        ours = watcher.series()

        def is_there(kind: str, name: str, value: float, **labels: str) -> None:
            found = ours.get((name, frozenset(({"server": f"my {kind}", "engine": kind} | labels).items())))
            assert found == pytest.approx(value), (kind, name, labels, found)

        for kind in servers:
            is_there(kind, "up", 1)
            is_there(kind, "ready", 1)
        for kind, version in {"sglang": "0.5.23", "tgi": "3.3.4", "llamacpp": "b11434", "ollama": "0.12.6", "triton": "2.60.0", "litellm": "1.109.1"}.items():
            is_there(kind, "build_info", 1, version=version)
        for name, value in {"requests_running": 7, "requests_waiting": 2, "kv_cache_usage_ratio": 0.28, "prompt_tokens_total": 8128, "prefix_cache_hits_tokens_total": 111,
                            "time_to_first_token_seconds_sum": 4.5, "model_context_tokens": 32768}.items():  # fmt: skip
            is_there("sglang", name, value, model="qwen")
        is_there("sglang", "model_resident_bytes", 14.5 * 2**30, model="qwen", location="vram")
        is_there("sglang", "requests_total", 3, model="qwen", outcome="abort", reason="abort")
        is_there("tgi", "requests_waiting", 4, model="falcon")
        is_there("tgi", "requests_total", 2, model="falcon", outcome="rejected", reason="overloaded")
        is_there("tgi", "requests_total", 1, model="falcon", outcome="client_error", reason="validation")
        is_there("tgi", "prompt_tokens_total", 512, model="falcon")
        is_there("tgi", "request_duration_seconds_bucket", 8, model="falcon", le="1.0")
        for name, value in {"requests_running": 1, "requests_waiting": 2, "prompt_tokens_total": 1000, "cached_prompt_tokens_total": 100, "generation_tokens_total": 321, "prefill_seconds_total": 1.25, "decode_seconds_total": 6.42,
                            "prefix_cache_queries_tokens_total": 1000, "kv_cache_usage_ratio": 0.1, "kv_cache_capacity_tokens": 2000,
                            "model_size_bytes": 640_000_000}.items():  # fmt: skip
            is_there("llamacpp", name, value, model="tiny.gguf")
        is_there("llamacpp", "slots", 1, model="tiny.gguf", state="busy")
        # Releases write there how long the machine has run.
        assert not [labels for name, labels in ours if name == "start_time_seconds" and ("engine", "llamacpp") in labels]
        is_there("llamacpp", "model_info", 1, model="tiny.gguf", family="", parameters="1.1B", quantization="", type="")
        for location, value in {"vram": 4e9, "ram": 2e9, "disk": 5e9}.items():
            is_there("ollama", "model_resident_bytes", value, model="llama3:8b", location=location)
        is_there("ollama", "model_loaded", 0, model="nomic")
        is_there("ollama", "model_info", 1, model="llama3:8b", family="llama", parameters="8.0B", quantization="Q4_K_M", type="")
        is_there("ollama", "models_loaded", 1)
        assert not [name for name, labels in ours if name == "native_metrics_up" and ("engine", "ollama") in labels]
        is_there("triton", "requests_total", 42, model="bert", outcome="success", reason="success")
        is_there("triton", "requests_total", 5, model="bert", outcome="rejected", reason="REJECTED")
        is_there("triton", "time_to_first_token_seconds_bucket", 2, model="bert", le="0.5")
        is_there("triton", "time_to_first_token_seconds_sum", 4.1, model="bert")
        # Sums without buckets: means can be made of them, by the requests that were answered.
        is_there("triton", "request_seconds_total", 7.500001, model="bert")
        is_there("triton", "queue_seconds_total", 0.123456, model="bert")
        is_there("triton", "capability", 1, metric="request_seconds_total", source="native")
        is_there("triton", "capability", 1, metric="request_duration_seconds", source="none")
        is_there("triton", "model_loaded", 0, model="gone")
        is_there("litellm", "requests_total", 60, model="gpt-4o", outcome="success", reason="200")
        is_there("litellm", "requests_total", 5, model="gpt-4o", outcome="rejected", reason="429")
        is_there("litellm", "prompt_tokens_total", 100, model="gpt-4o")
        is_there("litellm", "deployment_state", 1, model="azure/gpt-4o", provider="azure", state="outage")
        is_there("litellm", "deployment_state", 0, model="azure/gpt-4o", provider="azure", state="healthy")
        is_there("litellm", "model_info", 1, model="gpt-4o", family="", parameters="", quantization="", type="llm")
        text = watcher.metrics().text
        assert not [word for word in ("person", "hash1", "example.org", "customer") if word in text]
        is_there("litellm", "capability", 1, metric="requests_total", source="native")
        is_there("ollama", "capability", 1, metric="time_to_first_token_seconds", source="none")
        # Nothing was asked that generates, loads or calls another.
        dear = ("generate", "completions", "/api/chat", "/api/show", "/api/pull", "/load")
        for kind, server in servers.items():
            assert not [path for path in server.paths if any(word in path for word in dear)], kind
            assert {method for _, method, _, _ in server.asked} <= {"GET"} | ({"POST"} if kind == "triton" else set())
        for kind in ("sglang", "tgi", "litellm"):
            assert servers[kind].count("/health") == 0
        lint = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        complaints = [line for line in (lint.stdout + lint.stderr).splitlines() if line.startswith(NAME)]
        assert sorted(complaints) == [line for line in lint_exceptions("/metrics", "/metrics, on timers") if line.startswith(NAME)]


def test_a_server_without_metrics_says_what_it_can(start: Start) -> None:
    server, quiet = llamacpp(metrics=False), sglang()
    del quiet.routes["/metrics"]
    with serving(server, quiet):
        watcher = Watcher(start, {"url": server.url, "name": "tiny"}, {"url": quiet.url, "name": "quiet"})
        watcher.knows("tiny", "quiet")
        for name in ("tiny", "quiet"):
            assert watcher.value("native_metrics_up", server=name) == 0 and watcher.value("up", server=name) == 1
            assert watcher.value("polls_total", server=name, outcome="ok")
        assert watcher.value("requests_running", server="tiny", model="tiny.gguf") == 1
        assert watcher.value("prompt_tokens_total", server="tiny") is None
        assert watcher.value("capability", server="tiny", metric="prompt_tokens_total", source="none") == 1
        assert watcher.value("capability", server="tiny", metric="slots", source="native") == 1


def test_servers_are_found_in_containers_and_at_ports(start: Start, tmp_path: Path) -> None:
    metrics = VLLMMetrics()
    metrics.work()
    by_image, by_label, at_port, other = ollama(), vllm(metrics), tgi(), LLMServer({"*": answer("hello", kind="text/html")})
    boxes = [
        container(1, "docker.io/ollama/ollama:0.12", {}, 11434, by_image.port),
        container(2, "registry.example.org/mine:7", {"martlet.llm.port": "9000", "martlet.llm.kind": "auto", "martlet.llm.name": "chat"}, 9000, by_label.port),
        container(3, "vllm/vllm-openai:v0.33.0", {"martlet.llm.kind": "none"}, 8000, unused_port()),
        container(4, "postgres:17", {}, 5432, other.port),
    ]
    path = tmp_path / "engine.sock"
    engine = EngineSocket(str(path), boxes)
    settings = {"CONTAINERS__ENABLED": "true", "CONTAINERS__ENGINE_SOCKET": str(path), "LLM__ENABLED": "true",
                "LLM__PORTS__0": str(at_port.port), "LLM__PORTS__1": str(other.port), "LLM__PORTS__2": str(unused_port())}  # fmt: skip
    with serving(by_image, by_label, at_port, other):
        watcher = Watcher(start, **settings)
        try:
            watcher.knows("box1", "chat", f"127.0.0.1:{at_port.port}")
            infos = {dict(labels)["server"]: dict(labels) for name, labels in watcher.series() if name == "server_info"}
            assert set(infos) == {"box1", "chat", f"127.0.0.1:{at_port.port}"}
            assert infos["box1"]["found_by"] == "container" and infos["box1"]["container"] == "box1" and infos["box1"]["engine"] == "ollama"
            assert infos["chat"]["engine"] == "vllm" and infos["chat"]["url"] == by_label.url and infos["chat"]["container"] == "box2"
            assert infos[f"127.0.0.1:{at_port.port}"]["found_by"] == "port"
            assert not [labels for name, labels in watcher.series() if "martlet" in str(labels)]
            # One that is gone is gone.
            engine.containers.remove(boxes[0])
            wait_for(lambda: watcher.value("up", server="box1") is None, 60, "the container is forgotten")
        finally:
            engine.close()


def test_the_tables_are_told(built: None = None) -> None:
    told = run("metrics", "--llm-tables", "--format", "json")
    document = json.loads(told.stdout)
    assert [kind["kind"] for kind in document["kinds"]] == ["vllm", "sglang", "tgi", "llamacpp", "ollama", "triton", "litellm"]
    known = {line.split("|")[1].strip().strip("`") for line in (REPOSITORY / "docs/metrics.md").read_text().splitlines() if line.startswith("| `llm_monitor_llm_")}
    for kind in document["kinds"]:
        assert {family["ours"] for family in kind["families"]} <= known
        assert {NAME + capability["metric"] for capability in kind["capabilities"]} <= known
        assert {capability["source"] for capability in kind["capabilities"]} <= {"native", "derived", "probe", "none"}
    assert run("metrics", "--llm-tables", "--format", "markdown").stdout == (REPOSITORY / "docs/llm-servers.md").read_text()
    assert run("metrics", "--llm-tables", "--format", "xml").returncode == 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"SERVERS__0__NAME": "a"}, "url"), ({"SERVERS__0__URL": "ftp://x"}, "http://10.0.0.5:8000"), ({"SERVERS__0__URL": "http://user:pass@x"}, "bearer_token_file"),
        ({"SERVERS__0__URL": "http://a", "SERVERS__1__URL": "http://a"}, "two servers"), ({"SERVERS__0__URL": "http://a", "SERVERS__0__KIND": "vlm"}, "vllm"),
        ({"PORTS__0": "70000"}, "65535"), ({"SERVERS__0__URL": "http://a", "SERVERS__0__CA_FILE": "/x"}, "no certificate"),
        ({"SERVERS__0__URL": "https://a", "SERVERS__0__CA_FILE": "/nowhere"}, "/nowhere"), ({"MIN_INTERVAL": "10ms"}, "duration"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_settings_is_said(settings: Mapping[str, str], words: str) -> None:
    told = run("exporter", "--web.listen-address", "127.0.0.1:0", env={f"MARTLET_LLM__{key}": value for key, value in settings.items()})
    assert told.returncode != 0 and words in told.stderr and "pass@" not in told.stderr and len(told.stderr.splitlines()) == 1


def test_one_server_alone_by_probe(start: Start) -> None:
    metrics = VLLMMetrics()
    metrics.work()
    named, allowed, other = vllm(metrics), ollama(), LLMServer({"*": answer("")})
    with serving(named, allowed, other):
        watcher = Watcher(start, {"url": named.url, "name": "chat"}, LLM__ALLOWED_TARGETS__0=allowed.url, LLM__MIN_INTERVAL="30s")
        watcher.knows("chat")

        def probe(target: str, module: str = "llm") -> Any:
            return fetch(f"{watcher.url}/probe?module={module}&target={target}")

        for target in ("chat", named.url, named.url + "/"):
            text = probe(target).text
            assert 'llm_monitor_llm_up{server="chat",engine="vllm"} 1' in text and "martlet_" not in text
        for _ in range(5):
            assert f'llm_monitor_llm_up{{server="{allowed.url}",engine="ollama"}} 1' in probe(allowed.url).text
        # However often it is asked for.
        assert allowed.count("/api/ps") == 1 and named.count("/metrics") == 1
        assert allowed.url not in watcher.metrics().text
        for target in (other.url, "http://169.254.169.254/latest", allowed.url + "/x", "file:///etc/passwd"):
            assert probe(target).status == 403
        assert probe("").status == 400 and probe("chat", "http").status == 400 and not other.asked

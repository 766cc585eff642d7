"""What an exporter shows of LLM servers from round to round, when parts of them fail, go and come back."""

from __future__ import annotations

import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from conftest import Start, fetch, run, wait_for
from llm_servers import Answering, EngineSocket, LLMServer, VLLMMetrics, answer, container, ollama, redirect, serving, sglang, vllm
from test_llm import Watcher


def late(seconds: float, then: Answering) -> Answering:
    def send(request: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)
        then(request)

    return send


def engines(**tokens: float) -> Answering:
    lines = "".join(f'vllm:generation_tokens_total{{engine="{name[1:]}",model_name="qwen"}} {count}\n' for name, count in tokens.items())
    return answer("# TYPE vllm:generation_tokens_total counter\n" + lines)


def test_a_server_whose_metrics_are_slow_is_up(start: Start) -> None:
    metrics = VLLMMetrics()
    metrics.work()
    known, unknown = vllm(late(2, metrics)), vllm(late(2, metrics))
    with serving(known, unknown):
        watcher = Watcher(start, {"url": known.url, "name": "known", "kind": "vllm"}, {"url": unknown.url, "name": "unknown"})
        for name in ("known", "unknown"):
            watcher.outcome(name, "timeout")
            for family in ("up", "ready"):
                assert watcher.value(family, server=name, engine="vllm") == 1
            assert watcher.value("model_loaded", server=name, model="qwen") == 1
            assert watcher.value("polls_total", server=name, outcome="ok") == 0


def test_counters_of_engines_never_fall(start: Start) -> None:
    server = vllm(engines(e0=1000, e1=900))
    with serving(server):
        watcher = Watcher(start, {"url": server.url, "name": "chat"})

        def becomes(tokens: float) -> None:
            wait_for(lambda: watcher.value("generation_tokens_total", server="chat") == tokens, 10, f"{tokens} tokens")

        becomes(1900)
        for route, tokens in ((engines(e0=1001), 1901), (engines(e0=7, e1=2), 9)):
            server.routes["/metrics"] = route
            becomes(tokens)


def test_a_server_that_is_down_is_no_failure_of_the_collector_and_is_said_once(start: Start) -> None:
    quiet = sglang()
    del quiet.routes["/metrics"]
    closed = LLMServer({"*": answer("no", 401)})
    away = LLMServer({"*": redirect("https://llm.example.org/x?token=s3cret")})
    below = LLMServer({"/metrics": answer('vllm:num_requests_running{model_name="m"} 1\n')})
    with serving(quiet, closed, away, below):
        entries: list[dict[str, Any]] = [
            {"url": quiet.url, "name": "quiet"}, {"url": closed.url, "name": "closed"}, {"url": away.url, "name": "away"}, {"url": below.url + "/v1", "name": "below"},
            {"url": closed.url.replace("http:", "https:"), "name": "plain", "kind": "vllm"},
        ]  # fmt: skip
        watcher = Watcher(start, *entries, LLM__TIMEOUT="10s")
        watcher.knows("quiet")
        for name in ("closed", "away", "below"):
            watcher.outcome(name, "status")
        watcher.outcome("plain", "tls")
        time.sleep(1.2)
        assert 'martlet_scrape_collector_success{collector="llm"} 1' in watcher.metrics().text
        lines = [line for line in watcher.program.output.splitlines() if "level=warn" in line]
        for name, words in {"quiet": "has no metrics", "closed": "bearer_token_file", "away": "https://llm.example.org/x, which is not followed",
                            "below": "in front of /v1", "plain": "http://?"}.items():  # fmt: skip
            found = [line for line in lines if f"server={name} " in line]
            assert len(found) == 1 and words in found[0], (name, found)
        assert "s3cret" not in watcher.program.output


@pytest.mark.e2e
def test_a_server_in_a_container_that_ends_is_down(start: Start, tmp_path: Path) -> None:
    server = ollama()
    box = container(1, "docker.io/ollama/ollama:0.12", {}, 11434, server.port)
    engine = EngineSocket(str(tmp_path / "engine.sock"), [box])
    with serving(server):
        watcher = Watcher(start, CONTAINERS__ENABLED="true", CONTAINERS__ENGINE_SOCKET=str(tmp_path / "engine.sock"), LLM__ENABLED="true")
        try:
            watcher.knows("box1")
            box["State"] = {"Status": "exited", "ExitCode": 1, "FinishedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
            box["NetworkSettings"] = {"Ports": {}, "Networks": {}}
            wait_for(lambda: watcher.value("up", server="box1") == 0, 60, "the server is down")
            assert watcher.value("ready", server="box1", engine="ollama") == 0
            engine.containers.remove(box)
            wait_for(lambda: watcher.value("up", server="box1") is None, 60, "the container is forgotten")
        finally:
            engine.close()


def test_probe_heeds_the_scraper(start: Start) -> None:
    slow = LLMServer({"*": late(3, answer(""))})
    named = ollama()
    with serving(slow, named):
        watcher = Watcher(start, {"url": named.url, "name": "here"}, LLM__ALLOWED_TARGETS__0=slow.url, LLM__TIMEOUT="10s")
        watcher.knows("here")
        begin = time.monotonic()
        told = fetch(f"{watcher.url}/probe?module=llm&target={slow.url}", headers={"X-Prometheus-Scrape-Timeout-Seconds": "1"})
        assert time.monotonic() - begin < 1 and f'llm_monitor_llm_up{{server="{slow.url}",engine="unknown"}} 0' in told.text
        open_metrics = fetch(f"{watcher.url}/probe?module=llm&target=here", headers={"Accept": "application/openmetrics-text;version=1.0.0"})
        assert open_metrics.headers["Content-Type"].startswith("application/openmetrics-text") and open_metrics.text.endswith("# EOF\n")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"SERVERS__0__URL": "http://Host:80/", "SERVERS__0__NAME": "a", "SERVERS__1__URL": "http://host", "SERVERS__1__NAME": "b"}, "count twice"),
        ({"SERVERS__0__URL": "127.0.0.1:28301"}, "http:// or https:// is missing"), ({"MIN_INTERVAL": "15m"}, "2m"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_settings_is_said(settings: dict[str, str], words: str) -> None:
    told = run("exporter", "--web.listen-address", "127.0.0.1:0", env={f"MARTLET_LLM__{key}": value for key, value in settings.items()})
    assert told.returncode != 0 and words in told.stderr and len(told.stderr.splitlines()) == 1


def test_the_setting_that_is_wrong_is_named(tmp_path: Path) -> None:
    file = tmp_path / "martlet.yml"
    file.write_text("llm:\n  servers:\n    - {url: http://127.0.0.1:1}\n    - {url: '127.0.0.1:28301'}\n")
    told = run("exporter", "--config.file", str(file), "--web.listen-address", "127.0.0.1:0")
    assert told.returncode != 0 and "llm.servers[1].url: http:// or https:// is missing" in told.stderr

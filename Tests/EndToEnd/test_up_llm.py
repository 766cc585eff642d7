"""`martlet up --profile llm --simulate`: servers of seven kinds on a machine with cards. Their boards are drawn, their lines are beside them, and of what befalls
them Alertmanager's receiver is told.
"""

from __future__ import annotations

import json
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import browser, tab
from conftest import Start, fetch, free_port, wait_for
from gpus import build_library
from llm_numbers import ALERTS, MODEL_UIDS
from playwright.sync_api import Browser
from stack import Stack, quick_rules
from test_alerts import told_of_everything

__all__ = ["browser"]

SERVERS = {"vllm-llama-70b", "vllm-mistral-24b", "sglang", "llamacpp", "ollama", "tgi", "triton-vision", "litellm"}

# What befalls the servers, and which alerts are to come of it.
SCENARIOS: dict[str, set[str]] = {
    "queue-backlog": {"LlmQueueBacklog"},
    "kv-saturation": {"LlmKvCacheSaturation", "LlmPreemptionsHigh"},
    "slow-first-token": {"LlmTimeToFirstTokenHigh"},
    "stalled": {"LlmGenerationStalled"},
    "errors": {"LlmErrorRateHigh"},
}
# What is wrong with one of them, and which alerts are to come of it.
FAULTS: dict[str, tuple[dict[str, Any], set[str]]] = {
    "refuse": ({"server": "vllm-llama-70b"}, {"LlmServerDown"}),
    "loading": ({"server": "llamacpp"}, {"LlmServerNotReady"}),
    "metrics-disabled": ({"server": "sglang"}, {"LlmMetricsDisabled"}),
    "spilled": ({"server": "ollama"}, {"LlmModelSpilled"}),
}
# Alerts that nothing of this causes, and why. What they do is proven by promtool in prometheus/rules/tests/.
ELSEWHERE: dict[str, str] = {
    "LlmDataStale": "wants a server that answers and has told nothing for minutes",
    "LlmProbeFailing": "wants three questions of a probe that fail, a minute between them",
    "LlmSeriesDropped": "simulated servers tell nothing that has to be left out",
    "LlmInterTokenLatencyHigh": "no simulated server is so slow between tokens",
    "LlmThroughputDropped": "compares with six hours of a past that this stack has not",
}
# Panels that say in good times that there is nothing to draw; test_llm_boards.py draws them in bad ones.
QUIET = {"Outcomes by reason"}
# The rate of five minutes has to fall, or a queue has to grow.
PATIENCE_SECONDS = 600


def free_ports(count: int) -> int:
    """The first of so many ports in a row that nobody has, below those that free_port() gives."""
    rows = list(range(6_000, 8_000 - count, count))
    for first in random.sample(rows, len(rows)):
        held = []
        try:
            for port in range(first, first + count):
                one = socket.socket()
                held.append(one)
                one.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for one in held:
                one.close()
    pytest.fail(f"no {count} free ports in a row")


class ModelStack(Stack):
    """With servers of language models, and rules that wait for seconds."""

    def __init__(self, start: Start, folder: Path) -> None:
        build_library()
        self.control, self.loki = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
        webhook = free_port()
        start("simulate", "webhook", "--listen", f"127.0.0.1:{webhook}")
        super().__init__(
            start, folder, "--profile", "llm", "--simulate.nodes", "2", "--simulate.guests", "0", "--simulate.llm-address", f"127.0.0.1:{free_ports(12)}",
            "--simulate.llm-control-address", self.control, "--simulate.loki-address", self.loki, "--prometheus.scrape-interval", "2s",
            "--prometheus.rules-dir", quick_rules(folder), "--alertmanager.config-file", told_of_everything(folder, f"http://127.0.0.1:{webhook}/alerts"), cards=8)
        self.ports["webhook"] = webhook
        self.wait_until_ready()
        wait_for(lambda: {row["metric"]["server"] for row in self.query("llm:server_up:info == 1")} == SERVERS, 60, "all servers to answer")

    def put(self, path: str, body: dict[str, Any]) -> None:
        answer = fetch(f"http://{self.control}/api/v1/{path}", "PUT", json.dumps(body).encode())
        assert answer.status == 200, answer.text

    def is_told_of(self, wanted: set[str]) -> None:
        def missing() -> set[str]:
            return {name for name in wanted if not self.alerts("firing", name)}

        try:
            wait_for(lambda: not missing(), PATIENCE_SECONDS, "alerts")
        except pytest.fail.Exception:
            pytest.fail(f"nobody was told of {missing()}")


@pytest.fixture(scope="module")
def stack(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelStack]:
    stack = ModelStack(start_for_all, tmp_path_factory.mktemp("llm"))
    yield stack
    stack.program.stop()


def test_every_alert_has_a_cause_or_a_reason() -> None:
    caused = set().union(*SCENARIOS.values(), *(names for _, names in FAULTS.values()))
    assert caused | set(ELSEWHERE) == {alert["alert"] for alert in ALERTS} and not caused & set(ELSEWHERE)


def test_servers_cards_containers_and_lines_are_about_the_same(stack: ModelStack) -> None:
    assert "8 servers of language models" in stack.program.output
    kinds = {(row["metric"]["server"], row["metric"]["engine"]) for row in stack.query("llm_monitor_llm_up")}
    assert {engine for _, engine in kinds} == {"vllm", "sglang", "llamacpp", "ollama", "tgi", "triton", "litellm"}
    assert all(row["metric"]["node"] == "pve2" and row["metric"]["cluster"] == "lab" for row in stack.query("llm_monitor_llm_up"))
    # The server has the name of its container, which works on a card.
    contained = {row["metric"]["container"] for row in stack.query('llm_monitor_llm_server_info{container!=""}')}
    assert contained == {"vllm-llama-70b", "vllm-mistral-24b", "triton-vision"}
    wait_for(lambda: contained <= {row["metric"]["owner"] for row in stack.query("llm_monitor_gpu_owner_memory_bytes")}, 60, "them on cards")
    wait_for(lambda: contained <= {row["metric"]["container"] for row in stack.query("llm_monitor_container_info")}, 60, "them as containers")
    wait_for(lambda: {row["metric"]["server"] for row in stack.query("llm_monitor_llm_probe_success == 1")} >= {"llamacpp", "ollama"}, 60, "probes")

    def lines() -> list[dict[str, Any]]:
        return list(fetch(f"http://{stack.loki}/loki/api/v1/query_range?query=%7Bcontainer%3D%22vllm-llama-70b%22%7D").json["data"]["result"])

    found = wait_for(lines, 30, "lines")
    assert found[0]["stream"] | {"level": ""} == {
        "job": "containers", "cluster": "lab", "node": "pve2", "container": "vllm-llama-70b", "stream": "stderr", "level": ""}


@pytest.mark.e2e
def test_every_panel_of_the_boards_draws(browser: Browser, stack: ModelStack) -> None:
    # For as long as the steps of a board over five minutes, which are drawn from their beginnings.
    wait_for(
        lambda: stack.query("llm:time_to_first_token:p95 offset 30s") and stack.query("llm:tokens_per_watt:ratio offset 30s"), 180,
        "latencies and tokens a joule")
    for uid in sorted(MODEL_UIDS):
        with tab(browser, stack.url("dashboards")) as desk:
            desk.open(f"/d/{uid}?from=now-5m&to=now&refresh=off")
            panels = desk.panels()
            assert len(panels) >= 10 and [panel for panel in panels if panel["failed"]] == []
            blank = {
                panel["title"]: panel["excuse"] or "" for panel in panels
                if panel["title"] not in QUIET and (panel["excuse"] or (panel["colored"] < 20 and not panel["text"]))
            }
            assert blank == {}, uid
            assert desk.complaints == []
            desk.screenshot(f"up-{uid}")


@pytest.mark.e2e
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_what_befalls_servers_is_delivered(start: Start, tmp_path: Path, scenario: str) -> None:
    stack = ModelStack(start, tmp_path)
    stack.put("scenario", {"scenario": scenario})
    stack.is_told_of(SCENARIOS[scenario])


@pytest.mark.e2e
def test_what_is_wrong_with_one_is_delivered(start: Start, tmp_path: Path) -> None:
    stack = ModelStack(start, tmp_path)
    for name, (fault, _) in FAULTS.items():
        stack.put("faults", {"fault": name} | fault)
    stack.is_told_of(set().union(*(names for _, names in FAULTS.values())))


def test_servers_that_the_settings_name_are_watched_and_nothing_is_invented(start: Start, tmp_path: Path) -> None:
    server, control = free_port(), free_port()
    start("simulate", "llm", "--servers", "vllm", "--listen", f"127.0.0.1:{server}", "--control", f"127.0.0.1:{control}")
    settings = tmp_path / "martlet.yml"
    settings.write_text(f"llm:\n  min_interval: 1s\n  servers:\n    - {{name: chat, url: 'http://127.0.0.1:{server}'}}\n")
    stack = Stack(start, tmp_path, "--config.file", settings, "--prometheus.scrape-interval", "1s", simulate=False)
    stack.wait_until_ready()
    assert "with the LLM servers chat; no Proxmox cluster is among it" in stack.program.output
    assert not [name for name in stack.process_ids() if name.startswith("simulated") and name != "simulated-webhook"]
    wait_for(lambda: stack.value('llm_monitor_llm_up{server="chat",engine="vllm"}') == 1, 30, "the server")
    assert stack.query("pve_up") == [] and stack.query("up != 1") == []

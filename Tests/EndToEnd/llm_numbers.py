"""Figures of servers of language models as the exporters beside them show them, for boards and alerts: every number follows from the moment alone, so that a past can be made as well as a present.

Three machines: two with cards and containers, one without; two of them have a server of one name. A fourth exporter asks a server from elsewhere, and says of
no cluster and no node. What a kind of server cannot tell is not there.
"""

from __future__ import annotations

import math
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import yaml
from conftest import REPOSITORY

# Boards and alerts that ask for servers of models.
MODEL_BOARDS = {"llm.json", "models.json", "servers.json"}
MODEL_UIDS = {"martlet-llm", "martlet-models", "martlet-servers"}
ALERTS = [rule for group in yaml.safe_load((REPOSITORY / "prometheus/rules/alerts-llm.yml").read_text())["groups"] for rule in group["rules"]]

P = "llm_monitor_llm_"
BEGAN = 1_700_000_000.0
GIB = 2.0**30

# Bounds as each program has them, cut to what is needed here.
VLLM = [0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80]
SGLANG = [0.1, 0.2, 0.4, 0.6, 0.8, 1, 2, 4, 6, 8, 10, 20, 40, 60]
TGI = [1e-4 * 1.5**step for step in range(35)]
OTEL = [0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
STEPS = [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5]
WHOLE = [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240]
TOKENS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000]

# What there is a figure of at all, of each kind: how it comes to be. What is not named is not measurable.
NATIVE = {
    "vllm": "requests_running requests_waiting requests_total prompt_tokens_total generation_tokens_total time_to_first_token_seconds inter_token_latency_seconds "
    "request_duration_seconds queue_duration_seconds kv_cache_usage_ratio prefix_cache_hits_tokens_total preemptions_total",
    "sglang": "requests_running requests_waiting requests_total prompt_tokens_total generation_tokens_total time_to_first_token_seconds inter_token_latency_seconds "
    "request_duration_seconds queue_duration_seconds kv_cache_usage_ratio",
    "tgi": "requests_waiting requests_total request_duration_seconds queue_duration_seconds",
    "llamacpp": "requests_running requests_waiting prompt_tokens_total generation_tokens_total slots",
    "ollama": "model_resident_bytes", "triton": "requests_waiting requests_total",
    "litellm": "requests_running requests_waiting requests_total prompt_tokens_total generation_tokens_total request_duration_seconds",
}
DERIVED = {
    "tgi": "requests_running prompt_tokens_total generation_tokens_total inter_token_latency_seconds", "sglang": "preemptions_total prefix_cache_hits_tokens_total",
    "llamacpp": "kv_cache_usage_ratio prefix_cache_hits_tokens_total", "litellm": "inter_token_latency_seconds",
}
FIGURES = sorted({name for names in NATIVE.values() for name in names.split()})
PROBED = {"time_to_first_token_seconds", "inter_token_latency_seconds", "request_duration_seconds"}


def counted(rate: float, moment: float, phase: float = 0.0, swing: float = 0.6, period: float = 900.0) -> float:
    """What has been counted by a moment at a rate that goes up and down by a share of itself."""
    passed, turn = moment - BEGAN, 2 * math.pi / period
    return rate * (passed + swing * (math.cos(phase) - math.cos(turn * passed + phase)) / turn)


def level(mean: float, moment: float, phase: float = 0.0, swing: float = 0.6, period: float = 900.0) -> float:
    return mean * (1 + swing * math.sin(2 * math.pi / period * (moment - BEGAN) + phase))


@dataclass
class Served:
    """A model at work: its rates are means."""

    name: str
    requests: float = 0.0
    # Medians, and how many of a hundred requests take six times that.
    first: float = 0.3
    step: float = 0.025
    slow: float = 2.0
    prompt: float = 900.0
    answer: float = 240.0
    running: float = 6.0
    waiting: float = 0.0
    kv: float = 0.4
    failing: float = 0.004
    info: dict[str, str] = field(default_factory=dict)
    context: int = 32_768
    size: float = 20 * GIB
    vram: float = 20 * GIB
    ram: float = 0.0
    loaded: bool = True
    expires: float = 0.0
    phase: float = 0.0
    probed: bool = False


@dataclass
class Server:
    """A server with what it serves."""

    name: str
    engine: str
    node: str
    models: list[Served]
    version: str = "1.0.0"
    container: str = ""
    up: bool = True
    ready: bool = True
    metrics: bool | None = True


def servers() -> list[Server]:
    q4 = {"family": "llama", "parameters": "3.2B", "quantization": "Q4_K_M", "type": "llm"}
    return [
        Server("chat", "vllm", "gpu1", version="0.33.0", container="vllm-chat", models=[
            Served("Qwen3-32B", 4.0, 0.35, 0.028, running=24, waiting=3, kv=0.62, info={"family": "qwen3", "parameters": "32B", "quantization": "fp8", "type": "llm"}, size=34 * GIB, vram=70 * GIB)]),
        Server("agents", "sglang", "gpu1", version="0.5.23", container="sglang-agents", models=[
            Served("DeepSeek-R1-Distill-70B", 1.2, 0.6, 0.03, prompt=4200, answer=900, running=11, waiting=1.2, kv=0.6, phase=1.3, info={"family": "llama", "parameters": "70B", "quantization": "awq", "type": "llm"}, context=131_072, size=39 * GIB, vram=74 * GIB)]),
        Server("search", "vllm", "gpu1", version="0.33.0", container="vllm-search", models=[
            Served("bge-m3", 18.0, 0.03, 0, prompt=400, answer=0, running=2, kv=0.02, phase=2.2, info={"family": "xlm-roberta", "parameters": "568M", "quantization": "", "type": "embedding"}, context=8192, size=1.1 * GIB, vram=3 * GIB)]),
        Server("summaries", "tgi", "gpu2", version="3.3.6", container="tgi", models=[
            Served("Mistral-Small-24B", 0.8, 0.5, 0.03, prompt=5200, answer=320, running=5, phase=0.7, info={"family": "mistral", "parameters": "24B", "quantization": "gptq", "type": "llm"}, size=13 * GIB, vram=21 * GIB, probed=True)]),
        Server("chat", "vllm", "gpu2", version="0.33.0", container="vllm-chat", models=[
            Served("Qwen3-32B", 2.0, 0.3, 0.03, running=9, waiting=1, kv=0.35, phase=2.6, info={"family": "qwen3", "parameters": "32B", "quantization": "fp8", "type": "llm"}, size=34 * GIB, vram=70 * GIB)]),
        Server("far", "vllm", "elsewhere", version="0.32.1", models=[
            Served("Qwen3-8B", 1.6, 0.2, 0.015, running=5, waiting=0.6, kv=0.25, phase=0.9, info={"family": "qwen3", "parameters": "8B", "quantization": "", "type": "llm"}, size=16 * GIB, vram=20 * GIB)]),
        Server("edge", "llamacpp", "box", version="b11434", models=[
            Served("Phi-4-mini", 0.05, 1.4, 0.06, prompt=300, answer=120, running=2, waiting=0.4, kv=0.3, phase=0.4, info={"family": "phi3", "parameters": "3.8B", "quantization": "Q4_K_M", "type": "llm"}, context=16_384, size=2.5 * GIB, vram=0, ram=3.1 * GIB, probed=True)]),
        Server("desk", "ollama", "gpu2", version="0.15.2", metrics=None, models=[
            Served("llama3.2:3b", info=q4, size=1.9 * GIB, vram=2.8 * GIB, expires=240, probed=True, first=0.4, step=0.02),
            Served("qwen2.5-coder:32b", info=q4 | {"family": "qwen2", "parameters": "32.8B"}, size=18.5 * GIB, vram=14 * GIB, ram=7 * GIB, expires=1500),
            Served("gemma3:12b", info=q4 | {"family": "gemma3", "parameters": "12.2B"}, size=7.6 * GIB, vram=0, loaded=False, context=0)]),
        Server("vision", "triton", "gpu2", version="2.60.0", models=[Served("detector", 30.0, waiting=0.5, phase=3, vram=0, context=0, size=0)]),
        Server("gateway", "litellm", "box", version="1.109.1", models=[
            Served("default", 4.4, 0.4, 0.03, running=26, waiting=2, failing=0.02, context=0, size=0, vram=0), Served("reasoning", 1.3, 0.8, 0.03, running=12, answer=900, phase=1.3, context=0, size=0, vram=0)]),
        Server("night", "llamacpp", "box", version="b11020", metrics=False, models=[]),
        Server("spare", "vllm", "gpu2", up=False, ready=False, models=[]),
    ]


# An exporter for each. What is elsewhere has no cluster and no node.
NODES = ("gpu1", "gpu2", "box", "elsewhere")


def target_labels(node: str) -> dict[str, str]:
    return {} if node == "elsewhere" else {"cluster": "lab", "node": node}


class Lines:
    """An exposition, a family's lines together."""

    def __init__(self) -> None:
        self.families: dict[str, list[tuple[str, float]]] = {}

    def put(self, name: str, value: float, suffix: str = "", /, **labels: str) -> None:
        text = ",".join(f'{label}="{content}"' for label, content in labels.items())
        self.families.setdefault(name, []).append((f"{name}{suffix}{{{text}}}", value))

    def histogram(self, name: str, bounds: list[float], parts: list[tuple[float, float]], labels: dict[str, str]) -> None:
        """Of parts, each with its count and its median: how many are below a bound falls off as times do, over about a decade."""
        total = sum(count for count, _ in parts)
        for bound in bounds:
            below = sum(count * share_below(bound, median) for count, median in parts)
            self.put(name, below, "_bucket", **labels, le=f"{bound:.6g}")
        self.put(name, total, "_bucket", **labels, le="+Inf")
        self.put(name, sum(count * median * 1.2 for count, median in parts), "_sum", **labels)
        self.put(name, total, "_count", **labels)

    def text(self, stamp: float | None = None) -> str:
        written = []
        for name, lines in self.families.items():
            histogram = any("_bucket{" in line for line, _ in lines)
            counter = name.endswith("_total")
            if stamp is None:
                written.append(f"# TYPE {name} {'histogram' if histogram else 'counter' if counter else 'gauge'}")
            written += [f"{line} {value:.10g}" + ("" if stamp is None else f" {stamp:.0f}") for line, value in lines]
        return "\n".join(written) + "\n"


def share_below(bound: float, median: float) -> float:
    return 1 / (1 + (median / bound) ** 4) if median else 1.0


def figures(node: str, moment: float, there: Iterable[Server]) -> Lines:
    """What the exporter on a machine shows at a moment."""
    lines = Lines()
    for server in there:
        if server.node == node:
            of_server(lines, server, moment)
    return lines


def of_server(lines: Lines, server: Server, moment: float) -> None:
    who = {"server": server.name, "engine": server.engine}
    lines.put(P + "up", float(server.up), **who)
    lines.put(P + "ready", float(server.ready), **who)
    lines.put(P + "server_info", 1, **who, url=f"http://10.0.0.{len(server.name)}:8000", container=server.container, found_by="container" if server.container else "configuration")
    failed = 0.0 if server.up else counted(1 / 30, moment, swing=0)
    lines.put(P + "polls_total", counted(1 / 30, moment, swing=0) - failed, **who, outcome="ok")
    lines.put(P + "polls_total", failed, **who, outcome="refused")
    if server.name == "search":
        # Asked before anybody knew its kind.
        lines.put(P + "polls_total", 3, server=server.name, engine="unknown", outcome="ok")
    lines.put(P + "series_dropped_total", 0, **who, reason="models")
    lines.put(P + "last_answer_timestamp_seconds", moment - moment % 30 if server.up else moment - 4000, **who)
    lines.put(P + "poll_duration_seconds", level(0.012, moment, len(server.name)), **who)
    if server.metrics is not None:
        lines.put(P + "native_metrics_up", float(server.metrics and server.up), **who)
    probed = PROBED if any(model.probed for model in server.models) else set()
    for name in FIGURES:
        told = name in NATIVE[server.engine].split() and server.metrics is not False
        derived = name in DERIVED.get(server.engine, "").split() and server.metrics is not False
        lines.put(P + "capability", 1, **who, metric=name, source="native" if told else "derived" if derived else "probe" if name in probed else "none")
    if not server.up:
        return
    lines.put(P + "build_info", 1, **who, version=server.version)
    lines.put(P + "start_time_seconds", moment - 200_000 - len(server.name) * 9000, **who)
    lines.put(P + "unmapped_families", {"vllm": 7, "sglang": 118, "litellm": 22}.get(server.engine, 0), **who)
    lines.put(P + "models_loaded", sum(model.loaded for model in server.models), **who)
    if server.engine == "litellm":
        lines.put(P + "labels_dropped_total", counted(0.4, moment), **who, label="end_user")
        lines.put(P + "labels_dropped_total", counted(0.4, moment), **who, label="api_key_alias")
    if server.engine in ("vllm", "sglang"):
        for status, share in (("2xx", 0.99), ("4xx", 0.006), ("5xx", 0.004)):
            lines.put(P + "http_responses_total", share * sum(counted(model.requests, moment, model.phase) for model in server.models), **who, status=status)
    for model in server.models:
        of_model(lines, server, model, who | {"model": model.name}, moment)


def of_model(lines: Lines, server: Server, model: Served, who: dict[str, str], moment: float) -> None:
    kind = server.engine
    told = {*NATIVE[kind].split(), *DERIVED.get(kind, "").split()}
    ended = counted(model.requests, moment, model.phase)
    # Slow ones swing less than all do: with few requests their share is larger, and nothing crosses a threshold by itself at any moment.
    slow = counted(model.requests * model.slow / 100, moment, model.phase, 0.3)
    fast = ended - slow

    def spread(median: float, per_request: float = 1.0) -> list[tuple[float, float]]:
        return [(fast * per_request, median), (slow * per_request, median * 6)]

    if model.info:
        lines.put(P + "model_info", 1, **who, **model.info)
    if kind != "litellm":
        lines.put(P + "model_loaded", float(model.loaded), **who)
    for name, value in (("model_context_tokens", model.context), ("model_size_bytes", model.size)):
        if value:
            lines.put(P + name, value, **who)
    if kind in ("ollama", "sglang", "llamacpp") and model.loaded:
        lines.put(P + "model_resident_bytes", model.vram, **who, location="vram")
        lines.put(P + "model_resident_bytes", model.ram, **who, location="ram")
    if kind == "ollama":
        lines.put(P + "model_resident_bytes", model.size, **who, location="disk")
    if model.expires:
        lines.put(P + "model_expires_timestamp_seconds", moment - moment % 300 + 300 + model.expires, **who)
    # A gateway has names of its own for what is behind it, and counts running and waiting requests together.
    queued = who
    if kind == "litellm":
        for state in ("healthy", "partial", "outage"):
            lines.put(
                P + "deployment_state", float(state == ("partial" if model.name == "reasoning" else "healthy")),
                **who | {"model": f"hosted_vllm/{model.name}"}, provider="hosted_vllm", state=state)
        if model is not server.models[0]:
            told -= {"requests_running", "requests_waiting"}
        queued = {"server": server.name, "engine": kind}

    if "requests_running" in told:
        lines.put(P + "requests_running", round(level(model.running, moment, model.phase, 0.5)), **queued)
    if "requests_waiting" in told:
        # A short queue comes and goes, a long one stays.
        waiting = round(max(0.0, level(model.waiting, moment, model.phase, 2.2 if model.waiting < 50 else 0.3)))
        lines.put(P + "requests_waiting", waiting, **queued)
        if kind == "vllm":
            lines.put(P + "requests_waiting_by_reason", waiting, **who, reason="capacity")
            lines.put(P + "requests_waiting_by_reason", 0, **who, reason="deferred")
    if "requests_total" in told:
        # A gateway's words are HTTP statuses.
        of_gateway = kind == "litellm"
        lines.put(P + "requests_total", ended * (0.93 - model.failing), **who, outcome="success", reason="200" if of_gateway else "stop")
        lines.put(P + "requests_total", ended * 0.05, **who, **({"outcome": "client_error", "reason": "401"} if of_gateway else {"outcome": "success", "reason": "length"}))
        lines.put(P + "requests_total", ended * 0.02, **who, outcome="abort", reason="499" if of_gateway else "abort")
        lines.put(P + "requests_total", ended * model.failing, **who, outcome="error", reason="500" if of_gateway else "error")
    if "prompt_tokens_total" in told:
        lines.put(P + "prompt_tokens_total", ended * model.prompt, **who)
        lines.put(P + "generation_tokens_total", ended * model.answer, **who)
    if kind in ("vllm", "sglang", "llamacpp"):
        lines.put(P + "cached_prompt_tokens_total", ended * model.prompt * 0.35, **who)
        lines.put(P + "prefix_cache_queries_tokens_total", ended * model.prompt, **who)
        lines.put(P + "prefix_cache_hits_tokens_total", ended * model.prompt * 0.3 + slow * model.prompt, **who)
        lines.put(P + "kv_cache_usage_ratio", min(1.0, level(model.kv, moment, model.phase, 0.35)), **who)
        lines.put(P + "kv_cache_capacity_tokens", model.context * 6, **who)
    if kind in ("vllm", "sglang"):
        lines.put(P + "preemptions_total", counted(0.01 * model.requests if model.answer else 0, moment, model.phase, 0.9), **who)
        bounds = VLLM if kind == "vllm" else SGLANG
        lines.histogram(P + "time_to_first_token_seconds", bounds, spread(model.first), who)
        if model.answer:
            lines.histogram(P + "inter_token_latency_seconds", STEPS, spread(model.step, model.answer), who)
            lines.histogram(P + "decode_duration_seconds", WHOLE, spread(model.step * model.answer), who)
            lines.histogram(P + "request_generation_tokens", TOKENS, spread(model.answer), who)
        lines.histogram(P + "prefill_duration_seconds", WHOLE, spread(model.first * 0.8), who)
    if "queue_duration_seconds" in told:
        lines.histogram(P + "queue_duration_seconds", TGI if kind == "tgi" else WHOLE, spread(model.first * 0.5), who)
        lines.histogram(P + "request_prompt_tokens", TOKENS, spread(model.prompt), who)
    if "request_duration_seconds" in told:
        lines.histogram(P + "request_duration_seconds", TGI if kind == "tgi" else WHOLE, spread(model.first + model.step * model.answer), who)
    if kind in ("tgi", "litellm"):
        lines.histogram(P + "time_per_output_token_seconds", TGI if kind == "tgi" else STEPS, spread(model.step), who)
    if kind == "llamacpp":
        busy = round(level(model.running, moment, model.phase, 0.5))
        lines.put(P + "slots", busy, **who, state="busy")
        lines.put(P + "slots", 4 - busy, **who, state="idle")
        lines.put(P + "spec_decode_drafted_tokens_total", ended * 60, **who)
        lines.put(P + "spec_decode_accepted_tokens_total", ended * 42, **who)
    if model.probed:
        of_probe(lines, model, who, moment)


def of_probe(lines: Lines, model: Served, who: dict[str, str], moment: float) -> None:
    asked = counted(1 / 300, moment, swing=0)
    late = asked * 0.1
    for name, bounds, median, each in (("time_to_first_token", OTEL, model.first, 1), ("inter_token_latency", STEPS, model.step, 15), ("duration", OTEL, model.first + 16 * model.step, 1)):
        lines.histogram(f"{P}probe_{name}_seconds", bounds, [((asked - late) * each, median), (late * each, median * 4)], who)
    lines.put(P + "probe_success", 1, **who)
    lines.put(P + "probe_http_status", 200, **who)
    lines.put(P + "probe_last_run_timestamp_seconds", moment - moment % 300, **who)
    lines.put(P + "probe_requests_total", asked - late / 4, **who, outcome="ok")
    lines.put(P + "probe_requests_total", late / 4, **who, outcome="timeout")
    lines.put(P + "probe_skipped_total", counted(1 / 1200, moment, swing=0), **who, reason="queue")
    lines.put(P + "probe_tokens_total", asked * 11, **who, type="prompt")
    lines.put(P + "probe_tokens_total", asked * 16, **who, type="generation")


def of_machine(node: str, moment: float, there: Iterable[Server]) -> Lines:
    """Cards and containers, which the same exporter shows."""
    lines = Lines()
    lines.put("martlet_scrape_collector_success", 1, collector="llm")
    for number in range({"gpu1": 2, "gpu2": 1}.get(node, 0)):
        card = {"gpu_uuid": f"GPU-{node}-{number}", "gpu_index": str(number)}
        total = 141 * GIB
        lines.put("llm_monitor_gpu_info", 1, **card, name="NVIDIA H200", driver_version="580.95.05")
        lines.put("llm_monitor_gpu_state", 1, **card, state="ok")
        lines.put("llm_monitor_gpu_utilization_ratio", min(1.0, level(0.7, moment, number, 0.3)), **card)
        lines.put("llm_monitor_gpu_memory_total_bytes", total, **card)
        lines.put("llm_monitor_gpu_memory_free_bytes", total * 0.12, **card)
        lines.put("llm_monitor_gpu_power_watts", level(480, moment, number, 0.3), **card)
        lines.put("llm_monitor_gpu_temperature_celsius", level(61, moment, number, 0.1), **card, sensor="core")
    for server in there:
        if server.node == node and server.container:
            box = {"container": server.container, "image": server.engine, "gpu": "true"}
            lines.put("llm_monitor_container_cpu_seconds_total", counted(2.4, moment, len(server.name)), **box, mode="user")
            lines.put("llm_monitor_container_memory_working_set_bytes", level(9 * GIB, moment, len(server.name), 0.05), **box)
            lines.put("llm_monitor_container_restarts_total", 0, **box)
            lines.put("llm_monitor_container_start_time_seconds", BEGAN, **box)
            for state in ("running", "exited"):
                lines.put("llm_monitor_container_state", float(state == "running"), **box, state=state)
    return lines


def of_host(node: str, moment: float) -> Lines:
    """What a node exporter shows, as far as it is needed here."""
    lines = Lines()
    for cpu in range(4):
        busy = counted(0.35, moment, len(node) + cpu)
        lines.put("node_cpu_seconds_total", busy, cpu=str(cpu), mode="user")
        lines.put("node_cpu_seconds_total", moment - BEGAN - busy, cpu=str(cpu), mode="idle")
    lines.put("node_memory_MemTotal_bytes", 512 * GIB)
    lines.put("node_memory_MemAvailable_bytes", level(200 * GIB, moment, len(node), 0.2))
    return lines


@dataclass
class Numbers:
    """A program in the place of the exporters of three machines."""

    port: int = 0
    servers: list[Server] = field(default_factory=servers)

    def server(self, name: str) -> Server:
        return next(server for server in self.servers if server.name == name)

    def text(self, node: str, moment: float, stamp: float | None = None) -> str:
        return figures(node, moment, self.servers).text(stamp) + of_machine(node, moment, self.servers).text(stamp)

    def scrapes(self) -> list[dict[str, object]]:
        """What prometheus.yml says of them. The machine is a parameter, so that one port is enough."""
        def job(name: str, path: str) -> dict[str, object]:
            targets = [{"targets": [f"127.0.0.1:{self.port}"], "labels": target_labels(node) | {"__param_node": node}} for node in NODES if name != "node" or target_labels(node)]
            return {"job_name": name, "metrics_path": path, "honor_labels": True, "static_configs": targets}

        return [job("gpu-hosts", "/metrics"), job("node", "/host")]

    def history(self, data: Path, scratch: Path, until: float, seconds: int, step: int = 15) -> None:
        """Puts what was shown before into the folder of a Prometheus."""
        series: dict[str, dict[str, list[str]]] = {}
        for moment in range(int(until) - seconds, int(until), step):
            for node in NODES:
                there = [figures(node, moment, self.servers), of_machine(node, moment, self.servers)]
                for job, instance_lines in (("gpu-hosts", there), ("node", [of_host(node, moment)] if target_labels(node) else [])):
                    for lines in instance_lines:
                        for name, samples in lines.families.items():
                            for line, value in samples:
                                place = {"job": job, "instance": f"127.0.0.1:{self.port}"} | target_labels(node)
                                labels = ",".join(f'{label}="{content}"' for label, content in place.items())
                                named = line[:-1] + ("," if "{}" not in line else "") + labels + "}"
                                series.setdefault(name, {}).setdefault(named, []).append(f"{value:.10g} {moment}")
        file = scratch / "history.om"
        with file.open("w") as out:
            for family in series.values():
                for named, samples in family.items():
                    out.writelines(f"{named} {sample}\n" for sample in samples)
            out.write("# EOF\n")
        made = subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", file, data], capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        file.unlink()


@contextmanager
def numbers() -> Iterator[Numbers]:
    made = Numbers()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urllib.parse.urlsplit(self.path)
            node = urllib.parse.parse_qs(parts.query)["node"][0]
            moment = time.time()
            body = (of_host(node, moment).text() if parts.path == "/host" else made.text(node, moment)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

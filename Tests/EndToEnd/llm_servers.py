"""LLM servers that are none: the answers that each kind gives, with expositions by prometheus_client, and some that nobody should give."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

TEXT = "text/plain; version=0.0.4; charset=utf-8"
FIRST_TOKEN = (0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560)
BETWEEN_TOKENS = (0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80)
WHOLE_REQUEST = (0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680)

Answering = Callable[[BaseHTTPRequestHandler], None]


def answer(body: bytes | str | Any, status: int = 200, kind: str | None = None, **headers: str) -> Answering:
    """What is not text or bytes is JSON."""
    if not isinstance(body, (bytes, str)):
        body, kind = json.dumps(body), kind or "application/json"
    data = body.encode() if isinstance(body, str) else body

    def send(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        request.send_header("Content-Type", kind or TEXT)
        request.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(data)

    return send


class LLMServer:
    """Answers paths as it is told, and remembers what it was asked."""

    def __init__(self, routes: Mapping[str, Answering | Callable[[], Answering]]) -> None:
        self.routes = dict(routes)
        self.asked: list[tuple[float, str, str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                self.rfile.read(length)
                outer.asked.append((time.monotonic(), self.command, self.path, dict(self.headers)))
                route = outer.routes.get(f"{self.command} {self.path}") or outer.routes.get(self.path) or outer.routes.get("*")
                try:
                    (route or answer("Not Found", 404, "text/html"))(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            do_POST = do_GET

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            connections: list[socket.socket]

            def get_request(self) -> Any:
                connection, address = super().get_request()
                self.connections.append(connection)
                return connection, address

            def handle_error(self, *_: Any) -> None:
                pass

        Server.connections = []
        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def count(self, path: str) -> int:
        return sum(asked[2] == path for asked in list(self.asked))

    @property
    def paths(self) -> Tally[str]:
        return Tally(f"{asked[1]} {asked[2]}" for asked in list(self.asked))

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        for connection in self.server.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


@contextmanager
def serving(*servers: LLMServer) -> Iterator[None]:
    try:
        yield
    finally:
        for server in servers:
            server.close()


class VLLMMetrics:
    """What vLLM writes of some models and engines, by the library that vLLM writes it with."""

    def __init__(self, models: tuple[str, ...] = ("meta/llama", "qwen"), engines: int = 2, old: bool = False) -> None:
        self.registry = CollectorRegistry()
        self.models, self.engines = models, engines
        label = ("model_name", "engine")

        def make(kind: Any, name: str, more: tuple[str, ...] = (), **options: Any) -> Any:
            return kind(f"vllm:{name}", name, label + more, registry=self.registry, **options)

        self.running, self.waiting = make(Gauge, "num_requests_running"), make(Gauge, "num_requests_waiting")
        self.usage = make(Gauge, "gpu_cache_usage_perc" if old else "kv_cache_usage_perc")
        self.queries = make(Counter, ("gpu_" if old else "") + "prefix_cache_queries")
        self.hits = make(Counter, ("gpu_" if old else "") + "prefix_cache_hits")
        self.prompt, self.generated = make(Counter, "prompt_tokens"), make(Counter, "generation_tokens")
        self.preemptions = make(Counter, "num_preemptions")
        self.success = make(Counter, "request_success", ("finished_reason",))
        self.first = make(Histogram, "time_to_first_token_seconds", buckets=FIRST_TOKEN)
        self.between = make(Histogram, "time_per_output_token_seconds" if old else "inter_token_latency_seconds", buckets=BETWEEN_TOKENS)
        self.whole = make(Histogram, "e2e_request_latency_seconds", buckets=WHOLE_REQUEST)
        self.steps = make(Histogram, "iteration_tokens_total", buckets=(1, 8, 64, 512))
        Gauge("vllm:cache_config_info", "info", ["block_size", "num_gpu_blocks", "cache_dtype", "engine"], registry=self.registry).labels(
            "16", "1000", "auto", "0").set(1)
        http = Counter("http_requests", "requests", ["handler", "method", "status"], registry=self.registry)
        http.labels("/v1/chat/completions", "POST", "2xx").inc(10)
        http.labels("/v1/chat/completions", "POST", "5xx").inc(2)

    def work(self, seed: int = 1) -> None:
        """Some requests of each model at each engine; engines and models differ."""
        for place, (model, engine) in enumerate((model, engine) for model in self.models for engine in range(self.engines)):
            labels = (model, str(engine))
            amount = seed + place
            self.running.labels(*labels).set(amount)
            self.waiting.labels(*labels).set(place)
            self.usage.labels(*labels).set(min(1, 0.1 * amount))
            self.queries.labels(*labels).inc(100 * amount)
            self.hits.labels(*labels).inc(40 * amount)
            self.prompt.labels(*labels).inc(1000 * amount)
            self.generated.labels(*labels).inc(300 * amount)
            self.preemptions.labels(*labels).inc(place)
            self.success.labels(*labels, "stop").inc(amount)
            self.success.labels(*labels, "abort").inc(1)
            self.steps.labels(*labels).observe(100)
            for step in range(amount * 3):
                self.first.labels(*labels).observe(0.0007 * 2.3 ** (step % 14))
                self.between.labels(*labels).observe(0.02 + 0.011 * step)
                self.whole.labels(*labels).observe(0.25 * 1.7 ** (step % 9))

    def __call__(self, request: BaseHTTPRequestHandler) -> None:
        answer(generate_latest(self.registry))(request)


def vllm(metrics: Answering, version: str = "0.33.0", models: tuple[str, ...] = ("meta/llama", "qwen")) -> LLMServer:
    return LLMServer({
        "/metrics": metrics, "/health": answer(""), "/version": answer({"version": version}),
        "/v1/models": answer({"object": "list", "data": [{"id": model, "owned_by": "vllm", "root": model, "max_model_len": 8192} for model in models]}),
    })  # fmt: skip


# What nobody should answer.


def endless(request: BaseHTTPRequestHandler) -> None:
    """A body without an end, as fast as it is taken."""
    request.send_response(200)
    request.send_header("Content-Type", TEXT)
    request.end_headers()
    request.close_connection = True
    piece = b"".join(b'vllm:num_requests_running{model_name="m%d"} 1\n' % number for number in range(2000))
    while True:
        request.wfile.write(piece)


def large(bytes_count: int, announced: bool = True) -> Answering:
    def send(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", TEXT)
        if announced:
            request.send_header("Content-Length", str(bytes_count))
        request.end_headers()
        request.close_connection = True
        line = b'vllm:num_requests_running{model_name="m"} 1\n' * 1000
        for _ in range(bytes_count // len(line)):
            request.wfile.write(line)

    return send


def slow_header(request: BaseHTTPRequestHandler) -> None:
    request.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for _ in range(600):
        request.wfile.write(b"X-A: b\r\n")
        time.sleep(0.1)


def dripping(request: BaseHTTPRequestHandler) -> None:
    """A byte now and then."""
    request.send_response(200)
    request.send_header("Content-Type", TEXT)
    request.send_header("Content-Length", "5000")
    request.end_headers()
    for _ in range(5000):
        request.wfile.write(b"#")
        time.sleep(0.05)


def redirect(target: str) -> Answering:
    return answer("", 302, "text/html", Location=target)


def unused_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


# The other kinds, as little as tells what they are.


def _histogram(name: str, labels: str, bounds: tuple[float, ...], counts: tuple[int, ...], total: float) -> str:
    """In the text's own words, for servers whose library is not Python's."""
    comma = "," if labels else ""
    lines = [f"# TYPE {name} histogram"]
    for bound, count in zip((*map(str, bounds), "+Inf"), counts):
        lines.append(f'{name}_bucket{{{labels}{comma}le="{bound}"}} {count}')
    return "\n".join([*lines, f"{name}_sum{{{labels}}} {total}", f"{name}_count{{{labels}}} {counts[-1]}", ""])


def sglang() -> LLMServer:
    labels = 'engine_type="unified",model_name="qwen",moe_ep_rank="0",pp_rank="0",tp_rank="0"'
    text = f"""# TYPE sglang:num_running_reqs gauge
sglang:num_running_reqs{{{labels}}} 7.0
# TYPE sglang:num_queue_reqs gauge
sglang:num_queue_reqs{{{labels}}} 2.0
# TYPE sglang:token_usage gauge
sglang:token_usage{{{labels}}} 0.28
# TYPE sglang:cache_hit_rate gauge
sglang:cache_hit_rate{{{labels}}} 0.9
# TYPE sglang:weight_memory_usage_gb gauge
sglang:weight_memory_usage_gb{{{labels}}} 14.5
# TYPE sglang:prompt_tokens_total counter
sglang:prompt_tokens_total{{{labels},is_streaming="true"}} 8000.0
sglang:prompt_tokens_total{{{labels},is_streaming="False"}} 128.0
# TYPE sglang:cached_tokens_total counter
sglang:cached_tokens_total{{{labels},cache_source="device"}} 100.0
sglang:cached_tokens_total{{{labels},cache_source="host"}} 11.0
# TYPE sglang:num_aborted_requests_total counter
sglang:num_aborted_requests_total{{{labels}}} 3.0
""" + _histogram("sglang:time_to_first_token_seconds", labels + ',is_streaming="true"', (0.1, 0.2), (1, 2, 5), 4.5)
    return LLMServer({
        "/metrics": answer(text), "/ready": answer(""), "/model_info": answer({"model_path": "qwen", "tokenizer_path": "qwen"}),
        "/server_info": answer({"version": "0.5.23"}), "/v1/models": answer({"data": [{"id": "qwen", "owned_by": "sglang", "max_model_len": 32768}]}),
    })  # fmt: skip


def tgi() -> LLMServer:
    text = """# TYPE tgi_queue_size gauge
tgi_queue_size 4
# TYPE tgi_request_count counter
tgi_request_count 12
# TYPE tgi_request_success counter
tgi_request_success 9
# TYPE tgi_request_failure counter
tgi_request_failure{err="overloaded"} 2
tgi_request_failure{err="validation"} 1
""" + _histogram("tgi_request_input_length", "", (10, 100), (3, 8, 9), 512) + _histogram("tgi_request_duration", "", (0.1, 1), (3, 8, 9), 6.5)
    return LLMServer({"/metrics": answer(text), "/info": answer({"model_id": "falcon", "version": "3.3.4", "model_dtype": "torch.float16", "max_total_tokens": 4096})})


def llamacpp(metrics: bool = True) -> LLMServer:
    text = """# HELP llamacpp:prompt_tokens_total Number of prompt tokens processed.
# TYPE llamacpp:prompt_tokens_total counter
llamacpp:prompt_tokens_total 900
# TYPE llamacpp:prompt_tokens_cached_total counter
llamacpp:prompt_tokens_cached_total 100
# TYPE llamacpp:tokens_predicted_total counter
llamacpp:tokens_predicted_total 321
# TYPE llamacpp:prompt_seconds_total counter
llamacpp:prompt_seconds_total 1.25
# TYPE llamacpp:tokens_predicted_seconds_total counter
llamacpp:tokens_predicted_seconds_total 6.42
# TYPE llamacpp:n_tokens_max counter
llamacpp:n_tokens_max 77
# TYPE llamacpp:predicted_tokens_seconds gauge
llamacpp:predicted_tokens_seconds 11.5
# TYPE llamacpp:requests_processing gauge
llamacpp:requests_processing 1
# TYPE llamacpp:requests_deferred gauge
llamacpp:requests_deferred 2
"""
    slots = [{"id": 0, "n_ctx": 1000, "is_processing": True, "n_prompt_tokens": 200, "next_token": [{"n_decoded": 50}]},
             {"id": 1, "n_ctx": 1000, "is_processing": False}]  # fmt: skip
    return LLMServer({
        "/metrics": answer(text, Process_Start_Time_Unix="74698162013") if metrics else answer({"error": {"code": 501}}, 501),
        "/slots": answer(slots), "/health": answer({"status": "ok"}), "/props": answer({"build_info": "b11434", "total_slots": 2, "default_generation_settings": {"n_ctx": 1000}}),
        "/v1/models": answer({"data": [{"id": "tiny.gguf", "owned_by": "llamacpp", "meta": {"n_params": 1_100_000_000, "size": 640_000_000, "n_ctx_train": 2048}}]}),
    })  # fmt: skip


def ollama() -> LLMServer:
    details = {"format": "gguf", "family": "llama", "parameter_size": "8.0B", "quantization_level": "Q4_K_M"}
    loaded = {"name": "llama3:8b", "model": "llama3:8b", "size": 6_000_000_000, "size_vram": 4_000_000_000, "digest": "x", "details": details,
              "expires_at": "2026-11-22T23:30:00.123456789Z", "context_length": 4096}  # fmt: skip
    stored = [{"name": "llama3:8b", "size": 5_000_000_000, "details": details, "capabilities": ["completion"]},
              {"name": "nomic", "size": 300_000_000, "details": {"family": "nomic-bert"}, "capabilities": ["embedding"]}]  # fmt: skip
    return LLMServer({
        "/": answer("Ollama is running"), "/api/version": answer({"version": "0.12.6"}), "/api/ps": answer({"models": [loaded]}),
        "/api/tags": answer({"models": stored}),
    })  # fmt: skip


def triton() -> tuple[LLMServer, LLMServer]:
    """The server, and the one of its metrics."""
    labels = 'model="bert",version="1"'
    text = f"""# TYPE nv_inference_request_success counter
nv_inference_request_success{{{labels}}} 40
nv_inference_request_success{{model="bert",version="2"}} 2
# TYPE nv_inference_request_failure counter
nv_inference_request_failure{{{labels},reason="REJECTED"}} 5
nv_inference_request_failure{{{labels},reason="BACKEND"}} 1
# TYPE nv_inference_pending_request_count gauge
nv_inference_pending_request_count{{{labels}}} 6
# TYPE nv_inference_queue_duration_us counter
nv_inference_queue_duration_us{{{labels}}} 123456
# TYPE nv_inference_request_duration_us counter
nv_inference_request_duration_us{{{labels}}} 7000000
nv_inference_request_duration_us{{model="bert",version="2"}} 500001
""" + _histogram("nv_inference_first_response_histogram_ms", labels, (100, 500, 2000, 5000), (1, 2, 3, 4, 4), 4100)
    index = [{"name": "bert", "version": "1", "state": "READY"}, {"name": "gone", "version": "1", "state": "UNAVAILABLE", "reason": "unloaded"}]
    server = LLMServer({
        "/v2": answer({"name": "triton", "version": "2.60.0", "extensions": ["classification"]}), "/v2/health/ready": answer(""),
        "POST /v2/repository/index": answer(index),
    })  # fmt: skip
    return server, LLMServer({"/metrics": answer(text)})


def litellm() -> LLMServer:
    """As its library writes it, with labels that are nobody's business."""
    registry = CollectorRegistry()
    who = ["end_user", "hashed_api_key", "api_key_alias", "requested_model", "team", "user", "status_code", "user_email", "route"]
    requests = Counter("litellm_proxy_total_requests_metric", "requests", who, registry=registry)
    for number in range(30):
        requests.labels(f"customer{number}", f"hash{number}", "alias", "gpt-4o", "team", f"person{number}", "200", f"p{number}@example.org", "/chat").inc(2)
    requests.labels("customer", "hash", "alias", "gpt-4o", "team", "person", "429", "p@example.org", "/chat").inc(5)
    tokens = Counter("litellm_input_tokens_metric", "tokens", ["model", "requested_model", "user"], registry=registry)
    tokens.labels("azure/gpt-4o", "gpt-4o", "person1").inc(70)
    tokens.labels("azure/gpt-4o", "gpt-4o", "person2").inc(30)
    state = Gauge("litellm_deployment_state", "state", ["litellm_model_name", "model_id", "api_base", "api_provider"], registry=registry)
    state.labels("azure/gpt-4o", "1", "https://secret.example.org", "azure").set(0)
    state.labels("azure/gpt-4o", "2", "https://other.example.org", "azure").set(2)
    Gauge("litellm_in_flight_requests", "requests", registry=registry).set(4)
    return LLMServer({
        "/metrics": answer("", 307, Location="/metrics/"), "/metrics/": answer(generate_latest(registry)),
        "/health/readiness": answer({"status": "connected", "db": "connected", "litellm_version": "1.109.1"}),
        "/model/info": answer({"data": [{"model_name": "gpt-4o", "litellm_params": {"api_base": "https://secret.example.org"}, "model_info": {"mode": "chat", "max_input_tokens": 128000}}]}),
    })  # fmt: skip


class EngineSocket:
    """A container engine that knows some containers, on a socket of its own."""

    def __init__(self, path: str, containers: list[dict[str, Any]]) -> None:
        outer = self
        self.containers = containers

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def address_string(self) -> str:
                return "unix"

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path == "/version":
                    answer({"Version": "28.0.1", "Components": []})(self)
                elif path == "/containers/json":
                    answer([{"Id": box["Id"], "State": box["State"]["Status"]} for box in outer.containers])(self)
                elif path == "/events":
                    self.send_response(200)
                    self.end_headers()
                    self.close_connection = True
                    time.sleep(120)
                else:
                    box = next((box for box in outer.containers if box["Id"] in path), None)
                    answer(box or "", 200 if box else 404)(self)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            address_family = socket.AF_UNIX
            daemon_threads = True

            def server_bind(self) -> None:
                self.socket.bind(self.server_address)

        self.server = Server(path, Handler)  # type: ignore[arg-type]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def container(number: int, image: str, labels: Mapping[str, str], inside: int, outside: int) -> dict[str, Any]:
    """One that runs, with a port that is published on loopback."""
    return {
        "Id": f"{number:064x}", "Name": f"/box{number}", "Image": "sha256:1", "State": {"Status": "running", "Pid": 0},
        "HostConfig": {"NetworkMode": "bridge"}, "Config": {"Image": image, "Labels": dict(labels)},
        "NetworkSettings": {"Ports": {f"{inside}/tcp": [{"HostIp": "127.0.0.1", "HostPort": str(outside)}]}, "Networks": {}},
    }  # fmt: skip

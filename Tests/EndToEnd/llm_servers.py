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

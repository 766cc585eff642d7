"""A stand-in of Loki's push API that answers as it is told, one answer after the other, and remembers every line that it stored."""

from __future__ import annotations

import gzip
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Verdict:
    """How a push is answered. Only 204 stores what was sent."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    # Before the answer; longer than the sender waits, it is none.
    seconds: float = 0
    # Stored all the same: the answer gets lost on its way.
    is_stored: bool = False


STORED = Verdict()


@dataclass(frozen=True)
class Line:
    time: int
    text: str
    labels: tuple[tuple[str, str], ...]
    metadata: tuple[tuple[str, str], ...]

    @property
    def label(self) -> dict[str, str]:
        return dict(self.labels)

    @property
    def metadatum(self) -> dict[str, str]:
        return dict(self.metadata)


class LokiStandIn:
    """Serves on loopback until it is closed; `port` can be given to come back at the same place."""

    def __init__(self, port: int = 0, body_limit: int = 1 << 30) -> None:
        self.lines: list[Line] = []
        self.pushes: list[tuple[float, int, int]] = []
        self.headers: list[dict[str, str]] = []
        self.body_limit = body_limit
        # Those that come, then `otherwise`.
        self.verdicts: list[Verdict] = []
        self.otherwise: Verdict | Callable[[list[Line]], Verdict] = STORED
        self.lock = threading.Lock()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                stand_in.receive(self)

            def log_message(self, format: str, *arguments: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True

            def handle_error(self, request: Any, address: Any) -> None:
                """Senders are killed in the middle; that is what this is for."""

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def receive(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        assert handler.path == "/loki/api/v1/push", handler.path
        assert handler.headers["Content-Type"] == "application/json"
        if handler.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        lines = [
            Line(int(value[0]), value[1], tuple(sorted(stream["stream"].items())), tuple(sorted(value[2].items())) if len(value) > 2 else ())
            for stream in json.loads(body)["streams"]
            for value in stream["values"]
        ]
        with self.lock:
            if len(body) > self.body_limit:
                verdict = Verdict(413, body="request body too large")
            elif self.verdicts:
                verdict = self.verdicts.pop(0)
            else:
                verdict = self.otherwise(lines) if callable(self.otherwise) else self.otherwise
            if verdict.status == 204 or verdict.is_stored:
                self.lines += lines
            self.pushes.append((time.monotonic(), verdict.status, len(lines)))
            self.headers.append(dict(handler.headers))
        time.sleep(verdict.seconds)
        answer = verdict.body.encode()
        handler.send_response(verdict.status)
        for name, value in verdict.headers.items():
            handler.send_header(name, value)
        if verdict.status != 204:
            handler.send_header("Content-Length", str(len(answer)))
        handler.end_headers()
        if verdict.status != 204:
            handler.wfile.write(answer)

    def texts(self, **labels: str) -> list[str]:
        with self.lock:
            return [line.text for line in self.lines if labels.items() <= line.label.items()]

    @property
    def statuses(self) -> list[int]:
        with self.lock:
            return [status for _, status, _ in self.pushes]

    @property
    def largest_push(self) -> int:
        with self.lock:
            return max((count for _, _, count in self.pushes), default=0)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

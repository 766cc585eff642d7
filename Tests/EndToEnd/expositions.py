"""Made figures as an exporter would show them, in text: they grow with time, and are served."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Labels = Mapping[str, str]


class Exposition:
    def __init__(self, now: float, began: float, prefix: str = "") -> None:
        self.now, self.since, self.prefix = now, now - began, prefix
        self.lines: list[str] = []

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    def add(self, name: str, labels: Labels, value: float) -> None:
        inside = ",".join(f'{key}="{text}"' for key, text in labels.items())
        self.lines.append(f"{self.prefix}{name}{{{inside}}} {value}")

    def grow(self, name: str, labels: Labels, rate: float) -> None:
        self.add(name, labels, 1000 + rate * self.since)


@contextmanager
def served(port: int, page: Callable[[str, float, float], str]) -> Iterator[str]:
    """The address at which pages answer: each made of its path, the moment and the beginning; an empty one is an error."""
    began = time.time()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = page(self.path.strip("/"), time.time(), began).encode()
            self.send_response(200 if body else 503)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.shutdown()
        server.server_close()

"""`martlet dashboards` for tests, and a program in Prometheus' place that answers as a test wants and counts."""

from __future__ import annotations

import http.client
import json
import threading
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from conftest import Answer, Program, Start, fetch, free_port
from doors import PASSWORD, bcrypt

USER = "ada"


@dataclass
class Asked:
    """One request that a program got."""

    method: str
    path: str
    form: dict[str, list[str]]
    body: bytes
    headers: Mapping[str, str]


def vector(*samples: tuple[dict[str, str], float], time: float = 1_700_000_000) -> dict[str, Any]:
    """An answer of Prometheus to an instant query."""
    result = [{"metric": labels, "value": [time, str(value)]} for labels, value in samples]
    return {"status": "success", "data": {"resultType": "vector", "result": result}}


@dataclass
class Upstream:
    """A program in the place of Prometheus, Alertmanager or Loki."""

    # Answers: status, headers, body.
    answer: Callable[[Asked], tuple[int, Mapping[str, str], bytes]] = lambda _: (200, {}, json.dumps(vector()).encode())
    asked: list[Asked] = field(default_factory=list)
    url: str = ""


@contextmanager
def upstream(answer: Callable[[Asked], tuple[int, Mapping[str, str], bytes]] | None = None) -> Iterator[Upstream]:
    made = Upstream()
    if answer is not None:
        made.answer = answer

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            form = urllib.parse.parse_qs(query or body.decode(errors="replace"), keep_blank_values=True)
            asked = Asked(self.command, path, form, body, dict(self.headers))
            made.asked.append(asked)
            status, headers, content = made.answer(asked)
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                self.close_connection = True

        do_POST = do_DELETE = do_PUT = do_GET

        def log_message(self, *words: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 512

    server = Server(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def doors(folder: Path) -> Path:
    """A web configuration with one user."""
    file = folder / "web.yml"
    file.write_text(yaml.safe_dump({"basic_auth_users": {USER: bcrypt()}}))
    return file


@dataclass
class Dashboards:
    """A running `martlet dashboards`."""

    program: Program
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, headers: Mapping[str, str] | None = None, **parameters: object) -> Answer:
        query = urllib.parse.urlencode(parameters, doseq=True)
        return fetch(self.url + path + (f"?{query}" if query else ""), headers=headers)

    def prometheus(self, name: str, **parameters: object) -> Answer:
        return self.get(f"/api/prometheus/api/v1/{name}", **parameters)

    def raw(self, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Answer:
        """A request as it stands there: no library makes its path nicer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in ({"Host": f"127.0.0.1:{self.port}"} | dict(headers or {})).items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())


def dashboards(
    start: Start, prometheus: str, *flags: str | Path, alertmanager: str = "off", env: Mapping[str, str] | None = None, password: bool = False
) -> Dashboards:
    port = free_port()
    program = start(
        "dashboards", "--web.listen-address", f"127.0.0.1:{port}", "--dashboards.prometheus-url", prometheus,
        "--dashboards.alertmanager-url", alertmanager, *flags, env=env)
    made = Dashboards(program, port)
    program.wait_until(f"{made.url}/-/ready", status=401 if password else 200)
    return made


def basic(user: str = USER, password: str = PASSWORD) -> dict[str, str]:
    import base64

    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def board(title: str, *panels: dict[str, Any], uid: str = "made-here", **more: Any) -> str:
    """Grafana's JSON of a small board."""
    return json.dumps({"uid": uid, "title": title, "schemaVersion": 39, "panels": list(panels), "time": {"from": "now-1h", "to": "now"}} | more)


def panel(title: str, expression: str, kind: str = "table", **more: Any) -> dict[str, Any]:
    return {
        "id": 1, "type": kind, "title": title, "gridPos": {"x": 0, "y": 0, "w": 12, "h": 8},
        "targets": [{"refId": "A", "expr": expression, "instant": kind == "table", "range": kind != "table",
                     "format": "table" if kind == "table" else "time_series"}],
    } | more

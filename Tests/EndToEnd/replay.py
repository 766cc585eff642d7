"""A stand-in for the Proxmox VE API that gives recorded or handmade answers over HTTP.

It answers exactly what was recorded and remembers every other request, so that a test can tell what a
client asked for, how often, and whether it asked for something that the real API never answered here.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

RECORDINGS = Path(__file__).parent / "recordings" / "pve-9.2-cluster"
TOKEN = "monitor@pve!exporter=SECRET"

# Reason phrases of the recordings err-noauth and err-token-bad-secret: a 401 says nothing else.
NO_CREDENTIAL = "No ticket"
WRONG_CREDENTIAL = "Authentication failed!"

JSON_TYPE = "application/json;charset=UTF-8"


@dataclass(frozen=True)
class Answer:
    """One answer as it goes over the wire."""

    status: int
    reason: str
    content_type: str | None = JSON_TYPE
    connection: str = "keep-alive"
    body: bytes = b""


@dataclass(frozen=True)
class Fault:
    """What goes wrong with a path: first the delay, then the first of the others that is set.

    `status`, `reason` and `body` replace those parts of the answer, also of a path that has no answer.
    `raw` is sent instead of an HTTP answer, and the connection is closed after it.
    """

    delay_seconds: float = 0
    close_without_answer: bool = False
    raw: bytes | None = None
    status: int | None = None
    reason: str | None = None
    body: bytes | None = None


class Replay:
    """Serves answers on a free loopback port while its `with` block lasts.

    `counts` has the requests per path with its query, refused ones included; `unexpected` lists the authorized
    requests that have neither answer nor fault, as "GET /path". `faults` is by path with query and may be changed
    at any time.
    """

    def __init__(
        self, answers: Mapping[tuple[str, str], Answer], *, token: str = TOKEN, unauthorized_delay_seconds: float = 0
    ) -> None:
        """Answers by method and path. The real API delays a 401 by 3 s."""
        self.authorization = f"PVEAPIToken={token}"
        self.unauthorized_delay_seconds = unauthorized_delay_seconds
        self.faults: dict[str, Fault] = {}
        self.counts: Counter[str] = Counter()
        self.unexpected: list[str] = []
        self.stopping = threading.Event()
        self._answers = answers
        self._lock = threading.Lock()
        self._server: _Server

    @classmethod
    def from_recordings(
        cls, directory: Path = RECORDINGS, *, token: str = TOKEN, unauthorized_delay_seconds: float = 0
    ) -> Replay:
        """Replays the manifest in `directory`."""
        answers = _read_manifest(directory)
        return cls(answers, token=token, unauthorized_delay_seconds=unauthorized_delay_seconds)

    @classmethod
    def from_rows(cls, rows: Mapping[str, Any], *, token: str = TOKEN, unauthorized_delay_seconds: float = 0) -> Replay:
        """Serves handmade answers: `{path with query: data}`, each sent as `{"data": ...}` with status 200."""
        answers = {("GET", path): _json_answer(data) for path, data in rows.items()}
        return cls(answers, token=token, unauthorized_delay_seconds=unauthorized_delay_seconds)

    @property
    def url(self) -> str:
        """The base address, without a trailing slash; there is none outside the `with` block."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def answers(self) -> dict[str, Any]:
        """`{path: data}` of every good GET answer, which is what the oracle takes; faults change nothing here."""
        return {
            path: json.loads(answer.body)["data"]
            for (method, path), answer in self._answers.items()
            if method == "GET" and answer.status == 200
        }

    def answer_to(self, method: str, path: str, authorization: str | None) -> Answer:
        """Counts a request and finds its answer, faults aside."""
        with self._lock:
            self.counts[path] += 1
        if authorization != self.authorization:
            self.stopping.wait(self.unauthorized_delay_seconds)
            attempted = authorization is not None and authorization.startswith("PVEAPIToken")
            return Answer(401, WRONG_CREDENTIAL if attempted else NO_CREDENTIAL, None, "close")
        answer = self._answers.get((method, path))
        if answer is not None:
            return answer
        if path not in self.faults:
            with self._lock:
                self.unexpected.append(f"{method} {path}")
        return Answer(501, "Not recorded", None, "close")

    def __enter__(self) -> Replay:
        self._server = _Server(self)
        # The short poll interval is what leaving the block waits for.
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Closes the port and all connections, also those that wait for an answer."""
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._server.close_connections()


class _Server(ThreadingHTTPServer):
    """Knows its open connections, because a stopped API must not go on answering on those kept alive."""

    daemon_threads = True

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        self._connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", 0), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        for connection in list(self._connections):
            with suppress(OSError):  # its handler may be faster
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that gave up (its timeout is what many tests are about) is no error of the server.
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Puts one answer on the wire."""

    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "pve-api-daemon/3.0"
    sys_version = ""
    # One write an answer, sent at once: otherwise delayed acknowledgements add 40 ms to each request.
    wbufsize = -1
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        replay = self.server.replay
        answer = replay.answer_to(self.command, self.path, self.headers.get("Authorization"))
        fault = replay.faults.get(self.path, Fault())
        replay.stopping.wait(fault.delay_seconds)
        if replay.stopping.is_set() or fault.close_without_answer:
            self.close_connection = True
        elif fault.raw is not None:
            self.wfile.write(fault.raw)
            self.close_connection = True
        else:
            self._send(answer, fault)

    def _send(self, answer: Answer, fault: Fault) -> None:
        status = answer.status if fault.status is None else fault.status
        reason = answer.reason if fault.reason is None else fault.reason
        body = answer.body if fault.body is None else fault.body
        self.send_response(status, reason)
        if answer.content_type is not None:
            self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", answer.connection)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: tests look at `counts` and `unexpected`."""


def _json_answer(data: Any) -> Answer:
    return Answer(200, "OK", body=json.dumps({"data": data}).encode())


def _read_manifest(directory: Path) -> dict[tuple[str, str], Answer]:
    """The recorded answers to a good credential; refusals (401) are given by rule, see `Replay.answer_to`."""
    answers: dict[tuple[str, str], Answer] = {}
    for entry in json.loads((directory / "manifest.json").read_text()):
        if entry["status"] == 401:
            continue
        key = (entry["method"], entry["path"])
        if key in answers:
            raise ValueError(f"{directory}/manifest.json: {' '.join(key)} is recorded twice")
        answers[key] = Answer(
            entry["status"],
            entry["reason"],
            entry["content_type"],
            entry["connection"],
            (directory / entry["file"]).read_bytes(),
        )
    return answers

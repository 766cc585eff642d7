"""A stand-in for the Proxmox VE API that gives recorded or handmade answers over HTTP or HTTPS.

It answers exactly what was recorded and remembers every other request, so that a test can tell what a
client asked for, how often, and whether it asked for something that the real API never answered here. Only how a client
writes a query, and how many tasks and lines of a log it wants, is left to the client: see `alike`.
"""

from __future__ import annotations

import json
import re
import socket
import ssl
import subprocess
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
from urllib.parse import parse_qs, unquote

RECORDINGS = Path(__file__).parent / "recordings" / "pve-9.2-cluster"
LOGINS = Path(__file__).parent / "recordings" / "pve-9.2-logins"
TOKEN = "monitor@pve!exporter=SECRET"

API = "/api2/json"
TICKET_PATH = f"{API}/access/ticket"

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
    `raw` is sent instead of an HTTP answer, and the connection is closed after it. `trickle_seconds` is how long
    the body takes, byte after byte, so that something always arrives before a timeout between two bytes.
    """

    delay_seconds: float = 0
    trickle_seconds: float = 0
    close_without_answer: bool = False
    raw: bytes | None = None
    status: int | None = None
    reason: str | None = None
    body: bytes | None = None


class Replay:
    """Serves answers on a free loopback port while its `with` block lasts.

    `counts` has the requests per path with its query, refused ones included; `unexpected` lists the authorized
    requests that have neither answer nor fault, as "GET /path". `faults` is by path with query and may be changed
    at any time. `most_at_once` is the largest number of requests that waited for their answers together.
    """

    def __init__(
        self,
        answers: Mapping[tuple[str, str], Answer],
        *,
        token: str = TOKEN,
        unauthorized_delay_seconds: float = 0,
        certificate: Path | None = None,
        login: tuple[str, str] | None = None,
    ) -> None:
        """Answers by method and path. The real API delays a 401 by 3 s.

        With a certificate (a PEM file that has its key too) it speaks HTTPS; with a login (user and password) it gives
        out the recorded tickets, and their cookies are as good as the token, raw and percent-encoded.
        """
        self.authorization = f"PVEAPIToken={token}"
        self.unauthorized_delay_seconds = unauthorized_delay_seconds
        self.certificate = certificate
        self.login = login
        self.tickets: set[str] = set()
        self.faults: dict[str, Fault] = {}
        self.counts: Counter[str] = Counter()
        self.unexpected: list[str] = []
        self.most_at_once = 0
        self.stopping = threading.Event()
        self._at_once = 0
        self._answers = self._first_answers = answers
        self._logins = {name: answer for name, (_, answer) in _read_entries(LOGINS).items()} if login else {}
        self._lock = threading.Lock()
        self._server: _Server

    @classmethod
    def from_recordings(cls, directory: Path = RECORDINGS, **options: Any) -> Replay:
        """Replays the manifest in `directory`; the options are those of the initializer."""
        return cls(_read_manifest(directory), **options)

    @classmethod
    def from_rows(cls, rows: Mapping[str, Any], **options: Any) -> Replay:
        """Serves handmade answers: `{path with query: data}`, each sent as `{"data": ...}` with status 200."""
        return cls(_json_answers(rows), **options)

    @classmethod
    def from_recordings_and(cls, rows: Mapping[str, Any], directory: Path = RECORDINGS, **options: Any) -> Replay:
        """The recordings, with these handmade answers beside them or in their place."""
        return cls({**_read_manifest(directory), **_json_answers(rows)}, **options)

    def serve(self, rows: Mapping[str, Any] | None = None) -> None:
        """From now on these handmade answers and no others, or those that it began with; without faults, and with all counts at 0."""
        self._answers = self._first_answers if rows is None else _json_answers(rows)
        self.faults.clear()
        self.forget()

    def forget(self) -> None:
        """Counts anew."""
        with self._lock:
            self.counts.clear()
            self.unexpected.clear()
            self.most_at_once = 0

    def counted(self) -> Counter[str]:
        """The counts as they are now, for who looks at all of them while a client goes on asking."""
        with self._lock:
            return Counter(self.counts)

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def url(self) -> str:
        """The base address, without a trailing slash; there is none outside the `with` block."""
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}"

    @property
    def answers(self) -> dict[str, Any]:
        """`{path: data}` of every good GET answer, which is what the oracle takes; faults change nothing here."""
        return {
            path: json.loads(answer.body)["data"]
            for (method, path), answer in self._answers.items()
            if method == "GET" and answer.status == 200
        }

    @property
    def failures(self) -> dict[str, str]:
        """`{path: text}` of every GET answer with status 500: the message, and the reason phrase that says the same."""
        return {
            path: f"{answer.reason}\n{answer.body.decode(errors='replace')}"
            for (method, path), answer in self._answers.items()
            if method == "GET" and answer.status == 500
        }

    def answer_to(self, method: str, path: str, authorization: str | None, cookie: str | None = None, body: bytes = b"") -> Answer:
        """Counts a request and finds its answer, faults aside."""
        with self._lock:
            self.counts[path] += 1
        if self.login is not None and (method, path) == ("POST", TICKET_PATH):
            return self._log_in(parse_qs(body.decode()))
        if authorization != self.authorization and not self._is_ticket(cookie):
            self.stopping.wait(self.unauthorized_delay_seconds)
            attempted = authorization is not None and authorization.startswith("PVEAPIToken")
            return Answer(401, WRONG_CREDENTIAL if attempted else NO_CREDENTIAL, None, "close")
        answer = self._answers.get((method, path)) or self._alike().get((method, alike(path)))
        if answer is not None:
            return answer
        if path not in self.faults:
            with self._lock:
                self.unexpected.append(f"{method} {path}")
        return Answer(501, "Not recorded", None, "close")

    def _alike(self) -> dict[tuple[str, str], Answer]:
        """The answers by what their requests mean, without what stands in a query as it is written down."""
        return {(method, alike(path)): answer for (method, path), answer in self._answers.items() if _is_free(path)}

    def _log_in(self, form: Mapping[str, list[str]]) -> Answer:
        """The recorded answer to a password, to a ticket in its place, or to neither."""
        user, password = (form.get(field, [""])[0] for field in ("username", "password"))
        if (user, password) == self.login:
            answer = self._logins["access-ticket-ok"]
        elif self.login is not None and user == self.login[0] and password in self.tickets:
            answer = self._logins["ticket-renew"]
        else:
            self.stopping.wait(self.unauthorized_delay_seconds)
            return self._logins["err-access-ticket-wrong-password"]
        self.tickets.add(json.loads(answer.body)["data"]["ticket"])
        return answer

    def _is_ticket(self, cookie: str | None) -> bool:
        name, _, ticket = (cookie or "").strip().partition("=")
        return name == "PVEAuthCookie" and bool({ticket, unquote(ticket)} & self.tickets)

    def begin(self) -> None:
        """A request is there; `end` follows when its answer is written."""
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)

    def end(self) -> None:
        with self._lock:
            self._at_once -= 1

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


FREE = re.compile(r"/disks/smart$|/tasks(/[^/]+/log)?$|/rrddata$")


def _is_free(path: str) -> bool:
    return FREE.search(unquote(path.partition("?")[0])) is not None


def alike(path: str) -> str:
    """What a request means: percent-encoding and the order of a query do not matter, and neither does which part of a list it asks for."""
    place, _, query = path.partition("?")
    asked = {key: values[-1] for key, values in parse_qs(query).items() if key not in ("start", "limit", "since", "source")}
    return f"{unquote(place)}?{sorted(asked.items())}"


class _Server(ThreadingHTTPServer):
    """Knows its open connections, because a stopped API must not go on answering on those kept alive."""

    daemon_threads = True
    # A scrape of eight nodes opens two dozen connections at once; whom a full queue drops tries again after a second, which is most of a deadline.
    request_queue_size = 128

    def __init__(self, replay: Replay) -> None:
        self.replay = replay
        self._connections: set[socket.socket] = set()
        self._context: ssl.SSLContext | None = None
        if replay.certificate is not None:
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(replay.certificate)
        super().__init__(("127.0.0.1", 0), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        if self._context is not None:
            # The handshake is left to the first read, in the connection's own thread: a client that is silent must not hold up the others.
            connection = self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

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
        # A client that gave up (its timeout is what many tests are about) or does not trust the certificate is no error of the server.
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError)):
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
        sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.replay.begin()
        try:
            self._answer(sent)
        finally:
            self.server.replay.end()

    def _answer(self, sent: bytes) -> None:
        replay = self.server.replay
        answer = replay.answer_to(self.command, self.path, self.headers.get("Authorization"), self.headers.get("Cookie"), sent)
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
        if self.command == "HEAD":
            return
        if fault.trickle_seconds:
            self.wfile.flush()
            for byte in body:
                self.server.replay.stopping.wait(fault.trickle_seconds / len(body))
                self.connection.sendall(bytes([byte]))
        else:
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_PATCH = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: tests look at `counts` and `unexpected`."""


@dataclass(frozen=True)
class Certificates:
    """PEM files: an authority of its own, and what a server on 127.0.0.1 and localhost shows, with its key."""

    authority: Path
    server: Path


def make_certificates(folder: Path) -> Certificates:
    """Makes them in the folder with the openssl program."""
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    authority, key, request, server = (folder / name for name in ("authority.pem", "authority.key", "server.csr", "server.pem"))
    server_key, extensions = folder / "server.key", folder / "server.ext"
    extensions.write_text("subjectAltName = IP:127.0.0.1, DNS:localhost\nbasicConstraints = CA:FALSE\nauthorityKeyIdentifier = keyid\n")
    for words in (
        ["req", "-x509", *curve, "-days", "2", "-subj", "/CN=Authority of the tests", "-keyout", key, "-out", authority],
        ["req", "-new", *curve, "-subj", "/CN=pve1", "-keyout", server_key, "-out", request],
        ["x509", "-req", "-in", request, "-CA", authority, "-CAkey", key, "-set_serial", "1", "-days", "2"]
        + ["-extfile", extensions, "-out", server],
    ):
        done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True)
        assert done.returncode == 0, f"openssl {words[0]}: {done.stderr}"
    server.write_text(server.read_text() + server_key.read_text())
    return Certificates(authority, server)


def with_variants(rows: Mapping[str, Any]) -> dict[str, Any]:
    """Handmade answers, and beside them what the API says when it is asked for the same in other words.

    prometheus-pve-exporter asks for the resources by type too, and for the state of each replication job by itself.
    Rows that are no objects belong to every type, so that they hurt whoever reads any.
    """
    whole = dict(rows)
    resources = whole.get(f"{API}/cluster/resources")
    if isinstance(resources, list):
        for variant, types in {"vm": {"qemu", "lxc"}, "storage": {"storage"}}.items():
            whole[f"{API}/cluster/resources?type={variant}"] = [
                row for row in resources if not isinstance(row, dict) or row.get("type") in types
            ]
    for path, jobs in rows.items():
        if path.startswith(f"{API}/nodes/") and path.endswith("/replication") and isinstance(jobs, list):
            whole.update({f"{path}/{job['id']}/status": job for job in jobs if isinstance(job, dict) and "id" in job})
    return whole


def _json_answers(rows: Mapping[str, Any]) -> dict[tuple[str, str], Answer]:
    return {("GET", path): Answer(200, "OK", body=json.dumps({"data": data}).encode()) for path, data in rows.items()}


def _read_entries(directory: Path) -> dict[str, tuple[tuple[str, str], Answer]]:
    """Method, path and answer of each entry of the manifest, by its name."""
    return {
        entry["name"]: (
            (entry["method"], entry["path"]),
            Answer(entry["status"], entry["reason"], entry["content_type"], entry["connection"], (directory / entry["file"]).read_bytes()),
        )
        for entry in json.loads((directory / "manifest.json").read_text())
    }


def _read_manifest(directory: Path) -> dict[tuple[str, str], Answer]:
    """The recorded answers to a good credential; refusals (401) are given by rule, see `Replay.answer_to`."""
    answers: dict[tuple[str, str], Answer] = {}
    for key, answer in _read_entries(directory).values():
        if answer.status == 401:
            continue
        if key in answers:
            raise ValueError(f"{directory}/manifest.json: {' '.join(key)} is recorded twice")
        answers[key] = answer
    return answers

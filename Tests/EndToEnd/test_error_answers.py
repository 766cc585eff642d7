"""What the exporter's HTTP server answers when it cannot give what was asked for, word for word: errors/http.txt.

The file says at its head how it reads. Renew it with `RECORD=1 pytest Tests/EndToEnd/test_error_answers.py`, and read its diff.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from pathlib import Path

import pytest
from conftest import Start, fetch, free_port, wait_for
from error_table import TOKEN, Block, Surroundings, Table, assert_no_secret, surrounded
from replay import API, Fault, Replay

HTTP = Table("http.txt", ("answers ", "closes"))

PASSWORD_HASH = "$2y$10$X0h1gDsPszWURQaxFh.zoubFi6DXncSjhoQNJgRrnGs7EsimhC7zG"
SHOWN_HEADERS = ("Allow", "Connection", "Content-Type", "Retry-After", "WWW-Authenticate")


class Servers:
    """The exporters that the table of answers names; each is started when it is asked for first, or for each block that wears it out."""

    def __init__(self, start: Start, folder: Path, surroundings: Surroundings, slow: Replay) -> None:
        self.start, self.folder, self.surroundings, self.slow = start, folder, surroundings, slow
        self.running: dict[str, int] = {}

    def port(self, name: str) -> int:
        if name in ("busy", "stopping", "rate"):
            return self._begin(name)
        if name not in self.running:
            self.running[name] = self._begin(name)
        return self.running[name]

    def _begin(self, name: str) -> int:
        folder = self.folder / f"{name}-{(port := free_port())}"
        folder.mkdir()
        api = {"blind": "http://127.0.0.1:1", "busy": "http://{slow}", "stopping": "http://{slow}"}.get(name, "https://{tls}\n      ca_file: {authority}")
        web = {"doors": f"basic_auth_users:\n  monitor: {PASSWORD_HASH}\nopen_paths: [/health]\n", "rate": "rate_limit:\n  interval: 1m\n  burst: 2\n"}
        pve = "default:\n  user: monitor@pve\n  token_name: exporter\n  token_value: SESAME\n  ca_file: {authority}\n"
        settings = (
            f"web:\n  listen_address: 127.0.0.1:{port}\n  config_file: web.yml\n  max_requests: {1 if name == 'busy' else 40}\n"
            f"proxmox:\n  clusters:\n    - endpoint: {api}\n      token: {TOKEN}\n"
            "pve:\n  config_file: pve.yml\n  allowed_targets: 127.0.0.2:1,{tls}\n"
        )
        here = self.surroundings.beside(slow=f"127.0.0.1:{self.slow.port}")
        for file, text in {
            "web.yml": web.get(name, ""),
            "pve.yml": pve + pve.replace("default", "wrong").replace("SESAME", "SESAME-of-another"),
            "martlet.yml": settings,
        }.items():
            (folder / file).write_text(here.fill(text))
        self.slow.serve()
        program = self.start("exporter", cwd=folder)
        wait_for(lambda: "listening" in program.output, 20, "listens")
        if name == "broken":
            (folder / "martlet.yml").write_text("log:\n  level: loud\n")
        if name == "rate":
            for _ in range(2):
                fetch(f"http://127.0.0.1:{port}/health")
        if name in ("busy", "stopping"):
            self._keep_busy(port)
        if name == "stopping":
            program.process.terminate()
            wait_for(lambda: "msg=stopping" in program.output, 20, "stops")
        return port

    def _keep_busy(self, port: int) -> None:
        """One scrape is on its way when this returns, and none that came before it and could be joined."""
        path = f"{API}/nodes/pve1/status"
        wait_for(lambda: fetch(f"http://127.0.0.1:{port}/ready").status == 200, 20, "ready")
        self.slow.faults[path] = Fault(delay_seconds=20)
        self.slow.forget()

        def scrape() -> None:
            # The exporter may be ended before it has answered.
            with suppress(OSError, HTTPException):
                fetch(f"http://127.0.0.1:{port}/metrics")

        threading.Thread(target=scrape, daemon=True).start()
        wait_for(lambda: self.slow.counts[path], 20, "a scrape is on its way")


@pytest.fixture(scope="module")
def servers(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with surrounded(tmp_path_factory.mktemp("certificates")) as surroundings, Replay.from_recordings(token=TOKEN) as slow:
        servers = Servers(start_for_all, tmp_path_factory.mktemp("servers"), surroundings, slow)
        yield servers


def exchanged(port: int, request: bytes) -> list[str]:
    """What comes back for a request, as the table has it."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        # The server may refuse a request in its middle, and close.
        with suppress(OSError):
            connection.sendall(request)
        answer = HTTPResponse(connection)
        try:
            answer.begin()
            body = answer.read().decode()
        except (OSError, HTTPException):
            return ["closes the connection"]
    lines = [f"answers {answer.status}"]
    lines += [f"  {name}: {answer.headers[name]}" for name in SHOWN_HEADERS if answer.headers[name]]
    shown = body.splitlines()[:1] if answer.status == 200 else body.splitlines()
    # Of several calls of the API any may fail first.
    shown = [re.sub(r"GET /(?:version|cluster/[\w/-]+)", "GET {path}", line) for line in shown]
    return lines + [f"  | {line}" for line in shown if not line.startswith("Date: ")]


@HTTP.cases()
def test_what_an_answer_says(block: Block, servers: Servers) -> None:
    name = "plain"
    head: list[str] = []
    body = ""
    for line in block.given:
        if line.startswith("server: "):
            name = line.removeprefix("server: ")
        elif line.startswith(">> "):
            body = line[3:]
        else:
            assert line.startswith("> "), line
            head.append(line[2:])
    text = "".join(f"{line}\r\n" for line in [*head, ""])
    if "Transfer-Encoding: chunked" in head and body:
        many = len(repeated(body))
        text += f"{many:x}\r\n{body}\r\n0\r\n\r\n"
    else:
        text += body
    found = exchanged(servers.port(name), servers.surroundings.fill(repeated(text)).encode())
    found = [servers.surroundings.strip(line) for line in found]
    assert_no_secret(found)
    HTTP.check(block, found)


def repeated(text: str) -> str:
    """`{3 x}` is `xxx`."""
    return re.sub(r"\{(\d+) (\w)\}", lambda match: match[2] * int(match[1]), text)

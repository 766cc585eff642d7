"""SIGTERM in the middle of many short requests, each on a connection of its own: whoever was let in is answered, all others are refused."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Start, free_port
from doors import Simulator, halves

ROUNDS = 12
CLIENTS = 12
REQUEST = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


Connect = Callable[[], socket.socket]


def ask(connect: Connect, context: ssl.SSLContext | None) -> str:
    """What comes of one request."""
    try:
        client = connect()
    except (ConnectionRefusedError, FileNotFoundError):
        return "refused"
    with client:
        try:
            client = context.wrap_socket(client) if context else client
            client.sendall(REQUEST)
            answer = b""
            while b"\r\n\r\n" not in answer:
                if not (piece := client.recv(65536)):
                    return "closed without an answer"
                answer += piece
        except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
            return "reset"
        finally:
            client.close()
    return answer.split(b" ", 2)[1].decode()


@pytest.mark.alone
@pytest.mark.parametrize("kind", [pytest.param(kind, marks=[pytest.mark.e2e] if kind != "socket" else []) for kind in ["loopback", "six", "network", "socket", "tls"]])
def test_who_was_let_in_is_answered(start: Start, tmp_path: Path, certificates: Any, kind: str) -> None:
    simulator = Simulator(start)
    outcomes: Counter[str] = Counter()
    context, flags = None, []
    if kind == "tls":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for name, text in zip(("server.crt", "server.key"), halves(certificates.server), strict=True):
            (tmp_path / name).write_text(text)
            (tmp_path / name).chmod(0o600)
        (tmp_path / "web.yml").write_text(yaml.safe_dump({"tls_server_config": {"cert_file": "server.crt", "key_file": "server.key"}}))
        flags = ["--web.config.file", str(tmp_path / "web.yml")]
    for number in range(ROUNDS):
        port, file = free_port(), str(tmp_path / f"{number}.sock")

        def to_file() -> socket.socket:
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(20)
            client.connect(file)
            return client

        def to_port() -> socket.socket:
            return socket.create_connection(("::1" if kind == "six" else "127.0.0.1", port), timeout=20)

        connect = to_file if kind == "socket" else to_port
        address = {"socket": f"unix:{file}", "six": f"[::1]:{port}", "network": f"0.0.0.0:{port}"}.get(kind, f"127.0.0.1:{port}")
        exporter = start("exporter", "--web.listen-address", address, *flags, env=simulator.environment)
        while ask(connect, context) != "200":
            assert exporter.is_running, exporter.output
            time.sleep(0.02)
        seen: list[Counter[str]] = [Counter() for _ in range(CLIENTS)]

        def fire(mine: Counter[str]) -> None:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                outcome = ask(connect, context)
                mine[outcome] += 1
                if outcome == "refused":
                    return

        threads = [threading.Thread(target=fire, args=[mine]) for mine in seen]
        for thread in threads:
            thread.start()
        time.sleep(0.1 + 0.01 * number)
        began = time.monotonic()
        assert exporter.stop() == 0
        assert time.monotonic() - began < 5
        for thread in threads:
            thread.join()
        outcomes += sum(seen, Counter())
    print(f"{kind}: {dict(outcomes)}")
    assert set(outcomes) == {"200", "refused"} and outcomes["refused"] == ROUNDS * CLIENTS and outcomes["200"] > ROUNDS, outcomes

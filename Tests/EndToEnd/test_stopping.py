"""SIGTERM in the middle of many short requests, each on a connection of its own: whoever was let in is answered, all others are refused."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from conftest import Start, free_port
from doors import Simulator

ROUNDS = 12
CLIENTS = 12
REQUEST = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


def connect(place: str | int) -> socket.socket:
    if isinstance(place, int):
        return socket.create_connection(("127.0.0.1", place), timeout=20)
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(20)
    client.connect(place)
    return client


def ask(place: str | int) -> str:
    """What comes of one request."""
    try:
        client = connect(place)
    except (ConnectionRefusedError, FileNotFoundError):
        return "refused"
    with client:
        try:
            client.sendall(REQUEST)
            answer = b""
            while not answer.endswith(b"\r\n\r\n") and b"\r\n\r\n" not in answer:
                if not (piece := client.recv(65536)):
                    return "closed without an answer"
                answer += piece
        except (ConnectionResetError, BrokenPipeError):
            return "reset"
    return answer.split(b" ", 2)[1].decode()


@pytest.mark.parametrize("kind", ["loopback", "network", "socket"])
def test_who_was_let_in_is_answered(start: Start, tmp_path: Path, kind: str) -> None:
    simulator = Simulator(start)
    outcomes: Counter[str] = Counter()
    for number in range(ROUNDS):
        port = free_port()
        place: str | int = str(tmp_path / f"{number}.sock") if kind == "socket" else port
        address = f"unix:{place}" if kind == "socket" else f"{'0.0.0.0' if kind == 'network' else '127.0.0.1'}:{port}"
        exporter = start("exporter", "--web.listen-address", address, env=simulator.environment)
        while ask(place) != "200":
            assert exporter.is_running, exporter.output
            time.sleep(0.02)
        seen: list[Counter[str]] = [Counter() for _ in range(CLIENTS)]

        def fire(mine: Counter[str]) -> None:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                outcome = ask(place)
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
    assert set(outcomes) == {"200", "refused"} and outcomes["refused"] == ROUNDS * CLIENTS and outcomes["200"] > ROUNDS * CLIENTS, outcomes

"""A thousand rounds through all faults, and answers that are far too large: nothing leaks, and memory has a bound."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import Program, Start, fetch, free_port, wait_for
from exporting import Exporter
from hostile import FAULTS, Hostile
from listeners import Authority, Connection
from oracle import parse_exposition
from replay import API, Replay
from test_fault_matrix import ALERT, CASES, EVERYTHING, HELLO, faults_of, write_clusters
from test_faults import problems

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1000"))
WARM_UP_ROUNDS = 50
# As short as may be, for a tenth of all rounds waits for it.
TIMEOUT_SECONDS = 0.6

ROWS: dict[str, Any] = Replay.from_recordings().answers

# What the kernel calls the states of a connection.
STATES = {"01": "established", "08": "close-wait", "0A": "listening"}


@dataclass(frozen=True)
class Figures:
    """What a process holds."""

    descriptors: Mapping[str, int]
    connections: Mapping[str, int]
    threads: int
    resident_kilobytes: int

    @classmethod
    def of(cls, program: Program) -> Figures:
        process = Path(f"/proc/{program.process.pid}")
        kinds: Counter[str] = Counter()
        inodes: set[str] = set()
        for descriptor in (process / "fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                kind, _, rest = os.readlink(descriptor).partition(":")
                kinds["file" if kind.startswith("/") else rest.strip("[]") if kind == "anon_inode" else kind] += 1
                if kind == "socket":
                    inodes.add(rest.strip("[]"))
        states: Counter[str] = Counter()
        for table in ("tcp", "tcp6"):
            for line in (process / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[9] in inodes:
                    states[STATES.get(fields[3], f"state {fields[3]}")] += 1
        status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        return cls(kinds, states, int(status["Threads"]), int(status["VmRSS"].split()[0]))

    @property
    def beside_connections(self) -> dict[str, int]:
        """The descriptors but those of connections that are open."""
        open_connections = {"socket": self.connections["established"]}
        return {kind: count - open_connections.get(kind, 0) for kind, count in self.descriptors.items()}

    def row(self) -> dict[str, int]:
        return {
            "descriptors": sum(self.descriptors.values()), **{kind: self.descriptors[kind] for kind in sorted(self.descriptors)},
            **{state: self.connections[state] for state in STATES.values()},
            "threads": self.threads, "resident kB": self.resident_kilobytes,
        }  # fmt: skip


def table(rows: Mapping[str, Figures]) -> str:
    names = list(dict.fromkeys(itertools.chain.from_iterable(figures.row() for figures in rows.values())))
    lines = [f"{'':>14}" + "".join(f"{name:>13}" for name in names)]
    lines += [f"{when:>14}" + "".join(f"{figures.row().get(name, 0):>13}" for name in names) for when, figures in rows.items()]
    return "\n".join(lines)


class Troubled(Hostile):
    """Speaks TLS, or something that breaks the handshake."""

    trouble: Callable[[socket.socket], None] | None = None

    def _serve(self, raw: socket.socket, connection: Connection) -> None:
        trouble = self.trouble
        if trouble is None:
            return super()._serve(raw, connection)
        with contextlib.suppress(OSError), raw:
            raw.settimeout(5)
            trouble(raw)
        connection.is_over = True


def sending(first: bytes) -> Callable[[socket.socket], None]:
    def trouble(raw: socket.socket) -> None:
        raw.recv(65536)
        raw.sendall(first)

    return trouble


def hanging(first: bytes) -> Callable[[socket.socket], None]:
    def trouble(raw: socket.socket) -> None:
        sending(first)(raw)
        while raw.recv(65536):
            pass

    return trouble


HANDSHAKES: dict[str, Callable[[socket.socket], None]] = {
    "closed": lambda raw: None,
    "cut off": sending(HELLO),
    "refused": sending(ALERT),
    "plain HTTP": sending(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "hangs": hanging(b""),
    "stops": hanging(HELLO),
}


@pytest.mark.soak
def test_nothing_leaks(start: Start, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with Hostile(ROWS) as plain, Troubled(ROWS, certificate=authority.issue("good")) as safe:
        # Two that never answer, beside the two that are broken in turn.
        nobody = (f"127.0.0.1:{free_port()}", f"{'x' * 64}.example:8006")
        write_clusters(
            tmp_path, {"name": "plain", "endpoint": plain.url}, {"name": "safe", "endpoint": safe.url, "ca_file": str(authority.pem)},
            *({"name": endpoint, "endpoint": endpoint} for endpoint in nobody),
        )  # fmt: skip
        exporter = Exporter(start, {}, "--log.level", "error", "--scrape.timeout", "2s")
        wait_for(lambda: fetch(exporter.url + "/ready").status == 200, 10, "ready")
        headers = {"X-Prometheus-Scrape-Timeout-Seconds": str(TIMEOUT_SECONDS)}
        statuses: Counter[str] = Counter()

        def scrape() -> None:
            answer = exporter.metrics(TIMEOUT_SECONDS)
            assert answer.status == 200
            for target in (plain.authority, safe.authority, *nobody):
                drop_in = fetch(f"{exporter.url}/pve?target={target}", headers=headers)
                statuses[f"/pve {drop_in.status}"] += 1

        def round(index: int) -> None:
            """The next of all cases at each of the two, and now and then a handshake that fails."""
            endpoint, name = CASES[index * 7 % len(CASES)]
            fault = faults_of(endpoint)[name]
            for api in (plain, safe):
                if endpoint == EVERYTHING:
                    api.every = fault
                else:
                    # /pve asks for the list without its details.
                    api.faults = {f"{API}/{endpoint}": fault, f"{API}/{endpoint.removesuffix('?full=1')}": fault}
            if index % 10 == 5:
                safe.trouble = list(HANDSHAKES.values())[index // 10 % len(HANDSHAKES)]
                safe.drop()
            scrape()
            for api in (plain, safe):
                api.every, api.faults = None, {}
                api.forget()
            safe.trouble = None

        def at_rest() -> Figures:
            """What is held while nothing is asked for; each time after the same."""
            for api in (plain, safe):
                api.drop()
            for _ in range(3):
                text = exporter.metrics(5).text
            assert problems(parse_exposition(text)[0]) == dict.fromkeys(nobody, {"unreachable"}), "whole again"
            # Connections of scrapers are ended on both sides by then.
            time.sleep(0.5)
            return Figures.of(exporter.program)

        rows = {"begin": at_rest()}
        for index in range(WARM_UP_ROUNDS):
            round(index)
        rows["warm"] = before = at_rest()
        began = time.monotonic()
        for index in range(ROUNDS):
            round(WARM_UP_ROUNDS + index)
            if (index + 1) % max(1, ROUNDS // 5) == 0:
                rows[f"{index + 1} rounds"] = at_rest()
        after = at_rest()
        print(f"\n{ROUNDS} rounds in {time.monotonic() - began:.0f} s, {dict(statuses)}\n{table(rows)}")
        # How many connections are kept is as chance has it: of each cluster up to three for each of its two nodes.
        assert after.connections["established"] <= 2 * 2 * 3
        assert after.beside_connections == before.beside_connections
        assert after.connections["close-wait"] == 0
        assert after.threads <= before.threads
        # It comes and goes by three; 1,000 answers of 300 kB that nobody gave back would be far more.
        assert after.resident_kilobytes < before.resident_kilobytes + (8 << 10)
        assert exporter.program.stop() == 0


def high_water_mebibytes(program: Program) -> float:
    """The most memory since `forget_high_water`."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{program.process.pid}/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


def forget_high_water(program: Program) -> None:
    Path(f"/proc/{program.process.pid}/clear_refs").write_text("5")


LARGE = [
    "200 MB body", "endless chunks", "endless headers", "endless trailers", "gzip bomb", "gzip bomb in transit",
    "bomb of nothing in transit", "100,000 deep",
]  # fmt: skip


def test_what_is_too_large_fills_no_memory(start: Start, tmp_path: Path) -> None:
    """All calls of two clusters at once are answered with it."""
    with Hostile(ROWS) as one, Hostile(ROWS) as two:
        write_clusters(tmp_path, {"name": "one", "endpoint": one.url}, {"name": "two", "endpoint": two.url})
        exporter = Exporter(start, {})
        wait_for(lambda: fetch(exporter.url + "/ready").status == 200, 10, "ready")
        exporter.metrics()
        rest = high_water_mebibytes(exporter.program)
        peaks = {}
        for name in LARGE:
            forget_high_water(exporter.program)
            for fault in (FAULTS[name], None):
                one.every = two.every = fault
                assert exporter.metrics(3).status == 200
            peaks[name] = high_water_mebibytes(exporter.program)
        print(f"\nat rest {rest:.0f} MiB; at most: " + ", ".join(f"{name} {peak:.0f} MiB" for name, peak in peaks.items()))
        # Six answers at once, of each of which 16 MiB are kept, and half as much again while they grow.
        assert max(peaks.values()) < rest + 6 * 16 * 1.5

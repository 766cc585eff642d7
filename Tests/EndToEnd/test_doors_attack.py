"""Clients of ill will at the exporter's door: while they do their worst, a well-behaved scraper beside them is served.

Each attack runs against a real exporter in front of a simulated cluster. What is asserted is in `siege.expect_served`; `-s` shows the figures.
"""

from __future__ import annotations

import base64
import gzip
import http.client
import itertools
import json
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from conftest import Start
from crowd import connect, reset
from siege import HEADER, PASSWORD, TABLE, USER, Doors, Simulator, attacking, expect_served
from scraper import PROOF
from replay import Certificates

pytestmark = pytest.mark.alone

HERE = Path(__file__).parent
HEAD = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
# The exporter has places for this many connections.
PLACES = 512
# What connections may cost: twice the places (those that are told to go are there a little longer), each with its memory for headers, its TLS
# session and what the C library needs around it.
CONNECTIONS_MIB = 96


@pytest.fixture(scope="module", autouse=True)
def table() -> Iterator[None]:
    """All figures together, at the end."""
    yield
    print("\n" + "\n".join([HEADER, *TABLE]))


@pytest.fixture(scope="module")
def small(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> Simulator:
    return Simulator(start_for_all, tmp_path_factory.mktemp("small"), nodes=3, guests=60)


@pytest.fixture(scope="module")
def big(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> Simulator:
    """One whose exposition has 13 MB."""
    return Simulator(start_for_all, tmp_path_factory.mktemp("big"), nodes=20, guests=2000)


@pytest.fixture
def plain(start: Start, small: Simulator) -> Doors:
    return Doors(start, small)


@pytest.fixture
def secure(start: Start, small: Simulator, certificates: Certificates, tmp_path: Path) -> Doors:
    """With TLS, and a password."""
    return Doors(start, small, certificates=certificates, folder=tmp_path, has_users=True)


def trickle(port: int, count: int, pieces: Callable[[int], Iterable[bytes]], seconds: float, pause: float = 0.5) -> int:
    """Sends the pieces of each of so many connections one by one; whoever is ended comes again. Returns how often that was."""
    deadline = time.monotonic() + seconds
    clients: dict[int, tuple[socket.socket, Iterator[bytes]]] = {}
    ended = 0
    with ExitStack() as stack:
        stack.callback(lambda: [client.close() for client, _ in clients.values()])
        while time.monotonic() < deadline:
            round_ends = time.monotonic() + pause
            for place in range(count):
                if place not in clients:
                    clients[place] = (connect(port, 2 + place % 8), iter(pieces(place)))
                client, rest = clients[place]
                try:
                    client.setblocking(False)
                    if piece := next(rest, b""):
                        client.send(piece)
                    with suppress(BlockingIOError):
                        # Whatever comes now is the end: nothing was asked.
                        if client.recv(4096) == b"":
                            raise ConnectionResetError
                except OSError:
                    client.close()
                    del clients[place]
                    ended += 1
                if time.monotonic() > deadline:
                    break
            time.sleep(max(0.0, round_ends - time.monotonic()))
    return ended


def byte_by_byte(text: bytes) -> Iterator[bytes]:
    return (text[index : index + 1] for index in range(len(text)))


# MARK: who is slow


@pytest.mark.e2e
def test_headers_that_trickle(plain: Doors, tmp_path: Path) -> None:
    """Half of them a byte at a time, half a line at a time: always lively, never done."""

    def pieces(place: int) -> Iterable[bytes]:
        return byte_by_byte(HEAD * 100) if place % 2 else itertools.chain([HEAD], (b"X-%d: 1\r\n" % number for number in itertools.count()))

    with attacking(plain, "headers that trickle", tmp_path) as report:
        report.connections = 400
        ended = trickle(plain.port, 400, pieces, 13)
    expect_served(report, CONNECTIONS_MIB)
    # After ten seconds, not after each byte anew.
    assert ended >= 400 and report.ended["slow_headers"] >= 400


def test_bodies_that_are_held_back(plain: Doors, tmp_path: Path) -> None:
    """A mebibyte less a byte from each of 480, without a password: all of it would be half a gibibyte."""
    body = b"x" * ((1 << 20) - 1)
    with attacking(plain, "bodies held back", tmp_path) as report, ExitStack() as stack:
        report.connections = 480
        for place in range(480):
            client = stack.enter_context(connect(plain.port, 2 + place % 8))
            with suppress(OSError):
                client.sendall(b"POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048576\r\n\r\n" + body)
        report.go_on(3)
    expect_served(report, CONNECTIONS_MIB)


@pytest.mark.soak
def test_bodies_that_trickle(plain: Doors, tmp_path: Path) -> None:
    def pieces(_: int) -> Iterable[bytes]:
        return itertools.chain([b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"], byte_by_byte(b"x" * 1000))

    with attacking(plain, "bodies that trickle", tmp_path) as report:
        report.connections = 400
        ended = trickle(plain.port, 400, pieces, 24)
    expect_served(report, CONNECTIONS_MIB)
    assert ended >= 400 and report.ended["slow_body"] >= 400


def client_hello() -> bytes:
    """The first message of a TLS handshake, as OpenSSL writes it."""
    import ssl

    sent = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), sent, server_hostname="localhost").do_handshake()
    return sent.read()


@pytest.mark.e2e
def test_handshakes_that_stop_half_way(secure: Doors, tmp_path: Path) -> None:
    """Nothing; half a ClientHello; one that trickles; and a whole one, after which the client is silent."""
    hello = client_hello()

    def pieces(place: int) -> Iterable[bytes]:
        return [[], [hello[: len(hello) // 2]], byte_by_byte(hello), [hello]][place % 4]

    with attacking(secure, "handshakes that stop half way", tmp_path) as report:
        report.connections = 400
        trickle(secure.port, 400, pieces, 13)
    expect_served(report, CONNECTIONS_MIB)
    assert report.ended["slow_headers"] >= 300


# MARK: who sends too much


def flood(port: int, number: int, deadline: float) -> tuple[int, set[str]]:
    """Headers without end, of three kinds in turn; returns how often, and what the answers' statuses were."""
    counted, statuses = 0, set()
    while time.monotonic() < deadline:
        counted += 1
        kind = (counted + number) % 3
        with suppress(OSError), connect(port, 2 + number % 8) as client:
            try:
                if kind == 0:
                    client.sendall(HEAD + b"X-Some: thing\r\n" * 10_000 + b"\r\n")
                elif kind == 1:
                    client.sendall(HEAD + b"X-Long: " + b"x" * 1_000_000 + b"\r\n\r\n")
                else:
                    client.sendall(HEAD)
                    while time.monotonic() < deadline:
                        client.sendall(b"X-Endless: x\r\n" * 500)
            except OSError:
                pass
            # An answer that was there before the connection was reset may be lost with it.
            with suppress(OSError):
                if answer := client.recv(4096):
                    statuses.add(answer.split()[1].decode())
    return counted, statuses


def test_floods_of_headers(plain: Doors, tmp_path: Path) -> None:
    with attacking(plain, "floods of headers", tmp_path) as report:
        deadline = time.monotonic() + 4
        with ThreadPoolExecutor(50) as pool:
            done = [task.result() for task in [pool.submit(flood, plain.port, number, deadline) for number in range(50)]]
        report.connections = sum(count for count, _ in done)
    expect_served(report, CONNECTIONS_MIB)
    assert set().union(*(statuses for _, statuses in done)) <= {"431"}


# MARK: who is many


@contextmanager
def crowd(manner: str, port: int, count: int, sources: str = "2-21") -> Iterator[list[dict[str, int]]]:
    """So many connections from programs of their own, as many of these as it takes, for as long as the block lasts; what they report is there
    after it."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    shares = -(-count // (hard - 100))
    running = [
        subprocess.Popen(
            [sys.executable, HERE / "crowd.py", manner, str(port), str(count // shares), "90", "--sources", sources],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(shares)
    ]
    reports: list[dict[str, int]] = []
    try:
        yield reports
        reports.extend(json.loads(process.communicate(timeout=60)[0]) for process in running)
    finally:
        for process in running:
            process.kill()
            process.wait()


@pytest.mark.parametrize(
    ("manner", "seconds"), [("ask", 4), pytest.param("ask", 10, marks=pytest.mark.e2e), pytest.param("idle", 10, marks=pytest.mark.e2e)])
def test_ten_thousand_connections(plain: Doors, tmp_path: Path, manner: str, seconds: float) -> None:
    """That want nothing, or one answer and then nothing; whom the exporter ends comes again."""
    with attacking(plain, f"10,000 connections, {manner}, {seconds} s", tmp_path) as report:
        with crowd(manner, plain.port, 10_000) as reports:
            report.go_on(seconds)
        report.connections = sum(one["made"] for one in reports)
    # More at a time than there are places for.
    assert sum(one["most"] for one in reports) > 2 * PLACES
    expect_served(report, CONNECTIONS_MIB)
    assert report.ended["crowded"] > PLACES


@pytest.mark.e2e
def test_connections_that_come_and_go(plain: Doors, tmp_path: Path) -> None:
    with attacking(plain, "connections that come and go", tmp_path) as report:
        with crowd("churn", plain.port, 20_000) as reports:
            report.go_on(12)
        report.connections = sum(one["made"] for one in reports)
    assert int(str(report.connections)) > 5_000
    expect_served(report, CONNECTIONS_MIB)


@pytest.mark.parametrize("is_secure", [pytest.param(False, marks=pytest.mark.e2e), True], ids=["plain", "tls"])
def test_resets_in_every_phase(request: pytest.FixtureRequest, tmp_path: Path, is_secure: bool) -> None:
    """RST after nothing, in the headers, in the body, while a handler works, while the answer is on its way, between requests."""
    doors: Doors = request.getfixturevalue("secure" if is_secure else "plain")
    hello = client_hello()
    phases: list[tuple[bytes, bool]] = [
        (b"", False), (HEAD, False), (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nx", False),
        (HEAD + b"\r\n", False), (HEAD + b"\r\n", True), (b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", True),
    ]  # fmt: skip
    if is_secure:
        phases = [(b"", False), (hello[:100], False), (hello, False), (hello, True), (hello + b"\x14\x03\x03\x00\x01\x01" + b"x" * 60, True)]
    with attacking(doors, f"resets in every phase{', TLS' if is_secure else ''}", tmp_path) as report:
        began, counted = time.monotonic(), 0
        # For some seconds, and on a slow machine for as long as it takes to count.
        while (seconds := time.monotonic() - began) < 4 or counted <= 500 and seconds < 60:
            text, reads = phases[counted % len(phases)]
            with suppress(OSError):
                client = connect(doors.port, 2 + counted % 8)
                with suppress(OSError):
                    if text:
                        client.send(text)
                    if reads:
                        client.recv(100)
                if counted // len(phases) % 2:
                    reset(client)
                else:
                    client.close()
            counted += 1
        report.connections = counted
    assert counted > 500
    expect_served(report, CONNECTIONS_MIB)


# Of 253 addresses each holds as little as a scraper does; when these ask, too, who is new among them cannot be told from them.
@pytest.mark.parametrize(("manner", "sources"), [("ask", "2-21"), *(pytest.param("idle", sources, marks=pytest.mark.e2e) for sources in ("2-21", "2-254"))])
def test_out_of_open_files(start: Start, small: Simulator, tmp_path: Path, manner: str, sources: str) -> None:
    """With 256 open files, half as many as there are places: the limit of the process is not the end of the service."""
    doors = Doors(start, small, open_files=256)
    with attacking(doors, f"256 open files, {manner}, {sources}", tmp_path) as report:
        with crowd(manner, doors.port, 2_000, sources) as reports:
            report.go_on(4)
        report.connections = sum(one["made"] for one in reports)
    # Among so many addresses a scraper that has lost its connection once comes anew each time, and waits in the kernel's queue behind the 2,000, of
    # whom 128 get a place in a tenth of a second: for 1.6 s.
    expect_served(report, CONNECTIONS_MIB, *([2.5] if sources == "2-254" else []))
    assert report.ended["crowded"] > 200


# MARK: who asks for much


def scrape_all(doors: Doors, count: int, rounds: int) -> list[int]:
    """So many scrapers at the same time, some rounds of it; the statuses."""
    together = threading.Barrier(count)

    def work(place: int) -> list[int]:
        connection = http.client.HTTPConnection("127.0.0.1", doors.port, timeout=60, source_address=(f"127.0.0.{2 + place % 8}", 0))
        statuses = []
        for _ in range(rounds):
            together.wait(120)
            connection.request("GET", "/metrics", headers={"Accept-Encoding": "gzip", "X-Prometheus-Scrape-Timeout-Seconds": "60"})
            answer = connection.getresponse()
            body = answer.read()
            statuses.append(answer.status)
            if answer.status == 200:
                assert PROOF in gzip.decompress(body)
        connection.close()
        return statuses

    with ThreadPoolExecutor(count) as pool:
        return [status for task in [pool.submit(work, place) for place in range(count)] for status in task.result()]


@pytest.mark.parametrize("rounds", [pytest.param(1, marks=pytest.mark.e2e), pytest.param(10, marks=pytest.mark.soak)])
def test_a_hundred_scrapes_at_the_same_time(start: Start, big: Simulator, tmp_path: Path, rounds: int) -> None:
    """With room for them all are answered, of a cluster with 2,000 guests, and what they took is given back."""
    doors = Doors(start, big, "--web.max-requests", "200", "--scrape.timeout", "60s")
    with attacking(doors, f"100 scrapes, {rounds} rounds", tmp_path, pause=1) as report:
        report.connections = 100
        statuses = scrape_all(doors, 100, rounds)
    assert statuses == [200] * 100 * rounds
    assert not report.failed, report.failed[:5]
    # Each builds its answer and packs it.
    assert report.growth_mib < 100 * 20
    assert report.kept_mib < 200


@pytest.mark.e2e
def test_more_scrapes_than_may_be(start: Start, big: Simulator) -> None:
    """As node_exporter does it: forty at a time, and the others hear so at once; health is told to everybody."""
    doors = Doors(start, big, "--scrape.timeout", "60s")
    before = doors.counters()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(scrape_all, doors, 100, 2)
        while not running.done():
            began = time.monotonic()
            assert doors.get("/health")[0] == 200 and time.monotonic() - began < 5
            time.sleep(0.1)
    statuses = running.result()
    after = doors.counters()
    print(f"\n{statuses.count(200)} answered, {statuses.count(503)} turned away")
    assert set(statuses) <= {200, 503} and statuses.count(200) >= 40
    assert after["requests_refused_total"] - before["requests_refused_total"] == statuses.count(503)


@pytest.mark.e2e
def test_readers_that_never_read(start: Start, big: Simulator, tmp_path: Path) -> None:
    """Answers of 13 MB, 300 of them asked for and none read: only so much may wait for readers, and it is theirs that goes."""
    doors = Doors(start, big, "--scrape.timeout", "60s")
    with attacking(doors, "readers that never read", tmp_path, pause=0.5) as report, ExitStack() as stack:
        report.connections = 300
        # Not more at a time than are answered at the same time: that limit is another.
        for _ in range(15):
            for place in range(20):
                stack.enter_context(connect(doors.port, 2 + place % 8, receives=2048)).sendall(HEAD + b"\r\n")
            time.sleep(1)
    # What waits for readers, and what handlers are about to put there.
    assert report.growth_mib < 256 + 40 * 16
    assert not report.failed, report.failed[:5]
    assert report.ended["unread_answer"] > 100


# MARK: who guesses


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("sharing", [pytest.param(1, marks=pytest.mark.e2e), 20], ids=["all different", "twenty alike"])
def test_floods_of_passwords(secure: Doors, tmp_path: Path, sharing: int) -> None:
    """Two hundred guess as fast as they can, each for itself or many the same at the same time."""
    counts: dict[int, int] = {}
    lock = threading.Lock()

    def guess(number: int, deadline: float) -> None:
        connection = http.client.HTTPSConnection("127.0.0.1", secure.port, timeout=30, context=secure.context())
        for turn in itertools.count():
            if time.monotonic() > deadline:
                break
            try:
                connection.request("GET", "/metrics", headers={"Authorization": basic(USER, f"wrong {number // sharing} {turn}")})
                answer = connection.getresponse()
                answer.read()
                status = answer.status
            except (OSError, http.client.HTTPException):
                connection.close()
                status = 0
            with lock:
                counts[status] = counts.get(status, 0) + 1
            if status == 503 and sharing > 1:
                time.sleep(0.05)
        connection.close()

    with attacking(secure, f"passwords, {sharing} alike", tmp_path) as report:
        deadline = time.monotonic() + 5
        threads = [threading.Thread(target=guess, args=(number, deadline)) for number in range(200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        report.connections = 200
    print(f"guesses by status: {counts}")
    assert counts.get(200, 0) == 0 and counts[401] > 5
    expect_served(report, CONNECTIONS_MIB)


def test_nobody_learns_who_has_a_password(secure: Doors) -> None:
    """One after the other, in turn: a wrong password takes as long for a user as for a name that nobody has."""
    seconds: dict[str, list[float]] = {USER: [], "nobody": []}
    for turn in range(16):
        for user, found in seconds.items():
            began = time.monotonic()
            assert secure.get("/metrics", authorization=basic(user, f"{PASSWORD}{turn}"))[0] == 401
            found.append(time.monotonic() - began)
    known, unknown = (statistics.median(found) for found in seconds.values())
    print(f"\nmedian of a wrong password {known:.4f} s, of an unknown user {unknown:.4f} s")
    assert 0.7 < known / unknown < 1.4
    # So long that it was checked at all.
    assert min(known, unknown) > 0.02


# MARK: TLS


def openssl(doors: Doors, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{doors.port}", "-CAfile", str(doors.authority), *words],
        input=text, capture_output=True, text=True, timeout=20)  # fmt: skip


@pytest.mark.parametrize("version", ["tls1", "tls1_1"])
def test_old_versions_are_refused(secure: Doors, version: str) -> None:
    refused = openssl(secure, f"-{version}", "-cipher", "ALL:@SECLEVEL=0")
    assert refused.returncode != 0 and "Cipher is (NONE)" in refused.stdout, refused.stdout
    # And it is the version that is refused.
    assert "Cipher is (NONE)" not in openssl(secure, "-tls1_2").stdout and "Cipher is (NONE)" not in openssl(secure, "-tls1_3").stdout


def test_renegotiation_is_refused(secure: Doors) -> None:
    """It would let a client make the server calculate, a few bytes a time."""
    client = subprocess.Popen(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{secure.port}", "-CAfile", str(secure.authority), "-tls1_2"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip
    assert client.stdin is not None and client.stdout is not None
    try:
        for text in (b"R\n", b"GET /health HTTP/1.1\nHost: localhost\n\n", b""):
            time.sleep(1)
            # Once the server has closed the connection, the program ends, and nobody reads any more.
            with suppress(BrokenPipeError):
                client.stdin.write(text)
                client.stdin.flush()
        with suppress(BrokenPipeError):
            client.stdin.close()
        said = client.stdout.read().decode(errors="replace")
    finally:
        client.kill()
        client.wait()
    assert "Verify return code: 0 (ok)" in said and "RENEGOTIATING" in said and "HTTP/1.1" not in said, said[-2000:]
    assert secure.get("/health")[0] == 200


def test_handshakes_that_break_off(secure: Doors, tmp_path: Path) -> None:
    """Two thousand and more, each at another byte: nothing of them stays."""
    hello = client_hello()
    with attacking(secure, "handshakes that break off", tmp_path) as report:
        deadline = time.monotonic() + 4
        for turn in itertools.count():
            if turn >= 2_000 and time.monotonic() > deadline:
                break
            report.connections = turn
            with suppress(OSError):
                client = connect(secure.port, 2 + turn % 8)
                with suppress(OSError):
                    client.send(hello[: 1 + turn % len(hello)])
                    if turn % len(hello) == len(hello) - 1:
                        client.recv(100)
                (reset if turn % 3 == 0 else socket.socket.close)(client)
    expect_served(report, CONNECTIONS_MIB)

"""Starts martlet and other programs for tests, on free ports, and ends what it started."""

from __future__ import annotations

import errno
import itertools
import json
import os
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
MARTLET = Path(os.environ.get("MARTLET", REPOSITORY / ".build/release/martlet"))
# What is built with the unit tests: programs that only tests run, and martlet-manager.
DEBUG = REPOSITORY / ".build/debug"


def _ports() -> Iterator[int]:
    """Those below what the system gives to connections that go out, so that none of these takes a port between its choice and its use. Of the tests
    that run at the same time each worker has its own share."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    first_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = range(min(10_000, first_outgoing // 2) + worker, first_outgoing, workers)
    begin = random.randrange(len(ports))
    yield from itertools.cycle([*ports[begin:], *ports[:begin]])


PORTS = _ports()


# Files that take minutes; the others take seconds. Whoever is given one last is waited for by all.
LONG = ["test_rule_tests", "test_gpu", "test_up", "test_init", "test_viewer_server", "test_viewer", "test_discovery_prometheus", "test_slow", "test_llm", "test_simulators", "test_discovery",
        "test_viewer_attack", "test_alertmanager", "test_compose_mock", "test_up_gpu", "test_doors_tls", "test_viewer_foreign", "test_logs", "test_logs_shown", "test_simulated_llm"]  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first: with --no-loadscope-reorder workers are given files in this order."""
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.stem, len(LONG)))


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on now, and that was not given lately."""
    for port in PORTS:
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
                return port
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
    raise AssertionError("there is always a next port")


def environment_without_settings() -> dict[str, str]:
    """This environment without what would set martlet or prometheus-pve-exporter up."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("MARTLET_", "PROXMOX_", "PVE_"))}


class Answer:
    """An HTTP answer, whatever its status."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def fetch(
    url: str, method: str = "GET", body: bytes | None = None, headers: Mapping[str, str] | None = None, timeout: float = 30
) -> Answer:
    request = urllib.request.Request(url, data=body, method=method, headers=dict(headers or {}))
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return Answer(response.status, response.headers, response.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read())


def wait_for(condition: Callable[[], Any], seconds: float, what: str) -> Any:
    """The first true value of the condition; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    last: Exception | None = None
    while time.monotonic() < deadline:
        try:
            if value := condition():
                return value
        except (OSError, KeyError, ValueError) as error:
            last = error
        time.sleep(0.1)
    pytest.fail(f"not within {seconds} s: {what}" + (f" ({last})" if last else ""))


Result = TypeVar("Result")


def in_time(seconds: float, work: Callable[[], Result], attempts: int = 3) -> Result:
    """What the work returns, which must not take longer than that. It is tried again when it does: a machine that stands still for a while makes
    anything late once, a fault of ours makes it late each time."""
    took: list[float] = []
    for _ in range(attempts):
        began = time.monotonic()
        result = work()
        took.append(time.monotonic() - began)
        if took[-1] < seconds:
            return result
        warnings.warn(f"took {took[-1]:.2f} s, not less than {seconds} s: tried again", stacklevel=2)
    pytest.fail(f"took {took} s, not less than {seconds} s")


class Program:
    """A program that a test runs, with what it prints."""

    def __init__(self, arguments: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [str(argument) for argument in arguments],
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env=environment_without_settings() | dict(env or {}),
            )

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def wait_until(self, url: str, seconds: float = 20, status: int = 200) -> None:
        """Waits until the URL answers with the status; fails at once when the program has ended."""

        def answered() -> bool:
            assert self.is_running, f"ended with {self.process.returncode}:\n{self.output}"
            return fetch(url, timeout=5).status == status

        wait_for(answered, seconds, f"{url} answers {status}; the program printed:\n{self.output}")

    def stop(self, seconds: float = 20) -> int:
        """SIGTERM, and SIGKILL if that does not help in time, which is a failure of the test."""
        if self.is_running:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                pytest.fail(f"did not stop in {seconds} s:\n{self.output}")
        return self.process.returncode

    def kill(self) -> None:
        if self.is_running:
            self.process.kill()
        self.process.wait()


Start = Callable[..., Program]


def programs(folder: Path) -> Iterator[Start]:
    """What starts programs in the folder, once; all that it started end after it."""
    running: list[Program] = []

    def begin(*arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Program:
        words = list(arguments)
        if not str(words[0]).startswith("/"):
            words.insert(0, MARTLET)
        program = Program(words, folder / f"program-{len(running)}.log", env, cwd or folder)
        running.append(program)
        return program

    try:
        yield begin
    finally:
        for program in reversed(running):
            program.kill()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts programs; `start("exporter", ...)` runs martlet, `start("/usr/bin/prometheus", ...)` another one."""
    yield from programs(tmp_path)


@pytest.fixture(scope="module")
def start_for_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts programs that all tests of a file use."""
    yield from programs(tmp_path_factory.mktemp("programs"))


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """An authority and a server certificate; see `replay.Certificates`."""
    from replay import make_certificates

    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def webhook() -> Iterator[Any]:
    """A receiver of notifications that keeps what it is told; see `alerting.Webhook`."""
    from alerting import Webhook

    webhook = Webhook()
    yield webhook
    webhook.stop()


@pytest.fixture
def mailbox() -> Iterator[Any]:
    """A mail server that keeps what it is given; see `alerting.Mailbox`."""
    from alerting import Mailbox

    mailbox = Mailbox()
    yield mailbox
    mailbox.stop()


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    assert MARTLET.exists(), f"{MARTLET} is missing; make build makes it"


def run(*arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs martlet to its end."""
    return subprocess.run(
        [str(MARTLET), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        input=stdin,
        cwd=cwd,
        env=environment_without_settings() | dict(env or {}),
    )

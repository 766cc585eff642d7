"""Where the exporter listens: sockets in the file system, sockets that systemd opened, by what names it answers there, and what it tells systemd."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from conftest import MARTLET, Program, Start, fetch, free_port, wait_for
from doors import LAUNCHER, Manager, Reply, Simulator, curl


@pytest.fixture(scope="module")
def simulator(start_for_all: Start) -> Simulator:
    return Simulator(start_for_all)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of a socket."""
    return tmp_path / "martlet.sock"


def over(path: Path, url: str = "http://localhost/health", *flags: str) -> Reply:
    return curl(url, "--unix-socket", path, *flags)


def refusal(program: Program, status: int = 1) -> str:
    """The one line with which it ends; before it there are warnings at most."""
    assert program.process.wait(20) == status, program.output
    *others, line = program.output.splitlines()
    assert all("level=warn" in other for other in others), program.output
    return line


# Sockets in the file system


def test_unix_and_network_side_by_side(start: Start, simulator: Simulator, path: Path) -> None:
    port = free_port()
    exporter = start("exporter", "--web.listen-address", f"unix:{path}", "--web.listen-address", f"127.0.0.1:{port}", env=simulator.environment)
    exporter.wait_until(f"http://127.0.0.1:{port}/ready")
    scraped = over(path, "http://anything/metrics")
    assert scraped.status == 200 and "pve_guest_info{" in scraped.body
    assert fetch(f"http://127.0.0.1:{port}/metrics").body.count(b"pve_guest_info{") == scraped.body.count("pve_guest_info{") == 10
    listening = [line for line in exporter.output.splitlines() if "msg=listening" in line]
    assert [word in line for line, word in zip(listening, (f"unix:{path}", f"127.0.0.1:{port}"), strict=True)] == [True, True]
    assert exporter.stop() == 0
    assert not path.exists()
    with pytest.raises(OSError):
        fetch(f"http://127.0.0.1:{port}/health")


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077], ids=oct)
def test_user_and_group_may_come_in_whatever_the_mask(start: Start, simulator: Simulator, path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        exporter = start("exporter", "--web.listen-address", f"unix:{path}", env=simulator.environment)
    finally:
        os.umask(before)
    wait_for(path.exists, 20, "the socket")
    assert stat.filemode(path.stat().st_mode) == "srw-rw----"
    wait_for(lambda: over(path).status == 200, 20, "an answer")
    assert exporter.is_running


def test_a_socket_that_nobody_listens_on_is_replaced(start: Start, simulator: Simulator, path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    for _ in range(2):
        exporter = start("exporter", "--web.listen-address", f"unix:{path}", env=simulator.environment)
        wait_for(lambda: over(path).status == 200, 20, f"an answer; {exporter.output}")
        exporter.kill()  # which leaves one for the next
        assert path.is_socket()


def test_what_is_in_use_is_left_alone(start: Start, simulator: Simulator, tmp_path: Path, path: Path) -> None:
    exporter = start("exporter", "--web.listen-address", f"unix:{path}", env=simulator.environment)
    wait_for(lambda: over(path).status == 200, 20, f"an answer; {exporter.output}")
    file, folder, loop = tmp_path / "file", tmp_path / "folder", tmp_path / "loop"
    file.write_text("precious")
    folder.mkdir()
    loop.symlink_to(file)
    port = free_port()
    for place, words in (
        (path, "another process listens there"), (file, "a file that is no socket stands there"), (folder, "a file that is no socket stands there"),
        (loop, "a file that is no socket stands there"), (tmp_path / "nowhere/martlet.sock", "No such file or directory"),
    ):
        second = start("exporter", "--web.listen-address", f"127.0.0.1:{port}", "--web.listen-address", f"unix:{place}", env=simulator.environment)
        assert f"cannot listen on unix:{place} (--web.listen-address): {words}" in refusal(second)
    assert file.read_text() == "precious" and loop.is_symlink() and over(path).status == 200
    # One that has no time for us listens all the same.
    busy = tmp_path / "busy.sock"
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as waiting:
        listener.bind(str(busy))
        listener.listen(0)
        waiting.connect(str(busy))
        second = start("exporter", "--web.listen-address", f"unix:{busy}", env=simulator.environment)
        assert "another process listens there" in refusal(second)


@pytest.mark.parametrize("address", ["unix:", "unix:martlet.sock", "unix:/" + "x" * 107, "unix:@name"])
def test_what_is_no_path_of_a_socket(start: Start, simulator: Simulator, address: str) -> None:
    line = refusal(start("exporter", "--web.listen-address", address, env=simulator.environment), status=2)
    assert line.endswith(f'listen address "{address}" is not unix:/PATH with an absolute path of at most 107 bytes')


# Sockets that systemd opened

def launch(start: Start, simulator: Simulator, sockets: str, who: str = "us", count: str | None = None) -> Program:
    env = simulator.environment | ({"COUNT": count} if count is not None else {})
    return start(sys.executable, "-c", LAUNCHER, sockets, who, MARTLET, "exporter", "--web.systemd-socket", env=env)


def test_sockets_of_systemd(start: Start, simulator: Simulator, path: Path) -> None:
    first, second = free_port(), free_port()
    exporter = launch(start, simulator, f"listening=127.0.0.1:{first},listening={path},listening=127.0.0.2:{second}")
    exporter.wait_until(f"http://127.0.0.1:{first}/ready")
    assert fetch(f"http://127.0.0.2:{second}/health").status == over(path).status == 200
    listening = [line for line in exporter.output.splitlines() if "msg=listening" in line]
    assert len(listening) == 3 and f"address=127.0.0.1:{first} " in listening[0] and f"127.0.0.2:{second} " in listening[2]
    # Nothing of its own beside them.
    assert "9221" not in exporter.output
    # The same rules hold as for sockets that it opens.
    assert curl(f"http://127.0.0.1:{first}/health", "--header", "Host: evil.example").status == 403
    assert over(path, "http://evil.example/health").status == 200
    assert exporter.stop() == 0
    # systemd's file is systemd's to remove.
    assert path.is_socket()


NONE = "--web.systemd-socket: systemd handed over no socket; start martlet through its .socket unit, or without the flag"
NO_LISTENER = "--web.systemd-socket: descriptor {} does not listen for connections; the .socket unit needs ListenStream= and Accept=no"


@pytest.mark.parametrize(
    ("sockets", "who", "count", "words"),
    [
        ("", "us", None, NONE),
        ("", "us", "", NONE),
        ("listening=127.0.0.1:0", "us", "none", NONE),
        ("listening=127.0.0.1:0", "us", "-1", NONE),
        ("listening=127.0.0.1:0", "1", None, NONE),
        ("listening=127.0.0.1:0", "", None, NONE),
        ("datagram=127.0.0.1:0", "us", None, NO_LISTENER.format(3)),
        ("listening=127.0.0.1:0,stream=127.0.0.1:0", "us", None, NO_LISTENER.format(4)),
        ("listening=127.0.0.1:0", "us", "2", NO_LISTENER.format(4)),
    ],
    ids=["none", "no count", "count no number", "negative", "another's", "nobody's", "datagram", "not listening", "fewer than said"],
)
def test_what_systemd_hands_over_wrongly(start: Start, simulator: Simulator, sockets: str, who: str, count: str | None, words: str) -> None:
    assert refusal(launch(start, simulator, sockets, who, count)).endswith(words)


@pytest.mark.skipif(shutil.which("systemd-socket-activate") is None, reason="systemd-socket-activate is not installed")
def test_with_the_activator_of_systemd(start: Start, simulator: Simulator, tmp_path: Path, path: Path) -> None:
    port = free_port()
    names = [word for name in simulator.environment for word in ("-E", name)]
    exporter = start(
        shutil.which("systemd-socket-activate") or "", "-l", f"127.0.0.1:{port}", "-l", path, *names, MARTLET, "exporter", "--web.systemd-socket",
        env=simulator.environment)
    wait_for(path.exists, 10, f"it listens; {exporter.output}")
    # The first connection starts the exporter, and waits for it.
    assert fetch(f"http://127.0.0.1:{port}/health").status == 200
    assert over(path).status == 200 and over(path, "http://localhost/metrics").body.count("pve_guest_info{") == 10
    assert exporter.stop() == 0


# What systemd is told


@pytest.fixture(params=["file", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    with Manager(str(tmp_path / "notify") if request.param == "file" else f"@martlet-test-{os.getpid()}-{time.monotonic_ns()}") as manager:
        yield manager


def told(start: Start, simulator: Simulator, manager: Manager, more: Mapping[str, str] | None = None) -> tuple[Program, str]:
    port = free_port()
    env = simulator.environment | {"NOTIFY_SOCKET": manager.name} | dict(more or {})
    return start("exporter", "--web.listen-address", f"127.0.0.1:{port}", env=env), f"http://127.0.0.1:{port}"


def test_systemd_hears_of_start_reload_and_stop(start: Start, simulator: Simulator, manager: Manager, tmp_path: Path) -> None:
    exporter, url = told(start, simulator, manager)
    assert manager.hear()["READY"] == "1"
    # Without waiting: who is started after it may rely on the word.
    assert fetch(url + "/health").status == 200
    for text in ("", "weather: {}\n", ""):
        (tmp_path / "martlet.yml").write_text(text)
        began = time.monotonic_ns() // 1000
        exporter.process.send_signal(signal.SIGHUP)
        reloading = manager.hear()
        assert reloading.keys() == {"RELOADING", "MONOTONIC_USEC"} and reloading["RELOADING"] == "1"
        assert began <= int(reloading["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
        # One that fails is over too.
        assert manager.hear()["READY"] == "1"
    assert exporter.output.count("configuration not reloaded") == 1 and exporter.output.count('"configuration reloaded"') == 2
    exporter.process.send_signal(signal.SIGTERM)
    assert manager.hear() == {"STOPPING": "1"}
    assert exporter.process.wait(20) == 0
    with pytest.raises(TimeoutError):
        manager.hear(0.2)


def test_systemd_watches(start: Start, simulator: Simulator, tmp_path: Path) -> None:
    with Manager(str(tmp_path / "notify")) as manager:
        exporter, _ = told(start, simulator, manager, {"WATCHDOG_USEC": "600000"})
        assert manager.hear()["READY"] == "1"
        beats = []
        for _ in range(5):
            assert manager.hear(2) == {"WATCHDOG": "1"}
            beats.append(time.monotonic())
        # Half of what systemd waits.
        assert (beats[-1] - beats[0]) / 4 < 0.5
        exporter.stop()


@pytest.mark.parametrize("more", [{"WATCHDOG_USEC": "200000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "0"}, {"WATCHDOG_USEC": "soon"}, {}], ids=str)
def test_nobody_watches(start: Start, simulator: Simulator, tmp_path: Path, more: Mapping[str, str]) -> None:
    with Manager(str(tmp_path / "notify")) as manager:
        told(start, simulator, manager, more)
        assert manager.hear()["READY"] == "1"
        with pytest.raises(TimeoutError):
            manager.hear(0.3)


@pytest.mark.parametrize("name", ["", "relative", "/nowhere/notify", "/" + "x" * 200, "vsock:2:1"])
def test_a_manager_that_cannot_be_told_is_no_reason_to_fail(start: Start, simulator: Simulator, name: str) -> None:
    port = free_port()
    exporter = start("exporter", "--web.listen-address", f"127.0.0.1:{port}", env=simulator.environment | {"NOTIFY_SOCKET": name})
    exporter.wait_until(f"http://127.0.0.1:{port}/health")
    assert exporter.stop() == 0


def test_who_cannot_start_never_says_that_it_is_ready(start: Start, simulator: Simulator, tmp_path: Path) -> None:
    with Manager(str(tmp_path / "notify")) as manager, socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        env = simulator.environment | {"NOTIFY_SOCKET": manager.name}
        refusal(start("exporter", "--web.listen-address", f"127.0.0.1:{holder.getsockname()[1]}", env=env))
        with pytest.raises(TimeoutError):
            manager.hear(0.2)


# By what names it answers


def test_hosts_on_loopback_and_elsewhere(start: Start, simulator: Simulator, path: Path) -> None:
    ports = [free_port(), free_port(), free_port()]
    addresses = [f"127.0.0.1:{ports[0]}", f"[::1]:{ports[1]}", f"0.0.0.0:{ports[2]}"]
    places = [word for address in [*addresses, f"unix:{path}"] for word in ("--web.listen-address", address)]
    exporter = start("exporter", *places, "--web.allowed-hosts", "Monitor.example.org", "--web.allowed-hosts", "192.0.2.7", env=simulator.environment)
    exporter.wait_until(f"http://127.0.0.1:{ports[0]}/ready")
    ours = ["localhost", "LOCALHOST:1", "prometheus.localhost", "127.0.0.1", "127.1.2.3:80", "[::1]:9221", "monitor.example.org", "monitor.example.org:80", "192.0.2.7"]
    foreign = ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "a.monitor.example.org", "192.0.2.8", "[2001:db8::1]", "0.0.0.0", "localhostx"]
    nonsense = ["", "a b", "localhost:port", "user@localhost", "[::1", "localhost/", "localhost, evil.example"]

    def statuses(hosts: list[str], url: str, *flags: str) -> dict[str, int]:
        return {host: curl(url, *flags, "--header", f"Host: {host}" if host else "Host;").status for host in hosts}

    for address in addresses[:2]:
        for page in ("/metrics", "/health", "/nowhere"):
            expected = 404 if page == "/nowhere" else 200
            some = ours if page == "/metrics" else ours[:1]
            assert statuses(some, f"http://{address}{page}") == dict.fromkeys(some, expected)
            some = foreign if page == "/metrics" else foreign[:1]
            assert statuses(some, f"http://{address}{page}") == dict.fromkeys(some, 403)
        assert statuses(nonsense, f"http://{address}/metrics") == dict.fromkeys(nonsense, 400)
    refused = curl(f"http://{addresses[0]}/metrics", "--header", "Host: evil.example")
    assert "--web.allowed-hosts" in refused.body and "pve_" not in refused.body
    # Nothing is done for such a page either.
    assert curl(f"http://{addresses[0]}/-/reload", "--request", "POST", "--header", "Host: evil.example").status == 403
    assert "reloaded" not in exporter.output
    # Names were said, so they hold everywhere.
    for address, *flags in ((f"127.0.0.1:{ports[2]}",), ("localhost", "--unix-socket", str(path))):
        assert statuses(ours, f"http://{address}/health", *flags) == dict.fromkeys(ours, 200)
        assert statuses(foreign, f"http://{address}/metrics", *flags) == dict.fromkeys(foreign, 403)
        assert statuses(nonsense[:2], f"http://{address}/health", *flags) == dict.fromkeys(nonsense[:2], 400)


def test_without_names_only_loopback_is_particular(start: Start, simulator: Simulator, path: Path) -> None:
    ports = [free_port(), free_port()]
    places = [word for address in (f"127.0.0.1:{ports[0]}", f"0.0.0.0:{ports[1]}", f"unix:{path}") for word in ("--web.listen-address", address)]
    exporter = start("exporter", *places, env=simulator.environment)
    exporter.wait_until(f"http://127.0.0.1:{ports[0]}/ready")
    for host in ("evil.example", "192.0.2.8", "0.0.0.0"):
        header = ("--header", f"Host: {host}")
        assert curl(f"http://127.0.0.1:{ports[0]}/health", *header).status == 403
        assert curl(f"http://127.0.0.1:{ports[1]}/health", *header).status == 200
        assert curl("http://localhost/health", "--unix-socket", str(path), *header).status == 200


def test_two_hosts_or_none(start: Start, simulator: Simulator) -> None:
    port = free_port()
    exporter = start("exporter", "--web.listen-address", f"127.0.0.1:{port}", env=simulator.environment)
    exporter.wait_until(f"http://127.0.0.1:{port}/health")

    def status(head: str) -> int:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
            client.sendall((head + "Connection: close\r\n\r\n").encode())
            answer = b""
            while chunk := client.recv(65536):
                answer += chunk
        return int(answer.split()[1])

    assert status("GET /health HTTP/1.1\r\nHost: localhost\r\n") == 200
    for head in (
        "GET /health HTTP/1.1\r\n", "GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n",
        "GET /health HTTP/1.1\r\nHost: evil.example\r\nHost: localhost\r\n", "GET /health HTTP/1.1\r\nHost: localhost\r\nhost: localhost\r\n",
    ):
        assert status(head) == 400, head
    assert exporter.is_running

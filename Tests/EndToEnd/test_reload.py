"""Reading the configuration again: all of it is taken or none, and whoever scrapes meanwhile notices nothing."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Answer, Program, Start, fetch, free_port, wait_for
from doors import Manager, Simulator, bcrypt, write_atomically
from oracle import parse_exposition
from stack import Stack

SUCCESSFUL, SINCE = "martlet_config_last_reload_successful", "martlet_config_last_reload_success_timestamp_seconds"

HUSH = "b7c1-hush-hush"


class Configured:
    """`martlet exporter` with files in a folder: martlet.yml, a token in its file, a web configuration, modules of /pve."""

    def __init__(self, start: Start, folder: Path, *simulators: Simulator) -> None:
        self.folder, self.simulators = folder, simulators
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (folder / "web.yml").write_text(yaml.safe_dump({"http_server_config": {"headers": {"X-Frame-Options": "deny"}}}))
        (folder / "pve.yml").write_text("default: {user: monitor@pve, token_name: martlet, token_value: SECRET}\n")
        for simulator in simulators:
            (folder / f"{simulator.cluster}.token").write_text(simulator.token + "\n")
        self.write(self.settings(*simulators[:1]))
        self.program: Program = start("exporter", "--config.file", "martlet.yml", "--pve.config-file", "pve.yml", cwd=folder)
        self.program.wait_until(self.url + "/ready")

    def settings(self, *simulators: Simulator) -> dict[str, Any]:
        clusters = [{"name": simulator.cluster, "endpoint": simulator.url, "token_file": f"{simulator.cluster}.token"} for simulator in simulators]
        return {"web": {"listen_address": f"127.0.0.1:{self.port}", "config_file": "web.yml"}, "proxmox": {"clusters": clusters}}

    def write(self, settings: dict[str, Any]) -> None:
        write_atomically(self.folder / "martlet.yml", yaml.safe_dump(settings))

    def reload(self, method: str = "POST") -> Answer:
        return fetch(self.url + "/-/reload", method)

    def clusters(self) -> set[str]:
        samples, _ = parse_exposition(fetch(self.url + "/metrics").text)
        return {dict(labels)["cluster"] for name, labels in samples if name == "pve_node_up"}

    def metric(self, name: str) -> float:
        return parse_exposition(fetch(self.url + "/metrics").text)[0][(name, frozenset())]

    def lines(self, message: str) -> list[str]:
        return [line for line in self.program.output.splitlines() if message in line]


class Scrapes:
    """What came of scraping without a pause."""

    def __init__(self) -> None:
        self.good, self.bad = 0, []


@contextmanager
def scraped_without_pause(url: str, cluster: str) -> Iterator[Scrapes]:
    """A scrape that fails, or that lacks the cluster, is a bad one."""
    scrapes, is_over = Scrapes(), threading.Event()

    def scrape() -> None:
        while not is_over.wait(0.02):
            try:
                answer = fetch(url + "/metrics", timeout=10)
                if answer.status == 200 and f'pve_node_up{{cluster="{cluster}"' in answer.text:
                    scrapes.good += 1
                else:
                    scrapes.bad.append(f"{answer.status} {answer.text[:200]}")
            except OSError as error:
                scrapes.bad.append(repr(error))

    threads = [threading.Thread(target=scrape) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield scrapes
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


@pytest.fixture(scope="module")
def simulators(start_for_all: Start) -> tuple[Simulator, Simulator]:
    return Simulator(start_for_all, "alpha", token=HUSH), Simulator(start_for_all, "beta", token=HUSH)


@pytest.mark.parametrize("how", ["SIGHUP", "POST", "PUT"])
def test_a_new_cluster_appears_and_goes(start: Start, tmp_path: Path, simulators: tuple[Simulator, Simulator], how: str) -> None:
    exporter = Configured(start, tmp_path, *simulators)
    began = exporter.metric(SINCE)
    assert exporter.metric(SUCCESSFUL) == 1 and abs(began - time.time()) < 30 and exporter.clusters() == {"alpha"}

    def reload() -> None:
        if how == "SIGHUP":
            exporter.program.process.send_signal(signal.SIGHUP)
        else:
            assert exporter.reload(how).text == "Reloaded.\n"

    with scraped_without_pause(exporter.url, "alpha") as scrapes:
        exporter.write(exporter.settings(*simulators))
        assert exporter.clusters() == {"alpha"}
        reload()
        wait_for(lambda: exporter.clusters() == {"alpha", "beta"}, 10, f"both; {exporter.program.output}")
        exporter.write(exporter.settings(simulators[0]))
        reload()
        wait_for(lambda: exporter.clusters() == {"alpha"}, 10, "the first alone")
    assert scrapes.bad == [] and scrapes.good > 4
    assert exporter.metric(SUCCESSFUL) == 1 and exporter.metric(SINCE) > began
    assert len(exporter.lines('level=info msg="configuration reloaded"')) == 2


Files = Callable[[Configured], None]


def text(name: str, words: str) -> Files:
    return lambda exporter: (exporter.folder / name).write_text(words) and None


def settings(**more: Any) -> Files:
    """martlet.yml with one section, or one key of the first cluster, changed."""

    def write(exporter: Configured) -> None:
        changed = exporter.settings(exporter.simulators[0])
        changed["web"] |= more.pop("web", {})
        changed["proxmox"]["clusters"][0] |= more.pop("cluster", {})
        exporter.write(changed | more)

    return write


def twice(exporter: Configured) -> None:
    changed = exporter.settings(*exporter.simulators)
    changed["proxmox"]["clusters"][1]["name"] = "alpha"
    exporter.write(changed)


# What is written, and words of the reason.
BROKEN: dict[str, tuple[Files, str]] = {
    "syntax": (text("martlet.yml", "proxmox: [\n"), "martlet.yml:"),
    "unknown key": (settings(cluster={"colour": "red"}), "martlet.yml:"),
    "unknown section": (settings(weather={"sun": "on"}), "weather"),
    "no number": (settings(exporter={"scrape_timeout": "soon"}), "martlet.yml:"),
    "no token file": (settings(cluster={"token_file": "nowhere.token"}), "token_file: no such file"),
    "empty token file": (text("alpha.token", ""), "alpha.token"),
    "wrong token": (text("alpha.token", f"monitor@pve!martlet=x{HUSH}\n"), "401"),
    "no authority": (settings(cluster={"endpoint": "https://127.0.0.1:1", "ca_file": "nowhere.pem"}), "nowhere.pem"),
    "authority of nobody": (settings(cluster={"endpoint": "https://127.0.0.1:1", "ca_file": "web.yml"}), "web.yml"),
    "other address": (settings(web={"listen_address": "127.0.0.1:1"}), "listen_address"),
    "other limit": (settings(web={"max_requests": 7}), "max_requests"),
    "other doors": (settings(web={"config_file": "alpha.token"}), "config_file"),
    "same name twice": (twice, "another cluster has the name"),
    "nothing in it": (text("martlet.yml", ""), "stood here at the start"),
    "doors broken": (text("web.yml", "basic_auth_users: {user: plain}\n"), "web.yml:"),
    "doors gone": (lambda exporter: (exporter.folder / "web.yml").unlink(), "web.yml"),
    "TLS switched on": (text("web.yml", "tls_server_config: {cert_file: web.crt, key_file: web.key}\n"), "TLS"),
    "modules broken": (text("pve.yml", "default: {user: monitor@pve, colour: red}\n"), "pve.yml:"),
    "gone": (lambda exporter: (exporter.folder / "martlet.yml").unlink(), "martlet.yml"),
}


def test_what_is_broken_changes_nothing(start: Start, tmp_path: Path, simulators: tuple[Simulator, Simulator], certificates: Any) -> None:
    exporter = Configured(start, tmp_path, *simulators)
    for name in ("web.crt", "web.key"):
        shutil.copy(certificates.server, tmp_path / name)
    good = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.suffix in (".yml", ".token")}
    since = exporter.metric(SINCE)
    said: dict[str, str] = {}
    with scraped_without_pause(exporter.url, "alpha") as scrapes:
        for name, (write, words) in BROKEN.items():
            before, logged = scrapes.good, len(exporter.lines("configuration not reloaded"))
            write(exporter)
            answer = exporter.reload()
            assert answer.status == 500, (name, answer.status, answer.text)
            said[name] = answer.text
            assert answer.text.startswith("Not reloaded, the old configuration stays in use: "), (name, answer.text)
            assert answer.text.count("\n") == 1 and answer.text.endswith("\n") and words in answer.text, (name, answer.text)
            assert HUSH not in answer.text and HUSH not in exporter.program.output, name
            assert (exporter.metric(SUCCESSFUL), exporter.metric(SINCE)) == (0, since), name
            assert exporter.clusters() == {"alpha"} and fetch(exporter.url + "/").headers["X-Frame-Options"] == "deny"
            lines = exporter.lines("configuration not reloaded")[logged:]
            assert len(lines) == 1 and "level=error" in lines[0] and words in lines[0], (name, lines)
            if name == "syntax":
                exporter.program.process.send_signal(signal.SIGHUP)
                wait_for(lambda logged=logged: len(exporter.lines("configuration not reloaded")) == logged + 2, 15, "the same of a signal")
            for file, content in good.items():
                if not (tmp_path / file).exists() or (tmp_path / file).read_bytes() != content:
                    (tmp_path / file).write_bytes(content)
            wait_for(lambda before=before: scrapes.good > before, 10, "scrapes go on")
        assert (exporter.metric(SUCCESSFUL), exporter.metric(SINCE)) == (0, since)
        assert exporter.reload().text == "Reloaded.\n"
        assert exporter.metric(SUCCESSFUL) == 1 and exporter.metric(SINCE) > since
    assert scrapes.bad == [] and scrapes.good > len(BROKEN)
    assert len(set(said.values())) == len(said) == len(BROKEN), "each says something of its own"


def test_doors_and_clusters_are_taken_together_or_not_at_all(start: Start, tmp_path: Path, simulators: tuple[Simulator, Simulator]) -> None:
    exporter = Configured(start, tmp_path, *simulators)
    exporter.write(exporter.settings(*simulators) | {"weather": {}})
    # It would be taken by itself, within a second.
    (tmp_path / "web.yml").write_text(yaml.safe_dump({"basic_auth_users": {"user": "plain"}}))
    assert exporter.reload().status == 500
    exporter.write(exporter.settings(*simulators))
    assert exporter.reload().status == 500 and exporter.clusters() == {"alpha"}, "good clusters behind bad doors"
    (tmp_path / "web.yml").write_text(yaml.safe_dump({"basic_auth_users": {"user": bcrypt()}}))
    exporter.program.process.send_signal(signal.SIGHUP)
    wait_for(lambda: exporter.lines('msg="configuration reloaded"'), 10, "taken")
    assert fetch(exporter.url + "/metrics").status == 401


def test_a_reload_is_not_for_browsers_and_not_for_get(start: Start, tmp_path: Path, simulators: tuple[Simulator, Simulator]) -> None:
    exporter = Configured(start, tmp_path, *simulators)
    since = exporter.metric(SINCE)
    for origin in ("http://evil.example", "null", exporter.url, ""):
        assert fetch(exporter.url + "/-/reload", "POST", headers={"Origin": origin}).status == 403, origin
    for method in ("GET", "HEAD", "DELETE"):
        answer = exporter.reload(method)
        assert answer.status == 405 and answer.headers["Allow"] == "POST, PUT", method
    assert exporter.metric(SINCE) == since and exporter.lines("reloaded") == []


def test_many_reloads_leave_nothing_behind(start: Start, tmp_path: Path, simulators: tuple[Simulator, Simulator]) -> None:
    exporter = Configured(start, tmp_path, *simulators)
    process = Path(f"/proc/{exporter.program.process.pid}")

    def figures() -> tuple[int, int, int]:
        status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
        return len(list((process / "fd").iterdir())), int(status["Threads"]), int(status["VmRSS"].split()[0])

    def reload(count: int) -> None:
        for number in range(count):
            exporter.write(exporter.settings(*simulators[: 1 + number % 2]))
            assert exporter.reload().text == "Reloaded.\n"
            if number % 5 == 0:
                assert exporter.clusters() == {simulator.cluster for simulator in simulators[: 1 + number % 2]}

    def settled() -> tuple[int, int, int]:
        """Connections that were kept for more, and threads that finish, go in their own time."""
        return min((time.sleep(0.1), figures())[1] for _ in range(10))

    reload(15)
    before = settled()
    reload(50)
    after = settled()
    # Connections to the API stay open, as many as were needed at once.
    print(f"descriptors, threads, KiB resident: {before} after 15 reloads, {after} after 65")
    assert after[0] <= before[0] + 10 and after[1] <= before[1] + 2 and after[2] <= before[2] + 4096, (before, after)


def test_reloads_at_the_same_time_come_one_after_the_other(start: Start, tmp_path: Path, simulators: tuple[Simulator, Simulator]) -> None:
    exporter = Configured(start, tmp_path, *simulators)
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda: answers.append(exporter.reload())) for _ in range(20)]
    with scraped_without_pause(exporter.url, "alpha") as scrapes:
        for thread in threads:
            thread.start()
            exporter.program.process.send_signal(signal.SIGHUP)
        for thread in threads:
            thread.join()
    texts = {answer.text for answer in answers}
    refused = "Limit of 3 requests in flight reached; the last 1 are for other addresses.\n"
    assert len(answers) == 20 and texts <= {"Reloaded.\n", refused} and "Reloaded.\n" in texts, texts
    assert scrapes.bad == [] and exporter.program.is_running and exporter.clusters() == {"alpha"}


# A signal that means a closed terminal to most programs


@pytest.mark.parametrize("kind", ["proxmox", "hosts", "webhook"])
def test_a_simulator_survives_the_signal(start: Start, kind: str) -> None:
    port = free_port()
    own = {"proxmox": ["--plain-http"], "hosts": ["--port", str(free_port("127.0.0.2"))], "webhook": []}[kind]
    program = start("simulate", kind, "--listen", f"127.0.0.1:{port}", *own)
    path = "/api/v1/notifications" if kind == "webhook" else "/api/v1/scenario"
    program.wait_until(f"http://127.0.0.1:{port}{path}")
    for _ in range(20):
        program.process.send_signal(signal.SIGHUP)
    assert fetch(f"http://127.0.0.1:{port}{path}").status == 200 and program.is_running
    assert program.stop() == 0


def test_the_exporter_survives_the_signal_before_it_listens(start: Start, tmp_path: Path) -> None:
    """While it waits for the API to say whether it may come in."""
    simulator = Simulator(start, latency="1s")
    port = free_port()
    program = start("exporter", "--web.listen-address", f"127.0.0.1:{port}", env=simulator.environment)
    status = Path(f"/proc/{program.process.pid}/status")

    def is_held() -> bool:
        """From the moment on at which the signal waits for us."""
        held = next(line for line in status.read_text().splitlines() if line.startswith("SigBlk:"))
        return bool(int(held.split()[1], 16) >> (signal.SIGHUP - 1) & 1)

    wait_for(is_held, 10, "the signal is held")
    for _ in range(20):
        program.process.send_signal(signal.SIGHUP)
        time.sleep(0.02)
    program.wait_until(f"http://127.0.0.1:{port}/health")
    assert program.stop() == 0


def test_the_exporter_stops_in_the_middle_of_a_reload(start: Start, tmp_path: Path, simulators: tuple[Simulator, Simulator]) -> None:
    exporter = Configured(start, tmp_path, *simulators)
    (tmp_path / "alpha.token").write_text("monitor@pve!martlet=wrong\n")  # takes three seconds to be refused
    exporter.program.process.send_signal(signal.SIGHUP)
    time.sleep(0.3)
    began = time.monotonic()
    assert exporter.program.stop() == 0
    assert time.monotonic() - began < 8


def test_the_exporter_stops_right_after_a_reload(start: Start, tmp_path: Path, simulators: tuple[Simulator, Simulator]) -> None:
    """The first scrape of the new configuration still runs then, and what it works with must not be gone before it."""
    with Manager(str(tmp_path / "notify")) as manager:
        for _ in range(30):
            env = simulators[0].environment | {"NOTIFY_SOCKET": manager.name}
            exporter = start("exporter", "--web.listen-address", f"127.0.0.1:{free_port()}", env=env)
            assert manager.hear()["READY"] == "1"
            for _ in range(3):
                exporter.process.send_signal(signal.SIGHUP)
                assert manager.hear()["RELOADING"] == manager.hear()["READY"] == "1"
            assert exporter.stop() == 0, exporter.output
            assert manager.hear() == {"STOPPING": "1"}


@pytest.mark.e2e
def test_the_stack_survives_the_signal_and_reloads(start: Start, tmp_path: Path) -> None:
    stack = Stack(start, tmp_path, "--prometheus.scrape-interval", "1s", simulate=False)
    stack.wait_until_ready()
    children = stack.process_ids()
    url = stack.url("web")
    for number in range(1, 4):
        stack.program.process.send_signal(signal.SIGHUP)
        wait_for(lambda number=number: stack.program.output.count('msg="configuration reloaded" service=exporter') == number, 10, "reloaded")
    (tmp_path / "martlet.yml").write_text("weather: {}\n")
    os.kill(stack.program.process.pid, signal.SIGHUP)
    wait_for(lambda: parse_exposition(fetch(url + "/metrics").text)[0][(SUCCESSFUL, frozenset())] == 0, 10, "refused")
    (tmp_path / "martlet.yml").write_text("exporter: {scrape_timeout: 9s}\n")
    assert fetch(url + "/-/reload", "POST").text == "Reloaded.\n"
    (tmp_path / "martlet.yml").write_text("proxmox: {clusters: [{endpoint: 'http://127.0.0.1:1', token: 'a@pve!b=c'}]}\n")
    assert "restart" in fetch(url + "/-/reload", "POST").text
    assert stack.process_ids() == children and stack.program.is_running
    assert wait_for(lambda: stack.value('min_over_time(up{job="martlet"}[1m])'), 10, "scrapes") == 1
    assert stack.program.stop() == 0

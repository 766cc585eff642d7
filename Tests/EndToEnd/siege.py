"""An exporter under attack, and what is measured meanwhile: a well-behaved scraper's answers, the exporter's memory, its open files."""

from __future__ import annotations

import base64
import json
import re
import ssl
import statistics
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import bcrypt
from conftest import MARTLET, Program, Start, fetch, free_port, wait_for
from replay import Certificates

HERE = Path(__file__).parent
USER, PASSWORD = "prometheus", "sesame"
AUTHORIZATION = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
# What a scrape may take beside an attack, on two cores that attackers and simulator have to share.
LONGEST_SECONDS = 5.0
# Whom the kernel's full queue of connections (net.core.somaxconn) dropped tries again after 1, 3, 7 and 15 seconds, before the exporter hears
# of him: that long may a few new connections take where thousands come again and again.
LONGEST_SECONDS_AFTER_DROPS = 15.0 + LONGEST_SECONDS


class Simulator:
    """A simulated cluster without artificial latency."""

    def __init__(self, start: Start, folder: Path, nodes: int, guests: int) -> None:
        self.port = port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        start("simulate", "proxmox", "--listen", f"127.0.0.1:{port}", "--nodes", str(nodes), "--guests", str(guests), "--world", folder,
              "--plain-http", "--latency", "0s")  # fmt: skip
        wait_for(lambda: fetch(f"{self.url}/api/v1/scenario").status == 200, 20, "simulator")


class Doors:
    """A running `martlet exporter`, with or without TLS and users, and what /proc and its own metrics say of it."""

    def __init__(
        self,
        start: Start,
        simulator: Simulator,
        *flags: str | Path,
        certificates: Certificates | None = None,
        folder: Path | None = None,
        has_users: bool = False,
        open_files: int | None = None,
    ) -> None:
        self.port = free_port()
        self.simulator = simulator
        self.authority = certificates.authority if certificates else None
        self.authorization = AUTHORIZATION if has_users else None
        words: list[str | Path] = ["exporter", "--web.listen-address", f"127.0.0.1:{self.port}", *flags]
        if folder is not None and (certificates or has_users):
            words += ["--web.config.file", web_configuration(folder, certificates, has_users)]
        if open_files is not None:
            words = ["/usr/bin/prlimit", f"--nofile={open_files}:{open_files}", MARTLET, *words]
        env = {"PROXMOX_HOST": simulator.url, "PROXMOX_TOKEN_NAME": "monitor@pve!martlet", "PROXMOX_TOKEN_VALUE": "SECRET"}
        self.program: Program = start(*words, env=env)
        wait_for(lambda: self.get("/ready")[0] == 200, 20, f"exporter; it printed:\n{self.program.output}")
        # A few scrapes, so that buffers and connections to the API are there.
        for _ in range(3):
            assert self.get("/metrics")[0] == 200

    @property
    def url(self) -> str:
        return f"{'https' if self.authority else 'http'}://127.0.0.1:{self.port}"

    def context(self) -> ssl.SSLContext | None:
        return ssl.create_default_context(cafile=str(self.authority)) if self.authority else None

    def get(self, path: str, authorization: str | None = None, timeout: float = 30) -> tuple[int, str]:
        """Status and text; with the right password when nothing else is said."""
        assert self.program.is_running, f"ended with {self.program.process.returncode}:\n{self.program.output}"
        authorization = authorization or self.authorization
        request = urllib.request.Request(self.url + path, headers={"Authorization": authorization} if authorization else {})
        try:
            with urllib.request.urlopen(request, timeout=timeout, context=self.context()) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def counters(self) -> dict[str, float]:
        """The exporter's own `martlet_http_*`, by name and reason."""
        rows = re.findall(r'^martlet_http_(\w+)(?:\{reason="(\w+)"\})? (\S+)$', self.get("/metrics")[1], re.MULTILINE)
        return {f"{name} {reason}".strip(): float(value) for name, reason, value in rows}

    @property
    def resident_kib(self) -> int:
        return self._status("VmRSS")

    @property
    def peak_kib(self) -> int:
        """The most since `forget_peak`."""
        return self._status("VmHWM")

    def forget_peak(self) -> None:
        Path(f"/proc/{self.program.process.pid}/clear_refs").write_text("5")

    def _status(self, key: str) -> int:
        text = Path(f"/proc/{self.program.process.pid}/status").read_text()
        return int(re.search(rf"^{key}:\s+(\d+) kB", text, re.MULTILINE)[1])  # type: ignore[index]

    @property
    def descriptors(self) -> int:
        """Open files, connections to the API aside: those come and go with scrapes and timers."""
        return len(list(Path(f"/proc/{self.program.process.pid}/fd").iterdir())) - self._sockets(remote=self.simulator.port)

    @property
    def connections(self) -> int:
        """Sockets of its port that the kernel knows as established, whoever still waits to be accepted among them."""
        return self._sockets(local=self.port)

    @staticmethod
    def _sockets(*, local: int | None = None, remote: int | None = None) -> int:
        """How many are established between such ports."""
        ends = [words[1:4] for row in Path("/proc/net/tcp").read_text().splitlines()[1:] if (words := row.split())]
        return sum(
            state == "01" and (local is None or here.endswith(f":{local:04X}")) and (remote is None or there.endswith(f":{remote:04X}"))
            for here, there, state in ends)


def web_configuration(folder: Path, certificates: Certificates | None, has_users: bool) -> Path:
    """A file for `--web.config.file`, with the tests' certificate and one user whose password costs what the documentation says."""
    lines = []
    if certificates:
        lines += ["tls_server_config:", f"  cert_file: {certificates.server}", f"  key_file: {certificates.server}"]
    if has_users:
        lines += ["basic_auth_users:", f"  {USER}: {bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()}"]
    path = folder / "web.yml"
    path.write_text("\n".join(lines) + "\n")
    return path


@dataclass
class Report:
    """What came of an attack."""

    name: str
    scrapes: list[Mapping[str, object]] = field(default_factory=list)
    before_kib: int = 0
    peak_kib: int = 0
    after_kib: int = 0
    descriptors: tuple[int, int] = (0, 0)
    ended: dict[str, int] = field(default_factory=dict)
    counters: dict[str, float] = field(default_factory=dict)
    log_bytes: int = 0
    connections: object = ""
    drops: int = 0
    # Those that there are until now, while the attack lasts.
    rows: Callable[[], Sequence[Mapping[str, object]]] = list

    def go_on(self, seconds: float) -> None:
        """Lets the attack last so long, and on a slow machine for as long as it takes to see enough scrapes under it."""
        begin, least = time.monotonic(), len(self.rows()) + 20
        wait_for(lambda: time.monotonic() >= begin + seconds and len(self.rows()) >= least, seconds + 60, "20 scrapes under attack")

    @property
    def growth_mib(self) -> float:
        return (self.peak_kib - self.before_kib) / 1024

    @property
    def kept_mib(self) -> float:
        return (self.after_kib - self.before_kib) / 1024

    @property
    def seconds(self) -> list[float]:
        return [float(str(row["seconds"])) for row in self.scrapes]

    @property
    def failed(self) -> list[Mapping[str, object]]:
        return [row for row in self.scrapes if row["status"] != 200 or not row["whole"]]

    def __str__(self) -> str:
        seconds = self.seconds or [0.0]
        reopened = sum(1 for row in self.scrapes if row["keeps"] and row["opened"])
        reasons = " ".join(f"{reason}={count}" for reason, count in self.ended.items() if count) or "-"
        return (
            f"{self.name:36} {self.connections!s:>8} {len(self.scrapes):>5} {len(self.failed):>4} {reopened:>4}"
            f" {max(seconds):>6.2f} {statistics.median(seconds):>6.3f}"
            f" {self.before_kib / 1024:>6.0f} {self.peak_kib / 1024:>6.0f} {self.after_kib / 1024:>6.0f}"
            f" {self.descriptors[0]:>4} {self.descriptors[1]:>4}  {reasons}"
        )


HEADER = (
    f"{'attack':36} {'clients':>8} {'good':>5} {'bad':>4} {'kept':>4} {'max s':>6} {'med s':>6}"
    f" {'MiB':>6} {'peak':>6} {'after':>6} {'fds':>4} {'end':>4}  ended"
)


class Scraping:
    """A well-behaved scraper at work while its `with` block lasts."""

    def __init__(self, doors: Doors, log: Path, pause: float = 0.25) -> None:
        words = [sys.executable, str(HERE / "scraper.py"), doors.url + "/metrics", "--pause", str(pause)]
        if doors.authority:
            words += ["--authority", str(doors.authority)]
        if doors.authorization:
            words += ["--authorization", doors.authorization]
        self.words, self.log = words, log

    @property
    def rows(self) -> list[Mapping[str, object]]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if line.endswith("}")]

    def __enter__(self) -> Scraping:
        with self.log.open("w") as output:
            self.process = subprocess.Popen(self.words, stdin=subprocess.PIPE, stdout=output)
        wait_for(lambda: len(self.rows) >= 4, 20, "a well-behaved scraper at work")
        return self

    def __exit__(self, *error: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            self.process.wait(60)
        finally:
            self.process.kill()


@contextmanager
def attacking(doors: Doors, name: str, folder: Path, pause: float = 0.25) -> Iterator[Report]:
    """Measures what the block does to the exporter. At the end no file that it opened may stay open."""
    report = Report(name)
    before = doors.counters()
    report.descriptors = (doors.descriptors, 0)
    drops = dropped_connections()
    report.before_kib, log = doors.resident_kib, len(doors.program.output)
    doors.forget_peak()
    over, peaks = threading.Event(), [0]

    def watch() -> None:
        while not over.wait(0.05):
            peaks[0] = max(peaks[0], doors.resident_kib)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        with Scraping(doors, folder / "scrapes.jsonl", pause) as scraping:
            # Proves that it is measured at all: it goes on before, during and after the attack.
            report.rows = lambda: scraping.rows
            yield report
            seen = len(scraping.rows)
            wait_for(lambda: len(scraping.rows) >= seen + 4, 30, "scrapes after the attack")
        report.scrapes = scraping.rows
    finally:
        over.set()
        watcher.join()
    assert doors.program.is_running, f"ended with {doors.program.process.returncode}:\n{doors.program.output[-3000:]}"
    wait_for(lambda: doors.connections == 0 and doors.descriptors <= report.descriptors[0], 30, "all connections closed")
    # One that the kernel knows as closed may be on the exporter's list for a moment.
    patience = time.monotonic() + 5
    while (counters := doors.counters())["connections"] != 1 and time.monotonic() < patience:
        time.sleep(0.1)
    report.counters = counters
    report.peak_kib, report.after_kib = max(doors.peak_kib, peaks[0]), doors.resident_kib
    report.descriptors = (report.descriptors[0], doors.descriptors)
    report.ended = {
        key.split()[1]: int(value - before.get(key, 0)) for key, value in report.counters.items() if key.startswith("connections_ended_total ")
    }
    report.drops = dropped_connections() - drops
    report.log_bytes = len(doors.program.output) - log
    print(f"\n{HEADER}\n{report}")
    TABLE.append(str(report))


TABLE: list[str] = []


def dropped_connections() -> int:
    """How many this machine's kernel has dropped because the queue of a listening socket was full."""
    names, values = [line.split() for line in Path("/proc/net/netstat").read_text().splitlines() if line.startswith("TcpExt:")]
    return int(values[names.index("ListenOverflows")])


def expect_served(report: Report, growth_mib: float, usual_seconds: float = LONGEST_SECONDS / 5) -> None:
    """Every scrape was answered, whole and in time, and memory stayed in its bound."""
    assert len(report.scrapes) >= 20
    assert not report.failed, report.failed[:5]
    late = [row for row in report.scrapes if float(str(row["seconds"])) >= LONGEST_SECONDS]
    if late:
        # Never on a connection that is there already, never many, and only where the kernel itself says why.
        assert all(row["opened"] for row in late) and report.drops > 0 and len(late) * 20 <= len(report.scrapes), late
        assert max(report.seconds) < LONGEST_SECONDS_AFTER_DROPS, late
    assert statistics.median(report.seconds) < usual_seconds
    assert report.growth_mib < growth_mib
    assert report.counters["connections"] == 1
    # Who attacks must not fill the disk by way of the log.
    assert report.log_bytes < 20_000

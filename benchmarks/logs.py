"""What it costs to carry a journal to Loki, beside syslog-ng: the same journal, the same receiver, one after the other."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import RELEASE, REPOSITORY, cpu_seconds, fetch, free_port, resident_bytes, table, wait_for

sys.path.insert(0, str(REPOSITORY / "Tests/EndToEnd"))

LINES = 100_000
TEXT = "GET /v1/chat/completions 200 took 812 ms, 214 tokens, request of the board of a customer, node pve1"
SYSLOG_NG = """@version: 3.38
source journal {{ systemd-journal(namespace("{namespace}") prefix("") read-old-records(yes) log-iw-size(20000) log-fetch-limit(5000)); }};
destination loki {{
  http(url("{loki}/loki/api/v1/push") method("POST") headers("Content-Type: application/json") persist-name("loki")
    body-prefix("{{\\"streams\\":[") delimiter(",") body-suffix("]}}")
    body('{{"stream":{{"job":"journal","node":"pve1"}},"values":[["${{S_UNIXTIME}}${{USEC}}000","${{MESSAGE}}"]]}}')
    batch-lines(5000) batch-bytes(1048576) batch-timeout(1000) workers(1) log-fifo-size(40000));
}};
log {{ source(journal); destination(loki); flags(flow-control); }};
"""


def family(pid: int) -> list[int]:
    """A process and its children."""
    children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    return [pid, *children]


def received(loki: str) -> int:
    return int(re.search(r"^loki_distributor_lines_received_total (\d+)", fetch(loki + "/metrics").decode(), re.MULTILINE).group(1))  # type: ignore[union-attr]


def carried(command: list[str | Path], folder: Path, loki: str) -> dict[str, float]:
    """Runs a shipper until the receiver has all lines."""
    with (folder / f"{Path(command[0]).name}.log").open("ab") as log:
        began = time.monotonic()
        shipper = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            memory, cpu = 0, 0.0
            while (count := received(loki)) < LINES:
                time.sleep(0.05)
                members = family(shipper.pid)
                memory = max(memory, sum(resident_bytes(member) for member in members))
                cpu = sum(cpu_seconds(member) for member in members)
                assert shipper.poll() is None and time.monotonic() - began < 300, (count, Path(log.name).read_text()[-2000:])
            seconds = time.monotonic() - began
            members = family(shipper.pid)
            cpu = max(cpu, sum(cpu_seconds(member) for member in members))
        finally:
            shipper.terminate()
            shipper.wait()
    return {"lines": count, "seconds": seconds, "cpu": cpu, "memory": memory}


def logs() -> None:
    import journald
    from conftest import Program

    if reason := journald.reason_not_to():
        return print(f"Logs: not measured, {reason}\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        programs: list[Program] = []

        def start(*words: str | Path, **_: object) -> Program:
            programs.append(Program(words, folder / f"{len(programs)}.log", cwd=folder))
            return programs[-1]

        journal = journald.Journal(start)
        try:
            for number in range(LINES):
                journal.write(f"{number} {TEXT}", PRIORITY="6", SYSLOG_IDENTIFIER="server")
            rows = [measured(title, words, folder, journal.namespace) for title, words in contenders(folder, journal.namespace)]
        finally:
            journal.close()
            for program in programs:
                program.kill()
    print(f"Logs: a journal of {LINES:,} lines of {len(TEXT) + 6} bytes, read from its beginning and pushed to a simulated Loki")
    table(["shipper", "lines a second", "CPU µs a line", "memory MB", "lines stored"], rows)


def contenders(folder: Path, namespace: str) -> list[tuple[str, str]]:
    found = [("martlet logs", "gzip"), ("martlet logs, plain", "plain")]
    if shutil.which("syslog-ng"):
        return [*found, ("syslog-ng, plain", "syslog-ng")]
    print("Logs: syslog-ng is not installed; scripts/bootstrap bench installs it")
    return found


def measured(title: str, kind: str, folder: Path, namespace: str) -> list[str]:
    port = free_port()
    loki = f"http://127.0.0.1:{port}"
    receiver = subprocess.Popen(
        [RELEASE / "martlet", "simulate", "loki", "--listen", f"127.0.0.1:{port}", "--rate-mib", "4000"], stderr=subprocess.DEVNULL)
    try:
        wait_for(loki + "/ready")
        if kind == "syslog-ng":
            (folder / "syslog-ng.conf").write_text(SYSLOG_NG.format(namespace=namespace, loki=loki))
            command: list[str | Path] = [
                "/usr/sbin/syslog-ng", "--foreground", "--no-caps", "--cfgfile", folder / "syslog-ng.conf", "--persist-file", folder / "persist",
                "--pidfile", folder / "pid", "--control", folder / "control"]
        else:
            settings = folder / f"{kind}.json"
            settings.write_text(json.dumps({"logs": {
                "listen_address": f"127.0.0.1:{free_port()}", "loki": {"url": loki, "gzip": kind == "gzip"}, "labels": {"node": "pve1"},
                "journal": {"namespace": namespace}, "containers": False, "state_dir": str(folder / kind)}}))
            command = [RELEASE / "martlet", "logs", "--config.file", settings]
        result = carried(command, folder, loki)
    finally:
        receiver.terminate()
        receiver.wait()
    # Of the journal's own lines some more.
    assert result["lines"] >= LINES
    return [
        title, f"{result['lines'] / result['seconds']:,.0f}", f"{1e6 * result['cpu'] / result['lines']:.1f}", f"{result['memory'] / 1e6:.0f}",
        f"{result['lines']:,.0f}",
    ]

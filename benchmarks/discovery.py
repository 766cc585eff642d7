"""What discovery costs: a first reading, looks and answers of 100, 1,000 and 10,000 guests, and how they grow."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
import urllib.error
from dataclasses import dataclass
from pathlib import Path

from estate import SIZES, growth
from measuring import RELEASE, TOKEN, cpu_seconds, fetch, free_port, resident_bytes, table, wait_for

TTL = 10
ASKED = 200
PERIODS = {"look": 60, "addresses": 600, "configuration": 3600}
"""Seconds between two questions, as they are without a setting."""


@dataclass
class Measured:
    nodes: int
    guests: int
    fill_seconds: float = 0
    fill_calls: int = 0
    fill_cpu: float = 0
    targets: int = 0
    plain: int = 0
    packed: int = 0
    fresh_ms: float = 0
    cached_ms: float = 0
    look_ms: float = 0
    resident: int = 0
    calls_an_hour: float = 0
    peer_calls: int = 0


def calls(url: str) -> dict[str, int]:
    text = fetch(url + "/metrics").decode()
    pattern = r'^martlet_discovery_api_requests_total\{.*endpoint="([^"]*)".*\} (\S+)$'
    found: dict[str, int] = {}
    for endpoint, number in re.findall(pattern, text, re.MULTILINE):
        found[endpoint] = found.get(endpoint, 0) + round(float(number))
    return found


def answer(url: str, *, packed: bool = False) -> bytes:
    return fetch(url + "/targets", headers={"Accept-Encoding": "gzip"} if packed else {})


def measure(nodes: int, guests: int) -> Measured:
    found = Measured(nodes, guests)
    api, port = free_port(), free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PROXMOX_", "MARTLET_"))}
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "martlet.yml"
        settings.write_text(
            f"proxmox:\n  clusters:\n    - {{endpoint: 'http://127.0.0.1:{api}', token: '{TOKEN}'}}\n"
            f"discovery:\n  cache_ttl: {TTL}\n  cold_wait: 1h\n")
        simulator = subprocess.Popen(
            [RELEASE / "martlet", "simulate", "proxmox", "--listen", f"127.0.0.1:{api}", "--nodes", str(nodes), "--guests", str(guests),
             "--latency", "5ms", "--token", TOKEN, "--plain-http"], cwd=folder, env=environment, stderr=subprocess.DEVNULL)
        wait_for(f"http://127.0.0.1:{api}/health")
        began = time.monotonic()
        discovery = subprocess.Popen(
            [RELEASE / "martlet", "discovery", "--config.file", settings, "--web.listen-address", f"127.0.0.1:{port}"], cwd=folder,
            env=environment, stderr=subprocess.DEVNULL)
        url = f"http://127.0.0.1:{port}"
        try:
            while True:
                try:
                    plain = answer(url)
                    break
                except (urllib.error.HTTPError, OSError):
                    assert time.monotonic() - began < 600, "no answer after ten minutes"
                    time.sleep(0.2)
            found.fill_seconds = time.monotonic() - began
            found.fill_cpu = cpu_seconds(discovery.pid)
            asked = calls(url)
            found.fill_calls = sum(asked.values())
            found.plain, found.packed = len(plain), len(answer(url, packed=True))
            found.targets = plain.count(b'"targets"')
            # A query that was not asked before is answered anew.
            before = cpu_seconds(discovery.pid)
            for number in range(20):
                fetch(f"{url}/targets?exclude_tag=none-{number}", headers={"Accept-Encoding": "gzip"})
            found.fresh_ms = (cpu_seconds(discovery.pid) - before) / 20 * 1000
            before = cpu_seconds(discovery.pid)
            for _ in range(ASKED):
                answer(url, packed=True)
            found.cached_ms = (cpu_seconds(discovery.pid) - before) / ASKED * 1000
            # Looks alone: nobody asks, and nothing is due for minutes.
            looks_before, before = calls(url)["/cluster/resources"], cpu_seconds(discovery.pid)
            time.sleep(5 * TTL)
            spent = cpu_seconds(discovery.pid) - before
            found.look_ms = spent / max(1, calls(url)["/cluster/resources"] - looks_before) * 1000
            found.resident = resident_bytes(discovery.pid)
            configurations = asked.get("/nodes/*/qemu/*/config", 0) + asked.get("/nodes/*/lxc/*/config", 0)
            agents = asked.get("/nodes/*/qemu/*/agent/network-get-interfaces", 0)
            containers = asked.get("/nodes/*/lxc/*/interfaces", 0)
            found.calls_an_hour = (
                2 * 3600 / PERIODS["look"] + (agents + containers) * 3600 / PERIODS["addresses"]
                + configurations * 3600 / PERIODS["configuration"])
            # prometheus-pve-sd, by reading its source: each run asks for the nodes, for both lists of each, twice for each guest's
            # configuration and twice for each machine's agent, one after the other; a run every 300 s.
            rows = re.findall(r'"type":"(qemu|lxc)"', fetch_resources(api))
            machines = rows.count("qemu")
            found.peer_calls = (1 + 2 * nodes + 2 * len(rows) + 2 * machines) * 12
        finally:
            for process in (discovery, simulator):
                process.terminate()
                process.wait(20)
    return found


def fetch_resources(api: int) -> str:
    return fetch(f"http://127.0.0.1:{api}/api2/json/cluster/resources", headers={"Authorization": f"PVEAPIToken={TOKEN}"}).decode()


def discoveries() -> None:
    measured = [measure(nodes, guests) for nodes, guests in SIZES]
    guests = [one.guests for one in measured]
    print(f"Discovery: 5 ms a call, a look every {TTL} s; answers are the mean of {ASKED}")
    rows = []

    def row(title: str, values: list[float], form: str, aim: str = "") -> None:
        rows.append([title, *(form.format(value) for value in values), growth([max(value, 0.01) for value in values], guests), aim])

    row("targets", [one.targets for one in measured], "{:,.0f}")
    row("bytes of an answer", [one.plain for one in measured], "{:,.0f}", "1.00")
    row("bytes with gzip", [one.packed for one in measured], "{:,.0f}", "1.00")
    row("own CPU an answer that was made before, ms", [one.cached_ms for one in measured], "{:.2f}", "1.00")
    row("own CPU an answer that is made anew, ms", [one.fresh_ms for one in measured], "{:.1f}", "1.00")
    row("own CPU a look, ms", [one.look_ms for one in measured], "{:.1f}", "1.00")
    row("seconds until the first answer", [one.fill_seconds for one in measured], "{:.1f}", "1.00")
    row("calls until the first answer", [one.fill_calls for one in measured], "{:,.0f}", "1.00")
    row("own CPU until the first answer, s", [one.fill_cpu for one in measured], "{:.2f}", "1.00")
    row("resident memory, MB", [one.resident / 1e6 for one in measured], "{:.0f}", "1.00")
    row("calls an hour, worked out from the periods", [one.calls_an_hour for one in measured], "{:,.0f}", "1.00")
    row("prometheus-pve-sd's calls an hour, by reading", [one.peer_calls for one in measured], "{:,.0f}")
    row("of these, ours are", [one.calls_an_hour / one.peer_calls for one in measured], "{:.2f}")
    table(["figure", *(f"{one.nodes} nodes, {one.guests:,} guests" for one in measured), "exponent", "at most"], rows)
    for one in measured:
        # Both lists and the rights once, and for each guest its configuration and one question for its addresses.
        assert one.fill_calls <= 3 + 2 * one.guests + 8 * one.fill_seconds / TTL, f"{one.fill_calls} calls until the first answer"
        assert one.packed < one.plain / 4


if __name__ == "__main__":
    discoveries()

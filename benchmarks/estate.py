"""What a large estate costs: scrapes and slow sources of 100, 1,000 and 10,000 guests, and how both grow."""

from __future__ import annotations

import math
import os
import re
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field

from measuring import RELEASE, TOKEN, cpu_seconds, fetch, free_port, resident_bytes, table, wait_for

SIZES = ((4, 100), (16, 1000), (64, 10_000))
SCRAPES_AN_HOUR = 240
"""Every 15 seconds."""

FAST = {"/version", "/cluster/status", "/cluster/resources", "/nodes/*/status", "/nodes/*/qemu", "/nodes/*/lxc"}
# The source that asks an endpoint; endpoints that are asked less often than once a period count as often as they were asked.
SOURCE_OF = {
    "/cluster/ha/status/current": "ha", "/nodes/*/replication": "replication", "/cluster/backup": "backup_jobs",
    "/cluster/backup-info/not-backed-up": "backup_gaps", "/nodes/*/tasks": "backups", "/nodes/*/tasks/*/log": "backups",
    "/nodes/*/storage": "storage", "/nodes/*/certificates/info": "certificates", "/nodes/*/subscription": "subscription",
    "/nodes/*/services": "services", "/nodes/*/apt/update": "updates", "/nodes/*/disks/list": "disks", "/nodes/*/disks/smart": "disks",
    "/nodes/*/disks/zfs": "zfs", "/nodes/*/disks/zfs/*": "zfs", "/nodes/*/time": "zfs", "/cluster/ceph/status": "ceph",
    "/nodes/*/rrddata": "statistics", "/nodes/*/qemu/*/config": "config", "/nodes/*/lxc/*/config": "config",
    "/nodes/*/qemu/*/snapshot": "snapshots", "/nodes/*/lxc/*/snapshot": "snapshots", "/nodes/*/qemu/*/agent/get-fsinfo": "agent",
    "/nodes/*/qemu/*/agent/network-get-interfaces": "agent", "/nodes/*/qemu/*/agent/get-osinfo": "agent",
    "/nodes/*/lxc/*/interfaces": "addresses", "/cluster/mapping/pci": "pci_mapping", "/cluster/config/qdevice": "qdevice",
    "/access/permissions": "permissions",
}  # fmt: skip
LANES = {"cluster": "/cluster", "guest": "/nodes/*/qemu/* /nodes/*/lxc/*", "node": "/nodes/*"}


@dataclass
class Estate:
    nodes: int
    guests: int
    fill_seconds: float = 0
    slow_cpu: float = 0
    slow_calls: Counter[str] = field(default_factory=Counter)
    fast_calls: float = 0
    samples: int = 0
    text_bytes: int = 0
    walls: list[float] = field(default_factory=list)
    cpus: list[float] = field(default_factory=list)
    resident: int = 0
    idle_cpu: float = 0


def counts(text: str) -> Counter[str]:
    """Calls of the API so far, by endpoint."""
    found: Counter[str] = Counter()
    for endpoint, number in re.findall(r'^martlet_proxmox_api_requests_total\{.*endpoint="([^"]*)".*\} (\S+)$', text, re.MULTILINE):
        found[endpoint] += round(float(number))
    return found


def families(text: str, name: str) -> int:
    return len(re.findall(rf"^{name}\{{", text, re.MULTILINE))


def measure(nodes: int, guests: int) -> Estate:
    estate = Estate(nodes, guests)
    api, port = free_port(), free_port()
    identity, _, secret = TOKEN.partition("=")
    with tempfile.TemporaryDirectory() as folder:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PROXMOX_", "MARTLET_"))}
        simulator = subprocess.Popen(
            [RELEASE / "martlet", "simulate", "proxmox", "--listen", f"127.0.0.1:{api}", "--nodes", str(nodes), "--guests", str(guests),
             "--latency", "5ms", "--token", TOKEN, "--plain-http"], cwd=folder, env=environment, stderr=subprocess.DEVNULL)  # fmt: skip
        exporter = subprocess.Popen(
            [RELEASE / "martlet", "exporter", "--web.listen-address", f"127.0.0.1:{port}"], cwd=folder, stderr=subprocess.DEVNULL,
            env=environment | {"PROXMOX_HOST": f"http://127.0.0.1:{api}", "PROXMOX_TOKEN_NAME": identity, "PROXMOX_TOKEN_VALUE": secret})  # fmt: skip
        try:
            wait_for(f"http://127.0.0.1:{port}/ready", 60)
            url = f"http://127.0.0.1:{port}/metrics"
            began, scrapes, scrape_cpu = time.monotonic(), 0, 0.0
            while True:
                before = cpu_seconds(exporter.pid)
                text = fetch(url).decode()
                scrape_cpu += cpu_seconds(exporter.pid) - before
                scrapes += 1
                live = families(text, "pve_vm_status") + families(text, "pve_lxc_status")
                if live and min(families(text, name) for name in ("pve_guest_snapshots", "pve_guest_config_info")) >= live:
                    break
                assert time.monotonic() - began < 900, "the slow sources are not filled after 15 minutes"
                time.sleep(5)
            estate.fill_seconds = time.monotonic() - began
            time.sleep(20)
            before_quiet = cpu_seconds(exporter.pid)
            time.sleep(20)
            estate.idle_cpu = (cpu_seconds(exporter.pid) - before_quiet) / 20
            # Of all that was called by now: small estates are filled at once, and read their logs afterwards.
            estate.slow_cpu = cpu_seconds(exporter.pid) - scrape_cpu
            calls = counts(fetch(url).decode())
            estate.slow_calls = Counter({endpoint: number for endpoint, number in calls.items() if endpoint not in FAST})
            for _ in range(10):
                time.sleep(0.5)
                before, moment = cpu_seconds(exporter.pid), time.monotonic()
                body = fetch(url)
                estate.walls.append(time.monotonic() - moment)
                estate.cpus.append(cpu_seconds(exporter.pid) - before)
            after = counts(body.decode())
            # The counters stand as of the scrape before.
            estate.fast_calls = sum(after[endpoint] - calls[endpoint] for endpoint in FAST) / 10
            estate.samples = sum(1 for line in body.splitlines() if not line.startswith(b"#"))
            estate.text_bytes = len(body)
            estate.resident = resident_bytes(exporter.pid)
        finally:
            for process in (exporter, simulator):
                process.terminate()
                process.wait(20)
    return estate


def periods() -> dict[str, float]:
    """Seconds between two calls of each source, as the reference of the settings has them."""
    page = subprocess.run([RELEASE / "martlet", "settings"], capture_output=True, text=True, check=True).stdout
    units = {"s": 1, "m": 60, "h": 3600}
    found = re.findall(r"`proxmox\.slow\.periods\.([a-z_-]+)`.*?\| `?(\d+)([smh])`? \|", page)
    return {name: int(number) * units[unit] for name, number, unit in found} | {"permissions": 300}


def lane(endpoint: str) -> str:
    return next(name for name, begins in LANES.items() if endpoint.startswith(tuple(begins.split())) or endpoint.startswith("/access") and name == "cluster")


def calls_an_hour(estate: Estate) -> Counter[str]:
    """By lane: what was asked in the time that the estate was watched, at the pace of its sources."""
    period, hour = periods(), Counter({"scrape": round(estate.fast_calls * SCRAPES_AN_HOUR)})
    watched = estate.fill_seconds + 40
    for endpoint, number in estate.slow_calls.items():
        # Whatever was asked once only will be asked once a period; what was asked again and again shows its pace itself.
        hour[lane(endpoint)] += round(number * 3600 / max(period[SOURCE_OF[endpoint]], watched))
    return hour


def growth(values: list[float], sizes: list[int]) -> str:
    """The exponent of growth between the smallest and the largest: 1 is linear."""
    return f"{math.log(values[-1] / values[0]) / math.log(sizes[-1] / sizes[0]):.2f}"


def estates() -> None:
    measured = [measure(nodes, guests) for nodes, guests in SIZES]
    guests = [estate.guests for estate in measured]
    print("Estates: slow sources filled, 5 ms a call; a scrape without gzip, median of ten")
    rows = []

    def row(title: str, values: list[float], form: str, aim: str = "") -> None:
        rows.append([title, *(form.format(value) for value in values), growth(values, guests), aim])

    row("samples", [estate.samples for estate in measured], "{:,.0f}")
    row("bytes of text", [estate.text_bytes for estate in measured], "{:,.0f}", "1.00")
    row("calls a scrape", [estate.fast_calls for estate in measured], "{:.1f}", "1.00")
    row("own CPU a scrape, s", [max(0.001, statistics.mean(estate.cpus)) for estate in measured], "{:.3f}", "1.00")
    row("wall a scrape, s", [statistics.median(estate.walls) for estate in measured], "{:.3f}", "1.00")
    row("resident memory, MB", [estate.resident / 1e6 for estate in measured], "{:.0f}", "1.00")
    row("seconds until all is filled", [estate.fill_seconds for estate in measured], "{:.0f}", "1.00")
    row("calls until all is filled", [sum(estate.slow_calls.values()) for estate in measured], "{:,.0f}", "1.00")
    row("own CPU a slow call, ms", [1000 * estate.slow_cpu / sum(estate.slow_calls.values()) for estate in measured], "{:.2f}", "0.00")
    row("own CPU between scrapes, cores", [max(1e-4, estate.idle_cpu) for estate in measured], "{:.4f}", "1.00")
    hours = [calls_an_hour(estate) for estate in measured]
    for name in ("scrape", "cluster", "node", "guest"):
        row(f"calls an hour, {name}", [hour[name] or 1 for hour in hours], "{:,.0f}", "1.00")
    row("calls a second for each node", [sum(hour.values()) / 3600 / estate.nodes for hour, estate in zip(hours, measured, strict=True)], "{:.2f}")
    table(["figure", *(f"{estate.nodes} nodes, {estate.guests:,} guests" for estate in measured), "exponent", "at most"], rows)
    for estate in measured:
        assert estate.fast_calls <= 4 + 3 * estate.nodes, f"{estate.fast_calls} calls a scrape"


if __name__ == "__main__":
    estates()

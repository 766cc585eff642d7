"""Measures the encoder beside client_golang and the native scrape of a large cluster, and prints the tables."""

from __future__ import annotations

import gzip
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
RELEASE = REPOSITORY / ".build/release"
TOKEN = "monitor@pve!martlet=SECRET"
TICKS = os.sysconf("SC_CLK_TCK")


def table(titles: list[str], rows: list[list[str]]) -> None:
    widths = [max(len(row[column]) for row in [titles, *rows]) for column in range(len(titles))]
    for row in [titles, ["-" * width for width in widths], *rows]:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
    print(flush=True)


def millions(value: float) -> str:
    return f"{value / 1e6:.2f} M"


def encoder(rounds: int = 3) -> None:
    with tempfile.TemporaryDirectory() as folder:
        peer = Path(folder) / "client_golang"
        environment = os.environ | {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOCACHE": folder + "/cache", "GOFLAGS": ""}
        subprocess.run(["go", "build", "-o", peer, "main.go"], cwd=REPOSITORY / "benchmarks/client_golang", env=environment, check=True)
        ours: dict[str, list[dict[str, Any]]] = {"int": [], "float": []}
        theirs: dict[str, list[dict[str, Any]]] = {"int": [], "float": []}
        for _ in range(rounds):
            for line in subprocess.run([RELEASE / "encoder-benchmark"], capture_output=True, text=True, check=True).stdout.splitlines():
                result = json.loads(line)
                ours[result["values"]].append(result)
            for values in theirs:
                theirs[values].append(json.loads(subprocess.run([peer, f"-values={values}"], capture_output=True, text=True, check=True).stdout))
    print(f"Encoder: 10,000 gauges with three labels; samples a second, median of {rounds} runs in turn")
    rows = []
    for values in ours:
        for title, key, count in [
            ("gather and text", "gather_and_text_samples_per_second", "allocations_per_sample_gather"),
            ("text alone", "text_samples_per_second", "allocations_per_sample_text"),
        ]:
            mine = statistics.median(result[key] for result in ours[values])
            other = statistics.median(result[key] for result in theirs[values])
            rows.append([
                f"{title}, {values}", millions(mine), millions(other), f"{mine / other:.1f}",
                f"{ours[values][0][count]:.4f}", f"{theirs[values][0][count]:.2f}",
            ])
    table(["case", "martlet", "client_golang", "ratio", "allocations a sample", "theirs"], rows)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fetch(url: str, method: str = "GET", headers: dict[str, str] | None = None) -> bytes:
    request = urllib.request.Request(url, method=method, headers=headers or {})
    with urllib.request.urlopen(request, timeout=60) as response:
        return response.read()  # type: ignore[no-any-return]


def wait_for(url: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            fetch(url)
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident_bytes(pid: int, field: str = "VmRSS") -> int:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


def native_scrape(nodes: int = 32, guests: int = 3000, scrapes: int = 15) -> None:
    api, port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PROXMOX_", "MARTLET_"))}
        simulator = subprocess.Popen(
            [RELEASE / "martlet", "simulate", "proxmox", "--listen", f"127.0.0.1:{api}", "--nodes", str(nodes), "--guests", str(guests),
             "--latency", "20ms", "--token", TOKEN, "--plain-http"], cwd=folder, env=environment, stderr=subprocess.DEVNULL)
        identity, _, secret = TOKEN.partition("=")
        exporter = subprocess.Popen(
            [RELEASE / "martlet", "exporter", "--web.listen-address", f"127.0.0.1:{port}"], cwd=folder, stderr=subprocess.DEVNULL,
            env=environment | {"PROXMOX_HOST": f"http://127.0.0.1:{api}", "PROXMOX_TOKEN_NAME": identity, "PROXMOX_TOKEN_VALUE": secret})
        try:
            wait_for(f"http://127.0.0.1:{port}/ready")
            url = f"http://127.0.0.1:{port}/metrics"
            packed = {"Accept-Encoding": "gzip", "X-Prometheus-Scrape-Timeout-Seconds": "10"}
            fetch(url, headers=packed)
            fetch(f"http://127.0.0.1:{api}/api/v1/stats", "DELETE")
            walls, cpus, sizes, simulated = [], [], [], []
            for _ in range(scrapes):
                time.sleep(0.2)
                before, simulator_before = cpu_seconds(exporter.pid), cpu_seconds(simulator.pid)
                began = time.monotonic()
                body = fetch(url, headers=packed)
                walls.append(time.monotonic() - began)
                cpus.append(cpu_seconds(exporter.pid) - before)
                simulated.append(cpu_seconds(simulator.pid) - simulator_before)
                sizes.append(len(body))
            stats = json.loads(fetch(f"http://127.0.0.1:{api}/api/v1/stats"))
            resident, peak = resident_bytes(exporter.pid), resident_bytes(exporter.pid, "VmHWM")
            text = gzip.decompress(body).decode()
            began = time.monotonic()
            fetch(url)
            plain_wall = time.monotonic() - began
        finally:
            exporter.terminate()
            simulator.terminate()
            exporter.wait(20)
            simulator.wait(20)
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    machines = {line.split('vmid="')[1].split('"')[0] for line in samples if line.startswith("pve_vm_status{")}
    of_machines = sum(1 for line in samples if line.startswith("pve_vm_"))
    containers = {line.split('vmid="')[1].split('"')[0] for line in samples if line.startswith("pve_lxc_status{")}
    of_containers = sum(1 for line in samples if line.startswith("pve_lxc_"))
    calls = stats["calls"] / scrapes
    print(f"Native scrape: {nodes} nodes, {guests} guests, 20 ms a call; {scrapes} scrapes with gzip, median")
    table(["figure", "value", "aim"], [
        ["calls a scrape", f"{calls:.1f}", f"at most {3 + 3 * nodes}"],
        ["samples", f"{len(samples):,}", ""],
        ["series a virtual machine", f"{of_machines / max(1, len(machines)):.1f} ({len(machines)} machines)", ""],
        ["series a container", f"{of_containers / max(1, len(containers)):.1f} ({len(containers)} containers)", ""],
        ["bytes of JSON read", f"{stats['bytes'] / scrapes:,.0f}", ""],
        ["bytes of text", f"{len(text.encode()):,}", ""],
        ["bytes sent (gzip)", f"{statistics.median(sizes):,.0f}", ""],
        ["wall", f"{statistics.median(walls):.3f} s (min {min(walls):.3f}, max {max(walls):.3f}); without gzip {plain_wall:.3f}", "0.4 s"],
        ["own CPU", f"{statistics.median(cpus):.3f} s (min {min(cpus):.3f}, max {max(cpus):.3f})", "0.25 s"],
        ["simulator's CPU in the same time", f"{statistics.median(simulated):.3f} s", ""],
        ["resident memory after", f"{resident / 1e6:.0f} MB, peak {peak / 1e6:.0f} MB", "100 MB"],
    ])
    assert calls <= 3 + 3 * nodes, f"{calls} calls a scrape"


if __name__ == "__main__":
    chosen = sys.argv[1:] or ["encoder", "scrape"]
    if "encoder" in chosen:
        encoder()
    if "scrape" in chosen:
        native_scrape()

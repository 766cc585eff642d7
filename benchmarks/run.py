"""Measures the encoder beside client_golang, scrapes of large clusters beside prometheus-pve-exporter and alone, and prints the tables."""

from __future__ import annotations

import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from calls import grpc_calls
from containers import containers
from dashboards import dashboards
from discovery import discoveries
from domains import domains
from drawing import drawing
from estate import estates
from gpus import gpus
from llm import llm
from logs import logs
from manager import manager
from measuring import RELEASE, REPOSITORY, TOKEN, cpu_seconds, fetch, free_port, resident_bytes, table, wait_for


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
            ("OpenMetrics alone", "openmetrics_samples_per_second", "allocations_per_sample_openmetrics"),
        ]:
            mine = statistics.median(result[key] for result in ours[values])
            other = statistics.median(result[key] for result in theirs[values])
            rows.append([
                f"{title}, {values}", millions(mine), millions(other), f"{mine / other:.1f}",
                f"{ours[values][0][count]:.4f}", f"{theirs[values][0][count]:.2f}",
            ])
    table(["case", "martlet", "client_golang", "ratio", "allocations a sample", "theirs"], rows)


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
            env=environment | {"PROXMOX_HOST": f"http://127.0.0.1:{api}", "PROXMOX_TOKEN_NAME": identity, "PROXMOX_TOKEN_VALUE": secret}
            # What is asked on timers is measured in estate.py.
            | {"MARTLET_PROXMOX__SLOW__ENABLED": "false"})
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


def children(pid: int) -> list[int]:
    """The process and all that it started."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += children(int(child))
    return found


def series(text: str) -> dict[str, float]:
    """The samples of an exposition, whatever the order of lines and labels."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, rest = line.partition("{")
            labels, _, value = rest.rpartition("} ")
            # No value of the simulated cluster holds a comma but in quotes, and none a quote.
            found[name + ",".join(sorted(labels.removesuffix('"').split('",')))] = float(value)
    return found


def drop_in(nodes: int = 32, guests: int = 3000, scrapes: int = 15) -> None:
    """/pve beside prometheus-pve-exporter: the same cluster over TLS, in turn."""
    api, ours_port, theirs_port = free_port(), free_port(), free_port()
    identity, _, secret = TOKEN.partition("=")
    user, _, token_name = identity.partition("!")
    with tempfile.TemporaryDirectory() as folder:
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PROXMOX_", "MARTLET_", "PVE_"))}
        (Path(folder) / "pve.yml").write_text(
            f"default:\n  user: {user}\n  token_name: {token_name}\n  token_value: {secret}\n  verify_ssl: {folder}/lab.pem\n")
        quiet = {"cwd": folder, "env": environment, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        simulator = subprocess.Popen(
            [RELEASE / "martlet", "simulate", "proxmox", "--listen", f"127.0.0.1:{api}", "--nodes", str(nodes), "--guests", str(guests),
             "--latency", "20ms", "--token", TOKEN, "--world", folder, "--time", str(int(time.time()))], **quiet)  # type: ignore[call-overload]
        wait_for(f"https://127.0.0.1:{api}/")
        ours = subprocess.Popen(
            [RELEASE / "martlet", "exporter", "--web.listen-address", f"127.0.0.1:{ours_port}", "--pve.config-file", "pve.yml",
             "--pve.allowed-targets", f"127.0.0.1:{api}"], **quiet)  # type: ignore[call-overload]
        theirs = subprocess.Popen(
            [sys.executable, "-m", "pve_exporter", "--config.file", "pve.yml", "--web.listen-address", f"127.0.0.1:{theirs_port}"],
            **quiet)  # type: ignore[call-overload]
        exporters = {"martlet": (ours, ours_port), "prometheus-pve-exporter": (theirs, theirs_port)}
        figures: dict[str, dict[str, dict[str, list[float]]]] = {}
        samples: dict[str, int] = {}
        try:
            for _, port in exporters.values():
                wait_for(f"http://127.0.0.1:{port}/metrics")
            for query in ["cluster=1&node=0", "cluster=1&node=1"]:
                figures[query] = {name: {key: [] for key in ("wall", "cpu", "calls")} for name in exporters}
                for turn in range(scrapes + 1):
                    answers: dict[str, dict[str, float]] = {}
                    for name, (process, port) in exporters.items():
                        time.sleep(0.1)
                        fetch(f"https://127.0.0.1:{api}/api/v1/stats", "DELETE")
                        before = sum(cpu_seconds(pid) for pid in children(process.pid))
                        began = time.monotonic()
                        body = fetch(f"http://127.0.0.1:{port}/pve?target=127.0.0.1:{api}&{query}")
                        wall = time.monotonic() - began
                        cpu = sum(cpu_seconds(pid) for pid in children(process.pid)) - before
                        calls = json.loads(fetch(f"https://127.0.0.1:{api}/api/v1/stats"))["calls"]
                        if turn == scrapes:
                            answers[name] = series(body.decode())
                        # The first scrape opens connections and fills what is kept.
                        if turn:
                            for key, value in (("wall", wall), ("cpu", cpu), ("calls", calls)):
                                figures[query][name][key].append(value)
                mine, other = answers.values()
                assert mine == other, f"not the same series and values: {len(mine)} and {len(other)}"
                samples[query] = len(mine)
            memory = {name: sum(resident_bytes(pid) for pid in children(process.pid)) for name, (process, _) in exporters.items()}
            # A master that only waits is not held against the peer: its largest process alone.
            memory["prometheus-pve-exporter"] = max(resident_bytes(pid) for pid in children(theirs.pid))
        finally:
            for process in (ours, theirs, simulator):
                process.terminate()
                process.wait(20)
    for query, of_query in figures.items():
        print(f"/pve?{query}: {nodes} nodes, {guests} guests, 20 ms a call, TLS; {scrapes} scrapes in turn")
        medians = {name: {key: statistics.median(values) for key, values in of_query[name].items()} for name in exporters}
        for name in exporters:
            # The kernel counts in hundredths of a second, so a single scrape of ours is three ticks: the mean of all is finer.
            medians[name]["cpu"] = statistics.mean(of_query[name]["cpu"])
        mine, peer = medians["martlet"], medians["prometheus-pve-exporter"]
        rows = [["samples", f"{samples[query]:,}", f"{samples[query]:,}", "", "equal"]]
        rows.append(["calls", f"{mine['calls']:.0f}", f"{peer['calls']:.0f}", "", ""])
        for key, title, aim in (("wall", "wall, median", 10), ("cpu", "own CPU, mean", 20)):
            span = "{:.3f} s ({:.3f} to {:.3f})"
            values = [span.format(medians[name][key], min(of_query[name][key]), max(of_query[name][key])) for name in exporters]
            rows.append([title, *values, f"1/{peer[key] / mine[key]:.1f}", f"1/{aim}" if query.endswith("node=0") else ""])
        table(["figure", "martlet", "prometheus-pve-exporter", "ratio", "aim"], rows)
        assert mine["calls"] <= peer["calls"], "more calls than the peer"
    own, other = memory["martlet"], memory["prometheus-pve-exporter"]
    print(f"Resident memory after both: {own / 1e6:.0f} MB beside {other / 1e6:.0f} MB (its worker alone), 1/{other / own:.1f}; aim 1/2\n")


if __name__ == "__main__":
    chosen = sys.argv[1:] or ["encoder", "scrape", "pve", "estate", "discovery", "dashboards", "drawing", "containers", "gpus", "llm", "logs", "libvirt",
                              "grpc", "manager"]
    if "encoder" in chosen:
        encoder()
    if "scrape" in chosen:
        native_scrape()
    if "pve" in chosen:
        drop_in()
    if "estate" in chosen:
        estates()
    if "discovery" in chosen:
        discoveries()
    if "dashboards" in chosen:
        dashboards()
    if "drawing" in chosen:
        drawing()
    if "containers" in chosen:
        containers()
    if "gpus" in chosen:
        gpus()
    if "llm" in chosen:
        llm()
    if "logs" in chosen:
        logs()
    if "libvirt" in chosen:
        domains()
    if "grpc" in chosen:
        grpc_calls()
    if "manager" in chosen:
        manager()

"""What the dashboards' server costs: queries through it beside queries of Prometheus itself, and ten browsers at once."""

from __future__ import annotations

import concurrent.futures
import json
import os
import re
import statistics
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path

from measuring import RELEASE, cpu_seconds, fetch, free_port, resident_bytes, table, wait_for

PANELS, SERIES, POINTS, STEP = 12, 10, 720, 30
BROWSERS = 10
ROUNDS = 20


def past(folder: Path, end: int) -> None:
    """Blocks of Prometheus with everything that the panels ask for."""
    lines = []
    for panel in range(PANELS):
        lines.append(f"# TYPE bench_{panel} gauge")
        lines += [
            f'bench_{panel}{{node="pve{series}"}} {(series + 1) * (point % 97) / 7} {end - (POINTS - point) * STEP}'
            for series in range(SERIES) for point in range(POINTS + 1)
        ]
    (folder / "past.txt").write_text("\n".join([*lines, "# EOF", ""]))
    subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", folder / "past.txt", folder / "data"], check=True, capture_output=True)


def asked(prometheus: str) -> int:
    """Queries that Prometheus has answered."""
    pattern = r'^prometheus_http_requests_total\{code="\d+",handler="/api/v1/query(?:_range)?"\} (\S+)$'
    return sum(round(float(number)) for number in re.findall(pattern, fetch(prometheus + "/metrics").decode(), re.MULTILINE))


def dashboards() -> None:
    end = int(time.time()) // 3600 * 3600 - 3600
    ports = [free_port(), free_port()]
    prometheus, ours = (f"http://127.0.0.1:{port}" for port in ports)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PROXMOX_", "MARTLET_"))}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        past(folder, end)
        (folder / "prometheus.yml").write_text("scrape_configs: []\n")
        peer = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", "--storage.tsdb.retention.time=10y",
             f"--web.listen-address=127.0.0.1:{ports[0]}"], stderr=subprocess.DEVNULL)
        server = subprocess.Popen(
            [RELEASE / "martlet", "dashboards", "--web.listen-address", f"127.0.0.1:{ports[1]}", "--dashboards.prometheus-url", prometheus],
            cwd=folder, env=environment, stderr=subprocess.DEVNULL)
        try:
            wait_for(prometheus + "/-/ready")
            wait_for(ours + "/-/ready")
            measure(prometheus, ours, server.pid, end)
        finally:
            for process in (server, peer):
                process.terminate()
                process.wait()


def measure(prometheus: str, ours: str, pid: int, end: int) -> None:
    def query(base: str, panel: int, shift: int = 0, headers: dict[str, str] | None = None) -> bytes:
        # A shift of whole steps, as a refresh makes it, so that nothing is known from before.
        span = {"query": f"bench_{panel}", "start": end - (POINTS - 1 + shift) * STEP, "end": end - shift * STEP, "step": STEP}
        return fetch(f"{base}/api/v1/query_range?" + urllib.parse.urlencode(span), headers=headers)

    def timed(work: Callable[[], object]) -> float:
        began = time.monotonic()
        work()
        return (time.monotonic() - began) * 1000

    through = ours + "/api/prometheus"
    told = query(prometheus, 0)
    assert json.loads(query(through, 0)) == json.loads(told)
    assert [len(series["values"]) for series in json.loads(told)["data"]["result"]] == [POINTS] * SERIES
    gzip = {"Accept-Encoding": "gzip"}
    times: dict[str, list[float]] = {"direct": [], "new": [], "known": [], "packed": []}
    cpu = 0.0
    for turn in range(ROUNDS):
        for panel in range(PANELS):
            shift = turn % 50
            times["direct"].append(timed(lambda panel=panel, shift=shift: query(prometheus, panel, shift)))  # type: ignore[misc]
            before = cpu_seconds(pid)
            times["new"].append(timed(lambda panel=panel, shift=shift: query(through, panel, shift)))  # type: ignore[misc]
            cpu += cpu_seconds(pid) - before
            times["known"].append(timed(lambda panel=panel, shift=shift: query(through, panel, shift)))  # type: ignore[misc]
            times["packed"].append(timed(lambda panel=panel, shift=shift: query(through, panel, shift, gzip)))  # type: ignore[misc]
    median = {name: statistics.median(values) for name, values in times.items()}
    print(f"Dashboards: {SERIES} series of {POINTS} points an answer, {len(told) / 1000:.0f} kB; median of {len(times['direct'])} in turn")
    table(
        ["Prometheus itself", "through martlet", "ratio", "a moment later", "the same, gzip", "CPU an answer", "resident"],
        [[f"{median['direct']:.2f} ms", f"{median['new']:.2f} ms", f"{median['new'] / median['direct']:.2f}", f"{median['known']:.2f} ms",
          f"{median['packed']:.2f} ms", f"{cpu / len(times['new']) * 1000:.2f} ms", f"{resident_bytes(pid) / 1e6:.0f} MB"]])

    time.sleep(1.5)
    before = asked(prometheus)
    with concurrent.futures.ThreadPoolExecutor(BROWSERS) as pool:
        for panel in range(PANELS):
            answers = set(pool.map(lambda _, panel=panel: query(through, panel, 100), range(BROWSERS)))  # type: ignore[misc]
            assert len(answers) == 1
    cost = asked(prometheus) - before
    print(f"Dashboards: {BROWSERS} browsers ask for the same {PANELS} panels at once")
    table(["answers", "queries of Prometheus"], [[str(BROWSERS * PANELS), str(cost)]])
    assert cost == PANELS, f"{cost} queries for {PANELS} panels"

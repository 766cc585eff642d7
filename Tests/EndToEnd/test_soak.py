"""Minutes of scrapes through faults: nothing grows, nothing gets stuck."""

from __future__ import annotations

import concurrent.futures
import itertools
import os
import signal
import time
from pathlib import Path

import pytest
from conftest import Start, fetch, free_port, wait_for

MINUTES = float(os.environ.get("SOAK_MINUTES", "5"))


def figures(process_id: int) -> dict[str, int]:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{process_id}/status").read_text().splitlines())
    return {
        "resident_kb": int(status["VmRSS"].split()[0]),
        "threads": int(status["Threads"]),
        "descriptors": len(list(Path(f"/proc/{process_id}/fd").iterdir())),
    }


@pytest.mark.soak
def test_exporter_through_faults(start: Start, tmp_path: Path) -> None:
    api, web = free_port(), free_port()
    simulator = start(
        "simulate", "proxmox", "--listen", f"127.0.0.1:{api}", "--nodes", "8", "--guests", "600", "--world", tmp_path / "world", "--plain-http")
    wait_for(lambda: fetch(f"http://127.0.0.1:{api}/api/v1/scenario").status == 200, 10, "simulator")
    exporter = start(
        "exporter", "--log.level", "error", "--web.listen-address", f"127.0.0.1:{web}",
        env={"PROXMOX_HOST": f"http://127.0.0.1:{api}", "PROXMOX_TOKEN_NAME": "monitor@pve!martlet", "PROXMOX_TOKEN_VALUE": "SECRET"})
    wait_for(lambda: fetch(f"http://127.0.0.1:{web}/ready").status == 200, 10, "exporter")

    def scrape(packed: bool) -> tuple[int, float]:
        headers = {"X-Prometheus-Scrape-Timeout-Seconds": "2"} | ({"Accept-Encoding": "gzip"} if packed else {})
        began = time.monotonic()
        status = fetch(f"http://127.0.0.1:{web}/metrics", headers=headers, timeout=20).status
        return status, time.monotonic() - began

    deadline = time.monotonic() + MINUTES * 60
    rows: list[dict[str, int]] = []
    slowest, scrapes = 0.0, 0
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for step in itertools.count():
            if time.monotonic() > deadline:
                break
            fault = step % 6
            if fault == 1:
                fetch(f"http://127.0.0.1:{api}/api/v1/scenario", "PUT", b"node-down")
            elif fault == 2:
                fetch(f"http://127.0.0.1:{api}/api/v1/scenario", "PUT", b"normal")
            elif fault == 3:
                # The API hangs: the machine is there and answers nothing.
                simulator.process.send_signal(signal.SIGSTOP)
            results = [result.result() for result in [pool.submit(scrape, index % 2 == 0) for index in range(12)]]
            if fault == 3:
                simulator.process.send_signal(signal.SIGCONT)
                time.sleep(0.5)
            scrapes += len(results)
            slowest = max(slowest, *(seconds for _, seconds in results))
            assert {status for status, _ in results} == {200}
            if fault == 0:
                rows.append(figures(exporter.process.pid))
    assert len(rows) >= 4
    # The first rounds warm up buffers and connections; after that nothing may grow.
    early, late = rows[len(rows) // 4], rows[-1]
    print(f"\n{scrapes} scrapes, slowest {slowest:.2f} s; after a quarter {early}, at the end {late}")
    assert slowest < 6
    assert late["resident_kb"] < early["resident_kb"] * 1.3 + 10_000
    assert late["threads"] <= early["threads"] + 2 and late["descriptors"] <= early["descriptors"] + 16
    assert exporter.stop() == 0

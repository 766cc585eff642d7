"""Half an hour of a cluster that never rests, at ten scrapes a second: memory and descriptors stay where they are."""

from __future__ import annotations

import concurrent.futures
import os
import time
from collections import Counter

import pytest
from churn import Churn
from conftest import Start, fetch, free_port, wait_for
from replay import TOKEN
from test_soak import figures

MINUTES = float(os.environ.get("SOAK_CHURN_MINUTES", "30"))
SCRAPES_PER_SECOND = 10

# As often as the settings allow, so that every source goes round some hundred times.
PERIODS = {
    f"MARTLET_PROXMOX__SLOW__PERIODS__{name}": "10s"
    for name in (
        "HA", "REPLICATION", "BACKUP_JOBS", "BACKUP_GAPS", "BACKUPS", "STORAGE", "CERTIFICATES", "SUBSCRIPTION", "SERVICES", "UPDATES", "DISKS",
        "ZFS", "CEPH", "STATISTICS", "CONFIG", "SNAPSHOTS", "AGENT", "ADDRESSES", "PCI_MAPPING", "QDEVICE",
    )
}  # fmt: skip


def slope(points: list[tuple[float, float]]) -> float:
    """Of the line with the least squares."""
    count = len(points)
    mean_x, mean_y = sum(x for x, _ in points) / count, sum(y for _, y in points) / count
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


@pytest.mark.soak
def test_a_cluster_that_never_rests(start: Start) -> None:
    name, _, secret = TOKEN.partition("=")
    port = free_port()
    with Churn() as churn:
        exporter = start(
            "exporter", "--log.level", "error", "--web.listen-address", f"127.0.0.1:{port}",
            env={"PROXMOX_HOST": churn.replay.url, "PROXMOX_TOKEN_NAME": name, "PROXMOX_TOKEN_VALUE": secret, **PERIODS})  # fmt: skip
        url = f"http://127.0.0.1:{port}/metrics"
        wait_for(lambda: fetch(f"http://127.0.0.1:{port}/ready").status == 200, 20, "exporter")

        def scrape(turn: int) -> tuple[int, float, int]:
            headers = {"X-Prometheus-Scrape-Timeout-Seconds": "2"} | ({"Accept-Encoding": "gzip"} if turn % 2 else {})
            began = time.monotonic()
            answer = fetch(url, headers=headers, timeout=20)
            return answer.status, time.monotonic() - began, len(answer.body)

        began = time.monotonic()
        points: list[tuple[float, dict[str, int]]] = []
        statuses: Counter[int] = Counter()
        slowest, turn, late = 0.0, 0, 0
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            waiting: list[concurrent.futures.Future[tuple[int, float, int]]] = []
            while (now := time.monotonic() - began) < MINUTES * 60:
                if turn < now * SCRAPES_PER_SECOND:
                    # More than that under way at once would measure this machine.
                    if len(waiting) < 20:
                        waiting.append(pool.submit(scrape, turn))
                    else:
                        late += 1
                    turn += 1
                else:
                    time.sleep(0.01)
                for done in [future for future in waiting if future.done()]:
                    waiting.remove(done)
                    status, seconds, _ = done.result()
                    statuses[status] += 1
                    slowest = max(slowest, seconds)
                if not points or now - points[-1][0] >= 5:
                    points.append((now, figures(exporter.process.pid)))
        text = fetch(url, timeout=20).text
        changes = churn.changes
    minutes = max(time_of for time_of, _ in points) / 60
    # The first third fills what is kept: label sets, buffers, connections, the history of backups.
    settled = [(seconds / 60, row) for seconds, row in points if seconds > minutes * 20]
    growth = slope([(minute, row["resident_kb"] / 1024) for minute, row in settled]) * (settled[-1][0] - settled[0][0])
    descriptors = slope([(minute, row["descriptors"]) for minute, row in settled]) * (settled[-1][0] - settled[0][0])
    third, last = settled[0][1], settled[-1][1]
    every = max(1, len(points) // 30)
    print("\nresident MB by minute: " + " ".join(f"{seconds / 60:.0f}:{row['resident_kb'] / 1024:.1f}" for seconds, row in points[::every]))
    print(
        f"\n{sum(statuses.values())} scrapes in {minutes:.0f} minutes ({late} left out), {changes} changes, slowest {slowest:.2f} s; over the last "
        f"{settled[-1][0] - settled[0][0]:.0f} minutes resident {growth:+.2f} MB ({third['resident_kb'] / 1024:.1f} to {last['resident_kb'] / 1024:.1f}), "
        f"descriptors {descriptors:+.1f} ({third['descriptors']} to {last['descriptors']}), threads {third['threads']} to {last['threads']}"
    )
    assert set(statuses) == {200}
    assert sum(statuses.values()) > MINUTES * 60 * SCRAPES_PER_SECOND * 0.5
    for family in ("pve_guest_filesystem_used_bytes", "pve_guest_last_backup_timestamp_seconds", "pve_disk_health_status", "pve_ha_service_state"):
        assert f"\n{family}{{" in text, f"{family} is gone in the end"
    assert growth < 1, "megabytes over the last two thirds"
    assert abs(descriptors) < 8 and last["threads"] <= third["threads"] + 2
    assert exporter.stop() == 0

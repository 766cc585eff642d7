"""Twenty domains of a real libvirtd: asked and served by the exporter, and by Debian's prometheus-libvirt-exporter, which asks anew for each scrape."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import RELEASE, REPOSITORY, cpu_seconds, fetch, free_port, resident_bytes, table, wait_for

# Behind this folder, as both have modules of the same names.
sys.path.append(str(REPOSITORY / "Tests/EndToEnd"))

if TYPE_CHECKING:
    from libvirt_bed import LibvirtBed

DOMAINS = 20
INTERVAL = 2
ROUNDS = 20
SCRAPES = 100
# One collector, as the peer is.
ALONE = {f"MARTLET_{name}__ENABLED": "false" for name in ("SYSTEM", "ZFS", "CONTAINERS", "GPU")} | {"MARTLET_LIBVIRT__INTERVAL": f"{INTERVAL}s"}
PEER = "prometheus-libvirt-exporter"


class Watched:
    """A process, and the daemon that it asks, from one moment on."""

    def __init__(self, pid: int, bed: LibvirtBed) -> None:
        self.pids = (pid, bed.daemon_process)
        self.began, self.before = time.monotonic(), self.used()

    def used(self) -> list[float]:
        return [cpu_seconds(pid) for pid in self.pids]

    def since(self) -> tuple[float, float, float]:
        """Seconds that have passed, CPU seconds of the process, of the daemon."""
        own, daemon = (now - then for now, then in zip(self.used(), self.before, strict=True))
        return time.monotonic() - self.began, own, daemon


def wait_for_domains(url: str) -> None:
    """Until all are told of, and their disks."""
    wait_for(url)
    for _ in range(100):
        if len(re.findall(r"^libvirt_domain_block_stats_read_bytes_total\{", text := fetch(url).decode(), re.MULTILINE)) == DOMAINS:
            return
        time.sleep(0.2)
    raise AssertionError(f"not all {DOMAINS} domains are told of: {text[:2000]}")


def series(text: str) -> int:
    return len(re.findall(r"^libvirt_", text, re.MULTILINE))


def measured(process: subprocess.Popen[bytes], url: str, bed: LibvirtBed, has_rounds: bool) -> dict[str, float]:
    wait_for_domains(url)
    seconds, own, daemon = 1.0, 0.0, 0.0
    if has_rounds:
        watched = Watched(process.pid, bed)
        time.sleep(ROUNDS * INTERVAL)
        seconds, own, daemon = watched.since()
    watched = Watched(process.pid, bed)
    for _ in range(SCRAPES):
        body = fetch(url)
    wall, scraping, asked = watched.since()
    # In the time of the scrapes the rounds go on.
    return {
        "series": series(body.decode()), "bytes": len(body), "wall": wall / SCRAPES, "round": own / seconds * INTERVAL, "daemon's round": daemon / seconds * INTERVAL,
        "scrape": max(0.0, scraping - own / seconds * wall) / SCRAPES, "daemon": max(0.0, asked - daemon / seconds * wall) / SCRAPES,
        "memory": resident_bytes(process.pid, "VmHWM"),
    }  # fmt: skip


def domains() -> None:
    from libvirt_bed import LibvirtBed, reason_not_to

    reason = reason_not_to() or (None if shutil.which(PEER) else f"{PEER} is missing; scripts/bootstrap test installs it")
    if reason:
        return print(f"libvirt: not measured, {reason}\n")
    with tempfile.TemporaryDirectory() as name, LibvirtBed(Path(name) / "bed") as bed:
        bed.many(DOMAINS)
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PROXMOX_", "MARTLET_"))}
        results = []
        for command, path, more in [
            ([str(RELEASE / "martlet"), "exporter"], "/metrics?collect[]=libvirt", {"MARTLET_LIBVIRT__URIS": bed.read_only_uri} | ALONE),
            ([PEER, f"--libvirt.uri={bed.read_only_uri}"], "/metrics", {}),
        ]:
            address = f"127.0.0.1:{free_port()}"
            process = subprocess.Popen([*command, f"--web.listen-address={address}"], env=environment | more, cwd=name, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                results.append(measured(process, f"http://{address}{path}", bed, has_rounds=bool(more)))
            finally:
                process.terminate()
                process.wait(20)
    show(*results)


def ratio(ours: float, theirs: float) -> str:
    return f"1/{theirs / ours:.1f}" if ours < theirs else f"{ours / theirs:.1f}"


def show(ours: dict[str, float], theirs: dict[str, float]) -> None:
    both = {name: ours[name] + ours[f"{prefix}round"] for name, prefix in (("scrape", ""), ("daemon", "daemon's "))}
    own, other = both["scrape"] / ours["series"], theirs["scrape"] / theirs["series"]
    print(f"libvirt: {DOMAINS} domains of a real libvirtd; {ROUNDS} rounds of questions, {SCRAPES} scrapes")
    table(["figure", "martlet", PEER, "ratio"], [
        ["series", f"{ours['series']:,.0f}", f"{theirs['series']:,.0f}", ""],
        ["bytes", f"{ours['bytes']:,.0f}", f"{theirs['bytes']:,.0f}", ""],
        ["wall µs a scrape", f"{1e6 * ours['wall']:,.0f}", f"{1e6 * theirs['wall']:,.0f}", ratio(ours["wall"], theirs["wall"])],
        ["own CPU µs a round of questions", f"{1e6 * ours['round']:,.0f}", "in the scrape", ""],
        ["own CPU µs a scrape", f"{1e6 * ours['scrape']:,.0f}", f"{1e6 * theirs['scrape']:,.0f}", ""],
        ["own CPU µs for both", f"{1e6 * both['scrape']:,.0f}", f"{1e6 * theirs['scrape']:,.0f}", ratio(both["scrape"], theirs["scrape"])],
        ["own CPU µs a series", f"{1e6 * own:.1f}", f"{1e6 * other:.1f}", ratio(own, other)],
        ["libvirtd's CPU µs for both", f"{1e6 * both['daemon']:,.0f}", f"{1e6 * theirs['daemon']:,.0f}", ratio(both["daemon"], theirs["daemon"])],
        ["memory at most", f"{ours['memory'] / 1e6:.0f} MB", f"{theirs['memory'] / 1e6:.0f} MB", ""],
    ])
    assert ours["series"] >= theirs["series"], "fewer series than the peer"
    assert ours["daemon"] < theirs["daemon"], "a scrape asks the daemon"


if __name__ == "__main__":
    domains()

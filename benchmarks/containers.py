"""Scrapes of 200 containers in a tree of files, and of real ones beside `podman stats`."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import statistics
import subprocess
import tarfile
import tempfile
import time
from pathlib import Path

from measuring import RELEASE, cpu_seconds, fetch, free_port, resident_bytes, table, wait_for

FILES = {
    "cgroup.events": "populated 1\nfrozen 0\n", "cpu.max": "30000 100000\n", "memory.current": "123456789\n", "memory.max": "max\n",
    "cpu.stat": "usage_usec 1283471\nuser_usec 65931\nsystem_usec 1217540\nnr_periods 40\nnr_throttled 12\nthrottled_usec 902000\n",
    "memory.swap.current": "0\n", "memory.events": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n", "pids.current": "7\n", "pids.max": "max\n",
    "memory.stat": "".join(f"{name} {number * 4096}\n" for number, name in enumerate(
        ["anon", "file", "kernel", "inactive_anon", "active_anon", "inactive_file", "active_file", "slab", "pgfault", "pgmajfault", *(f"other{i}" for i in range(40))])),
    "io.stat": "8:0 rbytes=90112 wbytes=4096 rios=22 wios=1 dbytes=0 dios=0\n",
    **{f"{name}.pressure": "some avg10=0.00 avg60=0.00 avg300=0.00 total=5\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=4\n" for name in ("cpu", "memory", "io")},
}


def tree(root: Path, count: int) -> None:
    (root / "proc/1/net").mkdir(parents=True)
    (root / "proc/stat").write_text("cpu 1 1 1 1 1 1 1 1 0 0\nbtime 1795320000\n")
    (root / "proc/1/net/dev").write_text("a\nb\n eno1: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n")
    for number in range(count):
        folder = root / f"sys/fs/cgroup/system.slice/docker-{number:064x}.scope"
        folder.mkdir(parents=True)
        for name, text in FILES.items():
            (folder / name).write_text(text)
        (folder / "cgroup.procs").write_text(f"{1000 + number}\n")
        process = root / f"proc/{1000 + number}"
        (process / "net").mkdir(parents=True)
        (process / "net/dev").write_text("a\nb\n    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n  eth0: 5 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0\n")
        (process / "stat").write_text(f"{1000 + number} (python3) S 1 1 1 0 -1 4194560 1 0 0 0 5 3 0 0 20 0 1 0 100 4096 64 1 1 1\n")
    # As other units of a machine, which are looked at and left.
    for number in range(100):
        (root / f"sys/fs/cgroup/system.slice/unit{number}.service").mkdir()
    (root / "sys/fs/cgroup/cgroup.controllers").write_text("cpu io memory pids\n")


class Exporter:
    def __init__(self, folder: Path, root: Path | None, socket: str = "none", *words: str) -> None:
        self.port, self.is_traced = free_port(), bool(words)
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PROXMOX_", "MARTLET_"))} | {
            "MARTLET_CONTAINERS__ENABLED": "true", "MARTLET_CONTAINERS__ENGINE_SOCKET": socket, "MARTLET_SYSTEM__ENABLED": "false",
            "MARTLET_ZFS__ENABLED": "false"}
        flags = ["--path.root", str(root)] if root else []
        self.process = subprocess.Popen(
            [*words, RELEASE / "martlet", "exporter", "--web.listen-address", f"127.0.0.1:{self.port}", *flags], cwd=folder, env=environment,
            stderr=subprocess.DEVNULL)
        wait_for(f"http://127.0.0.1:{self.port}/ready")

    def scrape(self) -> str:
        return fetch(f"http://127.0.0.1:{self.port}/metrics").decode()

    def close(self) -> None:
        # strace keeps signals to itself: its child is the exporter.
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split() if self.is_traced else []
        for process in children or [self.process.pid]:
            os.kill(int(process), signal.SIGTERM)
        self.process.wait(20)


def calls(folder: Path, root: Path, scrapes: int = 5) -> dict[str, float]:
    """System calls of a scrape, by strace: the difference between runs with and without scrapes."""
    found: list[dict[str, int]] = []
    for count in (1, 1 + scrapes):
        report = folder / f"strace-{count}"
        exporter = Exporter(folder, root, "none", "strace", "-f", "-c", "-o", str(report))
        for _ in range(count):
            exporter.scrape()
        exporter.close()
        rows = [line.split() for line in report.read_text().splitlines()]
        found.append({row[-1]: int(row[3]) for row in rows if len(row) >= 5 and row[3].isdigit()})
    return {name: (found[1].get(name, 0) - found[0].get(name, 0)) / scrapes for name in ("openat", "read", "close", "readlink", "newfstatat", "getdents64", "total")}


def fixture_tree(count: int = 200, scrapes: int = 40) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder, root = Path(place), Path(place) / "root"
        tree(root, count)
        exporter = Exporter(folder, root)
        text = exporter.scrape()
        series = len(re.findall(r"^llm_monitor_container_", text, re.M))
        assert text.count("\nllm_monitor_container_info{") == count
        walls, before = [], cpu_seconds(exporter.process.pid)
        for _ in range(scrapes):
            began = time.monotonic()
            exporter.scrape()
            walls.append(time.monotonic() - began)
        cpu = (cpu_seconds(exporter.process.pid) - before) / scrapes
        memory = resident_bytes(exporter.process.pid, "VmHWM")
        exporter.close()
        rows = [
            ["series", f"{series:,}", f"{series / count:.0f}"], ["wall, median", f"{statistics.median(walls) * 1e3:.1f} ms", ""],
            ["own CPU, mean", f"{cpu * 1e3:.1f} ms", f"{cpu / count * 1e6:.0f} µs"], ["memory at most", f"{memory / 1e6:.0f} MB", ""],
        ]
        if shutil.which("strace"):
            counted = calls(folder, root)
            rows += [
                ["files opened", f"{counted['openat']:.0f}", f"{counted['openat'] / count:.1f}"],
                ["calls that read", f"{counted['read']:.0f}", f"{counted['read'] / count:.1f}"],
                ["all system calls", f"{counted['total']:.0f}", f"{counted['total'] / count:.1f}"],
            ]
            # Sixteen files of the group, two of the process; and the machine's own few.
            assert counted["openat"] <= 19 * count + 50, "more files than there is reason for"
        assert series <= 40 * count, "more series than are promised"
    print(f"Containers: {count} in a tree of files, {scrapes} scrapes")
    table(["figure", "a scrape", "a container"], rows)


def beside_podman(count: int = 20, scrapes: int = 10) -> None:
    if os.geteuid() != 0 or not shutil.which("podman") or not shutil.which("runc"):
        print("Containers beside podman stats: left out, as podman or runc is missing, or this is not root\n")
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        podman = ["podman", "--root", str(folder / "root"), "--runroot", str(folder / "run"), "--tmpdir", str(folder / "tmp"), "--runtime", "runc",
                  "--cgroup-manager", "cgroupfs"]
        image = io.BytesIO()
        with tarfile.open(fileobj=image, mode="w") as archive:
            archive.add("/bin/busybox", "bin/busybox")
        (folder / "image.tar").write_bytes(image.getvalue())
        subprocess.run([*podman, "import", folder / "image.tar", "localhost/bench:1"], check=True, capture_output=True)
        socket = folder / "engine.sock"
        service = subprocess.Popen([*podman, "system", "service", "--time", "0", f"unix://{socket}"], stderr=subprocess.DEVNULL)
        names = [f"martlet-bench-{os.getpid()}-{number}" for number in range(count)]
        try:
            for name in names:
                subprocess.run(
                    [*podman, "run", "-d", "--name", name, "--no-healthcheck", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024",
                     "localhost/bench:1", "/bin/busybox", "sleep", "1000"], check=True, capture_output=True)
            exporter = Exporter(folder, None, str(socket))
            while not all(name in exporter.scrape() for name in names):
                time.sleep(0.2)
            figures: dict[str, list[float]] = {"martlet": [], "podman stats": [], "martlet CPU": [], "podman stats CPU": []}
            for _ in range(scrapes):
                began, before = time.monotonic(), cpu_seconds(exporter.process.pid)
                exporter.scrape()
                figures["martlet"].append(time.monotonic() - began)
                figures["martlet CPU"].append(cpu_seconds(exporter.process.pid) - before)
                began, spent = time.monotonic(), os.times()
                subprocess.run([*podman, "stats", "--no-stream", "--format", "json"], check=True, capture_output=True)
                figures["podman stats"].append(time.monotonic() - began)
                after = os.times()
                figures["podman stats CPU"].append(after.children_user + after.children_system - spent.children_user - spent.children_system)
            exporter.close()
        finally:
            subprocess.run([*podman, "rm", "--force", "--time", "0", *names], capture_output=True)
            subprocess.run([*podman, "rmi", "--force", "localhost/bench:1"], capture_output=True)
            service.terminate()
            service.wait(20)
    wall = [statistics.median(figures[name]) for name in ("martlet", "podman stats")]
    cpu = [statistics.mean(figures[name + " CPU"]) for name in ("martlet", "podman stats")]
    print(f"Containers: {count} real ones, {scrapes} times in turn")
    table(["figure", "martlet", "podman stats", "ratio"], [
        ["wall, median", f"{wall[0] * 1e3:.1f} ms", f"{wall[1] * 1e3:.1f} ms", f"1/{wall[1] / wall[0]:.0f}"],
        ["CPU, mean", f"{cpu[0] * 1e3:.1f} ms", f"{cpu[1] * 1e3:.1f} ms", f"1/{cpu[1] / max(cpu[0], 1e-4):.0f}"],
    ])


def containers() -> None:
    fixture_tree()
    beside_podman()

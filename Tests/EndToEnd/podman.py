"""Real containers: Debian's podman with runc, in a store of its own, behind the socket that speaks Docker's language."""

from __future__ import annotations

import http.client
import io
import json
import os
import shutil
import socket
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from conftest import Program, Start, wait_for

BUSYBOX = Path("/bin/busybox")
CONTROLLERS = Path("/sys/fs/cgroup")
# What crun and podman want of limits, not every machine gives.
LIMITS = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]
IMAGE = "localhost/martlet-trial:1"


class Podman:
    """An engine; all that was made with it goes with `close`."""

    def __init__(self, folder: Path, start: Start) -> None:
        self.words = [
            "podman", "--root", str(folder / "root"), "--runroot", str(folder / "run"), "--tmpdir", str(folder / "tmp"), "--runtime", "runc",
            "--cgroup-manager", "cgroupfs",
        ]
        self.start = start
        self.socket = folder / "engine.sock"
        self.service: Program | None = None
        self.prefix = f"martlet-{os.getpid()}-"
        image = io.BytesIO()
        with tarfile.open(fileobj=image, mode="w") as archive:
            archive.add(BUSYBOX, "bin/busybox")
            for applet in ("sh", "sleep", "dd", "wget", "true", "false", "cat", "sync"):
                link = tarfile.TarInfo(f"bin/{applet}")
                link.type, link.linkname = tarfile.SYMTYPE, "busybox"
                archive.addfile(link)
        (folder / "image.tar").write_bytes(image.getvalue())
        self.run("import", folder / "image.tar", IMAGE)
        self.serve()

    def run(self, *words: str | Path, check: bool = True) -> str:
        done = subprocess.run([*self.words, *map(str, words)], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0 or not check, f"podman {words}: {done.stderr}"
        return done.stdout.strip()

    def serve(self) -> None:
        self.service = self.start("/usr/bin/podman", *self.words[1:], "system", "service", "--time", "0", f"unix://{self.socket}")
        wait_for(self.socket.exists, 20, f"a socket: {self.service.output}")

    def stop(self) -> None:
        """Takes the socket away; containers go on."""
        assert self.service
        self.service.stop()
        self.socket.unlink(missing_ok=True)

    def container(self, name: str, *words: str, command: tuple[str, ...] = ("/bin/sleep", "1000"), verb: str = "run") -> str:
        """Makes a container of that name, perhaps with a prefix of this engine, and says its name."""
        name = self.prefix + name
        flags = ["--detach"] if verb == "run" else []
        health = [] if any(word.startswith("--health") for word in words) else ["--no-healthcheck"]
        self.run(verb, *flags, "--name", name, *health, *LIMITS, *words, IMAGE, *command)
        return name

    def inspect(self, name: str) -> dict[str, Any]:
        return json.loads(self.run("inspect", name))[0]

    def stats(self, name: str) -> dict[str, Any]:
        return json.loads(self.run("stats", "--no-stream", "--format", "json", name))[0]

    def asked(self, path: str) -> dict[str, Any]:
        """What it answers on its socket."""
        connection = http.client.HTTPConnection("engine", timeout=30)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(self.socket))
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        assert answer.status == 200, body
        return dict(json.loads(body))

    def close(self) -> None:
        names = self.run("ps", "--all", "--format", "{{.Names}}", check=False).split()
        if names:
            self.run("rm", "--force", "--time", "0", *names, check=False)
        self.run("rmi", "--force", IMAGE, check=False)


def disk_below(folder: Path) -> str | None:
    """The device of the disk that a folder lies on; None when it is none that the kernel counts for."""
    place = Path(f"/sys/dev/block/{os.major(folder.stat().st_dev)}:{os.minor(folder.stat().st_dev)}").resolve()
    if (place / "partition").exists():
        place = place.parent
    device = Path("/dev") / place.name
    return str(device) if place.exists() and device.is_block_device() else None


class Kernel:
    """The kernel's own files of a container's control groups, of version 1 or 2."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.is_two = (CONTROLLERS / "cgroup.controllers").exists()
        self.paths = {}
        for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            for controller in controllers.split(","):
                self.paths[controller] = path.strip("/")

    def file(self, controller: str, name: str) -> str:
        folder = CONTROLLERS / self.paths[""] if self.is_two else CONTROLLERS / controller / self.paths[controller]
        return (folder / name).read_text()

    def entries(self, controller: str, name: str) -> dict[str, float]:
        return {words[0]: float(words[1]) for line in self.file(controller, name).splitlines() if len(words := line.split()) == 2}

    def figures(self) -> dict[str, float]:
        """What the exporter must show of the groups, by names of ours without their beginning."""
        if self.is_two:
            cpu, memory = self.entries("cpu", "cpu.stat"), self.entries("memory", "memory.stat")
            quota, period = self.file("cpu", "cpu.max").split()
            usage = float(self.file("memory", "memory.current"))
            return {
                "user": cpu["user_usec"] / 1e6, "system": cpu["system_usec"] / 1e6, "cpu_throttled_seconds_total": cpu["throttled_usec"] / 1e6,
                "cpu_limit_cores": float(quota) / float(period), "memory_usage_bytes": usage,
                "memory_working_set_bytes": max(0, usage - memory["inactive_file"]), "memory_limit_bytes": float(self.file("memory", "memory.max")),
                "memory_anonymous_bytes": memory["anon"], "memory_cache_bytes": memory["file"],
                "threads": float(self.file("pids", "pids.current")), "threads_limit": float(self.file("pids", "pids.max")),
                "processes": float(len(self.file("", "cgroup.procs").split())),
            }
        memory, ticks = self.entries("memory", "memory.stat"), self.entries("cpuacct", "cpuacct.stat")
        usage = float(self.file("memory", "memory.usage_in_bytes"))
        return {
            "user": ticks["user"] / 100, "system": ticks["system"] / 100,
            "cpu_throttled_seconds_total": self.entries("cpu", "cpu.stat")["throttled_time"] / 1e9,
            "cpu_limit_cores": float(self.file("cpu", "cpu.cfs_quota_us")) / float(self.file("cpu", "cpu.cfs_period_us")),
            "memory_usage_bytes": usage, "memory_working_set_bytes": max(0, usage - memory["total_inactive_file"]),
            "memory_limit_bytes": float(self.file("memory", "memory.limit_in_bytes")), "memory_anonymous_bytes": memory["total_rss"],
            "memory_cache_bytes": memory["total_cache"], "threads": float(self.file("pids", "pids.current")),
            "threads_limit": float(self.file("pids", "pids.max")), "processes": float(len(self.file("memory", "cgroup.procs").split())),
        }

    def written(self) -> float | None:
        """Bytes that went to disks; None where nobody counts."""
        if self.is_two:
            return sum(float(word.removeprefix("wbytes=")) for word in self.file("io", "io.stat").split() if word.startswith("wbytes="))
        lines = [line.split() for line in self.file("blkio", "blkio.throttle.io_service_bytes_recursive").splitlines()]
        found = [float(words[2]) for words in lines if len(words) == 3 and words[1] == "Write"]
        return sum(found) if found else None

    def network(self) -> dict[str, tuple[float, float]]:
        """Bytes that came and went, by interface."""
        found = {}
        for line in Path(f"/proc/{self.pid}/net/dev").read_text().splitlines()[2:]:
            name, _, rest = line.partition(":")
            words = rest.split()
            found[name.strip()] = (float(words[0]), float(words[8]))
        return found


def reason_not_to() -> str | None:
    """Why containers cannot be made here; None where they can."""
    if os.geteuid() != 0:
        return "only root can make these containers"
    for program in ("podman", "runc"):
        if shutil.which(program) is None:
            return f"{program} is missing; scripts/bootstrap e2e installs it"
    return None if BUSYBOX.exists() else "/bin/busybox is missing; scripts/bootstrap e2e installs it"

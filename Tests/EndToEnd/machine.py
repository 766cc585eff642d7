"""A machine of its own made of namespaces: a tree that may be written to without harm, its own processes and network, with or without systemd.

The tree lies as a layer over another one, so that every change to it can be told."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from conftest import wait_for

# The layer is seen at /media, so that it can be read from outside; the old root is gone. What belongs to the real kernel can be read only.
SET_UP = r"""
set -eu
lower=$1 init=$2 work=$3
mount --make-rprivate /
mount -t tmpfs tmpfs "$work"
mkdir "$work/upper" "$work/work" "$work/root"
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$work/upper,workdir=$work/work" "$work/root"
cd "$work/root"
mount --bind "$work" media
mount -t proc proc proc
mount --bind proc/sys proc/sys && mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
for folder in run tmp dev; do mount -t tmpfs tmpfs $folder; done
for device in null zero full random urandom tty; do touch dev/$device; mount --bind /dev/$device dev/$device; done
mkdir dev/pts && mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts && ln -s pts/ptmx dev/ptmx
ip link set lo up
if [ "$init" = systemd ]; then
    mount -t tmpfs tmpfs sys/fs/cgroup
    mkdir sys/fs/cgroup/systemd
    mount -t cgroup -o none,name=systemd,xattr cgroup sys/fs/cgroup/systemd
fi
pivot_root . mnt
umount -l /mnt
case $init in
systemd) exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd </dev/null ;;
*) exec sleep infinity ;;
esac
"""

GROUPS = [Path("/sys/fs/cgroup/systemd"), Path("/sys/fs/cgroup/unified")]


def can_be_made() -> bool:
    """Whether this process may make namespaces and mounts."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    attempt = "mount -t tmpfs tmpfs /mnt && mkdir /mnt/u /mnt/w /mnt/r && mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/r"
    return subprocess.run(["unshare", "-m", "-p", "-f", "-n", "-u", "-i", "sh", "-c", attempt], capture_output=True).returncode == 0


def can_boot() -> bool:
    """Whether systemd of Debian 12 can be the first process: it takes control groups of version 1 as they are here."""
    return can_be_made() and all(group.is_dir() and os.access(group, os.W_OK) for group in GROUPS)


def told(path: Path) -> tuple[object, ...] | None:
    """What a path is: kind, mode, owner, and what is in it. None where there is nothing, or where a layer hides what is below."""
    try:
        what = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISCHR(what.st_mode) and what.st_rdev == 0:
        return None
    content: object = None
    if stat.S_ISREG(what.st_mode):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    elif stat.S_ISLNK(what.st_mode):
        content = os.readlink(path)
    return (what.st_mode, what.st_uid, what.st_gid, content)


class Machine:
    """Ends with `close`."""

    def __init__(self, lower: Path, folder: Path, init: str = "none") -> None:
        self.lower = lower
        (folder / "machine").mkdir()
        self.groups = [group / f"machine-{os.getpid()}-{id(self)}" for group in GROUPS] if init == "systemd" else []
        join = "".join(f"echo $$ >'{group}/cgroup.procs'; " for group in self.groups)
        for group in self.groups:
            group.mkdir()
        own = ["-C"] if self.groups else []
        self.log = folder / "machine.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                ["sh", "-c", join + 'exec "$@"', "sh", "unshare", "-m", "-p", "-f", "-n", "-u", "-i", *own, "--kill-child",
                 "sh", "-c", SET_UP, "machine", str(lower), init, str(folder / "machine")],
                stdout=output, stderr=subprocess.STDOUT)
        ready = "systemd" if init == "systemd" else "sleep"
        wait_for(lambda: self.process.poll() is not None or self._first_is(ready), 20, "a machine")
        assert self.process.poll() is None, self.log.read_text()
        if init == "systemd":
            wait_for(lambda: self.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded"), 60, "systemd")

    def _first_is(self, name: str) -> bool:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        self.first = int(children[0]) if children else 0
        return self.first != 0 and Path(f"/proc/{self.first}/comm").read_text().strip() == name

    @property
    def root(self) -> Path:
        """The tree, seen from outside."""
        return Path(f"/proc/{self.first}/root")

    def run(self, *command: str | Path, namespaces: str = "-mpnui", env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """A command on the machine; with `-n` alone it is one of ours in the machine's network."""
        spaces = [*[f"-{space}" for space in namespaces.strip("-")], *(["-C"] if self.groups else [])]
        own = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *[f"{key}={value}" for key, value in (env or {}).items()]]
        return subprocess.run(
            ["nsenter", "-t", str(self.first), *spaces, "--", *own, *map(str, command)], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)

    def write(self, path: str, text: str, mode: int = 0o644) -> Path:
        there = self.root / path.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text(text)
        there.chmod(mode)
        return there

    def layer(self) -> dict[str, tuple[object, ...] | None]:
        """All that was written since the machine began, folders left out: their times and sizes are not the question, what is in them is."""
        upper = self.root / "media/upper"
        return {
            str(path.relative_to(upper)): told(path)
            for folder, names, files in os.walk(upper) for path in [Path(folder) / name for name in [*files, *names]]
            if path.is_symlink() or not path.is_dir() or not (self.lower / path.relative_to(upper)).is_dir()
        }

    def changes(self, since: Mapping[str, tuple[object, ...] | None]) -> set[str]:
        """Paths that are not now what they were at that layer, or below it."""
        now = self.layer()
        before = {path: since[path] if path in since else told(self.lower / path) for path in {*now, *since}}
        return {path for path in before if (now[path] if path in now else told(self.lower / path)) != before[path]}

    def close(self) -> None:
        self.process.kill()
        self.process.wait(20)
        for group in self.groups:
            deadline = time.monotonic() + 10
            while group.exists() and time.monotonic() < deadline:
                for folder, _, _ in os.walk(group, topdown=False):
                    try:
                        os.rmdir(folder)
                    except OSError:
                        time.sleep(0.05)

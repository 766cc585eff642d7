"""A small virtual machine of Debian's cloud kernel, which has control groups of version 2 only, with martlet in it.

Everything is in an initramfs of busybox, the program, its libraries and a script; QEMU emulates the processor, so that no /dev/kvm is wanted. What the script prints on
the second serial line comes back as text.
"""

from __future__ import annotations

import gzip
import os
import re
import stat
import subprocess
from pathlib import Path

from conftest import MARTLET, REPOSITORY

FOLDER = REPOSITORY / ".build" / "micro-vm"
BUSYBOX = Path("/bin/busybox")


def kernel() -> tuple[Path, Path]:
    """The kernel and the folder of its modules; taken from Debian once."""
    if not list(FOLDER.glob("root/boot/vmlinuz-*")):
        FOLDER.mkdir(parents=True, exist_ok=True)
        depends = subprocess.run(["apt-cache", "depends", "linux-image-cloud-amd64"], capture_output=True, text=True, check=True).stdout
        package = re.findall(r"Depends: (linux-image-\S+)", depends)[0]
        subprocess.run(["apt-get", "download", package], cwd=FOLDER, check=True, capture_output=True)
        archive = next(FOLDER.glob(f"{package}_*.deb"))
        subprocess.run(["dpkg-deb", "-x", archive, FOLDER / "root"], check=True)
        archive.unlink()
    image = sorted(FOLDER.glob("root/boot/vmlinuz-*"))[-1]
    return image, FOLDER / "root/lib/modules" / image.name.removeprefix("vmlinuz-")


class Initramfs:
    """An archive as the kernel unpacks it (cpio's "newc")."""

    def __init__(self) -> None:
        self.bytes = bytearray()
        self.folders: set[str] = set()
        self.count = 0

    def _entry(self, name: str, mode: int, data: bytes = b"", device: tuple[int, int] = (0, 0)) -> None:
        self.count += 1
        path = name.encode() + b"\0"
        fields = [self.count, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(path), 0]
        self.bytes += b"070701" + b"".join(b"%08X" % field for field in fields) + path
        self.bytes += b"\0" * (-len(self.bytes) % 4)
        self.bytes += data + b"\0" * (-len(data) % 4)

    def folder(self, name: str) -> None:
        parts = name.strip("/").split("/")
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            if path and path not in self.folders:
                self.folders.add(path)
                self._entry(path, stat.S_IFDIR | 0o755)

    def file(self, name: str, data: bytes, mode: int = 0o644) -> None:
        self.folder(os.path.dirname(name))
        self._entry(name.strip("/"), stat.S_IFREG | mode, data)

    def link(self, name: str, target: str) -> None:
        self.folder(os.path.dirname(name))
        self._entry(name.strip("/"), stat.S_IFLNK | 0o777, target.encode())

    def console(self) -> None:
        self.folder("dev")
        self._entry("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))

    def program(self, name: str, source: Path) -> None:
        """A program with the libraries that it is linked to."""
        self.file(name, source.read_bytes(), 0o755)
        listing = subprocess.run(["ldd", source], capture_output=True, text=True).stdout
        for library in re.findall(r"(/\S+) \(0x", listing):
            if library.strip("/") not in self.folders:
                self.folders.add(library.strip("/"))
                self.file(library, Path(library).resolve().read_bytes(), 0o755)

    def packed(self) -> bytes:
        self._entry("TRAILER!!!", 0)
        return gzip.compress(bytes(self.bytes), compresslevel=1)


INIT = """#!/bin/sh
export PATH=/bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t cgroup2 cgroup /sys/fs/cgroup; mount -t tmpfs tmp /tmp
exec >/dev/ttyS1 2>&1 </dev/null
ip link set lo up
. /script
sync
echo "=== end"
sleep 1
poweroff -f
"""


def run(script: str, folder: Path, modules: list[str], seconds: float = 300, memory: str = "512M") -> dict[str, str]:
    """Runs a script of busybox's shell as the first process; what it prints behind a line `=== NAME` comes back under that name.

    /modules has the modules asked for.
    """
    image, tree = kernel()
    ram = Initramfs()
    ram.console()
    for name in ("proc", "sys", "tmp", "run", "root", "etc"):
        ram.folder(name)
    ram.program("bin/busybox", BUSYBOX)
    for applet in subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True).stdout.split():
        if applet != "busybox":
            ram.link(f"bin/{applet}", "busybox")
    ram.program("bin/martlet", MARTLET)
    for name in modules:
        found = next(tree.rglob(f"{name}.ko"))
        ram.file(f"modules/{name}.ko", found.read_bytes())
    ram.file("init", INIT.encode(), 0o755)
    ram.file("script", script.encode())
    (folder / "initramfs").write_bytes(ram.packed())
    said = folder / "serial"
    done = subprocess.run(
        [
            "qemu-system-x86_64", "-machine", "q35,accel=tcg", "-cpu", "max", "-smp", "2", "-m", memory, "-nodefaults", "-display", "none", "-no-reboot",
            "-kernel", image, "-initrd", folder / "initramfs", "-append", "console=ttyS0 quiet panic=-1 cgroup_no_v1=all psi=1",
            "-serial", f"file:{folder / 'console'}", "-serial", f"file:{said}",
        ],
        capture_output=True, text=True, timeout=seconds,
    )
    text = said.read_text(errors="replace").replace("\r\n", "\n")
    console = (folder / "console").read_text(errors="replace")[-2000:]
    assert "=== end" in text, f"the script did not come to its end: {done.stderr}\n{console}\n{text[-3000:]}"
    sections = re.split(r"^=== (.+)\n", text, flags=re.M)
    return dict(zip(sections[1::2], sections[2::2]))

"""A small guest that boots from its own disk, made once into .build: Debian's cloud kernel and an initramfs of busybox behind SYSLINUX, in a qcow2.

A guest of 96 MB takes an address from DHCP (or from a seed), reads a NoCloud seed (hostname, user data, a script in it), answers QEMU's guest agent, and ends when ACPI or the
agent says so. All that it does is told on the first serial line, a line each that begins with `guest: `. It counts its starts on its disk.

Its kernel has drivers for IDE, virtio disks and virtio-scsi, as Debian's cloud images have: of a seed on a SATA CD-ROM it sees nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from conftest import REPOSITORY
from micro_vm import BUSYBOX, Initramfs, kernel

FOLDER = REPOSITORY / ".build" / "guest-image"
MODULES = [
    "virtio_pci", "virtio_blk", "virtio_net", "virtio_scsi", "virtio_console", "virtio_balloon", "ata_piix", "sd_mod", "sr_mod", "isofs", "vfat", "nls_cp437", "nls_ascii", "nls_utf8", "button", "evdev",
]
MEGABYTES = 32

# The first process. A seed is a file system called CIDATA; of its network-config only an address and a gateway are taken.
INIT = r"""#!/bin/sh
export PATH=/bin:/sbin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmp /run
if [ -c /dev/ttyS0 ] && stty -F /dev/ttyS0 >/dev/null 2>&1; then exec >/dev/ttyS0 2>&1 </dev/null; else exec >/dev/null 2>&1 </dev/null; fi
say() { echo "guest: $*"; }
for module in $(cat /modules/order); do insmod /modules/$module.ko 2>/dev/null; done
mkdir -p /run/seed /run/disk
hostname guest
# The disk with a file system of that name.
named() { findfs "LABEL=$1" 2>/dev/null || findfs "LABEL=$(echo "$1" | tr a-z A-Z)" 2>/dev/null; }
seed=$(named cidata)
if [ -n "$seed" ] && { mount -t iso9660 -o ro "$seed" /run/seed || mount -t vfat -o ro "$seed" /run/seed; } 2>/dev/null; then
    meta=/run/seed/meta-data
    id=$(sed -n 's/^instance-id: *//p' $meta | tr -d "\"'")
    name=$(sed -n 's/^local-hostname: *//p' $meta | tr -d "\"'")
    [ -n "$name" ] && hostname "$name"
    say "seed $seed instance-id=$id hostname=$(hostname)"
    [ -f /run/seed/user-data ] && while read -r line || [ -n "$line" ]; do say "user-data: $line"; done </run/seed/user-data
else
    say "no seed"
fi
disk=$(named guestboot)
if [ -n "$disk" ] && mount -t vfat "$disk" /run/disk 2>/dev/null; then
    starts=$(($(cat /run/disk/starts 2>/dev/null || echo 0) + 1))
    echo $starts >/run/disk/starts
    umount /run/disk
    sync
    say "start $starts of disk $disk"
fi
ip link set lo up
first=$(ls /sys/class/net | grep -v '^lo$' | head -n 1)
address=$(grep -oE '([0-9]+\.){3}[0-9]+/[0-9]+' /run/seed/network-config 2>/dev/null | head -n 1)
if [ -z "$first" ]; then
    say "no network card"
elif [ -n "$address" ]; then
    ip link set "$first" up
    ip addr add "$address" dev "$first"
    gateway=$(sed -nE 's/.*(gateway4|via): *"?([0-9.]+).*/\2/p' /run/seed/network-config | head -n 1)
    [ -n "$gateway" ] && ip route add default via "$gateway"
    say "address $address on $first by seed"
else
    ip link set "$first" up
    udhcpc -i "$first" -s /udhcpc -t 10 -T 1 -A 2 -x "hostname:$(hostname)" >/dev/null 2>&1 &
fi
acpid -d >/dev/null 2>&1 &
port=/dev/$(cd /sys/class/virtio-ports 2>/dev/null && grep -ls '^org.qemu.guest_agent.0$' */name | head -n 1 | cut -d / -f 1)
if [ -c "$port" ]; then
    qemu-ga -m virtio-serial -p "$port" -t /run >/dev/null 2>&1 &
    say "agent"
fi
if head -c 2 /run/seed/user-data 2>/dev/null | grep -q '^#!'; then
    cp /run/seed/user-data /run/script && chmod +x /run/script
    /run/script 2>&1 | sed 's/^/guest: script: /'
fi
say "ready"
while :; do sleep 3600 & wait; done
"""

UDHCPC = r"""#!/bin/sh
export PATH=/bin:/sbin
case $1 in
deconfig) ip addr flush dev "$interface"; ip link set "$interface" up ;;
bound | renew)
    ip addr flush dev "$interface"
    ip addr add "$ip/${mask:-24}" dev "$interface"
    [ -n "$router" ] && ip route add default via "${router%% *}"
    [ "$1" = bound ] && echo "guest: address $ip/${mask:-24} on $interface by DHCP" >/dev/ttyS0
    ;;
esac
exit 0
"""

POWER = """#!/bin/sh
echo "guest: ending" >/dev/ttyS0
sync
case "$0 $*" in *reboot* | *" -r "*) reboot -f ;; esac
poweroff -f
"""

SYSLINUX = """DEFAULT guest
PROMPT 0
TIMEOUT 0
LABEL guest
  LINUX vmlinuz
  INITRD initrd
  APPEND quiet loglevel=3 panic=-1 console=tty0 console=ttyS0 tsc=unstable random.trust_cpu=on
"""

PROGRAMS = {"mformat": "mtools", "mcopy": "mtools", "syslinux": "syslinux", "qemu-img": "qemu-utils", "genisoimage": "genisoimage"}


def reason_not_to() -> str | None:
    """Why the image cannot be made here; None where it can."""
    missing = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if not BUSYBOX.exists():
        missing.append("busybox-static")
    return f"{', '.join(missing)} missing; scripts/bootstrap e2e installs them" if missing else None


def _needed(tree: Path, names: Iterable[str]) -> list[Path]:
    """The modules' files with all that they depend on, in the order to load them. What is built into the kernel has no file."""
    files = {path.stem.replace("-", "_"): path for path in tree.rglob("*.ko")}
    ordered: list[Path] = []

    def add(name: str) -> None:
        path = files.get(name.replace("-", "_"))
        if path is None or path in ordered:
            return
        found = re.search(rb"\0depends=([^\0]*)\0", path.read_bytes())
        for other in (found.group(1).decode().split(",") if found else []):
            add(other)
        ordered.append(path)

    for name in names:
        add(name)
    return ordered


def _agent() -> Path:
    """QEMU's guest agent; taken from Debian once."""
    program = FOLDER / "agent/usr/sbin/qemu-ga"
    if not program.exists():
        subprocess.run(["apt-get", "download", "qemu-guest-agent"], cwd=FOLDER, check=True, capture_output=True)
        archive = next(FOLDER.glob("qemu-guest-agent_*.deb"))
        subprocess.run(["dpkg-deb", "-x", archive, FOLDER / "agent"], check=True)
        archive.unlink()
    return program


def _initramfs(tree: Path) -> bytes:
    ram = Initramfs()
    ram.console()
    for name in ("proc", "sys", "tmp", "run", "root", "etc/acpi/PWRF", "sbin"):
        ram.folder(name)
    ram.program("bin/busybox", BUSYBOX)
    for applet in subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True, check=True).stdout.split():
        if applet != "busybox":
            ram.link(f"bin/{applet}", "busybox")
    ram.program("bin/qemu-ga", _agent())
    modules = _needed(tree, MODULES)
    for path in modules:
        ram.file(f"modules/{path.stem}.ko", path.read_bytes())
    ram.file("modules/order", "\n".join(path.stem for path in modules).encode() + b"\n")
    ram.file("init", INIT.encode(), 0o755)
    ram.file("udhcpc", UDHCPC.encode(), 0o755)
    # The agent calls the absolute path, acpid what stands under its event's name.
    ram.file("sbin/shutdown", POWER.encode(), 0o755)
    ram.file("etc/acpi/PWRF/00000080", POWER.encode(), 0o755)
    return ram.packed()


def guest_image() -> Path:
    """The image's path. Whoever comes while it is made waits."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        linux, tree = kernel()
        recipe = Path(__file__).read_bytes() + BUSYBOX.read_bytes() + linux.name.encode()
        image = FOLDER / f"guest-{hashlib.sha256(recipe).hexdigest()[:12]}.qcow2"
        if not image.exists():
            for old in FOLDER.glob("guest-*.qcow2"):
                old.unlink()
            _make(image, linux, tree)
        return image


def _make(image: Path, linux: Path, tree: Path) -> None:
    raw, ram, settings = FOLDER / "raw", FOLDER / "initrd", FOLDER / "syslinux.cfg"
    ram.write_bytes(_initramfs(tree))
    settings.write_text(SYSLINUX)
    with raw.open("wb") as file:
        file.truncate(MEGABYTES << 20)
    # A file system without partitions is what a BIOS starts, too, and what these tools make without being root.
    geometry = ["-h", "64", "-s", "32", "-t", str(MEGABYTES)]
    for words in (
        ["mformat", "-i", raw, "-v", "GUESTBOOT", *geometry, "::"],
        ["mcopy", "-i", raw, linux, "::vmlinuz"],
        ["mcopy", "-i", raw, ram, settings, "::"],
        ["syslinux", "--install", raw],
        ["qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, FOLDER / "new"],
    ):
        done = subprocess.run(words, capture_output=True, text=True, env=os.environ | {"MTOOLS_SKIP_CHECK": "1"})
        assert done.returncode == 0, f"{words}: {done.stderr}"
    for path in (raw, ram, settings):
        path.unlink()
    (FOLDER / "new").rename(image)


def checksum(path: Path) -> str:
    """SHA-256, as `sha256sum` writes it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def seed_image(path: Path, **files: str) -> Path:
    """A NoCloud seed: a CD for a path that ends with .iso, a FAT file system for another one. `meta_data="…"` is its file meta-data."""
    folder = path.with_name(path.name + ".files")
    folder.mkdir()
    for name, text in files.items():
        (folder / name.replace("_", "-")).write_text(text)
    if path.suffix == ".iso":
        subprocess.run(["genisoimage", "-quiet", "-output", path, "-volid", "cidata", "-joliet", "-rock", folder], check=True, capture_output=True)
    else:
        path.write_bytes(bytes(1440 << 10))
        subprocess.run(["mformat", "-i", path, "-v", "CIDATA", "-f", "1440", "::"], check=True, capture_output=True)
        subprocess.run(["mcopy", "-i", path, *folder.iterdir(), "::"], check=True, capture_output=True)
    shutil.rmtree(folder)
    return path

"""Records what a real libvirtd tells of a domain, for `recordings/libvirt-9.0`, and what of it a simulated one must tell too."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from conftest import wait_for

RECORDING = Path(__file__).parent / "recordings/libvirt-9.0/domstats.json"
CARD = "<interface type='network'><source network='default'/><model type='virtio'/></interface>"


def values(text: str) -> list[str]:
    """The lines `name=value` of virsh domstats."""
    return [line.strip() for line in text.splitlines() if "=" in line]


def names(lines: list[str]) -> list[str]:
    return [line.split("=", 1)[0] for line in lines]


def kinds(lines: list[str]) -> set[str]:
    """Names without the numbers of disks, cards and processors."""
    return {re.sub(r"\.\d+\.", ".N.", name) for name in names(lines)}


def record(folder: Path) -> dict[str, Any]:
    """What the real one says; needs root and what `libvirt_bed` needs."""
    from libvirt_bed import LibvirtBed, paused

    def complaint(bed: LibvirtBed, *words: str) -> str:
        return bed.try_virsh(*words).stderr.strip().removeprefix("error: ")

    with LibvirtBed(folder) as bed:
        bed.define("one", bed.disk("one"), devices=CARD)
        running = bed.virsh("domstats", "one")
        with paused(bed.qemu("one")):
            # Two ask: one of them gets the lock and waits for QEMU, the other does without.
            asking = [subprocess.Popen(["virsh", "-c", bed.uri, "domstats", "--nowait", "one"], stdout=subprocess.PIPE, text=True) for _ in range(2)]
            wait_for(lambda: any(one.poll() is not None for one in asking), 60, "the one without a lock")
            errors = {"locked": complaint(bed, "domblkstat", "one", "vda")}
        told = sorted((one.communicate(timeout=60)[0] for one in asking), key=len)
        bed.virsh("destroy", "one")
        off = bed.virsh("domstats", "one")
        errors |= {"off": complaint(bed, "domblkstat", "one", "vda"), "path": complaint(bed, "domblkinfo", "one", "vdz")}
        recorded = {"running": values(running), "locked": values(told[0]), "off": values(off), "errors": errors}
        return json.loads(json.dumps(recorded).replace(str(bed.folder), "/bed"))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        RECORDING.write_text(json.dumps(record(Path(folder)), indent=1) + "\n")
    sys.exit(0)

"""Whom a process belongs to, and which guests the machine has: read of /proc and of Proxmox' and libvirt's files, in other ways than martlet's."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree


class Owner(NamedTuple):
    kind: str
    id: str
    name: str


UNKNOWN = Owner("unknown", "", "unknown")
HOST = Owner("host", "", "host")

CONTAINER = re.compile(r"/(?:(?:docker|libpod|cri-containerd|crio|nerdctl)-)?(?P<id>[0-9a-f]{64})(?:\.scope)?(?=/|$)")
LXC = re.compile(r"/(?:lxc(?:\.payload|\.monitor)?/|lxc\.(?:payload|monitor)\.)(?P<id>(?![0-9a-f]{64})[^/]+)")
PROXMOX_VM = re.compile(r"/qemu\.slice/(?P<id>\d{1,9})\.scope(?=/|$)")
UNIT = re.compile(r"/(?P<id>[^/]+\.(?:service|scope|socket|mount|swap))(?=/|$)")
SLICE = re.compile(r".*/(?P<id>[^/]+\.slice)(?=/|$)")
# Sessions of users, pods of podman, machines of libvirt and of systemd: martlet tells them apart with more rules than belong here.
INTRICATE = re.compile(r"user@|user-|machine|libvirt|nspawn|libpod_parent|conmon")


class Machine:
    """The machine whose / is `root`."""

    def __init__(self, root: str | None) -> None:
        self.root = Path(root or "/")
        self._guests: list[Guest] = []
        self._read_at = 0.0

    def owner(self, pid: int) -> Owner | None:
        """None where it is not one of the simple cases."""
        folder = self.root / "proc" / str(pid)
        try:
            paths = {line.split(":", 2)[2] for line in (folder / "cgroup").read_text(errors="replace").splitlines() if line.count(":") >= 2}
            arguments = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            return UNKNOWN
        found = {place(path) for path in paths}
        # Version 1 has a path for each controller, and some controllers may not be divided.
        owners = found - {HOST} or {HOST}
        if len(owners) != 1 or None in owners:
            return None
        owner = owners.pop()
        assert owner
        if owner.kind == "container":
            return owner
        if owner.kind == "lxc":
            return owner._replace(name=self.name_of("lxc", owner.id) or owner.id)
        program = arguments[0].rpartition("/")[2]
        if program in ("kvm", "qemu-kvm") or program.startswith("qemu-system-"):
            return self.virtual_machine(arguments, owner)
        return owner if owner.kind != "vm" else owner._replace(name=self.name_of("qemu-server", owner.id) or owner.id)

    def virtual_machine(self, arguments: list[str], place: Owner) -> Owner | None:
        """Of Proxmox only: those of others are known by their UUID or by their name."""
        options = dict(pairwise(arguments))
        vmid = place.id if place.kind == "vm" else options.get("-id", "")
        if not vmid.isdigit():
            return None
        started_as = options.get("-name", "").split(",")[0]
        return Owner("vm", vmid, self.name_of("qemu-server", vmid) or started_as or vmid)

    # Guests

    def guests(self) -> list[Guest]:
        if time.monotonic() - self._read_at > 10 or not self._read_at:
            self._guests = [*self.proxmox_guests("qemu-server", "name"), *self.proxmox_guests("lxc", "hostname"), *self.libvirt_guests()]
            self._read_at = time.monotonic()
        return self._guests

    def name_of(self, folder: str, vmid: str) -> str:
        return next((guest.name for guest in self.guests() if (guest.folder, guest.id) == (folder, vmid)), "")

    def guest(self, uuid: str) -> Guest | None:
        """By the UUID of its machine, or by one that Proxmox has made of the vmid for a mediated device."""
        found = [guest for guest in self.guests() if guest.uuid == uuid.lower()]
        if len(found) == 1:
            return found[0]
        if made := re.fullmatch(r"\d{8}-0000-0000-0000-(\d{12})", uuid):
            vmid = str(int(made[1]))
            return Guest("qemu-server", vmid, self.name_of("qemu-server", vmid), uuid)
        return None

    def proxmox_guests(self, folder: str, name_key: str) -> list[Guest]:
        guests = []
        for file in sorted((self.root / "etc/pve" / folder).glob("*.conf")):
            try:
                # What stands behind the first section is of snapshots.
                lines = file.read_text(errors="replace").split("\n[")[0].splitlines()
            except OSError:
                continue
            values = dict(line.split(": ", 1) for line in lines if ": " in line)
            uuid = re.search(r"\buuid=([^,]+)", values.get("smbios1", ""))
            guests.append(Guest(folder, file.stem, values.get(name_key, ""), uuid[1].lower() if uuid else ""))
        return guests

    def libvirt_guests(self) -> list[Guest]:
        guests = []
        for file in sorted((self.root / "etc/libvirt/qemu").glob("*.xml")):
            try:
                domain = ElementTree.parse(file).getroot()
            except (OSError, ElementTree.ParseError):
                continue
            name, uuid = domain.findtext("name"), domain.findtext("uuid")
            if name and uuid:
                guests.append(Guest("libvirt", name, name, uuid.lower()))
        return guests


class Guest(NamedTuple):
    folder: str
    id: str
    name: str
    uuid: str


def place(path: str) -> Owner | None:
    """The owner that a control group names, without what only other files know; None where it is not one of the simple cases."""
    if INTRICATE.search(path):
        return None
    guests = [(found.start(), kind, found["id"]) for kind, form in [("container", CONTAINER), ("lxc", LXC), ("vm", PROXMOX_VM)] if (found := form.search(path))]
    if guests:
        # What runs in a guest is the guest's: the outermost counts.
        _, kind, of = min(guests)
        return Owner(kind, of, of[:12] if kind == "container" else of)
    if unit := UNIT.search(path) or SLICE.match(path):
        return Owner("unit", unit["id"], unit["id"])
    return HOST

"""Work of each kind that a provider of libvirt does, ordered as a manager would, and what must be there when it is done."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from libvirt_bed import LibvirtBed
from libvirt_provider import RECORD, Domain, Machine, Order, Provider


class Client:
    """Orders work of each kind, on machines that it makes for it, and knows what must be there then."""

    def __init__(self, provider: Provider, bed: LibvirtBed, image: tuple[str, Path]) -> None:
        self.provider, self.bed, self.pb = provider, bed, provider.pb
        self.url, self.file = image
        self.digest = hashlib.sha256(self.file.read_bytes()).hexdigest()
        self.world: dict[str, Machine] = {}
        self.numbers = itertools.count(1)
        self.base = self._image(self.url + "?base")
        prepared = provider.done(Order("image", "ImagePrepare", self.pb.ImagePrepareRequest(image_json=self.base, target_name="base.img"), self._key("image")))
        self.base = json.dumps({"Path": prepared.answer.prepared_image_path})
        self.kinds: dict[str, Callable[[], Order]] = {
            "create": self.create, "clone, full": lambda: self.clone(False), "clone, linked": lambda: self.clone(True), "snapshot": self.snapshot, "revert": self.revert,
            "reconfigure": self.reconfigure, "delete": self.delete,
        }  # fmt: skip

    def _key(self, text: str) -> str:
        return f"{text}-{next(self.numbers)}"

    def _image(self, url: str) -> str:
        return json.dumps({"URL": url, "Format": "qcow2", "Checksum": self.digest, "ChecksumType": "sha256"})

    def _create(self, name: str, image: str) -> Order:
        request = self.pb.CreateRequest(name=name, class_json='{"CPU":1,"MemoryMiB":64}', image_json=image, disks_json='[{"Name":"data","SizeGiB":1}]', user_data=b"#cloud-config\n")
        return Order("create", "Create", request, name)

    def machine(self, *, is_on: bool = True) -> str:
        """A machine for other work."""
        order = self.provider.done(self._create(self._key("machine"), self.base))
        self.settle(order)
        if not is_on:
            self.provider.done(Order("off", "Power", self.pb.PowerRequest(id=order.answer.id, op=self.pb.POWER_OP_OFF), self._key("off")))
        return str(order.answer.id)

    # Work of each kind; its first machine is made before.

    def create(self) -> Order:
        name = self._key("create")
        return self._create(name, self._image(f"{self.url}?{name}"))

    def clone(self, linked: bool) -> Order:
        name, source = self._key("linked" if linked else "full"), self.machine(is_on=False)
        return Order("clone, linked" if linked else "clone, full", "Clone", self.pb.CloneRequest(source_vm_id=source, target_name=name, linked=linked), name, about=source)

    def snapshot(self) -> Order:
        machine = self.machine()
        name = self._key("snapshot")
        return Order("snapshot", "SnapshotCreate", self.pb.SnapshotCreateRequest(vm_id=machine, name_hint=name), name, machine=machine)

    def revert(self) -> Order:
        """To a state before a disk, which is the machine's own still."""
        kept = self.provider.done(self.snapshot())
        self.settle(kept)
        self.settle(self.provider.done(self._reconfigure(kept.machine)))
        request = self.pb.SnapshotRevertRequest(vm_id=kept.machine, snapshot_id=kept.answer.snapshot_id)
        return Order("revert", "SnapshotRevert", request, self._key("revert"), machine=kept.machine)

    def reconfigure(self) -> Order:
        return self._reconfigure(self.machine())

    def _reconfigure(self, machine: str) -> Order:
        disk = self._key("late")
        desired = json.dumps({"Disks": [{"Name": "data", "SizeGiB": 1}, {"Name": disk, "SizeGiB": 1}]})
        return Order("reconfigure", "Reconfigure", self.pb.ReconfigureRequest(id=machine, desired_json=desired), disk, machine=machine, about=disk)

    def delete(self) -> Order:
        """Of one of two that stand on the same."""
        linked = self.provider.done(self.clone(True))
        self.settle(linked)
        return self._delete(linked.about)

    def _delete(self, machine: str) -> Order:
        return Order("delete", "Delete", self.pb.DeleteRequest(id=machine), self._key("delete"), machine=machine)

    def settle(self, order: Order) -> None:
        """What is there after the operation, as its client must believe."""
        if order.end.state != self.provider.tasks_pb.TASK_STATE_SUCCEEDED:
            return
        match order.kind:
            case "create":
                self.world[order.answer.id] = Machine(order.request.name, order.task, disks={"data"})
            case "clone, full" | "clone, linked":
                self.world[order.answer.target_vm_id] = Machine(order.request.target_name, order.task, disks=set(self.world[order.about].disks))
            case "snapshot":
                self.world[order.machine].snapshots.add(order.answer.snapshot_id)
            case "revert":
                machine = self.world[order.machine]
                machine.loose |= machine.disks - {"data"}
                machine.disks = {"data"}
            case "reconfigure":
                self.world[order.machine].disks.add(order.about)
            case "delete":
                del self.world[order.machine]

    def faults(self, order: Order) -> list[str]:
        """In what came of an operation that succeeded: its bytes, its state."""
        if order.end is None or order.end.state != self.provider.tasks_pb.TASK_STATE_SUCCEEDED:
            return []
        if order.kind == "create":
            domain = Domain(self.bed, order.answer.id)
            base = Path(domain.chains[domain.root][-1]["filename"])
            is_whole = hashlib.sha256(base.read_bytes()).hexdigest() == self.digest and base.name.startswith("disk-")
            return [] if is_whole and domain.state == "running" else [f"create {order.task}: {domain.state}, on {base.name}, whole: {is_whole}"]
        if order.method == "Clone":
            pair = [Domain(self.bed, uuid).root for uuid in (order.about, order.answer.target_vm_id)]
            done = subprocess.run(["qemu-img", "compare", "-U", *pair], capture_output=True, text=True, timeout=120)
            return [] if done.returncode == 0 else [f"{order.kind} {order.task}: {done.stdout}{done.stderr}"]
        if order.kind in ("snapshot", "revert", "reconfigure") and self.bed.state(order.machine) != "running":
            return [f"{order.kind} {order.task}: the machine is {self.bed.state(order.machine)}"]
        return []

    def clear(self) -> None:
        """Removes all machines, those first that were made last."""
        for machine in reversed(list(self.world)):
            self.settle(self.provider.done(self._delete(machine)))

    def purge(self) -> None:
        """The same past the provider, with all that it left but images."""
        self.world.clear()
        for machine in self.bed.virsh("list", "--all", "--uuid").split():
            self.bed.try_virsh("destroy", machine)
            self.bed.virsh("undefine", machine, "--managed-save", "--snapshots-metadata", "--nvram")
        images = {path.name.removesuffix(RECORD) for path in self.bed.images.glob(f"*{RECORD}")}
        for path in self.bed.images.iterdir():
            if path.name.removesuffix(RECORD) not in images:
                path.unlink()
        self.bed.virsh("pool-refresh", "default")


class Changes:
    """What the hypervisor writes, as it comes: volumes, descriptions of machines and of snapshots. An end that follows upon one is between two calls of libvirt."""

    def __init__(self, bed: LibvirtBed) -> None:
        self.images = bed.images
        self.folders = [bed.root / name for name in ("etc/libvirt/qemu", "run/libvirt/qemu", "var/lib/libvirt/qemu/snapshot")]
        self.last = self._now()

    def _now(self) -> set[tuple[str, int]]:
        found = {(entry.name, 0) for entry in os.scandir(self.images)}
        for folder in self.folders:
            with contextlib.suppress(OSError):
                for entry in os.scandir(folder):
                    inner = os.scandir(entry.path) if entry.is_dir() else [entry]
                    found |= {(file.path, file.stat().st_mtime_ns) for file in inner if file.name.endswith(".xml")}
        return found

    def wait(self, count: int, is_over: Callable[[], bool]) -> int:
        """Waits for so many, or until it is over; how many came."""
        seen = 0
        while seen < count and not is_over():
            now = self._now()
            if now != self.last:
                self.last = now
                seen += 1
            time.sleep(0.0005)
        return seen

"""The manager on a real libvirtd with QEMU: people apply objects with kubectl, and what there is of them is looked at past the manager, and past its provider too."""

from __future__ import annotations

import collections
import contextlib
import functools
import http.server
import json
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from conftest import Start
from guest_image import checksum
from libvirt_bed import LibvirtBed
from libvirt_provider import Domain, Machine, Provider, chain, problems
from manager import Manager, thing

KVM = {"provider_type": "libvirt", "provider": "default/kvm"}
OPERATIONS = ["Create", "Delete", "Power", "Reconfigure", "SnapshotCreate", "SnapshotDelete", "SnapshotRevert", "Clone", "ImagePrepare"]


class Files(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def served(image: Path) -> Iterator[dict[str, Any]]:
    """A VMImage called "image", of a file that is served as long as this lasts."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Files, directory=str(image.parent)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        source = {"url": f"http://127.0.0.1:{server.server_port}/{image.name}", "format": "qcow2", "checksum": checksum(image), "checksumType": "sha256"}
        yield thing("VMImage", "image", source={"libvirt": source})
    finally:
        server.shutdown()
        server.server_close()


def empty_image(folder: Path) -> Path:
    """A disk with nothing to boot: a machine of it needs few processor seconds."""
    path = folder / "empty.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", path, "1M"], check=True, capture_output=True)
    return path


def size(name: str, memory: str, cpu: int = 1, disk: str = "1Gi", **more: Any) -> dict[str, Any]:
    return thing("VMClass", name, cpu=cpu, memory=memory, diskDefaults={"type": "thin", "size": disk}, **more)


def machine_spec(**more: Any) -> dict[str, Any]:
    return {"providerRef": {"name": "kvm"}, "classRef": {"name": "small"}, "imageRef": {"name": "image"}, "networks": [{"name": "lan", "networkRef": {"name": "nat"}}], **more}


def machine(name: str, **more: Any) -> dict[str, Any]:
    return thing("VirtualMachine", name, **machine_spec(**more))


class ManagedLibvirt:
    """A libvirtd, its provider, and a manager that knows both, with the image "image", the network "nat" and the class "small"."""

    def __init__(self, start: Start, bed: LibvirtBed, messages: dict[str, ModuleType], image: dict[str, Any], memory: str = "96Mi") -> None:
        self.bed = bed
        self.provider = Provider(start, bed.folder, bed, messages)
        self.manager = Manager(start, bed.folder)
        self.manager.apply(
            thing(
                "Provider", "kvm", type="libvirt", endpoint=f"unix://{self.provider.socket}", rateLimit={"qps": 1000, "burst": 2000},
                healthCheck={"interval": "1s", "timeout": "2s", "failureThreshold": 2}),
            thing("VMNetworkAttachment", "nat", network={"type": "nat", "libvirt": {"networkName": "default", "model": "virtio"}}),
            size("small", memory), image)

    # Past both.

    def domains(self) -> dict[str, Domain]:
        """What libvirt has, by names."""
        return {domain.name: domain for domain in (Domain(self.bed, uuid) for uuid in self.bed.virsh("list", "--all", "--uuid").split())}

    def names(self) -> list[str]:
        return sorted(self.bed.virsh("list", "--all", "--name").split())

    def running(self) -> set[str]:
        return set(self.bed.virsh("list", "--state-running", "--name").split())

    def volumes(self) -> list[str]:
        """Volumes that are of no image."""
        self.bed.virsh("pool-refresh", "default")
        return sorted(name for name in (line.split()[0] for line in self.bed.virsh("vol-list", "default").splitlines() if line.strip()) if ".img" not in name)

    def disk_bytes(self, name: str, disk: str | None = None) -> int:
        """How large a guest sees a disk of its machine; the first one, if none is named."""
        found = [it for it in self.bed.description(name).findall("devices/disk[@device='disk']") if disk is None or it.findtext("serial") == disk]
        source = found[0].find("source")
        assert source is not None
        return int(chain(source.get("file", ""))[0]["virtual-size"])

    def answers(self, address: str) -> bool:
        """Whether somebody in the hypervisor's network has the address."""
        return subprocess.run(self.bed.inside("busybox", "ping", "-c", "3", "-W", "5", address), capture_output=True, timeout=60).returncode == 0

    def agent(self, name: str, execute: str, **arguments: Any) -> subprocess.CompletedProcess[str]:
        return self.bed.try_virsh("qemu-agent-command", name, json.dumps({"execute": execute, "arguments": arguments}))

    def leave_mark(self, name: str) -> None:
        """A file in the memory of a machine's guest, made by its agent."""
        done = self.agent(name, "guest-file-open", path="/run/mark", mode="w")
        assert done.returncode == 0, done.stderr
        self.agent(name, "guest-file-close", handle=json.loads(done.stdout)["return"])

    def has_mark(self, name: str) -> bool:
        done = self.agent(name, "guest-file-open", path="/run/mark", mode="r")
        assert done.returncode == 0 or "No such file" in done.stderr, done.stderr
        return done.returncode == 0

    def problems(self, *, loose: dict[str, set[str]] | None = None) -> list[str]:
        """In what libvirt, its files and the provider's journal are not as the manager's objects say. Nothing must be under way."""
        makers = {it["status"]["result"]["id"]: it["status"]["taskID"] for it in self.manager.list("vmoperation") if it["spec"]["operation"] in ("Create", "Clone") and it["status"].get("result", {}).get("id")}
        world = {
            it["status"]["id"]: Machine(
                it["metadata"]["name"], makers.get(it["status"]["id"], ""), {snapshot["id"] for snapshot in it["status"].get("snapshots", [])},
                {disk["name"] for disk in it["spec"].get("disks", [])}, (loose or {}).get(it["metadata"]["name"], set()))
            for it in self.manager.list("vm") if it["spec"]["providerRef"]["name"] == "kvm"}
        return problems(self.provider, self.bed, world)

    # What was counted.

    def told(self) -> dict[str, dict[str, int]]:
        """Operations by kind and outcome, as the manager's metrics have them."""
        samples = self.manager.samples()
        return {
            operation: counts for operation in OPERATIONS
            if (counts := {
                outcome: int(value) for outcome in ("success", "failure", "error")
                if (value := samples.get(("virtrigaud_vm_operations_total", tuple(sorted({**KVM, "operation": operation, "outcome": outcome}.items())))))})}

    def done(self) -> dict[str, dict[str, int]]:
        """The same, as the provider's journal has them."""
        found: dict[str, dict[str, int]] = collections.defaultdict(dict)
        for kind, is_good, count in self.provider.rows("SELECT kind, code = 0, count(*) FROM operations WHERE ended IS NOT NULL GROUP BY 1, 2"):
            found[kind]["success" if is_good else "failure"] = count
        return dict(found)

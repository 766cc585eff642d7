"""`martlet-manager provider libvirt` on a libvirt bed as a manager meets it, and what its hypervisor has, seen past it and held against what was asked for."""

from __future__ import annotations

import collections
import json
import os
import signal
import sqlite3
import subprocess
import time
import xml.etree.ElementTree as xml
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import grpc
from conftest import DEBUG, Program, Start, fetch, free_port
from libvirt_bed import LibvirtBed
from prometheus_client.parser import text_string_to_metric_families

MANAGER = Path(os.environ.get("MARTLET_MANAGER", DEBUG / "martlet-manager"))
MARK = "{urn:martlet:provider:1}"
RECORD = ".martlet"


@dataclass
class Machine:
    """As it must be: by what its client was told."""

    name: str
    # Of the operation that made it.
    task: str
    snapshots: set[str] = field(default_factory=set)
    # Names of those beside the first; and of those that a revert took from it and that are its own still.
    disks: set[str] = field(default_factory=set)
    loose: set[str] = field(default_factory=set)


@dataclass
class Order:
    """A call that began an operation, and the answer."""

    kind: str
    method: str
    request: Any
    key: str
    answer: Any = None
    # The machine that it is about, and what else it is about: a source, a snapshot, a disk.
    machine: str = ""
    about: str = ""
    end: Any = None

    @property
    def task(self) -> str:
        return str(self.answer.task.id) if self.answer else ""

    def other(self) -> Any:
        """Another request of the same kind; None where that would be about another machine."""
        for name in ("name", "target_name", "name_hint"):
            if name in self.request.DESCRIPTOR.fields_by_name:
                changed = type(self.request)()
                changed.CopyFrom(self.request)
                setattr(changed, name, getattr(changed, name) + "-other")
                return changed
        return None


class Provider:
    """The provider, which may be ended at any time and begun again on the same journal."""

    def __init__(self, start: Start, folder: Path, bed: LibvirtBed, messages: dict[str, ModuleType]) -> None:
        self.start, self.folder, self.bed = start, folder, bed
        self.pb, self.grpc, self.tasks_pb, self.tasks_grpc = (messages[name] for name in ("provider", "provider_grpc", "tasks", "tasks_grpc"))
        self.url = f"http://127.0.0.1:{free_port()}"
        self.socket, self.state = folder / "provider.sock", folder / "state"
        self.channel: grpc.Channel | None = None
        self.begin()

    def launch(self) -> None:
        self.program: Program = self.start(
            MANAGER, "provider", "libvirt", "--libvirt.uri", self.bed.uri, "--libvirt.domain-type", "qemu", "--libvirt.image-sources", "127.0.0.1", "--provider.state-dir", self.state,
            "--grpc.socket", self.socket, "--web.listen-address", self.url.removeprefix("http://"))

    def begin(self) -> None:
        self.launch()
        self.program.wait_until(self.url + "/ready", 60)
        self.channel = grpc.insecure_channel(f"unix:{self.socket}", [("grpc.use_local_subchannel_pool", 1)])
        self.stub, self.tasks = self.grpc.ProviderStub(self.channel), self.tasks_grpc.TasksStub(self.channel)

    def kill(self) -> None:
        self.program.process.send_signal(signal.SIGKILL)
        self.program.process.wait(20)
        if self.channel:
            self.channel.close()
            self.channel = None

    def call(self, order: Order) -> Any:
        """The answer that will be."""
        return getattr(self.stub, order.method).future(order.request, metadata=[("martlet-idempotency-key", order.key)], timeout=20)

    def task(self, identifier: str) -> Any:
        return self.tasks.Get(self.tasks_pb.GetTaskRequest(id=identifier), timeout=10)

    def live(self) -> list[Any]:
        """Operations that are not over."""
        states = [getattr(self.tasks_pb, f"TASK_STATE_{name}") for name in ("QUEUED", "RUNNING", "CANCELLING")]
        return list(self.tasks.List(self.tasks_pb.ListTasksRequest(states=states), timeout=10).tasks)

    def wait_for_ends(self, seconds: float) -> list[Any]:
        """What is not over after that time."""
        until = time.monotonic() + seconds
        while (left := self.live()) and time.monotonic() < until:
            time.sleep(0.1)
        return left

    def done(self, order: Order, seconds: float = 120) -> Order:
        """Begins an operation that must succeed, and waits for its end."""
        order.answer = self.call(order).result()
        until = time.monotonic() + seconds
        order.end = self.task(order.task)
        while not order.end.finished_unix_seconds:
            assert time.monotonic() < until, f"{order.kind}: {order.end}"
            time.sleep(0.02)
            order.end = self.task(order.task)
        assert order.end.state == self.tasks_pb.TASK_STATE_SUCCEEDED, f"{order.kind}: {order.end}\n{self.program.output[-2000:]}"
        return order

    def counted(self) -> float:
        """Operations that were counted, whatever became of them."""
        families = text_string_to_metric_families(fetch(self.url + "/metrics").text)
        return sum(sample.value for family in families for sample in family.samples if sample.name == "virtrigaud_vm_operations_total")

    def rows(self, query: str) -> list[Any]:
        """Of its journal, whether it runs or not."""
        with sqlite3.connect(f"file:{self.state / 'tasks.db'}?mode=ro", uri=True) as connection:
            return connection.execute(query).fetchall()


def chain(path: str) -> list[dict[str, Any]]:
    """A disk and what it stands upon."""
    done = subprocess.run(["qemu-img", "info", "-U", "--backing-chain", "--output=json", path], capture_output=True, text=True, timeout=60)
    return list(json.loads(done.stdout)) if done.returncode == 0 else []


class Domain:
    """What libvirt has of a machine, and the files below it."""

    def __init__(self, bed: LibvirtBed, uuid: str) -> None:
        self.now = xml.fromstring(bed.virsh("dumpxml", uuid))
        self.next = xml.fromstring(bed.virsh("dumpxml", "--inactive", uuid))
        self.name = self.now.findtext("name") or ""
        self.state = bed.state(uuid)
        self.snapshots = sorted(bed.virsh("snapshot-list", uuid, "--name").split())
        mark = self.next.find(f"metadata/{MARK}machine")
        self.operation = "" if mark is None else mark.get("operation", "")
        self.volumes, self.volumes_now = ([volume.get("name", "") for volume in view.findall(f"metadata/{MARK}machine/{MARK}volume")] for view in (self.next, self.now))
        self.paths = sorted({source.get("file", "") for view in (self.now, self.next) for source in view.findall("devices/disk/source")})
        self.chains = {path: chain(path) for path in self.paths}

    @property
    def root(self) -> str:
        return next(source.get("file", "") for source in self.now.findall("devices/disk/source"))

    @property
    def files(self) -> set[str]:
        return {str(image["filename"]) for images in self.chains.values() for image in images}

    def serials(self) -> list[list[str]]:
        """Names of the disks beside the first, now and at the next start."""
        return [sorted(disk.findtext("serial") or "" for disk in view.findall("devices/disk") if disk.find("serial") is not None) for view in (self.now, self.next)]


def problems(provider: Provider, bed: LibvirtBed, world: dict[str, Machine], orders: Iterable[Order] = ()) -> list[str]:
    """In what provider and hypervisor are not as the client was told. Nothing must be under way."""
    found: list[str] = []
    for order in orders:
        found += _of_order(provider, order)
    bed.virsh("pool-refresh", "default")
    domains = {uuid: Domain(bed, uuid) for uuid in bed.virsh("list", "--all", "--uuid").split()}
    listed = sorted((machine.id, machine.name) for machine in provider.stub.ListVMs(provider.pb.ListVMsRequest(), timeout=30).vms)
    if listed != sorted((uuid, domain.name) for uuid, domain in domains.items()):
        found.append(f"ListVMs says {listed}, virsh {[(uuid, domain.name) for uuid, domain in domains.items()]}")
    found += [f"the machine {machine.name} ({uuid}) is gone" for uuid, machine in world.items() if uuid not in domains]
    found += [f"the machine {domain.name} ({uuid}), marked {domain.operation}, is nobody's" for uuid, domain in domains.items() if uuid not in world]
    makers = collections.Counter(domain.operation for domain in domains.values())
    found += [f"{times} machines are of operation {operation}" for operation, times in makers.items() if times > 1]
    for uuid in world.keys() & domains.keys():
        found += _of_machine(world[uuid], domains[uuid])

    # Each file belongs to a machine, to a mark, or is an image that is whole.
    folder = bed.images
    files = {path.name for path in folder.iterdir()}
    images: set[str] = set()
    for name in files:
        if name.endswith(RECORD):
            text = (folder / name).read_text(errors="replace")
            record = json.loads(text[: text.rindex("}") + 1]) if "}" in text else {}
            if record.get("ready"):
                images |= {name, name.removesuffix(RECORD)}
            else:
                found.append(f"the record {name} is of an image that is not whole: {record}")
    used = {Path(path).name for domain in domains.values() for path in domain.files} | {name for domain in domains.values() for name in domain.volumes}
    found += [f"the volume {name} is of no machine and no image" for name in sorted(files - used - images)]
    found += [f"the volume {name} is gone" for name in sorted((used | images) - files)]
    volumes = {line.split()[0] for line in bed.virsh("vol-list", "default").splitlines() if line.strip()}
    if volumes != files:
        found.append(f"of the files in the pool libvirt has {sorted(volumes ^ files)} or not")
    for uuid, domain in domains.items():
        own = {Path(path).name for path in domain.files} - images
        if uuid in world and not own <= set(domain.volumes):
            found.append(f"the machine {domain.name} stands on {sorted(own - set(domain.volumes))}, and its mark does not say so")

    # In the journal once, ended once, counted once.
    (count, ended, tokens, keyed) = provider.rows("SELECT count(*), count(ended), count(DISTINCT token), count(token) FROM operations")[0]
    if not count == ended or tokens != keyed or provider.counted() != count:
        found.append(f"{count} operations, of which {ended} have ended, {tokens} tokens of {keyed}, and {provider.counted()} were counted")
    return found


def _of_order(provider: Provider, order: Order) -> list[str]:
    found, what = [], f"{order.kind} {order.task}"
    try:
        again = provider.call(order).result()
        if again != order.answer:
            found.append(f"{what}: the same key got another answer: {again} after {order.answer}")
        other = order.other()
        if other is not None:
            try:
                answer = provider.call(Order(order.kind, order.method, other, order.key)).result()
                found.append(f"{what}: its key was taken for another request, with the answer {answer}")
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.INVALID_ARGUMENT:
                    found.append(f"{what}: its key with another request ends with {error.code()}: {error.details()}")
        order.end = provider.task(order.task)
        status = provider.stub.TaskStatus(provider.pb.TaskStatusRequest(task=provider.pb.TaskRef(id=order.task)), timeout=10)
    except grpc.RpcError as error:
        return [*found, f"{what}: cannot be asked for: {error.code()}: {error.details()}"]
    state = provider.tasks_pb.TaskState.Name(order.end.state)
    names = {code.value[0]: code.name for code in grpc.StatusCode}
    if state == "TASK_STATE_SUCCEEDED":
        if order.end.code or order.end.error or not status.done or status.error:
            found.append(f"{what}: succeeded, and yet {order.end}{status}")
    elif state == "TASK_STATE_FAILED":
        if not order.end.code or not order.end.error or not status.done or not status.error.startswith(names[order.end.code] + ": "):
            found.append(f"{what}: failed, and does not say why: {order.end}{status}")
    else:
        found.append(f"{what}: has no end but {state}")
    return found


def _of_machine(machine: Machine, domain: Domain) -> list[str]:
    found, what = [], f"the machine {machine.name}"
    if domain.name != machine.name:
        found.append(f"{what} is called {domain.name}")
    if domain.operation != machine.task:
        found.append(f"{what} is marked {domain.operation}, and was made by {machine.task}")
    if set(domain.snapshots) != machine.snapshots:
        found.append(f"{what} has the snapshots {domain.snapshots}, must have {sorted(machine.snapshots)}")
    # Of a disk without its domain's word for it nobody would ever know.
    inside = {snapshot["name"] for snapshot in (domain.chains[domain.root] or [{}])[0].get("snapshots", [])}
    if inside != set(domain.snapshots):
        found.append(f"the first disk of {machine.name} has the snapshots {sorted(inside)} within, and libvirt knows {domain.snapshots}")
    for serials in domain.serials():
        if serials != sorted(machine.disks):
            found.append(f"{what} has the disks {serials}, must have {sorted(machine.disks)}")
    if domain.volumes != domain.volumes_now:
        found.append(f"the mark of {machine.name} has {domain.volumes_now} now and {domain.volumes} at the next start")
    if len(set(domain.volumes)) != len(domain.volumes):
        found.append(f"the mark of {machine.name} has a volume twice: {domain.volumes}")
    attached = {Path(path).name for path in domain.files}
    if loose := [name for name in domain.volumes if name not in attached and not any(f"disk-{disk}." in name for disk in machine.loose)]:
        found.append(f"the mark of {machine.name} has {loose}, which it has not")
    found += [f"{what} has a disk that cannot be read: {path}" for path, images in domain.chains.items() if not images]
    return found

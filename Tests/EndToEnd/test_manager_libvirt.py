"""The manager, end to end: objects applied with kubectl become machines of a real libvirtd with real guests in them, and change and go as the objects do."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import threading
import time
import xml.etree.ElementTree as xml
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from conftest import Start, wait_for
from guest_image import guest_image
from guest_image import reason_not_to as reason_without_image
from libvirt_bed import LibvirtBed, paused, reason_not_to
from libvirt_provider import MANAGER
from manager import Hypervisor, condition, debian, thing
from manager import machine as simulated_machine
from manager_on_libvirt import KVM, ManagedLibvirt, empty_image, machine, machine_spec, served, size
from protos import generate

REASON = reason_not_to() or reason_without_image() or (None if MANAGER.exists() else f"{MANAGER} is missing; swift build --product martlet-manager makes it")
pytestmark = [pytest.mark.alone, pytest.mark.skipif(REASON is not None, reason=str(REASON))]
GIB = 1 << 30
OPEN = "SELECT kind, step FROM operations WHERE ended IS NULL"


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModuleType]:
    return generate(tmp_path_factory.mktemp("protos"))


@pytest.fixture
def guests(start: Start, tmp_path: Path, messages: dict[str, ModuleType]) -> Iterator[ManagedLibvirt]:
    """Machines with a system in them."""
    with LibvirtBed(tmp_path / "bed") as bed, served(guest_image()) as image:
        yield ManagedLibvirt(start, bed, messages, image)


def sizes(domain: xml.Element) -> tuple[int, int]:
    """Processors and MiB."""
    cpus = domain.find("vcpu")
    assert cpus is not None and cpus.text
    return int(cpus.get("current", cpus.text)), int(domain.findtext("currentMemory") or 0) >> 10


@pytest.mark.e2e
def test_a_machines_life(guests: ManagedLibvirt) -> None:
    manager, bed = guests.manager, guests.bed
    manager.apply(size("large", "160Mi", cpu=2, disk="2Gi"), machine("web1", disks=[{"name": "data", "sizeGiB": 1}]))
    assert "condition met" in manager.kubectl("wait", "--for=condition=Ready", "vm/web1", "--timeout=60s", seconds=70)
    assert bed.state("web1") == "running"

    # An address of the guest's own, by which it answers.
    web1 = manager.until("vm", "web1", lambda it: it["status"].get("ips"), 180)
    address = web1["status"]["ips"][0]
    assert address == bed.address("web1") and address in manager.kubectl("get", "vm", "web1")
    assert web1["status"]["powerState"] == "On" and web1["status"]["phase"] == "Running" and web1["status"]["id"] == bed.virsh("domuuid", "web1")
    assert web1["status"]["currentResources"] == {"cpu": 1, "memoryMiB": 96}
    assert guests.answers(address), address
    assert guests.disk_bytes("web1") == GIB and guests.disk_bytes("web1", "data") == GIB and guests.problems() == []

    # Resized: disks at once, the rest from its next start on, as its class allows no more.
    manager.kubectl("patch", "vm", "web1", "--type=merge", "-p", '{"spec":{"classRef":{"name":"large"},"disks":[{"name":"data","sizeGiB":2},{"name":"logs","sizeGiB":1}]}}')
    manager.until("vm", "web1", lambda it: condition(it, "Reconfiguring").get("reason") == "WaitsForRestart" and condition(it, "Ready")["status"] == "True", 60)
    assert [guests.disk_bytes("web1", disk) for disk in (None, "data", "logs")] == [2 * GIB, 2 * GIB, GIB]
    assert sizes(bed.description("web1")) == (1, 96) and sizes(guests.domains()["web1"].next) == (2, 160)
    # A manager that knows it by its list alone says the same of it, and changes nothing once more.
    manager.kill()
    manager.begin()
    until = time.monotonic() + 5
    while time.monotonic() < until:
        assert condition(manager.get("vm", "web1"), "Reconfiguring")["reason"] == "WaitsForRestart"

    # Off as the guest does it itself, and on again.
    manager.kubectl("patch", "vm", "web1", "--type=merge", "-p", '{"spec":{"powerState":"OffGraceful"}}')
    manager.until("vm", "web1", lambda it: it["status"]["phase"] == "Stopped" and condition(it, "Ready")["status"] == "True", 60)
    assert bed.virsh("domstate", "web1", "--reason") == "shut off (shutdown)" and "ips" not in manager.get("vm", "web1")["status"]
    manager.kubectl("patch", "vm", "web1", "--type=merge", "-p", '{"spec":{"powerState":"On"}}')
    web1 = manager.until("vm", "web1", lambda it: it["status"].get("ips") and it["status"]["phase"] == "Running" and condition(it, "Ready")["status"] == "True", 180)
    assert sizes(bed.description("web1")) == (2, 160) and web1["status"]["currentResources"] == {"cpu": 2, "memoryMiB": 160}
    assert not condition(web1, "Reconfiguring") and guests.problems() == []

    wait_for(lambda: guests.agent("web1", "guest-ping").returncode == 0, 120, "the guest has started")
    # A snapshot, and back to it.
    manager.apply(thing("VMSnapshot", "before", vmRef={"name": "web1"}, snapshotConfig={"includeMemory": True}))
    manager.kubectl("wait", "--for=condition=Ready", "vmsnapshot/before", "--timeout=120s", seconds=130)
    before = manager.get("vmsnapshot", "before")
    assert bed.virsh("snapshot-list", "web1", "--name").split() == [before["status"]["snapshotID"]]
    manager.until("vm", "web1", lambda it: [snapshot["name"] for snapshot in it["status"].get("snapshots", [])] == ["before"])
    assert guests.problems() == []
    guests.leave_mark("web1")
    assert guests.has_mark("web1")
    manager.kubectl("patch", "vm", "web1", "--type=merge", "-p", '{"spec":{"snapshot":{"revertToRef":{"name":"before"}}}}')
    manager.until("vm", "web1", lambda it: it["status"].get("revertedTo") and condition(it, "Ready")["status"] == "True", 120)
    # What the guest had in its memory then is what it has, and it runs on from there.
    assert bed.state("web1") == "running" and not guests.has_mark("web1") and guests.answers(address) and guests.problems() == []

    # A second machine, with a disk and an identity of its own: of one that is off.
    manager.kubectl("patch", "vm", "web1", "--type=merge", "-p", '{"spec":{"powerState":"Off"}}')
    manager.until("vm", "web1", lambda it: it["status"]["phase"] == "Stopped" and condition(it, "Ready")["status"] == "True", 60)
    manager.apply(thing("VMClone", "twin", source={"vmRef": {"name": "web1"}}, target={"name": "web2"}, options={"type": "FullClone", "powerOn": True}))
    manager.kubectl("wait", "--for=condition=Ready", "vmclone/twin", "--timeout=180s", seconds=190)
    web2 = manager.until("vm", "web2", lambda it: it["status"].get("ips"), 180)
    one, two = (guests.domains()[name] for name in ("web1", "web2"))
    assert web2["status"]["id"] == bed.virsh("domuuid", "web2") != web1["status"]["id"] and web2["metadata"]["uid"] != web1["metadata"]["uid"]
    assert not set(one.volumes) & set(two.volumes) and len(two.volumes) == len(one.volumes)
    assert guests.answers(web2["status"]["ips"][0])
    assert guests.problems() == []

    # All goes, and nothing is left.
    manager.kubectl("delete", "vmclone/twin", "vmsnapshot/before", "--timeout=60s", seconds=70)
    assert bed.virsh("snapshot-list", "web1", "--name") == "" and guests.names() == ["web1", "web2"]
    manager.kubectl("delete", "vm/web1", "vm/web2", "--timeout=120s", seconds=130)
    assert guests.names() == [] and guests.volumes() == [] and guests.problems() == []

    done = {"ImagePrepare": 1, "Create": 1, "Reconfigure": 1, "Power": 4, "SnapshotCreate": 1, "SnapshotRevert": 1, "Clone": 1, "SnapshotDelete": 1, "Delete": 2}
    assert guests.told() == guests.done() == {operation: {"success": count} for operation, count in done.items()}
    for operation, count in done.items():
        assert manager.value("virtrigaud_vm_operations_duration_seconds_count", operation=operation, **KVM) == count, operation
    assert (manager.value("virtrigaud_ip_discovery_duration_seconds_count", provider_type="libvirt") or 0) >= 2
    assert manager.value("virtrigaud_provider_tasks_inflight", **KVM) == 0 and manager.value("virtrigaud_provider_healthy", **KVM) == 1


@pytest.mark.e2e
def test_a_machine_grows_while_it_runs(guests: ManagedLibvirt) -> None:
    manager, bed = guests.manager, guests.bed
    hot = {"cpuHotAddEnabled": True, "memoryHotAddEnabled": True}
    manager.apply(size("hot", "96Mi", performanceProfile=hot), machine("web1", classRef={"name": "hot"}))
    manager.until("vm", "web1", lambda it: it["status"].get("ips"), 180)
    qemu = bed.qemu("web1")
    # Its class changes, and it with it.
    manager.apply(size("hot", "160Mi", cpu=2, performanceProfile=hot))
    web1 = manager.until("vm", "web1", lambda it: it["status"]["currentResources"] == {"cpu": 2, "memoryMiB": 160} and condition(it, "Ready")["status"] == "True", 60)
    # The guest takes the memory in its own time.
    wait_for(lambda: sizes(bed.description("web1")) == (2, 160), 60, "the guest has all its memory")
    assert sizes(guests.domains()["web1"].next) == (2, 160) and bed.qemu("web1") == qemu
    assert not condition(web1, "Reconfiguring") and guests.told()["Reconfigure"] == {"success": 1} and guests.problems() == []


class Watch:
    """How many machines of a set there were at the least and at the most: at each change of libvirt's that it told of itself, and at looks at the set's status."""

    def __init__(self, guests: ManagedLibvirt, name: str) -> None:
        self.guests, self.name = guests, name
        self.least_available, self.looks, self.changes = 1000, 0, 0
        self.running, self.defined = guests.running(), set(guests.names())
        self.least_running, self.most_defined = len(self.running), len(self.defined)
        self.is_heard = threading.Event()
        self.events = subprocess.Popen(
            ["virsh", "--quiet", "-c", guests.bed.uri, "event", "--event", "lifecycle", "--loop"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        # Whoever hears of this one hears of all that follow.
        disk = guests.bed.folder / "probe.img"
        disk.touch()
        while not self.is_heard.wait(0.1):
            guests.bed.define("probe", disk, start=False)
            guests.bed.virsh("undefine", "probe")

    def _read(self) -> None:
        assert self.events.stdout
        for line in self.events.stdout:
            if not (found := re.match(r"event 'lifecycle' for domain '(.+)': (\w+)", line)):
                continue
            name, what = found.groups()
            if name == "probe":
                self.is_heard.set()
                continue
            self.changes += 1
            match what:
                case "Started" | "Resumed": self.running.add(name)
                case "Stopped" | "Shutdown" | "Crashed" | "Suspended": self.running.discard(name)
                case "Defined": self.defined.add(name)
                case "Undefined": self.defined.discard(name)
            self.least_running, self.most_defined = min(self.least_running, len(self.running)), max(self.most_defined, len(self.defined))

    def until(self, holds: Callable[[dict[str, Any]], Any], seconds: float) -> dict[str, Any]:
        last: dict[str, Any] = {}

        def seen() -> bool:
            last.clear()
            last.update(self.guests.manager.get("vmset", self.name))
            self.least_available, self.looks = min(self.least_available, last["status"].get("availableReplicas", 0)), self.looks + 1
            return bool(holds(last))

        try:
            wait_for(seen, seconds, "the set is as it was wanted")
        except pytest.fail.Exception as error:
            raise AssertionError(f"{error}\n{json.dumps(last, indent=1)}") from None
        running = self.guests.running()
        wait_for(lambda: self.running == running, 10, f"libvirt told of all its changes: {self.running} of {running}")
        self.events.terminate()
        self.events.wait(10)
        self.reader.join(10)
        return last

    def __str__(self) -> str:
        return f"at {self.changes} changes and {self.looks} looks at least {self.least_running} running and {self.least_available} available, at most {self.most_defined} there"


def machines_of(name: str, replicas: int, away: int, **more: Any) -> dict[str, Any]:
    """A VMSet, of which so many may be away."""
    return thing(
        "VMSet", name, replicas=replicas, selector={"matchLabels": {"app": name}}, updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": away}},
        template={"metadata": {"labels": {"app": name}}, "spec": machine_spec(**more)})


def is_even(found: dict[str, Any]) -> bool:
    """Whether all machines are of the template that is wanted."""
    status, count = found["status"], found["spec"]["replicas"]
    return status.get("observedGeneration") == found["metadata"]["generation"] and condition(found, "Ready").get("status") == "True" and status["updatedReplicas"] == status["availableReplicas"] == count


@pytest.mark.e2e
def test_a_set_grows_and_rolls(guests: ManagedLibvirt) -> None:
    manager, bed = guests.manager, guests.bed
    watch = Watch(guests, "web")
    manager.apply(size("large", "128Mi", cpu=2), machines_of("web", 3, 1))
    watch.until(is_even, 120)
    assert guests.names() == ["web-0", "web-1", "web-2"] == sorted(guests.running())
    watch = Watch(guests, "web")
    manager.kubectl("scale", "vmset/web", "--replicas=5")
    watch.until(is_even, 120)
    names = [f"web-{number}" for number in range(5)]
    assert guests.names() == names == sorted(guests.running()) and watch.least_available == watch.least_running == 3, str(watch)
    first = {name: bed.virsh("domuuid", name) for name in names}

    # What can be changed is changed where it is.
    watch = Watch(guests, "web")
    manager.apply(machines_of("web", 5, 2, classRef={"name": "large"}))
    watch.until(is_even, 180)
    print(f"changed: {watch}")
    assert watch.least_available >= 3 and watch.least_running == watch.most_defined == 5
    assert {name: bed.virsh("domuuid", name) for name in names} == first
    assert all(sizes(domain.next) == (2, 128) for domain in guests.domains().values())

    # What cannot is made anew, one after the other.
    watch = Watch(guests, "web")
    manager.apply(machines_of("web", 5, 1, classRef={"name": "large"}, userData={"cloudInit": {"inline": "#cloud-config\n# second\n"}}))
    last = watch.until(is_even, 300)
    print(f"replaced: {watch}")
    assert watch.least_available >= 4 and watch.least_running == 4 and watch.most_defined == 5
    second = {name: bed.virsh("domuuid", name) for name in names}
    assert guests.names() == names == sorted(guests.running()) and not set(first.values()) & set(second.values())
    assert all(sizes(domain.now) == (2, 128) for domain in guests.domains().values()) and guests.problems() == []
    assert last["status"]["currentRevision"] == last["status"]["updateRevision"]

    watch = Watch(guests, "web")
    manager.kubectl("scale", "vmset/web", "--replicas=0")
    watch.until(is_even, 120)
    assert guests.names() == [] and guests.volumes() == []
    manager.delete("vmset", "web")
    assert manager.list("vmset") == [] and manager.list("vm") == [] and guests.problems() == []
    done = {"ImagePrepare": 1, "Create": 10, "Reconfigure": 5, "Delete": 10}
    assert guests.told() == guests.done() == {operation: {"success": count} for operation, count in done.items()}


class People:
    """They make, change, switch and delete machines; `wanted` is what their manifests say."""

    def __init__(self, bed: ManagedLibvirt, chance: random.Random) -> None:
        self.bed, self.chance = bed, chance
        self.wanted: dict[str, dict[str, Any]] = {}
        # Of each machine, those that were asked for.
        self.snapshots: dict[str, set[str]] = {}
        self.last = 0

    def act(self) -> str:
        if len(self.wanted) < 4 or self.chance.random() < 0.25 and len(self.wanted) < 8:
            self.last += 1
            self.wanted[f"vm{self.last}"], self.snapshots[f"vm{self.last}"] = {}, set()
            return f"make vm{self.last}"
        name = self.chance.choice(sorted(self.wanted))
        spec, snapshots = self.wanted[name], self.snapshots[name]
        match self.chance.randrange(6):
            case 0:
                del self.wanted[name], self.snapshots[name]
                self.bed.manager.kubectl("delete", "vm", name, "--wait=false", "--ignore-not-found")
                return f"delete {name}"
            case 1: spec["resources"] = {"cpu": self.chance.randint(1, 4)}
            case 2: spec["classRef"] = {"name": self.chance.choice(["small", "large"])}
            case 3 if snapshots and self.chance.random() < 0.4:
                old = min(snapshots)
                snapshots.remove(old)
                self.bed.manager.kubectl("delete", "vmsnapshot", old, "--wait=false")
                return f"delete {old}"
            case 3:
                self.last += 1
                snapshots.add(f"{name}-at-{self.last:03}")
            case 4: spec["powerState"] = self.chance.choice(["On", "Off"])
            case _: spec["disks"] = [{"name": "data", "sizeGiB": spec.get("disks", [{"sizeGiB": 0}])[0]["sizeGiB"] + 1}]
        return f"{name} {spec} {sorted(snapshots)}"

    def apply(self) -> None:
        snapshots = [thing("VMSnapshot", name, vmRef={"name": of}) for of, names in self.snapshots.items() for name in names]
        self.bed.manager.apply(*(machine(name, **spec) for name, spec in self.wanted.items()), *snapshots)

    def settled(self) -> bool:
        manager = self.bed.manager
        machines, snapshots = ({it["metadata"]["name"]: it for it in manager.list(kind)} for kind in ("vm", "vmsnapshot"))
        return (
            machines.keys() == self.wanted.keys() and snapshots.keys() == set().union(*self.snapshots.values())
            and all(condition(it, "Ready").get("status") == "True" and it["status"].get("observedGeneration") == it["metadata"]["generation"] for it in [*machines.values(), *snapshots.values()])
            and all({it["name"] for it in one["status"].get("snapshots", [])} == self.snapshots[name] for name, one in machines.items())
            and manager.value("virtrigaud_provider_tasks_inflight", **KVM) == 0)

    def unsettled(self) -> str:
        listed = "\n".join(self.bed.manager.kubectl("get", kind, "-A", "-o", "wide") for kind in ("vm", "vmsnapshot"))
        failed = [(it["spec"]["operation"], it["spec"]["targetRef"]["name"], it["status"].get("message")) for it in self.bed.manager.list("vmoperation") if it["status"].get("outcome") != "success"]
        return f"wanted: {self.wanted} {self.snapshots}\n{listed}\n{failed}"

    def faults(self) -> list[str]:
        """In what libvirt has of these machines."""
        domains = self.bed.domains()
        found = [f"there are {sorted(domains)}, and wanted are {sorted(self.wanted)}"] if domains.keys() != self.wanted.keys() else []
        for name, spec in self.wanted.items():
            if domain := domains.get(name):
                large = spec.get("classRef", {}).get("name") == "large"
                size = (spec.get("resources", {}).get("cpu", 2 if large else 1), 64 if large else 32)
                disks = [disk["sizeGiB"] * GIB for disk in spec.get("disks", [])]
                has = [self.bed.disk_bytes(name, "data") for serial in domain.serials()[0] if serial == "data"]
                power = "running" if spec.get("powerState", "On") == "On" else "shut off"
                found_here, wanted_here = (sizes(domain.next), has, domain.state, len(domain.snapshots)), (size, disks, power, len(self.snapshots[name]))
                if found_here != wanted_here:
                    found.append(f"{name} has {found_here}, and wanted is {wanted_here}")
        return found


@pytest.mark.soak
@pytest.mark.parametrize("others", [False, True], ids=["alone", "with others"])
def test_the_manager_is_killed_while_libvirt_works(start: Start, tmp_path: Path, messages: dict[str, ModuleType], others: bool) -> None:
    """In the end there are exactly the machines that the manifests say, and each operation was counted once. `others` are the provider and the daemon, now and then."""
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 30)))
    print(f"seed {seed}")
    chance, kills = random.Random(seed), int(os.environ.get("MANAGER_KILLS_LIBVIRT", "10"))
    with LibvirtBed(tmp_path / "bed") as libvirt, served(empty_image(tmp_path)) as image:
        bed = ManagedLibvirt(start, libvirt, messages, image, memory="32Mi")
        bed.manager.apply(size("large", "64Mi", cpu=2))
        people = People(bed, chance)
        under_way = 0
        for number in range(kills):
            said = [people.act() for _ in range(chance.randint(1, 4))]
            people.apply()
            moment = time.monotonic() + chance.uniform(0, 2.5)
            if chance.random() < 0.7:
                # Soon after something has begun: mostly it is over within a second.
                while not bed.provider.rows(OPEN) and time.monotonic() < moment:
                    time.sleep(0.002)
                moment = min(moment, time.monotonic() + chance.choice([0, chance.uniform(0, 0.5)]))
            time.sleep(max(0, moment - time.monotonic()))
            bed.manager.kill()
            open_now = bed.provider.rows(OPEN)
            under_way += bool(open_now)
            fate = chance.random() if others else 1
            if fate < 0.3:
                bed.provider.kill()
                bed.provider.begin()
            elif fate < 0.5:
                libvirt.restart(signal.SIGKILL)
            print(f"kill {number + 1}{' with the provider' if fate < 0.3 else ' with libvirtd' if fate < 0.5 else ''}: {said}; under way {open_now}", flush=True)
            time.sleep(chance.choice([0, 0, chance.uniform(0, 2)]))
            bed.manager.begin(wait=False)
            bed.manager.program.wait_until(bed.manager.url + "/health")
            # Now and then it dies again before it has begun.
            if chance.random() < 0.2:
                time.sleep(chance.uniform(0, 0.3))
                bed.manager.kill()
                bed.manager.begin(wait=False)
            bed.manager.program.wait_until(bed.manager.url + "/ready")

        try:
            wait_for(people.settled, 180, "every machine is as its manifest says")
        except pytest.fail.Exception as error:
            raise AssertionError(f"seed {seed}: {error}\n{people.unsettled()}") from None
        assert people.faults() + bed.problems() == [], f"seed {seed}"
        told, done = bed.told(), bed.done()
        print(f"{kills} kills, at {under_way} of which libvirt was at work; {len(people.wanted)} machines in the end, operations {told}")
        assert told == done, f"seed {seed}"
        assert sum(sum(counts.values()) for counts in told.values()) == bed.provider.counted() == len(bed.manager.list("vmoperation"))


@pytest.mark.e2e
@pytest.mark.parametrize("trouble", ["hangs", "dies"])
def test_a_hypervisor_that_hangs_or_dies_is_named_and_heals(start: Start, tmp_path: Path, messages: dict[str, ModuleType], trouble: str) -> None:
    with LibvirtBed(tmp_path / "bed") as libvirt, served(empty_image(tmp_path)) as image:
        bed = ManagedLibvirt(start, libvirt, messages, image, memory="32Mi")
        manager = bed.manager
        sim = Hypervisor(start, tmp_path, "sim")
        manager.apply(sim.object, debian(), machine("before"))
        manager.until_ready("vm", "before", 60)
        with ExitStack() as healing:
            if trouble == "hangs":
                healing.enter_context(libvirt.hung())
            else:
                libvirt.stop_daemon(signal.SIGKILL)
                healing.callback(libvirt.start)
            began = time.monotonic()
            manager.apply(machine("during"), simulated_machine("elsewhere"))
            manager.delete("vm", "before", wait=False)
            manager.until_ready("vm", "elsewhere", 10)
            provider = manager.until("provider", "kvm", lambda it: it["status"].get("healthy") is False, 30)
            said, named = condition(provider, "Healthy"), time.monotonic() - began
            assert (said["reason"], said["status"]) == ("Timeout" if trouble == "hangs" else "ConnectionFailed", "False")
            assert ("did not answer" if trouble == "hangs" else "Connection refused; check the URI, and whether libvirtd runs") in said["message"], said
            # Who waits for it says so, whether nobody has heard of it yet or it is to go.
            during = manager.until("vm", "during", lambda it: condition(it, "Ready").get("reason") == "ProviderError", 60)
            why = condition(during, "Ready")["message"]
            assert during["status"]["phase"] == "Provisioning" and ("answer" in why or "cannot be asked" in why), during
            before = manager.until("vm", "before", lambda it: condition(it, "Deleting").get("reason") == "ProviderError", 60)
            assert condition(before, "Ready")["status"] == "False", before
            wait_for(lambda: manager.value("virtrigaud_circuit_breaker_state", **KVM) == 2, 60, "the breaker opens")
            assert manager.value("virtrigaud_provider_healthy", **KVM) == 0
            # The other hypervisor's machines are made, changed and removed meanwhile as ever.
            manager.apply(simulated_machine("later"), simulated_machine("elsewhere", resources={"cpu": 2}))
            manager.until_ready("vm", "later", 10)
            manager.until("vm", "elsewhere", lambda it: it["status"]["currentResources"]["cpu"] == 2, 10)
            manager.delete("vm", "elsewhere", "later")
            assert bed.told() == {"Create": {"success": 1}, "ImagePrepare": {"success": 1}}
            print(f"it {trouble}: named after {named:.1f} s, and others went on")
        began = time.monotonic()
        manager.until_ready("vm", "during", 90)
        wait_for(lambda: bed.names() == ["during"], 90, "the machine that was to go has gone")
        manager.until("provider", "kvm", lambda it: it["status"].get("healthy") is True, 30)
        print(f"healed {time.monotonic() - began:.1f} s after it came back")
        wait_for(lambda: manager.value("virtrigaud_provider_tasks_inflight", **KVM) == 0, 30, "nothing is under way")
        assert bed.told() == bed.done() == {"Create": {"success": 2}, "Delete": {"success": 1}, "ImagePrepare": {"success": 1}}
        assert bed.problems() == []


@pytest.mark.e2e
def test_one_machine_that_hangs_holds_up_no_other(start: Start, tmp_path: Path, messages: dict[str, ModuleType]) -> None:
    with LibvirtBed(tmp_path / "bed") as libvirt, served(empty_image(tmp_path)) as image:
        bed = ManagedLibvirt(start, libvirt, messages, image, memory="32Mi")
        manager = bed.manager
        disks = [{"name": "data", "sizeGiB": 1}]
        manager.apply(machine("hung", disks=disks), machine("well"))
        for name in ("hung", "well"):
            manager.until_ready("vm", name, 60)
        with paused(libvirt.qemu("hung")):
            manager.apply(machine("hung", disks=[{"name": "data", "sizeGiB": 2}]), machine("well", disks=disks), machine("new"))
            for name in ("well", "new"):
                manager.until("vm", name, lambda it: it["status"].get("observedGeneration") == it["metadata"]["generation"] and condition(it, "Ready").get("status") == "True", 30)
            assert bed.disk_bytes("well", "data") == GIB
            manager.until("vm", "hung", lambda it: "did not answer in time" in condition(it, "Ready")["message"], 60)
            assert condition(manager.get("provider", "kvm"), "Healthy")["status"] == "True" and manager.value("virtrigaud_circuit_breaker_state", **KVM) == 0
            # It goes while it hangs.
            began = time.monotonic()
            manager.kubectl("delete", "vm", "hung", "--timeout=100s", seconds=110)
            print(f"deleted in {time.monotonic() - began:.1f} s")
            assert bed.names() == ["new", "well"] and bed.problems() == []
        assert bed.told()["Reconfigure"]["success"] == 1 and bed.told()["Delete"] == bed.done()["Delete"] == {"success": 1}


@pytest.mark.e2e
def test_an_image_that_somebody_removed_is_brought_again(start: Start, tmp_path: Path, messages: dict[str, ModuleType]) -> None:
    with LibvirtBed(tmp_path / "bed") as libvirt, served(empty_image(tmp_path)) as image:
        bed = ManagedLibvirt(start, libvirt, messages, image, memory="32Mi")
        bed.manager.apply(machine("before"))
        bed.manager.until_ready("vm", "before", 60)
        bed.manager.kubectl("delete", "vm", "before", "--timeout=60s", seconds=70)
        prepared = bed.done()["ImagePrepare"]
        for volume in (line.split()[0] for line in libvirt.virsh("vol-list", "default").splitlines() if ".img" in line):
            libvirt.virsh("vol-delete", volume, "default")
        # So long the provider's word counts.
        time.sleep(62)
        bed.manager.apply(machine("after"))
        bed.manager.until_ready("vm", "after", 60)
        assert prepared == {"success": 1} and bed.done()["ImagePrepare"] == {"success": 2} and bed.told()["Create"] == {"success": 2, "failure": 1}
        assert bed.problems() == []


@pytest.mark.e2e
def test_what_libvirt_refuses_is_said_where_it_was_asked_for(start: Start, tmp_path: Path, messages: dict[str, ModuleType]) -> None:
    with LibvirtBed(tmp_path / "bed") as libvirt, served(empty_image(tmp_path)) as image:
        bed = ManagedLibvirt(start, libvirt, messages, image, memory="32Mi")
        manager = bed.manager
        source = image["spec"]["source"]["libvirt"]
        manager.apply(
            thing("VMImage", "private", source={"libvirt": {**source, "url": source["url"].replace("127.0.0.1", "127.0.0.2")}}),
            thing("VMImage", "other", source={"libvirt": {**source, "checksum": "0" * 64}}),
            thing("VMNetworkAttachment", "bridged", network={"type": "bridged", "libvirt": {"bridge": {"name": "br0"}}}),
            machine("private", imageRef={"name": "private"}), machine("other", imageRef={"name": "other"}),
            machine("bridged", networks=[{"name": "lan", "networkRef": {"name": "bridged"}}]),
            machine("deaf", disks=[{"name": "data", "sizeGiB": 2}], lifecycle={"gracefulShutdownTimeout": "2s"}))
        manager.until_ready("vm", "deaf", 60)

        def refused(kind: str, name: str, *words: str, reason: str = "ProviderError") -> dict[str, Any]:
            return manager.until(kind, name, lambda it: (said := condition(it, "Ready")).get("reason") == reason and all(word in said["message"] for word in words), 30)

        refused("vmimage", "private", "default/kvm", "127.0.0.2", "libvirt.image_sources")
        refused("vm", "private", "VMImage default/private: is not on default/kvm yet", "127.0.0.2", reason="WaitingForDependencies")
        refused("vmimage", "other", "has sha256", "was expected")
        refused("vm", "other", "VMImage default/other", "was expected", reason="WaitingForDependencies")
        assert refused("vm", "bridged", "networks_json[0].bridge: br0 is no bridge that machines may be attached to")["status"]["phase"] == "Failed"

        # What runs is not cloned, and is when it is off.
        manager.apply(thing("VMClone", "twin", source={"vmRef": {"name": "deaf"}}, target={"name": "deaf2"}, options={"retryPolicy": {"maxRetries": 10, "retryDelay": "2s", "backoffMultiplier": 1}}))
        manager.until("vmclone", "twin", lambda it: "is running" in it["status"].get("message", ""), 30)

        # Another thing than was refused is done at once, however often that was tried in vain.
        def change(**spec: Any) -> None:
            manager.kubectl("patch", "vm", "deaf", "--type=merge", "-p", json.dumps({"spec": spec}))

        change(disks=[{"name": "data", "sizeGiB": 1}])
        refused("vm", "deaf", "a disk is never made smaller")
        change(disks=[{"name": "data", "sizeGiB": 3}])
        manager.until("vm", "deaf", lambda it: it["status"]["observedGeneration"] == it["metadata"]["generation"] and condition(it, "Ready")["status"] == "True", 10)
        assert bed.disk_bytes("deaf", "data") == 3 * GIB
        change(powerState="OffGraceful")
        refused("vm", "deaf", "was asked to end, and runs on")
        wait_for(lambda: bed.told()["Power"].get("failure", 0) == 2, 30, "it is asked once more")
        assert libvirt.state("deaf") == "running"
        change(powerState="Off")
        manager.until("vm", "deaf", lambda it: it["status"]["phase"] == "Stopped" and condition(it, "Ready")["status"] == "True", 8)
        manager.until_ready("vmclone", "twin", 60)
        assert bed.names() == ["deaf", "deaf2"] and bed.problems() == []

        # What nobody could make goes without a word to the hypervisor.
        manager.delete("vm", "private", "other", "bridged", "deaf", "deaf2")
        assert bed.names() == [] and bed.volumes() == [] and bed.told()["Delete"] == bed.done()["Delete"] == {"success": 2}

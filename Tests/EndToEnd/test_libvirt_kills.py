"""The libvirt provider is ended with SIGKILL at random moments of real work on a real libvirtd, started again, and what it and its hypervisor have is held against what
its client asked for. `test_provider_kills` does the same to simulated hypervisors, far more often."""

from __future__ import annotations

import collections
import contextlib
import functools
import http.server
import os
import random
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import grpc
import pytest
from conftest import Start
from libvirt_bed import LibvirtBed, reason_not_to
from libvirt_provider import MANAGER, Domain, Machine, Provider, problems
from libvirt_work import Changes, Client
from protos import generate

REASON = reason_not_to() or (None if MANAGER.exists() else f"{MANAGER} is missing; swift build --product martlet-manager makes it")
pytestmark = [pytest.mark.soak, pytest.mark.skipif(REASON is not None, reason=str(REASON))]

KILLS = int(os.environ.get("KILLS", "30"))
# For what is left of all operations after a start: libvirt may be at a copy still that a life before began.
SETTLE_SECONDS = 180
# All of it.
LIMIT_SECONDS = 14 * 60
MEGABYTES = 64


class Images(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, some 100 MB a second: a moment of an image's way must be there to be met."""

    def log_message(self, *_: object) -> None:
        pass

    def copyfile(self, source: Any, outputfile: Any) -> None:
        with contextlib.suppress(OSError):
            while piece := source.read(1 << 20):
                outputfile.write(piece)
                time.sleep(0.01)


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModuleType]:
    return generate(tmp_path_factory.mktemp("protos"))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A qcow2 with nothing to boot and much to copy, and where it is served."""
    folder = tmp_path_factory.mktemp("images")
    (folder / "raw").write_bytes(os.urandom(MEGABYTES << 20))
    subprocess.run(["qemu-img", "convert", "-f", "raw", "-O", "qcow2", folder / "raw", folder / "disk.qcow2"], check=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Images, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/disk.qcow2", folder / "disk.qcow2"
    server.shutdown()


class Kills:
    """Ends the provider in the middle of work, and finds out what came of it."""

    def __init__(self, client: Client, generator: random.Random) -> None:
        self.client, self.provider, self.generator = client, client.provider, generator
        self.seconds: dict[str, float] = {}
        self.changes: dict[str, int] = {}
        self.count = 0
        self.met: collections.Counter[str] = collections.Counter()
        self.ends: collections.Counter[str] = collections.Counter()

    def measure(self) -> list[str]:
        """Does each kind of work once in peace; how long it takes, and how often the hypervisor changes, is where moments are chosen from."""
        found = []
        for kind, make in self.client.kinds.items():
            order = make()
            changes, began = Changes(self.client.bed), time.monotonic()
            with ThreadPoolExecutor(1) as beside:
                end = beside.submit(self.provider.done, order)
                self.changes[kind] = changes.wait(1000, end.done)
                end.result()
            self.seconds[kind] = time.monotonic() - began
            self.client.settle(order)
            found += [f"in peace: {text}" for text in [*problems(self.provider, self.client.bed, self.client.world, [order]), *self.client.faults(order)]]
        return found

    def kill(self) -> list[Any]:
        """What was under way."""
        self.provider.kill()
        self.count += 1
        under_way = self.provider.rows("SELECT kind, variant, step, state FROM operations WHERE ended IS NULL")
        print(f"  kill {self.count}: {under_way or 'nothing under way'}")
        self.met.update([f"{kind} {variant}".strip() for kind, variant, _, _ in under_way] or ["nothing"])
        return under_way

    def round(self, kinds: tuple[str, str]) -> list[str]:
        orders = [self.client.kinds[kind]() for kind in kinds]
        # Within what one of the two takes, mostly: the other may be over, or far from it.
        chosen = self.generator.choice(kinds)
        moment, count = self.generator.uniform(0, 1.05 * self.seconds[chosen]), 1000
        if self.generator.random() < 0.6:
            moment, count = 1.5 * self.seconds[chosen], self.generator.randint(1, self.changes[chosen] + 1)
        changes = Changes(self.client.bed)
        end = time.monotonic() + moment
        answers = [self.provider.call(order) for order in orders]
        seen = changes.wait(count, lambda: time.monotonic() >= end)
        what = f"{' and '.join(kinds)}, after {moment - max(0, end - time.monotonic()):.3f} s and {seen} changes"
        print(what, flush=True)
        for order, answer in zip(orders, answers, strict=True):
            with contextlib.suppress(grpc.RpcError):
                order.answer = answer.result() if answer.done() else None
        under_way = self.kill()
        # Now and then it dies again while it goes on with what was left.
        while self.count < KILLS and under_way and self.generator.random() < 0.4:
            self.provider.launch()
            time.sleep(self.generator.uniform(0.1, 0.5 + self.seconds[chosen]))
            under_way = self.kill()
        self.provider.begin()
        found = [f"not over after {SETTLE_SECONDS} s: {task}" for task in self.provider.wait_for_ends(SETTLE_SECONDS)]
        for order in orders:
            # Who had no answer asks again, by the same key.
            if order.answer is None:
                order.answer = self.provider.call(order).result()
        found += [f"not over after {SETTLE_SECONDS} s: {task}" for task in self.provider.wait_for_ends(SETTLE_SECONDS)]
        for order in orders:
            order.end = self.provider.task(order.task)
            state = self.provider.tasks_pb.TaskState.Name(order.end.state)
            self.ends[f"{order.kind}: {state}"] += 1
            if order.end.error:
                print(f"  {order.kind} ended with {order.end.error}")
            self.client.settle(order)
        found += problems(self.provider, self.client.bed, self.client.world, orders)
        for order in orders:
            found += self.client.faults(order)
        if not found:
            self.client.clear()
            found += [f"after all was removed: {text}" for text in problems(self.provider, self.client.bed, self.client.world)]
        if found:
            # Found once is enough; the next round begins anew.
            self.client.purge()
        return [f"{what}: {text}" for text in found]


def pairs(kinds: list[str], generator: random.Random) -> Iterator[tuple[str, str]]:
    """Each kind as often as another, beside one that it is not."""
    while True:
        deck = generator.sample(kinds, len(kinds))
        for place, kind in enumerate(deck):
            yield kind, deck[place - 1]


def test_what_was_asked_for_is_there_after_the_provider_was_killed(start: Start, tmp_path: Path, messages: dict[str, ModuleType], image: tuple[str, Path]) -> None:
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 30)))
    print(f"seed {seed}")
    until, generator = time.monotonic() + LIMIT_SECONDS, random.Random(seed)
    with LibvirtBed(tmp_path / "bed") as bed:
        client = Client(Provider(start, tmp_path, bed, messages), bed, image)
        kills = Kills(client, generator)
        found = kills.measure()
        print("seconds and changes in peace:", {kind: (round(seconds, 2), kills.changes[kind]) for kind, seconds in kills.seconds.items()})
        client.clear()
        rounds = pairs(list(client.kinds), generator)
        while kills.count < KILLS and time.monotonic() < until:
            of_round = kills.round(next(rounds))
            print("".join(f"  WRONG: {text}\n" for text in of_round), end="", flush=True)
            found += of_round
        print(f"{kills.count} kills while there was under way {dict(kills.met)}; ends {dict(kills.ends)}")
        assert not found, "\n".join([f"seed {seed}", *found, client.provider.program.output[-3000:], bed.said(20)])
    assert kills.count == KILLS, "there was no time for more"
    assert kills.met.total() - kills.met["nothing"] > 0, "the provider never died while it worked"


def test_the_check_finds_what_it_is_there_to_find(start: Start, tmp_path: Path, messages: dict[str, ModuleType], image: tuple[str, Path]) -> None:
    """What a provider would leave that doubles, forgets and leaves halves."""
    with LibvirtBed(tmp_path / "bed") as bed:
        client = Client(Provider(start, tmp_path, bed, messages), bed, image)
        machine = client.machine(is_on=False)
        name = client.world[machine].name
        (tmp_path / "twin.xml").write_text(bed.virsh("dumpxml", "--inactive", machine).replace(machine, str(uuid.uuid4())).replace(f"<name>{name}</name>", "<name>twin</name>"))
        root = Domain(bed, machine).root

        def look(world: dict[str, Machine] = client.world) -> str:
            return "\n".join(problems(client.provider, bed, world))

        assert look() == ""
        assert "is gone" in look({**client.world, "none": Machine("none", "op")})
        assert "is nobody's" in look({})
        bed.virsh("vol-create-as", "default", "left.qcow2", "1M", "--format", "qcow2")
        assert "left.qcow2 is of no machine" in look()
        bed.virsh("vol-delete", "left.qcow2", "default")
        (bed.images / "half.img.martlet").write_text('{"ready":false}')
        assert "not whole" in look()
        (bed.images / "half.img.martlet").unlink()
        bed.virsh("define", tmp_path / "twin.xml")
        assert "2 machines are of operation" in look()
        bed.virsh("undefine", "twin")
        subprocess.run(["qemu-img", "snapshot", "-c", "left", root], check=True)
        assert "within" in look()
        subprocess.run(["qemu-img", "snapshot", "-d", "left", root], check=True)
        assert look() == ""
        order = client.provider.done(client.snapshot())
        assert "must have" in look()
        client.settle(order)
        assert look() == ""
        order.answer = type(order.answer)(snapshot_id="other")
        assert "another answer" in "\n".join(problems(client.provider, bed, client.world, [order]))

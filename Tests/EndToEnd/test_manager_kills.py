"""The manager is ended with SIGKILL at random moments while people change their minds, begun again, and what it says and has is held against its hypervisor.

What is there in the end is read past the manager: machines from the hypervisor's file, operations from the provider's journal.
"""

from __future__ import annotations

import os
import random
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Start, wait_for
from manager import Hypervisor, Manager, condition, debian, machine, small

KILLS = int(os.environ.get("MANAGER_KILLS", "200"))


def done(hypervisor: Hypervisor) -> dict[str, int]:
    """Operations that the provider has ended, by their kind."""
    with sqlite3.connect(f"file:{hypervisor.folder / 'tasks.db'}?mode=ro", uri=True) as connection:
        return dict(connection.execute("SELECT kind, count(*) FROM operations WHERE ended IS NOT NULL GROUP BY kind"))


class People:
    """They make, change and delete machines; `wanted` is what their manifests say."""

    def __init__(self, manager: Manager, seed: int) -> None:
        self.manager, self.chance = manager, random.Random(seed)
        self.wanted: dict[str, dict[str, Any]] = {}
        self.last = 0

    def act(self) -> None:
        """One thing; the manager may die meanwhile, and they do it again."""
        if len(self.wanted) < 6 or self.chance.random() < 0.3 and len(self.wanted) < 14:
            self.last += 1
            self.wanted[f"vm{self.last}"] = {}
        else:
            name = self.chance.choice(sorted(self.wanted))
            match self.chance.randrange(4):
                case 0:
                    del self.wanted[name]
                    return self.manager_says("delete", "vm", name, "--wait=false", "--ignore-not-found")
                case 1: self.wanted[name]["resources"] = {"cpu": self.chance.randint(1, 4)}
                case 2: self.wanted[name]["powerState"] = self.chance.choice(["On", "Off", "OffGraceful"])
                case _: self.wanted[name]["disks"] = [{"name": "data", "sizeGiB": max(1, *(disk["sizeGiB"] for disk in self.wanted[name].get("disks", [{"sizeGiB": 1}]))) + 1}]
        return None

    def apply(self) -> None:
        self.manager.apply(*(machine(name, **spec) for name, spec in self.wanted.items()))

    def manager_says(self, *words: str) -> None:
        self.manager.kubectl(*words)


def trial(start: Start, folder: Path, kills: int, seed: int) -> None:
    hypervisor = Hypervisor(start, folder, "sim", task_time="60ms")
    manager = Manager(start, folder)
    manager.apply(hypervisor.object, small(), debian())
    people, chance = People(manager, seed), random.Random(seed + 1)
    for _ in range(kills):
        for _ in range(chance.randint(1, 3)):
            people.act()
        people.apply()
        time.sleep(chance.uniform(0, 0.6))
        manager.kill()
        manager.begin(wait=False)
        manager.program.wait_until(manager.url + "/health")
        # It may die again before it has begun.
        if chance.random() < 0.2:
            time.sleep(chance.uniform(0, 0.15))
            manager.kill()
            manager.begin(wait=False)
        manager.program.wait_until(manager.url + "/ready")

    def settled() -> bool:
        machines = {it["metadata"]["name"]: it for it in manager.list("vm")}
        return machines.keys() == people.wanted.keys() and all(
            condition(it, "Ready").get("status") == "True" and it["status"].get("observedGeneration") == it["metadata"]["generation"] for it in machines.values()
        ) and manager.value("virtrigaud_provider_tasks_inflight", provider_type="simulated", provider="default/sim") == 0

    before = time.monotonic()
    wait_for(settled, 120, "every machine is as its manifest says")
    seconds = time.monotonic() - before
    assert hypervisor.machines() == sorted(people.wanted)
    with sqlite3.connect(f"file:{hypervisor.folder / 'hypervisor.db'}?mode=ro", uri=True) as connection:
        for name, cpu, running in connection.execute("SELECT name, cpu, power FROM machines"):
            spec = people.wanted[name]
            assert cpu == spec.get("resources", {}).get("cpu", 1) and bool(running) == (spec.get("powerState", "On") == "On"), (name, cpu, running, spec)
    told = {
        operation: sum(
            manager.value("virtrigaud_vm_operations_total", operation=operation, outcome=outcome, provider_type="simulated", provider="default/sim") or 0
            for outcome in ("success", "failure", "error"))
        for operation in ("Create", "Delete", "Power", "Reconfigure", "ImagePrepare")
    }
    assert told == {operation: done(hypervisor).get(operation, 0) for operation in told}
    print(f"{kills} kills, {len(people.wanted)} machines in the end, settled after {seconds:.1f} s, operations {told}")


def test_a_few_kills(start: Start, tmp_path: Path) -> None:
    trial(start, tmp_path, 4, 7)


@pytest.mark.soak
def test_many_kills(start: Start, tmp_path: Path) -> None:
    trial(start, tmp_path, KILLS, 1)

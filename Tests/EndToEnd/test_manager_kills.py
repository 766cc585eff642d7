"""The manager is ended with SIGKILL at random moments while people change their minds, begun again, and what it says and has is held against its hypervisor.

What is there in the end is read past the manager: machines and their disks from the hypervisor's file, operations from the provider's journal. Of its own
journal the manager keeps a few operations only, so that most of what it counts was folded into sums, and deleted, between two kills.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Start, wait_for
from manager import Hypervisor, Manager, condition, debian, machine, small

KILLS = int(os.environ.get("MANAGER_KILLS", "200"))
SIM = {"provider_type": "simulated", "provider": "default/sim"}


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
                # A machine that runs is refused fewer of them: a no that is no operation, and is in no journal but the manager's.
                case 1: self.wanted[name]["resources"] = {"cpu": self.wanted[name].get("resources", {"cpu": 1})["cpu"] + self.chance.randint(0, 1)}
                case 2: self.wanted[name]["powerState"] = self.chance.choice(["On", "Off", "OffGraceful"])
                case _: self.wanted[name]["disks"] = [{"name": "data", "sizeGiB": max(1, *(disk["sizeGiB"] for disk in self.wanted[name].get("disks", [{"sizeGiB": 1}]))) + 1}]
        return None

    def apply(self) -> None:
        self.manager.apply(*(machine(name, **spec) for name, spec in self.wanted.items()))

    def manager_says(self, *words: str) -> None:
        self.manager.kubectl(*words)


def trial(start: Start, folder: Path, kills: int, seed: int) -> None:
    hypervisor = Hypervisor(start, folder, "sim", task_time="60ms")
    manager = Manager(start, folder, MARTLET_MANAGER__KEPT_OPERATIONS="8")
    manager.apply(hypervisor.object, small(), debian())
    people, chance = People(manager, seed), random.Random(seed + 1)
    again, counted = 0, 0
    begun = time.monotonic()
    for _ in range(kills):
        for _ in range(chance.randint(1, 3)):
            people.act()
        # Now and then operations fail, and are tried again.
        hypervisor.break_down(**({"failsAt": 0.5, "failingKinds": ["create", "reconfigure", "power"]} if chance.random() < 0.1 else {}))
        people.apply()
        time.sleep(chance.uniform(0, 0.6))
        manager.kill()
        manager.begin(wait=False)
        manager.program.wait_until(manager.url + "/health")
        # It may die again before it has begun.
        if chance.random() < 0.2:
            time.sleep(chance.uniform(0, 0.15))
            manager.kill()
            again += 1
            manager.begin(wait=False)
        manager.program.wait_until(manager.url + "/ready")
        # What was counted stays counted.
        sum_now = sum(manager.operations(SIM["provider"]).values())
        assert sum_now >= counted
        counted = sum_now
    seconds = time.monotonic() - begun

    hypervisor.break_down()

    def settled() -> bool:
        objects = {it["metadata"]["name"]: it for it in manager.list("vm")}
        return objects.keys() == people.wanted.keys() and all(
            condition(it, "Ready").get("status") == "True" and it["status"].get("observedGeneration") == it["metadata"]["generation"] for it in objects.values()
        ) and manager.value("virtrigaud_provider_tasks_inflight", **SIM) == 0

    before = time.monotonic()
    wait_for(settled, 120, "every machine is as its manifest says")
    settling = time.monotonic() - before
    uids = {it["metadata"]["name"]: it["metadata"]["uid"] for it in manager.list("vm")}
    assert hypervisor.inventory() == {
        name: {
            "owner": uids[name], "cpu": spec.get("resources", {}).get("cpu", 1), "memory": 1024, "on": spec.get("powerState", "On") == "On", "whole": True,
            "disks": {"root": 4} | {disk["name"]: disk["sizeGiB"] for disk in spec.get("disks", [])}}
        for name, spec in people.wanted.items()}
    told = manager.operations(SIM["provider"])
    assert told == hypervisor.operations()
    assert all(it["status"].get("completedAt") for it in manager.list("vmoperation"))
    if kills > 20:
        assert {outcome for _, outcome in told} == {"success", "failure"}
        # Most of them are in their provider's totals by now, and nowhere else.
        assert manager.get("provider", "sim")["status"]["operationTotals"] and len(manager.list("vmoperation")) < sum(told.values())
    print(f"{kills} kills and {again} more before it had begun, in {seconds:.0f} s; {len(people.wanted)} machines in the end, settled after {settling:.1f} s, operations {told}")


def test_a_few_kills(start: Start, tmp_path: Path) -> None:
    trial(start, tmp_path, 4, 7)


@pytest.mark.soak
def test_many_kills(start: Start, tmp_path: Path) -> None:
    trial(start, tmp_path, KILLS, 1)

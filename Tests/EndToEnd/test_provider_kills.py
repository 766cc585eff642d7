"""A provider is ended with SIGKILL at random moments, started again, and what it and its hypervisor have is held against what its client asked for.

The provider is a simulated one in each of the three ways in which hypervisors do long work (`Tests/Support/ProviderKillBed`). What is there in the end is read by
Python's sqlite3 from the hypervisor's file, past the provider.
"""

from __future__ import annotations

import collections
import json
import random
import signal
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import DEBUG, REPOSITORY

BED = DEBUG / "provider-kill-bed"
KINDS = ["local", "upid", "moref"]
# A round of the bed's two lanes takes about that long.
ROUND_SECONDS = 0.7


@pytest.fixture(scope="module")
def bed() -> Path:
    if not BED.exists():
        subprocess.run(["swift", "build", "--product", "provider-kill-bed"], cwd=REPOSITORY, check=True, timeout=1800)
    return BED


def kill_after(bed: Path, kind: str, folder: Path, words: list[str], seconds: float) -> None:
    """Starts it, waits until it has opened its files, and ends it so long after."""
    with subprocess.Popen([bed, kind, folder, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stderr
        try:
            line = process.stdout.readline()
            assert line == "ready\n", line + process.stderr.read()
            try:
                process.wait(seconds)
                raise AssertionError(f"it ended by itself: {process.stderr.read()}")
            except subprocess.TimeoutExpired:
                pass
        finally:
            process.send_signal(signal.SIGKILL)


def rows(file: Path, query: str) -> list[Any]:
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as connection:
        return connection.execute(query).fetchall()


def interrupted(folder: Path) -> list[str]:
    """What was not over when the process died: kinds and steps."""
    return [f"{kind} {step or state}" for kind, step, state in rows(folder / "tasks.db", "SELECT kind, step, state FROM operations WHERE ended IS NULL")]


def check(operations: list[dict[str, Any]], folder: Path) -> None:
    """Each operation's end is known, no machine is there twice or without anybody, nothing is half made."""
    for operation in operations:
        assert operation["isSame"], f"the same key got another answer: {operation}"
        allowed = {"succeeded"} | ({"cancelled"} if operation.get("cancelled") else set()) | ({"failed"} if operation.get("mayFail") else set())
        assert operation["state"] in allowed, operation
        assert (operation["state"] == "failed") == operation["error"].startswith("clone failed at 50 %"), operation

    # What must be there by what the client was told.
    expected: dict[str, str] = {}
    snapshots: dict[str, set[str]] = collections.defaultdict(set)
    for operation in operations:
        made = operation["answer"].split(" ")[0]
        match operation["method"]:
            case "Create" | "Clone" if operation["state"] == "succeeded":
                expected[made] = operation["name"]
            case "Delete":
                del expected[operation["vm"]]
                snapshots.pop(operation["vm"], None)
            case "SnapshotCreate":
                snapshots[operation["vm"]].add(made)
            case "SnapshotDelete":
                snapshots[operation["vm"]].remove(operation["snapshot"])

    hypervisor = folder / "hypervisor.db"
    machines = rows(hypervisor, "SELECT coalesce(number, uuid), name, complete, lock, row FROM machines")
    assert {str(machine[0]): machine[1] for machine in machines} == expected
    assert len(machines) == len(expected)
    assert all(complete == 1 and lock == "" for _, _, complete, lock, _ in machines), machines
    owners = {machine[4] for machine in machines}
    volumes = rows(hypervisor, "SELECT name, machine, complete FROM volumes")
    assert all(complete == 1 and machine in owners for _, machine, complete in volumes), volumes
    # Its own disk, the one beside it, and what its first start reads: clones have no third.
    assert {machine for _, machine, _ in volumes} == owners
    kept = rows(hypervisor, "SELECT coalesce(m.number, m.uuid), s.reference, s.complete FROM snapshots s LEFT JOIN machines m ON m.row = s.machine")
    assert all(complete == 1 for _, _, complete in kept), kept
    assert sorted((str(machine), reference) for machine, reference, _ in kept) == sorted((vm, one) for vm, some in snapshots.items() for one in some)
    assert rows(hypervisor, "SELECT id FROM tasks WHERE ended IS NULL") == []

    # Each is in the journal once, ended once, and counted once.
    journal = folder / "tasks.db"
    assert rows(journal, "SELECT count(*), count(ended), count(DISTINCT token) FROM operations") == [(len(operations),) * 3]
    counted = sum(int(number) for (counts,) in rows(journal, "SELECT counts FROM tallies") for number in counts.split())
    assert counted == len(operations)


def trial(bed: Path, kind: str, seed: int, folder: Path, hits: collections.Counter[str]) -> None:
    generator = random.Random(seed)
    kill_after(bed, kind, folder, ["run", str(seed)], generator.uniform(0, ROUND_SECONDS))
    hits.update(interrupted(folder) or ["nothing"])
    # Every other time it dies again while it goes on with what was left; what ended ten processes is taken back, and would not be what was asked for.
    for _ in range(8):
        if generator.random() >= 0.5:
            break
        kill_after(bed, kind, folder, ["resume"], generator.uniform(0, ROUND_SECONDS / 5))
        hits["again"] += 1
    ended = subprocess.run([bed, kind, folder, "settle"], capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    check(json.loads(ended.stdout.splitlines()[1]), folder)


@pytest.mark.parametrize(("kind", "count"), [
    *[pytest.param(kind, 4, id=kind) for kind in KINDS],
    *[pytest.param(kind, 68, id=f"{kind}-many", marks=pytest.mark.soak) for kind in KINDS],
])  # fmt: skip
def test_what_was_asked_for_is_there_after_the_provider_was_killed(bed: Path, tmp_path: Path, kind: str, count: int) -> None:
    first = random.SystemRandom().randrange(1 << 30)
    hits: collections.Counter[str] = collections.Counter()
    for seed in range(first, first + count):
        print(f"{kind}, seed {seed}")
        trial(bed, kind, seed, tmp_path / str(seed), hits)
    for what, times in hits.most_common():
        print(f"{times:4} {what}")
    assert sum(hits.values()) - hits["nothing"] > 0, "the provider never died while it worked"


def test_the_check_finds_what_it_is_there_to_find(bed: Path, tmp_path: Path) -> None:
    """What a provider would leave that doubles, forgets and leaves halves."""
    folder = tmp_path / "state"
    kill_after(bed, "upid", folder, ["run", "1"], 2 * ROUND_SECONDS)
    ended = subprocess.run([bed, "upid", folder, "settle"], capture_output=True, text=True, timeout=120, check=True)
    operations = json.loads(ended.stdout.splitlines()[1])
    check(operations, folder)
    faults = [
        ("hypervisor.db", "INSERT INTO volumes (name, pool, format, capacity, written, label, use, content, mark, complete) "
                          "VALUES ('left', 'default', 'raw', 1, 1, 'root', 'disk', '', '', 1)"),
        ("hypervisor.db", "INSERT INTO machines (uuid, number, name, power, cpu, memory, lock, mark, owner, tags, cards, complete) "
                          "VALUES ('twice', 7, 'a1-0', 0, 1, 1, '', '', '', '[]', '[]', 1)"),
        ("hypervisor.db", "INSERT INTO tasks (id, kind, subject, mark, arguments, started, seconds, deaf) VALUES ('UPID:x', 'create', '', '', '[]', 0, 1, 0)"),
        ("tasks.db", "DELETE FROM operations WHERE sequence = 1"),
        ("tasks.db", "DELETE FROM tallies"),
    ]  # fmt: skip
    for file, statement in faults:
        copy = tmp_path / "copy"
        subprocess.run(["rm", "-rf", copy], check=True)
        subprocess.run(["cp", "-r", folder, copy], check=True)
        with sqlite3.connect(copy / file) as connection:
            connection.execute(statement)
        with pytest.raises(AssertionError):
            check(operations, copy)
    with pytest.raises(AssertionError):
        check([{**operations[0], "isSame": False}, *operations[1:]], folder)

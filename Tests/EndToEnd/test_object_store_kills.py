"""The store of the manager's objects is ended with SIGKILL at random moments, and what its file has is held against what its clients were told.

The clients are in the same process (`Tests/Support/ObjectStoreKillBed`) and write down what they ask for, are answered and see in a watch. The file is read by
Python's sqlite3, past the store.
"""

from __future__ import annotations

import collections
import json
import random
import resource
import signal
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import DEBUG, REPOSITORY

BED = DEBUG / "object-store-kill-bed"
MOST_SECONDS = 0.5


@pytest.fixture(scope="module")
def bed() -> Path:
    if not BED.exists():
        subprocess.run(["swift", "build", "--product", "object-store-kill-bed"], cwd=REPOSITORY, check=True, timeout=1800)
    return BED


def kill_after(bed: Path, folder: Path, seed: int, seconds: float, waits: bool = True) -> None:
    """Starts it, waits until it has opened its file unless it is to end before, and ends it so long after."""
    with subprocess.Popen([bed, folder, "run", str(seed)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stderr
        try:
            if waits:
                line = process.stdout.readline()
                assert line == "ready\n", line + process.stderr.read()
            try:
                process.wait(seconds)
                raise AssertionError(f"it ended by itself: {process.stderr.read()}")
            except subprocess.TimeoutExpired:
                pass
        finally:
            process.send_signal(signal.SIGKILL)


def ledger(folder: Path) -> list[dict[str, Any]]:
    """In the order in which they were written; a line that was cut off was not."""
    file = folder / "ledger"
    lines = file.read_text().split("\n")[:-1] if file.exists() else []
    return [json.loads(line) for line in lines]


def state(folder: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    """The count of versions, and the objects by name."""
    with sqlite3.connect(f"file:{folder}/objects.db?mode=ro", uri=True) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        [(version,)] = connection.execute("SELECT version FROM counter").fetchall()
        rows = connection.execute("SELECT name, version, uid, json FROM objects").fetchall()
    objects = {name: json.loads(text) for name, _, _, text in rows}
    for name, row_version, uid, _ in rows:
        metadata = objects[name]["metadata"]
        assert (metadata["name"], metadata["resourceVersion"], metadata["uid"]) == (name, str(row_version), uid)
        assert row_version <= version
    return version, objects


def check(notes: list[dict[str, Any]], before: int, version: int, objects: dict[str, dict[str, Any]], known: dict[str, Any]) -> str:
    """What was answered is there, or something later that was asked for and not answered.

    `known` is what is known of each name from runs before, and of this one when it is over. The answer says in the middle of how much it died.
    """
    open_requests = {}
    for note in notes:
        name = note["name"]
        match note["what"]:
            case "asked":
                open_requests[name] = note["text"]
            case "answered" | "counted":
                assert note["version"] > before, f"{note} has a version of before the start, {before}"
                assert note["version"] <= version, f"{note} is newer than the count of versions, {version}"
                assert known["versions"].setdefault(note["version"], name) == name, f"version {note['version']} was given twice"
                known["there"][name] = note
                open_requests.pop(name, None)
            case "gone":
                known["there"][name] = note
                open_requests.pop(name, None)
            case "seen":
                assert before < note["version"] <= version, f"a watch saw {note}, and the file is at {version}"
    for name, note in known["there"].items():
        now = objects.get(name)
        if name in open_requests:
            # Done or not done, and nothing else.
            if note["what"] == "answered" and now is not None and now["metadata"]["uid"] == note["uid"]:
                assert int(now["metadata"]["resourceVersion"]) >= note["version"], (note, now)
            continue
        if note["what"] == "gone":
            assert now is None, f"{name} was deleted and is there"
        elif note["what"] == "answered":
            assert now == json.loads(note["text"]), f"{name} is not as it was answered"
        else:
            # Eight count, and of the last each may have been done without an answer.
            most = max(int(one["text"]) for one in notes if one["what"] == "counted") if any(one["what"] == "counted" for one in notes) else 0
            assert most <= now["spec"]["cpu"] <= most + 8 or most == 0, (most, now)
            assert now["metadata"]["generation"] == now["spec"]["cpu"] + 1, now
    # Of these nothing is known until they are asked for again.
    known["doubtful"] = {name for name in known["doubtful"] if name not in known["there"]} | set(open_requests)
    for name in open_requests:
        known["there"].pop(name, None)
    unknown = set(objects) - set(known["there"]) - {"counter"} - known["doubtful"]
    assert not unknown, f"nobody made {unknown}"
    return f"{len(open_requests)} requests"


@pytest.mark.parametrize("count", [pytest.param(5, id="some"), pytest.param(100, id="many", marks=pytest.mark.soak)])
def test_what_was_answered_is_there_after_the_store_was_killed(bed: Path, tmp_path: Path, count: int) -> None:
    seed = random.SystemRandom().randrange(1 << 30)
    print(f"seed {seed}")
    generator = random.Random(seed)
    known: dict[str, Any] = {"versions": {}, "there": {}, "doubtful": set()}
    hits: collections.Counter[str] = collections.Counter()
    before, answered = 1, 0
    for number in range(count):
        # One file for all of them: each start finds what the kills before have left, and some are ended while they read it.
        waits = number == 0 or generator.random() < 0.8
        kill_after(bed, tmp_path, seed + number, generator.uniform(0, MOST_SECONDS if waits else MOST_SECONDS / 20), waits)
        notes = ledger(tmp_path)
        (tmp_path / "ledger").unlink(missing_ok=True)
        version, objects = state(tmp_path)
        assert version >= before, f"the count of versions went from {before} to {version}"
        hits[check(notes, before, version, objects, known)] += 1
        before = version
        answered += sum(note["what"] in ("answered", "gone", "counted") for note in notes)
    for what, times in hits.most_common():
        print(f"{times:4} died in the middle of {what}")
    print(f"{answered} answers, {before} versions")
    assert answered > count, "it never had the time to do anything"


def test_the_check_finds_what_it_is_there_to_find(bed: Path, tmp_path: Path) -> None:
    """What a store would leave that forgets, goes back or makes things up."""
    kill_after(bed, tmp_path, 1, 4 * MOST_SECONDS)
    notes = ledger(tmp_path)
    version, objects = state(tmp_path)

    def verdict(before: int = 1, version: int = version, objects: dict[str, Any] = objects, notes: list[dict[str, Any]] = notes) -> None:
        check(notes, before, version, objects, {"versions": {}, "there": {}, "doubtful": set()})

    verdict()
    asked = {note["name"] for note in notes if note["what"] == "asked"}
    done = [name for name in objects if name in asked]
    last = {note["name"]: note for note in notes if note["what"] != "seen"}
    settled = [name for name in done if last[name]["what"] == "answered"]
    assert settled, "all objects were being changed when it died"
    name = settled[0]
    faults: list[dict[str, Any]] = [
        {"objects": {**objects, name: {**objects[name], "spec": {"tags": ["another"]}}}},
        {"objects": {other: value for other, value in objects.items() if other != name}},
        {"objects": {**objects, "made-up": objects[name]}},
        {"objects": {**objects, "counter": {**objects["counter"], "spec": {"cpu": 0}}}},
        {"version": 2},
        {"before": version},
        {"notes": [*notes, {"what": "seen", "name": name, "version": version + 1, "text": "", "uid": ""}]},
        {"notes": [*notes, {**last[name], "name": "twice"}]},
    ]
    for fault in faults:
        with pytest.raises(AssertionError):
            verdict(**fault)


def test_a_disk_that_fills_up_is_said_and_changes_nothing(bed: Path, tmp_path: Path) -> None:
    """With a limit for the size of files: what the log of the database cannot take fails where a full disk's writes do, in a commit."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    ended = subprocess.run([bed, tmp_path, "full"], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    numbers, message = ended.stdout.splitlines()
    made, refused, there, last = map(int, numbers.split())
    print(numbers, message)
    assert refused == 3 and made > 10, "the disk was never full"
    assert there == made
    assert message.startswith("cannot ") and f"{tmp_path}/objects.db" in message
    version, objects = state(tmp_path)
    assert sorted(objects) == sorted([f"m{number}" for number in range(made)] + ["last"])
    assert version == last
    # Those that were refused have taken their versions with them.
    assert last > made + 1

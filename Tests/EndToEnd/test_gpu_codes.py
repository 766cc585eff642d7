"""Every code that NVML may return, at every call that the helper makes, injected at the library itself.

The simulated library answers the code from its table of faults, and the helper `martlet nvml-reader` runs as the exporter runs it. The unit tests have
the same down to the exposition, with a scripted card.
"""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import MARTLET, REPOSITORY, Start, environment_without_settings, wait_for
from gpus import SIMULATED, Cards, Machine, build_library

CODES = [*range(1, 31), 77, 999]
STALE = {1, 9, 18}
ABSENT = {3, 6, 13, 21, 25, 26}
CARDS = {15: "lost", 16: "reset_required"}

# What the machine is like, the cards that are alike in it, and whether its library hears of the card in all calls of it.
SCENES = {
    "llm": (("--profile", "llm"), range(16)),
    "mig": (("--profile", "mig"), range(16)),
    "vgpu": (("--profile", "vgpu"), range(2)),
    "desktop": (("--profile", "desktop"), range(1)),
    "old": (("--profile", "llm", "--old-driver"), range(16)),
    "old-vgpu": (("--profile", "vgpu", "--old-driver"), range(2)),
}
# Where an older or another call says the same.
STANDS_IN = {"nvmlDeviceGetMemoryInfo_v2", "nvmlDeviceGetTemperatureThreshold", "nvmlDeviceGetTemperatureV", "nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetFieldValues",
             "nvmlVgpuInstanceGetLicenseInfo_v2", "nvmlDeviceGetMemoryErrorCounter"} | {
    # A card that only draws has those processes; with NOT_FOUND NVML says that none has done anything.
    call for call in ("nvmlDeviceGetComputeRunningProcesses", "nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses",
                      "nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetProcessUtilization")}  # fmt: skip
# Of all cards, whichever one is meant.
OF_LIBRARY = {"nvmlInitWithFlags", "nvmlDeviceGetCount_v2"}
VERSIONS = {"nvmlSystemGetDriverVersion", "nvmlSystemGetNVMLVersion", "nvmlSystemGetCudaDriverVersion_v2"}
TO_FIND = {"nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetUUID"}
EARLY = OF_LIBRARY | VERSIONS | TO_FIND
# Nothing is shown of these, or only while nothing else is known.
UNSEEN = {"nvmlEventSetWait_v2", "nvmlDeviceGetProcessUtilization", "nvmlDeviceGetRemappedRows", "nvmlDeviceGetRetiredPagesPendingStatus"}

# Made only when a divided card is whole again, and where the field that counts the same is not there; unit tests have them.
NOT_MADE = {"nvmlGpmSampleFree", "nvmlDeviceGetPcieReplayCounter"}


def named(file: str, pattern: str) -> list[str]:
    return re.findall(pattern, (REPOSITORY / file).read_text(), re.MULTILINE)


# The kind of each call that the library's table knows, and those that the helper knows.
KINDS = dict(named("Sources/Cellar/NVMLABI/include/NVMLCalls.h", r"CALL\((nvml\w+), \(.*\), (\w+)\)"))
KNOWN = set(named("Sources/Collectors/GPU/Reader/NVMLCall.swift", r'"(nvml\w+)"'))


@dataclass
class Heard:
    """What a helper has said."""

    hello: dict[str, Any] = field(default_factory=dict)
    cards: dict[int, dict[str, Any]] = field(default_factory=dict)
    conditions: dict[int, set[str]] = field(default_factory=dict)
    calls: set[tuple[str, int]] = field(default_factory=set)
    end: dict[str, Any] | None = None
    exit: int | None = None

    @staticmethod
    def read(text: str, exit: int | None) -> Heard:
        heard = Heard(exit=exit)
        for line in text.splitlines(keepends=True):
            if not line.endswith("\n"):
                continue
            said = json.loads(line)
            if said["type"] == "hello":
                heard.hello = said
            elif said["type"] == "card":
                heard.cards[said["index"]] = said
                heard.conditions.setdefault(said["index"], set()).add(said["condition"])
            elif said["type"] == "calls":
                heard.calls |= {(call, code) for call, code, count in said["counts"] if count > 0}
            elif said["type"] == "end":
                heard.end = said
        return heard


def statements(card: dict[str, Any]) -> dict[str, Any]:
    """What a sample says, by name; of processes and instances what is said of all of them."""
    said = dict(card["facts"])
    # A 0 is the word for it that there is nobody to hear them.
    if said.get("listens_for_xids") == 0:
        del said["listens_for_xids"]
    said |= {key: card[key] for key in ("name", "bus", "minor", "mode", "architecture") if card.get(key) not in ("", None)}
    if card.get("processes") is not None:
        said["processes"] = True
        for position, key in ((2, "process memory"), (3, "process utilization")):
            if any(process[position] is not None for process in card["processes"]):
                said[key] = True
    for kind in ("migs", "vgpus"):
        for entry in card.get(kind) or []:
            for key, value in itertools.chain(entry.items(), (entry.get("activity") or {}).items()):
                if value not in ("", None, {}):
                    said[f"{kind} {key}"] = True
    if card.get("vgpu_max"):
        said["vgpu_max"] = True
    return said


class Bench:
    """A machine of simulated cards and a helper that is begun for each trial."""

    def __init__(self, start: Start, folder: Path, scene: str) -> None:
        folder.mkdir()
        flags, self.alike = SCENES[scene]
        self.scene = scene
        self.cards = Cards(start, folder, "--cards", str(len(self.alike)), *flags)
        self.output = folder / "lines"
        # Activity is measured between two samples a second apart.
        self.seconds = 2.5 if scene == "mig" else 1.0
        self.healthy = self.listen(seconds=3.5)

    def listen(self, *faults: dict[str, Any], seconds: float | None = None) -> Heard:
        """For so many seconds, and until all cards have spoken and what is wrong was counted."""
        wanted = {(fault["call"], fault["code"]) for fault in faults}
        for fault in faults:
            self.cards.fault(**fault)
        began = time.monotonic()
        with self.output.open("w") as output:
            helper = subprocess.Popen(
                [MARTLET, "nvml-reader", "--interval", "0.3", "--library", SIMULATED], stdout=output, stderr=subprocess.DEVNULL,
                env=environment_without_settings() | self.cards.environment)  # fmt: skip
        try:
            while True:
                code = helper.poll()
                heard = Heard.read(self.output.read_text(), code)
                isComplete = heard.hello and wanted <= heard.calls and len(heard.cards) == len(heard.hello["cards"]) and heard.calls
                passed = time.monotonic() - began
                if code is not None or passed > 30 or isComplete and passed > (seconds or self.seconds):
                    return heard
                time.sleep(0.1)
        finally:
            helper.kill()
            helper.wait()
            self.cards.heal()

    @property
    def calls(self) -> set[str]:
        """Those that are answered here."""
        return {call for call, code in self.healthy.calls if code == 0}


def batches(bench: Bench, call: str) -> list[list[int]]:
    """Codes that can be tried at once: as many as there are cards to have one each, and one alone that ends the helper."""
    count = 1 if call in EARLY or KINDS[call] not in ("DEVICE", "VGPU") else len(bench.alike)
    codes = [code for code in CODES if code not in STALE]
    return [codes[first : first + count] for first in range(0, len(codes), count)] + [[code] for code in CODES if code in STALE]


def faults_of(bench: Bench, call: str, codes: list[int]) -> list[dict[str, Any]]:
    if KINDS[call] not in ("DEVICE", "VGPU") or codes[0] in STALE:
        return [{"call": call, "code": code} for code in codes]
    return [{"call": call, "code": code, "card": card} for code, card in zip(codes, bench.alike, strict=False)]


def check_library(bench: Bench, call: str, code: int) -> None:
    """Calls that come before any card's."""
    heard = bench.listen({"call": call, "code": code}, seconds=0.1)
    what = f"{call} returns {code}: {heard}"
    assert heard.exit in (0, None) and (call, code) in heard.calls and heard.hello, what
    if call in OF_LIBRARY or code in STALE:
        assert heard.hello["code"] == code and heard.hello["reason"].startswith(call) and heard.end and heard.end["code"] == code, what
        assert not heard.cards, what
    elif call in TO_FIND:
        assert heard.hello["code"] == 0 and heard.hello["count"] == len(bench.alike) and heard.hello["cards"] == [] and not heard.cards, what
    else:
        member = {"nvmlSystemGetDriverVersion": "driver", "nvmlSystemGetNVMLVersion": "nvml"}.get(call, "cuda")
        assert heard.hello["code"] == 0 and heard.hello[member] == "" and len(heard.hello["cards"]) == len(bench.alike), what


def own_of(bench: Bench, call: str) -> set[str]:
    """What a card does not say when the call fails."""
    card = bench.alike[0]
    heard = bench.listen(*faults_of(bench, call, [999]))
    own = set(statements(bench.healthy.cards[card])) - set(statements(heard.cards[card]))
    assert own or call in UNSEEN, f"{bench.scene}: {call} returns 999, and nothing is missing"
    return own


def check_cards(bench: Bench, call: str, codes: list[int], own: set[str]) -> None:
    """Calls of cards and what belongs to them."""
    faults = faults_of(bench, call, codes)
    heard = bench.listen(*faults)
    for fault in faults:
        code = fault["code"]
        what = f"{bench.scene}: {call} returns {code}"
        assert (call, code) in heard.calls, f"{what}, and it is not counted: {heard.calls}"
        if code in STALE:
            assert heard.exit == 0 and heard.end and heard.end["code"] == code, f"{what}: {heard.end}, {heard.exit}"
            continue
        assert heard.exit is None and heard.hello["code"] == 0, f"{what}: {heard}"
        for index in bench.alike if "card" not in fault else [fault["card"]]:
            card, healthy = heard.cards[index], statements(bench.healthy.cards[index])
            # Events have a thread of their own, which tries again; it says nothing of how a card is.
            if code in CARDS and call not in ("nvmlEventSetCreate", "nvmlEventSetWait_v2", "nvmlDeviceRegisterEvents"):
                # Activity is not measured in each pass.
                assert card["condition"] == CARDS[code] or call.startswith("nvmlGpm") and CARDS[code] in heard.conditions[index], f"{what}: {card}"
                assert card["condition"] == "ok" or not card["facts"] and not card.get("processes"), f"{what}: {card}"
                continue
            assert card["condition"] == "ok", f"{what}: {card}"
            found = statements(card)
            if code not in ABSENT or call not in STANDS_IN:
                assert not own & set(found), f"{what}: {own & set(found)}"
            for name in own & set(found):
                assert found[name] != 0 or healthy.get(name) == 0, f"{what}: {name} is a false zero"
            lacks = set(healthy) - own - set(found)
            assert not lacks, f"{what}: others are gone with it: {lacks}"
            more = set(found) - set(healthy)
            assert not more or call in STANDS_IN and code in ABSENT, f"{what}: {more} is new"


@pytest.mark.e2e
def test_every_code_at_every_call(start: Start, tmp_path: Path) -> None:
    build_library()
    turn = threading.Lock()

    def begin(*words: Any, **options: Any) -> Any:
        with turn:
            return start(*words, **options)

    began = time.monotonic()
    benches = {scene: Bench(begin, tmp_path / scene, scene) for scene in SCENES}
    jobs: dict[str, str] = {}
    for scene, bench in benches.items():
        for call in sorted(bench.calls):
            jobs.setdefault(call, scene)
    # Those that are made all the same.
    for scene, bench in benches.items():
        for call, _ in sorted(bench.healthy.calls):
            jobs.setdefault(call, scene)
    assert KNOWN - set(jobs) == NOT_MADE, KNOWN - set(jobs)
    assert set(jobs) <= set(KINDS)
    own: dict[str, set[str]] = {}
    tried: dict[str, list[int]] = {call: [] for call in jobs}
    faults: list[str] = []
    workbenches = threading.local()
    # Short: the path of the engine's socket below has room for 107 bytes.
    numbers = itertools.count()

    def work(call: str, codes: list[int] | None) -> None:
        scene = jobs[call]
        mine = workbenches.__dict__
        if scene not in mine:
            mine[scene] = Bench(begin, tmp_path / str(next(numbers)), scene)
        try:
            if codes is None:
                own[call] = own_of(mine[scene], call)
            elif call in EARLY:
                check_library(mine[scene], call, codes[0])
            else:
                check_cards(mine[scene], call, codes, own[call])
        except (AssertionError, KeyError) as failure:
            faults.append(f"{call} {codes}: {failure!r}"[:1500])
        tried[call] += codes or []

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(lambda call: work(call, None), sorted(set(jobs) - EARLY)))
        assert not faults, "\n\n".join(faults)
        trials = [(call, codes) for call, scene in sorted(jobs.items()) for codes in batches(benches[scene], call)]
        list(pool.map(lambda trial: work(*trial), trials))
    print(f"{len(tried)} calls, {sum(map(len, tried.values()))} pairs of call and code in {time.monotonic() - began:.0f} s")
    assert not faults, "\n\n".join(faults)
    assert all(sorted(codes) == CODES for codes in tried.values()), tried


WORKERS = 8


@pytest.mark.e2e
def test_what_failed_comes_back(start: Start, tmp_path: Path) -> None:
    """Every code at all calls of a card of its own; lifted, all but what the card was said not to have is there again, in the same helper."""
    build_library()
    codes = [code for code in CODES if code not in STALE | ABSENT][:16]
    cards = Cards(start, tmp_path, "--cards", "16", "--profile", "llm")
    machine = Machine(start, cards)
    machine.wait_for_states(20, card0="ok", card15="ok")

    def series(index: int) -> set[str]:
        # Who works on the card changes by itself.
        return {name for name, of in machine.scrape() if ("gpu_index", str(index)) in of and "_owner" not in name}

    before = {index: series(index) for index in range(len(codes))}
    helpers = machine.helpers()
    for index, code in enumerate(codes):
        cards.fault(card=index, code=code)
    identity = {"llm_monitor_gpu_info", "llm_monitor_gpu_state"}
    for index, code in enumerate(codes):
        state = CARDS.get(code, "ok")
        # What changes seldom is kept for half a minute.
        wait_for(lambda index=index, state=state: machine.state(index) == state and "llm_monitor_gpu_power_watts" not in series(index), 40, f"{code}")
        assert identity <= series(index)
    wait_for(lambda: all("llm_monitor_gpu_power_limit_watts" not in series(index) for index in range(len(codes))), 40, "nothing old is shown")
    cards.heal()

    def missing() -> dict[int, set[str]]:
        return {code: gone for index, code in enumerate(codes) if (gone := before[index] - series(index))}

    deadline = time.monotonic() + 60
    while missing() and time.monotonic() < deadline:
        time.sleep(1)
    assert not missing()
    assert machine.helpers() == helpers

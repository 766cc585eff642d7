"""The GPU collector on simulated cards: NVIDIA's own binding says the same, and whatever goes wrong below it ends well."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from conftest import MARTLET, REPOSITORY, Start, environment_without_settings, fetch, wait_for
from gpus import SIMULATED, Cards, Change, Changed, Machine, build_library, children, resident_bytes
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families

pytest.importorskip("pynvml")


@pytest.fixture(scope="module", autouse=True)
def library() -> None:
    build_library()


@pytest.fixture
def cards(start: Start, tmp_path: Path) -> Cards:
    return Cards(start, tmp_path, "--cards", "2", "--profile", "llm")


def gone(pid: int) -> bool:
    """Neither there nor a zombie."""
    return not Path(f"/proc/{pid}").exists()


# Against NVIDIA's binding


PROFILES = {
    "llm": ("--cards", "8"), "mig": ("--cards", "2"), "vgpu": ("--cards", "2"), "mixed": ("--cards", "8"), "desktop": ("--cards", "2")}  # fmt: skip
LEFT_OUT = {"llm_monitor_gpu_state", "llm_monitor_gpu_xid_errors_total", "llm_monitor_gpu_xid_last_timestamp_seconds", "llm_monitor_gpu_xid_listening"}
SUMMARY = re.compile(r"^(\d+) series compared, (\d+) differ(?:; only looked for: [\w ,]+)?; \d+ left out(?:: ([\w ,]+))?$", re.MULTILINE)


def compare(cards: Cards, *flags: str | Path, root: bool = True) -> subprocess.CompletedProcess[str]:
    where = ["--root", cards.root] if root else []
    return subprocess.run(
        [sys.executable, REPOSITORY / "scripts/compare-nvml", "--library", SIMULATED, "--seconds", "8", *where, *flags],
        capture_output=True, text=True, timeout=120,
        env=environment_without_settings() | cards.environment | {"MARTLET_CONTAINERS__ENGINE_SOCKET": "none"})  # fmt: skip


def not_well(check: subprocess.CompletedProcess[str]) -> str:
    return "\n".join(line for line in check.stdout.splitlines() if not line.endswith(" ok")) + check.stderr


def different(output: str) -> Counter[tuple[str, str]]:
    """Families and verdicts of the lines that are not well."""
    return Counter(re.findall(r"^(\w+)\{?.*? (MISSING|ONLY OURS|DIFFERS)$", output, re.MULTILINE))


@pytest.mark.parametrize(
    "profile, flags, families",
    [("llm", (), {"owner_memory_bytes", "owner_utilization_ratio", "owner_info", "owners", "process_memory_bytes", "process_utilization_ratio"}),
     pytest.param("mig", (), {f"mig_{name}_activity_ratio" for name in ("graphics", "sm", "tensor", "dram")}, marks=pytest.mark.e2e),
     pytest.param("vgpu", ("--standing",), {"vgpu_info"}, marks=pytest.mark.e2e),
     pytest.param("desktop", ("--standing",), {"owner_memory_bytes", "fan_speed_ratio"}, marks=pytest.mark.e2e),
     ("mixed", ("--standing",), {"owner_memory_bytes", "mig_sm_activity_ratio", "vgpu_info"}),
     pytest.param("mixed", ("--standing", "--old-driver"), {"owner_memory_bytes", "vgpu_info"}, marks=pytest.mark.e2e)],
    ids=lambda value: "-".join(value).replace("--", "") if isinstance(value, tuple) else value if isinstance(value, str) else "")  # fmt: skip
def test_nvidias_binding_says_the_same(start: Start, tmp_path: Path, profile: str, flags: tuple[str, ...], families: set[str]) -> None:
    time_flags = [flag for flag in flags if flag != "--standing"] + (["--time", str(int(time.time()))] if "--standing" in flags else [])
    cards = Cards(start, tmp_path, "--profile", profile, *PROFILES[profile], *time_flags)
    check = compare(cards, "--martlet", MARTLET)
    summary = SUMMARY.search(check.stdout)
    assert check.returncode == 0 and summary, not_well(check)
    assert int(summary[1]) > 60 and int(summary[2]) == 0
    # What is left out is what the help says, and no more.
    assert {item.split()[0] for item in summary[3].split(", ")} <= LEFT_OUT
    compared = {name.removeprefix("llm_monitor_gpu_").removeprefix("llm_monitor_") for name in re.findall(r"^(\w+)\{.* ok$", check.stdout, re.MULTILINE)}
    assert families <= compared, families - compared
    # The owner of a user's session is martlet's word; nobody else's is.
    assert re.findall(r"^owners of (\d+) processes as martlet says", check.stdout, re.MULTILINE) in ([], ["1"])


@pytest.mark.e2e
def test_the_comparison_sees_what_is_missing(start: Start, tmp_path: Path) -> None:
    cards = Cards(start, tmp_path, "--cards", "1", "--profile", "llm")
    machine = Machine(start, cards, per_process="true")
    machine.wait_for_states(20, card0="ok")
    # What the helper has learnt not to ask for, NVIDIA's binding gets an answer to.
    cards.fault(call="nvmlDeviceGetPowerUsage", code=3)
    wait_for(lambda: machine.value("llm_monitor_gpu_power_watts") is None, 10, "no power")
    cards.heal()
    check = compare(cards, "--url", machine.url, "--differences")
    assert check.returncode == 1, check.stdout + check.stderr
    assert different(check.stdout) == {("llm_monitor_gpu_power_watts", "MISSING"): 1, ("nvidia_gpu_power_usage_milliwatts", "MISSING"): 1}


def wrong(name: str) -> Change:
    """Another number in the first line of a family."""
    return lambda text: re.sub(rf"^({name}(?:{{.*}})?) (\S+)$", lambda line: f"{line[1]} {float(line[2]) * 1.3 + 0.1}", text, count=1, flags=re.MULTILINE)


def without(name: str) -> Change:
    return lambda text: re.sub(rf"^{name}{{.*\n", "", text, count=1, flags=re.MULTILINE)


def renamed(name: str, label: str, line: int) -> Change:
    """Another label in one line of a family."""

    def change(text: str) -> str:
        found = list(re.finditer(rf'^{name}{{.*\b{label}="([^"]*)"', text, re.MULTILINE))[line]
        return text[: found.start(1)] + "another" + text[found.end(1) :]

    return change


def swapped(kind: str, text: str) -> str:
    """What the first two owners of a kind on one card have, the other way round."""
    pattern = rf'^llm_monitor_gpu_owner_memory_bytes{{.*gpu_index="(\d+)",owner_kind="{kind}".* (\S+)$'
    first, second = next(
        (one, other) for one, other in pairwise(re.finditer(pattern, text, re.MULTILINE)) if one[1] == other[1] and one[2] != other[2])  # fmt: skip
    return text[: first.start(2)] + second[2] + text[first.end(2) : second.start(2)] + first[2] + text[second.end(2) :]


DIFFERENCES: dict[str, list[tuple[Change, dict[tuple[str, str], int]]]] = {
    "llm": [
        (wrong("llm_monitor_gpu_process_memory_bytes"), {("llm_monitor_gpu_process_memory_bytes", "DIFFERS"): 1}),
        (wrong("llm_monitor_gpu_process_utilization_ratio"), {("llm_monitor_gpu_process_utilization_ratio", "DIFFERS"): 1}),
        (wrong("llm_monitor_gpu_owner_memory_bytes"), {("llm_monitor_gpu_owner_memory_bytes", "DIFFERS"): 1}),
        (wrong("llm_monitor_gpu_owner_utilization_ratio"), {("llm_monitor_gpu_owner_utilization_ratio", "DIFFERS"): 1}),
        (wrong("llm_monitor_gpu_owners"), {("llm_monitor_gpu_owners", "DIFFERS"): 1}),
        (wrong("nvidia_gpu_num_devices"), {("nvidia_gpu_num_devices", "DIFFERS"): 1}),
        # A family that the comparison has never heard of is not passed over.
        (lambda text: text + 'llm_monitor_gpu_invented{gpu_index="0"} 1\n', {("llm_monitor_gpu_invented", "ONLY OURS"): 1}),
        (lambda text: text + 'llm_monitor_vgpu_invented{gpu_index="0"} 1\n', {("llm_monitor_vgpu_invented", "ONLY OURS"): 1}),
    ],
    "mig": [
        *((wrong(f"llm_monitor_gpu_mig_{name}_activity_ratio"), {(f"llm_monitor_gpu_mig_{name}_activity_ratio", "DIFFERS"): 1})
          for name in ("graphics", "sm", "tensor")),
        (without("llm_monitor_gpu_mig_dram_activity_ratio"), {("llm_monitor_gpu_mig_dram_activity_ratio", "MISSING"): 1}),
        (wrong("llm_monitor_gpu_mig_memory_used_bytes"), {("llm_monitor_gpu_mig_memory_used_bytes", "DIFFERS"): 1}),
    ],
    "vgpu": [
        *((renamed("llm_monitor_vgpu_info", label, line), {("llm_monitor_vgpu_info", "MISSING"): 1, ("llm_monitor_vgpu_info", "ONLY OURS"): 1})
          for line, label in enumerate(["vgpu_type", "vm_uuid", "guest_driver", "vm_name", "vm_id"])),
        (wrong("llm_monitor_vgpu_sm_utilization_ratio"), {("llm_monitor_vgpu_sm_utilization_ratio", "DIFFERS"): 1}),
        (wrong("llm_monitor_vgpu_license_state"), {("llm_monitor_vgpu_license_state", "DIFFERS"): 1}),
    ],
    "mixed": [
        (lambda text: text.replace('owner="jupyter"', 'owner="another"'),
         {("llm_monitor_gpu_owner_info", "MISSING"): 1, ("llm_monitor_gpu_owner_info", "ONLY OURS"): 1}),
        (lambda text: swapped("container", text), {("llm_monitor_gpu_owner_memory_bytes", "DIFFERS"): 2}),
        # What a virtual machine has, as if it were the host's.
        (lambda text: re.sub(r'^(llm_monitor_gpu_owner_utilization_ratio{.*)owner_kind="vm",owner="[^"]*"',
                             r'\1owner_kind="host",owner="host"', text, count=1, flags=re.MULTILINE),
         {("llm_monitor_gpu_owner_utilization_ratio", "MISSING"): 1, ("llm_monitor_gpu_owner_utilization_ratio", "ONLY OURS"): 1}),
    ],
    "desktop": [
        (without("llm_monitor_gpu_pcie_bytes_per_second"), {("llm_monitor_gpu_pcie_bytes_per_second", "MISSING"): 1}),
        (wrong("llm_monitor_gpu_fan_speed_ratio"), {("llm_monitor_gpu_fan_speed_ratio", "DIFFERS"): 1}),
        (wrong("llm_monitor_gpu_processes"), {("llm_monitor_gpu_processes", "DIFFERS"): 1}),
    ],
}  # fmt: skip


# One machine has most of what there is; the others take as long each.
@pytest.mark.parametrize("profile", [name if name == "mixed" else pytest.param(name, marks=pytest.mark.e2e) for name in PROFILES])
def test_the_comparison_sees_a_difference(start: Start, tmp_path: Path, profile: str) -> None:
    cards = Cards(start, tmp_path, "--profile", profile, *PROFILES[profile])
    machine = Machine(start, cards, per_process="true")
    machine.wait_for_states(20, card0="ok", card1="ok")
    expected: Counter[tuple[str, str]] = Counter()
    for _, seen in DIFFERENCES[profile]:
        expected.update(seen)
    with Changed(machine.url, [change for change, _ in DIFFERENCES[profile]]) as url:
        check = compare(cards, "--url", url, "--differences")
    assert check.returncode == 1, check.stdout + check.stderr
    assert different(check.stdout) == expected, check.stdout


@pytest.mark.e2e
def test_the_comparison_lives_with_what_is_refused(start: Start, tmp_path: Path) -> None:
    """A card without GPM, a driver that tells strangers nothing, and no root: nothing is known of who works there, and both say so. One is lost."""
    cards = Cards(start, tmp_path, "--profile", "mig", "--cards", "3")
    cards.fault(card=2, code=15)
    for call, code in [("nvmlGpmMigSampleGet", 3), ("nvmlDeviceGetProcessUtilization", 4), ("nvmlSystemGetCudaDriverVersion_v2", 13),
                       ("nvmlDeviceGetGraphicsRunningProcesses_v3", 3), ("nvmlDeviceGetPciInfo_v3", 999)]:  # fmt: skip
        cards.fault(call=call, code=code)
    check = compare(cards, "--martlet", MARTLET, root=False)
    assert check.returncode == 0 and SUMMARY.search(check.stdout), not_well(check)
    # A card that has never answered has no name.
    assert 'gpu_index="2"' not in check.stdout
    assert "_activity_ratio" not in check.stdout and "process_utilization_ratio" not in check.stdout
    assert re.search(r'^llm_monitor_gpu_owner_memory_bytes\{.*owner_kind="unknown".* ok$', check.stdout, re.MULTILINE)


CONTAINER = "50174026bf694c38726f4f59c69b49d20d9b39510e7dc996e6802fd6441019b4"


@pytest.mark.parametrize(
    "cgroup, arguments, owner",
    [(f"0::/system.slice/docker-{CONTAINER}.scope", "vllm", ("container", CONTAINER, CONTAINER[:12])),
     (f"4:memory:/docker/{CONTAINER}\n1:name=systemd:/docker/{CONTAINER}\n0::/", "vllm", ("container", CONTAINER, CONTAINER[:12])),
     ("0::/lxc/9001/ns/system.slice/jupyter.service", "python", ("lxc", "9001", "notes")),
     ("0::/lxc.payload.9002/system.slice", "python", ("lxc", "9002", "9002")),
     (f"0::/lxc/9001/ns/system.slice/docker-{CONTAINER}.scope", "vllm", ("lxc", "9001", "notes")),
     ("0::/system.slice/ollama.service", "ollama", ("unit", "ollama.service", "ollama.service")),
     ("0::/qemu.slice/101.scope", "/usr/bin/kvm -id 101 -name old,debug-threads=on", ("vm", "101", "web01")),
     ("0::/qemu.slice/102.scope", "/usr/bin/kvm -id 102 -name db01,debug-threads=on", ("vm", "102", "db01")),
     ("0::/system.slice/own.service", "/usr/bin/qemu-system-x86_64 -id 101", ("vm", "101", "web01")),
     ("0::/", "Xorg", ("host", "", "host")),
     ("0::/system.slice/own.service", "/usr/bin/qemu-system-x86_64 -name mine", None),
     ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/notes.service", "python", None),
     ("0::/machine.slice/machine-qemu\\x2d3\\x2dweb01.scope", "/usr/bin/qemu-system-x86_64", None),
     (None, "", ("unknown", "", "unknown"))])  # fmt: skip
def test_the_comparison_finds_owners_in_its_own_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cgroup: str | None, arguments: str, owner: tuple[str, str, str] | None
) -> None:
    monkeypatch.syspath_prepend(REPOSITORY / "scripts")
    from compare_nvml.owners import Machine as Owners

    files = {"etc/pve/qemu-server/101.conf": "name: web01\n[before]\nname: older\n", "etc/pve/lxc/9001.conf": "hostname: notes\n"}
    if cgroup is not None:
        files |= {"proc/7/cgroup": cgroup + "\n", "proc/7/cmdline": arguments.replace(" ", "\0") + "\0"}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    assert Owners(str(tmp_path)).owner(7) == owner


# What it looks like


def test_what_is_served_is_well_formed(start: Start, tmp_path: Path) -> None:
    cards = Cards(start, tmp_path, "--cards", "8", "--profile", "mixed")
    machine = Machine(start, cards, per_process="true")
    machine.wait_for_states(20, card0="ok", card7="ok")
    check = subprocess.run(["promtool", "check", "metrics"], input=machine.metrics().text, capture_output=True, text=True)
    ours = ("llm_monitor_gpu", "llm_monitor_vgpu", "llm_monitor_exporter_nvml", "nvidia_gpu")
    assert [line for line in check.stderr.splitlines() if line.startswith(ours)] == []
    text = fetch(machine.url + "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}).text
    assert "llm_monitor_gpu_energy_joules" in {family.name for family in openmetrics_families(text)}


def test_owners_and_virtual_machines_have_names(start: Start, tmp_path: Path) -> None:
    cards = Cards(start, tmp_path, "--cards", "8", "--profile", "mixed")
    machine = Machine(start, cards)
    machine.wait_for_states(20, card0="ok", card7="ok")

    def settled() -> bool:
        samples = machine.scrape()
        # One that was seen before its owner was known has no name yet.
        is_named = all("vm_id" in dict(of) for name, of in samples if name == "llm_monitor_vgpu_info")
        return is_named and {"llm_monitor_gpu_owner_memory_bytes", "llm_monitor_vgpu_framebuffer_used_bytes"} <= {name for name, _ in samples}

    wait_for(settled, 10, "owners and vGPUs")
    samples = machine.scrape()
    kinds = {dict(of)["owner_kind"] for name, of in samples if name == "llm_monitor_gpu_owner_memory_bytes"}
    assert "container" in kinds and "unknown" not in kinds
    vgpus = [dict(of) for name, of in samples if name == "llm_monitor_vgpu_info"]
    assert vgpus and all(of["vm_id"].isdigit() and of["vm_name"] and of["vm_uuid"] for of in vgpus), vgpus


# What goes wrong


def test_a_call_that_hangs_costs_a_scrape_nothing(start: Start, cards: Cards) -> None:
    machine = Machine(start, cards, stuck_after="5s")
    machine.wait_for_states(20, card0="ok", card1="ok")
    first = machine.helpers()
    cards.fault(call="nvmlDeviceGetPowerUsage", card=1, hang=True)
    machine.wait_for_states(20, card0="ok", card1="stuck")
    assert machine.value("llm_monitor_exporter_nvml_stuck") == 1
    # What it said last is still shown, the other card goes on.
    assert machine.value("llm_monitor_gpu_power_watts", gpu_index="1") is not None
    longest = 0.0
    deadline = time.monotonic() + 12
    while time.monotonic() < deadline:
        began = time.monotonic()
        assert machine.state(0) == "ok"
        longest = max(longest, time.monotonic() - began)
        time.sleep(0.1)
    assert longest < 1, longest
    # The helper was killed and begun anew, and has more patience with each time.
    assert machine.helpers() != first and 1 <= (machine.value("llm_monitor_exporter_nvml_helper_restarts_total") or 0) <= 2
    cards.heal()
    machine.wait_for_states(30, card0="ok", card1="ok")
    assert machine.value("llm_monitor_exporter_nvml_stuck") == 0
    assert len(machine.helpers()) == 1


@pytest.mark.soak
def test_a_call_that_hangs_for_ten_minutes(start: Start, cards: Cards) -> None:
    machine = Machine(start, cards, stuck_after="5s")
    machine.wait_for_states(20, card0="ok", card1="ok")
    cards.fault(call="nvmlDeviceGetUtilizationRates", card=1, hang=True)
    machine.wait_for_states(20, card1="stuck")
    deadline = time.monotonic() + 600
    while time.monotonic() < deadline:
        began = time.monotonic()
        assert machine.state(0) == "ok"
        assert time.monotonic() - began < 1
        time.sleep(1)
    # Past its age nothing of it is shown but what it is.
    assert machine.value("llm_monitor_gpu_power_watts", gpu_index="1") is None
    assert machine.value("llm_monitor_gpu_info", gpu_index="1") == 1
    assert len(machine.helpers()) == 1
    cards.heal()
    machine.wait_for_states(100, card0="ok", card1="ok")


def test_a_library_that_hangs_at_the_start(start: Start, cards: Cards) -> None:
    cards.fault(call="nvmlInitWithFlags", hang=True)
    machine = Machine(start, cards, stuck_after="5s")
    wait_for(lambda: machine.value("llm_monitor_exporter_nvml_stuck") == 1, 20, "it is said that a call hangs")
    cards.heal()
    machine.wait_for_states(30, card0="ok", card1="ok")


def test_a_helper_that_is_killed_is_replaced(start: Start, cards: Cards) -> None:
    machine = Machine(start, cards)
    machine.wait_for_states(20, card0="ok")
    for restarts in (1, 2):
        [helper] = machine.helpers()
        os.kill(helper, signal.SIGKILL)
        wait_for(lambda restarts=restarts: machine.value("llm_monitor_exporter_nvml_helper_restarts_total") == restarts, 20, "another helper")
        wait_for(lambda: machine.value("llm_monitor_exporter_nvml_up") == 1, 10, "which works")
        assert gone(helper) and len(machine.helpers()) == 1


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_helper_outlives_the_exporter(start: Start, cards: Cards, how: signal.Signals) -> None:
    machine = Machine(start, cards)
    machine.wait_for_states(20, card0="ok")
    helpers = machine.helpers()
    assert len(helpers) == 1
    machine.program.process.send_signal(how)
    machine.program.process.wait(20)
    wait_for(lambda: all(gone(pid) for pid in helpers), 5, "the helper goes too")


def test_without_a_library_it_is_said_once(start: Start, tmp_path: Path) -> None:
    machine = Machine(start, None, library="/nonexistent/libnvidia-ml.so.1")
    wait_for(lambda: machine.value("llm_monitor_exporter_nvml_return_code") == 12, 20, "the code for it")
    for _ in range(5):
        assert {name for name, _ in machine.scrape() if name.startswith(("llm_monitor_gpu", "llm_monitor_exporter_nvml", "nvidia_"))} == {
            "llm_monitor_exporter_nvml_return_code"}  # fmt: skip
    assert machine.program.output.count("no NVML on this machine") == 1
    wait_for(lambda: machine.helpers() == [], 5, "no helper is left")


def test_a_driver_that_is_changed_is_found_again(start: Start, cards: Cards) -> None:
    machine = Machine(start, cards)
    machine.wait_for_states(20, card0="ok", card1="ok")
    cards.happen("gpu-driver-mismatch")
    machine.wait_for_states(20, card0="driver_mismatch", card1="driver_mismatch")
    assert machine.value("llm_monitor_gpu_power_watts", gpu_index="0") is None
    assert machine.value("llm_monitor_gpu_info", gpu_index="0") == 1
    assert machine.value("llm_monitor_exporter_nvml_return_code") == 18
    cards.happen("normal")
    machine.wait_for_states(60, card0="ok", card1="ok")
    assert machine.value("llm_monitor_exporter_nvml_return_code") == 0


@pytest.mark.parametrize("code, state", [(15, "lost"), (16, "reset_required")])
def test_a_card_that_fails_keeps_its_name(start: Start, cards: Cards, code: int, state: str) -> None:
    machine = Machine(start, cards)
    machine.wait_for_states(20, card0="ok", card1="ok")
    cards.fault(card=1, code=code)
    machine.wait_for_states(20, card0="ok", card1=state)
    of_card = {name for name, of in machine.scrape() if ("gpu_index", "1") in of}
    assert of_card <= {"llm_monitor_gpu_info", "llm_monitor_gpu_state", "llm_monitor_gpu_xid_errors_total", "llm_monitor_gpu_xid_last_timestamp_seconds"}
    assert "llm_monitor_gpu_info" in of_card
    cards.heal()
    machine.wait_for_states(20, card0="ok", card1="ok")


@pytest.mark.parametrize("code", [1, 2, 3, 4, 999, *(pytest.param(code, marks=pytest.mark.e2e) for code in (6, 9, 13, 17, 18, 21, 27))])
def test_a_call_that_fails_makes_no_number(start: Start, cards: Cards, code: int) -> None:
    """One code of each kind, at the library itself; the unit tests have the others, with `make soak` every code at every call."""
    cards.fault(call="nvmlDeviceGetPowerUsage", card=1, code=code)
    machine = Machine(start, cards)
    if code in (1, 9, 18):
        # The helper begins anew each time, and says why.
        name = {1: "UNINITIALIZED", 9: "DRIVER_NOT_LOADED", 18: "LIB_RM_VERSION_MISMATCH"}[code]
        wait_for(lambda: machine.value("llm_monitor_exporter_nvml_calls_total", call="nvmlDeviceGetPowerUsage", code=name), 20, "it is counted")
    else:
        machine.wait_for_states(20, card0="ok", card1="ok")
        assert machine.value("llm_monitor_gpu_power_watts", gpu_index="0") is not None
    assert machine.value("llm_monitor_gpu_power_watts", gpu_index="1") is None
    cards.heal()
    if code not in (3, 6, 13, 21):
        wait_for(lambda: machine.value("llm_monitor_gpu_power_watts", gpu_index="1") is not None, 30, "it is asked again")


def test_a_card_that_was_removed_ends(start: Start, cards: Cards) -> None:
    machine = Machine(start, cards)
    machine.wait_for_states(20, card0="ok", card1="ok")
    assert machine.value("llm_monitor_gpu_devices") == 2
    cards.happen("gpu-removed")
    wait_for(lambda: machine.state(1) is None, 15, "it is not said to be well any more")
    wait_for(lambda: machine.value("llm_monitor_gpu_devices") == 1, 15, "there is one")
    assert {name for name, of in machine.scrape() if ("gpu_index", "1") in of} == set()
    assert machine.state(0) == "ok"
    cards.happen("normal")
    machine.wait_for_states(20, card0="ok", card1="ok")


def test_a_card_that_was_lost_before_the_start_has_a_state(start: Start, cards: Cards) -> None:
    uuids = [card["uuid"] for card in json.loads(fetch(cards.url + "/api/v1/cards").text)["cards"]]
    for place, uuid in zip(("0000:18:00.0", "0000:19:00.0"), uuids, strict=True):
        information = cards.root / "proc/driver/nvidia/gpus" / place / "information"
        information.parent.mkdir(parents=True)
        information.write_text(f"Model: \t\t NVIDIA H200\nGPU UUID: \t {uuid}\n")
    cards.fault(card=1, code=15)
    machine = Machine(start, cards)
    machine.wait_for_states(20, card0="ok", card1="lost")
    [info] = [dict(of) for name, of in machine.scrape() if name == "llm_monitor_gpu_info" and ("gpu_uuid", uuids[1]) in of]
    assert info["name"] == "NVIDIA H200" and info["pci_bus_id"] == "00000000:19:00.0"
    assert machine.value("llm_monitor_gpu_devices") == 2


@pytest.mark.e2e
def test_a_lost_card_costs_the_others_nothing(start: Start, tmp_path: Path) -> None:
    cards = Cards(start, tmp_path, "--cards", "2", "--profile", "mig")
    machine = Machine(start, cards)
    machine.wait_for_states(20, card0="ok", card1="ok")

    def activities() -> int:
        return sum(name == "llm_monitor_gpu_mig_sm_activity_ratio" and ("gpu_index", "0") in of for name, of in machine.scrape())

    wait_for(lambda: activities() > 0, 10, "its instances have been measured")
    whole = activities()
    cards.fault(card=1, code=15)
    machine.wait_for_states(10, card1="lost")
    deadline = time.monotonic() + 64
    while time.monotonic() < deadline:
        assert activities() == whole
        time.sleep(1)
    assert machine.value("llm_monitor_exporter_nvml_helper_restarts_total") == 0
    # Another helper has nothing to compare with, and what was known holds until it has.
    os.kill(machine.helpers()[0], signal.SIGKILL)
    deadline = time.monotonic() + 8
    while time.monotonic() < deadline:
        assert activities() == whole
        time.sleep(0.2)
    assert machine.value("llm_monitor_exporter_nvml_helper_restarts_total") == 1
    cards.heal()
    # The helper has begun without it, and another process has to see that it is there.
    machine.wait_for_states(90, card0="ok", card1="ok")


def test_a_driver_that_comes_later_is_noticed_on_a_host(start: Start, cards: Cards) -> None:
    del cards.environment["MARTLET_GPU__LIBRARY"]
    cards.environment["LD_LIBRARY_PATH"] = str(SIMULATED.parent)
    machine = Machine(start, cards, role="host")
    success = "martlet_scrape_collector_success"
    wait_for(lambda: machine.value(success, collector="gpu") == 1, 10, "nothing to read is no failure")
    assert not [name for name, _ in machine.scrape() if name.startswith(("llm_monitor_gpu", "llm_monitor_exporter_nvml", "nvidia_"))]
    assert machine.helpers() == []
    # A card without its driver is one that should be read.
    cards.happen("gpu-driver-mismatch")
    device = cards.root / "sys/bus/pci/devices/0000:18:00.0"
    device.mkdir(parents=True)
    (device / "vendor").write_text("0x10de\n")
    (device / "class").write_text("0x030200\n")
    wait_for(lambda: machine.value("llm_monitor_exporter_nvml_return_code") == 18, 25, "it says why it cannot be")
    assert machine.value("llm_monitor_exporter_nvml_up") == 0 and machine.value("llm_monitor_exporter_nvml_pci_devices") == 1
    assert machine.value(success, collector="gpu") == 0
    cards.happen("normal")
    machine.wait_for_states(30, card0="ok", card1="ok")


def test_a_library_that_cannot_be_loaded_is_not_none(start: Start, tmp_path: Path) -> None:
    """And what it prints on the way is not taken for what the helper says."""
    (tmp_path / "print.c").write_text(r"""#include <stdio.h>
__attribute__((constructor)) static void print(void) {
    puts("{\"type\":\"hello\",\"code\":0,\"cards\":[\"GPU-fake\"],\"count\":1}");
    puts("{\"type\":\"card\",\"uuid\":\"GPU-fake\",\"index\":0,\"facts\":{\"power\":7}}");
    fflush(stdout);
}
""")
    library = tmp_path / "libprint.so"
    subprocess.run(["clang", "-shared", "-fPIC", "-o", library, tmp_path / "print.c"], check=True)
    machine = Machine(start, None, library=str(library))
    wait_for(lambda: machine.value("llm_monitor_exporter_nvml_return_code") == 999, 20, "it is there, and does not work")
    time.sleep(2)
    assert machine.value("llm_monitor_exporter_nvml_return_code") == 999
    assert machine.state(0) is None and "GPU-fake" not in str(machine.scrape())
    assert "has no nvmlInit_v2" in machine.program.output and "no NVML on this machine" not in machine.program.output


def test_the_helper_may_do_little(start: Start, cards: Cards) -> None:
    machine = Machine(start, cards)
    machine.wait_for_states(20, card0="ok")
    status = Path(f"/proc/{machine.helpers()[0]}/status").read_text()
    assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)
    assert re.search(r"^Name:\tnvml-reader$", status, re.MULTILINE)
    # CAP_SYS_ADMIN and CAP_MKNOD at most.
    for kind in ("CapPrm", "CapEff"):
        [mask] = re.findall(rf"^{kind}:\t(\w+)$", status, re.MULTILINE)
        assert int(mask, 16) & ~(1 << 21 | 1 << 27) == 0


def test_xids_are_counted_from_the_first(start: Start, cards: Cards) -> None:
    machine = Machine(start, cards)
    machine.wait_for_states(20, card0="ok")
    for card in ("0", "1"):
        wait_for(lambda card=card: machine.value("llm_monitor_gpu_xid_errors_total", gpu_index=card, xid="79") == 0, 10, "a zero before the first")
    cards.fault(xid=79, card=1)
    wait_for(lambda: machine.value("llm_monitor_gpu_xid_errors_total", gpu_index="1", xid="79") == 1, 10, "the first")
    assert abs((machine.value("llm_monitor_gpu_xid_last_timestamp_seconds", gpu_index="1", xid="79") or 0) - time.time()) < 15
    assert machine.value("llm_monitor_gpu_xid_errors_total", gpu_index="0", xid="79") == 0
    # Another helper does not forget it.
    os.kill(machine.helpers()[0], signal.SIGKILL)
    wait_for(lambda: machine.value("llm_monitor_exporter_nvml_helper_restarts_total") == 1, 10, "another helper")
    assert machine.value("llm_monitor_gpu_xid_errors_total", gpu_index="1", xid="79") == 1


# Life


def test_a_reload_keeps_the_helper_unless_its_settings_change(start: Start, cards: Cards, tmp_path: Path) -> None:
    file = tmp_path / "martlet.yml"
    file.write_text("gpu:\n  names: both\n")
    machine = Machine(start, cards, "--config.file", str(file))
    machine.wait_for_states(20, card0="ok")
    helpers = machine.helpers()
    file.write_text("gpu:\n  names: native\n")
    assert fetch(machine.url + "/-/reload", "POST").status == 200
    time.sleep(2)
    assert machine.helpers() == helpers and machine.state(0) == "ok"
    assert machine.value("nvidia_gpu_num_devices") is None
    file.write_text("gpu:\n  names: native\n  stuck_after: 1m\n")
    assert fetch(machine.url + "/-/reload", "POST").status == 200
    # What is known of the cards stays while the next helper begins.
    assert machine.state(0) == "ok"
    wait_for(lambda: len(machine.helpers()) == 1 and machine.helpers() != helpers, 10, "one helper, and another one")


def test_memory_stays_over_a_thousand_scrapes(start: Start, cards: Cards) -> None:
    machine = Machine(start, cards, per_process="true")
    machine.wait_for_states(20, card0="ok", card1="ok")

    def scrape(times: int) -> None:
        for _ in range(times):
            assert fetch(machine.url + "/metrics?collect[]=gpu").status == 200

    scrape(200)
    [helper] = machine.helpers()
    measure: Callable[[], tuple[int, int]] = lambda: (resident_bytes(machine.program.process.pid), resident_bytes(helper))  # noqa: E731
    before = measure()
    scrape(1000)
    after = measure()
    assert after[0] - before[0] < 2 << 20 and after[1] - before[1] < 1 << 20, (before, after)
    assert children(machine.program.process.pid) == [helper]


def test_the_exporter_never_loads_the_library(start: Start, cards: Cards) -> None:
    machine = Machine(start, cards)
    machine.wait_for_states(20, card0="ok")
    assert "libnvidia-ml" not in Path(f"/proc/{machine.program.process.pid}/maps").read_text()
    assert "libnvidia-ml" in Path(f"/proc/{machine.helpers()[0]}/maps").read_text()
    # Nor does the helper see what the exporter knows of others.
    assert b"MARTLET_GPU__" not in Path(f"/proc/{machine.helpers()[0]}/environ").read_bytes()

"""`martlet up --simulate` with its host that has graphics cards: the cards, who works on them, and what happens to one come to Prometheus."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import MARTLET, REPOSITORY, Start, run, wait_for
from gpus import SIMULATED, build_library, children
from stack import Stack

TARGET = {"job": "gpu-hosts", "cluster": "lab", "node": "pve2"}


@pytest.fixture(scope="module", autouse=True)
def library() -> None:
    build_library()


@pytest.fixture(scope="module")
def stack(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(start_for_all, tmp_path_factory.mktemp("up"), "--prometheus.scrape-interval", "1s", cards=8)
    stack.wait_until_ready()
    yield stack
    stack.program.stop()


def labels(series: list[dict[str, Any]], *names: str) -> set[tuple[str, ...]]:
    return {tuple(one["metric"].get(name, "") for name in names) for one in series}


def test_the_host_is_a_target_of_its_own(stack: Stack) -> None:
    assert "8 graphics cards in one of the nodes" in stack.program.output
    table = [line.split()[:2] for line in stack.program.output.splitlines()]
    assert ["simulated-gpu", stack.url("gpu")] in table and ["gpu-exporter", stack.url("gpu-exporter") + "/metrics"] in table
    host = stack.query('up{job="gpu-hosts"}')
    assert [(one["metric"], one["value"][1]) for one in host] == [
        ({"__name__": "up", "instance": f"127.0.0.1:{stack.ports['gpu-exporter']}"} | TARGET, "1")]
    # Its exporter has no other source, and what it does not know of is not there.
    sources = labels(stack.query('martlet_scrape_collector_success{job="gpu-hosts"}'), "collector")
    assert ("gpu",) in sources and ("containers",) in sources and ("proxmox",) not in sources


def test_the_cards_and_their_owners_arrive(stack: Stack) -> None:
    cards = wait_for(lambda: len(found := stack.query("llm_monitor_gpu_memory_used_bytes")) == 8 and found, 30, "eight cards")
    assert {key: value for key, value in cards[0]["metric"].items() if key in TARGET} == TARGET
    assert labels(cards, "gpu_index") == {(str(index),) for index in range(8)}
    # Of a card in MIG mode NVIDIA's library tells the activity of its parts, and no utilisation of the whole.
    divided = labels(stack.query("llm_monitor_gpu_mig_enabled == 1"), "gpu_index")
    used = stack.query("llm_monitor_gpu_utilization_ratio")
    assert len(divided) == 1 and labels(used, "gpu_index") == labels(cards, "gpu_index") - divided
    assert all(0 <= float(card["value"][1]) <= 1 for card in used) and any(float(card["value"][1]) > 0 for card in used)
    wait_for(lambda: labels(stack.query("llm_monitor_gpu_mig_sm_activity_ratio"), "gpu_index") == divided, 30, "activity of its parts")
    assert stack.value("count(nvidia_gpu_memory_used_bytes)") == 8 and stack.value("count(nvidia_gpu_duty_cycle)") == 7

    def owners() -> set[tuple[str, ...]]:
        return labels(stack.query("llm_monitor_gpu_owner_memory_bytes"), "owner_kind", "owner")

    wanted = {("container", "vllm-llama-70b"), ("unit", "ollama.service"), ("lxc", "jupyter")}
    wait_for(lambda: wanted <= owners(), 30, f"{wanted} among the owners")
    assert ("vllm-llama-70b", "true") in labels(stack.query("llm_monitor_container_info"), "container", "gpu")
    # The virtual machines with parts of a card are those of the node whose labels the host has.
    # One that was seen before its owner was known has no name yet.
    parts = wait_for(
        lambda: all("vm_id" in part["metric"] for part in found) and found if (found := stack.query("llm_monitor_vgpu_framebuffer_used_bytes")) else [],
        30, "vGPUs, each with its machine")
    names = {str(row["vmid"]): row["name"] for row in stack.resources() if row["type"] == "qemu" and row["node"] == TARGET["node"]}
    assert parts and all(names[part["metric"]["vm_id"]] == part["metric"]["vm_name"] for part in parts)
    joined = stack.query("llm_monitor_vgpu_framebuffer_used_bytes * on (cluster, node) group_left () max by (cluster, node) (pve_node_up)")
    assert len(joined) == len(parts)


def test_the_host_says_of_itself_what_its_node_exporter_says(stack: Stack) -> None:
    """They are one machine: what two exporters tell of it must not differ."""
    here = '{cluster="lab",node="pve2",vm_id=""}'
    assert stack.value(f"llm_monitor_system_memory_total_bytes == on (cluster, node) node_memory_MemTotal_bytes{here}")
    for ours, theirs in [("llm_monitor_system_cpu_seconds_total{mode='user'}", f"node_cpu_seconds_total{here[:-1]},mode='user'}}"),
                         ("llm_monitor_system_disk_bytes_total{direction='write'}", f"node_disk_written_bytes_total{here}")]:  # fmt: skip
        share = stack.value(f"sum by (cluster, node) ({ours}) / on (cluster, node) sum by (cluster, node) ({theirs})")
        assert share == pytest.approx(1, abs=0.001), ours
    assert stack.query('martlet_scrape_part_problem_info{job="gpu-hosts"}') == []


def test_a_lost_card_is_seen_within_half_a_minute_and_comes_back(stack: Stack) -> None:
    lost = 'count(llm_monitor_gpu_state{state="lost"} == 1)'
    wait_for(lambda: stack.value('count(llm_monitor_gpu_state{state="ok"} == 1)') == 8, 90, "eight cards that are well")
    began = time.monotonic()
    stack.scenario("gpu-lost")
    wait_for(lambda: stack.value(lost) == 1, 30, "one card is lost")
    print(f"seen after {time.monotonic() - began:.1f} s")
    wait_for(lambda: stack.value("count(llm_monitor_gpu_memory_used_bytes)") == 7, 15, "the others are still told of")
    # That it was lost is no fault of the exporter.
    assert stack.value('up{job="gpu-hosts"}') == 1
    stack.scenario("normal")
    wait_for(lambda: stack.value('count(llm_monitor_gpu_state{state="ok"} == 1)') == 8 and stack.value(lost) is None, 60, "it is back")
    wait_for(lambda: stack.value("count(llm_monitor_gpu_memory_used_bytes)") == 8, 15, "and told of")


def test_the_doctor_looks_at_the_cards(stack: Stack) -> None:
    state = stack.folder / "state/gpu"
    environment = {"MARTLET_SIMULATED_GPU": str(state / "cards"), "MARTLET_GPU__LIBRARY": str(SIMULATED)}

    def checks() -> dict[str, tuple[str, str]]:
        flags = ("--json", "--exporter.role", "gpu", "--path.root", state / "root")
        sections = {one["kind"]: one["checks"] for one in json.loads(run("doctor", *flags, env=environment, cwd=stack.folder).stdout)["sections"]}
        return {check["check"]: (check["state"], check["summary"]) for check in sections["gpu"] + sections["containers"]}

    well = checks()
    assert {name: state for name, (state, _) in well.items()} == dict.fromkeys(["nvml", "cards", "cgroups", "engine"], "ok")
    assert well["cards"][1] == "8 cards: NVIDIA H200 and NVIDIA L40S" and "version 2" in well["cgroups"][1] and "docker" in well["engine"][1]
    try:
        stack.scenario("gpu-driver-mismatch")
        wait_for(lambda: checks()["nvml"][0] == "problem" and "LIB_RM_VERSION_MISMATCH" in checks()["nvml"][1], 20, "what is wrong is said")
        stack.scenario("gpu-lost")
        wait_for(lambda: checks()["cards"][0] == "problem", 20, "a lost card is a problem")
    finally:
        stack.scenario("normal")
    environment["MARTLET_GPU__LIBRARY"] = str(stack.folder / "libnvidia-ml.so.1")
    assert checks()["nvml"][0] == "problem" and "is not found" in checks()["nvml"][1]


def test_its_processes_end_with_the_rest(start: Start, tmp_path: Path) -> None:
    stack = Stack(start, tmp_path, "--prometheus.scrape-interval", "1s", cards=2)
    stack.wait_until_ready()
    running = stack.process_ids()
    assert {"simulated-gpu", "gpu-exporter"} <= set(running)
    helpers = wait_for(lambda: children(running["gpu-exporter"]), 10, "its helper")
    assert stack.value("count(llm_monitor_gpu_info)") == 2
    assert stack.program.stop() == 0
    wait_for(lambda: not [process for process in [*running.values(), *helpers] if Path(f"/proc/{process}").exists()], 5, "all are gone")


@pytest.mark.e2e
def test_none_are_there_when_none_are_wanted(start: Start, tmp_path: Path) -> None:
    stack = Stack(start, tmp_path, "--prometheus.scrape-interval", "1s")
    stack.wait_until_ready()
    assert not {"simulated-gpu", "gpu-exporter"} & set(stack.process_ids())
    assert stack.query('up{job="gpu-hosts"}') == [] and "graphics cards" not in stack.program.output
    assert not (tmp_path / "state/prometheus/targets/gpu-hosts/simulated.yml").exists()


@pytest.mark.e2e
def test_a_missing_library_is_said_once(start: Start, tmp_path: Path) -> None:
    """As with a program that was copied without what is beside it."""
    if Path("/usr/lib/martlet/simulated/libnvidia-ml.so.1").exists():
        pytest.skip("the package of this machine brings the library")
    alone = tmp_path / "bin/martlet"
    alone.parent.mkdir()
    alone.write_bytes(MARTLET.read_bytes())
    alone.chmod(0o755)
    stack = Stack(lambda *words, **more: start(alone, *words, **more), tmp_path, "--prometheus.scrape-interval", "1s", cards=8)
    stack.wait_until_ready()
    assert stack.program.output.count("no graphics cards are simulated") == 1
    assert stack.query('up{job="gpu-hosts"}') == []


def test_hosts_without_labels_stand_alone(tmp_path: Path) -> None:
    """What the shipped job makes of a target that says nothing of itself, as of one of the job `node`."""
    jobs = {job["job_name"]: job for job in yaml.safe_load((REPOSITORY / "prometheus/prometheus.yml").read_text())["scrape_configs"]}
    own = [rule for rule in jobs["node"]["relabel_configs"] if not rule["source_labels"][0].startswith("__meta")]
    assert jobs["gpu-hosts"]["relabel_configs"] == own and jobs["gpu-hosts"]["honor_labels"] is True

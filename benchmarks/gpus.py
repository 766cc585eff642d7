"""What reading eight cards costs, beside asking NVML for the same in a fresh process each time, as exporters do that call nvidia-smi."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import RELEASE, REPOSITORY, cpu_seconds, fetch, free_port, resident_bytes, table, wait_for

CARDS = 8
SCRAPES = 50
POLLS = 10
LIBRARY = RELEASE / "simulated/libnvidia-ml.so.1"

# Reads everything once as scripts/compare-nvml does, and counts the calls.
POLLER = """
import json, resource, sys
import ctypes, pynvml
sys.path.insert(0, sys.argv[1])
from compare_nvml.nvml import NVML
pynvml.nvmlLib = ctypes.CDLL(sys.argv[2])
calls, pointer = [0], pynvml._nvmlGetFunctionPointer
def counted(name):
    function = pointer(name)
    def call(*arguments):
        calls[0] += 1
        return function(*arguments)
    return call
pynvml._nvmlGetFunctionPointer = counted
pynvml.nvmlInit()
values = NVML(sys.argv[3]).read().values
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"calls": calls[0], "values": len(values), "rss": usage.ru_maxrss * 1024, "cpu": usage.ru_utime + usage.ru_stime}))
"""


def nvml_calls(text: str) -> float:
    return sum(float(value) for value in re.findall(r"^llm_monitor_exporter_nvml_calls_total\{.*\} (\S+)$", text, re.MULTILINE))


def waits(text: str) -> float:
    """Of the thread that waits for events: none of a sample's."""
    return sum(float(value) for value in re.findall(r'^llm_monitor_exporter_nvml_calls_total\{call="nvmlEvent.*\} (\S+)$', text, re.MULTILINE))


def libraries(pid: int) -> int:
    names = {line.split()[-1] for line in Path(f"/proc/{pid}/maps").read_text().splitlines() if ".so" in line}
    return len(names)


def helper_of(pid: int) -> int:
    for task in Path(f"/proc/{pid}/task").iterdir():
        children = (task / "children").read_text().split()
        if children:
            return int(children[0])
    raise AssertionError("the exporter has no helper")


def gpus() -> None:
    subprocess.run([REPOSITORY / "scripts/build-simulated-nvml", LIBRARY.parent], check=True)
    with tempfile.TemporaryDirectory() as folder:
        api, port, state, root = free_port(), free_port(), Path(folder) / "gpu.state", Path(folder) / "root"
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PROXMOX_", "MARTLET_"))}
        environment |= {"MARTLET_SIMULATED_GPU": str(state), "MARTLET_GPU__LIBRARY": str(LIBRARY), "MARTLET_CONTAINERS__ENGINE_SOCKET": "none"}
        simulator = subprocess.Popen(
            [RELEASE / "martlet", "simulate", "gpu", "--listen", f"127.0.0.1:{api}", "--cards", str(CARDS), "--profile", "notebooks", "--state", state,
             "--root", root], env=environment, stderr=subprocess.DEVNULL)
        wait_for(f"http://127.0.0.1:{api}/health")
        exporter = subprocess.Popen(
            [RELEASE / "martlet", "exporter", "--exporter.role", "gpu", "--web.listen-address", f"127.0.0.1:{port}", "--path.root", root],
            env=environment | {"MARTLET_GPU__INTERVAL": "1s"}, stderr=subprocess.DEVNULL)
        try:
            measure(exporter.pid, f"http://127.0.0.1:{port}", root, environment)
        finally:
            exporter.terminate()
            exporter.wait()
            simulator.terminate()
            simulator.wait()


def measure(pid: int, url: str, root: Path, environment: dict[str, str]) -> None:
    wait_for(url + "/ready")
    time.sleep(5)
    page = url + "/metrics?collect[]=gpu"
    helper = helper_of(pid)
    begin, began, used = fetch(page).decode(), time.monotonic(), cpu_seconds(helper)
    time.sleep(35)
    end, seconds, sampling = fetch(page).decode(), time.monotonic() - began, cpu_seconds(helper) - used
    samples = CARDS * seconds
    calls = (nvml_calls(end) - waits(end) - nvml_calls(begin) + waits(begin)) / samples * CARDS
    processes = sum(float(value) for value in re.findall(r"^llm_monitor_gpu_processes\{.*\} (\S+)$", end, re.MULTILINE))
    assert processes == 5 * CARDS, "five processes on each card"
    before, scraping = nvml_calls(fetch(page).decode()), cpu_seconds(pid)
    began = time.monotonic()
    for _ in range(SCRAPES):
        text = fetch(page).decode()
    wall, scraping = (time.monotonic() - began) / SCRAPES, (cpu_seconds(pid) - scraping) / SCRAPES
    # In the time of the scrapes the helper has gone on by itself, once a second.
    own = (nvml_calls(text) - before) / max(1.0, wall * SCRAPES)
    polls = []
    began = time.monotonic()
    for _ in range(POLLS):
        poll = subprocess.run(
            [sys.executable, "-c", POLLER, REPOSITORY / "scripts", LIBRARY, root], capture_output=True, text=True, env=environment, check=True)
        polls.append(json.loads(poll.stdout))
    theirs = (time.monotonic() - began) / POLLS
    print(f"GPUs: {CARDS} simulated cards with {processes:.0f} processes; a sample of all of them, and a scrape that shows it")
    table(
        ["", "martlet", "fresh process with nvidia-ml-py"],
        [
            ["NVML calls a sample", f"{calls:.0f}", f"{polls[-1]['calls']}"],
            ["NVML calls a scrape", "0", f"{polls[-1]['calls']}"],
            ["values", str(len(re.findall(r"^(?:llm_monitor_v?gpu|nvidia_gpu)_", text, re.MULTILINE))), str(polls[-1]["values"])],
            ["CPU ms a sample", f"{1000 * sampling / seconds:.1f}", f"{1000 * sum(poll['cpu'] for poll in polls) / POLLS:.1f}"],
            ["CPU ms a scrape", f"{1000 * scraping:.1f}", "the same again"],
            ["wall ms a scrape", f"{1000 * wall:.1f}", f"{1000 * theirs:.1f}"],
            ["memory", f"{resident_bytes(pid) / 1e6:.1f} MB and {resident_bytes(helper) / 1e6:.1f} MB", f"{polls[-1]['rss'] / 1e6:.1f} MB each time"],
            ["libraries loaded", f"{libraries(pid)} and {libraries(helper)}", ""],
        ])
    assert calls < polls[-1]["calls"] / 2, "a sample makes less than half of the calls that asking for everything takes"
    assert own < 2 * calls, "scrapes make no call"


if __name__ == "__main__":
    gpus()

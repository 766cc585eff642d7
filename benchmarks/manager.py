"""The manager with 10,000 machines: its controllers, store and journal in one process with a hypervisor in memory, and the program's own way to ready."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from measuring import RELEASE, cpu_seconds, fetch, free_port, resident_bytes, table

MANY, FEW = 10_000, 2_000
CREATES = 1_000
STARTS = 3
ROUNDS = 2
REST = 20
Result = dict[str, Any]


def run(folder: Path, *words: object) -> dict[str, list[Result]]:
    """What a process has measured, by what it is."""
    done = subprocess.run([RELEASE / "manager-benchmark", folder, *map(str, words)], stdout=subprocess.PIPE, text=True)
    # The one that fills a folder ends as one that is killed.
    assert done.returncode == (-9 if words[0] == "make" else 0), f"manager-benchmark {words} ended with {done.returncode}"
    found: dict[str, list[Result]] = {}
    for line in done.stdout.splitlines():
        result = json.loads(line)
        found.setdefault(result["what"], []).append(result)
    return found


def copy(source: Path, name: str) -> Path:
    """What a process that was killed has left, as each start is to find the same."""
    target = source.parent / name
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    return target


def program_to_ready(source: Path) -> tuple[float, float, int]:
    """Seconds from the start of `martlet-manager serve` until its `/ready` says so, those of a processor, and its memory; nobody answers for its provider."""
    folder, port = copy(source, "program"), free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MARTLET_", "KUBE"))}
    began = time.monotonic()
    process = subprocess.Popen(
        [RELEASE / "martlet-manager", "serve", "--manager.state-dir", folder, "--manager.store", "embedded", "--api.listen-address", "127.0.0.1:0",
         "--web.listen-address", f"127.0.0.1:{port}"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                fetch(f"http://127.0.0.1:{port}/ready")
                return time.monotonic() - began, cpu_seconds(process.pid), resident_bytes(process.pid)
            except OSError:
                assert process.poll() is None, "martlet-manager serve has ended"
                assert time.monotonic() < began + 60, "martlet-manager serve does not get ready"
                time.sleep(0.01)
    finally:
        process.kill()
        process.wait()


def median(results: list[Result], key: str, per: str | None = None) -> float:
    return statistics.median(result[key] / (result[per] if per else 1) for result in results)


def span(values: list[float], text: str) -> str:
    return f"{text.format(statistics.median(values))} ({text.format(min(values))} to {text.format(max(values))})"


def manager() -> None:
    missing = [name for name in ("manager-benchmark", "martlet-manager") if not (RELEASE / name).exists()]
    if missing:
        return print(f"Manager: not measured, {' and '.join(missing)} missing; make bench builds them\n")
    began, load = time.monotonic(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as base:
        few, many = Path(base) / "few", Path(base) / "many"
        few.mkdir()
        many.mkdir()
        run(few, "make", FEW)
        small = run(few, "start", 0)["memory"][0]
        filled = run(many, "make", MANY)
        made, trimmed = filled["made"][0], filled["trimmed"][0]
        starts = [run(copy(many, "start"), "start", REST if number == STARTS - 1 else 0) for number in range(STARTS)]
        creates: dict[str, list[Result]] = {}
        for _ in range(ROUNDS):
            for title, results in run(copy(many, "create"), "create", CREATES).items():
                creates.setdefault(title, []).extend(results)
        programs = [program_to_ready(many) for _ in range(STARTS)]
    ready, settled = ([start[name][0] for start in starts] for name in ("ready", "settled"))
    large = starts[-1]["memory"][0]
    steady, (rest, looking) = starts[-1]["steady"], starts[-1]["rest"]
    per_thousand = (large["resident"] - small["resident"]) / (MANY - FEW) * 1000
    rows = [
        ["start to ready", span([result["seconds"] for result in ready], "{:.2f} s"), f"{median(ready, 'cpu'):.2f} s", "3 s"],
        ["`martlet-manager serve` to /ready", span([seconds for seconds, _, _ in programs], "{:.2f} s"), f"{statistics.median(cpu for _, cpu, _ in programs):.2f} s", "3 s"],
        ["start to settled: each machine looked at, queues empty", span([result["seconds"] for result in settled], "{:.2f} s"), f"{median(settled, 'cpu'):.2f} s", ""],
        ["writes of a start, calls to Describe", f"{median(settled, 'changes'):.0f}, {median(settled, 'describes'):.0f}", "", ""],
        [f"{MANY:,} created, at most 1,000 calls a second", f"{made['seconds']:.1f} s, {made['changes'] / MANY:.1f} writes each", f"{made['cpu']:.1f} s", f"{2 * MANY / 1000 - 2:.0f} s by the calls"],
        [f"journal from {trimmed['operations']:,.0f} operations to 2,000", f"{trimmed['seconds']:.2f} s", f"{trimmed['cpu']:.2f} s", ""],
        ["steady looks a second", span([result["looks"] / result["seconds"] for result in steady], "{:,.0f}"), f"{1e6 * median(steady, 'cpu', 'looks'):.0f} µs each", "2,000"],
        ["writes and calls to Describe of a steady look", f"{median(steady, 'changes', 'looks'):.4f}, {median(steady, 'describes', 'looks'):.4f}", "", "0"],
        [f"at rest, {REST} s without looks", f"{rest['changes']:.0f} writes, {rest['calls'] / rest['seconds']:.2f} calls/s", f"{rest['cpu'] / rest['seconds']:.2%} of a core", ""],
        [f"at rest with each machine's look in 10 min ({looking['looks'] / looking['seconds']:.1f}/s)", f"{looking['changes']:.0f} writes, {looking['calls'] / looking['seconds']:.2f} calls/s", f"{looking['cpu'] / looking['seconds']:.2%} of a core", ""],
        ["memory at rest", f"{large['resident'] / 1e6:.0f} MB, {small['resident'] / 1e6:.0f} MB with {FEW:,}", "", ""],
        ["memory of `martlet-manager serve` when it is ready", f"{statistics.median(memory for _, _, memory in programs) / 1e6:.0f} MB", "", ""],
        ["memory of 1,000 machines", f"{per_thousand / 1e6:.1f} MB", "", ""],
    ]
    print(f"Manager: {MANY:,} machines of a hypervisor within the process, SQLite on a file; {STARTS} starts after kill -9; load {load:.1f}")
    table(["figure", "value", "CPU", "aim"], rows)
    print(f"{CREATES:,} machines more, each takes 100 ms: from being applied to Ready, less these; median of {ROUNDS} runs beside {MANY:,} that are there")
    table(["how", "p50", "p95", "longest", "all of them", "CPU each", "p95 of one fdatasync meanwhile", "aim of p95"], [
        [
            title, *[span([1e3 * result[key] for result in results], "{:,.0f}") + " ms" for key in ("p50", "p95", "max")],
            f"{median(results, 'seconds'):.1f} s", f"{1e3 * median(results, 'cpu', 'count'):.1f} ms",
            span([1e3 * result["disk"] for result in results], "{:.1f}") + " ms", "50 ms" if "over 20 s" in title else "",
        ]
        for title, results in creates.items()
    ])
    # What must be so on any machine.
    assert rest["looks"] == 0 and looking["changes"] <= 2 and median(steady, "changes") <= 2, "writes though nothing has changed"
    assert rest["calls"] <= 2 + REST / 10, f"{rest['calls']} calls of the provider at rest"
    assert made["changes"] < 8 * MANY, f"{made['changes']} writes for {MANY} machines"
    print(f"The manager's part took {time.monotonic() - began:.0f} s\n")


if __name__ == "__main__":
    manager()

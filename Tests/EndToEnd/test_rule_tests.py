"""The rules' behaviour: promtool runs each file of prometheus/rules/tests/.

Stands alone, as it takes more computing than the rest of what is said about the rules, and each file of tests is one worker's.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import REPOSITORY

FILES = sorted((REPOSITORY / "prometheus/rules/tests").glob("*_test.yml"))
# Of these `make test` takes some tests, as each of the files takes many seconds of a processor; `make e2e` takes all. Those that play whole days take a minute.
LONG = {f"{name}_test.yml" for name in (
    "backup", "cluster", "core", "gpu", "gpu_identity", "guest", "guest_hints", "host", "host_history", "libvirt", "linux", "llm", "llm_servers", "stack", "storage", "windows", "zfs")}  # fmt: skip


def is_for_later(path: Path) -> bool:
    return path.name in LONG or "days" in path.name


def promtool(path: Path) -> None:
    done = subprocess.run(["promtool", "test", "rules", str(path)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name, marks=[pytest.mark.e2e] if is_for_later(path) else []) for path in FILES])
def test_rules_do_what_their_tests_say(path: Path) -> None:
    promtool(path)


def fired(test: dict[str, Any]) -> set[str]:
    return {alert["alertname"] for alert in test.get("alert_rule_test", []) if alert.get("exp_alerts")}


UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400}


def seconds(test: dict[str, Any]) -> float:
    """How much time passes in a test, at each step of which every rule is evaluated."""
    times = [str(look["eval_time"]) for look in test.get("alert_rule_test", []) + test.get("promql_expr_test", [])]
    return max((sum(float(count) * UNITS[unit] for count, unit in re.findall(r"([\d.]+)(ms|[smhd])", time)) for time in times), default=0)


def of_each_change(tests: list[dict[str, Any]]) -> list[int]:
    """For each alert a test that sees it, those that see many in a short time first, and every fourth of the shorter half."""
    by_length = sorted(range(len(tests)), key=lambda index: (seconds(tests[index]), index))
    chosen = set(by_length[: (len(tests) + 1) // 2 : 4])
    seen = set().union(*(fired(tests[index]) for index in chosen))
    while more := [index for index in by_length if not fired(tests[index]) <= seen]:
        best = max(more, key=lambda index: len(fired(tests[index]) - seen) / (1 + seconds(tests[index])))
        chosen.add(best)
        seen |= fired(tests[best])
    return sorted(chosen)


def with_anchors(chosen: list[int], texts: list[str]) -> list[int]:
    """These, and those in which there stands what these refer to."""
    named = {name: index for index, text in enumerate(texts) for name in re.findall(r"(?<=[\s\[,])&([\w-]+)", text)}
    wanted = {named[name] for index in chosen for name in re.findall(r"(?<=[\s\[,])\*([\w-]+)", texts[index]) if name in named}
    return sorted({*chosen, *wanted})


# One that has a single test is for later as a whole.
@pytest.mark.parametrize("name", sorted(LONG - {"host_history_test.yml"}))
def test_some_of_the_long_ones(name: str, tmp_path: Path) -> None:
    source = REPOSITORY / "prometheus/rules/tests" / name
    # As text: numbers of series (0x40) are others to a library of YAML.
    head, tests = source.read_text().split("\ntests:\n")
    texts = re.split(r"^(?=  - )", tests, flags=re.MULTILINE)[1:]
    everything = yaml.safe_load(source.read_text())["tests"]
    assert len(texts) == len(everything)
    chosen = with_anchors(of_each_change(everything), texts)
    assert set().union(*(fired(everything[index]) for index in chosen)) == set().union(*map(fired, everything))
    head = head.replace("  - ../", f"  - {source.parent.parent}/")
    (tmp_path / name).write_text(head + "\ntests:\n" + "".join(texts[index] for index in chosen))
    promtool(tmp_path / name)


def test_there_is_a_file_for_each_scope() -> None:
    scopes = {path.stem.removesuffix("_test") for path in FILES}
    alerts = {path.stem.removeprefix("alerts-") for path in (REPOSITORY / "prometheus/rules").glob("alerts-*.yml")}
    assert alerts <= scopes

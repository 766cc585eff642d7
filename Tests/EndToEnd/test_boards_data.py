"""Every question of every panel has an answer: on a stack that has just begun, and on one with a past of a month."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import history
import pytest
from boards import Board, Prometheus, Query, boards, choices
from conftest import Start, free_port
from libvirt_numbers import HYPERVISOR_BOARDS
from llm_numbers import MODEL_BOARDS
from manager_numbers import MANAGER_BOARDS
from stack import Stack, quick_rules
from test_boards import families
from test_gpu_alerts import CARD_BOARDS

pytestmark = pytest.mark.e2e

# A simulated cluster has no cards, no models, no libvirt and no manager: test_gpu_boards.py, test_llm_boards.py, test_libvirt_boards.py and test_manager_boards.py ask
# where some are.
BOARDS = {name: board for name, board in boards().items() if name not in CARD_BOARDS | MODEL_BOARDS | HYPERVISOR_BOARDS | MANAGER_BOARDS}
HOUR, DAY = 3600, 86400

# What has no answer, and why that is right.
QUIET = {
    "martlet-cluster-overview: annotation Host reboots: A": "no host restarts",
    "martlet-host-detail: annotation Reboots: A": "no host restarts",
    "martlet-host-detail: annotation Critical alerts: A": "no host has a critical alert",
    "martlet-vm-detail: annotation Starts: A": "none of the guests restarts",
    "martlet-stack-health: Notifications: B": "no notification fails",
    "martlet-cluster-overview: Hosts: J": "no host has cards",
    "martlet-cluster-overview: Hosts: K": "no host has cards",
    "martlet-host-detail: Machine: E": "no host has cards",
    "martlet-host-detail: Machine: F": "no host has cards",
}
# Who carries logs is in test_logs_alerts.py, where these have answers.
LOGS = {
    "martlet-stack-health: Who carries logs: A",
    "martlet-stack-health: Who carries logs: B",
    "martlet-stack-health: Who carries logs: C",
    "martlet-stack-health: Who carries logs: D",
    "martlet-stack-health: Who carries logs: E",
    "martlet-stack-health: Who carries logs: F",
    "martlet-stack-health: Lines that wait: A",
    "martlet-stack-health: Lines: A",
    "martlet-stack-health: Lines: B",
    "martlet-stack-health: Pushes: A",
    "martlet-stack-health: Lines refused: A",
}
QUIET |= dict.fromkeys(LOGS, "no host of the simulated estate has a martlet logs")
YOUNG = {"martlet-storage-zfs: Storages: D": "a forecast wants twelve hours of past"}


@pytest.fixture(scope="module")
def live(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A simulated stack with the shipped rules, evaluated more often."""
    folder = tmp_path_factory.mktemp("live")
    stack = Stack(start_for_all, folder, "--prometheus.scrape-interval", "5s", "--prometheus.rules-dir", quick_rules(folder, 5))
    stack.wait_until_ready()
    yield stack


@pytest.fixture(scope="module")
def past(live: Stack, start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> Prometheus:
    """A Prometheus with a month of what the live one says, once that says everything."""
    answered(live)
    folder = tmp_path_factory.mktemp("past")
    data = folder / "data"
    data.mkdir()
    read = {family for board in BOARDS.values() for query in board.queries + board.marks for family in families(query.expr)}
    made = history.make(Prometheus(live.url("prometheus"), time.time(), 5), read | {"up"}, data, folder)
    print(made)
    configuration = folder / "prometheus.yml"
    configuration.write_text(f"global:\n  scrape_interval: {history.RAW_STEP}s\n")
    port = free_port()
    program = start_for_all(
        "/usr/bin/prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={data}", "--storage.tsdb.retention.time=60d",
        f"--web.listen-address=127.0.0.1:{port}")
    program.wait_until(f"http://127.0.0.1:{port}/-/ready", 60)
    return Prometheus(f"http://127.0.0.1:{port}", made.end, history.RAW_STEP)


def silent(prometheus: Prometheus, board: Board, range_seconds: int, guests: list[str]) -> set[str]:
    """Questions of the board that have no answer, whatever its variables are, or none with the labels that their legend names."""
    offered = choices(board, prometheus, range_seconds, guests)
    without = set()
    for query in board.queries + board.marks:
        labels = labels_of(query, prometheus, offered, range_seconds)
        if labels is None:
            without.add(str(query))
        elif missing := set(re.findall(r"\{\{(\w+)\}\}", query.legend)) - labels:
            without.add(f"{query} without {missing}")
    return without


def labels_of(query: Query, prometheus: Prometheus, offered: list[dict[str, str]], range_seconds: int) -> set[str] | None:
    """Labels of all series that answer; None if none does."""
    series = [series for values in offered for series in prometheus.ask(query, values, range_seconds)]
    return {label for one in series for label in one["metric"]} if series else None


def all_silent(prometheus: Prometheus, range_seconds: int) -> set[str]:
    guests = history.guests_of_all_kinds(history.snapshot(prometheus))
    return {query for board in BOARDS.values() for query in silent(prometheus, board, range_seconds, guests)}


def answered(stack: Stack, patience_seconds: float = 180) -> set[str]:
    """What is still without an answer when nothing has changed for so long: what is read on timers comes one after the other."""
    least: set[str] | None = None
    since = time.monotonic()
    while time.monotonic() - since < patience_seconds:
        without = all_silent(Prometheus(stack.url("prometheus"), time.time(), 5), HOUR) - set(QUIET) - set(YOUNG)
        if not without:
            return without
        if least is None or len(without) < len(least):
            least, since = without, time.monotonic()
        time.sleep(5)
    return least or set()


def test_exceptions_are_of_boards_that_there_are() -> None:
    assert set(QUIET) | set(YOUNG) <= {str(query) for board in BOARDS.values() for query in board.queries + board.marks}


def test_every_panel_has_data_on_a_young_stack(live: Stack) -> None:
    assert answered(live) == set()


@pytest.mark.parametrize("range_seconds", [HOUR, DAY, 30 * DAY])
def test_every_panel_has_data_over_an_hour_a_day_and_a_month(past: Prometheus, range_seconds: int) -> None:
    assert all_silent(past, range_seconds) - set(QUIET) == set()


def test_the_past_has_days_in_it(past: Prometheus) -> None:
    """Or the tests above would have looked at a moment only."""
    def value(expr: str) -> float:
        return float(past.get("query", query=expr, time=str(past.now))["result"][0]["value"][1])

    load = "node:cpu_utilization:avg5m[30d]"
    assert value(f"min(max_over_time({load}) / min_over_time({load}))") > 1.3
    assert value(f"max(count_over_time({load}))") >= 30 * DAY / history.RECORDED_STEP
    assert value("max(count_over_time(pve_vm_uptime_seconds[2d]))") >= 2 * DAY / history.RAW_STEP
    assert value("max(resets(pve_vm_nic_in_bytes_total[2d]))") == 0 and value("max(increase(pve_vm_nic_in_bytes_total[1d]))") > 0
    assert value("count(count by (vmid) (pve_guest_info))") == 8

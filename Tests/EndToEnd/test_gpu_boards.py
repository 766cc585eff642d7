"""Every question of the boards about cards, vGPUs and containers has an answer on a machine with simulated cards."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from boards import Prometheus, boards
from conftest import Start, wait_for
from test_boards_data import silent
from test_gpu_alerts import CARD_BOARDS, began

BOARDS = {name: board for name, board in boards().items() if name in CARD_BOARDS}

# What has no answer, and why that is right.
QUIET = {
    "martlet-gpu: Cards: J": "the driver tells of no error",
    "martlet-gpu: XID errors: A": "the driver tells of none",
    "martlet-gpu: Errors of memory: A": "the memory is well",
    "martlet-gpu: Errors of memory: B": "the memory is well",
    "martlet-gpu: Errors of memory: C": "the memory is well",
    "martlet-gpu: Held back by: A": "nothing holds a card back",
    "martlet-gpu: Corrected errors of memory: A": "there are none",
    "martlet-gpu: Errors of links: A": "there are none",
    "martlet-gpu: Errors of links: B": "there are none",
    "martlet-containers: In trouble: A": "all containers are well",
    "martlet-containers: By container: B": "no simulated container has a CPU limit",
    "martlet-containers: By container: C": "no simulated container has a CPU limit",
    "martlet-containers: Held back by CPU limits: A": "no simulated container has a CPU limit",
    "martlet-containers: By container: F": "restarts are told by an engine",
    "martlet-containers: Health: A": "health is told by an engine",
    "martlet-containers: Network: A": "simulated processes have no network of their own",
    "martlet-containers: Network: B": "simulated processes have no network of their own",
}


def test_exceptions_are_of_boards_that_there_are() -> None:
    assert len(BOARDS) == len(CARD_BOARDS)
    assert set(QUIET) <= {str(query) for board in BOARDS.values() for query in board.queries}


@pytest.mark.e2e
def test_every_panel_has_data(start: Start, tmp_path: Path) -> None:
    _, _, watch = began(start, tmp_path)

    def without() -> set[str]:
        prometheus = Prometheus(watch.url, time.time(), 2)
        return {query for board in BOARDS.values() for query in silent(prometheus, board, 600, [])}

    try:
        wait_for(lambda: without() <= set(QUIET), 90, "all panels to have data")
    except pytest.fail.Exception:
        pytest.fail(f"without an answer: {sorted(without() - set(QUIET))}")


@pytest.mark.e2e
def test_the_owner_s_name_is_on_the_board(start: Start, tmp_path: Path) -> None:
    _, _, watch = began(start, tmp_path)
    [panel] = [panel for panel in BOARDS["gpu.json"].panels if panel["title"] == "Who uses which card"]
    wait_for(lambda: watch.query("gpu:owner_memory:ratio"), 60, "owners")
    [query] = [query for query in BOARDS["gpu.json"].queries if (query.panel, query.ref) == (panel["title"], "A")]
    values = {"datasource": "prometheus", "cluster": "lab", "node": "pve1", "gpu_uuid": ".*", "owner": ".*"}
    owners = {(row["metric"]["owner_kind"], row["metric"]["owner"]) for row in Prometheus(watch.url, time.time(), 2).ask(query, values, 600)}
    assert ("lxc", "jupyter") in owners
    assert {kind for kind, _ in owners} >= {"container", "lxc", "vm"}

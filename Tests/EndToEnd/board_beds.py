"""What tests of a board with made figures share: a Prometheus that scrapes them, and what every such board must show."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Set
from pathlib import Path
from typing import Any

import pytest
import yaml
from boards import Board, Prometheus
from browsing import FAINT, tab
from conftest import REPOSITORY, Start, free_port, wait_for
from expositions import Labels
from playwright.sync_api import Browser
from stack import quick_rules
from test_boards_data import silent
from viewing import Dashboards

Told = dict[str, set[tuple[str, ...]]]

SCREENS: dict[str, dict[str, Any]] = {"desktop": {}, "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}}


def alerts(name: str) -> set[str]:
    """Those of a shipped file of rules."""
    return {rule["alert"] for group in yaml.safe_load((REPOSITORY / f"prometheus/rules/alerts-{name}.yml").read_text())["groups"] for rule in group["rules"]}


def scraping(start: Start, folder: Path, rules: str, jobs: list[dict[str, Any]], slow: list[str]) -> str:
    """The address of a Prometheus with the shipped rules of that name, made quick, when it has recorded the slow ones."""
    port = free_port()
    (folder / "prometheus.yml").write_text(yaml.safe_dump({
        "global": {"scrape_interval": "2s", "evaluation_interval": "2s"}, "rule_files": [f"{quick_rules(folder)}/*-{rules}.yml"], "scrape_configs": jobs}))
    program = start("/usr/bin/prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}")
    program.wait_until(f"http://127.0.0.1:{port}/-/ready", 60)
    url = f"http://127.0.0.1:{port}"
    # Graphs end at the last whole step, so figures must have been there for one; rates want two scrapes before.
    wait_for(lambda: all(Prometheus(url, time.time(), 2).get("query", query=f"{name} offset 20s")["result"] for name in slow), 90, "recorded figures")
    return url


def check_data(prometheus: str, shown: Mapping[str, Board], quiet: Set[str] = frozenset()) -> None:
    """Every question has an answer, but for those that are quiet, which have none."""
    def without() -> set[str]:
        return {query for board in shown.values() for query in silent(Prometheus(prometheus, time.time(), 2), board, 600, [])}

    try:
        wait_for(lambda: without() <= quiet, 90, "all panels to have data")
    except pytest.fail.Exception:
        pytest.fail(f"without an answer: {sorted(without() - quiet)}")
    assert without() == quiet


def check_alerts(prometheus: str, expected: Told, selector: str, about: Callable[[Labels], tuple[str, ...]]) -> None:
    """What fires is what is expected, with whom it is about."""
    def firing() -> Told:
        found: Told = {}
        for row in Prometheus(prometheus, time.time(), 2).get("query", query=f"ALERTS{{{selector}}}")["result"]:
            found.setdefault(row["metric"]["alertname"], set()).add(about(row["metric"]))
        return found

    try:
        wait_for(lambda: firing() == expected, 90, "all troubles to be told")
    except pytest.fail.Exception:
        found = firing()
        pytest.fail(f"missing or other: { {name: (expected.get(name), found.get(name)) for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)} }")


def check_drawing(browser: Browser, viewer: Dashboards, screen: str, board: str, least: int) -> None:
    """Every panel of a board draws, and the page is in order.

    - board: what its uid has behind `martlet-`.
    - least: how many panels it has at least.
    """
    with tab(browser, viewer.url, **SCREENS[screen]) as desk:
        page = desk.open(f"/d/martlet-{board}?from=now-5m&to=now&refresh=off")
        panels = desk.panels()
        assert len(panels) >= least
        assert [panel for panel in panels if panel["failed"]] == []
        assert {panel["title"]: panel["excuse"] or "" for panel in panels if panel["excuse"] or (panel["colored"] < 20 and not panel["text"])} == {}
        assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth"), "wider than the screen"
        # A row that the pointer is on has another ground.
        page.mouse.move(0, 0)
        assert page.evaluate(FAINT) == []
        assert desk.complaints == []
        height = min(page.evaluate("document.documentElement.scrollHeight"), 6000)
        page.set_viewport_size({"width": page.evaluate("innerWidth"), "height": height})
        desk.screenshot(f"{board}-{screen}")

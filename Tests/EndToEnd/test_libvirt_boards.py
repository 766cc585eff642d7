"""Every question of the board about hypervisors of libvirt has an answer, and the shipped rules tell of each trouble, where there is some of every kind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import libvirt_numbers
import pytest
import yaml
from boards import FOLDER, Prometheus, boards
from browsing import FAINT, browser, tab
from conftest import REPOSITORY, Start, free_port, wait_for
from libvirt_numbers import HYPERVISOR_BOARDS, HYPERVISOR_UIDS
from playwright.sync_api import Browser
from prometheus_client.parser import text_string_to_metric_families
from stack import quick_rules
from test_boards_data import silent
from viewing import Dashboards, dashboards

__all__ = ["browser"]

BOARDS = {name: board for name, board in boards().items() if name in HYPERVISOR_BOARDS}

# What has no answer, and why that is right.
QUIET = {"martlet-libvirt: Pools: F": "a forecast wants twelve hours of past"}

# Alerts that nothing here causes, and why. What they do is proven by promtool in prometheus/rules/tests/.
ELSEWHERE = {
    "LibvirtBlockJobStuck": "wants half an hour in which nothing moves",
    "LibvirtPoolWillFillIn4d": "wants twelve hours of past",
}
ALERTS = {rule["alert"] for group in yaml.safe_load((REPOSITORY / "prometheus/rules/alerts-libvirt.yml").read_text())["groups"] for rule in group["rules"]}


def test_exceptions_are_of_boards_and_alerts_that_there_are() -> None:
    assert set(BOARDS) == HYPERVISOR_BOARDS and {board.uid for board in BOARDS.values()} == HYPERVISOR_UIDS
    assert set(QUIET) <= {str(query) for board in BOARDS.values() for query in board.queries}
    assert set(ELSEWHERE) < ALERTS


def test_what_is_shown_can_be_read() -> None:
    names = {sample.name for family in text_string_to_metric_families(libvirt_numbers.exposition(1000, 0)) for sample in family.samples}
    assert "libvirt_domain_suspect" in names and len(names) > 40


@pytest.fixture(scope="module")
def prometheus(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("prometheus")
    port = free_port()
    with libvirt_numbers.served(free_port()) as address:
        target = {"targets": [address], "labels": {"cluster": "lab", "node": "kvm1"}}
        (folder / "prometheus.yml").write_text(yaml.safe_dump({
            "global": {"scrape_interval": "2s", "evaluation_interval": "2s"}, "rule_files": [f"{quick_rules(folder)}/*-libvirt.yml"],
            "scrape_configs": [{"job_name": "martlet-hosts", "honor_labels": True, "static_configs": [target]}]}))
        program = start_for_all(
            "/usr/bin/prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}")
        program.wait_until(f"http://127.0.0.1:{port}/-/ready", 60)
        url = f"http://127.0.0.1:{port}"
        # Graphs end at the last whole step, so figures must have been there for one; rates want two scrapes before.
        slow = ["libvirt_disk:flush_latency:avg5m", "libvirt_guest:cpu_delay:ratio5m", "libvirt_interface:drops:rate5m", "libvirt:cpu_usage:cores", "libvirt_disk:job_progress:ratio"]
        wait_for(lambda: all(Prometheus(url, time.time(), 2).get("query", query=f"{name} offset 20s")["result"] for name in slow), 90, "recorded figures")
        yield url


@pytest.mark.e2e
def test_every_panel_has_data(prometheus: str) -> None:
    def without() -> set[str]:
        return {query for board in BOARDS.values() for query in silent(Prometheus(prometheus, time.time(), 2), board, 600, [])}

    try:
        wait_for(lambda: without() <= set(QUIET), 90, "all panels to have data")
    except pytest.fail.Exception:
        pytest.fail(f"without an answer: {sorted(without() - set(QUIET))}")
    assert without() == set(QUIET)


@pytest.mark.e2e
def test_every_trouble_is_told_with_the_name_of_whom_it_befell(prometheus: str) -> None:
    def firing() -> dict[str, set[tuple[str, ...]]]:
        found: dict[str, set[tuple[str, ...]]] = {}
        for row in Prometheus(prometheus, time.time(), 2).get("query", query='ALERTS{alertstate="firing"}')["result"]:
            labels = row["metric"]
            assert (labels["cluster"], labels["node"]) == ("lab", "kvm1")
            about = tuple(labels[name] for name in ("uri", "domain", "storage_pool") if name in labels)
            found.setdefault(labels["alertname"], set()).add(about)
        return found

    local, remote = (libvirt_numbers.LOCAL,), (libvirt_numbers.REMOTE,)
    expected = {
        "LibvirtDown": {remote}, "LibvirtThreadsExhausted": {local}, "LibvirtStatisticsStale": {local}, "LibvirtMemoryOvercommitted": {local},
        "LibvirtGuestHung": {(*local, "mail")}, "LibvirtGuestCrashed": {(*local, "gone")}, "LibvirtGuestPausedIoError": {(*local, "full")},
        "LibvirtGuestCpuDelayed": {(*local, "db")}, "LibvirtBackingChainDeep": {(*local, "web")},
        "LibvirtSnapshotOld": {(*local, "web")}, "LibvirtPoolSpaceLow": {(*local, "images"), (*local, "scratch")},
        "LibvirtPoolSpaceCritical": {(*local, "scratch")}, "LibvirtPoolInactive": {(*local, "san")},
    }
    assert set(expected) | set(ELSEWHERE) == ALERTS
    try:
        wait_for(lambda: firing() == expected, 90, "all troubles to be told")
    except pytest.fail.Exception:
        found = firing()
        pytest.fail(f"missing or other: { {name: (expected.get(name), found.get(name)) for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)} }")


@pytest.fixture(scope="module")
def viewer(start_for_all: Start, prometheus: str) -> Dashboards:
    return dashboards(start_for_all, prometheus, "--dashboards.boards-dir", FOLDER)


SCREENS: dict[str, dict[str, Any]] = {"desktop": {}, "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}}


@pytest.mark.e2e
@pytest.mark.parametrize("screen", SCREENS)
def test_every_panel_draws(browser: Browser, viewer: Dashboards, screen: str) -> None:
    with tab(browser, viewer.url, **SCREENS[screen]) as desk:
        page = desk.open("/d/martlet-libvirt?from=now-5m&to=now&refresh=off")
        panels = desk.panels()
        assert len(panels) >= 20
        assert [panel for panel in panels if panel["failed"]] == []
        assert {panel["title"]: panel["excuse"] or "" for panel in panels if panel["excuse"] or (panel["colored"] < 20 and not panel["text"])} == {}
        assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth"), "wider than the screen"
        # A row that the pointer is on has another ground.
        page.mouse.move(0, 0)
        assert page.evaluate(FAINT) == []
        assert desk.complaints == []
        height = min(page.evaluate("document.documentElement.scrollHeight"), 6000)
        page.set_viewport_size({"width": page.evaluate("innerWidth"), "height": height})
        desk.screenshot(f"libvirt-{screen}")

"""Every question of the board about the manager of machines has an answer, and the shipped rules tell of each trouble, where there is some of every kind."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import manager_numbers
import pytest
import yaml
from boards import FOLDER, Prometheus, boards
from browsing import FAINT, browser, tab
from conftest import REPOSITORY, Start, free_port, wait_for
from manager_numbers import MANAGER_BOARDS, MANAGER_UIDS, TARGETS
from playwright.sync_api import Browser
from prometheus_client.parser import text_string_to_metric_families
from stack import quick_rules
from test_boards_data import silent
from test_rules import MANAGER
from viewing import Dashboards, dashboards

__all__ = ["browser"]

BOARDS = {name: board for name, board in boards().items() if name in MANAGER_BOARDS}
ALERTS = {rule["alert"] for group in yaml.safe_load((REPOSITORY / "prometheus/rules/alerts-manager.yml").read_text())["groups"] for rule in group["rules"]}
JOBS = {job["job_name"]: job for job in yaml.safe_load((REPOSITORY / "prometheus/prometheus.yml").read_text())["scrape_configs"]}


def test_exceptions_are_of_boards_and_jobs_that_there_are() -> None:
    assert set(BOARDS) == MANAGER_BOARDS and {board.uid for board in BOARDS.values()} == MANAGER_UIDS
    assert set(TARGETS) <= set(JOBS)
    # A target without labels is a host of its own.
    assert JOBS["virtrigaud-manager"]["relabel_configs"] == JOBS["virtrigaud-provider"]["relabel_configs"] == JOBS["martlet-logs"]["relabel_configs"]


def test_what_is_shown_can_be_read_and_has_the_labels_that_rules_ask_for() -> None:
    shown: dict[str, set[str]] = {}
    for who in manager_numbers.SHOWN:
        for family in text_string_to_metric_families(manager_numbers.exposition(who, 1000, 0)):
            for sample in family.samples:
                shown.setdefault(sample.name, set()).update(sample.labels)
    assert {name: labels for name, labels in shown.items() if name in MANAGER} == {name: labels for name, labels in MANAGER.items() if name in shown}
    assert len(shown) > 25


@pytest.fixture(scope="module")
def prometheus(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """With the shipped jobs, but for where their files are."""
    folder = tmp_path_factory.mktemp("prometheus")
    port = free_port()
    with manager_numbers.served(free_port()) as address:
        for job in TARGETS:
            [pattern] = JOBS[job]["file_sd_configs"][0]["files"]
            target = folder / pattern.replace("*", "all")
            target.parent.mkdir(parents=True)
            target.write_text(yaml.safe_dump(manager_numbers.targets(job, address)))
        (folder / "prometheus.yml").write_text(yaml.safe_dump({
            "global": {"scrape_interval": "2s", "evaluation_interval": "2s"}, "rule_files": [f"{quick_rules(folder)}/*-manager.yml"],
            "scrape_configs": [JOBS[job] for job in TARGETS]}))
        program = start_for_all(
            "/usr/bin/prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}")
        program.wait_until(f"http://127.0.0.1:{port}/-/ready", 60)
        url = f"http://127.0.0.1:{port}"
        # Graphs end at the last whole step, so figures must have been there for one; rates want two scrapes before.
        slow = ["virtrigaud:vm_creation:p95", "virtrigaud:rpc_latency:p95", "virtrigaud:store_errors:increase5m", "virtrigaud:machines:count"]
        wait_for(lambda: all(Prometheus(url, time.time(), 2).get("query", query=f"{name} offset 20s")["result"] for name in slow), 90, "recorded figures")
        yield url


@pytest.mark.e2e
def test_every_panel_has_data(prometheus: str) -> None:
    def without() -> set[str]:
        return {query for board in BOARDS.values() for query in silent(Prometheus(prometheus, time.time(), 2), board, 600, [])}

    try:
        wait_for(lambda: without() == set(), 90, "all panels to have data")
    except pytest.fail.Exception:
        pytest.fail(f"without an answer: {sorted(without())}")


@pytest.mark.e2e
def test_every_trouble_is_told_with_the_name_of_whom_it_befell(prometheus: str) -> None:
    def firing() -> dict[str, set[tuple[str, ...]]]:
        found: dict[str, set[tuple[str, ...]]] = {}
        for row in Prometheus(prometheus, time.time(), 2).get("query", query='ALERTS{alertstate="firing",alertname=~"Virtrigaud.+"}')["result"]:
            labels = row["metric"]
            found.setdefault(labels["alertname"], set()).add(tuple(labels[name] for name in ("cluster", "node", "provider", "operation", "method", "kind", "name") if name in labels))
        return found

    expected = {
        "VirtrigaudManagerDown": {("north",)}, "VirtrigaudNoLeader": {("south",)}, "VirtrigaudTwoLeaders": {("east",)}, "VirtrigaudStoreNotWritable": {("west", "mgr3")},
        "VirtrigaudQueueBacklog": {("lab", "VirtualMachine")}, "VirtrigaudReconcileErrors": {("lab", "VirtualMachine")}, "VirtrigaudControllerStuck": {("lab", "vmclone")},
        "VirtrigaudMachinesGone": {("lab", "office/vc1")}, "VirtrigaudMachinesFailed": {("lab", "default/kvm2")}, "VirtrigaudProviderDown": {("lab", "kvm2")},
        "VirtrigaudProviderUnhealthy": {("lab", "office/vc1")}, "VirtrigaudCircuitBreakerOpen": {("lab", "office/vc1")}, "VirtrigaudHighErrorRate": {("lab", "default/kvm2", "Create")},
        "VirtrigaudSlowVMCreation": {("lab", "default/kvm2")}, "VirtrigaudRpcLatencyHigh": {("lab", "Create")}, "VirtrigaudOperationStuck": {("lab", "default/kvm2")},
        "VirtrigaudCertificateExpiring": {("lab", "kvm1")},
    }
    assert set(expected) == ALERTS
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
        page = desk.open("/d/martlet-vm-manager?from=now-5m&to=now&refresh=off")
        panels = desk.panels()
        assert len(panels) >= 30
        assert [panel for panel in panels if panel["failed"]] == []
        assert {panel["title"]: panel["excuse"] or "" for panel in panels if panel["excuse"] or (panel["colored"] < 20 and not panel["text"])} == {}
        assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth"), "wider than the screen"
        # A row that the pointer is on has another ground.
        page.mouse.move(0, 0)
        assert page.evaluate(FAINT) == []
        assert desk.complaints == []
        height = min(page.evaluate("document.documentElement.scrollHeight"), 6000)
        page.set_viewport_size({"width": page.evaluate("innerWidth"), "height": height})
        desk.screenshot(f"vm-manager-{screen}")

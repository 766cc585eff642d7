"""Every question of the board about the manager of machines has an answer, and the shipped rules tell of each trouble, where there is some of every kind."""

from __future__ import annotations

from collections.abc import Iterator

import manager_numbers
import pytest
import yaml
from board_beds import SCREENS, alerts, check_alerts, check_data, check_drawing, scraping
from boards import FOLDER, boards
from browsing import browser
from conftest import REPOSITORY, Start, free_port
from expositions import Labels, served
from manager_numbers import MANAGER_BOARDS, MANAGER_UIDS, TARGETS
from playwright.sync_api import Browser
from prometheus_client.parser import text_string_to_metric_families
from test_rules import MANAGER
from viewing import Dashboards, dashboards

__all__ = ["browser"]

BOARDS = {name: board for name, board in boards().items() if name in MANAGER_BOARDS}
ALERTS = alerts("manager")
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
    with served(free_port(), manager_numbers.page) as address:
        for job in TARGETS:
            [pattern] = JOBS[job]["file_sd_configs"][0]["files"]
            target = folder / pattern.replace("*", "all")
            target.parent.mkdir(parents=True)
            target.write_text(yaml.safe_dump(manager_numbers.targets(job, address)))
        slow = ["virtrigaud:vm_creation:p95", "virtrigaud:rpc_latency:p95", "virtrigaud:store_errors:increase5m", "virtrigaud:machines:count"]
        yield scraping(start_for_all, folder, "manager", [JOBS[job] for job in TARGETS], slow)


@pytest.mark.e2e
def test_every_panel_has_data(prometheus: str) -> None:
    check_data(prometheus, BOARDS)


@pytest.mark.e2e
def test_every_trouble_is_told_with_the_name_of_whom_it_befell(prometheus: str) -> None:
    def about(labels: Labels) -> tuple[str, ...]:
        return tuple(labels[name] for name in ("cluster", "node", "provider", "operation", "method", "kind", "name") if name in labels)

    expected = {
        "VirtrigaudManagerDown": {("north",)}, "VirtrigaudNoLeader": {("south",)}, "VirtrigaudTwoLeaders": {("east",)}, "VirtrigaudStoreNotWritable": {("west", "mgr3")},
        "VirtrigaudQueueBacklog": {("lab", "VirtualMachine")}, "VirtrigaudReconcileErrors": {("lab", "VirtualMachine")}, "VirtrigaudControllerStuck": {("lab", "vmclone")},
        "VirtrigaudMachinesGone": {("lab", "office/vc1")}, "VirtrigaudMachinesFailed": {("lab", "default/kvm2")}, "VirtrigaudMachinesNotReady": {("lab", "default/kvm1"), ("lab", "default/kvm2")},
        "VirtrigaudManifestsWrong": {("lab", "mgr1")}, "VirtrigaudProviderDown": {("lab", "kvm2")},
        "VirtrigaudProviderUnhealthy": {("lab", "office/vc1")}, "VirtrigaudCircuitBreakerOpen": {("lab", "office/vc1")}, "VirtrigaudHighErrorRate": {("lab", "default/kvm2", "Create")},
        "VirtrigaudSlowVMCreation": {("lab", "default/kvm2")}, "VirtrigaudRpcLatencyHigh": {("lab", "Create")}, "VirtrigaudOperationStuck": {("lab", "default/kvm2")},
        "VirtrigaudCertificateExpiring": {("lab", "kvm1")},
    }
    assert set(expected) == ALERTS
    check_alerts(prometheus, expected, 'alertstate="firing",alertname=~"Virtrigaud.+"', about)


@pytest.fixture(scope="module")
def viewer(start_for_all: Start, prometheus: str) -> Dashboards:
    return dashboards(start_for_all, prometheus, "--dashboards.boards-dir", FOLDER)


@pytest.mark.e2e
@pytest.mark.parametrize("screen", SCREENS)
def test_every_panel_draws(browser: Browser, viewer: Dashboards, screen: str) -> None:
    check_drawing(browser, viewer, screen, "vm-manager", 30)

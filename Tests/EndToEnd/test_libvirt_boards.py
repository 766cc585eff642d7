"""Every question of the board about hypervisors of libvirt has an answer, and the shipped rules tell of each trouble, where there is some of every kind."""

from __future__ import annotations

from collections.abc import Iterator

import libvirt_numbers
import pytest
from board_beds import SCREENS, alerts, check_alerts, check_data, check_drawing, scraping
from boards import FOLDER, boards
from browsing import browser
from conftest import Start, free_port
from expositions import Labels, served
from libvirt_numbers import HYPERVISOR_BOARDS, HYPERVISOR_UIDS
from playwright.sync_api import Browser
from prometheus_client.parser import text_string_to_metric_families
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
ALERTS = alerts("libvirt")


def test_exceptions_are_of_boards_and_alerts_that_there_are() -> None:
    assert set(BOARDS) == HYPERVISOR_BOARDS and {board.uid for board in BOARDS.values()} == HYPERVISOR_UIDS
    assert set(QUIET) <= {str(query) for board in BOARDS.values() for query in board.queries}
    assert set(ELSEWHERE) < ALERTS


def test_what_is_shown_can_be_read() -> None:
    names = {sample.name for family in text_string_to_metric_families(libvirt_numbers.exposition(1000, 0)) for sample in family.samples}
    assert "libvirt_domain_suspect" in names and len(names) > 40


@pytest.fixture(scope="module")
def prometheus(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(free_port(), lambda _, now, began: libvirt_numbers.exposition(now, began)) as address:
        target = {"targets": [address], "labels": {"cluster": "lab", "node": "kvm1"}}
        job = {"job_name": "martlet-hosts", "honor_labels": True, "static_configs": [target]}
        slow = ["libvirt_disk:flush_latency:avg5m", "libvirt_guest:cpu_delay:ratio5m", "libvirt_interface:drops:rate5m", "libvirt:cpu_usage:cores", "libvirt_disk:job_progress:ratio"]
        yield scraping(start_for_all, tmp_path_factory.mktemp("prometheus"), "libvirt", [job], slow)


@pytest.mark.e2e
def test_every_panel_has_data(prometheus: str) -> None:
    check_data(prometheus, BOARDS, set(QUIET))


@pytest.mark.e2e
def test_every_trouble_is_told_with_the_name_of_whom_it_befell(prometheus: str) -> None:
    def about(labels: Labels) -> tuple[str, ...]:
        assert (labels["cluster"], labels["node"]) == ("lab", "kvm1")
        return tuple(labels[name] for name in ("uri", "domain", "storage_pool") if name in labels)

    local, remote = (libvirt_numbers.LOCAL,), (libvirt_numbers.REMOTE,)
    expected = {
        "LibvirtDown": {remote}, "LibvirtThreadsExhausted": {local}, "LibvirtStatisticsStale": {local}, "LibvirtMemoryOvercommitted": {local},
        "LibvirtGuestHung": {(*local, "mail")}, "LibvirtGuestCrashed": {(*local, "gone")}, "LibvirtGuestPausedIoError": {(*local, "full")},
        "LibvirtGuestCpuDelayed": {(*local, "db")}, "LibvirtBackingChainDeep": {(*local, "web")},
        "LibvirtSnapshotOld": {(*local, "web")}, "LibvirtPoolSpaceLow": {(*local, "images"), (*local, "scratch")},
        "LibvirtPoolSpaceCritical": {(*local, "scratch")}, "LibvirtPoolInactive": {(*local, "san")},
    }
    assert set(expected) | set(ELSEWHERE) == ALERTS
    check_alerts(prometheus, expected, 'alertstate="firing"', about)


@pytest.fixture(scope="module")
def viewer(start_for_all: Start, prometheus: str) -> Dashboards:
    return dashboards(start_for_all, prometheus, "--dashboards.boards-dir", FOLDER)


@pytest.mark.e2e
@pytest.mark.parametrize("screen", SCREENS)
def test_every_panel_draws(browser: Browser, viewer: Dashboards, screen: str) -> None:
    check_drawing(browser, viewer, screen, "libvirt", 20)

"""A real Prometheus with the shipped configuration that finds its targets through `martlet discovery`.

It asks every second here, and Prometheus hands changes of discovery on in steps of five seconds: that is its share of each wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Program, Start, fetch, wait_for
from discovering import Cluster, Discovery, Prometheus

STEP = 5.0
"""Seconds in which Prometheus gathers what its discoverers tell."""
LOOK = 1.0
"""Seconds between two looks at the cluster."""
SOON = LOOK + 1 + STEP + 4
"""TTL, refresh and step, and some seconds for a machine that has other work."""


@pytest.fixture
def prometheus_of(tmp_path: Path) -> Iterator[Callable[[Discovery], Prometheus]]:
    begun: list[Program] = []

    def begin(arguments: list[str], log: Path) -> Program:
        begun.append(Program(arguments, log))
        return begun[-1]

    yield lambda discovery: Prometheus(begin, tmp_path / "prometheus", discovery)
    for program in begun:
        program.stop()


@pytest.fixture
def estate(
    start: Start, tmp_path: Path, prometheus_of: Callable[[Discovery], Prometheus]
) -> tuple[Cluster, Discovery, Prometheus]:
    cluster = Cluster(start, tmp_path / "world")
    discovery = Discovery(start, tmp_path / "discovery", [cluster])
    return cluster, discovery, prometheus_of(discovery)


def test_targets_follow_the_guests(estate: tuple[Cluster, Discovery, Prometheus]) -> None:
    cluster, discovery, prometheus = estate
    wait_for(lambda: len(prometheus.targets()) == len(discovery.targets()) > 0, SOON + 5, "the targets")
    world = cluster.guests
    for number, labels in prometheus.targets().items():
        guest = world[int(number)]
        assert (labels["cluster"], labels["node"], labels["vm_name"]) == ("lab", guest["node"], guest["name"])
        assert labels["job"] == ("windows-vms" if guest["ostype"].startswith("w") else "linux-vms")
        assert labels["instance"] == guest["address"] + (":9182" if labels["job"] == "windows-vms" else ":9100")
        assert labels.get("tags", "") == (guest["tags"] or "").replace(";", ",")
        assert int(labels["vcpus"]) > 0 and float(labels["memory_gb"]) > 0 and labels["disk_type"]
        assert not [name for name in labels if name.startswith("__")]
    assert set(prometheus.targets("node")) == {"pve1", "pve2", "pve3"}

    vmid = cluster.some()
    key, node = str(vmid), world[vmid]["node"]
    cluster.change(vmid, status="stopped")
    wait_for(lambda: key not in prometheus.targets(), SOON, "the stopped guest to go")
    cluster.change(vmid, status="running")
    wait_for(lambda: key in prometheus.targets(), SOON + 6, "the started guest, once its agent is up")
    other = next(name for name in ("pve1", "pve2", "pve3") if name != node)
    cluster.change(vmid, node=other)
    wait_for(lambda: prometheus.targets()[key]["node"] == other, SOON, "the migrated guest")
    cluster.change(vmid, name="renamed", tags="prod;owner.main")
    wait_for(lambda: prometheus.targets()[key]["vm_name"] == "renamed", SOON, "the renamed guest")
    assert prometheus.targets()[key]["tags"] == "prod,owner.main"
    cluster.delete(vmid)
    wait_for(lambda: key not in prometheus.targets(), SOON, "the deleted guest to go")


def test_targets_outlive_the_api_and_a_restart_of_discovery(estate: tuple[Cluster, Discovery, Prometheus]) -> None:
    cluster, discovery, prometheus = estate
    wait_for(lambda: len(prometheus.targets()) == len(discovery.targets()) > 0, SOON + 5, "the targets")
    before = prometheus.targets()
    cluster.end()
    wait_for(lambda: discovery.state() == "kept", 10, "kept")
    discovery.program.stop()
    discovery.begin()
    failures = prometheus.own_metric("prometheus_sd_http_failures_total")
    wait_for(lambda: discovery.ask().status == 503, 5, "503")
    # It answers 503 to all three jobs several times, each of which waits for an answer first.
    wait_for(lambda: prometheus.own_metric("prometheus_sd_http_failures_total") >= failures + 6, 30, "failures of discovery")
    assert prometheus.targets() == before
    assert set(prometheus.targets("node")) == {"pve1", "pve2", "pve3"}
    cluster.begin()
    wait_for(lambda: discovery.state() == "fresh", 15, "fresh")
    assert prometheus.targets() == before


def test_targets_go_when_a_cluster_is_away_for_too_long(
    start: Start, tmp_path: Path, prometheus_of: Callable[[Discovery], Prometheus]
) -> None:
    cluster = Cluster(start, tmp_path / "world")
    discovery = Discovery(start, tmp_path / "discovery", [cluster], keep_last="8s", keep_nodes="20s")
    prometheus = prometheus_of(discovery)
    wait_for(lambda: len(prometheus.targets()) == len(discovery.targets()) > 0, SOON + 5, "the targets")
    before = prometheus.targets()
    cluster.end()
    wait_for(lambda: discovery.state() == "kept", 10, "kept")
    assert prometheus.targets() == before
    wait_for(lambda: discovery.state() == "expired", 20, "expired")
    wait_for(lambda: not prometheus.targets(), SOON, "the guests to go")
    assert fetch(discovery.url + "/targets").json == []
    # A host that died with its API is to be missed for longer.
    wait_for(lambda: not prometheus.targets("node"), 20 + SOON, "the nodes to go")
    cluster.begin()
    wait_for(lambda: prometheus.targets() == before, SOON + 6, "all of them again")

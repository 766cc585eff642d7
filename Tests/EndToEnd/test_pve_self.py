"""What both exporters tell of themselves on /metrics."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from conftest import Start
from peer import Beside, Exposition, side_by_side
from replay import API, Certificates, Fault

ALWAYS = ("pve_collection_duration_seconds", "pve_request_errors_total")
ON_REQUEST = ("pve_scrape_api_", "pve_scrape_target_")


def shapes(exposition: Exposition, prefixes: Iterable[str]) -> Mapping[str, set[frozenset[str]]]:
    """The sets of label names by sample name; when a series began (`_created`) is no part of the contract."""
    found: dict[str, set[frozenset[str]]] = {}
    for name, labels in exposition.samples:
        if name.startswith(tuple(prefixes)) and not name.endswith("_created"):
            found.setdefault(name, set()).add(frozenset(dict(labels)))
    return found


def values(exposition: Exposition, name: str) -> dict[frozenset[tuple[str, str]], float]:
    return {labels: value for (family, labels), value in exposition.samples.items() if family == name}


def bounds(exposition: Exposition, name: str) -> set[float]:
    return {float(labels["le"]) for labels in exposition.having(f"{name}_bucket")}


def pages(beside: Beside) -> tuple[Exposition, Exposition]:
    return beside.peer.metrics(), beside.ours.metrics()


def test_summary_and_errors_by_module(start: Start, certificates: Certificates, tmp_path: Path) -> None:
    with side_by_side(start, certificates, tmp_path) as beside:
        theirs, ours = pages(beside)
        assert shapes(theirs, ALWAYS) == shapes(ours, ALWAYS), "both modules are there from the start"
        for name in ("pve_collection_duration_seconds_count", "pve_collection_duration_seconds_sum", "pve_request_errors_total"):
            expected = {frozenset({("module", module)}): 0.0 for module in ("default", "password")}
            assert values(theirs, name) == values(ours, name) == expected

        for parameters in (
            {},
            {"cluster": 0},
            {"module": "password"},
            {"module": "password", "node": 0},
            {"module": "none"},
            {"cluster": 0, "node": 0},
        ):
            beside.statuses(parameters)
        beside.api.faults[f"{API}/version"] = Fault(status=500, reason="got timeout", body=b'{"data":null}')
        assert [beside.statuses(parameters) for parameters in ({}, {"cluster": 0}, {"module": "password"}, {})] == [
            (500, 500),
            (200, 200),
            (500, 500),
            (500, 500),
        ]
        theirs, ours = pages(beside)
        assert shapes(theirs, ALWAYS) == shapes(ours, ALWAYS)
        for name in ("pve_collection_duration_seconds_count", "pve_request_errors_total"):
            assert values(theirs, name) == values(ours, name), name
        assert values(ours, "pve_collection_duration_seconds_count") == {
            frozenset({("module", "default")}): 4,
            frozenset({("module", "password")}): 2,
        }
        assert all(0 < seconds < 10 for seconds in values(ours, "pve_collection_duration_seconds_sum").values())
        assert [theirs.types[name] for name in ALWAYS] == [ours.types[name] for name in ALWAYS] == ["summary", "counter"]
        assert shapes(theirs, ON_REQUEST) == shapes(ours, ON_REQUEST) == {}, "nobody asked for these"


def calls(exposition: Exposition, name: str) -> dict[tuple[str, str], float]:
    """By method and URL, with {vmid} in the place of the number of a guest."""
    counted: dict[tuple[str, str], float] = {}
    for labels, value in values(exposition, name).items():
        known = dict(labels)
        key = (known["method"], re.sub(r"/(qemu|lxc)/\d+/", r"/\1/{vmid}/", known["url"]))
        counted[key] = counted.get(key, 0) + value
    return counted


def test_calls_and_targets_on_request(start: Start, certificates: Certificates, tmp_path: Path) -> None:
    with side_by_side(start, certificates, tmp_path, "--collector.pve-api-metrics", "--collector.target-metrics") as beside:
        for parameters in ({}, {"cluster": "false", "node": "yes"}, {"cluster": 0, "node": ""}):
            assert beside.statuses(parameters) == (200, 200)
        theirs, ours = pages(beside)
        name = "pve_scrape_api_duration_seconds_count"
        assert not any(re.search(r"/(qemu|lxc)/\d", labels["url"]) for labels in ours.having(name)), (
            "a label that does not grow with the guests"
        )
        # What only the peer asks for: the state of each job.
        states = {key for key in calls(theirs, name) if re.search(r"/replication/[^/]+/status$", key[1])}
        assert len(states) == 2
        assert set(calls(ours, name)) == set(calls(theirs, name)) - states
        more = {key: (count, calls(theirs, name)[key]) for key, count in calls(ours, name).items() if count > calls(theirs, name)[key]}
        assert more == {}
        assert set(calls(ours, "pve_scrape_api_errors_total").values()) == {0}

        beside.api.faults[f"{API}/cluster/config/qdevice"] = Fault(status=500, reason="no", body=b'{"data":null}')
        assert beside.statuses({"node": 0}) == (200, 200)
        beside.api.faults[f"{API}/nodes/pve1/qemu/101/config"] = Fault(status=500, reason="no", body=b'{"data":null}')
        assert beside.statuses({"cluster": 0}) == (500, 500)
        theirs, ours = pages(beside)
    assert shapes(theirs, ON_REQUEST) == shapes(ours, ON_REQUEST)
    for name, kind in {
        "pve_scrape_api_duration_seconds": "histogram",
        "pve_scrape_api_errors_total": "counter",
        "pve_scrape_target_duration_seconds": "histogram",
        "pve_scrape_target_errors_total": "counter",
    }.items():
        assert theirs.types[name] == ours.types[name] == kind
        if kind == "histogram":
            assert bounds(theirs, name) == bounds(ours, name)
    for name in ("pve_scrape_target_duration_seconds_count", "pve_scrape_target_errors_total"):
        assert values(theirs, name) == values(ours, name), name
    assert {labels["target"] for labels in ours.having("pve_scrape_target_duration_seconds_count")} == {beside.target}
    errors = "pve_scrape_api_errors_total"
    assert set(calls(ours, errors)) == set(calls(ours, "pve_scrape_api_duration_seconds_count"))
    failed = [{key: count for key, count in calls(page, errors).items() if count} for page in (theirs, ours)]
    assert failed[0] == failed[1] and len(failed[0]) == 2

"""Nodes and guests that somebody does not want to see: nothing of them is shown, and nothing of them is asked for."""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Start, run, wait_for
from exporting import Exporter, environment
from handmade import Answers, beside
from oracle import Samples, difference, parse_exposition
from replay import API, TOKEN, Fault, Replay
from slow_lane import EXPIRY, Seen, expected, wait_until
from slow_types import SLOW_TYPES

# Of the recorded cluster: who is there, by number.
GUESTS = {"100": "pve1", "101": "pve1", "102": "pve1", "103": "pve1", "110": "pve2", "120": "pve3", "200": "pve1", "210": "pve2"}
NODES = {"pve1", "pve2", "pve3"}
CONTAINERS = {"200", "210"}

# What the cluster says of itself, where a node is only named.
NAMES_A_NODE = {"pve_ha_manager_last_seen_timestamp_seconds"}
COUNTS = {"pve_node_vm_count", "pve_node_lxc_count"}
# What ran on a node that nobody wants to see is not known, though it may have been about a guest that has moved since.
OF_WHERE_IT_RAN = {
    "pve_vm_last_backup_timestamp", "pve_lxc_last_backup_timestamp", "pve_guest_last_backup_timestamp_seconds", "pve_guest_last_backup_success",
    "pve_guest_last_backup_duration_seconds", "pve_backup_job_last_run_success", "pve_backup_job_last_run_timestamp_seconds",
}  # fmt: skip
# How many there are in the whole cluster, whoever is shown.
TOTALS = {"pve_ha_resources_total", "pve_ha_resources_active", "pve_guests_not_backed_up", *COUNTS}


@dataclass(frozen=True)
class Case:
    """A filter, and who is left."""

    filter: Mapping[str, Any]
    guests: str
    nodes: str = "pve1 pve2 pve3"


CASES = {
    "nothing": Case({}, "100 101 102 103 110 120 200 210"),
    "one node": Case({"nodes": ["pve1"]}, "100 101 102 103 200", "pve1"),
    "nodes by a pattern": Case({"nodes": ["*1", "*e3"]}, "100 101 102 103 120 200", "pve1 pve3"),
    "all but one node": Case({"exclude_nodes": ["pve1"]}, "110 120 210", "pve2 pve3"),
    "a node wanted and not": Case({"nodes": "pve*", "exclude_nodes": ["*2"]}, "100 101 102 103 120 200", "pve1 pve3"),
    "a node that is not there": Case({"nodes": ["pve9"]}, "", ""),
    "a range": Case({"vmids": ["100-102"]}, "100 101 102"),
    "a number and a range": Case({"vmids": [103, "200-999999999"]}, "103 200 210"),
    "all but a range": Case({"exclude_vmids": ["100-199"]}, "200 210"),
    "a hole in a range": Case({"vmids": ["100-210"], "exclude_vmids": ["101-109", 120]}, "100 110 200 210"),
    "a tag": Case({"tags": ["prod"]}, "100 110"),
    "a tag by a pattern": Case({"tags": ["w*", "c*t"]}, "100 200"),
    "all but a tag": Case({"exclude_tags": ["prod"]}, "101 102 103 120 200 210"),
    "one tag and not another": Case({"tags": ["prod"], "exclude_tags": ["web"]}, "110"),
    "a pool": Case({"pools": ["pr*"]}, "100 110"),
    "all but a pool": Case({"exclude_pools": ["prod"]}, "101 102 103 120 200 210"),
    "all at once": Case({"nodes": ["pve1"], "vmids": ["100-199"], "tags": ["*"], "pools": ["prod"]}, "100", "pve1"),
    "nobody": Case({"tags": ["nobody"]}, ""),
}


def whole() -> Answers:
    recorded = copy.deepcopy(Replay.from_recordings().answers)
    return recorded | beside(recorded)


def watch(start: Start, folder: Path, api: Replay, wanted: Mapping[str, Any], slow: Mapping[str, Any] | None = None) -> Exporter:
    cluster = {"endpoint": api.url, "token": TOKEN, "filter": dict(wanted)}
    (folder / "martlet.yml").write_text(yaml.safe_dump({"proxmox": {"clusters": [cluster], "slow": dict(slow or {})}}))
    return Exporter(start, {})


def left_of(samples: Samples, guests: set[str], nodes: set[str], *, but: set[str]) -> Samples:
    """What of it is about these guests and nodes, or about none."""

    def is_shown(name: str, own: dict[str, str]) -> bool:
        node = own.get("node", "")
        if name in but or (node in NODES - nodes and name not in NAMES_A_NODE):
            return False
        return own.get("vmid") is None or own["vmid"] in guests

    return {key: value for key, value in samples.items() if key[0].startswith("pve_") and key[0] != EXPIRY and is_shown(key[0], dict(key[1]))}


def asked_of(api: Replay) -> tuple[set[str], set[str]]:
    """Nodes and guests that a call was about."""
    paths = list(api.counted())
    nodes = {match[1] for path in paths if (match := re.search(r"/nodes/([^/]+)/", path))}
    return nodes, {match[1] for path in paths if (match := re.search(r"/(?:qemu|lxc)/(\d+)/", path))}


@pytest.mark.parametrize("case", CASES.values(), ids=[name.replace(" ", "-") for name in CASES])
def test_nothing_else_is_shown_or_asked_for(start: Start, tmp_path: Path, case: Case) -> None:
    guests, nodes = set(case.guests.split()), set(case.nodes.split())
    with Replay.from_rows(whole()) as api:
        exporter = watch(start, tmp_path, api, case.filter)
        but = TOTALS if nodes == NODES else TOTALS | OF_WHERE_IT_RAN
        wanted = left_of(expected(api), guests, nodes, but=but)
        if not nodes:
            # Nobody is asked on timers either.
            wanted = {key: value for key, value in wanted.items() if key[0] not in SLOW_TYPES}
        seen = wait_until(exporter, lambda seen: difference(wanted, left_of(seen.samples, set(GUESTS), NODES, but=but), slow=True))
        asked_nodes, asked_guests = asked_of(api)
        lists = {(node, kind): api.counts[f"{API}/nodes/{node}/{path}"] for node in ("pve1", "pve2") for kind, path in (("qemu", "qemu?full=1"), ("lxc", "lxc"))}
    for own in (dict(labels) for name, labels in seen.samples if name.startswith("pve_")):
        assert own.get("vmid") is None or own["vmid"] in guests, own
    # A filter that empties a cluster is a slip.
    told = [line for line in exporter.program.output.splitlines() if "the filter takes none of the cluster's nodes, which are pve1, pve2, pve3" in line]
    assert len(told) == (0 if nodes else 1)
    assert asked_nodes <= nodes - {"pve3"} and asked_guests <= guests
    is_about_guests = any(not key.endswith("nodes") for key in case.filter)
    for (node, kind), count in lists.items():
        anybody = any(GUESTS[vmid] == node and (vmid in CONTAINERS) == (kind == "lxc") for vmid in guests)
        assert (count > 0) == (node in nodes and (anybody or not is_about_guests)), (node, kind)


def test_nodes_by_the_variable(start: Start) -> None:
    for value, nodes in [("pve2", {"pve2"}), (" pve1 , pve3 ", {"pve1", "pve3"}), ("*1,*2", {"pve1", "pve2"}), ("", NODES)]:
        with Replay.from_rows(whole()) as api:
            seen = Seen(Exporter(start, environment(api) | {"TARGET_NODES": value}).metrics().text)
            assert {own["node"] for own in seen.series("pve_node_up")} == nodes
            assert {own["vmid"] for own in seen.series("pve_guest_info")} == {vmid for vmid, node in GUESTS.items() if node in nodes}
            assert asked_of(api)[0] <= nodes


def at_once(exporter: Exporter) -> set[str]:
    """The guests of one scrape."""
    samples, _ = parse_exposition(exporter.metrics().text)
    return {dict(labels)["vmid"] for name, labels in samples if name.startswith("pve_") and "vmid" in dict(labels)}


def resource(rows: Answers, vmid: int) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in rows[f"{API}/cluster/resources"] if row.get("vmid") == vmid)
    return found


def listed(rows: Answers, vmid: int) -> dict[str, Any]:
    found: dict[str, Any] = next(row for path in rows if path.endswith(("?full=1", "/lxc")) for row in rows[path] if row.get("vmid") == vmid)
    return found


def test_a_guest_comes_and_goes_with_its_tag(start: Start, tmp_path: Path) -> None:
    rows = whole()
    with Replay.from_rows(rows) as api:
        exporter = watch(start, tmp_path, api, {"tags": ["prod"]})
        wait_until(exporter, lambda seen: [] if seen.series("pve_guest_config_info", vmid="100") else ["no configuration yet"])
        assert at_once(exporter) == {"100", "110"}
        for row in (resource(rows, 100), listed(rows, 100)):
            row["tags"] = "web"
        api.serve(rows)
        assert at_once(exporter) == {"110"}, "of no source is anything left"

        def is_forgotten() -> bool:
            api.serve(rows)
            return at_once(exporter) == {"110"} and "100" not in asked_of(api)[1]

        # What a timer had begun to ask before may still come.
        wait_for(is_forgotten, 20, "nothing is asked of it any more")


def fall_silent(rows: Answers, node: str) -> None:
    """The node is off for more than five minutes: of its guests there is a number left."""
    for row in rows[f"{API}/cluster/status"]:
        if row.get("name") == node:
            row["online"] = 0
    for row in rows[f"{API}/cluster/resources"]:
        if row.get("node") != node:
            continue
        kept = {key: row[key] for key in ("id", "type", "node", "vmid") if key in row}
        row.clear()
        row.update(kept, status="offline" if kept["type"] == "node" else "unknown")


@pytest.mark.parametrize(
    "wanted", [{"exclude_tags": ["prod"]}, {"exclude_pools": ["prod"]}, {"pools": ["prod"], "exclude_vmids": [100]}], ids=str)
@pytest.mark.parametrize("what", ["silent", "without resources", "without lists", "dead", "hanging"])
def test_guests_stay_filtered_whatever_fails(start: Start, tmp_path: Path, wanted: Mapping[str, Any], what: str) -> None:
    rows = whole()
    with Replay.from_rows(rows) as api:
        exporter = watch(start, tmp_path, api, wanted)
        wait_until(exporter, lambda seen: [name for name in ("pve_ha_quorate", "pve_guest_config_info", "pve_guests_not_backed_up") if not seen.series(name)])
        guests = at_once(exporter)
        assert guests and guests != set(GUESTS)
        match what:
            case "silent":
                fall_silent(rows, "pve1")
                fall_silent(rows, "pve2")
                api.serve(rows)
            case "without resources":
                api.faults[f"{API}/cluster/resources"] = Fault(status=500, reason="got timeout", body=b"")
            case "without lists":
                api.faults.update({path: Fault(status=595, reason="No route to host", body=b"") for path in rows if path.endswith(("?full=1", "/lxc"))})
            case "dead":
                api.faults.update({path: Fault(close_without_answer=True) for path in rows})
            case "hanging":
                api.faults.update({path: Fault(delay_seconds=30) for path in rows if "/nodes/pve1/" in path})
        for _ in range(2):
            seen = Seen(exporter.metrics(1.5).text)
            shown = {own["vmid"] for name, labels in seen.samples if name.startswith("pve_") and "vmid" in (own := dict(labels))}
            assert shown <= guests
            if what in ("silent", "without lists", "hanging"):
                assert {own["vmid"] for own in seen.series("pve_guest_info")} == {vmid for vmid in guests if vmid in GUESTS}


def test_filters_of_two_clusters_are_their_own(start: Start, tmp_path: Path) -> None:
    with Replay.from_recordings() as first, Replay.from_recordings() as second:
        clusters = [
            {"name": "a", "endpoint": first.url, "token": TOKEN, "filter": {"tags": ["prod"]}},
            {"name": "b", "endpoint": second.url, "token": TOKEN, "filter": {"exclude_tags": ["prod"]}},
        ]
        (tmp_path / "martlet.yml").write_text(yaml.safe_dump({"proxmox": {"clusters": clusters}}))
        seen = Seen(Exporter(start, {}).metrics().text)
    shown = {name: {own["vmid"] for own in seen.series("pve_guest_info", cluster=name)} for name in ("a", "b")}
    assert shown == {"a": {"100", "110"}, "b": set(GUESTS) - {"100", "110"}}


@pytest.mark.parametrize("key", ["vmids", "exclude_vmids"])
@pytest.mark.parametrize("value", ["1-", "-5", "200-100", "abc", "1-2-3", "99999999999999999999", "1.5", "0x10", "１００"])
def test_numbers_that_are_none(tmp_path: Path, key: str, value: str) -> None:
    (tmp_path / "martlet.yml").write_text(f"proxmox:\n  clusters:\n    - endpoint: pve1\n      token: {TOKEN}\n      filter:\n        {key}: [100, '{value}']\n")
    result = run("exporter", "--web.listen-address", "127.0.0.1:0", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith(f"martlet: martlet.yml:6:{len(key) + 17}: {key}: expected the number of a guest or a range such as 100-199")
    assert "SECRET" not in result.stderr

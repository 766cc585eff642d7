"""Each family of martlet's /pve beside prometheus-pve-exporter's, for answers that the recordings do not have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Start
from peer import CONNECTED, Beside, Rows, pve_yml, recorded_api, recorded_rows, resource, side_by_side
from replay import API, Certificates, Fault
from test_native import HOSTILE_NAMES


@pytest.fixture(scope="module")
def running(start_for_all: Start, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    with side_by_side(start_for_all, certificates, tmp_path_factory.mktemp("beside")) as both:
        yield both


@pytest.fixture
def beside(running: Beside) -> Beside:
    """Both programs in front of the recorded answers; a test serves others."""
    running.api.serve()
    return running


@pytest.fixture
def rows() -> Rows:
    """The recorded answers, for a test to change."""
    return recorded_rows()


def members(rows: dict[str, Any], local: str, *nodes: str) -> None:
    """Makes the cluster one of these nodes, of which one answers."""
    rows[f"{API}/cluster/status"] = [
        {"type": "cluster", "id": "cluster", "name": "lab", "nodes": len(nodes), "version": 9, "quorate": 1},
        *(
            {
                "type": "node",
                "id": f"node/{node}",
                "name": node,
                "nodeid": number,
                "online": 1,
                "local": int(node == local),
                "level": "",
                "ip": "192.0.2.1",
            }
            for number, node in enumerate(nodes, 1)
        ),
    ]


# Cluster


def test_standalone_node(beside: Beside, rows: Rows) -> None:
    """It has no row of a cluster, its number is 0, and nobody asks it for a QDevice."""
    rows[f"{API}/cluster/status"] = [
        {"type": "node", "id": "node/pve1", "name": "pve1", "nodeid": 0, "online": 1, "local": 1, "level": "", "ip": "198.51.100.11"}
    ]
    rows[f"{API}/cluster/resources"] = [row for row in rows[f"{API}/cluster/resources"] if row.get("node") in (None, "pve1")]
    rows[f"{API}/nodes/pve1/replication"] = []
    del rows[f"{API}/cluster/config/qdevice"]
    beside.serve(rows)
    theirs = beside.same()
    assert theirs.value("pve_not_backed_up_total", id="cluster/pve1") == 6
    assert not theirs.having("pve_cluster_info") and theirs.value("pve_node_info", id="node/pve1", level="", name="pve1", nodeid="0") == 1
    assert beside.api.unexpected == []


def test_row_of_the_cluster_need_not_be_the_first(beside: Beside, rows: Rows) -> None:
    rows[f"{API}/cluster/status"].reverse()
    beside.serve(rows)
    theirs = beside.same()
    assert theirs.having("pve_not_backed_up_total") == [{"id": "cluster/pve1"}], "the first row names it"


def test_quorum_lost_and_more_to_say_of_the_cluster(beside: Beside, rows: Rows) -> None:
    rows[f"{API}/cluster/status"][0] |= {"quorate": 0, "expected_votes": 3, "note": 'a "b" \\ \n', "name": 'l"a\\b\n'}
    beside.serve(rows)
    theirs = beside.same()
    assert theirs.having("pve_cluster_info")[0]["expected_votes"] == "3"
    assert theirs.value("pve_up", id='cluster/l"a\\b\n') == 0


@pytest.mark.parametrize("local", ["pve1", "pve2", "pve7"])
def test_several_nodes_and_the_one_that_answers(beside: Beside, rows: Rows, local: str) -> None:
    members(rows, local, *(f"pve{number}" for number in range(1, 8)))
    rows |= {
        f"{API}/nodes/pve7/subscription": {"status": "active", "level": "c"},
        f"{API}/nodes/pve7/qemu": [{"vmid": vmid, "status": "stopped"} for vmid in range(700, 712)],
        f"{API}/nodes/pve7/lxc": [{"vmid": str(vmid), "status": "running"} for vmid in range(7000, 7003)],
        f"{API}/nodes/pve7/replication": [],
    }
    rows |= {f"{API}/nodes/pve7/qemu/{vmid}/config": {"onboot": vmid % 2, "name": "x"} for vmid in range(700, 712)}
    rows |= {f"{API}/nodes/pve7/lxc/{vmid}/config": {"onboot": str(vmid % 2)} for vmid in range(7000, 7003)}
    beside.serve(rows)
    theirs = beside.same()
    assert {labels["node"] for labels in theirs.having("pve_onboot_status")} == {local}
    assert beside.api.unexpected == []


def test_versions(beside: Beside, rows: Rows) -> None:
    for version in (
        {"version": "9.2.11"},
        {"release": "15", "repoid": "7599e35a", "version": "4.4", "keyboard": "de", "console": "xtermjs"},
        {"repoid": "", "version": 'a"b'},
    ):
        rows[f"{API}/version"] = version
        beside.serve(rows)
        assert beside.same().having("pve_version_info") == [
            {key: text for key, text in version.items() if key in ("release", "repoid", "version")}
        ]


@pytest.mark.parametrize(
    ("answer", "up"),
    [
        (CONNECTED, 1),
        (CONNECTED | {"State": "Connect failed"}, 0),
        (CONNECTED | {"State": "connected"}, 0),
        ({"State": "Connected"}, 1),
        ({"Model": "Net", "Last poll call": "2026-11-21T05:00:00 (cast vote)"}, 0),
        ({"Something": "else"}, 0),
        (CONNECTED | {"QNetd host": 'a"b\\c\nd 🦅', "Tie-breaker": 3}, 1),
        ({}, None),
        ([], None),
        (None, None),
        (Fault(status=500, reason="no qdevice", body=b'{"data":null,"message":"no qdevice\\n"}'), None),
        (Fault(status=403, reason="Permission check failed (/, Sys.Audit)", body=b'{"data":null}'), None),
        (Fault(status=501, reason="Method 'GET /cluster/config/qdevice' not implemented", body=b'{"data":null}'), None),
        (Fault(status=595, reason="Connection refused", body=b""), None),
    ],
    ids=[
        "connected",
        "failed",
        "lower case",
        "state only",
        "no state",
        "other keys",
        "hostile",
        "{}",
        "[]",
        "null",
        "500",
        "403",
        "501",
        "595",
    ],
)
def test_qdevice(beside: Beside, rows: Rows, answer: Any, up: int | None) -> None:
    path = f"{API}/cluster/config/qdevice"
    rows[path] = {} if isinstance(answer, Fault) else answer
    beside.serve(rows)
    if isinstance(answer, Fault):
        beside.api.faults[path] = answer
    theirs = beside.same()
    assert theirs.value("pve_qdevice_up", id="cluster/lab") == up
    assert len(theirs.having("pve_qdevice_info")) == (up is not None)


# Resources


def test_hostile_names_and_tags(beside: Beside, rows: Rows) -> None:
    template = resource(rows, "qemu/100")
    names = [
        *HOSTILE_NAMES.values(),
        "",
        "a\rb",
        "tab\tbed",
        "\u2028 and \u0085",
        "{}=,",
        "\\n",
        '\\"',
        "# HELP x",
        "ends\n",
        "\ufeff",
        "e\u0301 é",
        "ﬀ ️‍🌈",
    ]
    for number, name in enumerate(names):
        rows[f"{API}/cluster/resources"] += [
            template | {"id": f"qemu/{7000 + number}", "vmid": 7000 + number, "name": name},
            template | {"id": f"lxc/{8000 + number}", "vmid": 8000 + number, "type": "lxc", "tags": name},
            {
                "id": f"storage/pve1/{name}",
                "type": "storage",
                "node": "pve1",
                "storage": name,
                "status": "available",
                "content": f"images,{name}",
                "disk": number,
            },
            {"id": f"/pool/{name}", "type": "pool", "pool": name, "cpu": number},
        ]
    beside.serve(rows)
    theirs = beside.same()
    assert {labels["name"] for labels in theirs.having("pve_guest_info", type="qemu")} >= set(names)
    assert {labels["tags"] for labels in theirs.having("pve_guest_info", type="lxc")} >= set(names)


def test_every_lock(beside: Beside, rows: Rows) -> None:
    locks = [
        "backup",
        "clone",
        "create",
        "migrate",
        "rollback",
        "snapshot",
        "snapshot-delete",
        "suspended",
        "suspending",
        "fstrim",
        "disk",
        "mounted",
        "",
        "Backup",
    ]
    for kind in ("qemu", "lxc"):
        template = resource(rows, "lxc/200" if kind == "lxc" else "qemu/103")
        rows[f"{API}/cluster/resources"] += [
            template | {"id": f"{kind}/{5000 + number}", "lock": lock} for number, lock in enumerate(locks)
        ]
    # A lock is said of guests only.
    rows[f"{API}/cluster/resources"].append({"id": "storage/pve1/x", "type": "storage", "status": "available", "lock": "backup"})
    beside.serve(rows)
    theirs = beside.same()
    locked = [labels for labels in theirs.having("pve_lock_state") if theirs.value("pve_lock_state", **labels) == 1]
    assert len(locked) == 2 * 9 + 1 and not theirs.having("pve_lock_state", id="storage/pve1/x")


def test_every_state_of_high_availability(beside: Beside, rows: Rows) -> None:
    guests = [
        "stopped",
        "request_stop",
        "request_start",
        "request_start_balance",
        "started",
        "fence",
        "recovery",
        "migrate",
        "relocate",
        "freeze",
        "error",
    ]
    nodes = ["online", "maintenance", "unknown", "fence", "gone"]
    for number, state in enumerate([*guests, *nodes, "ignored", "disabled", "queued", "", "Started"]):
        rows[f"{API}/cluster/resources"] += [
            resource(rows, "qemu/103") | {"id": f"qemu/{5000 + number}", "hastate": state},
            resource(rows, "lxc/200") | {"id": f"lxc/{6000 + number}", "hastate": state},
            {"id": f"node/n{number}", "node": f"n{number}", "type": "node", "status": "online", "hastate": state},
            {"id": f"storage/n{number}/x", "type": "storage", "status": "available", "hastate": state},
        ]
    beside.serve(rows)
    theirs = beside.same()
    known = [labels for labels in theirs.having("pve_ha_state") if theirs.value("pve_ha_state", **labels) == 1]
    assert {labels["state"] for labels in known if labels["id"].startswith("qemu")} == set(guests)
    assert {labels["state"] for labels in known if labels["id"].startswith("node")} == set(nodes)


def test_status_words(beside: Beside, rows: Rows) -> None:
    words = ["running", "stopped", "paused", "prelaunch", "io-error", "suspended", "unknown", "", "Running", "available", "online"]
    for number, word in enumerate(words):
        rows[f"{API}/cluster/resources"] += [
            {"id": f"qemu/{5000 + number}", "type": "qemu", "status": word},
            {"id": f"lxc/{6000 + number}", "type": "lxc", "status": word},
            {"id": f"storage/pve1/s{number}", "type": "storage", "status": word},
        ]
    beside.serve(rows)
    theirs = beside.same()
    assert [theirs.value("pve_up", id=f"qemu/{5000 + number}") for number in range(len(words))] == [
        float(word == "running") for word in words
    ]
    assert [theirs.value("pve_up", id=f"storage/pve1/s{number}") for number in range(len(words))] == [
        float(word == "available") for word in words
    ]


def test_storages_with_content_in_any_order(beside: Beside, rows: Rows) -> None:
    contents = [
        "images",
        "rootdir,images",
        "images,rootdir",
        "iso,vztmpl,backup,images",
        "",
        ",",
        "b,,a",
        " b, a",
        "images,images",
        "ä,z,Z,a",
        "snippets,import,iso",
    ]
    for number, content in enumerate(contents):
        rows[f"{API}/cluster/resources"] += [
            {
                "id": f"storage/pve1/s{number}",
                "node": "pve1",
                "storage": f"s{number}",
                "type": "storage",
                "status": "available",
                "plugintype": "zfspool",
                "content": content,
            }
            | {"shared": number % 2, "disk": number, "maxdisk": 10**18 + number}
        ]
    rows[f"{API}/cluster/resources"].append({"id": "storage/pve1/bare", "type": "storage", "status": "unknown"})
    beside.serve(rows)
    theirs = beside.same()
    assert theirs.having("pve_storage_info", storage="s2") == [
        {"id": "storage/pve1/s2", "node": "pve1", "storage": "s2", "plugintype": "zfspool", "content": "images,rootdir"}
    ]
    assert theirs.having("pve_storage_info", id="storage/pve1/bare") == [
        {"id": "storage/pve1/bare", "node": "", "storage": "", "plugintype": "", "content": ""}
    ]


NUMERIC_FIELDS = ("disk", "maxdisk", "mem", "maxmem", "netin", "netout", "diskread", "diskwrite", "cpu", "maxcpu", "uptime", "shared")


def test_every_numeric_field_of_every_kind_of_row(beside: Beside, rows: Rows) -> None:
    """Each has a number of its own, so that no two can be mistaken for each other."""
    for kind, identity in {
        "qemu": "qemu/1",
        "lxc": "lxc/2",
        "node": "node/n",
        "storage": "storage/n/s",
        "pool": "/pool/p",
        "sdn": "sdn/n/z",
        "network": "network/n/zone/z",
        "new": "x",
    }.items():
        row = {"id": identity, "type": kind, "status": "?", "vmid": 5, "memhost": 99, "template": 0}
        rows[f"{API}/cluster/resources"].append(
            row | {field: 1000 * len(identity) + number for number, field in enumerate(NUMERIC_FIELDS, 1)}
        )
    beside.serve(rows)
    theirs = beside.same()
    assert len([1 for _, labels in theirs.samples if dict(labels) == {"id": "x"}]) == len(NUMERIC_FIELDS) + 4


@pytest.mark.parametrize(
    "numbers",
    [
        [0, 1, -1, 0.5, -0.0, 1e-300, 1e300, 0.1 + 0.2, 1e21, 1e22, 123456789.125, 5e-324],
        [2**31, 2**32, 2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, -(2**63), 10**15, 10**16, 10**17],
        ["0", "1", "-1", "0.5", "128", "1e3", "18446744073709551615", "0.0203041267381385", "1E-7", "+5", ".5", "007"],
        [True, False, True, False, True, False, True, False, True, False, True, False],
    ],
    ids=["numbers", "large", "text", "boolean"],
)
def test_numbers(beside: Beside, rows: Rows, numbers: list[Any]) -> None:
    resource(rows, "lxc/200").update(zip(NUMERIC_FIELDS, numbers, strict=True))
    rows[f"{API}/nodes/pve1/lxc/200/config"]["onboot"] = numbers[1]
    rows[f"{API}/nodes/pve1/replication"][0] |= {"last_sync": numbers[2], "duration": numbers[3]}
    beside.serve(rows)
    theirs = beside.same()
    assert theirs.value("pve_disk_usage_bytes", id="lxc/200") == float(numbers[0])


def test_guests_that_say_little(beside: Beside, rows: Rows) -> None:
    rows[f"{API}/cluster/resources"] += [
        {"id": "qemu/1", "type": "qemu", "status": "unknown"},
        {"id": "lxc/2", "type": "lxc", "status": "unknown", "vmid": "2", "node": "pve9", "tags": "a;b,c d"},
        {"id": "qemu/3", "type": "qemu", "status": "stopped", "template": "1", "name": "n"},
        {"id": "node/pve9", "type": "node", "status": "unknown"},
    ]
    beside.serve(rows)
    theirs = beside.same()
    assert theirs.value("pve_guest_info", id="qemu/1", node="", name="", type="qemu", template="", tags="") == 1


@pytest.mark.parametrize("value", [7, 1.5, 2**53 + 1, -0.0, 1e-7, True, False, None], ids=json.dumps)
def test_labels_from_what_is_no_text(beside: Beside, rows: Rows, value: Any) -> None:
    resource(rows, "qemu/100").update(name=value, tags=value, template=value)
    resource(rows, "storage/pve1/nas").update(content=value, plugintype=value)
    for row in rows[f"{API}/cluster/status"]:
        row.update({"more": value} if row["type"] == "cluster" else {"nodeid": value, "level": value})
    rows[f"{API}/cluster/config/qdevice"] = CONNECTED | {"Algorithm": value}
    rows[f"{API}/nodes/pve1/replication"][0].update(type=value, guest=value)
    beside.serve(rows)
    assert beside.same().having("pve_guest_info", id="qemu/100")[0]["name"] == str(value)


def test_fields_of_the_cluster_whose_names_are_no_labels(beside: Beside, rows: Rows) -> None:
    rows[f"{API}/cluster/status"][0]["cgroup-mode"] = 2
    beside.serve(rows)
    assert beside.same().having("pve_cluster_info")[0]["cgroup_mode"] == "2"


def test_nothing_there(beside: Beside, rows: Rows) -> None:
    for path in ("cluster/resources", "cluster/backup-info/not-backed-up", "nodes/pve1/qemu", "nodes/pve1/lxc", "nodes/pve1/replication"):
        rows[f"{API}/{path}"] = []
    rows[f"{API}/nodes/pve1/subscription"] = {}
    beside.serve(rows)
    theirs = beside.same()
    assert theirs.value("pve_not_backed_up_total", id="cluster/lab") == 0
    assert theirs.value("pve_subscription_info", id="node/pve1", level="unknown") == 1


def test_many_rows(beside: Beside, rows: Rows) -> None:
    template = resource(rows, "qemu/100")
    rows[f"{API}/cluster/resources"] += [
        template | {"id": f"qemu/{vmid}", "vmid": vmid, "name": f"guest-{vmid}"} for vmid in range(10_000, 10_500)
    ]
    beside.serve(rows)
    assert len(beside.same({"node": 0}).samples) > 18_000


# Node


@pytest.mark.parametrize("status", ["new", "notfound", "active", "invalid", "expired", "suspended", "other", "", "Active", None])
def test_subscription(beside: Beside, rows: Rows, status: str | None) -> None:
    for level in ("c", "b", "s", "p", "", 'a"b', None):
        answer = {"status": status, "level": level, "productname": "Proxmox VE Standard", "nextduedate": None if level else ""}
        rows[f"{API}/nodes/pve1/subscription"] = {key: value for key, value in answer.items() if key == "nextduedate" or value is not None}
        beside.serve(rows)
        theirs = beside.same({"cluster": 0})
        assert theirs.value("pve_subscription_info", id="node/pve1", level="unknown" if level is None else level) == 1
        assert not theirs.having("pve_subscription_next_due_timestamp_seconds")


# In POSIX notation, so that no table of zones need be there; the fourth begins its summer at midnight, which does not exist on that day.
ZONES = [
    "UTC0",
    "CET-1CEST,M3.5.0,M10.5.0/3",
    "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45",
    "<-03>3<-02>,M10.3.0/0,M2.3.0/0",
    ":America/New_York",
    "Nowhere/At all",
    "",
]
DATES = [
    "2026-01-05",
    "2026-07-01",
    "2026-03-29",
    "2026-10-25",
    "2026-10-26",
    "2026-10-18",
    "2026-02-15",
    "2024-02-29",
    "1970-01-01",
    "1969-12-31",
    "2038-01-20",
    "2026-1-5",
]


@pytest.mark.parametrize("zone", [pytest.param(zone, marks=[] if zone.startswith(("CET", "Nowhere")) else pytest.mark.e2e) for zone in ZONES])
def test_subscription_is_due_at_midnight_of_the_exporters_zone(
    start: Start, certificates: Certificates, tmp_path: Path, rows: Rows, zone: str
) -> None:
    with recorded_api(certificates) as api:
        beside = Beside(start, api, pve_yml(tmp_path / "pve.yml", certificates), env={"TZ": zone})
        due = {}
        for date in DATES:
            rows[f"{API}/nodes/pve1/subscription"] = {
                "status": "active",
                "level": "p",
                "nextduedate": date,
                "regdate": "2025-01-05 10:11:12",
            }
            beside.serve(rows)
            due[date] = beside.same({"cluster": 0}).value("pve_subscription_next_due_timestamp_seconds", id="node/pve1")
        if zone.startswith("CET"):
            assert due["2026-01-05"] == 1767567600


def test_replication_jobs(beside: Beside, rows: Rows) -> None:
    job = {
        "guest": 100,
        "vmtype": "qemu",
        "source": "pve1",
        "target": "pve2",
        "type": "local",
        "schedule": "*/15",
        "jobnum": 0,
        "fail_count": 0,
    }
    rows[f"{API}/nodes/pve1/replication"] = [
        job | {"id": "100-0", "last_sync": 1795170000, "last_try": 1795170000, "next_sync": 1795170900, "duration": 3.141593},
        job
        | {
            "id": "100-1",
            "target": "pve3",
            "pid": 4711,
            "last_sync": 1795160000,
            "last_try": 1795170001,
            "next_sync": 1795170900,
            "duration": 12,
        },
        job
        | {
            "id": "101-0",
            "guest": "101",
            "fail_count": 17,
            "error": 'no "route"\nto host',
            "last_sync": 0,
            "last_try": 1795170001,
            "next_sync": 1795173600,
        },
        job | {"id": "200-0", "guest": 200, "vmtype": "lxc", "remove_job": "full", "fail_count": "2", "duration": "0.5"},
        job | {"id": "9000-0", "disable": 1, "comment": "off"},
        job | {"id": "300-0", "source": "x\\y", "target": "ä", "type": "new", "vmtype": "?"},
    ]
    beside.serve(rows)
    theirs = beside.same({"cluster": 0})
    assert len(theirs.having("pve_replication_info")) == 6
    assert theirs.value("pve_replication_info", id="101-0", type="local", source="node/pve1", target="node/pve2", guest="qemu/101") == 1
    assert theirs.value("pve_replication_failed_syncs", id="101-0") == 17
    assert theirs.value("pve_replication_duration_seconds", id="100-1") == 12
    assert theirs.value("pve_replication_duration_seconds", id="101-0") is None


def test_onboot(beside: Beside, rows: Rows) -> None:
    for vmid, onboot in {100: 1, 101: 0, 102: "1", 103: "0"}.items():
        rows[f"{API}/nodes/pve1/qemu/{vmid}/config"]["onboot"] = onboot
    del rows[f"{API}/nodes/pve1/lxc/200/config"]["onboot"]
    beside.serve(rows)
    theirs = beside.same({"cluster": 0})
    assert [theirs.value("pve_onboot_status", id=f"qemu/{vmid}", node="pve1", type="qemu") for vmid in (100, 101, 102, 103)] == [1, 0, 1, 0]
    assert not theirs.having("pve_onboot_status", type="lxc")


def test_backups(beside: Beside, rows: Rows) -> None:
    rows[f"{API}/cluster/backup-info/not-backed-up"] = [
        {"type": "qemu", "vmid": 100},
        {"type": "lxc", "vmid": "200", "name": "x"},
        {"type": "openvz", "vmid": 3},
    ]
    beside.serve(rows)
    theirs = beside.same()
    assert theirs.value("pve_not_backed_up_total", id="cluster/lab") == 3 and theirs.value("pve_not_backed_up_info", id="lxc/200") == 1

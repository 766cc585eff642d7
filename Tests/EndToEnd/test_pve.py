"""martlet's /pve beside prometheus-pve-exporter, in front of the same good answers."""

from __future__ import annotations

import gzip
import http.client
import json
import ssl
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import Start, environment_without_settings, fetch, run
from peer import COLLECTORS, CONTENT_TYPE, LOGIN, PASSWORD, TOKEN_NAME, TOKEN_VALUE, USER
from peer import Beside, Exposition, Peer, assert_says_why, difference, difference_of_helps, pve_yml, recorded_api, recorded_rows, side_by_side
from replay import API, LOGINS, TICKET_PATH, Certificates, Fault, Replay
from test_native import HOSTILE_NAMES

TOKEN_LOGIN = {"user": USER, "token_name": TOKEN_NAME, "token_value": TOKEN_VALUE}


@pytest.fixture(scope="module")
def running(start_for_all: Start, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    others: dict[str, Mapping[str, Any]] = {
        "insecure": TOKEN_LOGIN | {"verify_ssl": False},
        "suspicious": TOKEN_LOGIN | {"verify_ssl": True},
        "unsaid": TOKEN_LOGIN,
        "wrong_token": TOKEN_LOGIN | {"verify_ssl": False, "token_value": "wrong"},
        "wrong_password": {"user": LOGIN[0], "password": "wrong", "verify_ssl": False},
        "ümläut_&_more=1": TOKEN_LOGIN | {"verify_ssl": False},
    }
    with side_by_side(start_for_all, certificates, tmp_path_factory.mktemp("beside"), **others) as both:
        yield both


@pytest.fixture
def beside(running: Beside) -> Beside:
    """Both programs in front of the recorded answers; a test may serve others."""
    running.api.serve()
    return running


@pytest.fixture
def rows() -> dict[str, Any]:
    """The recorded answers, for a test to change."""
    return recorded_rows()


def resource(rows: dict[str, Any], identity: str) -> dict[str, Any]:
    """The row of the resources with this id."""
    found: dict[str, Any] = next(row for row in rows[f"{API}/cluster/resources"] if row["id"] == identity)
    return found


def members(rows: dict[str, Any], local: str, *nodes: str) -> None:
    """Makes the cluster one of these nodes, of which one answers."""
    rows[f"{API}/cluster/status"] = [
        {"type": "cluster", "id": "cluster", "name": "lab", "nodes": len(nodes), "version": 9, "quorate": 1},
        *(
            {"type": "node", "id": f"node/{node}", "name": node, "nodeid": number, "online": 1, "local": int(node == local), "level": "", "ip": "192.0.2.1"}
            for number, node in enumerate(nodes, 1)
        ),
    ]


# What is asked for


@pytest.mark.parametrize(("cluster", "node", "count"), [(1, 1, 380), (0, 1, 20), (1, 0, 360), (0, 0, 0)])
def test_recorded_cluster(beside: Beside, cluster: int, node: int, count: int) -> None:
    theirs = beside.same({"cluster": cluster, "node": node})
    assert len(theirs.samples) == count
    assert beside.api.unexpected == []


def test_recorded_cluster_whose_connections_end_as_they_did(start: Start, certificates: Certificates, tmp_path: Path) -> None:
    with Replay.from_recordings(certificate=certificates.server) as api:
        assert len(Beside(start, api, pve_yml(tmp_path / "pve.yml", certificates)).same().samples) == 380


def test_recorded_cluster_has_a_series_of_each_family(beside: Beside) -> None:
    theirs = beside.same()
    found = Counter(name for name, _ in theirs.samples)
    states = {"pve_ha_state": 8 * 11 + 3 * 5, "pve_lock_state": 8 * 9}
    known = {"pve_up": 19, "pve_node_info": 3, "pve_cluster_info": 1, "pve_version_info": 1, "pve_guest_info": 8, "pve_storage_info": 7}
    backup = {"pve_not_backed_up_total": 1, "pve_not_backed_up_info": 6}
    of_the_node = {"pve_subscription_info": 1, "pve_subscription_status": 6, "pve_onboot_status": 2, "pve_replication_info": 2}
    expected = states | known | backup | of_the_node
    assert {name: found[name] for name in expected} == expected
    assert len(found) == 35, sorted(found)


@pytest.mark.parametrize(
    ("spelling", "off"),
    [("0", True), ("false", True), ("False", True), ("FALSE", True), ("", True)]
    + [(other, False) for other in ("1", "true", "no", "off", "2", "00", "0.0", " ", " 0", "false ", "ümlaut")],
)
def test_spellings_of_a_switch(beside: Beside, spelling: str, off: bool) -> None:
    assert len(beside.same({"cluster": spelling, "node": 0}).samples) == (0 if off else 360)
    assert len(beside.same({"cluster": 0, "node": spelling}).samples) == (0 if off else 20)


def test_other_parameters(beside: Beside) -> None:
    everything = beside.same()
    assert beside.same({"nodes": "0", "collect[]": "status", "Cluster": "0", "": ""}) == everything
    assert beside.same([("cluster", "1"), ("cluster", "0"), ("module", "default"), ("module", "none")]) == everything, "the first counts"
    assert beside.same({"module": "ümläut & more=1"}) == everything


def test_target_may_be_a_name_or_left_out(start: Start, certificates: Certificates, tmp_path: Path) -> None:
    with recorded_api(certificates) as api:
        there = TOKEN_LOGIN | {"verify_ssl": str(certificates.authority), "port": api.port, "timeout": 7}
        beside = Beside(start, api, pve_yml(tmp_path / "pve.yml", certificates, elsewhere=there))
        assert len(beside.same({"target": f"localhost:{api.port}"}).samples) == 380
        assert len(beside.same({"target": "localhost", "module": "elsewhere"}).samples) == 380, "the module's port"
        answers = [side.pve({"module": "elsewhere"}) for side in (beside.peer, beside.ours)]
        assert [answer.status for answer in answers] == [200, 200], "localhost is the target when none is named"
        assert difference(*(Exposition.of(answer.text) for answer in answers)) == []


def test_both_groups_off_need_no_api(beside: Beside) -> None:
    beside.api.faults.update({path: Fault(close_without_answer=True) for path in beside.api.answers})
    assert beside.same({"cluster": 0, "node": 0}).samples == {}


# What each collector alone shows; `resources` shows all else.
FAMILIES = {
    "status": {"pve_up"},
    "version": {"pve_version_info"},
    "node": {"pve_node_info"},
    "cluster": {"pve_cluster_info"},
    "backup-info": {"pve_not_backed_up_total", "pve_not_backed_up_info"},
    "qdevice": {"pve_qdevice_up", "pve_qdevice_info"},
    "config": {"pve_onboot_status"},
    "replication": {"pve_replication_info", "pve_replication_failed_syncs", "pve_replication_duration_seconds"}
    | {f"pve_replication_{when}_timestamp_seconds" for when in ("last_sync", "last_try", "next_sync")},
    "subscription": {"pve_subscription_info", "pve_subscription_status", "pve_subscription_next_due_timestamp_seconds"},
}


@pytest.mark.parametrize("collector", COLLECTORS)
def test_without_one_collector(start: Start, certificates: Certificates, tmp_path: Path, rows: dict[str, Any], collector: str) -> None:
    rows[f"{API}/cluster/config/qdevice"] = CONNECTED
    rows[f"{API}/nodes/pve1/subscription"] |= {"nextduedate": "2027-01-05"}
    with side_by_side(start, certificates, tmp_path, f"--no-collector.{collector}") as beside:
        beside.serve(rows)
        families = {name for name, _ in beside.same().samples}
        others = set[str]().union(*(shown for name, shown in FAMILIES.items() if name != collector))
        if collector == "resources":
            assert families == others
        else:
            assert len(families) == 38 - len(FAMILIES[collector]) and families >= others and not families & FAMILIES[collector]
        beside.same({"cluster": 0})
        beside.same({"node": 0})
        assert beside.api.unexpected == []
        asked = beside.asked(beside.ours)
        assert set(asked) <= {path.partition("?")[0] for path in beside.asked(beside.peer)}, "asks only for what is shown"
        assert set(asked.values()) == {1}


def test_collectors_all_off_and_all_on(start: Start, certificates: Certificates, tmp_path: Path) -> None:
    with side_by_side(start, certificates, tmp_path, *(f"--no-collector.{name}" for name in COLLECTORS)) as beside:
        assert beside.same().samples == {}
    with side_by_side(start, certificates, tmp_path, *(f"--collector.{name}" for name in COLLECTORS)) as beside:
        assert len(beside.same().samples) == 380


def test_api_is_asked_for_each_thing_once(beside: Beside) -> None:
    node = f"{API}/nodes/pve1"
    guests = [f"{node}/qemu/{vmid}/config" for vmid in (100, 101, 102, 103)] + [f"{node}/lxc/200/config"]
    cluster = [f"{API}/{path}" for path in ("version", "cluster/status", "cluster/resources", "cluster/backup-info/not-backed-up", "cluster/config/qdevice")]
    expected = dict.fromkeys([*cluster, *guests, *(f"{node}/{path}" for path in ("subscription", "qemu", "lxc", "replication"))], 1)
    assert beside.asked(beside.ours) == expected
    assert beside.asked(beside.ours) == expected, "again"
    assert sum(beside.asked(beside.peer).values()) > sum(expected.values()) + 8, "what the peer asks"


def test_at_most_three_calls_at_once(beside: Beside) -> None:
    beside.api.faults.update({path: Fault(delay_seconds=0.05) for path in beside.api.answers})
    beside.asked(beside.ours)
    assert 1 < beside.api.most_at_once <= 3


# Credentials


@pytest.mark.parametrize("module", ["default", "password", "insecure"])
def test_credentials(beside: Beside, module: str) -> None:
    assert len(beside.same({"module": module}).samples) == 380


@pytest.mark.parametrize("module", ["suspicious", "unsaid", "wrong token", "wrong password"])
def test_credentials_and_certificates_that_are_not_good(beside: Beside, module: str) -> None:
    assert beside.statuses({"module": module}) == (500, 500)
    beside.same()


def test_login_is_kept_and_made_again_when_it_has_run_out(beside: Beside) -> None:
    beside.same({"module": "password"})
    assert TICKET_PATH not in beside.asked(beside.ours, {"module": "password"})
    beside.api.tickets.clear()
    beside.same({"module": "password"})
    beside.api.tickets.clear()
    assert beside.asked(beside.ours, {"module": "password"})[TICKET_PATH] == 1
    assert beside.ours.pve({"target": beside.target, "module": "password"}).status == 200


@pytest.mark.parametrize("entry", json.loads((LOGINS / "manifest.json").read_text()), ids=lambda entry: entry["name"])
def test_replay_logs_in_as_was_recorded(certificates: Certificates, entry: dict[str, Any]) -> None:
    with Replay.from_recordings(certificate=certificates.server, login=LOGIN) as api:
        from urllib.parse import urlencode

        context = ssl.create_default_context(cafile=str(certificates.authority))
        ticket = json.loads((LOGINS / "access-ticket-ok.json").read_text())["data"]["ticket"]
        passwords = {"access-ticket-ok": PASSWORD, "ticket-renew": ticket}
        if entry["name"] != "access-ticket-ok":
            api.tickets.add(ticket)
        body = urlencode({"username": LOGIN[0], "password": passwords.get(entry["name"], "wrong")}) if entry["method"] == "POST" else None
        connection = http.client.HTTPSConnection("localhost", api.port, context=context, timeout=10)
        connection.request(entry["method"], entry["path"], body, entry["request_headers"])
        answer = connection.getresponse()
        assert (answer.status, answer.reason) == (entry["status"], entry["reason"])
        recorded = json.loads((LOGINS / entry["file"]).read_text())
        assert json.loads(answer.read()) == recorded
        connection.close()


ENVIRONMENTS: dict[str, tuple[dict[str, str], str, int]] = {
    "token": ({"PVE_USER": USER, "PVE_TOKEN_NAME": TOKEN_NAME, "PVE_TOKEN_VALUE": TOKEN_VALUE, "PVE_VERIFY_SSL": "false"}, "default", 200),
    "password": ({"PVE_USER": LOGIN[0], "PVE_PASSWORD": PASSWORD, "PVE_VERIFY_SSL": "0"}, "default", 200),
    "module": ({"PVE_USER": LOGIN[0], "PVE_PASSWORD": PASSWORD, "PVE_VERIFY_SSL": "False", "PVE_MODULE": "lab & more"}, "lab & more", 200),
    "another module": ({"PVE_USER": LOGIN[0], "PVE_PASSWORD": PASSWORD, "PVE_VERIFY_SSL": "False", "PVE_MODULE": "lab"}, "default", 400),
    "verifies": ({"PVE_USER": LOGIN[0], "PVE_PASSWORD": PASSWORD}, "default", 500),
    "verifies whatever is not false": ({"PVE_USER": LOGIN[0], "PVE_PASSWORD": PASSWORD, "PVE_VERIFY_SSL": "no"}, "default", 500),
    "verifies on empty": ({"PVE_USER": LOGIN[0], "PVE_PASSWORD": PASSWORD, "PVE_VERIFY_SSL": ""}, "default", 500),
}


@pytest.mark.parametrize(("env", "module", "status"), ENVIRONMENTS.values(), ids=ENVIRONMENTS.keys())
def test_environment(start: Start, certificates: Certificates, env: dict[str, str], module: str, status: int) -> None:
    with recorded_api(certificates) as api:
        beside = Beside(start, api, None, env=env)
        assert beside.statuses({"module": module}) == (status, status)
        if status == 200:
            assert len(beside.same({"module": module}).samples) == 380


def test_environment_goes_over_the_file_if_it_names_a_user(start: Start, certificates: Certificates, tmp_path: Path) -> None:
    with recorded_api(certificates) as api:
        config = pve_yml(tmp_path / "pve.yml", certificates)
        token = {"PVE_USER": USER, "PVE_TOKEN_NAME": TOKEN_NAME, "PVE_TOKEN_VALUE": "wrong", "PVE_VERIFY_SSL": "false"}
        beside = Beside(start, api, config, env=token)
        assert beside.statuses() == (500, 500)
        assert beside.statuses({"module": "password"}) == (400, 400)
        del token["PVE_USER"]
        beside = Beside(start, api, config, env=token)
        assert len(beside.same().samples) == 380


BAD_FILES = {
    "empty": "",
    "list": "- user: monitor@pve",
    "module without parameters": "default:",
    "module that is empty": "default: {}",
    "module that is text": "default: monitor@pve",
    "no modules": "{}",
    "no YAML": "default: {user: [",
}


@pytest.mark.parametrize("text", BAD_FILES.values(), ids=BAD_FILES.keys())
def test_bad_files_are_refused_at_the_start(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pve.yml"
    path.write_text(text)
    words = [sys.executable, "-m", "pve_exporter", "--config.file", str(path), "--web.listen-address", "127.0.0.1:0"]
    assert subprocess.run(words, capture_output=True, timeout=20, env=environment_without_settings()).returncode > 0
    done = run("exporter", "--pve.config-file", path, "--web.listen-address", "127.0.0.1:0", cwd=tmp_path)
    assert done.returncode > 0 and "pve.yml" in done.stderr


@pytest.mark.parametrize(
    "module",
    [
        {"user": USER, "token_name": TOKEN_NAME, "token_value": TOKEN_VALUE, "verfy_ssl": False},
        {"user": USER},
        {"password": PASSWORD},
        {"user": USER, "token_name": TOKEN_NAME},
        {"user": USER, "password": PASSWORD, "port": "eight"},
    ],
    ids=lambda module: ",".join(module),
)
def test_settings_that_cannot_work_are_refused_at_the_start(start: Start, tmp_path: Path, module: dict[str, Any]) -> None:
    """Difference: settings that cannot work. The peer starts with them, and answers 500."""
    path = tmp_path / "pve.yml"
    path.write_text(json.dumps({"default": module}))
    assert Peer(start, path).pve({"target": "127.0.0.1:1"}).status == 500
    done = run("exporter", "--pve.config-file", path, "--web.listen-address", "127.0.0.1:0", cwd=tmp_path)
    assert done.returncode > 0 and "pve.yml" in done.stderr
    assert TOKEN_VALUE not in done.stderr and PASSWORD not in done.stderr


def test_environment_that_cannot_work_is_refused_at_the_start(start: Start, tmp_path: Path) -> None:
    """Difference: settings that cannot work."""
    env = {"PVE_USER": LOGIN[0], "PVE_VERIFY_SSL": "0"}
    assert Peer(start, None, env=env).pve({"target": "127.0.0.1:1"}).status == 500
    done = run("exporter", "--web.listen-address", "127.0.0.1:0", env=env, cwd=tmp_path)
    assert done.returncode > 0 and "PVE_PASSWORD" in done.stderr


# Errors of who asks


def test_unknown_module(beside: Beside) -> None:
    assert beside.statuses({"module": "none"}) == (400, 400)
    assert beside.statuses({"module": ""}) == (400, 400)
    assert beside.api.counts == {}


def test_target_that_is_not_allowed(beside: Beside) -> None:
    for target in ("192.0.2.1", "127.0.0.1:1", "127.0.0.1", "localhost.example", f"[::1]:{beside.api.port}"):
        answer = beside.ours.pve({"target": target})
        assert answer.status == 403, target
        assert "--pve.allowed-targets" in answer.text
        assert_says_why(answer)


@pytest.mark.parametrize(
    "target",
    ["", "https://127.0.0.1", "127.0.0.1/x", "127.0.0.1:x", "127.0.0.1:0", "127.0.0.1:65536", ":8006", "user@127.0.0.1", "a b", "a?b", "a#b", "[::1", "a\nb", "a\0b"],
)
def test_malformed_target(beside: Beside, target: str) -> None:
    answer = beside.ours.pve({"target": target})
    assert answer.status == 400
    assert_says_why(answer)


# The form of the answer


def test_help_texts(beside: Beside) -> None:
    """Says which differ, on standard output (pytest -rP); they may."""
    theirs, ours = (Exposition.of(answer.text) for answer in beside.answers())
    print(*difference_of_helps(theirs, ours), sep="\n")
    assert set(theirs.types) <= set(ours.helps)
    assert all(ours.helps[name] for name in theirs.types), "each has one"


def test_gzip_and_order(beside: Beside) -> None:
    url = f"{beside.ours.url}/pve?target={beside.target}"
    plain, again, packed = fetch(url), fetch(url), fetch(url, headers={"Accept-Encoding": "gzip"})
    assert plain.text == again.text, "the same lines in the same order"
    assert packed.headers["Content-Encoding"] == "gzip" and packed.headers["Content-Type"] == CONTENT_TYPE
    assert gzip.decompress(packed.body) == plain.body


def test_order_of_the_api_does_not_matter(beside: Beside, rows: dict[str, Any]) -> None:
    first = beside.same()
    beside.serve({path: backwards(data) for path, data in rows.items() if path != f"{API}/cluster/status"} | {f"{API}/cluster/status": rows[f"{API}/cluster/status"]})
    assert beside.same() == first


def backwards(data: Any) -> Any:
    """The same lists and objects the other way round; the words of a list in text too."""
    if isinstance(data, list):
        return [backwards(item) for item in reversed(data)]
    if isinstance(data, dict):
        return {key: ",".join(reversed(data[key].split(","))) if key == "content" else backwards(data[key]) for key in reversed(data)}
    return data


def test_no_secret_is_printed(beside: Beside) -> None:
    for module in ("default", "password", "wrong token", "wrong password", "none"):
        beside.ours.pve({"target": beside.target, "module": module})
    printed = beside.ours.program.output
    assert not any(secret in printed for secret in (TOKEN_VALUE, PASSWORD, "TICKET", "CSRF"))


# Cluster


def test_standalone_node(beside: Beside, rows: dict[str, Any]) -> None:
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


def test_row_of_the_cluster_need_not_be_the_first(beside: Beside, rows: dict[str, Any]) -> None:
    rows[f"{API}/cluster/status"].reverse()
    beside.serve(rows)
    theirs = beside.same()
    assert theirs.having("pve_not_backed_up_total") == [{"id": "cluster/pve1"}], "the first row names it"


def test_quorum_lost_and_more_to_say_of_the_cluster(beside: Beside, rows: dict[str, Any]) -> None:
    rows[f"{API}/cluster/status"][0] |= {"quorate": 0, "expected_votes": 3, "note": 'a "b" \\ \n', "name": 'l"a\\b\n'}
    beside.serve(rows)
    theirs = beside.same()
    assert theirs.having("pve_cluster_info")[0]["expected_votes"] == "3"
    assert theirs.value("pve_up", id='cluster/l"a\\b\n') == 0


@pytest.mark.parametrize("local", ["pve1", "pve2", "pve7"])
def test_several_nodes_and_the_one_that_answers(beside: Beside, rows: dict[str, Any], local: str) -> None:
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


def test_versions(beside: Beside, rows: dict[str, Any]) -> None:
    for version in (
        {"version": "9.2.11"},
        {"release": "15", "repoid": "7599e35a", "version": "4.4", "keyboard": "de", "console": "xtermjs"},
        {"repoid": "", "version": 'a"b'},
    ):
        rows[f"{API}/version"] = version
        beside.serve(rows)
        assert beside.same().having("pve_version_info") == [{key: text for key, text in version.items() if key in ("release", "repoid", "version")}]


CONNECTED = {
    "Model": "Net", "Algorithm": "Fifty-Fifty split", "QNetd host": "192.0.2.9:5403", "Tie-breaker": "Node with lowest node ID", "State": "Connected",
}


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
    ids=["connected", "failed", "lower case", "state only", "no state", "other keys", "hostile", "{}", "[]", "null", "500", "403", "501", "595"],
)
def test_qdevice(beside: Beside, rows: dict[str, Any], answer: Any, up: int | None) -> None:
    path = f"{API}/cluster/config/qdevice"
    rows[path] = {} if isinstance(answer, Fault) else answer
    beside.serve(rows)
    if isinstance(answer, Fault):
        beside.api.faults[path] = answer
    theirs = beside.same()
    assert theirs.value("pve_qdevice_up", id="cluster/lab") == up
    assert len(theirs.having("pve_qdevice_info")) == (up is not None)


# Resources


def test_hostile_names_and_tags(beside: Beside, rows: dict[str, Any]) -> None:
    template = resource(rows, "qemu/100")
    names = [*HOSTILE_NAMES.values(), "", "a\rb", "tab\tbed", "\u2028 and \u0085", "{}=,", "\\n", '\\"', "# HELP x", "ends\n", "\ufeff", "e\u0301 é", "ﬀ ️‍🌈"]
    for number, name in enumerate(names):
        rows[f"{API}/cluster/resources"] += [
            template | {"id": f"qemu/{7000 + number}", "vmid": 7000 + number, "name": name},
            template | {"id": f"lxc/{8000 + number}", "vmid": 8000 + number, "type": "lxc", "tags": name},
            {"id": f"storage/pve1/{name}", "type": "storage", "node": "pve1", "storage": name, "status": "available", "content": f"images,{name}", "disk": number},
            {"id": f"/pool/{name}", "type": "pool", "pool": name, "cpu": number},
        ]
    beside.serve(rows)
    theirs = beside.same()
    assert {labels["name"] for labels in theirs.having("pve_guest_info", type="qemu")} >= set(names)
    assert {labels["tags"] for labels in theirs.having("pve_guest_info", type="lxc")} >= set(names)


def test_every_lock(beside: Beside, rows: dict[str, Any]) -> None:
    locks = ["backup", "clone", "create", "migrate", "rollback", "snapshot", "snapshot-delete", "suspended", "suspending", "fstrim", "disk", "mounted", "", "Backup"]
    for kind in ("qemu", "lxc"):
        template = resource(rows, "lxc/200" if kind == "lxc" else "qemu/103")
        rows[f"{API}/cluster/resources"] += [template | {"id": f"{kind}/{5000 + number}", "lock": lock} for number, lock in enumerate(locks)]
    # A lock is said of guests only.
    rows[f"{API}/cluster/resources"].append({"id": "storage/pve1/x", "type": "storage", "status": "available", "lock": "backup"})
    beside.serve(rows)
    theirs = beside.same()
    locked = [labels for labels in theirs.having("pve_lock_state") if theirs.value("pve_lock_state", **labels) == 1]
    assert len(locked) == 2 * 9 + 1 and not theirs.having("pve_lock_state", id="storage/pve1/x")


def test_every_state_of_high_availability(beside: Beside, rows: dict[str, Any]) -> None:
    guests = ["stopped", "request_stop", "request_start", "request_start_balance", "started", "fence", "recovery", "migrate", "relocate", "freeze", "error"]
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


def test_status_words(beside: Beside, rows: dict[str, Any]) -> None:
    words = ["running", "stopped", "paused", "prelaunch", "io-error", "suspended", "unknown", "", "Running", "available", "online"]
    for number, word in enumerate(words):
        rows[f"{API}/cluster/resources"] += [
            {"id": f"qemu/{5000 + number}", "type": "qemu", "status": word},
            {"id": f"lxc/{6000 + number}", "type": "lxc", "status": word},
            {"id": f"storage/pve1/s{number}", "type": "storage", "status": word},
        ]
    beside.serve(rows)
    theirs = beside.same()
    assert [theirs.value("pve_up", id=f"qemu/{5000 + number}") for number in range(len(words))] == [float(word == "running") for word in words]
    assert [theirs.value("pve_up", id=f"storage/pve1/s{number}") for number in range(len(words))] == [float(word == "available") for word in words]


def test_storages_with_content_in_any_order(beside: Beside, rows: dict[str, Any]) -> None:
    contents = ["images", "rootdir,images", "images,rootdir", "iso,vztmpl,backup,images", "", ",", "b,,a", " b, a", "images,images", "ä,z,Z,a", "snippets,import,iso"]
    for number, content in enumerate(contents):
        rows[f"{API}/cluster/resources"] += [
            {"id": f"storage/pve1/s{number}", "node": "pve1", "storage": f"s{number}", "type": "storage", "status": "available", "plugintype": "zfspool", "content": content}
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


def test_every_numeric_field_of_every_kind_of_row(beside: Beside, rows: dict[str, Any]) -> None:
    """Each has a number of its own, so that no two can be mistaken for each other."""
    for kind, identity in {
        "qemu": "qemu/1", "lxc": "lxc/2", "node": "node/n", "storage": "storage/n/s", "pool": "/pool/p", "sdn": "sdn/n/z", "network": "network/n/zone/z", "new": "x",
    }.items():
        row = {"id": identity, "type": kind, "status": "?", "vmid": 5, "memhost": 99, "template": 0}
        rows[f"{API}/cluster/resources"].append(row | {field: 1000 * len(identity) + number for number, field in enumerate(NUMERIC_FIELDS, 1)})
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
def test_numbers(beside: Beside, rows: dict[str, Any], numbers: list[Any]) -> None:
    resource(rows, "lxc/200").update(zip(NUMERIC_FIELDS, numbers, strict=True))
    rows[f"{API}/nodes/pve1/lxc/200/config"]["onboot"] = numbers[1]
    rows[f"{API}/nodes/pve1/replication"][0] |= {"last_sync": numbers[2], "duration": numbers[3]}
    beside.serve(rows)
    theirs = beside.same()
    assert theirs.value("pve_disk_usage_bytes", id="lxc/200") == float(numbers[0])


def test_guests_that_say_little(beside: Beside, rows: dict[str, Any]) -> None:
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
def test_labels_from_what_is_no_text(beside: Beside, rows: dict[str, Any], value: Any) -> None:
    resource(rows, "qemu/100").update(name=value, tags=value, template=value)
    resource(rows, "storage/pve1/nas").update(content=value, plugintype=value)
    for row in rows[f"{API}/cluster/status"]:
        row.update({"more": value} if row["type"] == "cluster" else {"nodeid": value, "level": value})
    rows[f"{API}/cluster/config/qdevice"] = CONNECTED | {"Algorithm": value}
    rows[f"{API}/nodes/pve1/replication"][0].update(type=value, guest=value)
    beside.serve(rows)
    assert beside.same().having("pve_guest_info", id="qemu/100")[0]["name"] == str(value)


def test_fields_of_the_cluster_whose_names_are_no_labels(beside: Beside, rows: dict[str, Any]) -> None:
    rows[f"{API}/cluster/status"][0]["cgroup-mode"] = 2
    beside.serve(rows)
    assert beside.same().having("pve_cluster_info")[0]["cgroup_mode"] == "2"


def test_nothing_there(beside: Beside, rows: dict[str, Any]) -> None:
    for path in ("cluster/resources", "cluster/backup-info/not-backed-up", "nodes/pve1/qemu", "nodes/pve1/lxc", "nodes/pve1/replication"):
        rows[f"{API}/{path}"] = []
    rows[f"{API}/nodes/pve1/subscription"] = {}
    beside.serve(rows)
    theirs = beside.same()
    assert theirs.value("pve_not_backed_up_total", id="cluster/lab") == 0
    assert theirs.value("pve_subscription_info", id="node/pve1", level="unknown") == 1


def test_many_rows(beside: Beside, rows: dict[str, Any]) -> None:
    template = resource(rows, "qemu/100")
    rows[f"{API}/cluster/resources"] += [template | {"id": f"qemu/{vmid}", "vmid": vmid, "name": f"guest-{vmid}"} for vmid in range(10_000, 10_500)]
    beside.serve(rows)
    assert len(beside.same({"node": 0}).samples) > 18_000


# Node


@pytest.mark.parametrize("status", ["new", "notfound", "active", "invalid", "expired", "suspended", "other", "", "Active", None])
def test_subscription(beside: Beside, rows: dict[str, Any], status: str | None) -> None:
    for level in ("c", "b", "s", "p", "", 'a"b', None):
        answer = {"status": status, "level": level, "productname": "Proxmox VE Standard", "nextduedate": None if level else ""}
        rows[f"{API}/nodes/pve1/subscription"] = {key: value for key, value in answer.items() if key == "nextduedate" or value is not None}
        beside.serve(rows)
        theirs = beside.same({"cluster": 0})
        assert theirs.value("pve_subscription_info", id="node/pve1", level="unknown" if level is None else level) == 1
        assert not theirs.having("pve_subscription_next_due_timestamp_seconds")


# In POSIX notation, so that no table of zones need be there; the fifth begins its summer at midnight, which does not exist on that day.
ZONES = [
    "UTC0", "CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0", "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45",
    "<-03>3<-02>,M10.3.0/0,M2.3.0/0", "Europe/Berlin", ":America/New_York", "Nowhere/At all", "",
]  # fmt: skip
DATES = ["2026-01-05", "2026-07-01", "2026-03-29", "2026-10-25", "2026-10-26", "2026-10-18", "2026-02-15", "2024-02-29", "1970-01-01", "1969-12-31", "2038-01-20", "2026-1-5"]


@pytest.mark.parametrize("zone", ZONES)
def test_subscription_is_due_at_midnight_of_the_exporters_zone(start: Start, certificates: Certificates, tmp_path: Path, rows: dict[str, Any], zone: str) -> None:
    with recorded_api(certificates) as api:
        beside = Beside(start, api, pve_yml(tmp_path / "pve.yml", certificates), env={"TZ": zone})
        due = {}
        for date in DATES:
            rows[f"{API}/nodes/pve1/subscription"] = {"status": "active", "level": "p", "nextduedate": date, "regdate": "2025-01-05 10:11:12"}
            beside.serve(rows)
            due[date] = beside.same({"cluster": 0}).value("pve_subscription_next_due_timestamp_seconds", id="node/pve1")
        if zone.startswith("CET"):
            assert due["2026-01-05"] == 1767567600


def test_replication_jobs(beside: Beside, rows: dict[str, Any]) -> None:
    job = {"guest": 100, "vmtype": "qemu", "source": "pve1", "target": "pve2", "type": "local", "schedule": "*/15", "jobnum": 0, "fail_count": 0}
    rows[f"{API}/nodes/pve1/replication"] = [
        job | {"id": "100-0", "last_sync": 1795170000, "last_try": 1795170000, "next_sync": 1795170900, "duration": 3.141593},
        job | {"id": "100-1", "target": "pve3", "pid": 4711, "last_sync": 1795160000, "last_try": 1795170001, "next_sync": 1795170900, "duration": 12},
        job | {"id": "101-0", "guest": "101", "fail_count": 17, "error": "no \"route\"\nto host", "last_sync": 0, "last_try": 1795170001, "next_sync": 1795173600},
        job | {"id": "200-0", "guest": 200, "vmtype": "lxc", "remove_job": "full", "fail_count": "2", "duration": "0.5"},
        job | {"id": "9000-0", "disable": 1, "comment": "off"},
        job | {"id": "300-0", "source": 'x\\y', "target": "ä", "type": "new", "vmtype": "?"},
    ]
    beside.serve(rows)
    theirs = beside.same({"cluster": 0})
    assert len(theirs.having("pve_replication_info")) == 6
    assert theirs.value("pve_replication_info", id="101-0", type="local", source="node/pve1", target="node/pve2", guest="qemu/101") == 1
    assert theirs.value("pve_replication_failed_syncs", id="101-0") == 17
    assert theirs.value("pve_replication_duration_seconds", id="100-1") == 12
    assert theirs.value("pve_replication_duration_seconds", id="101-0") is None


def test_onboot(beside: Beside, rows: dict[str, Any]) -> None:
    for vmid, onboot in {100: 1, 101: 0, 102: "1", 103: "0"}.items():
        rows[f"{API}/nodes/pve1/qemu/{vmid}/config"]["onboot"] = onboot
    del rows[f"{API}/nodes/pve1/lxc/200/config"]["onboot"]
    beside.serve(rows)
    theirs = beside.same({"cluster": 0})
    assert [theirs.value("pve_onboot_status", id=f"qemu/{vmid}", node="pve1", type="qemu") for vmid in (100, 101, 102, 103)] == [1, 0, 1, 0]
    assert not theirs.having("pve_onboot_status", type="lxc")


def test_backups(beside: Beside, rows: dict[str, Any]) -> None:
    rows[f"{API}/cluster/backup-info/not-backed-up"] = [
        {"type": "qemu", "vmid": 100}, {"type": "lxc", "vmid": "200", "name": "x"}, {"type": "openvz", "vmid": 3}
    ]
    beside.serve(rows)
    theirs = beside.same()
    assert theirs.value("pve_not_backed_up_total", id="cluster/lab") == 3 and theirs.value("pve_not_backed_up_info", id="lxc/200") == 1

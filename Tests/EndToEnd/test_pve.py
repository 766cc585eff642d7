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
from peer import COLLECTORS, CONNECTED, CONTENT_TYPE, LOGIN, PASSWORD, TOKEN_NAME, TOKEN_VALUE, USER
from peer import (
    Beside,
    Exposition,
    Peer,
    Rows,
    assert_says_why,
    difference,
    difference_of_helps,
    pve_yml,
    recorded_api,
    recorded_rows,
    side_by_side,
)
from replay import API, LOGINS, TICKET_PATH, Certificates, Fault, Replay

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
def rows() -> Rows:
    """The recorded answers, for a test to change."""
    return recorded_rows()


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
def test_without_one_collector(start: Start, certificates: Certificates, tmp_path: Path, rows: Rows, collector: str) -> None:
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
    cluster = [
        f"{API}/{path}"
        for path in ("version", "cluster/status", "cluster/resources", "cluster/backup-info/not-backed-up", "cluster/config/qdevice")
    ]
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
    [
        "",
        "https://127.0.0.1",
        "127.0.0.1/x",
        "127.0.0.1:x",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        ":8006",
        "user@127.0.0.1",
        "a b",
        "a?b",
        "a#b",
        "[::1",
        "a\nb",
        "a\0b",
    ],
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


def test_order_of_the_api_does_not_matter(beside: Beside, rows: Rows) -> None:
    first = beside.same()
    beside.serve(
        {path: backwards(data) for path, data in rows.items() if path != f"{API}/cluster/status"}
        | {f"{API}/cluster/status": rows[f"{API}/cluster/status"]}
    )
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

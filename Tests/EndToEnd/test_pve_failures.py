"""martlet's /pve beside prometheus-pve-exporter, in front of an API that fails, hangs or talks nonsense.

Where the peer answers 500, so does martlet, and says why. `DIFFERENCES` has what it does otherwise on purpose.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from conftest import REPOSITORY, Answer, Start, fetch, in_time
from oracle import parse_exposition
from peer import CONTENT_TYPE, LOGIN, TOKEN_NAME, TOKEN_VALUE, USER
from peer import Beside, Exposition, Rows, Side, assert_says_why, difference, recorded_rows, resource, side_by_side
from replay import API, TICKET_PATH, Certificates, Fault


@pytest.fixture(scope="module")
def running(start_for_all: Start, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    authority = {"verify_ssl": str(certificates.authority)}
    others: dict[str, Mapping[str, Any]] = {
        "hasty": {"user": USER, "token_name": TOKEN_NAME, "token_value": TOKEN_VALUE, "timeout": 1} | authority,
        "refused": {"user": LOGIN[0], "password": "wrong"} | authority,
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


# Calls that fail

# Each path that the peer asks for, and the parameters with which both ask for it.
CLUSTER, NODE = {"node": 0}, {"cluster": 0}
ENDPOINTS: dict[str, Mapping[str, Any]] = {
    "version": CLUSTER,
    "cluster/status": {},
    "cluster/resources": CLUSTER,
    "cluster/backup-info/not-backed-up": CLUSTER,
    "cluster/config/qdevice": CLUSTER,
    "nodes/pve1/subscription": NODE,
    "nodes/pve1/qemu": NODE,
    "nodes/pve1/lxc": NODE,
    "nodes/pve1/qemu/100/config": NODE,
    "nodes/pve1/qemu/102/config": NODE,
    "nodes/pve1/lxc/200/config": NODE,
    "nodes/pve1/replication": NODE,
    "access/ticket": {"module": "password"},
}

HTML = b"<html><body>maintenance</body></html>"
FAULTS: dict[str, Fault] = {
    "401": Fault(status=401, reason="Authentication failed!", body=b""),
    "403": Fault(
        status=403,
        reason="Permission check failed (/, Sys.Audit)",
        body=b'{"data":null,"message":"Permission check failed (/, Sys.Audit)\\n"}',
    ),
    "500": Fault(status=500, reason="got timeout", body=b'{"data":null,"message":"got timeout\\n"}'),
    "501": Fault(status=501, reason="Method not implemented", body=b'{"data":null}'),
    "595": Fault(status=595, reason="No route to host", body=b""),
    "599": Fault(status=599, reason="Too many redirections", body=b""),
    "closed": Fault(close_without_answer=True),
    "no HTTP": Fault(raw=b"\x00\x01\x02 this is not HTTP\r\n\r\n"),
    "ends early": Fault(raw=b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nContent-Type: application/json\r\n\r\n{"data":['),
    "null": Fault(body=b'{"data":null}'),
    "text": Fault(body=b'{"data":"text"}'),
    "number": Fault(body=b'{"data":7}'),
    "no data": Fault(body=b'{"message":"x"}'),
    "list": Fault(body=b"[]"),
    "not JSON": Fault(body=HTML),
    "truncated": Fault(body=b'{"data":[{"type":"node"'),
    "empty": Fault(body=b""),
}
UNREADABLE = {"not JSON", "truncated", "empty"}
REFUSED = {"401", "403", "500", "501", "595", "599"}

# The peer bears these faults: it takes a QDevice that cannot be asked for none, and what it cannot read for an empty object.
BORNE: dict[str, set[str]] = {
    "cluster/config/qdevice": REFUSED | {"null"} | UNREADABLE,
    "nodes/pve1/subscription": UNREADABLE,
    "nodes/pve1/qemu/100/config": UNREADABLE,
    "nodes/pve1/qemu/102/config": UNREADABLE,
    "nodes/pve1/lxc/200/config": UNREADABLE,
}


def break_call(beside: Beside, endpoint: str, fault: Fault) -> None:
    """Lets the call fail however it is asked for."""
    paths = [f"{API}/{endpoint}"] + [f"{API}/{endpoint}?type={kind}" for kind in ("vm", "storage") if endpoint == "cluster/resources"]
    beside.api.serve()
    beside.api.tickets.clear()
    beside.api.faults.update(dict.fromkeys(paths, fault))


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_call_that_fails(beside: Beside, endpoint: str) -> None:
    wrong = []
    for name, fault in FAULTS.items():
        borne = name in BORNE.get(endpoint, set())
        if (borne and name in UNREADABLE) or (endpoint == "access/ticket" and name == "401"):
            continue  # see DIFFERENCES
        break_call(beside, endpoint, fault)
        theirs, ours = beside.answers(ENDPOINTS[endpoint])
        assert theirs.status == (200 if borne else 500), (name, theirs.status)
        if ours.status != theirs.status:
            wrong.append(f"{name}: theirs {theirs.status}, ours {ours.status} {ours.text[:200] if ours.status >= 400 else ''}")
        elif borne:
            wrong += [f"{name}: {line}" for line in difference(Exposition.of(theirs.text), Exposition.of(ours.text))]
        else:
            assert_says_why(ours)
    assert wrong == []
    beside.api.serve()
    beside.same(ENDPOINTS[endpoint])


@pytest.mark.parametrize(
    ("endpoint", "data", "theirs"),
    [
        ("cluster/status", [], 500),
        ("cluster/status", [None], 500),
        ("cluster/status", recorded_rows()[f"{API}/cluster/status"] + [None], 500),
        ("cluster/status", recorded_rows()[f"{API}/cluster/status"] + [{"type": "witness", "id": "witness/w", "name": "w"}], 500),
        ("cluster/status", recorded_rows()[f"{API}/cluster/status"] + [{"id": "node/x", "name": "x"}], 500),
        ("cluster/status", {}, 500),
        ("cluster/resources", {"a": {}}, 500),
        ("version", {}, 500),
        ("version", {"keyboard": "de"}, 500),
        ("version", [], 500),
        ("nodes/pve1/subscription", [], 500),
        ("nodes/pve1/qemu", {"a": 1}, 500),
        ("nodes/pve1/qemu/100/config", [], 500),
        ("nodes/pve1/replication", {"a": 1}, 500),
        ("cluster/config/qdevice", ["Connected"], 500),
        ("cluster/config/qdevice", "Connected", 500),
    ],
    ids=lambda value: json.dumps(value)[-40:],
)
def test_answer_of_another_shape(beside: Beside, rows: Rows, endpoint: str, data: Any, theirs: int) -> None:
    rows[f"{API}/{endpoint}"] = data
    beside.serve(rows)
    assert beside.statuses(ENDPOINTS[endpoint]) == (theirs, theirs)


def test_no_node_says_that_it_answers(beside: Beside, rows: Rows) -> None:
    for row in rows[f"{API}/cluster/status"]:
        if row["type"] == "node":
            row["local"] = 0
    beside.serve(rows)
    assert beside.statuses({"cluster": 0}) == (500, 500)
    beside.same({"node": 0})


def test_one_group_fails_without_the_other(beside: Beside) -> None:
    break_call(beside, "version", FAULTS["500"])
    assert beside.statuses() == (500, 500)
    assert len(beside.same({"cluster": 0}).samples) == 20
    break_call(beside, "nodes/pve1/lxc", FAULTS["500"])
    assert beside.statuses() == (500, 500)
    assert len(beside.same({"node": 0}).samples) == 360


def test_api_that_is_not_there(beside: Beside, start: Start) -> None:
    beside.api.serve()
    for module in ("default", "password"):
        for side in (beside.peer, beside.ours):
            # Nobody listens on port 8006 here, which is the API's when none is said.
            answer = side.pve({"target": "localhost", "module": module})
            assert answer.status == 500
    assert_says_why(beside.ours.pve({"target": "localhost"}))


# Calls that hang


def timed(side: Side, parameters: Mapping[str, Any]) -> tuple[Answer, float]:
    began = time.monotonic()
    answer = side.pve(parameters)
    return answer, time.monotonic() - began


def both_timed(beside: Beside, endpoint: str, fault: Fault, module: str) -> tuple[tuple[Answer, float], tuple[Answer, float]]:
    break_call(beside, endpoint, fault)
    asked = dict(ENDPOINTS[endpoint]) | {"module": module, "target": beside.target}
    with ThreadPoolExecutor(2) as pool:
        theirs, ours = pool.map(lambda side: timed(side, asked), (beside.peer, beside.ours))
    return theirs, ours


def hang(beside: Beside, endpoint: str, module: str, seconds: float) -> None:
    """Asserts that both give up, and ours within so many seconds."""
    (theirs, _), (ours, took) = both_timed(beside, endpoint, Fault(delay_seconds=20), module)
    assert (theirs.status, ours.status) == (500, 500)
    if took >= seconds:
        # Alone, should the machine have been busy with the other.
        in_time(seconds, lambda: beside.ours.pve(dict(ENDPOINTS[endpoint]) | {"module": module, "target": beside.target}))
    assert_says_why(ours)


@pytest.mark.alone
def test_call_that_hangs(beside: Beside) -> None:
    hang(beside, "cluster/resources", "hasty", 2)


@pytest.mark.alone
def test_scrape_ends_when_prometheus_would_give_up(beside: Beside) -> None:
    """Difference: slow call."""
    break_call(beside, "nodes/pve1/qemu", Fault(delay_seconds=20))
    url = f"{beside.ours.url}/pve?target={beside.target}"
    answer = in_time(2, lambda: fetch(url, headers={"X-Prometheus-Scrape-Timeout-Seconds": "2"}))
    assert answer.status == 500
    assert_says_why(answer)


@pytest.mark.e2e
@pytest.mark.parametrize("endpoint", [endpoint for endpoint in ENDPOINTS if endpoint != "access/ticket"])
def test_each_call_may_hang(beside: Beside, endpoint: str) -> None:
    hang(beside, endpoint, "hasty", 2)


@pytest.mark.e2e
@pytest.mark.parametrize("endpoint", ["cluster/status", "cluster/config/qdevice", "nodes/pve1/qemu/100/config", "access/ticket"])
def test_call_that_hangs_longer_than_any_timeout(beside: Beside, endpoint: str) -> None:
    hang(beside, endpoint, "password" if endpoint == "access/ticket" else "default", 10)


@pytest.mark.e2e
def test_slow_call(beside: Beside) -> None:
    """Difference: slow call."""
    (theirs, _), (ours, _) = both_timed(beside, "version", Fault(delay_seconds=7), "default")
    assert (theirs.status, ours.status) == (500, 200)


# What differs on purpose

# By the name under which docs/migration.md tells of it.
DIFFERENCES: dict[str, str] = {
    "content type": "The answer is always text of version 0.0.4, which every Prometheus reads; the peer says 1.0.0.",
    "empty families": "A family without samples has no HELP and TYPE lines.",
    "target not allowed": "A target that --pve.allowed-targets does not name is refused with 403: the peer sends its credentials to any.",
    "malformed target": "A target that is none is refused with 400; the peer answers 500 or asks another than it was told.",
    "settings that cannot work": "They are refused at the start; the peer starts, and answers 500 whenever it is asked.",
    "fewer calls": "Each thing is asked for once, a replication job's state by the list of jobs: what is not called cannot fail.",
    "kept login": "A ticket is kept and renewed; the peer logs in for each answer.",
    "refused login": "A login that was refused is not tried again for a minute, which answers 500: realms lock accounts.",
    "slow call": "A call has the time of the scrape (10 s, or what Prometheus says) unless the module has a timeout; the peer's has 5 s.",
    "answer that trickles": "A call has an end also when a byte comes now and then; the peer waits as long as they come.",
    "redirection": "None is followed; the peer asks wherever it is sent.",
    "malformed number": "A number that cannot be read costs its own sample; the peer answers 500.",
    "number that is not finite": "It gives no sample, where the peer shows NaN and Inf; outside of quotes it makes the answer unreadable.",
    "malformed row": "A row that cannot be read, or lacks what names it, costs its own samples; the peer answers 500.",
    "malformed date": "A nextduedate that is no date costs its own sample; the peer answers 500.",
    "text that says no": 'The text "0" means no, as the number does; to the peer any text is yes: the first node answers.',
    "text that is no Unicode": "It is repaired with U+FFFD; the peer answers 500.",
    "unreadable answer": "What is not JSON is a failure; the peer makes a subscription, a configuration, a QDevice of nothing.",
    "row that comes twice": "Of two rows about the same the first counts; the peer writes the series twice, which Prometheus refuses.",
}


@dataclass(frozen=True)
class Case:
    """Answers to which the peer says another thing than martlet, and what the peer must be told to say what martlet says."""

    difference: str
    damage: Callable[[Rows], Any]
    mend: Callable[[Rows], Any]
    # Series that the peer cannot be brought to leave out.
    lost: tuple[tuple[str, Mapping[str, str]], ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)


def put(path: str, key: Any, value: Any) -> Callable[[Rows], Any]:
    """Sets a field of the answer, or of the resource with the id `path`."""
    return lambda rows: (rows[f"{API}/{path}"] if f"{API}/{path}" in rows else resource(rows, path)).__setitem__(key, value)


def drop(path: str, key: Any) -> Callable[[Rows], Any]:
    return lambda rows: (rows[f"{API}/{path}"] if f"{API}/{path}" in rows else resource(rows, path)).pop(key)


def add(path: str, row: Any) -> Callable[[Rows], Any]:
    """One more row, before all others."""
    return lambda rows: rows[f"{API}/{path}"].insert(0, row)


def nothing(rows: Rows) -> None:
    pass


CASES: dict[str, Case] = {
    "number that is text": Case("malformed number", put("qemu/100", "cpu", "n/a"), drop("qemu/100", "cpu")),
    "number that is null": Case("malformed number", put("lxc/200", "mem", None), drop("lxc/200", "mem")),
    "number that is a list": Case("malformed number", put("node/pve1", "uptime", []), drop("node/pve1", "uptime")),
    "number that is an object": Case("malformed number", put("storage/pve1/nas", "disk", {}), drop("storage/pve1/nas", "disk")),
    "number that is empty": Case("malformed number", put("qemu/100", "maxcpu", ""), drop("qemu/100", "maxcpu")),
    "onboot that is text": Case(
        "malformed number", put("nodes/pve1/qemu/100/config", "onboot", "yes"), drop("nodes/pve1/qemu/100/config", "onboot")
    ),
    "onboot that is null": Case(
        "malformed number", put("nodes/pve1/lxc/200/config", "onboot", None), drop("nodes/pve1/lxc/200/config", "onboot")
    ),
    "duration that is null": Case(
        "malformed number",
        lambda rows: rows[f"{API}/nodes/pve1/replication"][0].update(duration=None),
        lambda rows: rows[f"{API}/nodes/pve1/replication"][0].pop("duration"),
    ),
    "online that is text": Case(
        "malformed number", lambda rows: rows[f"{API}/cluster/status"][1].update(online="?"), nothing, (("pve_up", {"id": "node/pve2"}),)
    ),
    "online that is absent": Case(
        "malformed number", lambda rows: rows[f"{API}/cluster/status"][1].pop("online"), nothing, (("pve_up", {"id": "node/pve2"}),)
    ),
    "resource that is null": Case("malformed row", add("cluster/resources", None), nothing),
    "resource that is text": Case("malformed row", add("cluster/resources", "qemu/1"), nothing),
    "resource without id": Case("malformed row", add("cluster/resources", {"type": "qemu", "status": "running", "vmid": 1}), nothing),
    "resource without type": Case("malformed row", add("cluster/resources", {"id": "qemu/1", "status": "running", "vmid": 1}), nothing),
    "guest without status": Case("malformed row", drop("qemu/100", "status"), nothing, (("pve_up", {"id": "qemu/100"}),)),
    "storage without status": Case("malformed row", drop("storage/pve1/nas", "status"), nothing, (("pve_up", {"id": "storage/pve1/nas"}),)),
    "guest not backed up that is null": Case(
        "malformed row",
        lambda rows: rows[f"{API}/cluster/backup-info/not-backed-up"].append(None),
        lambda rows: rows[f"{API}/cluster/backup-info/not-backed-up"].append({"type": "qemu", "vmid": "lost"}),
        (("pve_not_backed_up_info", {"id": "qemu/lost"}),),
    ),
    "guest not backed up without number": Case(
        "malformed row",
        lambda rows: rows[f"{API}/cluster/backup-info/not-backed-up"].append({"type": "qemu"}),
        lambda rows: rows[f"{API}/cluster/backup-info/not-backed-up"].append({"type": "qemu", "vmid": "lost"}),
        (("pve_not_backed_up_info", {"id": "qemu/lost"}),),
    ),
    "guest of the node that is null": Case("malformed row", add("nodes/pve1/qemu", None), nothing),
    "guest of the node without number": Case("malformed row", add("nodes/pve1/lxc", {"name": "x"}), nothing),
    "replication job that is null": Case("malformed row", add("nodes/pve1/replication", None), nothing),
    "replication job without id": Case(
        "malformed row",
        add("nodes/pve1/replication", {"type": "local", "source": "a", "target": "b", "guest": 1, "vmtype": "qemu", "fail_count": 1}),
        nothing,
    ),
    "replication job without target": Case(
        "malformed row",
        lambda rows: rows[f"{API}/nodes/pve1/replication"][0].pop("target"),
        nothing,
        (("pve_replication_info", {"id": "100-0"}),),
    ),
    "date that is text": Case("malformed date", put("nodes/pve1/subscription", "nextduedate", "soon"), nothing),
    "date with a time": Case("malformed date", put("nodes/pve1/subscription", "nextduedate", "2027-01-05 10:00:00"), nothing),
    "date that is none": Case("malformed date", put("nodes/pve1/subscription", "nextduedate", "2027-02-29"), nothing),
    "date of zeros": Case("malformed date", put("nodes/pve1/subscription", "nextduedate", "0000-00-00"), nothing),
    "date that is a number": Case("malformed date", put("nodes/pve1/subscription", "nextduedate", 1798930800), nothing),
    "lone surrogate": Case("text that is no Unicode", put("qemu/100", "name", "a\ud800b"), put("qemu/100", "name", "a\ufffdb")),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_one_malformed_thing_costs_itself(beside: Beside, rows: Rows, case: Case) -> None:
    mended = recorded_rows()
    case.damage(rows)
    case.mend(mended)
    beside.serve(rows)
    theirs, ours = beside.answers(case.parameters)
    assert theirs.status == 500, "the peer bears it"
    assert ours.status == 200, ours.text
    beside.serve(mended)
    told = Exposition.of(beside.answers(case.parameters)[0].text).without(*case.lost)
    lines = difference(told, Exposition.of(ours.text))
    assert not lines, "\n" + "\n".join(lines)


def test_bytes_that_are_no_unicode(beside: Beside, rows: Rows) -> None:
    """Difference: text that is no Unicode."""
    beside.serve(rows)
    paths = [f"{API}/cluster/resources{variant}" for variant in ("", "?type=vm", "?type=storage")]
    for path in paths:
        beside.api.faults[path] = Fault(body=json.dumps({"data": beside.api.answers[path]}).encode().replace(b"web-100", b"web\xff100"))
    theirs, ours = beside.answers()
    assert (theirs.status, ours.status) == (500, 200)
    assert Exposition.of(ours.text).having("pve_guest_info", name="web\ufffd100")


@pytest.mark.parametrize("fault", sorted(UNREADABLE))
@pytest.mark.parametrize("endpoint", [endpoint for endpoint, faults in BORNE.items() if UNREADABLE <= faults])
def test_unreadable_answer(beside: Beside, endpoint: str, fault: str) -> None:
    """Difference: unreadable answer."""
    break_call(beside, endpoint, FAULTS[fault])
    assert beside.statuses(ENDPOINTS[endpoint]) == (200, 500)


def test_state_of_a_job_that_cannot_be_had(beside: Beside) -> None:
    """Difference: fewer calls."""
    expected = beside.same()
    beside.api.faults[f"{API}/nodes/pve1/replication/100-0/status"] = FAULTS["595"]
    theirs, ours = beside.answers()
    assert (theirs.status, ours.status) == (500, 200)
    assert difference(expected, Exposition.of(ours.text)) == []


def test_row_that_comes_twice(beside: Beside, rows: Rows) -> None:
    """Difference: row that comes twice."""
    rows[f"{API}/cluster/resources"].append(resource(rows, "qemu/100") | {"cpu": 0.75, "name": "second", "status": "stopped"})
    expected = beside.same()
    beside.serve(rows)
    theirs, ours = beside.answers()
    with pytest.raises(ValueError, match="twice"):
        parse_exposition(theirs.text)
    samples = Exposition.of(ours.text)
    # Its name is a label, so that both names may be told of.
    assert [line for line in difference(expected, samples) if "pve_guest_info" not in line] == []


@pytest.mark.e2e
def test_answer_that_trickles(beside: Beside) -> None:
    """Difference: answer that trickles."""
    (theirs, waited), (ours, took) = both_timed(beside, "version", Fault(trickle_seconds=13), "default")
    assert theirs.status == 200 and waited > 12
    assert ours.status == 500 and took < 10
    assert_says_why(ours)


def test_refused_login(beside: Beside) -> None:
    """Difference: refused login."""
    for _ in range(3):
        assert beside.statuses({"module": "refused"}) == (500, 500)
    assert beside.api.counts[TICKET_PATH] == 3 + 1, "the peer's and ours"
    beside.same({"module": "password"})


@pytest.mark.parametrize("number", ["nan", "inf", "-Infinity"])
def test_number_that_is_not_finite(beside: Beside, rows: Rows, number: str) -> None:
    """Difference: number that is not finite."""
    resource(rows, "qemu/100")["cpu"] = number
    beside.serve(rows)
    theirs, ours = (Exposition.of(answer.text) for answer in beside.answers())
    assert difference(theirs.without(("pve_cpu_usage_ratio", {"id": "qemu/100"})), ours) == []


def test_number_that_is_not_finite_in_json(beside: Beside, rows: Rows) -> None:
    """Difference: number that is not finite."""
    resource(rows, "qemu/100")["cpu"] = float("nan")
    beside.serve(rows)
    theirs, ours = (Exposition.of(answer.text) for answer in beside.answers())
    assert difference(theirs.without(("pve_cpu_usage_ratio", {"id": "qemu/100"})), ours) == []


def test_text_that_says_no(beside: Beside, rows: Rows) -> None:
    """Difference: text that says no."""
    for row in rows[f"{API}/cluster/status"]:
        row.update({"local": str(row["local"])} if "local" in row else {})
    expected = beside.same({"cluster": 0})
    beside.serve(rows)
    theirs, ours = (Exposition.of(answer.text) for answer in beside.answers({"cluster": 0}))
    assert theirs.having("pve_subscription_info") == [{"id": "node/pve2", "level": "unknown"}], "the first node, wherever it is"
    assert difference(expected, ours) == []


def test_redirection(beside: Beside, rows: Rows) -> None:
    """Difference: redirection."""
    rows[f"{API}/elsewhere"] = rows[f"{API}/version"]
    beside.serve(rows)
    beside.api.faults[f"{API}/version"] = Fault(
        raw=f"HTTP/1.1 302 Found\r\nLocation: {API}/elsewhere\r\nContent-Length: 0\r\n\r\n".encode()
    )
    assert beside.statuses() == (200, 500)
    assert beside.api.counts[f"{API}/elsewhere"] == 1


def test_content_type_and_empty_families(beside: Beside) -> None:
    """Differences: content type, empty families."""
    theirs, ours = beside.answers({"cluster": 1, "node": 0})
    assert "version=1.0.0" in theirs.headers["Content-Type"] and ours.headers["Content-Type"] == CONTENT_TYPE
    break_call(beside, "nodes/pve1/replication", Fault(body=b'{"data":[]}'))
    theirs, ours = beside.answers({"cluster": 0})
    assert "pve_replication_info" in theirs.text and "pve_replication_info" not in ours.text


def test_differences_are_written_down_for_who_migrates() -> None:
    page = (REPOSITORY / "docs/migration.md").read_text()
    assert [name for name in DIFFERENCES if name not in page] == []
    assert {case.difference for case in CASES.values()} <= set(DIFFERENCES)

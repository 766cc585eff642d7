"""Every call of the native Proxmox collector, broken in every way: what is still true is served in time, what is missing has a reason.

Each exporter watches two clusters: `lab`, of which one call is broken, and `other`, of which nothing may ever be missing.

A case that is late is tried again: a machine that stands still for a while makes everything late once, a fault of ours is late each time.
"""

from __future__ import annotations

import contextlib
import queue
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from conftest import Answer, Start, fetch, programs, wait_for
from exporting import Exporter
from hostile import FAULTS, OF_LISTS, OF_NODES, Fault, Hostile, redirect, stays_silent
from listeners import Authority, Listener, api
from oracle import Labels, Samples, difference, expected_samples, parse_exposition
from replay import API, TOKEN, Replay
from test_faults import problems, success

# What Prometheus would wait, less than any slow fault takes; and what the way back may take on a busy machine.
TIMEOUT_SECONDS, GRACE_SECONDS = 2, 1
ATTEMPTS = 4
# How many cases run at a time: many of those that only wait; of the others one, as these servers share one interpreter.
WAITING, WORKING = 8, 1

pytestmark = pytest.mark.alone

ROWS: dict[str, Any] = Replay.from_recordings().answers

# What the collector asks for, and the part of the scrape that the call belongs to.
ENDPOINTS = {
    "version": "lab",
    "cluster/status": "lab",
    "cluster/resources": "lab",
    "nodes/pve1/status": "lab/pve1",
    "nodes/pve1/qemu?full=1": "lab/pve1",
    "nodes/pve1/lxc": "lab/pve1",
}
# The whole API is broken in the same way.
EVERYTHING = "everything"

# The families that go when the call fails; the guests of a list keep what cluster/resources says of them.
LOST: dict[str, set[str]] = {
    "version": {"pve_version_info"},
    "cluster/status": {"pve_cluster_quorate", "pve_cluster_nodes_total", "pve_cluster_nodes_online"},
    "cluster/resources": {
        "pve_guest_lock_info", "pve_lxc_ha_managed", "pve_node_idle", "pve_storage_info", "pve_vm_ha_managed",
        "pve_node_statistics_stale", "pve_node_uptime_seconds", "pve_node_cpu_load", "pve_node_cpus_total", "pve_node_memory_total_bytes",
        "pve_node_memory_used_bytes", "pve_node_memory_free_bytes", "pve_storage_active", "pve_storage_total_bytes",
        "pve_storage_used_bytes", "pve_storage_used_fraction", "pve_vm_cpu_usage", "pve_lxc_cpu_usage",
    },
}  # fmt: skip
# The same of one node, where another node's list goes on giving them.
LOST_OF_NODE: dict[str, set[str]] = {
    "nodes/pve1/status": {"pve_node_idle", "pve_node_info", "pve_node_memory_available_bytes", "pve_node_load1", "pve_node_rootfs_total_bytes", "pve_node_swap_used_bytes", "pve_node_cpu_mhz"},
    "nodes/pve1/qemu?full=1": {"pve_node_vm_count", "pve_vm_network_in_bytes_total", "pve_vm_block_read_bytes_total", "pve_vm_pid"},
    "nodes/pve1/lxc": {"pve_node_lxc_count", "pve_lxc_network_in_bytes_total", "pve_lxc_swap_used_bytes", "pve_lxc_pid"},
}

WHOLE = None  # nothing is missing

REASONS: dict[str, str | None] = {
    "401": "unauthorized",
    "403": "forbidden",
    "404": "failed",
    "500": "failed",
    "501": "failed",
    "595": "unreachable",
    "596": "unreachable",
    "status without a reason": "failed",
    "200 that is a refusal": "malformed",
    "empty body": "malformed",
    "garbage": "malformed",
    "HTML": "malformed",
    "truncated": "malformed",
    "null": "malformed",
    "no data": "malformed",
    "list": "malformed",
    "text": "malformed",
    "number": "malformed",
    "100,000 deep": "malformed",
    "NUL in the text": "malformed",
    "gzip": "malformed",
    "deflate": "malformed",
    "gzip bomb": "malformed",
    "gzip in transit": "malformed",
    "gzip bomb in transit": "malformed",
    "bomb of nothing in transit": "malformed",
    "200 MB body": "too_large",
    "endless body": "too_large",
    "endless chunks": "too_large",
    "endless headers": "too_large",
    "endless header": "too_large",
    "endless status line": "too_large",
    "endless trailers": "too_large",
    "100,000 headers": "too_large",
    "endless interim answers": "too_large",
    "slow": "deadline",
    "byte after byte": "deadline",
    "chunks that never end": "deadline",
    "header byte after byte": "deadline",
    "longer than it says": "deadline",
    "silence": "deadline",
    "closed": "unreachable",
    "closed in the headers": "malformed",
    "closed in the body": "malformed",
    "closed in a chunk": "malformed",
    "closed before the last chunk": "malformed",
    "reset": "unreachable",
    "reset in the headers": "malformed",
    "reset in the body": "malformed",
    "no HTTP": "malformed",
    "no length": "malformed",
    "no chunk": "malformed",
    "shorter than it says": "malformed",
    "HTTP/1.0": WHOLE,
    "until it closes": WHOLE,
    "chunked": WHOLE,
    "another type": WHOLE,
    "unknown coding": WHOLE,
    "header of 64 kB": WHOLE,
    "100 interim answers": WHOLE,
    "another answer behind it": WHOLE,
    "names": WHOLE,
    "rows twice": WHOLE,
    "numbers that are text": WHOLE,
    "numbers that are too large": WHOLE,
    "numbers that are too large, in quotes": WHOLE,
    "numbers that are lists": WHOLE,
    "object": "malformed",
    "no rows": "malformed",
    "rows without keys": "malformed",
    "one row without keys": "malformed",
    "5,000 nodes": "malformed",
}


def faults_of(endpoint: str) -> dict[str, Fault]:
    if endpoint == EVERYTHING:
        return {name: fault for name, fault in FAULTS.items() if fault.alter is None}
    found = dict(FAULTS)
    if endpoint not in ("version", "nodes/pve1/status"):
        found |= OF_LISTS
    if endpoint in ("cluster/status", "cluster/resources"):
        found |= OF_NODES
    if endpoint == "cluster/status":
        del found["names"]  # those of nodes and clusters lead elsewhere: see the test of their own
    return found


CASES = [(endpoint, name) for endpoint in (*ENDPOINTS, EVERYTHING) for name in faults_of(endpoint)]


def of_each_change() -> set[tuple[str, str]]:
    """What `make test` takes of these: each fault at one call, and at each call as many; `make e2e` takes the rest."""
    chosen: set[tuple[str, str]] = set()
    counts = dict.fromkeys((*ENDPOINTS, EVERYTHING), 0)
    for name in REASONS:
        endpoint = min((endpoint for endpoint in counts if (endpoint, name) in CASES), key=counts.__getitem__)
        counts[endpoint] += 1
        chosen.add((endpoint, name))
    return chosen


OF_EACH_CHANGE = of_each_change()


@dataclass(frozen=True)
class Outcome:
    """What the exporter answered while something was broken, how long it took, and what it answered next."""

    broken: Answer
    # The next answers, while it is still broken and when it is not any more.
    again: Answer
    healed: Answer
    # What it says when nothing is wrong.
    whole: list[str]
    # The longest of them.
    seconds: float
    attempt: int

    def is_late(self, slow_part: str) -> bool:
        """Whether it took too long, or another part did not come in time."""
        if self.seconds >= TIMEOUT_SECONDS + GRACE_SECONDS:
            return True
        return any(not late_parts(answer) <= allowed for answer, allowed in
                   ((self.broken, {slow_part}), (self.again, {slow_part}), (self.healed, set[str]())))


def late_parts(answer: Answer) -> set[str]:
    return {part for part, reasons in problems(parse_exposition(answer.text)[0]).items() if "deadline" in reasons}


class Lane:
    """An exporter with its two clusters, which takes one case after the other."""

    def __init__(self, start: Start, folder: Path, stack: contextlib.ExitStack) -> None:
        self.lab, self.other = stack.enter_context(Hostile(ROWS)), stack.enter_context(Hostile(ROWS))
        write_clusters(folder, {"endpoint": self.lab.url}, {"name": "other", "endpoint": self.other.url})
        self.exporter = Exporter(start, {})
        # From here on the name of the first is known, as is who its guests are.
        assert_tells(whole := self.exporter.metrics(), expected_samples(ROWS, "lab"), {})
        self.whole = data(whole)

    def run(self, endpoint: str, name: str) -> Outcome:
        slow_part = ENDPOINTS.get(endpoint, "lab") if REASONS[name] == "deadline" else ""
        for number in range(1, ATTEMPTS + 1):
            outcome = self.attempt(endpoint, name, number)
            if not outcome.is_late(slow_part):
                break
        return outcome

    def attempt(self, endpoint: str, name: str, number: int) -> Outcome:
        fault = faults_of(endpoint)[name]
        if endpoint == EVERYTHING:
            self.lab.every = fault
        else:
            self.lab.faults[f"{API}/{endpoint}"] = fault
        took: list[float] = []

        def scrape() -> Answer:
            began = time.monotonic()
            answer = self.exporter.metrics(TIMEOUT_SECONDS)
            took.append(time.monotonic() - began)
            return answer

        broken = scrape()
        again = broken if REASONS[name] == "deadline" else scrape()
        self.lab.every = None
        self.lab.faults.clear()
        return Outcome(broken, again, scrape(), self.whole, max(took), number)


def data(answer: Answer) -> list[str]:
    """The lines that say something of clusters, or of what is wrong with them."""
    told = ("pve_", "martlet_scrape_part", "martlet_scrape_collector_success")
    return sorted(line for line in answer.text.splitlines() if line.startswith(told))


def write_clusters(folder: Path, *clusters: Mapping[str, Any]) -> None:
    # Between scrapes nothing is asked: what a fault does to timers is in test_truth.py.
    settings = {"proxmox": {"clusters": [{"token": TOKEN} | dict(cluster) for cluster in clusters], "slow": {"enabled": False}}}
    (folder / "martlet.yml").write_text(yaml.safe_dump(settings))


Outcomes = Mapping[tuple[str, str], Future[Outcome]]


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    """What came of all cases that are selected."""
    items = [item for item in request.session.items if "outcomes" in getattr(item, "fixturenames", ()) and hasattr(item, "callspec")]
    cases = [(item.callspec.params["endpoint"], item.callspec.params["name"]) for item in items]
    with contextlib.ExitStack() as stack:
        lanes: queue.SimpleQueue[Lane] = queue.SimpleQueue()
        for index in range(min(WAITING, len(cases))):
            folder = tmp_path_factory.mktemp(f"lane-{index}")
            lanes.put(Lane(stack.enter_context(contextlib.contextmanager(programs)(folder)), folder, stack))

        def run(endpoint: str, name: str) -> Outcome:
            lane = lanes.get()
            try:
                return lane.run(endpoint, name)
            finally:
                lanes.put(lane)

        done: dict[tuple[str, str], Future[Outcome]] = {}
        for at_once, is_slow in ((WAITING, True), (WORKING, False)):
            # Ends when all have ended: what the tests do with the outcomes would take the time of the servers that all of this is asking.
            with ThreadPoolExecutor(at_once) as pool:
                done |= {case: pool.submit(run, *case) for case in cases if (REASONS[case[1]] == "deadline") == is_slow}
        yield done


def still_true(endpoint: str, fault: Fault) -> Samples:
    """What the first cluster says while the call is broken."""
    if endpoint == EVERYTHING:
        return {}
    path = f"{API}/{endpoint}"
    if fault.alter is not None:
        rows = {known: fault.alter(data) if known == path else data for known, data in ROWS.items()}
    else:
        rows = {known: data for known, data in ROWS.items() if known != path}
    samples = expected_samples(rows, "lab")
    if f"{API}/cluster/resources" in rows:
        return samples
    # What was learnt of a guest before is still known: its pool, which no list has.
    pools = {str(row["vmid"]): row.get("pool", "") for row in ROWS[f"{API}/cluster/resources"] if "vmid" in row}

    def remembered(name: str, labels: Labels) -> Labels:
        known = dict(labels)
        return frozenset((known | {"pool": pools[known["vmid"]]}).items()) if name == "pve_guest_info" else labels

    return {(name, remembered(name, labels)): value for (name, labels), value in samples.items()}


OTHER = expected_samples(ROWS, "other")


def parts(samples: Samples) -> dict[str, float]:
    """Whether each part succeeded."""
    return {
        dict(labels)["part"]: value
        for (name, labels), value in samples.items()
        if name == "martlet_scrape_part_success" and dict(labels)["collector"] == "proxmox"
    }


def families(samples: Samples, **having: str) -> set[str]:
    return {name for name, labels in samples if name.startswith("pve_") and having.items() <= dict(labels).items()}


def assert_tells(answer: Answer, expected: Samples, reasons: Mapping[str, set[str]]) -> Samples:
    """The exposition holds these samples and no others of any cluster, and says of each broken part what is wrong, and of no other."""
    assert answer.status == 200
    samples, _ = parse_exposition(answer.text)
    assert problems(samples) == reasons
    assert difference(expected | OTHER, samples) == []
    assert success(samples) == (0 if reasons else 1)
    told = parts(samples)
    assert {part for part, value in told.items() if value != 1} == set(reasons)
    assert {"other", "other/pve1", "other/pve2"} <= set(told)
    return samples


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [pytest.param(*case, id=": ".join(case), marks=[] if case in OF_EACH_CHANGE else [pytest.mark.e2e]) for case in CASES])
def test_call_that_is_broken(outcomes: Outcomes, endpoint: str, name: str) -> None:
    outcome = outcomes[endpoint, name].result()
    fault, reason = faults_of(endpoint)[name], REASONS[name]
    assert outcome.seconds < TIMEOUT_SECONDS + GRACE_SECONDS
    reasons = {} if reason is None else {"lab" if endpoint == EVERYTHING else ENDPOINTS[endpoint]: {reason}}
    samples = assert_tells(outcome.broken, still_true(endpoint, fault), reasons)
    if fault.alter is None:
        assert_lost(samples, endpoint)
    assert data(outcome.again) == data(outcome.broken)
    assert data(outcome.healed) == outcome.whole


def assert_lost(samples: Samples, endpoint: str) -> None:
    of_lab, whole = families(samples, cluster="lab"), families(samples, cluster="other")
    if endpoint == EVERYTHING:
        assert of_lab == set()
    elif endpoint in LOST:
        assert whole - of_lab == LOST[endpoint]
    else:
        assert LOST_OF_NODE[endpoint] <= families(samples, cluster="other", node="pve1")
        assert not LOST_OF_NODE[endpoint] & families(samples, cluster="lab", node="pve1")


def test_few_were_late(outcomes: Outcomes) -> None:
    """What is late again and again in some cases only would be no stillness of the machine."""
    late = [case for case, outcome in outcomes.items() if outcome.result().attempt > 1]
    assert len(late) * 20 <= len(outcomes), late


def test_every_fault_has_its_reason() -> None:
    assert set(REASONS) == {*FAULTS, *OF_LISTS, *OF_NODES}


def test_every_call_is_broken_here(start: Start, tmp_path: Path) -> None:
    """A call that is new belongs into ENDPOINTS; that for rights is made once in five minutes and has a test of its own, below."""
    with Hostile(ROWS) as lab:
        write_clusters(tmp_path, {"endpoint": lab.url})
        Exporter(start, {}).metrics()
        asked = {line.removeprefix(f"GET {API}/").replace("/pve2/", "/pve1/") for line in lab.requests}
    assert asked == {*ENDPOINTS, RIGHTS}


RIGHTS = "access/permissions"


@pytest.mark.parametrize("name", [name for name in REASONS if name in FAULTS])
def test_rights_that_cannot_be_had(start: Start, tmp_path: Path, name: str) -> None:
    """Nobody counts guests then, and nothing else is lost: not in the first scrape, and not by its deadline."""
    fault = FAULTS[name]
    with Hostile(ROWS) as lab, Hostile(ROWS) as other:
        lab.faults[f"{API}/{RIGHTS}"] = fault
        write_clusters(tmp_path, {"endpoint": lab.url, "name": "lab"}, {"name": "other", "endpoint": other.url})
        exporter = Exporter(start, {})
        began = time.monotonic()
        samples, _ = parse_exposition(exporter.metrics(TIMEOUT_SECONDS).text)
        assert time.monotonic() - began < TIMEOUT_SECONDS + GRACE_SECONDS
        if REASONS[name] is WHOLE:
            return
        unknown = {"pve_node_vm_count", "pve_node_lxc_count", "pve_missing_privilege_info"}
        ours = {key: number for key, number in expected_samples(ROWS, "lab").items() if key[0] not in unknown}
        assert difference(ours | OTHER, samples) == []
        if name == "401":
            # Whoever is refused once is not let in by the next call either, says the exporter, and asks one thing at a time.
            return
        assert problems(samples) == {}


# Endpoints that no call reaches


def refused(_: Authority) -> Listener:
    """A port where nobody listens any more."""
    gone = Listener()
    gone.stop()
    return gone


def mute(_: Authority) -> Listener:
    return Listener()


def shown(name: str, **of_certificate: Any) -> Callable[[Authority], Listener]:
    def make(authority: Authority) -> Listener:
        return Listener(certificate=authority.issue(name, **of_certificate), answering=api(ROWS))

    return make


class Interrupting(Listener):
    """Begins to speak TLS, and then does something else."""

    def __init__(self, first: bytes, stays: bool) -> None:
        self.first, self.stays = first, stays
        super().__init__()

    def _converse(self, client: Any, connection: Any) -> None:
        client.recv(65536)
        for piece in stays_silent(self.first)(b"") if self.stays else [self.first]:
            if piece:
                client.sendall(piece)


# The head of a ServerHello that says that more is to come.
HELLO = b"\x16\x03\x03\x00\x7a\x02\x00\x00\x76\x03\x03"
ALERT = b"\x15\x03\x03\x00\x02\x02\x28"

# By name: who answers, what its URL begins with, and the reason.
UNREACHABLE: dict[str, tuple[Callable[[Authority], Listener], str, str]] = {
    "refused": (refused, "https://127.0.0.1", "unreachable"),
    # Longer than a name may be, so that it is refused without asking anybody.
    "no such name": (mute, f"https://{'x' * 64}.example", "unreachable"),
    "expired": (shown("old", days=(-30, -1)), "https://127.0.0.1", "tls"),
    "not yet valid": (shown("young", days=(1, 30)), "https://127.0.0.1", "tls"),
    "wrong name": (shown("misnamed", names=["DNS:pve9.example"]), "https://127.0.0.1", "tls"),
    "plain HTTP on a TLS port": (lambda _: Interrupting(b"HTTP/1.1 400 Bad Request\r\n\r\n", stays=False), "https://127.0.0.1", "tls"),
    "TLS on a plain HTTP port": (shown("good"), "http://127.0.0.1", "unreachable"),
    "handshake that never begins": (mute, "https://127.0.0.1", "deadline"),
    "handshake that stops": (lambda _: Interrupting(HELLO, stays=True), "https://127.0.0.1", "deadline"),
    "handshake that is cut off": (lambda _: Interrupting(HELLO, stays=False), "https://127.0.0.1", "tls"),
    "handshake that is refused": (lambda _: Interrupting(ALERT, stays=False), "https://127.0.0.1", "tls"),
    "closed in the handshake": (lambda _: Interrupting(b"", stays=False), "https://127.0.0.1", "tls"),
    "no TLS": (lambda _: Interrupting(bytes(range(64)), stays=False), "https://127.0.0.1", "tls"),
}


def test_endpoints_that_no_call_reaches(start: Start, tmp_path: Path) -> None:
    """All of them in one scrape, beside two clusters that are well."""
    authority = Authority(tmp_path)
    with contextlib.ExitStack() as stack:
        lab, other = stack.enter_context(Hostile(ROWS)), stack.enter_context(Hostile(ROWS))
        clusters: list[dict[str, Any]] = [{"endpoint": lab.url}, {"name": "other", "endpoint": other.url}]
        for name, (make, begin, _) in UNREACHABLE.items():
            listener = make(authority)
            if name != "refused":
                stack.enter_context(listener)
            trust = {"ca_file": str(authority.pem)} if begin.startswith("https") else {}
            clusters.append({"name": name, "endpoint": f"{begin}:{listener.port}"} | trust)
        write_clusters(tmp_path, *clusters)
        # Its first scrape, which is its own, takes as long as it may.
        exporter = Exporter(start, {}, "--scrape.timeout", f"{TIMEOUT_SECONDS}s")
        wait_for(lambda: fetch(exporter.url + "/ready").status == 200, 10, "ready")
        for _ in range(2):
            began = time.monotonic()
            answer = exporter.metrics(TIMEOUT_SECONDS)
            assert time.monotonic() - began < TIMEOUT_SECONDS + GRACE_SECONDS
            assert_tells(answer, expected_samples(ROWS, "lab"), {name: {reason} for name, (_, _, reason) in UNREACHABLE.items()})


def test_api_that_goes_away_between_two_calls(start: Start, tmp_path: Path) -> None:
    """The cluster has answered, and nobody listens any more when the nodes are asked."""
    with Hostile(ROWS) as lab, Hostile(ROWS) as other:
        write_clusters(tmp_path, {"endpoint": lab.url}, {"name": "other", "endpoint": other.url})
        exporter = Exporter(start, {})

        def leave(_: bytes) -> bytes:
            lab.stop()
            return b""

        lab.faults = {path: Fault(leave) for path in ROWS if path.startswith(f"{API}/nodes/")}
        answer = exporter.metrics()
        samples, _ = parse_exposition(answer.text)
        assert set(problems(samples)) == {"lab/pve1", "lab/pve2"}
        assert set().union(*problems(samples).values()) <= {"malformed", "unreachable"}
        expected = expected_samples({path: data for path, data in ROWS.items() if "/nodes/" not in path}, "lab")
        assert difference(expected | OTHER, samples) == []
        assert_tells(exporter.metrics(), {}, {"lab": {"unreachable"}})


# Who is asked


@pytest.mark.parametrize("code", ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"])
def test_redirections_are_not_followed(start: Start, tmp_path: Path, code: str) -> None:
    with Hostile(ROWS) as lab, Hostile(ROWS) as other, Listener("127.0.0.2", answering=api(ROWS)) as elsewhere:
        write_clusters(tmp_path, {"endpoint": lab.url}, {"name": "other", "endpoint": other.url})
        exporter = Exporter(start, {})
        exporter.metrics()
        for endpoint, part in ENDPOINTS.items():
            lab.faults = {f"{API}/{endpoint}": (fault := redirect(f"http://{elsewhere.authority}{API}/{endpoint}", code))}
            assert_tells(exporter.metrics(), still_true(endpoint, fault), {part: {"failed"}})
        assert elsewhere.connections == []


HOSTILE = '\u0000\n"\\} 1\npve_node_up{node="forged"} 1\n\u2028../..'


def test_names_of_nodes_and_clusters(start: Start, tmp_path: Path) -> None:
    """Names that would end a line, a label or a path."""

    names = {"pve1", "pve2", "pve3", "lab"}

    def renamed(value: Any, key: str = "") -> Any:
        match value:
            case dict():
                return {key: renamed(item, key) for key, item in value.items()}
            case list():
                return [renamed(item) for item in value]
        return value + HOSTILE if key in ("name", "node") and value in names else value

    rows = {path: renamed(data) for path, data in ROWS.items()}
    for name in names:
        rows = {path.replace(f"/nodes/{name}/", f"/nodes/{quote(name + HOSTILE, safe='')}/"): data for path, data in rows.items()}
    with Hostile(rows) as lab, Hostile(ROWS) as other:
        write_clusters(tmp_path, {"endpoint": lab.url}, {"name": "other", "endpoint": other.url})
        answer = Exporter(start, {}).metrics()
        unquoted = {path.replace(quote(HOSTILE, safe=""), HOSTILE): data for path, data in rows.items()}
        samples = assert_tells(answer, expected_samples(unquoted), {})
    assert "forged" not in {dict(labels).get("node") for _, labels in samples}
    assert families(samples, node="pve1" + HOSTILE) == families(samples, node="pve1")

"""What is asked for on timers is answered with hostility: memory stays bounded, nothing else is lost, each problem is told once and no secret ever."""

from __future__ import annotations

import copy
import json
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote


import pytest
from conftest import Program, Start, fetch, wait_for
from estate import problems
from exporting import Exporter, environment
from handmade import Answers, beside
from hostile import FAULTS, Fault, Hostile, body, many_bytes, sent
from listeners import http, path_of
from oracle import difference, expected_samples
from replay import API, Replay
from slow_lane import EXPIRY, Seen, expected, wait_until

FAST = re.compile(r"/(version|cluster/status|cluster/resources|access/permissions|nodes/[^/]+/(status|qemu\?full=1|lxc))$")
# As long as those that Proxmox VE gives out: what is shorter may be a word.
SECRET = "5e5a3e0f-7e57-4a11-9b1d-000000000001"
LIMIT_MEBIBYTES = 150


def whole() -> Answers:
    recorded = copy.deepcopy(Replay.from_recordings().answers)
    return recorded | beside(recorded)


class Timers(Hostile):
    """Answers the calls of a scrape as they should be, and all others, asked for on timers, with the fault."""

    def __init__(self, rows: Answers, fault: Fault) -> None:
        self.fault: Fault | None = fault
        self.asked: Counter[str] = Counter()
        super().__init__(rows)

    def _answer(self, head: bytes, sent_body: bytes) -> Any:
        path = path_of(head)
        if FAST.search(path):
            return super()._answer(head, sent_body)
        self.asked[path] += 1
        return self.fault.answer(b'{"data":[]}') if self.fault else super()._answer(head, sent_body)

    @property
    def environment(self) -> dict[str, str]:
        return {"PROXMOX_HOST": self.url, "PROXMOX_TOKEN_NAME": "monitor@pve!exporter", "PROXMOX_TOKEN_VALUE": SECRET}


def resident_mebibytes(program: Program) -> float:
    """The most that it ever held."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{program.process.pid}/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


def complaints(program: Program) -> list[str]:
    """What the log says of problems, without the time."""
    return [line.partition(" ")[2] for line in program.output.splitlines() if "scrape incomplete" in line]


def assert_no_secret(exporter: Exporter, seen: Seen) -> None:
    for text in (seen.text, exporter.program.output, fetch(exporter.url + "/").text):
        assert SECRET not in text


ENDLESS = {
    "a body of 1 GB": sent(many_bytes(1 << 30)),
    "a bomb": FAULTS["gzip bomb"],
    "a bomb in transit": FAULTS["gzip bomb in transit"],
    "a bomb of nothing": FAULTS["bomb of nothing in transit"],
    "chunks without end": FAULTS["endless chunks"],
    "headers without end": FAULTS["endless headers"],
    "100,000 deep": FAULTS["100,000 deep"],
    "a million numbers": body(b'{"data":[' + b"1," * 1_000_000 + b"1]}"),
    "a million rows": body(b'{"data":[' + b"{}," * 1_000_000 + b"{}]}"),
}


# The rest takes its time.
AT_ONCE = {"a body of 1 GB", "a bomb in transit", "a million rows"}


@pytest.mark.alone
@pytest.mark.parametrize("fault", [pytest.param(fault, id=name, marks=() if name in AT_ONCE else pytest.mark.e2e) for name, fault in ENDLESS.items()])
def test_too_much_of_everything(start: Start, fault: Fault) -> None:
    """All that is asked for on timers is answered so, of two nodes and of the cluster at once."""
    rows = whole()
    fast = expected_samples(rows)
    with Timers(rows, fault) as api:
        exporter = Exporter(start, api.environment)
        exporter.program.wait_until(exporter.url + "/ready")
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            seen = Seen(exporter.metrics().text)
            assert difference(fast, seen.samples) == []
            time.sleep(0.3)
        assert len(api.asked) > 5, api.asked
        told = seen.value("process_resident_memory_bytes")
        assert told is not None and told / 2**20 < LIMIT_MEBIBYTES
        assert resident_mebibytes(exporter.program) < LIMIT_MEBIBYTES
        said = complaints(exporter.program)
        # Of guests the first that fails is told, and then that there are more.
        lines = Counter(re.sub(r" detail=.*", "", line) for line in said)
        assert len(said) == len(set(said)) and max(lines.values()) <= 2
        assert_no_secret(exporter, seen)


# By source: the calls that are broken, all of them.
SOURCES = {
    "ha": "/cluster/ha/status/current",
    "replication": "/nodes/[^/]+/replication",
    "backup_jobs": "/cluster/backup",
    "backup_gaps": "/cluster/backup-info/not-backed-up",
    "backups": r"/nodes/[^/]+/tasks(/[^/]+/log)?(\?.*)?",
    "storage": "/nodes/[^/]+/storage",
    "certificates": "/nodes/[^/]+/certificates/info",
    "subscription": "/nodes/[^/]+/subscription",
    "services": "/nodes/[^/]+/services",
    "disks": "/nodes/[^/]+/disks/list",
    "zfs": "/nodes/[^/]+/disks/zfs(/.*)?",
    "ceph": "/cluster/ceph/status",
    "statistics": r"/nodes/[^/]+/rrddata\?.*",
    "snapshots": "/nodes/[^/]+/(qemu|lxc)/[0-9]+/snapshot",
    "agent": "/nodes/[^/]+/qemu/[0-9]+/agent/.*",
    "addresses": "/nodes/[^/]+/lxc/[0-9]+/interfaces",
    "pci_mapping": "/cluster/mapping/pci",
    "qdevice": "/cluster/config/qdevice",
}


class Selective(Replay):
    """Answers what the pattern finds with garbage."""

    pattern = re.compile("$^")

    def answer_to(self, method: str, path: str, *rest: Any) -> Any:
        answer = super().answer_to(method, path, *rest)
        if self.pattern.fullmatch(unquote(path).removeprefix(API)):
            return type(answer)(200, "OK", body=b'{"data":' + b"[" * 100_000)
        return answer


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_that_is_broken_takes_only_its_own_families_along(start: Start, source: str) -> None:
    pattern = re.compile(SOURCES[source])
    rows = whole()
    with Replay.from_rows({path: data for path, data in rows.items() if not pattern.fullmatch(unquote(path).removeprefix(API))}) as left:
        samples = expected(left)
    with Selective.from_rows(rows) as api:
        api.pattern = pattern
        exporter = Exporter(start, environment(api, slow=True))

        def wrong(seen: Seen) -> list[str]:
            lines = difference(samples, {key: value for key, value in seen.samples.items() if key[0] != EXPIRY}, slow=True)
            # Of one agent's answers nobody has a recording.
            broken = {part.split("/")[-1]: reasons for part, reasons in problems(seen).items()}
            return lines + ([] if {"agent": {"failed"}} | broken == {"agent": {"failed"}} | {source: {"malformed"}} else [str(broken)])

        seen = wait_until(exporter, wrong, 30)
        said = complaints(exporter.program)
        lines = Counter(re.sub(r" detail=.*", "", line) for line in said)
        assert {part for part in problems(seen)} == {re.search(r"part=(\S+)", line)[1] for line in lines} and max(lines.values()) <= 2  # type: ignore[index]


# Text that ends a value, a line, or both.
TWISTED = 'x"} 1\npve_node_up{cluster="lab",node="forged"} 1\n# HELP \\'


def twist(value: Any) -> Any:
    """Every text that is no name by which something else is found gets the twist."""
    if isinstance(value, dict):
        kept = {"type", "vmid", "upid", "status", "sid", "id", "node", "crm_state", "state", "endtime", "starttime", "exitstatus", "storage", "devpath", "filename"}
        return {key: item if key in kept else twist(item) for key, item in value.items()}
    if isinstance(value, list):
        return [twist(item) for item in value]
    return value + TWISTED if isinstance(value, str) and not re.fullmatch(r"[\d.eE+-]+", value) else value


def test_names_that_end_a_line(start: Start) -> None:
    rows = whole()
    twisted = {path: data if FAST.search(path) else twist(data) for path, data in rows.items()}
    with Replay.from_rows(twisted) as api:
        exporter = Exporter(start, environment(api, slow=True))
        families = {"pve_certificate_info", "pve_disk_capacity_bytes", "pve_subscription_info", "pve_guest_config_info", "pve_pci_mapping_info"}
        wait_until(exporter, lambda seen: [name for name in families if not seen.series(name)])
        time.sleep(1)
        seen = Seen(exporter.metrics().text)
        assert difference(expected_samples(rows), seen.samples) == []
        assert {own["node"] for own in seen.series("pve_node_up")} == {"pve1", "pve2", "pve3"}
        assert any('"} 1\n' in text for own in seen.series("pve_certificate_info") for text in own.values()), "told as it is"
        assert all(len(line) < 2000 for line in exporter.program.output.splitlines()) and "\npve_node_up" not in exporter.program.output


def test_a_hundred_thousand_tasks_with_logs_that_never_end(start: Start) -> None:
    """The API gives far more than it was asked for, and a page of each log for ever."""
    rows = whole()
    now = int(time.time())
    tasks = [
        {"upid": f"UPID:pve1:{number:08X}:0004A000:{now - number:08X}:vzdump::root@pam:", "node": "pve1", "type": "vzdump", "id": "", "user": "root@pam",
         "starttime": now - 100 - number, "endtime": now - 50 - number, "status": "OK"}
        for number in range(100_000)
    ]  # fmt: skip
    page = [{"n": number, "t": f"INFO: Starting Backup of VM {number} (qemu)" + "x" * 200} for number in range(5000)]

    class Endless(Timers):
        def _answer(self, head: bytes, sent_body: bytes) -> Any:
            path = path_of(head)
            if "/tasks" not in path:
                return Hostile._answer(self, head, sent_body)
            self.asked["log" if "/log" in path else "tasks"] += 1
            return http(log if "/log" in path else listing)

    listing, log = (json.dumps({"data": data}).encode() for data in (tasks, page))
    with Endless(rows, FAULTS["garbage"]) as api:
        exporter = Exporter(start, api.environment)
        wait_for(lambda: exporter.metrics() and api.asked["tasks"] >= 2, 15, "tasks")
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            seen = Seen(exporter.metrics().text)
            assert difference(expected_samples(rows), seen.samples) == []
            time.sleep(0.5)
        assert resident_mebibytes(exporter.program) < 2 * LIMIT_MEBIBYTES
        # Other sources of the node are not kept waiting for ever.
        wait_until(exporter, lambda seen: [] if seen.series("pve_certificate_info", node="pve1") else ["no certificate"], 30)


@pytest.mark.parametrize("place", ["certificate", "service", "snapshot", "error"])
def test_an_answer_that_repeats_the_secret_is_not_shown(start: Start, place: str) -> None:
    rows = whole()
    echo = f"PVEAPIToken=monitor@pve!exporter={SECRET}"
    match place:
        case "certificate":
            rows[f"{API}/nodes/pve1/certificates/info"] = [{"filename": "pve-ssl.pem", "subject": echo, "notafter": 1801776000}]
        case "service":
            rows[f"{API}/nodes/pve1/services"] = [{"service": SECRET, "name": SECRET, "state": "running", "unit-state": "enabled"}]
        case "snapshot":
            rows[f"{API}/nodes/pve1/qemu/100/config"] = {"name": "web-100", "ostype": SECRET, "memory": 1}
    fault = Fault(lambda _: http(json.dumps({"data": None, "message": f"refused: {echo}\n"}).encode(), f"500 refused: {echo}"))
    with Timers(rows, fault) as api:
        if place != "error":
            api.fault = None
        exporter = Exporter(start, api.environment)
        begin = time.monotonic()

        def all_was_read() -> bool:
            seen = Seen(exporter.metrics().text)
            assert_no_secret(exporter, seen)
            assert difference(expected_samples(rows), seen.samples) == []
            return time.monotonic() - begin > 1.5 and len(api.asked) > 5

        wait_for(all_was_read, 20, "enough was asked for")

"""Whoever owns the API of one cluster, or a guest in it, takes nothing from another cluster, nor from the guest beside it."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Start
from exporting import QUIET, Exporter
from handmade import Answers
from hostile import Hostile, body_of
from listeners import http, path_of
from oracle import parse_exposition
from replay import API
from slow_lane import Seen, wait_until

TOKEN = "monitor@pve!exporter=5e5a3e0f-7e57-4a11-9b1d-000000000001"
PEAK_MEBIBYTES = 1000


def estate(name: str, nodes: list[str], guests: dict[int, str]) -> Answers:
    """A cluster as small as can be: nodes, and virtual machines by number with the node that each is on."""
    machines = {vmid: {"vmid": vmid, "name": f"vm-{vmid}", "status": "running", "cpus": 1} for vmid in guests}
    rows: Answers = {
        f"{API}/version": {"version": "9.0.1", "release": "9.0", "repoid": "1"},
        f"{API}/cluster/status": [{"type": "cluster", "name": name, "quorate": 1, "nodes": len(nodes)}] + [{"type": "node", "name": node, "online": 1} for node in nodes],
        f"{API}/cluster/resources": [{"type": "node", "node": node, "status": "online"} for node in nodes]
        + [{"type": "qemu", "node": node, **machines[vmid]} for vmid, node in guests.items()],
        f"{API}/access/permissions": {"/": {"Sys.Audit": 1}, "/vms": {"VM.Audit": 1}},
    }
    for node in nodes:
        rows[f"{API}/nodes/{node}/status"] = {"pveversion": "pve-manager/9.0.1/1"}
        rows[f"{API}/nodes/{node}/lxc"] = []
        rows[f"{API}/nodes/{node}/qemu?full=1"] = [machine for vmid, machine in machines.items() if guests[vmid] == node]
    return rows


def environment(*clusters: Hostile, names: tuple[str, ...] = ()) -> dict[str, str]:
    found: dict[str, str] = {}
    for index, cluster in enumerate(clusters):
        found |= {f"MARTLET_PROXMOX__CLUSTERS__{index}__ENDPOINT": cluster.url, f"MARTLET_PROXMOX__CLUSTERS__{index}__TOKEN": TOKEN}
        if names:
            found[f"MARTLET_PROXMOX__CLUSTERS__{index}__NAME"] = names[index]
    return found


def guests_of(text: str, cluster: str) -> set[str]:
    return {dict(labels)["vmid"] for name, labels in parse_exposition(text)[0] if name == "pve_guest_info" and ("cluster", cluster) in labels}


def test_a_cluster_that_takes_the_name_of_another_does_not_replace_it(start: Start) -> None:
    """It stands first in the settings, which matters only to those that have one name from the beginning."""
    with Hostile(estate("mine", ["a1"], {100: "a1"})) as evil, Hostile(estate("prod", ["g1"], {200: "g1"})) as good:
        exporter = Exporter(start, environment(evil, good) | QUIET)
        assert guests_of(exporter.metrics().text, "prod") == {"200"}
        named = evil.bodies[f"{API}/cluster/status"]
        for name, own in (("prod", set()), ("mine", {"100"})):
            evil.bodies[f"{API}/cluster/status"] = named.replace(b"mine", name.encode())
            for _ in range(2):
                text = exporter.metrics().text
                assert guests_of(text, "prod") == {"200"} and guests_of(text, "mine") == own


class Large(Hostile):
    """All that is asked of a node is answered with 16 MiB."""

    def __init__(self, nodes: int, data: bytes) -> None:
        self.large = http(data)
        super().__init__(estate("evil", [f"a{number}" for number in range(nodes)], {}))

    def _answer(self, head: bytes, sent_body: bytes) -> Any:
        return self.large if path_of(head).startswith(f"{API}/nodes/") else super()._answer(head, sent_body)


MOST = (16 << 20) - 64


@pytest.mark.alone
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b'{"data":[' + b"0," * (MOST // 2) + b"0]}", id="numbers"),
        pytest.param(b'{"data":{"loadavg":[' + b"0," * (MOST // 2) + b"0]}}", id="loads"),
    ],
)
def test_large_answers_of_one_cluster_leave_time_and_memory_for_another(start: Start, data: bytes) -> None:
    with Large(60, data) as evil, Hostile(estate("good", ["g1", "g2"], {100: "g1", 101: "g2"})) as good:
        exporter = Exporter(start, environment(evil, good, names=("evil", "good")) | QUIET)
        for _ in range(2):
            begin = time.monotonic()
            text = exporter.metrics(timeout_seconds=20).text
            assert time.monotonic() - begin < 15
            assert guests_of(text, "good") == {"100", "101"}
        status = Path(f"/proc/{exporter.program.process.pid}/status").read_text()
        assert int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024 < PEAK_MEBIBYTES  # type: ignore[index]


def test_long_names_inside_guests_take_nothing_from_the_guest_beside_them(start: Start) -> None:
    guests = {100 + number: "n1" for number in range(8)} | {500: "n1"}
    rows = estate("lab", ["n1"], guests)
    long = "x" * 8000
    systems = [
        {"mountpoint": f"/{number}{long}", "type": long, "name": str(number), "total-bytes": 1, "used-bytes": 1, "disk": [{"dev": f"{number}{long}"}]}
        for number in range(256)
    ]
    interfaces = [{"name": f"{number}{long}", "hardware-address": long, "ip-addresses": [{"ip-address": f"{number}{long}"}]} for number in range(256)]
    for vmid in guests:
        rows[f"{API}/nodes/n1/qemu/{vmid}/config"] = {"name": "x", "onboot": 1, "agent": "1"}
        rows[f"{API}/nodes/n1/qemu/{vmid}/snapshot"] = [{"name": "current"}]
        rows[f"{API}/nodes/n1/qemu/{vmid}/agent/get-fsinfo"] = {"result": systems if vmid < 500 else []}
        rows[f"{API}/nodes/n1/qemu/{vmid}/agent/network-get-interfaces"] = {"result": interfaces if vmid < 500 else []}
    with Hostile(rows) as api:
        exporter = Exporter(start, environment(api))

        def wrong(seen: Seen) -> list[str]:
            asked = seen.series("pve_guest_filesystem_size_bytes", vmid="107")
            return [] if len(asked) == 256 and seen.series("pve_guest_agent_up", vmid="500") else ["not all have been asked"]

        seen = wait_until(exporter, wrong, 30)
        assert seen.series("pve_guest_onboot", vmid="500") and 'reason="too_large"' not in seen.text


def test_backup_tasks_that_nobody_asked_for_are_not_kept(start: Start) -> None:
    """New ones at each question, from long ago: each would be new for ever."""

    class Ancient(Hostile):
        listings = 0

        def _answer(self, head: bytes, sent_body: bytes) -> Any:
            if not re.search(r"/tasks\?", path_of(head)):
                return super()._answer(head, sent_body)
            self.listings += 1
            rows = [{"upid": f"UPID:n1:{self.listings}:{number}", "id": "", "starttime": 0, "endtime": 1, "status": "OK"} for number in range(1000)]
            return http(body_of(rows))

    with Ancient(estate("lab", ["n1"], {})) as api:
        exporter = Exporter(start, environment(api))
        wait_until(exporter, lambda _: [] if api.listings else ["nobody asked"], 20)
        # With something left to read it would ask again after five seconds.
        time.sleep(7)
        exporter.metrics()
        assert api.listings == 1

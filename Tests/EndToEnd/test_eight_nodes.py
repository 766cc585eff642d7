"""Eight nodes of which one is dead, one hangs and one tells nothing for want of rights: the other five are whole in each scrape.

Beside it PyPI's prometheus-pve-exporter in front of the same API. `-s` prints what both did.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from conftest import Answer, Start, in_time, programs
from estate import problems
from exporting import Exporter, environment
from oracle import Samples, difference, expected_samples
from peer import Peer, pve_yml
from replay import API, Certificates, Fault, Replay, with_variants
from slow_lane import Seen

DEAD, HANGING, REFUSED = "n6", "n7", "n8"
WELL = [f"n{number}" for number in range(1, 6)]
NODES = [*WELL, DEAD, HANGING, REFUSED]
GUESTS_OF_EACH = 6
SCRAPES = 10

pytestmark = pytest.mark.alone


def eight() -> dict[str, Any]:
    """The recorded first node eight times, with guests of its own each time."""
    recorded = copy.deepcopy(Replay.from_recordings().answers)
    resources: list[dict[str, Any]] = []
    rows: dict[str, Any] = {
        f"{API}/version": recorded[f"{API}/version"],
        f"{API}/access/permissions": recorded[f"{API}/access/permissions"],
        f"{API}/cluster/status": [
            {"type": "cluster", "id": "cluster", "name": "octave", "quorate": 1, "nodes": len(NODES), "version": 8},
            *({"type": "node", "id": f"node/{node}", "name": node, "online": 1, "local": int(node == "n1"), "nodeid": index, "level": "", "ip": f"192.0.2.{index}"} for index, node in enumerate(NODES, 1)),
        ],
        f"{API}/cluster/resources": resources,
    }
    machine = next(row for row in recorded[f"{API}/nodes/pve1/qemu?full=1"] if row["vmid"] == 100)
    container = next(row for row in recorded[f"{API}/nodes/pve1/lxc"] if row["vmid"] == 200)
    known = {row["id"]: row for row in recorded[f"{API}/cluster/resources"]}
    for index, node in enumerate(NODES, 1):
        resources.append(known["node/pve1"] | {"id": f"node/{node}", "node": node})
        resources.append(known["storage/pve1/local"] | {"id": f"storage/{node}/local", "node": node})
        rows[f"{API}/nodes/{node}/status"] = recorded[f"{API}/nodes/pve1/status"]
        machines, containers = [], []
        for vmid in range(100 * index, 100 * index + GUESTS_OF_EACH):
            kind, model, listed = ("qemu", machine, machines) if vmid % 2 == 0 else ("lxc", container, containers)
            of_resources = known["qemu/100" if kind == "qemu" else "lxc/200"]
            listed.append(model | {"vmid": vmid, "name": f"g-{vmid}"})
            resources.append(of_resources | {"id": f"{kind}/{vmid}", "vmid": vmid, "name": f"g-{vmid}", "node": node})
        rows[f"{API}/nodes/{node}/qemu?full=1"], rows[f"{API}/nodes/{node}/lxc"] = machines, containers
        # What the peer asks for beside: the configuration of each guest of the node that was asked.
        for row in machines:
            rows[f"{API}/nodes/{node}/qemu/{row['vmid']}/config"] = {"name": row["name"], "onboot": 1}
        for row in containers:
            rows[f"{API}/nodes/{node}/lxc/{row['vmid']}/config"] = {"hostname": row["name"], "onboot": 1}
        rows |= {f"{API}/nodes/{node}/qemu": machines, f"{API}/nodes/{node}/replication": [], f"{API}/nodes/{node}/subscription": {"status": "notfound"}}
    rows[f"{API}/nodes"] = [row for row in resources if row["type"] == "node"]
    rows |= {f"{API}/cluster/backup-info/not-backed-up": [], f"{API}/cluster/config/qdevice": {}}
    return rows


def break_nodes(api: Replay, *, dead_after_seconds: float) -> None:
    refusal = b'{"data":null,"message":"Permission check failed (/nodes/n8, Sys.Audit)\\n"}'
    for path in api.answers:
        if path.startswith(f"{API}/nodes/{DEAD}/"):
            api.faults[path] = Fault(delay_seconds=dead_after_seconds, status=595, reason="No route to host", body=b"")
        elif path.startswith(f"{API}/nodes/{HANGING}/"):
            api.faults[path] = Fault(delay_seconds=30, status=596, reason="Connection timed out", body=b"")
        elif path.startswith(f"{API}/nodes/{REFUSED}/"):
            api.faults[path] = Fault(status=403, reason="Permission check failed", body=refusal)


def sound(api: Replay) -> Samples:
    """What is true and can be known."""
    lost = tuple(f"{API}/nodes/{node}/" for node in (DEAD, HANGING, REFUSED))
    return expected_samples({path: data for path, data in api.answers.items() if not path.startswith(lost)})


@dataclass
class Row:
    """A line of the table."""

    who: str
    timeout: str
    statuses: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    nodes: set[str] = field(default_factory=set)

    def __str__(self) -> str:
        statuses = ",".join(map(str, sorted(set(self.statuses))))
        return f"{self.who:<34} {self.timeout:>7} {statuses:>6} {len(self.statuses):>3} {max(self.seconds):>6.2f} s {len(self.nodes)} of {len(NODES)}"


TABLE: list[Row] = []


@pytest.fixture(scope="module", autouse=True)
def table() -> Iterator[None]:
    yield
    print(f"\n\n{'':<34} timeout status  of longest  nodes with more than rows of resources")
    print("\n".join(map(str, TABLE)))


@pytest.mark.parametrize(
    ("timeout_seconds", "dead_after_seconds"),
    [pytest.param(*both, marks=pytest.mark.e2e) for both in ((2, 0), (2, 3), (10, 0), (10, 3))],
)
def test_five_nodes_are_whole_in_each_scrape(start: Start, timeout_seconds: float, dead_after_seconds: float) -> None:
    row = Row(f"martlet, 595 after {dead_after_seconds} s", f"{timeout_seconds} s")
    with Replay.from_rows(eight()) as api:
        exporter = Exporter(start, environment(api))
        exporter.program.wait_until(exporter.url + "/ready")
        assert difference(expected_samples(api.answers), Seen(exporter.metrics().text).samples) == []
        break_nodes(api, dead_after_seconds=dead_after_seconds)
        expected = sound(api)
        for _ in range(SCRAPES):
            began = time.monotonic()
            answer = in_time(timeout_seconds, lambda: exporter.metrics(timeout_seconds))
            row.seconds.append(time.monotonic() - began)
            row.statuses.append(answer.status)
            seen = Seen(answer.text)
            assert difference(expected, seen.samples) == []
            is_late = dead_after_seconds > timeout_seconds
            assert problems(seen) == {
                f"octave/{DEAD}": {"deadline" if is_late else "unreachable"}, f"octave/{HANGING}": {"deadline"}, f"octave/{REFUSED}": {"forbidden"}
            }  # fmt: skip
            # All are members and their statistics come: none looks dead.
            assert {own["node"] for own in seen.series("pve_node_up")} == set(NODES) and seen.value("pve_node_up", node=HANGING) == 1
            row.nodes = {own["node"] for own in seen.series("pve_node_load1")} & {own["node"] for own in seen.series("pve_vm_network_in_bytes_total")}
            assert row.nodes == set(WELL)
            # Every guest of all eight has a name, and the last known numbers of the cluster.
            assert len(seen.series("pve_guest_info")) == len(seen.series("pve_vm_cpu_usage")) + len(seen.series("pve_lxc_cpu_usage")) == len(NODES) * GUESTS_OF_EACH
    TABLE.append(row)


@pytest.fixture(scope="module")
def peer_api(certificates: Certificates) -> Iterator[Replay]:
    with Replay.from_rows(with_variants(eight()), certificate=certificates.server) as api:
        yield api


@pytest.fixture(scope="module")
def peer(peer_api: Replay, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    for start in programs(folder := tmp_path_factory.mktemp("peer")):
        yield Peer(start, pve_yml(folder / "pve.yml", certificates))


def configured(answer: Answer) -> set[str]:
    """Nodes of which it tells more than the rows of /cluster/resources."""
    return {own["node"] for own in Seen(answer.text).series("pve_onboot_status")}


def ask(peer: Peer, api: Replay, row: Row) -> Answer:
    TABLE.append(row)
    began = time.monotonic()
    answer = peer.pve({"target": f"127.0.0.1:{api.port}"})
    row.seconds.append(time.monotonic() - began)
    row.statuses.append(answer.status)
    row.nodes = configured(answer) if answer.status == 200 else set()
    return answer


def test_the_peer_asks_one_node_alone(peer: Peer, peer_api: Replay) -> None:
    """The same three nodes are broken as above. It does not notice, as it never asks any node but the one it talks to."""
    peer_api.faults.clear()
    whole = ask(peer, peer_api, Row("peer, all is well", "none"))
    assert whole.status == 200 and configured(whole) == {"n1"}
    break_nodes(peer_api, dead_after_seconds=0)
    assert ask(peer, peer_api, Row("peer", "none")).text == whole.text


@pytest.mark.parametrize("lost", ["dead", "refused", "hanging"])
def test_one_call_of_one_node_takes_all_from_the_peer(peer: Peer, peer_api: Replay, lost: str) -> None:
    """No series of any of the eight is left when the node that it asks cannot tell its machines."""
    peer_api.faults.clear()
    peer_api.faults[f"{API}/nodes/n1/qemu"] = {
        "dead": Fault(status=595, reason="No route to host", body=b""),
        "refused": Fault(status=403, reason="Permission check failed", body=b'{"data":null}'),
        "hanging": Fault(delay_seconds=30, status=596, reason="Connection timed out", body=b""),
    }[lost]
    row = Row(f"peer, one call of n1 is {lost}", "none")
    answer = ask(peer, peer_api, row)
    assert answer.status == 500 and "pve_up" not in answer.text
    if lost == "hanging":
        assert row.seconds[0] > 4.5, "its client's own timeout of five seconds, whatever Prometheus would wait"


def test_martlet_in_front_of_the_same_api(start: Start, peer_api: Replay, certificates: Certificates) -> None:
    """The call that takes everything from the peer takes one node's share from us."""
    peer_api.faults.clear()
    row = Row("martlet, one call of n1 is hanging", "2 s")
    TABLE.append(row)
    exporter = Exporter(start, environment(peer_api) | {"PROXMOX_CA_FILE": str(certificates.authority)})
    # The scrape of the start has more time, and whoever comes meanwhile joins it.
    exporter.program.wait_until(exporter.url + "/ready")
    peer_api.faults[f"{API}/nodes/n1/qemu?full=1"] = Fault(delay_seconds=6, status=596, reason="Connection timed out", body=b"")
    began = time.monotonic()
    answer = in_time(2, lambda: exporter.metrics(2))
    row.seconds.append(time.monotonic() - began)
    row.statuses.append(answer.status)
    seen = Seen(answer.text)
    assert problems(seen) == {"octave/n1": {"deadline"}}
    row.nodes = {own["node"] for own in seen.series("pve_vm_network_in_bytes_total")}
    assert row.nodes == set(NODES) - {"n1"} and {own["node"] for own in seen.series("pve_node_load1")} == set(NODES)
    expected = expected_samples({path: data for path, data in peer_api.answers.items() if path != f"{API}/nodes/n1/qemu?full=1"})
    assert difference(expected, seen.samples) == []

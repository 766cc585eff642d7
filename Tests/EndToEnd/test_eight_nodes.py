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
from conftest import Start, in_time, programs
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
            *({"type": "node", "id": f"node/{node}", "name": node, "online": 1, "local": int(node == "n1"), "nodeid": index} for index, node in enumerate(NODES, 1)),
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
    print(f"\n\n{'':<34} timeout status  of longest  nodes with load or guests' counters")
    print("\n".join(map(str, TABLE)))


@pytest.mark.parametrize("dead_after_seconds", [0, 3], ids=["595 at once", "595 after 3 s"])
@pytest.mark.parametrize("timeout_seconds", [2, 10])
def test_five_nodes_are_whole_in_each_scrape(start: Start, timeout_seconds: float, dead_after_seconds: float) -> None:
    if timeout_seconds == 10 and dead_after_seconds == 3:
        pytest.skip("half a minute for nothing new: the hanging node takes each scrape to its deadline anyway")
    scrapes = SCRAPES if timeout_seconds == 2 else 3
    row = Row(f"martlet, {dead_after_seconds} s", f"{timeout_seconds} s")
    with Replay.from_rows(eight()) as api:
        exporter = Exporter(start, environment(api))
        exporter.program.wait_until(exporter.url + "/ready")
        assert difference(expected_samples(api.answers), Seen(exporter.metrics().text).samples) == []
        break_nodes(api, dead_after_seconds=dead_after_seconds)
        expected = sound(api)
        for _ in range(scrapes):
            api.forget()
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
        assert api.most_at_once <= 3 * len(NODES) + 3
    TABLE.append(row)


@pytest.fixture(scope="module")
def peer_api(certificates: Certificates) -> Iterator[Replay]:
    with Replay.from_rows(with_variants(eight()), certificate=certificates.server) as api:
        yield api


@pytest.fixture(scope="module")
def peer(peer_api: Replay, certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    for start in programs(folder := tmp_path_factory.mktemp("peer")):
        yield Peer(start, pve_yml(folder / "pve.yml", certificates))


@pytest.mark.parametrize("lost", ["dead", "refused", "hanging"])
def test_what_the_peer_makes_of_it(peer: Peer, peer_api: Replay, lost: str) -> None:
    """It asks for configurations only the node that it asks at all; when that cannot answer, none of all eight has any series.

    What it says of a cluster comes by /cluster/resources alone, so that no other node can keep it: nor is there anything of a node's load, its
    lists or its guests' cards."""
    peer_api.faults.clear()
    parameters = {"target": f"127.0.0.1:{peer_api.port}"}
    whole = peer.pve(parameters)
    assert whole.status == 200
    nodes = {own["id"] for own in Seen(whole.text).series("pve_up") if own["id"].startswith("node/")}
    assert nodes == {f"node/{node}" for node in NODES}
    row = Row(f"peer, the node it asks is {lost}", "none")
    TABLE.append(row)
    fault = {
        "dead": Fault(status=595, reason="No route to host", body=b""),
        "refused": Fault(status=403, reason="Permission check failed", body=b'{"data":null}'),
        "hanging": Fault(delay_seconds=6, status=596, reason="Connection timed out", body=b""),
    }[lost]
    # One call of one node of eight.
    peer_api.faults[f"{API}/nodes/n1/qemu"] = fault
    began = time.monotonic()
    answer = peer.pve(parameters)
    row.seconds.append(time.monotonic() - began)
    row.statuses.append(answer.status)
    row.nodes = set() if answer.status != 200 else {own["id"] for own in Seen(answer.text).series("pve_up")}
    assert answer.status == 500 and "pve_up" not in answer.text, "one call that fails takes all eight nodes along"
    if lost == "hanging":
        assert row.seconds[0] > 4.5, "its own timeout, of five seconds for each call"


def test_martlet_in_front_of_the_same_api(start: Start, peer_api: Replay, certificates: Certificates) -> None:
    """The call that takes everything from the peer takes one node's share from us."""
    peer_api.faults.clear()
    peer_api.faults[f"{API}/nodes/n1/qemu?full=1"] = Fault(delay_seconds=6, status=596, reason="Connection timed out", body=b"")
    row = Row("martlet, the same", "2 s")
    TABLE.append(row)
    exporter = Exporter(start, environment(peer_api) | {"PROXMOX_CA_FILE": str(certificates.authority)})
    # The scrape of the start has more time, and whoever comes meanwhile joins it.
    time.sleep(0.1)
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

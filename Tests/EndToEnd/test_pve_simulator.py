"""martlet's /pve beside prometheus-pve-exporter, both in front of the simulated cluster, whose time stands still."""

from __future__ import annotations

import ssl
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Program, Start, free_port, wait_for
from peer import PASSWORD, Exposition, Ours, Peer, assert_same
from test_simulators import fetch_insecure

TIME = 1795237200
USER = "monitor@pve"
SECRET = "0f7a1c9e-secret"


class Simulated:
    """A simulated cluster with both exporters in front of it; module `password` logs in, `default` has the token."""

    def __init__(self, start: Start, folder: Path, *flags: str) -> None:
        self.port = free_port()
        world = folder / "world"
        words = ["--listen", f"127.0.0.1:{self.port}", "--world", world, "--time", str(TIME), "--latency", "0s"]
        logins = ["--token", f"{USER}!martlet={SECRET}", "--user", USER, "--password", PASSWORD]
        self.program: Program = start("simulate", "proxmox", *words, *logins, *flags)
        authority = world / "lab.pem"
        wait_for(lambda: authority.exists() or not self.program.is_running, 10, "certificate")
        assert self.program.is_running, self.program.output
        modules: dict[str, dict[str, Any]] = {
            "default": {"user": USER, "token_name": "martlet", "token_value": SECRET, "verify_ssl": str(authority)},
            "password": {"user": USER, "password": PASSWORD, "verify_ssl": str(authority)},
        }
        config = folder / "pve.yml"
        config.write_text(yaml.safe_dump(modules, allow_unicode=True))
        self.target = f"127.0.0.1:{self.port}"
        self.peer = Peer(start, config)
        self.ours = Ours(start, config, targets=[self.target])
        wait_for(lambda: fetch_insecure(f"https://{self.target}/api/v1/scenario"), 10, "listening")

    def same(self, **parameters: Any) -> Exposition:
        asked = {"target": self.target} | parameters
        return assert_same(self.peer.pve(asked), self.ours.pve(asked), self.peer, self.ours)


@pytest.mark.parametrize(
    "flags", [pytest.param((), marks=pytest.mark.e2e), pytest.param(("--nodes", "4", "--guests", "400"), marks=pytest.mark.e2e), ("--qdevice",)],
    ids=["default", "400 guests", "qdevice"])
def test_simulated_cluster(start: Start, tmp_path: Path, flags: tuple[str, ...]) -> None:
    simulated = Simulated(start, tmp_path, *flags)
    theirs = simulated.same(cluster=1, node=1)
    found = Counter(name for name, _ in theirs.samples)
    guests = 400 if "--guests" in flags else 100
    assert found["pve_guest_info"] == guests and found["pve_node_info"] == 4 and found["pve_lock_state"] == 9 * guests
    assert found["pve_qdevice_info"] == found["pve_qdevice_up"] == ("--qdevice" in flags)
    assert 0 < found["pve_onboot_status"] < guests and found["pve_subscription_info"] == 1
    if guests == 400:
        return  # a call for each takes its time
    assert simulated.same(cluster=1, node=1) == theirs, "time stands still"
    simulated.same(cluster=1, node=0)
    simulated.same(cluster=0, node=1)
    assert simulated.same(module="password") == theirs


def test_one_node_alone(start: Start, tmp_path: Path) -> None:
    theirs = Simulated(start, tmp_path, "--nodes", "1", "--guests", "10").same()
    assert len(theirs.having("pve_node_info")) == 1 and len(theirs.having("pve_guest_info")) == 10


@pytest.mark.parametrize("scenario", ["node-down", "cpu-saturation"])
def test_scenarios(start: Start, tmp_path: Path, scenario: str) -> None:
    simulated = Simulated(start, tmp_path)
    context = ssl.create_default_context(cafile=str(tmp_path / "world/lab.pem"))
    request = urllib.request.Request(f"https://{simulated.target}/api/v1/scenario", data=scenario.encode(), method="PUT")
    urllib.request.urlopen(request, context=context, timeout=10).read()
    theirs = simulated.same()
    assert theirs.value("pve_up", id="node/pve4") == (scenario != "node-down")

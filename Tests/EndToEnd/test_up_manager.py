"""`martlet up --simulate --with-manager`: machines are what a folder of manifests says, kubectl and our own commands see them, and Prometheus has the numbers of all of it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from browsing import browser, tab
from conftest import REPOSITORY, Start, environment_without_settings, fetch, free_port, wait_for
from kubectls import DEBIANS
from libvirt_bed import LibvirtBed, reason_not_to
from manager import MANAGER, condition
from playwright.sync_api import Browser
from stack import Stack

__all__ = ["browser"]

EXAMPLES = ["database", "web-0", "web-1", "web-2"]


class ManagerStack(Stack):
    """One node and no guests beside the manager, so that it is soon there."""

    def __init__(self, start: Start, folder: Path, *flags: str | Path, simulate: bool = True, libvirt: str = "") -> None:
        self.places = {flag: f"127.0.0.1:{free_port()}" for flag in ("manager.listen-address", "manager.api-address", "manager.libvirt-address", "simulate.provider-address")}
        super().__init__(
            start, folder, "--with-manager", "--manager.program", MANAGER, "--manager.libvirt-uri", libvirt, "--simulate.nodes", "1", "--simulate.guests", "0",
            "--prometheus.scrape-interval", "1s", *(word for flag, place in self.places.items() for word in (f"--{flag}", place)), *flags, simulate=simulate)

    def call(self, program: str | Path, *words: str) -> str:
        env = environment_without_settings() | {"KUBECONFIG": str(self.folder / "state/manager/kubeconfig"), "HOME": str(self.folder)}
        done = subprocess.run([str(program), *words], capture_output=True, text=True, timeout=60, check=False, env=env)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def machines(self) -> dict[str, dict[str, Any]]:
        return {it["metadata"]["name"]: it for it in json.loads(self.call(DEBIANS, "get", "vm", "-o", "json"))["items"]}

    def hypervisor(self) -> list[str]:
        """What the simulated one has, past its provider."""
        with sqlite3.connect(f"file:{self.folder}/state/providers/simulated/hypervisor.db?mode=ro", uri=True) as connection:
            return sorted(name for (name,) in connection.execute("SELECT name FROM machines"))

    def until_ready(self, names: list[str], seconds: float = 60) -> None:
        def ready() -> bool:
            there = self.machines()
            return sorted(there) == sorted(names) and all(condition(it, "Ready").get("status") == "True" for it in there.values())

        wait_for(ready, seconds, f"{names} ready")


def test_machines_are_what_the_manifests_say_and_are_measured(start: Start, tmp_path: Path) -> None:
    stack = ManagerStack(start, tmp_path)
    stack.wait_until_ready()
    for name in ("manager", "provider-simulated"):
        assert name in stack.program.output
    assert "state/manifests say: " in stack.program.output and "get vm --kubeconfig" in stack.program.output
    stack.until_ready(EXAMPLES)
    assert stack.hypervisor() == EXAMPLES
    listed = stack.call(MANAGER, "get", "vm", "--kubeconfig", str(tmp_path / "state/manager/kubeconfig"))
    assert all(name in listed for name in EXAMPLES), listed
    # Both are targets, and the numbers are those of the events above.
    wait_for(lambda: stack.value('sum(virtrigaud_vm_operations_total{job="virtrigaud-manager",operation="Create",outcome="success"})') == 4, 30, "four creates")
    assert stack.value('virtrigaud_vms{job="virtrigaud-manager",phase="Running"}') == 4
    assert stack.value('count(up{job=~"virtrigaud-.*"} == 1)') == 2 and stack.query("up != 1") == []
    # A manifest that is edited is a machine that is changed; one that goes takes its machines with it.
    machines = tmp_path / "state/manifests/simulated-3-machines.yaml"
    machines.write_text(machines.read_text().replace("replicas: 3", "replicas: 4"))
    stack.until_ready([*EXAMPLES, "web-3"])
    machines.write_text("# none\n")
    wait_for(lambda: stack.hypervisor() == [] and stack.machines() == {}, 60, "no machine")
    running = stack.process_ids()
    assert {"manager", "provider-simulated"} <= set(running) and "provider-libvirt" not in running
    assert stack.program.stop() == 0
    assert not [process for process in running.values() if Path(f"/proc/{process}").exists()]


@pytest.mark.e2e
def test_what_was_made_is_there_after_a_stop_and_after_a_crash(start: Start, tmp_path: Path) -> None:
    stack = ManagerStack(start, tmp_path)
    stack.wait_until_ready()
    stack.until_ready(EXAMPLES)
    assert stack.program.stop() == 0
    stack.begin()
    stack.wait_until_ready()
    stack.until_ready(EXAMPLES)
    stack.program.kill()
    stack.begin()
    stack.wait_until_ready()
    stack.until_ready(EXAMPLES)
    assert stack.hypervisor() == EXAMPLES
    wait_for(lambda: stack.value('sum(virtrigaud_vm_operations_total{job="virtrigaud-manager",operation="Create"})') == 4, 30, "each counted once")


@pytest.mark.e2e
def test_a_path_that_is_too_long_for_sockets(start: Start, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    stack = ManagerStack(start, deep)
    stack.wait_until_ready()
    stack.until_ready(EXAMPLES)
    assert stack.program.stop() == 0


@pytest.mark.e2e
def test_without_a_simulation_it_does_what_its_owner_says_and_nothing_else(start: Start, tmp_path: Path) -> None:
    settings, manifests = tmp_path / "martlet.yml", tmp_path / "machines"
    manifests.mkdir()
    (manifests / "class.yaml").write_text((REPOSITORY / "deploy/kubernetes/samples/2-vmclass.yaml").read_text())
    settings.write_text("proxmox:\n  clusters:\n    - endpoint: https://127.0.0.1:1\n      token: monitor@pve!martlet=x\n")
    refused = start("up", "--config.file", settings, "--with-manager", "--manager.program", tmp_path / "none", "--state-dir", tmp_path / "never")
    assert refused.process.wait(20) != 0 and "is not an executable file" in refused.output and not (tmp_path / "never").exists()
    llm = tmp_path / "llm.yml"
    llm.write_text(f"llm:\n  servers:\n    - url: http://127.0.0.1:{free_port()}\n")
    stack = ManagerStack(start, tmp_path, "--config.file", llm, "--manager.manifests", manifests, simulate=False)
    stack.wait_until_ready()
    wait_for(lambda: "small" in stack.call(DEBIANS, "get", "vmclass"), 30, "a class")
    assert not (tmp_path / "state/manifests").exists() and stack.machines() == {}
    assert not [name for name in stack.process_ids() if name.startswith("provider")]


@pytest.mark.e2e
def test_its_board_draws(start: Start, tmp_path: Path, browser: Browser) -> None:
    stack = ManagerStack(start, tmp_path)
    stack.wait_until_ready()
    stack.until_ready(EXAMPLES)
    time.sleep(70)
    with tab(browser, stack.url("dashboards")) as desk:
        desk.open("/d/martlet-vm-manager?from=now-5m&to=now&refresh=off")
        panels = desk.panels()
        assert len(panels) >= 10 and [panel for panel in panels if panel["failed"]] == [] and desk.complaints == []
        desk.screenshot("up-martlet-vm-manager")


@pytest.mark.e2e
@pytest.mark.skipif(reason_not_to() is not None, reason=str(reason_not_to()))
def test_a_libvirt_that_is_here_has_a_provider(start: Start, tmp_path: Path) -> None:
    with LibvirtBed(tmp_path / "bed") as bed:
        stack = ManagerStack(start, tmp_path, libvirt=bed.uri)
        stack.wait_until_ready()
        assert "provider-libvirt" in stack.process_ids()
        provider = wait_for(
            lambda: (found := json.loads(stack.call(DEBIANS, "get", "provider", "libvirt", "-o", "json")))["status"].get("healthy") and found, 60, "a healthy provider")
        assert condition(provider, "Ready")["status"] == "True"
        assert stack.value('count(up{job="virtrigaud-provider"} == 1)') == 2
        assert fetch(f"http://{stack.places['manager.libvirt-address']}/ready").status == 200
        assert stack.program.stop() == 0

"""`martlet up`: from nothing to a delivered alert, and through crashes."""

from __future__ import annotations

import os
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY, Start, fetch, free_port, run, wait_for
from stack import Stack, quick_alertmanager, quick_rules


def is_alive(process_id: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_everything_from_the_first_scrape_to_a_delivered_alert(start: Start, tmp_path: Path) -> None:
    webhook = free_port()
    stack = Stack(
        start, tmp_path, "--prometheus.scrape-interval", "1s", "--prometheus.rules-dir", quick_rules(tmp_path),
        "--alertmanager.config-file", quick_alertmanager(tmp_path, f"http://127.0.0.1:{webhook}"), simulate=False)
    receiver = start("simulate", "webhook", "--listen", f"127.0.0.1:{webhook}")
    stack.ports["webhook"] = webhook
    stack.wait_until_ready()
    assert "No Proxmox cluster is configured" in stack.program.output and "martlet.yml" in stack.program.output

    jobs = {series["metric"]["job"] for series in stack.query("up")}
    assert jobs == {"prometheus", "alertmanager", "martlet", "node", "windows-vms", "linux-vms"}
    assert stack.query("up != 1") == []

    guests = [row for row in stack.resources() if row["type"] in ("qemu", "lxc")]
    templates = [row for row in guests if row.get("template") == 1]
    assert len(guests) == 100 and templates
    assert wait_for(lambda: stack.value("count(pve_vm_status) + count(pve_lxc_status)"), 20, "guests") == len(guests) - len(templates)

    here = socket.gethostname().split(".")[0]
    assert stack.value(f'count(node_cpu_seconds_total{{node="{here}",mode="idle"}})') == os.cpu_count()
    assert {series["metric"]["node"] for series in stack.query('node_uname_info{cluster="lab"}')} == {"pve1", "pve2", "pve3", "pve4"}

    assert stack.alerts("firing", "HostDown") == []
    stack.scenario("node-down")
    alert = wait_for(lambda: stack.alerts("firing", "HostDown"), 60, "HostDown delivered")[0]
    assert (alert["labels"]["cluster"], alert["labels"]["node"], alert["labels"]["severity"]) == ("lab", "pve4", "critical")
    assert "runbook.md#hostdown" in alert["annotations"]["runbook_url"]
    # The dead node costs its own values only.
    assert wait_for(lambda: stack.value("count(pve_node_load1)") == 3, 30, "three nodes with values")
    assert stack.value("count(pve_node_up)") == 4
    stack.scenario("normal")
    wait_for(lambda: stack.alerts("resolved", "HostDown"), 60, "HostDown resolved")
    wait_for(lambda: "RESOLVED HostDown" in receiver.output, 5, f"the receiver prints it; it printed {receiver.output}")

    children = stack.process_ids()
    assert len(children) >= 5
    assert stack.program.stop() == 0
    assert [name for name, process in children.items() if is_alive(process)] == []


@pytest.mark.e2e
def test_cpu_saturation_is_delivered(start: Start, tmp_path: Path) -> None:
    rules = quick_rules(tmp_path)
    for path in rules.glob("*.yml"):
        # The average over five minutes would need five minutes of load.
        path.write_text(path.read_text().replace("[5m]", "[20s]"))
    webhook = free_port()
    stack = Stack(
        start, tmp_path, "--prometheus.scrape-interval", "1s", "--prometheus.rules-dir", rules,
        "--alertmanager.config-file", quick_alertmanager(tmp_path, f"http://127.0.0.1:{webhook}"))
    start("simulate", "webhook", "--listen", f"127.0.0.1:{webhook}")
    stack.ports["webhook"] = webhook
    stack.wait_until_ready()
    # The first node's guests have thresholds of their own.
    stack.scenario("cpu-saturation", node="pve3")

    def of_both_types() -> list[Any]:
        told = stack.alerts("firing", "GuestCpuSaturation")
        return told if {alert["labels"]["type"] for alert in told} == {"qemu", "lxc"} else []

    # Machines and containers need not be told of at the same time.
    alerts = wait_for(of_both_types, 90, "GuestCpuSaturation of both types delivered")
    assert all(alert["labels"]["vm_id"] and alert["labels"]["vm_name"] for alert in alerts)


def test_killed_prometheus_comes_back(start: Start, tmp_path: Path) -> None:
    stack = Stack(start, tmp_path, "--prometheus.scrape-interval", "1s")
    stack.wait_until_ready()
    before = stack.process_ids()["prometheus"]
    os.kill(before, signal.SIGKILL)
    wait_for(lambda: stack.process_ids().get("prometheus") not in (None, before), 20, "a new Prometheus")
    wait_for(lambda: stack.value("sum(up)") and stack.query("up != 1") == [], 40, "all targets up again")
    assert stack.program.is_running


def test_killed_martlet_leaves_nothing_and_starts_again(start: Start, tmp_path: Path) -> None:
    stack = Stack(start, tmp_path, "--prometheus.scrape-interval", "1s")
    stack.wait_until_ready()
    children = stack.process_ids()
    seen = wait_for(lambda: stack.value("count_over_time(pve_node_up{node='pve1'}[1m])"), 20, "samples")
    stack.program.process.kill()
    stack.program.process.wait()
    wait_for(lambda: not [name for name, process in children.items() if is_alive(process)], 5, "children end with it")
    stack.begin()
    stack.wait_until_ready()
    # The samples of the time before are still there.
    assert (stack.value("count_over_time(pve_node_up{node='pve1'}[5m])") or 0) >= seen
    assert stack.program.stop() == 0


def test_second_stack_on_the_same_state(start: Start, tmp_path: Path) -> None:
    stack = Stack(start, tmp_path)
    stack.wait_until_ready()
    result = run("up", "--simulate", "--state-dir", tmp_path / "state", cwd=tmp_path)
    assert result.returncode == 1
    line = result.stderr.splitlines()[-1]
    assert "state" in line and str(stack.program.process.pid) in line, result.stderr


@pytest.mark.parametrize("held", ["web", "prometheus", "alertmanager", "node-exporter", "webhook"])
def test_busy_port_is_named_before_anything_starts(tmp_path: Path, held: str) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        ports = {name: free_port() for name in ["web", "prometheus", "alertmanager", "node-exporter", "webhook"]} | {held: port}
        arguments = [word for name, number in ports.items() for word in (f"--{name}.listen-address", f"127.0.0.1:{number}")]
        result = run(
            "up", "--simulate", "--state-dir", tmp_path / "state", "--simulate.proxmox-address", f"127.0.0.1:{free_port()}",
            "--simulate.hosts-address", f"127.0.0.2:{free_port('127.0.0.2')}", "--simulate.scenario-address", f"127.0.0.1:{free_port()}",
            *arguments, cwd=tmp_path)
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    assert f"port {port}" in last and f"--{held}.listen-address" in last, result.stderr
    assert not list((tmp_path / "state").glob("run/*.pid")) and not list((tmp_path / "state").glob("log/*"))


def test_missing_program_is_named_with_its_package(tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ["prometheus-alertmanager", "prometheus-node-exporter"]:
        (folder / name).symlink_to(f"/usr/bin/{name}")
    result = run("up", "--simulate", "--state-dir", tmp_path / "state", cwd=tmp_path, env={"PATH": str(folder)})
    last = result.stderr.splitlines()[-1]
    assert result.returncode == 1 and "prometheus" in last and "apt-get install" in last, result.stderr
    assert not list((tmp_path / "state").glob("log/*"))


def test_broken_rules_are_refused_in_the_checkers_words(tmp_path: Path) -> None:
    rules = quick_rules(tmp_path)
    (rules / "own.yml").write_text("groups:\n- name: x\n  rules:\n  - alert: A\n    expr: up ==\n")
    result = run("up", "--simulate", "--state-dir", tmp_path / "state", "--prometheus.rules-dir", rules, cwd=tmp_path)
    last = result.stderr.splitlines()[-1]
    assert result.returncode == 1 and "own.yml" in last, result.stderr


def test_shipped_and_generated_configuration_differ_in_addresses_only(start: Start, tmp_path: Path) -> None:
    stack = Stack(start, tmp_path)
    wait_for(lambda: (tmp_path / "state/prometheus/prometheus.yml").exists(), 20, "generated")
    shipped = (REPOSITORY / "prometheus/prometheus.yml").read_text()
    for name, port in {"web": 9221, "discovery": 8000, "prometheus": 9090, "alertmanager": 9093}.items():
        shipped = shipped.replace(f"127.0.0.1:{port}", f"127.0.0.1:{stack.ports[name]}")
    assert (tmp_path / "state/prometheus/prometheus.yml").read_text() == shipped
    for rules in (REPOSITORY / "prometheus/rules").glob("*.yml"):
        # Links lead to the dashboards of this stack.
        wanted = rules.read_text().replace("http://127.0.0.1:3000", stack.url("dashboards"))
        assert (tmp_path / "state/prometheus/rules" / rules.name).read_text() == wanted


@pytest.mark.e2e
def test_shipped_files_deliver_within_four_minutes(start: Start, tmp_path: Path) -> None:
    stack = Stack(start, tmp_path)
    stack.wait_until_ready()
    # A minute of peace first: nothing may fire but what is wrong with the estate from the beginning (Sources/Simulation/README.md).
    time.sleep(60)
    told = {alert["labels"]["alertname"] for alert in fetch(f"{stack.url('webhook')}/api/v1/notifications").json["alerts"]}
    assert told <= {"BackupJobFailed", "ClusterHaResourceFailed", "GuestBackupFailed", "HostDiskSmartFailing", "ZfsPoolDegraded", "ZfsPoolErrors"}
    began = time.monotonic()
    stack.scenario("node-down")
    wait_for(lambda: stack.alerts("firing", "HostDown"), 240, "HostDown within four minutes")
    delivered = time.monotonic() - began
    began = time.monotonic()
    stack.scenario("normal")
    wait_for(lambda: stack.alerts("resolved", "HostDown"), 240, "resolved within four minutes")
    print(f"\nHostDown delivered after {delivered:.0f} s, its end {time.monotonic() - began:.0f} s after recovery")
    assert stack.program.stop() == 0


def test_signal_that_comes_twice_still_stops_in_order(start: Start, tmp_path: Path) -> None:
    stack = Stack(start, tmp_path)
    stack.wait_until_ready()
    children = stack.process_ids()
    stack.program.process.send_signal(signal.SIGTERM)
    stack.program.process.send_signal(signal.SIGTERM)
    assert stack.program.process.wait(20) == 0
    assert [name for name, process in children.items() if is_alive(process)] == []

"""`martlet up --simulate` finds nodes and guests by its own discovery, and scrapes them under the standard labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import Start, fetch, wait_for
from stack import Stack


def findable(stack: Stack, guest: dict[str, Any]) -> bool:
    """Whether anybody outside can know where the guest is: it runs, and its agent, its container or its configuration tells."""
    if guest["template"] or guest["status"] != "running" or not guest["exporter"]:
        return False
    if guest["kind"] == "lxc" or guest["agent"]:
        return True
    configuration = stack.api(f"/nodes/{guest['node']}/qemu/{guest['vmid']}/config")
    return "ip=" in configuration.get("ipconfig0", "")


def test_what_answers_is_what_the_world_has(start: Start, tmp_path: Path) -> None:
    stack = Stack(start, tmp_path, "--prometheus.scrape-interval", "2s")
    stack.wait_until_ready()
    guests = fetch(f"http://127.0.0.1:{stack.ports['scenario']}/api/v1/guests").json["guests"]
    found = {str(guest["vmid"]): guest for guest in guests if findable(stack, guest)}
    windows = {number for number, guest in found.items() if guest["ostype"].startswith("w")}
    expected = {
        "prometheus": 1, "alertmanager": 1, "martlet": 3, "node": 5, "windows-vms": len(windows), "linux-vms": len(found) - len(windows)}
    assert expected["windows-vms"] > 3 and expected["linux-vms"] > 50, "a world worth looking at"

    def counts() -> dict[str, int]:
        return {row["metric"]["job"]: int(row["value"][1]) for row in stack.query("count by (job) (up == 1)")}

    wait_for(lambda: counts() == expected, 30, f"the jobs as the world has them, {expected}; they are {counts()}")
    assert stack.query("up == 0") == []

    rows = {row["metric"]["vm_id"]: row["metric"] for row in stack.query('up{job=~"windows-vms|linux-vms"}')}
    assert set(rows) == set(found)
    for number, labels in rows.items():
        guest = found[number]
        assert labels["job"] == ("windows-vms" if number in windows else "linux-vms")
        assert (labels["cluster"], labels["node"], labels["vm_name"]) == ("lab", guest["node"], guest["name"])
        assert labels.get("tags", "") == (guest["tags"] or "").replace(";", ",")
        assert {"vcpus", "memory_gb", "disk_type"} <= set(labels)
    assert {row["metric"]["node"] for row in stack.query('up{job="node",cluster="lab"}')} == {"pve1", "pve2", "pve3", "pve4"}

    # What a guest tells of itself and what its node tells of it are one machine: the labels join.
    joined = stack.query(
        'count(count by (cluster, vm_id) (windows_cpu_time_total) and on (cluster, vm_id)'
        ' label_replace(pve_vm_cpu_usage, "vm_id", "$1", "vmid", "(.*)"))')
    assert int(joined[0]["value"][1]) == len(windows)


@pytest.mark.e2e
def test_a_guest_that_stops_is_no_target_any_more(start: Start, tmp_path: Path) -> None:
    stack = Stack(start, tmp_path, "--prometheus.scrape-interval", "2s", "--simulate.guests", "24")
    stack.wait_until_ready()
    url = f"http://127.0.0.1:{stack.ports['scenario']}/api/v1/guests"
    number = next(row["metric"]["vm_id"] for row in stack.query('up{job="linux-vms"} == 1'))
    assert fetch(f"{url}/{number}", "PUT", body=b'{"status": "stopped"}').status == 200
    # The simulation is looked at every 10 s, discovery asked every 30, and Prometheus hands changes on every 5.
    wait_for(lambda: not stack.query(f'up{{vm_id="{number}"}}'), 60, "the stopped guest to go")
    assert stack.query("up == 0") == []

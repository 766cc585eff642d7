"""Guests of the simulated world that change, and the exporters inside them."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import Start, fetch, free_port, run, wait_for
from prometheus_client.parser import text_string_to_metric_families
from test_simulators import real_exporter, shapes  # noqa: F401

TOKEN = {"Authorization": "PVEAPIToken=monitor@pve!martlet=SECRET"}
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]

# What windows_exporter 0.31 has of these collectors, by type and labels.
WINDOWS_CORE = {
    "counter": """windows_cpu_clock_interrupts_total windows_cpu_dpcs_total windows_cpu_idle_break_events_total windows_cpu_interrupts_total
        windows_cpu_processor_mperf_total windows_cpu_processor_performance_total windows_cpu_processor_privileged_utility_total
        windows_cpu_processor_rtc_total windows_cpu_processor_utility_total""",
    "gauge": "windows_cpu_core_frequency_mhz windows_cpu_parking_status",
}
WINDOWS_DISK = {
    "counter": """idle_seconds_total read_bytes_total read_latency_seconds_total read_seconds_total read_write_latency_seconds_total reads_total
        split_ios_total write_bytes_total write_latency_seconds_total write_seconds_total writes_total""",
    "gauge": "requests_queued",
}
WINDOWS_MEMORY = {
    "counter": """cache_faults_total demand_zero_faults_total page_faults_total pool_paged_allocs_total swap_page_operations_total
        swap_page_reads_total swap_page_writes_total swap_pages_read_total swap_pages_written_total transition_faults_total
        transition_pages_repurposed_total write_copies_total""",
    "gauge": """available_bytes cache_bytes cache_bytes_peak commit_limit committed_bytes free_and_zero_page_list_bytes
        free_system_page_table_entries modified_page_list_bytes physical_free_bytes physical_total_bytes pool_nonpaged_allocs_total
        pool_nonpaged_bytes pool_paged_bytes pool_paged_resident_bytes process_memory_limit_bytes standby_cache_core_bytes
        standby_cache_normal_priority_bytes standby_cache_reserve_bytes system_cache_resident_bytes system_code_resident_bytes
        system_code_total_bytes system_driver_resident_bytes system_driver_total_bytes""",
}
WINDOWS_NET = {
    "counter": """bytes_received_total bytes_sent_total bytes_total packets_outbound_discarded_total packets_outbound_errors_total
        packets_received_discarded_total packets_received_errors_total packets_received_total packets_received_unknown_total packets_sent_total
        packets_total""",
    "gauge": "current_bandwidth_bytes output_queue_length_packets",
}
WINDOWS_PROCESS = {
    "counter": "page_faults_total",
    "gauge": """handles page_file_bytes priority_base private_bytes start_time_seconds_timestamp threads virtual_bytes working_set_bytes
        working_set_peak_bytes working_set_private_bytes""",
}
WINDOWS_SYSTEM = {
    "counter": "context_switches_total exception_dispatches_total system_calls_total",
    "gauge": "boot_time_timestamp processes processes_limit processor_queue_length threads",
}
WINDOWS_TIME = {
    "counter": "ntp_server_incoming_requests_total ntp_server_outgoing_responses_total",
    "gauge": "computed_time_offset_seconds current_timestamp_seconds ntp_client_time_sources ntp_round_trip_delay_seconds",
}


def windows_names() -> dict[str, tuple[str, frozenset[str]]]:
    names: dict[str, tuple[str, frozenset[str]]] = {}

    def add(prefix: str, table: dict[str, str], *labels: str) -> None:
        for kind, words in table.items():
            names.update({prefix + word: (kind, frozenset(labels)) for word in words.split()})

    add("", WINDOWS_CORE, "core")
    add("windows_logical_disk_", WINDOWS_DISK, "volume")
    add("windows_logical_disk_", {"gauge": "avg_read_requests_queued avg_write_requests_queued free_bytes size_bytes"}, "volume")
    add("windows_physical_disk_", WINDOWS_DISK, "disk")
    add("windows_memory_", WINDOWS_MEMORY)
    add("windows_net_", WINDOWS_NET, "nic")
    add("windows_process_", WINDOWS_PROCESS, "process", "process_id")
    add("windows_system_", WINDOWS_SYSTEM)
    add("windows_time_", WINDOWS_TIME)
    add("windows_pagefile_", {"gauge": "free_bytes limit_bytes"}, "file")
    add("windows_exporter_collector_", {"gauge": "duration_seconds success timeout"}, "collector")
    add("windows_", {"gauge": "cpu_logical_processor exporter_scrape_duration_seconds"})
    add("windows_cpu_", {"counter": "time_total"}, "core", "mode")
    add("windows_cpu_", {"counter": "cstate_seconds_total"}, "core", "state")
    add("windows_logical_disk_", {"gauge": "info"}, "disk", "type", "volume", "volume_name", "filesystem", "serial_number")
    add("windows_net_", {"gauge": "nic_address_info"}, "nic", "address", "family")
    add("windows_net_", {"gauge": "nic_info"}, "nic", "friendly_name", "mac")
    add("windows_net_", {"gauge": "nic_operation_status"}, "nic", "status")
    add("windows_os_", {"gauge": "hostname"}, "hostname", "domain", "fqdn")
    add("windows_os_", {"gauge": "info"}, "product", "version", "major_version", "minor_version", "build_number", "revision", "installation_type")
    add("windows_process_", {"counter": "cpu_time_total io_bytes_total io_operations_total"}, "process", "process_id", "mode")
    add("windows_process_", {"gauge": "pool_bytes"}, "process", "process_id", "pool")
    add("windows_process_", {"gauge": "info"}, "process", "process_id", "creating_process_id", "process_group_id", "owner", "cmdline")
    add("windows_service_", {"gauge": "info"}, "name", "display_name", "run_as", "path_name")
    add("windows_service_", {"gauge": "process"}, "name", "process_id")
    add("windows_service_", {"gauge": "start_mode"}, "name", "start_mode")
    add("windows_service_", {"gauge": "state"}, "name", "state")
    add("windows_time_", {"gauge": "timezone"}, "timezone")
    add("windows_exporter_", {"gauge": "build_info"}, "branch", "goarch", "goos", "goversion", "revision", "tags", "version")
    return names


class Estate:
    """Two processes of one world: the API, and the exporters of hosts and guests."""

    def __init__(self, start: Start, folder: Path, guests: int = 60, nodes: int = 4) -> None:
        self.api, self.control = free_port(), free_port()
        self.port, self.windows_port = free_port("127.0.0.2"), free_port("127.0.0.2")
        world = ["--world", str(folder / "world"), "--guests", str(guests), "--nodes", str(nodes), "--guests-first-address", "127.18.0.1"]
        start("simulate", "proxmox", "--listen", f"127.0.0.1:{self.api}", "--plain-http", "--latency", "0s", *world)
        wait_for(lambda: fetch(f"http://127.0.0.1:{self.api}/health").status == 200, 10, "API")
        self.hosts = start(
            "simulate", "hosts", "--listen", f"127.0.0.1:{self.control}", "--port", str(self.port), "--windows-port", str(self.windows_port), *world)
        wait_for(lambda: fetch(f"http://127.0.0.1:{self.control}/health").status == 200, 10, "hosts")

    def guests(self) -> dict[int, dict[str, Any]]:
        return {guest["vmid"]: guest for guest in fetch(f"http://127.0.0.1:{self.control}/api/v1/guests").json["guests"]}

    def one(self, kind: str, ostype: str = "", **wanted: Any) -> dict[str, Any]:
        return next(
            guest for guest in self.guests().values()
            if guest["kind"] == kind and guest["ostype"].startswith(ostype) and guest["exporter"] and all(guest[key] == value for key, value in wanted.items()))

    def change(self, guest: dict[str, Any], **order: Any) -> dict[str, Any]:
        answer = fetch(f"http://127.0.0.1:{self.api}/api/v1/guests/{guest['vmid']}", "PUT", json.dumps(order).encode())
        assert answer.status == 200, answer.text
        changed: dict[str, Any] = answer.json
        return changed

    def data(self, path: str) -> Any:
        answer = fetch(f"http://127.0.0.1:{self.api}/api2/json{path}", headers=TOKEN)
        assert answer.status == 200, answer.text
        return answer.json["data"]

    def current(self, guest: dict[str, Any]) -> Any:
        return self.data(f"/nodes/{guest['node']}/{guest['kind']}/{guest['vmid']}/status/current")

    def text(self, guest: dict[str, Any]) -> str:
        port = self.windows_port if guest["ostype"].startswith("win") else self.port
        answer = fetch(f"http://{guest['address']}:{port}/metrics", timeout=10)
        assert answer.status == 200
        return answer.text

    def samples(self, guest: dict[str, Any]) -> Samples:
        return samples_of(self.text(guest))

    def is_silent(self, guest: dict[str, Any]) -> bool:
        try:
            self.text(guest)
        except (OSError, http.client.HTTPException):
            return True
        return False


@pytest.fixture
def estate(start: Start, tmp_path: Path) -> Estate:
    return Estate(start, tmp_path)


def samples_of(text: str) -> Samples:
    return {(sample.name, frozenset(sample.labels.items())): sample.value for family in text_string_to_metric_families(text) for sample in family.samples}


def total(samples: Samples, name: str, **labels: str) -> float:
    found = [value for (sample, own), value in samples.items() if sample == name and labels.items() <= dict(own).items()]
    assert found, (name, labels)
    return sum(found)


def complaints(text: str) -> list[str]:
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert checked.returncode in (0, 3), checked
    return [line for line in (checked.stdout + checked.stderr).splitlines() if line]


def test_windows_exporters_write_as_0_31_does(estate: Estate) -> None:
    text = estate.text(estate.one("qemu", "win"))
    known = windows_names()
    found = {name: shape for name, shape in shapes(text).items() if name.startswith("windows_")}
    assert found == known
    # The real one has this name and type too.
    assert complaints(text) == ['windows_memory_pool_nonpaged_allocs_total non-counter metrics should not have "_total" suffix']
    assert {"go_info", "go_goroutines", "process_start_time_seconds"} <= set(shapes(text))


def test_node_exporters_of_guests_write_as_debians_does(estate: Estate, real_exporter: str) -> None:  # noqa: F811
    real = shapes(fetch(real_exporter).text)
    for kind in ("qemu", "lxc"):
        text = estate.text(estate.one(kind, "l26" if kind == "qemu" else ""))
        simulated = shapes(text)
        lacking = {name for name in simulated if name not in real}
        assert {name for name in lacking if not name.startswith(("node_disk", "node_timex", "node_pressure"))} == set(), kind
        assert {name: simulated[name] for name in set(simulated) - lacking} == {name: real[name] for name in set(simulated) - lacking}
        assert all(re.match(r"node_(memory|vmstat|filesystem|netstat)_\w+ metric names should be written in 'snake_case'", line) for line in complaints(text)), text


@pytest.mark.parametrize("kind", ["win", "l26", "lxc"])
def test_a_guest_and_its_hypervisor_tell_one_story(estate: Estate, kind: str) -> None:
    guest = estate.one("lxc") if kind == "lxc" else estate.one("qemu", kind)
    is_windows = kind == "win"

    def idle(samples: Samples) -> float:
        if is_windows:
            return total(samples, "windows_cpu_time_total", mode="idle")
        return total(samples, "node_cpu_seconds_total", mode="idle") + total(samples, "node_cpu_seconds_total", mode="iowait")

    first, began = estate.samples(guest), time.time()
    time.sleep(3)
    second, ended, listed = estate.samples(guest), time.time(), estate.current(guest)
    cpus = listed["cpus"]
    assert cpus == (total(second, "windows_cpu_logical_processor") if is_windows else len({dict(own)["cpu"] for name, own in second if name == "node_cpu_seconds_total"}))
    assert 1 - (idle(second) - idle(first)) / (ended - began) / cpus == pytest.approx(listed["cpu"], abs=0.03)
    if is_windows:
        boot, now = total(second, "windows_system_boot_time_timestamp"), total(second, "windows_time_current_timestamp_seconds")
        size, available = total(second, "windows_memory_physical_total_bytes"), total(second, "windows_memory_available_bytes")
        read, written = total(second, "windows_physical_disk_read_bytes_total"), total(second, "windows_physical_disk_write_bytes_total")
        received = total(second, "windows_net_bytes_received_total")
        assert total(second, "windows_os_hostname", hostname=guest["name"]) == 1
        volumes = {dict(own)["volume"]: value for (name, own), value in second.items() if name == "windows_logical_disk_size_bytes"}
    else:
        boot, now = total(second, "node_boot_time_seconds"), total(second, "node_time_seconds")
        size, available = total(second, "node_memory_MemTotal_bytes"), total(second, "node_memory_MemAvailable_bytes")
        read, written = total(second, "node_disk_read_bytes_total"), total(second, "node_disk_written_bytes_total")
        cards = ("ens18", "ens19", "eth0")  # of the two of them a bridge has one, and its traffic
        received = sum(value for (name, own), value in second.items() if name == "node_network_receive_bytes_total" and dict(own)["device"] in cards)
        assert total(second, "node_uname_info", nodename=guest["name"]) == 1
        volumes = {dict(own)["mountpoint"]: value for (name, own), value in second.items() if name == "node_filesystem_size_bytes"}
    assert now - boot == pytest.approx(listed["uptime"], abs=3)
    assert 0.9 < size / listed["maxmem"] <= 1
    assert size - available == pytest.approx(listed["mem"], rel=0.02)
    assert read == pytest.approx(listed["diskread"], rel=0.01)
    assert written == pytest.approx(listed["diskwrite"], rel=0.01)
    assert received == pytest.approx(listed["netin"], rel=0.01)
    if kind == "lxc":
        assert volumes == {"/": listed["maxdisk"]}
    else:
        agent = next(other for other in estate.guests().values() if other["agent"] and other["exporter"] and other["ostype"].startswith(kind))
        found = estate.data(f"/nodes/{agent['node']}/qemu/{agent['vmid']}/agent/get-fsinfo")["result"]
        assert {"win": {"C:", "D:"}, "l26": {"/", "/boot", "/srv"}}[kind] <= set(volumes)
        told = {row["mountpoint"].removesuffix("\\"): row["total-bytes"] for row in found if row["type"] != "squashfs"}
        own = estate.samples(agent)
        for mountpoint, size in told.items():
            if is_windows and mountpoint != "System Reserved":
                assert total(own, "windows_logical_disk_size_bytes", volume=mountpoint) == pytest.approx(size, abs=1 << 20)
            elif not is_windows:
                assert total(own, "node_filesystem_size_bytes", mountpoint=mountpoint) == size


def test_counters_never_go_back_but_at_a_restart(estate: Estate) -> None:
    guests = {kind: estate.one("lxc") if kind == "lxc" else estate.one("qemu", kind) for kind in ("win", "l26", "lxc")}
    texts = {kind: estate.text(guest) for kind, guest in guests.items()}
    last = {kind: samples_of(text) for kind, text in texts.items()}
    counters = {
        kind: {sample.name for family in text_string_to_metric_families(text) if family.type == "counter" for sample in family.samples} for kind, text in texts.items()
    }
    nodes: Samples = {}

    def look() -> None:
        for kind, guest in guests.items():
            now = estate.samples(guest)
            assert set(now) == set(last[kind])
            back = [(key, last[kind][key], value) for key, value in now.items() if key[0] in counters[kind] and value < last[kind][key]]
            assert back == []
            last[kind] = now
        for number in range(4):
            text = fetch(f"http://127.0.0.{2 + number}:{estate.port}/metrics").text
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    # A guest's card on its host goes with the guest.
                    if family.type != "counter" or sample.labels.get("device", "").startswith(("tap", "veth")):
                        continue
                    key = (sample.name, frozenset({**sample.labels, "node": str(number)}.items()))
                    assert sample.value >= nodes.get(key, 0), key
                    nodes[key] = sample.value

    for step in range(12):
        look()
        if step == 4:
            fetch(f"http://127.0.0.1:{estate.control}/api/v1/scenario", "PUT", b"cpu-saturation")
        if step == 6:
            # A system inside does not notice that it is moved.
            for guest in guests.values():
                estate.change(guest, node="pve1" if guest["node"] != "pve1" else "pve2")
        if step == 8:
            fetch(f"http://127.0.0.1:{estate.control}/api/v1/scenario", "PUT", b"normal")
        time.sleep(0.25)
    for kind, guest in guests.items():
        estate.change(guest, status="stopped")
        estate.change(guest, status="running")
    look_again = {kind: wait_for(lambda guest=guest: estate.samples(guest), 10, "exporter after a start") for kind, guest in guests.items()}  # type: ignore[misc]
    name = {"win": "windows_cpu_time_total", "l26": "node_cpu_seconds_total", "lxc": "node_cpu_seconds_total"}
    for kind, samples in look_again.items():
        assert total(samples, name[kind], mode="idle") < total(last[kind], name[kind], mode="idle")


def test_exporters_follow_their_guests(estate: Estate) -> None:
    for guest in (estate.one("qemu", "win"), estate.one("qemu", "l26"), estate.one("lxc")):
        assert estate.change(guest, status="stopped")["exporter"] is None
        assert estate.is_silent(guest)
        row = next(row for row in estate.data("/cluster/resources?type=vm") if row["vmid"] == guest["vmid"])
        assert (row["status"], row["uptime"], row["netin"]) == ("stopped", 0, 0)
        estate.change(guest, status="running")
        assert wait_for(lambda guest=guest: not estate.is_silent(guest), 10, "exporter after a start")  # type: ignore[misc]
        estate.change(guest, exporter=False)
        assert estate.is_silent(guest) and estate.current(guest)["status"] == "running"
        estate.change(guest, exporter=True)
        assert not estate.is_silent(guest)
        gone = fetch(f"http://127.0.0.1:{estate.control}/api/v1/guests/{guest['vmid']}", "DELETE")
        assert gone.status == 200 and estate.is_silent(guest)
        assert all(row["vmid"] != guest["vmid"] for row in estate.data("/cluster/resources?type=vm"))
    assert estate.guests().keys() == {row["vmid"] for row in estate.data("/cluster/resources?type=vm")}


def test_each_exporter_is_its_guests_own_whatever_a_client_calls_it(estate: Estate) -> None:
    one, other = estate.one("qemu", "l26"), estate.one("lxc")
    for guest in (one, other):
        connection = http.client.HTTPConnection(guest["address"], estate.port, timeout=10)
        connection.request("GET", "/metrics", headers={"Host": f"{(other if guest is one else one)['address']}:{estate.port}"})
        assert total(samples_of(connection.getresponse().read().decode()), "node_uname_info", nodename=guest["name"]) == 1
    with pytest.raises(OSError):
        fetch(f"http://{one['address']}:{estate.windows_port}/metrics", timeout=5)


def test_addresses_are_told_as_proxmox_tells_them(estate: Estate) -> None:
    ways: Counter[str] = Counter()
    for guest in estate.guests().values():
        if guest["template"]:
            continue
        path = f"/nodes/{guest['node']}/{guest['kind']}/{guest['vmid']}"
        configuration = estate.data(f"{path}/config")
        mac = re.search(r"(?:virtio|hwaddr)=([0-9A-F:]{17})", configuration["net0"])
        assert mac
        if guest["kind"] == "lxc":
            ways["static" if f"ip={guest['address']}/16" in configuration["net0"] else "dhcp"] += 1
            rows = estate.data(f"{path}/interfaces") or []
        else:
            cloud = configuration.get("ipconfig0", "")
            assert cloud == "" or cloud.startswith(f"ip={guest['address']}/16,gw=127.18.")
            ways["cloud-init"] += bool(cloud)
            rows = estate.data(f"{path}/agent/network-get-interfaces")["result"] if guest["agent"] else []
        if rows:
            cards = [row for row in rows if any(entry["ip-address"] == guest["address"] for entry in row["ip-addresses"])]
            assert len(cards) == 1 and cards[0]["hardware-address"] == mac[1].lower()
            ways[cards[0]["name"]] += 1
            ways["more"] += any(row["name"].startswith(("docker", "br-", "wg", "tailscale")) for row in rows)
    assert ways["br0"] == 1 and all(ways[way] for way in ("static", "dhcp", "cloud-init", "eth0", "ens18", "Ethernet", "more")), ways


def test_as_many_guests_as_there_may_be_take_few_threads(start: Start, tmp_path: Path) -> None:
    estate = Estate(start, tmp_path, guests=1000, nodes=1)
    live = [guest for guest in estate.guests().values() if guest["exporter"]]
    connections = [http.client.HTTPConnection(guest["address"], guest["exporter"] if guest["ostype"].startswith("win") else estate.port, timeout=10) for guest in live]
    # The API does not know on which ports the exporters listen; the hosts do.
    assert {guest["exporter"] for guest in live} == {estate.port, estate.windows_port} and len(live) > 800
    for connection in connections[:400]:
        connection.request("GET", "/metrics")
        answer = connection.getresponse()
        assert answer.status == 200 and answer.read()
    status = Path(f"/proc/{estate.hosts.process.pid}/status").read_text()
    assert int(re.search(r"Threads:\s+(\d+)", status)[1]) < 24  # type: ignore[index]
    for connection in connections:
        connection.close()


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        (("--guests", "2001", "--guests-first-address", "127.18.0.1"), "--guests-first-address: exporters are simulated for up to 2000 guests, not 2001"),
        (("--guests-first-address", "localhost"), '--guests-first-address "localhost" is not an IPv4 address'),
        (("--guests-first-address", "255.255.255.200"), "--guests-first-address 255.255.255.200: there are no 100 addresses from there on"),
        (("--windows-port", "70000"), "--windows-port: expected a whole number from 0 to 65535"),
    ],
)
def test_what_cannot_be_simulated_is_refused(flags: tuple[str, ...], reason: str) -> None:
    ended = run("simulate", "hosts", "--listen", "127.0.0.1:0", "--port", "0", *flags)
    assert ended.returncode == 2 and reason in ended.stderr, ended


def test_a_busy_address_of_a_guest_is_told(start: Start, tmp_path: Path) -> None:
    estate = Estate(start, tmp_path, guests=5)
    ended = run(
        "simulate", "hosts", "--listen", "127.0.0.1:0", "--first-address", "127.0.3.1", "--port", str(estate.port), "--guests", "5",
        "--guests-first-address", "127.18.0.1")
    assert ended.returncode != 0 and f"port {estate.port} on 127.18.0." in ended.stderr and "--guests-first-address" in ended.stderr, ended

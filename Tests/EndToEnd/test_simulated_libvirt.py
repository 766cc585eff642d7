"""`martlet simulate libvirt`: a libvirtd that is none, asked by programs that we did not write: virsh, Debian's exporter and libvirt's own binding for Python."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import socket
import struct
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Start, fetch, free_port, run, wait_for
from libvirt_recording import RECORDING, kinds, names, record, values

pytestmark = pytest.mark.skipif(shutil.which("virsh") is None, reason="virsh is missing; scripts/bootstrap e2e installs libvirt-clients")


class Host:
    def __init__(self, start: Start, folder: Path, *flags: str) -> None:
        self.socket = folder / "libvirt-sock"
        self.uri = f"qemu+unix:///system?socket={self.socket}"
        self.url = f"http://127.0.0.1:{free_port()}"
        self.program = start("simulate", "libvirt", "--socket", str(self.socket), "--listen", self.url.removeprefix("http://"), *flags)
        self.program.wait_until(self.url + "/ready")

    def virsh(self, *words: str, timeout: float = 20) -> str:
        done = self.try_virsh(*words, timeout=timeout)
        assert done.returncode == 0, f"virsh {words}: {done.stderr}"
        return done.stdout

    def try_virsh(self, *words: str, timeout: float = 20) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["virsh", "-q", "-c", self.uri, *words], capture_output=True, text=True, timeout=timeout)

    def complaint(self, *words: str, timeout: float = 20) -> str:
        done = self.try_virsh(*words, timeout=timeout)
        assert done.returncode != 0, done.stdout
        return done.stderr.strip().removeprefix("error: ")

    def table(self, *words: str) -> list[list[str]]:
        return [re.split(r"\s{2,}", line.strip()) for line in self.virsh(*words).splitlines() if line.strip()]

    def play(self, scenario: str) -> None:
        assert fetch(self.url + "/api/v1/scenario", method="PUT", body=scenario.encode()).status == 200

    def domains(self) -> dict[str, Any]:
        return {domain["name"]: domain for domain in fetch(self.url + "/api/v1/domains").json["domains"]}

    def statistics(self, *words: str) -> dict[str, str]:
        return dict(line.split("=", 1) for line in values(self.virsh("domstats", *words)))


@pytest.fixture
def host(start: Start, tmp_path: Path) -> Iterator[Host]:
    yield Host(start, tmp_path)


def test_virsh_sees_the_host_and_its_domains(host: Host) -> None:
    truth = host.domains()
    listed = {name: (number, state) for number, name, state in host.table("list", "--all")}
    states = {1: "running", 3: "paused", 5: "shut off"}
    assert listed == {name: (str(domain["id"]) if domain["id"] > 0 else "-", states[domain["state"]]) for name, domain in truth.items()}
    assert len(listed) == 8 and {state for _, state in listed.values()} == set(states.values())
    assert host.virsh("hostname").strip() == "kvm01"
    assert "CPU(s):              32" in host.virsh("nodeinfo")
    assert set(line.split(":")[0].strip() for line in host.virsh("nodememstats").splitlines()) == {"total", "free", "buffers", "cached"}
    assert "QEMU 7.2" in host.virsh("version") and "9.0.0" in host.virsh("version")
    assert xml.fromstring(host.virsh("capabilities")).findtext("host/cpu/arch") == "x86_64"
    about = dict(line.split(":", 1) for line in host.virsh("dominfo", "db-1").splitlines() if ":" in line)
    assert about["UUID"].strip() == truth["db-1"]["uuid"] and about["Autostart"].strip() == "enable"
    assert host.virsh("domstate", "git-1", "--reason").strip() == "paused (user)"
    assert host.virsh("domstate", "erp-1", "--reason").strip() == "shut off (shutdown)"
    assert [name for _, name, _ in host.table("list", "--all", "--transient")] == ["proxy-1"]
    assert host.virsh("-r", "list", "--name").split() == [name for name, domain in truth.items() if domain["id"] > 0]


def test_virsh_sees_disks_cards_snapshots_pools_and_networks(host: Host) -> None:
    assert host.table("domblklist", "db-1", "--details") == [["file", "disk", "vda", "/var/lib/libvirt/images/db-1.qcow2"], ["block", "disk", "vdb", "/dev/vg0/db-1-data"]]
    assert host.table("domblklist", "web-1")[1] == ["sda", "-"]
    assert host.virsh("domblkerror", "db-1").strip() == "No errors found"
    assert len(host.table("domiflist", "db-1")) == 2 and "rx_bytes" in host.virsh("domifstat", "db-1", "vnet1")
    described = xml.fromstring(host.virsh("dumpxml", "web-1"))
    assert described.find("devices/disk/backingStore/source") is not None
    assert "id" not in xml.fromstring(host.virsh("dumpxml", "erp-1")).attrib
    assert [row[0] for row in host.table("snapshot-list", "mail-1")] == ["after-upgrade", "before-upgrade"]
    assert host.virsh("snapshot-current", "mail-1", "--name").strip() == "after-upgrade"
    assert host.table("snapshot-list", "db-1") == []
    pools = {row[0]: row[1:4] for row in host.table("pool-list", "--all", "--details")}
    assert pools == {"default": ["running", "yes", "yes"], "iso": ["inactive", "no", "yes"], "vg0": ["running", "yes", "yes"]}
    assert {row[0]: row[1] for row in host.table("net-list", "--all")} == {"default": "active", "lab": "inactive"}
    assert any(row[0] == "db-1.qcow2" for row in host.table("vol-list", "default"))
    assert host.virsh("vcpuinfo", "db-1").count("VCPU:") == 4


def test_the_names_and_their_order_are_those_of_a_real_one(host: Host) -> None:
    """A domain of one disk, one card and one processor, whose balloon has no driver; one whose lock somebody else has; one that is off."""
    recorded = json.loads(RECORDING.read_text())
    assert names(values(host.virsh("domstats", "proxy-1"))) == names(recorded["running"])
    assert kinds(values(host.virsh("domstats", "erp-1"))) == kinds(recorded["off"])
    assert host.complaint("domblkstat", "erp-1", "vda") == recorded["errors"]["off"]
    assert host.complaint("domblkinfo", "erp-1", "vdz") == recorded["errors"]["path"]
    full = kinds(values(host.virsh("domstats", "web-1")))
    assert full - kinds(recorded["running"]) == {f"balloon.{name}" for name in (
        "swap_in", "swap_out", "major_fault", "minor_fault", "unused", "available", "usable", "disk_caches", "hugetlb_pgalloc", "hugetlb_pgfail")}  # fmt: skip
    host.play("guest-hung")
    with first_question(host):
        assert kinds(values(host.virsh("domstats", "--nowait", "db-1"))) == kinds(recorded["locked"])


@contextlib.contextmanager
def first_question(host: Host) -> Iterator[subprocess.Popen[str]]:
    """Somebody asks for statistics, has the lock and waits: of two who ask at the same time the one who is not answered."""
    asking = [subprocess.Popen(["virsh", "-c", host.uri, "domstats", "--nowait"], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        wait_for(lambda: any(one.poll() is not None for one in asking), 20, "one does without the lock")
        waiting = [one for one in asking if one.poll() is None]
        assert len(waiting) == 1, "nobody waits"
        yield waiting[0]
    finally:
        for one in asking:
            one.kill()
            one.communicate()


def test_a_guest_that_hangs(host: Host) -> None:
    """Whoever asks first waits until it is over; others without waiting miss a part of it, and all the rest is as ever."""
    host.play("guest-hung")
    with first_question(host) as asking:
        begun = time.monotonic()
        everything = host.virsh("domstats", "--nowait")
        assert "Domain: 'mail-1'" in everything and host.virsh("domstate", "db-1").strip() == "running" and "CPU time" in host.virsh("dominfo", "db-1")
        assert time.monotonic() - begun < 5 and asking.poll() is None
        assert re.fullmatch(r"occupied \(\d+\.\d+s\)", host.virsh("domcontrol", "db-1").strip()) and host.virsh("domcontrol", "web-1").strip() == "ok"
        host.play("normal")
        told = asking.communicate(timeout=10)[0]
        assert "block.0.rd.reqs" in told.split("Domain: 'db-1'")[1]


@pytest.mark.e2e
def test_who_waits_for_a_lock_gives_up_after_half_a_minute(host: Host) -> None:
    host.play("guest-hung")
    with first_question(host):
        begun = time.monotonic()
        complaint = host.complaint("domblkstat", "db-1", "vda", timeout=60)
        assert 29 < time.monotonic() - begun < 40
        assert complaint == json.loads(RECORDING.read_text())["errors"]["locked"]
        assert kinds(values(host.virsh("domstats", "db-1", timeout=60))) == kinds(json.loads(RECORDING.read_text())["locked"])


def test_scenarios_show(host: Host) -> None:
    uuid = host.domains()["db-1"]["uuid"]
    with listening(host) as told:
        host.play("guest-paused-ioerror")
        wait_for(lambda: "Suspended I/O Error" in told(), 5, "the pause is told")
        assert "io-error-reason' for domain 'db-1': /var/lib/libvirt/images/db-1.qcow2 (virtio-disk0) pause due to enospc" in told()
        assert host.virsh("domstate", uuid, "--reason").strip() == "paused (I/O error)"
        assert host.virsh("domblkerror", "db-1").split() == ["vda:", "no", "space"]
        assert host.statistics("--state", "db-1") == {"state.state": "3", "state.reason": "5"}
        host.play("guest-crashed")
        wait_for(lambda: told().count("Stopped Failed") == 3, 5, "three have crashed")
        assert host.virsh("domstate", "web-1", "--reason").strip() == "shut off (crashed)"
        host.play("normal")
        wait_for(lambda: told().count("Started Booted") == 3, 5, "three are back")
    host.play("backing-chain-deep")
    assert host.statistics("--block", "--backing", "db-1")["block.count"] == "16"
    assert len(list(xml.fromstring(host.virsh("dumpxml", "db-1")).find("devices/disk").iter("source"))) == 15  # type: ignore[union-attr]
    host.play("block-job-stuck")
    assert "Active Block Commit" in (job := host.try_virsh("blockjob", "db-1", "vda")).stdout + job.stderr
    host.play("migration-stuck")
    assert "Outgoing migration" in host.virsh("domjobinfo", "db-1")
    host.play("pool-full")
    assert [row[3] for row in host.table("pool-list", "--details") if row[0] == "default"] == ["yes"]
    pool = dict(line.split(":", 1) for line in host.virsh("pool-info", "--bytes", "default").splitlines() if ":" in line)
    assert int(pool["Allocation"]) > 0.98 * int(pool["Capacity"])
    host.play("storage-down")
    assert {row[0]: row[1] for row in host.table("pool-list", "--all")} == {"default": "inactive", "iso": "inactive", "vg0": "active"}
    host.play("guest-locked")
    assert "balloon.rss" not in host.statistics("--nowait", "db-1") and host.virsh("domcontrol", "db-1").startswith("background job (")
    host.play("disk-failing")
    assert host.virsh("domblkerror", "db-1").split() == ["vdb:", "unspecified", "error"] and host.virsh("domstate", "db-1").strip() == "running"
    host.play("snapshot-old")
    assert host.table("snapshot-list", "cache-1")[0][0] == "forgotten"


@contextlib.contextmanager
def listening(host: Host) -> Iterator[Any]:
    """What virsh prints of events so far, and of its end."""
    path = host.socket.parent / "events"
    with path.open("w") as output:
        virsh = subprocess.Popen(["stdbuf", "-oL", "virsh", "-c", host.uri, "event", "--all", "--loop", "--timeout", "60"], stdout=output, stderr=output)
    try:
        # Nothing says that it listens; when a pause is told, it does.
        def is_told() -> bool:
            host.play("guest-paused-ioerror")
            time.sleep(0.3)
            host.play("normal")
            time.sleep(0.3)
            return "Resumed" in path.read_text()

        wait_for(is_told, 20, "virsh listens")
        begun = len(path.read_text())
        yield lambda: path.read_text()[begun:]
    finally:
        virsh.kill()
        virsh.wait()


@pytest.mark.e2e
def test_a_daemon_that_starts_anew(host: Host) -> None:
    before = host.statistics("--cpu-total", "web-1")
    with listening(host) as told:
        host.play("daemon-restart")
        assert "Failed to connect socket" in wait_for(lambda: None if (done := host.try_virsh("list")).returncode == 0 else done.stderr, 5, "it is gone")
        wait_for(lambda: "end of file" in told(), 10, "who listens is told")
    wait_for(lambda: host.try_virsh("list").returncode == 0, 15, "it is back")
    host.play("daemon-down")
    wait_for(lambda: host.try_virsh("list").returncode != 0, 5, "it is gone")
    host.play("normal")
    wait_for(lambda: host.try_virsh("list").returncode == 0, 5, "it is back at once")
    assert int(host.statistics("--cpu-total", "web-1")["cpu.time"]) >= int(before["cpu.time"])


def test_nothing_can_be_changed(host: Host) -> None:
    before = host.virsh("list", "--all")
    for words in [["destroy", "db-1"], ["start", "erp-1"], ["suspend", "web-1"], ["setmem", "web-1", "1G"], ["undefine", "web-1"], ["pool-destroy", "default"], ["snapshot-create", "web-1"]]:
        assert "operation forbidden" in host.complaint(*words), words
    assert "not supported by the connection driver" in host.complaint("iothreadinfo", "db-1")
    assert "agent is not connected" in host.complaint("guestinfo", "db-1")
    assert host.virsh("list", "--all") == before


def test_the_exporter_of_debian_and_the_binding_of_libvirt_agree_with_virsh(host: Host, start: Start) -> None:
    truth = host.domains()
    if exporter := shutil.which("prometheus-libvirt-exporter"):
        port = free_port()
        with subprocess.Popen([exporter, "--libvirt.uri", host.uri, "--web.listen-address", f"127.0.0.1:{port}"], stderr=subprocess.DEVNULL) as program:
            try:
                text = wait_for(lambda: (answer := fetch(f"http://127.0.0.1:{port}/metrics")).status == 200 and answer.text, 10, "the exporter answers")
            finally:
                program.kill()
        assert "libvirt_up 1" in text and f"libvirt_domains_number {sum(domain['id'] > 0 for domain in truth.values())}" in text
        for name, domain in truth.items():
            state = re.search(rf'libvirt_domain_state_code{{domain="{name}",uuid="{domain["uuid"]}"}} (\d)', text)
            assert (state is not None) == (domain["id"] > 0) and (state is None or int(state[1]) == domain["state"])
        assert re.search(r'libvirt_domain_block_stats_read_bytes_total{domain="db-1",source_file="",target_device="vdb"', text)
    try:
        sys.path.append("/usr/lib/python3/dist-packages")
        import libvirt  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError:
        return
    finally:
        sys.path.remove("/usr/lib/python3/dist-packages")
    connection = libvirt.openReadOnly(host.uri)
    told = {domain.name(): told for domain, told in connection.getAllDomainStats()}
    assert told.keys() == truth.keys()
    assert {name: (told["state.state"], told["state.reason"]) for name, told in told.items()} == {name: (domain["state"], domain["reason"]) for name, domain in truth.items()}
    assert connection.lookupByName("db-1").memoryStats()["rss"] == told["db-1"]["balloon.rss"]


def test_counters_go_on(host: Host) -> None:
    wanted = re.compile(r"\.(bytes|reqs|pkts|times|time|wait|delay|user|system)$")
    before = host.statistics("web-1")
    after = wait_for(lambda: now if (now := host.statistics("web-1"))["cpu.time"] != before["cpu.time"] else None, 5, "time passes")
    counters = [name for name in before if wanted.search(name)]
    assert len(counters) > 20 and all(int(after[name]) >= int(before[name]) for name in counters)


def call(procedure: int, payload: bytes = b"", serial: int = 1, program: int = 0x20008086, kind: int = 0, length: int | None = None) -> bytes:
    return struct.pack(">IIIiIII", 28 + len(payload) if length is None else length, program, 1, procedure, kind, serial, 0) + payload


def test_hostile_clients_harm_nobody(host: Host) -> None:
    def connect() -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(5)
        client.connect(str(host.socket))
        return client

    opened = call(1, b"\0\0\0\0\0\0\0\0")
    with contextlib.ExitStack() as stack:
        for bad in [b"\xff" * 64, b"\0" * 64, call(1, length=27), call(1, length=17 << 20), call(1, kind=9), call(1, kind=1)]:
            client = stack.enter_context(connect())
            client.sendall(bad)
            assert client.recv(100) == b"", bad
        # One that says half of something, one that asks and never reads, one that asks for a million domains.
        stack.enter_context(connect()).sendall(opened[:20])
        deaf = stack.enter_context(connect())
        deaf.settimeout(0.3)
        with contextlib.suppress(TimeoutError):
            deaf.sendall(opened + b"".join(call(344, struct.pack(">III", 0, 0, 0), serial) for serial in range(5000)))
        greedy = stack.enter_context(connect())
        greedy.sendall(opened + call(344, struct.pack(">III", 1_000_000, 0, 0), 2))
        time.sleep(0.2)
        assert b"Unable to decode message payload" in greedy.recv(4096)
        begun = time.monotonic()
        assert len(host.table("list", "--all")) == 8 and time.monotonic() - begun < 5
        # More than may come at once: the others wait until somebody leaves.
        crowd = [stack.enter_context(connect()) for _ in range(130)]
        for client in crowd[:100]:
            client.close()
        assert len(host.table("list", "--all")) == 8
    assert host.program.is_running and "its message has the length" in host.program.output


def test_what_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "taken").unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as taken:
        taken.bind(str(tmp_path / "taken"))
        taken.listen()
        for flags, complaint in [
            (["--socket", tmp_path / "file"], "no socket stands there"), (["--socket", tmp_path / "taken"], "another process listens there"), (["--socket", "/" + "x" * 200], "File name too long"),
            (["--domains", "1001"], "--domains"), (["--scenario", "nonsense"], 'unknown scenario "nonsense"'), (["--host", "a b"], 'host name "a b"'),
        ]:  # fmt: skip
            done = run("simulate", "libvirt", "--listen", f"127.0.0.1:{free_port()}", *flags, cwd=tmp_path)
            assert done.returncode != 0 and complaint in done.stderr, done
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.e2e
def test_the_recording_is_what_a_real_one_tells(tmp_path: Path) -> None:
    bed = pytest.importorskip("libvirt_bed")
    if reason := bed.reason_not_to():
        pytest.skip(reason)
    now, recorded = record(tmp_path), json.loads(RECORDING.read_text())
    assert {key: names(now[key]) for key in ("running", "locked", "off")} == {key: names(recorded[key]) for key in ("running", "locked", "off")}
    assert now["errors"] == recorded["errors"]

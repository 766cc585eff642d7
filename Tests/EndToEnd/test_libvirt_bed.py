"""The bed that tests of libvirt lie in: that it is a real libvirtd, that what hangs there hangs as it does in life, and that nothing of it stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import wait_for
from guest_image import checksum, guest_image, seed_image
from guest_image import reason_not_to as reason_without_image
from libvirt_bed import LibvirtBed, left, paused, reason_not_to

REASON = reason_not_to() or reason_without_image()
pytestmark = [pytest.mark.e2e, pytest.mark.skipif(REASON is not None, reason=str(REASON))]


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibvirtBed]:
    with LibvirtBed(tmp_path_factory.mktemp("libvirt")) as bed:
        yield bed
        print(bed.said())


def traces(folder: Path) -> set[str]:
    """What a bed could leave on the machine, whatever others do there: mounts, control groups, network cards, files of a daemon."""
    mounts = {line for line in Path("/proc/self/mountinfo").read_text().splitlines() if "libvirt" in line or str(folder) in line}
    groups = {str(path) for path in Path("/sys/fs/cgroup").glob("**/*qemu*")}
    cards = {str(path) for pattern in ("virbr*", "vnet*") for path in Path("/sys/class/net").glob(pattern)}
    return mounts | groups | cards | {str(path) for path in Path("/run").glob("libvirt*")} | {str(path) for path in Path("/var/lib/libvirt").glob("**/*") if path.is_socket()}


def test_twenty_domains_run_and_are_told_of(bed: LibvirtBed) -> None:
    names = bed.many(20)
    told = bed.virsh("domstats", "--state", "--cpu-total", "--block").split("Domain: ")
    running = {text.split("'")[1]: text for text in told if text}
    assert set(names) <= set(running)
    for name in names:
        assert "state.state=1\n" in running[name] and "cpu.time=" in running[name] and f"images/{name}.qcow2" in running[name]
    assert len({bed.qemu(name) for name in names}) == 20


def test_a_hung_guest_hangs_statistics_and_a_second_question_passes_it_by(bed: LibvirtBed) -> None:
    other, hung = bed.many(2, "hang")
    with paused(bed.qemu(hung)):
        # The first one waits for the monitor for ever, even with --nowait: there is no job yet that it would not wait for.
        asks = subprocess.Popen(["virsh", "-c", bed.uri, "domstats", "--nowait", hung], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with pytest.raises(subprocess.TimeoutExpired):
                asks.wait(3)
            with pytest.raises(subprocess.TimeoutExpired):
                bed.try_virsh("domstats", timeout=3)
            told = bed.virsh("domstats", "--nowait", timeout=20)
            assert f"Domain: '{other}'" in told and f"Domain: '{hung}'" in told
            about = told.split(f"Domain: '{hung}'")[1].split("Domain: ")[0]
            assert "state.state=1" in about and "block.0.rd.reqs" not in about
        finally:
            asks.kill()
            asks.wait()
    assert "block.0.rd.reqs" in bed.virsh("domstats", hung, timeout=20)


def test_a_guest_has_an_address_an_agent_and_ends_when_asked(bed: LibvirtBed) -> None:
    assert len(checksum(guest_image())) == 64
    name = bed.guest("web")
    address = bed.address(name)
    told = {"no seed", "start 1 of disk /dev/vda", "agent", f"address {address}/24 on eth0 by DHCP", "ready"}
    wait_for(lambda: told <= set(bed.serial(name)), 120, f"{told} in what the guest tells")
    assert bed.address(name, source="agent") == address
    assert '"host-name":"guest"' in bed.virsh("qemu-agent-command", name, '{"execute":"guest-get-host-name"}')
    bed.virsh("shutdown", name, "--mode", "acpi")
    wait_for(lambda: bed.state(name) == "shut off", 30, "an end by ACPI")
    bed.virsh("start", name)
    wait_for(lambda: "ready" in bed.serial(name), 120, "a second start")
    assert "start 2 of disk /dev/vda" in bed.serial(name)
    assert bed.address(name, source="agent") == address
    bed.virsh("shutdown", name, "--mode", "agent")
    wait_for(lambda: bed.state(name) == "shut off", 30, "an end by the agent")


@pytest.mark.parametrize("bus, target", [("virtio", "vdb"), ("ide", "hdb"), ("scsi", "sda")])
def test_a_guest_reads_its_seed(bed: LibvirtBed, bus: str, target: str) -> None:
    name = f"seeded-{bus}"
    seed = seed_image(
        bed.folder / (name + (".img" if bus == "virtio" else ".iso")), meta_data=f"instance-id: {name}-1\nlocal-hostname: {name}\n", user_data="#!/bin/sh\necho this is $(hostname)\n",
        network_config="version: 2\nethernets:\n  first:\n    addresses: [192.168.122.77/24]\n    gateway4: 192.168.122.1\n")  # fmt: skip
    controller = "<controller type='scsi' model='virtio-scsi'/>" if bus == "scsi" else ""
    kind = "disk" if bus == "virtio" else "cdrom"
    bed.guest(name, f"{controller}<disk type='file' device='{kind}'><driver name='qemu' type='raw'/><source file='{seed}'/><target dev='{target}' bus='{bus}'/><readonly/></disk>")
    wait_for(lambda: "ready" in bed.serial(name), 120, "a guest that is up")
    told = bed.serial(name)
    assert any(line.startswith("seed /dev/") and line.endswith(f"instance-id={name}-1 hostname={name}") for line in told), told
    assert {"user-data: #!/bin/sh", f"script: this is {name}", "address 192.168.122.77/24 on eth0 by seed"} <= set(told)
    bed.virsh("destroy", name)


def test_a_daemon_restarts_or_crashes_and_guests_run_on(bed: LibvirtBed) -> None:
    (name,) = bed.many(1, "stays")
    process = bed.qemu(name)
    for number in (signal.SIGTERM, signal.SIGKILL):
        bed.stop_daemon(number)
        assert "Failed to connect" in bed.try_virsh("list").stderr
        bed.start()
        assert bed.state(name) == "running" and bed.qemu(name) == process


def test_a_pool_can_be_filled(bed: LibvirtBed) -> None:
    filling = bed.fill(leave=1 << 20)
    refused = bed.try_virsh("vol-create-as", "small", "much", "8M", "--allocation", "8M")
    assert refused.returncode != 0 and "No space left on device" in refused.stderr
    filling.unlink()
    bed.virsh("vol-create-as", "small", "much", "8M", "--allocation", "8M")
    bed.virsh("vol-delete", "--pool", "small", "much")


def test_a_guest_that_finds_no_space_is_stopped_and_goes_on(bed: LibvirtBed) -> None:
    bed.virsh("vol-create-as", "small", "greedy.qcow2", "200M", "--format", "qcow2")
    seed = seed_image(bed.folder / "greedy.img", meta_data="instance-id: greedy-1\n", user_data="#!/bin/sh\ndd if=/dev/zero of=/dev/vdb bs=1M count=40 && echo written\n")
    filling = bed.fill(leave=8 << 20)
    disks = [("qcow2", "/var/lib/libvirt/small/greedy.qcow2", "vdb"), ("raw", seed, "vdc")]
    name = bed.guest("greedy", "".join(
        f"<disk type='file' device='disk'><driver name='qemu' type='{form}'/><source file='{path}'/><target dev='{target}' bus='virtio'/></disk>" for form, path, target in disks))
    wait_for(lambda: bed.state(name) == "paused", 120, f"a guest that is stopped, which told {bed.serial(name)}")
    assert bed.virsh("domstate", name, "--reason") == "paused (I/O error)"
    assert bed.virsh("domblkerror", name) == "vdb: no space"
    filling.unlink()
    bed.virsh("resume", name)
    wait_for(lambda: "script: written" in bed.serial(name), 60, f"a guest that goes on: {bed.serial(name)}")
    assert bed.state(name) == "running"
    bed.virsh("destroy", name)
    bed.virsh("vol-delete", "--pool", "small", "greedy.qcow2")


def test_whoever_may_only_look_changes_nothing(bed: LibvirtBed) -> None:
    refused = subprocess.run(["virsh", "-c", bed.read_only_uri, "destroy", "nobody"], capture_output=True, text=True, timeout=20)
    assert refused.returncode != 0
    (name,) = bed.many(1, "looked-at")
    refused = subprocess.run(["virsh", "-c", bed.read_only_uri, "destroy", name], capture_output=True, text=True, timeout=20)
    assert "read only access" in refused.stderr and bed.state(name) == "running"


def test_a_wrong_password_is_refused(tmp_path: Path) -> None:
    with LibvirtBed(tmp_path, password="right horse") as bed:
        assert "default" in bed.virsh("net-list")
        refused = bed.try_virsh("net-list", password="wrong horse")
        assert refused.returncode != 0 and "authentication failed" in refused.stderr
        unnamed = subprocess.run(
            ["virsh", "-c", bed.uri, "list"], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL, start_new_session=True, env={"PATH": os.environ["PATH"]})
        assert unnamed.returncode != 0


def test_nothing_stays(tmp_path: Path) -> None:
    before = traces(tmp_path)
    with LibvirtBed(tmp_path) as bed:
        names = bed.many(2)
        os.kill(bed.qemu(names[0]), signal.SIGSTOP)
        numbers = bed.processes()
        assert len(numbers) >= 6, "the first one, its sleep, libvirtd, dnsmasq and two QEMUs"
    assert [line for number, line in numbers.items() if Path(f"/proc/{number}").exists()] == []
    assert left([str(tmp_path)]) == [] and traces(tmp_path) == before
    assert not bed.images.exists()


def test_nothing_stays_of_a_test_that_was_killed(tmp_path: Path) -> None:
    program = f"import sys; from pathlib import Path; from libvirt_bed import LibvirtBed\nbed = LibvirtBed(Path({str(tmp_path)!r})); bed.many(2); print(bed.first, *bed.processes(), flush=True); sys.stdin.read()"
    test = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parent)
    assert test.stdout
    numbers = [int(word) for word in test.stdout.readline().split()]
    assert len(numbers) >= 6 and all(Path(f"/proc/{number}").exists() for number in numbers)
    test.kill()
    test.wait()
    began = time.monotonic()
    wait_for(lambda: not any(Path(f"/proc/{number}").exists() for number in numbers), 20, f"no process of {numbers}")
    assert time.monotonic() - began < 20 and left([str(tmp_path)]) == []

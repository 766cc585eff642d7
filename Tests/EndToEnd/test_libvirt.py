"""The exporter and a real libvirtd with QEMUs: numbers beside virsh's and beside Debian's own exporter, and what becomes of them when a QEMU, or the daemon, hangs or goes."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from conftest import Start, fetch, free_port, wait_for
from exporting import Exporter, lint_exceptions
from libvirt_bed import DOMAIN, LibvirtBed, paused, reason_not_to
from oracle import Samples, parse_exposition

PEER = "prometheus-libvirt-exporter"
REASON = reason_not_to() or (None if shutil.which(PEER) and shutil.which("promtool") else f"{PEER} or promtool is missing")
pytestmark = [pytest.mark.e2e, pytest.mark.skipif(REASON is not None, reason=str(REASON))]

INTERVAL = 2.0
TIMEOUT = 1.0
COUNT = 20


class Host(Exporter):
    """An exporter that asks one hypervisor and nothing else."""

    def __init__(self, start: Start, uri: str, **settings: str) -> None:
        environment = {
            "MARTLET_LIBVIRT__URIS": uri, "MARTLET_LIBVIRT__INTERVAL": f"{INTERVAL}s", "MARTLET_LIBVIRT__TIMEOUT": f"{TIMEOUT}s", "MARTLET_ZFS__ENABLED": "false",
            "MARTLET_SYSTEM__ENABLED": "false", "MARTLET_CONTAINERS__ENABLED": "false", "MARTLET_GPU__ENABLED": "false",
        }  # fmt: skip
        super().__init__(start, environment | {f"MARTLET_LIBVIRT__{key}": value for key, value in settings.items()}, "--exporter.detail", "all")

    def samples(self) -> Samples:
        return parse_exposition(self.metrics().text)[0]

    def of(self, family: str, samples: Samples | None = None, **wanted: str) -> dict[str, float]:
        """Series of a family by their domain, those that have these labels."""
        found = {}
        for (name, labels), value in (samples or self.samples()).items():
            words = dict(labels)
            if name == "libvirt_" + family and wanted.items() <= words.items():
                found[words.get("domain", "")] = value
        return found

    def value(self, family: str, **wanted: str) -> float | None:
        return next(iter(self.of(family, **wanted).values()), None)

    def success(self) -> float | None:
        return next((value for (name, labels), value in self.samples().items() if name == "martlet_scrape_collector_success" and ("collector", "libvirt") in labels), None)

    def wait_for_round(self) -> None:
        """Until a round that begins now has ended, and told of every domain."""
        begin = time.time()
        wait_for(lambda: min(self.of("domain_last_success_timestamp_seconds").values(), default=0) > begin, 30, "a round")


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibvirtBed]:
    with LibvirtBed(tmp_path_factory.mktemp("libvirt")) as bed:
        bed.many(COUNT)
        devices = "<interface type='network'><mac address='52:54:00:00:00:01'/><source network='default'/><model type='virtio'/></interface>"
        bed.define("web", bed.disk("web", "8M", backing=bed.disk("base", "8M")), memory=32, processors=2, devices=devices)
        yield bed
        print(bed.said())


@pytest.fixture(scope="module")
def host(start_for_all: Start, bed: LibvirtBed) -> Host:
    host = Host(start_for_all, bed.read_only_uri)
    wait_for(lambda: host.value("up") == 1 and len(host.of("domain_last_success_timestamp_seconds")) == COUNT + 1, 60, "all domains have told something")
    return host


# Numbers

NANOSECOND, KIBIBYTE = 1e-9, 1024.0
BLOCKS = {
    "rd.reqs": ("read_requests_total", 1.0), "rd.bytes": ("read_bytes_total", 1.0), "rd.times": ("read_time_seconds_total", NANOSECOND),
    "wr.reqs": ("write_requests_total", 1.0), "wr.bytes": ("write_bytes_total", 1.0), "wr.times": ("write_time_seconds_total", NANOSECOND),
    "fl.reqs": ("flush_requests_total", 1.0), "fl.times": ("flush_time_seconds_total", NANOSECOND), "allocation": ("allocation_bytes", 1.0),
    "capacity": ("capacity_bytes", 1.0), "physical": ("physicalsize_bytes", 1.0),
}  # fmt: skip
CARDS = {f"{way}.{theirs}": (f"{ours_way}_{ours}_total", 1.0) for way, ours_way in (("rx", "receive"), ("tx", "transmit")) for theirs, ours in (("bytes", "bytes"), ("pkts", "packets"), ("errs", "errors"), ("drop", "drops"))}
BALLOON = {
    "current": ("actual_balloon_bytes", KIBIBYTE), "maximum": ("maximum_bytes", KIBIBYTE), "rss": ("rss_bytes", KIBIBYTE), "swap_in": ("swap_in_bytes_total", KIBIBYTE),
    "swap_out": ("swap_out_bytes_total", KIBIBYTE), "major_fault": ("major_fault_total", 1.0), "minor_fault": ("minor_fault_total", 1.0), "unused": ("unused_bytes", KIBIBYTE),
    "available": ("available_bytes", KIBIBYTE), "usable": ("usable_bytes", KIBIBYTE), "disk_caches": ("disk_cache_bytes", KIBIBYTE),
    "hugetlb_pgalloc": ("hugetlb_pgalloc_total", 1.0), "hugetlb_pgfail": ("hugetlb_pgfail_total", 1.0),
}  # fmt: skip
VCPU = {"state": ("state", 1.0), "time": ("time_seconds_total", NANOSECOND), "wait": ("wait_seconds_total", NANOSECOND), "delay": ("delay_seconds_total", NANOSECOND)}


def told_by_virsh(bed: LibvirtBed) -> Samples:
    """What our series should be by `virsh domstats`."""
    uuids = {name: bed.virsh("domuuid", name) for name in bed.virsh("list", "--name").split()}
    expected: Samples = {}
    for text in bed.virsh("domstats", "--state", "--vcpu", "--block", "--interface", "--balloon").split("Domain: ")[1:]:
        name = text.split("'")[1]
        identity = {"uri": bed.read_only_uri, "domain": name, "uuid": uuids[name]}
        told = dict(line.strip().split("=", 1) for line in text.splitlines()[1:] if "=" in line)

        def add(family: str, value: str, scale: float = 1.0, labels: Mapping[str, str] = {}) -> None:
            expected["libvirt_domain_" + family, frozenset((identity | labels).items())] = float(value) * scale

        for key, value in told.items():
            group, _, rest = key.partition(".")
            number, _, field = rest.partition(".")
            if group == "balloon" and rest in BALLOON:
                add("memory_stats_" + BALLOON[rest][0], value, BALLOON[rest][1])
            elif key == "balloon.last-update" and value != "0":
                add("memory_stats_last_update_timestamp_seconds", value)
            elif group == "vcpu" and rest in ("current", "maximum"):
                add("vcpu_" + rest, value)
            elif group == "vcpu" and field in VCPU:
                add("vcpu_" + VCPU[field][0], value, VCPU[field][1], {"vcpu": number})
            elif group == "block" and field in BLOCKS:
                add("block_stats_" + BLOCKS[field][0], value, BLOCKS[field][1], {"target_device": told[f"block.{number}.name"]})
            elif group == "net" and field in CARDS:
                add("interface_stats_" + CARDS[field][0], value, CARDS[field][1], {"target_device": told[f"net.{number}.name"]})
            elif key == "state.state":
                add("state_code", value)
    return expected


def assert_between(before: Samples, ours: Samples, after: Samples) -> dict[str, int]:
    """Each that is there before and after is ours, and is between the two; how many of each family."""
    counts: dict[str, int] = {}
    for series in before.keys() & after.keys():
        low, high = sorted((before[series], after[series]))
        # Numbers are written with as many digits as they have.
        slack = 1e-9 * max(abs(low), abs(high), 1)
        assert series in ours, f"{series} is not shown"
        assert low - slack <= ours[series] <= high + slack, f"{series} is {ours[series]}, and not {low} to {high}"
        counts[series[0]] = counts.get(series[0], 0) + 1
    return counts


def test_numbers_are_those_of_virsh(bed: LibvirtBed, host: Host) -> None:
    before = told_by_virsh(bed)
    host.wait_for_round()
    ours = host.samples()
    counts = assert_between(before, ours, told_by_virsh(bed))
    seconds = host.value("collection_duration_seconds") or 0
    print(f"{sum(counts.values())} series of {len(counts)} families are virsh's; a round takes {seconds * 1000:.0f} ms, over {host.value('connections_opened_total'):.0f} connections")
    assert counts["libvirt_domain_block_stats_read_bytes_total"] == COUNT + 1 and counts["libvirt_domain_interface_stats_receive_bytes_total"] == 1
    # And nothing is invented: each series of these families is one of virsh's.
    invented = {series for series in ours if series[0] in counts} - before.keys()
    assert invented == set()


def test_numbers_are_those_of_debians_exporter(bed: LibvirtBed, host: Host, start_for_all: Start) -> None:
    port = free_port()
    peer = subprocess.Popen([PEER, f"--libvirt.uri={bed.uri}", f"--web.listen-address=127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # Their name of a time that two later exporters have renamed.
    renamed = {f"libvirt_domain_block_stats_{kind}_seconds_total": f"libvirt_domain_block_stats_{kind}_time_seconds_total" for kind in ("read", "write", "flush")}

    def theirs() -> Samples:
        found = {}
        for (name, labels), value in parse_exposition(fetch(f"http://127.0.0.1:{port}/metrics").text)[0].items():
            if name.startswith("libvirt_"):
                # Where a disk's image is and which bridge a card is at stand in our families of information.
                words = {key: text for key, text in labels if key not in ("source_file", "source_bridge")}
                found[renamed.get(name, name), frozenset((words | {"uri": bed.read_only_uri}).items())] = value
        return found

    try:
        wait_for(lambda: fetch(f"http://127.0.0.1:{port}/metrics").status == 200, 20, "the peer")
        before = theirs()
        assert before["libvirt_up", frozenset({("uri", bed.read_only_uri)})] == 1
        host.wait_for_round()
        ours = host.samples()
        counts = assert_between(before, ours, theirs())
    finally:
        peer.terminate()
        peer.wait(20)
    print(f"{sum(counts.values())} series of {len(counts)} families are {PEER}'s: {', '.join(sorted(counts))}")
    assert counts["libvirt_domain_info_cpu_time_seconds_total"] == COUNT + 1 and {name for name, _ in before} == counts.keys()


def test_promtool_takes_every_name(host: Host) -> None:
    text = "\n".join(line for line in host.metrics().text.splitlines() if "libvirt_" in line.split("{")[0])
    done = subprocess.run(["promtool", "check", "metrics"], input=text + "\n", capture_output=True, text=True)
    complaints = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    assert [line for line in complaints if line not in lint_exceptions("/metrics")] == []


def test_what_is_defined_is_shown(bed: LibvirtBed, host: Host) -> None:
    def info(family: str, **wanted: str) -> dict[str, str]:
        found = [dict(labels) for (name, labels), value in host.samples().items() if name == "libvirt_" + family and wanted.items() <= dict(labels).items() and value == 1]
        assert len(found) == 1, found
        return found[0]

    disk = info("domain_block_stats_info", domain="web")
    assert disk["source_file"] == str(bed.images / "web.qcow2") and disk["target_device"] == "vda" and disk["driver_type"] == "qcow2"
    card = info("domain_interface_stats_info", domain="web")
    assert card["mac_address"] == "52:54:00:00:00:01" and card["model_type"] == "virtio"
    assert info("domain_info", domain="web")["os_type"] == "hvm"
    assert info("versions_info")["hypervisor"] == "QEMU" and info("network_info", network="default")["bridge"] == "virbr0"
    assert host.of("domain_block_backing_chain_depth", domain="web") == {"web": 1}
    assert host.value("domain_memory_stats_period_seconds", domain="web") == 1
    assert host.value("storage_pool_capacity_bytes", storage_pool="small") == pytest.approx(64 << 20)
    assert host.value("domains_number") == COUNT + 1


def test_snapshots_and_jobs_of_disks_as_they_come(bed: LibvirtBed, host: Host) -> None:
    assert host.value("domain_snapshots", domain="web") == 0
    began = time.time()
    bed.virsh("snapshot-create-as", "web", "one", "--disk-only")
    # The disk has another image, and so the definition is read at once.
    wait_for(lambda: host.value("domain_block_backing_chain_depth", domain="web") == 2, 20, "a longer chain")
    assert host.value("domain_snapshots", domain="web") == 1
    made = host.value("domain_snapshot_newest_timestamp_seconds", domain="web")
    assert made and abs(made - began) < 10 and host.value("domain_snapshot_oldest_timestamp_seconds", domain="web") == made
    bed.virsh("blockcopy", "web", "vda", "--dest", str(bed.images / "copy.qcow2"), "--transient-job")
    wait_for(lambda: host.value("domain_block_job_info", domain="web", type="copy") == 1, 20, "a job")
    wait_for(lambda: host.value("domain_block_job_progress_ratio", domain="web") == 1, 30, "a job that is done but for its end")
    bed.virsh("blockjob", "web", "vda", "--abort")
    wait_for(lambda: host.value("domain_block_job_info", domain="web") is None, 20, "no job")


def test_a_paused_domain_has_a_reason(bed: LibvirtBed, host: Host) -> None:
    bed.virsh("suspend", "web")
    wait_for(lambda: host.value("domain_state_info", domain="web", state="paused", reason="user") == 1, 20, "a domain that is paused")
    assert host.value("domain_state_code", domain="web") == 3 and host.value("domain_suspect", domain="web") == 0
    bed.virsh("resume", "web")
    wait_for(lambda: host.value("domain_state_info", domain="web", state="running", reason="unpaused") == 1, 20, "a domain that runs")


def test_a_disk_that_fails_is_told(bed: LibvirtBed, host: Host) -> None:
    """Of a server of blocks that goes: the domain reads its disk again, and QEMU stops it."""
    bed.disk("served")
    server = subprocess.Popen(bed.inside("qemu-nbd", "-t", "-f", "qcow2", "-k", "/run/nbd.sock", "/var/lib/libvirt/images/served.qcow2"))
    disk = "<disk type='network' device='disk'><driver name='qemu' type='raw' error_policy='stop' rerror_policy='stop'/><source protocol='nbd'><host transport='unix' socket='/run/nbd.sock'/></source><target dev='vda' bus='virtio'/></disk>"
    text = re.sub("<disk.*</disk>", disk, DOMAIN.format(name="served", memory=16, processors=1, machine="pc", disk="", devices=""))
    description = bed.folder / "served.xml"
    description.write_text(text)

    def stop_server() -> None:
        for number, line in bed.processes().items():
            if line.startswith("qemu-nbd "):
                os.kill(number, signal.SIGKILL)
        server.wait(20)

    try:
        wait_for((bed.root / "run/nbd.sock").exists, 10, "a server of blocks")
        bed.virsh("create", description)
        wait_for(lambda: host.value("domain_block_error_code", domain="served") == 0, 30, "a disk that works")
        # It has no system: what it can be stopped by is the first look at its disk after a start.
        stop_server()
        bed.virsh("reset", "served")
        wait_for(lambda: host.value("domain_state_info", domain="served", state="paused", reason="ioerror") == 1, 30, "a domain that its disk has stopped")
        wait_for(lambda: host.value("domain_block_error_code", domain="served", target_device="vda") == 1, 20, "the disk that did")
        assert host.value("domain_persistent", domain="served") == 0 and host.value("domain_persistent", domain="web") == 1
    finally:
        stop_server()
        bed.try_virsh("destroy", "served")


# What hangs

def ages(host: Host, samples: Samples) -> dict[str, float]:
    now = time.time()
    return {name: now - told for name, told in host.of("domain_last_success_timestamp_seconds", samples).items()}


@pytest.mark.alone
def test_one_of_twenty_hangs_and_the_others_are_fresh(bed: LibvirtBed, host: Host) -> None:
    hung = "small-07"
    host.wait_for_round()
    total = host.value("threads_given_up_total") or 0
    oldest: dict[str, float] = {}
    slowest = 0.0
    named_after = None
    with paused(bed.qemu(hung)):
        began = time.monotonic()
        while (seconds := time.monotonic() - began) < 30:
            asked = time.monotonic()
            samples = host.samples()
            slowest = max(slowest, time.monotonic() - asked)
            for name, age in ages(host, samples).items():
                oldest[name] = max(oldest.get(name, 0), age)
            suspects = {name for name, value in host.of("domain_suspect", samples).items() if value == 1}
            assert suspects <= {hung}, f"{suspects} are suspect"
            if suspects and named_after is None:
                named_after = seconds
            time.sleep(0.2)
        others = {name: age for name, age in oldest.items() if name != hung}
        print(f"named after {named_after:.1f} s; oldest of the others {max(others.values()):.1f} s; of the hung one {oldest[hung]:.1f} s; slowest scrape {slowest * 1000:.0f} ms")
        print("oldest of each: " + ", ".join(f"{name} {age:.1f}" for name, age in sorted(oldest.items())))
        assert named_after is not None and named_after < INTERVAL + 2 * TIMEOUT + 3
        assert max(others.values()) < INTERVAL + 2 * TIMEOUT + 3 and oldest[hung] > 25 and slowest < 1
        assert host.value("threads_hanging") == 1 and host.value("domains_suspect") == 1
        assert host.value("threads_given_up_total") == total + 1
        assert host.value("domain_suspect_call_info", domain=hung, call="virDomainListGetStats") == 1
        assert (host.value("domain_control_occupied_seconds", domain=hung) or 0) > 20
        # What needs no QEMU is known, and of what needs it nothing is shown.
        assert host.value("domain_state_code", domain=hung) == 1 and host.value("domain_info_virtual_cpus", domain=hung) == 1
        assert host.of("domain_block_stats_info", domain=hung) and not host.of("domain_block_stats_read_bytes_total", domain=hung)
        assert host.success() == 0 and host.value("up") == 1
    wait_for(lambda: host.value("domain_suspect", domain=hung) == 0 and host.value("threads_hanging") == 0, 5 * INTERVAL, "it answers again")
    wait_for(lambda: host.of("domain_block_stats_read_bytes_total", domain=hung), 3 * INTERVAL, "its disk")
    assert host.success() == 1 and host.value("threads_given_up_total") == total + 1


@pytest.mark.alone
def test_many_hang_and_the_threads_are_bounded(bed: LibvirtBed, host: Host) -> None:
    names = [f"small-{number:02}" for number in range(1, COUNT + 1)]
    most, down = 0.0, 0
    process = Path(f"/proc/{host.program.process.pid}")
    before, files = os.listdir(process / "task"), len(os.listdir(process / "fd"))
    with paused(*(bed.qemu(name) for name in names)):
        began = time.monotonic()
        while time.monotonic() - began < 25:
            most = max(most, host.value("threads_hanging") or 0)
            down += host.value("up") != 1
            time.sleep(0.5)
        limit = host.value("threads_hanging_limit") or 0
        threads = len(os.listdir(process / "task"))
        suspects = host.of("domain_suspect")
        print(f"of {COUNT} that hang {sum(suspects.values()):.0f} are named, {most:.0f} threads of {limit:.0f} hang; {len(before)} threads of the process have become {threads}")
        assert 0 < most <= limit and down == 0 and threads <= len(before) + limit + 8
        # The daemon has workers left for others.
        assert bed.virsh("list", "--name", timeout=10).count("small-") == COUNT
        assert len(host.of("domain_state_code")) == COUNT + 1 and suspects["web"] == 0
    wait_for(lambda: host.value("domains_suspect") == 0 and host.value("threads_hanging") == 0, 10 * INTERVAL, "all answer again")
    host.wait_for_round()
    # Connections of those that hung are closed.
    wait_for(lambda: len(os.listdir(process / "fd")) <= files + 8, 20, f"{files} open files and a few, not {len(os.listdir(process / 'fd'))}")


def test_somebody_elses_command_that_hangs_costs_us_no_thread(bed: LibvirtBed, host: Host) -> None:
    hung = "small-03"
    host.wait_for_round()
    with paused(bed.qemu(hung)):
        asks = subprocess.Popen(["virsh", "-c", bed.read_only_uri, "dommemstat", hung], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(lambda: host.value("domain_suspect", domain=hung) == 1, 10 * INTERVAL, "it is suspect")
        finally:
            asks.kill()
            asks.wait()
    wait_for(lambda: host.value("domains_suspect") == 0 and host.value("threads_hanging") == 0, 10 * INTERVAL, "it answers again")


@pytest.mark.alone
def test_of_three_that_hang_together_the_one_that_recovers_is_fresh(bed: LibvirtBed, host: Host) -> None:
    # Whoever is asked in one call is so by the order of UUIDs.
    names = sorted((name for name in bed.virsh("list", "--name").split() if name.startswith("small-")), key=lambda name: bed.virsh("domuuid", name))[:3]
    well = names[1]
    host.wait_for_round()
    processes = {name: bed.qemu(name) for name in names}
    with paused(*processes.values()):
        wait_for(lambda: host.value("domains_suspect") == 3, 10 * INTERVAL, "three are suspect")
        assert {name for name, value in host.of("domain_suspect").items() if value == 1} == set(names)
        os.kill(processes[well], signal.SIGCONT)
        began, now = time.monotonic(), time.time()
        wait_for(lambda: host.value("domain_suspect", domain=well) == 0 and host.of("domain_last_success_timestamp_seconds")[well] > now, 10 * INTERVAL, "one answers again")
        print(f"of three that hung one is fresh {time.monotonic() - began:.1f} s after it answers")
        time.sleep(2 * INTERVAL)
        assert {name for name, value in host.of("domain_suspect").items() if value == 1} == set(names) - {well}
    wait_for(lambda: host.value("domains_suspect") == 0 and host.value("threads_hanging") == 0, 10 * INTERVAL, "all answer again")


@pytest.mark.alone
def test_a_qemu_that_hangs_in_a_job_is_named_and_one_in_a_job_is_not(bed: LibvirtBed, host: Host) -> None:
    """A backup that somebody may fetch is a job which lets questions in: libvirt says "job" of its monitor, also where that does not answer."""
    hung, well = "small-05", "small-06"
    for name in (hung, well):
        disks = f"<disks><disk name='vda' backup='yes' type='file'><scratch file='/var/lib/libvirt/images/{name}.scratch'/></disk></disks>"
        description = bed.folder / f"backup-{name}.xml"
        description.write_text(f"<domainbackup mode='pull'><server transport='unix' socket='/run/{name}.nbd'/>{disks}</domainbackup>")
        bed.virsh("backup-begin", name, description)
    try:
        host.wait_for_round()
        assert host.value("domains_suspect") == 0 and host.value("domain_job_operation_info", domain=well, operation="backup") == 1
        with paused(bed.qemu(hung)):
            began = time.monotonic()
            wait_for(lambda: host.value("domain_suspect", domain=hung) == 1, 10 * INTERVAL, "it is suspect")
            print(f"named {time.monotonic() - began:.1f} s after it hangs in a job")
            time.sleep(3 * INTERVAL)
            assert {name for name, value in host.of("domain_suspect").items() if value == 1} == {hung}
            states = {dict(labels)["state"] for (name, labels), value in host.samples().items() if name == "libvirt_domain_control_state" and value == 1 and ("domain", hung) in labels}
            assert states == {"job"}
        wait_for(lambda: host.value("domains_suspect") == 0 and host.value("threads_hanging") == 0, 10 * INTERVAL, "it answers again")
    finally:
        for name in (hung, well):
            bed.try_virsh("domjobabort", name)


def test_a_hung_domain_may_be_destroyed_and_started_again(bed: LibvirtBed, host: Host) -> None:
    hung = "small-12"
    host.wait_for_round()
    with paused(bed.qemu(hung)):
        wait_for(lambda: host.value("domain_suspect", domain=hung) == 1 and host.value("threads_hanging") == 1, 10 * INTERVAL, "it is suspect")
        bed.virsh("destroy", hung, timeout=60)
    wait_for(lambda: host.value("domain_state_info", domain=hung, state="shutoff", reason="destroyed") == 1, 10 * INTERVAL, "it is off")
    wait_for(lambda: host.value("threads_hanging") == 0, 10 * INTERVAL, "the thread is back")
    samples = host.samples()
    assert host.of("domain_suspect", samples, domain=hung) == {} and host.of("domains_suspect", samples) == {"": 0}
    bed.virsh("start", hung)
    wait_for(lambda: host.value("domain_suspect", domain=hung) == 0 and host.of("domain_block_stats_read_bytes_total", domain=hung), 10 * INTERVAL, "it tells everything")


# What goes

@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_daemon_that_goes_is_down_and_found_again(bed: LibvirtBed, host: Host, number: int) -> None:
    opened = host.value("connections_opened_total") or 0
    bed.stop_daemon(number)
    wait_for(lambda: host.value("up") == 0, 10 * INTERVAL, "it is down")
    assert host.success() == 0
    time.sleep(4 * INTERVAL)
    samples = host.samples()
    assert not host.of("domain_state_code", samples) and host.of("up", samples) == {"": 0}
    bed.start()
    began = time.monotonic()
    wait_for(lambda: host.value("up") == 1 and len(host.of("domain_vcpu_current")) == COUNT + 1, 60, "it is up, and all have told something")
    print(f"found again {time.monotonic() - began:.1f} s after it answers virsh")
    assert (host.value("connections_opened_total") or 0) > opened and host.success() == 1


@pytest.mark.alone
def test_a_daemon_that_hangs_is_down_and_found_again(bed: LibvirtBed, host: Host) -> None:
    assert bed.daemon
    try:
        with paused(bed.daemon_process):
            wait_for(lambda: host.value("up") == 0, 10 * INTERVAL, "it is down")
            time.sleep(5)
            assert (host.value("threads_hanging") or 0) <= (host.value("threads_hanging_limit") or 0)
    finally:
        # Its parent has stopped itself with it, and would not see its end.
        os.kill(bed.daemon.pid, signal.SIGCONT)
    wait_for(lambda: host.value("up") == 1 and host.value("threads_hanging") == 0, 60, "it is up")
    host.wait_for_round()
    assert host.success() == 1


def test_domains_that_come_and_go_are_no_trouble(bed: LibvirtBed, host: Host) -> None:
    host.wait_for_round()
    stop = threading.Event()

    def come_and_go() -> None:
        disk = bed.disk("brief")
        while not stop.is_set():
            bed.define("brief", disk)
            bed.virsh("destroy", "brief")
            bed.virsh("undefine", "brief")

    coming = threading.Thread(target=come_and_go)
    coming.start()
    try:
        seen = set()
        for _ in range(60):
            text = host.metrics().text
            assert not re.search(r'martlet_scrape_part_success\{[^}]*collector="libvirt"[^}]*\} 0', text), re.findall("martlet_scrape_part_problem.*", text)
            seen.add('domain="brief"' in text)
            time.sleep(0.25)
        assert seen == {True, False}
    finally:
        stop.set()
        coming.join()
    assert host.value("domains_suspect") == 0


def test_no_libvirt_is_no_trouble_for_a_host(start: Start, tmp_path: Path) -> None:
    """In the role of a host it waits for a daemon to come."""
    host = Exporter(start, {"MARTLET_CONTAINERS__ENABLED": "false"}, "--exporter.role", "host")
    text = host.metrics().text
    assert "libvirt_" not in text.replace('collector="libvirt"', "") and 'martlet_scrape_collector_success{collector="libvirt"} 1' in text

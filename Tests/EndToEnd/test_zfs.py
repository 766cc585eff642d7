"""The ZFS of a machine: files of the kernel and stand-ins for `zpool`, held against the oracle, node_exporter and promtool."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import REPOSITORY, Program, Start, fetch, free_port, run, wait_for
from exporting import Exporter, lint_exceptions
from oracle import Samples, difference, parse_exposition
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from zfs_oracle import json_samples, kernel_samples, list_samples, text_samples

FIXTURES = REPOSITORY / "Tests/ZFSCollectorTests/Fixtures"
KSTAT = "proc/spl/kstat/zfs"
LEVELS = ["guest", "disk", "all"]


def stand_in(folder: Path, script: str) -> Path:
    """A program in the place of `zpool`."""
    path = folder / "zpool"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def answering(folder: Path, listing: str, status: str) -> Path:
    knows_json = "" if status.endswith(".json") else "status\\ -j*) echo \"invalid option 'j'\" >&2; echo 'usage:' >&2; exit 2;;"
    return stand_in(
        folder,
        f"""case "$*" in
        list*) cat '{FIXTURES}/zpool/{listing}';;
        {knows_json}
        *) cat '{FIXTURES}/zpool/{status}';;
        esac""",
    )


class Host(Exporter):
    """An exporter for the ZFS below a folder."""

    def __init__(self, start: Start, root: Path, zpool: Path | None, *flags: str, interval: str = "1s") -> None:
        # Without a stand-in, one that is on no PATH of ours: nothing shall ask the ZFS of the machine that tests.
        environment = {"MARTLET_ZFS__ZPOOL_PATH": str(zpool or "/bin/true"), "MARTLET_ZFS__INTERVAL": interval}
        # Of this role too, and not of this folder.
        environment |= {"MARTLET_CONTAINERS__ENABLED": "false", "MARTLET_SYSTEM__ENABLED": "false"}
        super().__init__(start, environment, "--exporter.role", "host", "--path.root", str(root), *flags)

    def samples(self) -> Samples:
        return {key: value for key, value in parse_exposition(self.metrics().text)[0].items() if not key[0].startswith("zfs_zpool_command_")}

    def value(self, name: str, **labels: str) -> float | None:
        return parse_exposition(self.metrics().text)[0].get((name, frozenset(labels.items())))

    def wait_for_zpool(self, success: float = 1) -> None:
        wait_for(lambda: self.value("zfs_zpool_command_success", command="status") == success, 15, f"zpool was asked: {self.program.output}")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    "tree, listing, status",
    [("zfs-2.3", "list.txt", "status-2.3.json"), ("zfs-2.3", "list.txt", "status-2.1.txt"), ("zfs-2.3", "list.txt", "status-2.2-full-names.txt"),
     ("zfs-2.3", "list.txt", "status-2.3-paused-resilver.json"), ("zfs-0.8", "list-0.8.txt", "status-0.8.txt")])  # fmt: skip
def test_everything_equals_the_oracle(start: Start, tmp_path: Path, tree: str, listing: str, status: str, level: str) -> None:
    host = Host(start, FIXTURES / tree, answering(tmp_path, listing, status), "--exporter.detail", level)
    host.wait_for_zpool()
    expected = kernel_samples(FIXTURES / tree, level)
    expected |= list_samples((FIXTURES / "zpool" / listing).read_text())
    read = json_samples if status.endswith(".json") else text_samples
    expected |= read((FIXTURES / "zpool" / status).read_text(), level)
    assert len(expected) > 100
    assert difference(expected, host.samples(), "zfs_") == []
    assert host.value("martlet_scrape_collector_success", collector="zfs") == 1


def test_promtool_has_nothing_to_say(start: Start, tmp_path: Path) -> None:
    for tree, listing, status in [("zfs-2.3", "list.txt", "status-2.3.json"), ("zfs-0.8", "list-0.8.txt", "status-0.8.txt")]:
        host = Host(start, FIXTURES / tree, answering(tmp_path, listing, status), "--exporter.detail", "all")
        host.wait_for_zpool()
        check = subprocess.run(["promtool", "check", "metrics"], input=host.metrics().text, capture_output=True, text=True)
        assert sorted(check.stderr.splitlines()) == [line for line in lint_exceptions("/metrics") if line.startswith("zfs_")]


def test_a_strict_parser_reads_it_as_openmetrics(start: Start, tmp_path: Path) -> None:
    for tree in ("zfs-2.3", "zfs-0.8"):
        host = Host(start, FIXTURES / tree, answering(tmp_path, "list.txt", "status-2.3.json"), "--exporter.detail", "all")
        host.wait_for_zpool()
        text = fetch(host.url + "/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}).text
        found = {(sample.name, frozenset(sample.labels.items())) for family in openmetrics_families(text) for sample in family.samples}
        assert host.samples().keys() <= found


def test_reference_page_names_every_family_and_its_type(start: Start, tmp_path: Path) -> None:
    host = Host(start, FIXTURES / "zfs-2.3", answering(tmp_path, "list.txt", "status-2.3.json"), "--exporter.detail", "all")
    host.wait_for_zpool()
    page = (REPOSITORY / "docs/metrics.md").read_text()
    for name, kind in parse_exposition(host.metrics().text)[1].items():
        row = next((line for line in page.splitlines() if line.startswith(f"| `{name}` |")), None)
        assert row and f"| {kind} |" in row.replace("| info |", "| gauge |"), name


# node_exporter reads the same files

THEIRS = {
    "node_zfs_arc_size": "zfs_arc_size_bytes", "node_zfs_arc_c": "zfs_arc_target_size_bytes", "node_zfs_arc_c_min": "zfs_arc_min_size_bytes",
    "node_zfs_arc_c_max": "zfs_arc_max_size_bytes", "node_zfs_arc_hits": "zfs_arc_hits_total", "node_zfs_arc_misses": "zfs_arc_misses_total",
    "node_zfs_arc_l2_hits": "zfs_l2arc_hits_total", "node_zfs_arc_l2_misses": "zfs_l2arc_misses_total", "node_zfs_arc_l2_size": "zfs_l2arc_size_bytes",
    "node_zfs_arc_l2_asize": "zfs_l2arc_allocated_size_bytes", "node_zfs_arc_l2_hdr_size": "zfs_l2arc_header_size_bytes",
    "node_zfs_arc_arc_no_grow": "zfs_arc_no_grow", "node_zfs_arc_memory_throttle_count": "zfs_arc_memory_throttles_total",
    "node_zfs_arc_memory_all_bytes": "zfs_arc_memory_all_bytes", "node_zfs_zil_zil_commit_count": "zfs_zil_commits_total",
    "node_zfs_zil_zil_itx_count": "zfs_zil_transactions_total", "node_zfs_dmu_tx_dmu_tx_assigned": "zfs_dmu_tx_assigned_total",
    "node_zfs_dmu_tx_dmu_tx_dirty_throttle": "zfs_dmu_tx_dirty_throttles_total", "node_zfs_dbuf_hash_hits": "zfs_dbuf_hash_hits_total",
    "node_zfs_zfetch_misses": "zfs_prefetch_misses_total", "node_zfs_abd_struct_size": "zfs_abd_struct_size_bytes",
}  # fmt: skip
THEIR_DATASETS = {"reads": "reads", "nread": "read_bytes", "writes": "writes", "nwritten": "written_bytes", "nunlinks": "unlinks", "nunlinked": "unlinked"}
THEIR_POOLS = {"reads": "reads_total", "nread": "read_bytes_total", "writes": "writes_total", "nwritten": "written_bytes_total", "wcnt": "waiting"}


@pytest.mark.parametrize("tree", ["zfs-2.3", "zfs-0.8"])
def test_node_exporter_says_the_same(start: Start, tmp_path: Path, tree: str) -> None:
    node_exporter = shutil.which("prometheus-node-exporter")
    if not node_exporter:
        pytest.skip("needs node_exporter")
    port = free_port()
    theirs: Program = start(
        node_exporter, f"--path.procfs={FIXTURES}/{tree}/proc", "--collector.disable-defaults", "--collector.zfs", f"--web.listen-address=127.0.0.1:{port}")  # fmt: skip
    theirs.wait_until(f"http://127.0.0.1:{port}/metrics")
    samples, _ = parse_exposition(fetch(f"http://127.0.0.1:{port}/metrics").text)
    samples = {key: value for key, value in samples.items() if key[0].startswith("node_zfs_")}
    assert len(samples) > 150, theirs.output
    ours = Host(start, FIXTURES / tree, None, "--exporter.detail", "all").samples()
    compared = 0
    for (name, labels), value in samples.items():
        names = dict(labels)
        if name in THEIRS:
            assert ours[THEIRS[name], frozenset()] == value, name
        elif name.startswith("node_zfs_zpool_dataset_") and (column := name.removeprefix("node_zfs_zpool_dataset_")) in THEIR_DATASETS:
            # Theirs ends a name at its first space.
            if any(f"{names['dataset']} " in dict(of).get("dataset", "") for _, of in ours):
                continue
            found = [
                sample for (family, of), sample in ours.items()
                if family == f"zfs_objset_{THEIR_DATASETS[column]}_total" and dict(of)["pool"] == names["zpool"] and dict(of)["dataset"] == names["dataset"]]  # fmt: skip
            assert found == [value], (name, labels)
        elif name == "node_zfs_zpool_state":
            assert ours["zfs_pool_state", frozenset({("pool", names["zpool"]), ("state", names["state"])})] == value, labels
        elif (column := name.removeprefix("node_zfs_zpool_")) in THEIR_POOLS and "zpool" in names:
            assert ours[f"zfs_pool_{THEIR_POOLS[column]}", frozenset({("pool", names["zpool"])})] == value, labels
        else:
            continue
        compared += 1
    assert compared > 40


# A program in trouble


def is_at_work(process: int) -> bool:
    """A zombie waits for nothing but init."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_one_that_hangs_holds_up_no_scrape_and_is_killed(start: Start, tmp_path: Path) -> None:
    zpool = stand_in(tmp_path, f"echo $$ >> {tmp_path}/started; exec sleep 600")
    host = Host(start, FIXTURES / "zfs-2.3", zpool)
    wait_for(lambda: (tmp_path / "started").exists(), 10, "it was started")
    for _ in range(5):
        began = time.monotonic()
        assert host.value("zfs_pool_health", pool="tank") == 1
        assert time.monotonic() - began < 2
    first = int((tmp_path / "started").read_text().split()[0])
    assert os.path.exists(f"/proc/{first}")
    wait_for(lambda: not os.path.exists(f"/proc/{first}"), 40, "it was killed")
    wait_for(lambda: host.value("martlet_scrape_part_problem_info", collector="zfs", part="arc", reason="deadline") == 1, 10, "it is reported")
    host.metrics()
    assert host.program.output.count("scrape incomplete") == 1, host.program.output
    host.program.stop()
    for process in map(int, (tmp_path / "started").read_text().split()):
        wait_for(lambda process=process: not is_at_work(process), 5, "nothing is left behind")


@pytest.mark.parametrize(
    "script, reason, words",
    [("echo 'Permission denied the ZFS utilities must be run as root.' >&2; exit 1", "failed", "Permission denied"),
     ("exec head -c 100000000 /dev/zero", "too_large", "printed more than"), ("echo gibberish", "malformed", "gibberish")])  # fmt: skip
def test_what_fails_is_said_once(start: Start, tmp_path: Path, script: str, reason: str, words: str) -> None:
    host = Host(start, FIXTURES / "zfs-2.3", stand_in(tmp_path, script))
    host.wait_for_zpool(success=0)
    for _ in range(5):
        assert host.value("martlet_scrape_part_problem_info", collector="zfs", part="arc", reason=reason) == 1
        assert host.value("zfs_arc_size_bytes") == 15123456512
        assert host.value("martlet_scrape_part_success", collector="zfs", part="pool/tank") == 1
    said = [line for line in host.program.output.splitlines() if "scrape incomplete" in line]
    assert len(said) == 1 and words in said[0], host.program.output


def test_no_pools_are_no_problem(start: Start, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / KSTAT).mkdir(parents=True)
    host = Host(start, root, stand_in(tmp_path, "echo 'no pools available' >&2; exit 1"))
    host.wait_for_zpool()
    assert host.value("martlet_scrape_collector_success", collector="zfs") == 1


def test_old_answers_go(start: Start, tmp_path: Path) -> None:
    zpool = answering(tmp_path, "list.txt", "status-2.3.json")
    host = Host(start, FIXTURES / "zfs-2.3", zpool, interval="2s")
    host.wait_for_zpool()
    stand_in(tmp_path, "exit 1")
    host.wait_for_zpool(success=0)
    assert host.value("zfs_pool_size_bytes", pool="rpool") == 498216206336
    wait_for(lambda: host.value("zfs_pool_size_bytes", pool="rpool") is None, 15, "what it said is dropped")
    assert host.value("zfs_pool_health", pool="rpool") == 0


def test_a_reload_keeps_what_is_known(start: Start, tmp_path: Path) -> None:
    host = Host(start, FIXTURES / "zfs-2.3", answering(tmp_path, "list.txt", "status-2.3.json"), interval="60s")
    host.wait_for_zpool()
    stand_in(tmp_path, "exec sleep 600")
    assert fetch(host.url + "/-/reload", method="POST", body=b"").status == 200
    assert host.value("zfs_pool_size_bytes", pool="rpool") == 498216206336


# Pools and files


def copy(tmp_path: Path, tree: str = "zfs-2.3") -> Path:
    return Path(shutil.copytree(FIXTURES / tree, tmp_path / "root"))


def test_pools_come_and_go(start: Start, tmp_path: Path) -> None:
    root = copy(tmp_path)
    host = Host(start, root, answering(tmp_path, "list.txt", "status-2.3.json"))
    host.wait_for_zpool()
    assert host.value("zfs_pool_size_bytes", pool="tank") == 31937157529600
    os.rename(root / KSTAT / "tank", root / "tank")
    assert not [key for key in host.samples() if ("pool", "tank") in key[1]]
    os.rename(root / "tank", root / KSTAT / "tank")
    assert host.value("zfs_pool_size_bytes", pool="tank") == 31937157529600


BAD_NAMES = ["two  spaces", "tab\there", 'quote"s', "back\\slash", 'x"} 1', "umlaut ä", "\U0001f985", "a" * 300]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_hostile_names_stay_names(start: Start, tmp_path: Path, name: str) -> None:
    root = copy(tmp_path)
    file = root / KSTAT / "tank/objset-0x81"
    file.write_text(file.read_text().replace("tank/my data", f"tank/{name}"))
    samples = Host(start, root, None).samples()
    assert difference(kernel_samples(root, "disk"), samples, "zfs_") == []
    assert any(dict(labels).get("dataset") == f"tank/{name}" for _, labels in samples)


BREAKAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda text: b"",
    "no header": lambda text: b"\n".join(text.split(b"\n")[2:]),
    "half": lambda text: text[: len(text) // 2],
    "zeros": lambda text: bytes(len(text)),
    "random bytes": lambda text: bytes((17 * index + 93) % 256 for index in range(5000)),
    "10 MB": lambda text: text + b"x" * 10_000_000,
    "huge numbers": lambda text: re.sub(rb"\d+\n", b"9" * 400 + b"\n", text),
    "negative numbers": lambda text: re.sub(rb" (\d+)\n", rb" -\1\n", text),
    "carriage returns": lambda text: text.replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_broken_files_break_nothing_else(start: Start, tmp_path: Path, breakage: str) -> None:
    root = copy(tmp_path)
    for name in ("arcstats", "tank/objset-0x81", "tank/iostats", "tank/state", "tank/guid"):
        file = root / KSTAT / name
        file.write_bytes(BREAKAGES[breakage](file.read_bytes()))
    host = Host(start, root, None, "--exporter.detail", "all")
    for _ in range(2):
        answer = host.metrics()
        assert answer.status == 200
        samples, _ = parse_exposition(answer.text)
        assert samples["zfs_pool_health", frozenset({("pool", "rpool")})] == 0
        assert samples["zfs_zil_commits_total", frozenset()] > 0
        check = subprocess.run(["promtool", "check", "metrics"], input=answer.text, capture_output=True, text=True)
        assert check.returncode in (0, 3) and not [line for line in check.stderr.splitlines() if "error" in line.lower() and "while" in line], check.stderr
    assert host.program.is_running


# Which collectors run


def collectors(exporter: Exporter) -> set[str]:
    return {dict(labels)["collector"] for name, labels in parse_exposition(exporter.metrics().text)[0] if name == "martlet_scrape_collector_success"}


PROXMOX = {"PROXMOX_HOST": "https://127.0.0.1:9", "PROXMOX_TOKEN_NAME": "monitor@pve!martlet", "PROXMOX_TOKEN_VALUE": "x"}

# What a host knows of itself.
HOST = {"zfs", "gpu", "containers", "system", "libvirt"}


@pytest.mark.parametrize(
    "flags, expected",
    [([], {"proxmox", "zfs"}), (["--exporter.role", "central"], {"proxmox"}), (["--exporter.role", "host"], HOST),
     (["--exporter.role", "host", "--collector.proxmox"], HOST | {"proxmox"}),
     (["--exporter.role", "host", "--no-collector.gpu", "--no-collector.containers", "--no-collector.system", "--no-collector.libvirt"], {"zfs"}), (["--no-collector.zfs"], {"proxmox"}),
     (["--exporter.role", "central", "--collector.zfs", "--no-collector.proxmox"], {"zfs"}),
     (["--exporter.role", "gpu"], {"gpu", "containers", "system"}),
     (["--exporter.role", "gpu", "--no-collector.gpu", "--no-collector.containers"], {"system"}),
     (["--collector.gpu", "--no-collector.zfs"], {"proxmox", "gpu"})])  # fmt: skip
def test_roles_and_flags(start: Start, flags: list[str], expected: set[str]) -> None:
    environment = PROXMOX | {"MARTLET_ZFS__ZPOOL_PATH": "/bin/true"}
    exporter = Exporter(start, environment, "--path.root", str(FIXTURES / "zfs-2.3"), "--scrape.timeout", "1s", *flags)
    assert collectors(exporter) == expected
    other = "zfs" if "zfs" in expected else min(expected)
    assert fetch(f"{exporter.url}/metrics?collect[]={other}").status == 200


def test_nothing_to_collect_is_an_error(tmp_path: Path) -> None:
    for flags, words in [(["--exporter.role", "central"], "no Proxmox cluster is configured"), (["--no-collector.zfs"], "no Proxmox cluster is configured")]:
        ended = run("exporter", "--path.root", FIXTURES / "zfs-2.3", *flags, cwd=tmp_path)
        assert ended.returncode == 1 and words in ended.stderr and "--exporter.role host" in ended.stderr
    ended = run("exporter", "--no-collector.proxmox", "--no-collector.zfs", env=PROXMOX, cwd=tmp_path)
    assert ended.returncode == 1 and "nothing is to be collected" in ended.stderr
    ended = run("exporter", "--path.root", FIXTURES / "zfs-2.3", "--collector.proxmox", cwd=tmp_path)
    assert ended.returncode == 1 and "no Proxmox cluster is configured" in ended.stderr
    ended = run("exporter", "--exporter.role", "host", env={"MARTLET_ZFS__ZPOOL_PATH": "zpool"}, cwd=tmp_path)
    assert ended.returncode == 1 and "is no absolute path" in ended.stderr


def test_a_machine_without_zfs_says_so_once(start: Start, tmp_path: Path) -> None:
    host = Host(start, tmp_path, None)
    host.program.wait_until(host.url + "/ready")
    for _ in range(3):
        assert not [name for name, _ in host.samples() if name.startswith("zfs_")]
    assert host.value("martlet_scrape_collector_success", collector="zfs") == 1
    time.sleep(2)
    assert host.program.output.count("no ZFS on this machine") == 1

"""Real containers of podman: our figures beside the kernel's files and podman's own, and what happens to containers as it happens."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import REPOSITORY, Start, fetch, run, wait_for
from exporting import Exporter
from oracle import Samples, parse_exposition
from podman import CONTROLLERS, IMAGE, Kernel, Podman, disk_below, reason_not_to

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(reason_not_to() is not None, reason=str(reason_not_to()))]

NAME = "llm_monitor_container_"
ENGINE = "llm_monitor_exporter_container_engine_"


@pytest.fixture(scope="module")
def engine(start_for_all: Start) -> Iterator[Podman]:
    # podman wants a path of at most fifty letters for what it keeps while it runs.
    folder = Path(tempfile.mkdtemp(prefix="podman-", dir="/tmp"))
    podman = Podman(folder, start_for_all)
    yield podman
    podman.close()
    shutil.rmtree(folder, ignore_errors=True)


class Host(Exporter):
    """An exporter of this machine's containers."""

    def __init__(self, start: Start, socket: Path | str, **settings: str) -> None:
        environment = {
            "MARTLET_CONTAINERS__ENABLED": "true", "MARTLET_CONTAINERS__ENGINE_SOCKET": str(socket), "MARTLET_ZFS__ENABLED": "false",
            "MARTLET_SYSTEM__ENABLED": "false",
        }
        super().__init__(start, environment | {f"MARTLET_{key}": value for key, value in settings.items()}, "--exporter.detail", "all")

    def samples(self) -> Samples:
        return parse_exposition(self.metrics().text)[0]

    def of(self, container: str) -> dict[tuple[str, ...], float]:
        """All of one container: name without its beginning, then the values of labels beyond those that all have."""
        found = {}
        for (name, labels), value in self.samples().items():
            words = dict(labels)
            if name.startswith(NAME) and words.pop("container", None) == container:
                if name != NAME + "info":
                    words.pop("image"), words.pop("gpu")
                    found[(name.removeprefix(NAME), *(words[key] for key in sorted(words)))] = value
        return found

    def info(self, container: str) -> dict[str, str] | None:
        for name, labels in self.samples():
            if name == NAME + "info" and dict(labels)["container"] == container:
                return dict(labels)
        return None

    def state(self, container: str) -> str | None:
        return next((key[1] for key, value in self.of(container).items() if key[0] == "state" and value == 1), None)

    def engine(self) -> str:
        return next(dict(labels)["state"] for (name, labels), value in self.samples().items() if name == ENGINE + "state" and value == 1)

    def waits(self, container: str, key: tuple[str, ...], value: float | None, seconds: float = 20) -> None:
        wait_for(lambda: (self.of(container).get(key, "absent") == (value if value is not None else "absent")), seconds, f"{key} of {container} is {value}")


@pytest.fixture(scope="module")
def host(start_for_all: Start, engine: Podman) -> Host:
    host = Host(start_for_all, engine.socket)
    wait_for(lambda: host.engine() == "answering", 20, "the engine answers")
    return host


def test_figures_are_the_kernels_and_podmans(host: Host, engine: Podman) -> None:
    work = "while :; do dd if=/dev/zero of=/file bs=64k count=32 2>/dev/null; wget -q -T 1 -O /dev/null http://10.88.0.1:9/; done"
    name = engine.container(
        "busy", "--memory", "64m", "--cpus", "0.3", "--pids-limit", "40", "--label", "com.docker.compose.project=shop", "--label", "secret=x",
        command=("/bin/sh", "-c", work))
    kernel = Kernel(engine.inspect(name)["State"]["Pid"])
    wait_for(lambda: kernel.figures()["cpu_throttled_seconds_total"] > 0 and sum(kernel.network().get("eth0", (0, 0))) > 0, 30, "work is done")
    # What stands still can be read twice.
    engine.run("pause", name)
    host.waits(name, ("state", "paused"), 1)
    before = kernel.figures()
    ours = host.of(name)
    after = kernel.figures()
    ours_of = {key: ours["cpu_seconds_total", key] if key in ("user", "system") else ours.get((key,), -1) for key in before}
    assert {key: (before[key], ours_of[key], after[key]) for key in before if not before[key] - 1e-9 <= ours_of[key] <= after[key] + 1e-9} == {}
    received, transmitted = kernel.network()["eth0"]
    assert (ours["network_bytes_total", "receive"], ours["network_bytes_total", "transmit"]) == (received, transmitted) and transmitted > 0
    assert ours["memory_limit_bytes",] == 64 << 20 and ours["cpu_limit_cores",] == pytest.approx(0.3) and ours["threads_limit",] == 40
    assert ours["oom_kills_total",] == 0 and ours["restarts_total",] == 0
    assert ("pressure_waiting_seconds_total", "cpu") in ours
    started = engine.inspect(name)["State"]["StartedAt"]
    assert time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(ours["start_time_seconds",])) == started[:19]
    # podman's own figures of the same moment; the two modes are counted in ticks of a hundredth of a second.
    theirs = engine.stats(name)
    seconds = float(theirs["cpu_time"].removesuffix("ms")) / 1e3 if theirs["cpu_time"].endswith("ms") else float(theirs["cpu_time"].removesuffix("s"))
    assert ours["cpu_seconds_total", "user"] + ours["cpu_seconds_total", "system"] == pytest.approx(seconds, abs=0.03)
    assert theirs["pids"] == str(int(ours["threads",]))
    info = host.info(name)
    assert info and info["image"] == IMAGE and info["runtime"] == "podman" and info["container_id"] == engine.inspect(name)["Id"]
    assert info["label_com_docker_compose_project"] == "shop" and "secret" not in host.metrics().text
    engine.run("rm", "--force", "--time", "0", name)
    wait_for(lambda: host.of(name) == {}, 20, "it is forgotten")


def test_figures_under_load_are_podmans(host: Host, engine: Podman) -> None:
    """All that changes lies between what was read before and after podman was asked."""
    disk = disk_below(engine.socket.parent)
    # Of version 1 newer kernels count only where somebody has set a limit.
    limit = ["--device-write-bps", f"{disk}:2gb"] if disk else []
    work = "while :; do dd if=/dev/zero of=/file bs=1M count=4 oflag=direct; wget -q -T 1 -O /dev/null http://10.88.0.1:9/; done 2>/dev/null & "
    name = engine.container("laden", "--memory", "96m", "--cpus", "0.6", *limit, command=("/bin/sh", "-c", work + "while :; do :; done"))
    kernel = Kernel(engine.inspect(name)["State"]["Pid"])
    wait_for(lambda: (kernel.written() or 0) > 1e6 if disk else kernel.figures()["user"] > 0.5, 30, "it works")
    shown = ("io_bytes_total", "write") if disk else ("cpu_seconds_total", "user")
    wait_for(lambda: shown in host.of(name), 20, "it is seen")
    for _ in range(3):
        before, written = host.of(name), kernel.written()
        theirs = engine.asked(f"/containers/{name}/stats?stream=false")
        after = host.of(name)
        seconds = [of["cpu_seconds_total", "user"] + of["cpu_seconds_total", "system"] for of in (before, after)]
        assert seconds[0] - 0.03 <= theirs["cpu_stats"]["cpu_usage"]["total_usage"] / 1e9 <= seconds[1] + 0.03
        # Its threads come and go; a page or two of what they have is given back late.
        assert theirs["memory_stats"]["usage"] == pytest.approx(after["memory_usage_bytes",], abs=8 << 20)
        assert theirs["memory_stats"]["limit"] == after["memory_limit_bytes",] == 96 << 20
        assert 2 <= before["threads",] <= 4 and 2 <= theirs["pids_stats"]["current"] <= 4
        network = next(iter(theirs["networks"].values()))
        # Podman 4.3 looks at the host's end of the pair and calls what the container sends received; the kernel's word is compared above.
        received, transmitted = (("network_bytes_total", direction) for direction in ("receive", "transmit"))
        ways = [("rx_bytes", "tx_bytes"), ("tx_bytes", "rx_bytes")]
        assert any(
            before[received] <= network[one] <= after[received] and before[transmitted] <= network[other] <= after[transmitted]
            for one, other in ways)
        if written is None:
            assert ("io_bytes_total", "write") not in after
            continue
        told = sum(entry["value"] for entry in theirs["blkio_stats"]["io_service_bytes_recursive"] if entry["op"] == "Write")
        assert 0 < before["io_bytes_total", "write"] <= told <= after["io_bytes_total", "write"]
    engine.run("rm", "--force", "--time", "0", name)


def test_many_that_come_and_go_are_seen_at_once(host: Host, engine: Podman) -> None:
    """Podman answers with status 500 about one that is just being removed, which says nothing of the others."""

    def failures() -> float:
        return host.samples()[ENGINE + "failures_total", frozenset()]

    earlier = failures()
    for index in range(10):
        name = engine.container(f"brief{index}")
        wait_for(lambda name=name: host.state(name) == "running" and host.of(name).get(("restarts_total",)) == 0, 6, f"{name} is seen")
        engine.run("rm", "--force", "--time", "0", name)
    assert failures() == earlier and host.engine() == "answering"


def test_a_life_from_created_to_removed(host: Host, engine: Podman) -> None:
    name = engine.container("life", verb="create", command=("/bin/sh", "-c", "sleep 5; exit 3"))
    host.waits(name, ("state", "created"), 1)
    assert ("exit_code",) not in host.of(name)
    engine.run("start", name)
    host.waits(name, ("state", "running"), 1)
    host.waits(name, ("exit_code",), 3)
    gone = host.of(name)
    assert host.state(name) == "exited" and gone["restarts_total",] == 0
    # No group, no figures; and none that are 0.
    assert not [key for key in gone if key[0].startswith(("cpu_", "memory_", "network_", "io_", "threads", "processes", "pressure"))]
    engine.run("rm", name)
    wait_for(lambda: host.of(name) == {}, 20, "it is forgotten")


def test_restarts_by_hand_and_as_a_new_container_are_counted(host: Host, engine: Podman) -> None:
    name = engine.container("again")
    host.waits(name, ("restarts_total",), 0)
    for count in (1, 2):
        engine.run("restart", "--time", "0", name)
        host.waits(name, ("restarts_total",), count)
    first = host.info(name)
    engine.run("rm", "--force", "--time", "0", name)
    engine.container("again")
    host.waits(name, ("restarts_total",), 3)
    second = host.info(name)
    assert first and second and first["container_id"] != second["container_id"]
    engine.run("rm", "--force", "--time", "0", name)


def test_restarts_that_a_policy_makes(host: Host, engine: Podman) -> None:
    name = engine.container("crash", "--restart", "on-failure:4", command=("/bin/sh", "-c", "sleep 1; exit 1"))
    wait_for(lambda: engine.inspect(name)["State"]["Status"] == "exited" and engine.inspect(name)["RestartCount"] == 4, 60, "four restarts")
    host.waits(name, ("restarts_total",), 4)
    host.waits(name, ("state", "exited"), 1)
    assert host.of(name)["restarts_total",] == 4
    engine.run("rm", "--force", name)


def test_a_process_killed_for_want_of_memory(host: Host, engine: Podman) -> None:
    hog = "dd if=/dev/zero of=/dev/null bs=100M count=1"
    # Its child is killed, and it lives on: nobody but the group knows.
    name = engine.container("child", "--memory", "16m", command=("/bin/sh", "-c", f"sleep 5; {hog}; sleep 1000"))
    host.waits(name, ("oom_kills_total",), 0)
    host.waits(name, ("oom_kills_total",), 1)
    assert host.state(name) == "running"
    # The count outlives the group.
    engine.run("restart", "--time", "0", name)
    wait_for(lambda: host.of(name).get(("restarts_total",)) == 1, 20, "it runs again")
    host.waits(name, ("oom_kills_total",), 2)
    engine.run("rm", "--force", "--time", "0", name)
    # The first process itself: the container ends, and its group with it.
    name = engine.container("first", "--memory", "16m", command=("/bin/sh", "-c", f"sleep 5; exec {hog}"))
    host.waits(name, ("state", "running"), 1)
    host.waits(name, ("exit_code",), 137)
    if engine.inspect(name)["State"]["OOMKilled"]:
        host.waits(name, ("oom_kills_total",), 1)
    engine.run("rm", "--force", name)


def test_an_unhealthy_container(host: Host, engine: Podman) -> None:
    name = engine.container("ill", "--health-cmd", "/bin/cat /well", "--health-retries", "1", "--health-interval", "disable")
    host.waits(name, ("health_state", "starting"), 1)
    engine.run("healthcheck", "run", name, check=False)
    host.waits(name, ("health_state", "unhealthy"), 1)
    assert host.of(name)["health_state", "healthy"] == 0
    engine.run("exec", name, "/bin/sh", "-c", "true > /well")
    engine.run("healthcheck", "run", name)
    host.waits(name, ("health_state", "healthy"), 1)
    engine.run("rm", "--force", "--time", "0", name)


def test_networks_that_are_not_its_own(host: Host, engine: Podman) -> None:
    own = engine.container("own")
    shared = engine.container("shared", "--network", f"container:{own}")
    open_ = engine.container("open", "--network", "host")
    closed = engine.container("closed", "--network", "none")
    for name in (own, shared, open_, closed):
        host.waits(name, ("state", "running"), 1)
    shown = {name: ("network_bytes_total", "receive") in host.of(name) for name in (own, shared, open_, closed)}
    assert shown == {own: True, shared: False, open_: False, closed: True}
    assert host.of(closed)["network_bytes_total", "receive"] == 0
    for name in (shared, own, open_, closed):
        engine.run("rm", "--force", "--time", "0", name)


def test_the_socket_goes_and_comes_back(host: Host, engine: Podman) -> None:
    name = engine.container("stays", "--health-cmd", "/bin/true", "--health-interval", "disable")
    ended = engine.container("ended", command=("/bin/true",))
    host.waits(name, ("health_state", "starting"), 1)
    host.waits(ended, ("state", "exited"), 1)
    engine.stop()
    wait_for(lambda: host.engine() in ("absent", "unreachable"), 30, "the engine is missed")
    left = host.of(name)
    # What the kernel knows stays, under the name that is known; what only the engine can know is absent.
    assert left["processes",] == 1 and left["memory_usage_bytes",] > 0 and left["state", "running"] == 1 and left["restarts_total",] == 0
    assert not [key for key in left if key[0] == "health_state"] and host.of(ended) == {}
    info = host.info(name)
    assert info and info["image"] == IMAGE
    assert fetch(host.url + "/ready").status == 200
    assert 'martlet_scrape_collector_success{collector="containers"} 1' in host.metrics().text
    engine.run("pause", name)
    host.waits(name, ("state", "paused"), 1)
    engine.run("unpause", name)
    # While nobody listens it is started again, once; that is found out afterwards.
    engine.run("restart", "--time", "0", name)
    engine.serve()
    wait_for(lambda: host.engine() == "answering", 60, "the engine answers again")
    host.waits(name, ("restarts_total",), 1)
    engine.run("rm", "--force", "--time", "0", name, ended)


def test_without_an_engine_names_are_ids(start: Start, engine: Podman) -> None:
    name = engine.container("anonymous")
    identity = engine.inspect(name)["Id"]
    host = Host(start, "none")
    assert host.engine() == "absent"
    alone = host.of(identity[:12])
    assert alone["state", "running"] == 1 and alone["processes",] == 1
    info = host.info(identity[:12])
    assert info and info["container_id"] == identity and info["runtime"] == "podman" and info["image"] == ""
    engine.run("rm", "--force", "--time", "0", name)


def test_a_guest_of_lxc_has_the_name_that_proxmox_gives_it(start: Start, engine: Podman, tmp_path: Path) -> None:
    """A group as LXC makes them, in the machine's own hierarchy; the guest's file lies where a container of ours would have the host's mounted."""
    hierarchies = [CONTROLLERS] if Kernel(os.getpid()).is_two else [CONTROLLERS / name for name in ("memory", "cpu", "cpuacct", "pids", "blkio", "freezer")]
    vmid = str(100_000 + os.getpid())
    made = [hierarchy / "lxc" / vmid / "ns" for hierarchy in hierarchies]
    process = start("/bin/sleep", "1000")
    try:
        for folder in made:
            folder.mkdir(parents=True)
            (folder / "cgroup.procs").write_text(str(process.process.pid))
        for name in ("proc", "sys"):
            (tmp_path / "root").mkdir(exist_ok=True)
            (tmp_path / "root" / name).symlink_to(f"/{name}")
        (tmp_path / "root/etc/pve/lxc").mkdir(parents=True)
        (tmp_path / f"root/etc/pve/lxc/{vmid}.conf").write_text("hostname: model\ndev0: /dev/nvidia3,gid=44\n")
        host = Host(start, "none", EXPORTER__ROOT=str(tmp_path / "root"))
        guest = host.of("model")
        assert guest["processes",] == 1 and guest["gpu_assigned", "3"] == 1 and guest["state", "running"] == 1
        info = host.info("model")
        assert info and info["container_id"] == vmid and info["runtime"] == "lxc" and info["gpu"] == "true"
    finally:
        process.kill()
        for folder in made:
            for path in (folder, folder.parent):
                wait_for(lambda path=path: not path.exists() or path.rmdir() is None, 10, f"{path} is removed")


def test_too_many_series_lose_whole_families_and_that_is_counted(start: Start, engine: Podman) -> None:
    names = [engine.container(f"many{index}") for index in range(5)]
    host = Host(start, engine.socket, CONTAINERS__LIMIT="100")
    wait_for(lambda: host.info(names[0]), 20, "names are known")
    samples = host.samples()
    shown = [key for key in samples if key[0].startswith(NAME)]
    dropped = {dict(labels)["family"]: value for (name, labels), value in samples.items() if name == "llm_monitor_exporter_series_dropped_total"}
    assert 50 < len(shown) <= 100 and dropped
    assert not {name for name, _ in shown} & set(dropped)
    # The count goes on.
    again = {dict(labels)["family"]: value for (name, labels), value in host.samples().items() if name == "llm_monitor_exporter_series_dropped_total"}
    assert all(again[family] > value for family, value in dropped.items())
    engine.run("rm", "--force", "--time", "0", *names)


def test_cadvisors_names(start: Start, engine: Podman) -> None:
    name = engine.container("compatible", "--memory", "64m", "--cpus", "0.5")
    host = Host(start, engine.socket, CONTAINERS__CADVISOR_NAMES="true")
    wait_for(lambda: host.info(name), 20, "the name is known")
    path = Kernel(engine.inspect(name)["State"]["Pid"]).paths["" if (CONTROLLERS / "cgroup.controllers").exists() else "memory"]
    theirs = {}
    for (family, labels), value in host.samples().items():
        words = dict(labels)
        if family.startswith("container_") and words.get("name") == name:
            assert words["id"] == "/" + path and words["image"] == IMAGE
            theirs[(family, *(words[key] for key in sorted(words) if key not in ("id", "name", "image")))] = value
    assert theirs["container_spec_memory_limit_bytes",] == 64 << 20
    assert theirs["container_spec_cpu_quota",] == 50_000 and theirs["container_spec_cpu_period",] == 100_000
    assert theirs["container_cpu_usage_seconds_total", "total"] > 0 and theirs["container_processes",] == 1
    assert ("container_network_receive_bytes_total", "eth0") in theirs and theirs["container_last_seen",] == pytest.approx(time.time(), abs=30)
    assert ("container_memory_failures_total", "pgfault", "hierarchy") in theirs
    engine.run("rm", "--force", "--time", "0", name)


def test_nobody_gets_the_socket_to_do_more_than_read() -> None:
    """All that is ever sent to it stands in one file, and is GET."""
    source = (REPOSITORY / "Sources/Ownership/Engine/EngineRequests.swift").read_text()
    assert ".method" not in source and "POST" not in source
    others = [path for path in (REPOSITORY / "Sources").rglob("*.swift") if "unixSocket" in path.read_text() and "Sources/Web" not in str(path)]
    assert [path.name for path in others] == ["EngineRequests.swift"]


def test_the_socket_must_be_an_absolute_path() -> None:
    done = run("exporter", env={"MARTLET_CONTAINERS__ENGINE_SOCKET": "docker.sock", "MARTLET_EXPORTER__ROLE": "host"})
    assert done.returncode != 0 and "absolute path" in done.stderr

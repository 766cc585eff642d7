"""Control groups of version 2, as a kernel that has no others makes them: martlet inside a small virtual machine, beside the files that it reads."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from micro_vm import BUSYBOX, run
from oracle import Samples, parse_exposition

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        shutil.which("qemu-system-x86_64") is None or not BUSYBOX.exists(), reason="QEMU or busybox is missing; scripts/bootstrap e2e installs them"),
]

DOCKER = "1" * 63 + "a"
PODMAN = "2" * 63 + "b"
NESTED = "3" * 63 + "c"
GROUPS = {
    "docker": f"system.slice/docker-{DOCKER}.scope",
    "guest": "lxc/101",
    "rootless": f"user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{PODMAN}.scope",
    "unit": "system.slice/ollama.service",
}
CONTAINERS = {"docker": DOCKER[:12], "guest": "model", "rootless": f"user@1000/{PODMAN[:12]}", "unit": "ollama"}

SCRIPT = f"""
for module in configfs null_blk veth; do insmod /modules/$module.ko; done
C=/sys/fs/cgroup
# A group with all controllers, from the root on.
group() {{
    path=$C
    for part in $(echo $1 | tr / ' '); do
        echo "+cpu +memory +io +pids" > $path/cgroup.subtree_control
        path=$path/$part
        mkdir -p $path
    done
}}
# Runs something in a group, with a network of its own.
start() {{
    unshare -n sh -c "echo \\$\\$ > $C/$1/cgroup.procs; exec sh -c '$2'" &
    PID=$!
}}
group {GROUPS["docker"]}
echo "30000 100000" > $C/{GROUPS["docker"]}/cpu.max
echo 32M > $C/{GROUPS["docker"]}/memory.max
echo 50 > $C/{GROUPS["docker"]}/pids.max
start {GROUPS["docker"]} "while :; do dd if=/dev/zero of=/dev/nullb0 bs=64k count=8 oflag=direct 2>/dev/null; done"
sleep 1
ip link add eth0 type veth; ip link set eth0 netns $PID
nsenter -n -t $PID ip link set eth0 up; nsenter -n -t $PID ip addr add 10.9.9.1/24 dev eth0
ip link set veth0 up; ip addr add 10.9.9.2/24 dev veth0; ping -c 3 10.9.9.1 >/dev/null
# One of its processes wants more memory than there may be.
sh -c "echo 0 > $C/{GROUPS["docker"]}/cgroup.procs; dd if=/dev/zero of=/dev/null bs=100M count=1" 2>/dev/null
DOCKERPID=$PID
group {GROUPS["guest"]}/ns/init.scope
group {GROUPS["guest"]}/ns/system.slice/docker-{NESTED}.scope
start {GROUPS["guest"]}/ns/init.scope "cat /init /bin/martlet > /tmp/copy; sleep 1000"
start {GROUPS["guest"]}/ns/system.slice/docker-{NESTED}.scope "while :; do :; done"
group {GROUPS["rootless"]}/container
start {GROUPS["rootless"]}/container "sleep 1000 & sleep 1000"
group {GROUPS["unit"]}
start {GROUPS["unit"]} "sleep 1000"
group qemu.slice/100.scope
start qemu.slice/100.scope "sleep 1000"
mkdir -p /etc/pve/lxc
printf 'hostname: model\\ndev0: /dev/nvidia0,gid=44\\n' > /etc/pve/lxc/101.conf
sleep 2
# What stands still can be read twice.
for path in {" ".join(GROUPS.values())}; do echo 1 > $C/$path/cgroup.freeze; done
sleep 1
files() {{
    for path in {" ".join(GROUPS.values())}; do
        for name in cpu.stat cpu.max cpu.pressure memory.current memory.max memory.peak memory.stat memory.events memory.swap.current memory.pressure io.stat \\
            io.pressure pids.current pids.max cgroup.events; do
            sed "s|^|$path/$name |" $C/$path/$name
        done
        find $C/$path -name cgroup.procs | while read file; do sed "s|^|$path/procs |" $file; done
    done
    sed "s|^|network |" /proc/$DOCKERPID/net/dev
}}
MARTLET_CONTAINERS__CADVISOR_NAMES=true MARTLET_CONTAINERS__CGROUPS__0=system.slice/ollama.service martlet exporter --exporter.role host --exporter.detail all &
until wget -q -O /dev/null http://127.0.0.1:9221/health; do sleep 0.2; done
echo "=== before"
files
echo "=== metrics"
wget -q -O - http://127.0.0.1:9221/metrics
echo "=== after"
files
echo "=== machine"
cat /proc/meminfo; grep btime /proc/stat; grep -c ^cpu[0-9] /proc/stat
"""


class Files:
    """The kernel's files at a moment."""

    def __init__(self, text: str) -> None:
        self.lines = [line for line in text.splitlines() if line]

    def of(self, group: str, name: str) -> list[str]:
        start = f"{GROUPS[group]}/{name} "
        return [line.removeprefix(start) for line in self.lines if line.startswith(start)]

    def number(self, group: str, name: str) -> float | None:
        return None if (text := self.of(group, name)[0]) == "max" else float(text)

    def entries(self, group: str, name: str) -> dict[str, float]:
        return {words[0]: float(words[1]) for line in self.of(group, name) if len(words := line.split()) == 2}

    def pressure(self, group: str, resource: str, kind: str) -> float:
        line = next(line for line in self.of(group, f"{resource}.pressure") if line.startswith(kind))
        return float(re.findall(r"total=(\d+)", line)[0]) / 1e6

    def figures(self, group: str) -> dict[tuple[str, ...], float | None]:
        cpu, memory = self.entries(group, "cpu.stat"), self.entries(group, "memory.stat")
        quota, period = self.of(group, "cpu.max")[0].split()
        usage = self.number(group, "memory.current") or 0
        devices = [dict(word.split("=") for word in line.split()[1:]) for line in self.of(group, "io.stat")]
        found: dict[tuple[str, ...], float | None] = {
            ("cpu_seconds_total", "user"): cpu["user_usec"] / 1e6,
            ("cpu_seconds_total", "system"): cpu["system_usec"] / 1e6,
            ("cpu_throttled_seconds_total",): cpu["throttled_usec"] / 1e6,
            ("cpu_periods_total",): cpu["nr_periods"],
            ("cpu_throttled_periods_total",): cpu["nr_throttled"],
            ("cpu_limit_cores",): None if quota == "max" else float(quota) / float(period),
            ("memory_usage_bytes",): usage,
            ("memory_working_set_bytes",): max(0, usage - memory["inactive_file"]),
            ("memory_limit_bytes",): self.number(group, "memory.max"),
            ("memory_peak_bytes",): self.number(group, "memory.peak"),
            ("memory_anonymous_bytes",): memory["anon"],
            ("memory_cache_bytes",): memory["file"],
            ("memory_swap_bytes",): self.number(group, "memory.swap.current"),
            ("memory_page_faults_total", "major"): memory["pgmajfault"],
            ("memory_page_faults_total", "minor"): memory["pgfault"] - memory["pgmajfault"],
            ("oom_kills_total",): self.entries(group, "memory.events")["oom_kill"],
            ("threads",): self.number(group, "pids.current"),
            ("threads_limit",): self.number(group, "pids.max"),
            ("processes",): float(len(self.of(group, "procs"))),
            ("io_bytes_total", "read"): sum(float(device["rbytes"]) for device in devices),
            ("io_bytes_total", "write"): sum(float(device["wbytes"]) for device in devices),
            ("io_operations_total", "read"): sum(float(device["rios"]) for device in devices),
            ("io_operations_total", "write"): sum(float(device["wios"]) for device in devices),
        }
        for resource in ("cpu", "memory", "io"):
            found["pressure_waiting_seconds_total", resource] = self.pressure(group, resource, "some")
            found["pressure_stalled_seconds_total", resource] = self.pressure(group, resource, "full")
        return found


def of(samples: Samples, container: str) -> dict[tuple[str, ...], float]:
    found = {}
    for (name, labels), value in samples.items():
        words = dict(labels)
        if name.startswith("llm_monitor_container_") and not name.endswith("_info") and words.pop("container") == container:
            words.pop("image"), words.pop("gpu")
            found[(name.removeprefix("llm_monitor_container_"), *(words[key] for key in sorted(words)))] = value
    return found


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return run(SCRIPT, tmp_path_factory.mktemp("vm"), ["configfs", "null_blk", "veth"])


@pytest.mark.parametrize("group", GROUPS)
def test_figures_are_the_kernels(machine: dict[str, str], group: str) -> None:
    samples, _ = parse_exposition(machine["metrics"])
    ours = of(samples, CONTAINERS[group])
    before, after = Files(machine["before"]).figures(group), Files(machine["after"]).figures(group)
    wrong = {}
    for key, first in before.items():
        value, last = ours.get(key), after[key]
        if first is None or last is None or value is None:
            if (first, value, last) != (None, None, None):
                wrong[key] = (first, value, last)
        elif not first - 1e-9 <= value <= last + 1e-9:
            wrong[key] = (first, value, last)
    assert wrong == {}


def test_what_was_made_to_happen_is_seen(machine: dict[str, str]) -> None:
    samples, _ = parse_exposition(machine["metrics"])
    docker, guest, rootless = (of(samples, CONTAINERS[name]) for name in ("docker", "guest", "rootless"))
    assert docker["oom_kills_total",] == 1 and docker["cpu_throttled_seconds_total",] > 0 and docker["io_bytes_total", "write"] > 1e6
    assert docker["cpu_limit_cores",] == pytest.approx(0.3) and docker["memory_limit_bytes",] == 32 << 20 and docker["threads_limit",] == 50
    assert docker["state", "paused"] == 1
    # The guest as a whole, with the container that runs in it; nothing of it comes twice, and no VM or plain unit at all.
    assert guest["processes",] >= 2 and guest["cpu_seconds_total", "user"] > 0.5 and guest["gpu_assigned", "0"] == 1
    assert rootless["processes",] >= 2
    containers = {dict(labels)["container"] for name, labels in samples if name == "llm_monitor_container_info"}
    assert containers == set(CONTAINERS.values())


def test_network_of_its_own(machine: dict[str, str]) -> None:
    samples, _ = parse_exposition(machine["metrics"])
    docker = of(samples, CONTAINERS["docker"])

    def words(moment: str) -> list[float]:
        line = next(line for line in Files(machine[moment]).lines if line.startswith("network") and "eth0:" in line)
        return [float(word) for word in line.partition(":")[2].split()]

    # The kernel goes on talking to its neighbours.
    for place, key in [(0, ("network_bytes_total", "receive")), (8, ("network_bytes_total", "transmit")), (1, ("network_packets_total", "receive"))]:
        assert 0 < words("before")[place] <= docker[key] <= words("after")[place]


def test_cadvisors_names(machine: dict[str, str]) -> None:
    samples, _ = parse_exposition(machine["metrics"])
    labels = frozenset({"id": "/" + GROUPS["docker"], "name": CONTAINERS["docker"], "image": ""}.items())
    assert samples["container_memory_working_set_bytes", labels] == of(samples, CONTAINERS["docker"])["memory_working_set_bytes",]
    assert samples["container_fs_writes_bytes_total", labels | {("device", "/dev/nullb0")}] > 1e6
    assert ("container_pressure_io_waiting_seconds_total", labels) in samples


def test_the_machine_beside_them(machine: dict[str, str]) -> None:
    samples, _ = parse_exposition(machine["metrics"])
    total = float(re.findall(r"MemTotal: +(\d+)", machine["machine"])[0]) * 1024
    assert samples["llm_monitor_system_memory_total_bytes", frozenset()] == total
    assert samples["llm_monitor_system_cpus", frozenset()] == 2
    assert samples["llm_monitor_system_pressure_waiting_seconds_total", frozenset({("resource", "io")})] > 0
    info = next(dict(labels) for name, labels in samples if name == "llm_monitor_system_info")
    assert re.match(r"\d+\.\d+.*cloud", info["kernel"])

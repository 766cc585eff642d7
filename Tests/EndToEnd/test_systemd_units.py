"""The units of deploy/systemd: systemd accepts them, and they allow all that the exporter does."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import journald
import grpc
import pytest
import yaml
from conftest import DEBUG, MARTLET, REPOSITORY, Start, fetch, free_port, run, wait_for
from doors import LAUNCHER, PASSWORD, Simulator, bcrypt, curl
from loki_stand_in import LokiStandIn
from protos import generate
from test_init import SECRET, simulate
from viewing import upstream

FOLDER = REPOSITORY / "deploy/systemd"
SERVICE, SOCKET = FOLDER / "martlet-exporter.service", FOLDER / "martlet-exporter.socket"
ZFS, GPU = FOLDER / "martlet-exporter-zfs.conf", FOLDER / "martlet-exporter-gpu.conf"
DISCOVERY = FOLDER / "martlet-discovery.service"
DASHBOARDS = FOLDER / "martlet-dashboards.service"
LOGS = FOLDER / "martlet-logs.service"
MANAGER, PROVIDER, LIBVIRT = FOLDER / "martlet-manager.service", FOLDER / "martlet-provider@.service", FOLDER / "martlet-provider-libvirt.conf"
PROGRAM, SETTINGS = "/usr/local/bin/martlet", "/etc/martlet/martlet.yml"
PROVIDER_PROGRAM = Path(os.environ.get("MARTLET_MANAGER", DEBUG / "martlet-manager"))
MANAGER_PROGRAM = "/usr/local/bin/martlet-manager"
# Of a template systemd judges what it makes.
INSTANCES = {PROVIDER: "martlet-provider@libvirt.service"}

# What runs where: a unit with its drop-ins, and how much of it systemd may call exposed.
SERVICES = {
    "exporter": (SERVICE, [], 1.3),
    "discovery": (DISCOVERY, [], 1.3),
    "dashboards": (DASHBOARDS, [], 1.3),
    "logs": (LOGS, [], 1.4),
    "manager": (MANAGER, [], 1.3),
    "provider": (PROVIDER, [], 1.3),
    "provider of libvirt": (PROVIDER, [LIBVIRT], 1.4),
    "ZFS host": (SERVICE, [ZFS], 1.7),
    "GPU host": (SERVICE, [GPU], 1.5),
    "ZFS and GPU host": (SERVICE, [ZFS, GPU], 1.7),
}
each_service = pytest.mark.parametrize("name", SERVICES)

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")


def values(key: str, unit: Path = SERVICE) -> list[str]:
    """What the unit's lines of a key say."""
    return re.findall(rf"^{key}=(.*)$", unit.read_text(), re.MULTILINE)


def environment_of(unit: Path, credentials: Path, drop_in: Path | None = None) -> dict[str, str]:
    """What systemd sets for the service, with the credentials in that folder."""
    pairs = dict(line.replace("%d", str(credentials)).split("=", 1) for line in values("Environment", unit))
    gone = {name for line in (values("UnsetEnvironment", drop_in) if drop_in else []) for name in line.split()}
    return {name: value for name, value in pairs.items() if name not in gone}


def members(name: str) -> set[str]:
    """System calls of one of systemd's sets, or the one call."""
    if not name.startswith("@"):
        return {name}
    told = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], capture_output=True, text=True, check=True, timeout=60).stdout
    return set().union(*(members(line.strip()) for line in told.splitlines()[1:] if line.strip() and not line.strip().startswith("#")))


def allowed_calls() -> set[str]:
    allowed: set[str] = set()
    for line in values("SystemCallFilter"):
        named = set().union(*(members(name) for name in line.removeprefix("~").split()))
        allowed = allowed - named if line.startswith("~") else allowed | named
    return allowed


def can_trace() -> bool:
    return shutil.which("strace") is not None and subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode == 0


def instance(unit: Path) -> str:
    return INSTANCES.get(unit, unit.name)


def tree(root: Path, drop_ins: list[Path]) -> Path:
    """A system with our units, these drop-ins, and the targets and slices that systemd brings; nothing of the machine's own units."""
    stock, units = root / "lib/systemd/system", root / "etc/systemd/system"
    stock.mkdir(parents=True)
    for kind in ("target", "slice"):
        for unit in Path("/lib/systemd/system").glob(f"*.{kind}"):
            shutil.copy(unit, stock)
    units.mkdir(parents=True)
    for unit in (SERVICE, SOCKET, DISCOVERY, DASHBOARDS, LOGS, MANAGER, PROVIDER):
        shutil.copy(unit, units)
    for drop_in in drop_ins:
        folder = units / f"{instance(PROVIDER if drop_in == LIBVIRT else SERVICE)}.d"
        folder.mkdir(exist_ok=True)
        shutil.copy(drop_in, folder)
    for program in (PROGRAM, MANAGER_PROGRAM, "/bin/kill"):
        there = root / program.lstrip("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        there.write_text("#!/bin/sh\n")
        there.chmod(0o755)
    return root


def analyze(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    verb, *rest = words
    return subprocess.run(["systemd-analyze", verb, f"--root={root}", "--no-pager", *rest], capture_output=True, text=True, timeout=60)


def told_open(unit: Path, drop_ins: list[Path]) -> dict[str, str]:
    """What the comments of these files list as open, with the reason."""
    lines = "".join(path.read_text() for path in (unit, *drop_ins))
    return dict(re.findall(r"^#   ([A-Z][A-Za-z]+=\S*) {2,}(\S.*)$", lines, re.MULTILINE))


@needs_systemd
@each_service
def test_systemd_has_nothing_to_say(tmp_path: Path, name: str) -> None:
    """It warns of keys that it does not know, and ends well all the same: the warning is looked for too."""
    unit, drop_ins, _ = SERVICES[name]
    root = tree(tmp_path / "root", drop_ins)
    for each in {instance(unit), *([SOCKET.name] if unit == SERVICE else [])}:
        check = analyze(root, "verify", "--man=no", each)
        assert (check.returncode, check.stdout, check.stderr) == (0, "", ""), each
    last = root / "etc/systemd/system" / (f"{instance(unit)}.d/{drop_ins[-1].name}" if drop_ins else unit.name)
    last.write_text(last.read_text().replace("[Service]\n", "[Service]\nPrivateDevice=no\n"))
    assert "Unknown key" in analyze(root, "verify", "--man=no", instance(unit)).stderr


@needs_systemd
@each_service
def test_what_is_open_is_told_with_the_reason(tmp_path: Path, name: str) -> None:
    """Little is, and each of it stands in the comments of unit and drop-ins, and nothing else."""
    unit, drop_ins, most = SERVICES[name]
    root = tree(tmp_path / "root", drop_ins)
    said = analyze(root, "security", "--offline=true", instance(unit))
    score = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said.stdout)
    assert score, said.stdout + said.stderr
    print(f"{name}: {score.group(1)}")
    assert float(score.group(1)) <= most, said.stdout
    # The page has a row for each but the host that is both.
    rows_of_page = re.findall(r"^\| .* \| `(martlet-.*?)` ?\|(.*)\| ([0-9.]+) \|$", (FOLDER / "README.md").read_text(), re.MULTILINE)
    written = [number for units, names, number in rows_of_page if unit.name in units and [drop_in.name for drop_in in drop_ins] == re.findall(r"[a-z-]+\.conf", names)]
    assert written == ([score.group(1)] if len(drop_ins) < 2 else [])
    rows = json.loads(analyze(root, "security", "--offline=true", "--json=short", instance(unit)).stdout)
    assert len(rows) > 60
    assert {row["name"] for row in rows if not row["set"] and row["exposure"]} == set(told_open(unit, drop_ins))
    assert all(reason.endswith(".") and len(reason) > 8 for reason in told_open(unit, drop_ins).values())


def test_a_drop_in_opens_what_it_tells_and_nothing_else() -> None:
    for drop_in, device in [(ZFS, "/dev/zfs rw"), (GPU, "char-nvidia* rw")]:
        section = drop_in.read_text().split("[Service]")[1]
        keys = {line.split("=")[0] for line in section.splitlines() if line and not line.startswith("#")}
        told = {key.rstrip("=") for key in told_open(drop_in, [])}
        assert keys == told | {"LoadCredential", "UnsetEnvironment", "DevicePolicy"}
        assert values("DeviceAllow", drop_in) == [device] and values("DevicePolicy", drop_in) == ["closed"]


@needs_systemd
@pytest.mark.skipif(not can_trace(), reason="strace is not installed or may not trace")
def test_the_service_may_run_zpool(start: Start, tmp_path: Path) -> None:
    fixtures = REPOSITORY / "Tests/ZFSCollectorTests/Fixtures"
    zpool = tmp_path / "zpool"
    zpool.write_text(f"#!/bin/sh\ncase \"$*\" in list*) cat '{fixtures}/zpool/list.txt';; *) cat '{fixtures}/zpool/status-2.3.json';; esac\n")
    zpool.chmod(0o755)
    port, trace = free_port(), tmp_path / "trace"
    tracer = start(
        "/usr/bin/strace", "-f", "-qq", "-o", trace, MARTLET, "exporter", "--exporter.role", "host", "--path.root", fixtures / "zfs-2.3",
        "--web.listen-address", f"127.0.0.1:{port}", env={"MARTLET_ZFS__ZPOOL_PATH": str(zpool)})
    wait_for(lambda: "zfs_pool_size_bytes" in curl(f"http://127.0.0.1:{port}/metrics").body, 60, f"zpool was asked; {tracer.output}")
    # The list is answered before the states are asked for.
    wait_for(lambda: trace.read_text().count(f'execve("{zpool}"') >= 2, 30, "zpool was asked for both")
    lines = trace.read_text().splitlines()
    process = int(next(line for line in lines if f'execve("{MARTLET}"' in line).split()[0])
    subprocess.run(["kill", str(process)], check=True)
    tracer.process.wait(60)
    lines = trace.read_text().splitlines()
    assert sum(f'execve("{zpool}"' in line for line in lines) >= 2
    calls = {found.group(1) for line in lines if (found := re.match(r"\d+ +(\w+)\(", line))}
    assert {"execve", "pidfd_open", "getdents64"} <= calls and calls - allowed_calls() == set()
    assert [line for line in lines if "PROT_WRITE|PROT_EXEC" in line or re.search(r"\bmprotect\(.*PROT_EXEC", line)] == []


def test_the_others_are_allowed_what_the_exporter_is() -> None:
    """Which traces of exporter, dashboards, logs and a provider show to be enough."""
    def sandbox(unit: Path) -> list[str]:
        lines = unit.read_text().splitlines()
        return lines[lines.index("CapabilityBoundingSet="):lines.index("[Install]")]

    assert sandbox(DISCOVERY) == sandbox(DASHBOARDS) == sandbox(LOGS) == sandbox(MANAGER) == sandbox(PROVIDER) == sandbox(SERVICE)


@pytest.mark.parametrize("unit", [SERVICE, DISCOVERY], ids=lambda unit: unit.stem)
def test_what_init_writes_fits_the_service(start: Start, tmp_path: Path, unit: Path) -> None:
    """The settings name the token where only root reads it; the unit says where the service's copy is, beside other clusters' settings."""
    cluster = simulate(start, tmp_path / "world")
    settings, token, credentials = tmp_path / "etc/martlet.yml", tmp_path / "etc/token", tmp_path / "credentials"
    flags = ["--yes", "--endpoint", cluster.address, "--fingerprint", cluster.fingerprint, "--token-file", token, "--config.file", settings]
    outcome = run("init", *flags, env={"PROXMOX_TOKEN_VALUE": SECRET}, cwd=tmp_path)
    assert outcome.returncode == 0, outcome.stderr
    assert settings.stat().st_mode & 0o444 == 0o444 and str(token) in settings.read_text()
    credentials.mkdir()
    token.rename(credentials / values("LoadCredential", unit)[0].split(":")[0])
    (command,) = values("ExecStart", unit)
    words = [word for word in command.split()[1:] if word not in ("--web.systemd-socket", "$ARGS")]
    port = free_port()
    start(
        *(str(settings) if word == SETTINGS else word for word in words), "--web.listen-address", f"127.0.0.1:{port}",
        env=environment_of(unit, credentials), cwd=tmp_path)
    path, word = ("/metrics", "pve_node_up{") if unit == SERVICE else ("/targets", '"targets"')
    wait_for(lambda: word in curl(f"http://127.0.0.1:{port}{path}").body, 30, "data")


def test_the_page_keeps_the_token_where_root_alone_reads_it() -> None:
    """Both units load it from where the settings of the page name it."""
    example = re.search(r"```yaml\n# /etc/martlet/martlet.yml\n(.*?)```", (FOLDER / "README.md").read_text(), re.DOTALL)
    assert example
    (cluster,) = yaml.safe_load(example.group(1))["proxmox"]["clusters"]
    for unit in (SERVICE, DISCOVERY):
        assert values("LoadCredential", unit) == [f"token:{cluster['token_file']}"]


@pytest.mark.parametrize("drop_in", [ZFS, GPU], ids=lambda drop_in: drop_in.stem)
def test_a_host_needs_no_cluster(start: Start, tmp_path: Path, drop_in: Path) -> None:
    """A variable that names a token would be half a cluster; the drop-in takes it away, with the token."""
    (tmp_path / "martlet.yml").write_text("exporter:\n  role: host\n")
    assert values("LoadCredential", drop_in) == [""]
    command = ("exporter", "--config.file", tmp_path / "martlet.yml", "--web.listen-address")
    refused = run(*command, "127.0.0.1:0", env=environment_of(SERVICE, tmp_path), cwd=tmp_path)
    assert refused.returncode == 1 and "a cluster needs an endpoint" in refused.stderr
    port = free_port()
    program = start(*command, f"127.0.0.1:{port}", env=environment_of(SERVICE, tmp_path, drop_in), cwd=tmp_path)
    program.wait_until(f"http://127.0.0.1:{port}/ready")


@pytest.mark.parametrize("unit", [SERVICE, DISCOVERY, DASHBOARDS, LOGS, MANAGER, PROVIDER], ids=lambda unit: unit.stem)
def test_all_have_limits(unit: Path) -> None:
    """Room for the 512 connections of the server, which takes half of the files, and for a thread of each processor."""
    (memory,), (tasks,), (files,), (core,) = (values(key, unit) for key in ("MemoryMax", "TasksMax", "LimitNOFILE", "LimitCORE"))
    assert (memory, core) == ("512M" if unit == DISCOVERY else "1G", "0") and int(tasks) >= 512 and int(files) >= 2 * 512


@needs_systemd
@pytest.mark.skipif(not can_trace(), reason="strace is not installed or may not trace")
def test_dashboards_may_do_all_that_they_do(start: Start, tmp_path: Path) -> None:
    """With the settings of a host that knows a cluster, whose token they neither need nor could read."""
    port, trace, settings = free_port(), tmp_path / "trace", tmp_path / "martlet.yml"
    settings.write_text(yaml.safe_dump({
        "proxmox": {"clusters": [{"endpoint": "https://pve1.example.org:8006", "token_file": str(tmp_path / "none")}]},
        "dashboards": {"listen_address": f"127.0.0.1:{port}"}}))
    assert values("LoadCredential", DASHBOARDS) == [] and values("Environment", DASHBOARDS) == []
    (command,) = values("ExecStart", DASHBOARDS)
    words = [str(settings) if word == SETTINGS else word for word in command.split()[1:] if word != "$ARGS"]
    with upstream() as prometheus:
        program = start(
            shutil.which("strace") or "", "-D", "-f", "-qq", "-s", "0", "-e", "signal=none", "-o", trace, MARTLET, *words, "--dashboards.prometheus-url", prometheus.url,
            "--dashboards.alertmanager-url", "off")
        url = f"http://127.0.0.1:{port}"
        program.wait_until(f"{url}/ready", 60)
        for path in ("/", "/metrics", "/api/me", "/api/boards/martlet-host-detail", "/export.csv?board=martlet-host-detail&panel=2", "/api/prometheus/api/v1/labels"):
            assert fetch(url + path, timeout=60).status in (200, 404), path
        assert prometheus.asked
    calls = {found.group(1) for line in trace.read_text().splitlines() if (found := re.match(r"\d+ +(\w+)\(", line))}
    assert {"execve", "socket"} <= calls and calls - allowed_calls() == set()


@needs_systemd
@pytest.mark.skipif(not can_trace(), reason="strace is not installed or may not trace")
def test_a_provider_may_do_all_that_it_does(start: Start, tmp_path: Path) -> None:
    """A machine is made, on a simulated hypervisor; it writes where the unit has its state, its socket, and nowhere else."""
    port, trace, settings = free_port(), tmp_path / "trace", tmp_path / "provider.yml"
    (command,) = values("ExecStart", PROVIDER)
    assert values("StateDirectory", PROVIDER) == values("RuntimeDirectory", PROVIDER) == ["martlet-manager/%i"]
    settings.write_text(yaml.safe_dump({"web": {"listen_address": [f"127.0.0.1:{port}"]}, "simulated": {"task_time": "200ms"}}))
    state, socket = tmp_path / "state", tmp_path / "run/provider.sock"
    socket.parent.mkdir()
    places = {"/etc/martlet/martlet-provider-%i.yml": settings, "/var/lib/martlet-manager/%i": state, "/run/martlet-manager/%i/provider.sock": socket, "%i": "simulated"}
    assert set(places) <= set(command.split())
    words = [str(places.get(word, word)) for word in command.split()[1:] if word != "$ARGS"]
    program = start(
        shutil.which("strace") or "", "-D", "-f", "-qq", "-s", "200", "-e", "signal=none", "-o", trace, PROVIDER_PROGRAM, *words)
    program.wait_until(f"http://127.0.0.1:{port}/ready", 60)
    made = generate(tmp_path)
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        assert made["provider_grpc"].ProviderStub(channel).Create(made["provider"].CreateRequest(name="web1", class_json='{"cpu": 1}'), timeout=30).id
    ended = re.compile(r'^virtrigaud_vm_operations_total\{[^}]*operation="Create"[^}]*outcome="success"[^}]*\} 1$', re.MULTILINE)
    wait_for(lambda: ended.search(fetch(f"http://127.0.0.1:{port}/metrics").text), 60, "the end of it")
    lines = trace.read_text().splitlines()
    calls = {found.group(1) for line in lines if (found := re.match(r"\d+ +(\w+)\(", line))}
    # SQLite hands the files that root makes to their folder's owner; the service is not root, and these tests may be.
    assert {"execve", "socket", "fdatasync"} <= calls and calls - allowed_calls() - {"fchown"} == set()
    families = set(re.findall(r"\bsocket\((AF_\w+)", "\n".join(lines)))
    assert "AF_UNIX" in families and families <= set(values("RestrictAddressFamilies", PROVIDER)[0].split()), families
    assert [line for line in lines if "PROT_WRITE|PROT_EXEC" in line or re.search(r"\bmprotect\(.*PROT_EXEC", line)] == []
    written = {found.group(1) for line in lines if (found := re.search(r'\bopenat?\(\w+, "([^"]+)", \S*(?:O_WRONLY|O_RDWR|O_CREAT)', line))} - {"/dev/null"}
    assert written and {path for path in written if not path.startswith(str(state))} == set()


@needs_systemd
@pytest.mark.skipif(not can_trace(), reason="strace is not installed or may not trace")
def test_the_manager_may_do_all_that_it_does(start: Start, tmp_path: Path) -> None:
    """An object is made over its API, kept, and shown; it writes where the unit has its state, and nowhere else."""
    port, api, trace, settings = free_port(), free_port(), tmp_path / "trace", tmp_path / "manager.yml"
    (command,) = values("ExecStart", MANAGER)
    assert values("StateDirectory", MANAGER) == ["martlet-manager/manager"] and values("RuntimeDirectory", MANAGER) == []
    settings.write_text(yaml.safe_dump({"web": {"listen_address": [f"127.0.0.1:{port}"]}, "manager": {"api": {"listen_address": [f"127.0.0.1:{api}"]}}}))
    state = tmp_path / "state"
    places = {"/etc/martlet/martlet-manager.yml": settings, "/var/lib/martlet-manager/manager": state}
    assert set(places) <= set(command.split())
    words = [str(places.get(word, word)) for word in command.split()[1:] if word != "$ARGS"]
    program = start(shutil.which("strace") or "", "-D", "-f", "-qq", "-s", "200", "-e", "signal=none", "-o", trace, PROVIDER_PROGRAM, *words)
    program.wait_until(f"http://127.0.0.1:{port}/ready", 60)
    wait_for(lambda: (state / "kubeconfig").exists(), 30, "its kubeconfig")
    config = yaml.safe_load((state / "kubeconfig").read_text())
    authority = tmp_path / "ca.crt"
    authority.write_bytes(base64.b64decode(config["clusters"][0]["cluster"]["certificate-authority-data"]))
    made = curl(
        f"https://127.0.0.1:{api}/apis/infra.virtrigaud.io/v1beta1/namespaces/default/vmclasses", "--cacert", authority, "-H", f"Authorization: Bearer {config['users'][0]['user']['token']}",
        "-H", "Content-Type: application/json", "-d", json.dumps({"apiVersion": "infra.virtrigaud.io/v1beta1", "kind": "VMClass", "metadata": {"name": "small"}, "spec": {"cpu": 1, "memory": "1Gi"}}))
    assert made.status == 201, made.body
    assert "virtrigaud_leader 1" in fetch(f"http://127.0.0.1:{port}/metrics").text
    lines = trace.read_text().splitlines()
    calls = {found.group(1) for line in lines if (found := re.match(r"\d+ +(\w+)\(", line))}
    # As of the provider.
    assert {"execve", "socket", "fdatasync"} <= calls and calls - allowed_calls() - {"fchown"} == set()
    families = set(re.findall(r"\bsocket\((AF_\w+)", "\n".join(lines)))
    assert "AF_INET" in families and families <= set(values("RestrictAddressFamilies", MANAGER)[0].split()), families
    assert [line for line in lines if "PROT_WRITE|PROT_EXEC" in line or re.search(r"\bmprotect\(.*PROT_EXEC", line)] == []
    written = {found.group(1) for line in lines if (found := re.search(r'\bopenat?\(\w+, "([^"]+)", \S*(?:O_WRONLY|O_RDWR|O_CREAT)', line))} - {"/dev/null"}
    assert written and {path for path in written if not path.startswith(str(state))} == set()


@needs_systemd
@pytest.mark.skipif(not can_trace(), reason="strace is not installed or may not trace")
@pytest.mark.skipif(journald.reason_not_to() is not None, reason=str(journald.reason_not_to()))
def test_logs_may_do_all_that_they_do(start: Start, tmp_path: Path) -> None:
    """With journalctl, its child, and a place for the state that is the only one where it writes."""
    port, trace, settings = free_port(), tmp_path / "trace", tmp_path / "martlet.yml"
    (command,) = values("ExecStart", LOGS)
    words = [str(settings) if word == SETTINGS else word for word in command.split()[1:] if word != "$ARGS"]
    assert values("StateDirectory", LOGS) == ["martlet-logs"] and values("SupplementaryGroups", LOGS) == ["systemd-journal"]
    journal, loki = journald.Journal(start), LokiStandIn()
    try:
        settings.write_text(yaml.safe_dump({"logs": {
            "listen_address": f"127.0.0.1:{port}", "loki": {"url": loki.url}, "journal": {"namespace": journal.namespace}, "state_dir": str(tmp_path / "state")}}))
        program = start(
            shutil.which("strace") or "", "-D", "-f", "-qq", "-s", "200", "-e", "signal=none", "-o", trace, MARTLET, *words,
            "--no-logs.containers")
        program.wait_until(f"http://127.0.0.1:{port}/health", 60)
        journal.write("a line")
        wait_for(lambda: "a line" in loki.texts(), 60, "a line")
        wait_for(lambda: '"cursor"' in (tmp_path / "state/places.json").read_text(), 30, "the place")
        assert fetch(f"http://127.0.0.1:{port}/metrics", timeout=60).status == 200
    finally:
        journal.close()
        loki.close()
    lines = trace.read_text().splitlines()
    calls = {found.group(1) for line in lines if (found := re.match(r"\d+ +(\w+)\(", line))}
    assert {"execve", "pidfd_open", "inotify_init1"} <= calls and calls - allowed_calls() == set()
    written = {found.group(1) for line in lines if (found := re.search(r'\bopenat?\((?:AT_FDCWD, )?"([^"]+)".*(?:O_WRONLY|O_RDWR|O_CREAT)', line))}
    assert {str(Path(path).parent) for path in written - {"/dev/null"}} == {str(tmp_path / "state")}


@needs_systemd
@pytest.mark.skipif(not can_trace(), reason="strace is not installed or may not trace")
def test_the_service_may_do_all_that_it_does(start: Start, tmp_path: Path, certificates: Any) -> None:
    simulator = Simulator(start)
    (tmp_path / "token").write_text(simulator.token)
    example = re.search(r"```yaml\n# /etc/martlet/martlet.yml\n(.*?)```", (FOLDER / "README.md").read_text(), re.DOTALL)
    assert example
    settings = yaml.safe_load(example.group(1))
    (cluster,) = settings["proxmox"]["clusters"]
    # A name, so that it is looked up.
    cluster |= {"token_file": str(tmp_path / "token"), "endpoint": f"http://localhost:{simulator.port}", "ca_file": str(certificates.authority)}
    settings["web"] = {"config_file": str(tmp_path / "web.yml")}
    (tmp_path / "martlet.yml").write_text(yaml.safe_dump(settings))
    doors = {"basic_auth_users": {"user": bcrypt()}, "tls_server_config": {"cert_file": str(certificates.server), "key_file": str(certificates.server)}}
    (tmp_path / "web.yml").write_text(yaml.safe_dump(doors))

    (command,) = values("ExecStart")
    words = command.replace(PROGRAM, str(MARTLET)).replace(SETTINGS, str(tmp_path / "martlet.yml")).removesuffix(" $ARGS").split()
    port, trace = free_port(), tmp_path / "trace"
    env = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "500000"}
    tracer = start("/usr/bin/strace", "-f", "-qq", "-o", trace, sys.executable, "-c", LAUNCHER, f"listening=127.0.0.1:{port}", "us", *words, env=env)
    url = f"https://127.0.0.1:{port}"
    flags = ("--cacert", certificates.authority, "--user", f"user:{PASSWORD}")
    wait_for(lambda: curl(url + "/metrics", *flags).body.count("pve_guest_info{") == 10, 60, f"a scrape; {tracer.output}")
    assert curl(f"{url}/pve?target=localhost:{simulator.port}", *flags).status == 200 and curl(url + "/", *flags).status == 200
    lines = trace.read_text().splitlines()
    process = int(next(line for line in lines if f'execve("{MARTLET}"' in line).split()[0])
    subprocess.run(["kill", f"-{signal.SIGHUP.value}", str(process)], check=True)
    wait_for(lambda: '"configuration reloaded"' in tracer.output, 30, f"a reload; {tracer.output}")
    time.sleep(0.6)
    subprocess.run(["kill", str(process)], check=True)
    assert tracer.process.wait(60) == 0, tracer.output

    lines = trace.read_text().splitlines()
    lines = lines[next(number for number, line in enumerate(lines) if f'execve("{MARTLET}"' in line) + 1:]
    calls = {found.group(1) for line in lines if (found := re.match(r"\d+ +(\w+)\(", line))}
    assert len(calls) > 40 and calls - allowed_calls() == set()
    families = set(re.findall(r"\bsocket\((AF_\w+)", "\n".join(lines)))
    assert {"AF_UNIX", "AF_INET"} <= families <= set(values("RestrictAddressFamilies")[0].split()), families
    # MemoryDenyWriteExecute, ProtectSystem, RestrictSUIDSGID and RestrictNamespaces.
    assert [line for line in lines if "PROT_WRITE|PROT_EXEC" in line or re.search(r"\bmprotect\(.*PROT_EXEC", line)] == []
    assert [line for line in lines if re.search(r"\bopenat?\(.*(O_WRONLY|O_RDWR|O_CREAT)", line) and "/dev/null" not in line] == []
    assert [line for line in lines if "S_ISUID" in line or "S_ISGID" in line or "CLONE_NEW" in line] == []

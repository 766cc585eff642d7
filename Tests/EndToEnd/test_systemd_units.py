"""The units of deploy/systemd: systemd accepts them, and they allow all that the exporter does."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import MARTLET, REPOSITORY, Start, free_port, run, wait_for
from doors import LAUNCHER, PASSWORD, Simulator, bcrypt, curl
from test_init import SECRET, simulate

FOLDER = REPOSITORY / "deploy/systemd"
SERVICE, SOCKET = FOLDER / "martlet-exporter.service", FOLDER / "martlet-exporter.socket"
ZFS = FOLDER / "martlet-exporter-zfs.conf"
DISCOVERY = FOLDER / "martlet-discovery.service"
PROGRAM, SETTINGS = "/usr/local/bin/martlet", "/etc/martlet/martlet.yml"

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


@needs_systemd
def test_systemd_has_nothing_to_say(tmp_path: Path) -> None:
    """It warns of keys that it does not know, and ends well all the same."""
    for unit in (SERVICE, SOCKET, DISCOVERY):
        (tmp_path / unit.name).write_text(unit.read_text().replace(PROGRAM, str(MARTLET)))
    check = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *tmp_path.iterdir()], capture_output=True, text=True, timeout=60)
    ours = [line for line in (check.stdout + check.stderr).splitlines() if "martlet" in line]
    assert (check.returncode, ours) == (0, [])


@needs_systemd
def test_systemd_takes_the_drop_in_for_zfs(tmp_path: Path) -> None:
    """A drop-in that is read with its unit; keys that systemd does not know it says something of."""
    for unit in (SERVICE, SOCKET):
        (tmp_path / unit.name).write_text(unit.read_text().replace(PROGRAM, str(MARTLET)))
    (tmp_path / f"{SERVICE.name}.d").mkdir()
    drop_in = tmp_path / f"{SERVICE.name}.d/zfs.conf"
    environment = {"PATH": "/usr/bin:/bin", "SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
    for text, is_fine in [(ZFS.read_text(), True), (ZFS.read_text() + "Unknown=yes\n", False)]:
        drop_in.write_text(text)
        check = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", SERVICE.name], capture_output=True, text=True, timeout=60, env=environment)
        ours = [line for line in (check.stdout + check.stderr).splitlines() if "martlet" in line]
        assert (check.returncode == 0 and ours == []) == is_fine, ours


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


def test_discovery_is_allowed_what_the_exporter_is() -> None:
    """Which a trace of the exporter shows to be enough: both are one program that asks an API and answers HTTP."""
    def sandbox(unit: Path) -> list[str]:
        lines = unit.read_text().splitlines()
        return lines[lines.index("CapabilityBoundingSet="):lines.index("[Install]")]

    assert sandbox(DISCOVERY) == sandbox(SERVICE)


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
    words = [word for word in command.split()[1:] if word != "--web.systemd-socket"]
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


def test_zfs_needs_no_cluster(start: Start, tmp_path: Path) -> None:
    """A variable that names a token would be half a cluster; the drop-in takes it away, with the token."""
    (tmp_path / "martlet.yml").write_text("exporter:\n  role: host\n")
    assert values("LoadCredential", ZFS) == [""]
    command = ("exporter", "--config.file", tmp_path / "martlet.yml", "--web.listen-address")
    refused = run(*command, "127.0.0.1:0", env=environment_of(SERVICE, tmp_path), cwd=tmp_path)
    assert refused.returncode == 1 and "a cluster needs an endpoint" in refused.stderr
    port = free_port()
    program = start(*command, f"127.0.0.1:{port}", env=environment_of(SERVICE, tmp_path, ZFS), cwd=tmp_path)
    program.wait_until(f"http://127.0.0.1:{port}/ready")


@pytest.mark.parametrize("unit", [SERVICE, DISCOVERY], ids=lambda unit: unit.stem)
def test_both_have_limits(unit: Path) -> None:
    """Room for the 512 connections of the server, which takes half of the files, and for a thread of each processor."""
    (memory,), (tasks,), (files,), (core,) = (values(key, unit) for key in ("MemoryMax", "TasksMax", "LimitNOFILE", "LimitCORE"))
    assert (memory, core) == ("1G" if unit == SERVICE else "512M", "0") and int(tasks) >= 512 and int(files) >= 2 * 512


@needs_systemd
@pytest.mark.parametrize("unit", [SERVICE, DISCOVERY], ids=lambda unit: unit.stem)
def test_little_is_left_to_be_exposed(unit: Path) -> None:
    check = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit], capture_output=True, text=True, timeout=60)
    score = re.search(r"Overall exposure level for \S+: ([0-9.]+)", check.stdout)
    assert score, check.stdout + check.stderr
    print(score.group(0))
    assert float(score.group(1)) <= 1.3, check.stdout


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
    words = command.replace(PROGRAM, str(MARTLET)).replace(SETTINGS, str(tmp_path / "martlet.yml")).split()
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

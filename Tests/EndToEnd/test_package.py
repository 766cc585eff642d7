"""What `make dist` makes: pages, bill of materials and Debian package, and the package's life on machines made of namespaces over Debian's own tree."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import MARTLET, REPOSITORY, environment_without_settings, run, wait_for
from machine import Machine, can_be_made, can_boot
from test_init import SECRET, TOKEN

SCRIPTS, PACKAGING = REPOSITORY / "scripts", REPOSITORY / "packaging/debian"
EPOCH = "1767225600"
BILL_TOOLS = ("swiftc", "nm", "dpkg-architecture", "readelf")
TOOLS = ("dpkg-buildpackage", "dh", "lintian", "chrpath", "swiftc")

needs_tools = pytest.mark.skipif(any(shutil.which(tool) is None for tool in TOOLS), reason="not all is installed that scripts/bootstrap dist installs, and Swift")
needs_bill_tools = pytest.mark.skipif(any(shutil.which(tool) is None for tool in BILL_TOOLS), reason="Swift, binutils or dpkg-dev is not installed")
needs_machine = pytest.mark.skipif(not can_be_made() or shutil.which("debootstrap") is None, reason="namespaces and layers may not be made here, or debootstrap is missing")
needs_boot = pytest.mark.skipif(not can_boot() or shutil.which("debootstrap") is None, reason="systemd cannot be the first process here, or debootstrap is missing")


# The pages.

@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    subprocess.run([SCRIPTS / "make-man-pages.py", MARTLET, folder], check=True, env=environment_without_settings() | {"SOURCE_DATE_EPOCH": EPOCH}, timeout=60)
    return folder


def commands(words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """All commands and those below them, by a reading of --help of our own."""
    yield words
    listed = re.search(r"^Commands:\n((?:  .*\n)+)", run(*words, "--help").stdout, re.MULTILINE)
    for name in re.findall(r"^  ([a-z-]+)", listed.group(1), re.MULTILINE) if listed else []:
        yield from commands((*words, name))


def plain(page: Path) -> str:
    """What the page says, on one line: without its requests, fonts and escapes."""
    lines = (line for line in page.read_text().splitlines() if not re.match(r"\.(TP|PP|br|nh|ad)\b", line))
    text = re.sub(r"\\f[BIR]|\\&", "", " ".join(lines)).replace("\\-", "-").replace("\\e", "\\")
    return " ".join(text.split())


@pytest.mark.skipif(shutil.which("man") is None, reason="man is not installed")
@pytest.mark.parametrize("page", ["martlet.1", "martlet.yml.5"])
def test_man_has_nothing_to_complain_of(pages: Path, page: str) -> None:
    environment = {"PATH": os.environ["PATH"], "MANWIDTH": "100", "LC_ALL": "C.UTF-8"}
    ran = subprocess.run(["man", "--warnings=w", "-E", "UTF-8", "-l", pages / page], capture_output=True, text=True, env=environment)
    assert (ran.returncode, ran.stderr) == (0, "") and page.split(".")[0] in ran.stdout.lower()


def test_the_page_says_what_help_says(pages: Path) -> None:
    """Each flag with its whole meaning, and each text below."""
    shown = plain(pages / "martlet.1")
    every = list(commands())
    assert len(every) > 8 and ("simulate", "proxmox") in every
    flags = 0
    for words in every:
        told = run(*words, "--help").stdout
        for name, meaning in re.findall(r"^  ((?:-h, )?--\S+(?: [A-Z0-9:|@/-]+)?)\s+(\S.*)$", told, re.MULTILINE):
            flags += 1
            assert f"{name} {' '.join(meaning.split())}" in shown, (words, name)
        for text in told.split("\n\n")[3:]:
            assert text.startswith("  ") or text.split(":")[0] in ("Flags", "Commands") or " ".join(text.split()) in shown, (words, text)
        assert " ".join(["martlet", *words]) in shown
    assert flags > 100


def test_the_page_of_settings_has_them_all(pages: Path) -> None:
    shown = plain(pages / "martlet.yml.5")
    rows = re.findall(r"^\| `([^`]+)` \|(.*)\|$", (REPOSITORY / "docs/settings.md").read_text(), re.MULTILINE)
    assert len(rows) > 100
    for name, cells in rows:
        meaning = cells.split("|")[-1].strip().replace("`", "")
        assert f" {name} {meaning}" in shown, name
    assert "make docs" not in shown


# The bill of materials.

@needs_bill_tools
def test_the_bill_of_materials_has_what_is_linked() -> None:
    told = subprocess.run([SCRIPTS / "make-sbom.py", MARTLET], capture_output=True, text=True, env=os.environ | {"SOURCE_DATE_EPOCH": EPOCH}, timeout=120)
    assert told.returncode == 0, told.stderr
    bill = json.loads(told.stdout)
    packages = {package["SPDXID"]: package for package in bill["packages"]}
    assert len(packages) == len(bill["packages"]) and bill["spdxVersion"] == "SPDX-2.3" and bill["creationInfo"]["created"] == "2026-01-01T00:00:00Z"
    by_kind: dict[str, set[str]] = {}
    for relation in bill["relationships"]:
        by_kind.setdefault(relation["relationshipType"], set()).add(packages[relation["relatedSpdxElement"]]["name"])
    assert set(packages) == {relation["relatedSpdxElement"] for relation in bill["relationships"]}
    assert {"libswiftCore", "libswift_Concurrency", "libdispatch"} <= by_kind["STATIC_LINK"]
    assert {name for name in by_kind["STATIC_LINK"] if "Foundation" in name} == set()
    # By the loader, and by dpkg's own file lists.
    libraries = re.findall(r"\(NEEDED\).*\[(.*)\]", subprocess.run(["readelf", "-d", MARTLET], capture_output=True, text=True, check=True).stdout)
    described = " ".join(package.get("comment", "") for package in packages.values())
    assert len(libraries) > 10 and [library for library in libraries if library not in described] == []
    installed = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}\n"], capture_output=True, text=True, check=True).stdout.splitlines()
    needed = {f"{package['name']} {package['versionInfo']}" for package in packages.values() if package["name"] in by_kind["DYNAMIC_LINK"]}
    assert needed and needed - set(installed) == set()


@needs_bill_tools
def test_a_program_without_symbols_gets_no_bill(tmp_path: Path) -> None:
    subprocess.run(["strip", "-o", tmp_path / "martlet", MARTLET], check=True)
    told = subprocess.run([SCRIPTS / "make-sbom.py", tmp_path / "martlet"], capture_output=True, text=True, env=os.environ | {"SOURCE_DATE_EPOCH": EPOCH}, timeout=120)
    assert told.returncode == 1 and told.stdout == "" and "no symbols left" in told.stderr


# The packaging.

@pytest.mark.parametrize("script", [SCRIPTS / "dist", SCRIPTS / "bootstrap", PACKAGING / "martlet.postrm"], ids=lambda path: path.name)
def test_the_shell_has_nothing_to_say(script: Path) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    check = subprocess.run(["shellcheck", "--shell=dash", script], capture_output=True, text=True)
    assert (check.returncode, check.stdout) == (0, "")


def test_nothing_is_made_of_what_is_not_there(tmp_path: Path) -> None:
    for words, problem in [(["--program", tmp_path / "no"], "is missing"), (["--flavour", "x"], "unknown option --flavour"), (["--output"], "needs a value")]:
        ran = subprocess.run([SCRIPTS / "dist", *words], capture_output=True, text=True)
        assert ran.returncode == 1 and problem in ran.stderr and ran.stdout == ""


class Release(NamedTuple):
    folder: Path

    def one(self, pattern: str) -> Path:
        (path,) = self.folder.glob(pattern)
        return path

    @property
    def deb(self) -> Path:
        return self.one("*.deb")


def make_dist(sources: Path, output: Path, **variables: str) -> Release:
    environment = environment_without_settings() | {"SOURCE_DATE_EPOCH": EPOCH} | variables
    ran = subprocess.run([sources / "scripts/dist", "--program", MARTLET, "--output", output], capture_output=True, text=True, env=environment, timeout=500)
    assert ran.returncode == 0, ran.stderr
    return Release(output)


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return make_dist(REPOSITORY, tmp_path_factory.mktemp("dist") / "one")


def contents(deb: Path) -> dict[str, str]:
    """Paths of the package, with mode and owner."""
    listed = subprocess.run(["dpkg-deb", "-c", deb], capture_output=True, text=True, check=True).stdout
    rows = (line.split(maxsplit=5) for line in listed.splitlines())
    return {row[5].split(" -> ")[0].removeprefix("."): f"{row[0]} {row[1]}" for row in rows}


@pytest.mark.e2e
@needs_tools
def test_sums_and_names(release: Release) -> None:
    version = run("--version").stdout.split()[1]
    machine = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout.strip()
    names = {f"martlet-{version}-linux-{machine}.tar.gz", f"martlet-{version}-linux-{machine}.spdx.json", f"martlet_{version}_{machine}.deb"}
    assert {path.name for path in release.folder.iterdir()} == names | {"SHA256SUMS"}
    sums = dict(reversed(line.split("  ")) for line in (release.folder / "SHA256SUMS").read_text().splitlines())
    assert sums == {name: hashlib.sha256((release.folder / name).read_bytes()).hexdigest() for name in names}


@pytest.mark.e2e
@needs_tools
def test_lintian_has_nothing_to_say(release: Release) -> None:
    ran = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", "--show-overrides", release.deb], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, ""), ran.stdout + ran.stderr


@pytest.mark.e2e
@needs_tools
def test_the_same_program_makes_the_same_bytes(release: Release, tmp_path: Path) -> None:
    """From another folder, checked out at another time with another mask, in another language and time zone."""
    sources = tmp_path / "elsewhere/sources"
    sources.mkdir(parents=True)
    files = subprocess.run(["git", "-C", REPOSITORY, "ls-files", "-z"], capture_output=True, check=True).stdout
    for name in files.decode().split("\0"):
        if name and (REPOSITORY / name).is_file():
            there = sources / name
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(REPOSITORY / name, there)
            there.chmod((REPOSITORY / name).stat().st_mode & 0o700)
            os.utime(there, (1, 1_000_000_000))
    for words in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", "-C", sources, *words], check=True)
    again = make_dist(sources, tmp_path / "two", TZ="Asia/Kathmandu", LC_ALL="C.UTF-8", DEB_BUILD_OPTIONS="parallel=2")
    for name in ("*.tar.gz", "*.spdx.json", "*.deb"):
        assert again.one(name).read_bytes() == release.one(name).read_bytes(), name


@pytest.mark.e2e
@needs_tools
def test_what_is_in_the_package(release: Release) -> None:
    """Our rules, boards, agents and pages as they are in the repository; nothing of a name that another package would have; units that name the program where it is."""
    inside = contents(release.deb)
    files = {path for path in inside if not path.endswith("/")}
    assert {path for path in files if "martlet" not in path} == set()
    tracked = subprocess.run(
        ["git", "-C", REPOSITORY, "ls-files", "--", "agents", "alertmanager", "docs", "grafana", "prometheus", "viewer", ":!viewer/tests"], capture_output=True, text=True, check=True).stdout.split("\n")
    assert {f"/usr/share/martlet/{name}" for name in tracked if name} <= files
    assert {"/usr/bin/martlet", "/usr/share/man/man1/martlet.1.gz", "/usr/share/man/man5/martlet.yml.5.gz", "/usr/share/martlet/martlet.spdx.json"} <= files
    assert {owner for owner in (told.split()[1] for told in inside.values())} == {"root/root"}
    assert all(told.startswith(("-rw-r--r--", "-rwxr-xr-x", "drwxr-xr-x", "lrwxrwxrwx")) for told in inside.values())
    fields = subprocess.run(["dpkg-deb", "-f", release.deb, "Depends", "Recommends", "Maintainer"], capture_output=True, text=True, check=True).stdout
    assert {"libcurl4", "libmicrohttpd12", "libsimdjson14"} <= set(re.findall(r"[a-z0-9.+-]+", fields))
    assert "Recommends: prometheus, prometheus-alertmanager, prometheus-node-exporter\n" in fields
    for unit in ("martlet-exporter.service", "martlet-exporter.socket", "martlet-discovery.service", "martlet-dashboards.service", "martlet-logs.service"):
        shipped = subprocess.run(
            f"dpkg-deb --fsys-tarfile '{release.deb}' | tar -xO ./lib/systemd/system/{unit}", shell=True, capture_output=True, text=True, check=True).stdout
        ours = (REPOSITORY / "deploy/systemd" / unit).read_text().replace("/usr/local/bin/", "/usr/bin/")
        assert sorted(shipped.splitlines()) == sorted(ours.splitlines())


@pytest.mark.e2e
@needs_tools
def test_the_archive_unpacks_below_usr_local(release: Release, tmp_path: Path) -> None:
    subprocess.run(["tar", "-xf", release.one("*.tar.gz"), "-C", tmp_path, "--strip-components=1"], check=True)
    program = tmp_path / "bin/martlet"
    told = subprocess.run([program, "--version"], capture_output=True, text=True)
    assert told.stdout == run("--version").stdout
    assert "RUNPATH" not in subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout
    for unit in (REPOSITORY / "deploy/systemd").glob("*.service"):
        # martlet-manager is not in it, and no unit that would start it is where systemd looks.
        place = "share/martlet/deploy/systemd" if unit.name.startswith(("martlet-manager", "martlet-provider")) else "lib/systemd/system"
        assert (tmp_path / place / unit.name).read_text() == unit.read_text()
        assert (tmp_path / "lib/systemd/system" / unit.name).exists() == (place == "lib/systemd/system")
    assert (tmp_path / "share/martlet/LICENSE").read_text() == (REPOSITORY / "LICENSE").read_text()


def purge(folder: Path, group: str) -> tuple[bool, str]:
    """What postrm does with that folder in place of /etc/martlet and with that group in place of ours: whether the user goes, and what is said."""
    tools = folder.parent / "tools"
    tools.mkdir(exist_ok=True)
    called = folder.parent / "called"
    called.unlink(missing_ok=True)
    for name, body in (("getent", "exit 0"), ("userdel", f'echo "$*" >> "{called}"')):
        (tools / name).write_text(f"#!/bin/sh\n{body}\n")
        (tools / name).chmod(0o755)
    text = (PACKAGING / "martlet.postrm").read_text()
    assert text.count("-group martlet") == 1
    script = text.replace("/etc/martlet", str(folder)).replace("-group martlet", f"-group {group}")
    ran = subprocess.run(["sh", "-c", script, "postrm", "purge"], capture_output=True, text=True, env={"PATH": f"{tools}:/usr/bin:/bin"})
    assert (ran.returncode, ran.stderr) == (0, "")
    assert not called.exists() or called.read_text() == "martlet\n"
    return called.exists(), ran.stdout


def test_purging_keeps_the_group_of_a_persons_files(tmp_path: Path) -> None:
    """Its number would fall to the next group that is made, and with it the right to read a token."""
    folder = tmp_path / "martlet"
    folder.mkdir()
    ours, another = str(folder.stat().st_gid), str(folder.stat().st_gid + 1)
    for name in ("martlet.yml", "martlet.yml.1", "token"):
        (folder / name).write_text("")
    assert purge(folder, ours) == (True, "") and not folder.exists(), "what martlet init wrote is removed first"
    (folder / "clusters").mkdir(parents=True)
    mine = folder / "clusters/second-token"
    mine.write_text("a person's own\n")
    gone, told = purge(folder, ours)
    assert not gone and "userdel martlet" in told and mine.exists()
    assert purge(folder, another) == (True, ""), "files of others hold nothing up"
    shutil.rmtree(folder)
    assert purge(folder, ours) == (True, "")


# Its life on a machine.

# What installing and removing any package leaves behind by Debian's own doing.
LEFT_BY_PACKAGES = re.compile(
    r"var/(cache|log)/.*|var/lib/(apt|dpkg)/.*|var/lib/systemd/(?!deb-systemd).*|var/tmp/.*|etc/(passwd|group|shadow|gshadow|subuid|subgid)-?|etc/\.pwd\.lock|etc/machine-id|"
    r"etc/ld\.so\.cache|root/.*")


@pytest.fixture(scope="module")
def debian(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Debian 12 with systemd and with all that the package depends on, so that a machine without a way out can install it."""
    root = tmp_path_factory.mktemp("debian") / "root"
    depends = subprocess.run(["dpkg-deb", "-f", release.deb, "Depends"], capture_output=True, text=True, check=True).stdout
    libraries = [name for name in re.findall(r"(?:^|, )([a-z0-9.+-]+)", depends) if name != "systemd"]
    made = subprocess.run(
        ["debootstrap", "--variant=minbase", f"--include=systemd,systemd-sysv,{','.join(libraries)}", "bookworm", root, "http://deb.debian.org/debian"],
        capture_output=True, text=True)
    assert made.returncode == 0, made.stdout[-2000:]
    # Nothing of the machine below is to be started or set up anew at each boot, nor is there a network to wait for.
    units = ["systemd-udevd.service", "systemd-firstboot.service", "systemd-networkd-wait-online.service"]
    subprocess.run(["chroot", root, "systemctl", "mask", *units], capture_output=True, check=True)
    yield root
    shutil.rmtree(root)


@pytest.fixture
def make(tmp_path: Path, debian: Path, release: Release) -> Iterator[Any]:
    machines: list[Machine] = []

    def make(init: str = "none") -> Machine:
        folder = tmp_path / f"machine-{len(machines)}"
        folder.mkdir()
        machines.append(Machine(debian, folder, init))
        shutil.copy(release.deb, machines[-1].root / "root/martlet.deb")
        # As systemd does it on a real machine, and in a container leaves it to who made that: credentials come to a service by it.
        must(machines[-1], "mount", "--make-rshared", "/")
        return machines[-1]

    yield make
    for machine in machines:
        machine.close()


def must(machine: Machine, *command: str, **more: Any) -> str:
    ran = machine.run(*command, **more)
    assert ran.returncode == 0, f"{command}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


def apt(machine: Machine, *words: str) -> str:
    return must(machine, "apt-get", "-y", "-q", "-o", "Dpkg::Use-Pty=0", "--no-install-recommends", *words, env={"DEBIAN_FRONTEND": "noninteractive"})


def fetch_there(machine: Machine, url: str) -> str:
    ran = machine.run("/usr/bin/curl", "-s", "-m", "5", url, namespaces="-n")
    return ran.stdout if ran.returncode == 0 else ""


@contextmanager
def beside(machine: Machine, *command: str, user: str = "root") -> Iterator[None]:
    """Runs a program on the machine, as long as it is wanted."""
    process = subprocess.Popen(
        ["nsenter", "-t", str(machine.first), "-m", "-p", "-n", "--", "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--pdeathsig=KILL", *command],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    try:
        yield
    finally:
        process.kill()
        process.wait(20)


def running(machine: Machine, unit: str) -> int:
    return int(must(machine, "systemctl", "show", "-P", "MainPID", unit))


def next_version(deb: Path, folder: Path) -> Path:
    """The same package of a later version, with another standard of /etc/default/martlet-exporter."""
    tree = folder / "tree"
    subprocess.run(["dpkg-deb", "-R", deb, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"^Version: (.*)$", r"Version: \1+next", control.read_text(), flags=re.MULTILINE))
    standard = tree / "etc/default/martlet-exporter"
    standard.write_text("# Another text.\n" + standard.read_text())
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", tree, folder / "next.deb"], check=True, capture_output=True)
    return folder / "next.deb"


@pytest.mark.e2e
@needs_tools
@needs_machine
def test_the_program_runs_as_the_units_user(make: Any) -> None:
    """Where systemd does not run, as where an image is built."""
    machine = make()
    before = machine.layer()
    apt(machine, "install", "/root/martlet.deb")
    assert must(machine, "martlet", "--version") == run("--version").stdout
    assert re.fullmatch(r"martlet:[^:]*:\d+:\d+:[^:]*:/:/usr/sbin/nologin\n", must(machine, "getent", "passwd", "martlet"))
    machine.write("/etc/martlet/martlet.yml", "exporter:\n  role: host\n", 0o640)
    must(machine, "chgrp", "martlet", "/etc/martlet/martlet.yml")
    with beside(machine, "/usr/bin/martlet", "exporter", "--config.file", "/etc/martlet/martlet.yml", user="martlet"):
        wait_for(lambda: fetch_there(machine, "http://127.0.0.1:9221/health"), 20, "/health answers")
    wait_for(lambda: "martlet\n" not in [path.read_text() for path in (machine.root / "proc").glob("[0-9]*/comm")], 20, "it has ended")
    apt(machine, "remove", "martlet")
    assert (machine.root / "etc/martlet/martlet.yml").exists() and (machine.root / "etc/default/martlet-exporter").exists()
    apt(machine, "purge", "martlet")
    assert {path for path in machine.changes(before) if not LEFT_BY_PACKAGES.fullmatch(path)} == set()
    assert machine.run("getent", "passwd", "martlet").returncode == 2 and machine.run("getent", "group", "martlet").returncode == 2


@pytest.mark.e2e
@needs_tools
@needs_boot
def test_from_installing_to_purging(make: Any, release: Release, tmp_path: Path) -> None:
    machine = make("systemd")
    before = machine.layer()
    apt(machine, "install", "/root/martlet.deb")
    units = ["martlet-exporter.socket", "martlet-exporter.service", "martlet-discovery.service"]
    assert [machine.run("systemctl", "is-enabled", unit).stdout.strip() for unit in units] == ["enabled"] * 3
    assert [machine.run("systemctl", "is-active", unit).stdout.strip() for unit in units] == ["inactive"] * 3, "nothing starts without settings, and nothing fails"
    assert machine.run("systemctl", "is-enabled", "martlet-dashboards.service").stdout.strip() == "disabled", "Grafana may have its port"
    assert machine.run("systemctl", "is-enabled", "martlet-logs.service").stdout.strip() == "disabled", "there may be no Loki"

    with beside(machine, "/usr/bin/martlet", "simulate", "proxmox", "--listen", "127.0.0.1:8006", "--token", TOKEN, "--world", "/run/world", "--latency", "0s", "--guests", "12"):
        wait_for(lambda: (machine.root / "run/world/lab.pem").exists(), 20, "a certificate")
        words = ["openssl", "x509", "-noout", "-fingerprint", "-sha256", "-in", str(machine.root / "run/world/lab.pem")]
        fingerprint = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip().split("=")[1]
        must(machine, "martlet", "init", "--yes", "--endpoint", "127.0.0.1", "--fingerprint", fingerprint, "--config.file", "/etc/martlet/martlet.yml", env={"PROXMOX_TOKEN_VALUE": SECRET})
        # What others may not read, the services may, by their group.
        must(machine, "chown", "root:martlet", "/etc/martlet/martlet.yml")
        must(machine, "chmod", "640", "/etc/martlet/martlet.yml")
        must(machine, "systemctl", "start", *units)
        wait_for(lambda: "pve_node_up{" in fetch_there(machine, "http://127.0.0.1:9221/metrics"), 30, "metrics of the cluster")
        wait_for(lambda: '"targets"' in fetch_there(machine, "http://127.0.0.1:8000/targets"), 30, "targets")
        user = must(machine, "id", "-u", "martlet").strip()
        for unit in units[1:]:
            status = (machine.root / "proc" / str(running(machine, unit)) / "status").read_text()
            assert re.search(rf"Uid:\s+{user}\s", status) and re.search(r"Seccomp:\s+2", status) and re.search(r"CapBnd:\s+0+$", status, re.MULTILINE)

        # An upgrade keeps what was edited, and refuses nobody.
        edited = 'ARGS="--log.level debug"\n'
        machine.write("/etc/default/martlet-exporter", edited)
        settings = (machine.root / "etc/martlet/martlet.yml").read_text()
        old = {unit: running(machine, unit) for unit in units[1:]}
        opened = must(machine, "systemctl", "show", "-P", "ActiveEnterTimestampMonotonic", units[0])
        shutil.copy(next_version(release.deb, tmp_path), machine.root / "root/next.deb")
        codes: list[int] = []
        done = threading.Event()

        def scrape() -> None:
            while not done.is_set():
                codes.append(machine.run("/usr/bin/curl", "-s", "-m", "20", "-o", "/dev/null", "http://127.0.0.1:9221/health", namespaces="-n").returncode)
                done.wait(0.02)

        scraper = threading.Thread(target=scrape)
        scraper.start()
        try:
            apt(machine, "-o", "Dpkg::Options::=--force-confold", "install", "/root/next.deb")
            wait_for(lambda: "pve_node_up{" in fetch_there(machine, "http://127.0.0.1:9221/metrics"), 30, "metrics after the upgrade")
        finally:
            done.set()
            scraper.join()
        # 7 is refused. 52 and 56 are a connection that the old program had taken when it was told to stop, and whose request it had not read.
        assert len(codes) > 20 and set(codes) <= {0, 52, 56} and len(codes) - codes.count(0) <= 2, codes
        assert must(machine, "systemctl", "show", "-P", "ActiveEnterTimestampMonotonic", units[0]) == opened, "the socket was closed meanwhile"
        assert must(machine, "dpkg-query", "-W", "-f", "${Version}", "martlet").endswith("+next")
        assert (machine.root / "etc/default/martlet-exporter").read_text() == edited and (machine.root / "etc/default/martlet-exporter.dpkg-dist").exists()
        kept = machine.root / "etc/martlet/martlet.yml"
        assert kept.read_text() == settings and (kept.stat().st_mode & 0o777, str(kept.stat().st_gid)) == (0o640, must(machine, "id", "-g", "martlet").strip())
        assert all(running(machine, unit) not in (0, old[unit]) for unit in old)
        command = (machine.root / "proc" / str(running(machine, units[1])) / "cmdline").read_text().split("\0")
        assert command[-3:] == ["--log.level", "debug", ""]

        # Removed it is silent and keeps its settings; purged it is gone.
        apt(machine, "remove", "martlet")
        assert fetch_there(machine, "http://127.0.0.1:9221/health") == fetch_there(machine, "http://127.0.0.1:8000/health") == ""
        assert kept.read_text() == settings and (machine.root / "etc/default/martlet-exporter").read_text() == edited and (machine.root / "etc/martlet/token").exists()
    apt(machine, "purge", "martlet")
    left = {path for path in machine.changes(before) if not LEFT_BY_PACKAGES.fullmatch(path)}
    assert left == set()
    assert machine.run("getent", "passwd", "martlet").returncode == 2


@pytest.mark.e2e
@needs_tools
@needs_boot
def test_a_host_with_its_drop_ins_and_files_of_a_person(make: Any) -> None:
    """Drop-ins are linked from where the package has them. Purging leaves files that the package knows nothing of."""
    machine = make("systemd")
    apt(machine, "install", "/root/martlet.deb")
    machine.write("/etc/martlet/martlet.yml", "exporter:\n  role: host\n")
    mine = machine.write("/etc/martlet/pve-root-ca.pem", "a person's own\n")
    folder = machine.root / "etc/systemd/system/martlet-exporter.service.d"
    folder.mkdir(parents=True)
    for kind in ("zfs", "gpu"):
        (folder / f"{kind}.conf").symlink_to(f"/usr/share/martlet/deploy/systemd/martlet-exporter-{kind}.conf")
    must(machine, "systemctl", "daemon-reload")
    must(machine, "systemctl", "start", "martlet-exporter.socket", "martlet-exporter.service", "martlet-discovery.service")
    wait_for(lambda: fetch_there(machine, "http://127.0.0.1:9221/ready"), 20, "ready")
    assert machine.run("systemctl", "is-active", "martlet-discovery.service").stdout.strip() == "inactive", "there is no token"
    assert must(machine, "systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "martlet*") == ""
    apt(machine, "purge", "martlet")
    assert mine.read_text() == "a person's own\n" and not (mine.parent / "martlet.yml").exists()


@pytest.mark.e2e
@needs_tools
@needs_boot
def test_lines_of_the_machine_reach_a_loki(make: Any) -> None:
    """By its unit, as the user martlet, who reads the journal and writes into one folder, from which the next start goes on."""
    machine = make("systemd")
    before = machine.layer()
    apt(machine, "install", "/root/martlet.deb")
    machine.write("/etc/martlet/martlet.yml", "logs:\n  loki: {url: http://127.0.0.1:3100}\n  labels: {cluster: lab, node: pve1}\n  containers: false\n")

    def lines() -> list[str]:
        told = fetch_there(machine, "http://127.0.0.1:3100/loki/api/v1/query_range?limit=5000&query=%7Bjob%3D%22journal%22,cluster%3D%22lab%22,node%3D%22pve1%22%7D")
        return [value[1] for stream in json.loads(told)["data"]["result"] for value in stream["values"]] if told else []

    def say(text: str) -> None:
        must(machine, "sh", "-c", f"echo {text} | systemd-cat -t trial")

    with beside(machine, "/usr/bin/martlet", "simulate", "loki", "--listen", "127.0.0.1:3100"):
        wait_for(lambda: fetch_there(machine, "http://127.0.0.1:3100/ready"), 20, "a Loki")
        must(machine, "systemctl", "start", "martlet-logs.service")
        say("first-line")
        wait_for(lambda: "first-line" in lines(), 60, f"a line; {machine.run('journalctl', '-u', 'martlet-logs', '--no-pager').stdout[-2000:]}")
        user = must(machine, "id", "-u", "martlet").strip()
        status = (machine.root / "proc" / str(running(machine, "martlet-logs.service")) / "status").read_text()
        assert re.search(rf"Uid:\s+{user}\s", status) and re.search(r"Seccomp:\s+2", status) and re.search(r"CapBnd:\s+0+$", status, re.MULTILINE)
        assert fetch_there(machine, "http://127.0.0.1:8085/ready") and 'martlet_logs_source_up{source="journal"} 1' in fetch_there(machine, "http://127.0.0.1:8085/metrics")
        places = must(machine, "stat", "-c", "%U %a", "/var/lib/martlet-logs/", "/var/lib/martlet-logs/places.json").splitlines()
        assert places[0] == "martlet 700" and places[1].startswith("martlet "), places
        # Stopped and started it goes on where it was, and says nothing twice.
        must(machine, "systemctl", "stop", "martlet-logs.service")
        say("second-line")
        must(machine, "systemctl", "start", "martlet-logs.service")
        wait_for(lambda: "second-line" in lines(), 60, "a line that was written meanwhile")
        assert lines().count("first-line") == lines().count("second-line") == 1
        assert must(machine, "systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "martlet*") == ""
    apt(machine, "purge", "martlet")
    left = {path for path in machine.changes(before) if not LEFT_BY_PACKAGES.fullmatch(path)}
    assert left == set()

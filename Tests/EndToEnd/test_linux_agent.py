"""agents/linux: run for real, on machines made of namespaces over this machine's own tree and over Debian's."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import REPOSITORY, free_port, wait_for
from machine import Machine, can_be_made, can_boot

FOLDER = REPOSITORY / "agents/linux"
INSTALL, UNINSTALL = FOLDER / "install-node-exporter.sh", FOLDER / "uninstall-node-exporter.sh"
UNIT = "prometheus-node-exporter.service"
DROP_IN = f"etc/systemd/system/{UNIT}.d/martlet.conf"
STATE = "var/lib/martlet-agent/node-exporter"
GUARD = "usr/sbin/policy-rc.d"
BARE_METAL = "#!/bin/sh\necho none\nexit 1\n"

needs_machine = pytest.mark.skipif(not can_be_made(), reason="namespaces and layers may not be made here")
needs_boot = pytest.mark.skipif(not can_boot(), reason="systemd cannot be the first process here")
needs_debootstrap = pytest.mark.skipif(shutil.which("debootstrap") is None, reason="debootstrap is not installed")

Make = Callable[..., Machine]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    machines: list[Machine] = []

    def make(lower: Path = Path("/"), init: str = "none") -> Machine:
        folder = tmp_path / str(len(machines))
        folder.mkdir()
        machines.append(Machine(lower, folder, init))
        for script in (INSTALL, UNINSTALL):
            machines[-1].write(f"/root/{script.name}", script.read_text(), 0o755)
        return machines[-1]

    yield make
    for machine in machines:
        machine.close()


def install(machine: Machine, *options: str, rc: int = 0) -> str:
    ran = machine.run("sh", f"/root/{INSTALL.name}", *options)
    assert ran.returncode == rc, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def uninstall(machine: Machine, *options: str, rc: int = 0) -> str:
    ran = machine.run("sh", f"/root/{UNINSTALL.name}", *options)
    assert ran.returncode == rc, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def words(drop_in: str) -> list[str]:
    """The command of a drop-in, as systemd reads it."""
    lines = re.sub(r"\\\n\s*", "", drop_in)
    first, command = re.findall(r"^ExecStart=(.*)$", lines, re.MULTILINE)
    assert first == "", "the unit's own command is taken away"
    assert not set("\\%\"'") & set(command), "nothing that systemd reads as its own"
    return [word.replace("$$", "$") for word in command.split() if word != "$ARGS"]


def pattern(drop_in: str, flag: str) -> re.Pattern[str]:
    (value,) = [word.split("=", 1)[1] for word in words(drop_in) if word.startswith(f"--collector.{flag}=")]
    return re.compile(value)


def documented() -> tuple[set[str], set[str]]:
    """Families of the README: those of every machine, and those of some."""
    table, rest = (FOLDER / "README.md").read_text().split("What rules can build on:")[1].split("Where there is such a thing:")
    # What has a colon is recorded, what ends in an underscore is the beginning of names in a comment.
    text = " ".join(rules.read_text() for rules in (REPOSITORY / "prometheus/rules").glob("*.yml"))
    of_rules = set(re.findall(r"\bnode_\w*[A-Za-z0-9]\b(?![:_])", text)) - {"node_exporter"}
    some = set(re.findall(r"`(node_\w+)`", rest.split("\n\n")[0]))
    return (set(re.findall(r"`(node_\w+)`", table)) | of_rules) - some, some


def families(exposition: str) -> set[str]:
    return set(re.findall(r"^(node_\w+)[{ ]", exposition, re.MULTILINE))


def labels(exposition: str, family: str, label: str) -> set[str]:
    return set(re.findall(rf'^{family}{{[^}}]*\b{label}="([^"]*)"', exposition, re.MULTILINE))


def failures(exposition: str) -> set[str]:
    return set(re.findall(r'^node_scrape_collector_success{collector="(\w+)"} 0', exposition, re.MULTILINE))


def scrape(machine: Machine, port: int) -> str:
    """By a client of ours in the machine's network."""
    def attempt() -> str:
        ran = machine.run("/usr/bin/curl", "-sf", f"http://127.0.0.1:{port}/metrics", namespaces="-n")
        return ran.stdout if ran.returncode == 0 else ""
    return str(wait_for(attempt, 20, "a scrape"))


@pytest.mark.parametrize("script", [INSTALL, UNINSTALL], ids=lambda path: path.name)
def test_the_shell_has_nothing_to_say(script: Path) -> None:
    assert subprocess.run(["dash", "-n", script], capture_output=True, text=True).stderr == ""
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed")
    check = subprocess.run(["shellcheck", "--shell=dash", script], capture_output=True, text=True)
    assert (check.returncode, check.stdout) == (0, "")


@pytest.mark.parametrize(("options", "word"), [
    (["--listen"], "needs a value"), (["--listen", ""], "ADDRESS:PORT"), (["--listen=9100"], "ADDRESS:PORT"), (["--listen", "192.0.2.1:"], "ADDRESS:PORT"),
    (["--listen", "192.0.2.1:80"], "1024 to 65535"), (["--listen", ":70000"], "1024 to 65535"), (["--listen", "2001:db8::1:9100"], "ADDRESS:PORT"),
    (["--listen", "x:9100\nExecStartPre=/bin/true"], "ADDRESS:PORT"), (["--listen", "x:9100 --web.x=1"], "ADDRESS:PORT"), (["--listen", "$(id):9100"], "ADDRESS:PORT"),
    (["--scraper", "prometheus.example.org"], "IP address"), (["--scraper", "192.0.2.1; id"], "IP address"), (["--scraper", "192.0.2.1\n"], "IP address"),
    (["--open-firewall"], "--scraper"), (["--root", "/"], "unknown option --root"), (["please"], "unknown option please"),
])
def test_misuse_is_told(options: list[str], word: str) -> None:
    ran = subprocess.run(["dash", INSTALL, "--dry-run", *options], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (2, "") and word in ran.stderr, ran


def test_the_uninstaller_knows_its_options() -> None:
    ran = subprocess.run(["dash", UNINSTALL, "--force"], capture_output=True, text=True)
    assert ran.returncode == 2 and "unknown option --force" in ran.stderr


def test_every_option_is_in_help_and_in_the_page() -> None:
    told = subprocess.run(["dash", INSTALL, "--help"], capture_output=True, text=True, check=True).stdout
    known = set(re.findall(r"^    (--[a-z-]+)\)", INSTALL.read_text(), re.MULTILINE)) | {"--help"}
    assert len(known) > 6 and known == set(re.findall(r"^  (--[a-z-]+)", told, re.MULTILINE))
    assert max(map(len, told.splitlines())) <= 100
    page = (FOLDER / "README.md").read_text()
    assert [option for option in known - {"--help"} if f"`{option}" not in page] == []


@pytest.mark.parametrize("script", [INSTALL, UNINSTALL], ids=lambda path: path.name)
def test_programs_of_the_caller_are_not_run(script: Path, tmp_path: Path) -> None:
    for name in ("cat", "grep", "sed", "id"):
        (tmp_path / name).write_text(f"#!/bin/sh\ntouch '{tmp_path}/ran'\n")
        (tmp_path / name).chmod(0o755)
    for option in ("--help", "--dry-run"):
        ran = subprocess.run(["/usr/bin/dash", script, option], capture_output=True, text=True, env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
        assert "install-node-exporter" in ran.stdout + ran.stderr and not (tmp_path / "ran").exists()


@needs_machine
@pytest.mark.parametrize("mask", ["000", "077"])
def test_whatever_the_mask_of_the_caller(make: Make, mask: str) -> None:
    """The state says what root is to do at the end, and systemd's files are for everybody to read."""
    machine = make()
    ran = machine.run("sh", "-c", f"umask {mask}; exec sh /root/{INSTALL.name} --without-smart")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    modes = {path: (machine.root / path).stat().st_mode & 0o777 for path in (STATE, DROP_IN, str(Path(STATE).parent), str(Path(DROP_IN).parent))}
    assert list(modes.values()) == [0o644, 0o644, 0o755, 0o755], modes


def owned_by_another(machine: Machine) -> None:
    shutil.chown(machine.root / STATE, 65534)


def open_to_all(machine: Machine) -> None:
    (machine.root / STATE).chmod(0o666)


def folder_open_to_its_group(machine: Machine) -> None:
    (machine.root / STATE).parent.chmod(0o775)


def a_link(machine: Machine) -> None:
    (machine.root / STATE).rename(machine.root / "root/elsewhere")
    (machine.root / STATE).symlink_to("/root/elsewhere")


@needs_machine
@pytest.mark.parametrize("spoil", [owned_by_another, open_to_all, folder_open_to_its_group, a_link], ids=lambda spoil: spoil.__name__)
def test_a_state_that_others_may_have_written_is_not_acted_upon(make: Make, spoil: Callable[[Machine], None]) -> None:
    machine = make()
    install(machine)
    spoil(machine)
    before = machine.layer()
    for told in (uninstall(machine, rc=1), uninstall(machine, "--dry-run", rc=1), install(machine, "--listen", "127.0.0.1:9101", rc=1)):
        assert "is refused" in told and "/var/lib/martlet-agent" in told
    assert machine.layer() == before


@needs_machine
@pytest.mark.parametrize("line", [
    "node_copy=/etc/shadow", "node_copy=/var/lib/martlet-agent/../../../etc/shadow", "smart_copy=/var/lib/martlet-agent/x", "node_sum=../x", "firewall_rules=ufw,192.0.2.5 ufw,any,22",
    'firewall_rules=firewalld,192.0.2.5" accept,9100', "packages_added=-oDPkg::Pre-Invoke::=id", "packages_added=*", "something=else", "",
])
def test_a_state_that_names_what_is_not_ours_is_not_acted_upon(make: Make, line: str) -> None:
    machine = make()
    install(machine)
    machine.write(f"/{STATE}", (machine.root / STATE).read_text() + line + "\n")
    before = machine.layer()
    assert "lines that install-node-exporter.sh does not write" in uninstall(machine, rc=1) and machine.layer() == before


@needs_machine
def test_a_state_of_all_that_is_written_is_taken(make: Make) -> None:
    """The other side of the refusals: a full state with smart, packages and rules. The package is not here, so nothing goes."""
    machine = make()
    install(machine)
    machine.write("/usr/sbin/ufw", "#!/bin/sh\necho \"$*\" >>/tmp/calls\n", 0o755)
    machine.write(f"/{STATE}", (machine.root / STATE).read_text() + (
        f"smart_package=absent\nsmart_enabled=not-found\nsmart_active=inactive\nsmart_sum={'0a' * 32}\nsmart_folder=absent\n"
        "smart_copy=/var/lib/martlet-agent/smartctl_exporter.service.d-martlet.conf.20260102T030405\n"
        "packages_added=libnothing-1.0+dfsg libnothing:amd64\nfirewall_rules=ufw,192.0.2.5,9100 ufw,2001:db8::/32,9633\n"))
    assert "done" in uninstall(machine) and not (machine.root / STATE).exists()
    assert (machine.root / "tmp/calls").read_text().count("delete allow proto tcp from") == 2


@needs_machine
@pytest.mark.parametrize("script", [INSTALL, UNINSTALL], ids=lambda path: path.name)
def test_a_run_that_was_cut_off_leaves_no_guard_for_ever(make: Make, script: Path) -> None:
    """apt-get is a stand-in that kills the installer while the guard is up."""
    machine = make()
    # Images of containers come with one of their own.
    (machine.root / GUARD).unlink(missing_ok=True)
    machine.write("/usr/bin/dpkg-query", "#!/bin/sh\n[ -e /tmp/installed ] && echo installed\nexit 0\n", 0o755)
    machine.write("/usr/bin/apt-get", "#!/bin/sh\ncase \"$*\" in *install*) kill -KILL $PPID ;; esac\n", 0o755)
    assert machine.run("sh", f"/root/{INSTALL.name}", "--without-smart").returncode in (-9, 137)
    left = (machine.root / GUARD).read_text()
    assert (machine.root / GUARD).stat().st_mode & 0o777 == 0o755
    told = machine.run("sh", f"/root/{script.name}", "--dry-run").stdout
    assert f"not done (dry run): removing /{GUARD}" in told and (machine.root / GUARD).read_text() == left
    machine.write("/tmp/installed", "")
    ran = machine.run("sh", f"/root/{script.name}")
    assert ran.returncode == 0 and f"removing /{GUARD}" in ran.stdout and not (machine.root / GUARD).exists(), ran.stdout + ran.stderr

    # Without a state there is the guard alone to take back; and another's is not ours to take.
    shutil.rmtree(machine.root / Path(STATE).parent, ignore_errors=True)
    machine.write(f"/{GUARD}", left, 0o755)
    assert f"removing /{GUARD}" in uninstall(machine) and not (machine.root / GUARD).exists()
    machine.write(f"/{GUARD}", "#!/bin/sh\nexit 101\n", 0o755)
    assert GUARD not in machine.run("sh", f"/root/{script.name}").stdout and (machine.root / GUARD).exists()


@needs_machine
def test_a_dry_run_changes_nothing(make: Make) -> None:
    machine = make()
    before = machine.layer()
    told = install(machine, "--dry-run", "--listen", "192.0.2.7:9200", "--scraper", "192.0.2.5")
    assert f"not done (dry run): writing /{DROP_IN}" in told and "nothing was changed" in told
    assert machine.changes(before) == set() and machine.layer() == before
    install(machine)
    before = machine.layer()
    told = uninstall(machine, "--dry-run")
    assert f"not done (dry run): removing /{DROP_IN}" in told and machine.layer() == before


@needs_machine
def test_only_root_installs(make: Make) -> None:
    machine = make()
    machine.write("/tmp/install.sh", INSTALL.read_text(), 0o755)
    ran = machine.run("setpriv", "--reuid=65534", "--clear-groups", "sh", "/tmp/install.sh")
    assert ran.returncode == 1 and "not root" in ran.stderr
    assert machine.run("setpriv", "--reuid=65534", "--clear-groups", "sh", "/tmp/install.sh", "--dry-run").returncode == 0


@needs_machine
@pytest.mark.parametrize(("release", "word"), [('ID="fedora"\nPRETTY_NAME="Fedora Linux 42"\n', "Fedora Linux 42"), ("", "no distribution")])
def test_other_distributions_are_told_what_to_take(make: Make, release: str, word: str) -> None:
    machine = make()
    (machine.root / "etc/os-release").unlink()
    machine.write("/etc/os-release", release)
    before = machine.layer()
    told = install(machine, rc=1)
    assert word in told and "only Debian, Ubuntu" in told and machine.layer() == before


@needs_machine
def test_twice_is_once_and_back_is_back(make: Make) -> None:
    """The package was here before, so it stays."""
    machine = make()
    before = machine.layer()
    assert f"writing /{DROP_IN}" in install(machine)
    after = machine.layer()
    assert {path for path in machine.changes(before) if (machine.root / path).is_file()} == {DROP_IN, STATE}
    assert "nothing to do" in install(machine) and machine.layer() == after
    assert f"writing /{DROP_IN}" in install(machine, "--listen", "127.0.0.1:9101") and "--web.listen-address=127.0.0.1:9101" in (machine.root / DROP_IN).read_text()
    uninstall(machine)
    assert machine.changes(before) == set()
    after = machine.layer()
    assert "nothing to do" in uninstall(machine) and machine.layer() == after
    assert machine.run("dpkg-query", "-W", "-f", "${db:Status-Status}", "prometheus-node-exporter").stdout == "installed"


@needs_machine
def test_what_a_person_wrote_is_kept_or_comes_back(make: Make) -> None:
    machine = make()
    before = machine.layer()
    own = "# mine\n[Service]\nNice=5\n"
    machine.write(f"/{DROP_IN}", own)
    with_mine = machine.layer()
    assert f"by hand: /{DROP_IN}" in install(machine) and (machine.root / DROP_IN).read_text() == own
    told = install(machine, "--replace")
    copy = re.search(r"keeping a copy of \S+: /(\S+)", told)
    assert copy and (machine.root / copy.group(1)).read_text() == own and (machine.root / DROP_IN).read_text() != own
    uninstall(machine)
    assert machine.changes(with_mine) == set() and (machine.root / DROP_IN).read_text() == own
    (machine.root / DROP_IN).unlink()
    (machine.root / DROP_IN).parent.rmdir()
    assert machine.changes(before) == set()


@needs_machine
def test_an_edited_drop_in_is_the_persons(make: Make) -> None:
    machine = make()
    install(machine)
    ours = (machine.root / DROP_IN).read_text()
    machine.write(f"/{DROP_IN}", ours + "Nice=5\n")
    told = install(machine)
    assert "by hand" in told and "nothing to do" in told and (machine.root / DROP_IN).read_text() == ours + "Nice=5\n"
    told = uninstall(machine)
    assert "kept, as somebody edited it" in told and (machine.root / DROP_IN).read_text() == ours + "Nice=5\n" and not (machine.root / STATE).exists()


@needs_machine
def test_flags_of_the_administrator_go_first(make: Make) -> None:
    machine = make()
    machine.write("/etc/default/prometheus-node-exporter", 'ARGS="--no-collector.processes --web.listen-address=:9200"\n#ARGS="--collector.systemd"\n')
    assert "left to ARGS in /etc/default/prometheus-node-exporter: --collector.processes" in install(machine)
    flags = words((machine.root / DROP_IN).read_text())
    assert "--collector.processes" not in flags and "--collector.systemd" in flags
    before = machine.layer()
    assert "--web.listen-address=:9200 already" in install(machine, "--listen", "127.0.0.1:9100", rc=1) and machine.layer() == before


FAKE_FIREWALLS = {
    "ufw": ("ufw", 'case "$1" in status) echo "Status: active" ;; show) cat /tmp/rules 2>/dev/null ;; delete) shift; echo "deleted $*" >>/tmp/calls ;; '
            '*) echo "$*" >>/tmp/calls; echo "ufw allow from 192.0.2.5 to any port 9100 proto tcp" >/tmp/rules ;; esac',
            "ufw allow proto tcp from 192.0.2.5 to any port 9100"),
    "firewalld": ("firewall-cmd", 'case "$*" in --state) echo running ;; *query*) [ -e /tmp/rules ] ;; *) echo "$*" >>/tmp/calls; touch /tmp/rules ;; esac',
                  """--add-rich-rule='rule family="ipv4" source address="192.0.2.5" port port="9100" protocol="tcp" accept'"""),
    "pve-firewall": ("pve-firewall", 'echo "Status: enabled/running"', "/firewall/rules --type in --action ACCEPT --source 192.0.2.5 --proto tcp --dport 9100 --enable 1"),
    "nftables": ("nft", 'printf "table inet filter {\\n\\tchain input {\\n\\t\\ttype filter hook input priority filter; policy drop;\\n\\t}\\n}\\n"',
                 "nft insert rule inet filter input ip saddr 192.0.2.5 tcp dport 9100 accept"),
}


@needs_machine
@pytest.mark.parametrize("firewall", FAKE_FIREWALLS)
def test_the_firewall_is_told_of_and_left_alone(make: Make, firewall: str) -> None:
    """The programs are stand-ins: what is held here is what we say and what we call, not what they do with it."""
    program, script, command = FAKE_FIREWALLS[firewall]
    machine = make()
    machine.write(f"/usr/sbin/{program}", f"#!/bin/sh\n{script}\n", 0o755)
    calls = machine.root / "tmp/calls"
    assert "--scraper ADDRESS prints" in install(machine)
    assert command in install(machine, "--scraper", "192.0.2.5") and not calls.exists()
    told = install(machine, "--scraper", "192.0.2.5", "--open-firewall")
    if firewall in ("ufw", "firewalld"):
        assert "opening the firewall" in told
        opened = calls.read_text()
        assert "nothing to do" in install(machine, "--scraper", "192.0.2.5", "--open-firewall") and calls.read_text() == opened
        uninstall(machine)
        assert re.search("deleted|--remove-rich-rule", calls.read_text().removeprefix(opened))
    else:
        assert f"not opened: rules of {firewall} are yours" in told and not calls.exists()


@needs_machine
def test_smart_is_for_bare_metal(make: Make) -> None:
    machine = make()
    machine.write("/usr/bin/systemd-detect-virt", '#!/bin/sh\ncase "$1" in --container) echo lxc ;; *) echo none; exit 1 ;; esac\n', 0o755)
    assert "no container has" in install(machine, "--with-smart", rc=1)
    machine.write("/usr/bin/systemd-detect-virt", '#!/bin/sh\ncase "$1" in --container) echo none; exit 1 ;; *) echo kvm ;; esac\n', 0o755)
    assert "SMART" not in install(machine)
    machine.write("/usr/bin/systemd-detect-virt", BARE_METAL, 0o755)
    machine.write("/usr/bin/apt-cache", "#!/bin/sh\nprintf '%s:\\n  Installed: (none)\\n  Candidate: 0.14.0-2\\n' \"$2\"\n", 0o755)
    assert re.search("not done .*: installing from .* prometheus-smartctl-exporter", install(machine, "--dry-run"))
    assert "smartctl" not in install(machine, "--dry-run", "--without-smart")
    machine.write("/usr/bin/apt-cache", "#!/bin/sh\nprintf '%s:\\n  Installed: (none)\\n  Candidate: (none)\\n' \"$2\"\n", 0o755)
    assert "has no package prometheus-smartctl-exporter" in install(machine)
    assert "has no package prometheus-smartctl-exporter" in install(machine, "--with-smart", rc=1)


@needs_machine
@pytest.mark.parametrize(("detected", "most"), [(BARE_METAL, 2.0), ("#!/bin/sh\necho lxc\n", 4.1)], ids=["machine", "container"])
def test_systemd_takes_the_drop_in(make: Make, detected: str, most: float) -> None:
    machine = make()
    machine.write("/usr/bin/systemd-detect-virt", detected, 0o755)
    install(machine, "--without-smart", "--listen", "[2001:db8::1]:9100")
    ours = (machine.root / DROP_IN).read_text()
    for text, is_fine in [(ours, True), (ours + "Unknown=yes\n", False)]:
        machine.write(f"/{DROP_IN}", text)
        check = machine.run("systemd-analyze", "verify", "--man=no", UNIT)
        about = [line for line in (check.stdout + check.stderr).splitlines() if "martlet" in line or UNIT in line]
        assert (about == []) == is_fine, about
    machine.write(f"/{DROP_IN}", ours)
    check = machine.run("systemd-analyze", "security", "--offline=true", "--no-pager", UNIT)
    score = re.search(r"Overall exposure level for \S+: ([0-9.]+)", check.stdout)
    assert score, check.stdout + check.stderr
    print(score.group(0))
    assert float(score.group(1)) <= most, check.stdout


@needs_machine
def test_what_is_needed_is_there_and_guests_are_not(make: Make) -> None:
    """Debian's node_exporter with the drop-in's command. Without systemd no states of units; that is tested where it runs."""
    machine = make()
    for words_of_ip in ("link add veth101i0 type veth peer name fwpr101p0", "link add vmbr0 type bridge", "tuntap add tap100i0 mode tap", "link add eno1 type dummy"):
        machine.run("ip", *words_of_ip.split())
    made = set(re.findall(r"^\d+: ([^:@]+)", machine.run("ip", "link").stdout, re.MULTILINE))
    assert {"veth101i0", "fwpr101p0"} <= made, made
    install(machine)
    command = words((machine.root / DROP_IN).read_text())
    port = free_port()
    argv = ["nsenter", "-t", str(machine.first), "-m", "-p", "-n", "--", "setpriv", "--reuid=prometheus", "--clear-groups", *command, f"--web.listen-address=127.0.0.1:{port}"]
    exporter = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        text = scrape(machine, port)
    finally:
        exporter.kill()
        exporter.wait(20)
    everywhere, some = documented()
    assert len(everywhere) > 30 and len(some) > 4
    missing = {family for family in everywhere - families(text) if not family.startswith("node_systemd_")}
    if not Path("/proc/pressure/cpu").exists():
        missing -= {family for family in missing if family.startswith("node_pressure_")}
    assert missing == set()
    assert set(labels(text, "node_scrape_collector_success", "collector")) >= {
        "hwmon", "bonding", "mdadm", "zfs", "nfs", "edac", "timex", "systemd", "processes", "textfile", "pressure"}
    physical = {name for name in made if not re.match("lo$|veth|tap|fwpr", name)}
    assert labels(text, "node_network_receive_bytes_total", "device") == labels(text, "node_network_up", "device") == physical
    lint = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    # 3 is criticism of names, 1 that it cannot be read. What is criticised are names that node_exporter takes from the kernel.
    criticised = {line.split()[0] for line in (lint.stdout + lint.stderr).splitlines()}
    assert lint.returncode in (0, 3) and {name for name in criticised if not re.match("node_(memory|netstat|entropy|systemd_socket_refused)_", name)} == set()


PATTERNS = [
    ("systemd.unit-exclude",
     ["tmp.mount", "user.slice", "100.scope", "dev-sda.device", "pve-container@101.service", "user@0.service", "run-u12.service", "f" * 64 + ".service",
      "f" * 64 + "-1a2b.timer", "ssh@3-192.0.2.1:22-192.0.2.9:5000.service", "systemd-coredump@1-2-0.service"],
     ["pveproxy.service", "pve-cluster.service", "ceph-osd@3.service", "ssh.service", "sshd.service", "ssh.socket", "apt-daily.timer", "runner.service", "postgresql@15-main.service"]),
    ("filesystem.mount-points-exclude",
     ["/dev/shm", "/run/user/0", "/proc", "/sys/fs/cgroup", "/var/lib/docker/overlay2/x/merged", "/var/lib/containers/storage/overlay/x", "/var/lib/kubelet/pods/x/y",
      "/rpool/data/subvol-101-disk-0", "/snap/core/1"],
     ["/", "/boot/efi", "/mnt/data", "/media/disk", "/var", "/var/lib", "/var/lib/vz", "/home", "/srv", "/tmp", "/rpool/data", "/development"]),
    ("filesystem.fs-types-exclude", ["overlay", "nfs4", "cifs", "fuse.sshfs", "fuse", "squashfs", "proc", "cgroup2"], ["ext4", "xfs", "btrfs", "zfs", "vfat", "tmpfs", "fuseblk", "virtiofs"]),
    ("netdev.device-exclude",
     ["lo", "veth101i0", "tap100i0", "fwbr100i0", "fwpr100p0", "fwln100i0", "vnet3", "br-0123456789ab", "cali1234"],
     ["eth0", "eno1", "enp1s0f0", "bond0", "vmbr0", "vmbr0.20", "br-lan", "wg0", "vnetwork"]),
    ("diskstats.device-exclude",
     ["sda1", "sdaa1", "vda15", "nvme0n1p3", "mmcblk0p1", "dm-0", "zd16", "zd16p1", "loop0", "ram0", "rbd0", "nbd0p1", "sr0", "zram0"],
     ["sda", "sdaa", "vda", "nvme0n1", "mmcblk0", "md0", "md127", "bcache0"]),
]


@needs_machine
def test_what_is_left_out(make: Make) -> None:
    machine = make()
    install(machine)
    text = (machine.root / DROP_IN).read_text()
    for flag, out, kept in PATTERNS:
        told = pattern(text, flag)
        # Names of units are held against the whole pattern; the others anchor themselves.
        match = told.fullmatch if flag.startswith("systemd") else told.search
        assert [name for name in out if not match(name)] == [] and [name for name in kept if match(name)] == [], flag
    assert pattern(text, "netdev.device-exclude") == pattern(text, "netclass.ignored-devices")


# What installing and removing packages leaves behind by Debian's own doing: lists, logs, caches, and system users.
LEFT_BY_PACKAGES = re.compile(
    r"var/(cache|log)/.*|var/lib/(apt|dpkg|systemd)/.*|var/tmp/.*|etc/(passwd|group|shadow|gshadow|subuid|subgid)-?|etc/\.pwd\.lock|etc/machine-id|etc/ld\.so\.cache|root/\..*")


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Debian 12 with systemd, and the packages in its cache, so that a machine without a way out can install them."""
    root = tmp_path_factory.mktemp("debian") / "root"
    made = subprocess.run(
        ["debootstrap", "--variant=minbase", "--include=systemd,systemd-sysv", "bookworm", root, "http://deb.debian.org/debian"], capture_output=True, text=True)
    assert made.returncode == 0, made.stdout[-2000:]
    fetch = "apt-get update -qq && apt-get install -qq -d -y --no-install-recommends prometheus-node-exporter dbus && rm -f /etc/machine-id"
    fetched = subprocess.run(["chroot", root, "sh", "-c", fetch], capture_output=True, text=True)
    assert fetched.returncode == 0, fetched.stderr
    # Nothing of the machine below is to be started or set up anew at each boot.
    subprocess.run(["chroot", root, "systemctl", "mask", "systemd-udevd.service", "systemd-firstboot.service"], capture_output=True, check=True)
    yield root
    shutil.rmtree(root)


@pytest.mark.e2e
@needs_machine
@needs_debootstrap
def test_an_image_is_built_without_systemd(make: Make, debian: Path) -> None:
    machine = make(debian)
    before = machine.layer()
    told = install(machine)
    assert re.search("new here: .*dbus .*prometheus-node-exporter", told) and "nothing was started" in told
    running = {path.read_text().strip() for path in (machine.root / "proc").glob("[0-9]*/comm")}
    assert running == {"sleep"}, "nothing was started"
    assert not (machine.root / "usr/sbin/policy-rc.d").exists()
    wants = machine.root / f"etc/systemd/system/multi-user.target.wants/{UNIT}"
    assert wants.is_symlink(), "it starts at the next boot"
    after = machine.layer()
    assert "nothing to do" in install(machine) and machine.layer() == after
    told = uninstall(machine)
    assert "removing what was installed" in told and "user prometheus stays" in told
    left = {path for path in machine.changes(before) if not LEFT_BY_PACKAGES.fullmatch(path)}
    assert left == set()
    status = machine.run("dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n").stdout.splitlines()
    assert status and [line for line in status if not line.endswith(" installed") or "node-exporter" in line] == []
    after = machine.layer()
    assert "nothing to do" in uninstall(machine) and machine.layer() == after


@pytest.mark.e2e
@needs_boot
@needs_debootstrap
@pytest.mark.parametrize("kind", ["machine", "container"])
def test_systemd_runs_it_locked_in_and_nothing_is_missing(make: Make, debian: Path, kind: str) -> None:
    machine = make(debian, "systemd")
    if kind == "machine":
        machine.write("/usr/bin/systemd-detect-virt", BARE_METAL, 0o755)
    machine.run("/usr/sbin/ip", "link", "add", "eno1", "type", "veth", "peer", "name", "tap100i0", namespaces="-n")
    before = machine.layer()
    told = install(machine, "--listen", "127.0.0.1:9105", "--without-smart")
    assert "answers on port 9105" in told and "starting dbus.socket" in told
    after = machine.layer()
    again = install(machine, "--listen", "127.0.0.1:9105", "--without-smart")
    assert "nothing to do" in again and {path for path in machine.changes(after) if not path.startswith("var/log/journal/")} == set()

    locked = scrape(machine, 9105)
    process = machine.run("systemctl", "show", "-P", "MainPID", UNIT).stdout.strip()
    status = (machine.root / "proc" / process / "status").read_text()
    assert re.search(r"Seccomp:\s+2", status) and re.search(r"NoNewPrivs:\s+1", status) and re.search(r"CapBnd:\s+0+$", status, re.MULTILINE)
    spaces = {(machine.root / "proc" / one / "ns/mnt").readlink() for one in (process, "1")}
    assert len(spaces) == (2 if kind == "machine" else 1), "a machine's has mounts of its own, a container's has not"

    # The same command without systemd's locks: no family, no collector and no file system may be different.
    command = words((machine.root / DROP_IN).read_text())
    command = [word for word in command if "listen-address" not in word] + ["--web.listen-address=127.0.0.1:9106"]
    free = subprocess.Popen(
        ["nsenter", "-t", str(machine.first), "-m", "-p", "-n", "--", "setpriv", "--reuid=prometheus", "--regid=prometheus", "--clear-groups", *command],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        unlocked = scrape(machine, 9106)
    finally:
        free.kill()
        free.wait(20)
    assert families(locked) == families(unlocked) and failures(locked) == failures(unlocked)
    for family in ("node_filesystem_size_bytes", "node_filesystem_readonly"):
        assert [line for line in locked.splitlines() if line.startswith(family)] == [line for line in unlocked.splitlines() if line.startswith(family)]
    assert labels(locked, "node_network_up", "device") == {"eno1"}
    assert not {"systemd", "timex", "processes", "filesystem", "textfile", "netdev", "diskstats"} & failures(locked)
    everywhere, _ = documented()
    assert {family for family in everywhere - families(locked) if not family.startswith("node_pressure_")} == set()
    assert f'node_systemd_unit_state{{name="{UNIT}",state="active",type="simple"}} 1' in locked

    uninstall(machine)
    assert machine.run("systemctl", "is-active", UNIT).stdout.strip() == "inactive"
    assert {path for path in machine.changes(before) if not LEFT_BY_PACKAGES.fullmatch(path)} == set()


@pytest.mark.e2e
@needs_boot
@needs_debootstrap
def test_a_service_that_was_here_is_left_as_it_was(make: Make, debian: Path) -> None:
    """Installed by hand, with flags of its own, stopped and disabled."""
    machine = make(debian, "systemd")
    by_hand = machine.run(
        "sh", "-c", "apt-get install -y -qq --no-install-recommends prometheus-node-exporter dbus && systemctl start dbus.socket && "
        f"systemctl disable --now {UNIT}", env={"DEBIAN_FRONTEND": "noninteractive"})
    assert by_hand.returncode == 0, by_hand.stderr
    machine.write("/etc/default/prometheus-node-exporter", 'ARGS="--web.listen-address=127.0.0.1:9107 --collector.netdev.device-exclude=^$"\n')
    before = machine.layer()
    told = install(machine)
    assert f"enabling {UNIT}" in told and "left to ARGS" in told and "answers on port 9107" in told
    assert labels(scrape(machine, 9107), "node_network_receive_bytes_total", "device") == {"lo"}

    # Named in ARGS afterwards, a flag is given twice, until the script is run again.
    machine.write("/etc/default/prometheus-node-exporter", 'ARGS="--web.listen-address=127.0.0.1:9107 --no-collector.processes"\n')
    assert "left to ARGS" in install(machine) and "node_processes_state" not in scrape(machine, 9107)
    machine.write("/etc/default/prometheus-node-exporter", 'ARGS="--web.listen-address=127.0.0.1:9107 --collector.netdev.device-exclude=^$"\n')

    told = uninstall(machine)
    assert f"disabling {UNIT}" in told and f"stopping {UNIT}" in told
    assert machine.run("systemctl", "is-enabled", UNIT).stdout.strip() == "disabled" and machine.run("systemctl", "is-active", UNIT).stdout.strip() == "inactive"
    assert {path for path in machine.changes(before) if not LEFT_BY_PACKAGES.fullmatch(path)} == set()


@pytest.mark.e2e
@needs_boot
@needs_debootstrap
def test_a_port_that_is_taken_is_told_before_anything_is_done(make: Make, debian: Path) -> None:
    machine = make(debian, "systemd")
    server = subprocess.Popen(["nsenter", "-t", str(machine.first), "-n", "python3", "-m", "http.server", "9100"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: machine.run("/usr/bin/curl", "-s", "http://127.0.0.1:9100/", namespaces="-n").returncode == 0, 20, "the port is taken")
        before = machine.layer()
        assert "something else listens on port 9100" in install(machine, rc=1)
        assert {path for path in machine.changes(before) if not path.startswith("var/log/journal/")} == set()
    finally:
        server.kill()
        server.wait(20)

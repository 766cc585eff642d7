"""`martlet up --simulate` with its KVM host: its exporter asks a simulated libvirtd, its board is drawn, and of what befalls its guests Alertmanager's receiver is told.

`for` and intervals are cut to seconds and the half hour of a job that stands still to three minutes; nothing else of the rules is touched.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from browsing import browser, tab
from conftest import REPOSITORY, Start, fetch, free_port, wait_for
from playwright.sync_api import Browser
from stack import Stack, quick_rules
from test_alerts import told_of_everything

__all__ = ["browser"]

ALERTS = {rule["alert"] for group in yaml.safe_load((REPOSITORY / "prometheus/rules/alerts-libvirt.yml").read_text())["groups"] for rule in group["rules"]}

# So many that more of them run than threads may hang in.
DOMAINS = 12
RUNNING = {"web-1", "db-1", "mail-1", "build-1", "cache-1", "proxy-1", "web-2", "db-2", "mail-2", "build-2"}
HERE = {"cluster": "kvm01", "node": "kvm01"}

# What befalls the host or its guests, and which alerts are to come of it, about which guest, pool or (with "") the host.
SCENARIOS: dict[str, dict[str, set[str]]] = {
    "guest-hung": {"LibvirtGuestHung": {"db-1"}},
    "guest-crashed": {"LibvirtGuestCrashed": {"web-1", "db-1", "mail-1"}},
    "guest-paused-ioerror": {"LibvirtGuestPausedIoError": {"db-1"}, "LibvirtPoolSpaceLow": {"default"}, "LibvirtPoolSpaceCritical": {"default"}},
    "pool-full": {"LibvirtPoolSpaceLow": {"default"}, "LibvirtPoolSpaceCritical": {"default"}},
    "storage-lost": {"LibvirtPoolInactive": {"default"}},
    "overcommitted": {"LibvirtMemoryOvercommitted": {""}},
    "backing-chain-deep": {"LibvirtBackingChainDeep": {"db-1"}},
    "snapshot-old": {"LibvirtSnapshotOld": {"db-1", "build-1", "cache-1", "erp-1", "git-1", "db-2", "build-2"}},
    "daemon-down": {"LibvirtDown": {""}},
    "block-job-stuck": {"LibvirtBlockJobStuck": {"db-1"}},
    "cpu-steal": {"LibvirtGuestCpuDelayed": RUNNING},
    # Which of them hold the threads, and are known to hang, is chance: a test of its own.
    "guests-hung": {"LibvirtGuestHung": RUNNING, "LibvirtThreadsExhausted": {""}, "LibvirtStatisticsStale": {""}},
}
# Alerts that no scenario causes, and why. What they do is proven by promtool in prometheus/rules/tests/.
ELSEWHERE = {"LibvirtPoolWillFillIn4d": "wants twelve hours of past, as disk-filling would have"}
# Scenarios of this host of which nobody is told, and why that is right.
QUIET = {
    "guest-locked": "its QEMU answers: somebody waits for a lock, and statistics come without what needs it",
    "migration-stuck": "is in no rule, as nothing says how long a migration may take; the board has its job",
}
# Seconds after which the others are told: the rate of five minutes has to grow, what guests told last has to be so old, a job has to stand still.
SLOW = {"cpu-steal": 300, "guests-hung": 420, "block-job-stuck": 300}
# Panels that say in good times that there is nothing to draw: test_libvirt_boards.py draws them in bad ones.
EMPTY = {"In trouble", "Jobs", "Jobs of guests"}


def about(labels: dict[str, str]) -> str:
    return labels.get("domain") or labels.get("storage_pool") or ""


def quick_windows(folder: Path) -> Path:
    """The rules with three minutes in place of the half hour for which a job has to stand still: more than the two that a failed scrape is bridged for, in which what
    has ended stands still too."""
    rules = quick_rules(folder)
    alerts = rules / "alerts-libvirt.yml"
    text, count = re.subn(r"libvirt_disk:job_progress:ratio(\[| offset )30m", r"libvirt_disk:job_progress:ratio\g<1>3m", alerts.read_text())
    assert count == 2
    alerts.write_text(text)
    return rules


class HypervisorStack(Stack):
    """With a KVM host, and rules that wait for seconds."""

    def __init__(self, start: Start, folder: Path) -> None:
        webhook = free_port()
        start("simulate", "webhook", "--listen", f"127.0.0.1:{webhook}")
        super().__init__(
            start, folder, "--simulate.nodes", "1", "--simulate.guests", "0", "--prometheus.scrape-interval", "2s", "--prometheus.rules-dir", quick_windows(folder),
            "--alertmanager.config-file", told_of_everything(folder, f"http://127.0.0.1:{webhook}/alerts"), domains=DOMAINS)
        self.ports["webhook"] = webhook
        self.wait_until_ready()

    def play(self, scenario: str) -> None:
        assert fetch(self.url("libvirt") + "/api/v1/scenario", "PUT", scenario.encode()).status == 200

    def firing(self) -> dict[str, set[str]]:
        """About whom which alerts of this host are told now."""
        found: dict[str, set[str]] = {}
        for alert in fetch(f"{self.url('prometheus')}/api/v1/alerts").json["data"]["alerts"]:
            labels = alert["labels"]
            if alert["state"] == "firing" and labels["alertname"] in ALERTS:
                assert {name: labels[name] for name in HERE} == HERE
                found.setdefault(labels["alertname"], set()).add(about(labels))
        return found

    def told(self, status: str, name: str) -> set[str]:
        return {about(alert["labels"]) for alert in self.alerts(status, name)}


@pytest.fixture(scope="module")
def stack(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HypervisorStack]:
    stack = HypervisorStack(start_for_all, tmp_path_factory.mktemp("kvm"))
    wait_for(lambda: len(stack.query("libvirt_guest:answer_age:seconds")) == DOMAINS - 1, 60, "all guests but the one that is off have told something")
    yield stack
    stack.program.stop()


def test_every_alert_has_a_scenario_or_a_reason() -> None:
    caused = set().union(*SCENARIOS.values())
    assert caused | set(ELSEWHERE) == ALERTS and not caused & set(ELSEWHERE) and not set(SCENARIOS) & set(QUIET)


def test_its_exporter_asks_it_and_both_end_with_the_rest(start: Start, tmp_path: Path) -> None:
    stack = Stack(start, tmp_path, "--simulate.nodes", "1", "--simulate.guests", "0", domains=3)
    text = wait_for(lambda: "libvirt_domains_number" in (text := fetch(stack.url("libvirt-exporter") + "/metrics").text) and text, 20, "an exporter that asks")
    assert re.search(r"^libvirt_up\{.*\} 1$", text, re.MULTILINE) and re.search(r"^libvirt_domains_number\{.*\} 3$", text, re.MULTILINE)
    # Nothing of this machine is that host's.
    assert not re.search(r"^(zfs|node|pve|llm_monitor|nvidia)_", text, re.MULTILINE)
    assert "and a KVM host with 3 virtual machines" in stack.program.output
    assert stat.S_ISSOCK((tmp_path / "state/libvirt/libvirt-sock").stat().st_mode)
    [target] = yaml.safe_load((tmp_path / "state/prometheus/targets/martlet-hosts/simulated.yml").read_text())
    assert target == {"targets": [stack.url("libvirt-exporter").removeprefix("http://")], "labels": HERE}
    running = stack.process_ids()
    assert {"simulated-libvirt", "libvirt-exporter"} <= set(running)
    assert stack.program.stop() == 0
    assert not [process for process in running.values() if Path(f"/proc/{process}").exists()]
    assert not (tmp_path / "state/libvirt/libvirt-sock").exists()


@pytest.mark.e2e
def test_a_socket_whose_path_would_be_too_long_is_in_a_folder_that_goes(start: Start, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    before = set(Path("/tmp").glob(f"martlet-{os.geteuid()}-*"))
    stack = Stack(start, deep, "--simulate.nodes", "1", "--simulate.guests", "0", domains=3)

    def folders() -> set[Path]:
        return set(Path("/tmp").glob(f"martlet-{os.geteuid()}-*")) - before

    def is_asked() -> bool:
        return re.search(r"^libvirt_up\{.*\} 1$", fetch(stack.url("libvirt-exporter") + "/metrics").text, re.MULTILINE) is not None

    wait_for(is_asked, 30, "an exporter that asks")
    [folder] = folders()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700 and [path.name for path in folder.iterdir()] == ["libvirt-sock"]
    # One that is killed leaves it, and the next one has it again.
    stack.program.kill()
    assert folders() == {folder}
    stack.begin()
    wait_for(is_asked, 30, "an exporter that asks again")
    assert folders() == {folder}
    assert stack.program.stop() == 0
    assert folders() == set()
    # One that finds a port taken, and starts nothing, leaves none either.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", stack.ports["prometheus"]))
        taken.listen()
        stack.begin()
        assert stack.program.process.wait(30) != 0 and "--prometheus.listen-address" in stack.program.output
    assert folders() == set()


@pytest.mark.e2e
def test_a_library_that_cannot_be_used_is_said_once_and_the_rest_runs(start: Start, tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken/libvirt.so.0").touch()
    stack = Stack(start, tmp_path, "--simulate.nodes", "1", "--simulate.guests", "0", domains=3, env={"LD_LIBRARY_PATH": str(tmp_path / "broken")})
    stack.wait_until_ready()
    [line] = [line for line in stack.program.output.splitlines() if "no KVM host is simulated" in line]
    assert "libvirt" in line and "--simulate.domains 0" in line
    assert "KVM host with" not in stack.program.output and not {"simulated-libvirt", "libvirt-exporter"} & set(stack.process_ids())


@pytest.mark.e2e
def test_hypervisors_that_the_settings_name_are_watched_and_nothing_is_invented(start: Start, tmp_path: Path) -> None:
    control = free_port()
    start("simulate", "libvirt", "--socket", tmp_path / "sock", "--listen", f"127.0.0.1:{control}")
    settings = tmp_path / "martlet.yml"
    settings.write_text(f"libvirt:\n  uris: ['qemu+unix:///system?socket={tmp_path}/sock']\n  interval: 2s\n")
    stack = Stack(start, tmp_path, "--config.file", settings, "--prometheus.scrape-interval", "1s", simulate=False, domains=3)
    stack.wait_until_ready()
    assert "with the hypervisors qemu+unix:///system" in stack.program.output and "no Proxmox cluster is among it" in stack.program.output
    assert not [name for name in stack.process_ids() if name.startswith("simulated") and name != "simulated-webhook"]
    wait_for(lambda: stack.value("libvirt_domains_number") == 8, 30, "the hypervisor")
    assert len(stack.query("libvirt_up")) == 1 and stack.query("pve_up") == [] and stack.query("up != 1") == []


@pytest.mark.e2e
def test_the_host_is_a_target_of_its_own_and_well(stack: HypervisorStack) -> None:
    [host] = stack.query('up{job="martlet-hosts"}')
    assert host["value"][1] == "1" and {name: host["metric"][name] for name in HERE} == HERE
    truth = {domain["name"]: domain for domain in fetch(stack.url("libvirt") + "/api/v1/domains").json["domains"]}
    assert RUNNING == {name for name, domain in truth.items() if domain["state"] == 1}
    states = {row["metric"]["domain"]: row["metric"]["state"] for row in stack.query("libvirt_guest:state:info")}
    words = {1: "running", 3: "paused", 5: "shutoff"}
    assert states == {name: words[domain["state"]] for name, domain in truth.items()}
    assert stack.query('martlet_scrape_part_problem_info{job="martlet-hosts"}') == []
    # What a scenario of the whole world is called, this host hears of too.
    stack.scenario("guest-paused-ioerror")
    wait_for(lambda: stack.query('libvirt_guest:state:info{domain="db-1",state="paused",reason="ioerror"}'), 40, "a guest that stands still")
    stack.scenario("normal")
    wait_for(lambda: stack.query('libvirt_guest:state:info{domain="db-1",state="running"}') and not stack.firing(), 60, "all is well again")


@pytest.mark.e2e
def test_every_panel_of_its_board_draws(browser: Browser, stack: HypervisorStack) -> None:
    # For as long as the steps of a board over five minutes, which are drawn from their beginnings.
    wait_for(lambda: all(stack.query(f"{name} offset 30s") for name in ("libvirt_disk:flush_latency:avg5m", "libvirt:cpu_usage:cores", "libvirt_interface:drops:rate5m")), 120, "rates")
    with tab(browser, stack.url("dashboards")) as desk:
        page = desk.open("/d/martlet-libvirt?from=now-5m&to=now&refresh=off")
        panels = desk.panels()
        assert len(panels) >= 20 and [panel for panel in panels if panel["failed"]] == []
        blank = {
            panel["title"]: panel["excuse"] or "" for panel in panels
            if panel["title"] not in EMPTY and (panel["excuse"] or (panel["colored"] < 20 and not panel["text"]))
        }
        assert blank == {} and desk.complaints == []
        page.set_viewport_size({"width": page.evaluate("innerWidth"), "height": min(page.evaluate("document.documentElement.scrollHeight"), 6000)})
        desk.screenshot("up-martlet-libvirt")


def is_right(scenario: str, found: dict[str, set[str]]) -> bool:
    expected = SCENARIOS[scenario]
    if scenario != "guests-hung":
        return found == expected
    # Each that is known to hang does, and threads hang in some of them; the paused one hangs as those that run.
    known = found.get("LibvirtGuestHung", set())
    return found.keys() == expected.keys() and 4 <= len(known) and known <= RUNNING | {"git-1"}


@pytest.mark.e2e
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_what_befalls_it_is_delivered_and_ends(stack: HypervisorStack, scenario: str) -> None:
    wait_for(lambda: stack.firing() == {}, 60, "nothing before")
    expected = SCENARIOS[scenario]
    patience = SLOW.get(scenario, 90)
    began = time.monotonic()
    stack.play(scenario)
    try:
        wait_for(lambda: is_right(scenario, stack.firing()), patience, "alerts")
    except pytest.fail.Exception:
        pytest.fail(f"{scenario}: {stack.firing()} and not {expected}")
    firing = stack.firing()
    for name in expected:
        wait_for(lambda name=name: firing[name] <= stack.told("firing", name), 30, f"{name} to be told")
    print(f"{scenario}: told after {time.monotonic() - began:.0f} s")
    stack.play("normal")
    wait_for(lambda: stack.firing() == {}, max(90, SLOW.get(scenario, 0)), f"an end of {stack.firing()}")
    for name in expected:
        wait_for(lambda name=name: firing[name] <= stack.told("resolved", name), 30, f"the end of {name} to be told")


@pytest.mark.e2e
@pytest.mark.parametrize("scenario", QUIET, ids=str)
def test_what_is_no_trouble_is_not_told(stack: HypervisorStack, scenario: str) -> None:
    wait_for(lambda: stack.firing() == {}, 60, "nothing before")
    stack.play(scenario)
    until = time.monotonic() + 25
    seen: list[dict[str, set[str]]] = []
    while time.monotonic() < until:
        if found := stack.firing():
            seen.append(found)
        time.sleep(0.5)
    stack.play("normal")
    assert seen == []


@pytest.mark.e2e
@pytest.mark.skipif(shutil.which("virsh") is None, reason="virsh is missing; scripts/bootstrap e2e installs libvirt-clients")
def test_its_socket_is_open_to_virsh(stack: HypervisorStack) -> None:
    done = subprocess.run(
        ["virsh", "-q", "-c", f"qemu+unix:///system?socket={stack.folder}/state/libvirt/libvirt-sock", "list", "--all", "--name"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 0 and len(done.stdout.split()) == DOMAINS, done

"""Alerts about containers, and what Prometheus makes of their figures: something is done to real containers of podman, and the shipped rules tell.

`for`, `keep_firing_for` and intervals are cut to seconds, expressions are not touched. As some of these look back over five to fifteen minutes, a
second Prometheus has windows of seconds too: there an alert must end when its cause does.
"""

from __future__ import annotations

import re
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import REPOSITORY, Start, fetch, wait_for
from exporting import Exporter
from podman import Podman, reason_not_to
from stack import quick_rules
from test_gpu_alerts import Watch

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(reason_not_to() is not None, reason=str(reason_not_to()))]

ALERTS = [
    rule for group in yaml.safe_load((REPOSITORY / "prometheus/rules/alerts-container.yml").read_text())["groups"] for rule in group["rules"]]

# Alerts that something done to a container or its engine causes here, and the test that does it.
CAUSED = {
    "ContainerCpuThrottled": "test_a_busy_loop_under_a_quota",
    "ContainerMemoryNearLimit": "test_memory_filled_up_to_its_limit",
    "ContainerOomKilled": "test_a_process_killed_for_want_of_memory",
    "ContainerRestarting": "test_a_container_that_ends_as_soon_as_it_starts",
    "ContainerUnhealthy": "test_a_health_check_that_fails",
    "ContainerEngineUnreachable": "test_an_engine_that_does_not_answer",
}
# Alerts that cannot be caused here, and why.
ELSEWHERE: dict[str, str] = {"ContainerSeriesDropped": "wants more containers or series than containers.limit lets through; promtool proves it"}

SCRAPE_SECONDS = 2
PATIENCE_SECONDS = 120


def quick_windows(folder: Path) -> Path:
    """The shipped rules, which look back over four seconds for each minute."""
    copies = quick_rules(folder)
    for rules in copies.glob("*-container.yml"):
        text = re.sub(r"(\[|offset )(\d+)m\b", lambda window: f"{window[1]}{int(window[2]) * 4}s", rules.read_text())
        rules.write_text(re.sub(r"< 600$", "< 40", text, flags=re.MULTILINE))
    return copies


class Bed:
    """An engine, an exporter of the role gpu, and two Prometheis: with the shipped windows, and with short ones."""

    def __init__(self, start: Start, folder: Path, podman: Podman) -> None:
        self.podman = podman
        self.exporter = Exporter(start, {"MARTLET_CONTAINERS__ENGINE_SOCKET": str(podman.socket)}, "--exporter.role", "gpu")
        self.watch = Watch(start, folder / "prometheus", self.exporter)
        self.short = Watch(start, folder / "short", self.exporter, rules=quick_windows)

    def alert(self, name: str, container: str = "", watch: Watch | None = None) -> dict[str, Any] | None:
        """The alert of a container, or of the machine, that is firing."""
        for alert in fetch(f"{(watch or self.watch).url}/api/v1/alerts").json["data"]["alerts"]:
            labels = alert["labels"]
            if (labels["alertname"], labels.get("container", ""), alert["state"]) == (name, container, "firing"):
                return dict(alert)
        return None

    def told(self, name: str, container: str = "", seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """Waits for the alert at both, and looks at how it names the container."""
        wait_for(lambda: self.alert(name, container, self.short), seconds, f"{name} of {container or 'the machine'} with short windows")
        alert = dict(wait_for(lambda: self.alert(name, container), seconds, f"{name} of {container or 'the machine'}"))
        labels, annotations = alert["labels"], alert["annotations"]
        assert (labels["cluster"], labels["node"]) == ("lab", "pve1") and labels["severity"] in ("info", "warning")
        assert set(annotations) == {"summary", "description", "runbook_url", "dashboard_url"}
        assert not [text for text in annotations.values() if "<no value>" in text or "error" in text]
        assert "pve1" in annotations["summary"] and "pve1, cluster lab" in annotations["description"] or not container
        if container:
            assert labels["gpu"] == "false" and f"ontainer {container} on host pve1" in annotations["summary"]
            assert f"ontainer {container} of host pve1" in annotations["description"]
            assert annotations["dashboard_url"].endswith(f"var-cluster=lab&var-node=pve1&var-container={container}")
        return alert

    def ends(self, name: str, container: str = "", *, everywhere: bool = False) -> None:
        """Waits until nobody is told of it any more; `everywhere` with the shipped windows too."""
        for watch in [self.short, self.watch] if everywhere else [self.short]:
            wait_for(lambda watch=watch: self.alert(name, container, watch) is None, PATIENCE_SECONDS, f"the end of {name} of {container}")

    def value(self, expression: str, watch: Watch | None = None) -> float | None:
        found = (watch or self.watch).query(expression)
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else None

    def seen(self, name: str, seconds: float = 30) -> None:
        """Waits until both have scraped the container twice, running and by its name."""
        for watch in (self.watch, self.short):
            selector = f'llm_monitor_container_state{{container="{name}",state="running"}}'
            wait_for(lambda watch=watch: (self.value(f"sum_over_time({selector}[1m])", watch) or 0) >= 2, seconds, f"{name} is seen")

    def samples(self, selector: str, window: str) -> list[tuple[float, float]]:
        """All samples of one series, with their moments."""
        found = self.watch.query(f"{selector}[{window}]")
        assert len(found) <= 1, [series["metric"] for series in found]
        return [(float(moment), float(value)) for series in found for moment, value in series["values"]]

    def remove(self, *names: str) -> None:
        self.podman.run("rm", "--force", "--time", "0", *names)


@pytest.fixture(scope="module")
def bed(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    # podman wants a path of at most fifty letters for what it keeps while it runs.
    folder = Path(tempfile.mkdtemp(prefix="podman-", dir="/tmp"))
    podman = Podman(folder, start_for_all)
    try:
        bed = Bed(start_for_all, tmp_path_factory.mktemp("bed"), podman)
        # It works a little, is healthy, and has limits that it keeps.
        quiet = podman.container(
            "quiet", "--memory", "64m", "--cpus", "0.5", "--pids-limit", "50", "--health-cmd", "/bin/true", "--health-interval", "disable",
            command=("/bin/sh", "-c", "while sleep 1; do dd if=/dev/zero of=/dev/null bs=1M count=8; done 2>/dev/null"))
        podman.run("healthcheck", "run", quiet)
        bed.seen(quiet, 60)
        yield bed
    finally:
        podman.close()
        shutil.rmtree(folder, ignore_errors=True)


def test_every_alert_has_a_cause_or_a_reason() -> None:
    assert set(CAUSED) | set(ELSEWHERE) == {alert["alert"] for alert in ALERTS}
    assert not set(CAUSED) & set(ELSEWHERE) and all(len(reason) > 20 for reason in ELSEWHERE.values())
    assert all(callable(globals().get(test)) for test in CAUSED.values())


def test_a_busy_loop_under_a_quota(bed: Bed) -> None:
    # So little, and with such a right to it, that it is the limit that holds it back and not what else this machine does.
    name = bed.podman.container("busy", "--cpus", "0.05", "--cpu-shares", "8192", command=("/bin/sh", "-c", "while [ ! -e /enough ]; do :; done; exec sleep 1000"))
    bed.seen(name)
    alert = bed.told("ContainerCpuThrottled", name)
    assert re.search(r"held back by its CPU limit for (\d\S*)% of the", alert["annotations"]["description"])
    wait_for(lambda: (bed.value(f'container:cpu_utilization:ratio{{container="{name}"}}', bed.short) or 0) > 0.6, 60, "it uses what it may")
    used = bed.value(f'container:cpu_usage:cores{{container="{name}"}}', bed.short)
    assert used is not None and 0.03 < used < 0.07
    bed.podman.run("exec", name, "/bin/sh", "-c", "true > /enough")
    bed.ends("ContainerCpuThrottled", name)
    bed.remove(name)


def test_memory_filled_up_to_its_limit(bed: Bed) -> None:
    name = bed.podman.container("full", "--memory", "128m", "--shm-size", "128m")
    bed.seen(name)
    assert bed.alert("ContainerMemoryNearLimit", name) is None
    bed.podman.run("exec", name, "/bin/dd", "if=/dev/zero", "of=/dev/shm/model", "bs=1M", "count=124")
    alert = bed.told("ContainerMemoryNearLimit", name)
    assert re.search(r"has 9[6-9]\S*% of its memory limit in use", alert["annotations"]["description"])
    bed.podman.run("exec", name, "/bin/sh", "-c", "true > /dev/shm/model")
    bed.ends("ContainerMemoryNearLimit", name, everywhere=True)
    assert bed.alert("ContainerOomKilled", name) is None
    bed.remove(name)


def test_a_process_killed_for_want_of_memory(bed: Bed) -> None:
    """A child of it; the container lives on."""
    name = bed.podman.container("child", "--memory", "16m")
    bed.seen(name)
    assert bed.alert("ContainerOomKilled", name) is None
    bed.podman.run("exec", name, "/bin/sh", "-c", "dd if=/dev/zero of=/dev/null bs=100M count=1; true", check=False)
    alert = bed.told("ContainerOomKilled", name)
    assert "the kernel killed 1 processes in the last 10 minutes" in alert["annotations"]["description"]
    assert bed.value(f'container:oom_kills:increase10m{{container="{name}"}}') == pytest.approx(1, abs=0.3)
    bed.ends("ContainerOomKilled", name)
    bed.remove(name)


def test_a_container_that_is_killed_before_anybody_looks(bed: Bed) -> None:
    """The first that is seen of it is a counter that stands at 1."""
    name = bed.podman.container("early", "--memory", "16m", command=("/bin/sh", "-c", "dd if=/dev/zero of=/dev/null bs=100M count=1; sleep 1000"))
    bed.seen(name)
    assert bed.samples(f'llm_monitor_container_oom_kills_total{{container="{name}"}}', "1m")[0][1] == 1
    alert = bed.told("ContainerOomKilled", name, 30)
    assert "the kernel killed 1 processes in the last 10 minutes" in alert["annotations"]["description"]
    bed.ends("ContainerOomKilled", name)
    bed.remove(name)


def test_a_container_that_ends_as_soon_as_it_starts(bed: Bed) -> None:
    name = bed.podman.container("crash", "--restart", "always", command=("/bin/sh", "-c", "sleep 2; exit 1"))
    alert = bed.told("ContainerRestarting", name)
    assert re.search(r"was started \d+ times in the last 15 minutes", alert["annotations"]["description"])
    counted = bed.podman.inspect(name)["RestartCount"]
    wait_for(
        lambda: (bed.value(f'llm_monitor_container_restarts_total{{container="{name}"}}') or 0) >= counted, 30, f"{counted} restarts are counted")
    bed.podman.run("stop", "--time", "0", name)
    bed.ends("ContainerRestarting", name)
    bed.remove(name)
    # Twice by hand is no loop.
    name = bed.podman.container("twice")
    bed.seen(name)
    for count in (1, 2):
        bed.podman.run("restart", "--time", "0", name)
        wait_for(lambda count=count: bed.value(f'llm_monitor_container_restarts_total{{container="{name}"}}') == count, 30, f"{count} restarts")
    time.sleep(4 * SCRAPE_SECONDS)
    assert bed.alert("ContainerRestarting", name) is None and bed.alert("ContainerRestarting", name, bed.short) is None
    bed.remove(name)


def test_a_health_check_that_fails(bed: Bed) -> None:
    name = bed.podman.container("ill", "--health-cmd", "/bin/cat /well", "--health-retries", "1", "--health-interval", "disable")
    bed.seen(name)
    assert bed.alert("ContainerUnhealthy", name) is None

    def checked(state: str) -> bool:
        """Runs the check, as a timer would again and again: Podman 4.3 tells of the first before it knows the result."""
        bed.podman.run("healthcheck", "run", name, check=False)
        time.sleep(SCRAPE_SECONDS)
        return bed.value(f'llm_monitor_container_health_state{{container="{name}",state="{state}"}}') == 1

    wait_for(lambda: checked("unhealthy"), 60, "it is unhealthy")
    alert = bed.told("ContainerUnhealthy", name)
    assert alert["labels"]["state"] == "unhealthy"
    bed.podman.run("exec", name, "/bin/sh", "-c", "true > /well")
    wait_for(lambda: checked("healthy"), 60, "it is healthy")
    bed.ends("ContainerUnhealthy", name, everywhere=True)
    bed.remove(name)


@pytest.mark.parametrize("how", ["hangs", "killed"])
def test_an_engine_that_does_not_answer(bed: Bed, how: str) -> None:
    name = bed.podman.container(f"stays-{how}")
    bed.seen(name)
    identity = bed.podman.inspect(name)["Id"]
    service = bed.podman.service
    assert service and bed.alert("ContainerEngineUnreachable") is None
    began = time.monotonic()
    if how == "hangs":
        service.process.send_signal(signal.SIGSTOP)
    else:
        service.kill()
    try:
        alert = bed.told("ContainerEngineUnreachable")
        assert "host pve1" in alert["annotations"]["summary"] and alert["labels"]["state"] == "unreachable"
    finally:
        if how == "hangs":
            service.process.send_signal(signal.SIGCONT)
        else:
            bed.podman.socket.unlink()
            bed.podman.serve()
    bed.ends("ContainerEngineUnreachable", everywhere=True)
    # Nothing of this touched the container: one name, no restart, and figures all the time.
    window = f"{int(time.monotonic() - began)}s"
    named = bed.watch.query(f'count by (container) (last_over_time(llm_monitor_container_info{{container_id="{identity}"}}[{window}]))')
    assert [series["metric"]["container"] for series in named] == [name]
    restarts = bed.samples(f'llm_monitor_container_restarts_total{{container="{name}"}}', "5m")
    assert {value for _, value in restarts} == {0}
    moments = [moment for moment, _ in bed.samples(f'llm_monitor_container_processes{{container="{name}"}}', "5m")]
    assert max(later - earlier for earlier, later in zip(moments, moments[1:], strict=False)) < 5 * SCRAPE_SECONDS
    bed.remove(name)


def test_series_of_a_removed_container_end(bed: Bed) -> None:
    name = bed.podman.container("gone")
    bed.seen(name)
    bed.remove(name)
    removed = time.time()
    # Marked as ended, not merely old: that would take five minutes.
    wait_for(lambda: not bed.watch.query(f'{{__name__=~"llm_monitor_container_.*",container="{name}"}}'), 30, "its series are gone")
    last = max(
        float(series["values"][-1][0]) for series in bed.watch.query(f'{{__name__=~"llm_monitor_container_.*",container="{name}"}}[1m]'))
    assert last - removed <= 2 * SCRAPE_SECONDS


def test_a_container_that_is_started_again_goes_on_under_its_name(bed: Bed) -> None:
    """Its counters begin anew in the same series, which `rate` allows for, and counts of its life go on."""
    name = bed.podman.container("again", "--cpus", "0.3", command=("/bin/sh", "-c", "while :; do :; done"))
    bed.seen(name)
    selector = f'{{container="{name}",mode="user"}}'
    began = time.monotonic()
    for count in (1, 2, 3):
        time.sleep(5 * SCRAPE_SECONDS)
        bed.podman.run("restart", "--time", "0", name)
        wait_for(lambda count=count: bed.value(f'llm_monitor_container_restarts_total{{container="{name}"}}') == count, 30, f"{count} restarts")
    time.sleep(3 * SCRAPE_SECONDS)
    # One series all along; `samples` fails when there are more.
    values = [value for _, value in bed.samples(f"llm_monitor_container_cpu_seconds_total{selector}", "5m")]
    falls = sum(later < earlier for earlier, later in zip(values, values[1:], strict=False))
    assert falls == 3 == bed.value(f"resets(llm_monitor_container_cpu_seconds_total{selector}[5m])")
    # Never more than it may use, nor less than nothing.
    rates = bed.watch.query(
        f'sum by (container) (rate(llm_monitor_container_cpu_seconds_total{{container="{name}"}}[10s]))[{int(time.monotonic() - began)}s:2s]')
    found = [float(value) for series in rates for _, value in series["values"]]
    assert len(found) > 5 and 0 <= min(found) and 0.02 < max(found) < 0.3 * 1.25
    for family in ("restarts_total", "oom_kills_total"):
        assert bed.value(f'resets(llm_monitor_container_{family}{{container="{name}"}}[5m])') == 0
    bed.remove(name)


def test_a_quiet_container_was_never_told_of(bed: Bed) -> None:
    """Last of all: what was done to others was theirs alone."""
    quiet = bed.podman.prefix + "quiet"
    for watch in (bed.watch, bed.short):
        assert (bed.value(f'count_over_time(container:state:info{{container="{quiet}",state="running"}}[1h])', watch) or 0) > 5
        assert watch.query(f'last_over_time(ALERTS{{container="{quiet}"}}[1h])') == []
        assert watch.query('last_over_time(ALERTS{alertname=~"Gpu.*|Vgpu.*"}[1h])') == []
        groups = fetch(f"{watch.url}/api/v1/rules").json["data"]["groups"]
        assert [(rule["name"], rule["lastError"]) for group in groups for rule in group["rules"] if rule["health"] not in ("ok", "unknown")] == []

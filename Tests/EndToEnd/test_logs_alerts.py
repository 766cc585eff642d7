"""Alerts about `martlet logs`: a Loki that fails in each of its ways, a journal that cannot be read and a state that cannot be written are told, by the shipped
rules on a real Prometheus, and are told to have ended.

`for`, intervals and windows are cut to seconds, and so is the age at which a line is late; nothing else of the expressions is touched.
"""

from __future__ import annotations

import os
import re
import shutil
import time
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import journald
import pytest
import yaml
from boards import boards
from conftest import REPOSITORY, Start, fetch, free_port, wait_for
from stack import quick_rules
from test_boards_data import LOGS
from test_logs import Shipper
from test_simulated_loki import Loki

ALERTS = [rule for group in yaml.safe_load((REPOSITORY / "prometheus/rules/alerts-logs.yml").read_text())["groups"] for rule in group["rules"]]
LOG_QUERIES = [query for query in boards()["stack-health.json"].queries if str(query) in LOGS]
PATIENCE_SECONDS = 120
# Of a minute of the rules' windows.
MINUTE_SECONDS = 6

# What goes wrong, and which alerts are to come of it. Where nothing is stored, lines grow old too.
CAUSED: dict[str, set[str]] = {
    "429": {"LogsNotStored", "LogsLagging"},
    "500": {"LogsNotStored", "LogsLagging"},
    "timeout": {"LogsNotStored", "LogsLagging"},
    "401": {"LogsNotStored", "LogsLagging"},
    "260": {"LogsNotStored", "LogsLagging"},
    "loki-gone": {"LogsNotStored", "LogsLagging"},
    "400": {"LogsLinesDropped"},
    "journal-unreadable": {"LogsSourceDown"},
    "state-unwritable": {"LogsStateNotWritten"},
}


def quick_windows(folder: Path) -> Path:
    copies = quick_rules(folder)
    for rules in copies.glob("*-logs.yml"):
        text = re.sub(r"\[(\d+)m\]", lambda window: f"[{int(window[1]) * MINUTE_SECONDS}s]", rules.read_text())
        assert "seconds > 300" in text or "alerts" not in rules.name
        rules.write_text(text.replace("logs:lag:seconds > 300", "logs:lag:seconds > 5"))
    return copies


class Bed:
    """A journal, who reads it, a Loki, and a Prometheus that watches: it knows its target from a file, in the shipped job."""

    def __init__(self, start: Start, folder: Path) -> None:
        self.start, self.folder = start, folder
        self.journal = journald.Journal(start)
        self.loki = Loki(start, "--rate-mib", "1000")
        self.shipper = Shipper(start, folder, self.loki.url, self.journal.namespace)
        self.shipper.logs["loki"]["timeout"] = "1s"
        self.shipper.write()
        # What reads the journal, as long as nobody breaks it.
        self.broken = folder / "broken"
        (folder / "bin").mkdir()
        reader = folder / "bin/journalctl"
        reader.write_text(f"#!/bin/sh\n[ -e '{self.broken}' ] && {{ echo 'the journal is on fire' >&2; exit 1; }}\nexec {shutil.which('journalctl')} \"$@\"\n")
        reader.chmod(0o755)
        self.program = start("logs", "--config.file", self.shipper.file, env={"PATH": f"{folder}/bin:{os.environ['PATH']}"})
        self.program.wait_until(self.shipper.url + "/health")
        self.count = 0
        self.url = self.watched(folder / "prometheus")
        wait_for(lambda: self.talk() and self.query('logs:lines_stored:rate5m{cluster="lab",node="pve1"} > 0'), 60, "lines that are stored")

    def watched(self, folder: Path) -> str:
        folder.mkdir()
        [job] = [job for job in yaml.safe_load((REPOSITORY / "prometheus/prometheus.yml").read_text())["scrape_configs"] if job["job_name"] == "martlet-logs"]
        [pattern] = job["file_sd_configs"][0]["files"]
        target = folder / pattern.replace("*", "pve1")
        target.parent.mkdir(parents=True)
        target.write_text(yaml.safe_dump([{"targets": [self.shipper.address], "labels": {"cluster": "lab", "node": "pve1"}}]))
        (folder / "prometheus.yml").write_text(yaml.safe_dump({
            "global": {"scrape_interval": "2s", "evaluation_interval": "2s"}, "rule_files": [f"{quick_windows(folder)}/*.yml"], "scrape_configs": [job]}))
        url = f"http://127.0.0.1:{free_port()}"
        program = self.start(
            "/usr/bin/prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", f"--web.listen-address={url.removeprefix('http://')}")
        program.wait_until(url + "/-/ready", 60)
        return url

    def talk(self) -> bool:
        """Something is said on this machine."""
        self.journal.write(f"line {self.count}")
        self.count += 1
        return True

    def query(self, expression: str) -> list[dict[str, Any]]:
        answer = fetch(f"{self.url}/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        assert answer.status == 200, answer.text
        return list(answer.json["data"]["result"])

    def firing(self) -> dict[str, dict[str, Any]]:
        found = fetch(f"{self.url}/api/v1/alerts").json["data"]["alerts"]
        return {alert["labels"]["alertname"]: alert for alert in found if alert["state"] == "firing" and alert["labels"]["alertname"].startswith("Logs")}

    def wait_until(self, holds: Callable[[], bool], what: str) -> None:
        """While lines are written all the time."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            self.talk()
            if holds():
                return
            time.sleep(0.2)
        pytest.fail(f"{what}: firing are {sorted(self.firing())}; {self.program.output[-2000:]}")

    def lines(self) -> set[int]:
        return {int(line.split()[1]) for line in self.loki.lines('{job="journal"} |= "line "')}

    def happen(self, what: str) -> None:
        if what == "loki-gone":
            self.loki.program.stop()
        elif what == "journal-unreadable":
            self.broken.touch()
            self.reader_dies()
        elif what == "state-unwritable":
            self.shipper.state.rename(self.folder / "moved")
        else:
            self.loki.set(what)

    def end(self, what: str) -> None:
        if what == "loki-gone":
            self.loki.program = self.start("simulate", "loki", "--listen", self.loki.address, "--rate-mib", "1000")
            self.loki.program.wait_until(self.loki.url + "/ready")
        elif what == "journal-unreadable":
            self.broken.unlink()
        elif what == "state-unwritable":
            (self.folder / "moved").rename(self.shipper.state)
        else:
            self.loki.set("normal")

    def reader_dies(self) -> None:
        for children in Path(f"/proc/{self.program.process.pid}/task").glob("*/children"):
            for child in children.read_text().split():
                os.kill(int(child), 15)

    def close(self) -> None:
        self.journal.close()


@pytest.fixture
def bed(start: Start, tmp_path: Path) -> Iterator[Bed]:
    bed = Bed(start, tmp_path)
    yield bed
    bed.close()


def test_every_alert_has_a_cause() -> None:
    assert set().union(*CAUSED.values()) == {alert["alert"] for alert in ALERTS}


def test_who_carries_logs_may_say_nothing_of_others() -> None:
    """A target without labels is a host of its own, as in the job gpu-hosts; and of its series those are kept that are its own."""
    jobs = {job["job_name"]: job for job in yaml.safe_load((REPOSITORY / "prometheus/prometheus.yml").read_text())["scrape_configs"]}
    assert jobs["martlet-logs"]["relabel_configs"] == jobs["gpu-hosts"]["relabel_configs"] and "honor_labels" not in jobs["martlet-logs"]
    [rule] = jobs["martlet-logs"]["metric_relabel_configs"]
    assert rule["action"] == "keep" and rule["source_labels"] == ["__name__"]
    own = ["martlet_logs_lag_seconds", "martlet_config_last_reload_successful", "martlet_scrape_collector_success", "martlet_build_info", "process_resident_memory_bytes"]
    others = ["pve_node_up", "martlet_proxmox_requests_total", "martlet_discovery_targets", "node_load1", "logs:lag:seconds", "llm_monitor_llm_up", "up", "ALERTS"]
    assert [name for name in own + others if re.fullmatch(rule["regex"], name)] == own


@pytest.mark.e2e
@pytest.mark.skipif(journald.reason_not_to() is not None, reason=str(journald.reason_not_to()))
@pytest.mark.parametrize("what", CAUSED)
def test_what_befalls_logs_is_told_and_that_it_has_ended(bed: Bed, what: str) -> None:
    bed.wait_until(lambda: len(bed.lines()) > 20, "lines in Loki")
    assert bed.firing() == {}
    stored = max(bed.lines())
    bed.happen(what)
    bed.wait_until(lambda: set(bed.firing()) >= CAUSED[what], f"{CAUSED[what]} to be told")
    for name, alert in bed.firing().items():
        labels, annotations = alert["labels"], alert["annotations"]
        assert (labels["cluster"], labels["node"], labels["instance"], labels["severity"]) == ("lab", "pve1", bed.shipper.address, "warning")
        assert "pve1" in annotations["summary"] and "pve1, cluster lab" in annotations["description"], name
        assert not [text for text in annotations.values() if "<no value>" in text or "error calling" in text]
    if what == "400":
        assert {str(query) for query in LOG_QUERIES} == set(LOGS)
        assert [str(query) for query in LOG_QUERIES if not bed.query(query.expr.replace("$cluster", "lab"))] == []
    # One trouble, and what follows from it, is all that is told of it.
    assert set(bed.firing()) <= CAUSED[what]
    bed.end(what)
    bed.wait_until(lambda: bed.firing() == {}, "the end of it")
    if what != "loki-gone":
        # Those from before and after are there; and those from in between, but for what Loki refused for good.
        last = bed.count
        bed.talk()
        wait_for(lambda: last in bed.lines(), 30, "the last line")
        missing = set(range(last)) - bed.lines()
        assert not missing or what == "400" and min(missing) > stored, sorted(missing)[:10]
    groups = fetch(f"{bed.url}/api/v1/rules").json["data"]["groups"]
    assert [(rule["name"], rule["lastError"]) for group in groups for rule in group["rules"] if rule["health"] not in ("ok", "unknown")] == []

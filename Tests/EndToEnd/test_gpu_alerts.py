"""Alerts about cards, vGPUs and containers: what befalls simulated cards is told, by the shipped rules on a real Prometheus.

`for`, `keep_firing_for` and intervals are cut to seconds, expressions are not touched.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import REPOSITORY, Start, fetch, free_port, wait_for
from exporting import Exporter
from gpus import Cards, Machine, build_library
from stack import quick_rules

ALERTS = [
    rule for scope in ("gpu", "container") for group in yaml.safe_load((REPOSITORY / f"prometheus/rules/alerts-{scope}.yml").read_text())["groups"]
    for rule in group["rules"]]  # fmt: skip

# Boards that ask for what a machine with cards has.
CARD_BOARDS = {"gpu.json", "vgpu.json", "containers.json"}

# What befalls the cards, and which alerts are to come of it.
SCENARIOS: dict[str, list[str]] = {
    "gpu-saturated": ["GpuUtilizationHigh"],
    "gpu-hot": ["GpuTemperatureHigh", "GpuTemperatureCritical", "GpuThermalThrottling"],
    "gpu-throttled": ["GpuPowerBrake"],
    "gpu-lost": ["GpuLost", "GpuXidError"],
    "gpu-reset-required": ["GpuResetRequired"],
    "gpu-removed": ["GpuMissing"],
    "gpu-xid": ["GpuXidError"],
    "gpu-ecc": ["GpuEccUncorrectable", "GpuXidError"],
    "gpu-hang": ["GpuCollectorStuck"],
    "gpu-driver-mismatch": ["GpuDriverMismatch"],
    "gpu-memory-full": ["GpuMemoryHigh"],
    "vgpu-unlicensed": ["VgpuUnlicensed"],
}
# Alerts that no simulated card causes, and why. What they do is proven by promtool in prometheus/rules/tests/.
REAL = "is made to fire by what is done to real containers, in test_container_alerts.py"
ELSEWHERE: dict[str, str] = {
    "GpuRecoveryActionNeeded": "comes of the driver's advice, which a scenario gives along with errors that are alerts already",
    "GpuRepairPending": "wants rows that wait for a reset, which no scenario makes",
    "GpuRepairFailed": "wants a card that has used up its spare rows, which no scenario makes",
    "GpuDriverFailing": "wants a library that fails to open where cards were seen minutes before",
    "GpuDataStale": "wants a helper that falls silent without a reason; of those that have one other alerts tell",
    "VgpuFramebufferFull": "the guests of the simulated host leave some of their memory free",
    "ContainerOomKilled": REAL,
    "ContainerRestarting": REAL,
    "ContainerUnhealthy": REAL,
    "ContainerMemoryNearLimit": REAL,
    "ContainerCpuThrottled": REAL,
    "ContainerEngineUnreachable": REAL,
    "ContainerSeriesDropped": "the simulated machine has fewer containers than any limit",
}
# A card has to heat up.
PATIENCE_SECONDS = {"gpu-hot": 420}


class Watch:
    """A Prometheus that scrapes one exporter of the role gpu and evaluates the shipped rules."""

    def __init__(self, start: Start, folder: Path, exporter: Exporter, rules: Callable[[Path], Path] = quick_rules) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        target = {"targets": [exporter.url.removeprefix("http://")], "labels": {"cluster": "lab", "node": "pve1"}}
        folder.mkdir()
        (folder / "prometheus.yml").write_text(yaml.safe_dump({
            "global": {"scrape_interval": "2s", "evaluation_interval": "2s"}, "rule_files": [f"{rules(folder)}/*.yml"],
            "scrape_configs": [{"job_name": "martlet-hosts", "honor_labels": True, "static_configs": [target]}]}))
        program = start(
            "/usr/bin/prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address={self.url.removeprefix('http://')}")
        program.wait_until(self.url + "/-/ready", 60)

    def query(self, expression: str) -> list[dict[str, Any]]:
        answer = fetch(f"{self.url}/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        assert answer.status == 200, answer.text
        return list(answer.json["data"]["result"])

    def firing(self) -> set[str]:
        return {row["metric"]["alertname"] for row in self.query('ALERTS{alertstate="firing",alertname=~"Gpu.*|Vgpu.*|Container.*"}')}


def test_every_alert_has_a_scenario_or_a_reason() -> None:
    caused = {name for names in SCENARIOS.values() for name in names}
    assert caused | set(ELSEWHERE) == {alert["alert"] for alert in ALERTS}
    assert not caused & set(ELSEWHERE)
    assert all(len(reason) > 20 for reason in ELSEWHERE.values())


def began(start: Start, folder: Path) -> tuple[Cards, Machine, Watch]:
    build_library()
    cards = Cards(start, folder, "--cards", "8", "--profile", "mixed")
    exporter = Machine(start, cards, stuck_after="5s")
    exporter.wait_for_states(30, card0="ok", card7="ok")
    watch = Watch(start, folder / "prometheus", exporter)
    wait_for(lambda: watch.query('node:gpu_seen:count{cluster="lab",node="pve1"} == 8'), 60, "eight cards")
    return cards, exporter, watch


@pytest.mark.e2e
def test_cards_at_work_are_quiet(start: Start, tmp_path: Path) -> None:
    _, _, watch = began(start, tmp_path)
    wait_for(lambda: watch.query("gpu:owner_memory:ratio") and watch.query("container:cpu_usage:cores"), 60, "owners and containers")
    assert watch.firing() == set()
    groups = fetch(f"{watch.url}/api/v1/rules").json["data"]["groups"]
    assert [(rule["name"], rule["lastError"]) for group in groups for rule in group["rules"] if rule["health"] not in ("ok", "unknown")] == []


@pytest.mark.e2e
@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_what_befalls_cards_is_told(start: Start, tmp_path: Path, scenario: str) -> None:
    cards, _, watch = began(start, tmp_path)
    cards.happen(scenario)
    wanted = set(SCENARIOS[scenario])
    try:
        wait_for(lambda: wanted <= watch.firing(), PATIENCE_SECONDS.get(scenario, 330), f"{scenario} to be told")
    except pytest.fail.Exception:
        pytest.fail(f"{scenario}: nobody was told of {wanted - watch.firing()}")

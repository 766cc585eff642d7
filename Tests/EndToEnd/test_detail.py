"""How much of a cluster is shown: levels of detail and the limit of series, in front of a simulated cluster with many guests."""

from __future__ import annotations

import itertools
import re
import subprocess
import time
import urllib.parse
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY, Program, Start, fetch, free_port, run, wait_for
from exporting import QUIET, Exporter, lint_exceptions
from oracle import TYPES, difference, expected_samples, parse_exposition
from slow_types import SLOW_TYPES

API = "/api2/json"
TOKEN = {"PROXMOX_TOKEN_NAME": "monitor@pve!martlet", "PROXMOX_TOKEN_VALUE": "SECRET"}
GUESTS, NODES = 400, 4
LEVELS = ["guest", "disk", "all"]


class Cluster:
    """A simulated cluster; without a folder for its scenario its time stands still."""

    def __init__(self, start: Start, world: Path | None = None) -> None:
        self.target = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.target}"
        time = ["--world", world] if world else ["--time", "1795237200"]
        self.program: Program = start(
            "simulate", "proxmox", "--listen", self.target, "--plain-http", "--latency", "0s", "--nodes", str(NODES), "--guests", str(GUESTS),
            *time)
        self.program.wait_until(self.url + "/api/v1/scenario")

    @property
    def environment(self) -> dict[str, str]:
        return {"PROXMOX_HOST": self.url, **TOKEN}

    def answers(self) -> dict[str, Any]:
        """What the exporter is answered, asked for by ourselves."""
        paths = ["/version", "/cluster/status", "/cluster/resources", "/access/permissions"]
        paths += [f"/nodes/pve{number}/{what}" for number in range(1, NODES + 1) for what in ("status", "qemu?full=1", "lxc")]
        token = "PVEAPIToken=" + "=".join(TOKEN.values())
        answers = {API + path: fetch(self.url + API + path, headers={"Authorization": token}) for path in paths}
        return {path: answer.json["data"] for path, answer in answers.items() if answer.status == 200}


@pytest.fixture(scope="module")
def cluster(start_for_all: Start) -> Cluster:
    return Cluster(start_for_all)


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def by_name(text: str) -> Counter[str]:
    """`count by (__name__)` of an exposition."""
    return Counter(re.split(r"[{ ]", line, maxsplit=1)[0] for line in lines(text))


def levels() -> dict[str, str]:
    """The level of each family, as docs/metrics.md has it."""
    rows = (line.split(" | ") for line in (REPOSITORY / "docs/metrics.md").read_text().splitlines() if line.startswith("| `"))
    return {row[0].strip("| `"): row[2] for row in rows if row[2] in LEVELS}


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_shows_what_the_api_says_and_nothing_finer(start: Start, cluster: Cluster, level: str) -> None:
    exporter = Exporter(start, cluster.environment, "--exporter.detail", level)
    text = exporter.metrics().text
    answers, finest = cluster.answers(), levels()
    expected = {
        (name, labels): value
        for (name, labels), value in expected_samples(answers).items()
        if LEVELS.index(finest[name]) <= LEVELS.index(level)
    }
    samples, _ = parse_exposition(text)
    assert difference(expected, samples) == []
    counts = by_name(text)
    at_once = {name: count for name, count in counts.items() if name.startswith("pve_") and name not in SLOW_TYPES}
    assert at_once == Counter(name for name, _ in expected)
    # Counted once more without the oracle: every running guest's disks and cards, from `disk` on.
    running = [row for path, rows in answers.items() if path.endswith("full=1") for row in rows]
    for name, field in [("pve_vm_block_read_bytes_total", "blockstat"), ("pve_vm_nic_in_bytes_total", "nics")]:
        assert counts[name] == (0 if level == "guest" else sum(len(row.get(field) or {}) for row in running))
    assert counts["pve_guest_info"] == GUESTS
    again, before = ([line for line in lines(shown) if re.split("[{ ]", line, maxsplit=1)[0] in TYPES] for shown in (exporter.metrics().text, text))
    assert again == before


def test_the_level_may_come_from_anywhere_and_is_checked(start: Start, cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "martlet.yml").write_text("exporter:\n  detail: guest\n  series_limit: 7000\n")
    assert "device=" not in Exporter(start, cluster.environment).metrics().text
    by_variable = Exporter(start, cluster.environment | {"MARTLET_EXPORTER__DETAIL": "disk", "MARTLET_EXPORTER__SERIES_LIMIT": "70000"}).metrics().text
    assert "device=" in by_variable and "\nmartlet_scrape_series_limit 70000\n" in by_variable
    for flags, words in [
        (["--exporter.detail", "disks"], 'expected one of guest, disk, all, not "disks"; did you mean disk?'),
        (["--exporter.series-limit", "999"], 'expected a whole number from 1000 to 10000000, not "999"'),
        (["--exporter.series-limit", "10000001"], 'expected a whole number from 1000 to 10000000, not "10000001"'),
    ]:
        result = run("exporter", *flags, env=cluster.environment, cwd=tmp_path)
        assert result.returncode == 2 and words in result.stderr


@pytest.mark.parametrize("limit", [20_000, 10_000, 1_000])
def test_past_the_limit_whole_families_go_the_finest_and_last_first(start: Start, cluster: Cluster, limit: int) -> None:
    # Timers would add series between one scrape and the next.
    still = cluster.environment | QUIET
    unlimited, exporter = Exporter(start, still), Exporter(start, still, "--exporter.series-limit", str(limit))
    # The scrape at the start has been one already, and is over, so that nothing joins it.
    for one in (unlimited, exporter):
        wait_for(lambda one=one: fetch(one.url + "/ready").status == 200, 20, "ready")
    # What martlet says of its calls is there from the second scrape on.
    whole = [by_name(unlimited.metrics().text) for _ in range(2)][-1]
    first, second, third = (exporter.metrics().text for _ in range(3))
    counts = by_name(second)
    assert sum(counts.values()) <= limit < sum(whole.values())
    assert all(whole[name] == count for name, count in counts.items())
    gone = [name for name in whole if name not in counts]
    assert gone and all(name.startswith("pve_") for name in gone)
    # In the order of the exposition, the finer ones last: what stays comes first, and one family more would have been too many.
    finest = levels()
    order = sorted((name for name in whole if name.startswith("pve_")), key=lambda name: LEVELS.index(finest[name]))
    assert order[-len(gone):] == sorted(gone, key=order.index)
    assert sum(counts.values()) + whole[order[-len(gone)]] > limit

    assert [line.rsplit(" ", 1)[0] for line in lines(first)] == [line.rsplit(" ", 1)[0] for line in lines(second)]
    for level in ("guest", "disk"):
        lost = sum(whole[name] for name in gone if finest[name] == level)
        series = f'martlet_scrape_series_dropped_total{{collector="proxmox",detail="{level}"}} '
        told = [next(float(line.removeprefix(series)) for line in lines(text) if line.startswith(series)) for text in (first, second, third)]
        # The scrape at the start had fewer series of martlet's own, and perhaps room for a family more.
        assert [after - before for before, after in itertools.pairwise(told)] == [lost, lost] and (told[0] > 0) == (lost > 0)
    complaints = subprocess.run(["promtool", "check", "metrics"], input=second, capture_output=True, text=True).stderr.splitlines()
    assert sorted(complaints) == [line for line in lint_exceptions("/metrics", "/metrics, on timers") if line.split()[0] in counts]

    said = [line for line in exporter.program.output.splitlines() if "series" in line]
    assert len(said) == 1 and "level=warn" in said[0] and f"limit={limit}" in said[0]
    page = fetch(exporter.url + "/").text
    assert all(name in page for name in gone) and "incomplete" in page


def test_prometheus_has_what_was_shown(start: Start, cluster: Cluster, tmp_path: Path) -> None:
    exporter = Exporter(start, cluster.environment, "--exporter.series-limit", "15000")
    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: martlet\n  honor_labels: true\n  static_configs:\n"
        f"  - targets: ['{exporter.url.removeprefix('http://')}']\n")
    server = f"http://127.0.0.1:{(port := free_port())}"
    start(
        "/usr/bin/prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
        f"--web.listen-address=127.0.0.1:{port}")

    def query(expression: str) -> list[Any]:
        return fetch(f"{server}/api/v1/query?" + urllib.parse.urlencode({"query": expression})).json["data"]["result"]

    grows = 'increase(martlet_scrape_series_dropped_total{detail="disk"}[1m]) > 0'
    wait_for(lambda: query(grows), 30, "a counter that grows")

    def stored() -> dict[str, int]:
        return {row["metric"]["__name__"]: int(row["value"][1]) for row in query("count by (__name__) ({__name__=~'(pve|martlet|process)_.+'})")}

    # What is asked for on timers goes on adding series between two scrapes, until every guest has been asked about.
    deadline = time.monotonic() + 60
    while (found := stored()) != (shown := by_name(exporter.metrics().text)) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert found == shown
    assert query("scrape_samples_scraped < bool on () group_left () martlet_scrape_series_limit")[0]["value"][1] == "1"


def test_the_end_is_told_too(start: Start, tmp_path: Path) -> None:
    cluster = Cluster(start, tmp_path / "world")
    whole = Exporter(start, cluster.environment)
    total = sum(by_name(whole.metrics().text).values())
    exporter = Exporter(start, cluster.environment, "--exporter.series-limit", str(total - 500))

    def said() -> list[str]:
        exporter.metrics()
        return re.findall(r"level=(\w+) msg=\"([^\"]*series[^\"]*)\"", exporter.program.output)

    begun = ("warn", "more series than the limit, families left out")
    assert said() == [begun]
    # With a node down there is room for all that is left.
    fetch(cluster.url + "/api/v1/scenario", "PUT", b"node-down")
    wait_for(lambda: said() == [begun, ("info", "series are within the limit again")], 30, "the end in the log")
    fetch(cluster.url + "/api/v1/scenario", "PUT", b"normal")
    wait_for(lambda: len(said()) == 3, 60, "the next begin in the log")
    assert said()[2] == begun


def test_pve_is_as_it_was(start: Start, cluster: Cluster) -> None:
    exporters = [Exporter(start, cluster.environment, *flags) for flags in ([], ["--exporter.detail", "guest", "--exporter.series-limit", "1000"])]
    texts = [fetch(f"{exporter.url}/pve?target={cluster.target}").text for exporter in exporters]
    assert texts[0] == texts[1] and len(lines(texts[0])) > 5000

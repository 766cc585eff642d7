"""Boards and alerts about servers of language models, over made figures of servers of every kind: every question has an answer where there can be one, every panel draws, and what is wrong is told.

The figures are llm_numbers.py's; rules, boards, Prometheus and the viewer are the real ones.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from boards import FOLDER, Prometheus, boards
from browsing import FAINT, Tab, browser, tab
from conftest import Program, Start, fetch, free_port, wait_for
from llm_numbers import ALERTS, MODEL_BOARDS, MODEL_UIDS, Numbers, numbers
from playwright.sync_api import Browser, expect
from stack import quick_rules
from test_boards_data import silent
from viewing import Dashboards, dashboards

__all__ = ["browser"]

BOARDS = {name: board for name, board in boards().items() if name in MODEL_BOARDS}

# What has no answer, and why that is right.
QUIET = {
    "martlet-servers: Left out and taken off: A": "nothing is left out",
}


class Watch:
    """A Prometheus with the shipped rules that knows these figures for most of an hour already."""

    def __init__(self, start: Start, folder: Path, made: Numbers) -> None:
        self.made = made
        port = free_port()
        data = folder / "data"
        data.mkdir(parents=True)
        made.history(data, folder, time.time(), 2400)
        (folder / "prometheus.yml").write_text(yaml.safe_dump({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [f"{quick_rules(folder)}/*.yml"], "scrape_configs": made.scrapes()}))
        self.program: Program = start(
            "/usr/bin/prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={data}", f"--web.listen-address=127.0.0.1:{port}")
        self.url = f"http://127.0.0.1:{port}"
        self.program.wait_until(f"{self.url}/-/ready", 60)

    def ask(self, expression: str) -> list[Any]:
        return list(Prometheus(self.url, time.time(), 1).get("query", query=expression)["result"])

    def firing(self) -> set[tuple[str, str]]:
        """Names of alerts with the servers that they are about."""
        return {(row["metric"]["alertname"], row["metric"]["server"]) for row in self.ask('ALERTS{alertstate="firing",alertname=~"Llm.*"}')}


@pytest.fixture(scope="module")
def watch(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watch]:
    with numbers() as made:
        watch = Watch(start_for_all, tmp_path_factory.mktemp("models"), made)
        # Instant queries are put at the last whole step, so they must have been there for one.
        slow = ["llm:tokens_per_watt:ratio", "llm:deployment_state:info", "node:cpu_utilization:avg5m", "llm:progress:rate5m", "container:cpu_usage:cores", "gpu:power:watts"]
        wait_for(lambda: all(watch.ask(f"{name} offset 20s") for name in slow), 90, "recorded figures")
        yield watch


@pytest.fixture(scope="module")
def viewer(start_for_all: Start, watch: Watch) -> Dashboards:
    return dashboards(start_for_all, watch.url, "--dashboards.boards-dir", FOLDER)


def test_exceptions_are_of_boards_that_there_are() -> None:
    assert set(BOARDS) == MODEL_BOARDS and {board.uid for board in BOARDS.values()} == MODEL_UIDS
    assert set(QUIET) <= {str(query) for board in BOARDS.values() for query in board.queries}


@pytest.mark.e2e
def test_every_panel_has_data(watch: Watch) -> None:
    def without() -> set[str]:
        prometheus = Prometheus(watch.url, time.time(), 1)
        return {query for board in BOARDS.values() for query in silent(prometheus, board, 600, [])}

    try:
        wait_for(lambda: without() == set(QUIET), 60, "all panels to have data")
    except pytest.fail.Exception:
        pytest.fail(f"without an answer: {sorted(without() - set(QUIET))}, with one: {sorted(set(QUIET) - without())}")


@pytest.mark.e2e
def test_no_rule_fails(watch: Watch) -> None:
    groups = fetch(f"{watch.url}/api/v1/rules").json["data"]["groups"]
    assert [(rule["name"], rule["lastError"]) for group in groups for rule in group["rules"] if rule["health"] not in ("ok", "unknown")] == []


@pytest.mark.e2e
def test_nothing_is_summed_over_servers_and_gateways_count_once(watch: Watch) -> None:
    # Bounds are the programs' own: a quantile is of one server, always.
    for name in ("time_to_first_token", "inter_token_latency", "e2e_latency"):
        rows = watch.ask(f"llm:{name}:p95")
        assert rows and all({"server", "engine", "model", "source"} <= set(row["metric"]) for row in rows)
    # Who has no figures of its own is known by probes, or not at all.
    known_by = {row["metric"]["server"]: row["metric"]["source"] for row in watch.ask("llm:time_to_first_token:p95")}
    assert known_by == {"chat": "native", "far": "native", "agents": "native", "search": "native", "summaries": "probe", "edge": "probe", "desk": "probe"}
    assert {row["metric"]["server"]: row["metric"]["source"] for row in watch.ask('llm:inter_token_latency:p95{engine=~"tgi|litellm"}')} == {
        "summaries": "derived", "gateway": "derived"}
    [panel] = [query for query in BOARDS["llm.json"].queries if query.panel == "Tokens written"]
    values = {"datasource": "prometheus", "cluster": ".*", "node": ".*", "server": ".*", "model": ".*"}
    [total] = Prometheus(watch.url, time.time(), 1).ask(panel, values, 600)
    [behind] = watch.ask('sum(llm:generation_tokens:rate5m{engine="litellm"})')
    [real] = watch.ask('sum(llm:generation_tokens:rate5m{engine!="litellm"})')
    assert float(behind["value"][1]) > 0 and float(total["value"][1]) == pytest.approx(float(real["value"][1]), rel=0.2)


@pytest.mark.e2e
def test_a_server_whose_kind_was_not_known_at_first_has_one_row(watch: Watch) -> None:
    assert watch.ask('llm:polls:rate5m{engine="unknown"}')
    values = {"datasource": "prometheus", "cluster": ".*", "node": ".*", "server": ".*"}
    rows = [
        (row["metric"].get("node"), row["metric"]["server"], row["metric"]["engine"]) for query in BOARDS["servers.json"].queries if query.panel == "Servers"
        for row in Prometheus(watch.url, time.time(), 1).ask(query, values, 600) if "server" in row["metric"]]
    assert {engine for _, server, engine in rows if server == "search"} == {"vllm"} and len(set(rows)) == len(watch.made.servers)


SCREENS: dict[str, dict[str, Any]] = {
    "desktop": {}, "dark": {"color_scheme": "dark"}, "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}}


@pytest.mark.e2e
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("uid", sorted(MODEL_UIDS), ids=lambda uid: uid.removeprefix("martlet-"))
def test_every_panel_draws(browser: Browser, viewer: Dashboards, watch: Watch, uid: str, screen: str) -> None:
    may_be_empty = {"Logs of their containers": "Logs need a Loki, and none is configured."}
    with tab(browser, viewer.url, **SCREENS[screen]) as desk:
        page = desk.open(f"/d/{uid}?from=now-5m&to=now&refresh=off")
        panels = desk.panels()
        assert len(panels) >= 10
        assert [panel for panel in panels if panel["failed"]] == []
        blank = {panel["title"]: panel["excuse"] or "" for panel in panels if panel["excuse"] or (panel["colored"] < 20 and not panel["text"])}
        assert blank == {title: said for title, said in may_be_empty.items() if uid == "martlet-llm"}
        assert page.evaluate("document.documentElement.scrollWidth") <= page.evaluate("innerWidth"), "wider than the screen"
        assert page.evaluate(FAINT) == []
        assert desk.complaints == []
        whole(desk, f"{uid}-{screen}")


# Of a line, its labels. What a host's journal has is of no container.
LINES = {
    "journal of box": {"job": "journal", "cluster": "lab", "node": "box"},
    "journal of gpu1": {"job": "journal", "cluster": "lab", "node": "gpu1"},
    "container of gpu1": {"job": "containers", "cluster": "lab", "node": "gpu1", "container": "vllm-chat"},
    "other container of gpu1": {"job": "containers", "cluster": "lab", "node": "gpu1", "container": "nextcloud"},
    "container of gpu2": {"job": "containers", "cluster": "lab", "node": "gpu2", "container": "vllm-chat"},
    "no host": {"job": "journal"},
}
# What is chosen, as links have it, and which lines belong to it.
CHOSEN = {
    "var-cluster=lab&var-node=gpu1&var-server=chat": {"container of gpu1"},
    "var-cluster=lab&var-node=box&var-server=edge": {"journal of box"},
    # Nobody knows where it runs.
    "var-server=far": set(LINES),
}


@pytest.mark.e2e
def test_lines_are_those_of_the_chosen_servers_and_all_where_no_host_is_known(start: Start, browser: Browser, watch: Watch) -> None:
    loki = f"http://127.0.0.1:{free_port()}"
    start("simulate", "loki", "--listen", loki.removeprefix("http://")).wait_until(f"{loki}/ready")
    streams = [{"stream": labels, "values": [[str(time.time_ns()), line]]} for line, labels in LINES.items()]
    pushed = fetch(f"{loki}/loki/api/v1/push", "POST", json.dumps({"streams": streams}).encode(), {"Content-Type": "application/json"})
    assert pushed.status == 204, pushed.text
    # What is asked for ends at a whole step.
    time.sleep(15)
    viewer = dashboards(start, watch.url, "--dashboards.boards-dir", FOLDER, "--dashboards.loki-url", loki)
    for chosen, wanted in CHOSEN.items():
        with tab(browser, viewer.url) as desk:
            page = desk.open(f"/d/martlet-llm?{chosen}&from=now-5m&to=now&refresh=off")
            [panel] = [panel for panel in desk.panels() if panel["title"] == "Logs of their containers"]
            assert panel["failed"] == "" or not panel["failed"]
            assert set(page.locator(".draw-line:visible .text").all_inner_texts()) == wanted, chosen


@pytest.mark.e2e
def test_a_gateway_and_a_server_of_no_host_are_on_the_boards(browser: Browser, viewer: Dashboards) -> None:
    """As a row's link leads there: with what the row has not left empty."""
    for path, words in {
        "/d/martlet-llm?var-cluster=&var-node=&var-server=far&var-model=Qwen3-8B": ["far", "Qwen3-8B"],
        "/d/martlet-llm?var-cluster=lab&var-node=box&var-server=gateway&var-model=": ["gateway", "litellm"],
        "/d/martlet-models?var-cluster=lab&var-node=box&var-server=gateway": ["hosted_vllm/reasoning", "partial"],
        "/d/martlet-servers?var-cluster=&var-node=&var-server=far": ["far", "http://10.0.0.3:8000"],
    }.items():
        with tab(browser, viewer.url) as desk:
            desk.open(f"{path}&from=now-5m&to=now&refresh=off")
            panels = desk.panels()
            text = " ".join(str(panel["text"]) for panel in panels)
            assert [panel for panel in panels if panel["failed"]] == [] and "has no value" not in text, path
            for word in words:
                expect(desk.page.locator(".panel").filter(has_text=word).first, path).to_be_visible()


def whole(desk: Tab, name: str) -> None:
    """The page to its end, for human eyes."""
    height = desk.page.evaluate("document.documentElement.scrollHeight")
    size = desk.page.viewport_size
    assert size
    desk.page.set_viewport_size({"width": size["width"], "height": min(height, 6000)})
    desk.screenshot(name)


# What is done to the figures, and which alert of which server is to come of it.
def down(made: Numbers) -> None:
    made.server("search").up = made.server("search").ready = False


def loading(made: Numbers) -> None:
    made.server("agents").ready = False


def bare(made: Numbers) -> None:
    made.server("agents").metrics = False


def crowded(made: Numbers) -> None:
    made.server("chat").models[0].waiting = 400


def saturated(made: Numbers) -> None:
    made.server("chat").models[0].kv = 9


def spilled(made: Numbers) -> None:
    made.server("desk").models[0].ram = 1e9


TROUBLE: dict[Callable[[Numbers], None], tuple[str, str]] = {
    down: ("LlmServerDown", "search"), loading: ("LlmServerNotReady", "agents"), bare: ("LlmMetricsDisabled", "agents"), crowded: ("LlmQueueBacklog", "chat"),
    saturated: ("LlmKvCacheSaturation", "chat"), spilled: ("LlmModelSpilled", "desk"),
}
# Those that the figures begin with, which are not all well.
FROM_THE_START = {("LlmServerDown", "spare"), ("LlmMetricsDisabled", "night"), ("LlmModelSpilled", "desk")}


@pytest.mark.e2e
def test_what_is_wrong_is_told_and_nothing_else(start: Start, tmp_path: Path) -> None:
    with numbers() as made:
        # The one that is spilled from the start would hide that another is.
        made.server("desk").models[1].ram = 0
        watch = Watch(start, tmp_path / "prometheus", made)
        well = FROM_THE_START - {("LlmModelSpilled", "desk")}
        wait_for(lambda: watch.firing() >= well, 60, "what is wrong from the start")
        time.sleep(10)
        assert watch.firing() == well
        for done in TROUBLE:
            done(made)
        wanted = well | set(TROUBLE.values())
        try:
            wait_for(lambda: watch.firing() >= wanted, 60, "what is wrong to be told")
        except pytest.fail.Exception:
            pytest.fail(f"nobody was told of {wanted - watch.firing()}")
        assert watch.firing() == wanted

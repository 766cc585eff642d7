"""The viewer's page with boards of strangers, beside a Prometheus without our rules: what cannot be shown says why, in its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import ELSEWHERE, PAGE, RANGE, Tab, browser, tab
from conftest import Start, fetch, free_port, wait_for
from playwright.sync_api import Browser, Locator, Page, Route, expect
from stack import Stack

__all__ = ["browser"]

LONG = "The number of processes that have been running since the machine was started, of all users"


def panel(number: int, title: str, kind: str, *targets: dict[str, Any], **more: Any) -> dict[str, Any]:
    place = {"x": number % 4 * 6, "y": number // 4 * 6, "w": 6, "h": 6}
    return {"id": number + 1, "type": kind, "title": title, "gridPos": place, "targets": list(targets)} | more


def target(ref: str, expression: str, source: str = "prometheus") -> dict[str, Any]:
    return {"refId": ref, "expr": expression, "datasource": {"type": source, "uid": source}}


def variable(name: str, query: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "label": name.capitalize(), "type": "query", "query": query, "datasource": {"type": "prometheus", "uid": "prometheus"}} | more


ODD = {
    "uid": "odd", "title": "Odd ends", "tags": ["linux"], "schemaVersion": 39, "time": {"from": "now-3h", "to": "now"},
    "links": [{"type": "dashboards", "title": "Others", "tags": ["linux", "hosts"], "keepTime": True}, {"type": "link", "title": "Source", "url": "https://code.example/boards"}],
    "templating": {"list": [
        variable("job", "label_values(up, job)"), variable("instance", 'label_values(no_such_metric{job="$job"}, instance)'),
        variable("broken", 'label_values(up{job=~")"}, job)'), {"name": "Filters", "type": "adhoc", "datasource": {"type": "prometheus", "uid": "prometheus"}},
    ]},
    "panels": [
        panel(0, LONG, "stat", target("A", "count(up)"), gridPos={"x": 0, "y": 0, "w": 3, "h": 2}),
        panel(1, "Up", "timeseries", target("A", "up"), target("B", ""), description="Whether a target answers.\n\n0 is no."),
        panel(2, "Mixed", "timeseries", target("A", "up"), target("B", '{job="x"} |= "error"', "loki")),
        panel(3, "Only lines", "timeseries", target("A", '{job="x"}', "loki")),
        panel(4, "Shared", "stat", {"refId": "A", "datasource": {"type": "datasource", "uid": "-- Dashboard --"}, "panelId": 2}),
        panel(5, "Nothing asked", "timeseries"),
        panel(6, "Of nobody", "stat", target("A", 'up{instance="$instance"}')),
        panel(7, "First and second", "timeseries", target("A", 'up{job="nobody"}'), target("B", "no_such_metric")),
        panel(8, "Missing", "timeseries", target("A", "no_such_metric"), target("B", 'up{job="nobody"}')),
        panel(9, "Graph of nodes", "nodeGraph", target("A", "up")),
    ],
}


# An alert that names a board which is not there.
RULES = """
groups:
  - name: theirs
    interval: 1s
    rules:
      - alert: SomethingIsUp
        expr: max(up) == 1
        labels: {severity: warning}
        annotations: {summary: Something is up, dashboard_url: http://127.0.0.1:3000/d/martlet-host-detail}
"""


@pytest.fixture(scope="module")
def stack(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    folder = tmp_path_factory.mktemp("strange")
    (folder / "rules").mkdir()
    (folder / "rules/theirs.yml").write_text(RULES)
    (folder / "boards").mkdir()
    for uid, tags in [("near", ["linux", "hosts", "more"]), ("far", ["linux"])]:
        board = {"uid": uid, "title": f"{uid.capitalize()} board", "tags": tags, "schemaVersion": 39, "panels": []}
        (folder / f"boards/{uid}.json").write_text(json.dumps(board))
    (folder / "boards/odd.json").write_text(json.dumps(ODD))
    made = Stack(
        start_for_all, folder, "--prometheus.rules-dir", folder / "rules", "--dashboards.boards-dir", folder / "boards", "--prometheus.scrape-interval", "1s", *PAGE,
        "--simulate.nodes", "1", "--simulate.guests", "1")
    made.wait_until_ready()
    wait_for(lambda: made.value("count(up offset 5s)"), 60, "something to draw")
    return made


@pytest.fixture
def desk(browser: Browser, stack: Stack) -> Iterator[Tab]:
    """A tab whose complaints fail the test."""
    with tab(browser, stack.url("dashboards"), http_credentials=None) as opened:
        yield opened
        assert opened.complaints == []


def frame(page: Page, title: str) -> Locator:
    """The panel, once it has been asked for."""
    found = page.locator(".panel", has=page.get_by_role("heading", name=title, exact=True))
    found.scroll_into_view_if_needed()
    found.and_(page.locator("[data-drawn]")).wait_for()
    return found


def open_odd(desk: Tab, **parameters: str) -> Page:
    page = desk.open(f"/d/odd?{RANGE}&refresh=off" + "".join(f"&{name}={value}" for name, value in parameters.items()))
    page.wait_for_selector(".panel")
    return page


def test_a_long_title_takes_one_line_and_leaves_the_value_its_room(desk: Tab) -> None:
    low = frame(open_odd(desk), LONG)
    title = low.locator(".panel-title")
    assert title.evaluate("(each) => each.clientHeight") <= 22 and title.evaluate("(each) => each.scrollHeight > each.clientHeight")
    assert title.get_attribute("title") == LONG
    assert low.locator(".panel-body").evaluate("(each) => each.clientHeight") >= 24
    assert re.search(r"\d", low.locator(".panel-body").inner_text())
    desk.screenshot("odd")


def test_nothing_in_a_frame_moves_away_from_the_pointer(desk: Tab) -> None:
    mixed = frame(open_odd(desk), "Mixed")
    badge = mixed.get_by_role("button", name="1 problem")
    desk.page.mouse.move(0, 0)
    before = [badge.bounding_box(), mixed.locator(".panel-title").bounding_box()]
    mixed.hover()
    expect(mixed.locator(".panel-menu")).to_have_css("opacity", "1")
    assert [badge.bounding_box(), mixed.locator(".panel-title").bounding_box()] == before
    menu, at = mixed.locator(".panel-menu").bounding_box(), before[0]
    assert menu and at and at["x"] + at["width"] <= menu["x"]
    badge.click(timeout=2_000)
    expect(desk.page.get_by_role("dialog")).to_have_text("Query B asks Loki, which only logs panels do here.")


def test_a_panels_description_is_in_its_menu(desk: Tab) -> None:
    up = frame(open_odd(desk), "Up")
    up.locator(".panel-menu").focus()
    desk.page.keyboard.press("Enter")
    desk.page.get_by_role("menuitem", name="About").press("Enter")
    assert desk.page.locator(".popover p").all_inner_texts() == ["Whether a target answers.", "0 is no."]
    desk.page.keyboard.press("Escape")
    expect(up.locator(".panel-menu")).to_be_focused()


def test_only_what_prometheus_can_answer_is_asked_of_it(desk: Tab) -> None:
    asked: list[str] = []
    desk.page.on("request", lambda request: asked.append(request.url + (request.post_data or "")))
    page = open_odd(desk)
    for title in ["Up", "Mixed", "Only lines"]:
        frame(page, title)
    ranges = [url for url in asked if "/query_range?" in url]
    assert [url for url in ranges if "query=up&" in url] and [url for url in ranges if "error" in url or "query=&" in url] == []
    # The good query of the three is drawn, and an empty one is no problem.
    assert frame(page, "Up").get_by_role("button", name=re.compile("problem")).count() == 0
    expect(frame(page, "Up").locator(".panel-body")).not_to_contain_text("missing")
    expect(frame(page, "Only lines").locator(".panel-body")).to_contain_text("Query A asks Loki")


def test_a_panel_that_asks_nothing_says_so(desk: Tab) -> None:
    page = open_odd(desk)
    expect(frame(page, "Shared").locator(".panel-body")).to_contain_text("another panel")
    expect(frame(page, "Nothing asked").locator(".panel-body")).to_contain_text("This panel asks nothing.")
    expect(frame(page, "Graph of nodes").locator(".panel-body")).to_contain_text("nodeGraph is not supported")


def test_emptiness_is_blamed_on_what_is_its_reason(desk: Tab) -> None:
    page = open_odd(desk)
    expect(frame(page, "Of nobody").locator(".panel-body")).to_have_text("Instance has no value.")
    expect(frame(page, "First and second").locator(".panel-body")).to_have_text("No data in this range.")
    expect(frame(page, "Missing").locator(".panel-body")).to_have_text("There is no metric no_such_metric in this range.")


def test_links_of_tags_are_the_boards_that_have_them(desk: Tab) -> None:
    page = open_odd(desk)
    page.get_by_role("button", name="Links").click()
    links = {item.inner_text(): item.get_attribute("href") for item in page.get_by_role("menuitem").all()}
    assert links == {"Near board": "/d/near?from=now-5m&to=now&refresh=off", "Source": "https://code.example/boards"}


def test_links_of_tags_are_offered_when_it_is_known_which_boards_there_are(desk: Tab) -> None:
    held: list[Route] = []
    desk.page.route("**/api/boards", lambda route: held.append(route))
    page = open_odd(desk)
    assert held and not page.get_by_role("button", name="Links").is_visible()
    held[0].continue_()
    page.get_by_role("button", name="Links").click()
    assert page.get_by_role("menuitem").all_inner_texts() == ["Near board", "Source"]


def test_problems_of_a_board_are_a_badge_beside_its_title(desk: Tab) -> None:
    page = open_odd(desk)
    assert page.get_by_role("alert").filter(visible=True).count() == 0
    badge = page.locator(".board-bar").get_by_role("button", name="2 problems")
    badge.focus()
    page.keyboard.press("Enter")
    told = page.get_by_role("dialog").locator("li").all_inner_texts()
    assert len(told) == 2 and "Filters" in told[0] and told[1].startswith("Broken: ")
    page.keyboard.press("Escape")
    expect(badge).to_be_focused()
    # The same words are in the picker that they are about.
    page.get_by_role("button", name="Broken: None, with a problem").click()
    expect(page.get_by_role("dialog").locator(".complaint")).to_have_text(told[1].removeprefix("Broken: "))


def test_a_board_opens_with_its_own_range(desk: Tab) -> None:
    page = desk.open("/d/odd?refresh=off")
    page.wait_for_selector(".panel[data-drawn]")
    expect(page.locator(".range-button")).to_have_text("Last 3 hours")
    page.goto(f"{desk.url}/d/near")
    expect(page.locator(".range-button")).to_have_text("Last hour")


def test_too_many_values_are_told_as_that(desk: Tab) -> None:
    page = open_odd(desk)
    many = "/d/odd?refresh=off&" + "&".join(f"var-job=job{number}" for number in range(401))
    page.evaluate("(url) => { history.pushState(null, '', url); dispatchEvent(new PopStateEvent('popstate')); }", many)
    expect(page.get_by_role("alert").filter(visible=True)).to_contain_text("401 values are chosen, and no more than 400")
    expect(page.locator(".banner")).to_be_hidden()
    desk.screenshot("too-many")


def test_home_lists_the_boards_where_there_is_no_fleet(desk: Tab) -> None:
    page = desk.open("/")
    expect(page.get_by_role("status").filter(visible=True)).to_contain_text("recording rules")
    assert page.locator(".board-list a").all_inner_texts() == ["Far board", "Near board", "Odd ends"]
    assert page.locator(".figures").is_hidden() and page.locator(".toolbar").is_hidden()
    desk.screenshot("no-fleet")
    page.get_by_role("link", name="Near board").click()
    expect(page.get_by_text("This board has no panels.")).to_be_visible()


def test_tiles_and_alerts_lead_to_boards_that_are_there_only(browser: Browser, stack: Stack) -> None:
    with tab(browser, stack.url("dashboards"), http_credentials=None) as opened:
        def answer(route: Any) -> None:
            # A Prometheus with our rules, whose boards are others.
            route.fulfill(json={"status": "success", "data": {"resultType": "vector", "result": [
                {"metric": {"__name__": "node:up:max", "cluster": "lab", "node": "pve1"}, "value": [0, "1"]}]}})

        opened.page.route("**/api/prometheus/api/v1/query?query=*node%3A*", answer)
        page = opened.open("/")
        expect(page.locator(".tile-host")).to_have_count(1)
        page.wait_for_load_state("networkidle")
        assert page.locator(".tile[href]").count() == 0
        page = opened.open("/alerts")
        expect(page.locator(".alert", has_text="SomethingIsUp")).to_be_visible()
        assert page.get_by_role("link", name="Board", exact=True).count() == 0
        assert opened.complaints == []


@pytest.mark.parametrize("may_copy", [True, False])
def test_copied_is_said_only_where_something_was(browser: Browser, stack: Stack, start: Start, may_copy: bool) -> None:
    port = free_port()
    program = start(
        "dashboards", "--web.listen-address", f"127.0.0.1:{port}", "--web.allowed-hosts", ELSEWHERE, "--dashboards.prometheus-url", stack.url("prometheus"),
        "--dashboards.alertmanager-url", "off", *PAGE)
    program.wait_until(f"http://127.0.0.1:{port}/health")
    with tab(browser, f"http://{ELSEWHERE}:{port}", http_credentials=None) as opened:
        if not may_copy:
            opened.page.add_init_script("document.execCommand = () => false")
        page = opened.open("/alerts?show=firing")
        assert page.evaluate("[isSecureContext, typeof navigator.clipboard]") == [False, "undefined"]
        page.get_by_role("button", name="Settings").click()
        page.get_by_role("button", name="Copy a link to this picture").click()
        if not may_copy:
            expect(page.get_by_role("button", name="This browser does not let us copy")).to_be_visible()
            return
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        page.keyboard.press("Escape")
        page.get_by_role("searchbox").focus()
        page.keyboard.press("Control+V")
        expect(page.get_by_role("searchbox")).to_have_value(f"http://{ELSEWHERE}:{port}/alerts?show=firing")
        assert fetch(f"http://127.0.0.1:{port}/health").status == 200
        assert opened.complaints == []

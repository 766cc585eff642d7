"""Boards of other people's making in the viewer: each opens, and each of its panels draws or says in its own frame why it does not."""

from __future__ import annotations

import json
import os
import re
import time
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import made_numbers
import pytest
from browsing import CHROMIUM, PAGE, Tab
from conftest import Start, fetch, free_port, wait_for
from edge_boards import EDGES, NO_BOARDS, edges, exported, of_long_ago
from foreign import SOURCES, foreign_boards
from playwright.sync_api import Browser, Page, sync_playwright
from stack import Stack
from viewing import dashboards

NAMES = [name for source in SOURCES for name in source.boards]

# How many panels of each board drew something when this was written, of how many. The numbers are made, so that no few ratios of them are none.
FLOORS = {
    "ceph-host-details": (12, 12), "ceph-osds-overview": (8, 11), "ceph-pool-overview": (12, 12), "ceph-cluster": (11, 12), "kubernetes": (15, 21), "redis": (13, 13),
    "node-exporter-full": (114, 117), "dc-overview": (12, 12), "vast": (35, 42), "dcgm": (16, 17), "runners": (2, 19), "activity": (0, 23), "overview": (0, 41),
    "vllm": (12, 12), "celery": (6, 6),
}

# How many of Node Exporter Full's 117 draw on a simulated host.
HOST_PANELS = 64

# What a board asks that Prometheus refuses: the panel says it, and the browser's console has it too.
REFUSED = {"dcgm": 1, "vast": 1}

# Empty, and why: the frame has one of these, and never a bare "No data".
REASONS = re.compile(
    r"There is no metric|No series of|no new values|No data in this range|of which one is shown|not supported|asks .+|has no value|Target down|parse error|execution|timed out|vector|many-to-many|duplicate|exceed",
    re.IGNORECASE)

# Each panel as it is seen: what has colour, what it says, what of it is cut off and by what it is headed.
SEE = """() => [...document.querySelectorAll('.panel')].filter((panel) => panel.checkVisibility()).map((panel) => {
  const body = panel.querySelector('.panel-body');
  let colored = 0;
  for (const canvas of body.querySelectorAll('canvas')) {
    if (canvas.width === 0 || canvas.height === 0) continue;
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    for (let at = 0; at < pixels.length && colored < 1000; at += 4) {
      const [r, g, b, a] = pixels.subarray(at, at + 4);
      if (a > 60 && Math.max(r, g, b) - Math.min(r, g, b) > 40) colored += 1;
    }
  }
  const note = [...body.querySelectorAll('.draw-note, .panel-failure')].find((each) => each.checkVisibility() && each.innerText.trim());
  const frame = body.getBoundingClientRect();
  const cut = [];
  // Few numbers fit into any panel, and are not scrolled to.
  const numbers = body.querySelectorAll('.draw-stat-cell').length;
  const few = numbers > 0 && numbers <= 8;
  const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || element.closest('svg, canvas, table, .unseen')) continue;
    let scrolls = false;
    for (let each = element; each !== panel; each = each.parentElement) scrolls ||= /auto|scroll/.test(getComputedStyle(each).overflowY);
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if ((!scrolls || few) && box.height > 0 && (box.top < frame.top - box.height * 0.3 || box.bottom > frame.bottom + box.height * 0.3)) cut.push(node.data.trim());
  }
  const badge = [...panel.querySelectorAll('header button')].find((button) => /problems?$/.test(button.ariaLabel) && button.checkVisibility());
  const { top, bottom } = panel.getBoundingClientRect();
  return {
    key: panel.dataset.key, type: panel.dataset.type, title: panel.querySelector('.panel-title').textContent, colored, text: body.innerText.trim(),
    excuse: note ? note.innerText.trim() : null, strip: Boolean(note?.matches('.strip')), cut, badge: badge ? Number(badge.innerText) : 0,
    headings: [...body.querySelectorAll('[role=columnheader]')].map((cell) => cell.innerText.replace(/[↑↓]/, '').trim()),
    nameless: [...body.querySelectorAll('.draw-legend-row .name')].filter((name) => !name.innerText.trim()).length, top: top + scrollY, bottom: bottom + scrollY,
  };
})"""


@dataclass
class Desk:
    """`martlet dashboards` with boards of others, and the time that is looked at."""

    url: str
    begin: int
    end: int

    @property
    def range(self) -> str:
        return f"from={self.begin * 1000}&to={self.end * 1000}"

    def board(self, uid: str) -> Any:
        answer = fetch(f"{self.url}/api/boards/{urllib.parse.quote(uid)}?{self.range}&width=1440")
        assert answer.status == 200, answer.text
        return answer.json

    def list(self) -> list[dict[str, Any]]:
        return list(fetch(f"{self.url}/api/boards").json)


def write_boards(folder: Path) -> Path:
    """All boards in one folder, each under our name for it."""
    folder.mkdir()
    made = {"edges": edges(), "exported": exported(), "long-ago": of_long_ago()}
    for name, board in (foreign_boards() | made).items():
        (folder / f"{name}.json").write_text(json.dumps(board))
    for name, (text, _) in NO_BOARDS.items():
        (folder / f"{name}.json").write_text(text)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("foreign")


@pytest.fixture(scope="module")
def boards(folder: Path) -> Path:
    return write_boards(folder / "boards")


@pytest.fixture(scope="module")
def desk(start_for_all: Start, folder: Path, boards: Path) -> Desk:
    """Dashboards on a Prometheus that has every metric which these boards name."""
    end = int(time.time()) // 60 * 60
    data = folder / "data"
    data.mkdir()
    count = made_numbers.fill(foreign_boards().values(), data, folder, range(end - 5400, end + 1, 15))
    assert count > 500
    configuration = folder / "prometheus.yml"
    configuration.write_text("global:\n  scrape_interval: 15s\n")
    port = free_port()
    prometheus = start_for_all(
        "/usr/bin/prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={data}", "--storage.tsdb.retention.time=60d",
        # One of these boards asks for 30 days at every fifth second: that may fail, and not take the machine.
        "--query.timeout=5s", f"--web.listen-address=127.0.0.1:{port}")
    prometheus.wait_until(f"http://127.0.0.1:{port}/-/ready", 60)
    served = dashboards(start_for_all, f"http://127.0.0.1:{port}", "--dashboards.boards-dir", boards, *PAGE)
    return Desk(served.url, end - 1800, end)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def tab(browser: Browser, desk: Desk) -> Iterator[Tab]:
    yield from opened(browser, desk.url)


def opened(browser: Browser, url: str) -> Iterator[Tab]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB", timezone_id="Europe/Berlin", color_scheme="light")
    context.set_default_timeout(20_000)
    yield Tab(context, url)
    context.close()


def uid_of(name: str) -> str:
    """A board that has none goes by its file's name."""
    return foreign_boards()[name].get("uid") or name


def show(page: Page) -> list[dict[str, Any]]:
    """All panels of the open board at once, in a window as high as the board, with every row open."""
    page.wait_for_selector(".panel")
    page.evaluate("document.querySelectorAll('.row-head[aria-expanded=false]').forEach((each) => each.click())")
    page.set_viewport_size({"width": 1440, "height": min(30_000, page.evaluate("document.documentElement.scrollHeight") + 50)})
    waiting = "[...document.querySelectorAll('.panel')].filter((each) => each.checkVisibility() && !('drawn' in each.dataset)).map((each) => each.innerText)"
    wait_for(lambda: not page.evaluate(waiting), 45, "every panel is drawn")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return list(page.evaluate(SEE))


def screenshot(page: Page, name: str) -> None:
    """Kept where SCREENSHOTS says, for human eyes."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"foreign-{name}.png")


def refused(tab: Tab) -> list[str]:
    """Queries that Prometheus refused, each once; whatever else the page complained of fails here."""
    others = [each for each in tab.complaints if not re.search(r"^(400|422) \S+/api/prometheus/|^error: Failed to load resource: .* (400|422) ", each)]
    assert others == []
    asked = {urllib.parse.parse_qs(urllib.parse.urlsplit(each[4:]).query, keep_blank_values=True)["query"][0] for each in tab.complaints if each.startswith(("400", "422"))}
    return [f"refused: {query}" for query in sorted(asked)]


def drew(panel: dict[str, Any], asked: dict[str, Any] | None = None) -> bool:
    """Whether it shows more than why there is nothing, and than what the board's author wants to read then."""
    if panel["excuse"] and not panel["strip"] or "not supported" in panel["text"]:
        return False
    return panel["colored"] >= 20 or panel["text"] not in ("", asked and asked["defaults"].get("noValue"))


def has_answer(desk: Desk, panel: dict[str, Any]) -> bool:
    """Whether Prometheus has a number for what the panel asks."""
    for target in panel["targets"]:
        if target["hidden"] or not target["expr"] or target.get("source", "prometheus") != "prometheus":
            continue
        if target["instant"]:
            asked = {"query": target["expr"], "time": target["end"]}
        else:
            asked = {"query": target["expr"], "start": target["start"], "end": target["end"], "step": target["step"]}
        path = "query" if target["instant"] else "query_range"
        answer = fetch(f"{desk.url}/api/prometheus/api/v1/{path}?{urllib.parse.urlencode(asked)}")
        if answer.status == 200 and any(value != "NaN" for series in answer.json["data"]["result"] for _, value in series.get("values", [series.get("value")])):
            return True
    return False


def holes(page: Page, panels: list[dict[str, Any]]) -> list[str]:
    """Stretches of the page that no panel and no head of a row covers."""
    heads = page.evaluate("[...document.querySelectorAll('.row-head')].map((each) => each.getBoundingClientRect()).map(({top, bottom}) => [top + scrollY, bottom + scrollY])")
    spans = sorted([(panel["top"], panel["bottom"], panel["title"]) for panel in panels] + [(top, bottom, "a row") for top, bottom in heads])
    found, reached, last = [], spans[0][1], spans[0][2]
    for top, bottom, title in spans:
        if top > reached + 60:
            found.append(f"{top - reached:.0f} px between {last} and {title}")
        if bottom > reached:
            reached, last = bottom, title
    return found


def faults(desk: Desk, panel: dict[str, Any], asked: dict[str, Any]) -> Iterator[str]:
    """What is wrong with a panel as it is seen; `asked` is what the server says of it."""
    excuse = panel["excuse"] or ""
    if panel["colored"] < 20 and not panel["text"]:
        yield "is blank"
    if excuse and not REASONS.search(excuse) and excuse != asked["defaults"].get("noValue"):
        yield f"gives no reason: {excuse}"
    if re.search(r"There is no metric|No series of|No data", excuse) and has_answer(desk, asked):
        yield f"does not say the truth: {excuse}"
    if len(asked["problems"]) > panel["badge"]:
        yield f"has no badge for {asked['problems']}"
    if panel["cut"] and (panel["type"] in ("stat", "gauge", "bargauge") or not asked["supported"]):
        yield f"is cut off: {panel['cut']}"
    if panel["nameless"]:
        yield f"has {panel['nameless']} series without a name"


@pytest.mark.e2e
@pytest.mark.parametrize("name", NAMES)
def test_every_panel_of_a_foreign_board_draws_or_says_why_not(tab: Tab, desk: Desk, name: str) -> None:
    uid = uid_of(name)
    page = tab.open(f"/d/{uid}?{desk.range}&refresh=off")
    panels = show(page)
    screenshot(page, name)
    asked = {panel["key"]: panel for panel in desk.board(uid)["panels"]}
    assert {panel["key"] for panel in panels} == {key for key, panel in asked.items() if panel["type"] != "row"}

    complaints = [f"{panel['title']}: {each}" for panel in panels for each in faults(desk, panel, asked[panel["key"]])] + holes(page, panels)
    drawn = [panel for panel in panels if drew(panel, asked[panel["key"]])]
    print(name, len(drawn), "of", len(panels))
    assert len(panels) == FLOORS[name][1]
    if len(drawn) < FLOORS[name][0]:
        complaints += [f"{panel['title']} is not drawn: {panel['excuse'] or panel['text'][:60]}" for panel in panels if panel not in drawn]
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(300)
    if (width := page.evaluate("document.documentElement.scrollWidth")) > 390:
        complaints.append(f"it is {width} px wide on a phone")
    if len(queries := refused(tab)) > REFUSED.get(name, 0):
        complaints += queries
    assert not complaints, "\n".join(complaints)


# What is in these tables once the columns that the board hides are hidden, and the others have the names that it gives them.
TABLES = {
    ("ceph-pool-overview", "Pool Overview"): ({"Pool Name", "Compression Factor", "% Used", "IOPS", "Bandwidth"}, {"Time", "job", "Value #A", "pool_id", "Pool ID"}),
    ("ceph-osds-overview", "Top Slow Ops"): ({"OSD ID", "Slow Ops"}, {"Time", "__name__", "Value"}),
    ("dc-overview", "Machine Overview"): ({"CPU %", "Memory Used %"}, {"Time", "instance", "Time 1", "Time 2"}),
    ("dc-overview", "Machine GPU Temps"): ({"Machine", "GPU0", "GPU7"}, {"Time", "gpu", "Hostname"}),
}


@pytest.mark.parametrize("name", sorted({name for name, _ in TABLES}))
def test_tables_have_the_columns_that_their_board_gives_them(tab: Tab, desk: Desk, name: str) -> None:
    panels = {panel["title"]: panel for panel in show(tab.open(f"/d/{uid_of(name)}?{desk.range}&refresh=off"))}
    for title, (there, hidden) in ((title, heads) for (board, title), heads in TABLES.items() if board == name):
        seen = panels[title]["headings"]
        assert there <= set(seen) and not hidden & set(seen), (title, seen)
        assert len(seen) == len(set(seen)), (title, seen)


def test_panels_at_the_edge_of_what_a_board_can_be(tab: Tab, desk: Desk) -> None:
    page = tab.open(f"/d/edges?{desk.range}&refresh=off")
    panels = show(page)
    screenshot(page, "edges")
    complaints = []
    assert len(panels) == len(EDGES)
    for edge in EDGES:
        title = edge.panel["title"]
        panel = next(panel for panel in panels if panel["title"] == title)
        if edge.says is None:
            if not drew(panel) or panel["colored"] < 20:
                complaints.append(f"{title} is not drawn: {panel['text']}")
            if edge.badge is None and panel["strip"]:
                complaints.append(f"{title} complains: {panel['excuse']}")
        elif not re.search(edge.says, panel["text"]) or panel["text"] == "No data":
            complaints.append(f"{title} says: {panel['text']!r}")
        complaints += [f"{title} says twice: {line}" for line in repeated(panel["text"])]
        complaints += [f"{title} is cut off: {words}" for words in panel["cut"]]
        if edge.badge is None:
            continue
        if not panel["badge"]:
            complaints.append(f"{title} has no badge")
        elif not re.search(edge.badge, told := badge_of(page, title)):
            complaints.append(f"the badge of {title} says: {told!r}")
    complaints += holes(page, panels)
    assert page.evaluate("window.bad") is None
    page.set_viewport_size({"width": 390, "height": 844})
    page.wait_for_timeout(300)
    if (width := page.evaluate("document.documentElement.scrollWidth")) > 390:
        complaints.append(f"it is {width} px wide on a phone")
    # Wrong queries are refused, three on panels and one on the time axis, and nothing else: what is empty or of another source is not asked for.
    complaints += [each for each in refused(tab) if each != "refused: sum("]
    assert not complaints, "\n".join(complaints)


def repeated(text: str) -> list[str]:
    """What a frame says a second time in other letters."""
    lines = [re.sub(r"\W|^the ", "", line.lower()) for line in text.splitlines() if len(line) > 20]
    return [line for at, line in enumerate(lines) if any(line in other or other in line for other in lines[:at])]


def badge_of(page: Page, title: str) -> str:
    """What a panel's badge opens: by a click where one sees it, and no other button takes its place."""
    panel = page.locator(".panel", has=page.get_by_role("heading", name=title, exact=True))
    box = panel.get_by_role("button", name=re.compile("problems?$")).bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    told = " ".join(page.locator("[role=dialog]").filter(visible=True).all_inner_texts())
    page.keyboard.press("Escape")
    return told


def test_links_of_a_board_lead_to_boards_that_are_there(tab: Tab, desk: Desk) -> None:
    page = tab.open(f"/d/edges?{desk.range}&refresh=off")
    page.wait_for_selector(".panel")
    # By tag: two boards have it besides this one. Nobody has the other tag, and a link that is a script is none.
    there = {each["uid"] for each in desk.list()}
    page.get_by_role("button", name=re.compile("^(Links|Other boards)$")).click()
    links = {each.inner_text(): str(each.get_attribute("href")) for each in page.locator("a[role=menuitem][href]").all()}
    paths = {urllib.parse.urlsplit(link).path for link in links.values() if link.startswith("/d/")}
    assert {"/d/exported", "/d/long-ago"} <= paths, links
    assert all(path.split("/")[2] in there for path in paths), links
    assert "https://example.org/" in links.values()
    assert not any("javascript" in link for link in links.values()) and "Like nothing" not in links


def test_a_variable_without_values_is_named_where_it_is_missed(tab: Tab, desk: Desk) -> None:
    page = tab.open(f"/d/edges?{desk.range}&refresh=off")
    panel = next(panel for panel in show(page) if panel["title"] == "Chosen by what is not there")
    assert re.search(r"(Child|Parent) has no value|acme_up", panel["text"])
    problems = desk.board("edges")["problems"]
    assert any("filters" in problem for problem in problems) and any("odd" in problem for problem in problems)
    # Told quietly, not as an alarm over the whole board.
    assert page.locator("main [role=alert]:visible", has_text="filters").count() == 0


def test_boards_of_long_ago_and_exported_ones_draw(tab: Tab, desk: Desk) -> None:
    page = tab.open(f"/d/long-ago?{desk.range}&refresh=off")
    page.wait_for_selector(".panel")
    # A row that is shut hides what is in it, and leaves no hole.
    before = page.evaluate(SEE)
    assert "Inside" not in [panel["title"] for panel in before] and holes(page, before) == []
    panels = {panel["title"]: panel for panel in show(page)}
    screenshot(page, "long-ago")
    assert set(panels) == {"Graph", "Single", "Inside", "After it", "Old table"}
    assert {title: panel["text"] for title, panel in panels.items() if not drew(panel)} == {}
    assert "seven" in panels["Single"]["text"]
    assert panels["Old table"]["headings"] == ["Amount"] and re.search(r"2 KiB|2 kB", panels["Old table"]["text"])
    # Its legend is a table with the numbers that it wants.
    assert re.search(r"(?i)mean|avg", panels["Graph"]["text"]) and re.search(r"(?i)last|current", panels["Graph"]["text"])
    assert refused(tab) == []

    page = tab.open(f"/d/exported?{desk.range}&refresh=off")
    assert [drew(panel) for panel in show(page)] == [True]
    assert "* 7" in desk.board("exported")["panels"][0]["targets"][0]["expr"]


@pytest.mark.parametrize("name", NO_BOARDS)
def test_what_is_no_board_is_named_in_the_list_and_says_why(browser: Browser, desk: Desk, name: str) -> None:
    named = [each for each in desk.list() if each["uid"] == name]
    assert len(named) == 1 and re.search(NO_BOARDS[name][1], named[0]["problem"] or ""), named
    for tab in opened(browser, desk.url):
        page = tab.open(f"/d/{name}?{desk.range}")
        message = page.locator("main .notice").filter(visible=True)
        message.first.wait_for()
        words = message.first.inner_text()
        assert re.search(NO_BOARDS[name][1], words) and not re.search(r"\.\.|cannot be shown.*cannot be shown", words), words


@pytest.mark.e2e
def test_boards_for_other_programs_on_a_stack_that_has_none_of_them(browser: Browser, start_for_all: Start, folder: Path, boards: Path) -> None:
    stack = Stack(start_for_all, folder, "--prometheus.scrape-interval", "1s", "--dashboards.boards-dir", boards, *PAGE)
    stack.wait_until_ready()
    # For longer than any step is wide.
    wait_for(lambda: stack.value("min(count_over_time(node_filefd_maximum[5m])) > 45"), 120, "a minute of hosts")
    end = int(time.time())
    beside = Desk(stack.url("dashboards"), end - 600, end)
    complaints, hosts = [], 0
    for name in (each for each in NAMES if each != "vast"):  # whose thirty days take a minute
        for tab in opened(browser, beside.url):
            page = tab.open(f"/d/{uid_of(name)}?{beside.range}&refresh=off")
            panels = show(page)
            screenshot(page, f"stack-{name}")
            asked = {panel["key"]: panel for panel in beside.board(uid_of(name))["panels"]}
            complaints += [f"{name}: {panel['title']}: {each}" for panel in panels for each in faults(beside, panel, asked[panel["key"]])]
            if len(queries := refused(tab)) > REFUSED.get(name, 0):
                complaints += queries
            if name == "node-exporter-full":
                hosts = sum(drew(panel, asked[panel["key"]]) for panel in panels)
                print(name, hosts, "of", len(panels), "on a simulated host")
    # The simulated hosts have most of what a node_exporter has.
    assert hosts >= HOST_PANELS
    assert not complaints, "\n".join(complaints)

"""The viewer's page in a browser, on a simulated stack: every board is opened and looked at, and what people do there does what it says."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import BOARDS, FAINT, NAMELESS, PAGE, RANGE, USER, Tab, Viewer, browser, tab
from conftest import REPOSITORY, Start, fetch, free_port, wait_for
from doors import PASSWORD
from libvirt_numbers import HYPERVISOR_UIDS
from llm_numbers import MODEL_UIDS
from manager_numbers import MANAGER_UIDS
from playwright.sync_api import Browser, Locator, Page, expect

__all__ = ["browser"]

AUTHORIZATION = {"Authorization": "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}

# What has nothing to show in a stack that is minutes old and well, by board and title, and what its frame says then.
MAY_BE_EMPTY = {
    ("martlet-stack-health", "Notifications"): r".+",  # none was sent in these minutes
    # No host there has a martlet logs.
    ("martlet-stack-health", "Who carries logs"): r"There is no metric logs:\S+ in this range\.",
    ("martlet-stack-health", "Lines that wait"): r"There is no metric logs:\S+ in this range\.",
    ("martlet-stack-health", "Lines"): r"There is no metric logs:\S+ in this range\.",
    ("martlet-stack-health", "Pushes"): r"There is no metric logs:\S+ in this range\.",
    ("martlet-stack-health", "Lines refused"): r"There is no metric logs:\S+ in this range\.",
    ("martlet-vm-detail", "Addresses"): r".+",  # that guest has no agent
    ("martlet-vm-detail", "High availability"): r".+",  # that guest is not managed
    ("martlet-gpu", "Held back by"): r"Nothing holds a card back",
    ("martlet-gpu", "XID errors"): r"None: the drivers have told of no error",
    ("martlet-gpu", "Errors of memory"): r"None: the memory of all cards is sound",
    ("martlet-gpu", "Corrected errors of memory"): r"None in this time",
    ("martlet-gpu", "Errors of links"): r"None in this time",
    ("martlet-containers", "In trouble"): r"None: no container .+",
    ("martlet-containers", "Held back by CPU limits"): r"None: no CPU limit holds a container back",
}


@pytest.fixture(scope="module")
def viewer(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> Viewer:
    return Viewer(start_for_all, tmp_path_factory.mktemp("viewer"))


@pytest.fixture
def desk(browser: Browser, viewer: Viewer) -> Iterator[Tab]:
    """A tab on a desk; whatever it complains of fails the test."""
    with tab(browser, viewer) as opened:
        yield opened
        assert opened.complaints == []


def test_every_module_of_the_page_is_there_and_is_used() -> None:
    page = REPOSITORY / "viewer"
    named = re.findall(r'(?:modulepreload" href|module" src)="/page/(js/[^"]+)"', (page / "index.html").read_text())
    assert "js/app.js" in named and [name for name in named if not (page / name).is_file()] == []
    reached: set[Path] = set()
    waiting = [page / "js/app.js"]
    while waiting:
        module = waiting.pop()
        if module not in reached:
            reached.add(module)
            waiting += [(module.parent / name).resolve() for name in re.findall(r"""^import [^;]*?from ["']([^"']+)["'];""", module.read_text(), re.MULTILINE)]
    assert reached == set((page / "js").rglob("*.js"))


def parameters(page: Page) -> dict[str, list[str]]:
    return urllib.parse.parse_qs(urllib.parse.urlsplit(page.url).query)


def alertmanager(viewer: Viewer, path: str) -> Any:
    return fetch(f"{viewer.stack.url('alertmanager')}/api/v2/{path}").json


# There are no servers of models, no hypervisors of libvirt and no manager: test_llm_boards.py, test_libvirt_boards.py and test_manager_boards.py look at their boards. Every board takes ten
# seconds of a processor: `make test` looks at one with each kind of panel but logs, which test_logs_shown.py has, and at one whose variable is chosen.
LOOKED_AT_EACH_TIME = {"martlet-host-detail", "martlet-vm-detail"}


@pytest.mark.parametrize(
    "uid",
    [pytest.param(uid, marks=[] if uid in LOOKED_AT_EACH_TIME else pytest.mark.e2e) for uid in BOARDS if uid not in MODEL_UIDS | HYPERVISOR_UIDS | MANAGER_UIDS],
    ids=lambda uid: uid.removeprefix("martlet-"))
def test_every_panel_of_every_board_draws(desk: Tab, viewer: Viewer, uid: str) -> None:
    # A Windows guest has what others have, and processes.
    guest = viewer.stack.query('vm:disk_latency:avg5m{source="hypervisor"} and on (cluster, vm_id) up{job="windows-vms"} == 1')[0]["metric"]["vm_id"]
    if uid == "martlet-vm-detail":
        # Read in the background, node after node: on a machine that is busy not yet.
        wait_for(lambda: viewer.stack.query(f'pve_guest_config_info{{vmid="{guest}"}} and on (vmid) pve_guest_disk_size_bytes'), 90, "the guest's configuration is known")
    page = desk.open(f"/d/{uid}?{RANGE}&refresh=off" + (f"&var-vm_id={guest}" if uid == "martlet-vm-detail" else ""))
    panels = desk.panels()
    assert len(panels) >= 10 and page.title().startswith(BOARDS[uid])
    assert [panel for panel in panels if panel["failed"]] == []
    blank = {(uid, panel["title"]): panel["excuse"] or "" for panel in panels if panel["excuse"] or (panel["colored"] < 20 and not panel["text"])}
    assert {panel: said for panel, said in blank.items() if not re.fullmatch(MAY_BE_EMPTY.get(panel, "never"), said)} == {}
    desk.screenshot(uid)


def test_fleet_has_every_host_and_guest_and_leads_to_their_boards(desk: Tab, viewer: Viewer) -> None:
    page = desk.open("/")
    page.wait_for_selector(".tile-guest")
    guests = {series["metric"]["vm_name"] for series in viewer.stack.query("vm:info")}
    assert set(page.locator(".tile-guest .tile-name").all_inner_texts()) == guests
    hosts = {series["metric"]["node"] for series in viewer.stack.query("node:up:max")}
    assert set(page.locator(".tile-host .tile-name").all_inner_texts()) == hosts
    desk.screenshot("fleet")

    name = sorted(guests)[0]
    page.get_by_role("searchbox").fill(name)
    expect(page.locator(".tile-guest")).to_have_count(1)
    page.locator(".tile-guest").click()
    page.wait_for_selector(".panel")
    assert urllib.parse.urlsplit(page.url).path == "/d/martlet-vm-detail" and "var-vm_id" in parameters(page)
    expect(page.locator(".panel-title").first).to_have_text(name)
    page.go_back()
    expect(page.locator(".tile-guest")).to_have_count(1)


def test_csv_has_the_numbers_of_the_query(desk: Tab, viewer: Viewer) -> None:
    answer = fetch(f"{viewer.url}/api/boards/martlet-host-detail?{RANGE}&width=1400", headers=AUTHORIZATION)
    board = answer.json
    page = desk.open(f"/d/martlet-host-detail?from={board['from']}&to={board['to']}&refresh=off")
    frame = page.locator(".panel", has=page.get_by_role("heading", name="CPU by mode", exact=True))
    frame.and_(page.locator("[data-drawn]")).wait_for()
    frame.hover()
    frame.locator(".panel-menu").click()
    with page.expect_download() as downloading:
        page.get_by_role("menuitem", name="Download CSV").click()
    rows = list(csv.reader(io.StringIO(downloading.value.path().read_text())))
    assert downloading.value.suggested_filename.endswith(".csv")

    asked = page.evaluate("(url) => fetch(url).then((answer) => answer.json())", re.sub(r"^.*\?", "/api/boards/martlet-host-detail?", frame_query(page)))
    panel = next(panel for panel in asked["panels"] if panel["title"] == "CPU by mode")
    target = panel["targets"][0]
    query = urllib.parse.urlencode({"query": target["expr"], "start": panel["start"], "end": panel["end"], "step": target["step"]})
    result = fetch(f"{viewer.stack.url('prometheus')}/api/v1/query_range?{query}").json["data"]["result"]
    assert len(rows[0]) == 1 + len(result) and len(result) > 3
    assert {series["metric"]["mode"] for series in result} == set(rows[0][1:])
    for series in result:
        column = rows[0].index(series["metric"]["mode"])
        assert [float(row[column]) for row in rows[1:] if row[column]] == [float(value) for _, value in series["values"]]


def frame_query(page: Page) -> str:
    """The parameters with which the page asked for its board."""
    return str(page.evaluate(
        "performance.getEntriesByType('resource').map((entry) => entry.name).filter((name) => /\\/api\\/boards\\/[^/]+\\?/.test(name)).at(-1)"))


@pytest.mark.e2e
def test_variables_change_what_is_asked(desk: Tab) -> None:
    page = desk.open(f"/d/martlet-host-detail?{RANGE}&refresh=off")
    page.wait_for_selector(".panel[data-drawn]")
    before = page.locator(".panel-body").first.inner_text()
    with page.expect_request(lambda request: "pve3" in urllib.parse.unquote(request.url) and "/api/prometheus/" in request.url):
        page.get_by_role("button", name=re.compile("^Host: ")).click()
        page.get_by_role("combobox", name="Search Host").fill("pve3")
        page.keyboard.press("Enter")
    assert parameters(page)["var-node"] == ["pve3"] and before
    expect(page.get_by_role("button", name="Host: pve3")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("button", name="Host: pve3")).to_be_hidden()


@pytest.mark.e2e
def test_several_choices_are_one_change(desk: Tab) -> None:
    page = desk.open(f"/d/martlet-cluster-overview?{RANGE}&refresh=off")
    page.wait_for_selector(".panel[data-drawn]")
    page.get_by_role("button", name="Host: All").click()
    page.get_by_role("option", name="pve1").click()
    page.get_by_role("option", name="pve2").click()
    assert "var-node" not in parameters(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Host: pve1 + 1")).to_be_visible()
    assert parameters(page)["var-node"] == ["pve1", "pve2"]
    expect(page.get_by_role("button", name="Host: pve1 + 1")).to_be_focused()


@pytest.mark.e2e
def test_drag_zooms_and_back_leads_back(desk: Tab) -> None:
    page = desk.open(f"/d/martlet-host-detail?{RANGE}&refresh=off")
    frame = page.locator(".panel", has=page.get_by_role("heading", name="CPU by mode", exact=True))
    frame.and_(page.locator("[data-drawn]")).wait_for()
    box = frame.locator("canvas").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.5, steps=8)
    page.mouse.up()
    page.wait_for_url(re.compile(r"from=\d{13}"))
    zoomed = parameters(page)
    length = int(zoomed["to"][0]) - int(zoomed["from"][0])
    assert 30_000 < length < 200_000
    page.get_by_role("button", name="Back to the range before").click()
    assert parameters(page)["from"] == ["now-5m"]
    page.get_by_role("button", name="Twice the range").click()
    assert (parameters(page)["from"], parameters(page)["to"]) == (["now-10m"], ["now"])
    page.get_by_role("button", name="Earlier by half the range").click()
    assert parameters(page)["from"][0].isdigit()


@pytest.mark.e2e
def test_the_address_holds_the_whole_picture(desk: Tab, browser: Browser, viewer: Viewer) -> None:
    page = desk.open(f"/d/martlet-vm-comparison?{RANGE}&refresh=off")
    page.wait_for_selector(".panel[data-drawn]")
    page.get_by_role("button", name="CPU and memory").click()
    page.get_by_role("button", name="Measured: from outside").click()
    page.get_by_role("option", name="from inside").click()
    page.wait_for_url(re.compile("var-view=guest"))
    with tab(browser, viewer) as other:
        copy = other.open(page.url.removeprefix(viewer.url))
        copy.wait_for_selector(".panel[data-drawn]")
        expect(copy.get_by_role("button", name="CPU and memory")).to_have_attribute("aria-expanded", "false")
        expect(copy.get_by_role("button", name="Measured: from inside")).to_be_visible()
        assert other.complaints == []


@pytest.mark.e2e
def test_full_screen_and_inspect(desk: Tab) -> None:
    page = desk.open(f"/d/martlet-host-detail?{RANGE}&refresh=off")
    frame = page.locator(".panel", has=page.get_by_role("heading", name="Pressure", exact=True))
    frame.and_(page.locator("[data-drawn]")).wait_for()
    frame.hover()
    frame.locator(".panel-menu").click()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Inspect Pressure")
    expect(dialog).to_contain_text('node:cpu_pressure:ratio{cluster="lab",node="pve1"}')
    dialog.get_by_role("radio", name="Numbers").click()
    assert dialog.locator(".draw-row").count() > 3
    desk.screenshot("inspect")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()

    small = frame.bounding_box()
    frame.hover()
    frame.locator(".panel-menu").click()
    page.get_by_role("menuitem", name="Full screen").click()
    expect(page.locator(".panel:visible")).to_have_count(1)
    large = frame.bounding_box()
    assert small and large and large["width"] > 3 * small["width"] and large["height"] > 2 * small["height"]
    desk.screenshot("full-screen")
    page.keyboard.press("Escape")
    expect(page.locator(".panel:visible")).not_to_have_count(1)


@pytest.mark.e2e
def test_a_refresh_moves_by_whole_steps_and_asks_for_the_tail(desk: Tab) -> None:
    page = desk.open("/d/martlet-host-detail?from=now-6h&to=now&refresh=off")
    page.wait_for_selector(".panel[data-drawn]")
    page.wait_for_load_state("networkidle")
    spans: list[tuple[float, float, float]] = []

    def note(request: Any) -> None:
        if "/query_range?" in request.url:
            asked = urllib.parse.parse_qs(urllib.parse.urlsplit(request.url).query)
            spans.append((float(asked["start"][0]), float(asked["end"][0]), float(asked["step"][0])))

    page.on("request", note)
    wait_for(lambda: (page.get_by_role("button", name="Refresh now").click(), page.wait_for_timeout(5000), len(spans) > 2)[-1], 120, "a step later")
    assert all(end - start <= 4 * step for start, end, step in spans if step > 0), spans
    assert all(end % step == 0 for _, end, step in spans)


def tallies(page: Page) -> dict[str, int]:
    """How many alerts there are of each state, by the headings."""
    told = [part.split(" ") for heading in page.locator(".list-section .count").all_inner_texts() for part in heading.split(", ") if part]
    return {state: sum(int(count) for count, each in told if each == state) for state in {state for _, state in told}}


def bell(page: Page) -> int:
    return int(page.locator(".badge").inner_text())


@pytest.mark.e2e
def test_silence_in_two_clicks_is_in_alertmanager_and_counted_alike_everywhere(desk: Tab, viewer: Viewer) -> None:
    page = desk.open("/alerts?severity=warning")
    card = page.locator(".alert[data-state=firing]", has=page.get_by_role("button", name=re.compile("^Silence "))).first
    card.wait_for()
    alert = dict(json.loads(card.get_attribute("data-key") or ""))
    desk.screenshot("alerts")
    card.get_by_role("button", name=re.compile("^Silence ")).click()
    form = page.get_by_role("dialog")
    # What and why, and what will be sent, and only then what sends it.
    order = [form.get_by_label("What", exact=True), form.locator(".code"), form.get_by_label("Why"), form.get_by_role("button", name="1 hour")]
    tops = [box["y"] for each in order if (box := each.bounding_box())]
    assert len(tops) == 4 and tops == sorted(tops)
    assert set(form.locator(".code").inner_text().split(" ")) == {word for name, value in alert.items() for word in f"{name}={value}".split(" ")}
    scopes = {each.get_attribute("value") for each in form.locator("option").all()}
    assert scopes == {"alert", "name"} | ({"guest"} if "vm_id" in alert else set()) | ({"host"} if "node" in alert else set())
    page.get_by_role("button", name="1 hour").click()
    expect(page.locator(".silence")).to_have_count(1)
    silence = next(each for each in alertmanager(viewer, "silences") if each["status"]["state"] == "active")
    assert silence["createdBy"] == USER and {each["name"]: each["value"] for each in silence["matchers"]} == alert
    suppressed = wait_for(lambda: [each for each in alertmanager(viewer, "alerts") if each["status"]["silencedBy"]], 20, "silenced")
    assert alert.items() <= suppressed[0]["labels"].items()

    page.get_by_role("radio", name="Silenced").click()
    page.get_by_role("button", name="Refresh now").click()
    expect(page.locator(".alert")).to_have_count(1)
    expect(page.locator(".alert")).to_contain_text("silenced")

    # The bell, the fleet's figures and the list are of the same alerts.
    page.goto(viewer.url + "/?refresh=off")
    page.locator(".tile-guest").first.wait_for()
    figures = {name: int(page.locator(".figure", has_text=name).locator(".figure-number").inner_text()) for name in ("Critical", "Warning")}
    assert bell(page) == sum(figures.values())
    page.locator(".figure", has_text="Warning").click()
    page.locator(".alert").first.wait_for()
    assert {"severity": ["warning"], "show": ["firing"]}.items() <= parameters(page).items()
    assert set(tallies(page)) == {"firing"}

    page.goto(viewer.url + "/alerts?refresh=off")
    page.locator(".alert").first.wait_for()
    counts = tallies(page)
    assert counts["silenced"] == 1 and sum(counts.values()) == page.locator(".alert").count()
    firing = page.locator(".alert[data-state=firing]:is([data-severity=critical], [data-severity=warning])").count()
    assert bell(page) == firing
    page.get_by_role("button", name=re.compile("^Expire ")).click()
    expect(page.locator(".silence")).to_have_count(0)
    assert [each for each in alertmanager(viewer, "silences") if each["status"]["state"] == "active"] == []


@pytest.mark.e2e
def test_a_silence_is_offered_for_what_its_alert_names_and_no_more(desk: Tab) -> None:
    def answer(route: Any) -> None:
        body = route.fetch().json()
        for alert in body["data"]["alerts"]:
            alert["labels"].pop("cluster", None)
        route.fulfill(json=body)

    desk.page.route("**/api/prometheus/api/v1/alerts?*", answer)
    page = desk.open("/alerts")
    page.locator(".alert[data-state=firing]", has_text="GuestBackup").first.get_by_role("button", name=re.compile("^Silence ")).click()
    # Without its cluster's name a guest's number would be that of guests elsewhere too.
    assert page.get_by_role("dialog").locator("option").all_inner_texts()[0] == "This alert only"
    assert page.get_by_role("dialog").locator("option").count() == 2


@pytest.mark.e2e
def test_details_of_an_alert_are_the_runbooks_words_with_a_link_to_it(desk: Tab, viewer: Viewer) -> None:
    page = desk.open("/alerts")
    page.locator(".alert-title").first.click()
    expect(page.locator(".runbook a").last).to_have_attribute("href", re.compile("runbook.md#"))
    assert page.locator(".alert-title").first.get_attribute("aria-expanded") == "true"
    name = page.locator(".alert-title b").first.inner_text()
    told = fetch(f"{viewer.url}/api/runbook?alert={name}", headers=AUTHORIZATION).json["markdown"]
    first = re.sub(r"[`*_]|\[([^]]*)\]\([^)]*\)", r"\1", told.strip().split("\n")[0])
    expect(page.locator(".runbook")).to_contain_text(first[:40])
    desk.screenshot("runbook")


@pytest.mark.e2e
def test_without_a_user_the_page_says_why_nothing_can_be_silenced(browser: Browser, viewer: Viewer, start: Start) -> None:
    port = free_port()
    program = start(
        "dashboards", "--web.listen-address", f"127.0.0.1:{port}", "--dashboards.prometheus-url", viewer.stack.url("prometheus"),
        "--dashboards.alertmanager-url", viewer.stack.url("alertmanager"), *PAGE)
    program.wait_until(f"http://127.0.0.1:{port}/health")
    why = fetch(f"http://127.0.0.1:{port}/api/me").json["whyNot"]
    with tab(browser, viewer, http_credentials=None) as opened:
        opened.url = f"http://127.0.0.1:{port}"
        page = opened.open("/alerts")
        page.get_by_role("button", name=re.compile("^Silence ")).first.click()
        expect(page.get_by_role("dialog")).to_have_text(why)
        assert opened.complaints == []


@pytest.mark.e2e
@pytest.mark.parametrize("path", ["/", "/alerts", *(f"/d/{uid}?{RANGE}" for uid in BOARDS)])
def test_phone_has_one_column_or_two_of_small_values_and_no_sideways_scrolling(browser: Browser, viewer: Viewer, path: str) -> None:
    with tab(browser, viewer, **PHONE) as phone:
        page = phone.open(path)
        page.wait_for_selector(".tile, .alert, .panel[data-drawn]")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        boxes = [(panel.get_attribute("data-type"), panel.bounding_box()) for panel in page.locator(".panel").all()]
        assert {(round(box["x"]), round(box["width"])) for kind, box in boxes if box and kind not in ("stat", "gauge")} in (set(), {(8, 374)})
        assert {(round(box["x"]), round(box["width"])) for kind, box in boxes if box} <= {(8, 374), (8, 183), (199, 183)}
        if boxes:
            # What stands beside what is read first on its line.
            places = [(round(box["y"]), round(box["x"])) for _, box in boxes if box]
            assert places == sorted(places)
            page.get_by_role("button", name="Other boards").click()
            assert page.get_by_role("menuitem").count() > 0
            page.keyboard.press("Escape")
        small = page.evaluate("""() => [...document.querySelectorAll('.top button, .top a, .toolbar button, .picker')].filter((each) => each.checkVisibility())
            .map((each) => [each.getBoundingClientRect().height, each.outerHTML.slice(0, 80)]).filter(([height]) => height < 26)""")
        assert small == []
        assert page.evaluate("""() => { const boxes = [...document.querySelectorAll('.top :is(button, a, select)')].filter((each) => each.checkVisibility()).map((each) => [each.getBoundingClientRect(), each.outerHTML.slice(0, 80)]);
            return boxes.flatMap(([a, one], at) => boxes.slice(at + 1).filter(([b]) => a.left < b.right - 2 && b.left < a.right - 2 && a.top < b.bottom - 2 && b.top < a.bottom - 2).map(([, other]) => [one, other])); }""") == []
        phone.screenshot("phone-" + (path.strip("/").split("?")[0].replace("/", "-") or "fleet"))
        assert phone.complaints == []


@pytest.mark.e2e
def test_numbers_and_times_are_told_as_the_reader_writes_them(browser: Browser, viewer: Viewer) -> None:
    with tab(browser, viewer, locale="de-DE") as opened:
        page = opened.open("/")
        page.locator(".tile-host .bar-value").first.wait_for()
        assert all(re.fullmatch(r"\d+\u00a0%|–", text) for text in page.locator(".bar-value").all_inner_texts())
        page = opened.open("/d/martlet-host-detail?from=1700000000000&to=1700003600000&refresh=off")
        page.wait_for_selector(".panel[data-drawn]")
        page.locator(".range-button").click()
        # In the browser's zone, by the same clock as everywhere, and by no field that has another.
        assert [field.input_value() for field in page.locator(".range-popover input").all()] == ["2023-11-14 23:13:20", "2023-11-15 00:13:20"]
        page.get_by_label("From", exact=True).fill("2023-11-14 23:43:20")
        page.get_by_role("button", name="Apply").click()
        page.wait_for_url(re.compile("from=1700001800000&to=1700003600000"))
        page.locator(".range-button").click()
        page.get_by_label("From", exact=True).fill("now-36h")
        page.get_by_label("To", exact=True).fill("now")
        page.get_by_role("button", name="Apply").click()
        page.wait_for_url(re.compile("from=now-36h&to=now"))
        page.locator(".range-button").click()
        page.get_by_label("To", exact=True).fill("yesterday")
        page.get_by_role("button", name="Apply").click()
        expect(page.locator(".complaint")).to_be_visible()
        assert opened.complaints == []


@pytest.mark.e2e
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read_and_named(browser: Browser, viewer: Viewer, scheme: str) -> None:
    with tab(browser, viewer, color_scheme=scheme) as opened:
        for path in ["/", "/alerts", *(f"/d/{uid}?{RANGE}&refresh=off" for uid in BOARDS)]:
            page = opened.open(path)
            page.wait_for_selector(".tile, .alert, .panel[data-drawn]")
            if path.startswith("/d/"):
                opened.panels()
            assert page.evaluate("document.documentElement.dataset.theme") == scheme
            assert (path, page.evaluate(FAINT)) == (path, [])
            assert (path, page.evaluate(NAMELESS)) == (path, [])
            opened.screenshot(f"{scheme}-" + (path.strip("/").split("?")[0].replace("/", "-") or "fleet"))
        page.locator(".range-button").click()
        assert page.evaluate(FAINT) == [] and page.evaluate(NAMELESS) == []
        page.keyboard.press("Escape")
        page.locator(".picker").first.click()
        assert page.evaluate(FAINT) == [] and page.evaluate(NAMELESS) == []
        assert opened.complaints == []


@pytest.mark.e2e
def test_keyboard_goes_from_top_to_bottom_and_its_place_is_seen(desk: Tab) -> None:
    page = desk.open(f"/d/martlet-host-detail?{RANGE}&refresh=off")
    page.wait_for_selector(".panel[data-drawn]")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    places = []
    for _ in range(14):
        page.keyboard.press("Tab")
        places.append(page.evaluate("""() => { const at = document.activeElement; const box = at.getBoundingClientRect(); const style = getComputedStyle(at);
            return { line: Math.round(box.top / 40), left: box.left, seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && Number(style.opacity) > 0.9 }; }"""))
    assert all(place["seen"] for place in places), places
    assert [place["line"] for place in places] == sorted(place["line"] for place in places)


@pytest.mark.e2e
def test_server_that_is_gone_is_told_and_what_was_shown_stays(browser: Browser, viewer: Viewer) -> None:
    with tab(browser, viewer) as opened:
        page = opened.open("/")
        page.wait_for_selector(".tile-guest")
        count = page.locator(".tile-guest").count()
        page.route("**/api/**", lambda route: route.abort())
        page.get_by_role("button", name="Refresh now").click()
        expect(page.locator(".banner")).to_be_visible()
        assert page.locator(".tile-guest").count() == count
        opened.screenshot("offline")
        page.unroute("**/api/**")
        page.get_by_role("button", name="Try now").click()
        expect(page.locator(".banner")).to_be_hidden()


@pytest.mark.e2e
def test_refused_query_is_told_in_its_panel_in_prometheus_words(browser: Browser, viewer: Viewer) -> None:
    with tab(browser, viewer) as opened:
        opened.page.route("**/api/prometheus/**", lambda route: route.fulfill(
            status=422, content_type="application/json", body=json.dumps({"status": "error", "errorType": "execution", "error": "out of samples"})))
        page = opened.open(f"/d/martlet-host-detail?{RANGE}&refresh=off")
        frame = page.locator(".panel", has=page.get_by_role("heading", name="CPU by mode", exact=True))
        expect(frame.locator(".panel-body")).to_contain_text("out of samples")
        opened.screenshot("refused")


@pytest.mark.e2e
def test_markup_in_names_stays_text(desk: Tab) -> None:
    evil = '<img src=x onerror="document.title=1">'

    def answer(route: Any) -> None:
        body = route.fetch().json()
        for series in body["data"]["result"]:
            series["metric"] |= {"vm_name": evil, "vm_id": series["metric"].get("vm_id", "1")} if "vm_id" in series["metric"] else {"node": evil}
        route.fulfill(json=body)

    desk.page.route("**/api/prometheus/api/v1/query?*", answer)
    page = desk.open("/")
    page.wait_for_selector(".tile-guest")
    assert page.locator(".tile-name").first.inner_text() == evil and page.locator("main img").count() == 0
    assert page.title() == "Fleet · martlet"


def panel_of(page: Page, title: str) -> Locator:
    return page.locator(".panel", has=page.get_by_role("heading", name=title, exact=True))


@pytest.mark.e2e
def test_who_has_which_card_is_named_and_leads_on(desk: Tab, viewer: Viewer) -> None:
    # In the first seconds there are guests whose name is not known yet.
    named = 'gpu:owner_memory:bytes{owner_kind!="vm"} or gpu:owner_memory:bytes{vm_id!="",owner!~"[0-9]+"}'
    owners = {row["metric"]["owner"]: row["metric"] for row in viewer.stack.query(named)}
    guests = {name for name, labels in owners.items() if labels["owner_kind"] == "vm"}
    assert {"vllm-llama-70b", "jupyter", "ollama.service"} <= set(owners) and guests

    page = desk.open(f"/d/martlet-gpu?{RANGE}&refresh=off")
    table = panel_of(page, "Who uses which card")
    expect(table).to_contain_text("vllm-llama-70b", timeout=20_000)
    # Lines that are scrolled away are not made.
    told = table.inner_text()
    table.locator(".draw-scroll").evaluate("(scroller) => { scroller.scrollTop = scroller.scrollHeight; }")
    wait_for(lambda: not {owner for owner in owners if owner not in told + table.inner_text()}, 10, "all owners")
    guest = sorted(guests)[0]
    number = owners[guest]["vm_id"]
    link = table.get_by_role("link", name=number, exact=True).first.get_attribute("href") or ""
    assert re.match(f"/d/martlet-vm-detail\\?.*var-cluster=lab&.*var-vm_id={number}&", link)
    expect(panel_of(desk.open(link), guest)).to_be_visible()
    page.go_back()
    table.get_by_role("link", name="vllm-llama-70b").locator("visible=true").first.click()
    page.wait_for_url(re.compile(r"/d/martlet-containers\?.*var-container=vllm-llama-70b"))
    expect(panel_of(page, "By container").locator(".draw-row:not([hidden])")).to_have_count(1, timeout=20_000)

    page = desk.open(f"/d/martlet-vgpu?{RANGE}&refresh=off")
    for guest in guests:
        expect(panel_of(page, "Virtual machines")).to_contain_text(guest)


@pytest.mark.e2e
def test_cards_owners_and_containers_are_chosen_by_name(desk: Tab, viewer: Viewer) -> None:
    page = desk.open(f"/d/martlet-gpu?{RANGE}&refresh=off")
    table, cards = panel_of(page, "Who uses which card"), panel_of(page, "Cards").and_(page.locator("[data-type=table]"))
    expect(table).to_contain_text("jupyter", timeout=20_000)
    page.get_by_role("button", name="Card: All").click()
    # By host, number and name; what a query knows it by stands small below.
    offered = [text.split("\n") for text in page.get_by_role("listbox").get_by_role("option").all_inner_texts() if text != "All"]
    assert len(offered) == 8 and all(re.fullmatch(r"pve\d+ \d NVIDIA \S+", name) and uuid.startswith("GPU-") for name, uuid in offered), offered
    page.get_by_role("option", name=re.compile("^" + offered[0][0])).click()
    page.keyboard.press("Escape")
    expect(cards.locator(".draw-row:not([hidden])")).to_have_count(1)
    expect(table).not_to_contain_text("jupyter")
    page.go_back()
    page.get_by_role("button", name="Owner: All").click()
    page.get_by_role("option", name="jupyter", exact=True).click()
    page.keyboard.press("Escape")
    expect(table.locator(".draw-row:not([hidden])")).to_have_count(1)
    # Cards are those that there are, whoever has them.
    expect(cards.locator(".draw-row:not([hidden])")).to_have_count(8)

    page = desk.open(f"/d/martlet-vgpu?{RANGE}&refresh=off")
    guest = viewer.stack.query('vgpu:framebuffer:ratio{vm_name!=""}')[0]["metric"]
    page.get_by_role("button", name="VM: All").click()
    page.get_by_role("option", name=re.compile("^" + guest["vm_name"])).click()
    page.keyboard.press("Escape")
    page.wait_for_url(re.compile(f"var-vm_id={guest['vm_id']}(&|$)"))

    page = desk.open(f"/d/martlet-containers?{RANGE}&refresh=off")
    containers = panel_of(page, "By container")
    expect(containers).to_contain_text("triton-vision", timeout=20_000)
    page.get_by_role("button", name="Container: All").click()
    page.get_by_role("option", name="vllm-phi-4", exact=True).click()
    page.keyboard.press("Escape")
    expect(containers.locator(".draw-row:not([hidden])")).to_have_count(1, timeout=20_000)


@pytest.mark.e2e
def test_a_card_in_trouble_is_the_first_thing_that_is_seen(desk: Tab, viewer: Viewer) -> None:
    """Stands last here: for minutes after it there are alerts."""
    try:
        for scenario, state in [("gpu-lost", "Lost"), ("gpu-ecc", "Memory errors")]:
            viewer.stack.scenario(scenario)
            value = {"Lost": 'count(gpu:state:info{state="lost"} offset 20s)', "Memory errors": "count(gpu:ecc_uncorrected:increase1h offset 20s > 0)"}[state]
            wait_for(lambda value=value: viewer.stack.value(value), 90, scenario)
            page = desk.open(f"/d/martlet-gpu?{RANGE}&refresh=off")
            first = panel_of(page, "Cards").and_(page.locator("[data-type=table]")).locator(".draw-row:not([hidden])").first
            expect(first).to_contain_text(state, timeout=20_000)
            # All of that without scrolling.
            box, sum_of_ill = first.bounding_box(), panel_of(page, "Not well")
            assert box and box["y"] + box["height"] < 900
            expect(sum_of_ill).to_contain_text("1")
            desk.screenshot(scenario)
    finally:
        viewer.stack.scenario("normal")

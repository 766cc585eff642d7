"""The drawing half of the viewer's page, module by module in a browser: what is expected was worked out by hand, from Grafana's documentation of units,
mappings, stacking and thresholds, and from WCAG."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import REPOSITORY
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves the page's files under the policy that the viewer has."""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'")
        super().end_headers()

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(REPOSITORY / "viewer")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--enable-precise-memory-info", "--js-flags=--expose-gc"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def blank(browser: Browser, origin: str) -> Iterator[Page]:
    """A page that has nothing but access to the modules."""
    page = browser.new_page()
    page.route("**/blank", lambda route: route.fulfill(content_type="text/html", body="<!doctype html><title>blank</title>"))
    page.goto(f"{origin}/blank")
    yield page
    page.close()


def gallery(browser: Browser, origin: str, parameters: str) -> tuple[Page, list[str]]:
    page = browser.new_page(viewport={"width": 1340, "height": 900})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: (complaints.append("a script of the data ran"), dialog.dismiss()))
    page.goto(f"{origin}/tests/gallery.html?{parameters}")
    page.wait_for_selector("html[data-ready]", state="attached")
    return page, complaints


def call(page: Page, module: str, expression: str, argument: Any = None) -> Any:
    """What an expression says in which `m` is the module and `a` the argument."""
    return page.evaluate(f"async (a) => {{ const m = await import('/js/{module}.js'); return ({expression}); }}", argument)


UNITS = [
    (0, "none", None, "0"), (3, None, None, "3"), (1234.5, "none", None, "1235"), (12.34, "none", None, "12.3"), (0.1234, "none", None, "0.123"), (1.5, "none", 0, "2"),
    (1500, "short", None, "1.50 K"), (2_350_000, "short", None, "2.35 Mil"), (7e9, "short", None, "7 Bil"), (-1500, "short", 1, "-1.5 K"),
    (1536, "bytes", None, "1.50 KiB"), (1024**3, "bytes", None, "1 GiB"), (0, "bytes", None, "0 B"), (1500, "decbytes", None, "1.50 kB"), (2, "gbytes", 1, "2.0 GiB"), (1023.99999999, "bytes", 0, "1 KiB"),
    (1.25e8, "Bps", None, "125 MB/s"), (1024**2, "binBps", None, "1 MiB/s"), (1e9, "bps", None, "1 Gb/s"), (2048, "MiBs", None, "2 GiB/s"), (12, "bits", None, "12 b"),
    (0.5, "s", None, "500 ms"), (0.00025, "s", None, "250 µs"), (59, "s", None, "59 s"), (60, "s", None, "1 min"), (5400, "s", 1, "1.5 hours"), (172800, "s", None, "2 days"), (1209600, "s", None, "2 weeks"), (63072000, "s", None, "2 years"),
    (1500, "ms", None, "1.50 s"), (2_000_000, "ns", None, "2 ms"), (90, "m", 1, "1.5 hours"), (36, "h", 1, "1.5 days"), (3, "d", None, "3 days"), (0, "s", None, "0 s"), (-90, "s", 1, "-1.5 mins"),
    (42.5, "percent", None, "42.5%"), (0.1234, "percentunit", None, "12.3%"), (1, "percentunit", 1, "100.0%"), (45, "humidity", None, "45 %H"),
    (36.6, "celsius", None, "36.6 °C"), (1500, "watt", None, "1.50 kW"), (0.005, "watt", None, "5 mW"), (12, "volt", None, "12 V"), (2, "kwatt", None, "2 kW"), (0.25, "amp", None, "250 mA"),
    (1200, "rotrpm", None, "1200 rpm"), (2.4e9, "hertz", None, "2.40 GHz"), (1500, "ops", None, "1.50 K ops/s"), (15, "iops", None, "15 io/s"), (20, "reqps", None, "20 req/s"), (1000, "cps", None, "1 K c/s"), (1500, "pps", None, "1.50 kp/s"),
    (1500, "currencyUSD", None, "$1.50K"), (20, "currencyEUR", 2, "€20.00"), (20, "currencyCHF", None, "20 CHF"),
    (93784, "dtdurations", 2, "1 day, 2 hours, 3 minutes"), (93784, "dtdurations", None, "1 day"), (3661, "dthms", None, "01:01:01"), (90061, "dtdhms", None, "1 d 01:01:01"), (61000, "clockms", None, "00:01:01"),
    (1, "bool", None, "True"), (0, "bool_yes_no", None, "No"), (1, "bool_on_off", None, "On"), (255, "hex0x", None, "0xFF"),
    (5, "jobs", None, "5 jobs"), (5, "suffix:jobs", None, "5 jobs"), (5, "prefix:#", None, "#5"), (1500, "si:Wb", None, "1.50 kWb"), (1500, "count:rows", None, "1.50 K rows"), (1500, "currency:¤", None, "¤1.50K"), (5, "constructor", None, "5 constructor"),
    (1_700_000_000_000, "dateTimeAsIso", None, "2023-11-14 22:13:20"), (1_700_000_000_000, "dateTimeAsUS", None, "11/14/2023 10:13:20 pm"), (1_700_000_000_000, "time:YYYY/MM/DD HH:mm", None, "2023/11/14 22:13"),
]  # fmt: skip


@pytest.mark.parametrize(("value", "unit", "decimals", "text"), UNITS)
def test_units_are_written_as_grafana_writes_them(blank: Page, value: float, unit: str | None, decimals: int | None, text: str) -> None:
    assert call(blank, "draw/units", "(m.setLocale('en-US'), m.setZone('UTC'), m.formatText(...a))", [value, unit, decimals]) == text


def test_what_is_no_number_is_said(blank: Page) -> None:
    assert call(blank, "draw/units", "[Infinity, -Infinity, NaN].map((each) => m.formatText(each, 'bytes'))") == ["∞", "−∞", "NaN"]


def test_decimals_follow_the_locale(blank: Page) -> None:
    assert call(blank, "draw/units", "[m.setLocale('de-DE'), m.formatText(1536, 'bytes'), m.setLocale('en-US')][1]") == "1,50 KiB"


def test_times_from_now_are_words(blank: Page) -> None:
    assert call(blank, "draw/units", "[3 * 3600e3, -2 * 86400e3, 10e3].map((each) => m.formatText(Date.now() - each, 'dateTimeFromNow'))") == ["3 hours ago", "in 2 days", "a few seconds ago"]


AXES = [
    # low, high, settings, ticks
    (0, 0.93, {"unit": "percentunit"}, [0, 0.5, 1]),
    (0, 93, {"room": 5}, [0, 20, 40, 60, 80, 100]),
    (3e9, 11e9, {"unit": "bytes", "room": 4}, [gib * 2**30 for gib in (2, 4, 6, 8, 10, 12)]),
    (0, 7000, {"unit": "s", "room": 4}, [0, 1800, 3600, 5400, 7200]),
    (95, 99, {"room": 4}, [95, 96, 97, 98, 99]),
    (0, 2, {"decimals": 0, "room": 5}, [0, 1, 2]),
    (0, 0.05, {"decimals": 0, "unit": "percentunit", "room": 10}, [0, 0.01, 0.02, 0.03, 0.04, 0.05]),
    (5, 5, {"room": 2}, [0, 5, 10]),
    (0, 0, {"room": 2}, [0, 0.5, 1]),
    (2, 30, {"min": 0, "max": 20, "room": 4}, [0, 5, 10, 15, 20]),
    (2, 30, {"softMin": 0, "softMax": 20, "room": 3}, [0, 10, 20, 30]),
    (2, 12, {"softMin": 0, "softMax": 20, "room": 4}, [0, 5, 10, 15, 20]),
    (-3, 9, {"centeredZero": True, "room": 4}, [-10, -5, 0, 5, 10]),
    (0.002, 40, {"log": 10, "room": 4}, [0.001, 0.01, 0.1, 1, 10, 100]),
    (float("inf"), float("-inf"), {"room": 2}, [0, 0.5, 1]),
]  # fmt: skip


@pytest.mark.parametrize(("low", "high", "settings", "ticks"), AXES)
def test_axes_have_round_ticks(blank: Page, low: float, high: float, settings: dict[str, Any], ticks: list[float]) -> None:
    found = call(blank, "draw/scale", "m.valueAxis(a[0] ?? Infinity, a[1] ?? -Infinity, { room: 2, ...a[2] }).ticks", [low if low < 1e300 else None, high if high > -1e300 else None, settings])
    assert found == pytest.approx(ticks)


TICKS = [
    # ticks, unit, texts
    ([0, 7776000, 15552000, 23328000], "s", ["0 days", "90 days", "180 days", "270 days"]),
    ([0, 1800, 3600], "s", ["0 mins", "30 mins", "60 mins"]),
    ([0, 1800, 3600, 5400, 7200], "s", ["0 hours", "0.5 hours", "1.0 hours", "1.5 hours", "2.0 hours"]),
    ([0, 0.25 * 2**30, 0.5 * 2**30, 2**30], "bytes", ["0 B", "0.25 GiB", "0.50 GiB", "1.00 GiB"]),
    ([0, 500, 1000, 1500], "iops", ["0 io/s", "0.5 K io/s", "1.0 K io/s", "1.5 K io/s"]),
    ([0, 0.005, 0.01], "percentunit", ["0.0%", "0.5%", "1.0%"]),
    ([0, 0.05, 0.1], "percentunit", ["0%", "5%", "10%"]),
    ([-100, 0, 100], "celsius", ["-100 °C", "0 °C", "100 °C"]),
    ([1000, 1050, 1100, 1150, 1200, 1250], "ms", ["1.00 s", "1.05 s", "1.10 s", "1.15 s", "1.20 s", "1.25 s"]),
    ([0, 200, 400, 600], "ms", ["0 ms", "200 ms", "400 ms", "600 ms"]),
]  # fmt: skip


@pytest.mark.parametrize(("ticks", "unit", "texts"), TICKS)
def test_an_axis_is_written_in_one_unit_and_without_idle_decimals(blank: Page, ticks: list[float], unit: str, texts: list[str]) -> None:
    code = "a[0].map((tick) => m.axisText(tick, a[1], Math.max(...a[0]), a[0][1] - a[0][0], 0))"
    assert call(blank, "draw/units", code, [ticks, unit]) == texts


def test_what_an_axis_says_of_several_numbers_it_says_once(blank: Page) -> None:
    texts = call(blank, "panels/axes", "m.axisWithTexts(0, 4, { field: { unit: 'bool', custom: {} }, room: 4 }).texts")
    assert texts == ["False", "True", "", "", ""]


GRIDS = [
    # count, width, height, orientation; columns, rows
    (5, 330, 66, "auto", (5, 1)), (7, 340, 66, "auto", (4, 2)), (5, 1380, 140, "horizontal", (1, 5)), (4, 1380, 66, "horizontal", (2, 2)), (8, 300, 200, "vertical", (4, 2)),
    (2, 400, 300, "horizontal", (1, 2)), (3, 600, 100, "vertical", (3, 1)),
]


@pytest.mark.parametrize(("count", "width", "height", "orientation", "grid"), GRIDS)
def test_values_are_laid_out_so_that_all_of_them_fit(blank: Page, count: int, width: int, height: int, orientation: str, grid: tuple[int, int]) -> None:
    code = "((found) => [found.columns, found.rows])(m.cellGrid(a[0], a[1], a[2], a[3], 2.4, (width, height) => width < 60 || height < (width > 120 ? 22 : 30) ? 0 : height < 44 ? 0.85 : 1))"
    assert tuple(call(blank, "panels/reduced", code, [count, width, height, orientation])) == grid
    assert call(blank, "panels/reduced", "m.cellGrid(200, 100, 60, 'auto', 2.4, (width, height) => width >= 20 && height >= 20 ? 1 : 0).size") == 0


def test_a_series_whose_legend_says_nothing_is_called_by_its_query(blank: Page) -> None:
    code = """(() => {
      const result = [{ metric: {}, values: [[0, '1']] }, { metric: { input: 'x' }, values: [[0, '1']] }];
      const target = { ref: 'A', expr: 'sum(in)', legend: '{{ input }}', step: 15 };
      return m.readAnswers({ start: 0, end: 15, targets: [target] }, [{ target, body: { status: 'success', data: { resultType: 'matrix', result } } }]).series.map(({ name }) => name);
    })()"""
    assert call(blank, "panels/data", code) == ["sum(in)", "x"]


EMPTY = [
    # expression, what it says; only `up` has series, and none of them is of the job "gone".
    ('rate(up{job="gone"}[5m])', "No series of up has these labels."), ('sum(irate(up{job="here"}[5m])) / sum(up{job="gone"})', "No series of up has these labels."),
    ('up{job="here"} > 5', "No data in this range."), ('up{job="here"} > 5 or up{job="gone"}', "No data in this range."), ("up", "No data in this range."),
]  # fmt: skip


@pytest.mark.parametrize(("expression", "reason"), EMPTY)
def test_why_nothing_came_is_asked_of_each_selector(blank: Page, expression: str, reason: str) -> None:
    code = """m.whyNothing({ targets: [{ ref: 'A', expr: a }], start: 0, end: 60 }, { variables: () => [], down: async () => [], hasMetric: async (text) => !text.includes('gone') })"""
    assert call(blank, "shell/reasons", f"await {code}", expression) == reason


def test_time_ticks_lie_on_the_readers_round_times_even_where_the_clock_changes(blank: Page) -> None:
    # Berlin goes from 03:00 back to 02:00 on 29 October 2023 at 01:00 UTC.
    ticks = blank.evaluate("""async () => {
      const { timeTicks } = await import('/js/draw/scale.js');
      const { offsetIn } = await import('/js/draw/plot.js');
      const format = (time) => new Date(time).toLocaleString('sv-SE', { timeZone: 'Europe/Berlin' });
      return timeTicks(Date.UTC(2023, 9, 28, 10), Date.UTC(2023, 9, 29, 20), 8, offsetIn({ timeZone: 'Europe/Berlin' })).map((tick) => format(tick.time).slice(8, 16) + ' ' + tick.style);
    }""")
    assert ticks == ["28 12:00 minute", "28 18:00 minute", "29 00:00 day", "29 06:00 minute", "29 12:00 minute", "29 18:00 minute"]


STACK = """async ({ mode, values, negate, times }) => {
  const { prepare } = await import('/js/draw/stack.js');
  const own = (row) => Float64Array.from(times?.[row] ?? values[row].map((_, at) => at));
  const shared = times ? null : own(0);
  const items = values.map((row, at) => ({ times: shared ?? own(at), values: Float64Array.from(row, (value) => value ?? NaN), negate: negate?.[at] ?? false, stackMode: mode, group: 'A', axisKey: '', drawStyle: 'line', visible: true }));
  prepare(items);
  const plain = (array) => array && Array.from(array, (value) => Number.isNaN(value) ? null : value);
  return items.map((item) => ({ top: plain(item.drawn), base: plain(item.base) }));
}"""


def stack(page: Page, **case: Any) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = page.evaluate(STACK, case)
    return result


def test_stacking_is_a_running_sum_and_a_gap_is_no_zero(blank: Page) -> None:
    assert stack(blank, mode="normal", values=[[1, 2, 3], [10, None, 30], [100, 100, 100]]) == [
        {"top": [1, 2, 3], "base": None},
        {"top": [11, None, 33], "base": [1, 2, 3]},
        {"top": [111, 102, 133], "base": [11, 2, 33]},
    ]


def test_stacking_to_hundred_percent(blank: Page) -> None:
    assert stack(blank, mode="percent", values=[[1, 3, 0], [3, 1, 0]]) == [{"top": [0.25, 0.75, 0], "base": None}, {"top": [1, 1, 0], "base": [0.25, 0.75, 0]}]


def test_what_is_turned_round_stacks_downwards_on_its_own(blank: Page) -> None:
    first, second, third = stack(blank, mode="normal", values=[[1, 1], [2, 2], [4, 4]], negate=[False, True, True])
    assert (first["top"], second["top"], second["base"], third["top"], third["base"]) == ([1, 1], [-2, -2], None, [-6, -6], [-2, -2])


def test_unlike_steps_are_stacked_on_one_grid(blank: Page) -> None:
    first, second = stack(blank, mode="normal", values=[[0, 20, 40], [1, 1, 1, 1, 1]], times=[[0, 2, 4], [0, 1, 2, 3, 4]])
    assert first["top"] == [0, 10, 20, 30, 40]
    assert second["top"] == [1, 11, 21, 31, 41]


MAPPINGS = [
    {"type": "value", "options": {"0": {"text": "Down", "color": "red"}, "1": {"text": "Up", "color": "green"}, "ok": {"text": "Fine"}}},
    {"type": "range", "options": {"from": 10, "to": 20, "result": {"text": "Some"}}},
    {"type": "range", "options": {"from": 1000, "to": None, "result": {"color": "purple"}}},
    {"type": "regex", "options": {"pattern": "^v(\\d+)\\..*", "result": {"text": "major $1"}}},
    {"type": "special", "options": {"match": "null", "result": {"text": "Unknown"}}},
    {"type": "special", "options": {"match": "nan", "result": {"text": "No number"}}},
    {"type": "special", "options": {"match": "empty", "result": {"text": "Empty"}}},
]


@pytest.mark.parametrize(("value", "text"), [(0, "Down"), (1, "Up"), ("ok", "Fine"), (10, "Some"), (20, "Some"), (20.5, "20.5 W"), (2000, "2 kW"), ("v9.1.2", "major 9"), (None, "Unknown"), ("NaN", "No number"), ("", "Empty"), ("else", "else")])  # fmt: skip
def test_values_are_mapped(blank: Page, value: Any, text: str) -> None:
    field = {"unit": "watt", "decimals": None, "mappings": MAPPINGS}
    code = "((shown) => shown.prefix + shown.text + shown.suffix)(m.display(a[0], a[1] === 'NaN' ? NaN : a[1], (await import('/js/draw/colors.js')).themes.light))"
    assert call(blank, "panels/values", code, [field, value]) == text


THRESHOLDS = {"mode": "absolute", "steps": [{"color": "green", "value": None}, {"color": "orange", "value": 80}, {"color": "red", "value": 95}]}


@pytest.mark.parametrize(("mode", "value", "color"), [("absolute", 79.9, "green"), ("absolute", 80, "orange"), ("absolute", 200, "red"), ("absolute", -5, "green"), ("percentage", 159, "green"), ("percentage", 160, "orange"), ("percentage", 190, "red")])  # fmt: skip
def test_thresholds_colour_from_their_value_on(blank: Page, mode: str, value: float, color: str) -> None:
    code = "m.fieldColor({ min: 0, max: 200, color: { mode: 'thresholds' }, thresholds: a[0] }, a[1], m.themes.dark) === m.named(a[2], m.themes.dark)"
    assert call(blank, "draw/colors", code, [THRESHOLDS | {"mode": mode}, value, color])


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_have_the_contrast_of_wcag_aa(blank: Page, theme: str) -> None:
    poor = blank.evaluate("""async (name) => {
      const m = await import('/js/draw/colors.js');
      const theme = m.themes[name];
      const colors = ['text', 'transparent', '#fff', '#000', 'rgba(128, 128, 128, 0.4)'];
      for (const hue of ['red', 'orange', 'yellow', 'green', 'blue', 'purple']) for (const shade of ['super-light-', 'light-', '', 'semi-dark-', 'dark-']) colors.push(shade + hue);
      const poor = [];
      for (const color of colors) {
        const real = m.named(color, theme);
        if (m.contrast(m.readable(real, theme), theme.background) < 4.5) poor.push('as text: ' + color);
        const ground = m.mix(real, theme.background, 0);
        if (m.contrast(m.textOn(ground, theme.background), ground) < 4.5) poor.push('below text: ' + color);
      }
      for (const part of ['text', 'muted', 'link', 'error']) if (m.contrast(theme[part], theme.background) < 4.5) poor.push(part);
      for (let at = 0; at < 12; at++) if (m.contrast(m.paletteColor(at, theme), theme.background) < 3) poor.push('line ' + at);
      return poor;
    }""", theme)
    assert poor == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_neighbours_of_the_palette_differ_for_the_colour_blind(blank: Page, theme: str) -> None:
    """By Viénot, Brettel and Mollon's matrices (1999) for people without red or green cones, as distance in linear light."""
    least = blank.evaluate("""async (name) => {
      const m = await import('/js/draw/colors.js');
      const kinds = { protan: [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]], deutan: [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]] };
      const linear = (color) => m.parse(color).slice(0, 3).map((part) => (part / 255) ** 2.2);
      let least = [9, ''];
      for (const [kind, matrix] of Object.entries(kinds)) for (let at = 0; at < 11; at++) {
        const seen = [at, at + 1].map((index) => { const rgb = linear(m.paletteColor(index, m.themes[name])); return matrix.map((row) => Math.max(0, row[0] * rgb[0] + row[1] * rgb[1] + row[2] * rgb[2]) ** (1 / 2.2)); });
        const distance = Math.hypot(...seen[0].map((part, index) => part - seen[1][index]));
        if (distance < least[0]) least = [distance, kind + ' ' + at];
      }
      return least;
    }""", theme)
    assert least[0] > 0.12, least


JOIN = """async ({ panel, answers, tail }) => {
  const m = await import('/js/panels/data.js');
  const data = m.readAnswers(panel, answers, { from: panel.start * 1000, to: panel.end * 1000 });
  const moved = tail ? m.appendTail(data, panel, tail.answers, tail.range) : null;
  return { moved, errors: data.errors, from: data.from, series: data.series.map((each) => ({ name: each.name, times: Array.from(each.times), values: Array.from(each.values, (value) => Number.isNaN(value) ? null : String(value)), unit: each.field.unit })) };
}"""


def answer(series: list[tuple[dict[str, str], list[tuple[float, str]]]], legend: str = "{{node}}", **target: Any) -> dict[str, Any]:
    result = [{"metric": metric, "values": [[time, value] for time, value in values]} for metric, values in series]
    return {"target": {"ref": "A", "expr": "up", "step": 10, "instant": False, "legend": legend, "hidden": False, **target}, "body": {"status": "success", "data": {"resultType": "matrix", "result": result}}}


PANEL = {"type": "timeseries", "start": 100, "end": 140, "defaults": {"unit": "short", "custom": {}}, "overrides": [{"matcher": {"id": "byName", "options": "b"}, "properties": [{"id": "unit", "value": "watt"}]}]}


def test_answers_lie_on_their_steps_grid_and_what_is_missing_is_a_gap(blank: Page) -> None:
    got = blank.evaluate(JOIN, {"panel": PANEL, "answers": [answer([({"node": "a"}, [(100, "1"), (120, "NaN"), (140, "+Inf")]), ({"node": "b"}, [(130, "2")])]), {"target": {"ref": "B"}, "error": "no such function"}]})
    assert got["errors"] == [{"ref": "B", "message": "no such function"}]
    assert got["series"] == [
        {"name": "a", "times": [100, 110, 120, 130, 140], "values": ["1", None, None, None, "Infinity"], "unit": "short"},
        {"name": "b", "times": [100, 110, 120, 130, 140], "values": [None, None, None, "2", None], "unit": "watt"},
    ]


@pytest.mark.parametrize(
    ("labels", "legend", "names"),
    [
        ([{"job": "x", "node": "a"}, {"job": "x", "node": "b"}], "__auto", ["a", "b"]),
        ([{"dev": "sda", "node": "a"}, {"dev": "sdb", "node": "b"}], "", ['{dev="sda", node="a"}', '{dev="sdb", node="b"}']),
        ([{"node": "a"}], "__auto", ["a"]),
        ([{}], "__auto", ["up"]),
        ([{"node": "a", "x": "<b>"}], "{{ node }} of {{x}}{{none}}", ["a of <b>"]),
    ],
)
def test_series_are_named_by_their_template_or_by_what_tells_them_apart(blank: Page, labels: list[dict[str, str]], legend: str, names: list[str]) -> None:
    got = blank.evaluate(JOIN, {"panel": PANEL, "answers": [answer([(each, [(100, "1")]) for each in labels], legend)]})
    assert [each["name"] for each in got["series"]] == names


def test_a_tail_moves_the_series_on(blank: Page) -> None:
    first = answer([({"node": "a"}, [(100, "0"), (110, "1"), (120, "2"), (130, "3"), (140, "4")]), ({"node": "gone"}, [(100, "7"), (110, "7")])])
    then = answer([({"node": "a"}, [(140, "4.5"), (150, "5"), (160, "6")]), ({"node": "new"}, [(160, "9")])])
    got = blank.evaluate(JOIN, {"panel": PANEL, "answers": [first], "tail": {"answers": [then], "range": {"start": 120, "end": 160, "tail": 140, "from": 120000, "to": 160000}}})
    assert got["moved"] and got["from"] == 120000
    assert [(each["name"], each["values"]) for each in got["series"]] == [("a", ["2", "3", "4.5", "5", "6"]), ("new", [None, None, None, None, "9"])]
    assert got["series"][0]["times"] == [120, 130, 140, 150, 160]


def test_a_tail_that_does_not_fit_is_refused(blank: Page) -> None:
    first = answer([({"node": "a"}, [(100, "0")])])
    got = blank.evaluate(JOIN, {"panel": PANEL, "answers": [first], "tail": {"answers": [answer([({"node": "a"}, [(145, "1")])])], "range": {"start": 105, "end": 145, "tail": 145, "from": 0, "to": 1}}})
    assert got["moved"] is False


CALCULATIONS = [("lastNotNull", 4), ("last", None), ("firstNotNull", 2), ("first", 2), ("min", 2), ("max", 6), ("mean", 4), ("sum", 12), ("count", 4), ("range", 4), ("diff", 2), ("delta", 8), ("median", 4), ("nonsense", 4)]  # fmt: skip


@pytest.mark.parametrize(("calculation", "expected"), CALCULATIONS)
def test_calculations_pass_over_gaps(blank: Page, calculation: str, expected: float | None) -> None:
    # 2, 6, 4, gap: a counter that rose by 4, began anew and counts 4 since.
    assert call(blank, "panels/reduce", "m.reduce(Float64Array.of(2, 6, 4, NaN), a)", calculation) == expected


LINKS = [
    ("/d/host?var-node=${__field.labels.node}&${__url_time_range}", "/d/host?var-node=a%26b&from=1&to=2"),
    ("/d/vm?var-vm=${__data.fields.VM}&x=${__value.raw}", "/d/vm?var-vm=%3Cx%3E&x=7"),
    # A column goes by the name that it had before it was renamed, first of all.
    ("/d/host?var-node=${__data.fields.node}&x=${__data.fields.Host}", "/d/host?var-node=pve1&x=pve1"),
    ("https://example.org/${__series.name}", "https://example.org/cpu%20a"),
    ("${__data.fields.url}", None), ("javascript:alert(1)", None), ("//evil.example/", None), ("/\\evil.example/", None), ("data:text/html,x", None), (" https://example.org", None),
]  # fmt: skip


@pytest.mark.parametrize(("template", "url"), LINKS)
def test_links_are_filled_in_and_lead_nowhere_else(blank: Page, template: str, url: str | None) -> None:
    scope = "{ series: { name: 'cpu a', labels: { node: 'a&b' } }, value: 7, row: 0, frame: { fields: [{ name: 'VM', values: ['<x>'] }, { name: 'Host', key: 'node', values: ['pve1'] }, { name: 'url', values: ['javascript:alert(1)'] }] }, timeRange: () => 'from=1&to=2' }"
    assert call(blank, "panels/links", f"m.fillUrl(a, {scope})", template) == url


def test_markdown_becomes_elements_and_nothing_else(blank: Page) -> None:
    source = "# Head\n**b** `c` [l](/d/x) [bad](javascript:alert(1))\n\n- one\n- two\n\n<img src=x onerror=alert(1)>"
    html = call(blank, "panels/text", "m.markdown(a, {}).innerHTML", source)
    assert html.startswith('<h3 class="size1">Head</h3><p><strong>b</strong> <code>c</code> <a ')
    assert "<ul><li>one</li><li>two</li></ul>" in html and "&lt;img src=x" in html and 'href="javascript' not in html


HTML = [
    ("<p onclick=x()>a <b>b</b> &lt;c&gt; &#128039;</p>", "<p>a <b>b</b> &lt;c&gt; \U0001f427</p>"),
    ("<script>alert(1)</script>a<style>b{}</style>c", "ac"),
    ("<img src=x onerror=alert(1)>a<svg><a href='/x'>b</a></svg>", "a"),
    ("<a href='javascript:alert(1)'>a</a><a href=&#106;avascript:alert(1)>b</a>", "ab"),
    ("<ul><li>a</li><li>b</li></ul><hr></b>", "<ul><li>a</li><li>b</li></ul><hr>"),
    ("<!-- <b>x</b> -->a < b", "a &lt; b"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), HTML)
def test_of_html_only_harmless_elements_are_left(blank: Page, source: str, expected: str) -> None:
    blank.evaluate("() => { document.querySelectorAll('.try').forEach((each) => each.remove()); const host = document.createElement('div'); host.className = 'try'; document.body.append(host); }")
    code = "(m.panelFor('text').create({ options: { mode: 'html', content: a } }, document.querySelector('.try'), { strings: { drawing: {} }, theme: 'light' }), document.querySelector('.try .draw-body > div').innerHTML)"
    assert call(blank, "panels/index", code, source) == expected


def test_a_histogram_is_taken_apart(blank: Page) -> None:
    rows = blank.evaluate("""async () => {
      const { bucketRows } = await import('/js/draw/heatmap.js');
      const times = Float64Array.of(0, 60);
      const series = [['+Inf', [10, 20]], ['0.1', [1, 5]], ['1', [4, 5]]].map(([le, values]) => ({ name: le, labels: { le }, times, values: Float64Array.from(values), step: 60 }));
      return bucketRows(series, true).rows.map((row) => [String(row.low), String(row.high), ...row.values]);
    }""")
    assert rows == [["-Infinity", "0.1", 1, 5], ["0.1", "1", 3, 0], ["1", "Infinity", 6, 15]]


# Panels of the gallery in which words stand where a picture would.
WORDS = {"timeseries: Nothing": "Prometheus knows no metric", "timeseries: Error": "unexpected <by> in aggregation", "stat: Error": 'unknown function "foo"', "stat: No word for a name": "Not managed", "table: Empty table": "No alert fires", "piechart: Piechart": "piechart"}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_sample_draws_or_says_why_not(browser: Browser, origin: str, theme: str) -> None:
    page, complaints = gallery(browser, origin, f"theme={theme}")
    empty = page.evaluate("""() => [...document.querySelectorAll('.sample')].filter((box) => {
      for (const canvas of box.querySelectorAll('canvas:not(.overlay)')) {
        if (canvas.width > 1 && canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((part, at) => at % 4 === 3 && part > 60)) return false;
      }
      return box.querySelector('.draw-body').innerText.trim() === '';
    }).map((box) => box.dataset.title)""")
    assert set(empty) <= set(WORDS)
    for title, words in WORDS.items():
        assert words in page.locator(f'[data-title="{title}"]').inner_text()
    assert "query timed out" in page.locator('[data-title="timeseries: Half an error"]').inner_text()
    assert "Target down" in page.locator('[data-title="timeseries: Stale"]').inner_text()
    assert page.locator(".sample img, .sample script, .sample [onclick]").count() == 0
    assert complaints == []
    page.close()


def test_a_spike_of_one_sample_in_twenty_thousand_is_drawn(browser: Browser, origin: str) -> None:
    page, _ = gallery(browser, origin, "group=series")
    rows = page.evaluate("""() => {
      const canvas = document.querySelector('[data-title="timeseries: 20000 points, one spike"] canvas');
      const { data, width, height } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const colored = (x, y) => { const at = (y * width + x) * 4; return data[at + 3] > 60 && Math.max(data[at], data[at + 1], data[at + 2]) - Math.min(data[at], data[at + 1], data[at + 2]) > 40; };
      let count = 0;
      for (let y = 0; y < height; y++) for (let x = 80; x < width; x++) if (colored(x, y)) { count++; break; }
      return count / height;
    }""")
    assert rows > 0.5
    page.close()


def test_keys_move_the_crosshair_and_the_panel_is_told_in_words(browser: Browser, origin: str) -> None:
    page, _ = gallery(browser, origin, "group=series")
    box = page.locator('[data-title="timeseries: Lines, one gap, a threshold"]')
    canvas = box.locator("canvas.overlay")
    label = canvas.get_attribute("aria-label") or ""
    assert label.startswith("Lines, one gap, a threshold: 3 series from 14 Nov 2023") and "pve1:" in label
    canvas.focus()
    page.keyboard.press("End")
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    tooltip = page.locator(".draw-tooltip")
    assert tooltip.locator(".draw-tooltip-title").inner_text() == "14 Nov 2023, 22:17:00"
    values = [float(text.removesuffix("%")) for text in tooltip.locator(".draw-tooltip-row:visible b").all_inner_texts()]
    assert len(values) == 3 and values == sorted(values, reverse=True)
    assert "22:17:00: pve" in (box.locator(".draw-live").text_content() or "")
    times = page.evaluate("gallery.events.crosshairs")
    assert times[-1] == 1_700_000_400_000 - 3 * 60_000
    page.keyboard.press("Escape")
    assert tooltip.count() == 0
    page.close()


def test_a_drag_zooms_and_a_click_pins_the_links(browser: Browser, origin: str) -> None:
    page, _ = gallery(browser, origin, "group=series")
    canvas = page.locator('[data-title="timeseries: Lines, one gap, a threshold"] canvas.overlay')
    box = canvas.bounding_box()
    assert box
    page.mouse.move(box["x"] + 200, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 110, steps=4)
    page.mouse.up()
    ((begin, end),) = page.evaluate("gallery.events.zooms")
    plot = page.evaluate("""() => { const { data } = gallery.panels.get('timeseries: Lines, one gap, a threshold'); return [data.from, data.to]; }""")
    assert plot[0] < begin < end < plot[1]
    assert (end - begin) / (plot[1] - plot[0]) == pytest.approx(200 / box["width"], rel=0.15)
    page.close()


def test_the_legend_shows_one_alone_and_takes_one_out(browser: Browser, origin: str) -> None:
    page, _ = gallery(browser, origin, "group=series")
    legend = page.locator('[data-title="timeseries: Stacked bytes, legend at the right"] .draw-legend')
    shown = lambda: [each.locator(".name").inner_text() for each in legend.locator("tbody tr:not(.off)").all()]  # noqa: E731
    legend.get_by_role("button", name="ARC").click()
    assert shown() == ["ARC"]
    legend.get_by_role("button", name="free").click(modifiers=["Control"])
    assert shown() == ["ARC", "free"]
    legend.get_by_role("button", name="ARC").click(modifiers=["Control"])
    assert shown() == ["free"]
    legend.get_by_role("button", name="free").click()
    assert shown() == ["used", "ARC", "cache", "free"]
    page.close()


def test_ten_thousand_rows_are_a_few_elements_and_sort(browser: Browser, origin: str) -> None:
    page, complaints = gallery(browser, origin, "group=tables")
    box = page.locator('[data-title="table: Ten thousand rows"]')
    assert box.locator(".draw-row").count() < 40
    box.get_by_role("button", name="Uptime").click()
    assert box.locator(".draw-row").first.locator(".cell").first.inner_text() == "guest-9999"
    box.locator(".draw-scroll").evaluate("(element) => { element.scrollTop = 1e9; }")
    page.wait_for_timeout(100)
    texts = box.locator(".draw-row:visible .cell:first-child").all_inner_texts()
    assert any("<img src=x" in text for text in texts)
    box.locator("input").fill("prod")
    page.wait_for_timeout(50)
    assert set(box.locator(".draw-row:visible .cell:last-child").all_inner_texts()) == {"prod;web"}
    first = page.locator('[data-title="table: Table"] .draw-row a').first
    assert (first.get_attribute("href") or "").startswith("/d/x?var-vm=")
    assert complaints == []
    page.close()


def test_rows_that_a_table_lacks_are_gaps_of_its_series(blank: Page) -> None:
    fields = [{"name": "Time", "type": "time", "config": {}, "values": [100000, 110000, 140000]}, {"name": "CPU", "type": "number", "config": {"unit": "percent"}, "values": [1, None, "+Inf"]}]
    code = "m.readAnswers({ type: 'timeseries', start: 100, end: 140 }, [], { frame: { fields: a, length: 3, problems: [] } }).series.map((each) => [each.name, Array.from(each.times), Array.from(each.values, String), each.field.unit])"
    assert call(blank, "panels/data", code, fields) == [["CPU", [100, 110, 120, 130, 140], ["1", "NaN", "NaN", "NaN", "Infinity"], "percent"]]


@pytest.mark.parametrize("refreshes", [75, pytest.param(300, marks=pytest.mark.e2e)])
def test_refreshes_leave_nothing_behind(browser: Browser, origin: str, refreshes: int) -> None:
    page, complaints = gallery(browser, origin, "group=none")
    found = page.evaluate("async refreshes => (await import('/tests/refresh.js')).measure(30, refreshes)", refreshes)
    assert found["after"]["elements"] == found["before"]["elements"]
    assert found["after"]["heap"] - found["before"]["heap"] < 2**20
    assert complaints == []
    page.close()


def test_a_tooltip_goes_when_the_page_is_scrolled(browser: Browser, origin: str) -> None:
    page, _ = gallery(browser, origin, "group=series")
    page.locator('[data-title="timeseries: Steps"] canvas.overlay').hover(position={"x": 200, "y": 60})
    assert page.locator(".draw-tooltip").count() == 1
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.wait_for_timeout(150)
    assert page.locator(".draw-tooltip").count() == 0
    page.close()


def test_what_a_board_has_wrong_is_no_reason_to_fail(browser: Browser, origin: str) -> None:
    page, complaints = gallery(browser, origin, "group=none")
    assert page.evaluate("async () => (await import('/tests/odd.js')).failures()") == []
    assert complaints == []
    page.close()


# Draws a panel of the gallery's page into a box: `a` is `{panel, frame, answers, width, height}`, and `look(box)` says what became of it.
DRAWN = """async (a) => {
  const { panelFor } = await import('/js/panels/index.js');
  const { readAnswers } = await import('/js/panels/data.js');
  document.querySelectorAll('.try').forEach((each) => each.remove());
  const box = document.createElement('div');
  box.className = 'try';
  box.style.cssText = `position: relative; width: ${a.width ?? 500}px; height: ${a.height ?? 260}px`;
  document.body.append(box);
  const panel = { title: 'Tried', options: {}, defaults: { custom: {} }, overrides: [], targets: [], problems: [], start: 0, end: 60, ...a.panel };
  const drawn = panelFor(panel.type).create(panel, box, gallery.context);
  drawn.resize(a.width ?? 500, a.height ?? 260);
  drawn.update(readAnswers(panel, a.answers ?? [], { from: 0, to: 60000, ...(a.frame && { frame: { problems: [], ...a.frame } }) }));
  return (LOOK)(box);
}"""


@pytest.fixture(scope="module")
def easel(browser: Browser, origin: str) -> Iterator[Page]:
    """The gallery without its samples: the page's style, and room to draw."""
    page, complaints = gallery(browser, origin, "group=none")
    yield page
    assert complaints == []
    page.close()


def drawn(page: Page, look: str, **given: Any) -> Any:
    return page.evaluate(DRAWN.replace("LOOK", look), given)


def test_what_the_server_does_not_support_is_not_drawn_and_is_said_once(easel: Page) -> None:
    words = drawn(easel, "(box) => [box.innerText, box.querySelectorAll('canvas').length]", panel={"type": "timeseries", "supported": False, "problems": ["the panel type news is not supported"]})
    assert words == ["The panel type news is not supported", 0]
    assert drawn(easel, "(box) => box.innerText", panel={"type": "news"}) == "Panel type news is not supported here"


def test_a_panel_that_asks_nothing_says_what_is_wrong_with_it(easel: Page) -> None:
    assert drawn(easel, "(box) => box.innerText", panel={"type": "timeseries", "noQuery": True, "problems": ["the data of another panel are not supported"]}) == "the data of another panel are not supported"
    assert drawn(easel, "(box) => box.innerText", panel={"type": "timeseries"}) == "No data"


@pytest.mark.parametrize("mode", ["html", "markdown"])
def test_the_usual_entities_are_their_signs(easel: Page, mode: str) -> None:
    content = "&copy; 2024 &mdash; &euro;5 &rarr; &#8364; &hellip; &unheard; &lt;b&gt; &constructor;"
    assert drawn(easel, "(box) => box.innerText", panel={"type": "text", "options": {"mode": mode, "content": content}}) == "© 2024 — €5 → € … &unheard; <b> &constructor;"


def column(name: str, values: list[Any], kind: str = "string", **config: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, "labels": {}, "config": config, "values": values}


# Which cells are cut, by their texts.
CUT = "(box) => [...box.querySelectorAll('.draw-row:not([hidden]) .cell, .draw-head button')].filter((cell) => cell.scrollWidth > cell.clientWidth).map((cell) => cell.textContent)"


def test_no_cell_is_cut_beside_a_column_that_stands_half_empty(easel: Page) -> None:
    fields = [
        column("Device", ["nvme0n1", "sda"]), column("Model", ["A" * 60, "short"]), column("State", ["Online", "Degraded"]),
        column("Size", [1.5e12, 2e9], "number", unit="bytes", custom={"width": 40}), column("Temperature", [41, 38], "number", unit="celsius"),
    ]  # fmt: skip
    frame = {"fields": fields, "length": 2}
    assert drawn(easel, CUT, panel={"type": "table"}, frame=frame, width=1000) == []
    assert drawn(easel, CUT, panel={"type": "table"}, frame=frame, width=560) == ["A" * 60]
    # Too narrow for all: numbers stay whole, and the rest is a scroll away.
    narrow = drawn(easel, f"(box) => [({CUT})(box), box.querySelector('.draw-scroll').scrollWidth]", panel={"type": "table"}, frame=frame, width=260)
    assert not {"1.36 TiB", "1.86 GiB", "41 °C", "38 °C"} & set(narrow[0]) and narrow[1] > 260


def test_a_table_shows_that_there_is_more_below(easel: Page) -> None:
    look = """async (box) => {
      const scroller = box.querySelector('.draw-scroll');
      const seen = [scroller.classList.contains('more')];
      scroller.scrollTop = 1e6;
      await new Promise((done) => setTimeout(done, 100));
      return [...seen, scroller.classList.contains('more'), getComputedStyle(scroller).maskImage];
    }"""
    many = {"fields": [column("Name", [f"guest-{at}" for at in range(50)])], "length": 50}
    assert drawn(easel, look, panel={"type": "table"}, frame=many) == [True, False, "none"]
    few = {"fields": [column("Name", ["one"])], "length": 1}
    assert drawn(easel, look, panel={"type": "table"}, frame=few) == [False, False, "none"]


def test_what_is_empty_has_no_link(easel: Page) -> None:
    fields = [column("Host", ["pve1", "", None, "–"], links=[{"title": "Host", "url": "/d/x?var-node=${__value.raw}"}])]
    assert drawn(easel, "(box) => [...box.querySelectorAll('a')].map((each) => each.textContent)", panel={"type": "table"}, frame={"fields": fields, "length": 4}) == ["pve1"]


def test_heads_of_a_legend_have_air_between_them(easel: Page) -> None:
    look = """(box) => {
      const boxes = [...box.querySelectorAll('th button')].map((each) => { const range = document.createRange(); range.selectNodeContents(each); return range.getBoundingClientRect(); });
      return Math.min(...boxes.slice(1).map((each, at) => each.left - boxes[at].right));
    }"""
    panel = {"type": "timeseries", "options": {"legend": {"displayMode": "table", "calcs": ["mean", "lastNotNull", "max", "min"]}}}
    answers = [{"target": {"ref": "A", "expr": "x", "step": 30, "legend": "a", "instant": False}, "body": {"data": {"resultType": "matrix", "result": [{"metric": {}, "values": [[0, "1"], [60, "2"]]}]}}}]
    assert drawn(easel, look, panel=panel, answers=answers) >= 8


def test_series_of_one_panel_have_colours_of_their_own(blank: Page) -> None:
    """The board gives some; the palette keeps clear of those, and of what it has given by name."""
    least = blank.evaluate("""async () => {
      const m = await import('/js/draw/colors.js');
      const fixed = { guest: 'green', user: 'blue', system: 'purple', iowait: 'orange', steal: 'red' };
      const names = ['guest', 'iowait', 'irq', 'nice', 'softirq', 'steal', 'system', 'user'];
      let least = Infinity;
      for (const theme of Object.values(m.themes)) for (const mode of ['palette-classic', 'palette-classic-by-name']) {
        const list = names.map((name, index) => ({ name, index, field: { color: fixed[name] ? { mode: 'fixed', fixedColor: fixed[name] } : { mode } } }));
        const colors = m.seriesColors(list, theme, () => 0).map(m.parse);
        for (const [at, a] of colors.entries()) for (const b of colors.slice(at + 1)) least = Math.min(least, Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]));
      }
      return least;
    }""")
    assert least > 30


def test_without_wishes_of_a_board_the_palette_comes_in_its_order(blank: Page) -> None:
    code = "[m.seriesColors(Array.from({ length: 20 }, (_, index) => ({ name: 'a', index, field: {} })), m.themes.dark, () => 0), Array.from({ length: 20 }, (_, at) => m.paletteColor(at, m.themes.dark))]"
    found, palette = call(blank, "draw/colors", code)
    assert found == palette


def test_a_boards_pattern_sees_the_first_letters_of_a_text_only(blank: Page) -> None:
    code = "[m.pattern('^a{200}$').test('a'.repeat(300)), m.pattern('a{201}').test('a'.repeat(300)), m.pattern('/^A/i').replace('a'.repeat(300), 'b').length]"
    assert call(blank, "panels/fields", code) == [True, False, 200]
    code = "m.display({ mappings: [{ type: 'regex', options: { pattern: '^x+$', result: { text: 'cut' } } }] }, 'x'.repeat(200) + 'y', (await import('/js/draw/colors.js')).themes.light).text"
    assert call(blank, "panels/values", code) == "cut"


# Texts that cost the square of their length, or worse, if a reader looks ahead from every letter.
SLOW = {
    "heading of spaces": "'# ' + ' '.repeat(n) + '\\u2028x'", "heading of signs": "'# a' + ' #'.repeat(n / 2) + 'x'", "entry of spaces": "'- ' + ' '.repeat(n) + '\\u2028x'",
    "brackets": "'['.repeat(n)", "labels": "'[a'.repeat(n / 2) + ']'", "targets": "'[a](b '.repeat(n / 7)", "stars": "'**a*'.repeat(n / 4)", "ticks": "Array.from({ length: Math.sqrt(n) }, (_, at, all) => '`'.repeat(Math.sqrt(2 * n) - at)).join(' ')",
    "addresses": "'<https://'.repeat(n / 9)", "dots": "'https://' + '.'.repeat(n)", "rule of a table": "'|\\n' + ' '.repeat(n) + '--x'", "rules": "'|\\n--'.repeat(n / 4)", "quotes": "'>'.repeat(n)",
    "comments": "'<!--'.repeat(n / 4)", "tags": "'<a '.repeat(n / 3)", "quoted tags": "`<a \"`.repeat(n / 4)", "ampersands": "'&a'.repeat(n / 2)", "lines": "'- a\\n  - b\\n'.repeat(n / 10)",
}  # fmt: skip


@pytest.mark.parametrize("mode", ["html", "markdown"])
@pytest.mark.parametrize("shape", SLOW)
def test_a_text_is_read_in_time_that_grows_as_it_does(easel: Page, shape: str, mode: str) -> None:
    times = easel.evaluate("""async ({ make, mode }) => {
      const { panelFor } = await import('/js/panels/index.js');
      const time = (n) => Math.min(...[0, 1, 2].map(() => {
        const content = make(n);
        const begin = performance.now();
        panelFor('text').create({ type: 'text', options: { mode, content } }, document.createElement('div'), gallery.context);
        return performance.now() - begin;
      }));
      return [time(16000), time(64000)];
    }""".replace("make(n)", f"({SLOW[shape]})").replace("{ make, mode }", "{ mode }"), {"mode": mode})  # fmt: skip
    # Of four times the text sixteen times the time would be the square of it.
    assert times[1] < 6 * times[0] + 150, times


def test_quotes_in_quotes_end_at_ten(blank: Page) -> None:
    assert call(blank, "panels/text", "[m.markdown('>'.repeat(5000) + 'x', {}).querySelectorAll('blockquote').length, m.markdown('> a\\n> > b', {}).querySelectorAll('blockquote').length]") == [10, 2]
    assert call(blank, "panels/text", "m.markdown('a'.repeat(1e6), {}).textContent.length") == 65536

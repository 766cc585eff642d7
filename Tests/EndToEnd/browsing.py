"""A browser (Debian's Chromium, driven by Playwright) and a simulated stack whose boards it looks at."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY, Start, fetch, wait_for
from doors import PASSWORD, bcrypt
from gpus import build_library
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright
from stack import Stack, quick_rules

CHROMIUM = "/usr/bin/chromium"
USER = "ada"
ELSEWHERE = "viewer.example"
BOARDS = {
    (board := json.loads(path.read_text()))["uid"]: board["title"]
    for path in sorted((REPOSITORY / "grafana/provisioning/dashboards/json").glob("*.json"))
}
# Five minutes: what a stack that has just begun has most of.
RANGE = "from=now-5m&to=now"
# While one works on the page or its boards, `PAGE_DIR=viewer` and `BOARDS_DIR=grafana/provisioning/dashboards/json` look at these files instead of what was
# built in.
PAGE = [
    word for flag, name in [("--dashboards.page-dir", "PAGE_DIR"), ("--dashboards.boards-dir", "BOARDS_DIR")] if (folder := os.environ.get(name))
    for word in (flag, str(Path(folder).absolute()))]  # fmt: skip

# What a panel shows, found out as a person would: colour on its canvas, or words that are no excuse.
LOOK = """(panel) => {
  const body = panel.querySelector('.panel-body');
  let colored = 0;
  for (const canvas of body.querySelectorAll('canvas')) {
    if (canvas.width === 0 || canvas.height === 0) continue;
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    for (let at = 0; at < pixels.length; at += 4) {
      const [r, g, b, a] = pixels.subarray(at, at + 4);
      if (a > 60 && Math.max(r, g, b) - Math.min(r, g, b) > 40) colored += 1;
    }
  }
  const note = [...body.querySelectorAll('.draw-note, .panel-failure')].find((each) => each.offsetParent !== null);
  return {
    title: panel.querySelector('.panel-title').textContent, type: panel.dataset.type, colored, text: body.innerText.trim(),
    excuse: note ? note.innerText : null, failed: note ? note.matches('.error, .panel-failure, .strip:not(.old)') : false,
  };
}"""

# Text that is harder to read than WCAG 2 allows (AA: 4.5, 3 if large), on the colours that are really behind it.
FAINT = """() => {
  const draw = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const parse = (color) => { draw.clearRect(0, 0, 1, 1); draw.fillStyle = color; draw.fillRect(0, 0, 1, 1); const [r, g, b, a] = draw.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255]; };
  const over = (top, under) => [0, 1, 2].map((at) => top[at] * top[3] + under[at] * (1 - top[3])).concat(1);
  const light = ([r, g, b]) => [r, g, b].map((part) => (part /= 255) <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4).reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const found = new Map();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || element.closest('.unseen, .skip, :disabled, option, noscript')) continue;
    const box = element.getBoundingClientRect();
    if (box.width < 2 || box.height < 2) continue;
    const style = getComputedStyle(element);
    const layers = [];
    let picture = false;
    for (let each = element; each; each = each.parentElement) {
      const color = parse(getComputedStyle(each).backgroundColor);
      picture ||= getComputedStyle(each).backgroundImage !== 'none';
      layers.push(color);
      if (color[3] === 1 || picture) break;
    }
    if (picture) continue;
    const behind = layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
    const [a, b] = [light(over(parse(style.color), behind)), light(behind)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const wanted = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    if (ratio < wanted - 0.01) found.set(`${element.className} ${style.color} on ${behind.map(Math.round)}: ${ratio.toFixed(2)}`, node.data.trim().slice(0, 40));
  }
  return [...found].map(([where, text]) => `${where} "${text}"`);
}"""

# What a screen reader could not name, and ids that stand twice.
NAMELESS = """() => {
  const found = [];
  for (const element of document.querySelectorAll('button, a[href], input, select, [role=button], [role=option], [role=menuitem], dialog, [role=dialog]')) {
    if (!element.checkVisibility()) continue;
    const labelled = (element.getAttribute('aria-labelledby') ?? '').split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join('');
    const name = element.getAttribute('aria-label') || labelled || element.textContent.trim() || element.title || element.closest('label')?.textContent.trim();
    if (!name) found.push(element.outerHTML.slice(0, 160));
  }
  const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
  found.push(...ids.filter((id, at) => ids.indexOf(id) !== at).map((id) => `id ${id} stands twice`));
  for (const canvas of document.querySelectorAll('.panel canvas')) {
    if (!canvas.closest('[aria-hidden=true]') && !canvas.closest('[aria-label], [aria-labelledby]')) found.push('a picture without words');
  }
  return found;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # A name that is no loopback, so that a page over plain http is what it is elsewhere.
        arguments = ["--no-sandbox", f"--host-resolver-rules=MAP {ELSEWHERE} 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


class Viewer:
    """A simulated stack with cards, dashboards that have a user, and rules that are evaluated every two seconds."""

    def __init__(self, start: Start, folder: Path) -> None:
        web_config = folder / "dashboards-web.yml"
        web_config.write_text(f"basic_auth_users:\n  {USER}: {bcrypt()}\n")
        build_library()
        self.stack = Stack(
            start, folder, "--prometheus.scrape-interval", "1s", "--prometheus.rules-dir", quick_rules(folder),
            "--dashboards.web-config-file", web_config, *PAGE, cards=8)
        self.url = self.stack.url("dashboards")
        self.stack.wait_until_ready()
        # Something to see: guests, two samples for every rate, an alert that has reached Alertmanager.
        slow = ["vm:not_backed_up:max", "vm:last_backup:timestamp_seconds", "vm:disk_latency:avg5m", "storage:utilization:ratio", "zfs_pool:utilization:ratio",
                "replication:last_sync:timestamp_seconds", "node_disk:healthy:min", "vm_volume:disk_utilization:ratio", "gpu:owner_utilization:avg5m",
                "gpu:ecc_uncorrected:increase1h", "vgpu:framebuffer:ratio{vm_name!=''}", "container:cpu_usage:cores", "container:health:info"]
        wait_for(lambda: (self.stack.value("count(vm:cpu_utilization:avg5m)") or 0) > 90, 60, "recorded guests")
        # Instant queries are put at the last whole step, so it must have been there for one.
        wait_for(lambda: all(self.stack.value(f"count({name} offset 15s)") for name in slow), 75, "what the exporter asks for on timers")
        wait_for(lambda: fetch(f"{self.stack.url('alertmanager')}/api/v2/alerts").json, 60, "an alert in Alertmanager")


class Tab:
    """A page with what it complained of."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.context, self.url = context, url
        self.page: Page = context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("response", lambda answer: self.complaints.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)

    def _heard(self, message: ConsoleMessage) -> None:
        # The pixels are read by us, in LOOK; the page never does.
        if message.type in ("error", "warning") and "willReadFrequently" not in message.text:
            self.complaints.append(f"{message.type}: {message.text}")

    def open(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def panels(self) -> list[dict[str, Any]]:
        """Every panel of the open board, those of rows that were shut too, each looked at once it has drawn."""
        self.page.wait_for_selector(".panel")
        shut = self.page.locator(".row-head[aria-expanded=false]")
        while shut.count():
            shut.first.click()
        seen = []
        for panel in self.page.locator(".panel").all():
            panel.scroll_into_view_if_needed()
            panel.and_(self.page.locator("[data-drawn]")).wait_for(timeout=20_000)
            # Drawn in the frame after the data came, at the latest.
            self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            seen.append(panel.evaluate(LOOK))
        self.page.evaluate("scrollTo(0, 0)")
        return seen

    def screenshot(self, name: str) -> None:
        """Kept where SCREENSHOTS says, for human eyes."""
        if folder := os.environ.get("SCREENSHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(folder) / f"{name}.png")


@contextmanager
def tab(browser: Browser, viewer: Viewer | str, **options: Any) -> Iterator[Tab]:
    """A tab of a browser that knows nothing yet but the user's password; `viewer` or its URL."""
    context = browser.new_context(**{
        "viewport": {"width": 1440, "height": 900}, "locale": "en-GB", "timezone_id": "Europe/Berlin", "color_scheme": "light",
        "http_credentials": {"username": USER, "password": PASSWORD, "send": "always"},
    } | options)
    context.set_default_timeout(15_000)
    try:
        yield Tab(context, viewer if isinstance(viewer, str) else viewer.url)
    finally:
        context.close()

"""From a journal to pixels: martlet logs sends, the simulated Loki keeps, the dashboards show the lines in Debian's Chromium."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import journald
import pytest
from browsing import browser  # noqa: F401
from conftest import Start, fetch, free_port, wait_for
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.skipif(journald.reason_not_to() is not None, reason=str(journald.reason_not_to()))

BOARD = {
    "uid": "lines", "title": "Lines", "time": {"from": "now-5m", "to": "now"}, "refresh": "5s",
    "panels": [
        {"id": 1, "type": "logs", "title": "All of a node", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 10}, "datasource": {"type": "loki", "uid": "loki"},
         "targets": [{"refId": "A", "expr": '{job="journal", node="pve1"}', "datasource": {"type": "loki", "uid": "loki"}}], "options": {"showTime": True}},
        {"id": 2, "type": "logs", "title": "Errors", "gridPos": {"x": 0, "y": 10, "w": 24, "h": 6}, "datasource": {"type": "loki", "uid": "loki"},
         "targets": [{"refId": "A", "expr": '{node="pve1", level="error"} |= "out of memory"', "datasource": {"type": "loki", "uid": "loki"}}]},
    ],
}


@pytest.fixture
def journal(start: Start) -> Iterator[journald.Journal]:
    journal = journald.Journal(start)
    yield journal
    journal.close()


def test_lines_of_the_journal_are_on_the_board(start: Start, tmp_path: Path, journal: journald.Journal, browser: Browser) -> None:  # noqa: F811
    loki, logs, viewer = (f"http://127.0.0.1:{free_port()}" for _ in range(3))
    boards = tmp_path / "boards"
    boards.mkdir()
    (boards / "lines.json").write_text(json.dumps(BOARD))
    settings = {"logs": {
        "listen_address": logs.removeprefix("http://"), "loki": {"url": loki}, "labels": {"node": "pve1"}, "containers": False,
        "journal": {"namespace": journal.namespace}, "state_dir": str(tmp_path / "state"), "batch_wait": "100ms"}}
    (tmp_path / "martlet.yml").write_text(json.dumps(settings))
    start("simulate", "loki", "--listen", loki.removeprefix("http://")).wait_until(loki + "/ready")
    start("logs", "--config.file", tmp_path / "martlet.yml").wait_until(logs + "/health")
    for number in range(5):
        journal.write(f"request {number} served", PRIORITY="6", SYSLOG_IDENTIFIER="server")
    journal.write("<b>out of memory</b> on card 3", PRIORITY="3", SYSLOG_IDENTIFIER="server", TRACE_ID="4bf92f3577b34da6a3ce929d0e0e4736")
    wait_for(lambda: "out of memory" in fetch(loki + "/loki/api/v1/query_range?query=%7Bnode%3D%22pve1%22%7D").text, 20, "the lines at Loki")
    start(
        "dashboards", "--web.listen-address", viewer.removeprefix("http://"), "--dashboards.loki-url", loki, "--dashboards.boards-dir", boards,
        "--dashboards.alertmanager-url", "off").wait_until(viewer + "/health")
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{viewer}/d/lines")
    lines = page.locator(".draw-line:visible .text")
    # The time that is asked for ends at a whole step.
    expect(lines.filter(has_text="request 4 served")).to_have_count(1, timeout=60_000)
    # As text, not as a page's own; on both panels, newest first.
    expect(lines.filter(has_text="<b>out of memory</b> on card 3")).to_have_count(2)
    texts = lines.all_inner_texts()
    assert texts[0] == "<b>out of memory</b> on card 3" and texts.index("request 4 served") < texts.index("request 0 served")
    # A click shows labels, the structured metadata among them.
    lines.first.click()
    labels = page.locator(".draw-line dl:visible").first
    expect(labels).to_contain_text("trace_id")
    expect(labels).to_contain_text("4bf92f3577b34da6a3ce929d0e0e4736")
    expect(labels).to_contain_text(re.compile("level\\s*error"))
    if picture := os.environ.get("MARTLET_PICTURE"):
        page.screenshot(path=picture)
    page.close()

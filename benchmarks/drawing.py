"""What a refresh of a board costs in the browser: script time, and what a thousand refreshes leave behind."""

from __future__ import annotations

import functools
import http.server
import statistics
import threading
from typing import Any

from measuring import REPOSITORY, table

CHROMIUM = "/usr/bin/chromium"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments: Any) -> None:
        pass


def drawing(timed: int = 60, more: int = 1000) -> None:
    from playwright.sync_api import sync_playwright

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(REPOSITORY / "viewer")))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--enable-precise-memory-info", "--js-flags=--expose-gc"])
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        page.goto(f"http://127.0.0.1:{server.server_port}/tests/gallery.html?group=none")
        found = page.evaluate("async (counts) => (await import('/tests/refresh.js')).measure(...counts)", [timed, more])
        browser.close()
    server.shutdown()
    server.server_close()
    times = sorted(found["times"][10:])
    grown = found["after"]["heap"] - found["before"]["heap"]
    print("\nDrawing: 12 panels of 10 series of 720 points, a third of them stacked, each refreshed by its tail; script time, the aim is 8 ms")
    table(
        ["first drawing", "refresh, median", "fastest", "9 of 10 under", f"heap after {more:,} more", "elements made"],
        [[f"{found['first']:.0f} ms", f"{statistics.median(times):.1f} ms", f"{times[0]:.1f} ms", f"{times[len(times) * 9 // 10]:.1f} ms",
          f"{grown / 1024:+.0f} KiB", str(found["after"]["elements"] - found["before"]["elements"])]],
    )  # fmt: skip
    assert found["after"]["elements"] == found["before"]["elements"]
    assert grown < 2**20, grown

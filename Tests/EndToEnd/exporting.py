"""The exporter in front of a replayed API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conftest import REPOSITORY, Answer, Program, Start, fetch, free_port
from replay import TOKEN, Replay


QUIET = {"MARTLET_PROXMOX__SLOW__ENABLED": "false"}
"""Nothing is asked for on timers: for tests of what a scrape itself does."""


def environment(replay: Replay, *, slow: bool = False) -> dict[str, str]:
    """What lets an exporter in at the replayed API; asking for what is dear on timers, or not."""
    name, _, secret = TOKEN.partition("=")
    return {"PROXMOX_HOST": replay.url, "PROXMOX_TOKEN_NAME": name, "PROXMOX_TOKEN_VALUE": secret} | ({} if slow else QUIET)


def lint_exceptions(*sections: str) -> list[str]:
    """What docs/lint-exceptions.txt lets promtool say in these sections, sorted: `/metrics`, `/metrics, on timers`, `/pve`."""
    section = ""
    found = []
    for line in (REPOSITORY / "docs/lint-exceptions.txt").read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#") and section in sections:
            found.append(line)
    return sorted(found)


class Exporter:
    """A running `martlet exporter`."""

    def __init__(self, start: Start, env: Mapping[str, str], *flags: str) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.program: Program = start("exporter", "--web.listen-address", f"127.0.0.1:{port}", *flags, env=env)
        self.program.wait_until(self.url + "/health")

    def metrics(self, timeout_seconds: float | None = None, **parameters: Any) -> Answer:
        headers = {} if timeout_seconds is None else {"X-Prometheus-Scrape-Timeout-Seconds": str(timeout_seconds)}
        return fetch(self.url + "/metrics", headers=headers)

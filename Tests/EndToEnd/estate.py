"""A simulated cluster whose time stands still, and an exporter in front of it: what is shown changes only by what is made to happen.

Things happen by the timeline of the simulator's folder. A change may be dated back, so that nobody has to wait for what comes of it later.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conftest import Answer, Program, Start, fetch, free_port, in_time, wait_for
from exporting import Exporter
from oracle import API, Labels, Samples, difference, expected_samples
from slow_lane import EXPIRY, Seen, wait_until
from slow_types import SLOW_TYPES

TOKEN = {"PROXMOX_TOKEN_NAME": "monitor@pve!martlet", "PROXMOX_TOKEN_VALUE": "SECRET"}


class Estate:
    """The simulated cluster."""

    def __init__(self, start: Start, folder: Path, *flags: str, nodes: int = 4, guests: int = 24) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.timeline = folder / "scenario.json"
        self.now = int(time.time())
        self.nodes = [f"pve{number}" for number in range(1, nodes + 1)]
        self.happen()
        self.target = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.target}"
        self.program: Program = start(
            "simulate", "proxmox", "--listen", self.target, "--plain-http", "--latency", "0s", "--nodes", str(nodes), "--guests", str(guests),
            "--world", folder, "--time", str(self.now), *flags)
        self.program.wait_until(self.url + "/health")

    @property
    def environment(self) -> dict[str, str]:
        return {"PROXMOX_HOST": self.url, **TOKEN}

    def happen(self, scenario: str | None = None, *, node: str | None = None, seconds_ago: float = 20) -> None:
        """This began so long ago and goes on; or nothing ever happened."""
        self.tell([{"at": self.now - seconds_ago, "scenario": scenario} | ({"node": node} if node else {})] if scenario else [])

    def tell(self, changes: list[dict[str, Any]]) -> None:
        """The history from now on."""
        fresh = self.timeline.with_suffix(".new")
        fresh.write_text(json.dumps({"version": 1, "epoch": self.now - 86_400, "changes": changes}))
        os.replace(fresh, self.timeline)

    @contextmanager
    def during(self, scenario: str, *, node: str | None = None, seconds_ago: float = 20) -> Iterator[None]:
        self.happen(scenario, node=node, seconds_ago=seconds_ago)
        try:
            yield
        finally:
            self.happen()

    def ask(self, path: str, timeout: float = 10) -> Answer:
        return fetch(self.url + API + path, headers={"Authorization": "PVEAPIToken=" + "=".join(TOKEN.values())}, timeout=timeout)

    def answers(self, *, without: Collection[str] = ()) -> dict[str, Any]:
        """What a scrape is told that asks for everything, except of these nodes: asked for by ourselves, refusals left out."""
        paths = ["/version", "/cluster/status", "/cluster/resources", "/access/permissions"]
        for node in self.nodes:
            if node not in without:
                paths += [f"/nodes/{node}/{what}" for what in ("status", "qemu?full=1", "lxc")]
        found = {API + path: self.ask(path) for path in paths}
        return {path: answer.json["data"] for path, answer in found.items() if answer.status == 200}

    def forget_calls(self) -> None:
        fetch(self.url + "/api/v1/stats", "DELETE")

    def calls(self) -> dict[str, int]:
        """How often each path was asked for, with * for names."""
        found: dict[str, int] = fetch(self.url + "/api/v1/stats").json["by_path"]
        return found


class Watch:
    """An exporter in front of an estate, with what it showed when all was well."""

    # Nothing is asked for anew on a timer while something happens that lasts a moment: what changes then is what happened.
    RESTING = {f"MARTLET_PROXMOX__SLOW__PERIODS__{source}": "1h" for source in ("HA", "REPLICATION", "STORAGE", "SERVICES", "STATISTICS")}
    # Nor do logs take their time, which are read in turns with rests between them.
    RESTING["MARTLET_PROXMOX__SLOW__SKIP__0"] = "backups"

    def __init__(self, start: Start, estate: Estate, environment: Mapping[str, str] = RESTING) -> None:
        self.estate = estate
        self.exporter = Exporter(start, estate.environment | dict(environment))
        self.scrape()
        self.whole: Seen
        self.guests: dict[str, dict[str, str]] = {}

    def settle(self) -> None:
        """Waits until every source has told all it knows."""
        calls, since = -1, time.monotonic()

        def told() -> bool:
            nonlocal calls, since
            # Whom to ask about is what a scrape saw, which knows more each time.
            self.scrape()
            fast = ("/version", "/cluster/status", "/cluster/resources", "/nodes/*/status", "/nodes/*/qemu", "/nodes/*/lxc")
            if (count := sum(number for path, number in self.estate.calls().items() if path not in fast)) != calls:
                calls, since = count, time.monotonic()
            # The longest that an idle lane sleeps is half a second.
            return time.monotonic() - since > 1.5

        wait_for(told, 30, "nothing more is asked for")
        self.whole = self.scrape()
        self.problems = problems(self.whole)
        self.guests = {own["vmid"]: own for own in self.whole.series("pve_guest_info")}

    def scrape(self, timeout_seconds: float | None = None) -> Seen:
        """Within the time that it was given."""
        if timeout_seconds is None:
            return Seen(self.exporter.metrics().text)
        return Seen(in_time(timeout_seconds, lambda: self.exporter.metrics(timeout_seconds)).text)

    def expected(self, *, without: Collection[str] = ()) -> Samples:
        """What comes with each scrape, as the oracle has it from what the API says now; the nodes that are left out are not asked."""
        last_known = {vmid: (own["name"], own["tags"]) for vmid, own in self.guests.items()}
        found = expected_samples(self.estate.answers(without=without), "lab", last_known=last_known)

        def remembered(name: str, labels: Labels) -> Labels:
            # What was learnt of a guest before is still known, also what a row without a name does not tell.
            return frozenset(self.guests[dict(labels)["vmid"]].items()) if name == "pve_guest_info" else labels

        return {(name, remembered(name, labels)): value for (name, labels), value in found.items()}

    def difference_at_once(self, seen: Seen) -> list[str]:
        """In what a scrape is other than the whole, of what comes with each."""
        return difference(shown(self.whole), shown(seen))

    def heals(self, seconds: float = 10) -> None:
        """All is as it was before: at once what comes with each scrape, and soon the rest, to the last series."""
        first = self.scrape()
        assert self.difference_at_once(first) == [] and problems_at_once(first) == {}

        def wrong(seen: Seen) -> list[str]:
            return difference(shown(self.whole), shown(seen), slow=True) + ([] if problems(seen) == self.problems else [str(problems(seen))])

        wait_until(self.exporter, wrong, seconds)


def shown(seen: Seen) -> Samples:
    """What is said of the cluster, seconds that pass by themselves aside."""
    return {key: value for key, value in seen.samples.items() if key[0].startswith("pve_") and key[0] != EXPIRY}


def problems(seen: Seen) -> dict[str, set[str]]:
    """The reasons by part."""
    found: dict[str, set[str]] = {}
    for own in seen.series("martlet_scrape_part_problem_info"):
        found.setdefault(own["part"], set()).add(own["reason"])
    return found


def problems_at_once(seen: Seen) -> dict[str, set[str]]:
    """Those of what comes with each scrape: of the cluster and of its nodes."""
    return {part: reasons for part, reasons in problems(seen).items() if part.count("/") < 2}


def slow_part(samples: Samples) -> Samples:
    return {key: value for key, value in samples.items() if key[0] in SLOW_TYPES}


def not_about(samples: Samples, *nodes: str) -> Samples:
    """All but what is said of these nodes and of what is on them."""
    return {key: value for key, value in samples.items() if dict(key[1]).get("node") not in nodes}


def families_about(seen: Seen, node: str) -> set[str]:
    return {name for name, labels in shown(seen) if dict(labels).get("node") == node}


def by_node(seen: Seen, family: str) -> dict[str, float]:
    return {dict(labels)["node"]: value for (name, labels), value in seen.samples.items() if name == family}

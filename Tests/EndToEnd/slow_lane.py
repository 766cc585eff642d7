"""The exporter when its slow sources have been asked: what it shows then, held against the oracle."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from conftest import Start
from exporting import Exporter, environment
from oracle import TYPES, Samples, difference, expected_samples, parse_exposition
from replay import Replay
from slow_oracle import SLOW_TYPES, expected_slow_samples

# The slow lane begins with the first scrape and asks all sources as soon as it can.
PATIENCE_SECONDS = 20

# What the slow sources ask that nobody recorded: the replay answers 501, and what it would tell is absent.
NOT_RECORDED = re.compile(r"/agent/get-osinfo$|/tasks/[^/]+/log(\?.*)?$|/nodes/pve2/(time|disks/(zfs/|smart).*)$")

EXPIRY = "pve_certificate_expiry_seconds"


class Seen:
    """A scrape."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.samples, self.types = parse_exposition(text)

    def value(self, family: str, /, **labels: str) -> float | None:
        """The value of the only series of the family that has these labels among its own."""
        found = [number for (name, own), number in self.samples.items() if name == family and labels.items() <= dict(own).items()]
        assert len(found) < 2, f"{len(found)} series of {family} with {labels}"
        return found[0] if found else None

    def series(self, family: str, /, **labels: str) -> list[dict[str, str]]:
        """The labels of all series of the family that have these among their own."""
        return [dict(own) for name, own in self.samples if name == family and labels.items() <= dict(own).items()]


def expected(api: Replay) -> Samples:
    """What the native families say once all sources were asked, the seconds that certificates are still good for aside."""
    answers = api.answers
    both = expected_samples(answers) | expected_slow_samples(answers, now=time.time(), failures=api.failures)
    return {key: number for key, number in both.items() if key[0] != EXPIRY}


def wait_until(exporter: Exporter, wrong: Callable[[Seen], list[str]], seconds: float = PATIENCE_SECONDS) -> Seen:
    """Scrapes until nothing is wrong any more; what is wrong in the end is the failure."""
    deadline = time.monotonic() + seconds
    while True:
        seen = Seen(exporter.metrics().text)
        lines = wrong(seen)
        if not lines:
            return seen
        if time.monotonic() > deadline:
            pytest.fail(f"after {seconds} s there are {len(lines)} differences:\n" + "\n".join(lines[:60]))
        time.sleep(0.25)


def wait_for_all(exporter: Exporter, api: Replay) -> Seen:
    """Scrapes until everything is there and is what the oracle says."""
    samples = expected(api)

    def wrong(seen: Seen) -> list[str]:
        shown = {key: number for key, number in seen.samples.items() if key[0] != EXPIRY}
        return difference(samples, shown, slow=True)

    seen = wait_until(exporter, wrong)
    known = TYPES | SLOW_TYPES
    assert {name: kind for name, kind in seen.types.items() if name.startswith("pve_")} == {name: known[name] for name in seen.types if name.startswith("pve_")}
    return seen


def watch(start: Start, api: Replay) -> Seen:
    """What a new exporter shows of the API when everything is there."""
    return wait_for_all(Exporter(start, environment(api, slow=True)), api)

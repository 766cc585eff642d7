"""What the exporter shows of real and of hostile answers, held against the oracle."""

from __future__ import annotations

import copy
import gzip
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY, Start, fetch
from exporting import Exporter, environment, lint_exceptions
from oracle import TYPES, difference, expected_samples, parse_exposition
from replay import Replay
from slow_lane import NOT_RECORDED
from slow_types import SLOW_TYPES

API = "/api2/json"


def lines(text: str) -> list[str]:
    """The samples of the families that come with each scrape."""
    return [line for line in text.splitlines() if re.split("[{ ]", line, maxsplit=1)[0] in TYPES]


def test_recorded_cluster_equals_the_oracle(start: Start) -> None:
    with Replay.from_recordings() as api:
        exporter = Exporter(start, environment(api))
        for _ in range(3):
            answer = exporter.metrics()
            samples, types = parse_exposition(answer.text)
            expected = expected_samples(api.answers)
            assert len(expected) > 300
            assert difference(expected, samples) == []
            known = TYPES | SLOW_TYPES
            assert {name: kind for name, kind in types.items() if name.startswith("pve_")} == {
                name: known[name] for name in types if name.startswith("pve_")
            }
        assert [request for request in api.unexpected if not NOT_RECORDED.search(request)] == []
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_calls_are_three_and_three_for_each_online_node(start: Start) -> None:
    with Replay.from_recordings() as api:
        exporter = Exporter(start, environment(api))
        exporter.metrics()
        nodes = [f"/nodes/{node}/{what}" for node in ("pve1", "pve2") for what in ("status", "qemu?full=1", "lxc")]
        before = api.counted()
        exporter.metrics()
        assert {path for path, count in api.counted().items() if count > before[path] > 0} == {API + path for path in ("/version", "/cluster/status", "/cluster/resources", *nodes)}


def test_lines_keep_their_order_and_bytes(start: Start) -> None:
    with Replay.from_recordings() as api:
        exporter = Exporter(start, environment(api))
        first, second = (lines(exporter.metrics().text) for _ in range(2))
        assert first == second


def test_gzip_holds_the_same_text(start: Start) -> None:
    with Replay.from_recordings() as api:
        exporter = Exporter(start, environment(api))
        packed = fetch(exporter.url + "/metrics", headers={"Accept-Encoding": "gzip"})
        assert packed.headers["Content-Encoding"] == "gzip"
        plain = exporter.metrics().text
        assert lines(gzip.decompress(packed.body).decode()) == lines(plain)


def test_promtool_complains_of_what_is_written_down_and_nothing_else(start: Start) -> None:
    with Replay.from_recordings() as api:
        text = Exporter(start, environment(api)).metrics().text
    complaints = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True).stderr.splitlines()
    assert sorted(complaints) == lint_exceptions("/metrics")


HOSTILE_NAMES = {
    "quotes": 'a"b\\c',
    "newline": "first\nsecond",
    "injection": 'x"} 1\npve_node_up{node="fake"} 1\n',
    "emoji": "🦅 hoch hinaus",
    "trailing backslash": "ends with \\",
    "control": "bell\u0007 and nul \u0000",
    "long": "n" * 5000,
}


@pytest.mark.parametrize("name", HOSTILE_NAMES.values(), ids=HOSTILE_NAMES.keys())
def test_hostile_guest_names_stay_names(start: Start, name: str) -> None:
    with Replay.from_recordings() as recorded:
        answers: dict[str, Any] = copy.deepcopy(recorded.answers)
    for path, rows in answers.items():
        if isinstance(rows, list):
            for row in rows:
                if row.get("vmid") == 100:
                    row["name"] = name
    with Replay.from_rows(answers) as api:
        samples, _ = parse_exposition(Exporter(start, environment(api)).metrics().text)
        assert difference(expected_samples(answers), samples) == []
        assert any(dict(labels).get("name") == name for _, labels in samples)


@pytest.mark.parametrize("raw", [b"bad \xff\xfe bytes", b"half \xe2\x82", b"lone \\ud800 surrogate"], ids=["bytes", "truncated", "surrogate"])
def test_names_that_are_no_unicode_are_repaired(start: Start, raw: bytes) -> None:
    with Replay.from_recordings() as api:
        for path in (f"{API}/cluster/resources", f"{API}/nodes/pve1/qemu?full=1"):
            from replay import Fault

            body = json.dumps({"data": api.answers[path]}).encode().replace(b"web-100", raw)
            api.faults[path] = Fault(body=body)
        answer = Exporter(start, environment(api)).metrics()
    samples, _ = parse_exposition(answer.text)
    names = {dict(labels).get("name", "") for name, labels in samples if name == "pve_vm_status"}
    assert any("\ufffd" in name for name in names)
    assert len([1 for name, _ in samples if name == "pve_vm_status"]) == 4


def test_reference_page_names_every_family_and_its_type(start: Start, tmp_path: Path) -> None:
    with Replay.from_recordings() as api:
        _, types = parse_exposition(Exporter(start, environment(api)).metrics().text)
    page = (REPOSITORY / "docs/metrics.md").read_text()
    for name, kind in types.items():
        row = next((line for line in page.splitlines() if line.startswith(f"| `{name}` |")), None)
        assert row, f"{name} is not in docs/metrics.md"
        assert f"| {kind} |" in row.replace("| info |", "| gauge |"), row

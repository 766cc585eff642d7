"""The reader's table of texts, held against programs that are not ours: what it reads and refuses, they read and refuse.

The unit tests hold the reader against `Tests/MetricsTests/Reading/Fixtures/expositions.tsv`; here the same lines go to the parsers of
prometheus_client, to promtool and, over HTTP, to a Prometheus. Strict stands beside the first two, tolerant beside Prometheus, which
scrapes whole texts: what is left out or repaired is what it refuses. Every difference stands here with its reason.
"""

from __future__ import annotations

import json
import math
import re
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY, Start, fetch, free_port, wait_for
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

TABLE = REPOSITORY / "Tests/MetricsTests/Reading/Fixtures/expositions.tsv"

Sample = tuple[str, tuple[tuple[str, str], ...], str, float | None, Any]


@dataclass(frozen=True)
class Case:
    title: str
    format: str
    body: bytes
    strict: str
    tolerant: str
    samples: tuple[Sample, ...]

    @property
    def is_strictly_read(self) -> bool:
        return self.strict == "ok"

    @property
    def is_wholly_read(self) -> bool:
        return self.tolerant == "0 0"

    @property
    def content_type(self) -> str:
        return "text/plain; version=0.0.4" if self.format == "text" else "application/openmetrics-text; version=1.0.0; charset=utf-8"


def number(value: float | None) -> str:
    """One spelling for equal numbers, those that are none included; a native histogram has no number."""
    return "none" if value is None else "nan" if math.isnan(value) else repr(float(value))


def sample(name: str, labels: Any, value: float | None, timestamp: float | None = None, exemplar: Any = None) -> Sample:
    return (name, tuple(sorted(labels)), number(value), None if timestamp is None else float(timestamp), exemplar)


def from_table(text: str) -> tuple[Sample, ...]:
    """The last field of a line."""
    return tuple(
        sample(
            name, map(tuple, labels), float(value), timestamp,
            exemplar and sample("", map(tuple, exemplar[0]), float(exemplar[1]), exemplar[2]),
        )
        for name, labels, value, timestamp, exemplar in json.loads(text)
    )  # fmt: skip


def unescaped(text: str) -> bytes:
    def byte(match: re.Match[bytes]) -> bytes:
        word = match[1]
        return bytes([int(word[1:], 16)]) if word.startswith(b"x") else {b"n": b"\n", b"t": b"\t", b"r": b"\r"}.get(word, word)

    return re.sub(rb"\\(x[0-9a-f]{2}|.)", byte, text.encode())


def cases() -> Iterator[Case]:
    for line in TABLE.read_text().split("\n"):
        if line and not line.startswith("#"):
            title, format, text, strict, tolerant, samples = line.split("\t")
            yield Case(title, format, unescaped(text), strict, tolerant, from_table(samples))


CASES = list(cases())
TEXT = [case for case in CASES if case.format == "text"]


def differences(cases: list[Case], found: dict[str, tuple[Sample, ...] | None], is_read: dict[str, bool]) -> dict[str, str]:
    """For each text on which another program and the table do not agree, what is different. None is a refusal."""
    result = {}
    for case in cases:
        other = found[case.title]
        if (other is not None) != is_read[case.title]:
            result[case.title] = "refused" if other is None else "read"
        elif other is not None and sorted(other, key=repr) != sorted(case.samples, key=repr):
            result[case.title] = "other samples"
    return result


def test_the_table_is_there() -> None:
    assert len(CASES) > 200
    assert {case.format for case in CASES} == {"text", "openmetrics"}


# MARK: the differences

# What the other program does where the table has the opposite, why, and with which texts.
Differences = list[tuple[str, str, list[str]]]

QUOTED_NAMES = [
    "a quoted metric name", "a quoted metric name and a label", "a quoted metric name behind a label", "a quoted label name",
    "escapes in a quoted name", "HELP and TYPE of a quoted name",
]  # fmt: skip

CLIENT: Differences = [
    ("read", "it does not ask for the last line feed", ["the last line has no end"]),
    ("read", "it strips every white space of Python's, carriage returns among them", [
        "a form feed", "a carriage return behind the value", "a carriage return behind the timestamp",
        "a carriage return behind TYPE", "a carriage return alone on a line",
    ]),
    ("read", "it skips a comma without a label, and a label without a value", [
        "only a comma", "a leading comma", "a label with an equals sign only",
    ]),
    ("read", "it takes label names for metric names", ["a colon in a label name"]),
    ("read", "it lets a backslash before another letter stand for itself, as Prometheus does", [
        "an unknown escape", "a Windows path that nobody escaped", "HELP with an unknown escape",
    ]),
    ("read", "it takes a quoted name wherever a name stands", ["a quoted name before the braces"]),
    ("other samples", "it has whole numbers for whole numbers, of which -0 is 0", ["whole numbers"]),
    ("read", "its numbers are Python's, Go's are others", [
        "a sign before NaN", "a number past all", "an exponent past all", "a digit of another script",
    ]),
    ("read", "its timestamps are numbers of any sort, and the last word of the line", [
        "a timestamp that is a fraction", "a timestamp with an exponent", "a timestamp past the last",
        "something behind the timestamp", "an exemplar in the text format",
    ]),
    ("read", "it takes any word for a type", ["a type of OpenMetrics", "unknown in the text format"]),
    ("read", "the later HELP or TYPE counts, wherever it stands", [
        "TYPE twice", "TYPE behind a sample", "HELP twice", "HELP behind a sample",
    ]),
    ("read", "it takes the line for a comment", ["HELP without a name"]),
    ("read", "its text parser does not look at histograms and summaries", [
        "a bucket without its bound", "a bucket with a bound that is no number", "a histogram's own name",
        "a summary without its quantile", "a summary with a quantile that is no number",
    ]),
    ("read", "it is free with spaces that OpenMetrics does not have", [
        "OM: blanks within braces", "OM: a blank before the brace", "OM: two spaces in TYPE",
    ]),
    ("refused", "it holds the lines of a family against each other; the reader keeps no line but the present one", [
        "OM: buckets out of order",
    ]),
    ("read", "native histograms are beyond OpenMetrics 1.0", ["OM: a native histogram"]),
]  # fmt: skip

PROMTOOL: Differences = [
    ("refused", "Debian's promtool is older than quoted names", QUOTED_NAMES),
    ("refused", "it does not ignore blanks at the end, which the format's page says are ignored", [
        "a blank behind the value", "a blank behind the timestamp", "a blank behind TYPE",
    ]),
    ("read", "it ends the name where its letters end, with or without a blank", ["nothing between name and sign"]),
    ("read", "it takes a type in any case", ["a type in capitals"]),
    ("read", "it passes over HELP and TYPE that are cut short", [
        "TYPE without a type", "TYPE without a name", "HELP without a name",
    ]),
    ("refused", "#TYPE is TYPE for it; Prometheus and prometheus_client have it for a comment", ["TYPE without a space"]),
    ("read", "it lets HELP stand anywhere and have any bytes", ["HELP behind a sample", "HELP that is no UTF-8"]),
    ("read", "it leaves out such samples of a histogram or summary without a word", [
        "a bucket without its bound", "a histogram's own name", "a summary without its quantile",
    ]),
]  # fmt: skip

PROMETHEUS: Differences = [
    ("refused", "Debian's Prometheus is older than quoted names", [*QUOTED_NAMES, "OM: a quoted metric name"]),
    ("read", "the text ends for it with a NUL at the start of a line; the rest is lost without a word", [
        "bytes that are no text", "NUL at the start of a line",
    ]),
    ("read", "it ends the name where its letters end, with or without a blank", ["nothing between name and sign"]),
    ("refused", "it takes blanks before a name for a part of the name", ["blanks before a name"]),
    ("read", "it does not ask for the comma", ["no comma between labels"]),
    ("read", "a label value may hold a line feed for it; for the reader a line is a line", ["a line feed within a label value"]),
    ("refused", "its timestamps have no sign, which ParseInt of the format's page takes", [
        "a timestamp before 1970", "a timestamp with a plus",
    ]),
    ("refused", "it gives up the whole text for a type or unit; the tolerant reader loses no sample for it", [
        "a type of OpenMetrics", "unknown in the text format", "OM: untyped", "OM: a unit that the name does not end with",
        "OM: a unit that is a part of the last word",
    ]),
    ("refused", "the type is all that stands behind one blank for it; the format's page has any number of blanks", [
        "a blank behind TYPE", "blanks within TYPE",
    ]),
    ("read", "it takes the line for a comment", ["TYPE without a name", "HELP without a name"]),
    ("refused", "newer ones take a comma behind the last label", ["OM: a trailing comma"]),
    ("refused", "newer ones take exemplars of every type", ["OM: an exemplar on a gauge"]),
    ("read", "it does not look for a label that an exemplar has twice", ["OM: the same label twice in an exemplar"]),
]  # fmt: skip


def titles(differences: Differences) -> dict[str, str]:
    return {title: what for what, _, titles in differences for title in titles}


# MARK: prometheus_client


def read_by_client(case: Case) -> tuple[Sample, ...] | None:
    try:
        families = list((parse_text if case.format == "text" else parse_openmetrics)(case.body.decode()))
    except (ValueError, KeyError, IndexError):
        return None
    return tuple(
        sample(
            one.name, (one.labels or {}).items(), one.value, one.timestamp,
            one.exemplar and sample("", one.exemplar.labels.items(), one.exemplar.value, one.exemplar.timestamp),
        )
        for family in families
        for one in family.samples
    )  # fmt: skip


def test_prometheus_client_agrees() -> None:
    found = {case.title: read_by_client(case) for case in CASES}
    assert differences(CASES, found, {case.title: case.is_strictly_read for case in CASES}) == titles(CLIENT)


# MARK: promtool


def test_promtool_agrees(tmp_path: Path) -> None:
    found: dict[str, tuple[Sample, ...] | None] = {}
    for case in TEXT:
        done = subprocess.run(["promtool", "check", "metrics"], input=case.body, capture_output=True, timeout=30)
        # 3 is for texts that it reads and finds fault with.
        assert done.returncode in (0, 1, 3), done
        found[case.title] = None if done.returncode == 1 else case.samples
    assert differences(TEXT, found, {case.title: case.is_strictly_read for case in TEXT}) == titles(PROMTOOL)


# MARK: Prometheus


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        case = CASES[int(self.path.removeprefix("/"))]
        self.send_response(200)
        self.send_header("Content-Type", case.content_type)
        self.send_header("Content-Length", str(len(case.body)))
        self.end_headers()
        self.wfile.write(case.body)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    """Serves the text with a number at the path of that number."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_prometheus_agrees(start: Start, tmp_path: Path, address: str) -> None:
    targets = [{"targets": [address], "labels": {"__metrics_path__": f"/{index}", "case": str(index)}} for index in range(len(CASES))]
    job = {"job_name": "table", "scrape_interval": "2s", "scrape_timeout": "2s", "honor_timestamps": False, "static_configs": targets}
    (tmp_path / "prometheus.yml").write_text(json.dumps({"scrape_configs": [job]}))
    url = f"http://127.0.0.1:{(port := free_port())}"
    prometheus = start(
        "/usr/bin/prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
        f"--web.listen-address=127.0.0.1:{port}", "--enable-feature=exemplar-storage",
    )  # fmt: skip
    prometheus.wait_until(url + "/-/ready", seconds=60)

    def scraped() -> dict[int, str] | None:
        active = fetch(url + "/api/v1/targets?state=active").json["data"]["activeTargets"]
        if len(active) < len(CASES) or any(target["health"] == "unknown" for target in active):
            return None
        return {int(target["labels"]["case"]): target["lastError"] for target in active}

    errors = wait_for(scraped, 60, "every text scraped")
    series = fetch(url + '/api/v1/query?query=%7Bcase!=""%7D').json["data"]["result"]
    found: dict[str, tuple[Sample, ...] | None] = {
        case.title: None if errors[index] else tuple(
            sample(one["metric"]["__name__"], labels_of(one["metric"]), float(one["value"][1]))
            for one in series
            if one["metric"]["case"] == str(index) and not one["metric"]["__name__"].startswith(("up", "scrape_"))
        )
        for index, case in enumerate(CASES)
    }  # fmt: skip
    as_stored = [replace(case, samples=stored(case.samples)) for case in CASES]
    assert differences(as_stored, found, {case.title: case.is_wholly_read for case in CASES}) == titles(PROMETHEUS)


def stored(samples: tuple[Sample, ...]) -> tuple[Sample, ...]:
    """As Prometheus keeps them here: without timestamps and exemplars, the first of a series that comes twice, no empty label."""
    first: dict[tuple[str, Any], Sample] = {}
    for name, labels, value, _, _ in samples:
        kept = tuple(pair for pair in labels if pair[1])
        first.setdefault((name, kept), (name, kept, value, None, None))
    return tuple(first.values())


def labels_of(metric: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in metric.items() if name not in ("__name__", "case", "job", "instance")]

"""`martlet simulate loki`: takes lines as Loki does, from senders that we did not write too, and gives them to who asks."""

from __future__ import annotations

import gzip
import json
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from conftest import Answer, Start, fetch, free_port, wait_for


class Loki:
    def __init__(self, start: Start, *flags: str) -> None:
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        self.program = start("simulate", "loki", "--listen", self.address, *flags)
        self.program.wait_until(self.url + "/ready")

    def push(self, *streams: tuple[dict[str, str], list[list[Any]]], packed: bool = False, **headers: str) -> Answer:
        body = json.dumps({"streams": [{"stream": labels, "values": values} for labels, values in streams]}).encode()
        sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
        if packed:
            body, sent = gzip.compress(body), sent | {"Content-Encoding": "gzip"}
        return fetch(self.url + "/loki/api/v1/push", method="POST", body=body, headers=sent)

    def ask(self, path: str, **fields: Any) -> Answer:
        return fetch(f"{self.url}/loki/api/v1/{path}?{urlencode(fields, doseq=True)}")

    def lines(self, query: str, **fields: Any) -> list[str]:
        answer = self.ask("query_range", query=query, **{"limit": 5000, "direction": "forward", **fields})
        assert answer.status == 200, answer.text
        assert answer.json["data"]["resultType"] == "streams"
        values = sorted((int(value[0]), order, value[1]) for order, stream in enumerate(answer.json["data"]["result"]) for value in stream["values"])
        return [text for _, _, text in values]

    def set(self, scenario: str, pushes: int | None = None) -> None:
        body = json.dumps({"scenario": scenario} | ({"pushes": pushes} if pushes else {})).encode()
        assert fetch(self.url + "/api/v1/scenario", method="PUT", body=body).status == 200


@pytest.fixture
def loki(start: Start) -> Iterator[Loki]:
    yield Loki(start)


def ns(seconds: float = 0) -> str:
    return str(int((time.time() + seconds) * 1e9))


def test_what_is_pushed_is_found(loki: Loki) -> None:
    start = time.time()
    one, two = {"job": "shop", "level": "info"}, {"job": "shop", "level": "error", "node": "pve1"}
    assert loki.push((one, [[ns(-3), "first order"], [ns(-1), "third \"order\" ä"]]), packed=True).status == 204
    assert loki.push((two, [[ns(-2), "second order", {"trace_id": "abc"}]])).status == 204
    assert loki.lines('{job="shop"}') == ["first order", "second order", 'third "order" ä']
    assert loki.lines('{job="shop", level="error"}') == ["second order"]
    assert loki.lines('{job=~"sh.*", level!="error"} |= "order" != "first"') == ['third "order" ä']
    assert loki.lines('{job="shop"} |~ `^(first|second) ` ') == ["first order", "second order"]
    assert loki.lines('{job="shop"} |= "first" or "third"') == ["first order", 'third "order" ä']
    assert loki.lines('{job="shop"} !~ "second"', limit=1) == ["first order"]
    assert loki.lines('{job="shop"}', limit=1, direction="backward") == ['third "order" ä']
    assert loki.lines('{job="shop"}', start=ns(-2.5), end=ns(-1.5)) == ["second order"]
    assert loki.lines('{job="shop"}', start=int(start) - 10, end=int(start) + 10) == loki.lines('{job="shop"}')
    assert loki.lines('{job="nobody"}') == []
    # Structured metadata is shown among the labels.
    [stream] = loki.ask("query_range", query='{level="error"}').json["data"]["result"]
    assert stream["stream"] == {**two, "trace_id": "abc"}
    assert loki.ask("labels").json == {"status": "success", "data": ["job", "level", "node"]}
    assert loki.ask("label/level/values").json["data"] == ["error", "info"]
    assert loki.ask("label/level/values", query='{node="pve1"}').json["data"] == ["error"]
    assert loki.ask("labels", start=ns(-3600), end=ns(-1800)).json["data"] == []
    series = loki.ask("series", **{"match[]": ['{job="shop"}']}).json["data"]
    assert sorted(series, key=len) == [one, two]
    assert loki.ask("index/stats", query='{job="shop"}').json["entries"] == 3
    # What Grafana asks to see whether there is a Loki.
    assert loki.ask("query", query="vector(1)+vector(1)").json["data"]["result"][0]["value"][1] == "2"
    assert fetch(loki.url + "/loki/api/v1/status/buildinfo").json["version"]
    # By a form too.
    form = fetch(
        loki.url + "/loki/api/v1/query_range", method="POST", body=urlencode({"query": '{job="shop"}'}).encode(),
        headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert len(form.json["data"]["result"]) == 2


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "the parameter query is missing"),
        ("{", "expected the name of a label"),
        ('{job="shop"', "expected ,"),
        ("{job=shop}", "expected a text in quotes"),
        ("{}", "at least one regexp or equality matcher"),
        ('{job=~".*"}', "at least one regexp or equality matcher"),
        ('{job!="x"}', "at least one regexp or equality matcher"),
        ('{job="shop"} | json', "stages such as | json are not simulated"),
        ('rate({job="shop"}[5m])', "queries of numbers, such as rate(…), are not simulated"),
        ('{job=~"("}', "job"),
    ],
)
def test_what_cannot_be_asked_is_said(loki: Loki, query: str, said: str) -> None:
    answer = loki.ask("query_range", query=query)
    assert answer.status == 400
    assert said in answer.text or query == '{job=~"("}'


def test_it_refuses_what_loki_refuses(loki: Loki) -> None:
    good, now = {"job": "shop"}, ns()
    cases: list[tuple[dict[str, str], list[Any], int, str]] = [
        (good, [ns(-8 * 86_400), "old"], 400, "timestamp too old"),
        (good, [ns(1200), "new"], 400, "timestamp too new"),
        (good, [now, "x" * 262_145], 400, "max entry size '262144' bytes exceeded"),
        ({}, [now, "x"], 400, "at least one label pair is required"),
        ({f"l{number}": "x" for number in range(16)}, [now, "x"], 400, "has 16 label names; limit 15"),
        ({"job": "x" * 2049}, [now, "x"], 400, "label value too long"),
        ({"a-b": "x"}, [now, "x"], 400, "error parsing labels"),
        ({"job": "behind"}, [ns(-7200), "behind"], 204, ""),
    ]
    for labels, value, status, said in cases:
        answer = loki.push((labels, [value]))
        assert (answer.status, said in answer.text) == (status, True), (labels, answer.text)
    # Out of order within an hour of the newest is fine, further behind is not; and what is good of the same push is stored.
    late = loki.push(({"job": "behind"}, [[now, "now"], [ns(-1800), "half an hour ago"], [ns(-5400), "too far"]]), (good, [[now, "beside"]]))
    assert late.status == 400 and "entry too far behind" in late.text and "total ignored: 1 out of 3" in late.text
    assert loki.lines('{job="behind"}', start=ns(-86_400)) == ["behind", "half an hour ago", "now"]
    assert loki.lines('{job="shop"}') == ["beside"]
    # The same line at the same time is one line.
    assert loki.push((good, [[now, "beside"], [now, "beside"], [now, "another"]])).status == 204
    assert sorted(loki.lines('{job="shop"}')) == ["another", "beside"]
    for body, headers, status, said in (
        (b"{", {"Content-Type": "application/json"}, 400, "not JSON"),
        (b'{"streams":[{"stream":{"a":"b"},"values":[[1,"x"]]}]}', {"Content-Type": "application/json"}, 400, "nanoseconds"),
        (b"\x00", {"Content-Type": "application/x-protobuf"}, 415, "Protocol Buffers are not simulated; push JSON"),
        (b"{}", {"Content-Type": "text/csv"}, 415, "text/csv is not simulated"),
        (b"no gzip", {"Content-Type": "application/json", "Content-Encoding": "gzip"}, 400, "the body is no gzip"),
        (gzip.compress(b"{}")[:-6], {"Content-Type": "application/json", "Content-Encoding": "gzip"}, 400, "breaks off"),
        (gzip.compress(bytes(200 << 20)), {"Content-Type": "application/json", "Content-Encoding": "gzip"}, 413, "unpacks to more than"),
    ):
        answer = fetch(loki.url + "/loki/api/v1/push", method="POST", body=body, headers=headers)
        assert (answer.status, said in answer.text) == (status, True), answer.text


def test_it_takes_no_more_than_its_rate(start: Start) -> None:
    loki = Loki(start, "--rate-mib", "1")
    statuses = [loki.push(({"job": "shop"}, [[ns(), f"{number} {part} " + "x" * 100_000] for part in range(5)])).status for number in range(8)]
    assert statuses[:3] == [204, 204, 204] and 429 in statuses
    time.sleep(1.2)
    assert loki.push(({"job": "shop"}, [[ns(), "later"]])).status == 204


def test_memory_is_bounded(start: Start) -> None:
    loki = Loki(start, "--memory-mib", "8", "--rate-mib", "1000")

    def memory() -> int:
        return next(int(line.split()[1]) for line in Path(f"/proc/{loki.program.process.pid}/status").read_text().splitlines() if line.startswith("VmRSS"))

    for number in range(60):
        values = [[ns(), f"{number} {part} " + "x" * 1000] for part in range(1000)]
        assert loki.push(({"job": "shop", "part": str(number % 3)}, values), packed=True).status == 204
    assert memory() < 120_000
    # The newest are there, the oldest are not.
    assert loki.lines('{job="shop"} |= "59 999 "') != [] and loki.lines('{job="shop"} |= "0 0 "', limit=1)[:1] != ["0 0 " + "x" * 1000]
    metrics = dict(line.rsplit(" ", 1) for line in fetch(loki.url + "/metrics").text.splitlines() if not line.startswith("#"))
    assert float(metrics["simulated_loki_bytes"]) <= 8 << 20
    assert float(metrics["simulated_loki_forgotten_lines_total"]) > 40_000


def test_what_goes_wrong_is_set(loki: Loki) -> None:
    for status in ("429", "500", "400", "401", "413", "260"):
        loki.set(status, pushes=1)
        answer = loki.push(({"job": "shop"}, [[ns(), f"with {status}"]]))
        assert answer.status == int(status)
        assert answer.headers.get("Retry-After") == ("2" if status == "429" else None)
    loki.set("timeout")
    with pytest.raises(OSError):
        fetch(
            loki.url + "/loki/api/v1/push", method="POST", headers={"Content-Type": "application/json"}, timeout=1,
            body=json.dumps({"streams": [{"stream": {"job": "shop"}, "values": [[ns(), "never answered"]]}]}).encode())
    loki.set("normal")
    # The answer was lost, the line was not.
    assert loki.lines('{job="shop"}') == ["never answered"]
    assert fetch(loki.url + "/api/v1/scenario", method="PUT", body=b"earthquake").status == 400
    assert fetch(loki.url + "/api/v1/scenario", method="PUT", body=b"500", headers={"Origin": "http://evil.example"}).status == 403


def test_python_logging_loki_is_understood(loki: Loki) -> None:
    logging_loki = pytest.importorskip("logging_loki", reason="python-logging-loki is not installed; scripts/bootstrap test installs it")
    handler = logging_loki.LokiHandler(url=loki.url + "/loki/api/v1/push", tags={"application": "trial"}, version="1")
    logger = logging.getLogger("trial")
    logger.propagate = False
    logger.addHandler(handler)
    for number in range(20):
        logger.error("line %d of a peer", number, extra={"tags": {"service": "shop"}})
    logger.removeHandler(handler)
    wait_for(lambda: len(loki.lines('{application="trial", service="shop"} |= "of a peer"')) == 20, 10, "its lines")
    assert loki.ask("label/severity/values").json["data"] == ["error"]


SYSLOG_NG = """@version: 3.38
source lines {{ file("{file}" follow-freq(0.1) read-old-records(yes) flags(no-parse)); }};
destination loki {{
  http(url("{loki}/loki/api/v1/push") method("POST") headers("Content-Type: application/json")
    body-prefix("{{\\"streams\\":[") delimiter(",") body-suffix("]}}")
    body('{{"stream":{{"job":"syslog-ng"}},"values":[["${{R_UNIXTIME}}${{R_USEC}}000","${{MESSAGE}}"]]}}')
    batch-lines(100) batch-timeout(200) time-reopen(1));
}};
log {{ source(lines); destination(loki); }};
"""


@pytest.mark.e2e
@pytest.mark.skipif(not Path("/usr/sbin/syslog-ng").exists(), reason="syslog-ng is not installed; scripts/bootstrap e2e installs it")
def test_syslog_ng_is_understood(start: Start, tmp_path: Path, loki: Loki) -> None:
    lines, configuration = tmp_path / "lines.txt", tmp_path / "syslog-ng.conf"
    lines.write_text("")
    configuration.write_text(SYSLOG_NG.format(file=lines, loki=loki.url))
    loki.set("500", pushes=2)
    program = start(
        "/usr/sbin/syslog-ng", "--foreground", "--no-caps", "--stderr", "--cfgfile", configuration, "--persist-file", tmp_path / "persist",
        "--pidfile", tmp_path / "pid", "--control", tmp_path / "control")
    with lines.open("a") as file:
        for number in range(1000):
            file.write(f"line {number} of a peer\n")
    # After a failure it waits for time-reopen.
    wait_for(lambda: len(loki.lines('{job="syslog-ng"}')) >= 1000, 90, f"its lines; {program.output}")
    assert set(loki.lines('{job="syslog-ng"} |= "of a peer"')) == {f"line {number} of a peer" for number in range(1000)}


def test_what_martlet_logs_sends_is_shown_by_the_dashboards(start: Start, tmp_path: Path, loki: Loki) -> None:
    """From the proxy that the viewer's panel of logs asks."""
    assert loki.push(({"job": "journal", "node": "pve1", "unit": "ssh.service", "level": "error"}, [[ns(-1), "Connection refused"]])).status == 204
    url = f"http://127.0.0.1:{free_port()}"
    program = start("dashboards", "--web.listen-address", url.removeprefix("http://"), "--dashboards.loki-url", loki.url, "--dashboards.alertmanager-url", "off")
    program.wait_until(url + "/health")
    now = int(time.time())
    fields = urlencode({"query": '{job="journal"} |= "refused"', "start": f"{now - 60}000000000", "end": f"{now + 60}000000000", "limit": 500, "direction": "backward"})
    answer = fetch(f"{url}/api/loki/loki/api/v1/query_range?{fields}")
    assert answer.status == 200 and answer.json["data"]["result"][0]["values"][0][1] == "Connection refused"
    broken = fetch(f"{url}/api/loki/loki/api/v1/query_range?{urlencode({'query': '{job=', 'start': 1, 'end': 2})}")
    assert "expected a text in quotes" in broken.text

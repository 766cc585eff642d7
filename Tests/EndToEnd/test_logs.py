"""`martlet logs`: the journal of a real journald arrives at Loki, each line at least once, whatever Loki answers and whoever is killed."""

from __future__ import annotations

import collections
import json
import os
import random
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import journald
from conftest import Program, Start, fetch, free_port, run, wait_for
from loki_stand_in import Line, LokiStandIn, Verdict

pytestmark = pytest.mark.skipif(journald.reason_not_to() is not None, reason=str(journald.reason_not_to()))


@pytest.fixture
def loki() -> Iterator[LokiStandIn]:
    loki = LokiStandIn()
    yield loki
    loki.close()


@pytest.fixture
def journal(start: Start) -> Iterator[journald.Journal]:
    journal = journald.Journal(start)
    yield journal
    journal.close()


class Shipper:
    """A martlet logs that reads one journal and no containers, started as often as a test wants."""

    def __init__(self, start: Start, folder: Path, loki: str, namespace: str, **settings: Any) -> None:
        self.start, self.folder = start, folder
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        self.file = folder / "martlet.yml"
        self.state = folder / "state"
        self.logs: dict[str, Any] = {
            "listen_address": self.address, "loki": {"url": loki}, "labels": {"cluster": "lab", "node": "pve1"},
            "journal": {"namespace": namespace}, "containers": False, "state_dir": str(self.state), "batch_wait": "100ms", **settings,
        }
        self.write()
        self.program: Program | None = None

    def write(self) -> None:
        self.file.write_text(json.dumps({"logs": self.logs}))

    def begin(self, ready: bool = False) -> Program:
        self.program = self.start("logs", "--config.file", self.file)
        self.program.wait_until(self.url + ("/ready" if ready else "/health"))
        return self.program

    def metrics(self) -> dict[str, float]:
        lines = [line.rsplit(" ", 1) for line in fetch(self.url + "/metrics").text.splitlines() if line.startswith("martlet_logs_")]
        return {name: float(value) for name, value in lines}

    @property
    def cursor(self) -> str | None:
        place = json.loads((self.state / "places.json").read_text()).get("journal")
        return str(place["cursor"]) if place else None


def numbered(texts: list[str]) -> list[int]:
    return [int(text.split()[1]) for text in texts if text.startswith("line ")]


def assert_at_least_once(texts: list[str], count: int, repeated: int = 0) -> None:
    """Each number is there, in order but for what was sent again, and no more than that many are there twice."""
    found = numbered(texts)
    missing = set(range(count)) - set(found)
    assert not missing, f"{len(missing)} of {count} lines are missing, {sorted(missing)[:5]} among them"
    counts = collections.Counter(found)
    again = sum(times - 1 for times in counts.values())
    assert again <= repeated, f"{again} lines came more than once, {repeated} may"
    first = list(dict.fromkeys(found))
    assert first == sorted(first), "lines came in another order than they were written"


def test_each_line_arrives_once_with_its_labels(start: Start, tmp_path: Path, loki: LokiStandIn, journal: journald.Journal) -> None:
    shipper = Shipper(start, tmp_path, loki.url, journal.namespace)
    journal.write("before the start", PRIORITY="3", SYSLOG_IDENTIFIER="trial", TRACE_ID="4bf92f3577b34da6a3ce929d0e0e4736")
    program = shipper.begin()
    for number in range(3000):
        journal.write(f"line {number}", PRIORITY="6")
    journal.write(b"no text \xff\xfe", PRIORITY="4")
    journal.write("two\nlines trace_id=00000000000000000000000000000abc", PRIORITY="5")
    journal.write("x" * 20_000, PRIORITY="7")
    wait_for(lambda: any(line.label.get("level") == "debug" for line in loki.lines), 20, "the last line")
    assert_at_least_once(loki.texts(), 3000)
    by_text = {line.text[:20]: line for line in loki.lines}
    first = by_text["before the start"]
    assert first.label == {"job": "journal", "cluster": "lab", "node": "pve1", "level": "error"}
    assert first.metadatum == {"identifier": "trial", "pid": str(os.getpid()), "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}
    assert abs(first.time / 1e9 - time.time()) < 60
    assert by_text["no text \ufffd\ufffd"].label["level"] == "warning"
    two = next(line for line in loki.lines if line.text.startswith("two\nlines"))
    assert two.metadatum["trace_id"] == "00000000000000000000000000000abc"
    assert any(line.text == "x" * 20_000 for line in loki.lines)
    # The journal's own times.
    times = [line.time for line in loki.lines if line.text.startswith("line ")]
    assert times == sorted(times)
    assert all(header["Content-Encoding"] == "gzip" for header in loki.headers)

    wait_for(lambda: fetch(shipper.url + "/ready").status == 200, 10, "ready")
    # Loki has them before its answer is counted.
    wait_for(lambda: shipper.metrics()["martlet_logs_stored_lines_total"] == len(loki.lines), 10, "every line is counted as stored, and once")
    metrics = shipper.metrics()
    assert metrics['martlet_logs_source_up{source="journal"}'] == 1
    assert metrics['martlet_logs_pushes_total{outcome="stored"}'] == len(loki.pushes)
    assert metrics["martlet_logs_queue_bytes"] == 0
    assert metrics["martlet_logs_lag_seconds"] == 0
    assert abs(metrics["martlet_logs_last_success_timestamp_seconds"] - time.time()) < 60

    # After an orderly end nothing comes twice, and what was written meanwhile comes.
    assert program.stop() == 0
    journal.write("line 3000", PRIORITY="6")
    shipper.begin()
    wait_for(lambda: "line 3000" in loki.texts(), 20, "the line that was written meanwhile")
    assert_at_least_once(loki.texts(), 3001)


def test_the_cursor_goes_to_disk_only_after_204(start: Start, tmp_path: Path, loki: LokiStandIn, journal: journald.Journal) -> None:
    # 204 alone means that lines are stored; not 200, not 260.
    loki.verdicts = [Verdict(500, body="no"), Verdict(260, body="blocked"), Verdict(200)]
    shipper = Shipper(start, tmp_path, loki.url, journal.namespace)
    journal.write("line 0")
    shipper.begin()
    for _ in range(3):
        assert shipper.cursor is None
        time.sleep(0.2)
    wait_for(lambda: len(loki.statuses) >= 2, 20, "two pushes")
    assert loki.texts() == []
    assert shipper.cursor is None
    assert fetch(shipper.url + "/ready").status == 503
    loki.verdicts = []
    # Of 260 only a person can help, so Loki is not asked again soon; who restarts the service has helped.
    assert shipper.program
    shipper.program.stop()
    assert "status 260" in shipper.program.output
    shipper.begin(ready=True)
    wait_for(lambda: "line 0" in loki.texts(), 20, "the line")
    wait_for(lambda: shipper.cursor is not None, 5, "the cursor")


def test_whatever_loki_answers_nothing_is_lost(start: Start, tmp_path: Path, loki: LokiStandIn, journal: journald.Journal) -> None:
    loki.verdicts = [
        Verdict(429, {"Retry-After": "2"}, "Ingestion rate limit exceeded"),
        Verdict(500), Verdict(503, body="at least 1 live replicas required"), Verdict(204, seconds=2.5), Verdict(),
    ]
    shipper = Shipper(start, tmp_path, loki.url, journal.namespace, batch_kib=16)
    shipper.logs["loki"]["timeout"] = "1s"
    shipper.write()
    for number in range(500):
        journal.write(f"line {number}")
    program = shipper.begin()
    wait_for(lambda: "line 499" in loki.texts(), 40, "the last line")
    # The push that was answered too late was stored, so its lines came twice: one batch.
    assert_at_least_once(loki.texts(), 500, repeated=loki.largest_push)
    waited = [later[0] - earlier[0] for earlier, later in zip(loki.pushes, loki.pushes[1:], strict=False)]
    assert waited[0] >= 2, f"Retry-After was not heeded: {waited[:4]}"
    assert waited[1] >= 0.4 and waited[2] >= 0.4, f"no back-off: {waited[:4]}"
    metrics = shipper.metrics()
    for outcome, count in {"limited": 1, "failing": 2, "timeout": 1}.items():
        assert metrics[f'martlet_logs_pushes_total{{outcome="{outcome}"}}'] == count
    assert "Loki stores again" in program.output
    assert sum(value for name, value in metrics.items() if name.startswith("martlet_logs_dropped_lines_total")) == 0


def test_what_loki_refuses_is_dropped_counted_and_told_once_a_minute(
    start: Start, tmp_path: Path, loki: LokiStandIn, journal: journald.Journal
) -> None:
    refusal = "entry for stream '{job=\"journal\"}' has timestamp too old: 2020-01-01T00:00:00Z, oldest acceptable timestamp is: 2026"
    told = "entry with timestamp 2020 ignored, reason: 'entry too far behind', total ignored: 1 out of 9 for stream: {}"
    bodies = {0: refusal, 1: told, 2: "no such words"}
    refused: collections.Counter[int] = collections.Counter()

    def judge(lines: list[Line]) -> Verdict:
        numbers = numbered([line.text for line in lines])
        if not numbers or numbers[0] >= 30:
            return Verdict()
        refused[numbers[0] // 10] += len(lines) if numbers[0] // 10 != 1 else 1
        return Verdict(400, body=bodies[numbers[0] // 10])

    loki.otherwise = judge
    shipper = Shipper(start, tmp_path, loki.url, journal.namespace)
    program = shipper.begin()
    for round_ in range(4):
        wanted = sum(count for _, _, count in loki.pushes) + 10
        for number in range(10):
            journal.write(f"line {round_ * 10 + number}")
        wait_for(lambda wanted=wanted: sum(count for _, _, count in loki.pushes) >= wanted, 20, "a push")  # type: ignore[misc]
        time.sleep(0.3)
    wait_for(lambda: "line 39" in loki.texts(), 20, "lines after the refused ones")
    metrics = shipper.metrics()
    for number, reason in enumerate(("greater_than_max_sample_age", "too_far_behind", "other")):
        assert refused[number] > 0
        assert metrics[f'martlet_logs_dropped_lines_total{{reason="{reason}"}}'] == refused[number]
    assert numbered(loki.texts()) == list(range(30, 40))
    assert program.output.count("Loki refuses lines") == 1, program.output


def test_a_push_that_is_too_large_is_halved(start: Start, tmp_path: Path, journal: journald.Journal) -> None:
    loki = LokiStandIn(body_limit=20_000)
    shipper = Shipper(start, tmp_path, loki.url, journal.namespace)
    for number in range(1000):
        journal.write(f"line {number} " + "y" * 50)
    # Alone it is larger than the limit.
    journal.write("line 1000 " + "z" * 30_000)
    journal.write("line 1001")
    shipper.begin()
    wait_for(lambda: any(text.startswith("line 1001") for text in loki.texts()), 30, "the last line")
    found = numbered(loki.texts())
    assert found == [number for number in range(1002) if number != 1000]
    metrics = shipper.metrics()
    assert metrics['martlet_logs_dropped_lines_total{reason="too_large"}'] == 1
    assert metrics['martlet_logs_pushes_total{outcome="too_large"}'] == loki.statuses.count(413)
    loki.close()


def test_a_line_that_is_too_long_is_cut_and_says_so(start: Start, tmp_path: Path, loki: LokiStandIn, journal: journald.Journal) -> None:
    shipper = Shipper(start, tmp_path, loki.url, journal.namespace)
    shipper.begin()
    journal.write_large(b"w" * 300_000)
    journal.write("line 0")
    wait_for(lambda: "line 0" in loki.texts(), 20, "the last line")
    long = next(text for text in loki.texts() if text.startswith("www"))
    assert len(long) == 256 << 10
    assert long.endswith("w [cut: the line has 300000 bytes]")
    assert shipper.metrics()["martlet_logs_cut_lines_total"] == 1


def test_nothing_is_lost_while_loki_is_down(start: Start, tmp_path: Path, journal: journald.Journal) -> None:
    port = free_port()
    # A queue that is soon full: what has no room waits in the journal.
    shipper = Shipper(start, tmp_path, f"http://127.0.0.1:{port}", journal.namespace, queue_mib=1, batch_kib=64)
    shipper.begin()
    count = 12_000
    for number in range(count):
        journal.write(f"line {number} " + "v" * 200)
    wait_for(lambda: shipper.metrics()["martlet_logs_queue_bytes"] >= 1 << 20, 20, "a full queue")
    time.sleep(1)
    metrics = shipper.metrics()
    assert metrics["martlet_logs_queue_bytes"] < 3 << 20
    assert metrics['martlet_logs_read_lines_total{source="journal"}'] < count
    assert metrics['martlet_logs_pushes_total{outcome="unreachable"}'] >= 1
    assert metrics["martlet_logs_lag_seconds"] > 0.5
    assert "Loki stores nothing" in fetch(shipper.url + "/ready").text
    loki = LokiStandIn(port)
    wait_for(lambda: len(loki.lines) >= count, 60, "all lines")
    assert_at_least_once(loki.texts(), count)
    wait_for(lambda: fetch(shipper.url + "/ready").status == 200, 10, "ready")
    loki.close()


def kill_in_a_loop(start: Start, tmp_path: Path, journal: journald.Journal, loki: LokiStandIn, kills: int, seed: int) -> None:
    """Writes all the while, kills at moments of chance, and looks that nothing is missing and one batch at most came twice for each kill."""
    chance = random.Random(seed)
    loki.otherwise = lambda lines: Verdict(seconds=chance.random() * 0.05)
    shipper = Shipper(start, tmp_path, loki.url, journal.namespace, batch_kib=32)
    count = 0
    for _ in range(kills):
        program = start("logs", "--config.file", shipper.file)
        until = time.monotonic() + 0.05 + chance.random() * 0.9
        while time.monotonic() < until:
            for _ in range(20):
                journal.write(f"line {count} {'u' * 60}")
                count += 1
            time.sleep(0.003)
        program.kill()
    shipper.begin()
    journal.write(f"line {count}")
    wait_for(lambda: f"line {count}" in loki.texts(), 60, "the last line")
    assert_at_least_once(loki.texts(), count + 1, repeated=kills * loki.largest_push)
    children = subprocess.run(["pgrep", "-f", f"journalctl.*namespace={journal.namespace}"], capture_output=True, text=True).stdout.split()
    assert len(children) == 1, "a journalctl outlived the martlet that started it"


def test_killed_in_the_middle_it_loses_nothing(start: Start, tmp_path: Path, loki: LokiStandIn, journal: journald.Journal) -> None:
    kill_in_a_loop(start, tmp_path, journal, loki, kills=6, seed=1)


@pytest.mark.e2e
def test_killed_often_it_loses_nothing(start: Start, tmp_path: Path, loki: LokiStandIn, journal: journald.Journal) -> None:
    kill_in_a_loop(start, tmp_path, journal, loki, kills=60, seed=2)


def test_journalctl_that_dies_is_started_again(start: Start, tmp_path: Path, loki: LokiStandIn, journal: journald.Journal) -> None:
    shipper = Shipper(start, tmp_path, loki.url, journal.namespace)
    program = shipper.begin()
    journal.write("line 0")
    wait_for(lambda: "line 0" in loki.texts(), 20, "the first line")
    child = subprocess.run(["pgrep", "-P", str(program.process.pid), "journalctl"], capture_output=True, text=True, check=True).stdout
    os.kill(int(child), signal.SIGKILL)
    journal.write("line 1")
    wait_for(lambda: "line 1" in loki.texts(), 20, "the line after it died")
    assert_at_least_once(loki.texts(), 2)
    assert "journalctl ended and is started again" in program.output
    assert shipper.metrics()['martlet_logs_source_restarts_total{source="journal"}'] == 1


def test_a_cursor_that_is_gone_is_a_warning(start: Start, tmp_path: Path, loki: LokiStandIn, journal: journald.Journal) -> None:
    shipper = Shipper(start, tmp_path, loki.url, journal.namespace)
    program = shipper.begin()
    for number in range(10):
        journal.write(f"line {number}")
    wait_for(lambda: "line 9" in loki.texts(), 20, "the lines")
    program.stop()
    # One of a journal that is not there any more, and one that is none.
    for number, broken, said in ((10, "s=00000000000000000000000000000000;i=1", "gone"), (11, "nonsense", "read on from that time")):
        file = shipper.state / "places.json"
        state = json.loads(file.read_text())
        cursor = state["journal"]["cursor"]
        state["journal"]["cursor"] = re.sub("^s=[0-9a-f]+;i=[0-9a-f]+", broken, cursor) if ";" in broken else broken
        assert state["journal"]["cursor"] != cursor
        file.write_text(json.dumps(state))
        journal.write(f"line {number}")
        program = shipper.begin()
        wait_for(lambda number=number: f"line {number}" in loki.texts(), 20, "a line after it")  # type: ignore[misc]
        assert said in program.output, program.output
        program.stop()
    assert set(numbered(loki.texts())) == set(range(12))


def test_what_it_says_itself_does_not_come_back_as_new_lines(
    start: Start, tmp_path: Path, loki: LokiStandIn, journal: journald.Journal
) -> None:
    shipper = Shipper(start, tmp_path, loki.url, journal.namespace)
    # As systemd gives a service its stderr: a stream of the journal.
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    stream.connect(str(journal.folder / "stdout"))
    stream.sendall(b"martlet-logs\n\n6\n0\n0\n0\n0\n")
    from conftest import MARTLET, environment_without_settings

    process = subprocess.Popen(
        [MARTLET, "--log.level", "debug", "logs", "--config.file", shipper.file], stderr=stream.fileno(), env=environment_without_settings(), cwd=tmp_path)
    try:
        loki.otherwise = Verdict(500, body="all is on fire")
        for number in range(20):
            journal.write(f"line {number}")
            time.sleep(0.05)
        wait_for(lambda: any("stores nothing" in line for line in journal.messages()), 20, "its complaint in the journal")
        loki.otherwise = Verdict()
        wait_for(lambda: "line 19" in loki.texts(), 30, "the lines")
        time.sleep(1)
        pushes = len(loki.pushes)
        time.sleep(2)
        assert len(loki.pushes) == pushes, "it talks to itself"
        assert not any("stores nothing" in text or "listening" in text for text in loki.texts())
        assert shipper.metrics()['martlet_logs_skipped_lines_total{reason="own"}'] >= 2
    finally:
        process.kill()
        process.wait()
        stream.close()


def test_only_what_is_wanted_of_the_journal_is_sent(start: Start, tmp_path: Path, loki: LokiStandIn, journal: journald.Journal) -> None:
    shipper = Shipper(start, tmp_path, loki.url, journal.namespace, journal={"namespace": journal.namespace, "priority": "warning"}, max_age="0s")
    journal.write("before the start", PRIORITY="3")
    time.sleep(1.1)
    shipper.begin()
    journal.write("not wanted", PRIORITY="6")
    journal.write("wanted", PRIORITY="4")
    wait_for(lambda: "wanted" in loki.texts(), 20, "the line that is wanted")
    assert loki.texts() == ["wanted"]


def test_a_reload_goes_on_where_it_was(start: Start, tmp_path: Path, loki: LokiStandIn, journal: journald.Journal) -> None:
    shipper = Shipper(start, tmp_path, loki.url, journal.namespace)
    program = shipper.begin()
    for number in range(1000):
        journal.write(f"line {number}")
        if number == 500:
            wait_for(lambda: "line 0" in loki.texts(), 20, "the first lines")
            shipper.logs["labels"] = {"cluster": "other"}
            shipper.write()
            assert fetch(shipper.url + "/-/reload", method="POST").status == 200
    wait_for(lambda: "line 999" in loki.texts(), 30, "the last line")
    assert_at_least_once(loki.texts(), 1000)
    assert {line.label["cluster"] for line in loki.lines} == {"lab", "other"}
    # What cannot be changed in flight is said, and the old settings stay.
    shipper.logs["state_dir"] = str(tmp_path / "elsewhere")
    shipper.write()
    answer = fetch(shipper.url + "/-/reload", method="POST")
    assert answer.status == 500 and "logs.state_dir is read at the start only" in answer.text
    journal.write("line 1000")
    wait_for(lambda: "line 1000" in loki.texts(), 20, "a line after it")
    assert program.stop() == 0


def test_the_state_is_for_one_and_of_this_form(start: Start, tmp_path: Path, loki: LokiStandIn, journal: journald.Journal) -> None:
    shipper = Shipper(start, tmp_path, loki.url, journal.namespace)
    program = shipper.begin()
    second = run("logs", "--config.file", shipper.file, "--web.listen-address", f"127.0.0.1:{free_port()}")
    assert second.returncode == 1
    assert f"{shipper.state} is in use by another martlet logs, process {program.process.pid}" in second.stderr
    program.stop()
    file = shipper.state / "places.json"
    file.write_text('{"version": 99, "containers": {}}')
    newer = run("logs", "--config.file", shipper.file)
    assert newer.returncode == 1 and "was written by a newer martlet (format 99" in newer.stderr
    file.write_text('{"version": 1, "journal": {"cur')
    broken = run("logs", "--config.file", shipper.file)
    assert broken.returncode == 1 and f"{file} is damaged" in broken.stderr and "remove it" in broken.stderr
    file.unlink()
    shipper.begin()


def test_credentials_and_tenant_are_shown(start: Start, tmp_path: Path, loki: LokiStandIn, journal: journald.Journal) -> None:
    (tmp_path / "token").write_text("open sesame\n")
    loki.verdicts = [Verdict(401, body="no credentials")]
    shipper = Shipper(start, tmp_path, loki.url, journal.namespace)
    shipper.logs["loki"] |= {"tenant": "lab", "bearer_token_file": str(tmp_path / "token"), "gzip": False, "structured_metadata": False}
    shipper.write()
    program = shipper.begin()
    journal.write("line 0", TRACE_ID="4bf92f3577b34da6a3ce929d0e0e4736")
    wait_for(lambda: "line 0" in loki.texts(), 20, "the line")
    header = loki.headers[-1]
    assert header["Authorization"] == "Bearer open sesame" and header["X-Scope-OrgID"] == "lab" and "Content-Encoding" not in header
    assert loki.lines[0].metadata == ()
    assert "level=error" in program.output and "status 401: no credentials" in program.output and "sesame" not in program.output


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "nobody is named who gets the lines"),
        ({"loki": {"url": "ftp://x"}}, "expected a URL"),
        ({"loki": {"url": "http://127.0.0.1:1"}, "labels": {"job": "x"}}, "job is what each line has of its own"),
        ({"loki": {"url": "http://127.0.0.1:1"}, "labels": {"a-b": "x"}}, "is no name of a label"),
        ({"loki": {"url": "http://127.0.0.1:1"}, "journal": {"enabled": False}, "containers": False}, "there is nothing to send"),
        ({"loki": {"url": "http://127.0.0.1:1"}, "jurnal": True}, 'did you mean "journal"'),
        ({"loki": {"url": "http://127.0.0.1:1"}, "state_dir": "/proc/nowhere"}, "logs.state_dir"),
    ],
)
def test_settings_that_make_no_sense_are_refused(tmp_path: Path, settings: dict[str, Any], said: str) -> None:
    file = tmp_path / "martlet.yml"
    file.write_text(json.dumps({"logs": {"state_dir": str(tmp_path / "state"), **settings}}))
    done = run("logs", "--config.file", file)
    assert done.returncode == 1 and said in done.stderr, done.stderr

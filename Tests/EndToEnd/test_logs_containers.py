"""`martlet logs` and real containers of podman: each line arrives at least once, in order, with the labels that metrics have."""

from __future__ import annotations

import collections
import json
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import podman
import pytest
from conftest import Program, Start, fetch, free_port, wait_for
from loki_stand_in import LokiStandIn, Verdict

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(podman.reason_not_to() is not None, reason=str(podman.reason_not_to())),
]

# Writes numbered lines to both outputs, and waits now and then, so that some of them are written while somebody follows.
COUNTING = 'i=0; while [ $i -lt {count} ]; do echo "line $i"; echo "error $i" >&2; i=$((i+1)); [ $((i % {step})) -ne 0 ] || sleep {pause}; done; {end}'


@pytest.fixture
def loki() -> Iterator[LokiStandIn]:
    loki = LokiStandIn()
    yield loki
    loki.close()


@pytest.fixture
def engine(start: Start) -> Iterator[podman.Podman]:
    # Podman takes no long path.
    with tempfile.TemporaryDirectory(prefix="p") as folder:
        engine = podman.Podman(Path(folder), start)
        yield engine
        engine.close()


class Shipper:
    def __init__(self, start: Start, folder: Path, loki: LokiStandIn, engine: podman.Podman, **settings: Any) -> None:
        self.start = start
        self.url = f"http://127.0.0.1:{free_port()}"
        self.file = folder / "martlet.yml"
        logs = {
            "listen_address": self.url.removeprefix("http://"), "loki": {"url": loki.url}, "labels": {"cluster": "lab", "node": "pve1"},
            "journal": {"enabled": False}, "state_dir": str(folder / "state"), "batch_wait": "100ms", **settings,
        }
        self.file.write_text(json.dumps({"logs": logs, "containers": {"engine_socket": str(engine.socket)}}))

    def begin(self) -> Program:
        program = self.start("logs", "--config.file", self.file)
        program.wait_until(self.url + "/health")
        return program

    def metrics(self) -> dict[str, float]:
        lines = [line.rsplit(" ", 1) for line in fetch(self.url + "/metrics").text.splitlines() if line.startswith("martlet_logs_")]
        return {name: float(value) for name, value in lines}


def counting(count: int, step: int = 100, pause: float = 0.05, end: str = "sleep 1000") -> tuple[str, ...]:
    return ("/bin/sh", "-c", COUNTING.format(count=count, step=step, pause=pause, end=end))


def assert_at_least_once(texts: list[str], word: str, count: int, repeated: int = 0) -> None:
    found = [int(text.split()[1]) for text in texts if text.startswith(word + " ")]
    missing = set(range(count)) - set(found)
    assert not missing, f"{len(missing)} of {count} are missing, {sorted(missing)[:5]} among them"
    again = len(found) - len(set(found))
    assert again <= repeated, f"{again} lines came more than once, {repeated} may"
    first = list(dict.fromkeys(found))
    assert first == sorted(first), "lines came in another order than they were written"


@pytest.mark.parametrize("driver", ["k8s-file", "json-file"])
def test_each_line_of_both_outputs_arrives_once(start: Start, tmp_path: Path, loki: LokiStandIn, engine: podman.Podman, driver: str) -> None:
    shipper = Shipper(start, tmp_path, loki, engine)
    end = "printf 'WARNING: %s\\n' " + "x" * 40_000 + "; printf 'no end'; exit 3"
    early = engine.container("early", "--log-driver", driver, command=counting(500))
    mute = engine.container("mute", "--log-driver", driver, "--label", "martlet.logs=false", command=counting(10))
    shipper.begin()
    wait_for(lambda: "line 499" in loki.texts(container=early), 30, "what a container wrote before the start")
    late = engine.container("late", "--log-driver", driver, command=counting(2000, end=end))
    wait_for(lambda: any(text.endswith("no end") for text in loki.texts(container=late)), 60, "the end of a container")
    time.sleep(2)
    for name, count in ((early, 500), (late, 2000)):
        assert_at_least_once(loki.texts(container=name, stream="stdout"), "line", count)
        assert_at_least_once(loki.texts(container=name, stream="stderr"), "error", count)
    assert loki.texts(container=mute) == []
    long = next(line for line in loki.lines if line.text.startswith("WARNING: "))
    assert long.text == "WARNING: " + "x" * 40_000
    assert long.label == {"job": "containers", "cluster": "lab", "node": "pve1", "container": late, "stream": "stdout", "level": "warning"}
    assert long.metadatum == {"container_id": engine.inspect(late)["Id"][:12]}
    assert loki.texts(container=late).count("no end") == 1
    # Loki takes a line that is there already, with the same time, for the same one.
    times = collections.Counter((line.time, line.labels) for line in loki.lines)
    assert max(times.values()) == 1
    assert all(abs(line.time / 1e9 - time.time()) < 300 for line in loki.lines)
    metrics = shipper.metrics()
    assert metrics['martlet_logs_source_up{source="containers"}'] == 1
    assert metrics['martlet_logs_read_lines_total{source="containers"}'] == len(loki.lines)


def test_a_terminal_has_one_output(start: Start, tmp_path: Path, loki: LokiStandIn, engine: podman.Podman) -> None:
    shipper = Shipper(start, tmp_path, loki, engine)
    name = engine.container("terminal", "--log-driver", "k8s-file", "--tty", command=counting(50))
    shipper.begin()
    wait_for(lambda: "error 49" in loki.texts(container=name), 30, "the last line")
    assert_at_least_once(loki.texts(container=name, stream="stdout"), "line", 50)
    assert_at_least_once(loki.texts(container=name, stream="stdout"), "error", 50)


def test_restarted_and_killed_at_moments_of_chance_it_loses_nothing(
    start: Start, tmp_path: Path, loki: LokiStandIn, engine: podman.Podman
) -> None:
    chance = random.Random(3)
    loki.otherwise = lambda lines: Verdict(seconds=chance.random() * 0.05)
    shipper = Shipper(start, tmp_path, loki, engine, batch_kib=32)
    count, kills = 6000, 8
    names = [engine.container(name, "--log-driver", "k8s-file", command=counting(count, step=50, pause=0.05)) for name in ("one", "two")]
    for _ in range(kills):
        program = start("logs", "--config.file", shipper.file)
        time.sleep(1.2 + chance.random())
        program.kill()
    # An orderly end in the middle of a second costs nothing.
    shipper.begin().stop()
    shipper.begin()
    for name in names:
        wait_for(lambda name=name: f"error {count - 1}" in loki.texts(container=name), 60, "the last line")  # type: ignore[misc]
    again = 0
    for name in names:
        for stream, word in (("stdout", "line"), ("stderr", "error")):
            texts = loki.texts(container=name, stream=stream)
            assert_at_least_once(texts, word, count, repeated=kills * loki.largest_push)
            again += len(texts) - count
    assert again <= kills * loki.largest_push
    # What came twice came with the same time, so that Loki has it once.
    by_text: dict[tuple[str, Any], set[int]] = {}
    for line in loki.lines:
        by_text.setdefault((line.text, line.labels), set()).add(line.time)
    assert all(len(times) == 1 for times in by_text.values())


def test_an_engine_that_goes_and_comes_back(start: Start, tmp_path: Path, loki: LokiStandIn, engine: podman.Podman) -> None:
    shipper = Shipper(start, tmp_path, loki, engine)
    name = engine.container("long", "--log-driver", "k8s-file", command=counting(3000, step=20, pause=0.1))
    program = shipper.begin()
    wait_for(lambda: "line 100" in loki.texts(container=name), 30, "the first lines")
    engine.stop()
    wait_for(lambda: fetch(shipper.url + "/ready").status == 503, 20, "that it is not ready")
    engine.serve()
    wait_for(lambda: "error 2999" in loki.texts(container=name), 90, "the last line")
    assert_at_least_once(loki.texts(container=name, stream="stdout"), "line", 3000)
    assert_at_least_once(loki.texts(container=name, stream="stderr"), "error", 3000)
    assert "the container engine does not answer" in program.output
    wait_for(lambda: fetch(shipper.url + "/ready").status == 200, 20, "ready")

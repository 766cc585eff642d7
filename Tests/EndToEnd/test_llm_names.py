"""scripts/compare-llm-names sees each kind of difference, on small wheels that are made here; with the real ones (make e2e) martlet's own tables have none."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import MARTLET, REPOSITORY, Start, fetch, free_port
from conftest import run as run_martlet

SCRIPT = REPOSITORY / "scripts/compare-llm-names"

# As vLLM writes its source: names by constant, by loop and by table, labels by sum, buckets by function and by slice, what is hidden by a test.
NEW_VLLM = """
from prometheus_client import Counter, Gauge, Histogram
from vllm.buckets import histogram_buckets

TOOLS = "vllm:tool_calls_total"


class Names:
    LOADED = "vllm:kv_loaded_bytes"


def tables():
    return {Names.LOADED: OffloadingCounterMetadata(documentation="")}


class Logger:
    _counter_cls = Counter

    def __init__(self, config, hidden):
        labelnames = ["model_name", "engine"]
        self.running = Gauge(name="vllm:num_requests_running", documentation="", labelnames=labelnames)
        self.finished = self._counter_cls(name="vllm:request_success", documentation="", labelnames=labelnames + ["finished_reason"])
        self.tools = Counter(TOOLS, "")
        buckets = [0.5, 1, 2.5, 5]
        self.first = Histogram(name="vllm:time_to_first_token_seconds", documentation="", labelnames=labelnames, buckets=buckets[1:])
        self.length = Histogram(
            name="vllm:request_prompt_tokens", documentation="", labelnames=labelnames, buckets=histogram_buckets("request_tokens", config.longest))
        self.latency = Histogram(
            name="vllm:e2e_request_latency_seconds", documentation="", labelnames=labelnames, buckets=histogram_buckets("latency", None))
        buckets = [2**power for power in range(3)]
        self.drafts = Histogram("vllm:drafts", "", buckets=buckets)
        for name in ["vllm:drafted", "vllm:accepted"]:
            self._counter_cls(name=name, documentation="", labelnames=labelnames)
        if hidden:
            self.usage = Gauge(name="vllm:gpu_cache_usage_perc", documentation="", labelnames=labelnames)
"""
BUCKETS = """
LATENCY = (1.0, 10.0)
STANDARD = {"latency": LATENCY}


def histogram_buckets(family, longest):
    raise RuntimeError("this is read, and never run")


raise RuntimeError("nor is this imported")
"""
OLD_VLLM = """
class Metrics:
    def __init__(self, labelnames):
        self.running = self._gauge_cls(name="vllm:num_requests_running", documentation="", labelnames=labelnames)
        self.swapped = self._gauge_cls(name="vllm:num_requests_swapped", documentation="", labelnames=labelnames)
        self.finished = self._counter_cls(name="vllm:request_success_total", documentation="", labelnames=labelnames)
        self.usage = self._gauge_cls(name="vllm:gpu_cache_usage_perc", documentation="", labelnames=labelnames)
"""


def wheel(folder: Path, name: str, files: dict[str, str]) -> Path:
    path = folder / f"{name}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for file, text in files.items():
            archive.writestr(file, text)
    return path


@pytest.fixture
def wheels(tmp_path: Path) -> list[Path]:
    return [
        wheel(tmp_path, "vllm-0.33.0", {"vllm/v1/metrics/loggers.py": NEW_VLLM, "vllm/buckets.py": BUCKETS}),
        wheel(tmp_path, "vllm-0.6.6", {"vllm/engine/metrics.py": OLD_VLLM}),
    ]


def row(native: str, type: str, *aliases: str, since: str = "", until: str = "") -> dict[str, Any]:
    return {"native": native, "aliases": list(aliases), "type": type, "ours": "llm_monitor_llm_x", "factor": 1, "since": since, "until": until}


def right() -> dict[str, Any]:
    """Tables with which the made-up wheels agree."""
    families = [
        row("vllm:num_requests_running", "gauge"), row("vllm:request_success_total", "counter"), row("vllm:gpu_cache_usage_perc", "gauge"),
        row("vllm:time_to_first_token_seconds", "histogram", since="0.33.0"), row("vllm:request_prompt_tokens", "histogram", since="0.33.0"),
        row("vllm:e2e_request_latency_seconds", "histogram", since="0.33"), row("http_requests_total", "counter"),
        row("vllm:drafted_total", "counter", since="0.33.0"), row("vllm:accepted_total", "counter", since="0.33.0"),
    ]  # fmt: skip
    ignored = [
        {"pattern": "vllm:num_requests_swapped", "why": "of old versions only"}, {"pattern": "vllm:drafts", "why": "nobody asks"},
        {"pattern": "vllm:kv_*", "why": "of a connector"}, "vllm:tool_calls_total (of one API)",
    ]  # fmt: skip
    return {"kinds": [{"kind": "vllm", "families": families, "ignored": ignored, "capabilities": []}]}


def run(wheels: list[Path], tables: dict[str, Any], *more: str) -> subprocess.CompletedProcess[str]:
    file = wheels[0].parent / "tables.json"
    file.write_text(json.dumps(tables))
    return subprocess.run(
        [sys.executable, SCRIPT, "--wheel", *wheels, "--tables", file, *more], capture_output=True, text=True, timeout=60, check=False
    )


def seen(done: subprocess.CompletedProcess[str]) -> set[tuple[str, str]]:
    """Kind of difference and name, of every line that tells one."""
    whats = {"unknown", "no reason", "catches all", "both", "no such name", "type", "range", "unread", "no table", "name", "labels", "buckets", "lacks", "elsewhere"}
    lines = [line.split("  ") for line in done.stdout.splitlines()]
    return {(parts[1], parts[2]) for parts in ([part.strip() for part in line if part.strip()] for line in lines) if len(parts) > 2 and parts[1] in whats}


def families(wheels: list[Path]) -> dict[str, dict[str, Any]]:
    """What the first wheel's source says."""
    done = subprocess.run([sys.executable, SCRIPT, "--families", "--wheel", wheels[0]], capture_output=True, text=True, timeout=60, check=True)
    return {family["name"]: family for family in json.loads(done.stdout)[0]["families"]}


def test_source_is_read_and_not_run(wheels: list[Path]) -> None:
    read = families(wheels)
    assert set(read) == {
        "vllm:num_requests_running", "vllm:request_success_total", "vllm:tool_calls_total", "vllm:kv_loaded_bytes_total", "vllm:time_to_first_token_seconds",
        "vllm:request_prompt_tokens", "vllm:e2e_request_latency_seconds", "vllm:drafts", "vllm:drafted_total", "vllm:accepted_total", "vllm:gpu_cache_usage_perc",
    }  # fmt: skip
    assert read["vllm:num_requests_running"]["type"] == "gauge" and read["vllm:drafts"]["type"] == "histogram"
    assert read["vllm:request_success_total"]["type"] == read["vllm:kv_loaded_bytes_total"]["type"] == "counter"
    assert read["vllm:request_success_total"]["labels"] == ["model_name", "engine", "finished_reason"] and read["vllm:tool_calls_total"]["labels"] == []
    assert read["vllm:time_to_first_token_seconds"]["buckets"] == [1, 2.5, 5] and read["vllm:drafts"]["buckets"] == [1, 2, 4]
    assert read["vllm:e2e_request_latency_seconds"]["buckets"] == [1, 10] and not read["vllm:e2e_request_latency_seconds"]["is_series"]
    assert read["vllm:request_prompt_tokens"]["buckets"][:5] == [1, 2, 5, 10, 20] and read["vllm:request_prompt_tokens"]["is_series"]
    assert read["vllm:gpu_cache_usage_perc"]["condition"] == "hidden" and read["vllm:drafts"]["condition"] == ""


def test_tables_that_agree(wheels: list[Path]) -> None:
    done = run(wheels, right())
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 differences" in done.stdout and "http_requests_total (prometheus-fastapi-instrumentator)" in done.stdout


DIFFERENCES: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "a family that nobody thought of": ({"leave out": "vllm:accepted_total"}, ("unknown", "vllm:accepted_total")),
    "one that is no longer ignored": ({"ignore no more": "vllm:kv_*"}, ("unknown", "vllm:kv_loaded_bytes_total")),
    "ignored, and nobody knows why": ({"ignore": {"pattern": "vllm:nixl_*", "why": " "}}, ("no reason", "vllm:nixl_*")),
    "ignored by name only": ({"ignore": "vllm:nixl_*"}, ("no reason", "vllm:nixl_*")),
    "all of a server's names at once": ({"ignore": {"pattern": "vllm:*", "why": "not of interest"}}, ("catches all", "vllm:*")),
    "mapped and ignored": ({"ignore": "vllm:num_requests_running twice"}, ("both", "vllm:num_requests_running")),
    "a name that no version has": ({"add": row("vllm:num_requests_runing", "gauge")}, ("no such name", "vllm:num_requests_runing")),
    "an alias that no version has": ({"add": row("vllm:drafted_total", "counter", "vllm:draughts_total", since="0.33")}, ("no such name", "vllm:draughts_total")),
    "a foreign name that no package makes": ({"add": row("http_answers_total", "counter")}, ("no such name", "http_answers_total")),
    "a counter that is a gauge": ({"add": row("vllm:gpu_cache_usage_perc", "counter")}, ("type", "vllm:gpu_cache_usage_perc")),
    "a histogram that ends in _total": ({"add": row("vllm:drafts", "counter")}, ("type", "vllm:drafts")),
    "said to be there always": ({"add": row("vllm:accepted_total", "counter")}, ("range", "vllm:accepted_total")),
    "said to be there too early": ({"add": row("vllm:accepted_total", "counter", since="0.6.0")}, ("range", "vllm:accepted_total")),
    "said to be there too late": ({"add": row("vllm:num_requests_running", "gauge", since="0.9")}, ("range", "vllm:num_requests_running")),
    "said to be gone": ({"add": row("vllm:num_requests_running", "gauge", until="0.32")}, ("range", "vllm:num_requests_running")),
    "said to be there still": ({"add": row("vllm:num_requests_swapped", "gauge")}, ("range", "vllm:num_requests_swapped")),
    "no table": ({"kind": "vlm"}, ("no table", "")),
}  # fmt: skip


@pytest.mark.parametrize("case", list(DIFFERENCES))
def test_each_difference_is_seen(wheels: list[Path], case: str) -> None:
    change, expected = DIFFERENCES[case]
    tables = right()
    kind = tables["kinds"][0]
    kind["kind"] = change.get("kind", kind["kind"])
    kind["families"] = [family for family in kind["families"] if family["native"] != change.get("leave out")] + ([change["add"]] if "add" in change else [])
    kind["ignored"] = [item for item in kind["ignored"] if not (isinstance(item, dict) and item["pattern"] == change.get("ignore no more"))]
    kind["ignored"] += [change["ignore"]] if "ignore" in change else []
    done = run(wheels, tables)
    assert done.returncode == 1, done.stdout + done.stderr
    found = {what for what, name in seen(done) if name == expected[1]} if expected[1] else {"no table"} & set(done.stdout.split("  "))
    assert expected[0] in found, done.stdout
    if "add" not in change and expected[1]:
        assert seen(done) == {expected}, done.stdout


def test_range_ends_with_the_last_version_that_has_it(wheels: list[Path]) -> None:
    tables = right()
    tables["kinds"][0]["families"].append(row("vllm:num_requests_swapped", "gauge", until="0.6"))
    tables["kinds"][0]["ignored"].pop(0)
    done = run(wheels, tables)
    assert done.returncode == 0, done.stdout


def test_alias_stands_for_other_versions(wheels: list[Path]) -> None:
    tables = right()
    tables["kinds"][0]["families"].append(row("vllm:drafted_total", "counter", "vllm:num_requests_swapped"))
    assert ("range", "vllm:drafted_total") not in seen(run(wheels, tables))


def test_names_that_the_reader_does_not_understand_are_told(tmp_path: Path) -> None:
    strange = wheel(tmp_path, "vllm-0.40.0", {"vllm/strange.py": 'ROW = ("vllm:made_some_other_way", "a sentence about vllm:things")\n'})
    done = run([strange], {"kinds": [{"kind": "vllm", "families": [], "ignored": []}]})
    assert done.returncode == 1 and "vllm:made_some_other_way (vllm/strange.py)" in done.stdout, done.stdout
    assert "1 differences" in done.stdout


def test_broken_source_is_no_trap(tmp_path: Path) -> None:
    """What cannot be parsed, what names itself, and what never ends."""
    texts = {
        "vllm/broken.py": 'def "vllm:a" (:\n', "vllm/nothing.py": "\0 vllm:", "vllm/deep.py": "x = 'vllm:' + " + "(" * 3000 + ")" * 3000,
        "vllm/round.py": 'first = second\nsecond = first\nGauge(first, "vllm:")\nGauge(f"vllm:{third}", "")\nthird = "vllm:" * 3\n',
        "vllm/wide.py": 'Histogram("vllm:wide", "", buckets=[i for i in range(10**12)])\nHistogram("vllm:far", "", buckets=[2**99**99**99])\n',
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, SCRIPT, "--families", "--wheel", wheel(tmp_path, "vllm-1.0", texts)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {(family["name"], family["buckets"]) for family in json.loads(done.stdout)[0]["families"]} == {("vllm:wide", None), ("vllm:far", None)}


@pytest.mark.parametrize("name", ["vllm.whl", "vllm-latest-py3-none-any.whl", "numpy-2.0.0-py3-none-any.whl"])
def test_files_that_are_no_such_wheels(tmp_path: Path, name: str) -> None:
    done = subprocess.run([sys.executable, SCRIPT, "--wheel", tmp_path / name], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and "a wheel's name begins with" in done.stderr


# Simulated servers


NEW_EXPOSITION = """\
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{model_name="m",engine="0"} 1
# TYPE vllm:request_success_total counter
vllm:request_success_total{model_name="m",engine="0",finished_reason="stop"} 1
# TYPE vllm:request_success_created gauge
vllm:request_success_created{model_name="m",engine="0",finished_reason="stop"} 1.7e9
# TYPE vllm:time_to_first_token_seconds histogram
vllm:time_to_first_token_seconds_bucket{model_name="m",engine="0",le="1.0"} 1
vllm:time_to_first_token_seconds_bucket{model_name="m",engine="0",le="2.5"} 1
vllm:time_to_first_token_seconds_bucket{model_name="m",engine="0",le="5.0"} 1
vllm:time_to_first_token_seconds_bucket{model_name="m",engine="0",le="+Inf"} 1
vllm:time_to_first_token_seconds_sum{model_name="m",engine="0"} 1
vllm:time_to_first_token_seconds_count{model_name="m",engine="0"} 1
# TYPE vllm:request_prompt_tokens histogram
vllm:request_prompt_tokens_bucket{model_name="m",engine="0",le="1.0"} 1
vllm:request_prompt_tokens_bucket{model_name="m",engine="0",le="2.0"} 1
vllm:request_prompt_tokens_bucket{model_name="m",engine="0",le="+Inf"} 1
vllm:request_prompt_tokens_sum{model_name="m",engine="0"} 1
vllm:request_prompt_tokens_count{model_name="m",engine="0"} 1
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1.7e9
"""
OLD_EXPOSITION = """\
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{model_name="m"} 1
# TYPE vllm:num_requests_swapped gauge
vllm:num_requests_swapped{model_name="m"} 0
"""


@pytest.fixture
def exposed() -> Iterator[dict[str, str]]:
    """A server of texts: what is put in is at /its-key, and the key `url` says where."""
    texts: dict[str, str] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = texts[self.path[1:]].encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    texts["url"] = f"http://127.0.0.1:{server.server_port}"
    yield texts
    server.shutdown()


def test_simulated_servers_are_compared_with_their_version(wheels: list[Path], exposed: dict[str, str]) -> None:
    exposed |= {"new": NEW_EXPOSITION, "old": OLD_EXPOSITION}
    done = run(wheels, right(), "--expositions", f"{exposed['url']}/new", f"{exposed['url']}/old")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{exposed['url']}/new is most like vllm 0.33.0" in done.stdout and f"{exposed['url']}/old is most like vllm 0.6.6" in done.stdout


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('le="2.5"', 'le="3.0"', ("buckets", "vllm:time_to_first_token_seconds")),
        ('le="2.0"', 'le="3.0"', ("buckets", "vllm:request_prompt_tokens")),
        (',finished_reason="stop"', "", ("labels", "vllm:request_success_total")),
        ('vllm:num_requests_running{model_name="m",', 'vllm:num_requests_running{model_name="m",rank="0",', ("labels", "vllm:num_requests_running")),
        ("vllm:num_requests_running", "vllm:requests_running", ("name", "vllm:requests_running")),
        ("vllm:num_requests_running gauge", "vllm:num_requests_running untyped", ("type", "vllm:num_requests_running")),
    ],
)
def test_simulated_server_that_differs(wheels: list[Path], exposed: dict[str, str], before: str, after: str, expected: tuple[str, str]) -> None:
    assert before in NEW_EXPOSITION
    exposed["metrics"] = NEW_EXPOSITION.replace(before, after)
    done = run(wheels, right(), "--expositions", f"{exposed['url']}/metrics")
    assert done.returncode == 1, done.stdout + done.stderr
    assert seen(done) == {expected}, done.stdout


def test_simulated_server_is_held_against_the_version_that_it_says(wheels: list[Path], exposed: dict[str, str]) -> None:
    """Also where it is more like another; and what it leaves out is seen, but for what not every server of that version has."""
    exposed["metrics"] = NEW_EXPOSITION
    done = run(wheels, right(), "--expositions", f"{exposed['url']}/metrics=0.33.0")
    assert done.returncode == 1 and f"{exposed['url']}/metrics is held against vllm 0.33.0" in done.stdout, done.stdout + done.stderr
    lacking = {"vllm:e2e_request_latency_seconds", "vllm:drafted_total", "vllm:accepted_total"}
    assert seen(done) == {("lacks", name) for name in lacking}, done.stdout
    # What only some servers have is named in the script, with who has it.
    assert "vllm vllm:spec_decode_*: not every server has them, but those with speculative decoding" in done.stdout
    older = run(wheels, right(), "--expositions", f"{exposed['url']}/metrics=0.6.6")
    assert ("name", "vllm:time_to_first_token_seconds") in seen(older) and ("lacks", "vllm:gpu_cache_usage_perc") in seen(older), older.stdout
    other = run(wheels, right(), "--expositions", f"{exposed['url']}/metrics=0.7.0")
    assert other.returncode == 2 and "in version 0.7.0" in other.stderr


def test_wheel_without_families_must_have_none(tmp_path: Path) -> None:
    """LiteLLM's were in another package for a while. A wheel of that time that has some is told."""
    source = """
from prometheus_client import Counter
from litellm.types.integrations.prometheus import UserAPIKeyLabelNames

class PrometheusLogger:
    def __init__(self):
        self.total = Counter("litellm_proxy_total_requests_metric", "", labelnames=["requested_model"])
"""
    now = wheel(tmp_path, "litellm-1.109.1", {"litellm/integrations/prometheus.py": source})
    nothing = wheel(tmp_path, "litellm-1.75.8", {"litellm/proxy.py": "pass"})
    tables = {"kinds": [{"kind": "litellm", "families": [row("litellm_proxy_total_requests_metric_total", "counter")], "ignored": []}]}
    done = run([now, nothing], tables)
    assert done.returncode == 0 and "litellm 1.75.8 has none of its families in its wheel: " in done.stdout, done.stdout + done.stderr
    something = wheel(tmp_path, "litellm-1.75.8", {"litellm/integrations/prometheus.py": source})
    done = run([now, something], tables)
    assert done.returncode == 1 and seen(done) == {("elsewhere", "litellm_proxy_total_requests_metric_total")}, done.stdout


def test_server_of_no_kind_is_not_judged(wheels: list[Path], exposed: dict[str, str]) -> None:
    exposed["metrics"] = "# TYPE node_load1 gauge\nnode_load1 1\n"
    done = run(wheels, right(), "--expositions", f"{exposed['url']}/metrics")
    assert done.returncode == 2 and "of no kind" in done.stderr


# The real wheels


def compare_real(*flags: str) -> subprocess.CompletedProcess[str]:
    """With sources that are kept in .build/llm-wheels."""
    if run_martlet("metrics", "--llm-tables").returncode:
        pytest.skip("this martlet has no tables of language model servers")
    words = [sys.executable, str(SCRIPT), "--martlet", str(MARTLET), *flags]
    done = subprocess.run(words, capture_output=True, text=True, timeout=3600, check=False)
    if done.returncode == 2 and "NotFetched" in done.stderr:
        pytest.skip(f"the wheels cannot be had: {done.stderr.strip()}")
    return done


@pytest.mark.e2e
def test_real_wheels() -> None:
    """All that the servers' own source says of several versions, and all that martlet says."""
    done = compare_real()
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.e2e
@pytest.mark.parametrize("age", ["new", "old"])
def test_simulated_servers_speak_as_the_real_wheels_do(start: Start, age: str) -> None:
    """Names, types, labels and edges of the servers that martlet simulates."""
    if "martlet simulate llm" not in run_martlet("simulate", "llm", "--help").stdout:
        pytest.skip("this martlet simulates no language model servers")
    control, kinds = f"http://127.0.0.1:{free_port()}", ["vllm", "sglang", "litellm"]
    simulator = start(
        "simulate", "llm", "--servers", ",".join(kinds), "--server-version", age, "--listen", "127.0.0.1:0", "--control", control.removeprefix("http://")
    )
    simulator.wait_until(f"{control}/health")
    servers = {server["kind"]: server for server in fetch(f"{control}/api/v1/servers").json["servers"]}
    places = [f"{servers[kind]['url']}/metrics={servers[kind]['version']}" for kind in kinds]
    done = compare_real("--expositions", *places)
    for kind in kinds:
        assert f"{servers[kind]['url']}/metrics is held against {kind} {servers[kind]['version']}" in done.stdout, done.stdout + done.stderr
    # What is wrong with the tables has a test of its own.
    wrong = [line for line in done.stdout.splitlines() if any(f"  {what} " in line for what in ("name", "type", "labels", "buckets", "lacks"))]
    assert not wrong, "\n".join(wrong)

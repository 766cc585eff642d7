"""docs/adding-a-collector.md is true: a copy of the repository in which is done what it says, and nothing else, builds, passes its tests and is scraped."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from adding import Copy, Part, parts
from conftest import REPOSITORY, Program, Start, environment_without_settings, fetch, free_port, wait_for
from exporting import lint_exceptions
from llm_servers import LLMServer, answer, serving
from oracle import Samples, parse_exposition

KERNEL = "llm_monitor_kernel_"
QUIET = {f"MARTLET_{name}__ENABLED": "false" for name in ("ZFS", "GPU", "CONTAINERS", "SYSTEM")}


@pytest.mark.parametrize("place", [0, 1], ids=["collector", "kind"])
def test_the_page_is_files_of_one_folder_and_one_line(place: int, tmp_path: Path) -> None:
    part = parts()[place]
    assert part.line.fits(REPOSITORY), f"{part.line.path} is no longer as the page has it:\n{part.line.before}"
    tests = [path for path in part.files if path.startswith("Tests/")]
    code = {str(Path(path).parent) for path in part.files if path not in tests}
    assert len(code) == 1 and code.pop().startswith("Sources/Collectors/")
    assert len({str(Path(path).parent) for path in tests}) <= 1
    for path, text in part.files.items():
        assert not (REPOSITORY / path).exists(), f"{path} is there already"
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / ".swift-format").write_text((REPOSITORY / ".swift-format").read_text())
    lint = subprocess.run(["swift-format", "lint", "--strict", "--recursive", tmp_path], capture_output=True, text=True)
    assert lint.returncode == 0, lint.stderr


class Added:
    """A copy with both parts, and what git said to each."""

    def __init__(self, root: Path) -> None:
        self.copy = Copy(root)
        self.changed: list[str] = []
        self.new: list[set[str]] = []
        for part in parts():
            part.apply(self.copy.root)
            self.changed.append(self.copy.git("diff", "--numstat").strip())
            self.new.append(set(self.copy.git("ls-files", "-o", "--exclude-standard").split()))
            self.copy.commit()
        # From nothing where nothing can be mounted. The lock goes by the place, and is about another folder.
        built = self.copy.run("swift", "build", "--ignore-lock", "--build-tests", "--explicit-target-dependency-import-check", "error", seconds=3000)
        assert built.returncode == 0, built.stdout + built.stderr

    def unit_tests(self, name: str) -> None:
        ran = self.copy.run("swift", "test", "--skip-build", "--ignore-lock", "--no-parallel", "--filter", name, seconds=600)
        assert ran.returncode == 0 and "with 0 tests" not in ran.stdout, ran.stdout + ran.stderr

    def says(self, *arguments: str) -> str:
        return subprocess.run(
            [self.copy.martlet, *arguments], capture_output=True, text=True, timeout=60, check=True, env=environment_without_settings()).stdout  # fmt: skip

    def exporter(self, start: Start, *flags: str, **settings: str) -> tuple[Program, str]:
        url = f"http://127.0.0.1:{(port := free_port())}"
        program = start(self.copy.martlet, "exporter", "--web.listen-address", f"127.0.0.1:{port}", *flags, env=QUIET | settings)
        program.wait_until(url + "/health")
        return program, url + "/metrics"


@pytest.fixture(scope="module")
def added(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Added]:
    root = tmp_path_factory.mktemp("added") / "martlet"
    yield Added(root)
    # A gigabyte, which would stand there until the third run after this one.
    shutil.rmtree(root)


def lint(text: str) -> None:
    said = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    complaints = sorted(one for one in (said.stdout + said.stderr).splitlines() if one not in lint_exceptions("/metrics", "/metrics, on timers"))
    assert not complaints, complaints


def of_the_kernel() -> dict[str, int]:
    handles = [int(word) for word in Path("/proc/sys/fs/file-nr").read_text().split()]
    tasks = int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])
    return {"files": handles[0] - handles[1], "tasks": tasks, "most files": handles[2], "most tasks": int(Path("/proc/sys/kernel/threads-max").read_text())}


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


def is_part_of(part: Part, new: set[str], changed: str) -> None:
    assert new == set(part.files)
    assert changed == f"1\t0\t{part.line.path}"


@pytest.mark.e2e
def test_a_collector_is_a_folder_and_a_line(added: Added) -> None:
    is_part_of(parts()[0], added.new[0], added.changed[0])
    assert added.changed[0].endswith("Package.swift")
    layers = added.copy.run("sh", "-c", "swift package dump-package | python3 scripts/check-layers.py", seconds=300)
    assert layers.returncode == 0, layers.stderr
    assert "floor 3   LimitsCollector" in layers.stdout
    added.unit_tests("LimitsCollectorTests")


@pytest.mark.e2e
def test_the_program_knows_the_collector(added: Added) -> None:
    settings = added.says("settings")
    assert "| `limits.enabled` | one of auto, true, false | auto |" in settings
    assert settings.index("`limits`") < settings.index("`zfs`"), "in the order of the list"
    assert "MARTLET_LIMITS__ENABLED" in added.says("settings", "--format", "env")
    names = [row.split()[0] for row in added.says("metrics").splitlines() if row]
    assert {KERNEL + "used", KERNEL + "limit"} <= set(names)
    assert names.index(KERNEL + "limit") < names.index(next(name for name in names if name.startswith("zfs_")))
    assert "--[no-]collector.limits" in added.says("exporter", "--help")


@pytest.mark.e2e
def test_the_collector_tells_what_the_kernel_tells(added: Added, start: Start) -> None:
    _, url = added.exporter(start, "--collector.limits")
    before = of_the_kernel()
    text = fetch(url).text
    after = of_the_kernel()
    samples = parse_exposition(text)[0]
    for resource in ("files", "tasks"):
        # Others come and go meanwhile.
        low, high = sorted((before[resource], after[resource]))
        assert low * 0.8 - 100 <= value(samples, KERNEL + "used", resource=resource) <= high * 1.2 + 100
        assert value(samples, KERNEL + "limit", resource=resource) == float(after[f"most {resource}"])
    assert value(samples, "martlet_scrape_collector_success", collector="limits") == 1
    lint(text)
    # Two hosts that say nothing of it: one has it by its role, one was told not to.
    assert KERNEL in fetch(added.exporter(start, "--exporter.role", "host")[1]).text
    assert KERNEL not in fetch(added.exporter(start, "--exporter.role", "host", "--no-collector.limits")[1]).text


@pytest.mark.e2e
def test_what_every_machine_has_is_no_reason_to_serve(added: Added, tmp_path: Path) -> None:
    told = subprocess.run(
        [added.copy.martlet, "exporter", "--web.listen-address", "127.0.0.1:0"], capture_output=True, text=True, timeout=30, cwd=tmp_path,
        env=environment_without_settings() | QUIET | {"MARTLET_LLM__ENABLED": "false"})  # fmt: skip
    assert told.returncode != 0 and "no Proxmox cluster is configured" in told.stderr


EMBEDDING = """\
# TYPE te_request_count counter
te_request_count{method="single"} 12
# TYPE te_request_success counter
te_request_success{method="single"} 7
te_request_success{method="batch"} 2
# TYPE te_request_failure counter
te_request_failure{err="overloaded"} 3
te_request_failure{err="tokenization"} 1
# TYPE te_queue_size gauge
te_queue_size 4
# TYPE te_request_duration histogram
te_request_duration_bucket{le="0.01"} 5
te_request_duration_bucket{le="0.1"} 8
te_request_duration_bucket{le="+Inf"} 9
te_request_duration_sum 0.75
te_request_duration_count 9
# TYPE te_request_queue_duration histogram
te_request_queue_duration_bucket{le="0.01"} 9
te_request_queue_duration_bucket{le="+Inf"} 9
te_request_queue_duration_sum 0.02
te_request_queue_duration_count 9
# TYPE te_request_inference_duration histogram
te_request_inference_duration_bucket{le="+Inf"} 9
te_request_inference_duration_sum 0.5
te_request_inference_duration_count 9
"""
INFORMATION = {
    "model_id": "BAAI/bge-small-en-v1.5", "model_dtype": "float16", "model_type": {"embedding": {"pooling": "cls"}}, "max_concurrent_requests": 512,
    "max_input_length": 512, "max_batch_tokens": 16384, "max_client_batch_size": 32, "version": "1.8.2",
}  # fmt: skip


@pytest.mark.e2e
def test_a_kind_is_a_folder_and_a_line(added: Added) -> None:
    is_part_of(parts()[1], added.new[1], added.changed[1])
    added.unit_tests("LLMCollectorTests")
    tables = json.loads(added.says("metrics", "--llm-tables", "--format", "json"))
    assert "te_queue_size" in json.dumps(tables)
    page = added.says("metrics", "--llm-tables", "--format", "markdown")
    assert "TEI" in page and "`te_request_queue_duration`" in page
    assert "tei" in next(row for row in added.says("settings").splitlines() if row.startswith("| `llm.servers[].kind` |"))


@pytest.mark.e2e
def test_a_server_of_the_new_kind_speaks_our_vocabulary(added: Added, start: Start) -> None:
    server = LLMServer({"/metrics": answer(EMBEDDING), "/info": answer(INFORMATION)})
    with serving(server):
        _, url = added.exporter(start, MARTLET_LLM__PORTS__0=str(server.port), MARTLET_LLM__MIN_INTERVAL="1s")
        wait_for(lambda: "llm_monitor_llm_requests_waiting{" in fetch(url).text, 20, "the server is found out")
        text = fetch(url).text
    samples = parse_exposition(text)[0]
    labels = {"server": f"127.0.0.1:{server.port}", "engine": "tei", "model": "BAAI/bge-small-en-v1.5"}

    def ours(name: str, **more: str) -> float:
        return value(samples, "llm_monitor_llm_" + name, **labels, **more)

    assert ours("requests_waiting") == 4
    assert ours("requests_total", outcome="success", reason="success") == 9, "of both methods"
    assert ours("requests_total", outcome="rejected", reason="overloaded") == 3
    assert ours("requests_total", outcome="client_error", reason="tokenization") == 1
    assert ours("request_duration_seconds_bucket", le="0.1") == 8 and ours("request_duration_seconds_sum") == 0.75
    assert ours("queue_duration_seconds_count") == 9
    assert ours("model_loaded") == 1 and ours("model_context_tokens") == 512
    told = {dict(series)["metric"]: dict(series)["source"] for name, series in samples if name == "llm_monitor_llm_capability"}
    # Any server may tell when it was started.
    assert {name for name, source in told.items() if source == "native"} - {"start_time_seconds"} == {
        "requests_waiting", "requests_total", "request_duration_seconds", "queue_duration_seconds", "model_loaded", "model_context_tokens", "model_info",
    }  # fmt: skip
    assert set(told.values()) == {"native", "none"}
    unmapped = [number for (name, _), number in samples.items() if name == "llm_monitor_llm_unmapped_families"]
    assert unmapped == [0]
    lint(text)

"""OpenMetrics, and who gets it: read by parsers that we did not write, and asked for by Debian's Prometheus."""

from __future__ import annotations

import gzip
import re
import subprocess
import urllib.parse
from collections.abc import Iterable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY, Answer, Start, fetch, free_port, run, wait_for
from exporting import QUIET, Exporter, lint_exceptions
from listeners import Listener, header_of, http
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_fd_to_metric_families as openmetrics_families
from prometheus_client.parser import text_fd_to_metric_families as text_families

PROMETHEUS = "/usr/bin/prometheus"
TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
TABLE = REPOSITORY / "Tests/ExportingTests/Service/ContentNegotiationTests.swift"

Series = frozenset[tuple[str, tuple[tuple[str, str], ...]]]


@pytest.fixture(scope="module")
def exporter(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exporter]:
    """In front of a simulated cluster whose time stands still, after a request to /pve, so that it has histograms and a summary too."""
    port = free_port()
    api = start_for_all("simulate", "proxmox", "--listen", f"127.0.0.1:{port}", "--plain-http", "--time", "1795237200", "--latency", "0s")
    api.wait_until(f"http://127.0.0.1:{port}/health")
    target = f"127.0.0.1:{port}"
    login = {"PROXMOX_HOST": f"http://{target}", "PROXMOX_TOKEN_NAME": "monitor@pve!martlet", "PROXMOX_TOKEN_VALUE": "SECRET"} | QUIET
    running = Exporter(start_for_all, login, "--pve.collector.pve-api-metrics", "--pve.collector.target-metrics")
    running.program.wait_until(running.url + "/ready")
    asked = fetch(f"{running.url}/pve?target={target}")
    assert asked.status == 200, asked.text
    yield running


def ask(exporter: Exporter, accept: str | None, path: str = "/metrics", **headers: str) -> Answer:
    return fetch(exporter.url + path, headers=({} if accept is None else {"Accept": accept}) | headers)


def series(families: Iterable[Metric]) -> Series:
    """Names and labels. The parsers drop no suffix of a sample, whatever they call its family."""
    return frozenset((sample.name, tuple(sorted(sample.labels.items()))) for family in families for sample in family.samples)


def lines(text: str) -> set[str]:
    """Series as they are written."""
    return {line.rpartition(" ")[0] for line in text.splitlines() if not line.startswith("#")}


def test_a_strict_parser_reads_all_and_finds_the_series_of_the_text_format(exporter: Exporter) -> None:
    text, strict = ask(exporter, None), ask(exporter, OPENMETRICS)
    assert text.headers["Content-Type"] == TEXT and strict.headers["Content-Type"] == OPENMETRICS
    families = {family.name: family for family in openmetrics_families(StringIO(strict.text))}
    of_text = list(text_families(StringIO(text.text)))
    found = series(families.values())
    assert len(found) > 2000 and found == series(of_text) and lines(strict.text) == lines(text.text)

    types = {name: family.type for name, family in families.items()}
    assert types["pve_guest"] == types["martlet_build"] == "info"
    assert types["pve_vm_network_in_bytes"] == types["process_cpu_seconds"] == "counter"
    assert types["pve_node_cpus_total"] == types["pve_node_vm_count"] == types["pve_vm_status"] == "gauge"
    assert types["pve_scrape_api_duration_seconds"] == "histogram" and types["pve_collection_duration_seconds"] == "summary"
    units = {name: family.unit for name, family in families.items()}
    assert units["pve_vm_network_in_bytes"] == units["pve_vm_memory_used_bytes"] == "bytes"
    assert units["process_cpu_seconds"] == units["pve_scrape_api_duration_seconds"] == "seconds"
    assert units["pve_guest"] == units["pve_node_cpus_total"] == ""
    helps = {re.sub("_(total|info)$", "", family.name): family.documentation for family in of_text}
    assert helps == {re.sub("_(total|info)$", "", name): family.documentation for name, family in families.items()}


def test_the_golden_file_is_read_by_a_strict_parser() -> None:
    text = (REPOSITORY / "Tests/MetricsTests/Golden/openmetrics.txt").read_text()
    families = {family.name: family for family in openmetrics_families(StringIO(text, newline="\n"))}
    assert families["odd_reads"].type == "unknown" and families["odd_system"].type == "gauge"
    assert families["odd_fill_ratio"].documentation == 'Says "full" at 1.' and families["odd_fill_ratio"].unit == "ratio"
    assert families["pve_guest"].documentation == "What a guest is: C:\\ in a help text,\nand a second line."
    assert families["odd_system"].samples[0].labels == {"label": 'a"b\\c\nd'}


def test_no_two_names_of_the_whole_catalogue_clash() -> None:
    """The parser refuses names that a family may give to its samples, also those that are not there."""
    native = run("metrics").stdout.split("\n\n")[0]
    rows = [line.split(maxsplit=2) for line in native.splitlines()]
    assert len(rows) > 100
    exposition = ""
    for name, kind, _ in rows:
        family = name.removesuffix({"counter": "_total", "info": "_info"}.get(kind, " "))
        labels = {"histogram": ('_bucket{le="+Inf"}', "_sum", "_count"), "summary": ("_sum", "_count")}.get(kind, ("",))
        assert kind not in ("counter", "info") or family != name
        exposition += f"# TYPE {family} {kind}\n" + "".join(f"{name}{suffix} 1\n" for suffix in labels)
    assert len(list(openmetrics_families(StringIO(exposition + "# EOF\n")))) == len(rows)
    with pytest.raises(ValueError, match="Clashing name"):
        list(openmetrics_families(StringIO("# TYPE pve_guest gauge\npve_guest 1\n" + exposition + "# EOF\n")))


def test_promtool_says_of_the_text_what_it_said(exporter: Exporter) -> None:
    text = ask(exporter, "text/plain").text
    complaints = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True).stderr.splitlines()
    assert sorted(complaints) == lint_exceptions("/metrics")


def test_one_answer_compressed_and_not(exporter: Exporter) -> None:
    packed = ask(exporter, OPENMETRICS, **{"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip" and packed.headers["Vary"] == "Accept, Accept-Encoding"
    text = gzip.decompress(packed.body).decode()
    assert text.endswith("\n# EOF\n") and lines(text) == lines(ask(exporter, OPENMETRICS).text)


def test_pve_is_text_whoever_asks(exporter: Exporter) -> None:
    target = ask(exporter, None).text.split('pve_scrape_target_errors_total{target="')[1].partition('"')[0]
    answer = ask(exporter, OPENMETRICS, f"/pve?target={target}")
    assert answer.status == 200, answer.text
    assert answer.headers["Content-Type"] == TEXT and answer.headers["Vary"] == "Accept-Encoding" and "# EOF" not in answer.text


@pytest.mark.parametrize("program", [["curl", "--silent", "--dump-header", "-", "--output", "/dev/null"]], ids=["curl"])
def test_other_programs_get_text(exporter: Exporter, program: list[str]) -> None:
    head = subprocess.run([*program, exporter.url + "/metrics"], capture_output=True, text=True, timeout=30, check=True).stdout
    assert f"Content-Type: {TEXT}" in head


# Debian's Prometheus


class Scraper:
    """A Prometheus that scrapes every second."""

    def __init__(self, start: Start, folder: Path, *flags: str, **targets: str) -> None:
        jobs = "".join(
            f"  - {{job_name: {job}, honor_labels: true, static_configs: [{{targets: ['{target}']}}]}}\n" for job, target in targets.items()
        )
        config = folder / "prometheus.yml"
        config.write_text(f"global: {{scrape_interval: 1s, scrape_timeout: 1s}}\nscrape_configs:\n{jobs}")
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        program = start(
            PROMETHEUS, f"--config.file={config}", f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}", *flags)
        program.wait_until(self.url + "/-/ready")

    def get(self, path: str, **parameters: str) -> Any:
        answer = fetch(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        assert answer.status == 200, answer.text
        return answer.json["data"]

    def series(self, job: str) -> Series:
        """What came from a job's target, without the labels that tell the targets apart."""
        found = [result["metric"] for result in self.get("query", query=f'{{job="{job}"}}')["result"]]
        names = [labels.pop("__name__") for labels in found]
        for labels in found:
            del labels["job"], labels["instance"]
        return frozenset(
            (name, tuple(sorted(labels.items())))
            for name, labels in zip(names, found, strict=True)
            if not re.fullmatch("up|scrape_.*", name)
        )

    def metadata(self, job: str) -> dict[str, dict[str, str]]:
        return {row["metric"]: row for row in self.get("targets/metadata", match_target=f'{{job="{job}"}}')}


def test_prometheus_stores_the_same_series_from_both_formats(exporter: Exporter, start: Start, tmp_path: Path) -> None:
    """This Prometheus cannot be told which format to ask for, so something between it and the exporter asks for text."""

    def as_text(head: bytes, body: bytes) -> bytes:
        answer = ask(exporter, "text/plain")
        return http(answer.body, Content_Type=answer.headers["Content-Type"])

    with Listener(answering=as_text) as between:
        prometheus = Scraper(start, tmp_path, strict=exporter.url.removeprefix("http://"), text=between.authority)
        both = 'count(up{job=~"strict|text"} == 1) == 2'
        wait_for(lambda: prometheus.get("query", query=both)["result"], 20, "both targets are up")
        strict, text = prometheus.series("strict"), prometheus.series("text")
        metadata = {job: prometheus.metadata(job) for job in ("strict", "text")}
    # What only OpenMetrics says shows that it was what the first target sent.
    assert metadata["strict"]["pve_guest"]["type"] == "info" and metadata["text"]["pve_guest_info"]["type"] == "gauge"
    assert metadata["strict"]["pve_vm_memory_used_bytes"]["unit"] == "bytes" and metadata["text"]["pve_vm_memory_used_bytes"]["unit"] == ""
    assert len(strict) > 2000 and strict == text
    assert any(dict(labels).get("le") == "1.0" for name, labels in strict if name == "pve_scrape_api_duration_seconds_bucket")


def expectations() -> dict[str, tuple[str, str]]:
    """The table of the unit test: which program sends what and gets what, as far as it sends something."""
    source = TABLE.read_text()
    protobuf = re.search(r'let protobuf = ("[^"]*")', source)
    assert protobuf
    source = re.sub(r'"\s*\+\s*"', "", source.replace("protobuf +", protobuf[1] + " +"))
    rows = re.findall(r'Client\(\s*testDescription: "([^"]*)",\s*accept: "([^"]*)",\s*contentType: ([^)]*)\)', source)
    return {program: (accept, content_type.strip()) for program, accept, content_type in rows}


@pytest.mark.parametrize(
    ("flags", "suffix"), [([], ""), (["--enable-feature=native-histograms"], " with native histograms")], ids=["default", "native"])
def test_prometheus_sends_what_the_table_of_negotiation_says(start: Start, tmp_path: Path, flags: list[str], suffix: str) -> None:
    version = re.search(r"version (\d+\.\d+)", subprocess.run([PROMETHEUS, "--version"], capture_output=True, text=True).stdout)
    assert version
    sent: set[str] = set()

    def note(head: bytes, body: bytes) -> bytes:
        sent.add(header_of(head, "Accept"))
        return http(b"# EOF\n", Content_Type=OPENMETRICS)

    with Listener(answering=note) as target:
        Scraper(start, tmp_path, *flags, noted=target.authority)
        wait_for(lambda: sent, 20, "a scrape")
    accept, content_type = expectations()[f"Prometheus {version[1]}{suffix}"]
    assert sent == {accept} and content_type == "standard"

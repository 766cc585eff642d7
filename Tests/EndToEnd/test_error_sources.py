"""What martlet says of an API that fails, word for word: errors/source.txt.

The file says at its head how it reads. Renew it with `RECORD=1 pytest Tests/EndToEnd/test_error_sources.py`, and read its diff.
"""

from __future__ import annotations

import html
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest
from conftest import Program, Start, fetch, free_port, wait_for
from error_table import TOKEN, Block, Surroundings, Table, assert_no_secret
from hostile import FAULTS, Hostile
from listeners import Authority, Listener, api
from replay import Replay

SOURCE = Table("source.txt", ("at the start",))

ROWS = Replay.from_recordings().answers


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surroundings]:
    """One server for each thing that can be wrong with a certificate; all of them would answer."""
    folder = tmp_path_factory.mktemp("certificates")
    ours, theirs = Authority(folder, "ours"), Authority(folder, "theirs")
    good = ours.issue("good")
    certificates = {
        "good": good, "stranger": theirs.issue("stranger"), "expired": ours.issue("expired", days=(-30, -1)),
        "young": ours.issue("young", days=(1, 30)), "alone": theirs.issue_self_signed("alone"),
        "misnamed": ours.issue("misnamed", names=["DNS:pve9.example.org"]),
    }  # fmt: skip
    with ExitStack() as stack:
        values = {"authority": str(ours.pem)}
        for name, certificate in certificates.items():
            values[name] = stack.enter_context(Listener(certificate=certificate, answering=api(ROWS))).authority
        # It knows that a TLS handshake is no request, and says so.
        values["plain"] = stack.enter_context(Replay.from_recordings()).url.removeprefix("http://")
        outdated = (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_1)
        values["old"] = stack.enter_context(Listener(certificate=good, versions=outdated, answering=api(ROWS))).authority
        yield Surroundings(values)


class Exporter:
    """`martlet exporter` with one cluster, and what it has said so far."""

    def __init__(self, start: Start, folder: Path, cluster: Sequence[str], timeout: str = "3s") -> None:
        lines = [f"token: {TOKEN}", "name: lab", *cluster]
        # Nothing is asked between scrapes: what timers say of it would come when it comes.
        (folder / "martlet.yml").write_text("proxmox:\n  slow: {enabled: false}\n  clusters:\n    - " + "\n      ".join(lines) + "\n")
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.program: Program = start(
            "exporter", "--log.format", "logfmt", "--scrape.timeout", timeout, "--web.listen-address", f"127.0.0.1:{port}", cwd=folder)
        wait_for(lambda: not self.program.is_running or "msg=listening" in self.program.output, 20, "listens or ends")

    def start_lines(self) -> list[str]:
        """How the start ended, and what was said until then."""
        lines = self.program.output.splitlines()
        if not self.program.is_running:
            return [f"exits {self.program.process.returncode}", *lines]
        end = next(index for index, line in enumerate(lines) if "msg=listening" in line)
        # What holds for every start over HTTP is no news here.
        return ["listens", *(line for line in lines[:end] if "is asked over http" not in line)]

    def scrape_lines(self) -> list[str]:
        """The log's lines of scrapes that are incomplete, which must have reason and words in common with the other two places."""
        metrics = fetch(self.url + "/metrics").text
        lines = [line for line in self.program.output.splitlines() if 'msg="scrape incomplete"' in line]
        page = html.unescape(fetch(self.url + "/").text)
        reasons = re.findall(r'^martlet_scrape_part_problem_info\{.*reason="(\w+)".*\} 1$', metrics, re.MULTILINE)
        told = [(match[1], match[2].replace('\\"', '"')) for line in lines if (match := re.search(r' reason=(\w+) detail="(.*)"$', line))]
        assert reasons and set(reasons) <= {reason for reason, _ in told}
        # The log has earlier scrapes too, and each scrape may find another call to be the first that fails.
        for reason in reasons:
            assert any(shown(detail) in shown(page) for known, detail in told if known == reason), (reason, lines, page)
        return lines


def shown(line: str) -> str:
    """Without what differs from run to run."""
    line = re.sub(r"^time=\S+ ", "", line)
    line = re.sub(r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}", lambda match: "{fingerprint}" if len(set(match[0])) > 3 else match[0], line)
    return re.sub(r"(GET|POST) /(?:version|cluster/[\w/-]+|access/ticket)", r"\1 {path}", line)


@SOURCE.cases()
def test_what_is_said_of_an_api_that_fails(block: Block, start: Start, tmp_path: Path, servers: Surroundings) -> None:
    kind, *lines = block.given
    if kind == "cluster:":
        exporter = Exporter(start, tmp_path, [servers.fill(line.strip()) for line in lines])
        first, second = exporter.start_lines(), exporter.scrape_lines()
        here = servers
    else:
        name = kind.removeprefix("fault: ")
        fault = FAULTS[name]
        # What is too much ends by its size, however slow the machine.
        timeout = "20s" if name.startswith("endless") else "3s"
        with Hostile(ROWS) as hostile:
            here = servers.beside(api=hostile.authority)
            hostile.every = fault
            first = Exporter(start, tmp_path, [f"endpoint: {hostile.url}"], timeout).start_lines()
            hostile.every = None
            exporter = Exporter(start, tmp_path, [f"endpoint: {hostile.url}"], timeout)
            wait_for(lambda: fetch(exporter.url + "/ready").status == 200, 20, "ready")
            hostile.every = fault
            second = exporter.scrape_lines()
    first, second = ([shown(here.strip(line)) for line in lines] for lines in (first, second))
    found = ["at the start:", *(f"  {line}" for line in first), "at a scrape:", *(f"  {line}" for line in sorted(set(second)))]
    assert_no_secret(found)
    SOURCE.check(block, found)

"""What `martlet doctor` says of LLM servers and of the way of lines to Loki, against the simulators and servers that lie."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY, Start, fetch, free_port, run
from llm_servers import LLMServer, answer, serving
from test_simulated_llm import KINDS as SERVER_KINDS
from test_simulated_llm import Servers

sys.path.insert(0, str(REPOSITORY / "scripts"))
from compare_llm_names.wheels import KINDS  # noqa: E402


class Doctor:
    """Runs the doctor in a folder of its own, and keeps the checks of LLM servers and logs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.status = 0

    def look(self, settings: str, env: Mapping[str, str] | None = None, timeout: str = "20s") -> dict[str, dict[str, dict[str, Any]]]:
        """By section and check, where of several the last counts."""
        (self.folder / "martlet.yml").write_text(settings)
        done = run("doctor", "--json", "--timeout", timeout, env=dict(env or {}), cwd=self.folder)
        self.status = done.returncode
        assert done.stderr == ""
        assert "s3cret" not in done.stdout
        sections = [section for section in json.loads(done.stdout)["sections"] if section["kind"] in ("llm", "logs")]
        return {section["name"]: {check["check"]: check for check in section["checks"]} for section in sections}

    def server(self, url: str, **keys: str) -> dict[str, dict[str, Any]]:
        lines = "".join(f"      {key}: {value}\n" for key, value in keys.items())
        return self.look(f"llm:\n  servers:\n    - name: chat\n      url: {url}\n{lines}")["llm server chat"]


@pytest.fixture
def doctor(tmp_path: Path) -> Doctor:
    folder = tmp_path / "doctor"
    folder.mkdir()
    return Doctor(folder)


def states(checks: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: check["state"] for name, check in checks.items()}


def test_servers_of_all_kinds(doctor: Doctor, start: Start, tmp_path: Path) -> None:
    """Each is known by its answers; and one that was started without metrics is told how to get them."""
    servers = Servers(start, tmp_path)
    entries = "".join(
        f"    - name: {kind}\n      url: {servers.url(kind)}\n      probe: {str(kind != 'triton').lower()}\n"
        + (f"      metrics_url: {servers.metrics_url(kind)}\n" if kind == "triton" else "")
        for kind in SERVER_KINDS
    )
    settings = f"llm:\n  servers:\n{entries}  allowed_targets: [{servers.url('vllm')}]\n"
    found = doctor.look(settings)
    assert states(found["llm"]) == {"targets": "information"}
    for kind in SERVER_KINDS:
        checks = found[f"llm server {kind}"]
        assert checks["connection"]["state"] == "ok", checks
        assert checks["kind"]["state"] == "ok" and checks["kind"]["summary"].endswith("as its answers tell"), checks
        assert checks["metrics"]["state"] == ("information" if kind == "ollama" else "ok"), checks
        assert checks.get("version", {"state": "ok"})["state"] in ("ok", "information"), checks
    for kind in ("vllm", "sglang", "llamacpp", "ollama"):
        assert found[f"llm server {kind}"]["probe"]["state"] == "ok", found
    assert doctor.status == (3 if found["llm server litellm"]["probe"]["state"] == "problem" else 0)
    for kind, line in (("sglang", "--enable-metrics"), ("llamacpp", "--metrics")):
        servers.fault(server=servers.of(kind)["name"], fault="metrics-disabled")
        checks = doctor.look(settings)[f"llm server {kind}"]
        assert checks["metrics"]["state"] == "warning" and checks["metrics"]["remedies"][0]["lines"] == [line], checks


def vllm(version: str = "0.33.0", **routes: Any) -> LLMServer:
    metrics = '# TYPE vllm:num_requests_running gauge\nvllm:num_requests_running{model_name="m",engine="0"} 1\n'
    pages = {
        "/metrics": answer(metrics), "/health": answer(""), "/version": answer({"version": version}),
        "/v1/models": answer({"object": "list", "data": [{"id": "m", "owned_by": "vllm", "max_model_len": 4096}]}),
    }  # fmt: skip
    return LLMServer(pages | routes)


def test_a_server_that_is_well_and_asks_nothing_dear(doctor: Doctor) -> None:
    with serving(server := vllm()):
        checks = doctor.server(server.url, probe="true")
        assert set(states(checks).values()) == {"ok"}
        assert {(method, path) for _, method, path, _ in server.asked} <= {("GET", path) for path in ("/metrics", "/health", "/version", "/v1/models")}
        assert doctor.server(server.url, probe="true", model="other")["probe"]["state"] == "warning"


def test_kinds_that_differ(doctor: Doctor) -> None:
    with serving(server := vllm()):
        checks = doctor.server(server.url, kind="sglang")
    assert checks["kind"]["state"] == "problem"
    assert checks["kind"]["remedies"][0]["lines"] == ["kind: vllm"]
    assert doctor.status == 3
    with serving(server := LLMServer({"*": answer("hello", 200, "text/html")})):
        assert doctor.server(server.url)["kind"]["state"] == "problem"


def test_who_is_not_let_in(doctor: Doctor) -> None:
    refusal = answer({"error": "Unauthorized"}, 401)
    token = doctor.folder / "token"
    token.write_text("s3cret\n")
    with serving(server := vllm(**{"/v1/models": refusal})):
        checks = doctor.server(server.url)
        assert checks["credential"]["state"] == "problem" and "none is named" in checks["credential"]["summary"]
        assert checks["credential"]["details"] == ["/v1/models: status 401"]
        checks = doctor.server(server.url, bearer_token_file=str(token))
        assert "does not take the token" in checks["credential"]["summary"]
        assert any(headers.get("Authorization") == "Bearer s3cret" for _, _, _, headers in server.asked)


def test_metrics_that_are_off(doctor: Doctor) -> None:
    pages = {
        "/ready": answer("ok"), "/model_info": answer({"model_path": "m"}), "/server_info": answer({"version": "0.5.9"}),
        "/v1/models": answer({"data": [{"id": "m", "owned_by": "sglang"}]}),
    }  # fmt: skip
    with serving(server := LLMServer(pages)):
        checks = doctor.server(server.url)
    assert checks["kind"]["summary"] == "it is SGLang, as its answers tell"
    assert checks["metrics"]["state"] == "warning"
    assert checks["metrics"]["remedies"] == [{"where": "server", "text": "start it with this flag", "lines": ["--enable-metrics"]}]


def test_a_clock_that_is_wrong(doctor: Doctor) -> None:
    with serving(server := vllm()):
        assert "clock" not in doctor.server(server.url)
        handler: Any = server.server.RequestHandlerClass
        handler.date_time_string = lambda self, timestamp=None: "Sun, 06 Nov 1994 08:49:37 GMT"
        checks = doctor.server(server.url)
    assert checks["clock"]["state"] == "warning" and "behind this machine's" in checks["clock"]["summary"]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_versions_are_those_that_names_were_compared_with(doctor: Doctor, kind: str) -> None:
    newest, oldest = KINDS[kind].versions[0], KINDS[kind].versions[-1]
    marks = {"vllm": "vllm:x", "sglang": "sglang:x", "litellm": "litellm_x"}

    def look(version: str) -> str:
        pages = {
            "/metrics": answer(f"# TYPE {marks[kind]} gauge\n{marks[kind]} 1\n"), "/version": answer({"version": version}),
            "/server_info": answer({"version": version}), "/health/readiness": answer({"status": "ok", "litellm_version": version}),
        }  # fmt: skip
        with serving(server := LLMServer(pages)):
            return str(doctor.server(server.url, kind=kind)["version"]["state"])

    def next_to(version: str, step: int) -> str:
        numbers = [int(part) for part in version.split(".")[:3]]
        numbers[-1] += step
        return ".".join(map(str, numbers if numbers[-1] >= 0 else [*numbers[:-2], numbers[-2] - 1, 99]))

    assert [look(newest), look(oldest)] == ["ok", "ok"]
    assert look(next_to(newest, 1)) == "information"
    assert look(next_to(oldest, -1)) == "warning"


def test_nobody_is_there(doctor: Doctor) -> None:
    port, other = free_port(), free_port()
    found = doctor.look(f"llm:\n  servers:\n    - url: http://127.0.0.1:{port}\n  ports: [{other}]\n  allowed_targets: ['http://169.254.169.254']\n")
    assert states(found[f"llm server 127.0.0.1:{port}"]) == {"connection": "problem"}
    assert states(found[f"port 127.0.0.1:{other}"]) == {"connection": "information"}
    assert states(found["llm"]) == {"targets": "warning"}
    assert doctor.status == 3


# MARK: logs


@pytest.fixture
def journal(tmp_path: Path) -> dict[str, str]:
    """A journalctl whose last entry is ten seconds old."""
    folder = tmp_path / "bin"
    folder.mkdir()
    entry = f"__CURSOR=s=1;i=2\\n__REALTIME_TIMESTAMP={int((time.time() - 10) * 1e6)}\\nPRIORITY=6\\n\\n"
    program = folder / "journalctl"
    program.write_text(f"#!/bin/sh\nprintf '{entry}'\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def logs(url: str, folder: Path, **keys: str) -> str:
    more = "".join(f"    {key}: {value}\n" for key, value in keys.items())
    return f"logs:\n  containers: false\n  state_dir: {folder}\n  loki:\n    url: {url}\n{more}"


def test_lines_and_their_loki(doctor: Doctor, start: Start, journal: dict[str, str]) -> None:
    address = f"127.0.0.1:{free_port()}"
    loki = start("simulate", "loki", "--listen", address)
    loki.wait_until(f"http://{address}/ready")
    folder = doctor.folder / "state"
    found = doctor.look(logs(f"http://{address}", folder), journal)["logs"]
    assert states(found) == {"loki": "ok", "version": "ok", "journal": "ok", "state": "information"}
    assert "its newest entry is 1" in found["journal"]["summary"]
    assert not folder.exists()
    # Nothing was sent.
    assert "simulated_loki_pushes_total 0" in fetch(f"http://{address}/metrics").text
    # One that is at work holds the folder.
    shipper = start(
        "logs", "--web.listen-address", f"127.0.0.1:{free_port()}", "--logs.loki-url", f"http://{address}", "--logs.state-dir", str(folder),
        "--no-logs.containers", env=journal,
    )  # fmt: skip
    deadline = time.monotonic() + 20
    while not (folder / "places.json").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    found = doctor.look(logs(f"http://{address}", folder), journal)["logs"]
    assert found["state"]["summary"].endswith("ships lines") and found["state"]["state"] == "ok"
    shipper.stop()
    assert doctor.look(logs(f"http://{address}", folder), journal)["logs"]["state"]["summary"].endswith("remembers what Loki has stored")
    (folder / "places.json").write_text("{")
    assert doctor.look(logs(f"http://{address}", folder), journal)["logs"]["state"]["state"] == "problem"


def test_a_loki_that_is_not_there_or_another(doctor: Doctor, journal: dict[str, str]) -> None:
    folder = doctor.folder / "state"
    found = doctor.look(logs(f"http://127.0.0.1:{free_port()}", folder), journal)["logs"]
    assert found["loki"]["state"] == "problem" and found["loki"]["remedies"][0]["lines"][0].endswith("/ready'")
    labels = answer({"status": "success", "data": []})
    for pages, expected in (
        ({}, {"loki": "problem"}),
        ({"/ready": answer("Ingester not ready: waiting for 15s", 503), "/loki/api/v1/labels": labels}, {"loki": "warning"}),
        ({"/ready": answer("no org id", 401), "/loki/api/v1/labels": answer("no org id", 401)}, {"credential": "problem"}),
        ({"/ready": answer("ready"), "/loki/api/v1/labels": labels, "/loki/api/v1/status/buildinfo": answer({"version": "2.9.8"})}, {"loki": "ok", "version": "problem"}),
    ):  # fmt: skip
        with serving(server := LLMServer(pages)):
            found = doctor.look(logs(server.url, folder), journal)["logs"]
        assert states(found) == expected | {"journal": "ok", "state": "information"}, found
    assert "nobody is named" in doctor.look("logs:\n  labels: {cluster: lab}\n", journal)["logs"]["loki"]["summary"]


def test_a_journal_that_tells_nothing(doctor: Doctor, tmp_path: Path) -> None:
    program = tmp_path / "journalctl"
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    for script, state in (("echo 'No journal files were found.' >&2", "warning"), ("echo denied >&2; exit 1", "problem"), ("exec sleep 60", "problem")):
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        assert doctor.look(logs(f"http://127.0.0.1:{free_port()}", tmp_path / "state"), env, "2s")["logs"]["journal"]["state"] == state

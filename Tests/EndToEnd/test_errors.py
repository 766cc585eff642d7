"""What goes wrong at the start: one clear line, an exit code that is not 0, nothing half-started."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from conftest import free_port, run
from exporting import environment
from replay import Replay

CLUSTER = "proxmox:\n  clusters:\n    - endpoint: http://127.0.0.1:1\n      "
TOKEN = "token: monitor@pve!exporter=SECRET\n"


def one_line(result, code: int = 1) -> str:  # type: ignore[no-untyped-def]
    assert result.returncode == code, result
    assert result.stdout == "" and result.stderr.count("\n") == 1, result
    assert result.stderr.startswith("martlet: ")
    return result.stderr.removeprefix("martlet: ").strip()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["exporter", "--web.listen-adress", "x"], "unknown flag --web.listen-adress; did you mean --web.listen-address?"),
        (["exporter", "--nonsense"], "unknown flag --nonsense; see martlet exporter --help"),
        (["exprter"], 'unknown command "exprter"; did you mean exporter?'),
        (["exporter", "--web.listen-address"], "--web.listen-address needs a value; see martlet exporter --help"),
        (["exporter", "now"], 'unexpected argument "now"; see martlet exporter --help'),
        (["up", "--simulate.nodes", "many"], '--simulate.nodes: expected a whole number from 1 to 200, not "many"'),
        (["up", "--webhook.listen-address", "here"], '--webhook.listen-address: listen address "here" is not HOST:PORT, as in 127.0.0.1:9221 or [::1]:9221'),
    ],
)
def test_wrong_command_lines(arguments: list[str], message: str) -> None:
    assert one_line(run(*arguments), code=2) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("log:\n  level: [info\n", "martlet.yml:3:1: not valid YAML: did not find expected ',' or ']'; close the bracket that was opened in line 2"),
        ("log:\n  levl: info\n", 'martlet.yml:2:3: unknown key "levl" in log; did you mean "level"?'),
        ("log:\n  level: inof\n", 'martlet.yml:2:10: log.level: expected one of debug, info, warn, error, not "inof"; did you mean info?'),
        ("web:\n  max_requests: many\n", 'martlet.yml:2:17: web.max_requests: expected a whole number from 1 to 10000, not "many"'),
        (CLUSTER + "name: lab\n", "martlet.yml:3:7: cluster http://127.0.0.1:1 needs a token or a token_file, or a user with a password"),
        (CLUSTER + "token: letmein\n", "martlet.yml:4:14: an API token reads USER@REALM!NAME=SECRET; the part from = on is missing"),
        (CLUSTER + "token_file: /nowhere/token\n", "martlet.yml:4:19: token_file /nowhere/token: cannot read /nowhere/token: No such file or directory"),
        ("web:\n  listen_address: 10.0.0:80\n" + CLUSTER + TOKEN, 'martlet.yml:2:19: listen address "10.0.0:80": "10.0.0" is not a numeric IP address'),
    ],
    ids=["yaml", "key", "choice", "number", "no token", "bad token", "token file", "address"],
)
def test_wrong_settings(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "martlet.yml").write_text(text)
    assert one_line(run("exporter", cwd=tmp_path)) == message


def test_no_cluster(tmp_path: Path) -> None:
    assert "no Proxmox cluster is configured" in one_line(run("exporter", cwd=tmp_path))


def test_wrong_setting_in_the_environment(tmp_path: Path) -> None:
    result = run("exporter", cwd=tmp_path, env={"MARTLET_LOG__LEVEL": "loud"})
    assert one_line(result) == 'environment variable MARTLET_LOG__LEVEL: log.level: expected one of debug, info, warn, error, not "loud"'


def test_environment_deeper_than_any_setting(tmp_path: Path) -> None:
    line = one_line(run("exporter", cwd=tmp_path, env={"MARTLET_" + "A__" * 20_000: "1"}))
    assert line.endswith("longer than the name of any setting") and len(line) < 200


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to become somebody else")
def test_token_file_that_may_not_be_read(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("monitor@pve!exporter=SECRET")
    secret.chmod(0)
    (tmp_path / "martlet.yml").write_text(CLUSTER + f"token_file: {secret}\n")
    import subprocess

    from conftest import MARTLET

    # As nobody: root may read everything.
    for folder in [tmp_path, *tmp_path.parents][:4]:
        folder.chmod(folder.stat().st_mode | 0o755)
    copy = tmp_path / "martlet"
    copy.write_bytes(MARTLET.read_bytes())
    copy.chmod(0o755)
    result = subprocess.run([copy, "exporter"], cwd=tmp_path, user=65534, group=65534, capture_output=True, text=True, timeout=30)
    assert one_line(result) == f"martlet.yml:4:19: token_file {secret}: cannot read {secret}: Permission denied"


def test_busy_port(tmp_path: Path) -> None:
    with socket.socket() as holder, Replay.from_recordings() as api:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        result = run("exporter", "--log.level", "error", "--web.listen-address", f"127.0.0.1:{port}", env=environment(api), cwd=tmp_path)
        assert one_line(result) == f"port {port} on 127.0.0.1 is in use; choose another with --web.listen-address"


def test_wrong_token(tmp_path: Path) -> None:
    with Replay.from_recordings() as api:
        env = environment(api) | {"PROXMOX_TOKEN_VALUE": "WRONG-SECRET"}
        line = one_line(run("exporter", "--web.listen-address", f"127.0.0.1:{free_port()}", env=env, cwd=tmp_path))
        assert "refuses the API token (401)" in line and "WRONG-SECRET" not in line
        # Every refusal is logged over there and delayed by three seconds: one is enough.
        assert sum(api.counts.values()) == 1


def test_secrets_show_in_no_page_and_no_log(tmp_path: Path) -> None:
    import subprocess
    import time

    from conftest import MARTLET, fetch, wait_for

    port = free_port()
    with Replay.from_recordings() as api:
        process = subprocess.Popen(
            [MARTLET, "exporter", "--log.level", "debug", "--web.listen-address", f"127.0.0.1:{port}"],
            cwd=tmp_path, env={"PATH": "/usr/bin"} | environment(api), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        wait_for(lambda: fetch(f"http://127.0.0.1:{port}/ready").status == 200, 10, "ready")
        pages = "".join(fetch(f"http://127.0.0.1:{port}{path}").text for path in ["/", "/metrics", "/health", "/ready"])
        time.sleep(0.1)
        process.terminate()
        output, _ = process.communicate(timeout=10)
    assert "SECRET" not in pages and "SECRET" not in output and output

"""What goes wrong at the start and does not fit into errors/main.txt: one clear line, an exit code that is not 0, nothing half-started."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from conftest import free_port, run
from exporting import environment
from replay import Replay

CLUSTER = "proxmox:\n  clusters:\n    - endpoint: http://127.0.0.1:1\n      "


def one_line(result, code: int = 1) -> str:  # type: ignore[no-untyped-def]
    assert result.returncode == code, result
    assert result.stdout == "" and result.stderr.count("\n") == 1, result
    assert result.stderr.startswith("martlet: ")
    return result.stderr.removeprefix("martlet: ").strip()


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
    assert one_line(result) == f"martlet.yml:4:19: token_file: cannot read {secret}: Permission denied"


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
        assert "refuses the API token monitor@pve!exporter (401)" in line and "WRONG-SECRET" not in line
        # Every refusal is logged over there and delayed by three seconds: one is enough.
        assert sum(api.counts.values()) == 1

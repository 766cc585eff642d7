"""What docs/security.md tells people to do, done."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from conftest import REPOSITORY

PAGE = (REPOSITORY / "docs/security.md").read_text()


def blocks(language: str, contains: str) -> list[str]:
    return [block for block in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if contains in block]


def test_the_certificates_can_be_made_and_belong_together(tmp_path: Path) -> None:
    for block in blocks("sh", "openssl req"):
        subprocess.run(["sh", "-e", "-c", block], cwd=tmp_path, check=True, capture_output=True, timeout=60)
    for name, purpose in (("server.crt", "sslserver"), ("prometheus.crt", "sslclient")):
        check = subprocess.run(["openssl", "verify", "-CAfile", "ca.crt", "-purpose", purpose, name], cwd=tmp_path, capture_output=True, text=True)
        assert check.stdout == f"{name}: OK\n", check.stderr


def test_prometheus_takes_its_part(tmp_path: Path) -> None:
    examples = blocks("yaml", "# prometheus.yml\n")
    assert len(examples) == 2
    for example in examples:
        (tmp_path / "prometheus.yml").write_text(example)
        check = subprocess.run(
            ["promtool", "check", "config", "--syntax-only", tmp_path / "prometheus.yml"], capture_output=True, text=True, timeout=30)
        assert check.returncode == 0, check.stdout + check.stderr


@pytest.mark.parametrize("name", ["cert_file", "client_allowed_sans", "rate_limit", "headers", "open_paths", "basic_auth_users"])
def test_every_part_of_the_format_has_an_example(name: str) -> None:
    assert any(re.search(rf"^ *{name}:", block, re.MULTILINE) for block in blocks("yaml", "# /etc/martlet/web.yml\n"))

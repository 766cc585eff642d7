"""What docs/security.md tells people to do, done."""

from __future__ import annotations

import copy
import re
import subprocess
from pathlib import Path

import pytest
from conftest import REPOSITORY, Start
from exporting import Exporter, environment
from handmade import API, as_of_8_4
from replay import Replay
from slow_lane import Seen
from test_migration_page import rows

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


def lacking(start: Start, release: int) -> set[tuple[str, str]]:
    """The rights, with their paths, that the program says are missing for who has none."""
    answers = copy.deepcopy(Replay.from_recordings().answers) | {f"{API}/access/permissions": {}}
    with Replay.from_rows(answers if release == 9 else as_of_8_4(answers)) as api:
        seen = Seen(Exporter(start, environment(api)).metrics().text)
    return {(own["privilege"], own["path"]) for own in seen.series("pve_missing_privilege_info")}


@pytest.mark.parametrize("release", [8, 9])
def test_the_role_has_what_the_program_needs_and_no_more(start: Start, release: int) -> None:
    roles = {frozenset(role.split()) for role in re.findall(r"^pveum role add Martlet --privs '(.*)'$", PAGE, re.MULTILINE)}
    # Of 8 the page says why the right to agents is not in it.
    needed = {privilege for privilege, _ in lacking(start, release)} - {"VM.Monitor"}
    assert len(roles) == 2 and needed in roles


def test_the_table_has_each_right_with_its_path(start: Start) -> None:
    table = PAGE[PAGE.index("| right | on |") :].split("\n\n")[0]
    listed = {(right, path.strip("`")) for rights, path, _ in rows(table) for right in re.findall("`(.*?)`", rights)}
    assert listed == lacking(start, 8) | lacking(start, 9)

"""The rules' behaviour: promtool runs each file of prometheus/rules/tests/.

Stands alone, as it takes more computing than the rest of what is said about the rules, and each file of tests is one worker's.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from conftest import REPOSITORY

FILES = sorted((REPOSITORY / "prometheus/rules/tests").glob("*_test.yml"))


# Those that play whole days take a minute of a processor.
@pytest.mark.parametrize("path", [pytest.param(path, id=path.name, marks=[pytest.mark.e2e] if "days" in path.name else []) for path in FILES])
def test_rules_do_what_their_tests_say(path: Path) -> None:
    done = subprocess.run(["promtool", "test", "rules", str(path)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_a_file_for_each_scope() -> None:
    scopes = {path.stem.removesuffix("_test") for path in FILES}
    alerts = {path.stem.removeprefix("alerts-") for path in (REPOSITORY / "prometheus/rules").glob("alerts-*.yml")}
    assert alerts <= scopes

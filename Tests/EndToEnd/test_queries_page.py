"""docs/queries.md: what it tells people to copy is PromQL, about families that there are."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from conftest import run

PAGE = Path(__file__).parents[2] / "docs/queries.md"


def blocks() -> list[str]:
    return re.findall(r"^```promql\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


def expressions(block: str) -> list[str]:
    """Those of one block: a comment begins one, and a line without an operator to go on from begins another."""
    found: list[str] = []
    depth, is_new = 0, True
    for line in block.splitlines():
        if not line.strip() or line.startswith("#"):
            is_new = True
            continue
        goes_on = depth > 0 or line.startswith((" ", ")", "or ", "and ", "unless ")) or (found and not is_new and found[-1].rstrip().endswith(("(", "or", "and")))
        if goes_on and found and not is_new:
            found[-1] += "\n" + line
        else:
            found.append(line)
        is_new = False
        depth += line.count("(") - line.count(")")
    return found


ALL = [expression for block in blocks() for expression in expressions(block)]


def test_there_are_some() -> None:
    assert len(ALL) >= 20


@pytest.mark.parametrize("expression", ALL)
def test_expression(expression: str, tmp_path: Path) -> None:
    rules = {"groups": [{"name": "page", "rules": [{"alert": "Page", "expr": expression}]}]}
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules))
    checked = subprocess.run(["promtool", "check", "rules", tmp_path / "rules.yml"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_families_are_there() -> None:
    known = set(re.findall(r"^\| `(\w+)` \|", run("metrics", "--format", "markdown").stdout, re.MULTILINE))
    named = set(re.findall(r"\b(?:pve|zfs|martlet)_\w*[a-z]\b", "\n".join(ALL))) - {"zfs_"}
    assert len(named) > 25 and named <= known, sorted(named - known)

"""`scripts/test-alerts.sh`, by which people try whether alerts reach them."""

from __future__ import annotations

import os
import subprocess

import pytest

from conftest import MARTLET, REPOSITORY


def trial(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [REPOSITORY / "scripts/test-alerts.sh", *words], env={**os.environ, "MARTLET": str(MARTLET)}, capture_output=True, text=True, timeout=900)


def test_words_that_it_does_not_know() -> None:
    ended = trial("--simulate", "cpus")
    assert ended.returncode == 2 and "unknown word cpus" in ended.stderr and "Usage: scripts/test-alerts.sh" in ended.stderr


@pytest.mark.e2e
def test_all_that_a_simulated_estate_can_show() -> None:
    ended = trial("--simulate", "all")
    assert [line.split(":")[1:3] for line in ended.stdout.splitlines()] == [[" pass", f" {word}"] for word in ("cpu", "memory", "disk", "network")], ended.stdout + ended.stderr
    assert ended.returncode == 0

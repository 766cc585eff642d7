"""Tables of errors as files that a person reads: what is given, and below it what comes of that, as martlet says it.

A table is blocks, each with a title behind `==`, what is given, and an outcome, which is the block's last part: it begins with one of the
table's own words and goes on with indented lines. `RECORD=1` writes the outcomes anew; the diff is to be read.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from listeners import Authority, fingerprint_of
from replay import Replay

TABLES = Path(__file__).parent / "errors"
RECORD = os.environ.get("RECORD") == "1"

TOKEN = "monitor@pve!exporter=SESAME"
# Of all secrets in the tables at least this part is told by nobody.
SECRETS = ("SESAME", "hunter2", "X0h1gDsPszWURQaxFh")


@dataclass(frozen=True)
class Block:
    """One case of a table."""

    title: str
    given: tuple[str, ...]
    outcome: tuple[str, ...]


class Table:
    """A file of blocks."""

    def __init__(self, name: str, outcome_words: Sequence[str]) -> None:
        """The outcome begins at the first line that begins with one of the words."""
        self.path = TABLES / name
        self.starts = re.compile("|".join(map(re.escape, outcome_words)))
        self.head, *texts = re.split(r"^== ", self.path.read_text(), flags=re.MULTILINE)
        self.blocks = [self._block(text) for text in texts]
        titles = [block.title for block in self.blocks]
        assert len(set(titles)) == len(titles), f"{name}: {[title for title in titles if titles.count(title) > 1]} stand there twice"
        self.recorded: dict[str, Sequence[str]] = {}

    def _block(self, text: str) -> Block:
        title, *lines = text.rstrip("\n").split("\n")
        # What is given may hold empty lines and comments of its own; those in front of the next block are nobody's.
        start = next((index for index, line in enumerate(lines) if self.starts.match(line)), len(lines))
        return Block(title, tuple(lines[:start]), tuple(lines[start:]))

    def check(self, block: Block, found: Sequence[str]) -> None:
        """Holds what came against what is written, or writes it."""
        if RECORD:
            self.recorded[block.title] = found
            self._write()
        assert RECORD or list(block.outcome) == list(found), "\n".join(found)

    def _write(self) -> None:
        text = self.head
        for block in self.blocks:
            outcome = self.recorded.get(block.title, block.outcome)
            text += "\n".join([f"== {block.title}", *block.given, *outcome]) + "\n\n"
        self.path.write_text(text.rstrip("\n") + "\n")

    def cases(self, take: Callable[[Block], bool] = lambda _: True) -> pytest.MarkDecorator:
        """For a test with the argument `block`."""
        taken = [block for block in self.blocks if take(block)]
        return pytest.mark.parametrize("block", taken, ids=[block.title.replace(" ", "-") for block in taken])


@dataclass
class Surroundings:
    """What the placeholders of a table stand for: `{api}` in a file is the authority of an API, and so it is in a message."""

    values: dict[str, str] = field(default_factory=dict)

    def fill(self, text: str) -> str:
        for name, value in self.values.items():
            text = text.replace("{" + name + "}", value)
        return text

    def strip(self, text: str) -> str:
        for name, value in sorted(self.values.items(), key=lambda pair: -len(pair[1])):
            text = text.replace(value, "{" + name + "}")
        return text

    def beside(self, **values: str) -> Surroundings:
        return Surroundings(self.values | values)


@contextmanager
def surrounded(folder: Path) -> Iterator[Surroundings]:
    """APIs over HTTP and HTTPS that let the token in, and what is said of certificates, made in the folder."""
    ours, theirs = Authority(folder, "ours"), Authority(folder, "theirs")
    good = ours.issue("good")
    with ExitStack() as stack:
        api = stack.enter_context(Replay.from_recordings(token=TOKEN, login=("monitor@pve", "hunter2-SESAME")))
        other = stack.enter_context(Replay.from_recordings(token=TOKEN))
        tls = stack.enter_context(Replay.from_recordings(token=TOKEN, certificate=good))
        yield Surroundings({
            "api": f"127.0.0.1:{api.port}", "other": f"127.0.0.1:{other.port}", "tls": f"127.0.0.1:{tls.port}",
            "authority": str(ours.pem), "server": str(good), "stranger": str(theirs.pem), "fingerprint": fingerprint_of(good),
        })  # fmt: skip


def assert_no_secret(lines: Sequence[str]) -> None:
    assert not any(secret in line for line in lines for secret in SECRETS), lines

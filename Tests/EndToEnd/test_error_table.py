"""What martlet says of a configuration or a command line, word for word: errors/main.txt.

The file says at its head how it reads. Renew it with `RECORD=1 pytest Tests/EndToEnd/test_error_table.py`, and read its diff as the tired
person would who gets the message at night: what, where, why, what to do.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import MARTLET, environment_without_settings, free_port
from error_table import Block, Surroundings, Table, assert_no_secret, surrounded

MAIN = Table("main.txt", ("exits ", "listens"))

COMMAND = "martlet exporter --web.listen-address 127.0.0.1:0"


@pytest.fixture(scope="module")
def surroundings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surroundings]:
    with surrounded(tmp_path_factory.mktemp("certificates")) as surroundings:
        yield surroundings


class Case:
    """What a block gives: files, variables and a command line, in a folder of its own."""

    FILE = re.compile(r"(\S+)(?: \((escaped|folder|mode (\d+))\))?:")

    def __init__(self, block: Block, folder: Path, surroundings: Surroundings) -> None:
        self.folder, self.surroundings = folder, surroundings
        command = COMMAND
        path: Path | None = None
        files: dict[Path, list[str]] = {}
        modes: dict[Path, int] = {}
        escaped: set[Path] = set()
        for line in block.given:
            if line.startswith("$ "):
                command = line[2:]
            elif match := self.FILE.fullmatch(line):
                path = folder / match[1]
                if match[2] == "folder":
                    path.mkdir()
                    continue
                files[path] = []
                modes[path] = int(match[3] or "600", 8)
                if match[2] == "escaped":
                    escaped.add(path)
            elif line.startswith("  ") and path is not None:
                files[path].append(line[2:])
            else:
                assert not line, f"{block.title}: {line!r} is neither command nor file"
        for path, lines in files.items():
            text = surroundings.fill("\n".join(lines) + "\n" if lines else "")
            # Escapes stand for bytes, the rest of the line for itself.
            path.write_bytes(text.encode().decode("unicode_escape").encode("latin-1") if path in escaped else text.encode())
            path.chmod(modes[path])
        words = shlex.split(surroundings.fill(command))
        self.env = dict(word.split("=", 1) for word in words[: words.index("martlet")])
        self.words = words[words.index("martlet") + 1 :]

    def run(self) -> tuple[int | None, str, str]:
        """The status, or nothing if it began to listen and was ended then; stdout and stderr."""
        out, err = self.folder / "stdout.txt", self.folder / "stderr.txt"
        with out.open("wb") as output, err.open("wb") as errors:
            process = subprocess.Popen(
                [MARTLET, *self.words], cwd=self.folder, env=environment_without_settings() | self.env, stdout=output, stderr=errors)
        try:
            deadline = time.monotonic() + 20
            listens = False
            while process.poll() is None and not listens:
                assert time.monotonic() < deadline, f"neither ended nor listens:\n{err.read_text()}"
                listens = "listening" in err.read_text(errors="replace")
                time.sleep(0.005)
            if listens:
                process.terminate()
            status = process.wait(20)
            assert not listens or status == 0
            return None if listens else status, out.read_text(), err.read_text()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()

    def outcome(self) -> list[str]:
        status, out, err = self.run()
        lines = ["listens" if status is None else f"exits {status}"]
        if out:
            first, _, rest = out.partition("\n")
            first = re.sub(r"\d+\.\d+\.\d+ \(revision [^)]*\)", "{version}", first)
            lines.append(f"  prints {first}" + (" …" if rest else ""))
        said = err.splitlines()
        if status is None:
            # What comes behind belongs to the first scrape, and may come or not.
            said = said[: max(index for index, line in enumerate(said) if "listening" in line) + 1]
        for line in said:
            line = re.sub(r'^time=\S+ |(?<=^\{)"time":"[^"]+",', "", self.surroundings.strip(line))
            lines.append("  " + re.sub(r"(listening\W+service\W+\w+\W+address\W+(?:127\.0\.0\.1|\[::1\])):\d+", r"\1:{port}", line))
        return lines


@MAIN.cases()
def test_what_is_wrong_with_a_configuration(block: Block, tmp_path: Path, surroundings: Surroundings) -> None:
    case = Case(block, tmp_path, surroundings.beside(tmp=str(tmp_path), port=str(free_port())))
    found = case.outcome()
    assert_no_secret(found)
    MAIN.check(block, found)
    if found[0].startswith("exits") and found[0] != "exits 0":
        # What is said before the end may be a warning; of the end itself there is one line, and that is the last.
        assert [line.startswith("  martlet: ") for line in found[1:]].index(True) == len(found) - 2

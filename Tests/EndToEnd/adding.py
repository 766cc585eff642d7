"""What docs/adding-a-collector.md tells people to do, and a copy of the repository to do it in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from conftest import REPOSITORY, environment_without_settings

PAGE = REPOSITORY / "docs/adding-a-collector.md"
BLOCK = re.compile(r"^`([^`\n]+)`:\n\n```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
KIND = "\n## A kind of LLM server\n"


@dataclass(frozen=True)
class Line:
    """The one line that an existing file gets."""

    path: str
    before: str
    """Text of the file as it is, around the line."""
    after: str

    def fits(self, root: Path) -> bool:
        return (root / self.path).read_text().count(self.before) == 1


@dataclass(frozen=True)
class Part:
    """One of the two things that the page adds."""

    files: dict[str, str]
    line: Line

    def apply(self, root: Path) -> None:
        assert self.line.fits(root)
        for path, text in self.files.items():
            file = root / path
            assert not file.exists(), f"{path} is there already"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        file = root / self.line.path
        file.write_text(file.read_text().replace(self.line.before, self.line.after))


def line(path: str, text: str) -> Line:
    lines = text.splitlines()
    assert all(one[0] in " +" for one in lines) and sum(one[0] == "+" for one in lines) == 1, f"{path} gets more, or less, than a line:\n{text}"
    return Line(path, "".join(one[1:] + "\n" for one in lines if one[0] == " "), "".join(one[1:] + "\n" for one in lines))


def part(text: str) -> Part:
    blocks = BLOCK.findall(text)
    lines = [line(path, block) for path, language, block in blocks if language == "diff"]
    assert len(lines) == 1, "a part of the page has one block of diff"
    return Part({path: block for path, language, block in blocks if language != "diff"}, lines[0])


def parts() -> tuple[Part, Part]:
    """The collector and the kind of server, as the page has them."""
    collector, separator, kind = PAGE.read_text().partition(KIND)
    assert separator, f"{PAGE.name} has no heading {KIND.strip()}"
    return part(collector), part(kind)


def can_stand_in() -> bool:
    """Whether a folder can be mounted over the repository, for one process."""
    return shutil.which("unshare") is not None and subprocess.run([*Copy.NAMESPACE, "sh", "-c", "mount --bind / /mnt"], capture_output=True).returncode == 0


class Copy:
    """The repository as it is, somewhere else. What is built in it is built in the repository's place, in a namespace where the copy stands there: so
    what has been built before, which knows its place, counts, and minutes become one or two."""

    NAMESPACE = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]

    def __init__(self, root: Path) -> None:
        self.root = root
        names = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=REPOSITORY, capture_output=True, check=True).stdout.decode().split("\0")
        for name in names:
            if name and (REPOSITORY / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(REPOSITORY / name, root / name, follow_symlinks=False)
        self.git("init", "-q")
        self.commit()
        self.stands_in = can_stand_in()
        if self.stands_in:
            self._take_what_is_built()

    def _take_what_is_built(self) -> None:
        built, copy = REPOSITORY / ".build", self.root / ".build"
        debug = (built / "debug").resolve()
        copy.mkdir()
        if not debug.is_dir():
            return
        folder = copy / debug.relative_to(built)
        folder.parent.mkdir(parents=True)
        for what, where in [(debug, folder), (built / "plugins", copy / "plugins")]:
            if what.is_dir():
                subprocess.run(["cp", "-a", "--reflink=auto", what, where], check=True)
        for file in built.iterdir():
            if file.is_symlink() or file.is_file() and file.suffix in (".db", ".yaml", ".json"):
                shutil.copy2(file, copy / file.name, follow_symlinks=False)

    @property
    def martlet(self) -> Path:
        return self.root / ".build/debug/martlet"

    def git(self, *arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, text=True, check=True).stdout

    def commit(self) -> None:
        self.git("add", "-A")
        self.git("-c", "user.name=test", "-c", "user.email=test@example.org", "commit", "-q", "-m", "As it is")

    def run(self, *command: str, seconds: float = 60, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a command in the copy, in the repository's place if that can be."""
        words, place = list(command), self.root
        if self.stands_in:
            script = 'mount --make-rprivate / && mount --bind "$0" "$1" && cd "$1" && shift && exec "$@"'
            words, place = [*self.NAMESPACE, "sh", "-c", script, str(self.root), str(REPOSITORY), *words], Path("/")
        return subprocess.run(words, cwd=place, capture_output=True, text=True, timeout=seconds, input=stdin, env=environment_without_settings())

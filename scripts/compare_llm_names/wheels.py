"""Wheels: fetched by pip, and kept without all that is no Python source."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from compare_llm_names.family import Family
from compare_llm_names.kinds import KINDS, Kind
from compare_llm_names.library import Library
from compare_llm_names.reading import read

FETCH_SECONDS = 900


class NotFetched(Exception):
    """pip could not give a wheel."""


@dataclass(frozen=True)
class Wheel:
    kind: Kind
    version: str
    path: Path

    @cached_property
    def reading(self) -> tuple[dict[str, Family], list[str]]:
        return read(Library(self.path), self.kind)

    @property
    def families(self) -> dict[str, Family]:
        return self.reading[0]

    @property
    def unread_names(self) -> list[str]:
        return self.reading[1]


def opened(path: Path) -> Wheel:
    """A wheel that lies there, by its file's name."""
    package, version = ([*path.name.split("-"), ""])[:2]
    kind = next((kind for kind in KINDS.values() if kind.package == package.lower()), None)
    if not kind or not version[:1].isdigit():
        raise ValueError(f"{path}: a wheel's name begins with one of {', '.join(kind.package for kind in KINDS.values())} and a version")
    return Wheel(kind, version, path)


def fetched(kind: Kind, version: str, cache: Path) -> Wheel:
    """A wheel's source out of the cache, or out of the registry. Nothing of it is installed or run."""
    kept = cache / f"{kind.package}-{version}-py3-none-any.whl"
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            words = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:"]
            try:
                done = subprocess.run([*words, "--dest", folder, f"{kind.package}=={version}"], capture_output=True, text=True, timeout=FETCH_SECONDS)
            except subprocess.TimeoutExpired:
                raise NotFetched(f"{kind.package} {version}: not there after {FETCH_SECONDS} s") from None
            wheel = next(Path(folder).glob("*.whl"), None)
            if not wheel:
                raise NotFetched(f"{kind.package} {version}: {' '.join(done.stderr.split()[-40:])}")
            keep_source(wheel, Path(folder) / "kept")
            (Path(folder) / "kept").rename(kept)
    return Wheel(kind, version, kept)


def keep_source(wheel: Path, kept: Path) -> None:
    with zipfile.ZipFile(wheel) as whole, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as source:
        for info in whole.infolist():
            if info.filename.endswith(".py"):
                source.writestr(info.filename, whole.read(info))


def order(version: str) -> tuple[list[int], int]:
    """What versions are put in order by: their numbers, and then candidates before and revisions after them."""
    release = re.match(r"[0-9.]*", version)
    numbers = [int(part) for part in release.group().split(".") if part] if release else []
    while numbers and numbers[-1] == 0:
        numbers.pop()
    rest = version[release.end() :] if release else version
    revision = re.search(r"\d+", rest)
    later = int(revision.group()) if revision else 0
    return numbers, later if rest.startswith(("post", "-")) else -1 if rest else 0

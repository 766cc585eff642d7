"""docs/migration.md against the program, its reference pages and the programs that people come from."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import MARTLET, REPOSITORY, run
from test_pve_failures import DIFFERENCES

PAGE = (REPOSITORY / "docs/migration.md").read_text()
NATIVE_PAGE, _, DROP_IN_PAGE = (REPOSITORY / "docs/metrics.md").read_text().partition("\n# On /pve\n")
SETTINGS_PAGE = (REPOSITORY / "docs/settings.md").read_text()

FAMILY = re.compile(r"(?:pve|martlet|process|zfs)_\w+")
Row = list[str]


def rows(text: str) -> list[Row]:
    """The cells of all tables, without their heads."""
    found: list[Row] = []
    lines = text.splitlines()
    for number, line in enumerate(lines):
        is_head = number + 1 < len(lines) and lines[number + 1].startswith("| ---")
        if line.startswith("| ") and not line.startswith("| ---") and not is_head:
            found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def section(title: str) -> str:
    """What stands below a heading, up to the next one of its level or above."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,6}} |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, title
    level = len(found[1])
    rest = re.split(rf"^#{{1,{level}}} ", PAGE[found.start(2) :], maxsplit=1, flags=re.MULTILINE)
    return rest[0]


def code(cell: str) -> list[str]:
    """What stands in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def family(row: Row) -> str:
    assert FAMILY.fullmatch(row[0].strip("`")) and row[0] == f"`{row[0].strip('`')}`", f"not one family in backticks: {row[0]}"
    return row[0].strip("`")


NATIVE = {row[0].strip("`"): row for row in rows(NATIVE_PAGE)}
DROP_IN = {row[0].strip("`"): row for row in rows(DROP_IN_PAGE)}
NAMED_ALIKE = rows(section("The same name in both"))
FROM_PVE = [row for row in rows(section("From /pve to the native metrics")) if row not in NAMED_ALIKE]
FROM_BIGTCZE = rows(section("Families"))


def peer_source() -> Iterator[str]:
    """The files of prometheus-pve-exporter, as it is installed beside pytest."""
    found = importlib.util.find_spec("pve_exporter")
    assert found and found.submodule_search_locations
    for file in sorted(Path(found.submodule_search_locations[0]).rglob("*.py")):
        yield file.read_text()


def test_tables_are_read() -> None:
    assert len(NATIVE) > 400 and len(DROP_IN) == 38 and {"pve_guest_info", "pve_version_info"} < NATIVE.keys() & DROP_IN.keys()


# From prometheus-pve-exporter


def test_every_family_of_the_peer_has_a_row() -> None:
    theirs = {name for text in peer_source() for name in re.findall(r"""['"](pve_[a-z_]+)['"]""", text)} - {"pve_exporter"}
    listed = [family(row) for row in FROM_PVE]
    assert sorted(listed) == sorted(theirs)
    assert set(listed) >= DROP_IN.keys()


def test_native_names_of_the_peers_families() -> None:
    for row in FROM_PVE:
        names = code(row[1])
        if names:
            assert row[1] == ", ".join(f"`{name}`" for name in names) and set(names) <= NATIVE.keys(), row
            assert (family(row) in names) == (family(row) in NATIVE), f"a name that both have is the one to go to: {row}"
        else:
            assert row[1] == "only on /pve" and family(row) not in NATIVE, row


def test_names_that_both_have_are_listed_with_the_labels_of_each() -> None:
    assert [family(row) for row in NAMED_ALIKE] == sorted(NATIVE.keys() & DROP_IN.keys())
    for row in NAMED_ALIKE:
        # The column of labels is the third on the page of /pve, which has no levels, and the fourth of the native families.
        ours = NATIVE[family(row)][3]
        assert row[1:] == [DROP_IN[family(row)][2], ours], row
        assert row[1] != row[2] and "`cluster`" in ours, "who has both jobs must be able to tell them apart"


def test_every_difference_is_told() -> None:
    anchors = [row[0] for row in rows(section("What differs on purpose"))]
    assert len(anchors) == len(set(anchors))
    assert {f"`{name}`" for name in DIFFERENCES} - set(anchors) == set(), "not told"
    told = {anchor.strip("`") for anchor in anchors if re.fullmatch(r"`[a-zA-Z]+( [a-zA-Z]+)+`", anchor)}
    assert told - set(DIFFERENCES) == set(), "no test knows it under this name"


def test_every_flag_of_the_peer_has_a_row() -> None:
    theirs = {flag for text in peer_source() for flag in re.findall(r"add_argument\('(--[a-z.-]+)'", text)}
    listed = {word.split()[0] for row in rows(section("Flags")) for word in code(row[0])}
    assert listed == theirs


def test_flags_exist() -> None:
    ours = set(re.findall(r"--(?:\[no-\])?([a-z.-]+)", run("exporter", "--help").stdout))
    for row in rows(section("Flags")):
        assert row[1] == "not there yet" or [word.split()[0].removeprefix("--") in ours for word in code(row[1])] == [True], row
    named = re.findall(r"--(?:no-)?((?:pve|web|scrape)\.[a-z.-]+)", PAGE)
    assert named and {name.rstrip(".") for name in named} <= ours


def test_every_key_of_the_file_has_a_row(tmp_path: Path) -> None:
    (tmp_path / "pve.yml").write_text("default:\n  unknown: 1\n")
    said = run("exporter", "--pve.config-file", tmp_path / "pve.yml", cwd=tmp_path).stderr
    known = said.partition("known: ")[2].strip().split(", ")
    assert {row[0].strip("`") for row in rows(section("pve.yml"))} == set(known)


def test_every_variable_has_a_row() -> None:
    listed = {word for row in rows(section("Environment variables")) for word in code(row[0])}
    assert listed >= set(re.findall(r"^\| `(PVE_\w+)`", SETTINGS_PAGE, re.MULTILINE))


def test_comparison_of_step_three(tmp_path: Path) -> None:
    """The page's own shell function finds the same series in another order, and what differs."""
    function = re.search(r"^series\(\) \{\n.*?^\}\n", PAGE, re.DOTALL | re.MULTILINE)
    assert function
    theirs = '# HELP a b\n# TYPE a gauge\na{x="1,2",y="q\\"} 1"} 1.0\na{x="é",y=""} 2.5\nb 1e+06\nc{z="2"} 1.0\n'
    ours = 'b 1000000\na{y="",x="é"} 2.5\na{y="q\\"} 1",x="1,2"} 1\nc{z="3"} 1\n'

    def series(text: str, name: str, values: bool) -> list[str]:
        (tmp_path / name).write_text(text)
        script = f"{function[0]}series file://{tmp_path / name}"
        env = {"PATH": "/usr/bin:/bin"} | ({"VALUES": "1"} if values else {})
        return subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True, env=env).stdout.splitlines()

    for values in (False, True):
        one, other = (set(series(text, name, values)) for name, text in (("theirs", theirs), ("ours", ours)))
        assert len(one & other) == 3 and len(one ^ other) == 2, (one, other)
        assert all(line.startswith("c{") for line in one ^ other)


def test_packages_hold_the_libraries() -> None:
    if not shutil.which("readelf") or not shutil.which("dpkg-query"):
        pytest.skip("needs readelf and dpkg-query")
    needed = re.findall(r"\(NEEDED\).*\[(.+)\]", subprocess.run(["readelf", "-d", MARTLET], capture_output=True, text=True, check=True).stdout)
    lines = [line for line in PAGE.splitlines() if "ca-certificates libcurl4" in line]
    assert len(lines) == 2, "for the machine and for a container"
    for line in lines:
        listed = set(line[line.index("ca-certificates") :].removesuffix(" \\").split())
        for library in needed:
            owners = subprocess.run(["dpkg-query", "-S", f"*/{library}"], capture_output=True, text=True).stdout
            packages = {owner.split(":")[0] for owner in owners.splitlines()}
            # Everything is built on these two.
            assert packages & (listed | {"libc6", "libgcc-s1"}), (library, packages)


# From bigtcze/pve-exporter


def test_every_family_has_one_row() -> None:
    listed = [family(row) for row in FROM_BIGTCZE]
    assert len(listed) == len(set(listed)) == 136, "as many as its version 09ca3d5 has"


def test_what_becomes_of_each_family() -> None:
    for row in FROM_BIGTCZE:
        names = code(row[1])
        if names:
            assert row[1] == f"`{names[0]}`" and names[0] in NATIVE and family(row) not in NATIVE, row
        else:
            assert row[1] in ("same", "mended", "elsewhere"), row
            assert (family(row) in NATIVE) == (row[1] in ("same", "mended")), row
            assert row[2] or row[1] == "same", f"does not say how or where: {row}"


def test_settings_exist() -> None:
    for row in rows(section("Settings")):
        # What stands in parentheses is the standard value.
        for word in code(re.sub(r"\(.*?\)", "", row[1])):
            key = word.partition(":")[0]
            is_known = f"`{key}`" in SETTINGS_PAGE or f"`proxmox.clusters[].{key}`" in SETTINGS_PAGE
            assert is_known or key in ("/metrics", "TOKEN_ID=TOKEN_SECRET"), key
        for word in code(row[2])[1:]:
            is_known = f"`{word}`" in SETTINGS_PAGE or f"`{word.removeprefix('MARTLET_').lower().replace('__', '.')}`" in SETTINGS_PAGE
            assert is_known, word


# Everywhere


def test_every_family_on_the_page_is_known() -> None:
    known = NATIVE.keys() | DROP_IN.keys() | {family(row) for row in FROM_PVE + FROM_BIGTCZE}
    prose = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
    assert {name for name in code(prose) if FAMILY.fullmatch(name)} - known == set()

#!/usr/bin/env python3
"""Writes martlet.1 and martlet.yml.5 from what the program says of itself, so that no flag and no setting is written down twice.

    scripts/make-man-pages.py PROGRAM FOLDER

SOURCE_DATE_EPOCH is the date on the pages.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

# Said by the page that the settings are taken from, and true of that one only.
OF_THE_OTHER_PAGE = re.compile(r"\s*This page is made from the program by `make docs`; `make check` fails when it is out of date\.")


class Help(NamedTuple):
    """What `--help` of a command says."""

    summary: str
    usage: list[str]
    tables: dict[str, list[tuple[str, str]]]
    texts: list[str]


def read_help(text: str) -> Help:
    """Paragraphs, of which some are tables: a heading with a colon, and lines of two columns. What is too long for the first column has the second below."""
    summary, *paragraphs = text.strip("\n").split("\n\n")
    usage: list[str] = []
    tables: dict[str, list[tuple[str, str]]] = {}
    texts = []
    for paragraph in paragraphs:
        first, *rest = paragraph.split("\n")
        if first.startswith("Usage: "):
            usage = [line.removeprefix("Usage: ").strip() for line in [first, *rest]]
        elif first.endswith(":") and rest and all(line.startswith("  ") for line in rest):
            rows = tables.setdefault(first[:-1], [])
            for line in rest:
                if line.startswith("    ") and rows:
                    rows[-1] = (rows[-1][0], f"{rows[-1][1]} {line.strip()}".strip())
                else:
                    key, _, meaning = line.strip().partition("  ")
                    rows.append((key, meaning.strip()))
        else:
            texts.append(" ".join(paragraph.split()))
    return Help(summary.strip(), usage, tables, texts)


def escaped(text: str) -> str:
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\\&" + text if text.startswith((".", "'")) else text


def marked(text: str) -> str:
    """With `code` of Markdown in bold."""
    return "".join(f"\\fB{escaped(part)}\\fR" if number % 2 else escaped(part) for number, part in enumerate(text.split("`")))


def flag(text: str) -> str:
    """`--name VALUE` with the name in bold and the value in italics."""
    return " ".join(f"\\fI{escaped(word)}\\fR" if word.isupper() else f"\\fB{escaped(word)}\\fR" for word in text.split())


def title(name: str, section: int, version: str) -> list[str]:
    day = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"])))
    return [f'.TH {name.upper()} {section} {day} "martlet {version}" "{"User Commands" if section == 1 else "File Formats"}"', ".nh", ".ad l"]


def paged(rows: list[tuple[str, str]]) -> list[str]:
    return [line for key, meaning in rows for line in (".TP", flag(key), escaped(meaning) or "\\&")]


class Ask:
    """The program, asked."""

    def __init__(self, program: Path) -> None:
        self.program = program

    def run(self, *words: str) -> str:
        # Without the variables of a terminal and of settings: what it says must be the same everywhere.
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
        return subprocess.run([self.program, *words], capture_output=True, text=True, check=True, timeout=60, env=environment).stdout

    def help(self, words: list[str]) -> Help:
        return read_help(self.run(*words, "--help"))


def command_pages(ask: Ask, words: list[str], known: set[tuple[str, str]]) -> list[str]:
    """A section for each command and those below it, with the flags that are not every command's."""
    told = ask.help(words)
    below = told.tables.get("Commands", [])
    lines = [f'.SS "{escaped(" ".join(["martlet", *words]))}"', escaped(told.summary), *(f".PP\n{flag(line)}" for line in told.usage)]
    for heading, rows in told.tables.items():
        if heading != "Commands":
            lines += paged([row for row in rows if row not in known])
    for text in told.texts:
        lines += [".PP", escaped(text)]
    for name, _ in below:
        lines += command_pages(ask, [*words, name], known)
    return lines


def command_page(ask: Ask, version: str) -> str:
    told = ask.help([])
    everywhere = told.tables["Flags"]
    lines = title("martlet", 1, version)
    what = told.summary.rstrip(".")
    lines += [".SH NAME", f"martlet \\- {escaped(what[0].lower() + what[1:])}", ".SH SYNOPSIS", *map(flag, told.usage)]
    lines += [".SH DESCRIPTION", "Its commands are listed first, with what each takes below. Settings are in", ".BR martlet.yml (5);", "a flag goes over a setting."]
    lines += paged(told.tables["Commands"])
    lines += [".SH FLAGS", "Every command takes:", *paged(everywhere), ".SH COMMANDS"]
    for name, _ in told.tables["Commands"]:
        lines += command_pages(ask, [name], set(everywhere))
    lines += [".SH SEE ALSO", ".BR martlet.yml (5),", ".BR prometheus (1),", ".BR prometheus\\-alertmanager (1),", ".BR systemd.service (5)"]
    return "\n".join(lines) + "\n"


def settings_page(ask: Ask, version: str) -> str:
    """The Markdown of `martlet settings`: headings, paragraphs, and tables whose first column is the name and whose last one is the meaning."""
    text = OF_THE_OTHER_PAGE.sub("", ask.run("settings"))
    lines = [*title("martlet.yml", 5, version), ".SH NAME", "martlet.yml \\- settings of martlet", ".SH DESCRIPTION"]
    for paragraph in text.strip().split("\n\n"):
        if paragraph.startswith("# "):
            continue
        if paragraph.startswith("## "):
            lines += [f'.SH "{escaped(paragraph[3:].upper())}"']
        elif paragraph.startswith("|"):
            names, _, *rows = [[cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in paragraph.split("\n")]
            for row in rows:
                cells = dict(zip(names, row, strict=True))
                key, meaning = row[0], row[-1]
                value, standard = cells.get("value", ""), cells.get("without it", "")
                kind = "; ".join(part for part in (value, f"without it: {standard}" if standard else "") if part)
                lines += [".TP", marked(key), marked(meaning), *([".br", marked(kind[0].upper() + kind[1:] + ".")] if kind else [])]
        else:
            lines += [".PP", marked(" ".join(paragraph.split()))]
    lines += [".SH SEE ALSO", ".BR martlet (1)"]
    return "\n".join(lines) + "\n"


def main() -> None:
    program, folder = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
    ask = Ask(program)
    version = ask.run("--version").split()[1]
    (folder / "martlet.1").write_text(command_page(ask, version))
    (folder / "martlet.yml.5").write_text(settings_page(ask, version))


if __name__ == "__main__":
    main()

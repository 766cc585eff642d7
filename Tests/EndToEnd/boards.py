"""The boards of Grafana as Grafana reads them: their panels, what their variables stand for, and what is sent to Prometheus for each."""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conftest import REPOSITORY, fetch

FOLDER = REPOSITORY / "grafana/provisioning/dashboards/json"

REFERENCE = re.compile(r"\$(?:\{(\w+)(?::(\w+))?\}|([A-Za-z_]\w*))")
LABEL_VALUES = re.compile(r"label_values\((?:(.+),\s*)?(\w+)\)", re.DOTALL)
QUERY_RESULT = re.compile(r"query_result\((.+)\)", re.DOTALL)


@dataclass(frozen=True)
class Query:
    """One question that a panel, or a mark on its time axis, asks."""

    board: str
    panel: str
    ref: str
    expr: str
    instant: bool
    legend: str

    def __str__(self) -> str:
        return f"{self.board}: {self.panel}: {self.ref}"


class Board:
    def __init__(self, contents: Mapping[str, Any]) -> None:
        self.contents = contents
        self.uid: str = contents["uid"]
        self.variables: list[Any] = contents["templating"]["list"]
        self.panels: list[Any] = [nested for panel in contents["panels"] for nested in [panel, *panel.get("panels", [])]]

    @property
    def queries(self) -> list[Query]:
        """What is asked of Prometheus; panels of logs ask another program."""
        return [
            Query(self.uid, panel["title"], target["refId"], target["expr"], target["instant"], target.get("legendFormat", ""))
            for panel in self.panels if panel["type"] != "logs" for target in panel.get("targets", [])
        ]

    @property
    def marks(self) -> list[Query]:
        return [
            Query(self.uid, "annotation " + mark["name"], "A", mark["expr"], False, "")
            for mark in self.contents["annotations"]["list"] if "expr" in mark
        ]


def boards() -> dict[str, Board]:
    """All boards, by file name."""
    return {file.name: Board(json.loads(file.read_text())) for file in sorted(FOLDER.glob("*.json"))}


def references(text: str) -> set[str]:
    """The variables that a text reads; macros and what a link knows of its row begin with two underscores."""
    return {match[1] or match[3] for match in REFERENCE.finditer(text)}


def escaped_regex(value: str) -> str:
    """A value inside a regular expression inside a string of PromQL."""
    return re.sub(r"[\\^$*+?.()|\[\]{}]", r"\\\\\g<0>", value)


def interpolated(text: str, values: Mapping[str, str]) -> str:
    """The text with each variable and macro replaced."""
    return REFERENCE.sub(lambda match: values[match[1] or match[3]], text)


def macros(range_seconds: int, scrape_seconds: int) -> dict[str, str]:
    """What Grafana puts for its macros, at a graph of about a thousand points."""
    step = step_of(range_seconds, scrape_seconds)
    return {
        "__interval": f"{step}s",
        "__rate_interval": f"{max(step + scrape_seconds, 4 * scrape_seconds)}s",
        "__range": f"{range_seconds}s",
        "__range_s": str(range_seconds),
    }


def step_of(range_seconds: int, scrape_seconds: int) -> int:
    """The next round number of seconds over a thousandth of the range."""
    steps = (15, 30, 60, 120, 300, 600, 900, 1800, 3600)
    return max(scrape_seconds, next(step for step in steps if step >= range_seconds / 1000))


class Prometheus:
    """The API of a Prometheus, as Grafana uses it, at a moment."""

    def __init__(self, url: str, now: float, scrape_seconds: int) -> None:
        self.url, self.now, self.scrape_seconds = url, now, scrape_seconds

    def get(self, path: str, **parameters: str) -> Any:
        body = urllib.parse.urlencode({key.rstrip("_"): value for key, value in parameters.items()}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if path.startswith("label/"):
            answer = fetch(f"{self.url}/api/v1/{path}?{body.decode()}", timeout=120)
        else:
            answer = fetch(f"{self.url}/api/v1/{path}", "POST", body, headers, timeout=120)
        assert answer.status == 200, f"{answer.status} {answer.text} for {parameters}"
        return answer.json["data"]

    def ask(self, query: Query, values: Mapping[str, str], range_seconds: int) -> list[Any]:
        """The series that answer a panel's question."""
        expr = interpolated(query.expr, {**values, **macros(range_seconds, self.scrape_seconds)})
        step = step_of(range_seconds, self.scrape_seconds)
        if query.instant:
            return list(self.get("query", query=expr, time=str(self.now))["result"])
        # A graph begins and ends at whole steps, so that it does not tremble when it is drawn again.
        end = self.now // step * step
        return list(self.get("query_range", query=expr, start=str(end - range_seconds), end=str(end), step=str(step))["result"])

    def options(self, variable: Mapping[str, Any], values: Mapping[str, str], range_seconds: int) -> list[str]:
        """What a variable of type query may be."""
        query = interpolated(variable["query"], values)
        begin = {"start": str(self.now - range_seconds), "end": str(self.now)}
        if found := LABEL_VALUES.fullmatch(query):
            selector = {"match[]": found[1]} if found[1] else {}
            texts = self.get(f"label/{found[2]}/values", **selector, **begin)
        else:
            found = QUERY_RESULT.fullmatch(query)
            assert found, f"no query of a variable: {query}"
            texts = [as_text(series) for series in self.get("query", query=found[1], time=str(self.now))["result"]]
        return list(dict.fromkeys(option for text in texts for option in chosen_by(variable["regex"], text)))


def as_text(series: Mapping[str, Any]) -> str:
    """A series as query_result() shows it to the variable's expression."""
    labels = dict(series["metric"])
    name = labels.pop("__name__", "")
    return name + "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "} " + str(series["value"][1])


def chosen_by(regex: str, text: str) -> Iterator[str]:
    """The values that a variable's regular expression finds in a text: its group `value`, else its first group, else all; each match with /g."""
    if not regex:
        yield text
        return
    expression, _, flags = regex.removeprefix("/").rpartition("/")
    matches = list(re.finditer(re.sub(r"\(\?<(?=\w)", "(?P<", expression), text))
    for match in matches if "g" in flags else matches[:1]:
        yield match.groupdict().get("value") or (match[1] if match.re.groups else match[0])


def choices(board: Board, prometheus: Prometheus, range_seconds: int, guests: Sequence[str]) -> list[dict[str, str]]:
    """Values for all variables of a board, as text for its expressions: all of what may be several, and each in turn of what is one. Of the guests
    it is those named."""
    found: list[dict[str, str]] = [{}]
    for variable in board.variables:
        name = variable["name"]
        longer: list[dict[str, str]] = []
        for values in found:
            if variable["type"] == "datasource":
                texts = [variable["query"]]
            elif variable["type"] == "textbox":
                texts = [variable["query"]]
            elif variable["type"] == "custom":
                texts = [option["value"] for option in variable["options"]]
            else:
                texts = prometheus.options(variable, values, range_seconds)
                if variable["includeAll"]:
                    texts = [all_of(variable, texts)]
                elif name == "vm_id":
                    texts = [text for text in texts if text in guests]
            longer += [{**values, name: text} for text in texts]
        found = longer
    return found


def all_of(variable: Mapping[str, Any], options: Sequence[str]) -> str:
    """What All stands for in an expression."""
    if variable["allValue"]:
        return str(variable["allValue"])
    texts = [escaped_regex(option) for option in options]
    return texts[0] if len(texts) == 1 else "(" + "|".join(texts) + ")"


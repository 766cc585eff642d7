"""Boards of our own with what boards in the wild have and ours do not: panels of long ago, panels that ask nothing or somebody else, nonsense, and what is no
board at all. Beside each panel stands what must be seen in its frame."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

LOKI = {"type": "loki", "uid": "logs"}
SQL = {"type": "mysql", "uid": "shop"}


@dataclass
class Edge:
    """A panel with what is demanded of it."""

    panel: dict[str, Any]
    # What its frame says, as a regular expression; None where something is drawn.
    says: str | None = None
    # What the badge of its problems says; None for no badge.
    badge: str | None = None


def target(expr: str, ref: str = "A", **more: Any) -> dict[str, Any]:
    return {"refId": ref, "expr": expr} | more


def plain(kind: str, title: str, *exprs: str, **more: Any) -> dict[str, Any]:
    return {"type": kind, "title": title, "targets": [target(expr, chr(65 + at)) for at, expr in enumerate(exprs)]} | more


LONG = "A title that tells at length what the number below it is about"
THRESHOLDS = {"mode": "absolute", "steps": [{"color": "green", "value": None}, {"color": "red", "value": 1}]}

EDGES = [
    # Few and small: the top row of many a board.
    Edge(plain("stat", LONG, "vector(42)", gridPos={"w": 3, "h": 2}), r"\b42\b"),
    Edge(plain("gauge", LONG + " too", "vector(43)", gridPos={"w": 3, "h": 3}, fieldConfig={"defaults": {"min": 0, "max": 100}}), None),
    Edge(plain("stat", "Seven numbers", *[f"vector({at})" for at in range(101, 108)], gridPos={"w": 6, "h": 3}), r"(?s)101.*104.*107"),
    # Queries left over, of another source, of nobody.
    Edge(plain("timeseries", "Empty query", "time()", "")),
    Edge(plain("timeseries", "Hidden wrong query", "time()") | {"targets": [target("time()"), target("sum(", "B", hide=True)]}),
    Edge({"type": "timeseries", "title": "Mixed", "datasource": {"type": "datasource", "uid": "-- Mixed --"}, "targets": [
        target("time()"), target('{job="shop"} |= "error"', "B", datasource=LOKI)]}, None, r"(?i)loki"),
    Edge(plain("timeseries", "Only Loki", 'rate({job="shop"}[5m])', datasource=LOKI), r"(?i)loki", r"(?i)loki"),
    Edge(plain("logs", "Logs of Prometheus", "time()"), r"(?i)log|prometheus", r"(?i)log|prometheus"),
    Edge({"type": "timeseries", "title": "Shop", "datasource": SQL, "targets": [{"refId": "A", "rawSql": "SELECT 1"}]}, r"mysql", r"mysql"),
    Edge({"type": "timeseries", "title": "Of another panel", "datasource": {"type": "datasource", "uid": "-- Dashboard --"}, "targets": [{"refId": "A", "panelId": 1}]},
         r"(?i)another panel|dashboard", r"(?i)another panel|dashboard"),
    Edge({"type": "timeseries", "title": "No queries"}, r"(?i)(asks|queries|query|nothing)"),
    Edge(plain("timeseries", "Wrong query", "sum("), r"parse error", r"parse error"),
    Edge(plain("timeseries", "No such metric", "rate(acme_requests_total[5m])"), r"acme_requests_total"),
    Edge(plain("timeseries", "Wrong and right query", "sum(", "time()"), None, r"parse error"),
    Edge(plain("stat", "Not a number", "vector(0/0)"), r"NaN|–|-|no data"),
    Edge(plain("timeseries", "Without end", "vector(1/0)"), r".*"),
    Edge(plain("timeseries", "Chosen by what is not there", 'time() * on() group_left acme_up{node="$child"}'), r"(?i)no value|acme_up"),
    # Kinds that are not drawn, and parts of them.
    Edge(plain("acme-flower-panel", "Flowers", "time()"), r"acme-flower-panel", r"acme-flower-panel"),
    Edge(plain("xychart", "Points", "time()"), r"xychart", r"xychart"),
    Edge({"title": "From the library", "libraryPanel": {"uid": "abc", "name": "Shared"}}, r"(?i)library", r"(?i)library"),
    Edge(plain("status-history", "Status history", "vector(1)", fieldConfig={"defaults": {"thresholds": THRESHOLDS}})),
    Edge(plain("table", "Unknown transformation", "time()", transformations=[{"id": "acmeShuffle", "options": {}}]), r"Value|Time", r"acmeShuffle"),
    # What is written wrongly.
    Edge(plain("timeseries", "Nonsense in the fields", "time()", fieldConfig={"defaults": {
        "thresholds": None, "unit": "acme", "color": {"mode": "acme"}, "mappings": [{"value": "1", "text": "one", "type": 1}], "custom": None, "min": "low", "decimals": "two"},
        "overrides": [{"matcher": {"id": "byRegexp", "options": "/(/"}, "properties": [{"id": "unit", "value": 3}]}, None, 5]}, options={"legend": True, "tooltip": None})),
    Edge(plain("timeseries", "Wider than the board", "time()", gridPos={"x": 20, "y": 0, "w": 40, "h": 8})),
    Edge(plain("timeseries", "Nowhere", "time()", gridPos=None)),
    Edge(plain("timeseries", "Before the beginning", "time()", gridPos={"x": -3, "y": -9, "w": -2, "h": 8}), r".*"),
    Edge(plain("timeseries", "Queries are no list", "time()") | {"targets": {"A": target("time()")}}, r"(?i)(asks|queries|query|nothing)"),
    # Texts.
    Edge({"type": "text", "title": "Text of long ago", "mode": "markdown", "content": "Old but **good**"}, r"Old but good"),
    Edge({"type": "text", "title": "HTML", "options": {"mode": "html", "content": "<b>&copy; 2024 &mdash; &euro;5</b><script>window.bad = 1</script>"}}, r"© 2024 — €5"),
    Edge({"type": "text", "title": "No text", "options": {"mode": "markdown", "content": ""}}, r"\w"),
]

VARIABLES = [
    {"name": "filters", "type": "adhoc", "datasource": {"type": "prometheus"}},
    {"name": "exact", "type": "switch", "current": {"value": "true"}, "enabledValue": "true", "disabledValue": "false"},
    {"name": "fixed", "type": "constant", "query": "5", "hide": 2},
    {"name": "free", "type": "textbox", "query": "any"},
    {"name": "parent", "label": "Parent", "type": "query", "query": "label_values(acme_up, node)", "refresh": 1},
    {"name": "child", "label": "Child", "type": "query", "query": 'label_values(acme_up{node="$parent"}, node)', "refresh": 1},
    {"name": "odd", "type": "acme"},
    None,
]


def edges() -> dict[str, Any]:
    """All edges on one board, in rows of their own but for those that say where they are."""
    panels = []
    for number, edge in enumerate(EDGES):
        place = {"x": 0, "y": number * 8, "w": 12, "h": 8}
        given = edge.panel.get("gridPos", {})
        panels.append({"id": number + 1, **edge.panel, "gridPos": given and place | given if "gridPos" in edge.panel else place})
    return {
        "title": "Edges", "uid": "edges", "schemaVersion": 39, "tags": ["edge"], "panels": panels, "templating": {"list": VARIABLES},
        "annotations": {"list": [{"name": "Of nobody", "datasource": SQL, "enable": True, "rawQuery": "SELECT 1"}, {"name": "Wrong", "expr": "sum(", "enable": True}]},
        "links": [
            {"title": "Like this", "type": "dashboards", "tags": ["edge"], "asDropdown": False}, {"title": "Like nothing", "type": "dashboards", "tags": ["acme"]},
            {"title": "Away", "type": "link", "url": "https://example.org/", "targetBlank": True}, {"title": "Bad", "type": "link", "url": "javascript:alert(1)"},
        ],
    }


def exported() -> dict[str, Any]:
    """A board as Grafana exports it for others, whose source is chosen when it is imported."""
    source = {"type": "prometheus", "uid": "${DS_PROMETHEUS}"}
    return {
        "__inputs": [{"name": "DS_PROMETHEUS", "label": "Prometheus", "type": "datasource", "pluginId": "prometheus"}, {"name": "VAR_STEP", "type": "constant", "value": "7"}],
        "__requires": [{"type": "grafana", "id": "grafana", "version": "10.0.0"}], "__elements": {},
        "title": "Exported", "uid": "exported", "tags": ["edge"], "schemaVersion": 38,
        "templating": {"list": [{"name": "step", "type": "constant", "query": "${VAR_STEP}"}]},
        "panels": [{"id": 1, **plain("timeseries", "Time", "time() * $step", datasource=source), "gridPos": {"x": 0, "y": 0, "w": 24, "h": 8}}],
    }


def of_long_ago() -> dict[str, Any]:
    """A board of 2016: rows, spans, singlestats, no uid."""
    def row(title: str, *panels: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"title": title, "height": "200px", "panels": list(panels)} | more

    graph = plain("graph", "Graph", "time()", "time() / 2", span=8, legend={"show": True, "alignAsTable": True, "avg": True, "current": True, "values": True},
                  seriesOverrides=[{"alias": "/2/", "yaxis": 2}], yaxes=[{"format": "s", "show": True}, {"format": "bytes", "show": True}])
    single = plain("singlestat", "Single", "vector(7)", span=4, valueName="current", format="none", valueMaps=[{"op": "=", "value": "7", "text": "seven"}])
    styles = [{"pattern": "Time", "type": "hidden"}, {"pattern": "Value", "alias": "Amount", "type": "number", "unit": "bytes", "decimals": 0}]
    table = plain("table", "Old table", "vector(2048)", span=12, transform="table", styles=styles) | {"targets": [target("vector(2048)", instant=True, format="table")]}
    return {
        "title": "Long ago", "schemaVersion": 12, "tags": ["edge"], "templating": {"list": []}, "time": {"from": "now-3h", "to": "now"},
        "rows": [
            row("Open", {"id": 1} | graph, {"id": 2} | single, showTitle=True), row("Shut", {"id": 3} | plain("graph", "Inside", "time()", span=12), collapse=True),
            row("No title", {"id": 4} | plain("graph", "After it", "time()", span=12), showTitle=False), row("Last", {"id": 5} | table, collapse=False),
        ],
    }


# Files that are no boards, by name, with what the list of boards must say of each.
NO_BOARDS = {
    "second": (json.dumps({"apiVersion": "dashboard.grafana.app/v2beta1", "kind": "Dashboard", "metadata": {"name": "second"},
                           "spec": {"title": "Second", "elements": {}, "layout": {"kind": "GridLayout"}}}), r"(?i)schema|v2|version|form"),
    "broken": ('{"title": "Broken", "panels": [', r"(?i)json"),
    "list": ("[1, 2]", r"\w"),
    "empty": ("", r"\w"),
}

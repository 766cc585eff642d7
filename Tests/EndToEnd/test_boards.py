"""The boards as files: what Grafana 9 to 13 and the viewer can show, what rules and catalogue know, and nothing that lies beside another thing."""

from __future__ import annotations

import json
import math
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from boards import FOLDER, Board, Query, boards, interpolated, macros, references
from conftest import REPOSITORY, run

RULES = REPOSITORY / "prometheus/rules"
PROVISIONING = REPOSITORY / "grafana/provisioning"
BOARDS = boards()
FILES = pytest.mark.parametrize("file", BOARDS)

UIDS = {
    "martlet-cluster-overview", "martlet-host-detail", "martlet-vm-comparison", "martlet-vm-detail", "martlet-storage-zfs",
    "martlet-backup-replication", "martlet-stack-health", "martlet-gpu", "martlet-vgpu", "martlet-containers", "martlet-llm", "martlet-models", "martlet-servers",
    "martlet-libvirt", "martlet-vm-manager",
}

# What the viewer of the same files can show. Whoever adds to a list here adds it there.
PANELS = {"row", "timeseries", "stat", "gauge", "bargauge", "table", "text", "state-timeline", "logs"}
TRANSFORMATIONS = {"merge", "organize", "joinByField", "seriesToColumns", "filterFieldsByName", "sortBy", "limit", "reduce"}
VARIABLES = {"datasource", "query", "custom", "interval", "constant", "textbox"}
MACROS = {"__interval", "__interval_ms", "__rate_interval", "__range", "__range_s", "__from", "__to"}
LINK_MACROS = {"__url_time_range", "__all_variables", "__data", "__field", "__value"}
FORMATS = {None, "regex", "csv", "raw", "pipe", "queryparam"}
MATCHERS = {"byName", "byRegexp", "byFrameRefID"}
CALCULATIONS = {"lastNotNull", "mean", "max", "min", "sum"}
UNITS = {
    "percent", "percentunit", "bytes", "decbytes", "Bps", "binBps", "bps", "s", "ms", "ns", "dtdurations", "dateTimeAsIso", "celsius", "watt",
    "rotrpm", "hertz", "short", "none", "ops", "iops", "reqps", "cps", "pps", "suffix:× period", "suffix:tok/s", "suffix:tokens",
}
CUSTOM = {
    "timeseries": {
        "drawStyle", "lineWidth", "fillOpacity", "gradientMode", "showPoints", "spanNulls", "axisPlacement", "stacking", "thresholdsStyle", "transform"},
    "table": {"align", "cellOptions", "filterable", "width"},
    "state-timeline": {"fillOpacity", "lineWidth"},
}
MAPPINGS = {"value", "range", "special"}
CELLS = {"auto", "color-text", "color-background", "gauge"}

# Families of other programs that panels look into. That they have data there is for test_boards_data.py.
OTHERS = {
    "ALERTS", "process_resident_memory_bytes", "alertmanager_notifications_total", "alertmanager_notifications_failed_total",
    "prometheus_tsdb_head_samples_appended_total", "prometheus_rule_group_last_duration_seconds", "node_memory_Buffers_bytes",
    "node_memory_Cached_bytes", "node_memory_MemFree_bytes", "node_memory_MemTotal_bytes", "node_memory_SReclaimable_bytes",
    "windows_process_cpu_time_total", "windows_process_io_bytes_total", "windows_process_threads", "windows_process_working_set_private_bytes",
}

# What a panel or a column colours by thresholds has those of these alerts.
THRESHOLDS = {
    "node:cpu_utilization:avg5m": ["HostCpuSaturation"],
    "node:memory_utilization:ratio": ["HostMemoryHigh", "HostMemoryCritical"],
    "node:cpu_pressure:ratio": ["HostCpuPressureHigh"],
    "node:load1_per_cpu:ratio": ["HostLoadHigh"],
    "node:memory_commitment:ratio": ["HostMemoryOvercommitted"],
    "node_filesystem:utilization:ratio": ["HostDiskSpaceLow", "HostDiskSpaceCritical"],
    "node_device:disk_latency:avg5m": ["DiskLatencyHigh"],
    "node_device:network_drops:ratio": ["HostNetworkPacketDropsHigh"],
    "node_disk:wear:ratio": ["HostDiskWearoutHigh"],
    "node:swap_io:rate5m": ["HostMemorySwapThrashing"],
    "node:clock_offset:seconds": ["HostClockSkew"],
    "node_certificate:expiry:timestamp_seconds": ["ClusterCertificateExpired", "ClusterCertificateExpiring"],
    "cluster:memory_without_largest_node:ratio": ["ClusterWithoutSpareNode"],
    "vm:cpu_utilization:avg5m": ["GuestCpuSaturation"],
    "vm:cpu_utilization:sampled5m": ["GuestCpuSaturation"],
    "vm:memory_utilization:ratio": ["GuestMemoryHigh"],
    "vm:memory_utilization:sampled5m": ["GuestMemoryHigh"],
    "vm:disk_latency:avg5m": ["DiskLatencyHigh"],
    "vm:disk_latency:sampled5m": ["DiskLatencyHigh"],
    "vm_device:disk_latency:avg5m": ["DiskLatencyHigh"],
    "vm:cpu_pressure:ratio": ["GuestCpuPressureHigh"],
    "vm_volume:disk_utilization:ratio": ["GuestDiskSpaceLow", "GuestDiskSpaceCritical"],
    "vm:last_backup:timestamp_seconds": ["GuestBackupStale", "GuestBackupCritical"],
    "vm:oldest_snapshot:timestamp_seconds": ["GuestSnapshotOld"],
    "replication:due:timestamp_seconds": ["GuestReplicationStale"],
    "storage:utilization:ratio": ["StorageSpaceLow", "StorageSpaceCritical"],
    "storage:utilization:predict4d": ["StorageWillFillIn4d"],
    "zfs_pool:utilization:ratio": ["ZfsPoolSpaceHigh", "ZfsPoolSpaceCritical"],
    "zfs_pool:fragmentation:ratio": ["ZfsPoolFragmentationHigh"],
    "zfs_pool:last_scrub:timestamp_seconds": ["ZfsScrubOverdue"],
    "zfs:arc_hit:ratio": ["ZfsArcHitRatioLow"],
    "gpu:utilization:avg5m": ["GpuUtilizationHigh"],
    "gpu:memory_utilization:ratio": ["GpuMemoryHigh"],
    "gpu:temperature_margin:celsius": ["GpuTemperatureCritical", "GpuTemperatureHigh"],
    "gpu:thermally_throttled:ratio5m": ["GpuThermalThrottling"],
    "vgpu:framebuffer:ratio": ["VgpuFramebufferFull"],
    "container:memory_utilization:ratio": ["ContainerMemoryNearLimit"],
    "container:cpu_throttled:ratio5m": ["ContainerCpuThrottled"],
    "libvirt:memory_commitment:ratio": ["LibvirtMemoryOvercommitted"],
    "libvirt:threads_hanging:ratio": ["LibvirtThreadsExhausted"],
    "libvirt_guest:cpu_delay:ratio5m": ["LibvirtGuestCpuDelayed"],
    "libvirt_guest:oldest_snapshot:timestamp_seconds": ["LibvirtSnapshotOld"],
    "libvirt_disk:backing_images:count": ["LibvirtBackingChainDeep"],
    "libvirt_pool:utilization:ratio": ["LibvirtPoolSpaceLow", "LibvirtPoolSpaceCritical"],
    "libvirt_pool:utilization:predict4d": ["LibvirtPoolWillFillIn4d"],
    "llm:requests_waiting:sum": ["LlmQueueBacklog"],
    "llm:time_to_first_token:p95": ["LlmTimeToFirstTokenHigh"],
    "llm:inter_token_latency:p95": ["LlmInterTokenLatencyHigh"],
    "llm:request_errors:ratio": ["LlmErrorRateHigh"],
    "llm:kv_cache_utilization:ratio": ["LlmKvCacheSaturation"],
    "llm:preemptions:rate5m": ["LlmPreemptionsHigh"],
    "llm:model_spilled:ratio": ["LlmModelSpilled"],
    "llm:answer_age:seconds": ["LlmDataStale"],
    "virtrigaud:vm_operation_failures:ratio": ["VirtrigaudHighErrorRate"],
    "virtrigaud:vm_creation:p95": ["VirtrigaudSlowVMCreation"],
    "virtrigaud:rpc_latency:p95": ["VirtrigaudRpcLatencyHigh"],
    "virtrigaud:oldest_operation:timestamp_seconds": ["VirtrigaudOperationStuck"],
    "virtrigaud:queue_depth:max": ["VirtrigaudQueueBacklog"],
    "virtrigaud:reconcile_errors:rate10m": ["VirtrigaudReconcileErrors"],
    "virtrigaud:longest_reconcile:seconds": ["VirtrigaudControllerStuck"],
    "virtrigaud:certificate_expiry:timestamp_seconds": ["VirtrigaudCertificateExpiring"],
    "target:scrape_duration:ratio": ["ExporterScrapeSlow"],
    "logs:lag:seconds": ["LogsLagging"],
    "exporter:source_overdue:ratio": ["ExporterDataStale"],
    "alertmanager:notifications_failed:ratio": ["AlertmanagerNotificationsFailing"],
}

# The alert judges each disk, the panel the mean of a guest's disks.
PARTS = {
    "vm:disk_latency:avg5m": "vm_device:disk_latency:avg5m",
    "vm:disk_latency:sampled5m": "vm_device:disk_latency:avg5m",
    "vm:cpu_utilization:sampled5m": "vm:cpu_utilization:avg5m",
    "vm:memory_utilization:sampled5m": "vm:memory_utilization:ratio",
}

# Panels that show several of those, and the one that their thresholds are of.
SEVERAL = {"Memory utilisation": "node:memory_utilization:ratio"}


def documents(pattern: str) -> Iterator[Any]:
    for file in sorted(RULES.glob(pattern)):
        for group in yaml.safe_load(file.read_text())["groups"]:
            yield from group["rules"]


def families(expr: str) -> set[str]:
    """The names of the series that an expression reads."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', "", expr)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", "", bare)
    bare = re.sub(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", "", bare)
    words = re.findall(r"(?<![\w:.$])([a-zA-Z_:][\w:]*)(?!\s*\()(?![\w:])", bare)
    return set(words) - {"and", "or", "unless", "bool", "offset", "by", "on", "group_left", "group_right", "inf", "nan"}


def every_query() -> list[Query]:
    return [query for board in BOARDS.values() for query in board.queries + board.marks]


def as_asked(query: Query, board: Board) -> str:
    """The expression with something in the place of each variable."""
    return interpolated(query.expr, {variable["name"]: "x" for variable in board.variables} | macros(3600, 15))


def inside(value: Any, key: str) -> Iterator[Any]:
    """Whatever stands under this key, at any depth."""
    if isinstance(value, dict):
        for name, member in value.items():
            # Columns of a table may be called anything.
            if name in ("indexByName", "renameByName", "excludeByName"):
                continue
            if name == key:
                yield member
            yield from inside(member, key)
    elif isinstance(value, list):
        for member in value:
            yield from inside(member, key)


def properties(panel: Any) -> Iterator[tuple[str, Any]]:
    """Field options of a panel, its own and those of its overrides, as (path, value)."""
    for name, value in panel["fieldConfig"]["defaults"].items():
        if name == "custom":
            yield from ((f"custom.{key}", option) for key, option in value.items())
        else:
            yield name, value
    for override in panel["fieldConfig"]["overrides"]:
        yield from ((option["id"], option["value"]) for option in override["properties"])


def with_data(board: Board) -> list[Any]:
    return [panel for panel in board.panels if panel["type"] not in ("row", "text", "logs")]


def test_the_fifteen_boards_are_there_in_their_one_form() -> None:
    assert Counter(board.uid for board in BOARDS.values()) == Counter(UIDS)
    assert {name: "martlet-" + name.removesuffix(".json") for name in BOARDS} == {name: board.uid for name, board in BOARDS.items()}
    formatted = subprocess.run([REPOSITORY / "scripts/format-boards", "--check"], capture_output=True, text=True)
    assert formatted.returncode == 0, formatted.stderr


def test_what_is_out_of_form_is_told(tmp_path: Path) -> None:
    file = tmp_path / "board.json"
    file.write_text('{"a":\n1}\n')
    script = REPOSITORY / "scripts/format-boards"
    told = subprocess.run([script, "--check", file], capture_output=True, text=True)
    assert told.returncode == 1 and "board.json" in told.stderr
    assert subprocess.run([script, file]).returncode == 0
    assert file.read_text() == '{"a": 1}\n'


@FILES
def test_a_board_says_what_grafana_needs(file: str) -> None:
    board = BOARDS[file].contents
    assert board["schemaVersion"] == 39 and "id" not in board and "__inputs" not in board
    assert (board["editable"], board["refresh"], board["timezone"], board["tags"]) == (False, "30s", "browser", ["martlet"])
    assert board["title"] and board["description"].endswith((".", "?"))
    assert Counter(panel["id"] for panel in BOARDS[file].panels).most_common(1)[0][1] == 1


@FILES
def test_every_data_source_is_the_variable(file: str) -> None:
    sources = [source for source in inside(BOARDS[file].contents, "datasource") if source["uid"] != "-- Grafana --"]
    logs = [source for panel in BOARDS[file].panels if panel["type"] == "logs" for source in inside(panel, "datasource")]
    assert sources and all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources if source not in logs)
    assert all(source == {"type": "loki", "uid": "${logs}"} for source in logs)
    assert all("datasource" in panel for panel in with_data(BOARDS[file]))
    assert BOARDS[file].variables[0]["name"] == "datasource" and BOARDS[file].variables[0]["query"] == "prometheus"


@FILES
def test_every_panel_is_of_a_kind_that_the_viewer_knows_and_explains_itself(file: str) -> None:
    board = BOARDS[file]
    for panel in board.panels:
        assert panel["type"] in PANELS, panel["title"]
        assert panel["title"].strip()
        assert "repeat" not in panel and "libraryPanel" not in panel
        if panel["type"] == "row":
            continue
        assert panel["description"].endswith((".", ":")), panel["title"]
        assert {step["id"] for step in panel.get("transformations", [])} <= TRANSFORMATIONS, panel["title"]
        assert all(override["matcher"]["id"] in MATCHERS for override in panel.get("fieldConfig", {}).get("overrides", [])), panel["title"]
    for panel in with_data(board):
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        for name, value in properties(panel):
            if name == "unit":
                assert value in UNITS, (panel["title"], value)
            if name.startswith("custom."):
                assert name.removeprefix("custom.") in CUSTOM[panel["type"]], (panel["title"], name)
            if name == "custom.cellOptions":
                assert value["type"] in CELLS, (panel["title"], value)
            if name == "mappings":
                assert {mapping["type"] for mapping in value} <= MAPPINGS, panel["title"]
            if name == "thresholds":
                bounds = [step["value"] for step in value["steps"]]
                assert bounds[0] is None and bounds[1:] == sorted(bounds[1:]), panel["title"]
        for calcs in inside(panel["options"], "calcs"):
            assert set(calcs) <= CALCULATIONS, panel["title"]
    titles = Counter((panel["title"], panel["type"]) for panel in with_data(board))
    assert titles.most_common(1)[0][1] == 1, titles.most_common(1)


@FILES
def test_what_nobody_knows_is_not_shown_as_trouble(file: str) -> None:
    """Without a value, a figure has the colour below all thresholds: where that is one of trouble, a mapping says what it means that there is none."""
    for panel in BOARDS[file].panels:
        if panel["type"] == "stat":
            defaults = panel["fieldConfig"]["defaults"]
            lowest = defaults["thresholds"]["steps"][0]["color"]
            special = [mapping["options"]["match"] for mapping in defaults.get("mappings", []) if mapping["type"] == "special"]
            assert lowest not in ("red", "orange") or special == ["null"], panel["title"]


# What Prometheus counts itself: where it has no such series there is nothing to count.
ITS_OWN = ("ALERTS", "target:", "prometheus:", "alertmanager:")


@FILES
def test_what_nobody_knows_is_not_shown_as_well(file: str) -> None:
    """A nought is the count of somebody who looked: with an exporter that is gone there is none, and the figure says so without the colour of what is well."""
    for panel in BOARDS[file].panels:
        if panel["type"] != "stat":
            continue
        for target in panel["targets"]:
            if "vector(0)" in target["expr"]:
                assert all(name.startswith(ITS_OWN) for name in families(target["expr"])), panel["title"]
            if " or 0 * " in target["expr"]:
                mappings = panel["fieldConfig"]["defaults"].get("mappings", [])
                assert any(mapping["type"] == "special" and mapping["options"]["match"] == "null" for mapping in mappings), panel["title"]


@FILES
def test_panels_lie_on_the_grid_and_not_on_each_other(file: str) -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in BOARDS[file].contents["panels"]:
        place = panel["gridPos"]
        assert place["x"] >= 0 and place["w"] > 0 and place["h"] > 0 and place["x"] + place["w"] <= 24, panel["title"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies on {taken[x, y]}"
                taken[x, y] = panel["title"]
    # No holes: each line that a panel begins on is filled from edge to edge.
    rows = {panel["gridPos"]["y"] for panel in BOARDS[file].contents["panels"]}
    ragged = [y for y in sorted(rows) if sum((x, y) in taken for x in range(24)) != 24]
    assert ragged == [], f"lines of the grid that are not full: {[(y, taken.get((0, y))) for y in ragged]}"


@FILES
def test_targets_are_written_for_their_panel(file: str) -> None:
    for panel in with_data(BOARDS[file]):
        assert panel["targets"], panel["title"]
        assert [target["refId"] for target in panel["targets"]] == [chr(65 + index) for index in range(len(panel["targets"]))]
        for target in panel["targets"]:
            where = f"{panel['title']} {target['refId']}"
            assert target["instant"] is not target["range"], where
            if panel["type"] == "table":
                assert target["instant"] and target["format"] == "table", where
            elif panel["type"] in ("timeseries", "state-timeline"):
                assert target["range"] and "format" not in target, where
            # A range that is asked for at each of a thousand moments is dear; once, at the end, it is not.
            if target["range"]:
                assert "[$__range]" not in target["expr"].replace("[$__range] @ end()", ""), where
        if len(panel["targets"]) > 1 and panel["type"] == "table":
            # Lines come together only where no series name and no foreign label keeps them apart.
            assert all(" by (" in target["expr"] or re.match(r"(sum|max|min)\(", target["expr"]) for target in panel["targets"]), panel["title"]


def test_every_expression_is_promql(tmp_path: Path) -> None:
    rules = [
        {"record": f"board:query:{index}", "expr": as_asked(query, board)}
        for index, (board, query) in enumerate((board, query) for board in BOARDS.values() for query in board.queries + board.marks)
    ]
    assert len(rules) > 200
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "boards", "rules": rules}]}))
    told = subprocess.run(["promtool", "check", "rules", "--lint=none", file], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    assert f"SUCCESS: {len(rules)} rules found" in told.stdout


def test_every_series_that_is_read_is_recorded_or_in_a_catalogue() -> None:
    recorded = {rule["record"] for rule in documents("recording*.yml") if "record" in rule}
    catalogue = {line.split()[0] for line in run("metrics").stdout.splitlines() if line.strip()}
    assert "pve_node_up" in catalogue
    read = {query: families(query.expr) for query in every_query()}
    unknown = {str(query): names - recorded - catalogue - OTHERS for query, names in read.items() if names - recorded - catalogue - OTHERS}
    assert unknown == {}
    assert OTHERS <= set().union(*read.values()), "in the list, but read by no panel"


@pytest.mark.parametrize(("expr", "names"), [
    ('sum by (a) (rate(b_total{c=~"d|e{f"}[5m])) / on (g) group_left (h) i:j:k unless on () (l)', {"b_total", "i:j:k", "l"}),
    ("topk(3, x) > bool 2e3 or vector(0) offset 5m", {"x"}),
])
def test_names_are_found_in_an_expression(expr: str, names: set[str]) -> None:
    assert families(expr) == names


@FILES
def test_the_overview_reads_recorded_series_and_rates_are_of_the_graph_s_own_step(file: str) -> None:
    for query in BOARDS[file].queries:
        for window in re.findall(r"\brate\([^\[]*\[([^\]]+)\]", query.expr):
            assert window in ("$__rate_interval", "$__range"), str(query)
        if file == "cluster-overview.json":
            assert all(":" in name or name == "ALERTS" or name.endswith("_info") for name in families(query.expr)), str(query)


@FILES
def test_variables_are_defined_before_their_use_and_none_is_idle(file: str) -> None:
    board = BOARDS[file]
    defined: set[str] = set()
    for variable in board.variables:
        assert variable["type"] in VARIABLES, variable["name"]
        used = references(variable["query"])
        assert used <= defined, f"{variable['name']} reads {used - defined}, which stand after it"
        if variable["type"] == "query":
            assert variable["refresh"] == 2
            # What is for some is chosen with =~, what is for one with =.
            for name in used:
                several = next(other for other in board.variables if other["name"] == name)["includeAll"]
                assert all(("=~" in part) == several for part in re.findall(rf'=~?"[^"]*\${name}\b', variable["query"]))
        defined.add(variable["name"])
    text = json.dumps({key: value for key, value in board.contents.items() if key != "templating"})
    used = references(text)
    chained = set().union(*(references(variable["query"]) for variable in board.variables))
    assert {name for name in used if not name.startswith("__")} <= defined
    assert {name for name in used if name.startswith("__")} <= MACROS | LINK_MACROS
    # Those that are hidden go along in links.
    hidden = {variable["name"] for variable in board.variables if variable["hide"] == 2}
    assert defined - used - chained - hidden == set(), "defined and used nowhere"
    assert all(match[1] in FORMATS for match in re.findall(r"\$\{(\w+):(\w+)\}", text))
    for query in board.queries + board.marks:
        for variable in board.variables:
            if variable["type"] == "query":
                several = variable["includeAll"]
                for operator in re.findall(rf'(=~?|!=|!~)"[^"]*\$\(?{variable["name"]}\b', query.expr):
                    assert operator == ("=~" if several else "="), str(query)


@FILES
def test_links_lead_to_boards_and_carry_what_those_ask_for(file: str) -> None:
    board = BOARDS[file]
    named = {other.uid: {variable["name"] for variable in other.variables} for other in BOARDS.values()}
    urls = list(inside(board.contents, "url"))
    for url in urls:
        target, _, parameters = url.partition("?")
        uid = target.removeprefix("/d/")
        assert target == f"/d/{uid}" and uid in UIDS, url
        assert set(re.findall(r"var-(\w+)=", parameters)) <= named[uid], url
        if "var-" in parameters:
            assert "${__url_time_range}" in parameters and "${datasource:queryparam}" in parameters, url
    assert {link["url"] for link in board.contents["links"]} == {f"/d/{uid}" for uid in UIDS - {board.uid}}
    assert all(link["keepTime"] for link in board.contents["links"])


@FILES
def test_tables_show_columns_that_their_answers_have(file: str) -> None:
    for panel in with_data(BOARDS[file]):
        if panel["type"] != "table":
            continue
        values = {f"Value #{target['refId']}" for target in panel["targets"]} if len(panel["targets"]) > 1 else {"Value"}
        labels = {
            label.strip() for target in panel["targets"] for labels in re.findall(r"(?:sum|max|min|count) by \(([^)]*)\)", target["expr"])
            for label in labels.split(",")
        }
        organize = next(step["options"] for step in panel["transformations"] if step["id"] == "organize")
        placed, hidden = set(organize["indexByName"]), set(organize["excludeByName"])
        assert placed | hidden == values | labels | {"Time"}, (panel["title"], placed | hidden, values | labels)
        assert placed & hidden == set() and set(organize["renameByName"]) <= placed, panel["title"]
        assert sorted(organize["indexByName"].values()) == list(range(len(placed))), panel["title"]
        shown = {organize["renameByName"].get(name, name) for name in placed}
        for override in panel["fieldConfig"]["overrides"]:
            assert override["matcher"]["options"] in shown or override["matcher"] == {"id": "byRegexp", "options": "/.*/"}, (panel["title"], override["matcher"])
            for url in inside(override, "url"):
                # What a transformation leaves out, no link can name.
                assert set(re.findall(r"__data\.fields\.(\w+)", url)) <= labels - hidden, (panel["title"], url)
        for sort in panel["options"]["sortBy"]:
            assert sort["displayName"] in shown, panel["title"]
        # What a table without a row says is not to stand in the cells of one that has rows.
        cells = [override["properties"] for override in panel["fieldConfig"]["overrides"] if override["matcher"]["options"] == "/.*/"]
        assert ("noValue" in panel["fieldConfig"]["defaults"]) == bool(cells) and all("–" in str(cell) for cell in cells), panel["title"]


def test_thresholds_are_those_of_the_alerts() -> None:
    alerts: dict[str, list[str]] = {}
    for rule in documents("alerts*.yml"):
        alerts.setdefault(rule["alert"], []).append(rule["expr"])
    compared = Counter[str]()
    for board in BOARDS.values():
        for panel in with_data(board):
            for what, exprs, bounds in judged(panel):
                names = set().union(*(families(expr) for expr in exprs)) & set(THRESHOLDS)
                if len(names) > 1:
                    assert panel["title"] in SEVERAL, (board.uid, panel["title"], what, names)
                    names &= {SEVERAL[panel["title"]]}
                for name in names:
                    wanted = [threshold(alerts[alert], PARTS.get(name, name)) for alert in THRESHOLDS[name]]
                    assert bounds == wanted, (board.uid, panel["title"], what, name)
                    compared[name] += 1
    assert set(compared) == set(THRESHOLDS), set(THRESHOLDS) - set(compared)


def judged(panel: Any) -> Iterator[tuple[str, list[str], list[float]]]:
    """What a panel colours by thresholds: its expressions with the bounds, and each column of a table with its own. A count of what is beyond a
    threshold has a bound of another kind."""
    targets = {target["refId"]: target["expr"] for target in panel["targets"]}
    own = panel["fieldConfig"]["defaults"].get("thresholds", {"steps": [{}]})["steps"][1:]
    if own and not panel["targets"][0]["expr"].startswith("count("):
        yield "itself", list(targets.values()), [step["value"] for step in own]
    if panel["type"] == "table":
        organize = next(step["options"] for step in panel["transformations"] if step["id"] == "organize")
        columns = {organize["renameByName"].get(name, name): name.removeprefix("Value #") for name in organize["indexByName"] if name.startswith("Value")}
        for override in panel["fieldConfig"]["overrides"]:
            for option in override["properties"]:
                if option["id"] == "thresholds" and (column := override["matcher"]["options"]) in columns:
                    expr = targets.get(columns[column], panel["targets"][0]["expr"])
                    yield column, [expr], [step["value"] for step in option["value"]["steps"][1:]]


def threshold(exprs: list[str], family: str) -> float:
    """The number with which an alert compares this series: in its expression, or as the default that tags of guests change."""
    for expr in exprs:
        if family in families(expr):
            bare = re.sub(r'"(?:[^"\\]|\\.)*"|#.*|\[[^\]]*\]', "", expr)
            # A second condition, as that a disk is in use at all, has a number of its own.
            bare = re.sub(r"\b(?:and|unless) on \([^)]*\)\s+[\w:]+(?:\{[^}]*\})?\s*[<>]=?\s*[0-9.]+", "", bare)
            after = bare[bare.index(family):]
            found = re.search(r"(?:>|<)=?\s*([0-9.]+(?:\s*\*\s*[0-9.]+)*)(?!\s*\*)|([0-9.]+)\s*\*\s*group by", after)
            assert found, expr
            return math.prod(float(factor) for factor in (found[1] or found[2]).split("*"))
    pytest.fail(f"{exprs} do not read {family}")


def test_grafana_is_told_where_they_lie_and_whom_to_ask() -> None:
    provider = yaml.safe_load((PROVISIONING / "dashboards/martlet.yml").read_text())["providers"][0]
    assert (provider["type"], provider["updateIntervalSeconds"], provider["allowUiUpdates"]) == ("file", 30, False)
    assert provider["options"]["path"].endswith("/provisioning/dashboards/json") and FOLDER == PROVISIONING / "dashboards/json"
    sources = [source for file in (PROVISIONING / "datasources").glob("*.yml") for source in yaml.safe_load(file.read_text())["datasources"]]
    assert {source["uid"]: source["type"] for source in sources} == {"prometheus": "prometheus", "loki": "loki"}
    prometheus = next(source for source in sources if source["uid"] == "prometheus")
    scraped = yaml.safe_load((REPOSITORY / "prometheus/prometheus.yml").read_text())["global"]["scrape_interval"]
    assert prometheus["isDefault"] and prometheus["jsonData"]["timeInterval"] == scraped

"""The shipped Prometheus and Alertmanager files, judged by the programs that read them.

Needs promtool, amtool and Alertmanager (Debian: prometheus, prometheus-alertmanager), pytest and PyYAML.
The rules' behaviour is tested by promtool in prometheus/rules/tests/; here stands what promtool does not ask.
"""

import functools
import json
import re
import shutil
import subprocess
from pathlib import Path

import promql
import pytest
import yaml
from alerting import Alertmanager, quick
from conftest import fetch, free_port, wait_for
from conftest import run as martlet
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "prometheus" / "prometheus.yml"
LOCAL_TARGET = ROOT / "prometheus" / "targets" / "node" / "local.yml"
ALERTMANAGER = ROOT / "alertmanager" / "alertmanager.yml"
RUNBOOK = ROOT / "docs" / "runbook.md"
MANAGER_PAGE = ROOT / "docs" / "manager-metrics.md"
RULE_FILES = sorted((ROOT / "prometheus" / "rules").glob("*.yml"))
RULE_TESTS = sorted((ROOT / "prometheus" / "rules" / "tests").glob("*_test.yml"))
RUNBOOK_URL = "https://github.com/martlet-monitoring/martlet/blob/main/docs/runbook.md#"


def program(*names):
    """The path of the first of the programs that is installed. A missing one fails: a skip would look like a pass."""
    for name in names:
        if path := shutil.which(name):
            return path
    pytest.fail(f"{names[0]} not found: apt-get install prometheus prometheus-alertmanager")


def run(*command):
    """What the command wrote, after it ended well."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


@functools.cache
def document(path):
    """The file as YAML, read once: all of them together are ten thousand lines."""
    return yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def rules():
    for path in RULE_FILES:
        for group in document(path)["groups"]:
            yield from group["rules"]


ALERTS = [rule for rule in rules() if "alert" in rule]
RECORDED = {rule["record"] for rule in rules() if "record" in rule}


def each_alert(function):
    return pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])(function)


# ------------------------------------------------------------------------------------------------ what the tools say


def test_prometheus_accepts_its_configuration():
    run(program("promtool"), "check", "config", PROMETHEUS)


def test_rules_pass_the_lint():
    assert RULE_FILES
    run(program("promtool"), "check", "rules", "--lint=all", "--lint-fatal", *RULE_FILES)


def test_prometheus_does_not_load_the_rule_tests_as_rules():
    patterns = yaml.safe_load(PROMETHEUS.read_text())["rule_files"]
    loaded = {path for pattern in patterns for path in PROMETHEUS.parent.glob(pattern)}
    assert loaded == set(RULE_FILES)


# -------------------------------------------------------------------------------------- the files as a text template


@pytest.mark.parametrize(
    "path, addresses",
    [
        (PROMETHEUS, ["127.0.0.1:9093", "127.0.0.1:9090", "127.0.0.1:9093", "127.0.0.1:9221"] + ["127.0.0.1:8000"] * 4),
        (LOCAL_TARGET, ["127.0.0.1:9100"]),
        (ALERTMANAGER, ["127.0.0.1:9099"]),
    ],
    ids=lambda value: value.name if isinstance(value, Path) else "",
)
def test_addresses_stand_where_a_program_can_replace_them(path, addresses):
    """`martlet up` replaces addresses line by line, so each has a line of its own and no comment holds one."""
    found = [(line, address) for line in path.read_text().splitlines()
             for address in re.findall(r"[\w.\-\[\]]+:\d{4,5}\b", line)]
    assert [address for _, address in found] == addresses
    assert all(re.fullmatch(r"\s*- (url: http://)?[\d.]+:\d+(/alerts|/targets\?\w+=\w+)?", line) for line, _ in found), found


# ---------------------------------------------------------------------------------------------- targets of the job node


def test_a_node_target_always_has_cluster_and_node(tmp_path):
    table = [
        ("pve1.example.org:9100", {"cluster": "A", "node": "pve1"}, ("A", "pve1")),
        ("10.0.0.2:9100", {}, ("10.0.0.2", "10.0.0.2")),
        ("pve3:9100", {}, ("pve3", "pve3")),
        ("pve4", {}, ("pve4", "pve4")),
        ("[fd00::5]:9100", {}, ("fd00::5", "fd00::5")),
        ("10.0.0.6:9100", {"node": "backup"}, ("backup", "backup")),
        ("10.0.0.7:9100", {"cluster": "A"}, ("A", "10.0.0.7")),
    ]
    (tmp_path / "targets" / "node").mkdir(parents=True)
    (tmp_path / "targets" / "node" / "added.yml").write_text(
        yaml.safe_dump([{"targets": [address], "labels": labels} for address, labels, _ in table]))
    shutil.copytree(PROMETHEUS.parent / "rules", tmp_path / "rules")
    # No discovery that runs here by chance has a say.
    (tmp_path / "prometheus.yml").write_text(PROMETHEUS.read_text().replace("127.0.0.1:8000", "127.0.0.1:1"))

    # promtool always waits for the whole timeout.
    printed = run(program("promtool"), "check", "service-discovery", "--timeout=3s",
                  tmp_path / "prometheus.yml", "node")
    found = {target["discoveredLabels"]["__address__"]: (target["labels"]["cluster"], target["labels"]["node"])
             for target in json.loads(printed)}
    assert found == {address: labels for address, _, labels in table}


def test_targets_of_the_exporter_have_no_label_that_its_series_carry():
    [job] = [job for job in yaml.safe_load(PROMETHEUS.read_text())["scrape_configs"] if job["job_name"] == "martlet"]
    assert job["honor_labels"] is True
    assert all("labels" not in config for config in job["static_configs"])


# ------------------------------------------------------------------------------------------------------ completeness


def test_series_are_found_in_expressions():
    expression = """
        max by (cluster, node) (vm:a:b{source="guest", x=~"pve_.*"} or on (vm_id) pve_c[5m]) > 0.9e3
        unless on (node) rate(d_total{a='up'}[1d] offset 5m) == bool 1  # and e
    """
    assert promql.names(expression) == {"vm:a:b", "pve_c", "d_total"}
    assert promql.windows(expression) == {("pve_c", "5m"), ("d_total", "1d")}
    assert list(promql.groupings(expression)) == [["node"], ["cluster", "node"], ["vm_id"]]


def test_labels_are_worked_out_as_prometheus_does():
    series = {"a": {"x", "y"}, "b": {"y", "z"}, "c": {"x", "le"}}
    table = [
        ("a", {"x", "y"}, ""),
        ("sum by (x) (a)", {"x"}, ""),
        ("sum (a) without (x)", {"y"}, ""),
        ("topk by (x) (1, a)", {"x", "y"}, ""),
        ("rate(a[5m]) * on (y) group_left (z) b", {"x", "y", "z"}, ""),
        ("a * on (y) b", {"y"}, ""),
        ("a or on (y) b", {"x", "y", "z"}, ""),
        ("a and on (y) b", {"x", "y"}, ""),
        ('label_replace(b, "n", "$1", "z", "(.*)")', {"y", "z", "n"}, ""),
        ("1 - a / 2", {"x", "y"}, ""),
        ("histogram_quantile(0.9, c)", {"x"}, ""),
        ("histogram_quantile(0.9, a)", {"x", "y"}, "le"),
        ("sum by (z) (a)", {"z"}, "z"),
        ("a * on (x) b", {"x"}, "x"),
        ("a{z='1'}", {"x", "y"}, "z"),
        ("a * on (y) group_left (x) b", {"x", "y"}, "x"),
        ('label_replace(a, "n", "$1", "z", "(.*)")', {"x", "y", "n"}, "z"),
    ]
    for expression, expected, missing in table:
        labels = promql.Labels(lambda selector: series[selector.name])
        assert labels.result(promql.parse(expression)) == expected, expression
        assert [complaint.split(": ")[1].split()[0] for complaint in labels.complaints] == ([missing] if missing else []), expression


@each_alert
def test_alert_reads_recorded_series_only(alert):
    # ALERTS is Prometheus' own record of which alerts fire. What fires always reads nothing that could be missing.
    names = promql.names(alert["expr"]) - {"ALERTS"}
    assert bool(names) != (alert["labels"]["severity"] == "none")
    assert names <= RECORDED, f"not recorded: {names - RECORDED}"


def test_no_rule_reads_hours_of_an_exporters_series():
    """At a sample every few seconds that is dear; of a recorded series the rules decide how many samples it has."""
    found = [(name, window) for rule in rules() for name, window in promql.windows(rule["expr"]) if promql.seconds(window) >= 3600]
    assert found
    assert {name for name, _ in found} <= RECORDED, found
    # A day of a series that is recorded every few seconds would be as dear.
    daily = {name for name, window in found if promql.seconds(window) >= 86400}
    for path in RULE_FILES:
        for group in document(path)["groups"]:
            if daily & {rule.get("record") for rule in group["rules"]}:
                assert group["interval"] == "5m", group["name"]


def test_no_rule_joins_or_groups_hosts_or_guests_without_the_cluster():
    for rule in rules():
        for labels in promql.groupings(rule["expr"]):
            names = set(labels)
            if names & {"node", "vmid", "vm_id"}:
                assert "cluster" in names, f"{rule.get('record') or rule.get('alert')}: ({labels})"


@each_alert
def test_alert_has_a_severity_and_no_static_label_but_its_condition(alert):
    assert {"severity"} <= set(alert["labels"]) <= {"severity", "condition"}
    assert alert["labels"]["severity"] in {"critical", "warning", "info", "none"}


def test_a_condition_is_shared_by_a_warning_and_a_critical_alert():
    """Only then does the label do something: the critical one holds back the warning."""
    severities: dict[str, set[str]] = {}
    for alert in ALERTS:
        if condition := alert["labels"].get("condition"):
            severities.setdefault(condition, set()).add(alert["labels"]["severity"])
    assert all({"critical", "warning"} <= found for found in severities.values()), severities


@each_alert
def test_alert_explains_itself(alert):
    annotations = alert["annotations"]
    assert set(annotations) >= {"summary", "description", "runbook_url", "dashboard_url"}
    assert "\n" not in annotations["summary"] and len(annotations["summary"]) < 160
    if alert["labels"]["severity"] == "none":
        return
    assert "$value" in annotations["description"] and "threshold" in annotations["description"]
    # Who names a host names its cluster.
    if "$labels.node" in annotations["summary"]:
        assert "$labels.cluster" in annotations["description"]


@each_alert
def test_links_carry_labels_as_a_query_does(alert):
    url = alert["annotations"]["dashboard_url"]
    assert re.match(r"http://127\.0\.0\.1:3000/d/martlet-[a-z-]+(\?|$)", url), url
    assert url.count("$labels") == url.count("| urlquery }}"), "a label that is not escaped"


RUNBOOK_PARTS = ["Meaning", "First look", "Likely causes", "Mend"]


@each_alert
def test_alert_has_a_runbook_entry(alert):
    assert alert["annotations"]["runbook_url"] == RUNBOOK_URL + alert["alert"].lower()
    entry = runbook_entries()[alert["alert"]]
    for part in RUNBOOK_PARTS:
        assert f"**{part}.**" in entry, part
    assert "```" in entry, "a command to look with"


def runbook_entries():
    """By alert's name, the text below its heading."""
    parts = re.split(r"^### (\S+)$", RUNBOOK.read_text(), flags=re.MULTILINE)[1:]
    assert len(set(parts[::2])) == len(parts[::2]), "two headings of one name have two anchors, and a link leads to the first"
    return {name: re.split(r"^## ", text, flags=re.MULTILINE)[0] for name, text in zip(parts[::2], parts[1::2])}


def test_runbook_has_no_entry_of_an_alert_that_is_gone():
    assert sorted(runbook_entries()) == sorted({alert["alert"] for alert in ALERTS})


@each_alert
def test_alert_is_tested_firing_silent_and_without_data(alert):
    kinds = set()
    for path in RULE_TESTS:
        for test in document(path)["tests"]:
            for case in test.get("alert_rule_test", []):
                if case["alertname"] != alert["alert"]:
                    continue
                if case["exp_alerts"]:
                    kinds.add("firing")
                else:
                    kinds.add("silent" if test["input_series"] else "without data")
    if alert["labels"]["severity"] == "none":
        assert kinds == {"firing"}
    else:
        assert kinds == {"firing", "silent", "without data"}


def test_every_recorded_series_is_in_the_contract_at_the_head_of_its_file():
    for path in RULE_FILES:
        text = path.read_text()
        head = text[:text.index("\ngroups:")]
        for group in yaml.safe_load(text)["groups"]:
            for rule in group["rules"]:
                if "record" in rule:
                    assert rule["record"] in head, f"{path.name}: {rule['record']}"


# ---------------------------------------------------------------------------------------------------- labels of series


# Of exporters that neither this machine nor the simulator may have, with the labels that they give: node_exporter 1.5 and smartctl_exporter 0.12.
ELSEWHERE = {
    "node_bonding_active": {"master"},
    "node_bonding_slaves": {"master"},
    "node_hwmon_temp_celsius": {"chip", "sensor"},
    "node_hwmon_temp_crit_celsius": {"chip", "sensor"},
    "node_systemd_unit_state": {"name", "state", "type"},
    "node_zfs_arc_c_min": set(),
    "node_zfs_arc_hits": set(),
    "node_zfs_arc_misses": set(),
    "node_zfs_arc_size": set(),
    "node_zfs_zpool_state": {"zpool", "state"},
    "smartctl_device": {
        "device", "interface", "protocol", "model_family", "model_name", "serial_number", "ata_additional_product_id", "firmware_version",
        "ata_version", "sata_version", "form_factor", "scsi_vendor", "scsi_product", "scsi_revision", "scsi_version",
    },
    "smartctl_device_percentage_used": {"device"},
    "smartctl_device_smart_status": {"device"},
}

# Of the manager of machines, with the labels that it gives: those of its families that its providers do not have.
MANAGER = {
    "martlet_manifests_problems": set(),
    "martlet_object_store_errors_total": {"reason"},
    "martlet_object_store_writes_total": set(),
    "virtrigaud_circuit_breaker_failures_total": {"provider_type", "provider"},
    "virtrigaud_circuit_breaker_state": {"provider_type", "provider"},
    "virtrigaud_leader": set(),
    "virtrigaud_manager_reconcile_duration_seconds_bucket": {"kind", "le"},
    "virtrigaud_manager_reconcile_total": {"kind", "outcome"},
    "virtrigaud_provider_healthy": {"provider_type", "provider"},
    "virtrigaud_provider_oldest_operation_timestamp_seconds": {"provider_type", "provider"},
    "virtrigaud_queue_depth": {"kind"},
    "virtrigaud_vms": {"provider", "phase"},
    "virtrigaud_vms_not_ready": {"provider", "reason"},
    "workqueue_longest_running_processor_seconds": {"name"},
    "workqueue_unfinished_work_seconds": {"name"},
}

# Whose series begin so, and in which jobs of prometheus.yml they come.
JOBS = [
    ("martlet_grpc_", {"virtrigaud-manager", "virtrigaud-provider"}),
    ("martlet_object_store_", {"virtrigaud-manager"}),
    ("martlet_manifests_", {"virtrigaud-manager"}),
    ("martlet_web_", {"martlet", "virtrigaud-manager", "virtrigaud-provider"}),
    ("virtrigaud_", {"virtrigaud-manager", "virtrigaud-provider"}),
    ("workqueue_", {"virtrigaud-manager"}),
    ("pve_", {"martlet"}),
    ("martlet_", {"martlet"}),
    ("node_", {"node", "linux-vms"}),
    ("windows_", {"windows-vms"}),
    ("prometheus_", {"prometheus"}),
    ("alertmanager_", {"alertmanager"}),
]
# Of every target, by Prometheus itself.
OF_A_SCRAPE = {"up", "scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling", "scrape_series_added"}


@functools.cache
def labels_of_targets():
    """By job, the labels that prometheus.yml gives to its targets."""
    jobs = {}
    for job in yaml.safe_load(PROMETHEUS.read_text())["scrape_configs"]:
        jobs[job["job_name"]] = {"job", "instance"} | {
            rule["target_label"] for rule in job.get("relabel_configs", []) if not rule["target_label"].startswith("__")}
    return jobs


def labels_exposed(text):
    """By name of a series, the labels that an exposition shows."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


@pytest.fixture(scope="module")
def exposed(start_for_all, tmp_path_factory):
    """By name, the labels of every series that a rule may read, as its source shows or lists them."""
    catalogue = {}
    # The page about the manager is made from its program, as docs/metrics.md is from martlet.
    for line in [*martlet("metrics", "--format", "markdown").stdout.splitlines(), *MANAGER_PAGE.read_text().splitlines()]:
        cells = [cell.strip() for cell in line.strip("| ").split(" | ")]
        if len(cells) == 7 and cells[0].startswith("`"):
            labels = set(re.findall(r"`(\w+)`", cells[3]))
            catalogue[cells[0].strip("`")] = labels
            if cells[1] == "histogram":
                catalogue |= {cells[0].strip("`") + suffix: labels | more for suffix, more in (("_bucket", {"le"}), ("_sum", set()), ("_count", set()))}
    assert "pve_node_up" in catalogue and "martlet_scrape_series_limit" in catalogue and "zfs_arc_size_bytes" in catalogue
    assert "virtrigaud_vm_operations_duration_seconds_bucket" in catalogue
    for name, labels in MANAGER.items():
        assert catalogue.setdefault(name, labels) == labels, name

    port, windows, control, prometheus = free_port("127.0.0.2"), free_port("127.0.2.1"), free_port(), free_port()
    start_for_all("simulate", "hosts", "--port", str(port), "--guests-first-address", "127.0.2.1", "--windows-port", str(windows),
                  "--guests", "30", "--listen", f"127.0.0.1:{control}")
    # Any group will do: Prometheus has series of its own about each.
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "prometheus.yml").write_text(yaml.safe_dump({"rule_files": [str(RULE_FILES[-1])]}))
    start_for_all(program("prometheus"), f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                  f"--web.listen-address=127.0.0.1:{prometheus}")
    addresses = [f"127.0.0.{host}:{port}" for host in range(2, 6)]
    addresses += [f"127.0.2.{guest}:{on}" for guest in range(1, 31) for on in (port, windows)]
    wait_for(lambda: fetch(f"http://{addresses[0]}/metrics").status == 200, 20, "simulated hosts")
    wait_for(lambda: fetch(f"http://127.0.0.1:{prometheus}/-/ready").status == 200, 20, "Prometheus")
    shown = {}
    for address in [*addresses, f"127.0.0.1:{prometheus}"]:
        try:
            text = fetch(f"http://{address}/metrics").text
        except OSError:
            # A guest has one of the two exporters, or none.
            continue
        for name, labels in labels_exposed(text).items():
            shown.setdefault(name, set()).update(labels)
    assert "windows_cpu_time_total" in shown and "node_disk_reads_completed_total" in shown and "prometheus_tsdb_head_series" in shown
    for name, labels in ELSEWHERE.items():
        assert shown.setdefault(name, labels) <= labels, name
    return catalogue | shown


@pytest.fixture(scope="module")
def alertmanager_exposed(start_for_all, tmp_path_factory):
    running = Alertmanager(start_for_all, tmp_path_factory.mktemp("alertmanager"), quick(ALERTMANAGER.read_text(), "http://127.0.0.1:9/", "127.0.0.1:9"))
    return labels_exposed(fetch(f"{running.url}/metrics").text)


@functools.cache
def contract_labels():
    """By recorded name, the labels that the heads of the files tell: `name {a, b}`, where {vm, c} is short for what "{vm} stands for {…}" says, WITHOUT for one less."""
    found = {}
    for path in RULE_FILES:
        head = " ".join(line.removeprefix("#") for line in path.read_text().split("\ngroups:")[0].splitlines())
        short = {name: labels for name, labels in re.findall(r"\{(\w+)\} stands for \{([^}]*)\}", head)}
        for name, listed, meaning in re.findall(r"(?<!\S)([a-z_]+:[a-z0-9_:]+)\s+\{([^}]*)\}(?=([^{}]*))", head):
            labels = set()
            for label in re.split(r",\s*", listed):
                label = label.split("=")[0].strip()
                labels |= {one.split("=")[0].strip() for one in short[label].split(",")} if label in short else {label} - {""}
            labels -= set(re.findall(r"\bWITHOUT (\w+)", meaning))
            assert found.setdefault(name, labels) == labels, f"{name} has two heads"
    return found


def labels_of(selector, exposed, contract, jobs):
    """The labels that the series of a selector can have, those of its targets among them."""
    name = selector.name
    if name == "ALERTS":
        return {"alertname", "alertstate", "severity", "condition"} | set().union(*contract.values())
    if ":" in name:
        assert name in contract, f"{name} is in no head of a rule file"
        return contract[name]
    if name in OF_A_SCRAPE:
        own, of = set(), set(jobs)
    elif name.startswith(("zfs_", "smartctl_", "llm_monitor_", "nvidia_gpu_", "libvirt_", "martlet_scrape_collector_", "martlet_logs_")):
        # Targets that people add, as they are told to: with the host's labels, and the guest's where it is one's.
        return exposed[name] | {"job", "instance", "cluster", "node", "vm_id"}
    else:
        assert name in exposed, f"nobody exposes {name}"
        own, of = exposed[name], next(of for prefix, of in JOBS if name.startswith(prefix))
    for label, operator, value in selector.matchers:
        if label == "job" and operator in ("=", "=~"):
            of = {job for job in of if re.fullmatch(value, job)}
            assert of, f"{name} of no such job: {value}"
    return own | set().union(*(jobs[job] for job in of))


def each_rule(function):
    everything = list(rules())
    return pytest.mark.parametrize("rule", everything, ids=[rule.get("record") or rule["alert"] for rule in everything])(function)


@each_rule
def test_a_rule_asks_for_labels_that_its_series_have(rule, exposed, alertmanager_exposed):
    """A matcher, `by` or `on` with a label that is not there makes no error, and nothing that is right either."""
    contract, jobs, everywhere = contract_labels(), labels_of_targets(), exposed | alertmanager_exposed
    labels = promql.Labels(lambda selector: labels_of(selector, everywhere, contract, jobs))
    result = labels.result(promql.parse(rule["expr"])) or set()
    assert labels.complaints == []
    if "record" in rule:
        # A head need not say of a series without labels that it has none.
        assert result | set(rule.get("labels", {})) == contract.get(rule["record"], set()), "the head of the file tells others"
    else:
        # severity and condition may be asked for as well.
        there = result | set(rule["labels"])
        for text in rule["annotations"].values():
            assert set(re.findall(r"\$labels\.(\w+)", text)) <= there, text


def test_the_runbook_asks_prometheus_for_what_there_is(exposed, alertmanager_exposed, tmp_path):
    queries = re.findall(r"promtool query (?:instant|range)[^']*'([^']+)'", re.sub(r"\$\([^)]*\)", "", RUNBOOK.read_text()))
    assert len(queries) > len(ALERTS)
    (tmp_path / "queries.yml").write_text(yaml.safe_dump(
        {"groups": [{"name": "runbook", "rules": [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries)]}]}))
    run(program("promtool"), "check", "rules", tmp_path / "queries.yml")
    there = RECORDED | OF_A_SCRAPE | {"ALERTS"} | exposed.keys() | alertmanager_exposed.keys()
    unknown = {query: missing for query in queries if (missing := promql.names(query) - there)}
    assert unknown == {}


def test_network_cards_and_disks_are_chosen_in_one_way():
    """The patterns are long and stand in many rules: one that is changed must be changed in all."""
    patterns = {"node_network_": set(), "node_disk_": set()}
    for path in RULE_FILES:
        if path.name == "recording-node.yml":
            for group in document(path)["groups"]:
                for rule in group["rules"]:
                    for selector in promql.selectors(rule["expr"]):
                        for prefix, found in patterns.items():
                            if selector.name.startswith(prefix):
                                found.add(str([matcher for matcher in selector.matchers if matcher[0] == "device"]))
    assert {prefix: len(found) for prefix, found in patterns.items()} == {"node_network_": 1, "node_disk_": 1}, patterns


@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.name)
def test_no_sample_of_a_rule_test_lies_on_the_edge_of_a_window(path):
    """Prometheus 3 leaves out the sample on the left edge, which older ones count: a test that has one holds for one of them only."""
    tests = document(path)
    step = milliseconds(tests["evaluation_interval"])
    loaded = [yaml.safe_load((path.parent / name).read_text()) for name in tests["rule_files"]]
    asked = {window for content in loaded for group in content["groups"] for rule in group["rules"] for window in promql.windows(rule["expr"])}
    for test in tests["tests"]:
        interval = milliseconds(test.get("interval", "1m"))
        fed = {promql.selectors(series["series"])[0].name for series in test["input_series"]}
        cases = [*test.get("alert_rule_test", []), *test.get("promql_expr_test", [])]
        end = max([milliseconds(case["eval_time"]) for case in cases], default=0)
        for name, window in asked:
            length = milliseconds(window)
            if name in RECORDED and name not in fed:
                assert length % step, f"{test.get('name')}: {name}[{window}] and evaluations each {tests['evaluation_interval']}"
            elif name in fed:
                edges = [moment for moment in range(0, end + 1, step) if moment >= length and (moment - length) % interval == 0]
                assert not edges, f"{test.get('name')}: {name}[{window}] at {edges[0] / 1000} s"


def milliseconds(duration):
    return round(promql.seconds(duration) * 1000)

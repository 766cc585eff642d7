"""docs/queries.md: what it tells people to copy is PromQL about families that there are, and a Prometheus that scrapes a cluster can evaluate it."""

from __future__ import annotations

import re
import subprocess
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import promql
import pytest
import yaml
from conftest import REPOSITORY, Start, fetch, free_port, run, wait_for
from estate import Estate, Watch
from test_rules import MANAGER

PAGE = REPOSITORY / "docs/queries.md"
# Of the manager of machines and its providers, which the cluster here has none of.
MANAGER_FAMILY = re.compile(r"\b(?:virtrigaud|workqueue|controller_runtime)_\w*[a-z]\b")
FAMILY = re.compile(r"\b(?:pve|zfs|martlet)_\w*[a-z]\b")

# What a cluster without trouble has nothing of.
NOTHING_OF = {"pve_missing_privilege_info"}
BACKUP = "pve_guest_last_backup_timestamp_seconds"

Query = Callable[[str], list[dict[str, str]]]


def expressions(block: str) -> list[str]:
    """Those of one block: a comment or an empty line ends one, and so does a line's end, unless a parenthesis is open or an operator follows."""
    found: list[str] = []
    is_new = True
    for line in block.splitlines():
        if not line or line.startswith("#"):
            is_new = True
        elif not is_new and (found[-1].count("(") > found[-1].count(")") or line.startswith(("or ", "and ", "unless ", "/ "))):
            found[-1] += "\n" + line
        else:
            found.append(line)
            is_new = False
    return found


ALL = [expression for block in re.findall(r"^```promql\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL) for expression in expressions(block)]

# Those in which series have their names, for promql to read.
NAMED = [expression for expression in ALL if "__name__" not in expression]


def the_one_with(text: str) -> str:
    (found,) = [expression for expression in ALL if text in expression]
    return found


@pytest.fixture(scope="module")
def watch(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> Watch:
    estate = Estate(start_for_all, tmp_path_factory.mktemp("estate"))
    # Every source is asked, and all families are shown.
    watch = Watch(start_for_all, estate, {"MARTLET_EXPORTER__DETAIL": "all"})
    watch.settle()
    return watch


@pytest.fixture(scope="module")
def query(start_for_all: Start, watch: Watch, tmp_path_factory: pytest.TempPathFactory) -> Query:
    """The labels of what a Prometheus finds that has scraped all that is shown; it fails with what that has against the question."""
    folder = tmp_path_factory.mktemp("prometheus")
    target = watch.exporter.url.removeprefix("http://")
    job = {"job_name": "martlet", "honor_labels": True, "scrape_interval": "1s", "static_configs": [{"targets": [target]}]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump({"scrape_configs": [job]}))
    server = f"127.0.0.1:{free_port()}"
    start_for_all(
        "/usr/bin/prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", f"--web.listen-address={server}")

    def ask(expression: str) -> list[dict[str, str]]:
        answer = fetch(f"http://{server}/api/v1/query?" + urllib.parse.urlencode({"query": expression})).json
        assert answer["status"] == "success", answer["error"]
        return [row["metric"] for row in answer["data"]["result"]]

    wait_for(lambda: ask('up{job="martlet"} == 1'), 30, "a scrape")
    return ask


def test_there_are_some() -> None:
    assert len(ALL) >= 20


@pytest.mark.parametrize("expression", ALL)
def test_syntax(expression: str, tmp_path: Path) -> None:
    rules = {"groups": [{"name": "page", "rules": [{"alert": "Page", "expr": expression}]}]}
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(rules))
    checked = subprocess.run(["promtool", "check", "rules", tmp_path / "rules.yml"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("expression", ALL)
def test_evaluation(expression: str, query: Query) -> None:
    for family in set(FAMILY.findall(expression)) - NOTHING_OF:
        assert query(family), family
    query(expression)


def vmids(rows: Iterable[Mapping[str, str]]) -> set[str]:
    return {row["vmid"] for row in rows}


def test_no_backup(query: Query, watch: Watch) -> None:
    """Guests without one are found beside those whose last one is old, each once."""
    seen = watch.scrape()
    backed = vmids(seen.series(BACKUP))
    expression = the_one_with("> 48 * 3600")
    assert len(backed) > 10 and vmids(seen.series("pve_guest_info", template="0")) == backed
    assert query(expression.replace("48 * 3600", "1e12")) == []
    assert sorted(row["vmid"] for row in query(expression.replace("48 * 3600", "-1e12"))) == sorted(backed)
    # As if there were a backup of one of them only.
    one = min(backed)
    of_one = expression.replace(f"{BACKUP})", f'{BACKUP}{{vmid="{one}"}})')
    assert vmids(query(of_one.replace("48 * 3600", "1e12"))) == backed - {one}
    assert sorted(row["vmid"] for row in query(of_one.replace("48 * 3600", "-1e12"))) == sorted(backed)


def test_state_with_a_name(query: Query, watch: Watch) -> None:
    seen = watch.scrape()
    names = {own["vmid"]: own["name"] for own in seen.series("pve_guest_info")}
    services = vmids(seen.series("pve_ha_service_state", state="started"))
    assert services
    found = query(the_one_with('state="error"').replace('state="error"', 'state=~".+"'))
    assert {row["vmid"]: row["name"] for row in found} == {vmid: names[vmid] for vmid in services}


def test_threshold_and_mute(query: Query, watch: Watch) -> None:
    """Of each guest that is watched one threshold is compared: that of its tag, where it has one."""
    seen = watch.scrape()
    use = {dict(own)["vmid"]: value for (name, own), value in seen.samples.items() if name in ("pve_vm_cpu_usage", "pve_lxc_cpu_usage")}
    tagged = {dict(own)["vmid"]: value for (name, own), value in seen.samples.items() if name == "pve_guest_threshold_ratio" and ("metric", "cpu") in own}
    muted = vmids([*seen.series("pve_guest_alerts_muted", metric="all"), *seen.series("pve_guest_alerts_muted", metric="cpu")])
    watched = use.keys() - muted
    assert muted & use.keys() and tagged.keys() & watched and watched - tagged.keys()
    over = {vmid for vmid in watched & tagged.keys() if use[vmid] > tagged[vmid]}
    expression = the_one_with("pve_guest_alerts_muted")
    assert vmids(query(expression.replace("0.9", "1e12"))) == over
    assert vmids(query(expression.replace("0.9", "-1"))) == over | (watched - tagged.keys())


def test_age(query: Query, watch: Watch) -> None:
    name = "martlet_proxmox_source_last_success_timestamp_seconds"
    heard = {(own["source"], own.get("node", "")) for own in watch.scrape().series(name)}
    found = {(row["source"], row.get("node", "")) for row in query(the_one_with(name).replace("3 *", "-1 *"))}
    assert found == {(source, node) for source, node in heard if source not in ("agent", "addresses", "backups")}


def test_recorded_series_are_recorded() -> None:
    rules = [rule for path in (REPOSITORY / "prometheus/rules").glob("*.yml") for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]
    named = {name for expression in NAMED for name in promql.names(expression) if ":" in name}
    assert len(named) > 15 and named <= {rule["record"] for rule in rules if "record" in rule}


def test_families_are_there() -> None:
    known = set(re.findall(r"^\| `(\w+)` \|", run("metrics", "--format", "markdown").stdout, re.MULTILINE))
    named = set(FAMILY.findall("\n".join(ALL)))
    assert len(named) > 25 and named <= known, sorted(named - known)


def test_families_of_the_manager_are_there() -> None:
    known = set(re.findall(r"^\| `(\w+)` \|", (REPOSITORY / "docs/manager-metrics.md").read_text(), re.MULTILINE)) | MANAGER.keys()
    named = {name.removesuffix("_bucket") for name in MANAGER_FAMILY.findall("\n".join(ALL))}
    assert len(named) > 5 and named <= known, sorted(named - known)


def test_what_counts_twice_is_chosen_by_the_job() -> None:
    """Manager and providers have series of the same names: an expression that names no job adds them up."""
    twice = [selector for expression in NAMED for selector in promql.selectors(expression) if MANAGER_FAMILY.fullmatch(selector.name)]
    assert twice and [selector for selector in twice if "job" not in {label for label, _, _ in selector.matchers}] == []


def test_each_mistake_is_one(tmp_path: Path) -> None:
    """What the page calls a parse error is one."""
    [table] = re.findall(r"^\| what is written .*\n((?:\|.*\n)+)", PAGE.read_text(), re.MULTILINE)
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table.splitlines()[1:]]
    assert len(rows) == 16 and {len(row) for row in rows} == {3}
    wrong = [re.findall(r"`([^`]+)`", written)[0] for written, outcome, _ in rows if outcome == "a parse error"]
    assert len(wrong) == 3
    for expression in wrong:
        file = tmp_path / "rules.yml"
        file.write_text(yaml.safe_dump({"groups": [{"name": "page", "rules": [{"record": "page:wrong:rate", "expr": expression}]}]}))
        checked = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True)
        assert checked.returncode != 0 and "parse error" in checked.stderr, expression

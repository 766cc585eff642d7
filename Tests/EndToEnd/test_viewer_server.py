"""The dashboards over a simulated stack: every board resolved, every question of every panel answered, numbers to take along equal to Prometheus', ten browsers
at the cost of one, and silences in Debian's Alertmanager."""

from __future__ import annotations

import concurrent.futures
import csv
import gzip
import io
import json
import re
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY, Start, fetch, free_port, programs, run, wait_for
from stack import Stack
from viewing import Asked, Dashboards, basic, board, dashboards, doors, panel, upstream, vector

UIDS = sorted(json.loads(path.read_text())["uid"] for path in (REPOSITORY / "grafana/provisioning/dashboards/json").glob("*.json"))


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("live")
    for start in programs(folder):
        stack = Stack(start, folder, "--simulate.nodes", "3", "--simulate.guests", "10", "--prometheus.scrape-interval", "5s")
        stack.wait_until_ready(120)
        # Boards ask what rules have recorded.
        wait_for(lambda: stack.query("vm:info") and stack.query("node:up:max"), 90, "recorded series")
        yield stack


@pytest.fixture(scope="module")
def viewer(live: Stack) -> Dashboards:
    return Dashboards(live.program, live.ports["dashboards"])


def questions(viewer: Dashboards, panel: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """What the page asks of a panel, as the page asks it."""
    for target in panel["targets"]:
        if target["hidden"] or not target["expr"] or target.get("source", "prometheus") != "prometheus":
            continue
        start, end = target.get("start", panel["start"]), target.get("end", panel["end"])
        if target["instant"]:
            yield target, viewer.prometheus("query", query=target["expr"], time=end)
        else:
            yield target, viewer.prometheus("query_range", query=target["expr"], start=start, end=end, step=target["step"])


# MARK: martlet up


def test_up_serves_them_and_says_where(live: Stack, viewer: Dashboards) -> None:
    assert f"Dashboards are on {viewer.url}/." in live.program.output
    assert re.search(rf"^dashboards +{viewer.url} +ready$", live.program.output, re.MULTILINE)
    page = viewer.get("/")
    assert page.status == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8" and "<script" in page.text
    # Links of alerts lead there.
    rules = viewer.prometheus("rules", type="alert").json["data"]["groups"]
    links = {rule["annotations"].get("dashboard_url", "") for group in rules for rule in group["rules"]}
    assert links - {""} and all(link.startswith(f"{viewer.url}/d/") for link in links - {""})


# What a first visit costs, compressed.
PAGE_BYTES = 73_000
PAGE = ("index.html", "icon.svg", "viewer.css", "panels.css", "js/app.js")


def test_the_page_comes_once(viewer: Dashboards) -> None:
    for name in PAGE[1:]:
        answer = viewer.get(f"/page/{name}", {"Accept-Encoding": "gzip"})
        assert answer.status == 200, name
        again = viewer.get(f"/page/{name}", {"If-None-Match": answer.headers["ETag"]})
        assert again.status == 304 and again.body == b""
    # What the page is tried with is no part of it, and modules are in the script.
    for name in ("tests/gallery.html", "js/state.js", "README.md"):
        assert viewer.get(f"/page/{name}").status == 404


def test_a_browser_is_given_one_script_and_few_bytes(viewer: Dashboards) -> None:
    loaded = viewer.get("/", {"Accept-Encoding": "gzip"})
    html = gzip.decompress(loaded.body).decode() if loaded.headers.get("Content-Encoding") == "gzip" else loaded.text
    named = re.findall(r'(?:href|src)="/page/([^"]+)"', html)
    assert sorted(named) == sorted(PAGE[1:])
    sizes = {"index.html": len(loaded.body)} | {name: len(viewer.get(f"/page/{name}", {"Accept-Encoding": "gzip"}).body) for name in named}
    script = gzip.decompress(viewer.get("/page/js/app.js", {"Accept-Encoding": "gzip"}).body).decode()
    assert not re.search(r'\bfrom ?"\./|\bimport\(', script)
    assert sum(sizes.values()) < PAGE_BYTES, sizes


# MARK: the runbook


def test_every_alert_has_its_section_of_the_runbook(viewer: Dashboards) -> None:
    assert viewer.get("/api/me").json["runbook"] is True
    rules = viewer.prometheus("rules", type="alert").json["data"]["groups"]
    alerts = sorted({rule["name"] for group in rules for rule in group["rules"]})
    assert len(alerts) > 80
    for alert in alerts:
        answer = viewer.get("/api/runbook", alert=alert)
        assert answer.status == 200, (alert, answer.text)
        section = answer.json
        assert section["alert"] == alert and not section["markdown"].startswith("#")
        assert all(f"**{part}.**" in section["markdown"] for part in ("Meaning", "Mend")), alert
        assert f"### {alert}\n\n{section['markdown'][:12]}" in (REPOSITORY / "docs/runbook.md").read_text()
        # Links lead somewhere from anywhere.
        assert all(target.startswith("https://") for target in re.findall(r"\]\(([^)]*)\)", section["markdown"])), alert
    for foreign in ["TargetDown", "hostdown", "HostDown ", "How to silence", ""]:
        answer = viewer.get("/api/runbook", alert=foreign)
        assert answer.status == 404 and answer.json["error"], foreign
    assert viewer.get("/api/runbook").status == 400
    assert viewer.get("/api/runbook", {"Sec-Fetch-Site": "cross-site"}, alert="HostDown").status == 403


# MARK: they are watched too


def test_prometheus_reads_what_they_count(live: Stack, viewer: Dashboards) -> None:
    instance = f'127.0.0.1:{live.ports["dashboards"]}'
    viewer.get("/api/boards")
    wait_for(lambda: [one["value"][1] for one in live.query(f'up{{job="martlet",instance="{instance}"}}')] == ["1"], 60, "its target")
    counted = wait_for(lambda: live.query(f'martlet_dashboards_answers_total{{instance="{instance}",part="boards",code="200"}} > 0'), 60, "its answers")
    assert counted
    assert live.query(f'martlet_build_info{{instance="{instance}"}}')


# MARK: boards


def test_the_catalogue_has_the_shipped_boards(viewer: Dashboards) -> None:
    listed = viewer.get("/api/boards").json
    assert sorted(one["uid"] for one in listed) == UIDS
    assert all(one["problem"] is None and one["title"] and one["tags"] for one in listed)
    assert [one["title"] for one in listed] == sorted(one["title"] for one in listed)


@pytest.mark.parametrize("uid", UIDS)
def test_every_question_of_a_board_is_answered(viewer: Dashboards, uid: str) -> None:
    answer = viewer.get(f"/api/boards/{uid}", **{"from": "now-30m", "to": "now", "width": 1400})
    assert answer.status == 200, answer.text
    view = answer.json
    assert view["uid"] == uid and view["problems"] == [] and view["panels"]
    assert all(variable["problem"] is None for variable in view["variables"]), view["variables"]
    asked = 0
    for one in view["panels"]:
        assert one["supported"] and one["problems"] == [], one
        for target, answer in questions(viewer, one):
            assert answer.status == 200 and answer.json["status"] == "success", (one["title"], target["expr"], answer.text)
            # What is left may be a group of label_replace.
            assert not re.search(r"\$(?!\d)|\[\[", target["expr"]), target["expr"]
            asked += 1
        if one["table"]:
            frame = viewer.get(f"/api/boards/{uid}/panels/{one['key']}/frame", **{"from": "now-30m", "to": "now", "width": 1400})
            assert frame.status == 200 and frame.json["problems"] == [], (one["title"], frame.text)
            assert all(len(column["values"]) == frame.json["length"] for column in frame.json["fields"])
    assert asked > 3


def test_variables_change_what_is_asked(viewer: Dashboards) -> None:
    def expressions(**parameters: object) -> set[str]:
        view = viewer.get("/api/boards/martlet-host-detail", **{"from": "now-30m", "to": "now"}, **parameters).json
        return {target["expr"] for one in view["panels"] for target in one["targets"]}

    one, two = expressions(**{"var-node": "pve1"}), expressions(**{"var-node": "pve2"})
    assert one != two
    assert any("pve1" in expression for expression in one) and not any("pve1" in expression for expression in two)


# MARK: numbers to take along


def test_a_file_has_the_numbers_of_prometheus(start: Start, live: Stack, tmp_path: Path) -> None:
    (tmp_path / "boards").mkdir()
    expression = "sum by (node) (pve_node_cpu_load)"
    table = panel("Now", "up") | {"id": 1}
    lines = panel("Then", expression, "timeseries") | {"id": 2}
    (tmp_path / "boards/a.json").write_text(board("Numbers", table, lines))
    viewer = dashboards(start, live.url("prometheus"), "--dashboards.boards-dir", tmp_path / "boards")
    end = int(time.time()) // 5 * 5_000
    span = {"from": end - 600_000, "to": end, "width": 1000}
    view = {one["key"]: one for one in viewer.get("/api/boards/made-here", **span).json["panels"]}

    def rows(key: str) -> list[list[str]]:
        answer = viewer.get("/export.csv", board="made-here", panel=key, **span)
        assert answer.status == 200, answer.text
        assert answer.headers["Content-Disposition"] == f'attachment; filename="Numbers - {view[key]["title"]}.csv"'
        return list(csv.reader(io.StringIO(answer.body.decode(), newline=""), strict=True))

    target = view["1"]["targets"][0]
    asked = {"query": target["expr"], "time": target.get("end", view["1"]["end"])}
    told = fetch(f"{live.url('prometheus')}/api/v1/query?" + urllib.parse.urlencode(asked)).json["data"]["result"]
    header, *found = rows("1")
    instance, value = header.index("instance"), next(index for index, name in enumerate(header) if name.startswith("Value"))
    job = header.index("job")
    assert {(row[job], row[instance], float(row[value])) for row in found} == {
        (one["metric"]["job"], one["metric"]["instance"], float(one["value"][1])) for one in told}
    assert len(found) == len(told) > 3

    target = view["2"]["targets"][0]
    asked = {"query": target["expr"], "start": target.get("start", view["2"]["start"]), "end": target.get("end", view["2"]["end"]), "step": target["step"]}
    told = fetch(f"{live.url('prometheus')}/api/v1/query_range?" + urllib.parse.urlencode(asked)).json["data"]["result"]
    header, *found = rows("2")
    numbers = sorted(float(cell) for row in found for cell in row[1:] if cell)
    assert numbers == sorted(float(number) for one in told for _, number in one["values"]) and len(numbers) >= 3
    assert len(header) == len(told) + 1


def test_a_long_file_is_sent_in_pieces(start: Start, tmp_path: Path) -> None:
    (tmp_path / "boards").mkdir()
    (tmp_path / "boards/a.json").write_text(board("Long", panel("Long", "up", "timeseries")))
    count, points = 50, 8000
    series = [{"metric": {"n": str(n)}, "values": [[1_700_000_000 + 15 * i, str(n + i / 7)] for i in range(points)]} for n in range(count)]
    body = json.dumps({"status": "success", "data": {"resultType": "matrix", "result": series}}).encode()
    with upstream(lambda _: (200, {}, body)) as prometheus:
        viewer = dashboards(start, prometheus.url, "--dashboards.boards-dir", tmp_path / "boards")
        answer = viewer.get("/export.csv", board="made-here", panel="1")
        assert answer.status == 200 and answer.headers["Transfer-Encoding"] == "chunked"
        rows = list(csv.reader(io.StringIO(answer.body.decode(), newline=""), strict=True))
        assert len(rows) == points + 1 and all(len(row) == count + 1 for row in rows)
        assert float(rows[-1][count]) == pytest.approx(count - 1 + (points - 1) / 7)


# MARK: what it costs Prometheus


def test_ten_browsers_cost_one_query(start: Start) -> None:
    gate = threading.Barrier(10)

    def slow(_: Asked) -> tuple[int, Mapping[str, str], bytes]:
        time.sleep(0.5)
        return 200, {}, json.dumps(vector(({"node": "pve1"}, 1))).encode()

    with upstream(slow) as prometheus:
        viewer = dashboards(start, prometheus.url)

        def browser(_: int) -> bytes:
            gate.wait(20)
            return viewer.prometheus("query_range", query="up", start=0, end=600, step=15).body

        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            answers = set(pool.map(browser, range(10)))
        assert len(answers) == 1 and len(prometheus.asked) == 1
        # A moment later it is still known, and then not any more.
        assert viewer.prometheus("query_range", query="up", start=0, end=600, step=15).status == 200
        assert len(prometheus.asked) == 1
        time.sleep(1.5)
        assert viewer.prometheus("query_range", query="up", start=0, end=600, step=15).status == 200
        assert len(prometheus.asked) == 2
        metrics = viewer.get("/metrics").text
        assert 'martlet_dashboards_questions_total{program="prometheus",outcome="asked"} 2' in metrics


def test_ten_boards_at_once_cost_prometheus_one(start: Start, live: Stack) -> None:
    viewer = dashboards(start, live.url("prometheus"))

    def asked() -> float:
        told = fetch(f"{live.url('prometheus')}/metrics").text
        return sum(
            float(line.rsplit(" ", 1)[1]) for line in told.splitlines()
            if line.startswith("prometheus_http_requests_total{") and any(f'"/api/v1/{name}"' in line for name in ["query", "query_range", "series", "label/:name/values"]))

    span = {"from": "1700000000000", "to": "1700003600000"}

    def cost(browsers: int) -> float:
        before = asked()
        with concurrent.futures.ThreadPoolExecutor(browsers) as pool:
            views = list(pool.map(lambda _: viewer.get("/api/boards/martlet-cluster-overview", **span).json, range(browsers)))
        assert all(view["panels"] == views[0]["panels"] for view in views)
        return asked() - before

    one = cost(1)
    time.sleep(1.5)
    ten = cost(10)
    # The page reads its last answers of the round before a second is over, unless the machine stands still.
    assert one > 0 and ten <= 2 * one


# MARK: silences


class Alertmanager:
    """Debian's, with nobody to tell."""

    def __init__(self, start: Start, folder: Path) -> None:
        (folder / "alertmanager.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
        self.url = f"http://127.0.0.1:{free_port()}"
        self.program = start(
            "/usr/bin/prometheus-alertmanager", f"--config.file={folder}/alertmanager.yml", f"--storage.path={folder}/alertmanager",
            f"--web.listen-address={self.url.removeprefix('http://')}", "--cluster.listen-address=")
        self.program.wait_until(f"{self.url}/-/ready")

    def silences(self) -> list[Any]:
        return list(fetch(f"{self.url}/api/v2/silences").json)


def test_a_user_silences_and_ends_it(start: Start, tmp_path: Path) -> None:
    alertmanager = Alertmanager(start, tmp_path)
    with upstream() as prometheus:
        viewer = dashboards(
            start, prometheus.url, "--dashboards.web-config-file", doors(tmp_path), alertmanager=alertmanager.url, password=True)
        headers = basic() | {"Origin": viewer.url, "Content-Type": "application/json"}
        me = viewer.get("/api/me", basic()).json
        assert me["user"] == "ada" and me["maySilence"] and me["whyNot"] is None and me["alertmanager"]
        assert viewer.get("/api/alertmanager/api/v2/silences", basic()).json == []
        end = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + 7200))
        wanted = {
            "matchers": [
                {"name": "alertname", "value": "HostDown", "isRegex": False, "isEqual": True},
                {"name": "node", "value": "pve[12]", "isRegex": True, "isEqual": False}],
            "endsAt": end, "comment": "new disks <b>", "createdBy": "somebody else"}
        answer = viewer.raw("POST", "/api/alertmanager/api/v2/silences", headers, json.dumps(wanted).encode())
        assert answer.status == 200, answer.text
        name = answer.json["silenceID"]
        made = alertmanager.silences()[0]
        assert made["id"] == name and made["status"]["state"] == "active"
        assert made["createdBy"] == "ada" and made["comment"] == "new disks <b>" and made["endsAt"] == end
        assert sorted(made["matchers"], key=lambda one: one["name"]) == wanted["matchers"]
        # Seen at once, though it was asked for a moment ago.
        assert [one["id"] for one in viewer.get("/api/alertmanager/api/v2/silences", basic()).json] == [name]
        # Alertmanager's own words, where it knows better.
        bad = wanted | {"matchers": [{"name": "node", "value": "(", "isRegex": True}]}
        refused = viewer.raw("POST", "/api/alertmanager/api/v2/silences", headers, json.dumps(bad).encode())
        assert refused.status == 400 and refused.json["error"].startswith("Alertmanager refuses: ")
        ended = viewer.raw("DELETE", f"/api/alertmanager/api/v2/silence/{name}", headers)
        assert ended.status == 200, ended.text
        assert alertmanager.silences()[0]["status"]["state"] == "expired"
        metrics = viewer.get("/metrics", basic()).text
        assert 'martlet_dashboards_silences_total{action="created"} 1' in metrics
        assert 'martlet_dashboards_silences_total{action="expired"} 1' in metrics


def test_a_proxy_in_front_passes_on_its_name(start: Start, tmp_path: Path) -> None:
    with upstream(lambda _: (200, {}, b'{"silenceID":"x"}')) as alertmanager:
        viewer = dashboards(
            start, alertmanager.url, "--dashboards.web-config-file", doors(tmp_path), "--dashboards.external-url", "https://boards.example.org",
            alertmanager=alertmanager.url, password=True)
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 7200))
        wanted = {"matchers": [{"name": "alertname", "value": "HostDown"}], "endsAt": end, "comment": "new disks"}
        headers = basic() | {"Host": "boards.example.org", "Content-Type": "application/json"}
        for origin, status in [("https://boards.example.org", 200), ("http://evil.example", 403)]:
            answer = viewer.raw("POST", "/api/alertmanager/api/v2/silences", headers | {"Origin": origin}, json.dumps(wanted).encode())
            assert answer.status == status, answer.text
        assert viewer.raw("GET", "/api/me", basic() | {"Host": "evil.example"}).status == 403


# MARK: settings


def test_a_reload_takes_another_prometheus(start: Start, tmp_path: Path) -> None:
    settings = tmp_path / "martlet.yml"
    with upstream(lambda _: (200, {}, b'["one"]')) as one, upstream(lambda _: (200, {}, b'["two"]')) as two:
        settings.write_text(f"dashboards: {{prometheus: {{url: '{one.url}'}}, alertmanager: {{url: off}}}}\n")
        port = free_port()
        program = start("dashboards", "--config.file", settings, "--web.listen-address", f"127.0.0.1:{port}")
        viewer = Dashboards(program, port)
        program.wait_until(f"{viewer.url}/-/ready")
        assert viewer.prometheus("labels").json == ["one"]
        settings.write_text(f"dashboards: {{prometheus: {{url: '{two.url}'}}, alertmanager: {{url: off}}}}\n")
        assert fetch(f"{viewer.url}/-/reload", "POST").status == 200
        assert viewer.prometheus("labels").json == ["two"]
        settings.write_text("dashboards: {prometheus: {url: nonsense}}\n")
        assert fetch(f"{viewer.url}/-/reload", "POST").status == 500
        assert viewer.prometheus("labels").json == ["two"]


@pytest.mark.parametrize(("flags", "words"), [
    (["--dashboards.prometheus-url", "http://user:secret@127.0.0.1:9090"], "password_file"),
    (["--dashboards.prometheus-url", "off"], "dashboards need a Prometheus"),
    (["--dashboards.page-dir", "/there/is/none"], "index.html"),
    (["--dashboards.web-config-file", "/there/is/none"], "--dashboards.web-config-file: cannot read /there/is/none"),
    (["--dashboards.external-url", "https://boards.example.org/path"], "external_url"),
    (["--web.listen-address", "nonsense"], "listen address"),
])
def test_what_cannot_be_is_said_in_one_line(flags: list[str], words: str, tmp_path: Path) -> None:
    done = run("dashboards", *flags, cwd=tmp_path)
    assert done.returncode in (1, 2) and words in done.stderr and done.stderr.count("\n") == 1
    assert "secret" not in done.stderr


def test_up_without_them(start: Start, tmp_path: Path) -> None:
    stack = Stack(start, tmp_path, "--simulate.nodes", "1", "--simulate.guests", "1", "--no-dashboards")
    stack.wait_until_ready(120)
    assert "Dashboards are on" not in stack.program.output
    assert not (tmp_path / "state/prometheus/targets/martlet/dashboards.yml").exists()
    with pytest.raises(OSError):
        fetch(stack.url("dashboards"), timeout=2)


def test_up_lets_users_in_at_the_dashboards_alone(start: Start, tmp_path: Path) -> None:
    stack = Stack(start, tmp_path, "--simulate.nodes", "1", "--simulate.guests", "1", "--dashboards.web-config-file", doors(tmp_path))
    stack.wait_until_ready(120)
    viewer = Dashboards(stack.program, stack.ports["dashboards"])
    assert viewer.get("/").status == 401
    assert viewer.get("/api/me", basic()).json["maySilence"]
    # Prometheus knows no password, so it does not try.
    assert not (tmp_path / "state/prometheus/targets/martlet/dashboards.yml").exists()
    assert fetch(f"{stack.url('web')}/metrics").status == 200

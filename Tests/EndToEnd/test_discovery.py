"""`martlet discovery`: what /targets says as things happen to clusters and guests."""

from __future__ import annotations

import gzip
import json
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Start, fetch, run, wait_for
from discovering import TOKEN, Cluster, Discovery


@pytest.fixture
def lab(start: Start, tmp_path: Path) -> Iterator[tuple[Cluster, Discovery]]:
    cluster = Cluster(start, tmp_path / "world")
    discovery = Discovery(start, tmp_path / "discovery", [cluster])
    discovery.wait_until_warm()
    yield cluster, discovery


def test_what_is_told_is_what_the_world_is(lab: tuple[Cluster, Discovery]) -> None:
    cluster, discovery = lab
    targets = discovery.targets()
    for vmid, guest in cluster.guests.items():
        labels = targets.pop(str(vmid), None)
        if guest["template"] or guest["status"] != "running":
            assert labels is None, guest
            continue
        if labels is None:
            # Nobody can know where it is: no living agent, and nothing in its configuration.
            assert guest["kind"] == "qemu"
            continue
        windows = (guest["ostype"] or "").startswith("w")
        assert labels["target"] == f"{guest['address']}:{9182 if windows else 9100}"
        assert labels["name"] == guest["name"] and labels["node"] == guest["node"] and labels["type"] == guest["kind"]
        assert labels["cluster"] == "lab" and labels["status"] == guest["status"]
        assert labels["os"] == ("windows" if windows else "linux") and labels["ostype"] == guest["ostype"]
        assert labels.get("tags", ",,").strip(",").split(",") == (guest["tags"] or "").replace(";", ",").split(",")
    assert not targets, "what nobody knows is told"
    assert list(discovery.targets("type=node")) == ["pve1", "pve2", "pve3"]


def test_few_are_without_an_address_and_the_metric_says_how_many(lab: tuple[Cluster, Discovery]) -> None:
    cluster, discovery = lab
    running = [g for g in cluster.guests.values() if not g["template"] and g["status"] == "running"]
    for kind in ("qemu", "lxc"):
        told = len([g for g in discovery.targets(f"type={kind}").values()])
        assert discovery.metric("martlet_discovery_targets", cluster="lab", type=kind) == told
        silent = sum(
            discovery.metric("martlet_discovery_targets_without_address", type=kind, reason=reason) or 0
            for reason in ("unread", "no_agent", "agent_silent", "forbidden", "no_match"))
        assert told + silent == len([g for g in running if g["kind"] == kind])
        assert told > 0


def test_a_guest_that_stops_starts_moves_and_changes(lab: tuple[Cluster, Discovery]) -> None:
    cluster, discovery = lab
    vmid = cluster.some()
    key = str(vmid)
    was = discovery.targets()[key]

    cluster.change(vmid, status="stopped")
    wait_for(lambda: key not in discovery.targets(), 5, "the stopped guest to go")
    cluster.change(vmid, status="running")
    # A look, the time until its agent is up, and the next question for it.
    wait_for(lambda: discovery.targets().get(key, {}).get("target") == was["target"], 12, "the started guest")

    other = next(f"pve{n}" for n in (1, 2, 3) if f"pve{n}" != was["node"])
    cluster.change(vmid, node=other)
    wait_for(lambda: discovery.targets()[key]["node"] == other, 5, "the migrated guest")
    assert discovery.targets()[key]["target"] == was["target"]

    cluster.change(vmid, name="renamed", tags="prod;owner.main;mon-cpu-98")
    wait_for(lambda: discovery.targets()[key]["name"] == "renamed", 5, "the new name")
    labels = discovery.targets()[key]
    assert labels["tags"] == ",prod,owner.main,mon-cpu-98,"
    assert labels["tag_prod"] == "true" and labels["tag_owner"] == "main" and labels["tag_mon_cpu_98"] == "true"
    assert key in discovery.targets("tag=owner.*") and key not in discovery.targets("exclude_tag=prod")

    cluster.delete(vmid)
    wait_for(lambda: key not in discovery.targets("state=*"), 5, "the deleted guest to go")


def test_order_and_bytes_stay_the_same(lab: tuple[Cluster, Discovery]) -> None:
    _, discovery = lab
    first = discovery.ask()
    assert [int(g["labels"]["__meta_proxmox_vmid"]) for g in first.json] == sorted(int(g["labels"]["__meta_proxmox_vmid"]) for g in first.json)
    assert first.headers["Content-Type"] == "application/json"
    time.sleep(3)  # Three looks at a world in which nothing happens.
    assert discovery.ask().body == first.body
    request = urllib.request.Request(discovery.url + "/targets", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        packed = answer.read()
        assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed) == first.body and len(packed) < len(first.body) / 4


def test_a_cluster_that_does_not_answer_keeps_its_targets_for_a_while(start: Start, tmp_path: Path) -> None:
    cluster = Cluster(start, tmp_path / "world")
    discovery = Discovery(start, tmp_path / "discovery", [cluster], keep_last="6s")
    discovery.wait_until_warm()
    before = discovery.targets()
    cluster.end()
    wait_for(lambda: discovery.state() == "kept", 10, "kept")
    assert discovery.targets() == before
    assert fetch(discovery.url + "/ready").status == 200
    wait_for(lambda: discovery.state() == "expired", 15, "expired")
    assert discovery.targets() == {}
    assert discovery.metric("martlet_discovery_targets", cluster="lab", type="qemu") == 0
    cluster.begin()
    wait_for(lambda: discovery.state() == "fresh" and set(discovery.targets()) == set(before), 15, "all of them again")


def test_without_a_cluster_there_is_no_answer_rather_than_an_empty_one(start: Start, tmp_path: Path) -> None:
    cluster = Cluster(start, tmp_path / "world")
    cluster.end()
    discovery = Discovery(start, tmp_path / "discovery", [cluster], cold_wait="0s")
    for _ in range(3):
        answer = discovery.ask()
        assert answer.status == 503 and str(cluster.port) in answer.text, answer.text
        assert fetch(discovery.url + "/ready").status == 503
        time.sleep(0.5)
    assert fetch(discovery.url + "/health").status == 200
    assert discovery.metric("martlet_discovery_cluster_state", state="cold") == 1
    cluster.begin()
    discovery.wait_until_warm()
    assert fetch(discovery.url + "/ready").status == 200


def test_rights_that_are_lost_do_not_look_like_guests_that_are_gone(lab: tuple[Cluster, Discovery]) -> None:
    cluster, discovery = lab
    before = discovery.targets()
    cluster.scenario("rights-lost")
    wait_for(lambda: discovery.state() == "kept", 10, "kept")
    assert discovery.targets() == before
    assert discovery.metric("martlet_scrape_part_problem_info", part="lab", reason="forbidden") == 1
    assert "VM.Audit" in fetch(discovery.url + "/").text
    cluster.scenario("normal")
    wait_for(lambda: discovery.state() == "fresh", 10, "fresh")
    assert discovery.targets() == before


def test_a_token_without_rights_is_no_empty_estate(start: Start, tmp_path: Path) -> None:
    cluster = Cluster(start, tmp_path / "world")
    cluster.scenario("rights-lost")
    discovery = Discovery(start, tmp_path / "discovery", [cluster])
    wait_for(lambda: "VM.Audit" in discovery.ask().text, 10, "the right that is missing")
    assert discovery.ask().status == 503


def test_guests_of_a_dead_node_stay_targets(lab: tuple[Cluster, Discovery]) -> None:
    cluster, discovery = lab
    before = discovery.targets()
    cluster.scenario("node-down")
    wait_for(lambda: discovery.targets("type=node")["pve3"]["status"] == "offline", 10, "the node that is off")
    assert {key: labels["target"] for key, labels in discovery.targets().items()} == {key: labels["target"] for key, labels in before.items()}
    assert discovery.targets("type=node")["pve3"]["target"]


def test_several_clusters_are_independent(start: Start, tmp_path: Path) -> None:
    one, other = Cluster(start, tmp_path / "one", name="one"), Cluster(start, tmp_path / "other", name="other")
    discovery = Discovery(start, tmp_path / "discovery", [one, other])
    discovery.wait_until_warm()
    vmid = one.some()
    clusters = [(g["labels"]["__meta_proxmox_cluster"], int(g["labels"]["__meta_proxmox_vmid"])) for g in discovery.ask().json]
    assert clusters == sorted(clusters) and {"one", "other"} == {name for name, _ in clusters}
    assert (("one", vmid) in clusters) and (("other", vmid) in clusters)
    assert {labels["cluster"] for labels in discovery.targets("cluster=one").values()} == {"one"}
    other.end()
    wait_for(lambda: discovery.state("other") == "kept", 10, "kept")
    one.change(vmid, name="renamed")
    wait_for(lambda: discovery.targets("cluster=one")[str(vmid)]["name"] == "renamed", 5, "the living cluster's change")
    assert len(discovery.ask("cluster=other").json) > 0
    unknown = discovery.ask("cluster=nobody")
    assert unknown.status == 404 and "one, other" in unknown.text


def test_one_cold_cluster_does_not_hold_back_the_others_for_ever(start: Start, tmp_path: Path) -> None:
    one, other = Cluster(start, tmp_path / "one", name="one"), Cluster(start, tmp_path / "other", name="other")
    other.end()
    discovery = Discovery(start, tmp_path / "discovery", [one, other], cold_wait="4s")
    assert discovery.ask().status == 503
    wait_for(lambda: discovery.ask().status == 200, 15, "the answer without it")
    assert {labels["cluster"] for labels in discovery.targets().values()} == {"one"}
    other.begin()
    wait_for(lambda: {group["labels"]["__meta_proxmox_cluster"] for group in discovery.ask().json} == {"one", "other"}, 15, "both")


def test_variables_of_other_tools(start: Start, tmp_path: Path) -> None:
    cluster = Cluster(start, tmp_path / "world")
    identity, secret = TOKEN.split("=")
    discovery = Discovery(
        start, tmp_path / "discovery", [], cache_ttl="1s",
        env={"PROXMOX_HOST": cluster.url, "PROXMOX_TOKEN_NAME": identity, "PROXMOX_TOKEN_VALUE": secret, "TARGET_NODES": "pve1,pve3"})
    discovery.wait_until_warm()
    assert {labels["node"] for labels in discovery.targets().values()} == {"pve1", "pve3"}
    assert set(discovery.targets("type=node")) == {"pve1", "pve3"}
    bad = run("discovery", env={"PROXMOX_HOST": cluster.url, "PROXMOX_TOKEN_NAME": identity, "PROXMOX_TOKEN_VALUE": secret, "CACHE_TTL_SECONDS": "soon"}, cwd=tmp_path)
    assert bad.returncode == 1 and "CACHE_TTL_SECONDS: expected seconds from 1 to 3600" in bad.stderr


def test_a_reload_keeps_what_is_known(lab: tuple[Cluster, Discovery]) -> None:
    cluster, discovery = lab
    before = discovery.targets()
    cluster.end()
    wait_for(lambda: discovery.state() == "kept", 10, "kept")
    discovery.file.write_text(discovery.file.read_text().replace("keep_last: 1h", "keep_last: 2h"))
    assert fetch(discovery.url + "/-/reload", "POST").status == 200
    assert discovery.targets() == before
    discovery.file.write_text(discovery.file.read_text().replace("keep_last: 2h", "keep_lst: 2h"))
    refused = fetch(discovery.url + "/-/reload", "POST")
    assert refused.status == 500 and "keep_last" in refused.text
    assert discovery.targets() == before


def test_whoever_asks_at_the_start_is_answered_when_it_is_known(start: Start, tmp_path: Path) -> None:
    cluster = Cluster(start, tmp_path / "world", latency="50ms")
    discovery = Discovery(start, tmp_path / "discovery", [cluster])
    # Prometheus tells how often it asks; who does not tell gets 503 at once.
    waited = discovery.ask(**{"X-Prometheus-Refresh-Interval-Seconds": "30"})
    assert waited.status == 200 and len(waited.json) > 5


def test_what_is_no_question(lab: tuple[Cluster, Discovery]) -> None:
    _, discovery = lab
    for query, words in [("nodes=pve1", "there is no parameter"), ("type=vm", "expected one of"), ("port=x", "port: expected")]:
        answer = discovery.ask(query)
        assert answer.status == 400 and words in answer.text
    assert fetch(discovery.url + "/targets", "POST").status == 405
    page = fetch(discovery.url + "/")
    assert page.status == 200 and "martlet discovery" in page.text and "/targets" in page.text
    assert json.loads(discovery.ask("node=nobody").body) == []


def test_nodes_outlive_their_guests(start: Start, tmp_path: Path) -> None:
    cluster = Cluster(start, tmp_path / "world")
    discovery = Discovery(start, tmp_path / "discovery", [cluster], keep_last="2s")
    discovery.wait_until_warm()
    cluster.end()
    wait_for(lambda: discovery.state() == "expired", 15, "expired")
    assert discovery.targets() == {} and set(discovery.targets("type=node")) == {"pve1", "pve2", "pve3"}


def test_a_cluster_takes_nobodys_name(start: Start, tmp_path: Path) -> None:
    """One that calls itself as another is named does not put its guests in that one's place, wherever it stands in the settings."""
    hostile, honest = Cluster(start, tmp_path / "hostile", name="prod"), Cluster(start, tmp_path / "honest", name="lab", guests=8)
    discovery = Discovery(start, tmp_path / "discovery", [hostile, honest], cold_wait="2s", names=[None, "prod"])
    wait_for(lambda: discovery.ask().status == 200, 20, "the honest one's answer")
    assert {int(number) for number in discovery.targets()} <= set(honest.guests)
    problem = discovery.metric("martlet_scrape_part_problem_info", part=f"127.0.0.1:{hostile.port}", reason="duplicate")
    assert problem == 1


def test_a_node_that_is_off_at_the_start_is_waited_for(start: Start, tmp_path: Path) -> None:
    cluster = Cluster(start, tmp_path / "world")
    cluster.scenario("node-down")
    discovery = Discovery(start, tmp_path / "discovery", [cluster], cold_wait="8s")
    time.sleep(2)
    assert discovery.ask().status == 503
    wait_for(lambda: discovery.ask().status == 200, 20, "what can be known")
    assert discovery.state() == "partial" and {labels["node"] for labels in discovery.targets().values()} == {"pve1", "pve2"}
    cluster.scenario("normal")
    wait_for(lambda: discovery.state() == "fresh" and "pve3" in discovery.targets("type=node"), 20, "all of it")


def test_a_reload_with_a_wrong_secret_is_refused(lab: tuple[Cluster, Discovery]) -> None:
    _, discovery = lab
    before = discovery.ask().body
    text = discovery.file.read_text()
    discovery.file.write_text(text.replace("SECRET", "WRONG"))
    refused = fetch(discovery.url + "/-/reload", "POST")
    assert refused.status == 500 and "refuses the API token" in refused.text
    assert discovery.ask().body == before and discovery.state() == "fresh"
    discovery.file.write_text(text)


def test_reloads_hold_back_nobody_who_was_answered(start: Start, tmp_path: Path) -> None:
    one, other = Cluster(start, tmp_path / "one", name="one"), Cluster(start, tmp_path / "other", name="other")
    other.end()
    discovery = Discovery(start, tmp_path / "discovery", [one, other], cold_wait="3s")
    wait_for(lambda: discovery.ask().status == 200, 15, "the answer without it")
    for _ in range(5):
        assert fetch(discovery.url + "/-/reload", "POST").status == 200
        assert discovery.ask().status == 200


def test_whoever_asks_for_one_cluster_does_not_wait_for_another(start: Start, tmp_path: Path) -> None:
    one, other = Cluster(start, tmp_path / "one", name="one"), Cluster(start, tmp_path / "other", name="other")
    other.end()
    discovery = Discovery(start, tmp_path / "discovery", [one, other])
    wait_for(lambda: discovery.ask("cluster=one").status == 200, 10, "the one that is there")
    begin = time.monotonic()
    assert discovery.ask("cluster=one", **{"X-Prometheus-Refresh-Interval-Seconds": "30"}).status == 200
    assert discovery.ask("typ=node", **{"X-Prometheus-Refresh-Interval-Seconds": "30"}).status == 400
    assert time.monotonic() - begin < 5
    assert discovery.ask().status == 503


def test_the_log_and_the_page_say_what_is_missing_without_a_scrape(start: Start, tmp_path: Path) -> None:
    cluster = Cluster(start, tmp_path / "world")
    cluster.scenario("rights-lost")
    discovery = Discovery(start, tmp_path / "discovery", [cluster])
    wait_for(lambda: "VM.Audit" in discovery.program.output, 15, "a line of the log")
    wait_for(lambda: "VM.Audit" in fetch(discovery.url + "/").text, 15, "the page")

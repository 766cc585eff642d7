"""An API that is dead, slow, refusing or talking nonsense: `/metrics` answers in time with all that is still true, and says what is missing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from conftest import Start, fetch, free_port, in_time, wait_for
from exporting import Exporter, environment
from hostile import FAULTS, Hostile
from oracle import Samples, difference, expected_samples, parse_exposition
from replay import TOKEN, Fault, Replay

API = "/api2/json"


def problems(samples: Samples) -> dict[str, set[str]]:
    """The reasons by part."""
    found: dict[str, set[str]] = {}
    for (name, labels), _ in samples.items():
        if name == "martlet_scrape_part_problem_info":
            known = dict(labels)
            found.setdefault(known["part"], set()).add(known["reason"])
    return found


def success(samples: Samples) -> float:
    return next(value for (name, _), value in samples.items() if name == "martlet_scrape_collector_success")


def families(samples: Samples) -> set[str]:
    return {name for name, _ in samples if name.startswith("pve_")}


def test_dead_api_before_and_after(start: Start) -> None:
    port = free_port()
    env = {"PROXMOX_HOST": f"http://127.0.0.1:{port}", "PROXMOX_TOKEN_NAME": "monitor@pve!exporter", "PROXMOX_TOKEN_VALUE": "SECRET", "PROXMOX_CLUSTER": "lab"}
    exporter = Exporter(start, env)
    answer = exporter.metrics()
    samples, _ = parse_exposition(answer.text)
    assert answer.status == 200 and families(samples) == set()
    assert problems(samples) == {"lab": {"unreachable"}} and success(samples) == 0
    assert fetch(exporter.url + "/ready").status == 503 and fetch(exporter.url + "/health").status == 200
    assert "refused" in fetch(exporter.url + "/").text.lower() or "connect" in fetch(exporter.url + "/").text.lower()


def test_api_that_dies_and_comes_back(start: Start) -> None:
    with Replay.from_recordings() as api:
        exporter = Exporter(start, environment(api))
        wait_for(lambda: fetch(exporter.url + "/ready").status == 200, 10, "ready")
        api.faults.update({path: Fault(close_without_answer=True) for path in [f"{API}/version", f"{API}/cluster/status", f"{API}/cluster/resources"]})
        samples, _ = parse_exposition(exporter.metrics().text)
        assert families(samples) == set() and success(samples) == 0
        api.faults.clear()
        samples, _ = parse_exposition(exporter.metrics().text)
        assert difference(expected_samples(api.answers), samples) == [] and success(samples) == 1
        assert fetch(exporter.url + "/ready").status == 200


@pytest.mark.alone
def test_everything_slow(start: Start) -> None:
    with Replay.from_recordings() as api:
        exporter = Exporter(start, environment(api))
        wait_for(lambda: fetch(exporter.url + "/ready").status == 200, 10, "ready")
        api.faults.update({path: Fault(delay_seconds=10) for path in api.answers})
        answer = in_time(3, lambda: exporter.metrics(timeout_seconds=3))
        samples, _ = parse_exposition(answer.text)
        assert answer.status == 200
        assert "deadline" in problems(samples)["lab"] and success(samples) == 0


@pytest.mark.alone
def test_one_slow_node_costs_its_own_values(start: Start) -> None:
    with Replay.from_recordings() as api:
        exporter = Exporter(start, environment(api))
        for path in ("status", "qemu?full=1", "lxc"):
            api.faults[f"{API}/nodes/pve2/{path}"] = Fault(delay_seconds=10)
        samples, _ = parse_exposition(in_time(3, lambda: exporter.metrics(timeout_seconds=3)).text)
        assert problems(samples) == {"lab/pve2": {"deadline"}}
        expected = expected_samples({path: data for path, data in api.answers.items() if "/nodes/pve2/" not in path})
        assert difference(expected, samples) == []


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(body=b"<html>maintenance</html>"), "malformed"),
        (Fault(body=b'{"data":[{"vmid":'), "malformed"),
        (Fault(body=b'{"data":null}'), "malformed"),
        (Fault(body=b'{"data":' + b"[" * 5000 + b"]" * 5000 + b"}"), "malformed"),
        (Fault(raw=b"\x00\x01\x02 this is not HTTP\r\n\r\n"), "malformed"),
        (Fault(close_without_answer=True), "unreachable"),
        (Fault(status=500, reason="got timeout"), "failed"),
        (Fault(status=595, reason="No route to host"), "unreachable"),
        (Fault(status=403, reason="Permission check failed (/vms, VM.Audit)"), "forbidden"),
        (Fault(status=401, reason="Authentication failed!", body=b""), "unauthorized"),
    ],
    ids=["html", "truncated", "null", "deep", "no http", "closed", "500", "595", "403", "401"],
)
def test_a_list_that_fails_falls_back_to_resources(start: Start, fault: Fault, reason: str) -> None:
    path = f"{API}/nodes/pve1/qemu?full=1"
    with Replay.from_recordings() as api:
        exporter = Exporter(start, environment(api))
        # The scrape of the start is over, so that nothing joins it.
        wait_for(lambda: fetch(exporter.url + "/ready").status == 200, 20, "ready")
        api.faults[path] = fault
        samples, _ = parse_exposition(exporter.metrics().text)
        assert problems(samples) == {"lab/pve1": {reason}}
        expected = expected_samples({known: data for known, data in api.answers.items() if known != path})
        assert difference(expected, samples) == []
        assert "pve_vm_network_in_bytes_total" not in {name for name, labels in samples if dict(labels).get("node") == "pve1"}


@pytest.mark.parametrize("path", ["/version", "/cluster/status", "/cluster/resources"])
def test_each_cluster_call_can_fail_alone(start: Start, path: str) -> None:
    with Replay.from_recordings() as api:
        exporter = Exporter(start, environment(api) | {"PROXMOX_CLUSTER": "lab"})
        # The scrape of the start is over, so that nothing joins it.
        wait_for(lambda: fetch(exporter.url + "/ready").status == 200, 20, "ready")
        api.faults[API + path] = Fault(status=595, reason="Connection refused", body=b"")
        samples, _ = parse_exposition(exporter.metrics().text)
        assert problems(samples) == {"lab": {"unreachable"}}
        expected = expected_samples({known: data for known, data in api.answers.items() if known != API + path}, cluster="lab")
        # What was learnt of a guest before is still known: names and tags do not flicker.
        lost = [line for line in difference(expected, samples) if "pve_guest_info" not in line]
        assert lost == [] or path == "/cluster/resources", lost


def test_huge_answer_is_cut_off(start: Start) -> None:
    with Replay.from_recordings() as api:
        exporter = Exporter(start, environment(api))
        wait_for(lambda: fetch(exporter.url + "/ready").status == 200, 20, "ready")
        api.faults[f"{API}/nodes/pve1/lxc"] = Fault(body=b'{"data":["' + b"x" * (70 << 20) + b'"]}')
        samples, _ = parse_exposition(exporter.metrics().text)
        assert problems(samples) == {"lab/pve1": {"too_large"}}


def test_scrapers_at_once_share_a_run(start: Start) -> None:
    import concurrent.futures

    with Replay.from_recordings() as api:
        exporter = Exporter(start, environment(api))
        exporter.metrics()
        api.faults[f"{API}/cluster/status"] = Fault(delay_seconds=0.5)
        before = api.counts[f"{API}/cluster/status"]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            texts = list(pool.map(lambda _: exporter.metrics().text, range(8)))
        assert api.counts[f"{API}/cluster/status"] - before == 1
        assert all("pve_node_up" in text for text in texts)


@pytest.mark.alone
@pytest.mark.parametrize("seconds", [1.5, *(pytest.param(seconds, marks=pytest.mark.e2e) for seconds in (2, 3, 5))])
def test_one_hanging_call_is_noticed_in_time(start: Start, seconds: float) -> None:
    path = f"{API}/nodes/pve1/status"
    with Replay.from_recordings() as api:
        exporter = Exporter(start, environment(api))
        exporter.metrics()
        api.faults[path] = Fault(delay_seconds=30)
        expected = expected_samples({known: data for known, data in api.answers.items() if known != path})
        for _ in range(3):
            samples, _ = parse_exposition(in_time(seconds, lambda: exporter.metrics(timeout_seconds=seconds)).text)
            assert difference(expected, samples) == []
            assert problems(samples) == {"lab/pve1": {"deadline"}}


def test_cluster_that_takes_more_than_half_of_the_time(start: Start) -> None:
    with Replay.from_recordings() as api:
        exporter = Exporter(start, environment(api))
        exporter.metrics()
        for path in ("version", "cluster/status", "cluster/resources"):
            api.faults[f"{API}/{path}"] = Fault(delay_seconds=2)
        samples, _ = parse_exposition(exporter.metrics(timeout_seconds=4).text)
        expected = expected_samples(api.answers)
        assert {key for key in expected if key[0] == "pve_node_up"} <= set(samples)
        assert difference(expected, samples) == []


@pytest.mark.parametrize("fault", ["closed", "reset", "500", "595", "silence"])
def test_an_endpoint_that_does_not_answer_is_not_the_end(start: Start, tmp_path: Path, fault: str) -> None:
    """Whatever is in front of a dead node (a balancer, a forwarded port) may take the connection and hang up."""
    with Replay.from_recordings() as good, Hostile(good.answers) as bad:
        bad.every = FAULTS[fault]
        (tmp_path / "martlet.yml").write_text(
            f"proxmox:\n  clusters:\n    - {{endpoints: ['{bad.url}', '{good.url}'], token: '{TOKEN}'}}\n")
        exporter = Exporter(start, {}, "--scrape.timeout", "4s")

        def is_whole() -> bool:
            samples, _ = parse_exposition(exporter.metrics().text)
            return difference(expected_samples(good.answers), samples) == []

        wait_for(is_whole, 20, "everything, from the second endpoint")


def test_two_clusters_of_one_name_are_not_mixed(start: Start, tmp_path: Path) -> None:
    with Replay.from_recordings() as first, Replay.from_recordings() as second:
        second.answers["/api2/json/version"]["version"] = "8.4.0"
        clusters = "".join(f"    - {{endpoint: '{api.url}', token: '{TOKEN}'}}\n" for api in (first, second))
        (tmp_path / "martlet.yml").write_text("proxmox:\n  clusters:\n" + clusters)
        exporter = Exporter(start, {})
        wait_for(lambda: fetch(exporter.url + "/ready").status == 200, 10, "ready")
        for _ in range(10):
            samples, _ = parse_exposition(exporter.metrics().text)
            assert difference(expected_samples(first.answers), samples) == []
            assert problems(samples) == {second.url.removeprefix("http://"): {"duplicate"}}


def test_health_pages_answer_while_scrapes_hang(start: Start) -> None:
    import concurrent.futures

    with Replay.from_recordings() as api:
        exporter = Exporter(start, environment(api), "--web.max-requests", "5")
        wait_for(lambda: fetch(exporter.url + "/ready").status == 200, 10, "ready")
        api.faults[f"{API}/cluster/status"] = Fault(delay_seconds=10)
        api.faults[f"{API}/cluster/resources"] = Fault(delay_seconds=10)
        with concurrent.futures.ThreadPoolExecutor(20) as pool:
            scrapes = [pool.submit(exporter.metrics, 3) for _ in range(20)]
            time.sleep(0.5)
            assert [fetch(exporter.url + path).status for path in ("/health", "/-/healthy", "/ready", "/-/ready")] == [200] * 4
            statuses = [scrape.result().status for scrape in scrapes]
        # The fifth place is for another address.
        assert sorted(set(statuses)) == [200, 503] and statuses.count(200) == 4

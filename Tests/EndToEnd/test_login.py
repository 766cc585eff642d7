"""Logins by password, and several endpoints of one cluster, against the simulated cluster, which counts what it is asked.

It waits for three seconds before it refuses, as the API does; tests that need many refusals run in make e2e.
"""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import yaml
from conftest import Answer, Program, Start, fetch, free_port, wait_for
from listeners import fingerprint_of
from proxmoxer import ProxmoxAPI
from test_simulators import fetch_insecure

# What a form, a shell and YAML would take for something else.
USER, PASSWORD = "alice@pve", "geheim & öffne+dich=100% #1"
WRONG = "wrong-geheim"
LOGIN = "/access/ticket"
# No text may hold these: the password in all its disguises, and what a login gives.
SECRETS = (PASSWORD, quote(PASSWORD, safe=""), quote_plus(PASSWORD), WRONG, f"PVE:{USER}:", quote(f"PVE:{USER}:", safe=""))


class Cluster:
    """A simulated cluster, or a node of one, with a user who may log in.

    It may be killed and come back on the same port, then with other keys and another certificate, and perhaps another password.
    """

    def __init__(self, start: Start, folder: Path, *flags: str, password: str = PASSWORD) -> None:
        self.start, self.port, self.flags = start, free_port(), flags
        self.world = folder / f"world-{self.port}"
        self.begin(password)

    def begin(self, password: str = PASSWORD) -> None:
        words = ["--listen", f"127.0.0.1:{self.port}", "--latency", "0s", "--guests", "10", "--nodes", "2", "--world", str(self.world)]
        secret = self.world.with_suffix(".password")
        secret.write_text(password + "\n")
        self.program: Program = self.start("simulate", "proxmox", *words, "--user", USER, "--password-file", secret, *self.flags)
        wait_for(lambda: fetch_insecure(f"https://127.0.0.1:{self.port}/health"), 10, "listening")

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def trust(self) -> str:
        """What its certificate is signed by: itself."""
        return str(self.world / "lab.pem")

    @property
    def calls(self) -> dict[str, int]:
        """What was asked since the beginning, by path."""
        counted: dict[str, int] = json.loads(fetch_insecure(f"https://127.0.0.1:{self.port}/api/v1/stats"))["by_path"]
        return counted

    @property
    def logins(self) -> int:
        return self.calls.get(LOGIN, 0)


class Exporter:
    """`martlet exporter` in a folder that has its martlet.yml and pve.yml."""

    def __init__(self, start: Start, folder: Path, *flags: str, env: Mapping[str, str] | None = None) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        words = ["--log.level", "debug", "--web.listen-address", f"127.0.0.1:{port}", *flags]
        if (folder / "pve.yml").exists():
            words += ["--pve.config-file", "pve.yml"]
        self.program: Program = start("exporter", *words, env=env, cwd=folder)

    def wait(self) -> Exporter:
        self.program.wait_until(self.url + "/health")
        return self

    def pve(self, cluster: Cluster, module: str = "default") -> Answer:
        return fetch(f"{self.url}/pve?target={cluster.authority}&module={module}")

    def metrics(self) -> str:
        answer = fetch(self.url + "/metrics")
        assert answer.status == 200
        return answer.text

    def assert_secret(self, *answers: Answer) -> None:
        """No page and no line of the log holds what nobody may know."""
        pages = [fetch(self.url + path) for path in ("/", "/metrics", "/health", "/ready")] if self.program.is_running else []
        for text in [f"{dict(answer.headers)}{answer.text}" for answer in [*pages, *answers]] + [self.program.output]:
            assert not any(secret in text for secret in SECRETS), text[:3000]


WITHOUT_TIMERS = {"slow": {"enabled": False}}
"""Logins are counted, and calls that fail: what is asked between scrapes would be counted too."""


def configure(folder: Path, *clusters: Mapping[str, Any], modules: Mapping[str, Any] | None = None) -> None:
    (folder / "martlet.yml").write_text(yaml.safe_dump({"proxmox": {"clusters": list(clusters), **WITHOUT_TIMERS}} if clusters else {}, allow_unicode=True))
    if modules:
        (folder / "pve.yml").write_text(yaml.safe_dump(dict(modules), allow_unicode=True))


def by_password(*nodes: Cluster, password: str = PASSWORD, verifies: bool = True) -> dict[str, Any]:
    """An entry of proxmox.clusters. What comes back with another certificate can be believed only unseen."""
    entry: dict[str, Any] = {"user": USER, "password": password}
    entry |= {"endpoints": [node.authority for node in nodes]} if len(nodes) > 1 else {"endpoint": nodes[0].authority}
    if not verifies:
        return entry | {"verify_tls": False}
    return entry | (
        {"fingerprint": [fingerprint_of(Path(node.trust)) for node in nodes]} if len(nodes) > 1 else {"ca_file": nodes[0].trust}
    )


def is_whole(metrics: str) -> bool:
    """Both nodes and all guests are there, and nothing is missing."""
    lines = metrics.splitlines()
    return sum(line.startswith("pve_node_up{") for line in lines) == 2 and sum(line.startswith("pve_guest_info{") for line in lines) == 10


def counter(metrics: str, name: str) -> dict[str, float]:
    """A counter of calls by endpoint."""
    return {found[1]: float(found[2]) for found in re.finditer(rf'^{name}{{endpoint="([^"]+)"}} (\S+)$', metrics, re.MULTILINE)}


def requests(metrics: str) -> dict[str, float]:
    return counter(metrics, "martlet_proxmox_requests_total")


# The password


@pytest.mark.parametrize("way", ["password", "password_file", "variables", "variable of a setting"])
def test_native_metrics_by_password(start: Start, tmp_path: Path, way: str) -> None:
    cluster = Cluster(start, tmp_path)
    entry, env = by_password(cluster), {}
    if way == "password_file":
        (tmp_path / "secret").write_text(PASSWORD + "\n")
        del entry["password"]
        entry["password_file"] = "secret"
    if way == "variable of a setting":
        del entry["password"]
        env = {"MARTLET_PROXMOX__CLUSTERS__0__PASSWORD": PASSWORD}
    if way == "variables":
        env = {"PROXMOX_HOST": cluster.authority, "PROXMOX_USER": USER, "PROXMOX_PASSWORD": PASSWORD, "PROXMOX_CA_FILE": cluster.trust}
    else:
        configure(tmp_path, entry)
    exporter = Exporter(start, tmp_path, env=env).wait()
    for _ in range(3):
        assert is_whole(exporter.metrics())
    assert cluster.logins == 1, "one login is enough"
    exporter.assert_secret()


@pytest.mark.parametrize("way", ["password", "password_file", "variables"])
def test_pve_by_password(start: Start, tmp_path: Path, way: str) -> None:
    cluster = Cluster(start, tmp_path)
    module: dict[str, Any] = {"user": USER, "password": PASSWORD, "verify_ssl": cluster.trust}
    env = {}
    if way == "password_file":
        (tmp_path / "secret").write_text(PASSWORD + "\n")
        module |= {"password_file": "secret"}
        del module["password"]
    if way == "variables":
        env = {"PVE_USER": USER, "PVE_PASSWORD": PASSWORD, "PVE_VERIFY_SSL": "false"}
    else:
        configure(tmp_path, modules={"default": module})
    exporter = Exporter(start, tmp_path, "--pve.allowed-targets", cluster.authority, env=env).wait()
    assert cluster.logins == 0, "nobody has asked yet"
    answers = [exporter.pve(cluster) for _ in range(3)]
    assert [answer.status for answer in answers] == [200] * 3, answers[0].text
    assert sum(line.startswith("pve_guest_info{") for line in answers[0].text.splitlines()) == 10
    assert cluster.logins == 1
    exporter.assert_secret(*answers)


def test_a_configured_cluster_is_asked_by_its_name(start: Start, tmp_path: Path) -> None:
    """Without modules /pve takes the cluster's own credential; many requests at once need one login."""
    cluster = Cluster(start, tmp_path)
    configure(tmp_path, by_password(cluster) | {"name": "lab"})
    exporter = Exporter(start, tmp_path).wait()
    before = cluster.logins
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: fetch(exporter.url + "/pve?target=lab"), range(8)))
    assert {answer.status for answer in answers} == {200}
    assert cluster.logins - before <= 1
    assert fetch(f"{exporter.url}/pve?target={cluster.authority}").status == fetch(exporter.url + "/pve").status == 200
    exporter.assert_secret(*answers)


def test_proxmoxer_logs_in_where_martlet_does(start: Start, tmp_path: Path) -> None:
    """What martlet takes for a login is one for a library that we did not write."""
    cluster = Cluster(start, tmp_path, "--ticket-lifetime", "3s")
    configure(tmp_path, by_password(cluster))
    exporter = Exporter(start, tmp_path).wait()
    api = ProxmoxAPI("127.0.0.1", port=cluster.port, user=USER, password=PASSWORD, verify_ssl=cluster.trust, timeout=20)
    assert len(api.nodes.get()) == 2 and len(api.cluster.resources.get(type="vm")) == 10
    assert is_whole(exporter.metrics())
    assert cluster.logins == 2


# The ticket


@pytest.mark.parametrize(("path", "lifetime"), [("/metrics", 3), pytest.param("/pve", 5, marks=pytest.mark.e2e)])
def test_a_ticket_that_has_ended_leads_to_one_new_login(start: Start, tmp_path: Path, path: str, lifetime: int) -> None:
    """However many calls are refused at once. The scrape in which it happens lacks nothing, and waits for one refusal, not for several."""
    cluster = Cluster(start, tmp_path, "--ticket-lifetime", f"{lifetime}s")
    configure(tmp_path, by_password(cluster) | {"name": "lab"})
    exporter = Exporter(start, tmp_path).wait()

    def scrape() -> None:
        if path == "/metrics":
            assert is_whole(exporter.metrics()), exporter.program.output
        else:
            answer = fetch(exporter.url + "/pve?target=lab")
            assert answer.status == 200, answer.text

    scrape()
    before = cluster.logins
    assert before == (1 if path == "/metrics" else 2), "one for each of the two, which know nothing of each other"
    time.sleep(lifetime + 0.5)
    began = time.monotonic()
    scrape()
    took = time.monotonic() - began
    assert cluster.logins == before + 1
    scrape()
    assert cluster.logins == before + 1
    if path == "/metrics":
        assert set(counter(exporter.metrics(), "martlet_proxmox_request_failures_total").values()) == {0}
    exporter.assert_secret()
    assert took < 5, "the API waits for three seconds before it refuses"


@pytest.mark.e2e
def test_a_cluster_that_comes_back_with_other_keys(start: Start, tmp_path: Path) -> None:
    """Tickets from before are nothing any more; one login and all is well."""
    cluster = Cluster(start, tmp_path)
    configure(tmp_path, by_password(cluster, verifies=False))
    exporter = Exporter(start, tmp_path).wait()
    assert is_whole(exporter.metrics())
    cluster.program.kill()
    assert "pve_guest_info{" not in exporter.metrics()
    cluster.begin()
    assert is_whole(exporter.metrics())
    assert cluster.logins == 1
    exporter.assert_secret()


# Refusals


def refusals(exporter: Exporter) -> list[str]:
    return [line for line in exporter.program.output.splitlines() if "credential refused" in line]


def test_a_wrong_password_is_tried_once_and_said_once(start: Start, tmp_path: Path) -> None:
    """The program does not end: whoever started it again and again would have the realm lock the user out."""
    cluster = Cluster(start, tmp_path)
    configure(tmp_path, by_password(cluster, password=WRONG))
    exporter = Exporter(start, tmp_path).wait()
    for _ in range(3):
        assert "pve_guest_info{" not in exporter.metrics()
    [line] = refusals(exporter)
    assert "level=error" in line and all(word in line for word in (cluster.authority, USER, "401", "wrong password")), line
    assert cluster.calls == {LOGIN: 1}
    exporter.assert_secret()


@pytest.mark.e2e
def test_a_wrong_password_of_one_cluster_among_others(start: Start, tmp_path: Path) -> None:
    """The others are served, and the one is not asked again at each scrape."""
    good, bad = Cluster(start, tmp_path), Cluster(start, tmp_path)
    refused = by_password(bad, password=WRONG) | {"name": "other"}
    configure(tmp_path, by_password(good) | {"name": "lab"}, refused)
    exporter = Exporter(start, tmp_path).wait()
    for _ in range(4):
        assert is_whole(exporter.metrics())
    assert bad.calls == {LOGIN: 1}
    assert exporter.program.output.count("credential refused") == 1
    assert sum("wrong password" in line for line in exporter.program.output.splitlines()) <= 3, (
        "at the start, and when scrapes begin to lack it"
    )
    exporter.assert_secret()


@pytest.mark.e2e
def test_a_password_that_is_changed_while_the_exporter_runs(start: Start, tmp_path: Path) -> None:
    """The old one is tried once, and not again at each scrape of the next minute."""
    cluster = Cluster(start, tmp_path)
    configure(tmp_path, by_password(cluster, verifies=False))
    exporter = Exporter(start, tmp_path).wait()
    assert is_whole(exporter.metrics())
    cluster.program.kill()
    cluster.begin(password="changed")
    for _ in range(5):
        assert "pve_guest_info{" not in exporter.metrics()
    assert cluster.logins == 1
    assert "wrong password" in exporter.program.output
    assert sum(cluster.calls.values()) <= 8, "what had a ticket asked once, and nobody since"
    exporter.assert_secret()


def test_a_wrong_password_of_a_module(start: Start, tmp_path: Path) -> None:
    cluster = Cluster(start, tmp_path)
    configure(tmp_path, modules={"default": {"user": USER, "password": WRONG, "verify_ssl": cluster.trust}})
    exporter = Exporter(start, tmp_path, "--pve.allowed-targets", cluster.authority).wait()
    began = time.monotonic()
    answers = [exporter.pve(cluster) for _ in range(4)]
    assert time.monotonic() - began < 6, "one delay of three seconds"
    assert {answer.status for answer in answers} == {500}
    assert all(word in answers[-1].text for word in (cluster.authority, USER, "wrong password"))
    assert cluster.calls == {LOGIN: 1}
    exporter.assert_secret(*answers)


@pytest.mark.e2e
def test_many_requests_at_once_try_a_wrong_password_once(start: Start, tmp_path: Path) -> None:
    cluster = Cluster(start, tmp_path)
    configure(tmp_path, modules={"default": {"user": USER, "password": WRONG, "verify_ssl": cluster.trust}})
    exporter = Exporter(start, tmp_path, "--pve.allowed-targets", cluster.authority).wait()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: exporter.pve(cluster), range(8)))
    assert {answer.status for answer in answers} == {500} and cluster.calls == {LOGIN: 1}


@pytest.mark.e2e
def test_a_password_that_becomes_right_is_tried_again_after_a_minute(start: Start, tmp_path: Path) -> None:
    cluster = Cluster(start, tmp_path, password="changed")
    configure(tmp_path, modules={"default": {"user": USER, "password": PASSWORD, "verify_ssl": False}})
    exporter = Exporter(start, tmp_path, "--pve.allowed-targets", cluster.authority).wait()
    assert exporter.pve(cluster).status == 500
    cluster.program.kill()
    cluster.begin()
    assert exporter.pve(cluster).status == 500 and cluster.logins == 0
    time.sleep(61)
    assert exporter.pve(cluster).status == 200 and cluster.logins == 1


def test_two_factors_are_said_at_the_start(start: Start, tmp_path: Path) -> None:
    """A program cannot answer them, so it says what a person can do."""
    cluster = Cluster(start, tmp_path, "--tfa")
    configure(tmp_path, by_password(cluster))
    exporter = Exporter(start, tmp_path).wait()
    assert "pve_guest_info{" not in exporter.metrics()
    [line] = refusals(exporter)
    assert "two-factor" in line and f"pveum user token add {USER}" in line, line
    assert cluster.calls == {LOGIN: 1}
    exporter.assert_secret()


def test_two_factors_of_a_module(start: Start, tmp_path: Path) -> None:
    cluster = Cluster(start, tmp_path, "--tfa")
    module = {"user": USER, "password": PASSWORD, "verify_ssl": cluster.trust}
    configure(tmp_path, modules={"default": module, "coded": module | {"otp": "123456"}})
    exporter = Exporter(start, tmp_path, "--pve.allowed-targets", cluster.authority).wait()
    answers = [exporter.pve(cluster) for _ in range(3)]
    assert all(answer.status == 500 and "two-factor" in answer.text and f"pveum user token add {USER}" in answer.text for answer in answers)
    assert cluster.calls == {LOGIN: 1}
    assert exporter.pve(cluster, "coded").status == 200 and cluster.logins == 3, "the question and the answer"
    assert "123456" not in exporter.program.output
    exporter.assert_secret(*answers)


@pytest.mark.e2e
def test_a_wrong_code_of_a_module(start: Start, tmp_path: Path) -> None:
    cluster = Cluster(start, tmp_path, "--tfa")
    configure(tmp_path, modules={"default": {"user": USER, "password": PASSWORD, "otp": "000000", "verify_ssl": cluster.trust}})
    exporter = Exporter(start, tmp_path, "--pve.allowed-targets", cluster.authority).wait()
    answers = [exporter.pve(cluster) for _ in range(2)]
    assert {answer.status for answer in answers} == {500} and cluster.calls == {LOGIN: 2}
    assert "000000" not in exporter.program.output + answers[0].text
    exporter.assert_secret(*answers)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"password": PASSWORD}, "a password needs a user: NAME@REALM"),
        ({"user": "alice", "password": PASSWORD}, "a user reads NAME@REALM"),
        ({"user": USER, "password": PASSWORD, "password_file": "secret"}, "password and password_file exclude each other"),
        ({"user": USER, "password": PASSWORD, "token": f"{USER}!x=y"}, "token and password exclude each other"),
        ({"user": USER, "password_file": "nowhere"}, "password_file: no such file in the working directory"),
        ({"user": USER}, "needs a token or a token_file, or a user with a password"),
    ],
    ids=lambda value: "" if isinstance(value, str) else ",".join(value),
)
def test_settings_that_are_no_login(start: Start, tmp_path: Path, entry: dict[str, Any], message: str) -> None:
    configure(tmp_path, {"endpoint": "127.0.0.1:1"} | entry)
    exporter = Exporter(start, tmp_path)
    wait_for(lambda: not exporter.program.is_running, 10, "an end")
    assert exporter.program.process.returncode == 1
    assert re.match(r"martlet: martlet\.yml:\d+:\d+: ", exporter.program.output) and message in exporter.program.output
    exporter.assert_secret()


# Several endpoints


@pytest.fixture
def pair(start: Start, tmp_path: Path) -> tuple[Cluster, Cluster]:
    """Two nodes of one cluster: they show one world. Neither takes the tickets of the other, as those of a real cluster do."""
    return Cluster(start, tmp_path), Cluster(start, tmp_path)


def test_an_endpoint_that_is_dead_from_the_start(start: Start, tmp_path: Path, pair: tuple[Cluster, Cluster]) -> None:
    dead, living = pair
    dead.program.kill()
    configure(tmp_path, by_password(dead, living))
    exporter = Exporter(start, tmp_path).wait()
    assert is_whole(exporter.metrics()), "the first scrape already"
    metrics = exporter.metrics()
    assert is_whole(metrics)
    counted = requests(metrics)
    assert set(counted) == {dead.authority, living.authority}
    assert 1 <= counted[dead.authority] <= 3 < counted[living.authority], "who did not answer is not asked first again"
    assert living.logins == 1
    exporter.assert_secret()


def test_an_endpoint_that_dies(start: Start, tmp_path: Path, pair: tuple[Cluster, Cluster]) -> None:
    """The scrape in which it is missed is whole already, and so are those after it."""
    first, second = pair
    configure(tmp_path, by_password(first, second))
    exporter = Exporter(start, tmp_path).wait()
    assert is_whole(exporter.metrics())
    before = requests(exporter.metrics())
    assert before[first.authority] > 3 and before[second.authority] == 0
    first.program.kill()
    began = time.monotonic()
    assert is_whole(exporter.metrics()), exporter.program.output[-3000:]
    assert time.monotonic() - began < 8, "a ticket that is not taken costs three seconds"
    metrics = exporter.metrics()
    assert is_whole(metrics)
    after = requests(metrics)
    assert after[first.authority] > before[first.authority] and after[second.authority] > 3
    assert counter(metrics, "martlet_proxmox_request_failures_total")[first.authority] >= 1
    assert second.logins == 1
    exporter.assert_secret()


@pytest.mark.e2e
def test_endpoints_that_die_in_turn(start: Start, tmp_path: Path, pair: tuple[Cluster, Cluster]) -> None:
    configure(tmp_path, by_password(*pair, verifies=False))
    exporter = Exporter(start, tmp_path).wait()
    assert is_whole(exporter.metrics())
    for dying, living in (pair, pair[::-1]):
        before = requests(exporter.metrics())
        dying.program.kill()
        assert is_whole(exporter.metrics()), exporter.program.output[-3000:]
        assert requests(exporter.metrics())[living.authority] > before[living.authority]
        assert living.logins == 1
        dying.begin()
    exporter.assert_secret()


@pytest.mark.e2e
def test_an_endpoint_that_is_stopped(start: Start, tmp_path: Path, pair: tuple[Cluster, Cluster]) -> None:
    """It takes the connection and says nothing, which is worse than being dead: time must be left for the other."""
    first, second = pair
    configure(tmp_path, by_password(first, second))
    exporter = Exporter(start, tmp_path).wait()
    assert is_whole(exporter.metrics())
    first.program.process.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        exporter.metrics()
        assert time.monotonic() - began < 10.5
        assert is_whole(exporter.metrics()), "at the latest the next scrape is whole"
    finally:
        first.program.process.send_signal(signal.SIGCONT)


def test_all_endpoints_are_dead(start: Start, tmp_path: Path, pair: tuple[Cluster, Cluster]) -> None:
    for cluster in pair:
        cluster.program.kill()
    configure(tmp_path, by_password(*pair, verifies=False))
    exporter = Exporter(start, tmp_path).wait()
    metrics = exporter.metrics()
    assert "pve_guest_info{" not in metrics
    counted = requests(metrics)
    assert set(counted) == {cluster.authority for cluster in pair} and all(count >= 1 for count in counted.values())
    pair[1].begin()
    assert is_whole(exporter.metrics()), "whoever comes back is asked"


@pytest.mark.e2e
def test_pve_asks_the_other_endpoint_by_the_clusters_name(start: Start, tmp_path: Path, pair: tuple[Cluster, Cluster]) -> None:
    first, second = pair
    configure(tmp_path, by_password(first, second) | {"name": "lab"})
    exporter = Exporter(start, tmp_path).wait()
    assert fetch(exporter.url + "/pve?target=lab").status == 200
    first.program.kill()
    assert fetch(exporter.url + "/pve?target=lab").status == 200
    assert exporter.pve(first).status == 500, "who names one node means it"
    assert exporter.pve(second).status == 200


def test_a_password_goes_to_no_endpoint_that_is_not_believed(start: Start, tmp_path: Path, pair: tuple[Cluster, Cluster]) -> None:
    """Fail-over is no way around the certificate: that of the other endpoint is none of those that were given."""
    first, stranger = pair
    configure(tmp_path, by_password(first, stranger) | {"fingerprint": fingerprint_of(Path(first.trust))})
    exporter = Exporter(start, tmp_path).wait()
    assert is_whole(exporter.metrics())
    first.program.kill()
    assert "pve_guest_info{" not in exporter.metrics()
    assert stranger.calls == {}
    exporter.assert_secret()

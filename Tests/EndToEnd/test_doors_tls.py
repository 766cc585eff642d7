"""TLS, client certificates, passwords, headers and limits of the exporter, held against Debian's Prometheus, curl and openssl."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Start, fetch, wait_for
from doors import PASSWORD, Doors, Prometheus, Simulator, bcrypt, curl, halves, job, s_client, write_atomically
from listeners import Authority, fingerprint_of

ALLOWED = "prometheus.example.org"


class World:
    """Authorities, certificates and a simulated cluster that all tests of this file use."""

    def __init__(self, start: Start, folder: Path) -> None:
        self.folder = folder
        self.ours, self.other = Authority(folder, "ours"), Authority(folder, "other")
        self.both = folder / "both.pem"
        self.trust(0)
        self.server, self.next = self.ours.issue("server"), self.other.issue("next")
        self.clients = {
            "right": self.ours.issue("right", [f"DNS:{ALLOWED}"], usage="clientAuth"),
            "foreign": self.other.issue("foreign", [f"DNS:{ALLOWED}"], usage="clientAuth"),
            "other name": self.ours.issue("named", [f"DNS:not.{ALLOWED}", f"DNS:{ALLOWED}.example.net"], usage="clientAuth"),
            "expired": self.ours.issue("expired", [f"DNS:{ALLOWED}"], (-9, -1), usage="clientAuth"),
            "of a server": self.ours.issue("of-server", [f"DNS:{ALLOWED}"], usage="serverAuth"),
        }
        self.simulator = Simulator(start)

    def trust(self, lines: int) -> None:
        """Writes both authorities into one file. Prometheus opens new connections when the file has changed, if only by empty lines."""
        certificates = [halves(authority.pem)[0] for authority in (self.ours, self.other)]
        write_atomically(self.both, "".join(certificates) + "\n" * lines)

    def client(self, name: str | None) -> dict[str, Path]:
        return {} if name is None else {"cert_file": self.clients[name], "key_file": self.clients[name]}


@pytest.fixture(scope="module")
def world(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(start_for_all, tmp_path_factory.mktemp("world"))


def strict(world: World, **tls: Any) -> dict[str, Any]:
    """A web configuration that wants a certificate with a name, and a password."""
    wanted = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": str(world.ours.pem), "client_allowed_sans": [ALLOWED]}
    return {"tls_server_config": wanted | tls, "basic_auth_users": {"prometheus": bcrypt(), "twin": bcrypt(variant="2b")}}


def metric(doors: Doors, name: str, *flags: str | Path) -> float | None:
    """One of the exporter's own numbers."""
    for line in curl(doors.url + "/metrics", "--insecure", *flags).body.splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    return None


# Prometheus

# What Go says of the alerts. In TLS 1.3 the client has sent its request before the server has looked at its certificate, and what was
# not read ends the connection before the alert is read; so there the alert is not all that may be said.
GONE = ("connection reset by peer", "broken pipe", "EOF")
REFUSED = {
    "no certificate": ("certificate required",),
    "foreign": ("unknown certificate authority",),
    "other name": ("bad certificate",),
    "expired": ("expired certificate",),
    "of a server": ("unknown certificate authority",),
    "wrong password": ("server returned HTTP status 401 Unauthorized",),
    "unknown user": ("server returned HTTP status 401 Unauthorized",),
    "no password": ("server returned HTTP status 401 Unauthorized",),
}


def test_prometheus_comes_in_with_certificate_and_password_only(start: Start, world: World, tmp_path: Path) -> None:
    served = {
        "1.2": Doors(start, world.simulator, tmp_path / "12", strict(world, max_version="TLS12"), server=world.server),
        "1.3": Doors(start, world.simulator, tmp_path / "13", strict(world, min_version="TLS13"), server=world.server),
    }
    jobs = []
    for version, doors in served.items():
        def add(name: str, client: str | None, user: tuple[str, str] | None) -> None:
            jobs.append(job(f"{version} {name}", doors.address, tls={"ca_file": world.both} | world.client(client), user=user))

        add("right", "right", ("prometheus", PASSWORD))
        add("right too", "right", ("twin", PASSWORD))
        add("no certificate", None, ("prometheus", PASSWORD))
        for client in ("foreign", "other name", "expired", "of a server"):
            add(client, client, ("prometheus", PASSWORD))
        add("wrong password", "right", ("prometheus", PASSWORD + "!"))
        add("unknown user", "right", ("nobody", PASSWORD))
        add("no password", "right", None)
    prometheus = Prometheus(start, tmp_path, jobs)
    wait_for(lambda: len(prometheus.query("count_over_time(up[1m]) >= 2")) == len(jobs), 30, "two scrapes of each")

    right = {f"{version} {name}" for version in served for name in ("right", "right too")}
    targets = prometheus.targets()
    assert {name for name, target in targets.items() if target["health"] == "up"} == right, targets
    assert {result["metric"]["job"] for result in prometheus.query("count by (job) ({__name__=~'pve_.+|martlet_.+|process_.+'})")} == right
    assert {result["metric"]["job"] for result in prometheus.query("count by (job) (pve_guest_info) == 10")} == right
    assert prometheus.query("min_over_time(up{job=~'.* right.*'}[1m]) != 1") == []
    for version in served:
        for name, words in REFUSED.items():
            said = targets[f"{version} {name}"]["lastError"]
            words += GONE if version == "1.3" and "HTTP" not in words[0] else ()
            assert any(word in said for word in words), f"{version} {name}: {said}"
    # Of all that Prometheus brought along nothing is in the log.
    assert all(PASSWORD not in doors.program.output for doors in served.values())


def replace_by_renaming(doors: Doors, certificate: str, key: str) -> None:
    write_atomically(doors.certificate, certificate)
    write_atomically(doors.key, key)


def replace_in_place(doors: Doors, certificate: str, key: str) -> None:
    doors.certificate.write_text(certificate)
    time.sleep(2)
    doors.key.write_text(key)


def replace_by_turning_a_link(doors: Doors, certificate: str, key: str) -> None:
    """As Kubernetes does it: all files change at once, and none of them is written to."""
    following = doors.folder / "..second"
    following.mkdir()
    (following / "server.crt").write_text(certificate)
    (following / "server.key").write_text(key)
    (doors.folder / "..data_tmp").symlink_to(following.name)
    (doors.folder / "..data_tmp").rename(doors.folder / "..data")


def put_behind_a_link(doors: Doors) -> None:
    first = doors.folder / "..first"
    first.mkdir()
    (doors.folder / "..data").symlink_to(first.name)
    for path in (doors.certificate, doors.key):
        (first / path.name).write_text(path.read_text())
        path.unlink()
        path.symlink_to(f"..data/{path.name}")


WAYS: dict[str, Callable[[Doors, str, str], None]] = {
    "renamed": replace_by_renaming, "in place": replace_in_place, "link": replace_by_turning_a_link,
}


@contextmanager
def connecting_anew(world: World) -> Iterator[None]:
    """Makes Prometheus open a new connection for each scrape."""
    is_over = threading.Event()

    def touch() -> None:
        lines = 0
        while not is_over.wait(0.2):
            lines += 1
            world.trust(lines % 50)

    thread = threading.Thread(target=touch)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def test_no_scrape_fails_while_a_certificate_is_replaced(start: Start, world: World, tmp_path: Path) -> None:
    served = {way: Doors(start, world.simulator, tmp_path / way.replace(" ", "-"), strict(world), server=world.server) for way in WAYS}
    put_behind_a_link(served["link"])
    jobs = [job(way, doors.address, tls={"ca_file": world.both} | world.client("right"), user=("prometheus", PASSWORD)) for way, doors in served.items()]
    prometheus = Prometheus(start, tmp_path, jobs)
    wait_for(lambda: len(prometheus.query("count_over_time(up[1m]) >= 2")) == len(jobs), 30, "two scrapes of each")
    assert {doors.shown_fingerprint() for doors in served.values()} == {fingerprint_of(world.server)}

    def dialled() -> int:
        """Connections that Prometheus has opened to each, the fewest."""
        lines = fetch(f"http://127.0.0.1:{prometheus.port}/metrics").text.splitlines()
        return min(int(line.rpartition(" ")[2]) for way in WAYS for line in lines if line.startswith(f'net_conntrack_dialer_conn_established_total{{dialer_name="{way}"'))

    certificate, key = halves(world.next)
    began, before = time.time(), dialled()
    with connecting_anew(world), ThreadPoolExecutor() as pool:
        for replacing in [pool.submit(replace, served[way], certificate, key) for way, replace in WAYS.items()]:
            replacing.result()
        for way, doors in served.items():
            wait_for(lambda doors=doors: doors.shown_fingerprint() == fingerprint_of(world.next), 10, f"the new certificate ({way})")
        time.sleep(1.5)
    seconds, connections = int(time.time() - began), dialled() - before
    for way, doors in served.items():
        ups = prometheus.samples(f'up{{job="{way}"}}', seconds)
        assert len(ups) >= 3 and set(ups) == {1.0}, f"{way}: {ups}; {doors.program.output}"
        assert connections >= len(ups) - 1, f"{connections} connections for {len(ups)} scrapes: those that stay say nothing of a certificate"
        assert prometheus.value(f'martlet_web_config_up_to_date{{job="{way}"}}') == 1
    assert prometheus.query("min_over_time(up[5m]) != 1") == []
    # Half a pair is worth a line only if it stays one for longer than a second.
    refusals = {way: len([line for line in doors.lines("warn") if "not taken" in line]) for way, doors in served.items()}
    assert refusals["link"] == 0 and max(refusals.values()) <= 1, refusals
    assert [line for doors in served.values() for line in doors.lines("error")] == []


# Files that cannot be used, and users that come and go


@pytest.mark.parametrize(
    "garbage",
    [
        pytest.param("-----BEGIN CERTIFICATE-----\nZ2FyYmFnZQ==\n-----END CERTIFICATE-----\n", id="no certificate"),
        pytest.param("", id="empty", marks=pytest.mark.e2e),
        pytest.param(None, id="gone", marks=pytest.mark.e2e),
    ],
)
def test_what_cannot_be_used_leaves_the_old_in_use(start: Start, world: World, tmp_path: Path, garbage: str | None) -> None:
    doors = Doors(start, world.simulator, tmp_path, {}, server=world.server)
    up_to_date = "martlet_web_config_up_to_date"
    assert metric(doors, up_to_date) == 1
    before = doors.lines("warn")
    was = doors.certificate.with_suffix(".was")
    doors.certificate.rename(was)
    if garbage is not None:
        doors.certificate.write_text(garbage)
    wait_for(lambda: metric(doors, up_to_date) == 0, 10, f"a word of it; {doors.program.output}")
    time.sleep(1.2)  # it is looked at again, and nothing more is said
    assert doors.shown_fingerprint() == fingerprint_of(world.server)
    (line,) = doors.lines("warn")[len(before):]
    assert "the old one stays in use" in line and str(doors.certificate) in line, line

    # The very file comes back, with its old times.
    was.rename(doors.certificate)
    wait_for(lambda: metric(doors, up_to_date) == 1, 10, f"all well again; {doors.program.output}")
    certificate, key = halves(world.next)
    replace_by_renaming(doors, certificate, key)
    wait_for(lambda: doors.shown_fingerprint() == fingerprint_of(world.next), 10, "the new certificate")
    assert metric(doors, up_to_date) == 1


def test_users_come_and_go_without_a_signal(start: Start, world: World, tmp_path: Path) -> None:
    """A client that keeps its connection is no exception: Prometheus does so for days."""
    doors = Doors(start, world.simulator, tmp_path, {"basic_auth_users": {"first": bcrypt("one")}})
    kept = http.client.HTTPConnection("127.0.0.1", doors.port, timeout=20)

    def status(name: str, password: str) -> int:
        kept.request("GET", "/metrics", headers={"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()})
        answer = kept.getresponse()
        answer.read()
        return answer.status

    kept.connect()
    port = kept.sock.getsockname()[1]
    for _ in range(3):  # more than once, so that the answer is remembered
        assert (status("first", "one"), status("second", "two"), status("first", "two")) == (200, 401, 401)
    for users, expected in (
        ({"first": "one", "second": "two"}, (200, 200, 401)),
        ({"second": "two"}, (401, 200, 401)),
        ({"first": "one"}, (200, 401, 401)),
    ):
        doors.write({"basic_auth_users": {name: bcrypt(password) for name, password in users.items()}})
        began = time.monotonic()
        wait_for(lambda expected=expected: (status("first", "one"), status("second", "two"), status("first", "two")) == expected, 10, f"{users}")
        assert time.monotonic() - began < 4
    assert kept.sock is not None and kept.sock.getsockname()[1] == port, "one connection all the time"
    # Nothing can be switched off by halves: without users everybody comes in, so a broken list must not count as none.
    doors.file.write_text("basic_auth_users:\n  first: plain text\n")
    time.sleep(1.2)
    assert (status("first", "one"), status("nobody", "one")) == (200, 401)


# Client certificates, versions and suites

# Who comes in: nobody without a certificate, one of an authority that is not ours, one of ours.
TYPES = {
    "NoClientCert": (True, True, True),
    "RequestClientCert": (True, True, True),
    "RequireAnyClientCert": (False, True, True),
    "VerifyClientCertIfGiven": (True, False, True),
    "RequireAndVerifyClientCert": (False, False, True),
}
ALERTS = {None: "alert certificate required", "foreign": "alert unknown ca"}


@pytest.mark.parametrize("kind", TYPES)
def test_each_type_of_client_authentication(start: Start, world: World, tmp_path: Path, kind: str) -> None:
    verifies = "erify" in kind
    tls = {"client_auth_type": kind} | ({"client_ca_file": str(world.ours.pem)} if verifies else {})
    doors = Doors(start, world.simulator, tmp_path, {"tls_server_config": tls}, server=world.server)
    for version in ("1.2", "1.3"):
        for client, comes_in in zip((None, "foreign", "right"), TYPES[kind], strict=True):
            pem = client and world.clients[client]
            shown = ["--cert", pem, "--key", pem.with_suffix(".key")] if pem else []
            reply = curl(doors.url + "/health", "--cacert", world.ours.pem, "--tlsv" + version, "--tls-max", version, *shown)
            assert (reply.code, reply.status) == ((0, 200) if comes_in else (reply.code or 1, 0)), (version, client, reply.error)
            shown = ["-cert", pem, "-key", pem.with_suffix(".key")] if pem else []
            talk = s_client(
                doors.address, "-CAfile", world.ours.pem, "-verify_return_error", "-tls" + version.replace(".", "_"), *shown,
                path="/health" if comes_in else None)
            assert ("HTTP/1.1 200 OK" in talk.stdout) == comes_in, (version, client, talk.stdout, talk.stderr)
            if comes_in:
                assert f"Protocol  : TLSv{version}" in talk.stdout or f"New, TLSv{version}" in talk.stdout, talk.stdout
            else:
                assert ALERTS[client] in talk.stderr, (version, client, talk.stderr)
    # A client with several certificates finds the right one by the names that the server sends along.
    asked = s_client(doors.address, "-tls1_2", path="/health").stdout
    assert ("CN = ours ours" in asked.partition("Acceptable client certificate CA names")[2].partition("\n---\n")[0]) == verifies, asked
    assert ("No client certificate CA names sent" in asked) == (not verifies)


def test_http_where_tls_is_spoken_is_said_once(start: Start, world: World, tmp_path: Path) -> None:
    doors = Doors(start, world.simulator, tmp_path, {}, server=world.server)
    for _ in range(3):
        assert curl(f"http://{doors.address}/metrics").status == 0
        assert curl(doors.url + "/health", "--cacert", world.ours.pem).status == 200
    (line,) = [line for line in doors.lines("warn") if "TLS" in line]
    assert "https://" in line


BEGUN = b"GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nx"


@pytest.mark.parametrize("rests", [True, False], ids=["rests", "never rests"])
@pytest.mark.parametrize("was", ["anybody", "another authority"])
def test_a_connection_does_not_outlive_the_rules_that_let_it_in(start: Start, world: World, tmp_path: Path, was: str, rests: bool) -> None:
    """Neither one that waits for its next request, nor one that always owes the end of a body."""
    verified = {"client_auth_type": "RequireAndVerifyClientCert", "client_ca_file": str(world.ours.pem)}
    before = {} if was == "anybody" else verified | {"client_ca_file": str(world.other.pem)}
    doors = Doors(start, world.simulator, tmp_path, {"tls_server_config": before}, server=world.server)
    context = ssl.create_default_context(cafile=str(world.ours.pem))
    if before:
        context.load_cert_chain(world.clients["foreign"])
    with context.wrap_socket(socket.create_connection(("127.0.0.1", doors.port), timeout=10), server_hostname="127.0.0.1") as client:
        client.sendall(BEGUN)
        if rests:
            client.sendall(b"x")
            assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
        doors.write({"tls_server_config": doors.settings["tls_server_config"] | verified})
        wait_for(lambda: doors.lines('info msg="web configuration read again"'), 10, "the new rules")
        answers = b""
        with suppress(ConnectionError, ssl.SSLError):
            while rests or answers.count(b"HTTP/1.1 200 ") < 20:
                if not rests:
                    client.sendall(b"x" + BEGUN)
                if not (piece := client.recv(4096)):
                    break
                answers += piece
    assert answers.count(b"HTTP/1.1 200 ") <= (0 if rests else 1), answers


@pytest.mark.parametrize(
    ("low", "high", "spoken"),
    [(None, None, "23"), ("TLS12", "TLS12", "2"), ("TLS13", None, "3"), (None, "TLS12", "2"), ("TLS10", "TLS11", "01"), ("TLS11", "TLS13", "123")],
)
def test_versions(start: Start, world: World, tmp_path: Path, low: str | None, high: str | None, spoken: str) -> None:
    tls = {key: version for key, version in (("min_version", low), ("max_version", high)) if version}
    doors = Doors(start, world.simulator, tmp_path, {"tls_server_config": tls}, server=world.server)
    flags = {"0": "-tls1", "1": "-tls1_1", "2": "-tls1_2", "3": "-tls1_3"}
    found = "".join(minor for minor, flag in flags.items() if "HTTP/1.1 200 OK" in s_client(doors.address, flag).stdout)
    assert found == spoken, doors.program.output


# Names of Go and of OpenSSL for what a server with an elliptic and one with an RSA key can speak.
SUITES = {
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA": "ECDHE-ECDSA-AES128-SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA": "ECDHE-ECDSA-AES256-SHA",
}
NEVER = ["ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES256-CCM", "ECDHE-ECDSA-CAMELLIA128-SHA256", "AECDH-AES128-SHA"]
SUITES_13 = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]


@pytest.mark.parametrize(
    ("listed", "newest"),
    [
        pytest.param([], SUITES_13, id="all"),
        pytest.param(["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"], ["TLS_AES_256_GCM_SHA384"], id="one", marks=pytest.mark.e2e),
        pytest.param(
            ["TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"], ["TLS_CHACHA20_POLY1305_SHA256"],
            id="two", marks=pytest.mark.e2e),
        pytest.param(["TLS_AES_128_GCM_SHA256"], ["TLS_AES_128_GCM_SHA256"], id="only 1.3", marks=pytest.mark.e2e),
    ],
)
def test_no_suite_is_spoken_that_is_not_listed(start: Start, world: World, tmp_path: Path, listed: list[str], newest: list[str]) -> None:
    doors = Doors(start, world.simulator, tmp_path, {"tls_server_config": {"cipher_suites": listed} if listed else {}}, server=world.server)

    def speaks(*flags: str) -> bool:
        return "HTTP/1.1 200 OK" in s_client(doors.address, *flags).stdout

    classic = [name for name in listed if "_WITH_" in name] if listed else list(SUITES)
    offered = [*SUITES.values(), *NEVER]
    assert [name for name in offered if speaks("-tls1_2", "-cipher", name + ":@SECLEVEL=0")] == [SUITES[name] for name in SUITES if name in classic]
    assert [name for name in SUITES_13 if speaks("-tls1_3", "-ciphersuites", name)] == newest


def test_whose_order_of_suites_counts_and_which_curves(start: Start, world: World, tmp_path: Path) -> None:
    suites = ["TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"]
    for prefers, chosen in ((True, "ECDHE-ECDSA-AES256-GCM-SHA384"), (False, "ECDHE-ECDSA-AES128-GCM-SHA256")):
        tls = {"cipher_suites": suites, "max_version": "TLS12", "prefer_server_cipher_suites": prefers, "curve_preferences": ["CurveP384"]}
        doors = Doors(start, world.simulator, tmp_path / chosen, {"tls_server_config": tls}, server=world.server)
        said = s_client(doors.address, "-cipher", ":".join(reversed([SUITES[name] for name in suites]))).stdout
        assert f"Cipher is {chosen}" in said and "secp384r1" in said, said
        assert "HTTP/1.1 200 OK" not in s_client(doors.address, "-groups", "P-256").stdout


# Headers, limits and open paths

HEADERS = {
    "X-Frame-Options": "deny", "X-Content-Type-Options": "nosniff", "X-XSS-Protection": "0",
    "Strict-Transport-Security": "max-age=31536000", "Content-Security-Policy": "default-src 'none'",
}


def test_every_answer_has_the_headers(start: Start, tmp_path: Path) -> None:
    simulator = Simulator(start, latency="500ms")
    settings = {"http_server_config": {"headers": HEADERS}, "basic_auth_users": {"user": bcrypt()}, "open_paths": ["/health"]}
    doors = Doors(start, simulator, tmp_path, settings, "--web.max-requests", "1")
    user = ["--user", f"user:{PASSWORD}"]
    long = tmp_path / "long"
    long.write_bytes(bytes(2 << 20))
    hangs = threading.Thread(target=curl, args=(doors.url + "/metrics", *user))
    hangs.start()
    time.sleep(0.3)
    asked = {
        "in flight": (503, curl(doors.url + "/nowhere", *user)),
        "open": (200, curl(doors.url + "/health")),
    }
    hangs.join()
    asked |= {
        "found": (200, curl(doors.url + "/", *user)),
        "no password": (401, curl(doors.url + "/metrics")),
        "nothing there": (404, curl(doors.url + "/nowhere", *user)),
        "other method": (405, curl(doors.url + "/metrics", *user, "--request", "DELETE")),
        "other host": (403, curl(doors.url + "/", *user, "--header", "Host: evil.example")),
        "from a page": (403, curl(doors.url + "/-/reload", *user, "--request", "POST", "--header", "Origin: http://evil.example")),
        "two lengths": (400, curl(doors.url + "/-/reload", *user, "--data", "x", "--header", "Transfer-Encoding: chunked", "--header", "Content-Length: 1")),
        "long body": (413, curl(doors.url + "/-/reload", *user, "--data-binary", f"@{long}")),
    }
    (tmp_path / "web.yml").write_text("rate_limit: {interval: 1h, burst: 1}\n" + yaml.safe_dump(settings))
    asked["too many"] = wait_for(lambda: (reply := curl(doors.url + "/health")).status == 429 and (429, reply), 10, "the limit")
    for name, (status, reply) in asked.items():
        assert reply.status == status, (name, reply.status, reply.body, reply.error)
        assert {header: reply.headers.get(header.lower()) for header in HEADERS} == HEADERS, (name, reply.headers)
    assert asked["no password"][1].headers["www-authenticate"].startswith("Basic realm=")
    assert int(asked["too many"][1].headers["retry-after"]) > 3000


def test_the_rate_is_limited(start: Start, world: World, tmp_path: Path) -> None:
    doors = Doors(start, world.simulator, tmp_path, {"rate_limit": {"interval": "1h", "burst": 5}})
    assert [curl(doors.url + path).status for path in ("/health", "/metrics", "/", "/ready", "/nowhere", "/health", "/metrics")] == [
        200, 200, 200, 200, 404, 429, 429]
    # A limit that did not change stands where it stood, whatever else does.
    doors.write({"rate_limit": {"interval": "1h", "burst": 5}, "http_server_config": {"headers": {"X-Frame-Options": "deny"}}})
    reply = wait_for(lambda: (reply := curl(doors.url + "/health")).headers.get("x-frame-options") == "deny" and reply, 10, "the change")
    assert reply.status == 429
    doors.write({"rate_limit": {"interval": "1ms", "burst": 5}})
    wait_for(lambda: curl(doors.url + "/health").status == 200, 10, "another limit")


@pytest.mark.parametrize("opened", ["/health", *(pytest.param(path, marks=pytest.mark.e2e) for path in ("/ready", "/-/healthy", "/-/ready"))])
def test_an_open_path_opens_nothing_else(start: Start, world: World, tmp_path: Path, opened: str) -> None:
    doors = Doors(start, world.simulator, tmp_path, {"basic_auth_users": {"user": bcrypt()}, "open_paths": [opened]})
    user = ("--user", f"user:{PASSWORD}")
    curl(doors.url + "/metrics", *user)  # so that it is ready
    encoded = "".join(f"%{ord(letter):02x}" for letter in opened[1:])
    text = curl(doors.url + opened).body
    assert text in ("martlet is alive.\n", "martlet is ready.\n")
    # The same path in other words is the same page.
    for path in (opened, opened + "?x", opened + "?", opened + "?/metrics", "/" + encoded):
        assert (reply := curl(doors.url + path)).status == 200 and reply.body == text, (path, reply.status, reply.body)
    shut = [
        "/" + opened, opened + "/", opened.upper(), opened + ";x", opened + "/../metrics", "/metrics/.." + opened, "/." + opened, opened + "%2f",
        opened + "%3fx", opened + "%20", opened + "x", opened[:-1], "/metrics", "/", "/pve", "/-/reload", opened + "%2f..%2fmetrics", "/metrics%00" + opened,
        "/metrics?" + opened, "/metrics#" + opened, "//metrics" + opened, "http://localhost" + opened,
    ] + sorted({"/health", "/ready", "/-/healthy", "/-/ready"} - {opened})
    for path in shut:
        flags = ("--request-target", path)
        assert curl(doors.url, *flags).status == 401, path
    # Another method is no way in either, and what is open has nothing to change.
    assert curl(doors.url + opened, "--request", "POST", "--data", "x").status == 405
    assert curl(doors.url + "/-/reload", "--request", "POST").status == 401
    assert curl(doors.url + "/metrics", "--header", f"X-Original-URL: {opened}", "--header", f"X-Rewrite-URL: {opened}").status == 401

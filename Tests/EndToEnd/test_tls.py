"""Whom martlet believes behind https: nobody but who was named, and until then not one byte of HTTP is sent.

Each test looks at both sides: what martlet says, and what a server saw of it, in TLS 1.2 and 1.3.
"""

from __future__ import annotations

import re
import shutil
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import Answer, Program, Start, fetch, free_port, run, wait_for
from listeners import Authority, Listener, api, fingerprint_of
from replay import API, Replay

USER, TOKEN_NAME, SECRET = "watcher@pve", "watching", "0f7a1c9e-4b8d-4d1e-9c55-TOKENSECRET"
TOKEN = f"{USER}!{TOKEN_NAME}={SECRET}"
PASSWORD = "sesame-PASSWORD"
VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}
FINGERPRINT = re.compile(r"(?:[0-9A-F]{2}:){31}[0-9A-F]{2}")


@dataclass(frozen=True)
class Problem:
    """What is wrong with a certificate, and the words by which a person recognizes it."""

    name: str
    certificate: Path
    words: str


@dataclass
class Certificates:
    """An authority that is believed, one that is not, and what is wrong in each way."""

    ours: Authority
    theirs: Authority
    old: Authority
    good: Path
    other: Path
    problems: dict[str, Problem] = field(default_factory=dict)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    ours, theirs, old = Authority(folder, "ours"), Authority(folder, "theirs"), Authority(folder, "old", days=(-30, -1))
    made = Certificates(ours, theirs, old, good=ours.issue("good"), other=ours.issue("other"))
    for problem in (
        Problem("expired", ours.issue("expired", days=(-30, -1)), "has expired"),
        Problem("not yet valid", ours.issue("young", days=(1, 30)), "not valid yet"),
        Problem("self-signed", theirs.issue_self_signed("alone"), "signed by itself"),
        Problem("unknown authority", theirs.issue("stranger"), "authority that is not trusted"),
        Problem("wrong name", ours.issue("misnamed", names=["DNS:pve9.example.org", "IP:127.0.0.9"]), "not for the name"),
    ):
        made.problems[problem.name] = problem
    return made


@pytest.fixture(scope="module")
def rows() -> dict[str, Any]:
    return Replay.from_recordings().answers


Serve = Callable[..., Listener]


@pytest.fixture
def serve(rows: dict[str, Any]) -> Iterator[Serve]:
    """Starts servers with a certificate, which answer like an API whoever asks; `version` is the only one that they speak."""
    with ExitStack() as stack:

        def begin(certificate: Path | None, version: str | None = None, address: str = "127.0.0.1") -> Listener:
            versions = (VERSIONS[version], VERSIONS[version]) if version else (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
            return stack.enter_context(Listener(address, certificate=certificate, versions=versions, answering=api(rows)))

        yield begin


class Exporter:
    """`martlet exporter` with clusters (those of martlet.yml) and modules (those of pve.yml)."""

    def __init__(
        self,
        start: Start,
        folder: Path,
        clusters: Sequence[Mapping[str, Any]],
        modules: Mapping[str, Any],
        env: Mapping[str, str] | None = None,
    ) -> None:
        write_settings(folder, clusters, modules)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        words = ["--log.level", "debug", "--web.listen-address", f"127.0.0.1:{port}", "--pve.allowed-targets", "127.0.0.1:*,localhost:*"]
        self.program: Program = start("exporter", *words, *(["--pve.config-file", "pve.yml"] if modules else []), env=env, cwd=folder)
        self.program.wait_until(self.url + "/health")

    def pve(self, server: Listener, module: str = "default", host: str = "127.0.0.1") -> Answer:
        return fetch(f"{self.url}/pve?target={host}:{server.port}&module={module}")

    def metrics(self) -> Answer:
        return fetch(self.url + "/metrics")


def write_settings(folder: Path, clusters: Sequence[Mapping[str, Any]], modules: Mapping[str, Any]) -> None:
    (folder / "martlet.yml").write_text(
        # Timers would come in on connections of their own, at any moment.
        yaml.safe_dump({"proxmox": {"clusters": [dict(cluster) for cluster in clusters], "slow": {"enabled": False}}} if clusters else {})
    )
    if modules:
        (folder / "pve.yml").write_text(yaml.safe_dump(dict(modules)))
        (folder / "pve.yml").chmod(0o600)


def cluster(server: Listener, **trust: Any) -> dict[str, Any]:
    return {"name": f"of-{server.port}", "endpoint": f"127.0.0.1:{server.port}", "token": TOKEN} | trust


def module(**trust: Any) -> dict[str, Any]:
    return {"user": USER, "token_name": TOKEN_NAME, "token_value": SECRET} | trust


def assert_nothing_was_sent(server: Listener, *, is_named_wrong: bool = False) -> None:
    """The server was asked, and the client went away before it had finished the handshake, or right behind it if it is only the name."""
    server.settle()
    assert server.connections, "nobody came, so nothing is shown"
    assert server.sent == b""
    if is_named_wrong:
        return
    assert not any(connection.is_established for connection in server.connections)
    # Of several calls at once the first that fails ends the others, some in the middle of their handshakes.
    alerts = [connection.alert for connection in server.connections]
    assert all(re.search("ALERT|EOF|reset", alert) for alert in alerts) and any("ALERT" in alert for alert in alerts), alerts


def assert_was_believed(server: Listener) -> None:
    assert SECRET.encode() in server.sent
    assert all(connection.is_established for connection in server.connections)


def is_up(exporter: Exporter, server: Listener) -> bool:
    """Whether /metrics shows what the server answered."""
    return any(line.startswith("pve_node_up{") and f'cluster="of-{server.port}"' in line for line in exporter.metrics().text.splitlines())


# By its SHA-256

WRONG = "expired", "not yet valid", "self-signed", "unknown authority", "wrong name"


@pytest.mark.parametrize("version", VERSIONS)
def test_the_right_fingerprint_is_enough(start: Start, tmp_path: Path, made: Certificates, serve: Serve, version: str) -> None:
    """Whatever else is wrong with the certificate: names, dates and signer are what a cluster gets wrong by itself."""
    servers = {name: serve(made.problems[name].certificate, version) for name in WRONG}
    prints = {name: fingerprint_of(made.problems[name].certificate) for name in WRONG}
    clusters = [cluster(server, fingerprint=prints[name]) for name, server in servers.items()]
    exporter = Exporter(start, tmp_path, clusters, {name: module(fingerprint=[text]) for name, text in prints.items()})
    assert all(is_up(exporter, server) for server in servers.values())
    for name, server in servers.items():
        server.drop()
        assert exporter.pve(server, name.replace(" ", "%20")).status == 200, name
        assert_was_believed(server)
        assert {connection.version for connection in server.connections} == {f"TLSv{version}"}


def test_spellings_of_a_fingerprint(start: Start, tmp_path: Path, made: Certificates, serve: Serve) -> None:
    right, wrong = fingerprint_of(made.problems["self-signed"].certificate), fingerprint_of(made.good)
    plain = right.replace(":", "")
    spellings: list[Any] = [
        right, right.lower(), plain.lower(), plain, f"sha256 Fingerprint={right}", f"SHA256:{plain.lower()}", f" {right} ",
        [right], [wrong, right],
    ]  # fmt: skip
    servers = [serve(made.problems["self-signed"].certificate) for _ in spellings]
    clusters = [cluster(server, fingerprint=written) for server, written in zip(servers, spellings)]
    exporter = Exporter(start, tmp_path, clusters, {f"m{index}": module(fingerprint=written) for index, written in enumerate(spellings)})
    assert all(is_up(exporter, server) for server in servers)
    assert [exporter.pve(servers[0], f"m{index}").status for index in range(len(spellings))] == [200] * len(spellings)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_wrong_fingerprint(start: Start, tmp_path: Path, made: Certificates, serve: Serve, version: str) -> None:
    """Also of a certificate that an authority vouches for: no byte, and the one that was found, for a person to compare."""
    servers = {name: serve(problem.certificate, version) for name, problem in made.problems.items()} | {"good": serve(made.good, version)}
    wrong = fingerprint_of(made.other)
    exporter = Exporter(
        start, tmp_path, [cluster(server, fingerprint=wrong) for server in servers.values()], {"default": module(fingerprint=wrong)}
    )
    exporter.metrics()
    lines = exporter.program.output.splitlines()
    for server in servers.values():
        assert server.certificate is not None
        found = fingerprint_of(server.certificate)
        assert_nothing_was_sent(server)
        said = [line for line in lines if f"127.0.0.1:{server.port}" in line or f"of-{server.port}" in line]
        assert any(found in line and "not the one that was given" in line for line in said), said
        answer = exporter.pve(server)
        assert (
            answer.status == 500 and found in answer.text and "not the one that was given" in answer.text and "fingerprint" in answer.text
        )
        assert wrong not in answer.text, "what was given is no business of who asks"
        assert_nothing_was_sent(server)


@pytest.mark.parametrize("version", VERSIONS)
def test_several_fingerprints_and_none_is_right(start: Start, tmp_path: Path, made: Certificates, serve: Serve, version: str) -> None:
    server = serve(made.good, version)
    wrong = [fingerprint_of(pem) for pem in (made.other, made.ours.pem, made.theirs.pem)]
    exporter = Exporter(start, tmp_path, [cluster(server, fingerprint=wrong)], {"default": module(fingerprint=wrong)})
    answer = exporter.pve(server)
    assert answer.status == 500 and "none of those that were given" in answer.text and fingerprint_of(made.good) in answer.text
    assert_nothing_was_sent(server)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_fingerprint_is_that_of_the_server_and_of_nobody_behind_it(
    start: Start, tmp_path: Path, made: Certificates, serve: Serve, version: str
) -> None:
    """Everybody can send another's certificate behind the own one, or have one signed by the authority that is pinned."""
    pinned = made.good.read_text()
    impostor = made.problems["self-signed"].certificate.read_text()
    key_at = impostor.index("-----BEGIN PRIVATE KEY-----")
    (tmp_path / "both.pem").write_text(impostor[:key_at] + pinned[: pinned.index("-----BEGIN PRIVATE KEY-----")] + impostor[key_at:])
    chain = made.other.read_text()
    (tmp_path / "chain.pem").write_text(chain + made.ours.pem.read_text()[: made.ours.pem.read_text().index("-----BEGIN PRIVATE KEY-----")])
    modules = {"leaf": module(fingerprint=fingerprint_of(made.good)), "authority": module(fingerprint=fingerprint_of(made.ours.pem))}
    exporter = Exporter(start, tmp_path, [], modules)
    for name, pem in {"leaf": "both.pem", "authority": "chain.pem"}.items():
        server = serve(tmp_path / pem, version)
        answer = exporter.pve(server, name)
        assert answer.status == 500 and fingerprint_of(tmp_path / pem) in answer.text
        assert_nothing_was_sent(server)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_connection_that_another_trust_has_opened_is_not_used(
    start: Start, tmp_path: Path, made: Certificates, serve: Serve, version: str
) -> None:
    """Connections are kept; whoever believes less must make its own, in any order, and no session may be taken up again."""
    server = serve(made.good, version)
    right, wrong = fingerprint_of(made.good), fingerprint_of(made.other)
    believing = {
        "anybody": module(verify_ssl=False),
        "ours": module(ca_file=str(made.ours.pem)),
        "right": module(fingerprint=[wrong, right]),
    }
    doubting = {"theirs": module(ca_file=str(made.theirs.pem)), "system": module(), "wrong": module(fingerprint=wrong)}
    exporter = Exporter(start, tmp_path, [], believing | doubting)
    for first in believing:
        assert exporter.pve(server, first).status == 200
        assert server.sent.count(SECRET.encode()) > 0
        established, sent = sum(connection.is_established for connection in server.connections), len(server.sent)
        for second in doubting:
            assert exporter.pve(server, second).status == 500, (first, second)
        assert len(server.sent) == sent
        assert sum(connection.is_established for connection in server.connections) == established


@pytest.mark.parametrize("version", VERSIONS)
def test_a_certificate_that_changes(start: Start, tmp_path: Path, made: Certificates, serve: Serve, version: str) -> None:
    """Each connection is judged anew: a server that was right once is not right for ever, and may become right again."""
    server = serve(made.good, version)
    exporter = Exporter(
        start,
        tmp_path,
        [cluster(server, fingerprint=fingerprint_of(made.good))],
        {"default": module(fingerprint=fingerprint_of(made.good))},
    )
    assert exporter.pve(server).status == 200 and is_up(exporter, server)
    server.certificate = made.problems["self-signed"].certificate
    server.drop()
    server.settle()
    server.forget()
    assert exporter.pve(server).status == 500 and not is_up(exporter, server)
    assert_nothing_was_sent(server)
    server.certificate = made.good
    server.forget()
    assert exporter.pve(server).status == 200 and is_up(exporter, server)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_password_goes_to_nobody_who_is_not_believed(
    start: Start, tmp_path: Path, made: Certificates, serve: Serve, version: str
) -> None:
    """The login is the first request, and carries what is worth most."""
    server = serve(made.problems["self-signed"].certificate, version)
    login = {"user": USER, "password": PASSWORD}
    wrong = fingerprint_of(made.good)
    clusters = [{"endpoint": server.authority, "fingerprint": wrong} | login]
    exporter = Exporter(
        start,
        tmp_path,
        clusters,
        {"pinned": login | {"fingerprint": wrong}, "signed": login | {"ca_file": str(made.ours.pem)}, "system": login},
    )
    assert "PVEAuthCookie" not in exporter.metrics().text
    assert [exporter.pve(server, name).status for name in ("pinned", "signed", "system")] == [500, 500, 500]
    assert_nothing_was_sent(server)
    assert PASSWORD not in exporter.program.output


def test_a_fingerprint_does_not_go_with_plain_http(start: Start, tmp_path: Path, made: Certificates, serve: Serve) -> None:
    """Who gives one wants to know whom he talks to; http shows no certificate."""
    server = serve(None)
    write_settings(tmp_path, [cluster(server, fingerprint=fingerprint_of(made.good)) | {"endpoint": f"http://{server.authority}"}], {})
    port = free_port()
    program = start("exporter", "--web.listen-address", f"127.0.0.1:{port}", cwd=tmp_path)
    wait_for(lambda: not program.is_running or fetch(f"http://127.0.0.1:{port}/metrics").status == 200, 10, "an end, or a page")
    assert server.sent == b"" and "fingerprint" in program.output


@pytest.mark.parametrize("file", ["martlet.yml", "pve.yml", "variables"])
def test_a_fingerprint_holds_beside_the_order_to_verify_nothing(
    start: Start, tmp_path: Path, made: Certificates, serve: Serve, file: str
) -> None:
    """The two exclude each other, or the fingerprint holds; that it is passed over in silence would be the worst of the three."""
    server = serve(made.good)
    wrong = fingerprint_of(made.other)
    clusters = [cluster(server, fingerprint=wrong, verify_tls=False)] if file == "martlet.yml" else []
    modules = {"default": module(fingerprint=wrong, verify_ssl=False)} if file == "pve.yml" else {}
    write_settings(tmp_path, clusters, modules)
    variables = {
        "PROXMOX_HOST": server.authority, "PROXMOX_TOKEN_NAME": f"{USER}!{TOKEN_NAME}", "PROXMOX_TOKEN_VALUE": SECRET,
        "PROXMOX_FINGERPRINT": wrong,
        "PROXMOX_VERIFY_TLS": "false",
    }  # fmt: skip
    port = free_port()
    words = ["--web.listen-address", f"127.0.0.1:{port}", *(["--pve.config-file", "pve.yml"] if modules else [])]
    program = start("exporter", *words, env=variables if file == "variables" else {}, cwd=tmp_path)
    wait_for(lambda: not program.is_running or fetch(f"http://127.0.0.1:{port}/metrics").status == 200, 10, "an end, or a page")
    assert server.sent == b"", "the fingerprint was passed over"
    assert "fingerprint" in program.output.lower()


# By an authority


def test_an_authority_is_enough(start: Start, tmp_path: Path, made: Certificates, serve: Serve) -> None:
    servers = [serve(made.good, version) for version in VERSIONS]
    clusters = [cluster(server, ca_file=str(made.ours.pem)) for server in servers]
    modules = {"verify_ssl": module(verify_ssl=str(made.ours.pem)), "ca_file": module(ca_file=str(made.ours.pem))}
    exporter = Exporter(start, tmp_path, clusters, modules)
    for server in servers:
        assert is_up(exporter, server)
        assert [exporter.pve(server, name).status for name in modules] == [200, 200]
        assert exporter.pve(server, "ca_file", host="localhost").status == 200
        assert_was_believed(server)


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_wrong_with_a_certificate_is_told(start: Start, tmp_path: Path, made: Certificates, serve: Serve, version: str) -> None:
    """Each in its own words, in the log and in the answer, and the server learns nothing."""
    servers = {name: serve(problem.certificate, version) for name, problem in made.problems.items()}
    clusters = [cluster(server, ca_file=str(made.ours.pem)) for server in servers.values()]
    exporter = Exporter(start, tmp_path, clusters, {"default": module(verify_ssl=str(made.ours.pem))})
    metrics = exporter.metrics()
    assert metrics.status == 200
    logged, answered = {}, {}
    for name, server in servers.items():
        words = made.problems[name].words
        at = f"127.0.0.1:{server.port}"
        lines = [line for line in exporter.program.output.splitlines() if at in line or f"of-{server.port}" in line]
        assert any(words in line for line in lines), (name, lines)
        logged[name] = next(line for line in lines if words in line)
        answer = exporter.pve(server)
        assert answer.status == 500 and words in answer.text and at in answer.text, answer.text
        answered[name] = answer.text
        assert_nothing_was_sent(server, is_named_wrong=name == "wrong name")
        assert SECRET not in answer.text
    for name, problem in made.problems.items():
        for texts in (logged, answered):
            assert [other for other, text in texts.items() if problem.words in text] == [name]
    # What a person can compare with what the node prints, and the way out.
    for name in ("self-signed", "unknown authority", "wrong name"):
        for text in (logged[name], answered[name]):
            assert FINGERPRINT.findall(text) == [fingerprint_of(made.problems[name].certificate)]
            assert "pvenode cert info" in text and "fingerprint" in text
    assert all("clock" in answered[name] and "pvecm updatecerts" in answered[name] for name in ("expired", "not yet valid"))
    assert "127.0.0.1" in answered["wrong name"] and "pve-root-ca.pem" in answered["unknown authority"]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_system_does_not_know_the_tests(start: Start, tmp_path: Path, made: Certificates, serve: Serve, version: str) -> None:
    """Without any word about trust, the system's authorities are asked."""
    servers = [serve(made.good, version), serve(made.problems["self-signed"].certificate, version)]
    exporter = Exporter(start, tmp_path, [cluster(server) for server in servers], {"default": module(), "true": module(verify_ssl=True)})
    exporter.metrics()
    for server, words in zip(servers, ("authority that is not trusted", "signed by itself")):
        for name in ("default", "true"):
            answer = exporter.pve(server, name)
            assert answer.status == 500 and words in answer.text
        assert_nothing_was_sent(server)
    assert exporter.program.output.count("TLS with the cluster failed") == 2, "told at the start, and it goes on: the node may be mended"


def test_an_authority_that_has_expired(start: Start, tmp_path: Path, made: Certificates, serve: Serve) -> None:
    server = serve(made.old.issue("fresh"))
    exporter = Exporter(start, tmp_path, [], {"default": module(ca_file=str(made.old.pem))})
    answer = exporter.pve(server)
    assert answer.status == 500 and "the authority behind the certificate has expired" in answer.text
    assert_nothing_was_sent(server)


def test_an_authority_is_judged_by_its_key_and_not_its_name(start: Start, tmp_path: Path, made: Certificates, serve: Serve) -> None:
    """Anybody can make an authority of the same name."""
    server = serve(Authority(tmp_path, "ours").issue("good"))
    exporter = Exporter(start, tmp_path, [], {"default": module(ca_file=str(made.ours.pem))})
    assert exporter.pve(server).status == 500
    assert_nothing_was_sent(server)


def test_a_servers_certificate_signs_no_other(start: Start, tmp_path: Path, made: Certificates, serve: Serve) -> None:
    """Who has a certificate of the cluster's authority is no authority."""
    forged = tmp_path / "ours"
    forged.mkdir()
    for name in ("pem", "key"):
        shutil.copy(made.good.with_suffix(f".{name}"), forged / f"good.{name}")
    forger = Authority(tmp_path, "forger")
    forger.pem = forged / "good.pem"
    certificate = forger.issue("forged")
    text, good = certificate.read_text(), made.good.read_text()
    certificate.write_text(text + good[: good.index("-----BEGIN PRIVATE KEY-----")])
    server = serve(certificate)
    exporter = Exporter(start, tmp_path, [], {"default": module(ca_file=str(made.ours.pem))})
    answer = exporter.pve(server)
    assert answer.status == 500 and "certificate" in answer.text, answer.text
    assert_nothing_was_sent(server)


@pytest.mark.parametrize(
    "names", [["DNS:127.0.0.1"], ["DNS:*"], ["DNS:*.0.0.1"], ["DNS:localhost.evil.test", "DNS:evil.localhost"], ["email:localhost"]]
)
def test_names_that_are_not_the_one_that_was_asked(
    start: Start, tmp_path: Path, made: Certificates, serve: Serve, names: list[str]
) -> None:
    server = serve(made.ours.issue("names-" + "".join(filter(str.isalnum, "".join(names))), names=names))
    exporter = Exporter(start, tmp_path, [], {"default": module(ca_file=str(made.ours.pem))})
    for host in ("127.0.0.1", "localhost"):
        answer = exporter.pve(server, host=host)
        assert answer.status == 500 and f"not for the name {host}" in answer.text, answer.text
    assert_nothing_was_sent(server, is_named_wrong=True)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1")
def test_old_versions_of_tls_are_refused(start: Start, tmp_path: Path, made: Certificates, rows: dict[str, Any]) -> None:
    with Listener(certificate=made.good, answering=api(rows), versions=(ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)) as server:
        exporter = Exporter(
            start, tmp_path, [], {"default": module(fingerprint=fingerprint_of(made.good)), "any": module(verify_ssl=False)}
        )
        assert [exporter.pve(server, name).status for name in ("default", "any")] == [500, 500]
        server.settle()
        assert server.sent == b"" and len(server.connections) > 0
        # Somebody who speaks them is answered.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(socket.create_connection(("127.0.0.1", server.port), timeout=10)) as old:
            assert old.version() == "TLSv1.1"


def test_verifying_nothing_is_possible_when_it_is_said(start: Start, tmp_path: Path, made: Certificates, serve: Serve) -> None:
    server = serve(made.problems["self-signed"].certificate)
    exporter = Exporter(start, tmp_path, [cluster(server, verify_tls=False)], {"default": module(verify_ssl=False)})
    assert is_up(exporter, server) and exporter.pve(server).status == 200


# At the start


BAD_AUTHORITIES: dict[str, Callable[[Path, Certificates], Path]] = {
    "missing": lambda folder, made: folder / "nowhere.pem",
    "a folder": lambda folder, made: folder,
    "empty": lambda folder, made: written(folder, ""),
    "a key": lambda folder, made: made.good.with_suffix(".key"),
    "a request": lambda folder, made: made.good.with_suffix(".csr"),
    "words": lambda folder, made: written(folder, "no certificate\n"),
    "frame without certificate": lambda folder, made: written(folder, "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"),
    "frame around words": lambda folder, made: written(
        folder, "-----BEGIN CERTIFICATE-----\nbm8gY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n"
    ),
    "cut off": lambda folder, made: written(folder, made.ours.pem.read_text()[:300]),
}


def written(folder: Path, text: str) -> Path:
    path = folder / "authority.pem"
    path.write_text(text)
    return path


@pytest.mark.parametrize("file", ["martlet.yml", "pve.yml", "pve.yml, verify_ssl"])
@pytest.mark.parametrize("kind", BAD_AUTHORITIES)
def test_an_authority_that_is_none_is_an_error_at_the_start(start: Start, tmp_path: Path, made: Certificates, kind: str, file: str) -> None:
    path = BAD_AUTHORITIES[kind](tmp_path, made)
    if file == "martlet.yml":
        text = f'proxmox:\n  clusters:\n    - endpoint: 127.0.0.1:1\n      token: {TOKEN}\n      ca_file: "{path}"\n'
        place, words = "martlet.yml:5:16: ca_file: ", []
    else:
        key = "verify_ssl" if "verify_ssl" in file else "ca_file"
        text = f'default:\n  user: {USER}\n  token_name: {TOKEN_NAME}\n  token_value: {SECRET}\n  {key}: "{path}"\n'
        place, words = f"pve.yml:5:{len(key) + 5}: ", ["--pve.config-file", "pve.yml"]
    (tmp_path / place.partition(":")[0]).write_text(text)
    port = free_port()
    program = start("exporter", "--web.listen-address", f"127.0.0.1:{port}", *words, cwd=tmp_path)
    wait_for(lambda: not program.is_running or fetch(f"http://127.0.0.1:{port}/health").status == 200, 10, "an end, or an exporter")
    assert not program.is_running, f"it has started:\n{program.output}"
    assert program.process.returncode == 1
    said = program.output
    assert said.startswith(f"martlet: {place}") and str(path) in said and said.count("\n") == 1, said
    assert SECRET not in said
    if kind == "missing":
        assert "No such file" in said


@pytest.mark.parametrize(
    "text", ["AB:CD", "AB" * 20, "AB" * 33, "XY" * 32, "sha1 Fingerprint=" + ":".join(["AB"] * 20), "AB:" * 31 + "A", "all", "*"]
)
@pytest.mark.parametrize("file", ["martlet.yml", "pve.yml"])
def test_a_fingerprint_that_is_none_is_an_error_at_the_start(tmp_path: Path, file: str, text: str) -> None:
    """And never an order to verify nothing."""
    if file == "martlet.yml":
        (tmp_path / file).write_text(
            f'proxmox:\n  clusters:\n    - endpoint: 127.0.0.1:1\n      token: {TOKEN}\n      fingerprint: ["{text}"]\n'
        )
        place, words = "martlet.yml:5:", []
    else:
        (tmp_path / file).write_text(
            f'default:\n  user: {USER}\n  token_name: {TOKEN_NAME}\n  token_value: {SECRET}\n  fingerprint: "{text}"\n'
        )
        place, words = "pve.yml:5:", ["--pve.config-file", "pve.yml"]
    done = run("exporter", "--web.listen-address", f"127.0.0.1:{free_port()}", *words, cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.startswith(f"martlet: {place}") and "SHA-256" in done.stderr, done.stderr


def test_a_fingerprint_and_an_authority_exclude_each_other(tmp_path: Path, made: Certificates) -> None:
    write_settings(
        tmp_path, [{"endpoint": "127.0.0.1:1", "token": TOKEN, "ca_file": str(made.ours.pem), "fingerprint": fingerprint_of(made.good)}], {}
    )
    done = run("exporter", "--web.listen-address", f"127.0.0.1:{free_port()}", cwd=tmp_path)
    assert done.returncode == 1 and "fingerprint and ca_file exclude each other" in done.stderr
    variables = {
        "PROXMOX_HOST": "127.0.0.1:1", "PROXMOX_TOKEN_NAME": f"{USER}!{TOKEN_NAME}", "PROXMOX_TOKEN_VALUE": SECRET,
        "PROXMOX_CA_FILE": str(made.ours.pem), "PROXMOX_FINGERPRINT": fingerprint_of(made.good),
    }  # fmt: skip
    (tmp_path / "martlet.yml").unlink()
    done = run("exporter", "--web.listen-address", f"127.0.0.1:{free_port()}", cwd=tmp_path, env=variables)
    assert done.returncode == 1 and "exclude each other" in done.stderr


def test_variables_pin_too(start: Start, tmp_path: Path, made: Certificates, serve: Serve) -> None:
    for version in VERSIONS:
        right, wrong = serve(made.problems["expired"].certificate, version), serve(made.good, version)
        variables = {"PROXMOX_TOKEN_NAME": f"{USER}!{TOKEN_NAME}", "PROXMOX_TOKEN_VALUE": SECRET, "PROXMOX_CLUSTER": f"of-{right.port}"}
        pin = fingerprint_of(made.problems["expired"].certificate)
        exporter = Exporter(
            start,
            tmp_path,
            [],
            {},
            variables | {"PROXMOX_HOST": right.authority, "PROXMOX_FINGERPRINT": f"{fingerprint_of(made.other)}, {pin}"},
        )
        assert is_up(exporter, right)
        exporter = Exporter(start, tmp_path, [], {}, variables | {"PROXMOX_HOST": wrong.authority, "PROXMOX_FINGERPRINT": pin})
        assert exporter.metrics().status == 200
        assert_nothing_was_sent(wrong)


def test_api_paths_are_what_was_answered(rows: dict[str, Any]) -> None:
    """The servers of these tests know what a scrape asks for, so that a 500 is one of TLS."""
    assert {f"{API}/version", f"{API}/cluster/status", f"{API}/cluster/resources"} <= set(rows)

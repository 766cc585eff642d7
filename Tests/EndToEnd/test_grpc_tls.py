"""Our gRPC and grpcio's over mutual TLS: who is let in, whom one believes, and certificates that are exchanged while both run."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import free_port, wait_for
from grpc_peers import Caller, Client, Identity, Peer, python_server
from listeners import Authority


@dataclass
class Made:
    ours: Authority
    theirs: Authority
    server: Identity
    client: Identity

    def identity(self, name: str, signer: Authority | None = None, believes: Authority | None = None, **more: object) -> Identity:
        return Identity.of((signer or self.ours).issue(name, **more), (believes or self.ours).pem)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("certificates")
    ours, theirs = Authority(folder, "ours"), Authority(folder, "theirs")
    server = Identity.of(ours.issue("server"), ours.pem)
    client = Identity.of(ours.issue("client", names=["DNS:manager.example.org", "URI:spiffe://example.org/manager"]), ours.pem)
    return Made(ours, theirs, server, client)


@pytest.fixture(scope="module")
def server(made: Made) -> Iterator[Peer]:
    peer = Peer("serve", "--listen", "127.0.0.1:0", *made.server.flags, "--handshake", "1")
    yield peer
    peer.close()


def serve(identity: Identity, *words: str) -> Peer:
    return Peer("serve", "--listen", "127.0.0.1:0", *identity.flags, *words)


def shown(place: str, client: Identity) -> str:
    """The serial number of the certificate that a server shows now."""
    host, _, port = place.rpartition(":")
    context = ssl.create_default_context(cafile=client.authority)
    context.check_hostname = False
    context.load_cert_chain(client.certificate, client.key)
    context.set_alpn_protocols(["h2"])
    with socket.create_connection((host, int(port)), timeout=5) as connection, context.wrap_socket(connection) as tls:
        certificate = tls.getpeercert()
        assert certificate is not None
        return str(certificate["serialNumber"])


def serial(identity: Identity) -> str:
    done = subprocess.run(["openssl", "x509", "-noout", "-serial", "-in", identity.certificate], capture_output=True, text=True, check=True)
    return done.stdout.strip().partition("=")[2]


def copy(identity: Identity, folder: Path) -> Identity:
    """The same in files of its own, to be exchanged."""
    folder.mkdir(exist_ok=True)
    files = [Path(shutil.copy(file, folder / name)) for file, name in zip((identity.certificate, identity.key, identity.authority), ("cert.pem", "key.pem", "ca.pem"))]
    return Identity(*files)


# MARK: our server


def test_a_client_of_the_authority_is_let_in_and_known_by_its_names(made: Made, server: Peer) -> None:
    caller = Caller(server.places[0], made.client.channel_credentials())
    assert caller.call("Echo", b"hello") == b"hello"
    assert "peer=manager.example.org,spiffe://example.org/manager,ours client" in caller.call("Facts").decode().splitlines()
    caller.close()


@pytest.mark.parametrize("case", ["stranger", "expired", "young", "none", "plain"])
def test_nobody_else_is_let_in(made: Made, server: Peer, case: str) -> None:
    credentials = {
        "stranger": lambda: made.identity("stranger", signer=made.theirs).channel_credentials(),
        "expired": lambda: made.identity("expired", days=(-30, -1)).channel_credentials(),
        "young": lambda: made.identity("young", days=(1, 30)).channel_credentials(),
        "none": lambda: __import__("grpc").ssl_channel_credentials(made.ours.pem.read_bytes()),
        "plain": lambda: None,
    }[case]()
    caller = Caller(server.places[0], credentials)
    assert caller.fails("Echo", timeout=5)[0] == "UNAVAILABLE"
    caller.close()
    # Not even a word of HTTP/2 is taken from it: nothing was counted.
    good = Caller(server.places[0], made.client.channel_credentials())
    assert not any("unknown" in name for name in good.counts())
    good.close()


@pytest.mark.parametrize(("version", "works"), [("TLSv1", False), ("TLSv1_1", False), ("TLSv1_2", True), ("TLSv1_3", True)])
def test_tls_is_of_version_1_2_or_newer(made: Made, server: Peer, version: str, works: bool) -> None:
    flags = {"TLSv1": "-tls1", "TLSv1_1": "-tls1_1", "TLSv1_2": "-tls1_2", "TLSv1_3": "-tls1_3"}
    done = subprocess.run(
        ["openssl", "s_client", "-connect", server.places[0], flags[version], "-alpn", "h2", "-CAfile", made.ours.pem, "-cipher", "ALL:@SECLEVEL=0"]
        + ["-cert", made.client.certificate, "-key", made.client.key], stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
    assert (b"ALPN protocol: h2" in done.stdout) is works, done.stdout + done.stderr


def test_who_connects_and_says_nothing_is_sent_away(server: Peer) -> None:
    host, _, port = server.places[0].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10) as silent:
        began = time.monotonic()
        try:
            assert silent.recv(1) == b""
        except ConnectionResetError:
            pass
        assert time.monotonic() - began < 5


def test_only_clients_of_the_list_may_call(made: Made) -> None:
    server = serve(made.server, "--allow", "spiffe://example.org/manager", "--allow", "ours old-name")
    try:
        for name, names, allowed in [("client", [], True), ("old-name", ["DNS:x.example.org"], True), ("other", ["DNS:other.example.org"], False)]:
            identity = made.client if name == "client" else made.identity(name, names=names)
            caller = Caller(server.places[0], identity.channel_credentials())
            if allowed:
                assert caller.call("Echo", b"in") == b"in"
            else:
                code, details = caller.fails("Echo")
                assert code == "PERMISSION_DENIED" and "other.example.org, ours other" in details
                assert caller.fails("/grpc.health.v1.Health/Check")[0] == "PERMISSION_DENIED"
            caller.close()
    finally:
        server.close()


def test_a_port_that_is_taken_is_named(made: Made) -> None:
    port = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(RuntimeError, match=f"port {port} on 127.0.0.1 is in use"):
            Peer("serve", "--listen", f"127.0.0.1:{port}", *made.server.flags)


@pytest.mark.parametrize("case", ["missing", "mismatch", "expired", "young", "no key", "no certificate", "no authority", "password"])
def test_files_that_cannot_be_used_are_named_at_the_start(made: Made, tmp_path: Path, case: str) -> None:
    files = copy(made.server, tmp_path / "tls")
    words = {
        "missing": (lambda: files.key.unlink(), "cannot read .*key.pem"),
        "mismatch": (lambda: files.key.write_text(made.client.key.read_text()), "is not that of the certificate in .*cert.pem"),
        "expired": (lambda: copy(made.identity("s-expired", days=(-30, -1)), tmp_path / "tls"), "cert.pem expired at"),
        "young": (lambda: copy(made.identity("s-young", days=(1, 30)), tmp_path / "tls"), "cert.pem is not valid yet"),
        "no key": (lambda: files.key.write_text("x"), "key.pem holds no private key"),
        "no certificate": (lambda: files.certificate.write_text(""), "cert.pem holds no certificate"),
        "no authority": (lambda: files.authority.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "ca.pem holds no certificate"),
        "password": (lambda: subprocess.run(
            ["openssl", "pkcs8", "-topk8", "-in", made.server.key, "-out", files.key, "-passout", "pass:x"], check=True), "or one with a password"),
    }[case]
    words[0]()
    with pytest.raises(RuntimeError, match=words[1]):
        serve(files)


# MARK: our client


def python_echo(place: str, identity: Identity) -> object:
    return python_server({"Echo": lambda message, _: message}, place, identity.server_credentials())


def client_of(identity: Identity, port: int, *words: str, host: str = "127.0.0.1") -> Client:
    return Client("--host", host, "--port", str(port), *identity.flags, *words)


@pytest.mark.parametrize(
    ("case", "works"),
    [("good", True), ("by name", True), ("expected name", True), ("wrong name", False), ("expired", False), ("stranger", False), ("we are a stranger", False)])
def test_our_client_believes_only_who_is_for_the_name(made: Made, case: str, works: bool) -> None:
    server, client, words, host = made.server, made.client, [], "127.0.0.1"
    match case:
        case "by name": host = "localhost"
        case "expected name":
            server, words = made.identity("named", names=["DNS:provider.example.org"]), ["--name", "provider.example.org"]
        case "wrong name": server = made.identity("misnamed", names=["DNS:elsewhere.example.org", "IP:127.0.0.9"])
        case "expired": server = made.identity("c-expired", days=(-30, -1))
        case "stranger": server = made.identity("c-stranger", signer=made.theirs)
        case "we are a stranger": client = made.identity("we-stranger", signer=made.theirs)
    with python_echo("127.0.0.1:0", server) as (_, port):  # type: ignore[attr-defined]
        peer = client_of(client, port, *words, host=host)
        answer = peer.call("Echo", text="hello", seconds=10 if works else 0.5)
        peer.close()
    assert answer["code"] == ("OK" if works else "UNAVAILABLE"), answer


def test_a_name_that_is_none_is_refused(made: Made) -> None:
    with pytest.raises(RuntimeError, match="is no host name or address"):
        client_of(made.client, 1, host="a/b")


# MARK: certificates that are exchanged


@pytest.mark.e2e
def test_our_server_shows_a_new_certificate_within_seconds_and_keeps_the_old_one_when_the_new_cannot_be_used(made: Made, tmp_path: Path) -> None:
    files = copy(made.server, tmp_path / "tls")
    new = made.identity("server-2")
    server = serve(files)
    caller = Caller(server.places[0], made.client.channel_credentials())
    try:
        place, before = server.places[0], serial(made.server)
        assert shown(place, made.client) == before
        future = caller.method("Wait").future(b"6000", timeout=30)
        # Half of it, as a hand would do it: the old pair stays, and it is said.
        files.key.write_text(new.key.read_text())
        wait_for(lambda: any("is not that of the certificate" in line for line in server.log), 6, "the log says so")
        assert shown(place, made.client) == before
        files.certificate.write_text(new.certificate.read_text())
        began = time.monotonic()
        wait_for(lambda: shown(place, made.client) == serial(new), 4, "the new one is shown")
        print(f"a new certificate is shown after {time.monotonic() - began:.1f} s")
        files.key.unlink()
        wait_for(lambda: any("cannot read" in line for line in server.log), 6, "the log says so")
        assert shown(place, made.client) == serial(new)
        # Who was connected all the while is not disturbed.
        assert future.result() == b"done"
        reports = [value for name, value in (line.split("=", 1) for line in caller.call("Counts").decode().splitlines()) if name == "certificate"]
        assert [report.split(" ")[0] for report in reports] == ["in", "the", "in", "cannot"], reports
    finally:
        caller.close()
        server.close()


@pytest.mark.e2e
def test_our_server_believes_a_new_authority_and_no_longer_the_old_one(made: Made, tmp_path: Path) -> None:
    files = copy(made.server, tmp_path / "tls")
    server = serve(files)
    # The server stays who it is; whom it believes changes.
    stranger = made.identity("next", signer=made.theirs, believes=made.ours)
    try:
        refused = Caller(server.places[0], stranger.channel_credentials())
        assert refused.code("Echo", timeout=5) == "UNAVAILABLE"
        refused.close()
        files.authority.write_text(made.theirs.pem.read_text())

        def code(identity: Identity) -> str:
            caller = Caller(server.places[0], identity.channel_credentials())
            try:
                return caller.code("Echo", timeout=5)
            finally:
                caller.close()

        wait_for(lambda: code(stranger) == "OK", 5, "the new one is let in")
        assert code(made.client) == "UNAVAILABLE"
    finally:
        server.close()


@pytest.mark.e2e
def test_our_client_shows_a_new_certificate_without_losing_a_call(made: Made, tmp_path: Path) -> None:
    files = copy(made.client, tmp_path / "tls")
    new = made.identity("client-2", names=["DNS:next.example.org"])
    server = serve(made.server)
    port = int(server.places[0].rpartition(":")[2])
    client = client_of(files, port)
    try:
        assert "manager.example.org" in client.call("Facts")["text"]
        waiting = client.begin("Wait", text="4000", seconds=30)
        files.key.write_text("nonsense")
        wait_for(lambda: any("holds no private key" in line for line in client.log), 6, "the log says so")
        assert "manager.example.org" in client.call("Facts")["text"]
        copy(new, tmp_path / "tls")
        wait_for(lambda: "next.example.org" in client.call("Facts")["text"], 4, "the new one is shown")
        assert client.end(waiting)["code"] == "OK"
    finally:
        client.close()
        server.close()

"""Servers on loopback that note all that reaches them, and certificates for them: right, wrong, too old and too young.

They stand for the hosts of an attacker, where already a connection is too much, and for servers that nobody should trust, to
which nothing of HTTP may be sent.
"""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs

# Something answers a request, given its head and its body, with bytes; with none the connection is closed without an answer.
Answering = Callable[[bytes, bytes], bytes | Iterable[bytes]]


@dataclass
class Connection:
    """What one connection brought. Over TLS `sent` is what was decrypted, so that a handshake alone leaves it empty."""

    sent: bytearray = field(default_factory=bytearray)
    # Over TLS: whether the client finished the handshake, what it said if it did not, and the version that was agreed on.
    is_established: bool = False
    alert: str = ""
    version: str = ""
    is_over: bool = False


class Listener:
    """Listens on an address of loopback while its `with` block lasts, and notes every connection and every byte.

    With a certificate (a PEM file with its key and perhaps others behind it) it speaks TLS. Without `answering` it says nothing.
    Both may be changed at any time, for the connections that come after it.
    """

    def __init__(
        self,
        address: str = "127.0.0.1",
        port: int = 0,
        *,
        certificate: Path | None = None,
        versions: tuple[ssl.TLSVersion, ssl.TLSVersion] = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3),
        answering: Answering | None = None,
    ) -> None:
        self.address, self.certificate, self.versions, self.answering = address, certificate, versions, answering
        self.connections: list[Connection] = []
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if ":" in address:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        self._socket.bind((address, port))
        self._socket.listen(128)
        self.port = int(self._socket.getsockname()[1])

    @property
    def authority(self) -> str:
        """HOST:PORT"""
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    @property
    def sent(self) -> bytes:
        """All bytes of all connections; over TLS those of the application."""
        with self._lock:
            return b"".join(bytes(connection.sent) for connection in self.connections)

    @property
    def requests(self) -> list[str]:
        """The request lines without the version, as they came."""
        lines = [line for line in self.sent.decode("latin-1").split("\r\n") if line.endswith(" HTTP/1.1")]
        return [line.removesuffix(" HTTP/1.1") for line in lines]

    def forget(self) -> None:
        with self._lock:
            self.connections = [connection for connection in self.connections if not connection.is_over]
            for connection in self.connections:
                connection.sent.clear()

    def settle(self, seconds: float = 5) -> None:
        """Waits until the clients have ended all connections, so that nothing more can come on them."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not all(connection.is_over for connection in self.connections):
            time.sleep(0.005)

    def clear(self, seconds: float = 20) -> None:
        """Begins anew: ends all connections, which nobody would see going on, and forgets them."""
        deadline = time.monotonic() + seconds
        while not all(connection.is_over for connection in self.connections):
            assert time.monotonic() < deadline, "connections that do not end"
            # Again and again: one that is in its handshake cannot be ended.
            self.drop()
            time.sleep(0.005)
        self.connections.clear()

    def drop(self) -> None:
        """Ends all connections, also those that are kept for more."""
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Listener:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        self.stopping.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self.drop()

    def _accept(self) -> None:
        while not self.stopping.is_set():
            try:
                raw, _ = self._socket.accept()
            except OSError:
                return
            connection = Connection()
            with self._lock:
                self.connections.append(connection)
                self._open.add(raw)
            threading.Thread(target=self._serve, args=(raw, connection), daemon=True).start()

    def _serve(self, raw: socket.socket, connection: Connection) -> None:
        client = raw
        try:
            raw.settimeout(30)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.certificate is not None:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.minimum_version, context.maximum_version = self.versions
                if self.versions[0] < ssl.TLSVersion.TLSv1_2:
                    context.set_ciphers("ALL:@SECLEVEL=0")
                context.load_cert_chain(self.certificate)
                try:
                    client = context.wrap_socket(raw, server_side=True)
                except (ssl.SSLError, OSError) as error:
                    connection.alert = getattr(error, "reason", None) or str(error)
                    return
                with self._lock:
                    self._open.discard(raw)
                    self._open.add(client)
                connection.is_established, connection.version = True, client.version() or ""
            self._converse(client, connection)
        except (OSError, ValueError):
            pass  # whoever gives up is what many tests are about
        finally:
            connection.is_over = True
            with self._lock:
                self._open -= {raw, client}
            with suppress(OSError):
                client.close()

    def _converse(self, client: socket.socket, connection: Connection) -> None:
        waiting = b""
        while chunk := client.recv(65536):
            with self._lock:
                connection.sent += chunk
            waiting += chunk
            while self.answering is not None and b"\r\n\r\n" in waiting:
                head, _, rest = waiting.partition(b"\r\n\r\n")
                length = length_of_body(head)
                if len(rest) < length:
                    break
                waiting = rest[length:]
                answer = self.answering(head, rest[:length])
                for piece in [answer] if isinstance(answer, bytes) else answer:
                    if self.stopping.is_set() or not piece:
                        return
                    client.sendall(piece)


def length_of_body(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


def path_of(head: bytes) -> str:
    """Path and query of a request."""
    return head.split(b" ", 2)[1].decode("latin-1")


def header_of(head: bytes, wanted: str) -> str:
    """A header's value, or nothing."""
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, _, value = line.partition(":")
        if name.strip().lower() == wanted.lower():
            return value.strip()
    return ""


def http(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    """An answer after which the connection stays; `Content_Type` stands for Content-Type."""
    lines = {"Content-Type": "application/json;charset=UTF-8", "Content-Length": str(len(body))}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    return (
        f"HTTP/1.1 {status}\r\n".encode()
        + "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode("latin-1")
        + b"\r\n"
        + body
    )


def api(rows: Mapping[str, Any], login: tuple[str, str] | None = None) -> Answering:
    """Answers as an API that believes everybody: `{path with query: data}`, and 501 elsewhere. A login is looked at, if one is given."""

    def answer(head: bytes, body: bytes) -> bytes:
        path = path_of(head)
        if head.startswith(b"POST ") and path.endswith("/access/ticket"):
            form = parse_qs(body.decode())
            if login is not None and (form["username"][0], form["password"][0]) != login:
                return http(status="401 authentication failure")
            data = {"ticket": f"PVE:{form['username'][0]}:6B002CA8::TICKETSIGNATURE", "CSRFPreventionToken": "6B002CA8:CSRFSIGNATURE"}
            return http(json.dumps({"data": data}).encode())
        return http(json.dumps({"data": rows[path]}).encode()) if path in rows else http(b'{"data":null}', "501 Not implemented")

    return answer


# Certificates

DAY = timedelta(days=1)


def fingerprint_of(pem: Path) -> str:
    """SHA-256 of the first certificate in the file, as openssl and pvenode print it."""
    text = pem.read_text()
    end = "-----END CERTIFICATE-----"
    first = text[text.index("-----BEGIN CERTIFICATE-----") : text.index(end) + len(end)]
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).digest().hex(":").upper()


def openssl(*words: str | Path) -> None:
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, f"openssl {words[0]}: {done.stderr}"


class Authority:
    """Signs certificates with any names and dates. The files are in its folder."""

    def __init__(self, folder: Path, name: str = "authority", days: tuple[float, float] = (-1, 30)) -> None:
        """The days from now on which its own certificate begins and ends."""
        self.folder = folder / name
        self.folder.mkdir(parents=True)
        self.name = name
        self.pem = self._make(name, days, ["basicConstraints = critical,CA:TRUE", "keyUsage = critical,keyCertSign,cRLSign"], signer=None)

    def issue(
        self,
        name: str,
        names: Sequence[str] = ("IP:127.0.0.1", "DNS:localhost"),
        days: tuple[float, float] = (-1, 30),
        usage: str = "",
    ) -> Path:
        """A certificate for a server, or for what `extendedKeyUsage` says, with its key in one file."""
        extensions = [*_of_server(names), *([f"extendedKeyUsage = {usage}"] if usage else [])]
        return self._make(name, days, extensions, signer=self.pem)

    def issue_self_signed(
        self, name: str, names: Sequence[str] = ("IP:127.0.0.1", "DNS:localhost"), days: tuple[float, float] = (-1, 30)
    ) -> Path:
        """One that nobody vouches for but itself."""
        return self._make(name, days, _of_server(names), signer=None)

    def _make(self, name: str, days: tuple[float, float], extensions: Sequence[str], signer: Path | None) -> Path:
        """With `openssl ca`, which takes any dates."""
        key, request, pem, config, database = (self.folder / f"{name}.{kind}" for kind in ("key", "csr", "pem", "cnf", "txt"))
        database.write_text("")
        config.write_text(
            f"[ca]\ndefault_ca = here\n[here]\ndatabase = {database}\n"
            f"new_certs_dir = {self.folder}\nrand_serial = yes\ndefault_md = sha256\n"
            "policy = anything\nunique_subject = no\n[anything]\ncommonName = supplied\n[extensions]\n" + "\n".join(extensions) + "\n"
        )
        openssl(
            "req",
            "-new",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            f"/CN={self.name} {name}",
            "-keyout",
            key,
            "-out",
            request,
        )
        by: list[str | Path] = (
            ["-selfsign", "-keyfile", key] if signer is None else ["-cert", signer, "-keyfile", signer.with_suffix(".key")]
        )
        dates = [f"{datetime.now(UTC) + day * DAY:%Y%m%d%H%M%SZ}" for day in days]
        openssl(
            "ca",
            "-batch",
            "-notext",
            "-config",
            config,
            "-extensions",
            "extensions",
            *by,
            "-startdate",
            dates[0],
            "-enddate",
            dates[1],
            "-in",
            request,
            "-out",
            pem,
        )
        pem.write_text(pem.read_text() + key.read_text())
        return pem


def _of_server(names: Sequence[str]) -> list[str]:
    return [*([f"subjectAltName = {','.join(names)}"] if names else []), "basicConstraints = CA:FALSE"]

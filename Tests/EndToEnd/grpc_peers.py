"""`rpc-peer`, our gRPC from both sides, and Python's grpcio as the other one: with bytes for messages, as no service is needed to see how calls go."""

from __future__ import annotations

import json
import os
import queue
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from conftest import DEBUG, wait_for
from doors import halves

RPC_PEER = Path(os.environ.get("RPC_PEER", DEBUG / "rpc-peer"))
CODES = {code.name: code for code in grpc.StatusCode}
MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class Identity:
    """Files of one side of mutual TLS."""

    certificate: Path
    key: Path
    authority: Path

    @classmethod
    def of(cls, pem: Path, authority: Path) -> Identity:
        """Of a file that holds certificate and key."""
        certificate, key = halves(pem)
        folder = pem.parent / f"{pem.stem}-halves"
        folder.mkdir(exist_ok=True)
        (folder / "cert.pem").write_text(certificate)
        (folder / "key.pem").write_text(key)
        return cls(folder / "cert.pem", folder / "key.pem", authority)

    @property
    def flags(self) -> list[str]:
        return ["--cert", str(self.certificate), "--key", str(self.key), "--ca", str(self.authority)]

    def channel_credentials(self) -> grpc.ChannelCredentials:
        return grpc.ssl_channel_credentials(self.authority.read_bytes(), self.key.read_bytes(), self.certificate.read_bytes())

    def server_credentials(self) -> grpc.ServerCredentials:
        pair = (self.key.read_bytes(), self.certificate.read_bytes())
        return grpc.ssl_server_credentials([pair], self.authority.read_bytes(), require_client_auth=True)


class Peer:
    """A running rpc-peer, and what it has printed."""

    def __init__(self, *words: str | Path) -> None:
        assert RPC_PEER.exists(), f"{RPC_PEER} is missing; swift build --product rpc-peer makes it"
        self.process = subprocess.Popen(
            [str(RPC_PEER), *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines: queue.Queue[str | None] = queue.Queue()
        self.log: list[str] = []
        self.readers = [threading.Thread(target=self._read, daemon=True), threading.Thread(target=self._read_log, daemon=True)]
        for reader in self.readers:
            reader.start()
        first = self.line()
        if not first.startswith("ready"):
            self.process.wait(10)
            self.readers[1].join(10)
            raise RuntimeError("".join(self.log) or first)
        self.places = first.split()[1:]

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))
        self.lines.put(None)

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line)

    def line(self, seconds: float = 30) -> str:
        return self.lines.get(timeout=seconds) or ""

    def stop(self, seconds: float = 20) -> int:
        self.process.terminate()
        return self.process.wait(seconds)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)

    def figure(self, name: str) -> int:
        """A number of /proc/PID/status, in KiB where it is one of memory."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
        raise KeyError(name)

    @property
    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


class Client(Peer):
    """Our client: does what it is told and says how it went."""

    def __init__(self, *words: str | Path) -> None:
        super().__init__("call", *words)
        self.next = 0
        self.answers: dict[int, dict[str, Any]] = {}

    def begin(self, method: str, **order: Any) -> int:
        self.next += 1
        path = method if method.startswith("/") else f"/test.Peer/{method}"
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"id": self.next, "path": path, **order}) + "\n")
        self.process.stdin.flush()
        return self.next

    def end(self, number: int, seconds: float = 60) -> dict[str, Any]:
        while number not in self.answers:
            line = self.line(seconds)
            assert line, "".join(self.log)
            answer = json.loads(line)
            self.answers[answer["id"]] = answer
        return self.answers.pop(number)

    def call(self, method: str, **order: Any) -> dict[str, Any]:
        return self.end(self.begin(method, **order))


class Caller:
    """grpcio's client of one server, with bytes for messages."""

    def __init__(
        self, target: str, credentials: grpc.ChannelCredentials | None = None, options: Sequence[tuple[str, Any]] = (), service: str = "test.Peer"
    ) -> None:
        # Channels that are equal would share their connection, and with it who they are.
        options = [("grpc.use_local_subchannel_pool", 1), *options]
        self.channel = grpc.secure_channel(target, credentials, options) if credentials else grpc.insecure_channel(target, options)
        self.service = service

    def method(self, name: str) -> Any:
        return self.channel.unary_unary(name if name.startswith("/") else f"/{self.service}/{name}")

    def call(self, name: str, message: bytes = b"", timeout: float | None = 10, **more: Any) -> bytes:
        return bytes(self.method(name)(message, timeout=timeout, **more))

    def fails(self, name: str, message: bytes = b"", timeout: float | None = 10, **more: Any) -> tuple[str, str]:
        """The code and the details of a call that fails."""
        try:
            answer = self.call(name, message, timeout, **more)
        except grpc.RpcError as error:
            return error.code().name, error.details() or ""
        raise AssertionError(f"{name} answered {answer[:100]!r}")

    def code(self, name: str, message: bytes = b"", timeout: float | None = 10, **more: Any) -> str:
        """How a call ends."""
        try:
            self.call(name, message, timeout, **more)
        except grpc.RpcError as error:
            return str(error.code().name)
        return "OK"

    def counts(self) -> dict[str, str]:
        return dict(line.rpartition("=")[::2] for line in self.call("Counts").decode().splitlines())

    def wait_for_count(self, name: str, value: int, seconds: float = 5) -> None:
        wait_for(lambda: self.counts().get(name) == str(value), seconds, f"{name}={value}")

    def close(self) -> None:
        self.channel.close()


class Methods(grpc.GenericRpcHandler):
    """Answers each call of one service as a function says."""

    def __init__(self, methods: dict[str, Callable[[bytes, grpc.ServicerContext], bytes]]) -> None:
        self.methods = methods

    def service(self, details: Any) -> Any:
        method = self.methods.get(details.method.removeprefix("/test.Peer/"))
        return grpc.unary_unary_rpc_method_handler(method) if method else None


@contextmanager
def python_server(
    methods: dict[str, Callable[[bytes, grpc.ServicerContext], bytes]],
    place: str,
    credentials: grpc.ServerCredentials | None = None,
    options: Sequence[tuple[str, Any]] = (),
) -> Iterator[tuple[grpc.Server, int]]:
    """grpcio's server at `unix:PATH` or `HOST:PORT`, and its port."""
    server = grpc.server(futures.ThreadPoolExecutor(16), [Methods(methods)], options=[("grpc.so_reuseport", 0), *options])
    port = server.add_secure_port(place, credentials) if credentials else server.add_insecure_port(place)
    assert port != 0, place
    server.start()
    try:
        yield server, port
    finally:
        server.stop(None).wait(10)


def literal(text: str) -> bytes:
    """A text of HPACK, as it is (RFC 7541 section 5.2)."""
    size, rest = len(text), len(text) - 127
    if rest < 0:
        return bytes([size]) + text.encode()
    number = [127]
    while rest >= 128:
        number.append(rest % 128 + 128)
        rest //= 128
    return bytes([*number, rest]) + text.encode()


def http2(path: str, headers: Sequence[tuple[str, str]], *, heeds_settings: bool = True, seconds: float = 1) -> bytes:
    """What a server at a Unix socket answers to one request, whatever is in it; in frames of 16000 bytes, and with nothing taken back."""

    def frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
        return len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body

    block = b"".join(b"\0" + literal(name) + literal(value) for name, value in headers)
    pieces = [block[start:start + 16000] for start in range(0, len(block), 16000)]
    answer = b""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(seconds)
        connection.connect(path)
        try:
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b""))
            if heeds_settings:
                connection.recv(65536)
                connection.sendall(frame(4, 1, 0, b""))
                time.sleep(0.05)
            for place, piece in enumerate(pieces):
                flags = (0 if place else 1) | (4 if place == len(pieces) - 1 else 0)
                connection.sendall(frame(9 if place else 1, flags, 1, piece))
            while data := connection.recv(65536):
                answer += data
                if b"grpc-status" in answer:
                    break
        except OSError:
            pass
    return answer

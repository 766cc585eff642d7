"""An API that breaks: each way in which an answer can be late, cut off, oversized, a lie or nonsense.

`FAULTS` is by name; each is told the body that the API would have answered and says what goes over the wire instead. What is made
with `altered` is a sound answer with other contents, so that a reader who believes it is right.
"""

from __future__ import annotations

import copy
import gzip
import json
import socket
import struct
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from listeners import Connection, Listener, http, path_of

# Longer than any deadline of the tests.
SLOW_SECONDS = 10

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json;charset=UTF-8\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
CLOSE = b""

Pieces = bytes | Iterable[bytes]


class Reset(Exception):
    """Ends the connection as a machine does that has lost it: the other side is told at once, and what is on its way is lost."""


@dataclass(frozen=True)
class Fault:
    """One way to break an answer."""

    answer: Callable[[bytes], Pieces]
    # What the answer's data says then; None where nothing is to be believed.
    alter: Callable[[Any], Any] | None = None


class Hostile(Listener):
    """Gives handmade answers (`{path with query: data}`) to everybody, except where `faults` has something else for the path."""

    def __init__(self, rows: Mapping[str, Any], *, certificate: Path | None = None) -> None:
        self.bodies = {path: body_of(data) for path, data in rows.items()}
        self.faults: dict[str, Fault] = {}
        # What breaks all paths, whatever is asked.
        self.every: Fault | None = None
        super().__init__(certificate=certificate, answering=self._answer)

    @property
    def url(self) -> str:
        return f"{'https' if self.certificate else 'http'}://{self.authority}"

    def _answer(self, head: bytes, _: bytes) -> Pieces:
        path = path_of(head)
        if (fault := self.every or self.faults.get(path)) is not None:
            return fault.answer(self.bodies.get(path, b'{"data":null}'))
        return http(self.bodies[path]) if path in self.bodies else http(b'{"data":null}', "501 Not implemented")

    def _converse(self, client: socket.socket, connection: Connection) -> None:
        try:
            super()._converse(client, connection)
        except Reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def body_of(data: Any) -> bytes:
    return json.dumps({"data": data}).encode()


def status(line: str, message: str = "") -> Fault:
    """An error as the API words it: in the status line, and newer versions in the body too."""
    body = json.dumps({"data": None, "message": message + "\n"}).encode() if message else b""
    return Fault(lambda _: http(body, line))


def body(data: bytes, **headers: str) -> Fault:
    """Another body, whole and with status 200."""
    return Fault(lambda _: http(data, **headers))


def sent(make: Callable[[bytes], Iterable[bytes]]) -> Fault:
    """Exactly these pieces; after an empty one, or after the last, nothing more comes on the connection."""

    def answer(good: bytes) -> Iterable[bytes]:
        yield from make(good)
        yield CLOSE

    return Fault(answer)


def altered(change: Callable[[Any], Any]) -> Fault:
    """A sound answer with other contents."""
    return Fault(lambda good: http(body_of(change(json.loads(good)["data"]))), change)


def unchanged(make: Callable[[bytes], Pieces]) -> Fault:
    """The same contents, sent in an unusual way."""
    return Fault(make, lambda data: data)


# What goes over the wire


def forever(first: bytes, piece: bytes, pause_seconds: float = 0) -> Callable[[bytes], Iterable[bytes]]:
    """Ends when the client has gone away, or when nobody can wait for it any more."""

    def pieces(_: bytes) -> Iterable[bytes]:
        end = time.monotonic() + SLOW_SECONDS
        yield first
        while time.monotonic() < end:
            yield piece
            time.sleep(pause_seconds)

    return pieces


def late(good: bytes) -> Iterable[bytes]:
    time.sleep(SLOW_SECONDS)
    yield http(good)


def byte_after_byte(good: bytes) -> Iterable[bytes]:
    yield HEAD + b"Content-Length: %d\r\n\r\n" % len(good)
    for byte in good[:SLOW_SECONDS]:
        yield bytes([byte])
        time.sleep(1)


def reset_after(first: Callable[[bytes], bytes]) -> Callable[[bytes], Iterable[bytes]]:
    def pieces(good: bytes) -> Iterable[bytes]:
        if begin := first(good):
            yield begin
            # What the client has not read when the reset comes would be lost with it.
            time.sleep(0.05)
        raise Reset

    return pieces


def chunks(data: bytes) -> bytes:
    half = len(data) // 2
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (data[:half], data[half:])) + b"0\r\n\r\n"


def many_bytes(count: int, block: bytes = b" " * (1 << 20)) -> Callable[[bytes], Iterable[bytes]]:
    def pieces(_: bytes) -> Iterable[bytes]:
        yield HEAD + b"Content-Length: %d\r\n\r\n" % count
        for _ in range(count // len(block)):
            yield block

    return pieces


def stays_silent(first: bytes) -> Callable[[bytes], Iterable[bytes]]:
    """Holds the connection open with nothing more on it."""

    def pieces(_: bytes) -> Iterable[bytes]:
        yield first
        time.sleep(SLOW_SECONDS)

    return pieces


def packed(piece: bytes, times: int) -> bytes:
    """A gzip file of so many pieces, which are packed once: behind a full flush a coder has forgotten all that was before."""
    coder = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = coder.compress(piece) + coder.flush(zlib.Z_FULL_FLUSH)
    # A wrong checksum at the end comes too late for whoever has unpacked it until there.
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03" + block * times + b"\x03\x00" + bytes(8)


@cache
def bomb() -> bytes:
    """10 GB of zeros, packed twice."""
    return gzip.compress(packed(bytes(10 << 20), 1000))


@cache
def bomb_of_nothing() -> bytes:
    """10 GB of blocks that are empty, packed: they unpack to nothing, so that no limit of what comes out is ever met."""
    empty_block = b"\x00\x00\x00\xff\xff"
    inner_head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03"
    coder = zlib.compressobj(9, zlib.DEFLATED, -15)
    begin = coder.compress(inner_head) + coder.flush(zlib.Z_FULL_FLUSH)
    blocks = packed(empty_block * (2 << 20), 1000)
    return blocks[:10] + begin + blocks[10:]


# Contents


def everywhere(change: Callable[[str, Any], Any]) -> Callable[[Any], Any]:
    """Puts what `change` makes of the key and the value in the place of every member of every row."""

    def alter(data: Any) -> Any:
        rows = data if isinstance(data, list) else [data]
        changed = [{key: change(key, value) for key, value in row.items()} for row in rows]
        return changed if isinstance(data, list) else changed[0]

    return alter


IDENTITY = {"type", "name", "node", "vmid", "id", "storage", "status", "online", "quorate", "version", "local", "plugintype", "template"}


def numbers(replacement: Any) -> Callable[[Any], Any]:
    """Replaces what is measured and leaves who it is."""
    return everywhere(lambda key, value: value if key in IDENTITY or not isinstance(value, (int, float)) else copy.deepcopy(replacement))


def too_large(good: bytes) -> bytes:
    """Numbers that fit into nothing."""
    return body_of(numbers("1e400")(json.loads(good)["data"])).replace(b'"1e400"', b"1e400")


def names(data: Any) -> Any:
    """Names with what ends a C string, a line, and a label's value."""
    ending = '\u0000\n"\\} 1\n\u2028'
    return everywhere(lambda key, value: value + ending if key in ("name", "tags", "release", "pool") else value)(data)


def twice(data: Any) -> Any:
    """Each row a second time, behind all others, with other numbers; of an object there is nothing to double."""
    if not isinstance(data, list):
        return data
    second = [{key: value + 7 if key in ("mem", "cpu", "uptime", "maxmem") else value for key, value in row.items()} for row in data]
    return data + second


def many_nodes(good: bytes) -> bytes:
    """5,000 of them, as no cluster has."""
    rows = json.loads(good)["data"] + [
        {"type": "node", "id": f"node/x{index}", "name": f"x{index}", "node": f"x{index}", "online": 1, "status": "online"}
        for index in range(5000)
    ]
    return http(body_of(rows))


FAULTS: dict[str, Fault] = {
    # Statuses
    "401": status("401 Authentication failed!"),
    "403": status("403 Permission check failed (/, Sys.Audit)", "Permission check failed (/, Sys.Audit)"),
    "404": status("404 Not Found"),
    "500": status("500 got timeout", "got timeout"),
    "501": status("501 Method 'GET' not implemented"),
    "595": status("595 No route to host"),
    "596": status("596 Connection timed out"),
    "status without a reason": status("500 "),
    "200 that is a refusal": body(b'{"data":null,"message":"no such thing\\n","success":0}'),
    # Bodies
    "empty body": body(b""),
    "garbage": body(bytes(range(256)) * 16),
    "HTML": body(b"<html><body>maintenance</body></html>", Content_Type="text/html"),
    "truncated": Fault(lambda good: http(good[: len(good) // 2])),
    "null": body(b'{"data":null}'),
    "no data": body(b'{"message":"all is well"}'),
    "list": body(b"[]"),
    "text": body(b'{"data":"text"}'),
    "number": body(b'{"data":7}'),
    "100,000 deep": body(b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "NUL in the text": Fault(lambda good: http(good.replace(b":", b":\x00", 3))),
    # Bodies that are packed, though nobody asked for that
    "gzip": Fault(lambda good: http(gzip.compress(good), Content_Encoding="gzip")),
    "deflate": Fault(lambda good: http(zlib.compress(good), Content_Encoding="deflate")),
    "gzip bomb": Fault(lambda _: http(bomb(), Content_Encoding="gzip, gzip")),
    "gzip in transit": Fault(lambda good: HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n" + chunks(gzip.compress(good))),
    "gzip bomb in transit": Fault(lambda _: HEAD + b"Transfer-Encoding: gzip, gzip, chunked\r\n\r\n" + chunks(bomb())),
    "bomb of nothing in transit": Fault(lambda _: HEAD + b"Transfer-Encoding: gzip, gzip, chunked\r\n\r\n" + chunks(bomb_of_nothing())),
    # Too much
    "200 MB body": sent(many_bytes(200 << 20)),
    "endless body": sent(forever(HEAD + b"\r\n", b" " * (1 << 20))),
    "endless chunks": sent(forever(CHUNKED, b"100000\r\n" + b" " * (1 << 20) + b"\r\n")),
    "endless headers": sent(forever(HEAD, (b"X: " + b"x" * 1000 + b"\r\n") * 100)),
    "endless header": sent(forever(HEAD + b"X: ", b"x" * (1 << 20))),
    "endless status line": sent(forever(b"HTTP/1.1 200 ", b"x" * (1 << 20))),
    "endless trailers": sent(forever(CHUNKED + b"0\r\n", (b"X: " + b"x" * 1000 + b"\r\n") * 100)),
    "100,000 headers": sent(lambda good: [HEAD + b"".join(b"X-%d: x\r\n" % index for index in range(100_000)) + b"\r\n" + good]),
    "endless interim answers": sent(forever(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000)),
    # Too slow
    "slow": Fault(late),
    "byte after byte": sent(byte_after_byte),
    "chunks that never end": sent(forever(CHUNKED, b"1\r\n \r\n", 0.1)),
    "header byte after byte": sent(forever(HEAD + b"X: ", b"x", 0.1)),
    "longer than it says": sent(stays_silent(HEAD + b'Content-Length: 1000\r\n\r\n{"data":[')),
    "silence": sent(stays_silent(b"H")),
    # Connections that end
    "closed": sent(lambda _: []),
    "closed in the headers": sent(lambda _: [HEAD]),
    "closed in the body": sent(lambda good: [HEAD + b"Content-Length: %d\r\n\r\n" % len(good) + good[:-1]]),
    "closed in a chunk": sent(lambda good: [CHUNKED + b"%x\r\n" % len(good) + good[:-1]]),
    "closed before the last chunk": sent(lambda good: [CHUNKED + b"%x\r\n" % len(good) + good + b"\r\n"]),
    "reset": Fault(reset_after(lambda _: b"")),
    "reset in the headers": Fault(reset_after(lambda _: HEAD)),
    "reset in the body": Fault(reset_after(lambda good: HEAD + b"Content-Length: %d\r\n\r\n" % len(good) + good[:-1])),
    # What is no HTTP
    "no HTTP": sent(lambda _: [b"\x00\x01\x02 this is no HTTP\r\n\r\n"]),
    "no length": sent(lambda good: [HEAD + b"Content-Length: many\r\n\r\n" + good]),
    "no chunk": sent(lambda good: [CHUNKED + b"many\r\n" + good]),
    "shorter than it says": Fault(lambda good: HEAD + b"Content-Length: %d\r\n\r\n" % (len(good) - 1) + good),
    # Sound, or nearly: nothing is lost
    "HTTP/1.0": unchanged(lambda good: [b"HTTP/1.0 200 OK\r\n\r\n" + good, CLOSE]),
    "until it closes": unchanged(lambda good: [HEAD + b"\r\n" + good, CLOSE]),
    "chunked": unchanged(lambda good: CHUNKED + chunks(good)),
    "another type": unchanged(lambda good: http(good, Content_Type="text/html")),
    "unknown coding": unchanged(lambda good: http(good, Content_Encoding="x-unknown")),
    "header of 64 kB": unchanged(lambda good: http(good, X="x" * 65536)),
    "100 interim answers": unchanged(lambda good: b"HTTP/1.1 100 Continue\r\n\r\n" * 100 + http(good)),
    "another answer behind it": unchanged(lambda good: http(good) + http(b'{"data":[{"type":"node","name":"forged","node":"forged"}]}')),
    "names": altered(names),
    "rows twice": altered(twice),
    "numbers that are text": altered(numbers("many")),
    "numbers that are too large": Fault(lambda good: http(too_large(good)), numbers(None)),
    "numbers that are too large, in quotes": altered(numbers("1e400")),
    "numbers that are lists": altered(numbers([1])),
}

# What only a list of nodes can be.
OF_NODES: dict[str, Fault] = {"5,000 nodes": Fault(many_nodes)}

# What only a list can be.
OF_LISTS: dict[str, Fault] = {
    "object": body(b'{"data":{"a":{"vmid":1}}}'),
    "no rows": body(b'{"data":[7,null,"x",[]]}'),
    "rows without keys": body(b'{"data":[{"type":"node"},{"type":"qemu"},{}]}'),
    "one row without keys": altered(lambda data: [*data, {"type": "node"}]),
}


def redirect(place: str, code: str = "302 Found") -> Fault:
    return Fault(lambda _: http(b"", code, Location=place))

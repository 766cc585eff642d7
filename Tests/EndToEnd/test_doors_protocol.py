"""What is no HTTP, or two kinds of it at once, at the exporter's door.

Where a proxy stands in front, a request whose end or whose headers it sees elsewhere than the exporter lets a stranger put a second one into
somebody else's connection. So what could be read in two ways gets 400, and nothing behind it on the same connection is read.
"""

from __future__ import annotations

import http.client
import io
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from conftest import Start
from siege import Doors, Simulator

HOST = b"Host: localhost\r\n"
GET = b"GET /health HTTP/1.1\r\n" + HOST
POST = b"POST /health HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
# What follows in each connection: hidden behind a request that must be refused, asked for openly behind one that may be answered.
LAST = b"GET /ready HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"


@pytest.fixture(scope="module")
def doors(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    """One exporter for all of them: it has to live through each, and not to grow."""
    doors = Doors(start_for_all, Simulator(start_for_all, tmp_path_factory.mktemp("world"), nodes=1, guests=5))
    before = doors.resident_kib
    descriptors = doors.descriptors
    yield doors
    assert doors.get("/metrics")[0] == 200
    assert doors.peak_kib - before < 64 << 10
    assert doors.descriptors <= descriptors + 8


def talk(port: int, *pieces: bytes, seconds: float = 8) -> tuple[bytes, bool]:
    """All that is answered until the server closes the connection, and whether it did."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as client:
        answer = b""

        def send() -> None:
            # Whoever refuses stops reading: what is left to be said then has nobody to hear it.
            with suppress(OSError):
                for piece in pieces:
                    client.sendall(piece)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            while chunk := client.recv(1 << 16):
                answer += chunk
            return answer, True
        except ConnectionResetError:
            return answer, True
        except TimeoutError:
            return answer, False
        finally:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            sender.join()


class Answers:
    """The answers in a stream of bytes."""

    def __init__(self, stream: bytes) -> None:
        self.statuses: list[int] = []
        self.bodies: list[bytes] = []
        rest = io.BytesIO(stream)

        class Source:
            def makefile(self, _: str) -> io.BytesIO:
                return rest

        rest.close = lambda: None  # type: ignore[method-assign]
        while rest.tell() < len(stream):
            answer = http.client.HTTPResponse(Source())  # type: ignore[arg-type]
            try:
                answer.begin()
                body = answer.read()
            except http.client.HTTPException:
                break
            self.statuses.append(answer.status)
            self.bodies.append(body)


# Requests that are answered, with the status; what follows them is answered too.
ANSWERED: dict[str, tuple[bytes, int]] = {
    "plain": (GET + b"\r\n", 200),
    "a version to come": (b"GET /health HTTP/1.2\r\n" + HOST + b"\r\n", 200),
    "empty lines in front": (b"\r\n\r\n" + GET + b"\r\n", 200),
    "an upgrade to HTTP/2": (GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", 200),
    "a body with GET": (GET + b"Content-Length: 5\r\n\r\nabcde", 200),
    "a body past the limit": (POST + b"Content-Length: 2000000\r\n\r\n" + b"x" * 2_000_000, 413),
    "zeros before a length": (POST + b"Content-Length: 00005\r\n\r\nabcde", 405),
    "CONNECT": (b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "TRACE": (b"TRACE /health HTTP/1.1\r\n" + HOST + b"Cookie: secret\r\n\r\n", 405),
    "OPTIONS for all": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "a method that nobody knows": (b"G@T /health HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "a method of 20,000 letters": (b"A" * 20_000 + b" /health HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    "a target with its host": (b"GET http://localhost/health HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "a target of another host": (b"GET http://evil.example/health HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "a target that is an authority": (b"GET localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "a target without a slash": (b"GET health HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "a path to other places": (b"GET /../../../etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "the same escaped": (b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "bytes that are no text": (b"GET /\xff\xfe HTTP/1.1\r\n" + HOST + b"X: \xff\xfe\r\n\r\n", 404),
    "escapes that are none": (b"GET /%zz%1 HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "an escaped NUL": (b"GET /health%00.png HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "a target of 31,000 letters": (b"GET /" + b"a" * 31_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 404),
    "300 headers": (GET + b"a: b\r\n" * 300 + b"\r\n", 200),
    "another host": (b"GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403),
    "expectations": (POST + b"Expect: the-unexpected\r\nContent-Length: 0\r\n\r\n", 405),
}  # fmt: skip

# Requests that are refused, with what may be said then; nothing that follows is answered. Without a status the connection may just end.
REFUSED: dict[str, tuple[bytes, set[int]]] = {
    "HTTP/0.9": (b"GET /health\r\n\r\n", {400}),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", {505}),
    "HTTP/3": (b"GET /health HTTP/3.0\r\n" + HOST + b"\r\n", {505}),
    "another protocol": (b"GET /health HTTX/1.1\r\n" + HOST + b"\r\n", {400}),
    "a version with more behind it": (b"GET /health HTTP/1.1 x\r\n" + HOST + b"\r\n", {400}),
    "two blanks": (b"GET  /health  HTTP/1.1\r\n" + HOST + b"\r\n", set()),
    "a blank in the target": (b"GET /he alth HTTP/1.1\r\n" + HOST + b"\r\n", set()),
    "tabs for blanks": (b"GET\t/health\tHTTP/1.1\r\n" + HOST + b"\r\n", set()),
    "all bytes": (bytes(range(256)) * 10, {400}),
    "no host": (b"GET /health HTTP/1.1\r\n\r\n", {400}),
    "no host, HTTP/1.0": (b"GET /health HTTP/1.0\r\n\r\n", {400}),
    "two hosts": (GET + HOST + b"\r\n", {400}),
    "a target of a megabyte": (b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", {414}),
    "empty lines without end": (b"\r\n" * 500_000, {414}),
    "a header of a megabyte": (GET + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n", {431}),
    "10,000 headers": (GET + b"a: b\r\n" * 10_000 + b"\r\n", {431}),
    "5,000 parameters": (b"GET /health?" + b"a=b&" * 5_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", {414}),
    "lines that end in LF": (GET.replace(b"\r\n", b"\n") + b"\n", {400}),
    "a header without a name": (GET + b": value\r\n\r\n", {400}),
    "a last line that ends in LF": (GET + b"X: y\n\r\n", {400}),
    "an empty line that ends in LF": (GET + b"X: y\r\n\n", {400}),
    "a request line that ends in LF": (GET.replace(b"1.1\r\n", b"1.1\n") + b"\r\n", {400}),
    "a header without a colon": (GET + b"word\r\n\r\n", {400}),
    "a host behind a NUL": (b"GET /health HTTP/1.1\r\nHost: evil.example\0localhost\r\n\r\n", {400}),
    "a host that ends in a NUL": (b"GET /health HTTP/1.1\r\nHost: localhost\0.example.org\r\nX: y\r\n\r\n", {400}),
    "a host that ends in a NUL, the last header": (b"GET /health HTTP/1.1\r\nHost: localhost\0.example.org\r\n\r\n", {400}),
    "a value with NULs for line ends": (GET + b"X: a\0\0Y: b\r\nZ: c\r\n\r\n", {400}),
    "a length that ends in a NUL": (POST + b"Content-Length: 5\x0099\r\n\r\nabcde", {400}),
    "a name with a NUL": (GET + b"X\0Y: value\r\n\r\n", {400}),
    "a name with a letter that names have not": (GET + b"X(Y): value\r\n\r\n", {400}),
    "a value with CR": (GET + b"X: a\rb\r\n\r\n", {400}),
    "a value with a bell": (GET + b"X: a\x07b\r\n\r\n", {400}),
    # Who hides a request behind another.
    "a blank before the colon": (POST + b"Content-Length : 5\r\n\r\nabcde", {400}),
    "a tab before the colon": (POST + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", {400}),
    "a length, and an encoding with a blank": (POST + b"Content-Length: 5\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", {400}),
    "an encoding behind CR": (POST + b"X: a\rTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", {400}),
    "a header that goes on": (GET + b"X: a\r\n b\r\n\r\n", {400}),
    "a header that goes on with a tab": (GET + b"X: a\r\n\tb\r\n\r\n", {400}),
    "a length that goes on": (POST + b"Content-Length: 5\r\n 0\r\n\r\nabcde", {400}),
    "a length in the next line": (POST + b"Content-Length:\r\n 5\r\n\r\nabcde", {400}),
    "an encoding in the next line": (POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", {400}),
    "an encoding whose name goes on": (POST + b"Transfer-Encodin: chunked\r\n g\r\n\r\n0\r\n\r\n", {400}),
    "a host whose name goes on": (b"GET /health HTTP/1.1\r\nHos: localhost\r\n t\r\n\r\n", {400}),
    "the first header goes on": (b"GET /health HTTP/1.1\r\n " + HOST + b"\r\n", {400}),
    "length and encoding": (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    "encoding and length": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 50\r\n\r\n0\r\n\r\n", {400}),
    "the same length twice": (POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde", {400}),
    "two lengths": (POST + b"Content-Length: 5\r\nContent-Length: 50\r\n\r\nabcde", {400}),
    "two lengths in one": (POST + b"Content-Length: 5, 5\r\n\r\nabcde", {400}),
    "a length with a sign": (POST + b"Content-Length: +5\r\n\r\nabcde", {400}),
    "a length below zero": (POST + b"Content-Length: -5\r\n\r\nabcde", {400}),
    "a length in hexadecimal": (POST + b"Content-Length: 0x5\r\n\r\nabcde", {400}),
    "a length without digits": (POST + b"Content-Length: \r\n\r\nabcde", {400}),
    "a length with a tab behind": (POST + b"Content-Length: 5\t\r\n\r\nabcde", {400}),
    "a length with a vertical tab": (POST + b"Content-Length: \x0b5\r\n\r\nabcde", {400}),
    "a length of 2^64": (POST + b"Content-Length: 18446744073709551616\r\n\r\nabcde", {400, 413}),
    "another encoding": (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", {400}),
    "two encodings": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", {400}),
    "an encoding that is none": (POST + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n", {400}),
    "an encoding in quotes": (POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', {400}),
    "an encoding twice": (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    "an encoding without a value": (POST + b"Transfer-Encoding:\r\n\r\n0\r\n\r\n", {400}),
    "an encoding behind a NUL": (POST + b"Transfer-Encoding: chunked\0x\r\nContent-Length: 3\r\n\r\nabc", {400}),
    "chunks in HTTP/1.0": (b"POST /health HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", set()),
    # What is in chunks is not read at all, so that no reader of chunks can be fooled.
    "a body in chunks": (CHUNKED + b"5\r\nabcde\r\n0\r\n\r\n", {411}),
    "a trailer": (CHUNKED + b"5\r\nabcde\r\n0\r\nX: y\r\nContent-Length: 7\r\n\r\n", {411}),
    "an extension of a chunk": (CHUNKED + b'5;name="value"\r\nabcde\r\n0\r\n\r\n', {411}),
    "chunks that end in LF": (CHUNKED + b"5\nabcde\n0\n\n", {411}),
    "a chunk with 0x": (CHUNKED + b"0x5\r\nabcde\r\n0\r\n\r\n", {411}),
    "a chunk below zero": (CHUNKED + b"-1\r\nabcde\r\n0\r\n\r\n", {411}),
    "a chunk of more than 64 bits": (CHUNKED + b"F" * 17 + b"\r\nabcde\r\n0\r\n\r\n", {411}),
    "an extension of a megabyte": (CHUNKED + b"5;name=" + b"b" * 1_000_000 + b"\r\nabcde\r\n0\r\n\r\n", {411}),
    "a trailer of a megabyte": (CHUNKED + b"5\r\nabcde\r\n0\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n", {411}),
    "chunks in HTTP/1.0": (b"POST /health HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", set()),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERED)
def test_answered(doors: Doors, name: str) -> None:
    text, status = ANSWERED[name]
    stream, is_closed = talk(doors.port, text, LAST)
    answers = Answers(stream)
    assert is_closed and answers.statuses == [status, 200], stream[:2000]
    assert answers.bodies[1] == b"martlet is ready.\n"
    # What a client sent is in no answer: no page of ours can be made to say what others say.
    assert b"secret" not in stream and b"evil" not in stream


@pytest.mark.parametrize("name", REFUSED)
def test_refused(doors: Doors, name: str) -> None:
    text, statuses = REFUSED[name]
    stream, is_closed = talk(doors.port, text, LAST)
    assert is_closed, stream[:2000]
    assert b"martlet is" not in stream, stream[:2000]
    answers = Answers(stream)
    # What comes behind a refusal in the same piece of network may reset the connection, and the refusal with it.
    assert not answers.statuses or answers.statuses[0] in statuses, stream[:2000]
    if statuses and len(text) < 10_000:
        assert answers.statuses, "closed without a word"


def test_a_head_in_pieces(doors: Doors) -> None:
    """A byte at a time, it is the same as at once: where the pieces end says nothing."""
    for text, status in ((GET + b"\r\n", 200), (POST + b"Content-Length: 5\r\n 0\r\n\r\n", 400), (GET + b"X : y\r\n\r\n", 400)):
        with socket.create_connection(("127.0.0.1", doors.port), timeout=8) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for index in range(len(text)):
                client.send(text[index : index + 1])
                time.sleep(0.0005)
            assert client.recv(4096).startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.parametrize("tail", [b"Transfer-Encodin: chunked\r\n g\r\n\r\n", b"Transfer-Encodin:chunked\n g\n\n"], ids=["CRLF", "LF"])
def test_lines_that_libmicrohttpd_joins_where_its_memory_ends(doors: Doors, tail: bytes) -> None:
    """How it moves them depends on the room that is left; the request is refused all the same."""
    found = set()
    for length in [*range(16_350, 16_450), *range(32_600, 32_900), *range(48_400, 49_300, 3)]:
        head = POST + b"X: " + b"x" * (length - len(POST) - len(tail) - 5) + b"\r\n" + tail
        stream, is_closed = talk(doors.port, head, b"0\r\n\r\n" + LAST)
        assert is_closed and b"martlet is" not in stream, (length, stream[:500])
        found.update(Answers(stream).statuses[:1])
    assert found == {400, 431}


def test_ten_thousand_requests_at_once(doors: Doors) -> None:
    """All are answered, in their order, though the client reads none before it has sent all that it can."""
    paths = [b"/health" if number % 3 else b"/ready" for number in range(10_000)]
    began = time.monotonic()
    stream, is_closed = talk(doors.port, b"".join(b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n" for path in paths), LAST, seconds=30)
    assert is_closed
    words = [line for line in stream.split(b"\n") if line.startswith(b"martlet is")]
    assert words == [b"martlet is alive." if path == b"/health" else b"martlet is ready." for path in [*paths, b"/ready"]]
    print(f"\n10,000 requests at once: {time.monotonic() - began:.1f} s")


@pytest.mark.parametrize("length", [b"18446744073709551615", b"9223372036854775808", b"4294967296"])
def test_a_length_that_nobody_will_send(doors: Doors, length: bytes) -> None:
    """No memory is put aside for what is announced, and what comes is thrown away."""
    before = doors.resident_kib
    with socket.create_connection(("127.0.0.1", doors.port), timeout=8) as client:
        client.sendall(POST + b"Content-Length: " + length + b"\r\n\r\n")
        with suppress(OSError):
            for _ in range(50):
                client.sendall(b"x" * 1_000_000)
    assert doors.get("/health")[0] == 200
    assert doors.resident_kib - before < 16 << 10

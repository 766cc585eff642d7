"""Our gRPC and grpcio's over a Unix socket, each as the server of the other: codes, messages, time, cancellation, metadata, health, the end."""

from __future__ import annotations

import os
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from conftest import wait_for
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_peers import CODES, MEBIBYTE, Caller, Client, Peer, http2, python_server

# As they are on the wire; what is not a line or a terminal would obey is shown.
WORDS = ["plain", "", "grüße, 漢字 🙂", "100 % of %41", "a\tb\nc\x1b[31m", "x" * 800]
SHOWN = {"a\tb\nc\x1b[31m": r"a\u0009b\u000ac\u001b[31m"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    peer = Peer("serve", "--unix", tmp_path_factory.mktemp("grpc") / "peer.sock")
    yield peer
    peer.close()


@pytest.fixture(scope="module")
def caller(server: Peer) -> Iterator[Caller]:
    caller = Caller(server.places[0])
    yield caller
    caller.close()


# MARK: our server, grpcio's client


@pytest.mark.parametrize("size", [0, 1, 5, 16384, 65536, 4 * MEBIBYTE - 1, 4 * MEBIBYTE])
def test_messages_of_any_size_up_to_the_limit_come_back(caller: Caller, size: int) -> None:
    message = os.urandom(size)
    assert caller.call("Echo", message) == message


def test_a_message_over_the_limit_is_refused_either_way_and_the_connection_lives(caller: Caller) -> None:
    code, details = caller.fails("Echo", b"x" * (4 * MEBIBYTE + 1))
    assert code == "RESOURCE_EXHAUSTED" and "4194305" in details
    code, details = caller.fails("Zeros", b"%d" % (4 * MEBIBYTE + 1))
    assert code == "RESOURCE_EXHAUSTED" and "4194305" in details
    assert caller.call("Echo", b"still") == b"still"


@pytest.mark.parametrize("code", [code for code in grpc.StatusCode if code is not grpc.StatusCode.OK], ids=lambda code: code.name)
def test_each_code_arrives(caller: Caller, code: grpc.StatusCode) -> None:
    assert caller.fails("Fail", bytes([code.value[0]]) + b"why") == (code.name, "why")


@pytest.mark.parametrize("words", WORDS)
def test_details_arrive_in_any_script(caller: Caller, words: str) -> None:
    assert caller.fails("Fail", b"\x05" + words.encode()) == ("NOT_FOUND", SHOWN.get(words, words))


def test_who_asks_for_what_there_is_not_is_told_its_name(caller: Caller) -> None:
    for path in ("/test.Peer/Nope", "/nobody.Nothing/Echo", "/test.Peer", "/", "/test.PeerX/Echo", "/grpc.health.v1.Health/Nope"):
        assert caller.fails(path) == ("UNIMPLEMENTED", f"there is no method {path}")


def test_a_call_that_has_no_time_left_is_no_longer_worked_on(caller: Caller) -> None:
    before = caller.counts()
    began = time.monotonic()
    assert caller.fails("Wait", b"30000", timeout=0.3)[0] == "DEADLINE_EXCEEDED"
    assert time.monotonic() - began < 2
    caller.wait_for_count("cancelled", int(before["cancelled"]) + 1)
    assert caller.counts()["/test.Peer/Wait DEADLINE_EXCEEDED"] == "1"


def test_a_call_that_its_client_cancels_is_no_longer_worked_on(caller: Caller) -> None:
    before = caller.counts()
    future = caller.method("Wait").future(b"30000", timeout=60)
    caller.wait_for_count("started", int(before["started"]) + 1)
    future.cancel()
    caller.wait_for_count("cancelled", int(before["cancelled"]) + 1)
    assert caller.counts()["/test.Peer/Wait CANCELLED"] == "1"


def test_the_deadline_and_metadata_reach_the_method(caller: Caller) -> None:
    metadata = [("martlet-idempotency-key", "a b~"), ("twice", "1"), ("twice", "2"), ("bytes-bin", b"\x00\xff")]
    lines = caller.call("Facts", timeout=7, metadata=metadata).decode().splitlines()
    assert f"peer=unix:uid={os.getuid()},pid={os.getpid()}" in lines
    assert 5 < float(next(line for line in lines if line.startswith("deadline=")).removeprefix("deadline=")) < 7.1
    assert [line for line in lines if not line.startswith(("peer", "deadline", "user-agent"))] == ["martlet-idempotency-key=a b~", "twice=1", "twice=2"]
    assert "deadline=none" in caller.call("Facts", timeout=None).decode().splitlines()


def test_packed_messages_are_refused_before_they_are_unpacked(caller: Caller) -> None:
    code, _ = caller.fails("Echo", b"\0" * MEBIBYTE, compression=grpc.Compression.Gzip)
    assert code == "UNIMPLEMENTED"


def test_metadata_without_end_are_refused_and_cost_nobody_else_anything(server: Peer, caller: Caller) -> None:
    greedy = Caller(server.places[0], options=[("grpc.max_metadata_size", 1 << 20), ("grpc.absolute_max_metadata_size", 1 << 20)])
    future = caller.method("Wait").future(b"300", timeout=20)
    # gRPC ends the connection, too.
    assert greedy.fails("Echo", metadata=[("long", "x" * (64 << 10))])[0] == "RESOURCE_EXHAUSTED"
    greedy.close()
    assert future.result() == b"done"


def test_health_is_told_and_watched(server: Peer, caller: Caller) -> None:
    stub = health_pb2_grpc.HealthStub(caller.channel)

    def check(service: str) -> str:
        return str(health_pb2.HealthCheckResponse.ServingStatus.Name(stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=5).status))

    assert [check(""), check("test.Peer")] == ["SERVING", "SERVING"]
    with pytest.raises(grpc.RpcError) as failure:
        check("nobody.Nothing")
    assert failure.value.code() == grpc.StatusCode.NOT_FOUND
    watched = stub.Watch(health_pb2.HealthCheckRequest(service="test.Peer"))
    strange = stub.Watch(health_pb2.HealthCheckRequest(service="nobody.Nothing"))
    try:
        assert next(watched).status == health_pb2.HealthCheckResponse.SERVING
        assert next(strange).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        caller.call("Health", b"0")
        assert next(watched).status == health_pb2.HealthCheckResponse.NOT_SERVING
        assert check("test.Peer") == "NOT_SERVING" and check("") == "SERVING"
        caller.call("Health", b"1")
        assert next(watched).status == health_pb2.HealthCheckResponse.SERVING
    finally:
        watched.cancel()
        strange.cancel()


def test_what_is_no_grpc_ends_only_its_own_connection(server: Peer, caller: Caller) -> None:
    path = server.places[0].removeprefix("unix:")
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    for rubbish in (b"GET / HTTP/1.1\r\n\r\n", preface + b"\xff" * 5000, preface + b"\0\0\0\x04\0\0\0\0\0" + b"\0\0\x05\x01\x05\0\0\0\x01\xff\xff\xff\xff\xff", os.urandom(9000), b""):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(path)
            connection.sendall(rubbish)
            connection.shutdown(socket.SHUT_WR)
            try:
                while connection.recv(65536):
                    pass
            except ConnectionResetError:
                pass
    assert caller.call("Echo", b"still") == b"still"


REQUEST = [(":method", "POST"), (":scheme", "http"), (":path", "/test.Peer/Echo"), (":authority", "x"), ("content-type", "application/grpc")]
MANY = [(f"x{number}", "y") for number in range(700)]
LONG = [(f"long{number}", "y" * 9000) for number in range(4)]


@pytest.mark.parametrize("heeds_settings", [True, False])
@pytest.mark.parametrize("more", [MANY, LONG, [("long", "y" * 100_000)]], ids=["many", "long", "one"])
@pytest.mark.parametrize("odd", [[("te", "trailers")], [("te", "x")], [("te", "trailers"), (":scheme", "x")], [("te", "trailers"), ("grpclb_client_stats", "x")], []], ids=str)
def test_requests_that_have_ended_other_servers_do_not_end_ours(
    server: Peer, odd: list[tuple[str, str]], more: list[tuple[str, str]], heeds_settings: bool
) -> None:
    """As in CVE-2023-1428, and with limits that are passed by as in CVE-2023-33953; by programs that speak HTTP/2 as they please."""
    answer = http2(server.places[0].removeprefix("unix:"), [*REQUEST, *odd, *more], heeds_settings=heeds_settings)
    assert b"grpc-status\x010" not in answer
    assert server.process.poll() is None


# MARK: the socket and the end


def test_the_socket_is_the_owners_and_one_that_nobody_listens_on_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "peer.sock"
    first = Peer("serve", "--unix", path)
    try:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        with pytest.raises(RuntimeError, match="another process listens there"):
            Peer("serve", "--unix", path)
        first.process.kill()
        first.process.wait(10)
        assert path.exists()
        second = Peer("serve", "--unix", path)
        try:
            caller = Caller(f"unix:{path}")
            assert caller.call("Echo", b"again") == b"again"
            caller.close()
            assert second.stop() == 0
        finally:
            second.close()
        assert not path.exists()
    finally:
        first.close()


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(RuntimeError, match="a file that is no socket stands there"):
        Peer("serve", "--unix", tmp_path / "notes")
    assert (tmp_path / "notes").read_text() == "mine"


def test_calls_finish_when_the_server_stops_and_no_others_begin(tmp_path: Path) -> None:
    path = tmp_path / "peer.sock"
    server = Peer("serve", "--unix", path, "--drain", "10")
    caller, other = Caller(f"unix:{path}"), Caller(f"unix:{path}")
    try:
        watched = health_pb2_grpc.HealthStub(caller.channel).Watch(health_pb2.HealthCheckRequest())
        assert next(watched).status == health_pb2.HealthCheckResponse.SERVING
        future = caller.method("Wait").future(b"1000", timeout=20)
        caller.wait_for_count("started", 1)
        server.process.terminate()
        assert next(watched).status == health_pb2.HealthCheckResponse.NOT_SERVING
        wait_for(lambda: not path.exists(), 5, "the socket is gone")
        assert other.fails("Echo", timeout=5)[0] == "UNAVAILABLE"
        assert future.result() == b"done"
        assert server.process.wait(10) == 0
    finally:
        caller.close()
        other.close()
        server.close()


def test_what_does_not_finish_is_cancelled_when_the_server_stops(tmp_path: Path) -> None:
    server = Peer("serve", "--unix", tmp_path / "peer.sock", "--drain", "0.3")
    caller = Caller(server.places[0])
    try:
        futures = [caller.method(name).future(b"30000", timeout=60) for name in ("Wait", "Stay")]
        caller.wait_for_count("started", 2)
        began = time.monotonic()
        # One hears that it is cancelled, the other does not; neither holds up the end.
        assert server.stop(10) == 0
        assert time.monotonic() - began < 5
        assert {future.code().name for future in futures} <= {"CANCELLED", "UNAVAILABLE"}
    finally:
        caller.close()
        server.close()


def test_more_calls_than_there_may_be_are_refused_until_some_are_done(tmp_path: Path) -> None:
    server = Peer("serve", "--unix", tmp_path / "peer.sock", "--calls", "4", "--client-calls", "4")
    caller = Caller(server.places[0])
    try:
        futures = [caller.method("Stay").future(b"1500", timeout=20) for _ in range(4)]
        # A call that asks whether they are there could take a place of theirs.
        time.sleep(0.4)
        assert caller.fails("Echo")[1].startswith("4 calls are in work")
        # Whether the server is well can be asked all the same.
        assert health_pb2_grpc.HealthStub(caller.channel).Check(health_pb2.HealthCheckRequest(), timeout=5).status == health_pb2.HealthCheckResponse.SERVING
        # A client that goes away frees no room while its call is still worked on.
        futures[0].cancel()
        assert caller.fails("Echo")[0] == "RESOURCE_EXHAUSTED"
        assert [future.result() for future in futures[1:]] == [b"done"] * 3
        assert caller.call("Echo", b"room") == b"room"
    finally:
        caller.close()
        server.close()


def test_a_call_whose_message_does_not_come_is_ended_and_its_place_is_free(tmp_path: Path) -> None:
    server = Peer("serve", "--unix", tmp_path / "peer.sock", "--calls", "2", "--client-calls", "2", "--message", "4")
    caller = Caller(server.places[0])
    never = threading.Event()

    def silence() -> Iterator[bytes]:
        never.wait(30)
        yield from ()

    try:
        # The head of a call without the message behind it: what a client of streams sends first.
        paths = ["/test.Peer/Echo", "/test.Peer/Echo", "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"]
        futures = [caller.channel.stream_unary(path).future(silence(), timeout=20) for path in paths]
        # On a machine that is busy their heads take a while, and to ask before would take their room.
        time.sleep(1)
        assert caller.fails("Echo")[0] == "RESOURCE_EXHAUSTED"
        # The clients' own patience would be twenty seconds.
        began = time.monotonic()
        codes = [(future.code().name, future.details()) for future in futures]
        assert {code for code, _ in codes} == {"DEADLINE_EXCEEDED"}, codes
        assert time.monotonic() - began < 10
        assert all("message did not come" in future.details() for future in futures)
        assert caller.call("Echo", b"room") == b"room"
    finally:
        never.set()
        caller.close()
        server.close()


def test_one_client_leaves_room_for_others(tmp_path: Path) -> None:
    server = Peer("serve", "--unix", tmp_path / "peer.sock", "--calls", "4")
    caller = Caller(server.places[0])
    other = Client("--unix", tmp_path / "peer.sock")
    try:
        futures = [caller.method("Stay").future(b"1500", timeout=20) for _ in range(3)]
        time.sleep(0.4)
        assert caller.fails("Echo") == ("RESOURCE_EXHAUSTED", "3 calls of this client are in work, which is the most of one; try again when some are done")
        assert other.call("Echo")["code"] == "OK"
        assert [future.result() for future in futures] == [b"done"] * 3
    finally:
        other.close()
        caller.close()
        server.close()


def test_paths_and_names_of_services_that_could_not_be_ours_are_not_looked_up(tmp_path: Path) -> None:
    server = Peer("serve", "--unix", tmp_path / "peer.sock")
    caller = Caller(server.places[0])
    try:
        health = health_pb2_grpc.HealthStub(caller.channel)
        for name in ("e" + "\u0301\u0323" * (32 << 10), "a" * 257, "é"):
            began = time.monotonic()
            with pytest.raises(grpc.RpcError):
                health.Check(health_pb2.HealthCheckRequest(service=name), timeout=20)
            assert time.monotonic() - began < 2
    finally:
        caller.close()
        server.close()


# MARK: our client, grpcio's server


class Faults:
    """What a grpcio server does for our client."""

    def __init__(self) -> None:
        self.started, self.ended = threading.Semaphore(0), threading.Semaphore(0)

    def methods(self) -> dict[str, object]:
        return {"Echo": lambda message, context: message, "Fail": self.fail, "Zeros": lambda message, _: bytes(int(message)), "Wait": self.wait, "Facts": self.facts}

    def fail(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        code, _, words = message.decode().partition(" ")
        context.abort(CODES[code], words)

    def wait(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        over = threading.Event()
        context.add_callback(over.set)
        self.started.release()
        if over.wait(float(message)):
            self.ended.release()
        return b"done"

    def facts(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        lines = [f"{name}={value}" for name, value in context.invocation_metadata() if not name.startswith("user-agent")]
        return "\n".join([f"left={context.time_remaining()}", *lines]).encode()


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Client, Faults]]:
    path = tmp_path_factory.mktemp("grpc") / "with space.sock"
    faults = Faults()
    with python_server(faults.methods(), f"unix:{path}"):  # type: ignore[arg-type]
        client = Client("--unix", path)
        yield client, faults
        client.close()


@pytest.mark.parametrize("size", [0, 1, 16384, 4 * MEBIBYTE])
def test_our_client_sends_and_reads_messages_of_any_size(foreign: tuple[Client, Faults], size: int) -> None:
    answer = foreign[0].call("Echo", size=size)
    assert (answer["code"], answer["size"]) == ("OK", size)


def test_our_client_neither_sends_nor_reads_more_than_the_limit(foreign: tuple[Client, Faults]) -> None:
    client, _ = foreign
    sent, read = client.call("Echo", size=4 * MEBIBYTE + 1), client.call("Zeros", text=str(4 * MEBIBYTE + 1))
    assert [sent["code"], read["code"]] == ["RESOURCE_EXHAUSTED"] * 2
    assert "4194305 bytes" in sent["details"] and "4194305" in read["details"]
    assert client.call("Echo", text="still")["text"] == "still"


@pytest.mark.parametrize("code", [name for name in CODES if name != "OK"])
def test_our_client_reads_each_code(foreign: tuple[Client, Faults], code: str) -> None:
    answer = foreign[0].call("Fail", text=f"{code} why")
    assert (answer["code"], answer["details"]) == (code, "why")


@pytest.mark.parametrize("words", WORDS)
def test_our_client_reads_details_in_any_script(foreign: tuple[Client, Faults], words: str) -> None:
    assert foreign[0].call("Fail", text=f"NOT_FOUND {words}")["details"] == SHOWN.get(words, words)


def test_our_client_waits_no_longer_than_it_may_and_says_so(foreign: tuple[Client, Faults]) -> None:
    client, faults = foreign
    answer = client.call("Wait", text="30", seconds=0.3)
    assert answer["code"] == "DEADLINE_EXCEEDED" and answer["seconds"] < 2
    assert faults.started.acquire(timeout=5) and faults.ended.acquire(timeout=5)
    assert client.call("Echo", seconds=0)["code"] == "DEADLINE_EXCEEDED"
    answer = client.call("Facts", seconds=7, metadata={"martlet-idempotency-key": "a b~", "x": ""})
    lines = dict(line.split("=", 1) for line in answer["text"].splitlines())
    assert 5 < float(lines.pop("left")) < 7.1
    assert lines == {"martlet-idempotency-key": "a b~", "x": ""}


def test_our_client_cancels_what_its_task_no_longer_wants(foreign: tuple[Client, Faults]) -> None:
    client, faults = foreign
    number = client.begin("Wait", text="30", seconds=60, cancel_after=0.3)
    assert faults.started.acquire(timeout=5)
    answer = client.end(number)
    assert answer["code"] == "CANCELLED" and answer["seconds"] < 2
    assert faults.ended.acquire(timeout=5)
    assert client.call("Echo", cancel_after=0)["code"] in ("OK", "CANCELLED")


@pytest.mark.parametrize("name", ["", "Upper", "with space", "grpc-timeout", ":path", "te", "data-bin", "ümlaut", "nul\0"])
def test_metadata_that_cannot_travel_are_refused_by_name(foreign: tuple[Client, Faults], name: str) -> None:
    assert foreign[0].call("Echo", metadata={name: "x"})["code"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize("value", ["grüße", "new\nline", "\x7f", "nul\0"])
def test_values_that_cannot_travel_are_refused(foreign: tuple[Client, Faults], value: str) -> None:
    assert foreign[0].call("Echo", metadata={"name": value})["code"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize("path", ["", "Echo", "/a b/c", "/ü/x"])
def test_paths_that_are_none_are_refused(foreign: tuple[Client, Faults], path: str) -> None:
    client, _ = foreign
    number = client.begin("/", path=path)
    assert client.end(number)["code"] == "INVALID_ARGUMENT"


def test_a_server_that_is_killed_is_unavailable_at_once_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "peer.sock"
    server = Peer("serve", "--unix", path)
    client = Client("--unix", path)
    try:
        number = client.begin("Wait", text="30000", seconds=60)
        caller = Caller(f"unix:{path}")
        caller.wait_for_count("started", 1)
        caller.close()
        server.close()
        answer = client.end(number)
        assert answer["code"] == "UNAVAILABLE" and answer["seconds"] < 5
        # Who waits for a connection is served by the next that listens there.
        number = client.begin("Echo", text="later", seconds=20)
        time.sleep(0.5)
        server = Peer("serve", "--unix", path)
        assert client.end(number)["text"] == "later"
    finally:
        client.close()
        server.close()


def test_a_server_that_is_not_there_is_unavailable_at_the_deadline_or_at_once(tmp_path: Path) -> None:
    client = Client("--unix", tmp_path / "nobody.sock")
    try:
        answer = client.call("Echo", seconds=0.5)
        assert answer["code"] == "UNAVAILABLE" and 0.4 < answer["seconds"] < 3, answer
        assert "nobody.sock could not be reached for /test.Peer/Echo within 0.5 s" in answer["details"]
    finally:
        client.close()
    client = Client("--unix", tmp_path / "nobody.sock", "--waits", "no")
    try:
        answer = client.call("Echo", seconds=5)
        assert answer["code"] == "UNAVAILABLE" and answer["seconds"] < 3, answer
    finally:
        client.close()

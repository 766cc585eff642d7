"""Our protocol buffers held against Python's: what one writes the other reads and writes again, to the byte, and what one refuses the other refuses.

`protobuf-echo` is a program of the debug build that reads messages and writes them again.
"""

from __future__ import annotations

import random
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType

import pytest
from conftest import DEBUG, REPOSITORY
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message
from protos import Maker, generate, message_types

ECHO = DEBUG / "protobuf-echo"


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ModuleType]:
    return generate(tmp_path_factory.mktemp("protos"))


@pytest.fixture(scope="module", autouse=True)
def echo() -> None:
    """A debug build of all tests has it, as in make test."""
    if not ECHO.exists():
        subprocess.run(["swift", "build", "--product", "protobuf-echo"], cwd=REPOSITORY, check=True)


@pytest.fixture(scope="module")
def kinds(modules: dict[str, ModuleType]) -> list[type[Message]]:
    return list(message_types(modules["provider"], modules["tasks"], modules["awkward"]))


Frame = tuple[type[Message], bytes]


def ours(frames: Iterable[Frame]) -> list[bytes | str]:
    """What we write of each message; why we refuse it, if we do."""
    frames = list(frames)
    request = b"".join(b"%s %d\n%s" % (kind.DESCRIPTOR.full_name.encode(), len(data), data) for kind, data in frames)
    output = subprocess.run([ECHO], input=request, stdout=subprocess.PIPE, check=True).stdout
    answers: list[bytes | str] = []
    place = 0
    while place < len(output):
        end = output.index(b"\n", place)
        word, count = output[place:end].split()
        data = output[end + 1 : end + 1 + int(count)]
        place = end + 1 + int(count)
        if word == b"no":
            assert data.startswith(b"not a message ") and b": byte " in data, data
        answers.append(data if word == b"yes" else data.decode())
    assert len(answers) == len(frames)
    return answers


def theirs(kind: type[Message], data: bytes) -> bytes | None:
    try:
        return kind.FromString(data).SerializeToString(deterministic=True)
    except DecodeError:
        return None


def is_known_difference(kind: type[Message], expected: bytes | None, answer: bytes | str) -> bool:
    if expected is None:
        return False
    if isinstance(answer, str):
        # Fields have numbers from 1 on. Python lets a field 0 pass in messages that have no fields at all, and in no others.
        return not kind.DESCRIPTOR.fields and answer.endswith("a field has the number 0")
    # An entry with more in it than a key and a value is unknown as a whole to either, and what maps there are in its value Python then writes
    # in no order.
    return kind.DESCRIPTOR.name in ("Tree", "Maps", "Parts") and sorted(answer) == sorted(expected)


def differences(frames: list[Frame]) -> list[str]:
    found = []
    for (kind, data), answer in zip(frames, ours(frames), strict=True):
        expected = theirs(kind, data)
        if (answer if isinstance(answer, bytes) else None) != expected and not is_known_difference(kind, expected, answer):
            shown = [each.hex(" ") if isinstance(each, bytes) else str(each) for each in (expected, answer)]
            found.append(f"{kind.DESCRIPTOR.full_name} {data.hex(' ')[:600]}\n  Python: {shown[0][:600]}\n  we:     {shown[1][:600]}")
    return found


def test_there_is_no_message_that_we_do_not_have(kinds: list[type[Message]]) -> None:
    assert len(kinds) > 45
    assert ours((kind, b"") for kind in kinds) == [b""] * len(kinds)


# Both sides of each message: those written by Python, and those of other writers, who may do what Python does not.
SIZES = [pytest.param(60, id="some"), pytest.param(4000, id="thousands", marks=pytest.mark.e2e)]


@pytest.mark.parametrize("count", SIZES)
def test_what_python_writes_we_write_again_to_the_byte(kinds: list[type[Message]], count: int) -> None:
    maker = Maker(1)
    for kind in kinds:
        frames = [(kind, maker.message(kind).SerializeToString(deterministic=True)) for _ in range(count)]
        answers = ours(frames)
        wrong = [f"{kind.DESCRIPTOR.full_name} {data.hex(' ')}" for (_, data), answer in zip(frames, answers, strict=True) if answer != data]
        assert not wrong, f"{len(wrong)} of {count}: {wrong[0][:2000]}"


def varint(value: int, surplus: int = 0) -> bytes:
    """With so many bytes more than it needs."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    for _ in range(surplus):
        out[-1] |= 0x80
        out.append(0)
    return bytes(out)


FIXED = {
    FieldDescriptor.TYPE_DOUBLE: 1, FieldDescriptor.TYPE_FIXED64: 1, FieldDescriptor.TYPE_SFIXED64: 1, FieldDescriptor.TYPE_FLOAT: 5, FieldDescriptor.TYPE_FIXED32: 5, FieldDescriptor.TYPE_SFIXED32: 5,
}  # fmt: skip


class Writer:
    """Writes fields as other writers may: in any order, in pieces, packed or not, in more bytes than are needed, among fields that nobody knows."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def number(self, value: int) -> bytes:
        return varint(value, self.random.choice((0, 0, 0, 0, 1, 2)) if value < 2**28 else 0)

    def tag(self, number: int, wire: int) -> bytes:
        return self.number(number << 3 | wire)

    def unknown(self, number: int, depth: int = 0) -> bytes:
        wire = self.random.choice((0, 1, 2, 3, 5) if depth < 3 else (0, 1, 2, 5))
        tag = self.tag(number, wire)
        if wire == 0:
            return tag + self.number(self.random.getrandbits(self.random.choice((1, 7, 32, 64))))
        if wire == 3:
            inside = b"".join(self.unknown(self.random.randint(1, 40), depth + 1) for _ in range(self.random.randint(0, 3)))
            return tag + inside + self.tag(number, 4)
        data = self.random.randbytes({1: 8, 5: 4}.get(wire, self.random.randint(0, 9)))
        return tag + (self.number(len(data)) if wire == 2 else b"") + data

    def rewritten(self, data: bytes, kind: Descriptor) -> bytes:
        """The fields of a message in another form of the same, or nearly."""
        out = []
        for number, wire, value in fields(data):
            choice = self.random.randrange(12)
            if choice == 0:
                continue
            if choice == 1:
                out.append(self.unknown(self.random.choice((number, 18, 536870911, 1000))))
            field = kind.fields_by_number[number]
            forms = [*self.forms(field, wire, value)]
            for _ in range(2 if choice == 2 else 1):
                out += [self.tag(number, wire) + (self.number(len(value)) if wire == 2 else b"") + value for wire, value in forms]
        if self.random.random() < 0.5:
            self.random.shuffle(out)
        return b"".join(out)

    def forms(self, field: FieldDescriptor, wire: int, value: bytes) -> Iterator[tuple[int, bytes]]:
        """Wire type and content of what says the same as one field does."""
        if wire == 2 and field.message_type:
            yield 2, self.rewritten(value, field.message_type)
        elif wire == 2 and field.is_packed and self.random.random() < 0.7:
            single = FIXED.get(field.type, 0)
            elements = [*numbers(value, single)]
            place = self.random.randrange(len(elements) + 1)
            yield 2, b"".join(elements[:place])
            yield from ((single, element) for element in elements[place:])
        else:
            yield wire, value


def numbers(data: bytes, wire: int) -> Iterator[bytes]:
    """The elements of a packed field."""
    place = 0
    while place < len(data):
        end = place + {1: 8, 5: 4}.get(wire, 1)
        while wire == 0 and data[end - 1] >= 0x80:
            end += 1
        yield data[place:end]
        place = end


def fields(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Number, wire type and content of each field of a message that is one."""

    def number(place: int) -> tuple[int, int]:
        value = shift = 0
        while True:
            value |= (data[place] & 0x7F) << shift
            shift += 7
            place += 1
            if data[place - 1] < 0x80:
                return value, place

    place = 0
    while place < len(data):
        tag, place = number(place)
        wire, start = tag & 7, place
        if wire == 0:
            _, place = number(place)
        elif wire == 2:
            length, start = number(place)
            place = start + length
        else:
            place += {1: 8, 5: 4}[wire]
        yield tag >> 3, wire, data[start:place]


@pytest.mark.parametrize("count", SIZES)
def test_what_other_writers_write_we_read_as_python_does(kinds: list[type[Message]], count: int) -> None:
    maker, writer = Maker(2), Writer(2)
    for kind in kinds:
        frames = []
        for _ in range(count):
            data = writer.rewritten(maker.message(kind).SerializeToString(), kind.DESCRIPTOR)
            if writer.random.random() < 0.3:
                data += writer.rewritten(maker.message(kind).SerializeToString(), kind.DESCRIPTOR)
            frames.append((kind, data))
        found = differences(frames)
        assert not found, f"{len(found)} of {count}: {found[0]}"


def spoilt(data: bytes, chance: random.Random) -> bytes:
    data = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5))):
        place = chance.randrange(len(data) + 1)
        kind = chance.randrange(6)
        if kind == 0:
            del data[place:]
        elif kind == 1:
            del data[place : place + chance.randint(1, 3)]
        elif kind == 2:
            data[place:place] = chance.randbytes(chance.randint(1, 3))
        elif kind == 3:
            data[place:place] = bytes([chance.choice((0x00, 0x01, 0x07, 0x0B, 0x0C, 0x7F, 0x80, 0xFF))]) * chance.randint(1, 11)
        elif data:
            place = min(place, len(data) - 1)
            data[place] = data[place] ^ 1 << chance.randrange(8) if kind == 4 else chance.randrange(256)
    return bytes(data)


@pytest.mark.parametrize("count", SIZES)
def test_what_is_spoilt_is_refused_by_both_or_read_the_same(kinds: list[type[Message]], count: int) -> None:
    maker, chance = Maker(3), random.Random(3)
    outcomes: Counter[bool] = Counter()
    for kind in kinds:
        # Short ones, in which a byte more or less is likely to matter.
        wholes = [data for data in (maker.message(kind).SerializeToString() for _ in range(count)) if len(data) < 2000] or [b""]
        frames = [(kind, spoilt(chance.choice(wholes), chance)) for _ in range(2 * count)]
        found = differences(frames)
        assert not found, f"{len(found)} of {len(frames)}: {found[0]}"
        outcomes.update(theirs(*frame) is None for frame in frames)
    # Otherwise little was tried.
    assert min(outcomes.values()) > sum(outcomes.values()) / 4, outcomes


def nested(levels: int, number: int, innermost: bytes = b"") -> bytes:
    """A message in a message in a message. Of a Tree, 2 is `children` and 3 is `named`."""
    data = innermost
    for _ in range(levels):
        data = varint(number << 3 | 2) + varint(len(data)) + data
    return data


def grouped(levels: int) -> bytes:
    return b"\x9b\x06" * levels + b"\x9c\x06" * levels


def entries(levels: int) -> bytes:
    """The same with maps: each entry is a message, and its value is one."""
    data = b""
    for level in range(levels):
        data = varint((2 if level % 2 == 0 else 3) << 3 | 2) + varint(len(data)) + data
    return data if levels % 2 == 0 else nested(1, 2, data)


SHAPES = {
    "messages": lambda levels: nested(levels, 2),
    "entries": entries,
    "groups": grouped,
    "groups in messages": lambda levels: nested(levels - 10, 2, grouped(10)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_depth_ends_where_it_ends_for_python(modules: dict[str, ModuleType], shape: str) -> None:
    kind = modules["awkward"].Tree
    frames = [(kind, SHAPES[shape](levels)) for levels in [*range(90, 110), 1000, 100_000]]
    found = differences(frames)
    assert not found, f"{len(found)} of {len(frames)}: {found[0][:600]}"
    assert {theirs(*frame) is None for frame in frames} == {True, False}


def test_keys_that_look_alike_are_both_kept(modules: dict[str, ModuleType]) -> None:
    kind = modules["awkward"].Maps
    message = kind(by_string={"\u00e9": "one", "e\u0301": "two", "\u212b": "three", "\u00c5": "four", "A\u030a": "five"})
    data = message.SerializeToString()
    (answer,) = ours([(kind, data)])
    assert isinstance(answer, bytes)
    assert kind.FromString(answer) == message
    # And again, until nothing changes.
    assert ours([(kind, answer)]) == [answer]


def test_what_is_long_is_read_and_written(modules: dict[str, ModuleType]) -> None:
    awkward, provider = modules["awkward"], modules["provider"]
    frames = [
        (awkward.Scalars, awkward.Scalars(bytes_value=bytes(3 << 20), string_value="é" * (1 << 20)).SerializeToString()),
        (awkward.Lists, awkward.Lists(int64_values=range(-200_000, 200_000), bool_values=[True] * 100_000).SerializeToString()),
        (awkward.Tree, nested(30, 2, awkward.Tree(name="n" * (2 << 20)).SerializeToString())),
        (provider.ListVMsResponse, provider.ListVMsResponse(vms=[provider.VMInfo(id=f"{i}", cpu=i) for i in range(50_000)]).SerializeToString()),
        (awkward.Maps, awkward.Maps(by_int32={key: b"" for key in range(50_000)}).SerializeToString()),
        # Two bytes each, which are a message.
        (provider.ListVMsResponse, b"\x0a\x00" * 500_000),
    ]
    assert not differences(frames)

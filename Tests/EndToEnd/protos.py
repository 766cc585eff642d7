"""What grpc_tools makes of the repository's .proto files, and random messages of whatever types they have."""

from __future__ import annotations

import importlib
import math
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from conftest import REPOSITORY
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

# Folders that imports begin in, and what is generated from each.
SOURCES = {
    REPOSITORY / "proto": ["provider/v1/provider.proto", "martlet/tasks/v1/tasks.proto"],
    REPOSITORY / "Tests/Support/AwkwardMessages": ["awkward.proto"],
}


def generate(folder: Path) -> dict[str, ModuleType]:
    """The modules `provider`, `tasks` and `awkward`, made in the folder; `provider_grpc` and `tasks_grpc` have the services."""
    for root, files in SOURCES.items():
        command = [sys.executable, "-m", "grpc_tools.protoc", f"--proto_path={root}", f"--python_out={folder}", f"--grpc_python_out={folder}"]
        subprocess.run([*command, *files], check=True)
    sys.path.insert(0, str(folder))
    try:
        return {
            "provider": importlib.import_module("provider.v1.provider_pb2"),
            "provider_grpc": importlib.import_module("provider.v1.provider_pb2_grpc"),
            "tasks": importlib.import_module("martlet.tasks.v1.tasks_pb2"),
            "tasks_grpc": importlib.import_module("martlet.tasks.v1.tasks_pb2_grpc"),
            "awkward": importlib.import_module("awkward_pb2"),
        }
    finally:
        sys.path.remove(str(folder))


def message_types(*modules: ModuleType) -> Iterator[type[Message]]:
    for module in modules:
        for descriptor in module.DESCRIPTOR.message_types_by_name.values():
            yield GetMessageClass(descriptor)


TEXTS = [
    "", "a", "web-1", "{}", '{"cpu":2}', "\0", "\n", "é", "ß", "日本語", "🖥️", "\u200b", "\ufeff", "\U0010ffff", "\ud7ff", "\ue000", "x" * 127, "y" * 128,
    "z" * 16384,
]  # fmt: skip
WHOLE = [0, 1, -1, 2, 63, 64, 127, 128, 255, 256, 16383, 16384, 2**21, 2**28 - 1, 2**28, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**35, 2**56, 2**62, 2**63 - 1, 2**63, 2**64 - 1]
FRACTIONS = [0.0, -0.0, 1.0, -1.5, 0.1, math.inf, -math.inf, math.nan, 5e-324, 1.7976931348623157e308, 2.0**-149, 3.4028234663852886e38, 1e39, -1e-46]
KEYED = FieldDescriptor
LIMITS = {
    KEYED.TYPE_INT32: (-(2**31), 2**31 - 1), KEYED.TYPE_SINT32: (-(2**31), 2**31 - 1), KEYED.TYPE_SFIXED32: (-(2**31), 2**31 - 1),
    KEYED.TYPE_INT64: (-(2**63), 2**63 - 1), KEYED.TYPE_SINT64: (-(2**63), 2**63 - 1), KEYED.TYPE_SFIXED64: (-(2**63), 2**63 - 1),
    KEYED.TYPE_UINT32: (0, 2**32 - 1), KEYED.TYPE_FIXED32: (0, 2**32 - 1), KEYED.TYPE_UINT64: (0, 2**64 - 1), KEYED.TYPE_FIXED64: (0, 2**64 - 1),
    KEYED.TYPE_ENUM: (-(2**31), 2**31 - 1),
}  # fmt: skip


class Maker:
    """Fills messages at random, the same in every run."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def scalar(self, field: FieldDescriptor) -> object:
        if field.type in LIMITS:
            least, greatest = LIMITS[field.type]
            kind = self.random.randrange(3)
            value = self.random.choice(WHOLE) * self.random.choice((1, -1)) if kind else self.random.randint(least, greatest)
            return value if least <= value <= greatest else self.random.choice((least, greatest, 0))
        if field.type in (KEYED.TYPE_DOUBLE, KEYED.TYPE_FLOAT):
            return self.random.choice(FRACTIONS) if self.random.random() < 0.5 else self.random.uniform(-1e6, 1e6)
        if field.type == KEYED.TYPE_BOOL:
            return self.random.random() < 0.5
        if field.type == KEYED.TYPE_STRING:
            return self.random.choice(TEXTS) + (self.random.choice(TEXTS) if self.random.random() < 0.2 else "")
        assert field.type == KEYED.TYPE_BYTES, field.full_name
        return self.random.randbytes(self.random.choice((0, 1, 3, 127, 128, 300)))

    def fill(self, message: Message, depth: int = 0) -> Message:
        descriptor: Descriptor = message.DESCRIPTOR
        share = self.random.choice((0.1, 0.3, 0.6, 1.0)) / (1 + 2 * depth)
        for field in descriptor.fields:
            if self.random.random() >= share:
                continue
            if field.message_type and field.message_type.GetOptions().map_entry:
                self.entries(getattr(message, field.name), field.message_type, depth)
            elif field.is_repeated:
                values = getattr(message, field.name)
                for _ in range(self.random.choice((1, 1, 2, 3, 40)) if depth == 0 else 1):
                    if field.message_type:
                        self.fill(values.add(), depth + 1)
                    else:
                        values.append(self.scalar(field))
            elif field.message_type:
                part = getattr(message, field.name)
                part.SetInParent()
                self.fill(part, depth + 1)
            else:
                setattr(message, field.name, self.scalar(field))
        return message

    def entries(self, values: object, entry: Descriptor, depth: int) -> None:
        key, value = entry.fields_by_name["key"], entry.fields_by_name["value"]
        for _ in range(self.random.choice((1, 2, 5))):
            if value.message_type:
                self.fill(values[self.scalar(key)], depth + 1)
            else:
                values[self.scalar(key)] = self.scalar(value)

    def message(self, kind: type[Message]) -> Message:
        return self.fill(kind())

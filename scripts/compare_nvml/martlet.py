"""martlet's side: the exporter, and what it shows."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from compare_nvml.owners import Owner
from compare_nvml.reading import Labels, Values

LEFT_OUT = {
    "llm_monitor_gpu_state": "what martlet makes of return codes and of silence; NVML has no such value",
    "llm_monitor_gpu_xid_errors_total": "events since martlet began, of which NVML tells each once; to see one takes a real error",
    "llm_monitor_gpu_xid_last_timestamp_seconds": "the same",
    "llm_monitor_gpu_xid_listening": "whether martlet was let listen to errors",
    "llm_monitor_gpu_info of lost cards": "what martlet keeps of a card that tells NVML nothing any more, not even its UUID",
    "owners called other": "those beyond the hundred largest of a card; who is among them changes all the time",
}
PRESENCE_ONLY = {"llm_monitor_gpu_pcie_bytes_per_second": "NVML measures for 20 ms when it is asked: another number each time, but where it stands still"}

SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
CARDS = ("llm_monitor_gpu_", "llm_monitor_vgpu_", "nvidia_gpu_")
OWNED = ("llm_monitor_gpu_owner_", "llm_monitor_gpu_mig_owner_", "llm_monitor_gpu_process_")

CARD_AND_KIND = ("gpu_uuid", "gpu_index", "gpu_instance", "owner_kind")


@dataclass
class Scrape:
    moment: float = 0
    values: Values = field(default_factory=dict)
    # By the card's UUID, the moment of its sample.
    taken: dict[str, float] = field(default_factory=dict)
    # Processes' owners as martlet says them.
    owners: dict[int, Owner] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    # UUIDs of cards that have more owners than series.
    crowded: set[str] = field(default_factory=set)

    def add(self, name: str, labels: Labels, value: float) -> None:
        key = name, frozenset(labels.items())
        self.values[key] = self.values.get(key, 0) + value


def scrape(url: str) -> Scrape:
    with urllib.request.urlopen(f"{url}/metrics?collect[]=gpu", timeout=30) as answer:
        lines = list(samples(answer.read().decode()))
    result = Scrape(time.time())
    # Names are martlet's choice where two owners have the same; the id is what an owner is.
    ids = {(of["owner_kind"], of["owner"]): of["owner_id"] for name, of, _ in lines if name == "llm_monitor_gpu_owner_info"}
    lost = {of["gpu_uuid"] for name, of, value in lines if name == "llm_monitor_gpu_state" and value and of["state"] in ("lost", "reset_required")}
    for name, labels, value in lines:
        if name == "llm_monitor_gpu_info" and labels["gpu_uuid"] in lost:
            result.left_out[f"{name} of lost cards"] += 1
        elif name == "llm_monitor_exporter_sample_age_seconds":
            result.taken[labels["gpu_uuid"]] = result.moment - value
        elif name in LEFT_OUT:
            result.left_out[name] += 1
        elif name.startswith(OWNED):
            add_owned(result, name, labels, value, ids)
        elif name.startswith(CARDS):
            result.add(name, labels, value)
    return result


def samples(exposition: str) -> Iterator[tuple[str, Labels, float]]:
    for line in exposition.splitlines():
        if match := SAMPLE.match(line):
            yield match[1], {name: unescaped(value) for name, value in LABEL.findall(match[2] or "")}, float(match[3])


def unescaped(value: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], value) if "\\" in value else value


def add_owned(result: Scrape, name: str, labels: Labels, value: float, ids: dict[tuple[str, str], str]) -> None:
    kind, shown_as = labels["owner_kind"], labels["owner"]
    owner = Owner(kind, ids.get((kind, shown_as), ""), shown_as)
    if kind == "other":
        result.left_out["owners called other"] += 1
        result.crowded.add(labels["gpu_uuid"])
        return
    if "pid" in labels:
        if kind != "unknown":
            result.owners[int(labels["pid"])] = owner
        result.add(name, {label: labels[label] for label in ("gpu_uuid", "gpu_index", "pid")}, value)
    elif name == "llm_monitor_gpu_owner_info":
        result.add(name, info_labels(owner), value)
    else:
        result.add(name, {label: labels[label] for label in CARD_AND_KIND if label in labels} | {"owner_id": owner.id}, value)


def info_labels(owner: Owner) -> Labels:
    """A container's name is known to its engine only; another's is known, but for the id that martlet puts behind it where two have the same."""
    labels = {"owner_kind": owner.kind, "owner_id": owner.id}
    return labels if owner.kind == "container" else labels | {"owner": owner.name.removesuffix(f" ({owner.id})")}


class Exporter:
    """martlet's exporter on a port of its own."""

    def __init__(self, martlet: str, library: str | None, root: str | None) -> None:
        self.log = tempfile.NamedTemporaryFile(mode="r", prefix="compare-nvml-", suffix=".log")
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        environment = os.environ | {
            "MARTLET_GPU__INTERVAL": "1s", "MARTLET_GPU__ENABLED": "true", "MARTLET_GPU__PER_PROCESS": "true", "MARTLET_GPU__NAMES": "both"}  # fmt: skip
        if library:
            environment["MARTLET_GPU__LIBRARY"] = library
        flags = ["--exporter.role", "gpu", "--web.listen-address", f"127.0.0.1:{port}"] + (["--path.root", root] if root else [])
        self.process = subprocess.Popen([martlet, "exporter", *flags], env=environment, stdout=subprocess.DEVNULL, stderr=open(self.log.name, "w"))

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)

"""What the native Proxmox families must say, computed a second time and in the plainest way from the API's answers.

The oracle shares no code with the exporter. Tests feed both the same answers and compare the samples.

Rules that hold everywhere:
- A number may come as number, decimal text or boolean. What is absent, null, not finite or unparsable gives no sample,
  never 0.
- A comparison with a status word gives no sample where the word is absent.
- Of two rows about the same thing the first counts; rows that are not objects are ignored.
- A list of guests with a row that is about none that can be told is not whole: nobody knows how many it holds, nor who is not in it.
- An answer that is absent, or has another shape than it should, is one that failed.
- How many guests a node has is told only where /access/permissions, asked with the first scrape, says VM.Audit on /vms: without the right
  the lists are short, not refused.
- Tags stand between semicolons, commas or spaces, as Proxmox takes them apart. Those that set thresholds or mute alerts are exactly as
  described at `put_tags`; others say nothing.
- High availability has a guest that has a hastate other than "ignored"; a row without a name is a stale one, whose lack of hastate says nothing.

What comes from slower sources is in `slow_oracle`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from prometheus_client.parser import text_string_to_metric_families

from slow_types import SLOW_TYPES

API = "/api2/json"

Labels = frozenset[tuple[str, str]]
Samples = dict[tuple[str, Labels], float]
Row = Mapping[str, Any]
Table = tuple[tuple[str, str], ...]
T = TypeVar("T")

# Tables of (family, field). A dot leads into an object or, with a number, into a list.

NODE_FROM_RESOURCES: Table = (
    ("pve_node_uptime_seconds", "uptime"),
    ("pve_node_cpu_load", "cpu"),
    ("pve_node_cpus_total", "maxcpu"),
    ("pve_node_memory_total_bytes", "maxmem"),
    ("pve_node_memory_used_bytes", "mem"),
)

NODE_FROM_STATUS: Table = (
    ("pve_node_load1", "loadavg.0"),
    ("pve_node_load5", "loadavg.1"),
    ("pve_node_load15", "loadavg.2"),
    ("pve_node_iowait", "wait"),
    ("pve_node_cpu_cores", "cpuinfo.cores"),
    ("pve_node_cpu_sockets", "cpuinfo.sockets"),
    ("pve_node_rootfs_total_bytes", "rootfs.total"),
    ("pve_node_rootfs_used_bytes", "rootfs.used"),
    ("pve_node_rootfs_free_bytes", "rootfs.free"),
    ("pve_node_ksm_shared_bytes", "ksm.shared"),
    ("pve_node_swap_total_bytes", "swap.total"),
    ("pve_node_swap_used_bytes", "swap.used"),
    ("pve_node_swap_free_bytes", "swap.free"),
    ("pve_node_memory_available_bytes", "memory.available"),
)

# (label, field)
NODE_INFO_LABELS: Table = (
    ("version", "pveversion"),
    ("kernel", "current-kernel.release"),
    ("cpu_model", "cpuinfo.model"),
    ("boot_mode", "boot-info.mode"),
)

VM_GAUGES: Table = (
    ("pve_vm_uptime_seconds", "uptime"),
    ("pve_vm_cpus", "cpus"),
    ("pve_vm_memory_used_bytes", "mem"),
    ("pve_vm_memory_max_bytes", "maxmem"),
    ("pve_vm_disk_max_bytes", "maxdisk"),
    ("pve_vm_memory_free_bytes", "freemem"),
    ("pve_vm_balloon_bytes", "balloon"),
    ("pve_vm_pid", "pid"),
    ("pve_vm_memory_host_bytes", "memhost"),
    ("pve_vm_balloon_actual_bytes", "ballooninfo.actual"),
    ("pve_vm_balloon_max_bytes", "ballooninfo.max_mem"),
    ("pve_vm_balloon_total_bytes", "ballooninfo.total_mem"),
    ("pve_vm_balloon_mem_swapped_in_bytes", "ballooninfo.mem_swapped_in"),
    ("pve_vm_balloon_mem_swapped_out_bytes", "ballooninfo.mem_swapped_out"),
)

VM_COUNTERS: Table = (
    ("pve_vm_network_in_bytes_total", "netin"),
    ("pve_vm_network_out_bytes_total", "netout"),
    ("pve_vm_disk_read_bytes_total", "diskread"),
    ("pve_vm_disk_write_bytes_total", "diskwrite"),
    ("pve_vm_balloon_major_page_faults_total", "ballooninfo.major_page_faults"),
    ("pve_vm_balloon_minor_page_faults_total", "ballooninfo.minor_page_faults"),
)

DISK_COUNTERS: Table = (
    ("pve_vm_block_read_bytes_total", "rd_bytes"),
    ("pve_vm_block_write_bytes_total", "wr_bytes"),
    ("pve_vm_block_read_ops_total", "rd_operations"),
    ("pve_vm_block_write_ops_total", "wr_operations"),
    ("pve_vm_block_flush_ops_total", "flush_operations"),
    ("pve_vm_block_unmap_ops_total", "unmap_operations"),
    ("pve_vm_block_failed_read_ops_total", "failed_rd_operations"),
    ("pve_vm_block_failed_write_ops_total", "failed_wr_operations"),
)

# The fields are nanoseconds.
DISK_TIME_COUNTERS: Table = (
    ("pve_vm_block_read_time_seconds_total", "rd_total_time_ns"),
    ("pve_vm_block_write_time_seconds_total", "wr_total_time_ns"),
    ("pve_vm_block_flush_time_seconds_total", "flush_total_time_ns"),
    ("pve_vm_block_unmap_time_seconds_total", "unmap_total_time_ns"),
)

NIC_COUNTERS: Table = (
    ("pve_vm_nic_in_bytes_total", "netin"),
    ("pve_vm_nic_out_bytes_total", "netout"),
)

LXC_GAUGES: Table = (
    ("pve_lxc_uptime_seconds", "uptime"),
    ("pve_lxc_cpus", "cpus"),
    ("pve_lxc_memory_used_bytes", "mem"),
    ("pve_lxc_memory_max_bytes", "maxmem"),
    ("pve_lxc_disk_used_bytes", "disk"),
    ("pve_lxc_disk_max_bytes", "maxdisk"),
    ("pve_lxc_swap_used_bytes", "swap"),
    ("pve_lxc_swap_max_bytes", "maxswap"),
    ("pve_lxc_pid", "pid"),
)

LXC_COUNTERS: Table = (
    ("pve_lxc_network_in_bytes_total", "netin"),
    ("pve_lxc_network_out_bytes_total", "netout"),
    ("pve_lxc_disk_read_bytes_total", "diskread"),
    ("pve_lxc_disk_write_bytes_total", "diskwrite"),
)

# (family less its prefix, field): what cluster/resources knows of a guest; a VM has no disk use.
GUEST_FROM_RESOURCES: Table = (
    ("cpus", "maxcpu"),
    ("memory_used_bytes", "mem"),
    ("memory_max_bytes", "maxmem"),
    ("disk_max_bytes", "maxdisk"),
    ("disk_used_bytes", "disk"),
)

# (family less its prefix, field), in percent.
PRESSURES: Table = tuple(
    (f"pressure_{resource}_{share}", f"pressure{resource}{share}")
    for resource in ("cpu", "io", "memory")
    for share in ("some", "full")
)

# Gauges that no table above holds.
OTHER_GAUGES = (
    "pve_version_info",
    "pve_cluster_quorate",
    "pve_cluster_nodes_total",
    "pve_cluster_nodes_online",
    "pve_node_up",
    "pve_node_statistics_stale",
    "pve_node_memory_free_bytes",
    "pve_node_idle",
    "pve_node_info",
    "pve_node_cpu_mhz",
    "pve_node_vm_count",
    "pve_node_lxc_count",
    "pve_guest_info",
    "pve_guest_lock_info",
    "pve_guest_threshold_ratio",
    "pve_guest_alerts_muted",
    "pve_storage_info",
    "pve_storage_active",
    "pve_storage_total_bytes",
    "pve_storage_used_bytes",
    "pve_storage_used_fraction",
    "pve_vm_status",
    "pve_vm_cpu_usage",
    "pve_vm_ha_managed",
    "pve_lxc_status",
    "pve_lxc_cpu_usage",
    "pve_lxc_ha_managed",
)


def _all_types() -> dict[str, str]:
    gauges = set(OTHER_GAUGES)
    for table in (NODE_FROM_RESOURCES, NODE_FROM_STATUS, VM_GAUGES, LXC_GAUGES):
        gauges |= {family for family, _ in table}
    for prefix in ("pve_vm_", "pve_lxc_"):
        for family, _ in PRESSURES:
            gauges |= {prefix + family, f"{prefix}{family}_ratio"}
    counters: set[str] = set()
    for table in (VM_COUNTERS, DISK_COUNTERS, DISK_TIME_COUNTERS, NIC_COUNTERS, LXC_COUNTERS):
        counters |= {family for family, _ in table}
    return dict.fromkeys(gauges, "gauge") | dict.fromkeys(counters, "counter")


TYPES: dict[str, str] = _all_types()
"""The type of every native family that comes with each scrape."""

THRESHOLD = re.compile(r"mon-([a-z][a-z0-9]*)-(\d+(?:\.\d+)?)", re.ASCII)
MUTE = re.compile(r"mon-([a-z][a-z0-9]*)-off", re.ASCII)

DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def number(value: object) -> float | None:
    """The finite number in a JSON value: a number, a boolean (1 or 0) or decimal text without spaces."""
    if isinstance(value, str) and not DECIMAL.fullmatch(value):
        return None
    if not isinstance(value, (bool, int, float, str)):
        return None
    try:
        result = float(value)
    except OverflowError:
        return None
    return result if math.isfinite(result) else None


def text(value: object) -> str | None:
    """The text in a JSON value. Perl writes a name such as "123" as a number at times."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return str(int(value)) if isinstance(value, int) or value.is_integer() else repr(value)


def field(value: Any, path: str) -> Any:
    """What stands at a dotted path, or None."""
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return None
    return value


def rows(answers: Mapping[str, Any], path: str) -> list[Row] | None:
    """The rows of a list answer, or None if it failed."""
    data = answers.get(API + path)
    return [row for row in data if isinstance(row, Mapping)] if isinstance(data, list) else None


def is_whole(data: object) -> bool:
    """Whether each row of a list of guests tells whom it is about."""
    return isinstance(data, list) and all(isinstance(row, Mapping) and guest_id(row) for row in data)


def of_type(table: Iterable[Row] | None, *types: str) -> list[Row]:
    return [row for row in table or () if row.get("type") in types]


def by_node(table: Iterable[Row], name_field: str) -> dict[str, Row]:
    """Node rows by the node's name."""
    found: dict[str, Row] = {}
    for row in table:
        name = text(row.get(name_field))
        if name:
            found.setdefault(name, row)
    return found


def guest_id(row: Row) -> str | None:
    vmid = number(row.get("vmid"))
    return str(int(vmid)) if vmid is not None and vmid > 0 and vmid.is_integer() else None


@dataclass
class Guest:
    """One guest (its vmid is unique in a cluster) with what each source says of it."""

    node: str
    kind: str
    resource: Row | None = None
    listed: Row | None = None

    @property
    def is_template(self) -> bool:
        return bool(self._first("template", number))

    @property
    def pool(self) -> str:
        return text(field(self.resource, "pool")) or ""

    def name_and_tags(self, last_known: tuple[str, str] | None) -> tuple[str, str]:
        """A row without a name is one whose node has gone silent: only then is the last known answer better."""
        name, tags = self._first("name", text), self._first("tags", text)
        if name is None and last_known is not None:
            return last_known[0], last_known[1] if tags is None else tags
        return name or "", tags or ""

    def _first(self, key: str, read: Callable[[object], T | None]) -> T | None:
        """What cluster/resources says, else the list."""
        found = read(field(self.resource, key))
        return read(field(self.listed, key)) if found is None else found


class Cluster:
    """Puts the samples of one cluster together, one method a section of the metrics reference."""

    def __init__(self, answers: Mapping[str, Any], cluster: str | None) -> None:
        self.samples: Samples = {}
        self.answers = answers
        self.status = rows(answers, "/cluster/status")
        if not all(text(row.get("name")) for row in of_type(self.status, "node")):
            self.status = None  # who is there cannot be told from it
        self.resources = rows(answers, "/cluster/resources")
        self.node_resources = by_node(of_type(self.resources, "node"), "node")
        self.online = self._online()
        self.online_nodes = sorted(node for node, online in self.online.items() if online)
        self.stale = self._stale()
        self.lists = {
            (node, kind): rows(answers, f"/nodes/{node}/{path}")
            for node in self.online_nodes
            for kind, path in (("qemu", "qemu?full=1"), ("lxc", "lxc"))
        }
        self.whole_lists = {
            (node, kind)
            for node in self.online_nodes
            for kind, path in (("qemu", "qemu?full=1"), ("lxc", "lxc"))
            if is_whole(answers.get(f"{API}/nodes/{node}/{path}"))
        }
        self.guests = self._guests()
        self.cluster = self._name() if cluster is None else cluster

    def put(self, family: str, value: float | bool | None, /, **labels: str) -> None:
        if value is not None:
            key = (family, frozenset({"cluster": self.cluster, **labels}.items()))
            self.samples.setdefault(key, float(value))

    def put_table(self, table: Table, row: Any, labels: dict[str, str], divisor: float = 1) -> None:
        for family, path in table:
            value = number(field(row, path))
            self.put(family, None if value is None else value / divisor, **labels)

    # What the sources say together

    @property
    def sees_all_guests(self) -> bool:
        permissions = self.answers.get(API + "/access/permissions")
        rights = permissions.get("/vms") if isinstance(permissions, Mapping) else None
        return isinstance(rights, Mapping) and number(rights.get("VM.Audit")) == 1

    def _name(self) -> str:
        """The name in cluster/status, else the name of the only node, or of the one that answered."""
        for row in of_type(self.status, "cluster"):
            if name := text(row.get("name")):
                return name
        nodes = by_node(of_type(self.status, "node"), "name")
        if not nodes and len(self.node_resources) == 1:
            return next(iter(self.node_resources))
        return next((name for name, row in nodes.items() if number(row.get("local")) or len(nodes) == 1), "")

    def _online(self) -> dict[str, bool]:
        """Nodes that are known to be online or not; cluster/resources is asked only if cluster/status failed."""
        if self.status is not None:
            nodes = by_node(of_type(self.status, "node"), "name")
            numbers = {node: number(row.get("online")) for node, row in nodes.items()}
            return {node: value == 1 for node, value in numbers.items() if value is not None}
        words = {"online": True, "offline": False}
        states = {node: text(row.get("status")) for node, row in self.node_resources.items()}
        return {node: words[state] for node, state in states.items() if state in words}

    def _stale(self) -> dict[str, bool]:
        states = {node: text(field(self.node_resources.get(node), "status")) for node in self.online_nodes}
        return {node: state != "online" for node, state in states.items() if state is not None}

    def _guests(self) -> dict[str, Guest]:
        """All guests by vmid. A guest is on the node that lists it; resources decide between two that do."""
        guests: dict[str, Guest] = {}
        for row in of_type(self.resources, "qemu", "lxc"):
            vmid, node = guest_id(row), text(row.get("node"))
            if vmid and node:
                guests.setdefault(vmid, Guest(node, row["type"], resource=row))
        for (node, kind), listed in self.lists.items():
            for row in listed or ():
                vmid = guest_id(row)
                if not vmid:
                    continue
                guest = guests.setdefault(vmid, Guest(node, kind))
                owner = field(guest.resource, "node")
                if guest.listed is None or (node == owner and guest.node != owner):
                    guest.node, guest.kind, guest.listed = node, kind, row
        return guests

    def guests_with_values(
        self, last_known: Mapping[str, tuple[str, str]] | None = None, *, even_if_lost: bool = False
    ) -> Iterable[tuple[Guest, dict[str, str]]]:
        """Those that are no templates and whose node is online, with the labels of their series."""
        for vmid, guest in self.guests.items():
            if not guest.is_template and (even_if_lost or guest.node in self.online_nodes):
                name, _ = guest.name_and_tags((last_known or {}).get(vmid))
                yield guest, {"node": guest.node, "vmid": vmid, "name": name, "type": guest.kind}

    # Sections

    def put_cluster(self) -> None:
        version = self.answers.get(API + "/version")
        if isinstance(version, Mapping) and text(version.get("version")):
            labels = {key: text(version.get(key)) or "" for key in ("version", "release", "repoid")}
            self.put("pve_version_info", 1, **labels)
        if self.status is None:
            return
        for row in of_type(self.status, "cluster"):
            self.put("pve_cluster_quorate", number(row.get("quorate")))
        nodes = by_node(of_type(self.status, "node"), "name")
        self.put("pve_cluster_nodes_total", len(nodes))
        self.put("pve_cluster_nodes_online", sum(number(row.get("online")) == 1 for row in nodes.values()))

    def put_nodes(self) -> None:
        for node, online in self.online.items():
            self.put("pve_node_up", online, node=node)
        for node in self.online_nodes:
            self.put("pve_node_statistics_stale", self.stale.get(node), node=node)
            row = self.node_resources.get(node)
            self.put_table(NODE_FROM_RESOURCES, row, {"node": node})
            total, used = number(field(row, "maxmem")), number(field(row, "mem"))
            if total is not None and used is not None:
                self.put("pve_node_memory_free_bytes", total - used, node=node)

            status = self.answers.get(f"{API}/nodes/{node}/status")
            self.put_table(NODE_FROM_STATUS, status, {"node": node})
            self.put("pve_node_cpu_mhz", number(field(status, "cpuinfo.mhz")) or None, node=node)
            cpu, wait = number(field(row, "cpu")), number(field(status, "wait"))
            if cpu is not None and wait is not None:
                self.put("pve_node_idle", max(0, 1 - cpu - wait), node=node)
            if text(field(status, "pveversion")):
                labels = {label: text(field(status, path)) or "" for label, path in NODE_INFO_LABELS}
                self.put("pve_node_info", 1, node=node, **labels)
            if not self.sees_all_guests:
                continue
            for family, kind in (("pve_node_vm_count", "qemu"), ("pve_node_lxc_count", "lxc")):
                vmids = {guest_id(row) for row in self.lists[node, kind] or ()}
                self.put(family, len(vmids) if (node, kind) in self.whole_lists else None, node=node)

    def put_storages(self) -> None:
        for row in of_type(self.resources, "storage"):
            node, storage = text(row.get("node")), text(row.get("storage"))
            if not node or not storage or node not in self.online_nodes or self.stale.get(node):
                continue
            labels = {"node": node, "storage": storage, "type": text(row.get("plugintype")) or ""}
            status = text(row.get("status"))
            total, used = number(row.get("maxdisk")), number(row.get("disk"))
            shared = number(row.get("shared"))
            self.put(
                "pve_storage_info",
                1,
                **labels,
                content=",".join(sorted((text(row.get("content")) or "").split(","))),
                shared="" if shared is None else str(int(shared != 0)),
            )
            self.put("pve_storage_active", None if status is None else status == "available", **labels)
            self.put("pve_storage_total_bytes", total, **labels)
            self.put("pve_storage_used_bytes", used, **labels)
            if total is not None and used is not None and total > 0:
                self.put("pve_storage_used_fraction", used / total, **labels)

    def put_guests(self, last_known: Mapping[str, tuple[str, str]]) -> None:
        for vmid, guest in self.guests.items():
            name, tags = guest.name_and_tags(last_known.get(vmid))
            labels = {"node": guest.node, "vmid": vmid, "name": name, "type": guest.kind}
            template = "1" if guest.is_template else "0"
            self.put("pve_guest_info", 1, **labels, template=template, tags=tags, pool=guest.pool)
            self.put_tags(vmid, re.split("[;, ]", tags))
            if guest.is_template or guest.node not in self.online_nodes:
                continue
            prefix = "pve_vm_" if guest.kind == "qemu" else "pve_lxc_"
            # A worker that was just started lists 0 for cpu; the statistics daemon's figure is steady.
            self.put(prefix + "cpu_usage", number(field(guest.resource, "cpu")), **labels)
            if text(field(guest.resource, "name")) is not None:
                self.put(prefix + "ha_managed", text(field(guest.resource, "hastate")) not in (None, "ignored"), **labels)
            if lock := text(field(guest.resource, "lock")):
                self.put("pve_guest_lock_info", 1, **labels, lock=lock)
            if guest.listed is not None:
                self._put_listed(prefix, guest.listed, labels)
            elif (guest.node, guest.kind) not in self.whole_lists and guest.resource is not None:
                self._put_fallback(prefix, guest.resource, labels)

    def put_tags(self, vmid: str, tags: Iterable[str]) -> None:
        """mon-WORD-PERCENT is a threshold (of two for one word the lower), mon-WORD-off mutes a word, mon-mute all."""
        thresholds: dict[str, float] = {}
        for tag in tags:
            if tag == "mon-mute":
                self.put("pve_guest_alerts_muted", 1, vmid=vmid, metric="all")
            elif match := MUTE.fullmatch(tag):
                self.put("pve_guest_alerts_muted", 1, vmid=vmid, metric=match[1])
            elif (match := THRESHOLD.fullmatch(tag)) and float(match[2]) <= 100:
                thresholds[match[1]] = min(thresholds.get(match[1], 1), float(match[2]) / 100)
        for metric, ratio in thresholds.items():
            self.put("pve_guest_threshold_ratio", ratio, vmid=vmid, metric=metric)

    def _put_listed(self, prefix: str, row: Row, labels: dict[str, str]) -> None:
        status = text(row.get("status"))
        self.put(prefix + "status", None if status is None else status == "running", **labels)
        for pressure, key in PRESSURES:
            self.put_table(((prefix + pressure, key),), row, labels)
            self.put_table(((f"{prefix}{pressure}_ratio", key),), row, labels, 100)
        if prefix == "pve_lxc_":
            self.put_table(LXC_GAUGES + LXC_COUNTERS, row, labels)
            return
        self.put_table(VM_GAUGES + VM_COUNTERS, row, labels)
        for device, disk in _items(row.get("blockstat")):
            self.put_table(DISK_COUNTERS, disk, labels | {"device": device})
            self.put_table(DISK_TIME_COUNTERS, disk, labels | {"device": device}, 1e9)
        for interface, nic in _items(row.get("nics")):
            self.put_table(NIC_COUNTERS, nic, labels | {"interface": interface})

    def _put_fallback(self, prefix: str, row: Row, labels: dict[str, str]) -> None:
        """No counters: they would seem to be reset when the sources change. An unknown status is no status."""
        status = text(row.get("status"))
        if status not in (None, "unknown"):
            self.put(prefix + "status", status in ("running", "paused"), **labels)
        for family, key in GUEST_FROM_RESOURCES:
            if prefix + family in TYPES:
                self.put_table(((prefix + family, key),), row, labels)


def _items(value: object) -> Iterable[tuple[str, Any]]:
    return value.items() if isinstance(value, Mapping) else ()


def expected_samples(
    answers: Mapping[str, Any],
    cluster: str | None = None,
    *,
    last_known: Mapping[str, tuple[str, str]] | None = None,
) -> Samples:
    """The native samples of one scrape of one cluster.

    `answers` maps the path with its query ("/api2/json/nodes/pve1/qemu?full=1") to the answer's `data`; a request that
    failed is left out. `cluster` is the configured name. `last_known` maps a vmid to the name and tags that earlier
    scrapes saw.
    """
    result = Cluster(answers, cluster)
    result.put_cluster()
    result.put_nodes()
    result.put_storages()
    result.put_guests(last_known or {})
    return result.samples


def parse_exposition(exposition: str) -> tuple[Samples, dict[str, str]]:
    """The samples of a text exposition, and the type of each family as its TYPE line has it.

    Raises ValueError for a series or a family that comes twice, which a dictionary would hide.
    """
    samples: Samples = {}
    types: dict[str, str] = {}
    for metric in text_string_to_metric_families(exposition):
        # The parser takes _total from the name of a counter's family.
        family = f"{metric.name}_total" if metric.type == "counter" else metric.name
        if family in types:
            raise ValueError(f"family {family} comes twice, or its samples are not in one block after its TYPE line")
        types[family] = metric.type
        for sample in metric.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            if key in samples:
                raise ValueError(f"series {_series(key)} comes twice")
            samples[key] = sample.value
    return samples, types


def difference(expected: Samples, actual: Samples, prefix: str = "pve_", *, slow: bool = False) -> list[str]:
    """A line for each sample, among names with the prefix, that is missing, extra or has another value.

    Families of slow sources, which come some time after the first scrape, are compared only if `slow` is set.
    """
    lines: list[str] = []
    for key in sorted(expected.keys() | actual.keys(), key=_series):
        if not key[0].startswith(prefix) or (key[0] in SLOW_TYPES and not slow):
            continue
        if key not in actual:
            lines.append(f"missing   {_series(key)} {expected[key]!r}")
        elif key not in expected:
            lines.append(f"extra     {_series(key)} {actual[key]!r}")
        elif not math.isclose(expected[key], actual[key], rel_tol=1e-9):
            lines.append(f"differing {_series(key)} expected {expected[key]!r}, got {actual[key]!r}")
    return lines


def _series(key: tuple[str, Labels]) -> str:
    family, labels = key
    return f"{family}{{{','.join(f'{name}={value!r}' for name, value in sorted(labels))}}}"

"""Configuration, snapshots, agent and addresses of guests. Templates and guests of offline nodes are left out.

Rules for configurations:
- The memory of a guest is a number of MiB, or the property string "current=N"; a guest whose configuration names none has Proxmox's 512.
- The boot disk is the first disk in the boot order, else `bootdisk`, else the first disk as Proxmox counts them: ide, scsi, virtio, sata.
  A CD drive and "none" are no disks. A container's is rootfs.
- A disk is on the storage before the colon of its volume, and its volume is what stands behind it. A disk without a storage (a device or a
  folder of the node) has the storage "" and its path for a volume.
- The type of a storage is that of its row on the guest's node, else on any node.
- Sizes are decimal, with K, M, G or T for powers of 1024. A disk whose size is not told has no sample.
- Devices that are passed through have one series for each address; those behind a mapping have address "".
- The agent is enabled by "1", "enabled=1" and their like, with more behind them or not.

Rules for the agent:
- It is asked in running virtual machines whose configuration enables it. It is up when one of its answers is good, or an error of its own
  ("Agent error: ..."); it is down when the API says that it is not running, or that it did not answer in time. Other failures say nothing.
- A file system is on disks with a device, or tells its size and names disks at all. What has no disk of its own (tmpfs, overlay) or cannot be
  written (squashfs, iso9660, udf) is left out, in capitals too.
- Two mounts are of one file system when the first disk and the name of the device are the same (a bind mount, a subvolume): the first
  mountpoint in alphabetical order is shown. The disk alone does not tell: logical volumes have one disk, and Windows' partitions have.
- The system's labels: os is its id, os_name its pretty-name or else its name, os_version its version-id or else its version, kernel its
  kernel-release.
- Loopback is the interface lo, and any address that is 127.0.0.0/8 or ::1. The address has no prefix length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from oracle import API, Cluster, Guest, Row, field, number, of_type, rows, text

Guests = Iterable[tuple[Guest, dict[str, str]]]

VM_DISKS = [f"{bus}{index}" for bus, count in (("ide", 4), ("scsi", 31), ("virtio", 16), ("sata", 6)) for index in range(count)]
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
NO_DISK = {"squashfs", "overlay", "tmpfs", "iso9660", "udf"}
TRUE = ("1", "on", "yes", "true")


def _path(guest: Guest, labels: dict[str, str], rest: str) -> str:
    return f"{API}/nodes/{guest.node}/{guest.kind}/{labels['vmid']}/{rest}"


def _properties(line: str, first: str = "") -> dict[str, str]:
    """A property string; its first part may lack the key."""
    found: dict[str, str] = {}
    for index, part in enumerate(line.split(",")):
        key, equals, value = part.partition("=")
        if equals:
            found[key.strip()] = value.strip()
        elif index == 0:
            found[first] = part.strip()
    return found


# Configuration


def put_configurations(cluster: Cluster, guests: Guests) -> None:
    for guest, labels in guests:
        config = cluster.answers.get(_path(guest, labels, "config"))
        if not isinstance(config, Mapping):
            continue
        disks = vm_disks(config) if guest.kind == "qemu" else lxc_disks(config)
        boot = boot_disk(config, disks) if guest.kind == "qemu" else "rootfs"
        info = {
            "ostype": text(config.get("ostype")) or "",
            "vcpus": vcpus(guest.kind, config),
            "memory_gb": memory(config),
            "tags": text(config.get("tags")) or "",
            "disk_type": storage_type(cluster, guest.node, disks[boot]["storage"]) if boot in disks else "",
        }
        cluster.put("pve_guest_config_info", 1, **labels, **info)
        cluster.put("pve_guest_onboot", bool(number(config.get("onboot", 0))), **labels)
        if guest.kind == "qemu":
            cluster.put("pve_guest_agent_enabled", agent_enabled(config), **labels)
            _put_passthrough(cluster, config, labels)
        for device, disk in disks.items():
            place = {"device": device, "storage": disk["storage"], "volume": disk["volume"]}
            cluster.put("pve_guest_disk_size_bytes", size(disk.get("size")), **labels, **place)


def vcpus(kind: str, config: Row) -> str:
    if kind == "lxc":
        return text(config.get("cores")) or ""
    plugged = number(config.get("vcpus"))
    return f"{number(config.get('sockets', 1)) * number(config.get('cores', 1)) if plugged is None else plugged:g}"  # type: ignore[operator]


def memory(config: Row) -> str:
    value = config.get("memory", 512)
    mebibytes = number(_properties(value, "current").get("current") if isinstance(value, str) else value)
    return "" if mebibytes is None else text(mebibytes / 1024) or ""


def _place(line: str) -> dict[str, str]:
    """A drive: its options, with its storage and its volume."""
    drive = _properties(line, "file")
    drive.setdefault("file", drive.get("volume", ""))
    storage, colon, volume = drive["file"].partition(":")
    is_path = drive["file"].startswith("/") or not colon
    return drive | {"storage": "" if is_path else storage, "volume": drive["file"] if is_path else volume}


def vm_disks(config: Row) -> dict[str, dict[str, str]]:
    found = {key: _place(line) for key in [*VM_DISKS, "efidisk0", "tpmstate0"] if (line := text(config.get(key)))}
    return {key: disk for key, disk in found.items() if disk.get("media") != "cdrom" and disk["file"] not in ("none", "cdrom")}


def lxc_disks(config: Row) -> dict[str, dict[str, str]]:
    return {key: _place(line) for key in config if re.fullmatch(r"rootfs|mp\d+", key) and (line := text(config[key]))}


def boot_disk(config: Row, disks: Mapping[str, Any]) -> str:
    order = _properties(text(config.get("boot")) or "").get("order", "").split(";")
    candidates = [*order, text(config.get("bootdisk")) or "", *VM_DISKS]
    return next((device for device in candidates if device in disks and device in VM_DISKS), "")


def storage_type(cluster: Cluster, node: str, storage: str) -> str:
    known = [row for row in of_type(cluster.resources, "storage") if storage and row.get("storage") == storage]
    known.sort(key=lambda row: row.get("node") != node)
    return next((kind for row in known if (kind := text(row.get("plugintype")))), "")


def size(words: str | None) -> float | None:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([KMGT]?)", words or "", re.ASCII)
    return float(match[1]) * UNITS[match[2]] if match else None


def agent_enabled(config: Row) -> bool:
    return _properties(text(config.get("agent")) or "", "enabled").get("enabled", "").lower() in TRUE


def _put_passthrough(cluster: Cluster, config: Row, labels: dict[str, str]) -> None:
    for key in config:
        if re.fullmatch(r"hostpci\d+", key) and (line := text(config[key])):
            device = _properties(line, "host")
            for address in device.get("host", "").split(";"):
                info = {"device": key, "address": address, "mapping": device.get("mapping", ""), "mdev": device.get("mdev", "")}
                cluster.put("pve_guest_pci_passthrough_info", 1, **labels, **info)


# Snapshots


def put_snapshots(cluster: Cluster, guests: Guests) -> None:
    for guest, labels in guests:
        listed = rows(cluster.answers, _path(guest, labels, "snapshot").removeprefix(API))
        if listed is None:
            continue
        taken = [row for row in listed if text(row.get("name")) != "current"]
        moments = [moment for row in taken if (moment := number(row.get("snaptime"))) is not None]
        cluster.put("pve_guest_snapshots", len(taken), **labels)
        cluster.put("pve_guest_oldest_snapshot_timestamp_seconds", min(moments, default=None), **labels)
        cluster.put("pve_guest_newest_snapshot_timestamp_seconds", max(moments, default=None), **labels)


# Agent


def put_agents(cluster: Cluster, guests: Guests, failures: Mapping[str, str]) -> None:
    for guest, labels in guests:
        config = cluster.answers.get(_path(guest, labels, "config"))
        is_running = text(field(guest.listed, "status")) == "running"
        if guest.kind != "qemu" or not is_running or not isinstance(config, Mapping) or not agent_enabled(config):
            continue
        paths = {name: _path(guest, labels, f"agent/{name}") for name in ("get-fsinfo", "network-get-interfaces", "get-osinfo")}
        answers = {name: field(cluster.answers.get(path), "result") for name, path in paths.items()}
        errors = [failures[path] for path in paths.values() if path in failures]
        if any(answer is not None for answer in answers.values()) or any("Agent error" in error for error in errors):
            cluster.put("pve_guest_agent_up", 1, **labels)
        elif any("guest agent is not running" in error or "timeout" in error for error in errors):
            cluster.put("pve_guest_agent_up", 0, **labels)
        _put_file_systems(cluster, answers["get-fsinfo"], labels)
        _put_system(cluster, answers["get-osinfo"], labels)
        _put_interfaces(cluster, answers["network-get-interfaces"], labels)


def _put_file_systems(cluster: Cluster, answer: Any, labels: dict[str, str]) -> None:
    shown: set[tuple[str, str]] = set()
    found = [row for row in answer if isinstance(row, Mapping)] if isinstance(answer, list) else []
    for row in sorted(found, key=lambda row: text(row.get("mountpoint")) or ""):
        disks = row.get("disk") if isinstance(row.get("disk"), list) else []
        devices = [device for disk in disks or () if (device := text(field(disk, "dev")))]
        total, kind = number(row.get("total-bytes")), text(row.get("type")) or ""
        mountpoint = text(row.get("mountpoint"))
        if not mountpoint or kind.lower() in NO_DISK or not (devices or (total is not None and disks)):
            continue
        device = devices[0] if devices else ""
        if device and (device, text(row.get("name")) or "") in shown:
            continue
        shown.add((device, text(row.get("name")) or ""))
        place = {"mountpoint": mountpoint, "fstype": kind, "device": device}
        cluster.put("pve_guest_filesystem_size_bytes", total, **labels, **place)
        cluster.put("pve_guest_filesystem_used_bytes", number(row.get("used-bytes")), **labels, **place)


def _put_system(cluster: Cluster, answer: Any, labels: dict[str, str]) -> None:
    def first(*keys: str) -> str:
        return next((words for key in keys if (words := text(field(answer, key)))), "")

    if isinstance(answer, Mapping):
        names = {"os": first("id"), "os_name": first("pretty-name", "name"), "os_version": first("version-id", "version")}
        cluster.put("pve_guest_os_info", 1, **labels, **names, kernel=first("kernel-release"))


# Addresses


def put_addresses(cluster: Cluster, guests: Guests) -> None:
    """A container that does not run answers null, which is no list."""
    for guest, labels in guests:
        if guest.kind == "lxc" and text(field(guest.listed, "status")) == "running":
            _put_interfaces(cluster, cluster.answers.get(_path(guest, labels, "interfaces")), labels)


def _put_interfaces(cluster: Cluster, answer: Any, labels: dict[str, str]) -> None:
    for row in answer if isinstance(answer, list) else ():
        name = text(field(row, "name"))
        if not name or name == "lo" or name.startswith("Loopback Pseudo-Interface"):
            continue
        mac = text(field(row, "hardware-address")) or text(field(row, "hwaddr")) or ""
        for address in addresses(row):
            if address not in ("127.0.0.1", "::1"):
                family = "ipv6" if ":" in address else "ipv4"
                cluster.put("pve_guest_address_info", 1, **labels, interface=name, mac=mac, family=family, address=address)


def addresses(row: Row) -> Iterable[str]:
    """Old containers tell one address of each family, with its prefix length."""
    listed = row.get("ip-addresses")
    if isinstance(listed, list):
        yield from (address for entry in listed if (address := text(field(entry, "ip-address"))))
    else:
        yield from (address.partition("/")[0] for key in ("inet", "inet6") if (address := text(row.get(key))))

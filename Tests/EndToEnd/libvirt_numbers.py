"""Hypervisors of libvirt as an exporter would show them, in text: guests that are well and some that are in each kind of trouble, as many as real ones never are at a time."""

from __future__ import annotations

from expositions import Exposition

HYPERVISOR_BOARDS = {"libvirt.json"}
HYPERVISOR_UIDS = {"martlet-libvirt"}

LOCAL, REMOTE = "qemu:///system", "qemu+tls://kvm9/system"
GIB = 1 << 30
DAY = 86_400


def _guest(out: Exposition, number: int, name: str, state: str = "running", reason: str = "booted", hangs: bool = False, delay: float = 0.01, told_ago: float = 5) -> None:
    guest = {"uri": LOCAL, "domain": name, "uuid": f"00000000-0000-4000-8000-{number:012}"}
    active = state in ("running", "paused")
    out.add("domain_state_info", guest | {"state": state, "reason": reason}, 1)
    out.add("domain_info_virtual_cpus", guest, 4)
    out.add("domain_info_maximum_memory_bytes", guest, 16 * GIB)
    out.add("domain_info_memory_usage_bytes", guest, 12 * GIB)
    out.grow("domain_info_cpu_time_seconds_total", guest, 0.5 * number if active else 0)
    out.add("domain_snapshots", guest, 1)
    out.add("domain_snapshot_oldest_timestamp_seconds", guest, out.now - (40 if name == "web" else 4) * DAY)
    out.add("domain_block_backing_chain_depth", guest | {"target_device": "vda"}, 12 if name == "web" else 1)
    if not active:
        return
    out.add("domain_suspect", guest, int(hangs))
    out.add("domain_last_success_timestamp_seconds", guest, out.now - (1000 if hangs else told_ago))
    if hangs:
        out.add("domain_suspect_since_timestamp_seconds", guest, out.now - 1000)
        out.add("domain_suspect_call_info", guest | {"call": "virDomainListGetStats"}, 1)
        return
    out.add("domain_memory_stats_rss_bytes", guest, 9 * GIB)
    out.add("domain_memory_stats_usable_bytes", guest, 4 * GIB)
    out.add("domain_memory_stats_available_bytes", guest, 11 * GIB)
    out.add("domain_memory_stats_last_update_timestamp_seconds", guest, out.now - 3)
    for vcpu in range(4):
        out.grow("domain_vcpu_delay_seconds_total", guest | {"vcpu": str(vcpu)}, delay)
    disk, card = guest | {"target_device": "vda"}, guest | {"target_device": f"vnet{number}"}
    for what, requests, seconds in (("read", 200, 0.4), ("write", 100, 0.8), ("flush", 5, 0.2)):
        out.grow(f"domain_block_stats_{what}_requests_total", disk, requests)
        out.grow(f"domain_block_stats_{what}_time_seconds_total", disk, seconds)
        if what != "flush":
            out.grow(f"domain_block_stats_{what}_bytes_total", disk, requests * 8192)
    out.add("domain_block_error_code", disk, 2 if name == "full" else 0)
    for way in ("receive", "transmit"):
        out.grow(f"domain_interface_stats_{way}_bytes_total", card, 1e6)
        for what in ("drops", "errors"):
            out.grow(f"domain_interface_stats_{way}_{what}_total", card, 0.1)
    if name == "web":
        out.add("domain_block_job_info", disk | {"type": "copy"}, 1)
        out.add("domain_block_job_progress_ratio", disk, 0.4)
        out.add("domain_job_operation_info", guest | {"operation": "migration_out"}, 1)


def exposition(now: float, began: float) -> str:
    out = Exposition(now, began, "libvirt_")
    for uri, up in ((LOCAL, 1), (REMOTE, 0)):
        here = {"uri": uri}
        out.add("up", here, up)
        out.add("collection_interval_seconds", here, 15)
        out.add("collection_duration_seconds", here, 0.4)
        out.add("collection_last_success_timestamp_seconds", here, now - (5 if up else 600))
        out.add("domains_suspect", here, up)
        out.add("threads_hanging", here, 8 * up)
        out.add("threads_hanging_limit", here, 8)
    here = {"uri": LOCAL}
    out.add("domains_number", here, 6)
    out.add("domains_active", here, 5)
    out.add("host_cpus", here, 16)
    out.add("host_memory_bytes", here, 64 * GIB)
    out.add("versions_info", here | {"hypervisor": "QEMU", "hypervisor_running": "7.2.0", "libvirtd_running": "9.0.0", "libvirt_library": "9.0.0"}, 1)
    _guest(out, 1, "web")
    _guest(out, 2, "db", delay=0.9)
    _guest(out, 3, "mail", hangs=True)
    _guest(out, 4, "full", "paused", "ioerror")
    _guest(out, 5, "old", told_ago=900)
    _guest(out, 6, "gone", "shutoff", "crashed")
    for pool, state, starts, available in (("default", 2, 1, 300), ("images", 2, 1, 150), ("scratch", 2, 1, 20), ("san", 4, 1, 0), ("iso", 0, 0, 0)):
        labels = here | {"storage_pool": pool}
        out.add("storage_pool_state", labels, state)
        out.add("storage_pool_autostart", labels, starts)
        out.add("storage_pool_capacity_bytes", labels, 1000 * GIB if state == 2 else 0)
        out.add("storage_pool_available_bytes", labels, available * GIB)
    return out.text

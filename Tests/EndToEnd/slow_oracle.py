"""What the native families of the slow sources must say, computed a second time and in the plainest way from the API's answers.

The rules of `oracle` hold here too. Beside them:
- Of a node only what it says itself while it is online is asked. What the cluster says (high availability, backup jobs) holds whatever the
  state of the node that a row names: a service that is fenced is on a node that is down.
- A label whose field is absent is "". A series whose identity (vmid, job, device, pool, service) cannot be told is none at all.
- A count is there when its list is, 0 too.

Topics: this file has the sources of the cluster and of its nodes; `slow_disks` disks and ZFS, `slow_backups` the runs of vzdump, `slow_guests`
configuration, snapshots, agent and addresses.
"""

from __future__ import annotations

import calendar
import re
import time
from collections.abc import Iterable, Mapping
from typing import Any

from oracle import API, Cluster, Row, Samples, Table, field, guest_id, number, rows, text
from slow_backups import put_backups
from slow_disks import put_disks, put_zfs
from slow_guests import put_addresses, put_agents, put_configurations, put_snapshots
from slow_types import SLOW_TYPES

__all__ = ["SLOW_TYPES", "expected_slow_samples"]

# (privilege, path)
PRIVILEGES = (
    ("Sys.Audit", "/"),
    ("Sys.Audit", "/nodes"),
    ("VM.Audit", "/vms"),
    ("Datastore.Audit", "/storage"),
    ("VM.GuestAgent.Audit", "/vms"),
    ("Pool.Audit", "/pool"),
    ("Mapping.Audit", "/mapping"),
)

HA_STATES = (
    "started stopped error fence freeze migrate relocate recovery request_start request_start_balance request_stop ignored queued"
).split()
HA_KINDS = {"vm": "qemu", "ct": "lxc"}

SUBSCRIPTION_STATES = "new notfound active invalid expired suspended".split()

CEPH_HEALTH = {"HEALTH_OK": 0, "HEALTH_WARN": 1, "HEALTH_ERR": 2}
CEPH_SPACE: Table = (
    ("pve_ceph_total_bytes", "pgmap.bytes_total"),
    ("pve_ceph_used_bytes", "pgmap.bytes_used"),
    ("pve_ceph_available_bytes", "pgmap.bytes_avail"),
)
CEPH_OSDS: Table = (
    ("pve_ceph_osds", "num_osds"),
    ("pve_ceph_osds_up", "num_up_osds"),
    ("pve_ceph_osds_in", "num_in_osds"),
)

NODE_PRESSURES: Table = (
    ("pve_node_pressure_cpu_some_ratio", "pressurecpusome"),
    ("pve_node_pressure_io_some_ratio", "pressureiosome"),
    ("pve_node_pressure_io_full_ratio", "pressureiofull"),
    ("pve_node_pressure_memory_some_ratio", "pressurememorysome"),
    ("pve_node_pressure_memory_full_ratio", "pressurememoryfull"),
)


def put_permissions(cluster: Cluster) -> None:
    """A path that is not listed has no right; /mapping, which the API lists only where somebody was given rights on it, has those of /.

    VM.GuestAgent.Audit is of 9; before, VM.Monitor let an agent be asked. A version that cannot be read counts as a new one.
    """
    answer = cluster.answers.get(API + "/access/permissions")
    if not isinstance(answer, Mapping):
        return
    major = re.match(r"\d+", text(field(cluster.answers.get(API + "/version"), "version")) or "")
    for privilege, path in PRIVILEGES:
        if privilege == "VM.GuestAgent.Audit" and major and int(major[0]) < 9:
            privilege = "VM.Monitor"
        listed = "/" if path == "/mapping" and path not in answer else path
        rights = answer.get(listed)
        if not isinstance(rights, Mapping) or number(rights.get(privilege)) != 1:
            cluster.put("pve_missing_privilege_info", 1, privilege=privilege, path=path)


def put_high_availability(cluster: Cluster) -> None:
    """The manager's own state of a service is its crm_state, which an ignored service has none of: then request_state must say so."""
    table = rows(cluster.answers, "/cluster/ha/status/current")
    if table is None:
        return
    services = [row for row in table if row.get("type") == "service"]
    cluster.put("pve_ha_resources_total", len(services))
    cluster.put("pve_ha_resources_active", sum(row.get("crm_state") == "started" for row in services))
    for row in table:
        node = text(row.get("node")) or ""
        if row.get("type") == "quorum":
            cluster.put("pve_ha_quorate", number(row.get("quorate")))
        elif row.get("type") == "master" and node:
            cluster.put("pve_ha_manager_last_seen_timestamp_seconds", number(row.get("timestamp")), node=node)
        elif row.get("type") == "lrm" and node:
            cluster.put("pve_ha_lrm_last_seen_timestamp_seconds", number(row.get("timestamp")), node=node)
        elif row.get("type") == "fencing":
            armed = text(row.get("armed-state"))
            cluster.put("pve_ha_fencing_armed", None if armed is None else armed == "armed")
    for row in services:
        _put_service(cluster, row)


def _put_service(cluster: Cluster, row: Row) -> None:
    prefix, _, vmid = (text(row.get("sid")) or "").partition(":")
    if prefix not in HA_KINDS or not vmid.isdigit():
        return
    labels = {"node": text(row.get("node")) or "", "vmid": vmid, "type": HA_KINDS[prefix]}
    own = text(row.get("crm_state"))
    if own is None and row.get("request_state") == "ignored":
        own = "ignored"
    if own is not None:
        for state in {*HA_STATES, own}:
            cluster.put("pve_ha_service_state", state == own, **labels, state=state)
    info = {key: text(row.get(key)) or "" for key in ("request_state", "group", "max_restart", "max_relocate")}
    cluster.put("pve_ha_service_info", 1, **labels, **info)


def put_replication(cluster: Cluster) -> None:
    """A moment 0 is one that was not, or is not known, yet. A disabled job has no next run, and neither a good nor a bad state."""
    for node in cluster.online_nodes:
        for row in rows(cluster.answers, f"/nodes/{node}/replication") or ():
            vmid, job = guest_id({"vmid": row.get("guest")}), text(row.get("id"))
            if not vmid or not job:
                continue
            labels = {"node": node, "vmid": vmid, "job_id": job, "target": text(row.get("target")) or ""}
            disabled = bool(number(row.get("disable")))
            synced, failed = number(row.get("last_sync")) or None, number(row.get("fail_count"))
            cluster.put("pve_replication_last_sync_timestamp", synced, **labels)
            cluster.put("pve_replication_last_sync_timestamp_seconds", synced, **labels)
            cluster.put("pve_replication_last_try_timestamp_seconds", number(row.get("last_try")) or None, **labels)
            if not disabled:
                cluster.put("pve_replication_next_sync_timestamp_seconds", number(row.get("next_sync")) or None, **labels)
                is_well = failed == 0 and not row.get("error")
                cluster.put("pve_replication_status", None if failed is None else is_well, **labels)
            cluster.put("pve_replication_failed_syncs", failed, **labels)
            cluster.put("pve_replication_last_duration_seconds", number(row.get("duration")), **labels)
            cluster.put("pve_replication_enabled", not disabled, **labels)


def put_backup_jobs(cluster: Cluster) -> None:
    for row in rows(cluster.answers, "/cluster/backup") or ():
        job = text(row.get("id"))
        if not job:
            continue
        selection = ""
        if number(row.get("all")):
            selection = "all"
        elif pool := text(row.get("pool")):
            selection = f"pool:{pool}"
        elif vmids := text(row.get("vmid")):
            # A list without an end is no label's value.
            selection = f"vmid:{vmids}" if len(vmids.encode()) <= 200 else f"vmid:{len([vmid for vmid in vmids.split(',') if vmid])} guests"
        info = {key: text(row.get(key)) or "" for key in ("schedule", "storage", "mode")}
        cluster.put("pve_backup_job_info", 1, job_id=job, selection=selection, **info)
        enabled = number(row.get("enabled", 1))
        cluster.put("pve_backup_job_enabled", None if enabled is None else enabled != 0, job_id=job)
        if enabled:
            cluster.put("pve_backup_job_next_run_timestamp_seconds", number(row.get("next-run")), job_id=job)


def put_backup_gaps(cluster: Cluster) -> None:
    gaps = rows(cluster.answers, "/cluster/backup-info/not-backed-up")
    if gaps is None:
        return
    cluster.put("pve_guests_not_backed_up", len(gaps))
    for row in gaps:
        if vmid := guest_id(row):
            labels = {"vmid": vmid, "name": text(row.get("name")) or "", "type": text(row.get("type")) or ""}
            cluster.put("pve_not_backed_up_info", 1, **labels)


def put_storages(cluster: Cluster) -> None:
    """An inactive storage says 0 for what it cannot tell."""
    for node in cluster.online_nodes:
        for row in rows(cluster.answers, f"/nodes/{node}/storage") or ():
            if storage := text(row.get("storage")):
                labels = {"node": node, "storage": storage, "type": text(row.get("type")) or ""}
                enabled = number(row.get("enabled"))
                cluster.put("pve_storage_enabled", None if enabled is None else enabled != 0, **labels)
                if number(row.get("active")):
                    cluster.put("pve_storage_available_bytes", number(row.get("avail")), **labels)


def put_certificates(cluster: Cluster, now: float) -> None:
    """pveproxy serves pveproxy-ssl.pem where it is there, else pve-ssl.pem; the authority's is not served."""
    for node in cluster.online_nodes:
        listed = rows(cluster.answers, f"/nodes/{node}/certificates/info") or ()
        found = {text(row.get("filename")): row for row in reversed(listed)}
        served = found.get("pveproxy-ssl.pem") or found.get("pve-ssl.pem")
        if served is None:
            continue
        labels = {key: text(served.get(key)) or "" for key in ("filename", "subject", "issuer", "fingerprint")}
        cluster.put("pve_certificate_info", 1, node=node, **labels)
        ends = number(served.get("notafter"))
        cluster.put("pve_certificate_not_after_timestamp_seconds", ends, node=node)
        cluster.put("pve_certificate_expiry_seconds", None if ends is None else ends - now, node=node)


def put_subscriptions(cluster: Cluster) -> None:
    for node in cluster.online_nodes:
        answer = cluster.answers.get(f"{API}/nodes/{node}/subscription")
        if not isinstance(answer, Mapping):
            continue
        level, product = text(answer.get("level")) or "", text(answer.get("productname")) or ""
        cluster.put("pve_subscription_info", 1, node=node, level=level, product=product)
        status = text(answer.get("status"))
        for state in {*SUBSCRIPTION_STATES, status} if status is not None else ():
            cluster.put("pve_subscription_status", state == status, node=node, status=state)
        cluster.put("pve_subscription_next_due_timestamp_seconds", _midnight(text(answer.get("nextduedate"))), node=node)


def _midnight(day: str | None) -> float | None:
    """The beginning of a day YYYY-MM-DD in UTC."""
    if day is None or not re.fullmatch(r"\d{4}-\d\d-\d\d", day, re.ASCII):
        return None
    try:
        return calendar.timegm(time.strptime(day, "%Y-%m-%d"))
    except ValueError:
        return None


def put_services(cluster: Cluster) -> None:
    """The API's word for a service is `service`; `name` is the same wherever both are there."""
    for node in cluster.online_nodes:
        for row in rows(cluster.answers, f"/nodes/{node}/services") or ():
            service, state = text(row.get("service")) or text(row.get("name")), text(row.get("state"))
            if service and state is not None and row.get("unit-state") not in ("masked", "disabled", "not-found"):
                cluster.put("pve_node_service_running", state == "running", node=node, service=service)


def put_updates(cluster: Cluster) -> None:
    for node in cluster.online_nodes:
        pending = rows(cluster.answers, f"/nodes/{node}/apt/update")
        cluster.put("pve_node_updates_pending", None if pending is None else len(pending), node=node)


def put_statistics(cluster: Cluster) -> None:
    """Rows are in order of time, and the newest may lack what was not yet counted."""
    for node in cluster.online_nodes:
        history = rows(cluster.answers, f"/nodes/{node}/rrddata?timeframe=hour&cf=AVERAGE") or []
        history = sorted(history, key=lambda row: number(row.get("time")) or 0)

        def newest(key: str, history: list[Row] = history) -> float | None:
            values = [number(row.get(key)) for row in history]
            return next((value for value in reversed(values) if value is not None), None)

        for family, key in NODE_PRESSURES:
            percent = newest(key)
            cluster.put(family, None if percent is None else percent / 100, node=node)
        cluster.put("pve_zfs_arc_size_bytes", newest("arcsize"), node=node)


def put_ceph(cluster: Cluster) -> None:
    status = cluster.answers.get(API + "/cluster/ceph/status")
    if not isinstance(status, Mapping):
        return
    cluster.put("pve_ceph_health_status", CEPH_HEALTH.get(text(field(status, "health.status")) or ""))
    for check, row in _mapping(field(status, "health.checks")).items():
        cluster.put("pve_ceph_health_check_info", 1, check=check, severity=text(field(row, "severity")) or "")
    cluster.put_table(CEPH_SPACE, status, {})
    nested = field(status, "osdmap.osdmap")
    cluster.put_table(CEPH_OSDS, nested if isinstance(nested, Mapping) else field(status, "osdmap"), {})
    states = field(status, "pgmap.pgs_by_state")
    for row in states if isinstance(states, list) else ():
        if state := text(field(row, "state_name")):
            cluster.put("pve_ceph_pgs", number(field(row, "count")), state=state)
    quorum = status.get("quorum_names")
    cluster.put("pve_ceph_monitors_in_quorum", len(quorum) if isinstance(quorum, list) else None)


def put_pci_mappings(cluster: Cluster) -> None:
    """A mapping names for each node the devices behind it, as property strings; several addresses on one node stand between semicolons."""
    for row in rows(cluster.answers, "/cluster/mapping/pci") or ():
        name, devices = text(row.get("id")), row.get("map")
        for device in devices if name and isinstance(devices, list) else ():
            properties = dict(_properties(text(device) or ""))
            for address in properties.get("path", "").split(";"):
                if address:
                    cluster.put("pve_pci_mapping_info", 1, mapping=name or "", node=properties.get("node", ""), address=address)


def _properties(line: str) -> Iterable[tuple[str, str]]:
    for part in line.split(","):
        key, _, value = part.partition("=")
        yield key.strip(), value.strip()


def put_qdevice(cluster: Cluster) -> None:
    state = text(field(cluster.answers.get(API + "/cluster/config/qdevice"), "State"))
    cluster.put("pve_qdevice_up", None if state is None else state == "Connected")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def expected_slow_samples(
    answers: Mapping[str, Any],
    cluster: str | None = None,
    *,
    now: float,
    failures: Mapping[str, str] | None = None,
    last_known: Mapping[str, tuple[str, str]] | None = None,
) -> Samples:
    """The native samples of the slow sources, once each of them was asked.

    `answers`, `cluster` and `last_known` are those of `expected_samples`: where guests are, what they are called and which nodes are online
    comes from the same answers. `failures` has the text of each answer with status 500, by its path; `now` is the moment of the scrape.
    """
    seen = Cluster(answers, cluster)
    guests = list(seen.guests_with_values(last_known))
    put_permissions(seen)
    put_high_availability(seen)
    put_replication(seen)
    put_backup_jobs(seen)
    put_backup_gaps(seen)
    put_backups(seen, seen.guests_with_values(last_known, even_if_lost=True))
    put_storages(seen)
    put_certificates(seen, now)
    put_subscriptions(seen)
    put_services(seen)
    put_updates(seen)
    put_disks(seen)
    put_zfs(seen)
    put_ceph(seen)
    put_statistics(seen)
    put_configurations(seen, guests)
    put_snapshots(seen, guests)
    put_agents(seen, guests, failures or {})
    put_addresses(seen, guests)
    put_pci_mappings(seen)
    put_qdevice(seen)
    return seen.samples

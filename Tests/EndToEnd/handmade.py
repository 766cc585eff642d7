"""Answers in the shapes of the real API, for what the recorded cluster was too bare to show: SMART, ZFS of every kind, Ceph, backups of several
guests, agents, subscriptions, services.

They stand beside the recordings or in their place: `Replay.from_recordings_and(beside(recorded))`. The nodes, guests and storages are those of
the recorded cluster. pve1 is one hour ahead of UTC, pve2 says nothing of its time.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

API = "/api2/json"

Answers = dict[str, Any]

# Disks. Ids of attributes are text with spaces, as smartctl's column has them.

ATA_SSD = {
    "health": "PASSED",
    "type": "ata",
    "attributes": [
        {"id": "  5", "name": "Reallocated_Sector_Ct", "flags": "PO--CK", "value": 100, "worst": 100, "threshold": 10, "fail": "-", "raw": "0"},
        {"id": "  9", "name": "Power_On_Hours", "flags": "-O--CK", "value": 97, "worst": 97, "threshold": 0, "fail": "-", "raw": "13441h+12m+33.120s"},
        {"id": "190", "name": "Airflow_Temperature_Cel", "flags": "-O--CK", "value": 67, "worst": 45, "threshold": 0, "fail": "-", "raw": "33 (Min/Max 20/45)"},
        {"id": "241", "name": "Total_LBAs_Written", "flags": "-O--CK", "value": 99, "worst": 99, "threshold": 0, "fail": "-", "raw": "54631284321"},
    ],
}  # fmt: skip
ATA_HDD = {
    "health": "FAILED!",
    "type": "ata",
    "attributes": [
        {"id": "  9", "name": "Power_On_Hours", "flags": "-O--CK", "value": 41, "worst": 41, "threshold": 0, "fail": "-", "raw": "51873"},
        {"id": "190", "name": "Airflow_Temperature_Cel", "flags": "-O---K", "value": 60, "worst": 40, "threshold": 45, "fail": "Past", "raw": "40"},
        {"id": "194", "name": "Temperature_Celsius", "flags": "-O---K", "value": 38, "worst": 60, "threshold": 0, "fail": "-", "raw": "38 (0 17 0 0 0)"},
    ],
}  # fmt: skip
ATA_INTEL = {
    "health": "PASSED",
    "type": "ata",
    "attributes": [
        {"id": "194", "name": "Temperature_Internal", "flags": "-O---K", "value": 100, "worst": 100, "threshold": 0, "fail": "-", "raw": "24"},
        {"id": "241", "name": "Host_Writes_32MiB", "flags": "-O--CK", "value": 100, "worst": 100, "threshold": 0, "fail": "-", "raw": "1270356"},
    ],
}  # fmt: skip
ATA_CRUCIAL = {
    "health": "PASSED",
    "type": "ata",
    "attributes": [
        {"id": "  9", "name": "Power_On_Hours", "flags": "-O--CK", "value": 100, "worst": 100, "threshold": 0, "fail": "-", "raw": "8012 (99 12 0)"},
        {"id": "246", "name": "Total_LBAs_Written", "flags": "-O--CK", "value": 100, "worst": 100, "threshold": 0, "fail": "-", "raw": "9021340122"},
    ],
}  # fmt: skip
ATA_GIB = {
    "health": "PASSED",
    "type": "ata",
    "attributes": [
        {"id": "241", "name": "Lifetime_Writes_GiB", "flags": "-O--CK", "value": 100, "worst": 100, "threshold": 0, "fail": "-", "raw": "7421"},
    ],
}  # fmt: skip
NVME = {
    "health": "PASSED",
    "type": "text",
    "wearout": 97,
    "text": """
SMART/Health Information (NVMe Log 0x02)
Critical Warning:                   0x00
Temperature:                        36 Celsius
Available Spare:                    100%
Available Spare Threshold:          10%
Percentage Used:                    3%
Data Units Read:                    5,584,952 [2.85 TB]
Data Units Written:                 12,345,678 [6.32 TB]
Host Read Commands:                 81,203,997
Host Write Commands:                210,499,100
Controller Busy Time:               1,022
Power Cycles:                       41
Power On Hours:                     1,234
Unsafe Shutdowns:                   12
Media and Data Integrity Errors:    0
Error Information Log Entries:      0
Warning  Comp. Temperature Time:    0
Critical Comp. Temperature Time:    0
Temperature Sensor 1:               36 Celsius
Temperature Sensor 2:               41 Celsius

""",
}
SAS = {
    "health": "OK",
    "type": "text",
    "text": """

Percentage used endurance indicator: 2%
Current Drive Temperature:     28 C
Drive Trip Temperature:        70 C

Accumulated power on time, hours:minutes 33241:17
Manufactured in week 12 of year 2019
Accumulated start-stop cycles:  34
Elements in grown defect list: 0

""",
}


def disk(path: str, kind: str, model: str, serial: str, size: int, health: str, wearout: int | str) -> dict[str, Any]:
    """A row of disks/list."""
    rest = {"vendor": "ATA     ", "wwn": "0x5002538e00000000", "rpm": 7200 if kind == "hdd" else 0, "used": "ZFS", "gpt": 1, "osdid": -1}
    row = {"devpath": path, "type": kind, "model": model, "serial": serial, "size": size, "health": health, "wearout": wearout, "osdid-list": None}
    return row | rest


DISKS: Answers = {
    f"{API}/nodes/pve1/disks/list": [
        disk("/dev/sda", "ssd", "Samsung_SSD_870_EVO_1TB", "S5RRNF0T000001", 1000204886016, "PASSED", 98),
        disk("/dev/sdb", "hdd", "ST8000NM000A-2KE101", "WSD00002", 8001563222016, "FAILED!", "N/A"),
        disk("/dev/nvme0n1", "nvme", "Samsung SSD 980 PRO 2TB", "S6B0NL0W000003", 2000398934016, "PASSED", 97),
        disk("/dev/vda", "unknown", "unknown", "unknown", 274877906944, "UNKNOWN", "N/A"),
    ],
    f"{API}/nodes/pve1/disks/smart?disk=/dev/sda": ATA_SSD,
    f"{API}/nodes/pve1/disks/smart?disk=/dev/sdb": ATA_HDD,
    f"{API}/nodes/pve1/disks/smart?disk=/dev/nvme0n1": NVME,
    f"{API}/nodes/pve2/disks/list": [
        disk("/dev/sda", "ssd", "INTEL_SSDSC2KB480G8", "PHYF000001", 480103981056, "PASSED", "100"),
        disk("/dev/sdb", "ssd", "CT1000MX500SSD1", "1942E0000004", 1000204886016, "PASSED", 88),
    ],
    f"{API}/nodes/pve2/disks/smart?disk=/dev/sda": ATA_INTEL,
    f"{API}/nodes/pve2/disks/smart?disk=/dev/sdb": ATA_CRUCIAL,
}

# ZFS. The API puts the lines of one heading together with spaces; logs, cache and spares are headings beside the root.

SCRUBBED = "scrub repaired 1.50M in 1 days 02:03:04 with 2 errors on Sun Nov  8 02:27:05 2026"
SCRUBBING = (
    "scrub in progress since Fri Nov 20 10:00:00 2026 403G / 405G scanned at 100M/s, 68.4G / 405G issued at 17.1M/s "
    "0B repaired, 16.91% done, 00:00:04 to go"
)
PAUSED = (
    "scrub paused since Tue Sep 22 06:36:39 2026 scrub started on Tue Sep  1 00:04:32 2026 12G / 40G scanned, 11G / 40G issued 0B repaired, 27.50% done"
)
CANCELED = "scrub canceled on Thu Nov 19 20:01:00 2026"
RESILVERING = (
    "resilver in progress since Fri Nov 20 09:11:00 2026 1.2T / 6.5T scanned at 500M/s, 1.1T / 6.5T issued at 480M/s "
    "550G resilvered, 17.05% done, 03:11:22 to go"
)
RESILVERED = "resilvered 12.3G in 00:02:11 with 0 errors on Mon Nov 16 08:00:30 2026"
REBUILDING = "resilver (mirror-0) in progress since Fri Nov 20 09:11:00 2026 10G / 40G scanned, 10G / 40G issued 10G resilvered, 25.00% done, 00:10:00 to go"
ERROR_SCRUB = "error scrub in progress since Fri Nov 20 09:11:00 2026"


def vdev(name: str, state: str | None, errors: tuple[int, int, int] | None, *children: dict[str, Any], msg: str = "") -> dict[str, Any]:
    """A row of a pool's tree; headings have neither state nor errors, spares no errors."""
    row: dict[str, Any] = {"name": name, "leaf": 0 if children else 1, "msg": msg}
    row |= {} if state is None else {"state": state}
    row |= {} if errors is None else dict(zip(("read", "write", "cksum"), errors))
    return row | ({"children": list(children)} if children else {})


ZFS: Answers = {
    f"{API}/nodes/pve1/time": {"time": 1795173500, "localtime": 1795177100, "timezone": "Europe/Berlin"},
    f"{API}/nodes/pve1/disks/zfs/rpool": {
        "name": "rpool",
        "state": "ONLINE",
        "scan": SCRUBBED,
        "errors": "3 data errors, use '-v' for a list",
        "leaf": 0,
        "children": [
            vdev("rpool", "ONLINE", (0, 0, 0), vdev("mirror-0", "ONLINE", (0, 0, 5), vdev("/dev/sda3", "ONLINE", (1, 2, 3)), vdev("/dev/sdb3", "ONLINE", (0, 0, 0)))),
        ],
    },
    f"{API}/nodes/pve1/disks/zfs/tank": {
        "name": "tank",
        "state": "DEGRADED",
        "status": "One or more devices is currently being scrubbed.",
        "scan": SCRUBBING,
        "errors": "No known data errors",
        "leaf": 0,
        "children": [
            vdev(
                "tank",
                "DEGRADED",
                (0, 0, 0),
                vdev(
                    "raidz1-0",
                    "DEGRADED",
                    (0, 0, 0),
                    vdev("/dev/disk/by-id/ata-A-part1", "ONLINE", (0, 0, 0)),
                    vdev(
                        "spare-1",
                        "DEGRADED",
                        (0, 0, 0),
                        vdev("/dev/disk/by-id/ata-B-part1", "FAULTED", (3, 121, 7), msg="too many errors"),
                        vdev("/dev/disk/by-id/ata-S-part1", "ONLINE", (0, 0, 0)),
                    ),
                ),
            ),
            vdev("logs", None, None, vdev("/dev/nvme0n1p5", "ONLINE", (0, 0, 0))),
            vdev("spares", None, None, vdev("/dev/disk/by-id/ata-S-part1", "INUSE", None, msg="currently in use"), vdev("/dev/disk/by-id/ata-T-part1", "AVAIL", None)),
        ],
    },
    f"{API}/nodes/pve2/disks/zfs/rpool": {
        "name": "rpool",
        "state": "ONLINE",
        "scan": CANCELED,
        "errors": "No known data errors",
        "leaf": 0,
        "children": [vdev("rpool", "ONLINE", (0, 0, 0), vdev("/dev/sda3", "ONLINE", (0, 0, 0)))],
    },
    f"{API}/nodes/pve2/disks/zfs/tank": {
        "name": "tank",
        "state": "DEGRADED",
        "scan": RESILVERING,
        "errors": "No known data errors",
        "leaf": 0,
        "children": [vdev("tank", "DEGRADED", (0, 0, 0), vdev("mirror-0", "DEGRADED", (0, 0, 0), vdev("/dev/sdb1", "ONLINE", (0, 0, 0)), vdev("/dev/sdc1", "REMOVED", (0, 0, 0))))],
    },
}  # fmt: skip

CEPH: Answers = {
    f"{API}/cluster/ceph/status": {
        "fsid": "4a7e2b5c-0000-4000-8000-000000000001",
        "health": {
            "status": "HEALTH_WARN",
            "checks": {
                "OSD_DOWN": {"severity": "HEALTH_WARN", "summary": {"message": "1 osds down", "count": 1}, "detail": [{"message": "osd.2 (root=default,host=pve2) is down"}], "muted": False},
                "PG_DEGRADED": {"severity": "HEALTH_WARN", "summary": {"message": "Degraded data redundancy: 120/3600 objects degraded", "count": 42}, "detail": [], "muted": False},
            },
            "mutes": [],
        },
        "election_epoch": 16,
        "quorum": [0, 1],
        "quorum_names": ["pve1", "pve2"],
        "quorum_age": 4021,
        "monmap": {"epoch": 3, "min_mon_release_name": "squid", "num_mons": 3},
        "osdmap": {"epoch": 211, "num_osds": 6, "num_up_osds": 5, "osd_up_since": 1795170000, "num_in_osds": 6, "osd_in_since": 1795000000, "num_remapped_pgs": 0},
        "pgmap": {
            "pgs_by_state": [{"state_name": "active+clean", "count": 87}, {"state_name": "active+undersized+degraded", "count": 42}],
            "num_pgs": 129,
            "num_pools": 3,
            "num_objects": 1200,
            "data_bytes": 5033164800,
            "bytes_used": 15582887936,
            "bytes_avail": 5983519981568,
            "bytes_total": 5999102869504,
            "read_bytes_sec": 1024,
        },
        "mgrmap": {"available": True, "num_standbys": 1, "modules": ["iostat", "nfs"]},
    },
}  # fmt: skip

# Backups. The log's times are pve1's, one hour ahead; the task began at 2026-11-20 01:30:01 UTC.

BATCH = "UPID:pve1:00001A2B:0004A000:6AFFA0D9:vzdump::root@pam:"
BATCH_STARTED = 1795138201
BATCH_LOG = """\
INFO: starting new backup job: vzdump 100 101 200 --mode snapshot --mailnotification failure --storage nas --quiet 1 --job-id backup-daily --notes-template '{{guestname}}'
INFO: Starting Backup of VM 100 (qemu)
INFO: Backup started at 2026-11-20 02:30:01
INFO: status = running
INFO: VM Name: web-100
INFO: include disk 'scsi0' 'local:100/vm-100-disk-0.qcow2' 4G
INFO: backup mode: snapshot
INFO: creating vzdump archive '/mnt/shared/dump/vzdump-qemu-100-2026_11_20-02_30_01.vma.zst'
INFO: 100% (4.0 GiB of 4.0 GiB) in 1m 20s, read: 51.2 MiB/s, write: 2.0 MiB/s
INFO: archive file size: 117KB
INFO: Finished Backup of VM 100 (00:01:23)
INFO: Backup finished at 2026-11-20 02:31:24
INFO: Starting Backup of VM 101 (qemu)
INFO: Backup started at 2026-11-20 02:31:24
INFO: status = stopped
ERROR: Backup of VM 101 failed - VM is locked (backup)
INFO: Failed at 2026-11-20 02:31:25
INFO: Starting Backup of VM 200 (lxc)
INFO: Backup started at 2026-11-20 02:31:25
INFO: status = running
INFO: CT Name: ct-200
WARN: some files changed while they were read
INFO: Finished Backup of VM 200 (00:00:35)
INFO: Backup finished at 2026-11-20 02:32:00
INFO: Backup job finished with errors
TASK ERROR: job errors""".splitlines()


def task(node: str, vmid: str, start: int, end: int | None, status: str | None, upid: str = "") -> dict[str, Any]:
    """A row of a node's tasks; one that runs has neither end nor status."""
    upid = upid or f"UPID:{node}:00000001:00000002:{start:08X}:vzdump:{vmid}:root@pam:"
    row: dict[str, Any] = {"upid": upid, "node": node, "pid": 490, "pstart": 299699, "type": "vzdump", "id": vmid, "user": "root@pam", "starttime": start}
    return row | ({} if end is None else {"endtime": end, "status": status})


def log_lines(lines: list[str]) -> list[dict[str, Any]]:
    return [{"n": index + 1, "t": line} for index, line in enumerate(lines)]


BACKUPS: Answers = {
    f"{API}/nodes/pve1/tasks?typefilter=vzdump&source=all": [
        task("pve1", "103", 1795173480, None, None),
        task("pve1", "", BATCH_STARTED, BATCH_STARTED + 119, "job errors", BATCH),
        task("pve1", "110", 1795051800, 1795052000, "WARNINGS: 1"),
        task("pve1", "101", 1795051700, 1795051760, "OK"),
        task("pve1", "999", 1795051600, 1795051660, "OK"),
    ],
    f"{API}/nodes/pve1/tasks/{BATCH}/log": log_lines(BATCH_LOG),
    f"{API}/nodes/pve2/tasks?typefilter=vzdump&source=all": [
        task("pve2", "110", 1795138205, 1795138210, "unable to activate storage 'nas'"),
        task("pve2", "110", 1794965400, 1794965500, "OK"),
    ],
    f"{API}/cluster/backup": [
        {"id": "backup-daily", "type": "vzdump", "schedule": "02:30", "enabled": 1, "storage": "nas", "mode": "snapshot", "vmid": "100,101,200", "next-run": 1795224600},
        {"id": "backup-all", "type": "vzdump", "schedule": "sat 18:15", "storage": "nas", "mode": "stop", "all": 1, "exclude": "120", "next-run": 1795284900},
        {"id": "backup-off", "type": "vzdump", "schedule": "sun 03:00", "enabled": "0", "storage": "nas", "pool": "prod", "next-run": 1795312800},
    ],
}  # fmt: skip

REPLICATION: Answers = {
    f"{API}/nodes/pve2/replication": [
        {"id": "110-0", "type": "local", "source": "pve2", "target": "pve1", "guest": 110, "jobnum": 0, "vmtype": "qemu", "schedule": "*/15", "last_sync": 1795172400, "last_try": 1795172400, "next_sync": 1795173300, "duration": 3.214562, "fail_count": 0},
        {"id": "210-0", "type": "local", "source": "pve2", "target": "pve3", "guest": "210", "jobnum": 0, "vmtype": "lxc", "schedule": "*/15", "last_sync": 0, "last_try": 0, "next_sync": 1795174200, "fail_count": 0},
    ],
}  # fmt: skip

# The cluster and its nodes.

CERTIFICATE = {"issuer": "/C=US/O=Let's Encrypt/CN=R11", "notbefore": 1794000000, "public-key-bits": 2048, "public-key-type": "rsaEncryption", "san": ["pve1.example.org"]}

CLUSTER: Answers = {
    f"{API}/cluster/ha/status/current": [
        {"id": "quorum", "node": "pve1", "quorate": 1, "status": "OK", "type": "quorum"},
        {"id": "master", "node": "pve2", "status": "pve2 (active, Fri Nov 20 11:18:01 2026)", "timestamp": 1795173481, "type": "master"},
        {"id": "fencing", "node": "pve2", "status": "disarmed", "type": "fencing", "armed-state": "disarmed"},
        {"id": "lrm:pve1", "node": "pve1", "status": "pve1 (active, Fri Nov 20 11:18:02 2026)", "timestamp": 1795173482, "type": "lrm"},
        {"id": "lrm:pve3", "node": "pve3", "status": "pve3 (old timestamp - dead?, Fri Nov 20 11:00:02 2026)", "timestamp": 1795172402, "type": "lrm"},
        {"id": "service:vm:100", "sid": "vm:100", "type": "service", "node": "pve1", "state": "started", "crm_state": "started", "request_state": "started", "group": "prefer-1", "max_restart": 3, "max_relocate": 2, "status": "vm:100 (pve1, started)"},
        {"id": "service:vm:120", "sid": "vm:120", "type": "service", "node": "pve3", "state": "fence", "crm_state": "fence", "request_state": "started", "max_restart": "1", "max_relocate": "1", "status": "vm:120 (pve3, fence)"},
        {"id": "service:ct:200", "sid": "ct:200", "type": "service", "node": "pve1", "state": "newword", "crm_state": "newword", "request_state": "started", "status": "ct:200 (pve1, newword)"},
        {"id": "service:ct:210", "sid": "ct:210", "type": "service", "node": "pve2", "state": "queued", "request_state": "started", "status": "ct:210 (pve2, queued)"},
        {"id": "service:vm:101", "sid": "vm:101", "type": "service", "node": "pve1", "state": "ignored", "request_state": "ignored", "status": "vm:101 (pve1, ignored)"},
    ],
    f"{API}/cluster/config/qdevice": {
        "Model": "Net",
        "State": "Connected",
        "QNetd host": "192.0.2.9:5403",
        "Algorithm": "Fifty-Fifty split",
        "Tie-breaker": "Node with lowest node ID",
        "Node ID": "1",
    },
    f"{API}/cluster/mapping/pci": [
        {"id": "gpu", "description": "for games", "map": ["id=10de:2204,iommugroup=12,node=pve1,path=0000:01:00.0,subsystem-id=10de:147d", "id=10de:2204,iommugroup=9,node=pve2,path=0000:41:00.0"]},
    ],
    f"{API}/nodes/pve1/certificates/info": [
        {"filename": "pve-root-ca.pem", "fingerprint": "D6:00", "issuer": "/CN=Proxmox Virtual Environment", "subject": "/CN=Proxmox Virtual Environment", "notafter": 2110445483},
        {"filename": "pve-ssl.pem", "fingerprint": "E3:96", "issuer": "/CN=Proxmox Virtual Environment", "subject": "/CN=pve1", "notafter": 1858157483},
        {"filename": "pveproxy-ssl.pem", "fingerprint": "A1:B2", "subject": "/CN=pve1.example.org", "notafter": 1801776000, **CERTIFICATE},
    ],
    f"{API}/nodes/pve1/subscription": {
        "status": "active",
        "level": "c",
        "productname": "Proxmox VE Community Subscription 1 CPU/year",
        "key": "pve1c-0000000000",
        "serverid": "0123456789ABCDEF0123456789ABCDEF",
        "sockets": 1,
        "regdate": "2026-03-01 00:00:00",
        "nextduedate": "2027-03-01",
        "checktime": 1795100000,
        "url": "https://www.proxmox.com/en/proxmox-virtual-environment/pricing",
    },
    f"{API}/nodes/pve1/services": [
        {"service": "pveproxy", "name": "pveproxy", "desc": "PVE API Proxy Server", "state": "running", "active-state": "active", "unit-state": "enabled"},
        {"service": "pve-ha-crm", "name": "pve-ha-crm", "desc": "PVE Cluster HA Resource Manager Daemon", "state": "dead", "active-state": "inactive", "unit-state": "enabled"},
        {"service": "pve-firewall", "name": "pve-firewall", "desc": "Proxmox VE firewall", "state": "failed", "active-state": "failed", "unit-state": "enabled"},
        {"service": "systemd-timesyncd", "name": "systemd-timesyncd", "desc": "systemd-timesyncd.service", "state": "dead", "active-state": "inactive", "unit-state": "not-found"},
        {"service": "ksmtuned", "name": "ksmtuned", "desc": "Kernel Samepage Merging", "state": "dead", "active-state": "inactive", "unit-state": "masked"},
        {"service": "corosync", "name": "corosync", "desc": "Corosync Cluster Engine", "state": "dead", "active-state": "inactive", "unit-state": "disabled"},
    ],
    f"{API}/nodes/pve1/apt/update": [
        {"Package": "dpkg", "Title": "Debian package management system", "Version": "1.21.23", "OldVersion": "1.21.22", "Origin": "Debian", "Section": "admin", "Priority": "required", "Arch": "amd64"},
        {"Package": "pve-manager", "Title": "Proxmox Virtual Environment Management Tools", "Version": "9.2.12", "OldVersion": "9.2.11", "Origin": "Proxmox", "Section": "admin", "Priority": "optional", "Arch": "amd64"},
    ],
    f"{API}/nodes/pve2/apt/update": [],
    f"{API}/nodes/pve1/rrddata?timeframe=hour&cf=AVERAGE": [
        {"time": 1795173360, "arcsize": 8123456512, "pressurecpusome": 1, "pressureiosome": 2, "pressureiofull": 3, "pressurememorysome": 4, "pressurememoryfull": 5},
        {"time": 1795173420, "arcsize": 8123456000, "pressurecpusome": 12.5, "pressureiosome": 0.75, "pressureiofull": "0.5", "pressurememorysome": 0.25},
        {"time": 1795173480, "pressurecpusome": None},
    ],
}  # fmt: skip

# Guests.

DEBIAN = {"id": "debian", "name": "Debian GNU/Linux", "pretty-name": "Debian GNU/Linux 12 (bookworm)", "version": "12 (bookworm)", "version-id": "12", "kernel-release": "6.1.0-26-amd64", "kernel-version": "#1 SMP PREEMPT_DYNAMIC Debian 6.1.112-1", "machine": "x86_64"}  # fmt: skip


def file_system(name: str, mountpoint: str, kind: str, total: int | None, used: int | None, *devices: str | None) -> dict[str, Any]:
    """A row of get-fsinfo; a device None is a disk that does not say where it is."""
    row: dict[str, Any] = {"name": name, "mountpoint": mountpoint, "type": kind}
    row |= {} if total is None else {"total-bytes": total, "used-bytes": used}
    place = {"bus": 0, "target": 0, "unit": 0, "bus-type": "scsi", "pci-controller": {"bus": 0, "slot": 5, "domain": 0, "function": 0}}
    return row | {"disk": [place | ({} if device is None else {"dev": device, "serial": "0QEMU_QEMU_HARDDISK_drive-scsi0"}) for device in devices]}


def interface(name: str, mac: str | None, *addresses: tuple[str, str, int]) -> dict[str, Any]:
    """A row of network-get-interfaces, or of a container's interfaces."""
    row: dict[str, Any] = {"name": name} | ({} if mac is None else {"hardware-address": mac})
    return row | {"ip-addresses": [{"ip-address-type": kind, "ip-address": address, "prefix": prefix} for kind, address, prefix in addresses]}


FILE_SYSTEMS = [
    file_system("sda1", "/", "ext4", 4100000000, 1500000000, "/dev/sda1"),
    file_system("sda1", "/var/lib/docker/plugins", "ext4", 4100000000, 1500000000, "/dev/sda1"),
    file_system("sdb", "/srv", "xfs", 8000000000, 7000000000, "/dev/sdb"),
    file_system("sda15", "/boot/efi", "vfat", None, None, "/dev/sda15"),
    file_system("loop0", "/snap/core/1", "squashfs", 110000000, 110000000, "/dev/loop0"),
    file_system("sr0", "/media/cdrom0", "iso9660", 700000000, 700000000, "/dev/sr0"),
    file_system("tmpfs", "/run", "tmpfs", 200000000, 1000000),
    file_system("overlay", "/var/lib/docker/overlay2/x", "overlay", 4100000000, 1500000000),
]

INTERFACES = [
    interface("lo", "00:00:00:00:00:00", ("ipv4", "127.0.0.1", 8), ("ipv6", "::1", 128)),
    interface("eth0", "bc:24:11:aa:00:01", ("ipv4", "192.0.2.100", 24), ("ipv6", "2001:db8::100", 64), ("ipv6", "fe80::be24:11ff:feaa:1", 64)),
    interface("docker0", "02:42:00:00:00:01", ("ipv4", "172.17.0.1", 16)),
    interface("eth1", "bc:24:11:aa:00:02"),
]

GUESTS: Answers = {
    f"{API}/nodes/pve1/qemu/100/config": {
        "name": "web-100",
        "agent": "enabled=1,fstrim_cloned_disks=1",
        "boot": "order=ide2;virtio0;net0",
        "cores": 2,
        "sockets": "2",
        "vcpus": 3,
        "memory": "6000",
        "onboot": 1,
        "ostype": "l26",
        "tags": "prod;web",
        "ide2": "local:iso/debian-12.iso,media=cdrom,size=629M",
        "ide3": "none,media=cdrom",
        "scsi1": "local:100/vm-100-cloudinit.qcow2,media=cdrom",
        "virtio0": "nas:100/vm-100-disk-0.qcow2,discard=on,size=4G",
        "virtio1": "nas:100/vm-100-disk-1.qcow2,size=1536M",
        "efidisk0": "local:100/vm-100-disk-2.qcow2,efitype=4m,size=528K",
        "hostpci0": "0000:01:00.0,pcie=1,x-vga=1",
        "hostpci1": "mapping=gpu,mdev=nvidia-35",
        "net0": "virtio=BC:24:11:AA:00:01,bridge=vmbr0",
        "digest": "97fd8d91f0bb1c7709e512e7ae90a699c1d15df7",
    },
    f"{API}/nodes/pve1/lxc/200/config": {
        "hostname": "ct-200",
        "arch": "amd64",
        "memory": 256,
        "swap": 128,
        "ostype": "debian",
        "rootfs": "local:200/vm-200-disk-0.raw,size=1G",
        "mp0": "nas:200/vm-200-disk-1.raw,mp=/srv,backup=1,size=20G",
        "mp1": "/mnt/shared,mp=/mnt/shared",
        "unprivileged": 1,
        "digest": "92e5cf9923b3f9a1ad8ce66c500926825064a6c0",
    },
    f"{API}/nodes/pve1/qemu/100/snapshot": [
        {"name": "before", "snaptime": 1795000100, "vmstate": 0, "description": ""},
        {"name": "after", "snaptime": 1795100100, "vmstate": 0, "parent": "before", "description": ""},
        {"name": "current", "running": 1, "parent": "after", "description": "You are here!", "digest": "97fd8d91f0bb1c7709e512e7ae90a699c1d15df7"},
    ],
    f"{API}/nodes/pve1/qemu/100/agent/get-fsinfo": {"result": FILE_SYSTEMS},
    f"{API}/nodes/pve1/qemu/100/agent/network-get-interfaces": {"result": INTERFACES},
    f"{API}/nodes/pve1/qemu/100/agent/get-osinfo": {"result": DEBIAN},
    f"{API}/nodes/pve1/lxc/200/interfaces": [
        interface("lo", "00:00:00:00:00:00", ("inet", "127.0.0.1", 8), ("inet6", "::1", 128)) | {"inet": "127.0.0.1/8", "inet6": "::1/128"},
        interface("eth0", "bc:24:11:bb:00:01", ("inet", "192.0.2.200", 24), ("inet6", "2001:db8::200", 64)) | {"hwaddr": "bc:24:11:bb:00:01", "inet": "192.0.2.200/24"},
    ],
}

TAGS = {100: "prod;web;mon-cpu-98;mon-cpu-95.5;mon-mem-off;mon-Disk-90;mon-disk-101", 102: "mon-disk-90", 120: "mon-mute", 200: "ct;mon-mute"}


def tagged(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Resources whose guests have tags for alerts."""
    return [row | {"tags": TAGS[row["vmid"]]} if row.get("vmid") in TAGS else row for row in resources]


def beside(recorded: Mapping[str, Any]) -> Answers:
    """All answers of this file, for a cluster that says the rest as it was recorded."""
    path = f"{API}/cluster/resources"
    return copy.deepcopy({**DISKS, **ZFS, **CEPH, **BACKUPS, **REPLICATION, **CLUSTER, **GUESTS, path: tagged(recorded[path])})


def as_of_8_4(recorded: Mapping[str, Any]) -> Answers:
    """What a cluster of 8.4 would have said: no memhost and no pressure, networks as rows of type sdn, no agent right for auditors, no fencing row."""
    answers: Answers = copy.deepcopy(dict(recorded))
    answers[f"{API}/version"] = {"version": "8.4.14", "release": "8.4", "repoid": "b502d23c55afcba1"}
    for path, data in answers.items():
        for row in data if isinstance(data, list) else ():
            if isinstance(row, dict):
                for key in [key for key in row if key == "memhost" or key.startswith("pressure")]:
                    del row[key]
                if row.get("type") == "network":
                    zone = row.pop("network")
                    del row["network-type"]
                    row |= {"type": "sdn", "sdn": zone, "id": f"sdn/{row['node']}/{zone}"}
        if path == f"{API}/access/permissions":
            for rights in data.values():
                rights.pop("VM.GuestAgent.Audit", None)
    current = f"{API}/cluster/ha/status/current"
    answers[current] = [row for row in answers[current] if row["type"] != "fencing"]
    return answers

"""A cluster that never rests: guests are created, migrated, renamed, stopped and deleted, and calls fail in every way, all from one seed."""

from __future__ import annotations

import itertools
import random
import threading
import time
from typing import Any

from replay import Fault, Replay

API = "/api2/json"
NODES = ("pve1", "pve2", "pve3")
RIGHTS = {"Sys.Audit": 1, "VM.Audit": 1, "VM.GuestAgent.Audit": 1, "Datastore.Audit": 1, "Pool.Audit": 1, "Mapping.Audit": 1}
BLOCK = {
    "rd_bytes": 1, "wr_bytes": 2, "rd_operations": 3, "wr_operations": 4, "flush_operations": 5, "unmap_operations": 6,
    "failed_rd_operations": 0, "failed_wr_operations": 0, "rd_total_time_ns": 7, "wr_total_time_ns": 8, "flush_total_time_ns": 9,
    "unmap_total_time_ns": 10,
}  # fmt: skip


class Churn:
    """Serves the cluster, and changes it `ticks_per_second` times a second while its `with` block lasts."""

    def __init__(self, seed: int = 1, guests: int = 60, ticks_per_second: float = 2) -> None:
        self.replay = Replay.from_rows({})
        self.changes = 0
        self._chance = random.Random(seed)
        self._vmids = itertools.count(100)
        self._guests: dict[int, dict[str, Any]] = {}
        self._size, self._pause = guests, 1 / ticks_per_second
        self._offline = ""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="churn", daemon=True)
        for _ in range(guests):
            self._create()
        self.replay.serve(self._rows())

    def __enter__(self) -> Churn:
        self.replay.__enter__()
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stopping.set()
        self._thread.join()
        self.replay.__exit__(*error)

    def _run(self) -> None:
        while not self._stopping.wait(self._pause):
            for _ in range(self._chance.randrange(1, 4)):
                self._change()
            rows = self._rows()
            self.replay.serve(rows)
            if self._chance.random() < 0.5:
                # Of some four hundred paths nine are asked at each scrape.
                fast = [path for path in rows if path.endswith(("/status", "/resources", "qemu?full=1", "/lxc"))]
                for path in [self._chance.choice(sorted(fast)), *self._chance.sample(sorted(rows), 3)]:
                    self.replay.faults[path] = self._fault()

    def _create(self) -> None:
        vmid = next(self._vmids)
        kind = self._chance.choice(("qemu", "qemu", "lxc"))
        tags = self._chance.choice((None, "prod;web", f"team-{vmid}", "mon-cpu-98;mon-mem-off"))
        self._guests[vmid] = {"vmid": vmid, "kind": kind, "node": self._chance.choice(NODES), "name": f"guest-{vmid}", "running": True, "tags": tags}

    def _change(self) -> None:
        self.changes += 1
        if len(self._guests) < self._size // 2 or (self._chance.random() < 0.3 and len(self._guests) < self._size * 2):
            return self._create()
        vmid = self._chance.choice(sorted(self._guests))
        match self._chance.randrange(5):
            case 0:
                del self._guests[vmid]
            case 1:
                self._guests[vmid]["node"] = self._chance.choice(NODES)
            case 2:
                self._guests[vmid]["name"] = f"renamed-{self.changes}"
            case 3:
                self._guests[vmid]["running"] ^= True
            case 4:
                self._offline = "" if self._offline else self._chance.choice(NODES[1:])
        return None

    def _fault(self) -> Fault:
        return self._chance.choice((
            Fault(status=500, reason="got timeout"), Fault(status=403, reason="Permission check failed"), Fault(status=595, reason="No route to host"),
            Fault(close_without_answer=True), Fault(body=b"{"), Fault(body=b'{"data":[{"vmid":"x"},5,null]}'), Fault(delay_seconds=1),
        ))  # fmt: skip

    def _rows(self) -> dict[str, Any]:
        now = int(time.time())
        online = [node for node in NODES if node != self._offline]
        rows: dict[str, Any] = {
            f"{API}/version": {"version": "9.2.11", "release": "9.2", "repoid": "14a22df3"},
            f"{API}/access/permissions": {path: RIGHTS for path in ("/", "/vms", "/nodes", "/storage", "/pool")},
            f"{API}/cluster/status": [{"type": "cluster", "name": "churn", "quorate": 1, "nodes": 3}]
            + [{"type": "node", "name": node, "online": int(node in online)} for node in NODES],
            f"{API}/cluster/resources": [
                *({"type": "node", "node": node, "status": "online" if node in online else "offline", "cpu": 0.5, "maxcpu": 8} for node in NODES),
                *({"type": "storage", "node": node, "storage": "local", "plugintype": "dir", "status": "available", "disk": 1, "maxdisk": 2} for node in NODES),
                *(self._resource(guest) for guest in self._guests.values()),
            ],
            f"{API}/cluster/ha/status/current": [{"type": "quorum", "node": "pve1", "quorate": 1}]
            + [{"type": "service", "sid": f"vm:{guest['vmid']}", "node": guest["node"], "crm_state": "started"} for guest in self._of_kind("qemu")],
            f"{API}/cluster/backup": [{"id": f"backup-{self.changes // 50}", "schedule": "02:30", "storage": "local", "all": 1, "next-run": now + 60}],
            f"{API}/cluster/backup-info/not-backed-up": [
                {"vmid": vmid, "name": guest["name"], "type": guest["kind"]} for vmid, guest in self._guests.items() if vmid % 3 == 0
            ],
        }  # fmt: skip
        for node in online:
            rows |= self._of_node(node, now)
        for guest in self._guests.values():
            rows |= self._of_guest(guest, now)
        return rows

    def _of_kind(self, kind: str, node: str = "") -> list[dict[str, Any]]:
        return [guest for guest in self._guests.values() if guest["kind"] == kind and node in ("", guest["node"])]

    def _resource(self, guest: dict[str, Any]) -> dict[str, Any]:
        if guest["node"] == self._offline:
            return {"type": guest["kind"], "vmid": guest["vmid"], "node": guest["node"], "status": "unknown"}
        row = {key: guest[key] for key in ("vmid", "node", "name", "tags")}
        return row | {"type": guest["kind"], "status": "running" if guest["running"] else "stopped", "template": 0, "cpu": 0.1, "maxcpu": 2, "mem": 3, "maxmem": 4}

    def _of_node(self, node: str, now: int) -> dict[str, Any]:
        def listed(guest: dict[str, Any]) -> dict[str, Any]:
            return {key: guest[key] for key in ("vmid", "name", "tags")} | {
                "status": "running" if guest["running"] else "stopped", "cpus": 2, "mem": 3, "maxmem": 4, "uptime": now % 100_000, "netin": now,
            }  # fmt: skip

        machines = [
            listed(guest) | {"blockstat": {"scsi0": BLOCK, "scsi1": BLOCK}, "nics": {f"tap{guest['vmid']}i0": {"netin": 1, "netout": 2}}}
            for guest in self._of_kind("qemu", node)
        ]
        place = f"{API}/nodes/{node}"
        tasks = [
            {"upid": f"UPID:{node}:{now // 20 * 20:08X}:0:0:vzdump:{guest['vmid']}:root@pam:", "type": "vzdump", "id": str(guest["vmid"]), "starttime": now // 20 * 20 - 60, "endtime": now // 20 * 20 - 30, "status": "OK"}
            for guest in self._of_kind("qemu", node)[:20]
        ]
        pool = {"name": "tank", "scan": "none requested", "errors": "No known data errors", "children": [{"name": "tank", "children": [{"name": f"/dev/disk/by-id/ata-{self.changes // 100}", "state": "ONLINE", "read": 0, "write": 0, "cksum": 0}]}]}
        return {
            f"{place}/status": {"loadavg": ["1", "2", "3"], "wait": 0.1, "pveversion": "pve-manager/9.2.11", "memory": {"available": 5}},
            f"{place}/qemu?full=1": machines,
            f"{place}/lxc": [listed(guest) for guest in self._of_kind("lxc", node)],
            f"{place}/replication": [
                {"id": f"{guest['vmid']}-0", "guest": guest["vmid"], "target": "pve1", "last_sync": now, "fail_count": 0, "duration": 1} for guest in self._of_kind("qemu", node)
            ],
            f"{place}/tasks?typefilter=vzdump&source=archive": tasks,
            f"{place}/storage": [{"storage": "local", "type": "dir", "active": 1, "enabled": 1, "avail": 1}],
            f"{place}/certificates/info": [{"filename": "pve-ssl.pem", "notafter": now + 1000, "fingerprint": f"{self.changes // 100:02X}"}],
            f"{place}/subscription": {"status": "notfound"},
            f"{place}/services": [{"service": "pveproxy", "state": "running", "unit-state": "enabled"}],
            f"{place}/apt/update": [],
            f"{place}/disks/list": [{"devpath": f"/dev/sd{chr(97 + self.changes // 100 % 26)}", "type": "ssd", "health": "PASSED", "model": "M", "serial": str(self.changes // 100), "size": 1}],
            f"{place}/disks/zfs": [{"name": "tank", "health": "ONLINE", "size": 3, "alloc": 1, "free": 2, "frag": 1, "dedup": 1}],
            f"{place}/disks/zfs/tank": pool,
            f"{place}/time": {"time": now, "localtime": now + 3600},
            f"{place}/rrddata?timeframe=hour&cf=AVERAGE": [{"time": now, "arcsize": 1, "pressurecpusome": 1}],
        }  # fmt: skip

    def _of_guest(self, guest: dict[str, Any], now: int) -> dict[str, Any]:
        place = f"{API}/nodes/{guest['node']}/{guest['kind']}/{guest['vmid']}"
        snapshots = {f"{place}/snapshot": [{"name": "before", "snaptime": now - 1000}, {"name": "current"}]}
        if guest["kind"] == "lxc":
            addresses = [{"name": "eth0", "hwaddr": "bc:24:11:00:00:01", "ip-addresses": [{"ip-address": f"192.0.2.{self.changes % 250}", "ip-address-type": "inet"}]}]
            return snapshots | {f"{place}/config": {"rootfs": "local:x,size=1G", "cores": 2, "memory": 512}, f"{place}/interfaces": addresses}
        disk = [{"dev": "/dev/sda1"}]
        return snapshots | {
            f"{place}/config": {"agent": "1", "scsi0": f"local:vm-{guest['vmid']}-disk-0,size=4G", "boot": "order=scsi0", "memory": "1024"},
            f"{place}/agent/get-fsinfo": {"result": [{"name": "sda1", "mountpoint": "/", "type": "ext4", "total-bytes": 10, "used-bytes": self.changes, "disk": disk}]},
            f"{place}/agent/network-get-interfaces": {"result": [{"name": "eth0", "hardware-address": "bc:24:11:00:00:02", "ip-addresses": [{"ip-address": f"198.51.100.{self.changes % 250}"}]}]},
            f"{place}/agent/get-osinfo": {"result": {"id": "debian", "pretty-name": f"Debian {self.changes // 100}"}},
        }  # fmt: skip

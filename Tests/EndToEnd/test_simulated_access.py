"""Who sees what of the simulated cluster: by proxmoxer, beside answers of a real Proxmox VE 9.2."""

from __future__ import annotations

import json
from typing import Any

import pytest
from access import HEARD, RELEASES_IN_TURN, Cluster, refused, token_with
from conftest import REPOSITORY, Start
from proxmoxer import ProxmoxAPI
from proxmoxer.core import ResourceException

RECORDED = REPOSITORY / "Tests/EndToEnd/recordings"


def recorded(name: str, folder: str = "pve-9.2-access") -> Any:
    return json.loads((RECORDED / folder / f"{name}.json").read_text())["data"]


@pytest.fixture(scope="module", params=RELEASES_IN_TURN)
def estate(request: pytest.FixtureRequest, start_for_all: Start) -> tuple[str, Cluster, ProxmoxAPI]:
    cluster = Cluster(start_for_all, "--release", request.param, "--nodes", "3", "--guests", "30")
    return request.param, cluster, cluster.log_in()


# Of each role that a cluster has: which of these it opens.
ROUTES = {
    "nodes/pve1/status": ("Sys.Audit",),
    "cluster/status": ("Sys.Audit",),
    "nodes/pve1/disks/list": ("Sys.Audit", "Datastore.Audit"),
    "nodes/pve1/disks/zfs": ("Sys.Audit",),
    "nodes/pve1/apt/update": ("Sys.Modify",),
    "pools/prod": ("Pool.Audit",),
}


def test_each_predefined_role_opens_what_its_rights_are_for(estate: tuple[str, Cluster, ProxmoxAPI]) -> None:
    release, cluster, root = estate
    roles = {row["roleid"]: set(filter(None, row["privs"].split(","))) for row in root.access.roles.get() if row["special"]}
    assert len(roles) == 17 and roles["NoAccess"] == set()
    vm = next(row for row in root.cluster.resources.get(type="vm") if row["type"] == "qemu" and row["node"] == "pve1")
    agent = {"9.2": ("VM.GuestAgent.Audit", "VM.GuestAgent.Unrestricted"), "8.4": ("VM.Monitor",)}[release]
    guest = f"nodes/pve1/qemu/{vm['vmid']}"
    routes = ROUTES | {f"{guest}/config": ("VM.Audit",), f"{guest}/agent/get-host-name": agent}
    for role, privileges in roles.items():
        api = token_with(cluster, root, ("/", role))
        for path, enough in routes.items():
            try:
                api(path).get()
                status = 200
            except ResourceException as error:
                status = error.status_code
                # Of who may ask the agent some have none.
                assert status == 403 or (path.endswith("get-host-name") and status == 500), (role, path, str(error))
                if status == 403 and path != "nodes/pve1/disks/list":
                    assert "|".join(enough) in HEARD[0], (role, path)
            assert (status != 403) == bool(privileges & set(enough)), (role, path, status)
        assert bool(api.cluster.resources.get(type="vm")) == ("VM.Audit" in privileges), role
        assert bool(api.nodes("pve1").qemu.get()) == bool(api.nodes("pve2").lxc.get()) == ("VM.Audit" in privileges), role
        assert bool(api.cluster.resources.get(type="storage")) == ("Datastore.Audit" in privileges), role
        assert bool(api.nodes("pve1").storage.get()) == bool(privileges & {"Datastore.Audit", "Datastore.AllocateSpace"}), role
        assert bool(api.pools.get()) == ("Pool.Audit" in privileges), role
        assert bool(api.cluster.tasks.get()) == bool(api.nodes("pve1").tasks.get()) == ("Sys.Audit" in privileges), role
        assert ("cpu" in api.nodes.get()[0]) == ("Sys.Audit" in privileges), role
        everywhere = api.access.permissions.get()
        assert set(everywhere.get("/", {})) == privileges and all(value == 1 for value in everywhere.get("/", {}).values()), role


def test_roles_of_9_2_are_the_recorded_ones(start: Start) -> None:
    root = Cluster(start, "--guests", "0").log_in()
    assert {row["roleid"]: row for row in root.access.roles.get()} == {row["roleid"]: row for row in recorded("access-roles")}
    assert root.access.roles("PVEAuditor").get() == dict.fromkeys(next(
        row["privs"] for row in recorded("access-roles") if row["roleid"] == "PVEAuditor").split(","), 1)


def test_roles_of_8_4_have_the_monitor_and_no_agents(start: Start) -> None:
    root = Cluster(start, "--guests", "0", "--release", "8.4").log_in()
    roles = {row["roleid"]: set(row["privs"].split(",")) for row in root.access.roles.get()}
    newer = {row["roleid"]: set(row["privs"].split(",")) for row in recorded("access-roles")}
    assert roles.keys() == newer.keys()
    for role, privileges in roles.items():
        added = {"VM.Monitor"} if role in ("Administrator", "PVEAdmin", "PVEVMAdmin") else set()
        gone = {privilege for privilege in newer[role] if privilege.startswith("VM.GuestAgent.") or privilege == "VM.Replicate"}
        assert privileges == (newer[role] - gone) | added, role


def test_permissions_and_entries_are_as_recorded(start: Start) -> None:
    """The recorded cluster's users and entries, made here: what they may there they may here."""
    cluster = Cluster(start, "--nodes", "2", "--guests", "12", "--token-role", "none", "--user-role", "none")
    root = cluster.log_in()
    for user in recorded("access-users"):
        known = {row["userid"] for row in root.access.users.get()}
        if user["userid"] not in known:
            root.access.users.post(userid=user["userid"], enable=user["enable"], expire=user["expire"])
    value = root.access.users("monitor@pve").token("exporter").post()["value"]
    for entry in recorded("access-acl"):
        root.access.acl.put(**{"path": entry["path"], "roles": entry["roleid"], "propagate": entry["propagate"], f"{entry['type']}s": entry["ugid"]})

    def ordered(rows: list[dict[str, Any]]) -> list[str]:
        return sorted(json.dumps(row, sort_keys=True) for row in rows)

    assert ordered(root.access.acl.get()) == ordered(recorded("access-acl"))
    notes = ("email", "comment")
    bare = [{key: value for key, value in row.items() if key not in notes} for row in recorded("access-users")]
    assert ordered(root.access.users.get()) == ordered(bare)
    pooled = {f"/vms/{row['vmid']}" for row in root.cluster.resources.get(type="vm") if row.get("pool")}
    for theirs, ours in [
        (recorded("access-permissions", "pve-9.2-cluster"), cluster.by_token(value, "exporter").access.permissions.get()),
        (recorded("admin-access-permissions"), cluster.by_token(
            root.access.users("root@pam").token("adm").post(privsep=0)["value"], "adm", "root@pam").access.permissions.get()),
    ]:
        for path in theirs.keys() - {"/vms/110", "/storage/nas"}:
            assert ours[path] == theirs[path], path
        assert ours.keys() - theirs.keys() <= pooled
    one = root.access.users("noperm@pve").token("one").post()["value"]
    root.access.acl.put(path="/vms/100", roles="PVEAuditor", tokens="noperm@pve!one")
    api = cluster.by_token(one, "one", "noperm@pve")
    assert cluster.by_token(root.access.users("noperm@pve").token("t1").post()["value"], "t1", "noperm@pve").access.users.get() == (
        recorded("noperm-access-users"))
    rows = api.cluster.resources.get()
    assert {row["id"] for row in rows if row["type"] != "node"} == {next(r["id"] for r in root.cluster.resources.get(type="vm") if r["vmid"] == 100)}
    node_keys = {frozenset(row) for row in recorded("onevm-cluster-resources") if row["type"] == "node" and row["status"] == "online"}
    assert {frozenset(row) for row in rows if row["type"] == "node"} == node_keys
    assert "pool" not in next(row for row in rows if row["type"] != "node"), "a pool that one may not see"
    for path, name in [("nodes/pve1/status", "onevm-nodes-pve1-status"), ("cluster/backup-info/not-backed-up", "onevm-not-backed-up")]:
        answer = cluster.ask("GET", "/" + path, headers={"Authorization": f"PVEAPIToken=noperm@pve!one={one}"})
        assert (answer.status, answer.json) == (403, json.loads((RECORDED / f"pve-9.2-access/{name}.json").read_text()))


def test_lists_show_what_may_be_seen(estate: tuple[str, Cluster, ProxmoxAPI]) -> None:
    _, cluster, root = estate
    everything = root.cluster.resources.get()
    guests = [row for row in everything if row["type"] in ("qemu", "lxc")]
    pool = next(row["pool"] for row in guests if row.get("pool"))
    members = {row["vmid"] for row in guests if row.get("pool") == pool}
    of_pool = token_with(cluster, root, (f"/pool/{pool}", "PVEAuditor"))
    assert {row["vmid"] for row in of_pool.cluster.resources.get(type="vm")} == members
    listed = {guest["vmid"] for node in ("pve1", "pve2", "pve3") for kind in ("qemu", "lxc") for guest in of_pool.nodes(node)(kind).get()}
    assert listed == members
    assert [row["poolid"] for row in of_pool.pools.get()] == [pool]
    assert {member["vmid"] for member in of_pool.pools(pool).get()["members"]} == members
    refused(lambda: of_pool.cluster.status.get(), 403, "(/, Sys.Audit)")
    assert of_pool.access.permissions.get()[f"/vms/{min(members)}"]["VM.Audit"] == 0, "what comes from a pool ends there"
    of_node = token_with(cluster, root, ("/nodes/pve2", "PVEAuditor"), ("/storage/nas", "PVEDatastoreUser"))
    rows = of_node.cluster.resources.get()
    assert {row["node"] for row in rows if row["type"] == "node" and "cpu" in row} == {"pve2"}
    assert {row["storage"] for row in rows if row["type"] == "storage"} == {"nas"}
    assert [row["storage"] for row in of_node.storage.get()] == ["nas"]
    assert of_node.nodes("pve2").status.get()["uptime"] > 0 and of_node.nodes("pve2").tasks.get() and not of_node.nodes("pve1").tasks.get()
    refused(lambda: of_node.nodes("pve1").status.get(), 403, "(/nodes/pve1, Sys.Audit)")
    assert len(of_node.nodes("pve2").subscription.get()) > len(of_node.nodes("pve1").subscription.get())
    hidden = min(members)
    but_one = token_with(cluster, root, ("/", "PVEAuditor"), (f"/vms/{hidden}", "NoAccess"))
    assert {row["vmid"] for row in guests} - {row["vmid"] for row in but_one.cluster.resources.get(type="vm")} == {hidden}
    here_only = token_with(cluster, root, ("/vms", "PVEAuditor"), propagate=0)
    assert here_only.cluster.resources.get(type="vm") == [] and here_only.access.permissions.get(path="/vms")["/vms"]["VM.Audit"] == 0

"""How users, tokens, roles and rights of the simulated cluster are changed: by proxmoxer, with the errors of the real one."""

from __future__ import annotations

import json
import time
import urllib.parse
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from access import RELEASES, Cluster, refused
from conftest import Answer, Start, free_port, wait_for
from proxmoxer import ProxmoxAPI
from proxmoxer.core import AuthenticationError, ResourceException

import pveum

# The simulator alone; what people run against it is held by the tests of init and the doctor.
pytestmark = pytest.mark.e2e



@pytest.fixture(scope="module", params=RELEASES)
def estate(request: pytest.FixtureRequest, start_for_all: Start) -> tuple[str, Cluster, ProxmoxAPI]:
    cluster = Cluster(start_for_all, "--release", request.param, "--nodes", "3", "--guests", "30")
    return request.param, cluster, cluster.log_in()


def test_users_tokens_and_roles(estate: tuple[str, Cluster, ProxmoxAPI]) -> None:
    release, cluster, root = estate
    user = "alice.b+c@pve"
    assert root.access.users.post(userid=user, comment="Alice", password="long enough", email="a@example.org") is None
    refused(lambda: root.access.users.post(userid=user), 500, f"create user failed: user '{user}' already exists")
    alice = root.access.users(user).get()
    assert (alice["comment"], alice["enable"], alice["groups"], alice["tokens"]) == ("Alice", 1, [], None)
    made = root.access.users(user).token("first").post(comment="for a test")
    assert made["full-tokenid"] == f"{user}!first" and made["info"] == {"privsep": 1, "comment": "for a test"}
    assert uuid.UUID(made["value"]).version == 4
    refused(lambda: root.access.users(user).token("first").post(), 400, "Token already exists.")
    assert root.access.users(user).token.get() == [{"tokenid": "first", "privsep": 1, "comment": "for a test"}]
    assert root.access.users(user).get()["tokens"] == {"first": {"privsep": 1, "comment": "for a test"}}
    api = cluster.by_token(made["value"], "first", user)
    assert api.version.get()["release"] == release and api.access.permissions.get() == {}
    own = cluster.log_in(user, "long enough")
    assert [row["userid"] for row in own.access.users.get()] == [user]
    second = own.access.users(user).token("second").post(privsep=0)["value"]
    root.access.acl.put(path="/vms", roles="PVEVMUser", users=user)
    assert cluster.by_token(second, "second", user).cluster.resources.get(type="vm") and api.cluster.resources.get(type="vm") == []
    assert root.access.users(user).token("second").put(privsep=1) == {"privsep": 1}
    assert cluster.by_token(second, "second", user).cluster.resources.get(type="vm") == []
    # What may not be done by whom.
    refused(lambda: own.access.users.post(userid="bob@pve"), 403, "(/access/realm/pve, Realm.AllocateUser)")
    refused(lambda: own.access.users("root@pam").token.get(), 403, "Permission check failed")
    refused(lambda: api.access.users(user).token("second").delete(), 403, "Permission check failed")
    refused(lambda: own.access.roles.post(roleid="Mine"), 403, "(/access, Sys.Modify)")
    refused(lambda: own.access.acl.put(path="/", roles="Administrator", users=user), 403, "(/, Permissions.Modify)")
    refused(lambda: own.access.acl.put(path="/vms/100", roles="Administrator", users=user), 403, "(/vms/100, Permissions.Modify|VM.Allocate)")
    root.access.acl.put(path="/vms/100", roles="PVEVMAdmin", users=user)
    own.access.acl.put(path="/vms/100", roles="PVETemplateUser", tokens=f"{user}!first")
    refused(lambda: own.access.acl.put(path="/vms/100", roles="PVEAuditor", users=user), 400, "superset of privileges")
    assert [row["vmid"] for row in api.cluster.resources.get(type="vm")] == [100]
    # What is over.
    assert root.access.users(user).token("first").put(expire=1)["expire"] == 1
    with pytest.raises((AuthenticationError, ResourceException)):
        api.version.get()
    root.access.users(user).token("first").put(expire=int(time.time()) + 3600)
    assert api.version.get()
    root.access.users(user).put(enable=0)
    for door in (api, own):
        with pytest.raises((AuthenticationError, ResourceException)):
            door.version.get()
    root.access.users(user).put(enable=1)
    assert root.access.users(user).token("second").delete() is None
    refused(lambda: root.access.users(user).token("second").get(), 500, f"no such token 'second' for user '{user}'")
    assert root.access.users(user).delete() is None
    refused(lambda: root.access.users(user).get(), 500, f"no such user ('{user}')")
    assert not [entry for entry in root.access.acl.get() if entry["ugid"].startswith(user)]
    # Roles.
    assert root.access.roles.post(roleid="Few", privs="Sys.Audit VM.Audit,Pool.Audit") is None
    assert set(root.access.roles("Few").get()) == {"Sys.Audit", "VM.Audit", "Pool.Audit"}
    root.access.roles("Few").put(privs="Sys.Modify", append=1)
    assert set(root.access.roles("Few").get()) == {"Sys.Audit", "VM.Audit", "Pool.Audit", "Sys.Modify"}
    root.access.roles("Few").put(privs="VM.Audit")
    assert next(row for row in root.access.roles.get() if row["roleid"] == "Few") == {"roleid": "Few", "privs": "VM.Audit", "special": 0}
    refused(lambda: root.access.roles.post(roleid="Few"), 500, "create role failed: role 'Few' already exists")
    refused(lambda: root.access.roles.post(roleid="PveMine"), 400, "cannot use role ID starting with")
    refused(lambda: root.access.roles("PVEAuditor").put(privs="VM.Audit"), 500, "auto-generated role 'PVEAuditor' cannot be modified")
    refused(lambda: root.access.roles("Administrator").delete(), 500, "auto-generated role 'Administrator' cannot be deleted")
    foreign = {"9.2": "VM.Monitor", "8.4": "VM.GuestAgent.Audit"}[release]
    refused(lambda: root.access.roles.post(roleid="Other", privs=foreign), 400, f"invalid privilege '{foreign}'")
    root.access.roles("Few").delete()
    refused(lambda: root.access.roles("Few").get(), 500, "role 'Few' does not exist")


@pytest.mark.parametrize(
    ("method", "path", "form", "status", "text"),
    [
        ("POST", "users", {}, 400, "property is missing and it is not optional"),
        ("POST", "users", {"userid": "bob"}, 400, "does not look like a valid user name"),
        ("POST", "users", {"userid": "b:b@pve"}, 400, "does not look like a valid user name"),
        ("POST", "users", {"userid": "x" * 65 + "@pve"}, 400, "64 characters"),
        ("POST", "users", {"userid": "bob@pve", "bogus": "1"}, 400, "not defined in schema"),
        ("POST", "users", {"userid": "bob@pve", "enable": "perhaps"}, 400, "type check ('boolean') failed"),
        ("POST", "users", {"userid": "bob@pve", "expire": "-1"}, 400, "minimum value of 0"),
        ("POST", "users", {"userid": "bob@pve", "password": "short"}, 400, "at least 8"),
        ("POST", "users", {"userid": "bob@pve", "groups": "admins"}, 500, "no such group 'admins'"),
        ("POST", "users", {"userid": "bob@pve", "comment": "x" * 3000}, 400, "2048"),
        ("PUT", "users/nobody@pve", {"comment": "x"}, 500, "update user failed: no such user ('nobody@pve')"),
        ("POST", "users/nobody@pve/token/t1", {}, 500, "no such user ('nobody@pve')"),
        ("POST", "users/monitor@pve/token/1", {}, 400, "does not match the regex pattern"),
        ("POST", "users/monitor@pve/token/ok", {"expire": "soon"}, 400, "type check ('integer') failed"),
        ("PUT", "users/monitor@pve/token/none", {"comment": "x"}, 500, "no such token 'none' for user 'monitor@pve'"),
        ("POST", "roles", {"roleid": "a b"}, 400, "contains invalid characters"),
        ("POST", "roles", {"roleid": "Mine", "privs": "Sys.Audit Nothing.Known"}, 400, "invalid privilege 'Nothing.Known'"),
        ("PUT", "roles/Nobody", {"privs": "VM.Audit"}, 500, "update role failed: role 'Nobody' does not exist"),
        ("DELETE", "roles/Nobody", {}, 500, "delete role failed: role 'Nobody' does not exist"),
        ("PUT", "acl", {"path": "/", "roles": "PVEAuditor"}, 400, "is required"),
        ("PUT", "acl", {"path": "/", "users": "monitor@pve"}, 400, "property is missing"),
        ("PUT", "acl", {"path": "/nowhere", "roles": "PVEAuditor", "users": "monitor@pve"}, 400, "invalid ACL path '/nowhere'"),
        ("PUT", "acl", {"path": "/vms/1", "roles": "PVEAuditor", "users": "monitor@pve"}, 400, "invalid ACL path '/vms/1'"),
        ("PUT", "acl", {"path": "/vms/../x", "roles": "PVEAuditor", "users": "monitor@pve"}, 400, "invalid ACL path"),
        ("PUT", "acl", {"path": "/", "roles": "Nobody", "users": "monitor@pve"}, 500, "ACL update failed: role 'Nobody' does not exist"),
        ("PUT", "acl", {"path": "/", "roles": "PVEAuditor", "users": "no@pve"}, 500, "user 'no@pve' does not exist"),
        ("PUT", "acl", {"path": "/", "roles": "PVEAuditor", "tokens": "monitor@pve!no"}, 500, "no such token 'no' for user 'monitor@pve'"),
        ("PUT", "acl", {"path": "/", "roles": "PVEAuditor", "tokens": "monitor@pve"}, 400, "valid token ID"),
        ("PUT", "acl", {"path": "/", "roles": "PVEAuditor", "groups": "admins"}, 500, "group 'admins' does not exist"),
        ("PUT", "acl", {"path": "/", "roles": ",".join(["NoAccess"] * 100), "users": "monitor@pve"}, 400, "no more than 64"),
        ("POST", "acl", {}, 501, "Method 'POST /access/acl' not implemented"),
        ("DELETE", "users", {}, 501, "not implemented"),
        ("GET", "permissions?userid=b:b", {}, 400, "does not match the regex pattern"),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(
    estate: tuple[str, Cluster, ProxmoxAPI], method: str, path: str, form: dict[str, str], status: int, text: str
) -> None:
    _, cluster, root = estate
    before = (root.access.acl.get(), root.access.users.get(full=1), root.access.roles.get())
    head = cluster.ticket()
    forms = [(urllib.parse.urlencode(form).encode(), {}), (json.dumps(form).encode(), {"Content-Type": "application/json"})]
    for body, more in forms if method != "GET" else [(None, {})]:
        answer = cluster.ask(method, f"/access/{path}", body, head | more)
        assert answer.status == status and text in answer.text, answer.text
        assert answer.json["data"] is None
    assert (root.access.acl.get(), root.access.users.get(full=1), root.access.roles.get()) == before


def test_who_writes_with_a_ticket_needs_the_other_token_too(estate: tuple[str, Cluster, ProxmoxAPI]) -> None:
    _, cluster, _ = estate
    cookie = {"Cookie": cluster.ticket()["Cookie"]}
    assert cluster.ask("GET", "/access/roles", headers=cookie).status == 200
    assert cluster.ask("POST", "/access/roles", b"roleid=Forged", cookie).status == 401


def test_there_is_room_for_so_many(start: Start) -> None:
    cluster = Cluster(start, "--guests", "0")
    root = cluster.log_in()


    def many(one: Callable[[int], Any]) -> Any:
        for number in range(400):
            one(number)

    refused(lambda: many(lambda number: root.access.users.post(userid=f"user{number}@pve")), 500, "no room for more than 256 users")
    refused(lambda: many(lambda number: root.access.users("user1@pve").token(f"t{number}").post()), 500, "no room for more than 32 tokens")
    refused(lambda: many(lambda number: root.access.roles.post(roleid=f"Role{number}")), 500, "no room for more than 256 roles")
    users = ",".join(f"user{number}@pve" for number in range(64))
    refused(
        lambda: many(lambda number: root.access.acl.put(path=f"/vms/{100 + number}", roles="PVEAuditor", users=users)), 500,
        "no room for more than 4096 entries")
    assert cluster.by_token().version.get()


def test_changes_need_a_majority_and_the_daemon(start: Start) -> None:
    cluster = Cluster(start, "--guests", "4")
    head = cluster.ticket()

    def add(name: str) -> Answer:
        return cluster.ask("POST", "/access/roles", f"roleid={name}".encode(), head)

    assert add("One").status == 200
    cluster.begin("quorum-lost")
    lost = add("Two")
    assert lost.status == 500 and "no quorum" in lost.text
    cluster.begin("daemon-dead")
    assert add("Two").status == 595
    # Root keeps its rights whatever happens to those of others.
    cluster.begin("rights-lost")
    assert add("Two").status == 200 and cluster.ask("GET", "/access/permissions").json == {"data": {}}


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--token-role", "PVEAuditr"], ['"PVEAuditr"', "of the token", '"PVEAuditor"', "known are"]),
        (["--user-role", "Nobody"], ['"Nobody"', "of the user", "9.2"]),
        (["--token-role", "none,PVEAuditor"], ["--token-role", "alone"]),
        (["--token-role", ""], ["--token-role"]),
        (["--token", "monitor@pve=SECRET"], ["USER@REALM!TOKENID=SECRET"]),
        (["--user", "root@pam", "--password", "a", "--root-password", "b"], ["root@pam", "two passwords"]),
    ],
)
def test_flags_that_cannot_be(start: Start, flags: list[str], words: list[str]) -> None:
    program = start("simulate", "proxmox", "--listen", f"127.0.0.1:{free_port()}", *flags)
    wait_for(lambda: not program.is_running, 10, "the end")
    assert program.process.returncode != 0 and all(word in program.output for word in words), program.output
    assert "SECRET" not in program.output.replace("!TOKENID=SECRET", "").replace("!martlet=SECRET", "")


def test_a_token_past_its_end_is_let_in_again(start: Start) -> None:
    cluster = Cluster(start, "--token-expired", "--guests", "0")
    began = time.monotonic()
    assert cluster.ask("GET", "/version").status == 401 and time.monotonic() - began >= 3
    pveum.run(cluster.log_in(), "pveum user token modify monitor@pve martlet --expire 0")
    assert cluster.ask("GET", "/version").status == 200

"""A simulated cluster whose users and rights a test changes, as root@pam does by proxmoxer."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from conftest import Answer, Program, Start, free_port, wait_for
from proxmoxer import ProxmoxAPI
from proxmoxer.core import ResourceException

TOKEN = "monitor@pve!martlet"
SECRET = "0f7a1c9e-secret"
ROOT_PASSWORD = "geheim & +1%"
RELEASES = ["9.2", "8.4"]
# Where `make e2e` does with the older one what `make test` does with the newer.
RELEASES_IN_TURN = ["9.2", pytest.param("8.4", marks=pytest.mark.e2e)]

HEARD = [""]
"""The last answer to a client of proxmoxer, which keeps of an error only what the real server says beside it, in the line of the status."""


class Cluster:
    """A simulated cluster with its root."""

    def __init__(self, start: Start, *flags: str, token: str = TOKEN) -> None:
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        words = ["--listen", f"127.0.0.1:{self.port}", "--latency", "0s", "--token", f"{token}={SECRET}", "--root-password", ROOT_PASSWORD]
        self.program: Program = start("simulate", "proxmox", *words, *flags)
        wait_for(lambda: self.ask("GET", "/access/ticket").status == 200 or not self.program.is_running, 10, "listening")

    def by_token(self, secret: str = SECRET, name: str = "martlet", user: str = "monitor@pve") -> ProxmoxAPI:
        return _heard(ProxmoxAPI("127.0.0.1", port=self.port, user=user, token_name=name, token_value=secret, verify_ssl=False, timeout=20))

    def log_in(self, user: str = "root@pam", password: str = ROOT_PASSWORD) -> ProxmoxAPI:
        return _heard(ProxmoxAPI("127.0.0.1", port=self.port, user=user, password=password, verify_ssl=False, timeout=20))

    def begin(self, scenario: str) -> None:
        assert self._send("PUT", "/api/v1/scenario", scenario.encode(), {}).status == 200

    def ask(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """A request without a library that knows about the API; by the token unless the headers say otherwise."""
        return self._send(method, f"/api2/json{path}", body, {"Authorization": f"PVEAPIToken={TOKEN}={SECRET}"} if headers is None else headers)

    def _send(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        request = urllib.request.Request(self.url + path, data=body, method=method, headers=dict(headers))
        try:
            with urllib.request.urlopen(request, timeout=20, context=context) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def ticket(self) -> dict[str, str]:
        """The headers by which root may change things."""
        form = urllib.parse.urlencode({"username": "root@pam", "password": ROOT_PASSWORD}).encode()
        data = self.ask("POST", "/access/ticket", form, {}).json["data"]
        return {"Cookie": f"PVEAuthCookie={data['ticket']}", "CSRFPreventionToken": data["CSRFPreventionToken"]}


def _heard(api: ProxmoxAPI) -> ProxmoxAPI:
    def keep(response: Any, *_: Any, **__: Any) -> None:
        HEARD[0] = response.text

    api._store["session"].hooks["response"].append(keep)
    return api


def refused(call: Callable[[], Any], status: int, text: str) -> None:
    """The call fails so, and the text stands in the answer."""
    with pytest.raises(ResourceException) as error:
        call()
    assert (error.value.status_code, text in HEARD[0]) == (status, True), f"{error.value}: {HEARD[0]}"


def token_with(cluster: Cluster, root: ProxmoxAPI, *entries: tuple[str, str], propagate: int = 1) -> ProxmoxAPI:
    """A new token of a new user who both have these roles on these paths."""
    user = f"u{uuid.uuid4().hex[:12]}@pve"
    root.access.users.post(userid=user)
    value = root.access.users(user).token("t1").post(privsep=1)["value"]
    for path, role in entries:
        root.access.acl.put(path=path, roles=role, users=user, tokens=f"{user}!t1", propagate=propagate)
    return cluster.by_token(value, "t1", user)

"""No secret is told to anybody: not in a line of the log, an error, a metric, a page, a file of state, a command line or a child's environment.

One run does all that a secret could get out by: scrapes, wrong passwords, reloads of configurations with secrets in wrong places, and an API
that says back what it was asked with. All that anybody gets to see of it is then searched for every secret, as it is and in the forms in
which programs write such texts.
"""

from __future__ import annotations

import base64
import html
import json
import secrets
import signal
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
import yaml
from conftest import Start, fetch, free_port, wait_for
from doors import bcrypt, halves
from listeners import Authority, Listener, api, header_of, http
from replay import Replay
from stack import Stack

ROWS = Replay.from_recordings().answers
USER = "monitor@pve"


def word(kind: str) -> str:
    """A new secret with all that needs to be written in another way somewhere."""
    return f'{kind}-"{secrets.token_hex(8)}" \\&<é%2F>+{secrets.token_hex(8)}'


def forms(secret: str) -> set[bytes]:
    """How programs write a text: as it is, percent-encoded, in JSON or logfmt, in HTML, in base64 wherever it begins."""
    raw = secret.encode()
    texts = {
        secret, quote(secret, safe=""), quote(secret, safe="").lower(), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1], html.escape(secret), html.escape(secret).replace("&#x27;", "&#39;"),
    }  # fmt: skip
    packed = set()
    for offset in range(3):
        # The letters at both ends depend on what stands beside the secret.
        whole = base64.b64encode(b"\0" * offset + raw)
        inner = whole[(0, 2, 3)[offset] : len(whole) - 4]
        packed |= {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}
    return {text.encode() for text in texts} | packed


class Search:
    """Looks for secrets in all that it is shown."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self.forms = {name: forms(secret) for name, secret in known.items()}
        assert all(len(form) >= 12 for found in self.forms.values() for form in found), "what is short is found anywhere"
        self.leaks: list[str] = []
        self.size = 0

    def look(self, place: str, text: bytes) -> None:
        self.size += len(text)
        for name, found in self.forms.items():
            if any(form in text for form in found):
                self.leaks.append(f"{name} in {place}")

    def assert_nothing(self, least_bytes: int) -> None:
        assert self.leaks == []
        assert self.size > least_bytes, f"only {self.size} bytes were looked at"


@pytest.mark.parametrize("shape", ["{}", "Authorization: PVEAPIToken=u@pve!x={}", '{{"a":{}}}'], ids=["bare", "header", "JSON"])
def test_the_search_finds_what_is_there(shape: str) -> None:
    secret = word("planted")
    texts = [
        shape.format(secret).encode(), shape.format(json.dumps(secret)).encode(), shape.format(quote(secret, safe="")).encode(),
        *(base64.b64encode(b"x" * offset + shape.format(secret).encode()) for offset in range(3)),
    ]  # fmt: skip
    for text in texts:
        search = Search({"planted": secret})
        search.look("the text", b"before " + text + b" behind")
        assert search.leaks == ["planted in the text"], text
    search = Search({"planted": secret})
    search.look("the text", word("another").encode())
    search.assert_nothing(10)


class Echo:
    """An API that lets everybody in and then says back, in each way that it has, what it was asked with."""

    WAYS = ("well", "reason", "message", "percent-encoded", "headers", "page", "401", "not JSON", "names", "redirect", "closed")

    def __init__(self) -> None:
        self.way = "well"
        self.good = api(ROWS)

    def __call__(self, head: bytes, body: bytes) -> bytes:
        if self.way == "well":
            return self.good(head, body)
        said = " ".join(filter(None, (header_of(head, "Authorization"), header_of(head, "Cookie"), body.decode())))
        message = json.dumps({"data": None, "message": f"no access with {said}\n"}).encode()
        latin = said.encode("latin-1", "replace").decode("latin-1")
        match self.way:
            case "reason":
                return http(b"", f"500 no access with {latin}")
            case "message":
                return http(message, "500 Internal Server Error")
            case "percent-encoded":
                return http(b"", f"403 Permission check failed ({quote(said, safe='')})")
            case "headers":
                return http(b"", "500 no", X_Said=latin, WWW_Authenticate=latin, Set_Cookie=latin)
            case "page":
                return http(b"<html>" + said.encode() + b"</html>", Content_Type="text/html")
            case "401":
                return http(message, f"401 {latin}")
            case "not JSON":
                return http(b'{"data":"' + said.encode() + b"\x01")
            case "names":
                rows = [{"type": "node", "id": f"node/{said}", "name": said, "node": said, "online": 1, "status": "online"}]
                return http(json.dumps({"data": rows}).encode())
            case "redirect":
                return http(b"", "302 Found", Location=f"http://127.0.0.1:1/{quote(said)}")
            case _:
                return b"HTTP/1.1 500 " + latin.encode("latin-1")


class Exporter:
    """`martlet exporter` with every secret that it can have, behind TLS and a password."""

    def __init__(self, start: Start, folder: Path, authority: Path, certificate: Path, first: Listener, second: Listener) -> None:
        token = f"tok-{secrets.token_hex(16)}"
        self.secrets = {
            "token": token, "password": word("pw"), "module password": word("modpw"), "module token": f"mod-{secrets.token_hex(16)}",
            "user": word("user"),
        }  # fmt: skip
        hashed = bcrypt(self.secrets['user'])
        _, key = halves(certificate)
        self.secrets |= {"bcrypt hash": hashed} | {f"line {at} of the key": line for at, line in enumerate(key.splitlines()) if len(line) > 40}
        self.folder, self.authority = folder, authority
        self.first, self.second = first, second
        self.full_token = f"{USER}!exporter={token}"
        self.web = {
            "tls_server_config": {"cert_file": str(certificate), "key_file": str(certificate)}, "basic_auth_users": {"prometheus": hashed},
        }  # fmt: skip
        certificate.chmod(0o600)
        self.modules = {
            "default": {"user": USER, "password": self.secrets['module password'], "ca_file": str(authority)},
            "token": {"user": USER, "token_name": "x", "token_value": self.secrets['module token'], "ca_file": str(authority)},
        }
        self.write("token", self.full_token)
        self.write("password", self.secrets["password"])
        port = free_port()
        self.settings: dict[str, Any] = {
            "log": {"level": "debug"},
            "web": {"listen_address": f"127.0.0.1:{port}", "config_file": "web.yml"},
            "exporter": {"scrape_timeout": "1s"},
            "pve": {"config_file": "pve.yml", "allowed_targets": ["127.0.0.1:*"]},
            "proxmox": {"clusters": [
                {"name": "lab", "endpoint": first.authority, "token_file": "token", "ca_file": str(authority)},
                {"name": "attic", "endpoint": second.authority, "user": USER, "password_file": "password", "ca_file": str(authority)},
            ]},
        }  # fmt: skip
        self.restore()
        self.url = f"https://127.0.0.1:{port}"
        self.search = Search(self.secrets)
        self.program = start("exporter", cwd=folder)
        wait_for(lambda: self.ask("/ready").startswith(b"200"), 20, "ready")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)
        (self.folder / name).chmod(0o600)

    def restore(self) -> None:
        for name, value in {"martlet.yml": self.settings, "web.yml": self.web, "pve.yml": self.modules}.items():
            self.write(name, yaml.safe_dump(value, allow_unicode=True))

    def ask(self, path: str, method: str = "GET", password: str | None = None, **headers: str) -> bytes:
        """All of the answer, which is searched."""
        credential = f"prometheus:{self.secrets['user'] if password is None else password}"
        headers = {"Authorization": "Basic " + base64.b64encode(credential.encode()).decode()} | headers
        request = urllib.request.Request(self.url + path, method=method, headers=headers, data=b"" if method == "POST" else None)
        try:
            answer: Any = urllib.request.urlopen(request, timeout=20, context=ssl.create_default_context(cafile=str(self.authority)))
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            whole = f"{answer.status} {answer.reason}\n{answer.headers}\n".encode() + answer.read()
        self.search.look(f"{method} {path[:40]}", whole)
        return whole

    def misplaced(self) -> Iterator[tuple[str, str]]:
        """Files in which a secret stands where none should: the file's name and its new text."""
        token, password = self.secrets["token"], self.secrets["password"]
        cluster = {"endpoint": self.first.authority, "ca_file": str(self.authority)}
        wrong: Sequence[Mapping[str, Any]] = [
            cluster | {"token": token}, cluster | {"token": f"{USER}={token}"}, cluster | {"token": f"{self.full_token} x"},
            cluster | {"token_file": self.full_token}, cluster | {"token_file": token}, cluster | {"user": USER, "password_file": password},
            cluster | {"user": self.full_token, "password": password}, cluster | {"user": password, "password": "x"},
            {"endpoint": self.full_token, "token": self.full_token}, {"endpoint": f"https://{USER}:{password}@pve1", "token": self.full_token},
            {"endpoint": "pve1", "token": self.full_token, "fingerprint": token}, {"endpoint": "pve1", "token": self.full_token, "fingerprint": [self.full_token]},
            cluster | {"token": self.full_token, "verify_tls": self.full_token}, cluster | {"token": [self.full_token]},
            cluster | {"token": {"secret": token}}, cluster | {self.full_token: None}, cluster | {"token": self.full_token, "password": password},
            {"name": "a", "token": self.full_token},
        ]  # fmt: skip
        for clusters in (*([entry] for entry in wrong), {"token": self.full_token}, self.full_token, [self.full_token]):
            yield "martlet.yml", yaml.safe_dump(self.settings | {"proxmox": {"clusters": clusters}}, allow_unicode=True)
        yield "martlet.yml", f"proxmox:\n  clusters:\n    - endpoint: pve1\n      token:{self.full_token}\n"
        yield "martlet.yml", f"proxmox:\n  clusters:\n    - endpoint: pve1\n      token: [{self.full_token}\n"
        for key, value in {"level": self.full_token, "format": self.full_token}.items():
            yield "martlet.yml", yaml.safe_dump(self.settings | {"log": {key: value}})
        yield "martlet.yml", yaml.safe_dump(self.settings | {"web": {"listen_address": f"{USER}:{password}@127.0.0.1:80"}}, allow_unicode=True)
        yield "martlet.yml", yaml.safe_dump(self.settings | {"pve": {"allowed_targets": f"https://{self.full_token}@pve1"}})
        yield "web.yml", yaml.safe_dump(self.web | {"basic_auth_users": {"prometheus": self.secrets['user']}}, allow_unicode=True)
        yield "web.yml", yaml.safe_dump(self.web | {"basic_auth_users": {self.secrets["bcrypt hash"]: "prometheus"}})
        yield "web.yml", yaml.safe_dump(self.web | {"basic_auth_users": [self.secrets["bcrypt hash"]]})
        yield "web.yml", yaml.safe_dump(self.web | {"tls_server_config": {"cert_file": "x", "key_file": self.secrets['user']}}, allow_unicode=True)
        for module in (
            {"user": USER, "token_value": self.secrets['module token']},
            {"user": USER, "token_name": f"x={self.secrets['module token']}", "token_value": "y z"},
            {"user": USER, "password_file": self.secrets['module password']},
            {"user": USER, "pasword": self.secrets['module password']},
            {"user": USER, "password": [self.secrets['module password']]},
            {"user": self.secrets['module password'], "password": "x"},
            f"password:{self.secrets['module password']}",
        ):
            yield "pve.yml", yaml.safe_dump({"default": module}, allow_unicode=True)


def test_no_secret_of_an_exporter_gets_out(start: Start, tmp_path: Path) -> None:
    authority = Authority(tmp_path, "ours")
    certificate = authority.issue("good")
    first_echo, second_echo = Echo(), Echo()
    with Listener(certificate=certificate, answering=first_echo) as first, Listener(certificate=certificate, answering=second_echo) as second:
        exporter = Exporter(start, tmp_path, authority.pem, certificate, first, second)
        ask_everything(exporter, first_echo, second_echo)
        # What this is about has happened: the API was shown all of them, and said them back.
        for listener, names in ((first, ("token", "module password", "module token")), (second, ("password",))):
            assert all(any(form in listener.sent for form in forms(exporter.secrets[name])) for name in names)
    exporter.search.assert_nothing(100_000)


def ask_everything(exporter: Exporter, first_echo: Echo, second_echo: Echo) -> None:
    for way in Echo.WAYS:
        first_echo.way = second_echo.way = way
        for path in ("/metrics", "/", "/ready", "/health"):
            exporter.ask(path)
        exporter.ask("/metrics", Accept="application/openmetrics-text; version=1.0.0")
        for module in ("default", "token"):
            exporter.ask(f"/pve?target={exporter.first.authority}&module={module}")
        exporter.ask("/pve?target=lab")
    first_echo.way = second_echo.way = "well"

    for password in ("", "wrong", exporter.secrets["password"], exporter.secrets["bcrypt hash"]):
        assert exporter.ask("/metrics", password=password).startswith(b"401")
    for scheme in ("Bearer ", "Digest username=", "basic "):
        exporter.ask("/metrics", Authorization=scheme + exporter.secrets["token"])
    for target in ("pve9", f"https://{USER}:{exporter.secrets['password']}@pve1/", f"{exporter.full_token}@pve1"):
        assert exporter.ask(f"/pve?target={quote(target, safe='')}").startswith(b"40")

    for name, text in exporter.misplaced():
        exporter.write(name, text)
        assert exporter.ask("/-/reload", "POST").startswith(b"500"), text
        exporter.ask("/")
        exporter.restore()
    # The same from outside the program, with one of them.
    exporter.write("martlet.yml", yaml.safe_dump({"log": {"level": exporter.full_token}}))
    before = exporter.program.output.count("configuration not reloaded")
    exporter.program.process.send_signal(signal.SIGHUP)
    wait_for(lambda: exporter.program.output.count("configuration not reloaded") > before, 10, "the signal is heard")
    exporter.restore()
    assert exporter.ask("/-/reload", "POST").startswith(b"200")
    exporter.ask("/metrics")

    process = Path(f"/proc/{exporter.program.process.pid}")
    exporter.search.look("the command line", (process / "cmdline").read_bytes())
    assert exporter.program.stop() == 0
    exporter.search.look("stdout and stderr", exporter.program.log.read_bytes())
    assert exporter.program.output.count("configuration not reloaded") > 30


@pytest.mark.parametrize("name", ["token", "password", "module", "users"])
def test_no_secret_stands_in_the_error_of_a_start(start: Start, tmp_path: Path, name: str) -> None:
    """What a reload refuses a start refuses too; here are some of those that never got that far."""
    secret = f"tok-{secrets.token_hex(16)}"
    search = Search({"secret": secret})
    env = {
        "token": {"PROXMOX_HOST": "pve1", "PROXMOX_TOKEN_NAME": "x", "PROXMOX_TOKEN_VALUE": secret},
        "password": {"PROXMOX_HOST": f"https://a:{secret}@pve1", "PROXMOX_USER": USER, "PROXMOX_PASSWORD": secret},
        "module": {"PVE_USER": f"{USER}!x={secret}", "PVE_PASSWORD": secret},
        "users": {"MARTLET_PROXMOX__CLUSTERS__0__ENDPOINT": "pve1", "MARTLET_PROXMOX__CLUSTERS__0__TOKEN": secret},
    }[name]
    program = start("exporter", "--web.listen-address", "127.0.0.1:0", env=env)
    program.process.wait(20)
    assert program.process.returncode == 1
    search.look("stderr", program.log.read_bytes())
    search.assert_nothing(20)


# What holds a secret because that is what it is for, below the folder of state; only this user may read it.
KEEPERS = {"simulation/token", "alertmanager/alertmanager.yml"}

# Alertmanager before 0.26 shows the URL of a webhook in its configuration to whoever reaches it, and knows no file for it.
SHOWS_ITS_CONFIGURATION = ("alertmanager", "/api/v2/status")


def test_no_secret_of_a_whole_stack_gets_out(start: Start, tmp_path: Path) -> None:
    ours = {name: f"env-{secrets.token_hex(16)}" for name in ("PROXMOX_TOKEN_VALUE", "PROXMOX_PASSWORD", "PVE_PASSWORD", "PVE_TOKEN_VALUE")}
    hook = f"hook-{secrets.token_hex(16)}"
    env = ours | {
        "PROXMOX_HOST": "127.0.0.1:1", "PROXMOX_USER": USER, "PROXMOX_TOKEN_NAME": "x", "PVE_USER": USER, "PVE_TOKEN_NAME": "x",
        "MARTLET_STACK__ALERTMANAGER__WEBHOOK_URL": f"http://127.0.0.1:1/{hook}",
    }  # fmt: skip
    stack = Stack(start, tmp_path, "--log.level", "debug", env=env)
    stack.wait_until_ready()
    state = tmp_path / "state"
    token = (state / "simulation/token").read_text().strip().partition("=")[2]
    search = Search(ours | {"webhook": hook, "simulated token": token})

    for name in ("web", "prometheus", "alertmanager", "node-exporter"):
        for path in ("/", "/metrics", "/ready", "/api/v1/status/config", "/api/v1/status/flags", "/api/v1/targets", "/api/v2/status"):
            answer = fetch(stack.url(name) + path)
            if (name, path) == SHOWS_ITS_CONFIGURATION:
                assert hook in answer.text, "then it need not be left out any more"
                continue
            search.look(f"{name}{path}", str(answer.headers).encode() + answer.body)
    stack.scenario("node-down")
    search.look("the broken page", fetch(stack.url("web") + "/metrics").body + fetch(stack.url("web") + "/").body)

    children = stack.process_ids()
    assert len(children) >= 5
    for name, process_id in (children | {"martlet": stack.program.process.pid}).items():
        search.look(f"the command line of {name}", Path(f"/proc/{process_id}/cmdline").read_bytes())
        # Our own was given to us.
        if name != "martlet":
            search.look(f"the environment of {name}", Path(f"/proc/{process_id}/environ").read_bytes())
    assert stack.program.stop() == 0
    search.look("stdout and stderr", stack.program.log.read_bytes())
    kept = set()
    for path in filter(Path.is_file, state.rglob("*")):
        if (name := str(path.relative_to(state))) in KEEPERS:
            kept.add(name)
            assert path.stat().st_mode & 0o777 == 0o600, f"{name} has mode {path.stat().st_mode & 0o777:o}"
        else:
            search.look(f"state/{name}", path.read_bytes())
    assert kept == KEEPERS
    search.assert_nothing(1_000_000)

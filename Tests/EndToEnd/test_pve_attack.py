"""No credential, and not one byte, reaches a target that is not allowed.

Whoever reaches the exporter's port says where `/pve` shall send a credential. Here somebody does so who wants to have it: listeners
on many ports and addresses stand for the attacker's hosts, and no trick may open as much as a connection to one of them.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import gzip
import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus, unquote

import pytest
import yaml
from conftest import Answer, Program, Start, fetch, free_port, in_time
from listeners import Answering, Authority, Listener, api, header_of, http, path_of
from replay import API, Replay

USER, TOKEN_NAME, SECRET = "watcher@pve", "watching", "0f7a1c9e-4b8d-4d1e-9c55-TOKENSECRET"
CLUSTER_SECRET = "77aa0b1c-4b8d-4d1e-9c55-CLUSTERSECRET"
LOGIN_USER, PASSWORD = "walter@pam", "sesame & öffne+dich=100% #1"
CREDENTIALS = (
    SECRET, CLUSTER_SECRET, PASSWORD, quote(PASSWORD, safe=""), quote(PASSWORD, safe="").lower(), quote_plus(PASSWORD),
    "TICKETSIGNATURE", "CSRFSIGNATURE",
)  # fmt: skip
MODULES: dict[str, dict[str, Any]] = {
    "default": {"user": USER, "token_name": TOKEN_NAME, "token_value": SECRET, "verify_ssl": False},
    "password": {"user": LOGIN_USER, "password": PASSWORD, "verify_ssl": False},
}

# An attacker's name server says that all names below .test are this machine; and all names that were looked up are noted.
RESOLVER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
    const char *path = getenv("NAMES_LOOKED_UP");
    if (name != NULL && path != NULL) {
        int file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
        struct iovec line[] = {{(void *)name, strlen(name)}, {"\n", 1}};
        if (writev(file, line, 2) < 0) abort();
        close(file);
    }
    if (name != NULL && strstr(name, ".test") != NULL) name = "127.0.0.1";
    return real(name, service, hints, found);
}
"""


WITHOUT_TIMERS = {"slow": {"enabled": False}}
"""What a request makes martlet ask is counted: what is asked between scrapes would be counted too."""


class Resolver:
    """What a program looks up: `getaddrinfo` before the C library's own."""

    def __init__(self, folder: Path) -> None:
        source, library, self.log = folder / "resolver.c", folder / "resolver.so", folder / "names"
        source.write_text(RESOLVER)
        done = subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source, "-ldl"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        self.env = {"LD_PRELOAD": str(library), "NAMES_LOOKED_UP": str(self.log)}

    @property
    def names(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


class Net:
    """The one target that is allowed, and the attacker's hosts around it: on other ports of its address, and on other addresses.

    All speak TLS and answer like an API, so that whoever connects hands its credential over.
    """

    # More may be there; the attacker's own is none of those that look like this machine's.
    EVIL = "127.0.0.66"
    ADDRESSES = ("127.0.0.1", "127.0.0.2", EVIL, "::1")

    def __init__(self, certificate: Path, rows: Mapping[str, Any]) -> None:
        # The port of the allowed target, one of the attacker, and the one that targets have when they name none.
        for _ in range(20):
            self.port, self.evil_port, self.module_port = (free_port() for _ in range(3))
            self.evil: dict[str, Listener] = {}
            with contextlib.ExitStack() as stack:
                try:
                    self.allowed = stack.enter_context(Listener("127.0.0.1", self.port, certificate=certificate, answering=api(rows)))
                    for port in (self.port, self.evil_port, self.module_port):
                        for address in self.ADDRESSES:
                            if (address, port) != ("127.0.0.1", self.port) and (address != "::1" or has_six()):
                                listener = stack.enter_context(Listener(address, port, certificate=certificate, answering=api(rows)))
                                self.evil[listener.authority] = listener
                except OSError:
                    continue
                # The port of the API when nobody says another; the tests do without it where it is taken.
                for address in ("127.0.0.2", self.EVIL):
                    with contextlib.suppress(OSError):
                        listener = stack.enter_context(Listener(address, 8006, certificate=certificate, answering=api(rows)))
                        self.evil[listener.authority] = listener
                self.stack = stack.pop_all()
                break
        else:
            pytest.fail("no ports that are free on all addresses")
        self.words = {
            "allowed": self.allowed.authority, "host": "127.0.0.1", "port": str(self.port), "module_port": str(self.module_port),
            "evil": f"{self.EVIL}:{self.evil_port}", "evil_host": self.EVIL, "evil_port": str(self.evil_port),
        }  # fmt: skip

    def fill(self, template: str) -> str:
        """The text with hosts and ports in the place of {allowed}, {evil} and so on."""
        for name, word in self.words.items():
            template = template.replace(f"{{{name}}}", word)
        return template

    @property
    def connections(self) -> dict[str, int]:
        """How many each listener has seen."""
        everybody = {"allowed": self.allowed} | self.evil
        return {authority: len(listener.connections) for authority, listener in everybody.items() if listener.connections}

    @property
    def evil_connections(self) -> dict[str, int]:
        return {authority: count for authority, count in self.connections.items() if authority != "allowed"}

    def clear(self) -> None:
        for listener in (self.allowed, *self.evil.values()):
            listener.clear()


def has_six() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


class Exporter:
    """`martlet exporter` that says all that it has to say."""

    def __init__(self, start: Start, folder: Path, settings: Mapping[str, Any], env: Mapping[str, str], *flags: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "martlet.yml").write_text(yaml.safe_dump(dict(settings)))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        words = ["--log.level", "debug", "--web.listen-address", f"127.0.0.1:{self.port}", *flags]
        self.program: Program = start("exporter", *words, env=env, cwd=folder)
        self.program.wait_until(self.url + "/health")

    def pve(self, target: str, headers: Mapping[str, str] | None = None, **parameters: str) -> Answer:
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in {"target": target, **parameters}.items())
        return fetch(f"{self.url}/pve?{query}", headers=headers)

    def send(self, request: bytes, patience: float = 20) -> Answer:
        """Sends exactly these bytes, and reads until nothing comes; status 0 is a connection that was closed without an answer."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=patience) as connection:
            received = b""
            with contextlib.suppress(ConnectionError, TimeoutError):
                connection.sendall(request)
            with contextlib.suppress(ConnectionError, TimeoutError):
                while chunk := connection.recv(65536):
                    received += chunk
        head, _, body = received.partition(b"\r\n\r\n")
        return Answer(int(head.split(b" ")[1]) if head else 0, {"Head": head.decode("latin-1")}, body)

    def get(self, line: str, *headers: str, method: str = "GET", body: str = "") -> Answer:
        """A request with the line and headers as they are."""
        lines = [f"{method} {line} HTTP/1.1", *headers, "Connection: close"]
        if not any(header.lower().startswith("host:") for header in headers):
            lines.insert(1, f"Host: 127.0.0.1:{self.port}")
        if body:
            lines.append(f"Content-Length: {len(body)}")
        return self.send("\r\n".join([*lines, "", body]).encode())


def modules_file(folder: Path, port: int, narrow: Mapping[str, list[str]] | None = None) -> Path:
    """The modules, and others with targets of their own."""
    path = folder / "pve.yml"
    others = {name: MODULES["default"] | {"allowed_targets": targets} for name, targets in (narrow or {}).items()}
    path.write_text(yaml.safe_dump({name: module | {"port": port} for name, module in (MODULES | others).items()}, allow_unicode=True))
    path.chmod(0o600)
    return path


def assert_no_credential(*texts: str) -> None:
    for text in texts:
        found = [credential for credential in CREDENTIALS if credential in text]
        assert not found, f"{found} in {text[max(0, text.index(found[0]) - 200) :][:500]}"


def text_of(answer: Answer) -> str:
    """All of the answer: headers and body."""
    return f"{dict(answer.headers)}\n{answer.body.decode('latin-1')}"


# Who is allowed, by the name under which the tests say it.
ALLOWED = {
    "exact": ["127.0.0.1:{port}"],
    "range": ["127.0.0.0/30:*"],
    "range of six": ["::1/128"],
    "glob": ["pve*.lab.test:*", "*.dmz.lab.test:*"],
    "name": ["pve.lab.test:{port}"],
    "host": ["127.0.0.1"],
    "none": [],
    "all": ["*"],
}


class Fleet:
    """Exporters that differ in whom they allow, each started when a test first asks for it."""

    def __init__(self, start: Start, folder: Path, net: Net, resolver: Resolver | None) -> None:
        self.start, self.folder, self.net, self.resolver = start, folder, net, resolver
        self.running: dict[str, Exporter] = {}

    def __getitem__(self, name: str) -> Exporter:
        if name not in self.running:
            flags: list[str] = []
            cluster = {
                "name": "lab", "endpoint": self.net.allowed.authority, "token": f"{USER}!{TOKEN_NAME}={CLUSTER_SECRET}", "verify_tls": False
            }  # fmt: skip
            settings: dict[str, Any] = {"proxmox": {"clusters": [cluster], **WITHOUT_TIMERS}} if name.startswith("cluster") else {}
            folder = self.folder / name.replace(" ", "-")
            folder.mkdir()
            narrow = {"narrow": [self.net.fill("127.0.0.2:{port}")], "nobody": []} if "narrow" in name else {}
            if name != "cluster":
                flags += ["--pve.config-file", str(modules_file(folder, self.net.module_port, narrow))]
            for entry in ALLOWED.get(name, []):
                flags += ["--pve.allowed-targets", self.net.fill(entry)]
            env = self.resolver.env if self.resolver else {}
            self.running[name] = Exporter(self.start, folder, settings, env, *flags)
            if settings:
                # Its cluster is asked at the start.
                self.running[name].program.wait_until(self.running[name].url + "/ready")
            self.net.clear()
        return self.running[name]

    @property
    def names(self) -> list[str]:
        """What was looked up."""
        return self.resolver.names if self.resolver else []


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("attack"))


@pytest.fixture(scope="module")
def whole_net(authority: Authority) -> Iterator[Net]:
    net = Net(authority.issue("everybody"), Replay.from_recordings().answers)
    with net.stack:
        yield net


@pytest.fixture(scope="module")
def resolver(tmp_path_factory: pytest.TempPathFactory) -> Resolver | None:
    return Resolver(tmp_path_factory.mktemp("resolver")) if shutil.which("gcc") else None


@pytest.fixture(scope="module")
def whole_fleet(
    start_for_all: Start, tmp_path_factory: pytest.TempPathFactory, whole_net: Net, resolver: Resolver | None
) -> Iterator[Fleet]:
    fleet = Fleet(start_for_all, tmp_path_factory.mktemp("fleet"), whole_net, resolver)
    yield fleet
    for name, exporter in fleet.running.items():
        assert exporter.program.is_running, f"{name} ended:\n{exporter.program.output[-3000:]}"
        assert_no_credential(exporter.program.output, *(text_of(fetch(exporter.url + path)) for path in ("/", "/metrics")))


@pytest.fixture
def net(whole_net: Net) -> Net:
    whole_net.clear()
    return whole_net


@pytest.fixture
def fleet(whole_fleet: Fleet, net: Net) -> Iterator[Fleet]:
    """After each test, nobody but the allowed target has seen a connection, unless the test has said so by clearing them."""
    yield whole_fleet
    time.sleep(0.002)
    assert net.evil_connections == {}


def assert_refused(answer: Answer, remedy: str = "--pve.allowed-targets") -> None:
    """Says what the operator can do, and nothing of what it keeps."""
    assert answer.status in (400, 403), (answer.status, answer.body[:500])
    text = answer.body.decode()
    assert text.strip() and len(text.strip().splitlines()) == 1 and len(text) < 1000, text
    assert text.isascii() and text.strip().isprintable(), text
    if answer.status == 403:
        assert remedy in text
    assert_no_credential(text_of(answer))
    assert not any(name in text_of(answer) for name in (USER, LOGIN_USER, TOKEN_NAME))


# The tests can see what they look for


def test_listeners_see_what_is_sent_to_them(fleet: Fleet, net: Net) -> None:
    """Where all are allowed, the attacker gets the credentials: of the token at once, of the password by the login."""
    evil = net.words["evil"]
    assert fleet["all"].pve(evil).status == 200
    assert SECRET.encode() in net.evil[evil].sent
    net.clear()
    assert fleet["all"].pve(evil, module="password").status == 200
    assert quote(PASSWORD, safe="").encode() in net.evil[evil].sent
    net.clear()
    assert fleet["all"].pve(net.EVIL).status == 200, "the module's port"
    assert list(net.evil_connections) == [f"{net.EVIL}:{net.module_port}"]
    net.clear()
    if has_six():
        assert fleet["all"].pve(f"[::1]:{net.evil_port}").status == 200
        assert list(net.evil_connections) == [f"[::1]:{net.evil_port}"]
    net.clear()


def test_lookups_are_seen(fleet: Fleet, net: Net) -> None:
    if fleet.resolver is None:
        pytest.skip("needs gcc")
    before = len(fleet.names)
    assert fleet["name"].pve(f"pve.lab.test:{net.port}").status == 200
    assert set(fleet.names[before:]) == {"pve.lab.test"}
    assert SECRET.encode() in net.allowed.sent


@pytest.mark.parametrize(
    ("allowed", "target"),
    [
        ("exact", "{allowed}"), ("range", "127.0.0.1:{port}"), ("range", "::ffff:127.0.0.1"), ("host", "127.0.0.1:{module_port}"),
        ("host", "127.0.0.1"), ("range of six", "[::1]"), ("range of six", "0:0::1"), ("name", "PVE.Lab.test.:{port}"),
        ("glob", "pve.lab.test:{port}"), ("glob", "PVE7-a.lab.TEST:{port}"), ("glob", "any.dmz.lab.test:{port}"),
        ("clusters and modules", "{allowed}"), ("cluster", "{allowed}"), ("cluster", "lab"),
    ],
)  # fmt: skip
def test_who_is_allowed_is_asked(fleet: Fleet, net: Net, allowed: str, target: str) -> None:
    """Only what is really refused shows that it is refused for its reason."""
    if ".test" in target.lower() and fleet.resolver is None:
        pytest.skip("needs gcc")
    if "range of six" in allowed and not has_six():
        pytest.skip("needs IPv6")
    answer = fleet[allowed].pve(net.fill(target))
    assert answer.status == 200, answer.text
    assert sum(net.connections.values()) > 0
    at = {"[::1]": "::1", "0:0::1": "::1"}.get(target, "127.0.0.1")
    port = net.port if "{port}" in target or "{allowed}" in target or target == "lab" else net.module_port
    expected = "allowed" if (at, port) == ("127.0.0.1", net.port) else f"[{at}]:{port}" if at == "::1" else f"{at}:{port}"
    assert list(net.connections) == [expected]
    net.clear()


# Targets that are not allowed

HOSTS = {
    "another host": "{evil}",
    "another host at the allowed port": "{evil_host}:{port}",
    "another host without port": "{evil_host}",
    "a neighbour": "127.0.0.2:{port}",
    "the allowed host at another port": "{host}:{evil_port}",
    "the allowed host without port": "{host}",
    "the API's own port": "{host}:8006",
    "user": "{allowed}@{evil}",
    "user and password": "user:pass@{evil}",
    "host as user": "{host}@{evil}",
    "evil as user": "{evil}@{allowed}",
    "evil as user and password": "evil:{evil}@{allowed}",
    "evil as password": "{host}:{port}@{evil_host}:{evil_port}",
    "user that is empty": "@{evil}",
    "fragment": "{evil}#@{allowed}",
    "fragment behind": "{allowed}#@{evil}",
    "fragment alone": "{evil}#",
    "backslash": "{allowed}\\@{evil}",
    "backslash before": "{evil}\\@{allowed}",
    "backslashes": "\\\\{evil}\\",
    "path": "{allowed}/../{evil}",
    "path that begins": "{allowed}/",
    "path and user": "{allowed}/@{evil}",
    "path with evil first": "{evil}/{allowed}",
    "encoded slash": "{allowed}%2f@{evil}",
    "encoded at": "{allowed}%40{evil}",
    "encoded hash": "{evil}%23@{allowed}",
    "encoded NUL": "{allowed}%00.{evil}",
    "encoded twice": "{allowed}%252f@{evil}",
    "encoded host": "%31%32%37.0.0.66:{evil_port}",
    "NUL": "{allowed}\0.{evil}",
    "NUL before": "\0{evil}",
    "NUL behind": "{evil}\0{allowed}",
    "tab": "{allowed}\t{evil}",
    "space": "{allowed} {evil}",
    "space before": " {evil}",
    "space behind": "{evil} ",
    "space before what is allowed": " {allowed}",
    "space behind what is allowed": "{allowed} ",
    "comma": "{allowed},{evil}",
    "comma before": "{evil},{allowed}",
    "semicolon": "{allowed};{evil}",
    "line": "{allowed}\n{evil}",
    "lines of headers": "{allowed}\r\nHost: {evil}\r\n\r\n",
    "lines of a request": "{allowed}/ HTTP/1.1\r\nHost: {evil}\r\nAuthorization: x\r\n\r\nGET /",
    "next line": "{allowed}\x85{evil}",
    "line separator": "{allowed}\u2028{evil}",
    "vertical tab": "{allowed}\x0b{evil}",
    "delete": "{allowed}\x7f{evil}",
    "http": "http://{evil}",
    "https": "https://{evil}",
    "https to what is allowed": "https://{allowed}",
    "HTTPS": "HTTPS:{evil}",
    "file": "file:///etc/passwd",
    "gopher": "gopher://{evil}/_x",
    "unix": "unix:/run/x.sock",
    "slashes": "//{evil}",
    "slash": "/{evil}",
    "query": "{evil}?x={allowed}",
    "query behind": "{allowed}?@{evil}",
    "ampersand": "{allowed}&target={evil}",
    "name that goes on": "{host}.evil.test:{port}",
    "name that begins so": "{host}evil.test:{port}",
    "name with a hyphen": "{host}-evil.test:{port}",
    "name that ends so": "evil-{host}:{port}",
    "name of another": "evil.test:{port}",
    "port that goes on": "{allowed}0",
    "port with letters": "{allowed}x",
    "two ports": "{host}:{port}:{evil_port}",
    "two ports, evil first": "{evil_host}:{evil_port}:{port}",
    "port with a zero before": "{host}:0{evil_port}",
    "port past 65535": "{host}:999999",
    "port that wraps around": "{host}:4295000000",
    "port with a sign": "{host}:+{evil_port}",
    "port below zero": "{host}:-1",
    "port that is empty": "{evil_host}:",
    "port in hexadecimal": "{host}:0x1F46",
    "two letters of the address": "127.1:{evil_port}",
    "two letters of the address, allowed port": "127.1:{port}",
    "one number": "2130706433:{port}",
    "one number of evil": "2130706498:{evil_port}",
    "hexadecimal": "0x7f000001:{port}",
    "hexadecimal of evil": "0x7f000042:{evil_port}",
    "hexadecimal in upper case": "0X7F000001:{port}",
    "hexadecimal in parts": "0x7f.0x0.0x0.0x1:{port}",
    "hexadecimal at the end": "127.0.0.0x1:{port}",
    "octal": "0177.0.0.1:{port}",
    "octal at the end": "127.0.0.01:{port}",
    "octal of evil": "0177.0.0.0102:{evil_port}",
    "one number in octal": "017700000001:{port}",
    "address with a dot behind": "127.0.0.1.:{port}",
    "evil address with a dot behind": "{evil_host}.:{evil_port}",
    "address past its end": "127.0.0.257:{port}",
    "five parts": "127.0.0.0.1:{port}",
    "number past its end": "4294967297:{port}",
    "six": "[::1]:{port}",
    "six at evil's port": "[::1]:{evil_port}",
    "six without brackets": "::1",
    "six without brackets and with port": "::1:{port}",
    "six with a zone": "[::1%25lo]:{port}",
    "six with a raw zone": "[::1%lo]:{port}",
    "six that stands for four": "[::ffff:127.0.0.2]:{port}",
    "six that stands for what is allowed": "[::ffff:127.0.0.1]:{port}",
    "six that stands for evil": "[::ffff:{evil_host}]:{evil_port}",
    "six that stands for evil, in digits": "[::ffff:7f00:42]:{evil_port}",
    "six that stands for four without brackets": "::ffff:{evil_host}",
    "six that contains four": "[::127.0.0.1]:{port}",
    "translated four": "[64:ff9b::7f00:1]:{port}",
    "brackets around four": "[{host}]:{port}",
    "brackets around evil": "[{evil_host}]:{evil_port}",
    "brackets around a name": "[localhost]:{port}",
    "brackets that do not close": "[::1",
    "brackets and more": "[::1]{evil}",
    "brackets and user": "[::1]@{evil}",
    "brackets within": "{host}[{evil}]",
    "any address": "0.0.0.0:{port}",
    "any address at evil's port": "0.0.0.0:{evil_port}",
    "any address in short": "0:{port}",
    "any address of six": "[::]:{port}",
    "any address of six at evil's port": "[::]:{evil_port}",
    "broadcast": "255.255.255.255:{port}",
    "localhost": "localhost:{port}",
    "localhost at evil's port": "localhost:{evil_port}",
    "localhost without port": "localhost",
    "LOCALHOST": "LOCALHOST:{port}",
    "localhost with a dot behind": "localhost.:{port}",
    "localhost below another": "x.localhost:{port}",
    "ip6-localhost": "ip6-localhost:{port}",
    "this machine's name": socket.gethostname() + ":{port}",
    "wide digits": "１２７.0.0.1:{port}",
    "wide digits of evil": "１２７.0.0.６６:{evil_port}",
    "wide dots": "127。0。0。1:{port}",
    "half-wide dots": "127｡0｡0｡1:{port}",
    "full stops": "127．0．0．1:{port}",
    "digits in circles": "①②⑦.⓪.⓪.①:{port}",
    "Arabic digits": "١٢٧.٠.٠.١:{port}",
    "wide colon": "{host}：{evil_port}",
    "wide at": "{allowed}＠{evil}",
    "wide slash": "{allowed}／@{evil}",
    "soft hyphen": "127.0.0.1\u00ad:{port}",
    "zero width": "127.0.0.1\u200b:{port}",
    "right to left": "\u202e{allowed}",
    "Kelvin": "\u212ave.test:{port}",
    "a name of other letters": "bücher.test:{port}",
    "punycode": "xn--bcher-kva.test:{port}",
    "glob": "*:{port}",
    "glob in an address": "127.0.0.*:{port}",
    "glob of all": "*",
    "range": "127.0.0.0/8",
    "range and port": "127.0.0.1/32:{port}",
    "star for the port": "{host}:*",
    "empty": "",
    "port alone": ":{evil_port}",
    "port of what is allowed alone": ":{port}",
    "dot": ".:{port}",
    "dots": "..:{port}",
    "hyphen first": "-o{evil}",
    "name with dots that are empty": "a..b:{port}",
    "quotation marks": '"{evil}"',
    "braces": "${{evil}}",
    "back quotes": "`{evil}`",
    "percent at the end": "{evil}%",
    "percent alone": "%",
    "longer than names are": "a." * 140 + "test:{port}",
    "longest": "{allowed}" + "/" * 280,
    "far longer": "{evil}" + "a" * 2000,
    "a label that is too long": "a" * 64 + ".test:{port}",
    "many colons": ":" * 200,
    "many at signs": "@" * 100 + "{evil}",
    "many brackets": "[" * 200 + "{evil}",
    "a lone surrogate": "{allowed}\udc80{evil}",
}


@pytest.mark.parametrize("target", HOSTS.values(), ids=HOSTS.keys())
def test_another_target_than_the_one_that_is_allowed(fleet: Fleet, net: Net, target: str) -> None:
    query = quote(net.fill(target).encode("utf-8", "surrogateescape"), safe="")
    before = fleet.names
    for module in ("", "&module=password"):
        assert_refused(fetch(f"{fleet['exact'].url}/pve?target={query}{module}"))
    assert net.connections == {}, "nor is the allowed target asked"
    assert fleet.names == before, "nothing is looked up"


# Names that are this machine, for who asks a name server: none is in the range, as nobody asks.
@pytest.mark.parametrize(
    "target",
    [
        "localhost", "LOCALHOST", "localhost.", "LocalHost.:{port}", "ip6-localhost", "rebound.test", "rebound.test:{port}",
        "127.0.0.1.test:{port}", "1.0.0.127.in-addr.arpa:{port}", "127-0-0-1.test", "127.1", "127.1:{port}", "127.0.1", "2130706433",
        "2130706433:{port}", "0x7f000001", "0x7f.1:{port}", "0177.0.0.1", "0177.0.0.1:{port}", "127.0.0.1.", "127.0.0.1.:{port}",
        "127.0.0.01:{port}", "127.000.000.001:{port}", "[::1]", "[::1]:{port}", "::1", "[::ffff:127.0.0.1]:{port}",
        "[::ffff:127.0.0.2]:{port}", "0.0.0.0", "0.0.0.0:{port}", "0", "0:{port}", "[::]", "[::]:{port}", "::", "１２７.0.0.1:{port}",
        "127。0。0。1:{port}", "127.0.0.①:{port}", "{evil_host}:{port}", "127.0.0.4:{port}", "126.255.255.255:{port}", "128.0.0.0:{port}",
        "::7f00:1", "64:ff9b::7f00:1", "::ffff:{evil_host}", "2002:7f00:1::", "",
    ],
)  # fmt: skip
def test_a_name_is_in_no_range(fleet: Fleet, net: Net, target: str) -> None:
    before = fleet.names
    assert_refused(fleet["range"].pve(net.fill(target)))
    assert net.connections == {} and fleet.names == before


@pytest.mark.parametrize(
    "target",
    [
        "127.0.0.1",
        "localhost",
        "ip6-localhost",
        "rebound.test",
        "[::]",
        "::",
        "::ffff:127.0.0.1",
        "[::2]",
        "[::1]:{port}",
        "[::1%25lo]",
        "::1%lo",
        "[0::1",
        "::1]",
    ],
)
def test_a_range_of_six(fleet: Fleet, net: Net, target: str) -> None:
    before = fleet.names
    assert_refused(fleet["range of six"].pve(net.fill(target)))
    assert net.connections == {} and fleet.names == before


@pytest.mark.parametrize(
    "target",
    [
        "pve1.lab.test.evil.test:{port}", "evil-pve1.lab.test:{port}", "xpve1.lab.test:{port}", "pve1.evil.lab.test:{port}",
        "pve1.lab.testx:{port}", "pve1.lab.tes:{port}", "pve1xlab.test:{port}", "pve1.labxtest:{port}", "pve1.lab.test.test:{port}",
        "evil.test/pve1.lab.test:{port}", "pve1.evil.test#.lab.test:{port}", "pve@{evil_host}#.lab.test:{port}", "pve1.lab.test@{evil}",
        "pve{evil}/.lab.test", "pve\0.lab.test:{port}", "pve%00.lab.test:{port}", "pve.1.lab.test:{port}", "pve..lab.test:{port}",
        "pve1。lab.test:{port}", "pve1.lab.test..:{port}", ".pve1.lab.test:{port}", "lab.test:{port}", "pve:{port}", "dmz.lab.test:{port}",
        ".dmz.lab.test:{port}", "a.b.dmz.lab.test:{port}", "evil.test\\.dmz.lab.test:{port}", "evil.test?.dmz.lab.test:{port}",
        "127.0.0.1:{port}", "localhost:{port}", "pve*.lab.test:{port}", "*.dmz.lab.test:{port}", "pve" + "a" * 61 + ".lab.test:{port}",
        "pve\u017f.lab.test:{port}", "PVE1.LAB.TEST.EVIL.TEST:{port}",
    ],
)  # fmt: skip
def test_names_that_a_glob_does_not_mean(fleet: Fleet, net: Net, target: str) -> None:
    before = fleet.names
    assert_refused(fleet["glob"].pve(net.fill(target)))
    assert net.connections == {} and fleet.names == before


@pytest.mark.parametrize(
    "target",
    [
        "pve.lab.test", "pve.lab.test:{evil_port}", "pve.lab.test:8006", "pve.lab.test.evil.test:{port}", "xpve.lab.test:{port}",
        "pve.lab:{port}", "pve.lab.test@{evil}", "127.0.0.1:{port}", "{allowed}", "localhost:{port}", "pve.lab.test%2e:{port}",
        "pvé.lab.test:{port}", "pve.lab.test:{port}#",
    ],
)  # fmt: skip
def test_another_name_than_the_one_that_is_allowed(fleet: Fleet, net: Net, target: str) -> None:
    before = fleet.names
    assert_refused(fleet["name"].pve(net.fill(target)))
    assert net.connections == {} and fleet.names == before


EVERYWHERE = [
    "{evil}",
    "{evil_host}",
    "127.0.0.1",
    "127.0.0.2",
    "localhost",
    "LOCALHOST.",
    "[::1]",
    "[::1]:{evil_port}",
    "rebound.test",
    "0.0.0.0",
    "x@{evil}",
]


@pytest.mark.parametrize("target", [*EVERYWHERE, "{allowed}"])
def test_without_the_flag_and_without_clusters_nobody_is_asked(fleet: Fleet, net: Net, target: str) -> None:
    before = fleet.names
    assert_refused(fleet["none"].pve(net.fill(target)))
    assert net.connections == {} and fleet.names == before


@pytest.mark.parametrize(
    "target",
    [*EVERYWHERE, "{host}:{evil_port}", "LAB", "lab:{port}", "lab.", "lab@{evil}", "lab/../{evil}", "{allowed}.", "0:{port}", "lab\0"],
)
@pytest.mark.parametrize("exporter", ["cluster", "clusters and modules"])
def test_only_the_configured_clusters_are_asked(fleet: Fleet, net: Net, exporter: str, target: str) -> None:
    before = fleet.names
    running = fleet[exporter]
    assert_refused(running.pve(net.fill(target)))
    assert net.connections == {} and fleet.names == before


@pytest.mark.parametrize(
    ("target", "module"), [("127.0.0.1:{port}", "default"), ("127.0.0.1:{evil_port}", "default"), ("localhost", "password")]
)
def test_an_entry_without_port_allows_the_modules_port_alone(fleet: Fleet, net: Net, target: str, module: str) -> None:
    assert_refused(fleet["host"].pve(net.fill(target), module=module))
    assert net.connections == {}


@pytest.mark.parametrize(
    "target",
    [
        "x@{evil}",
        "https://{evil}",
        "{evil}/x",
        "{evil}#",
        "{evil}?x",
        "127.1:{evil_port}",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "１２７.0.0.1",
        "",
        " {evil}",
    ],
)
def test_what_is_no_target_is_refused_where_all_are_allowed(fleet: Fleet, net: Net, target: str) -> None:
    answer = fleet["all"].pve(net.fill(target))
    assert_refused(answer)
    assert answer.status == 400 and net.connections == {}


def test_that_all_are_allowed_is_worth_a_warning(fleet: Fleet) -> None:
    warnings = [line for line in fleet["all"].program.output.splitlines() if "level=warn" in line and "--pve.allowed-targets=*" in line]
    assert len(warnings) == 1 and "credential" in warnings[0]
    assert "allowed-targets=*" not in fleet["exact"].program.output
    assert any("level=warn" in line and "--pve.allowed-targets" in line for line in fleet["none"].program.output.splitlines())


# Requests of other shapes

# Query strings of which the first parameter is what counts: who is asked.
QUERIES = {
    "twice, evil second": ("target={allowed}&target={evil}", "allowed"),
    "twice, evil first": ("target={evil}&target={allowed}", None),
    "three times": ("target={allowed}&target={evil}&target={allowed}", "allowed"),
    "twice, the first empty": ("target=&target={evil}", None),
    "twice, the first empty, allowed second": ("target=&target={allowed}", None),
    "twice, the first without a value": ("target&target={evil}", None),
    "another case": ("Target={allowed}&target={evil}", None),
    "another case, evil": ("target={allowed}&TARGET={evil}", "allowed"),
    "list": ("target[]={evil}&target={allowed}", "allowed"),
    "list alone": ("target[]={evil}", None),
    "name encoded": ("%74arget={evil}&target={allowed}", None),
    "name encoded behind": ("target={allowed}&%74arget={evil}", "allowed"),
    "semicolon": ("target={allowed};target={evil}", None),
    "space behind the name": ("target%20={evil}&target={allowed}", "allowed"),
    "plus behind the name": ("target+={evil}&target={allowed}", "allowed"),
    "NUL in the name": ("target%00x={evil}&target={allowed}", "allowed"),
    "encoded ampersand": ("target={allowed}%26target={evil}", None),
    "encoded equals": ("target%3D{evil}&target={allowed}", "allowed"),
    "question mark": ("x?target={evil}&target={allowed}", "allowed"),
    "two question marks": ("?target={evil}&target={allowed}", "allowed"),
    "fragment": ("target={evil}#&target={allowed}", None),
    "no target": ("", None),
    "no target but a host": ("host={evil}&hostname={evil}&url={evil}&endpoint={evil}", None),
    "other parameters": ("target={allowed}&host={evil}&proxy={evil}&port={evil_port}&path_prefix=//{evil}&verify_ssl=0&user=x", "allowed"),
    "module that is unknown": ("target={allowed}&module=evil", None),
    "module that is a target": ("target={allowed}&module={evil}", None),
    "module with a NUL": ("target={allowed}&module=default%00evil", None),
    "module with a path": ("target={allowed}&module=../default", None),
    "module with lines": ("target={allowed}&module=default%0d%0aHost:%20{evil}", None),
    "module that is empty": ("target={allowed}&module=", None),
    "module twice": ("target={allowed}&module=default&module=evil", "allowed"),
    "module in another case": ("target={allowed}&module=DEFAULT", None),
    "module and evil": ("target={evil}&module=password", None),
    "module that is very long": ("target={evil}&module=" + "a" * 5000, None),
    "module that is a template": ("target={allowed}&module=%7B%7Bdefault%7D%7D", None),
    "no groups": ("target={evil}&cluster=0&node=0", None),
    "not UTF-8": ("target=%ff%fe{evil}", None),
    "overlong slash": ("target={allowed}%c0%af@{evil}", None),
    "overlong NUL": ("target={allowed}%c0%80{evil}", None),
    "broken escape": ("target={evil}%zz", None),
    "broken escape of what is allowed": ("target={allowed}%", None),
    "raw tab": ("target={allowed}\t{evil}", None),
    "raw letters": ("target={evil}é", None),
}


@pytest.mark.parametrize(("query", "asked"), QUERIES.values(), ids=QUERIES.keys())
def test_query_strings(fleet: Fleet, net: Net, query: str, asked: str | None) -> None:
    answer = fleet["exact"].get(net.fill(f"/pve?{query}"))
    assert_no_credential(text_of(answer))
    assert net.evil_connections == {}
    if asked is None:
        assert answer.status in (400, 403), (answer.status, answer.body)
        assert net.connections == {}
    else:
        assert answer.status == 200 and list(net.connections) == [asked]


REQUESTS = {
    "parameter in the path": ("/pve/target={evil}",),
    "parameter of the path": ("/pve;target={evil}?target={allowed}",),
    "encoded question mark": ("/pve%3Ftarget={evil}",),
    "encoded question mark and more": ("/pve%3Ftarget={evil}?target={evil}",),
    "slash behind": ("/pve/?target={evil}",),
    "two slashes": ("//pve?target={evil}",),
    "evil as the authority of the path": ("//{evil}/pve?target={evil}",),
    "dots": ("/x/../pve?target={evil}",),
    "encoded path": ("/%70ve?target={evil}",),
    "another case": ("/PVE?target={evil}",),
    "metrics": ("/metrics?target={evil}",),
    "probe": ("/probe?target={evil}",),
    "absolute form": ("http://{evil}/pve?target={evil}",),
    "absolute form of another scheme": ("https://{evil}/pve?target={evil}",),
    "absolute form and Host": ("http://{allowed}/pve?target={evil}", "Host: {evil}"),
    "asterisk": ("*",),
    "no slash": ("pve?target={evil}",),
    "Host": ("/pve?target={evil}", "Host: {evil}"),
    "Host for the target": ("/pve", "Host: {evil}"),
    "two Hosts": ("/pve?target={evil}", "Host: {allowed}", "Host: {evil}"),
    "forwarded": ("/pve?target={evil}", "X-Forwarded-Host: {allowed}", "X-Forwarded-For: 127.0.0.1", "Forwarded: host={allowed}"),
    "forwarded for the target": (
        "/pve",
        "X-Forwarded-Host: {evil}",
        "X-Original-URL: /pve?target={evil}",
        "X-Rewrite-URL: /pve?target={evil}",
    ),
    "method override": ("/pve?target={evil}", "X-HTTP-Method-Override: POST"),
    "proxy": ("/pve?target={evil}", "Proxy: http://{evil}", "Proxy-Authorization: Basic eA=="),
    "credentials": ("/pve?target={evil}", "Authorization: PVEAPIToken=a!b=c", "Cookie: PVEAuthCookie=x"),
}


@pytest.mark.parametrize("request_of_evil", REQUESTS.values(), ids=REQUESTS.keys())
@pytest.mark.parametrize("exporter", ["exact", "none", "cluster"])
def test_requests_of_other_shapes(fleet: Fleet, net: Net, exporter: str, request_of_evil: tuple[str, ...]) -> None:
    running = fleet[exporter]
    answer = running.get(*(net.fill(text) for text in request_of_evil))
    assert_no_credential(text_of(answer))
    assert net.evil_connections == {}
    if exporter == "cluster" and request_of_evil[0] in ("/pve", "/metrics?target={evil}"):
        assert answer.status == 200, "the only cluster is the target where none is named"
    elif exporter != "cluster" and request_of_evil[0] == "/metrics?target={evil}":
        assert answer.status == 200 and net.connections == {}
    else:
        assert answer.status in (400, 403, 404, 405), (answer.status, answer.body)
        assert net.connections == {}


@pytest.mark.parametrize(
    "headers",
    [
        ("Host: {evil}",),
        ("X-Forwarded-Host: {evil}",),
        ("Forwarded: host={evil};proto=https",),
        ("Location: https://{evil}/",),
        ("Proxy: http://{evil}",),
    ],
)
def test_headers_do_not_lead_elsewhere(fleet: Fleet, net: Net, headers: tuple[str, ...]) -> None:
    answer = fleet["exact"].get(net.fill("/pve?target={allowed}"), *map(net.fill, headers), "X-Evil: {evil}")
    assert answer.status == 200 and list(net.connections) == ["allowed"]
    assert net.words["evil"].encode() not in net.allowed.sent, "nothing of the request goes on"


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "get", "G\tET"])
def test_other_methods(fleet: Fleet, net: Net, method: str) -> None:
    for body in ("", net.fill("target={evil}")):
        answer = fleet["exact"].get(
            net.fill("/pve?target={evil}"), "Content-Type: application/x-www-form-urlencoded", method=method, body=body
        )
        assert answer.status in (0, 400, 403, 405, 501), answer.status
        assert_no_credential(text_of(answer))
    # The parameter may not come in a form either.
    answer = fleet["exact"].get("/pve", "Content-Type: application/x-www-form-urlencoded", method=method, body=net.fill("target={evil}"))
    assert answer.status in (0, 400, 403, 405, 501), answer.status
    assert net.connections == {}


def test_connect_is_no_way_out(fleet: Fleet, net: Net) -> None:
    for target in (net.words["evil"], net.words["allowed"]):
        answer = fleet["all"].send(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\nGET / HTTP/1.1\r\n\r\n".encode(), patience=0.5)
        assert answer.status not in (200, 204)
    assert net.connections == {}


def test_request_after_request_on_one_connection(fleet: Fleet, net: Net) -> None:
    """What the second says does not mend the first, nor the first the second; a body that is none hides no request."""
    port = fleet["exact"].port
    good, bad = (net.fill(f"GET /pve?target={target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n") for target in ("{allowed}", "{evil}"))
    last = good.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")
    hidden = bad.replace("\r\n\r\n", f"\r\nContent-Length: {len(bad)}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") + bad
    for request in (good + bad + last, bad + good + last, hidden):
        answer = fleet["exact"].send(request.encode(), patience=1)
        assert_no_credential(text_of(answer))
        assert net.evil_connections == {}


@pytest.mark.parametrize("length", [5_000, 30_000, 200_000, 2_000_000])
def test_targets_that_are_very_long(fleet: Fleet, net: Net, length: int) -> None:
    for target in ("{evil}/" + "a" * length, "{allowed}#" + "a" * length, "a." * (length // 2), "[" * length):
        answer = fleet["exact"].get(net.fill(f"/pve?target={target}"))
        assert answer.status in (0, 400, 403, 413, 414, 431), answer.status
        assert len(answer.body) < 2000
        assert_no_credential(text_of(answer))
    assert net.connections == {}
    assert fleet["exact"].pve(net.allowed.authority).status == 200, "and nothing is broken"


def test_many_targets_that_are_refused_leave_nothing(fleet: Fleet, net: Net) -> None:
    """They are neither remembered nor shown: /metrics must not grow with what strangers ask for."""
    exporter = fleet["exact"]
    for index in range(300):
        assert exporter.pve(f"evil{index}.test:{net.evil_port}").status == 403
    metrics = fetch(exporter.url + "/metrics").text
    assert "evil" not in metrics and net.EVIL not in metrics
    assert net.connections == {}


# An allowed target that wants more


@pytest.mark.parametrize(
    ("module", "target"),
    [
        ("narrow", "{allowed}"),
        ("narrow", "{host}"),
        ("narrow", "{evil}"),
        ("narrow", "127.0.0.2:{port}0"),
        ("narrow", "lab"),
        ("narrow", "127.0.0.2:{port}@{allowed}"),
        ("default", "127.0.0.2:{port}"),
        ("default", "{evil}"),
        ("nobody", "{allowed}"),
        ("nobody", "127.0.0.2:{port}"),
        ("nobody", "lab"),
        ("nobody", ""),
        ("nobody", "localhost"),
    ],
)
def test_a_credential_that_is_kept_to_targets_of_its_own(fleet: Fleet, net: Net, module: str, target: str) -> None:
    """What one module may ask is nothing to another, nor are the flag and the configured clusters to one that has its own."""
    before = fleet.names
    remedy = "--pve.allowed-targets" if module == "default" else "allowed_targets of the module"
    assert_refused(fleet["clusters and narrow modules"].pve(net.fill(target), module=module), remedy)
    assert net.connections == {} and fleet.names == before


def test_targets_of_its_own_are_asked(fleet: Fleet, net: Net) -> None:
    exporter = fleet["clusters and narrow modules"]
    for module, target, asked in (("narrow", "127.0.0.2:{port}", net.fill("127.0.0.2:{port}")), ("default", "{allowed}", "allowed")):
        net.clear()
        assert exporter.pve(net.fill(target), module=module).status == 200
        assert list(net.connections) == [asked]
    net.clear()


@pytest.fixture
def lone(start: Start, tmp_path: Path, authority: Authority, net: Net) -> Iterator[Callable[..., tuple[Listener, Exporter]]]:
    """A target that answers as a test wants, and an exporter that allows it alone."""
    certificate = authority.folder / "everybody.pem"
    with contextlib.ExitStack() as stack:

        def make(
            answering: Answering, *flags: str, native: bool = False, env: Mapping[str, str] | None = None
        ) -> tuple[Listener, Exporter]:
            target = stack.enter_context(Listener(certificate=certificate, answering=answering))
            cluster = {"endpoint": target.authority, "token": f"{USER}!{TOKEN_NAME}={CLUSTER_SECRET}", "verify_tls": False}
            settings = {"proxmox": {"clusters": [cluster], **WITHOUT_TIMERS}} if native else {}
            words = ["--pve.config-file", str(modules_file(tmp_path, target.port)), "--pve.allowed-targets", target.authority, *flags]
            return target, Exporter(start, tmp_path / "exporter", settings, env or {}, *words)

        yield make


@pytest.mark.parametrize(
    "status",
    ["301 Moved", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect", "300 Choices", "305 Use Proxy"],
)
def test_redirections_are_not_followed(lone: Callable[..., tuple[Listener, Exporter]], net: Net, status: str) -> None:
    evil = net.words["evil"]
    leads = {
        "Location": f"https://{evil}/api2/json/version", "Refresh": f"0; url=https://{evil}/",
        "Alt-Svc": f'h2="{evil}", http/1.1="{evil}"; ma=3600',
        "Content_Location": f"https://{evil}/", "Link": f"<https://{evil}/>; rel=preconnect", "Strict_Transport_Security": "max-age=9",
    }  # fmt: skip
    target, exporter = lone(lambda head, body: http(b'{"data":null}', status, **leads), native=True)
    for module in ("default", "password"):
        for _ in range(2):
            answer = exporter.pve(target.authority, module=module)
            assert answer.status == 500 and status[:3] in answer.text, answer.text
            assert_no_credential(text_of(answer))
    assert fetch(exporter.url + "/metrics").status == 200
    assert net.connections == {}
    assert not any(evil in line for line in target.requests)


def test_nodes_with_names_that_lead_elsewhere(lone: Callable[..., tuple[Listener, Exporter]], net: Net) -> None:
    """A name from an answer becomes a part of a path, and nothing in it can leave its place."""
    evil = net.words["evil"]
    names = [
        "../..", "..", ".", "...", "../../../../access/ticket", f"{evil}/x", f"@{evil}", f"//{evil}", f"x@{evil}/", f"\\\\{evil}\\",
        "%2e%2e",
        "%2e%2e%2f..", "a?b=c", "a#b", "a;b", "a b", "a\r\nHost: " + evil, "a\r\n\r\nGET /evil HTTP/1.1", "a\0b", "ä/ö", "\u202e",
        "\ud800",
        "a" * 5000, "/", "a/", "/a", "", "*", "a&b", "..;/",
    ]  # fmt: skip
    at = 0

    def answer(head: bytes, body: bytes) -> bytes:
        path = path_of(head).removeprefix(API)
        data: Any = []
        if path == "/cluster/status":
            data = [{"type": "cluster", "name": "lab", "quorate": 1}]
            data += [
                {"type": "node", "id": f"node/{name}", "name": name, "online": 1, "local": int(index == at)}
                for index, name in enumerate(names)
            ]
        elif path.startswith("/cluster/resources"):
            data = [{"type": "node", "id": f"node/{name}", "node": name, "status": "online"} for name in names]
        elif path == "/version":
            data = {"version": "9.0", "release": "9.0", "repoid": "x"}
        elif re.fullmatch(r"/nodes/[^/]*/(qemu|lxc)(\?.*)?", path):
            data = [{"vmid": 100, "status": "running"}, *({"vmid": name, "status": "running", "name": name} for name in names)]
        elif not path.startswith("/cluster"):
            data = {}
        return http(json.dumps({"data": data}).encode())

    target, exporter = lone(answer, native=True)
    asked: list[str] = []
    for at in range(len(names)):
        exporter.pve(target.authority)
    fetch(exporter.url + "/metrics")
    assert net.connections == {}
    heads = [head for head in target.sent.split(b"\r\n\r\n") if head]
    for head in heads:
        line, _, rest = head.partition(b"\r\n")
        assert header_of(head, "Host") == target.authority and rest.lower().count(b"\nhost:") + rest.lower().startswith(b"host:") == 1
        assert re.fullmatch(rb"GET /api2/json/[A-Za-z0-9%._/?=&-]+ HTTP/1\.1", line), line
        path = line.split(b" ")[1].decode().partition("?")[0]
        parts = path.removeprefix(f"{API}/").split("/")
        assert not {"", ".", ".."} & set(parts), path
        if parts[0] == "nodes":
            assert unquote(parts[1]) in {name.encode("utf-8", "replace").decode() for name in names} | {"\ufffd"}, path
            if len(parts) > 4:
                assert parts[2] in ("qemu", "lxc") and parts[3] == "100" and parts[4] == "config", path
            asked.append(unquote(parts[1]))
    assert {"..", "../..", f"@{evil}", f"{evil}/x"} <= set(asked), "they were believed, or nothing is shown here"
    assert exporter.program.is_running
    assert all(line.startswith(("ts=", "time=", "level=")) for line in exporter.program.output.splitlines()), (
        "no name begins a line of the log"
    )


def test_the_environment_names_no_proxy_and_no_netrc_gives_a_password(
    lone: Callable[..., tuple[Listener, Exporter]], start: Start, net: Net, tmp_path: Path
) -> None:
    evil = net.words["evil"]
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login evil password NETRCPASSWORD\ndefault login evil password NETRCPASSWORD\n")
    (tmp_path / ".netrc").chmod(0o600)
    (tmp_path / ".curlrc").write_text(f'proxy = "http://{evil}"\n')
    proxies = {name: f"http://user:pass@{evil}" for word in ("http", "https", "all") for name in (f"{word}_proxy", f"{word.upper()}_PROXY")}
    env = proxies | {"HOME": str(tmp_path), "CURL_HOME": str(tmp_path), "NETRC": str(tmp_path / ".netrc"), "NO_PROXY": "", "no_proxy": ""}
    target, exporter = lone(api(Replay.from_recordings().answers), native=True, env=env)
    assert exporter.pve(target.authority).status == exporter.pve(target.authority, module="password").status == 200
    assert "pve_up 1" in fetch(exporter.url + "/metrics").text or fetch(exporter.url + "/metrics").status == 200
    heads = target.sent
    assert SECRET.encode() in heads and CLUSTER_SECRET.encode() in heads
    assert b"Basic" not in heads and base64.b64encode(b"evil:NETRCPASSWORD") not in heads and b"CONNECT" not in heads
    # Where the endpoint is plain http, libcurl would take another variable.
    with Replay.from_recordings() as plain:
        from exporting import Exporter as Native
        from exporting import environment

        native = Native(start, environment(plain) | env)
        native.metrics()
        assert sum(plain.counts.values()) > 3
    assert net.connections == {}


# An answer that says what it was asked with


def echoes(text: str) -> dict[str, list[bytes]]:
    """Answers that hold the text, where it stands in each of their parts."""
    raw, said = text.encode(), json.dumps(text).encode()
    line = text.replace("\r", " ").replace("\n", " ").encode()
    reasons = {
        f"reason of a {status}": [http(b"", f"{status} ").replace(b" \r\n", b" " + line + b"\r\n", 1)]
        for status in (302, 400, 401, 403, 500, 595)
    }
    # The connection ends behind these, which are no whole answers.
    broken = {
        "line that is no header": b"HTTP/1.1 200 OK\r\n" + line + b"\r\n\r\n",
        "length": b"HTTP/1.1 200 OK\r\nContent-Length: " + line + b"\r\n\r\n",
        "coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + line + b"\r\n\r\n",
        "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + line + b"\r\n",
        "version": b"HTTP/" + line + b" 200 OK\r\n\r\n",
        "status": b"HTTP/1.1 " + line + b"\r\n\r\n",
        "no HTTP": line + b"\r\n\r\n",
        "headers that end early": b"HTTP/1.1 500 " + line + b"\r\nX: " + line,
    }
    return reasons | {kind: [answer, b""] for kind, answer in broken.items()} | {
        "message": [http(b'{"data":null,"message":' + said + b"}", "500 Error")],
        "message of a 401": [http(b'{"data":null,"message":' + said + b"}", "401 Unauthorized")],
        "message of a 403": [http(b'{"data":null,"message":' + said + b"}", "403 Forbidden")],
        "message that is long": [http(b'{"data":null,"message":' + json.dumps("x" * 150 + text).encode() + b"}", "500 Error")],
        "errors": [http(b'{"data":null,"errors":{"x":' + said + b"}}", "400 Parameter verification failed.")],
        "page": [http(b"<html>" + raw + b"</html>", "502 Bad Gateway", Content_Type="text/html")],
        "page that is good": [http(b"<html>" + raw + b"</html>")],
        "text for data": [http(b'{"data":' + said + b"}")],
        "JSON that ends early": [http(b'{"data":' + said)],
        "JSON of another kind": [http(b'{"data":{' + said + b":1}}")],
        "header": [http(b"", "500 Error", X_Echo=quote(text), Set_Cookie=quote(text), WWW_Authenticate=quote(text))],
        "place": [http(b"", "302 Found", Location="https://127.0.0.66/" + quote(text))],
        "content coding": [http(b"{}", Content_Encoding=quote(text))],
    }  # fmt: skip


def parts_of_the_credential(head: bytes, body: bytes) -> list[str]:
    """What the request is let in by, as it came and without its disguise."""
    texts = [header_of(head, name) for name in ("Authorization", "Cookie", "CSRFPreventionToken")] + [body.decode("latin-1")]
    return [form for text in texts if text for form in (text, unquote(text))]


def echoing(kind: str, spared: str = "") -> Answering:
    """Repeats the credential in this way, but answers a login like an API if that is spared."""

    def answer(head: bytes, body: bytes) -> bytes | Iterable[bytes]:
        if spared and head.startswith(spared.encode()):
            return api({})(head, body)
        return echoes(" ".join(parts_of_the_credential(head, body)))[kind]

    return answer


@pytest.mark.parametrize("module", ["default", "password", "ticket"])
def test_what_an_answer_repeats_is_not_repeated(lone: Callable[..., tuple[Listener, Exporter]], authority: Authority, module: str) -> None:
    """A proxy's error page may show the request, and pages and logs of the exporter are read by many."""
    with contextlib.ExitStack() as stack:
        certificate = authority.folder / "everybody.pem"
        targets = {
            kind: stack.enter_context(Listener(certificate=certificate, answering=echoing(kind, "POST" if module == "ticket" else "")))
            for kind in echoes("")
        }
        allowed = ",".join(target.authority for target in targets.values())
        flags = ["--pve.collector.pve-api-metrics", "--pve.collector.target-metrics", "--pve.allowed-targets", allowed]
        _, exporter = lone(api({}), *flags)
        wrong: list[str] = []
        for kind, target in targets.items():
            logged = len(exporter.program.output)
            answer = exporter.pve(target.authority, module="default" if module == "default" else "password", node="0")
            assert answer.status == 500, kind
            assert target.sent, kind
            for place, text in {"answer": text_of(answer), "log": exporter.program.output[logged:]}.items():
                found = [credential for credential in CREDENTIALS if credential in text]
                wrong += [f"{kind}, {place}: {text[max(0, text.index(found[0]) - 100) :][:300]}"] if found else []
        pages = [text_of(fetch(exporter.url + path)) for path in ("/", "/metrics")]
    assert not wrong, "\n" + "\n".join(wrong)
    assert_no_credential(*pages, exporter.program.output)


def test_what_an_answer_repeats_is_not_repeated_by_the_native_metrics(lone: Callable[..., tuple[Listener, Exporter]]) -> None:
    kind = "message"
    target, exporter = lone(lambda head, body: echoing(kind)(head, body), native=True)
    # A credential that is refused ends the program, which test_login.py looks at.
    for kind in [kind for kind in echoes("") if "401" not in kind]:
        assert_no_credential(text_of(fetch(exporter.url + "/metrics")), text_of(fetch(exporter.url + "/")), exporter.program.output)
    assert CLUSTER_SECRET.encode() in target.sent and "scrape incomplete" in exporter.program.output


def test_a_credential_in_a_name_becomes_no_label(lone: Callable[..., tuple[Listener, Exporter]]) -> None:
    """The target knows the credential already; who reads the metrics does not."""

    def answer(head: bytes, body: bytes) -> bytes:
        path, said = path_of(head).removeprefix(API), header_of(head, "Authorization")
        data: Any = {
            "/cluster/status": [
                {"type": "cluster", "name": said, "quorate": 1},
                {"type": "node", "id": f"node/{said}", "name": said, "online": 1, "local": 1},
            ],
            "/cluster/resources": [{"type": "qemu", "id": f"qemu/{said}", "node": "pve1", "name": said, "status": "running", "vmid": 100}],
            "/version": {"version": said, "release": said, "repoid": said},
        }.get(path, [])
        return http(json.dumps({"data": data}).encode())

    target, exporter = lone(answer)
    assert_no_credential(text_of(exporter.pve(target.authority, node="0")), exporter.program.output)


# An allowed target that never ends


def high_water(program: Program) -> float:
    """Most memory that the program has had, in MiB."""
    status = Path(f"/proc/{program.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


def forever(first: bytes, piece: bytes, seconds: float = 0) -> Iterable[bytes]:
    yield first
    while True:
        yield piece
        time.sleep(seconds)


BLOCK = b"x" * 65536
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@functools.cache
def large(kind: str) -> bytes:
    """Answers that end, and are as large as answers may be or unpack to more."""
    match kind:
        case "brackets":
            return http(b'{"data":' + b"[" * (15 << 20))
        case "rows":
            return http(b'{"data":[' + b"{}," * (5 << 20) + b"{}]}")
        case "names":
            return http(b'{"data":[' + b",".join(b'{"type":"node","name":"%d"}' % index for index in range(400_000)) + b"]}")
        case _:
            return http(gzip.compress(b"[" * (64 << 20), 1), Content_Encoding="gzip")


ENDLESS: dict[str, Callable[[], Iterable[bytes]]] = {
    "body": lambda: forever(HEAD + b"\r\n", BLOCK),
    "body of spaces": lambda: forever(HEAD + b"\r\n", b" " * 65536),
    "body that says how long it is": lambda: forever(HEAD + b"Content-Length: 9000000000000000000\r\n\r\n", BLOCK),
    "chunks": lambda: forever(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"10000\r\n" + BLOCK + b"\r\n"),
    "chunk that says how long it is": lambda: forever(HEAD + b"Transfer-Encoding: chunked\r\n\r\n7fffffffffffffff\r\n", BLOCK),
    "extension of a chunk": lambda: forever(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;", BLOCK),
    "trailers": lambda: forever(HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: " + b"x" * 1000 + b"\r\n"),
    "headers": lambda: forever(HEAD, b"X: " + b"x" * 1000 + b"\r\n"),
    "header": lambda: forever(HEAD + b"X: ", BLOCK),
    "header in lines": lambda: forever(HEAD + b"X: x\r\n", b" x\r\n" * 1000),
    "cookies": lambda: forever(HEAD, b"Set-Cookie: a=" + b"x" * 1000 + b"\r\n"),
    "status": lambda: forever(b"HTTP/1.1 200 ", BLOCK),
    "interim answers": lambda: forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "early hints": lambda: forever(b"", b"HTTP/1.1 103 Early Hints\r\nLink: " + b"x" * 1000 + b"\r\n\r\n"),
    **{kind: functools.partial(lambda kind: [large(kind)], kind) for kind in ("brackets", "rows", "names", "packed brackets")},
}
# One of each part of an answer; the others are for `make e2e`.
ENDLESS_EACH_TIME = {"body", "chunks", "trailers", "headers", "status", "interim answers", "rows"}
# What is kept of an answer is 16 MiB at most, of which three come at once; as JSON of the smallest values each takes ten times as much.
MOST_MEBIBYTES = 768


@pytest.mark.alone
@pytest.mark.parametrize("kind", [pytest.param(kind, marks=[] if kind in ENDLESS_EACH_TIME else pytest.mark.e2e) for kind in ENDLESS])
def test_an_answer_without_end_fills_no_memory(lone: Callable[..., tuple[Listener, Exporter]], kind: str) -> None:
    target, exporter = lone(lambda head, body: ENDLESS[kind]())

    def ask() -> list[Answer]:
        with ThreadPoolExecutor(4) as pool:
            return list(pool.map(lambda _: exporter.pve(target.authority, {"X-Prometheus-Scrape-Timeout-Seconds": "2"}), range(4)))

    # The deadline is two seconds; what comes without end has to be read that long.
    answers = in_time(4, ask)
    assert {answer.status for answer in answers} == {500}
    assert all(len(answer.body) < 1000 for answer in answers)
    assert high_water(exporter.program) < MOST_MEBIBYTES
    assert fetch(exporter.url + "/health").status == 200


SLOW: dict[str, Callable[[], Iterable[bytes]]] = {
    "body byte after byte": lambda: forever(HEAD + b"Content-Length: 1000\r\n\r\n", b" ", 0.1),
    "header byte after byte": lambda: forever(HEAD + b"X: ", b"x", 0.1),
    "chunk after chunk": lambda: forever(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n", 0.1),
    "interim answer after interim answer": lambda: forever(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.1),
    "nothing": lambda: forever(b"H", b"T", 60),
}


def slowly(kind: str) -> Answering:
    return lambda head, body: SLOW[kind]()


@pytest.mark.alone
def test_a_slow_answer_ends_at_the_deadline(lone: Callable[..., tuple[Listener, Exporter]], authority: Authority) -> None:
    """All are waited for together; one never begins to speak TLS."""
    mute = Listener()
    with contextlib.ExitStack() as stack:
        stack.enter_context(mute)
        targets = {"handshake": mute}
        for kind in SLOW:
            certificate = authority.folder / "everybody.pem"
            targets[kind] = stack.enter_context(Listener(certificate=certificate, answering=slowly(kind)))
        _, exporter = lone(api({}), "--pve.allowed-targets", ",".join(target.authority for target in targets.values()))

        def ask(kind: str) -> int:
            headers = {"X-Prometheus-Scrape-Timeout-Seconds": "2"}
            answer = in_time(2.1, lambda: exporter.pve(targets[kind].authority, headers))
            assert_no_credential(text_of(answer))
            return answer.status

        with ThreadPoolExecutor(len(targets)) as pool:
            assert dict(zip(targets, pool.map(ask, targets), strict=True)) == dict.fromkeys(targets, 500)
    assert high_water(exporter.program) < MOST_MEBIBYTES


@pytest.mark.alone
def test_the_flag_is_a_deadline_too(lone: Callable[..., tuple[Listener, Exporter]]) -> None:
    target, exporter = lone(lambda head, body: forever(b"H", b"T", 60), "--scrape.timeout", "1s")
    for headers in ({}, {"X-Prometheus-Scrape-Timeout-Seconds": "3600"}):
        assert in_time(1.25, lambda headers=headers: exporter.pve(target.authority, headers)).status == 500

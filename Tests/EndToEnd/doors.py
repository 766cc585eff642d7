"""The exporter behind doors: web configurations, certificates that are replaced, and clients that we did not write."""

from __future__ import annotations

import os
import socket
import subprocess
import urllib.parse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from conftest import Program, Start, fetch, free_port, wait_for

PASSWORD = "correct horse"


def bcrypt(password: str = PASSWORD, variant: str = "2y") -> str:
    """A hash of Apache's htpasswd; its cost is low, as these tests are about doors and not about time."""
    told = subprocess.run(["htpasswd", "-niBC", "5", "user"], input=password, capture_output=True, text=True, check=True, timeout=30).stdout
    # The variants name who made a hash; what was computed is the same.
    return told.strip().removeprefix("user:").replace("$2y$", f"${variant}$")


def write_atomically(path: Path, text: str) -> None:
    """As certbot and configuration management do it."""
    new = path.with_suffix(".new")
    new.write_text(text)
    new.rename(path)


def halves(pem: Path) -> tuple[str, str]:
    """Certificate and key of a file that has both."""
    text = pem.read_text()
    cut = text.index("-----BEGIN PRIVATE KEY-----")
    return text[:cut], text[cut:]


class Simulator:
    """`martlet simulate proxmox` over plain HTTP, small so that a scrape takes no time."""

    def __init__(self, start: Start, cluster: str = "lab", latency: str = "0s", token: str = "SECRET", guests: int = 10) -> None:
        self.port = free_port()
        self.cluster, self.token = cluster, f"monitor@pve!martlet={token}"
        self.program = start(
            "simulate", "proxmox", "--listen", f"127.0.0.1:{self.port}", "--cluster", cluster, "--plain-http", "--latency", latency,
            "--nodes", "2", "--guests", str(guests), "--token", self.token)
        self.program.wait_until(f"{self.url}/api/v1/scenario")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        name, _, secret = self.token.partition("=")
        return {"PROXMOX_HOST": self.url, "PROXMOX_TOKEN_NAME": name, "PROXMOX_TOKEN_VALUE": secret}


class Doors:
    """A running `martlet exporter` with a web configuration in a folder of its own, which may be changed at any time."""

    def __init__(self, start: Start, simulator: Simulator, folder: Path, settings: Mapping[str, Any], *flags: str, server: Path | None = None) -> None:
        """With a server's certificate (a file that has its key too) it speaks TLS."""
        folder.mkdir(exist_ok=True)
        self.folder, self.file = folder, folder / "web.yml"
        self.certificate, self.key = folder / "server.crt", folder / "server.key"
        if server is not None:
            certificate, key = halves(server)
            self.certificate.write_text(certificate)
            self.key.write_text(key)
            self.key.chmod(0o600)
        self.settings = dict(settings)
        if server is not None:
            self.settings["tls_server_config"] = {"cert_file": "server.crt", "key_file": "server.key"} | self.settings.get("tls_server_config", {})
        self.write(self.settings)
        self.port = free_port()
        self.program: Program = start(
            "exporter", "--web.listen-address", f"127.0.0.1:{self.port}", "--web.config.file", self.file, *flags, env=simulator.environment)
        wait_for(self.is_listening, 20, f"listening; it printed:\n{self.program.output}")

    def is_listening(self) -> bool:
        assert self.program.is_running, self.program.output
        return "msg=listening" in self.program.output

    def write(self, settings: Mapping[str, Any]) -> None:
        write_atomically(self.file, yaml.safe_dump(dict(settings)))

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if 'tls_server_config' in self.settings else 'http'}://{self.address}"

    def lines(self, level: str) -> list[str]:
        return [line for line in self.program.output.splitlines() if f"level={level}" in line]

    def shown_fingerprint(self) -> str:
        """Of the certificate that a new connection gets."""
        shown = subprocess.run(
            ["openssl", "s_client", "-connect", self.address], input="", capture_output=True, text=True, timeout=20).stdout
        pem = shown[shown.index("-----BEGIN CERTIFICATE-----"):shown.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n"
        printed = subprocess.run(
            ["openssl", "x509", "-noout", "-fingerprint", "-sha256"], input=pem, capture_output=True, text=True, check=True, timeout=20)
        return printed.stdout.strip().partition("=")[2]


class Reply:
    """What curl has to say of one request."""

    def __init__(self, code: int, head: str, body: str, error: str) -> None:
        self.code, self.body, self.error = code, body, error
        lines = head.splitlines()
        self.status = int(lines[0].split()[1]) if lines else 0
        self.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if ":" in line)}


def curl(url: str, *flags: str | Path) -> Reply:
    """One request; the path is sent as it stands."""
    # Without a home there is no .curlrc, and no proxy stands between us and loopback.
    environment = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()} | {"HOME": "/nonexistent"}
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--max-time", "20", "--path-as-is", "--include", *map(str, flags), url],
        capture_output=True, timeout=40, env=environment)
    text = done.stdout.decode(errors="replace")
    while text.startswith("HTTP/1.1 100"):
        text = text.partition("\r\n\r\n")[2]
    head, _, body = text.partition("\r\n\r\n")
    return Reply(done.returncode, head, body, done.stderr.decode(errors="replace"))


def s_client(address: str, *flags: str | Path, path: str | None = "/health") -> subprocess.CompletedProcess[str]:
    """A TLS connection of the openssl program, with a request of HTTP/1.0 in it, or with none: then the server's alert is what ends it."""
    request = "" if path is None else f"GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n"
    return subprocess.run(
        ["openssl", "s_client", "-connect", address, "-ign_eof", "-cipher", "ALL:@SECLEVEL=0", *map(str, flags)],
        input=request, capture_output=True, text=True, timeout=40)


class Prometheus:
    """Debian's Prometheus: each job has one target that it scrapes once a second."""

    def __init__(self, start: Start, folder: Path, jobs: Sequence[Mapping[str, Any]]) -> None:
        self.port = free_port()
        config = folder / "prometheus.yml"
        config.write_text(yaml.safe_dump({"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": [dict(job) for job in jobs]}))
        self.program: Program = start(
            "/usr/bin/prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}", f"--web.listen-address=127.0.0.1:{self.port}")
        self.program.wait_until(f"http://127.0.0.1:{self.port}/-/ready")

    def query(self, expression: str) -> list[dict[str, Any]]:
        answer = fetch(f"http://127.0.0.1:{self.port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})).json
        return list(answer["data"]["result"])

    def value(self, expression: str) -> float | None:
        result = self.query(expression)
        return float(result[0]["value"][1]) if result else None

    def samples(self, series: str, seconds: int) -> list[float]:
        """All that was scraped of one series in the last seconds, oldest first."""
        return [float(value) for result in self.query(f"{series}[{seconds}s]") for _, value in result["values"]]

    def targets(self) -> dict[str, dict[str, Any]]:
        """Health and last error, by job."""
        active = fetch(f"http://127.0.0.1:{self.port}/api/v1/targets?state=active").json["data"]["activeTargets"]
        return {target["labels"]["job"]: target for target in active}


def job(name: str, address: str, *, tls: Mapping[str, Any] | None = None, user: tuple[str, str] | None = None) -> dict[str, Any]:
    """A scrape configuration."""
    config: dict[str, Any] = {"job_name": name, "static_configs": [{"targets": [address]}]}
    if tls is not None:
        config |= {"scheme": "https", "tls_config": {key: str(value) for key, value in tls.items()}}
    if user is not None:
        config["basic_auth"] = {"username": user[0], "password": user[1]}
    return config


class Manager:
    """Hears what services tell systemd."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name.replace("@", "\0", 1))

    def hear(self, seconds: float = 20) -> dict[str, str]:
        """The next message."""
        self.socket.settimeout(seconds)
        return dict(line.split("=", 1) for line in self.socket.recv(4096).decode().splitlines())

    def __enter__(self) -> Manager:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


# Opens what it is told to at descriptors 3 and on and becomes the program that it is told, as systemd does it.
LAUNCHER = """
import os, socket, sys
kinds, who, *command = sys.argv[1:]
opened = []
for kind in kinds.split(",") if kinds else []:
    name, _, place = kind.partition("=")
    family = socket.AF_UNIX if place.startswith("/") else socket.AF_INET
    one = socket.socket(family, socket.SOCK_DGRAM if name == "datagram" else socket.SOCK_STREAM)
    if family == socket.AF_UNIX:
        one.bind(place)
    else:
        host, _, port = place.rpartition(":")
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.bind((host, int(port)))
    if name == "listening":
        one.listen()
    opened.append(one)
# Out of the way first: a descriptor may be where another has to go.
moved = [os.dup(one.fileno()) for one in opened]
for number, descriptor in enumerate(moved):
    high = 100 + number
    os.dup2(descriptor, high)
    os.close(descriptor)
for one in opened:
    one.close()
for number in range(len(moved)):
    os.dup2(100 + number, 3 + number)
    os.close(100 + number)
os.environ["LISTEN_FDS"] = os.environ.get("COUNT", str(len(moved)))
os.environ["LISTEN_PID"] = str(os.getpid()) if who == "us" else who
os.execv(command[0], command)
"""

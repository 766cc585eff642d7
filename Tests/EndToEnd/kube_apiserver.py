"""A real kube-apiserver with its etcd on loopback: the ones that are installed, or Debian's, built once into .build/kubernetes by scripts/build-kube-apiserver."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import signal
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY, free_port, wait_for

FOLDER = REPOSITORY / ".build/kubernetes"
BUILD_SECONDS = 3600
# One that may do everything, and one that may do nothing.
ADMINISTRATOR, NOBODY = "token-of-the-administrator", "token-of-nobody"


def programs() -> tuple[Path, Path]:
    """kube-apiserver and etcd. Skips the test, and says why, where there are none."""
    installed = shutil.which("kube-apiserver"), shutil.which("etcd")
    if installed[0] and installed[1]:
        return Path(installed[0]), Path(installed[1])
    built = FOLDER / "kube-apiserver", FOLDER / "etcd"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not all(program.exists() for program in built):
            done = subprocess.run([REPOSITORY / "scripts/build-kube-apiserver", FOLDER], capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
            if done.returncode:
                pytest.skip(f"no kube-apiserver here: {' '.join((done.stdout + done.stderr).split()[-60:])}")
    return built


def openssl(*arguments: object) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class KubeAPIServer:
    """etcd, kube-apiserver, its authority, and the kubeconfigs of its users. Each part can be stopped, frozen and started again on the same port."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.etcd_ports = free_port(), (free_port(), free_port())
        self.kube_apiserver, self.etcd_program = programs()
        self.server: subprocess.Popen[bytes] | None = None
        self.etcd: subprocess.Popen[bytes] | None = None
        self.make_certificates()
        (folder / "tokens.csv").write_text(f'{ADMINISTRATOR},administrator,1,"system:masters"\n{NOBODY},nobody,2\n')

    # What it is asked by.

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def authority(self) -> Path:
        return self.folder / "ca.crt"

    def make_certificates(self) -> None:
        at = self.folder
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", at / "ca.key", "-out", self.authority, "-subj", "/CN=authority", "-days", 30)
        for name, subject, extension in [
            ("server", "/CN=kube-apiserver", "subjectAltName=IP:127.0.0.1,DNS:kubernetes.default.svc"),
            ("administrator", "/O=system:masters/CN=administrator", "extendedKeyUsage=clientAuth"),
        ]:
            (at / f"{name}.ext").write_text(extension + "\n")
            openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", at / f"{name}.key", "-out", at / f"{name}.csr", "-subj", subject)
            signing = ["-CA", self.authority, "-CAkey", at / "ca.key", "-CAcreateserial", "-days", 30, "-extfile", at / f"{name}.ext"]
            openssl("x509", "-req", "-in", at / f"{name}.csr", "-out", at / f"{name}.crt", *signing)
        openssl("genrsa", "-out", at / "accounts.key", 2048)

    def kubeconfig(self, name: str = "administrator", user: Mapping[str, str] | None = None, cluster: Mapping[str, Any] | None = None) -> Path:
        """A kubeconfig with the authority's certificate inside. `user`: by the administrator's token when nothing is said."""
        path = self.folder / f"{name}.kubeconfig"
        named = {"server": self.url, "certificate-authority-data": base64.b64encode(self.authority.read_bytes()).decode()}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "bed", "cluster": {**named, **(cluster or {})}}],
            "users": [{"name": name, "user": dict({"token": ADMINISTRATOR} if user is None else user)}],
            "contexts": [{"name": "bed", "context": {"cluster": "bed", "user": name}}],
            "current-context": "bed",
        }
        path.write_text(json.dumps(config, indent=1))
        path.chmod(0o600)
        return path

    def certificate_kubeconfig(self) -> Path:
        """By a client certificate, inside."""
        read = lambda name: base64.b64encode((self.folder / name).read_bytes()).decode()  # noqa: E731
        return self.kubeconfig("certificate", {"client-certificate-data": read("administrator.crt"), "client-key-data": read("administrator.key")})

    def ask(self, method: str, path: str, body: Any = None, token: str = ADMINISTRATOR, kind: str = "application/json") -> tuple[int, Any]:
        """Status and answer."""
        request = urllib.request.Request(self.url + path, method=method, data=None if body is None else json.dumps(body).encode())
        request.add_header("Authorization", f"Bearer {token}")
        request.add_header("Content-Type", kind)
        try:
            with urllib.request.urlopen(request, timeout=30, context=ssl.create_default_context(cafile=str(self.authority))) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            text = error.read()
            try:
                return error.code, json.loads(text)
            except json.JSONDecodeError:
                return error.code, text.decode()

    def kubectl(self, *arguments: str, given: str | None = None) -> str:
        done = subprocess.run(
            ["kubectl", "--kubeconfig", self.kubeconfig(), *arguments], input=given, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    # Its life.

    def start_etcd(self) -> None:
        client, peer = (f"http://127.0.0.1:{port}" for port in self.etcd_ports)
        arguments = ["--data-dir", self.folder / "etcd", "--listen-client-urls", client, "--advertise-client-urls", client, "--unsafe-no-fsync"]
        peers = ["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}"]
        # 3.4 refuses machines but amd64 without this word.
        environment = {**os.environ, "ETCD_UNSUPPORTED_ARCH": "arm64"} if os.uname().machine == "aarch64" else None
        with (self.folder / "etcd.log").open("ab") as log:
            self.etcd = subprocess.Popen([self.etcd_program, *arguments, *peers], stdout=log, stderr=log, env=environment)

    def start_server(self) -> None:
        at = self.folder
        arguments = {
            "etcd-servers": f"http://127.0.0.1:{self.etcd_ports[0]}",
            "bind-address": "127.0.0.1",
            "advertise-address": "127.0.0.1",
            "secure-port": self.port,
            "endpoint-reconciler-type": "none",
            "tls-cert-file": at / "server.crt",
            "tls-private-key-file": at / "server.key",
            "client-ca-file": self.authority,
            "token-auth-file": at / "tokens.csv",
            "authorization-mode": "RBAC",
            "service-account-issuer": self.url,
            "service-account-key-file": at / "accounts.key",
            "service-account-signing-key-file": at / "accounts.key",
            "service-cluster-ip-range": "10.0.0.0/24",
            "cert-dir": at,
        }
        with (at / "kube-apiserver.log").open("ab") as log:
            self.server = subprocess.Popen([self.kube_apiserver, *(f"--{name}={value}" for name, value in arguments.items())], stdout=log, stderr=log)

    def wait_until_ready(self) -> None:
        def is_ready() -> bool:
            assert self.server is None or self.server.poll() is None, (self.folder / "kube-apiserver.log").read_text()[-3000:]
            try:
                # The namespace comes a moment after all that /readyz looks at.
                return self.ask("GET", "/api/v1/namespaces/default")[0] == 200
            except OSError:
                return False

        wait_for(is_ready, 120, "kube-apiserver is ready")

    def start(self) -> None:
        if self.etcd is None:
            self.start_etcd()
        if self.server is None:
            self.start_server()
        self.wait_until_ready()

    def stop_server(self, with_signal: int = signal.SIGTERM) -> None:
        server, self.server = self.server, None
        end(server, with_signal)

    def stop(self) -> None:
        self.stop_server(signal.SIGKILL)
        etcd, self.etcd = self.etcd, None
        end(etcd, signal.SIGKILL)


def end(program: subprocess.Popen[bytes] | None, with_signal: int) -> None:
    if program is None:
        return
    program.send_signal(with_signal)
    try:
        program.wait(90)
    except subprocess.TimeoutExpired:
        program.kill()
        program.wait()


def permissive_crd(group: str, version: str, kind: str, plural: str) -> dict[str, Any]:
    """Of a kind whose spec and status may hold anything."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"type": "object", "properties": {"spec": anything, "status": anything}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "singular": kind.lower(), "kind": kind, "listKind": f"{kind}List"},
            "versions": [{"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}}],
        },
    }

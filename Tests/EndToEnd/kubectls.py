"""The manager's API over objects in memory (api-bed), and who asks it: Debian's kubectl, another one that is installed, Python's client, and plain HTTPS."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests
import yaml
from conftest import DEBUG, REPOSITORY

API_BED = Path(os.environ.get("API_BED", DEBUG / "api-bed"))
MANAGER = Path(os.environ.get("MARTLET_MANAGER", DEBUG / "martlet-manager"))
# Unpacked by scripts/bootstrap test: 1.20.
DEBIANS = REPOSITORY / ".build/kubectl/usr/bin/kubectl"
GROUP = "infra.virtrigaud.io"
VERSION = "v1beta1"


class Answer:
    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def __str__(self) -> str:
        return f"status {self.status}\n{self.out}\n{self.err}"


class Follower:
    """A program that goes on, line by line."""

    def __init__(self, words: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def until(self, holds: Callable[[str], bool], seconds: float = 20) -> str:
        while True:
            line = self.lines.get(timeout=seconds)
            if holds(line):
                return line

    def __enter__(self) -> Follower:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(10)


class Bed:
    """A running api-bed."""

    def __init__(self, folder: Path, *words: str) -> None:
        assert API_BED.exists(), f"{API_BED} is missing; swift build --product api-bed makes it"
        self.folder = folder
        self.process = subprocess.Popen([str(API_BED), str(folder), *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        first = self.process.stdout.readline().split()
        assert first[:1] == ["ready"], first
        self.port = int(first[1])
        self.kubeconfig = folder / "kubeconfig"
        told = yaml.safe_load(self.kubeconfig.read_text())
        self.url = told["clusters"][0]["cluster"]["server"]
        self.token = told["users"][0]["user"]["token"]
        self.authority = str(folder / "api/ca.crt")

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)

    def environment(self) -> dict[str, str]:
        # A cache of discovery in the home would be of another run's port.
        return {**os.environ, "KUBECONFIG": str(self.kubeconfig), "HOME": str(self.folder)}

    def run(self, program: Path | str, *words: str, given: str | None = None, seconds: float = 60) -> Answer:
        done = subprocess.run(
            [str(program), *words], input=given, capture_output=True, text=True, timeout=seconds, check=False, env=self.environment())
        return Answer(done)

    def follow(self, program: Path | str, *words: str) -> Follower:
        return Follower([str(program), *words], self.environment())

    def ask(self, method: str, path: str, body: Any = None, type: str = "application/json", token: str | None = None, **headers: str) -> requests.Response:
        data = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
        fields = {"Content-Type": type, "Authorization": f"Bearer {self.token if token is None else token}", **headers}
        return requests.request(method, self.url + path, data=data, headers=fields, verify=self.authority, timeout=30)

    def path(self, plural: str, namespace: str, name: str = "") -> str:
        return f"/apis/{GROUP}/{VERSION}/namespaces/{namespace}/{plural}" + (f"/{name}" if name else "")

    def merge(self, path: str, patch: Any) -> Any:
        answer = self.ask("PATCH", path, patch, "application/merge-patch+json")
        assert answer.status_code == 200, answer.text
        return answer.json()


def machine(name: str, *, labels: dict[str, str] | None = None, finalizers: list[str] | None = None, power: str = "On") -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name}
    if labels:
        metadata["labels"] = labels
    if finalizers:
        metadata["finalizers"] = finalizers
    spec = {"providerRef": {"name": "kvm"}, "classRef": {"name": "small"}, "imageRef": {"name": "debian"}, "powerState": power}
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": "VirtualMachine", "metadata": metadata, "spec": spec}


def size(name: str, *, cpu: int = 2, labels: dict[str, str] | None = None) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, **({"labels": labels} if labels else {})}
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": "VMClass", "metadata": metadata, "spec": {"cpu": cpu, "memory": "2Gi"}}


def machines(name: str, replicas: int = 1) -> dict[str, Any]:
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {k: v for k, v in machine("x")["spec"].items() if k != "powerState"}}}
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": "VMSet", "metadata": {"name": name}, "spec": spec}


def secret(name: str, **texts: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": texts}


def text(*objects: dict[str, Any]) -> str:
    return yaml.safe_dump_all(objects)

"""`martlet-manager serve` as its users meet it: kubectl applies and looks, metrics are scraped over HTTP, and hypervisors are read past the manager."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from conftest import Program, Start, environment_without_settings, fetch, free_port, wait_for
from kubectls import DEBIANS, GROUP, MANAGER, VERSION
from prometheus_client.parser import text_string_to_metric_families

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]
# How many operations ended, by their kind and outcome.
Ends = dict[tuple[str, str], int]
METHODS = ("Create", "Delete", "Power", "Reconfigure", "ImagePrepare", "Clone", "SnapshotCreate", "SnapshotDelete", "SnapshotRevert")


class Hypervisor:
    """A simulated provider, which can be ended and begun again, and its hypervisor, read past it."""

    def __init__(self, start: Start, folder: Path, name: str, task_time: str = "100ms", words: Sequence[str | Path] = ()) -> None:
        self.start, self.folder, self.name, self.task_time, self.words = start, folder / name, name, task_time, words
        self.socket = folder / f"{name}.sock"
        self.url = f"http://127.0.0.1:{free_port()}"
        self.begin()

    def begin(self, wait: bool = True) -> None:
        self.program: Program = self.start(
            MANAGER, "provider", "simulated", "--provider.state-dir", self.folder, "--grpc.socket", self.socket, "--web.listen-address", self.url.removeprefix("http://"),
            "--simulated.task-time", self.task_time, "--simulated.poll-interval", "20ms", *self.words)
        if wait:
            self.program.wait_until(self.url + "/ready")

    def kill(self) -> None:
        self.program.process.kill()
        self.program.process.wait()

    def break_down(self, **faults: Any) -> None:
        """What goes wrong from now on; nothing without a word."""
        draft = self.folder / "faults.draft"
        draft.write_text(json.dumps(faults))
        draft.rename(self.folder / "faults.json")

    def machines(self) -> list[str]:
        """Names of machines that there are, whole ones and others."""
        with sqlite3.connect(f"file:{self.folder / 'hypervisor.db'}?mode=ro", uri=True) as connection:
            return sorted(name for (name,) in connection.execute("SELECT name FROM machines"))

    def inventory(self) -> dict[str, dict[str, Any]]:
        """All that it has of machines and their disks. No volume but a whole image may be nobody's."""
        with sqlite3.connect(f"file:{self.folder / 'hypervisor.db'}?mode=ro", uri=True) as connection:
            rows = connection.execute("SELECT row, name, owner, cpu, memory, power, complete FROM machines").fetchall()
            found: dict[str, dict[str, Any]] = {}
            for row, name, owner, cpu, memory, power, complete in rows:
                disks = dict(connection.execute("SELECT label, capacity >> 30 FROM volumes WHERE machine = ? AND use = 'disk'", (row,)))
                found[name] = {"owner": owner, "cpu": cpu, "memory": memory, "on": bool(power), "whole": bool(complete), "disks": disks}
            assert len(found) == len(rows), rows
            loose = connection.execute("SELECT name, use, complete FROM volumes WHERE machine IS NULL").fetchall()
            assert {(use, complete) for _, use, complete in loose} <= {("image", 1)}, loose
        return found

    def operations(self) -> Ends:
        """What the provider has done, by its own journal."""
        with sqlite3.connect(f"file:{self.folder / 'tasks.db'}?mode=ro", uri=True) as connection:
            # Each request came with a key, and the same key is one operation.
            [(count, keys, ended)] = connection.execute("SELECT count(*), count(DISTINCT token), count(ended) FROM operations")
            assert count == keys == ended, (count, keys, ended)
            return {
                (kind, "failure" if failed else "success"): count
                for kind, failed, count in connection.execute("SELECT kind, code != 0, count(*) FROM operations GROUP BY 1, 2")}

    @property
    def object(self) -> dict[str, Any]:
        return thing(
            "Provider", self.name, type="simulated", endpoint=f"unix://{self.socket}", rateLimit={"qps": 1000, "burst": 2000},
            healthCheck={"interval": "1s", "timeout": "2s", "failureThreshold": 2})


class Manager:
    """A manager that runs, with its API, its metrics, and kubectl."""

    def __init__(self, start: Start, folder: Path, *words: str, **settings: str) -> None:
        """- settings: by their variables, as `MARTLET_MANAGER__WORKERS`."""
        self.start, self.folder, self.words, self.settings = start, folder / "manager", words, settings
        self.url = f"http://127.0.0.1:{free_port()}"
        self.api = f"127.0.0.1:{free_port()}"
        self.begin()

    def begin(self, wait: bool = True) -> None:
        self.program: Program = self.start(
            MANAGER, "serve", "--manager.state-dir", self.folder, "--web.listen-address", self.url.removeprefix("http://"), "--api.listen-address", self.api, *self.words,
            env=self.settings)
        if wait:
            self.program.wait_until(self.url + "/ready")

    def kill(self) -> None:
        self.program.process.kill()
        self.program.process.wait()

    # Objects.

    def kubectl(self, *words: str, given: str | None = None, status: int | None = 0, seconds: float = 60) -> str:
        env = environment_without_settings() | {"KUBECONFIG": str(self.folder / "kubeconfig"), "HOME": str(self.folder)}
        done = subprocess.run([str(DEBIANS), *words], input=given, capture_output=True, text=True, timeout=seconds, check=False, env=env)
        assert status is None or done.returncode == status, f"kubectl {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def apply(self, *objects: dict[str, Any]) -> None:
        self.kubectl("apply", "-f", "-", given=yaml.safe_dump_all(objects))

    def get(self, kind: str, name: str) -> dict[str, Any]:
        """What `kubectl get -o json` shows, without a kubectl for each look."""
        token = (self.folder / "api/token").read_text().strip()
        plural = {"vm": "virtualmachines"}.get(kind, f"{kind}s")
        url = f"https://{self.api}/apis/{GROUP}/{VERSION}/namespaces/default/{plural}/{name}"
        answer = requests.get(url, headers={"Authorization": f"Bearer {token}"}, verify=str(self.folder / "api/ca.crt"), timeout=30)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def list(self, kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.kubectl("get", kind, "-A", "-o", "json"))["items"]
        return found

    def delete(self, kind: str, *names: str, wait: bool = True) -> None:
        self.kubectl("delete", kind, *names, f"--wait={str(wait).lower()}", "--timeout=60s", seconds=90)

    def until(self, kind: str, name: str, holds: Callable[[dict[str, Any]], Any], seconds: float = 30) -> dict[str, Any]:
        last: list[dict[str, Any]] = []

        def seen() -> bool:
            last[:] = [self.get(kind, name)]
            return bool(holds(last[0]))

        try:
            wait_for(seen, seconds, f"{kind} {name}")
        except pytest.fail.Exception as error:
            raise AssertionError(f"{error}\n{json.dumps(last, indent=1)}") from None
        return last[0]

    def until_ready(self, kind: str, name: str, seconds: float = 30) -> dict[str, Any]:
        return self.until(kind, name, lambda it: condition(it, "Ready").get("status") == "True", seconds)

    # Metrics.

    def samples(self) -> Samples:
        answer = fetch(self.url + "/metrics")
        assert answer.status == 200, answer.text
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(answer.text) for sample in family.samples
        }

    def value(self, name: str, /, **labels: str) -> float | None:
        return self.samples().get((name, tuple(sorted(labels.items()))))

    def operations(self, provider: str) -> Ends:
        """What it counts of a provider; without what has not happened."""
        samples, of = self.samples(), {"provider_type": "simulated", "provider": provider}

        def value(name: str, **labels: str) -> int:
            return int(samples.get((name, tuple(sorted((labels | of).items()))), 0))

        found = {(method, outcome): value("virtrigaud_vm_operations_total", operation=method, outcome=outcome) for method in METHODS for outcome in ("success", "failure", "error")}
        for method in METHODS:
            assert value("virtrigaud_vm_operations_duration_seconds_count", operation=method) == sum(count for (name, _), count in found.items() if name == method), method
        return {key: count for key, count in found.items() if count}

    def sum(self, name: str, /, **labels: str) -> float:
        return sum(value for (found, said), value in self.samples().items() if found == name and labels.items() <= dict(said).items())


def condition(thing: dict[str, Any], type: str) -> dict[str, Any]:
    for found in thing.get("status", {}).get("conditions", []):
        if found["type"] == type:
            return dict(found)
    return {}


def thing(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": f"{GROUP}/{VERSION}", "kind": kind, "metadata": {"name": name, "namespace": "default"}, "spec": spec}


def small() -> dict[str, Any]:
    return thing("VMClass", "small", cpu=1, memory="1Gi", diskDefaults={"type": "thin", "size": "4Gi"})


def debian() -> dict[str, Any]:
    return thing("VMImage", "debian", source={"http": {"url": "https://images.example/debian.qcow2"}})


def machine(name: str, provider: str = "sim", **more: Any) -> dict[str, Any]:
    return thing(
        "VirtualMachine", name, providerRef={"name": provider}, classRef={"name": "small"}, imageRef={"name": "debian"}, networks=[{"name": "lan"}], **more)


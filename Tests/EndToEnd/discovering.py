"""Simulated clusters, `martlet discovery` in front of them, and a real Prometheus that finds its targets there."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from conftest import REPOSITORY, Answer, Program, Start, fetch, free_port, wait_for

TOKEN = "monitor@pve!martlet=SECRET"


class Cluster:
    """A simulated cluster whose guests can be changed."""

    def __init__(self, start: Start, folder: Path, *flags: str, name: str = "lab", nodes: int = 3, guests: int = 24, latency: str = "0s") -> None:
        self.start, self.name, self.guests_count = start, name, guests
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.arguments = [
            "simulate", "proxmox", "--listen", f"127.0.0.1:{self.port}", "--plain-http", "--latency", latency, "--cluster", name,
            "--nodes", str(nodes), "--guests", str(guests), "--world", str(folder), "--guests-first-address", "127.0.64.1", *flags,
        ]
        folder.mkdir(parents=True, exist_ok=True)
        self.begin()

    def begin(self) -> None:
        self.program: Program = self.start(*self.arguments)
        self.program.wait_until(self.url + "/health")

    def end(self) -> None:
        self.program.stop()

    def change(self, vmid: int, **what: Any) -> None:
        answer = fetch(f"{self.url}/api/v1/guests/{vmid}", "PUT", body=json.dumps(what).encode())
        assert answer.status in (200, 204), answer.text

    def delete(self, vmid: int) -> None:
        answer = fetch(f"{self.url}/api/v1/guests/{vmid}", "DELETE")
        assert answer.status in (200, 204), answer.text

    def scenario(self, name: str) -> None:
        assert fetch(f"{self.url}/api/v1/scenario", "PUT", body=name.encode()).status == 200

    @property
    def guests(self) -> dict[int, dict[str, Any]]:
        """What the world knows of its guests, which no discovery is asked for."""
        listed = fetch(f"{self.url}/api/v1/guests").json
        return {guest["vmid"]: guest for guest in (listed["guests"] if isinstance(listed, dict) else listed)}

    def some(self, kind: str = "qemu", *, windows: bool = False, agent: bool = True) -> int:
        """A running guest that discovery can find."""
        for vmid, guest in sorted(self.guests.items()):
            if guest["kind"] == kind and guest["status"] == "running" and not guest["template"]:
                if kind == "lxc" or guest["ostype"].startswith("w") == windows and (not agent or guest["address"]):
                    return vmid
        raise AssertionError(f"no running {kind}")


class Discovery:
    """A running `martlet discovery`."""

    def __init__(
        self, start: Start, folder: Path, clusters: list[Cluster], *flags: str, env: Mapping[str, str] | None = None, settings: str = "",
        keep_last: str = "1h", keep_nodes: str = "168h", cold_wait: str = "5m", cache_ttl: str = "1s",
        names: list[str | None] | None = None,
    ) -> None:
        self.start, self.flags, self.env = start, flags, env
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "martlet.yml"
        entries = "".join(
            f"    - {{endpoint: '{cluster.url}', token: '{TOKEN}'{f', name: {name}' if name else ''}}}\n"
            for cluster, name in zip(clusters, names or [None] * len(clusters), strict=True))
        self.file.write_text(
            (f"proxmox:\n  clusters:\n{entries}" if clusters else "")
            + f"discovery:\n  cache_ttl: {cache_ttl}\n  keep_last: {keep_last}\n  keep_nodes: {keep_nodes}\n  cold_wait: {cold_wait}\n  networks: [127.0.0.0/8]\n{settings}")
        self.begin()

    def begin(self) -> None:
        self.program: Program = self.start(
            "discovery", "--config.file", self.file, "--web.listen-address", f"127.0.0.1:{self.port}", *self.flags, env=self.env)
        self.program.wait_until(self.url + "/health")

    def ask(self, query: str = "", **headers: str) -> Answer:
        return fetch(f"{self.url}/targets{'?' + query if query else ''}", headers=headers)

    def targets(self, query: str = "") -> dict[str, dict[str, str]]:
        """By number of the guest, or name of the node: its labels without `__meta_proxmox_`, and its target."""
        answer = self.ask(query)
        assert answer.status == 200, f"{answer.status} {answer.text}"
        found = {}
        for group in answer.json:
            labels = {name.removeprefix("__meta_proxmox_"): value for name, value in group["labels"].items()}
            (target,) = group["targets"]
            found[labels.get("vmid") or labels["name"]] = labels | {"target": target}
        return found

    def wait_until_warm(self) -> None:
        wait_for(lambda: self.ask().status == 200, 30, "an answer of /targets")

    def metric(self, name: str, **labels: str) -> float | None:
        from prometheus_client.parser import text_string_to_metric_families

        for family in text_string_to_metric_families(fetch(self.url + "/metrics").text):
            for sample in family.samples:
                if sample.name == name and labels.items() <= sample.labels.items():
                    return float(sample.value)
        return None

    def state(self, cluster: str = "lab") -> str | None:
        for state in ("cold", "fresh", "partial", "kept", "expired"):
            if self.metric("martlet_discovery_cluster_state", cluster=cluster, state=state) == 1:
                return state
        return None


class Prometheus:
    """The real one, with the shipped configuration but for addresses and a refresh every second."""

    def __init__(self, start_program: Callable[..., Program], folder: Path, discovery: Discovery) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        text = (REPOSITORY / "prometheus/prometheus.yml").read_text()
        text = text.replace("127.0.0.1:8000", f"127.0.0.1:{discovery.port}").replace("127.0.0.1:9090", f"127.0.0.1:{self.port}")
        assert text.count("refresh_interval: 30s") == 3
        text = text.replace("refresh_interval: 30s", "refresh_interval: 1s")
        (folder / "prometheus.yml").write_text(text)
        self.program = start_program(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
             f"--web.listen-address=127.0.0.1:{self.port}"], folder / "prometheus.log")
        self.program.wait_until(self.url + "/-/ready")

    def targets(self, *jobs: str) -> dict[str, dict[str, str]]:
        """Labels of the active targets, by number of the guest or by node."""
        active = fetch(self.url + "/api/v1/targets?state=active").json["data"]["activeTargets"]
        jobs = jobs or ("windows-vms", "linux-vms")
        return {
            target["labels"].get("vm_id") or target["labels"]["node"]: target["labels"] for target in active if target["labels"]["job"] in jobs}

    def value(self, expression: str) -> float | None:
        answer = fetch(f"{self.url}/api/v1/query?" + urllib.parse.urlencode({"query": expression})).json["data"]["result"]
        return float(answer[0]["value"][1]) if answer else None

    def own_metric(self, name: str) -> float:
        """Of all its samples of the name together."""
        lines = fetch(self.url + "/metrics").text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

"""`martlet up` on free ports, and what a test asks of it."""

from __future__ import annotations

import json
import re
import ssl
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY, Program, Start, fetch, free_port, wait_for


class Stack:
    """A running `martlet up`, with every port of its own."""

    def __init__(self, start: Start, folder: Path, *flags: str | Path, simulate: bool = True, env: Mapping[str, str] | None = None,
                 cards: int = 0, domains: int = 0) -> None:
        self.start, self.folder, self.flags, self.env, self.cards, self.domains = start, folder, flags, env, cards, domains
        self.ports = {
            name: free_port() for name in [
                "web", "discovery", "dashboards", "prometheus", "alertmanager", "node-exporter", "webhook", "proxmox", "scenario", "gpu", "gpu-exporter", "libvirt",
                "libvirt-exporter"]
        }
        self.hosts_port = free_port("127.0.0.2")
        self.windows_port = free_port("127.0.2.1")
        self.simulate = simulate
        self.begin()

    def begin(self) -> None:
        """Starts it, again with the same ports and state directory after it has ended."""
        ports = self.ports
        self.program: Program = self.start(
            "up", *(["--simulate"] if self.simulate else []), "--state-dir", self.folder / "state",
            *(word for name in ["web", "discovery", "dashboards", "prometheus", "alertmanager", "node-exporter", "webhook"]
              for word in (f"--{name}.listen-address", f"127.0.0.1:{ports[name]}")),
            "--simulate.proxmox-address", f"127.0.0.1:{ports['proxmox']}", "--simulate.hosts-address", f"127.0.0.2:{self.hosts_port}",
            "--simulate.windows-port", str(self.windows_port), "--simulate.scenario-address", f"127.0.0.1:{ports['scenario']}",
            # Five processes more, which most tests can do without.
            "--simulate.gpus", str(self.cards), "--simulate.gpu-address", f"127.0.0.1:{ports['gpu']}",
            "--simulate.gpu-exporter-address", f"127.0.0.1:{ports['gpu-exporter']}", "--simulate.domains", str(self.domains),
            "--simulate.libvirt-address", f"127.0.0.1:{ports['libvirt']}", "--simulate.libvirt-exporter-address", f"127.0.0.1:{ports['libvirt-exporter']}", *self.flags, env=self.env)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def wait_until_ready(self, seconds: float = 90) -> None:
        def ready() -> bool:
            assert self.program.is_running, f"ended:\n{self.program.output}"
            return "Everything is ready" in self.program.output

        try:
            wait_for(ready, seconds, "ready")
        except pytest.fail.Exception:
            pytest.fail(f"not ready within {seconds} s; it printed:\n{self.program.output}")

    def query(self, expression: str) -> list[dict[str, Any]]:
        """An instant query of its Prometheus."""
        answer = fetch(f"{self.url('prometheus')}/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        if answer.status == 503:
            raise OSError("Prometheus is not ready")
        assert answer.status == 200, answer.text
        return list(answer.json["data"]["result"])

    def value(self, expression: str) -> float | None:
        result = self.query(expression)
        return float(result[0]["value"][1]) if result else None

    def scenario(self, name: str, **more: str) -> None:
        body = json.dumps({"scenario": name} | more).encode()
        assert fetch(f"{self.url('scenario')}/api/v1/scenario", "PUT", body).status == 200

    def alerts(self, status: str, name: str) -> list[dict[str, Any]]:
        """What the receiver was told."""
        told = fetch(f"{self.url('webhook')}/api/v1/notifications").json["alerts"]
        return [alert for alert in told if alert["status"] == status and alert["labels"]["alertname"] == name]

    def resources(self) -> list[dict[str, Any]]:
        """The simulated API's own `/cluster/resources`."""
        return list(self.api("/cluster/resources"))

    def api(self, path: str) -> Any:
        """What the simulated API says there."""
        token = (self.folder / "state/simulation/token").read_text().strip()
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.ports['proxmox']}/api2/json{path}", headers={"Authorization": f"PVEAPIToken={token}"})
        context = ssl.create_default_context(cafile=str(next((self.folder / "state" / "world").glob("*.pem"))))
        with urllib.request.urlopen(request, context=context, timeout=20) as response:
            return json.load(response)["data"]

    def process_ids(self) -> dict[str, int]:
        """The children that it says it runs."""
        return {path.stem: int(path.read_text().split()[0]) for path in (self.folder / "state" / "run").glob("*.pid")}


def quick_rules(folder: Path, seconds: int = 2) -> Path:
    """The shipped rules with `for` and intervals cut to seconds."""
    copies = folder / "rules"
    copies.mkdir()
    for rules in (REPOSITORY / "prometheus/rules").glob("*.yml"):
        text = re.sub(r"^(\s+(?:for|keep_firing_for|interval): )\S+$", rf"\g<1>{seconds}s", rules.read_text(), flags=re.MULTILINE)
        (copies / rules.name).write_text(text)
    return copies


def quick_alertmanager(folder: Path, webhook: str) -> Path:
    """The shipped configuration, waiting for seconds."""
    text = (REPOSITORY / "alertmanager/alertmanager.yml").read_text().replace("http://127.0.0.1:9099", webhook)
    # Nobody listens there: the mail server of this machine is not to tell its owner of these alerts.
    text = text.replace("smtp_smarthost: 127.0.0.1:25", "smtp_smarthost: 127.0.0.1:1")
    text = re.sub(r"(group_wait|group_interval): \S+", r"\1: 1s", text)
    copy = folder / "alertmanager.yml"
    copy.write_text(text)
    return copy

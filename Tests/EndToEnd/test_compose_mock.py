"""docker-compose.mock.yml at work without Docker: the commands, users, environment and health checks of its containers on one machine of namespaces,
where the names of containers lead to loopback, with Debian's Prometheus and Alertmanager in place of those of the images."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import machine
import pytest
from compose import project
from conftest import MARTLET, Program, programs, wait_for

PROGRAMS = {"prometheus": "/usr/bin/prometheus", "alertmanager": "/usr/bin/prometheus-alertmanager"}
# In the order in which Compose starts them.
ORDER = ["simulated-proxmox", "prometheus", "simulated-hosts", "simulated-webhook", "alertmanager", "pve-exporter", "discovery-service"]

pytestmark = pytest.mark.skipif(not machine.can_be_made(), reason="only root can make a machine of namespaces")


class Containers:
    def __init__(self, folder: Path, kind: str = "mock", variables: dict[str, str] | None = None) -> None:
        self.services: dict[str, dict[str, Any]] = project(kind, variables)["services"]
        self.machine = machine.Machine(Path("/"), folder)
        self.starting = programs(folder)
        self.start = next(self.starting)
        self.running: dict[str, Program] = {}
        shutil.copy(MARTLET, self.machine.root / "usr/local/bin/martlet")
        aliases = [alias for service in self.services.values() for network in (service.get("networks") or {}).values() for alias in (network or {}).get("aliases", [])]
        # A server of the machine itself listens on loopback here, as everybody does.
        aliases += [host.split(":")[0] for service in self.services.values() for host in service.get("extra_hosts") or []]
        self.machine.write("/etc/hosts", f"127.0.0.1 localhost {' '.join([*self.services, *aliases])}\n")
        for path, owner in [("/var/lib/martlet/" + name, 65532) for name in ("files", "secret", "world")] + [("/prometheus", 65534), ("/alertmanager", 65534)]:
            # As the image has them.
            mode = "750" if path.endswith("/secret") else "755"
            self.machine.run("install", "-d", "-m", mode, "-o", str(owner), "-g", str(owner), path)

    def words(self, name: str, command: list[str]) -> list[str]:
        """A command in the container: its user, without any capability, and its environment."""
        service = self.services[name]
        user, group = service["user"].split(":")
        groups = ["--groups", ",".join(service["group_add"])] if service.get("group_add") else ["--clear-groups"]
        environment = [f"{key}={value}" for key, value in (service.get("environment") or {}).items()]
        return ["env", "-i", "PATH=/usr/local/bin:/usr/bin:/bin", *environment, "setpriv", "--reuid", user, "--regid", group, *groups,
                "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", *command]

    def run(self, name: str, command: list[str]) -> Any:
        return self.machine.run(*self.words(name, command))

    def up(self, order: list[str] = ORDER) -> None:
        done = self.run("configuration", ["martlet", *self.services["configuration"]["command"]])
        assert done.returncode == 0, done.stderr
        for name in order:
            words = [PROGRAMS.get(name, "/usr/local/bin/martlet"), *self.services[name]["command"]]
            space = ["/usr/bin/nsenter", "-t", str(self.machine.first), "-m", "-p", "-n", "-u", "-i", "--"]
            self.running[name] = self.start(*space, *self.words(name, words))
            if name == "simulated-proxmox":
                self.wait_until_healthy(name)

    def is_healthy(self, name: str) -> bool:
        program = self.running[name]
        assert program.is_running, f"{name} has ended: {program.output}"
        return self.run(name, self.services[name]["healthcheck"]["test"][1:]).returncode == 0

    def wait_until_healthy(self, name: str) -> None:
        wait_for(lambda: self.is_healthy(name), 60, f"{name} is healthy")

    def get(self, url: str) -> Any:
        return json.loads(self.machine.run("curl", "-sk", "--max-time", "10", url).stdout)

    def query(self, expression: str) -> dict[str, float]:
        """Values by their label `job`."""
        found = self.get("http://prometheus:9090/api/v1/query?query=" + expression.replace(" ", "%20").replace("+", "%2B"))["data"]["result"]
        return {series["metric"].get("job", ""): float(series["value"][1]) for series in found}

    def close(self) -> None:
        self.starting.close()  # type: ignore[attr-defined]
        self.machine.close()


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    containers = Containers(tmp_path_factory.mktemp("containers"))
    try:
        containers.up()
        yield containers
    finally:
        containers.close()


def test_every_container_becomes_healthy(containers: Containers) -> None:
    assert set(ORDER) == {name for name, service in containers.services.items() if not service.get("profiles")} - {"configuration", "grafana"}
    for name in ORDER:
        containers.wait_until_healthy(name)


def test_everything_is_scraped(containers: Containers) -> None:
    def up() -> dict[str, float]:
        return containers.query("count by (job) (up == 1)")

    wanted = {"prometheus", "alertmanager", "martlet", "node", "linux-vms", "windows-vms"}
    wait_for(lambda: wanted <= set(up()), 120, f"all jobs are scraped; {containers.running['prometheus'].output[-2000:]}")
    counts = wait_for(lambda: (now := up())["martlet"] == 2 and now["node"] == 4 and now["linux-vms"] + now["windows-vms"] > 50 and now, 60, "all targets are")
    assert counts["prometheus"] == counts["alertmanager"] == 1
    assert wait_for(lambda: containers.query("count(pve_guest_info)"), 60, "guests are seen") and containers.query("count(pve_node_up == 0)") == {}
    managers = containers.get("http://prometheus:9090/api/v1/alertmanagers")["data"]["activeAlertmanagers"]
    assert [manager["url"] for manager in managers] == ["http://alertmanager:9093/api/v2/alerts"]


def test_an_alert_reaches_the_webhook(containers: Containers) -> None:
    alert = [{"labels": {"alertname": "HostDown", "severity": "critical", "cluster": "lab", "node": "pve9"}, "annotations": {"summary": "of the test"}}]
    containers.machine.run(
        "curl", "-s", "-X", "POST", "-H", "Content-Type: application/json", "-d", json.dumps(alert), "http://alertmanager:9093/api/v2/alerts")
    wait_for(lambda: "HostDown cluster=lab node=pve9" in containers.running["simulated-webhook"].output, 90, "the webhook is told")


def test_a_scenario_is_set_through_the_published_port(containers: Containers) -> None:
    url = "https://simulated-proxmox:18006/api/v1/scenario"
    containers.machine.run("curl", "-sk", "-X", "PUT", "-d", "cpu-saturation", url)
    for there in (url, "http://127.0.0.1:18100/api/v1/scenario"):
        wait_for(lambda: containers.get(there)["scenario"] == "cpu-saturation", 10, f"{there} plays it")


def test_what_is_written_can_be_read_by_who_must_and_the_password_by_nobody_else(containers: Containers) -> None:
    password = "/var/lib/martlet/secret/grafana-admin-password"
    assert len(containers.run("grafana", ["cat", password]).stdout) == 33
    # Of whoever sees the folders: those that hold secrets let in who is in their group, and nobody else.
    for file, reader in ((password, "grafana"), ("/var/lib/martlet/files/alertmanager/alertmanager.yml", "alertmanager")):
        assert containers.run(reader, ["cat", file]).returncode == 0
        refused = containers.run("prometheus", ["cat", file])
        assert refused.returncode != 0 and "Permission denied" in refused.stderr
    mounts = {name: [volume.split(":")[1] for volume in service.get("volumes") or []] for name, service in containers.services.items()}
    assert {name for name, targets in mounts.items() if "/var/lib/martlet/secret" in targets} == {"configuration", "grafana"}

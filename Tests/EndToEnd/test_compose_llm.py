"""docker-compose.llm.yml at work without Docker, as in test_compose_mock.py: the exporter beside models asks simulated servers of the machine, and Prometheus
has their figures under the name that the machine has in .env, where rules find them.

Alertmanager is left out, as Debian's does not know `url_file`, and so is who asks a Proxmox VE that is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import machine
import pytest
from conftest import REPOSITORY, wait_for
from test_compose_mock import Containers

pytestmark = pytest.mark.skipif(not machine.can_be_made(), reason="only root can make a machine of namespaces")

SERVER = "http://host.docker.internal:8000"


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    containers = Containers(tmp_path_factory.mktemp("containers"), "llm", {"LOGS_CLUSTER": "lab", "LOGS_NODE": "gpu1"})
    try:
        # What Docker would mount: a secret that is none, and the settings with the first of their examples.
        containers.machine.write("/run/secrets/deadman_url", "")
        containers.machine.write("/run/secrets/llm_token", "secret\n")
        lines = (REPOSITORY / "llm-exporter/martlet.yml").read_text().replace("  servers: []", "  servers:").splitlines()
        first = next(number for number, line in enumerate(lines) if line.startswith("  # - name: chat"))
        example = [line.replace("  # ", "  ", 1) for line in lines[first:first + 4]]
        assert SERVER in example[1] and "llm_token" in example[3]
        containers.machine.write("/etc/martlet/martlet.yml", "\n".join(lines[:first] + example) + "\n")
        space = ["/usr/bin/nsenter", "-t", str(containers.machine.first), "-m", "-p", "-n", "-u", "-i", "--"]
        containers.start(*space, "/usr/local/bin/martlet", "simulate", "llm", "--kind", "vllm", "--listen", "127.0.0.1:8000")
        containers.up(["prometheus", "llm-exporter"])
        yield containers
    finally:
        containers.close()


def test_the_exporter_beside_models_is_healthy_and_may_do_nothing_else(containers: Containers) -> None:
    containers.wait_until_healthy("llm-exporter")
    containers.wait_until_healthy("prometheus")
    told = containers.run("llm-exporter", ["sh", "-c", "id -u; id -g; cat /var/lib/martlet/secret/grafana-admin-password"])
    assert told.stdout.split() == ["65531", "65531"] and "Permission denied" in told.stderr


@pytest.mark.e2e
def test_figures_of_servers_have_the_machines_name(containers: Containers) -> None:
    url = "http://prometheus:9090/api/v1/query?query="

    def labels(expression: str) -> list[dict[str, str]]:
        found = containers.get(url + quote(expression))["data"]["result"]
        return [series["metric"] for series in found if float(series["value"][1]) == 1]

    there = {"cluster": "lab", "node": "gpu1"}
    wait_for(lambda: labels('up{instance="llm-exporter:8081"}'), 60, f"a scrape; {containers.running['llm-exporter'].output[-2000:]}")
    [target] = labels('up{instance="llm-exporter:8081"}')
    assert target == {"__name__": "up", "job": "martlet", "instance": "llm-exporter:8081", **there}
    [server] = wait_for(lambda: labels("llm_monitor_llm_up"), 60, "the server")
    assert there.items() <= server.items() and (server["server"], server["engine"]) == ("chat", "vllm")
    [recorded] = wait_for(lambda: labels("llm:server_up:info"), 90, "what rules make of it")
    assert there.items() <= recorded.items() and recorded["server"] == "chat"
    [info] = labels("llm_monitor_llm_server_info")
    assert (info["url"], info["container"], info["found_by"]) == (SERVER, "vllm", "configuration")

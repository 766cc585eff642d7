"""What the exporter inside a guest may say: its owner writes it, and a real Prometheus with the shipped jobs decides what is believed."""

from __future__ import annotations

import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from conftest import REPOSITORY, Start, fetch, free_port, wait_for

FORGED = """\
node_load1 0.5
windows_os_info{version="10"} 1
pve_guest_alerts_muted{vmid="100",metric="all"} 1
pve_node_up{cluster="lab",node="pve1"} 1
martlet_scrape_part_success{part="lab"} 1
zfs_pool_health{pool="rpool"} 0
node:up:max{cluster="lab",node="pve1"} 0
node_device:disk_latency:avg5m{device="sda"} 0
ALERTS{alertname="HostDown",alertstate="firing"} 1
up{job="martlet"} 0
"""


class Guest:
    """An exporter that says what it is told to."""

    def __init__(self) -> None:
        self.text = FORGED
        guest = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = guest.text.encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/plain; version=0.0.4")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def guest() -> Iterator[Guest]:
    guest = Guest()
    yield guest
    guest.server.shutdown()
    guest.server.server_close()


def prometheus(start: Start, folder: Path, guest: Guest) -> str:
    """With the shipped jobs, but for where targets come from. Returns its URL."""
    jobs = yaml.safe_load((REPOSITORY / "prometheus/prometheus.yml").read_text())["scrape_configs"]
    kept = [job for job in jobs if job["job_name"] in ("windows-vms", "linux-vms", "node")]
    for job in kept:
        job.pop("http_sd_configs")
        job.pop("file_sd_configs", None)
        job["static_configs"] = [{"targets": [guest.address]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump({"global": {"scrape_interval": "1s"}, "scrape_configs": kept}))
    url = f"http://127.0.0.1:{free_port()}"
    start("/usr/bin/prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
          f"--web.listen-address={url.removeprefix('http://')}").wait_until(f"{url}/-/ready")
    return url


def names(url: str, job: str) -> set[str]:
    question = urllib.parse.urlencode({"query": f'count by (__name__) ({{job="{job}"}})'})
    return {row["metric"]["__name__"] for row in fetch(f"{url}/api/v1/query?{question}").json["data"]["result"]}


def own(names: set[str]) -> set[str]:
    """Without what Prometheus itself writes about a scrape."""
    return {name for name in names if not name.startswith("scrape_") and name != "up"}


def test_a_guest_speaks_for_itself_only(start: Start, tmp_path: Path, guest: Guest) -> None:
    url = prometheus(start, tmp_path, guest)
    wait_for(lambda: own(names(url, "linux-vms")) and own(names(url, "windows-vms")) and own(names(url, "node")), 20, "a scrape of each")
    assert own(names(url, "linux-vms")) == {"node_load1"}
    assert own(names(url, "windows-vms")) == {"windows_os_info"}
    # A host may bring families of its own, but none that only the API, martlet or a rule may say.
    assert own(names(url, "node")) == {"node_load1", "windows_os_info", "zfs_pool_health", "ALERTS"}


@pytest.mark.parametrize(
    "text",
    ["".join(f"node_load{number} 1\n" for number in range(31_000)), "# " + "x" * (17 << 20) + "\nnode_load1 1\n", 'node_load1{a="' + "x" * 3000 + '"} 1\n'],
    ids=["series", "bytes", "label"])
def test_a_guest_that_says_too_much_is_not_heard(start: Start, tmp_path: Path, guest: Guest, text: str) -> None:
    url = prometheus(start, tmp_path, guest)
    wait_for(lambda: "node_load1" in names(url, "linux-vms"), 20, "a scrape")
    guest.text = text
    question = urllib.parse.urlencode({"query": 'up{job="linux-vms"} == 0'})
    wait_for(lambda: fetch(f"{url}/api/v1/query?{question}").json["data"]["result"], 20, "the scrape to fail")
    # Of what was said before, the last value may be seen for five minutes; of what was too much, nothing is.
    assert own(names(url, "linux-vms")) <= {"node_load1"}

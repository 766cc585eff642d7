"""Two clusters with the same vmids and node names in one exporter and one Prometheus."""

from __future__ import annotations

import urllib.parse
from pathlib import Path

from conftest import Start, fetch, free_port, wait_for
from oracle import parse_exposition


def test_no_duplicate_sample(start: Start, tmp_path: Path) -> None:
    ports = {"alpha": free_port(), "beta": free_port()}
    for name, port in ports.items():
        start("simulate", "proxmox", "--listen", f"127.0.0.1:{port}", "--cluster", name, "--plain-http", "--latency", "0s")
    clusters = "".join(
        f"    - name: {name}\n      endpoint: http://127.0.0.1:{port}\n      token: monitor@pve!martlet=SECRET\n" for name, port in ports.items())
    (tmp_path / "martlet.yml").write_text("proxmox:\n  clusters:\n" + clusters)
    for port in ports.values():
        wait_for(lambda port=port: fetch(f"http://127.0.0.1:{port}/api/v1/scenario").status == 200, 10, "simulator")
    web, prometheus = free_port(), free_port()
    start("exporter", "--web.listen-address", f"127.0.0.1:{web}")
    wait_for(lambda: fetch(f"http://127.0.0.1:{web}/ready").status == 200, 10, "exporter")

    text = fetch(f"http://127.0.0.1:{web}/metrics").text
    series = [line.rsplit(" ", 1)[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(series) == len(set(series))
    samples, _ = parse_exposition(text)
    by_cluster = {
        name: {(family, labels - {("cluster", name)}) for family, labels in samples if ("cluster", name) in labels and family != "pve_vm_pid"}
        for name in ports
    }
    # The same seed makes the same world: all labels but `cluster` are the same.
    assert len(by_cluster["alpha"]) > 1000 and by_cluster["alpha"] == by_cluster["beta"]

    (tmp_path / "prometheus.yml").write_text(
        "global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: martlet\n  honor_labels: true\n  static_configs:\n"
        f"  - targets: ['127.0.0.1:{web}']\n")
    server = start(
        "/usr/bin/prometheus", f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
        f"--web.listen-address=127.0.0.1:{prometheus}")

    def value(expression: str) -> float | None:
        answer = fetch(f"http://127.0.0.1:{prometheus}/api/v1/query?" + urllib.parse.urlencode({"query": expression})).json
        return float(answer["data"]["result"][0]["value"][1]) if answer["data"]["result"] else None

    wait_for(lambda: (value("count(count_over_time(pve_guest_info[1m]) >= 3)") or 0) == 200, 30, "three scrapes of both")
    own = fetch(f"http://127.0.0.1:{prometheus}/metrics").text
    assert "\nprometheus_target_scrapes_sample_duplicate_timestamp_total 0\n" in own
    assert value('count(count by (vmid) (pve_guest_info) == 2)') == 100
    assert value("count(pve_node_up)") == 8
    assert "same timestamp" not in server.output and "level=warn" not in server.output, server.output

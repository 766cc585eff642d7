"""A QEMU that stops answering, from the guest to the webhook: a real libvirtd with QEMUs, the exporter, Debian's Prometheus with the shipped rules and job, and Alertmanager.

`for` and intervals of the rules are cut to seconds; nothing else of them is touched.
"""

from __future__ import annotations

import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from alerting import Alertmanager, Webhook
from conftest import REPOSITORY, Start, fetch, free_port, wait_for
from libvirt_bed import LibvirtBed, paused, reason_not_to
from stack import quick_rules
from test_alerts import told_of_everything
from test_libvirt import INTERVAL, TIMEOUT, Host

REASON = reason_not_to()
pytestmark = [pytest.mark.e2e, pytest.mark.skipif(REASON is not None, reason=str(REASON))]

COUNT = 6
WHERE = {"cluster": "lab", "node": "kvm1"}


class Watch:
    """An exporter that asks the bed, and all that stands behind it."""

    def __init__(self, start: Start, folder: Path, bed: LibvirtBed, webhook: Webhook) -> None:
        self.webhook = webhook
        self.host = Host(start, bed.read_only_uri)
        alertmanager = Alertmanager(start, folder / "alertmanager", told_of_everything(folder, f"{webhook.url}/alerts").read_text())
        [job] = [job for job in yaml.safe_load((REPOSITORY / "prometheus/prometheus.yml").read_text())["scrape_configs"] if job["job_name"] == "martlet-hosts"]
        [pattern] = job["file_sd_configs"][0]["files"]
        target = folder / pattern.replace("*", "kvm1")
        target.parent.mkdir(parents=True)
        target.write_text(yaml.safe_dump([{"targets": [self.host.url.removeprefix("http://")], "labels": WHERE}]))
        (folder / "prometheus.yml").write_text(yaml.safe_dump({
            "global": {"scrape_interval": "2s", "evaluation_interval": "2s"}, "rule_files": [f"{quick_rules(folder)}/*.yml"], "scrape_configs": [job],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager.url.removeprefix("http://")]}]}]}}))
        self.url = f"http://127.0.0.1:{free_port()}"
        program = start(
            "/usr/bin/prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data", f"--web.listen-address={self.url.removeprefix('http://')}")
        program.wait_until(self.url + "/-/ready", 60)

    def query(self, expression: str) -> list[dict[str, Any]]:
        answer = fetch(f"{self.url}/api/v1/query?" + urllib.parse.urlencode({"query": expression}))
        assert answer.status == 200, answer.text
        return list(answer.json["data"]["result"])

    def firing(self) -> set[tuple[str, str]]:
        found = fetch(f"{self.url}/api/v1/alerts").json["data"]["alerts"]
        return {(alert["labels"]["alertname"], alert["labels"].get("domain", "")) for alert in found if alert["state"] == "firing" and alert["labels"]["alertname"].startswith("Libvirt")}

    def told(self, status: str) -> list[dict[str, Any]]:
        posts = [message for _, message in list(self.webhook.posts)]
        return [alert for message in posts for alert in message["alerts"] if alert["status"] == status and alert["labels"]["alertname"].startswith("Libvirt")]


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibvirtBed]:
    with LibvirtBed(tmp_path_factory.mktemp("libvirt")) as bed:
        bed.many(COUNT)
        yield bed
        print(bed.said())


def test_a_guest_whose_qemu_stands_still_is_told_of_alone_until_it_goes_on(start: Start, tmp_path: Path, bed: LibvirtBed, webhook: Webhook) -> None:
    watch = Watch(start, tmp_path, bed, webhook)
    wait_for(lambda: len(watch.query("libvirt_guest:hung:info == 0")) == COUNT and len(watch.query("libvirt_guest:answer_age:seconds < 30")) == COUNT, 60, "all guests are well")
    assert watch.firing() == set()
    hung = "small-03"
    with paused(bed.qemu(hung)):
        began = time.monotonic()
        seen = wait_for(watch.firing, 60, "an alert")
        named_after = time.monotonic() - began
        assert seen == {("LibvirtGuestHung", hung)}
        [alert] = wait_for(lambda: watch.told("firing"), 30, "somebody is told")
        print(f"fires {named_after:.1f} s after the QEMU stands still, and is told after {time.monotonic() - began:.1f} s")
        assert {name: alert["labels"][name] for name in ("alertname", "severity", "domain", *WHERE)} == {
            "alertname": "LibvirtGuestHung", "severity": "critical", "domain": hung, **WHERE}
        assert hung in alert["annotations"]["summary"] and "virDomainListGetStats does not return" in " ".join(alert["annotations"]["description"].split())
        # For as long as it hangs it is the only one, and the others are asked as ever.
        until = time.monotonic() + 30
        while time.monotonic() < until:
            assert watch.firing() == {("LibvirtGuestHung", hung)}
            time.sleep(0.5)
        ages = {row["metric"]["domain"]: float(row["value"][1]) for row in watch.query("libvirt_guest:answer_age:seconds")}
        assert ages.pop(hung) > 25 and len(ages) == COUNT - 1 and max(ages.values()) < INTERVAL + 2 * TIMEOUT + 10, ages
        assert [row["metric"]["domain"] for row in watch.query("libvirt_guest:hung:info == 1")] == [hung]
    wait_for(lambda: watch.firing() == set(), 60, "it is over")
    [ended] = wait_for(lambda: watch.told("resolved"), 30, "somebody is told of the end")
    assert ended["labels"] == alert["labels"]
    assert {one["labels"]["domain"] for one in watch.told("firing")} == {hung}
    wait_for(lambda: len(watch.query("libvirt_guest:answer_age:seconds < 15")) == COUNT, 30, "all guests tell again")

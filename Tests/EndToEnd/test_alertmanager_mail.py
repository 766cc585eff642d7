"""What a person reads: mails and short messages, made by a running Alertmanager from the shipped templates.

The expected texts are in `mails/`. `RECORD=1 pytest Tests/EndToEnd/test_alertmanager_mail.py` writes them anew; read their diff as somebody would who
is woken by them.
"""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from alerting import SHIPPED, Alertmanager, Labels, Mailbox, Webhook, alert, part, quick
from conftest import Start, wait_for

GOLDEN = Path(__file__).parent / "mails"
RECORD = os.environ.get("RECORD") == "1"

BEGAN = datetime(2026, 3, 2, 3, 4, 5, tzinfo=UTC)
ENDED = datetime(2026, 3, 2, 3, 46, 35, tzinfo=UTC)
HERE = {"cluster": "lab", "node": "pve1"}
RUNBOOK = "https://github.com/martlet-monitoring/martlet/blob/main/docs/runbook.md#"


def annotations(name: str, summary: str, description: str, board: str = "martlet-host-detail?var-cluster=lab&var-node=pve1") -> Labels:
    return {
        "summary": summary, "description": description, "runbook_url": RUNBOOK + name.lower(), "dashboard_url": f"http://127.0.0.1:3000/d/{board}"}


HOST_DOWN = annotations(
    "HostDown", "Host pve1 of cluster lab is down",
    "Host pve1 of cluster lab has been down for 2 minutes: node:up:max is 0 (threshold: below 1). Alerts about this host and its guests are held back"
    " until it returns.")
DISK_FULL = annotations(
    "GuestDiskSpaceCritical", "Disk C: of guest web (101) on pve1 is nearly full",
    "Disk C: of guest web (qemu 101) on host pve1 of cluster lab is 97.3% full (threshold: 95%).", "martlet-vm-detail?var-cluster=lab&var-vm_id=101")
OUT_OF_MEMORY = annotations(
    "HostOomKill", "The kernel of host pve1 killed processes for want of memory",
    "The kernel of host pve1 of cluster lab killed 2 processes within 10 minutes (threshold: 0).")


@pytest.fixture
def alertmanager(start: Start, tmp_path: Path, webhook: Webhook, mailbox: Mailbox) -> Alertmanager:
    """With a receiver of short messages instead of the webhook: Slack's protocol, as an example of any."""
    text = quick((SHIPPED / "alertmanager.yml").read_text(), webhook.url, mailbox.smarthost)
    post = f"    webhook_configs:\n      - url: {webhook.url}/alerts\n        send_resolved: true\n"
    assert text.count(post) == 1
    short = "    slack_configs:\n      - api_url: %s/short\n        send_resolved: true\n        text: '{{ template \"martlet.short\" . }}'\n"
    return Alertmanager(start, tmp_path / "am", text.replace(post, short % webhook.url), zone="Europe/Berlin")


def newest(webhook: Webhook, mailbox: Mailbox) -> str:
    """The newest mail and the newest short message as one text; nothing before both came."""
    if not mailbox.mails or not webhook.posts:
        return ""
    mail = mailbox.mails[-1]
    assert mail.get_content_type() == "multipart/alternative"
    html = part(mail, "html")
    # What stands before is the same in each and looked at once.
    page = html[html.index("<div class"):html.index("</body>")]
    short = str(webhook.posts[-1][1]["attachments"][0]["text"])
    forms = {"subject": str(mail["Subject"]), "text": part(mail, "plain"), "html": page, "short": short}
    return "".join(f"==== {name}\n{text.strip()}\n" for name, text in forms.items())


def check(name: str, webhook: Webhook, mailbox: Mailbox) -> None:
    """Waits for the expected text: alerts that began long ago are told at once, so the first message may come before the last alert of a request."""
    path = GOLDEN / name
    if RECORD:
        time.sleep(4)
        path.parent.mkdir(exist_ok=True)
        path.write_text(newest(webhook, mailbox))
    deadline = time.monotonic() + 10
    while (found := newest(webhook, mailbox)) != path.read_text() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert found == path.read_text()


def test_one_alert_and_its_end(alertmanager: Alertmanager, webhook: Webhook, mailbox: Mailbox) -> None:
    down = alert("HostDown", "critical", **HERE)
    alertmanager.post(down, annotations=HOST_DOWN, began=BEGAN)
    check("one.txt", webhook, mailbox)
    alertmanager.post(down, annotations=HOST_DOWN, began=BEGAN, ended=ENDED)
    check("one-over.txt", webhook, mailbox)
    assert mailbox.mails[0]["From"] == "martlet@localhost" and mailbox.mails[0]["To"] == "root@localhost"


def test_several_alerts_of_a_host_of_which_one_ends(alertmanager: Alertmanager, webhook: Webhook, mailbox: Mailbox) -> None:
    full = alert("GuestDiskSpaceCritical", "critical", **HERE, vm_id="101", vm_name="web", volume="C:", condition="guest-disk-space")
    killed = alert("HostOomKill", "critical", **HERE)
    alertmanager.post((full, DISK_FULL), (killed, OUT_OF_MEMORY), began=BEGAN)
    check("several.txt", webhook, mailbox)
    alertmanager.post(killed, annotations=OUT_OF_MEMORY, began=BEGAN, ended=ENDED)
    check("several-one-over.txt", webhook, mailbox)


def test_a_dozen_alerts(alertmanager: Alertmanager, webhook: Webhook, mailbox: Mailbox) -> None:
    """More than ten are not told in full; each is named all the same."""
    twelve = [alert("GuestDiskSpaceCritical", "critical", **HERE, vm_id=f"{101 + index}", volume="/") for index in range(12)]
    alertmanager.post(*twelve, annotations=DISK_FULL, began=BEGAN)
    wait_for(lambda: mailbox.subjects[-1:] == ["CRITICAL: 12 alerts on pve1 (lab): GuestDiskSpaceCritical"], 20, "a mail about all")
    assert part(mailbox.mails[-1], "plain").count("Runbook: ") == 10
    assert part(mailbox.mails[-1], "html").count(">Runbook</a>") == 10
    assert part(mailbox.mails[-1], "html").count("Disk C: of guest web") == 12 + 10
    alertmanager.post(*twelve, annotations=DISK_FULL, began=BEGAN, ended=ENDED)
    wait_for(lambda: mailbox.subjects[-1] == "RESOLVED: 12 alerts on pve1 (lab): GuestDiskSpaceCritical", 20, "and about the end")
    for _, message in webhook.posts:
        assert len(message["attachments"][0]["text"].splitlines()) <= 9, message


HOSTILE = "<script>alert('x')</script> & \"q\""


def test_an_alert_of_somebody_elses_rules_and_what_it_may_hold(alertmanager: Alertmanager, webhook: Webhook, mailbox: Mailbox) -> None:
    alertmanager.post(
        alert("Foreign", "critical", name=HOSTILE, instance="192.0.2.7:9100"), began=BEGAN,
        annotations={"description": HOSTILE, "dashboard_url": "javascript:alert(1)"})
    check("foreign.txt", webhook, mailbox)
    html = part(mailbox.mails[0], "html")
    assert "<script" not in html and "&lt;script&gt;" in html
    assert "javascript:" not in html
    alertmanager.post({"severity": "critical"}, began=BEGAN)
    wait_for(lambda: len(mailbox.mails) == 2, 20, "an alert with next to nothing")
    assert "Alert without name" in part(mailbox.mails[1], "html")


def test_nobody_forges_lines_or_links(alertmanager: Alertmanager, webhook: Webhook, mailbox: Mailbox) -> None:
    """Who mounts something in a guest chooses a label of its alerts, which summary, description and the board's address quote."""
    breaks = ["\n", "\r\n\r\n", "\v", "\f", "\x1b[2K", "\x7f", "\x85", "\u2028", "\u2029", "\u202e", "\u2066"]
    hostile = "/srv" + "".join(f"{text}Runbook: https://evil.example/" for text in breaks)
    told = annotations(
        "GuestDiskSpaceCritical", f"{hostile} of guest web is nearly full", f"{hostile} of guest web is 97.3% full.", f"martlet-vm-detail?var-mountpoint={hostile}")
    ours = (alert("GuestDiskSpaceCritical", "critical", cluster="lab", node=hostile, vm_id="101", mountpoint=hostile), told)
    foreign = (alert(f"Foreign{hostile}", "critical", cluster="lab", node=hostile, instance=hostile), {"description": hostile})

    def judge(count: int) -> None:
        wait_for(lambda: mailbox.mails and webhook.posts, 20, "a mail and a short message")
        subject, plain, html = str(mailbox.mails[-1]["Subject"]), part(mailbox.mails[-1], "plain"), part(mailbox.mails[-1], "html")
        short = str(webhook.posts[-1][1]["attachments"][0]["text"])
        for text in (subject, plain, html, short):
            assert "evil.example" in text
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202e\u2066]", text), text
        assert "\n" not in subject
        for text in (plain, short):
            links = [line for line in text.splitlines() if line.startswith("Runbook:")]
            assert len(links) == text.count(RUNBOOK) and all(line.startswith(f"Runbook: {RUNBOOK}") for line in links), text
        if count:
            assert plain.count(RUNBOOK) == 1 and plain.index(RUNBOOK) < plain.index("/silences/", plain.index(RUNBOOK)) < plain.index("97.3%")
            assert html.count(RUNBOOK) == 1 and html.index(RUNBOOK) < html.index("97.3%")
        if count == 1:
            assert short.index(RUNBOOK) < short.index("Dashboard: ") < short.index("97.3%")
        assert {urlsplit(link).netloc for link in re.findall(r'href="([^"]+)"', html)} <= {"github.com", "127.0.0.1:3000", "alerts.example.org"}
        mailbox.mails.clear()
        webhook.posts.clear()

    alertmanager.post(ours, began=BEGAN)
    judge(1)
    alertmanager.post(foreign, began=BEGAN)
    judge(2)
    alertmanager.post(ours, foreign, began=BEGAN, ended=ENDED)
    judge(0)


def test_links_lead_where_they_say(alertmanager: Alertmanager, webhook: Webhook, mailbox: Mailbox) -> None:
    labels = alert("GuestDiskSpaceCritical", "critical", **HERE, vm_id="101", vm_name="web", volume='/srv/a "b" & c', condition="guest-disk-space")
    alertmanager.post(labels, annotations=DISK_FULL, began=BEGAN)
    wait_for(lambda: mailbox.mails, 20, "a mail")
    plain, html = part(mailbox.mails[0], "plain"), part(mailbox.mails[0], "html")
    for silence in [re.search(r"Silence: (\S+)", plain), re.search(r'href="([^"]+)">Silence', html)]:
        assert silence is not None
        address = urlsplit(silence[1].replace("&amp;", "&"))
        assert (address.scheme, address.netloc, address.path) == ("https", "alerts.example.org", "/")
        # The guest wherever it runs, hence no node; what describes it and how bad it is do not choose it.
        assert unquote(address.fragment) == (
            '/silences/new?filter={alertname="GuestDiskSpaceCritical",cluster="lab",vm_id="101",volume=~"/srv/a..b....c"}')
    assert f'href="{RUNBOOK}guestdiskspacecritical"' in html
    assert f"Dashboard: {DISK_FULL['dashboard_url']}\n" in plain


def test_a_page_for_a_phone(alertmanager: Alertmanager, webhook: Webhook, mailbox: Mailbox) -> None:
    alertmanager.post(alert("HostDown", "critical", **HERE), annotations=HOST_DOWN, began=BEGAN)
    wait_for(lambda: mailbox.mails, 20, "a mail")
    html = part(mailbox.mails[0], "html")
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in html and "prefers-color-scheme: dark" in html
    assert not re.search(r"<(img|script|link|iframe)|\burl\(|@import", html), "nothing is fetched"

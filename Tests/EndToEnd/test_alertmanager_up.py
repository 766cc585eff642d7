"""`martlet up` and alerting: what it writes for Alertmanager, where mail and calls go then, and that edits are taken over by a reload."""

from __future__ import annotations

import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from alerting import SHIPPED, Mailbox, Webhook, alert, post
from conftest import REPOSITORY, Start, fetch, run, wait_for
from stack import Stack, quick_rules

PASSWORD = "correct horse"
HERE = {"cluster": "lab", "node": "pve1"}


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    mailbox = Mailbox(login=("monitor", PASSWORD))
    yield mailbox
    mailbox.stop()


def written(folder: Path) -> str:
    return (folder / "state/alertmanager/alertmanager.yml").read_text()


def receivers(folder: Path, *labels: str) -> str:
    """Where the written configuration takes an alert."""
    done = subprocess.run(
        ["amtool", "config", "routes", "test", f"--config.file={folder}/state/alertmanager/alertmanager.yml", *labels],
        capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def small(start: Start, folder: Path, *flags: str | Path, settings: str = "") -> Stack:
    """A stack with one node, whose Alertmanager listens when this returns."""
    if settings:
        (folder / "martlet.yml").write_text(settings)
        flags = ("--config.file", folder / "martlet.yml", *flags)
    stack = Stack(start, folder, "--simulate.nodes", "1", "--simulate.guests", "2", *flags)
    stack.program.wait_until(f"{stack.url('alertmanager')}/-/ready", 60)
    return stack


def test_without_an_address_for_mail_nothing_of_it_is_written(start: Start, tmp_path: Path) -> None:
    small(start, tmp_path)
    text = written(tmp_path)
    configuration = yaml.safe_load(text)
    assert "smtp" not in text.partition("time_intervals:")[2] and "global" not in configuration
    assert "email_configs" not in text and [receiver["name"] for receiver in configuration["receivers"]] == ["null", "deadman", "webhook"]
    # Everything goes to the webhook then, also that it fails: better a chance than none.
    for name in ["HostDown", "AlertmanagerNotificationsFailing", "PrometheusNotificationsFailing"]:
        assert receivers(tmp_path, f"alertname={name}", "severity=critical", "integration=webhook") == "webhook"
    assert receivers(tmp_path, "alertname=Watchdog") == "deadman"
    for template in (SHIPPED / "templates").glob("*.tmpl"):
        assert (tmp_path / "state/alertmanager/templates" / template.name).read_text() == template.read_text()


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("ending", ["", "\n"], ids=["bare", "with-line-break"])
def test_mail_with_a_login_and_a_dead_man_who_is_called(
    start: Start, tmp_path: Path, webhook: Webhook, mailbox: Mailbox, ending: str
) -> None:
    (tmp_path / "password").write_text(PASSWORD + ending)
    (tmp_path / "deadman").write_text(f"{webhook.url}/ping/7f3a?source=martlet\n")
    stack = small(start, tmp_path, settings=f"""
stack:
  alertmanager:
    webhook_url: {webhook.url}/alerts
    external_url: https://alerts.example.org/am/
    deadman_url_file: {tmp_path}/deadman
    backup_window: 01:30-03:00
    mail:
      smarthost: {mailbox.smarthost}
      from: '"Martlet" <martlet@example.org>'
      to: ops@example.org, night@example.org
      username: monitor
      password_file: password
""")
    path = tmp_path / "state/alertmanager/alertmanager.yml"
    assert PASSWORD not in path.read_text() and stat.S_IMODE(path.stat().st_mode) == 0o600
    configuration = yaml.safe_load(path.read_text())
    # Alertmanager would take the line break for a part of the password.
    password = tmp_path / ("state/alertmanager/mail-password" if ending else "password")
    assert password.read_text() == PASSWORD and (not ending or stat.S_IMODE(password.stat().st_mode) == 0o600)
    assert configuration["global"] == {
        "smtp_smarthost": mailbox.smarthost, "smtp_from": '"Martlet" <martlet@example.org>', "smtp_require_tls": False,
        "smtp_auth_username": "monitor", "smtp_auth_password_file": str(password)}
    assert configuration["time_intervals"][0]["time_intervals"] == [
        {"location": "Local", "times": [{"start_time": "01:30", "end_time": "03:00"}]}]
    assert receivers(tmp_path, "alertname=HostDown", "severity=critical") == "mail,webhook"

    # Told without the half minute of the shipped file: an edit, and a reload.
    path.write_text(path.read_text().replace("group_wait: 30s", "group_wait: 1s"))
    assert fetch(f"{stack.url('alertmanager')}/-/reload", "POST").status == 200
    post(stack.url("alertmanager"), alert("HostOomKill", "critical", **HERE), alert("Watchdog", "none"))
    wait_for(lambda: mailbox.mails and webhook.names(), 20, "delivered both ways")
    assert mailbox.envelopes == [("martlet@example.org", ["ops@example.org", "night@example.org"])]
    text = str(mailbox.mails[0].get_body(("plain",)))
    assert mailbox.subjects == ["CRITICAL: HostOomKill on pve1"] and "https://alerts.example.org/am/#/silences" in text.replace("=\n", "").replace("=3D", "=")
    wait_for(lambda: webhook.names(path="/ping/7f3a?source=martlet") == {"Watchdog"}, 20, f"the dead man is called: {webhook.posts}")


def test_no_backup_window(start: Start, tmp_path: Path) -> None:
    small(start, tmp_path, settings="stack: {alertmanager: {backup_window: off}}\n")
    assert "backup-window" not in written(tmp_path)
    assert receivers(tmp_path, "alertname=GuestDown", "severity=warning") == "webhook"


def test_links_of_alerts_lead_to_the_dashboards_of_the_setting(start: Start, tmp_path: Path) -> None:
    stack = small(start, tmp_path, "--dashboards.url", "https://boards.example.org/grafana/")
    for shipped in (REPOSITORY / "prometheus/rules").glob("*.yml"):
        text = shipped.read_text()
        assert (tmp_path / "state/prometheus/rules" / shipped.name).read_text() == text.replace(
            "http://127.0.0.1:3000", "https://boards.example.org/grafana")
    stack.program.wait_until(f"{stack.url('prometheus')}/-/ready", 60)
    groups = fetch(f"{stack.url('prometheus')}/api/v1/rules?type=alert").json["data"]["groups"]
    links = {rule["annotations"]["dashboard_url"].partition("/d/")[0] for group in groups for rule in group["rules"]}
    assert links == {"https://boards.example.org/grafana"}


def test_edits_are_taken_over_by_a_reload(start: Start, tmp_path: Path) -> None:
    rules = quick_rules(tmp_path)
    stack = small(start, tmp_path, "--prometheus.rules-dir", rules)
    stack.program.wait_until(f"{stack.url('prometheus')}/-/ready", 60)

    def names() -> set[str]:
        groups = fetch(f"{stack.url('prometheus')}/api/v1/rules").json["data"]["groups"]
        return {rule["name"] for group in groups for rule in group["rules"]}

    assert "HostDown" in names() and "Edited" not in names()
    edited = rules / "alerts-host.yml"
    text = edited.read_text()
    edited.write_text(text.replace("alert: HostDown", "alert: Edited"))
    assert fetch(f"{stack.url('prometheus')}/-/reload", "POST").status == 200
    assert "Edited" in names() and "HostDown" not in names()
    # A mistake is refused, and what was loaded stays.
    edited.write_text(text.replace("expr: |", "expr: ((", 1))
    assert fetch(f"{stack.url('prometheus')}/-/reload", "POST").status == 500
    assert "Edited" in names()

    path = tmp_path / "state/alertmanager/alertmanager.yml"
    text = path.read_text()
    path.write_text(text.replace("receivers:\n", "receivers:\n  - name: pager\n"))
    assert fetch(f"{stack.url('alertmanager')}/-/reload", "POST").status == 200

    def loaded() -> str:
        return str(fetch(f"{stack.url('alertmanager')}/api/v2/status").json["config"]["original"])

    assert "- name: pager" in loaded()
    path.write_text(text.replace("receiver: webhook", "receiver: nobody", 1))
    assert fetch(f"{stack.url('alertmanager')}/-/reload", "POST").status == 500
    assert "- name: pager" in loaded()


@pytest.mark.parametrize(("settings", "words"), [
    ("mail: {smarthost: 'mail.example.org:587'}", "stack.alertmanager.mail.to is missing"),
    ("mail: {to: ops@example.org, smarthost: mail.example.org}", "mail.smarthost: expected HOST:PORT, as in mail.example.org:587"),
    ("mail: {to: ops}", "mail.to: expected an address, as in admin@example.org, not \"ops\""),
    ("mail: {to: ops@example.org, username: me}", "username and password_file belong together"),
    ("mail: {to: ops@example.org, username: me, password_file: /nowhere/password}", "password_file: cannot read /nowhere/password"),
    ("mail: {to: ops@example.org, smarthst: a}", "smarthost"),
    ("backup_window: 22-5", "backup_window: expected HH:MM-HH:MM"),
    ("{mail: {to: ops@example.org}, config_file: own.yml}", "with config_file they belong there"),
    ("deadman_url: ftp://example.org", "the dead man's URL is not an http or https URL"),
    ("{deadman_url: 'http://a', deadman_url_file: b}", "deadman_url and deadman_url_file exclude each other"),
])
def test_what_cannot_work_is_refused_at_the_start(tmp_path: Path, settings: str, words: str) -> None:
    (tmp_path / "martlet.yml").write_text(f"stack:\n  alertmanager: {settings}\n" if settings.startswith("{") else f"stack:\n  alertmanager:\n    {settings}\n")
    result = run("up", "--simulate", "--config.file", tmp_path / "martlet.yml", "--state-dir", tmp_path / "state", cwd=tmp_path)
    assert result.returncode != 0 and words in result.stderr, result.stderr
    assert len(result.stderr.splitlines()) == 1

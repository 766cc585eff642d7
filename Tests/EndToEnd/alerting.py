"""A real Alertmanager with the shipped configuration, receivers that keep what they are told, and alerts to hand to it."""

from __future__ import annotations

import email.message
import email.parser
import email.policy
import json
import re
import shutil
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from conftest import REPOSITORY, Start, fetch, free_port

SHIPPED = REPOSITORY / "alertmanager"
# Where nobody listens, in place of a stack or a mail server that this machine may have.
NOBODY = "127.0.0.1:1"

Labels = dict[str, str]


class Webhook:
    """An HTTP server that keeps every JSON that is posted to it, by path; with another status it refuses them."""

    def __init__(self) -> None:
        posts: list[tuple[str, Any]] = []
        self.posts = posts
        self.status = 200
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if webhook.status == 200:
                    posts.append((self.path, body))
                self.send_response(webhook.status)
                self.end_headers()
                self.wfile.write(b"ok")

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def names(self, status: str = "firing", path: str = "/alerts") -> set[str]:
        """The names of all alerts that came with this status."""
        return {alert["labels"]["alertname"] for where, message in list(self.posts) if where == path
                for alert in message["alerts"] if alert["status"] == status}

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Mailbox:
    """An SMTP server that keeps every mail; with a login it takes none without it."""

    def __init__(self, login: tuple[str, str] | None = None) -> None:
        self.mails: list[email.message.EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.login = login
        # Without TLS, because nobody listens on loopback, and without LOGIN, of which aiosmtpd has a form of its own.
        options: dict[str, Any] = {
            "authenticator": self._authenticate, "auth_required": True, "auth_require_tls": False, "auth_exclude_mechanism": ["LOGIN"]}
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port(), **(options if login else {}))
        self.controller.start()
        self.is_open = True
        self.smarthost = f"127.0.0.1:{self.controller.port}"

    def _authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        given = (data.login.decode(), data.password.decode()) if isinstance(data, LoginPassword) else None
        # Not handled: aiosmtpd is to answer the client.
        return AuthResult(success=given == self.login, handled=False)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        parsed = email.parser.BytesParser(policy=email.policy.default).parsebytes(envelope.content)
        assert isinstance(parsed, email.message.EmailMessage)
        self.envelopes.append((envelope.mail_from, list(envelope.rcpt_tos)))
        self.mails.append(parsed)
        return "250 kept"

    @property
    def subjects(self) -> list[str]:
        return [str(mail["Subject"]) for mail in list(self.mails)]

    def stop(self) -> None:
        """From then on nobody listens there. A second time is no mistake."""
        if self.is_open:
            self.is_open = False
            self.controller.stop()


def part(mail: email.message.EmailMessage, kind: str) -> str:
    """The text of one form of a mail: `plain` or `html`."""
    body = mail.get_body((kind,))
    assert body is not None, f"no {kind} in {mail.get_content_type()}"
    return str(body.get_content()).replace("\r\n", "\n")


def quick(text: str, webhook: str, smarthost: str) -> str:
    """A configuration with other addresses and with waits of a second."""
    for old, new in [("http://127.0.0.1:9099", webhook), ("smtp_smarthost: 127.0.0.1:25", f"smtp_smarthost: {smarthost}")]:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return re.sub(r"(group_wait|group_interval): [1-9]\w*", r"\1: 1s", text)


class Alertmanager:
    """The real one, in a folder of its own with the shipped templates."""

    def __init__(self, start: Start, folder: Path, configuration: str, zone: str = "UTC") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "alertmanager.yml"
        self.file.write_text(configuration)
        shutil.copytree(SHIPPED / "templates", folder / "templates")
        self.url = f"http://127.0.0.1:{free_port()}"
        self.program = start(
            shutil.which("prometheus-alertmanager") or "/usr/bin/alertmanager", f"--config.file={self.file}", f"--storage.path={folder}/data",
            f"--web.listen-address={self.url.removeprefix('http://')}", "--cluster.listen-address=",
            "--web.external-url=https://alerts.example.org/", "--web.route-prefix=/", env={"TZ": zone})
        self.program.wait_until(f"{self.url}/-/ready")

    def post(self, *alerts: Labels | tuple[Labels, Labels], **how: Any) -> None:
        post(self.url, *alerts, **how)

    def alerts(self) -> list[dict[str, Any]]:
        return list(fetch(f"{self.url}/api/v2/alerts").json)

    def reload(self, configuration: str) -> None:
        self.file.write_text(configuration)
        answer = fetch(f"{self.url}/-/reload", "POST")
        assert answer.status == 200, answer.text


def post(
    url: str, *alerts: Labels | tuple[Labels, Labels], annotations: Labels | None = None, began: datetime | None = None, ended: datetime | None = None
) -> None:
    """Hands alerts to an Alertmanager as Prometheus does, in one request; with an end in the past they are over. One that is a pair has annotations of
    its own."""
    now = datetime.now(UTC)
    began, ended = began or now - timedelta(minutes=1), ended or now + timedelta(minutes=10)
    pairs = [each if isinstance(each, tuple) else (each, annotations or {}) for each in alerts]
    body = [{"labels": labels, "annotations": words, "startsAt": stamp(began), "endsAt": stamp(ended)} for labels, words in pairs]
    answer = fetch(f"{url}/api/v2/alerts", "POST", json.dumps(body).encode(), {"Content-Type": "application/json"})
    assert answer.status == 200, answer.text


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def alert(alertname: str, severity: str = "warning", **labels: str | None) -> Labels:
    """The labels of an alert; one without a value is left out, as Prometheus does."""
    return {"alertname": alertname, "severity": severity} | {name: value for name, value in labels.items() if value}


def key(labels: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


def held_back(alerts: Iterable[Mapping[str, Any]]) -> dict[frozenset[tuple[str, str]], bool]:
    """By its labels, whether another alert holds it back."""
    return {key(each["labels"]): bool(each["status"]["inhibitedBy"]) for each in alerts}

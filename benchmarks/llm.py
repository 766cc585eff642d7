"""Ten vLLM servers with some 1,500 samples each: asked, mapped and served, beside the parser of Python's client library on the same expositions."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from measuring import RELEASE, cpu_seconds, fetch, free_port, resident_bytes, table, wait_for

# The families that vLLM 0.33 declares with buckets, and how many bounds each has.
HISTOGRAMS = {
    "time_to_first_token_seconds": 22, "inter_token_latency_seconds": 19, "request_time_per_output_token_seconds": 19, "e2e_request_latency_seconds": 21,
    "request_queue_time_seconds": 21, "request_inference_time_seconds": 21, "request_prefill_time_seconds": 21, "request_decode_time_seconds": 21,
    "request_prompt_tokens": 16, "request_generation_tokens": 16, "request_max_num_generation_tokens": 16, "request_params_max_tokens": 16,
    "request_params_n": 5, "iteration_tokens_total": 13}
COUNTERS = ["prompt_tokens", "generation_tokens", "prefix_cache_queries", "prefix_cache_hits", "num_preemptions", "prompt_tokens_cached"]
GAUGES = ["num_requests_running", "num_requests_waiting", "kv_cache_usage_perc"]
ENGINES = 4
PARSE = """
import sys, time
from prometheus_client.parser import text_string_to_metric_families
text = sys.stdin.read()
best = []
for _ in range(5):
    began = time.process_time()
    count = sum(len(family.samples) for family in text_string_to_metric_families(text))
    best.append(time.process_time() - began)
print(count, sorted(best)[2])
"""


def exposition(server: int) -> str:
    """As vLLM writes it for a model on four data-parallel engines, with the process' and the web framework's families beside it."""
    lines = []
    for name, bounds in HISTOGRAMS.items():
        lines += [f"# HELP vllm:{name} Histogram of {name}.", f"# TYPE vllm:{name} histogram"]
        for engine in range(ENGINES):
            labels = f'engine="{engine}",model_name="model-{server}"'
            lines += [f'vllm:{name}_bucket{{{labels},le="{2 ** bound / 1000}"}} {1000.0 * bound + engine}' for bound in range(bounds)]
            lines += [f'vllm:{name}_bucket{{{labels},le="+Inf"}} {1000.0 * bounds + engine}', f"vllm:{name}_count{{{labels}}} {1000.0 * bounds + engine}",
                      f"vllm:{name}_sum{{{labels}}} {123456.789 + engine}"]
    for names, kind, suffix in ((COUNTERS, "counter", "_total"), (GAUGES, "gauge", "")):
        for name in names:
            lines += [f"# HELP vllm:{name}{suffix} {name}.", f"# TYPE vllm:{name}{suffix} {kind}"]
            lines += [f'vllm:{name}{suffix}{{engine="{engine}",model_name="model-{server}"}} {0.5 + engine}' for engine in range(ENGINES)]
    lines += ["# HELP vllm:request_success_total Finished requests.", "# TYPE vllm:request_success_total counter"]
    lines += [f'vllm:request_success_total{{engine="{engine}",finished_reason="{reason}",model_name="model-{server}"}} {engine + 7.0}'
              for engine in range(ENGINES) for reason in ("stop", "length", "abort", "error", "repetition")]
    lines += ["# HELP http_request_duration_seconds Latency.", "# TYPE http_request_duration_seconds histogram"]
    for handler in ("/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/tokenize"):
        labels = f'handler="{handler}",method="POST"'
        lines += [f'http_request_duration_seconds_bucket{{{labels},le="{bound / 10}"}} {bound}.0' for bound in range(1, 21)]
        lines += [f'http_request_duration_seconds_bucket{{{labels},le="+Inf"}} 21.0', f"http_request_duration_seconds_count{{{labels}}} 21.0",
                  f"http_request_duration_seconds_sum{{{labels}}} 3.5"]
    return "\n".join(lines) + "\n"


class Servers:
    """Of vLLM, as far as it is asked; all in a process of its own thread each."""

    def __init__(self, count: int) -> None:
        self.questions = 0
        self.servers = []
        for number in range(count):
            answers = {"/metrics": ("text/plain; version=0.0.4", exposition(number).encode()), "/health": ("text/plain", b""),
                       "/version": ("application/json", b'{"version":"0.33.0"}'),
                       "/v1/models": ("application/json", b'{"data":[{"id":"model-%d","owned_by":"vllm","max_model_len":32768}]}' % number)}
            holder = self

            class Handler(BaseHTTPRequestHandler):
                protocol_version = "HTTP/1.1"
                table = answers

                def do_GET(self) -> None:
                    holder.questions += 1
                    kind, body = self.table.get(self.path, ("text/plain", None))
                    self.send_response(200 if body is not None else 404)
                    self.send_header("Content-Type", kind)
                    self.send_header("Content-Length", str(len(body or b"")))
                    self.end_headers()
                    self.wfile.write(body or b"")

                def log_message(self, *_: object) -> None:
                    pass

            server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.servers.append(server)

    @property
    def settings(self) -> str:
        entries = "".join(f"    - {{name: server-{number}, kind: vllm, url: 'http://127.0.0.1:{server.server_port}'}}\n" for number, server in enumerate(self.servers))
        return f"llm:\n  min_interval: 1s\n  servers:\n{entries}"

    def close(self) -> None:
        for server in self.servers:
            server.shutdown()
            server.server_close()


def llm(count: int = 10, seconds: float = 20, scrapes: int = 40) -> None:
    servers = Servers(count)
    text = exposition(0)
    samples = sum(not line.startswith("#") for line in text.splitlines())
    assert 1_300 <= samples <= 1_700
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "martlet.yml").write_text(servers.settings)
        port = free_port()
        environment = {key: value for key, value in os.environ.items() if not key.startswith(("PROXMOX_", "MARTLET_"))}
        process = subprocess.Popen(
            [RELEASE / "martlet", "exporter", "--config.file", folder / "martlet.yml", "--web.listen-address", f"127.0.0.1:{port}", "--no-collector.containers"],
            cwd=folder, env=environment, stderr=subprocess.DEVNULL)
        url = f"http://127.0.0.1:{port}/metrics"
        try:
            wait_for(f"http://127.0.0.1:{port}/ready")
            deadline = time.monotonic() + 20
            while (shown := fetch(url).decode()).count("\nllm_monitor_llm_requests_running{") < count:
                assert time.monotonic() < deadline, "not all servers are known"
                time.sleep(0.2)
            # Without scrapes: what the questions cost.
            before, asked, began = cpu_seconds(process.pid), servers.questions, time.monotonic()
            time.sleep(seconds)
            cpu, questions, passed = cpu_seconds(process.pid) - before, servers.questions - asked, time.monotonic() - began
            rounds = questions / 4
            walls, before = [], cpu_seconds(process.pid)
            began = time.monotonic()
            for _ in range(scrapes):
                start = time.monotonic()
                fetch(url)
                walls.append(time.monotonic() - start)
            scraping = cpu_seconds(process.pid) - before - cpu / passed * (time.monotonic() - began)
            memory = resident_bytes(process.pid, "VmHWM")
        finally:
            process.terminate()
            process.wait(20)
            servers.close()
    done = subprocess.run([sys.executable, "-c", PARSE], input=text, capture_output=True, text=True, check=True).stdout.split()
    assert int(done[0]) == samples
    ours, theirs = cpu / rounds * 1e3, float(done[1]) * 1e3
    series = sum(line.startswith("llm_monitor_llm_") for line in shown.splitlines())
    print(f"LLM servers: {count} of vLLM with {samples:,} samples each, {rounds:.0f} rounds of four questions in {passed:.0f} s, {scrapes} scrapes")
    table(["figure", "martlet", "prometheus_client's parser alone"], [
        ["CPU of a server's round: asked over HTTP, parsed, mapped, merged", f"{ours:.2f} ms", ""], ["CPU of parsing one exposition", "in it", f"{theirs:.2f} ms"],
        ["ratio", "1", f"{theirs / ours:.1f}"], ["questions a round", f"{questions / rounds:.0f}", ""],
        ["series shown", f"{series:,}", ""], ["wall of a scrape, median", f"{statistics.median(walls) * 1e3:.1f} ms", ""],
        ["CPU of a scrape", f"{scraping / scrapes * 1e3:.2f} ms", ""], ["memory at most", f"{memory / 1e6:.0f} MB", ""]])
    # At 30 s between rounds.
    assert ours < theirs, "a round costs more than the peer's parsing alone"

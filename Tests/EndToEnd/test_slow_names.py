"""A name server that does not answer holds up the target whose name it is, and nobody else."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest
from conftest import Start, fetch, free_port
from exporting import environment
from replay import Replay

SLOW_RESOLVER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
    if (name != NULL && strstr(name, "slow.test") != NULL) { sleep(8); return EAI_AGAIN; }
    return real(name, service, hints, found);
}
"""


@pytest.mark.alone
@pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
def test_a_slow_name_delays_nobody_else(start: Start, tmp_path: Path) -> None:
    (tmp_path / "slow.c").write_text(SLOW_RESOLVER)
    library = tmp_path / "slow.so"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, tmp_path / "slow.c", "-ldl"], check=True, timeout=60)
    (tmp_path / "pve.yml").write_text("default:\n  user: a@pve\n  token_name: b\n  token_value: c\n")
    with Replay.from_recordings() as api:
        url = f"http://127.0.0.1:{(port := free_port())}"
        exporter = start(
            "exporter", "--web.listen-address", f"127.0.0.1:{port}", "--pve.config-file", "pve.yml", "--pve.allowed-targets", "slow.test",
            env=environment(api) | {"LD_PRELOAD": str(library)},
        )  # fmt: skip
        exporter.wait_until(url + "/ready")
        took: list[float] = []

        def ask_the_slow_one() -> None:
            began = time.monotonic()
            answer = fetch(url + "/pve?target=slow.test", headers={"X-Prometheus-Scrape-Timeout-Seconds": "2"})
            assert answer.status == 500
            took.append(time.monotonic() - began)

        slow = threading.Thread(target=ask_the_slow_one)
        slow.start()
        slowest = 0.0
        while slow.is_alive():
            began = time.monotonic()
            assert fetch(url + "/metrics").status == 200
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.1)
        # After the deadline too, when the lookup still goes on.
        for _ in range(5):
            began = time.monotonic()
            assert fetch(url + "/metrics").status == 200
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.1)
        assert took and took[0] < 4, took
        assert slowest < 1.5, slowest

"""A machine with simulated cards, and an exporter that reads them."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from conftest import MARTLET, REPOSITORY, Answer, Program, Start, fetch, free_port, wait_for
from exporting import Exporter
from oracle import Samples, parse_exposition

SIMULATED = Path(os.environ.get("MARTLET_SIMULATED_NVML", MARTLET.parent / "simulated/libnvidia-ml.so.1"))


def build_library() -> None:
    """What `make build` does beside the program."""
    if "MARTLET_SIMULATED_NVML" not in os.environ:
        subprocess.run([REPOSITORY / "scripts/build-simulated-nvml", SIMULATED.parent], check=True)


class Cards:
    """The simulator: `martlet simulate gpu`."""

    def __init__(self, start: Start, folder: Path, *flags: str) -> None:
        self.state = folder / "gpu.state"
        self.root = folder / "root"
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.program: Program = start("simulate", "gpu", "--listen", f"127.0.0.1:{port}", "--state", self.state, "--root", self.root, *flags)
        self.program.wait_until(self.url + "/health")
        self.environment = {"MARTLET_SIMULATED_GPU": str(self.state), "MARTLET_GPU__LIBRARY": str(SIMULATED)}

    def happen(self, scenario: str) -> None:
        self.put("/api/v1/scenario", {"scenario": scenario})

    def fault(self, **fault: Any) -> None:
        """`call`, `card`, and `code`, `latency_ms`, `hang` or `absent`; or `xid` and `card`."""
        self.put("/api/v1/faults", fault)

    def heal(self) -> None:
        assert fetch(self.url + "/api/v1/faults", "DELETE").status == 200

    def put(self, path: str, body: dict[str, Any]) -> None:
        answer: Answer = fetch(self.url + path, "PUT", json.dumps(body).encode())
        assert answer.status == 200, answer.text


class Machine(Exporter):
    """An exporter of the role gpu."""

    def __init__(self, start: Start, cards: Cards | None, *flags: str, interval: str = "1s", role: str = "gpu", **settings: str) -> None:
        environment = {"MARTLET_GPU__INTERVAL": interval, "MARTLET_CONTAINERS__ENGINE_SOCKET": "none"} | (cards.environment if cards else {})
        environment |= {f"MARTLET_GPU__{key.upper()}": value for key, value in settings.items()}
        root = ["--path.root", str(cards.root)] if cards else []
        super().__init__(start, environment, "--exporter.role", role, *root, *flags)

    def scrape(self) -> Samples:
        return parse_exposition(fetch(self.url + "/metrics?collect[]=gpu").text)[0]

    def value(self, name: str, **labels: str) -> float | None:
        """Of the only series of that name with these labels and whatever others."""
        wanted = set(labels.items())
        found = [value for (family, of), value in self.scrape().items() if family == name and wanted <= of]
        assert len(found) <= 1, found
        return found[0] if found else None

    def state(self, index: int) -> str | None:
        """The state of a card; None when there is none, or not one."""
        found = [
            dict(of)["state"] for (family, of), value in self.scrape().items()
            if family == "llm_monitor_gpu_state" and ("gpu_index", str(index)) in of and value == 1]  # fmt: skip
        return found[0] if len(found) == 1 else None

    def wait_for_states(self, seconds: float, **wanted: str) -> None:
        """`card0="ok"`, and so on."""

        def reached() -> bool:
            return all(self.state(int(card.removeprefix("card"))) == state for card, state in wanted.items())

        wait_for(reached, seconds, f"{wanted}; the exporter printed:\n{self.program.output[-3000:]}")

    def helpers(self) -> list[int]:
        """Processes that call NVML, zombies among them."""
        return children(self.program.process.pid)


Change = Callable[[str], str]


class Changed(ThreadingHTTPServer):
    """An exporter whose page is changed on the way."""

    daemon_threads = True

    def __init__(self, url: str, changes: list[Change]) -> None:
        super().__init__(("127.0.0.1", 0), ChangedPage)
        self.url = url
        self.changes = changes

    def __enter__(self) -> str:  # type: ignore[override]
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server_address[1]}"

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class ChangedPage(BaseHTTPRequestHandler):
    server: Changed

    def do_GET(self) -> None:
        text = fetch(self.server.url + self.path).text
        for change in self.server.changes if "llm_monitor_gpu_owners" in text else []:
            text = change(text)
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def children(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            found.append(int(entry.name))
    return found


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")

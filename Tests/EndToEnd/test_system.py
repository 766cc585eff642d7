"""The machine's sums beside Debian's node_exporter, which reads the same kernel one by one."""

from __future__ import annotations

import re

import pytest
from conftest import Start, fetch, free_port
from exporting import Exporter
from oracle import Samples, parse_exposition

NAME = "llm_monitor_system_"
# What only passes on what went over a card.
INNER = re.compile(r"lo|veth|docker|br-|vmbr|virbr|cni|podman|tap|fwbr|fwpr|fwln|vnet|bond|dummy|ifb|tun|wg|.*\.")


def both(start: Start) -> tuple[Samples, Samples, Samples]:
    """node_exporter's samples before and after ours, and ours."""
    exporter = Exporter(start, {"MARTLET_SYSTEM__ENABLED": "true", "MARTLET_ZFS__ENABLED": "false", "MARTLET_CONTAINERS__ENABLED": "false"})
    port = free_port()
    node = start("/usr/bin/prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}")
    node.wait_until(f"http://127.0.0.1:{port}/metrics")
    found = []
    for url in (f"http://127.0.0.1:{port}/metrics", exporter.url + "/metrics", f"http://127.0.0.1:{port}/metrics"):
        found.append(parse_exposition(fetch(url).text)[0])
    return found[0], found[2], found[1]


def total(samples: Samples, name: str, **wanted: str) -> float:
    return sum(value for (family, labels), value in samples.items() if family == name and all(dict(labels).get(key) == text for key, text in wanted.items()))


def test_sums_are_those_of_node_exporter(start: Start) -> None:
    before, after, ours = both(start)

    def mine(name: str, **labels: str) -> float:
        return ours[NAME + name, frozenset(labels.items())]

    def between(value: float, name: str, slack: float = 1e-6, **labels: str) -> None:
        assert total(before, name, **labels) - slack <= value <= total(after, name, **labels) + slack, name

    assert mine("memory_total_bytes") == total(before, "node_memory_MemTotal_bytes")
    assert mine("swap_total_bytes") == total(before, "node_memory_SwapTotal_bytes") and mine("swap_free_bytes") <= mine("swap_total_bytes")
    assert mine("memory_available_bytes") == pytest.approx(total(before, "node_memory_MemAvailable_bytes"), rel=0.2)
    assert mine("cpus") == len({dict(labels)["cpu"] for name, labels in before if name == "node_cpu_seconds_total"})
    # The kernel rounds each CPU's times to hundredths of a second, and their sum again.
    for mode, theirs in {"system": ["system"], "user": ["user", "nice"], "irq": ["irq", "softirq"], "steal": ["steal"]}.items():
        low, high = (sum(total(samples, "node_cpu_seconds_total", mode=word) for word in theirs) for samples in (before, after))
        assert low - 0.2 <= mine("cpu_seconds_total", mode=mode) <= high + 0.2, mode
    for resource in ("cpu", "memory", "io"):
        if ("node_pressure_cpu_waiting_seconds_total", frozenset()) in before:
            between(mine("pressure_waiting_seconds_total", resource=resource), f"node_pressure_{resource}_waiting_seconds_total")
    for window, name in {"1m": "node_load1", "5m": "node_load5", "15m": "node_load15"}.items():
        assert mine("load_average", window=window) == pytest.approx(total(before, name), abs=1)
    booted = total(before, "node_boot_time_seconds")
    assert mine("uptime_seconds") == pytest.approx(total(after, "node_time_seconds") - booted, abs=5)
    assert mine("root_filesystem_size_bytes") > 0 and mine("root_filesystem_available_bytes") < mine("root_filesystem_size_bytes")


def test_network_is_what_went_over_cards(start: Start) -> None:
    before, after, ours = both(start)
    for direction in ("receive", "transmit"):
        name = f"node_network_{direction}_bytes_total"
        sums = [
            [value for (family, labels), value in samples.items() if family == name and not INNER.match(dict(labels)["device"])] for samples in (before, after)
        ]
        value = ours.get((NAME + "network_bytes_total", frozenset({("direction", direction)})))
        if not sums[0]:
            assert value is None
        else:
            assert value is not None and sum(sums[0]) <= value <= sum(sums[1])


def test_whoever_has_a_node_exporter_needs_none_of_it(start: Start) -> None:
    """Some thirty series, and none where nobody asks for them."""
    samples = both(start)[2]
    assert 20 <= len([name for name, _ in samples if name.startswith(NAME)]) <= 40
    exporter = Exporter(start, {"MARTLET_CONTAINERS__ENABLED": "true", "MARTLET_CONTAINERS__ENGINE_SOCKET": "none"})
    assert NAME not in exporter.metrics().text

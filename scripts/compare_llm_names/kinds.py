"""Where each kind of server has its metrics, in its package."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

# Families that a server exposes and another package makes, by the one that makes them.
OTHERS_FAMILIES = {
    "process_start_time_seconds": "prometheus_client",
    "http_requests_total": "prometheus-fastapi-instrumentator",
    "http_request_duration_seconds": "prometheus-fastapi-instrumentator",
    "http_request_duration_highr_seconds": "prometheus-fastapi-instrumentator",
}


@dataclass(frozen=True)
class Kind:
    name: str
    package: str
    # A metric's name, and the marks without which a file has none.
    pattern: re.Pattern[str]
    marks: tuple[bytes, ...]
    # The versions that are fetched where none is given: the newest that was read, and older ones in which names were others.
    versions: tuple[str, ...]
    left_out: tuple[str, ...] = ("tests", "test", "benchmarks", "benchmark")
    # What functions are called with that make families, by file; "" is every other file.
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Labels that families have whose labels only a running server knows; None where they may have any.
    common_labels: frozenset[str] | None = None
    # Whether every text that looks like a name is one. LiteLLM's own settings look like names.
    names_are_plain: bool = True
    # Versions whose wheel has no families at all, and where those are instead.
    elsewhere: dict[str, str] = field(default_factory=dict)
    # Families, or what their names begin with, that not every server has although their source stands below no condition, and who has them.
    optional: dict[str, str] = field(default_factory=dict)
    # A module and its enumeration of services, each of which has families that are named after it.
    services: tuple[str, str] | None = None


VLLM = Kind(
    "vllm",
    "vllm",
    re.compile(r"vllm:[a-z0-9_]+"),
    (b"vllm:", b"CounterMetadata"),
    ("0.33.0", "0.20.2", "0.12.0", "0.8.5", "0.6.6"),
    parameters={"": {"labelnames": ["model_name", "engine"]}, "vllm/engine/metrics.py": {"labelnames": ["model_name"]}},
    optional={"vllm:spec_decode_": "those with speculative decoding; what makes them returns at once in all others"},
)
SGLANG = Kind(
    "sglang",
    "sglang",
    re.compile(r"sglang:[A-Za-z0-9_]+"),
    (b"sglang:",),
    ("0.5.23", "0.5.9", "0.5.3", "0.4.6.post5", "0.4.1"),
    common_labels=frozenset({"model_name", "engine_type", "tp_rank", "pp_rank", "moe_ep_rank", "dp_rank", "priority"}),
)
LITELLM = Kind(
    "litellm",
    "litellm",
    re.compile(r"litellm_[a-z0-9_]+"),
    (b"prometheus_client", b"UserAPIKeyLabelNames"),
    ("1.109.1", "1.90.0", "1.75.8", "1.60.0"),
    left_out=("tests", "tracing"),
    names_are_plain=False,
    elsewhere={"1.75.8": "from 1.70 to 1.89 or so, what makes them is in another package, litellm-enterprise"},
    services=("litellm.types.services", "ServiceTypes"),
)
KINDS = {kind.name: kind for kind in (VLLM, SGLANG, LITELLM)}

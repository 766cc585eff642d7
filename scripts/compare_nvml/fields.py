"""Fields of NVML, and calls that say the same where a driver does not know the field."""

from __future__ import annotations

import pynvml as nv

from compare_nvml.reading import Labels, Reading

ALL_LINKS = 0xFFFFFFFF

# Field, name, label and its value, factor; a later line of the same series stands in where the earlier is not known.
FIELDS: list[tuple[int | tuple[int, int], str, str, str, float]] = [
    (29, "retired_pages", "cause", "single_bit", 1), (30, "retired_pages", "cause", "double_bit", 1), (31, "retirement_pending", "", "", 1),
    (75, "throttled_seconds_total", "reason", "thermal", 1e-9),
    (74, "throttled_seconds_total", "reason", "sw_power_cap", 1e-9), (76, "throttled_seconds_total", "reason", "sync_boost", 1e-9),
    (77, "throttled_seconds_total", "reason", "board_limit", 1e-9), (78, "throttled_seconds_total", "reason", "low_utilization", 1e-9),
    (79, "throttled_seconds_total", "reason", "reliability", 1e-9), (269, "throttled_seconds_total", "reason", "sw_thermal", 1e-9),
    (270, "throttled_seconds_total", "reason", "hw_thermal", 1e-9), (271, "throttled_seconds_total", "reason", "hw_power_brake", 1e-9),
    (82, "temperature_celsius", "sensor", "memory", 1), (94, "pcie_replays_total", "", "", 1),
    (142, "remapped_rows", "kind", "correctable", 1), (143, "remapped_rows", "kind", "uncorrectable", 1),
    (144, "remap_pending", "", "", 1), (145, "remap_failed", "", "", 1), (230, "recovery_action", "", "", 1),
    (197, "pcie_bytes_total", "direction", "transmit", 1), (198, "pcie_bytes_total", "direction", "receive", 1),
    ((202, ALL_LINKS), "nvlink_bytes_total", "direction", "transmit", 1), ((204, ALL_LINKS), "nvlink_bytes_total", "direction", "receive", 1),
    ((138, ALL_LINKS), "nvlink_bytes_total", "direction", "transmit", 1024), ((139, ALL_LINKS), "nvlink_bytes_total", "direction", "receive", 1024),
    (38, "nvlink_errors_total", "kind", "crc_flit", 1), (45, "nvlink_errors_total", "kind", "crc_data", 1),
    (52, "nvlink_errors_total", "kind", "replay", 1), (59, "nvlink_errors_total", "kind", "recovery", 1),
]  # fmt: skip
MEMBERS = {0: "dVal", 1: "uiVal", 2: "ulVal", 3: "ullVal", 4: "sllVal", 5: "siVal", 6: "usVal"}


def read_fields(reading: Reading, labels: Labels, card: object) -> None:
    def found(name: str, more: Labels) -> bool:
        return reading.has(f"llm_monitor_gpu_{name}", labels | more)

    try:
        answers = nv.nvmlDeviceGetFieldValues(card, [field for field, *_ in FIELDS])
    except nv.NVMLError:
        answers = []
    for (_, name, label, value, factor), answer in zip(FIELDS, answers, strict=False):
        more = {label: value} if label else {}
        if answer.nvmlReturn == 0 and answer.valueType in MEMBERS and not found(name, more):
            reading.put(f"llm_monitor_gpu_{name}", labels | more, getattr(answer.value, MEMBERS[answer.valueType]) * factor)
    # What newer drivers tell apart.
    if any(found("throttled_seconds_total", {"reason": reason}) for reason in ("sw_thermal", "hw_thermal")):
        reading.values.pop(("llm_monitor_gpu_throttled_seconds_total", frozenset((labels | {"reason": "thermal"}).items())), None)
    # Calls that say the same where a driver does not know the field.
    try:
        rows = nv.nvmlDeviceGetRemappedRows(card)
    except nv.NVMLError:
        rows = ()
    others = [("remapped_rows", {"kind": "correctable"}), ("remapped_rows", {"kind": "uncorrectable"}), ("remap_pending", {}), ("remap_failed", {})]
    for (name, more), number in zip(others, rows, strict=False):
        if not found(name, more):
            reading.put(f"llm_monitor_gpu_{name}", labels | more, number)
    for name, call in [("retirement_pending", nv.nvmlDeviceGetRetiredPagesPendingStatus), ("pcie_replays_total", nv.nvmlDeviceGetPcieReplayCounter)]:
        if not found(name, {}):
            reading.add(f"llm_monitor_gpu_{name}", labels, lambda call=call: call(card))
    for number, direction in enumerate(["transmit", "receive"]):
        if not found("pcie_bytes_total", {"direction": direction}):
            reading.add("llm_monitor_gpu_pcie_bytes_per_second", labels | {"direction": direction},
                        lambda number=number: nv.nvmlDeviceGetPcieThroughput(card, number), 1000)  # fmt: skip

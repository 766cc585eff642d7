"""What NVML says of a card itself."""

from __future__ import annotations

from collections.abc import Callable

import pynvml as nv

from compare_nvml.fields import read_fields
from compare_nvml.reading import Labels, Reading, attempt, word


def read_card(reading: Reading, labels: Labels, card: object) -> None:
    def add(name: str, call: Callable[[], float], factor: float = 1, **more: str) -> None:
        reading.add(f"llm_monitor_gpu_{name}", labels | more, call, factor)

    read_info(reading, labels, card)
    add("utilization_ratio", lambda: nv.nvmlDeviceGetUtilizationRates(card).gpu, 0.01)
    add("memory_bandwidth_utilization_ratio", lambda: nv.nvmlDeviceGetUtilizationRates(card).memory, 0.01)
    attempt(read_memory, add, card)
    for name, call in [("encoder", nv.nvmlDeviceGetEncoderUtilization), ("decoder", nv.nvmlDeviceGetDecoderUtilization),
                       ("jpeg", nv.nvmlDeviceGetJpgUtilization), ("ofa", nv.nvmlDeviceGetOfaUtilization)]:  # fmt: skip
        add(f"{name}_utilization_ratio", lambda call=call: call(card)[0], 0.01)
    add("encoder_sessions", lambda: nv.nvmlDeviceGetEncoderStats(card)[0])
    add("power_watts", lambda: nv.nvmlDeviceGetPowerUsage(card), 1e-3)
    add("power_limit_watts", lambda: nv.nvmlDeviceGetEnforcedPowerLimit(card), 1e-3, kind="enforced")
    add("power_limit_watts", lambda: nv.nvmlDeviceGetPowerManagementLimit(card), 1e-3, kind="configured")
    add("power_limit_watts", lambda: nv.nvmlDeviceGetPowerManagementDefaultLimit(card), 1e-3, kind="default")
    add("power_limit_watts", lambda: nv.nvmlDeviceGetPowerManagementLimitConstraints(card)[0], 1e-3, kind="min")
    add("power_limit_watts", lambda: nv.nvmlDeviceGetPowerManagementLimitConstraints(card)[1], 1e-3, kind="max")
    add("energy_joules_total", lambda: nv.nvmlDeviceGetTotalEnergyConsumption(card), 1e-3)
    add("temperature_celsius", lambda: nv.nvmlDeviceGetTemperature(card, 0), sensor="core")
    add("temperature_margin_celsius", lambda: margin(card))
    for number, kind in enumerate(["shutdown", "slowdown", "memory", "operating"]):
        add("temperature_limit_celsius", lambda number=number: nv.nvmlDeviceGetTemperatureThreshold(card, number), kind=kind)
    for number, domain in enumerate(["graphics", "sm", "memory", "video"]):
        add("clock_hertz", lambda number=number: nv.nvmlDeviceGetClockInfo(card, number), 1e6, domain=domain)
        add("clock_max_hertz", lambda number=number: nv.nvmlDeviceGetMaxClockInfo(card, number), 1e6, domain=domain)
    add("performance_state", lambda: known_state(nv.nvmlDeviceGetPerformanceState(card)))
    add("fan_speed_ratio", lambda: nv.nvmlDeviceGetFanSpeed(card), 0.01)
    reasons = ["idle", "application_clocks", "sw_power_cap", "hw_slowdown", "sync_boost", "sw_thermal", "hw_thermal", "hw_power_brake", "display_clocks"]
    for bit, reason in enumerate(reasons):
        add("throttle_active", lambda bit=bit: clock_reasons(card) >> bit & 1, reason=reason)
    add("ecc_mode_enabled", lambda: nv.nvmlDeviceGetEccMode(card)[0])
    read_ecc(add, card)
    add("pcie_link_generation", lambda: nv.nvmlDeviceGetCurrPcieLinkGeneration(card))
    add("pcie_link_width", lambda: nv.nvmlDeviceGetCurrPcieLinkWidth(card))
    add("pcie_link_max_generation", lambda: nv.nvmlDeviceGetMaxPcieLinkGeneration(card))
    add("pcie_link_max_width", lambda: nv.nvmlDeviceGetMaxPcieLinkWidth(card))
    add("nvlink_links_active", lambda: links(card))
    add("mig_enabled", lambda: nv.nvmlDeviceGetMigMode(card)[0])
    read_fields(reading, labels, card)
    read_compatible(reading, labels["gpu_uuid"], card)


MODES = {0: "none", 1: "passthrough", 2: "vgpu_guest", 3: "host_vgpu", 4: "host_vsga"}
ARCHITECTURES = {2: "kepler", 3: "maxwell", 4: "pascal", 5: "volta", 6: "turing", 7: "ampere", 8: "ada", 9: "hopper", 10: "blackwell", 13: "rubin"}


def read_info(reading: Reading, labels: Labels, card: object) -> None:
    cuda = word(nv.nvmlSystemGetCudaDriverVersion_v2)
    reading.put("llm_monitor_gpu_info", labels | {
        "name": word(lambda: nv.nvmlDeviceGetName(card)), "pci_bus_id": word(lambda: nv.nvmlDeviceGetPciInfo(card).busId),
        "driver_version": word(nv.nvmlSystemGetDriverVersion), "cuda_version": f"{int(cuda) // 1000}.{int(cuda) % 1000 // 10}" if cuda else "",
        "virtualization_mode": word(lambda: MODES.get(nv.nvmlDeviceGetVirtualizationMode(card), "")),
        "architecture": word(lambda: ARCHITECTURES.get(nv.nvmlDeviceGetArchitecture(card), "")),
    }, 1)  # fmt: skip


def known_state(state: int) -> int:
    if state >= 32:
        raise nv.NVMLError(nv.NVML_ERROR_NOT_SUPPORTED)
    return state


def clock_reasons(card: object) -> int:
    try:
        return nv.nvmlDeviceGetCurrentClocksEventReasons(card)
    except nv.NVMLError:
        return nv.nvmlDeviceGetCurrentClocksThrottleReasons(card)


def memory_of(device: object) -> object:
    try:
        return nv.nvmlDeviceGetMemoryInfo(device, version=nv.nvmlMemory_v2)
    except nv.NVMLError:
        return nv.nvmlDeviceGetMemoryInfo(device)


def read_memory(add: Callable[..., None], card: object) -> None:
    memory = memory_of(card)
    if hasattr(memory, "reserved"):
        add("memory_reserved_bytes", lambda: memory.reserved)
    for name in ("used", "total", "free"):
        add(f"memory_{name}_bytes", lambda name=name: getattr(memory, name))


def read_ecc(add: Callable[..., None], card: object) -> None:
    places = ["l1", "l2", "dram", "registers", "texture", "texture_shared", "cbu", "sram"]
    for kind_number, kind in enumerate(["corrected", "uncorrected"]):
        for counter, name in enumerate(["ecc_volatile_errors_total", "ecc_errors_total"]):
            known = 0
            for number, place in enumerate(places):
                try:
                    count = nv.nvmlDeviceGetMemoryErrorCounter(card, kind_number, counter, number)
                except nv.NVMLError:
                    continue
                known += count
                add(name, lambda count=count: count, kind=kind, location=place)
            numbers = (kind_number, counter)
            add(name, lambda known=known, numbers=numbers: max(0, nv.nvmlDeviceGetTotalEccErrors(card, *numbers) - known), kind=kind, location="other")


def margin(card: object) -> int:
    """What the binding returns is a number of C."""
    value = nv.nvmlDeviceGetMarginTemperature(card)
    return int(getattr(value, "value", value))


def links(card: object) -> int:
    active = count = 0
    for link in range(36):
        try:
            active += nv.nvmlDeviceGetNvLinkState(card, link)
            count += 1
        except nv.NVMLError:
            break
    if not count:
        raise nv.NVMLError(nv.NVML_ERROR_NOT_SUPPORTED)
    return active


def read_compatible(reading: Reading, uuid: str, card: object) -> None:
    labels = {"minor_number": word(lambda: nv.nvmlDeviceGetMinorNumber(card)), "uuid": uuid, "name": word(lambda: nv.nvmlDeviceGetName(card))}
    reading.add("nvidia_gpu_memory_used_bytes", labels, lambda: nv.nvmlDeviceGetMemoryInfo(card).used)
    reading.add("nvidia_gpu_memory_total_bytes", labels, lambda: nv.nvmlDeviceGetMemoryInfo(card).total)
    reading.add("nvidia_gpu_duty_cycle", labels, lambda: nv.nvmlDeviceGetUtilizationRates(card).gpu)
    reading.add("nvidia_gpu_power_usage_milliwatts", labels, lambda: nv.nvmlDeviceGetPowerUsage(card))
    reading.add("nvidia_gpu_temperature_celsius", labels, lambda: nv.nvmlDeviceGetTemperature(card, 0))
    reading.add("nvidia_gpu_fanspeed_percent", labels, lambda: nv.nvmlDeviceGetFanSpeed(card))

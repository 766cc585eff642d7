"""The simulated libnvidia-ml.so.1, read with NVIDIA's own nvidia-ml-py: every value that the simulator says it has, what cards of a make do not have, and faults."""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY, Program, Start, environment_without_settings, fetch, free_port, wait_for

ABI = REPOSITORY / "Sources/Cellar/NVMLABI/include/NVMLCalls.h"


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the library that the present sources make."""
    folder = tmp_path_factory.mktemp("library")
    subprocess.run([REPOSITORY / "scripts/build-simulated-nvml", folder], check=True)
    return folder


class Cards:
    """A simulated machine, and programs that read its cards."""

    def __init__(self, start: Start, folder: Path, library: Path, *flags: str) -> None:
        self.state, self.library, self.root = folder / "gpu.state", library, folder / "root"
        self.url = f"http://127.0.0.1:{free_port()}"
        self.program: Program = start(
            "simulate", "gpu", "--listen", self.url.removeprefix("http://"), "--state", self.state, "--root", self.root, *flags)
        self.program.wait_until(f"{self.url}/health")

    @property
    def truth(self) -> dict[str, Any]:
        return fetch(f"{self.url}/api/v1/cards").json

    def fault(self, **fault: Any) -> None:
        answer = fetch(f"{self.url}/api/v1/faults", "PUT", json.dumps(fault).encode())
        assert answer.status == 200, answer.text

    def lift(self) -> None:
        assert fetch(f"{self.url}/api/v1/faults", "DELETE").json == {"faults": []}

    def play(self, scenario: str) -> None:
        assert fetch(f"{self.url}/api/v1/scenario", "PUT", scenario.encode()).json["scenario"] == scenario

    def popen(self, code: str, **environment: str) -> subprocess.Popen[str]:
        """A Python of its own, as a process loads the library once: `code` sees nvidia-ml-py as `n`, and prints JSON."""
        head = "import json, sys, time\nimport pynvml as n\ndef code_of(f, *a):\n    try: f(*a)\n    except n.NVMLError as e: return e.value\n    return 0\n"
        return subprocess.Popen(
            [sys.executable, "-c", head + code], stdout=subprocess.PIPE, text=True,
            env=environment_without_settings() | {"LD_LIBRARY_PATH": str(self.library), "MARTLET_SIMULATED_GPU": str(self.state)} | environment)

    def run(self, code: str, seconds: float = 30, **environment: str) -> Any:
        reader = self.popen(code, **environment)
        try:
            output, _ = reader.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            reader.kill()
            reader.communicate()
            raise
        assert reader.returncode == 0, output
        return json.loads(output.splitlines()[-1])


READ_ALL = r"""
def text(x): return x.decode() if isinstance(x, bytes) else x
def value(f, *a):
    try: return text(f(*a))
    except n.NVMLError as e: return {"code": e.value}
def fields(h, *wanted):
    found = {}
    for v in n.nvmlDeviceGetFieldValues(h, list(wanted)):
        member = {0: "dVal", 1: "uiVal", 3: "ullVal", 4: "sllVal", 5: "siVal"}[v.valueType]
        key = f"{v.fieldId}" if v.scopeId == 0 else f"{v.fieldId}/{v.scopeId}"
        found[key] = {"code": v.nvmlReturn} if v.nvmlReturn else getattr(v.value, member)
    return found
def processes(f, h):
    try: return sorted([p.pid, p.usedGpuMemory, p.gpuInstanceId, p.computeInstanceId] for p in f(h))
    except n.NVMLError as e: return {"code": e.value}
def records(f, *a, names):
    try: return [[getattr(r, name) for name in names.split()] for r in f(*a)]
    except n.NVMLError as e: return {"code": e.value}
def record(f, *a, names):
    try: r = f(*a)
    except n.NVMLError as e: return {"code": e.value}
    return [getattr(r, name) for name in names.split()]
def card(i):
    h = n.nvmlDeviceGetHandleByIndex(i)
    c = {name: value(f, h, *a) for name, f, *a in [
        ("name", n.nvmlDeviceGetName), ("uuid", n.nvmlDeviceGetUUID), ("serial", n.nvmlDeviceGetSerial), ("vbios", n.nvmlDeviceGetVbiosVersion),
        ("part", n.nvmlDeviceGetBoardPartNumber), ("minor", n.nvmlDeviceGetMinorNumber), ("index", n.nvmlDeviceGetIndex),
        ("architecture", n.nvmlDeviceGetArchitecture), ("brand", n.nvmlDeviceGetBrand), ("capability", n.nvmlDeviceGetCudaComputeCapability),
        ("virtualization", n.nvmlDeviceGetVirtualizationMode), ("host_vgpu", n.nvmlDeviceGetHostVgpuMode),
        ("persistence", n.nvmlDeviceGetPersistenceMode), ("compute_mode", n.nvmlDeviceGetComputeMode),
        ("encoder", n.nvmlDeviceGetEncoderUtilization), ("decoder", n.nvmlDeviceGetDecoderUtilization), ("jpeg", n.nvmlDeviceGetJpgUtilization),
        ("ofa", n.nvmlDeviceGetOfaUtilization), ("encoder_stats", n.nvmlDeviceGetEncoderStats), ("power", n.nvmlDeviceGetPowerUsage),
        ("power_enforced", n.nvmlDeviceGetEnforcedPowerLimit), ("power_limit", n.nvmlDeviceGetPowerManagementLimit),
        ("power_default", n.nvmlDeviceGetPowerManagementDefaultLimit), ("power_constraints", n.nvmlDeviceGetPowerManagementLimitConstraints),
        ("energy", n.nvmlDeviceGetTotalEnergyConsumption), ("temperature", n.nvmlDeviceGetTemperature, 0),
        ("temperature_v", n.nvmlDeviceGetTemperatureV, 0), ("margin", n.nvmlDeviceGetMarginTemperature),
        ("reasons", n.nvmlDeviceGetCurrentClocksEventReasons), ("reasons_old", n.nvmlDeviceGetCurrentClocksThrottleReasons),
        ("reasons_supported", n.nvmlDeviceGetSupportedClocksEventReasons), ("reasons_supported_old", n.nvmlDeviceGetSupportedClocksThrottleReasons),
        ("performance", n.nvmlDeviceGetPerformanceState), ("fans", n.nvmlDeviceGetNumFans), ("fan", n.nvmlDeviceGetFanSpeed),
        ("fan_0", n.nvmlDeviceGetFanSpeed_v2, 0), ("ecc_mode", n.nvmlDeviceGetEccMode), ("retired_pending", n.nvmlDeviceGetRetiredPagesPendingStatus),
        ("remapped", n.nvmlDeviceGetRemappedRows), ("pcie_generation_max", n.nvmlDeviceGetMaxPcieLinkGeneration),
        ("pcie_generation_of_card", n.nvmlDeviceGetGpuMaxPcieLinkGeneration), ("pcie_generation", n.nvmlDeviceGetCurrPcieLinkGeneration),
        ("pcie_width", n.nvmlDeviceGetCurrPcieLinkWidth), ("pcie_width_max", n.nvmlDeviceGetMaxPcieLinkWidth),
        ("pcie_replays", n.nvmlDeviceGetPcieReplayCounter), ("pcie_sent", n.nvmlDeviceGetPcieThroughput, 0),
        ("pcie_received", n.nvmlDeviceGetPcieThroughput, 1), ("mig_mode", n.nvmlDeviceGetMigMode), ("mig_limit", n.nvmlDeviceGetMaxMigDeviceCount),
        ("is_mig", n.nvmlDeviceIsMigDeviceHandle), ("event_types", n.nvmlDeviceGetSupportedEventTypes),
        ("link_0", n.nvmlDeviceGetNvLinkState, 0), ("link_17", n.nvmlDeviceGetNvLinkState, 17), ("link_18", n.nvmlDeviceGetNvLinkState, 18),
        ("link_version", n.nvmlDeviceGetNvLinkVersion, 0), ("link_replays", n.nvmlDeviceGetNvLinkErrorCounter, 0, 0),
        ("attributes", n.nvmlDeviceGetAttributes_v2), ("gpu_instance", n.nvmlDeviceGetGpuInstanceId)]}
    c["clocks"] = [value(n.nvmlDeviceGetClockInfo, h, d) for d in range(4)]
    c["clocks_max"] = [value(n.nvmlDeviceGetMaxClockInfo, h, d) for d in range(4)]
    c["thresholds"] = [value(n.nvmlDeviceGetTemperatureThreshold, h, k) for k in range(4)]
    c["ecc_total"] = [[value(n.nvmlDeviceGetTotalEccErrors, h, k, w) for w in range(2)] for k in range(2)]
    c["ecc_dram"] = [[value(n.nvmlDeviceGetMemoryErrorCounter, h, k, w, 2) for w in range(2)] for k in range(2)]
    sram = n.c_nvmlEccSramErrorStatus_v1_t(); sram.version = n.nvmlEccSramErrorStatus_v1
    c["ecc_sram"] = value(n.nvmlDeviceGetSramEccErrorStatus, h, n.byref(sram))
    rows = n.c_nvmlRemappedRowsInfo_v2_t()
    c["remapped_v2"] = value(n.nvmlDeviceGetRemappedRows_v2, h, n.byref(rows)) or [rows.corrActiveRemaps, rows.uncActiveRemaps, rows.bPending, rows.bfailureOccurred]
    c["histogram"] = record(n.nvmlDeviceGetRowRemapperHistogram, h, names="max high partial low none")
    c["violation"] = record(n.nvmlDeviceGetViolationStatus, h, 0, names="violationTime")
    c["retired"] = [value(n.nvmlDeviceGetRetiredPages, h, k) for k in range(2)] + [value(n.nvmlDeviceGetRetiredPages_v2, h, k) for k in range(2)]
    c["utilization"] = record(n.nvmlDeviceGetUtilizationRates, h, names="gpu memory")
    c["memory"] = record(n.nvmlDeviceGetMemoryInfo, h, names="total free used")
    c["memory_v2"] = record(n.nvmlDeviceGetMemoryInfo, h, n.nvmlMemory_v2, names="total reserved free used")
    c["bar1"] = record(n.nvmlDeviceGetBAR1MemoryInfo, h, names="bar1Total bar1Free bar1Used")
    c["pci"] = record(n.nvmlDeviceGetPciInfo, h, names="busIdLegacy domain bus device pciDeviceId pciSubSystemId busId")
    c["pci"] = [text(x) for x in c["pci"]]
    c["fields"] = fields(h, 1, 29, 38, 45, 52, 59, 74, 75, 76, 77, 78, 79, 82, 83, 91, 94, 142, 143, 144, 145, 173, 179, 180, 185, 186, 187, 188, 189,
                         190, 193, 194, 196, 197, 198, 202, 230, 269, 270, 271, (138, 0), (138, 17), (138, 18), (138, 0xFFFFFFFF), (141, 0xFFFFFFFF))
    for key, f in [("compute", n.nvmlDeviceGetComputeRunningProcesses_v3), ("compute_v2", n.nvmlDeviceGetComputeRunningProcesses_v2),
                   ("graphics", n.nvmlDeviceGetGraphicsRunningProcesses_v3), ("graphics_v2", n.nvmlDeviceGetGraphicsRunningProcesses_v2),
                   ("mps", n.nvmlDeviceGetMPSComputeRunningProcesses_v3)]: c[key] = processes(f, h)
    c["names"] = {pid: value(n.nvmlSystemGetProcessName, pid) for pid, *_ in (c["compute"] + c["graphics"])}
    c["process_utilization"] = records(n.nvmlDeviceGetProcessUtilization, h, 0, names="pid smUtil memUtil encUtil decUtil")
    c["processes_utilization"] = records(n.nvmlDeviceGetProcessesUtilizationInfo, h, 0, names="pid smUtil memUtil encUtil decUtil jpgUtil ofaUtil")
    c["encoder_sessions"] = records(n.nvmlDeviceGetEncoderSessions, h, names="pid vgpuInstance hResolution averageFps")
    c["gpm"] = value(lambda: n.nvmlGpmQueryDeviceSupport(h).isSupportedDevice)
    c["activity"] = activity(lambda s: n.nvmlGpmSampleGet(h, s))
    c["mig"] = []
    for index in range(8):
        try: m = n.nvmlDeviceGetMigDeviceHandleByIndex(h, index)
        except n.NVMLError as e:
            c["mig_end"] = e.value
            break
        a = n.nvmlDeviceGetAttributes_v2(m)
        gi = n.nvmlDeviceGetGpuInstanceId(m)
        c["mig"].append({
            "name": n.nvmlDeviceGetName(m), "uuid": n.nvmlDeviceGetUUID(m), "gi": gi, "ci": n.nvmlDeviceGetComputeInstanceId(m),
            "memory": record(n.nvmlDeviceGetMemoryInfo, m, n.nvmlMemory_v2, names="total used free"), "sms": a.multiprocessorCount, "mib": a.memorySizeMB,
            "processes": processes(n.nvmlDeviceGetComputeRunningProcesses_v3, m), "is_mig": n.nvmlDeviceIsMigDeviceHandle(m),
            "parent": text(n.nvmlDeviceGetUUID(n.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(m))), "power": value(n.nvmlDeviceGetPowerUsage, m),
            "by_uuid": n.nvmlDeviceGetName(n.nvmlDeviceGetHandleByUUID(n.nvmlDeviceGetUUID(m).encode())),
            "instance": value(lambda: n.nvmlGpuInstanceGetActiveVgpus(n.nvmlDeviceGetGpuInstanceById(h, gi), active()).vgpuCount),
            "activity": activity(lambda s: n.nvmlGpmMigSampleGet(h, gi, s))})
    for key, f in [("vgpus", n.nvmlDeviceGetActiveVgpus), ("vgpu_types", n.nvmlDeviceGetSupportedVgpus), ("vgpu_types_creatable", n.nvmlDeviceGetCreatableVgpus)]:
        c[key] = value(f, h)
    names = "vgpuInstance smUtil memUtil encUtil decUtil"
    def numbers(found): return found if isinstance(found, dict) else [[r[0]] + [x.uiVal for x in r[1:]] for r in found]
    c["vgpu_utilization"] = numbers(records(n.nvmlDeviceGetVgpuUtilization, h, 0, names=names))
    c["vgpu_utilization_info"] = numbers(records(n.nvmlDeviceGetVgpuInstancesUtilizationInfo, h, 0, names=names + " jpgUtil ofaUtil"))
    c["vgpu"] = []
    for v in c["vgpus"] if isinstance(c["vgpus"], list) else []:
        t = n.nvmlVgpuInstanceGetType(v)
        license = n.nvmlVgpuInstanceGetLicenseInfo_v2(v)
        c["vgpu"].append({
            "vm": [text(x) for x in n.nvmlVgpuInstanceGetVmID(v)], "uuid": text(n.nvmlVgpuInstanceGetUUID(v)), "mdev": value(n.nvmlVgpuInstanceGetMdevUUID, v),
            "driver": text(n.nvmlVgpuInstanceGetVmDriverVersion(v)), "used": framebuffer_used(v), "used_by_them": n.nvmlVgpuInstanceGetFbUsage(v), "licensed": license.isLicensed,
            "state": license.currentState, "year": license.licenseExpiry.year, "status": n.nvmlVgpuInstanceGetLicenseStatus(v),
            "limit": n.nvmlVgpuInstanceGetFrameRateLimit(v), "ecc": n.nvmlVgpuInstanceGetEccMode(v), "encoder": list(n.nvmlVgpuInstanceGetEncoderStats(v)),
            "sessions": len(n.nvmlVgpuInstanceGetEncoderSessions(v)), "gi": n.nvmlVgpuInstanceGetGpuInstanceId(v), "pci": text(n.nvmlVgpuInstanceGetGpuPciId(v)),
            "type": text(n.nvmlVgpuTypeGetName(t)), "class": text(n.nvmlVgpuTypeGetClass(t)), "framebuffer": n.nvmlVgpuTypeGetFramebufferSize(t),
            "instances": n.nvmlVgpuTypeGetMaxInstances(h, t), "per_vm": n.nvmlVgpuTypeGetMaxInstancesPerVm(t),
            "type_limit": n.nvmlVgpuTypeGetFrameRateLimit(t), "heads": n.nvmlVgpuTypeGetNumDisplayHeads(t), "type_id": t})
    for f, key in [(n.nvmlDeviceGetHandleByUUID, c["uuid"]), (n.nvmlDeviceGetHandleByPciBusId, c["pci"][6]), (n.nvmlDeviceGetHandleByPciBusId, c["pci"][0]),
                   (n.nvmlDeviceGetHandleBySerial, c["serial"])]:
        assert text(n.nvmlDeviceGetUUID(f(key.encode()))) == c["uuid"]
    return c
def framebuffer_used(v):
    used = n.c_ulonglong()
    assert n.nvmlLib.nvmlVgpuInstanceGetFbUsage(v, n.byref(used)) == 0
    return used.value
def active():
    info = n.c_nvmlActiveVgpuInstanceInfo_v1_t(); info.version = n.nvmlActiveVgpuInstanceInfo_v1
    return info
def activity(take):
    one, two = n.nvmlGpmSampleAlloc(), n.nvmlGpmSampleAlloc()
    try:
        take(one); take(two)
        request = n.c_nvmlGpmMetricsGet_t(); request.version = 1; request.numMetrics = 6; request.sample1 = one; request.sample2 = two
        for i, metric in enumerate([1, 2, 3, 5, 10, 30]): request.metrics[i].metricId = metric
        n.nvmlGpmMetricsGet(request)
        return {str(m.metricId): {"code": m.nvmlReturn} if m.nvmlReturn else m.value for m in request.metrics[:6]}
    except n.NVMLError as e: return {"code": e.value}
    finally: n.nvmlGpmSampleFree(one); n.nvmlGpmSampleFree(two)
"""
READ_ALL_CARDS = READ_ALL + r"""
n.nvmlInit()
print(json.dumps({"driver": text(n.nvmlSystemGetDriverVersion()), "nvml": text(n.nvmlSystemGetNVMLVersion()), "cuda": n.nvmlSystemGetCudaDriverVersion_v2(),
                  "cuda_old": n.nvmlSystemGetCudaDriverVersion(), "cards": [card(i) for i in range(n.nvmlDeviceGetCount())]},
                 default=lambda of_c: of_c.value))
"""
NOT_SUPPORTED = {"code": 3}
NONE = 0xFFFFFFFF


@pytest.fixture(scope="module", params=["llm", "notebooks", "mig", "vgpu", "mixed", "desktop"])
def still(request: pytest.FixtureRequest, start_for_all: Start, tmp_path_factory: pytest.TempPathFactory, library: Path) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Cards that do not move: the truth, and what nvidia-ml-py reads."""
    cards = Cards(start_for_all, tmp_path_factory.mktemp("cards"), library, "--profile", request.param, "--time", "1790012345")
    yield cards.truth, cards.run(READ_ALL_CARDS, 60)


def pairs(still: tuple[dict[str, Any], dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    truth, read = still
    assert len(truth["cards"]) == len(read["cards"]) == 8
    return list(zip(truth["cards"], read["cards"]))


def test_the_machine(still: Any) -> None:
    truth, read = still
    assert [read["driver"], read["nvml"], read["cuda"], read["cuda_old"]] == [truth["driver_version"], truth["nvml_version"], truth["cuda_version"], truth["cuda_version"]]


def test_identity(still: Any) -> None:
    for truth, read in pairs(still):
        assert [read[key] for key in ("name", "uuid", "serial", "index", "minor")] == [truth["name"], truth["uuid"], truth["serial"], truth["index"], truth["index"]]
        assert read["pci"][6] == truth["bus_id"] and truth["bus_id"].endswith(read["pci"][0]) and read["pci"][2] == int(truth["bus_id"][9:11], 16)
        assert read["pci"][4] & 0xFFFF == 0x10DE and read["vbios"] and read["part"]
        is_h200 = truth["name"] == "NVIDIA H200"
        assert (read["architecture"], read["capability"]) == ((9, [9, 0]) if is_h200 else (8, [8, 9]))
        assert read["virtualization"] == (3 if truth["role"] == "shared" else 0)
        assert read["host_vgpu"] == (1 if truth["role"] == "shared" else NOT_SUPPORTED)
        assert read["is_mig"] == 0 and read["attributes"] == read["gpu_instance"] == NOT_SUPPORTED


def test_measures(still: Any) -> None:
    for truth, read in pairs(still):
        is_divided = truth["role"] == "instances"
        assert read["utilization"] == (NOT_SUPPORTED if is_divided else [truth["utilization_percent"], truth["memory_utilization_percent"]])
        assert read["encoder"] == (NOT_SUPPORTED if is_divided else [truth["encoder_percent"], 167_000])
        assert read["decoder"] == (NOT_SUPPORTED if is_divided else [truth["decoder_percent"], 167_000])
        assert read["jpeg"] == read["ofa"] == (NOT_SUPPORTED if is_divided else [0, 167_000])
        assert read["encoder_stats"][0] == len(read["encoder_sessions"]) == truth["encoder_sessions"]
        total, reserved, free, used = (truth[f"memory_{what}_bytes"] for what in ("total", "reserved", "free", "used"))
        assert read["memory_v2"] == [total, reserved, free, used] and total == reserved + free + used
        assert read["memory"] == [total, free, used + reserved]
        assert read["bar1"] == [truth["bar1_total_bytes"], truth["bar1_total_bytes"] - truth["bar1_used_bytes"], truth["bar1_used_bytes"]]
        limit = truth["power_limit_milliwatts"]
        assert read["power"] == truth["power_milliwatts"] == read["fields"]["185"] == read["fields"]["186"]
        assert read["power_enforced"] == read["power_limit"] == read["power_default"] == limit and read["power_constraints"] == [truth["power_least_milliwatts"], limit]
        assert [read["fields"][str(field)] for field in (187, 188, 189, 190)] == [truth["power_least_milliwatts"], limit, limit, limit]
        assert read["energy"] == truth["energy_millijoules"] == read["fields"]["83"]
        assert read["temperature"] == read["temperature_v"] == truth["temperature_celsius"]
        operating, slowdown, shutdown = (truth[f"{what}_limit_celsius"] for what in ("operating", "slowdown", "shutdown"))
        assert read["margin"] == operating - truth["temperature_celsius"] and read["thresholds"][:2] == [shutdown, slowdown] and read["thresholds"][3] == operating
        assert [read["fields"][str(field)] for field in (193, 194, 196)] == [operating - shutdown, operating - slowdown, 0]
        assert read["fields"]["82"] == truth.get("memory_temperature_celsius", NOT_SUPPORTED)
        assert (read["thresholds"][2] == NOT_SUPPORTED) == ("memory_temperature_celsius" not in truth)
        assert read["clocks"] == [truth["sm_clock_mhz"], truth["sm_clock_mhz"], truth["memory_clock_mhz"], truth["video_clock_mhz"]]
        assert read["clocks_max"][:3] == [truth["sm_clock_max_mhz"], truth["sm_clock_max_mhz"], truth["memory_clock_max_mhz"]]
        assert read["reasons"] == read["reasons_old"] == truth["reasons"] and read["reasons_supported"] == read["reasons_supported_old"]
        held = truth["held_nanoseconds"]
        assert [read["fields"][str(field)] for field in (74, 75, 269, 270, 271)] == [
            held["power_cap"], held["sw_thermal"], held["sw_thermal"], held["hw_thermal"], held["power_brake"]]
        assert read["violation"] == [held["power_cap"]] and read["performance"] == truth["performance_state"]
        assert read["fan"] == read["fan_0"] == truth.get("fan_percent", NOT_SUPPORTED) and read["fans"] == (1 if "fan_percent" in truth else 0)


def test_errors(still: Any) -> None:
    for truth, read in pairs(still):
        assert read["retired"] == [NOT_SUPPORTED] * 4 and read["retired_pending"] == NOT_SUPPORTED == read["fields"]["29"]
        assert read["fields"]["230"] == truth["recovery_action"]
        if not truth["ecc"]:
            assert read["ecc_mode"] == [0, 0] and read["ecc_total"] == [[NOT_SUPPORTED] * 2] * 2 and read["fields"]["1"] == NOT_SUPPORTED
            assert read["remapped"] == read["remapped_v2"] == read["histogram"] == read["ecc_sram"] == NOT_SUPPORTED
            continue
        counts = [[truth["ecc_corrected"], truth["ecc_corrected_aggregate"]], [truth["ecc_uncorrected"]] * 2]
        assert read["ecc_mode"] == [1, 1] and read["ecc_total"] == read["ecc_dram"] == counts and read["ecc_sram"] == 0
        rows = [truth["remapped_correctable"], truth["remapped_uncorrectable"], int(truth["remap_pending"]), 0]
        assert read["remapped"] == read["remapped_v2"] == rows and [read["fields"][str(field)] for field in (142, 143, 144, 145)] == rows
        assert sum(read["histogram"]) == 3072


def test_links(still: Any) -> None:
    for truth, read in pairs(still):
        generation = truth["pcie_generation"]
        assert read["pcie_generation_max"] == read["pcie_generation_of_card"] == generation and read["pcie_width"] == read["pcie_width_max"] == 16
        assert read["pcie_generation"] == (1 if truth["performance_state"] == 8 else generation)
        assert read["pcie_replays"] == truth["pcie_replays"] == read["fields"]["94"]
        assert [read["pcie_sent"], read["pcie_received"]] == [truth["pcie_sent_kilobytes_per_second"], truth["pcie_received_kilobytes_per_second"]]
        has_counters = truth["name"] == "NVIDIA H200"
        assert read["fields"]["197"] == (truth["pcie_sent_bytes"] if has_counters else NOT_SUPPORTED)
        assert read["fields"]["198"] == (truth["pcie_received_bytes"] if has_counters else NOT_SUPPORTED)
        assert read["link_18"] == NOT_SUPPORTED == read["fields"]["138/18"] == read["fields"]["202"]
        if truth["links"]:
            assert read["link_0"] == read["link_17"] == 1 and read["link_version"] == 4 and read["fields"]["91"] == 18
            # Scope 0 is the first link.
            assert read["fields"]["138/4294967295"] == 18 * read["fields"]["138"] == 18 * read["fields"]["138/17"] <= read["fields"]["141/4294967295"]
            assert read["link_replays"] == read["fields"]["52"] == truth["link_replays"]
        else:
            assert read["link_0"] == read["link_version"] == read["fields"]["91"] == read["fields"]["138"] == NOT_SUPPORTED


def test_processes(still: Any) -> None:
    for truth, read in pairs(still):
        for kind in ("compute", "graphics"):
            expected = sorted(
                [p["pid"], p["memory_bytes"], p.get("gpu_instance", NONE), 0 if "gpu_instance" in p else NONE] for p in truth["processes"] if p["kind"] == kind)
            assert read[kind] == read[f"{kind}_v2"] == expected
        assert read["mps"] == [] and read["names"] == {str(p["pid"]): p["name"] for p in truth["processes"]}
        busy = [p for p in truth["processes"] if p["sm_percent"] + p["memory_percent"] + p["encoder_percent"] + p["decoder_percent"]]
        samples = [[p["pid"], p["sm_percent"], p["memory_percent"], p["encoder_percent"], p["decoder_percent"]] for p in busy]
        if truth["role"] == "instances":
            assert read["process_utilization"] == read["processes_utilization"] == NOT_SUPPORTED
        else:
            assert read["process_utilization"] == (samples or {"code": 6})
            assert read["processes_utilization"] == ([[*sample, 0, 0] for sample in samples] or {"code": 6})
        assert sum(p["memory_bytes"] for p in truth["processes"]) <= truth["memory_used_bytes"]
        assert sum(p["sm_percent"] for p in truth["processes"]) <= truth["utilization_percent"]


def test_instances(still: Any) -> None:
    for truth, read in pairs(still):
        has_instances = truth["name"] == "NVIDIA H200"
        is_divided = truth["role"] == "instances"
        assert read["mig_mode"] == (NOT_SUPPORTED if not has_instances else [1, 1] if is_divided else [0, 0])
        assert read["mig_limit"] == (7 if has_instances else 0) and read["mig_end"] == (6 if has_instances else 3)
        assert read["gpm"] == (1 if has_instances else 0)
        assert read["activity"] == (NOT_SUPPORTED if is_divided or not has_instances else truth["activity"] | {"30": NOT_SUPPORTED})
        assert len(read["mig"]) == len(truth["mig_devices"]) == (4 if is_divided else 0)
        for device, found in zip(truth["mig_devices"], read["mig"]):
            total, used = device["memory_total_bytes"], device["memory_used_bytes"]
            assert found == {
                "name": device["name"], "uuid": device["uuid"], "gi": device["gpu_instance"], "ci": 0, "memory": [total, used, total - used],
                "sms": device["multiprocessors"], "mib": total >> 20, "is_mig": 1, "parent": truth["uuid"], "power": NOT_SUPPORTED,
                "by_uuid": device["name"], "instance": NOT_SUPPORTED, "activity": device["activity"] | {"30": NOT_SUPPORTED},
                "processes": [[p["pid"], p["memory_bytes"], device["gpu_instance"], 0] for p in truth["processes"] if p["gpu_instance"] == device["gpu_instance"]]}


def test_vgpus(still: Any) -> None:
    found = 0
    for truth, read in pairs(still):
        if truth["role"] != "shared":
            keys = ("vgpus", "vgpu_types", "vgpu_types_creatable", "vgpu_utilization", "vgpu_utilization_info")
            assert [read[key] for key in keys] == [NOT_SUPPORTED] * 5
            continue
        assert read["vgpu_types"] == [63] and read["vgpu_types_creatable"] == ([] if len(truth["vgpus"]) == 4 else [63])
        assert len(read["vgpus"]) == len(set(read["vgpus"])) == len(read["vgpu"]) == len(truth["vgpus"])
        for vgpu, one in zip(truth["vgpus"], read["vgpu"]):
            found += 1
            assert one == {
                "vm": [vgpu["vm_uuid"], 1], "uuid": vgpu["uuid"], "mdev": vgpu.get("mdev_uuid", NOT_SUPPORTED), "driver": vgpu["guest_driver"],
                "used": vgpu["framebuffer_used_bytes"],
                # nvidia-ml-py takes 32 bits of what are 64 in NVIDIA's header.
                "used_by_them": vgpu["framebuffer_used_bytes"] & 0xFFFFFFFF, "licensed": int(vgpu["licensed"]), "state": vgpu["license_state"],
                "year": 2038 if vgpu["licensed"] else 0, "status": int(vgpu["licensed"]), "limit": vgpu["frame_rate_limit"], "ecc": 1,
                "encoder": [vgpu["encoder_sessions"]] + ([30, 2100] if vgpu["encoder_sessions"] else [0, 0]), "sessions": vgpu["encoder_sessions"],
                "gi": NONE, "pci": "00000000:00:10.0", "type": vgpu["type"], "class": "Quadro", "framebuffer": vgpu["framebuffer_total_bytes"],
                "instances": 4, "per_vm": 1, "type_limit": 60, "heads": 4, "type_id": 63}
        active = [(number, vgpu) for number, vgpu in zip(read["vgpus"], truth["vgpus"]) if vgpu["active"]]
        samples = [[number, vgpu["sm_percent"], vgpu["memory_percent"], vgpu["encoder_percent"], vgpu["decoder_percent"]] for number, vgpu in active]
        # A card without vGPUs has a list of none; one whose vGPUs do nothing has none.
        assert read["vgpu_utilization"] == samples and read["vgpu_utilization_info"] == [[*sample, 0, 0] for sample in samples]
        assert sum(vgpu["sm_percent"] for vgpu in truth["vgpus"]) <= truth["utilization_percent"]
    assert found in (0, 5)


# MARK: Cards that move


@pytest.fixture(scope="module")
def moving(start_for_all: Start, tmp_path_factory: pytest.TempPathFactory, library: Path) -> Cards:
    return Cards(start_for_all, tmp_path_factory.mktemp("moving"), library)


@pytest.fixture
def cards(moving: Cards) -> Iterator[Cards]:
    yield moving
    moving.lift()
    moving.play("normal")


def test_values_are_of_the_moment(cards: Cards) -> None:
    before = cards.truth["cards"]
    time.sleep(0.3)
    read = cards.run(READ_ALL_CARDS)["cards"]
    time.sleep(0.3)
    after = cards.truth["cards"]
    for old, now, new in zip(before, read, after):
        assert old["energy_millijoules"] <= now["energy"] <= new["energy_millijoules"] > old["energy_millijoules"]
        assert old["power_milliwatts"] * 0.9 <= now["power"] <= new["power_milliwatts"] * 1.1
    # What was used is what power was: no more and no less.
    used = cards.run("""
n.nvmlInit(); h = n.nvmlDeviceGetHandleByIndex(0); samples = []
for _ in range(30): samples.append((n.nvmlDeviceGetTotalEnergyConsumption(h), n.nvmlDeviceGetPowerUsage(h), time.time())); time.sleep(0.1)
seconds = samples[-1][2] - samples[0][2]
print(json.dumps([(samples[-1][0] - samples[0][0]) / 1000 / seconds, sum(s[1] for s in samples) / len(samples) / 1000]))""")
    assert used[0] == pytest.approx(used[1], rel=0.1)


def test_every_call_is_there(library: Path) -> None:
    wanted = set(re.findall(r"CALL\((nvml\w+),", ABI.read_text())) | {"nvmlErrorString"}
    lines = subprocess.run(["nm", "-D", "--defined-only", library / "libnvidia-ml.so.1"], capture_output=True, text=True, check=True).stdout.splitlines()
    # The linker adds three of its own.
    assert {line.split()[-1] for line in lines} - {"__bss_start", "_edata", "_end"} == wanted
    needed = subprocess.run(["readelf", "-d", library / "libnvidia-ml.so.1"], capture_output=True, text=True, check=True).stdout
    assert re.findall(r"NEEDED.*\[(.*)\]", needed) == ["libc.so.6"] and re.findall(r"SONAME.*\[(.*)\]", needed) == ["libnvidia-ml.so.1"]


def test_every_code_at_a_call(cards: Cards) -> None:
    """The code that was asked for is what comes, and of the other card nothing of it is seen."""
    reader = "n.nvmlInit(); a, b = (n.nvmlDeviceGetHandleByIndex(i) for i in (0, 1)); print(json.dumps([code_of(n.nvmlDeviceGetPowerUsage, a), code_of(n.nvmlDeviceGetPowerUsage, b), code_of(n.nvmlDeviceGetTemperatureV, a, 0)]))"
    for code in [*range(1, 31), 999]:
        cards.fault(call="nvmlDeviceGetPowerUsage", card=0, code=code)
        assert cards.run(reader) == [code, 0, 0]
        cards.lift()
    cards.fault(card=1, code=15)
    assert cards.run("n.nvmlInit(); print(json.dumps([code_of(n.nvmlDeviceGetHandleByIndex, i) for i in (0, 1, 8)]))") == [0, 15, 2]


def test_a_call_that_hangs_returns_when_it_is_lifted(cards: Cards) -> None:
    cards.fault(call="nvmlDeviceGetPowerUsage", card=0, hang=True)
    call = "n.nvmlInit(); h = [n.nvmlDeviceGetHandleByIndex(i) for i in (0, 1)]; ok = n.nvmlDeviceGetPowerUsage(h[1]); print('[1]', flush=True); n.nvmlDeviceGetPowerUsage(h[0]); print('[2]')"
    with pytest.raises(subprocess.TimeoutExpired):
        cards.run(call, seconds=3)
    waiting = cards.popen(call)
    assert waiting.stdout and waiting.stdout.readline() == "[1]\n" and waiting.poll() is None
    cards.lift()
    assert waiting.communicate(timeout=10)[0] == "[2]\n" and waiting.returncode == 0


def test_a_call_that_takes_its_time(cards: Cards) -> None:
    cards.fault(call="nvmlDeviceGetPowerUsage", latency_ms=700)
    took = cards.run("n.nvmlInit(); h = n.nvmlDeviceGetHandleByIndex(0); t = time.time(); n.nvmlDeviceGetPowerUsage(h); print(time.time() - t)")
    assert 0.7 <= took < 5


def test_symbols_that_an_older_driver_does_not_have(cards: Cards) -> None:
    reader = "n.nvmlInit(); h = n.nvmlDeviceGetHandleByIndex(0); print(json.dumps([code_of(n.nvmlDeviceGetMemoryInfo, h, n.nvmlMemory_v2), code_of(n.nvmlDeviceGetMemoryInfo, h), code_of(n.nvmlDeviceGetTemperatureV, h, 0)]))"
    assert cards.run(reader) == [0, 0, 0]
    assert cards.run(reader, MARTLET_SIMULATED_GPU_ABSENT="nvmlDeviceGetMemoryInfo_v2,nvmlNothing,,nvmlDeviceGetTemperatureV") == [13, 0, 13]
    cards.fault(call="nvmlDeviceGetMemoryInfo_v2", absent=True)
    assert cards.run(reader) == [13, 0, 0]


def test_an_old_driver(start: Start, tmp_path: Path, library: Path) -> None:
    cards = Cards(start, tmp_path, library, "--old-driver", "--cards", "3")
    found = cards.run("""
import ctypes
n.nvmlInit(); h = n.nvmlDeviceGetHandleByIndex(0)
class Old(ctypes.Structure): _fields_ = [("pid", ctypes.c_uint), ("memory", ctypes.c_ulonglong)]
count = ctypes.c_uint(64); records = (Old * 64)()
code = n.nvmlLib.nvmlDeviceGetComputeRunningProcesses(h, ctypes.byref(count), records)
values = n.nvmlDeviceGetFieldValues(h, [82, 197, 230])
print(json.dumps([n.nvmlSystemGetDriverVersion(), code, sorted([r.pid, r.memory] for r in records[:count.value]), [v.nvmlReturn for v in values],
    code_of(n.nvmlDeviceGetComputeRunningProcesses_v3, h), code_of(n.nvmlDeviceGetCurrentClocksEventReasons, h), code_of(n.nvmlDeviceGetCurrentClocksThrottleReasons, h),
    code_of(n.nvmlDeviceGetTemperature, h, 0), code_of(n.nvmlGpmSampleAlloc)]))""")
    expected = sorted([p["pid"], p["memory_bytes"]] for p in cards.truth["cards"][0]["processes"])
    assert found == ["450.248.02", 0, expected, [0, 3, 3], 13, 13, 0, 0, 13] and expected


def test_events(cards: Cards) -> None:
    waiting = cards.popen("""
n.nvmlInit(); s = n.nvmlEventSetCreate()
for i in range(3): n.nvmlDeviceRegisterEvents(n.nvmlDeviceGetHandleByIndex(i), n.nvmlEventTypeXidCriticalError, s)
print("[0]", flush=True)
one = n.nvmlEventSetWait_v2(s, 20000)
two = n.nvmlEventSetWait_v2(s, 20000)
t = time.monotonic(); none = code_of(n.nvmlEventSetWait_v2, s, 300)
print(json.dumps([one.eventData, n.nvmlDeviceGetIndex(one.device), one.eventType, two.eventData, n.nvmlDeviceGetIndex(two.device), none, time.monotonic() - t >= 0.299]))
n.nvmlEventSetFree(s)""")
    assert waiting.stdout and waiting.stdout.readline() == "[0]\n"
    cards.fault(xid=13, card=7)  # nobody has asked for this card
    cards.fault(xid=31, card=2)
    cards.fault(xid=79, card=0)
    assert json.loads(waiting.communicate(timeout=40)[0]) == [31, 2, 8, 79, 0, 10, True]


def test_scenarios(cards: Cards) -> None:
    state = "n.nvmlInit(); h = n.nvmlDeviceGetHandleByUUID(%r)\nprint(json.dumps([n.nvmlDeviceGetCount(), code_of(n.nvmlDeviceGetPowerUsage, h), code_of(n.nvmlDeviceGetName, h)]))"
    uuid = cards.truth["cards"][1]["uuid"].encode()
    assert cards.run(state % uuid) == [8, 0, 0]
    cards.play("gpu-reset-required")
    assert cards.run("n.nvmlInit(); print(json.dumps([code_of(n.nvmlDeviceGetHandleByIndex, 1), code_of(n.nvmlDeviceGetHandleByIndex, 2)]))") == [16, 0]
    cards.play("gpu-driver-mismatch")
    assert cards.run("print(code_of(n.nvmlInit))") == 18
    cards.play("gpu-removed")
    assert cards.run("n.nvmlInit(); print(n.nvmlDeviceGetCount())") == 7
    cards.play("gpu-hang")
    with pytest.raises(subprocess.TimeoutExpired):
        cards.run(state % uuid, seconds=2)
    cards.play("gpu-lost")
    lost = "n.nvmlInit(); print(json.dumps([code_of(n.nvmlDeviceGetHandleByIndex, i) for i in range(8)]))"
    assert cards.run(lost) == [0, 15, 0, 0, 0, 0, 0, 0]
    cards.play("normal")
    assert cards.run(lost) == [0] * 8


def test_one_process_outlives_its_driver(start: Start, tmp_path: Path, library: Path) -> None:
    cards = Cards(start, tmp_path, library)
    reader = subprocess.Popen(
        [sys.executable, "-c", "import sys\nimport pynvml as n\ndef code(f, *a):\n    try: f(*a)\n    except n.NVMLError as e: return e.value\n    return 0\n"
         "n.nvmlInit(); h = n.nvmlDeviceGetHandleByIndex(0)\nfor line in sys.stdin: print(eval(line), flush=True)"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=environment_without_settings() | {"LD_LIBRARY_PATH": str(library), "MARTLET_SIMULATED_GPU": str(cards.state)})

    def ask(expression: str) -> str:
        assert reader.stdin and reader.stdout
        reader.stdin.write(expression + "\n")
        reader.stdin.flush()
        return reader.stdout.readline().strip()

    try:
        assert ask("code(n.nvmlDeviceGetPowerUsage, h)") == "0"
        cards.program.process.terminate()
        cards.program.process.wait(10)
        assert not cards.state.exists() and ask("code(n.nvmlDeviceGetPowerUsage, h)") == "9" and ask("code(n.nvmlInit)") == "9"
        again = Cards(start, tmp_path, library)
        assert again.state == cards.state and ask("code(n.nvmlDeviceGetPowerUsage, h)") == "9"
        assert ask("code(n.nvmlShutdown)") == "0" and ask("code(n.nvmlDeviceGetPowerUsage, h)") == "1"
        assert ask("code(n.nvmlInit)") == "0" and ask("code(n.nvmlDeviceGetPowerUsage, h)") == "0"
    finally:
        reader.kill()
        reader.communicate()


def hostile_states(good: bytes) -> dict[str, bytes | None]:
    header = bytearray(good)
    header[24:32] = (1).to_bytes(8, "little")
    noise = bytearray(os.urandom(len(good)))
    return {"missing": None, "empty": b"", "short": good[:100], "header alone": good[:4096], "other": b"\x7fELF" + good[4:], "other sizes": bytes(header), "noise": bytes(noise)}


def test_hostile_state_files(cards: Cards, tmp_path: Path) -> None:
    good = cards.state.read_bytes()
    for name, content in hostile_states(good).items():
        path = tmp_path / name.replace(" ", "-")
        if content is not None:
            path.write_bytes(content)
        # Whatever it is: no driver, and no crash.
        reader = cards.popen("print(code_of(n.nvmlInit))" if name != "header alone" else "print(code_of(n.nvmlInit) or code_of(n.nvmlDeviceGetCount))", MARTLET_SIMULATED_GPU=str(path))
        assert reader.communicate(timeout=20)[0] == "9\n" and reader.returncode == 0, name
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    for name in ("folder", "pipe", ""):
        assert cards.run("print(code_of(n.nvmlInit))", MARTLET_SIMULATED_GPU=str(tmp_path / name) if name else "") == 9


@pytest.mark.parametrize("seed", range(8))
def test_a_state_with_holes(cards: Cards, tmp_path: Path, seed: int) -> None:
    """Numbers, lengths and texts of the first card that make no sense: answers may make none either, but every call comes back."""
    good = bytearray(cards.state.read_bytes())
    base_bytes, card_bytes = (int.from_bytes(good[place : place + 8], "little") for place in (16, 24))
    dice = random.Random(seed)
    for copy in (4096, 4096 + (len(good) - 4096) // 2):
        for _ in range(card_bytes // 40):
            good[copy + base_bytes + dice.randrange(card_bytes)] = dice.randrange(256)
    path = tmp_path / "holes"
    path.write_bytes(good)
    reader = "n.nvmlInit()\nfor i in range(8):\n    try: card(i)\n    except Exception: pass\nprint('\"back\"')"
    assert cards.run(READ_ALL + reader, MARTLET_SIMULATED_GPU=str(path)) == "back"


def test_many_threads_see_whole_states(cards: Cards) -> None:
    """While ten states a second are written, no thread sees half of one: what was used, what is free and what is reserved is all there is."""
    assert cards.run("""
import threading
n.nvmlInit(); wrong = []
def read(i):
    h = n.nvmlDeviceGetHandleByIndex(i); last = 0
    end = time.time() + 3
    while time.time() < end:
        m = n.nvmlDeviceGetMemoryInfo(h, n.nvmlMemory_v2); e = n.nvmlDeviceGetTotalEnergyConsumption(h)
        if m.total != m.used + m.free + m.reserved or e < last: wrong.append((i, m.total, e, last))
        last = e
threads = [threading.Thread(target=read, args=(i % 8,)) for i in range(16)]
[t.start() for t in threads]; [t.join() for t in threads]
print(json.dumps(wrong))""") == []


def test_who_works_on_cards_is_in_the_tree(cards: Cards) -> None:
    for card in cards.truth["cards"]:
        for process in card["processes"]:
            group = (cards.root / f"proc/{process['pid']}/cgroup").read_text()
            marks = {"container": f"docker-{process['owner_id']}.scope", "lxc": "/lxc/9001/", "unit": f"/{process['owner_id']}\n", "host": "/user.slice/"}
            assert marks[process["owner_kind"]] in group
            assert str(process["pid"]) in (cards.root / f"sys/fs/cgroup{group.strip().removeprefix('0::')}/cgroup.procs").read_text().split()
            assert (cards.root / f"proc/{process['pid']}/stat").read_text().startswith(f"{process['pid']} (")
        for vgpu in card["vgpus"]:
            configuration = (cards.root / f"etc/pve/qemu-server/{vgpu['vmid']}.conf").read_text()
            assert f"name: {vgpu['vm_name']}\n" in configuration and f"smbios1: uuid={vgpu['vm_uuid']}\n" in configuration
            pid = (cards.root / f"sys/fs/cgroup/qemu.slice/{vgpu['vmid']}.scope/cgroup.procs").read_text().strip()
            arguments = (cards.root / f"proc/{pid}/cmdline").read_bytes().split(b"\0")
            assert b"-id" in arguments and str(vgpu["vmid"]).encode() in arguments and vgpu["vm_uuid"].encode() in arguments


def test_the_engine_knows_containers_by_name(cards: Cards) -> None:
    def ask(path: str) -> Any:
        ran = subprocess.run(["curl", "-sS", "-m", "10", "--unix-socket", cards.root / "run/docker.sock", f"http://engine{path}"], capture_output=True, text=True, check=True)
        return json.loads(ran.stdout)

    owners: dict[str, tuple[str, list[str], set[int]]] = {}
    for card in cards.truth["cards"]:
        for process in card["processes"]:
            if process["owner_kind"] == "container":
                _, devices, pids = owners.setdefault(process["owner_id"], (process["owner"], [], set()))
                devices.append(str(card["index"]))
                pids.add(process["pid"])
    assert {one["Id"]: one["Names"] for one in ask("/v1.41/containers/json?all=1")} == {id: [f"/{name}"] for id, (name, _, _) in owners.items()}
    for id, (name, devices, pids) in owners.items():
        told = ask(f"/containers/{id}/json")
        assert told["Name"] == f"/{name}" and told["State"]["Pid"] in pids and told["HostConfig"]["DeviceRequests"][0]["DeviceIDs"] == devices
    assert ask("/version")["Components"] and ask("/containers/0000/json") == {"message": "page not found"}


def test_the_virtual_machines_are_those_of_the_cluster(start: Start, tmp_path: Path, library: Path) -> None:
    """One world: the Proxmox API tells the same UUID, and a guest that stops there gives its part back here."""
    world = tmp_path / "world"
    port = free_port()
    api = start("simulate", "proxmox", "--listen", f"127.0.0.1:{port}", "--world", world, "--plain-http", "--latency", "0s")
    api.wait_until(f"http://127.0.0.1:{port}/health")
    cards = Cards(start, tmp_path, library, "--world", str(world), "--profile", "vgpu", "--cards", "2")
    vgpu = cards.truth["cards"][0]["vgpus"][0]
    token = {"Authorization": "PVEAPIToken=monitor@pve!martlet=SECRET"}
    configuration = fetch(f"http://127.0.0.1:{port}/api2/json/nodes/pve2/qemu/{vgpu['vmid']}/config", headers=token).json["data"]
    assert configuration["smbios1"] == f"uuid={vgpu['vm_uuid']}" and configuration["name"] == vgpu["vm_name"] and "mdev=nvidia-63" in configuration["hostpci0"]
    stop = fetch(f"http://127.0.0.1:{port}/api/v1/guests/{vgpu['vmid']}", "PUT", b'{"status": "stopped"}')
    assert stop.status == 200
    gone: Callable[[], bool] = lambda: vgpu["vmid"] not in [one["vmid"] for one in cards.truth["cards"][0]["vgpus"]]
    wait_for(gone, 10, "the vGPU of a stopped guest is gone")
    wait_for(lambda: not (cards.root / f"etc/pve/qemu-server/{vgpu['vmid']}.conf").exists(), 10, "and so is its part of the tree")


def test_what_makes_no_sense_is_refused(cards: Cards) -> None:
    for body in (b"", b"[]", b'{"call":"nvmlNothing","code":3}', b'{"code":-1}', b'{"card":99,"code":3}', b'{"xid":0}', b'{"xid":79,"card":9}', b"{}"):
        answer = fetch(f"{cards.url}/api/v1/faults", "PUT", body)
        assert answer.status == 400 and answer.json["error"]
    assert fetch(f"{cards.url}/api/v1/faults").json == {"faults": []}
    assert fetch(f"{cards.url}/api/v1/faults", "PATCH").status == 405
    for _ in range(100):
        cards.fault(call="nvmlDeviceGetSerial", code=0)
    assert fetch(f"{cards.url}/api/v1/faults", "PUT", b'{"code":3}').status == 409


def test_nothing_of_an_earlier_run_stays_in_the_tree(start: Start, tmp_path: Path) -> None:
    """Processes, control groups and configurations of tenants that are no more would have owners found where there are none."""

    def tree() -> set[str]:
        return {str(path.relative_to(root)) for part in ("proc", "sys", "etc") for path in (root / part).rglob("*") if path.exists()}

    root = tmp_path / "root"
    seen = {}
    for folder, profiles in (("root", ["llm", "desktop"]), ("fresh", ["desktop"])):
        root = tmp_path / folder
        for profile in profiles:
            port = free_port()
            program = start(
                "simulate", "gpu", "--listen", f"127.0.0.1:{port}", "--state", tmp_path / f"{folder}.state", "--root", root, "--profile", profile,
                "--cards", "4")
            program.wait_until(f"http://127.0.0.1:{port}/health")
            seen[folder, profile] = tree()
            assert program.stop() == 0
    assert seen["root", "llm"] - seen["fresh", "desktop"]
    pids = {folder: {path for path in seen[folder, "desktop"] if path.startswith("proc/")} for folder in ("root", "fresh")}
    assert pids["root"] == pids["fresh"]
    # An empty folder above is no group of anybody.
    groups = {path for path in seen["root", "desktop"] if path.endswith("/cgroup.procs") or path.startswith("etc/pve/lxc/")}
    assert groups == {path for path in seen["fresh", "desktop"] if path.endswith("/cgroup.procs") or path.startswith("etc/pve/lxc/")}

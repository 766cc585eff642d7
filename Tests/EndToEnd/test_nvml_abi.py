"""Our declaration of NVIDIA's binary interface, held against the one of nvidia-ml-py, which NVIDIA publishes: sizes, places, codes, words of versions."""

import ctypes
import json
import re
import shutil
import subprocess
from pathlib import Path

import pynvml
import pytest

ABI = Path(__file__).parents[2] / "Sources/Cellar/NVMLABI/include"

# Our record, theirs, and their names of our members where those differ by more than spelling, in the order of both.
RECORDS = {
    "nvml_abi_pci_info": ("nvmlPciInfo_t", "legacy_bus_id domain bus device device_id subsystem_id bus_id"),
    "nvml_abi_utilization": ("c_nvmlUtilization_t", "gpu memory"),
    "nvml_abi_memory": ("c_nvmlMemory_t", "total free used"),
    "nvml_abi_memory_v2": ("c_nvmlMemory_v2_t", "version total reserved free used"),
    "nvml_abi_bar1": ("c_nvmlBAR1Memory_t", "total free used"),
    "nvml_abi_temperature": ("c_nvmlTemperature_v1_t", "version sensor celsius"),
    "nvml_abi_margin": ("c_nvmlMarginTemperature_v1_t", "version celsius"),
    "nvml_abi_field_value": ("c_nvmlFieldValue_t", "field scope time latency value_type code value"),
    "nvml_abi_violation": ("c_nvmlViolationTime_t", "reference_time violation_time"),
    "nvml_abi_sram_ecc": (
        "c_nvmlEccSramErrorStatus_v1_t",
        "version aggregate_parity aggregate_double aggregate_corrected volatile_parity volatile_double volatile_corrected"
        " aggregate_l2 aggregate_sm aggregate_pcie aggregate_mcu aggregate_other threshold_exceeded"),
    "nvml_abi_remapped_rows_v2": (
        "c_nvmlRemappedRowsInfo_v2_t", "corrected_active corrected_inactive uncorrected_active uncorrected_inactive pending failure"),
    "nvml_abi_row_histogram": ("c_nvmlRowRemapperHistogramValues", "all high partial low none"),
    "nvml_abi_encoder_session": ("c_nvmlEncoderSession_t", "session pid vgpu codec width height frames_per_second latency"),
    "nvml_abi_process": ("c_nvmlProcessInfo_t", "pid memory gpu_instance compute_instance"),
    "nvml_abi_process_utilization": ("c_nvmlProcessUtilizationSample_t", "pid time sm memory encoder decoder"),
    "nvml_abi_process_utilization_info": ("c_nvmlProcessUtilizationInfo_v1_t", "time pid sm memory encoder decoder jpeg ofa"),
    "nvml_abi_processes_utilization_info": ("c_nvmlProcessesUtilizationInfo_v1_t", "version count last_seen samples"),
    "nvml_abi_attributes": (
        "c_nvmlDeviceAttributes",
        "multiprocessors copy_engines decoders encoders jpeg_engines ofa_engines gpu_slices compute_slices memory_mib"),
    "nvml_abi_gpm_support": ("c_nvmlGpmSupport_t", "version is_supported"),
    "nvml_abi_gpm_metric": ("c_nvmlGpmMetric_t", "metric code value short_name"),
    "nvml_abi_gpm_metrics": ("c_nvmlGpmMetricsGet_t", "version count first second metrics"),
    "nvml_abi_event": ("c_nvmlEventData_t", "device type data gpu_instance compute_instance"),
    "nvml_abi_license_expiry": ("c_nvmlVgpuLicenseExpiry_t", "year month day hour minute second status"),
    "nvml_abi_license": ("c_nvmlVgpuLicenseInfo_t", "is_licensed expiry state"),
    "nvml_abi_vgpu_utilization": ("c_nvmlVgpuInstanceUtilizationSample_t", "vgpu time sm memory encoder decoder"),
    "nvml_abi_vgpu_utilization_info": ("c_nvmlVgpuInstanceUtilizationInfo_v1_t", "time vgpu sm memory encoder decoder jpeg ofa"),
    "nvml_abi_vgpus_utilization_info": ("c_nvmlVgpuInstancesUtilizationInfo_v1_t", "version value_type count last_seen samples"),
    "nvml_abi_active_vgpus": ("c_nvmlActiveVgpuInstanceInfo_v1_t", "version count vgpus"),
}
# Theirs has an array of today's size at its end, ours none: it is allocated.
OPEN_ENDED = {"nvml_abi_gpm_metrics"}

VERSIONS = {
    ("nvml_abi_memory_v2", 2): pynvml.nvmlMemory_v2,
    ("nvml_abi_temperature", 1): pynvml.nvmlTemperature_v1,
    ("nvml_abi_margin", 1): pynvml.nvmlMarginTemperature_v1,
    ("nvml_abi_sram_ecc", 1): pynvml.nvmlEccSramErrorStatus_v1,
    ("nvml_abi_processes_utilization_info", 1): pynvml.ProcessesUtilizationInfo_v1,
    ("nvml_abi_vgpus_utilization_info", 1): pynvml.VgpuInstancesUtilizationInfo_v1,
    ("nvml_abi_active_vgpus", 1): pynvml.nvmlActiveVgpuInstanceInfo_v1,
}


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """What a C compiler makes of the header, as JSON."""
    folder = tmp_path_factory.mktemp("abi")
    lines = []
    for record, (_, members) in RECORDS.items():
        lines.append(f'printf("\\"{record}\\": %zu,\\n", sizeof({record}));')
        for member in members.split():
            lines.append(f'printf("\\"{record}.{member}\\": %zu,\\n", offsetof({record}, {member}));')
    for record, number in VERSIONS:
        lines.append(f'printf("\\"{record} version {number}\\": %u,\\n", NVML_ABI_VERSION({record}, {number}));')
    for name in re.findall(r"^    (NVML_ABI_\w+) = ", (ABI / "NVMLABI.h").read_text(), re.MULTILINE):
        lines.append(f'printf("\\"{name}\\": %lld,\\n", (long long){name});')
    source = folder / "print.c"
    source.write_text(
        '#include <stdio.h>\n#include "NVMLABI.h"\nint main(void) { puts("{"); ' + "\n".join(lines) + ' puts("\\"end\\": 0}"); }\n')
    program = folder / "print"
    compiler = shutil.which("clang") or shutil.which("cc")
    subprocess.run([compiler, f"-I{ABI}", str(source), "-o", str(program)], check=True)
    return json.loads(subprocess.run([program], capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize("record", RECORDS)
def test_every_member_is_where_nvidia_has_it(ours, record):
    theirs_name, members = RECORDS[record]
    theirs = getattr(pynvml, theirs_name)
    their_members = [field[0] for field in theirs._fields_]
    our_members = members.split()
    if record == "nvml_abi_gpm_metric":  # their three texts are one member
        their_members = their_members[:3] + ["metricInfo"]
    assert len(our_members) == len(their_members)
    ours_at = [ours[f"{record}.{member}"] for member in our_members]
    assert ours_at == [getattr(theirs, member).offset for member in their_members]
    if record in OPEN_ENDED:
        assert ctypes.sizeof(theirs) <= ours[record] + 1024 * 40
    else:
        assert ours[record] == ctypes.sizeof(theirs)


@pytest.mark.parametrize(("record", "number"), VERSIONS)
def test_words_of_versions(ours, record, number):
    assert ours[f"{record} version {number}"] == VERSIONS[record, number]


def test_codes(ours):
    theirs = {name.removeprefix("NVML_ERROR_"): value for name, value in vars(pynvml).items() if re.fullmatch(r"NVML_ERROR_[A-Z0-9_]+", name)}
    for name, value in theirs.items():
        assert ours[f"NVML_ABI_{name}"] == value


# Our number, theirs.
NUMBERS = {
    "FIELD_ECC_CURRENT": "FI_DEV_ECC_CURRENT",
    "FIELD_RETIRED_SINGLE_BIT": "FI_DEV_RETIRED_SBE",
    "FIELD_RETIRED_DOUBLE_BIT": "FI_DEV_RETIRED_DBE",
    "FIELD_RETIRED_PENDING": "FI_DEV_RETIRED_PENDING",
    "FIELD_NVLINK_CRC_FLIT_TOTAL": "FI_DEV_NVLINK_CRC_FLIT_ERROR_COUNT_TOTAL",
    "FIELD_NVLINK_CRC_DATA_TOTAL": "FI_DEV_NVLINK_CRC_DATA_ERROR_COUNT_TOTAL",
    "FIELD_NVLINK_REPLAY_TOTAL": "FI_DEV_NVLINK_REPLAY_ERROR_COUNT_TOTAL",
    "FIELD_NVLINK_RECOVERY_TOTAL": "FI_DEV_NVLINK_RECOVERY_ERROR_COUNT_TOTAL",
    "FIELD_HELD_BY_POWER": "FI_DEV_PERF_POLICY_POWER",
    "FIELD_HELD_BY_THERMAL": "FI_DEV_PERF_POLICY_THERMAL",
    "FIELD_HELD_BY_SYNC_BOOST": "FI_DEV_PERF_POLICY_SYNC_BOOST",
    "FIELD_HELD_BY_BOARD_LIMIT": "FI_DEV_PERF_POLICY_BOARD_LIMIT",
    "FIELD_HELD_BY_LOW_UTILIZATION": "FI_DEV_PERF_POLICY_LOW_UTILIZATION",
    "FIELD_HELD_BY_RELIABILITY": "FI_DEV_PERF_POLICY_RELIABILITY",
    "FIELD_MEMORY_TEMPERATURE": "FI_DEV_MEMORY_TEMP",
    "FIELD_ENERGY": "FI_DEV_TOTAL_ENERGY_CONSUMPTION",
    "FIELD_NVLINK_COUNT": "FI_DEV_NVLINK_LINK_COUNT",
    "FIELD_PCIE_REPLAYS": "FI_DEV_PCIE_REPLAY_COUNTER",
    "FIELD_NVLINK_DATA_TRANSMIT": "FI_DEV_NVLINK_THROUGHPUT_DATA_TX",
    "FIELD_NVLINK_DATA_RECEIVE": "FI_DEV_NVLINK_THROUGHPUT_DATA_RX",
    "FIELD_NVLINK_RAW_TRANSMIT": "FI_DEV_NVLINK_THROUGHPUT_RAW_TX",
    "FIELD_NVLINK_RAW_RECEIVE": "FI_DEV_NVLINK_THROUGHPUT_RAW_RX",
    "FIELD_REMAPPED_CORRECTABLE": "FI_DEV_REMAPPED_COR",
    "FIELD_REMAPPED_UNCORRECTABLE": "FI_DEV_REMAPPED_UNC",
    "FIELD_REMAPPED_PENDING": "FI_DEV_REMAPPED_PENDING",
    "FIELD_REMAPPED_FAILURE": "FI_DEV_REMAPPED_FAILURE",
    "FIELD_PCIE_CORRECTABLE_ERRORS": "FI_DEV_PCIE_COUNT_CORRECTABLE_ERRORS",
    "FIELD_PCIE_NON_FATAL_ERRORS": "FI_DEV_PCIE_COUNT_NON_FATAL_ERROR",
    "FIELD_PCIE_FATAL_ERRORS": "FI_DEV_PCIE_COUNT_FATAL_ERROR",
    "FIELD_POWER_AVERAGE": "FI_DEV_POWER_AVERAGE",
    "FIELD_POWER_INSTANT": "FI_DEV_POWER_INSTANT",
    "FIELD_POWER_MIN_LIMIT": "FI_DEV_POWER_MIN_LIMIT",
    "FIELD_POWER_MAX_LIMIT": "FI_DEV_POWER_MAX_LIMIT",
    "FIELD_POWER_DEFAULT_LIMIT": "FI_DEV_POWER_DEFAULT_LIMIT",
    "FIELD_POWER_CURRENT_LIMIT": "FI_DEV_POWER_CURRENT_LIMIT",
    "FIELD_PCIE_TRANSMIT_BYTES": "FI_DEV_PCIE_COUNT_TX_BYTES",
    "FIELD_PCIE_RECEIVE_BYTES": "FI_DEV_PCIE_COUNT_RX_BYTES",
    "FIELD_NVLINK_TRANSMIT_BYTES": "FI_DEV_NVLINK_COUNT_XMIT_BYTES",
    "FIELD_NVLINK_RECEIVE_BYTES": "FI_DEV_NVLINK_COUNT_RCV_BYTES",
    "FIELD_RECOVERY_ACTION": "FI_DEV_GET_GPU_RECOVERY_ACTION",
    "FIELD_HELD_BY_SW_THERMAL": "FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN",
    "FIELD_HELD_BY_HW_THERMAL": "FI_DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN",
    "FIELD_HELD_BY_POWER_BRAKE": "FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN",
    "THRESHOLD_SHUTDOWN": "TEMPERATURE_THRESHOLD_SHUTDOWN",
    "THRESHOLD_SLOWDOWN": "TEMPERATURE_THRESHOLD_SLOWDOWN",
    "THRESHOLD_MEMORY_MAX": "TEMPERATURE_THRESHOLD_MEM_MAX",
    "THRESHOLD_GPU_MAX": "TEMPERATURE_THRESHOLD_GPU_MAX",
    "THRESHOLD_COUNT": "TEMPERATURE_THRESHOLD_COUNT",
    "CLOCK_GRAPHICS": "CLOCK_GRAPHICS", "CLOCK_SM": "CLOCK_SM", "CLOCK_MEMORY": "CLOCK_MEM", "CLOCK_VIDEO": "CLOCK_VIDEO",
    "ECC_CORRECTED": "MEMORY_ERROR_TYPE_CORRECTED", "ECC_UNCORRECTED": "MEMORY_ERROR_TYPE_UNCORRECTED",
    "ECC_VOLATILE": "VOLATILE_ECC", "ECC_AGGREGATE": "AGGREGATE_ECC",
    "LOCATION_L1": "MEMORY_LOCATION_L1_CACHE", "LOCATION_L2": "MEMORY_LOCATION_L2_CACHE", "LOCATION_DRAM": "MEMORY_LOCATION_DRAM",
    "LOCATION_REGISTERS": "MEMORY_LOCATION_REGISTER_FILE", "LOCATION_TEXTURE": "MEMORY_LOCATION_TEXTURE_MEMORY",
    "LOCATION_TEXTURE_SHARED": "MEMORY_LOCATION_TEXTURE_SHM", "LOCATION_CBU": "MEMORY_LOCATION_CBU", "LOCATION_SRAM": "MEMORY_LOCATION_SRAM",
    "RETIRED_SINGLE_BIT": "PAGE_RETIREMENT_CAUSE_MULTIPLE_SINGLE_BIT_ECC_ERRORS",
    "RETIRED_DOUBLE_BIT": "PAGE_RETIREMENT_CAUSE_DOUBLE_BIT_ECC_ERROR",
    "PCIE_TRANSMIT": "PCIE_UTIL_TX_BYTES", "PCIE_RECEIVE": "PCIE_UTIL_RX_BYTES",
    "NVLINK_REPLAYS": "NVLINK_ERROR_DL_REPLAY", "NVLINK_RECOVERIES": "NVLINK_ERROR_DL_RECOVERY",
    "NVLINK_CRC_FLIT": "NVLINK_ERROR_DL_CRC_FLIT", "NVLINK_CRC_DATA": "NVLINK_ERROR_DL_CRC_DATA", "NVLINK_LIMIT": "NVLINK_MAX_LINKS",
    "VIRTUALIZATION_NONE": "GPU_VIRTUALIZATION_MODE_NONE", "VIRTUALIZATION_PASSTHROUGH": "GPU_VIRTUALIZATION_MODE_PASSTHROUGH",
    "VIRTUALIZATION_VGPU": "GPU_VIRTUALIZATION_MODE_VGPU", "VIRTUALIZATION_HOST_VGPU": "GPU_VIRTUALIZATION_MODE_HOST_VGPU",
    "VIRTUALIZATION_HOST_VSGA": "GPU_VIRTUALIZATION_MODE_HOST_VSGA",
    "HOST_VGPU_NON_SRIOV": "HOST_VGPU_MODE_NON_SRIOV", "HOST_VGPU_SRIOV": "HOST_VGPU_MODE_SRIOV",
    "VM_ID_DOMAIN": "VGPU_VM_ID_DOMAIN_ID", "VM_ID_UUID": "VGPU_VM_ID_UUID",
    "LICENSE_UNKNOWN": "GRID_LICENSE_STATE_UNKNOWN", "LICENSE_UNINITIALIZED": "GRID_LICENSE_STATE_UNINITIALIZED",
    "LICENSE_UNLICENSED_UNRESTRICTED": "GRID_LICENSE_STATE_UNLICENSED_UNRESTRICTED",
    "LICENSE_UNLICENSED_RESTRICTED": "GRID_LICENSE_STATE_UNLICENSED_RESTRICTED",
    "LICENSE_UNLICENSED": "GRID_LICENSE_STATE_UNLICENSED", "LICENSE_LICENSED": "GRID_LICENSE_STATE_LICENSED",
    "ARCHITECTURE_TURING": "DEVICE_ARCH_TURING", "ARCHITECTURE_AMPERE": "DEVICE_ARCH_AMPERE", "ARCHITECTURE_ADA": "DEVICE_ARCH_ADA",
    "ARCHITECTURE_HOPPER": "DEVICE_ARCH_HOPPER", "ARCHITECTURE_BLACKWELL": "DEVICE_ARCH_BLACKWELL", "ARCHITECTURE_RUBIN": "DEVICE_ARCH_RUBIN",
    "ARCHITECTURE_VOLTA": "DEVICE_ARCH_VOLTA", "ARCHITECTURE_PASCAL": "DEVICE_ARCH_PASCAL", "ARCHITECTURE_MAXWELL": "DEVICE_ARCH_MAXWELL",
    "ARCHITECTURE_KEPLER": "DEVICE_ARCH_KEPLER",
    "VALUE_DOUBLE": "VALUE_TYPE_DOUBLE", "VALUE_U32": "VALUE_TYPE_UNSIGNED_INT", "VALUE_UNSIGNED_LONG": "VALUE_TYPE_UNSIGNED_LONG",
    "VALUE_U64": "VALUE_TYPE_UNSIGNED_LONG_LONG", "VALUE_S64": "VALUE_TYPE_SIGNED_LONG_LONG", "VALUE_S32": "VALUE_TYPE_SIGNED_INT",
    "VALUE_U16": "VALUE_TYPE_UNSIGNED_SHORT",
    "GPM_GRAPHICS": "GPM_METRIC_GRAPHICS_UTIL", "GPM_SM": "GPM_METRIC_SM_UTIL", "GPM_SM_OCCUPANCY": "GPM_METRIC_SM_OCCUPANCY",
    "GPM_TENSOR": "GPM_METRIC_ANY_TENSOR_UTIL", "GPM_DRAM": "GPM_METRIC_DRAM_BW_UTIL",
    "GPM_PCIE_TRANSMIT": "GPM_METRIC_PCIE_TX_PER_SEC", "GPM_PCIE_RECEIVE": "GPM_METRIC_PCIE_RX_PER_SEC",
    "INIT_NO_GPUS": "INIT_FLAG_NO_GPUS", "INIT_NO_ATTACH": "INIT_FLAG_NO_ATTACH",
}
REASONS = {
    "IDLE": "GpuIdle", "APPLICATION_CLOCKS": "ApplicationsClocksSetting", "SW_POWER_CAP": "SwPowerCap", "HW_SLOWDOWN": "HwSlowdown",
    "SYNC_BOOST": "SyncBoost", "SW_THERMAL": "SwThermalSlowdown", "HW_THERMAL": "HwThermalSlowdown",
    "HW_POWER_BRAKE": "HwPowerBrakeSlowdown", "DISPLAY_CLOCKS": "DisplayClockSetting",
}


def test_numbers(ours):
    for our_name, their_name in NUMBERS.items():
        assert ours[f"NVML_ABI_{our_name}"] == getattr(pynvml, f"NVML_{their_name}"), our_name
    for our_name, their_name in REASONS.items():
        assert ours[f"NVML_ABI_REASON_{our_name}"] == getattr(pynvml, f"nvmlClocksEventReason{their_name}"), our_name
    assert ours["NVML_ABI_EVENT_XID"] == pynvml.nvmlEventTypeXidCriticalError
    checked = {f"NVML_ABI_{name}" for name in NUMBERS} | {f"NVML_ABI_REASON_{name}" for name in REASONS}
    # What remains is what this package does not spell: lengths, flags of init, the number of clocks and locations.
    rest = {name for name in ours if re.match(r"NVML_ABI_(FIELD|REASON|LICENSE|VIRTUALIZATION|ARCHITECTURE|GPM_|VALUE|LOCATION)", name)}
    assert rest - checked <= {"NVML_ABI_LOCATION_COUNT", "NVML_ABI_GPM_PLACES"}


def test_symbols_are_those_that_nvidia_names():
    """Whoever misspells a symbol gets FUNCTION_NOT_FOUND for ever, and nobody notices."""
    known = set(re.findall(r'_nvmlGetFunctionPointer\("(\w+)"\)', Path(pynvml.__file__).read_text()))
    ours = set(re.findall(r"CALL\((nvml\w+),", (ABI / "NVMLCalls.h").read_text()))
    # Older forms, which nvidia-ml-py has left.
    older = {
        "nvmlInit", "nvmlInit_v2", "nvmlDeviceGetCount", "nvmlDeviceGetHandleByIndex", "nvmlDeviceGetHandleByPciBusId", "nvmlEventSetWait",
        "nvmlDeviceGetComputeRunningProcesses", "nvmlDeviceGetGraphicsRunningProcesses", "nvmlDeviceGetMPSComputeRunningProcesses",
    }
    assert ours - known == older

// What a card is and what it measures.
#include "View.h"

#include <string.h>

#define TEXT(symbol, expression) \
    int symbol(nvml_abi_device device, char *text, uint32_t size) \
    { \
        ON_DEVICE(symbol); \
        return give_text((expression), text, size); \
    }
#define NUMBER(symbol, type, expression) \
    int symbol(nvml_abi_device device, type *value) \
    { \
        ON_DEVICE(symbol); \
        NOT_NULL(value); \
        *value = (expression); \
        return NVML_ABI_SUCCESS; \
    }
#define PAIR(symbol, type, one, other) \
    int symbol(nvml_abi_device device, type *first, type *second) \
    { \
        ON_DEVICE(symbol); \
        if (!first || !second) return NVML_ABI_INVALID_ARGUMENT; \
        *first = (one); \
        *second = (other); \
        return NVML_ABI_SUCCESS; \
    }
#define RECORD(symbol, type, member) NUMBER(symbol, type, view.card.member)

// MARK: Identity

TEXT(nvmlDeviceGetName, view.mig < 0 ? view.card.name : view.card.mig[view.mig].name)
TEXT(nvmlDeviceGetUUID, view.mig < 0 ? view.card.uuid : view.card.mig[view.mig].uuid)
TEXT(nvmlDeviceGetSerial, view.card.serial)
TEXT(nvmlDeviceGetVbiosVersion, view.card.vbios)
TEXT(nvmlDeviceGetBoardPartNumber, view.card.part_number)
RECORD(nvmlDeviceGetPciInfo_v3, nvml_abi_pci_info, pci)
RECORD(nvmlDeviceGetMinorNumber, uint32_t, minor)
NUMBER(nvmlDeviceGetIndex, uint32_t, view.mig < 0 ? view.index : (uint32_t)view.mig)
RECORD(nvmlDeviceGetArchitecture, uint32_t, architecture)
RECORD(nvmlDeviceGetBrand, uint32_t, brand)
RECORD(nvmlDeviceGetPersistenceMode, uint32_t, persistence_mode)
RECORD(nvmlDeviceGetComputeMode, uint32_t, compute_mode)
RECORD(nvmlDeviceGetVirtualizationMode, uint32_t, virtualization_mode)
RECORD(nvmlDeviceGetHostVgpuMode, uint32_t, host_vgpu_mode)
PAIR(nvmlDeviceGetCudaComputeCapability, int32_t, view.card.capability_major, view.card.capability_minor)

// MARK: Work and memory

RECORD(nvmlDeviceGetUtilizationRates, nvml_abi_utilization, utilization)
PAIR(nvmlDeviceGetEncoderUtilization, uint32_t, view.card.engines[0], view.card.engine_periods[0])
PAIR(nvmlDeviceGetDecoderUtilization, uint32_t, view.card.engines[1], view.card.engine_periods[1])
PAIR(nvmlDeviceGetJpgUtilization, uint32_t, view.card.engines[2], view.card.engine_periods[2])
PAIR(nvmlDeviceGetOfaUtilization, uint32_t, view.card.engines[3], view.card.engine_periods[3])
RECORD(nvmlDeviceGetBAR1MemoryInfo, nvml_abi_bar1, bar1)

static const nvml_abi_memory_v2 *memory_of(const view *view) { return view->mig < 0 ? &view->card.memory : &view->card.mig[view->mig].memory; }

int nvmlDeviceGetMemoryInfo(nvml_abi_device device, nvml_abi_memory *memory)
{
    ON_DEVICE(nvmlDeviceGetMemoryInfo);
    NOT_NULL(memory);
    const nvml_abi_memory_v2 *whole = memory_of(&view);
    *memory = (nvml_abi_memory){whole->total, whole->free, whole->used + whole->reserved};
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetMemoryInfo_v2(nvml_abi_device device, nvml_abi_memory_v2 *memory)
{
    ON_DEVICE(nvmlDeviceGetMemoryInfo_v2);
    HAS_VERSION(memory, nvml_abi_memory_v2, 2);
    uint32_t version = memory->version;
    *memory = *memory_of(&view);
    memory->version = version;
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetEncoderStats(nvml_abi_device device, uint32_t *sessions, uint32_t *rate, uint32_t *latency)
{
    ON_DEVICE(nvmlDeviceGetEncoderStats);
    if (!sessions || !rate || !latency) return NVML_ABI_INVALID_ARGUMENT;
    *sessions = view.card.encoder_session_count;
    *rate = view.card.encoder_rate;
    *latency = view.card.encoder_latency;
    return NVML_ABI_SUCCESS;
}

/// Asked without a list it tells the number, and that is no error here.
int nvmlDeviceGetEncoderSessions(nvml_abi_device device, uint32_t *count, nvml_abi_encoder_session *sessions)
{
    ON_DEVICE(nvmlDeviceGetEncoderSessions);
    code = give_count(view.card.encoder_session_count, count, sessions);
    if (code == NVML_ABI_INSUFFICIENT_SIZE && !sessions) return NVML_ABI_SUCCESS;
    if (code == NVML_ABI_SUCCESS && sessions) memcpy(sessions, view.card.encoder_sessions, *count * sizeof *sessions);
    return code;
}

// MARK: Power and heat

RECORD(nvmlDeviceGetPowerUsage, uint32_t, power)
RECORD(nvmlDeviceGetEnforcedPowerLimit, uint32_t, power_enforced)
RECORD(nvmlDeviceGetPowerManagementLimit, uint32_t, power_limit)
RECORD(nvmlDeviceGetPowerManagementDefaultLimit, uint32_t, power_default)
PAIR(nvmlDeviceGetPowerManagementLimitConstraints, uint32_t, view.card.power_least, view.card.power_most)
RECORD(nvmlDeviceGetTotalEnergyConsumption, uint64_t, energy)

int nvmlDeviceGetTemperature(nvml_abi_device device, uint32_t sensor, uint32_t *celsius)
{
    ON_DEVICE(nvmlDeviceGetTemperature);
    if (!celsius || sensor != NVML_ABI_SENSOR_GPU) return NVML_ABI_INVALID_ARGUMENT;
    *celsius = (uint32_t)view.card.temperature;
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetTemperatureV(nvml_abi_device device, nvml_abi_temperature *temperature)
{
    ON_DEVICE(nvmlDeviceGetTemperatureV);
    HAS_VERSION(temperature, nvml_abi_temperature, 1);
    if (temperature->sensor != NVML_ABI_SENSOR_GPU) return NVML_ABI_INVALID_ARGUMENT;
    temperature->celsius = view.card.temperature;
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetTemperatureThreshold(nvml_abi_device device, uint32_t kind, uint32_t *celsius)
{
    ON_DEVICE(nvmlDeviceGetTemperatureThreshold);
    if (!celsius || kind >= NVML_ABI_THRESHOLD_COUNT) return NVML_ABI_INVALID_ARGUMENT;
    if (view.card.thresholds[kind] < 0) return NVML_ABI_NOT_SUPPORTED;
    *celsius = (uint32_t)view.card.thresholds[kind];
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetMarginTemperature(nvml_abi_device device, nvml_abi_margin *margin)
{
    ON_DEVICE(nvmlDeviceGetMarginTemperature);
    HAS_VERSION(margin, nvml_abi_margin, 1);
    margin->celsius = view.card.margin;
    return NVML_ABI_SUCCESS;
}

RECORD(nvmlDeviceGetNumFans, uint32_t, fan_count)
RECORD(nvmlDeviceGetFanSpeed, uint32_t, fan_speed)

int nvmlDeviceGetFanSpeed_v2(nvml_abi_device device, uint32_t fan, uint32_t *speed)
{
    ON_DEVICE(nvmlDeviceGetFanSpeed_v2);
    if (!speed || fan >= view.card.fan_count) return NVML_ABI_INVALID_ARGUMENT;
    *speed = view.card.fan_speed;
    return NVML_ABI_SUCCESS;
}

// MARK: Clocks

int nvmlDeviceGetClockInfo(nvml_abi_device device, uint32_t domain, uint32_t *clock)
{
    ON_DEVICE(nvmlDeviceGetClockInfo);
    if (!clock || domain >= NVML_ABI_CLOCK_COUNT) return NVML_ABI_INVALID_ARGUMENT;
    *clock = view.card.clocks[domain];
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetMaxClockInfo(nvml_abi_device device, uint32_t domain, uint32_t *clock)
{
    ON_DEVICE(nvmlDeviceGetMaxClockInfo);
    if (!clock || domain >= NVML_ABI_CLOCK_COUNT) return NVML_ABI_INVALID_ARGUMENT;
    *clock = view.card.clocks_max[domain];
    return NVML_ABI_SUCCESS;
}

RECORD(nvmlDeviceGetCurrentClocksEventReasons, uint64_t, reasons)
RECORD(nvmlDeviceGetCurrentClocksThrottleReasons, uint64_t, reasons)
RECORD(nvmlDeviceGetSupportedClocksEventReasons, uint64_t, reasons_supported)
RECORD(nvmlDeviceGetSupportedClocksThrottleReasons, uint64_t, reasons_supported)
RECORD(nvmlDeviceGetPerformanceState, uint32_t, performance_state)

int nvmlDeviceGetViolationStatus(nvml_abi_device device, uint32_t policy, nvml_abi_violation *violation)
{
    ON_DEVICE(nvmlDeviceGetViolationStatus);
    if (!violation || policy >= sizeof view.card.violations / sizeof *view.card.violations) return NVML_ABI_INVALID_ARGUMENT;
    *violation = (nvml_abi_violation){view.card.violation_reference, view.card.violations[policy]};
    return NVML_ABI_SUCCESS;
}

// MARK: Many facts at once

int nvmlDeviceGetFieldValues(nvml_abi_device device, int32_t count, nvml_abi_field_value *values)
{
    ON_DEVICE(nvmlDeviceGetFieldValues);
    if (!values || count <= 0) return NVML_ABI_INVALID_ARGUMENT;
    for (int32_t i = 0; i < count; i++) {
        nvml_abi_field_value *wanted = &values[i];
        wanted->code = NVML_ABI_NOT_SUPPORTED;
        for (uint32_t known = 0; known < view.card.field_count; known++) {
            const nvml_abi_field_value *field = &view.card.fields[known];
            if (field->field != wanted->field || field->scope != wanted->scope) continue;
            *wanted = *field;
            wanted->time = (int64_t)view.base.time;
            break;
        }
    }
    return NVML_ABI_SUCCESS;
}

// MARK: Errors of memory

PAIR(nvmlDeviceGetEccMode, uint32_t, view.card.ecc_current, view.card.ecc_pending)

int nvmlDeviceGetTotalEccErrors(nvml_abi_device device, uint32_t kind, uint32_t counter, uint64_t *count)
{
    ON_DEVICE(nvmlDeviceGetTotalEccErrors);
    if (!count || kind > 1 || counter > 1) return NVML_ABI_INVALID_ARGUMENT;
    *count = view.card.ecc_total[kind][counter];
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetMemoryErrorCounter(nvml_abi_device device, uint32_t kind, uint32_t counter, uint32_t location, uint64_t *count)
{
    ON_DEVICE(nvmlDeviceGetMemoryErrorCounter);
    if (!count || kind > 1 || counter > 1 || location >= NVML_ABI_LOCATION_COUNT) return NVML_ABI_INVALID_ARGUMENT;
    // Cards of today count what their memory and their SRAM did, and no more.
    if (location != NVML_ABI_LOCATION_DRAM && location != NVML_ABI_LOCATION_SRAM) return NVML_ABI_NOT_SUPPORTED;
    *count = view.card.ecc_at[kind][counter][location];
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetSramEccErrorStatus(nvml_abi_device device, nvml_abi_sram_ecc *status)
{
    ON_DEVICE(nvmlDeviceGetSramEccErrorStatus);
    HAS_VERSION(status, nvml_abi_sram_ecc, 1);
    uint32_t version = status->version;
    *status = view.card.sram;
    status->version = version;
    return NVML_ABI_SUCCESS;
}

static int give_pages(const view *view, uint32_t cause, uint32_t *count, uint64_t *addresses, uint64_t *times, int has_times)
{
    if (!count || cause > 1) return NVML_ABI_INVALID_ARGUMENT;
    int code = give_count(view->card.retired_count[cause], count, has_times && !times ? NULL : addresses);
    if (code != NVML_ABI_SUCCESS) return code;
    if (addresses) memcpy(addresses, view->card.retired_pages[cause], *count * sizeof *addresses);
    if (has_times && times) memcpy(times, view->card.retired_times[cause], *count * sizeof *times);
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetRetiredPages(nvml_abi_device device, uint32_t cause, uint32_t *count, uint64_t *addresses)
{
    ON_DEVICE(nvmlDeviceGetRetiredPages);
    return give_pages(&view, cause, count, addresses, NULL, 0);
}

int nvmlDeviceGetRetiredPages_v2(nvml_abi_device device, uint32_t cause, uint32_t *count, uint64_t *addresses, uint64_t *times)
{
    ON_DEVICE(nvmlDeviceGetRetiredPages_v2);
    return give_pages(&view, cause, count, addresses, times, 1);
}

RECORD(nvmlDeviceGetRetiredPagesPendingStatus, uint32_t, retired_pending)

int nvmlDeviceGetRemappedRows(nvml_abi_device device, uint32_t *corrected, uint32_t *uncorrected, uint32_t *pending, uint32_t *failure)
{
    ON_DEVICE(nvmlDeviceGetRemappedRows);
    if (!corrected || !uncorrected || !pending || !failure) return NVML_ABI_INVALID_ARGUMENT;
    *corrected = view.card.remapped[0];
    *uncorrected = view.card.remapped[1];
    *pending = view.card.remapped[2];
    *failure = view.card.remapped[3];
    return NVML_ABI_SUCCESS;
}

RECORD(nvmlDeviceGetRemappedRows_v2, nvml_abi_remapped_rows_v2, remapped_v2)
RECORD(nvmlDeviceGetRowRemapperHistogram, nvml_abi_row_histogram, row_histogram)

// MARK: PCIe and NVLink

RECORD(nvmlDeviceGetCurrPcieLinkGeneration, uint32_t, pcie_generation)
RECORD(nvmlDeviceGetCurrPcieLinkWidth, uint32_t, pcie_width)
RECORD(nvmlDeviceGetMaxPcieLinkGeneration, uint32_t, pcie_generation_max)
RECORD(nvmlDeviceGetMaxPcieLinkWidth, uint32_t, pcie_width_max)
RECORD(nvmlDeviceGetGpuMaxPcieLinkGeneration, uint32_t, pcie_generation_max_of_card)
RECORD(nvmlDeviceGetPcieReplayCounter, uint32_t, pcie_replays)

int nvmlDeviceGetPcieThroughput(nvml_abi_device device, uint32_t direction, uint32_t *rate)
{
    ON_DEVICE(nvmlDeviceGetPcieThroughput);
    if (!rate || direction > 1) return NVML_ABI_INVALID_ARGUMENT;
    *rate = view.card.pcie_throughput[direction];
    return NVML_ABI_SUCCESS;
}

#define HAS_LINK(value) \
    NOT_NULL(value); \
    if (link >= NVML_ABI_NVLINK_LIMIT) return NVML_ABI_INVALID_ARGUMENT; \
    if (link >= view.card.nvlink_count) return NVML_ABI_NOT_SUPPORTED

int nvmlDeviceGetNvLinkState(nvml_abi_device device, uint32_t link, uint32_t *is_active)
{
    ON_DEVICE(nvmlDeviceGetNvLinkState);
    HAS_LINK(is_active);
    *is_active = view.card.nvlink_active[link];
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetNvLinkVersion(nvml_abi_device device, uint32_t link, uint32_t *version)
{
    ON_DEVICE(nvmlDeviceGetNvLinkVersion);
    HAS_LINK(version);
    *version = view.card.nvlink_version;
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetNvLinkErrorCounter(nvml_abi_device device, uint32_t link, uint32_t kind, uint64_t *count)
{
    ON_DEVICE(nvmlDeviceGetNvLinkErrorCounter);
    HAS_LINK(count);
    if (kind > NVML_ABI_NVLINK_CRC_DATA) return NVML_ABI_INVALID_ARGUMENT;
    *count = view.card.nvlink_errors[link][kind];
    return NVML_ABI_SUCCESS;
}

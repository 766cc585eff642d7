#include "NVMLShim.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER(symbol, parameters, kind) int (*symbol) parameters;
struct mlt_nvml {
    NVML_ABI_CALLS(MEMBER)
};

#define ENTRY(symbol, parameters, kind) {#symbol, offsetof(struct mlt_nvml, symbol)},
static const struct {
    const char *name;
    size_t offset;
} symbols[] = {NVML_ABI_CALLS(ENTRY)};
enum { SYMBOL_COUNT = sizeof symbols / sizeof *symbols };

/// What the library answers, or that it has no such call.
#define CALL(symbol, arguments) (library->symbol ? library->symbol arguments : NVML_ABI_FUNCTION_NOT_FOUND)

const mlt_nvml *mlt_nvml_open(const char *path, char *reason, size_t reason_size)
{
    void *handle = dlopen(path ? path : "libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *message = dlerror();
        snprintf(reason, reason_size, "%s", message ? message : "the library cannot be loaded");
        return NULL;
    }
    mlt_nvml *library = calloc(1, sizeof *library);
    if (!library) {
        snprintf(reason, reason_size, "out of memory");
        return NULL;
    }
    for (size_t i = 0; i < SYMBOL_COUNT; i++) {
        void *address = dlsym(handle, symbols[i].name);
        memcpy((char *)library + symbols[i].offset, &address, sizeof address);
    }
    if (!library->nvmlInitWithFlags && !library->nvmlInit_v2) {
        snprintf(reason, reason_size, "%s has no nvmlInit_v2: it is another library, or of a driver older than 2014", path ? path : "libnvidia-ml.so.1");
        free(library);
        return NULL;
    }
    return library;
}

int mlt_nvml_has(const mlt_nvml *library, const char *symbol)
{
    for (size_t i = 0; i < SYMBOL_COUNT; i++) {
        if (strcmp(symbols[i].name, symbol) != 0) continue;
        void *address;
        memcpy(&address, (const char *)library + symbols[i].offset, sizeof address);
        return address != NULL;
    }
    return 0;
}

const char *mlt_nvml_code_name(int code)
{
    static const char *const names[] = {
        "SUCCESS", "UNINITIALIZED", "INVALID_ARGUMENT", "NOT_SUPPORTED", "NO_PERMISSION", "ALREADY_INITIALIZED", "NOT_FOUND", "INSUFFICIENT_SIZE",
        "INSUFFICIENT_POWER", "DRIVER_NOT_LOADED", "TIMEOUT", "IRQ_ISSUE", "LIBRARY_NOT_FOUND", "FUNCTION_NOT_FOUND", "CORRUPTED_INFOROM", "GPU_IS_LOST",
        "RESET_REQUIRED", "OPERATING_SYSTEM", "LIB_RM_VERSION_MISMATCH", "IN_USE", "MEMORY", "NO_DATA", "VGPU_ECC_NOT_SUPPORTED", "INSUFFICIENT_RESOURCES",
        "FREQ_NOT_SUPPORTED", "ARGUMENT_VERSION_MISMATCH", "DEPRECATED", "NOT_READY", "GPU_NOT_FOUND", "INVALID_STATE", "RESET_TYPE_NOT_SUPPORTED",
    };
    if (code >= 0 && (size_t)code < sizeof names / sizeof *names) return names[code];
    return code == NVML_ABI_UNKNOWN ? "UNKNOWN" : NULL;
}

// MARK: One to one

int mlt_nvml_init(const mlt_nvml *library, uint32_t flags)
{
    // Without the call there were no flags either: a host without cards is then NOT_FOUND.
    return library->nvmlInitWithFlags ? library->nvmlInitWithFlags(flags) : library->nvmlInit_v2();
}
int mlt_nvml_shutdown(const mlt_nvml *library) { return CALL(nvmlShutdown, ()); }
int mlt_nvml_driver_version(const mlt_nvml *library, char *text, uint32_t size) { return CALL(nvmlSystemGetDriverVersion, (text, size)); }
int mlt_nvml_version(const mlt_nvml *library, char *text, uint32_t size) { return CALL(nvmlSystemGetNVMLVersion, (text, size)); }
int mlt_nvml_cuda_version(const mlt_nvml *library, int32_t *value)
{
    return library->nvmlSystemGetCudaDriverVersion_v2 ? library->nvmlSystemGetCudaDriverVersion_v2(value) : CALL(nvmlSystemGetCudaDriverVersion, (value));
}
int mlt_nvml_process_name(const mlt_nvml *library, uint32_t pid, char *text, uint32_t size)
{
    return CALL(nvmlSystemGetProcessName, (pid, text, size));
}
int mlt_nvml_device_count(const mlt_nvml *library, uint32_t *value) { return CALL(nvmlDeviceGetCount_v2, (value)); }
int mlt_nvml_device_by_index(const mlt_nvml *library, uint32_t index, nvml_abi_device *device)
{
    return CALL(nvmlDeviceGetHandleByIndex_v2, (index, device));
}
int mlt_nvml_device_by_uuid(const mlt_nvml *library, const char *uuid, nvml_abi_device *device)
{
    return CALL(nvmlDeviceGetHandleByUUID, (uuid, device));
}
int mlt_nvml_device_by_pci_bus_id(const mlt_nvml *library, const char *bus_id, nvml_abi_device *device)
{
    return CALL(nvmlDeviceGetHandleByPciBusId_v2, (bus_id, device));
}
int mlt_nvml_name(const mlt_nvml *library, nvml_abi_device device, char *text, uint32_t size)
{
    return CALL(nvmlDeviceGetName, (device, text, size));
}
int mlt_nvml_uuid(const mlt_nvml *library, nvml_abi_device device, char *text, uint32_t size)
{
    return CALL(nvmlDeviceGetUUID, (device, text, size));
}
int mlt_nvml_serial(const mlt_nvml *library, nvml_abi_device device, char *text, uint32_t size)
{
    return CALL(nvmlDeviceGetSerial, (device, text, size));
}
int mlt_nvml_vbios_version(const mlt_nvml *library, nvml_abi_device device, char *text, uint32_t size)
{
    return CALL(nvmlDeviceGetVbiosVersion, (device, text, size));
}
int mlt_nvml_board_part_number(const mlt_nvml *library, nvml_abi_device device, char *text, uint32_t size)
{
    return CALL(nvmlDeviceGetBoardPartNumber, (device, text, size));
}
int mlt_nvml_pci_info(const mlt_nvml *library, nvml_abi_device device, nvml_abi_pci_info *value)
{
    return CALL(nvmlDeviceGetPciInfo_v3, (device, value));
}
int mlt_nvml_minor_number(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceGetMinorNumber, (device, value));
}
int mlt_nvml_index(const mlt_nvml *library, nvml_abi_device device, uint32_t *value) { return CALL(nvmlDeviceGetIndex, (device, value)); }
int mlt_nvml_architecture(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceGetArchitecture, (device, value));
}
int mlt_nvml_brand(const mlt_nvml *library, nvml_abi_device device, uint32_t *value) { return CALL(nvmlDeviceGetBrand, (device, value)); }
int mlt_nvml_compute_capability(const mlt_nvml *library, nvml_abi_device device, int32_t *major, int32_t *minor)
{
    return CALL(nvmlDeviceGetCudaComputeCapability, (device, major, minor));
}
int mlt_nvml_persistence_mode(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceGetPersistenceMode, (device, value));
}
int mlt_nvml_compute_mode(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceGetComputeMode, (device, value));
}
int mlt_nvml_virtualization_mode(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceGetVirtualizationMode, (device, value));
}
int mlt_nvml_host_vgpu_mode(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceGetHostVgpuMode, (device, value));
}
int mlt_nvml_utilization(const mlt_nvml *library, nvml_abi_device device, nvml_abi_utilization *value)
{
    return CALL(nvmlDeviceGetUtilizationRates, (device, value));
}
int mlt_nvml_memory(const mlt_nvml *library, nvml_abi_device device, nvml_abi_memory *value)
{
    return CALL(nvmlDeviceGetMemoryInfo, (device, value));
}
int mlt_nvml_memory_v2(const mlt_nvml *library, nvml_abi_device device, nvml_abi_memory_v2 *value)
{
    value->version = NVML_ABI_VERSION(nvml_abi_memory_v2, 2);
    return CALL(nvmlDeviceGetMemoryInfo_v2, (device, value));
}
int mlt_nvml_bar1(const mlt_nvml *library, nvml_abi_device device, nvml_abi_bar1 *value)
{
    return CALL(nvmlDeviceGetBAR1MemoryInfo, (device, value));
}
int mlt_nvml_encoder_utilization(const mlt_nvml *library, nvml_abi_device device, uint32_t *value, uint32_t *period)
{
    return CALL(nvmlDeviceGetEncoderUtilization, (device, value, period));
}
int mlt_nvml_decoder_utilization(const mlt_nvml *library, nvml_abi_device device, uint32_t *value, uint32_t *period)
{
    return CALL(nvmlDeviceGetDecoderUtilization, (device, value, period));
}
int mlt_nvml_jpeg_utilization(const mlt_nvml *library, nvml_abi_device device, uint32_t *value, uint32_t *period)
{
    return CALL(nvmlDeviceGetJpgUtilization, (device, value, period));
}
int mlt_nvml_ofa_utilization(const mlt_nvml *library, nvml_abi_device device, uint32_t *value, uint32_t *period)
{
    return CALL(nvmlDeviceGetOfaUtilization, (device, value, period));
}
int mlt_nvml_encoder_stats(const mlt_nvml *library, nvml_abi_device device, uint32_t *sessions, uint32_t *rate, uint32_t *latency)
{
    return CALL(nvmlDeviceGetEncoderStats, (device, sessions, rate, latency));
}
int mlt_nvml_encoder_sessions(const mlt_nvml *library, nvml_abi_device device, uint32_t *count, nvml_abi_encoder_session *sessions)
{
    return CALL(nvmlDeviceGetEncoderSessions, (device, count, sessions));
}
int mlt_nvml_power_usage(const mlt_nvml *library, nvml_abi_device device, uint32_t *value) { return CALL(nvmlDeviceGetPowerUsage, (device, value)); }
int mlt_nvml_power_limit_enforced(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceGetEnforcedPowerLimit, (device, value));
}
int mlt_nvml_power_limit(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceGetPowerManagementLimit, (device, value));
}
int mlt_nvml_power_limit_default(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceGetPowerManagementDefaultLimit, (device, value));
}
int mlt_nvml_power_limit_constraints(const mlt_nvml *library, nvml_abi_device device, uint32_t *least, uint32_t *most)
{
    return CALL(nvmlDeviceGetPowerManagementLimitConstraints, (device, least, most));
}
int mlt_nvml_energy(const mlt_nvml *library, nvml_abi_device device, uint64_t *value)
{
    return CALL(nvmlDeviceGetTotalEnergyConsumption, (device, value));
}
int mlt_nvml_temperature(const mlt_nvml *library, nvml_abi_device device, uint32_t sensor, uint32_t *celsius)
{
    return CALL(nvmlDeviceGetTemperature, (device, sensor, celsius));
}
int mlt_nvml_temperature_v(const mlt_nvml *library, nvml_abi_device device, nvml_abi_temperature *value)
{
    value->version = NVML_ABI_VERSION(nvml_abi_temperature, 1);
    return CALL(nvmlDeviceGetTemperatureV, (device, value));
}
int mlt_nvml_temperature_threshold(const mlt_nvml *library, nvml_abi_device device, uint32_t kind, uint32_t *celsius)
{
    return CALL(nvmlDeviceGetTemperatureThreshold, (device, kind, celsius));
}
int mlt_nvml_temperature_margin(const mlt_nvml *library, nvml_abi_device device, nvml_abi_margin *value)
{
    value->version = NVML_ABI_VERSION(nvml_abi_margin, 1);
    return CALL(nvmlDeviceGetMarginTemperature, (device, value));
}
int mlt_nvml_fan_count(const mlt_nvml *library, nvml_abi_device device, uint32_t *value) { return CALL(nvmlDeviceGetNumFans, (device, value)); }
int mlt_nvml_fan_speed(const mlt_nvml *library, nvml_abi_device device, uint32_t *value) { return CALL(nvmlDeviceGetFanSpeed, (device, value)); }
int mlt_nvml_fan_speed_of(const mlt_nvml *library, nvml_abi_device device, uint32_t fan, uint32_t *value)
{
    return CALL(nvmlDeviceGetFanSpeed_v2, (device, fan, value));
}
int mlt_nvml_clock(const mlt_nvml *library, nvml_abi_device device, uint32_t domain, uint32_t *value)
{
    return CALL(nvmlDeviceGetClockInfo, (device, domain, value));
}
int mlt_nvml_clock_max(const mlt_nvml *library, nvml_abi_device device, uint32_t domain, uint32_t *value)
{
    return CALL(nvmlDeviceGetMaxClockInfo, (device, domain, value));
}
int mlt_nvml_event_reasons(const mlt_nvml *library, nvml_abi_device device, uint64_t *value)
{
    return CALL(nvmlDeviceGetCurrentClocksEventReasons, (device, value));
}
int mlt_nvml_throttle_reasons(const mlt_nvml *library, nvml_abi_device device, uint64_t *value)
{
    return CALL(nvmlDeviceGetCurrentClocksThrottleReasons, (device, value));
}
int mlt_nvml_event_reasons_supported(const mlt_nvml *library, nvml_abi_device device, uint64_t *value)
{
    return CALL(nvmlDeviceGetSupportedClocksEventReasons, (device, value));
}
int mlt_nvml_throttle_reasons_supported(const mlt_nvml *library, nvml_abi_device device, uint64_t *value)
{
    return CALL(nvmlDeviceGetSupportedClocksThrottleReasons, (device, value));
}
int mlt_nvml_violation(const mlt_nvml *library, nvml_abi_device device, uint32_t policy, nvml_abi_violation *value)
{
    return CALL(nvmlDeviceGetViolationStatus, (device, policy, value));
}
int mlt_nvml_performance_state(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceGetPerformanceState, (device, value));
}
int mlt_nvml_field_values(const mlt_nvml *library, nvml_abi_device device, int32_t count, nvml_abi_field_value *values)
{
    return CALL(nvmlDeviceGetFieldValues, (device, count, values));
}
int mlt_nvml_ecc_mode(const mlt_nvml *library, nvml_abi_device device, uint32_t *current, uint32_t *pending)
{
    return CALL(nvmlDeviceGetEccMode, (device, current, pending));
}
int mlt_nvml_ecc_total(const mlt_nvml *library, nvml_abi_device device, uint32_t kind, uint32_t counter, uint64_t *value)
{
    return CALL(nvmlDeviceGetTotalEccErrors, (device, kind, counter, value));
}
int mlt_nvml_ecc_at(const mlt_nvml *library, nvml_abi_device device, uint32_t kind, uint32_t counter, uint32_t location, uint64_t *value)
{
    return CALL(nvmlDeviceGetMemoryErrorCounter, (device, kind, counter, location, value));
}
int mlt_nvml_ecc_sram(const mlt_nvml *library, nvml_abi_device device, nvml_abi_sram_ecc *value)
{
    value->version = NVML_ABI_VERSION(nvml_abi_sram_ecc, 1);
    return CALL(nvmlDeviceGetSramEccErrorStatus, (device, value));
}
int mlt_nvml_retired_pages_v2(const mlt_nvml *library, nvml_abi_device device, uint32_t cause, uint32_t *count, uint64_t *addresses, uint64_t *times)
{
    return CALL(nvmlDeviceGetRetiredPages_v2, (device, cause, count, addresses, times));
}
int mlt_nvml_retired_pages(const mlt_nvml *library, nvml_abi_device device, uint32_t cause, uint32_t *count, uint64_t *addresses)
{
    return CALL(nvmlDeviceGetRetiredPages, (device, cause, count, addresses));
}
int mlt_nvml_retired_pages_pending(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceGetRetiredPagesPendingStatus, (device, value));
}
int mlt_nvml_remapped_rows(const mlt_nvml *library, nvml_abi_device device, uint32_t *corrected, uint32_t *uncorrected, uint32_t *pending, uint32_t *failure)
{
    return CALL(nvmlDeviceGetRemappedRows, (device, corrected, uncorrected, pending, failure));
}
int mlt_nvml_remapped_rows_v2(const mlt_nvml *library, nvml_abi_device device, nvml_abi_remapped_rows_v2 *value)
{
    return CALL(nvmlDeviceGetRemappedRows_v2, (device, value));
}
int mlt_nvml_row_histogram(const mlt_nvml *library, nvml_abi_device device, nvml_abi_row_histogram *value)
{
    return CALL(nvmlDeviceGetRowRemapperHistogram, (device, value));
}
int mlt_nvml_pcie_generation(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceGetCurrPcieLinkGeneration, (device, value));
}
int mlt_nvml_pcie_width(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceGetCurrPcieLinkWidth, (device, value));
}
int mlt_nvml_pcie_generation_max(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceGetMaxPcieLinkGeneration, (device, value));
}
int mlt_nvml_pcie_width_max(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceGetMaxPcieLinkWidth, (device, value));
}
int mlt_nvml_pcie_generation_max_of_card(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceGetGpuMaxPcieLinkGeneration, (device, value));
}
int mlt_nvml_pcie_replays(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceGetPcieReplayCounter, (device, value));
}
int mlt_nvml_pcie_throughput(const mlt_nvml *library, nvml_abi_device device, uint32_t direction, uint32_t *value)
{
    return CALL(nvmlDeviceGetPcieThroughput, (device, direction, value));
}
int mlt_nvml_nvlink_state(const mlt_nvml *library, nvml_abi_device device, uint32_t link, uint32_t *value)
{
    return CALL(nvmlDeviceGetNvLinkState, (device, link, value));
}
int mlt_nvml_nvlink_version(const mlt_nvml *library, nvml_abi_device device, uint32_t link, uint32_t *value)
{
    return CALL(nvmlDeviceGetNvLinkVersion, (device, link, value));
}
int mlt_nvml_nvlink_errors(const mlt_nvml *library, nvml_abi_device device, uint32_t link, uint32_t kind, uint64_t *value)
{
    return CALL(nvmlDeviceGetNvLinkErrorCounter, (device, link, kind, value));
}
int mlt_nvml_is_mig_device(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceIsMigDeviceHandle, (device, value));
}
int mlt_nvml_mig_mode(const mlt_nvml *library, nvml_abi_device device, uint32_t *current, uint32_t *pending)
{
    return CALL(nvmlDeviceGetMigMode, (device, current, pending));
}
int mlt_nvml_mig_device_limit(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceGetMaxMigDeviceCount, (device, value));
}
int mlt_nvml_mig_device(const mlt_nvml *library, nvml_abi_device device, uint32_t index, nvml_abi_device *mig_device)
{
    return CALL(nvmlDeviceGetMigDeviceHandleByIndex, (device, index, mig_device));
}
int mlt_nvml_mig_parent(const mlt_nvml *library, nvml_abi_device mig_device, nvml_abi_device *device)
{
    return CALL(nvmlDeviceGetDeviceHandleFromMigDeviceHandle, (mig_device, device));
}
int mlt_nvml_gpu_instance_id(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceGetGpuInstanceId, (device, value));
}
int mlt_nvml_compute_instance_id(const mlt_nvml *library, nvml_abi_device device, uint32_t *value)
{
    return CALL(nvmlDeviceGetComputeInstanceId, (device, value));
}
int mlt_nvml_attributes(const mlt_nvml *library, nvml_abi_device device, nvml_abi_attributes *value)
{
    return CALL(nvmlDeviceGetAttributes_v2, (device, value));
}
int mlt_nvml_gpu_instance(const mlt_nvml *library, nvml_abi_device device, uint32_t id, nvml_abi_gpu_instance *instance)
{
    return CALL(nvmlDeviceGetGpuInstanceById, (device, id, instance));
}
int mlt_nvml_gpm_support(const mlt_nvml *library, nvml_abi_device device, nvml_abi_gpm_support *value)
{
    value->version = 1;
    return CALL(nvmlGpmQueryDeviceSupport, (device, value));
}
int mlt_nvml_gpm_sample_new(const mlt_nvml *library, nvml_abi_gpm_sample *sample) { return CALL(nvmlGpmSampleAlloc, (sample)); }
int mlt_nvml_gpm_sample_free(const mlt_nvml *library, nvml_abi_gpm_sample sample) { return CALL(nvmlGpmSampleFree, (sample)); }
int mlt_nvml_gpm_sample(const mlt_nvml *library, nvml_abi_device device, nvml_abi_gpm_sample sample)
{
    return CALL(nvmlGpmSampleGet, (device, sample));
}
int mlt_nvml_gpm_sample_mig(const mlt_nvml *library, nvml_abi_device device, uint32_t gpu_instance, nvml_abi_gpm_sample sample)
{
    return CALL(nvmlGpmMigSampleGet, (device, gpu_instance, sample));
}
int mlt_nvml_event_set_new(const mlt_nvml *library, nvml_abi_event_set *set) { return CALL(nvmlEventSetCreate, (set)); }
int mlt_nvml_register_events(const mlt_nvml *library, nvml_abi_device device, uint64_t types, nvml_abi_event_set set)
{
    return CALL(nvmlDeviceRegisterEvents, (device, types, set));
}
int mlt_nvml_event_types(const mlt_nvml *library, nvml_abi_device device, uint64_t *types)
{
    return CALL(nvmlDeviceGetSupportedEventTypes, (device, types));
}
int mlt_nvml_event_set_free(const mlt_nvml *library, nvml_abi_event_set set) { return CALL(nvmlEventSetFree, (set)); }
int mlt_nvml_vgpus(const mlt_nvml *library, nvml_abi_device device, uint32_t *count, nvml_abi_vgpu *vgpus)
{
    return CALL(nvmlDeviceGetActiveVgpus, (device, count, vgpus));
}
int mlt_nvml_vgpu_types(const mlt_nvml *library, nvml_abi_device device, uint32_t *count, nvml_abi_vgpu_type *types)
{
    return CALL(nvmlDeviceGetSupportedVgpus, (device, count, types));
}
int mlt_nvml_vgpu_types_creatable(const mlt_nvml *library, nvml_abi_device device, uint32_t *count, nvml_abi_vgpu_type *types)
{
    return CALL(nvmlDeviceGetCreatableVgpus, (device, count, types));
}
int mlt_nvml_vgpus_of_gpu_instance(const mlt_nvml *library, nvml_abi_gpu_instance instance, nvml_abi_active_vgpus *value)
{
    value->version = NVML_ABI_VERSION(nvml_abi_active_vgpus, 1);
    return CALL(nvmlGpuInstanceGetActiveVgpus, (instance, value));
}
int mlt_nvml_vgpu_utilization(const mlt_nvml *library, nvml_abi_device device, uint64_t last_seen, uint32_t *value_type, uint32_t *count, nvml_abi_vgpu_utilization *samples)
{
    return CALL(nvmlDeviceGetVgpuUtilization, (device, last_seen, value_type, count, samples));
}
int mlt_nvml_vgpu_utilization_info(const mlt_nvml *library, nvml_abi_device device, nvml_abi_vgpus_utilization_info *value)
{
    value->version = NVML_ABI_VERSION(nvml_abi_vgpus_utilization_info, 1);
    return CALL(nvmlDeviceGetVgpuInstancesUtilizationInfo, (device, value));
}
int mlt_nvml_vgpu_vm(const mlt_nvml *library, nvml_abi_vgpu vgpu, char *text, uint32_t size, uint32_t *kind)
{
    return CALL(nvmlVgpuInstanceGetVmID, (vgpu, text, size, kind));
}
int mlt_nvml_vgpu_uuid(const mlt_nvml *library, nvml_abi_vgpu vgpu, char *text, uint32_t size)
{
    return CALL(nvmlVgpuInstanceGetUUID, (vgpu, text, size));
}
int mlt_nvml_vgpu_mdev_uuid(const mlt_nvml *library, nvml_abi_vgpu vgpu, char *text, uint32_t size)
{
    return CALL(nvmlVgpuInstanceGetMdevUUID, (vgpu, text, size));
}
int mlt_nvml_vgpu_guest_driver(const mlt_nvml *library, nvml_abi_vgpu vgpu, char *text, uint32_t size)
{
    return CALL(nvmlVgpuInstanceGetVmDriverVersion, (vgpu, text, size));
}
int mlt_nvml_vgpu_framebuffer_used(const mlt_nvml *library, nvml_abi_vgpu vgpu, uint64_t *value)
{
    return CALL(nvmlVgpuInstanceGetFbUsage, (vgpu, value));
}
int mlt_nvml_vgpu_license(const mlt_nvml *library, nvml_abi_vgpu vgpu, nvml_abi_license *value)
{
    return CALL(nvmlVgpuInstanceGetLicenseInfo_v2, (vgpu, value));
}
int mlt_nvml_vgpu_license_status(const mlt_nvml *library, nvml_abi_vgpu vgpu, uint32_t *value)
{
    return CALL(nvmlVgpuInstanceGetLicenseStatus, (vgpu, value));
}
int mlt_nvml_vgpu_type(const mlt_nvml *library, nvml_abi_vgpu vgpu, nvml_abi_vgpu_type *value)
{
    return CALL(nvmlVgpuInstanceGetType, (vgpu, value));
}
int mlt_nvml_vgpu_frame_rate_limit(const mlt_nvml *library, nvml_abi_vgpu vgpu, uint32_t *value)
{
    return CALL(nvmlVgpuInstanceGetFrameRateLimit, (vgpu, value));
}
int mlt_nvml_vgpu_ecc_mode(const mlt_nvml *library, nvml_abi_vgpu vgpu, uint32_t *value) { return CALL(nvmlVgpuInstanceGetEccMode, (vgpu, value)); }
int mlt_nvml_vgpu_encoder_stats(const mlt_nvml *library, nvml_abi_vgpu vgpu, uint32_t *sessions, uint32_t *rate, uint32_t *latency)
{
    return CALL(nvmlVgpuInstanceGetEncoderStats, (vgpu, sessions, rate, latency));
}
int mlt_nvml_vgpu_encoder_sessions(const mlt_nvml *library, nvml_abi_vgpu vgpu, uint32_t *count, nvml_abi_encoder_session *sessions)
{
    return CALL(nvmlVgpuInstanceGetEncoderSessions, (vgpu, count, sessions));
}
int mlt_nvml_vgpu_gpu_instance_id(const mlt_nvml *library, nvml_abi_vgpu vgpu, uint32_t *value)
{
    return CALL(nvmlVgpuInstanceGetGpuInstanceId, (vgpu, value));
}
int mlt_nvml_vgpu_guest_pci_id(const mlt_nvml *library, nvml_abi_vgpu vgpu, char *text, uint32_t *size)
{
    return CALL(nvmlVgpuInstanceGetGpuPciId, (vgpu, text, size));
}
int mlt_nvml_vgpu_type_name(const mlt_nvml *library, nvml_abi_vgpu_type type, char *text, uint32_t *size)
{
    return CALL(nvmlVgpuTypeGetName, (type, text, size));
}
int mlt_nvml_vgpu_type_class(const mlt_nvml *library, nvml_abi_vgpu_type type, char *text, uint32_t *size)
{
    return CALL(nvmlVgpuTypeGetClass, (type, text, size));
}
int mlt_nvml_vgpu_type_framebuffer(const mlt_nvml *library, nvml_abi_vgpu_type type, uint64_t *value)
{
    return CALL(nvmlVgpuTypeGetFramebufferSize, (type, value));
}
int mlt_nvml_vgpu_type_instances_max(const mlt_nvml *library, nvml_abi_device device, nvml_abi_vgpu_type type, uint32_t *value)
{
    return CALL(nvmlVgpuTypeGetMaxInstances, (device, type, value));
}
int mlt_nvml_vgpu_type_instances_max_of_vm(const mlt_nvml *library, nvml_abi_vgpu_type type, uint32_t *value)
{
    return CALL(nvmlVgpuTypeGetMaxInstancesPerVm, (type, value));
}
int mlt_nvml_vgpu_type_frame_rate_limit(const mlt_nvml *library, nvml_abi_vgpu_type type, uint32_t *value)
{
    return CALL(nvmlVgpuTypeGetFrameRateLimit, (type, value));
}
// MARK: The newest form that there is

int mlt_nvml_processes(
    const mlt_nvml *library, nvml_abi_device device, mlt_nvml_process_kind kind, uint32_t *count, nvml_abi_process *processes, const char **symbol)
{
    typedef int (*list)(nvml_abi_device, uint32_t *, nvml_abi_process *);
    typedef int (*old_list)(nvml_abi_device, uint32_t *, nvml_abi_process_v1 *);
    const struct {
        list v3, v2;
        old_list v1;
        const char *names[3];
    } forms[] = {
        {library->nvmlDeviceGetComputeRunningProcesses_v3, library->nvmlDeviceGetComputeRunningProcesses_v2, library->nvmlDeviceGetComputeRunningProcesses,
         {"nvmlDeviceGetComputeRunningProcesses_v3", "nvmlDeviceGetComputeRunningProcesses_v2", "nvmlDeviceGetComputeRunningProcesses"}},
        {library->nvmlDeviceGetGraphicsRunningProcesses_v3, library->nvmlDeviceGetGraphicsRunningProcesses_v2, library->nvmlDeviceGetGraphicsRunningProcesses,
         {"nvmlDeviceGetGraphicsRunningProcesses_v3", "nvmlDeviceGetGraphicsRunningProcesses_v2", "nvmlDeviceGetGraphicsRunningProcesses"}},
        {library->nvmlDeviceGetMPSComputeRunningProcesses_v3, library->nvmlDeviceGetMPSComputeRunningProcesses_v2, library->nvmlDeviceGetMPSComputeRunningProcesses,
         {"nvmlDeviceGetMPSComputeRunningProcesses_v3", "nvmlDeviceGetMPSComputeRunningProcesses_v2", "nvmlDeviceGetMPSComputeRunningProcesses"}},
    };
    if ((unsigned)kind >= sizeof forms / sizeof *forms) return NVML_ABI_INVALID_ARGUMENT;
    uint32_t room = *count;
    *symbol = forms[kind].names[forms[kind].v3 ? 0 : forms[kind].v2 ? 1 : forms[kind].v1 ? 2 : 0];
    list call = forms[kind].v3 ? forms[kind].v3 : forms[kind].v2;
    if (call) {
        int code = call(device, count, room ? processes : NULL);
        // Never more than there was room for, whatever the driver says.
        if (code == NVML_ABI_SUCCESS && *count > room) *count = room;
        return code;
    }
    if (!forms[kind].v1) return NVML_ABI_FUNCTION_NOT_FOUND;
    nvml_abi_process_v1 *old = room ? calloc(room, sizeof *old) : NULL;
    if (room && !old) return NVML_ABI_MEMORY;
    int code = forms[kind].v1(device, count, old);
    if (code == NVML_ABI_SUCCESS) {
        if (*count > room) *count = room;
        for (uint32_t i = 0; i < *count; i++)
            processes[i] = (nvml_abi_process){old[i].pid, old[i].memory, NVML_ABI_NO_INSTANCE, NVML_ABI_NO_INSTANCE};
    }
    free(old);
    return code;
}

int mlt_nvml_process_utilization(
    const mlt_nvml *library, nvml_abi_device device, uint64_t last_seen, uint32_t *count, nvml_abi_process_utilization *samples)
{
    uint32_t room = *count;
    int code = CALL(nvmlDeviceGetProcessUtilization, (device, room ? samples : NULL, count, last_seen));
    if (code == NVML_ABI_SUCCESS && *count > room) *count = room;
    return code;
}

int mlt_nvml_process_utilization_info(
    const mlt_nvml *library, nvml_abi_device device, uint64_t last_seen, uint32_t *count, nvml_abi_process_utilization_info *samples)
{
    uint32_t room = *count;
    nvml_abi_processes_utilization_info info = {
        NVML_ABI_VERSION(nvml_abi_processes_utilization_info, 1), room, last_seen, room ? samples : NULL};
    int code = CALL(nvmlDeviceGetProcessesUtilizationInfo, (device, &info));
    *count = code == NVML_ABI_SUCCESS && info.count > room ? room : info.count;
    return code;
}

int mlt_nvml_event_wait(const mlt_nvml *library, nvml_abi_event_set set, nvml_abi_event *event, uint32_t timeout)
{
    if (library->nvmlEventSetWait_v2) return library->nvmlEventSetWait_v2(set, event, timeout);
    nvml_abi_event_v1 old = {0, 0, 0};
    int code = CALL(nvmlEventSetWait, (set, &old, timeout));
    if (code == NVML_ABI_SUCCESS) *event = (nvml_abi_event){old.device, old.type, old.data, NVML_ABI_NO_INSTANCE, NVML_ABI_NO_INSTANCE};
    return code;
}

int mlt_nvml_gpm_metrics(
    const mlt_nvml *library, nvml_abi_gpm_sample first, nvml_abi_gpm_sample second, nvml_abi_gpm_metric *metrics, uint32_t count)
{
    if (count > NVML_ABI_GPM_PLACES) return NVML_ABI_INVALID_ARGUMENT;
    nvml_abi_gpm_metrics *request = calloc(1, sizeof *request + NVML_ABI_GPM_PLACES * sizeof *metrics);
    if (!request) return NVML_ABI_MEMORY;
    *request = (nvml_abi_gpm_metrics){.version = 1, .count = count, .first = first, .second = second};
    for (uint32_t i = 0; i < count; i++) request->metrics[i].metric = metrics[i].metric;
    int code = CALL(nvmlGpmMetricsGet, (request));
    for (uint32_t i = 0; i < count; i++) {
        metrics[i].code = request->metrics[i].code;
        metrics[i].value = request->metrics[i].value;
        metrics[i].short_name = metrics[i].long_name = metrics[i].unit = NULL;
    }
    free(request);
    return code;
}

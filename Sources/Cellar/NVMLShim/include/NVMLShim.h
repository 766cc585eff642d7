// Fixed-arity doors to NVIDIA's management library, which is loaded when it is wanted and not linked with.
//
// A door answers the library's code, or NVML_ABI_FUNCTION_NOT_FOUND when this driver has no such call. Where there are an older and a newer form of one call, each has its own door
// and its own record; mlt_nvml_has tells which there are. All doors may be called from any thread. They return when the driver does, which may be never.
#pragma once
#include "NVMLABI.h"

typedef struct mlt_nvml mlt_nvml;

/// Loads the library: of this path or name, or with NULL the driver's own, `libnvidia-ml.so.1`. It stays loaded until the process ends, as drivers start threads of their own.
/// NULL when that fails; `reason` then gets one line.
const mlt_nvml *mlt_nvml_open(const char *path, char *reason, size_t reason_size);

/// Whether the library has a call, by its symbol.
int mlt_nvml_has(const mlt_nvml *library, const char *symbol);

/// "NOT_SUPPORTED" for 3, and so on; NULL for a code that nobody has published.
const char *mlt_nvml_code_name(int code);
// MARK: The library

/// Flags: NVML_ABI_INIT_*.
int mlt_nvml_init(const mlt_nvml *library, uint32_t flags);
int mlt_nvml_shutdown(const mlt_nvml *library);
/// At most NVML_ABI_VERSION_BYTES.
int mlt_nvml_driver_version(const mlt_nvml *library, char *text, uint32_t size);
int mlt_nvml_version(const mlt_nvml *library, char *text, uint32_t size);
/// 12040 is 12.4.
int mlt_nvml_cuda_version(const mlt_nvml *library, int32_t *value);
int mlt_nvml_process_name(const mlt_nvml *library, uint32_t pid, char *text, uint32_t size);

// MARK: Which cards there are. The order is another after a restart of the host: the UUID is what a card is known by

int mlt_nvml_device_count(const mlt_nvml *library, uint32_t *value);
int mlt_nvml_device_by_index(const mlt_nvml *library, uint32_t index, nvml_abi_device *device);
int mlt_nvml_device_by_uuid(const mlt_nvml *library, const char *uuid, nvml_abi_device *device);
int mlt_nvml_device_by_pci_bus_id(const mlt_nvml *library, const char *bus_id, nvml_abi_device *device);

// MARK: What a card is

int mlt_nvml_name(const mlt_nvml *library, nvml_abi_device device, char *text, uint32_t size);
int mlt_nvml_uuid(const mlt_nvml *library, nvml_abi_device device, char *text, uint32_t size);
int mlt_nvml_serial(const mlt_nvml *library, nvml_abi_device device, char *text, uint32_t size);
int mlt_nvml_vbios_version(const mlt_nvml *library, nvml_abi_device device, char *text, uint32_t size);
int mlt_nvml_board_part_number(const mlt_nvml *library, nvml_abi_device device, char *text, uint32_t size);
int mlt_nvml_pci_info(const mlt_nvml *library, nvml_abi_device device, nvml_abi_pci_info *value);
int mlt_nvml_minor_number(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
int mlt_nvml_index(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
/// NVML_ABI_ARCHITECTURE_*.
int mlt_nvml_architecture(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
int mlt_nvml_brand(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
int mlt_nvml_compute_capability(const mlt_nvml *library, nvml_abi_device device, int32_t *major, int32_t *minor);
int mlt_nvml_persistence_mode(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
int mlt_nvml_compute_mode(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
/// NVML_ABI_VIRTUALIZATION_*.
int mlt_nvml_virtualization_mode(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
int mlt_nvml_host_vgpu_mode(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);

// MARK: Work and memory

int mlt_nvml_utilization(const mlt_nvml *library, nvml_abi_device device, nvml_abi_utilization *value);
/// Has what is reserved in `used`.
int mlt_nvml_memory(const mlt_nvml *library, nvml_abi_device device, nvml_abi_memory *value);
/// The version word is set here.
int mlt_nvml_memory_v2(const mlt_nvml *library, nvml_abi_device device, nvml_abi_memory_v2 *value);
int mlt_nvml_bar1(const mlt_nvml *library, nvml_abi_device device, nvml_abi_bar1 *value);
/// Per cent, and the microseconds it is the mean of.
int mlt_nvml_encoder_utilization(const mlt_nvml *library, nvml_abi_device device, uint32_t *value, uint32_t *period);
int mlt_nvml_decoder_utilization(const mlt_nvml *library, nvml_abi_device device, uint32_t *value, uint32_t *period);
int mlt_nvml_jpeg_utilization(const mlt_nvml *library, nvml_abi_device device, uint32_t *value, uint32_t *period);
int mlt_nvml_ofa_utilization(const mlt_nvml *library, nvml_abi_device device, uint32_t *value, uint32_t *period);
/// Sessions, mean frames a second, mean microseconds.
int mlt_nvml_encoder_stats(const mlt_nvml *library, nvml_abi_device device, uint32_t *sessions, uint32_t *rate, uint32_t *latency);
int mlt_nvml_encoder_sessions(const mlt_nvml *library, nvml_abi_device device, uint32_t *count, nvml_abi_encoder_session *sessions);

// MARK: Power and heat: milliwatts, millijoules since the driver was loaded, degrees Celsius

int mlt_nvml_power_usage(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
int mlt_nvml_power_limit_enforced(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
int mlt_nvml_power_limit(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
int mlt_nvml_power_limit_default(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
/// Least, most.
int mlt_nvml_power_limit_constraints(const mlt_nvml *library, nvml_abi_device device, uint32_t *least, uint32_t *most);
int mlt_nvml_energy(const mlt_nvml *library, nvml_abi_device device, uint64_t *value);
/// Of older drivers; gone with NVML 14.
int mlt_nvml_temperature(const mlt_nvml *library, nvml_abi_device device, uint32_t sensor, uint32_t *celsius);
/// The version word is set here.
int mlt_nvml_temperature_v(const mlt_nvml *library, nvml_abi_device device, nvml_abi_temperature *value);
/// NVML_ABI_THRESHOLD_*.
int mlt_nvml_temperature_threshold(const mlt_nvml *library, nvml_abi_device device, uint32_t kind, uint32_t *celsius);
/// The version word is set here.
int mlt_nvml_temperature_margin(const mlt_nvml *library, nvml_abi_device device, nvml_abi_margin *value);
int mlt_nvml_fan_count(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
/// Per cent.
int mlt_nvml_fan_speed(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
int mlt_nvml_fan_speed_of(const mlt_nvml *library, nvml_abi_device device, uint32_t fan, uint32_t *value);

// MARK: Clocks: MHz, and what holds them back

/// NVML_ABI_CLOCK_*.
int mlt_nvml_clock(const mlt_nvml *library, nvml_abi_device device, uint32_t domain, uint32_t *value);
int mlt_nvml_clock_max(const mlt_nvml *library, nvml_abi_device device, uint32_t domain, uint32_t *value);
/// Bits NVML_ABI_REASON_*.
int mlt_nvml_event_reasons(const mlt_nvml *library, nvml_abi_device device, uint64_t *value);
/// The same of older drivers; gone with NVML 14.
int mlt_nvml_throttle_reasons(const mlt_nvml *library, nvml_abi_device device, uint64_t *value);
int mlt_nvml_event_reasons_supported(const mlt_nvml *library, nvml_abi_device device, uint64_t *value);
int mlt_nvml_throttle_reasons_supported(const mlt_nvml *library, nvml_abi_device device, uint64_t *value);
int mlt_nvml_violation(const mlt_nvml *library, nvml_abi_device device, uint32_t policy, nvml_abi_violation *value);
/// 0 is the fastest, 32 unknown.
int mlt_nvml_performance_state(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);

// MARK: Many facts at once

/// Each record has a code of its own.
int mlt_nvml_field_values(const mlt_nvml *library, nvml_abi_device device, int32_t count, nvml_abi_field_value *values);

// MARK: Errors of memory

/// Now, and after the next reset.
int mlt_nvml_ecc_mode(const mlt_nvml *library, nvml_abi_device device, uint32_t *current, uint32_t *pending);
/// NVML_ABI_ECC_*, twice.
int mlt_nvml_ecc_total(const mlt_nvml *library, nvml_abi_device device, uint32_t kind, uint32_t counter, uint64_t *value);
/// And NVML_ABI_LOCATION_*.
int mlt_nvml_ecc_at(const mlt_nvml *library, nvml_abi_device device, uint32_t kind, uint32_t counter, uint32_t location, uint64_t *value);
/// The version word is set here.
int mlt_nvml_ecc_sram(const mlt_nvml *library, nvml_abi_device device, nvml_abi_sram_ecc *value);
/// NVML_ABI_RETIRED_*.
int mlt_nvml_retired_pages_v2(const mlt_nvml *library, nvml_abi_device device, uint32_t cause, uint32_t *count, uint64_t *addresses, uint64_t *times);
int mlt_nvml_retired_pages(const mlt_nvml *library, nvml_abi_device device, uint32_t cause, uint32_t *count, uint64_t *addresses);
int mlt_nvml_retired_pages_pending(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
/// Corrected, uncorrected, whether any are pending, whether one failed.
int mlt_nvml_remapped_rows(const mlt_nvml *library, nvml_abi_device device, uint32_t *corrected, uint32_t *uncorrected, uint32_t *pending, uint32_t *failure);
int mlt_nvml_remapped_rows_v2(const mlt_nvml *library, nvml_abi_device device, nvml_abi_remapped_rows_v2 *value);
/// Not to be asked in a guest with a vGPU: the driver there complains in the kernel log.
int mlt_nvml_row_histogram(const mlt_nvml *library, nvml_abi_device device, nvml_abi_row_histogram *value);

// MARK: PCIe and NVLink

int mlt_nvml_pcie_generation(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
int mlt_nvml_pcie_width(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
int mlt_nvml_pcie_generation_max(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
int mlt_nvml_pcie_width_max(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
int mlt_nvml_pcie_generation_max_of_card(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
int mlt_nvml_pcie_replays(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
/// KB a second; takes 20 ms.
int mlt_nvml_pcie_throughput(const mlt_nvml *library, nvml_abi_device device, uint32_t direction, uint32_t *value);
int mlt_nvml_nvlink_state(const mlt_nvml *library, nvml_abi_device device, uint32_t link, uint32_t *value);
int mlt_nvml_nvlink_version(const mlt_nvml *library, nvml_abi_device device, uint32_t link, uint32_t *value);
int mlt_nvml_nvlink_errors(const mlt_nvml *library, nvml_abi_device device, uint32_t link, uint32_t kind, uint64_t *value);

// MARK: MIG: devices of a card, which have handles of their own

int mlt_nvml_is_mig_device(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
/// Now, and after the next reset.
int mlt_nvml_mig_mode(const mlt_nvml *library, nvml_abi_device device, uint32_t *current, uint32_t *pending);
int mlt_nvml_mig_device_limit(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
/// NOT_FOUND where there is none at that index; others may follow.
int mlt_nvml_mig_device(const mlt_nvml *library, nvml_abi_device device, uint32_t index, nvml_abi_device *mig_device);
int mlt_nvml_mig_parent(const mlt_nvml *library, nvml_abi_device mig_device, nvml_abi_device *device);
int mlt_nvml_gpu_instance_id(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
int mlt_nvml_compute_instance_id(const mlt_nvml *library, nvml_abi_device device, uint32_t *value);
int mlt_nvml_attributes(const mlt_nvml *library, nvml_abi_device device, nvml_abi_attributes *value);
int mlt_nvml_gpu_instance(const mlt_nvml *library, nvml_abi_device device, uint32_t id, nvml_abi_gpu_instance *instance);

// MARK: Activity, of a card or a GPU instance, between two samples a second or more apart

/// The version word is set here.
int mlt_nvml_gpm_support(const mlt_nvml *library, nvml_abi_device device, nvml_abi_gpm_support *value);
int mlt_nvml_gpm_sample_new(const mlt_nvml *library, nvml_abi_gpm_sample *sample);
int mlt_nvml_gpm_sample_free(const mlt_nvml *library, nvml_abi_gpm_sample sample);
int mlt_nvml_gpm_sample(const mlt_nvml *library, nvml_abi_device device, nvml_abi_gpm_sample sample);
int mlt_nvml_gpm_sample_mig(const mlt_nvml *library, nvml_abi_device device, uint32_t gpu_instance, nvml_abi_gpm_sample sample);

// MARK: Events

int mlt_nvml_event_set_new(const mlt_nvml *library, nvml_abi_event_set *set);
int mlt_nvml_register_events(const mlt_nvml *library, nvml_abi_device device, uint64_t types, nvml_abi_event_set set);
int mlt_nvml_event_types(const mlt_nvml *library, nvml_abi_device device, uint64_t *types);
int mlt_nvml_event_set_free(const mlt_nvml *library, nvml_abi_event_set set);

// MARK: vGPUs on the host that has the card

/// The count is how many there is room for, and becomes how many there are: INSUFFICIENT_SIZE when those are more.
int mlt_nvml_vgpus(const mlt_nvml *library, nvml_abi_device device, uint32_t *count, nvml_abi_vgpu *vgpus);
int mlt_nvml_vgpu_types(const mlt_nvml *library, nvml_abi_device device, uint32_t *count, nvml_abi_vgpu_type *types);
int mlt_nvml_vgpu_types_creatable(const mlt_nvml *library, nvml_abi_device device, uint32_t *count, nvml_abi_vgpu_type *types);
/// The version word is set here.
int mlt_nvml_vgpus_of_gpu_instance(const mlt_nvml *library, nvml_abi_gpu_instance instance, nvml_abi_active_vgpus *value);
/// NOT_FOUND: nothing since `last_seen`.
int mlt_nvml_vgpu_utilization(const mlt_nvml *library, nvml_abi_device device, uint64_t last_seen, uint32_t *value_type, uint32_t *count, nvml_abi_vgpu_utilization *samples);
/// The version word is set here.
int mlt_nvml_vgpu_utilization_info(const mlt_nvml *library, nvml_abi_device device, nvml_abi_vgpus_utilization_info *value);
/// At most NVML_ABI_VGPU_TEXT_BYTES; NVML_ABI_VM_ID_*.
int mlt_nvml_vgpu_vm(const mlt_nvml *library, nvml_abi_vgpu vgpu, char *text, uint32_t size, uint32_t *kind);
int mlt_nvml_vgpu_uuid(const mlt_nvml *library, nvml_abi_vgpu vgpu, char *text, uint32_t size);
int mlt_nvml_vgpu_mdev_uuid(const mlt_nvml *library, nvml_abi_vgpu vgpu, char *text, uint32_t size);
/// "Not Available" until the driver in the guest runs.
int mlt_nvml_vgpu_guest_driver(const mlt_nvml *library, nvml_abi_vgpu vgpu, char *text, uint32_t size);
/// Bytes.
int mlt_nvml_vgpu_framebuffer_used(const mlt_nvml *library, nvml_abi_vgpu vgpu, uint64_t *value);
int mlt_nvml_vgpu_license(const mlt_nvml *library, nvml_abi_vgpu vgpu, nvml_abi_license *value);
/// Of older drivers: 1 is licensed.
int mlt_nvml_vgpu_license_status(const mlt_nvml *library, nvml_abi_vgpu vgpu, uint32_t *value);
int mlt_nvml_vgpu_type(const mlt_nvml *library, nvml_abi_vgpu vgpu, nvml_abi_vgpu_type *value);
int mlt_nvml_vgpu_frame_rate_limit(const mlt_nvml *library, nvml_abi_vgpu vgpu, uint32_t *value);
int mlt_nvml_vgpu_ecc_mode(const mlt_nvml *library, nvml_abi_vgpu vgpu, uint32_t *value);
int mlt_nvml_vgpu_encoder_stats(const mlt_nvml *library, nvml_abi_vgpu vgpu, uint32_t *sessions, uint32_t *rate, uint32_t *latency);
int mlt_nvml_vgpu_encoder_sessions(const mlt_nvml *library, nvml_abi_vgpu vgpu, uint32_t *count, nvml_abi_encoder_session *sessions);
int mlt_nvml_vgpu_gpu_instance_id(const mlt_nvml *library, nvml_abi_vgpu vgpu, uint32_t *value);
int mlt_nvml_vgpu_guest_pci_id(const mlt_nvml *library, nvml_abi_vgpu vgpu, char *text, uint32_t *size);
int mlt_nvml_vgpu_type_name(const mlt_nvml *library, nvml_abi_vgpu_type type, char *text, uint32_t *size);
int mlt_nvml_vgpu_type_class(const mlt_nvml *library, nvml_abi_vgpu_type type, char *text, uint32_t *size);
/// Bytes.
int mlt_nvml_vgpu_type_framebuffer(const mlt_nvml *library, nvml_abi_vgpu_type type, uint64_t *value);
int mlt_nvml_vgpu_type_instances_max(const mlt_nvml *library, nvml_abi_device device, nvml_abi_vgpu_type type, uint32_t *value);
int mlt_nvml_vgpu_type_instances_max_of_vm(const mlt_nvml *library, nvml_abi_vgpu_type type, uint32_t *value);
int mlt_nvml_vgpu_type_frame_rate_limit(const mlt_nvml *library, nvml_abi_vgpu_type type, uint32_t *value);
// MARK: Where the newest form is taken that there is

/// What works on a card, by mlt_nvml_process_kind. Old drivers do not tell the instances, which then are NVML_ABI_NO_INSTANCE.
///
/// - count: how many records there is room for; becomes how many there are. INSUFFICIENT_SIZE when those are more: ask again with room for some more than that, as processes come and go.
/// - symbol: gets the call that was made.
typedef enum mlt_nvml_process_kind {
    MLT_NVML_PROCESSES_COMPUTE = 0,
    MLT_NVML_PROCESSES_GRAPHICS = 1,
    MLT_NVML_PROCESSES_MPS = 2,
} mlt_nvml_process_kind;
int mlt_nvml_processes(
    const mlt_nvml *library, nvml_abi_device device, mlt_nvml_process_kind kind, uint32_t *count, nvml_abi_process *processes, const char **symbol);

/// What processes did since `last_seen` (microseconds of unix time), for as many as there is room for; NOT_FOUND when nobody did anything. The second form is newer, and tells of JPEG and OFA.
int mlt_nvml_process_utilization(
    const mlt_nvml *library, nvml_abi_device device, uint64_t last_seen, uint32_t *count, nvml_abi_process_utilization *samples);
int mlt_nvml_process_utilization_info(
    const mlt_nvml *library, nvml_abi_device device, uint64_t last_seen, uint32_t *count, nvml_abi_process_utilization_info *samples);

/// Waits for an event, for so many milliseconds at most; TIMEOUT when there was none. Old drivers do not tell the instances.
int mlt_nvml_event_wait(const mlt_nvml *library, nvml_abi_event_set set, nvml_abi_event *event, uint32_t timeout);

/// What was active between two samples. `metrics` has the wanted numbers (NVML_ABI_GPM_*), and gets values and a code for each. Texts are left out.
int mlt_nvml_gpm_metrics(
    const mlt_nvml *library, nvml_abi_gpm_sample first, nvml_abi_gpm_sample second, nvml_abi_gpm_metric *metrics, uint32_t count);

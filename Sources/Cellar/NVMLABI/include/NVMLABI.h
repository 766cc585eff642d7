// The binary interface of NVIDIA's management library as it is published: codes, records, sizes, words of versions. x86-64 and arm64 are alike.
//
// Ours are the names; what stands at which offset is NVIDIA's, and is checked by _Static_assert here and against nvidia-ml-py in the tests.
#pragma once
#include <stddef.h>
#include <stdint.h>

// MARK: What every call returns (int)

enum {
    NVML_ABI_SUCCESS = 0,
    NVML_ABI_UNINITIALIZED = 1,
    NVML_ABI_INVALID_ARGUMENT = 2,
    NVML_ABI_NOT_SUPPORTED = 3,
    NVML_ABI_NO_PERMISSION = 4,
    NVML_ABI_ALREADY_INITIALIZED = 5,
    NVML_ABI_NOT_FOUND = 6,
    NVML_ABI_INSUFFICIENT_SIZE = 7,
    NVML_ABI_INSUFFICIENT_POWER = 8,
    NVML_ABI_DRIVER_NOT_LOADED = 9,
    NVML_ABI_TIMEOUT = 10,
    NVML_ABI_IRQ_ISSUE = 11,
    NVML_ABI_LIBRARY_NOT_FOUND = 12,
    NVML_ABI_FUNCTION_NOT_FOUND = 13,
    NVML_ABI_CORRUPTED_INFOROM = 14,
    NVML_ABI_GPU_IS_LOST = 15,
    NVML_ABI_RESET_REQUIRED = 16,
    NVML_ABI_OPERATING_SYSTEM = 17,
    NVML_ABI_LIB_RM_VERSION_MISMATCH = 18,
    NVML_ABI_IN_USE = 19,
    NVML_ABI_MEMORY = 20,
    NVML_ABI_NO_DATA = 21,
    NVML_ABI_VGPU_ECC_NOT_SUPPORTED = 22,
    NVML_ABI_INSUFFICIENT_RESOURCES = 23,
    NVML_ABI_FREQ_NOT_SUPPORTED = 24,
    NVML_ABI_ARGUMENT_VERSION_MISMATCH = 25,
    NVML_ABI_DEPRECATED = 26,
    NVML_ABI_NOT_READY = 27,
    NVML_ABI_GPU_NOT_FOUND = 28,
    NVML_ABI_INVALID_STATE = 29,
    NVML_ABI_RESET_TYPE_NOT_SUPPORTED = 30,
    NVML_ABI_UNKNOWN = 999,
};

// MARK: Handles, which are pointers there and numbers here, so that threads may carry them

/// A card, or a MIG device of one.
typedef uintptr_t nvml_abi_device;
typedef uintptr_t nvml_abi_gpu_instance;
typedef uintptr_t nvml_abi_event_set;
typedef uintptr_t nvml_abi_gpm_sample;
/// A running vGPU, and a type of vGPU.
typedef uint32_t nvml_abi_vgpu;
typedef uint32_t nvml_abi_vgpu_type;

// MARK: Lengths of texts, with the final 0

enum {
    NVML_ABI_NAME_BYTES = 96,
    NVML_ABI_UUID_BYTES = 96,
    NVML_ABI_SERIAL_BYTES = 30,
    NVML_ABI_PART_NUMBER_BYTES = 80,
    NVML_ABI_VBIOS_BYTES = 32,
    NVML_ABI_VERSION_BYTES = 80,
    /// Of a vGPU's UUID, VM and type.
    NVML_ABI_VGPU_TEXT_BYTES = 80,
};

// MARK: Numbers with a meaning

enum {
    NVML_ABI_INIT_NO_GPUS = 1,
    NVML_ABI_INIT_NO_ATTACH = 2,

    NVML_ABI_SENSOR_GPU = 0,
    NVML_ABI_THRESHOLD_SHUTDOWN = 0,
    NVML_ABI_THRESHOLD_SLOWDOWN = 1,
    NVML_ABI_THRESHOLD_MEMORY_MAX = 2,
    NVML_ABI_THRESHOLD_GPU_MAX = 3,
    NVML_ABI_THRESHOLD_COUNT = 8,

    NVML_ABI_CLOCK_GRAPHICS = 0,
    NVML_ABI_CLOCK_SM = 1,
    NVML_ABI_CLOCK_MEMORY = 2,
    NVML_ABI_CLOCK_VIDEO = 3,
    NVML_ABI_CLOCK_COUNT = 4,

    NVML_ABI_REASON_IDLE = 0x1,
    NVML_ABI_REASON_APPLICATION_CLOCKS = 0x2,
    NVML_ABI_REASON_SW_POWER_CAP = 0x4,
    NVML_ABI_REASON_HW_SLOWDOWN = 0x8,
    NVML_ABI_REASON_SYNC_BOOST = 0x10,
    NVML_ABI_REASON_SW_THERMAL = 0x20,
    NVML_ABI_REASON_HW_THERMAL = 0x40,
    NVML_ABI_REASON_HW_POWER_BRAKE = 0x80,
    NVML_ABI_REASON_DISPLAY_CLOCKS = 0x100,

    NVML_ABI_ECC_CORRECTED = 0,
    NVML_ABI_ECC_UNCORRECTED = 1,
    NVML_ABI_ECC_VOLATILE = 0,
    NVML_ABI_ECC_AGGREGATE = 1,
    NVML_ABI_LOCATION_L1 = 0,
    NVML_ABI_LOCATION_L2 = 1,
    NVML_ABI_LOCATION_DRAM = 2,
    NVML_ABI_LOCATION_REGISTERS = 3,
    NVML_ABI_LOCATION_TEXTURE = 4,
    NVML_ABI_LOCATION_TEXTURE_SHARED = 5,
    NVML_ABI_LOCATION_CBU = 6,
    NVML_ABI_LOCATION_SRAM = 7,
    NVML_ABI_LOCATION_COUNT = 8,

    NVML_ABI_RETIRED_SINGLE_BIT = 0,
    NVML_ABI_RETIRED_DOUBLE_BIT = 1,

    NVML_ABI_PCIE_TRANSMIT = 0,
    NVML_ABI_PCIE_RECEIVE = 1,

    NVML_ABI_NVLINK_REPLAYS = 0,
    NVML_ABI_NVLINK_RECOVERIES = 1,
    NVML_ABI_NVLINK_CRC_FLIT = 2,
    NVML_ABI_NVLINK_CRC_DATA = 3,
    NVML_ABI_NVLINK_LIMIT = 36,

    NVML_ABI_VIRTUALIZATION_NONE = 0,
    NVML_ABI_VIRTUALIZATION_PASSTHROUGH = 1,
    NVML_ABI_VIRTUALIZATION_VGPU = 2,
    NVML_ABI_VIRTUALIZATION_HOST_VGPU = 3,
    NVML_ABI_VIRTUALIZATION_HOST_VSGA = 4,
    NVML_ABI_HOST_VGPU_NON_SRIOV = 0,
    NVML_ABI_HOST_VGPU_SRIOV = 1,
    NVML_ABI_VM_ID_DOMAIN = 0,
    NVML_ABI_VM_ID_UUID = 1,
    NVML_ABI_LICENSE_UNKNOWN = 0,
    NVML_ABI_LICENSE_UNINITIALIZED = 1,
    NVML_ABI_LICENSE_UNLICENSED_UNRESTRICTED = 2,
    NVML_ABI_LICENSE_UNLICENSED_RESTRICTED = 3,
    NVML_ABI_LICENSE_UNLICENSED = 4,
    NVML_ABI_LICENSE_LICENSED = 5,
    NVML_ABI_EXPIRY_VALID = 2,

    NVML_ABI_EVENT_XID = 0x8,

    NVML_ABI_ARCHITECTURE_KEPLER = 2,
    NVML_ABI_ARCHITECTURE_MAXWELL = 3,
    NVML_ABI_ARCHITECTURE_PASCAL = 4,
    NVML_ABI_ARCHITECTURE_VOLTA = 5,
    NVML_ABI_ARCHITECTURE_TURING = 6,
    NVML_ABI_ARCHITECTURE_AMPERE = 7,
    NVML_ABI_ARCHITECTURE_ADA = 8,
    NVML_ABI_ARCHITECTURE_HOPPER = 9,
    NVML_ABI_ARCHITECTURE_BLACKWELL = 10,
    NVML_ABI_ARCHITECTURE_RUBIN = 13,

    NVML_ABI_VALUE_DOUBLE = 0,
    NVML_ABI_VALUE_U32 = 1,
    NVML_ABI_VALUE_UNSIGNED_LONG = 2,
    NVML_ABI_VALUE_U64 = 3,
    NVML_ABI_VALUE_S64 = 4,
    NVML_ABI_VALUE_S32 = 5,
    NVML_ABI_VALUE_U16 = 6,

    NVML_ABI_GPM_GRAPHICS = 1,
    NVML_ABI_GPM_SM = 2,
    NVML_ABI_GPM_SM_OCCUPANCY = 3,
    NVML_ABI_GPM_TENSOR = 5,
    NVML_ABI_GPM_DRAM = 10,
    NVML_ABI_GPM_PCIE_TRANSMIT = 20,
    NVML_ABI_GPM_PCIE_RECEIVE = 21,
};

/// What `nvmlDeviceGetFieldValues` is asked for.
enum {
    NVML_ABI_FIELD_ECC_CURRENT = 1,
    NVML_ABI_FIELD_RETIRED_SINGLE_BIT = 29,
    NVML_ABI_FIELD_RETIRED_DOUBLE_BIT = 30,
    NVML_ABI_FIELD_RETIRED_PENDING = 31,
    NVML_ABI_FIELD_NVLINK_CRC_FLIT_TOTAL = 38,
    NVML_ABI_FIELD_NVLINK_CRC_DATA_TOTAL = 45,
    NVML_ABI_FIELD_NVLINK_REPLAY_TOTAL = 52,
    NVML_ABI_FIELD_NVLINK_RECOVERY_TOTAL = 59,
    /// Nanoseconds for which clocks were held back, by reason.
    NVML_ABI_FIELD_HELD_BY_POWER = 74,
    NVML_ABI_FIELD_HELD_BY_THERMAL = 75,
    NVML_ABI_FIELD_HELD_BY_SYNC_BOOST = 76,
    NVML_ABI_FIELD_HELD_BY_BOARD_LIMIT = 77,
    NVML_ABI_FIELD_HELD_BY_LOW_UTILIZATION = 78,
    NVML_ABI_FIELD_HELD_BY_RELIABILITY = 79,
    NVML_ABI_FIELD_MEMORY_TEMPERATURE = 82,
    NVML_ABI_FIELD_ENERGY = 83,
    NVML_ABI_FIELD_NVLINK_COUNT = 91,
    NVML_ABI_FIELD_PCIE_REPLAYS = 94,
    /// KiB; the scope is the link, or all ones for all of them.
    NVML_ABI_FIELD_NVLINK_DATA_TRANSMIT = 138,
    NVML_ABI_FIELD_NVLINK_DATA_RECEIVE = 139,
    NVML_ABI_FIELD_NVLINK_RAW_TRANSMIT = 140,
    NVML_ABI_FIELD_NVLINK_RAW_RECEIVE = 141,
    NVML_ABI_FIELD_REMAPPED_CORRECTABLE = 142,
    NVML_ABI_FIELD_REMAPPED_UNCORRECTABLE = 143,
    NVML_ABI_FIELD_REMAPPED_PENDING = 144,
    NVML_ABI_FIELD_REMAPPED_FAILURE = 145,
    NVML_ABI_FIELD_PCIE_CORRECTABLE_ERRORS = 173,
    NVML_ABI_FIELD_PCIE_NON_FATAL_ERRORS = 179,
    NVML_ABI_FIELD_PCIE_FATAL_ERRORS = 180,
    NVML_ABI_FIELD_POWER_AVERAGE = 185,
    NVML_ABI_FIELD_POWER_INSTANT = 186,
    NVML_ABI_FIELD_POWER_MIN_LIMIT = 187,
    NVML_ABI_FIELD_POWER_MAX_LIMIT = 188,
    NVML_ABI_FIELD_POWER_DEFAULT_LIMIT = 189,
    NVML_ABI_FIELD_POWER_CURRENT_LIMIT = 190,
    /// Bytes.
    NVML_ABI_FIELD_PCIE_TRANSMIT_BYTES = 197,
    NVML_ABI_FIELD_PCIE_RECEIVE_BYTES = 198,
    /// NVLink 5.
    NVML_ABI_FIELD_NVLINK_TRANSMIT_BYTES = 202,
    NVML_ABI_FIELD_NVLINK_RECEIVE_BYTES = 204,
    NVML_ABI_FIELD_RECOVERY_ACTION = 230,
    NVML_ABI_FIELD_HELD_BY_SW_THERMAL = 269,
    NVML_ABI_FIELD_HELD_BY_HW_THERMAL = 270,
    NVML_ABI_FIELD_HELD_BY_POWER_BRAKE = 271,
};

/// What is not there: memory of a process, instance of a process on a card without MIG, scope of all links.
#define NVML_ABI_NOT_AVAILABLE UINT64_MAX
#define NVML_ABI_NO_INSTANCE UINT32_MAX
#define NVML_ABI_ALL_LINKS UINT32_MAX

// MARK: Records

/// The first word of a record that has versions.
#define NVML_ABI_VERSION(type, number) ((uint32_t)(sizeof(type) | ((uint32_t)(number) << 24)))
#define NVML_ABI_RECORD(type, size) _Static_assert(sizeof(type) == (size), #type " has the wrong size")
#define NVML_ABI_PLACE(type, member, offset) _Static_assert(offsetof(type, member) == (offset), #type "." #member " is in the wrong place")

typedef struct nvml_abi_pci_info {
    char legacy_bus_id[16];
    uint32_t domain, bus, device, device_id, subsystem_id;
    char bus_id[32];
} nvml_abi_pci_info;
NVML_ABI_RECORD(nvml_abi_pci_info, 68);
NVML_ABI_PLACE(nvml_abi_pci_info, domain, 16);
NVML_ABI_PLACE(nvml_abi_pci_info, bus_id, 36);

/// Per cent.
typedef struct nvml_abi_utilization { uint32_t gpu, memory; } nvml_abi_utilization;
NVML_ABI_RECORD(nvml_abi_utilization, 8);

/// Bytes; `used` has what the driver keeps for itself in it.
typedef struct nvml_abi_memory { uint64_t total, free, used; } nvml_abi_memory;
NVML_ABI_RECORD(nvml_abi_memory, 24);

typedef struct nvml_abi_memory_v2 { uint32_t version; uint64_t total, reserved, free, used; } nvml_abi_memory_v2;
NVML_ABI_RECORD(nvml_abi_memory_v2, 40);
NVML_ABI_PLACE(nvml_abi_memory_v2, total, 8);
NVML_ABI_PLACE(nvml_abi_memory_v2, reserved, 16);
NVML_ABI_PLACE(nvml_abi_memory_v2, used, 32);

typedef struct nvml_abi_bar1 { uint64_t total, free, used; } nvml_abi_bar1;
NVML_ABI_RECORD(nvml_abi_bar1, 24);

typedef struct nvml_abi_temperature { uint32_t version, sensor; int32_t celsius; } nvml_abi_temperature;
NVML_ABI_RECORD(nvml_abi_temperature, 12);

typedef struct nvml_abi_margin { uint32_t version; int32_t celsius; } nvml_abi_margin;
NVML_ABI_RECORD(nvml_abi_margin, 8);

/// A value whose kind stands elsewhere.
typedef union nvml_abi_value {
    double f64;
    uint32_t u32;
    uint64_t u64;
    int64_t s64;
    int32_t s32;
    uint16_t u16;
} nvml_abi_value;
NVML_ABI_RECORD(nvml_abi_value, 8);

typedef struct nvml_abi_field_value {
    uint32_t field, scope;
    /// Microseconds of unix time, and how long it took.
    int64_t time, latency;
    uint32_t value_type;
    /// The code of this one.
    int32_t code;
    nvml_abi_value value;
} nvml_abi_field_value;
NVML_ABI_RECORD(nvml_abi_field_value, 40);
NVML_ABI_PLACE(nvml_abi_field_value, time, 8);
NVML_ABI_PLACE(nvml_abi_field_value, value_type, 24);
NVML_ABI_PLACE(nvml_abi_field_value, code, 28);
NVML_ABI_PLACE(nvml_abi_field_value, value, 32);

/// Nanoseconds.
typedef struct nvml_abi_violation { uint64_t reference_time, violation_time; } nvml_abi_violation;
NVML_ABI_RECORD(nvml_abi_violation, 16);

typedef struct nvml_abi_sram_ecc {
    uint32_t version;
    uint64_t aggregate_parity, aggregate_double, aggregate_corrected;
    uint64_t volatile_parity, volatile_double, volatile_corrected;
    uint64_t aggregate_l2, aggregate_sm, aggregate_pcie, aggregate_mcu, aggregate_other;
    uint32_t threshold_exceeded;
} nvml_abi_sram_ecc;
NVML_ABI_RECORD(nvml_abi_sram_ecc, 104);
NVML_ABI_PLACE(nvml_abi_sram_ecc, aggregate_parity, 8);
NVML_ABI_PLACE(nvml_abi_sram_ecc, threshold_exceeded, 96);

typedef struct nvml_abi_remapped_rows_v2 {
    uint32_t corrected_active, corrected_inactive, uncorrected_active, uncorrected_inactive, pending, failure;
} nvml_abi_remapped_rows_v2;
NVML_ABI_RECORD(nvml_abi_remapped_rows_v2, 24);

/// Banks by how many spare rows they have left.
typedef struct nvml_abi_row_histogram { uint32_t all, high, partial, low, none; } nvml_abi_row_histogram;
NVML_ABI_RECORD(nvml_abi_row_histogram, 20);

typedef struct nvml_abi_encoder_session {
    uint32_t session, pid, vgpu, codec, width, height, frames_per_second, latency;
} nvml_abi_encoder_session;
NVML_ABI_RECORD(nvml_abi_encoder_session, 32);

/// What the calls without a suffix fill.
typedef struct nvml_abi_process_v1 { uint32_t pid; uint64_t memory; } nvml_abi_process_v1;
NVML_ABI_RECORD(nvml_abi_process_v1, 16);
NVML_ABI_PLACE(nvml_abi_process_v1, memory, 8);

/// What `_v2` and `_v3` fill.
typedef struct nvml_abi_process {
    uint32_t pid;
    uint64_t memory;
    uint32_t gpu_instance, compute_instance;
} nvml_abi_process;
NVML_ABI_RECORD(nvml_abi_process, 24);
NVML_ABI_PLACE(nvml_abi_process, memory, 8);
NVML_ABI_PLACE(nvml_abi_process, gpu_instance, 16);

/// Per cent.
typedef struct nvml_abi_process_utilization {
    uint32_t pid;
    uint64_t time;
    uint32_t sm, memory, encoder, decoder;
} nvml_abi_process_utilization;
NVML_ABI_RECORD(nvml_abi_process_utilization, 32);
NVML_ABI_PLACE(nvml_abi_process_utilization, time, 8);
NVML_ABI_PLACE(nvml_abi_process_utilization, sm, 16);

typedef struct nvml_abi_process_utilization_info {
    uint64_t time;
    uint32_t pid, sm, memory, encoder, decoder, jpeg, ofa;
} nvml_abi_process_utilization_info;
NVML_ABI_RECORD(nvml_abi_process_utilization_info, 40);

typedef struct nvml_abi_processes_utilization_info {
    uint32_t version, count;
    uint64_t last_seen;
    nvml_abi_process_utilization_info *samples;
} nvml_abi_processes_utilization_info;
NVML_ABI_RECORD(nvml_abi_processes_utilization_info, 24);

typedef struct nvml_abi_attributes {
    uint32_t multiprocessors, copy_engines, decoders, encoders, jpeg_engines, ofa_engines, gpu_slices, compute_slices;
    uint64_t memory_mib;
} nvml_abi_attributes;
NVML_ABI_RECORD(nvml_abi_attributes, 40);
NVML_ABI_PLACE(nvml_abi_attributes, memory_mib, 32);

typedef struct nvml_abi_gpm_support { uint32_t version, is_supported; } nvml_abi_gpm_support;
NVML_ABI_RECORD(nvml_abi_gpm_support, 8);

/// The three texts are the library's own.
typedef struct nvml_abi_gpm_metric {
    uint32_t metric;
    int32_t code;
    double value;
    const char *short_name, *long_name, *unit;
} nvml_abi_gpm_metric;
NVML_ABI_RECORD(nvml_abi_gpm_metric, 40);

/// Its array has as many places as the header of the day knows metrics; only the first `count` are looked at.
typedef struct nvml_abi_gpm_metrics {
    uint32_t version, count;
    nvml_abi_gpm_sample first, second;
    nvml_abi_gpm_metric metrics[];
} nvml_abi_gpm_metrics;
NVML_ABI_RECORD(nvml_abi_gpm_metrics, 24);
/// Enough for the headers that there have been.
enum { NVML_ABI_GPM_PLACES = 1024 };

/// What `nvmlEventSetWait` without a suffix fills.
typedef struct nvml_abi_event_v1 { nvml_abi_device device; uint64_t type, data; } nvml_abi_event_v1;
NVML_ABI_RECORD(nvml_abi_event_v1, 24);

/// `data` is the number of an XID.
typedef struct nvml_abi_event {
    nvml_abi_device device;
    uint64_t type, data;
    uint32_t gpu_instance, compute_instance;
} nvml_abi_event;
NVML_ABI_RECORD(nvml_abi_event, 32);
NVML_ABI_PLACE(nvml_abi_event, data, 16);

typedef struct nvml_abi_license_expiry {
    uint32_t year;
    uint16_t month, day, hour, minute, second;
    uint8_t status;
} nvml_abi_license_expiry;
NVML_ABI_RECORD(nvml_abi_license_expiry, 16);

typedef struct nvml_abi_license {
    uint8_t is_licensed;
    nvml_abi_license_expiry expiry;
    uint32_t state;
} nvml_abi_license;
NVML_ABI_RECORD(nvml_abi_license, 24);
NVML_ABI_PLACE(nvml_abi_license, expiry, 4);
NVML_ABI_PLACE(nvml_abi_license, state, 20);

/// Shares of the physical card, per cent, in values of the type that the call tells.
typedef struct nvml_abi_vgpu_utilization {
    nvml_abi_vgpu vgpu;
    uint64_t time;
    nvml_abi_value sm, memory, encoder, decoder;
} nvml_abi_vgpu_utilization;
NVML_ABI_RECORD(nvml_abi_vgpu_utilization, 48);
NVML_ABI_PLACE(nvml_abi_vgpu_utilization, time, 8);

typedef struct nvml_abi_vgpu_utilization_info {
    uint64_t time;
    nvml_abi_vgpu vgpu;
    nvml_abi_value sm, memory, encoder, decoder, jpeg, ofa;
} nvml_abi_vgpu_utilization_info;
NVML_ABI_RECORD(nvml_abi_vgpu_utilization_info, 64);

typedef struct nvml_abi_vgpus_utilization_info {
    uint32_t version, value_type, count;
    uint64_t last_seen;
    nvml_abi_vgpu_utilization_info *samples;
} nvml_abi_vgpus_utilization_info;
NVML_ABI_RECORD(nvml_abi_vgpus_utilization_info, 32);
NVML_ABI_PLACE(nvml_abi_vgpus_utilization_info, last_seen, 16);

typedef struct nvml_abi_active_vgpus { uint32_t version, count; nvml_abi_vgpu *vgpus; } nvml_abi_active_vgpus;
NVML_ABI_RECORD(nvml_abi_active_vgpus, 16);

#include "NVMLCalls.h"

// The file through which a simulated world tells the simulated libnvidia-ml.so.1 what its cards do: its layout, and how it is written.
//
// The file is a header and two copies of the state. A state is written into the copy that is not in force, then the header's generation goes up by one and puts it in force. Who reads
// looks at the generation before and after: equal means that the copy was whole. Nobody waits for anybody, and a writer that dies leaves the last state whole.
#pragma once
#include "NVMLABI.h"

enum {
    MLT_SIM_VERSION = 1,
    MLT_SIM_CARDS = 16,
    MLT_SIM_PROCESSES = 128,
    MLT_SIM_VGPUS = 32,
    MLT_SIM_MIG_DEVICES = 8,
    MLT_SIM_FIELDS = 192,
    MLT_SIM_FAULTS = 128,
    MLT_SIM_EVENTS = 64,
    MLT_SIM_VGPU_TYPES = 32,
    MLT_SIM_ENCODER_SESSIONS = 16,
    MLT_SIM_PAGES = 32,
    MLT_SIM_GPM_METRICS = 8,
    /// Room for calls that are still to come.
    MLT_SIM_CALLS = 192,
    /// A state that nobody has written for so long is that of a driver which is gone.
    MLT_SIM_SILENCE_SECONDS = 30,
};

/// Positions of calls in tables.
#define MLT_SIM_CALL(symbol, parameters, kind) MLT_SIM_CALL_##symbol,
enum mlt_sim_call { NVML_ABI_CALLS(MLT_SIM_CALL) MLT_SIM_CALL_COUNT };
#undef MLT_SIM_CALL
_Static_assert((int)MLT_SIM_CALL_COUNT <= (int)MLT_SIM_CALLS, "tables of calls are too short");

/// What goes wrong on purpose. A matching fault sleeps, then hangs until it is lifted, then answers its code.
typedef struct mlt_sim_fault {
    /// MLT_SIM_CALL_*, or -1 for all.
    int32_t call;
    /// Or -1 for all.
    int32_t card;
    /// Or -1 to go on as if nothing were wrong.
    int32_t code;
    uint32_t latency_milliseconds;
    uint32_t hangs;
} mlt_sim_fault;

/// Something that happened, known by its microsecond of unix time.
typedef struct mlt_sim_event {
    uint64_t time, type, data;
    uint32_t card, gpu_instance, compute_instance;
} mlt_sim_event;

typedef struct mlt_sim_vgpu_type {
    uint32_t id, max_instances, max_instances_of_vm, frame_rate_limit, display_heads;
    uint64_t framebuffer;
    char name[64];
    char class_name[32];
} mlt_sim_vgpu_type;

typedef struct mlt_sim_process {
    uint32_t pid;
    /// Bits: 1 computes, 2 draws, 4 by the server of MPS.
    uint32_t kinds;
    uint64_t memory;
    uint32_t gpu_instance, compute_instance;
    /// Per cent; `is_active` says whether it did anything at all.
    uint32_t is_active, sm, memory_share, encoder, decoder, jpeg, ofa;
    char name[128];
} mlt_sim_process;

/// Activity in per cent now, and its integral over seconds.
typedef struct mlt_sim_gpm_metric {
    uint32_t metric;
    double value, area;
} mlt_sim_gpm_metric;

typedef struct mlt_sim_gpm {
    uint32_t count;
    mlt_sim_gpm_metric metrics[MLT_SIM_GPM_METRICS];
} mlt_sim_gpm;

typedef struct mlt_sim_mig_device {
    uint32_t gpu_instance, compute_instance;
    char name[96], uuid[96];
    nvml_abi_memory_v2 memory;
    nvml_abi_attributes attributes;
    mlt_sim_gpm gpm;
} mlt_sim_mig_device;

typedef struct mlt_sim_vgpu {
    nvml_abi_vgpu id;
    nvml_abi_vgpu_type type;
    char vm[80], uuid[80], mdev_uuid[80], guest_driver[80], guest_pci_id[20];
    uint32_t vm_kind, frame_rate_limit, ecc_mode, gpu_instance;
    uint64_t framebuffer_used;
    nvml_abi_license license;
    /// Per cent of the card; `is_active` says whether there is a new sample.
    uint32_t is_active, sm, memory, encoder, decoder, jpeg, ofa;
    uint32_t encoder_sessions, encoder_rate, encoder_latency;
} mlt_sim_vgpu;

/// The numbers of a card, which who writes fills in as one record.
#define MLT_SIM_CARD_NUMBERS \
    uint32_t minor, architecture, brand, persistence_mode, compute_mode, virtualization_mode, host_vgpu_mode; \
    int32_t capability_major, capability_minor; \
    nvml_abi_utilization utilization; \
    /* Encoder, decoder, JPEG, OFA: per cent and microseconds. */ \
    uint32_t engines[4], engine_periods[4]; \
    nvml_abi_memory_v2 memory; \
    nvml_abi_bar1 bar1; \
    uint32_t power, power_enforced, power_limit, power_default, power_least, power_most; \
    uint64_t energy; \
    int32_t temperature, margin; \
    /* Below 0 where the card has no such limit. */ \
    int32_t thresholds[NVML_ABI_THRESHOLD_COUNT]; \
    uint32_t clocks[NVML_ABI_CLOCK_COUNT], clocks_max[NVML_ABI_CLOCK_COUNT]; \
    uint64_t reasons, reasons_supported; \
    /* Nanoseconds by kind of policy, and since when. */ \
    uint64_t violations[6], violation_reference; \
    uint32_t performance_state, fan_count, fan_speed; \
    uint32_t ecc_current, ecc_pending; \
    nvml_abi_sram_ecc sram; \
    uint32_t retired_pending; \
    uint32_t remapped[4]; \
    nvml_abi_remapped_rows_v2 remapped_v2; \
    nvml_abi_row_histogram row_histogram; \
    uint32_t pcie_generation, pcie_width, pcie_generation_max, pcie_width_max, pcie_generation_max_of_card, pcie_replays; \
    /* KB a second, sent and received. */ \
    uint32_t pcie_throughput[2]; \
    uint32_t nvlink_count, nvlink_version; \
    uint32_t encoder_rate, encoder_latency; \
    uint32_t mig_current, mig_pending, mig_limit; \
    uint32_t gpm_supported; \
    /* Types that the card can have, and those of which it can have one more, by position. */ \
    uint32_t vgpu_types, vgpu_types_creatable; \
    uint64_t event_types;
typedef struct mlt_sim_card_numbers { MLT_SIM_CARD_NUMBERS } mlt_sim_card_numbers;

typedef struct mlt_sim_card mlt_sim_card;
typedef struct mlt_sim_base mlt_sim_base;
typedef struct mlt_sim_state mlt_sim_state;

// Swift makes tuples of arrays, and would make one of everything here. It knows these by their address.
#ifndef __swift__
struct mlt_sim_card {
    union {
        struct { MLT_SIM_CARD_NUMBERS };
        mlt_sim_card_numbers numbers;
    };
    char name[96], uuid[96], serial[30], vbios[32], part_number[80];
    nvml_abi_pci_info pci;

    /// What the card answers to a call, and what its MIG devices do; 0 to go on.
    uint16_t codes[MLT_SIM_CALLS], mig_codes[MLT_SIM_CALLS];

    /// [kind][counter], and of locations.
    uint64_t ecc_total[2][2], ecc_at[2][2][NVML_ABI_LOCATION_COUNT];
    /// By cause.
    uint32_t retired_count[2];
    uint64_t retired_pages[2][MLT_SIM_PAGES], retired_times[2][MLT_SIM_PAGES];
    uint32_t nvlink_active[NVML_ABI_NVLINK_LIMIT];
    uint64_t nvlink_errors[NVML_ABI_NVLINK_LIMIT][4];

    uint32_t encoder_session_count;
    nvml_abi_encoder_session encoder_sessions[MLT_SIM_ENCODER_SESSIONS];
    uint32_t field_count;
    nvml_abi_field_value fields[MLT_SIM_FIELDS];
    uint32_t process_count;
    mlt_sim_process processes[MLT_SIM_PROCESSES];
    uint32_t mig_count;
    mlt_sim_mig_device mig[MLT_SIM_MIG_DEVICES];
    mlt_sim_gpm gpm;
    uint32_t vgpu_count;
    mlt_sim_vgpu vgpus[MLT_SIM_VGPUS];
};

/// What is not of one card.
struct mlt_sim_base {
    /// Microseconds of unix time, as the world has it.
    uint64_t time;
    uint32_t card_count;
    int32_t cuda_version;
    char driver_version[80], nvml_version[80];
    /// What initialisation answers, and what every call does; 0 to go on.
    int32_t init_code, driver_code;
    /// By call: 1 for those that a library which is loaded now does not have.
    uint8_t absent[MLT_SIM_CALLS];
    uint32_t fault_count;
    mlt_sim_fault faults[MLT_SIM_FAULTS];
    uint32_t event_count;
    mlt_sim_event events[MLT_SIM_EVENTS];
    uint32_t vgpu_type_count;
    mlt_sim_vgpu_type vgpu_types[MLT_SIM_VGPU_TYPES];
};

struct mlt_sim_state {
    mlt_sim_base base;
    mlt_sim_card cards[MLT_SIM_CARDS];
};
#endif

#define MLT_SIM_MAGIC "MLTNVML"
typedef struct mlt_sim_header {
    char magic[8];
    uint32_t version, call_count;
    uint64_t base_bytes, card_bytes;
    /// The lowest bit says which copy is in force; 0 before the first.
    uint64_t generation;
    /// Nanoseconds of CLOCK_BOOTTIME when the state was written.
    uint64_t heartbeat;
    /// 1 when the writer has gone for good.
    uint32_t is_closed;
} mlt_sim_header;
enum { MLT_SIM_HEADER_BYTES = 4096 };
_Static_assert(sizeof(mlt_sim_header) <= MLT_SIM_HEADER_BYTES, "the header is too long");

// MARK: Writing

typedef struct mlt_sim_writer mlt_sim_writer;

/// Makes the file, in place of one that was there. NULL and errno when that fails.
mlt_sim_writer *mlt_sim_open(const char *path);
/// The state to fill in, all zero at first; of the writer's own memory.
mlt_sim_state *mlt_sim_writer_state(mlt_sim_writer *writer);
/// Forgets what was filled in.
void mlt_sim_clear(mlt_sim_writer *writer);
/// Puts what was filled in into force. Returns 0 or -errno.
int mlt_sim_publish(mlt_sim_writer *writer);
/// Says that the driver is gone, and removes the file if it is still the writer's.
void mlt_sim_close(mlt_sim_writer *writer);

/// How many calls there are, the symbol of one, and the position of a symbol, -1 for an unknown one.
int mlt_sim_call_count(void);
const char *mlt_sim_call_name(int call);
int mlt_sim_call_position(const char *symbol);
/// Whether its first parameter is a card.
int mlt_sim_call_is_of_device(int call);

/// The number of a card's vGPU, by its position.
nvml_abi_vgpu mlt_sim_vgpu_id(uint32_t card, uint32_t number);

/// Copies what fits, and a 0. Swift sees arrays of char as tuples.
void mlt_sim_text(char *place, size_t size, const char *text);

/// What is not of one card. The time is in microseconds; codes are 0 to go on.
void mlt_sim_set_machine(
    mlt_sim_state *state, uint64_t time, uint32_t card_count, const char *driver_version, const char *nvml_version, int32_t cuda_version, int32_t code);
/// Takes a call out of the libraries that are loaded from now on.
void mlt_sim_set_absent(mlt_sim_state *state, int call);
/// The card at a position; NULL past the last.
mlt_sim_card *mlt_sim_card_at(mlt_sim_state *state, uint32_t card);
void mlt_sim_set_numbers(mlt_sim_card *card, const mlt_sim_card_numbers *numbers);
void mlt_sim_set_identity(
    mlt_sim_card *card, const char *name, const char *uuid, const char *serial, const char *vbios, const char *part_number);
void mlt_sim_set_bus(mlt_sim_card *card, const char *bus_id, const char *legacy_bus_id, uint32_t bus, uint32_t device_id, uint32_t subsystem_id);
/// What the card, and what its MIG devices answer to a call.
void mlt_sim_set_code(mlt_sim_card *card, int call, uint16_t code, uint16_t mig_code);
void mlt_sim_set_ecc(mlt_sim_card *card, uint32_t kind, uint32_t counter, uint32_t location, uint64_t count);
/// Errors: replays, recoveries, CRC of flow control, CRC of data.
void mlt_sim_set_nvlink(mlt_sim_card *card, uint32_t link, uint32_t is_active, uint64_t replays);
void mlt_sim_add_retired_page(mlt_sim_card *card, uint32_t cause, uint64_t address, uint64_t time);
void mlt_sim_add_field(mlt_sim_card *card, uint32_t field, uint32_t scope, uint32_t value_type, uint64_t value);

// What is appended, to be filled in; NULL when there is no room.
mlt_sim_fault *mlt_sim_add_fault(mlt_sim_state *state);
mlt_sim_event *mlt_sim_add_event(mlt_sim_state *state);
mlt_sim_vgpu_type *mlt_sim_add_vgpu_type(mlt_sim_state *state);
mlt_sim_process *mlt_sim_add_process(mlt_sim_card *card);
mlt_sim_mig_device *mlt_sim_add_mig_device(mlt_sim_card *card);
mlt_sim_vgpu *mlt_sim_add_vgpu(mlt_sim_card *card);
nvml_abi_encoder_session *mlt_sim_add_encoder_session(mlt_sim_card *card);
/// Of the whole card.
mlt_sim_gpm *mlt_sim_gpm_of(mlt_sim_card *card);
mlt_sim_gpm_metric *mlt_sim_add_gpm_metric(mlt_sim_gpm *gpm);

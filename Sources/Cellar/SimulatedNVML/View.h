// A libnvidia-ml.so.1 without a card: NVIDIA's calls, answered from the state that a simulated world writes into the file which MARTLET_SIMULATED_GPU names.
// Made by scripts/build-simulated-nvml and loaded by whoever reads cards: nothing of ours is linked with it, so it is no target of the package.
//
// What the calls share: how they are declared, and what they see of the world.
#pragma once
#include "SimulatedNVMLState.h"

// Every call is declared before it is defined, so that one with other parameters than the published ones does not compile.
#define DECLARE(symbol, parameters, kind) __attribute__((visibility("default"))) int symbol parameters;
NVML_ABI_CALLS(DECLARE)
#undef DECLARE
__attribute__((visibility("default"))) const char *nvmlErrorString(int code);

/// The world as of one moment: what is not of one card, and one card of it.
typedef struct view {
    mlt_sim_base base;
    mlt_sim_card card;
    uint32_t index;
    /// The position of the MIG device that was asked, or -1 for the card itself.
    int mig;
} view;

/// Handles are numbers that say what they mean; a reader that keeps one over a restart of the world keeps the card.
nvml_abi_device handle_of(uint32_t card, int mig);

// What a call does first: it sees the world, suffers the faults that are meant for it, and learns what it must answer. 0 to go on.

/// Of no card.
int view_base(view *view, enum mlt_sim_call call);
/// Of the card at a position.
int view_card(view *view, enum mlt_sim_call call, uint32_t index);
/// Of a handle.
int view_device(view *view, enum mlt_sim_call call, nvml_abi_device device);
/// Of a running vGPU.
int view_vgpu(view *view, enum mlt_sim_call call, nvml_abi_vgpu id, const mlt_sim_vgpu **vgpu);
/// Of a type of vGPU.
int view_type(view *view, enum mlt_sim_call call, nvml_abi_vgpu_type id, const mlt_sim_vgpu_type **type);
/// Another card of the same moment, more or less, for whoever looks for something. Returns 0 when there is none.
int view_next_card(view *view, uint32_t index);

/// Counts who has initialised the library.
int library_start(void);
int library_stop(void);

/// Copies a text into a buffer of the caller.
int give_text(const char *text, char *place, uint32_t size);
/// How many of `count` things there is room for in a list whose length is told in `*room`; the code is what to answer.
int give_count(uint32_t count, uint32_t *room, const void *list);

#define ON_DEVICE(symbol) \
    view view; \
    int code = view_device(&view, MLT_SIM_CALL_##symbol, device); \
    if (code != NVML_ABI_SUCCESS) return code
#define NOT_NULL(pointer) \
    if (!(pointer)) return NVML_ABI_INVALID_ARGUMENT
#define HAS_VERSION(pointer, type, number) \
    NOT_NULL(pointer); \
    if ((pointer)->version != NVML_ABI_VERSION(type, number)) return NVML_ABI_ARGUMENT_VERSION_MISMATCH

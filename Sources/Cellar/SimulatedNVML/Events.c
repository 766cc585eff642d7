// Events: who waits learns what has happened since it last did.
#include "View.h"

#include <pthread.h>
#include <time.h>

enum { SETS = 16, SET_MARK = 0x45560000, NAP_NANOSECONDS = 10000000 };
static struct {
    int is_used;
    /// The last event that was told, and those before the set was made.
    uint64_t seen;
    uint64_t types[MLT_SIM_CARDS];
} sets[SETS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/// The place of a set, or -1. With the lock held.
static int place_of(nvml_abi_event_set set)
{
    uintptr_t place = set & 0xFFFF;
    return (set & ~(nvml_abi_event_set)0xFFFF) == SET_MARK && place < SETS && sets[place].is_used ? (int)place : -1;
}

int nvmlEventSetCreate(nvml_abi_event_set *set)
{
    view view;
    int code = view_base(&view, MLT_SIM_CALL_nvmlEventSetCreate);
    if (code != NVML_ABI_SUCCESS) return code;
    NOT_NULL(set);
    code = NVML_ABI_MEMORY;
    pthread_mutex_lock(&lock);
    for (int place = 0; place < SETS && code != NVML_ABI_SUCCESS; place++) {
        if (sets[place].is_used) continue;
        sets[place].is_used = 1;
        sets[place].seen = view.base.time;
        for (int card = 0; card < MLT_SIM_CARDS; card++) sets[place].types[card] = 0;
        *set = SET_MARK | (unsigned)place;
        code = NVML_ABI_SUCCESS;
    }
    pthread_mutex_unlock(&lock);
    return code;
}

int nvmlEventSetFree(nvml_abi_event_set set)
{
    view view;
    int code = view_base(&view, MLT_SIM_CALL_nvmlEventSetFree);
    if (code == NVML_ABI_UNINITIALIZED) return code;
    pthread_mutex_lock(&lock);
    int place = place_of(set);
    if (place >= 0) sets[place].is_used = 0;
    pthread_mutex_unlock(&lock);
    return place >= 0 ? NVML_ABI_SUCCESS : NVML_ABI_INVALID_ARGUMENT;
}

int nvmlDeviceRegisterEvents(nvml_abi_device device, uint64_t types, nvml_abi_event_set set)
{
    ON_DEVICE(nvmlDeviceRegisterEvents);
    if (types & ~view.card.event_types) return NVML_ABI_NOT_SUPPORTED;
    pthread_mutex_lock(&lock);
    int place = place_of(set);
    if (place >= 0) sets[place].types[view.index] |= types;
    pthread_mutex_unlock(&lock);
    return place >= 0 ? NVML_ABI_SUCCESS : NVML_ABI_INVALID_ARGUMENT;
}

int nvmlDeviceGetSupportedEventTypes(nvml_abi_device device, uint64_t *types)
{
    ON_DEVICE(nvmlDeviceGetSupportedEventTypes);
    NOT_NULL(types);
    *types = view.card.event_types;
    return NVML_ABI_SUCCESS;
}

/// The oldest event that a set has not been told; TIMEOUT when there is none.
static int next(nvml_abi_event_set set, const view *view, nvml_abi_event *event)
{
    pthread_mutex_lock(&lock);
    int place = place_of(set);
    const mlt_sim_event *oldest = NULL;
    for (uint32_t i = 0; place >= 0 && i < view->base.event_count; i++) {
        const mlt_sim_event *candidate = &view->base.events[i];
        if (candidate->card >= MLT_SIM_CARDS || !(sets[place].types[candidate->card] & candidate->type)) continue;
        if (candidate->time > sets[place].seen && (!oldest || candidate->time < oldest->time)) oldest = candidate;
    }
    if (oldest) {
        sets[place].seen = oldest->time;
        *event = (nvml_abi_event){handle_of(oldest->card, -1), oldest->type, oldest->data, oldest->gpu_instance, oldest->compute_instance};
    }
    pthread_mutex_unlock(&lock);
    return place < 0 ? NVML_ABI_INVALID_ARGUMENT : oldest ? NVML_ABI_SUCCESS : NVML_ABI_TIMEOUT;
}

static uint64_t milliseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static int wait_for(enum mlt_sim_call call, nvml_abi_event_set set, nvml_abi_event *event, uint32_t timeout)
{
    uint64_t start = milliseconds_now();
    for (;;) {
        view view;
        int code = view_base(&view, call);
        if (code == NVML_ABI_SUCCESS) code = next(set, &view, event);
        if (code != NVML_ABI_TIMEOUT || milliseconds_now() - start >= timeout) return code;
        nanosleep(&(struct timespec){0, NAP_NANOSECONDS}, NULL);
    }
}

int nvmlEventSetWait_v2(nvml_abi_event_set set, nvml_abi_event *event, uint32_t timeout)
{
    NOT_NULL(event);
    return wait_for(MLT_SIM_CALL_nvmlEventSetWait_v2, set, event, timeout);
}

int nvmlEventSetWait(nvml_abi_event_set set, nvml_abi_event_v1 *event, uint32_t timeout)
{
    NOT_NULL(event);
    nvml_abi_event whole;
    int code = wait_for(MLT_SIM_CALL_nvmlEventSetWait, set, &whole, timeout);
    if (code == NVML_ABI_SUCCESS) *event = (nvml_abi_event_v1){whole.device, whole.type, whole.data};
    return code;
}

// Who works on a card.
#include "View.h"

enum { COMPUTES = 1, DRAWS = 2, BY_MPS = 4 };

/// Whether a process is of what was asked: a card sees all of its own, a MIG device those of its instances.
static int is_of(const view *view, const mlt_sim_process *process, uint32_t kind)
{
    if (!(process->kinds & kind)) return 0;
    if (view->mig < 0) return 1;
    const mlt_sim_mig_device *device = &view->card.mig[view->mig];
    return process->gpu_instance == device->gpu_instance && process->compute_instance == device->compute_instance;
}

static uint32_t count_of(const view *view, uint32_t kind)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < view->card.process_count; i++) count += (uint32_t)is_of(view, &view->card.processes[i], kind);
    return count;
}

static int give(const view *view, uint32_t kind, uint32_t *count, nvml_abi_process *records, nvml_abi_process_v1 *old_records)
{
    int code = give_count(count_of(view, kind), count, records ? (void *)records : (void *)old_records);
    if (code != NVML_ABI_SUCCESS) return code;
    uint32_t place = 0;
    for (uint32_t i = 0; i < view->card.process_count; i++) {
        const mlt_sim_process *process = &view->card.processes[i];
        if (!is_of(view, process, kind)) continue;
        if (records) records[place] = (nvml_abi_process){process->pid, process->memory, process->gpu_instance, process->compute_instance};
        if (old_records) old_records[place] = (nvml_abi_process_v1){process->pid, process->memory};
        place++;
    }
    return NVML_ABI_SUCCESS;
}

#define LIST(symbol, kind) \
    int symbol(nvml_abi_device device, uint32_t *count, nvml_abi_process *records) \
    { \
        ON_DEVICE(symbol); \
        return give(&view, kind, count, records, NULL); \
    }
#define OLD_LIST(symbol, kind) \
    int symbol(nvml_abi_device device, uint32_t *count, nvml_abi_process_v1 *records) \
    { \
        ON_DEVICE(symbol); \
        return give(&view, kind, count, NULL, records); \
    }

LIST(nvmlDeviceGetComputeRunningProcesses_v3, COMPUTES)
LIST(nvmlDeviceGetComputeRunningProcesses_v2, COMPUTES)
OLD_LIST(nvmlDeviceGetComputeRunningProcesses, COMPUTES)
LIST(nvmlDeviceGetGraphicsRunningProcesses_v3, DRAWS)
LIST(nvmlDeviceGetGraphicsRunningProcesses_v2, DRAWS)
OLD_LIST(nvmlDeviceGetGraphicsRunningProcesses, DRAWS)
LIST(nvmlDeviceGetMPSComputeRunningProcesses_v3, BY_MPS)
LIST(nvmlDeviceGetMPSComputeRunningProcesses_v2, BY_MPS)
OLD_LIST(nvmlDeviceGetMPSComputeRunningProcesses, BY_MPS)

static uint32_t active_count(const view *view, uint64_t last_seen)
{
    uint32_t count = 0;
    if (view->base.time <= last_seen) return 0;
    for (uint32_t i = 0; i < view->card.process_count; i++) count += view->card.processes[i].is_active != 0;
    return count;
}

int nvmlDeviceGetProcessUtilization(nvml_abi_device device, nvml_abi_process_utilization *samples, uint32_t *count, uint64_t last_seen)
{
    ON_DEVICE(nvmlDeviceGetProcessUtilization);
    NOT_NULL(count);
    uint32_t active = active_count(&view, last_seen);
    if (active == 0) return NVML_ABI_NOT_FOUND;
    code = give_count(active, count, samples);
    if (code != NVML_ABI_SUCCESS) return code;
    uint32_t place = 0;
    for (uint32_t i = 0; i < view.card.process_count; i++) {
        const mlt_sim_process *process = &view.card.processes[i];
        if (!process->is_active) continue;
        samples[place++] = (nvml_abi_process_utilization){
            process->pid, view.base.time, process->sm, process->memory_share, process->encoder, process->decoder};
    }
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetProcessesUtilizationInfo(nvml_abi_device device, nvml_abi_processes_utilization_info *info)
{
    ON_DEVICE(nvmlDeviceGetProcessesUtilizationInfo);
    HAS_VERSION(info, nvml_abi_processes_utilization_info, 1);
    uint32_t active = active_count(&view, info->last_seen);
    if (active == 0) return NVML_ABI_NOT_FOUND;
    code = give_count(active, &info->count, info->samples);
    if (code != NVML_ABI_SUCCESS) return code;
    uint32_t place = 0;
    for (uint32_t i = 0; i < view.card.process_count; i++) {
        const mlt_sim_process *process = &view.card.processes[i];
        if (!process->is_active) continue;
        info->samples[place++] = (nvml_abi_process_utilization_info){
            view.base.time, process->pid, process->sm, process->memory_share, process->encoder, process->decoder, process->jpeg, process->ofa};
    }
    return NVML_ABI_SUCCESS;
}

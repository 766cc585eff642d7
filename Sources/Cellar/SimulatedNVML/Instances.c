// MIG devices, and activity between two samples.
#include "View.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

int nvmlDeviceIsMigDeviceHandle(nvml_abi_device device, uint32_t *is_mig)
{
    ON_DEVICE(nvmlDeviceIsMigDeviceHandle);
    NOT_NULL(is_mig);
    *is_mig = view.mig >= 0;
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetMigMode(nvml_abi_device device, uint32_t *current, uint32_t *pending)
{
    ON_DEVICE(nvmlDeviceGetMigMode);
    if (!current || !pending) return NVML_ABI_INVALID_ARGUMENT;
    *current = view.card.mig_current;
    *pending = view.card.mig_pending;
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetMaxMigDeviceCount(nvml_abi_device device, uint32_t *count)
{
    ON_DEVICE(nvmlDeviceGetMaxMigDeviceCount);
    NOT_NULL(count);
    *count = view.card.mig_limit;
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetMigDeviceHandleByIndex(nvml_abi_device device, uint32_t index, nvml_abi_device *mig_device)
{
    ON_DEVICE(nvmlDeviceGetMigDeviceHandleByIndex);
    NOT_NULL(mig_device);
    if (view.card.mig_limit == 0) return NVML_ABI_NOT_SUPPORTED;
    if (index >= view.card.mig_limit) return NVML_ABI_INVALID_ARGUMENT;
    if (index >= view.card.mig_count) return NVML_ABI_NOT_FOUND;
    *mig_device = handle_of(view.index, (int)index);
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(nvml_abi_device device, nvml_abi_device *card)
{
    ON_DEVICE(nvmlDeviceGetDeviceHandleFromMigDeviceHandle);
    NOT_NULL(card);
    if (view.mig < 0) return NVML_ABI_INVALID_ARGUMENT;
    *card = handle_of(view.index, -1);
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetGpuInstanceId(nvml_abi_device device, uint32_t *instance)
{
    ON_DEVICE(nvmlDeviceGetGpuInstanceId);
    NOT_NULL(instance);
    if (view.mig < 0) return NVML_ABI_NOT_SUPPORTED;
    *instance = view.card.mig[view.mig].gpu_instance;
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetComputeInstanceId(nvml_abi_device device, uint32_t *instance)
{
    ON_DEVICE(nvmlDeviceGetComputeInstanceId);
    NOT_NULL(instance);
    if (view.mig < 0) return NVML_ABI_NOT_SUPPORTED;
    *instance = view.card.mig[view.mig].compute_instance;
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetAttributes_v2(nvml_abi_device device, nvml_abi_attributes *attributes)
{
    ON_DEVICE(nvmlDeviceGetAttributes_v2);
    NOT_NULL(attributes);
    if (view.mig < 0) return NVML_ABI_NOT_SUPPORTED;
    *attributes = view.card.mig[view.mig].attributes;
    return NVML_ABI_SUCCESS;
}

enum { INSTANCE_MARK = 0x47490000 };

int nvmlDeviceGetGpuInstanceById(nvml_abi_device device, uint32_t id, nvml_abi_gpu_instance *instance)
{
    ON_DEVICE(nvmlDeviceGetGpuInstanceById);
    NOT_NULL(instance);
    for (uint32_t i = 0; i < view.card.mig_count; i++) {
        if (view.card.mig[i].gpu_instance != id || id > 0xFF) continue;
        *instance = INSTANCE_MARK | view.index << 8 | id;
        return NVML_ABI_SUCCESS;
    }
    return NVML_ABI_NOT_FOUND;
}

int nvmlGpuInstanceGetActiveVgpus(nvml_abi_gpu_instance instance, nvml_abi_active_vgpus *list)
{
    if ((instance & ~(nvml_abi_gpu_instance)0xFFFF) != INSTANCE_MARK) return NVML_ABI_INVALID_ARGUMENT;
    view view;
    int code = view_card(&view, MLT_SIM_CALL_nvmlGpuInstanceGetActiveVgpus, (uint32_t)(instance >> 8 & 0xFF));
    if (code != NVML_ABI_SUCCESS) return code;
    HAS_VERSION(list, nvml_abi_active_vgpus, 1);
    uint32_t id = (uint32_t)(instance & 0xFF), count = 0;
    for (uint32_t i = 0; i < view.card.vgpu_count; i++) count += view.card.vgpus[i].gpu_instance == id;
    code = give_count(count, &list->count, list->vgpus);
    if (code != NVML_ABI_SUCCESS) return code;
    for (uint32_t i = 0, place = 0; i < view.card.vgpu_count && list->vgpus; i++)
        if (view.card.vgpus[i].gpu_instance == id) list->vgpus[place++] = view.card.vgpus[i].id;
    return NVML_ABI_SUCCESS;
}

// MARK: Activity

enum { SAMPLES = 256 };
typedef struct sample {
    int is_taken;
    uint64_t time;
    mlt_sim_gpm gpm;
} sample;
/// The samples that there are; handles are their places, so that a wrong one is seen.
static sample *samples[SAMPLES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
enum { SAMPLE_MARK = 0x53410000 };

static sample *sample_of(nvml_abi_gpm_sample handle)
{
    return (handle & ~(nvml_abi_gpm_sample)0xFFFF) == SAMPLE_MARK && (handle & 0xFFFF) < SAMPLES ? samples[handle & 0xFFFF] : NULL;
}

int nvmlGpmQueryDeviceSupport(nvml_abi_device device, nvml_abi_gpm_support *support)
{
    ON_DEVICE(nvmlGpmQueryDeviceSupport);
    NOT_NULL(support);
    if (support->version != 1) return NVML_ABI_ARGUMENT_VERSION_MISMATCH;
    support->is_supported = view.card.gpm_supported;
    return NVML_ABI_SUCCESS;
}

int nvmlGpmSampleAlloc(nvml_abi_gpm_sample *handle)
{
    view view;
    int code = view_base(&view, MLT_SIM_CALL_nvmlGpmSampleAlloc);
    if (code != NVML_ABI_SUCCESS) return code;
    NOT_NULL(handle);
    code = NVML_ABI_MEMORY;
    pthread_mutex_lock(&lock);
    for (uint32_t i = 0; i < SAMPLES; i++) {
        if (samples[i]) continue;
        samples[i] = calloc(1, sizeof(sample));
        if (samples[i]) {
            *handle = SAMPLE_MARK | i;
            code = NVML_ABI_SUCCESS;
        }
        break;
    }
    pthread_mutex_unlock(&lock);
    return code;
}

int nvmlGpmSampleFree(nvml_abi_gpm_sample handle)
{
    view view;
    int code = view_base(&view, MLT_SIM_CALL_nvmlGpmSampleFree);
    if (code == NVML_ABI_UNINITIALIZED) return code;
    pthread_mutex_lock(&lock);
    sample *sample = sample_of(handle);
    if (sample) samples[handle & 0xFFFF] = NULL;
    pthread_mutex_unlock(&lock);
    if (!sample) return NVML_ABI_INVALID_ARGUMENT;
    free(sample);
    return NVML_ABI_SUCCESS;
}

static int take(nvml_abi_gpm_sample handle, uint64_t time, const mlt_sim_gpm *gpm)
{
    pthread_mutex_lock(&lock);
    sample *sample = sample_of(handle);
    if (sample) *sample = (struct sample){1, time, *gpm};
    pthread_mutex_unlock(&lock);
    return sample ? NVML_ABI_SUCCESS : NVML_ABI_INVALID_ARGUMENT;
}

int nvmlGpmSampleGet(nvml_abi_device device, nvml_abi_gpm_sample handle)
{
    ON_DEVICE(nvmlGpmSampleGet);
    if (!view.card.gpm_supported) return NVML_ABI_NOT_SUPPORTED;
    return take(handle, view.base.time, view.mig < 0 ? &view.card.gpm : &view.card.mig[view.mig].gpm);
}

int nvmlGpmMigSampleGet(nvml_abi_device device, uint32_t instance, nvml_abi_gpm_sample handle)
{
    ON_DEVICE(nvmlGpmMigSampleGet);
    if (!view.card.gpm_supported) return NVML_ABI_NOT_SUPPORTED;
    for (uint32_t i = 0; i < view.card.mig_count; i++)
        if (view.card.mig[i].gpu_instance == instance) return take(handle, view.base.time, &view.card.mig[i].gpm);
    return NVML_ABI_INVALID_ARGUMENT;
}

static const mlt_sim_gpm_metric *metric_in(const mlt_sim_gpm *gpm, uint32_t number)
{
    for (uint32_t i = 0; i < gpm->count; i++)
        if (gpm->metrics[i].metric == number) return &gpm->metrics[i];
    return NULL;
}

/// The mean between the two samples; of a world that stands still, what it was all the time.
int nvmlGpmMetricsGet(nvml_abi_gpm_metrics *request)
{
    view view;
    int code = view_base(&view, MLT_SIM_CALL_nvmlGpmMetricsGet);
    if (code != NVML_ABI_SUCCESS) return code;
    NOT_NULL(request);
    if (request->version != 1) return NVML_ABI_ARGUMENT_VERSION_MISMATCH;
    if (request->count > NVML_ABI_GPM_PLACES) return NVML_ABI_INVALID_ARGUMENT;
    sample first = {0}, second = {0};
    pthread_mutex_lock(&lock);
    const sample *one = sample_of(request->first), *other = sample_of(request->second);
    if (one) first = *one;
    if (other) second = *other;
    pthread_mutex_unlock(&lock);
    if (!first.is_taken || !second.is_taken || second.time < first.time) return NVML_ABI_INVALID_ARGUMENT;
    double seconds = (double)(second.time - first.time) / 1e6;
    for (uint32_t i = 0; i < request->count; i++) {
        nvml_abi_gpm_metric *wanted = &request->metrics[i];
        const mlt_sim_gpm_metric *before = metric_in(&first.gpm, wanted->metric), *after = metric_in(&second.gpm, wanted->metric);
        wanted->code = before && after ? NVML_ABI_SUCCESS : NVML_ABI_NOT_SUPPORTED;
        if (wanted->code == NVML_ABI_SUCCESS) wanted->value = seconds > 0 ? (after->area - before->area) / seconds : after->value;
    }
    return NVML_ABI_SUCCESS;
}

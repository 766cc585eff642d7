// vGPUs on the host that has the card.
#include "View.h"

int nvmlDeviceGetActiveVgpus(nvml_abi_device device, uint32_t *count, nvml_abi_vgpu *vgpus)
{
    ON_DEVICE(nvmlDeviceGetActiveVgpus);
    code = give_count(view.card.vgpu_count, count, vgpus);
    for (uint32_t i = 0; code == NVML_ABI_SUCCESS && vgpus && i < *count; i++) vgpus[i] = view.card.vgpus[i].id;
    return code;
}

static int give_types(const view *view, uint32_t which, uint32_t *count, nvml_abi_vgpu_type *types)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < view->base.vgpu_type_count; i++) found += which >> i & 1;
    int code = give_count(found, count, types);
    if (code != NVML_ABI_SUCCESS || !types) return code;
    for (uint32_t i = 0, place = 0; i < view->base.vgpu_type_count; i++)
        if (which >> i & 1) types[place++] = view->base.vgpu_types[i].id;
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetSupportedVgpus(nvml_abi_device device, uint32_t *count, nvml_abi_vgpu_type *types)
{
    ON_DEVICE(nvmlDeviceGetSupportedVgpus);
    return give_types(&view, view.card.vgpu_types, count, types);
}

int nvmlDeviceGetCreatableVgpus(nvml_abi_device device, uint32_t *count, nvml_abi_vgpu_type *types)
{
    ON_DEVICE(nvmlDeviceGetCreatableVgpus);
    return give_types(&view, view.card.vgpu_types_creatable, count, types);
}

// MARK: What they do

static uint32_t active_count(const view *view, uint64_t last_seen)
{
    uint32_t count = 0;
    if (view->base.time <= last_seen) return 0;
    for (uint32_t i = 0; i < view->card.vgpu_count; i++) count += view->card.vgpus[i].is_active != 0;
    return count;
}

/// Without vGPUs a list of none; with vGPUs that did nothing new, no list.
static int give_active(const view *view, uint64_t last_seen, uint32_t *count, const void *list)
{
    NOT_NULL(count);
    if (view->card.vgpu_count == 0) {
        *count = 0;
        return NVML_ABI_SUCCESS;
    }
    uint32_t active = active_count(view, last_seen);
    return active == 0 ? NVML_ABI_NOT_FOUND : give_count(active, count, list);
}

int nvmlDeviceGetVgpuUtilization(nvml_abi_device device, uint64_t last_seen, uint32_t *value_type, uint32_t *count, nvml_abi_vgpu_utilization *samples)
{
    ON_DEVICE(nvmlDeviceGetVgpuUtilization);
    NOT_NULL(value_type);
    code = give_active(&view, last_seen, count, samples);
    if (code == NVML_ABI_SUCCESS || code == NVML_ABI_INSUFFICIENT_SIZE) *value_type = NVML_ABI_VALUE_U32;
    if (code != NVML_ABI_SUCCESS || !samples) return code;
    for (uint32_t i = 0, place = 0; i < view.card.vgpu_count && place < *count; i++) {
        const mlt_sim_vgpu *vgpu = &view.card.vgpus[i];
        if (!vgpu->is_active) continue;
        samples[place++] = (nvml_abi_vgpu_utilization){
            vgpu->id, view.base.time, {.u32 = vgpu->sm}, {.u32 = vgpu->memory}, {.u32 = vgpu->encoder}, {.u32 = vgpu->decoder}};
    }
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetVgpuInstancesUtilizationInfo(nvml_abi_device device, nvml_abi_vgpus_utilization_info *info)
{
    ON_DEVICE(nvmlDeviceGetVgpuInstancesUtilizationInfo);
    HAS_VERSION(info, nvml_abi_vgpus_utilization_info, 1);
    code = give_active(&view, info->last_seen, &info->count, info->samples);
    if (code == NVML_ABI_SUCCESS || code == NVML_ABI_INSUFFICIENT_SIZE) info->value_type = NVML_ABI_VALUE_U32;
    if (code != NVML_ABI_SUCCESS || !info->samples) return code;
    for (uint32_t i = 0, place = 0; i < view.card.vgpu_count && place < info->count; i++) {
        const mlt_sim_vgpu *vgpu = &view.card.vgpus[i];
        if (!vgpu->is_active) continue;
        info->samples[place++] = (nvml_abi_vgpu_utilization_info){
            view.base.time, vgpu->id, {.u32 = vgpu->sm}, {.u32 = vgpu->memory}, {.u32 = vgpu->encoder}, {.u32 = vgpu->decoder}, {.u32 = vgpu->jpeg},
            {.u32 = vgpu->ofa}};
    }
    return NVML_ABI_SUCCESS;
}

// MARK: What one of them is

#define ON_VGPU(symbol) \
    view view; \
    const mlt_sim_vgpu *vgpu = NULL; \
    int code = view_vgpu(&view, MLT_SIM_CALL_##symbol, id, &vgpu); \
    if (code != NVML_ABI_SUCCESS) return code
#define TEXT(symbol, member) \
    int symbol(nvml_abi_vgpu id, char *text, uint32_t size) \
    { \
        ON_VGPU(symbol); \
        return give_text(vgpu->member, text, size); \
    }
#define NUMBER(symbol, type, expression) \
    int symbol(nvml_abi_vgpu id, type *value) \
    { \
        ON_VGPU(symbol); \
        NOT_NULL(value); \
        *value = (expression); \
        return NVML_ABI_SUCCESS; \
    }

int nvmlVgpuInstanceGetVmID(nvml_abi_vgpu id, char *text, uint32_t size, uint32_t *kind)
{
    ON_VGPU(nvmlVgpuInstanceGetVmID);
    NOT_NULL(kind);
    *kind = vgpu->vm_kind;
    return give_text(vgpu->vm, text, size);
}

TEXT(nvmlVgpuInstanceGetUUID, uuid)
TEXT(nvmlVgpuInstanceGetVmDriverVersion, guest_driver)
NUMBER(nvmlVgpuInstanceGetFbUsage, uint64_t, vgpu->framebuffer_used)
NUMBER(nvmlVgpuInstanceGetLicenseInfo_v2, nvml_abi_license, vgpu->license)
NUMBER(nvmlVgpuInstanceGetLicenseStatus, uint32_t, vgpu->license.is_licensed)
NUMBER(nvmlVgpuInstanceGetType, nvml_abi_vgpu_type, vgpu->type)
NUMBER(nvmlVgpuInstanceGetFrameRateLimit, uint32_t, vgpu->frame_rate_limit)
NUMBER(nvmlVgpuInstanceGetEccMode, uint32_t, vgpu->ecc_mode)
NUMBER(nvmlVgpuInstanceGetGpuInstanceId, uint32_t, vgpu->gpu_instance)

/// Where the kernel has no mediated devices there are no UUIDs of any.
int nvmlVgpuInstanceGetMdevUUID(nvml_abi_vgpu id, char *text, uint32_t size)
{
    ON_VGPU(nvmlVgpuInstanceGetMdevUUID);
    return vgpu->mdev_uuid[0] ? give_text(vgpu->mdev_uuid, text, size) : NVML_ABI_NOT_SUPPORTED;
}

int nvmlVgpuInstanceGetEncoderStats(nvml_abi_vgpu id, uint32_t *sessions, uint32_t *rate, uint32_t *latency)
{
    ON_VGPU(nvmlVgpuInstanceGetEncoderStats);
    if (!sessions || !rate || !latency) return NVML_ABI_INVALID_ARGUMENT;
    *sessions = vgpu->encoder_sessions;
    *rate = vgpu->encoder_rate;
    *latency = vgpu->encoder_latency;
    return NVML_ABI_SUCCESS;
}

int nvmlVgpuInstanceGetEncoderSessions(nvml_abi_vgpu id, uint32_t *count, nvml_abi_encoder_session *sessions)
{
    ON_VGPU(nvmlVgpuInstanceGetEncoderSessions);
    NOT_NULL(count);
    uint32_t found = 0, room = sessions ? *count : 0;
    for (uint32_t i = 0; i < view.card.encoder_session_count; i++) {
        if (view.card.encoder_sessions[i].vgpu != id) continue;
        if (found < room) sessions[found] = view.card.encoder_sessions[i];
        found++;
    }
    *count = found;
    return sessions && found > room ? NVML_ABI_INSUFFICIENT_SIZE : NVML_ABI_SUCCESS;
}

/// A text whose length is told through a pointer, which gets the length that it needs.
static int give_sized(const char *text, char *place, uint32_t *size)
{
    NOT_NULL(size);
    uint32_t room = *size, length = 1;
    while (text[length - 1]) length++;
    *size = length;
    return place && length <= room ? give_text(text, place, room) : NVML_ABI_INSUFFICIENT_SIZE;
}

int nvmlVgpuInstanceGetGpuPciId(nvml_abi_vgpu id, char *text, uint32_t *size)
{
    ON_VGPU(nvmlVgpuInstanceGetGpuPciId);
    return give_sized(vgpu->guest_pci_id, text, size);
}

// MARK: Types

#define ON_TYPE(symbol) \
    view view; \
    const mlt_sim_vgpu_type *type = NULL; \
    int code = view_type(&view, MLT_SIM_CALL_##symbol, id, &type); \
    if (code != NVML_ABI_SUCCESS) return code
#define TYPE_TEXT(symbol, member) \
    int symbol(nvml_abi_vgpu_type id, char *text, uint32_t *size) \
    { \
        ON_TYPE(symbol); \
        return give_sized(type->member, text, size); \
    }
#define TYPE_NUMBER(symbol, kind, member) \
    int symbol(nvml_abi_vgpu_type id, kind *value) \
    { \
        ON_TYPE(symbol); \
        NOT_NULL(value); \
        *value = type->member; \
        return NVML_ABI_SUCCESS; \
    }

TYPE_TEXT(nvmlVgpuTypeGetName, name)
TYPE_TEXT(nvmlVgpuTypeGetClass, class_name)
TYPE_NUMBER(nvmlVgpuTypeGetFramebufferSize, uint64_t, framebuffer)
TYPE_NUMBER(nvmlVgpuTypeGetMaxInstancesPerVm, uint32_t, max_instances_of_vm)
TYPE_NUMBER(nvmlVgpuTypeGetFrameRateLimit, uint32_t, frame_rate_limit)
TYPE_NUMBER(nvmlVgpuTypeGetNumDisplayHeads, uint32_t, display_heads)

int nvmlVgpuTypeGetMaxInstances(nvml_abi_device device, nvml_abi_vgpu_type id, uint32_t *count)
{
    ON_DEVICE(nvmlVgpuTypeGetMaxInstances);
    NOT_NULL(count);
    for (uint32_t i = 0; i < view.base.vgpu_type_count; i++) {
        if (view.base.vgpu_types[i].id != id || !(view.card.vgpu_types >> i & 1)) continue;
        *count = view.base.vgpu_types[i].max_instances;
        return NVML_ABI_SUCCESS;
    }
    return NVML_ABI_INVALID_ARGUMENT;
}

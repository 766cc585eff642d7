// Beginning, end, versions, and how cards are found.
#include "View.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int start(enum mlt_sim_call call)
{
    int code = library_start();
    if (code != NVML_ABI_SUCCESS) return code;
    view view;
    code = view_base(&view, call);
    if (code == NVML_ABI_SUCCESS) code = view.base.init_code;
    if (code != NVML_ABI_SUCCESS) library_stop();
    return code;
}

int nvmlInit_v2(void) { return start(MLT_SIM_CALL_nvmlInit_v2); }
int nvmlInit(void) { return start(MLT_SIM_CALL_nvmlInit); }
int nvmlInitWithFlags(uint32_t flags)
{
    (void)flags;
    return start(MLT_SIM_CALL_nvmlInitWithFlags);
}

/// Also when the driver is gone, as it is what one does then.
int nvmlShutdown(void)
{
    view view;
    int code = view_base(&view, MLT_SIM_CALL_nvmlShutdown);
    if (code == NVML_ABI_UNINITIALIZED) return code;
    return library_stop();
}

const char *nvmlErrorString(int code)
{
    switch (code) {
    case NVML_ABI_SUCCESS: return "Success";
    case NVML_ABI_UNINITIALIZED: return "Uninitialized";
    case NVML_ABI_INVALID_ARGUMENT: return "Invalid Argument";
    case NVML_ABI_NOT_SUPPORTED: return "Not Supported";
    case NVML_ABI_NO_PERMISSION: return "Insufficient Permissions";
    case NVML_ABI_NOT_FOUND: return "Not Found";
    case NVML_ABI_INSUFFICIENT_SIZE: return "Insufficient Size";
    case NVML_ABI_DRIVER_NOT_LOADED: return "Driver Not Loaded";
    case NVML_ABI_TIMEOUT: return "Timeout";
    case NVML_ABI_FUNCTION_NOT_FOUND: return "Function Not Found";
    case NVML_ABI_GPU_IS_LOST: return "GPU is lost";
    case NVML_ABI_RESET_REQUIRED: return "GPU requires reset";
    case NVML_ABI_LIB_RM_VERSION_MISMATCH: return "Driver/library version mismatch";
    default: return "Unknown Error";
    }
}

#define ON_BASE(symbol) \
    view view; \
    int code = view_base(&view, MLT_SIM_CALL_##symbol); \
    if (code != NVML_ABI_SUCCESS) return code

int nvmlSystemGetDriverVersion(char *text, uint32_t size)
{
    ON_BASE(nvmlSystemGetDriverVersion);
    return give_text(view.base.driver_version, text, size);
}

int nvmlSystemGetNVMLVersion(char *text, uint32_t size)
{
    ON_BASE(nvmlSystemGetNVMLVersion);
    return give_text(view.base.nvml_version, text, size);
}

int nvmlSystemGetCudaDriverVersion_v2(int32_t *version)
{
    ON_BASE(nvmlSystemGetCudaDriverVersion_v2);
    NOT_NULL(version);
    *version = view.base.cuda_version;
    return NVML_ABI_SUCCESS;
}

int nvmlSystemGetCudaDriverVersion(int32_t *version)
{
    ON_BASE(nvmlSystemGetCudaDriverVersion);
    NOT_NULL(version);
    *version = view.base.cuda_version;
    return NVML_ABI_SUCCESS;
}

int nvmlSystemGetProcessName(uint32_t pid, char *text, uint32_t size)
{
    ON_BASE(nvmlSystemGetProcessName);
    NOT_NULL(text);
    if (size == 0) return NVML_ABI_INVALID_ARGUMENT;
    for (uint32_t index = 0; view_next_card(&view, index); index++) {
        for (uint32_t i = 0; i < view.card.process_count; i++) {
            if (view.card.processes[i].pid != pid) continue;
            // The one text that is cut rather than refused.
            mlt_sim_text(text, size, view.card.processes[i].name);
            return NVML_ABI_SUCCESS;
        }
    }
    return NVML_ABI_NOT_FOUND;
}

// MARK: Cards

int nvmlDeviceGetCount_v2(uint32_t *count)
{
    ON_BASE(nvmlDeviceGetCount_v2);
    NOT_NULL(count);
    *count = view.base.card_count;
    return NVML_ABI_SUCCESS;
}

int nvmlDeviceGetCount(uint32_t *count)
{
    ON_BASE(nvmlDeviceGetCount);
    NOT_NULL(count);
    *count = view.base.card_count;
    return NVML_ABI_SUCCESS;
}

static int by_index(enum mlt_sim_call call, uint32_t index, nvml_abi_device *device)
{
    NOT_NULL(device);
    view view;
    int code = view_card(&view, call, index);
    if (code == NVML_ABI_SUCCESS) *device = handle_of(index, -1);
    return code;
}

int nvmlDeviceGetHandleByIndex_v2(uint32_t index, nvml_abi_device *device) { return by_index(MLT_SIM_CALL_nvmlDeviceGetHandleByIndex_v2, index, device); }
int nvmlDeviceGetHandleByIndex(uint32_t index, nvml_abi_device *device) { return by_index(MLT_SIM_CALL_nvmlDeviceGetHandleByIndex, index, device); }

/// What of a card, or of a MIG device on it, a text names.
typedef int (*is_named)(const mlt_sim_card *card, int mig, const char *text);

static int is_of_uuid(const mlt_sim_card *card, int mig, const char *text) { return strcmp(mig < 0 ? card->uuid : card->mig[mig].uuid, text) == 0; }
static int is_of_serial(const mlt_sim_card *card, int mig, const char *text) { return mig < 0 && strcmp(card->serial, text) == 0; }

/// Numbers of buses come with four or eight digits of the domain.
static int is_of_bus(const mlt_sim_card *card, int mig, const char *text)
{
    return mig < 0 && (strcasecmp(card->pci.bus_id, text) == 0 || strcasecmp(card->pci.legacy_bus_id, text) == 0);
}

static int by_name(enum mlt_sim_call call, const char *text, nvml_abi_device *device, is_named is_named)
{
    view view;
    int code = view_base(&view, call);
    if (code != NVML_ABI_SUCCESS) return code;
    if (!text || !device) return NVML_ABI_INVALID_ARGUMENT;
    for (uint32_t index = 0; view_next_card(&view, index); index++) {
        for (int mig = -1; mig < (int)view.card.mig_count; mig++) {
            if (!is_named(&view.card, mig, text)) continue;
            code = view_card(&view, call, index);
            if (code == NVML_ABI_SUCCESS) *device = handle_of(index, mig);
            return code;
        }
    }
    return NVML_ABI_NOT_FOUND;
}

int nvmlDeviceGetHandleByUUID(const char *uuid, nvml_abi_device *device)
{
    return by_name(MLT_SIM_CALL_nvmlDeviceGetHandleByUUID, uuid, device, is_of_uuid);
}

int nvmlDeviceGetHandleBySerial(const char *serial, nvml_abi_device *device)
{
    return by_name(MLT_SIM_CALL_nvmlDeviceGetHandleBySerial, serial, device, is_of_serial);
}

int nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, nvml_abi_device *device)
{
    return by_name(MLT_SIM_CALL_nvmlDeviceGetHandleByPciBusId_v2, bus_id, device, is_of_bus);
}

int nvmlDeviceGetHandleByPciBusId(const char *bus_id, nvml_abi_device *device)
{
    return by_name(MLT_SIM_CALL_nvmlDeviceGetHandleByPciBusId, bus_id, device, is_of_bus);
}

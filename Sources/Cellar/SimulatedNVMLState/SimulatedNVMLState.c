#define _GNU_SOURCE
#include "SimulatedNVMLState.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct mlt_sim_writer {
    int descriptor;
    char *path;
    dev_t device;
    ino_t inode;
    mlt_sim_header header;
    mlt_sim_state state;
};

static int put(int descriptor, const void *bytes, size_t size, off_t offset)
{
    const char *rest = bytes;
    while (size > 0) {
        ssize_t written = pwrite(descriptor, rest, size, offset);
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return -errno;
        rest += written;
        offset += written;
        size -= (size_t)written;
    }
    return 0;
}

mlt_sim_writer *mlt_sim_open(const char *path)
{
    mlt_sim_writer *writer = calloc(1, sizeof *writer);
    char *name = writer ? strdup(path) : NULL;
    char *candidate = NULL;
    if (!name || asprintf(&candidate, "%s.%ld.new", path, (long)getpid()) < 0) {
        free(name);
        free(writer);
        errno = ENOMEM;
        return NULL;
    }
    writer->path = name;
    writer->descriptor = open(candidate, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    memcpy(writer->header.magic, MLT_SIM_MAGIC, sizeof MLT_SIM_MAGIC);
    writer->header.version = MLT_SIM_VERSION;
    writer->header.call_count = MLT_SIM_CALL_COUNT;
    writer->header.base_bytes = sizeof(mlt_sim_base);
    writer->header.card_bytes = sizeof(mlt_sim_card);
    struct stat status;
    // Whole before it has its name: a library never sees a file that is too short.
    int failed = writer->descriptor < 0 || ftruncate(writer->descriptor, (off_t)(MLT_SIM_HEADER_BYTES + 2 * sizeof(mlt_sim_state))) != 0
        || fstat(writer->descriptor, &status) != 0;
    if (!failed) {
        int code = put(writer->descriptor, &writer->header, sizeof writer->header, 0);
        if (code != 0) errno = -code;
        failed = code != 0 || rename(candidate, path) != 0;
    }
    if (failed) {
        int reason = errno;
        if (writer->descriptor >= 0) {
            close(writer->descriptor);
            unlink(candidate);
        }
        free(candidate);
        free(name);
        free(writer);
        errno = reason;
        return NULL;
    }
    free(candidate);
    writer->device = status.st_dev;
    writer->inode = status.st_ino;
    return writer;
}

mlt_sim_state *mlt_sim_writer_state(mlt_sim_writer *writer) { return &writer->state; }
void mlt_sim_clear(mlt_sim_writer *writer) { memset(&writer->state, 0, sizeof writer->state); }

int mlt_sim_publish(mlt_sim_writer *writer)
{
    uint64_t next = writer->header.generation + 1;
    off_t copy = (off_t)(MLT_SIM_HEADER_BYTES + (next & 1) * sizeof(mlt_sim_state));
    uint32_t cards = writer->state.base.card_count < MLT_SIM_CARDS ? writer->state.base.card_count : MLT_SIM_CARDS;
    int code = put(writer->descriptor, &writer->state, offsetof(mlt_sim_state, cards) + cards * sizeof(mlt_sim_card), copy);
    if (code != 0) return code;
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    writer->header.heartbeat = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    writer->header.generation = next;
    return put(writer->descriptor, &writer->header, sizeof writer->header, 0);
}

void mlt_sim_close(mlt_sim_writer *writer)
{
    writer->header.is_closed = 1;
    put(writer->descriptor, &writer->header, sizeof writer->header, 0);
    struct stat status;
    if (stat(writer->path, &status) == 0 && status.st_dev == writer->device && status.st_ino == writer->inode) unlink(writer->path);
    close(writer->descriptor);
    free(writer->path);
    free(writer);
}

#define NAME(symbol, parameters, kind) #symbol,
static const char *const names[] = {NVML_ABI_CALLS(NAME)};
enum { SYSTEM, DEVICE, VGPU, TYPE, OTHER };
#define KIND(symbol, parameters, kind) kind,
static const int kinds[] = {NVML_ABI_CALLS(KIND)};

int mlt_sim_call_count(void) { return MLT_SIM_CALL_COUNT; }
const char *mlt_sim_call_name(int call) { return call >= 0 && call < MLT_SIM_CALL_COUNT ? names[call] : NULL; }
int mlt_sim_call_is_of_device(int call) { return call >= 0 && call < MLT_SIM_CALL_COUNT && kinds[call] == DEVICE; }

int mlt_sim_call_position(const char *symbol)
{
    for (int call = 0; call < MLT_SIM_CALL_COUNT; call++)
        if (strcmp(names[call], symbol) == 0) return call;
    return -1;
}

nvml_abi_vgpu mlt_sim_vgpu_id(uint32_t card, uint32_t number) { return 0xC1D00000u | (card & 0xFF) << 12 | (number & 0xFFF); }

void mlt_sim_text(char *place, size_t size, const char *text)
{
    size_t length = strlen(text);
    if (length >= size) length = size - 1;
    memcpy(place, text, length);
    place[length] = 0;
}

#define APPENDED(list, count, limit) ((count) < (limit) ? &(list)[(count)++] : NULL)

mlt_sim_card *mlt_sim_card_at(mlt_sim_state *state, uint32_t card) { return card < MLT_SIM_CARDS ? &state->cards[card] : NULL; }
mlt_sim_fault *mlt_sim_add_fault(mlt_sim_state *state) { return APPENDED(state->base.faults, state->base.fault_count, MLT_SIM_FAULTS); }
mlt_sim_event *mlt_sim_add_event(mlt_sim_state *state) { return APPENDED(state->base.events, state->base.event_count, MLT_SIM_EVENTS); }
mlt_sim_vgpu_type *mlt_sim_add_vgpu_type(mlt_sim_state *state)
{
    return APPENDED(state->base.vgpu_types, state->base.vgpu_type_count, MLT_SIM_VGPU_TYPES);
}
mlt_sim_process *mlt_sim_add_process(mlt_sim_card *card) { return APPENDED(card->processes, card->process_count, MLT_SIM_PROCESSES); }
mlt_sim_mig_device *mlt_sim_add_mig_device(mlt_sim_card *card) { return APPENDED(card->mig, card->mig_count, MLT_SIM_MIG_DEVICES); }
mlt_sim_vgpu *mlt_sim_add_vgpu(mlt_sim_card *card) { return APPENDED(card->vgpus, card->vgpu_count, MLT_SIM_VGPUS); }
mlt_sim_gpm *mlt_sim_gpm_of(mlt_sim_card *card) { return &card->gpm; }
nvml_abi_encoder_session *mlt_sim_add_encoder_session(mlt_sim_card *card)
{
    return APPENDED(card->encoder_sessions, card->encoder_session_count, MLT_SIM_ENCODER_SESSIONS);
}
mlt_sim_gpm_metric *mlt_sim_add_gpm_metric(mlt_sim_gpm *gpm) { return APPENDED(gpm->metrics, gpm->count, MLT_SIM_GPM_METRICS); }

void mlt_sim_add_retired_page(mlt_sim_card *card, uint32_t cause, uint64_t address, uint64_t time)
{
    if (cause > 1 || card->retired_count[cause] >= MLT_SIM_PAGES) return;
    uint32_t number = card->retired_count[cause]++;
    card->retired_pages[cause][number] = address;
    card->retired_times[cause][number] = time;
}

void mlt_sim_set_ecc(mlt_sim_card *card, uint32_t kind, uint32_t counter, uint32_t location, uint64_t count)
{
    if (kind > 1 || counter > 1 || location >= NVML_ABI_LOCATION_COUNT) return;
    card->ecc_total[kind][counter] += count - card->ecc_at[kind][counter][location];
    card->ecc_at[kind][counter][location] = count;
}

void mlt_sim_set_nvlink(mlt_sim_card *card, uint32_t link, uint32_t is_active, uint64_t replays)
{
    if (link >= NVML_ABI_NVLINK_LIMIT) return;
    card->nvlink_active[link] = is_active;
    card->nvlink_errors[link][NVML_ABI_NVLINK_REPLAYS] = replays;
}

void mlt_sim_add_field(mlt_sim_card *card, uint32_t field, uint32_t scope, uint32_t value_type, uint64_t value)
{
    nvml_abi_field_value *place = APPENDED(card->fields, card->field_count, MLT_SIM_FIELDS);
    if (!place) return;
    *place = (nvml_abi_field_value){.field = field, .scope = scope, .value_type = value_type};
    // Who reads takes the member that the type names.
    switch (value_type) {
    case NVML_ABI_VALUE_U32: place->value.u32 = (uint32_t)value; break;
    case NVML_ABI_VALUE_S32: place->value.s32 = (int32_t)value; break;
    default: place->value.u64 = value; break;
    }
}

void mlt_sim_set_machine(
    mlt_sim_state *state, uint64_t time, uint32_t card_count, const char *driver_version, const char *nvml_version, int32_t cuda_version, int32_t code)
{
    mlt_sim_base *base = &state->base;
    base->time = time;
    base->card_count = card_count < MLT_SIM_CARDS ? card_count : MLT_SIM_CARDS;
    base->cuda_version = cuda_version;
    base->init_code = base->driver_code = code;
    mlt_sim_text(base->driver_version, sizeof base->driver_version, driver_version);
    mlt_sim_text(base->nvml_version, sizeof base->nvml_version, nvml_version);
}

void mlt_sim_set_absent(mlt_sim_state *state, int call)
{
    if (call >= 0 && call < MLT_SIM_CALL_COUNT) state->base.absent[call] = 1;
}

void mlt_sim_set_numbers(mlt_sim_card *card, const mlt_sim_card_numbers *numbers) { card->numbers = *numbers; }

void mlt_sim_set_identity(
    mlt_sim_card *card, const char *name, const char *uuid, const char *serial, const char *vbios, const char *part_number)
{
    mlt_sim_text(card->name, sizeof card->name, name);
    mlt_sim_text(card->uuid, sizeof card->uuid, uuid);
    mlt_sim_text(card->serial, sizeof card->serial, serial);
    mlt_sim_text(card->vbios, sizeof card->vbios, vbios);
    mlt_sim_text(card->part_number, sizeof card->part_number, part_number);
}

void mlt_sim_set_bus(mlt_sim_card *card, const char *bus_id, const char *legacy_bus_id, uint32_t bus, uint32_t device_id, uint32_t subsystem_id)
{
    card->pci.bus = bus;
    card->pci.device_id = device_id;
    card->pci.subsystem_id = subsystem_id;
    mlt_sim_text(card->pci.bus_id, sizeof card->pci.bus_id, bus_id);
    mlt_sim_text(card->pci.legacy_bus_id, sizeof card->pci.legacy_bus_id, legacy_bus_id);
}

void mlt_sim_set_code(mlt_sim_card *card, int call, uint16_t code, uint16_t mig_code)
{
    if (call < 0 || call >= MLT_SIM_CALL_COUNT) return;
    card->codes[call] = code;
    card->mig_codes[call] = mig_code;
}

// Reads the state file. By pread, not by a mapping: a file that somebody cuts short is then an error and not the end of the program.
#define _GNU_SOURCE
#include "View.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_int users;
/// The state file. Once open it stays so, under the same number: a call that hangs may read it at any time.
static atomic_int descriptor = -1;

enum { TRIES = 200, NAP_MILLISECONDS = 20 };

static void nap(uint64_t milliseconds)
{
    struct timespec rest = {(time_t)(milliseconds / 1000), (long)(milliseconds % 1000) * 1000000};
    while (nanosleep(&rest, &rest) != 0 && errno == EINTR) {}
}

static int get(int file, void *bytes, size_t size, off_t offset)
{
    char *rest = bytes;
    while (size > 0) {
        ssize_t got = pread(file, rest, size, offset);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return 0;
        rest += got;
        offset += got;
        size -= (size_t)got;
    }
    return 1;
}

/// The header, if it is one of ours and somebody still writes.
static int get_header(int file, mlt_sim_header *header)
{
    if (!get(file, header, sizeof *header, 0)) return 0;
    if (memcmp(header->magic, MLT_SIM_MAGIC, sizeof MLT_SIM_MAGIC) != 0 || header->version != MLT_SIM_VERSION) return 0;
    if (header->call_count != MLT_SIM_CALL_COUNT || header->base_bytes != sizeof(mlt_sim_base) || header->card_bytes != sizeof(mlt_sim_card)) return 0;
    if (header->is_closed || header->generation == 0) return 0;
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    uint64_t nanoseconds = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    return nanoseconds < header->heartbeat || nanoseconds - header->heartbeat < MLT_SIM_SILENCE_SECONDS * 1000000000ull;
}

#define AT_MOST(count, limit) ((count) = (count) < (limit) ? (count) : (limit))
#define END(text) ((text)[sizeof(text) - 1] = 0)

/// Whatever stands in the file: no list is longer than its room, every text ends.
static void tame_base(mlt_sim_base *base)
{
    AT_MOST(base->card_count, MLT_SIM_CARDS);
    AT_MOST(base->fault_count, MLT_SIM_FAULTS);
    AT_MOST(base->event_count, MLT_SIM_EVENTS);
    AT_MOST(base->vgpu_type_count, MLT_SIM_VGPU_TYPES);
    END(base->driver_version);
    END(base->nvml_version);
    for (uint32_t i = 0; i < base->vgpu_type_count; i++) {
        END(base->vgpu_types[i].name);
        END(base->vgpu_types[i].class_name);
    }
}

static void tame_card(mlt_sim_card *card)
{
    AT_MOST(card->retired_count[0], MLT_SIM_PAGES);
    AT_MOST(card->retired_count[1], MLT_SIM_PAGES);
    AT_MOST(card->nvlink_count, NVML_ABI_NVLINK_LIMIT);
    AT_MOST(card->encoder_session_count, MLT_SIM_ENCODER_SESSIONS);
    AT_MOST(card->field_count, MLT_SIM_FIELDS);
    AT_MOST(card->process_count, MLT_SIM_PROCESSES);
    AT_MOST(card->mig_count, MLT_SIM_MIG_DEVICES);
    AT_MOST(card->vgpu_count, MLT_SIM_VGPUS);
    AT_MOST(card->gpm.count, MLT_SIM_GPM_METRICS);
    END(card->name);
    END(card->uuid);
    END(card->serial);
    END(card->vbios);
    END(card->part_number);
    END(card->pci.bus_id);
    END(card->pci.legacy_bus_id);
    for (uint32_t i = 0; i < card->process_count; i++) END(card->processes[i].name);
    for (uint32_t i = 0; i < card->mig_count; i++) {
        END(card->mig[i].name);
        END(card->mig[i].uuid);
        AT_MOST(card->mig[i].gpm.count, MLT_SIM_GPM_METRICS);
    }
    for (uint32_t i = 0; i < card->vgpu_count; i++) {
        END(card->vgpus[i].vm);
        END(card->vgpus[i].uuid);
        END(card->vgpus[i].mdev_uuid);
        END(card->vgpus[i].guest_driver);
        END(card->vgpus[i].guest_pci_id);
    }
}

/// Reads base and, for a position that there is, the card, both of one generation.
static int read_view(view *view, int64_t card)
{
    int file = atomic_load(&descriptor);
    if (file < 0) return NVML_ABI_DRIVER_NOT_LOADED;
    for (int try = 0; try < TRIES; try++) {
        mlt_sim_header before, after;
        if (!get_header(file, &before)) return NVML_ABI_DRIVER_NOT_LOADED;
        off_t copy = (off_t)(MLT_SIM_HEADER_BYTES + (before.generation & 1) * sizeof(mlt_sim_state));
        if (!get(file, &view->base, sizeof view->base, copy)) return NVML_ABI_DRIVER_NOT_LOADED;
        int has_card = card >= 0 && card < MLT_SIM_CARDS && card < view->base.card_count;
        if (has_card) {
            off_t place = copy + (off_t)(offsetof(mlt_sim_state, cards) + (size_t)card * sizeof(mlt_sim_card));
            if (!get(file, &view->card, sizeof view->card, place)) return NVML_ABI_DRIVER_NOT_LOADED;
        }
        if (!get(file, &after, sizeof after, 0)) return NVML_ABI_DRIVER_NOT_LOADED;
        if (before.generation != after.generation) continue;
        tame_base(&view->base);
        if (has_card) tame_card(&view->card);
        view->index = has_card ? (uint32_t)card : 0;
        view->mig = -1;
        return card < 0 || has_card ? NVML_ABI_SUCCESS : NVML_ABI_INVALID_ARGUMENT;
    }
    return NVML_ABI_UNKNOWN;
}

static const mlt_sim_fault *fault_in(const mlt_sim_base *base, enum mlt_sim_call call, int64_t card)
{
    for (uint32_t i = 0; i < base->fault_count; i++) {
        const mlt_sim_fault *fault = &base->faults[i];
        if ((fault->call == -1 || fault->call == (int32_t)call) && (fault->card == -1 || fault->card == card)) return fault;
    }
    return NULL;
}

/// Sees the world and suffers: sleeps, and hangs for as long as a fault says so.
static int see(view *view, enum mlt_sim_call call, int64_t card)
{
    int has_slept = 0;
    for (;;) {
        int code = read_view(view, card);
        if (code != NVML_ABI_SUCCESS) return code;
        const mlt_sim_fault *fault = fault_in(&view->base, call, card);
        if (fault && fault->latency_milliseconds > 0 && !has_slept) {
            has_slept = 1;
            nap(fault->latency_milliseconds);
            continue;
        }
        if (fault && fault->hangs) {
            nap(NAP_MILLISECONDS);
            continue;
        }
        if (view->base.driver_code != 0) return view->base.driver_code;
        return fault && fault->code >= 0 ? fault->code : NVML_ABI_SUCCESS;
    }
}

int view_base(view *view, enum mlt_sim_call call)
{
    if (atomic_load(&users) == 0) return NVML_ABI_UNINITIALIZED;
    return see(view, call, -1);
}

int view_card(view *view, enum mlt_sim_call call, uint32_t index)
{
    if (atomic_load(&users) == 0) return NVML_ABI_UNINITIALIZED;
    int code = see(view, call, index);
    return code != NVML_ABI_SUCCESS ? code : view->card.codes[call];
}

enum { HANDLE_MARK = 0x4E560000 };

nvml_abi_device handle_of(uint32_t card, int mig) { return HANDLE_MARK | card << 8 | (uint32_t)(mig + 1); }

int view_device(view *view, enum mlt_sim_call call, nvml_abi_device device)
{
    if (atomic_load(&users) == 0) return NVML_ABI_UNINITIALIZED;
    if ((device & ~(nvml_abi_device)0xFFFF) != HANDLE_MARK) return NVML_ABI_INVALID_ARGUMENT;
    int code = see(view, call, (int64_t)(device >> 8 & 0xFF));
    if (code != NVML_ABI_SUCCESS) return code;
    view->mig = (int)(device & 0xFF) - 1;
    if (view->mig < 0) return view->card.codes[call];
    if (view->mig >= (int)view->card.mig_count) return NVML_ABI_INVALID_ARGUMENT;
    return view->card.mig_codes[call];
}

int view_next_card(view *view, uint32_t index) { return read_view(view, index) == NVML_ABI_SUCCESS; }

int view_vgpu(view *view, enum mlt_sim_call call, nvml_abi_vgpu id, const mlt_sim_vgpu **vgpu)
{
    if (atomic_load(&users) == 0) return NVML_ABI_UNINITIALIZED;
    if (id == 0) return NVML_ABI_INVALID_ARGUMENT;
    uint32_t card = id >> 12 & 0xFF;
    if (id != mlt_sim_vgpu_id(card, id)) return NVML_ABI_NOT_FOUND;
    int code = see(view, call, card);
    // A card that is not there, and not a fault with that code.
    if (code == NVML_ABI_INVALID_ARGUMENT && card >= view->base.card_count) return NVML_ABI_NOT_FOUND;
    if (code != NVML_ABI_SUCCESS) return code;
    if (view->card.codes[call] != 0) return view->card.codes[call];
    for (uint32_t i = 0; i < view->card.vgpu_count; i++) {
        if (view->card.vgpus[i].id != id) continue;
        *vgpu = &view->card.vgpus[i];
        return NVML_ABI_SUCCESS;
    }
    return NVML_ABI_NOT_FOUND;
}

int view_type(view *view, enum mlt_sim_call call, nvml_abi_vgpu_type id, const mlt_sim_vgpu_type **type)
{
    int code = view_base(view, call);
    if (code != NVML_ABI_SUCCESS) return code;
    for (uint32_t i = 0; i < view->base.vgpu_type_count; i++) {
        if (view->base.vgpu_types[i].id != id) continue;
        *type = &view->base.vgpu_types[i];
        return NVML_ABI_SUCCESS;
    }
    return NVML_ABI_INVALID_ARGUMENT;
}

// MARK: Beginning and end

/// Opens the file anew, as a world that was started again has another one of the same name.
static int open_state(void)
{
    const char *path = getenv("MARTLET_SIMULATED_GPU");
    if (!path || !*path) return NVML_ABI_DRIVER_NOT_LOADED;
    // Not blocking, in case somebody names a pipe.
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) return errno == EACCES ? NVML_ABI_NO_PERMISSION : NVML_ABI_DRIVER_NOT_LOADED;
    struct stat status;
    mlt_sim_header header;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode) || !get_header(file, &header)) {
        close(file);
        return NVML_ABI_DRIVER_NOT_LOADED;
    }
    int old = atomic_load(&descriptor);
    if (old < 0) {
        atomic_store(&descriptor, file);
        return NVML_ABI_SUCCESS;
    }
    int code = dup3(file, old, O_CLOEXEC) < 0 ? NVML_ABI_OPERATING_SYSTEM : NVML_ABI_SUCCESS;
    close(file);
    return code;
}

int library_start(void)
{
    pthread_mutex_lock(&lock);
    int code = atomic_load(&users) > 0 ? NVML_ABI_SUCCESS : open_state();
    if (code == NVML_ABI_SUCCESS) atomic_fetch_add(&users, 1);
    pthread_mutex_unlock(&lock);
    return code;
}

int library_stop(void)
{
    pthread_mutex_lock(&lock);
    int code = atomic_load(&users) > 0 ? NVML_ABI_SUCCESS : NVML_ABI_UNINITIALIZED;
    if (code == NVML_ABI_SUCCESS) atomic_fetch_sub(&users, 1);
    pthread_mutex_unlock(&lock);
    return code;
}

int give_text(const char *text, char *place, uint32_t size)
{
    NOT_NULL(place);
    size_t length = strlen(text) + 1;
    if (length > size) return NVML_ABI_INSUFFICIENT_SIZE;
    memcpy(place, text, length);
    return NVML_ABI_SUCCESS;
}

int give_count(uint32_t count, uint32_t *room, const void *list)
{
    NOT_NULL(room);
    uint32_t places = list ? *room : 0;
    *room = count;
    return count > places ? NVML_ABI_INSUFFICIENT_SIZE : NVML_ABI_SUCCESS;
}

// Lets a driver be older than this library: as it is loaded, the symbols that the older driver does not have are taken out of its table, so that dlsym finds none, whoever asks.
#define _GNU_SOURCE
#include "View.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern ElfW(Dyn) _DYNAMIC[] __attribute__((visibility("hidden")));
extern const char __ehdr_start __attribute__((visibility("hidden")));

/// The loader has made addresses of some of these already.
static void *address_of(ElfW(Addr) value)
{
    ElfW(Addr) start = (ElfW(Addr))&__ehdr_start;
    return (void *)(value < start ? start + value : value);
}

static void hide(const char *name)
{
    ElfW(Sym) *symbols = NULL;
    const char *names = NULL;
    const uint32_t *hash = NULL;
    for (const ElfW(Dyn) *entry = _DYNAMIC; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == DT_SYMTAB) symbols = address_of(entry->d_un.d_ptr);
        if (entry->d_tag == DT_STRTAB) names = address_of(entry->d_un.d_ptr);
        if (entry->d_tag == DT_HASH) hash = address_of(entry->d_un.d_ptr);
    }
    if (!symbols || !names || !hash) return;
    // The second word of the old kind of hash table is how many symbols there are.
    for (uint32_t i = 1; i < hash[1]; i++) {
        if (strcmp(names + symbols[i].st_name, name) != 0) continue;
        uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
        uintptr_t first = (uintptr_t)&symbols[i] & ~(page - 1);
        size_t size = ((uintptr_t)&symbols[i] + sizeof *symbols) - first;
        if (mprotect((void *)first, size, PROT_READ | PROT_WRITE) != 0) return;
        symbols[i].st_value = 0;
        symbols[i].st_shndx = SHN_UNDEF;
        mprotect((void *)first, size, PROT_READ);
        return;
    }
}

/// Those of the variable, with commas between, and those of the state file.
__attribute__((constructor)) static void hide_absent(void)
{
    const char *list = getenv("MARTLET_SIMULATED_GPU_ABSENT");
    while (list && *list) {
        char name[128];
        size_t length = strcspn(list, ",");
        if (length > 0 && length < sizeof name) {
            memcpy(name, list, length);
            name[length] = 0;
            hide(name);
        }
        list += length + (list[length] == ',');
    }
    static view view;
    if (library_start() != NVML_ABI_SUCCESS) return;
    if (view_next_card(&view, 0)) {
        for (int call = 0; call < MLT_SIM_CALL_COUNT; call++)
            if (view.base.absent[call]) hide(mlt_sim_call_name(call));
    }
    library_stop();
}

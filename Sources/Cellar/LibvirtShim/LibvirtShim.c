#include "LibvirtShim.h"

#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_MEMBER(result, failed, door, symbol, parameters, arguments) __typeof__(&symbol) symbol;
#define VOID_MEMBER(door, symbol, parameters, arguments) __typeof__(&symbol) symbol;
struct mlt_virt {
    __typeof__(&virGetLastError) virGetLastError;
    __typeof__(&virSetErrorFunc) virSetErrorFunc;
    MLT_VIRT_CALLS(CALL_MEMBER, VOID_MEMBER)
};

#define ENTRY(symbol) {#symbol, offsetof(struct mlt_virt, symbol)},
#define CALL_ENTRY(result, failed, door, symbol, parameters, arguments) ENTRY(symbol)
#define VOID_ENTRY(door, symbol, parameters, arguments) ENTRY(symbol)
static const struct {
    const char *name;
    size_t offset;
} symbols[] = {ENTRY(virGetLastError) ENTRY(virSetErrorFunc) MLT_VIRT_CALLS(CALL_ENTRY, VOID_ENTRY)};
enum { SYMBOL_COUNT = sizeof symbols / sizeof *symbols };

/// The call that this thread wanted last and the library has not.
static _Thread_local const char *missing;

#define ARGUMENTS(...) (__VA_ARGS__)
#define CALL_BODY(result, failed, door, symbol, parameters, arguments)                                                                     \
    result door(const mlt_virt *library MLT_VIRT_PARAMETERS parameters)                                                                    \
    {                                                                                                                                      \
        missing = library->symbol ? NULL : #symbol;                                                                                        \
        if (missing) return failed;                                                                                                        \
        return library->symbol ARGUMENTS arguments;                                                                                        \
    }
#define VOID_BODY(door, symbol, parameters, arguments)                                                                                     \
    void door(const mlt_virt *library MLT_VIRT_PARAMETERS parameters)                                                                      \
    {                                                                                                                                      \
        if (library->symbol) library->symbol ARGUMENTS arguments;                                                                          \
    }
MLT_VIRT_CALLS(CALL_BODY, VOID_BODY)

static void nothing(void *user_data, virErrorPtr error)
{
    (void)user_data;
    (void)error;
}

const mlt_virt *mlt_virt_open_library(const char *path, char *reason, size_t reason_size)
{
    const char *name = path ? path : "libvirt.so.0";
    void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *message = dlerror();
        snprintf(reason, reason_size, "%s", message ? message : "the library cannot be loaded");
        return NULL;
    }
    mlt_virt *library = calloc(1, sizeof *library);
    if (!library) {
        snprintf(reason, reason_size, "out of memory");
        return NULL;
    }
    for (size_t i = 0; i < SYMBOL_COUNT; i++) {
        void *address = dlsym(handle, symbols[i].name);
        memcpy((char *)library + symbols[i].offset, &address, sizeof address);
    }
    if (!library->virInitialize || !library->virGetLastError || !library->virConnectOpenAuth || !library->virConnectClose) {
        snprintf(reason, reason_size, "%s is not libvirt, or is older than 0.9", name);
        free(library);
        return NULL;
    }
    if (library->virSetErrorFunc) library->virSetErrorFunc(NULL, nothing);
    if (library->virInitialize() != 0) {
        snprintf(reason, reason_size, "%s cannot be initialised", name);
        free(library);
        return NULL;
    }
    return library;
}

int mlt_virt_has(const mlt_virt *library, const char *symbol)
{
    for (size_t i = 0; i < SYMBOL_COUNT; i++) {
        if (strcmp(symbols[i].name, symbol) != 0) continue;
        void *address;
        memcpy(&address, (const char *)library + symbols[i].offset, sizeof address);
        return address != NULL;
    }
    return 0;
}

void mlt_virt_last_error(const mlt_virt *library, mlt_virt_error *error)
{
    memset(error, 0, sizeof *error);
    if (missing) {
        error->missing = missing;
        error->code = VIR_ERR_NO_SUPPORT;
        error->level = VIR_ERR_ERROR;
        snprintf(error->message, sizeof error->message, "this libvirt has no %s, it is too old", missing);
        return;
    }
    const virError *last = library->virGetLastError();
    if (!last) return;
    error->code = last->code;
    error->domain = last->domain;
    error->level = (int)last->level;
    error->number = last->int1;
    if (!last->message) return;
    size_t size = strnlen(last->message, sizeof error->message - 1);
    if (last->message[size] != 0) {
        while (size > 0 && (last->message[size] & 0xC0) == 0x80) size--;
    }
    memcpy(error->message, last->message, size);
}

struct answers {
    const char *user, *password;
};

static int answer(virConnectCredentialPtr credentials, unsigned int count, void *context)
{
    const struct answers *answers = context;
    for (unsigned int i = 0; i < count; i++) {
        int wants_name = credentials[i].type == VIR_CRED_AUTHNAME || credentials[i].type == VIR_CRED_USERNAME;
        const char *text = wants_name ? answers->user : answers->password;
        if (!text || !(credentials[i].result = strdup(text))) return -1;
        credentials[i].resultlen = (unsigned int)strlen(text);
    }
    return 0;
}

virConnectPtr mlt_virt_open(const mlt_virt *library, const char *uri, const char *user, const char *password, unsigned int flags)
{
    int kinds[] = {VIR_CRED_AUTHNAME, VIR_CRED_USERNAME, VIR_CRED_PASSPHRASE, VIR_CRED_NOECHOPROMPT};
    struct answers answers = {user, password};
    unsigned int count = user || password ? sizeof kinds / sizeof *kinds : 0;
    virConnectAuth auth = {kinds, count, answer, &answers};
    return mlt_virt_connect_open_auth(library, uri, &auth, flags);
}

struct listener {
    const mlt_virt *library;
    mlt_virt_heard heard;
    virFreeCallback forget;
    void *context;
};

static void hear(struct listener *listener, virDomainPtr domain, mlt_virt_event event)
{
    if (mlt_virt_domain_get_uuid_string(listener->library, domain, event.uuid) != 0) event.uuid[0] = 0;
    event.name = mlt_virt_domain_get_name(listener->library, domain);
    listener->heard(listener->context, &event);
}

static void heard_lifecycle(virConnectPtr conn, virDomainPtr domain, int event, int detail, void *opaque)
{
    (void)conn;
    hear(opaque, domain, (mlt_virt_event){.kind = VIR_DOMAIN_EVENT_ID_LIFECYCLE, .event = event, .detail = detail});
}

static void heard_reboot(virConnectPtr conn, virDomainPtr domain, void *opaque)
{
    (void)conn;
    hear(opaque, domain, (mlt_virt_event){.kind = VIR_DOMAIN_EVENT_ID_REBOOT});
}

static void heard_block_job(virConnectPtr conn, virDomainPtr domain, const char *disk, int type, int status, void *opaque)
{
    (void)conn;
    hear(opaque, domain, (mlt_virt_event){.kind = VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2, .event = type, .detail = status, .subject = disk});
}

static void heard_agent(virConnectPtr conn, virDomainPtr domain, int state, int reason, void *opaque)
{
    (void)conn;
    hear(opaque, domain, (mlt_virt_event){.kind = VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE, .event = state, .detail = reason});
}

static void heard_io_error(
    virConnectPtr conn, virDomainPtr domain, const char *path, const char *alias, int action, const char *reason, void *opaque)
{
    (void)conn, (void)path;
    hear(opaque, domain, (mlt_virt_event){.kind = VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, .event = action, .subject = alias, .reason = reason});
}

/// The library takes callbacks of every kind as one type, and calls each as what it is.
#define GENERIC(callback) ((virConnectDomainEventGenericCallback)(void (*)(void))(callback))

static void forget_listener(void *opaque)
{
    struct listener *listener = opaque;
    if (listener->forget) listener->forget(listener->context);
    free(listener);
}

int mlt_virt_listen(const mlt_virt *library, virConnectPtr conn, int kind, mlt_virt_heard heard, void *context, virFreeCallback forget)
{
    virConnectDomainEventGenericCallback callback;
    switch (kind) {
    case VIR_DOMAIN_EVENT_ID_LIFECYCLE: callback = GENERIC(heard_lifecycle); break;
    case VIR_DOMAIN_EVENT_ID_REBOOT: callback = heard_reboot; break;
    case VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2: callback = GENERIC(heard_block_job); break;
    case VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE: callback = GENERIC(heard_agent); break;
    case VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON: callback = GENERIC(heard_io_error); break;
    default: return -1;
    }
    struct listener *listener = malloc(sizeof *listener);
    if (!listener) return -1;
    *listener = (struct listener){library, heard, forget, context};
    int number = mlt_virt_connect_domain_event_register_any(library, conn, NULL, kind, callback, listener, forget_listener);
    // Not registered, it is not freed by the library, and the context stays the caller's.
    if (number < 0) free(listener);
    return number;
}

// Fixed-arity doors to libvirt, which is loaded when it is wanted and not linked with: of libvirt-dev the headers alone are needed.
//
// A door does what the call of libvirt's of the same name does. Where this library has no such call it answers as a failed one does, and
// mlt_virt_last_error says so. Doors may be called from any thread; most of them return when the daemon has answered, which may be never.
#pragma once
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "LibvirtCalls.h"

typedef struct mlt_virt mlt_virt;

/// Loads the library: of this path or name, or with NULL Debian's, `libvirt.so.0`. It stays loaded until the process ends, silences what the library would
/// write to standard error, and initialises it. NULL when that fails; `reason` then gets one line.
const mlt_virt *mlt_virt_open_library(const char *path, char *reason, size_t reason_size);

/// Whether the library has a call, by its symbol.
int mlt_virt_has(const mlt_virt *library, const char *symbol);

typedef struct mlt_virt_error {
    /// virErrorNumber, virErrorDomain, virErrorLevel; all 0 when no call has failed.
    int code, domain, level;
    /// What the library noted beside: of VIR_ERR_SYSTEM_ERROR the errno.
    int number;
    /// The symbol of the call that this library lacks; NULL when it was not that.
    const char *missing;
    /// Cut at the end of a character.
    char message[1024];
} mlt_virt_error;

/// Why the last call of this thread failed. To be asked before the thread calls anything else, freeing included.
void mlt_virt_last_error(const mlt_virt *library, mlt_virt_error *error);

/// Opens a connection, and never asks a person: user and password, each or both NULL, are what the library gets when it wants them.
/// - Parameter flags: VIR_CONNECT_*.
virConnectPtr mlt_virt_open(const mlt_virt *library, const char *uri, const char *user, const char *password, unsigned int flags);

/// Something happened to a domain. Texts are valid until the listener returns.
typedef struct mlt_virt_event {
    /// virDomainEventID.
    int kind;
    char uuid[VIR_UUID_STRING_BUFLEN];
    const char *name;
    /// Of a lifecycle virDomainEventType and what belongs to it; of a block job type and status; of the agent state and reason; of an I/O error the action.
    int event, detail;
    /// Of a block job the disk's target, of an I/O error the device's alias and the reason; else NULL.
    const char *subject, *reason;
} mlt_virt_event;

typedef void (*mlt_virt_heard)(void *context, const mlt_virt_event *event);

/// Listens to events of all domains, of the kinds lifecycle, reboot, block job (2), agent lifecycle and I/O error (with reason); -1 when that fails or the kind is another.
/// - Parameter forget: called with the context when nobody listens any more.
int mlt_virt_listen(const mlt_virt *library, virConnectPtr conn, int kind, mlt_virt_heard heard, void *context, virFreeCallback forget);

#define MLT_VIRT_PARAMETERS(...) __VA_OPT__(, ) __VA_ARGS__
#define MLT_VIRT_CALL_DOOR(result, failed, door, symbol, parameters, arguments) result door(const mlt_virt *library MLT_VIRT_PARAMETERS parameters);
#define MLT_VIRT_VOID_DOOR(door, symbol, parameters, arguments) void door(const mlt_virt *library MLT_VIRT_PARAMETERS parameters);
MLT_VIRT_CALLS(MLT_VIRT_CALL_DOOR, MLT_VIRT_VOID_DOOR)

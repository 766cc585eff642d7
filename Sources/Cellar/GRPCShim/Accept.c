// gRPC 1.51 gives a listener up for good when accept4 fails for any reason but EAGAIN. Whoever opens connections until this process has no
// descriptor left would close it to everybody, without ever proving who he is. So accept4 is ours in a program that links this shim (libgrpc
// calls it through the dynamic linker, which finds the program's first): for listeners of gRPC it never fails that way, and it leaves descriptors
// for all else that the program does. For other sockets it is the system's.
#define _GNU_SOURCE
#include "Internal.h"
#include <errno.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

// Listeners are few, and a place is never taken back: a descriptor that was closed and opened again as something else does not have the port.
#define LISTENERS 32
static _Atomic int64_t listeners[LISTENERS];
static _Atomic int listener_count;

static int port_of(int descriptor) {
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    if (getsockname(descriptor, (struct sockaddr *)&address, &size) != 0) return 0;
    if (address.ss_family == AF_INET) return ntohs(((struct sockaddr_in *)&address)->sin_port);
    if (address.ss_family == AF_INET6) return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return 0;
}

static int is_ours(int descriptor) {
    int count = atomic_load(&listener_count);
    if (count == 0) return 0;
    int64_t wanted = (int64_t)descriptor << 16 | port_of(descriptor);
    for (int index = 0; index < count && index < LISTENERS; index++)
        if (atomic_load(&listeners[index]) == wanted) return 1;
    return 0;
}

void mlt_grpc_note_listeners(int port) {
    long most = sysconf(_SC_OPEN_MAX);
    for (int descriptor = 0; descriptor < most && descriptor < 4096; descriptor++) {
        int listens = 0;
        socklen_t size = sizeof listens;
        if (getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || !listens || port_of(descriptor) != port) continue;
        if (is_ours(descriptor)) continue;
        int place = atomic_load(&listener_count);
        if (place >= LISTENERS) return;
        atomic_store(&listeners[place], (int64_t)descriptor << 16 | port);
        atomic_store(&listener_count, place + 1);
    }
}

// The eighth part of what may be open is for others.
static int is_too_many(int descriptor) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 0;
    return (rlim_t)descriptor >= limit.rlim_cur - limit.rlim_cur / 8;
}

__attribute__((visibility("default"))) int accept4(int listener, struct sockaddr *address, socklen_t *size, int flags) {
    socklen_t room = size == NULL ? 0 : *size;
    int ours = is_ours(listener);
    for (;;) {
        int descriptor = (int)syscall(SYS_accept4, listener, address, size, flags);
        if (!ours) return descriptor;
        if (descriptor < 0) {
            // What is wrong with the listener itself must be heard.
            if (errno != EINTR && errno != EBADF && errno != EINVAL && errno != ENOTSOCK) errno = EAGAIN;
            return -1;
        }
        if (!is_too_many(descriptor)) return descriptor;
        close(descriptor);
        if (size != NULL) *size = room;
    }
}

// What the files of this shim share.
#pragma once
#include "GRPCShim.h"
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

/// Credentials of a server, which reads the identity anew at each handshake; they hold it as long as they live.
grpc_server_credentials *mlt_grpc_identity_credentials(mlt_grpc_identity *identity);

/// The time that a call has, from now on; nanoseconds, or mlt_grpc_never.
gpr_timespec mlt_grpc_time_after(int64_t nanoseconds);

/// Remembers which descriptors listen on a port, so that accept4 knows them. Servers are made one after the other.
void mlt_grpc_note_listeners(int port);

/// A copy of a buffer's bytes, as many as there is room for.
size_t mlt_grpc_copy_out(grpc_byte_buffer *buffer, char *room, size_t size);
/// A buffer of one slice, a copy.
grpc_byte_buffer *mlt_grpc_buffer_of(mlt_grpc_bytes bytes);
static inline grpc_slice mlt_grpc_slice_of(mlt_grpc_bytes bytes) {
    return bytes.count == 0 ? grpc_empty_slice() : grpc_slice_from_copied_buffer(bytes.start, bytes.count);
}
static inline mlt_grpc_bytes mlt_grpc_bytes_of(const grpc_slice *slice) {
    return (mlt_grpc_bytes){(const char *)GRPC_SLICE_START_PTR(*slice), GRPC_SLICE_LENGTH(*slice)};
}

/// grpc_arg takes text that it does not change.
static inline grpc_arg mlt_grpc_number(const char *key, int value) {
    return (grpc_arg){.type = GRPC_ARG_INTEGER, .key = (char *)(uintptr_t)key, .value.integer = value};
}
static inline grpc_arg mlt_grpc_text(const char *key, const char *value) {
    return (grpc_arg){.type = GRPC_ARG_STRING, .key = (char *)(uintptr_t)key, .value.string = (char *)(uintptr_t)value};
}
/// Only `identity`, so that nothing that a peer packs is unpacked: a few bytes could become gigabytes behind the limit of messages.
#define MLT_GRPC_NO_COMPRESSION 1

#include "Internal.h"
#include <grpc/byte_buffer_reader.h>
#include <grpc/support/log.h>
#include <limits.h>
#include <string.h>

const int64_t mlt_grpc_never = INT64_MAX;

static mlt_grpc_log log_sink;

static void forward(gpr_log_func_args *words) {
    log_sink(words->severity == GPR_LOG_SEVERITY_ERROR, words->file, words->line, words->message);
}

void mlt_grpc_start(mlt_grpc_log log) {
    log_sink = log;
    gpr_set_log_function(forward);
    gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
    grpc_init();
}

const char *mlt_grpc_version(void) { return grpc_version_string(); }

mlt_grpc_queue *mlt_grpc_queue_new(void) { return (mlt_grpc_queue *)grpc_completion_queue_create_for_next(NULL); }

int mlt_grpc_queue_next(mlt_grpc_queue *queue, void **tag, int *success) {
    grpc_event event;
    do {
        event = grpc_completion_queue_next((grpc_completion_queue *)queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
    } while (event.type == GRPC_QUEUE_TIMEOUT);
    if (event.type != GRPC_OP_COMPLETE) return 0;
    *tag = event.tag;
    *success = event.success;
    return 1;
}

void mlt_grpc_queue_shutdown(mlt_grpc_queue *queue) { grpc_completion_queue_shutdown((grpc_completion_queue *)queue); }

void mlt_grpc_queue_free(mlt_grpc_queue *queue) { grpc_completion_queue_destroy((grpc_completion_queue *)queue); }

gpr_timespec mlt_grpc_time_after(int64_t nanoseconds) {
    if (nanoseconds == mlt_grpc_never) return gpr_inf_future(GPR_CLOCK_MONOTONIC);
    return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(nanoseconds, GPR_TIMESPAN));
}

size_t mlt_grpc_copy_out(grpc_byte_buffer *buffer, char *room, size_t size) {
    grpc_byte_buffer_reader reader;
    if (buffer == NULL || !grpc_byte_buffer_reader_init(&reader, buffer)) return 0;
    size_t filled = 0;
    grpc_slice piece;
    while (grpc_byte_buffer_reader_next(&reader, &piece)) {
        size_t count = GRPC_SLICE_LENGTH(piece);
        if (count > size - filled) count = size - filled;
        if (count > 0) memcpy(room + filled, GRPC_SLICE_START_PTR(piece), count);
        filled += count;
        grpc_slice_unref(piece);
    }
    grpc_byte_buffer_reader_destroy(&reader);
    return filled;
}

grpc_byte_buffer *mlt_grpc_buffer_of(mlt_grpc_bytes bytes) {
    grpc_slice slice = mlt_grpc_slice_of(bytes);
    grpc_byte_buffer *buffer = grpc_raw_byte_buffer_create(&slice, 1);
    grpc_slice_unref(slice);
    return buffer;
}

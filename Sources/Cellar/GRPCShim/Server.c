// accept4, SO_PEERCRED
#define _GNU_SOURCE
#include "Internal.h"
#include <errno.h>
#include <grpc/grpc_posix.h>
#include <grpc/support/alloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static grpc_server *server_of(mlt_grpc_server *server) { return (grpc_server *)server; }

mlt_grpc_server *mlt_grpc_server_new(const mlt_grpc_server_settings *settings, mlt_grpc_queue *queue) {
    grpc_resource_quota *quota = grpc_resource_quota_create("server");
    grpc_resource_quota_resize(quota, settings->memory);
    grpc_arg arguments[] = {
        mlt_grpc_number(GRPC_ARG_MAX_CONCURRENT_STREAMS, settings->max_streams),
        mlt_grpc_number(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, settings->max_message),
        mlt_grpc_number(GRPC_ARG_MAX_METADATA_SIZE, settings->max_metadata),
        mlt_grpc_number(GRPC_ARG_KEEPALIVE_TIME_MS, settings->keepalive_ms),
        mlt_grpc_number(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, settings->keepalive_timeout_ms),
        mlt_grpc_number(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1),
        mlt_grpc_number(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, settings->min_ping_ms),
        mlt_grpc_number(GRPC_ARG_MAX_CONNECTION_IDLE_MS, settings->idle_ms),
        mlt_grpc_number(GRPC_ARG_MAX_CONNECTION_AGE_MS, settings->age_ms),
        mlt_grpc_number(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, settings->age_grace_ms),
        mlt_grpc_number(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, settings->handshake_ms),
        mlt_grpc_number(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, MLT_GRPC_NO_COMPRESSION),
        // A second server on the port would share its calls.
        mlt_grpc_number(GRPC_ARG_ALLOW_REUSEPORT, 0),
        mlt_grpc_number(GRPC_ARG_ENABLE_CHANNELZ, 0),
        {.type = GRPC_ARG_POINTER, .key = (char *)(uintptr_t)GRPC_ARG_RESOURCE_QUOTA, .value.pointer = {quota, grpc_resource_quota_arg_vtable()}},
    };
    grpc_channel_args list = {COUNT(arguments), arguments};
    grpc_server *server = grpc_server_create(&list, NULL);
    grpc_resource_quota_unref(quota);
    if (server != NULL) grpc_server_register_completion_queue(server, (grpc_completion_queue *)queue, NULL);
    return (mlt_grpc_server *)server;
}

int mlt_grpc_server_listen(mlt_grpc_server *server, const char *address, mlt_grpc_identity *identity) {
    grpc_server_credentials *credentials = mlt_grpc_identity_credentials(identity);
    if (credentials == NULL) return 0;
    int port = grpc_server_add_http2_port(server_of(server), address, credentials);
    grpc_server_credentials_release(credentials);
    if (port > 0) mlt_grpc_note_listeners(port);
    return port;
}

void mlt_grpc_server_start(mlt_grpc_server *server) { grpc_server_start(server_of(server)); }

int mlt_grpc_server_adopt(mlt_grpc_server *server, int descriptor) {
    int family = 0;
    socklen_t size = sizeof family;
    // The one place where nobody proves who he is, so that it must not be a network.
    if (getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &family, &size) != 0 || family != AF_UNIX) return 0;
    grpc_server_credentials *credentials = grpc_insecure_server_credentials_create();
    grpc_server_add_channel_from_fd(server_of(server), descriptor, credentials);
    grpc_server_credentials_release(credentials);
    return 1;
}

void mlt_grpc_server_shutdown(mlt_grpc_server *server, mlt_grpc_queue *queue, void *tag) {
    grpc_server_shutdown_and_notify(server_of(server), (grpc_completion_queue *)queue, tag);
}

void mlt_grpc_server_cancel_calls(mlt_grpc_server *server) { grpc_server_cancel_all_calls(server_of(server)); }

void mlt_grpc_server_free(mlt_grpc_server *server) { grpc_server_destroy(server_of(server)); }

int mlt_grpc_accept(int listener) {
    int descriptor;
    do {
        descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (descriptor < 0 && (errno == EINTR || errno == ECONNABORTED));
    return descriptor < 0 ? -errno : descriptor;
}

int mlt_grpc_socket_user(int descriptor, unsigned *user, int *process) {
    struct ucred who;
    socklen_t size = sizeof who;
    if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return 0;
    *user = who.uid;
    *process = who.pid;
    return 1;
}

// MARK: calls

// All that the operations of a call write to, or read from, until they are done.
struct mlt_grpc_incoming {
    grpc_call *call;
    grpc_call_details details;
    grpc_metadata_array metadata;
    grpc_byte_buffer *request;
    int cancelled;
    int has_begun;  // the names and values at the head of the answer
};

mlt_grpc_incoming *mlt_grpc_server_expect(mlt_grpc_server *server, mlt_grpc_queue *queue, void *tag) {
    mlt_grpc_incoming *call = calloc(1, sizeof *call);
    if (call == NULL) return NULL;
    grpc_call_details_init(&call->details);
    grpc_metadata_array_init(&call->metadata);
    grpc_completion_queue *events = (grpc_completion_queue *)queue;
    if (grpc_server_request_call(server_of(server), &call->call, &call->details, &call->metadata, events, events, tag) == GRPC_CALL_OK)
        return call;
    mlt_grpc_incoming_free(call);
    return NULL;
}

void mlt_grpc_incoming_free(mlt_grpc_incoming *call) {
    grpc_byte_buffer_destroy(call->request);
    grpc_metadata_array_destroy(&call->metadata);
    grpc_call_details_destroy(&call->details);
    if (call->call != NULL) grpc_call_unref(call->call);
    free(call);
}

mlt_grpc_bytes mlt_grpc_incoming_path(const mlt_grpc_incoming *call) { return mlt_grpc_bytes_of(&call->details.method); }

int64_t mlt_grpc_incoming_time_left(const mlt_grpc_incoming *call) {
    gpr_timespec deadline = gpr_convert_clock_type(call->details.deadline, GPR_CLOCK_MONOTONIC);
    if (gpr_time_cmp(deadline, gpr_inf_future(GPR_CLOCK_MONOTONIC)) == 0) return mlt_grpc_never;
    gpr_timespec left = gpr_time_sub(deadline, gpr_now(GPR_CLOCK_MONOTONIC));
    if (left.tv_sec < 0) return 0;
    // A hundred years fit.
    if (left.tv_sec > (int64_t)100 * 365 * 86400) return mlt_grpc_never;
    return left.tv_sec * 1000000000 + left.tv_nsec;
}

int mlt_grpc_incoming_metadata(const mlt_grpc_incoming *call, size_t index, mlt_grpc_bytes *name, mlt_grpc_bytes *value) {
    if (index >= call->metadata.count) return 0;
    *name = mlt_grpc_bytes_of(&call->metadata.metadata[index].key);
    *value = mlt_grpc_bytes_of(&call->metadata.metadata[index].value);
    return 1;
}

char *mlt_grpc_incoming_address(const mlt_grpc_incoming *call) { return grpc_call_get_peer(call->call); }

void mlt_grpc_text_free(char *text) { gpr_free(text); }

int mlt_grpc_incoming_names(const mlt_grpc_incoming *call, mlt_grpc_on_name on_name, void *context) {
    static const char *const kinds[] = {GRPC_PEER_DNS_PROPERTY_NAME, GRPC_PEER_URI_PROPERTY_NAME, GRPC_X509_CN_PROPERTY_NAME};
    grpc_auth_context *who = grpc_call_auth_context(call->call);
    if (who == NULL) return 0;
    int is_proven = grpc_auth_context_peer_is_authenticated(who);
    for (size_t index = 0; is_proven && index < COUNT(kinds); index++) {
        grpc_auth_property_iterator all = grpc_auth_context_find_properties_by_name(who, kinds[index]);
        for (const grpc_auth_property *one; (one = grpc_auth_property_iterator_next(&all)) != NULL;)
            on_name(context, (mlt_grpc_bytes){one->value, one->value_length});
    }
    grpc_auth_context_release(who);
    return is_proven;
}

static int begin(mlt_grpc_incoming *call, const grpc_op *operations, size_t count, void *tag) {
    return grpc_call_start_batch(call->call, operations, count, tag, NULL) == GRPC_CALL_OK;
}

int mlt_grpc_incoming_read(mlt_grpc_incoming *call, void *tag) {
    grpc_op operation = {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &call->request};
    return begin(call, &operation, 1, tag);
}

int mlt_grpc_incoming_watch(mlt_grpc_incoming *call, void *tag) {
    grpc_op operation = {.op = GRPC_OP_RECV_CLOSE_ON_SERVER, .data.recv_close_on_server.cancelled = &call->cancelled};
    return begin(call, &operation, 1, tag);
}

static size_t add_head(mlt_grpc_incoming *call, grpc_op *operations, size_t count) {
    if (!call->has_begun) operations[count++] = (grpc_op){.op = GRPC_OP_SEND_INITIAL_METADATA};
    call->has_begun = 1;
    return count;
}

int mlt_grpc_incoming_send(mlt_grpc_incoming *call, mlt_grpc_bytes message, void *tag) {
    grpc_op operations[2];
    grpc_byte_buffer *buffer = mlt_grpc_buffer_of(message);
    size_t count = add_head(call, operations, 0);
    operations[count++] = (grpc_op){.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = buffer};
    int has_begun = begin(call, operations, count, tag);
    // Its bytes have their own owners by now.
    grpc_byte_buffer_destroy(buffer);
    return has_begun;
}

int mlt_grpc_incoming_answer(mlt_grpc_incoming *call, mlt_grpc_bytes message, int status, mlt_grpc_bytes details, void *tag) {
    grpc_op operations[3];
    grpc_byte_buffer *buffer = message.start == NULL ? NULL : mlt_grpc_buffer_of(message);
    grpc_slice words = mlt_grpc_slice_of(details);
    size_t count = add_head(call, operations, 0);
    if (buffer != NULL) operations[count++] = (grpc_op){.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = buffer};
    operations[count++] = (grpc_op){
        .op = GRPC_OP_SEND_STATUS_FROM_SERVER,
        .data.send_status_from_server = {.status = (grpc_status_code)status, .status_details = &words},
    };
    int has_begun = begin(call, operations, count, tag);
    grpc_slice_unref(words);
    grpc_byte_buffer_destroy(buffer);
    return has_begun;
}

int mlt_grpc_incoming_has_message(const mlt_grpc_incoming *call) {
    return call->request != NULL && call->request->type == GRPC_BB_RAW && call->request->data.raw.compression == GRPC_COMPRESS_NONE;
}

int mlt_grpc_incoming_read_failed(const mlt_grpc_incoming *call) { return grpc_call_failed_before_recv_message(call->call); }

size_t mlt_grpc_incoming_message_size(const mlt_grpc_incoming *call) {
    return call->request == NULL ? 0 : grpc_byte_buffer_length(call->request);
}

size_t mlt_grpc_incoming_message(mlt_grpc_incoming *call, char *room, size_t size) { return mlt_grpc_copy_out(call->request, room, size); }

int mlt_grpc_incoming_was_cancelled(const mlt_grpc_incoming *call) { return call->cancelled; }

void mlt_grpc_incoming_cancel(mlt_grpc_incoming *call) { grpc_call_cancel(call->call, NULL); }

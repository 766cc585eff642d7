#include "Internal.h"
#include <stdlib.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static mlt_grpc_channel *connect_to(const char *target, grpc_channel_credentials *credentials, const char *expected_name,
                                    const mlt_grpc_channel_settings *settings) {
    grpc_arg arguments[] = {
        mlt_grpc_number(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH, settings->max_message),
        mlt_grpc_number(GRPC_ARG_MAX_METADATA_SIZE, settings->max_metadata),
        mlt_grpc_number(GRPC_ARG_KEEPALIVE_TIME_MS, settings->keepalive_ms),
        mlt_grpc_number(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, settings->keepalive_timeout_ms),
        mlt_grpc_number(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, settings->connect_ms),
        mlt_grpc_number(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, settings->backoff_ms),
        mlt_grpc_number(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, settings->max_backoff_ms),
        mlt_grpc_number(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, MLT_GRPC_NO_COMPRESSION),
        // Connections are shared with nobody, so that new certificates mean new connections.
        mlt_grpc_number(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1),
        // Neither a proxy nor a record in the DNS has a say in where calls go.
        mlt_grpc_number(GRPC_ARG_ENABLE_HTTP_PROXY, 0),
        mlt_grpc_number(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1),
        mlt_grpc_number(GRPC_ARG_ENABLE_CHANNELZ, 0),
        mlt_grpc_text(GRPC_SSL_TARGET_NAME_OVERRIDE_ARG, expected_name),
    };
    grpc_channel_args list = {COUNT(arguments) - (expected_name == NULL), arguments};
    grpc_channel *channel = credentials == NULL ? NULL : grpc_channel_create(target, credentials, &list);
    if (credentials != NULL) grpc_channel_credentials_release(credentials);
    return (mlt_grpc_channel *)channel;
}

mlt_grpc_channel *mlt_grpc_channel_to_file(const char *target, const mlt_grpc_channel_settings *settings) {
    return connect_to(target, grpc_local_credentials_create(UDS), NULL, settings);
}

mlt_grpc_channel *mlt_grpc_channel_to_network(const char *target, const char *certificate, const char *key, const char *authorities,
                                              const char *expected_name, const mlt_grpc_channel_settings *settings) {
    grpc_ssl_pem_key_cert_pair pair = {key, certificate};
    return connect_to(target, grpc_ssl_credentials_create_ex(authorities, &pair, NULL, NULL), expected_name, settings);
}

void mlt_grpc_channel_free(mlt_grpc_channel *channel) { grpc_channel_destroy((grpc_channel *)channel); }

int mlt_grpc_pair_is_legal(const mlt_grpc_pair *pair) {
    grpc_slice name = grpc_slice_from_static_buffer(pair->name.start, pair->name.count);
    grpc_slice value = grpc_slice_from_static_buffer(pair->value.start, pair->value.count);
    return pair->name.count > 0 && grpc_header_key_is_legal(name) && !grpc_is_binary_header(name) && grpc_header_nonbin_value_is_legal(value);
}

// All that the operations of a call write to, or read from, until they are done.
struct mlt_grpc_outgoing {
    grpc_call *call;
    grpc_metadata *sent;
    size_t sent_count;
    grpc_byte_buffer *request;
    grpc_byte_buffer *answer;
    grpc_metadata_array head, tail;
    grpc_status_code status;
    grpc_slice details;
};

mlt_grpc_outgoing *mlt_grpc_call(mlt_grpc_channel *channel, mlt_grpc_queue *queue, mlt_grpc_bytes path, mlt_grpc_bytes message,
                                 const mlt_grpc_pair *pairs, size_t pair_count, int64_t timeout, int waits, void *sent, void *tag) {
    mlt_grpc_outgoing *call = calloc(1, sizeof *call);
    if (call == NULL) return NULL;
    grpc_metadata_array_init(&call->head);
    grpc_metadata_array_init(&call->tail);
    call->details = grpc_empty_slice();
    call->sent = calloc(pair_count > 0 ? pair_count : 1, sizeof *call->sent);
    if (call->sent == NULL) {
        mlt_grpc_outgoing_free(call);
        return NULL;
    }
    for (; call->sent_count < pair_count; call->sent_count++) {
        call->sent[call->sent_count].key = mlt_grpc_slice_of(pairs[call->sent_count].name);
        call->sent[call->sent_count].value = mlt_grpc_slice_of(pairs[call->sent_count].value);
    }
    call->request = mlt_grpc_buffer_of(message);
    grpc_slice method = mlt_grpc_slice_of(path);
    call->call = grpc_channel_create_call((grpc_channel *)channel, NULL, 0, (grpc_completion_queue *)queue, method, NULL,
                                          mlt_grpc_time_after(timeout), NULL);
    grpc_slice_unref(method);
    uint32_t flags = GRPC_INITIAL_METADATA_WAIT_FOR_READY_EXPLICITLY_SET | (waits ? GRPC_INITIAL_METADATA_WAIT_FOR_READY : 0);
    grpc_op head = {
        .op = GRPC_OP_SEND_INITIAL_METADATA, .flags = flags, .data.send_initial_metadata = {.count = call->sent_count, .metadata = call->sent}};
    grpc_op rest[] = {
        {.op = GRPC_OP_SEND_MESSAGE, .data.send_message.send_message = call->request},
        {.op = GRPC_OP_SEND_CLOSE_FROM_CLIENT},
        {.op = GRPC_OP_RECV_INITIAL_METADATA, .data.recv_initial_metadata.recv_initial_metadata = &call->head},
        {.op = GRPC_OP_RECV_MESSAGE, .data.recv_message.recv_message = &call->answer},
        {.op = GRPC_OP_RECV_STATUS_ON_CLIENT,
         .data.recv_status_on_client = {.trailing_metadata = &call->tail, .status = &call->status, .status_details = &call->details}},
    };
    if (call->call == NULL || grpc_call_start_batch(call->call, &head, 1, sent, NULL) != GRPC_CALL_OK) {
        mlt_grpc_outgoing_free(call);
        return NULL;
    }
    if (grpc_call_start_batch(call->call, rest, COUNT(rest), tag, NULL) != GRPC_CALL_OK) {
        // What has begun must end before its memory does. A batch of nothing is done at once.
        call->status = GRPC_STATUS_INTERNAL;
        grpc_call_cancel(call->call, NULL);
        grpc_call_start_batch(call->call, NULL, 0, tag, NULL);
    }
    return call;
}

void mlt_grpc_outgoing_cancel(mlt_grpc_outgoing *call) { grpc_call_cancel(call->call, NULL); }

int mlt_grpc_outgoing_status(const mlt_grpc_outgoing *call) { return (int)call->status; }

mlt_grpc_bytes mlt_grpc_outgoing_details(const mlt_grpc_outgoing *call) { return mlt_grpc_bytes_of(&call->details); }

int mlt_grpc_outgoing_has_message(const mlt_grpc_outgoing *call) {
    return call->answer != NULL && call->answer->type == GRPC_BB_RAW && call->answer->data.raw.compression == GRPC_COMPRESS_NONE;
}

size_t mlt_grpc_outgoing_message_size(const mlt_grpc_outgoing *call) {
    return call->answer == NULL ? 0 : grpc_byte_buffer_length(call->answer);
}

size_t mlt_grpc_outgoing_message(mlt_grpc_outgoing *call, char *room, size_t size) { return mlt_grpc_copy_out(call->answer, room, size); }

void mlt_grpc_outgoing_free(mlt_grpc_outgoing *call) {
    for (size_t index = 0; index < call->sent_count; index++) {
        grpc_slice_unref(call->sent[index].key);
        grpc_slice_unref(call->sent[index].value);
    }
    free(call->sent);
    grpc_byte_buffer_destroy(call->request);
    grpc_byte_buffer_destroy(call->answer);
    grpc_metadata_array_destroy(&call->head);
    grpc_metadata_array_destroy(&call->tail);
    grpc_slice_unref(call->details);
    if (call->call != NULL) grpc_call_unref(call->call);
    free(call);
}

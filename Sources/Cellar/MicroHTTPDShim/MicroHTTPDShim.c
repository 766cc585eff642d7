#define _GNU_SOURCE
#include "MicroHTTPDShim.h"
#include <linux/filter.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

typedef struct daemon_context {
    mlt_httpd_options options;
} daemon_context;

/// One request: what it asks for, and whose it is once the headers are there.
typedef struct request_state {
    mlt_httpd_target target;
    void *own;
} request_state;

static void free_request(request_state *state) {
    free((char *)state->target.query);
    free(state);
}

// libmicrohttpd makes a pair of each parameter in the memory of the connection, 56 bytes for one that may have two, and where that is too little
// 0.9.75 closes the connection without a word. So the query is taken away before it looks: the target lies in that same memory, which is ours to
// write to whatever the type says, and it looks for parameters behind the first `?`.
static void *on_target(void *cls, const char *target, struct MHD_Connection *connection) {
    (void)cls;
    (void)connection;
    request_state *state = calloc(1, sizeof *state);
    if (state == NULL || target == NULL) return state;
    state->target.size = strlen(target);
    char *query = strchr(target, '?');
    const char *slash = strcasestr(target, "%2f");
    state->target.has_escaped_slash = slash != NULL && (query == NULL || slash < query);
    if (query == NULL || query[1] == '\0') return state;
    state->target.query = strdup(query + 1);
    if (state->target.query == NULL) {
        free_request(state);
        return NULL;
    }
    query[1] = '\0';
    return state;
}

static int is_blank(char byte) { return byte == ' ' || byte == '\t'; }

// In libmicrohttpd's memory a line stands as it came: the name, NUL for the colon, blanks, the value, NUL for CR and LF each. When the next line
// begins with a blank, 0.9.75 puts it behind the *name* ("X: a", " b" is a header Xb), which it moves to where there is room, or not if there is.
// A NUL in a value would end it there for us and nobody else, and a line that ends in LF alone ends for some readers and not for others: then the
// next one does not begin where it has to, or the head has not the length that its lines have together.
typedef struct line_check {
    const char *next;  // where the next line has to begin
    int is_fine;
} line_check;

static enum MHD_Result on_line(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_size, const char *value,
                               size_t value_size) {
    (void)kind;
    line_check *check = cls;
    check->is_fine = 0;
    if (value == NULL || key != check->next) return MHD_NO;
    uintptr_t gap = (uintptr_t)value - (uintptr_t)key;
    if (gap <= key_size || gap > key_size + (1 << 20)) return MHD_NO;
    for (size_t index = key_size + 1; index < gap; index++) {
        if (!is_blank(key[index])) return MHD_NO;
    }
    // Behind the last header there is at least the end of the empty line.
    if (value[value_size + 1] != '\0') return MHD_NO;
    check->next = value + value_size + 2;
    check->is_fine = 1;
    return MHD_YES;
}

/// Whether each header is one line, and each line ends in CR LF. `method` and `version` are where libmicrohttpd has the request line.
static int has_plain_lines(struct MHD_Connection *connection, const char *method, const char *version) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (info == NULL) return 0;
    line_check check = {version + strlen(version) + 2, 1};
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, on_line, &check);
    return check.is_fine && check.next + 2 == method + info->header_size;
}

// libmicrohttpd keeps a pointer to this for the life of a daemon and may use it until the last loop has ended. A process
// starts a handful of daemons, so the few bytes stay.
static enum MHD_Result on_access(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                                 const char *version, const char *data, size_t *size, void **request) {
    request_state *state = *request;
    if (state == NULL) return MHD_NO;
    // Where a body ends is not said by chunks in HTTP/1.0; a proxy of that age would pass them on as they are (RFC 9112 section 6.1).
    if (state->own == NULL && strcmp(version, MHD_HTTP_VERSION_1_0) == 0 &&
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL) {
        return MHD_NO;
    }
    if (state->own == NULL) state->target.has_plain_lines = has_plain_lines(connection, method, version);
    const daemon_context *context = cls;
    return context->options.on_request(context->options.context, connection, url, &state->target, method, (const uint8_t *)data, size,
                                       &state->own)
               ? MHD_YES
               : MHD_NO;
}

static void on_completed(void *cls, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode reason) {
    (void)connection;
    (void)reason;
    const daemon_context *context = cls;
    request_state *state = *request;
    if (state == NULL) return;
    if (state->own != NULL) context->options.on_end(context->options.context, state->own);
    free_request(state);
    *request = NULL;
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **own, enum MHD_ConnectionNotificationCode code) {
    const mlt_httpd_options *options = &((const daemon_context *)cls)->options;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *own = options->on_connection(options->context, connection, info == NULL ? -1 : info->connect_fd);
    } else if (*own != NULL) {
        options->on_connection_end(options->context, *own);
        *own = NULL;
    }
}

// An escaped NUL stays as it is: whoever reads the result as a C string would see the beginning only.
static size_t on_unescape(void *cls, struct MHD_Connection *connection, char *text) {
    (void)cls;
    (void)connection;
    return strstr(text, "%00") == NULL ? MHD_http_unescape(text) : strlen(text);
}

__attribute__((format(printf, 2, 0))) static void on_log(void *cls, const char *format, va_list arguments) {
    const daemon_context *context = cls;
    char line[512];
    int count = vsnprintf(line, sizeof line, format, arguments);
    if (count <= 0) return;
    context->options.on_log(context->options.context, line);
}

mlt_httpd *mlt_httpd_start(const mlt_httpd_options *options) {
    daemon_context *context = malloc(sizeof *context);  // lives as long as the process: a handful of daemons
    if (context == NULL) return NULL;
    context->options = *options;
    // poll, not epoll: its edges are lost when a client closes in the middle of a request, and the socket stays until it idles out.
    unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG | MHD_USE_NO_LISTEN_SOCKET;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)options->certificate_pem},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)options->key_pem},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
    int secure = options->certificate_pem != NULL;
    if (secure) flags |= MHD_USE_TLS;
    struct MHD_Daemon *daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_access, context,
        MHD_OPTION_EXTERNAL_LOGGER, on_log, context,
        MHD_OPTION_URI_LOG_CALLBACK, on_target, context,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, context,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, context,
        MHD_OPTION_CONNECTION_LIMIT, options->connection_limit,
        MHD_OPTION_CONNECTION_TIMEOUT, options->idle_timeout_seconds,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, options->connection_memory_bytes,
        MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_UNESCAPE_CALLBACK, on_unescape, NULL,
        MHD_OPTION_ARRAY, secure ? tls : plain,
        MHD_OPTION_END);
    if (daemon == NULL) free(context);
    return daemon;
}

int mlt_httpd_serve(mlt_httpd *daemon, int descriptor, const void *address, unsigned size) {
    return MHD_add_connection(daemon, descriptor, address, size) == MHD_YES;
}

void mlt_httpd_stop(mlt_httpd *daemon) { MHD_stop_daemon(daemon); }

int mlt_accept(int listener, void *address, unsigned *size) {
    return accept4(listener, address, size, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int mlt_turn_away(int listener) {
    // A filter of a TCP socket sees the TCP header, whose flags stand in byte 13: SYN without ACK is dropped.
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
        BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 0x7FFFFFFF),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

int mlt_peer_is_gone(int descriptor) {
    struct pollfd look = {descriptor, POLLRDHUP, 0};
    return poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

int mlt_bell(void) { return eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC); }

void *mlt_httpd_own(mlt_httpd_connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

void *mlt_httpd_tls_session(mlt_httpd_connection *connection) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    return info == NULL ? NULL : info->tls_session;
}

void mlt_httpd_suspend(mlt_httpd_connection *connection) { MHD_suspend_connection(connection); }

void mlt_httpd_resume(mlt_httpd_connection *connection) { MHD_resume_connection(connection); }

typedef struct pair_door {
    mlt_httpd_on_pair on_pair;
    void *context;
} pair_door;

static enum MHD_Result on_value(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_size, const char *value,
                                size_t value_size) {
    (void)kind;
    const pair_door *door = cls;
    return door->on_pair(door->context, key, key_size, value, value_size) ? MHD_YES : MHD_NO;
}

void mlt_httpd_headers(mlt_httpd_connection *connection, mlt_httpd_on_pair on_pair, void *context) {
    pair_door door = {on_pair, context};
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, on_value, &door);
}

/// Adds the headers, queues the response and lets it go.
static int queue(mlt_httpd_connection *connection, unsigned status, struct MHD_Response *response, const char *const *headers,
                 size_t header_count) {
    for (size_t index = 0; index + 1 < header_count; index += 2) {
        if (MHD_add_response_header(response, headers[index], headers[index + 1]) != MHD_YES) {
            MHD_destroy_response(response);
            return 0;
        }
    }
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result == MHD_YES;
}

int mlt_httpd_answer(mlt_httpd_connection *connection, unsigned status, void *body, size_t size, const char *const *headers,
                     size_t header_count) {
    struct MHD_Response *response = MHD_create_response_from_buffer(size, body, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(body);
        return 0;
    }
    return queue(connection, status, response, headers, header_count);
}

/// A body that is made while it is sent.
struct pieces {
    mlt_httpd_on_room on_room;
    mlt_httpd_on_sent on_sent;
    void *context;
};

static ssize_t next_piece(void *context, uint64_t position, char *room, size_t size) {
    (void)position;
    struct pieces *pieces = context;
    ptrdiff_t count = pieces->on_room(pieces->context, room, size);
    if (count < 0) return 0;
    return count == 0 ? MHD_CONTENT_READER_END_OF_STREAM : (ssize_t)count;
}

static void end_pieces(void *context) {
    struct pieces *pieces = context;
    pieces->on_sent(pieces->context);
    free(pieces);
}

int mlt_httpd_answer_in_pieces(mlt_httpd_connection *connection, unsigned status, mlt_httpd_on_room on_room, mlt_httpd_on_sent on_sent,
                               void *context, const char *const *headers, size_t header_count) {
    struct pieces *pieces = malloc(sizeof *pieces);
    if (pieces == NULL) {
        on_sent(context);
        return 0;
    }
    *pieces = (struct pieces){on_room, on_sent, context};
    struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16 << 10, next_piece, pieces, end_pieces);
    if (response == NULL) {
        end_pieces(pieces);
        return 0;
    }
    return queue(connection, status, response, headers, header_count);
}

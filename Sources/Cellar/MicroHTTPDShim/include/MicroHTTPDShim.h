// Fixed-arity doors to libmicrohttpd: its calls are variadic and its enums closed, and Swift can use neither.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct MHD_Daemon mlt_httpd;
typedef struct MHD_Connection mlt_httpd_connection;

/// Called when the headers have arrived (`*request` is NULL), for each piece of the body (`*size` > 0) and when the request is
/// complete. Returns 0 to close the connection without an answer, 1 to go on.
typedef int (*mlt_httpd_on_request)(void *context, mlt_httpd_connection *connection, const char *path, const char *method,
                                    const uint8_t *body, size_t *size, void **request);
/// Called once for each request that got a `*request`, however it ended.
typedef void (*mlt_httpd_on_end)(void *context, void *request);
typedef void (*mlt_httpd_on_log)(void *context, const char *message);
typedef int (*mlt_httpd_on_pair)(void *context, const char *key, size_t key_size, const char *value, size_t value_size);

typedef struct mlt_httpd_options {
    int listen_descriptor;           ///< a bound, listening socket; the daemon closes it when it stops
    unsigned threads;                ///< event loops
    unsigned connection_limit;       ///< over all loops
    unsigned connection_limit_per_address;
    unsigned idle_timeout_seconds;
    size_t connection_memory_bytes;  ///< request line and headers together
    const char *certificate_pem;     ///< NULL for plain HTTP; read during the call only
    const char *key_pem;
    mlt_httpd_on_request on_request;
    mlt_httpd_on_end on_end;
    mlt_httpd_on_log on_log;
    void *context;
} mlt_httpd_options;

mlt_httpd *mlt_httpd_start(const mlt_httpd_options *options);
/// Stops accepting; returns the listening socket, which the caller closes, or -1.
int mlt_httpd_stop_accepting(mlt_httpd *daemon);
/// Waits for the event loops and closes all connections. No connection may be suspended.
void mlt_httpd_stop(mlt_httpd *daemon);
unsigned mlt_httpd_connection_count(mlt_httpd *daemon);

void mlt_httpd_suspend(mlt_httpd_connection *connection);
void mlt_httpd_resume(mlt_httpd_connection *connection);
void mlt_httpd_headers(mlt_httpd_connection *connection, mlt_httpd_on_pair on_pair, void *context);
void mlt_httpd_query(mlt_httpd_connection *connection, mlt_httpd_on_pair on_pair, void *context);

/// Queues an answer. `body` was taken from malloc and is freed by the library, also on failure. `headers` holds
/// name, value, name, value, ... Returns 1, or 0 when the connection must be closed.
int mlt_httpd_answer(mlt_httpd_connection *connection, unsigned status, void *body, size_t size, const char *const *headers,
                     size_t header_count);

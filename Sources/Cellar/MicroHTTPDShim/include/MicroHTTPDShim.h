// Fixed-arity doors to libmicrohttpd: its calls are variadic and its enums closed, and Swift can use neither.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct MHD_Daemon mlt_httpd;
typedef struct MHD_Connection mlt_httpd_connection;

/// The head of a request.
typedef struct mlt_httpd_target {
    size_t size;          ///< of what stands between method and version
    const char *query;    ///< what follows the first `?` there, as it came, or NULL
    int has_escaped_slash;  ///< 1 if the path has a slash as `%2F`; or 0
    int has_plain_lines;  ///< 1 if no header goes on in a second line, which every reader joins in its own way, and all end in CR LF; or 0
} mlt_httpd_target;

/// Called when the headers have arrived (`*request` is NULL), for each piece of the body (`*size` > 0) and when the request is
/// complete. Returns 0 to close the connection without an answer, 1 to go on.
typedef int (*mlt_httpd_on_request)(void *context, mlt_httpd_connection *connection, const char *path, const mlt_httpd_target *target,
                                    const char *method, const uint8_t *body, size_t *size, void **request);
/// Called once for each request that got a `*request`, however it ended.
typedef void (*mlt_httpd_on_end)(void *context, void *request);
typedef void (*mlt_httpd_on_log)(void *context, const char *message);
typedef int (*mlt_httpd_on_pair)(void *context, const char *key, size_t key_size, const char *value, size_t value_size);
/// A connection that was handed over is about to be served, before its first byte is read. Whatever is returned is its own until the end.
typedef void *(*mlt_httpd_on_connection)(void *context, mlt_httpd_connection *connection, int descriptor);
/// A connection is over; its descriptor is closed right after.
typedef void (*mlt_httpd_on_connection_end)(void *context, void *own);

typedef struct mlt_httpd_options {
    unsigned connection_limit;
    unsigned idle_timeout_seconds;   ///< a connection on which nothing moves for so long is closed
    size_t connection_memory_bytes;  ///< request line, headers and what is noted of them, and the answer's headers
    const char *certificate_pem;     ///< NULL for plain HTTP; read during the call only
    const char *key_pem;
    mlt_httpd_on_request on_request;
    mlt_httpd_on_end on_end;
    mlt_httpd_on_connection on_connection;
    mlt_httpd_on_connection_end on_connection_end;
    mlt_httpd_on_log on_log;
    void *context;
} mlt_httpd_options;

/// Starts an event loop that serves the connections which are handed to it; it does not listen by itself. NULL when it cannot.
mlt_httpd *mlt_httpd_start(const mlt_httpd_options *options);
/// Hands over an accepted, non-blocking connection, which the daemon closes when it is over, also on failure. Returns 1, or 0 when it was
/// not taken: then there is no `on_connection` for it.
int mlt_httpd_serve(mlt_httpd *daemon, int descriptor, const void *address, unsigned size);
/// Waits for the event loop and closes all connections. No connection may be suspended.
void mlt_httpd_stop(mlt_httpd *daemon);

/// accept4(2), with a `struct sockaddr` and its size: a non-blocking, close-on-exec descriptor, or -1 with errno.
int mlt_accept(int listener, void *address, unsigned *size);
/// Lets nobody begin a handshake with a listening TCP socket any more, who then tries again in a second; those that have begun end theirs, and
/// all wait to be accepted. It holds for the socket, whoever has it, until that is closed. Returns 0, or -1 with errno.
int mlt_turn_away(int listener);
/// Whether the other side of a connection has closed it, or its sending half. Returns 1 or 0.
int mlt_peer_is_gone(int descriptor);
/// eventfd(2): becomes readable when it is written to. -1 with errno on failure.
int mlt_bell(void);

/// What `on_connection` returned for the connection.
void *mlt_httpd_own(mlt_httpd_connection *connection);
/// The connection's `gnutls_session_t`, or NULL without TLS.
void *mlt_httpd_tls_session(mlt_httpd_connection *connection);

void mlt_httpd_suspend(mlt_httpd_connection *connection);
void mlt_httpd_resume(mlt_httpd_connection *connection);
void mlt_httpd_headers(mlt_httpd_connection *connection, mlt_httpd_on_pair on_pair, void *context);

/// Queues an answer. `body` was taken from malloc and is freed by the library, also on failure. `headers` holds
/// name, value, name, value, ... Returns 1, or 0 when the connection must be closed.
int mlt_httpd_answer(mlt_httpd_connection *connection, unsigned status, void *body, size_t size, const char *const *headers,
                     size_t header_count);

/// Fills the room with what comes next and returns how much that is; 0 is the end, -1 that nothing has come yet: then the connection was suspended,
/// and is asked again once it is resumed. Called on the event loop, and must not wait.
typedef ptrdiff_t (*mlt_httpd_on_room)(void *context, void *room, size_t size);
/// The body is not needed any more, whether or not it was sent.
typedef void (*mlt_httpd_on_sent)(void *context);

/// The same with a body that is made while it is sent, in chunks. `on_sent` is called once in any case, on failure too.
int mlt_httpd_answer_in_pieces(mlt_httpd_connection *connection, unsigned status, mlt_httpd_on_room on_room, mlt_httpd_on_sent on_sent,
                               void *context, const char *const *headers, size_t header_count);

// Fixed-arity doors to gRPC's C core. Its batches are arrays of unions whose memory must live until an event says that they are done; here each
// call is one cell that holds all of it, and an operation is a function. Nothing of gRPC's headers is seen from outside.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct mlt_grpc_queue mlt_grpc_queue;        ///< grpc_completion_queue
typedef struct mlt_grpc_server mlt_grpc_server;      ///< grpc_server
typedef struct mlt_grpc_channel mlt_grpc_channel;    ///< grpc_channel
typedef struct mlt_grpc_incoming mlt_grpc_incoming;  ///< a call that a server was asked
typedef struct mlt_grpc_outgoing mlt_grpc_outgoing;  ///< a call that a client asks
typedef struct mlt_grpc_identity mlt_grpc_identity;  ///< what TLS listeners show and believe, exchangeable

typedef struct mlt_grpc_bytes {
    const char *start;  ///< NULL for none
    size_t count;
} mlt_grpc_bytes;

/// No deadline.
extern const int64_t mlt_grpc_never;
typedef void (*mlt_grpc_log)(int is_error, const char *file, int line, const char *message);

/// grpc_init, and where its words go. To be called once, before anything else.
void mlt_grpc_start(mlt_grpc_log log);
const char *mlt_grpc_version(void);

// MARK: events

mlt_grpc_queue *mlt_grpc_queue_new(void);
/// Blocks until something is done; 0 once the queue is shut down and empty.
int mlt_grpc_queue_next(mlt_grpc_queue *queue, void **tag, int *success);
void mlt_grpc_queue_shutdown(mlt_grpc_queue *queue);
/// After mlt_grpc_queue_next has returned 0.
void mlt_grpc_queue_free(mlt_grpc_queue *queue);

// MARK: certificates

typedef struct mlt_grpc_pem {
    mlt_grpc_bytes certificate;  ///< and those between it and the authority
    mlt_grpc_bytes key;
    mlt_grpc_bytes authorities;
} mlt_grpc_pem;

typedef enum mlt_grpc_pem_fault {
    mlt_grpc_pem_sound,
    mlt_grpc_pem_no_certificate,
    mlt_grpc_pem_no_key,
    mlt_grpc_pem_no_authority,
    mlt_grpc_pem_mismatch,  ///< the key is not the certificate's
    mlt_grpc_pem_early,     ///< the certificate is not valid yet
    mlt_grpc_pem_expired,
} mlt_grpc_pem_fault;

/// Whether a pair and its authorities can be used at `now`.
///
/// - expires: seconds since 1970 at which the certificate ends, where it could be read.
mlt_grpc_pem_fault mlt_grpc_pem_check(const mlt_grpc_pem *pem, int64_t now, int64_t *expires);

/// A copy of what the check found sound, with one owner; NULL without memory.
mlt_grpc_identity *mlt_grpc_identity_new(const mlt_grpc_pem *pem);
/// What connections show and believe from now on. 0 when there was no memory.
int mlt_grpc_identity_replace(mlt_grpc_identity *identity, const mlt_grpc_pem *pem);
/// The owner's end; listeners keep it as long as they need it.
void mlt_grpc_identity_release(mlt_grpc_identity *identity);

// MARK: the server's side

typedef struct mlt_grpc_server_settings {
    int max_streams;          ///< of a connection
    int max_message;          ///< bytes that are received
    int max_metadata;         ///< bytes of a call's names and values
    size_t memory;            ///< bytes for all connections' buffers
    int keepalive_ms;         ///< a connection that says nothing is asked so often
    int keepalive_timeout_ms; ///< and ended when it does not answer
    int min_ping_ms;          ///< who asks us more often is sent away
    int idle_ms;              ///< a connection without calls is ended
    int age_ms;               ///< a connection is told to go, so that the next one shows its certificate again
    int age_grace_ms;         ///< what its calls have left then
    int handshake_ms;
} mlt_grpc_server_settings;

mlt_grpc_server *mlt_grpc_server_new(const mlt_grpc_server_settings *settings, mlt_grpc_queue *queue);
/// Before the start: listens for TLS with certificates on both sides. The port, or 0.
int mlt_grpc_server_listen(mlt_grpc_server *server, const char *address, mlt_grpc_identity *identity);
void mlt_grpc_server_start(mlt_grpc_server *server);
/// After the start: takes over a connected Unix socket, which is closed in the end. Any other kind of socket is refused with 0 and not closed.
int mlt_grpc_server_adopt(mlt_grpc_server *server, int descriptor);
/// No new connections and calls; the tag comes when those that are there have ended.
void mlt_grpc_server_shutdown(mlt_grpc_server *server, mlt_grpc_queue *queue, void *tag);
void mlt_grpc_server_cancel_calls(mlt_grpc_server *server);
/// After the tag of the shutdown.
void mlt_grpc_server_free(mlt_grpc_server *server);

/// The next call; the tag comes with success when there is one, without when the server is shut down. NULL when it is.
mlt_grpc_incoming *mlt_grpc_server_expect(mlt_grpc_server *server, mlt_grpc_queue *queue, void *tag);
mlt_grpc_bytes mlt_grpc_incoming_path(const mlt_grpc_incoming *call);
/// Nanoseconds from now, never less than 0, or mlt_grpc_never.
int64_t mlt_grpc_incoming_time_left(const mlt_grpc_incoming *call);
/// 0 once there are no more.
int mlt_grpc_incoming_metadata(const mlt_grpc_incoming *call, size_t index, mlt_grpc_bytes *name, mlt_grpc_bytes *value);
/// `fd:N` for a socket that was adopted. To be freed with mlt_grpc_text_free.
char *mlt_grpc_incoming_address(const mlt_grpc_incoming *call);
void mlt_grpc_text_free(char *text);

typedef void (*mlt_grpc_on_name)(void *context, mlt_grpc_bytes name);
/// The names of the client's certificate: DNS and URI ones, then the common one. 0 when it has shown none.
int mlt_grpc_incoming_names(const mlt_grpc_incoming *call, mlt_grpc_on_name on_name, void *context);

// Operations: 0 when one could not begin, and then its tag does not come.

int mlt_grpc_incoming_read(mlt_grpc_incoming *call, void *tag);
/// The tag comes when the call is over, whoever ended it.
int mlt_grpc_incoming_watch(mlt_grpc_incoming *call, void *tag);
/// One message of a stream.
int mlt_grpc_incoming_send(mlt_grpc_incoming *call, mlt_grpc_bytes message, void *tag);
/// The end, with a message or without (start NULL).
int mlt_grpc_incoming_answer(mlt_grpc_incoming *call, mlt_grpc_bytes message, int status, mlt_grpc_bytes details, void *tag);

/// After a read: whether there was a message that can be read.
int mlt_grpc_incoming_has_message(const mlt_grpc_incoming *call);
/// After a read without a message: whether the call was ended by the client, the network or a limit of gRPC, and not just without one.
int mlt_grpc_incoming_read_failed(const mlt_grpc_incoming *call);
size_t mlt_grpc_incoming_message_size(const mlt_grpc_incoming *call);
/// Fills as much as there is room for; how much that was.
size_t mlt_grpc_incoming_message(mlt_grpc_incoming *call, char *room, size_t size);
/// After the watch: whether it ended for another reason than our answer.
int mlt_grpc_incoming_was_cancelled(const mlt_grpc_incoming *call);
/// Ends the call from our side, so that all its tags come.
void mlt_grpc_incoming_cancel(mlt_grpc_incoming *call);
/// When no operation is under way.
void mlt_grpc_incoming_free(mlt_grpc_incoming *call);

/// accept4(2), not blocking and not for children. The descriptor, or a negative errno.
int mlt_grpc_accept(int listener);
/// Who holds the other end of a connected Unix socket. 0 when the kernel does not tell.
int mlt_grpc_socket_user(int descriptor, unsigned *user, int *process);

// MARK: the client's side

typedef struct mlt_grpc_channel_settings {
    int max_message;
    int max_metadata;
    int keepalive_ms;
    int keepalive_timeout_ms;
    int connect_ms;      ///< for one attempt
    int backoff_ms;      ///< between the first two attempts
    int max_backoff_ms;
} mlt_grpc_channel_settings;

/// `unix:PATH`; whatever is no Unix socket is not spoken to.
mlt_grpc_channel *mlt_grpc_channel_to_file(const char *target, const mlt_grpc_channel_settings *settings);
/// TLS with certificates on both sides. The texts end with 0.
///
/// - expected_name: what the server's certificate must be for.
mlt_grpc_channel *mlt_grpc_channel_to_network(const char *target, const char *certificate, const char *key, const char *authorities,
                                              const char *expected_name, const mlt_grpc_channel_settings *settings);
/// When no call of it is under way.
void mlt_grpc_channel_free(mlt_grpc_channel *channel);

typedef struct mlt_grpc_pair {
    mlt_grpc_bytes name;
    mlt_grpc_bytes value;
} mlt_grpc_pair;

/// Whether a pair may travel beside a message, as names and values in ASCII.
int mlt_grpc_pair_is_legal(const mlt_grpc_pair *pair);

/// Begins a call. NULL when it could not begin, and then no tag comes; else both come, in any order.
///
/// - timeout: nanoseconds, or mlt_grpc_never.
/// - waits: whether it waits for a connection, or fails when there is none.
/// - sent: comes with success when a connection has taken the call, without when none did before its end.
/// - tag: comes at its end.
mlt_grpc_outgoing *mlt_grpc_call(mlt_grpc_channel *channel, mlt_grpc_queue *queue, mlt_grpc_bytes path, mlt_grpc_bytes message,
                                 const mlt_grpc_pair *pairs, size_t pair_count, int64_t timeout, int waits, void *sent, void *tag);
/// At any time before it is freed.
void mlt_grpc_outgoing_cancel(mlt_grpc_outgoing *call);
int mlt_grpc_outgoing_status(const mlt_grpc_outgoing *call);
mlt_grpc_bytes mlt_grpc_outgoing_details(const mlt_grpc_outgoing *call);
int mlt_grpc_outgoing_has_message(const mlt_grpc_outgoing *call);
size_t mlt_grpc_outgoing_message_size(const mlt_grpc_outgoing *call);
size_t mlt_grpc_outgoing_message(mlt_grpc_outgoing *call, char *room, size_t size);
/// After its tags.
void mlt_grpc_outgoing_free(mlt_grpc_outgoing *call);

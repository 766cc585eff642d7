// Fixed-arity doors to libcurl: curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic. Behind them OpenSSL, which
// libcurl uses for TLS, is told whom to believe.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef void mlt_curl;
typedef void mlt_curl_multi;

typedef size_t (*mlt_curl_on_data)(char *bytes, size_t size, size_t count, void *context);
/// Whether a connection to this address may be made: 4 or 16 bytes in the order of the network, or 0 for what is no address of a network.
typedef int (*mlt_curl_on_address)(const unsigned char *address, size_t size, void *context);

#define MLT_FINGERPRINT_SIZE 32  // SHA-256

/// Whom to believe behind https.
typedef enum mlt_curl_trust {
    mlt_curl_trust_authorities,   ///< and the certificate must be for the host's name
    mlt_curl_trust_fingerprints,  ///< whoever holds a certificate with one of these; its names, dates and signer do not count
    mlt_curl_trust_anybody,
} mlt_curl_trust;

/// What one request is made of. All strings are copied by the library, `fingerprints` and `body` are copied too.
typedef struct mlt_curl_request {
    const char *url;
    const char *method;
    const char *const *headers;         ///< "Name: value"
    size_t header_count;
    const void *body;                   ///< NULL for none
    size_t body_size;
    mlt_curl_trust trust;
    const char *ca_file;                ///< PEM, for mlt_curl_trust_authorities; NULL for the system's
    const unsigned char *fingerprints;  ///< MLT_FINGERPRINT_SIZE bytes each, for mlt_curl_trust_fingerprints
    size_t fingerprint_count;           ///< a request that trusts fingerprints and has none is refused
    const char *certificate_file;       ///< PEM, shown to a server that asks for one; NULL for none
    const char *key_file;               ///< PEM; NULL when the key is in certificate_file
    const char *proxy;                  ///< NULL for none
    const char *unix_socket;            ///< path of a socket in place of the URL's host; NULL for the network
    const char *connect_to;             ///< "::HOST:PORT" in place of the URL's, whose certificate is still asked for; NULL for none
    int may_repeat;                     ///< a body may be sent on a kept connection, and again on another when that gives no answer
    long connect_timeout_ms;
    long timeout_ms;
    mlt_curl_on_data on_body;           ///< returning less than it was given ends the transfer
    mlt_curl_on_data on_header;
    mlt_curl_on_address on_address;     ///< asked before each connection is made; NULL allows all
    void *context;
} mlt_curl_request;

/// What is wrong with a certificate that was refused.
typedef enum mlt_curl_blame {
    mlt_curl_blame_none,               ///< none was refused
    mlt_curl_blame_expired,
    mlt_curl_blame_not_yet_valid,
    mlt_curl_blame_self_signed,
    mlt_curl_blame_unknown_authority,
    mlt_curl_blame_wrong_name,
    mlt_curl_blame_wrong_fingerprint,
    mlt_curl_blame_other,              ///< `message` has OpenSSL's words
} mlt_curl_blame;

/// What libcurl says of a finished transfer.
typedef struct mlt_curl_outcome {
    void *context;
    int code;                          ///< CURLcode
    long status;
    long connections_opened;
    int error_number;                  ///< errno of the failed connect, or 0
    char message[256];                 ///< empty when it succeeded
    mlt_curl_blame blame;              ///< what is wrong with the certificate, if that is why it failed
    int is_of_proxy;                   ///< the certificate that is to blame is the proxy's, not the server's
    int is_of_authority;               ///< it is one further up the chain
    int has_fingerprint;               ///< whether the other side showed a certificate of its own
    unsigned char fingerprint[MLT_FINGERPRINT_SIZE];
    char subject[256];                 ///< of that certificate, on one line; cut where it is longer, empty when it has none
    int64_t not_before, not_after;     ///< its validity in unix seconds; 0 where a moment cannot be read
    char host[256];                    ///< whom the certificate should have named, for mlt_curl_blame_wrong_name
} mlt_curl_outcome;

/// The kinds of failure that callers tell apart.
typedef enum mlt_curl_failure {
    mlt_curl_failure_none,
    mlt_curl_failure_timeout,
    mlt_curl_failure_resolve,
    mlt_curl_failure_connect,
    mlt_curl_failure_tls,
    mlt_curl_failure_aborted,   ///< a callback of ours ended it
    mlt_curl_failure_closed,    ///< the connection was over before the answer was
    mlt_curl_failure_too_large, ///< a line of the headers is longer than libcurl bears, or memory is short
    mlt_curl_failure_url,
    mlt_curl_failure_protocol,
} mlt_curl_failure;

/// Once, before anything else. Returns 0 when libcurl or OpenSSL cannot start.
int mlt_curl_global_setup(void);
mlt_curl_multi *mlt_curl_multi_new(long connections_per_host, long connections_kept);
void mlt_curl_multi_free(mlt_curl_multi *multi);
/// Starts a transfer; NULL when memory is short or an option is refused.
mlt_curl *mlt_curl_start(mlt_curl_multi *multi, const mlt_curl_request *request);
/// Takes a transfer out, finished or not, and frees it.
void mlt_curl_end(mlt_curl_multi *multi, mlt_curl *transfer);
/// Moves all transfers on. Returns 0, or a CURLMcode.
int mlt_curl_advance(mlt_curl_multi *multi);
/// The next finished transfer, or NULL.
mlt_curl *mlt_curl_next_finished(mlt_curl_multi *multi, mlt_curl_outcome *outcome);
void mlt_curl_wait(mlt_curl_multi *multi, int timeout_ms);
/// May be called from any thread.
void mlt_curl_wake(mlt_curl_multi *multi);
mlt_curl_failure mlt_curl_classify(int code);
/// Whether a URL can stand for a proxy: http, https or SOCKS, a host, perhaps credentials and a port, and no more. From any thread.
int mlt_curl_is_proxy(const char *url);
/// The SHA-256 of the first certificate of a PEM text. Returns 0 when it holds none. From any thread.
int mlt_certificate_fingerprint(const char *pem, unsigned char fingerprint[MLT_FINGERPRINT_SIZE]);

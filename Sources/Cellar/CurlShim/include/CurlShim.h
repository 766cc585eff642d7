// Fixed-arity doors to libcurl: curl_easy_setopt, curl_easy_getinfo and curl_multi_setopt are variadic.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef void mlt_curl;
typedef void mlt_curl_multi;

typedef size_t (*mlt_curl_on_data)(char *bytes, size_t size, size_t count, void *context);

/// What one request is made of. All strings are copied by the library, `body` is copied too.
typedef struct mlt_curl_request {
    const char *url;
    const char *method;
    const char *const *headers;  ///< "Name: value"
    size_t header_count;
    const void *body;            ///< NULL for none
    size_t body_size;
    const char *ca_file;         ///< NULL for the system's
    int verify_peer;
    long connect_timeout_ms;
    long timeout_ms;
    mlt_curl_on_data on_body;    ///< returning less than it was given ends the transfer
    mlt_curl_on_data on_header;
    void *context;
} mlt_curl_request;

/// What libcurl says of a finished transfer.
typedef struct mlt_curl_outcome {
    void *context;
    int code;                    ///< CURLcode
    long status;
    long connections_opened;
    int error_number;            ///< errno of the failed connect, or 0
    char message[256];           ///< empty when it succeeded
} mlt_curl_outcome;

/// The kinds of failure that callers tell apart.
typedef enum mlt_curl_failure {
    mlt_curl_failure_none,
    mlt_curl_failure_timeout,
    mlt_curl_failure_resolve,
    mlt_curl_failure_connect,
    mlt_curl_failure_tls,
    mlt_curl_failure_aborted,   ///< a callback of ours ended it
    mlt_curl_failure_url,
    mlt_curl_failure_protocol,
} mlt_curl_failure;

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

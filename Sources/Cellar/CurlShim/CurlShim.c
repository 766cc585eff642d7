#include "CurlShim.h"
#include "Trust.h"
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

// What must outlive curl_easy_perform beside the handle.
typedef struct transfer_state {
    struct curl_slist *headers;
    struct curl_slist *connect_to;
    mlt_trust *trust;
    mlt_curl_on_address on_address;
    void *context;
    char message[CURL_ERROR_SIZE];
} transfer_state;

int mlt_curl_global_setup(void) { return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK && mlt_trust_global_setup(); }

mlt_curl_multi *mlt_curl_multi_new(long connections_per_host, long connections_kept) {
    CURLM *multi = curl_multi_init();
    if (multi == NULL) return NULL;
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, connections_per_host);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, connections_kept);
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    return multi;
}

void mlt_curl_multi_free(mlt_curl_multi *multi) { curl_multi_cleanup(multi); }

static void free_state(transfer_state *state) {
    curl_slist_free_all(state->headers);
    curl_slist_free_all(state->connect_to);
    mlt_trust_release(state->trust);
    free(state);
}

// The address is the one that is connected to: whatever a name meant a moment ago, or will mean.
static curl_socket_t open_if_allowed(void *pointer, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)purpose;
    const transfer_state *state = pointer;
    const unsigned char *bytes = NULL;
    size_t size = 0;
    if (address->family == AF_INET && address->addrlen >= sizeof(struct sockaddr_in)) {
        bytes = (const unsigned char *)&((const struct sockaddr_in *)(const void *)&address->addr)->sin_addr;
        size = sizeof(struct in_addr);
    } else if (address->family == AF_INET6 && address->addrlen >= sizeof(struct sockaddr_in6)) {
        bytes = (const unsigned char *)&((const struct sockaddr_in6 *)(const void *)&address->addr)->sin6_addr;
        size = sizeof(struct in6_addr);
    }
    if (!state->on_address(bytes, size, state->context)) return CURL_SOCKET_BAD;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

mlt_curl *mlt_curl_start(mlt_curl_multi *multi, const mlt_curl_request *request) {
    CURL *easy = curl_easy_init();
    transfer_state *state = calloc(1, sizeof *state);
    mlt_trust *trust = mlt_trust_new(request);
    if (easy == NULL || state == NULL || trust == NULL) {
        curl_easy_cleanup(easy);
        free(state);
        mlt_trust_release(trust);
        return NULL;
    }
    state->trust = trust;
    state->on_address = request->on_address;
    state->context = request->context;
    int refused = !mlt_trust_apply(trust, easy, request);
    for (size_t index = 0; index < request->header_count; index++) {
        struct curl_slist *longer = curl_slist_append(state->headers, request->headers[index]);
        if (longer == NULL) refused = 1;
        else state->headers = longer;
    }
    if (request->connect_to != NULL) {
        state->connect_to = curl_slist_append(NULL, request->connect_to);
        if (state->connect_to == NULL) refused = 1;
    }
#define SET(option, value) refused |= curl_easy_setopt(easy, option, value) != CURLE_OK
    SET(CURLOPT_PRIVATE, state);
    SET(CURLOPT_ERRORBUFFER, state->message);
    SET(CURLOPT_URL, request->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_PATH_AS_IS, 1L);       // newer versions take %2E%2E for a step up
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, request->proxy != NULL ? request->proxy : "");  // the environment names none: credentials go where the user said
    SET(CURLOPT_NOPROXY, "");                                          // nor does it take one away
    SET(CURLOPT_UNIX_SOCKET_PATH, request->unix_socket);
    SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);                 // CONNECT has no header of ours
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L);       // else the end of a transfer waits for a name server that does not answer, and all others with it
    SET(CURLOPT_TCP_NODELAY, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);    // who waits for the next piece of an answer without an end hears within three minutes that nobody is there
    SET(CURLOPT_TCP_KEEPIDLE, 30L);
    SET(CURLOPT_TCP_KEEPINTVL, 15L);
    SET(CURLOPT_CONNECT_TO, state->connect_to);
    SET(CURLOPT_CONNECTTIMEOUT_MS, request->connect_timeout_ms);
    SET(CURLOPT_TIMEOUT_MS, request->timeout_ms);
    SET(CURLOPT_BUFFERSIZE, 128L * 1024L);
    SET(CURLOPT_HTTPHEADER, state->headers);
    SET(CURLOPT_WRITEFUNCTION, request->on_body);
    SET(CURLOPT_WRITEDATA, request->context);
    SET(CURLOPT_HEADERFUNCTION, request->on_header);
    SET(CURLOPT_HEADERDATA, request->context);
    if (request->on_address != NULL) {
        SET(CURLOPT_OPENSOCKETFUNCTION, open_if_allowed);
        SET(CURLOPT_OPENSOCKETDATA, state);
        SET(CURLOPT_FRESH_CONNECT, 1L);  // of a kept connection nobody would be asked
    }
    if (request->body != NULL) {
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_size);
        SET(CURLOPT_COPYPOSTFIELDS, request->body);
        if (!request->may_repeat)
            SET(CURLOPT_FRESH_CONNECT, 1L);  // on a kept one, what gets no answer is sent again, up to five times, and a login counts each
    } else if (strcmp(request->method, "HEAD") == 0) {
        SET(CURLOPT_NOBODY, 1L);
    }
    SET(CURLOPT_CUSTOMREQUEST, request->method);
#undef SET
    if (refused || curl_multi_add_handle(multi, easy) != CURLM_OK) {
        curl_easy_cleanup(easy);
        free_state(state);
        return NULL;
    }
    return easy;
}

static transfer_state *state_of(CURL *easy) {
    char *state = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &state);
    return (transfer_state *)(void *)state;
}

void mlt_curl_end(mlt_curl_multi *multi, mlt_curl *transfer) {
    transfer_state *state = state_of(transfer);
    curl_multi_remove_handle(multi, transfer);
    curl_easy_cleanup(transfer);
    free_state(state);
}

int mlt_curl_advance(mlt_curl_multi *multi) {
    int running = 0;
    return (int)curl_multi_perform(multi, &running);
}

// libcurl's code for a proxy that answers CONNECT with an error is that of a connection which broke.
static void name_refusing_proxy(CURL *easy, mlt_curl_outcome *outcome) {
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &status);
    if (outcome->code != CURLE_RECV_ERROR || status == 0 || status / 100 == 2) return;
    outcome->code = CURLE_COULDNT_CONNECT;
    snprintf(outcome->message, sizeof outcome->message, "the proxy answers CONNECT with status %ld", status);
}

mlt_curl *mlt_curl_next_finished(mlt_curl_multi *multi, mlt_curl_outcome *outcome) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) continue;
        CURL *easy = message->easy_handle;
        const transfer_state *state = state_of(easy);
        memset(outcome, 0, sizeof *outcome);
        outcome->context = state->context;
        outcome->code = (int)message->data.result;
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &outcome->status);
        curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &outcome->connections_opened);
        long error_number = 0;
        curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error_number);
        outcome->error_number = (int)error_number;
        // libcurl has one code for a scheme that we refuse and for an answer that is no HTTP; only the second follows a request.
        long request_size = 0;
        curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &request_size);
        if (outcome->code == CURLE_UNSUPPORTED_PROTOCOL && request_size > 0) outcome->code = CURLE_WEIRD_SERVER_REPLY;
        if (outcome->code != CURLE_OK) {
            const char *text = state->message[0] != 0 ? state->message : curl_easy_strerror(message->data.result);
            strncpy(outcome->message, text, sizeof outcome->message - 1);
            name_refusing_proxy(easy, outcome);
            mlt_trust_explain(state->trust, easy, outcome);
        }
        return easy;
    }
    return NULL;
}

void mlt_curl_wait(mlt_curl_multi *multi, int timeout_ms) { curl_multi_poll(multi, NULL, 0, timeout_ms, NULL); }

void mlt_curl_wake(mlt_curl_multi *multi) { curl_multi_wakeup(multi); }

mlt_curl_failure mlt_curl_classify(int code) {
    switch (code) {
    case CURLE_OK: return mlt_curl_failure_none;
    case CURLE_OPERATION_TIMEDOUT: return mlt_curl_failure_timeout;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST: return mlt_curl_failure_resolve;
    case CURLE_PROXY:
    case CURLE_COULDNT_CONNECT: return mlt_curl_failure_connect;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_SSL_CIPHER: return mlt_curl_failure_tls;
    case CURLE_WRITE_ERROR: return mlt_curl_failure_aborted;
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR: return mlt_curl_failure_closed;
    // Older versions say this of a line of the headers that is longer than theirs may be.
    case CURLE_OUT_OF_MEMORY:
#if LIBCURL_VERSION_NUM >= 0x080600
    case CURLE_TOO_LARGE:
#endif
        return mlt_curl_failure_too_large;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return mlt_curl_failure_url;
    default: return mlt_curl_failure_protocol;
    }
}

static int is_one_of(const char *word, const char *const *words) {
    while (*words != NULL && strcasecmp(word, *words) != 0) words++;
    return *words != NULL;
}

// Whether a part of a URL can be read: one that is absent can, one that hides a control character cannot.
static int is_readable(CURLU *parts, CURLUPart part, CURLUcode absent) {
    char *text = NULL;
    CURLUcode code = curl_url_get(parts, part, &text, CURLU_URLDECODE);
    curl_free(text);
    return code == CURLUE_OK || code == absent;
}

int mlt_curl_is_proxy(const char *url) {
    static const char *const schemes[] = {"http", "https", "socks4", "socks4a", "socks5", "socks5h", NULL};
    char *scheme = NULL, *host = NULL, *path = NULL, *rest = NULL;
    CURLU *parts = curl_url();
    // A path after a SOCKS proxy would be that of a Unix socket.
    int is_proxy = parts != NULL && curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
                   curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK && is_one_of(scheme, schemes) &&
                   curl_url_get(parts, CURLUPART_HOST, &host, CURLU_URLDECODE) == CURLUE_OK && host[0] != 0 &&
                   is_readable(parts, CURLUPART_USER, CURLUE_NO_USER) && is_readable(parts, CURLUPART_PASSWORD, CURLUE_NO_PASSWORD) &&
                   curl_url_get(parts, CURLUPART_PATH, &path, 0) == CURLUE_OK && strcmp(path, "/") == 0 &&
                   curl_url_get(parts, CURLUPART_QUERY, &rest, 0) != CURLUE_OK &&
                   curl_url_get(parts, CURLUPART_FRAGMENT, &rest, 0) != CURLUE_OK;
    curl_free(scheme);
    curl_free(host);
    curl_free(path);
    curl_free(rest);
    curl_url_cleanup(parts);
    return is_proxy;
}

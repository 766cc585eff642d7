#define _GNU_SOURCE  // timegm
#include "Trust.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

struct mlt_trust {
    unsigned holders;
    int trusts_fingerprints;
    int has_https_proxy;
    int shows_certificate;
    // Of the last handshake.
    int is_strict;    // what is refused is not connected to
    int error;        // X509_V_*
    int error_depth;  // 0 for the certificate of the other side, more for those of authorities
    int alert;        // with which the other side ended it, or 0
    int has_leaf;
    unsigned char leaf[MLT_FINGERPRINT_SIZE];
    char subject[256];
    int64_t not_before, not_after;
    // What is believed.
    size_t fingerprint_count;
    unsigned char fingerprints[][MLT_FINGERPRINT_SIZE];
};

// Where a TLS context keeps its trust.
static int slot = -1;

static void on_context_freed(void *context, void *trust, CRYPTO_EX_DATA *data, int index, long number, void *pointer) {
    (void)context, (void)data, (void)index, (void)number, (void)pointer;
    mlt_trust_release(trust);
}

int mlt_trust_global_setup(void) {
    slot = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, on_context_freed);
    return slot >= 0;
}

mlt_trust *mlt_trust_new(const mlt_curl_request *request) {
    int trusts_fingerprints = request->trust == mlt_curl_trust_fingerprints;
    size_t count = trusts_fingerprints ? request->fingerprint_count : 0;
    if (trusts_fingerprints && count == 0) return NULL;
    mlt_trust *trust = calloc(1, sizeof *trust + count * MLT_FINGERPRINT_SIZE);
    if (trust == NULL) return NULL;
    trust->holders = 1;
    trust->trusts_fingerprints = trusts_fingerprints;
    trust->has_https_proxy = request->proxy != NULL && strncasecmp(request->proxy, "https:", 6) == 0;
    trust->shows_certificate = request->certificate_file != NULL;
    trust->fingerprint_count = count;
    if (count > 0) memcpy(trust->fingerprints, request->fingerprints, count * MLT_FINGERPRINT_SIZE);
    return trust;
}

void mlt_trust_release(mlt_trust *trust) {
    if (trust != NULL && --trust->holders == 0) free(trust);
}

static int digest_of(const X509 *certificate, unsigned char digest[MLT_FINGERPRINT_SIZE]) {
    unsigned size = 0;
    return certificate != NULL && X509_digest(certificate, EVP_sha256(), digest, &size) == 1 && size == MLT_FINGERPRINT_SIZE;
}

static int64_t unix_seconds(const ASN1_TIME *moment) {
    struct tm parts;
    return moment != NULL && ASN1_TIME_to_tm(moment, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

// What of it a person compares. OpenSSL escapes control characters and all that is not ASCII.
static void note_leaf(mlt_trust *trust, const X509 *certificate) {
    trust->has_leaf = digest_of(certificate, trust->leaf);
    memset(trust->subject, 0, sizeof trust->subject);
    trust->not_before = trust->not_after = 0;
    if (certificate == NULL) return;
    trust->not_before = unix_seconds(X509_get0_notBefore(certificate));
    trust->not_after = unix_seconds(X509_get0_notAfter(certificate));
    BIO *text = BIO_new(BIO_s_mem());
    if (text != NULL && X509_NAME_print_ex(text, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0)
        BIO_read(text, trust->subject, sizeof trust->subject - 1);
    BIO_free(text);
}

static int settle(mlt_trust *trust, X509_STORE_CTX *chain, int error, int depth) {
    trust->error = error;
    trust->error_depth = depth;
    X509_STORE_CTX_set_error(chain, error);
    return error == X509_V_OK;
}

// In place of OpenSSL's verification: what comes back as 0 ends the handshake, before anything of HTTP is sent.
static int judge_by_fingerprint(X509_STORE_CTX *chain, void *context) {
    mlt_trust *trust = context;
    note_leaf(trust, X509_STORE_CTX_get0_cert(chain));
    for (size_t index = 0; trust->has_leaf && index < trust->fingerprint_count; index++)
        if (memcmp(trust->leaf, trust->fingerprints[index], MLT_FINGERPRINT_SIZE) == 0) return settle(trust, chain, X509_V_OK, 0);
    return settle(trust, chain, X509_V_ERR_APPLICATION_VERIFICATION, 0);
}

// OpenSSL's verification, and a note of what it saw.
static int judge_by_chain(X509_STORE_CTX *chain, void *context) {
    mlt_trust *trust = context;
    note_leaf(trust, X509_STORE_CTX_get0_cert(chain));
    int is_accepted = X509_verify_cert(chain) == 1;
    int error = X509_STORE_CTX_get_error(chain);
    if (!is_accepted && error == X509_V_OK) error = X509_V_ERR_UNSPECIFIED;
    return settle(trust, chain, is_accepted ? X509_V_OK : error, X509_STORE_CTX_get_error_depth(chain));
}

static void on_event(const SSL *connection, int where, int value) {
    mlt_trust *trust = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(connection), slot);
    int is_fatal = value >> 8 == SSL3_AL_FATAL;
    if (trust != NULL && where == SSL_CB_READ_ALERT && is_fatal) trust->alert = value & 0xff;
}

// libcurl has made a TLS context and set it up; connections of it are made next. A request by way of an https proxy comes here twice:
// for the proxy, whose context always verifies, and for the server.
static CURLcode on_context(CURL *easy, void *pointer, void *argument) {
    (void)easy;
    SSL_CTX *context = pointer;
    mlt_trust *trust = argument;
    if (!SSL_CTX_set_ex_data(context, slot, trust)) return CURLE_SSL_CONNECT_ERROR;
    trust->holders++;
    trust->error = X509_V_OK;
    trust->error_depth = trust->alert = trust->has_leaf = 0;
    SSL_CTX_set_info_callback(context, on_event);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION);  // it would let the certificate change after it was judged
    if (trust->trusts_fingerprints && SSL_CTX_get_verify_mode(context) == SSL_VERIFY_NONE) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_cert_verify_callback(context, judge_by_fingerprint, trust);
    } else {
        SSL_CTX_set_cert_verify_callback(context, judge_by_chain, trust);
    }
    trust->is_strict = SSL_CTX_get_verify_mode(context) != SSL_VERIFY_NONE;
    return CURLE_OK;
}

int mlt_trust_apply(mlt_trust *trust, CURL *easy, const mlt_curl_request *request) {
    int verifies = request->trust == mlt_curl_trust_authorities;
    int refused = 0;
#define SET(option, value) refused |= curl_easy_setopt(easy, option, value) != CURLE_OK
    SET(CURLOPT_SSL_CTX_FUNCTION, on_context);
    SET(CURLOPT_SSL_CTX_DATA, trust);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, verifies ? 1L : 0L);
    SET(CURLOPT_SSL_VERIFYHOST, verifies ? 2L : 0L);
    if (verifies && request->ca_file != NULL) {
        SET(CURLOPT_CAINFO, request->ca_file);
        SET(CURLOPT_CAPATH, NULL);
        SET(CURLOPT_CA_CACHE_TIMEOUT, 300L);  // a day without it, in which a renewed file would not be seen
    }
    if (trust->trusts_fingerprints) {
        // libcurl does not know what on_context does, and would give this request a connection that another made with other fingerprints
        // or with none. It does compare the bytes of CAINFO_BLOB, and as it is told not to verify it does not read them.
        struct curl_blob distinction = {trust->fingerprints, trust->fingerprint_count * MLT_FINGERPRINT_SIZE, CURL_BLOB_COPY};
        SET(CURLOPT_CAINFO_BLOB, &distinction);
        SET(CURLOPT_SSL_SESSIONID_CACHE, 0L);  // a resumed session shows no certificate
    }
    if (request->certificate_file != NULL) {
        SET(CURLOPT_SSLCERT, request->certificate_file);
        SET(CURLOPT_SSLCERTTYPE, "PEM");
        SET(CURLOPT_SSLKEY, request->key_file);
        SET(CURLOPT_SSLKEYTYPE, "PEM");
        SET(CURLOPT_KEYPASSWD, "");  // else OpenSSL asks for it on the terminal, and waits
    }
    SET(CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
#undef SET
    return !refused;
}

static mlt_curl_blame blame_for(int error) {
    switch (error) {
    case X509_V_OK:  // OpenSSL has no complaint, so it is libcurl that has one: the name
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return mlt_curl_blame_wrong_name;
    case X509_V_ERR_CERT_HAS_EXPIRED: return mlt_curl_blame_expired;
    case X509_V_ERR_CERT_NOT_YET_VALID: return mlt_curl_blame_not_yet_valid;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: return mlt_curl_blame_self_signed;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED: return mlt_curl_blame_unknown_authority;
    case X509_V_ERR_APPLICATION_VERIFICATION: return mlt_curl_blame_wrong_fingerprint;
    default: return mlt_curl_blame_other;
    }
}

static void name_host(CURL *easy, mlt_curl_outcome *outcome) {
    char *url = NULL, *host = NULL;
    CURLU *parts = curl_url();
    if (parts != NULL && curl_easy_getinfo(easy, CURLINFO_EFFECTIVE_URL, &url) == CURLE_OK && url != NULL &&
        curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK && curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK)
        strncpy(outcome->host, host, sizeof outcome->host - 1);
    curl_free(host);
    curl_url_cleanup(parts);
}

static void blame_certificate(const mlt_trust *trust, CURL *easy, int is_of_proxy, mlt_curl_outcome *outcome) {
    outcome->code = CURLE_PEER_FAILED_VERIFICATION;
    outcome->blame = trust->has_leaf ? blame_for(trust->error) : mlt_curl_blame_other;
    outcome->is_of_proxy = is_of_proxy;
    outcome->is_of_authority = trust->error_depth > 0;
    outcome->has_fingerprint = trust->has_leaf;
    memcpy(outcome->fingerprint, trust->leaf, sizeof outcome->fingerprint);
    memcpy(outcome->subject, trust->subject, sizeof outcome->subject);
    outcome->not_before = trust->not_before;
    outcome->not_after = trust->not_after;
    if (outcome->blame == mlt_curl_blame_wrong_name && !is_of_proxy) name_host(easy, outcome);
    if (outcome->blame == mlt_curl_blame_other)
        snprintf(outcome->message, sizeof outcome->message, "%s",
                 trust->has_leaf ? X509_verify_cert_error_string(trust->error) : "none was shown");
}

// Whether an alert is about the certificate that we showed, or did not show.
static int is_about_our_certificate(int alert) {
    switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_CERTIFICATE_REQUIRED: return 1;
    default: return 0;
    }
}

static void tell_alert(const mlt_trust *trust, const char *side, mlt_curl_outcome *outcome) {
    const char *text = SSL_alert_desc_string_long(trust->alert);
    outcome->code = CURLE_SSL_CLIENTCERT;
    if (trust->shows_certificate)
        snprintf(outcome->message, sizeof outcome->message, "the %s refuses the client certificate: %s", side, text);
    else if (trust->alert == SSL_AD_CERTIFICATE_REQUIRED)
        snprintf(outcome->message, sizeof outcome->message, "the %s asks for a client certificate", side);
    else
        snprintf(outcome->message, sizeof outcome->message, "the %s ends the handshake: %s", side, text);
}

void mlt_trust_explain(const mlt_trust *trust, CURL *easy, mlt_curl_outcome *outcome) {
    long connect_status = 0;
    curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, &connect_status);
    int is_of_proxy = trust->has_https_proxy && connect_status / 100 != 2;
    // libcurl's code is no guide: a refusal inside the handshake with an https proxy has the code of any failure, and an alert about our
    // certificate has that of a refusal, or in TLS 1.3, where it comes after the handshake, that of a broken connection.
    if (trust->is_strict && trust->error != X509_V_OK) blame_certificate(trust, easy, is_of_proxy, outcome);
    else if (is_about_our_certificate(trust->alert)) tell_alert(trust, is_of_proxy ? "proxy" : "server", outcome);
    else if (outcome->code == CURLE_PEER_FAILED_VERIFICATION) blame_certificate(trust, easy, is_of_proxy, outcome);
}

int mlt_certificate_fingerprint(const char *pem, unsigned char fingerprint[MLT_FINGERPRINT_SIZE]) {
    BIO *text = BIO_new_mem_buf(pem, -1);
    X509 *certificate = text != NULL ? PEM_read_bio_X509(text, NULL, NULL, NULL) : NULL;
    int is_found = digest_of(certificate, fingerprint);
    X509_free(certificate);
    BIO_free(text);
    ERR_clear_error();
    return is_found;
}

#include "Internal.h"
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// MARK: whether a pair can be used

// A key with a password would be asked for at the terminal.
static int no_password(char *room, int size, int writing, void *context) {
    (void)room, (void)size, (void)writing, (void)context;
    return -1;
}

static BIO *reader_of(mlt_grpc_bytes bytes) { return bytes.count > 1 << 24 ? NULL : BIO_new_mem_buf(bytes.start, (int)bytes.count); }

static X509 *first_certificate(mlt_grpc_bytes pem) {
    BIO *reader = reader_of(pem);
    X509 *certificate = reader == NULL ? NULL : PEM_read_bio_X509_AUX(reader, NULL, no_password, NULL);
    BIO_free(reader);
    return certificate;
}

// The end as seconds since 1970; 0 when it cannot be told.
static int64_t end_of(const X509 *certificate) {
    struct tm parts;
    memset(&parts, 0, sizeof parts);
    if (!ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &parts)) return 0;
    return (int64_t)timegm(&parts);
}

mlt_grpc_pem_fault mlt_grpc_pem_check(const mlt_grpc_pem *pem, int64_t now, int64_t *expires) {
    mlt_grpc_pem_fault fault = mlt_grpc_pem_sound;
    time_t moment = (time_t)now;
    *expires = 0;
    X509 *certificate = first_certificate(pem->certificate);
    X509 *authority = first_certificate(pem->authorities);
    BIO *reader = reader_of(pem->key);
    EVP_PKEY *key = reader == NULL ? NULL : PEM_read_bio_PrivateKey(reader, NULL, no_password, NULL);
    if (certificate == NULL) {
        fault = mlt_grpc_pem_no_certificate;
    } else if (key == NULL) {
        fault = mlt_grpc_pem_no_key;
    } else if (authority == NULL) {
        fault = mlt_grpc_pem_no_authority;
    } else if (!X509_check_private_key(certificate, key)) {
        fault = mlt_grpc_pem_mismatch;
    } else {
        *expires = end_of(certificate);
        if (X509_cmp_time(X509_get0_notBefore(certificate), &moment) > 0) fault = mlt_grpc_pem_early;
        if (X509_cmp_time(X509_get0_notAfter(certificate), &moment) < 0) fault = mlt_grpc_pem_expired;
    }
    EVP_PKEY_free(key);
    BIO_free(reader);
    X509_free(authority);
    X509_free(certificate);
    ERR_clear_error();
    return fault;
}

// MARK: what listeners show

struct mlt_grpc_identity {
    pthread_mutex_t lock;
    size_t owners;
    unsigned long generation;
    char *certificate, *key, *authorities;
};

// One listener's view: which generation it was given last.
typedef struct listener_view {
    mlt_grpc_identity *identity;
    unsigned long given;
} listener_view;

static char *text_of(mlt_grpc_bytes bytes) {
    char *text = malloc(bytes.count + 1);
    if (text == NULL) return NULL;
    if (bytes.count > 0) memcpy(text, bytes.start, bytes.count);
    text[bytes.count] = 0;
    return text;
}

static void forget(char *text) {
    if (text != NULL) OPENSSL_cleanse(text, strlen(text));
    free(text);
}

int mlt_grpc_identity_replace(mlt_grpc_identity *identity, const mlt_grpc_pem *pem) {
    char *certificate = text_of(pem->certificate), *key = text_of(pem->key), *authorities = text_of(pem->authorities);
    if (certificate == NULL || key == NULL || authorities == NULL) {
        forget(certificate), forget(key), forget(authorities);
        return 0;
    }
    pthread_mutex_lock(&identity->lock);
    char *old[] = {identity->certificate, identity->key, identity->authorities};
    identity->certificate = certificate, identity->key = key, identity->authorities = authorities;
    identity->generation++;
    pthread_mutex_unlock(&identity->lock);
    for (size_t index = 0; index < 3; index++) forget(old[index]);
    return 1;
}

mlt_grpc_identity *mlt_grpc_identity_new(const mlt_grpc_pem *pem) {
    mlt_grpc_identity *identity = calloc(1, sizeof *identity);
    if (identity == NULL) return NULL;
    pthread_mutex_init(&identity->lock, NULL);
    identity->owners = 1;
    if (mlt_grpc_identity_replace(identity, pem)) return identity;
    mlt_grpc_identity_release(identity);
    return NULL;
}

void mlt_grpc_identity_release(mlt_grpc_identity *identity) {
    pthread_mutex_lock(&identity->lock);
    size_t left = --identity->owners;
    pthread_mutex_unlock(&identity->lock);
    if (left > 0) return;
    forget(identity->certificate), forget(identity->key), forget(identity->authorities);
    pthread_mutex_destroy(&identity->lock);
    free(identity);
}

// At each handshake. What it gives is tried before it takes the old one's place.
static grpc_ssl_certificate_config_reload_status fetch(void *context, grpc_ssl_server_certificate_config **config) {
    listener_view *view = context;
    mlt_grpc_identity *identity = view->identity;
    grpc_ssl_certificate_config_reload_status status = GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    pthread_mutex_lock(&identity->lock);
    if (view->given != identity->generation) {
        grpc_ssl_pem_key_cert_pair pair = {identity->key, identity->certificate};
        *config = grpc_ssl_server_certificate_config_create(identity->authorities, &pair, 1);
        view->given = identity->generation;
        status = GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
    }
    pthread_mutex_unlock(&identity->lock);
    return status;
}

grpc_server_credentials *mlt_grpc_identity_credentials(mlt_grpc_identity *identity) {
    listener_view *view = calloc(1, sizeof *view);
    if (view == NULL) return NULL;
    pthread_mutex_lock(&identity->lock);
    // gRPC does not say when it asks for the last time, so that both live as long as the process; a server is made once.
    identity->owners++;
    pthread_mutex_unlock(&identity->lock);
    view->identity = identity;
    return grpc_ssl_server_credentials_create_with_options(grpc_ssl_server_credentials_create_options_using_config_fetcher(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY, fetch, view));
}

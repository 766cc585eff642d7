#include "GnuTLSShim.h"
#include <arpa/inet.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

const int mlt_tls_mismatch = GNUTLS_E_CERTIFICATE_KEY_MISMATCH;

struct mlt_tls_server {
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priority;
    time_t expires;
    mlt_client_certificate client;
    char **allowed_names;
    size_t allowed_name_count;
};

static gnutls_datum_t datum_of(const char *text) { return (gnutls_datum_t){(unsigned char *)text, (unsigned)strlen(text)}; }

/// Of the first certificate of a text; 0 when it cannot be read.
static time_t expiry_of(const gnutls_datum_t *text) {
    gnutls_x509_crt_t certificate;
    time_t expires = 0;
    if (gnutls_x509_crt_init(&certificate) < 0) return 0;
    if (gnutls_x509_crt_import(certificate, text, GNUTLS_X509_FMT_PEM) >= 0) expires = gnutls_x509_crt_get_expiration_time(certificate);
    gnutls_x509_crt_deinit(certificate);
    return expires;
}

time_t mlt_tls_server_expires(const mlt_tls_server *server) { return server->expires; }

mlt_tls_server *mlt_tls_server_make(const mlt_tls_server_options *options, int *code, mlt_tls_part *part) {
    mlt_tls_server *server = calloc(1, sizeof *server);
    *part = mlt_tls_nothing;
    *code = GNUTLS_E_MEMORY_ERROR;
    if (server == NULL) return NULL;
    server->client = options->client;
    server->allowed_names = calloc(options->allowed_name_count + 1, sizeof(char *));
    if (server->allowed_names == NULL) goto failed;
    for (size_t index = 0; index < options->allowed_name_count; index++) {
        server->allowed_names[index] = strdup(options->allowed_names[index]);
        if (server->allowed_names[index] == NULL) goto failed;
        server->allowed_name_count = index + 1;
    }
    if ((*code = gnutls_certificate_allocate_credentials(&server->credentials)) < 0) goto failed;
    *part = mlt_tls_priority;
    if ((*code = gnutls_priority_init(&server->priority, options->priority, NULL)) < 0) goto failed;
    *part = mlt_tls_pair;
    gnutls_datum_t certificate = datum_of(options->certificate_pem), key = datum_of(options->key_pem);
    *code = gnutls_certificate_set_x509_key_mem2(server->credentials, &certificate, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (*code < 0) goto failed;
    server->expires = expiry_of(&certificate);
    if (options->authorities_pem != NULL) {
        *part = mlt_tls_authorities;
        gnutls_datum_t authorities = datum_of(options->authorities_pem);
        *code = gnutls_certificate_set_x509_trust_mem(server->credentials, &authorities, GNUTLS_X509_FMT_PEM);
        // No certificate in it is no error of the library's, and would be authorities that vouch for nobody.
        if (*code == 0) *code = GNUTLS_E_NO_CERTIFICATE_FOUND;
        if (*code < 0) goto failed;
    }
    return server;
failed:
    mlt_tls_server_free(server);
    return NULL;
}

void mlt_tls_server_free(mlt_tls_server *server) {
    if (server == NULL) return;
    if (server->credentials != NULL) gnutls_certificate_free_credentials(server->credentials);
    if (server->priority != NULL) gnutls_priority_deinit(server->priority);
    for (size_t index = 0; index < server->allowed_name_count; index++) free(server->allowed_names[index]);
    free(server->allowed_names);
    free(server);
}

static int is_allowed(const mlt_tls_server *server, const char *name, size_t size) {
    for (size_t index = 0; index < server->allowed_name_count; index++)
        if (strlen(server->allowed_names[index]) == size && memcmp(server->allowed_names[index], name, size) == 0) return 1;
    return 0;
}

/// Whether one of the certificate's alternative names (DNS names, addresses, mail, URIs) is one of those allowed.
static int has_allowed_name(const mlt_tls_server *server, const gnutls_datum_t *raw) {
    gnutls_x509_crt_t certificate;
    int allowed = 0;
    if (gnutls_x509_crt_init(&certificate) < 0) return 0;
    if (gnutls_x509_crt_import(certificate, raw, GNUTLS_X509_FMT_DER) < 0) goto done;
    for (unsigned index = 0; !allowed && index < 256; index++) {
        char name[1024], text[INET6_ADDRSTRLEN];
        size_t size = sizeof name;
        unsigned kind = 0;
        int code = gnutls_x509_crt_get_subject_alt_name2(certificate, index, name, &size, &kind, NULL);
        if (code == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE) break;
        // One that is too long or of a strange kind is not the one that is looked for; others may be.
        if (code < 0) continue;
        switch (kind) {
        case GNUTLS_SAN_IPADDRESS:
            if (size != 4 && size != 16) break;
            if (inet_ntop(size == 16 ? AF_INET6 : AF_INET, name, text, sizeof text) != NULL)
                allowed = is_allowed(server, text, strlen(text));
            break;
        case GNUTLS_SAN_DNSNAME:
        case GNUTLS_SAN_RFC822NAME:
        case GNUTLS_SAN_URI: allowed = is_allowed(server, name, size); break;
        default: break;
        }
    }
done:
    gnutls_x509_crt_deinit(certificate);
    return allowed;
}

/// Runs inside the handshake, once the client has said which certificate it has, or that it has none. Not 0 ends the handshake.
static int verify_client(gnutls_session_t session) {
    const mlt_tls_server *server = gnutls_session_get_ptr(session);
    unsigned count = 0, status = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
    int given = chain != NULL && count > 0;
    if (server->client == mlt_client_none || server->client == mlt_client_request) return 0;
    if (!given) {
        if (server->client == mlt_client_verify_if_given) return 0;
        gnutls_alert_send(session, GNUTLS_AL_FATAL, GNUTLS_A_CERTIFICATE_REQUIRED);
        return GNUTLS_E_CERTIFICATE_ERROR;
    }
    if (server->client != mlt_client_require_any) {
        gnutls_typed_vdata_st purpose = {GNUTLS_DT_KEY_PURPOSE_OID, (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT, 0};
        if (gnutls_certificate_verify_peers(session, &purpose, 1, &status) < 0 || status != 0) {
            gnutls_alert_send(session, GNUTLS_AL_FATAL,
                              (status & GNUTLS_CERT_EXPIRED) != 0 ? GNUTLS_A_CERTIFICATE_EXPIRED : GNUTLS_A_UNKNOWN_CA);
            return GNUTLS_E_CERTIFICATE_ERROR;
        }
    }
    if (server->allowed_name_count > 0 && !has_allowed_name(server, &chain[0])) {
        gnutls_alert_send(session, GNUTLS_AL_FATAL, GNUTLS_A_BAD_CERTIFICATE);
        return GNUTLS_E_CERTIFICATE_ERROR;
    }
    return 0;
}

void mlt_tls_server_attach(mlt_tls_server *server, void *opaque) {
    static const unsigned char http[] = "http/1.1";
    gnutls_session_t session = opaque;
    gnutls_datum_t protocol = {(unsigned char *)http, sizeof http - 1};
    gnutls_priority_set(session, server->priority);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, server->credentials);
    gnutls_alpn_set_protocols(session, &protocol, 1, 0);
    // libmicrohttpd's own pointer here serves callbacks that we do not ask it for.
    gnutls_session_set_ptr(session, server);
    switch (server->client) {
    case mlt_client_none: gnutls_certificate_server_set_request(session, GNUTLS_CERT_IGNORE); return;
    case mlt_client_request:
    case mlt_client_verify_if_given:
    case mlt_client_require_any:
    case mlt_client_require_and_verify:
        // Never GNUTLS_CERT_REQUIRE: with it the handshake of who has none ends without a word. verify_client ends it and says why.
        gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
        break;
    }
    gnutls_session_set_verify_function(session, verify_client);
}

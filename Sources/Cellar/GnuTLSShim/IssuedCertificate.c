#include "GnuTLSShim.h"
#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

static gnutls_datum_t datum_of(const char *text) { return (gnutls_datum_t){(unsigned char *)text, (unsigned)strlen(text)}; }

static int add_name(gnutls_x509_crt_t certificate, const char *name) {
    unsigned char address[16];
    if (inet_pton(AF_INET, name, address) == 1)
        return gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, address, 4, GNUTLS_FSAN_APPEND);
    if (inet_pton(AF_INET6, name, address) == 1)
        return gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, address, 16, GNUTLS_FSAN_APPEND);
    return gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name), GNUTLS_FSAN_APPEND);
}

/// A copy that ends with a NUL, taken with malloc; gives the original back to GnuTLS.
static char *text_of(gnutls_datum_t *datum) {
    char *text = datum->data == NULL ? NULL : malloc((size_t)datum->size + 1);
    if (text != NULL) {
        memcpy(text, datum->data, datum->size);
        text[datum->size] = 0;
    }
    gnutls_free(datum->data);
    datum->data = NULL;
    return text;
}

int mlt_certificate_make(const mlt_certificate_wish *wish, char **certificate_pem, char **key_pem) {
    gnutls_x509_privkey_t key = NULL, issuer_key = NULL;
    gnutls_x509_crt_t certificate = NULL, issuer = NULL;
    gnutls_datum_t certificate_text = {NULL, 0}, key_text = {NULL, 0};
    unsigned char serial[16], identifier[64];
    size_t identifier_size = sizeof identifier;
    int code;
    *certificate_pem = *key_pem = NULL;
#define TRY(call) if ((code = (call)) < 0) goto done
    TRY(gnutls_x509_privkey_init(&key));
    TRY(gnutls_x509_crt_init(&certificate));
    TRY(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
    TRY(gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial));
    serial[0] = (serial[0] & 0x7f) | 0x40;
    TRY(gnutls_x509_crt_set_version(certificate, 3));
    TRY(gnutls_x509_crt_set_serial(certificate, serial, sizeof serial));
    TRY(gnutls_x509_crt_set_activation_time(certificate, wish->now - 3600));
    TRY(gnutls_x509_crt_set_expiration_time(certificate, wish->now + (time_t)wish->days * 86400));
    TRY(gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, wish->common_name, (unsigned)strlen(wish->common_name)));
    for (size_t index = 0; index < wish->name_count; index++) TRY(add_name(certificate, wish->names[index]));
    TRY(gnutls_x509_crt_set_key(certificate, key));
    TRY(gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA1, identifier, &identifier_size));
    TRY(gnutls_x509_crt_set_subject_key_id(certificate, identifier, identifier_size));
    // Not 0 below an authority: that would allow one more below it.
    TRY(gnutls_x509_crt_set_basic_constraints(certificate, wish->is_authority ? 1 : 0, wish->is_authority ? 0 : -1));
    if (wish->is_authority) {
        TRY(gnutls_x509_crt_set_key_usage(certificate, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_DIGITAL_SIGNATURE));
    } else {
        TRY(gnutls_x509_crt_set_key_usage(certificate, GNUTLS_KEY_DIGITAL_SIGNATURE));
        TRY(gnutls_x509_crt_set_key_purpose_oid(certificate, GNUTLS_KP_TLS_WWW_SERVER, 0));
    }
    if (wish->issuer_pem != NULL && wish->issuer_key_pem != NULL) {
        gnutls_datum_t issuer_text = datum_of(wish->issuer_pem), issuer_key_text = datum_of(wish->issuer_key_pem);
        TRY(gnutls_x509_crt_init(&issuer));
        TRY(gnutls_x509_privkey_init(&issuer_key));
        TRY(gnutls_x509_crt_import(issuer, &issuer_text, GNUTLS_X509_FMT_PEM));
        TRY(gnutls_x509_privkey_import2(issuer_key, &issuer_key_text, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN));
        identifier_size = sizeof identifier;
        TRY(gnutls_x509_crt_get_key_id(issuer, GNUTLS_KEYID_USE_SHA1, identifier, &identifier_size));
        TRY(gnutls_x509_crt_set_authority_key_id(certificate, identifier, identifier_size));
        TRY(gnutls_x509_crt_sign2(certificate, issuer, issuer_key, GNUTLS_DIG_SHA256, 0));
    } else {
        TRY(gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0));
    }
    TRY(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &certificate_text));
    TRY(gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &key_text));
#undef TRY
    *certificate_pem = text_of(&certificate_text);
    *key_pem = text_of(&key_text);
    code = *certificate_pem != NULL && *key_pem != NULL ? 0 : GNUTLS_E_MEMORY_ERROR;
done:
    gnutls_free(certificate_text.data);
    gnutls_free(key_text.data);
    gnutls_x509_crt_deinit(certificate);
    gnutls_x509_privkey_deinit(key);
    gnutls_x509_crt_deinit(issuer);
    gnutls_x509_privkey_deinit(issuer_key);
    return code;
}

/// NULL for what is no certificate.
static gnutls_x509_crt_t certificate_of(const char *pem) {
    gnutls_x509_crt_t certificate = NULL;
    gnutls_datum_t text = datum_of(pem);
    if (gnutls_x509_crt_init(&certificate) < 0) return NULL;
    if (gnutls_x509_crt_import(certificate, &text, GNUTLS_X509_FMT_PEM) >= 0) return certificate;
    gnutls_x509_crt_deinit(certificate);
    return NULL;
}

int mlt_certificate_is_for(const char *certificate_pem, const char *name) {
    gnutls_x509_crt_t certificate = certificate_of(certificate_pem);
    if (certificate == NULL) return 0;
    int is_for = gnutls_x509_crt_check_hostname(certificate, name) != 0;
    gnutls_x509_crt_deinit(certificate);
    return is_for;
}

int mlt_certificate_is_signed_by(const char *certificate_pem, const char *issuer_pem) {
    gnutls_x509_crt_t certificate = certificate_of(certificate_pem), issuer = certificate_of(issuer_pem);
    unsigned status = 1;
    if (certificate != NULL && issuer != NULL)
        if (gnutls_x509_crt_verify(certificate, &issuer, 1, GNUTLS_VERIFY_DISABLE_TIME_CHECKS, &status) < 0) status = 1;
    if (certificate != NULL) gnutls_x509_crt_deinit(certificate);
    if (issuer != NULL) gnutls_x509_crt_deinit(issuer);
    return status == 0;
}

#include "GnuTLSShim.h"
#include <arpa/inet.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>

static int add_name(gnutls_x509_crt_t certificate, const char *name) {
    unsigned char address[16];
    if (inet_pton(AF_INET, name, address) == 1)
        return gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, address, 4, GNUTLS_FSAN_APPEND);
    if (inet_pton(AF_INET6, name, address) == 1)
        return gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_IPADDRESS, address, 16, GNUTLS_FSAN_APPEND);
    return gnutls_x509_crt_set_subject_alt_name(certificate, GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name),
                                                GNUTLS_FSAN_APPEND);
}

static char *text_of(gnutls_datum_t *datum) {
    char *text = malloc((size_t)datum->size + 1);
    if (text != NULL) {
        memcpy(text, datum->data, datum->size);
        text[datum->size] = 0;
    }
    gnutls_free(datum->data);
    return text;
}

int mlt_self_signed(const char *common_name, const char *const *names, size_t name_count, time_t now, unsigned days,
                    char **certificate_pem, char **key_pem) {
    gnutls_x509_privkey_t key = NULL;
    gnutls_x509_crt_t certificate = NULL;
    gnutls_datum_t certificate_text = {NULL, 0}, key_text = {NULL, 0};
    unsigned char serial[16];
    int code;
#define TRY(call) if ((code = (call)) < 0) goto done
    TRY(gnutls_x509_privkey_init(&key));
    TRY(gnutls_x509_crt_init(&certificate));
    TRY(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0));
    TRY(gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof serial));
    serial[0] &= 0x7f;
    TRY(gnutls_x509_crt_set_version(certificate, 3));
    TRY(gnutls_x509_crt_set_serial(certificate, serial, sizeof serial));
    TRY(gnutls_x509_crt_set_activation_time(certificate, now - 3600));
    TRY(gnutls_x509_crt_set_expiration_time(certificate, now + (time_t)days * 86400));
    TRY(gnutls_x509_crt_set_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, common_name, (unsigned)strlen(common_name)));
    for (size_t index = 0; index < name_count; index++) TRY(add_name(certificate, names[index]));
    TRY(gnutls_x509_crt_set_key(certificate, key));
    TRY(gnutls_x509_crt_set_basic_constraints(certificate, 1, -1));
    TRY(gnutls_x509_crt_set_key_purpose_oid(certificate, GNUTLS_KP_TLS_WWW_SERVER, 0));
    TRY(gnutls_x509_crt_sign2(certificate, certificate, key, GNUTLS_DIG_SHA256, 0));
    TRY(gnutls_x509_crt_export2(certificate, GNUTLS_X509_FMT_PEM, &certificate_text));
    TRY(gnutls_x509_privkey_export2_pkcs8(key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &key_text));
#undef TRY
    *certificate_pem = text_of(&certificate_text);
    *key_pem = text_of(&key_text);
    code = *certificate_pem != NULL && *key_pem != NULL ? 0 : GNUTLS_E_MEMORY_ERROR;
done:
    gnutls_x509_crt_deinit(certificate);
    gnutls_x509_privkey_deinit(key);
    return code;
}

const char *mlt_tls_error(int code) { return gnutls_strerror(code); }

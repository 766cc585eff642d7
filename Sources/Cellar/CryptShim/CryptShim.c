#include "CryptShim.h"
#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

int mlt_bcrypt_matches(const char *phrase, const char *setting, const char *digest) {
    enum { setting_size = 29, digest_size = 31 };
    if (strlen(setting) != setting_size || strlen(digest) != digest_size) return -1;
    // 32 kB: too much for the stack of a thread of ours.
    struct crypt_data *state = calloc(1, sizeof *state);
    if (state == NULL) return -1;
    int outcome = -1;
    const char *made = crypt_r(phrase, setting, state);
    // A failure is a text that begins with '*'.
    if (made != NULL && made[0] == '$' && strlen(made) == setting_size + digest_size)
        outcome = CRYPTO_memcmp(made + setting_size, digest, digest_size) == 0;
    OPENSSL_cleanse(state, sizeof *state);
    free(state);
    return outcome;
}

int mlt_keyed_digest(const void *key, size_t key_size, const void *bytes, size_t size, unsigned char digest[MLT_DIGEST_SIZE]) {
    unsigned written = 0;
    return HMAC(EVP_sha256(), key, (int)key_size, bytes, size, digest, &written) != NULL && written == MLT_DIGEST_SIZE;
}

struct mlt_digest {
    EVP_MD_CTX *context;
};

mlt_digest *mlt_digest_new(const char *name) {
    const EVP_MD *kind = EVP_get_digestbyname(name);
    mlt_digest *digest = calloc(1, sizeof *digest);
    if (digest == NULL) return NULL;
    digest->context = EVP_MD_CTX_new();
    if (kind == NULL || digest->context == NULL || !EVP_DigestInit_ex(digest->context, kind, NULL)) {
        mlt_digest_free(digest);
        return NULL;
    }
    return digest;
}

int mlt_digest_add(mlt_digest *digest, const void *bytes, size_t size) { return EVP_DigestUpdate(digest->context, bytes, size); }

size_t mlt_digest_end(mlt_digest *digest, unsigned char bytes[64]) {
    unsigned size = 0;
    return EVP_MD_CTX_size(digest->context) <= 64 && EVP_DigestFinal_ex(digest->context, bytes, &size) ? size : 0;
}

void mlt_digest_free(mlt_digest *digest) {
    EVP_MD_CTX_free(digest->context);
    free(digest);
}

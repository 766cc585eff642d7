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

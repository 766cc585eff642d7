// What passwords need of libxcrypt, the keyed hash under which results of their checks are remembered, and digests of what was downloaded.
#pragma once
#include <stddef.h>

#define MLT_DIGEST_SIZE 32

/// Whether bcrypt makes `digest` (31 characters) of a phrase under `setting` (`$2b$10$` and a salt of 22 characters). Takes as long as
/// the setting's cost says, and compares in constant time. Returns 1 or 0, or -1 when nothing could be computed.
int mlt_bcrypt_matches(const char *phrase, const char *setting, const char *digest);

/// HMAC-SHA-256. Returns 0 when it could not be computed.
int mlt_keyed_digest(const void *key, size_t key_size, const void *bytes, size_t size, unsigned char digest[MLT_DIGEST_SIZE]);

/// A digest of bytes that come piece by piece.
typedef struct mlt_digest mlt_digest;

/// By OpenSSL's name: md5, sha1, sha256, sha512. NULL for one that it has not, or that is forbidden here.
mlt_digest *mlt_digest_new(const char *name);
/// 0 when that failed.
int mlt_digest_add(mlt_digest *digest, const void *bytes, size_t size);
/// Writes the digest, of 64 bytes at most, and returns its size; 0 when that failed. Nothing may be added any more.
size_t mlt_digest_end(mlt_digest *digest, unsigned char bytes[64]);
void mlt_digest_free(mlt_digest *digest);

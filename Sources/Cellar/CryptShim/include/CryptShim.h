// What passwords need of libxcrypt, and the keyed hash under which results of their checks are remembered.
#pragma once
#include <stddef.h>

#define MLT_DIGEST_SIZE 32

/// Whether bcrypt makes `digest` (31 characters) of a phrase under `setting` (`$2b$10$` and a salt of 22 characters). Takes as long as
/// the setting's cost says, and compares in constant time. Returns 1 or 0, or -1 when nothing could be computed.
int mlt_bcrypt_matches(const char *phrase, const char *setting, const char *digest);

/// HMAC-SHA-256. Returns 0 when it could not be computed.
int mlt_keyed_digest(const void *key, size_t key_size, const void *bytes, size_t size, unsigned char digest[MLT_DIGEST_SIZE]);

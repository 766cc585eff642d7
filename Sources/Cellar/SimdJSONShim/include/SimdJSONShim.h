// simdjson's DOM behind plain C: a parser that owns a document, and small values that point into it.
#pragma once
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mlt_json mlt_json;

/// A place in a parsed document; valid until the parser parses again or is freed.
typedef struct mlt_json_place {
    const void *document;
    size_t index;
} mlt_json_place;

typedef enum mlt_json_kind {
    mlt_json_null,
    mlt_json_false,
    mlt_json_true,
    mlt_json_int64,
    mlt_json_uint64,
    mlt_json_double,
    mlt_json_string,
    mlt_json_array,
    mlt_json_object,
} mlt_json_kind;

typedef enum mlt_json_failure {
    mlt_json_ok,
    mlt_json_bad_utf8,     ///< bytes that are not UTF-8, or an escape that names no character
    mlt_json_too_deep,
    mlt_json_too_large,
    mlt_json_malformed,
} mlt_json_failure;

mlt_json *mlt_json_new(void);
void mlt_json_free(mlt_json *json);
/// Parses a copy of `bytes`. `*message` is static text.
mlt_json_failure mlt_json_parse(mlt_json *json, const uint8_t *bytes, size_t size, size_t depth, mlt_json_place *root,
                                const char **message);
mlt_json_kind mlt_json_kind_of(mlt_json_place place);
int64_t mlt_json_int64_of(mlt_json_place place);
uint64_t mlt_json_uint64_of(mlt_json_place place);
double mlt_json_double_of(mlt_json_place place);
const uint8_t *mlt_json_string_of(mlt_json_place place, size_t *size);
/// Steps through an array or object: `*cursor` starts at 0 and is moved; returns 0 at the end.
int mlt_json_next_element(mlt_json_place array, size_t *cursor, mlt_json_place *element);
int mlt_json_next_member(mlt_json_place object, size_t *cursor, const uint8_t **key, size_t *key_size, mlt_json_place *value);

#ifdef __cplusplus
}
#endif

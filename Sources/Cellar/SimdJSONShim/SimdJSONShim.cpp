#include "SimdJSONShim.h"
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Weverything"
#include <simdjson.h>
#pragma clang diagnostic pop
#include <new>

using namespace simdjson;

struct mlt_json {
    dom::parser parser;
};

// simdjson 3.0 lays a document out as a "tape" of 64-bit words (its doc/tape.md): the top byte is the type, the rest a
// payload. Scalars take one word, numbers two, strings one (an offset into string_buf, where a 32-bit length comes first);
// a container's first word holds the index after its last, in its low 32 bits.
static const dom::document &document_of(mlt_json_place place) { return *static_cast<const dom::document *>(place.document); }

static uint64_t word(mlt_json_place place) { return document_of(place).tape[place.index]; }

static size_t after(const dom::document &document, size_t index) {
    uint64_t value = document.tape[index];
    switch (static_cast<char>(value >> 56)) {
    case '{':
    case '[': return static_cast<size_t>(value & 0xffffffffu);
    case 'l':
    case 'u':
    case 'd': return index + 2;
    default: return index + 1;
    }
}

static const uint8_t *text_at(const dom::document &document, size_t index, size_t *size) {
    const uint8_t *start = document.string_buf.get() + (document.tape[index] & 0x00ffffffffffffffULL);
    uint32_t length;
    memcpy(&length, start, sizeof length);
    *size = length;
    return start + sizeof length;
}

extern "C" {

mlt_json *mlt_json_new(void) { return new (std::nothrow) mlt_json; }

void mlt_json_free(mlt_json *json) { delete json; }

mlt_json_failure mlt_json_parse(mlt_json *json, const uint8_t *bytes, size_t size, size_t depth, mlt_json_place *root,
                                const char **message) {
    error_code code = json->parser.allocate(size < 256 ? 256 : size, depth);
    if (code == SUCCESS) {
        dom::element element;
        code = json->parser.parse(bytes, size, true).get(element);
    }
    *message = error_message(code);
    switch (code) {
    case SUCCESS:
        root->document = &json->parser.doc;
        root->index = 1;
        return mlt_json_ok;
    case UTF8_ERROR:
    case STRING_ERROR: return mlt_json_bad_utf8;
    case DEPTH_ERROR: return mlt_json_too_deep;
    case CAPACITY:
    case MEMALLOC: return mlt_json_too_large;
    default: return mlt_json_malformed;
    }
}

mlt_json_kind mlt_json_kind_of(mlt_json_place place) {
    switch (static_cast<char>(word(place) >> 56)) {
    case 't': return mlt_json_true;
    case 'f': return mlt_json_false;
    case 'l': return mlt_json_int64;
    case 'u': return mlt_json_uint64;
    case 'd': return mlt_json_double;
    case '"': return mlt_json_string;
    case '[': return mlt_json_array;
    case '{': return mlt_json_object;
    default: return mlt_json_null;
    }
}

int64_t mlt_json_int64_of(mlt_json_place place) {
    int64_t value;
    memcpy(&value, &document_of(place).tape[place.index + 1], sizeof value);
    return value;
}

uint64_t mlt_json_uint64_of(mlt_json_place place) { return document_of(place).tape[place.index + 1]; }

double mlt_json_double_of(mlt_json_place place) {
    double value;
    memcpy(&value, &document_of(place).tape[place.index + 1], sizeof value);
    return value;
}

const uint8_t *mlt_json_string_of(mlt_json_place place, size_t *size) {
    return text_at(document_of(place), place.index, size);
}

int mlt_json_next_element(mlt_json_place array, size_t *cursor, mlt_json_place *element) {
    const dom::document &document = document_of(array);
    size_t end = after(document, array.index) - 1;
    if (*cursor == 0) *cursor = array.index + 1;
    if (*cursor >= end) return 0;
    element->document = array.document;
    element->index = *cursor;
    *cursor = after(document, *cursor);
    return 1;
}

int mlt_json_next_member(mlt_json_place object, size_t *cursor, const uint8_t **key, size_t *key_size, mlt_json_place *value) {
    const dom::document &document = document_of(object);
    size_t end = after(document, object.index) - 1;
    if (*cursor == 0) *cursor = object.index + 1;
    if (*cursor >= end) return 0;
    *key = text_at(document, *cursor, key_size);
    value->document = object.document;
    value->index = *cursor + 1;
    *cursor = after(document, value->index);
    return 1;
}

}  // extern "C"

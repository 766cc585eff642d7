// Expat, so far as documents without a DOCTYPE need it: a parser that is told what to do by three functions, and stops at the first declaration.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// What the reader hears of. Texts end with a zero and are valid until the function returns; each returns 0 to stop.
typedef struct mlt_xml_listener {
    void *context;
    /// `attributes` are names and values by turns, and end with NULL.
    int (*start)(void *context, const char *name, const char *const *attributes, uint64_t line, uint64_t column);
    int (*end)(void *context);
    int (*text)(void *context, const uint8_t *bytes, size_t size);
} mlt_xml_listener;

typedef enum mlt_xml_outcome {
    mlt_xml_ok,
    /// A function of the listener returned 0.
    mlt_xml_stopped,
    /// There is a DOCTYPE, whose entities could grow without bound and name files.
    mlt_xml_doctype,
    mlt_xml_malformed,
    mlt_xml_memory,
} mlt_xml_outcome;

typedef struct mlt_xml_result {
    mlt_xml_outcome outcome;
    /// Where it ended, both from 1.
    uint64_t line, column;
    /// Expat's words for what is malformed; else NULL.
    const char *message;
} mlt_xml_result;

/// Reads a whole document. It is UTF-8 whatever it says of itself.
mlt_xml_result mlt_xml_read(const uint8_t *bytes, size_t size, const mlt_xml_listener *listener);

// libyaml's event stream, flattened: its events are unions behind an enum.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct mlt_yaml mlt_yaml;

typedef enum mlt_yaml_kind {
    mlt_yaml_error,
    mlt_yaml_nothing,       ///< stream start and end of a document: nothing to build
    mlt_yaml_document,
    mlt_yaml_scalar,
    mlt_yaml_alias,
    mlt_yaml_sequence_start,
    mlt_yaml_sequence_end,
    mlt_yaml_mapping_start,
    mlt_yaml_mapping_end,
    mlt_yaml_end,
} mlt_yaml_kind;

typedef struct mlt_yaml_event {
    mlt_yaml_kind kind;
    const uint8_t *text;    ///< scalar value, alias name or error text; valid until the next event
    size_t size;
    int plain;              ///< the scalar was written without quotes
    int tagged;             ///< it carries an explicit tag
    int anchored;           ///< it carries an anchor
    size_t line;            ///< from 1; 0 for an error in the bytes themselves
    size_t column;          ///< from 1; where line is 0, the offset of the byte
    size_t since;           ///< of an error: the line, from 1, where what it is about began; 0 when that is unknown
} mlt_yaml_event;

/// `bytes` must live as long as the reader.
mlt_yaml *mlt_yaml_new(const uint8_t *bytes, size_t size);
void mlt_yaml_free(mlt_yaml *yaml);
mlt_yaml_event mlt_yaml_next(mlt_yaml *yaml);

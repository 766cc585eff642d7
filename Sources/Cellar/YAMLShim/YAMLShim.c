#include "YAMLShim.h"
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct mlt_yaml {
    yaml_parser_t parser;
    yaml_event_t event;
    int has_event;
};

mlt_yaml *mlt_yaml_new(const uint8_t *bytes, size_t size) {
    mlt_yaml *yaml = calloc(1, sizeof *yaml);
    if (yaml == NULL) return NULL;
    if (!yaml_parser_initialize(&yaml->parser)) {
        free(yaml);
        return NULL;
    }
    yaml_parser_set_encoding(&yaml->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&yaml->parser, bytes, size);
    return yaml;
}

void mlt_yaml_free(mlt_yaml *yaml) {
    if (yaml->has_event) yaml_event_delete(&yaml->event);
    yaml_parser_delete(&yaml->parser);
    free(yaml);
}

static mlt_yaml_event failure(const yaml_parser_t *parser) {
    mlt_yaml_event out = {0};
    const char *text = parser->problem != NULL ? parser->problem : "not YAML";
    int marked = parser->error == YAML_SCANNER_ERROR || parser->error == YAML_PARSER_ERROR;
    out.kind = mlt_yaml_error;
    out.text = (const uint8_t *)text;
    out.size = strlen(text);
    out.line = (marked ? parser->problem_mark.line : parser->mark.line) + 1;
    out.column = (marked ? parser->problem_mark.column : parser->mark.column) + 1;
    if (marked && parser->context != NULL) out.since = parser->context_mark.line + 1;
    if (parser->error == YAML_READER_ERROR) {
        // libyaml reads ahead of its marks, and tells of bytes that are no text by their place in the input.
        out.line = 0;
        out.column = parser->problem_offset;
    }
    return out;
}

mlt_yaml_event mlt_yaml_next(mlt_yaml *yaml) {
    if (yaml->has_event) {
        yaml_event_delete(&yaml->event);
        yaml->has_event = 0;
    }
    if (!yaml_parser_parse(&yaml->parser, &yaml->event)) return failure(&yaml->parser);
    yaml->has_event = 1;
    const yaml_event_t *event = &yaml->event;
    mlt_yaml_event out = {0};
    out.line = event->start_mark.line + 1;
    out.column = event->start_mark.column + 1;
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT: out.kind = mlt_yaml_document; break;
    case YAML_SCALAR_EVENT:
        out.kind = mlt_yaml_scalar;
        out.text = event->data.scalar.value;
        out.size = event->data.scalar.length;
        out.plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
        out.tagged = event->data.scalar.tag != NULL;
        out.anchored = event->data.scalar.anchor != NULL;
        break;
    case YAML_ALIAS_EVENT:
        out.kind = mlt_yaml_alias;
        out.text = event->data.alias.anchor;
        out.size = strlen((const char *)event->data.alias.anchor);
        break;
    case YAML_SEQUENCE_START_EVENT:
        out.kind = mlt_yaml_sequence_start;
        out.tagged = event->data.sequence_start.tag != NULL;
        out.anchored = event->data.sequence_start.anchor != NULL;
        break;
    case YAML_SEQUENCE_END_EVENT: out.kind = mlt_yaml_sequence_end; break;
    case YAML_MAPPING_START_EVENT:
        out.kind = mlt_yaml_mapping_start;
        out.tagged = event->data.mapping_start.tag != NULL;
        out.anchored = event->data.mapping_start.anchor != NULL;
        break;
    case YAML_MAPPING_END_EVENT: out.kind = mlt_yaml_mapping_end; break;
    case YAML_STREAM_END_EVENT: out.kind = mlt_yaml_end; break;
    default: out.kind = mlt_yaml_nothing; break;
    }
    return out;
}

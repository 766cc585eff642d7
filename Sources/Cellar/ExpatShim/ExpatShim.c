#include "ExpatShim.h"

#include <expat.h>
#include <limits.h>

struct reader {
    XML_Parser parser;
    const mlt_xml_listener *listener;
    int has_doctype, was_stopped;
};

static void stop(struct reader *reader)
{
    reader->was_stopped = 1;
    XML_StopParser(reader->parser, XML_FALSE);
}

static void start(void *user_data, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *reader = user_data;
    // Expat calls on for what it has read already.
    if (reader->was_stopped) return;
    uint64_t line = XML_GetCurrentLineNumber(reader->parser), column = XML_GetCurrentColumnNumber(reader->parser) + 1;
    if (!reader->listener->start(reader->listener->context, name, (const char *const *)attributes, line, column)) stop(reader);
}

static void end(void *user_data, const XML_Char *name)
{
    (void)name;
    struct reader *reader = user_data;
    if (reader->was_stopped) return;
    if (!reader->listener->end(reader->listener->context)) stop(reader);
}

static void text(void *user_data, const XML_Char *characters, int size)
{
    struct reader *reader = user_data;
    if (reader->was_stopped || size <= 0) return;
    if (!reader->listener->text(reader->listener->context, (const uint8_t *)characters, (size_t)size)) stop(reader);
}

static void doctype(void *user_data, const XML_Char *name, const XML_Char *system_id, const XML_Char *public_id, int has_internal_subset)
{
    (void)name, (void)system_id, (void)public_id, (void)has_internal_subset;
    struct reader *reader = user_data;
    reader->has_doctype = 1;
    stop(reader);
}

mlt_xml_result mlt_xml_read(const uint8_t *bytes, size_t size, const mlt_xml_listener *listener)
{
    mlt_xml_result result = {mlt_xml_memory, 1, 1, NULL};
    if (size > INT_MAX) return result;
    struct reader reader = {XML_ParserCreate("UTF-8"), listener, 0, 0};
    if (!reader.parser) return result;
    XML_SetUserData(reader.parser, &reader);
    XML_SetElementHandler(reader.parser, start, end);
    XML_SetCharacterDataHandler(reader.parser, text);
    XML_SetStartDoctypeDeclHandler(reader.parser, doctype);
    enum XML_Status status = XML_Parse(reader.parser, (const char *)bytes, (int)size, XML_TRUE);
    result.line = XML_GetCurrentLineNumber(reader.parser);
    result.column = XML_GetCurrentColumnNumber(reader.parser) + 1;
    if (status == XML_STATUS_OK) {
        result.outcome = mlt_xml_ok;
    } else if (reader.has_doctype) {
        result.outcome = mlt_xml_doctype;
    } else if (reader.was_stopped) {
        result.outcome = mlt_xml_stopped;
    } else if (XML_GetErrorCode(reader.parser) != XML_ERROR_NO_MEMORY) {
        result.outcome = mlt_xml_malformed;
        result.message = XML_ErrorString(XML_GetErrorCode(reader.parser));
    }
    XML_ParserFree(reader.parser);
    return result;
}

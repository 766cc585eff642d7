#include "CharConvShim.h"
#include <charconv>

extern "C" size_t mlt_format_double(double value, char *buffer) {
    return static_cast<size_t>(std::to_chars(buffer, buffer + 32, value).ptr - buffer);
}

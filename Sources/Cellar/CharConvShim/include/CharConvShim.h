// The C++ library's number formatting: shortest text that reads back to the same value, without an allocation.
#pragma once
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Writes a finite `value` to `buffer` (at least 32 bytes). Returns the number of bytes.
size_t mlt_format_double(double value, char *buffer);

#ifdef __cplusplus
}
#endif

// Counts calls of the C heap, by standing in front of glibc's own functions. For benchmarks only.
#pragma once
#include <stdint.h>

/// Blocks asked for since the program started: malloc, calloc, realloc and the aligned ones.
uint64_t mlt_allocation_count(void);

// Fixed-arity doors to zlib: deflateInit2 is a macro, and a z_stream must not move.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct mlt_gzip mlt_gzip;

/// A gzip writer of the given level (1 fastest .. 9 smallest), or NULL when memory is short.
mlt_gzip *mlt_gzip_new(int level);
void mlt_gzip_free(mlt_gzip *gzip);
void mlt_gzip_reset(mlt_gzip *gzip);
/// Compresses from `input` to `output`; both positions are moved. With `finish`, ends the stream.
/// Returns 1 when the stream has ended, 0 when there is more to do, -1 on an error.
int mlt_gzip_step(mlt_gzip *gzip, const uint8_t **input, size_t *input_left, uint8_t **output, size_t *output_left, int finish);

typedef struct mlt_gunzip mlt_gunzip;

/// A gzip reader, or NULL when memory is short.
mlt_gunzip *mlt_gunzip_new(void);
void mlt_gunzip_free(mlt_gunzip *gunzip);
/// Unpacks from `input` to `output`; both positions are moved. A stream may be followed by another, as gzip files are.
/// Returns 1 at the end of a stream, 0 when there is more to do, -1 for what is no gzip.
int mlt_gunzip_step(mlt_gunzip *gunzip, const uint8_t **input, size_t *input_left, uint8_t **output, size_t *output_left);

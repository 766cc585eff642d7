#include "ZlibShim.h"
#include <stdlib.h>
#include <zlib.h>

struct mlt_gzip {
    z_stream stream;
};

mlt_gzip *mlt_gzip_new(int level) {
    mlt_gzip *gzip = calloc(1, sizeof *gzip);
    if (gzip == NULL) return NULL;
    if (deflateInit2(&gzip->stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(gzip);
        return NULL;
    }
    return gzip;
}

void mlt_gzip_free(mlt_gzip *gzip) {
    deflateEnd(&gzip->stream);
    free(gzip);
}

void mlt_gzip_reset(mlt_gzip *gzip) { deflateReset(&gzip->stream); }

int mlt_gzip_step(mlt_gzip *gzip, const uint8_t **input, size_t *input_left, uint8_t **output, size_t *output_left, int finish) {
    z_stream *stream = &gzip->stream;
    stream->next_in = (Bytef *)*input;
    stream->avail_in = (uInt)*input_left;
    stream->next_out = *output;
    stream->avail_out = (uInt)*output_left;
    int result = deflate(stream, finish ? Z_FINISH : Z_NO_FLUSH);
    *input = stream->next_in;
    *input_left = stream->avail_in;
    *output = stream->next_out;
    *output_left = stream->avail_out;
    if (result == Z_STREAM_END) return 1;
    return result == Z_OK || result == Z_BUF_ERROR ? 0 : -1;
}

struct mlt_gunzip {
    z_stream stream;
};

mlt_gunzip *mlt_gunzip_new(void) {
    mlt_gunzip *gunzip = calloc(1, sizeof *gunzip);
    if (gunzip == NULL) return NULL;
    if (inflateInit2(&gunzip->stream, 15 + 16) != Z_OK) {
        free(gunzip);
        return NULL;
    }
    return gunzip;
}

void mlt_gunzip_free(mlt_gunzip *gunzip) {
    inflateEnd(&gunzip->stream);
    free(gunzip);
}

int mlt_gunzip_step(mlt_gunzip *gunzip, const uint8_t **input, size_t *input_left, uint8_t **output, size_t *output_left) {
    z_stream *stream = &gunzip->stream;
    stream->next_in = (Bytef *)*input;
    stream->avail_in = (uInt)*input_left;
    stream->next_out = *output;
    stream->avail_out = (uInt)*output_left;
    int result = inflate(stream, Z_NO_FLUSH);
    *input = stream->next_in;
    *input_left = stream->avail_in;
    *output = stream->next_out;
    *output_left = stream->avail_out;
    if (result == Z_STREAM_END) return inflateReset(stream) == Z_OK ? 1 : -1;
    return result == Z_OK || result == Z_BUF_ERROR ? 0 : -1;
}

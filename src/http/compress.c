/*
 * Compression of whole answers, on a worker. The default levels are the fast ones: beyond gzip 1
 * and brotli 1 an answer shrinks by some percent more and costs several times the CPU.
 */
#include <brotli/encode.h>
#include <limits.h>
#include <zlib.h>

#include "http/http.h"

enum {
    GZIP_WINDOW = 15 + 16, /* 16: a gzip wrapper instead of zlib's */
    GZIP_MEMORY = 8,
    BROTLI_WINDOW = 18, /* bits; answers are rarely larger */
};

static bool deflate_piece(z_stream *stream, const struct buffer *piece, int flush)
{
    stream->next_in = (Bytef *)(uintptr_t)piece->data;
    stream->avail_in = (uInt)piece->size;
    int wanted = flush == Z_FINISH ? Z_STREAM_END : Z_OK;
    if (piece->size == 0 && flush != Z_FINISH)
        return true;
    return deflate(stream, flush) == wanted && stream->avail_in == 0;
}

static bool compress_gzip(const struct http_body *body, int level, struct buffer *out)
{
    z_stream stream = {0};
    if (body->head.size > INT_MAX || body->rest.size > INT_MAX)
        return false;
    if (deflateInit2(&stream, level, Z_DEFLATED, GZIP_WINDOW, GZIP_MEMORY, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        return false;
    uLong bound = deflateBound(&stream, (uLong)http_body_size(body));
    char *to = buffer_reserve(out, bound);
    bool is_done = false;
    if (to != NULL) {
        stream.next_out = (Bytef *)to;
        stream.avail_out = (uInt)bound;
        is_done = deflate_piece(&stream, &body->head, Z_NO_FLUSH) &&
                  deflate_piece(&stream, &body->rest, Z_FINISH);
        out->size = stream.total_out;
    }
    deflateEnd(&stream);
    return is_done;
}

static bool encode_piece(BrotliEncoderState *state, const struct buffer *piece,
                         BrotliEncoderOperation operation, uint8_t **to, size_t *room)
{
    const uint8_t *from = (const uint8_t *)piece->data;
    size_t left = piece->size;
    return BrotliEncoderCompressStream(state, operation, &left, &from, room, to, NULL) && left == 0;
}

static bool compress_brotli(const struct http_body *body, uint32_t quality, struct buffer *out)
{
    size_t bound = BrotliEncoderMaxCompressedSize(http_body_size(body));
    uint8_t *to = bound > 0 ? (uint8_t *)buffer_reserve(out, bound) : NULL;
    BrotliEncoderState *state = to == NULL ? NULL : BrotliEncoderCreateInstance(NULL, NULL, NULL);
    if (state == NULL)
        return false;
    BrotliEncoderSetParameter(state, BROTLI_PARAM_QUALITY, quality);
    BrotliEncoderSetParameter(state, BROTLI_PARAM_LGWIN, BROTLI_WINDOW);
    BrotliEncoderSetParameter(state, BROTLI_PARAM_SIZE_HINT, (uint32_t)http_body_size(body));
    size_t room = bound;
    bool is_done = encode_piece(state, &body->head, BROTLI_OPERATION_PROCESS, &to, &room) &&
                   encode_piece(state, &body->rest, BROTLI_OPERATION_FINISH, &to, &room) &&
                   BrotliEncoderIsFinished(state);
    out->size = bound - room;
    BrotliEncoderDestroyInstance(state);
    return is_done;
}

bool http_compress(struct http_body *body, enum http_coding coding,
                   const struct config_http *config)
{
    struct buffer out;
    buffer_init(&out);
    bool is_done =
        coding == HTTP_CODING_IDENTITY ||
        (coding == HTTP_CODING_GZIP && compress_gzip(body, (int)config->gzip_level, &out)) ||
        (coding == HTTP_CODING_BROTLI &&
         compress_brotli(body, (uint32_t)config->brotli_quality, &out));
    if (!is_done || coding == HTTP_CODING_IDENTITY) {
        buffer_clear(&out);
        return is_done;
    }
    buffer_clear(&body->head);
    buffer_clear(&body->rest);
    body->head = out;
    return true;
}

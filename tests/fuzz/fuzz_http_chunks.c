/* Chunked bodies behind one fixed head: the validator and llhttp agree, however the bytes come. */
#include <stdlib.h>
#include <string.h>

#include "http/parser.h"

static const struct config_http limits = {.max_head = 512, .max_target = 256, .max_fields = 8};
static const char head_text[] = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";

static void count_piece(void *context, struct slice piece)
{
    *(size_t *)context += piece.size;
}

static enum http_parse run(struct arena *arena, struct slice bytes, size_t step, size_t *used,
                           size_t *decoded, struct http_fault *fault)
{
    struct http_parser parser;
    struct http_head head;
    size_t size;
    http_parser_init(&parser, &limits, arena);
    if (http_parser_head(&parser, SLICE(head_text), &head, &size, fault) != HTTP_PARSE_DONE)
        abort();
    enum http_parse state = HTTP_PARSE_MORE;
    for (*used = *decoded = 0; state == HTTP_PARSE_MORE && *used < bytes.size; *used += size) {
        struct slice piece = slice_skip(bytes, *used);
        piece.size = piece.size < step ? piece.size : step;
        state = http_parser_body(&parser, piece, &size, count_piece, decoded, fault);
    }
    return state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct http_fault fault = {0}, other = {0};
    size_t used[2], decoded[2];
    struct slice bytes = slice_of((const char *)data, size);
    arena_init(&arena);
    enum http_parse whole = run(&arena, bytes, size + 1, &used[0], &decoded[0], &fault);
    enum http_parse split = run(&arena, bytes, 1, &used[1], &decoded[1], &other);
    if (whole != split || used[0] != used[1] || decoded[0] != decoded[1] ||
        fault.status != other.status || slice_equal(fault.code, SLICE("bad_body")))
        abort();
    arena_clear(&arena);
    return 0;
}

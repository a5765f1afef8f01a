/*
 * Heads and bodies as clients could send them. Invariants: what the validator accepts, llhttp
 * accepts and understands alike; and the verdict does not depend on how the bytes were split.
 */
#include <stdlib.h>
#include <string.h>

#include "http/parser.h"

static const struct config_http limits = {.max_head = 512, .max_target = 256, .max_fields = 8};

struct outcome {
    enum http_parse head_state;
    enum http_parse body_state;
    struct http_head head;
    size_t consumed;
    struct http_fault fault;
    uint64_t body_size;
    uint64_t body_sum;
};

static void add_piece(void *context, struct slice piece)
{
    struct outcome *outcome = context;
    if (piece.size == 0)
        abort();
    for (size_t i = 0; i < piece.size; i++)
        outcome->body_sum = outcome->body_sum * 31 + (unsigned char)piece.data[i];
    outcome->body_size += piece.size;
}

static void run_body(struct http_parser *parser, struct slice bytes, size_t step,
                     struct outcome *outcome)
{
    outcome->body_state = HTTP_PARSE_MORE;
    size_t used = 0;
    do {
        struct slice piece = slice_skip(bytes, used);
        size_t size;
        if (piece.size > step)
            piece.size = step;
        outcome->body_state =
            http_parser_body(parser, piece, &size, add_piece, outcome, &outcome->fault);
        used += size;
    } while (outcome->body_state == HTTP_PARSE_MORE && used < bytes.size);
    outcome->consumed += used;
}

static void run(struct arena *arena, struct slice bytes, size_t step, struct outcome *outcome)
{
    struct http_parser parser;
    http_parser_init(&parser, &limits, arena);
    *outcome = (struct outcome){.head_state = HTTP_PARSE_MORE};
    for (size_t given = 0; outcome->head_state == HTTP_PARSE_MORE && given < bytes.size;) {
        given = bytes.size - given > step ? given + step : bytes.size;
        outcome->head_state = http_parser_head(&parser, slice_of(bytes.data, given), &outcome->head,
                                               &outcome->consumed, &outcome->fault);
    }
    if (outcome->head_state == HTTP_PARSE_DONE)
        run_body(&parser, slice_skip(bytes, outcome->consumed), step, outcome);
}

static void compare(const struct outcome *whole, const struct outcome *split)
{
    bool is_same = whole->head_state == split->head_state &&
                   whole->body_state == split->body_state && whole->consumed == split->consumed &&
                   whole->fault.status == split->fault.status &&
                   slice_equal(whole->fault.code, split->fault.code) &&
                   slice_equal(whole->head.target, split->head.target) &&
                   slice_equal(whole->head.host, split->head.host) &&
                   whole->head.field_count == split->head.field_count &&
                   whole->body_size == split->body_size && whole->body_sum == split->body_sum;
    if (!is_same)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct outcome whole, split;
    char *copy = malloc(size + 1);
    if (!copy)
        return 0;
    memcpy(copy, data, size);
    arena_init(&arena);
    run(&arena, slice_of(copy, size), size ? size : 1, &whole);
    if (slice_equal(whole.fault.code, SLICE("bad_head")) ||
        slice_equal(whole.fault.code, SLICE("bad_body")))
        abort(); /* llhttp disagrees with the validator */
    run(&arena, slice_of(copy, size), 1, &split);
    compare(&whole, &split);
    run(&arena, slice_of(copy, size), size ? 2 + data[size - 1] % 64U : 1, &split);
    compare(&whole, &split);
    arena_clear(&arena);
    free(copy);
    return 0;
}

/* Shared by the tests of forms and multipart: decodes and renders the pairs as "name=value|…". */
#ifndef PORTCULLIS_TESTS_HTTP_DECODE_H
#define PORTCULLIS_TESTS_HTTP_DECODE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "http/parameters.h"

struct decode_row {
    struct slice text;
    const char *pairs; /* as rendered, or NULL: refused */
    const char *code;  /* the first cause's */
    const char *field;
};

typedef enum result (*decode_function)(struct arena *arena, struct slice text,
                                       struct http_pairs *pairs, struct problem *problem);

static inline void decode_expect(const struct decode_row *row, decode_function decode)
{
    struct arena arena;
    struct problem problem;
    struct http_pairs pairs = {0};
    struct buffer out;
    arena_init(&arena);
    buffer_init(&out);
    problem_init(&problem, &arena);
    enum result result = decode(&arena, row->text, &pairs, &problem);
    for (const struct http_pair *pair = pairs.first; pair; pair = pair->next)
        buffer_printf(&out, "%.*s=%.*s|", SLICE_ARGS(pair->name), SLICE_ARGS(pair->value));
    if (row->pairs && (result != RESULT_OK || problem_is_set(&problem) ||
                       !slice_equal(buffer_slice(&out), slice_from(row->pairs))))
        fail_msg("%.*s gave %.*s", SLICE_ARGS(row->text), SLICE_ARGS(buffer_slice(&out)));
    if (!row->pairs && (result == RESULT_OK || problem.status != 400 || !problem.first ||
                        !slice_equal(problem.first->code, slice_from(row->code)) ||
                        !slice_equal(problem.first->field, slice_from(row->field))))
        fail_msg("%.*s was not refused as it should be", SLICE_ARGS(row->text));
    buffer_clear(&out);
    arena_clear(&arena);
}

#endif

/* What tests of plans ask: the statement's values, in their order. */
#ifndef PORTCULLIS_TESTS_SAMPLE_PLAN_H
#define PORTCULLIS_TESTS_SAMPLE_PLAN_H

#include "resources/plan.h"
#include "sample_model.h"

/* As "5 'text' null". */
static inline void assert_values(const struct plan *plan, const char *expected)
{
    struct buffer text;
    buffer_init(&text);
    for (size_t i = 0; i < plan->value_count; i++) {
        const struct database_value *value = &plan->values[i];
        buffer_append_slice(&text, i ? SLICE(" ") : SLICE(""));
        if (value->type == DATABASE_NULL)
            buffer_append_slice(&text, SLICE("null"));
        else if (value->type == DATABASE_INTEGER)
            buffer_printf(&text, "%lld", (long long)value->integer);
        else if (value->type == DATABASE_UNSIGNED)
            buffer_printf(&text, "%llu", (unsigned long long)value->natural);
        else
            buffer_printf(&text, "'%.*s'", SLICE_ARGS(value->text));
    }
    assert_slice(buffer_slice(&text), expected);
    buffer_clear(&text);
}

#endif

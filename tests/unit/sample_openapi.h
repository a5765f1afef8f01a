/* The document, or a section of it, of a sample model: written and read back. */
#ifndef PORTCULLIS_TESTS_SAMPLE_OPENAPI_H
#define PORTCULLIS_TESTS_SAMPLE_OPENAPI_H

#include "resources/openapi_parts.h"
#include "sample_model.h"

static const struct openapi_settings sample_settings = {
    .base = {"/base", 5}, .max_limit = 500, .max_upload = 1000};

/* Reads JSON that must be good; it lies in the sample's arena. */
static inline struct value *sample_read_json(struct sample *sample, struct slice text)
{
    static const struct json_limits limits = {.depth = 64, .names = 100000, .bytes = SIZE_MAX};
    struct json_fault fault;
    struct value *value = NULL;
    struct slice copy = arena_copy(&sample->arena, text);
    if (json_read(&sample->arena, copy, &limits, &value, &fault) != RESULT_OK)
        fail_msg("%s in %.*s", fault.reason, SLICE_ARGS(copy));
    return value;
}

/* The section's members. */
static inline struct value *sample_section(struct sample *sample,
                                           const struct openapi_settings *settings,
                                           const char *section, bool is_list)
{
    struct writer *writer = writer_create(FORMAT_JSON);
    struct openapi *openapi = openapi_create(sample->model, settings, writer);
    struct buffer out;
    assert_non_null(openapi);
    buffer_init(&out);
    buffer_append_char(&out, '{');
    writer_start(writer, &out);
    writer_key(writer, SLICE("section"));
    if (is_list)
        writer_list_begin(writer, SLICE("item"));
    else
        writer_object_begin(writer);
    openapi_write(openapi, slice_from(section));
    if (is_list)
        writer_list_end(writer);
    else
        writer_object_end(writer);
    writer_finish(writer);
    buffer_append_char(&out, '}');
    assert_false(out.has_failed);
    assert_false(openapi_has_failed(openapi));
    struct value *value = sample_read_json(sample, buffer_slice(&out));
    buffer_clear(&out);
    openapi_destroy(openapi);
    writer_destroy(writer);
    return value_get(value, SLICE("section"));
}

/* Follows names through objects: "paths", "get"; NULL: there is none. */
static inline const struct value *sample_follow(const struct value *value, const char *names)
{
    struct slice rest = slice_from(names);
    struct slice name;
    while (value && slice_split(&rest, '|', &name))
        value = value_get(value, name);
    return value;
}

static inline void assert_value(const struct value *value, const char *json)
{
    struct buffer text;
    assert_non_null(value);
    buffer_init(&text);
    value_print(value, &text);
    assert_slice(buffer_slice(&text), json);
    buffer_clear(&text);
}

#endif

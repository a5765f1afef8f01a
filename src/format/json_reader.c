/*
 * yajl's events made a tree. What yajl lets through is looked at before it: its UTF-8 check takes
 * surrogates, and it turns lone \ud800 escapes into other characters.
 */
#include <stdio.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "base/utf8.h"
#include "format/value.h"

/* A list or object that is open, innermost first. */
struct frame {
    struct frame *outer;
    struct value *container;
    struct slice key; /* of the member whose value comes next */
};

struct reader {
    struct arena *arena;
    const struct json_limits *limits;
    struct json_fault *fault;
    struct slice text;
    yajl_handle yajl;
    size_t string_end; /* in text: behind the last string or name that was read */
    struct frame *open;
    struct frame *spare; /* closed ones, for use again */
    struct value *root;
    size_t depth;
    size_t names;
    enum result result;
};

static int fail(struct reader *reader, enum result result, struct slice code, const char *reason)
{
    reader->result = result;
    reader->fault->code = code;
    snprintf(reader->fault->reason, sizeof(reader->fault->reason), "%s", reason);
    return 0;
}

static int fail_memory(struct reader *reader)
{
    return fail(reader, RESULT_NO_MEMORY, SLICE("internal"), "out of memory");
}

static int add(struct reader *reader, struct value *value)
{
    if (!value)
        return fail_memory(reader);
    if (!reader->open) {
        reader->root = value;
        return 1;
    }
    if (++reader->names > reader->limits->names)
        return fail(reader, RESULT_LIMIT, SLICE("too_many_names"), "too many names and items");
    struct value *container = reader->open->container;
    if (container->type == VALUE_LIST) {
        value_append(container, value);
        return 1;
    }
    if (reader->limits->members && container->count >= reader->limits->members)
        return fail(reader, RESULT_LIMIT, SLICE("too_many_names"), "too many names in one object");
    value_set(container, reader->open->key, value);
    return 1;
}

static int open_container(struct reader *reader, enum value_type type)
{
    if (++reader->depth > reader->limits->depth)
        return fail(reader, RESULT_LIMIT, SLICE("too_deep"), "nested too deeply");
    struct value *container = value_create(reader->arena, type);
    if (!add(reader, container))
        return 0;
    struct frame *frame = reader->spare;
    if (frame)
        reader->spare = frame->outer;
    else
        frame = arena_alloc(reader->arena, sizeof(*frame));
    if (!frame)
        return fail_memory(reader);
    *frame = (struct frame){.outer = reader->open, .container = container};
    reader->open = frame;
    return 1;
}

static int on_close(void *context)
{
    struct reader *reader = context;
    struct frame *closed = reader->open;
    reader->open = closed->outer;
    closed->outer = reader->spare;
    reader->spare = closed;
    reader->depth--;
    return 1;
}

static int on_map(void *context)
{
    return open_container(context, VALUE_OBJECT);
}

static int on_array(void *context)
{
    return open_container(context, VALUE_LIST);
}

static int on_null(void *context)
{
    struct reader *reader = context;
    return add(reader, value_create(reader->arena, VALUE_NULL));
}

static int on_boolean(void *context, int boolean)
{
    struct reader *reader = context;
    struct value *value = value_create(reader->arena, VALUE_BOOLEAN);
    if (value)
        value->boolean = boolean != 0;
    return add(reader, value);
}

static int add_text(struct reader *reader, enum value_type type, struct slice text, size_t raw_size)
{
    struct slice copy = arena_copy(reader->arena, text);
    struct value *value = copy.data ? value_create(reader->arena, type) : NULL;
    if (value) {
        value->text = copy;
        value->raw_size = raw_size;
    }
    return add(reader, value);
}

static int on_number(void *context, const char *data, size_t size)
{
    return add_text(context, VALUE_NUMBER, slice_of(data, size), 0);
}

/* What the string that yajl is just behind takes of the text between its quotes. The first of them
 * is the next quote behind the string before: nothing else has any. */
static size_t measure_raw(const struct reader *reader)
{
    size_t end = yajl_get_bytes_consumed(reader->yajl);
    struct slice passed =
        slice_of(reader->text.data + reader->string_end, end - reader->string_end);
    return passed.size - slice_find(passed, '"') - 2;
}

static int on_string(void *context, const unsigned char *data, size_t size)
{
    struct reader *reader = context;
    size_t raw_size = measure_raw(reader);
    reader->string_end = yajl_get_bytes_consumed(reader->yajl);
    return add_text(reader, VALUE_STRING, slice_of((const char *)data, size), raw_size);
}

static int on_key(void *context, const unsigned char *data, size_t size)
{
    struct reader *reader = context;
    reader->string_end = yajl_get_bytes_consumed(reader->yajl);
    reader->open->key = arena_copy(reader->arena, slice_of((const char *)data, size));
    return reader->open->key.data ? 1 : fail_memory(reader);
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_close,
    .yajl_start_array = on_array,
    .yajl_end_array = on_close,
};

static size_t line_at(struct slice text, size_t offset)
{
    size_t line = 1;
    for (size_t i = 0; i < offset && i < text.size; i++)
        line += text.data[i] == '\n';
    return line;
}

/* The code unit of a \u escape at s, or 0 where there is none. */
static unsigned escape_unit(struct slice s)
{
    unsigned unit = 0;
    if (s.size < 6 || s.data[0] != '\\' || s.data[1] != 'u')
        return 0;
    for (size_t i = 2; i < 6; i++) {
        char c = s.data[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                                : 16U;
        if (digit > 15)
            return 0;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* Where a surrogate escape without its partner stands (RFC 8259 8.2), or text.size. Backslashes
 * are legal in strings only, so strings need not be told from the rest. */
static size_t find_lone_surrogate(struct slice text)
{
    size_t at = slice_find(text, '\\');
    while (at < text.size) {
        unsigned unit = escape_unit(slice_skip(text, at));
        size_t size = unit ? 6 : 2;
        if (unit >= 0xDC00 && unit <= 0xDFFF)
            return at;
        if (unit >= 0xD800 && unit <= 0xDBFF) {
            unsigned low = escape_unit(slice_skip(text, at + 6));
            if (low < 0xDC00 || low > 0xDFFF)
                return at;
            size = 12;
        }
        if (size > text.size - at)
            break;
        at += size;
        at += slice_find(slice_skip(text, at), '\\');
    }
    return text.size;
}

static enum result check_text(struct reader *reader, struct slice text)
{
    size_t valid = utf8_valid_prefix(text);
    size_t surrogate = find_lone_surrogate(text);
    if (text.size > reader->limits->bytes)
        fail(reader, RESULT_LIMIT, SLICE("too_large"), "the text is too large");
    else if (valid < text.size)
        fail(reader, RESULT_INVALID, SLICE("bad_encoding"), "the text is not valid UTF-8");
    else if (surrogate < text.size)
        fail(reader, RESULT_INVALID, SLICE("bad_encoding"),
             "half of a surrogate pair stands alone");
    reader->fault->line = line_at(text, valid < text.size ? valid : surrogate);
    return reader->result;
}

/* yajl's short message names the fault without quoting the text; its kind and newline are cut. */
static void fail_syntax(struct reader *reader, yajl_handle handle)
{
    unsigned char *message = yajl_get_error(handle, 0, NULL, 0);
    struct slice reason = slice_from(message ? (const char *)message : "not valid JSON");
    size_t colon = slice_find(reason, ':');
    if (colon + 2 <= reason.size)
        reason = slice_skip(reason, colon + 2);
    reason.size = slice_find(reason, '\n');
    reader->result = RESULT_INVALID;
    reader->fault->code = SLICE("bad_json");
    snprintf(reader->fault->reason, sizeof(reader->fault->reason), "%.*s", SLICE_ARGS(reason));
    if (message)
        yajl_free_error(handle, message);
}

static enum result parse(struct reader *reader, struct slice text)
{
    yajl_handle handle = yajl_alloc(&callbacks, NULL, reader);
    if (!handle) {
        fail_memory(reader);
        return reader->result;
    }
    reader->text = text;
    reader->yajl = handle;
    yajl_status status = yajl_parse(handle, (const unsigned char *)text.data, text.size);
    size_t consumed = status == yajl_status_ok ? text.size : yajl_get_bytes_consumed(handle);
    if (status == yajl_status_ok)
        status = yajl_complete_parse(handle);
    if (status == yajl_status_error)
        fail_syntax(reader, handle);
    if (status != yajl_status_ok)
        reader->fault->line = line_at(text, consumed);
    yajl_free(handle);
    return reader->result;
}

enum result json_read(struct arena *arena, struct slice text, const struct json_limits *limits,
                      struct value **value, struct json_fault *fault)
{
    struct reader reader = {.arena = arena, .limits = limits, .fault = fault};
    *value = NULL;
    *fault = (struct json_fault){.code = SLICE(""), .line = 1};
    if (!text.data)
        text = SLICE("");
    enum result result = check_text(&reader, text);
    if (result == RESULT_OK)
        result = parse(&reader, text);
    if (result == RESULT_OK && !reader.root)
        fail(&reader, RESULT_INVALID, SLICE("bad_json"), "there is no value");
    if (reader.result == RESULT_OK)
        *value = reader.root;
    return reader.result;
}

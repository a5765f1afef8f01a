/*
 * JSON by yajl, printed straight into the caller's buffer. One generator serves all answers: it is
 * reset at each start, and the brace that makes a fragment an object for it is swallowed.
 */
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "base/utf8.h"
#include "format/format_writers.h"

/* Below yajl's YAJL_MAX_DEPTH of 128, past which it would use memory beyond its own. */
enum { MOST_DEPTH = 64 };

struct json_writer {
    struct writer head;
    yajl_gen generator;
    struct buffer scratch; /* text whose bad UTF-8 was replaced, or with quotes around it */
    size_t depth;          /* objects and lists open below the fragment */
    bool is_swallowing;    /* the fragment's own brace is being opened */
};

static struct json_writer *self_of(struct writer *writer)
{
    return (struct json_writer *)writer;
}

static void print(void *context, const char *text, size_t size)
{
    struct json_writer *self = context;
    struct buffer *out = self->head.out;
    if (self->is_swallowing || size == 0) /* yajl prints '' too, whose data may be NULL */
        return;
    if (out->has_failed || out->capacity - out->size < size) {
        buffer_append(out, text, size);
        return;
    }
    memcpy(out->data + out->size, text, size);
    out->size += size;
}

static void expect_ok(struct json_writer *self, yajl_gen_status status)
{
    if (status != yajl_gen_status_ok)
        self->head.out->has_failed = true;
}

static void start(struct writer *writer)
{
    struct json_writer *self = self_of(writer);
    self->depth = 0;
    self->is_swallowing = true;
    yajl_gen_reset(self->generator, NULL);
    expect_ok(self, yajl_gen_map_open(self->generator));
    self->is_swallowing = false;
}

/* Closing the fragment's object, swallowed, tells whether a member lacks its value. */
static void finish(struct writer *writer)
{
    struct json_writer *self = self_of(writer);
    self->is_swallowing = true;
    expect_ok(self, yajl_gen_map_close(self->generator));
    self->is_swallowing = false;
    if (self->depth)
        writer->out->has_failed = true;
}

/* A mark in each byte of word that is zero. */
static uint64_t zero_bytes(uint64_t word)
{
    return (word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080);
}

/* No control character, no `"`, no `\\`: most of what a database holds needs no escape. A word that
 * only looks as if it did takes the long way, which is never wrong. *is_ascii tells whether UTF-8
 * needs a check. */
static bool needs_no_escape(struct slice text, bool *is_ascii)
{
    const uint64_t high = UINT64_C(0x8080808080808080);
    uint64_t seen = 0;
    while (text.size) {
        uint64_t word = UINT64_C(0x2020202020202020);
        size_t size = text.size < sizeof(word) ? text.size : sizeof(word);
        memcpy(&word, text.data, size);
        if (((word - UINT64_C(0x2020202020202020)) & ~word & high) |
            zero_bytes(word ^ UINT64_C(0x2222222222222222)) |
            zero_bytes(word ^ UINT64_C(0x5C5C5C5C5C5C5C5C)))
            return false;
        seen |= word;
        text = slice_skip(text, size);
    }
    *is_ascii = !(seen & high);
    return true;
}

/* yajl looks at each byte for escapes; text that is known to have none is handed to it as a
 * literal, quotes and all, which it prints as it is. */
static void plain_string(struct json_writer *self, struct slice text)
{
    self->scratch.size = 0;
    char *to = buffer_reserve(&self->scratch, text.size + 2);
    if (!to) {
        self->head.out->has_failed = true;
        return;
    }
    to[0] = '"';
    memcpy(to + 1, text.data, text.size);
    to[text.size + 1] = '"';
    expect_ok(self, yajl_gen_number(self->generator, to, text.size + 2));
}

static void any_string(struct writer *writer, struct slice text)
{
    struct json_writer *self = self_of(writer);
    if (!utf8_is_valid(text)) {
        self->scratch.size = 0;
        utf8_append_repaired(&self->scratch, text);
        writer->out->has_failed |= self->scratch.has_failed;
        text = buffer_slice(&self->scratch);
    }
    expect_ok(self, yajl_gen_string(self->generator, (const unsigned char *)text.data, text.size));
}

static void string(struct writer *writer, struct slice text)
{
    bool is_ascii = false;
    if (text.size && needs_no_escape(text, &is_ascii) && (is_ascii || utf8_is_valid(text)))
        plain_string(self_of(writer), text);
    else
        any_string(writer, text);
}

static void number(struct writer *writer, struct slice text)
{
    struct json_writer *self = self_of(writer);
    if (writer->numbers_as_strings)
        string(writer, text);
    else
        expect_ok(self, yajl_gen_number(self->generator, text.data, text.size));
}

static void boolean(struct writer *writer, bool value)
{
    if (writer->numbers_as_strings)
        string(writer, value ? SLICE("true") : SLICE("false"));
    else
        expect_ok(self_of(writer), yajl_gen_bool(self_of(writer)->generator, value));
}

static void null(struct writer *writer)
{
    expect_ok(self_of(writer), yajl_gen_null(self_of(writer)->generator));
}

static bool descend(struct json_writer *self)
{
    if (++self->depth > MOST_DEPTH)
        self->head.out->has_failed = true;
    return self->depth <= MOST_DEPTH;
}

static bool ascend(struct json_writer *self)
{
    if (self->depth == 0) {
        self->head.out->has_failed = true;
        return false;
    }
    return self->depth-- <= MOST_DEPTH;
}

static void object_begin(struct writer *writer)
{
    if (descend(self_of(writer)))
        expect_ok(self_of(writer), yajl_gen_map_open(self_of(writer)->generator));
}

static void object_end(struct writer *writer)
{
    if (ascend(self_of(writer)))
        expect_ok(self_of(writer), yajl_gen_map_close(self_of(writer)->generator));
}

static void list_begin(struct writer *writer, struct slice item_name)
{
    (void)item_name;
    if (descend(self_of(writer)))
        expect_ok(self_of(writer), yajl_gen_array_open(self_of(writer)->generator));
}

static void list_end(struct writer *writer)
{
    if (ascend(self_of(writer)))
        expect_ok(self_of(writer), yajl_gen_array_close(self_of(writer)->generator));
}

static void destroy(struct writer *writer)
{
    struct json_writer *self = self_of(writer);
    yajl_gen_free(self->generator);
    buffer_clear(&self->scratch);
    free(self);
}

static const struct writer_operations operations = {
    .start = start,
    .finish = finish,
    .key = any_string,
    .object_begin = object_begin,
    .object_end = object_end,
    .list_begin = list_begin,
    .list_end = list_end,
    .string = string,
    .number = number,
    .boolean = boolean,
    .null = null,
    .destroy = destroy,
};

struct writer *json_writer_create(void)
{
    struct json_writer *self = calloc(1, sizeof(*self));
    yajl_gen generator = self ? yajl_gen_alloc(NULL) : NULL;
    if (!generator) {
        free(self);
        return NULL;
    }
    yajl_gen_config(generator, yajl_gen_print_callback, print, self);
    self->head.operations = &operations;
    self->generator = generator;
    buffer_init(&self->scratch);
    return &self->head;
}

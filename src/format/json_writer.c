/*
 * JSON by yajl, printed straight into the caller's buffer. One generator serves all answers: it is
 * reset at each start, and the brace that makes a fragment an object for it is swallowed.
 */
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "base/utf8.h"
#include "format/format_writers.h"
#include "format/text_scan.h"

/* Below yajl's YAJL_MAX_DEPTH of 128, past which it would use memory beyond its own. */
enum { MOST_DEPTH = 64 };

struct json_writer {
    struct writer head;
    yajl_gen generator;
    struct buffer scratch; /* text whose bad UTF-8 was replaced */
    struct slice plain;    /* what to print where yajl prints plain_mark */
    size_t depth;          /* objects and lists open below the fragment */
    bool is_swallowing;    /* the fragment's own brace is being opened */
};

static struct json_writer *self_of(struct writer *writer)
{
    return (struct json_writer *)writer;
}

/*
 * yajl looks at each byte of a string for escapes. Of text that is known to need none it is shown
 * an empty string in its place, or a literal where a value is wanted; what it would copy unchanged
 * is put where it prints the mark. Its order, commas and checks stay.
 */
static const char plain_mark[] = "\"\"";
enum { PLAIN_KEY = 0, PLAIN_VALUE = sizeof(plain_mark) - 1 }; /* sizes it is shown with */

static void append(struct buffer *out, const char *text, size_t size)
{
    if (out->has_failed || out->capacity - out->size < size) {
        buffer_append(out, text, size);
        return;
    }
    memcpy(out->data + out->size, text, size);
    out->size += size;
}

/* A value gets its quotes here, a key has them from yajl. */
static void print_plain(struct json_writer *self, bool is_value)
{
    const size_t quotes = is_value ? 2 : 0;
    char *to = buffer_reserve(self->head.out, self->plain.size + quotes);
    if (!to)
        return;
    if (is_value)
        *to++ = '"';
    memcpy(to, self->plain.data, self->plain.size);
    if (is_value)
        to[self->plain.size] = '"';
    self->head.out->size += self->plain.size + quotes;
}

static void print(void *context, const char *text, size_t size)
{
    struct json_writer *self = context;
    if (self->is_swallowing)
        return;
    if (text == plain_mark)
        print_plain(self, size == PLAIN_VALUE);
    else if (size) /* yajl prints '' too, whose data may be NULL */
        append(self->head.out, text, size);
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

/* Most of what a database holds needs no escape. A word that only looks as if it did takes the long
 * way, which is never wrong. */
static uint64_t marks_of(uint64_t word)
{
    return text_scan_controls(word) | text_scan_zeros(word ^ TEXT_SCAN_EACH('"')) |
           text_scan_zeros(word ^ TEXT_SCAN_EACH('\\'));
}

static bool is_plain(struct slice text)
{
    bool is_ascii = false;
    return text.size && text_scan_is_unmarked(text, marks_of, &is_ascii) &&
           (is_ascii || utf8_is_valid(text));
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
    struct json_writer *self = self_of(writer);
    if (!is_plain(text)) {
        any_string(writer, text);
        return;
    }
    self->plain = text;
    expect_ok(self, yajl_gen_number(self->generator, plain_mark, PLAIN_VALUE));
}

static void key(struct writer *writer, struct slice name)
{
    struct json_writer *self = self_of(writer);
    if (!is_plain(name)) {
        any_string(writer, name);
        return;
    }
    self->plain = name;
    expect_ok(self, yajl_gen_string(self->generator, (const unsigned char *)plain_mark, PLAIN_KEY));
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
    .key = key,
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

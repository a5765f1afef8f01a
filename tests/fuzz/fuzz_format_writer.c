/*
 * A tree made of any bytes as names and text: whatever it is, the JSON parses with our reader and
 * the XML with mxml, which prints what it has read as we did. A writer writes it twice, alike. Each
 * step takes a command byte and, where it needs text, a length byte and that many bytes.
 */
#include <mxml.h>
#include <stdlib.h>
#include <string.h>

#include "format/value.h"
#include "format/writer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_DEPTH = 12 };

struct script {
    struct slice rest;
    bool is_list[MOST_DEPTH + 1];
    size_t depth;
};

static struct slice take_text(struct script *script)
{
    size_t size = script->rest.size ? (unsigned char)script->rest.data[0] : 0;
    if (script->rest.size)
        script->rest = slice_skip(script->rest, 1);
    if (size > script->rest.size)
        size = script->rest.size;
    struct slice text = slice_of(script->rest.data, size);
    script->rest = slice_skip(script->rest, size);
    return text;
}

static void close_one(struct writer *writer, struct script *script)
{
    if (script->is_list[script->depth--])
        writer_list_end(writer);
    else
        writer_object_end(writer);
}

static void open_one(struct writer *writer, struct script *script, bool is_list)
{
    if (is_list)
        writer_list_begin(writer, take_text(script));
    else
        writer_object_begin(writer);
    script->is_list[++script->depth] = is_list;
}

static void write_value(struct writer *writer, struct script *script, unsigned command)
{
    if (!script->is_list[script->depth])
        writer_key(writer, take_text(script));
    if (command < 2 && script->depth < MOST_DEPTH)
        open_one(writer, script, command == 1);
    else if (command == 3)
        writer_null(writer);
    else if (command == 4)
        writer_boolean(writer, true);
    else if (command == 5)
        writer_integer(writer, -(int64_t)script->rest.size);
    else
        writer_string(writer, take_text(script));
}

static void write_once(struct writer *writer, struct slice input, struct buffer *out)
{
    struct script script = {.rest = input};
    writer_start(writer, out);
    while (script.rest.size) {
        unsigned command = (unsigned char)script.rest.data[0] % 8U;
        script.rest = slice_skip(script.rest, 1);
        if (command == 7 && script.depth)
            close_one(writer, &script);
        else
            write_value(writer, &script, command);
    }
    while (script.depth)
        close_one(writer, &script);
    writer_finish(writer);
}

/* After the half of it, which leaves other names behind. */
static void write_fragment(enum format format, struct slice input, struct buffer *out)
{
    struct writer *writer = writer_create(format);
    struct buffer scratch;
    buffer_init(&scratch);
    size_t from = out->size;
    write_once(writer, input, out);
    write_once(writer, slice_skip(input, input.size / 2), &scratch);
    scratch.size = 0;
    write_once(writer, input, &scratch);
    if (!slice_equal(buffer_slice(&scratch), slice_skip(buffer_slice(out), from)))
        abort();
    buffer_clear(&scratch);
    writer_destroy(writer);
}

static void check_json(struct slice input)
{
    const struct json_limits limits = {.depth = 64, .names = SIZE_MAX, .bytes = SIZE_MAX};
    struct json_fault fault;
    struct value *value = NULL;
    struct arena arena;
    struct buffer text;
    arena_init(&arena);
    buffer_init(&text);
    buffer_append_char(&text, '{');
    write_fragment(FORMAT_JSON, input, &text);
    buffer_append_char(&text, '}');
    if (text.has_failed || json_read(&arena, buffer_slice(&text), &limits, &value, &fault))
        abort();
    buffer_clear(&text);
    arena_clear(&arena);
}

/* The root, and a list right below it, have two tags even when they are empty. */
static void open_empty(mxml_node_t *root)
{
    mxml_node_t *child = mxmlGetFirstChild(root);
    if (!child)
        mxmlNewOpaque(root, "");
    for (; child; child = mxmlGetNextSibling(child))
        if (mxmlElementGetAttr(child, "list") && !mxmlGetFirstChild(child))
            mxmlNewOpaque(child, "");
}

/* mxml prints a carriage return raw, which is never in ours. */
static void put_raw_returns(char *text)
{
    for (char *at = text; (at = strstr(at, "&#13;")); at++) {
        *at = '\r';
        memmove(at + 1, at + 5, strlen(at + 5) + 1);
    }
}

/* Reading, mxml leaves out byte order marks. */
static void check_printed(mxml_node_t *tree, char *text)
{
    if (strchr(text, '\r'))
        abort();
    if (strstr(text, "\xEF\xBB\xBF"))
        return;
    mxmlSetWrapMargin(0);
    open_empty(tree);
    put_raw_returns(text);
    char *printed = mxmlSaveAllocString(tree, MXML_NO_CALLBACK);
    size_t size = strlen(text);
    if (!printed || strncmp(printed, text, size) != 0 || strcmp(printed + size, "\n") != 0)
        abort();
    free(printed);
}

static void check_xml(struct slice input)
{
    struct buffer text;
    buffer_init(&text);
    buffer_append_slice(&text, SLICE("<api>"));
    write_fragment(FORMAT_XML, input, &text);
    buffer_append_slice(&text, SLICE("</api>"));
    buffer_append_char(&text, '\0');
    mxml_node_t *tree = mxmlLoadString(NULL, text.data, MXML_OPAQUE_CALLBACK);
    if (text.has_failed || !tree || strlen(text.data) + 1 != text.size)
        abort();
    check_printed(tree, text.data);
    mxmlDelete(tree);
    buffer_clear(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of((const char *)data, size);
    check_json(input);
    check_xml(input);
    return 0;
}

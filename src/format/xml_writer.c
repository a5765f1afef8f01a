/*
 * XML by mxml. A list that is a direct member of the fragment is streamed: its opening tag is
 * printed at once, each item is a tree that is saved and deleted at its end; any other member is
 * one tree. So memory is bounded by one row.
 *
 * What cannot be written (no memory, too deep) sets out->has_failed; from then on only the depth is
 * kept, so that the calls still to come find nothing half made.
 */
#include <limits.h>
#include <mxml.h>
#include <stdlib.h>
#include <string.h>

#include "format/format_writers.h"
#include "format/xml_text.h"

enum { MOST_DEPTH = 64, FIRST_ROOM = 4096, MOST_ROOM = 65536 };

/* An object or list that is open. */
struct frame {
    mxml_node_t *node; /* NULL: what is in it is printed, not gathered in a tree */
    bool is_list;
    struct slice item_name; /* borrowed, of a list */
};

struct xml_writer {
    struct writer head;
    struct frame frames[MOST_DEPTH + 1]; /* the first is the fragment itself */
    size_t depth;
    mxml_node_t *tree;     /* what is being built, NULL between trees */
    size_t largest;        /* bytes of the largest tree of late: the room made for the next */
    struct buffer key;     /* of the member whose value comes next, as given */
    struct buffer safe;    /* text on its way into mxml, NUL-terminated */
    struct buffer closing; /* the streamed list's closing tag */
};

static struct xml_writer *self_of(struct writer *writer)
{
    return (struct xml_writer *)writer;
}

static void fail(struct xml_writer *self)
{
    self->head.out->has_failed = true;
}

static bool has_failed(const struct xml_writer *self)
{
    return self->head.out->has_failed;
}

static const char *make_safe(struct xml_writer *self, struct slice text)
{
    xml_text_make_safe(&self->safe, text);
    if (!self->safe.has_failed)
        return self->safe.data;
    fail(self);
    return "";
}

static void drop_tree(struct xml_writer *self)
{
    if (self->tree)
        mxmlDelete(self->tree);
    self->tree = NULL;
}

/* A carriage return must be a reference, else parsers read it as a line feed (XML 1.0, 2.11); mxml
 * prints it raw. Tags hold none but in an attribute, where it is right too. */
static void escape_returns(struct xml_writer *self, size_t from)
{
    struct buffer *out = self->head.out;
    struct slice rest = slice_of(out->data + from, out->size - from);
    struct slice part;
    if (slice_find(rest, '\r') == rest.size)
        return;
    self->safe.size = 0;
    buffer_append_slice(&self->safe, rest);
    if (self->safe.has_failed) {
        fail(self);
        return;
    }
    out->size = from;
    rest = buffer_slice(&self->safe);
    while (slice_split(&rest, '\r', &part)) {
        buffer_append_slice(out, part);
        if (rest.data)
            buffer_append_slice(out, SLICE("&#13;"));
    }
}

/* mxml prints into the buffer's own tail. It answers what it would have needed, so too little room
 * costs a second try; and it ends with a line feed, which is cut. */
static void save(struct xml_writer *self, mxml_node_t *node)
{
    struct buffer *out = self->head.out;
    size_t from = out->size;
    size_t wanted = self->largest + 2;
    for (int tries = 0; tries < 2 && !has_failed(self); tries++) {
        char *to = buffer_reserve(out, wanted);
        size_t room = out->capacity - out->size;
        int size = to ? mxmlSaveString(node, to, room < INT_MAX ? (int)room : INT_MAX, NULL) : -1;
        if (size <= 0)
            break;
        if ((size_t)size < room) {
            if (self->largest < (size_t)size)
                self->largest = (size_t)size;
            out->size += (size_t)size - (to[size - 1] == '\n');
            escape_returns(self, from);
            return;
        }
        wanted = (size_t)size + 2;
    }
    fail(self);
}

/* The element of the value that comes now, named by the key before it or by the list it is in. */
static mxml_node_t *add_element(struct xml_writer *self)
{
    const struct frame *parent = &self->frames[self->depth];
    struct slice name = parent->is_list ? parent->item_name : buffer_slice(&self->key);
    if (has_failed(self))
        return NULL;
    bool is_valid = xml_name_is_valid(name);
    bool has_name = is_valid || name.size == 0;
    const char *text = name.size ? make_safe(self, name) : "item";
    mxml_node_t *node = mxmlNewElement(parent->node, is_valid ? text : "item");
    if (!node || !mxmlGetElement(node))
        fail(self);
    if (node && !has_name)
        mxmlElementSetAttr(node, "name", text);
    if (!parent->node)
        self->tree = node;
    return node;
}

static void end_element(struct xml_writer *self)
{
    if (self->frames[self->depth].node)
        return;
    if (self->tree && !has_failed(self))
        save(self, self->tree);
    drop_tree(self);
}

static void push(struct xml_writer *self, struct frame frame)
{
    if (self->depth < MOST_DEPTH)
        self->frames[++self->depth] = frame;
    else
        fail(self);
}

static void start(struct writer *writer)
{
    struct xml_writer *self = self_of(writer);
    mxmlSetWrapMargin(0); /* is kept per thread, and this may be another than the maker's */
    self->depth = 0;
    self->frames[0] = (struct frame){0};
    if (self->largest > MOST_ROOM)
        self->largest = MOST_ROOM;
}

static void finish(struct writer *writer)
{
    struct xml_writer *self = self_of(writer);
    if (self->depth)
        fail(self);
    drop_tree(self);
}

static void key(struct writer *writer, struct slice name)
{
    struct xml_writer *self = self_of(writer);
    self->key.size = 0;
    buffer_append_slice(&self->key, name);
    if (self->key.has_failed)
        fail(self);
}

static void object_begin(struct writer *writer)
{
    struct xml_writer *self = self_of(writer);
    mxml_node_t *node = add_element(self);
    push(self, (struct frame){.node = node});
}

static void close_frame(struct writer *writer)
{
    struct xml_writer *self = self_of(writer);
    if (self->depth == 0) {
        fail(self);
        return;
    }
    self->depth--;
    end_element(self);
}

/* The list's element is printed with an empty text in it, which makes mxml write two tags; the
 * second is kept for the list's end. */
static void stream_list(struct xml_writer *self, mxml_node_t *node)
{
    struct buffer *out = self->head.out;
    size_t closing_size = strlen(mxmlGetElement(node)) + 3;
    self->closing.size = 0;
    if (mxmlNewOpaque(node, ""))
        save(self, node);
    else
        fail(self);
    drop_tree(self);
    if (has_failed(self))
        return;
    buffer_append(&self->closing, out->data + out->size - closing_size, closing_size);
    out->size -= closing_size;
    if (self->closing.has_failed)
        fail(self);
}

static void list_begin(struct writer *writer, struct slice item_name)
{
    struct xml_writer *self = self_of(writer);
    bool is_streamed = self->depth == 0;
    mxml_node_t *node = add_element(self);
    if (!has_failed(self)) {
        mxmlElementSetAttr(node, "list", "true");
        if (is_streamed)
            stream_list(self, node);
    }
    push(self, (struct frame){
                   .node = is_streamed ? NULL : node, .is_list = true, .item_name = item_name});
}

static void list_end(struct writer *writer)
{
    struct xml_writer *self = self_of(writer);
    bool is_streamed = self->depth == 1 && !self->frames[1].node;
    close_frame(writer);
    if (is_streamed && !has_failed(self))
        buffer_append_slice(writer->out, buffer_slice(&self->closing));
}

static void string(struct writer *writer, struct slice text)
{
    struct xml_writer *self = self_of(writer);
    mxml_node_t *node = add_element(self);
    if (text.size && !has_failed(self)) {
        mxml_node_t *opaque = mxmlNewOpaque(node, make_safe(self, text));
        if (!opaque || !mxmlGetOpaque(opaque))
            fail(self);
    }
    end_element(self);
}

static void boolean(struct writer *writer, bool value)
{
    string(writer, value ? SLICE("true") : SLICE("false"));
}

static void null(struct writer *writer)
{
    struct xml_writer *self = self_of(writer);
    mxml_node_t *node = add_element(self);
    if (!has_failed(self))
        mxmlElementSetAttr(node, "nil", "true");
    end_element(self);
}

static void destroy(struct writer *writer)
{
    struct xml_writer *self = self_of(writer);
    drop_tree(self);
    buffer_clear(&self->key);
    buffer_clear(&self->safe);
    buffer_clear(&self->closing);
    free(self);
}

static const struct writer_operations operations = {
    .start = start,
    .finish = finish,
    .key = key,
    .object_begin = object_begin,
    .object_end = close_frame,
    .list_begin = list_begin,
    .list_end = list_end,
    .string = string,
    .number = string,
    .boolean = boolean,
    .null = null,
    .destroy = destroy,
};

struct writer *xml_writer_create(void)
{
    struct xml_writer *self = calloc(1, sizeof(*self));
    if (!self)
        return NULL;
    self->head.operations = &operations;
    self->largest = FIRST_ROOM;
    buffer_init(&self->key);
    buffer_init(&self->safe);
    buffer_init(&self->closing);
    return &self->head;
}

/*
 * XML by mxml, printed straight into the caller's buffer: the tags as mxml prints them, once a name
 * (xml_element.h), and between them text escaped as mxml escapes it (xml_text.h). There is no tree.
 *
 * What cannot be written (no memory, too deep) sets out->has_failed; from then on only the depth is
 * kept, so that the calls still to come find nothing half made.
 */
#include <stdlib.h>
#include <string.h>

#include "format/format_writers.h"
#include "format/xml_element.h"
#include "format/xml_text.h"

enum { MOST_DEPTH = 64 };

/* An object or list that is open. */
struct frame {
    const struct xml_element *element; /* NULL: the fragment itself */
    const struct xml_element *item;    /* each item of a list; NULL in an object */
    size_t begins_at;                  /* in the output, with its tag */
    size_t content_at;                 /* behind its tag */
};

struct xml_writer {
    struct writer head;
    struct frame frames[MOST_DEPTH + 1]; /* the first is the fragment itself */
    size_t depth;
    const struct xml_element *named; /* by the key whose value comes next */
    struct xml_elements elements;
};

static struct xml_writer *self_of(struct writer *writer)
{
    return (struct xml_writer *)writer;
}

static void start(struct writer *writer)
{
    struct xml_writer *self = self_of(writer);
    self->depth = 0;
    self->named = NULL;
    self->frames[0] = (struct frame){0};
    xml_elements_trim(&self->elements);
}

static void finish(struct writer *writer)
{
    if (self_of(writer)->depth)
        writer->out->has_failed = true;
}

static void key(struct writer *writer, struct slice name)
{
    struct xml_writer *self = self_of(writer);
    self->named = xml_elements_find(&self->elements, name);
}

/* The element of the value that comes now, named by the key before it or by the list it is in. NULL
 * on failure. */
static const struct xml_element *take_element(struct xml_writer *self)
{
    const struct frame *parent = &self->frames[self->depth];
    const struct xml_element *element = parent->item ? parent->item : self->named;
    self->named = NULL;
    if (!element)
        self->head.out->has_failed = true;
    return self->head.out->has_failed ? NULL : element;
}

static void push(struct xml_writer *self, enum xml_form form, const struct xml_element *element,
                 const struct xml_element *item)
{
    struct buffer *out = self->head.out;
    struct frame frame = {.element = element, .item = item, .begins_at = out->size};
    if (self->depth == MOST_DEPTH) {
        out->has_failed = true;
        return;
    }
    if (element)
        buffer_append_slice(out, element->forms[form]);
    frame.content_at = out->size;
    self->frames[++self->depth] = frame;
}

static void object_begin(struct writer *writer)
{
    struct xml_writer *self = self_of(writer);
    push(self, XML_FORM_OPEN, take_element(self), NULL);
}

static void list_begin(struct writer *writer, struct slice item_name)
{
    struct xml_writer *self = self_of(writer);
    const struct xml_element *element = take_element(self);
    const struct xml_element *item = xml_elements_find(&self->elements, item_name);
    if (!item)
        writer->out->has_failed = true;
    push(self, XML_FORM_LIST_OPEN, element, item);
}

/* What has stayed empty gets the short form in place of its opening tag; but a list of the fragment
 * itself has two tags in any case. */
static void end(struct writer *writer)
{
    struct xml_writer *self = self_of(writer);
    struct buffer *out = writer->out;
    if (self->depth == 0)
        out->has_failed = true;
    if (out->has_failed) {
        self->depth -= self->depth > 0;
        return;
    }
    const struct frame *frame = &self->frames[self->depth--];
    const struct slice *forms = frame->element->forms;
    if (out->size > frame->content_at || (frame->item && self->depth == 0)) {
        buffer_append_slice(out, forms[XML_FORM_CLOSE]);
        return;
    }
    out->size = frame->begins_at;
    buffer_append_slice(out, forms[frame->item ? XML_FORM_LIST_EMPTY : XML_FORM_EMPTY]);
}

static char *put(char *to, struct slice text)
{
    return mempcpy(to, text.data, text.size);
}

/* Most values: one reservation for tags and text. */
static void append_plain(struct buffer *out, const struct slice *forms, struct slice text)
{
    size_t size = forms[XML_FORM_OPEN].size + text.size + forms[XML_FORM_CLOSE].size;
    char *to = buffer_reserve(out, size);
    if (!to)
        return;
    put(put(put(to, forms[XML_FORM_OPEN]), text), forms[XML_FORM_CLOSE]);
    out->size += size;
}

static void string(struct writer *writer, struct slice text)
{
    const struct xml_element *element = take_element(self_of(writer));
    if (!element)
        return;
    if (text.size == 0) {
        buffer_append_slice(writer->out, element->forms[XML_FORM_EMPTY]);
    } else if (xml_text_is_plain(text)) {
        append_plain(writer->out, element->forms, text);
    } else {
        buffer_append_slice(writer->out, element->forms[XML_FORM_OPEN]);
        xml_text_append(writer->out, text);
        buffer_append_slice(writer->out, element->forms[XML_FORM_CLOSE]);
    }
}

static void boolean(struct writer *writer, bool value)
{
    string(writer, value ? SLICE("true") : SLICE("false"));
}

static void null(struct writer *writer)
{
    const struct xml_element *element = take_element(self_of(writer));
    if (element)
        buffer_append_slice(writer->out, element->forms[XML_FORM_NIL]);
}

static void destroy(struct writer *writer)
{
    xml_elements_clear(&self_of(writer)->elements);
    free(writer);
}

static const struct writer_operations operations = {
    .start = start,
    .finish = finish,
    .key = key,
    .object_begin = object_begin,
    .object_end = end,
    .list_begin = list_begin,
    .list_end = end,
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
    xml_elements_init(&self->elements);
    return &self->head;
}

/*
 * One interface to write an answer's tree, JSON (yajl) and XML (mxml) behind it.
 *
 * A writer produces fragments: runs of members without an outer object, which the envelope joins
 * (`data` is known last but stands first, so it is written into a buffer of its own). Between
 * writer_start and writer_finish come only members: writer_key, then one value.
 *
 * A writer belongs to one worker or loop thread, is made once and used for many answers. Text may
 * hold anything: bytes that are not UTF-8, characters XML forbids and names XML forbids are made
 * safe here, so no input can break the document. Memory is bounded by one row, not by the list.
 */
#ifndef PORTCULLIS_FORMAT_WRITER_H
#define PORTCULLIS_FORMAT_WRITER_H

#include "base/buffer.h"
#include "base/result.h"

enum format { FORMAT_JSON, FORMAT_XML, FORMAT_COUNT };

struct writer;

/* What stands behind the interface; one table a format, in json_writer.c and xml_writer.c. */
struct writer_operations {
    void (*start)(struct writer *);
    void (*finish)(struct writer *);
    void (*key)(struct writer *, struct slice name);
    void (*object_begin)(struct writer *);
    void (*object_end)(struct writer *);
    void (*list_begin)(struct writer *, struct slice item_name);
    void (*list_end)(struct writer *);
    void (*string)(struct writer *, struct slice text);
    void (*number)(struct writer *, struct slice text);
    void (*boolean)(struct writer *, bool value);
    void (*null)(struct writer *);
    void (*destroy)(struct writer *);
};

/* The common head; each format's own struct begins with it. */
struct writer {
    const struct writer_operations *operations;
    struct buffer *out;      /* borrowed between start and finish; its has_failed tells of errors */
    bool numbers_as_strings; /* remote.json_numbers=string: every scalar is sent as a string */
};

/* NULL when memory is out. */
struct writer *writer_create(enum format format);
void writer_destroy(struct writer *writer);
/* One of each format; false when memory is out, and some may be NULL. */
bool writer_create_each(struct writer *writers[FORMAT_COUNT], bool numbers_as_strings);

static inline void writer_start(struct writer *w, struct buffer *out)
{
    w->out = out;
    w->operations->start(w);
}

/* Everything opened must have been closed. Sets out->has_failed if anything could not be written.
 */
static inline void writer_finish(struct writer *w)
{
    w->operations->finish(w);
    w->out = NULL;
}

static inline void writer_key(struct writer *w, struct slice name)
{
    w->operations->key(w, name);
}

static inline void writer_object_begin(struct writer *w)
{
    w->operations->object_begin(w);
}

static inline void writer_object_end(struct writer *w)
{
    w->operations->object_end(w);
}

/* item_name is the element name of the list's items in XML (the singular); JSON ignores it. Valid
 * until the list's end. */
static inline void writer_list_begin(struct writer *w, struct slice item_name)
{
    w->operations->list_begin(w, item_name);
}

static inline void writer_list_end(struct writer *w)
{
    w->operations->list_end(w);
}

static inline void writer_string(struct writer *w, struct slice text)
{
    w->operations->string(w, text);
}

/* text must be a JSON number: it is printed as it is, never through double. */
static inline void writer_number(struct writer *w, struct slice text)
{
    w->operations->number(w, text);
}

static inline void writer_boolean(struct writer *w, bool value)
{
    w->operations->boolean(w, value);
}

static inline void writer_null(struct writer *w)
{
    w->operations->null(w);
}

void writer_integer(struct writer *writer, int64_t value);

/* Convenience: a key and its value in one call. */
void writer_member_string(struct writer *writer, struct slice name, struct slice text);
void writer_member_integer(struct writer *writer, struct slice name, int64_t value);
void writer_member_null(struct writer *writer, struct slice name);

#endif

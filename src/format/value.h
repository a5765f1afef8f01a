/*
 * A tree of values as clients send it: parameters, and the catalog. Lives in an arena; nothing is
 * freed singly. Numbers keep the text they came with, so nothing is lost through double.
 */
#ifndef PORTCULLIS_FORMAT_VALUE_H
#define PORTCULLIS_FORMAT_VALUE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/result.h"

enum value_type {
    VALUE_NULL,
    VALUE_BOOLEAN,
    VALUE_NUMBER, /* text is a JSON number */
    VALUE_STRING,
    VALUE_LIST,
    VALUE_OBJECT,
};

struct value {
    enum value_type type;
    bool boolean;        /* VALUE_BOOLEAN */
    size_t count;        /* VALUE_LIST, VALUE_OBJECT: how many children */
    struct slice text;   /* VALUE_NUMBER, VALUE_STRING */
    size_t raw_size;     /* VALUE_STRING that json_read made: of its JSON, between the quotes */
    struct slice name;   /* the member's name, when the parent is an object */
    struct value *first; /* children in the order given */
    struct value *last;
    struct value *next; /* sibling */
};

/* NULL when memory is out, each. */
struct value *value_create(struct arena *arena, enum value_type type);
struct value *value_string(struct arena *arena, struct slice text); /* borrows text */

/* The member of that name, or NULL; also NULL when object is NULL or no object. */
struct value *value_get(const struct value *object, struct slice name);
/* Puts a member in; an earlier one of the same name is replaced and its place moves to the end:
 * the last wins. name is borrowed. */
void value_set(struct value *object, struct slice name, struct value *member);
/* Takes a member out, if it is there. */
struct value *value_take(struct value *object, struct slice name);
void value_append(struct value *list, struct value *item);

/* Appends a canonical JSON text of the tree (members in their order), for keys of joint answers. */
void value_print(const struct value *value, struct buffer *out);

/* Writes the tree as a value: members in their order. */
struct writer;
void value_write(struct writer *writer, const struct value *value);

/* Bounds of what is read; passing one is RESULT_LIMIT. */
struct json_limits {
    size_t depth;   /* nesting: `{}` is 1 */
    size_t names;   /* members and items in all */
    size_t members; /* of one object: value_set is linear in them; 0: no bound of its own */
    size_t bytes;   /* of text */
};

/* Where and why reading failed. */
struct json_fault {
    struct slice code; /* a literal: bad_json bad_encoding too_deep too_many_names too_large */
    char reason[160];  /* NUL-terminated, for people; ends up in the error's detail */
    size_t line;       /* 1-based */
};

/*
 * Reads one JSON text (RFC 8259), UTF-8 validated, a name given twice: the last wins. Trailing
 * white space is allowed, anything else after the value is not. The tree owns nothing outside the
 * arena. RESULT_INVALID with *fault filled in, RESULT_LIMIT likewise, RESULT_NO_MEMORY.
 */
enum result json_read(struct arena *arena, struct slice text, const struct json_limits *limits,
                      struct value **value, struct json_fault *fault);

#endif

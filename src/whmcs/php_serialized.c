/* One walk, made twice: the first finds faults, the second tells of values. */
#include "whmcs/php_serialized.h"

enum {
    DEPTH_OF_MEMBERS = 2, /* of the arrays in the list */
    MOST_DEPTH = 8,
};

struct walk {
    struct slice rest;
    size_t depth; /* arrays that are open */
    struct slice name;
    void (*visit)(void *context, struct slice value); /* NULL: only looks for faults */
    void *context;
};

/* text: a string's bytes; its data is NULL for any other value. */
static bool read_value(struct walk *walk, struct slice *text);

static bool take(struct walk *walk, struct slice expected)
{
    if (!slice_starts_with(walk->rest, expected))
        return false;
    walk->rest = slice_skip(walk->rest, expected.size);
    return true;
}

/* The bytes before end, which is taken too. */
static bool take_until(struct walk *walk, char end, struct slice *part)
{
    size_t size = slice_find(walk->rest, end);
    if (size == walk->rest.size)
        return false;
    *part = slice_of(walk->rest.data, size);
    walk->rest = slice_skip(walk->rest, size + 1);
    return true;
}

static bool read_integer(struct walk *walk)
{
    struct slice digits;
    int64_t value;
    return take_until(walk, ';', &digits) && slice_to_i64(digits, &value);
}

static bool read_boolean(struct walk *walk)
{
    return take(walk, SLICE("0;")) || take(walk, SLICE("1;"));
}

static void skip_sign(struct slice *text)
{
    bool has_sign = text->size && (text->data[0] == '-' || text->data[0] == '+');
    *text = slice_skip(*text, has_sign);
}

/* How many there were. */
static size_t skip_digits(struct slice *text)
{
    size_t count = 0;
    while (count < text->size && text->data[count] >= '0' && text->data[count] <= '9')
        count++;
    *text = slice_skip(*text, count);
    return count;
}

static bool read_float(struct walk *walk)
{
    struct slice text;
    if (take(walk, SLICE("INF;")) || take(walk, SLICE("-INF;")) || take(walk, SLICE("NAN;")))
        return true;
    if (!take_until(walk, ';', &text))
        return false;
    skip_sign(&text);
    size_t digits = skip_digits(&text);
    if (slice_starts_with(text, SLICE("."))) {
        text = slice_skip(text, 1);
        digits += skip_digits(&text);
    }
    if (digits && text.size && (text.data[0] == 'E' || text.data[0] == 'e')) {
        text = slice_skip(text, 1);
        skip_sign(&text);
        digits = skip_digits(&text);
    }
    return digits && !text.size;
}

static bool read_string(struct walk *walk, struct slice *text)
{
    struct slice digits;
    uint64_t size;
    if (!take_until(walk, ':', &digits) || !slice_to_u64(digits, &size) ||
        !take(walk, SLICE("\"")) || size > walk->rest.size)
        return false;
    *text = slice_of(walk->rest.data, size);
    walk->rest = slice_skip(walk->rest, size);
    return take(walk, SLICE("\";"));
}

static bool read_key(struct walk *walk, struct slice *name)
{
    *name = slice_of(NULL, 0);
    if (take(walk, SLICE("s:")))
        return read_string(walk, name);
    return take(walk, SLICE("i:")) && read_integer(walk);
}

static bool read_member(struct walk *walk)
{
    struct slice name;
    struct slice value;
    if (!read_key(walk, &name) || !read_value(walk, &value))
        return false;
    if (walk->visit && walk->depth == DEPTH_OF_MEMBERS && name.data && value.data &&
        slice_equal(name, walk->name))
        walk->visit(walk->context, value);
    return true;
}

/* A count beyond what follows ends with the text. */
static bool read_array(struct walk *walk)
{
    struct slice digits;
    uint64_t count;
    if (walk->depth == MOST_DEPTH || !take_until(walk, ':', &digits) ||
        !slice_to_u64(digits, &count) || !take(walk, SLICE("{")))
        return false;
    walk->depth++;
    for (uint64_t i = 0; i < count; i++)
        if (!read_member(walk))
            return false;
    walk->depth--;
    return take(walk, SLICE("}"));
}

static bool read_value(struct walk *walk, struct slice *text)
{
    *text = slice_of(NULL, 0);
    if (take(walk, SLICE("N;")))
        return true;
    if (take(walk, SLICE("s:")))
        return read_string(walk, text);
    if (take(walk, SLICE("i:")))
        return read_integer(walk);
    if (take(walk, SLICE("b:")))
        return read_boolean(walk);
    if (take(walk, SLICE("d:")))
        return read_float(walk);
    return take(walk, SLICE("a:")) && read_array(walk);
}

static bool walk_whole(struct walk walk)
{
    struct slice text;
    return read_value(&walk, &text) && walk.rest.size == 0;
}

enum result php_serialized_visit(struct slice text, struct slice name,
                                 void (*visit)(void *context, struct slice value), void *context)
{
    struct walk walk = {.rest = text, .name = name};
    if (!walk_whole(walk))
        return RESULT_INVALID;
    walk.visit = visit;
    walk.context = context;
    walk_whole(walk);
    return RESULT_OK;
}

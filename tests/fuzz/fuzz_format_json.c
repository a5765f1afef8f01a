/*
 * Any bytes as JSON: limits hold, text is UTF-8, and what was read prints as JSON that reads alike.
 * No string is longer than it stood there, nor all of them than the whole.
 */
#include <stdlib.h>

#include "base/utf8.h"
#include "format/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct json_limits limits = {.depth = 8, .names = 512, .bytes = 65536};

static void check(const struct value *tree, size_t depth, size_t *names)
{
    bool is_container = tree->type == VALUE_LIST || tree->type == VALUE_OBJECT;
    if (is_container && depth > limits.depth)
        abort();
    if (!utf8_is_valid(tree->text) || !utf8_is_valid(tree->name))
        abort();
    *names += tree->count;
    for (const struct value *child = tree->first; child; child = child->next)
        check(child, depth + 1, names);
}

static size_t measure_strings(const struct value *tree)
{
    size_t size = tree->raw_size;
    if (tree->type == VALUE_STRING ? tree->raw_size < tree->text.size : tree->raw_size)
        abort();
    for (const struct value *child = tree->first; child; child = child->next)
        size += measure_strings(child) + child->name.size;
    return size;
}

static void read_again(struct arena *arena, const struct value *tree)
{
    struct buffer first;
    struct buffer second;
    struct value *copy = NULL;
    struct json_fault fault;
    const struct json_limits wide = {.depth = 8, .names = 512, .bytes = SIZE_MAX};
    buffer_init(&first);
    buffer_init(&second);
    value_print(tree, &first);
    if (json_read(arena, buffer_slice(&first), &wide, &copy, &fault) != RESULT_OK)
        abort();
    value_print(copy, &second);
    if (!slice_equal(buffer_slice(&first), buffer_slice(&second)))
        abort();
    buffer_clear(&first);
    buffer_clear(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct value *tree = NULL;
    struct json_fault fault;
    size_t names = 0;
    arena_init(&arena);
    enum result result =
        json_read(&arena, slice_of((const char *)data, size), &limits, &tree, &fault);
    if ((result == RESULT_OK) != (tree != NULL) || fault.line == 0)
        abort();
    if (result != RESULT_OK && (fault.code.size == 0 || fault.reason[0] == '\0'))
        abort();
    if (tree)
        check(tree, 1, &names);
    if (names > limits.names || (tree && measure_strings(tree) > size))
        abort();
    if (tree)
        read_again(&arena, tree);
    arena_clear(&arena);
    return 0;
}

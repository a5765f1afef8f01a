/*
 * Pairs and JSON bodies of any bytes. The first byte chooses: a JSON body, or pairs, one a line,
 * name and value apart at '='. What comes out keeps the limits of spec/remote-api.md section 2.
 */
#include <stdlib.h>

#include "base/utf8.h"
#include "resources/parameters.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_pair(struct arena *arena, struct http_pairs *pairs, struct slice line)
{
    struct http_pair *pair = arena_zalloc(arena, sizeof(*pair));
    size_t equals = slice_find(line, '=');
    pair->name = slice_of(line.data, equals);
    pair->value = equals < line.size ? slice_skip(line, equals + 1) : slice_of(NULL, 0);
    if (pairs->last)
        pairs->last->next = pair;
    else
        pairs->first = pair;
    pairs->last = pair;
    pairs->count++;
}

static enum result add(struct parameters *parameters, struct arena *arena, struct slice input,
                       struct problem *problem)
{
    struct http_pairs pairs = {0};
    struct slice line;
    if (input.size && (input.data[0] == '{' || input.data[0] == '['))
        return parameters_add_json(parameters, input, problem);
    while (pairs.count < HTTP_MOST_PAIRS && slice_split(&input, '\n', &line))
        add_pair(arena, &pairs, line);
    return parameters_add_pairs(parameters, &pairs, problem);
}

static void check(const struct value *tree, size_t depth, size_t *names)
{
    size_t count = 0;
    if (depth > PARAMETERS_MOST_DEPTH + 1 || !utf8_is_valid(tree->name))
        abort();
    for (const struct value *child = tree->first; child; child = child->next) {
        count++;
        check(child, depth + 1, names);
        if (!child->next && tree->last != child)
            abort();
    }
    if (count != tree->count)
        abort();
    *names += count;
}

/* A list is held to its own bounds, and each of its items to those of params. */
static void check_items(const struct value *items)
{
    size_t names = 0;
    if (items->type != VALUE_LIST || !items->first)
        abort();
    check(items, 1, &names);
    if (names > PARAMETERS_MOST_LIST_NAMES)
        abort();
    for (const struct value *item = items->first; item; item = item->next) {
        size_t own = 0;
        check(item, 2, &own);
        if (own > PARAMETERS_MOST_NAMES)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct problem problem;
    struct parameters parameters;
    size_t names = 0;
    arena_init(&arena);
    problem_init(&problem, &arena);
    parameters_init(&parameters, &arena);
    enum result result = add(&parameters, &arena, slice_of((const char *)data, size), &problem);
    if ((result == RESULT_OK) == problem_is_set(&problem))
        abort();
    check(parameters.params, 1, &names);
    if (result == RESULT_OK && names > PARAMETERS_MOST_NAMES)
        abort();
    if (parameters.items)
        check_items(parameters.items);
    arena_clear(&arena);
    return 0;
}

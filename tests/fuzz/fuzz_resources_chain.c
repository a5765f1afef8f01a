/*
 * Chains of any bytes; the first one chooses the separator. What is taken reads back: its action,
 * with version and format put on again, is the same chain (spec/remote-api.md sections 1, 3, 5).
 * What is refused has a problem with a status, and an echo that is text.
 */
#include <stdlib.h>

#include "base/utf8.h"
#include "resources/chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* No columns are learnt: only the catalog decides what a chain may be. Made once, kept. */
static const struct model *the_model(void)
{
    static struct model *model;
    struct catalog *catalog = NULL;
    struct buffer problems;
    if (model)
        return model;
    buffer_init(&problems);
    struct schema *schema = calloc(1, sizeof(*schema));
    if (!schema || catalog_read(catalog_default_text(), "built-in", &catalog, &problems) ||
        model_build(catalog, schema, &model))
        abort();
    return model;
}

static void append_encoded(struct buffer *path, struct slice text)
{
    for (size_t i = 0; i < text.size; i++)
        buffer_printf(path, "%%%02X", (unsigned char)text.data[i]);
}

static bool is_same(const struct chain *a, const struct chain *b)
{
    bool same = a->format == b->format && a->link_count == b->link_count &&
                a->sibling_count == b->sibling_count && a->verb == b->verb &&
                a->target == b->target && slice_equal(a->setting, b->setting) &&
                slice_equal(a->action, b->action) && slice_equal(a->route, b->route);
    for (size_t i = 0; same && i < a->link_count; i++)
        same = a->links[i].resource == b->links[i].resource &&
               a->links[i].has_id == b->links[i].has_id && a->links[i].id == b->links[i].id;
    for (size_t i = 0; same && i < a->sibling_count; i++)
        same = a->siblings[i] == b->siblings[i];
    return same;
}

/* A setting's name may hold anything, slashes too, so it goes back encoded. */
static void check_taken(struct arena *arena, const struct chain *chain)
{
    struct chain again;
    struct problem problem;
    struct buffer path;
    struct slice action = chain->action;
    if (!action.size || !chain->route.size || !chain->link_count || !utf8_is_valid(action))
        abort();
    action.size -= chain->setting.size;
    buffer_init(&path);
    problem_init(&problem, arena);
    buffer_printf(&path, "v1/%.*s", SLICE_ARGS(action));
    append_encoded(&path, chain->setting);
    buffer_append_slice(&path, chain->format == FORMAT_XML ? SLICE("/xml") : SLICE("/json"));
    if (chain_parse(the_model(), arena, buffer_slice(&path), '/', &again, &problem) ||
        !is_same(chain, &again))
        abort();
    if (chain_check_method(chain, SLICE("GET"), &problem) != RESULT_OK ||
        chain_check_method(chain, SLICE("BREW"), &problem) == RESULT_OK || problem.status != 405)
        abort();
    buffer_clear(&path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct problem problem;
    struct chain chain;
    if (size == 0)
        return 0;
    char separator = data[0] == '.' ? '.' : '/';
    arena_init(&arena);
    problem_init(&problem, &arena);
    enum result result =
        chain_parse(the_model(), &arena, slice_of((const char *)data + 1, size - 1), separator,
                    &chain, &problem);
    if ((result == RESULT_OK) == problem_is_set(&problem))
        abort();
    if (result == RESULT_OK)
        check_taken(&arena, &chain);
    else if ((problem.status != 400 && problem.status != 404) || !problem.message.size ||
             !problem.first || !utf8_is_valid(chain.action) || !utf8_is_valid(problem.message))
        abort();
    arena_clear(&arena);
    return 0;
}

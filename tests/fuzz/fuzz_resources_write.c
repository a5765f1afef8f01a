/*
 * Writes of any bytes: which model and method by the first two, then the chain to the end of the
 * line, the loose names on the next, and params as all that is left. A control character in them
 * stands for one of the names that the resource knows. What compiles can be carried out: no column
 * twice, none that clients may not write, values that are text or fit; what does not says why,
 * within bounds (spec/remote-api.md section 6).
 */
#include <stdlib.h>
#include <string.h>

#include "../unit/sample_tables.h"
#include "base/base64.h"
#include "base/utf8.h"
#include "resources/parameters.h"
#include "resources/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct model *make_model(struct slice text, const struct sample_column *columns,
                                      size_t count)
{
    struct model *model = NULL;
    struct catalog *catalog = NULL;
    struct buffer problems;
    buffer_init(&problems);
    if (catalog_read(text, "built-in", &catalog, &problems) ||
        model_build(catalog, sample_schema(columns, count), &model))
        abort();
    return model;
}

/* Made once, kept. */
static const struct model *the_model(bool is_either)
{
    static const struct model *models[2];
    if (!models[0]) {
        models[0] =
            make_model(catalog_default_text(), writing_columns, SAMPLE_LENGTH(writing_columns));
        models[1] =
            make_model(slice_from(either_catalog), either_columns, SAMPLE_LENGTH(either_columns));
    }
    return models[is_either];
}

static void check_value(const struct write *write, const struct write_value *value)
{
    const struct model_resource *resource = write->resource;
    bool is_own = value->column >= resource->columns &&
                  value->column < resource->columns + resource->column_count;
    bool is_null = value->value.type == DATABASE_NULL;
    if (!is_own || (value->must_equal && write->kind != WRITE_UPDATE))
        abort();
    if (!value->must_equal && (value->column == model_key(resource) || value->column->is_kept ||
                               (is_null && !value->column->learnt->is_nullable)))
        abort();
    if (value->value.type == DATABASE_TEXT && !utf8_is_valid(value->value.text))
        abort();
}

static void check_item(const struct write *write, const struct write_item *item)
{
    if (item->count > write->resource->column_count || (write->kind == WRITE_DELETE && item->count))
        abort();
    for (size_t i = 0; i < item->count; i++) {
        check_value(write, &item->values[i]);
        if (write_value_find(item, item->values[i].column->name) != &item->values[i])
            abort(); /* there is another before it */
    }
    for (size_t i = 0; write->kind == WRITE_CREATE && i < write->resource->column_count; i++)
        if (write->resource->columns[i].is_required &&
            !write_value_find(item, write->resource->columns[i].name))
            abort();
}

static void check_refused(const struct write *write, const struct problem *problem)
{
    size_t most = WRITE_MOST_FAULTS + write->resource->column_count + 2;
    size_t count = 0;
    if ((problem->status != 400 && problem->status != 422) || !problem->first)
        abort();
    for (const struct problem_cause *cause = problem->first; cause; cause = cause->next, count++)
        if (!cause->code.size || !cause->detail.size || !utf8_is_valid(cause->field) ||
            !utf8_is_valid(cause->detail))
            abort();
    if (count > most || count != problem->cause_count)
        abort();
}

/* As many bytes as were said, and room for no more. */
static void check_content(const struct write *write)
{
    char *bytes = write->has_content ? malloc(write->content_size) : NULL;
    if (bytes)
        base64_decode(write->content, bytes);
    free(bytes);
}

static void compile(const struct model *model, const struct chain *chain, struct slice method,
                    struct value *params, const struct value *loose, struct arena *arena)
{
    static const struct query_viewer viewer = {.sees_all = true};
    static const struct write_file file = {{"a.txt", 5}, {"text/plain", 10}};
    const struct write_given given = {method, params, loose,
                                      chain->target == CHAIN_UPLOAD ? &file : NULL};
    struct problem problem;
    struct write write;
    problem_init(&problem, arena);
    enum result result = write_compile(model, chain, &given, &viewer, &write, &problem);
    if ((result == RESULT_OK) == problem_is_set(&problem))
        abort();
    if (result != RESULT_OK)
        check_refused(&write, &problem);
    for (size_t i = 0; result == RESULT_OK && i < write.item_count; i++)
        check_item(&write, &write.items[i]);
    check_content(&write);
    if (result == RESULT_OK && (write.item_count > WRITE_MOST_ITEMS || !write.item_count))
        abort();
}

/* As the gateway reads them: the list, else the object. */
static struct value *read_params(struct slice text, struct arena *arena)
{
    struct problem problem;
    struct parameters parameters;
    problem_init(&problem, arena);
    parameters_init(&parameters, arena);
    if (parameters_add_json(&parameters, text, &problem) != RESULT_OK)
        return NULL;
    return parameters.items ? parameters.items : parameters.params;
}

/* With a name, in its quotes, for each control character. */
static struct slice spell(struct slice text, const struct model_resource *resource,
                          struct arena *arena)
{
    static const struct slice others[] = {SLICE("dry_run"), SLICE("force"), SLICE("project_id"),
                                          SLICE("action_id"), SLICE("file_content")};
    struct buffer out;
    buffer_init(&out);
    for (size_t i = 0; i < text.size; i++) {
        size_t at = (unsigned char)text.data[i];
        if (at >= 0x20) {
            buffer_append_char(&out, text.data[i]);
            continue;
        }
        at %= resource->column_count + sizeof(others) / sizeof(others[0]);
        buffer_printf(&out, "\"%.*s\"",
                      SLICE_ARGS(at < resource->column_count
                                     ? resource->columns[at].name
                                     : others[at - resource->column_count]));
    }
    struct slice copy = arena_copy(arena, buffer_slice(&out));
    buffer_clear(&out);
    return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct slice methods[] = {SLICE("POST"), SLICE("PUT"), SLICE("DELETE")};
    struct slice input = slice_of((const char *)data, size);
    struct slice path = {NULL, 0};
    struct slice loose = {NULL, 0};
    struct arena arena;
    struct problem problem;
    struct chain chain;
    if (size < 3)
        return 0;
    const struct model *model = the_model(data[0] & 1);
    struct slice method = methods[data[1] % 3];
    input = slice_skip(input, 2);
    slice_split(&input, '\n', &path);
    slice_split(&input, '\n', &loose);
    arena_init(&arena);
    problem_init(&problem, &arena);
    if (chain_parse(model, &arena, path, '/', &chain, &problem) == RESULT_OK &&
        chain_check_served(&chain, &problem) == RESULT_OK &&
        chain_check_method(&chain, method, &problem) == RESULT_OK) {
        const struct model_resource *resource = chain_last(&chain)->resource;
        struct value *params = read_params(spell(input, resource, &arena), &arena);
        struct value *others = read_params(spell(loose, resource, &arena), &arena);
        if (params)
            compile(model, &chain, method, params,
                    others && others->type == VALUE_OBJECT ? others : NULL, &arena);
    }
    arena_clear(&arena);
    return 0;
}

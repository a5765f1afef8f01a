/* The schemas that a resource has of its own: its record, a thread of them, what is given to write
 * one, and what lists are filtered by. */
#include "resources/list_words.h"
#include "resources/openapi_parts.h"
#include "resources/write.h"

static const struct {
    const char *name;
    const char *component;
} list_words[] = {
    {"limit", "Limit"}, {"page", "Page"},     {"offset", "Offset"}, {"count", "Count"},
    {"sort", "Sort"},   {"fields", "Fields"}, {"search", "Search"}, {"cursor", "Cursor"},
};
enum { LIST_WORDS = sizeof(list_words) / sizeof(list_words[0]) };

/* --- the record ----------------------------------------------------------------------------- */

static void write_columns(struct openapi *openapi, const struct model_resource *resource,
                          const struct model_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        openapi_object_named(openapi, columns[i].name);
        openapi_column_answered(openapi, resource, &columns[i]);
        openapi_end(openapi);
    }
}

/* The record of another resource in it, or null. */
static void write_object(struct openapi *openapi, const struct model_resource *resource)
{
    const struct openapi_place nested = {.resource = resource->object};
    if (!resource->object)
        return;
    openapi_object_named(openapi, resource->catalog->object.name);
    openapi_list(openapi, "anyOf");
    openapi_ref_item(openapi, "schemas", openapi_phrase(openapi, "%S", &nested));
    openapi_item(openapi);
    openapi_words(openapi, "type", "null");
    openapi_end(openapi);
    openapi_list_end(openapi);
    openapi_end(openapi);
}

/* Rows of another table in it. */
static void write_list(struct openapi *openapi, const struct model_resource *resource)
{
    const struct catalog_list *list = resource->list.catalog;
    if (!list)
        return;
    openapi_object_named(openapi, list->name);
    openapi_words(openapi, "type", "array");
    openapi_words(openapi, "description", "In the answer about a single record alone.");
    openapi_object(openapi, "xml");
    openapi_flag(openapi, "wrapped", true);
    openapi_end(openapi);
    openapi_object(openapi, "items");
    openapi_words(openapi, "type", "object");
    openapi_object(openapi, "xml");
    openapi_text(openapi, "name", list->singular);
    openapi_end(openapi);
    openapi_object(openapi, "properties");
    write_columns(openapi, resource, resource->list.columns, resource->list.column_count);
    openapi_end(openapi);
    openapi_end(openapi);
    openapi_end(openapi);
}

static void write_record(struct openapi *openapi, const struct openapi_place *place)
{
    const struct model_resource *resource = place->resource;
    openapi_object_named(openapi, openapi_phrase(openapi, "%S", place));
    openapi_words(openapi, "type", "object");
    openapi_text(openapi, "description",
                 openapi_print(openapi, "A row of `%.*s`. With `fields`, only those.",
                               SLICE_ARGS(resource->catalog->table)));
    openapi_object(openapi, "properties");
    write_columns(openapi, resource, resource->columns, resource->column_count);
    write_object(openapi, resource);
    write_list(openapi, resource);
    openapi_end(openapi);
    openapi_end(openapi);
}

static void write_thread(struct openapi *openapi, const struct openapi_place *place)
{
    const struct catalog_threads *threads = &place->resource->catalog->threads;
    struct slice record = openapi_phrase(openapi, "%S", place);
    if (!place->resource->has_threads)
        return;
    openapi_object_named(openapi, openapi_phrase(openapi, "%SThread", place));
    openapi_text(openapi, "description",
                 openapi_phrase(openapi,
                                threads->shows_first
                                    ? "A thread: its first %s, and what came of it."
                                    : "A thread: its latest %s, and how many there are.",
                                place));
    openapi_list(openapi, "allOf");
    openapi_ref_item(openapi, "schemas", record);
    openapi_list_end(openapi);
    openapi_object(openapi, "properties");
    openapi_ref_named(openapi, threads->count, "schemas", SLICE("RowCount"));
    if (threads->last.size && threads->shows_first)
        openapi_ref_named(openapi, threads->last, "schemas", record);
    openapi_end(openapi);
    openapi_end(openapi);
}

/* --- what is given -------------------------------------------------------------------------- */

struct slice openapi_parent_column(const struct model_parent *parent)
{
    for (size_t i = 0; parent && i < parent->link_count; i++)
        if (!parent->links[i].catalog->through_resource.size)
            return parent->links[i].catalog->column;
    return SLICE("");
}

/* A chain's parent says more than its column, where constants go with it. */
static bool is_filled(const struct model_parent *parent, struct slice column)
{
    struct slice own = openapi_parent_column(parent);
    if (own.size && slice_equal(own, column))
        return true;
    for (size_t i = 0; parent && i < parent->link_count; i++)
        for (size_t w = 0; w < parent->links[i].catalog->where.count; w++)
            if (slice_equal(parent->links[i].catalog->where.items[w].column, column))
                return true;
    return false;
}

bool openapi_is_needed(const struct openapi_place *place, const struct model_column *column)
{
    return column->is_required && openapi_is_given(place->resource, column) &&
           !is_filled(place->parent, column->name);
}

/* Parents by their link's name, where the table has no such column. */
static void write_parent_names(struct openapi *openapi, const struct model_resource *resource)
{
    for (size_t i = 0; i < resource->parent_count; i++) {
        const struct model_parent *parent = &resource->parents[i];
        if (model_column_find(resource, parent->parameter) || !openapi_parent_column(parent).size)
            continue;
        openapi_object_named(openapi, parent->parameter);
        openapi_words(openapi, "type", "integer");
        openapi_integer(openapi, "minimum", 1);
        openapi_text(openapi, "x-references", parent->resource->name);
        openapi_end(openapi);
    }
}

static void write_input(struct openapi *openapi, const struct openapi_place *place)
{
    const struct model_resource *resource = place->resource;
    if (!openapi_is_written(resource))
        return;
    openapi_object_named(openapi, openapi_phrase(openapi, "%SInput", place));
    openapi_words(openapi, "type", "object");
    openapi_text(openapi, "description",
                 openapi_phrase(openapi, "What may be written of %a %s.", place));
    openapi_flag(openapi, "additionalProperties", false);
    openapi_object(openapi, "properties");
    for (size_t i = 0; i < resource->column_count; i++) {
        const struct model_column *column = &resource->columns[i];
        if (!openapi_is_given(resource, column))
            continue;
        openapi_object_named(openapi, column->name);
        openapi_column_given(openapi, resource, column);
        openapi_end(openapi);
    }
    write_parent_names(openapi, resource);
    if (resource->has_download && !model_column_find(resource, SLICE("file_content")))
        openapi_ref_named(openapi, SLICE("file_content"), "schemas", SLICE("FileContent"));
    if (!model_column_find(resource, SLICE("dry_run")))
        openapi_ref_named(openapi, SLICE("dry_run"), "schemas", SLICE("DryRun"));
    openapi_end(openapi);
    openapi_end(openapi);
}

static void write_create(struct openapi *openapi, const struct openapi_place *place)
{
    const struct model_resource *resource = place->resource;
    openapi_object_named(openapi, openapi_phrase(openapi, "%P%SCreate", place));
    openapi_list(openapi, "allOf");
    openapi_ref_item(openapi, "schemas", openapi_phrase(openapi, "%SInput", place));
    openapi_list_end(openapi);
    openapi_list(openapi, "required");
    for (size_t i = 0; i < resource->column_count; i++)
        if (openapi_is_needed(place, &resource->columns[i]))
            writer_string(openapi->writer, resource->columns[i].name);
    openapi_list_end(openapi);
    openapi_end(openapi);
}

/* One of them, or many. */
static void write_create_params(struct openapi *openapi, const struct openapi_place *place)
{
    struct slice one = openapi_phrase(openapi, "%P%SCreate", place);
    openapi_object_named(openapi, openapi_phrase(openapi, "%P%SCreateParams", place));
    openapi_list(openapi, "oneOf");
    openapi_ref_item(openapi, "schemas", one);
    openapi_item(openapi);
    openapi_words(openapi, "type", "array");
    openapi_words(openapi, "description", "All of them are created, or none.");
    openapi_integer(openapi, "minItems", 1);
    openapi_integer(openapi, "maxItems", WRITE_MOST_ITEMS);
    openapi_ref_named(openapi, SLICE("items"), "schemas", one);
    openapi_end(openapi);
    openapi_list_end(openapi);
    openapi_end(openapi);
}

/* --- filters -------------------------------------------------------------------------------- */

static void write_filter(struct openapi *openapi, const struct openapi_place *place)
{
    const struct model_resource *resource = place->resource;
    openapi_object_named(openapi, openapi_phrase(openapi, "%SFilter", place));
    openapi_words(openapi, "type", "object");
    openapi_text(
        openapi, "description",
        openapi_phrase(openapi, "Which %r a list holds, how many, in which order.", place));
    openapi_flag(openapi, "additionalProperties", false);
    openapi_object(openapi, "properties");
    for (size_t i = 0; i < LIST_WORDS; i++)
        openapi_ref_named(openapi, slice_from(list_words[i].name), "schemas",
                          slice_from(list_words[i].component));
    for (size_t i = 0; i < resource->parent_count; i++)
        if (!model_column_find(resource, resource->parents[i].parameter))
            openapi_ref_named(openapi, resource->parents[i].parameter, "schemas", SLICE("Id"));
    for (size_t i = 0; i < resource->column_count; i++) {
        const struct model_column *column = &resource->columns[i];
        if (column->learnt->type != SCHEMA_BINARY && !list_word_is_known(column->name))
            openapi_ref_named(openapi, column->name, "schemas", openapi_column_filter(column));
    }
    openapi_end(openapi);
    openapi_end(openapi);
}

/* --- all ------------------------------------------------------------------------------------ */

/* Words whose bounds the settings know. */
static void write_limit(struct openapi *openapi)
{
    openapi_object(openapi, "Limit");
    openapi_words(openapi, "type", "integer");
    openapi_words(openapi, "description", "How many records a page has at most.");
    openapi_integer(openapi, "minimum", 1);
    openapi_integer(openapi, "maximum", (int64_t)openapi->settings->max_limit);
    openapi_integer(openapi, "default",
                    openapi->settings->max_limit < QUERY_DEFAULT_LIMIT
                        ? (int64_t)openapi->settings->max_limit
                        : QUERY_DEFAULT_LIMIT);
    openapi_end(openapi);
}

static void write_operation_schemas(struct openapi *openapi, enum openapi_operation operation,
                                    const struct openapi_place *place)
{
    enum openapi_answer answer = openapi_operation_answer(operation, place);
    if (operation == OPENAPI_CREATE) {
        write_create(openapi, place);
        write_create_params(openapi, place);
    }
    if (answer != OPENAPI_ANSWERS)
        openapi_answer_schema(openapi, answer, place);
}

void openapi_schemas(struct openapi *openapi)
{
    write_limit(openapi);
    for (size_t i = 0; i < openapi->model->resource_count; i++) {
        const struct openapi_place place = {.resource = &openapi->model->resources[i]};
        if (place.resource->catalog->kind != CATALOG_ROWS || !model_is_served(place.resource))
            continue;
        write_record(openapi, &place);
        write_thread(openapi, &place);
        write_input(openapi, &place);
        write_filter(openapi, &place);
    }
    openapi_each_operation(openapi, write_operation_schemas);
}

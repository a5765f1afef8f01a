/* What stands in path, query and fields of a request. */
#include "resources/list_words.h"
#include "resources/openapi_parts.h"

/* Components that kinds of operations take, in this order. */
static const struct {
    unsigned operations;
    const char *component;
} taken[] = {
#define ON(operation) (1U << (operation))
    {ON(OPENAPI_LIST) | ON(OPENAPI_THREADS) | ON(OPENAPI_LISTS), "limit"},
    {ON(OPENAPI_LIST) | ON(OPENAPI_THREADS) | ON(OPENAPI_LISTS), "page"},
    {ON(OPENAPI_LIST) | ON(OPENAPI_THREADS) | ON(OPENAPI_LISTS), "offset"},
    {ON(OPENAPI_LIST) | ON(OPENAPI_THREADS) | ON(OPENAPI_LISTS), "count"},
    {ON(OPENAPI_LIST) | ON(OPENAPI_THREADS), "sort"},
    {ON(OPENAPI_LIST) | ON(OPENAPI_THREADS) | ON(OPENAPI_GET), "fields"},
    {ON(OPENAPI_LIST) | ON(OPENAPI_THREADS), "search"},
    {ON(OPENAPI_LIST) | ON(OPENAPI_THREADS), "cursor"},
    {ON(OPENAPI_DELETE), "dry_run"},
    {ON(OPENAPI_DELETE), "force"},
    {ON(OPENAPI_LIST) | ON(OPENAPI_THREADS) | ON(OPENAPI_LISTS) | ON(OPENAPI_GET) |
         ON(OPENAPI_DOWNLOAD),
     "If-None-Match"},
    {ON(OPENAPI_DOWNLOAD), "If-Modified-Since"},
    {ON(OPENAPI_DOWNLOAD), "Range"},
    {ON(OPENAPI_DOWNLOAD), "If-Range"},
    {ON(OPENAPI_UPDATE) | ON(OPENAPI_DELETE) | ON(OPENAPI_UPLOAD), "If-Match"},
};

static bool is_filtered(enum openapi_operation operation)
{
    return operation == OPENAPI_LIST || operation == OPENAPI_THREADS;
}

/* Has it texts for the word `search`? */
static bool is_searched(const struct model_resource *resource)
{
    for (size_t i = 0; i < resource->column_count; i++)
        if (resource->columns[i].is_searched)
            return true;
    return false;
}

/* Names that mean something else at the top of a query. */
static bool is_reserved(struct slice name)
{
    static const struct slice reserved[] = {SLICE("username"), SLICE("password"), SLICE("method"),
                                            SLICE("action"),   SLICE("params"),   SLICE("format")};
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        if (slice_equal(reserved[i], name))
            return true;
    return list_word_is_known(name);
}

/* A filter by name, beside params; not where the path says that name. */
static bool is_loose(const struct openapi_place *place, const struct model_column *column)
{
    bool is_in_path =
        place->parent && slice_equal(model_key(place->parent->resource)->name, column->name);
    return column->learnt->type != SCHEMA_BINARY && !is_in_path && !is_reserved(column->name);
}

static struct slice filter_name(struct openapi *openapi, const struct model_resource *resource,
                                const struct model_column *column)
{
    return openapi_print(openapi, "%.*s.%.*s",
                         SLICE_ARGS(openapi_component(openapi, resource->name)),
                         SLICE_ARGS(openapi_component(openapi, column->name)));
}

static struct slice key_name(struct openapi *openapi, const struct model_resource *resource)
{
    return openapi_print(openapi, "key.%.*s",
                         SLICE_ARGS(openapi_component(openapi, resource->name)));
}

/* --- params --------------------------------------------------------------------------------- */

/* An object for each list by its name, and what applies to all of them. */
static void write_lists_params(struct openapi *openapi, const struct openapi_place *place)
{
    const struct model_resource *children[16];
    size_t count = openapi_children(openapi, place->resource, children, 16);
    openapi_words(openapi, "type", "object");
    openapi_flag(openapi, "additionalProperties", false);
    openapi_object(openapi, "properties");
    openapi_ref_named(openapi, SLICE("limit"), "schemas", SLICE("Limit"));
    openapi_ref_named(openapi, SLICE("page"), "schemas", SLICE("Page"));
    openapi_ref_named(openapi, SLICE("offset"), "schemas", SLICE("Offset"));
    openapi_ref_named(openapi, SLICE("count"), "schemas", SLICE("Count"));
    for (size_t i = 0; i < count; i++) {
        const struct openapi_place child = {.resource = children[i]};
        openapi_ref_named(openapi, children[i]->name, "schemas",
                          openapi_phrase(openapi, "%SFilter", &child));
    }
    openapi_end(openapi);
}

static void write_params_schema(struct openapi *openapi, enum openapi_operation operation,
                                const struct openapi_place *place)
{
    openapi_object(openapi, "schema");
    if (operation == OPENAPI_LISTS)
        write_lists_params(openapi, place);
    else
        openapi_ref(openapi, "schemas",
                    openapi_phrase(openapi,
                                   is_filtered(operation)        ? "%SFilter"
                                   : operation == OPENAPI_CREATE ? "%P%SCreateParams"
                                                                 : "%SInput",
                                   place));
    openapi_end(openapi);
}

static void write_params(struct openapi *openapi, enum openapi_operation operation,
                         const struct openapi_place *place)
{
    bool is_read = is_filtered(operation) || operation == OPENAPI_LISTS;
    if (operation == OPENAPI_GET || operation == OPENAPI_DELETE || operation == OPENAPI_DOWNLOAD)
        return;
    openapi_item(openapi);
    openapi_words(openapi, "name", "params");
    openapi_words(openapi, "in", "query");
    openapi_words(openapi, "description",
                  is_read ? "The same and more as a JSON object: filters with operators, lists of "
                            "values, null."
                          : "What the body holds, as JSON in the query instead.");
    openapi_object(openapi, "content");
    openapi_object(openapi, "application/json");
    write_params_schema(openapi, operation, place);
    openapi_end(openapi);
    openapi_end(openapi);
    openapi_end(openapi);
}

/* --- all ------------------------------------------------------------------------------------ */

/* Which lists; one of them alone has a path of its own. */
static void write_lists(struct openapi *openapi, const struct openapi_place *place)
{
    const struct model_resource *children[16];
    size_t count = openapi_children(openapi, place->resource, children, 16);
    openapi_item(openapi);
    openapi_words(openapi, "name", "lists");
    openapi_words(openapi, "in", "path");
    openapi_flag(openapi, "required", true);
    openapi_words(openapi, "description", "Two lists or more, comma-separated.");
    openapi_words(openapi, "style", "simple");
    openapi_object(openapi, "schema");
    openapi_words(openapi, "type", "array");
    openapi_integer(openapi, "minItems", 2);
    openapi_integer(openapi, "maxItems", CHAIN_MOST_SIBLINGS + 1);
    openapi_flag(openapi, "uniqueItems", true);
    openapi_object(openapi, "items");
    openapi_words(openapi, "type", "string");
    openapi_list(openapi, "enum");
    for (size_t i = 0; i < count; i++)
        writer_string(openapi->writer, children[i]->name);
    openapi_list_end(openapi);
    openapi_end(openapi);
    openapi_end(openapi);
    openapi_list(openapi, "example");
    for (size_t i = 0; i < 2; i++)
        writer_string(openapi->writer, children[i]->name);
    openapi_list_end(openapi);
    openapi_end(openapi);
}

static void write_path(struct openapi *openapi, enum openapi_operation operation,
                       const struct openapi_place *place)
{
    bool is_record =
        operation != OPENAPI_LIST && operation != OPENAPI_CREATE && operation != OPENAPI_THREADS;
    if (place->parent)
        openapi_ref_item(openapi, "parameters", key_name(openapi, place->parent->resource));
    if (is_record)
        openapi_ref_item(openapi, "parameters", key_name(openapi, place->resource));
    if (operation == OPENAPI_LISTS)
        write_lists(openapi, place);
    if (operation != OPENAPI_DOWNLOAD)
        openapi_ref_item(openapi, "parameters", SLICE("format"));
}

void openapi_parameters(struct openapi *openapi, enum openapi_operation operation,
                        const struct openapi_place *place)
{
    const struct model_resource *resource = place->resource;
    openapi_list(openapi, "parameters");
    write_path(openapi, operation, place);
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        struct slice component = slice_from(taken[i].component);
        bool is_idle = slice_equal(component, SLICE("search")) && !is_searched(resource);
        if ((taken[i].operations & ON(operation)) && !is_idle)
            openapi_ref_item(openapi, "parameters", component);
    }
    if (operation == OPENAPI_CREATE && openapi->model->journal.has_idempotency)
        openapi_ref_item(openapi, "parameters", SLICE("Idempotency-Key"));
    for (size_t i = 0; is_filtered(operation) && i < resource->column_count; i++)
        if (is_loose(place, &resource->columns[i]))
            openapi_ref_item(openapi, "parameters",
                             filter_name(openapi, resource, &resource->columns[i]));
    write_params(openapi, operation, place);
    openapi_list_end(openapi);
}

/* --- components ----------------------------------------------------------------------------- */

static void write_key_component(struct openapi *openapi, const struct openapi_place *place)
{
    openapi_object_named(openapi, key_name(openapi, place->resource));
    openapi_text(openapi, "name", openapi_key_name(openapi, place->resource));
    openapi_words(openapi, "in", "path");
    openapi_flag(openapi, "required", true);
    openapi_text(openapi, "description", openapi_phrase(openapi, "The %s's id.", place));
    openapi_ref_named(openapi, SLICE("schema"), "schemas", SLICE("Id"));
    openapi_text(openapi, "x-references", place->resource->name);
    openapi_integer(openapi, "example", 1);
    openapi_end(openapi);
}

static void write_filter_component(struct openapi *openapi, const struct openapi_place *place,
                                   const struct model_column *column)
{
    openapi_object_named(openapi, filter_name(openapi, place->resource, column));
    openapi_text(openapi, "name", column->name);
    openapi_words(openapi, "in", "query");
    openapi_text(openapi, "description",
                 openapi_print(openapi, "Only %.*s with this `%.*s`.",
                               SLICE_ARGS(place->resource->name), SLICE_ARGS(column->name)));
    openapi_object(openapi, "schema");
    openapi_column_compared(openapi, column);
    openapi_end(openapi);
    openapi_end(openapi);
}

void openapi_parameter_components(struct openapi *openapi)
{
    for (size_t r = 0; r < openapi->model->resource_count; r++) {
        const struct openapi_place place = {.resource = &openapi->model->resources[r]};
        if (place.resource->catalog->kind != CATALOG_ROWS || !model_is_served(place.resource))
            continue;
        write_key_component(openapi, &place);
        for (size_t i = 0; i < place.resource->column_count; i++)
            if (is_loose(&place, &place.resource->columns[i]))
                write_filter_component(openapi, &place, &place.resource->columns[i]);
    }
}

/* Examples: likely values by the column's name, cut to what the column takes. */
#include "resources/column_value.h"
#include "resources/openapi_parts.h"

/* How many columns beside the required ones an example gives. */
enum { MOST_GIVEN = 6 };

/* The first ending that fits counts. */
static const struct {
    const char *ending;
    const char *text;
} texts[] = {
    {"email", "jane.roe@example.com"},
    {"mime", "application/pdf"},
    {"sha256", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
    {"ipaddress", "192.0.2.7"},
    {"file_name", "plan.pdf"},
    {"label", "Plan of the first floor"},
    {"_name", "Relaunch of the website"},
    {"name", "Jane Roe"},
    {"title", "The website does not load"},
    {"detail", "The new design goes live in March."},
    {"notes", "Ask the customer about the pictures."},
    {"note", "Call with the customer"},
    {"message", "Since this morning the page stays blank."},
    {"status", "open"},
    {"urgency", "Medium"},
    {"service", "S1"},
    {"editor", "plain"},
    {"tid", "ABC-123456"},
    {"type", "general"},
    {"admin", "Jane Roe"},
};

static bool ends_in(struct slice text, struct slice ending)
{
    return text.size >= ending.size &&
           slice_equal(slice_skip(text, text.size - ending.size), ending);
}

/* Empty: nothing is likely of such a name. */
static struct slice likely_text(const struct model_column *column)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (ends_in(column->name, slice_from(texts[i].ending)))
            return slice_from(texts[i].text);
    return column->is_required ? SLICE("Text") : SLICE("");
}

static void write_text(struct openapi *openapi, const struct model_column *column)
{
    uint64_t most = column->learnt->length;
    struct slice text = likely_text(column);
    if (most && text.size > most)
        text.size = (size_t)most;
    writer_string(openapi->writer, text);
}

static void write_integer(struct openapi *openapi, const struct model_resource *resource,
                          const struct model_column *column)
{
    const struct catalog_bound *bound = column->bound;
    const struct model_reference *reference = openapi_reference(resource, column->name);
    bool is_root = slice_equal(column->name, resource->catalog->rules.tree.column);
    bool is_named = reference && reference->resource && !is_root;
    int64_t number = is_named || column->is_required || column == model_key(resource) ? 1 : 0;
    if (ends_in(column->name, SLICE("size")))
        number = 100;
    if (bound && bound->most - bound->least > 100000)
        number = bound->least + 3600;
    else if (bound)
        number = bound->least + (bound->most - bound->least) * 2 / 5;
    if (ends_in(column->name, SLICE("adminid")))
        number = 1;
    writer_integer(openapi->writer, number);
}

static void write_decimal(struct openapi *openapi, const struct model_column *column)
{
    const struct schema_column *learnt = column->learnt;
    bool is_roomy = learnt->type == SCHEMA_FLOAT || learnt->precision >= learnt->scale + 2;
    static const struct slice decimals[] = {SLICE(""), SLICE(".5"), SLICE(".50")};
    size_t scale = learnt->type == SCHEMA_FLOAT ? 1 : learnt->scale;
    struct slice end = decimals[scale < 2 ? scale : 2];
    writer_number(openapi->writer,
                  openapi_print(openapi, "%s%.*s", is_roomy ? "12" : "0", SLICE_ARGS(end)));
}

/* A value that the column is held to; false: it is not. */
static bool write_choice(struct openapi *openapi, const struct model_column *column)
{
    const struct schema_column *learnt = column->learnt;
    const struct catalog_names *allowed = column->allowed ? column->allowed : column->letters;
    struct slice text = allowed && allowed->count                              ? allowed->items[0]
                        : learnt->type == SCHEMA_ENUM && learnt->allowed_count ? learnt->allowed[0]
                                                                               : slice_of(NULL, 0);
    if (!text.data)
        return false;
    if (learnt->type == SCHEMA_INTEGER)
        writer_number(openapi->writer, text);
    else
        writer_string(openapi->writer, text);
    return true;
}

void openapi_example_value(struct openapi *openapi, const struct model_resource *resource,
                           const struct model_column *column)
{
    if (write_choice(openapi, column))
        return;
    switch (column->learnt->type) {
    case SCHEMA_INTEGER:
        write_integer(openapi, resource, column);
        return;
    case SCHEMA_DECIMAL:
    case SCHEMA_FLOAT:
        write_decimal(openapi, column);
        return;
    case SCHEMA_TEXT:
    case SCHEMA_ENUM:
        write_text(openapi, column);
        return;
    case SCHEMA_DATE:
        writer_string(openapi->writer, SLICE("2026-03-02"));
        return;
    case SCHEMA_DATETIME:
        writer_string(openapi->writer, SLICE("2026-03-02 09:30:00"));
        return;
    case SCHEMA_TIME:
        writer_string(openapi->writer, SLICE("01:30:00"));
        return;
    case SCHEMA_BINARY:
        writer_string(openapi->writer, SLICE("cG9ydGN1bGxpcw=="));
        return;
    }
}

static void write_column(struct openapi *openapi, const struct model_resource *resource,
                         const struct model_column *column)
{
    writer_key(openapi->writer, column->name);
    openapi_example_value(openapi, resource, column);
}

void openapi_example_record(struct openapi *openapi, const struct model_resource *resource)
{
    for (size_t i = 0; i < resource->column_count; i++)
        write_column(openapi, resource, &resource->columns[i]);
    if (!resource->object)
        return;
    openapi_object_named(openapi, resource->catalog->object.name);
    for (size_t i = 0; i < resource->object->column_count; i++)
        write_column(openapi, resource->object, &resource->object->columns[i]);
    openapi_end(openapi);
}

/* What says something by itself: no ids, which another database does not have. */
static bool is_telling(const struct model_resource *resource, const struct model_column *column)
{
    bool is_bytes = slice_equal(column->name, resource->catalog->download.type) ||
                    slice_equal(column->name, resource->catalog->download.name);
    bool is_thread =
        resource->keeps_threads && slice_equal(column->name, resource->catalog->threads.column);
    if (is_bytes || is_thread || openapi_reference(resource, column->name) || column->letters)
        return false;
    bool is_text = column->learnt->type == SCHEMA_TEXT && likely_text(column).size;
    return is_text || column->allowed || column->bound || column->learnt->type == SCHEMA_DATE ||
           column->learnt->type == SCHEMA_DATETIME;
}

static bool tells_anything(const struct model_resource *resource)
{
    for (size_t i = 0; i < resource->column_count; i++)
        if (is_telling(resource, &resource->columns[i]) &&
            openapi_is_given(resource, &resource->columns[i]))
            return true;
    return false;
}

void openapi_example_given(struct openapi *openapi, const struct openapi_place *place,
                           bool is_update)
{
    const struct model_resource *resource = place->resource;
    bool gives_required = !is_update || !tells_anything(resource);
    size_t given = 0;
    for (size_t i = 0; i < resource->column_count; i++) {
        const struct model_column *column = &resource->columns[i];
        bool is_needed = gives_required && openapi_is_needed(place, column);
        bool is_told = given < MOST_GIVEN && is_telling(resource, column) &&
                       openapi_is_given(resource, column);
        if (!is_needed && !is_told)
            continue;
        given += is_needed ? 0 : 1;
        write_column(openapi, resource, column);
    }
}

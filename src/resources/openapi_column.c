/* Columns as JSON Schema: as they are answered, as they may be given, as they are compared. */
#include <inttypes.h>

#include "resources/column_value.h"
#include "resources/openapi_parts.h"

/* Longer texts are bounded by the body's limit before. */
enum { LONGEST_BOUND = 1 << 24 };

static const char *const types[] = {
    [SCHEMA_INTEGER] = "integer", [SCHEMA_DECIMAL] = "number", [SCHEMA_FLOAT] = "number",
    [SCHEMA_TEXT] = "string",     [SCHEMA_ENUM] = "string",    [SCHEMA_DATE] = "string",
    [SCHEMA_DATETIME] = "string", [SCHEMA_TIME] = "string",    [SCHEMA_BINARY] = "string",
};

static const char *const filters[] = {
    [SCHEMA_INTEGER] = "IntegerFilter", [SCHEMA_DECIMAL] = "NumberFilter",
    [SCHEMA_FLOAT] = "NumberFilter",    [SCHEMA_TEXT] = "TextFilter",
    [SCHEMA_ENUM] = "TextFilter",       [SCHEMA_DATE] = "DateFilter",
    [SCHEMA_DATETIME] = "DateFilter",   [SCHEMA_TIME] = "TimeFilter",
    [SCHEMA_BINARY] = "TextFilter",
};

/* Dates and times have schemas of their own. */
static const char *const moments[] = {
    [SCHEMA_DATE] = "Day",
    [SCHEMA_DATETIME] = "Day",
    [SCHEMA_TIME] = "Time",
    [SCHEMA_BINARY] = NULL,
};

#define DAY  "[0-9]{4}-[0-9]{2}-[0-9]{2}"
#define HOUR ":[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?"

static const char *const patterns[] = {
    [SCHEMA_DATE] = "^" DAY "([ T]00:00(:00([.]0{1,6})?)?)?$",
    [SCHEMA_DATETIME] = "^" DAY "([ T][0-9]{2}" HOUR ")?$",
    [SCHEMA_TIME] = "^-?[0-9]{2,3}" HOUR "$",
    [SCHEMA_BINARY] = NULL,
};

bool openapi_is_written(const struct model_resource *resource)
{
    return resource->is_created || catalog_names_hold(&resource->catalog->methods, SLICE("PUT"));
}

bool openapi_is_given(const struct model_resource *resource, const struct model_column *column)
{
    return column != model_key(resource) && !column->is_kept &&
           column->learnt->type != SCHEMA_BINARY;
}

const struct model_reference *openapi_reference(const struct model_resource *resource,
                                                struct slice column)
{
    for (size_t i = 0; i < resource->reference_count; i++)
        if (slice_equal(resource->references[i].column, column))
            return &resource->references[i];
    return NULL;
}

static void write_type(struct openapi *openapi, const char *type, bool is_nullable,
                       bool is_string_too)
{
    if (!is_nullable && !is_string_too) {
        openapi_words(openapi, "type", type);
        return;
    }
    openapi_list(openapi, "type");
    writer_string(openapi->writer, slice_from(type));
    if (is_string_too)
        writer_string(openapi->writer, SLICE("string"));
    if (is_nullable)
        writer_string(openapi->writer, SLICE("null"));
    openapi_list_end(openapi);
}

/* --- in words ------------------------------------------------------------------------------- */

static void describe_reference(struct buffer *text, const struct model_resource *resource,
                               const struct model_column *column)
{
    const struct model_reference *reference = openapi_reference(resource, column->name);
    if (!reference)
        return;
    if (reference->resource)
        buffer_printf(text, "The id of one of the %.*s", SLICE_ARGS(reference->resource->name));
    else
        buffer_printf(text, "The id of a row of `%.*s`", SLICE_ARGS(reference->table));
    if (reference->where.count)
        buffer_printf(text, ", where %.*s is %.*s", SLICE_ARGS(reference->where.items[0].column),
                      SLICE_ARGS(reference->where.items[0].value));
    buffer_append_slice(text, column->is_required ? SLICE(". ") : SLICE("; 0: none. "));
}

static void describe_values(struct buffer *text, const struct model_column *column)
{
    if (!column->allowed)
        return;
    for (size_t i = 0; i < column->allowed->count; i++)
        buffer_printf(text, "%s%.*s", i ? ", " : "One of: ", SLICE_ARGS(column->allowed->items[i]));
    buffer_append_slice(text, SLICE(". "));
}

static struct slice describe(struct openapi *openapi, const struct model_resource *resource,
                             const struct model_column *column)
{
    struct buffer text;
    buffer_init(&text);
    if (column == model_key(resource))
        buffer_printf(&text, "The %.*s's id. ", SLICE_ARGS(resource->singular));
    if (resource->keeps_threads && slice_equal(column->name, resource->catalog->threads.column))
        buffer_printf(&text, "The thread: the id of its first %.*s. ",
                      SLICE_ARGS(resource->singular));
    else
        describe_reference(&text, resource, column);
    describe_values(&text, column);
    if (column != model_key(resource) && column->is_kept && openapi_is_written(resource))
        buffer_append_slice(&text, SLICE("Kept by the gateway. "));
    if (column->is_searched)
        buffer_append_slice(&text, SLICE("Looked through by `search`. "));
    buffer_printf(&text, "Stored as `%.*s`.", SLICE_ARGS(column->learnt->type_text));
    struct slice words = openapi_print(openapi, "%.*s", SLICE_ARGS(buffer_slice(&text)));
    openapi->has_failed = openapi->has_failed || text.has_failed;
    buffer_clear(&text);
    return words;
}

/* Which of the API's resources the column's value is an id of: what a client may follow. */
static void write_reference(struct openapi *openapi, const struct model_resource *resource,
                            const struct model_column *column)
{
    const struct model_reference *reference = openapi_reference(resource, column->name);
    if (reference && reference->resource && model_is_served(reference->resource))
        openapi_text(openapi, "x-references", reference->resource->name);
}

static void write_base64(struct openapi *openapi, const struct model_column *column)
{
    if (column->learnt->type == SCHEMA_BINARY)
        openapi_words(openapi, "contentEncoding", "base64");
}

/* --- answered ------------------------------------------------------------------------------- */

void openapi_column_answered(struct openapi *openapi, const struct model_resource *resource,
                             const struct model_column *column)
{
    const char *type = types[column->learnt->type];
    bool is_string = slice_equal(slice_from(type), SLICE("string"));
    write_type(openapi, type, column->learnt->is_nullable,
               openapi->settings->numbers_are_strings && !is_string);
    openapi_text(openapi, "description", describe(openapi, resource, column));
    write_base64(openapi, column);
    write_reference(openapi, resource, column);
    openapi_list(openapi, "examples");
    openapi_example_value(openapi, resource, column);
    openapi_list_end(openapi);
}

/* --- given ---------------------------------------------------------------------------------- */

static void write_integer_bounds(struct openapi *openapi, const struct model_resource *resource,
                                 const struct model_column *column)
{
    const struct schema_column *learnt = column->learnt;
    const struct catalog_bound *bound = column->bound;
    unsigned bits = learnt->integer_bits ? learnt->integer_bits : 64;
    if (bound) {
        openapi_integer(openapi, "minimum", bound->least);
        openapi_integer(openapi, "maximum", bound->most);
        return;
    }
    if (slice_starts_with(learnt->type_text, SLICE("year"))) {
        openapi_integer(openapi, "minimum", 0);
        openapi_integer(openapi, "maximum", 2155);
        return;
    }
    int64_t most =
        bits == 64 ? INT64_MAX : (INT64_C(1) << (bits - (learnt->is_unsigned ? 0 : 1))) - 1;
    bool is_id = openapi_reference(resource, column->name) != NULL;
    bool is_natural = learnt->is_unsigned || is_id;
    openapi_integer(openapi, "minimum",
                    !is_natural                    ? -most - 1
                    : is_id && column->is_required ? 1
                                                   : 0);
    if (bits == 64 && learnt->is_unsigned)
        openapi_number(openapi, "maximum", openapi_print(openapi, "%" PRIu64, UINT64_MAX));
    else
        openapi_integer(openapi, "maximum", most);
}

/* Ten to the digits before the point is the first number that does not fit. */
static void write_decimal_bounds(struct openapi *openapi, const struct model_column *column)
{
    const struct schema_column *learnt = column->learnt;
    unsigned digits = learnt->precision > learnt->scale ? learnt->precision - learnt->scale : 0;
    if (column->learnt->is_unsigned)
        openapi_integer(openapi, "minimum", 0);
    if (learnt->type != SCHEMA_DECIMAL)
        return;
    if (!learnt->is_unsigned)
        openapi_number(openapi, "exclusiveMinimum",
                       openapi_print(openapi, "-1%0*d", (int)digits, 0));
    openapi_number(openapi, "exclusiveMaximum", openapi_print(openapi, "1%0*d", (int)digits, 0));
}

static void write_choice(struct openapi *openapi, const struct slice *items, size_t count,
                         bool is_nullable)
{
    openapi_list(openapi, "enum");
    for (size_t i = 0; i < count; i++)
        writer_string(openapi->writer, items[i]);
    if (is_nullable)
        writer_null(openapi->writer);
    openapi_list_end(openapi);
}

static void write_text_bounds(struct openapi *openapi, const struct model_column *column)
{
    const struct schema_column *learnt = column->learnt;
    if (column->allowed)
        write_choice(openapi, column->allowed->items, column->allowed->count, learnt->is_nullable);
    else if (learnt->type == SCHEMA_ENUM)
        write_choice(openapi, learnt->allowed, learnt->allowed_count, learnt->is_nullable);
    else if (learnt->length && learnt->length < LONGEST_BOUND)
        openapi_integer(openapi, "maxLength", (int64_t)learnt->length);
    if (column->is_required && !column->allowed && learnt->type == SCHEMA_TEXT) {
        openapi_integer(openapi, "minLength", 1);
        openapi_words(openapi, "pattern", "[^ \\t\\r\\n]");
    }
}

static void write_bounds(struct openapi *openapi, const struct model_resource *resource,
                         const struct model_column *column)
{
    switch (column->learnt->type) {
    case SCHEMA_INTEGER:
        write_integer_bounds(openapi, resource, column);
        return;
    case SCHEMA_DECIMAL:
    case SCHEMA_FLOAT:
        write_decimal_bounds(openapi, column);
        return;
    case SCHEMA_TEXT:
    case SCHEMA_ENUM:
        write_text_bounds(openapi, column);
        return;
    case SCHEMA_DATE:
    case SCHEMA_DATETIME:
    case SCHEMA_TIME:
        openapi_words(openapi, "pattern", patterns[column->learnt->type]);
        return;
    case SCHEMA_BINARY:
        return;
    }
}

void openapi_column_given(struct openapi *openapi, const struct model_resource *resource,
                          const struct model_column *column)
{
    write_type(openapi, types[column->learnt->type],
               column->learnt->is_nullable && !column->is_required, false);
    openapi_text(openapi, "description", describe(openapi, resource, column));
    write_bounds(openapi, resource, column);
    write_reference(openapi, resource, column);
}

/* --- compared ------------------------------------------------------------------------------- */

struct slice openapi_column_filter(const struct model_column *column)
{
    return slice_from(filters[column->learnt->type]);
}

void openapi_column_compared(struct openapi *openapi, const struct model_column *column)
{
    const char *component = moments[column->learnt->type];
    if (component)
        openapi_ref(openapi, "schemas", slice_from(component));
    else
        openapi_words(openapi, "type", types[column->learnt->type]);
}

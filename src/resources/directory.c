/* The directory's members, one function a kind of entry. */
#include "resources/directory.h"

#include "resources/column_value.h"

static struct slice type_name(enum schema_type type)
{
    static const struct slice names[] = {
        [SCHEMA_INTEGER] = SLICE("integer"),   [SCHEMA_DECIMAL] = SLICE("decimal"),
        [SCHEMA_FLOAT] = SLICE("float"),       [SCHEMA_TEXT] = SLICE("string"),
        [SCHEMA_ENUM] = SLICE("enum"),         [SCHEMA_DATE] = SLICE("date"),
        [SCHEMA_DATETIME] = SLICE("datetime"), [SCHEMA_TIME] = SLICE("time"),
        [SCHEMA_BINARY] = SLICE("binary"),
    };
    return names[type];
}

static void write_member_boolean(struct writer *writer, struct slice name, bool value)
{
    writer_key(writer, name);
    writer_boolean(writer, value);
}

static void write_field(struct writer *writer, const struct model_resource *resource,
                        const struct model_column *column)
{
    bool is_written =
        resource->is_created || catalog_names_hold(&resource->catalog->methods, SLICE("PUT"));
    bool is_given =
        column != model_key(resource) && !column->is_kept && column->learnt->type != SCHEMA_BINARY;
    writer_object_begin(writer);
    writer_member_string(writer, SLICE("name"), column->name);
    writer_member_string(writer, SLICE("type"), type_name(column->learnt->type));
    write_member_boolean(writer, SLICE("nullable"), column->learnt->is_nullable);
    write_member_boolean(writer, SLICE("writable"), is_written && is_given);
    write_member_boolean(writer, SLICE("required"), resource->is_created && column->is_required);
    write_member_boolean(writer, SLICE("filterable"), column_is_filterable(column));
    if (column->allowed) {
        writer_key(writer, SLICE("values"));
        writer_list_begin(writer, SLICE("value"));
        for (size_t i = 0; i < column->allowed->count; i++)
            writer_string(writer, column->allowed->items[i]);
        writer_list_end(writer);
    }
    writer_object_end(writer);
}

static void write_chain(struct writer *writer, const char *format, struct slice parent,
                        struct slice name)
{
    struct buffer text;
    buffer_init(&text);
    if (parent.size)
        buffer_printf(&text, "%.*s/{id}/", SLICE_ARGS(parent));
    buffer_append_slice(&text, name);
    buffer_append_slice(&text, slice_from(format));
    writer_string(writer, buffer_slice(&text));
    buffer_clear(&text);
}

static bool takes_bytes(const struct model_resource *resource)
{
    return resource->has_download && catalog_names_hold(&resource->catalog->methods, SLICE("PUT"));
}

/* Every chain of at most two links that ends here; longer ones follow from them. */
static void write_chains(struct writer *writer, const struct model_resource *resource)
{
    static const char *const special[] = {
        [CATALOG_SETTINGS] = "/{name}", [CATALOG_DIRECTORY] = "/resources"};
    enum catalog_kind kind = resource->catalog->kind;
    writer_key(writer, SLICE("chains"));
    writer_list_begin(writer, SLICE("chain"));
    if (kind != CATALOG_DIRECTORY)
        write_chain(writer, "", slice_of("", 0), resource->name);
    if (kind != CATALOG_ROWS) {
        write_chain(writer, special[kind], slice_of("", 0), resource->name);
    } else {
        write_chain(writer, "/{id}", slice_of("", 0), resource->name);
        if (resource->has_threads)
            write_chain(writer, "/bythread", slice_of("", 0), resource->name);
        if (resource->has_download)
            write_chain(writer, "/{id}/download", slice_of("", 0), resource->name);
        if (takes_bytes(resource))
            write_chain(writer, "/{id}/content", slice_of("", 0), resource->name);
        for (size_t i = 0; i < resource->parent_count; i++)
            write_chain(writer, "", resource->parents[i].resource->name, resource->name);
    }
    writer_list_end(writer);
}

static void write_verbs(struct writer *writer, const struct model_resource *resource)
{
    writer_key(writer, SLICE("verbs"));
    writer_list_begin(writer, SLICE("verb"));
    if (resource->has_threads)
        writer_string(writer, SLICE("bythread"));
    if (resource->has_download)
        writer_string(writer, SLICE("download"));
    if (takes_bytes(resource))
        writer_string(writer, SLICE("content"));
    writer_list_end(writer);
}

static void write_methods(struct writer *writer, const struct model_resource *resource)
{
    const struct catalog_names *methods = &resource->catalog->methods;
    writer_key(writer, SLICE("methods"));
    writer_list_begin(writer, SLICE("method"));
    if (!methods->count)
        writer_string(writer, SLICE("GET"));
    for (size_t i = 0; i < methods->count; i++)
        if (resource->is_created || !slice_equal(methods->items[i], SLICE("POST")))
            writer_string(writer, methods->items[i]);
    writer_list_end(writer);
}

static void write_fields(struct writer *writer, const struct model_resource *resource)
{
    writer_key(writer, SLICE("fields"));
    writer_list_begin(writer, SLICE("field"));
    for (size_t i = 0; i < resource->column_count; i++)
        write_field(writer, resource, &resource->columns[i]);
    writer_list_end(writer);
}

void directory_write(struct writer *writer, const struct model *model, struct envelope_page *page)
{
    uint64_t count = 0;
    writer_key(writer, SLICE("resources"));
    writer_list_begin(writer, SLICE("resource"));
    for (size_t i = 0; i < model->resource_count; i++) {
        const struct model_resource *resource = &model->resources[i];
        if (!model_is_served(resource))
            continue;
        count++;
        writer_object_begin(writer);
        writer_member_string(writer, SLICE("name"), resource->name);
        writer_member_string(writer, SLICE("singular"), resource->singular);
        writer_key(writer, SLICE("key"));
        if (resource->catalog->kind == CATALOG_ROWS)
            writer_string(writer, model_key(resource)->name);
        else
            writer_null(writer);
        write_methods(writer, resource);
        write_chains(writer, resource);
        write_verbs(writer, resource);
        write_fields(writer, resource);
        writer_object_end(writer);
    }
    writer_list_end(writer);
    *page = (struct envelope_page){
        .has_total = true, .total = count, .page = 1, .limit = count ? count : 1};
}

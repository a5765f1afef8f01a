/* The paths that are no rows of a table: settings, the directory, and this document itself. */
#include "resources/openapi_parts.h"

static const struct {
    const char *name; /* in openapi_fixed.json, `operations` */
    enum catalog_kind kind;
    const char *path; /* after the base; %s: the resource */
    const char *answer;
    unsigned errors; /* beside OPENAPI_ALWAYS */
} specials[] = {
    {"directory", CATALOG_DIRECTORY, "/api.php/v1/%r/resources/{format}", "ResourcesAnswer", 0},
    {"settings", CATALOG_SETTINGS, "/api.php/v1/%r/{format}", "ConfigAnswer",
     OPENAPI_NOT_FOUND | OPENAPI_VALUE},
    {"setting", CATALOG_SETTINGS, "/api.php/v1/%r/{name}/{format}", "ConfigAnswer",
     OPENAPI_NOT_FOUND | OPENAPI_VALUE},
};

static const struct model_resource *find_kind(const struct openapi *openapi, enum catalog_kind kind)
{
    for (size_t i = 0; i < openapi->model->resource_count; i++)
        if (openapi->model->resources[i].catalog->kind == kind &&
            model_is_served(&openapi->model->resources[i]))
            return &openapi->model->resources[i];
    return NULL;
}

/* Members of the operation as they stand in the file. */
static void write_members(struct openapi *openapi, const char *name)
{
    const struct value *operation =
        value_get(value_get(openapi->fixed, SLICE("operations")), slice_from(name));
    for (const struct value *member = operation ? operation->first : NULL; member;
         member = member->next) {
        writer_key(openapi->writer, member->name);
        value_write(openapi->writer, member);
    }
}

static void write_special(struct openapi *openapi, size_t i, const struct model_resource *resource)
{
    const struct openapi_place place = {.resource = resource};
    struct slice path = openapi_phrase(openapi, specials[i].path, &place);
    openapi_object_named(
        openapi,
        openapi_print(openapi, "%.*s%.*s", SLICE_ARGS(openapi->settings->base), SLICE_ARGS(path)));
    openapi_object(openapi, "get");
    openapi_list(openapi, "tags");
    writer_string(openapi->writer, resource->name);
    openapi_list_end(openapi);
    write_members(openapi, specials[i].name);
    openapi_object(openapi, "responses");
    openapi_answered(openapi, slice_from(specials[i].answer), false);
    openapi_ref_named(openapi, SLICE("304"), "responses", SLICE("NotModified"));
    openapi_errors(openapi, OPENAPI_ALWAYS | specials[i].errors);
    openapi_end(openapi);
    openapi_end(openapi);
    openapi_end(openapi);
}

static void write_document(struct openapi *openapi)
{
    openapi_object_named(
        openapi, openapi_print(openapi, "%.*s/openapi.json", SLICE_ARGS(openapi->settings->base)));
    openapi_object(openapi, "get");
    write_members(openapi, "document");
    openapi_object(openapi, "responses");
    openapi_ref_named(openapi, SLICE("200"), "responses", SLICE("Document"));
    openapi_ref_named(openapi, SLICE("304"), "responses", SLICE("NotModified"));
    openapi_errors(openapi, OPENAPI_ALWAYS);
    openapi_end(openapi);
    openapi_end(openapi);
    openapi_end(openapi);
}

void openapi_special_paths(struct openapi *openapi)
{
    write_document(openapi);
    for (size_t i = 0; i < sizeof(specials) / sizeof(specials[0]); i++) {
        const struct model_resource *resource = find_kind(openapi, specials[i].kind);
        if (resource)
            write_special(openapi, i, resource);
    }
}

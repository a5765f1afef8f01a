/* Each section is opened here and filled by both APIs. */
#include "endpoints/openapi_document.h"

#include "abuse/abuse_openapi.h"
#include "resources/openapi.h"

struct joining {
    struct writer *writer;
    struct openapi *resources;
    struct abuse_openapi abuse;
    bool has_failed;
};

static bool is_set(const char *setting, const char *value)
{
    return slice_equal(slice_from(setting), slice_from(value));
}

static void fill(struct joining *joining, struct slice section)
{
    openapi_write(joining->resources, section);
    if (!abuse_openapi_write(&joining->abuse, joining->writer, section))
        joining->has_failed = true;
}

static void write_object(struct joining *joining, const char *name)
{
    writer_key(joining->writer, slice_from(name));
    writer_object_begin(joining->writer);
    fill(joining, slice_from(name));
    writer_object_end(joining->writer);
}

static void write_list(struct joining *joining, const char *name)
{
    writer_key(joining->writer, slice_from(name));
    writer_list_begin(joining->writer, SLICE("item"));
    fill(joining, slice_from(name));
    writer_list_end(joining->writer);
}

static void write_servers(struct joining *joining, struct slice server)
{
    writer_key(joining->writer, SLICE("servers"));
    writer_list_begin(joining->writer, SLICE("item"));
    writer_object_begin(joining->writer);
    writer_member_string(joining->writer, SLICE("url"), server);
    writer_object_end(joining->writer);
    writer_list_end(joining->writer);
}

static void write_members(struct joining *joining, struct slice server)
{
    static const char *const components[] = {"schemas",  "responses", "parameters",
                                             "examples", "headers",   "securitySchemes"};
    writer_member_string(joining->writer, SLICE("openapi"), SLICE("3.1.0"));
    write_object(joining, "info");
    write_servers(joining, server);
    write_list(joining, "security");
    write_list(joining, "tags");
    write_object(joining, "paths");
    writer_key(joining->writer, SLICE("components"));
    writer_object_begin(joining->writer);
    for (size_t i = 0; i < sizeof(components) / sizeof(components[0]); i++)
        write_object(joining, components[i]);
    writer_object_end(joining->writer);
}

enum result openapi_document_write(const struct openapi_source *source, struct buffer *out)
{
    const struct config *config = source->config;
    bool errors_are_200 = is_set(config->http.error_status, "always_200");
    const struct openapi_settings settings = {
        .base = slice_from(config->remote.base),
        .max_limit = config->remote.max_limit,
        .max_upload = config->files.max_upload,
        .numbers_are_strings = is_set(config->remote.json_numbers, "string"),
        .errors_are_200 = errors_are_200,
    };
    struct joining joining = {
        .writer = writer_create(FORMAT_JSON),
        .abuse = {source->map, slice_from(config->abuse.path), errors_are_200},
    };
    if (joining.writer)
        joining.resources = openapi_create(source->model, &settings, joining.writer);
    if (joining.resources) {
        buffer_append_char(out, '{');
        writer_start(joining.writer, out);
        write_members(&joining, source->server);
        writer_finish(joining.writer);
        buffer_append_slice(out, SLICE("}\n"));
    }
    bool is_whole = joining.resources && !out->has_failed && !joining.has_failed &&
                    !openapi_has_failed(joining.resources);
    openapi_destroy(joining.resources);
    writer_destroy(joining.writer);
    return is_whole ? RESULT_OK : RESULT_NO_MEMORY;
}

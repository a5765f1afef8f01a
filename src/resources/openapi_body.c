/* What a request's body holds: JSON, a form that holds the same JSON, a form with a file, or the
 * bytes themselves. */
#include "resources/openapi_parts.h"

static void write_example(struct openapi *openapi, const char *name,
                          const struct openapi_place *place, bool is_update)
{
    openapi_object(openapi, name);
    openapi_example_given(openapi, place, is_update);
    openapi_end(openapi);
}

static void write_params_schema(struct openapi *openapi, const char *name,
                                const struct openapi_place *place, bool is_update)
{
    openapi_ref_named(openapi, slice_from(name), "schemas",
                      openapi_phrase(openapi, is_update ? "%SInput" : "%P%SCreateParams", place));
}

static void write_json(struct openapi *openapi, const struct openapi_place *place, bool is_update)
{
    openapi_object(openapi, "application/json");
    write_params_schema(openapi, "schema", place, is_update);
    write_example(openapi, "example", place, is_update);
    openapi_end(openapi);
}

/* params travel as JSON; the login may stand beside them. */
static void write_form_head(struct openapi *openapi)
{
    openapi_words(openapi, "type", "object");
    openapi_object(openapi, "properties");
    openapi_ref_named(openapi, SLICE("username"), "schemas", SLICE("Username"));
    openapi_ref_named(openapi, SLICE("password"), "schemas", SLICE("Password"));
}

static void write_encoding(struct openapi *openapi, bool has_file)
{
    openapi_object(openapi, "encoding");
    openapi_object(openapi, "params");
    openapi_words(openapi, "contentType", "application/json");
    openapi_end(openapi);
    if (has_file) {
        openapi_object(openapi, "file");
        openapi_words(openapi, "contentType", "*/*");
        openapi_end(openapi);
    }
    openapi_end(openapi);
}

static void write_form(struct openapi *openapi, const struct openapi_place *place, bool is_update)
{
    openapi_object(openapi, "application/x-www-form-urlencoded");
    openapi_object(openapi, "schema");
    write_form_head(openapi);
    write_params_schema(openapi, "params", place, is_update);
    openapi_end(openapi);
    openapi_end(openapi);
    openapi_object(openapi, "example");
    write_example(openapi, "params", place, is_update);
    openapi_end(openapi);
    write_encoding(openapi, false);
    openapi_end(openapi);
}

/* The file says its own name and type, so nothing else is required. */
static void write_file_form(struct openapi *openapi, const struct openapi_place *place)
{
    openapi_object(openapi, "multipart/form-data");
    openapi_object(openapi, "schema");
    write_form_head(openapi);
    openapi_ref_named(openapi, SLICE("params"), "schemas",
                      openapi_phrase(openapi, "%SInput", place));
    openapi_object(openapi, "file");
    openapi_text(openapi, "description",
                 openapi_print(openapi, "The bytes, at most %llu of them; behind the other parts.",
                               (unsigned long long)openapi->settings->max_upload));
    openapi_words(openapi, "type", "string");
    openapi_words(openapi, "contentMediaType", "application/octet-stream");
    openapi_end(openapi);
    openapi_end(openapi);
    openapi_list(openapi, "required");
    writer_string(openapi->writer, SLICE("file"));
    openapi_list_end(openapi);
    openapi_end(openapi);
    write_encoding(openapi, true);
    openapi_end(openapi);
}

static void write_raw(struct openapi *openapi)
{
    openapi_object(openapi, "requestBody");
    openapi_flag(openapi, "required", true);
    openapi_object(openapi, "content");
    openapi_object(openapi, "application/octet-stream");
    openapi_end(openapi);
    openapi_end(openapi);
    openapi_end(openapi);
}

void openapi_body(struct openapi *openapi, enum openapi_operation operation,
                  const struct openapi_place *place)
{
    bool is_update = operation == OPENAPI_UPDATE;
    if (operation == OPENAPI_UPLOAD)
        write_raw(openapi);
    if (!is_update && operation != OPENAPI_CREATE)
        return;
    openapi_object(openapi, "requestBody");
    openapi_object(openapi, "content");
    write_json(openapi, place, is_update);
    write_form(openapi, place, is_update);
    if (!is_update && place->resource->has_download)
        write_file_form(openapi, place);
    openapi_end(openapi);
    openapi_end(openapi);
}

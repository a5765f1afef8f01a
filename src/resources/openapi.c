#include "resources/openapi.h"

#include <stdlib.h>

#include "resources/openapi_parts.h"

extern const unsigned char openapi_remote_fixed[];
extern const size_t openapi_remote_fixed_size;

static bool read_fixed(struct openapi *openapi)
{
    static const struct json_limits limits = {.depth = 64, .names = 100000, .bytes = SIZE_MAX};
    struct json_fault fault;
    return json_read(&openapi->arena,
                     slice_of((const char *)openapi_remote_fixed, openapi_remote_fixed_size),
                     &limits, &openapi->fixed, &fault) == RESULT_OK;
}

struct openapi *openapi_create(const struct model *model, const struct openapi_settings *settings,
                               struct writer *writer)
{
    struct openapi *openapi = calloc(1, sizeof(*openapi));
    if (!openapi)
        return NULL;
    *openapi = (struct openapi){.writer = writer, .model = model, .settings = settings};
    arena_init(&openapi->arena);
    if (read_fixed(openapi))
        return openapi;
    openapi_destroy(openapi);
    return NULL;
}

void openapi_destroy(struct openapi *openapi)
{
    if (!openapi)
        return;
    arena_clear(&openapi->arena);
    free(openapi);
}

bool openapi_has_failed(const struct openapi *openapi)
{
    return openapi->has_failed;
}

/* --- what is the same for every database ---------------------------------------------------- */

static bool is_number_type(const struct value *value)
{
    static const struct slice names[] = {SLICE("integer"), SLICE("number"), SLICE("boolean")};
    for (size_t i = 0; value->type == VALUE_STRING && i < 3; i++)
        if (slice_equal(value->text, names[i]))
            return true;
    return false;
}

/* remote.json_numbers=string: a number in an answer is one or the other. */
static void write_type(struct openapi *openapi, const struct value *type)
{
    bool is_number = is_number_type(type);
    for (const struct value *item = type->first; item; item = item->next)
        is_number = is_number || is_number_type(item);
    if (!is_number) {
        value_write(openapi->writer, type);
        return;
    }
    writer_list_begin(openapi->writer, SLICE("item"));
    if (type->type == VALUE_STRING)
        value_write(openapi->writer, type);
    for (const struct value *item = type->first; item; item = item->next)
        value_write(openapi->writer, item);
    writer_string(openapi->writer, SLICE("string"));
    writer_list_end(openapi->writer);
}

static void write_loosely(struct openapi *openapi, const struct value *schema)
{
    if (schema->type != VALUE_OBJECT) {
        value_write(openapi->writer, schema);
        return;
    }
    writer_object_begin(openapi->writer);
    for (const struct value *member = schema->first; member; member = member->next) {
        writer_key(openapi->writer, member->name);
        if (slice_equal(member->name, SLICE("type")) && member->type != VALUE_OBJECT)
            write_type(openapi, member);
        else
            write_loosely(openapi, member);
    }
    writer_object_end(openapi->writer);
}

static void write_fixed(struct openapi *openapi, struct slice section)
{
    bool is_loose =
        slice_equal(section, SLICE("answers")) && openapi->settings->numbers_are_strings;
    const struct value *part = value_get(openapi->fixed, section);
    for (const struct value *member = part ? part->first : NULL; member; member = member->next) {
        if (part->type == VALUE_OBJECT)
            writer_key(openapi->writer, member->name);
        if (is_loose)
            write_loosely(openapi, member);
        else
            value_write(openapi->writer, member);
    }
}

/* --- sections ------------------------------------------------------------------------------- */

static void write_info(struct openapi *openapi)
{
    openapi_words(openapi, "version", PORTCULLIS_VERSION);
}

static void write_tag(struct openapi *openapi, const struct model_resource *resource)
{
    const struct openapi_place place = {.resource = resource};
    static const char *const descriptions[] = {
        [CATALOG_SETTINGS] = "Settings of the add-on, and those of WHMCS that the operator allows.",
        [CATALOG_DIRECTORY] = "What this gateway serves.",
    };
    openapi_item(openapi);
    openapi_text(openapi, "name", resource->name);
    if (resource->catalog->kind == CATALOG_ROWS)
        openapi_text(openapi, "description",
                     openapi_print(openapi, "%.*s `%.*s`.",
                                   SLICE_ARGS(openapi_phrase(openapi, "The %r, rows of", &place)),
                                   SLICE_ARGS(resource->catalog->table)));
    else
        openapi_words(openapi, "description", descriptions[resource->catalog->kind]);
    openapi_end(openapi);
}

static void write_tags(struct openapi *openapi)
{
    for (size_t i = 0; i < openapi->model->resource_count; i++)
        if (model_is_served(&openapi->model->resources[i]))
            write_tag(openapi, &openapi->model->resources[i]);
}

static void write_answers(struct openapi *openapi)
{
    write_fixed(openapi, SLICE("answers"));
    openapi_schemas(openapi);
}

static void write_operation_example(struct openapi *openapi, enum openapi_operation operation,
                                    const struct openapi_place *place)
{
    enum openapi_answer answer = openapi_operation_answer(operation, place);
    if (answer != OPENAPI_ANSWERS)
        openapi_answer_example(openapi, answer, place);
}

static void write_examples(struct openapi *openapi)
{
    openapi_each_operation(openapi, write_operation_example);
}

static void write_paths(struct openapi *openapi)
{
    openapi_special_paths(openapi);
    openapi_paths(openapi);
}

void openapi_write(struct openapi *openapi, struct slice section)
{
    static const struct {
        struct slice section;
        void (*write)(struct openapi *openapi);
    } sections[] = {
        {SLICE("info"), write_info},
        {SLICE("tags"), write_tags},
        {SLICE("paths"), write_paths},
        {SLICE("schemas"), write_answers},
        {SLICE("responses"), openapi_error_responses},
        {SLICE("parameters"), openapi_parameter_components},
        {SLICE("examples"), write_examples},
    };
    write_fixed(openapi, section);
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
        if (slice_equal(section, sections[i].section))
            sections[i].write(openapi);
}

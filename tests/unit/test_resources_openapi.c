/* operations.md, `openapi`: what the document says of a model, section by section. */
#include "base/utf8.h"
#include "resources/stored_value.h"
#include "sample_openapi.h"

static bool has_path(struct sample *sample, const char *path, const char *method)
{
    const struct value *paths = sample_section(sample, &sample_settings, "paths", false);
    return sample_follow(value_get(paths, slice_from(path)), method) != NULL;
}

/* remote-api.md, section 3: the table of chains. */
static void test_chains_are_paths(void **state)
{
    static const struct {
        const char *path;
        const char *methods;
        const char *others;
    } rows[] = {
        {"/base/api.php/v1/projects/{format}", "get post", "put delete"},
        {"/base/api.php/v1/projects/{project_id}/{format}", "get put delete", "post"},
        {"/base/api.php/v1/projects/{project_id}/actions/{format}", "get post", "put delete"},
        {"/base/api.php/v1/projects/{project_id}/whmcstickets/{format}", "get", "post put delete"},
        {"/base/api.php/v1/projects/{project_id}/{lists}/{format}", "get", "post put delete"},
        {"/base/api.php/v1/topics/bythread/{format}", "get", "post put delete"},
        {"/base/api.php/v1/actions/{action_id}/files/bythread/{format}", "get", "post"},
        {"/base/api.php/v1/whmcstickets/{id}/{format}", "get", "put delete"},
        {"/base/api.php/v1/config/{name}/{format}", "get", "put"},
        {"/base/api.php/v1/api/resources/{format}", "get", "post"},
        {"/base/openapi.json", "get", "post"},
        {"/base/api.php/v1/ticketxrefs/{xref_id}/{format}", "get put delete", "post"},
        {"/base/api.php/v1/projects/bythread/{format}", "", "get"},
        {"/base/api.php/v1/topics/{topic_id}/{lists}/{format}", "", "get"},
        {"/base/api.php/v1/topics/{topic_id}/download", "", "get"},
    };
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
        struct slice rest = slice_from(rows[i].methods);
        struct slice word;
        while (rest.size && slice_split(&rest, ' ', &word)) {
            struct slice name = arena_copy(&((struct sample *)*state)->arena, word);
            if (!has_path(*state, rows[i].path, name.data))
                fail_msg("%s %s is missing", name.data, rows[i].path);
        }
        rest = slice_from(rows[i].others);
        while (rest.size && slice_split(&rest, ' ', &word)) {
            struct slice name = arena_copy(&((struct sample *)*state)->arena, word);
            if (has_path(*state, rows[i].path, name.data))
                fail_msg("%s %s is not offered", name.data, rows[i].path);
        }
    }
}

/* Each once: they name functions of clients. */
static void test_operation_ids_are_unique(void **state)
{
    const struct value *paths = sample_section(*state, &sample_settings, "paths", false);
    struct catalog_names seen = {arena_zalloc(&((struct sample *)*state)->arena, 16384), 0};
    for (const struct value *path = paths->first; path; path = path->next)
        for (const struct value *method = path->first; method; method = method->next) {
            struct slice id = value_get(method, SLICE("operationId"))->text;
            assert_false(catalog_names_hold(&seen, id));
            seen.items[seen.count++] = id;
        }
    assert_true(seen.count > 40);
}

static void test_columns_as_they_are_given(void **state)
{
    static const struct {
        const char *column;
        const char *member;
        const char *value;
    } rows[] = {
        {"project_complete", "minimum", "0"},
        {"project_complete", "maximum", "100"},
        {"budget", "type", "[\"number\",\"null\"]"},
        {"budget", "exclusiveMaximum", "100000000"},
        {"budget", "exclusiveMinimum", "-100000000"},
        {"weight", "type", "\"number\""},
        {"size_class", "enum", "[\"small\",\"big\"]"},
        {"visible_status", "enum", "[\"all\",\"manager\",\"related\",null]"},
        {"manager_adminid", "minimum", "0"},
        {"manager_adminid", "maximum", "2147483647"},
        {"project_name", "minLength", "1"},
    };
    const struct value *schemas = sample_section(*state, &sample_settings, "schemas", false);
    const struct value *columns = sample_follow(schemas, "ProjectInput|properties");
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++)
        assert_value(sample_follow(value_get(columns, slice_from(rows[i].column)), rows[i].member),
                     rows[i].value);
    assert_null(value_get(columns, SLICE("project_id")));
    assert_null(value_get(columns, SLICE("date_created")));
    assert_null(value_get(columns, SLICE("seal")));
    assert_value(sample_follow(schemas, "Project|properties|seal|contentEncoding"), "\"base64\"");
    assert_value(sample_follow(schemas, "ProjectActionCreate|required"), "[\"action_name\"]");
    assert_value(sample_follow(schemas, "ActionCreate|required"),
                 "[\"project_id\",\"action_name\"]");
    assert_null(sample_follow(schemas, "WhmcsticketInput"));
}

/* What an example shows must be something that the gateway takes. */
static void test_examples_could_be_stored(void **state)
{
    struct sample *sample = *state;
    struct openapi *openapi = NULL;
    for (size_t r = 0; r < sample->model->resource_count; r++) {
        const struct model_resource *resource = &sample->model->resources[r];
        for (size_t c = 0; c < resource->column_count; c++) {
            const struct model_column *column = &resource->columns[c];
            struct writer *writer = writer_create(FORMAT_JSON);
            struct buffer out;
            struct database_value bound;
            struct slice expected;
            if (openapi_is_given(resource, column)) {
                openapi = openapi_create(sample->model, &sample_settings, writer);
                buffer_init(&out);
                buffer_append_char(&out, '{');
                writer_start(writer, &out);
                writer_key(writer, SLICE("it"));
                openapi_example_value(openapi, resource, column);
                writer_finish(writer);
                buffer_append_char(&out, '}');
                const struct value *value =
                    value_get(sample_read_json(sample, buffer_slice(&out)), SLICE("it"));
                if (!stored_value_read(column, value, &sample->arena, &bound, &expected))
                    fail_msg("%.*s: %.*s", SLICE_ARGS(column->name), SLICE_ARGS(expected));
                buffer_clear(&out);
                openapi_destroy(openapi);
            }
            writer_destroy(writer);
        }
    }
}

static void test_phrases(void **state)
{
    struct sample *sample = *state;
    const struct model_resource *actions = model_resource_find(sample->model, SLICE("actions"));
    const struct model_resource *projects = model_resource_find(sample->model, SLICE("projects"));
    const struct openapi_place below = {actions, model_parent_find(actions, projects)};
    const struct openapi_place top = {.resource = projects};
    struct writer *writer = writer_create(FORMAT_JSON);
    struct openapi *openapi = openapi_create(sample->model, &sample_settings, writer);
    assert_slice(openapi_phrase(openapi, "list%P%R", &below), "listProjectActions");
    assert_slice(openapi_phrase(openapi, "create%P%S", &top), "createProject");
    assert_slice(openapi_phrase(openapi, "Create %a %s under %b %p; %r", &below),
                 "Create an action under a project; actions");
    assert_slice(openapi_phrase(openapi, "%a %s %", &top), "a project %");
    assert_slice(openapi_component(openapi, SLICE("2nd name/\xc3\xbc")), "2nd_name___");
    openapi_destroy(openapi);
    writer_destroy(writer);
}

/* remote.max_limit, remote.json_numbers, http.error_status. */
static void test_settings_are_told(void **state)
{
    struct openapi_settings settings = sample_settings;
    settings.max_limit = 20;
    settings.numbers_are_strings = true;
    settings.errors_are_200 = true;
    const struct value *schemas = sample_section(*state, &settings, "schemas", false);
    assert_value(sample_follow(schemas, "Limit|maximum"), "20");
    assert_value(sample_follow(schemas, "Limit|default"), "20");
    assert_value(sample_follow(schemas, "Echo|properties|code|type"), "[\"integer\",\"string\"]");
    assert_value(sample_follow(schemas, "Data|properties|total|type"),
                 "[\"integer\",\"null\",\"string\"]");
    assert_value(sample_follow(schemas, "Field|properties|nullable|type"),
                 "[\"boolean\",\"string\"]");
    assert_value(sample_follow(schemas, "Project|properties|project_id|type"),
                 "[\"integer\",\"string\"]");
    assert_value(sample_follow(schemas, "Project|properties|project_name|type"), "\"string\"");
    assert_value(sample_follow(schemas, "ProjectInput|properties|project_complete|type"),
                 "\"integer\"");
    const struct value *paths = sample_section(*state, &settings, "paths", false);
    const struct value *list = value_get(paths, SLICE("/base/api.php/v1/projects/{format}"));
    assert_value(sample_follow(list, "get|responses|200|content|application/xml|schema|anyOf"),
                 "[{\"$ref\":\"#/components/schemas/ProjectListAnswer\"},"
                 "{\"$ref\":\"#/components/schemas/ErrorAnswer\"}]");
}

/* A key that does not count by itself; a resource that is off; a table that is missing. */
static void test_what_is_off_is_not_told(void **state)
{
    struct sample *sample = *state;
    struct model_resource *topics = NULL;
    for (size_t i = 0; i < sample->model->resource_count; i++)
        if (slice_equal(sample->model->resources[i].name, SLICE("topics")))
            topics = &sample->model->resources[i];
    assert_non_null(topics);
    topics->off_reason = SLICE("gone");
    assert_false(has_path(sample, "/base/api.php/v1/topics/{format}", "get"));
    assert_false(has_path(sample, "/base/api.php/v1/projects/{project_id}/topics/{format}", "get"));
    const struct value *schemas = sample_section(sample, &sample_settings, "schemas", false);
    assert_null(value_get(schemas, SLICE("Topic")));
    topics->off_reason = SLICE("");
    assert_true(has_path(sample, "/base/api.php/v1/topics/{format}", "get"));
    topics->is_created = false;
    assert_false(has_path(sample, "/base/api.php/v1/topics/{format}", "post"));
    topics->has_threads = false;
    assert_false(has_path(sample, "/base/api.php/v1/topics/bythread/{format}", "get"));
}

static void test_an_unknown_section_is_empty(void **state)
{
    assert_int_equal(sample_section(*state, &sample_settings, "nonsense", false)->count, 0);
    assert_int_equal(sample_section(*state, &sample_settings, "security", true)->count, 3);
    assert_true(sample_section(*state, &sample_settings, "tags", true)->count > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLE_TEST(test_chains_are_paths),
        SAMPLE_TEST(test_operation_ids_are_unique),
        SAMPLE_TEST(test_columns_as_they_are_given),
        SAMPLE_TEST(test_examples_could_be_stored),
        SAMPLE_TEST(test_phrases),
        SAMPLE_TEST(test_settings_are_told),
        SAMPLE_TEST(test_what_is_off_is_not_told),
        SAMPLE_TEST(test_an_unknown_section_is_empty),
    };
    return cmocka_run_group_tests_name("resources/openapi", tests, NULL, NULL);
}

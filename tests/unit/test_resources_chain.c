/* spec/remote-api.md sections 1 (Addressing) and 3 (Chains); docs/decisions.md, Addresses. */
#include "sample_model.h"

static enum result parse_dots(struct sample *sample, const char *action)
{
    problem_init(&sample->problem, &sample->arena);
    return chain_parse(sample->model, &sample->arena, slice_from(action), '.', &sample->chain,
                       &sample->problem);
}

static void assert_parsed(struct sample *sample, const char *path, enum chain_target target,
                          const char *action, const char *route)
{
    if (sample_parse(sample, path) != RESULT_OK)
        fail_msg("%s is refused", path);
    assert_false(problem_is_set(&sample->problem));
    assert_int_equal(sample->chain.target, target);
    assert_slice(sample->chain.action, action);
    assert_slice(sample->chain.route, route);
}

/* Section 3's table: every chain in it, with what stands at its end. */
static void test_table(void **state)
{
    static const struct {
        const char *action;
        enum chain_target target;
        const char *route;
    } rows[] = {
        {"api/resources", CHAIN_DIRECTORY, "api/resources"},
        {"config", CHAIN_SETTINGS, "config"},
        {"config/Version", CHAIN_SETTINGS, "config/{name}"},
        {"projects", CHAIN_LIST, "projects"},
        {"projects/100", CHAIN_RECORD, "projects/{id}"},
        {"projects/100/actions", CHAIN_LIST, "projects/{id}/actions"},
        {"projects/100/topics", CHAIN_LIST, "projects/{id}/topics"},
        {"projects/100/files", CHAIN_LIST, "projects/{id}/files"},
        {"projects/100/whmcstickets", CHAIN_LIST, "projects/{id}/whmcstickets"},
        {"projects/100/timelogs", CHAIN_LIST, "projects/{id}/timelogs"},
        {"actions", CHAIN_LIST, "actions"},
        {"actions/55", CHAIN_RECORD, "actions/{id}"},
        {"actions/55/topics", CHAIN_LIST, "actions/{id}/topics"},
        {"actions/55/files", CHAIN_LIST, "actions/{id}/files"},
        {"actions/55/whmcstickets", CHAIN_LIST, "actions/{id}/whmcstickets"},
        {"actions/55/timelogs", CHAIN_LIST, "actions/{id}/timelogs"},
        {"topics", CHAIN_LIST, "topics"},
        {"files", CHAIN_LIST, "files"},
        {"topics/bythread", CHAIN_THREADS, "topics/bythread"},
        {"files/bythread", CHAIN_THREADS, "files/bythread"},
        {"topics/7", CHAIN_RECORD, "topics/{id}"},
        {"files/7", CHAIN_RECORD, "files/{id}"},
        {"files/7/download", CHAIN_BYTES, "files/{id}/download"},
        {"files/7/content", CHAIN_UPLOAD, "files/{id}/content"},
        {"whmcstickets", CHAIN_LIST, "whmcstickets"},
        {"whmcstickets/7", CHAIN_RECORD, "whmcstickets/{id}"},
        {"ticketxrefs", CHAIN_LIST, "ticketxrefs"},
        {"timelogs", CHAIN_LIST, "timelogs"},
        {"ticketxrefs/7", CHAIN_RECORD, "ticketxrefs/{id}"},
        {"timelogs/7", CHAIN_RECORD, "timelogs/{id}"},
        /* "A chain longer than the table is legal wherever each step is" */
        {"projects/100/actions/55/timelogs", CHAIN_LIST, "projects/{id}/actions/{id}/timelogs"},
        {"projects/1/actions/2/files/3/download", CHAIN_BYTES,
         "projects/{id}/actions/{id}/files/{id}/download"},
        {"projects/1/topics/bythread", CHAIN_THREADS, "projects/{id}/topics/bythread"},
    };
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
        char path[128];
        snprintf(path, sizeof(path), "v1/%s/json", rows[i].action);
        assert_parsed(*state, path, rows[i].target, rows[i].action, rows[i].route);
    }
}

/* "The singular of a resource is an alias of its plural; answers use the plural." */
static void test_aliases(void **state)
{
    struct sample *sample = *state;
    assert_parsed(sample, "v1/project/100/action/json", CHAIN_LIST, "projects/100/actions",
                  "projects/{id}/actions");
    assert_int_equal(parse_dots(sample, "v1.project.100.json"), RESULT_OK);
    assert_slice(sample->chain.action, "projects/100");
    assert_int_equal(sample->chain.links[0].id, 100);
    assert_parsed(sample, "v1/whmcsticket/1/xml", CHAIN_RECORD, "whmcstickets/1",
                  "whmcstickets/{id}");
    assert_int_equal(sample->chain.format, FORMAT_XML);
}

/* "Separators: / in the path, . in action. Empty segments and a trailing slash are ignored." */
static void test_separators(void **state)
{
    struct sample *sample = *state;
    assert_parsed(sample, "//v1///projects/100//json//", CHAIN_RECORD, "projects/100",
                  "projects/{id}");
    assert_int_equal(parse_dots(sample, "..v1.projects..100.json."), RESULT_OK);
    assert_slice(sample->chain.action, "projects/100");
    assert_int_equal(parse_dots(sample, "v1/projects/json"), RESULT_INVALID);
    assert_int_equal(sample->problem.status, 400);
    assert_int_equal(sample_parse(sample, "v1.projects.json"), RESULT_INVALID);
    assert_int_equal(sample->problem.status, 400);
}

/* "Segments are percent-decoded once, after splitting": an encoded slash splits nothing, an encoded
 * percent sign decodes nothing. */
static void test_percent_decoding(void **state)
{
    struct sample *sample = *state;
    assert_parsed(sample, "v1/%70rojects/1%300/jso%6E", CHAIN_RECORD, "projects/100",
                  "projects/{id}");
    assert_int_equal(sample_parse(sample, "v1/projects%2F100/json"), RESULT_INVALID);
    assert_refused(sample, 404, "unknown_resource", "projects/100");
    assert_int_equal(sample_parse(sample, "v1/%2570rojects/json"), RESULT_INVALID);
    assert_refused(sample, 404, "unknown_resource", "%70rojects");
    assert_parsed(sample, "v1/config/a%2fb/json", CHAIN_SETTINGS, "config/a/b", "config/{name}");
    assert_slice(sample->chain.setting, "a/b");
    /* `action` was decoded with its form. */
    assert_int_equal(parse_dots(sample, "v1.%70rojects.json"), RESULT_INVALID);
    assert_refused(sample, 404, "unknown_resource", "%70rojects");
}

/* "{id} is a decimal integer from 1 to 2^63-1, else 400." */
static void test_ids(void **state)
{
    struct sample *sample = *state;
    static const struct {
        const char *text;
        int64_t id;
    } good[] = {{"1", 1}, {"9223372036854775807", INT64_MAX}, {"007", 7}, {"0000000000000001", 1}};
    for (size_t i = 0; i < SAMPLE_LENGTH(good); i++) {
        char path[128];
        snprintf(path, sizeof(path), "v1/projects/%s/json", good[i].text);
        assert_int_equal(sample_parse(sample, path), RESULT_OK);
        assert_true(sample->chain.links[0].id == good[i].id);
    }
    static const char *const bad[] = {"0",
                                      "-1",
                                      "+1",
                                      "00",
                                      "9223372036854775808",
                                      "18446744073709551617",
                                      "1e2",
                                      "1.0",
                                      "1%20",
                                      "0x10",
                                      "100000000000000000000000000000000000000000"};
    for (size_t i = 0; i < SAMPLE_LENGTH(bad); i++) {
        char path[128];
        snprintf(path, sizeof(path), "v1/projects/%s/json", bad[i]);
        assert_int_equal(sample_parse(sample, path), RESULT_INVALID);
        assert_int_equal(sample->problem.status, 400);
        assert_slice(sample->problem.message, "Request Invalid or Bad Format");
        assert_slice(sample->problem.first->code, "bad_id");
    }
}

/* "Missing or unknown version: 400. Missing or unknown format: the same, answered in JSON. Nothing
 * is guessed." */
static void test_ends(void **state)
{
    struct sample *sample = *state;
    static const struct {
        const char *path;
        const char *code;
        const char *action;
    } rows[] = {
        {"projects/json", "bad_version", "projects"},
        {"v2/projects/json", "bad_version", "projects"},
        {"V1/projects/json", "bad_version", "projects"},
        {"", "bad_version", ""},
        {"json", "bad_version", ""},
        {"v1", "bad_format", ""},
        {"v1/projects", "bad_format", "projects"},
        {"v1/projects/100", "bad_format", "projects/100"},
        {"v1/projects/100/JSON", "bad_format", "projects/100/JSON"},
        {"v1/projects/yaml", "bad_format", "projects/yaml"},
        /* only the bytes of a file need no format */
        {"v1/config/download", "bad_format", "config/download"},
        {"v1/files/download", "bad_format", "files/download"},
    };
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
        assert_int_equal(sample_parse(sample, rows[i].path), RESULT_INVALID);
        assert_int_equal(sample->problem.status, 400);
        assert_slice(sample->problem.message, "Request Invalid or Bad Format");
        if (!slice_equal(sample->problem.first->code, slice_from(rows[i].code)))
            fail_msg("%s: %.*s", rows[i].path, SLICE_ARGS(sample->problem.first->code));
        assert_slice(sample->chain.action, rows[i].action);
        assert_int_equal(sample->chain.format, FORMAT_JSON);
    }
    assert_int_equal(sample_parse(sample, "v2/projects/xml"), RESULT_INVALID);
    assert_int_equal(sample->chain.format, FORMAT_XML);
}

/* Section 7, files/{id}/download: "The format segment is optional." */
static void test_download_without_format(void **state)
{
    struct sample *sample = *state;
    assert_parsed(sample, "v1/files/7/download", CHAIN_BYTES, "files/7/download",
                  "files/{id}/download");
    assert_int_equal(sample->chain.format, FORMAT_JSON);
    assert_int_equal(sample->chain.verb, CHAIN_DOWNLOAD);
    assert_parsed(sample, "v1/files/7/download/xml", CHAIN_BYTES, "files/7/download",
                  "files/{id}/download");
    assert_int_equal(sample->chain.format, FORMAT_XML);
    assert_parsed(sample, "v1/config/download/json", CHAIN_SETTINGS, "config/download",
                  "config/{name}");
}

/* "Unknown resource, verb or combination: 404 `Unknown resource "x"`, naming the segment." */
static void test_unknown(void **state)
{
    struct sample *sample = *state;
    static const struct {
        const char *path;
        const char *named;
    } rows[] = {
        {"v1/nothing/json", "nothing"},
        {"v1/Projects/json", "Projects"},
        {"v1/projects/100/nothing/json", "nothing"},
        {"v1/projects/actions/json", "actions"},
        {"v1/actions/1/projects/json", "projects"},
        {"v1/projects/1/ticketxrefs/json", "ticketxrefs"},
        {"v1/projects/1/config/json", "config"},
        {"v1/projects/1/api/json", "api"},
        {"v1/projects/bythread/json", "bythread"},
        {"v1/actions/1/bythread/json", "bythread"},
        {"v1/topics/1/bythread/json", "bythread"},
        {"v1/topics/bythread/1/json", "1"},
        {"v1/topics/1/download/json", "download"},
        {"v1/files/download/json", "download"},
        {"v1/files/1/download/more/json", "more"},
        {"v1/files/content/json", "content"},
        {"v1/topics/1/content/json", "content"},
        {"v1/files/1/content/more/json", "more"},
        {"v1/files/1/download/content/json", "content"},
        {"v1/projects/1/2/json", "2"},
        {"v1/api/json", "api"},
        {"v1/api/other/json", "other"},
        {"v1/api/resources/more/json", "more"},
        {"v1/config/a/b/json", "b"},
        {"v1/json", ""},
    };
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
        char message[96];
        snprintf(message, sizeof(message), "Unknown resource \"%s\"", rows[i].named);
        if (sample_parse(sample, rows[i].path) != RESULT_INVALID)
            fail_msg("%s is taken", rows[i].path);
        assert_refused(sample, 404, "unknown_resource", rows[i].named);
        assert_slice(sample->problem.message, message);
    }
}

/* NUL, and bytes that are no UTF-8, are 400 wherever they stand; the echo is repaired. */
static void test_bad_text(void **state)
{
    struct sample *sample = *state;
    static const char *const paths[] = {"v1/proj%00ects/json",      "v1/%ff/json",
                                        "v1/config/%C0%80/json",    "v1/config/a%00/json",
                                        "v1/config/%ED%A0%80/json", "%80/projects/json"};
    for (size_t i = 0; i < SAMPLE_LENGTH(paths); i++) {
        assert_int_equal(sample_parse(sample, paths[i]), RESULT_INVALID);
        assert_refused(sample, 400, "bad_encoding", "action");
    }
    sample_parse(sample, "v1/%ff/json");
    assert_slice(sample->chain.action, "\xEF\xBF\xBD");
    assert_parsed(sample, "v1/config/%C3%BC/json", CHAIN_SETTINGS, "config/\xC3\xBC",
                  "config/{name}");
}

/* Bounded: more links or segments than any chain can have are 400, not a walk off the end. */
static void test_too_deep(void **state)
{
    struct sample *sample = *state;
    char path[4096] = "v1";
    for (size_t i = 0; i < 200; i++)
        strcat(path, "/projects/1");
    strcat(path, "/json");
    assert_int_equal(sample_parse(sample, path), RESULT_INVALID);
    assert_refused(sample, 400, "too_deep", "action");
}

/* Siblings: "projects/100/actions,timelogs,files/json answers several lists at once." */
static void test_siblings(void **state)
{
    struct sample *sample = *state;
    assert_parsed(sample, "v1/projects/100/actions,timelog,files/json", CHAIN_LIST,
                  "projects/100/actions,timelogs,files", "projects/{id}/actions,timelogs,files");
    assert_int_equal(sample->chain.sibling_count, 2);
    assert_slice(chain_last(&sample->chain)->resource->name, "actions");
    assert_slice(sample->chain.siblings[0]->name, "timelogs");
    assert_slice(sample->chain.siblings[1]->name, "files");
    static const struct {
        const char *path;
        const char *named;
    } rows[] = {
        {"v1/projects/1/actions,nothing/json", "nothing"},
        {"v1/projects/1/actions,/json", ""},
        {"v1/projects/1/,actions/json", ""},
        {"v1/projects/1/actions,actions/json", "actions"},
        {"v1/projects/1/actions,files,file/json", "file"},
        {"v1/projects/1/actions,ticketxrefs/json", "ticketxrefs"},
        {"v1/actions/1/files,actions/json", "actions"},
        {"v1/projects/1/actions,files/5/json", "5"},
        {"v1/projects/1/topics,files/bythread/json", "bythread"},
        {"v1/projects/1/actions,config/json", "config"},
    };
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
        if (sample_parse(sample, rows[i].path) != RESULT_INVALID)
            fail_msg("%s is taken", rows[i].path);
        assert_refused(sample, 404, "unknown_resource", rows[i].named);
    }
}

/* "Known resource, method not offered: 405 with Allow"; decisions: "Until writing is served …
 * `Allow: GET, HEAD, OPTIONS`". */
static void test_methods(void **state)
{
    struct sample *sample = *state;
    static const char *const paths[] = {
        "v1/whmcstickets/json",     "v1/projects/1/whmcstickets/json", "v1/whmcstickets/1/json",
        "v1/files/1/download/json", "v1/topics/bythread/json",         "v1/config/json",
        "v1/api/resources/json"};
    static const struct slice refused[] = {SLICE("POST"), SLICE("PUT"), SLICE("DELETE")};
    for (size_t i = 0; i < SAMPLE_LENGTH(paths); i++) {
        assert_int_equal(sample_parse(sample, paths[i]), RESULT_OK);
        assert_int_equal(chain_check_method(&sample->chain, SLICE("GET"), &sample->problem),
                         RESULT_OK);
        assert_slice(chain_allowed_methods(&sample->chain, &sample->arena), "GET, HEAD, OPTIONS");
        for (size_t m = 0; m < SAMPLE_LENGTH(refused); m++) {
            problem_init(&sample->problem, &sample->arena);
            assert_int_equal(chain_check_method(&sample->chain, refused[m], &sample->problem),
                             RESULT_INVALID);
            assert_refused(sample, 405, "method_not_allowed", "method");
            assert_slice(sample->problem.message, "Method Not Allowed");
            assert_slice(sample->problem.allow, "GET, HEAD, OPTIONS");
        }
    }
}

/* Section 3's columns: POST stands at lists, PUT and DELETE at records; verbs are only read. */
static void test_methods_of_catalog(void **state)
{
    struct sample *sample = *state;
    static const struct {
        const char *path;
        const char *allowed;
    } rows[] = {
        {"v1/files/json", "GET, POST, HEAD, OPTIONS"},
        {"v1/projects/1/files/json", "GET, POST, HEAD, OPTIONS"},
        {"v1/files/1/json", "GET, PUT, DELETE, HEAD, OPTIONS"},
        {"v1/files/bythread/json", "GET, HEAD, OPTIONS"},
        {"v1/files/1/download/json", "GET, HEAD, OPTIONS"},
        {"v1/files/1/content/json", "PUT, OPTIONS"},
        {"v1/projects/1/files/1/content/json", "PUT, OPTIONS"},
        {"v1/config/json", "GET, HEAD, OPTIONS"},
    };
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
        assert_int_equal(sample_parse(sample, rows[i].path), RESULT_OK);
        assert_slice(chain_allowed_methods(&sample->chain, &sample->arena), rows[i].allowed);
    }
}

/* data-model.md: "a resource that lacks one is off (503 naming the resource)". Parsing itself must
 * not tell it: "Nothing learnt from the database is named to a caller who is not logged in." */
static void test_resource_off(void **state)
{
    struct sample *sample = *state;
    static const struct sample_column few[] = {
        {SAMPLE_PREFIX "project", "project_id", "int(10)"},
        {SAMPLE_PREFIX "project", "visible_status", "varchar(16)"},
        {SAMPLE_PREFIX "project", "manager_adminid", "int(10)"},
        {SAMPLE_PREFIX "project", "assigned_adminid", "int(10)"},
        {SAMPLE_PREFIX "topic", "topic_id", "int(10)"},
        {SAMPLE_PREFIX "topic", "project_id", "int(10)"},
        {SAMPLE_PREFIX "topic", "action_id", "int(10)"},
    };
    model_release(sample->model);
    assert_int_equal(
        model_build(sample->catalog, sample_schema(few, SAMPLE_LENGTH(few)), &sample->model),
        RESULT_OK);
    static const struct {
        const char *path;
        const char *named; /* NULL: served */
    } rows[] = {
        {"v1/projects/1/json", NULL},
        {"v1/projects/1/actions/json", "actions"},
        {"v1/actions/1/topics/json", "actions"},
        {"v1/projects/1/topics,files/json", "files"},
        {"v1/topics/json", NULL},
        {"v1/topics/bythread/json", "bythread"},
        {"v1/config/json", NULL},
    };
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
        assert_int_equal(sample_parse(sample, rows[i].path), RESULT_OK);
        enum result result = chain_check_served(&sample->chain, &sample->problem);
        assert_int_equal(result, rows[i].named ? RESULT_UNAVAILABLE : RESULT_OK);
        if (rows[i].named)
            assert_refused(sample, 503, "resource_off", rows[i].named);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLE_TEST(test_table),
        SAMPLE_TEST(test_aliases),
        SAMPLE_TEST(test_separators),
        SAMPLE_TEST(test_percent_decoding),
        SAMPLE_TEST(test_ids),
        SAMPLE_TEST(test_ends),
        SAMPLE_TEST(test_download_without_format),
        SAMPLE_TEST(test_unknown),
        SAMPLE_TEST(test_bad_text),
        SAMPLE_TEST(test_too_deep),
        SAMPLE_TEST(test_siblings),
        SAMPLE_TEST(test_methods),
        SAMPLE_TEST(test_methods_of_catalog),
        SAMPLE_TEST(test_resource_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

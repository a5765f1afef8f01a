/* data-model.md, "How the gateway learns a table": every fault of a catalog is told by its place.
 */
#include "sample_model.h"

#define ROWS "\"singular\":\"s\",\"table\":\"t\",\"key\":\"id\""

static void assert_fault(const char *text, const char *said)
{
    struct catalog *catalog = NULL;
    struct buffer problems;
    buffer_init(&problems);
    if (catalog_read(slice_from(text), "test.json", &catalog, &problems) == RESULT_OK)
        fail_msg("%s is taken", text);
    assert_null(catalog);
    buffer_append_char(&problems, '\0');
    if (strncmp(problems.data, "test.json:", 10) != 0 || !strstr(problems.data, said))
        fail_msg("%s: said %s", text, problems.data);
    buffer_clear(&problems);
}

static void test_default(void **state)
{
    struct sample *sample = *state;
    const struct catalog *catalog = sample->catalog;
    assert_int_equal(catalog->resource_count, 9);
    assert_slice(catalog->resources[0].name, "api");
    assert_int_equal(catalog->resources[0].kind, CATALOG_DIRECTORY);
    assert_int_equal(catalog->resources[1].kind, CATALOG_SETTINGS);
    assert_true(catalog_names_hold(&catalog->resources[1].never, SLICE("access")));
    assert_slice(catalog->resources[2].table, "tbladdon_wbteampro_project");
    assert_false(catalog_names_hold(&catalog->resources[2].known, SLICE("project_i")));
}

/* Each kind of fault inside one resource, by source, resource and member. */
static void test_members(void **state)
{
    (void)state;
    static const struct {
        const char *member;
        const char *said;
    } rows[] = {
        {"\"colour\":1", "r: colour: no such member is known here"},
        {"\"kind\":\"table\"", "r: kind: must be rows, settings or directory"},
        {"\"table\":5", "r: table: must be a name"},
        {"\"table\":\"\"", "r: table: must be a name"},
        {"\"table\":\"a`b\"", "r: table: must be a name"},
        {"\"methods\":\"GET\"", "r: methods: must be a list of names"},
        {"\"hidden\":{}", "r: hidden: must be a list of names"},
        {"\"kept\":[5]", "must be a name"},
        {"\"where\":[]", "r: where: must be an object"},
        {"\"where\":{\"a\":[]}", "r: a: must be a string or a number"},
        {"\"values\":[]", "r: values: must be an object"},
        {"\"values\":{\"a\":\"b\"}", "r: a: must be a list of names"},
        {"\"parents\":[]", "r: parents: must be an object"},
        {"\"parents\":{\"r\":5}", "r: r: must be an object"},
        {"\"parents\":{\"r\":{\"parameter\":\"x\"}}", "r: r: a parent needs parameter and any"},
        {"\"parents\":{\"r\":{\"parameter\":\"x\",\"any\":[]}}", "any: must be a list of at least"},
        {"\"parents\":{\"r\":{\"parameter\":\"x\",\"any\":[{}]}}", "each link needs a column"},
        {"\"parents\":{\"r\":{\"parameter\":\"x\",\"any\":[{\"column\":\"c\",\"through\":{}}]}}",
         "through: needs resource, key and column"},
        {"\"parents\":{\"x\":{\"parameter\":\"x\",\"any\":[{\"column\":\"c\"}]}}",
         "r: x: no such resource is in the catalog"},
        {"\"parents\":{\"r\":{\"parameter\":\"x\",\"any\":[{\"column\":\"c\",\"through\":"
         "{\"resource\":\"far\",\"key\":\"k\",\"column\":\"c\"}}]}}",
         "r: far: no such resource is in the catalog"},
        {"\"visible\":5", "r: visible: must be an object"},
        {"\"visible\":{}", "r: visible: needs below, any, or both"},
        {"\"visible\":{\"all\":[]}", "r: all: no such member is known here"},
        {"\"visible\":{\"any\":[]}", "r: any: must be a list of at least one condition"},
        {"\"visible\":{\"any\":{}}", "r: any: must be a list of at least one condition"},
        {"\"visible\":{\"any\":[{}]}", "r: any: a condition needs at least one part"},
        {"\"visible\":{\"any\":[5]}", "must be an object"},
        {"\"visible\":{\"any\":[{\"viewer\":\"\"}]}", "r: viewer: must be a name"},
        {"\"visible\":{\"any\":[{\"referrer\":{\"resource\":\"r\"}}]}",
         "r: referrer: needs resource and column"},
        {"\"visible\":{\"any\":[{\"referrer\":{\"resource\":\"far\",\"column\":\"c\"}}]}",
         "r: far: no such resource is in the catalog"},
        {"\"visible\":{\"below\":[]}", "r: below: must be \"parents\" or a list"},
        {"\"visible\":{\"below\":\"all\"}", "r: below: must be \"parents\" or a list"},
        {"\"visible\":{\"below\":[{\"column\":\"c\"}]}",
         "below: each link needs resource and column"},
        {"\"visible\":{\"below\":[{\"column\":\"c\",\"resource\":\"far\"}]}",
         "r: far: no such resource is in the catalog"},
        {"\"visible\":{\"below\":\"parents\"}", "r: visible: there are no direct parents"},
        {"\"visible\":{\"below\":[{\"column\":\"c\",\"resource\":\"r\"}]}",
         "r: visible: leads through too many resources, or in a circle"},
        {"\"visible\":{\"any\":[{\"referrer\":{\"resource\":\"r\",\"column\":\"c\"}}]}",
         "r: visible: leads through too many resources, or in a circle"},
        {"\"threads\":{}", "r: threads: needs column, order and count"},
        {"\"threads\":{\"show\":\"all\"}", "r: show: must be first or last"},
        {"\"object\":{\"name\":\"o\"}", "r: object: needs name, resource and column"},
        {"\"object\":{\"name\":\"o\",\"resource\":\"far\",\"column\":\"c\"}", "far: no such"},
        {"\"list\":{\"name\":\"l\"}", "r: list: needs name, table, key, column and sent"},
        {"\"download\":{}", "r: download: needs path and name"},
        {"\"kind\":\"settings\"", "r: r: needs module"},
        {"\"hidden\":[\"id\"]", "r: key: must be sent"},
        {"\"sent\":[\"name\"]", "r: key: must be sent"},
    };
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
        char text[512];
        snprintf(text, sizeof(text), "{\"resources\":{\"r\":{" ROWS ",%s}}}", rows[i].member);
        assert_fault(text, rows[i].said);
    }
}

static void test_whole(void **state)
{
    (void)state;
    assert_fault("", "test.json:1: ");
    assert_fault("{\n\n,}", "test.json:3: ");
    assert_fault("[]", "resources: must be an object of at least one resource");
    assert_fault("{\"resources\":{}}", "resources: must be an object of at least one resource");
    assert_fault("{\"resources\":{\"r\":[]}}", "r: r: must be an object");
    assert_fault("{\"resources\":{\"r\":{}}}", "r: r: needs singular, table and key");
}

/* All faults at once, so that mending takes one round. */
static void test_all_at_once(void **state)
{
    (void)state;
    static const char text[] =
        "{\"resources\":{\"r\":{\"one\":1,\"two\":2," ROWS "},\"q\":{\"three\":3," ROWS "}}}";
    assert_fault(text, "r: one:");
    assert_fault(text, "r: two:");
    assert_fault(text, "q: three:");
}

static void test_file(void **state)
{
    (void)state;
    struct catalog *catalog = NULL;
    struct buffer problems;
    buffer_init(&problems);
    assert_int_equal(catalog_read_file("/nonexistent/catalog.json", &catalog, &problems),
                     RESULT_NOT_FOUND);
    assert_null(catalog);
    buffer_append_char(&problems, '\0');
    assert_non_null(strstr(problems.data, "/nonexistent/catalog.json: cannot be opened"));
    buffer_clear(&problems);
    catalog_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLE_TEST(test_default),    cmocka_unit_test(test_members),
        cmocka_unit_test(test_whole), cmocka_unit_test(test_all_at_once),
        cmocka_unit_test(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

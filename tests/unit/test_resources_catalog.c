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

/* What the rules of the compiled-in catalog come to, a member each. */
static void test_default_rules(void **state)
{
    struct sample *sample = *state;
    const struct catalog_rules *projects = &sample->catalog->resources[2].rules;
    const struct catalog_rules *actions = &sample->catalog->resources[3].rules;
    const struct catalog_rules *topics = &sample->catalog->resources[4].rules;
    const struct catalog_rules *timelogs = &sample->catalog->resources[8].rules;
    assert_int_equal(actions->bound_count, 3);
    assert_slice(actions->bounds[1].column, "action_priority");
    assert_int_equal(actions->bounds[1].least, 1);
    assert_int_equal(actions->bounds[1].most, 3);
    assert_int_equal(projects->reference_count, 4);
    assert_slice(projects->references[0].column, "client_userid");
    assert_slice(projects->references[0].table, "tblclients");
    assert_slice(projects->references[0].key, "id");
    assert_slice(actions->references[0].resource, "actions");
    assert_int_equal(projects->now_on_create.count, 3);
    assert_int_equal(projects->now_on_update.count, 2);
    assert_slice(projects->viewer.items[0], "owner_adminid");
    assert_slice(projects->activity, "date_activity");
    assert_slice(projects->locked.column, "project_function");
    assert_slice(projects->locked.value, "archive");
    assert_slice(actions->tree.column, "parent_action_id");
    assert_slice(actions->tree.children, "level_children");
    assert_slice(topics->closed.value, "closed");
    assert_slice(timelogs->invoice, "invoice_id");
    assert_int_equal(projects->dependants.count, 5);
    assert_int_equal(topics->dependants.count, 0);
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

/* remote-api.md section 6: the rules, each member wrong in each way. */
static void test_rules(void **state)
{
    (void)state;
    static const struct {
        const char *rules;
        const char *said;
    } rows[] = {
        {"5", "r: rules: must be an object"},
        {"[]", "r: rules: must be an object"},
        {"{\"colour\":1}", "r: colour: no such member is known here"},
        {"{\"bounds\":[]}", "r: bounds: must be an object of columns and their bounds"},
        {"{\"bounds\":{\"a\":5}}", "r: a: must be two integers, the lesser first"},
        {"{\"bounds\":{\"a\":[1]}}", "r: a: must be two integers"},
        {"{\"bounds\":{\"a\":[1,2,3]}}", "r: a: must be two integers"},
        {"{\"bounds\":{\"a\":[2,1]}}", "r: a: must be two integers"},
        {"{\"bounds\":{\"a\":[\"1\",\"2\"]}}", "r: a: must be two integers"},
        {"{\"bounds\":{\"a\":[0,1.5]}}", "r: a: must be two integers"},
        {"{\"bounds\":{\"a\":[0,9223372036854775808]}}", "r: a: must be two integers"},
        {"{\"references\":[]}", "r: references: must be an object of columns"},
        {"{\"references\":{\"a\":\"r\"}}", "r: a: must be an object"},
        {"{\"references\":{\"a\":{}}}", "r: a: needs resource, or table and key"},
        {"{\"references\":{\"a\":{\"table\":\"t\"}}}", "r: a: needs resource, or table and key"},
        {"{\"references\":{\"a\":{\"key\":\"k\"}}}", "r: a: needs resource, or table and key"},
        {"{\"references\":{\"a\":{\"resource\":\"r\",\"key\":\"k\"}}}",
         "r: a: needs resource, or table and key"},
        {"{\"references\":{\"a\":{\"resource\":\"far\"}}}",
         "r: far: no such resource is in the catalog"},
        {"{\"references\":{\"a\":{\"resource\":\"r\",\"where\":5}}}",
         "r: where: must be an object"},
        {"{\"references\":{\"a\":{\"resource\":\"r\",\"far\":5}}}", "r: far: no such member"},
        {"{\"now\":[]}", "r: now: must be an object"},
        {"{\"now\":{\"delete\":[]}}", "r: delete: no such member"},
        {"{\"now\":{\"create\":\"a\"}}", "r: create: must be a list of names"},
        {"{\"now\":{\"update\":[1]}}", "must be a name"},
        {"{\"viewer\":\"a\"}", "r: viewer: must be a list of names"},
        {"{\"activity\":[]}", "r: activity: must be a name"},
        {"{\"invoice\":\"\"}", "r: invoice: must be a name"},
        {"{\"tree\":[]}", "r: tree: must be an object"},
        {"{\"tree\":{\"column\":\"a\"}}", "r: tree: needs column and children"},
        {"{\"tree\":{\"children\":\"a\"}}", "r: tree: needs column and children"},
        {"{\"tree\":{\"column\":\"a`\",\"children\":\"b\"}}", "r: column: must be a name"},
        {"{\"locked\":5}", "r: locked: must be an object"},
        {"{\"locked\":{}}", "r: locked: must hold just one column and its value"},
        {"{\"locked\":{\"a\":\"1\",\"b\":\"2\"}}", "r: locked: must hold just one column"},
        {"{\"closed\":{\"a\":null}}", "r: a: must be a string or a number"},
        {"{\"dependants\":{}}", "r: dependants: must be a list of names"},
        {"{\"dependants\":[\"far\"]}", "r: far: no such resource is in the catalog"},
        {"{\"dependants\":[\"r\"]}", "r: r: is no dependant: none of its columns names this"},
    };
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
        char text[512];
        snprintf(text, sizeof(text), "{\"resources\":{\"r\":{" ROWS ",\"rules\":%s}}}",
                 rows[i].rules);
        assert_fault(text, rows[i].said);
    }
}

#define WRITTEN "\"methods\":[\"POST\",\"PUT\",\"DELETE\"]," ROWS
#define SELF    "{\"a\":{\"resource\":\"r\"}}"

/* What writing asks of a resource, and of those that it names; reading alone asks for none of it.
 */
static void test_written(void **state)
{
    (void)state;
    static const struct {
        const char *members; /* of r; q stands beside it, and names nothing */
        const char *said;
    } rows[] = {
        {"\"methods\":[\"post\"]", "r: methods: must be of GET, POST, PUT and DELETE"},
        {"\"methods\":[\"GET\",\"PATCH\"]", "r: methods: must be of GET, POST, PUT and DELETE"},
        {"\"methods\":[\"PUT\"],\"kind\":\"directory\"",
         "r: methods: only rows of a table can be written"},
        {"\"parents\":{\"q\":{\"parameter\":\"x\",\"any\":[{\"column\":\"c\"}]}},\"hidden\":["
         "\"c\"]",
         "r: q: the link's columns must be sent where rows are written"},
        {"\"parents\":{\"q\":{\"parameter\":\"x\",\"any\":[{\"column\":\"c\",\"where\":{\"k\":1}}]}"
         "},"
         "\"sent\":[\"id\",\"c\"]",
         "r: q: the link's columns must be sent where rows are written"},
        {"\"parents\":{\"q\":{\"parameter\":\"x\",\"any\":[{\"column\":\"c\",\"through\":{"
         "\"resource\":"
         "\"q\",\"key\":\"k\",\"column\":\"c\"}}]}}",
         "r: q: needs a link without `through` where rows are created"},
        {"\"rules\":{\"tree\":{\"column\":\"a\",\"children\":\"n\"}}",
         "r: tree: its column must be among the references, to this resource"},
        {"\"rules\":{\"tree\":{\"column\":\"b\",\"children\":\"n\"},\"references\":" SELF "}",
         "r: tree: its column must be among the references, to this resource"},
        {"\"threads\":{\"column\":\"t\",\"order\":\"o\",\"count\":\"n\"}",
         "r: threads: its column must be among the references, to this resource"},
        {"\"rules\":{\"closed\":{\"a\":\"b\"}}", "r: closed: there are no threads to be closed"},
        {"\"rules\":{\"references\":{\"a\":{\"resource\":\"d\"}}}",
         "r: a: names rows of what has no table"},
        {"\"rules\":{\"references\":{\"a\":{\"resource\":\"v\"}}}",
         "r: references: lead through too many resources, or in a circle"},
        {"\"rules\":{\"references\":{\"a\":{\"resource\":\"z\"}}}",
         "r: references: lead through too many resources, or in a circle"},
        {"\"rules\":{\"dependants\":[\"q\"]}", "r: q: is no dependant: none of its columns names"},
        {"\"download\":{\"path\":\"p\",\"name\":\"n\"}",
         "r: p: must be hidden or kept where files are written"},
        {"\"kept\":[\"p\",\"s\"],\"download\":{\"path\":\"p\",\"name\":\"n\",\"sha256\":\"h\","
         "\"size\":\"s\"}",
         "r: h: must be hidden or kept where files are written"},
        {"\"hidden\":[\"p\"],\"download\":{\"path\":\"p\",\"name\":\"n\",\"size\":\"s\"}",
         "r: s: must be hidden or kept where files are written"},
    };
    static const char format[] =
        "{\"resources\":{\"r\":{%s," ROWS "},\"q\":{" ROWS "},\"d\":{\"kind\":\"directory\"},"
        "\"v\":{\"rules\":{\"references\":{\"a\":{\"resource\":\"w\"}}}," ROWS "},"
        "\"w\":{\"rules\":{\"references\":{\"a\":{\"resource\":\"x\"}}}," ROWS "},"
        "\"x\":{\"rules\":{\"references\":{\"a\":{\"resource\":\"y\"}}}," ROWS "},"
        "\"y\":{\"rules\":{\"references\":{\"a\":{\"resource\":\"q\"}}}," ROWS "},"
        "\"z\":{\"rules\":{\"references\":{\"a\":{\"resource\":\"r\"}}}," ROWS "}}}";
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
        char members[400];
        char text[1500];
        struct catalog *catalog = NULL;
        struct buffer problems;
        bool has_methods = strstr(rows[i].members, "methods") != NULL;
        snprintf(members, sizeof(members), "\"methods\":[\"POST\",\"PUT\",\"DELETE\"],%s",
                 rows[i].members);
        snprintf(text, sizeof(text), format, has_methods ? rows[i].members : members);
        assert_fault(text, rows[i].said);
        if (has_methods || strstr(rows[i].members, "dependants"))
            continue;
        buffer_init(&problems);
        snprintf(text, sizeof(text), format, rows[i].members);
        if (catalog_read(slice_from(text), "test.json", &catalog, &problems) != RESULT_OK)
            fail_msg("%s, only read: %.*s", rows[i].members, SLICE_ARGS(buffer_slice(&problems)));
        buffer_clear(&problems);
        catalog_destroy(catalog);
    }
}

/* Locks, answers and moves have room for 16 names of others, direct links to parents among them. */
static void test_most_references(void **state)
{
    (void)state;
    for (size_t count = 15; count <= 16; count++) {
        struct buffer text;
        struct catalog *catalog = NULL;
        struct buffer problems;
        buffer_init(&text);
        buffer_init(&problems);
        buffer_printf(&text,
                      "{\"resources\":{\"q\":{" ROWS "},\"r\":{" WRITTEN ",\"parents\":{\"q\":"
                      "{\"parameter\":\"x\",\"any\":[{\"column\":\"c\"}]}},"
                      "\"rules\":{\"references\":{");
        for (size_t i = 0; i < count; i++)
            buffer_printf(&text, "%s\"a%zu\":{\"table\":\"t\",\"key\":\"k\"}", i ? "," : "", i);
        buffer_append(&text, "}}}}}", 6);
        if (count == 16)
            assert_fault(text.data, "r: references: too many: at most 16");
        else
            assert_int_equal(catalog_read(slice_from(text.data), "test.json", &catalog, &problems),
                             RESULT_OK);
        catalog_destroy(catalog);
        buffer_clear(&text);
        buffer_clear(&problems);
    }
}

/* A record's dependants may have dependants, these not. */
static void test_deep_dependants(void **state)
{
    (void)state;
    static const char format[] =
        "{\"resources\":{\"a\":{\"rules\":{\"dependants\":[\"b\"]}," ROWS "},"
        "\"b\":{\"rules\":{\"references\":{\"x\":{\"resource\":\"a\"}},\"dependants\":[\"c\"]}"
        "," ROWS "},"
        "\"c\":{\"rules\":{\"references\":{\"x\":{\"resource\":\"b\"}},\"dependants\":[%s]}," ROWS
        "},"
        "\"d\":{\"rules\":{\"references\":{\"x\":{\"resource\":\"c\"}}}," ROWS "}}}";
    char text[1000];
    struct catalog *catalog = NULL;
    struct buffer problems;
    buffer_init(&problems);
    snprintf(text, sizeof(text), format, "\"d\"");
    assert_fault(text, "a: b: has dependants that have dependants themselves");
    snprintf(text, sizeof(text), format, "");
    assert_int_equal(catalog_read(slice_from(text), "test.json", &catalog, &problems), RESULT_OK);
    buffer_clear(&problems);
    catalog_destroy(catalog);
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
        SAMPLE_TEST(test_default),
        SAMPLE_TEST(test_default_rules),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_written),
        cmocka_unit_test(test_most_references),
        cmocka_unit_test(test_deep_dependants),
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_all_at_once),
        cmocka_unit_test(test_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

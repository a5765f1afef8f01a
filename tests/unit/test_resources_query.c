/*
 * spec/remote-api.md sections 2 (unknown and loose names), 3 (ids of the chain, siblings) and 4
 * (parent links as filters); docs/decisions.md.
 */
#include "sample_model.h"

static enum result compile(struct sample *sample, const char *path, const char *params,
                           const char *loose)
{
    static const struct query_limits limits = {.max_limit = 500};
    assert_int_equal(sample_parse(sample, path), RESULT_OK);
    return query_set_compile(sample->model, &sample->chain, sample_value(sample, params),
                             sample_value(sample, loose), &limits, &sample->viewer, &sample->set,
                             &sample->problem);
}

static void assert_parents(const struct query *query, const char *expected)
{
    struct buffer text;
    buffer_init(&text);
    for (const struct query_parent *parent = query->parents; parent; parent = parent->next)
        buffer_printf(&text, "%.*s=%lld ", SLICE_ARGS(parent->parent->parameter),
                      (long long)parent->id);
    assert_slice(buffer_slice(&text), expected);
    buffer_clear(&text);
}

/* "Inside params an unknown name is an error: 400, naming it and listing what is allowed." */
static void test_unknown_names(void **state)
{
    struct sample *sample = *state;
    assert_int_equal(compile(sample, "v1/actions/json", "{\"foo\":1}", "{}"), RESULT_INVALID);
    assert_refused(sample, 400, "unknown_parameter", "foo");
    assert_slice(sample->problem.first->detail,
                 "allowed: limit page offset count sort fields search cursor action_id project_id "
                 "action_name assigned_adminid");
    compile(sample, "v1/whmcstickets/json", "{\"c\":\"x\"}", "{}");
    assert_refused(sample, 400, "unknown_parameter", "c");
    compile(sample, "v1/actions/1/json", "{\"limit\":1}", "{}");
    assert_refused(sample, 400, "unknown_parameter", "limit");
    compile(sample, "v1/api/resources/json", "{\"x\":1}", "{}");
    assert_refused(sample, 400, "unknown_parameter", "x");
    compile(sample, "v1/config/json", "{\"x\":1}", "{}");
    assert_refused(sample, 400, "unknown_parameter", "x");
    compile(sample, "v1/projects/1/actions,files/json", "{\"action_name\":\"x\"}", "{}");
    assert_refused(sample, 400, "unknown_parameter", "action_name");
}

/* A wrong name outweighs wrong values; all of them are listed. */
static void test_all_faults(void **state)
{
    struct sample *sample = *state;
    assert_int_equal(
        compile(sample, "v1/actions/json", "{\"limit\":0,\"project_id\":\"x\",\"foo\":1}", "{}"),
        RESULT_INVALID);
    assert_int_equal(sample->problem.status, 400);
    size_t count = 0;
    for (const struct problem_cause *cause = sample->problem.first; cause; cause = cause->next)
        count++;
    assert_int_equal(count, 3);
}

/* "A top-level name … is taken into params when the target resource knows it; otherwise it is
 * ignored"; params win. */
static void test_loose_names(void **state)
{
    struct sample *sample = *state;
    assert_int_equal(compile(sample, "v1/actions/json", "{\"limit\":7}",
                             "{\"limit\":\"9\",\"page\":\"2\",\"action_name\":\"x\",\"_\":\"1\","
                             "\"PHPSESSID\":\"a\",\"project_name\":\"y\"}"),
                     RESULT_OK);
    const struct query *query = &sample->set.queries[0];
    assert_true(query->limit == 7 && query->page == 2);
    assert_slice(query->filters->column->name, "action_name");
    assert_null(query->filters->next);
    assert_int_equal(compile(sample, "v1/actions/1/json", "{}",
                             "{\"limit\":\"9\",\"fields\":\"action_name\",\"action_id\":\"1\"}"),
                     RESULT_OK);
    assert_non_null(sample->set.queries[0].fields);
    assert_int_equal(compile(sample, "v1/files/json", "{}", "{\"file_path\":\"x\"}"), RESULT_OK);
    assert_null(sample->set.queries[0].filters);
    assert_int_equal(compile(sample, "v1/config/json", "{}", "{\"name\":\"Version\",\"x\":\"1\"}"),
                     RESULT_OK);
    assert_slice(sample->set.setting, "Version");
}

/* "A parent link is a filter too, also where the table has no such column"; an operator object is a
 * filter on the column; 0 "means none". */
static void test_parent_links(void **state)
{
    struct sample *sample = *state;
    assert_int_equal(compile(sample, "v1/whmcstickets/json", "{\"project_id\":219}", "{}"),
                     RESULT_OK);
    assert_parents(&sample->set.queries[0], "project_id=219 ");
    compile(sample, "v1/timelogs/json", "{\"project_id\":\"219\",\"action_id\":5}", "{}");
    assert_parents(&sample->set.queries[0], "project_id=219 action_id=5 ");
    assert_null(sample->set.queries[0].filters);
    assert_int_equal(
        compile(sample, "v1/timelogs/json", "{\"project_id\":{\"gt\":5},\"action_id\":0}", "{}"),
        RESULT_OK);
    assert_parents(&sample->set.queries[0], "");
    assert_slice(sample->set.queries[0].filters->column->name, "project_id");
    assert_slice(sample->set.queries[0].filters->next->column->name, "action_id");
    static const char *const bad[] = {
        "0", "-1", "\"x\"", "null", "[1]", "{\"gt\":1}", "9223372036854775808"};
    for (size_t i = 0; i < SAMPLE_LENGTH(bad); i++) {
        char params[64];
        snprintf(params, sizeof(params), "{\"project_id\":%s}", bad[i]);
        assert_int_equal(compile(sample, "v1/whmcstickets/json", params, "{}"), RESULT_INVALID);
        assert_refused(sample, 422, "invalid_value", "project_id");
    }
}

/* Ids of the chain may be repeated; another value is 422 (sections 3 and 4). */
static void test_chain_ids(void **state)
{
    struct sample *sample = *state;
    assert_int_equal(compile(sample, "v1/projects/100/actions/json", "{\"project_id\":100}", "{}"),
                     RESULT_OK);
    assert_parents(&sample->set.queries[0], "project_id=100 ");
    assert_int_equal(compile(sample, "v1/projects/100/actions/json", "{\"project_id\":101}", "{}"),
                     RESULT_INVALID);
    assert_refused(sample, 422, "invalid_value", "project_id");
    assert_int_equal(compile(sample, "v1/actions/5/json", "{\"action_id\":\"5\"}", "{}"),
                     RESULT_OK);
    assert_int_equal(compile(sample, "v1/actions/5/json", "{\"action_id\":6}", "{}"),
                     RESULT_INVALID);
    assert_refused(sample, 422, "invalid_value", "action_id");
    assert_int_equal(
        compile(sample, "v1/projects/100/actions/5/json", "{\"project_id\":100}", "{}"), RESULT_OK);
    assert_true(sample->set.queries[0].is_record && sample->set.queries[0].id == 5);
    assert_parents(&sample->set.queries[0], "project_id=100 ");
}

/* "limit, page, offset and count apply to every sibling; everything else, and these too, may stand
 * in the sibling's own object." */
static void test_siblings(void **state)
{
    struct sample *sample = *state;
    assert_int_equal(compile(sample, "v1/projects/1/actions,timelogs,files/json",
                             "{\"limit\":9,\"actions\":{\"limit\":5,\"action_name\":\"x\"},"
                             "\"timelogs\":{\"sort\":\"-timelog_note\"},\"files\":[]}",
                             "{\"page\":\"2\",\"sort\":\"x\"}"),
                     RESULT_OK);
    assert_int_equal(sample->set.count, 3);
    const struct query *queries = sample->set.queries;
    assert_true(queries[0].limit == 5 && queries[1].limit == 9 && queries[2].limit == 9);
    assert_true(queries[0].offset == 5 && queries[1].offset == 9 && queries[2].offset == 9);
    assert_non_null(queries[0].filters);
    assert_null(queries[1].filters);
    assert_true(queries[1].sorts[0].is_descending);
    for (size_t i = 0; i < 3; i++)
        assert_parents(&queries[i], "project_id=1 ");
    compile(sample, "v1/projects/1/actions,files/json", "{\"actions\":5}", "{}");
    assert_refused(sample, 422, "invalid_value", "actions");
    compile(sample, "v1/projects/1/actions,files/json", "{\"timelogs\":{}}", "{}");
    assert_refused(sample, 400, "unknown_parameter", "timelogs");
    compile(sample, "v1/projects/1/actions,files/json", "{\"files\":{\"foo\":1}}", "{}");
    assert_refused(sample, 400, "unknown_parameter", "foo");
}

/* Section 7, config: "params={"name":"..."} or config/{name}". */
static void test_settings(void **state)
{
    struct sample *sample = *state;
    assert_int_equal(compile(sample, "v1/config/Version/json", "{\"name\":\"Version\"}", "{}"),
                     RESULT_OK);
    assert_slice(sample->set.setting, "Version");
    assert_int_equal(sample->set.count, 0);
    static const char *const bad[] = {"{\"name\":\"Charset\"}", "{\"name\":5}", "{\"name\":null}"};
    for (size_t i = 0; i < SAMPLE_LENGTH(bad); i++) {
        assert_int_equal(compile(sample, "v1/config/Version/json", bad[i], "{}"), RESULT_INVALID);
        assert_refused(sample, 422, "invalid_value", "name");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLE_TEST(test_unknown_names), SAMPLE_TEST(test_all_faults),
        SAMPLE_TEST(test_loose_names),   SAMPLE_TEST(test_parent_links),
        SAMPLE_TEST(test_chain_ids),     SAMPLE_TEST(test_siblings),
        SAMPLE_TEST(test_settings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

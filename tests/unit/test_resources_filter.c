/* spec/remote-api.md section 4: the table of filter values; docs/decisions.md, Lists and records.
 */
#include "sample_model.h"

static const struct query_filter *read_filter(struct sample *sample, const char *column,
                                              const char *json)
{
    struct query query = {.resource = sample_resource(sample, "projects")};
    problem_init(&sample->problem, &sample->arena);
    bool is_good = query_filter_read(&query, sample_column_of(sample, "projects", column),
                                     sample_value(sample, json), &sample->problem);
    assert_true(is_good != problem_is_set(&sample->problem));
    return is_good ? query.filters : NULL;
}

static const char *const columns[] = {"project_id", "project_name", "project_complete",
                                      "budget",     "weight",       "size_class",
                                      "daily",      "date_start",   "date_created"};
/* One value that fits each. */
static const char *const values[] = {"7",         "\"x\"",          "-7",
                                     "\"1.50\"",  "\"1e3\"",        "\"big\"",
                                     "\"23:59\"", "\"2026-01-01\"", "\"2026-01-01 00:00:00\""};

/* eq ne gt gte lt lte, beside every type: one value bound. */
static void test_scalar_operators(void **state)
{
    static const struct {
        const char *name;
        enum query_operator comparison;
    } rows[] = {{"eq", QUERY_EQ},   {"ne", QUERY_NE}, {"gt", QUERY_GT},
                {"gte", QUERY_GTE}, {"lt", QUERY_LT}, {"lte", QUERY_LTE}};
    for (size_t c = 0; c < SAMPLE_LENGTH(columns); c++) {
        for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
            char json[64];
            snprintf(json, sizeof(json), "{\"%s\":%s}", rows[i].name, values[c]);
            const struct query_filter *filter = read_filter(*state, columns[c], json);
            assert_non_null(filter);
            assert_int_equal(filter->comparison, rows[i].comparison);
            assert_int_equal(filter->value_count, 1);
            assert_null(filter->next);
        }
        const struct query_filter *plain = read_filter(*state, columns[c], values[c]);
        assert_non_null(plain);
        assert_int_equal(plain->comparison, QUERY_EQ);
    }
}

/* like: on text only. */
static void test_like(void **state)
{
    for (size_t c = 0; c < SAMPLE_LENGTH(columns); c++) {
        bool is_text =
            strcmp(columns[c], "project_name") == 0 || strcmp(columns[c], "size_class") == 0;
        const struct query_filter *filter = read_filter(*state, columns[c], "{\"like\":\"a%_\"}");
        assert_true(is_text == (filter != NULL));
        if (!filter)
            continue;
        assert_int_equal(filter->comparison, QUERY_LIKE);
        assert_slice(filter->values[0].text, "a%_");
    }
    assert_null(read_filter(*state, "project_name", "{\"like\":5}"));
    assert_null(read_filter(*state, "project_name", "{\"like\":null}"));
    assert_null(read_filter(*state, "project_name", "{\"like\":[\"a\"]}"));
}

/* A list is "one of"; padded to a power of two by its last value, so that statements are few. */
static void test_lists(void **state)
{
    const struct query_filter *filter = read_filter(*state, "project_id", "[1,\"2\",3,4,5]");
    assert_non_null(filter);
    assert_int_equal(filter->comparison, QUERY_IN);
    assert_int_equal(filter->value_count, 8);
    static const uint64_t expected[] = {1, 2, 3, 4, 5, 5, 5, 5};
    for (size_t i = 0; i < 8; i++)
        assert_true(filter->values[i].natural == expected[i]);
    filter = read_filter(*state, "project_id", "{\"nin\":[1,2]}");
    assert_non_null(filter);
    assert_int_equal(filter->comparison, QUERY_NIN);
    assert_int_equal(filter->value_count, 2);
    assert_int_equal(read_filter(*state, "project_name", "{\"in\":[\"a\"]}")->value_count, 1);
}

/* decisions.md: "An empty list as filter ([], {"in":[]}) is 422". */
static void test_bad_lists(void **state)
{
    static const char *const bad[] = {"[]",         "{\"in\":[]}",   "{\"nin\":[]}",
                                      "{\"in\":1}", "{\"in\":null}", "{\"in\":{\"0\":1}}",
                                      "[null]",     "[1,null]",      "[[1]]",
                                      "[1,\"x\"]",  "[{\"gt\":1}]",  "[-1]"};
    for (size_t i = 0; i < SAMPLE_LENGTH(bad); i++) {
        assert_null(read_filter(*state, "project_id", bad[i]));
        assert_refused(*state, 422, "invalid_value", "project_id");
        assert_slice(((struct sample *)*state)->problem.message,
                     "The value provided for project_id is invalid or not allowed.");
    }
}

/* At most QUERY_MOST_VALUES: bounded text, bounded binding. */
static void test_list_bound(void **state)
{
    for (size_t count = QUERY_MOST_VALUES; count <= QUERY_MOST_VALUES + 1; count++) {
        struct buffer json;
        buffer_init(&json);
        for (size_t i = 0; i < count; i++)
            buffer_printf(&json, "%s%zu", i ? "," : "[", i);
        buffer_append(&json, "]", 2);
        const struct query_filter *filter = read_filter(*state, "project_id", json.data);
        assert_true((filter != NULL) == (count == QUERY_MOST_VALUES));
        buffer_clear(&json);
    }
}

/* null is null; decisions.md: `{"null":true}` is IS NULL, `{"null":false}` IS NOT NULL. */
static void test_nulls(void **state)
{
    static const struct {
        const char *json;
        enum query_operator comparison;
    } rows[] = {{"null", QUERY_NULL},
                {"{\"eq\":null}", QUERY_NULL},
                {"{\"ne\":null}", QUERY_NOT_NULL},
                {"{\"null\":true}", QUERY_NULL},
                {"{\"null\":false}", QUERY_NOT_NULL},
                {"{\"null\":\"1\"}", QUERY_NULL},
                {"{\"null\":\"true\"}", QUERY_NULL},
                {"{\"null\":0}", QUERY_NOT_NULL},
                {"{\"null\":\"false\"}", QUERY_NOT_NULL}};
    for (size_t c = 0; c < SAMPLE_LENGTH(columns); c++) {
        for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
            const struct query_filter *filter = read_filter(*state, columns[c], rows[i].json);
            assert_non_null(filter);
            assert_int_equal(filter->comparison, rows[i].comparison);
            assert_int_equal(filter->value_count, 0);
        }
    }
    static const char *const bad[] = {"{\"null\":null}", "{\"null\":\"yes\"}", "{\"null\":2}",
                                      "{\"null\":[]}",   "{\"gt\":null}",      "{\"lte\":null}"};
    for (size_t i = 0; i < SAMPLE_LENGTH(bad); i++)
        assert_null(read_filter(*state, "project_name", bad[i]));
}

/* Operators are "joined by and", in the order given. */
static void test_joined(void **state)
{
    const struct query_filter *filter =
        read_filter(*state, "date_start", "{\"gte\":\"2026-01-01\",\"lt\":\"2026-02-01\"}");
    assert_non_null(filter);
    assert_int_equal(filter->comparison, QUERY_GTE);
    assert_slice(filter->values[0].text, "2026-01-01");
    assert_non_null(filter->next);
    assert_int_equal(filter->next->comparison, QUERY_LT);
    assert_slice(filter->next->values[0].text, "2026-02-01");
    assert_null(filter->next->next);
}

static void test_bad_operators(void **state)
{
    static const char *const bad[] = {"{}",
                                      "{\"GT\":1}",
                                      "{\"\":1}",
                                      "{\"regexp\":\"x\"}",
                                      "{\"= 1 OR\":1}",
                                      "{\"gt\":1,\"other\":2}"};
    for (size_t i = 0; i < SAMPLE_LENGTH(bad); i++) {
        assert_null(read_filter(*state, "project_id", bad[i]));
        assert_refused(*state, 422, "invalid_value", "project_id");
    }
}

/* "every bad field is listed at once" */
static void test_all_faults(void **state)
{
    struct sample *sample = *state;
    assert_null(read_filter(sample, "project_id", "{\"gt\":\"x\",\"lt\":\"y\"}"));
    assert_non_null(sample->problem.first->next);
    assert_null(sample->problem.first->next->next);
}

static void test_binary(void **state)
{
    static const char *const all[] = {"\"x\"", "null", "{\"null\":true}", "[\"x\"]"};
    for (size_t i = 0; i < SAMPLE_LENGTH(all); i++) {
        assert_null(read_filter(*state, "seal", all[i]));
        assert_refused(*state, 422, "invalid_value", "seal");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLE_TEST(test_scalar_operators),
        SAMPLE_TEST(test_like),
        SAMPLE_TEST(test_lists),
        SAMPLE_TEST(test_bad_lists),
        SAMPLE_TEST(test_list_bound),
        SAMPLE_TEST(test_nulls),
        SAMPLE_TEST(test_joined),
        SAMPLE_TEST(test_bad_operators),
        SAMPLE_TEST(test_all_faults),
        SAMPLE_TEST(test_binary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

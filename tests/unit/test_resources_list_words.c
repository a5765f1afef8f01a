/* spec/remote-api.md section 4, List words; docs/decisions.md, Lists and records. */
#include "sample_model.h"

static const struct query *compiled(struct sample *sample, const char *path, const char *params)
{
    if (sample_compile(sample, path, params) != RESULT_OK)
        fail_msg("%s is refused", params);
    return &sample->set.queries[0];
}

static const struct query *words(struct sample *sample, const char *params)
{
    return compiled(sample, "v1/projects/json", params);
}

static void refuse_each(struct sample *sample, const char *word, const char *const *values)
{
    for (; *values; values++) {
        char params[256];
        snprintf(params, sizeof(params), "{\"%s\":%s}", word, *values);
        if (sample_compile(sample, "v1/projects/json", params) == RESULT_OK)
            fail_msg("%s is taken", params);
        assert_refused(sample, 422, "invalid_value", word);
    }
}

#define REFUSE(sample, word, ...)                                                                  \
    refuse_each(sample, word, (const char *const[]){__VA_ARGS__, NULL})

/* "limit (default 50, at most remote.max_limit, 500)"; outside is 422, "never silently changed". */
static void test_limit(void **state)
{
    assert_int_equal(words(*state, "{}")->limit, 50);
    assert_int_equal(words(*state, "{\"limit\":1}")->limit, 1);
    assert_int_equal(words(*state, "{\"limit\":\"500\"}")->limit, 500);
    REFUSE(*state, "limit", "0", "501", "-1", "\"\"", "\"x\"", "null", "[]", "1.5", "true",
           "18446744073709551616", "\"5 \"");
}

/* "page (1-based), offset (wins over page)"; "With offset, page is floor(offset / limit) + 1." */
static void test_page_and_offset(void **state)
{
    static const struct {
        const char *params;
        uint64_t page;
        uint64_t offset;
    } rows[] = {
        {"{}", 1, 0},
        {"{\"page\":1}", 1, 0},
        {"{\"page\":3}", 3, 100},
        {"{\"page\":3,\"limit\":7}", 3, 14},
        {"{\"limit\":7,\"offset\":20}", 3, 20},
        {"{\"limit\":7,\"offset\":21}", 4, 21},
        {"{\"offset\":0,\"page\":9}", 1, 0},
        {"{\"page\":9,\"offset\":49}", 1, 49},
        {"{\"offset\":4611686018427387904,\"limit\":500}", 9223372036854776, 4611686018427387904},
        {"{\"page\":9223372036854775,\"limit\":500}", 9223372036854775, 4611686018427387000},
    };
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
        const struct query *query = words(*state, rows[i].params);
        assert_true(query->page == rows[i].page);
        assert_true(query->offset == rows[i].offset);
    }
    REFUSE(*state, "page", "0", "-1", "9223372036854776", "\"\"", "null", "1.0");
    REFUSE(*state, "offset", "-1", "4611686018427387905", "\"x\"", "null", "[1]");
}

static void assert_sorts(const struct query *query, const char *expected)
{
    struct buffer text;
    buffer_init(&text);
    for (size_t i = 0; i < query->sort_count; i++)
        buffer_printf(&text, "%s%s%.*s%s", i ? "," : "", query->sorts[i].is_descending ? "-" : "",
                      SLICE_ARGS(query->sorts[i].column->name),
                      query->sorts[i].is_of_last ? "!" : "");
    assert_slice(buffer_slice(&text), expected);
    buffer_clear(&text);
}

/* "Ties are broken by primary key"; what follows the key cannot matter. */
static void test_sort(void **state)
{
    static const struct {
        const char *sort;
        const char *expected;
    } rows[] = {
        {"", "project_id"},
        {"project_id", "project_id"},
        {"-project_id", "-project_id"},
        {"-date_created,project_id", "-date_created,project_id"},
        {" -date_created , +budget ", "-date_created,budget,project_id"},
        {"project_name,-project_id,budget", "project_name,-project_id"},
        {",,project_name,", "project_name,project_id"},
    };
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
        char params[128];
        snprintf(params, sizeof(params), "{\"sort\":\"%s\"}", rows[i].sort);
        assert_sorts(words(*state, params), rows[i].expected);
    }
    assert_int_equal(
        words(*state, "{\"sort\":\"budget,budget,budget,budget,budget,budget,budget,budget\"}")
            ->sort_count,
        QUERY_MOST_SORTS + 1);
    REFUSE(*state, "sort", "\"nothing\"", "\"--budget\"", "\"seal\"", "\"budget desc\"", "5", "[]",
           "null", "\"budget;\"",
           "\"budget,budget,budget,budget,budget,budget,budget,budget,budget\"");
}

/* "bythread lists are ordered by latest activity, most recent first", by the last row's. */
static void test_threads(void **state)
{
    assert_sorts(compiled(*state, "v1/topics/bythread/json", "{}"), "-date_activity!,-topic_id!");
    assert_sorts(compiled(*state, "v1/files/bythread/json", "{}"), "-date_created!,-file_id!");
    assert_sorts(compiled(*state, "v1/topics/bythread/json", "{\"sort\":\"project_id\"}"),
                 "project_id,topic_id!");
    assert_sorts(compiled(*state, "v1/topics/bythread/json", "{\"sort\":\"-topic_id\"}"),
                 "-topic_id");
    assert_sorts(compiled(*state, "v1/topics/json", "{}"), "topic_id");
}

static void test_fields(void **state)
{
    const struct query *query = words(*state, "{\"fields\":\" project_name ,budget,\"}");
    for (size_t i = 0; i < query->resource->column_count; i++) {
        struct slice name = query->resource->columns[i].name;
        assert_true(query->fields[i] == (slice_equal(name, SLICE("project_name")) ||
                                         slice_equal(name, SLICE("budget"))));
    }
    assert_null(words(*state, "{}")->fields);
    assert_null(words(*state, "{\"fields\":\"\"}")->fields);
    assert_non_null(words(*state, "{\"fields\":\"seal\"}")->fields);
    REFUSE(*state, "fields", "\"nothing\"", "\"budget nothing\"", "5", "[\"budget\"]", "null",
           "\"*\"");
}

/* "A hidden column does not exist: not for reading, filtering, sorting, searching, fields". */
static void test_hidden(void **state)
{
    static const char *const params[] = {"{\"sort\":\"file_path\"}", "{\"fields\":\"file_path\"}",
                                         "{\"file_path\":\"x\"}"};
    for (size_t i = 0; i < SAMPLE_LENGTH(params); i++)
        assert_int_equal(sample_compile(*state, "v1/files/json", params[i]), RESULT_INVALID);
    assert_refused(*state, 400, "unknown_parameter", "file_path");
}

static void test_search(void **state)
{
    assert_slice(words(*state, "{\"search\":\"a%\"}")->search, "a%");
    assert_slice(words(*state, "{\"search\":100}")->search, "100");
    REFUSE(*state, "search", "null", "[]", "true", "{\"like\":\"x\"}");
    assert_int_equal(sample_compile(*state, "v1/ticketxrefs/json", "{\"search\":\"x\"}"),
                     RESULT_INVALID);
    assert_refused(*state, 422, "invalid_value", "search");
}

static void test_count(void **state)
{
    assert_int_equal(words(*state, "{}")->count, QUERY_COUNT_RECENT);
    assert_int_equal(words(*state, "{\"count\":\"exact\"}")->count, QUERY_COUNT_EXACT);
    assert_int_equal(words(*state, "{\"count\":\"none\"}")->count, QUERY_COUNT_NONE);
    REFUSE(*state, "count", "\"recent\"", "\"\"", "\"Exact\"", "0", "null", "true");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLE_TEST(test_limit),   SAMPLE_TEST(test_page_and_offset), SAMPLE_TEST(test_sort),
        SAMPLE_TEST(test_threads), SAMPLE_TEST(test_fields),          SAMPLE_TEST(test_hidden),
        SAMPLE_TEST(test_search),  SAMPLE_TEST(test_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

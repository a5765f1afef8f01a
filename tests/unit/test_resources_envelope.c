/* spec/remote-api.md section 5, The envelope; docs/decisions.md, the members of `data`. */
#include "resources/envelope.h"
#include "sample_model.h"

static void assert_json(struct sample *sample, const struct envelope_page *pages, bool is_ceil,
                        const char *rows_text, const char *expected)
{
    struct envelope_request request = {sample->chain.action, SLICE("GET"), FORMAT_JSON, 200,
                                       SLICE("Success")};
    struct writer *writer = writer_create(FORMAT_JSON);
    struct buffer head;
    struct buffer rows;
    buffer_init(&head);
    buffer_init(&rows);
    buffer_append_slice(&rows, slice_from(rows_text));
    envelope_write(writer, &request, &sample->set, pages, is_ceil, &head, &rows);
    buffer_append_slice(&head, buffer_slice(&rows));
    const char *data = memmem(head.data, head.size, "\"data\":", 7);
    struct slice shown = expected[0] == '{'
                             ? buffer_slice(&head)
                             : slice_of(data, head.size - (size_t)(data - head.data));
    assert_slice(shown, expected);
    buffer_clear(&head);
    buffer_clear(&rows);
    writer_destroy(writer);
}

/* "Key order is as shown." */
static void test_sample(void **state)
{
    struct envelope_page page = {true, 1, 1, 50, 0, SLICE("")};
    assert_int_equal(sample_compile(*state, "v1/projects/219/whmcstickets/json", "{}"), RESULT_OK);
    assert_json(*state, &page, false, "\"whmcstickets\":[]",
                "{\"request\":{\"action\":\"projects/219/whmcstickets\",\"method\":\"GET\","
                "\"format\":\"json\",\"code\":200,\"message\":\"Success\"},\"response\":{\"data\":"
                "{\"total\":1,\"page\":1,\"pages\":0,\"page_count\":1,\"limit\":50,\"offset\":0,"
                "\"filters\":{\"project_id\":219}},\"whmcstickets\":[]}}");
}

/* "pages is floor(total / limit) …; remote.pages=ceil changes it"; "page_count … is the number of
 * pages, at least 1"; count `none` "leaves total, pages and page_count null". */
static void test_totals(void **state)
{
    static const struct {
        uint64_t total;
        const char *floor;
        const char *ceil;
    } rows[] = {
        {0, "\"pages\":0,\"page_count\":1", "\"pages\":0,\"page_count\":1"},
        {49, "\"pages\":0,\"page_count\":1", "\"pages\":1,\"page_count\":1"},
        {50, "\"pages\":1,\"page_count\":1", "\"pages\":1,\"page_count\":1"},
        {51, "\"pages\":1,\"page_count\":2", "\"pages\":2,\"page_count\":2"},
    };
    assert_int_equal(sample_compile(*state, "v1/actions/json", "{}"), RESULT_OK);
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
        for (size_t is_ceil = 0; is_ceil < 2; is_ceil++) {
            char expected[256];
            struct envelope_page page = {true, rows[i].total, 2, 50, 50, SLICE("tok")};
            snprintf(expected, sizeof(expected),
                     "\"data\":{\"total\":%llu,\"page\":2,%s,\"limit\":50,\"offset\":50,"
                     "\"filters\":{},\"next\":\"tok\"}}}",
                     (unsigned long long)rows[i].total, is_ceil ? rows[i].ceil : rows[i].floor);
            assert_json(*state, &page, is_ceil, "", expected);
        }
    }
    struct envelope_page uncounted = {false, 0, 1, 50, 0, SLICE("")};
    assert_json(*state, &uncounted, false, "",
                "\"data\":{\"total\":null,\"page\":1,\"pages\":null,\"page_count\":null,"
                "\"limit\":50,\"offset\":0,\"filters\":{}}}}");
}

/* decisions.md: "filters echoes each filter as it was understood …, chain ids first". */
static void test_filters(void **state)
{
    struct envelope_page page = {true, 1, 1, 50, 0, SLICE("")};
    assert_int_equal(
        sample_compile(*state, "v1/projects/json",
                       "{\"search\":\"x\",\"project_id\":[\"1\",2],\"budget\":{\"gte\":\"0.50\","
                       "\"null\":false},\"date_start\":null,\"project_name\":\"5\"}"),
        RESULT_OK);
    assert_json(*state, &page, false, "",
                "\"data\":{\"total\":1,\"page\":1,\"pages\":0,\"page_count\":1,\"limit\":50,"
                "\"offset\":0,\"filters\":{\"project_id\":[1,2],\"budget\":{\"gte\":0.50,\"null\":"
                "false},\"date_start\":null,\"project_name\":\"5\",\"search\":\"x\"}}}}");
    assert_int_equal(sample_compile(*state, "v1/projects/100/actions/55/timelogs/json",
                                    "{\"timelog_note\":\"n\",\"action_id\":\"55\"}"),
                     RESULT_OK);
    assert_json(*state, &page, false, "",
                "\"data\":{\"total\":1,\"page\":1,\"pages\":0,\"page_count\":1,\"limit\":50,"
                "\"offset\":0,\"filters\":{\"project_id\":100,\"action_id\":55,\"timelog_note\":"
                "\"n\"}}}}");
}

/* "data describes the first and data.lists each by name" */
static void test_siblings(void **state)
{
    struct envelope_page pages[] = {{true, 7, 1, 50, 0, SLICE("")}, {true, 9, 1, 5, 0, SLICE("t")}};
    assert_int_equal(sample_compile(*state, "v1/projects/1/actions,files/json", "{}"), RESULT_OK);
    assert_json(*state, pages, false, "",
                "\"data\":{\"total\":7,\"page\":1,\"pages\":0,\"page_count\":1,\"limit\":50,"
                "\"offset\":0,\"filters\":{\"project_id\":1},\"lists\":{\"actions\":{\"total\":7,"
                "\"page\":1,\"pages\":0,\"page_count\":1,\"limit\":50,\"offset\":0,\"filters\":"
                "{\"project_id\":1}},\"files\":{\"total\":9,\"page\":1,\"pages\":1,\"page_count\":"
                "2,\"limit\":5,\"offset\":0,\"filters\":{\"project_id\":1},\"next\":\"t\"}}}}}");
}

/* Errors: "response is {"errors":[{"code":…,"field":…,"detail":…}]}", in either format. */
static void test_problem(void **state)
{
    static const char *const expected[FORMAT_COUNT] = {
        [FORMAT_JSON] = "{\"request\":{\"action\":\"a\",\"method\":\"GET\",\"format\":\"json\","
                        "\"code\":400,\"message\":\"No\"},\"response\":{\"errors\":[{\"code\":"
                        "\"unknown_parameter\",\"field\":\"foo\",\"detail\":\"why\"},{\"code\":"
                        "\"x\",\"field\":null,\"detail\":\"<&\"}]}}",
        [FORMAT_XML] =
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<api><request><action>a</action>"
            "<method>GET</method><format>xml</format><code>400</code><message>No"
            "</message></request><response><errors list=\"true\"><error><code>"
            "unknown_parameter</code><field>foo</field><detail>why</detail></error>"
            "<error><code>x</code><field nil=\"true\" /><detail>&lt;&amp;</detail>"
            "</error></errors></response></api>"};
    struct sample *sample = *state;
    problem_set(&sample->problem, 400, SLICE("No"));
    problem_add(&sample->problem, SLICE("unknown_parameter"), SLICE("foo"), "why");
    problem_add(&sample->problem, SLICE("x"), SLICE(""), "<&");
    for (enum format format = 0; format < FORMAT_COUNT; format++) {
        struct envelope_request request = {SLICE("a"), SLICE("GET"), format, 400, SLICE("No")};
        struct writer *writer = writer_create(format);
        struct buffer head;
        buffer_init(&head);
        envelope_write_problem(writer, &request, &sample->problem, &head);
        assert_slice(buffer_slice(&head), expected[format]);
        buffer_clear(&head);
        writer_destroy(writer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLE_TEST(test_sample),   SAMPLE_TEST(test_totals),  SAMPLE_TEST(test_filters),
        SAMPLE_TEST(test_siblings), SAMPLE_TEST(test_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

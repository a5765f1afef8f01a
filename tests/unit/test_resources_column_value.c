/*
 * spec/remote-api.md section 2: `"100"` and `100` mean the same for a numeric column; a value that
 * does not fit the column's type is refused. Section 5: JSON types. data-model.md: zero dates.
 */
#include "resources/column_value.h"
#include "sample_model.h"

static bool reads(struct sample *sample, const char *type, struct value *value,
                  struct database_value *bound, struct slice *expected)
{
    struct schema_column learnt = {.length = 0};
    struct model_column column = {.learnt = &learnt};
    sample_learn(&sample->arena, &learnt, "c", type);
    return column_value_read(&column, value, &sample->arena, bound, expected);
}

static bool reads_json(struct sample *sample, const char *type, const char *json,
                       struct database_value *bound)
{
    struct slice expected;
    bool is_read = reads(sample, type, sample_value(sample, json), bound, &expected);
    if (!is_read)
        assert_true(expected.size > 0);
    return is_read;
}

/* Every width, signed and not: both bounds are in, one beyond is out. */
static void test_integer_bounds(void **state)
{
    static const struct {
        const char *type;
        const char *least;
        const char *most;
        const char *below;
        const char *above;
        const char *expected;
    } rows[] = {
        {"tinyint(4)", "-128", "127", "-129", "128", "an integer from -128 to 127"},
        {"tinyint(3) unsigned", "0", "255", "-1", "256", "an integer from 0 to 255"},
        {"smallint(6)", "-32768", "32767", "-32769", "32768", "an integer from -32768 to 32767"},
        {"smallint(5) unsigned", "0", "65535", "-1", "65536", "an integer from 0 to 65535"},
        {"mediumint(9)", "-8388608", "8388607", "-8388609", "8388608",
         "an integer from -8388608 to 8388607"},
        {"mediumint(8) unsigned", "0", "16777215", "-1", "16777216",
         "an integer from 0 to 16777215"},
        {"int(11)", "-2147483648", "2147483647", "-2147483649", "2147483648",
         "an integer from -2147483648 to 2147483647"},
        {"int(10) unsigned", "0", "4294967295", "-1", "4294967296",
         "an integer from 0 to 4294967295"},
        {"bigint(20)", "-9223372036854775808", "9223372036854775807", "-9223372036854775809",
         "9223372036854775808", "an integer from -9223372036854775808 to 9223372036854775807"},
        {"bigint(20) unsigned", "0", "18446744073709551615", "-1", "18446744073709551616",
         "an integer from 0 to 18446744073709551615"},
    };
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
        struct database_value bound;
        struct slice expected;
        bool is_unsigned = strstr(rows[i].type, "unsigned") != NULL;
        const char *good[] = {rows[i].least, rows[i].most};
        const char *bad[] = {rows[i].below, rows[i].above};
        for (size_t g = 0; g < 2; g++) {
            char quoted[64];
            snprintf(quoted, sizeof(quoted), "\"%s\"", good[g]);
            assert_true(reads_json(*state, rows[i].type, good[g], &bound));
            assert_int_equal(bound.type, is_unsigned ? DATABASE_UNSIGNED : DATABASE_INTEGER);
            if (is_unsigned)
                assert_true(bound.natural == strtoull(good[g], NULL, 10));
            else
                assert_true(bound.integer == strtoll(good[g], NULL, 10));
            assert_true(reads_json(*state, rows[i].type, quoted, &bound));
        }
        for (size_t b = 0; b < 2; b++) {
            assert_false(
                reads(*state, rows[i].type, sample_value(*state, bad[b]), &bound, &expected));
            assert_slice(expected, rows[i].expected);
        }
    }
}

struct verdict {
    const char *json;
    bool is_good;
};

static void check(void **state, const char *type, const struct verdict *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct database_value bound;
        if (reads_json(*state, type, rows[i].json, &bound) != rows[i].is_good)
            fail_msg("%s beside %s should be %s", rows[i].json, type,
                     rows[i].is_good ? "taken" : "refused");
    }
}

#define CHECK(type, ...)                                                                           \
    check(state, type, (const struct verdict[]){__VA_ARGS__},                                      \
          SAMPLE_LENGTH(((const struct verdict[]){__VA_ARGS__})))

/* decisions.md: "true and false are 1 and 0 for an integer column". */
static void test_ugly_integers(void **state)
{
    struct database_value bound;
    CHECK("int(11)", {"\"\"", false}, {"\" 1\"", false}, {"\"1 \"", false}, {"\"+1\"", false},
          {"1.0", false}, {"1e2", false}, {"\"0x1\"", false}, {"\"1;DROP\"", false},
          {"null", false}, {"[]", false}, {"{}", false}, {"[1]", false}, {"\"-\"", false},
          {"\"007\"", true}, {"\"1\\u0000\"", false}, {"-0", true}, {"true", true},
          {"false", true});
    assert_true(reads_json(*state, "int(11)", "true", &bound));
    assert_int_equal(bound.integer, 1);
    assert_true(reads_json(*state, "tinyint(3) unsigned", "false", &bound));
    assert_true(bound.type == DATABASE_UNSIGNED && bound.natural == 0);
    /* YEAR holds 1901 to 2155, and 0. */
    CHECK("year(4)", {"2026", true}, {"-1", false});
}

static void test_decimals(void **state)
{
    struct database_value bound;
    CHECK("decimal(10,2)", {"1", true}, {"1.50", true}, {"-0.5", true}, {"\"1.50\"", true},
          {"\"+1\"", true}, {"\".5\"", true}, {"\"5.\"", true}, {"\"\"", false}, {"\".\"", false},
          {"\"1,5\"", false}, {"\"1.2.3\"", false}, {"\"--1\"", false}, {"\"1e5\"", false},
          {"\"nan\"", false}, {"\"1 \"", false}, {"true", false}, {"null", false}, {"[1]", false});
    CHECK("double", {"1e5", true}, {"\"1e5\"", true}, {"\"1E-5\"", true}, {"\"1e\"", false},
          {"\"e5\"", false}, {"\"1e.5\"", false}, {"\"1e5.0\"", false}, {"\"inf\"", false},
          {"false", false});
    /* Bound as text: never through double. */
    assert_true(reads_json(*state, "decimal(10,2)", "100000000000000000000.10", &bound));
    assert_int_equal(bound.type, DATABASE_TEXT);
    assert_slice(bound.text, "100000000000000000000.10");
}

/* Zero dates "mean never" and are compared like any; a day that no calendar has is refused. */
static void test_dates(void **state)
{
    static const char *const types[] = {"date", "datetime", "timestamp", "datetime(6)"};
    for (size_t i = 0; i < SAMPLE_LENGTH(types); i++)
        CHECK(types[i], {"\"2026-01-31\"", true}, {"\"0000-00-00\"", true},
              {"\"0000-00-00 00:00:00\"", true}, {"\"2026-00-00\"", true}, {"\"2024-02-29\"", true},
              {"\"2000-02-29\"", true}, {"\"2026-02-29\"", false}, {"\"1900-02-29\"", false},
              {"\"2026-02-30\"", false}, {"\"2026-04-31\"", false}, {"\"2026-01-32\"", false},
              {"\"2026-13-01\"", false}, {"\"2026-01-31 23:59:59\"", true},
              {"\"2026-01-31T23:59:59\"", true}, {"\"2026-01-31 23:59\"", true},
              {"\"2026-01-31 23:59:59.123456\"", true}, {"\"2026-01-31 23:59:59.\"", false},
              {"\"2026-01-31 23:59:59.1234567\"", false}, {"\"2026-01-31 24:00:00\"", false},
              {"\"2026-01-31 23:60:00\"", false}, {"\"2026-01-31 23:59:60\"", false},
              {"\"2026-01-31 23:59.5\"", false}, {"\"2026-01-31 \"", false},
              {"\"2026-01-31 23:59:59Z\"", false}, {"\"2026-1-31\"", false},
              {"\"20260131\"", false}, {"\"26-01-31\"", false}, {"\"\"", false},
              {"20260131", false}, {"\"now()\"", false}, {"null", false}, {"true", false},
              {"\"2026-01-31 OR 1\"", false});
}

/* A TIME column holds -838:59:59 to 838:59:59, and a cursor must take what a cell gives. */
static void test_times(void **state)
{
    CHECK("time", {"\"00:00:00\"", true}, {"\"23:59:59\"", true}, {"\"23:59\"", true},
          {"\"23:59:59.5\"", true}, {"\"100:00:00\"", true}, {"\"-838:59:59\"", true},
          {"\"839:00:00\"", false}, {"\"1000:00:00\"", false}, {"\"--01:00:00\"", false},
          {"\"23:60:00\"", false}, {"\"23:59:60\"", false}, {"\"1:00\"", false}, {"\"\"", false},
          {"\"2026-01-01 00:00:00\"", false}, {"120000", false}, {"null", false});
}

static void test_text(void **state)
{
    struct database_value bound;
    static const char *const types[] = {"text", "varchar(8)", "enum('a','b')", "json", "char(3)"};
    for (size_t i = 0; i < SAMPLE_LENGTH(types); i++)
        CHECK(types[i], {"\"a\"", true}, {"\"\"", true}, {"5", true}, {"true", false},
              {"null", false}, {"[\"a\"]", false}, {"{\"a\":1}", false});
    assert_true(reads_json(*state, "text", "\"' OR 1=1 -- \"", &bound));
    assert_int_equal(bound.type, DATABASE_TEXT);
    assert_slice(bound.text, "' OR 1=1 -- ");
}

static void test_binary(void **state)
{
    static const char *const types[] = {"blob", "varbinary(16)", "bit(1)", "geometry"};
    for (size_t i = 0; i < SAMPLE_LENGTH(types); i++)
        CHECK(types[i], {"\"a\"", false}, {"1", false}, {"true", false});
    assert_false(column_is_filterable(sample_column_of(*state, "projects", "seal")));
    assert_true(column_is_filterable(sample_column_of(*state, "projects", "budget")));
    assert_true(column_is_text(sample_column_of(*state, "projects", "project_name")));
    assert_true(column_is_text(sample_column_of(*state, "projects", "size_class")));
    assert_false(column_is_text(sample_column_of(*state, "projects", "project_id")));
    assert_false(column_is_text(sample_column_of(*state, "projects", "date_start")));
}

/* decisions.md: "filters echoes each filter as it was understood: numbers for numeric columns".
 * What MySQL reads and JSON does not know stays a string, so that the document is never broken. */
static void test_writing(void **state)
{
    static const struct {
        const char *type;
        const char *json;
        const char *written;
    } rows[] = {
        {"int(11)", "\"5\"", "5"},
        {"int(11)", "\"007\"", "7"},
        {"int(11)", "\"-5\"", "-5"},
        {"bigint(20) unsigned", "18446744073709551615", "18446744073709551615"},
        {"decimal(10,2)", "\"1.50\"", "1.50"},
        {"decimal(10,2)", "\"0.50\"", "0.50"},
        {"decimal(10,2)", "0", "0"},
        {"decimal(10,2)", "\"-3.25\"", "-3.25"},
        {"decimal(10,2)", "\".5\"", "\".5\""},
        {"decimal(10,2)", "\"5.\"", "\"5.\""},
        {"decimal(10,2)", "\"+5\"", "\"+5\""},
        {"decimal(10,2)", "\"007\"", "\"007\""},
        {"decimal(10,2)", "\"-\\u002e5\"", "\"-.5\""},
        {"double", "\"5.e3\"", "\"5.e3\""},
        {"text", "5", "\"5\""},
        {"date", "\"0000-00-00\"", "\"0000-00-00\""},
    };
    struct writer *writer = writer_create(FORMAT_JSON);
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
        struct schema_column learnt = {.length = 0};
        struct model_column column = {.learnt = &learnt};
        struct database_value bound;
        struct buffer out;
        char expected[64];
        buffer_init(&out);
        sample_learn(&((struct sample *)*state)->arena, &learnt, "c", rows[i].type);
        assert_true(reads_json(*state, rows[i].type, rows[i].json, &bound));
        writer_start(writer, &out);
        writer_key(writer, SLICE("c"));
        column_value_write(writer, &column, &bound);
        writer_finish(writer);
        snprintf(expected, sizeof(expected), "\"c\":%s", rows[i].written);
        assert_slice(buffer_slice(&out), expected);
        buffer_clear(&out);
    }
    writer_destroy(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLE_TEST(test_integer_bounds), SAMPLE_TEST(test_ugly_integers),
        SAMPLE_TEST(test_decimals),       SAMPLE_TEST(test_dates),
        SAMPLE_TEST(test_times),          SAMPLE_TEST(test_text),
        SAMPLE_TEST(test_binary),         SAMPLE_TEST(test_writing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

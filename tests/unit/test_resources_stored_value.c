/*
 * remote-api.md section 6, data-model.md "Traits": what a column cannot hold is found before MySQL
 * does, nothing is silently cut, and what is stored already is no change.
 */
#include "resources/stored_value.h"
#include "sample_model.h"

struct fixture {
    struct arena arena;
    struct schema_column learnt;
    struct model_column column;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    arena_init(&f->arena);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    arena_clear(&f->arena);
    free(f);
    return 0;
}

/* A column as information_schema describes it: utf8mb3 where it is text, bounded as its type says.
 */
static void learn(struct fixture *f, const char *type, uint64_t length)
{
    f->learnt = (struct schema_column){.takes_unicode = true, .length = length};
    sample_learn(&f->arena, &f->learnt, "c", type);
    if (sscanf(type, "decimal(%u,%u)", &f->learnt.precision, &f->learnt.scale) != 2)
        f->learnt.precision = f->learnt.scale = 0;
    f->column = (struct model_column){.name = SLICE("c"), .learnt = &f->learnt};
}

static struct value *value_of(struct fixture *f, const char *json)
{
    static const struct json_limits limits = {.depth = 3, .names = 10, .bytes = 1 << 20};
    struct json_fault fault;
    struct value *value = NULL;
    if (json_read(&f->arena, slice_from(json), &limits, &value, &fault) != RESULT_OK)
        fail_msg("%s: %s", json, fault.reason);
    return value;
}

static bool read_value(struct fixture *f, const char *json, struct database_value *bound,
                       struct slice *expected)
{
    return stored_value_read(&f->column, value_of(f, json), &f->arena, bound, expected);
}

/* Every value of the list, NULL at its end, is taken as it is. */
static void assert_taken(struct fixture *f, const char *const *values)
{
    struct database_value bound;
    struct slice expected;
    for (; *values; values++)
        if (!read_value(f, *values, &bound, &expected))
            fail_msg("%.*s refuses %s: %.*s", SLICE_ARGS(f->learnt.type_text), *values,
                     SLICE_ARGS(expected));
}

/* Every value is refused, and what is allowed is told. */
static void assert_refused_as(struct fixture *f, const char *said, const char *const *values)
{
    struct database_value bound;
    struct slice expected = {NULL, 0};
    for (; *values; values++) {
        if (read_value(f, *values, &bound, &expected))
            fail_msg("%.*s takes %s", SLICE_ARGS(f->learnt.type_text), *values);
        assert_slice(expected, said);
    }
}

#define VALUES(...)                                                                                \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
#define TAKEN(f, ...)         assert_taken(f, VALUES(__VA_ARGS__))
#define REFUSED(f, said, ...) assert_refused_as(f, said, VALUES(__VA_ARGS__))

static void test_integers(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *type;
        const char *least, *most, *below, *above, *said;
    } rows[] = {
        {"tinyint(4)", "-128", "127", "-129", "128", "an integer from -128 to 127"},
        {"tinyint(3) unsigned", "0", "255", "-1", "256", "an integer from 0 to 255"},
        {"smallint(6)", "-32768", "32767", "-32769", "32768", "an integer from -32768 to 32767"},
        {"mediumint(9)", "-8388608", "8388607", "-8388609", "8388608",
         "an integer from -8388608 to 8388607"},
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
        learn(f, rows[i].type, 0);
        TAKEN(f, rows[i].least, rows[i].most, "5", "\"5\"", "true", "false");
        REFUSED(f, rows[i].said, rows[i].below, rows[i].above, "1.0", "1e2", "\"\"", "\"x\"",
                "\"5 \"", "\"0x5\"", "[]", "{}", "[5]", "{\"eq\":5}",
                "\"99999999999999999999999999\"");
    }
    struct database_value bound;
    struct slice expected;
    assert_true(read_value(f, "18446744073709551615", &bound, &expected));
    assert_int_equal(bound.type, DATABASE_UNSIGNED);
    assert_true(bound.natural == UINT64_MAX);
    learn(f, "int(11)", 0);
    assert_true(read_value(f, "true", &bound, &expected));
    assert_int_equal(bound.integer, 1);
}

/* MySQL reads 1 to 99 as years of 1970 to 2069: something else would be stored. */
static void test_years(void **state)
{
    struct fixture *f = *state;
    learn(f, "year(4) null", 0);
    TAKEN(f, "0", "1901", "2155", "\"2026\"", "null");
    REFUSED(f, "0, or a year from 1901 to 2155", "1", "70", "99", "1900", "2156", "65535");
    REFUSED(f, "an integer from 0 to 65535", "-1", "65536");
}

static void test_bounds(void **state)
{
    struct fixture *f = *state;
    struct catalog_bound bound = {.least = -5, .most = 100};
    learn(f, "int(11)", 0);
    f->column.bound = &bound;
    TAKEN(f, "-5", "0", "\"100\"", "true");
    REFUSED(f, "an integer from -5 to 100", "-6", "101", "2147483647", "-2147483649", "1.5",
            "\"\"");
    learn(f, "bigint(20) unsigned", 0);
    f->column.bound = &bound;
    TAKEN(f, "0", "100");
    REFUSED(f, "an integer from -5 to 100", "101", "18446744073709551615");
    bound = (struct catalog_bound){.least = 3, .most = INT64_MAX};
    TAKEN(f, "3", "9223372036854775807");
    REFUSED(f, "an integer from 3 to 9223372036854775807", "2", "9223372036854775808");
    bound = (struct catalog_bound){.least = -9, .most = -3};
    REFUSED(f, "an integer from -9 to -3", "0", "18446744073709551613");
}

/* Nothing is rounded: digits that do not fit are refused, zeros that say nothing are not. */
static void test_decimals(void **state)
{
    struct fixture *f = *state;
    learn(f, "decimal(5,2)", 0);
    TAKEN(f, "0", "-0", "1.5", "999.99", "-999.99", "\"+1.50\"", "\"000999.990000\"", "\".5\"",
          "\"5.\"");
    REFUSED(f, "a decimal number with at most 3 digits before and 2 behind the point", "1000",
            "-1000.00", "1.555", "0.001", "1e2", "1E-2", "99999999999999999999");
    REFUSED(f, "a decimal number", "\"\"", "\"x\"", "\"1e2\"", "\"1,5\"", "\"1.2.3\"", "true", "[]",
            "\"NaN\"");
    learn(f, "decimal(6,2) unsigned", 0);
    TAKEN(f, "0", "9999.99");
    REFUSED(f, "a decimal number from 0 with at most 4 digits before and 2 behind the point", "-1",
            "-0.01");
    learn(f, "decimal(3,3)", 0);
    TAKEN(f, "0.999", "\"00.100\"");
    REFUSED(f, "a decimal number with at most 0 digits before and 3 behind the point", "1",
            "0.0001");
    learn(f, "decimal(65,30)", 0);
    TAKEN(f, "\"12345678901234567890123456789012345.123456789012345678901234567890\"");
    struct database_value bound;
    struct slice expected;
    assert_true(read_value(f, "1.50", &bound, &expected));
    assert_int_equal(bound.type, DATABASE_TEXT);
    assert_slice(bound.text, "1.50");
}

static void test_floats(void **state)
{
    struct fixture *f = *state;
    learn(f, "float", 0);
    TAKEN(f, "0", "-1.5e10", "3.4e38", "\"1e-50\"", "\".5\"");
    REFUSED(f, "a number from -3.40282e+38 to 3.40282e+38", "3.5e38", "-1e39", "1e999");
    learn(f, "double unsigned", 0);
    TAKEN(f, "0", "1e300", "\"1.7976931348623157e308\"");
    REFUSED(f, "a number from 0 to 1.79769e+308", "-1", "-1e-5", "1e309", "\"1e99999\"");
    char digits[600];
    memset(digits, '0', sizeof(digits));
    memcpy(digits, "1e", 2);
    digits[sizeof(digits) - 1] = '\0';
    struct value value = {.type = VALUE_NUMBER, .text = slice_from(digits)};
    struct database_value bound;
    struct slice expected;
    assert_false(stored_value_read(&f->column, &value, &f->arena, &bound, &expected));
    REFUSED(f, "a decimal number", "\"\"", "\"inf\"", "\"nan\"", "\"1e\"", "\"e5\"", "[]", "true");
}

/* VARCHAR and CHAR are bounded in characters, TEXT in bytes. */
static void test_texts(void **state)
{
    struct fixture *f = *state;
    learn(f, "varchar(4)", 4);
    TAKEN(f, "\"\"", "\"abcd\"", "\"äöüß\"", "\"日本語!\"", "12", "\" \"", "\"a\\u0000b\"");
    REFUSED(f, "at most 4 characters", "\"abcde\"", "\"äöüßa\"", "12345", "\"a    \"");
    learn(f, "char(2)", 2);
    TAKEN(f, "\"äö\"");
    REFUSED(f, "at most 2 characters", "\"abc\"");
    learn(f, "tinytext", 8);
    TAKEN(f, "\"abcdefgh\"", "\"äöüß\"");
    REFUSED(f, "at most 8 bytes of UTF-8", "\"abcdefghi\"", "\"äöüßa\"");
    learn(f, "longtext", 0); /* unknown: MySQL will say */
    TAKEN(f, "\"abcdefghi\"");
    REFUSED(f, "a string", "true", "false", "[]", "{}", "[\"a\"]");
}

/* "A four-byte character does not fit most text columns: answered 422" */
static void test_character_sets(void **state)
{
    struct fixture *f = *state;
    static const char utf8mb3[] = "characters up to U+FFFF: no emoji and the like, which the "
                                  "column's character set lacks";
    learn(f, "varchar(9)", 9);
    TAKEN(f, "\"\xEF\xBF\xBD\"");
    REFUSED(f, utf8mb3, "\"\xF0\x9F\x98\x80\"", "\"a\\ud83d\\ude00\"");
    f->learnt.takes_four_bytes = true;
    TAKEN(f, "\"\xF0\x9F\x98\x80\"");
    /* latin1 has an ä, and in one byte: what else it has, the server knows */
    learn(f, "varchar(4)", 4);
    f->learnt.takes_unicode = false;
    TAKEN(f, "\"äöüß\"", "\"日\"");
    REFUSED(f, "at most 4 characters", "\"äöüßa\"");
    learn(f, "tinytext", 4);
    f->learnt.takes_unicode = false;
    TAKEN(f, "\"äöüß\"");
}

static void test_enums(void **state)
{
    struct fixture *f = *state;
    learn(f, "enum('small','big','it''s','1')", 5);
    TAKEN(f, "\"small\"", "\"it's\"", "1", "\"1\"");
    REFUSED(f, "one of small, big, it's, 1", "\"Small\"", "\"\"", "\"huge\"", "2", "\"small \"");
    REFUSED(f, "a string", "true", "[]");
}

static void test_dates(void **state)
{
    struct fixture *f = *state;
    static const char date[] = "a date, YYYY-MM-DD or YYYY-MM-DD HH:MM:SS";
    learn(f, "date", 0);
    TAKEN(f, "\"2026-02-28\"", "\"2024-02-29\"", "\"0000-00-00\"", "\"2026-00-00\"",
          "\"9999-12-31\"", "\"2026-01-02 00:00:00\"", "\"2026-01-02T00:00\"",
          "\"2026-01-02 00:00:00.000\"");
    REFUSED(f, date, "\"\"", "\"2026-02-29\"", "\"0000-02-29\"", "\"2100-02-29\"", "\"2026-13-01\"",
            "\"2026-01-32\"", "\"26-01-02\"", "\"2026-1-2\"", "20260102", "\"2026-01-02 \"",
            "\"now\"", "\"2026-01-02 24:00:00\"", "\"2026-01-02 00:60:00\"", "\"2026-01-02Z\"",
            "true", "[]");
    REFUSED(f, "a date, YYYY-MM-DD", "\"2026-01-02 00:00:01\"", "\"2026-01-02T10:00\"",
            "\"2026-01-02 00:00:00.1\"");
    learn(f, "datetime", 0);
    TAKEN(f, "\"2026-01-02\"", "\"2026-01-02 23:59:59\"", "\"2026-01-02T03:04\"",
          "\"0000-00-00 00:00:00\"", "\"2026-01-02 03:04:05.000000\"");
    REFUSED(f, date, "\"2026-01-02 03\"", "\"2026-01-02 03:04:05+01:00\"",
            "\"2026-01-02 03:04:05.\"", "\"2026-01-02 03:04:05.1234567\"", "1767323045");
    REFUSED(f, "whole seconds", "\"2026-01-02 03:04:05.5\"");
    learn(f, "datetime(3)", 0);
    TAKEN(f, "\"2026-01-02 03:04:05.125\"", "\"2026-01-02 03:04:05.125000\"");
    REFUSED(f, "at most 3 digits of a second", "\"2026-01-02 03:04:05.1254\"");
    learn(f, "timestamp(6)", 0);
    TAKEN(f, "\"2026-01-02 03:04:05.123456\"");
}

static void test_times(void **state)
{
    struct fixture *f = *state;
    learn(f, "time", 0);
    TAKEN(f, "\"10:00\"", "\"10:00:59\"", "\"-838:59:59\"", "\"00:00:00.0\"");
    REFUSED(f, "a time, HH:MM:SS", "\"\"", "\"839:00:00\"", "\"10:60\"", "\"1:00\"", "\"10\"", "10",
            "true");
    REFUSED(f, "whole seconds", "\"10:00:00.1\"");
    learn(f, "time(1)", 0);
    TAKEN(f, "\"10:00:00.1\"");
}

static void test_binary(void **state)
{
    struct fixture *f = *state;
    struct database_value bound;
    struct slice expected;
    learn(f, "blob", 0);
    assert_false(read_value(f, "\"AAECAw==\"", &bound, &expected));
    /* what it was shown as may be sent back */
    assert_true(stored_value_read_repeated(&f->column, value_of(f, "\"AAECAw==\""), &f->arena,
                                           &bound, &expected));
    assert_false(
        stored_value_read_repeated(&f->column, value_of(f, "5"), &f->arena, &bound, &expected));
}

static void test_null(void **state)
{
    struct fixture *f = *state;
    static const char *const types[] = {"int(11)",    "decimal(5,2)", "float",
                                        "varchar(9)", "enum('a')",    "date",
                                        "datetime",   "time",         "blob"};
    for (size_t i = 0; i < SAMPLE_LENGTH(types); i++) {
        struct database_value bound;
        struct slice expected;
        learn(f, types[i], 0);
        REFUSED(f, "a value other than null", "null");
        assert_true(stored_value_read_repeated(&f->column, value_of(f, "null"), &f->arena, &bound,
                                               &expected));
        f->learnt.is_nullable = true;
        assert_true(read_value(f, "null", &bound, &expected));
        assert_int_equal(bound.type, DATABASE_NULL);
    }
}

/* The catalog's `values`: letter by letter. */
static void test_allowed(void **state)
{
    struct fixture *f = *state;
    struct slice items[] = {SLICE("open"), SLICE("closed")};
    struct slice numbers[] = {SLICE("0"), SLICE("1")};
    const struct catalog_names words = {items, 2};
    const struct catalog_names switches = {numbers, 2};
    learn(f, "varchar(16)", 16);
    f->column.allowed = &words;
    TAKEN(f, "\"open\"", "\"closed\"");
    REFUSED(f, "one of open, closed", "\"\"", "\"Open\"", "\"open \"", "\"closed,\"", "5");
    learn(f, "tinyint(1)", 0);
    f->column.allowed = &switches;
    TAKEN(f, "0", "\"1\"", "true", "false");
    REFUSED(f, "one of 0, 1", "2", "-1", "\"01\"");
}

/* data-model.md: "'', 0 or the zero date"; an ENUM's first member. */
static void test_empty(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *type;
        const char *text; /* NULL: the integer 0 */
    } rows[] = {
        {"int(11)", NULL},      {"year(4)", NULL},
        {"decimal(5,2)", "0"},  {"double", "0"},
        {"varchar(9)", ""},     {"longtext", ""},
        {"enum('b','a')", "b"}, {"enum", ""},
        {"date", "0000-00-00"}, {"timestamp", "0000-00-00 00:00:00"},
        {"time", "00:00:00"},   {"blob", ""},
        {"set('a','b')", ""},   {"datetime(3)", "0000-00-00 00:00:00"},
    };
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
        learn(f, rows[i].type, 0);
        struct database_value value = stored_value_empty(&f->learnt);
        assert_int_equal(value.type, rows[i].text ? DATABASE_TEXT : DATABASE_INTEGER);
        if (rows[i].text)
            assert_slice(value.text, rows[i].text);
        assert_int_equal(value.integer, 0);
    }
}

/* --- what changes nothing --------------------------------------------------------------------- */

static bool equals(struct fixture *f, const char *json, const char *stored)
{
    struct database_value bound;
    struct slice expected;
    struct database_cell cell = {.text = slice_from(stored)};
    if (!stored_value_read_repeated(&f->column, value_of(f, json), &f->arena, &bound, &expected))
        fail_msg("%.*s refuses %s", SLICE_ARGS(f->learnt.type_text), json);
    cell.is_null = stored == NULL;
    if (stored)
        slice_to_i64(cell.text, &cell.integer);
    return stored_value_equals(&f->column, &bound, &cell);
}

struct pair {
    const char *type;
    const char *json;
    const char *stored; /* NULL: null */
};

static void test_equal(void **state)
{
    struct fixture *f = *state;
    static const struct pair pairs[] = {
        {"int(11)", "5", "5"},
        {"int(11)", "\"-5\"", "-5"},
        {"int(11)", "true", "1"},
        {"int(11)", "\"05\"", "5"},
        {"bigint(20) unsigned", "18446744073709551615", "18446744073709551615"},
        {"decimal(9,2)", "1.50", "1.50"},
        {"decimal(9,2)", "1.5", "1.50"},
        {"decimal(9,2)", "\"+01.500\"", "1.50"},
        {"decimal(9,2)", "\".5\"", "0.50"},
        {"decimal(9,2)", "-0", "0.00"},
        {"decimal(9,2)", "0", "0.00"},
        {"decimal(9,2)", "-1.5", "-1.50"},
        {"decimal(9,0)", "\"100.\"", "100"},
        {"float", "1e2", "100"},
        {"float", "0.1", "0.1"},
        {"float", "-0", "0"},
        {"double", "1.5", "1.5"},
        {"double", "1e-5", "0.00001"},
        {"varchar(9)", "\"a b\"", "a b"},
        {"varchar(9)", "5", "5"},
        {"varchar(9)", "\"a\xEF\xBF\xBD\"", "a\xFF"}, /* as it was shown */
        {"enum('a')", "\"a\"", "a"},
        {"date", "\"2026-01-02\"", "2026-01-02"},
        {"date", "\"2026-01-02T00:00\"", "2026-01-02"},
        {"datetime", "\"2026-01-02\"", "2026-01-02 00:00:00"},
        {"datetime", "\"2026-01-02T03:04:05\"", "2026-01-02 03:04:05"},
        {"datetime", "\"2026-01-02 03:04\"", "2026-01-02 03:04:00"},
        {"datetime", "\"2026-01-02 03:04:05.000\"", "2026-01-02 03:04:05"},
        {"datetime(3)", "\"2026-01-02 03:04:05.5\"", "2026-01-02 03:04:05.500"},
        {"datetime", "\"0000-00-00\"", "0000-00-00 00:00:00"},
        {"time", "\"10:00\"", "10:00:00"},
        {"blob", "\"AQ==\"", "\x01"},
        {"int(11)", "null", NULL},
        {"blob", "null", NULL},
    };
    for (size_t i = 0; i < SAMPLE_LENGTH(pairs); i++) {
        learn(f, pairs[i].type, 0);
        if (!equals(f, pairs[i].json, pairs[i].stored))
            fail_msg("%s: %s is what %s says", pairs[i].type, pairs[i].json, pairs[i].stored);
    }
    learn(f, "blob", 0);
    struct database_cell cell = {.text = SLICE("\x00\x01\x02\x03")};
    struct database_value shown = database_text(SLICE("AAECAw=="));
    assert_true(stored_value_equals(&f->column, &shown, &cell));
}

static void test_different(void **state)
{
    struct fixture *f = *state;
    static const struct pair pairs[] = {
        {"int(11)", "5", "-5"},
        {"int(11)", "0", NULL},
        {"int(11)", "null", "0"},
        {"bigint(20) unsigned", "18446744073709551614", "18446744073709551615"},
        {"decimal(9,2)", "1.51", "1.50"},
        {"decimal(9,2)", "-1.5", "1.50"},
        {"decimal(9,2)", "15", "1.50"},
        {"decimal(9,0)", "10", "100"},
        {"decimal(9,2)", "0.05", "0.50"},
        {"double", "1.5000000001", "1.5"},
        {"varchar(9)", "\"a\"", "A"},
        {"varchar(9)", "\"a \"", "a"},
        {"varchar(9)", "\"\"", NULL},
        {"varchar(9)", "null", ""},
        {"varchar(9)", "\"a\"", "a\xFF"},
        {"varchar(9)", "1.0", "1"},
        {"date", "\"2026-01-03\"", "2026-01-02"},
        {"date", "\"0000-00-00\"", NULL},
        {"datetime", "\"2026-01-02\"", "2026-01-02 03:04:05"},
        {"datetime", "\"2026-01-02 03:04\"", "2026-01-02 03:04:05"},
        {"datetime(3)", "\"2026-01-02 03:04:05\"", "2026-01-02 03:04:05.500"},
        {"time", "\"10:00\"", "10:00:01"},
        {"time", "\"10:00\"", "-10:00:00"},
        {"blob", "\"AQ==\"", "\x02"},
        {"blob", "\"\"", "\x02"},
    };
    for (size_t i = 0; i < SAMPLE_LENGTH(pairs); i++) {
        learn(f, pairs[i].type, 0);
        if (equals(f, pairs[i].json, pairs[i].stored))
            fail_msg("%s: %s is not what %s says", pairs[i].type, pairs[i].json, pairs[i].stored);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_integers), TEST(test_years), TEST(test_bounds),         TEST(test_decimals),
        TEST(test_floats),   TEST(test_texts), TEST(test_character_sets), TEST(test_enums),
        TEST(test_dates),    TEST(test_times), TEST(test_binary),         TEST(test_null),
        TEST(test_allowed),  TEST(test_empty), TEST(test_equal),          TEST(test_different),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

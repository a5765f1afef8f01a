/* data-model.md, "How the gateway learns a table": what COLUMN_TYPE says. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "whmcs/schema_type.h"

static struct schema_column parsed(struct arena *arena, const char *type_text)
{
    struct schema_column column = {.type_text = slice_from(type_text)};
    assert_true(schema_type_parse(arena, &column));
    return column;
}

static void test_words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum schema_type type;
        unsigned bits;
        bool is_unsigned;
    } rows[] = {
        {"int(10) unsigned", SCHEMA_INTEGER, 32, true},
        {"int", SCHEMA_INTEGER, 32, false},
        {"tinyint(1)", SCHEMA_INTEGER, 8, false},
        {"mediumint(9)", SCHEMA_INTEGER, 24, false},
        {"bigint(20) unsigned zerofill", SCHEMA_INTEGER, 64, true},
        {"year(4)", SCHEMA_INTEGER, 16, true},
        {"decimal(16,2)", SCHEMA_DECIMAL, 0, false},
        {"double unsigned", SCHEMA_FLOAT, 0, true},
        {"varchar(64)", SCHEMA_TEXT, 0, false},
        {"json", SCHEMA_TEXT, 0, false},
        {"timestamp", SCHEMA_DATETIME, 0, false},
        {"datetime(6)", SCHEMA_DATETIME, 0, false},
        {"date", SCHEMA_DATE, 0, false},
        {"time(2)", SCHEMA_TIME, 0, false},
        {"varbinary(16)", SCHEMA_BINARY, 0, false},
        {"geometry", SCHEMA_BINARY, 0, false},
    };
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct schema_column column = parsed(&arena, rows[i].text);
        assert_int_equal(column.type, rows[i].type);
        assert_int_equal(column.integer_bits, rows[i].bits);
        assert_int_equal(column.is_unsigned, rows[i].is_unsigned);
    }
    arena_clear(&arena);
}

static void test_enum_with_quotes_and_commas(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    struct schema_column column = parsed(&arena, "enum('a','it''s','x,y','')");
    assert_int_equal(column.type, SCHEMA_ENUM);
    assert_int_equal(column.allowed_count, 4);
    assert_true(slice_equal(column.allowed[1], SLICE("it's")));
    assert_true(slice_equal(column.allowed[2], SLICE("x,y")));
    assert_int_equal(column.allowed[3].size, 0);
    arena_clear(&arena);
}

static void test_broken_enum_is_harmless(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    static const char *const broken[] = {"enum", "enum(", "enum('", "enum('a", "enum('a''", ""};
    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++)
        parsed(&arena, broken[i]);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_enum_with_quotes_and_commas),
        cmocka_unit_test(test_broken_enum_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* catalog/abusemanagerpro.json: what it may say, and that every problem of it is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "abuse/abuse_catalog.h"

static void test_compiled_in(void **state)
{
    (void)state;
    struct abuse_catalog *catalog;
    struct buffer problems;
    buffer_init(&problems);
    assert_int_equal(abuse_catalog_load("", &catalog, &problems), RESULT_OK);
    assert_int_equal(problems.size, 0);
    assert_true(slice_equal(catalog->table, SLICE("mod_abusemanagerpro_reports")));
    for (size_t i = 0; i < ABUSE_COLUMNS; i++)
        assert_true(slice_equal(catalog->columns[i], abuse_column_name((enum abuse_column)i)));
    abuse_catalog_destroy(catalog);
    buffer_clear(&problems);
}

/* How many lines are told of the text. */
static size_t problems_of(const char *text)
{
    struct abuse_catalog *catalog;
    struct buffer problems;
    size_t lines = 0;
    buffer_init(&problems);
    enum result result = abuse_catalog_read(slice_from(text), "f", &catalog, &problems);
    for (size_t i = 0; i < problems.size; i++)
        lines += problems.data[i] == '\n';
    assert_true((result == RESULT_OK) == (lines == 0));
    assert_true((result == RESULT_OK) == (catalog != NULL));
    abuse_catalog_destroy(catalog);
    buffer_clear(&problems);
    return lines;
}

#define NEEDED "\"table\":\"t\",\"key\":\"k\",\"open\":\"o\",\"closed\":\"c\""

static void test_problems(void **state)
{
    (void)state;
    assert_int_equal(problems_of("{\"reports\":{" NEEDED "}}"), 0);
    assert_int_equal(problems_of("{\"reports\":{" NEEDED ",\"columns\":{\"category\":\"x y\"}}}"),
                     0);
    assert_int_equal(problems_of(""), 1);
    assert_int_equal(problems_of("{}"), 1);
    assert_int_equal(problems_of("[]"), 1);
    assert_int_equal(problems_of("null"), 1);
    assert_int_equal(problems_of("{\"reports\":[]}"), 1);
    assert_int_equal(problems_of("{\"reports\":{\"table\":\"t\"}}"), 1);
    assert_int_equal(problems_of("{\"reports\":{" NEEDED ",\"a\":1,\"b\":2,\"columns\":"
                                 "{\"c\":\"d\",\"category\":\"`\",\"status\":7}}}"),
                     5);
}

static void test_files(void **state)
{
    (void)state;
    struct abuse_catalog *catalog;
    struct buffer problems;
    buffer_init(&problems);
    assert_int_equal(abuse_catalog_load("/no/such/file", &catalog, &problems), RESULT_NOT_FOUND);
    assert_null(catalog);
    assert_int_equal(abuse_catalog_load("/dev/zero", &catalog, &problems), RESULT_LIMIT);
    assert_null(catalog);
    buffer_clear(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compiled_in),
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* remote-api.md section 6 and data-model.md: what a refusal of the server means, and of which
 * column it speaks. The texts are MariaDB's and MySQL's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <errmsg.h>
#include <string.h>

#include "store/database_error.h"

static void assert_column(unsigned number, const char *text, const char *column)
{
    struct database_error error;
    database_error_set(&error, number, "HY000", text);
    assert_string_equal(error.column, column);
}

/* data-model.md: "error 1366, answered 422 naming the field". */
static void test_columns(void **state)
{
    (void)state;
    assert_column(1406, "Data too long for column 'title' at row 1", "title");
    assert_column(1264, "Out of range value for column 'n' at row 12", "n");
    assert_column(1265, "Data truncated for column 'client_visible' at row 1", "client_visible");
    assert_column(1366, "Incorrect string value: '\\xF0\\x9F' for column `db`.`t`.`name` at row 1",
                  "name");
    assert_column(1366, "Incorrect string value: '\\xF0\\x9F' for column 'name' at row 1", "name");
    assert_column(1292, "Incorrect date value: 'zz' for column `x`.`t`.`d` at row 1", "d");
    assert_column(1292, "Truncated incorrect DOUBLE value: 'abc'", "");
    assert_column(1048, "Column 'v' cannot be null", "v");
    assert_column(
        1263, "Column set to default value; NULL supplied to NOT NULL column 'v' at row 2", "v");
    assert_column(1364, "Field 'nd' doesn't have a default value", "nd");
    assert_column(3140,
                  "Invalid JSON text: \"Missing a name.\" at position 1 in value for column "
                  "'t.j'.",
                  "j");
    assert_column(4025, "CONSTRAINT `t.j` failed for `x`.`t`", "j");
    assert_column(4025, "CONSTRAINT `named` failed for `x`.`t`", "named");
    assert_column(1452,
                  "Cannot add or update a child row: a foreign key constraint fails (`x`.`ch`, "
                  "CONSTRAINT `fk` FOREIGN KEY (`p`) REFERENCES `parents` (`id`))",
                  "p");
    assert_column(3105, "The value specified for generated column 'g' in table 't' is not allowed.",
                  "g");
    assert_column(
        1906, "The value specified for generated column 'g' in table 't' has been ignored", "g");
    assert_column(1411, "Incorrect datetime value: 'zz' for function str_to_date", "");
}

/* A client's value is never taken for a column, however it is spelt. */
static void test_values_are_no_columns(void **state)
{
    (void)state;
    char text[512];
    assert_column(
        1366, "Incorrect integer value: 'for column 'evil' at row 1' for column 'n' at row 1", "n");
    /* The same, where the real end has been cut off because the message grew too long. */
    memset(text, 'x', sizeof(text));
    memcpy(text, "Incorrect integer value: '", 26);
    memcpy(text + 480, "for column 'evil' at row 1", 27);
    assert_column(1366, text, "");
    assert_column(1366, "", "");
    assert_column(1366, "for column ", "");
    assert_column(1366, "for column '", "");
    assert_column(1366, "for column 'a", "");
    assert_column(1366, "for column ''", "");
    assert_column(1366, "for column 'a'", "");
    assert_column(1366, "for column `a`.`", "");
    assert_column(1366, "for column `a`.`b at row 1", "");
    assert_column(1366, "for column a at row 1", "");
    assert_column(1062, "Duplicate entry 'for column 'a' at row 1' for key 'PRIMARY'", "");
    memset(text, 'c', sizeof(text));
    memcpy(text, "for column '", 12);
    memcpy(text + 400, "' at row 1", 11);
    assert_column(1366, text, ""); /* no identifier is as long */
}

/* Texts that quote a value are not kept: they would reach the log. */
static void test_texts_hold_no_values(void **state)
{
    (void)state;
    static const unsigned numbers[] = {1062, 1105, 1292, 1300, 1366, 1367, 1411,
                                       1525, 1526, 1586, 1644, 1690, 3140, 9999};
    struct database_error error;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        database_error_set(&error, numbers[i], "HY000", "secret for column 'c' at row 1");
        assert_null(strstr(error.text, "secret"));
    }
}

static void test_meanings(void **state)
{
    (void)state;
    static const struct {
        unsigned number;
        enum result outside, inside;
    } rows[] = {
        {1213, RESULT_UNAVAILABLE, RESULT_CONFLICT},
        {1205, RESULT_UNAVAILABLE, RESULT_CONFLICT},
        {1180, RESULT_FAILED, RESULT_CONFLICT},
        {1105, RESULT_FAILED, RESULT_CONFLICT},
        {3101, RESULT_FAILED, RESULT_CONFLICT},
        {1062, RESULT_FAILED, RESULT_EXISTS},
        {1366, RESULT_FAILED, RESULT_INVALID},
        {1048, RESULT_FAILED, RESULT_INVALID},
        {1054, RESULT_STALE, RESULT_STALE},
        {1969, RESULT_TIMEOUT, RESULT_TIMEOUT},
        {1317, RESULT_UNAVAILABLE, RESULT_UNAVAILABLE},
        {1290, RESULT_FAILED, RESULT_UNAVAILABLE},
        {2013, RESULT_UNAVAILABLE, RESULT_UNAVAILABLE},
        {9999, RESULT_FAILED, RESULT_FAILED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        assert_int_equal(database_error_meaning(rows[i].number).result, rows[i].outside);
        assert_int_equal(database_error_meaning_in_transaction(rows[i].number).result,
                         rows[i].inside);
    }
}

/* operations.md: only "a write whose fate is unknown" is called so. */
static void test_lost_answers(void **state)
{
    (void)state;
    assert_true(database_error_is_answer_lost(CR_SERVER_LOST));
    assert_true(database_error_is_answer_lost(CR_UNKNOWN_ERROR));
    assert_false(database_error_is_answer_lost(CR_SERVER_GONE_ERROR)); /* was never sent */
    assert_false(database_error_is_answer_lost(1213));
    assert_false(database_error_is_answer_lost(1927));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_values_are_no_columns),
        cmocka_unit_test(test_texts_hold_no_values),
        cmocka_unit_test(test_meanings),
        cmocka_unit_test(test_lost_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

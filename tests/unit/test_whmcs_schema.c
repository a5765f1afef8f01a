/* spec/data-model.md, "Traits of a WHMCS database": which text a column can hold, as far as the
 * learnt schema tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "whmcs/schema.h"

#define U_UMLAUT "\xc3\xbc"
#define EMOJI    "\xf0\x9f\x94\xa5"

static void test_what_fits(void **state)
{
    (void)state;
    static const struct {
        struct schema_column column;
        struct slice text;
        enum schema_fit fit;
    } rows[] = {
#define MB4(type, size)                                                                            \
    {.type_text = SLICE(type), .takes_unicode = true, .takes_four_bytes = true, .length = (size)}
#define MB3(type, size)                                                                            \
    {                                                                                              \
        .type_text = SLICE(type), .takes_unicode = true, .length = (size)                          \
    }
#define LATIN1(type, size)                                                                         \
    {                                                                                              \
        .type_text = SLICE(type), .length = (size)                                                 \
    }
        {MB3("varchar(2)", 2), SLICE(U_UMLAUT U_UMLAUT), SCHEMA_FITS},
        {MB3("varchar(2)", 2), SLICE(""), SCHEMA_FITS},
        {MB3("varchar(2)", 2), SLICE("abc"), SCHEMA_TOO_LONG},
        {MB3("varchar(2)", 2), SLICE(EMOJI), SCHEMA_LACKS_CHARACTERS},
        {MB3("varchar(2)", 2), SLICE(EMOJI EMOJI EMOJI), SCHEMA_LACKS_CHARACTERS},
        {MB3("char(1)", 1), SLICE(U_UMLAUT), SCHEMA_FITS},
        {MB3("tinytext", 4), SLICE(U_UMLAUT U_UMLAUT), SCHEMA_FITS},
        {MB3("tinytext", 4), SLICE(U_UMLAUT U_UMLAUT "x"), SCHEMA_TOO_LONG},
        {MB4("varchar(2)", 2), SLICE(EMOJI EMOJI), SCHEMA_FITS},
        {MB4("tinytext", 4), SLICE(EMOJI "x"), SCHEMA_TOO_LONG},
        {LATIN1("varchar(2)", 2), SLICE(U_UMLAUT U_UMLAUT), SCHEMA_FITS},
        {LATIN1("tinytext", 4), SLICE(U_UMLAUT U_UMLAUT U_UMLAUT U_UMLAUT), SCHEMA_FITS},
        {LATIN1("tinytext", 4), SLICE("12345"), SCHEMA_TOO_LONG},
        {LATIN1("tinytext", 4), SLICE(EMOJI), SCHEMA_FITS}, /* the server says no */
        {MB3("longtext", 0), SLICE("any length"), SCHEMA_FITS},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (schema_column_fits_text(&rows[i].column, rows[i].text) != rows[i].fit)
            fail_msg("%zu: %.*s, %.*s", i, SLICE_ARGS(rows[i].column.type_text),
                     SLICE_ARGS(rows[i].text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_what_fits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

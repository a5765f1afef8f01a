/* Listen addresses: server.listen and admin.listen (spec/operations.md "Configuration"). */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "http/address.h"

static void test_addresses_print_as_parsed(void **state)
{
    (void)state;
    static const char *const rows[] = {"127.0.0.1:8080", "0.0.0.0:0", "[::]:8080", "[::1]:65535",
                                       "unix:/run/portcullis.sock"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_address address;
        const char *why = NULL;
        char printed[HTTP_ADDRESS_TEXT];
        assert_int_equal(http_address_parse(slice_from(rows[i]), &address, &why), RESULT_OK);
        http_address_print(&address, printed);
        assert_string_equal(printed, rows[i]);
    }
}

static void test_bad_addresses_say_why(void **state)
{
    (void)state;
    static const char *const rows[] = {"",           "8080",          ":8080",     "127.0.0.1",
                                       "127.0.0.1:", "1.2.3.4:65536", "1.2.3.4:x", "::1:8080",
                                       "[]:80",      "[::1:80",       "unix:"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_address address;
        const char *why = NULL;
        assert_int_equal(http_address_parse(slice_from(rows[i]), &address, &why), RESULT_INVALID);
        assert_true(strlen(why) > 0);
    }
}

static void test_names_are_looked_up(void **state)
{
    (void)state;
    struct http_address address;
    const char *why = NULL;
    assert_int_equal(http_address_parse(SLICE("localhost:80"), &address, &why), RESULT_OK);
    assert_int_equal(http_address_parse(SLICE("no host:80"), &address, &why), RESULT_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_print_as_parsed),
        cmocka_unit_test(test_bad_addresses_say_why),
        cmocka_unit_test(test_names_are_looked_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

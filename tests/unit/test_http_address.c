/* Listen addresses: server.listen and admin.listen (spec/operations.md "Configuration"). */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "http/address.h"

static void test_addresses_print_as_parsed(void **state)
{
    (void)state;
    static const char *const rows[] = {"127.0.0.1:8080",
                                       "0.0.0.0:0",
                                       "[::]:8080",
                                       "[::1]:65535",
                                       "unix:/run/portcullis.sock",
                                       "127.0.0.1:80 proxy_protocol=on",
                                       "[::]:80 proxy_protocol=on",
                                       "unix:/run/p.sock proxy_protocol=on"};
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
    static const char *const rows[] = {"",
                                       "8080",
                                       ":8080",
                                       "127.0.0.1",
                                       "127.0.0.1:",
                                       "1.2.3.4:65536",
                                       "1.2.3.4:x",
                                       "::1:8080",
                                       "[]:80",
                                       "[::1:80",
                                       "unix:",
                                       "1.2.3.4:80 x",
                                       "1.2.3.4:80 proxy_protocol",
                                       "1.2.3.4:80 proxy_protocol=yes",
                                       "proxy_protocol=on",
                                       "1.2.3.4:80 PROXY_PROTOCOL=ON"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_address address;
        const char *why = NULL;
        assert_int_equal(http_address_parse(slice_from(rows[i]), &address, &why), RESULT_INVALID);
        assert_true(strlen(why) > 0);
    }
}

/* auth-and-bans.md: "Where the listener says `proxy_protocol=on`"; said twice, the last counts. */
static void test_options_stand_behind_blanks(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_on;
    } rows[] = {
        {"1.2.3.4:80", false},
        {"1.2.3.4:80 proxy_protocol=off", false},
        {" \t1.2.3.4:80 \t proxy_protocol=on \t", true},
        {"1.2.3.4:80 proxy_protocol=on proxy_protocol=on", true},
        {"1.2.3.4:80 proxy_protocol=on proxy_protocol=off", false},
        {"unix:/run/p.sock proxy_protocol=off proxy_protocol=on", true},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct http_address address;
        const char *why = NULL;
        assert_int_equal(http_address_parse(slice_from(rows[i].text), &address, &why), RESULT_OK);
        assert_int_equal(address.has_proxy_protocol, rows[i].is_on);
    }
}

static void test_names_are_looked_up(void **state)
{
    (void)state;
    struct http_address address;
    const char *why = NULL;
    assert_int_equal(http_address_parse(SLICE("localhost:80"), &address, &why), RESULT_OK);
    assert_int_equal(http_address_parse(SLICE("-no-host:80"), &address, &why), RESULT_NOT_FOUND);
}

/* auth-and-bans.md, Bans: admin.token is asked for "wherever it listens beyond loopback". */
static void test_what_is_local(void **state)
{
    (void)state;
    static const char *const local[] = {"127.0.0.1:1", "127.8.9.1:1", "[::1]:1",
                                        "[::ffff:127.0.0.1]:1", "unix:/run/p.sock"};
    static const char *const beyond[] = {"0.0.0.0:1",      "[::]:1",  "10.0.0.1:1",
                                         "128.0.0.1:1",    "[::2]:1", "[::ffff:10.0.0.1]:1",
                                         "[::127.0.0.1]:1"};
    struct http_address address;
    const char *why = NULL;
    for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++) {
        assert_int_equal(http_address_parse(slice_from(local[i]), &address, &why), RESULT_OK);
        assert_true(http_address_is_local(&address));
    }
    for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
        assert_int_equal(http_address_parse(slice_from(beyond[i]), &address, &why), RESULT_OK);
        assert_false(http_address_is_local(&address));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_print_as_parsed),
        cmocka_unit_test(test_bad_addresses_say_why),
        cmocka_unit_test(test_options_stand_behind_blanks),
        cmocka_unit_test(test_names_are_looked_up),
        cmocka_unit_test(test_what_is_local),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

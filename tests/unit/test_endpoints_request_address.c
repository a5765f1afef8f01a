/* spec/auth-and-bans.md "The client's address", of a request with its fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "endpoints/request_address.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define FORWARDED(value)                                                                           \
    {                                                                                              \
        {"X-Forwarded-For", 15},                                                                   \
        {                                                                                          \
            value, sizeof(value) - 1                                                               \
        }                                                                                          \
    }
#define OTHER(name, value)                                                                         \
    {                                                                                              \
        {name, sizeof(name) - 1},                                                                  \
        {                                                                                          \
            value, sizeof(value) - 1                                                               \
        }                                                                                          \
    }

static void assert_client(const char *peer, struct http_field *fields, size_t count,
                          const char *wanted)
{
    struct http_request request = {.fields = fields, .field_count = count};
    struct network_list trusted;
    char printed[NETWORK_TEXT];
    arena_init(&request.arena);
    assert_true(network_list_parse(SLICE("10.0.0.0/8"), &request.arena, &trusted));
    if (peer)
        assert_true(network_address_parse(slice_from(peer), &request.peer));
    struct network_address found = client_address_of_request(&request, &trusted);
    network_address_print(&found, printed);
    assert_string_equal(network_address_is_known(&found) ? printed : "unix", wanted);
    arena_clear(&request.arena);
}

static void test_all_lines_count_in_their_order(void **state)
{
    (void)state;
    struct http_field fields[] = {
        OTHER("Host", "a"),
        FORWARDED("1.1.1.1, 10.0.0.9"),
        OTHER("X-Forwarded", "2.2.2.2"),
        OTHER("x-forwarded-FOR", "198.51.100.1"),
        FORWARDED("10.0.0.2"),
        OTHER("X-Forwarded-For-Not", "3.3.3.3"),
        OTHER("Forwarded", "for=4.4.4.4"),
    };
    assert_client("10.0.0.1", fields, COUNT(fields), "198.51.100.1");
    assert_client(NULL, fields, COUNT(fields), "198.51.100.1");
    assert_client("203.0.113.9", fields, COUNT(fields), "203.0.113.9");
    assert_client("10.0.0.1", fields, 3, "1.1.1.1");
}

static void test_without_a_line_the_peer_counts(void **state)
{
    (void)state;
    struct http_field fields[] = {OTHER("Host", "a"), OTHER("X-Real-IP", "198.51.100.1")};
    assert_client("10.0.0.1", fields, COUNT(fields), "10.0.0.1");
    assert_client("203.0.113.9", NULL, 0, "203.0.113.9");
    assert_client(NULL, fields, COUNT(fields), "unix");
    assert_client(NULL, NULL, 0, "unix");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_lines_count_in_their_order),
        cmocka_unit_test(test_without_a_line_the_peer_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

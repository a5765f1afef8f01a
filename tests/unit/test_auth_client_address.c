/* spec/auth-and-bans.md "The client's address". */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "auth/client_address.h"

enum { LINES = 4 };

static const char trusted_text[] = "10.0.0.0/8, 127.0.0.1, 2001:db8::/32";

/* peer NULL: a unix socket. */
static void assert_client(const char *peer_text, const struct slice *lines, size_t count,
                          const char *wanted)
{
    struct arena arena;
    struct network_list trusted;
    struct network_address peer = {{0}};
    char printed[NETWORK_TEXT];
    arena_init(&arena);
    assert_true(network_list_parse(slice_from(trusted_text), &arena, &trusted));
    if (peer_text)
        assert_true(network_address_parse(slice_from(peer_text), &peer));
    struct network_address found = client_address_find(&peer, lines, count, &trusted);
    network_address_print(&found, printed);
    assert_string_equal(network_address_is_known(&found) ? printed : "unix", wanted);
    arena_clear(&arena);
}

static void test_whom_the_lines_name(void **state)
{
    (void)state;
    static const struct {
        const char *peer;
        const char *lines[LINES];
        const char *client;
    } rows[] = {
        /* Who is not trusted is the client, whatever it says. */
        {"203.0.113.9", {NULL}, "203.0.113.9"},
        {"203.0.113.9", {"198.51.100.1"}, "203.0.113.9"},
        {"::ffff:203.0.113.9", {"10.0.0.1"}, "203.0.113.9"},
        /* A trusted peer's line. */
        {"10.0.0.1", {NULL}, "10.0.0.1"},
        {"10.0.0.1", {"198.51.100.1"}, "198.51.100.1"},
        {"::ffff:10.0.0.1", {"198.51.100.1"}, "198.51.100.1"},
        {"2001:db8::1", {"2001:db9::1"}, "2001:db9::1"},
        {NULL, {"198.51.100.1"}, "198.51.100.1"},
        {NULL, {NULL}, "unix"},
        /* The right-most that is not trusted; what a client wrote itself stands left of it. */
        {"10.0.0.1", {"1.1.1.1, 198.51.100.1"}, "198.51.100.1"},
        {"10.0.0.1", {"1.1.1.1, 198.51.100.1, 10.0.0.2, 10.0.0.3"}, "198.51.100.1"},
        {"10.0.0.1", {"10.0.0.9, 198.51.100.1"}, "198.51.100.1"},
        {"10.0.0.1", {"garbage, 198.51.100.1"}, "198.51.100.1"},
        /* None but trusted ones: the peer. */
        {"10.0.0.1", {"10.0.0.2, 10.0.0.3"}, "10.0.0.1"},
        {NULL, {"10.0.0.2"}, "unix"},
        /* Several lines are one list. */
        {"10.0.0.1", {"1.1.1.1", "198.51.100.1", "10.0.0.2"}, "198.51.100.1"},
        {"10.0.0.1", {"198.51.100.1", "", " , "}, "198.51.100.1"},
        {"10.0.0.1", {"198.51.100.1", "10.0.0.2,10.0.0.3"}, "198.51.100.1"},
        /* Blanks and empty parts. */
        {"10.0.0.1", {""}, "10.0.0.1"},
        {"10.0.0.1", {" ,, ,"}, "10.0.0.1"},
        {"10.0.0.1", {",\t198.51.100.1 , ,,"}, "198.51.100.1"},
        /* Ports, as Azure and IIS send them. */
        {"10.0.0.1", {"198.51.100.1:5678"}, "198.51.100.1"},
        {"10.0.0.1", {"198.51.100.1:5678, 10.0.0.7:1"}, "198.51.100.1"},
        {"10.0.0.1", {"[2001:db9::1]:80"}, "2001:db9::1"},
        {"10.0.0.1", {"[2001:db9::1]"}, "2001:db9::1"},
        {"10.0.0.1", {"::ffff:198.51.100.1"}, "198.51.100.1"},
        {"10.0.0.1", {"[::ffff:198.51.100.1]:80"}, "198.51.100.1"},
        {"10.0.0.1", {"198.51.100.1, ::ffff:10.0.0.2"}, "198.51.100.1"},
        /* Nothing left of garbage is believed. */
        {"10.0.0.1", {"198.51.100.1, unknown"}, "10.0.0.1"},
        {"10.0.0.1", {"198.51.100.1, unknown, 10.0.0.2"}, "10.0.0.2"},
        {"10.0.0.1", {"198.51.100.1", "_hidden"}, "10.0.0.1"},
        {"10.0.0.1", {"1.2.3.4:"}, "10.0.0.1"},
        {"10.0.0.1", {"1.2.3.4:65536"}, "10.0.0.1"},
        {"10.0.0.1", {"1.2.3.4:-1"}, "10.0.0.1"},
        {"10.0.0.1", {"1.2.3.4:http"}, "10.0.0.1"},
        {"10.0.0.1", {"1.2.3"}, "10.0.0.1"},
        {"10.0.0.1", {"1.2.3.4/32"}, "10.0.0.1"},
        {"10.0.0.1", {"1.2.3.4 5.6.7.8"}, "10.0.0.1"},
        {"10.0.0.1", {"\"1.2.3.4\""}, "10.0.0.1"},
        {"10.0.0.1", {"[1.2.3.4]"}, "10.0.0.1"},
        {"10.0.0.1", {"["}, "10.0.0.1"},
        {"10.0.0.1", {"[]"}, "10.0.0.1"},
        {"10.0.0.1", {"[::1"}, "10.0.0.1"},
        {"10.0.0.1", {"[::1]80"}, "10.0.0.1"},
        {"10.0.0.1", {"[::1]:"}, "10.0.0.1"},
        {"10.0.0.1", {":80"}, "10.0.0.1"},
        {"10.0.0.1", {"fe80::1%eth0"}, "10.0.0.1"},
        /* The unknown address would pass for a unix socket's. */
        {"10.0.0.1", {"::"}, "10.0.0.1"},
        {"10.0.0.1", {"[::]:80"}, "10.0.0.1"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice lines[LINES];
        size_t count = 0;
        for (; count < LINES && rows[i].lines[count]; count++)
            lines[count] = slice_from(rows[i].lines[count]);
        assert_client(rows[i].peer, lines, count, rows[i].client);
    }
}

static void test_bytes_that_are_no_text(void **state)
{
    (void)state;
    const struct slice nul = SLICE("1.2.3.4, 198.51.100.1\0");
    assert_client("10.0.0.1", &nul, 1, "10.0.0.1");
    const struct slice high = SLICE("\xff\xfe, \x80");
    assert_client("10.0.0.1", &high, 1, "10.0.0.1");
    const struct slice none = {NULL, 0};
    assert_client("10.0.0.1", &none, 1, "10.0.0.1");
}

/* Only so many proxies stand in a row: what is left of the 64th is neither read nor believed. */
static void test_hundreds_of_parts(void **state)
{
    (void)state;
    char text[16384] = "198.51.100.1";
    for (int i = 0; i < 63; i++)
        strcat(text, ",10.0.0.2");
    struct slice line = slice_from(text);
    assert_client("10.0.0.1", &line, 1, "198.51.100.1");
    for (int i = 63; i < 900; i++)
        strcat(text, ",10.0.0.2");
    line = slice_from(text);
    assert_client("10.0.0.1", &line, 1, "10.0.0.2");
    strcat(text, ",203.0.113.9");
    line = slice_from(text);
    assert_client("10.0.0.1", &line, 1, "203.0.113.9");
    memset(text, ',', sizeof(text));
    line = slice_of(text, sizeof(text));
    assert_client("10.0.0.1", &line, 1, "10.0.0.1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whom_the_lines_name),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_hundreds_of_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Addresses and networks: spec/auth-and-bans.md "The client's address", "Bans" (WHMCS's wildcards,
 * IPv6 by /64). */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/network.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

static struct network_address address_of(const char *text)
{
    struct network_address address = {{0}};
    assert_true(network_address_parse(slice_from(text), &address));
    return address;
}

static struct network network_of(const char *text)
{
    struct network network = {0};
    assert_true(network_parse(slice_from(text), &network));
    return network;
}

static void test_addresses_print_in_their_short_form(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"1.2.3.4", "1.2.3.4"},
        {"0.0.0.0", "0.0.0.0"},
        {"255.255.255.255", "255.255.255.255"},
        {"::1", "::1"},
        {"::", "::"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"::ffff:10.0.0.1", "10.0.0.1"},
        {"::ffff:a00:1", "10.0.0.1"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char printed[NETWORK_TEXT];
        struct network_address address = address_of(rows[i][0]);
        network_address_print(&address, printed);
        assert_string_equal(printed, rows[i][1]);
        struct network_address again = address_of(printed);
        assert_true(network_address_equal(&address, &again));
    }
}

static void test_what_is_no_address(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",          "1.2.3",    "1.2.3.4.5", "1.2.3.256",  "1.2.3.-4", "+1.2.3.4",     " 1.2.3.4",
        "1.2.3.4 ",  "01.2.3.4", "0x1.2.3.4", "1.2.3.4:80", "[::1]",    "fe80::1%eth0", "::1::",
        "1:2:3:4:5", ":::",      "g::1",      "1.2.3.4/32", "*",        "localhost",    "16909060",
    };
    struct network_address address;
    char huge[70000];
    memset(huge, '1', sizeof(huge));
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_false(network_address_parse(slice_from(rows[i]), &address));
    assert_false(network_address_parse(slice_of(huge, sizeof(huge)), &address));
    assert_false(network_address_parse(SLICE("1.2.3.4\0"), &address));
    assert_false(network_address_parse(SLICE("1.2.3.4\0.5"), &address));
    assert_false(network_address_parse(slice_of(NULL, 0), &address));
}

static void test_addresses_of_sockets(void **state)
{
    (void)state;
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    struct sockaddr local = {.sa_family = AF_UNIX};
    inet_pton(AF_INET, "10.1.2.3", &v4.sin_addr);
    struct network_address wanted = address_of("10.1.2.3");
    struct network_address found = network_address_from_socket((const struct sockaddr *)&v4);
    assert_true(network_address_equal(&found, &wanted));
    assert_true(network_address_is_v4(&found));
    inet_pton(AF_INET6, "::ffff:10.1.2.3", &v6.sin6_addr);
    found = network_address_from_socket((const struct sockaddr *)&v6);
    assert_true(network_address_equal(&found, &wanted));
    inet_pton(AF_INET6, "2001:db8::7", &v6.sin6_addr);
    wanted = address_of("2001:db8::7");
    found = network_address_from_socket((const struct sockaddr *)&v6);
    assert_true(network_address_equal(&found, &wanted));
    assert_false(network_address_is_v4(&found));
    found = network_address_from_socket(&local);
    assert_false(network_address_is_known(&found));
}

static void test_networks_print_as_they_parse_again(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"1.2.3.4", "1.2.3.4"},
        {"1.2.3.4/32", "1.2.3.4"},
        {"10.1.2.3/8", "10.0.0.0/8"},
        {"0.0.0.0/0", "0.0.0.0/0"},
        {"1.2.3.255/31", "1.2.3.254/31"},
        {"::/0", "::/0"},
        {"2001:db8::1/32", "2001:db8::/32"},
        {"2001:db8::1/128", "2001:db8::1"},
        {"::ffff:10.0.0.0/104", "10.0.0.0/8"},
        {"::ffff:10.0.0.1", "10.0.0.1"},
        {"::ffff:0:0/95", "::fffe:0:0/95"},
        {"189.123.*.*", "189.123.0.0/16"},
        {"*.*.*.*", "0.0.0.0/0"},
        {"1.*.3.*", "1.*.3.*"},
        {"*.2.3.4", "*.2.3.4"},
        {"2001:db8:1:2:*:*:*:*", "2001:db8:1:2::/64"},
        {"2001:*:1:2:3:4:5:*", "2001:*:1:2:3:4:5:*"},
        {"*:*:*:*:*:*:*:*", "::/0"},
        {"::2:3:4:5:6:*", "::2:3:4:5:6:0/112"},
        {"1:2::4:5:6:*:8", "1:2:0:4:5:6:*:8"},
        {"*:0:0:0:0:ffff:1:2", "*:0:0:0:0:ffff:1:2"},
        {"0:0:0:0:*:ffff:1:2", "0:0:0:0:*:ffff:1:2"},
        {"0:0:0:0:0:ffff:*:102", "*.*.1.2"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char printed[NETWORK_TEXT];
        struct network network = network_of(rows[i][0]);
        network_print(&network, printed);
        assert_string_equal(printed, rows[i][1]);
        struct network again = network_of(printed);
        assert_true(network_equal(&network, &again));
    }
}

static void test_what_is_no_network(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "/",
        "/8",
        "1.2.3.4/",
        "1.2.3.4/33",
        "1.2.3.4/-1",
        "1.2.3/8",
        "1.2.3.4/+8",
        "1.2.3.4/8/",
        "1.2.3.4/8 ",
        "::/129",
        "::1/99999999999",
        "*",
        "1.2.*",
        "1.2.3.**",
        "1.2.3.4*",
        "1.2.3.*4",
        "1.2.3.4.*",
        "*.*.*.*/8",
        "::*",
        "2001:*::",
        "fe80::1%eth0",
        "1:2:3:4:5:*:1.2.3.4",
        "*:*",
        "1:2:3:4:5:6:7:*:*",
        "1.2.3.4/255.0.0.0",
    };
    struct network network;
    char stars[70000];
    for (size_t i = 0; i < sizeof(stars); i++)
        stars[i] = i % 2 ? '.' : '*';
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_false(network_parse(slice_from(rows[i]), &network));
    assert_false(network_parse(slice_of(stars, sizeof(stars)), &network));
    assert_false(network_parse(SLICE("1.2.3.*\0"), &network));
    assert_false(network_parse(SLICE("1.2.3.4/8\0"), &network));
}

static void test_networks_hold_their_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *network;
        const char *address;
        bool is_held;
    } rows[] = {
        {"10.0.0.0/8", "10.255.255.255", true},
        {"10.0.0.0/8", "11.0.0.0", false},
        {"10.0.0.0/8", "::ffff:10.1.1.1", true},
        {"10.0.0.0/8", "a00::", false},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"1.2.3.4/31", "1.2.3.5", true},
        {"1.2.3.4/31", "1.2.3.6", false},
        {"2001:db8::/33", "2001:db8:7fff::", true},
        {"2001:db8::/33", "2001:db8:8000::", false},
        {"1.*.3.*", "1.200.3.4", true},
        {"1.*.3.*", "1.200.4.4", false},
        {"2001:*:1:2:3:4:5:*", "2001:ffff:1:2:3:4:5:6", true},
        {"2001:*:1:2:3:4:5:*", "2001:ffff:1:2:3:4:6:6", false},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct network network = network_of(rows[i].network);
        struct network_address address = address_of(rows[i].address);
        assert_int_equal(network_holds(&network, &address), rows[i].is_held);
    }
}

static void test_a_client_is_counted_by_address_or_by_64(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        unsigned prefix;
        const char *counted;
        bool is_single;
    } rows[] = {
        {"1.2.3.4", 64, "1.2.3.4", true},
        {"::ffff:1.2.3.4", 64, "1.2.3.4", true},
        {"2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::/64", false},
        {"2001:db8:1:2:3:4:5:6", 128, "2001:db8:1:2:3:4:5:6", true},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char printed[NETWORK_TEXT];
        struct network_address address = address_of(rows[i].address);
        struct network network = network_of_client(&address, rows[i].prefix);
        network_print(&network, printed);
        assert_string_equal(printed, rows[i].counted);
        assert_int_equal(network_is_single(&network), rows[i].is_single);
        assert_true(network_holds(&network, &address));
    }
}

static void test_lists(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_whole;
        size_t count;
    } rows[] = {
        {"", true, 0},
        {" , ,,\t", true, 0},
        {"10.0.0.0/8", true, 1},
        {" 10.0.0.0/8 ,, ::1,\t1.*.3.* ,", true, 3},
        {"10.0.0.0/8, localhost, ::1", false, 2},
        {"10.0.0.0/8 ::1", false, 0},
    };
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct network_list list;
        assert_int_equal(network_list_parse(slice_from(rows[i].text), &arena, &list),
                         rows[i].is_whole);
        assert_int_equal(list.count, rows[i].count);
    }
    struct network_list list;
    struct network_address inside = address_of("::1"), outside = address_of("::2");
    assert_true(network_list_parse(SLICE("10.0.0.0/8, ::1"), &arena, &list));
    assert_true(network_list_holds(&list, &inside));
    assert_false(network_list_holds(&list, &outside));
    arena_clear(&arena);
}

static void test_networks_contain_networks(void **state)
{
    (void)state;
    static const char *const inside[][2] = {
        {"10.0.0.0/8", "10.1.0.0/16"},  {"10.0.0.0/8", "10.0.0.0/8"},
        {"189.*.7.*", "189.1.7.9"},     {"189.*.7.*", "189.1.7.0/24"},
        {"::/0", "10.0.0.1"},           {"2001:db8::/32", "2001:db8:1:2::/64"},
        {"0.0.0.0/0", "::ffff:0:0/96"},
    };
    static const char *const outside[][2] = {
        {"10.1.0.0/16", "10.0.0.0/8"}, {"10.0.0.0/8", "11.0.0.0/16"}, {"189.*.7.*", "189.1.*.9"},
        {"0.0.0.0/0", "::/0"},         {"10.0.0.1", "10.0.0.0/31"},
    };
    for (size_t i = 0; i < COUNT(inside); i++) {
        struct network outer = network_of(inside[i][0]);
        struct network inner = network_of(inside[i][1]);
        assert_true(network_contains(&outer, &inner));
    }
    for (size_t i = 0; i < COUNT(outside); i++) {
        struct network outer = network_of(outside[i][0]);
        struct network inner = network_of(outside[i][1]);
        assert_false(network_contains(&outer, &inner));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_networks_contain_networks),
        cmocka_unit_test(test_addresses_print_in_their_short_form),
        cmocka_unit_test(test_what_is_no_address),
        cmocka_unit_test(test_addresses_of_sockets),
        cmocka_unit_test(test_networks_print_as_they_parse_again),
        cmocka_unit_test(test_what_is_no_network),
        cmocka_unit_test(test_networks_hold_their_addresses),
        cmocka_unit_test(test_a_client_is_counted_by_address_or_by_64),
        cmocka_unit_test(test_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

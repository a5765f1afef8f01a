/* auth-and-bans.md, "Bans": InvalidLoginBanLength and WhitelistedIPs of tblconfiguration. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "auth/ban_keeper_settings.h"
#include "captured_log.h"

static struct captured_log captured = {-1, -1};

static int end(void **state)
{
    (void)state;
    captured_log_end(&captured);
    return 0;
}

static struct slice text_of(const char *text)
{
    return text ? slice_from(text) : slice_of(NULL, 0);
}

/* Has anything changed? */
static bool set(struct ban_keeper_settings *settings, const char *length, const char *list)
{
    bool has_changed = false;
    assert_int_equal(
        ban_keeper_settings_set(settings, text_of(length), text_of(list), &has_changed), RESULT_OK);
    return has_changed;
}

/* "InvalidLoginBanLength minutes (15 where absent; 0 = never ban)"; garbage counts as absent. */
static void test_lengths(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool has_length;
        uint64_t length_ms;
    } cases[] = {{NULL, false, 0},
                 {"15", true, 900000},
                 {"0", true, 0},
                 {" 7\t", true, 420000},
                 {"007", true, 420000},
                 {"1440", true, 86400000},
                 {"52594920", true, UINT64_C(3155695200000)},
                 {"52594921", true, UINT64_C(3155695200000)},
                 {"18446744073709551615", true, UINT64_C(3155695200000)},
                 {"18446744073709551616", false, 0},
                 {"", false, 0},
                 {" ", false, 0},
                 {"-1", false, 0},
                 {"+1", false, 0},
                 {"1.5", false, 0},
                 {"15m", false, 0},
                 {"1e3", false, 0},
                 {"many", false, 0},
                 {"\xff", false, 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct ban_keeper_settings settings;
        ban_keeper_settings_init(&settings);
        assert_true(set(&settings, cases[i].text, NULL));
        assert_int_equal(settings.settings.has_length, cases[i].has_length);
        assert_int_equal(settings.settings.length_ms, cases[i].length_ms);
        ban_keeper_settings_clear(&settings);
    }
}

static bool is_listed(const struct ban_keeper_settings *settings, const char *text)
{
    struct network_address address;
    assert_true(network_address_parse(slice_from(text), &address));
    return network_list_holds(&settings->settings.whitelist, &address);
}

#define ENTRY(size, ip) "a:2:{s:2:\"ip\";s:" size ":\"" ip "\";s:4:\"note\";s:3:\"dev\";}"

/* "WhitelistedIPs (PHP-serialized list of arrays with ip and note)" */
static void test_whitelists(void **state)
{
    (void)state;
    struct ban_keeper_settings settings;
    ban_keeper_settings_init(&settings);
    set(&settings, NULL,
        " a:7:{i:0;" ENTRY("9", "127.0.0.1") "i:1;" ENTRY("12", "192.0.2.0/24") "i:2;" ENTRY("11", "189.123.*.*") "i:3;" ENTRY(
            "17",
            "2001:db8:1:2::/64") "i:4;" ENTRY("0",
                                              "") "i:5;" ENTRY("10",
                                                               " 10.0.0.1 ") "i:6;" ENTRY("4",
                                                                                          "host") "} ");
    assert_int_equal(settings.settings.whitelist.count, 5);
    static const char *const in[] = {"127.0.0.1",       "192.0.2.255", "189.123.9.9",
                                     "2001:db8:1:2::9", "10.0.0.1",    "::ffff:127.0.0.1"};
    static const char *const out[] = {"127.0.0.2", "192.0.3.0", "189.124.0.0", "2001:db8:1:3::"};
    for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
        assert_true(is_listed(&settings, in[i]));
    for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
        assert_false(is_listed(&settings, out[i]));
    ban_keeper_settings_clear(&settings);
}

/* A list that is none exempts nobody, nor do its good parts. */
static void test_garbage_lists(void **state)
{
    (void)state;
    static const char *const garbage[] = {
        NULL,
        "",
        "   ",
        "127.0.0.1",
        "[{\"ip\":\"127.0.0.1\"}]",
        "a:1:{i:0;" ENTRY("8", "127.0.0.1") "}",
        "a:2:{i:0;" ENTRY("9", "127.0.0.1") "}",
        "a:1:{i:0;" ENTRY("9", "127.0.0.1") "",
        "a:1:{i:0;O:8:\"stdClass\":1:{s:2:\"ip\";s:9:\"127.0.0.1\";}}",
        "\xff\xfe"};
    for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
        struct ban_keeper_settings settings;
        ban_keeper_settings_init(&settings);
        set(&settings, "15", garbage[i]);
        assert_int_equal(settings.settings.whitelist.count, 0);
        assert_true(settings.settings.has_length);
        ban_keeper_settings_clear(&settings);
    }
}

/* The shortest entries there can be, as many as fit. */
static void test_many_entries(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    struct ban_keeper_settings settings;
    struct buffer text = {0};
    bool has_changed;
    ban_keeper_settings_init(&settings);
    buffer_printf(&text, "a:1:{i:0;a:%d:{", MANY);
    for (int i = 0; i < MANY; i++)
        buffer_printf(&text, "s:2:\"ip\";s:%d:\"%s\";", i % 2 ? 2 : 0, i % 2 ? "::" : "");
    buffer_printf(&text, "}}");
    assert_int_equal(
        ban_keeper_settings_set(&settings, slice_of(NULL, 0), buffer_slice(&text), &has_changed),
        RESULT_OK);
    assert_int_equal(settings.settings.whitelist.count, MANY / 2);
    buffer_clear(&text);
    ban_keeper_settings_clear(&settings);
}

/* Read every few seconds: only what has changed is worked out, and told of, once. */
static void test_only_changes_count(void **state)
{
    (void)state;
    struct ban_keeper_settings settings;
    ban_keeper_settings_init(&settings);
    captured_log_begin(&captured);
    assert_true(set(&settings, NULL, NULL));
    assert_false(set(&settings, NULL, NULL));
    assert_true(set(&settings, "", NULL));
    assert_true(set(&settings, "many", "garbage"));
    assert_false(set(&settings, "many", "garbage"));
    assert_true(set(&settings, "15", "garbage"));
    assert_true(set(&settings, "15", "a:1:{i:0;" ENTRY("4", "host") "}"));
    assert_true(set(&settings, "16", "a:1:{i:0;" ENTRY("4", "host") "}"));
    assert_false(set(&settings, "16", "a:1:{i:0;" ENTRY("4", "host") "}"));
    size_t lengths = captured_log_count(&captured, "InvalidLoginBanLength");
    size_t lists = captured_log_count(&captured, "ban_whitelist");
    captured_log_end(&captured);
    assert_int_equal(lengths, 2);
    assert_int_equal(lists, 2);
    ban_keeper_settings_clear(&settings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_whitelists),
        cmocka_unit_test(test_garbage_lists),
        cmocka_unit_test(test_many_entries),
        cmocka_unit_test_teardown(test_only_changes_count, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

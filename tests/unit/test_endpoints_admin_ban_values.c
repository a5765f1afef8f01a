/* What people write of bans, and how it comes in: spec/auth-and-bans.md, Bans ("by hand"). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "endpoints/admin_ban_values.h"
#include "endpoints/admin_parameters.h"

static struct arena arena;
static struct problem problem;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    problem_init(&problem, &arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

/* A refusal is 400, names the field, says something; then all is well again. */
static void expect_refusal(bool is_good, const char *field)
{
    assert_false(is_good);
    assert_int_equal(problem.status, 400);
    assert_non_null(problem.first);
    assert_int_equal(problem.first->field.size, strlen(field));
    assert_memory_equal(problem.first->field.data, field, strlen(field));
    assert_true(problem.first->detail.size > 0);
    problem_init(&problem, &arena);
}

static void test_networks(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *printed;
        bool is_v6_address;
    } good[] = {
        {"192.0.2.7", "192.0.2.7", false},
        {"::ffff:192.0.2.7", "192.0.2.7", false},
        {"192.0.2.7/24", "192.0.2.0/24", false},
        {"192.0.2.7/32", "192.0.2.7", false},
        {"189.*.7.*", "189.*.7.*", false},
        {"2001:db8::7", "2001:db8::7", true},
        {"2001:db8::7/128", "2001:db8::7", false},
        {"2001:db8:1:2::/64", "2001:db8:1:2::/64", false},
        {"2001:db8:1:2:*:*:*:*", "2001:db8:1:2::/64", false},
    };
    static const char *const bad[] = {
        "",  " ",          "999.1.1.1",  "192.0.2.7/33",    "192.0.2",         "example.com",
        "*", "192.0.2.7/", "192.0.2.7 ", "1.2.3.4,5.6.7.8", "2001:db8::7/129", "-1"};
    struct admin_ban_network network;
    char printed[NETWORK_TEXT];
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(
            admin_ban_read_network(slice_from(good[i].text), SLICE("network"), &network, &problem));
        network_print(&network.network, printed);
        assert_string_equal(printed, good[i].printed);
        assert_int_equal(network.is_v6_address, good[i].is_v6_address);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        expect_refusal(
            admin_ban_read_network(slice_from(bad[i]), SLICE("network"), &network, &problem),
            "network");
    expect_refusal(
        admin_ban_read_network(slice_of("1.2.3.4\0x", 9), SLICE("network"), &network, &problem),
        "network");
}

static void test_nobody_bans_everybody(void **state)
{
    (void)state;
    static const char *const all[] = {"0.0.0.0/0", "1.2.3.4/0", "*.*.*.*",
                                      "::/0",      "::/1",      "::ffff:0:0/96"};
    static const char *const parts[] = {"0.0.0.0/1", "128.0.0.0/1", "8000::/1", "2000::/3",
                                        "10.*.*.*"};
    struct admin_ban_network network;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        assert_true(
            admin_ban_read_network(slice_from(all[i]), SLICE("network"), &network, &problem));
        expect_refusal(admin_ban_check_network(&network.network, &problem), "network");
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        assert_true(
            admin_ban_read_network(slice_from(parts[i]), SLICE("network"), &network, &problem));
        assert_true(admin_ban_check_network(&network.network, &problem));
    }
}

static void test_lengths(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {{"1s", 1000},     {"15m", 900000}, {"15 m", 900000},
                {"1000ms", 1000}, {"2h", 7200000}, {"87600h", UINT64_C(315360000000)}};
    static const char *const bad[] = {"",      "0",     "0s", "999ms",  "15",           "15M",
                                      "-1m",   "1.5h",  "m",  "87601h", "99999999999h", "1d",
                                      "later", "1h 30m"};
    uint64_t ms;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_true(admin_ban_read_length(slice_from(good[i].text), &ms, &problem));
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        expect_refusal(admin_ban_read_length(slice_from(bad[i]), &ms, &problem), "length");
}

static void test_reasons(void **state)
{
    (void)state;
    char longest[257];
    memset(longest, 'x', sizeof(longest));
    assert_true(admin_ban_check_reason(SLICE(""), &problem));
    assert_true(admin_ban_check_reason(SLICE("zgłoszono: \"nadużycie\" <b>"), &problem));
    assert_true(admin_ban_check_reason(slice_of(longest, 255), &problem));
    expect_refusal(admin_ban_check_reason(slice_of(longest, 256), &problem), "reason");
    expect_refusal(admin_ban_check_reason(SLICE("two\nlines"), &problem), "reason");
    expect_refusal(admin_ban_check_reason(SLICE("nul\0"), &problem), "reason");
    expect_refusal(admin_ban_check_reason(SLICE("\x7f"), &problem), "reason");
}

static void test_limits(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "0", "-1", "10001", "1e3", " 5", "99999999999999999999"};
    size_t limit = 0;
    assert_true(admin_ban_read_limit(SLICE("1"), &limit, &problem));
    assert_int_equal(limit, 1);
    assert_true(admin_ban_read_limit(SLICE("10000"), &limit, &problem));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        expect_refusal(admin_ban_read_limit(slice_from(bad[i]), &limit, &problem), "limit");
    assert_int_equal(limit, 10000);
}

/* --- parameters ---------------------------------------------------------------------------- */

static bool read_text(const char *text, bool is_json, struct admin_parameter rows[2])
{
    const struct admin_parameters parameters = {rows, 2};
    rows[0] = (struct admin_parameter){.name = SLICE("network")};
    rows[1] = (struct admin_parameter){.name = SLICE("length")};
    return is_json ? admin_parameters_read_json(&parameters, slice_from(text), &problem)
                   : admin_parameters_read_form(&parameters, slice_from(text), &problem);
}

static void test_forms_and_json_mean_the_same(void **state)
{
    (void)state;
    struct admin_parameter rows[2];
    assert_true(read_text("network=10.0.0.0%2F8&length=1+h", false, rows));
    assert_true(slice_equal(rows[0].value, SLICE("10.0.0.0/8")));
    assert_true(slice_equal(rows[1].value, SLICE("1 h")));
    assert_true(read_text(" {\"length\":\"1 h\",\"network\":\"10.0.0.0\\/8\"} ", true, rows));
    assert_true(slice_equal(rows[0].value, SLICE("10.0.0.0/8")));
    assert_true(slice_equal(rows[1].value, SLICE("1 h")));
    assert_true(read_text("", false, rows));
    assert_null(rows[0].value.data);
    assert_true(read_text("{}", true, rows));
    assert_null(rows[0].value.data);
    assert_true(read_text("network=", false, rows));
    assert_non_null(rows[0].value.data);
    assert_true(read_text("{\"network\":\"\"}", true, rows));
    assert_non_null(rows[0].value.data);
}

static void test_wrong_parameters(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_json;
        const char *field;
    } rows[] = {
        {"netwrok=1.2.3.4", false, "netwrok"},
        {"=1.2.3.4", false, ""},
        {"network=1.2.3.4&network=1.2.3.4", false, "network"},
        {"network=%ff", false, "network"},
        {"{\"netwrok\":\"1.2.3.4\"}", true, "netwrok"},
        {"{\"network\":7}", true, "network"},
        {"{\"network\":null}", true, "network"},
        {"{\"network\":[\"1.2.3.4\"]}", true, "network"},
        {"{\"network\":{}}", true, "network"},
        {"[\"1.2.3.4\"]", true, "body"},
        {"\"1.2.3.4\"", true, "body"},
        {"{\"network\":\"1.2.3.4\"", true, "body"},
        {"{\"network\":\"1.2.3.4\"}x", true, "body"},
        {"{\"network\":\"\xff\"}", true, "body"},
        {"[[[[[]]]]]", true, "body"},
        {"", true, "body"},
        {"network=1.2.3.4", true, "body"},
    };
    struct admin_parameter read[2];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect_refusal(read_text(rows[i].text, rows[i].is_json, read), rows[i].field);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_networks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_nobody_bans_everybody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lengths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_reasons, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_forms_and_json_mean_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_wrong_parameters, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

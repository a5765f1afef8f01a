/* spec/abuse-api.md, "Request" and "Answer": the meaning of the variables, and the order in which
 * they are judged: action, missing, values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "abuse/report.h"

struct judged {
    struct arena arena;
    struct report report;
    struct report_refusal refusal;
};

/* The least report, with one variable as text says; NULL: not given. */
static struct judged *judge(struct judged *judged, const struct abuse_map *map,
                            enum report_variable variable, const char *text)
{
    struct report_variables variables = {.given = {[REPORT_ACTION] = {.text = SLICE("create")},
                                                   [REPORT_SERVICE_ID] = {.text = SLICE("12")},
                                                   [REPORT_CATEGORY] = {.text = SLICE("spam")}}};
    variables.given[variable] = (struct report_given){.text = slice_from(text)};
    arena_init(&judged->arena);
    report_refusal_init(&judged->refusal, &judged->arena);
    bool is_read = report_read(&variables, map, &judged->arena, &judged->report, &judged->refusal);
    assert_true(is_read != report_is_refused(&judged->refusal));
    return judged;
}

static void assert_code(enum report_variable variable, const char *text, enum report_code code)
{
    struct judged judged;
    judge(&judged, NULL, variable, text);
    assert_int_equal(judged.refusal.code, code);
    arena_clear(&judged.arena);
}

static void test_codes(void **state)
{
    (void)state;
    assert_code(REPORT_ACTION, "create", REPORT_FINE);
    assert_code(REPORT_ACTION, " create\n", REPORT_FINE);
    assert_code(REPORT_ACTION, NULL, REPORT_BAD_ACTION);
    assert_code(REPORT_ACTION, "CREATE", REPORT_BAD_ACTION);
    assert_code(REPORT_CATEGORY, " ", REPORT_MISSING);
    assert_code(REPORT_SERVICE_ID, NULL, REPORT_MISSING);
    assert_code(REPORT_SERVICE_ID, "+12", REPORT_BAD_VALUE);
    assert_code(REPORT_SERVICE_ID, "00012", REPORT_FINE);
    assert_code(REPORT_SERVICE_ID, "9223372036854775807", REPORT_FINE);
    assert_code(REPORT_SERVICE_ID, "9223372036854775808", REPORT_BAD_VALUE);
    assert_code(REPORT_SERVICE_ID, "18446744073709551617", REPORT_BAD_VALUE);
    assert_code(REPORT_SUSPEND_METHOD, "timelimit", REPORT_FINE);
    assert_code(REPORT_SUSPEND_METHOD, "time limit", REPORT_BAD_VALUE);
    assert_code(REPORT_ALLOW_UNSUSPEND, "oN", REPORT_FINE);
    assert_code(REPORT_ALLOW_UNSUSPEND, "t", REPORT_BAD_VALUE);
    assert_code(REPORT_SERVICE_IP, "::", REPORT_FINE);
    assert_code(REPORT_SERVICE_IP, "1.2.3", REPORT_BAD_VALUE);
}

static void test_meaning(void **state)
{
    (void)state;
    struct judged judged;
    judge(&judged, NULL, REPORT_SUSPEND_METHOD, "suspend");
    assert_true(judged.report.is_vendors_suspend);
    assert_int_equal(judged.report.suspend, REPORT_NOSUSPEND);
    arena_clear(&judged.arena);
    judge(&judged, NULL, REPORT_SERVICE_IP, "::FFFF:1.2.3.4");
    assert_true(slice_equal(judged.report.service_ip, SLICE("1.2.3.4")));
    arena_clear(&judged.arena);
    judge(&judged, NULL, REPORT_ADDITIONAL_INFO, " kept \n");
    assert_true(slice_equal(judged.report.additional_info, SLICE(" kept \n")));
    arena_clear(&judged.arena);
}

static void test_what_a_column_holds(void **state)
{
    (void)state;
    static const struct schema_column category = {
        .type = SCHEMA_TEXT, .type_text = SLICE("varchar(5)"), .takes_unicode = true, .length = 5};
    static const struct schema_column notes = {.type = SCHEMA_TEXT,
                                               .type_text = SLICE("tinytext"),
                                               .takes_unicode = true,
                                               .takes_four_bytes = true,
                                               .length = 8};
    const struct abuse_map map = {
        .columns = {[ABUSE_CATEGORY] = &category, [ABUSE_ADMIN_NOTES] = &notes}};
    static const struct {
        enum report_variable variable;
        const char *text;
        enum report_code code;
    } rows[] = {
        {REPORT_CATEGORY, "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc", REPORT_FINE},
        {REPORT_CATEGORY, "123456", REPORT_BAD_VALUE},
        {REPORT_CATEGORY, "\xf0\x9f\x94\xa5", REPORT_BAD_VALUE},
        {REPORT_ADMIN_NOTES, "\xf0\x9f\x94\xa5", REPORT_FINE},
        {REPORT_ADMIN_NOTES, "\xf0\x9f\x94\xa5\xf0\x9f\x94\xa5x", REPORT_BAD_VALUE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct judged judged;
        judge(&judged, &map, rows[i].variable, rows[i].text);
        assert_int_equal(judged.refusal.code, rows[i].code);
        arena_clear(&judged.arena);
    }
}

/* A long wrong value is cut between characters. */
static void test_what_is_shown(void **state)
{
    (void)state;
    char text[128] = "x";
    struct judged judged;
    for (size_t i = 0; i < 60; i++)
        memcpy(text + 1 + 2 * i, "\xc3\xbc", 3);
    judge(&judged, NULL, REPORT_SUSPEND_METHOD, text);
    assert_non_null(strstr(judged.refusal.description.data, "\xc3\xbc\xe2\x80\xa6\" (allowed"));
    arena_clear(&judged.arena);
}

static void test_hash(void **state)
{
    (void)state;
    struct report report = {.service_id = 12, .category = SLICE("a"), .admin_notes = SLICE("b")};
    char first[REPORT_HASH_TEXT], second[REPORT_HASH_TEXT];
    assert_true(report_hash(&report, first) && report_hash(&report, second));
    assert_string_equal(first, second);
    report.category = SLICE("a1:b");
    report.admin_notes = SLICE("");
    assert_true(report_hash(&report, second));
    assert_string_not_equal(first, second);
}

static void test_envelope(void **state)
{
    (void)state;
    struct arena arena;
    struct report_refusal refusal;
    struct buffer text;
    arena_init(&arena);
    buffer_init(&text);
    report_refusal_init(&refusal, &arena);
    report_refuse(&refusal, REPORT_MISSING, "Missing \"%s\"\n", "x\xff");
    report_refuse(&refusal, REPORT_BANNED, "later");
    report_refusal_print(&refusal, &text);
    report_success_print(92, &text);
    assert_int_equal(refusal.status, 400);
    assert_true(
        slice_equal(buffer_slice(&text),
                    SLICE("{\"status\":\"error\",\"error_code\":\"AMP003\",\"error_description\":"
                          "\"Missing \\u0022x\xef\xbf\xbd\\u0022\\u000a\"}"
                          "{\"status\":\"success\",\"report_id\":92}")));
    buffer_clear(&text);
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),
        cmocka_unit_test(test_meaning),
        cmocka_unit_test(test_what_a_column_holds),
        cmocka_unit_test(test_what_is_shown),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_envelope),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

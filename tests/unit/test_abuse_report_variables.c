/* spec/abuse-api.md, "Request": forms, multipart and JSON give the same variables; action may be in
 * the query, and the body wins. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "abuse/report_variables.h"

static const struct slice form = SLICE("application/x-www-form-urlencoded");
static const struct slice json = SLICE("application/json");

struct sent {
    struct arena arena;
    struct report_variables variables;
    struct report_refusal refusal;
    bool is_read;
};

static struct sent *read_sent(struct sent *sent, struct slice query, struct slice type,
                              struct slice text)
{
    const struct report_body body = {.content_type = type, .bytes = text};
    arena_init(&sent->arena);
    report_refusal_init(&sent->refusal, &sent->arena);
    sent->is_read =
        report_variables_read(&sent->arena, query, &body, &sent->variables, &sent->refusal);
    assert_true(sent->is_read != report_is_refused(&sent->refusal));
    return sent;
}

static void assert_given(const struct sent *sent, enum report_variable variable, const char *text)
{
    const struct report_given *given = &sent->variables.given[variable];
    assert_false(given->is_many);
    assert_int_equal(given->text.size, strlen(text));
    if (given->text.size)
        assert_memory_equal(given->text.data, text, given->text.size);
}

static void test_form(void **state)
{
    (void)state;
    struct sent sent;
    read_sent(&sent, SLICE("action=x&service_id=9"), form,
              SLICE("category=a&category=%C3%BC+b&service_id=12&other=1&admin_notes"));
    assert_true(sent.is_read);
    assert_given(&sent, REPORT_ACTION, "x");
    assert_given(&sent, REPORT_CATEGORY, "\xc3\xbc b");
    assert_given(&sent, REPORT_SERVICE_ID, "12");
    assert_given(&sent, REPORT_ADMIN_NOTES, "");
    arena_clear(&sent.arena);
}

static void test_the_body_s_action_wins(void **state)
{
    (void)state;
    struct sent sent;
    read_sent(&sent, SLICE("action=x"), form, SLICE("action=create"));
    assert_given(&sent, REPORT_ACTION, "create");
    arena_clear(&sent.arena);
    read_sent(&sent, SLICE("%ff=1&action=x"), form, SLICE("category=y"));
    assert_true(sent.is_read);
    assert_given(&sent, REPORT_ACTION, "");
    arena_clear(&sent.arena);
}

static void test_brackets_make_a_list(void **state)
{
    (void)state;
    struct sent sent;
    read_sent(&sent, SLICE(""), form,
              SLICE("category=a&category[]=b&service_id[x]=1&service_id=2"));
    assert_true(sent.variables.given[REPORT_CATEGORY].is_many);
    assert_given(&sent, REPORT_SERVICE_ID, "2");
    arena_clear(&sent.arena);
}

static void test_json(void **state)
{
    (void)state;
    struct sent sent;
    read_sent(&sent, SLICE(""), json,
              SLICE("{\"service_id\":12,\"category\":\"\\u00fc\",\"allow_unsuspend\":true,"
                    "\"service_ip\":null,\"admin_notes\":[],\"additional_info\":{\"a\":1},"
                    "\"suspend_method\":\"x\",\"suspend_method\":false}"));
    assert_true(sent.is_read);
    assert_given(&sent, REPORT_SERVICE_ID, "12");
    assert_given(&sent, REPORT_CATEGORY, "\xc3\xbc");
    assert_given(&sent, REPORT_ALLOW_UNSUSPEND, "true");
    assert_given(&sent, REPORT_SUSPEND_METHOD, "false");
    assert_given(&sent, REPORT_SERVICE_IP, "");
    assert_true(sent.variables.given[REPORT_ADMIN_NOTES].is_many);
    assert_true(sent.variables.given[REPORT_ADDITIONAL_INFO].is_many);
    arena_clear(&sent.arena);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        struct slice type;
        struct slice text;
        int status; /* 0: none */
    } rows[] = {
        {SLICE("text/plain"), SLICE("x"), 415},
        {SLICE("text/plain"), SLICE(""), 0},
        {{NULL, 0}, SLICE("x"), 415},
        {SLICE("application/json; charset=utf-16"), SLICE("{}"), 415},
        {SLICE("application/json; x=\"y\"; charset = \"UTF-8\""), SLICE("{}"), 0},
        {SLICE("application/json; charset"), SLICE("{}"), 0},
        {SLICE("application/json; charset="), SLICE("{}"), 415},
        {SLICE("application/json"), SLICE("[]"), 400},
        {SLICE("application/json"), SLICE("{"), 400},
        {SLICE("application/x-www-form-urlencoded"), SLICE("a=%ff"), 400},
        {SLICE("multipart/form-data"), SLICE("x"), 400},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sent sent;
        read_sent(&sent, SLICE(""), rows[i].type, rows[i].text);
        assert_int_equal(sent.refusal.status, rows[i].status);
        arena_clear(&sent.arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form),
        cmocka_unit_test(test_the_body_s_action_wins),
        cmocka_unit_test(test_brackets_make_a_list),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

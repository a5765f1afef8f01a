/* abuse-api.md, "Suspension": {"result":"success"} or {"result":"error","message":"..."}; the
 * secret is never logged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "abuse/whmcs_answer.h"
#include "base/utf8.h"

static const struct whmcs_secrets secrets = {SLICE("IDENT"), SLICE("s3cret")};

/* Reads a copy of exactly the body's bytes, so that a sanitizer sees one read too many. */
static bool read_answer(int status, struct slice body, struct buffer *error)
{
    char *copy = malloc(body.size ? body.size : 1);
    memcpy(copy, body.data, body.size);
    const struct whmcs_answer answer = {status, slice_of(copy, body.size)};
    bool is_good = whmcs_answer_read(&answer, &secrets, error);
    free(copy);
    return is_good;
}

static void check(int status, const char *body, bool is_good, const char *expected)
{
    struct buffer error;
    buffer_init(&error);
    assert_int_equal(read_answer(status, slice_from(body), &error), is_good);
    buffer_append_char(&error, '\0');
    if (strncmp(error.data, expected, strlen(expected)) != 0 || (!*expected && *error.data))
        fail_msg("%s: %s", body, error.data);
    buffer_clear(&error);
}

static void test_successes(void **state)
{
    (void)state;
    check(200, "{\"result\":\"success\"}", true, "");
    check(201, " {\"x\":[1,{}],\"result\":\"success\",\"message\":\"error\"}\r\n ", true, "");
    check(200, "\xef\xbb\xbf{\"result\":\"success\"}", true, "");
    check(200, "{\"result\":\"error\",\"result\":\"success\"}", true, "");
}

static void test_refusals(void **state)
{
    (void)state;
    check(200, "{\"result\":\"error\",\"message\":\"Not Found\"}", false,
          "WHMCS refuses: Not Found");
    check(403, "{\"result\":\"error\",\"message\":\"Invalid IP\"}", false,
          "WHMCS refuses (HTTP 403): Invalid IP");
    check(200, "{\"result\":\"error\"}", false, "WHMCS refuses: without a message");
    check(200, "{\"result\":\"error\",\"message\":[]}", false, "WHMCS refuses: without a message");
    check(200, "{\"result\":\"error\",\"message\":\"a\\nb\\u001b[1m\\u007f\"}", false,
          "WHMCS refuses: a b [1m ");
}

static void test_what_is_no_answer(void **state)
{
    static const char *const bodies[] = {"",
                                         "success",
                                         "<html>{\"result\":\"success\"}",
                                         "{\"result\":\"success\"",
                                         "[]",
                                         "null",
                                         "\"success\"",
                                         "{\"result\":\"Success\"}",
                                         "{}",
                                         "{\"result\":true}",
                                         "{\"result\":[\"success\"]}",
                                         "{\"result\":\"success\"} x",
                                         "\xef\xbb\xbf",
                                         "{\"result\":\"success\",\"x\":\"\xff\"}"};
    (void)state;
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        check(200, bodies[i], false, "HTTP 200, and no answer of WHMCS's API: is abuse.whmcs_url");
    check(502, "Bad Gateway", false, "HTTP 502, and no answer of WHMCS's API");
    check(500, "{\"result\":\"success\"}", false, "HTTP 500");
    check(302, "{\"result\":\"success\"}", false, "HTTP 302: a redirect");
    check(0, "{\"result\":\"success\"}", false, "HTTP 0");
}

/* Nesting, names and size are bounded. */
static void test_deep_and_wide(void **state)
{
    struct buffer body;
    struct buffer error;
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        buffer_init(&body);
        buffer_init(&error);
        buffer_printf(&body, "{\"result\":\"success\",\"x\":[");
        for (int i = 0; i < 30000; i++)
            buffer_printf(&body, kind ? "[" : "0,");
        assert_false(read_answer(200, buffer_slice(&body), &error));
        buffer_clear(&body);
        buffer_clear(&error);
    }
}

static void test_secrets_are_starred_over(void **state)
{
    struct buffer out;
    (void)state;
    buffer_init(&out);
    whmcs_append_shown(&out, SLICE("IDENT s3crets3cret-IDENTIDENT s3cre"), &secrets);
    assert_int_equal(out.size, strlen("***** ************-********** s3cre"));
    assert_memory_equal(out.data, "***** ************-********** s3cre", out.size);
    buffer_clear(&out);
    /* Not even half of one stays where the text is cut. */
    char text[WHMCS_ANSWER_MOST_TEXT + 3];
    memset(text, 'x', sizeof(text));
    memcpy(text + sizeof(text) - 6, "s3cret", 6);
    whmcs_append_shown(&out, slice_of(text, sizeof(text)), &secrets);
    buffer_append_char(&out, '\0');
    assert_null(strstr(out.data, "s3"));
    buffer_clear(&out);
    whmcs_append_shown(&out, SLICE("abc"), &(struct whmcs_secrets){{"", 0}, {"", 0}});
    assert_memory_equal(out.data, "abc", 3);
    buffer_clear(&out);
}

static void test_long_text_is_cut_between_characters(void **state)
{
    struct buffer text;
    struct buffer out;
    (void)state;
    for (int shift = 0; shift < 4; shift++) {
        buffer_init(&text);
        buffer_init(&out);
        for (int i = 0; i < shift; i++)
            buffer_append_char(&text, 'x');
        for (int i = 0; i < 1000; i++)
            buffer_printf(&text, "\xf0\x9f\x98\x80");
        whmcs_append_shown(&out, buffer_slice(&text), &secrets);
        assert_true(utf8_is_valid(buffer_slice(&out)));
        assert_in_range(out.size, WHMCS_ANSWER_MOST_TEXT - 4, WHMCS_ANSWER_MOST_TEXT + 6);
        buffer_clear(&text);
        buffer_clear(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_successes),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_what_is_no_answer),
        cmocka_unit_test(test_deep_and_wide),
        cmocka_unit_test(test_secrets_are_starred_over),
        cmocka_unit_test(test_long_text_is_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

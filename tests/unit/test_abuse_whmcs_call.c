/* abuse-api.md, "Suspension": what of the settings decides whether WHMCS is asked, and how. The
 * calls themselves are in tests/api/test_outbox_answers.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "abuse/whmcs_call.h"

static struct config_abuse settings(char *url, char *identifier, char *secret)
{
    static char none[] = "";
    return (struct config_abuse){
        .whmcs_url = url, .whmcs_identifier = identifier, .whmcs_secret = secret, .whmcs_ca = none};
}

static void test_all_three_are_needed(void **state)
{
    char x[] = "x";
    char none[] = "";
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        const struct config_abuse config =
            settings(i & 1 ? x : none, i & 2 ? x : none, i & 4 ? x : none);
        assert_int_equal(whmcs_is_configured(&config), i == 7);
    }
}

static void test_plain_text_beyond_this_machine(void **state)
{
    static struct {
        char url[48];
        bool is_clear;
    } cases[] = {
        {"https://panel.example.com", false},
        {"https://127.0.0.1/", false},
        {"http://panel.example.com", true},
        {"http://panel.example.com:80/x", true},
        {"http://127.0.0.1", false},
        {"http://127.9.9.9:8080/whmcs/", false},
        {"http://localhost", false},
        {"http://LOCALHOST:81/", false},
        {"http://localhost.example.com", true},
        {"http://[::1]", false},
        {"http://[::1]:8080/x", false},
        {"http://[2001:db8::1]:8080", true},
        {"http://10.0.0.1/127.0.0.1", true},
        {"http://127.0.0.1.nip.io/", true},
        {"http://127.example.com:8080", true},
        {"http://127.0.0.", true},
        {"http://[0:0:0:0:0:0:0:1]/x", false},
        {"http://[::1", true},
        {"http://[]", true},
        {"", false},
    };
    char x[] = "x";
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct config_abuse config = settings(cases[i].url, x, x);
        if (whmcs_is_in_the_clear(&config) != cases[i].is_clear)
            fail_msg("%s", cases[i].url);
    }
}

/* A call that is to end before it has begun ends. */
static void test_an_interrupted_call(void **state)
{
    char url[] = "http://127.0.0.1:9/";
    char x[] = "x";
    const struct config_abuse config = settings(url, x, x);
    const struct whmcs_field field = {"action", SLICE("ModuleSuspend")};
    atomic_bool is_ending;
    struct buffer error;
    (void)state;
    atomic_init(&is_ending, true);
    buffer_init(&error);
    struct whmcs_caller *caller = whmcs_caller_create(&config, &is_ending);
    assert_non_null(caller);
    enum whmcs_outcome outcome = whmcs_call(caller, &field, 1, 1000, &error);
    assert_true(outcome == WHMCS_INTERRUPTED || outcome == WHMCS_FAILED);
    atomic_store(&is_ending, false);
    buffer_clear(&error);
    assert_int_equal(whmcs_call(caller, &field, 1, 1000, &error), WHMCS_FAILED);
    assert_true(error.size > 0);
    buffer_clear(&error);
    whmcs_caller_destroy(caller);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_three_are_needed),
        cmocka_unit_test(test_plain_text_beyond_this_machine),
        cmocka_unit_test(test_an_interrupted_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

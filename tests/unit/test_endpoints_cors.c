/* spec/remote-api.md section 2: CORS when http.cors_origins is set; the Fetch standard. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "endpoints/cors.h"

static struct slice field_of(const struct http_response *response, struct slice name)
{
    for (size_t i = 0; i < response->field_count; i++)
        if (slice_equal_nocase(response->fields[i].name, name))
            return response->fields[i].value;
    return slice_of(NULL, 0);
}

/* Answers a request with that Origin (NULL: none) under that setting. */
static struct http_response answer(const char *origins, const char *origin, bool is_preflight)
{
    static struct config config;
    struct http_field field = {SLICE("Origin"), slice_from(origin)};
    struct http_request request = {.fields = &field, .field_count = origin ? 1 : 0};
    struct http_response response = {.status = 200};
    config.http.cors_origins = (char *)(uintptr_t)origins;
    if (is_preflight)
        cors_add_preflight_fields(&request, &config, SLICE("GET, HEAD, OPTIONS"), &response);
    else
        cors_add_fields(&request, &config, &response);
    return response;
}

static bool is_allowed(const char *origins, const char *origin)
{
    struct http_response plain = answer(origins, origin, false);
    struct http_response preflight = answer(origins, origin, true);
    struct slice echoed = field_of(&plain, SLICE("Access-Control-Allow-Origin"));
    bool has_methods = field_of(&preflight, SLICE("Access-Control-Allow-Methods")).data != NULL;
    if (echoed.data)
        assert_true(slice_equal(echoed, slice_from(origin)));
    assert_true((echoed.data != NULL) == has_methods);
    return echoed.data != NULL;
}

static void test_origins(void **state)
{
    (void)state;
    static const char two[] = "https://a.example, http://b.example:8080";
    assert_true(is_allowed(two, "https://a.example"));
    assert_true(is_allowed(two, "http://b.example:8080"));
    assert_true(is_allowed("*", "https://anything.example"));
    assert_true(is_allowed("null", "null"));
    static const char *const strangers[] = {"http://a.example",
                                            "https://a.example:443",
                                            "https://a.example.evil",
                                            "https://A.example",
                                            "http://b.example",
                                            "null",
                                            "",
                                            "https://a.example, ",
                                            "https://a.exampl"};
    for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++)
        assert_false(is_allowed(two, strangers[i]));
    assert_false(is_allowed(two, NULL));
    assert_false(is_allowed(",", ""));
}

/* Unset: not a word of it, so that nothing learns that the gateway knows CORS. */
static void test_off(void **state)
{
    (void)state;
    assert_int_equal(answer("", "https://a.example", false).field_count, 0);
    assert_int_equal(answer("", "https://a.example", true).field_count, 0);
}

/* Never credentials; a cache must not give one origin's answer to another. */
static void test_fields(void **state)
{
    (void)state;
    struct http_response plain = answer("https://a.example", "https://a.example", false);
    struct http_response preflight = answer("https://a.example", "https://a.example", true);
    struct http_response stranger = answer("https://a.example", "https://b.example", false);
    assert_true(slice_equal(field_of(&plain, SLICE("Vary")), SLICE("Origin")));
    assert_true(slice_equal(field_of(&stranger, SLICE("Vary")), SLICE("Origin")));
    assert_non_null(field_of(&plain, SLICE("Access-Control-Expose-Headers")).data);
    assert_true(slice_equal(field_of(&preflight, SLICE("Access-Control-Allow-Methods")),
                            SLICE("GET, HEAD, OPTIONS")));
    assert_non_null(field_of(&preflight, SLICE("Access-Control-Max-Age")).data);
    assert_null(field_of(&plain, SLICE("Access-Control-Allow-Credentials")).data);
    assert_null(field_of(&preflight, SLICE("Access-Control-Allow-Credentials")).data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_origins),
        cmocka_unit_test(test_off),
        cmocka_unit_test(test_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

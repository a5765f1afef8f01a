/* docs/decisions.md, "Answers": Server-Timing for those who prefer it (RFC 7240; W3C Server
 * Timing). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "endpoints/server_timing.h"

static bool wants(const char *name, const char *value)
{
    struct http_field fields[] = {{SLICE("Host"), SLICE("t")},
                                  {slice_from(name), slice_from(value)}};
    struct http_request request = {.fields = fields, .field_count = 2};
    return server_timing_is_wanted(&request);
}

static void test_only_who_prefers_it_wants_it(void **state)
{
    (void)state;
    assert_true(wants("Prefer", "server-timing"));
    assert_true(wants("PREFER", "return=minimal, Server-Timing ;x=1"));
    assert_true(wants("prefer", ",,server-timing,"));
    assert_false(wants("Prefer", ""));
    assert_false(wants("Prefer", "server-timing2"));
    assert_false(wants("Prefer", "server"));
    assert_false(wants("Prefer", "wait=server-timing"));
    assert_false(wants("Preferred", "server-timing"));
}

static void test_phases_are_milliseconds(void **state)
{
    (void)state;
    struct http_request request = {0};
    struct http_response response = {0};
    arena_init(&request.arena);
    request.phase_us[METRIC_PHASE_PARSE] = 7;
    request.phase_us[METRIC_PHASE_AUTH] = 75468;
    request.phase_us[METRIC_PHASE_DB] = UINT64_MAX;
    request.phase_us[METRIC_PHASE_WRITE] = 5;
    server_timing_add(&request, &response);
    assert_int_equal(response.field_count, 1);
    struct slice value = response.fields[0].value;
    struct slice wanted = SLICE("parse;dur=0.007, auth;dur=75.468, queue;dur=0.000, "
                                "db;dur=18446744073709551.615, render;dur=0.000");
    assert_true(slice_equal(response.fields[0].name, SLICE("Server-Timing")));
    assert_true(slice_equal(value, wanted));
    arena_clear(&request.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_who_prefers_it_wants_it),
        cmocka_unit_test(test_phases_are_milliseconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

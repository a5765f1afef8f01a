/* The log: spec/operations.md "Observability", spec/auth-and-bans.md "never reach a log". */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "observe/log.h"
#include "observe/log_line.h"
#include "observe/log_ring.h"
#include "observe/metrics.h"

static void test_secrets_are_blanked(void **state)
{
    (void)state;
    static const char *const targets[] = {
        "/a?password=hunter2",
        "/a?x=1&PassWord=hunter2&y=2",
        "/a?params[password]=hunter2",
        "/a?params%5Bpassword%5D=hunter2",
        "/a?params%5b%70assword%5d=hunter2",
        "/a?p%61ssword=hunter2",
        "/a?%50ASSWORD=hunter2",
        "/a?api_id=hunter2",
        "/a?API_ID=hunter2",
        "/a?api.id=hunter2",
        "/a?api+id=hunter2",
        "/a?secret=hunter2&identifier=hunter2",
        "/a?params={\"username\":\"u\",\"password\":\"hunter2\"}",
        "/a?params=%7B%22password%22%3A%22hunter2%22%7D",
        "/a?params=%7b%22Password%22:%20%22hunter2%22%7d&z=1",
        "/a?params={\"\\u0070assword\":\"hunter2\"}",
        "/a?params={\"%5Cu0070assword\":\"hunter2\"}",
        "/a?params={\"password\":\"a&hunter2\"}",
        "/a?params=%7B%22password%22%3A%22a&b=hunter2%22%7D",
        "/a?action=v1.projects.json&password=hunter2?password=hunter2",
        "/a?x={\"params\":{\"API_ID\":\"hunter2\"}}",
        "?password=hunter2",
    };
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        struct buffer out = {0};
        log_append_target(&out, slice_from(targets[i]));
        buffer_append_char(&out, '\0');
        if (strstr(out.data, "hunter2"))
            fail_msg("%s was logged as %s", targets[i], out.data);
        assert_non_null(strstr(out.data, "***"));
        buffer_clear(&out);
    }
}

static void assert_shown(const char *target, const char *expected)
{
    struct buffer out = {0};
    log_append_target(&out, slice_from(target));
    buffer_append_char(&out, '\0');
    assert_string_equal(out.data, expected);
    buffer_clear(&out);
}

static void test_the_rest_is_shown(void **state)
{
    (void)state;
    assert_shown("", "");
    assert_shown("/a", "/a");
    assert_shown("/a?", "/a?");
    assert_shown("/a?&&x=&y=%&z", "/a?&&x=&y=%&z");
    assert_shown("/a?username=bob&password=x&params={\"limit\":5}",
                 "/a?username=bob&password=***&params={\"limit\":5}");
    assert_shown("/a?params={\"password\":1}&z=1", "/a?params=***&z=1");
}

static void test_access_line(void **state)
{
    (void)state;
    uint64_t phases[METRIC_PHASE_COUNT] = {1, 20, 300, 4005, 0, 6};
    struct log_access access = {.request_id = SLICE("r\"1\\"),
                                .address = SLICE("::1"),
                                .admin = SLICE("j\xc3\xb6rg\xff\n\x01"),
                                .method = SLICE("GET"),
                                .target = SLICE("/a?password=x"),
                                .route = SLICE("projects/{id}"),
                                .status = 200,
                                .sent_bytes = 12345,
                                .phase_us = phases,
                                .total_us = 1234567};
    struct buffer line = {0};
    log_line_access(&line, &access);
    buffer_append_char(&line, '\0');
    const char *rest = strstr(line.data, "Z\",\"level\"");
    assert_non_null(rest);
    assert_string_equal(
        rest,
        "Z\",\"level\":\"info\",\"event\":\"request\",\"request_id\":\"r\\\"1\\\\\","
        "\"address\":\"::1\",\"admin\":\"j\xc3\xb6rg\xef\xbf\xbd\\n\\u0001\",\"method\":\"GET\","
        "\"target\":\"/a?password=***\",\"route\":\"projects/{id}\",\"status\":200,"
        "\"bytes\":12345,\"parse_ms\":0.001,\"auth_ms\":0.020,\"queue_ms\":0.300,"
        "\"db_ms\":4.005,\"render_ms\":0.000,\"write_ms\":0.006,\"total_ms\":1234.567}\n");
    buffer_clear(&line);
}

/* "dropped and counted rather than blocking": nobody reads the pipe, and logging goes on. */
static void test_a_stalled_reader_costs_lines_not_time(void **state)
{
    (void)state;
    int pipe_fds[2];
    int saved = dup(STDOUT_FILENO);
    fflush(stdout);
    assert_int_equal(pipe(pipe_fds), 0);
    dup2(pipe_fds[1], STDOUT_FILENO);
    assert_int_equal(log_start(LOG_LEVEL_INFO, true), RESULT_OK);
    for (int i = 0; i < 20000; i++)
        log_info("test", "%0100d", i);
    log_debug("test", "hidden");
    uint64_t dropped = log_dropped();
    log_stop();
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(pipe_fds[1]);
    static char got[1 << 17];
    ssize_t size = read(pipe_fds[0], got, sizeof(got) - 1);
    close(pipe_fds[0]);
    assert_true(dropped > 0);
    assert_true(size > 0);
    assert_int_equal(strncmp(got, "{\"time\":\"20", 11), 0);
    assert_null(strstr(got, "hidden"));
}

static void test_the_ring_is_bounded_and_keeps_order(void **state)
{
    (void)state;
    static char block[LOG_RING_BYTES / 2 + 1];
    memset(block, 'x', sizeof(block));
    struct slice run;
    log_ring_open();
    assert_true(log_ring_put(slice_of(block, sizeof(block))));
    assert_false(log_ring_put(slice_of(block, sizeof(block))));
    assert_true(log_ring_put(SLICE("tail")));
    size_t total = 0;
    log_ring_close();
    assert_false(log_ring_put(SLICE("late")));
    while (log_ring_take(&run)) {
        total += run.size;
        log_ring_taken(run.size);
    }
    assert_int_equal(total, sizeof(block) + 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secrets_are_blanked),
        cmocka_unit_test(test_the_rest_is_shown),
        cmocka_unit_test(test_access_line),
        cmocka_unit_test(test_the_ring_is_bounded_and_keeps_order),
        cmocka_unit_test(test_a_stalled_reader_costs_lines_not_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

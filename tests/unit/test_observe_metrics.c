/* /metrics: spec/operations.md "Observability". */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "observe/metrics.h"

enum { THREADS = 4, ROUNDS = 20000 };

static struct buffer print(void)
{
    struct buffer out = {0};
    metrics_print(&out);
    buffer_append_char(&out, '\0');
    return out;
}

static void assert_line(const char *line)
{
    struct buffer out = print();
    if (!strstr(out.data, line))
        fail_msg("\"%s\" is not in:\n%s", line, out.data);
    buffer_clear(&out);
}

static void *count(void *unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        metric_increment(METRIC_CONNECTIONS_ACCEPTED);
        metric_count_request(i % 2 ? SLICE("projects") : SLICE("actions"), SLICE("GET"),
                             200 + i % 4);
        metric_observe_phase(METRIC_PHASE_DB, 300);
        metric_observe_request(20000000);
        metric_set(METRIC_POOL_WORKERS, 8);
        if (i % 5000 == 0) {
            struct buffer out = print();
            buffer_clear(&out);
        }
    }
    return NULL;
}

static void test_nothing_is_lost_among_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(metric_get(METRIC_CONNECTIONS_ACCEPTED), THREADS * ROUNDS);
    assert_int_equal(metric_get(METRIC_POOL_WORKERS), 8);
    assert_line("\nportcullis_connections_accepted_total 80000\n");
    assert_line("requests_total{route=\"projects\",method=\"GET\",code=\"201\"} 20000\n");
    assert_line("phase_seconds_bucket{phase=\"db\",le=\"0.00025\"} 0\n");
    assert_line("phase_seconds_bucket{phase=\"db\",le=\"0.0005\"} 80000\n");
    assert_line("phase_seconds_count{phase=\"db\"} 80000\n");
    assert_line("\nportcullis_request_seconds_bucket{le=\"10\"} 0\n");
    assert_line("\nportcullis_request_seconds_bucket{le=\"+Inf\"} 80000\n");
    assert_line("\nportcullis_request_seconds_count 80000\n");
    assert_line("\nportcullis_request_seconds_sum 1600000.000000\n");
    assert_line("portcullis_build_info{version=\"");
}

static void test_labels_are_escaped_and_methods_bounded(void **state)
{
    (void)state;
    metric_count_request(SLICE("a\"b\\c\nd"), SLICE("BREW"), 99999);
    assert_line("{route=\"a\\\"b\\\\c\\nd\",method=\"other\",code=\"0\"} 1\n");
}

static void test_routes_are_bounded(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        char route[32];
        int size = snprintf(route, sizeof(route), "r%d", i);
        metric_count_request(slice_of(route, (size_t)size), SLICE("GET"), 200);
    }
    /* 256 in all, three of them by the tests before */
    assert_line("{route=\"other\",method=\"GET\",code=\"200\"} 747\n");
    metric_count_request(SLICE("r1"), SLICE("GET"), 404);
    struct buffer out = print();
    size_t lines = 0;
    for (const char *at = out.data; (at = strstr(at, "{route=\"r")); at++)
        lines++;
    assert_true(lines >= 253);
    buffer_clear(&out);
}

static void test_every_line_is_prometheus(void **state)
{
    (void)state;
    struct buffer out = print();
    char *save = NULL;
    for (char *line = strtok_r(out.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (strncmp(line, "# HELP ", 7) == 0 || strncmp(line, "# TYPE ", 7) == 0)
            continue;
        const char *value = strrchr(line, ' ');
        double number = 0;
        assert_non_null(value);
        assert_int_equal(sscanf(value, "%lf", &number), 1);
        bool is_named = strncmp(line, "portcullis_", 11) == 0 || strncmp(line, "process_", 8) == 0;
        assert_true(is_named);
    }
    buffer_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_lost_among_threads),
        cmocka_unit_test(test_labels_are_escaped_and_methods_bounded),
        cmocka_unit_test(test_routes_are_bounded),
        cmocka_unit_test(test_every_line_is_prometheus),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The Prometheus text format 0.0.4. */
#include <stdio.h>

#include "base/clock.h"
#include "observe/metrics_shard.h"

struct row {
    const char *name;
    const char *type;
    const char *help;
};

#define METRIC_ROW(suffix, name, type, help) {name, type, help},
static const struct row rows[METRIC_COUNT] = {METRIC_TABLE(METRIC_ROW)};
#undef METRIC_ROW

#define METRIC_PHASE_ROW(suffix, name) name,
static const char *const phase_names[METRIC_PHASE_COUNT] = {METRIC_PHASE_TABLE(METRIC_PHASE_ROW)};
#undef METRIC_PHASE_ROW

/* Set before main, so that it is the process's start and not the first look at it. */
static uint64_t started_us;

__attribute__((constructor)) static void remember_start(void)
{
    started_us = clock_wall_us();
}

static void print_head(struct buffer *out, const struct row *row)
{
    buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", row->name, row->help, row->name, row->type);
}

/* label is "" or `phase="db",`. */
static void print_histogram(struct buffer *out, unsigned which, const char *name, const char *label)
{
    struct metrics_histogram_sum sum;
    metrics_histogram_read(which, &sum);
    uint64_t below = 0;
    for (size_t i = 0; i < METRIC_BUCKETS; i++) {
        below += sum.counts[i];
        buffer_printf(out, "%s_bucket{%sle=\"%g\"} %llu\n", name, label, metrics_bucket_us[i] / 1e6,
                      (unsigned long long)below);
    }
    below += sum.counts[METRIC_BUCKETS];
    int label_size = 0;
    while (label[label_size] && label[label_size] != ',')
        label_size++;
    const char *open = label_size ? "{" : "";
    const char *shut = label_size ? "}" : "";
    buffer_printf(out, "%s_bucket{%sle=\"+Inf\"} %llu\n", name, label, (unsigned long long)below);
    buffer_printf(out, "%s_sum%s%.*s%s %.6f\n", name, open, label_size, label, shut,
                  (double)sum.sum_us / 1e6);
    buffer_printf(out, "%s_count%s%.*s%s %llu\n", name, open, label_size, label, shut,
                  (unsigned long long)below);
}

static void print_histograms(struct buffer *out)
{
    print_head(out, &(struct row){"portcullis_request_phase_seconds", "histogram",
                                  "Time of a request's phases"});
    for (unsigned i = 0; i < METRIC_PHASE_COUNT; i++) {
        char label[32];
        snprintf(label, sizeof(label), "phase=\"%s\",", phase_names[i]);
        print_histogram(out, i, "portcullis_request_phase_seconds", label);
    }
    print_head(out, &(struct row){"portcullis_request_seconds", "histogram",
                                  "Time of whole requests, first byte in to last byte out"});
    print_histogram(out, METRIC_WHOLE_REQUEST, "portcullis_request_seconds", "");
}

void metrics_print(struct buffer *out)
{
    print_head(out, &(struct row){"portcullis_build_info", "gauge", "Always 1"});
    buffer_printf(out, "portcullis_build_info{version=\"" PORTCULLIS_VERSION "\"} 1\n");
    print_head(out, &(struct row){"process_start_time_seconds", "gauge",
                                  "Start of the process, seconds since 1970"});
    buffer_printf(out, "process_start_time_seconds %.3f\n", (double)started_us / 1e6);
    for (size_t i = 0; i < METRIC_COUNT; i++) {
        print_head(out, &rows[i]);
        buffer_printf(out, "%s %lld\n", rows[i].name, (long long)metric_get((enum metric)i));
    }
    metrics_requests_print(out);
    print_histograms(out);
}

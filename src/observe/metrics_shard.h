/*
 * observe's own: where the counts live. A thread counts in a shard of its own (several threads
 * may share one), so that counting never moves a cache line between busy loops; reading sums up.
 */
#ifndef PORTCULLIS_OBSERVE_METRICS_SHARD_H
#define PORTCULLIS_OBSERVE_METRICS_SHARD_H

#include <stdatomic.h>

#include "observe/metrics.h"

enum {
    METRIC_SHARDS = 16,
    METRIC_BUCKETS = 16,                        /* finite ones */
    METRIC_HISTOGRAMS = METRIC_PHASE_COUNT + 1, /* one a phase, then whole requests */
    METRIC_WHOLE_REQUEST = METRIC_PHASE_COUNT,
};

/* The calling thread's shard, below METRIC_SHARDS. */
unsigned metrics_shard_index(void);

/* A histogram's upper bounds in microseconds. */
extern const uint32_t metrics_bucket_us[METRIC_BUCKETS];

struct metrics_histogram_sum {
    uint64_t counts[METRIC_BUCKETS + 1]; /* not cumulative; the last is above all bounds */
    uint64_t sum_us;
};
void metrics_histogram_read(unsigned histogram, struct metrics_histogram_sum *sum);

/* Appends the portcullis_requests_total rows. */
void metrics_requests_print(struct buffer *out);

#endif

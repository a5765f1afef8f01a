/* Counters, gauges and histograms: relaxed atomics, since nobody orders anything by them. */
#include "observe/metrics_shard.h"

struct histogram {
    atomic_uint_least64_t counts[METRIC_BUCKETS + 1];
    atomic_uint_least64_t sum_us;
};

struct shard {
    _Alignas(64) atomic_int_least64_t values[METRIC_COUNT];
    struct histogram histograms[METRIC_HISTOGRAMS];
};

static struct shard shared_shards[METRIC_SHARDS];

const uint32_t metrics_bucket_us[METRIC_BUCKETS] = {
    100,   250,    500,    1000,   2500,    5000,    10000,   25000,
    50000, 100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};

unsigned metrics_shard_index(void)
{
    static atomic_uint shared_next;
    static _Thread_local unsigned index_plus_one;
    if (!index_plus_one)
        index_plus_one = 1 + atomic_fetch_add(&shared_next, 1) % METRIC_SHARDS;
    return index_plus_one - 1;
}

void metric_add(enum metric metric, int64_t amount)
{
    struct shard *shard = &shared_shards[metrics_shard_index()];
    atomic_fetch_add_explicit(&shard->values[metric], amount, memory_order_relaxed);
}

void metric_set(enum metric metric, int64_t value)
{
    atomic_store_explicit(&shared_shards[0].values[metric], value, memory_order_relaxed);
    for (size_t i = 1; i < METRIC_SHARDS; i++)
        atomic_store_explicit(&shared_shards[i].values[metric], 0, memory_order_relaxed);
}

int64_t metric_get(enum metric metric)
{
    int64_t sum = 0;
    for (size_t i = 0; i < METRIC_SHARDS; i++)
        sum += atomic_load_explicit(&shared_shards[i].values[metric], memory_order_relaxed);
    return sum;
}

static void histogram_observe(unsigned which, uint64_t us)
{
    struct histogram *histogram = &shared_shards[metrics_shard_index()].histograms[which];
    size_t bucket = 0;
    while (bucket < METRIC_BUCKETS && us > metrics_bucket_us[bucket])
        bucket++;
    atomic_fetch_add_explicit(&histogram->counts[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum_us, us, memory_order_relaxed);
}

void metric_observe_phase(enum metric_phase phase, uint64_t us)
{
    if (us > 0)
        histogram_observe(phase, us);
}

void metric_observe_request(uint64_t us)
{
    histogram_observe(METRIC_WHOLE_REQUEST, us);
}

void metrics_histogram_read(unsigned which, struct metrics_histogram_sum *sum)
{
    *sum = (struct metrics_histogram_sum){0};
    for (size_t i = 0; i < METRIC_SHARDS; i++) {
        struct histogram *histogram = &shared_shards[i].histograms[which];
        for (size_t bucket = 0; bucket <= METRIC_BUCKETS; bucket++)
            sum->counts[bucket] +=
                atomic_load_explicit(&histogram->counts[bucket], memory_order_relaxed);
        sum->sum_us += atomic_load_explicit(&histogram->sum_us, memory_order_relaxed);
    }
}

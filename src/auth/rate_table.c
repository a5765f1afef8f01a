/*
 * Shards of uthash tables. Each shard has its buckets in the order of their last use too: what is
 * full is found at that list's begin, for all fill at the same speed. A second list holds those of
 * which something is untold.
 */
#include "auth/rate_table.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>
#include <xxhash.h>

#include "base/clock.h"
#include "observe/metrics.h"

enum { SHARDS = 64, LOOKED_AT_FOR_ROOM = 8, SWEPT_SHARDS = 4, SWEPT_BUCKETS = 512 };

struct bucket {
    struct rate_key key;
    struct rate_bucket level;
    uint64_t born;              /* Redis's key when last heard of; 0: never */
    uint64_t total;             /* its total then */
    uint32_t loss;              /* rate_table_loss when what follows began to count; born too */
    uint32_t spent;             /* tokens taken and not collected */
    uint32_t flying;            /* tokens collected and not merged */
    bool is_untold;             /* in the shard's list */
    struct bucket *prev, *next; /* by use */
    struct bucket *untold_prev, *untold_next; /* untold */
    UT_hash_handle hh;
};

struct shard {
    pthread_mutex_t lock; /* guards all below */
    struct bucket *buckets;
    struct bucket *by_use; /* longest ago first */
    struct bucket *untold; /* first come first */
};

struct rate_table {
    bool is_shared;
    uint64_t seed;
    size_t most_a_shard;
    atomic_uint_fast64_t limit; /* per_second << 32 | burst, so that both change at once */
    atomic_size_t count;
    atomic_uint loss;
    size_t next_collected; /* shards; the ticking thread alone */
    size_t next_swept;
    struct shard shards[SHARDS];
};

struct rate_table *rate_table_create(size_t most, bool is_shared)
{
    struct rate_table *table = calloc(1, sizeof(*table));
    if (!table)
        return NULL;
    table->is_shared = is_shared;
    table->seed = clock_now_us() ^ (uint64_t)(uintptr_t)table;
    table->most_a_shard = most > SHARDS ? most / SHARDS : 1;
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_init(&table->shards[i].lock, NULL);
    return table;
}

static void forget_news(struct shard *shard, struct bucket *bucket)
{
    if (bucket->is_untold)
        DL_DELETE2(shard->untold, bucket, untold_prev, untold_next);
    bucket->is_untold = false;
    bucket->spent = 0;
}

static void bucket_drop(struct rate_table *table, struct shard *shard, struct bucket *bucket)
{
    forget_news(shard, bucket);
    DL_DELETE(shard->by_use, bucket);
    HASH_DELETE(hh, shard->buckets, bucket);
    free(bucket);
    atomic_fetch_sub_explicit(&table->count, 1, memory_order_relaxed);
}

void rate_table_destroy(struct rate_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &table->shards[i];
        while (shard->by_use)
            bucket_drop(table, shard, shard->by_use);
        pthread_mutex_destroy(&shard->lock);
    }
    free(table);
}

void rate_table_set_limit(struct rate_table *table, const struct config_rate_limit *limit)
{
    atomic_store_explicit(&table->limit, limit->per_second << 32 | limit->burst,
                          memory_order_relaxed);
}

struct config_rate_limit rate_table_limit(const struct rate_table *table)
{
    uint64_t limit = atomic_load_explicit(&table->limit, memory_order_relaxed);
    return (struct config_rate_limit){.per_second = limit >> 32, .burst = limit & UINT32_MAX};
}

size_t rate_table_count(const struct rate_table *table)
{
    return atomic_load_explicit(&table->count, memory_order_relaxed);
}

void rate_table_lose(struct rate_table *table)
{
    atomic_fetch_add_explicit(&table->loss, 1, memory_order_relaxed);
}

uint32_t rate_table_loss(const struct rate_table *table)
{
    return atomic_load_explicit(&table->loss, memory_order_relaxed);
}

static uint64_t hash_of(const struct rate_table *table, const struct rate_key *key)
{
    return XXH3_64bits_withSeed(key->bytes, sizeof(key->bytes), table->seed);
}

/* The hash's shard, locked. */
static struct shard *shard_lock(struct rate_table *table, uint64_t hash)
{
    struct shard *shard = &table->shards[hash >> 58];
    pthread_mutex_lock(&shard->lock);
    return shard;
}

static struct bucket *bucket_find(const struct shard *shard, const struct rate_key *key,
                                  uint64_t hash)
{
    struct bucket *bucket = NULL;
    HASH_FIND_BYHASHVALUE(hh, shard->buckets, key, sizeof(*key), (unsigned)hash, bucket);
    return bucket;
}

/* Is it as good as none? Full, and nothing of it is untold or on its way. */
static bool bucket_is_idle(const struct rate_table *table, struct bucket *bucket,
                           const struct config_rate_limit *limit, uint64_t now_us)
{
    if (!limit->burst)
        return true;
    rate_bucket_leak(&bucket->level, limit, now_us);
    bool has_news = bucket->is_untold || bucket->flying;
    return bucket->level.debt == 0 && (!has_news || bucket->loss != rate_table_loss(table));
}

static void make_room(struct rate_table *table, struct shard *shard,
                      const struct config_rate_limit *limit, uint64_t now_us)
{
    struct bucket *bucket = shard->by_use;
    for (int i = 0; bucket && i < LOOKED_AT_FOR_ROOM; i++, bucket = bucket->next) {
        if (!bucket_is_idle(table, bucket, limit, now_us))
            continue;
        bucket_drop(table, shard, bucket);
        return;
    }
    bucket_drop(table, shard, shard->by_use);
    metric_increment(METRIC_RATE_FORGOTTEN);
}

/* A full one; NULL: memory. */
static struct bucket *bucket_make(struct rate_table *table, struct shard *shard,
                                  const struct rate_key *key, uint64_t hash, uint64_t now_us)
{
    struct bucket *bucket = calloc(1, sizeof(*bucket));
    if (!bucket)
        return NULL;
    bucket->key = *key;
    bucket->level.at_us = now_us;
    bucket->loss = rate_table_loss(table);
    HASH_ADD_KEYPTR_BYHASHVALUE(hh, shard->buckets, &bucket->key, sizeof(bucket->key),
                                (unsigned)hash, bucket);
    if (!bucket->hh.tbl) {
        free(bucket);
        return NULL;
    }
    DL_APPEND(shard->by_use, bucket);
    atomic_fetch_add_explicit(&table->count, 1, memory_order_relaxed);
    return bucket;
}

static struct bucket *bucket_use(struct rate_table *table, struct shard *shard,
                                 const struct rate_key *key, uint64_t hash,
                                 const struct config_rate_limit *limit, uint64_t now_us)
{
    struct bucket *bucket = bucket_find(shard, key, hash);
    if (bucket) {
        DL_DELETE(shard->by_use, bucket);
        DL_APPEND(shard->by_use, bucket);
        return bucket;
    }
    if (HASH_COUNT(shard->buckets) >= table->most_a_shard)
        make_room(table, shard, limit, now_us);
    return bucket_make(table, shard, key, hash, now_us);
}

static void note_spent(const struct rate_table *table, struct shard *shard, struct bucket *bucket)
{
    if (!table->is_shared)
        return;
    bucket->spent++;
    if (!bucket->is_untold)
        DL_APPEND2(shard->untold, bucket, untold_prev, untold_next);
    bucket->is_untold = true;
}

struct rate_verdict rate_table_take(struct rate_table *table, const struct rate_key *key,
                                    uint64_t now_us)
{
    const struct config_rate_limit limit = rate_table_limit(table);
    struct rate_verdict verdict = {.is_within = true};
    if (!limit.burst)
        return verdict;
    uint64_t hash = hash_of(table, key);
    struct shard *shard = shard_lock(table, hash);
    struct bucket *bucket = bucket_use(table, shard, key, hash, &limit, now_us);
    if (bucket) {
        rate_bucket_leak(&bucket->level, &limit, now_us);
        bool is_within = rate_bucket_take(&bucket->level, &limit);
        if (is_within)
            note_spent(table, shard, bucket);
        verdict = rate_bucket_verdict(&bucket->level, &limit, is_within);
    }
    pthread_mutex_unlock(&shard->lock);
    return verdict;
}

static void sweep_shard(struct rate_table *table, struct shard *shard, uint64_t now_us)
{
    const struct config_rate_limit limit = rate_table_limit(table);
    pthread_mutex_lock(&shard->lock);
    for (int i = 0; i < SWEPT_BUCKETS && shard->by_use; i++) {
        if (!bucket_is_idle(table, shard->by_use, &limit, now_us))
            break;
        bucket_drop(table, shard, shard->by_use);
    }
    pthread_mutex_unlock(&shard->lock);
}

void rate_table_sweep(struct rate_table *table, uint64_t now_us)
{
    for (int i = 0; i < SWEPT_SHARDS; i++) {
        sweep_shard(table, &table->shards[table->next_swept], now_us);
        table->next_swept = (table->next_swept + 1) % SHARDS;
    }
}

/* --- sharing ------------------------------------------------------------------------------- */

/* False: there is nothing to tell. */
static bool bucket_collect(struct shard *shard, struct bucket *bucket, struct rate_news *news,
                           const struct config_rate_limit *limit, uint32_t loss)
{
    *news = (struct rate_news){.key = bucket->key, .spent = bucket->spent};
    if (bucket->loss != loss) {
        news->spent = 0;
        news->least_us = bucket->level.debt / limit->per_second;
        bucket->loss = loss;
        bucket->born = 0;
        bucket->flying = 0;
    }
    bucket->flying += news->spent;
    forget_news(shard, bucket);
    return news->spent || news->least_us;
}

static size_t collect_shard(struct rate_table *table, struct shard *shard, struct rate_news *news,
                            size_t most, uint64_t now_us)
{
    const struct config_rate_limit limit = rate_table_limit(table);
    uint32_t loss = rate_table_loss(table);
    size_t count = 0;
    pthread_mutex_lock(&shard->lock);
    while (limit.burst && shard->untold && count < most) {
        struct bucket *bucket = shard->untold;
        rate_bucket_leak(&bucket->level, &limit, now_us);
        count += bucket_collect(shard, bucket, &news[count], &limit, loss);
    }
    pthread_mutex_unlock(&shard->lock);
    return count;
}

size_t rate_table_collect(struct rate_table *table, struct rate_news *news, size_t most,
                          uint64_t now_us)
{
    size_t count = 0;
    for (size_t i = 0; i < SHARDS && count < most; i++) {
        struct shard *shard = &table->shards[table->next_collected];
        table->next_collected = (table->next_collected + 1) % SHARDS;
        count += collect_shard(table, shard, &news[count], most - count, now_us);
    }
    return count;
}

static uint64_t least_of(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/*
 * Two ways to tell what the bucket owes, both never too low: what is known here, which is exact as
 * to our own tokens' times, and what the others have taken since we last heard; and what Redis
 * reckons, which knows how long ago that was, but took our tokens for taken when they were told.
 * The lower of the two is the truer. Without an earlier level there is only Redis's.
 */
static uint64_t debt_told(const struct bucket *bucket, const struct rate_news *news,
                          const struct rate_level *level, const struct config_rate_limit *limit,
                          uint64_t elapsed_us)
{
    uint64_t most = rate_bucket_most(limit);
    uint64_t left_us = least_of(level->left_us, most / limit->per_second);
    uint64_t reckoned = left_us > elapsed_us ? (left_us - elapsed_us) * limit->per_second : 0;
    reckoned += ((uint64_t)bucket->spent + bucket->flying) * RATE_TOKEN;
    uint64_t known = bucket->total + news->spent;
    if (bucket->born != level->born || known > level->total)
        return least_of(reckoned, most);
    uint64_t others = least_of(level->total - known, most / RATE_TOKEN);
    return least_of(least_of(reckoned, bucket->level.debt + others * RATE_TOKEN), most);
}

static void bucket_merge(struct bucket *bucket, const struct rate_news *news,
                         const struct rate_level *level, const struct config_rate_limit *limit,
                         uint64_t elapsed_us)
{
    bucket->flying -= news->spent < bucket->flying ? news->spent : bucket->flying;
    uint64_t debt = debt_told(bucket, news, level, limit, elapsed_us);
    if (debt > bucket->level.debt)
        bucket->level.debt = debt;
    bucket->born = level->born;
    bucket->total = level->total;
}

void rate_table_merge(struct rate_table *table, const struct rate_news *news,
                      const struct rate_level *level, uint32_t loss, uint64_t sent_us,
                      uint64_t now_us)
{
    const struct config_rate_limit limit = rate_table_limit(table);
    uint64_t hash = hash_of(table, &news->key);
    struct shard *shard = shard_lock(table, hash);
    struct bucket *bucket = bucket_find(shard, &news->key, hash);
    if (bucket && limit.burst && bucket->loss == loss) {
        rate_bucket_leak(&bucket->level, &limit, now_us);
        bucket_merge(bucket, news, level, &limit, now_us > sent_us ? now_us - sent_us : 0);
    }
    pthread_mutex_unlock(&shard->lock);
}

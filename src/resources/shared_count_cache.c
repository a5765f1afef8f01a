/* A hash table in order of insertion: the head is always the oldest. */
#include "resources/shared_count_cache.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/clock.h"
#include "observe/metrics.h"

enum { MOST_ENTRIES = 4096, MOST_KEY_BYTES = 4096 };

struct entry {
    uint64_t total;
    uint64_t epoch; /* of another than the cache's: void */
    uint64_t expires_us;
    UT_hash_handle hh;
    char key[];
};

struct shared_count_cache {
    pthread_mutex_t lock;
    uint64_t ttl_us;
    atomic_uint_fast64_t epoch; /* how many writes there were */
    struct entry *entries;
};

struct shared_count_cache *shared_count_cache_create(uint64_t ttl_ms)
{
    struct shared_count_cache *cache = calloc(1, sizeof(*cache));
    if (!cache)
        return NULL;
    cache->ttl_us = ttl_ms * 1000;
    pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

static void drop(struct shared_count_cache *cache, struct entry *entry)
{
    HASH_DEL(cache->entries, entry);
    free(entry);
}

void shared_count_cache_destroy(struct shared_count_cache *cache)
{
    if (!cache)
        return;
    while (cache->entries)
        drop(cache, cache->entries);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

bool shared_count_cache_get(struct shared_count_cache *cache, struct slice key, uint64_t *total)
{
    struct entry *entry = NULL;
    bool is_fresh = false;
    *total = 0;
    pthread_mutex_lock(&cache->lock);
    HASH_FIND(hh, cache->entries, key.data, key.size, entry);
    if (entry && entry->epoch == atomic_load(&cache->epoch) && entry->expires_us > clock_now_us()) {
        *total = entry->total;
        is_fresh = true;
    }
    pthread_mutex_unlock(&cache->lock);
    metric_increment(is_fresh ? METRIC_COUNT_CACHE_HITS : METRIC_COUNT_CACHE_MISSES);
    return is_fresh;
}

uint64_t shared_count_cache_epoch(struct shared_count_cache *cache)
{
    return atomic_load(&cache->epoch);
}

void shared_count_cache_forget(struct shared_count_cache *cache)
{
    atomic_fetch_add(&cache->epoch, 1);
}

void shared_count_cache_put(struct shared_count_cache *cache, struct slice key, uint64_t epoch,
                            uint64_t total)
{
    if (!cache->ttl_us || key.size > MOST_KEY_BYTES)
        return;
    struct entry *made = malloc(sizeof(*made) + key.size);
    if (!made)
        return;
    memcpy(made->key, key.data, key.size);
    made->total = total;
    made->epoch = epoch;
    made->expires_us = clock_now_us() + cache->ttl_us;

    struct entry *old = NULL;
    pthread_mutex_lock(&cache->lock);
    HASH_FIND(hh, cache->entries, key.data, key.size, old);
    if (old)
        drop(cache, old);
    if (HASH_COUNT(cache->entries) >= MOST_ENTRIES)
        drop(cache, cache->entries);
    HASH_ADD_KEYPTR(hh, cache->entries, made->key, key.size, made);
    pthread_mutex_unlock(&cache->lock);
}

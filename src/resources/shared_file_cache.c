/* A hash table in order of insertion. */
#include "resources/shared_file_cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/clock.h"

/* Entries, and with them descriptors: a small part of those that a process may have, and more than
 * are asked for in one second by many at once. */
enum { MOST_ENTRIES = 1024, MOST_KEY_BYTES = 4096 };

struct entry {
    struct shared_file *file; /* one reference */
    struct model *model;      /* one reference */
    uint64_t expires_us;
    struct entry *next; /* in a list of those that go */
    UT_hash_handle hh;
    char key[];
};

struct shared_file_cache {
    uint64_t ttl_us;
    atomic_uint_fast64_t epoch; /* how many writes there were */
    pthread_mutex_t lock;       /* entries */
    struct entry *entries;
};

struct shared_file_cache *shared_file_cache_create(uint64_t ttl_ms)
{
    struct shared_file_cache *cache = calloc(1, sizeof(*cache));
    if (!cache)
        return NULL;
    cache->ttl_us = ttl_ms * 1000;
    pthread_mutex_init(&cache->lock, NULL);
    return cache;
}

/* Under the lock: out of the table, into the list of those that go. */
static void take_out(struct shared_file_cache *cache, struct entry *entry, struct entry **gone)
{
    HASH_DEL(cache->entries, entry);
    entry->next = *gone;
    *gone = entry;
}

/* Outside the lock: closing may take its time. */
static void free_list(struct entry *gone)
{
    while (gone) {
        struct entry *next = gone->next;
        shared_file_release(gone->file);
        model_release(gone->model);
        free(gone);
        gone = next;
    }
}

void shared_file_cache_destroy(struct shared_file_cache *cache)
{
    if (!cache)
        return;
    shared_file_cache_forget(cache);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

struct shared_file *shared_file_cache_get(struct shared_file_cache *cache, struct slice key)
{
    struct entry *entry = NULL;
    struct shared_file *file = NULL;
    if (!cache->ttl_us || !key.size)
        return NULL;
    pthread_mutex_lock(&cache->lock);
    HASH_FIND(hh, cache->entries, key.data, key.size, entry);
    if (entry && entry->expires_us > clock_now_us())
        file = shared_file_share(entry->file);
    pthread_mutex_unlock(&cache->lock);
    metric_increment(file ? METRIC_FILE_CACHE_HITS : METRIC_FILE_CACHE_MISSES);
    return file;
}

struct shared_file_moment shared_file_cache_moment(struct shared_file_cache *cache)
{
    uint64_t epoch = atomic_load(&cache->epoch);
    return (struct shared_file_moment){epoch, clock_now_us()};
}

static struct entry *make_entry(struct slice key, struct model *model, struct shared_file *file)
{
    struct entry *made = malloc(sizeof(*made) + key.size);
    if (!made)
        return NULL;
    memset(made, 0, sizeof(*made));
    memcpy(made->key, key.data, key.size);
    made->file = shared_file_share(file);
    made->model = model_share(model);
    return made;
}

/* Under the lock. */
static void put_in(struct shared_file_cache *cache, struct entry *made, size_t key_size,
                   struct entry **gone)
{
    struct entry *old = NULL;
    HASH_FIND(hh, cache->entries, made->key, key_size, old);
    if (old)
        take_out(cache, old, gone);
    if (HASH_COUNT(cache->entries) >= MOST_ENTRIES)
        take_out(cache, cache->entries, gone);
    HASH_ADD_KEYPTR(hh, cache->entries, made->key, key_size, made);
}

void shared_file_cache_put(struct shared_file_cache *cache, struct slice key, struct model *model,
                           struct shared_file_moment moment, struct shared_file *file)
{
    struct entry *gone = NULL;
    if (!cache->ttl_us || !key.size || key.size > MOST_KEY_BYTES)
        return;
    struct entry *made = make_entry(key, model, file);
    if (!made)
        return;
    made->expires_us = moment.us + cache->ttl_us;
    pthread_mutex_lock(&cache->lock);
    if (moment.epoch == atomic_load(&cache->epoch))
        put_in(cache, made, key.size, &gone);
    else
        gone = made;
    pthread_mutex_unlock(&cache->lock);
    free_list(gone);
}

void shared_file_cache_forget(struct shared_file_cache *cache)
{
    struct entry *gone = NULL;
    if (!cache)
        return;
    pthread_mutex_lock(&cache->lock);
    atomic_fetch_add(&cache->epoch, 1);
    while (cache->entries)
        take_out(cache, cache->entries, &gone);
    pthread_mutex_unlock(&cache->lock);
    free_list(gone);
}

void shared_file_cache_sweep(struct shared_file_cache *cache)
{
    struct entry *gone = NULL;
    uint64_t now_us = clock_now_us();
    pthread_mutex_lock(&cache->lock);
    while (cache->entries && cache->entries->expires_us <= now_us)
        take_out(cache, cache->entries, &gone);
    pthread_mutex_unlock(&cache->lock);
    free_list(gone);
}

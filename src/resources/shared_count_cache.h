/*
 * Totals remembered for cache.count_ttl, shared by all workers: a list paged through by many asks
 * the database once a second how long it is, not once a page.
 *
 * Shared: one table under one lock, held for a look-up or an insert only. Bounded; when full, what
 * is oldest goes.
 */
#ifndef PORTCULLIS_RESOURCES_SHARED_COUNT_CACHE_H
#define PORTCULLIS_RESOURCES_SHARED_COUNT_CACHE_H

#include "base/slice.h"

struct shared_count_cache;

/* NULL when memory is out. ttl_ms 0: nothing is remembered. */
struct shared_count_cache *shared_count_cache_create(uint64_t ttl_ms);
void shared_count_cache_destroy(struct shared_count_cache *cache);

/* The key is the count's statement and its values: equal keys, equal questions. */
bool shared_count_cache_get(struct shared_count_cache *cache, struct slice key, uint64_t *total);
/* epoch: shared_count_cache_epoch from before the count was asked for. A total that was counted
 * before a write, or beside it, is not kept. */
void shared_count_cache_put(struct shared_count_cache *cache, struct slice key, uint64_t epoch,
                            uint64_t total);
uint64_t shared_count_cache_epoch(struct shared_count_cache *cache);
/* After a write's commit: no total is behind it (remote-api.md section 4, `count`). */
void shared_count_cache_forget(struct shared_count_cache *cache);

#endif

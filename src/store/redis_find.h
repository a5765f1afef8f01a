/*
 * Where Redis is: the addresses of redis.url's host, or of the master that the first sentinel
 * names which can be reached and knows it. Once through the list; who wants to try again begins a
 * new search. The loop's thread alone.
 */
#ifndef PORTCULLIS_STORE_REDIS_FIND_H
#define PORTCULLIS_STORE_REDIS_FIND_H

#include "store/redis_address.h"

struct redis_find;

struct redis_find_options {
    uv_loop_t *loop;
    uint64_t timeout_us;           /* for a sentinel to connect, and to answer */
    const struct redis_host *host; /* where there are no sentinels */
    const struct redis_host *sentinels;
    size_t sentinel_count;
    size_t first; /* the sentinel that is asked first */
    const char *service;
    /* Once, later; the search is over then. addresses NULL: not found, why says why. Both are
     * borrowed for the call. */
    void (*on_end)(void *context, const struct redis_addresses *addresses, const char *why);
    void *context;
};

/* What options points to is borrowed until the end. NULL: memory is out. */
struct redis_find *redis_find_start(const struct redis_find_options *options);
/* on_end will not be called. NULL is fine. */
void redis_find_cancel(struct redis_find *find);

#endif

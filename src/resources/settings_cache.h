/*
 * The cache of `config` as a gateway has it: memory, and where there is a Redis, its share in the
 * other gateways' readings. It holds the rows of the catalog's first resource of settings; any
 * other such resource is read each time.
 *
 * Made and ended on the main thread; ticks on Redis's loop; workers reach it through
 * execute_options.
 */
#ifndef PORTCULLIS_RESOURCES_SETTINGS_CACHE_H
#define PORTCULLIS_RESOURCES_SETTINGS_CACHE_H

#include "base/result.h"
#include "config/config.h"
#include "resources/catalog.h"
#include "whmcs/settings_share.h"

struct settings_cache {
    const struct catalog_resource *resource; /* whose rows are held; borrowed */
    struct shared_settings *memory;
    struct settings_share *share; /* NULL: no Redis */
};

struct settings_cache_options {
    const struct catalog *catalog;     /* borrowed, as all here */
    const struct catalog_names *allow; /* remote.config_allow */
    const struct config *config;
    struct redis *redis; /* NULL: none */
    struct loop *loop;   /* redis's */
};

/* Before redis_start. *cache is NULL, which every reader takes for "read each time", when
 * cache.config_ttl is 0 or the catalog serves no settings. RESULT_NO_MEMORY. */
enum result settings_cache_create(const struct settings_cache_options *options,
                                  struct settings_cache **cache);
/* After the pool, the loops and redis have ended. NULL: nothing. */
void settings_cache_destroy(struct settings_cache *cache);
/* Redis's loop, about every 100 ms. NULL: nothing. */
void settings_cache_tick(struct settings_cache *cache);

#endif

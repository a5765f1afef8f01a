/* Which readings are alike enough to be shared, and the two parts put together. */
#include "resources/settings_cache.h"

#include <stdlib.h>

static const struct catalog_resource *find_settings(const struct catalog *catalog)
{
    for (size_t i = 0; i < catalog->resource_count; i++)
        if (catalog->resources[i].kind == CATALOG_SETTINGS)
            return &catalog->resources[i];
    return NULL;
}

/* With its size before it: no two lists of parts print alike. */
static void add_part(struct buffer *scope, struct slice part)
{
    buffer_printf(scope, "%zu:", part.size);
    buffer_append_slice(scope, part);
}

static void add_names(struct buffer *scope, const struct catalog_names *names)
{
    buffer_printf(scope, "%zu;", names->count);
    for (size_t i = 0; i < names->count; i++)
        add_part(scope, names->items[i]);
}

/* Gateways that name the database differently do not share: a reading too many is harmless, that
 * of another database would not be. Nor do those with other rules or another time to live. */
static void print_scope(const struct settings_cache_options *options,
                        const struct catalog_resource *resource, struct buffer *scope)
{
    const struct config_mysql *mysql = &options->config->mysql;
    add_part(scope, slice_from(mysql->socket[0] ? mysql->socket : mysql->hosts));
    add_part(scope, slice_from(mysql->database));
    add_part(scope, resource->module);
    add_names(scope, &resource->never);
    add_names(scope, options->allow);
    buffer_append_u64(scope, options->config->cache.config_ttl_ms);
}

static bool make_share(struct settings_cache *cache, const struct settings_cache_options *options)
{
    struct buffer scope;
    buffer_init(&scope);
    print_scope(options, cache->resource, &scope);
    const struct settings_share_options share = {
        .settings = cache->memory,
        .redis = options->redis,
        .loop = options->loop,
        .ttl_ms = options->config->cache.config_ttl_ms,
        .scope = buffer_slice(&scope),
    };
    cache->share = scope.has_failed ? NULL : settings_share_create(&share);
    buffer_clear(&scope);
    return cache->share != NULL;
}

enum result settings_cache_create(const struct settings_cache_options *options,
                                  struct settings_cache **cache)
{
    const struct catalog_resource *resource = find_settings(options->catalog);
    uint64_t ttl_ms = options->config->cache.config_ttl_ms;
    *cache = NULL;
    if (!resource || !ttl_ms)
        return RESULT_OK;
    struct settings_cache *made = calloc(1, sizeof(*made));
    if (!made)
        return RESULT_NO_MEMORY;
    made->resource = resource;
    made->memory = shared_settings_create(ttl_ms);
    if (!made->memory || (options->redis && !make_share(made, options))) {
        settings_cache_destroy(made);
        return RESULT_NO_MEMORY;
    }
    *cache = made;
    return RESULT_OK;
}

void settings_cache_destroy(struct settings_cache *cache)
{
    if (!cache)
        return;
    settings_share_destroy(cache->share);
    shared_settings_destroy(cache->memory);
    free(cache);
}

void settings_cache_tick(struct settings_cache *cache)
{
    if (cache)
        settings_share_tick(cache->share);
}

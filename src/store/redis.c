/* The client's life: searching, joining, being up, and what is done about a loss. */
#include "store/redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "store/redis_internal.h"

enum {
    FIRST_PAUSE_MS = 100,
    LONGEST_PAUSE_MS = 2000,
};

/* --- before the start ---------------------------------------------------------------------- */

/* The host of redis.url says nothing where there are sentinels; redis.url may then be empty. */
static bool read_config(struct redis *redis, const struct config_redis *config)
{
    struct slice url = slice_from(config->url);
    struct slice sentinels = slice_trim(slice_from(config->sentinels));
    struct slice prefix = slice_from(config->prefix);
    if (url.size && !redis_url_parse(url, &redis->url))
        return false;
    redis->sentinels = redis_hosts_parse(sentinels, "26379", &redis->sentinel_count);
    if (prefix.size > REDIS_MOST_PREFIX)
        log_warning("redis", "redis.prefix is cut to its first %d bytes", REDIS_MOST_PREFIX);
    snprintf(redis->prefix, sizeof(redis->prefix), "%.*s", SLICE_ARGS(prefix));
    return redis->sentinels || !sentinels.size;
}

struct redis *redis_create(const struct config_redis *config)
{
    if (!slice_from(config->url).size && !slice_trim(slice_from(config->sentinels)).size)
        return NULL;
    struct redis *redis = calloc(1, sizeof(*redis));
    if (!redis)
        return NULL;
    redis->config = config;
    redis->pause = malloc(sizeof(*redis->pause));
    redis->seed = (unsigned)(clock_wall_us() ^ (uintptr_t)redis);
    if (redis->pause && read_config(redis, config))
        return redis;
    log_error("redis", "redis.url and redis.sentinels cannot be read: no Redis is used");
    redis_destroy(redis);
    return NULL;
}

void redis_listen(struct redis *redis, const struct redis_listener *listener)
{
    if (!redis)
        return;
    if (redis->listener_count == REDIS_MOST_LISTENERS)
        log_error("redis", "more than %d listeners", REDIS_MOST_LISTENERS);
    else
        redis->listeners[redis->listener_count++] = *listener;
}

/* The prefix leaves room for any name of ours; what is too long all the same is cut. */
struct slice redis_key(const struct redis *redis, const char *name, struct slice rest, char *out)
{
    int size = snprintf(out, REDIS_KEY_BYTES, "%s%s", redis ? redis->prefix : "", name);
    size_t used = size < REDIS_KEY_BYTES ? (size_t)size : REDIS_KEY_BYTES - 1;
    size_t room = REDIS_KEY_BYTES - 1 - used;
    size_t added = rest.size < room ? rest.size : room;
    if (added)
        memcpy(out + used, rest.data, added);
    out[used + added] = '\0';
    return slice_of(out, used + added);
}

/* --- up and away --------------------------------------------------------------------------- */

bool redis_is_up(const struct redis *redis)
{
    return redis && redis->state == REDIS_UP;
}

static void each_listener(const struct redis *redis, bool is_up)
{
    for (size_t i = 0; i < redis->listener_count; i++) {
        const struct redis_listener *listener = &redis->listeners[i];
        void (*tell)(void *) = is_up ? listener->on_up : listener->on_down;
        if (tell)
            tell(listener->context);
    }
}

void redis_rise(struct redis *redis)
{
    redis->state = REDIS_UP;
    redis->up_us = clock_now_us();
    metric_set(METRIC_REDIS_UP, 1);
    metric_increment(METRIC_REDIS_CONNECTS);
    if (redis->is_told)
        log_info("redis_back", "Redis answers again");
    redis->is_told = false;
    redis->told[0] = '\0';
    each_listener(redis, true);
}

static void tell_away(struct redis *redis, enum redis_trouble trouble, const char *why)
{
    bool is_news = trouble == REDIS_UNUSABLE && strcmp(redis->told, why) != 0;
    if (redis->is_told && !is_news)
        return;
    log_error("redis_lost", "no connection to Redis: %s; going on from memory", why);
    redis->is_told = true;
    if (trouble == REDIS_UNUSABLE)
        snprintf(redis->told, sizeof(redis->told), "%s", why);
}

static void seek(struct redis *redis);

static void on_pause_over(uv_timer_t *pause)
{
    seek(pause->data);
}

/* Half fixed, half by chance: gateways that lost it together do not return together. One that was
 * up for a moment only is not taken for well: the pauses go on growing. */
static void pause_begin(struct redis *redis)
{
    if (redis->up_us && clock_now_us() - redis->up_us > LONGEST_PAUSE_MS * 1000)
        redis->pause_ms = 0;
    redis->up_us = 0;
    unsigned pause_ms = redis->pause_ms ? redis->pause_ms * 2 : FIRST_PAUSE_MS;
    redis->pause_ms = pause_ms < LONGEST_PAUSE_MS ? pause_ms : LONGEST_PAUSE_MS;
    unsigned half = redis->pause_ms / 2;
    redis->state = REDIS_PAUSING;
    uv_timer_start(redis->pause, on_pause_over, half + (unsigned)rand_r(&redis->seed) % (half + 1),
                   0);
}

static void fail(struct redis *redis, enum redis_trouble trouble, const char *why)
{
    metric_increment(METRIC_REDIS_CONNECT_ERRORS);
    tell_away(redis, trouble, why);
    pause_begin(redis);
}

/* Handlers that wait get NULL here; what they send is refused, since nothing is up any more. */
static void drop_links(struct redis *redis)
{
    struct redis_link *commands = redis->commands;
    struct redis_link *subscriptions = redis->subscriptions;
    redis->commands = redis->subscriptions = NULL;
    redis_link_close(commands);
    redis_link_close(subscriptions);
}

static void go_down(struct redis *redis)
{
    bool was_up = redis->state == REDIS_UP;
    redis->state = REDIS_OFF;
    metric_set(METRIC_REDIS_UP, 0);
    drop_links(redis);
    if (was_up)
        each_listener(redis, false);
}

static void join_next(struct redis *redis, enum redis_trouble trouble, const char *last_why)
{
    char why[REDIS_WHY_BYTES];
    snprintf(why, sizeof(why), "%s", last_why);
    while (redis->next_address < redis->addresses.count) {
        redis->next_address++;
        redis->state = REDIS_JOINING;
        if (redis_join(redis, why))
            return;
        trouble = REDIS_UNREACHABLE;
    }
    redis->first_sentinel++;
    fail(redis, trouble, why);
}

void redis_lose(struct redis *redis, enum redis_trouble trouble, const char *why)
{
    bool was_up = redis->state == REDIS_UP;
    go_down(redis);
    if (!was_up) {
        join_next(redis, trouble, why);
        return;
    }
    tell_away(redis, trouble, why);
    pause_begin(redis);
}

/* --- searching ----------------------------------------------------------------------------- */

static void on_found(void *context, const struct redis_addresses *addresses, const char *why)
{
    struct redis *redis = context;
    redis->find = NULL;
    redis->next_address = 0;
    if (!addresses) {
        fail(redis, REDIS_UNREACHABLE, why);
        return;
    }
    redis->addresses = *addresses;
    join_next(redis, REDIS_UNREACHABLE, why);
}

static void seek_path(struct redis *redis)
{
    redis->addresses.count = 1;
    redis->next_address = 0;
    if (redis_address_from_path(redis->url.path, &redis->addresses.items[0]))
        join_next(redis, REDIS_UNREACHABLE, "");
    else
        fail(redis, REDIS_UNREACHABLE, "the socket's path in redis.url is too long");
}

static void seek(struct redis *redis)
{
    const struct redis_find_options options = {
        .loop = redis->loop,
        .timeout_us = redis->config->timeout_ms * 1000,
        .host = &redis->url.host,
        .sentinels = redis->sentinels,
        .sentinel_count = redis->sentinel_count,
        .first = redis->first_sentinel,
        .service = redis->config->service,
        .on_end = on_found,
        .context = redis,
    };
    redis->state = REDIS_SEEKING;
    if (redis->url.path.size && !redis->sentinel_count) {
        seek_path(redis);
        return;
    }
    redis->find = redis_find_start(&options);
    if (!redis->find)
        fail(redis, REDIS_UNREACHABLE, "memory is out");
}

/* --- start and end ------------------------------------------------------------------------- */

void redis_start(struct redis *redis, struct loop *loop)
{
    if (!redis)
        return;
    redis->loop = loop_uv(loop);
    uv_timer_init(redis->loop, redis->pause);
    redis->pause->data = redis;
    seek(redis);
}

static void on_pause_closed(uv_handle_t *handle)
{
    free(handle);
}

void redis_stop(struct redis *redis)
{
    if (!redis || !redis->loop)
        return;
    redis_find_cancel(redis->find);
    redis->find = NULL;
    go_down(redis);
    uv_close((uv_handle_t *)redis->pause, on_pause_closed);
    redis->pause = NULL;
    redis->loop = NULL;
}

void redis_destroy(struct redis *redis)
{
    if (!redis)
        return;
    redis_stop(redis);
    free(redis->pause);
    free(redis->sentinels);
    redis_url_clear(&redis->url);
    free(redis);
}

/* The later a reading expires, the later it was read: all have the same time to live. */
#include "whmcs/shared_settings.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "observe/metrics.h"

struct shared_settings {
    pthread_mutex_t lock; /* current, own */
    uint64_t ttl_us;
    struct settings_reading *current; /* one reference, as own: ours or another gateway's */
    struct settings_reading *own;     /* what the database has shown us */
    shared_settings_listener *listener;
    void *context;
};

struct shared_settings *shared_settings_create(uint64_t ttl_ms)
{
    struct shared_settings *shared = calloc(1, sizeof(*shared));
    if (!shared)
        return NULL;
    shared->ttl_us = ttl_ms * 1000;
    pthread_mutex_init(&shared->lock, NULL);
    return shared;
}

void shared_settings_destroy(struct shared_settings *shared)
{
    if (!shared)
        return;
    settings_reading_release(shared->current);
    settings_reading_release(shared->own);
    pthread_mutex_destroy(&shared->lock);
    free(shared);
}

void shared_settings_listen(struct shared_settings *shared, shared_settings_listener *listener,
                            void *context)
{
    shared->listener = listener;
    shared->context = context;
}

struct settings_reading *shared_settings_get(struct shared_settings *shared)
{
    struct settings_reading *reading = NULL;
    uint64_t now_us = clock_now_us();
    pthread_mutex_lock(&shared->lock);
    if (shared->current && shared->current->expires_us > now_us)
        reading = settings_reading_share(shared->current);
    pthread_mutex_unlock(&shared->lock);
    metric_increment(reading ? METRIC_CONFIG_CACHE_HITS : METRIC_CONFIG_CACHE_MISSES);
    return reading;
}

static bool is_newer(const struct settings_reading *reading, const struct settings_reading *than)
{
    return !than || reading->expires_us > than->expires_us;
}

/* Consumes reading; under no lock, since the last reference may go. */
static bool replace(struct shared_settings *shared, struct settings_reading **place,
                    struct settings_reading *reading)
{
    struct settings_reading *old = reading;
    pthread_mutex_lock(&shared->lock);
    bool has_replaced = is_newer(reading, *place);
    if (has_replaced) {
        old = *place;
        *place = reading;
    }
    pthread_mutex_unlock(&shared->lock);
    settings_reading_release(old);
    return has_replaced;
}

void shared_settings_put(struct shared_settings *shared, const struct setting *rows,
                         uint64_t read_us)
{
    struct settings_reading *reading = settings_reading_create(rows);
    if (!reading)
        return;
    reading->expires_us = read_us + shared->ttl_us;
    replace(shared, &shared->own, settings_reading_share(reading));
    bool is_news = replace(shared, &shared->current, settings_reading_share(reading));
    if (is_news && shared->listener)
        shared->listener(shared->context, reading);
    settings_reading_release(reading);
}

bool shared_settings_take(struct shared_settings *shared, struct settings_reading *reading)
{
    return replace(shared, &shared->current, reading);
}

struct settings_reading *shared_settings_own(struct shared_settings *shared)
{
    pthread_mutex_lock(&shared->lock);
    struct settings_reading *own = shared->own ? settings_reading_share(shared->own) : NULL;
    pthread_mutex_unlock(&shared->lock);
    return own;
}

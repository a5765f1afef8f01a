/* Learning happens under a lock of its own, so that nobody waits for it who has a map. */
#include "abuse/shared_abuse_map.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "observe/log.h"

enum { REFRESH_PAUSE_US = 1000000 };

struct shared_abuse_map {
    struct abuse_catalog *catalog; /* owned */
    pthread_mutex_t lock;          /* current */
    pthread_mutex_t learn_lock;    /* one worker learns at a time; learnt_us */
    struct abuse_map *current;
    uint64_t learnt_us;
};

struct shared_abuse_map *shared_abuse_map_create(struct abuse_catalog *catalog)
{
    struct shared_abuse_map *shared = calloc(1, sizeof(*shared));
    if (!shared) {
        abuse_catalog_destroy(catalog);
        return NULL;
    }
    shared->catalog = catalog;
    pthread_mutex_init(&shared->lock, NULL);
    pthread_mutex_init(&shared->learn_lock, NULL);
    return shared;
}

void shared_abuse_map_destroy(struct shared_abuse_map *shared)
{
    if (!shared)
        return;
    abuse_map_release(shared->current);
    abuse_catalog_destroy(shared->catalog);
    pthread_mutex_destroy(&shared->lock);
    pthread_mutex_destroy(&shared->learn_lock);
    free(shared);
}

const struct abuse_catalog *shared_abuse_map_catalog(const struct shared_abuse_map *shared)
{
    return shared->catalog;
}

struct abuse_map *shared_abuse_map_acquire(struct shared_abuse_map *shared)
{
    pthread_mutex_lock(&shared->lock);
    struct abuse_map *map = shared->current ? abuse_map_share(shared->current) : NULL;
    pthread_mutex_unlock(&shared->lock);
    return map;
}

/* What is missing for long is learnt again and again, and told once. */
static bool are_findings_known(const struct abuse_map *known, const struct abuse_map *learnt)
{
    const struct abuse_finding *a = known ? known->findings : NULL;
    const struct abuse_finding *b = learnt->findings;
    while (a && b && slice_equal(a->text, b->text)) {
        a = a->next;
        b = b->next;
    }
    return known && !a && !b;
}

static void log_findings(const struct abuse_map *map)
{
    for (const struct abuse_finding *finding = map->findings; finding; finding = finding->next)
        if (finding->severity >= ABUSE_WARNING)
            log_warning("schema", "abuse: %.*s", SLICE_ARGS(finding->text));
}

static bool is_current(struct shared_abuse_map *shared, const struct abuse_map *known)
{
    pthread_mutex_lock(&shared->lock);
    bool is_same = shared->current == known;
    pthread_mutex_unlock(&shared->lock);
    return is_same;
}

static void put(struct shared_abuse_map *shared, struct abuse_map *learnt)
{
    pthread_mutex_lock(&shared->lock);
    struct abuse_map *old = shared->current;
    shared->current = learnt;
    pthread_mutex_unlock(&shared->lock);
    abuse_map_release(old);
}

enum result shared_abuse_map_refresh(struct shared_abuse_map *shared, const struct abuse_map *known,
                                     struct database *database)
{
    struct abuse_map *learnt = NULL;
    enum result result = RESULT_OK;
    pthread_mutex_lock(&shared->learn_lock);
    bool is_too_soon = known && clock_now_us() - shared->learnt_us < REFRESH_PAUSE_US;
    if (is_current(shared, known) && is_too_soon)
        result = RESULT_STALE;
    else if (is_current(shared, known))
        result = abuse_map_learn(shared->catalog, database, &learnt);
    if (learnt) {
        shared->learnt_us = clock_now_us();
        if (!are_findings_known(known, learnt))
            log_findings(learnt);
        put(shared, learnt);
    }
    pthread_mutex_unlock(&shared->learn_lock);
    return result;
}

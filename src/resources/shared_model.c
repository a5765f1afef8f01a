/* Learning happens under a lock of its own, so that nobody waits for it who has a model. */
#include "resources/shared_model.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"

enum { REFRESH_PAUSE_US = 1000000 };

struct shared_model {
    const struct catalog *catalog;
    pthread_mutex_t lock;       /* current */
    pthread_mutex_t learn_lock; /* one worker learns at a time; learnt_us */
    struct model *current;
    uint64_t learnt_us;
    atomic_bool is_doubted;
};

struct shared_model *shared_model_create(const struct catalog *catalog)
{
    struct shared_model *shared = calloc(1, sizeof(*shared));
    if (!shared)
        return NULL;
    shared->catalog = catalog;
    atomic_init(&shared->is_doubted, false);
    pthread_mutex_init(&shared->lock, NULL);
    pthread_mutex_init(&shared->learn_lock, NULL);
    return shared;
}

void shared_model_destroy(struct shared_model *shared)
{
    if (!shared)
        return;
    model_release(shared->current);
    pthread_mutex_destroy(&shared->lock);
    pthread_mutex_destroy(&shared->learn_lock);
    free(shared);
}

struct model *shared_model_acquire(struct shared_model *shared)
{
    pthread_mutex_lock(&shared->lock);
    struct model *model = shared->current ? model_share(shared->current) : NULL;
    pthread_mutex_unlock(&shared->lock);
    return model;
}

/* What is missing for long is learnt again and again, and told once. */
static bool are_findings_known(const struct model *known, const struct model *learnt)
{
    const struct model_finding *a = known ? known->findings : NULL;
    const struct model_finding *b = learnt->findings;
    while (a && b && slice_equal(a->resource, b->resource) && slice_equal(a->text, b->text)) {
        a = a->next;
        b = b->next;
    }
    return known && !a && !b;
}

static void log_findings(const struct model *model)
{
    for (const struct model_finding *finding = model->findings; finding; finding = finding->next)
        if (finding->severity >= MODEL_WARNING)
            log_warning("schema", "%.*s: %.*s", SLICE_ARGS(finding->resource),
                        SLICE_ARGS(finding->text));
}

static bool is_current(struct shared_model *shared, const struct model *known)
{
    pthread_mutex_lock(&shared->lock);
    bool is_same = shared->current == known;
    pthread_mutex_unlock(&shared->lock);
    return is_same;
}

enum result shared_model_refresh(struct shared_model *shared, const struct model *known,
                                 struct database *database)
{
    struct model *learnt = NULL;
    enum result result = RESULT_OK;
    pthread_mutex_lock(&shared->learn_lock);
    bool is_too_soon = known && clock_now_us() - shared->learnt_us < REFRESH_PAUSE_US;
    if (is_current(shared, known) && is_too_soon)
        result = RESULT_STALE;
    else if (is_current(shared, known))
        result = model_learn(shared->catalog, database, &learnt);
    if (learnt) {
        shared->learnt_us = clock_now_us();
        metric_increment(METRIC_SCHEMA_READS);
        if (!are_findings_known(known, learnt))
            log_findings(learnt);
        pthread_mutex_lock(&shared->lock);
        struct model *old = shared->current;
        shared->current = learnt;
        pthread_mutex_unlock(&shared->lock);
        model_release(old);
    }
    pthread_mutex_unlock(&shared->learn_lock);
    return result;
}

void shared_model_doubt(struct shared_model *shared)
{
    atomic_store_explicit(&shared->is_doubted, true, memory_order_relaxed);
}

bool shared_model_take_doubt(struct shared_model *shared)
{
    return atomic_exchange_explicit(&shared->is_doubted, false, memory_order_relaxed);
}

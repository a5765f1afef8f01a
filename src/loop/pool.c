/*
 * The workers: threads that take jobs from the queue and send them home.
 *
 * One lock guards the queue and the stack of parked workers; it is never held while a job runs.
 * A worker without work parks on its own condition, and the one parked last is woken first: its
 * caches and its database connection are the warmest. Nobody is woken who has nothing to do.
 */
#include "loop/pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "loop/pool_queue.h"
#include "observe/log.h"
#include "observe/metrics.h"

enum { IDLE_SECONDS = 1 };

struct pool_worker {
    struct pool *pool; /* borrowed */
    size_t index;
    pthread_t thread;

    /* Under the pool's lock. */
    void *context; /* what hooks.init returned */
    pthread_cond_t wake;
    bool is_parked; /* in the parked list */
    struct pool_worker *next_parked;
    struct pool_worker *previous_parked;
};

struct pool {
    struct pool_options options;
    pthread_mutex_t shared_lock;
    struct pool_queue shared_queue;
    struct pool_worker *shared_parked; /* parked last stands first */
    bool shared_is_waking; /* a worker was signalled and has not looked at the queue yet */
    bool shared_should_end;
    size_t started; /* threads to join */
    struct pool_worker *workers;
};

/* --- parking, all under the lock ----------------------------------------------------------- */

static void add_parked(struct pool_worker *worker)
{
    struct pool *pool = worker->pool;
    worker->is_parked = true;
    worker->previous_parked = NULL;
    worker->next_parked = pool->shared_parked;
    if (pool->shared_parked != NULL)
        pool->shared_parked->previous_parked = worker;
    pool->shared_parked = worker;
}

static void remove_parked(struct pool_worker *worker)
{
    worker->is_parked = false;
    if (worker->next_parked != NULL)
        worker->next_parked->previous_parked = worker->previous_parked;
    if (worker->previous_parked != NULL)
        worker->previous_parked->next_parked = worker->next_parked;
    else
        worker->pool->shared_parked = worker->next_parked;
}

/* At most one worker is on its way at a time: it takes what has gathered until it is there, and
 * wakes the next when that was not all. So a burst costs one wake-up, not one a job. */
static void wake_one(struct pool *pool)
{
    struct pool_worker *worker = pool->shared_parked;
    if (worker == NULL || pool->shared_is_waking)
        return;
    pool->shared_is_waking = true;
    remove_parked(worker);
    pthread_cond_signal(&worker->wake);
}

/* Sleeps until woken; false when a second passed without work. */
static bool park(struct pool_worker *worker)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += IDLE_SECONDS;
    add_parked(worker);
    int error = 0;
    while (worker->is_parked && error == 0)
        error = pthread_cond_timedwait(&worker->wake, &worker->pool->shared_lock, &until);
    if (worker->is_parked) {
        remove_parked(worker);
        return false;
    }
    worker->pool->shared_is_waking = false;
    return true;
}

static void idle(struct pool_worker *worker)
{
    struct pool *pool = worker->pool;
    if (pool->options.hooks.idle == NULL)
        return;
    pthread_mutex_unlock(&pool->shared_lock);
    pool->options.hooks.idle(worker->context);
    pthread_mutex_lock(&pool->shared_lock);
}

/* The next jobs, one or a group, or NULL when the pool ends. Takes and leaves the lock held. */
static struct pool_job *next_job(struct pool_worker *worker)
{
    struct pool *pool = worker->pool;
    for (;;) {
        struct pool_job *job = pool_queue_pop(&pool->shared_queue);
        if (job != NULL) {
            /* Whoever freed a lane may have left work that nobody was woken for. */
            if (pool_queue_has_ready(&pool->shared_queue))
                wake_one(pool);
            return job;
        }
        if (pool->shared_should_end)
            return NULL;
        if (!park(worker))
            idle(worker);
    }
}

/* --- jobs, outside the lock ---------------------------------------------------------------- */

static bool all_have_gone(struct pool_job *leader)
{
    if (!atomic_load_explicit(&leader->is_abandoned, memory_order_relaxed))
        return false;
    for (struct pool_job *job = leader->followers; job != NULL; job = job->next_follower) {
        if (!atomic_load_explicit(&job->is_abandoned, memory_order_relaxed))
            return false;
    }
    return true;
}

static void run_done(struct loop_item *item)
{
    struct pool_job *job = (struct pool_job *)((char *)item - offsetof(struct pool_job, item));
    job->done(job);
}

/* After this the job is its submitter's again, who may have freed it already. */
static void send_home(struct pool_job *job)
{
    job->item.run = run_done;
    loop_post(job->loop, &job->item);
}

/* Notes in each sharer how long it waited; tells how many they are. */
static int64_t note_start(struct pool_job *leader, bool is_dropped)
{
    uint64_t now_us = clock_now_us();
    int64_t count = 1;
    leader->queued_us = now_us - leader->submitted_us;
    leader->was_dropped = is_dropped;
    for (struct pool_job *job = leader->followers; job != NULL; job = job->next_follower) {
        job->queued_us = now_us - job->submitted_us;
        job->was_dropped = is_dropped;
        count++;
    }
    return count;
}

/* Takes those that nobody waits for off the list, into *dropped; all of them when the pool ends:
 * its loops have, so nobody can be answered any more. */
static struct pool_job *drop_gone(struct pool_job *jobs, bool is_ending, struct pool_job **dropped)
{
    struct pool_job *kept = NULL;
    struct pool_job **end = &kept;
    *dropped = NULL;
    while (jobs != NULL) {
        struct pool_job *next = jobs->next;
        bool is_dropped = is_ending || all_have_gone(jobs);
        int64_t sharers = note_start(jobs, is_dropped);
        metric_add(METRIC_POOL_QUEUED, -sharers);
        if (is_dropped) {
            metric_add(METRIC_POOL_DROPPED, sharers);
            jobs->next = *dropped;
            *dropped = jobs;
        } else {
            *end = jobs;
            end = &jobs->next;
        }
        jobs = next;
    }
    *end = NULL;
    return kept;
}

static void execute(struct pool_job *jobs, void *worker)
{
    metric_add(METRIC_POOL_BUSY, 1);
    if (jobs->next != NULL)
        jobs->run_group(jobs, worker);
    else
        jobs->run(jobs, worker);
    for (struct pool_job *leader = jobs; leader != NULL; leader = leader->next) {
        for (struct pool_job *job = leader->followers; job != NULL; job = job->next_follower)
            leader->share(leader, job);
    }
    metric_add(METRIC_POOL_BUSY, -1);
}

static void send_sharers_home(struct pool_job *leader)
{
    struct pool_job *follower = leader->followers;
    send_home(leader);
    while (follower != NULL) {
        struct pool_job *next = follower->next_follower;
        send_home(follower);
        follower = next;
    }
}

static void send_all_home(struct pool_job *jobs)
{
    while (jobs != NULL) {
        struct pool_job *next = jobs->next;
        send_sharers_home(jobs);
        jobs = next;
    }
}

static void work(struct pool_worker *worker)
{
    struct pool *pool = worker->pool;
    pthread_mutex_lock(&pool->shared_lock);
    for (struct pool_job *job = next_job(worker); job != NULL; job = next_job(worker)) {
        uint32_t lane = job->lane;
        bool is_ending = pool->shared_should_end;
        struct pool_job *dropped = NULL;
        pthread_mutex_unlock(&pool->shared_lock);
        struct pool_job *kept = drop_gone(job, is_ending, &dropped);
        if (kept != NULL)
            execute(kept, worker->context);
        send_all_home(kept);
        send_all_home(dropped);
        pthread_mutex_lock(&pool->shared_lock);
        pool_queue_finish(&pool->shared_queue, lane);
    }
    pthread_mutex_unlock(&pool->shared_lock);
}

static void set_context(struct pool_worker *worker, void *context)
{
    pthread_mutex_lock(&worker->pool->shared_lock);
    worker->context = context;
    pthread_mutex_unlock(&worker->pool->shared_lock);
}

static void *thread_main(void *argument)
{
    struct pool_worker *worker = argument;
    const struct pool_worker_hooks *hooks = &worker->pool->options.hooks;
    char name[16];
    snprintf(name, sizeof(name), "worker-%u", (unsigned)worker->index % 1000);
    pthread_setname_np(pthread_self(), name);
    void *context = hooks->init != NULL ? hooks->init(hooks->context, worker->index) : NULL;
    set_context(worker, context);
    work(worker);
    set_context(worker, NULL);
    if (hooks->fini != NULL)
        hooks->fini(context);
    return NULL;
}

/* --- the pool ------------------------------------------------------------------------------ */

static void init_wake(pthread_cond_t *wake)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(wake, &attributes);
    pthread_condattr_destroy(&attributes);
}

static enum result start_worker(struct pool *pool)
{
    struct pool_worker *worker = &pool->workers[pool->started];
    worker->pool = pool;
    worker->index = pool->started;
    init_wake(&worker->wake);
    int error = pthread_create(&worker->thread, NULL, thread_main, worker);
    if (error != 0) {
        log_error("pool", "cannot start worker %zu: %s", worker->index, uv_strerror(-error));
        pthread_cond_destroy(&worker->wake);
        return RESULT_FAILED;
    }
    pool->started++;
    return RESULT_OK;
}

struct pool *pool_create(const struct pool_options *options)
{
    struct pool *pool = calloc(1, sizeof(*pool));
    if (pool == NULL)
        return NULL;
    pool->options = *options;
    pthread_mutex_init(&pool->shared_lock, NULL);
    pool->workers = calloc(options->workers, sizeof(*pool->workers));
    if (pool_queue_init(&pool->shared_queue, options) != RESULT_OK || pool->workers == NULL)
        goto failed;
    while (pool->started < options->workers) {
        if (start_worker(pool) != RESULT_OK)
            goto failed;
    }
    metric_set(METRIC_POOL_WORKERS, (int64_t)options->workers);
    return pool;

failed:
    pool_destroy(pool);
    return NULL;
}

enum result pool_submit(struct pool *pool, struct pool_job *job)
{
    job->submitted_us = clock_now_us();
    pthread_mutex_lock(&pool->shared_lock);
    enum result result = pool_queue_push(&pool->shared_queue, job);
    /* Once the lock is free the job may be done and gone. */
    bool was_joined = result == RESULT_OK && job->was_joined;
    if (result == RESULT_OK)
        metric_add(METRIC_POOL_QUEUED, 1);
    if (result == RESULT_OK && !was_joined && pool_queue_has_ready(&pool->shared_queue))
        wake_one(pool);
    pthread_mutex_unlock(&pool->shared_lock);
    if (result != RESULT_OK)
        metric_increment(METRIC_POOL_FULL);
    if (was_joined)
        metric_increment(METRIC_POOL_JOINED);
    return result;
}

void pool_destroy(struct pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->shared_lock);
    pool->shared_should_end = true;
    while (pool->shared_parked != NULL) {
        pool->shared_is_waking = false;
        wake_one(pool);
    }
    for (size_t i = 0; i < pool->started; i++) {
        if (pool->options.hooks.interrupt != NULL && pool->workers[i].context != NULL)
            pool->options.hooks.interrupt(pool->workers[i].context);
    }
    pthread_mutex_unlock(&pool->shared_lock);
    for (size_t i = 0; i < pool->started; i++) {
        pthread_join(pool->workers[i].thread, NULL);
        pthread_cond_destroy(&pool->workers[i].wake);
    }
    pool_queue_clear(&pool->shared_queue);
    pthread_mutex_destroy(&pool->shared_lock);
    free(pool->workers);
    free(pool);
    metric_set(METRIC_POOL_WORKERS, 0);
}

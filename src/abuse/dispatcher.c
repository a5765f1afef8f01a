/* The thread: when it claims, when it counts, and how it ends. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "abuse/dispatcher_internal.h"
#include "observe/log.h"
#include "observe/metrics.h"

enum {
    COUNT_US = 2000000,         /* or abuse.poll, where that is longer */
    AWAY_US = 500000,           /* to the next try: the database is away */
    REFUSED_US = 10000000,      /* it does not let us: the table or a privilege is missing */
    IDLE_REFUSED_US = 60000000, /* the same, where nothing is dispatched */
    GRACE_US = 2000000,         /* for a call under way, from dispatcher_close on */
    LAST_US = 1500000,          /* for what has to be written after it was cut */
};

static uint64_t at_most(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Until then, or until signalled. With the lock. */
static void wait_until_us(struct dispatcher *dispatcher, pthread_cond_t *condition, uint64_t us)
{
    const struct timespec until = {.tv_sec = (time_t)(us / 1000000),
                                   .tv_nsec = (long)(us % 1000000) * 1000};
    pthread_cond_timedwait(condition, &dispatcher->lock, &until);
}

void dispatcher_sleep(struct dispatcher *dispatcher, uint64_t us)
{
    uint64_t until_us = clock_now_us() + us;
    pthread_mutex_lock(&dispatcher->lock);
    while (!atomic_load(&dispatcher->is_ending) && clock_now_us() < until_us)
        wait_until_us(dispatcher, &dispatcher->wake, until_us);
    pthread_mutex_unlock(&dispatcher->lock);
}

/* --- the thread ---------------------------------------------------------------------------- */

enum due { DUE_END, DUE_COUNT, DUE_CLAIM };

static enum due wait_for_due(struct dispatcher *dispatcher)
{
    enum due due = DUE_END;
    pthread_mutex_lock(&dispatcher->lock);
    while (!dispatcher->is_closed) {
        uint64_t now_us = clock_now_us();
        uint64_t claim_at_us = dispatcher->caller ? dispatcher->claim_at_us : UINT64_MAX;
        due = now_us >= dispatcher->count_at_us ? DUE_COUNT
              : now_us >= claim_at_us           ? DUE_CLAIM
                                                : DUE_END;
        if (due != DUE_END)
            break;
        wait_until_us(dispatcher, &dispatcher->wake, at_most(dispatcher->count_at_us, claim_at_us));
    }
    if (dispatcher->is_closed)
        due = DUE_END;
    /* A row that is added from now on wakes us anew. */
    if (due == DUE_CLAIM)
        dispatcher->claim_at_us = UINT64_MAX;
    pthread_mutex_unlock(&dispatcher->lock);
    return due;
}

static bool is_passing(enum result result)
{
    return result == RESULT_UNAVAILABLE || result == RESULT_TIMEOUT || result == RESULT_UNKNOWN ||
           result == RESULT_NO_MEMORY;
}

/* A refusal is told once, until the database has let us again. */
static uint64_t pause_after(struct dispatcher *dispatcher, enum result result, uint64_t good_us)
{
    if (result == RESULT_OK || result == RESULT_NOT_FOUND) {
        dispatcher->is_refusal_told = false;
        return good_us;
    }
    if (is_passing(result))
        return AWAY_US;
    if (!dispatcher->is_refusal_told)
        log_write(
            dispatcher->caller ? LOG_LEVEL_ERROR : LOG_LEVEL_WARNING, "outbox",
            "portcullis_outbox cannot be used (%s); nothing is suspended. "
            "schema/structure/90_portcullis.sql makes it; SELECT, INSERT and UPDATE on it are "
            "needed",
            database_error_text(dispatcher->database));
    dispatcher->is_refusal_told = true;
    return dispatcher->caller ? REFUSED_US : IDLE_REFUSED_US;
}

static void count(struct dispatcher *dispatcher)
{
    struct outbox_numbers numbers;
    uint64_t poll_us = dispatcher->config->poll_ms * 1000;
    enum result result = outbox_count(dispatcher->database, &numbers);
    dispatcher->count_at_us =
        clock_now_us() + pause_after(dispatcher, result, poll_us > COUNT_US ? poll_us : COUNT_US);
    if (result != RESULT_OK)
        return;
    metric_set(METRIC_OUTBOX_PENDING, numbers.pending);
    metric_set(METRIC_OUTBOX_OLDEST, numbers.oldest_s);
}

/* After a row there may be another. What was added meanwhile has moved claim_at_us already. */
static void claim(struct dispatcher *dispatcher)
{
    enum result result = dispatcher_work(dispatcher);
    uint64_t good_us = result == RESULT_OK ? 0 : dispatcher->config->poll_ms * 1000;
    uint64_t at_us = clock_now_us() + pause_after(dispatcher, result, good_us);
    pthread_mutex_lock(&dispatcher->lock);
    dispatcher->claim_at_us = at_most(dispatcher->claim_at_us, at_us);
    pthread_mutex_unlock(&dispatcher->lock);
}

static void share_database(struct dispatcher *dispatcher, struct database *database)
{
    pthread_mutex_lock(&dispatcher->lock);
    dispatcher->shared_database = database;
    pthread_mutex_unlock(&dispatcher->lock);
}

static void *run(void *context)
{
    struct dispatcher *dispatcher = context;
    dispatcher->database = database_create(dispatcher->mysql);
    share_database(dispatcher, dispatcher->database);
    if (!dispatcher->database)
        log_error("outbox", "memory is out: nothing is suspended");
    for (enum due due; dispatcher->database && (due = wait_for_due(dispatcher)) != DUE_END;) {
        if (due == DUE_COUNT)
            count(dispatcher);
        else
            claim(dispatcher);
    }
    share_database(dispatcher, NULL);
    database_destroy(dispatcher->database);
    pthread_mutex_lock(&dispatcher->lock);
    dispatcher->has_ended = true;
    pthread_cond_broadcast(&dispatcher->news);
    pthread_mutex_unlock(&dispatcher->lock);
    return NULL;
}

/* --- the outside --------------------------------------------------------------------------- */

/* No two processes have the same, also on machines that were cloned. */
static void make_name(struct dispatcher *dispatcher)
{
    char host[32] = "";
    uint64_t chance = clock_wall_us() ^ (uintptr_t)dispatcher;
    if (getrandom(&chance, sizeof(chance), 0) < 0)
        chance ^= clock_now_us();
    gethostname(host, sizeof(host) - 1);
    for (char *at = host; *at; at++)
        if ((unsigned char)*at <= 0x20 || (unsigned char)*at > 0x7e)
            *at = '?';
    snprintf(dispatcher->name, sizeof(dispatcher->name), "%s:%d:%08" PRIx32, host, (int)getpid(),
             (uint32_t)chance);
    dispatcher->claimant =
        (struct outbox_claimant){.name = slice_from(dispatcher->name),
                                 .lease_s = (dispatcher->config->lease_ms + 999) / 1000};
}

static void announce(const struct config_abuse *config)
{
    if (!config->dispatch)
        log_info("outbox", "abuse.dispatch=off: suspensions are left to other gateways");
    else if (!whmcs_is_configured(config))
        log_write(config->whmcs_url[0] ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, "outbox",
                  "suspensions wait until abuse.whmcs_url, abuse.whmcs_identifier and "
                  "abuse.whmcs_secret are all set");
    else if (whmcs_is_in_the_clear(config))
        log_warning("outbox", "abuse.whmcs_url is http:// and beyond this machine: the secret "
                              "travels in plain text");
}

static void make_condition(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

struct dispatcher *dispatcher_create(const struct dispatcher_options *options)
{
    const struct config_abuse *config = options->config;
    struct dispatcher *dispatcher = calloc(1, sizeof(*dispatcher));
    if (!dispatcher)
        return NULL;
    dispatcher->config = config;
    dispatcher->mysql = options->mysql;
    atomic_init(&dispatcher->is_ending, false);
    pthread_mutex_init(&dispatcher->lock, NULL);
    make_condition(&dispatcher->wake);
    make_condition(&dispatcher->news);
    make_name(dispatcher);
    bool is_wanted = config->dispatch && whmcs_is_configured(config);
    dispatcher->reports = report_link_create(options->reports);
    if (is_wanted)
        dispatcher->caller = whmcs_caller_create(config, &dispatcher->is_ending);
    if (dispatcher->reports && (dispatcher->caller || !is_wanted))
        return dispatcher;
    dispatcher_destroy(dispatcher);
    return NULL;
}

enum result dispatcher_start(struct dispatcher *dispatcher)
{
    announce(dispatcher->config);
    if (pthread_create(&dispatcher->thread, NULL, run, dispatcher) != 0)
        return RESULT_NO_MEMORY;
    dispatcher->has_thread = true;
    return RESULT_OK;
}

void dispatcher_wake(struct dispatcher *dispatcher)
{
    pthread_mutex_lock(&dispatcher->lock);
    dispatcher->claim_at_us = 0;
    pthread_cond_signal(&dispatcher->wake);
    pthread_mutex_unlock(&dispatcher->lock);
}

void dispatcher_close(struct dispatcher *dispatcher)
{
    pthread_mutex_lock(&dispatcher->lock);
    if (!dispatcher->is_closed)
        dispatcher->closed_at_us = clock_now_us();
    dispatcher->is_closed = true;
    pthread_cond_signal(&dispatcher->wake);
    pthread_mutex_unlock(&dispatcher->lock);
}

/* With the lock. */
static void wait_for_end(struct dispatcher *dispatcher, uint64_t until_us)
{
    while (!dispatcher->has_ended && clock_now_us() < until_us)
        wait_until_us(dispatcher, &dispatcher->news, until_us);
}

void dispatcher_stop(struct dispatcher *dispatcher)
{
    if (!dispatcher->has_thread)
        return;
    dispatcher_close(dispatcher);
    pthread_mutex_lock(&dispatcher->lock);
    wait_for_end(dispatcher, dispatcher->closed_at_us + GRACE_US);
    atomic_store(&dispatcher->is_ending, true);
    pthread_cond_signal(&dispatcher->wake);
    wait_for_end(dispatcher, clock_now_us() + LAST_US);
    if (dispatcher->shared_database)
        database_interrupt(dispatcher->shared_database);
    pthread_mutex_unlock(&dispatcher->lock);
    pthread_join(dispatcher->thread, NULL);
    dispatcher->has_thread = false;
}

void dispatcher_destroy(struct dispatcher *dispatcher)
{
    if (!dispatcher)
        return;
    dispatcher_stop(dispatcher);
    whmcs_caller_destroy(dispatcher->caller);
    report_link_destroy(dispatcher->reports);
    pthread_cond_destroy(&dispatcher->news);
    pthread_cond_destroy(&dispatcher->wake);
    pthread_mutex_destroy(&dispatcher->lock);
    free(dispatcher);
}

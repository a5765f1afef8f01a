/* The keeper's thread, and what it tells the store of rows. */
#include "resources/file_keeper.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "resources/file_row.h"

enum { US_A_MS = 1000, FIRST_RETRY_MS = 500 };

struct file_keeper {
    struct file_keeper_options options;
    pthread_t thread;
    bool has_thread;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;
    bool has_news; /* the store left something */
    bool should_end;
    struct database *shared_database; /* for database_interrupt; NULL when the thread has none */

    /* The thread's own. */
    struct database *database; /* while something must be asked */
    struct model *model;       /* of the sweep under way; NULL: not learnt yet */
    struct arena arena;        /* of a statement */
    bool is_in_transaction;
    bool is_synced; /* with the other nodes of a cluster, before each statement of the connection */
    unsigned seed;
    uint64_t retry_ms;
    struct blob_settled last; /* what was told of */
};

static bool should_end(struct file_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    bool should = keeper->should_end;
    pthread_mutex_unlock(&keeper->lock);
    return should;
}

/* --- what the rows say ---------------------------------------------------------------------- */

/* On a Galera node that lags, what others have committed is waited for. */
static enum result wait_for_others(struct file_keeper *keeper)
{
    const struct database_cell *cells = NULL;
    enum result result = database_query(
        keeper->database, SLICE("SHOW SESSION VARIABLES LIKE 'wsrep_sync_wait'"), NULL, 0);
    if (result == RESULT_OK)
        result = database_next(keeper->database, &cells);
    database_finish(keeper->database);
    if (result == RESULT_NOT_FOUND)
        return RESULT_OK; /* a server that knows no such thing */
    return result == RESULT_OK
               ? database_execute(keeper->database, SLICE("SET SESSION wsrep_sync_wait = 15"))
               : result;
}

static enum result open_database(struct file_keeper *keeper)
{
    if (!keeper->database) {
        struct database *database = database_create(keeper->options.mysql);
        pthread_mutex_lock(&keeper->lock);
        keeper->shared_database = keeper->database = database;
        pthread_mutex_unlock(&keeper->lock);
    }
    if (!keeper->database)
        return RESULT_NO_MEMORY;
    if (should_end(keeper))
        return RESULT_UNAVAILABLE;
    enum result result = keeper->is_synced ? RESULT_OK : wait_for_others(keeper);
    keeper->is_synced = result == RESULT_OK;
    return result;
}

static void close_database(struct file_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    keeper->shared_database = NULL;
    pthread_mutex_unlock(&keeper->lock);
    database_destroy(keeper->database);
    keeper->database = NULL;
    keeper->is_synced = false;
}

/* The learnt columns changed: others, or the next sweep, go by the new ones. */
static void learn_anew(struct file_keeper *keeper)
{
    struct model *known = keeper->model;
    database_rollback(keeper->database);
    keeper->is_in_transaction = false;
    shared_model_refresh(keeper->options.model, known, keeper->database);
}

static enum result compare(const struct file_columns *columns, const struct database_cell *cells,
                           struct slice path, struct slice sha256)
{
    struct file_row row;
    file_row_read(&row, columns, cells);
    enum result result = RESULT_NOT_FOUND;
    if (row.path.has_failed)
        result = RESULT_NO_MEMORY;
    else if (slice_equal(buffer_slice(&row.path), path) &&
             (!sha256.size || slice_equal_nocase(row.sha256, sha256)))
        result = RESULT_OK;
    buffer_clear(&row.path);
    return result;
}

static enum result read_row(struct file_keeper *keeper, const struct file_columns *columns,
                            int64_t id, const struct database_cell **cells)
{
    struct plan plan;
    enum result result = RESULT_OK;
    if (!keeper->is_in_transaction)
        result = database_begin(keeper->database);
    keeper->is_in_transaction = result == RESULT_OK;
    if (result != RESULT_OK)
        return result;
    plan_init(&plan, &keeper->arena);
    plan_file_row(&plan, columns, id);
    result = plan.has_failed ? RESULT_NO_MEMORY
                             : database_query(keeper->database, buffer_slice(&plan.text),
                                              plan.values, plan.value_count);
    plan_clear(&plan);
    return result == RESULT_OK ? database_next(keeper->database, cells) : result;
}

static enum result ask_columns(struct file_keeper *keeper, const struct file_columns *columns,
                               const struct blob_owner *owner, struct slice path,
                               struct slice sha256)
{
    const struct database_cell *cells = NULL;
    enum result result = open_database(keeper);
    if (result == RESULT_OK)
        result = read_row(keeper, columns, owner->id, &cells);
    if (result == RESULT_OK) {
        result = compare(columns, cells, path, sha256);
        database_finish(keeper->database);
    } else if (result == RESULT_STALE) {
        learn_anew(keeper);
    }
    return result;
}

static enum result ask(void *context, const struct blob_owner *owner, struct slice path,
                       struct slice sha256)
{
    struct file_keeper *keeper = context;
    struct file_columns columns;
    if (!keeper->model)
        keeper->model = shared_model_acquire(keeper->options.model);
    const struct model_resource *resource =
        keeper->model ? model_resource_find(keeper->model, owner->resource) : NULL;
    if (!resource || !model_is_served(resource) || !resource->has_download || should_end(keeper))
        return RESULT_UNAVAILABLE;
    file_columns_choose(&columns, resource, slice_from(keeper->options.files->path));
    bool is_told = !sha256.size || file_columns_have_sha256(&columns);
    enum result result =
        ask_columns(keeper, &columns, owner, path, is_told ? sha256 : slice_of("", 0));
    arena_clear(&keeper->arena);
    arena_init(&keeper->arena);
    return result == RESULT_OK && !is_told ? RESULT_INVALID : result;
}

static void end_asking(void *context)
{
    struct file_keeper *keeper = context;
    if (keeper->is_in_transaction)
        database_rollback(keeper->database);
    keeper->is_in_transaction = false;
}

/* --- a sweep -------------------------------------------------------------------------------- */

/* Each thing once, and again when its number changes. */
static void tell(struct file_keeper *keeper, const struct blob_settled *now)
{
    struct blob_settled *last = &keeper->last;
    if (now->done)
        log_info("files_settled", "%zu files that were left under files.root are settled",
                 now->done);
    if (now->waiting && now->waiting != last->waiting)
        log_warning("files_pending",
                    "%zu files left under files.root wait until the database tells of their rows",
                    now->waiting);
    if (now->refused && now->refused != last->refused)
        log_error("files_pending",
                  "%zu files left under files.root cannot be removed, which is tried again: %s",
                  now->refused, strerror(now->refused_error));
    if (now->foreign && now->foreign != last->foreign)
        log_warning("files_pending",
                    "%zu files left in files.root/.portcullis are let alone: they are of another "
                    "mysql.database or files.path, or unreadable; remove them by hand once "
                    "`portcullis check --files` finds nothing wrong",
                    now->foreign);
    *last = *now;
}

static void count(const struct blob_settled *now)
{
    metric_add(METRIC_FILES_SETTLED, (int64_t)now->done);
    metric_set(METRIC_FILES_PENDING, (int64_t)(now->waiting + now->refused + now->foreign));
}

static void sweep(struct file_keeper *keeper)
{
    const struct blob_judge judge = {ask, end_asking, keeper};
    struct blob_settled settled = {0};
    blob_store_settle(keeper->options.blobs, &judge, &settled);
    if (settled.done)
        shared_file_cache_forget(keeper->options.file_cache);
    model_release(keeper->model);
    keeper->model = NULL;
    if (!settled.waiting)
        close_database(keeper); /* else it knows how long not to ask again */
    keeper->is_synced = false;
    tell(keeper, &settled);
    count(&settled);
    keeper->retry_ms = !settled.waiting   ? 0
                       : keeper->retry_ms ? 2 * keeper->retry_ms
                                          : FIRST_RETRY_MS;
}

/* When the next is due: sooner where the database must be asked again. Gateways that were started
 * together do not all come at once. */
static uint64_t next_at_us(struct file_keeper *keeper)
{
    uint64_t pause_ms = keeper->options.files->sweep_ms;
    if (keeper->retry_ms && keeper->retry_ms < pause_ms)
        pause_ms = keeper->retry_ms;
    uint64_t jitter_ms = (uint64_t)rand_r(&keeper->seed) % (pause_ms / 4 + 1);
    return clock_now_us() + (pause_ms - jitter_ms) * US_A_MS;
}

/* --- the thread ----------------------------------------------------------------------------- */

/* false: the end. */
static bool wait_for_next(struct file_keeper *keeper)
{
    uint64_t due_us = next_at_us(keeper);
    const struct timespec until = {.tv_sec = (time_t)(due_us / 1000000),
                                   .tv_nsec = (long)(due_us % 1000000) * 1000};
    pthread_mutex_lock(&keeper->lock);
    while (!keeper->should_end && !keeper->has_news && clock_now_us() < due_us)
        pthread_cond_timedwait(&keeper->wake, &keeper->lock, &until);
    keeper->has_news = false;
    bool goes_on = !keeper->should_end;
    pthread_mutex_unlock(&keeper->lock);
    return goes_on;
}

static void *run(void *context)
{
    struct file_keeper *keeper = context;
    do
        sweep(keeper);
    while (wait_for_next(keeper));
    close_database(keeper);
    return NULL;
}

static void on_left(void *context)
{
    struct file_keeper *keeper = context;
    pthread_mutex_lock(&keeper->lock);
    keeper->has_news = true;
    pthread_cond_signal(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
}

struct file_keeper *file_keeper_create(const struct file_keeper_options *options)
{
    pthread_condattr_t monotonic;
    struct file_keeper *keeper = calloc(1, sizeof(*keeper));
    if (!keeper)
        return NULL;
    keeper->options = *options;
    keeper->seed = (unsigned)clock_now_us();
    arena_init(&keeper->arena);
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&keeper->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    blob_store_on_left(options->blobs, on_left, keeper);
    return keeper;
}

enum result file_keeper_start(struct file_keeper *keeper)
{
    keeper->has_thread = pthread_create(&keeper->thread, NULL, run, keeper) == 0;
    return keeper->has_thread ? RESULT_OK : RESULT_NO_MEMORY;
}

static void stop(struct file_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    keeper->should_end = true;
    pthread_cond_signal(&keeper->wake);
    if (keeper->shared_database)
        database_interrupt(keeper->shared_database);
    pthread_mutex_unlock(&keeper->lock);
    pthread_join(keeper->thread, NULL);
}

void file_keeper_destroy(struct file_keeper *keeper)
{
    if (!keeper)
        return;
    if (keeper->has_thread)
        stop(keeper);
    blob_store_on_left(keeper->options.blobs, NULL, NULL);
    arena_clear(&keeper->arena);
    pthread_cond_destroy(&keeper->wake);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper);
}

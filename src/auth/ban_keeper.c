/*
 * One thread polls (ban_keeper_poll.c) and writes (ban_keeper_write.c), so that these never
 * overlap. A network whose rows wait to be deleted is passed over by a poll under way: the lock is
 * held while a row is taken into memory, and while a deletion is queued and taken out of memory, so
 * neither falls between the other's two steps.
 */
#include "auth/ban_keeper.h"

#include <stdlib.h>
#include <time.h>

#include "auth/ban_keeper_internal.h"
#include "observe/log.h"

enum {
    US_A_MS = 1000,
    LAST_TRY_MS = 700, /* at the end, so that all of it ends within a second */
};

static uint64_t at_most(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Until then, or until signalled. With the lock. */
static void wait_until_us(struct ban_keeper *keeper, pthread_cond_t *condition, uint64_t us)
{
    const struct timespec until = {.tv_sec = (time_t)(us / 1000000),
                                   .tv_nsec = (long)(us % 1000000) * 1000};
    pthread_cond_timedwait(condition, &keeper->lock, &until);
}

/* --- the thread ---------------------------------------------------------------------------- */

enum due { DUE_END, DUE_POLL, DUE_ROW, DUE_LINE };

static enum due wait_for_due(struct ban_keeper *keeper)
{
    enum due due = DUE_END;
    pthread_mutex_lock(&keeper->lock);
    while (!keeper->should_end) {
        uint64_t now_us = clock_now_us();
        uint64_t rows_at_us = keeper->work.rows ? keeper->rows_at_us : UINT64_MAX;
        uint64_t lines_at_us = keeper->work.lines ? keeper->lines_at_us : UINT64_MAX;
        due = now_us >= keeper->poll_at_us ? DUE_POLL
              : now_us >= rows_at_us       ? DUE_ROW
              : now_us >= lines_at_us      ? DUE_LINE
                                           : DUE_END;
        if (due != DUE_END)
            break;
        wait_until_us(keeper, &keeper->wake,
                      at_most(keeper->poll_at_us, at_most(rows_at_us, lines_at_us)));
    }
    if (keeper->should_end)
        due = DUE_END;
    pthread_mutex_unlock(&keeper->lock);
    return due;
}

static void do_due(struct ban_keeper *keeper)
{
    for (enum due due; (due = wait_for_due(keeper)) != DUE_END;) {
        if (due == DUE_POLL)
            ban_keeper_poll(keeper);
        else if (due == DUE_ROW)
            ban_keeper_write_row(keeper);
        else
            ban_keeper_write_line(keeper);
    }
}

static void tell(struct ban_keeper *keeper, bool *what)
{
    pthread_mutex_lock(&keeper->lock);
    *what = true;
    pthread_cond_broadcast(&keeper->news);
    pthread_mutex_unlock(&keeper->lock);
}

static void share_database(struct ban_keeper *keeper, struct database *database)
{
    pthread_mutex_lock(&keeper->lock);
    keeper->shared_database = database;
    pthread_mutex_unlock(&keeper->lock);
}

static void *run(void *context)
{
    struct ban_keeper *keeper = context;
    keeper->database = database_create(keeper->options.mysql);
    keeper->addresses = banned_addresses_create(keeper->database);
    share_database(keeper, keeper->database);
    if (keeper->database && keeper->addresses) {
        ban_keeper_poll(keeper);
        tell(keeper, &keeper->has_polled);
        do_due(keeper);
        while (ban_keeper_write_row(keeper) == RESULT_OK)
            continue;
        while (ban_keeper_write_line(keeper) == RESULT_OK)
            continue;
    } else {
        log_error("ban_keeper", "memory is out: bans are not read from the database");
    }
    share_database(keeper, NULL);
    banned_addresses_destroy(keeper->addresses);
    database_destroy(keeper->database);
    tell(keeper, &keeper->has_ended);
    return NULL;
}

/* --- the outside --------------------------------------------------------------------------- */

struct ban_keeper *ban_keeper_create(const struct ban_keeper_options *options)
{
    pthread_condattr_t monotonic;
    struct ban_keeper *keeper = calloc(1, sizeof(*keeper));
    if (!keeper)
        return NULL;
    keeper->options = *options;
    keeper->writes_rows = slice_equal(slice_from(options->config->table), SLICE("write"));
    ban_work_init(&keeper->work);
    ban_keeper_settings_init(&keeper->settings);
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&keeper->wake, &monotonic);
    pthread_cond_init(&keeper->news, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return keeper;
}

enum result ban_keeper_start(struct ban_keeper *keeper, uint64_t wait_ms)
{
    uint64_t until_us = clock_now_us() + wait_ms * US_A_MS;
    if (pthread_create(&keeper->thread, NULL, run, keeper) != 0)
        return RESULT_NO_MEMORY;
    keeper->has_thread = true;
    pthread_mutex_lock(&keeper->lock);
    while (!keeper->has_polled && !keeper->has_ended && clock_now_us() < until_us)
        wait_until_us(keeper, &keeper->news, until_us);
    bool is_running = !keeper->has_ended;
    pthread_mutex_unlock(&keeper->lock);
    return is_running ? RESULT_OK : RESULT_NO_MEMORY;
}

void ban_keeper_stop(struct ban_keeper *keeper)
{
    uint64_t until_us = clock_now_us() + LAST_TRY_MS * US_A_MS;
    if (!keeper->has_thread)
        return;
    pthread_mutex_lock(&keeper->lock);
    keeper->should_end = true;
    pthread_cond_signal(&keeper->wake);
    while (!keeper->has_ended && clock_now_us() < until_us)
        wait_until_us(keeper, &keeper->news, until_us);
    if (keeper->shared_database)
        database_interrupt(keeper->shared_database);
    size_t left = ban_work_count(&keeper->work);
    pthread_mutex_unlock(&keeper->lock);
    pthread_join(keeper->thread, NULL);
    keeper->has_thread = false;
    if (left)
        log_warning("ban_keeper", "%zu rows and log lines could not be written at the end", left);
}

void ban_keeper_destroy(struct ban_keeper *keeper)
{
    if (!keeper)
        return;
    ban_keeper_stop(keeper);
    ban_work_clear(&keeper->work);
    ban_keeper_settings_clear(&keeper->settings);
    pthread_cond_destroy(&keeper->news);
    pthread_cond_destroy(&keeper->wake);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper);
}

void ban_keeper_add_row(struct ban_keeper *keeper, const struct ban *ban, struct slice reason)
{
    if (!keeper->writes_rows)
        return;
    pthread_mutex_lock(&keeper->lock);
    ban_work_add_row(&keeper->work, &ban->network, ban->expires_ms, reason);
    pthread_cond_signal(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
}

void ban_keeper_delete_row(struct ban_keeper *keeper, const struct network *network)
{
    if (!keeper->writes_rows)
        return;
    pthread_mutex_lock(&keeper->lock);
    ban_work_delete_row(&keeper->work, network);
    ban_table_remove(keeper->options.table, network);
    pthread_cond_signal(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
}

void ban_keeper_log(struct ban_keeper *keeper, struct slice text, const struct network *network)
{
    struct buffer line;
    buffer_init(&line);
    buffer_append_slice(&line, SLICE("portcullis: "));
    buffer_append_slice(&line, text);
    pthread_mutex_lock(&keeper->lock);
    if (!line.has_failed)
        ban_work_add_line(&keeper->work, buffer_slice(&line), network);
    pthread_cond_signal(&keeper->wake);
    pthread_mutex_unlock(&keeper->lock);
    buffer_clear(&line);
}

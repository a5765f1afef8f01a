/*
 * One thread does both, so that writing and polling never overlap. A network whose rows wait to be
 * deleted is passed over by a poll under way: the lock is held while a row is taken into memory,
 * and while a deletion is queued and taken out of memory, so neither falls between the other's two
 * steps.
 */
#include "auth/ban_keeper.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "auth/ban_keeper_settings.h"
#include "auth/ban_keeper_work.h"
#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "whmcs/activity_log.h"
#include "whmcs/banned_addresses.h"

enum {
    US_A_MS = 1000,
    AWAY_PAUSE_US = 500 * US_A_MS,      /* the database is away */
    REFUSED_PAUSE_US = 60000 * US_A_MS, /* it does not let us: a table or a privilege is missing */
    POLL_SHARE = 50,                    /* of the time, one part is spent reading a big table */
    LONGEST_POLL_PAUSE_US = 300000 * US_A_MS,
    LAST_TRY_MS = 700, /* at the end, so that all of it ends within a second */
};

struct ban_keeper {
    struct ban_keeper_options options;
    bool writes_rows; /* ban.table=write */
    pthread_t thread;
    bool has_thread;

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wake;  /* of the thread: work, or the end */
    pthread_cond_t news;  /* from the thread: it has polled, or ended */
    struct ban_work work;
    struct database *shared_database; /* for database_interrupt; NULL when the thread has none */
    bool should_end;
    bool has_polled;
    bool has_ended;

    /* The thread's own. */
    struct database *database;
    struct banned_addresses *addresses;
    struct ban_keeper_settings settings;
    uint64_t poll;       /* the number of the poll under way */
    int64_t page_at_ms;  /* when its page was asked for, Unix time */
    size_t rows;         /* it found so far */
    size_t refused;      /* of these, what memory had no room for */
    uint64_t poll_at_us; /* nothing of these is done sooner */
    uint64_t settings_at_us;
    uint64_t rows_at_us;
    uint64_t lines_at_us;
    bool is_misfit_told; /* that the table cannot be read */
    bool are_settings_told;
    bool is_refused_told;
};

static int64_t wall_ms(void)
{
    return (int64_t)(clock_wall_us() / US_A_MS);
}

static uint64_t at_least(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t at_most(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool is_passing(enum result result)
{
    return result == RESULT_UNAVAILABLE || result == RESULT_TIMEOUT || result == RESULT_NO_MEMORY;
}

/* The database is there and will not do it, now or in a moment. */
static bool is_refusal(enum result result)
{
    return result != RESULT_OK && !is_passing(result);
}

static uint64_t retry_at_us(enum result result)
{
    return clock_now_us() + (is_passing(result) ? AWAY_PAUSE_US : REFUSED_PAUSE_US);
}

/* Until then, or until signalled. With the lock. */
static void wait_until_us(struct ban_keeper *keeper, pthread_cond_t *condition, uint64_t us)
{
    const struct timespec until = {.tv_sec = (time_t)(us / 1000000),
                                   .tv_nsec = (long)(us % 1000000) * 1000};
    pthread_cond_timedwait(condition, &keeper->lock, &until);
}

/* --- polling ------------------------------------------------------------------------------- */

static bool should_end(struct ban_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    bool is_over = keeper->should_end;
    pthread_mutex_unlock(&keeper->lock);
    return is_over;
}

static void take_row(void *context, const struct banned_address *row)
{
    struct ban_keeper *keeper = context;
    const struct ban ban = {.network = row->network,
                            .expires_ms = keeper->page_at_ms + row->seconds_left * 1000,
                            .poll = keeper->poll};
    int64_t now_ms = wall_ms();
    keeper->rows++;
    pthread_mutex_lock(&keeper->lock);
    enum ban_change change = ban_work_deletes(&keeper->work, &ban.network)
                                 ? BAN_SAME
                                 : ban_table_put(keeper->options.table, &ban, now_ms);
    if (change == BAN_NEW)
        keeper->options.on_row(keeper->options.context, &ban);
    pthread_mutex_unlock(&keeper->lock);
    keeper->refused += change == BAN_REFUSED && ban.expires_ms > now_ms;
}

/* A ban whose row waits to be written is none that was deleted: it is provisional again. */
static void lift(void *context, const struct network *network)
{
    struct ban_keeper *keeper = context;
    struct ban ban = {.network = *network};
    pthread_mutex_lock(&keeper->lock);
    bool is_wished = ban_work_adds(&keeper->work, network, &ban.expires_ms);
    if (is_wished)
        ban_table_put(keeper->options.table, &ban, wall_ms());
    pthread_mutex_unlock(&keeper->lock);
    if (!is_wished)
        keeper->options.on_lift(keeper->options.context, network);
}

static enum result read_rows(struct ban_keeper *keeper)
{
    int64_t after_id = 0;
    enum result result = RESULT_OK;
    keeper->rows = keeper->refused = 0;
    while (result == RESULT_OK) {
        if (should_end(keeper))
            return RESULT_UNAVAILABLE;
        keeper->page_at_ms = wall_ms();
        result = banned_addresses_read_page(keeper->addresses, &after_id, take_row, keeper);
    }
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

/* Once, until it could be read again. */
static void tell_misfit(struct ban_keeper *keeper, enum result result, const char *table,
                        bool *is_told)
{
    if (is_refusal(result) && !*is_told)
        log_error("ban_table", "%s cannot be read: %s", table,
                  database_error_text(keeper->database));
    if (result == RESULT_OK || is_refusal(result))
        *is_told = result != RESULT_OK;
}

static void tell_refused(struct ban_keeper *keeper)
{
    if (keeper->refused && !keeper->is_refused_told)
        log_error("ban_table",
                  "%zu rows of tblbannedips are not honoured: more than ban.max_tracked bans, or "
                  "more than %d lengths of prefixes and shapes of wildcards",
                  keeper->refused, BAN_TABLE_MOST_MASKS);
    keeper->is_refused_told = keeper->refused > 0;
}

/* What cannot be read leaves the settings as they were. */
static void read_settings(struct ban_keeper *keeper)
{
    bool has_changed;
    if (clock_now_us() < keeper->settings_at_us)
        return;
    enum result result =
        ban_keeper_settings_read(&keeper->settings, keeper->database, &has_changed);
    if (has_changed)
        keeper->options.on_settings(keeper->options.context, &keeper->settings.settings);
    if (is_refusal(result))
        keeper->settings_at_us = retry_at_us(result);
    tell_misfit(keeper, result, "tblconfiguration", &keeper->are_settings_told);
}

static uint64_t pause_after_poll(const struct ban_keeper *keeper, enum result result,
                                 uint64_t took_us)
{
    uint64_t poll_us = keeper->options.config->table_poll_ms * US_A_MS;
    if (result == RESULT_UNAVAILABLE)
        return at_most(poll_us, AWAY_PAUSE_US);
    if (result != RESULT_OK)
        return at_least(poll_us, is_passing(result) ? AWAY_PAUSE_US : REFUSED_PAUSE_US);
    if (keeper->rows < BANNED_ADDRESSES_PAGE)
        return poll_us;
    return at_least(poll_us, at_most(took_us * POLL_SHARE, LONGEST_POLL_PAUSE_US));
}

static void do_poll(struct ban_keeper *keeper)
{
    const struct ban_keeper_options *options = &keeper->options;
    uint64_t began_us = clock_now_us();
    keeper->poll = ban_table_begin_poll(options->table);
    read_settings(keeper);
    enum result result = read_rows(keeper);
    uint64_t took_us = clock_now_us() - began_us;
    if (result == RESULT_OK) {
        ban_table_lift_unseen(options->table, keeper->poll, wall_ms(), lift, keeper);
        tell_refused(keeper);
        metric_set(METRIC_BANS_ROWS, (int64_t)keeper->rows);
        metric_set(METRIC_BANS_POLL_US, (int64_t)took_us);
    }
    tell_misfit(keeper, result, "tblbannedips", &keeper->is_misfit_told);
    keeper->poll_at_us = clock_now_us() + pause_after_poll(keeper, result, took_us);
}

/* --- writing ------------------------------------------------------------------------------- */

/* A ban that memory holds no more was lifted or has ended meanwhile, and becomes no row. Its end is
 * the wish's: memory's may be that of a shorter row, which this moves. */
static enum result write_row(struct ban_keeper *keeper, const struct ban_row_copy *row,
                             bool *is_written)
{
    struct ban ban;
    enum result result = RESULT_OK;
    int64_t now_ms = wall_ms();
    *is_written = false;
    if (row->has_delete)
        result = banned_addresses_delete(keeper->addresses, &row->network);
    /* Rows that may not be deleted may still be moved. */
    bool goes_on = result == RESULT_OK || is_refusal(result);
    if (!goes_on || !row->has_add || row->ends_ms <= now_ms ||
        !ban_table_find(keeper->options.table, &row->network, now_ms, &ban))
        return result;
    uint64_t seconds = (uint64_t)(row->ends_ms - now_ms + 999) / 1000;
    result =
        banned_addresses_put(keeper->addresses, &row->network, slice_from(row->reason), seconds);
    *is_written = result == RESULT_OK;
    return result;
}

/* The row is known from now on; if its ban was lifted while it was written, it goes again. */
static void end_written(struct ban_keeper *keeper, const struct ban_row_copy *row, bool is_latest)
{
    struct ban_table *table = keeper->options.table;
    struct ban ban;
    if (ban_table_find(table, &row->network, wall_ms(), &ban)) {
        ban.poll = ban_table_last_poll(table);
        if (ban.expires_ms < row->ends_ms)
            ban.expires_ms = row->ends_ms;
        ban_table_put(table, &ban, wall_ms());
        keeper->options.on_row(keeper->options.context, &ban);
    } else if (is_latest) {
        ban_work_delete_row(&keeper->work, &row->network);
    }
}

/* Another gateway saw the row before it went, and told of it. False: it did not. */
static bool has_come_back(struct ban_keeper *keeper, const struct network *network)
{
    struct ban ban;
    return ban_table_find(keeper->options.table, network, wall_ms(), &ban) && ban.poll > 0 &&
           ban_table_remove(keeper->options.table, network);
}

static void end_row(struct ban_keeper *keeper, const struct ban_row_copy *row, bool is_written)
{
    bool is_back = false;
    pthread_mutex_lock(&keeper->lock);
    bool is_latest = ban_work_end_row(&keeper->work, row);
    if (is_written)
        end_written(keeper, row, is_latest);
    else if (is_latest && !row->has_add)
        is_back = has_come_back(keeper, &row->network);
    pthread_mutex_unlock(&keeper->lock);
    if (is_back)
        keeper->options.on_lift(keeper->options.context, &row->network);
}

/* What the database refuses to delete stays, and its ban comes back with the next poll; a row to be
 * added is tried until its ban ends, after the others. */
static void end_refused(struct ban_keeper *keeper, const struct ban_row_copy *row)
{
    char text[NETWORK_TEXT];
    if (!row->has_add) {
        network_print(&row->network, text);
        log_error("ban_table", "%s stays banned: its rows of tblbannedips cannot be deleted: %s",
                  text, database_error_text(keeper->database));
    }
    pthread_mutex_lock(&keeper->lock);
    if (row->has_add)
        ban_work_postpone_row(&keeper->work, row);
    else
        ban_work_end_row(&keeper->work, row);
    pthread_mutex_unlock(&keeper->lock);
}

static enum result do_row(struct ban_keeper *keeper)
{
    struct ban_row_copy row;
    bool is_written;
    pthread_mutex_lock(&keeper->lock);
    bool is_there = ban_work_first_row(&keeper->work, &row);
    pthread_mutex_unlock(&keeper->lock);
    if (!is_there)
        return RESULT_NOT_FOUND;
    enum result result = write_row(keeper, &row, &is_written);
    if (result == RESULT_OK)
        end_row(keeper, &row, is_written);
    else if (is_refusal(result))
        end_refused(keeper, &row);
    if (result != RESULT_OK)
        keeper->rows_at_us = retry_at_us(result);
    return result;
}

static enum result do_line(struct ban_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    struct ban_line_work *line = ban_work_take_line(&keeper->work);
    pthread_mutex_unlock(&keeper->lock);
    if (!line)
        return RESULT_NOT_FOUND;
    enum result result =
        activity_log_write(keeper->database, slice_from(line->text), slice_from(line->address));
    if (result != RESULT_OK)
        keeper->lines_at_us = retry_at_us(result);
    if (!is_passing(result)) {
        metric_add(METRIC_BANS_UNWRITTEN, result != RESULT_OK);
        free(line);
        return result;
    }
    pthread_mutex_lock(&keeper->lock);
    ban_work_return_line(&keeper->work, line);
    pthread_mutex_unlock(&keeper->lock);
    return result;
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
            do_poll(keeper);
        else if (due == DUE_ROW)
            do_row(keeper);
        else
            do_line(keeper);
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
        do_poll(keeper);
        tell(keeper, &keeper->has_polled);
        do_due(keeper);
        while (do_row(keeper) == RESULT_OK)
            continue;
        while (do_line(keeper) == RESULT_OK)
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

bool ban_keeper_writes(const struct ban_keeper *keeper)
{
    return keeper->writes_rows;
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

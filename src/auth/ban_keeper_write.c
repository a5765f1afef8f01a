/* Bans to rows of tblbannedips, and to lines of tblactivitylog. */
#include <stdlib.h>

#include "auth/ban_keeper_internal.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "whmcs/activity_log.h"

/* A ban that memory holds no more was lifted or has ended meanwhile, and becomes no row. Its end is
 * the wish's: memory's may be that of a shorter row, which this moves. */
static enum result write_row(struct ban_keeper *keeper, const struct ban_row_copy *row,
                             bool *is_written)
{
    struct ban ban;
    enum result result = RESULT_OK;
    int64_t now_ms = ban_keeper_wall_ms();
    *is_written = false;
    if (row->has_delete)
        result = banned_addresses_delete(keeper->addresses, &row->network);
    /* Rows that may not be deleted may still be moved. */
    bool goes_on = result == RESULT_OK || ban_keeper_is_refusal(result);
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
    if (ban_table_find(table, &row->network, ban_keeper_wall_ms(), &ban)) {
        ban.poll = ban_table_last_poll(table);
        if (ban.expires_ms < row->ends_ms)
            ban.expires_ms = row->ends_ms;
        ban_table_put(table, &ban, ban_keeper_wall_ms());
        keeper->options.on_row(keeper->options.context, &ban);
    } else if (is_latest) {
        ban_work_delete_row(&keeper->work, &row->network);
    }
}

/* Another gateway saw the row before it went, and told of it. False: it did not. */
static bool has_come_back(struct ban_keeper *keeper, const struct network *network)
{
    struct ban ban;
    return ban_table_find(keeper->options.table, network, ban_keeper_wall_ms(), &ban) &&
           ban.poll > 0 && ban_table_remove(keeper->options.table, network);
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

enum result ban_keeper_write_row(struct ban_keeper *keeper)
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
    else if (ban_keeper_is_refusal(result))
        end_refused(keeper, &row);
    if (result != RESULT_OK)
        keeper->rows_at_us = ban_keeper_retry_at_us(result);
    return result;
}

enum result ban_keeper_write_line(struct ban_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    struct ban_line_work *line = ban_work_take_line(&keeper->work);
    pthread_mutex_unlock(&keeper->lock);
    if (!line)
        return RESULT_NOT_FOUND;
    enum result result =
        activity_log_write(keeper->database, slice_from(line->text), slice_from(line->address));
    if (result != RESULT_OK)
        keeper->lines_at_us = ban_keeper_retry_at_us(result);
    if (!ban_keeper_is_passing(result)) {
        metric_add(METRIC_BANS_UNWRITTEN, result != RESULT_OK);
        free(line);
        return result;
    }
    pthread_mutex_lock(&keeper->lock);
    ban_work_return_line(&keeper->work, line);
    pthread_mutex_unlock(&keeper->lock);
    return result;
}

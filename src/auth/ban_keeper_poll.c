/* Rows of tblbannedips to bans, and WHMCS's settings. */
#include "auth/ban_keeper_internal.h"
#include "observe/log.h"
#include "observe/metrics.h"

enum {
    US_A_MS = 1000,
    POLL_SHARE = 50, /* of the time, one part is spent reading a big table */
    LONGEST_POLL_PAUSE_US = 300000 * US_A_MS,
};

static uint64_t at_least(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static uint64_t at_most(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool should_end(struct ban_keeper *keeper)
{
    pthread_mutex_lock(&keeper->lock);
    bool is_over = keeper->should_end;
    pthread_mutex_unlock(&keeper->lock);
    return is_over;
}

/* Not where a lift is on its way. */
static enum ban_change put_row(struct ban_keeper *keeper, const struct ban *ban, int64_t now_ms)
{
    struct ban_table *table = keeper->options.table;
    if (ban_work_deletes(&keeper->work, &ban->network) ||
        ban_table_was_lifted(table, &ban->network, keeper->page_at_ms))
        return BAN_SAME;
    enum ban_change change = ban_table_put(table, ban, now_ms);
    bool is_lifted =
        change == BAN_NEW && ban_table_take_back(table, &ban->network, keeper->page_at_ms);
    return is_lifted ? BAN_SAME : change;
}

static void take_row(void *context, const struct banned_address *row)
{
    struct ban_keeper *keeper = context;
    const struct ban ban = {.network = row->network,
                            .expires_ms = keeper->page_at_ms + row->seconds_left * 1000,
                            .poll = keeper->poll};
    int64_t now_ms = ban_keeper_wall_ms();
    keeper->rows++;
    pthread_mutex_lock(&keeper->lock);
    enum ban_change change = put_row(keeper, &ban, now_ms);
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
        ban_table_put(keeper->options.table, &ban, ban_keeper_wall_ms());
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
        keeper->page_at_ms = ban_keeper_wall_ms();
        result = banned_addresses_read_page(keeper->addresses, &after_id, take_row, keeper);
    }
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

/* Once, until it could be read again. */
static void tell_misfit(struct ban_keeper *keeper, enum result result, const char *table,
                        bool *is_told)
{
    if (ban_keeper_is_refusal(result) && !*is_told)
        log_error("ban_table", "%s cannot be read: %s", table,
                  database_error_text(keeper->database));
    if (result == RESULT_OK || ban_keeper_is_refusal(result))
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
    if (ban_keeper_is_refusal(result))
        keeper->settings_at_us = ban_keeper_retry_at_us(result);
    tell_misfit(keeper, result, "tblconfiguration", &keeper->are_settings_told);
}

static uint64_t pause_after_poll(const struct ban_keeper *keeper, enum result result,
                                 uint64_t took_us)
{
    uint64_t poll_us = keeper->options.config->table_poll_ms * US_A_MS;
    if (result == RESULT_UNAVAILABLE)
        return at_most(poll_us, BAN_KEEPER_AWAY_US);
    if (result != RESULT_OK)
        return at_least(poll_us,
                        ban_keeper_is_passing(result) ? BAN_KEEPER_AWAY_US : BAN_KEEPER_REFUSED_US);
    if (keeper->rows < BANNED_ADDRESSES_PAGE)
        return poll_us;
    return at_least(poll_us, at_most(took_us * POLL_SHARE, LONGEST_POLL_PAUSE_US));
}

void ban_keeper_poll(struct ban_keeper *keeper)
{
    const struct ban_keeper_options *options = &keeper->options;
    uint64_t began_us = clock_now_us();
    keeper->poll = ban_table_begin_poll(options->table);
    read_settings(keeper);
    enum result result = read_rows(keeper);
    uint64_t took_us = clock_now_us() - began_us;
    if (result == RESULT_OK) {
        ban_table_lift_unseen(options->table, keeper->poll, ban_keeper_wall_ms(), lift, keeper);
        tell_refused(keeper);
        metric_set(METRIC_BANS_ROWS, (int64_t)keeper->rows);
        metric_set(METRIC_BANS_POLL_US, (int64_t)took_us);
    }
    tell_misfit(keeper, result, "tblbannedips", &keeper->is_misfit_told);
    keeper->poll_at_us = clock_now_us() + pause_after_poll(keeper, result, took_us);
}

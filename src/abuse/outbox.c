/*
 * Rows are looked for without a lock and then taken one by one, so that a claim locks one row by
 * its key, whatever way the server finds those that are due. The UPDATE alone decides: it repeats
 * the whole condition. SKIP LOCKED before it only spares gateways waiting for each other.
 */
#include "abuse/outbox.h"

#include "base/utf8.h"

#define FREE_SQL                                                                                   \
    "done_at IS NULL AND due_at<=NOW() AND (claimed_at IS NULL OR "                                \
    "claimed_at<NOW()-INTERVAL IF(claimed_by='',-1,?) SECOND)"
/* Actions of a newer version are left to it. Those that have waited longest since their last try
 * go first, so that services whose suspension hangs do not keep the others from theirs. In the
 * order of the index `waiting`: sixteen rows are read of however many are due. */
#define FIND_SQL                                                                                   \
    "SELECT id,VERSION() FROM portcullis_outbox "                                                  \
    "WHERE " FREE_SQL " AND action IN ('ModuleSuspend','SendEmail') "                              \
    "ORDER BY claimed_at,id LIMIT 16"
#define LOCK_SQL "SELECT id FROM portcullis_outbox WHERE id=? FOR UPDATE SKIP LOCKED"
/* By the key: by way of `pending`, which servers may prefer in a small table, writers of one row
 * would lock index and row in different orders, and end in deadlocks. */
#define UPDATE_SQL "UPDATE portcullis_outbox FORCE INDEX (PRIMARY) SET "
#define CLAIM_SQL                                                                                  \
    UPDATE_SQL "claimed_by=?,claimed_at=NOW(),attempts=attempts+1 "                                \
               "WHERE id=? AND " FREE_SQL
#define READ_SQL                                                                                   \
    "SELECT id,report_id,service_id,action='SendEmail',reason,last_error,attempts-1 "              \
    "FROM portcullis_outbox WHERE id=?"
#define ADD_SQL                                                                                    \
    "INSERT INTO portcullis_outbox (report_id,service_id,action,reason,due_at,claimed_at,"         \
    "last_error) VALUES (?,?,?,?,NOW()+INTERVAL ? MINUTE,NOW()+INTERVAL ? MINUTE,'')"
#define END_SQL                                                                                    \
    UPDATE_SQL "done_at=NOW(),last_error=CONCAT(?,?) "                                             \
               "WHERE id=? AND claimed_by=? AND done_at IS NULL"
#define PAUSE_SQL                                                                                  \
    UPDATE_SQL "claimed_by='',claimed_at=NOW()+INTERVAL ? SECOND,last_error=?,"                    \
               "attempts=attempts-? WHERE id=? AND claimed_by=? AND done_at IS NULL"
#define COUNT_SQL                                                                                  \
    "SELECT COUNT(*),COALESCE(GREATEST(TIMESTAMPDIFF(SECOND,MIN(due_at),NOW()),0),0) "             \
    "FROM portcullis_outbox WHERE done_at IS NULL"

enum { MOST_FOUND = 16 /* FIND_SQL's limit */ };

static const struct slice action_names[OUTBOX_ACTIONS] = {
    [OUTBOX_SUSPEND] = SLICE("ModuleSuspend"),
    [OUTBOX_EMAIL] = SLICE("SendEmail"),
};

struct slice outbox_action_name(enum outbox_action action)
{
    return action_names[action];
}

static enum result write_row(struct database *database, struct slice sql,
                             const struct database_value *values, size_t count)
{
    enum result result = database_query(database, sql, values, count);
    database_finish(database);
    return result;
}

enum result outbox_add(struct database *database, const struct outbox_order *order)
{
    const struct database_value values[] = {
        database_integer(order->report_id),
        database_integer(order->service_id),
        database_text(outbox_action_name(order->action)),
        database_text(order->reason),
        database_integer((int64_t)order->due_after_min),
        database_integer((int64_t)order->due_after_min),
    };
    return write_row(database, SLICE(ADD_SQL), values, 6);
}

/* --- claiming ------------------------------------------------------------------------------ */

struct candidates {
    int64_t ids[MOST_FOUND];
    size_t count;
    bool skips_locked;
};

/* The number before the next dot, or before whatever else follows. */
static uint64_t take_number(struct slice *text)
{
    uint64_t number = 0;
    size_t size = 0;
    while (size < text->size && size < 9 && text->data[size] >= '0' && text->data[size] <= '9')
        number = number * 10 + (uint64_t)(text->data[size++] - '0');
    if (size < text->size && text->data[size] == '.')
        size++;
    *text = slice_skip(*text, size);
    return number;
}

static bool contains(struct slice text, struct slice word)
{
    size_t at = 0;
    while (at + word.size <= text.size && !slice_starts_with(slice_skip(text, at), word))
        at++;
    return at + word.size <= text.size;
}

bool outbox_version_skips_locked(struct slice version)
{
    bool is_mariadb = contains(version, SLICE("MariaDB"));
    uint64_t major = take_number(&version);
    uint64_t minor = take_number(&version);
    uint64_t patch = take_number(&version);
    uint64_t number = major * 1000000 + minor * 1000 + patch;
    return number >= (is_mariadb ? 10006000 : 8000001);
}

static enum result find(struct database *database, const struct outbox_claimant *claimant,
                        struct candidates *found)
{
    const struct database_value lease = database_integer((int64_t)claimant->lease_s);
    const struct database_cell *cells;
    enum result result = database_query(database, SLICE(FIND_SQL), &lease, 1);
    *found = (struct candidates){.count = 0};
    while (result == RESULT_OK && (result = database_next(database, &cells)) == RESULT_OK) {
        found->skips_locked = !claimant->never_skips && outbox_version_skips_locked(cells[1].text);
        if (found->count < MOST_FOUND)
            found->ids[found->count++] = cells[0].integer;
    }
    return result == RESULT_NOT_FOUND && found->count ? RESULT_OK : result;
}

/* RESULT_NOT_FOUND: another has it locked, or it is gone. */
static enum result lock(struct database *database, int64_t id)
{
    const struct database_value value = database_integer(id);
    const struct database_cell *cells;
    enum result result = database_query(database, SLICE(LOCK_SQL), &value, 1);
    if (result == RESULT_OK)
        result = database_next(database, &cells);
    database_finish(database);
    return result;
}

static enum result take(struct database *database, const struct outbox_claimant *claimant,
                        int64_t id)
{
    const struct database_value values[] = {database_text(claimant->name), database_integer(id),
                                            database_integer((int64_t)claimant->lease_s)};
    enum result result = write_row(database, SLICE(CLAIM_SQL), values, 3);
    return result == RESULT_OK && database_affected(database) == 0 ? RESULT_NOT_FOUND : result;
}

static enum result fill(const struct database_cell *cells, struct arena *arena,
                        struct outbox_item *item)
{
    *item = (struct outbox_item){
        .id = cells[0].integer,
        .report_id = cells[1].integer,
        .service_id = cells[2].integer,
        .action = cells[3].integer ? OUTBOX_EMAIL : OUTBOX_SUSPEND,
        .reason = arena_copy(arena, cells[4].text),
        .last_error = arena_copy(arena, cells[5].text),
        .attempts = cells[6].integer > 0 ? (uint64_t)cells[6].integer : 0,
    };
    return item->reason.data && item->last_error.data ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result read_item(struct database *database, int64_t id, struct arena *arena,
                             struct outbox_item *item)
{
    const struct database_value value = database_integer(id);
    const struct database_cell *cells;
    enum result result = database_query(database, SLICE(READ_SQL), &value, 1);
    if (result == RESULT_OK)
        result = database_next(database, &cells);
    if (result == RESULT_OK)
        result = fill(cells, arena, item);
    database_finish(database);
    return result;
}

/* A commit whose answer is lost may have claimed the row: its lease then runs out. */
static enum result claim_one(struct database *database, const struct outbox_claimant *claimant,
                             int64_t id, bool skips_locked, struct arena *arena,
                             struct outbox_item *item)
{
    enum result result = database_begin(database);
    if (result == RESULT_OK && skips_locked)
        result = lock(database, id);
    if (result == RESULT_OK)
        result = take(database, claimant, id);
    if (result == RESULT_OK)
        result = read_item(database, id, arena, item);
    if (result == RESULT_OK)
        return database_commit(database);
    database_rollback(database);
    return result;
}

enum result outbox_claim(struct database *database, const struct outbox_claimant *claimant,
                         struct arena *arena, struct outbox_item *item)
{
    struct candidates found;
    enum result result = find(database, claimant, &found);
    bool goes_on = result == RESULT_OK;
    *item = (struct outbox_item){.id = 0};
    for (size_t i = 0; goes_on && i < found.count; i++) {
        result = claim_one(database, claimant, found.ids[i], found.skips_locked, arena, item);
        goes_on = result == RESULT_NOT_FOUND || result == RESULT_CONFLICT;
    }
    return result == RESULT_CONFLICT ? RESULT_NOT_FOUND : result;
}

/* --- what came of it ----------------------------------------------------------------------- */

static enum result change_own(struct database *database, struct slice sql,
                              const struct database_value *values, size_t count)
{
    enum result result = write_row(database, sql, values, count);
    return result == RESULT_OK && database_affected(database) == 0 ? RESULT_NOT_FOUND : result;
}

/* What fits last_error, cut between characters. */
static struct slice fit_error(struct slice error)
{
    if (error.size <= OUTBOX_MOST_ERROR)
        return error;
    return slice_of(error.data, utf8_valid_prefix(slice_of(error.data, OUTBOX_MOST_ERROR)));
}

static enum result end_row(struct database *database, struct slice claimant, int64_t id,
                           struct slice prefix, struct slice error)
{
    const struct database_value values[] = {database_text(prefix), database_text(fit_error(error)),
                                            database_integer(id), database_text(claimant)};
    return change_own(database, SLICE(END_SQL), values, 4);
}

static enum result pause_row(struct database *database, struct slice claimant, int64_t id,
                             struct slice error, uint64_t pause_s, int64_t uncounted)
{
    const struct database_value values[] = {
        database_integer((int64_t)pause_s), database_text(fit_error(error)),
        database_integer(uncounted), database_integer(id), database_text(claimant)};
    return change_own(database, SLICE(PAUSE_SQL), values, 5);
}

enum result outbox_done(struct database *database, struct slice claimant, int64_t id)
{
    return end_row(database, claimant, id, SLICE(""), SLICE(""));
}

enum result outbox_failed(struct database *database, struct slice claimant, int64_t id,
                          struct slice error, uint64_t pause_s)
{
    return pause_row(database, claimant, id, error, pause_s, 0);
}

enum result outbox_postponed(struct database *database, struct slice claimant, int64_t id,
                             struct slice error, uint64_t pause_s)
{
    return pause_row(database, claimant, id, error, pause_s, 1);
}

enum result outbox_given_up(struct database *database, struct slice claimant, int64_t id,
                            struct slice error)
{
    return end_row(database, claimant, id, SLICE(""), error.size ? error : SLICE("given up"));
}

enum result outbox_dropped(struct database *database, struct slice claimant, int64_t id,
                           struct slice reason)
{
    return end_row(database, claimant, id, SLICE("dropped: "), reason);
}

enum result outbox_count(struct database *database, struct outbox_numbers *numbers)
{
    const struct database_cell *cells;
    enum result result = database_query(database, SLICE(COUNT_SQL), NULL, 0);
    *numbers = (struct outbox_numbers){0};
    if (result == RESULT_OK)
        result = database_next(database, &cells);
    if (result == RESULT_OK)
        *numbers =
            (struct outbox_numbers){.pending = cells[0].integer, .oldest_s = cells[1].integer};
    database_finish(database);
    return result;
}

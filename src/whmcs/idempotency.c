/*
 * The claim is the row's INSERT: an equal one waits for it in the index, then fails with a
 * duplicate key and has the row locked against change, so a plain read tells what became of it.
 * Only taking an old row over needs more than that lock; several who want to at once end in a
 * deadlock, from which one goes on.
 */
#include "whmcs/idempotency.h"

#include <inttypes.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "observe/log.h"

#define INSERT_SQL                                                                                 \
    "INSERT INTO portcullis_idempotency (scope,`key`,request_hash,status,body,created_at) "        \
    "VALUES (?,?,?,0,'',NOW())"
/* A row without an answer was claimed by a program that did not keep its promise: it is old. */
#define FIND_SQL                                                                                   \
    "SELECT request_hash=?,status<>0 AND created_at>NOW()-INTERVAL 24 HOUR,body "                  \
    "FROM portcullis_idempotency WHERE scope=? AND `key`=?"
#define TAKE_OVER_SQL                                                                              \
    "UPDATE portcullis_idempotency SET request_hash=?,status=0,body='',created_at=NOW() "          \
    "WHERE scope=? AND `key`=? AND (status=0 OR created_at<=NOW()-INTERVAL 24 HOUR)"
#define KEEP_SQL                                                                                   \
    "UPDATE portcullis_idempotency SET status=?,body=? WHERE scope=? AND `key`=? AND status=0"
#define SWEEP_SQL                                                                                  \
    "DELETE FROM portcullis_idempotency WHERE created_at<=NOW()-INTERVAL 24 HOUR "                 \
    "ORDER BY created_at LIMIT 500"

enum {
    MOST_TRIES = 4,   /* the row that is in the way may be gone when we look */
    MOST_SWEPT = 500, /* SWEEP_SQL's limit */
    SWEEP_PAUSE_US = 60000000,
};

/* --- the body column ----------------------------------------------------------------------- */

/*
 * "1 STATUS CREATED_ID TAG_SIZE BODY_SIZE\n", then tag and body. The first number is the version:
 * two gateways of different age may share a table.
 */
#define FRAME_VERSION 1

static void frame_write(struct buffer *frame, const struct idempotency_answer *answer)
{
    buffer_printf(frame, "%d %d %" PRId64 " %zu %zu\n", FRAME_VERSION, answer->status,
                  answer->created_id, answer->tag.size, answer->body.size);
    buffer_append_slice(frame, buffer_slice(&answer->tag));
    buffer_append_slice(frame, buffer_slice(&answer->body));
}

static bool number_read(struct slice *head, int64_t *number)
{
    struct slice word = slice_split_word(head);
    return slice_to_i64(word, number) && *number >= 0;
}

static bool frame_read(struct slice frame, struct idempotency_answer *answer)
{
    size_t end = slice_find(frame, '\n');
    if (end == frame.size)
        return false;
    struct slice head = slice_of(frame.data, end), rest = slice_skip(frame, end + 1);
    int64_t version, status, created_id, tag_size, body_size;
    if (!number_read(&head, &version) || version != FRAME_VERSION || !number_read(&head, &status) ||
        status > 999 || !number_read(&head, &created_id) || !number_read(&head, &tag_size) ||
        !number_read(&head, &body_size) || head.size != 0)
        return false;
    if ((uint64_t)tag_size + (uint64_t)body_size != rest.size)
        return false;
    answer->status = (int)status;
    answer->created_id = created_id;
    buffer_append(&answer->tag, rest.data, (size_t)tag_size);
    buffer_append_slice(&answer->body, slice_skip(rest, (size_t)tag_size));
    return true;
}

/* --- claiming ------------------------------------------------------------------------------ */

struct claim {
    struct slice scope;
    struct slice key;
    struct slice request_hash;
};

static enum result claim_write(struct database *database, const struct claim *claim, bool is_new)
{
    const struct database_value made[] = {database_text(claim->scope), database_text(claim->key),
                                          database_text(claim->request_hash)};
    const struct database_value taken[] = {database_text(claim->request_hash),
                                           database_text(claim->scope), database_text(claim->key)};
    enum result result = is_new ? database_query(database, SLICE(INSERT_SQL), made, 3)
                                : database_query(database, SLICE(TAKE_OVER_SQL), taken, 3);
    database_finish(database);
    if (result == RESULT_OK && database_affected(database) == 0)
        return RESULT_EXISTS; /* somebody else took it over meanwhile */
    return result;
}

static enum result answer_take(struct slice frame, struct idempotency_answer *kept)
{
    if (!frame_read(frame, kept)) {
        log_error("idempotency_record", "a record of portcullis_idempotency cannot be read; it was "
                                        "damaged, or written by a newer version");
        return RESULT_FAILED;
    }
    return kept->tag.has_failed || kept->body.has_failed ? RESULT_NO_MEMORY : RESULT_OK;
}

/* RESULT_NOT_FOUND: there is no row any more. *is_old: it may be taken over. */
static enum result claim_find(struct database *database, const struct claim *claim, bool *is_old,
                              enum idempotency_verdict *verdict, struct idempotency_answer *kept)
{
    const struct database_value values[] = {database_text(claim->request_hash),
                                            database_text(claim->scope), database_text(claim->key)};
    const struct database_cell *cells;
    enum result result = database_query(database, SLICE(FIND_SQL), values, 3);
    if (result == RESULT_OK)
        result = database_next(database, &cells);
    if (result != RESULT_OK)
        return result;
    *is_old = cells[1].integer == 0;
    *verdict = cells[0].integer ? IDEMPOTENCY_AGAIN : IDEMPOTENCY_OTHER;
    if (!*is_old && *verdict == IDEMPOTENCY_AGAIN)
        result = answer_take(cells[2].text, kept);
    database_finish(database);
    return result;
}

static enum result claim_try(struct database *database, const struct claim *claim,
                             enum idempotency_verdict *verdict, struct idempotency_answer *kept)
{
    bool is_old = false;
    enum result result = claim_write(database, claim, true);
    if (result == RESULT_EXISTS)
        result = claim_find(database, claim, &is_old, verdict, kept);
    else
        *verdict = IDEMPOTENCY_FIRST;
    if (result != RESULT_OK || !is_old)
        return result;
    *verdict = IDEMPOTENCY_FIRST;
    return claim_write(database, claim, false);
}

bool idempotency_key_is_sane(struct slice key)
{
    bool is_sane = key.size >= 1 && key.size <= IDEMPOTENCY_MOST_KEY;
    for (size_t i = 0; is_sane && i < key.size; i++)
        is_sane = key.data[i] > 0x20 && key.data[i] < 0x7F;
    return is_sane;
}

enum result idempotency_claim(struct database *database, struct slice scope, struct slice key,
                              struct slice request_hash, enum idempotency_verdict *verdict,
                              struct idempotency_answer *kept)
{
    const struct claim claim = {scope, key, request_hash};
    *kept = (struct idempotency_answer){0};
    enum result result = claim_try(database, &claim, verdict, kept);
    /* The row that was in the way has gone or changed after all: to be tried again. */
    return result == RESULT_NOT_FOUND || result == RESULT_EXISTS ? RESULT_CONFLICT : result;
}

/* --- keeping and sweeping ------------------------------------------------------------------ */

enum result idempotency_keep(struct database *database, struct slice scope, struct slice key,
                             const struct idempotency_answer *answer)
{
    struct buffer frame;
    buffer_init(&frame);
    frame_write(&frame, answer);
    const struct database_value values[] = {database_integer(answer->status),
                                            database_text(buffer_slice(&frame)),
                                            database_text(scope), database_text(key)};
    enum result result = RESULT_NO_MEMORY;
    if (!frame.has_failed)
        result = database_query(database, SLICE(KEEP_SQL), values, 4);
    database_finish(database);
    buffer_clear(&frame);
    if (result == RESULT_OK && database_affected(database) != 1) {
        log_error("idempotency_record", "a key was to be kept that was not claimed before");
        return RESULT_FAILED;
    }
    return result;
}

/* Shared by all workers, of whom one sweeps for the process: not before. */
static atomic_uint_least64_t shared_sweep_at_us;

void idempotency_sweep(struct database *database)
{
    uint64_t now_us = clock_now_us();
    uint64_t at_us = atomic_load(&shared_sweep_at_us);
    if (now_us < at_us ||
        !atomic_compare_exchange_strong(&shared_sweep_at_us, &at_us, now_us + SWEEP_PAUSE_US))
        return;
    enum result result = database_query(database, SLICE(SWEEP_SQL), NULL, 0);
    database_finish(database);
    /* There may be more. */
    if (result == RESULT_OK && database_affected(database) == MOST_SWEPT)
        atomic_store(&shared_sweep_at_us, 0);
}

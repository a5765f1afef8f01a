/* The transaction around a report: begun, tried, committed once; or run again from its beginning.
 */
#include "abuse/report_store.h"

#include <inttypes.h>

#include "abuse/outbox.h"
#include "abuse/report_row.h"
#include "base/clock.h"
#include "observe/metrics.h"
#include "whmcs/activity_log.h"
#include "whmcs/idempotency.h"

enum {
    MOST_ATTEMPTS = 12,
    BUSY_S = 1, /* Retry-After of what may be over at once */
};

/* One attempt. */
struct storing {
    struct database *database;
    const struct report_order *order;
    struct arena *arena;
    struct report_refusal *refusal;
    struct report_receipt *receipt;
    struct report_service service;
    uint64_t due_after_min;
};

/* --- idempotency --------------------------------------------------------------------------- */

static struct slice scope_of(const struct storing *storing)
{
    return arena_printf(storing->arena, "abuse:%" PRId64, storing->order->admin_id);
}

/* *is_answered: the same report was stored under this key before. */
static enum result claim_key(struct storing *storing, bool *is_answered)
{
    const struct report_order *order = storing->order;
    enum idempotency_verdict verdict = IDEMPOTENCY_FIRST;
    struct idempotency_answer kept = {0};
    char hash[REPORT_HASH_TEXT] = "";
    *is_answered = false;
    if (!order->idempotency_key.data)
        return RESULT_OK;
    if (!report_hash(order->report, hash))
        return RESULT_NO_MEMORY;
    enum result result =
        idempotency_claim(storing->database, scope_of(storing), order->idempotency_key,
                          slice_from(hash), &verdict, &kept);
    if (result == RESULT_OK && verdict == IDEMPOTENCY_AGAIN) {
        *is_answered = true;
        storing->receipt->report_id = kept.created_id;
        metric_increment(METRIC_IDEMPOTENT_REPLAYS);
    } else if (result == RESULT_OK && verdict == IDEMPOTENCY_OTHER) {
        report_refuse(storing->refusal, REPORT_BAD_VALUE,
                      "Invalid value: Idempotency-Key \"%.*s\" (allowed: a key that was not used "
                      "with another report)",
                      SLICE_ARGS(order->idempotency_key));
        result = RESULT_INVALID;
    }
    buffer_clear(&kept.tag);
    buffer_clear(&kept.body);
    return result;
}

static enum result keep_answer(struct storing *storing)
{
    const struct report_order *order = storing->order;
    struct idempotency_answer kept = {.status = 200, .created_id = storing->receipt->report_id};
    if (!order->idempotency_key.data)
        return RESULT_OK;
    report_success_print(storing->receipt->report_id, &kept.body);
    enum result result =
        kept.body.has_failed
            ? RESULT_NO_MEMORY
            : idempotency_keep(storing->database, scope_of(storing), order->idempotency_key, &kept);
    buffer_clear(&kept.body);
    return result;
}

/* --- what a report brings along ------------------------------------------------------------ */

static enum result order_suspension(struct storing *storing)
{
    const struct report *report = storing->order->report;
    const int64_t id = storing->receipt->report_id;
    if (report->suspend == REPORT_NOSUSPEND)
        return RESULT_OK;
    const struct outbox_order order = {
        .report_id = id,
        .service_id = report->service_id,
        .action = OUTBOX_SUSPEND,
        .reason = arena_printf(storing->arena, "Abuse report %" PRId64 ": %.*s", id,
                               SLICE_ARGS(report->category)),
        .due_after_min = storing->due_after_min,
    };
    return order.reason.data ? outbox_add(storing->database, &order) : RESULT_NO_MEMORY;
}

static enum result order_email(struct storing *storing)
{
    const struct outbox_order order = {
        .report_id = storing->receipt->report_id,
        .service_id = storing->order->report->service_id,
        .action = OUTBOX_EMAIL,
        .reason = storing->order->email_template,
    };
    return order.reason.size ? outbox_add(storing->database, &order) : RESULT_OK;
}

static enum result write_log(struct storing *storing)
{
    const struct report_order *order = storing->order;
    const struct report *report = order->report;
    if (!order->map->has_activity_log)
        return RESULT_OK;
    const struct activity_log_line line = {
        .description = arena_printf(storing->arena,
                                    "portcullis: %.*s created abuse report %" PRId64
                                    " for service %" PRId64 " (%.*s, %.*s)",
                                    SLICE_ARGS(order->admin), storing->receipt->report_id,
                                    report->service_id, SLICE_ARGS(report->category),
                                    SLICE_ARGS(report_suspend_name(report->suspend))),
        .admin = order->admin,
        .admin_id = order->admin_id,
        .has_admin_id = order->map->has_activity_admin,
        .address = order->address,
    };
    return line.description.data ? activity_log_write_admin(storing->database, &line)
                                 : RESULT_NO_MEMORY;
}

/* Whatever the report says, it cannot be kept; but perhaps under a map that is learnt anew. */
static enum result check_map(struct storing *storing)
{
    const struct abuse_map *map = storing->order->map;
    if (map->off_reason.size)
        report_refuse_for_now(storing->refusal, REPORT_NOT_STORED, REPORT_MISSING_S,
                              "Not stored: reports cannot be kept: %.*s",
                              SLICE_ARGS(map->off_reason));
    return map->off_reason.size ? RESULT_STALE : RESULT_OK;
}

/* What this report needs and the database had not when the map was learnt. */
static enum result check_needs(struct storing *storing)
{
    const struct report_order *order = storing->order;
    const struct abuse_map *map = order->map;
    struct report_refusal *refusal = storing->refusal;
    bool needs_outbox = order->report->suspend != REPORT_NOSUSPEND || order->email_template.size;
    struct slice lacking = report_row_lacking(order);
    if (lacking.size)
        report_refuse_for_now(refusal, REPORT_NOT_STORED, REPORT_MISSING_S,
                              "Not stored: the table of reports has no column for %.*s",
                              SLICE_ARGS(lacking));
    else if (needs_outbox && !map->has_outbox)
        report_refuse_for_now(refusal, REPORT_NOT_STORED, REPORT_MISSING_S,
                              "Not stored: the table portcullis_outbox is missing, without which "
                              "no service is suspended and no e-mail sent");
    else if (order->idempotency_key.data && !map->has_idempotency)
        report_refuse_for_now(refusal, REPORT_NOT_STORED, REPORT_MISSING_S,
                              "Not stored: the table portcullis_idempotency is missing, without "
                              "which no Idempotency-Key is kept");
    return report_is_refused(refusal) ? RESULT_STALE : RESULT_OK;
}

/* --- one attempt --------------------------------------------------------------------------- */

static enum result find_service(struct storing *storing)
{
    enum result result =
        report_service_find(storing->database, storing->order, storing->arena, &storing->service);
    if (result == RESULT_NOT_FOUND)
        report_refuse(storing->refusal, REPORT_NO_SERVICE, "No such service: %" PRId64,
                      storing->order->report->service_id);
    return result;
}

static enum result find_due(struct storing *storing)
{
    storing->due_after_min = 0;
    return storing->order->report->suspend == REPORT_TIMELIMIT
               ? report_timelimit_find(storing->database, storing->order, &storing->due_after_min)
               : RESULT_OK;
}

static enum result store(struct storing *storing)
{
    enum result result = find_due(storing);
    if (result == RESULT_OK)
        result = report_row_insert(storing->database, storing->order, &storing->service,
                                   storing->due_after_min, &storing->receipt->report_id);
    if (result == RESULT_INVALID && report_row_is_stale(storing->database, storing->order))
        result = RESULT_STALE;
    if (result == RESULT_INVALID || result == RESULT_EXISTS)
        report_row_explain(storing->database, storing->order, result == RESULT_EXISTS,
                           storing->refusal);
    if (result == RESULT_OK)
        result = order_suspension(storing);
    if (result == RESULT_OK)
        result = order_email(storing);
    if (result == RESULT_OK)
        result = write_log(storing);
    storing->receipt->is_stored = result == RESULT_OK;
    return result;
}

/* *is_done: there is nothing to commit. */
static enum result run(struct storing *storing, bool *is_done)
{
    enum result result = check_map(storing);
    if (result == RESULT_OK && storing->order->map->has_idempotency)
        result = claim_key(storing, is_done);
    if (result != RESULT_OK || *is_done)
        return result;
    result = find_service(storing);
    if (result == RESULT_OK)
        result = check_needs(storing);
    if (result == RESULT_OK && storing->order->dedup_window_s)
        result = report_duplicate_find(storing->database, storing->order, &storing->service,
                                       &storing->receipt->report_id);
    if (result == RESULT_OK && !storing->receipt->report_id)
        result = store(storing);
    return result == RESULT_OK ? keep_answer(storing) : result;
}

static enum result attempt(struct storing *storing)
{
    bool is_done = false;
    enum result result = database_begin(storing->database);
    if (result == RESULT_OK)
        result = run(storing, &is_done);
    if (result == RESULT_OK && !is_done)
        return database_commit(storing->database);
    database_rollback(storing->database);
    return result;
}

/* --- all ----------------------------------------------------------------------------------- */

static void explain(enum result result, struct report_refusal *refusal)
{
    static const struct {
        enum result result;
        uint32_t retry_s;
        const char *text;
    } rows[] = {
        {RESULT_UNKNOWN, BUSY_S,
         "The database went away while this was being stored: it may be stored or not, and is not "
         "tried again. Look before you repeat it, or repeat it with the same Idempotency-Key"},
        {RESULT_CONFLICT, BUSY_S,
         "Not stored: others are writing about the same service; try again"},
        {RESULT_UNAVAILABLE, BUSY_S, "Not stored: the database cannot be reached; try again"},
        {RESULT_TIMEOUT, BUSY_S, "Not stored: the database took too long; try again"},
        {RESULT_DENIED, REPORT_MISSING_S,
         "Not stored: the gateway's database user lacks a privilege"},
        {RESULT_STALE, REPORT_MISSING_S, "Not stored: a table or column that is needed is missing"},
        {RESULT_NO_MEMORY, BUSY_S, "Not stored: memory is out; try again"},
    };
    const char *text = "Not stored: the database refused it";
    uint32_t retry_s = BUSY_S;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].result == result) {
            text = rows[i].text;
            retry_s = rows[i].retry_s;
        }
    report_refuse_for_now(refusal, REPORT_NOT_STORED, retry_s, "%s", text);
}

enum result report_store(struct database *database, const struct report_order *order,
                         struct arena *arena, struct report_receipt *receipt,
                         struct report_refusal *refusal)
{
    enum result result = RESULT_CONFLICT;
    struct storing storing = {.database = database,
                              .order = order,
                              .arena = arena,
                              .refusal = refusal,
                              .receipt = receipt};
    for (unsigned i = 0; i < MOST_ATTEMPTS && result == RESULT_CONFLICT; i++) {
        if (i > 0 && clock_now_us() >= order->deadline_us)
            break;
        if (i > 0) {
            metric_increment(METRIC_WRITE_RETRIES);
            database_retry_pause(i);
        }
        *receipt = (struct report_receipt){0};
        result = attempt(&storing);
    }
    if (result != RESULT_OK)
        explain(result, refusal);
    else if (order->idempotency_key.data)
        idempotency_sweep(database);
    return result;
}

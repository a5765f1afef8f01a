/* The transaction around a write: begun, tried, committed once; or run again from its beginning. */
#include "resources/write_execute.h"

#include <string.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "resources/shared_file_cache.h"
#include "resources/write_parts.h"
#include "whmcs/idempotency.h"

enum { MOST_ATTEMPTS = 12 };

/* --- statements ---------------------------------------------------------------------------- */

enum result write_run(struct writing *writing, struct plan *plan)
{
    enum result result = execute_begin(writing->context, plan);
    plan_clear(plan);
    database_finish(writing->context->database);
    return result;
}

enum result write_read_integer(struct writing *writing, struct plan *plan, int64_t *number)
{
    const struct database_cell *cells = NULL;
    *number = 0;
    enum result result = execute_begin(writing->context, plan);
    plan_clear(plan);
    if (result == RESULT_OK)
        result = database_next(writing->context->database, &cells);
    if (result == RESULT_OK && !cells[0].is_null)
        *number = cells[0].integer;
    database_finish(writing->context->database);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

struct plan_link write_plan_link(const struct model_resource *resource,
                                 const struct model_reference *link)
{
    return (struct plan_link){resource->catalog->table, link->column, &link->where};
}

/* A column that must have a value, and that the model does not know. */
static bool has_come_meanwhile(const struct writing *writing, struct slice column)
{
    enum { NO_DEFAULT_VALUE = 1364 };
    return database_error_number(writing->context->database) == NO_DEFAULT_VALUE &&
           !schema_column_find(writing->write->resource->table, column);
}

enum result write_explain_value(struct writing *writing, size_t item, enum result result)
{
    struct slice column = database_error_column(writing->context->database);
    const struct model_column *known = model_column_find(writing->write->resource, column);
    struct slice name = known ? known->name : writing->write->resource->singular;
    if (result != RESULT_INVALID && result != RESULT_EXISTS)
        return result;
    if (has_come_meanwhile(writing, column))
        return RESULT_STALE;
    query_refuse_value(writing->problem,
                       write_field(writing->write, item, name, writing->context->arena),
                       result == RESULT_EXISTS ? SLICE("what no other record has")
                                               : SLICE("what the database's column can hold"));
    return RESULT_INVALID;
}

/* --- idempotency --------------------------------------------------------------------------- */

static struct slice scope_of(const struct writing *writing)
{
    return arena_printf(writing->context->arena, "remote:%lld",
                        (long long)writing->request->admin_id);
}

/* A dry run leaves nothing behind, a key neither. */
static bool has_key(const struct writing *writing)
{
    return writing->request->idempotency_key.data && !writing->write->is_dry_run;
}

static enum result give_again(const struct idempotency_answer *kept, struct execute_answer *answer)
{
    struct slice tag = buffer_slice(&kept->tag);
    size_t size = tag.size < sizeof(answer->tag) ? tag.size : 0;
    memcpy(answer->tag, tag.size ? tag.data : "", size);
    answer->tag[size] = '\0';
    answer->created_id = kept->created_id;
    buffer_append_slice(&answer->head, buffer_slice(&kept->body));
    metric_increment(METRIC_IDEMPOTENT_REPLAYS);
    return answer->head.has_failed ? RESULT_NO_MEMORY : RESULT_OK;
}

/* *is_answered: the same request succeeded before. */
static enum result claim_key(struct writing *writing, struct execute_answer *answer,
                             bool *is_answered)
{
    const struct write_request *request = writing->request;
    enum idempotency_verdict verdict = IDEMPOTENCY_FIRST;
    struct idempotency_answer kept = {0};
    *is_answered = false;
    if (!has_key(writing))
        return RESULT_OK;
    enum result result =
        idempotency_claim(writing->context->database, scope_of(writing), request->idempotency_key,
                          slice_from(request->request_hash), &verdict, &kept);
    if (result == RESULT_OK && verdict == IDEMPOTENCY_AGAIN) {
        *is_answered = true;
        result = give_again(&kept, answer);
    } else if (result == RESULT_OK && verdict == IDEMPOTENCY_OTHER) {
        query_refuse_value(writing->problem, SLICE("Idempotency-Key"),
                           SLICE("a key that was not used with another request"));
        result = RESULT_INVALID;
    }
    buffer_clear(&kept.tag);
    buffer_clear(&kept.body);
    return result;
}

/* Whether it has an answer already; waits for who is at work under it. */
static enum result look_for_key(struct writing *writing, bool *is_used)
{
    enum idempotency_verdict verdict = IDEMPOTENCY_FIRST;
    struct idempotency_answer kept = {0};
    enum result result =
        idempotency_claim(writing->context->database, scope_of(writing),
                          writing->request->idempotency_key, SLICE(""), &verdict, &kept);
    *is_used = verdict != IDEMPOTENCY_FIRST;
    buffer_clear(&kept.tag);
    buffer_clear(&kept.body);
    return result;
}

static enum result keep_answer(struct writing *writing, const struct execute_answer *answer)
{
    struct idempotency_answer kept = {.status = 200, .created_id = answer->created_id};
    if (!has_key(writing))
        return RESULT_OK;
    buffer_append_slice(&kept.tag, slice_from(answer->tag));
    buffer_append_slice(&kept.body, buffer_slice(&answer->head));
    buffer_append_slice(&kept.body, buffer_slice(&answer->rows));
    enum result result = kept.tag.has_failed || kept.body.has_failed
                             ? RESULT_NO_MEMORY
                             : idempotency_keep(writing->context->database, scope_of(writing),
                                                writing->request->idempotency_key, &kept);
    buffer_clear(&kept.tag);
    buffer_clear(&kept.body);
    return result;
}

/* --- one attempt --------------------------------------------------------------------------- */

static enum result delete_record(struct writing *writing)
{
    enum result result = write_delete(writing);
    return result == RESULT_OK ? write_change(writing, NULL) : result;
}

static enum result change(struct writing *writing)
{
    const struct write *write = writing->write;
    enum result result = write_bytes_begin(writing);
    if (result == RESULT_OK)
        result = write->kind == WRITE_DELETE ? delete_record(writing) : write_store(writing);
    if (result != RESULT_OK || (write->kind == WRITE_UPDATE && !writing->changed_count))
        return result;
    result = write_count_children(writing);
    return result == RESULT_OK ? write_log(writing) : result;
}

static enum result check(struct writing *writing)
{
    enum result result = write_lock(writing);
    return result == RESULT_OK ? write_check(writing) : result;
}

/* Whose key was used before is answered by that, or refused for it, once his bytes have come: what
 * is stored may be another by now. The look at the key locks it, and is taken back; all else reads,
 * and needs no transaction. */
static enum result admit(struct writing *writing)
{
    bool is_used = false;
    enum result result = RESULT_OK;
    if (has_key(writing)) {
        result = database_begin(writing->context->database);
        if (result == RESULT_OK)
            result = look_for_key(writing, &is_used);
        database_rollback(writing->context->database);
    }
    return result == RESULT_OK && !is_used ? check(writing) : result;
}

static enum result run(struct writing *writing, const struct envelope_request *envelope,
                       struct execute_answer *answer)
{
    bool is_answered = false;
    enum result result = claim_key(writing, answer, &is_answered);
    if (result != RESULT_OK || is_answered)
        return result;
    result = check(writing);
    if (result == RESULT_OK)
        result = change(writing);
    if (result == RESULT_OK)
        result = write_answer(writing, envelope, answer);
    if (result == RESULT_OK)
        result = keep_answer(writing, answer);
    return result == RESULT_OK && !writing->write->is_dry_run ? write_bytes_put(writing) : result;
}

static enum result explain_unknown(struct problem *problem)
{
    problem_set(problem, 503, SLICE("Service Unavailable"));
    problem_add(
        problem, SLICE("fate_unknown"), slice_of("", 0),
        "the database went away while this was being stored: it may be stored or not, and is "
        "not tried again; look before you repeat it, or repeat it with the same "
        "Idempotency-Key");
    problem->retry_after_s = 1;
    return RESULT_UNKNOWN;
}

static enum result commit(struct writing *writing)
{
    enum result result = database_commit(writing->context->database);
    write_bytes_settle(writing, result);
    return result == RESULT_UNKNOWN ? explain_unknown(writing->problem) : result;
}

static void roll_back(struct writing *writing)
{
    database_rollback(writing->context->database);
    write_bytes_settle(writing, RESULT_FAILED);
}

static enum result attempt(struct writing *writing, const struct envelope_request *envelope,
                           struct execute_answer *answer)
{
    writing->rows =
        arena_zalloc(writing->context->arena, writing->write->item_count * sizeof(*writing->rows));
    if (!writing->rows)
        return RESULT_NO_MEMORY;
    if (writing->request->is_admission)
        return admit(writing);
    enum result result = database_begin(writing->context->database);
    if (result != RESULT_OK)
        return result;
    result = run(writing, envelope, answer);
    if (result == RESULT_OK && !writing->write->is_dry_run)
        return commit(writing);
    roll_back(writing);
    return result;
}

/* --- all ----------------------------------------------------------------------------------- */

static void forget_answer(struct execute_answer *answer)
{
    buffer_clear(&answer->head);
    buffer_clear(&answer->rows);
    answer->tag[0] = '\0';
    answer->created_id = 0;
}

/* Who was not fast enough pauses; who thought wrong of what he was asked does not. */
static void prepare_again(const struct writing *writing, struct execute_answer *answer,
                          unsigned attempt)
{
    forget_answer(answer);
    if (writing->has_misjudged)
        return;
    metric_increment(METRIC_WRITE_RETRIES);
    database_retry_pause(attempt);
}

/* Stored, or perhaps: what others remember is void. */
static void finish(struct writing *writing, enum result result)
{
    if (writing->write->is_dry_run || writing->request->is_admission)
        return;
    shared_count_cache_forget(writing->context->counts);
    shared_file_cache_forget(writing->context->file_cache);
    if (result == RESULT_OK && has_key(writing))
        idempotency_sweep(writing->context->database);
}

static void explain(enum result result, struct problem *problem)
{
    if (result == RESULT_CONFLICT && !problem_is_set(problem)) {
        problem_set(problem, 503, SLICE("Service Unavailable"));
        problem_add(problem, SLICE("busy"), slice_of("", 0),
                    "others are writing the same records; nothing was stored, try again");
        problem->retry_after_s = 1;
    }
    execute_explain(result, problem);
}

enum result write_execute(struct execute_context *context, const struct write_request *request,
                          const struct envelope_request *envelope, struct execute_answer *answer,
                          struct problem *problem)
{
    enum result result = RESULT_CONFLICT;
    struct writing writing = {.has_misjudged = false};
    bool presumes = true;
    for (unsigned i = 0; i < MOST_ATTEMPTS && result == RESULT_CONFLICT; i++) {
        if (i > 0)
            prepare_again(&writing, answer, i);
        presumes = presumes && !writing.has_misjudged;
        problem_init(problem, context->arena);
        writing = (struct writing){.context = context,
                                   .request = request,
                                   .write = request->write,
                                   .problem = problem,
                                   .presumes = presumes};
        result = attempt(&writing, envelope, answer);
    }
    if (result == RESULT_OK || result == RESULT_UNKNOWN)
        finish(&writing, result);
    if (result != RESULT_OK && result != RESULT_STALE)
        explain(result, problem);
    return result;
}

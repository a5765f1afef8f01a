/*
 * One row: claimed, looked at once more, asked for, written down.
 *
 * What came of a call is written down whatever it takes: as long as the lease lasts it is tried
 * again, since a success that is not written down is asked for a second time.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/random.h>

#include "abuse/dispatcher_internal.h"
#include "abuse/outbox_pause.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "whmcs/activity_log.h"

enum {
    LEAST_CALL_MS = 100,    /* a call that has less time than this is none */
    LEASE_MARGIN_MS = 1000, /* between the last moment of a call and the lease's end */
    RECORD_PAUSE_US = 500000,
    MOST_MARKS = 5,          /* tries to mark a report whose rows are fought for */
    UNREADABLE_PAUSE_S = 60, /* the reports' table is missing, or a privilege */
};

enum ending { ENDING_DONE, ENDING_FAILED, ENDING_POSTPONED, ENDING_GIVEN_UP, ENDING_DROPPED };

/* A claim under way. */
struct work {
    struct dispatcher *dispatcher;
    struct outbox_item item;
    uint64_t claimed_us; /* before the claim was made: the lease begins no sooner */
    enum ending ending;
    struct buffer why;
    uint64_t pause_s;
};

/* What is asked for, in people's words. */
static void append_name(struct buffer *out, const struct outbox_item *item)
{
    buffer_printf(out, "%s service %" PRId64 " for abuse report %" PRId64,
                  item->action == OUTBOX_EMAIL ? "e-mail to the owner of" : "suspension of",
                  item->service_id, item->report_id);
}

static uint64_t lease_left_ms(const struct work *work)
{
    uint64_t gone_ms = (clock_now_us() - work->claimed_us) / 1000;
    uint64_t lease_ms = work->dispatcher->config->lease_ms;
    return gone_ms < lease_ms ? lease_ms - gone_ms : 0;
}

/* For another try, and for what is to come after it. */
static bool has_time(const struct work *work)
{
    return lease_left_ms(work) > work->dispatcher->config->lease_ms / 2 &&
           !atomic_load(&work->dispatcher->is_ending);
}

/* --- written down -------------------------------------------------------------------------- */

/* A report that refuses its mark (a lost column, one of another type, a trigger) leaves the
 * transaction as it is: its suspension is done all the same. */
static enum result mark_report(const struct work *work)
{
    struct dispatcher *dispatcher = work->dispatcher;
    enum result result =
        report_link_mark_suspended(dispatcher->reports, dispatcher->database, work->item.report_id);
    bool is_refused = result == RESULT_STALE || result == RESULT_INVALID || result == RESULT_EXISTS;
    return is_refused ? RESULT_OK : result;
}

static enum result record_done(const struct work *work, bool marks_report)
{
    struct dispatcher *dispatcher = work->dispatcher;
    struct database *database = dispatcher->database;
    enum result result = database_begin(database);
    if (result == RESULT_OK)
        result = outbox_done(database, dispatcher->claimant.name, work->item.id);
    if (result == RESULT_OK && marks_report)
        result = mark_report(work);
    if (result == RESULT_OK)
        return database_commit(database);
    database_rollback(database);
    return result;
}

/* A deadlock, or rows that others hold for a while, is over soon; a report that may not be written,
 * or that is held for good, must not keep its suspension from ending. */
static enum result record_success(const struct work *work)
{
    bool marks_report = work->item.action == OUTBOX_SUSPEND;
    enum result result = record_done(work, marks_report);
    for (unsigned i = 1; i < MOST_MARKS && result == RESULT_CONFLICT && has_time(work); i++) {
        database_retry_pause(i);
        result = record_done(work, marks_report);
    }
    bool ends_unmarked =
        result == RESULT_DENIED || result == RESULT_FAILED || result == RESULT_CONFLICT;
    return ends_unmarked ? record_done(work, false) : result;
}

static enum result record_ending(const struct work *work)
{
    struct dispatcher *dispatcher = work->dispatcher;
    struct database *database = dispatcher->database;
    struct slice name = dispatcher->claimant.name;
    struct slice why = buffer_slice(&work->why);
    enum result result = RESULT_FAILED;
    switch (work->ending) {
    case ENDING_DONE:
        return record_success(work);
    case ENDING_FAILED:
        return outbox_failed(database, name, work->item.id, why, work->pause_s);
    case ENDING_POSTPONED:
        return outbox_postponed(database, name, work->item.id, why, work->pause_s);
    case ENDING_GIVEN_UP:
        return outbox_given_up(database, name, work->item.id, why);
    case ENDING_DROPPED:
        return outbox_dropped(database, name, work->item.id, why);
    }
    return result;
}

static enum result record(const struct work *work)
{
    struct dispatcher *dispatcher = work->dispatcher;
    bool was_lost = false;
    for (;;) {
        enum result result = record_ending(work);
        /* It was stored after all, when the answer to its commit was lost. */
        if (result == RESULT_NOT_FOUND && was_lost)
            return RESULT_OK;
        if (result == RESULT_OK || result == RESULT_NOT_FOUND || lease_left_ms(work) == 0 ||
            atomic_load(&dispatcher->is_ending))
            return result;
        was_lost = was_lost || result == RESULT_UNKNOWN || result == RESULT_UNAVAILABLE ||
                   result == RESULT_TIMEOUT;
        dispatcher_sleep(dispatcher, RECORD_PAUSE_US);
    }
}

/* --- told ---------------------------------------------------------------------------------- */

static const struct {
    enum log_level level;
    const char *event;
    const char *word;
    enum metric metric;
    bool is_last; /* and so is a line of tblactivitylog */
} endings[] = {
    [ENDING_DONE] = {LOG_LEVEL_INFO, "outbox_done", "done", METRIC_OUTBOX_DONE, true},
    [ENDING_FAILED] = {LOG_LEVEL_WARNING, "outbox_failed", "failed", METRIC_COUNT, false},
    [ENDING_POSTPONED] = {LOG_LEVEL_ERROR, "outbox_postponed", "postponed", METRIC_COUNT, false},
    [ENDING_GIVEN_UP] = {LOG_LEVEL_ERROR, "outbox_given_up", "given up", METRIC_OUTBOX_GIVEN_UP,
                         true},
    [ENDING_DROPPED] = {LOG_LEVEL_INFO, "outbox_dropped", "dropped", METRIC_OUTBOX_DROPPED, true},
};

static void append_story(struct buffer *out, const struct work *work)
{
    append_name(out, &work->item);
    buffer_printf(out, ": %s", endings[work->ending].word);
    if (work->why.size)
        buffer_printf(out, ": %.*s", SLICE_ARGS(buffer_slice(&work->why)));
}

static void tell_log(const struct work *work, const struct buffer *story)
{
    const struct config_abuse *config = work->dispatcher->config;
    char next[64] = "";
    if (!endings[work->ending].is_last)
        snprintf(next, sizeof(next), "; again in %" PRIu64 " s", work->pause_s);
    log_write(endings[work->ending].level, endings[work->ending].event,
              "row %" PRId64 ", attempt %" PRIu64 " of %" PRIu64 ": %.*s%s", work->item.id,
              work->item.attempts + 1, config->max_attempts, SLICE_ARGS(buffer_slice(story)), next);
}

/* The log of WHMCS is for people: what it cannot take is in ours. */
static void tell_whmcs(const struct work *work, const struct buffer *story)
{
    struct buffer line;
    buffer_init(&line);
    buffer_printf(&line, "portcullis: %.*s", SLICE_ARGS(buffer_slice(story)));
    if (!line.has_failed)
        activity_log_write(work->dispatcher->database, buffer_slice(&line), SLICE(""));
    buffer_clear(&line);
}

static void tell(const struct work *work)
{
    struct buffer story;
    buffer_init(&story);
    append_story(&story, work);
    if (endings[work->ending].metric != METRIC_COUNT)
        metric_increment(endings[work->ending].metric);
    if (!story.has_failed)
        tell_log(work, &story);
    if (!story.has_failed && endings[work->ending].is_last)
        tell_whmcs(work, &story);
    buffer_clear(&story);
}

static void tell_unrecorded(const struct work *work, enum result result)
{
    if (result == RESULT_NOT_FOUND)
        log_warning("outbox_lost",
                    "row %" PRId64 ": ended or taken over by another while it was %s",
                    work->item.id, endings[work->ending].word);
    else
        log_error("outbox_unrecorded",
                  "row %" PRId64
                  ": that it was %s could not be written down; after its lease it is "
                  "tried again",
                  work->item.id, endings[work->ending].word);
}

static void end(struct work *work, enum ending ending)
{
    work->ending = ending;
    enum result result = record(work);
    if (result == RESULT_OK)
        tell(work);
    else
        tell_unrecorded(work, result);
}

/* --- carried out --------------------------------------------------------------------------- */

/* Whether the suspension is still wanted cannot be told without its report, so it waits. */
static void end_unread(struct work *work, enum result result)
{
    bool is_passing = result == RESULT_UNAVAILABLE || result == RESULT_TIMEOUT;
    buffer_printf(&work->why, "its report cannot be read: %s",
                  database_error_text(work->dispatcher->database));
    work->pause_s = is_passing ? 1 : UNREADABLE_PAUSE_S;
    end(work, ENDING_POSTPONED);
}

/* False: the row has ended, or waits. */
static bool check_report(struct work *work)
{
    struct dispatcher *dispatcher = work->dispatcher;
    struct report_state state;
    if (work->item.action != OUTBOX_SUSPEND)
        return true;
    enum result result =
        report_link_read(dispatcher->reports, dispatcher->database, work->item.report_id, &state);
    if (result != RESULT_OK) {
        end_unread(work, result);
        return false;
    }
    if (state.is_there && !(state.is_timed && state.is_closed))
        return true;
    buffer_printf(&work->why, "the report %s", state.is_there ? "is closed" : "is gone");
    end(work, ENDING_DROPPED);
    return false;
}

/* A row whose last attempts ended with their gateway has no error of its own. */
static bool check_attempts(struct work *work)
{
    uint64_t most = work->dispatcher->config->max_attempts;
    if (work->item.attempts < most)
        return true;
    buffer_printf(&work->why, "after %" PRIu64 " attempts: ", work->item.attempts);
    buffer_append_slice(&work->why, work->item.last_error.size
                                        ? work->item.last_error
                                        : SLICE("the gateway ended during the last one"));
    end(work, ENDING_GIVEN_UP);
    return false;
}

static enum whmcs_outcome ask(struct work *work, uint64_t timeout_ms)
{
    char number[24];
    struct slice id = slice_of(
        number, (size_t)snprintf(number, sizeof(number), "%" PRId64, work->item.service_id));
    bool is_email = work->item.action == OUTBOX_EMAIL;
    const struct whmcs_field fields[] = {
        {"action", outbox_action_name(work->item.action)},
        {is_email ? "id" : "serviceid", id},
        {is_email ? "messagename" : "suspendreason", work->item.reason},
    };
    metric_increment(METRIC_OUTBOX_ATTEMPTS);
    return whmcs_call(work->dispatcher->caller, fields, 3, timeout_ms, &work->why);
}

static void end_failed(struct work *work)
{
    const struct config_abuse *config = work->dispatcher->config;
    uint64_t attempts = work->item.attempts + 1;
    uint64_t chance = clock_now_us();
    if (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) < 0)
        chance = clock_now_us();
    work->pause_s =
        outbox_pause_s(attempts, config->first_pause_ms, config->longest_pause_ms, chance);
    metric_increment(METRIC_OUTBOX_FAILURES);
    end(work, attempts < config->max_attempts ? ENDING_FAILED : ENDING_GIVEN_UP);
}

/* What was cut off in the middle keeps its lease: WHMCS may be at it still. */
static void carry_out(struct work *work)
{
    uint64_t timeout_ms = work->dispatcher->config->timeout_ms;
    if (!check_attempts(work) || !check_report(work))
        return;
    uint64_t left_ms = lease_left_ms(work);
    if (left_ms < LEASE_MARGIN_MS + LEAST_CALL_MS) {
        log_warning("outbox", "row %" PRId64 ": the database was so slow that its lease is over",
                    work->item.id);
        return;
    }
    if (timeout_ms > left_ms - LEASE_MARGIN_MS)
        timeout_ms = left_ms - LEASE_MARGIN_MS;
    enum whmcs_outcome outcome = ask(work, timeout_ms);
    if (outcome == WHMCS_DONE)
        end(work, ENDING_DONE);
    else if (outcome == WHMCS_FAILED)
        end_failed(work);
    else
        log_warning("outbox",
                    "row %" PRId64 ": cut off by the end of this gateway; after its "
                    "lease it is tried again",
                    work->item.id);
}

enum result dispatcher_work(struct dispatcher *dispatcher)
{
    struct arena arena;
    struct work work = {.dispatcher = dispatcher, .claimed_us = clock_now_us()};
    arena_init(&arena);
    buffer_init(&work.why);
    enum result result =
        outbox_claim(dispatcher->database, &dispatcher->claimant, &arena, &work.item);
    if (result == RESULT_OK)
        carry_out(&work);
    buffer_clear(&work.why);
    arena_clear(&arena);
    return result;
}

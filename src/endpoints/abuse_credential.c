/*
 * Who reports: the header API_ID, or API-ID. What memory knows is let in at once; anything else is
 * an attempt, of which only so many of one address may be undecided (auth-and-bans.md, "Bans").
 *
 * The credential comes before the body in the order of checks, and a stranger's body is not worth
 * reading: until he is decided, reading pauses.
 */
#include "base/clock.h"
#include "endpoints/abuse_request.h"
#include "endpoints/worker.h"

/* --- refusing ------------------------------------------------------------------------------ */

static void refuse_banned(struct abuse_request *request)
{
    metric_increment(METRIC_BANS_REFUSED);
    abuse_refuse_banned(request);
    abuse_answer_send(request);
}

static void explain(struct abuse_request *request, enum login_verdict verdict)
{
    struct report_refusal *refusal = &request->refusal;
    if (verdict == LOGIN_WRONG)
        report_refuse(refusal, REPORT_NO_CREDENTIAL, "Invalid API_ID");
    else
        report_refuse_for_now(refusal, REPORT_NOT_STORED, 1,
                              "Not stored: the database cannot be reached; try again");
}

/* --- the header ---------------------------------------------------------------------------- */

/* Both spellings may be there, and each more than once, as long as they say the same. */
static bool find_identifier(struct abuse_request *request)
{
    const struct http_request *http = request->http;
    for (size_t i = 0; i < http->field_count; i++) {
        const struct http_field *field = &http->fields[i];
        if (!slice_equal_nocase(field->name, SLICE("API_ID")) &&
            !slice_equal_nocase(field->name, SLICE("API-ID")))
            continue;
        if (request->identifier.size && !slice_equal(request->identifier, field->value)) {
            report_refuse(&request->refusal, REPORT_NO_CREDENTIAL,
                          "API_ID and API-ID are given more than once, and differ");
            return false;
        }
        request->identifier = field->value;
    }
    if (!request->identifier.size)
        report_refuse(&request->refusal, REPORT_NO_CREDENTIAL, "Missing API_ID");
    return request->identifier.size > 0;
}

/* --- an attempt ---------------------------------------------------------------------------- */

/* What came of an attempt that had its turn; again, it does nothing. Any thread. */
static void end_attempt(struct abuse_request *request, enum ban_outcome outcome)
{
    if (!request->is_undecided)
        return;
    request->is_undecided = false;
    ban_attempt_end(request->gateway->guard.bans, &request->attempt, outcome, request->ban_name);
}

static enum ban_outcome outcome_of(enum login_verdict verdict)
{
    if (verdict == LOGIN_WRONG)
        return BAN_FAILED;
    return verdict == LOGIN_OK ? BAN_SUCCEEDED : BAN_UNDECIDED;
}

static void check(struct pool_job *job, void *context)
{
    struct abuse_request *request = (struct abuse_request *)job;
    struct worker *worker = context;
    uint64_t began_us = clock_now_us();
    enum login_verdict verdict = LOGIN_UNAVAILABLE;
    if (worker) {
        verdict = api_credential_check(request->gateway->credentials, worker->database,
                                       request->identifier, &request->principal);
        worker_report(worker);
    }
    request->is_known = verdict == LOGIN_OK;
    end_attempt(request, outcome_of(verdict));
    if (!request->is_known)
        explain(request, verdict);
    request->http->phase_us[METRIC_PHASE_AUTH] = clock_now_us() - began_us;
}

static void on_checked(struct pool_job *job)
{
    struct abuse_request *request = (struct abuse_request *)job;
    bool has_gone = job->was_dropped || atomic_load(&job->is_abandoned);
    request->http->phase_us[METRIC_PHASE_QUEUE] = job->queued_us;
    end_attempt(request, BAN_UNDECIDED);
    job->run = NULL;
    if (has_gone)
        abuse_drop(request);
    else if (request->is_known)
        abuse_admit(request);
    else
        abuse_answer_send(request);
}

static void submit_attempt(struct abuse_request *request)
{
    struct pool_job *job = &request->job;
    job->run = check;
    job->done = on_checked;
    if (!abuse_submit_job(request, gateway_login_lane(request->gateway, request->login_lane)))
        end_attempt(request, BAN_UNDECIDED);
}

static struct abuse_request *request_of(struct ban_attempt *attempt)
{
    return (struct abuse_request *)((char *)attempt - offsetof(struct abuse_request, attempt));
}

/* Whoever stood in line before may have brought the same identifier, and been right. */
static bool is_known_meanwhile(struct abuse_request *request)
{
    request->is_known = api_credential_recall(request->gateway->credentials, request->identifier,
                                              &request->principal) == LOGIN_OK;
    return request->is_known;
}

static void on_turn(struct ban_attempt *attempt)
{
    struct abuse_request *request = request_of(attempt);
    bool has_gone = atomic_load(&request->job.is_abandoned);
    bool is_banned = bans_hold(request->gateway->guard.bans, &request->address);
    request->is_in_line = false;
    request->is_undecided = true;
    if (has_gone || is_banned)
        end_attempt(request, BAN_UNDECIDED);
    if (has_gone) {
        abuse_drop(request);
    } else if (is_banned) {
        refuse_banned(request);
    } else if (is_known_meanwhile(request)) {
        end_attempt(request, BAN_SUCCEEDED);
        abuse_admit(request);
    } else {
        submit_attempt(request);
    }
}

static void begin_attempt(struct abuse_request *request)
{
    request->attempt.loop = http_request_loop(request->http);
    request->attempt.on_turn = on_turn;
    enum ban_turn turn =
        ban_attempt_begin(request->gateway->guard.bans, &request->attempt, &request->address);
    request->is_in_line = turn == BAN_TURN_LATER;
    request->is_undecided = turn == BAN_TURN_NOW;
    if (turn == BAN_TURN_NOW)
        submit_attempt(request);
    else if (turn == BAN_TURN_NEVER)
        refuse_banned(request);
}

/* --- all ----------------------------------------------------------------------------------- */

void abuse_credential_begin(struct abuse_request *request)
{
    if (!find_identifier(request)) {
        abuse_answer_send(request);
        return;
    }
    request->ban_name = api_credential_name(&request->http->arena, request->identifier);
    enum login_verdict verdict = api_credential_recall(request->gateway->credentials,
                                                       request->identifier, &request->principal);
    request->is_known = verdict == LOGIN_OK;
    if (request->is_known) {
        bans_note_success(request->gateway->guard.bans, &request->address, request->ban_name);
        abuse_admit(request);
        return;
    }
    request->login_lane = verdict == LOGIN_DUE ? GATEWAY_LANE_RETURNING : GATEWAY_LANE_STRANGERS;
    request->http->most_body = UINT64_MAX; /* abuse_admit judges it, should it come to that */
    http_pause(request->http);
    begin_attempt(request);
}

/*
 * The login of a request. What memory knows is let in at once. Anything else is an attempt: as many
 * of one address may be undecided as failures are left to it, the others wait in line
 * (auth-and-bans.md, "Bans"), each in its own request and at no worker's expense. An attempt is a
 * job of its own, in a lane of its own: whatever logins wait for, those who are in do not. Nor do
 * those whose row is due to be read again, which happens to everybody every auth.recheck: behind
 * the strangers of a storm they would all stand still.
 */
#include <inttypes.h>

#include "base/clock.h"
#include "endpoints/remote_request.h"
#include "endpoints/worker.h"

/* --- refusing ------------------------------------------------------------------------------ */

void remote_refuse_banned(struct remote_request *request)
{
    problem_set(&request->problem, 403, SLICE("IP Banned"));
    problem_add(&request->problem, SLICE("ip_banned"), slice_of("", 0),
                "this address is banned for too many failed logins, or by an administrator");
}

void remote_refuse_too_fast(struct remote_request *request)
{
    const struct rate_verdict *rate =
        request->admin_rate.retry_s ? &request->admin_rate : &request->rate;
    problem_set(&request->problem, 429, SLICE("Rate Limit Exceeded"));
    problem_add(&request->problem, SLICE("rate_limited"), slice_of("", 0),
                "%" PRIu64 " requests may come at once; the next one in %" PRIu64 " s", rate->limit,
                rate->retry_s);
    request->problem.retry_after_s = (uint32_t)rate->retry_s;
}

static void refuse_banned(struct remote_request *request)
{
    metric_increment(METRIC_BANS_REFUSED);
    remote_refuse_banned(request);
    remote_refuse(request);
}

/* Sets the problem of a verdict that lets nobody in. */
static void explain_login(struct remote_request *request, enum login_verdict verdict)
{
    static const struct {
        enum login_verdict verdict;
        int status;
        struct slice message;
        struct slice code;
        const char *detail;
    } refusals[] = {
        {LOGIN_WRONG, 401, SLICE("Authentication Failed"), SLICE("authentication_failed"),
         "username or password is wrong, or the administrator is disabled"},
        {LOGIN_MISSING, 401, SLICE("Authentication Failed"), SLICE("authentication_failed"),
         "username and password (the MD5 of the password, in hex) are needed"},
        {LOGIN_ROLE, 403, SLICE("Your Administrator Role is Not Permitted to Access wbTeamPro"),
         SLICE("role_denied"), "the add-on's access list does not hold this administrator's role"},
        {LOGIN_OFF, 503, SLICE("Service Unavailable"), SLICE("api_off"),
         "the add-on's setting api_active switches the API off"},
        {LOGIN_BUSY, 503, SLICE("Service Unavailable"), SLICE("overloaded"),
         "too many logins are being checked; try again"},
        {LOGIN_UNAVAILABLE, 503, SLICE("Service Unavailable"), SLICE("database_unavailable"),
         "the database cannot be reached; try again"},
    };
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if (refusals[i].verdict != verdict)
            continue;
        problem_set(&request->problem, refusals[i].status, refusals[i].message);
        problem_add(&request->problem, refusals[i].code, slice_of("", 0), "%s", refusals[i].detail);
        request->problem.retry_after_s = refusals[i].status == 503 ? 1 : 0;
    }
}

/* Before a file nothing is known of what stands behind it, and nobody reads on to find out. */
static void explain_missing(struct remote_request *request)
{
    if (!remote_upload_is_early(request)) {
        explain_login(request, LOGIN_MISSING);
        return;
    }
    problem_set(&request->problem, 400, SLICE("Request Invalid or Bad Format"));
    problem_add(&request->problem, SLICE("file_too_early"), SLICE("file"),
                "username and password must come before the file: in earlier parts, in the query, "
                "or as Authorization");
}

/* --- let in -------------------------------------------------------------------------------- */

static bool is_within_rate(struct remote_request *request)
{
    request->admin_rate =
        rates_take_admin(request->gateway->guard.rates, request->principal.admin_id);
    if (!request->admin_rate.is_within)
        remote_refuse_too_fast(request);
    return request->admin_rate.is_within;
}

static void go_on(struct remote_request *request)
{
    if (!is_within_rate(request) || !remote_compile(request))
        remote_refuse(request);
    else if (remote_upload_is_admission(request))
        remote_upload_admit(request);
    else
        remote_submit(request);
}

/* --- an attempt ---------------------------------------------------------------------------- */

/* What came of an attempt that had its turn; again, it does nothing. Any thread. */
static void end_attempt(struct remote_request *request, enum ban_outcome outcome)
{
    if (!request->is_undecided)
        return;
    request->is_undecided = false;
    ban_attempt_end(request->gateway->guard.bans, &request->attempt, outcome,
                    request->credentials.username);
}

/* A right password without the right role is no failure, and no success that clears failures: the
 * caller is not let in. */
static enum ban_outcome outcome_of(enum login_verdict verdict)
{
    if (verdict == LOGIN_WRONG)
        return BAN_FAILED;
    return verdict == LOGIN_OK ? BAN_SUCCEEDED : BAN_UNDECIDED;
}

static void check(struct pool_job *job, void *context)
{
    struct remote_request *request = (struct remote_request *)job;
    struct worker *worker = context;
    uint64_t began_us = clock_now_us();
    enum login_verdict verdict = LOGIN_UNAVAILABLE;
    if (worker) {
        verdict = login_check(request->gateway->logins, worker->database, &request->credentials,
                              &request->principal);
        worker_report(worker);
    }
    request->is_known = verdict == LOGIN_OK;
    end_attempt(request, outcome_of(verdict));
    if (!request->is_known)
        explain_login(request, verdict);
    request->http->phase_us[METRIC_PHASE_AUTH] = clock_now_us() - began_us;
}

static void on_checked(struct pool_job *job)
{
    struct remote_request *request = (struct remote_request *)job;
    bool has_gone = job->was_dropped || atomic_load(&job->is_abandoned);
    request->http->phase_us[METRIC_PHASE_QUEUE] = job->queued_us;
    end_attempt(request, BAN_UNDECIDED);
    job->run = NULL;
    if (has_gone)
        remote_drop(request);
    else if (request->is_known)
        go_on(request);
    else
        remote_refuse(request);
}

static void submit_attempt(struct remote_request *request)
{
    struct pool_job *job = &request->job;
    job->run = check;
    job->done = on_checked;
    if (!remote_submit_job(request, gateway_login_lane(request->gateway, request->login_lane)))
        end_attempt(request, BAN_UNDECIDED);
}

static struct remote_request *request_of(struct ban_attempt *attempt)
{
    return (struct remote_request *)((char *)attempt - offsetof(struct remote_request, attempt));
}

static void on_turn(struct ban_attempt *attempt)
{
    struct remote_request *request = request_of(attempt);
    bool has_gone = atomic_load(&request->job.is_abandoned);
    bool is_banned = bans_hold(request->gateway->guard.bans, &request->address);
    request->is_in_line = false;
    request->is_undecided = true;
    if (has_gone || is_banned)
        end_attempt(request, BAN_UNDECIDED);
    if (has_gone)
        remote_drop(request);
    else if (is_banned)
        refuse_banned(request);
    else
        submit_attempt(request);
}

static void begin_attempt(struct remote_request *request)
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

void remote_login_begin(struct remote_request *request)
{
    enum login_verdict verdict =
        login_recall(request->gateway->logins, &request->credentials, &request->principal);
    request->is_known = verdict == LOGIN_OK;
    if (request->is_known) {
        bans_note_success(request->gateway->guard.bans, &request->address,
                          request->credentials.username);
        go_on(request);
    } else if (verdict == LOGIN_MISSING) {
        explain_missing(request);
        remote_refuse(request);
    } else {
        request->login_lane =
            verdict == LOGIN_DUE ? GATEWAY_LANE_RETURNING : GATEWAY_LANE_STRANGERS;
        begin_attempt(request);
    }
}

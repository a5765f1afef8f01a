/*
 * A login on the loop. What memory knows is let in at once. Anything else is an attempt: as many of
 * one address may be undecided as failures are left to it, the others wait in line
 * (auth-and-bans.md, "Bans"), each in its own request and at no worker's expense.
 */
#include <inttypes.h>

#include "endpoints/remote_request.h"

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

bool remote_login_is_within_rate(struct remote_request *request)
{
    request->admin_rate =
        rates_take_admin(request->gateway->guard.rates, request->principal.admin_id);
    if (!request->admin_rate.is_within)
        remote_refuse_too_fast(request);
    return request->admin_rate.is_within;
}

void remote_login_end(struct remote_request *request, enum ban_outcome outcome)
{
    if (!request->is_undecided)
        return;
    request->is_undecided = false;
    ban_attempt_end(request->gateway->guard.bans, &request->attempt, outcome,
                    request->credentials.username);
}

static void refuse_banned(struct remote_request *request)
{
    metric_increment(METRIC_BANS_REFUSED);
    remote_refuse_banned(request);
    remote_refuse(request);
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
        remote_login_end(request, BAN_UNDECIDED);
    if (has_gone) {
        struct http_response response = {.status = 499};
        http_respond(request->http, &response);
    } else if (is_banned) {
        refuse_banned(request);
    } else {
        remote_submit(request);
    }
}

static void attempt_login(struct remote_request *request)
{
    request->attempt.loop = http_request_loop(request->http);
    request->attempt.on_turn = on_turn;
    enum ban_turn turn =
        ban_attempt_begin(request->gateway->guard.bans, &request->attempt, &request->address);
    request->is_in_line = turn == BAN_TURN_LATER;
    request->is_undecided = turn == BAN_TURN_NOW;
    if (turn == BAN_TURN_NOW)
        remote_submit(request);
    else if (turn == BAN_TURN_NEVER)
        refuse_banned(request);
}

static void go_on(struct remote_request *request)
{
    bans_note_success(request->gateway->guard.bans, &request->address,
                      request->credentials.username);
    if (remote_login_is_within_rate(request) && remote_compile(request))
        remote_submit(request);
    else
        remote_refuse(request);
}

void remote_login_begin(struct remote_request *request)
{
    enum login_verdict verdict =
        login_recall(request->gateway->logins, &request->credentials, &request->principal);
    request->is_known = verdict == LOGIN_OK;
    if (request->is_known) {
        go_on(request);
    } else if (verdict == LOGIN_MISSING) {
        remote_refuse_missing_login(request);
        remote_refuse(request);
    } else {
        attempt_login(request);
    }
}

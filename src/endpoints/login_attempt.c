/* The order matters: an attempt ends before anything that may end its request. */
#include "endpoints/login_attempt.h"

#include "base/clock.h"
#include "endpoints/worker.h"

/* What came of an attempt that had its turn; again, it does nothing. Any thread. */
static void end(struct login_attempt *attempt, enum ban_outcome outcome)
{
    if (!attempt->is_undecided)
        return;
    attempt->is_undecided = false;
    ban_attempt_end(attempt->gateway->guard.bans, &attempt->ban, outcome, attempt->name);
}

/* A right password without the right role is no failure, and no success that clears failures: the
 * caller is not let in. */
static enum ban_outcome outcome_of(enum login_verdict verdict)
{
    if (verdict == LOGIN_WRONG)
        return BAN_FAILED;
    return verdict == LOGIN_OK ? BAN_SUCCEEDED : BAN_UNDECIDED;
}

void login_attempt_check(struct login_attempt *attempt, void *context)
{
    struct worker *worker = context;
    uint64_t began_us = clock_now_us();
    enum login_verdict verdict = attempt->steps->check(attempt, worker ? worker->database : NULL);
    if (worker)
        worker_report(worker);
    attempt->is_let_in = verdict == LOGIN_OK;
    end(attempt, outcome_of(verdict));
    attempt->http->phase_us[METRIC_PHASE_AUTH] += clock_now_us() - began_us;
}

void login_attempt_done(struct login_attempt *attempt)
{
    struct pool_job *job = attempt->job;
    bool has_gone = job->was_dropped || atomic_load(&job->is_abandoned);
    attempt->http->phase_us[METRIC_PHASE_QUEUE] += job->queued_us;
    end(attempt, BAN_UNDECIDED);
    job->run = NULL;
    if (has_gone)
        attempt->steps->drop(attempt);
    else if (attempt->is_let_in)
        attempt->steps->admit(attempt);
    else
        attempt->steps->refuse(attempt);
}

static void submit(struct login_attempt *attempt)
{
    if (!attempt->steps->submit(attempt, gateway_login_lane(attempt->gateway, attempt->lane)))
        end(attempt, BAN_UNDECIDED);
}

static void refuse_banned(struct login_attempt *attempt)
{
    metric_increment(METRIC_BANS_REFUSED);
    attempt->steps->refuse_banned(attempt);
}

static void on_turn(struct ban_attempt *ban)
{
    struct login_attempt *attempt =
        (struct login_attempt *)((char *)ban - offsetof(struct login_attempt, ban));
    const struct login_attempt_steps *steps = attempt->steps;
    bool has_gone = atomic_load(&attempt->job->is_abandoned);
    bool is_banned = bans_hold(attempt->gateway->guard.bans, attempt->address);
    bool is_known = !has_gone && !is_banned && steps->is_known && steps->is_known(attempt);
    attempt->is_in_line = false;
    attempt->is_undecided = true;
    if (has_gone || is_banned || is_known)
        end(attempt, is_known ? BAN_SUCCEEDED : BAN_UNDECIDED);
    if (has_gone)
        steps->drop(attempt);
    else if (is_banned)
        refuse_banned(attempt);
    else if (is_known)
        steps->admit(attempt);
    else
        submit(attempt);
}

void login_attempt_begin(struct login_attempt *attempt)
{
    attempt->ban.loop = http_request_loop(attempt->http);
    attempt->ban.on_turn = on_turn;
    enum ban_turn turn =
        ban_attempt_begin(attempt->gateway->guard.bans, &attempt->ban, attempt->address);
    attempt->is_in_line = turn == BAN_TURN_LATER;
    attempt->is_undecided = turn == BAN_TURN_NOW;
    if (turn == BAN_TURN_NOW)
        submit(attempt);
    else if (turn == BAN_TURN_NEVER)
        refuse_banned(attempt);
}

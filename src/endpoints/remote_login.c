/*
 * The login of a request. What memory knows is let in at once; anything else is an attempt
 * (login_attempt.h), in a lane of its own: whatever logins wait for, those who are in do not. Nor
 * do those whose row is due to be read again, which happens to everybody every auth.recheck: behind
 * the strangers of a storm they would all stand still.
 */
#include <inttypes.h>

#include "endpoints/remote_request.h"

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

/* What was compiled and let in before its bytes came is neither again; but he may have been banned,
 * or see less, and the write itself looks with his eyes. */
static void store(struct remote_request *request)
{
    if (bans_hold(request->gateway->guard.bans, &request->address)) {
        remote_refuse_banned(request);
        remote_refuse(request);
        return;
    }
    remote_see(request);
    remote_submit(request);
}

static void go_on(struct remote_request *request)
{
    if (remote_upload_is_storing(request))
        store(request);
    else if (!is_within_rate(request) || !remote_compile(request))
        remote_refuse(request);
    else if (remote_upload_is_admission(request))
        remote_upload_admit(request);
    else
        remote_submit(request);
}

/* --- an attempt ---------------------------------------------------------------------------- */

static struct remote_request *request_of(struct login_attempt *login)
{
    return (struct remote_request *)((char *)login - offsetof(struct remote_request, login));
}

static enum login_verdict check(struct login_attempt *login, struct database *database)
{
    struct remote_request *request = request_of(login);
    enum login_verdict verdict = database ? login_check(request->gateway->logins, database,
                                                        &request->credentials, &request->principal)
                                          : LOGIN_UNAVAILABLE;
    request->is_known = verdict == LOGIN_OK;
    if (!request->is_known)
        explain_login(request, verdict);
    return verdict;
}

static void run_check(struct pool_job *job, void *worker)
{
    login_attempt_check(&((struct remote_request *)job)->login, worker);
}

static void on_checked(struct pool_job *job)
{
    login_attempt_done(&((struct remote_request *)job)->login);
}

static bool submit(struct login_attempt *login, uint32_t lane)
{
    login->job->run = run_check;
    login->job->done = on_checked;
    return remote_submit_job(request_of(login), lane);
}

static void admit(struct login_attempt *login)
{
    go_on(request_of(login));
}

static void refuse(struct login_attempt *login)
{
    remote_refuse(request_of(login));
}

static void refuse_banned(struct login_attempt *login)
{
    remote_refuse_banned(request_of(login));
    remote_refuse(request_of(login));
}

static void drop(struct login_attempt *login)
{
    remote_drop(request_of(login));
}

static void begin_attempt(struct remote_request *request, enum gateway_lane lane)
{
    static const struct login_attempt_steps steps = {
        .check = check,
        .submit = submit,
        .admit = admit,
        .refuse = refuse,
        .refuse_banned = refuse_banned,
        .drop = drop,
    };
    request->login = (struct login_attempt){.steps = &steps,
                                            .gateway = request->gateway,
                                            .http = request->http,
                                            .job = &request->job,
                                            .address = &request->address,
                                            .name = request->credentials.username,
                                            .lane = lane};
    login_attempt_begin(&request->login);
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
        begin_attempt(request,
                      verdict == LOGIN_DUE ? GATEWAY_LANE_RETURNING : GATEWAY_LANE_STRANGERS);
    }
}

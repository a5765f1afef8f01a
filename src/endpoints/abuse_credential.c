/*
 * Who reports: the header API_ID, or API-ID. What memory knows is let in at once; anything else is
 * an attempt, of which only so many of one address may be undecided (auth-and-bans.md, "Bans").
 *
 * The credential comes before the body in the order of checks, and a stranger's body is not worth
 * reading: until he is decided, reading pauses.
 */
#include "endpoints/abuse_request.h"

/* --- refusing ------------------------------------------------------------------------------ */

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

static struct abuse_request *request_of(struct login_attempt *login)
{
    return (struct abuse_request *)((char *)login - offsetof(struct abuse_request, login));
}

static enum login_verdict check(struct login_attempt *login, struct database *database)
{
    struct abuse_request *request = request_of(login);
    enum login_verdict verdict =
        database ? api_credential_check(request->gateway->credentials, database,
                                        request->identifier, &request->principal)
                 : LOGIN_UNAVAILABLE;
    request->is_known = verdict == LOGIN_OK;
    if (!request->is_known)
        explain(request, verdict);
    return verdict;
}

/* Whoever stood in line before may have brought the same identifier, and been right. */
static bool is_known(struct login_attempt *login)
{
    struct abuse_request *request = request_of(login);
    request->is_known = api_credential_recall(request->gateway->credentials, request->identifier,
                                              &request->principal) == LOGIN_OK;
    return request->is_known;
}

static void run_check(struct pool_job *job, void *worker)
{
    login_attempt_check(&((struct abuse_request *)job)->login, worker);
}

static void on_checked(struct pool_job *job)
{
    login_attempt_done(&((struct abuse_request *)job)->login);
}

static bool submit(struct login_attempt *login, uint32_t lane)
{
    login->job->run = run_check;
    login->job->done = on_checked;
    return abuse_submit_job(request_of(login), lane);
}

static void admit(struct login_attempt *login)
{
    abuse_admit(request_of(login));
}

static void refuse(struct login_attempt *login)
{
    abuse_answer_send(request_of(login));
}

static void refuse_banned(struct login_attempt *login)
{
    abuse_refuse_banned(request_of(login));
    abuse_answer_send(request_of(login));
}

static void drop(struct login_attempt *login)
{
    abuse_drop(request_of(login));
}

static void begin_attempt(struct abuse_request *request, enum gateway_lane lane)
{
    static const struct login_attempt_steps steps = {
        .check = check,
        .is_known = is_known,
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
                                            .name = request->ban_name,
                                            .lane = lane};
    login_attempt_begin(&request->login);
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
    request->http->most_body = UINT64_MAX; /* abuse_admit judges it, should it come to that */
    http_pause(request->http);
    begin_attempt(request, verdict == LOGIN_DUE ? GATEWAY_LANE_RETURNING : GATEWAY_LANE_STRANGERS);
}

/* The handler: what happens to a report, in order. */
#include "endpoints/abuse_api.h"

#include "endpoints/abuse_request.h"
#include "endpoints/remote_api.h"
#include "endpoints/request_id.h"
#include "endpoints/request_log.h"

/* Decided before anything of the request matters. */
static bool is_let_in(struct abuse_request *request)
{
    enum guard_verdict verdict =
        guard_check(&request->gateway->guard, request->http, &request->address, &request->rate);
    if (verdict == GUARD_BANNED)
        abuse_refuse_banned(request);
    else if (verdict == GUARD_TOO_FAST)
        abuse_refuse_too_fast(request);
    return verdict == GUARD_PASS;
}

static struct abuse_request *make_request(struct http_request *http, struct gateway *gateway)
{
    struct abuse_request *request = arena_zalloc(&http->arena, sizeof(*request));
    if (!request)
        return NULL;
    http->data = request;
    request->http = http;
    request->gateway = gateway;
    request->request_id = request_id(http, gateway);
    report_refusal_init(&request->refusal, &http->arena);
    atomic_init(&request->job.is_abandoned, false);
    return request;
}

static enum http_verdict on_head(struct http_request *http)
{
    struct gateway *gateway = http_context(http);
    if (!slice_equal(http->path, slice_from(gateway->config->abuse.path))) {
        http->handler = remote_api_handler();
        return http->handler->on_head(http);
    }
    struct abuse_request *request = make_request(http, gateway);
    if (!request) {
        struct http_response response = {.status = 503};
        http_respond(http, &response);
        return HTTP_ANSWERED;
    }
    if (!is_let_in(request))
        abuse_answer_send(request);
    else if (http->method == HTTP_OPTIONS)
        abuse_answer_options(request);
    else
        abuse_credential_begin(request);
    return request->is_answered ? HTTP_ANSWERED : HTTP_COLLECT;
}

void abuse_drop(struct abuse_request *request)
{
    struct http_response response = {.status = 499};
    http_respond(request->http, &response);
}

bool abuse_submit_job(struct abuse_request *request, uint32_t lane)
{
    struct pool_job *job = &request->job;
    job->loop = http_request_loop(request->http);
    job->lane = lane;
    if (pool_submit(request->gateway->pool, job) == RESULT_OK)
        return true;
    job->run = NULL;
    report_refuse_for_now(&request->refusal, REPORT_NOT_STORED, 1,
                          "Not stored: too many requests are waiting for the database; try again");
    abuse_answer_send(request);
    return false;
}

static void on_done(struct pool_job *job)
{
    struct abuse_request *request = (struct abuse_request *)job;
    request->http->phase_us[METRIC_PHASE_QUEUE] += job->queued_us;
    if (job->was_dropped)
        abuse_drop(request);
    else
        abuse_answer_send(request);
}

static void on_end(struct http_request *http)
{
    struct abuse_request *request = http->data;
    if (!abuse_read(request)) {
        abuse_answer_send(request);
        return;
    }
    request->job.run = abuse_work_run;
    request->job.done = on_done;
    abuse_submit_job(request, gateway_abuse_lane(request->gateway));
}

/* A job that is queued will not run; one that runs is answered into the void; one in line is ended
 * when it is its turn. A request that is none of these is ended here. */
static void on_abort(struct http_request *http)
{
    struct abuse_request *request = http->data;
    if (request && (request->job.run || request->login.is_in_line)) {
        atomic_store(&request->job.is_abandoned, true);
        return;
    }
    struct http_response response = {.status = 408};
    http_respond(http, &response);
}

static void on_sent(struct http_request *http)
{
    const struct abuse_request *request = http->data;
    struct request_log log = {.address = &http->peer, .route = SLICE("abuse")};
    if (request) {
        log.request_id = request->request_id;
        log.address = &request->address;
        log.admin = slice_from(request->is_known ? request->principal.username : "");
    }
    request_log_write(http, &log);
    if (request)
        abuse_map_release(request->map);
}

const struct http_handler *abuse_api_handler(void)
{
    static const struct http_handler handler = {
        .on_head = on_head,
        .on_end = on_end,
        .on_abort = on_abort,
        .on_fault = abuse_answer_fault,
        .on_sent = on_sent,
    };
    return &handler;
}

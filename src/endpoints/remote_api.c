/* The handler: what happens to a Remote API request, in order. */
#include "endpoints/remote_api.h"

#include "endpoints/cors.h"
#include "endpoints/remote_request.h"
#include "endpoints/request_id.h"
#include "endpoints/request_log.h"
#include "resources/execute_group.h"

static struct gateway_loop *loop_state(const struct remote_request *request)
{
    return &request->gateway->loop_states[loop_index(http_request_loop(request->http))];
}

void remote_refuse(struct remote_request *request)
{
    if (remote_upload_refuse(request))
        return;
    remote_answer_send(request, remote_answer_problem(request, loop_state(request)->writers));
}

/* Decided before the request is understood; but for the format, nothing in it matters. */
static bool is_let_in(struct remote_request *request)
{
    enum guard_verdict verdict =
        guard_check(&request->gateway->guard, request->http, &request->address, &request->rate);
    if (verdict == GUARD_PASS)
        return true;
    remote_read_format(request);
    if (verdict == GUARD_BANNED)
        remote_refuse_banned(request);
    else
        remote_refuse_too_fast(request);
    return false;
}

static void answer_options(struct remote_request *request)
{
    struct http_response response = {.status = 204};
    struct slice methods = request->chain.link_count
                               ? chain_allowed_methods(&request->chain, &request->http->arena)
                               : SLICE("GET, HEAD, OPTIONS");
    http_response_field(&response, SLICE("Allow"), methods);
    cors_add_preflight_fields(request->http, request->gateway->config, methods, &response);
    http_respond(request->http, &response);
}

static enum http_verdict on_head(struct http_request *http)
{
    struct remote_request *request = arena_zalloc(&http->arena, sizeof(*request));
    if (!request) {
        struct http_response response = {.status = 503};
        http_respond(http, &response);
        return HTTP_ANSWERED;
    }
    http->data = request;
    request->http = http;
    request->gateway = http_context(http);
    request->chain = (struct chain){.action = SLICE(""), .route = SLICE("refused")};
    problem_init(&request->problem, &http->arena);
    problem_init(&request->parameter_problem, &http->arena);
    request->request_id = request_id(http, request->gateway);
    atomic_init(&request->job.is_abandoned, false);
    request->coding = http_accepted_coding(http);
    if (is_let_in(request) && remote_read_head(request))
        return remote_upload_begin(request) ? HTTP_STREAM : HTTP_COLLECT;
    remote_refuse(request);
    return HTTP_ANSWERED;
}

/* Goes nowhere but into log and metrics, under the code that nginx made common. */
void remote_drop(struct remote_request *request)
{
    struct http_response response = {.status = 499};
    http_respond(request->http, &response);
}

static void on_done(struct pool_job *job)
{
    struct remote_request *request = (struct remote_request *)job;
    request->http->phase_us[METRIC_PHASE_QUEUE] += job->queued_us;
    if (job->was_dropped)
        remote_drop(request);
    else
        remote_answer_send(request, request->answer);
}

bool remote_submit_job(struct remote_request *request, uint32_t lane)
{
    struct pool_job *job = &request->job;
    job->loop = http_request_loop(request->http);
    job->lane = lane;
    if (pool_submit(request->gateway->pool, job) == RESULT_OK)
        return true;
    job->run = NULL;
    problem_set(&request->problem, 503, SLICE("Service Unavailable"));
    problem_add(&request->problem, SLICE("queue_full"), slice_of("", 0),
                "too many requests are waiting for the database; try again");
    request->problem.retry_after_s = 1;
    remote_refuse(request);
    return false;
}

void remote_submit(struct remote_request *request)
{
    struct pool_job *job = &request->job;
    if (request->is_openapi ? remote_openapi_recall(request) : remote_file_recall(request))
        return;
    job->run = request->is_openapi ? remote_openapi_run : remote_work_run;
    job->share = remote_work_share;
    job->run_group = remote_work_run_group;
    job->group =
        request->is_write || request->is_openapi ? NULL : execute_group_of(&request->queries);
    job->done = on_done;
    job->key = remote_join_key(request);
    remote_submit_job(request, request->is_openapi ? gateway_abuse_lane(request->gateway)
                                                   : chain_last(&request->chain)->resource->lane);
}

static void on_end(struct http_request *http)
{
    struct remote_request *request = http->data;
    if (http->method == HTTP_OPTIONS) {
        answer_options(request);
        return;
    }
    if (remote_upload_end(request))
        return;
    if (remote_read_body(request))
        remote_login_begin(request);
    else
        remote_refuse(request);
}

/* A job that is queued will not run; one that runs is answered into the void, as is what waits for
 * the disk; one in line is ended when it is its turn. A request that is none of these is ended
 * here. */
static void on_abort(struct http_request *http)
{
    struct remote_request *request = http->data;
    if (request &&
        (request->job.run || request->login.is_in_line || remote_upload_is_working(request))) {
        atomic_store(&request->job.is_abandoned, true);
        return;
    }
    struct http_response response = {.status = 408};
    http_respond(http, &response);
}

static void on_sent(struct http_request *http)
{
    struct remote_request *request = http->data;
    struct request_log log = {.address = &http->peer, .route = SLICE("refused")};
    if (request) {
        log.request_id = request->request_id;
        log.address = &request->address;
        log.admin = slice_from(request->is_known ? request->principal.username : "");
        log.route = request->chain.route;
    }
    request_log_write(http, &log);
    remote_upload_release(request);
    if (request) {
        model_release(request->model);
        shared_file_release(request->file);
    }
}

static void on_fault(struct http_request *http, const struct http_fault *fault,
                     struct http_response *response)
{
    remote_upload_release(http->data);
    remote_answer_fault(http, fault, response);
}

const struct http_handler *remote_api_handler(void)
{
    static const struct http_handler handler = {
        .on_head = on_head,
        .on_body = remote_upload_take,
        .on_end = on_end,
        .on_abort = on_abort,
        .on_fault = on_fault,
        .on_sent = on_sent,
    };
    return &handler;
}

/* From a refusal or a receipt to a response. JSON alone, and short: never compressed. */
#include <inttypes.h>

#include "endpoints/abuse_request.h"
#include "endpoints/cors.h"

#define JSON "application/json; charset=utf-8"
#define WARNING_OF_SUSPEND                                                                         \
    "299 portcullis \"suspend_method=suspend is not known and was taken as nosuspend; for a "      \
    "suspension send immediate or timelimit\""

void abuse_refuse_banned(struct abuse_request *request)
{
    report_refuse(&request->refusal, REPORT_BANNED, "IP Banned");
}

void abuse_refuse_too_fast(struct abuse_request *request)
{
    const struct rate_verdict *rate =
        request->admin_rate.retry_s ? &request->admin_rate : &request->rate;
    report_refuse_for_now(&request->refusal, REPORT_TOO_FAST, (uint32_t)rate->retry_s,
                          "Too many requests: %" PRIu64 " may come at once; the next one in "
                          "%" PRIu64 " s",
                          rate->limit, rate->retry_s);
}

static int wire_status(const struct gateway *gateway, int status)
{
    bool is_always_200 =
        slice_equal(slice_from(gateway->config->http.error_status), SLICE("always_200"));
    return is_always_200 ? 200 : status;
}

/* --- fields -------------------------------------------------------------------------------- */

static void add_refusal_fields(const struct report_refusal *refusal, struct http_response *response)
{
    if (refusal->status == 401)
        http_response_field(response, SLICE("WWW-Authenticate"),
                            SLICE("API_ID realm=\"WHMCS API credentials\""));
    if (refusal->status == 405)
        http_response_field(response, SLICE("Allow"), SLICE("POST, OPTIONS"));
    if (refusal->retry_after_s)
        http_response_field(response, SLICE("Retry-After"),
                            arena_printf(refusal->arena, "%" PRIu32, refusal->retry_after_s));
}

static void add_rate_fields(struct abuse_request *request, struct http_response *response)
{
    struct arena *arena = &request->http->arena;
    if (!request->rate.limit && !request->admin_rate.limit)
        return;
    struct rate_fields fields = rate_fields_print(&request->rate, &request->admin_rate);
    http_response_field(response, SLICE("RateLimit-Policy"),
                        arena_copy(arena, slice_from(fields.policy)));
    http_response_field(response, SLICE("RateLimit"), arena_copy(arena, slice_from(fields.limit)));
}

static void add_common_fields(struct abuse_request *request, struct http_response *response)
{
    http_response_field(response, SLICE("Content-Type"), SLICE(JSON));
    http_response_field(response, SLICE("Cache-Control"), SLICE("no-store"));
    http_response_field(response, SLICE("X-Request-Id"), request->request_id);
    add_rate_fields(request, response);
    cors_add_fields(request->http, request->gateway->config, response);
}

/* --- sending ------------------------------------------------------------------------------- */

/* Without memory for a body, none. */
static struct http_body *body_of(const struct abuse_request *request)
{
    struct http_body *body = http_body_create();
    if (!body)
        return NULL;
    if (report_is_refused(&request->refusal))
        report_refusal_print(&request->refusal, &body->head);
    else
        report_success_print(request->receipt.report_id, &body->head);
    if (!body->head.has_failed)
        return body;
    http_body_release(body);
    return NULL;
}

void abuse_answer_send(struct abuse_request *request)
{
    const struct report_refusal *refusal = &request->refusal;
    bool is_refused = report_is_refused(refusal);
    struct http_response response = {
        .status = is_refused ? wire_status(request->gateway, refusal->status) : 200,
        .body = body_of(request)};
    request->is_answered = true;
    if (is_refused)
        add_refusal_fields(refusal, &response);
    else if (request->report.is_vendors_suspend)
        http_response_field(&response, SLICE("Warning"), SLICE(WARNING_OF_SUSPEND));
    add_common_fields(request, &response);
    http_respond(request->http, &response);
}

void abuse_answer_options(struct abuse_request *request)
{
    struct http_response response = {.status = 204};
    request->is_answered = true;
    http_response_field(&response, SLICE("Allow"), SLICE("POST, OPTIONS"));
    cors_add_preflight_fields(request->http, request->gateway->config, SLICE("POST, OPTIONS"),
                              &response);
    http_respond(request->http, &response);
}

/* Too large, too slow, framed wrongly: the body, or the request itself, cannot be read. */
void abuse_answer_fault(struct http_request *http, const struct http_fault *fault,
                        struct http_response *response)
{
    struct gateway *gateway = http_context(http);
    const struct abuse_request *begun = http->data;
    struct abuse_request request = {.http = http, .gateway = gateway};
    struct report_refusal *refusal = &request.refusal;
    report_refusal_init(refusal, &http->arena);
    if (fault->status == 503)
        report_refuse(refusal, REPORT_NOT_STORED, "Not stored: %.*s", SLICE_ARGS(fault->detail));
    else
        report_refuse(refusal, REPORT_BAD_BODY, "The request cannot be read: %.*s",
                      SLICE_ARGS(fault->detail));
    response->status = wire_status(gateway, fault->status);
    response->body = body_of(&request);
    http_response_field(response, SLICE("Content-Type"), SLICE(JSON));
    http_response_field(response, SLICE("Cache-Control"), SLICE("no-store"));
    if (begun)
        http_response_field(response, SLICE("X-Request-Id"), begun->request_id);
}

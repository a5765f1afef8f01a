/* What a reporter whose credential is right has sent. */
#include "base/utf8.h"
#include "endpoints/abuse_request.h"
#include "whmcs/idempotency.h"

static bool is_within_rate(struct abuse_request *request)
{
    request->admin_rate =
        rates_take_admin(request->gateway->guard.rates, request->principal.admin_id);
    if (!request->admin_rate.is_within)
        abuse_refuse_too_fast(request);
    return request->admin_rate.is_within;
}

static bool check_method(struct abuse_request *request)
{
    if (request->http->method != HTTP_POST)
        report_refuse(&request->refusal, REPORT_BAD_METHOD,
                      "Method %.*s is not allowed; allowed: POST",
                      SLICE_ARGS(request->http->method_text));
    return request->http->method == HTTP_POST;
}

static bool check_size(struct abuse_request *request)
{
    uint64_t most = request->gateway->config->http.max_body;
    if (request->http->content_length <= most)
        return true;
    metric_increment(METRIC_LIMIT_BODY);
    report_refuse(&request->refusal, REPORT_LARGE_BODY,
                  "The body is larger than http.max_body allows");
    return false;
}

void abuse_admit(struct abuse_request *request)
{
    if (!is_within_rate(request) || !check_method(request) || !check_size(request)) {
        abuse_answer_send(request);
        return;
    }
    request->http->most_body = request->gateway->config->http.max_body;
    http_resume(request->http);
}

static bool read_key(struct abuse_request *request)
{
    struct slice key = http_request_field(request->http, SLICE("idempotency-key"));
    request->idempotency_key = key;
    if (!key.data || idempotency_key_is_sane(key))
        return true;
    report_refuse(&request->refusal, REPORT_BAD_VALUE,
                  "Invalid value: Idempotency-Key \"%.*s\" (allowed: 1 to 255 visible ASCII "
                  "characters)",
                  (int)(key.size < 60 ? key.size : 60), key.data);
    return false;
}

bool abuse_read_report(struct abuse_request *request)
{
    return report_read(&request->variables, request->map, &request->http->arena, &request->report,
                       &request->refusal) &&
           read_key(request);
}

bool abuse_read(struct abuse_request *request)
{
    struct http_request *http = request->http;
    const struct report_body body = {
        .content_type = http_request_field(http, SLICE("content-type")), .bytes = http->body};
    request->map = shared_abuse_map_acquire(request->gateway->abuse_map);
    return report_variables_read(&http->arena, http->query, &body, &request->variables,
                                 &request->refusal) &&
           abuse_read_report(request);
}

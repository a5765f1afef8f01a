/* From an answer to a response: fields, conditional requests. */
#include <inttypes.h>

#include "endpoints/cors.h"
#include "endpoints/remote_request.h"
#include "endpoints/server_timing.h"

static struct arena *arena_of(const struct remote_request *request)
{
    return &request->http->arena;
}

/* The codings of one answer need tags of their own (RFC 9110 8.8.3). */
static struct slice coded_tag(const struct remote_request *request,
                              const struct remote_answer *answer)
{
    /* The answer may go before the response is written: fields live in the arena. */
    struct slice tag = arena_copy(arena_of(request), slice_from(answer->tag));
    if (!tag.size || answer->coding == HTTP_CODING_IDENTITY)
        return tag;
    return arena_printf(arena_of(request), "%.*s-%.*s\"", (int)(tag.size - 1), tag.data,
                        SLICE_ARGS(http_coding_name(answer->coding)));
}

static void add_error_fields(struct remote_request *request, const struct remote_answer *answer,
                             struct http_response *response)
{
    struct slice basic = SLICE("Basic realm=\"WHMCS administrators\", charset=\"UTF-8\"");
    struct slice own = SLICE("Portcullis realm=\"WHMCS administrators\"");
    uint64_t left = 0;
    if (answer->status == 401)
        http_response_field(response, SLICE("WWW-Authenticate"), answer->wants_basic ? basic : own);
    if (answer->status == 401 &&
        bans_attempts_left(request->gateway->guard.bans, &request->address, &left))
        http_response_field(response, SLICE("X-Login-Attempts-Left"),
                            arena_printf(arena_of(request), "%" PRIu64, left));
    if (answer->allow[0])
        http_response_field(response, SLICE("Allow"),
                            arena_copy(arena_of(request), slice_from(answer->allow)));
    if (answer->retry_after_s)
        http_response_field(response, SLICE("Retry-After"),
                            arena_printf(arena_of(request), "%" PRIu32, answer->retry_after_s));
}

static void add_rate_fields(struct remote_request *request, struct http_response *response)
{
    if (!request->rate.limit && !request->admin_rate.limit)
        return;
    struct rate_fields fields = rate_fields_print(&request->rate, &request->admin_rate);
    http_response_field(response, SLICE("RateLimit-Policy"),
                        arena_copy(arena_of(request), slice_from(fields.policy)));
    http_response_field(response, SLICE("RateLimit"),
                        arena_copy(arena_of(request), slice_from(fields.limit)));
}

void remote_answer_add_fields(struct remote_request *request, struct http_response *response)
{
    http_response_field(response, SLICE("Cache-Control"), SLICE("private, no-cache"));
    http_response_field(response, SLICE("X-Request-Id"), request->request_id);
    add_rate_fields(request, response);
    if (request->is_known && server_timing_is_wanted(request->http))
        server_timing_add(request->http, response);
    cors_add_fields(request->http, request->gateway->config, response);
}

static bool is_conditional_read(const struct remote_request *request)
{
    bool is_wire_read = request->http->method == HTTP_GET || request->http->method == HTTP_HEAD;
    return is_wire_read && !request->is_write;
}

static bool is_not_modified(const struct remote_request *request, struct slice tag)
{
    return is_conditional_read(request) &&
           tag_matches(http_request_list(request->http, SLICE("if-none-match")), tag);
}

/* http.error_status */
static int status_line(const struct gateway *gateway, int status)
{
    bool is_always_200 =
        slice_equal(slice_from(gateway->config->http.error_status), SLICE("always_200"));
    return is_always_200 ? 200 : status;
}

static void send_envelope(struct remote_request *request, struct remote_answer *answer)
{
    struct http_response response = {.status = status_line(request->gateway, answer->status)};
    struct slice tag = coded_tag(request, answer);
    bool has_tag = answer->status == 200 && tag.size;
    struct slice location = remote_write_location(request, answer->created_id);
    if (has_tag)
        http_response_field(&response, SLICE("ETag"), tag);
    if (location.size)
        http_response_field(&response, SLICE("Location"), location);
    if (has_tag && is_not_modified(request, tag)) {
        response.status = 304;
    } else {
        http_response_field(&response, SLICE("Content-Type"),
                            envelope_content_type(answer->format));
        if (answer->coding != HTTP_CODING_IDENTITY)
            http_response_field(&response, SLICE("Content-Encoding"),
                                http_coding_name(answer->coding));
        response.body = http_body_share(answer->body);
        add_error_fields(request, answer, &response);
    }
    http_response_field(&response, SLICE("Vary"), SLICE("Accept-Encoding"));
    remote_answer_add_fields(request, &response);
    http_respond(request->http, &response);
}

void remote_answer_send(struct remote_request *request, struct remote_answer *answer)
{
    if (!answer) {
        struct http_response response = {.status = 503};
        http_response_field(&response, SLICE("Retry-After"), SLICE("1"));
        http_respond(request->http, &response);
        return;
    }
    if (answer->file)
        remote_file_send(request, shared_file_share(answer->file));
    else
        send_envelope(request, answer);
    remote_answer_release(answer);
}

/* A fault of the body is answered as what its head asks for. */
void remote_answer_fault(struct http_request *http, const struct http_fault *fault,
                         struct http_response *response)
{
    struct remote_request *known = http->data; /* NULL: of the head */
    struct gateway *gateway = http_context(http);
    struct gateway_loop *state = &gateway->loop_states[loop_index(http_request_loop(http))];
    struct remote_request request = {.http = http,
                                     .gateway = gateway,
                                     .chain = {.action = SLICE(""), .route = SLICE("refused")}};
    static const struct slice bad_request = SLICE("Request Invalid or Bad Format");
    bool has_chain = known && known->model && remote_read_query_chain(known);
    if (has_chain)
        request.chain = known->chain;
    problem_init(&request.problem, &http->arena);
    problem_set(&request.problem, fault->status,
                fault->status == 400 ? bad_request : http_status_text(fault->status));
    problem_add(&request.problem, fault->code, fault->field, "%.*s", SLICE_ARGS(fault->detail));
    struct remote_answer *answer = remote_answer_problem(&request, state->writers);
    response->status = has_chain ? status_line(gateway, fault->status) : fault->status;
    if (known)
        remote_answer_add_fields(known, response);
    else
        http_response_field(response, SLICE("Cache-Control"), SLICE("no-store"));
    if (!answer)
        return;
    http_response_field(response, SLICE("Content-Type"), envelope_content_type(answer->format));
    response->body = http_body_share(answer->body);
    remote_answer_release(answer);
}

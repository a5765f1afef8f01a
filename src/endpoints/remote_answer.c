/* From an answer to a response: fields, conditional requests, ranges of a file. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "endpoints/byte_range.h"
#include "endpoints/cors.h"
#include "endpoints/remote_request.h"

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
    if (answer->status == 401)
        http_response_field(response, SLICE("WWW-Authenticate"), answer->wants_basic ? basic : own);
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

static void add_common_fields(struct remote_request *request, struct http_response *response)
{
    http_response_field(response, SLICE("Cache-Control"), SLICE("private, no-cache"));
    http_response_field(response, SLICE("Vary"), SLICE("Accept-Encoding"));
    http_response_field(response, SLICE("X-Request-Id"), request->request_id);
    add_rate_fields(request, response);
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
           tag_matches(http_request_field(request->http, SLICE("if-none-match")), tag);
}

static void send_envelope(struct remote_request *request, struct remote_answer *answer)
{
    bool is_always_200 =
        slice_equal(slice_from(request->gateway->config->http.error_status), SLICE("always_200"));
    struct http_response response = {.status = is_always_200 ? 200 : answer->status};
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
    add_common_fields(request, &response);
    http_respond(request->http, &response);
}

static struct slice http_date(struct arena *arena, int64_t seconds)
{
    char text[40];
    time_t time = (time_t)seconds;
    struct tm parts;
    gmtime_r(&time, &parts);
    size_t size = strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return arena_copy(arena, slice_of(text, size));
}

/* If-Modified-Since (RFC 9110 13.1.3) counts only where If-None-Match is absent; what is no date
 * is ignored. */
static bool is_unmodified_since(const struct remote_request *request, int64_t modified_s)
{
    char text[40];
    struct tm parts = {0};
    struct slice since = http_request_field(request->http, SLICE("if-modified-since"));
    bool counts = is_conditional_read(request) && since.data && since.size < sizeof(text) &&
                  !http_request_field(request->http, SLICE("if-none-match")).data;
    if (!counts)
        return false;
    memcpy(text, since.data, since.size);
    text[since.size] = '\0';
    const char *end = strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return end && *end == '\0' && modified_s <= (int64_t)timegm(&parts);
}

/* RFC 6266 with RFC 8187's UTF-8 form; the plain form keeps what is safe there. */
static struct slice disposition(struct arena *arena, struct slice name)
{
    static const char hex[] = "0123456789ABCDEF";
    struct buffer text;
    buffer_init(&text);
    buffer_append_slice(&text, SLICE("attachment; filename=\""));
    for (size_t i = 0; i < name.size; i++) {
        unsigned char c = (unsigned char)name.data[i];
        bool is_plain = c >= 0x20 && c < 0x7F && c != '"' && c != '\\' && c != '%' && c != '/';
        if (is_plain || (c & 0xC0U) != 0x80U)
            buffer_append_char(&text, is_plain ? (char)c : '_');
    }
    buffer_append_slice(&text, SLICE("\"; filename*=UTF-8''"));
    for (size_t i = 0; i < name.size; i++) {
        unsigned char c = (unsigned char)name.data[i];
        bool is_plain = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
                        (c && strchr("!#$&+-.^_`|~", c));
        if (is_plain) {
            buffer_append_char(&text, (char)c);
        } else {
            const char coded[3] = {'%', hex[c >> 4], hex[c & 15]};
            buffer_append(&text, coded, sizeof(coded));
        }
    }
    struct slice copy = arena_copy(arena, buffer_slice(&text));
    buffer_clear(&text);
    return copy;
}

/* A type from the row goes into a field only when it looks like one. */
static struct slice safe_type(struct slice type)
{
    size_t slash = slice_find(type, '/');
    if (slash == 0 || slash + 1 >= type.size || type.size > 127)
        return SLICE("application/octet-stream");
    for (size_t i = 0; i < type.size; i++)
        if (type.data[i] <= 0x20 || type.data[i] == 0x7F || type.data[i] == ',')
            return SLICE("application/octet-stream");
    return type;
}

static struct slice file_tag(struct arena *arena, const struct execute_file *file)
{
    bool has_hash = file->sha256.size == 64;
    for (size_t i = 0; i < file->sha256.size && has_hash; i++)
        has_hash = strchr("0123456789abcdefABCDEF", file->sha256.data[i]) != NULL;
    if (has_hash)
        return arena_printf(arena, "\"%.*s\"", SLICE_ARGS(file->sha256));
    return arena_printf(arena, "\"%" PRIx64 "-%" PRIx64 "\"", file->size,
                        (uint64_t)file->modified_s);
}

/* Whether Range may be heeded: If-Range (RFC 9110 13.1.5) is absent, or names just this version. */
static bool range_applies(const struct remote_request *request, struct slice tag,
                          struct slice modified)
{
    struct slice condition = http_request_field(request->http, SLICE("if-range"));
    return !condition.data || slice_equal(condition, tag) || slice_equal(condition, modified);
}

static void add_file_fields(struct remote_request *request, const struct execute_file *file,
                            struct slice tag, struct slice modified, struct http_response *response)
{
    http_response_field(response, SLICE("Content-Type"), safe_type(file->type));
    http_response_field(response, SLICE("Content-Disposition"),
                        disposition(arena_of(request), file->name));
    http_response_field(response, SLICE("ETag"), tag);
    http_response_field(response, SLICE("Last-Modified"), modified);
    http_response_field(response, SLICE("Accept-Ranges"), SLICE("bytes"));
    http_response_field(response, SLICE("X-Content-Type-Options"), SLICE("nosniff"));
    http_response_field(response, SLICE("Content-Security-Policy"), SLICE("sandbox"));
    http_response_field(response, SLICE("Cache-Control"), SLICE("private, no-cache"));
    http_response_field(response, SLICE("X-Request-Id"), request->request_id);
}

static void send_file(struct remote_request *request, struct remote_answer *answer)
{
    struct execute_file *file = &answer->file;
    struct slice tag = file_tag(arena_of(request), file);
    struct slice modified = http_date(arena_of(request), file->modified_s);
    struct slice range_field = http_request_field(request->http, SLICE("range"));
    struct http_response response = {.status = 200};
    struct byte_range range = {.size = file->size};
    enum byte_range_verdict verdict = BYTE_RANGE_NONE;
    if (is_conditional_read(request) && range_field.data && range_applies(request, tag, modified))
        verdict = byte_range_read(range_field, file->size, &range);

    add_file_fields(request, file, tag, modified, &response);
    if (is_not_modified(request, tag) || is_unmodified_since(request, file->modified_s)) {
        response.status = 304;
    } else if (verdict == BYTE_RANGE_UNSATISFIABLE) {
        response.status = 416;
        http_response_field(&response, SLICE("Content-Range"),
                            arena_printf(arena_of(request), "bytes */%" PRIu64, file->size));
    } else {
        if (verdict == BYTE_RANGE_ONE) {
            response.status = 206;
            http_response_field(&response, SLICE("Content-Range"),
                                arena_printf(arena_of(request),
                                             "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range.first,
                                             range.first + range.size - 1, file->size));
        }
        response.has_file = true;
        response.file = file->descriptor;
        response.file_offset = range.first;
        response.file_size = range.size;
        file->is_open = false; /* http closes it */
    }
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
    if (answer->file.is_open)
        send_file(request, answer);
    else
        send_envelope(request, answer);
    remote_answer_release(answer);
}

void remote_answer_fault(struct http_request *http, const struct http_fault *fault,
                         struct http_response *response)
{
    struct gateway *gateway = http_context(http);
    struct gateway_loop *state = &gateway->loop_states[loop_index(http_request_loop(http))];
    struct remote_request request = {.http = http,
                                     .gateway = gateway,
                                     .chain = {.action = SLICE(""), .route = SLICE("refused")}};
    static const struct slice bad_request = SLICE("Request Invalid or Bad Format");
    problem_init(&request.problem, &http->arena);
    problem_set(&request.problem, fault->status,
                fault->status == 400 ? bad_request : http_status_text(fault->status));
    problem_add(&request.problem, fault->code, fault->field, "%.*s", SLICE_ARGS(fault->detail));
    struct remote_answer *answer = remote_answer_problem(&request, state->writers);
    response->status = fault->status;
    http_response_field(response, SLICE("Cache-Control"), SLICE("no-store"));
    if (!answer)
        return;
    http_response_field(response, SLICE("Content-Type"), envelope_content_type(FORMAT_JSON));
    response->body = http_body_share(answer->body);
    remote_answer_release(answer);
}

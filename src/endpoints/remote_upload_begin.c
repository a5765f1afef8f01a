/* What a request's head says of an upload, and whether there may be one. */
#include "endpoints/remote_upload.h"
#include "http/media_type.h"
#include "http/parameters.h"

static bool refuse(struct remote_request *request, int status, struct slice code,
                   struct slice field, const char *detail)
{
    struct slice message =
        status == 400 ? SLICE("Request Invalid or Bad Format") : http_status_text(status);
    problem_set(&request->problem, status, message);
    problem_add(&request->problem, code, field, "%s", detail);
    return false;
}

bool remote_upload_refuse_size(struct remote_request *request)
{
    metric_increment(METRIC_LIMIT_UPLOAD);
    problem_set(&request->problem, 413, http_status_text(413));
    problem_add(&request->problem, SLICE("too_large"), SLICE("file"),
                "larger than %llu bytes, which is all that is taken (files.max_upload)",
                (unsigned long long)request->gateway->config->files.max_upload);
    return false;
}

/* Those that clients put there for want of a better one say nothing. */
struct slice remote_upload_type(struct slice type)
{
    struct slice media = http_media_type(type);
    bool is_vague = slice_equal_nocase(media, SLICE("application/octet-stream")) ||
                    slice_equal_nocase(media, SLICE("application/x-www-form-urlencoded"));
    return http_media_type_is_sane(type) && !is_vague ? type : slice_of("", 0);
}

bool remote_upload_check(struct remote_request *request)
{
    const struct remote_upload *upload = request->upload;
    const struct model_resource *resource = chain_last(&request->chain)->resource;
    bool is_content = request->chain.target == CHAIN_UPLOAD;
    if (is_content && !(upload && upload->is_raw))
        return refuse(request, 400, SLICE("bad_method"), SLICE("method"),
                      "the bytes are the body of a PUT, or of a POST with method=put");
    if (!upload || !upload->has_file || upload->is_raw)
        return true;
    bool is_create = slice_equal(request->method, SLICE("POST")) && !request->parameters.items;
    if (!is_create || !resource->catalog->download.path.size)
        return refuse(request, 400, SLICE("unexpected_file"), upload->part,
                      "no file is taken here; allowed: one where a single file is created");
    if (!slice_equal(upload->part, SLICE("file")))
        return refuse(request, 400, SLICE("unexpected_file"), upload->part,
                      "the file is the part called file");
    if (!resource->has_download)
        return refuse(request, 503, SLICE("resource_off"), SLICE("file"),
                      "uploading is switched off; `portcullis check` tells why");
    return true;
}

static struct remote_upload *create(struct remote_request *request)
{
    struct remote_upload *upload = arena_zalloc(&request->http->arena, sizeof(*upload));
    if (!upload) {
        execute_explain(RESULT_NO_MEMORY, &request->problem);
        return NULL;
    }
    upload->request = request;
    buffer_init(&upload->buffer);
    request->upload = upload;
    return upload;
}

enum {
    MOST_AHEAD = 128 * 1024
}; /* bytes that http may have read before we find the body too long */

/* Longer ones are found as they come, by us: http's own limit lies a little above. */
static bool limit_body(struct remote_request *request, uint64_t most)
{
    struct http_request *http = request->http;
    http->most_body = most + MOST_AHEAD;
    return (http->has_content_length && http->content_length > most)
               ? remote_upload_refuse_size(request)
               : true;
}

static bool is_coded(struct http_request *http)
{
    struct slice codings = http_request_list(http, SLICE("content-encoding"));
    struct slice one;
    while (slice_split(&codings, ',', &one)) {
        one = slice_trim(one);
        if (one.size && !slice_equal_nocase(one, SLICE("identity")))
            return true;
    }
    return false;
}

/* What RFC 9110 lets a client say of a PUT's body, and what would make other bytes of it. */
static bool check_raw(struct remote_request *request)
{
    struct http_request *http = request->http;
    struct slice type = http_media_type(http_request_field(http, SLICE("content-type")));
    bool is_multipart =
        type.size >= 10 && slice_equal_nocase(slice_of(type.data, 10), SLICE("multipart/"));
    if (is_multipart)
        return refuse(request, 415, SLICE("unsupported_media_type"), SLICE("Content-Type"),
                      "the body is the file's bytes, and no form");
    if (is_coded(http))
        return refuse(request, 415, SLICE("unsupported_media_type"), SLICE("Content-Encoding"),
                      "allowed: identity; the body is stored as it comes");
    if (http_request_field(http, SLICE("content-range")).data)
        return refuse(request, 400, SLICE("bad_field"), SLICE("Content-Range"),
                      "a part of a file cannot be replaced");
    return true;
}

static void begin_raw(struct remote_request *request)
{
    struct http_request *http = request->http;
    struct remote_upload *upload = create(request);
    http_pause(http);
    if (upload) {
        upload->is_raw = true;
        upload->has_file = true;
        upload->state = UPLOAD_ADMITTING;
        upload->file.type = remote_upload_type(http_request_field(http, SLICE("content-type")));
    }
    if (upload && remote_read_body(request) && check_raw(request) &&
        limit_body(request, request->gateway->config->files.max_upload))
        remote_login_begin(request);
    else
        remote_refuse(request);
}

/* What cannot be streamed is collected, and refused where it is decoded. */
static bool begin_form(struct remote_request *request)
{
    const struct config *config = request->gateway->config;
    struct remote_upload *upload = create(request);
    if (upload && !remote_upload_form_begin(upload)) {
        request->upload = NULL;
        problem_init(&request->parameter_problem, &request->http->arena);
        return false;
    }
    if (!upload || !limit_body(request, config->files.max_upload + config->http.max_body))
        remote_refuse(request);
    return true;
}

bool remote_upload_begin(struct remote_request *request)
{
    struct http_request *http = request->http;
    bool is_post = http->method == HTTP_POST;
    if (request->is_openapi)
        return false;
    bool has_body = is_post || http->method == HTTP_PUT || http->method == HTTP_PATCH;
    struct slice type = http_media_type(http_request_field(http, SLICE("content-type")));
    if (has_body && remote_read_is_content(request)) {
        begin_raw(request);
        return true;
    }
    return is_post && slice_equal_nocase(type, SLICE("multipart/form-data")) && begin_form(request);
}

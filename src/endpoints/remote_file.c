/*
 * Downloads: what many ask for in the same moment is resolved once; then, for each request, its
 * conditions, its ranges, and the answer's head.
 */
#include <inttypes.h>
#include <openssl/rand.h>

#include "base/clock.h"
#include "endpoints/byte_range.h"
#include "endpoints/file_condition.h"
#include "endpoints/remote_request.h"
#include "http/date.h"

/* --- remembering --------------------------------------------------------------------------- */

bool remote_file_recall(struct remote_request *request)
{
    struct gateway *gateway = request->gateway;
    bool is_download = !request->is_write && request->chain.target == CHAIN_BYTES;
    if (!is_download || !gateway->config->files.cache_ttl_ms)
        return false;
    struct shared_file *file =
        shared_file_cache_get(gateway->file_cache, remote_sight_key(request));
    if (file)
        remote_file_send(request, file);
    return file != NULL;
}

void remote_file_keep(struct remote_request *request, struct shared_file_moment moment,
                      struct shared_file *file)
{
    if (request->gateway->config->files.cache_ttl_ms)
        shared_file_cache_put(request->gateway->file_cache, remote_sight_key(request),
                              request->model, moment, file);
}

/* --- refusing ------------------------------------------------------------------------------ */

static struct arena *arena_of(const struct remote_request *request)
{
    return &request->http->arena;
}

/* A problem of the bytes, not of the API: the status line says so whatever http.error_status asks
 * for, since a client that sent such fields would take 200 for the bytes. */
static void refuse(struct remote_request *request, int status, struct slice code,
                   struct slice field, const char *detail, struct slice content_range)
{
    struct gateway_loop *state =
        &request->gateway->loop_states[loop_index(http_request_loop(request->http))];
    struct http_response response = {.status = status};
    problem_set(&request->problem, status, http_status_text(status));
    problem_add(&request->problem, code, field, "%s", detail);
    struct remote_answer *answer = remote_answer_problem(request, state->writers);
    if (answer) {
        http_response_field(&response, SLICE("Content-Type"),
                            envelope_content_type(answer->format));
        response.body = http_body_share(answer->body);
        remote_answer_release(answer);
    }
    if (content_range.size)
        http_response_field(&response, SLICE("Content-Range"), content_range);
    remote_answer_add_fields(request, &response);
    http_respond(request->http, &response);
}

static void refuse_condition(struct remote_request *request)
{
    refuse(request, 412, SLICE("precondition_failed"), SLICE("If-Match"),
           "the file has changed, or is not the one that If-Match or If-Unmodified-Since means",
           slice_of("", 0));
}

static void refuse_range(struct remote_request *request, const struct shared_file *file)
{
    refuse(request, 416, SLICE("range_not_satisfiable"), SLICE("Range"),
           "nothing of the file lies there; Content-Range tells its size",
           arena_printf(arena_of(request), "bytes */%" PRIu64, file->size));
}

/* --- sending ------------------------------------------------------------------------------- */

static void send_not_modified(struct remote_request *request, const struct shared_file *file)
{
    struct http_response response = {.status = 304};
    http_response_field(&response, SLICE("ETag"), file->fields.tag);
    remote_answer_add_fields(request, &response);
    http_respond(request->http, &response);
}

static struct slice print_range(struct arena *arena, const struct byte_range *range, uint64_t total)
{
    return arena_printf(arena, "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range->first,
                        range->first + range->size - 1, total);
}

/* 128 bits of chance: no file holds them, by accident or intent. */
static struct slice make_boundary(struct arena *arena)
{
    uint64_t parts[2];
    if (RAND_bytes((unsigned char *)parts, sizeof(parts)) != 1)
        return slice_of(NULL, 0);
    return arena_printf(arena, "%016" PRIx64 "%016" PRIx64, parts[0], parts[1]);
}

/* multipart/byteranges (RFC 9110 14.6). False when memory is out. */
static bool add_parts(struct arena *arena, const struct shared_file *file,
                      const struct byte_range_set *set, struct http_file_part *parts,
                      struct http_response *response)
{
    struct slice boundary = make_boundary(arena);
    bool is_good = boundary.data != NULL;
    for (size_t i = 0; i < set->count && is_good; i++) {
        struct slice range = print_range(arena, &set->ranges[i], file->size);
        parts[i].before =
            arena_printf(arena, "\r\n--%.*s\r\nContent-Type: %.*s\r\nContent-Range: %.*s\r\n\r\n",
                         SLICE_ARGS(boundary), SLICE_ARGS(file->fields.type), SLICE_ARGS(range));
        is_good = range.data && parts[i].before.data;
    }
    response->end = arena_printf(arena, "\r\n--%.*s--\r\n", SLICE_ARGS(boundary));
    struct slice type =
        arena_printf(arena, "multipart/byteranges; boundary=%.*s", SLICE_ARGS(boundary));
    http_response_field(response, SLICE("Content-Type"), type);
    return is_good && response->end.data && type.data;
}

/* Which bytes, and what tells the client which they are. False when memory is out. */
static bool add_bytes(struct remote_request *request, const struct shared_file *file,
                      const struct byte_range_set *set, struct http_response *response)
{
    struct arena *arena = arena_of(request);
    size_t count = set->count ? set->count : 1;
    struct http_file_part *parts = arena_zalloc(arena, count * sizeof(*parts));
    if (!parts)
        return false;
    parts[0].size = file->size;
    for (size_t i = 0; i < set->count; i++) {
        parts[i].offset = set->ranges[i].first;
        parts[i].size = set->ranges[i].size;
    }
    response->status = set->count ? 206 : 200;
    response->parts = parts;
    response->part_count = count;
    if (set->count > 1)
        return add_parts(arena, file, set, parts, response);
    http_response_field(response, SLICE("Content-Type"), file->fields.type);
    if (set->count == 1)
        http_response_field(response, SLICE("Content-Range"),
                            print_range(arena, &set->ranges[0], file->size));
    return true;
}

/* NULL when memory is out. */
static struct slice print_modified(struct arena *arena, const struct shared_file *file,
                                   const struct file_version *version)
{
    if (version->modified_s == file->modified_s)
        return file->fields.modified;
    char *date = arena_alloc(arena, HTTP_DATE_BYTES);
    return date ? http_date_print(version->modified_s, date) : slice_of(NULL, 0);
}

static void send_bytes(struct remote_request *request, const struct shared_file *file,
                       const struct file_version *version, const struct byte_range_set *set)
{
    struct http_response response = {.status = 200};
    const struct slice modified = print_modified(arena_of(request), file, version);
    if (!modified.data || !add_bytes(request, file, set, &response)) {
        remote_answer_send(request, NULL);
        return;
    }
    http_response_field(&response, SLICE("Content-Disposition"), file->fields.disposition);
    http_response_field(&response, SLICE("ETag"), file->fields.tag);
    http_response_field(&response, SLICE("Last-Modified"), modified);
    http_response_field(&response, SLICE("Accept-Ranges"), SLICE("bytes"));
    http_response_field(&response, SLICE("X-Content-Type-Options"), SLICE("nosniff"));
    http_response_field(&response, SLICE("Content-Security-Policy"), SLICE("sandbox"));
    remote_answer_add_fields(request, &response);
    response.file = http_file_share(file->bytes);
    http_respond(request->http, &response);
}

/* Of dates, too, all lines are read: several are none (RFC 9110 13.1.3 to 13.1.5). */
static enum file_verdict judge(struct http_request *http, const struct file_version *version)
{
    const struct file_conditions conditions = {
        .if_match = http_request_list(http, SLICE("if-match")),
        .if_unmodified_since = http_request_list(http, SLICE("if-unmodified-since")),
        .if_none_match = http_request_list(http, SLICE("if-none-match")),
        .if_modified_since = http_request_list(http, SLICE("if-modified-since")),
    };
    bool is_conditional = http->method == HTTP_GET || http->method == HTTP_HEAD;
    return is_conditional ? file_condition_judge(&conditions, version) : FILE_WANTED;
}

/* Range is defined for GET alone (RFC 9110 14.2). */
static enum byte_range_verdict read_ranges(struct http_request *http,
                                           const struct file_version *version, uint64_t total,
                                           int64_t now_s, struct byte_range_set *set)
{
    struct slice ranges = http_request_field(http, SLICE("range"));
    struct slice if_range = http_request_list(http, SLICE("if-range"));
    set->count = 0;
    if (http->method != HTTP_GET || !ranges.data ||
        !file_condition_range_counts(if_range, version, now_s))
        return BYTE_RANGE_NONE;
    return byte_range_read(ranges, total, set);
}

void remote_file_send(struct remote_request *request, struct shared_file *file)
{
    struct byte_range_set set;
    const int64_t now_s = (int64_t)(clock_wall_us() / 1000000);
    /* A file whose time is yet to come was changed just now: Last-Modified must not be later than
     * Date (RFC 9110 8.8.2.1). */
    const struct file_version version = {file->fields.tag,
                                         file->modified_s < now_s ? file->modified_s : now_s};
    request->file = file;
    switch (judge(request->http, &version)) {
    case FILE_NOT_MODIFIED:
        send_not_modified(request, file);
        return;
    case FILE_CHANGED:
        refuse_condition(request);
        return;
    case FILE_WANTED:
        break;
    }
    if (read_ranges(request->http, &version, file->size, now_s, &set) == BYTE_RANGE_UNSATISFIABLE)
        refuse_range(request, file);
    else
        send_bytes(request, file, &version, &set);
}

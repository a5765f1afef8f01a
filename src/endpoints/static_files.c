#include "endpoints/static_files.h"

#include <stdlib.h>
#include <string.h>

#include "endpoints/gateway.h"
#include "endpoints/request_address.h"
#include "endpoints/site.h"
#include "observe/log.h"
#include "resources/tag.h"

enum { CODINGS = 3, LONGEST_PATH = 512 };

struct static_files {
    /* By site_file_count and coding; NULL where the coding spares nothing. One reference each. */
    struct http_body *(*bodies)[CODINGS];
};

/* --- the files ----------------------------------------------------------------------------- */

static bool copy_body(const struct site_bytes *bytes, enum http_coding coding,
                      struct http_body **body)
{
    if (!bytes->size && coding != HTTP_CODING_IDENTITY)
        return true;
    *body = http_body_create();
    if (*body)
        buffer_append(&(*body)->head, bytes->data, bytes->size);
    return *body && !(*body)->head.has_failed;
}

struct static_files *static_files_create(void)
{
    struct static_files *files = calloc(1, sizeof(*files));
    if (!files)
        return NULL;
    files->bodies = calloc(site_file_count + 1, sizeof(*files->bodies));
    bool is_whole = files->bodies != NULL;
    for (size_t i = 0; is_whole && i < site_file_count; i++)
        for (int c = 0; is_whole && c < CODINGS; c++)
            is_whole =
                copy_body(&site_files[i].bodies[c], (enum http_coding)c, &files->bodies[i][c]);
    if (is_whole)
        return files;
    static_files_destroy(files);
    return NULL;
}

void static_files_destroy(struct static_files *files)
{
    if (!files)
        return;
    for (size_t i = 0; files->bodies && i < site_file_count; i++)
        for (int c = 0; c < CODINGS; c++)
            http_body_release(files->bodies[i][c]);
    free(files->bodies);
    free(files);
}

/* --- finding ------------------------------------------------------------------------------- */

static const struct site_root *find_root(struct slice path)
{
    struct slice name = slice_of(path.data, slice_find(path, '/'));
    for (size_t i = 0; i < site_root_count; i++)
        if (slice_equal(name, slice_from(site_roots[i].name)))
            return &site_roots[i];
    return NULL;
}

/* Names as files are packed: without the assets' version, an index where a folder is asked for.
 * The version is given apart; data NULL: path has none. */
static bool plain_path(const struct site_root *root, struct slice path, char name[LONGEST_PATH],
                       struct slice *version)
{
    static const struct slice index = SLICE("index.html");
    static const struct slice assets = SLICE("/assets-");
    size_t root_size = strlen(root->name);
    struct slice below = slice_skip(path, root_size);
    *version = slice_of(NULL, 0);
    if (path.size + index.size >= LONGEST_PATH)
        return false;
    memcpy(name, path.data, path.size);
    size_t size = path.size;
    if (slice_starts_with(below, assets)) {
        struct slice rest = slice_skip(below, assets.size);
        *version = slice_of(rest.data, slice_find(rest, '/'));
        rest = slice_skip(rest, version->size);
        size = root_size + assets.size - 1;
        memcpy(name + size, rest.data, rest.size);
        size += rest.size;
    }
    if (size && name[size - 1] == '/') {
        memcpy(name + size, index.data, index.size);
        size += index.size;
    }
    name[size] = '\0';
    return true;
}

static int compare_path(const void *path, const void *file)
{
    return strcmp(path, ((const struct site_file *)file)->path);
}

bool static_files_find(const struct static_files *files, struct slice path, enum http_coding best,
                       struct static_answer *answer)
{
    char name[LONGEST_PATH];
    struct slice version;
    const struct site_root *root = find_root(path);
    if (!root || !plain_path(root, path, name, &version))
        return false;
    const struct site_file *file =
        bsearch(name, site_files, site_file_count, sizeof(site_files[0]), compare_path);
    if (!file)
        return false;
    struct http_body *const *bodies = files->bodies[file - site_files];
    enum http_coding coding = bodies[best] ? best : HTTP_CODING_IDENTITY;
    *answer = (struct static_answer){
        .type = file->type,
        .hash = file->hash,
        .coding = coding,
        .is_lasting = version.data && slice_equal(version, slice_from(root->assets)),
        .body = bodies[coding],
    };
    return true;
}

/* --- answering ----------------------------------------------------------------------------- */

#define POLICY(styles)                                                                             \
    "default-src 'none'; script-src 'self'; style-src " styles "; img-src 'self' data:; "          \
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* Roots whose pages may do more than others. */
static const struct {
    const char *root;
    struct slice policy;
} policies[] = {
    /* Its renderer makes style elements as it draws; scripts stay as strict as anywhere. */
    {"reference", SLICE(POLICY("'self' 'unsafe-inline'"))},
};

static struct slice policy_of(const struct http_request *request)
{
    const struct gateway *gateway = http_context(request);
    size_t base = strlen(gateway->config->remote.base) + 1;
    const struct site_root *root = find_root(slice_skip(request->path, base));
    for (size_t i = 0; root && i < sizeof(policies) / sizeof(policies[0]); i++)
        if (!strcmp(policies[i].root, root->name))
            return policies[i].policy;
    return SLICE(POLICY("'self'"));
}

static void add_common_fields(const struct http_request *request, struct http_response *response)
{
    static const struct http_field fields[] = {
        {SLICE("X-Content-Type-Options"), SLICE("nosniff")},
        {SLICE("Referrer-Policy"), SLICE("no-referrer")},
        {SLICE("Cross-Origin-Opener-Policy"), SLICE("same-origin")},
        {SLICE("Cross-Origin-Resource-Policy"), SLICE("same-origin")},
    };
    http_response_field(response, SLICE("Content-Security-Policy"), policy_of(request));
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        http_response_field(response, fields[i].name, fields[i].value);
}

static void answer_line(struct http_request *request, struct http_response *response,
                        struct slice line)
{
    http_response_field(response, SLICE("Content-Type"), SLICE("text/plain; charset=utf-8"));
    http_response_field(response, SLICE("Cache-Control"), SLICE("no-store"));
    add_common_fields(request, response);
    response->body = http_body_create();
    if (response->body)
        buffer_append_slice(&response->body->head, line);
    http_respond(request, response);
}

/* BASE/sandbox, without a slash at its end: relative names in the page need it. */
static void answer_moved(struct http_request *request)
{
    struct http_response response = {.status = 308};
    http_response_field(&response, SLICE("Location"),
                        arena_printf(&request->arena, "%.*s/", SLICE_ARGS(request->path)));
    answer_line(request, &response, SLICE("the page's address ends in a slash\n"));
}

static struct slice tag_of(struct http_request *request, const struct static_answer *found)
{
    if (found->coding == HTTP_CODING_IDENTITY)
        return arena_printf(&request->arena, "\"%s\"", found->hash);
    return arena_printf(&request->arena, "\"%s-%.*s\"", found->hash,
                        SLICE_ARGS(http_coding_name(found->coding)));
}

static void answer_file(struct http_request *request, const struct static_answer *found)
{
    struct http_response response = {.status = 200};
    struct slice tag = tag_of(request, found);
    http_response_field(&response, SLICE("ETag"), tag);
    http_response_field(&response, SLICE("Cache-Control"),
                        found->is_lasting ? SLICE("public, max-age=31536000, immutable")
                                          : SLICE("no-cache"));
    http_response_field(&response, SLICE("Vary"), SLICE("Accept-Encoding"));
    add_common_fields(request, &response);
    if (tag_matches(http_request_list(request, SLICE("if-none-match")), tag)) {
        response.status = 304;
        http_respond(request, &response);
        return;
    }
    http_response_field(&response, SLICE("Content-Type"), slice_from(found->type));
    if (found->coding != HTTP_CODING_IDENTITY)
        http_response_field(&response, SLICE("Content-Encoding"), http_coding_name(found->coding));
    response.body = http_body_share(found->body);
    http_respond(request, &response);
}

static void answer_method(struct http_request *request)
{
    bool is_options = request->method == HTTP_OPTIONS;
    struct http_response response = {.status = is_options ? 204 : 405};
    http_response_field(&response, SLICE("Allow"), SLICE("GET, HEAD, OPTIONS"));
    if (is_options)
        http_respond(request, &response);
    else
        answer_line(request, &response, SLICE("pages are read with GET and HEAD\n"));
}

static void answer_path(struct http_request *request, const struct gateway *gateway,
                        struct slice path)
{
    struct static_answer found;
    const struct site_root *root = find_root(path);
    struct http_response missing = {.status = 404};
    if (root && path.size == strlen(root->name))
        answer_moved(request);
    else if (static_files_find(gateway->site, path, http_accepted_coding(request), &found))
        answer_file(request, &found);
    else
        answer_line(request, &missing, SLICE("nothing is served at this address\n"));
}

/* Who is banned gets nothing of this gateway. Rates do not count here: a page is a dozen files,
 * which cost less than telling how many more may come. */
static enum http_verdict on_head(struct http_request *request)
{
    const struct gateway *gateway = http_context(request);
    struct network_address address = client_address_of_request(request, gateway->guard.trusted);
    struct http_response banned = {.status = 403};
    if (bans_hold(gateway->guard.bans, &address)) {
        metric_increment(METRIC_BANS_REFUSED);
        answer_line(request, &banned, SLICE("IP Banned\n"));
    } else if (request->method != HTTP_GET && request->method != HTTP_HEAD) {
        answer_method(request);
    } else {
        answer_path(request, gateway,
                    slice_skip(request->path, strlen(gateway->config->remote.base) + 1));
    }
    return HTTP_ANSWERED;
}

/* Everything is answered in on_head: neither body nor end is waited for. */
static void on_body(struct http_request *request, struct slice piece)
{
    (void)request;
    (void)piece;
}

static void on_end(struct http_request *request)
{
    (void)request;
}

static void on_fault(struct http_request *request, const struct http_fault *fault,
                     struct http_response *response)
{
    response->status = fault->status;
    http_response_field(response, SLICE("Content-Type"), SLICE("text/plain; charset=utf-8"));
    http_response_field(response, SLICE("Cache-Control"), SLICE("no-store"));
    add_common_fields(request, response);
    response->body = http_body_create();
    if (response->body)
        buffer_printf(&response->body->head, "%.*s: %.*s\n", SLICE_ARGS(fault->code),
                      SLICE_ARGS(fault->detail));
}

static void on_sent(struct http_request *request)
{
    struct gateway *gateway = http_context(request);
    char text[NETWORK_TEXT] = "unix";
    struct network_address address = client_address_of_request(request, gateway->guard.trusted);
    uint64_t now_us = loop_now_us(http_request_loop(request));
    const struct log_access line = {
        .request_id = SLICE(""),
        .admin = SLICE(""),
        .method = request->method_text,
        .target = request->target,
        .route = SLICE("pages"),
        .traceparent = http_request_field(request, SLICE("traceparent")),
        .status = request->sent_status,
        .sent_bytes = request->sent_bytes,
        .phase_us = request->phase_us,
        .total_us = now_us > request->started_us ? now_us - request->started_us : 0,
    };
    metric_count_request(line.route, line.method, line.status);
    metric_observe_request(line.total_us);
    if (!log_wants_access())
        return;
    struct log_access whole = line;
    if (network_address_is_known(&address))
        network_address_print(&address, text);
    whole.address = slice_from(text);
    log_access_write(&whole);
}

const struct http_handler *static_files_handler(void)
{
    static const struct http_handler handler = {
        .on_head = on_head,
        .on_body = on_body,
        .on_end = on_end,
        .on_abort = on_end,
        .on_fault = on_fault,
        .on_sent = on_sent,
    };
    return &handler;
}

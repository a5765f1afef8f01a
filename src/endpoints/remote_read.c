/* From bytes to meaning, on the loop: the cheap refusals first, in the order of section 5. */
#include "endpoints/remote_request.h"

#include <string.h>

#include "base/utf8.h"
#include "http/parameters.h"

/* The chain follows BASE/api.php or BASE/api; the longer name is tried first. */
static struct slice chain_in_path(const struct remote_request *request)
{
    static const struct slice names[] = {SLICE("/api.php"), SLICE("/api")};
    struct slice base = slice_from(request->gateway->config->remote.base);
    if (!slice_starts_with(request->http->path, base))
        return slice_of(NULL, 0);
    struct slice rest = slice_skip(request->http->path, base.size);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!slice_starts_with(rest, names[i]))
            continue;
        struct slice chain = slice_skip(rest, names[i].size);
        if (chain.size == 0 || chain.data[0] == '/')
            return chain;
    }
    return slice_of(NULL, 0);
}

static bool holds_segments(struct slice path)
{
    for (size_t i = 0; i < path.size; i++)
        if (path.data[i] != '/')
            return true;
    return false;
}

static bool refuse(struct remote_request *request, int status, struct slice message,
                   struct slice code, struct slice field, const char *detail)
{
    problem_set(&request->problem, status, message);
    problem_add(&request->problem, code, field, "%s", detail);
    return false;
}

static bool parse_chain(struct remote_request *request)
{
    enum result result = chain_parse(request->model, &request->http->arena, request->segments,
                                     request->separator, &request->chain, &request->problem);
    if (result != RESULT_OK && !problem_is_set(&request->problem))
        execute_explain(result, &request->problem);
    return result == RESULT_OK;
}

static bool method_not_allowed(struct remote_request *request, struct slice method)
{
    request->problem.allow = request->chain.link_count
                                 ? chain_allowed_methods(&request->chain, &request->http->arena)
                             : request->is_openapi ? SLICE("GET, HEAD, OPTIONS")
                                                   : SLICE("GET, HEAD, POST, OPTIONS");
    problem_set(&request->problem, 405, SLICE("Method Not Allowed"));
    problem_add(&request->problem, SLICE("method_not_allowed"), SLICE("method"),
                "%.*s is not offered; allowed: get, post, put, delete where the resource has them",
                SLICE_ARGS(method));
    return false;
}

static bool take_model(struct remote_request *request)
{
    request->model = shared_model_acquire(request->gateway->model);
    if (!request->model)
        execute_explain(RESULT_UNAVAILABLE, &request->problem);
    return request->model != NULL;
}

static bool read_openapi(struct remote_request *request)
{
    request->is_openapi = true;
    request->chain.action = SLICE("openapi.json");
    request->chain.route = SLICE("openapi.json");
    return take_model(request);
}

bool remote_read_head(struct remote_request *request)
{
    struct slice path = chain_in_path(request);
    if (remote_openapi_is_meant(request))
        return read_openapi(request);
    if (!path.data && request->http->method == HTTP_OTHER)
        return method_not_allowed(request, request->http->method_text);
    if (!path.data)
        return refuse(request, 404, SLICE("Record Not Found"), SLICE("unknown_resource"),
                      request->http->path, "nothing is served at this address");
    if (!take_model(request))
        return false;
    if (!holds_segments(path))
        return true;
    request->segments = path;
    request->separator = '/';
    return parse_chain(request);
}

static bool refuse_body_type(struct remote_request *request)
{
    return refuse(
        request, 415, SLICE("Unsupported Media Type"), SLICE("unsupported_media_type"),
        SLICE("Content-Type"),
        "allowed: application/x-www-form-urlencoded, multipart/form-data, application/json");
}

static enum result add_body(struct remote_request *request, struct http_pairs *pairs,
                            struct problem *problem)
{
    struct http_request *http = request->http;
    struct slice type = http_request_field(http, SLICE("content-type"));
    struct slice media = http_media_type(type);
    if (slice_equal_nocase(media, SLICE("application/x-www-form-urlencoded")))
        return http_form_decode(&http->arena, http->body, pairs, problem);
    if (slice_equal_nocase(media, SLICE("multipart/form-data")))
        return http_multipart_decode(&http->arena, type, http->body, pairs, problem);
    if (slice_equal_nocase(media, SLICE("application/json")))
        return parameters_add_json(&request->parameters, http->body, problem);
    request->has_foreign_body = true;
    return RESULT_OK;
}

/* What stands behind a fault is not parsed, but the login must be known to whom the fault may be
 * told: username, password, method and action are looked for by themselves. */
static void recover_reserved(struct remote_request *request, struct slice text)
{
    struct arena *arena = &request->http->arena;
    struct slice pair;
    while (slice_split(&text, '&', &pair)) {
        size_t equals = slice_find(pair, '=');
        struct slice name = http_percent_decode(arena, slice_of(pair.data, equals), true);
        struct slice *into =
            equals < pair.size ? parameters_reserved(&request->parameters, name) : NULL;
        if (!into)
            continue;
        struct slice value = http_percent_decode(arena, slice_skip(pair, equals + 1), true);
        if (utf8_is_valid(value))
            *into = value;
    }
}

static bool is_form(const struct http_request *http)
{
    return slice_equal_nocase(http_media_type(http_request_field(http, SLICE("content-type"))),
                              SLICE("application/x-www-form-urlencoded"));
}

/* Faults are kept in parameter_problem: they are told only to those who are logged in. */
static void read_parameters(struct remote_request *request)
{
    struct http_request *http = request->http;
    struct problem *problem = &request->parameter_problem;
    struct http_pairs query = {0};
    struct http_pairs body = {0};
    parameters_init(&request->parameters, &http->arena);
    enum result result = http_form_decode(&http->arena, http->query, &query, problem);
    /* What could be read is used even so: the login may stand in it. */
    enum result added = parameters_add_pairs(&request->parameters, &query, problem);
    if (result == RESULT_OK)
        result = added;
    if (remote_upload_pairs(request)) {
        added = parameters_add_pairs(&request->parameters, remote_upload_pairs(request), problem);
        if (result == RESULT_OK)
            result = added;
    } else if (http->body.size) {
        added = add_body(request, &body, problem);
        if (added == RESULT_OK)
            added = parameters_add_pairs(&request->parameters, &body, problem);
        if (result == RESULT_OK)
            result = added;
    }
    if (result == RESULT_OK)
        return;
    if (!problem_is_set(problem))
        execute_explain(result, problem);
    recover_reserved(request, http->query);
    if (is_form(http))
        recover_reserved(request, http->body);
}

static bool read_chain(struct remote_request *request)
{
    if (request->segments.size || request->is_openapi)
        return true;
    request->segments = request->parameters.action.data ? request->parameters.action : SLICE("");
    request->separator = '.';
    return parse_chain(request);
}

struct method_row {
    enum http_method wire;
    struct slice means;
    bool can_be_overridden; /* by the parameter `method` */
};

static const struct method_row *find_method(enum http_method wire)
{
    static const struct method_row rows[] = {
        {HTTP_GET, SLICE("GET"), true},    {HTTP_HEAD, SLICE("GET"), false},
        {HTTP_POST, SLICE("POST"), true},  {HTTP_PUT, SLICE("PUT"), false},
        {HTTP_PATCH, SLICE("PUT"), false}, {HTTP_DELETE, SLICE("DELETE"), false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].wire == wire)
            return &rows[i];
    return NULL;
}

static bool read_method(struct remote_request *request)
{
    static const struct slice known[] = {SLICE("GET"), SLICE("POST"), SLICE("PUT"),
                                         SLICE("DELETE")};
    const struct method_row *row = find_method(request->http->method);
    struct slice wanted = request->parameters.method;
    if (!row)
        return method_not_allowed(request, request->http->method_text);
    request->method = row->means;
    if (wanted.size) {
        size_t i = 0;
        while (i < 4 && !slice_equal_nocase(known[i], wanted))
            i++;
        if (i == 4)
            return method_not_allowed(request, wanted);
        if (!row->can_be_overridden && !slice_equal(known[i], row->means))
            return refuse(request, 400, SLICE("Request Invalid or Bad Format"), SLICE("bad_method"),
                          SLICE("method"),
                          "on the wire only GET and POST can carry another method");
        request->method = known[i];
    }
    request->is_write = !slice_equal(request->method, SLICE("GET"));
    if (request->is_openapi)
        return !request->is_write || method_not_allowed(request, request->method);
    return chain_check_method(&request->chain, request->method, &request->problem) == RESULT_OK;
}

static void read_credentials(struct remote_request *request)
{
    struct slice authorization = http_request_field(request->http, SLICE("authorization"));
    request->credentials.username = request->parameters.username;
    request->credentials.md5_hex = request->parameters.password;
    login_credentials_from_field(&request->http->arena, authorization, &request->credentials);
}

bool remote_read_query_chain(struct remote_request *request)
{
    if (request->segments.size)
        return true;
    recover_reserved(request, request->http->query);
    return read_chain(request);
}

void remote_read_format(struct remote_request *request)
{
    if (!remote_read_head(request) || !remote_read_query_chain(request))
        problem_init(&request->problem, &request->http->arena);
}

static void forget_chain(struct remote_request *request)
{
    problem_init(&request->problem, &request->http->arena);
    request->segments = slice_of(NULL, 0);
    request->chain = (struct chain){.action = SLICE(""), .route = SLICE("refused")};
}

/* A query's action is parsed here only where it may say so: most name no content, and are parsed
 * once the body is there. */
bool remote_read_is_content(struct remote_request *request)
{
    if (request->segments.size)
        return request->chain.target == CHAIN_UPLOAD;
    recover_reserved(request, request->http->query);
    struct slice action = request->parameters.action;
    if (!action.size || !memmem(action.data, action.size, "content", 7))
        return false;
    bool is_content = read_chain(request) && request->chain.target == CHAIN_UPLOAD;
    if (!is_content)
        forget_chain(request);
    return is_content;
}

static bool creates_file(struct remote_request *request)
{
    struct slice method = request->parameters.method;
    bool is_create = !method.size || slice_equal_nocase(method, SLICE("POST"));
    return is_create && read_chain(request) && request->chain.target == CHAIN_LIST &&
           chain_last(&request->chain)->resource->catalog->download.path.size;
}

bool remote_read_takes_file(struct remote_request *request)
{
    bool is_in_path = request->segments.size;
    const struct http_pair *pair = remote_upload_pairs(request)->first;
    recover_reserved(request, request->http->query);
    for (; pair; pair = pair->next) {
        struct slice *into = parameters_reserved(&request->parameters, pair->name);
        if (into)
            *into = pair->value;
    }
    bool takes_file = creates_file(request);
    if (!is_in_path)
        forget_chain(request); /* what follows may name another */
    return takes_file;
}

/* What a foreign body says is read by nobody: where it might have named the chain or the method,
 * these cannot be judged before it. */
bool remote_read_body(struct remote_request *request)
{
    read_parameters(request);
    read_credentials(request);
    bool is_foreign = request->has_foreign_body;
    bool has_chain =
        request->segments.size || request->is_openapi || request->parameters.action.data;
    if (is_foreign && !has_chain)
        return refuse_body_type(request);
    if (!read_chain(request))
        return false;
    if (is_foreign && request->http->method == HTTP_POST)
        return refuse_body_type(request);
    return read_method(request) && (!is_foreign || refuse_body_type(request));
}

void remote_see(struct remote_request *request)
{
    const struct auth_principal *principal = &request->principal;
    request->viewer = (struct query_viewer){.sees_all = principal->sees_all,
                                            .admin_id = principal->admin_id,
                                            .departments = principal->departments,
                                            .department_count = principal->department_count};
}

static bool compile(struct remote_request *request)
{
    const struct query_limits limits = {.max_limit = request->gateway->config->remote.max_limit};
    request->key = slice_of(NULL, 0); /* it names the model */
    if (problem_is_set(&request->parameter_problem)) {
        request->problem = request->parameter_problem;
        return false;
    }
    if (request->is_openapi)
        return remote_openapi_compile(request);
    if (chain_check_served(&request->chain, &request->problem) != RESULT_OK ||
        !remote_upload_check(request))
        return false;
    remote_see(request);
    if (request->is_write)
        return remote_write_compile(request);
    if (request->parameters.items)
        return refuse(request, 400, SLICE("Request Invalid or Bad Format"), SLICE("bad_json"),
                      SLICE("params"), "must be a JSON object; a list of objects is for POST");
    enum result result = query_set_compile(
        request->model, &request->chain, request->parameters.params, request->parameters.loose,
        &limits, &request->viewer, &request->queries, &request->problem);
    if (result != RESULT_OK && !problem_is_set(&request->problem))
        execute_explain(result, &request->problem);
    request->is_compiled = result == RESULT_OK;
    return request->is_compiled;
}

/* A table that was missing, or might not be read, may be there since. */
bool remote_compile(struct remote_request *request)
{
    bool is_compiled = compile(request);
    if (!is_compiled && request->problem.status >= 500)
        shared_model_doubt(request->gateway->model);
    return is_compiled;
}

/* What the answer's form depends on stands first in a key, and is left out of a sight's. */
struct key_form {
    uint32_t coding;
    uint32_t format;
};

/* Coding, format, principal's class, model, chain and parameters; the effective method is GET for
 * everything that asks for a key. */
static struct slice print_key(struct remote_request *request)
{
    struct buffer text;
    buffer_init(&text);
    const struct key_form form = {request->coding, request->chain.format};
    const struct {
        int64_t sees;
        const struct model *model;
        uint64_t departments;
    } eyes = {request->principal.sees_all ? 0 : request->principal.admin_id, request->model,
              request->principal.sees_all ? 0 : request->principal.department_count};
    buffer_append(&text, &form, sizeof(form));
    buffer_append(&text, &eyes, sizeof(eyes));
    buffer_append(&text, request->principal.departments, eyes.departments * sizeof(int32_t));
    buffer_append_slice(&text, request->chain.action);
    buffer_append_char(&text, '?');
    value_print(request->parameters.params, &text);
    struct slice key = text.has_failed ? slice_of(NULL, 0)
                                       : arena_copy(&request->http->arena, buffer_slice(&text));
    buffer_clear(&text);
    return key;
}

static struct slice key_of(struct remote_request *request)
{
    if (!request->key.data)
        request->key = print_key(request);
    return request->key.data ? request->key : slice_of("", 0);
}

struct slice remote_join_key(struct remote_request *request)
{
    return request->is_write ? slice_of("", 0) : key_of(request);
}

struct slice remote_sight_key(struct remote_request *request)
{
    struct slice key = key_of(request);
    return key.size ? slice_skip(key, sizeof(struct key_form)) : key;
}

/* Which page serves an admin request, once it is known that it may be served. */
#include "endpoints/admin.h"

#include "endpoints/admin_access.h"
#include "endpoints/admin_answer.h"
#include "endpoints/admin_bans.h"
#include "http/address.h"
#include "observe/log.h"

static enum http_verdict serve_healthz(struct http_request *request)
{
    admin_answer_text(request, 200, "ok");
    return HTTP_ANSWERED;
}

static enum http_verdict serve_readyz(struct http_request *request)
{
    const struct admin_options *options = http_context(request);
    const char *reason = "not ready";
    bool is_ready = options->is_ready(options->context, &reason);
    admin_answer_text(request, is_ready ? 200 : 503, is_ready ? "ok" : reason);
    return HTTP_ANSWERED;
}

static enum http_verdict serve_metrics(struct http_request *request)
{
    struct http_response response = {.status = 200};
    struct buffer text = {0};
    metrics_print(&text);
    admin_answer(request, &response, SLICE("text/plain; version=0.0.4; charset=utf-8"), &text);
    return HTTP_ANSWERED;
}

struct page {
    struct slice path; /* with a slash at its end: and whatever follows */
    struct slice methods;
    bool is_open; /* to everybody: what balancers and orchestrators ask */
    enum http_verdict (*serve)(struct http_request *request);
};

static const struct page pages[] = {
    {SLICE("/healthz"), SLICE("GET, HEAD"), true, serve_healthz},
    {SLICE("/readyz"), SLICE("GET, HEAD"), true, serve_readyz},
    {SLICE("/metrics"), SLICE("GET, HEAD"), false, serve_metrics},
    {SLICE("/bans"), SLICE("GET, HEAD, POST, DELETE"), false, admin_bans_serve},
    {SLICE("/bans/"), SLICE("GET, HEAD, DELETE"), false, admin_bans_serve_one},
};

static bool is_at(const struct page *page, struct slice path)
{
    bool has_more = page->path.data[page->path.size - 1] == '/';
    return has_more ? slice_starts_with(path, page->path) : slice_equal(path, page->path);
}

static const struct page *find_page(struct slice path)
{
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
        if (is_at(&pages[i], path))
            return &pages[i];
    return NULL;
}

static bool allows(const struct page *page, struct slice method)
{
    struct slice rest = page->methods;
    struct slice one;
    while (slice_split(&rest, ',', &one))
        if (slice_equal(slice_trim(one), method))
            return true;
    return false;
}

static bool check_page(const struct http_request *request, const struct page *page,
                       struct problem *problem)
{
    if (!page) {
        problem_set(problem, 404, http_status_text(404));
        problem_add(problem, SLICE("not_found"), request->path,
                    "nothing is here; there are /healthz, /readyz, /metrics and /bans");
        return false;
    }
    if (allows(page, request->method_text))
        return true;
    problem->allow = page->methods;
    problem_set(problem, 405, http_status_text(405));
    problem_add(problem, SLICE("method_not_allowed"), SLICE("method"), "allowed: %.*s",
                SLICE_ARGS(page->methods));
    return false;
}

static enum http_verdict on_head(struct http_request *request)
{
    const struct admin_options *options = http_context(request);
    const struct page *page = find_page(request->path);
    struct problem problem;
    problem_init(&problem, &request->arena);
    if (!admin_access_check(request, options->token, page && page->is_open, &problem))
        metric_increment(METRIC_ADMIN_REFUSED);
    else if (check_page(request, page, &problem))
        return page->serve(request);
    admin_answer_problem(request, &problem);
    return HTTP_ANSWERED;
}

/* No page reads its body piece by piece. */
static void on_body(struct http_request *request, struct slice piece)
{
    (void)request;
    (void)piece;
}

/* Only what adds a ban has a body to wait for; all else was answered in on_head. */
static void on_abort(struct http_request *request)
{
    struct http_response response = {.status = 408};
    http_respond(request, &response);
}

static void on_fault(struct http_request *request, const struct http_fault *fault,
                     struct http_response *response)
{
    struct problem problem;
    problem_init(&problem, &request->arena);
    problem_set(&problem, fault->status, http_status_text(fault->status));
    problem_add(&problem, fault->code, fault->field, "%.*s", SLICE_ARGS(fault->detail));
    admin_answer_fill(&problem, response);
}

static void on_sent(struct http_request *request)
{
    (void)request;
}

const struct http_handler *admin_handler(void)
{
    static const struct http_handler handler = {
        .on_head = on_head,
        .on_body = on_body,
        .on_end = admin_bans_add,
        .on_abort = on_abort,
        .on_fault = on_fault,
        .on_sent = on_sent,
    };
    return &handler;
}

bool admin_is_closed(const struct config_admin *config)
{
    struct slice rest = slice_from(config->listen);
    struct slice part;
    bool is_closed = false;
    while (!config->token[0] && slice_split(&rest, ',', &part)) {
        struct http_address address;
        const char *why;
        is_closed = is_closed || (http_address_parse(part, &address, &why) == RESULT_OK &&
                                  !http_address_is_local(&address));
    }
    return is_closed;
}

void admin_announce(const struct config_admin *config)
{
    if (admin_is_closed(config))
        log_warning("admin", "admin.listen is beyond loopback and admin.token is not set: only "
                             "/healthz and /readyz are served there");
}

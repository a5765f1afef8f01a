/*
 * Host is checked against DNS rebinding: a page in the browser of somebody who may reach this
 * listener can make a name of its own point here, but cannot make the browser send another Host.
 */
#include "endpoints/admin.h"

#include <arpa/inet.h>
#include <string.h>

static const struct slice text_type = {"text/plain; charset=utf-8", 25};
static const struct slice metrics_type = {"text/plain; version=0.0.4; charset=utf-8", 40};

static void respond(struct http_request *request, struct http_response *response, struct slice type,
                    struct buffer *text)
{
    http_response_field(response, SLICE("Content-Type"), type);
    http_response_field(response, SLICE("Cache-Control"), SLICE("no-store"));
    response->body = http_body_create();
    if (response->body && !text->has_failed)
        response->body->head = *text; /* moved */
    else
        buffer_clear(text);
    if (!response->body || text->has_failed)
        response->status = 503;
    http_respond(request, response);
}

static void respond_text(struct http_request *request, int status, const char *line)
{
    struct http_response response = {.status = status};
    struct buffer text = {0};
    buffer_printf(&text, "%s\n", line);
    if (status == 405)
        http_response_field(&response, SLICE("Allow"), SLICE("GET, HEAD"));
    respond(request, &response, text_type, &text);
}

static void serve_healthz(struct http_request *request)
{
    respond_text(request, 200, "ok");
}

static void serve_readyz(struct http_request *request)
{
    const struct admin_options *options = http_context(request);
    const char *reason = "not ready";
    bool is_ready = options->is_ready(options->context, &reason);
    respond_text(request, is_ready ? 200 : 503, is_ready ? "ok" : reason);
}

static void serve_metrics(struct http_request *request)
{
    struct http_response response = {.status = 200};
    struct buffer text = {0};
    metrics_print(&text);
    respond(request, &response, metrics_type, &text);
}

static const struct {
    struct slice path;
    void (*serve)(struct http_request *request);
} pages[] = {
    {{"/healthz", 8}, serve_healthz},
    {{"/readyz", 7}, serve_readyz},
    {{"/metrics", 8}, serve_metrics},
};

/* Host without its port and brackets. */
static struct slice host_name(struct slice host)
{
    if (host.size && host.data[0] == '[')
        return slice_of(host.data + 1, slice_find(host, ']') - 1);
    return slice_of(host.data, slice_find(host, ':'));
}

static bool is_literal(struct slice name)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char bytes[16];
    if (!name.size || name.size >= sizeof(text))
        return false;
    memcpy(text, name.data, name.size);
    text[name.size] = '\0';
    return inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1;
}

/* An IP literal, localhost, or no Host at all (HTTP/1.0: no browser). The addresses of
 * admin.listen are literals, so they are in. */
static bool is_host_allowed(struct slice host)
{
    struct slice name = host_name(host);
    return !name.size || is_literal(name) || slice_equal_nocase(name, SLICE("localhost"));
}

static enum http_verdict on_head(struct http_request *request)
{
    if (!is_host_allowed(request->host)) {
        respond_text(request, 421, "this host is not served here; use an IP address or localhost");
        return HTTP_ANSWERED;
    }
    size_t count = sizeof(pages) / sizeof(pages[0]);
    size_t page = 0;
    while (page < count && !slice_equal(pages[page].path, request->path))
        page++;
    if (page == count)
        respond_text(request, 404, "not found; here are /healthz, /readyz and /metrics");
    else if (request->method != HTTP_GET && request->method != HTTP_HEAD)
        respond_text(request, 405, "method not allowed; GET and HEAD are");
    else
        pages[page].serve(request);
    return HTTP_ANSWERED;
}

static void on_body(struct http_request *request, struct slice piece)
{
    (void)request;
    (void)piece;
}

/* Everything is answered in on_head; nothing is left for the others. */
static void on_nothing(struct http_request *request)
{
    (void)request;
}

static void on_fault(struct http_request *request, const struct http_fault *fault,
                     struct http_response *response)
{
    (void)request;
    response->status = fault->status;
    http_response_field(response, SLICE("Content-Type"), text_type);
    response->body = http_body_create();
    if (response->body)
        buffer_printf(&response->body->head, "%.*s\n", SLICE_ARGS(fault->detail));
}

const struct http_handler *admin_handler(void)
{
    static const struct http_handler handler = {
        .on_head = on_head,
        .on_body = on_body,
        .on_end = on_nothing,
        .on_abort = on_nothing,
        .on_fault = on_fault,
        .on_sent = on_nothing,
    };
    return &handler;
}

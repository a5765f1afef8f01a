#include "http/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/server.h"

struct http_exchange *http_exchange_create(struct http_loop *home, struct http_connection *c)
{
    struct http_exchange *exchange = calloc(1, sizeof(*exchange));
    if (exchange == NULL)
        return NULL;
    struct http_request *request = &exchange->request;
    const struct http_server_options *options = &home->server->options;
    exchange->home = home;
    request->exchange = exchange;
    request->connection = c;
    request->handler = options->routes[options->route_count - 1].handler;
    request->is_draining = http_server_is_closing(home);
    request->started_us = clock_now_us();
    arena_init(&request->arena);
    request->peer = c->peer;
    request->is_local = c->is_local;
    request->most_body = options->limits->max_body;
    http_parser_init(&exchange->parser, options->limits, &request->arena);
    return exchange;
}

static void release_response(struct http_response *response)
{
    http_body_release(response->body);
    response->body = NULL;
    http_file_release(response->file);
    response->file = NULL;
}

static void destroy(struct http_exchange *exchange)
{
    release_response(&exchange->response);
    buffer_clear(&exchange->collected);
    arena_clear(&exchange->request.arena);
    free(exchange);
}

void http_exchange_finish(struct http_exchange *exchange)
{
    struct http_request *request = &exchange->request;
    if (exchange->is_answered) {
        request->phase_us[METRIC_PHASE_WRITE] = clock_now_us() - exchange->answered_us;
        request->handler->on_sent(request);
    }
    destroy(exchange);
}

void http_exchange_abandon(struct http_exchange *exchange)
{
    struct http_request *request = &exchange->request;
    request->connection = NULL;
    if (exchange->is_answered || !exchange->has_begun) {
        http_exchange_finish(exchange);
        return;
    }
    if (request->handler->on_abort != NULL)
        request->handler->on_abort(request);
}

static const struct http_handler *find_handler(const struct http_server_options *options,
                                               struct slice path)
{
    for (size_t i = 0; i < options->route_count; i++) {
        if (slice_starts_with(path, options->routes[i].prefix))
            return options->routes[i].handler;
    }
    return options->routes[options->route_count - 1].handler;
}

void http_exchange_adopt_head(struct http_exchange *exchange)
{
    const struct http_head *head = &exchange->head;
    struct http_request *request = &exchange->request;
    request->method = head->method;
    request->method_text = head->method_text;
    request->target = head->target;
    request->path = head->path;
    request->query = head->query;
    request->host = head->host;
    request->minor_version = head->minor_version;
    request->fields = head->fields;
    request->field_count = head->field_count;
    request->content_length = head->content_length;
    request->has_content_length = head->has_content_length;
    request->handler = find_handler(&exchange->home->server->options, head->path);
    request->phase_us[METRIC_PHASE_PARSE] = clock_now_us() - request->started_us;
    exchange->has_head = true;
    exchange->is_unsafe =
        head->method != HTTP_GET && head->method != HTTP_HEAD && head->method != HTTP_OPTIONS;
}

static bool has_field(const struct http_response *response, struct slice name)
{
    for (size_t i = 0; i < response->field_count; i++) {
        if (slice_equal_nocase(response->fields[i].name, name))
            return true;
    }
    return false;
}

void http_exchange_fault(struct http_exchange *exchange, const struct http_fault *fault)
{
    struct http_response response = {.status = fault->status, .close = true};
    struct http_request *request = &exchange->request;
    exchange->has_faulted = true;
    request->handler->on_fault(request, fault, &response);
    if (fault->status == 503 && !has_field(&response, SLICE("Retry-After")))
        http_response_field(&response, SLICE("Retry-After"), SLICE("1"));
    http_respond(request, &response);
}

uint64_t http_exchange_payload_size(const struct http_exchange *exchange)
{
    const struct http_response *response = &exchange->response;
    uint64_t size = response->end.size;
    if (response->file == NULL)
        return response->body != NULL ? http_body_size(response->body) : 0;
    for (size_t i = 0; i < response->part_count; i++)
        size += response->parts[i].before.size + response->parts[i].size;
    return size;
}

void http_respond(struct http_request *request, struct http_response *response)
{
    struct http_exchange *exchange = request->exchange;
    exchange->response = *response;
    exchange->is_answered = true;
    exchange->parser.is_paused = false;
    exchange->answered_us = clock_now_us();
    request->sent_status = response->status;
    response->body = NULL;
    response->file = NULL;
    if (request->connection == NULL) {
        http_exchange_finish(exchange);
        return;
    }
    request->connection->queued_bytes += http_exchange_payload_size(exchange);
    http_connection_flush_later(request->connection);
}

void *http_context(const struct http_request *request)
{
    return request->exchange->home->server->options.context;
}

struct loop *http_request_loop(const struct http_request *request)
{
    return request->exchange->home->loop;
}

struct slice http_request_field(const struct http_request *request, struct slice name)
{
    for (size_t i = 0; i < request->field_count; i++) {
        if (slice_equal_nocase(request->fields[i].name, name))
            return request->fields[i].value;
    }
    return slice_of(NULL, 0);
}

/* The lines of that name joined at text, which may be NULL; returns the bytes they take. */
static size_t join_lines(const struct http_request *request, struct slice name, char *text)
{
    size_t size = 0;
    for (size_t i = 0; i < request->field_count; i++) {
        const struct http_field *field = &request->fields[i];
        if (!slice_equal_nocase(field->name, name))
            continue;
        if (text != NULL && size > 0)
            text[size - 1] = ',';
        if (text != NULL && field->value.size > 0)
            memcpy(text + size, field->value.data, field->value.size);
        size += field->value.size + 1;
    }
    return size == 0 ? 0 : size - 1;
}

struct slice http_request_list(struct http_request *request, struct slice name)
{
    struct slice first = http_request_field(request, name);
    size_t size = join_lines(request, name, NULL);
    if (size == first.size)
        return first;
    char *text = arena_alloc(&request->arena, size);
    if (text == NULL)
        return first;
    join_lines(request, name, text);
    return slice_of(text, size);
}

/* The body of the newest request: to its handler, as fast as it wants it and the client must. */
#include "base/clock.h"
#include "http/connection.h"
#include "http/server.h"

bool http_connection_is_paused(const struct http_connection *c)
{
    return c->last != NULL && c->last->parser.is_paused;
}

static const struct http_fault body_too_large = {
    .status = 413,
    .code = SLICE("too_large"),
    .field = SLICE("body"),
    .detail = SLICE("The body is larger than is allowed here."),
};

/* A slow trickle runs out of time after the grace; what arrives faster earns time, but never more
 * than one grace ahead, so that a body that stops is cut too. */
static void extend_deadline(struct http_exchange *exchange, size_t bytes)
{
    const struct config_http *limits = exchange->home->server->options.limits;
    uint64_t most_us = clock_now_us() + limits->body_grace_ms * 1000;
    uint64_t min_rate = limits->body_min_rate;
    if (min_rate == 0) {
        exchange->body_deadline_us = UINT64_MAX;
        return;
    }
    exchange->body_deadline_us += bytes * 1000000 / min_rate;
    if (exchange->body_deadline_us > most_us)
        exchange->body_deadline_us = most_us;
}

static void take_piece(void *context, struct slice piece)
{
    struct http_exchange *exchange = context;
    exchange->body_bytes += piece.size;
    extend_deadline(exchange, piece.size);
    if (exchange->is_answered || exchange->body_bytes > exchange->request.most_body)
        return;
    if (exchange->verdict == HTTP_STREAM)
        exchange->request.handler->on_body(&exchange->request, piece);
    else
        buffer_append_slice(&exchange->collected, piece);
}

static void end_request(struct http_exchange *exchange)
{
    struct http_request *request = &exchange->request;
    exchange->is_complete = true;
    exchange->wants_continue = false;
    if (exchange->is_answered)
        return;
    request->body = buffer_slice(&exchange->collected);
    request->handler->on_end(request);
}

void http_pause(struct http_request *request)
{
    struct http_exchange *exchange = request->exchange;
    if (exchange->is_complete || exchange->is_answered || request->connection == NULL)
        return;
    exchange->parser.is_paused = true;
    http_connection_flush_later(request->connection);
}

void http_resume(struct http_request *request)
{
    struct http_exchange *exchange = request->exchange;
    const struct config_http *limits = exchange->home->server->options.limits;
    if (!exchange->parser.is_paused)
        return;
    exchange->parser.is_paused = false;
    if (exchange->body_deadline_us != UINT64_MAX)
        exchange->body_deadline_us = clock_now_us() + limits->body_grace_ms * 1000;
    if (request->connection != NULL)
        http_connection_flush_later(request->connection);
}

void http_connection_begin_body(struct http_connection *c)
{
    struct http_exchange *exchange = c->last;
    if (exchange->head.content_length > exchange->request.most_body)
        http_connection_refuse_request(c, &body_too_large);
    else
        exchange->wants_continue = exchange->head.expects_continue;
}

size_t http_connection_read_body(struct http_connection *c, struct slice bytes)
{
    struct http_exchange *exchange = c->last;
    struct http_fault fault = {0};
    size_t consumed = 0;
    enum http_parse parse =
        http_parser_body(&exchange->parser, bytes, &consumed, take_piece, exchange, &fault);
    if (exchange->body_bytes > 0)
        exchange->wants_continue = false;
    bool is_too_large =
        !exchange->is_answered && exchange->body_bytes > exchange->request.most_body;
    if (parse == HTTP_PARSE_NO_MEMORY || exchange->collected.has_failed)
        http_connection_end(c, HTTP_END_NO_MEMORY);
    else if (is_too_large)
        http_connection_refuse_request(c, &body_too_large);
    else if (parse == HTTP_PARSE_FAULT && exchange->is_answered)
        c->is_last = c->is_unfinished = true;
    else if (parse == HTTP_PARSE_FAULT)
        http_connection_refuse_request(c, &fault);
    else if (parse == HTTP_PARSE_DONE)
        end_request(exchange);
    return consumed;
}

/* From bytes to requests. Nothing here writes: answers go out at the end of the loop's turn. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/connection.h"
#include "http/proxy_header.h"
#include "http/server.h"
#include "observe/metrics.h"

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct http_connection *c = handle->data;
    (void)suggested;
    *buffer = uv_buf_init(c->home->read_buffer, HTTP_READ_BYTES);
}

/* The end of the client's sending is taken for its going while a handler is at work: the two look
 * alike, and a query nobody waits for should be dropped. Answers that are ready are still sent, and
 * those that become so until it is their turn. */
static void on_end_of_stream(struct http_connection *c, ssize_t error)
{
    if (error == UV_EOF && !c->is_lingering)
        http_connection_send(c);
    if (c->state == HTTP_CONNECTION_CLOSED)
        return;
    c->has_ended = true;
    if (http_connection_is_in_proxy_header(c)) {
        http_connection_end(c, HTTP_END_PROXY);
        return;
    }
    if (error != UV_EOF || c->is_lingering || c->first == NULL || !c->first->is_answered) {
        http_connection_end(c, HTTP_END_GONE);
        return;
    }
    c->is_last = true;
    http_connection_settle(c);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct http_connection *c = stream->data;
    if (count < 0)
        on_end_of_stream(c, count);
    else if (count > 0)
        http_connection_receive(c, slice_of(buffer->base, (size_t)count));
}

void http_connection_read_start(struct http_connection *c)
{
    c->is_reading = uv_read_start(&c->uv.stream, on_alloc, on_read) == 0;
}

void http_connection_drop_held(struct http_connection *c)
{
    free(c->held);
    c->held = NULL;
    c->held_size = 0;
    c->held_capacity = 0;
}

/* Appends to what is held; false when memory is out. */
static bool hold(struct http_connection *c, struct slice bytes)
{
    size_t needed = c->held_size + bytes.size;
    if (needed > c->held_capacity) {
        size_t capacity = needed < 512 ? 512 : needed + needed / 2;
        char *grown = capacity > UINT32_MAX ? NULL : realloc(c->held, capacity);
        if (grown == NULL)
            return false;
        c->held = grown;
        c->held_capacity = (uint32_t)capacity;
    }
    memcpy(c->held + c->held_size, bytes.data, bytes.size);
    c->held_size = (uint32_t)needed;
    return true;
}

void http_connection_fault(struct http_connection *c, const struct http_fault *fault)
{
    c->is_last = true;
    c->is_unfinished = true;
    http_exchange_fault(c->last, fault);
}

static bool is_being_read(const struct http_exchange *exchange)
{
    return exchange != NULL && !exchange->is_complete;
}

bool http_connection_may_parse(const struct http_connection *c)
{
    _Static_assert((1ULL << (8 * sizeof(c->in_flight))) > CONFIG_MOST_PIPELINED,
                   "in_flight holds every http.max_pipelined");
    if (c->is_last || c->state == HTTP_CONNECTION_CLOSED || http_connection_is_paused(c))
        return false;
    const struct http_exchange *newest = c->last;
    if (is_being_read(newest)) /* an unsafe one waits until it is the first */
        return !newest->has_head || newest->has_begun || !newest->is_unsafe || c->first == newest;
    if (newest != NULL && newest->is_unsafe)
        return false;
    uint64_t current =
        c->first != NULL && c->first->is_answered ? http_exchange_payload_size(c->first) : 0;
    return c->in_flight < c->home->server->options.limits->max_pipelined &&
           c->queued_bytes - current <= HTTP_QUEUED_BYTES;
}

void http_connection_refuse_request(struct http_connection *c, const struct http_fault *fault)
{
    static const struct {
        int status;
        enum metric metric;
    } metrics[] = {
        {413, METRIC_LIMIT_BODY},
        {414, METRIC_LIMIT_TARGET},
        {431, METRIC_LIMIT_HEAD},
    };
    enum metric metric = METRIC_BAD_REQUESTS;
    for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
        if (metrics[i].status == fault->status)
            metric = metrics[i].metric;
    }
    if (slice_equal(fault->code, SLICE("too_many_fields")))
        metric = METRIC_LIMIT_FIELDS;
    if (fault->status == 0) {
        http_connection_end(c, HTTP_END_NOT_HTTP);
        return;
    }
    metric_increment(metric);
    http_connection_fault(c, fault);
}

/* --- the PROXY header ---------------------------------------------------------------------- */

bool http_connection_is_in_proxy_header(const struct http_connection *c)
{
    return c->wants_proxy_header && c->held != NULL;
}

/* Returns how many bytes it has, once it is whole. From then on the connection is the client's. */
static size_t read_proxy_header(struct http_connection *c, struct slice bytes)
{
    struct network_address client;
    size_t size = 0;
    enum http_parse parse = http_proxy_header_parse(bytes, &size, &client);
    if (parse == HTTP_PARSE_FAULT)
        http_connection_end(c, HTTP_END_PROXY);
    if (parse != HTTP_PARSE_DONE)
        return 0;
    c->wants_proxy_header = false;
    if (network_address_is_known(&client)) {
        c->peer = client;
        if (!http_server_admit_client(c->home->server, c))
            http_connection_refuse(c);
    }
    return size;
}

/* --- the head ------------------------------------------------------------------------------ */

static const struct http_fault overloaded = {
    .status = 503,
    .code = SLICE("overloaded"),
    .detail = SLICE("The server is overloaded; try again in a moment."),
};

/* The head is whole and the request's turn has come: the handler is asked. */
static void begin_request(struct http_connection *c)
{
    struct http_exchange *exchange = c->last;
    const struct config_http *limits = c->home->server->options.limits;
    if (http_server_is_shedding(c->home)) {
        metric_increment(METRIC_SHED);
        http_connection_fault(c, &overloaded);
        return;
    }
    exchange->has_begun = true;
    exchange->body_deadline_us = clock_now_us() + limits->body_grace_ms * 1000;
    exchange->verdict = exchange->request.handler->on_head(&exchange->request);
    if (!exchange->is_answered)
        http_connection_begin_body(c);
}

static size_t read_head(struct http_connection *c, struct slice bytes)
{
    struct http_exchange *exchange = c->last;
    struct http_fault fault = {0};
    size_t consumed = 0;
    switch (http_parser_head(&exchange->parser, bytes, &exchange->head, &consumed, &fault)) {
    case HTTP_PARSE_MORE:
        return 0;
    case HTTP_PARSE_NO_MEMORY:
        http_connection_end(c, HTTP_END_NO_MEMORY);
        return 0;
    case HTTP_PARSE_FAULT:
        http_exchange_adopt_head(exchange);
        http_connection_refuse_request(c, &fault);
        return bytes.size;
    case HTTP_PARSE_DONE:
        break;
    }
    http_exchange_adopt_head(exchange);
    return consumed;
}

static bool add_exchange(struct http_connection *c)
{
    struct http_exchange *exchange = http_exchange_create(c->home, c);
    if (exchange == NULL) {
        http_connection_end(c, HTTP_END_NO_MEMORY);
        return false;
    }
    if (c->last != NULL)
        c->last->next = exchange;
    else
        c->first = exchange;
    c->last = exchange;
    c->in_flight++;
    return true;
}

/* One step: a head, the beginning of a request, or a stretch of body. *consumed says how many
 * bytes it took; false when more bytes or another time are needed. */
static bool step(struct http_connection *c, struct slice bytes, size_t *consumed)
{
    *consumed = 0;
    if (c->wants_proxy_header) {
        *consumed = read_proxy_header(c, bytes);
        return *consumed > 0;
    }
    if (!is_being_read(c->last)) {
        if (bytes.size == 0 || !add_exchange(c))
            return false;
    }
    struct http_exchange *exchange = c->last;
    if (!exchange->has_head) {
        *consumed = read_head(c, bytes);
        return *consumed > 0;
    }
    if (!exchange->has_begun) {
        begin_request(c);
        return true;
    }
    *consumed = http_connection_read_body(c, bytes);
    return *consumed > 0 || c->state == HTTP_CONNECTION_CLOSED || exchange->is_complete;
}

/* Returns how many bytes were understood; all of them once no further request is taken. */
static size_t parse(struct http_connection *c, struct slice bytes, bool *has_moved)
{
    size_t offset = 0;
    size_t consumed = 0;
    bool goes_on = true;
    *has_moved = false;
    while (goes_on && http_connection_may_parse(c)) {
        goes_on = step(c, slice_skip(bytes, offset), &consumed);
        offset += consumed;
        *has_moved = *has_moved || goes_on;
    }
    if (!c->is_last)
        return offset;
    c->is_unfinished = c->is_unfinished || offset < bytes.size;
    c->dropped_bytes += (uint32_t)(bytes.size - offset);
    return bytes.size;
}

static void receive_more(struct http_connection *c, struct slice bytes)
{
    bool has_moved = false;
    if (c->held == NULL) {
        size_t taken = parse(c, bytes, &has_moved);
        if (c->state != HTTP_CONNECTION_CLOSED && taken < bytes.size &&
            !hold(c, slice_skip(bytes, taken)))
            http_connection_end(c, HTTP_END_NO_MEMORY);
    } else if (hold(c, bytes)) {
        http_connection_resume(c);
    } else {
        http_connection_end(c, HTTP_END_NO_MEMORY);
    }
    if (c->state == HTTP_CONNECTION_CLOSED)
        return;
    if (c->last != NULL && c->last->wants_continue)
        http_connection_flush_later(c);
    http_connection_settle(c);
}

void http_connection_receive(struct http_connection *c, struct slice bytes)
{
    metric_add(METRIC_RECEIVED_BYTES, (int64_t)bytes.size);
    if (!c->is_last) {
        receive_more(c, bytes);
        return;
    }
    c->is_unfinished = true;
    c->dropped_bytes += (uint32_t)bytes.size;
    if (c->is_lingering && c->dropped_bytes > HTTP_LINGER_BYTES)
        http_connection_end(c, HTTP_END_LINGERED);
    else
        http_connection_settle(c);
}

bool http_connection_resume(struct http_connection *c)
{
    bool has_moved = false;
    if (c->state == HTTP_CONNECTION_CLOSED)
        return false;
    size_t taken = parse(c, slice_of(c->held, c->held_size), &has_moved);
    if (c->state == HTTP_CONNECTION_CLOSED || c->held == NULL)
        return has_moved;
    if (taken == c->held_size) {
        http_connection_drop_held(c);
    } else if (taken > 0) {
        memmove(c->held, c->held + taken, c->held_size - taken);
        c->held_size -= (uint32_t)taken;
    }
    return has_moved;
}

/* The life of a connection: its states, its timeouts, its end. */
#include "http/connection.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <utlist.h>

#include "base/clock.h"
#include "http/server.h"
#include "observe/metrics.h"

/* The metric each reason counts in; METRIC_COUNT: none. */
static const enum metric reason_metrics[HTTP_END_REASONS] = {
    [HTTP_END_DONE] = METRIC_COUNT,
    [HTTP_END_GONE] = METRIC_COUNT,
    [HTTP_END_NOT_HTTP] = METRIC_BAD_REQUESTS,
    [HTTP_END_PROXY] = METRIC_PROXY_HEADERS_REFUSED,
    [HTTP_END_IDLE] = METRIC_TIMEOUT_IDLE,
    [HTTP_END_WRITE_STALL] = METRIC_TIMEOUT_WRITE,
    [HTTP_END_LINGERED] = METRIC_COUNT,
    [HTTP_END_OVERRUN] = METRIC_CONNECTIONS_REFUSED,
    [HTTP_END_NO_MEMORY] = METRIC_COUNT,
    [HTTP_END_FILE] = METRIC_FILES_CUT,
    [HTTP_END_SHUTDOWN] = METRIC_COUNT,
};

static bool holds_drain(uint8_t state)
{
    return state != HTTP_CONNECTION_IDLE && state != HTTP_CONNECTION_CLOSED;
}

static void count_busy(struct http_loop *home, bool was_busy, bool is_busy)
{
    if (was_busy == is_busy)
        return;
    if (is_busy && home->busy++ == 0)
        loop_set_busy(home->loop, true);
    if (was_busy && --home->busy == 0)
        loop_set_busy(home->loop, false);
}

/* The only place that moves a connection between lists. */
static void move(struct http_connection *c, uint8_t state)
{
    struct http_loop *home = c->home;
    if (c->state == state)
        return;
    count_busy(home, holds_drain(c->state), holds_drain(state));
    if (c->state != HTTP_CONNECTION_CLOSED)
        DL_DELETE(home->lists[c->state], c);
    if (state != HTTP_CONNECTION_CLOSED)
        DL_APPEND(home->lists[state], c);
    c->state = state;
    c->since_us = clock_now_us();
}

static uint8_t find_state(const struct http_connection *c)
{
    if (c->is_lingering)
        return HTTP_CONNECTION_LINGERING;
    if (c->write != NULL || http_connection_file_is_waiting(c))
        return HTTP_CONNECTION_WRITING;
    const struct http_exchange *newest = c->last;
    if (newest == NULL)
        return http_connection_is_in_proxy_header(c) ? HTTP_CONNECTION_HEAD : HTTP_CONNECTION_IDLE;
    if (newest->is_complete || newest->is_answered || c->is_last)
        return HTTP_CONNECTION_BUSY;
    if (!newest->has_head)
        return HTTP_CONNECTION_HEAD;
    if (http_connection_is_paused(c))
        return HTTP_CONNECTION_PAUSED;
    return newest->has_begun ? HTTP_CONNECTION_BODY : HTTP_CONNECTION_BUSY;
}

/* While the server closes: the last request that was read is whole, and its answer, which is to say
 * so, has not gone out. A client that goes on asking would put it off for ever. */
static bool has_asked_last(const struct http_connection *c)
{
    return http_server_is_closing(c->home) && c->last != NULL && c->last->is_complete &&
           !c->last->is_rendered;
}

static bool wants_more(const struct http_connection *c)
{
    if (c->has_ended)
        return false;
    if (c->is_last)
        return c->dropped_bytes <= HTTP_LINGER_BYTES;
    return !http_connection_is_paused(c) && (c->held == NULL || http_connection_may_parse(c)) &&
           !has_asked_last(c);
}

void http_connection_settle(struct http_connection *c)
{
    if (c->state == HTTP_CONNECTION_CLOSED)
        return;
    move(c, find_state(c));
    bool wants_bytes = wants_more(c);
    if (!wants_bytes && c->is_reading) {
        uv_read_stop(&c->uv.stream);
        c->is_reading = false;
    } else if (wants_bytes && !c->is_reading) {
        http_connection_read_start(c);
    }
}

void http_connection_flush_later(struct http_connection *c)
{
    if (c->is_flushing || c->state == HTTP_CONNECTION_CLOSED)
        return;
    c->is_flushing = true;
    DL_APPEND2(c->home->flush, c, prev_flush, next_flush);
}

void http_connection_flush(struct http_connection *c)
{
    DL_DELETE2(c->home->flush, c, prev_flush, next_flush);
    c->is_flushing = false;
    /* What is here already of a body that was answered meanwhile: when that is all of it, the
     * connection may stay. */
    if (c->last != NULL && c->last->is_answered && !c->last->is_complete)
        http_connection_resume(c);
    c->turn_bytes = 0;
    do
        http_connection_send(c);
    while (http_connection_resume(c));
    http_connection_settle(c);
}

void http_connection_begin(struct http_connection *c, struct http_loop *home)
{
    c->home = home;
    c->uv.handle.data = c;
    c->since_us = clock_now_us();
    c->state = HTTP_CONNECTION_IDLE;
    DL_APPEND(home->lists[HTTP_CONNECTION_IDLE], c);
    metric_increment(METRIC_CONNECTIONS_ACCEPTED);
    metric_increment(METRIC_CONNECTIONS_OPEN);
    bool is_admitted = http_server_admit(home->server, c);
    if (c->wants_proxy_header && !http_server_trusts(home->server, &c->peer))
        http_connection_end(c, HTTP_END_PROXY);
    else if (is_admitted)
        http_connection_read_start(c);
    else if (http_server_is_overrun(home->server))
        http_connection_end(c, HTTP_END_OVERRUN);
    else
        http_connection_refuse(c);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void abandon_exchanges(struct http_connection *c)
{
    struct http_exchange *exchange = c->first;
    c->first = NULL;
    c->last = NULL;
    while (exchange != NULL) {
        struct http_exchange *next = exchange->next;
        http_exchange_abandon(exchange);
        exchange = next;
    }
}

void http_connection_end(struct http_connection *c, enum http_connection_reason reason)
{
    if (c->state == HTTP_CONNECTION_CLOSED)
        return;
    move(c, HTTP_CONNECTION_CLOSED);
    if (c->is_flushing)
        DL_DELETE2(c->home->flush, c, prev_flush, next_flush);
    if (reason_metrics[reason] != METRIC_COUNT)
        metric_increment(reason_metrics[reason]);
    metric_add(METRIC_CONNECTIONS_OPEN, -1);
    http_server_forget(c->home->server, c);
    http_connection_file_abandon(c);
    abandon_exchanges(c);
    http_connection_drop_held(c);
    uv_close(&c->uv.handle, on_closed);
}

/* Answers on an exchange of its own, since no request was read and none will be. */
void http_connection_refuse(struct http_connection *c)
{
    static const struct http_fault fault = {
        .status = 503,
        .code = SLICE("overloaded"),
        .detail = SLICE("The server has too many connections; try again in a moment."),
    };
    metric_increment(METRIC_CONNECTIONS_REFUSED);
    c->first = c->last = http_exchange_create(c->home, c);
    if (c->first == NULL) {
        http_connection_end(c, HTTP_END_NO_MEMORY);
        return;
    }
    c->in_flight = 1;
    http_connection_fault(c, &fault);
    http_connection_settle(c);
}

/* False for empty lines before a request line: nobody waits for an answer. */
static bool has_asked(const struct http_connection *c)
{
    for (uint32_t i = 0; i < c->held_size; i++) {
        if (c->held[i] != '\r' && c->held[i] != '\n')
            return true;
    }
    return false;
}

bool http_connection_has_behind(const struct http_connection *c,
                                const struct http_exchange *exchange)
{
    bool is_begun = exchange->next != NULL && exchange->next->has_head;
    return is_begun || has_asked(c); /* until a head is whole, all of it is held */
}

void http_connection_drain(struct http_connection *c)
{
    uv_os_fd_t socket = -1;
    uv_fileno(&c->uv.handle, &socket);
    ssize_t count = read(socket, c->home->read_buffer, HTTP_READ_BYTES);
    if (count > 0)
        http_connection_receive(c, slice_of(c->home->read_buffer, (size_t)count));
    else
        http_connection_end(c, HTTP_END_SHUTDOWN);
}

/* --- timeouts ------------------------------------------------------------------------------ */

static bool is_older(const struct http_connection *c, uint64_t now_us, uint64_t limit_us)
{
    return now_us > c->since_us && now_us - c->since_us > limit_us;
}

static void sweep_ordered(struct http_loop *home, enum http_connection_state state, uint64_t now_us,
                          uint64_t limit_us, enum http_connection_reason reason)
{
    struct http_connection *c = home->lists[state];
    while (c != NULL && is_older(c, now_us, limit_us)) {
        struct http_connection *next = c->next;
        http_connection_end(c, reason);
        c = next;
    }
}

static void sweep_head(struct http_connection *c, uint64_t now_us)
{
    static const struct http_fault fault = {
        .status = 408,
        .code = SLICE("head_timeout"),
        .detail = SLICE("The request's head did not arrive in time."),
    };
    uint64_t limit_us = c->home->server->options.limits->head_timeout_ms * 1000;
    if (c->last == NULL) {
        if (is_older(c, now_us, limit_us))
            http_connection_end(c, HTTP_END_PROXY);
        return;
    }
    if (now_us < c->last->request.started_us + limit_us)
        return;
    if (!has_asked(c) && c->first == c->last) {
        http_connection_end(c, HTTP_END_IDLE);
        return;
    }
    metric_increment(METRIC_TIMEOUT_HEAD);
    http_connection_fault(c, &fault);
    http_connection_settle(c);
}

static void sweep_body(struct http_connection *c, uint64_t now_us)
{
    static const struct http_fault fault = {
        .status = 408,
        .code = SLICE("body_timeout"),
        .detail = SLICE("The request's body arrived too slowly."),
    };
    if (now_us < c->last->body_deadline_us)
        return;
    metric_increment(METRIC_TIMEOUT_BODY);
    http_connection_fault(c, &fault);
    http_connection_settle(c);
}

/* While nothing is read, nobody tells that the client has gone. Its end of sending counts as that
 * here too. */
static void sweep_paused(struct http_connection *c, uint64_t now_us)
{
    struct pollfd socket = {.events = POLLRDHUP};
    if (!is_older(c, now_us, HTTP_PAUSE_US))
        return;
    uv_fileno(&c->uv.handle, &socket.fd);
    if (poll(&socket, 1, 0) > 0)
        http_connection_end(c, HTTP_END_GONE);
}

/* What waits in libuv's queue and in the kernel's. */
static uint64_t count_unsent(const struct http_connection *c)
{
    uv_os_fd_t socket = -1;
    int unacknowledged = 0;
    if (uv_fileno(&c->uv.handle, &socket) == 0)
        ioctl(socket, SIOCOUTQ, &unacknowledged);
    return uv_stream_get_write_queue_size(&c->uv.stream) + (uint64_t)unacknowledged;
}

/* A client that reads slowly may need long until its socket takes more of us; what it has taken
 * meanwhile is seen in the kernel's queue. That is asked for every quarter of a timeout at most,
 * whether anything moves or not; a wait's first look has nothing to compare with, and only notes
 * what there is. */
static void sweep_writing(struct http_connection *c, uint64_t now_us)
{
    uint64_t limit_us = c->home->server->options.limits->write_timeout_ms * 1000;
    if (now_us <= c->looked_us + limit_us / 4)
        return;
    uint64_t unsent = count_unsent(c);
    bool is_first = c->looked_us < c->since_us;
    if (!is_first && unsent != c->unsent_seen)
        c->since_us = now_us;
    c->looked_us = now_us;
    c->unsent_seen = unsent;
    if (is_older(c, now_us, limit_us))
        http_connection_end(c, HTTP_END_WRITE_STALL);
}

static void sweep_each(struct http_connection *first, uint64_t now_us,
                       void (*sweep)(struct http_connection *c, uint64_t now_us))
{
    while (first != NULL) {
        struct http_connection *next = first->next;
        sweep(first, now_us);
        first = next;
    }
}

void http_connection_sweep(struct http_loop *home, uint64_t now_us)
{
    const struct config_http *limits = home->server->options.limits;
    sweep_ordered(home, HTTP_CONNECTION_IDLE, now_us, limits->idle_timeout_ms * 1000,
                  HTTP_END_IDLE);
    sweep_ordered(home, HTTP_CONNECTION_LINGERING, now_us, HTTP_LINGER_US, HTTP_END_LINGERED);
    sweep_each(home->lists[HTTP_CONNECTION_HEAD], now_us, sweep_head);
    sweep_each(home->lists[HTTP_CONNECTION_BODY], now_us, sweep_body);
    sweep_each(home->lists[HTTP_CONNECTION_PAUSED], now_us, sweep_paused);
    sweep_each(home->lists[HTTP_CONNECTION_WRITING], now_us, sweep_writing);
}

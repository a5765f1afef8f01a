/* From answers to bytes: everything that is ready goes out in one writev, in order. */
#include <stdlib.h>
#include <sys/socket.h>

#include "http/connection.h"
#include "http/server.h"
#include "observe/metrics.h"

enum { BATCH = 16, BUFFERS = 3 * BATCH };

/* What the kernel has of it and nobody read. */
static bool has_unread(uv_os_fd_t socket)
{
    char byte;
    return recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void finish_connection(struct http_connection *c)
{
    uv_os_fd_t socket = -1;
    uv_fileno(&c->uv.handle, &socket);
    if (c->has_ended || (!c->is_unfinished && !has_unread(socket))) {
        http_connection_end(c, HTTP_END_DONE);
        return;
    }
    /* What the client still sends would make the kernel reset the connection and with it the
     * answer it has not read (RFC 9112 9.6): say that we are done, and read on for a while. */
    shutdown(socket, SHUT_WR);
    http_connection_drop_held(c);
    c->dropped_bytes = 0;
    c->is_lingering = true;
    http_connection_settle(c);
}

void http_connection_complete_first(struct http_connection *c)
{
    struct http_exchange *exchange = c->first;
    bool is_last = exchange->is_last;
    c->is_unfinished = c->is_unfinished || (is_last && (!exchange->is_complete || c->held != NULL));
    c->first = exchange->next;
    if (c->first == NULL)
        c->last = NULL;
    c->in_flight--;
    c->queued_bytes -= http_exchange_payload_size(exchange);
    exchange->request.connection = NULL;
    http_exchange_finish(exchange);
    if (is_last || (c->has_ended && c->first == NULL))
        finish_connection(c);
    else if (c->has_ended && !c->first->is_answered)
        http_connection_end(c, HTTP_END_GONE);
}

/* The first `count` answers have gone out. */
static void complete(struct http_connection *c, uint8_t count)
{
    while (count-- > 0 && c->state != HTTP_CONNECTION_CLOSED)
        http_connection_complete_first(c);
}

static void on_written(uv_write_t *write, int status)
{
    struct http_connection *c = write->data;
    bool is_current = c->state != HTTP_CONNECTION_CLOSED;
    free(write);
    if (!is_current)
        return;
    c->write = NULL;
    if (status != 0) {
        http_connection_end(c, HTTP_END_GONE);
        return;
    }
    complete(c, c->writing);
    http_connection_flush_later(c);
}

static void write_rest(struct http_connection *c, uv_buf_t *buffers, unsigned count)
{
    c->write = malloc(sizeof(*c->write));
    if (c->write == NULL) {
        http_connection_end(c, HTTP_END_NO_MEMORY);
        return;
    }
    c->write->data = c;
    int error = uv_write(c->write, &c->uv.stream, buffers, count, on_written);
    if (error != 0) {
        free(c->write);
        c->write = NULL;
        http_connection_end(c, HTTP_END_GONE);
        return;
    }
    http_connection_settle(c);
}

/* Skips what was written; returns how many buffers were written whole. */
static unsigned skip_written(uv_buf_t *buffers, unsigned count, size_t written)
{
    unsigned done = 0;
    while (done < count && written >= buffers[done].len)
        written -= buffers[done++].len;
    if (done < count) {
        buffers[done].base += written;
        buffers[done].len -= written;
    }
    return done;
}

void http_connection_write(struct http_connection *c, uv_buf_t *buffers, unsigned count,
                           uint8_t exchanges)
{
    int written = uv_try_write(&c->uv.stream, buffers, count);
    if (written < 0 && written != UV_EAGAIN) {
        http_connection_end(c, HTTP_END_GONE);
        return;
    }
    size_t total = 0;
    for (unsigned i = 0; i < count; i++)
        total += buffers[i].len;
    metric_add(METRIC_SENT_BYTES, (int64_t)total);
    c->writing = exchanges;
    unsigned done = skip_written(buffers, count, written < 0 ? 0 : (size_t)written);
    if (done < count)
        write_rest(c, buffers + done, count - done);
    else
        complete(c, exchanges);
}

static unsigned add_buffer(uv_buf_t *buffers, unsigned count, const char *data, size_t size)
{
    if (size > 0)
        buffers[count++] = uv_buf_init((char *)(uintptr_t)data, (unsigned)size);
    return count;
}

static unsigned add_answer(struct http_exchange *exchange, uv_buf_t *buffers, unsigned count)
{
    struct http_body *body = exchange->response.body;
    struct slice head = exchange->answer_head;
    exchange->request.sent_bytes = head.size;
    count = add_buffer(buffers, count, head.data, head.size);
    if (!exchange->has_payload)
        return count;
    exchange->request.sent_bytes += http_exchange_payload_size(exchange);
    count = add_buffer(buffers, count, body->head.data, body->head.size);
    return add_buffer(buffers, count, body->rest.data, body->rest.size);
}

/* A file goes out on its own, head and all. */
static bool is_file(const struct http_exchange *exchange)
{
    return exchange->has_payload && exchange->response.file != NULL;
}

static bool render(struct http_connection *c, struct http_exchange *exchange)
{
    if (!exchange->is_rendered && !http_exchange_render(exchange)) {
        http_connection_end(c, HTTP_END_NO_MEMORY);
        return false;
    }
    c->is_last = c->is_last || exchange->is_last;
    return true;
}

/* One writev of the answers that are ready, up to the next file; or the file that is the first.
 * True when it took them all and there may be more. */
static bool send_batch(struct http_connection *c)
{
    uv_buf_t buffers[BUFFERS];
    unsigned count = 0;
    uint8_t exchanges = 0;
    bool goes_on = true;
    struct http_exchange *exchange = c->first;
    if (!exchange->is_answered)
        return false;
    while (goes_on && exchange != NULL && exchange->is_answered && exchanges < BATCH) {
        if (!render(c, exchange))
            return false;
        if (is_file(exchange))
            break;
        count = add_answer(exchange, buffers, count);
        exchanges++;
        goes_on = !exchange->is_last;
        exchange = exchange->next;
    }
    if (exchanges > 0)
        http_connection_write(c, buffers, count, exchanges);
    else
        http_connection_file_start(c);
    return true;
}

static void send_continue(struct http_connection *c)
{
    static char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    uv_buf_t buffer = uv_buf_init(text, sizeof(text) - 1);
    c->first->wants_continue = false;
    http_connection_write(c, &buffer, 1, 0);
}

static bool may_write(const struct http_connection *c)
{
    return c->state != HTTP_CONNECTION_CLOSED && !c->is_lingering && c->write == NULL &&
           c->file == NULL && c->first != NULL;
}

void http_connection_send(struct http_connection *c)
{
    while (may_write(c)) {
        const struct http_exchange *first = c->first;
        if (first->wants_continue && !first->is_answered && !first->parser.is_paused)
            send_continue(c);
        else if (!send_batch(c))
            return;
    }
}

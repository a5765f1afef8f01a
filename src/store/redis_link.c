/* hiredis's blocking interface on a socket that does not block: its asynchronous one asserts on
 * what a server may say, and reports neither a refused connection nor a silent one. */
#include "store/redis_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "base/clock.h"

enum {
    TICK_MS = 100,
    MOST_PENDING = 100000,
    MOST_UNSENT_BYTES = 4 << 20,
    /* No reply is that long; a server that sends one must not fill the memory. */
    MOST_REPLY_BYTES = 16 << 20,
};

/* A command whose reply has not come yet. */
struct pending {
    redis_handler *handler; /* NULL: nobody waits */
    void *context;
    uint64_t since_us; /* the link's clock */
    struct pending *prev;
    struct pending *next;
};

struct redis_link {
    struct redis_link_options options;
    redisContext *redis; /* owned, with the socket; NULL when closed */
    uv_poll_t poll;
    uv_timer_t timer;
    unsigned open_handles; /* the struct is freed when both are closed */
    int events;            /* polled for now */
    bool is_connected;
    bool is_closed;
    struct pending *pending; /* the oldest first */
    size_t pending_count;
    uint64_t start_us;   /* the link's clock: opened, then connected */
    uint64_t stalled_us; /* how long the loop stood still, in all */
    uint64_t timer_us;   /* when the timer is due */
    char name[REDIS_ADDRESS_TEXT];
};

/* The link's clock stops while the loop stands still: that time is not the server's fault. */
static uint64_t link_now_us(const struct redis_link *link)
{
    return clock_now_us() - link->stalled_us;
}

static void lose(struct redis_link *link, const char *reason)
{
    char why[REDIS_WHY_BYTES];
    snprintf(why, sizeof(why), "%s: %s", link->name, reason);
    link->options.on_lost(link->options.context, why);
}

/* --- deadlines ----------------------------------------------------------------------------- */

/* When the reply that is waited for the longest is late; 0: nothing is waited for. A command given
 * while connecting waits from the moment of connection. */
static uint64_t deadline_us(const struct redis_link *link)
{
    uint64_t since_us = link->start_us;
    if (link->is_connected && !link->pending)
        return 0;
    if (link->is_connected && link->pending->since_us > since_us)
        since_us = link->pending->since_us;
    return since_us + link->options.timeout_us;
}

static void on_timer(uv_timer_t *timer);

static void timer_arm(struct redis_link *link)
{
    uint64_t now_us = link_now_us(link);
    uint64_t until_us = deadline_us(link);
    uint64_t wait_ms = TICK_MS;
    if (until_us && until_us <= now_us)
        wait_ms = 1;
    else if (until_us && until_us - now_us < TICK_MS * 1000)
        wait_ms = (until_us - now_us) / 1000 + 1;
    link->timer_us = clock_now_us() + wait_ms * 1000;
    uv_timer_start(&link->timer, on_timer, wait_ms, 0);
}

static void lose_late(struct redis_link *link)
{
    char reason[96];
    snprintf(reason, sizeof(reason), "%s within %llu ms (redis.timeout)",
             link->is_connected ? "no answer" : "no connection",
             (unsigned long long)(link->options.timeout_us / 1000));
    lose(link, reason);
}

static void on_timer(uv_timer_t *timer)
{
    struct redis_link *link = timer->data;
    uint64_t now_us = clock_now_us();
    if (now_us > link->timer_us)
        link->stalled_us += now_us - link->timer_us;
    uint64_t until_us = deadline_us(link);
    if (until_us && link_now_us(link) > until_us) {
        lose_late(link);
        return;
    }
    if (!until_us && link->options.on_idle)
        link->options.on_idle(link->options.context, link);
    if (!link->is_closed)
        timer_arm(link);
}

/* --- bytes in and out ---------------------------------------------------------------------- */

static void on_poll(uv_poll_t *poll, int status, int events);

static void poll_for(struct redis_link *link, int events)
{
    if (link->events == events)
        return;
    link->events = events;
    uv_poll_start(&link->poll, events, on_poll);
}

static int socket_error(const struct redis_link *link)
{
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(link->redis->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    return error;
}

static bool is_text(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_STRING;
}

static bool is_message(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == 3 && is_text(reply->element[0]) &&
           is_text(reply->element[1]) && is_text(reply->element[2]) &&
           strcmp(reply->element[0]->str, "message") == 0;
}

static void take_reply(struct redis_link *link, const redisReply *reply)
{
    if (link->options.on_message && is_message(reply)) {
        const redisReply *channel = reply->element[1];
        const redisReply *message = reply->element[2];
        link->options.on_message(link->options.context, slice_of(channel->str, channel->len),
                                 slice_of(message->str, message->len));
        return;
    }
    struct pending *oldest = link->pending;
    if (!oldest) {
        lose(link, reply->type == REDIS_REPLY_ERROR ? reply->str : "an answer nobody asked for");
        return;
    }
    DL_DELETE(link->pending, oldest);
    link->pending_count--;
    if (oldest->handler)
        oldest->handler(oldest->context, reply);
    free(oldest);
}

/* Replies that came before the end are still taken: the end is found by the read after them. */
static void receive(struct redis_link *link)
{
    if (redisBufferRead(link->redis) != REDIS_OK) {
        lose(link, link->redis->errstr);
        return;
    }
    while (!link->is_closed) {
        void *reply = NULL;
        if (redisGetReplyFromReader(link->redis, &reply) != REDIS_OK) {
            lose(link, link->redis->errstr);
            return;
        }
        if (!reply)
            break;
        take_reply(link, reply);
        freeReplyObject(reply);
    }
    if (!link->is_closed && link->redis->reader->len > MOST_REPLY_BYTES)
        lose(link, "an answer without end");
}

static void send_more(struct redis_link *link)
{
    int is_done = 0;
    if (!link->is_connected) {
        link->is_connected = true;
        link->start_us = link_now_us(link);
    }
    if (redisBufferWrite(link->redis, &is_done) != REDIS_OK)
        lose(link, link->redis->errstr);
    else if (is_done)
        poll_for(link, UV_READABLE);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct redis_link *link = poll->data;
    int error = status < 0 || !link->is_connected ? socket_error(link) : 0;
    if (status < 0 || error) {
        lose(link, error ? strerror(error) : "the connection broke");
        return;
    }
    /* Read first: why a server closes stands there. */
    if (events & UV_READABLE)
        receive(link);
    if (!link->is_closed && events & UV_WRITABLE)
        send_more(link);
}

/* --- the link's life ----------------------------------------------------------------------- */

static redisContext *context_open(const struct redis_address *address)
{
    int fd = redis_address_connect(address);
    if (fd < 0)
        return NULL;
    redisContext *redis = redisConnectFd(fd);
    if (!redis) {
        close(fd);
        errno = ENOMEM;
        return NULL;
    }
    redis->flags &= ~REDIS_BLOCK;
    return redis;
}

struct redis_link *redis_link_open(const struct redis_link_options *options,
                                   const struct redis_address *address, char *why)
{
    struct redis_link *link = calloc(1, sizeof(*link));
    char name[REDIS_ADDRESS_TEXT];
    redis_address_print(address, name);
    errno = ENOMEM;
    redisContext *redis = link ? context_open(address) : NULL;
    if (!redis || uv_poll_init(options->loop, &link->poll, redis->fd) != 0) {
        snprintf(why, REDIS_WHY_BYTES, "%s: %s", name, strerror(errno));
        if (redis)
            redisFree(redis);
        free(link);
        return NULL;
    }
    link->options = *options;
    link->redis = redis;
    memcpy(link->name, name, sizeof(name));
    link->start_us = clock_now_us();
    link->open_handles = 2;
    uv_timer_init(options->loop, &link->timer);
    link->poll.data = link->timer.data = link;
    poll_for(link, UV_READABLE | UV_WRITABLE);
    timer_arm(link);
    return link;
}

static bool is_full(const struct redis_link *link, const struct slice *words, size_t count)
{
    size_t size = sdslen(link->redis->obuf);
    for (size_t i = 0; i < count; i++)
        size += words[i].size;
    return size > MOST_UNSENT_BYTES || link->pending_count >= MOST_PENDING;
}

static enum result append(struct redis_link *link, const struct slice *words, size_t count)
{
    const char **texts = malloc(count * sizeof(*texts));
    size_t *sizes = malloc(count * sizeof(*sizes));
    enum result result = RESULT_NO_MEMORY;
    for (size_t i = 0; texts && sizes && i < count; i++) {
        texts[i] = words[i].size ? words[i].data : "";
        sizes[i] = words[i].size;
    }
    if (texts && sizes && redisAppendCommandArgv(link->redis, (int)count, texts, sizes) == REDIS_OK)
        result = RESULT_OK;
    free(texts);
    free(sizes);
    return result;
}

enum result redis_link_send(struct redis_link *link, const struct slice *words, size_t count,
                            redis_handler *handler, void *context)
{
    if (is_full(link, words, count))
        return RESULT_LIMIT;
    struct pending *pending = malloc(sizeof(*pending));
    if (!pending || append(link, words, count) != RESULT_OK) {
        free(pending);
        return RESULT_NO_MEMORY;
    }
    *pending = (struct pending){handler, context, link_now_us(link), NULL, NULL};
    DL_APPEND(link->pending, pending);
    link->pending_count++;
    poll_for(link, UV_READABLE | UV_WRITABLE);
    return RESULT_OK;
}

static void on_closed(uv_handle_t *handle)
{
    struct redis_link *link = handle->data;
    if (--link->open_handles == 0)
        free(link);
}

void redis_link_close(struct redis_link *link)
{
    if (!link || link->is_closed)
        return;
    link->is_closed = true;
    uv_close((uv_handle_t *)&link->poll, on_closed);
    uv_close((uv_handle_t *)&link->timer, on_closed);
    redisFree(link->redis);
    link->redis = NULL;
    while (link->pending) {
        struct pending *oldest = link->pending;
        DL_DELETE(link->pending, oldest);
        if (oldest->handler)
            oldest->handler(oldest->context, NULL);
        free(oldest);
    }
}

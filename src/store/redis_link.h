/*
 * One connection to a Redis server or a sentinel: hiredis's buffers and parser over uv_poll, with
 * deadlines of our own. Commands are pipelined; replies go to their handlers in order.
 *
 *   send --> hiredis's output --uv_poll--> socket --> hiredis's reader --> the oldest pending
 *                                                                      \-> on_message
 *
 * The loop's thread alone. No callback is called from inside open, send or close, but for the
 * handlers to which close says NULL.
 */
#ifndef PORTCULLIS_STORE_REDIS_LINK_H
#define PORTCULLIS_STORE_REDIS_LINK_H

#include "store/redis.h"
#include "store/redis_address.h"

struct redis_link;

struct redis_link_options {
    uv_loop_t *loop;
    uint64_t timeout_us; /* for connecting, and for each reply */
    /* Refused, closed, silent for too long, or speaking nonsense. The owner closes the link. */
    void (*on_lost)(void *context, const char *why);
    /* What a subscription brings; NULL: this link has none. */
    void (*on_message)(void *context, struct slice channel, struct slice message);
    /* Nothing pends; called about every 100 ms: what is sent now finds out whether the server
     * lives. NULL: this link never rests. */
    void (*on_idle)(void *context, struct redis_link *link);
    void *context;
};

/* NULL: it cannot be opened, and why (REDIS_WHY_BYTES) says so. */
struct redis_link *redis_link_open(const struct redis_link_options *options,
                                   const struct redis_address *address, char *why);
/* RESULT_OK: handler (NULL: none) will be called once. RESULT_LIMIT: too much waits already;
 * RESULT_NO_MEMORY. words are copied. */
enum result redis_link_send(struct redis_link *link, const struct slice *words, size_t count,
                            redis_handler *handler, void *context);
/* Handlers that wait get NULL, nothing else is called any more. NULL is fine. */
void redis_link_close(struct redis_link *link);

#endif

/*
 * A Redis and a loop that a test holds in its hands: what is told to them is kept, what they answer
 * is the test's word. Linked before the room's own, whose objects are then not taken.
 */
#ifndef PORTCULLIS_TESTS_REDIS_BY_HAND_H
#define PORTCULLIS_TESTS_REDIS_BY_HAND_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "store/redis.h"

enum { BY_HAND_MOST_WORDS = 8 };

struct redis {
    bool is_up;
    struct redis_listener listener;
    size_t evals; /* how many were sent */
    const struct redis_script *script;
    struct buffer words[BY_HAND_MOST_WORDS]; /* of the last one */
    size_t word_count;
    redis_handler *handler; /* NULL once it was called */
    void *handler_context;
};

struct loop {
    struct loop_item *posted; /* last first: the tests post one at a time */
};

static inline void by_hand_clear(struct redis *redis)
{
    for (size_t i = 0; i < BY_HAND_MOST_WORDS; i++)
        buffer_clear(&redis->words[i]);
    *redis = (struct redis){0};
}

/* Answers what waits, if anything does. */
static inline void by_hand_reply(struct redis *redis, const redisReply *reply)
{
    redis_handler *handler = redis->handler;
    redis->handler = NULL;
    if (handler)
        handler(redis->handler_context, reply);
}

static inline size_t by_hand_run(struct loop *loop)
{
    size_t count = 0;
    for (; loop->posted; count++) {
        struct loop_item *item = loop->posted;
        loop->posted = item->next;
        item->run(item);
    }
    return count;
}

void loop_post(struct loop *loop, struct loop_item *item)
{
    item->next = loop->posted;
    loop->posted = item;
}

void redis_listen(struct redis *redis, const struct redis_listener *listener)
{
    redis->listener = *listener;
}

bool redis_is_up(const struct redis *redis)
{
    return redis && redis->is_up;
}

void redis_script_init(struct redis_script *script)
{
    snprintf(script->sha1, sizeof(script->sha1), "%p", (const void *)script->text);
}

enum result redis_eval(struct redis *redis, const struct redis_script *script, size_t keys,
                       const struct slice *words, size_t count, redis_handler *handler,
                       void *context)
{
    assert_int_equal(keys, 1);
    assert_in_range(count, 1, BY_HAND_MOST_WORDS);
    if (!redis->is_up)
        return RESULT_UNAVAILABLE;
    redis->evals++;
    redis->script = script;
    redis->word_count = count;
    for (size_t i = 0; i < count; i++) {
        buffer_clear(&redis->words[i]);
        buffer_append_slice(&redis->words[i], words[i]);
    }
    redis->handler = handler;
    redis->handler_context = context;
    return RESULT_OK;
}

struct slice redis_key(const struct redis *redis, const char *name, struct slice rest, char *out)
{
    (void)redis;
    int size = snprintf(out, REDIS_KEY_BYTES, "test:%s%.*s", name, SLICE_ARGS(rest));
    return slice_of(out, (size_t)size);
}

#endif

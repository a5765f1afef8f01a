/*
 * The Redis client: one a process, on one loop thread, never waited for. Commands go out
 * pipelined; replies come to handlers on the same thread. While Redis is away nothing is queued:
 * a command is refused at once, and its owner goes on from memory.
 *
 * Two connections, one for commands and one for the subscriptions, over one address: of redis.url,
 * or what the first reachable sentinel says is the master. Names are resolved by libuv, a
 * connection or a reply that takes longer than redis.timeout is given up, tries to return have
 * jittered pauses. One log line when it goes and one when it returns; metrics beside.
 *
 * Main thread: create, listen, destroy. The rest: the loop's thread alone.
 */
#ifndef PORTCULLIS_STORE_REDIS_H
#define PORTCULLIS_STORE_REDIS_H

#include <hiredis.h>

#include "base/result.h"
#include "base/slice.h"
#include "config/config.h"
#include "loop/loop.h"

struct redis;

/* reply is borrowed for the call; NULL when the connection was lost or the reply came too late
 * (whether the command was executed is then unknown). An error reply is given as such. */
typedef void redis_handler(void *context, const redisReply *reply);

struct redis_listener {
    /* A message on the channel redis.prefix + channel; NULL channel: none. */
    const char *channel;
    void (*on_message)(void *context, struct slice message);
    /* Both connections are there and the subscriptions stand: what was missed is asked for now. */
    void (*on_up)(void *context);
    /* One was lost: nothing announced from now on arrives. May be NULL. */
    void (*on_down)(void *context);
    void *context;
};

/* A Lua script; sent whole once a connection, by its digest afterwards. */
struct redis_script {
    const char *text;
    char sha1[41]; /* filled in by redis_script_init */
};

enum { REDIS_MOST_LISTENERS = 8 };

/* config is borrowed for its life. NULL when memory is out, or neither redis.url nor
 * redis.sentinels is set: there is no Redis then, which every function here takes for "away". */
struct redis *redis_create(const struct config_redis *config);
void redis_listen(struct redis *redis, const struct redis_listener *listener);
void redis_destroy(struct redis *redis);

void redis_start(struct redis *redis, struct loop *loop); /* from the loop's on_start */
void redis_stop(struct redis *redis);                     /* from its on_stop */
bool redis_is_up(const struct redis *redis);

void redis_script_init(struct redis_script *script);

/* words[0] is the command. RESULT_UNAVAILABLE: Redis is away, and handler will not be called;
 * RESULT_OK: it will be, exactly once. handler NULL: nobody waits for the reply. */
enum result redis_command(struct redis *redis, const struct slice *words, size_t count,
                          redis_handler *handler, void *context);
/* The first `keys` of words are the script's keys, the others its arguments. */
enum result redis_eval(struct redis *redis, const struct redis_script *script, size_t keys,
                       const struct slice *words, size_t count, redis_handler *handler,
                       void *context);
/* redis.prefix + name in out, NUL-terminated; its size. out holds REDIS_KEY_BYTES. */
enum { REDIS_KEY_BYTES = 256 };
struct slice redis_key(const struct redis *redis, const char *name, struct slice rest, char *out);

#endif

/* Commands and scripts of others: counted, sent, and sent again whole where Redis has forgotten
 * the script. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "store/redis_internal.h"

/* A command on its way. */
struct call {
    struct redis *redis;
    redis_handler *handler; /* NULL: nobody waits */
    void *context;
    const struct redis_script *script; /* sent by its digest alone; NULL: a command, or whole */
    size_t count;                      /* of words; 0 for a command */
    struct slice words[]; /* EVALSHA, digest, keys, …: kept until it was known there */
};

void redis_script_init(struct redis_script *script)
{
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    EVP_Digest(script->text, strlen(script->text), digest, NULL, EVP_sha1(), NULL);
    hex_print(digest, 20, script->sha1);
}

/* NULL: it is none. */
static const char *error_text(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_ERROR ? reply->str : NULL;
}

static bool begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* Errors that tell of the server, not of the command. Before Redis 7 those of a script's commands
 * stand in one of the script. */
static bool is_of_server(const char *error)
{
    static const char *const words[] = {"READONLY ", "LOADING ", "MASTERDOWN ", "NOAUTH "};
    const char *inner = begins(error, "ERR Error running script") ? strstr(error, ": -") : NULL;
    if (inner)
        error = inner + 3;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (begins(error, words[i]))
            return true;
    return false;
}

/* The first error of a connection is told, the others counted: where nobody waits for the reply,
 * and what Redis does not permit, since that lasts until somebody grants it. */
static void tell_failure(struct redis *redis, const char *error)
{
    if (!redis->has_told_failure)
        log_warning("redis", "a command failed: %s", error);
    redis->has_told_failure = true;
}

static void on_reply(void *context, const redisReply *reply);

static enum result call_send(struct call *call, const struct slice *words, size_t count)
{
    struct redis *redis = call->redis;
    enum result result = redis_link_send(redis->commands, words, count, on_reply, call);
    if (result == RESULT_LIMIT)
        metric_increment(METRIC_REDIS_FULL);
    return result;
}

/* Redis has lost its scripts: this one goes whole, and the others when they are next called. */
static bool send_whole(struct call *call)
{
    struct redis *redis = call->redis;
    if (redis->state != REDIS_UP)
        return false;
    redis->sent_count = 0;
    redis->sent[redis->sent_count++] = call->script;
    call->words[0] = SLICE("EVAL");
    call->words[1] = slice_from(call->script->text);
    call->script = NULL;
    return call_send(call, call->words, call->count) == RESULT_OK;
}

static void on_reply(void *context, const redisReply *reply)
{
    struct call *call = context;
    struct redis *redis = call->redis;
    const char *error = error_text(reply);
    if (call->script && error && begins(error, "NOSCRIPT ") && send_whole(call))
        return;
    if (error || !reply)
        metric_increment(METRIC_REDIS_FAILURES);
    if (call->handler)
        call->handler(call->context, reply);
    if (error && (!call->handler || begins(error, "NOPERM ")))
        tell_failure(redis, error);
    free(call);
    if (error && redis->state == REDIS_UP && is_of_server(error))
        redis_lose(redis, REDIS_UNUSABLE, error);
}

static struct call *call_create(struct redis *redis, redis_handler *handler, void *context,
                                size_t size)
{
    struct call *call = malloc(sizeof(*call) + size);
    if (call)
        *call = (struct call){.redis = redis, .handler = handler, .context = context};
    return call;
}

static enum result call_start(struct call *call, const struct slice *words, size_t count)
{
    if (call_send(call, words, count) == RESULT_OK) {
        metric_increment(METRIC_REDIS_COMMANDS);
        return RESULT_OK;
    }
    free(call);
    return RESULT_UNAVAILABLE;
}

enum result redis_command(struct redis *redis, const struct slice *words, size_t count,
                          redis_handler *handler, void *context)
{
    struct call *call = redis_is_up(redis) ? call_create(redis, handler, context, 0) : NULL;
    return call ? call_start(call, words, count) : RESULT_UNAVAILABLE;
}

static bool was_sent(const struct redis *redis, const struct redis_script *script)
{
    for (size_t i = 0; i < redis->sent_count; i++)
        if (redis->sent[i] == script)
            return true;
    /* More than have room are tried by digest: that they are unknown is then found out. */
    return redis->sent_count == REDIS_MOST_SCRIPTS;
}

/* words, and the digest and the number of keys before them, in the call's own memory. */
static struct call *call_keep(struct redis *redis, const struct redis_script *script, size_t keys,
                              const struct slice *words, size_t count)
{
    enum { BEFORE = 3, DIGITS = 24 };
    size_t size = DIGITS;
    for (size_t i = 0; i < count; i++)
        size += words[i].size;
    struct call *call =
        call_create(redis, NULL, NULL, (count + BEFORE) * sizeof(struct slice) + size);
    if (!call)
        return NULL;
    char *to = (char *)&call->words[count + BEFORE];
    call->script = script;
    call->count = count + BEFORE;
    call->words[0] = SLICE("EVALSHA");
    call->words[1] = slice_from(script->sha1);
    call->words[2] = slice_of(to, (size_t)snprintf(to, DIGITS, "%zu", keys));
    to += DIGITS;
    for (size_t i = 0; i < count; i++) {
        if (words[i].size)
            memcpy(to, words[i].data, words[i].size);
        call->words[BEFORE + i] = slice_of(to, words[i].size);
        to += words[i].size;
    }
    return call;
}

enum result redis_eval(struct redis *redis, const struct redis_script *script, size_t keys,
                       const struct slice *words, size_t count, redis_handler *handler,
                       void *context)
{
    struct call *call = redis_is_up(redis) ? call_keep(redis, script, keys, words, count) : NULL;
    if (!call)
        return RESULT_UNAVAILABLE;
    call->handler = handler;
    call->context = context;
    if (!was_sent(redis, script)) {
        call->words[0] = SLICE("EVAL");
        call->words[1] = slice_from(script->text);
        call->script = NULL;
    }
    enum result result = call_start(call, call->words, call->count);
    if (result == RESULT_OK && !was_sent(redis, script))
        redis->sent[redis->sent_count++] = script;
    return result;
}

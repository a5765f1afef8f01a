/*
 * store/redis.h for tests that decide themselves when a reply comes, whether it comes, and what
 * time it is: scripts run on a real redis-server of the test's own, asked synchronously. Include it
 * once; the test must not link store/redis.c's functions otherwise.
 */
#ifndef PORTCULLIS_TESTS_FAKE_REDIS_H
#define PORTCULLIS_TESTS_FAKE_REDIS_H

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/redis.h"

enum fake_fate {
    FAKE_ANSWERS,
    FAKE_FALLS_SILENT, /* executes, but the reply is lost */
    FAKE_IS_DEAF,      /* neither executes nor answers */
    FAKE_REFUSES,      /* answers with an error */
    FAKE_BABBLES,      /* answers with what makes no sense */
};

/* A reply on its way. */
struct fake_reply {
    redis_handler *handler;
    void *context;
    redisReply *reply; /* owned; NULL: lost */
    uint64_t due_us;
    struct fake_reply *next;
};

struct redis {
    redisContext *connection;
    bool is_up;
    enum fake_fate fate;
    const char *babble;   /* a command */
    uint64_t clock_us;    /* what TIME gives; 0: Redis's own, and expiry in its own time */
    uint64_t reply_at_us; /* when the replies to what is asked now arrive */
    struct fake_reply *replies;
    unsigned evals; /* so far */
    size_t most_keys;
    char last_key[REDIS_KEY_BYTES];
};

bool redis_is_up(const struct redis *redis)
{
    return redis && redis->is_up;
}

void redis_script_init(struct redis_script *script)
{
    memset(script->sha1, 'x', sizeof(script->sha1) - 1);
}

struct slice redis_key(const struct redis *redis, const char *name, struct slice rest, char *out)
{
    (void)redis;
    int size = snprintf(out, REDIS_KEY_BYTES, "test:%s%.*s", name, SLICE_ARGS(rest));
    return slice_of(out, (size_t)size);
}

/* With a clock of the test's, a second of Redis's lasts as long as the test wants; a key then lives
 * a thousand times as long, so that none expires while virtual time stands. */
static char *fake_script(const struct redis *redis, const char *text)
{
    static const char time[] = "redis.call('TIME')";
    static const char expiry[] = "'PX'";
    size_t size = strlen(text) + 100;
    char *script = malloc(size);
    const char *at = strstr(text, time);
    assert_non_null(script);
    assert_non_null(at);
    if (redis->clock_us)
        snprintf(script, size, "%.*s{'%llu', '%llu'}%s", (int)(at - text), text,
                 (unsigned long long)redis->clock_us / 1000000,
                 (unsigned long long)redis->clock_us % 1000000, at + sizeof(time) - 1);
    else
        snprintf(script, size, "%s", text);
    char *unit = strstr(script, expiry);
    assert_non_null(unit);
    if (redis->clock_us)
        unit[1] = 'E';
    return script;
}

static redisReply *fake_run(const struct redis *redis, const struct redis_script *script,
                            size_t keys, const struct slice *words, size_t count)
{
    const char **items = calloc(count + 3, sizeof(*items));
    size_t *sizes = calloc(count + 3, sizeof(*sizes));
    char *text = fake_script(redis, script->text);
    char key_count[24];
    snprintf(key_count, sizeof(key_count), "%zu", keys);
    items[0] = "EVAL";
    items[1] = text;
    items[2] = key_count;
    for (size_t i = 0; i < 3; i++)
        sizes[i] = strlen(items[i]);
    for (size_t i = 0; i < count; i++) {
        items[3 + i] = words[i].data;
        sizes[3 + i] = words[i].size;
    }
    redisReply *reply = redisCommandArgv(redis->connection, (int)(count + 3), items, sizes);
    assert_non_null(reply);
    free(text);
    free(items);
    free(sizes);
    return reply;
}

static redisReply *fake_execute(const struct redis *redis, const struct redis_script *script,
                                size_t keys, const struct slice *words, size_t count)
{
    redisReply *reply = NULL;
    if (redis->fate == FAKE_ANSWERS || redis->fate == FAKE_FALLS_SILENT)
        reply = fake_run(redis, script, keys, words, count);
    if (redis->fate == FAKE_REFUSES)
        reply = redisCommand(redis->connection, "EVAL no-such-language 0");
    if (redis->fate == FAKE_BABBLES)
        reply = redisCommand(redis->connection, redis->babble);
    if (redis->fate == FAKE_ANSWERS && reply->type == REDIS_REPLY_ERROR)
        fail_msg("the script failed: %s", reply->str);
    if (redis->fate != FAKE_FALLS_SILENT)
        return reply;
    freeReplyObject(reply);
    return NULL;
}

enum result redis_eval(struct redis *redis, const struct redis_script *script, size_t keys,
                       const struct slice *words, size_t count, redis_handler *handler,
                       void *context)
{
    if (!redis_is_up(redis))
        return RESULT_UNAVAILABLE;
    struct fake_reply **last = &redis->replies;
    while (*last)
        last = &(*last)->next;
    *last = calloc(1, sizeof(**last));
    (*last)->handler = handler;
    (*last)->context = context;
    (*last)->due_us = redis->reply_at_us;
    (*last)->reply = fake_execute(redis, script, keys, words, count);
    redis->evals++;
    redis->most_keys = keys > redis->most_keys ? keys : redis->most_keys;
    snprintf(redis->last_key, sizeof(redis->last_key), "%.*s", SLICE_ARGS(words[0]));
    return RESULT_OK;
}

/* The replies that are due arrive, in order. */
static void fake_redis_deliver(struct redis *redis, uint64_t until_us)
{
    while (redis->replies && redis->replies->due_us <= until_us) {
        struct fake_reply *next = redis->replies;
        redis->replies = next->next;
        next->handler(next->context, next->reply);
        if (next->reply)
            freeReplyObject(next->reply);
        free(next);
    }
}

/* --- the server ---------------------------------------------------------------------------- */

struct fake_server {
    pid_t pid;
    char folder[64];
    char socket[80];
};

static void fake_server_run(const struct fake_server *server)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
        _exit(1);
    execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", server->socket, "--dir",
           server->folder, "--save", "", "--appendonly", "no", "--daemonize", "no", (char *)NULL);
    _exit(1);
}

/* Connected to it; waits for half a minute at most. */
static redisContext *fake_server_connect(const struct fake_server *server)
{
    for (int i = 0; i < 600; i++) {
        redisContext *connection = redisConnectUnix(server->socket);
        if (connection && !connection->err)
            return connection;
        if (connection)
            redisFree(connection);
        usleep(50000);
    }
    return NULL;
}

static bool fake_server_start(struct fake_server *server)
{
    snprintf(server->folder, sizeof(server->folder), "/tmp/portcullis-redis-XXXXXX");
    if (!mkdtemp(server->folder))
        return false;
    snprintf(server->socket, sizeof(server->socket), "%s/redis.sock", server->folder);
    server->pid = fork();
    if (server->pid == 0)
        fake_server_run(server);
    return server->pid > 0;
}

static void fake_server_stop(const struct fake_server *server)
{
    kill(server->pid, SIGTERM);
    waitpid(server->pid, NULL, 0);
    unlink(server->socket);
    rmdir(server->folder);
}

#endif

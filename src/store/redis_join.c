/*
 * What is said on each connection before any other word, in one pipeline: AUTH, SELECT and PING;
 * then ROLE on that of the commands, SUBSCRIBE on the other. Any answer but the right one ends the
 * try: half a login is none.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/redis_internal.h"

/* what was asked, and what came of it. */
static void refuse(struct redis *redis, const char *what, const char *outcome)
{
    char name[REDIS_ADDRESS_TEXT];
    char why[REDIS_WHY_BYTES];
    redis_address_print(&redis->addresses.items[redis->next_address - 1], name);
    snprintf(why, sizeof(why), "%s: %s%s", name, what, outcome);
    redis_lose(redis, REDIS_UNUSABLE, why);
}

/* What an answer to command was, where it was not the right one. */
static void refuse_reply(struct redis *redis, const char *command, const redisReply *reply)
{
    if (reply->type == REDIS_REPLY_ERROR)
        refuse(redis, command, reply->str);
    else
        refuse(redis, command, "it was answered by something else");
}

static bool is_word(const redisReply *reply, int type, const char *word)
{
    return reply->type == type && strcmp(reply->str, word) == 0;
}

static bool is_list_of(const redisReply *reply, const char *word)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
           is_word(reply->element[0], REDIS_REPLY_STRING, word);
}

static bool is_error(const redisReply *reply, const char *start)
{
    return reply->type == REDIS_REPLY_ERROR && strncmp(reply->str, start, strlen(start)) == 0;
}

static void pass(struct redis *redis)
{
    if (--redis->join_waiting == 0)
        redis_rise(redis);
}

/* What does not know AUTH repeats its words, the password among them: an error is told up to its
 * first quote, and only its first word where the password stands in it all the same. */
static void refuse_login(struct redis *redis, const redisReply *reply)
{
    char text[128];
    struct slice password = redis->url.password;
    size_t size = strcspn(reply->str, "'\"`");
    if (memmem(reply->str, size, password.data, password.size))
        size = strcspn(reply->str, " ");
    snprintf(text, sizeof(text), "%.*s", (int)size, reply->str);
    refuse(redis, "user and password of redis.url: ", text);
}

static void on_auth(void *context, const redisReply *reply)
{
    struct redis *redis = context;
    if (!reply)
        return;
    if (is_word(reply, REDIS_REPLY_STATUS, "OK"))
        pass(redis);
    else if (reply->type == REDIS_REPLY_ERROR)
        refuse_login(redis, reply);
    else
        refuse_reply(redis, "AUTH: ", reply);
}

static void on_select(void *context, const redisReply *reply)
{
    struct redis *redis = context;
    if (!reply)
        return;
    if (is_word(reply, REDIS_REPLY_STATUS, "OK"))
        pass(redis);
    else
        refuse_reply(redis, "SELECT: ", reply);
}

static void on_ping(void *context, const redisReply *reply)
{
    struct redis *redis = context;
    if (!reply)
        return;
    if (!is_word(reply, REDIS_REPLY_STATUS, "PONG") && !is_list_of(reply, "pong"))
        refuse_reply(redis, "PING: ", reply);
    else if (redis->state == REDIS_JOINING) /* else it asked whether the server lives */
        pass(redis);
}

static void on_subscribed(void *context, const redisReply *reply)
{
    struct redis *redis = context;
    if (!reply)
        return;
    if (is_list_of(reply, "subscribe"))
        pass(redis);
    else
        refuse_reply(redis, "SUBSCRIBE: ", reply);
}

/* Who may not ask finds a replica out by READONLY, at the first script. */
static void on_role(void *context, const redisReply *reply)
{
    struct redis *redis = context;
    if (!reply)
        return;
    bool is_hidden = is_error(reply, "NOPERM") || is_error(reply, "ERR unknown command");
    redis->role_is_hidden |= is_hidden;
    if (is_list_of(reply, "slave"))
        refuse(redis, "it is ", "a replica, not the master");
    else if (is_list_of(reply, "sentinel"))
        refuse(redis, "it is ", "a sentinel: its place is redis.sentinels");
    else if (!is_hidden && !is_list_of(reply, "master"))
        refuse_reply(redis, "ROLE: ", reply);
    else if (redis->state == REDIS_JOINING)
        pass(redis);
}

/* --- questions ----------------------------------------------------------------------------- */

static bool say(struct redis *redis, struct redis_link *link, const struct slice *words,
                size_t count, redis_handler *handler)
{
    if (redis_link_send(link, words, count, handler, redis) != RESULT_OK)
        return false;
    redis->join_waiting++;
    return true;
}

static bool log_in(struct redis *redis, struct redis_link *link)
{
    const struct redis_url *url = &redis->url;
    const struct slice ping = SLICE("PING");
    char db[24];
    snprintf(db, sizeof(db), "%" PRIu64, url->db);
    const struct slice select[] = {SLICE("SELECT"), slice_from(db)};
    struct slice auth[3] = {SLICE("AUTH")};
    size_t count = 1;
    if (url->user.size)
        auth[count++] = url->user;
    auth[count++] = url->password;
    bool has_login = url->user.size || url->password.size;
    return (!has_login || say(redis, link, auth, count, on_auth)) &&
           (!url->db || say(redis, link, select, 2, on_select)) &&
           say(redis, link, &ping, 1, on_ping);
}

/* One a command: each has one answer then. */
static bool subscribe(struct redis *redis)
{
    char channel[REDIS_KEY_BYTES];
    for (size_t i = 0; i < redis->listener_count; i++) {
        if (!redis->listeners[i].channel)
            continue;
        const struct slice words[] = {
            SLICE("SUBSCRIBE"),
            redis_key(redis, redis->listeners[i].channel, SLICE(""), channel),
        };
        if (!say(redis, redis->subscriptions, words, 2, on_subscribed))
            return false;
    }
    return true;
}

static bool ask_role(struct redis *redis)
{
    const struct slice role = SLICE("ROLE");
    redis->role_is_hidden = false;
    return say(redis, redis->commands, &role, 1, on_role);
}

/* --- the links' callbacks ------------------------------------------------------------------ */

/* Finds out whether the server lives, and whether it is still the master. */
static void on_idle(void *context, struct redis_link *link)
{
    struct redis *redis = context;
    const struct slice ping = SLICE("PING");
    const struct slice role = SLICE("ROLE");
    if (redis->state != REDIS_UP)
        return; /* the other link's answers are waited for */
    if (link == redis->commands && !redis->role_is_hidden)
        redis_link_send(link, &role, 1, on_role, redis);
    else
        redis_link_send(link, &ping, 1, on_ping, redis);
}

static void on_message(void *context, struct slice channel, struct slice message)
{
    struct redis *redis = context;
    char name[REDIS_KEY_BYTES];
    for (size_t i = 0; i < redis->listener_count; i++) {
        const struct redis_listener *listener = &redis->listeners[i];
        if (listener->channel &&
            slice_equal(channel, redis_key(redis, listener->channel, SLICE(""), name)))
            listener->on_message(listener->context, message);
    }
}

static void on_lost(void *context, const char *why)
{
    redis_lose(context, REDIS_UNREACHABLE, why);
}

bool redis_join(struct redis *redis, char *why)
{
    const struct redis_address *address = &redis->addresses.items[redis->next_address - 1];
    struct redis_link_options options = {
        .loop = redis->loop,
        .timeout_us = redis->config->timeout_ms * 1000,
        .on_lost = on_lost,
        .on_idle = on_idle,
        .context = redis,
    };
    redis->join_waiting = redis->sent_count = 0;
    redis->has_told_failure = false;
    redis->commands = redis_link_open(&options, address, why);
    options.on_message = on_message;
    redis->subscriptions = redis->commands ? redis_link_open(&options, address, why) : NULL;
    if (redis->subscriptions) {
        if (log_in(redis, redis->commands) && log_in(redis, redis->subscriptions) &&
            ask_role(redis) && subscribe(redis))
            return true;
        snprintf(why, REDIS_WHY_BYTES, "memory is out");
    }
    redis_link_close(redis->commands);
    redis_link_close(redis->subscriptions);
    redis->commands = redis->subscriptions = NULL;
    return false;
}

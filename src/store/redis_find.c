/*
 *   no sentinels:  look the host up --> end
 *
 *   for each sentinel:  look it up --> for each address:  ask it for the master --+--> next
 *                                                                                 |
 *                                                 look the master's host up <-----+
 *                                                            |
 *                                                           end
 */
#include "store/redis_find.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/redis_link.h"

struct redis_find {
    struct redis_find_options options;
    struct redis_lookup *lookup;      /* under way */
    struct redis_link *link;          /* to the sentinel that is asked */
    size_t asked;                     /* sentinels begun with */
    struct redis_addresses addresses; /* of the sentinel */
    size_t next;                      /* of them */
    char why[REDIS_WHY_BYTES];        /* of the last failure */
};

static void find_close(struct redis_find *find)
{
    struct redis_link *link = find->link;
    find->link = NULL;
    redis_link_close(link);
}

static void end(struct redis_find *find, const struct redis_addresses *addresses)
{
    find_close(find);
    find->options.on_end(find->options.context, addresses, find->why);
    free(find);
}

static void on_host(void *context, const struct redis_addresses *addresses, const char *why)
{
    struct redis_find *find = context;
    find->lookup = NULL;
    snprintf(find->why, sizeof(find->why), "%s", why);
    end(find, addresses);
}

static const struct redis_host *current_sentinel(const struct redis_find *find)
{
    size_t index = (find->options.first + find->asked - 1) % find->options.sentinel_count;
    return &find->options.sentinels[index];
}

static bool is_place(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
           reply->element[0]->type == REDIS_REPLY_STRING &&
           reply->element[1]->type == REDIS_REPLY_STRING;
}

/* The host is a name or an address without brackets. */
static bool read_place(const redisReply *reply, struct redis_host *host)
{
    uint64_t port = 0;
    const redisReply *name = reply->element[0];
    const redisReply *digits = reply->element[1];
    if (!name->len || name->len >= sizeof(host->name) ||
        !slice_to_u64(slice_of(digits->str, digits->len), &port) || !port || port > 65535)
        return false;
    snprintf(host->name, sizeof(host->name), "%s", name->str);
    snprintf(host->port, sizeof(host->port), "%u", (unsigned)port);
    return true;
}

static void ask_next(struct redis_find *find);

static void on_master(void *context, const redisReply *reply)
{
    struct redis_find *find = context;
    struct redis_host host;
    const struct redis_host *sentinel = current_sentinel(find);
    if (!reply)
        return;
    find_close(find);
    if (is_place(reply) && read_place(reply, &host)) {
        find->lookup = redis_lookup_start(find->options.loop, &host, on_host, find);
        if (find->lookup)
            return;
    }
    const char *text = reply->type == REDIS_REPLY_ERROR ? reply->str
                       : reply->type == REDIS_REPLY_NIL ? "it is unknown there"
                                                        : "it answered something else";
    snprintf(find->why, sizeof(find->why), "sentinel %s port %s, asked for %s: %s", sentinel->name,
             sentinel->port, find->options.service, text);
    ask_next(find);
}

static void ask_next_address(struct redis_find *find);

static void on_lost(void *context, const char *why)
{
    struct redis_find *find = context;
    snprintf(find->why, sizeof(find->why), "sentinel %s", why);
    find_close(find);
    ask_next_address(find);
}

static bool ask(struct redis_find *find, const struct redis_address *address)
{
    const struct redis_link_options options = {
        .loop = find->options.loop,
        .timeout_us = find->options.timeout_us,
        .on_lost = on_lost,
        .context = find,
    };
    const struct slice words[] = {SLICE("SENTINEL"), SLICE("get-master-addr-by-name"),
                                  slice_from(find->options.service)};
    find->link = redis_link_open(&options, address, find->why);
    if (find->link && redis_link_send(find->link, words, 3, on_master, find) == RESULT_OK)
        return true;
    find_close(find);
    return false;
}

static void ask_next_address(struct redis_find *find)
{
    while (find->next < find->addresses.count)
        if (ask(find, &find->addresses.items[find->next++]))
            return;
    ask_next(find);
}

static void on_sentinel(void *context, const struct redis_addresses *addresses, const char *why)
{
    struct redis_find *find = context;
    find->lookup = NULL;
    snprintf(find->why, sizeof(find->why), "sentinel %s", why);
    find->addresses.count = find->next = 0;
    if (addresses)
        find->addresses = *addresses;
    ask_next_address(find);
}

static void ask_next(struct redis_find *find)
{
    while (find->asked < find->options.sentinel_count) {
        find->asked++;
        find->lookup =
            redis_lookup_start(find->options.loop, current_sentinel(find), on_sentinel, find);
        if (find->lookup)
            return;
    }
    end(find, NULL);
}

struct redis_find *redis_find_start(const struct redis_find_options *options)
{
    struct redis_find *find = calloc(1, sizeof(*find));
    if (!find)
        return NULL;
    find->options = *options;
    bool has_sentinels = options->sentinel_count > 0;
    find->asked = has_sentinels;
    find->lookup =
        redis_lookup_start(options->loop, has_sentinels ? current_sentinel(find) : options->host,
                           has_sentinels ? on_sentinel : on_host, find);
    if (find->lookup)
        return find;
    free(find);
    return NULL;
}

void redis_find_cancel(struct redis_find *find)
{
    if (!find)
        return;
    redis_lookup_cancel(find->lookup);
    find_close(find);
    free(find);
}

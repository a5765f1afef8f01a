#include "endpoints/guard.h"

#include "endpoints/request_address.h"
#include "observe/metrics.h"

enum { REDIS_LOOP = 0 };

enum result guard_init(struct guard *guard, const struct config *config,
                       const struct network_list *trusted, struct loop_group *loops)
{
    *guard = (struct guard){.trusted = trusted, .redis = redis_create(&config->redis)};
    const struct bans_options options = {
        .config = &config->ban,
        .mysql = &config->mysql,
        .trusted = trusted,
        .redis = guard->redis,
        .redis_loop = loop_group_get(loops, REDIS_LOOP),
    };
    guard->bans = bans_create(&options);
    guard->rates = rates_create(&config->rate, (unsigned)config->ban.ipv6_prefix, guard->redis);
    return guard->bans && guard->rates ? RESULT_OK : RESULT_NO_MEMORY;
}

enum result guard_start(struct guard *guard)
{
    return bans_start(guard->bans);
}

void guard_loop_start(struct guard *guard, struct loop *loop)
{
    if (loop_index(loop) == REDIS_LOOP && guard->redis)
        redis_start(guard->redis, loop);
}

void guard_loop_tick(struct guard *guard, struct loop *loop)
{
    if (loop_index(loop) != REDIS_LOOP)
        return;
    bans_tick(guard->bans);
    rates_tick(guard->rates);
}

void guard_loop_stop(struct guard *guard, struct loop *loop)
{
    if (loop_index(loop) == REDIS_LOOP && guard->redis)
        redis_stop(guard->redis);
}

void guard_stop(struct guard *guard)
{
    if (guard->bans)
        bans_stop(guard->bans);
}

void guard_clear(struct guard *guard)
{
    guard_stop(guard);
    rates_destroy(guard->rates);
    bans_destroy(guard->bans);
    redis_destroy(guard->redis);
    *guard = (struct guard){0};
}

enum guard_verdict guard_check(struct guard *guard, struct http_request *request,
                               struct network_address *address, struct rate_verdict *rate)
{
    *address = client_address_of_request(request, guard->trusted);
    if (bans_hold(guard->bans, address)) {
        metric_increment(METRIC_BANS_REFUSED);
        return GUARD_BANNED;
    }
    *rate = rates_take_address(guard->rates, address);
    return rate->is_within ? GUARD_PASS : GUARD_TOO_FAST;
}

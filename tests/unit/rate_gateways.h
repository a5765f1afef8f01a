/*
 * Several gateways' rate limits over one Redis, in time of the test's own: a simulation in steps of
 * a millisecond. The scripts run on a real Redis (fake_redis.h). Include it once.
 */
#ifndef PORTCULLIS_TESTS_RATE_GATEWAYS_H
#define PORTCULLIS_TESTS_RATE_GATEWAYS_H

#include <stdatomic.h>

#include "auth/rate.h"
#include "base/clock.h"
#include "fake_redis.h"

enum { MOST_GATEWAYS = 5, MS = 1000, TICK_MS = 100 };

static atomic_uint_fast64_t now_us = 1000000000;

uint64_t clock_now_us(void)
{
    return now_us;
}

uint64_t clock_wall_us(void)
{
    return now_us;
}

static struct fake_server server;
static redisContext *connection;

static int start_server(void **state)
{
    (void)state;
    if (!fake_server_start(&server))
        return -1;
    connection = fake_server_connect(&server);
    return connection ? 0 : -1;
}

static int stop_server(void **state)
{
    (void)state;
    redisFree(connection);
    fake_server_stop(&server);
    return 0;
}

static void flush(void)
{
    freeReplyObject(redisCommand(connection, "FLUSHALL"));
}

struct gateway {
    struct redis redis;
    struct rates *rates;
    uint32_t every_us; /* one request in so many microseconds; 0: none */
    uint64_t next_us;  /* the next */
    uint32_t granted;
    uint32_t refused;
};

struct gateways {
    struct gateway items[MOST_GATEWAYS];
    size_t count;
    uint64_t latency_ms;    /* of Redis */
    int64_t redis_ahead_us; /* of its clock against ours */
};

static void start(struct gateways *all, size_t count, const char *per_address)
{
    static char rate[64];
    static char none[] = "";
    snprintf(rate, sizeof(rate), "%s", per_address);
    const struct config_rate config = {.per_address = rate, .per_admin = none};
    flush();
    memset(all, 0, sizeof(*all));
    all->count = count;
    all->latency_ms = 1;
    for (size_t i = 0; i < count; i++) {
        struct gateway *gateway = &all->items[i];
        gateway->redis.connection = connection;
        gateway->redis.is_up = true;
        gateway->rates = rates_create(&config, 64, &gateway->redis);
        assert_non_null(gateway->rates);
    }
}

static void stop(struct gateways *all)
{
    for (size_t i = 0; i < all->count; i++) {
        fake_redis_deliver(&all->items[i].redis, UINT64_MAX);
        rates_destroy(all->items[i].rates);
    }
}

static struct rate_verdict take(struct gateway *gateway, const char *text)
{
    struct network_address address;
    assert_true(network_address_parse(slice_from(text), &address));
    return rates_take_address(gateway->rates, &address);
}

static struct rate_verdict ask(struct gateway *gateway)
{
    struct rate_verdict verdict = take(gateway, "192.0.2.1");
    gateway->granted += verdict.is_within;
    gateway->refused += !verdict.is_within;
    return verdict;
}

static void requests(struct gateway *gateway)
{
    while (gateway->every_us && gateway->next_us <= now_us) {
        ask(gateway);
        gateway->next_us += gateway->every_us;
    }
}

static uint64_t redis_clock(const struct gateways *all)
{
    return (uint64_t)(1700000000000000 + (int64_t)now_us + all->redis_ahead_us);
}

static void tick(struct gateways *all, struct gateway *gateway)
{
    gateway->redis.clock_us = redis_clock(all);
    gateway->redis.reply_at_us = now_us + all->latency_ms * MS;
    rates_tick(gateway->rates);
}

/* A millisecond passes; the gateways' ticks come one after another. */
static void step(struct gateways *all)
{
    uint64_t ms = now_us / MS;
    for (size_t i = 0; i < all->count; i++) {
        struct gateway *gateway = &all->items[i];
        requests(gateway);
        if ((ms + 13 * i) % TICK_MS == 0)
            tick(all, gateway);
        fake_redis_deliver(&gateway->redis, now_us);
    }
    now_us += MS;
}

static void run(struct gateways *all, unsigned ms)
{
    while (ms--)
        step(all);
}

/* From now on, every gateway is asked so often. */
static void ask_all(struct gateways *all, uint32_t every_us)
{
    for (size_t i = 0; i < all->count; i++) {
        all->items[i].every_us = every_us;
        all->items[i].next_us = now_us + i * every_us / all->count;
    }
}

static unsigned granted(struct gateways *all)
{
    unsigned sum = 0;
    for (size_t i = 0; i < all->count; i++) {
        sum += all->items[i].granted;
        all->items[i].granted = 0;
    }
    return sum;
}

#endif

/* Rate limits of several gateways (remote-api.md, "Errors": 429; operations.md, "Failure
 * behaviour": two gateways). Time is the test's own, Redis's too; the scripts run on a real one. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rate_gateways.h"

/* --- together ------------------------------------------------------------------------------ */

/* Flooded, they grant what one would, and what is spent before they hear of each other. */
static void flood(size_t count, const char *limit, unsigned per_second, unsigned burst,
                  uint64_t latency_ms)
{
    enum { EVERY_MS = 5 };
    struct gateways all;
    unsigned unheard_ms = TICK_MS + (unsigned)latency_ms;
    unsigned unheard = unheard_ms / EVERY_MS < burst ? unheard_ms / EVERY_MS : burst;
    unsigned slack = (unsigned)count * (1 + per_second * unheard_ms / 1000);
    start(&all, count, limit);
    all.latency_ms = latency_ms;
    ask_all(&all, EVERY_MS * MS);
    run(&all, 20000);
    assert_in_range(granted(&all), 20 * per_second,
                    20 * per_second + burst + ((unsigned)count - 1) * unheard + slack);
    /* And from then on exactly the limit, but for what is under way. */
    run(&all, 60000);
    assert_in_range(granted(&all), 60 * per_second - slack, 60 * per_second + slack);
    stop(&all);
}

static void test_two_gateways_grant_what_one_would(void **state)
{
    (void)state;
    flood(1, "20/second", 20, 20, 1);
    flood(2, "20/second", 20, 20, 1);
    flood(2, "20/second burst 100", 20, 100, 1);
    flood(2, "20/second burst 1", 20, 1, 1);
    flood(2, "1/second burst 5", 1, 5, 1);
}

static void test_five_gateways(void **state)
{
    (void)state;
    flood(5, "20/second", 20, 20, 1);
    flood(5, "100/second burst 10", 100, 10, 1);
}

/* A slow Redis: several questions are under way at a time. */
static void test_a_slow_redis(void **state)
{
    (void)state;
    flood(2, "20/second", 20, 20, 90);
    flood(3, "20/second burst 100", 20, 100, 350);
}

/* Sharing refuses nobody who keeps to the limit, neither at one gateway nor at several. */
static void test_below_the_limit_nobody_is_refused(void **state)
{
    (void)state;
    struct gateways all;
    start(&all, 1, "20/second burst 1");
    ask_all(&all, 50 * MS);
    run(&all, 20000);
    assert_int_equal(all.items[0].refused, 0);
    stop(&all);
    start(&all, 5, "20/second");
    ask_all(&all, 260 * MS); /* 19.2 a second together */
    run(&all, 20000);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(all.items[i].refused, 0);
    stop(&all);
}

/* What one gateway has granted, another that never saw the caller knows after its first tick. */
static void test_a_gateway_that_comes_later(void **state)
{
    (void)state;
    struct gateways all;
    start(&all, 2, "1/second burst 50");
    for (int i = 0; i < 50; i++)
        assert_true(ask(&all.items[0]).is_within);
    run(&all, 2 * TICK_MS);
    assert_int_equal(ask(&all.items[1]).remaining, 49);
    run(&all, 2 * TICK_MS);
    struct rate_verdict verdict = ask(&all.items[1]);
    assert_false(verdict.is_within);
    assert_int_equal(verdict.remaining, 0);
    assert_in_range(verdict.retry_s, 1, 2);
    stop(&all);
}

/* What was granted long ago elsewhere has come in again, and is not held against anybody. */
static void test_what_others_spent_long_ago(void **state)
{
    (void)state;
    struct gateways all;
    start(&all, 2, "20/second burst 40");
    ask(&all.items[1]);
    all.items[0].every_us = 60 * MS;
    all.items[0].next_us = now_us;
    for (int minute = 0; minute < 3; minute++) {
        run(&all, 60000);
        assert_true(ask(&all.items[1]).is_within);
        run(&all, 2 * TICK_MS);
        assert_in_range(ask(&all.items[1]).remaining, 30, 40);
    }
    assert_int_equal(all.items[0].refused + all.items[1].refused, 0);
    stop(&all);
}

/* Each gateway alone sees less than the limit, so that its bucket is full again between two
 * requests. */
static void test_each_below_the_limit_but_not_together(void **state)
{
    (void)state;
    struct gateways all;
    start(&all, 3, "20/second");
    ask_all(&all, 66 * MS); /* 45 a second together */
    run(&all, 10000);
    granted(&all);
    run(&all, 20000);
    assert_in_range(granted(&all), 20 * 20 - 10, 20 * 20 + 10);
    stop(&all);
}

/* What a gateway hears late, of a caller whose bucket is full here, it does not hold against him in
 * full: meanwhile it came in again. */
static void test_a_gateway_that_hears_late(void **state)
{
    (void)state;
    struct gateways all;
    start(&all, 2, "20/second burst 10");
    all.items[0].every_us = 58 * MS;
    all.items[0].next_us = now_us;
    for (int i = 0; i < 30; i++) {
        ask(&all.items[1]);
        run(&all, 2 * TICK_MS);
        ask(&all.items[1]);
        run(&all, 8 * TICK_MS);
    }
    assert_int_equal(all.items[0].refused + all.items[1].refused, 0);
    stop(&all);
}

/* What is taken while a question is under way counts beside its reply. */
static void test_taken_under_way(void **state)
{
    (void)state;
    struct gateways all;
    start(&all, 2, "1/second burst 50");
    for (int i = 0; i < 50; i++)
        ask(&all.items[0]);
    run(&all, 2 * TICK_MS);
    all.latency_ms = 350;
    for (int part = 0; part < 3; part++) { /* told, told and under way, not told */
        for (int i = 0; i < 10; i++)
            assert_true(ask(&all.items[1]).is_within);
        tick(&all, &all.items[1]);
        now_us += 10 * MS;
    }
    for (int i = 0; i < 10; i++)
        assert_true(ask(&all.items[1]).is_within);
    fake_redis_deliver(&all.items[1].redis, UINT64_MAX);
    assert_in_range(ask(&all.items[1]).retry_s, 35, 42);
    stop(&all);
}

/* --- what goes to Redis -------------------------------------------------------------------- */

static long long integer(const char *command, const char *key)
{
    redisReply *reply = redisCommand(connection, command, key);
    assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
    long long number = reply->integer;
    freeReplyObject(reply);
    return number;
}

/* Each key has an expiry, two seconds after its bucket is full (a thousand times that here), and
 * names an address, a network or an id. */
static void test_keys_and_their_expiry(void **state)
{
    (void)state;
    static char address[] = "10/second burst 20";
    static char admin[] = "1/second burst 5";
    static const char *const addresses[] = {"192.0.2.1", "::ffff:192.0.2.9",
                                            "2001:db8:1:2:3:4:5:6"};
    static const struct {
        const char *key;
        long long full_ms;
    } keys[] = {{"test:rate:address:192.0.2.1", 100},
                {"test:rate:address:192.0.2.9", 100},
                {"test:rate:address:2001:db8:1:2::/64", 100},
                {"test:rate:admin:7", 5000}};
    const struct config_rate config = {address, admin};
    struct redis redis = {.connection = connection, .is_up = true, .clock_us = now_us};
    struct rates *rates = rates_create(&config, 64, &redis);
    flush();
    for (size_t i = 0; i < 3; i++) {
        struct network_address parsed;
        assert_true(network_address_parse(slice_from(addresses[i]), &parsed));
        rates_take_address(rates, &parsed);
    }
    for (int i = 0; i < 5; i++)
        rates_take_admin(rates, 7);
    rates_tick(rates);
    fake_redis_deliver(&redis, UINT64_MAX);
    assert_int_equal(redis.evals, 2);
    assert_int_equal(integer("DBSIZE", NULL), 4);
    for (size_t i = 0; i < 4; i++) {
        long long most_ms = 1000 * (keys[i].full_ms + 2000);
        assert_in_range(integer("PTTL %s", keys[i].key), most_ms - 1000000, most_ms);
    }
    rates_destroy(rates);
}

/* The script as it goes out, with Redis's own time. */
static void test_the_script_unchanged(void **state)
{
    (void)state;
    static char address[] = "1/second burst 3600";
    const struct config_rate config = {.per_address = address};
    struct redis redis = {.connection = connection, .is_up = true};
    struct rates *rates = rates_create(&config, 64, &redis);
    const struct network_address any = {{0x20, 1}};
    flush();
    for (int i = 0; i < 3600; i++)
        rates_take_address(rates, &any);
    rates_tick(rates);
    fake_redis_deliver(&redis, UINT64_MAX);
    assert_in_range(integer("PTTL %s", redis.last_key), 1800000, 3602000);
    rates_destroy(rates);
}

/* Off: Redis hears nothing. Idle: nothing either. */
static void test_silence(void **state)
{
    (void)state;
    struct gateways all;
    start(&all, 1, "");
    ask_all(&all, 5 * MS);
    run(&all, 1000);
    assert_int_equal(all.items[0].redis.evals, 0);
    stop(&all);
    start(&all, 1, "1/second");
    ask(&all.items[0]);
    run(&all, 1000);
    assert_int_equal(all.items[0].redis.evals, 1);
    stop(&all);
}

static void ask_many(struct gateway *gateway, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        char text[32];
        snprintf(text, sizeof(text), "10.%u.%u.%u", i >> 16, i >> 8 & 255, i & 255);
        take(gateway, text);
    }
}

/* Many buckets go in few commands, and no more than so many at a tick. */
static void test_batches(void **state)
{
    (void)state;
    struct gateways all;
    start(&all, 1, "1/second burst 5");
    struct gateway *gateway = &all.items[0];
    ask_many(gateway, 0, 1000);
    tick(&all, gateway);
    assert_int_equal(gateway->redis.evals, 4);
    assert_int_equal(gateway->redis.most_keys, 256);
    fake_redis_deliver(&gateway->redis, UINT64_MAX);
    ask_many(gateway, 10000, 3000);
    tick(&all, gateway);
    assert_int_equal(gateway->redis.evals, 4 + 8);
    fake_redis_deliver(&gateway->redis, UINT64_MAX);
    tick(&all, gateway);
    fake_redis_deliver(&gateway->redis, UINT64_MAX);
    tick(&all, gateway);
    assert_int_equal(gateway->redis.evals, 4 + 12);
    assert_int_equal(integer("DBSIZE", NULL), 4000);
    stop(&all);
}

/* A Redis that does not answer is not asked more and more. */
static void test_unanswered_batches_are_bounded(void **state)
{
    (void)state;
    struct gateways all;
    start(&all, 1, "1/second burst 5");
    struct gateway *gateway = &all.items[0];
    for (unsigned i = 0; i < 10; i++) {
        ask_many(gateway, i * 3000, 3000);
        tick(&all, gateway);
    }
    assert_int_equal(gateway->redis.evals, 32);
    fake_redis_deliver(&gateway->redis, UINT64_MAX);
    tick(&all, gateway);
    assert_int_equal(gateway->redis.evals, 40);
    stop(&all);
}

/* Something else under a bucket's key is replaced. */
static void test_strange_values(void **state)
{
    (void)state;
    static const char *const commands[] = {
        "SET test:rate:address:192.0.2.1 x",
        "SET test:rate:address:192.0.2.1 -1",
        "RPUSH test:rate:address:192.0.2.1 1",
    };
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        struct gateways all;
        start(&all, 2, "1/second burst 5");
        freeReplyObject(redisCommand(connection, commands[i]));
        for (int times = 0; times < 5; times++)
            assert_true(ask(&all.items[0]).is_within);
        run(&all, 2 * TICK_MS);
        ask(&all.items[1]);
        run(&all, 2 * TICK_MS);
        assert_false(ask(&all.items[1]).is_within);
        stop(&all);
    }
}

/* The limit is changed, and switched off, while questions are under way. */
static void test_limits_change_under_way(void **state)
{
    (void)state;
    static char higher[] = "1000/second";
    static char none[] = "";
    struct gateways all;
    start(&all, 2, "20/second burst 40");
    ask_all(&all, 5 * MS);
    run(&all, 5000);
    const struct config_rate changed[] = {{higher, none}, {none, none}};
    for (size_t i = 0; i < 2; i++) {
        for (size_t g = 0; g < 2; g++) {
            ask(&all.items[g]);
            tick(&all, &all.items[g]);
            rates_configure(all.items[g].rates, &changed[i]);
            fake_redis_deliver(&all.items[g].redis, UINT64_MAX);
        }
        run(&all, 3000);
        granted(&all);
        run(&all, 1000);
        assert_int_equal(granted(&all), 2 * 200); /* all that was asked */
    }
    stop(&all);
}

/* --- threads ------------------------------------------------------------------------------- */

enum { THREADS = 3, TAKES = 5000 };

static atomic_int threads_done;

static void *take_many(void *context)
{
    struct gateway *gateway = context;
    for (unsigned i = 0; i < TAKES; i++) {
        take(gateway, "192.0.2.1");
        ask_many(gateway, i % 300, 1);
        rates_take_admin(gateway->rates, i % 10);
    }
    threads_done++;
    return NULL;
}

/* Loops take while one of them talks to Redis. */
static void test_threads(void **state)
{
    (void)state;
    struct gateways all;
    pthread_t threads[THREADS];
    start(&all, 1, "100/second burst 50");
    struct gateway *gateway = &all.items[0];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, gateway), 0);
    for (int i = 0; i == 0 || threads_done < THREADS; i++) {
        now_us += 10 * MS;
        gateway->redis.fate = i % 10 == 9 ? FAKE_FALLS_SILENT : FAKE_ANSWERS;
        tick(&all, gateway);
        fake_redis_deliver(&gateway->redis, UINT64_MAX);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    gateway->redis.fate = FAKE_ANSWERS;
    tick(&all, gateway);
    assert_true(gateway->redis.evals > 0);
    stop(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_gateways_grant_what_one_would),
        cmocka_unit_test(test_five_gateways),
        cmocka_unit_test(test_a_slow_redis),
        cmocka_unit_test(test_each_below_the_limit_but_not_together),
        cmocka_unit_test(test_below_the_limit_nobody_is_refused),
        cmocka_unit_test(test_a_gateway_that_comes_later),
        cmocka_unit_test(test_what_others_spent_long_ago),
        cmocka_unit_test(test_a_gateway_that_hears_late),
        cmocka_unit_test(test_taken_under_way),
        cmocka_unit_test(test_keys_and_their_expiry),
        cmocka_unit_test(test_the_script_unchanged),
        cmocka_unit_test(test_silence),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_unanswered_batches_are_bounded),
        cmocka_unit_test(test_strange_values),
        cmocka_unit_test(test_limits_change_under_way),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}

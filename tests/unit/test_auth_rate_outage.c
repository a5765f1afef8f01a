/* Rate limits of several gateways while Redis is away, silent, confused or restarted
 * (operations.md, "Failure behaviour"). Time is the test's own, Redis's too; the scripts run on a
 * real one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "observe/metrics.h"
#include "rate_gateways.h"

static void set_fate(struct gateways *all, enum fake_fate fate)
{
    for (size_t i = 0; i < all->count; i++)
        all->items[i].redis.fate = fate;
}

/* "Redis away: everything works" */
static void test_redis_away_and_back(void **state)
{
    (void)state;
    struct gateways all;
    start(&all, 2, "20/second burst 40");
    ask_all(&all, 5 * MS);
    run(&all, 10000);
    granted(&all);
    all.items[0].redis.is_up = all.items[1].redis.is_up = false;
    run(&all, 20000);
    assert_in_range(granted(&all), 2 * 20 * 20 - 50, 2 * 20 * 20 + 50); /* each for itself */
    all.items[0].redis.is_up = all.items[1].redis.is_up = true;
    run(&all, 1000);
    assert_in_range(granted(&all), 10, 30); /* no flood, and nobody is locked out */
    run(&all, 20000);
    assert_in_range(granted(&all), 20 * 20 - 10, 20 * 20 + 10);
    stop(&all);
}

/* One of two loses Redis: what it granted meanwhile is not held against callers in full. */
static void test_one_gateway_cut_off(void **state)
{
    (void)state;
    struct gateways all;
    start(&all, 2, "20/second burst 40");
    ask_all(&all, 5 * MS);
    run(&all, 10000);
    all.items[1].redis.is_up = false;
    run(&all, 20000);
    all.items[1].redis.is_up = true;
    granted(&all);
    run(&all, 20000);
    assert_in_range(granted(&all), 20 * 20 - 40, 20 * 20 + 40);
    stop(&all);
}

/* What was granted while Redis was away is known afterwards, to those who never saw the caller and
 * to those who had, and were cut off too. */
static void test_what_was_granted_alone_is_told(void **state)
{
    (void)state;
    struct gateways all;
    start(&all, 3, "1/second burst 50");
    for (int i = 0; i < 5; i++)
        ask(&all.items[1]);
    run(&all, 2 * TICK_MS);
    all.items[0].redis.is_up = all.items[1].redis.is_up = false;
    run(&all, TICK_MS);
    for (int i = 0; i < 50; i++)
        assert_true(ask(&all.items[0]).is_within);
    run(&all, 2000);
    all.items[0].redis.is_up = all.items[1].redis.is_up = true;
    run(&all, 2 * TICK_MS);
    for (int i = 1; i < 3; i++) {
        assert_true(ask(&all.items[i]).is_within);
        run(&all, 2 * TICK_MS);
        assert_in_range(ask(&all.items[i]).remaining, 0, 3);
    }
    stop(&all);
}

/* Whether executed or not, what has no good reply is neither told twice nor left out. */
static void test_replies_that_do_not_come(void **state)
{
    (void)state;
    static const enum fake_fate fates[] = {FAKE_FALLS_SILENT, FAKE_IS_DEAF, FAKE_REFUSES};
    for (size_t i = 0; i < sizeof(fates) / sizeof(*fates); i++) {
        struct gateways all;
        start(&all, 2, "20/second burst 40");
        ask_all(&all, 5 * MS);
        run(&all, 10000);
        for (int times = 0; times < 20; times++) {
            set_fate(&all, fates[i]);
            run(&all, TICK_MS);
            set_fate(&all, FAKE_ANSWERS);
            run(&all, 4 * TICK_MS);
        }
        granted(&all);
        run(&all, 20000);
        assert_in_range(granted(&all), 20 * 20 - 10, 20 * 20 + 10);
        /* Nothing but such replies: each gateway for itself. */
        set_fate(&all, fates[i]);
        run(&all, 2000);
        granted(&all);
        run(&all, 10000);
        assert_in_range(granted(&all), 2 * 20 * 10 - 10, 2 * 20 * 10 + 10);
        /* Nothing of all that is left when it is over. */
        set_fate(&all, FAKE_ANSWERS);
        run(&all, 1000);
        ask_all(&all, 0);
        run(&all, 10000);
        assert_int_equal(metric_get(METRIC_RATE_BUCKETS), 0);
        stop(&all);
    }
}

/* What came back is no level: it is taken for no reply. */
static void test_replies_that_make_no_sense(void **state)
{
    (void)state;
    static const char *const babble[] = {
        "PING",
        "EVAL return{} 0",
        "EVAL return{1,2} 0",
        "EVAL return{1,2,3,4,5,6} 0",
        "EVAL return{1,2,-3} 0",
        "EVAL return{-1,2,3} 0",
        "EVAL return{1,2,'3'} 0",
        "EVAL return{1,{2},3} 0",
        "EVAL return{false,false,false} 0",
    };
    for (size_t i = 0; i < sizeof(babble) / sizeof(*babble); i++) {
        struct gateways all;
        start(&all, 1, "20/second burst 40");
        all.items[0].redis.fate = FAKE_BABBLES;
        all.items[0].redis.babble = babble[i];
        ask_all(&all, 5 * MS);
        run(&all, 10000);
        assert_in_range(granted(&all), 40 + 200 - 2, 40 + 200 + 2);
        assert_true(all.items[0].redis.evals > 50);
        stop(&all);
    }
}

/* Numbers as great as they can be keep nobody out for longer than the bound. */
static void test_levels_beyond_all_bounds(void **state)
{
    (void)state;
    struct gateways all;
    start(&all, 1, "20/second burst 40");
    all.items[0].redis.fate = FAKE_BABBLES;
    all.items[0].redis.babble = "EVAL return{9007199254740992,9007199254740992,9007199254740992} 0";
    ask(&all.items[0]);
    run(&all, 2 * TICK_MS);
    assert_in_range(ask(&all.items[0]).retry_s, 1, 3);
    all.items[0].redis.fate = FAKE_ANSWERS;
    run(&all, 3000);
    assert_true(ask(&all.items[0]).is_within);
    stop(&all);
}

/* Redis restarted empty: at most one burst more than the limit. */
static void test_redis_loses_its_memory(void **state)
{
    (void)state;
    struct gateways all;
    start(&all, 2, "20/second burst 40");
    ask_all(&all, 5 * MS);
    run(&all, 10000);
    granted(&all);
    flush();
    run(&all, 20000);
    assert_in_range(granted(&all), 20 * 20 - 10, 20 * 20 + 40 + 10);
    stop(&all);
    /* A single gateway has lost nothing. */
    start(&all, 1, "20/second burst 40");
    ask_all(&all, 5 * MS);
    run(&all, 10000);
    granted(&all);
    flush();
    run(&all, 20000);
    assert_in_range(granted(&all), 20 * 20 - 1, 20 * 20 + 1);
    stop(&all);
}

/* Redis's clock is the machine's, and may be set. */
static void test_redis_clock_jumps(void **state)
{
    (void)state;
    static const int64_t jumps_us[] = {-3600000000, 3600000000};
    for (size_t i = 0; i < 2; i++) {
        struct gateways all;
        start(&all, 4, "20/second burst 40");
        all.items[0].every_us = all.items[1].every_us = 5 * MS;
        all.items[0].next_us = all.items[1].next_us = now_us;
        run(&all, 10000);
        granted(&all);
        all.redis_ahead_us = jumps_us[i];
        run(&all, 2 * TICK_MS);
        /* A gateway that has never seen the caller believes Redis, within the bound. */
        ask(&all.items[2]);
        run(&all, 2 * TICK_MS);
        struct rate_verdict verdict = ask(&all.items[2]);
        assert_int_equal(verdict.is_within, jumps_us[i] > 0);
        assert_in_range(verdict.retry_s, 0, 3);
        run(&all, 20000 - 4 * TICK_MS);
        assert_in_range(granted(&all), 20 * 20 - 50, 20 * 20 + 50);
        run(&all, 20000);
        assert_in_range(granted(&all), 20 * 20 - 10, 20 * 20 + 10);
        /* And it is over soon. */
        ask_all(&all, 0);
        run(&all, 5000);
        ask(&all.items[3]);
        run(&all, 2 * TICK_MS);
        assert_in_range(ask(&all.items[3]).remaining, 30, 40);
        stop(&all);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_redis_away_and_back),
        cmocka_unit_test(test_one_gateway_cut_off),
        cmocka_unit_test(test_what_was_granted_alone_is_told),
        cmocka_unit_test(test_replies_that_do_not_come),
        cmocka_unit_test(test_replies_that_make_no_sense),
        cmocka_unit_test(test_levels_beyond_all_bounds),
        cmocka_unit_test(test_redis_loses_its_memory),
        cmocka_unit_test(test_redis_clock_jumps),
    };
    return cmocka_run_group_tests(tests, start_server, stop_server);
}

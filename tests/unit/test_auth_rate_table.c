/* The buckets of one limit: bounded, and what of them other gateways are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "auth/rate_table.h"
#include "observe/metrics.h"

#define SECOND 1000000U

static struct rate_table *make_any_table(size_t most, uint64_t per_second, uint64_t burst,
                                         bool is_shared)
{
    const struct config_rate_limit limit = {per_second, burst};
    struct rate_table *table = rate_table_create(most, is_shared);
    assert_non_null(table);
    rate_table_set_limit(table, &limit);
    return table;
}

static struct rate_table *make_table(size_t most, uint64_t per_second, uint64_t burst)
{
    return make_any_table(most, per_second, burst, false);
}

static struct rate_key key_of(uint64_t number)
{
    struct rate_key key = {{0}};
    memcpy(key.bytes, &number, sizeof(number));
    return key;
}

static struct rate_verdict take_key(struct rate_table *table, uint64_t number, uint64_t at_us)
{
    const struct rate_key key = key_of(number);
    return rate_table_take(table, &key, at_us);
}

static void test_the_number_of_buckets_is_bounded(void **state)
{
    (void)state;
    struct rate_table *table = make_table(1280, 1, 2);
    int64_t forgotten = metric_get(METRIC_RATE_FORGOTTEN);
    for (uint64_t i = 0; i < 50000; i++)
        take_key(table, i, 0);
    assert_in_range(rate_table_count(table), 1, 1280);
    assert_int_equal(metric_get(METRIC_RATE_FORGOTTEN) - forgotten,
                     50000 - (int64_t)rate_table_count(table));
    rate_table_destroy(table);
    rate_table_destroy(NULL);
}

/* A full bucket equals none: it goes first, and nobody gains by that. */
static void test_full_buckets_go_first(void **state)
{
    (void)state;
    struct rate_table *table = make_table(64 * 40, 1, 1000);
    int64_t forgotten = metric_get(METRIC_RATE_FORGOTTEN);
    for (uint64_t i = 0; i < 20; i++) /* used longest ago, and owing much */
        for (int times = 0; times < 900; times++)
            take_key(table, i, SECOND);
    /* Each is full after a second: 500 at a time are not. */
    for (uint64_t i = 0; i < 100000; i++)
        take_key(table, 1000 + i, SECOND + i * 2000);
    assert_int_equal(metric_get(METRIC_RATE_FORGOTTEN), forgotten);
    for (uint64_t i = 0; i < 20; i++)
        assert_int_equal(take_key(table, i, 201ULL * SECOND).remaining, 299);
    rate_table_destroy(table);
}

/* Who goes on asking is not forgotten for those who came later. */
static void test_what_is_in_use_stays(void **state)
{
    (void)state;
    struct rate_table *table = make_table(640, 1, 1000);
    for (uint64_t i = 0; i < 20000; i++) {
        take_key(table, i % 1000 ? 1000 + i : 1, SECOND);
        if (i % 3 == 0)
            take_key(table, 1, SECOND);
    }
    assert_in_range(take_key(table, 1, SECOND).remaining, 0, 1);
    rate_table_destroy(table);
}

static void test_full_buckets_are_swept(void **state)
{
    (void)state;
    struct rate_table *table = make_table(100000, 10, 10);
    for (uint64_t i = 0; i < 10000; i++)
        take_key(table, i, SECOND);
    for (int i = 0; i < 10; i++)
        take_key(table, 77, SECOND);
    assert_int_equal(rate_table_count(table), 10000);
    for (int i = 0; i < 32; i++)
        rate_table_sweep(table, SECOND + 99999);
    assert_int_equal(rate_table_count(table), 10000);
    for (int i = 0; i < 32; i++)
        rate_table_sweep(table, SECOND + 100000);
    assert_int_equal(rate_table_count(table), 1);
    for (int i = 0; i < 32; i++)
        rate_table_sweep(table, 2 * SECOND);
    assert_int_equal(rate_table_count(table), 0);
    rate_table_destroy(table);
}

/* Threads read the clock before they have the lock. */
static void test_time_that_goes_back_gives_nothing(void **state)
{
    (void)state;
    struct rate_table *table = make_table(1000, 10, 2);
    assert_true(take_key(table, 1, 10 * SECOND).is_within);
    assert_true(take_key(table, 1, 5 * SECOND).is_within);
    assert_false(take_key(table, 1, 5 * SECOND).is_within);
    assert_false(take_key(table, 1, 10 * SECOND).is_within);
    assert_true(take_key(table, 1, 10 * SECOND + SECOND / 10).is_within);
    assert_false(take_key(table, 1, 10 * SECOND + SECOND / 10).is_within);
    rate_table_destroy(table);
}

/* --- a table that is shared (operations.md, "two gateways") ---------------------------------- */

static size_t count_when_swept(struct rate_table *table, uint64_t at_us)
{
    for (int i = 0; i < 32; i++)
        rate_table_sweep(table, at_us);
    return rate_table_count(table);
}

/* A full bucket stays while something of it is untold or under way; unless it is lost anyway. */
static void test_news_keep_a_bucket(void **state)
{
    (void)state;
    struct rate_news news[2];
    const struct rate_level level = {1, 1, 0};
    struct rate_table *table = make_any_table(1000, 10, 10, true);
    take_key(table, 1, SECOND);
    assert_int_equal(count_when_swept(table, 10 * SECOND), 1);
    assert_int_equal(rate_table_collect(table, news, 2, 10 * SECOND), 1);
    assert_int_equal(news[0].spent, 1);
    assert_int_equal(news[0].least_us, 0);
    assert_int_equal(count_when_swept(table, 20 * SECOND), 1);
    rate_table_merge(table, &news[0], &level, 0, 20 * SECOND, 20 * SECOND);
    assert_int_equal(count_when_swept(table, 20 * SECOND), 0);
    assert_int_equal(rate_table_collect(table, news, 2, 20 * SECOND), 0);
    take_key(table, 1, 30 * SECOND); /* untold */
    take_key(table, 2, 30 * SECOND); /* told, and no reply */
    assert_int_equal(rate_table_collect(table, news, 1, 30 * SECOND), 1);
    rate_table_lose(table);
    assert_int_equal(count_when_swept(table, 40 * SECOND), 0);
    rate_table_destroy(table);
}

/* The reply to what was told before a loss comes too late. */
static void test_a_reply_from_before_a_loss(void **state)
{
    (void)state;
    struct rate_news news;
    const struct rate_level level = {1, 10, SECOND};
    struct rate_table *table = make_any_table(1000, 10, 10, true);
    take_key(table, 1, SECOND);
    assert_int_equal(rate_table_collect(table, &news, 1, SECOND), 1);
    uint32_t loss = rate_table_loss(table);
    rate_table_lose(table);
    take_key(table, 1, SECOND);
    struct rate_news again;
    assert_int_equal(rate_table_collect(table, &again, 1, SECOND), 1);
    assert_int_equal(again.spent, 0);
    assert_int_equal(again.least_us, SECOND / 5);
    rate_table_merge(table, &news, &level, loss, SECOND, SECOND);
    assert_int_equal(take_key(table, 1, SECOND).remaining, 7);
    rate_table_merge(table, &again, &level, rate_table_loss(table), SECOND, SECOND);
    assert_int_equal(take_key(table, 1, SECOND).remaining, 0);
    rate_table_destroy(table);
}

/* Off between a question and its reply, and with news untold. */
static void test_off_while_shared(void **state)
{
    (void)state;
    struct rate_news news;
    const struct config_rate_limit off = {0, 0};
    const struct rate_level level = {1, 1, SECOND};
    struct rate_table *table = make_any_table(1000, 10, 10, true);
    take_key(table, 1, SECOND);
    assert_int_equal(rate_table_collect(table, &news, 1, SECOND), 1);
    take_key(table, 1, SECOND);
    rate_table_set_limit(table, &off);
    rate_table_merge(table, &news, &level, 0, SECOND, SECOND);
    rate_table_lose(table);
    assert_int_equal(rate_table_collect(table, &news, 1, SECOND), 0);
    assert_int_equal(count_when_swept(table, SECOND), 0);
    rate_table_destroy(table);
}

/* Whatever Redis says, nothing wraps, and nobody waits for longer than the bound. */
static void test_levels_beyond_all_bounds(void **state)
{
    (void)state;
    struct rate_news news;
    const struct rate_level levels[] = {{1, 1, 1ULL << 62}, {1, 2 + (1ULL << 58), 1ULL << 62}};
    struct rate_table *table = make_any_table(1000, 1U << 31, 1U << 31, true);
    for (size_t i = 0; i < 2; i++) {
        uint64_t at_us = (1 + 10 * i) * SECOND;
        assert_true(take_key(table, 1, at_us).is_within);
        assert_int_equal(rate_table_collect(table, &news, 1, at_us), 1);
        rate_table_merge(table, &news, &levels[i], 0, at_us, at_us);
        assert_int_equal(take_key(table, 1, at_us).retry_s, 2);
    }
    rate_table_destroy(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_number_of_buckets_is_bounded),
        cmocka_unit_test(test_full_buckets_go_first),
        cmocka_unit_test(test_what_is_in_use_stays),
        cmocka_unit_test(test_full_buckets_are_swept),
        cmocka_unit_test(test_time_that_goes_back_gives_nothing),
        cmocka_unit_test(test_news_keep_a_bucket),
        cmocka_unit_test(test_a_reply_from_before_a_loss),
        cmocka_unit_test(test_off_while_shared),
        cmocka_unit_test(test_levels_beyond_all_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

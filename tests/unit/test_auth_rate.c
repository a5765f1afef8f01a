/* Rate limits of one gateway (remote-api.md, "Errors": 429; auth-and-bans.md, "The client's
 * address"). Time is the test's own. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "auth/rate.h"
#include "base/clock.h"
#include "observe/metrics.h"

#define SECOND 1000000U

static atomic_uint_fast64_t now_us = 5 * SECOND;

uint64_t clock_now_us(void)
{
    return now_us;
}

uint64_t clock_wall_us(void)
{
    return now_us;
}

/* There is no Redis in these tests. */
enum result redis_eval(struct redis *redis, const struct redis_script *script, size_t keys,
                       const struct slice *words, size_t count, redis_handler *handler,
                       void *context)
{
    (void)redis, (void)script, (void)keys, (void)words, (void)count, (void)handler, (void)context;
    fail_msg("a command without Redis");
    return RESULT_UNAVAILABLE;
}

struct slice redis_key(const struct redis *redis, const char *name, struct slice rest, char *out)
{
    (void)redis, (void)name, (void)out;
    return rest;
}

bool redis_is_up(const struct redis *redis)
{
    (void)redis;
    return false;
}

void redis_script_init(struct redis_script *script)
{
    (void)script;
}

static struct rates *make(const char *per_address, const char *per_admin)
{
    static char address[64];
    static char admin[64];
    snprintf(address, sizeof(address), "%s", per_address);
    snprintf(admin, sizeof(admin), "%s", per_admin);
    const struct config_rate config = {.per_address = address, .per_admin = admin};
    struct rates *rates = rates_create(&config, 64, NULL);
    assert_non_null(rates);
    return rates;
}

static struct rate_verdict take(struct rates *rates, const char *text)
{
    struct network_address address;
    assert_true(network_address_parse(slice_from(text), &address));
    return rates_take_address(rates, &address);
}

static unsigned take_all(struct rates *rates, const char *text)
{
    unsigned granted = 0;
    while (take(rates, text).is_within)
        granted++;
    return granted;
}

static void assert_no_limit(struct rate_verdict verdict)
{
    assert_true(verdict.is_within);
    assert_int_equal(verdict.limit | verdict.window_s | verdict.remaining, 0);
    assert_int_equal(verdict.reset_s | verdict.retry_s, 0);
}

/* "off by default" */
static void test_off(void **state)
{
    (void)state;
    struct rates *rates = make("", "");
    for (int i = 0; i < 1000; i++) {
        assert_no_limit(take(rates, "192.0.2.1"));
        assert_no_limit(rates_take_admin(rates, 1));
    }
    rates_tick(rates);
    assert_int_equal(metric_get(METRIC_RATE_BUCKETS), 0);
    rates_destroy(rates);
    rates_destroy(NULL);
    const struct config_rate unset = {NULL, NULL};
    rates = rates_create(&unset, 64, NULL);
    assert_no_limit(take(rates, "192.0.2.1"));
    rates_destroy(rates);
}

/* "token buckets": a burst, then a refusal that says when to come again. */
static void test_a_burst_then_refusal(void **state)
{
    (void)state;
    struct rates *rates = make("20/second burst 100", "");
    int64_t refused = metric_get(METRIC_RATE_ADDRESS);
    for (unsigned i = 0; i < 100; i++) {
        struct rate_verdict verdict = take(rates, "192.0.2.1");
        assert_true(verdict.is_within);
        assert_int_equal(verdict.limit, 100);
        assert_int_equal(verdict.window_s, 5);
        assert_int_equal(verdict.remaining, 99 - i);
        assert_int_equal(verdict.reset_s, i / 20 + 1);
        assert_int_equal(verdict.retry_s, 0);
    }
    struct rate_verdict verdict = take(rates, "192.0.2.1");
    assert_false(verdict.is_within);
    assert_int_equal(verdict.remaining, 0);
    assert_int_equal(verdict.reset_s, 5);
    assert_int_equal(verdict.retry_s, 1);
    assert_int_equal(metric_get(METRIC_RATE_ADDRESS), refused + 1);
    rates_destroy(rates);
}

/* Where the setting names no burst, it is a second's requests. */
static void test_the_burst_left_out(void **state)
{
    (void)state;
    struct rates *rates = make("7/second", "");
    assert_int_equal(take_all(rates, "192.0.2.1"), 7);
    rates_destroy(rates);
}

static void test_tokens_come_in_evenly(void **state)
{
    (void)state;
    struct rates *rates = make("20/second burst 5", "");
    assert_int_equal(take_all(rates, "192.0.2.1"), 5);
    now_us += SECOND / 20 - 1;
    assert_int_equal(take_all(rates, "192.0.2.1"), 0);
    now_us += 1;
    assert_int_equal(take_all(rates, "192.0.2.1"), 1);
    now_us += 3 * SECOND / 20;
    assert_int_equal(take_all(rates, "192.0.2.1"), 3);
    /* A pause fills the bucket, and never more than that. */
    now_us += 3600ULL * SECOND;
    assert_int_equal(take_all(rates, "192.0.2.1"), 5);
    rates_destroy(rates);
}

/* Exactly at the limit, forever: nobody is refused. And a refusal costs nothing. */
static void test_at_the_limit(void **state)
{
    (void)state;
    struct rates *rates = make("3/second burst 1", "");
    unsigned granted = 0;
    for (unsigned i = 0; i < 3000; i++) {
        now_us += SECOND / 3 + 1;
        assert_true(take(rates, "192.0.2.1").is_within);
        for (int more = 0; more < 5; more++)
            granted += take(rates, "192.0.2.1").is_within;
    }
    assert_int_equal(granted, 0);
    rates_destroy(rates);
}

/* retry_s and reset_s are rounded up, so that who keeps to them is let in. */
static void test_seconds_are_rounded_up(void **state)
{
    (void)state;
    struct rates *rates = make("1/second burst 3", "");
    assert_int_equal(take_all(rates, "192.0.2.1"), 3);
    assert_int_equal(take(rates, "192.0.2.1").retry_s, 1);
    now_us += 1;
    struct rate_verdict verdict = take(rates, "192.0.2.1");
    assert_int_equal(verdict.retry_s, 1);
    assert_int_equal(verdict.reset_s, 3);
    now_us += verdict.retry_s * SECOND;
    verdict = take(rates, "192.0.2.1");
    assert_true(verdict.is_within);
    assert_int_equal(verdict.reset_s, 3);
    now_us += verdict.reset_s * SECOND;
    assert_int_equal(take_all(rates, "192.0.2.1"), 3);
    rates_destroy(rates);
}

/* The greatest limits that the setting takes: nothing overflows. */
static void test_extreme_limits(void **state)
{
    (void)state;
    struct rates *rates = make("1/second burst 4294967295", "4294967295/second");
    struct rate_verdict verdict = take(rates, "192.0.2.1");
    assert_true(verdict.is_within);
    assert_int_equal(verdict.limit, UINT32_MAX);
    assert_int_equal(verdict.window_s, UINT32_MAX);
    assert_int_equal(verdict.remaining, UINT32_MAX - 1U);
    assert_int_equal(verdict.reset_s, 1);
    for (int i = 0; i < 1000; i++)
        assert_true(rates_take_admin(rates, 1).is_within);
    now_us += 1000000ULL * 3600 * SECOND;
    verdict = rates_take_admin(rates, 1);
    assert_int_equal(verdict.remaining, UINT32_MAX - 1U);
    assert_int_equal(verdict.window_s, 1);
    rates_destroy(rates);
    rates = make("2147483648/second", "");
    take(rates, "192.0.2.1");
    now_us += 1ULL << 33; /* times the speed, that is 2^64 */
    assert_int_equal(take(rates, "192.0.2.1").remaining, 2147483647);
    rates_destroy(rates);
}

/* "IPv4-mapped IPv6 counts as IPv4. IPv6 is counted and banned by /64"; a unix socket's peer has
 * no address, and no limit. */
static void test_whose_bucket(void **state)
{
    (void)state;
    struct rates *rates = make("1/second burst 10", "");
    assert_int_equal(take(rates, "192.0.2.1").remaining, 9);
    assert_int_equal(take(rates, "192.0.2.2").remaining, 9);
    assert_int_equal(take(rates, "::ffff:192.0.2.1").remaining, 8);
    assert_int_equal(take(rates, "2001:db8:1:2::1").remaining, 9);
    assert_int_equal(take(rates, "2001:db8:1:2:ffff::").remaining, 8);
    assert_int_equal(take(rates, "2001:db8:1:3::1").remaining, 9);
    assert_int_equal(take(rates, "::1").remaining, 9);
    const struct network_address unknown = {{0}};
    for (int i = 0; i < 20; i++)
        assert_no_limit(rates_take_address(rates, &unknown));
    rates_destroy(rates);
}

static void test_the_prefix_is_a_setting(void **state)
{
    (void)state;
    static char rate[] = "1/second burst 10";
    const struct config_rate config = {.per_address = rate};
    struct rates *rates = rates_create(&config, 128, NULL);
    assert_int_equal(take(rates, "2001:db8::1").remaining, 9);
    assert_int_equal(take(rates, "2001:db8::2").remaining, 9);
    assert_int_equal(take(rates, "192.0.2.1").remaining, 9);
    rates_destroy(rates);
}

static void test_admins_apart_from_addresses(void **state)
{
    (void)state;
    struct rates *rates = make("1/second burst 2", "1/second burst 3");
    int64_t refused = metric_get(METRIC_RATE_ADMIN);
    assert_int_equal(take_all(rates, "192.0.2.1"), 2);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(rates_take_admin(rates, 1).remaining, 2 - i);
    struct rate_verdict verdict = rates_take_admin(rates, 1);
    assert_false(verdict.is_within);
    assert_int_equal(verdict.retry_s, 1);
    assert_int_equal(metric_get(METRIC_RATE_ADMIN), refused + 1);
    static const int64_t ids[] = {0, -1, INT64_MAX, INT64_MIN, 256};
    for (size_t i = 0; i < sizeof(ids) / sizeof(*ids); i++)
        assert_int_equal(rates_take_admin(rates, ids[i]).remaining, 2);
    rates_destroy(rates);
    /* One of the two alone. */
    rates = make("", "1/second burst 1");
    assert_no_limit(take(rates, "192.0.2.1"));
    assert_int_equal(rates_take_admin(rates, 1).limit, 1);
    rates_destroy(rates);
}

/* "SIGHUP reloads what can change (limits, ...)" (operations.md, "Configuration") */
static void test_limits_change_while_running(void **state)
{
    (void)state;
    struct rates *rates = make("1/second burst 1000", "");
    assert_int_equal(take_all(rates, "192.0.2.1"), 1000);
    static char lower[] = "1/second burst 2";
    static char off[] = "";
    struct config_rate config = {.per_address = lower};
    rates_configure(rates, &config);
    /* What was spent under the old limit keeps nobody out for longer than the new one can. */
    struct rate_verdict verdict = take(rates, "192.0.2.1");
    assert_false(verdict.is_within);
    assert_int_equal(verdict.limit, 2);
    assert_in_range(verdict.retry_s, 1, 3);
    config.per_address = off;
    rates_configure(rates, &config);
    assert_no_limit(take(rates, "192.0.2.1"));
    for (int i = 0; i < 16; i++)
        rates_tick(rates);
    assert_int_equal(metric_get(METRIC_RATE_BUCKETS), 0);
    rates_destroy(rates);
}

/* --- threads ------------------------------------------------------------------------------- */

enum { THREADS = 4, TAKES = 20000, STEP_US = 50 };

static atomic_uint granted_to_all;

static void *take_many(void *context)
{
    struct rates *rates = context;
    for (int i = 0; i < TAKES; i++) {
        now_us += STEP_US;
        if (take(rates, "192.0.2.1").is_within)
            granted_to_all++;
        char other[32];
        snprintf(other, sizeof(other), "198.51.100.%d", i % 200);
        take(rates, other);
        rates_take_admin(rates, i % 10);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    struct rates *rates = make("100/second burst 50", "1/second");
    uint64_t began_us = now_us;
    granted_to_all = 0;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_many, rates), 0);
    for (int i = 0; i < 500; i++)
        rates_tick(rates);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    uint64_t most = 50 + (now_us - began_us) * 100 / SECOND;
    assert_in_range(granted_to_all, 50, most);
    rates_destroy(rates);
}

/* --- fields -------------------------------------------------------------------------------- */

static void assert_fields(const struct rate_verdict *address, const struct rate_verdict *admin,
                          const char *policy, const char *limit)
{
    const struct rate_fields fields = rate_fields_print(address, admin);
    assert_string_equal(fields.policy, policy);
    assert_string_equal(fields.limit, limit);
}

/* draft-ietf-httpapi-ratelimit-headers-11, sections 3 and 4 */
static void test_fields(void **state)
{
    (void)state;
    const struct rate_verdict none = {.is_within = true};
    const struct rate_verdict some = {true, 100, 5, 41, 3, 0};
    const struct rate_verdict last = {true, 100, 5, 0, 5, 0};
    const struct rate_verdict over = {false, 10, 10, 0, 12, 3};
    const struct rate_verdict most = {true, UINT32_MAX, UINT32_MAX, UINT32_MAX - 1U, 1, 0};
    assert_fields(NULL, NULL, "", "");
    assert_fields(&none, &none, "", "");
    assert_fields(&some, NULL, "\"address\";q=100;w=5", "\"address\";r=41;t=3");
    assert_fields(&last, &none, "\"address\";q=100;w=5", "\"address\";r=0;t=1");
    assert_fields(&none, &over, "\"admin\";q=10;w=10", "\"admin\";r=0;t=3");
    assert_fields(&some, &over, "\"address\";q=100;w=5, \"admin\";q=10;w=10",
                  "\"address\";r=41;t=3, \"admin\";r=0;t=3");
    assert_fields(&most, &most,
                  "\"address\";q=4294967295;w=4294967295, \"admin\";q=4294967295;w=4294967295",
                  "\"address\";r=4294967294;t=4294967294, \"admin\";r=4294967294;t=4294967294");
}

/* Who spends what is left at once, and then waits as the field says, is never refused. */
static void test_who_keeps_to_the_fields_is_let_in(void **state)
{
    (void)state;
    struct rates *rates = make("3/second burst 10", "");
    struct rate_verdict verdict = take(rates, "192.0.2.1");
    for (int i = 0; i < 50; i++) {
        unsigned long left = 0;
        unsigned long wait_s = 0;
        const struct rate_fields fields = rate_fields_print(&verdict, NULL);
        assert_int_equal(sscanf(fields.limit, "\"address\";r=%lu;t=%lu", &left, &wait_s), 2);
        assert_in_range(wait_s, 1, 4);
        for (unsigned long taken = 0; taken < left; taken++) {
            verdict = take(rates, "192.0.2.1");
            assert_true(verdict.is_within);
        }
        now_us += wait_s * SECOND;
        verdict = take(rates, "192.0.2.1");
        assert_true(verdict.is_within);
    }
    rates_destroy(rates);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_off),
        cmocka_unit_test(test_a_burst_then_refusal),
        cmocka_unit_test(test_the_burst_left_out),
        cmocka_unit_test(test_tokens_come_in_evenly),
        cmocka_unit_test(test_at_the_limit),
        cmocka_unit_test(test_seconds_are_rounded_up),
        cmocka_unit_test(test_extreme_limits),
        cmocka_unit_test(test_whose_bucket),
        cmocka_unit_test(test_the_prefix_is_a_setting),
        cmocka_unit_test(test_admins_apart_from_addresses),
        cmocka_unit_test(test_limits_change_while_running),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_who_keeps_to_the_fields_is_let_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

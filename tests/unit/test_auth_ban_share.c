/* auth-and-bans.md, "Bans": telling other gateways through Redis, which this file plays: it notes
 * what it is told, on a real loop, and answers when a test says so. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "auth/ban_share.h"
#include "base/clock.h"
#include "observe/metrics.h"

enum { MOST_CALLS = 200000, WAIT_US = 30000000, HOUR_MS = 3600000 };

/* --- Redis --------------------------------------------------------------------------------- */

struct call {
    char text[160]; /* the words, blanks between */
    redis_handler *handler;
    void *context;
};

static struct call *calls; /* written by the loop's thread alone */
static atomic_size_t call_count;
static atomic_size_t answered; /* how many of them */
static atomic_bool is_up;
static atomic_int answers; /* ANSWER_… */
enum { ANSWER_LATER, ANSWER_ZERO, ANSWER_NOTHING, ANSWER_BAN };
static struct redis_listener listener;

void redis_listen(struct redis *redis, const struct redis_listener *wanted)
{
    (void)redis;
    listener = *wanted;
}

bool redis_is_up(const struct redis *redis)
{
    (void)redis;
    return atomic_load(&is_up);
}

/* The agreeing after an absence is test_auth_ban_merge.c's. */
enum result redis_command(struct redis *redis, const struct slice *words, size_t count,
                          redis_handler *handler, void *context)
{
    (void)redis, (void)words, (void)count, (void)handler, (void)context;
    return RESULT_UNAVAILABLE;
}

enum result redis_eval(struct redis *redis, const struct redis_script *script, size_t keys,
                       const struct slice *words, size_t count, redis_handler *handler,
                       void *context)
{
    (void)redis, (void)script, (void)keys;
    size_t number = atomic_load(&call_count);
    if (!atomic_load(&is_up) || number == MOST_CALLS)
        return RESULT_UNAVAILABLE;
    struct call *call = &calls[number];
    size_t used = 0;
    for (size_t i = 0; i < count && used < sizeof(call->text); i++)
        used += (size_t)snprintf(call->text + used, sizeof(call->text) - used, "%s%.*s",
                                 i ? " " : "", SLICE_ARGS(words[i]));
    call->handler = handler;
    call->context = context;
    atomic_store(&call_count, number + 1);
    return RESULT_OK;
}

void redis_script_init(struct redis_script *script)
{
    script->sha1[0] = '\0';
}

struct slice redis_key(const struct redis *redis, const char *name, struct slice rest, char *out)
{
    (void)redis;
    int size = snprintf(out, REDIS_KEY_BYTES, "p:%s%.*s", name, SLICE_ARGS(rest));
    return slice_of(out, (size_t)size);
}

static void answer_all(void)
{
    int kind = atomic_load(&answers);
    const redisReply reply = {.type = REDIS_REPLY_INTEGER,
                              .integer = kind == ANSWER_BAN ? HOUR_MS : 0};
    while (kind != ANSWER_LATER && atomic_load(&answered) < atomic_load(&call_count)) {
        const struct call *call = &calls[atomic_fetch_add(&answered, 1)];
        call->handler(call->context, kind == ANSWER_NOTHING ? NULL : &reply);
    }
}

/* --- a gateway ----------------------------------------------------------------------------- */

static struct config_ban config;
static struct ban_table *table;
static struct ban_counters *counters;
static struct ban_share *share;
static struct loop_group *group;
static atomic_size_t bans;

static void on_ban(void *context, const struct ban *ban)
{
    (void)context;
    (void)ban;
    atomic_fetch_add(&bans, 1);
}

static void on_over(void *context, const struct network_address *address)
{
    (void)context;
    (void)address;
}

static void on_tick(struct loop *loop, void *context)
{
    (void)loop;
    (void)context;
    answer_all();
    ban_share_tick(share);
}

static int begin(void **state)
{
    static int nobody; /* redis's place: never looked into */
    static const struct loop_hooks hooks = {.on_tick = on_tick};
    static char write[] = "write";
    const struct ban_counters_options counting = {
        .attempts = 3, .window_ms = 60000, .most = 100, .ipv6_prefix = 64, .on_over = on_over};
    (void)state;
    config = (struct config_ban){
        .table = write, .attempts = 3, .window_ms = 60000, .resync_ms = HOUR_MS};
    calls = calloc(MOST_CALLS, sizeof(*calls));
    table = ban_table_create(1000);
    counters = ban_counters_create(&counting);
    group = loop_group_create(1, &hooks);
    const struct ban_share_options options = {.config = &config,
                                              .redis = (struct redis *)(void *)&nobody,
                                              .loop = loop_group_get(group, 0),
                                              .table = table,
                                              .counters = counters,
                                              .on_ban = on_ban};
    share = ban_share_create(&options);
    assert_true(calls && share);
    atomic_store(&call_count, 0);
    atomic_store(&answered, 0);
    atomic_store(&bans, 0);
    atomic_store(&is_up, true);
    atomic_store(&answers, ANSWER_ZERO);
    assert_int_equal(loop_group_start(group), RESULT_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    atomic_store(&answers, ANSWER_NOTHING);
    loop_group_drain(group, 0);
    loop_group_destroy(group);
    answer_all(); /* as redis_destroy does */
    ban_share_destroy(share);
    ban_counters_destroy(counters);
    ban_table_destroy(table);
    free(calls);
    return 0;
}

static struct network net(const char *text)
{
    struct network network;
    assert_true(network_parse(slice_from(text), &network));
    return network;
}

static int64_t wall_ms(void)
{
    return (int64_t)(clock_wall_us() / 1000);
}

static void tell_ban(const char *network, int64_t left_ms, uint64_t poll)
{
    const struct ban ban = {net(network), wall_ms() + left_ms, poll};
    ban_share_ban(share, &ban);
}

static void tell_lift(const char *network)
{
    struct network parsed = net(network);
    ban_share_lift(share, &parsed);
}

static void await_calls(size_t count)
{
    uint64_t until_us = clock_now_us() + WAIT_US;
    while (atomic_load(&call_count) < count && clock_now_us() < until_us)
        usleep(1000);
    assert_true(atomic_load(&call_count) >= count);
}

static void await_answers(size_t count)
{
    uint64_t until_us = clock_now_us() + WAIT_US;
    while (atomic_load(&answered) < count && clock_now_us() < until_us)
        usleep(1000);
    assert_true(atomic_load(&answered) >= count);
}

static bool begins(size_t call, const char *text)
{
    return strncmp(calls[call].text, text, strlen(text)) == 0;
}

/* "One atomic script increments, sets the expiry, and on the limit writes the ban and publishes
 * it": what it is given. */
static void test_what_is_told(void **state)
{
    (void)state;
    struct network network = net("2001:db8:1:2::/64");
    const struct ban_failure failure = {0x200000001, 0xaa, wall_ms() - 5000};
    const struct ban_failure future = {0x200000002, 0xaa, wall_ms() + 500000};
    ban_share_fail(share, &network, &failure, 900000);
    ban_share_fail(share, &network, &future, 0);
    ban_share_clear_user(share, &network, 0xaa);
    tell_ban("10.0.0.1", 900000, 7);
    tell_ban("10.0.0.1", -5, 0); /* over: nothing to tell */
    tell_lift("10.0.0.1");
    await_calls(5);
    int age_ms = 0;
    char rest[160];
    assert_int_equal(sscanf(calls[0].text,
                            "p:fails:2001:db8:1:2::/64 p:bans 2001:db8:1:2::/64 00000000000000aa "
                            "0000000200000001 %d %159[^\n]",
                            &age_ms, rest),
                     2);
    assert_in_range(age_ms, 5000, 60000);
    assert_true(begins(1, "p:fails:2001:db8:1:2::/64 p:bans 2001:db8:1:2::/64 00000000000000aa "
                          "0000000200000002 0 60000 3 0 "));
    assert_true(begins(2, "p:fails:2001:db8:1:2::/64 2001:db8:1:2::/64 00000000000000aa "));
    int left_ms = 0;
    int row = 0;
    assert_int_equal(
        sscanf(calls[3].text, "p:fails:10.0.0.1 p:bans 10.0.0.1 %d %d ", &left_ms, &row), 2);
    assert_in_range(left_ms, 800000, 900000);
    assert_int_equal(row, 1);
    assert_true(begins(4, "p:fails:10.0.0.1 p:bans 10.0.0.1 "));
}

/* Redis counted the failure too many: banned here, and told of once. */
static void test_the_failure_too_many(void **state)
{
    (void)state;
    struct network network = net("10.0.0.1");
    struct ban ban;
    atomic_store(&answers, ANSWER_BAN);
    for (uint64_t i = 0; i < 3; i++) {
        const struct ban_failure failure = {i, 0xaa, wall_ms()};
        ban_share_fail(share, &network, &failure, 900000);
    }
    await_answers(3);
    usleep(1000);
    assert_true(ban_table_find(table, &network, wall_ms(), &ban));
    assert_in_range(ban.expires_ms - wall_ms(), HOUR_MS - 60000, HOUR_MS);
    assert_int_equal(ban.poll, 0);
    assert_int_equal(atomic_load(&bans), 1);
}

/* "Redis away: … on return the gateway announces": what it missed, in order. */
static void test_told_again_in_order(void **state)
{
    (void)state;
    atomic_store(&is_up, false);
    tell_ban("10.0.0.1", HOUR_MS, 0);
    tell_lift("10.0.0.1");
    tell_ban("10.0.0.2", HOUR_MS, 0);
    tell_ban("10.0.0.3", 150, 0); /* over by then */
    usleep(300000);
    atomic_store(&is_up, true);
    tell_ban("10.0.0.4", HOUR_MS, 0); /* behind those that wait */
    await_calls(4);
    assert_true(begins(0, "p:fails:10.0.0.1 p:bans 10.0.0.1 3"));
    assert_true(begins(1, "p:fails:10.0.0.1 p:bans 10.0.0.1 "));
    assert_true(begins(2, "p:fails:10.0.0.2 "));
    assert_true(begins(3, "p:fails:10.0.0.4 "));
}

/* It was told and never answered: it may not know. */
static void test_no_answer(void **state)
{
    (void)state;
    atomic_store(&answers, ANSWER_NOTHING);
    tell_lift("10.0.0.1");
    await_answers(1);
    atomic_store(&answers, ANSWER_ZERO);
    await_calls(2);
    await_answers(2);
    assert_string_equal(calls[atomic_load(&answered) - 1].text, calls[0].text);
}

/* What was told and got no answer goes out again before what waits behind it: a ban that was made
 * and lifted does not come back. */
static void test_unanswered_before_untold(void **state)
{
    (void)state;
    enum { MANY = 15000 };
    char text[32];
    atomic_store(&answers, ANSWER_LATER);
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), "10.0.%d.%d", i >> 8, i & 255);
        tell_lift(text);
    }
    await_calls(10000);
    atomic_store(&is_up, false);
    atomic_store(&answers, ANSWER_NOTHING);
    await_answers(10000);
    atomic_store(&answers, ANSWER_ZERO);
    atomic_store(&is_up, true);
    await_calls(10000 + MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), "p:fails:10.0.%d.%d ", i >> 8, i & 255);
        assert_true(begins((size_t)i + 10000, text));
    }
}

/* A table of bans emptied by hand is no flood for Redis: what it has not answered is bounded, and
 * nothing is lost. */
static void test_a_flood(void **state)
{
    (void)state;
    enum { MANY = 25000, BOUND = 10000 };
    char text[32];
    atomic_store(&answers, ANSWER_LATER);
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), "10.0.%d.%d", i >> 8, i & 255);
        tell_lift(text);
    }
    await_calls(BOUND);
    usleep(300000);
    assert_int_equal(atomic_load(&call_count), BOUND);
    atomic_store(&answers, ANSWER_ZERO);
    await_calls(MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), "p:fails:10.0.%d.%d ", i >> 8, i & 255);
        assert_true(begins((size_t)i, text));
    }
}

/* Bounded while it is away: the oldest go, and are counted. */
static void test_too_many_missed(void **state)
{
    (void)state;
    enum { MANY = 100010 };
    char text[32];
    int64_t before = metric_get(METRIC_BANS_MISSED);
    atomic_store(&is_up, false);
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        tell_lift(text);
    }
    uint64_t until_us = clock_now_us() + WAIT_US;
    while (metric_get(METRIC_BANS_MISSED) - before < 10 && clock_now_us() < until_us)
        usleep(1000);
    assert_int_equal(metric_get(METRIC_BANS_MISSED) - before, 10);
    atomic_store(&is_up, true);
    await_calls(1);
    assert_true(begins(0, "p:fails:10.0.0.10 "));
}

/* Without Redis every function does nothing. */
static void test_none(void **state)
{
    (void)state;
    struct network network = net("10.0.0.1");
    const struct ban_failure failure = {1, 2, 3};
    const struct ban ban = {network, wall_ms() + HOUR_MS, 0};
    ban_share_fail(NULL, &network, &failure, 1);
    ban_share_clear_user(NULL, &network, 1);
    ban_share_ban(NULL, &ban);
    ban_share_lift(NULL, &network);
    ban_share_tick(NULL);
    ban_share_destroy(NULL);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(test_what_is_told),
        EACH(test_the_failure_too_many),
        EACH(test_told_again_in_order),
        EACH(test_no_answer),
        EACH(test_a_flood),
        EACH(test_too_many_missed),
        EACH(test_unanswered_before_untold),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

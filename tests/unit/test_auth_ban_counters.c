/* Failed logins by address (auth-and-bans.md, "Bans"). */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "auth/ban_counters.h"
#include "base/clock.h"

enum { NOW = 1000000, WINDOW = 60000 };

struct seen {
    atomic_int over;
    bool is_banned;
    struct network_address last;
};

static void on_over(void *context, const struct network_address *address)
{
    struct seen *seen = context;
    if (atomic_fetch_add(&seen->over, 1) == 0)
        seen->last = *address;
}

static bool is_banned(void *context, const struct network_address *address)
{
    (void)address;
    return ((const struct seen *)context)->is_banned;
}

static struct ban_counters *make(struct seen *seen, size_t most)
{
    const struct ban_counters_options options = {.attempts = 3,
                                                 .window_ms = WINDOW,
                                                 .most = most,
                                                 .ipv6_prefix = 64,
                                                 .on_over = on_over,
                                                 .context = seen};
    memset(seen, 0, sizeof(*seen));
    return ban_counters_create(&options);
}

static struct network_address address(const char *text)
{
    struct network_address parsed;
    assert_true(network_address_parse(slice_from(text), &parsed));
    return parsed;
}

static bool fail_at(struct ban_counters *counters, const char *text, uint64_t id, uint64_t user,
                    int64_t at_ms)
{
    struct network_address parsed = address(text);
    const struct ban_failure failure = {id, user, at_ms};
    return ban_counters_fail(counters, &parsed, &failure, at_ms);
}

/* "ban.attempts (3) failures inside ban.window (15 min) ban the address" */
static void test_three_inside_the_window(void **state)
{
    (void)state;
    struct seen seen;
    struct ban_counters *counters = make(&seen, 100);
    assert_false(fail_at(counters, "10.0.0.1", 1, 7, NOW));
    assert_false(fail_at(counters, "10.0.0.2", 2, 7, NOW));
    assert_false(fail_at(counters, "10.0.0.1", 3, 8, NOW + 10));
    assert_false(fail_at(counters, "10.0.0.1", 4, 7, NOW + WINDOW)); /* the first is too old */
    assert_int_equal(seen.over, 0);
    assert_true(fail_at(counters, "10.0.0.1", 5, 9, NOW + WINDOW));
    assert_int_equal(seen.over, 1);
    struct network_address one = address("10.0.0.1");
    assert_true(network_address_equal(&seen.last, &one));
    /* After the ban the address begins anew. */
    assert_false(fail_at(counters, "10.0.0.1", 6, 7, NOW + WINDOW + 1));
    ban_counters_destroy(counters);
}

static uint32_t failures_of(struct ban_counters *counters, const char *text, int64_t now_ms)
{
    struct network_address parsed = address(text);
    return ban_counters_failures(counters, &parsed, now_ms);
}

/* What X-Login-Attempts-Left is made of: failures of that address, inside the window. */
static void test_failures_are_told(void **state)
{
    (void)state;
    struct seen seen;
    struct ban_counters *counters = make(&seen, 100);
    assert_int_equal(failures_of(counters, "10.0.0.1", NOW), 0);
    fail_at(counters, "10.0.0.1", 1, 7, NOW);
    fail_at(counters, "10.0.0.1", 2, 8, NOW + 10);
    assert_int_equal(failures_of(counters, "10.0.0.1", NOW + 10), 2);
    assert_int_equal(failures_of(counters, "10.0.0.2", NOW + 10), 0);
    assert_int_equal(failures_of(counters, "10.0.0.1", NOW + WINDOW), 1);
    assert_int_equal(failures_of(counters, "10.0.0.1", NOW + 10 + WINDOW), 0);
    ban_counters_destroy(counters);
}

/* Another gateway's message and Redis's count may tell of the same failure. */
static void test_the_same_failure_counts_once(void **state)
{
    (void)state;
    struct seen seen;
    struct ban_counters *counters = make(&seen, 100);
    for (int i = 0; i < 5; i++)
        assert_false(fail_at(counters, "10.0.0.1", 1, 7, NOW));
    assert_false(fail_at(counters, "10.0.0.1", 2, 7, NOW));
    assert_true(fail_at(counters, "10.0.0.1", 3, 7, NOW));
    ban_counters_destroy(counters);
}

/* "A success clears that username's failures at that address only, so that one good account does
 * not cover for guessing at others." */
static void test_a_success_clears_its_own(void **state)
{
    (void)state;
    struct seen seen;
    struct ban_counters *counters = make(&seen, 100);
    struct network_address one = address("10.0.0.1");
    fail_at(counters, "10.0.0.1", 1, 7, NOW);
    fail_at(counters, "10.0.0.1", 2, 8, NOW);
    fail_at(counters, "10.0.0.2", 3, 7, NOW);
    assert_true(ban_counters_clear_user(counters, &one, 7));
    assert_false(ban_counters_clear_user(counters, &one, 7));
    assert_false(fail_at(counters, "10.0.0.1", 4, 9, NOW));
    assert_true(fail_at(counters, "10.0.0.1", 5, 9, NOW));
    assert_int_equal(ban_counters_count(counters), 1);
    ban_counters_destroy(counters);
}

static void test_clearing_a_network(void **state)
{
    (void)state;
    struct seen seen;
    struct network network;
    struct ban_counters *counters = make(&seen, 100);
    fail_at(counters, "10.0.0.1", 1, 7, NOW);
    fail_at(counters, "10.0.9.1", 2, 7, NOW);
    fail_at(counters, "10.1.0.1", 3, 7, NOW);
    assert_true(network_parse(SLICE("10.0.*.*"), &network));
    ban_counters_clear(counters, &network);
    assert_int_equal(ban_counters_count(counters), 1);
    assert_true(network_parse(SLICE("10.1.0.1"), &network));
    ban_counters_clear(counters, &network);
    assert_true(ban_counters_are_empty(counters));
    ban_counters_destroy(counters);
}

/* "IPv6 is counted and banned by /64": wider and narrower networks hold or miss what is counted. */
static void test_clearing_ipv6(void **state)
{
    (void)state;
    struct seen seen;
    struct network network;
    struct ban_counters *counters = make(&seen, 100);
    fail_at(counters, "2001:db8:1:1::", 1, 7, NOW);
    fail_at(counters, "2001:db8:1:2::", 2, 7, NOW);
    fail_at(counters, "2001:db8:2::", 3, 7, NOW);
    assert_true(network_parse(SLICE("2001:db8:1:2::9"), &network));
    ban_counters_clear(counters, &network);
    assert_int_equal(ban_counters_count(counters), 3);
    assert_true(network_parse(SLICE("2001:db8:1:2::/64"), &network));
    ban_counters_clear(counters, &network);
    assert_int_equal(ban_counters_count(counters), 2);
    assert_true(network_parse(SLICE("2001:db8:1::/48"), &network));
    ban_counters_clear(counters, &network);
    assert_int_equal(ban_counters_count(counters), 1);
    assert_true(network_parse(SLICE("2001:db8::/32"), &network));
    ban_counters_clear(counters, &network);
    assert_true(ban_counters_are_empty(counters));
    ban_counters_destroy(counters);
}

/* Those that still count are left, whoever stands before or behind them. */
static void test_sweeping(void **state)
{
    (void)state;
    enum { MANY = 2000 };
    struct seen seen;
    char text[32];
    struct ban_counters *counters = make(&seen, 2 * MANY);
    for (uint64_t i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), "10.0.%u.%u", (unsigned)(i >> 8), (unsigned)(i & 255));
        fail_at(counters, text, i, 7, NOW + (int64_t)i);
    }
    fail_at(counters, "10.0.0.0", MANY, 7, NOW + MANY); /* the first, once more */
    for (int i = 0; i < 64; i++)
        ban_counters_sweep(counters, NOW + WINDOW + MANY / 2);
    assert_int_equal(ban_counters_count(counters), MANY / 2);
    for (int i = 0; i < 64; i++)
        ban_counters_sweep(counters, NOW + WINDOW + MANY);
    assert_true(ban_counters_are_empty(counters));
    ban_counters_destroy(counters);
}

/* "Memory is bounded (ban.max_tracked), oldest counters first" */
static void test_the_oldest_is_forgotten(void **state)
{
    (void)state;
    enum { MOST = 640, MANY = 20000 };
    struct seen seen;
    char text[32];
    struct ban_counters *counters = make(&seen, MOST);
    for (uint64_t i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), "10.0.%u.%u", (unsigned)(i >> 8), (unsigned)(i & 255));
        fail_at(counters, text, i, 7, NOW);
    }
    assert_in_range(ban_counters_count(counters), MOST / 2, MOST + 64);
    /* The newest is there: two more ban it. */
    assert_false(fail_at(counters, text, MANY + 1, 7, NOW));
    assert_true(fail_at(counters, text, MANY + 2, 7, NOW));
    for (int i = 0; i < 64; i++)
        ban_counters_sweep(counters, NOW + WINDOW);
    assert_true(ban_counters_are_empty(counters));
    ban_counters_destroy(counters);
}

/* --- places -------------------------------------------------------------------------------- */

static atomic_int turns;

static void on_turn(struct ban_attempt *attempt)
{
    (void)attempt;
    atomic_fetch_add(&turns, 1);
}

static struct ban_attempt make_attempt(struct loop *loop, const char *text)
{
    struct network_address parsed = address(text);
    return (struct ban_attempt){
        .loop = loop, .on_turn = on_turn, .network = network_of_client(&parsed, 64)};
}

static void await_turns(int count)
{
    uint64_t end_us = clock_now_us() + 20000000;
    while (atomic_load(&turns) < count && clock_now_us() < end_us)
        sched_yield();
    assert_int_equal(atomic_load(&turns), count);
}

/* "At most ban.attempts logins of one address may be undecided at a time; more wait and meet the
 * new count, so pipelining cannot outrun the ban." */
static void test_no_more_undecided_than_failures_left(void **state)
{
    (void)state;
    static const struct loop_hooks hooks;
    struct seen seen;
    struct ban_counters *counters = make(&seen, 100);
    struct loop_group *group = loop_group_create(1, &hooks);
    struct loop *loop = loop_group_get(group, 0);
    struct ban_attempt attempts[6];
    assert_int_equal(loop_group_start(group), RESULT_OK);
    atomic_store(&turns, 0);
    fail_at(counters, "10.0.0.1", 1, 7, NOW);
    for (size_t i = 0; i < 6; i++)
        attempts[i] = make_attempt(loop, "10.0.0.1");
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(ban_counters_begin(counters, &attempts[i], is_banned, NOW),
                         i < 2 ? BAN_TURN_NOW : BAN_TURN_LATER);
    struct ban_attempt other = make_attempt(loop, "10.0.0.2");
    assert_int_equal(ban_counters_begin(counters, &other, is_banned, NOW), BAN_TURN_NOW);
    ban_counters_end(counters, &other, NOW);

    /* One fails: now one place alone is left, and it is taken. */
    fail_at(counters, "10.0.0.1", 2, 7, NOW);
    ban_counters_end(counters, &attempts[0], NOW);
    await_turns(0);
    /* The other is undecided: its place is the next one's. */
    ban_counters_end(counters, &attempts[1], NOW);
    await_turns(1);
    /* That one is one too many: the rest have their turn, and will find the ban. */
    assert_true(fail_at(counters, "10.0.0.1", 3, 7, NOW));
    seen.is_banned = true;
    struct ban_attempt late = make_attempt(loop, "10.0.0.1");
    assert_int_equal(ban_counters_begin(counters, &late, is_banned, NOW), BAN_TURN_NEVER);
    ban_counters_end(counters, &attempts[2], NOW);
    await_turns(4);
    for (size_t i = 3; i < 6; i++)
        ban_counters_end(counters, &attempts[i], NOW);
    assert_true(ban_counters_are_empty(counters));
    loop_group_drain(group, 0);
    loop_group_destroy(group);
    ban_counters_destroy(counters);
}

static void *guess(void *context)
{
    struct ban_counters *counters = context;
    for (uint64_t i = 0; i < 2000; i++) {
        char text[32];
        snprintf(text, sizeof(text), "10.0.0.%u", (unsigned)(i % 7));
        struct network_address parsed = address(text);
        fail_at(counters, text, clock_now_us() ^ i << 40, i % 3, NOW);
        ban_counters_clear_user(counters, &parsed, 1);
        ban_counters_sweep(counters, NOW);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    struct seen seen;
    pthread_t threads[3];
    struct ban_counters *counters = make(&seen, 1000);
    (void)seen;
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, guess, counters);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_in_range(ban_counters_count(counters), 0, 7);
    ban_counters_destroy(counters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_three_inside_the_window),
        cmocka_unit_test(test_failures_are_told),
        cmocka_unit_test(test_the_same_failure_counts_once),
        cmocka_unit_test(test_a_success_clears_its_own),
        cmocka_unit_test(test_clearing_a_network),
        cmocka_unit_test(test_clearing_ipv6),
        cmocka_unit_test(test_sweeping),
        cmocka_unit_test(test_the_oldest_is_forgotten),
        cmocka_unit_test(test_no_more_undecided_than_failures_left),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* auth-and-bans.md, "bcrypt … is bounded (auth.max_hashing)": who gets in, who waits, who rests. */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "auth/login_gate.h"
#include "base/clock.h"

enum { TRIES = 10, MS = 1000 };

static void do_nothing(void *context)
{
    atomic_fetch_add((atomic_uint *)context, 1);
}

/* What hashing takes from others it gives back as a rest, and on an idle machine it takes nothing.
 */
static void test_the_rest_follows_what_was_waited(void **state)
{
    (void)state;
    assert_int_equal(login_gate_rest_us(50 * MS, 50 * MS, 2), 0);
    assert_int_equal(login_gate_rest_us(50 * MS, 51 * MS, 2), 0); /* two clocks */
    assert_int_equal(login_gate_rest_us(0, 0, 1), 0);
    uint64_t little = login_gate_rest_us(60 * MS, 50 * MS, 2);
    uint64_t half = login_gate_rest_us(100 * MS, 50 * MS, 2);
    uint64_t much = login_gate_rest_us(500 * MS, 50 * MS, 2);
    assert_true(0 < little && little < half && half < much);
    /* Both CPUs of two wanted by others: the hashings have an eighth of them at most. */
    assert_true(half >= 3 * 50 * MS && much >= 3 * 50 * MS);
    /* What hashes on more CPUs at once rests as much in all. */
    assert_int_equal(login_gate_rest_us(100 * MS, 50 * MS, 4), half / 2);
}

static struct login_gate gate;

static void set_rest(uint64_t until_us)
{
    pthread_mutex_lock(&gate.lock);
    gate.rest_until_us = until_us;
    pthread_mutex_unlock(&gate.lock);
}

/* Strangers who find the gate at rest are refused; those who return are not kept waiting. */
static void test_a_rest_is_for_strangers(void **state)
{
    (void)state;
    atomic_uint done = 0;
    assert_true(login_gate_init(&gate, 1, 1));
    set_rest(clock_now_us() + 3600000 * (uint64_t)MS);
    assert_false(login_gate_compute(&gate, LOGIN_STRANGER, do_nothing, &done));
    assert_true(login_gate_compute(&gate, LOGIN_RETURNING, do_nothing, &done));
    assert_int_equal(atomic_load(&done), 1);
    set_rest(0);
    assert_true(login_gate_compute(&gate, LOGIN_STRANGER, do_nothing, &done));
    assert_int_equal(atomic_load(&done), 2);
    login_gate_clear(&gate);
}

/* A short rest is waited for, where there are workers enough for it. */
static void test_a_short_rest_is_waited_for(void **state)
{
    (void)state;
    atomic_uint done = 0;
    assert_true(login_gate_init(&gate, 1, 2));
    uint64_t until_us = clock_now_us() + 100 * MS;
    set_rest(until_us);
    assert_true(login_gate_compute(&gate, LOGIN_STRANGER, do_nothing, &done));
    assert_true(clock_now_us() >= until_us);
    assert_int_equal(atomic_load(&done), 1);
    login_gate_clear(&gate);
}

/* --- who waits ----------------------------------------------------------------------------- */

struct caller {
    pthread_t thread;
    enum login_caller kind;
    sem_t *until; /* its hashing ends with it; NULL: at once */
    atomic_uint *turns;
    unsigned turn; /* from 1 on, in the order in which hashings began */
    bool got_in;
};

static void take_turn(void *context)
{
    struct caller *caller = context;
    caller->turn = atomic_fetch_add(caller->turns, 1) + 1;
    if (caller->until)
        sem_wait(caller->until);
}

static void *call(void *context)
{
    struct caller *caller = context;
    caller->got_in = login_gate_compute(&gate, caller->kind, take_turn, caller);
    return NULL;
}

static size_t count_of(const size_t *count)
{
    pthread_mutex_lock(&gate.lock);
    size_t value = *count;
    pthread_mutex_unlock(&gate.lock);
    return value;
}

/* False: it has waited in vain before we looked. */
static bool start(struct caller *caller, const size_t *count)
{
    pthread_create(&caller->thread, NULL, call, caller);
    for (int i = 0; i < 300 && count_of(count) == 0; i++)
        usleep(MS);
    return count_of(count) > 0;
}

enum { STRANGERS = 3, OVERTAKINGS = 5 };

/* False: it has waited in vain before we looked. */
static bool start_waiting(struct caller *caller, enum login_caller kind, size_t already)
{
    for (int i = 0; i < 300 && count_of(&gate.waiting[kind]) <= already; i++) {
        if (i == 0)
            pthread_create(&caller->thread, NULL, call, caller);
        usleep(MS);
    }
    return count_of(&gate.waiting[kind]) > already;
}

/* One hashes, strangers wait, then one who returns. True when all got in, as they do unless the
 * machine stands still for seconds. */
static bool try_overtaking(void)
{
    sem_t until;
    atomic_uint turns = 0;
    sem_init(&until, 0, 0);
    struct caller first = {.kind = LOGIN_STRANGER, .until = &until, .turns = &turns};
    struct caller strangers[STRANGERS];
    struct caller returning = {.kind = LOGIN_RETURNING, .turns = &turns};
    assert_true(login_gate_init(&gate, 1, 2 * (STRANGERS + 1)));
    start(&first, &gate.running[LOGIN_STRANGER]);
    bool is_whole = true;
    for (size_t i = 0; i < STRANGERS; i++) {
        strangers[i] = (struct caller){.kind = LOGIN_STRANGER, .turns = &turns};
        is_whole = start_waiting(&strangers[i], LOGIN_STRANGER, i) && is_whole;
    }
    is_whole = start_waiting(&returning, LOGIN_RETURNING, 0) && is_whole;
    is_whole = is_whole && count_of(&gate.waiting[LOGIN_STRANGER]) == STRANGERS;
    sem_post(&until);
    pthread_join(first.thread, NULL);
    pthread_join(returning.thread, NULL);
    for (size_t i = 0; i < STRANGERS; i++)
        pthread_join(strangers[i].thread, NULL);
    is_whole = is_whole && returning.got_in;
    if (is_whole)
        assert_int_equal(returning.turn, 2);
    login_gate_clear(&gate);
    sem_destroy(&until);
    return is_whole;
}

static void test_who_returns_overtakes_strangers(void **state)
{
    (void)state;
    int done = 0;
    for (int i = 0; i < TRIES && done < OVERTAKINGS; i++)
        done += try_overtaking();
    assert_int_equal(done, OVERTAKINGS);
}

/* Strangers hold half of the workers at most: the next one is sent away at once, while there is
 * still room for one who returns. */
static bool try_filling(void)
{
    sem_t until;
    atomic_uint turns = 0;
    sem_init(&until, 0, 0);
    struct caller first = {.kind = LOGIN_STRANGER, .until = &until, .turns = &turns};
    struct caller waiting = {.kind = LOGIN_STRANGER, .turns = &turns};
    struct caller refused = {.kind = LOGIN_STRANGER, .turns = &turns};
    struct caller returning = {.kind = LOGIN_RETURNING, .turns = &turns};
    assert_true(login_gate_init(&gate, 1, 4));
    start(&first, &gate.running[LOGIN_STRANGER]);
    bool is_full = start(&waiting, &gate.waiting[LOGIN_STRANGER]);
    if (is_full)
        call(&refused);
    is_full = is_full && count_of(&gate.waiting[LOGIN_STRANGER]) == 1;
    if (is_full)
        assert_false(refused.got_in);
    bool is_let_wait = start(&returning, &gate.waiting[LOGIN_RETURNING]);
    sem_post(&until);
    pthread_join(first.thread, NULL);
    pthread_join(waiting.thread, NULL);
    pthread_join(returning.thread, NULL);
    login_gate_clear(&gate);
    sem_destroy(&until);
    return is_full && is_let_wait && returning.got_in;
}

static void test_few_wait(void **state)
{
    (void)state;
    bool is_done = false;
    for (int i = 0; i < TRIES && !is_done; i++)
        is_done = try_filling();
    assert_true(is_done);
}

/* auth.max_hashing, whatever it is; standard: half the workers, no more than cores. */
static void test_bounds(void **state)
{
    (void)state;
    size_t cores = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
    static const size_t workers[] = {1, 2, 3, 4, 8, 64, 1000};
    for (size_t i = 0; i < sizeof(workers) / sizeof(workers[0]); i++) {
        assert_true(login_gate_init(&gate, 0, workers[i]));
        size_t strangers = gate.most_held[LOGIN_STRANGER];
        size_t all = gate.most_held[LOGIN_RETURNING];
        assert_in_range(gate.most_running, 1, cores);
        assert_true(workers[i] < 2 || gate.most_running <= strangers);
        assert_true(strangers < workers[i] && strangers <= all && all <= workers[i]);
        assert_true(workers[i] < 4 || all < workers[i]); /* logins never hold all */
        login_gate_clear(&gate);
    }
    assert_true(login_gate_init(&gate, 500, 8));
    assert_int_equal(gate.most_running, 500);
    assert_in_range(gate.cpus, 1, cores);
    login_gate_clear(&gate);
}

enum { CROWD = 16, ROUNDS = 200 };

static void *crowd_in(void *context)
{
    atomic_uint *done = context;
    for (unsigned i = 0; i < ROUNDS; i++)
        login_gate_compute(&gate, i % 2 ? LOGIN_RETURNING : LOGIN_STRANGER, do_nothing, done);
    return NULL;
}

/* For ThreadSanitizer; and nobody is forgotten in the crowd. */
static void test_a_crowd(void **state)
{
    (void)state;
    pthread_t threads[CROWD];
    atomic_uint done = 0;
    assert_true(login_gate_init(&gate, 3, 32));
    for (size_t i = 0; i < CROWD; i++)
        pthread_create(&threads[i], NULL, crowd_in, &done);
    for (size_t i = 0; i < CROWD; i++)
        pthread_join(threads[i], NULL);
    assert_true(atomic_load(&done) > 0);
    assert_int_equal(gate.running[LOGIN_STRANGER] + gate.running[LOGIN_RETURNING], 0);
    assert_int_equal(gate.waiting[LOGIN_STRANGER] + gate.waiting[LOGIN_RETURNING], 0);
    login_gate_clear(&gate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_rest_follows_what_was_waited),
        cmocka_unit_test(test_a_rest_is_for_strangers),
        cmocka_unit_test(test_a_short_rest_is_waited_for),
        cmocka_unit_test(test_who_returns_overtakes_strangers),
        cmocka_unit_test(test_few_wait),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_a_crowd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

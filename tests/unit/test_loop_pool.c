/*
 * Loops, hand-over and worker pool: design/architecture.md "The way of one request" (4 to 7) and
 * spec/operations.md "Failure behaviour" (queue bound, three quarters of the workers a table,
 * a client who has gone).
 */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "loop/pool.h"
#include "loop/pool_queue.h"

enum { POSTERS = 4, POSTS = 5000, STRESS_JOBS = 2000 };

/* --- loops --------------------------------------------------------------------------------- */

struct numbered {
    struct loop_item item;
    unsigned number;
    unsigned *last; /* the poster's highest number seen so far; the loop's own */
    atomic_uint *shared_seen;
};

static void see_number(struct loop_item *item)
{
    struct numbered *numbered = (struct numbered *)item;
    if (*numbered->last + 1 == numbered->number)
        atomic_fetch_add(numbered->shared_seen, 1);
    *numbered->last = numbered->number;
    free(numbered);
}

struct poster {
    struct loop *loop;
    unsigned last;
    atomic_uint *shared_seen;
    pthread_t thread;
};

static void *post_many(void *argument)
{
    struct poster *poster = argument;
    for (unsigned i = 1; i <= POSTS; i++) {
        struct numbered *numbered = malloc(sizeof(*numbered));
        *numbered = (struct numbered){
            .item = {.run = see_number},
            .number = i,
            .last = &poster->last,
            .shared_seen = poster->shared_seen,
        };
        loop_post(poster->loop, &numbered->item);
    }
    return NULL;
}

static void test_posts_arrive_once_and_in_order(void **state)
{
    (void)state;
    atomic_uint seen = 0;
    struct loop_hooks hooks = {0};
    struct loop_group *group = loop_group_create(2, &hooks);
    assert_non_null(group);
    assert_int_equal(loop_group_size(group), 2);
    assert_int_equal(loop_group_start(group), RESULT_OK);
    struct poster posters[POSTERS];
    for (size_t i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){.loop = loop_group_get(group, i % 2), .shared_seen = &seen};
        pthread_create(&posters[i].thread, NULL, post_many, &posters[i]);
    }
    for (size_t i = 0; i < POSTERS; i++)
        pthread_join(posters[i].thread, NULL);
    loop_group_drain(group, 1000);
    loop_group_destroy(group);
    assert_int_equal(atomic_load(&seen), POSTERS * POSTS);
}

struct hook_calls {
    atomic_uint starts, ticks, drains, stops;
    bool is_busy_at_start;
    uint64_t free_after_us; /* on_tick lets the loop go that long after the drain began */
    uint64_t drained_us;
};

static void note_start(struct loop *loop, void *context)
{
    struct hook_calls *calls = context;
    atomic_fetch_add(&calls->starts, 1);
    if (calls->is_busy_at_start)
        loop_set_busy(loop, true);
}

static void note_tick(struct loop *loop, void *context)
{
    struct hook_calls *calls = context;
    atomic_fetch_add(&calls->ticks, 1);
    if (!loop_is_draining(loop) || calls->free_after_us == 0)
        return;
    if (loop_now_us(loop) < calls->drained_us + calls->free_after_us)
        return;
    calls->free_after_us = 0;
    loop_set_busy(loop, false);
}

static void note_drain(struct loop *loop, void *context)
{
    struct hook_calls *calls = context;
    atomic_fetch_add(&calls->drains, 1);
    calls->drained_us = loop_now_us(loop);
}

static void note_stop(struct loop *loop, void *context)
{
    (void)loop;
    atomic_fetch_add(&((struct hook_calls *)context)->stops, 1);
}

static uint64_t drain_time_ms(struct hook_calls *calls, uint64_t drain_ms)
{
    struct loop_hooks hooks = {note_start, note_tick, note_drain, note_stop, calls};
    struct loop_group *group = loop_group_create(1, &hooks);
    assert_int_equal(loop_group_start(group), RESULT_OK);
    while (atomic_load(&calls->starts) == 0)
        usleep(1000);
    uint64_t begun_us = clock_now_us();
    loop_group_drain(group, drain_ms);
    uint64_t took_ms = (clock_now_us() - begun_us) / 1000;
    loop_group_destroy(group);
    assert_int_equal(atomic_load(&calls->drains), 1);
    assert_int_equal(atomic_load(&calls->stops), 1);
    return took_ms;
}

static void test_drain_of_an_idle_loop_is_at_once(void **state)
{
    (void)state;
    struct hook_calls calls = {0};
    assert_true(drain_time_ms(&calls, 5000) < 1000);
}

static void test_drain_waits_for_a_busy_loop(void **state)
{
    (void)state;
    struct hook_calls calls = {.is_busy_at_start = true, .free_after_us = 300000};
    uint64_t took_ms = drain_time_ms(&calls, 20000);
    assert_in_range(took_ms, 300, 5000);
    assert_true(atomic_load(&calls.ticks) >= 2);
}

static void test_drain_gives_up_after_its_time(void **state)
{
    (void)state;
    struct hook_calls calls = {.is_busy_at_start = true};
    assert_in_range(drain_time_ms(&calls, 400), 400, 5000);
}

/* --- the queue alone: no threads, so order is exact ----------------------------------------- */

static struct pool_queue make_queue(size_t workers, size_t limit)
{
    struct pool_queue queue;
    struct pool_options options = {.workers = workers, .queue = limit, .lanes = 3};
    assert_int_equal(pool_queue_init(&queue, &options), RESULT_OK);
    return queue;
}

static void test_lanes_are_served_in_turn(void **state)
{
    (void)state;
    struct pool_queue queue = make_queue(8, 100);
    struct pool_job jobs[5] = {{.lane = 0}, {.lane = 0}, {.lane = 0}, {.lane = 1}, {.lane = 2}};
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(pool_queue_push(&queue, &jobs[i]), RESULT_OK);
    const size_t order[] = {0, 3, 4, 1, 2};
    for (size_t i = 0; i < 5; i++)
        assert_ptr_equal(pool_queue_pop(&queue), &jobs[order[i]]);
    assert_null(pool_queue_pop(&queue));
    pool_queue_clear(&queue);
}

static void test_a_lane_holds_three_quarters_of_the_workers(void **state)
{
    (void)state;
    struct pool_queue queue = make_queue(4, 100);
    struct pool_job jobs[5] = {{.lane = 0}, {.lane = 0}, {.lane = 0}, {.lane = 0}, {.lane = 1}};
    for (size_t i = 0; i < 4; i++)
        pool_queue_push(&queue, &jobs[i]);
    for (size_t i = 0; i < 3; i++)
        assert_ptr_equal(pool_queue_pop(&queue), &jobs[i]);
    assert_null(pool_queue_pop(&queue));
    pool_queue_push(&queue, &jobs[4]);
    assert_ptr_equal(pool_queue_pop(&queue), &jobs[4]);
    assert_null(pool_queue_pop(&queue));
    pool_queue_finish(&queue, 0);
    assert_ptr_equal(pool_queue_pop(&queue), &jobs[3]);
    pool_queue_clear(&queue);
}

enum { WIDE = 0, NARROW = 1 }; /* lanes of make_narrow_queue */

static struct pool_queue make_narrow_queue(size_t workers, size_t limit)
{
    struct pool_queue queue;
    struct pool_options options = {
        .workers = workers, .queue = limit, .lanes = 2, .narrow_lanes = 1};
    assert_int_equal(pool_queue_init(&queue, &options), RESULT_OK);
    return queue;
}

static size_t push_many(struct pool_queue *queue, struct pool_job *jobs, size_t count,
                        uint32_t lane)
{
    size_t taken = 0;
    for (size_t i = 0; i < count; i++) {
        jobs[i] = (struct pool_job){.lane = lane};
        taken += pool_queue_push(queue, &jobs[i]) == RESULT_OK;
    }
    return taken;
}

static size_t pop_all(struct pool_queue *queue)
{
    size_t count = 0;
    while (pool_queue_pop(queue) != NULL)
        count++;
    return count;
}

/* loop/pool.h: a narrow lane holds at most half of the workers; the others are as they were. */
static void test_a_narrow_lane_holds_half_of_the_workers(void **state)
{
    (void)state;
    struct pool_queue queue = make_narrow_queue(8, 100);
    struct pool_job narrow[20];
    struct pool_job wide[20];
    assert_int_equal(push_many(&queue, narrow, 20, NARROW), 20);
    assert_int_equal(pop_all(&queue), 4);
    assert_int_equal(push_many(&queue, wide, 20, WIDE), 20);
    assert_int_equal(pop_all(&queue), 6);
    pool_queue_finish(&queue, NARROW);
    assert_ptr_equal(pool_queue_pop(&queue), &narrow[4]);
    assert_null(pool_queue_pop(&queue));
    pool_queue_clear(&queue);
}

/* And at most a quarter of the queue, so that what fills it fills it for nobody else. */
static void test_a_narrow_lane_holds_a_quarter_of_the_queue(void **state)
{
    (void)state;
    struct pool_queue queue = make_narrow_queue(8, 100);
    struct pool_job narrow[100];
    struct pool_job wide[100];
    struct pool_job last = {.lane = NARROW};
    assert_int_equal(push_many(&queue, narrow, 100, NARROW), 25);
    assert_int_equal(push_many(&queue, wide, 100, WIDE), 75);
    assert_int_equal(pool_queue_push(&queue, &last), RESULT_LIMIT);
    /* What is taken makes room, in its own lane. */
    assert_ptr_equal(pool_queue_pop(&queue), &narrow[0]);
    assert_int_equal(pool_queue_push(&queue, &last), RESULT_OK);
    pool_queue_clear(&queue);
}

/* A follower waits as its leader does, so it counts too. */
static void test_followers_count_in_a_narrow_lane(void **state)
{
    (void)state;
    struct pool_queue queue = make_narrow_queue(8, 8);
    struct pool_job jobs[3] = {{.lane = NARROW, .key = SLICE("a")},
                               {.lane = NARROW, .key = SLICE("a")},
                               {.lane = NARROW, .key = SLICE("a")}};
    assert_int_equal(pool_queue_push(&queue, &jobs[0]), RESULT_OK);
    assert_int_equal(pool_queue_push(&queue, &jobs[1]), RESULT_OK);
    assert_int_equal(pool_queue_push(&queue, &jobs[2]), RESULT_LIMIT);
    assert_ptr_equal(pool_queue_pop(&queue), &jobs[0]);
    assert_int_equal(pool_queue_push(&queue, &jobs[2]), RESULT_OK);
    pool_queue_clear(&queue);
}

/* However few workers and places there are, a narrow lane has one of each. */
static void test_a_narrow_lane_of_a_small_pool(void **state)
{
    (void)state;
    struct pool_queue queue = make_narrow_queue(1, 2);
    struct pool_job jobs[2];
    assert_int_equal(push_many(&queue, jobs, 2, NARROW), 1);
    assert_int_equal(pop_all(&queue), 1);
    pool_queue_clear(&queue);
}

static void test_a_full_queue_refuses(void **state)
{
    (void)state;
    struct pool_queue queue = make_queue(1, 2);
    struct pool_job first = {.key = SLICE("a")};
    struct pool_job follower = {.key = SLICE("a")};
    struct pool_job third = {.key = SLICE("b")};
    assert_int_equal(pool_queue_push(&queue, &first), RESULT_OK);
    assert_int_equal(pool_queue_push(&queue, &follower), RESULT_OK);
    assert_int_equal(pool_queue_push(&queue, &third), RESULT_LIMIT);
    assert_ptr_equal(pool_queue_pop(&queue), &first);
    assert_int_equal(pool_queue_push(&queue, &third), RESULT_OK);
    pool_queue_clear(&queue);
}

/* "A request that has begun to execute is never joined." */
static void test_only_queued_jobs_are_joined(void **state)
{
    (void)state;
    struct pool_queue queue = make_queue(4, 100);
    struct pool_job first = {.key = SLICE("a")};
    struct pool_job other = {.key = SLICE("b")};
    struct pool_job joined = {.key = SLICE("a")};
    struct pool_job late = {.key = SLICE("a")};
    pool_queue_push(&queue, &first);
    pool_queue_push(&queue, &other);
    pool_queue_push(&queue, &joined);
    assert_true(joined.was_joined);
    assert_false(other.was_joined);
    assert_ptr_equal(pool_queue_pop(&queue), &first);
    assert_ptr_equal(first.followers, &joined);
    pool_queue_push(&queue, &late);
    assert_false(late.was_joined);
    assert_ptr_equal(pool_queue_pop(&queue), &other);
    assert_ptr_equal(pool_queue_pop(&queue), &late);
    assert_int_equal(queue.count, 0);
    pool_queue_clear(&queue);
}

static void test_jobs_without_a_key_are_not_joined(void **state)
{
    (void)state;
    struct pool_queue queue = make_queue(4, 100);
    struct pool_job jobs[2] = {{.lane = 0}, {.lane = 0}};
    pool_queue_push(&queue, &jobs[0]);
    pool_queue_push(&queue, &jobs[1]);
    assert_ptr_equal(pool_queue_pop(&queue), &jobs[0]);
    assert_ptr_equal(pool_queue_pop(&queue), &jobs[1]);
    pool_queue_clear(&queue);
}

static size_t list_length(const struct pool_job *job)
{
    size_t length = 0;
    for (; job != NULL; job = job->next)
        length++;
    return length;
}

/* loop/pool.h: "jobs with the same group that wait one behind the other in a lane are taken
 * together"; at most POOL_MOST_GROUPED, in their order, and followers stay with their leaders. */
static void test_jobs_of_a_group_are_taken_together(void **state)
{
    (void)state;
    static const char group[2];
    struct pool_queue queue = make_queue(4, 100);
    struct pool_job jobs[12] = {{.group = NULL}};
    struct pool_job joined = {.group = &group[0], .key = SLICE("same")};
    for (size_t i = 0; i < 12; i++)
        jobs[i].group = i == 10 ? &group[1] : i == 11 ? NULL : &group[0];
    jobs[2].key = SLICE("same");
    for (size_t i = 0; i < 12; i++)
        pool_queue_push(&queue, &jobs[i]);
    pool_queue_push(&queue, &joined);
    assert_int_equal(queue.count, 13);

    struct pool_job *first = pool_queue_pop(&queue);
    assert_ptr_equal(first, &jobs[0]);
    assert_int_equal(list_length(first), POOL_MOST_GROUPED);
    assert_ptr_equal(first->next, &jobs[1]);
    assert_ptr_equal(jobs[2].followers, &joined);
    assert_int_equal(queue.lanes[0].running, 1);
    assert_int_equal(list_length(pool_queue_pop(&queue)), 2); /* what was left of it */
    assert_ptr_equal(pool_queue_pop(&queue), &jobs[10]);
    assert_int_equal(list_length(&jobs[10]), 1);
    pool_queue_finish(&queue, 0);
    assert_ptr_equal(pool_queue_pop(&queue), &jobs[11]);
    assert_int_equal(queue.count, 0);
    pool_queue_clear(&queue);
}

/* --- pool and loop together ------------------------------------------------------------------ */

struct shared_counts {
    atomic_uint runs, shares, dones, dropped, joined, wrong_thread;
    sem_t gate; /* gated jobs wait here */
    sem_t running;
};

struct test_job {
    struct pool_job job; /* first: cast back and forth */
    struct loop_item submit;
    struct pool *pool;
    struct shared_counts *counts;
    int question;
    int answer;
    bool is_gated;
};

static void run_job(struct pool_job *job, void *worker)
{
    struct test_job *test = (struct test_job *)job;
    (void)worker;
    atomic_fetch_add(&test->counts->runs, 1);
    sem_post(&test->counts->running);
    if (test->is_gated)
        sem_wait(&test->counts->gate);
    test->answer = test->question * 2;
}

static void share_job(struct pool_job *leader, struct pool_job *follower)
{
    atomic_fetch_add(&((struct test_job *)leader)->counts->shares, 1);
    ((struct test_job *)follower)->answer = ((struct test_job *)leader)->answer;
}

static void finish_job(struct pool_job *job)
{
    struct test_job *test = (struct test_job *)job;
    struct shared_counts *counts = test->counts;
    if (job->was_dropped)
        atomic_fetch_add(&counts->dropped, 1);
    else
        assert_int_equal(test->answer, test->question * 2);
    if (job->was_joined)
        atomic_fetch_add(&counts->joined, 1);
    free(test);
    atomic_fetch_add(&counts->dones, 1);
}

static struct test_job *make_job(struct pool *pool, struct loop *loop, struct shared_counts *counts,
                                 int question, struct slice key)
{
    struct test_job *test = calloc(1, sizeof(*test));
    test->job = (struct pool_job){
        .run = run_job, .share = share_job, .done = finish_job, .loop = loop, .key = key};
    test->pool = pool;
    test->counts = counts;
    test->question = question;
    return test;
}

static void wait_for(atomic_uint *value, unsigned wanted)
{
    for (int i = 0; i < 10000 && atomic_load(value) < wanted; i++)
        usleep(1000);
    assert_int_equal(atomic_load(value), wanted);
}

struct fixture {
    struct shared_counts counts;
    struct loop_group *group;
    struct loop *loop;
    struct pool *pool;
};

static void *share_counts(void *counts, size_t index)
{
    (void)index;
    return counts;
}

/* What a worker waits for fails at once when the pool ends: here, the gate opens. */
static void open_gate(void *counts)
{
    sem_post(&((struct shared_counts *)counts)->gate);
}

static void begin(struct fixture *fixture, size_t workers)
{
    *fixture = (struct fixture){0};
    sem_init(&fixture->counts.gate, 0, 0);
    sem_init(&fixture->counts.running, 0, 0);
    struct loop_hooks hooks = {0};
    fixture->group = loop_group_create(1, &hooks);
    assert_int_equal(loop_group_start(fixture->group), RESULT_OK);
    fixture->loop = loop_group_get(fixture->group, 0);
    struct pool_options options = {
        .workers = workers,
        .queue = STRESS_JOBS * 2,
        .lanes = 8,
        .hooks = {.init = share_counts, .interrupt = open_gate, .context = &fixture->counts},
    };
    fixture->pool = pool_create(&options);
    assert_non_null(fixture->pool);
}

static void end(struct fixture *fixture)
{
    loop_group_drain(fixture->group, 1000);
    pool_destroy(fixture->pool);
    loop_group_destroy(fixture->group);
}

static struct test_job *submit(struct fixture *fixture, int question, struct slice key)
{
    struct test_job *test = make_job(fixture->pool, fixture->loop, &fixture->counts, question, key);
    assert_int_equal(pool_submit(fixture->pool, &test->job), RESULT_OK);
    return test;
}

/* Occupies the only worker until the gate opens. */
static void block_worker(struct fixture *fixture)
{
    struct test_job *test =
        make_job(fixture->pool, fixture->loop, &fixture->counts, 1, SLICE("blocker"));
    test->is_gated = true;
    assert_int_equal(pool_submit(fixture->pool, &test->job), RESULT_OK);
    sem_wait(&fixture->counts.running);
}

static void test_equal_queued_jobs_run_once(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, 1);
    block_worker(&fixture);
    for (int i = 0; i < 3; i++)
        submit(&fixture, 21, SLICE("same"));
    sem_post(&fixture.counts.gate);
    wait_for(&fixture.counts.dones, 4);
    assert_int_equal(atomic_load(&fixture.counts.runs), 2);
    assert_int_equal(atomic_load(&fixture.counts.shares), 2);
    assert_int_equal(atomic_load(&fixture.counts.joined), 2);
    end(&fixture);
}

/* operations.md: "client gone mid-request: its query is dropped if queued". */
static void test_abandoned_jobs_are_dropped(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, 1);
    block_worker(&fixture);
    struct test_job *all_gone_1 = submit(&fixture, 1, SLICE("all gone"));
    struct test_job *all_gone_2 = submit(&fixture, 1, SLICE("all gone"));
    struct test_job *one_gone = submit(&fixture, 2, SLICE("one gone"));
    submit(&fixture, 2, SLICE("one gone"));
    atomic_store(&all_gone_1->job.is_abandoned, true);
    atomic_store(&all_gone_2->job.is_abandoned, true);
    atomic_store(&one_gone->job.is_abandoned, true);
    sem_post(&fixture.counts.gate);
    wait_for(&fixture.counts.dones, 5);
    assert_int_equal(atomic_load(&fixture.counts.dropped), 2);
    assert_int_equal(atomic_load(&fixture.counts.runs), 2);
    end(&fixture);
}

static void test_destroy_drops_what_is_queued(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, 1);
    block_worker(&fixture);
    for (int i = 0; i < 10; i++)
        submit(&fixture, i, SLICE(""));
    loop_group_drain(fixture.group, 0);
    pool_destroy(fixture.pool); /* opens the gate by its interrupt hook */
    assert_int_equal(atomic_load(&fixture.counts.runs), 1); /* the one that was at work */
    assert_int_equal(atomic_load(&fixture.counts.dones), 0);
    loop_group_destroy(fixture.group); /* the loop's thread is gone: their done() is called here */
    assert_int_equal(atomic_load(&fixture.counts.dones), 11);
}

static void submit_on_loop(struct loop_item *item)
{
    struct test_job *test = (struct test_job *)((char *)item - offsetof(struct test_job, submit));
    assert_int_equal(pool_submit(test->pool, &test->job), RESULT_OK);
}

static void test_many_jobs_of_many_lanes(void **state)
{
    (void)state;
    static const char *const keys[] = {"a", "b", "c", "d", "e", "f", "g"};
    struct fixture fixture;
    begin(&fixture, 4);
    for (int i = 0; i < STRESS_JOBS; i++) {
        int question = i % 14;
        struct slice key = question < 7 ? slice_from(keys[question]) : SLICE("");
        struct test_job *test =
            make_job(fixture.pool, fixture.loop, &fixture.counts, question, key);
        test->job.lane = (uint32_t)question;
        test->submit.run = submit_on_loop;
        loop_post(fixture.loop, &test->submit);
    }
    wait_for(&fixture.counts.dones, STRESS_JOBS);
    assert_int_equal(atomic_load(&fixture.counts.runs) + atomic_load(&fixture.counts.joined),
                     STRESS_JOBS);
    end(&fixture);
}

static atomic_uint shared_inits, shared_finis, shared_idles;

static void *make_context(void *context, size_t index)
{
    (void)index;
    atomic_fetch_add(&shared_inits, 1);
    return context;
}

static void end_context(void *worker)
{
    (void)worker;
    atomic_fetch_add(&shared_finis, 1);
}

static void note_idle(void *worker)
{
    (void)worker;
    atomic_fetch_add(&shared_idles, 1);
}

static void test_worker_hooks(void **state)
{
    (void)state;
    int context = 0;
    struct pool_options options = {
        .workers = 3,
        .queue = 1,
        .lanes = 1,
        .hooks = {make_context, end_context, NULL, note_idle, &context},
    };
    struct pool *pool = pool_create(&options);
    for (int i = 0; i < 5000 && atomic_load(&shared_idles) < 3; i++)
        usleep(1000);
    assert_true(atomic_load(&shared_idles) >= 3);
    pool_destroy(pool);
    assert_int_equal(atomic_load(&shared_inits), 3);
    assert_int_equal(atomic_load(&shared_finis), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_posts_arrive_once_and_in_order),
        cmocka_unit_test(test_drain_of_an_idle_loop_is_at_once),
        cmocka_unit_test(test_drain_waits_for_a_busy_loop),
        cmocka_unit_test(test_drain_gives_up_after_its_time),
        cmocka_unit_test(test_lanes_are_served_in_turn),
        cmocka_unit_test(test_a_lane_holds_three_quarters_of_the_workers),
        cmocka_unit_test(test_a_narrow_lane_holds_half_of_the_workers),
        cmocka_unit_test(test_a_narrow_lane_holds_a_quarter_of_the_queue),
        cmocka_unit_test(test_followers_count_in_a_narrow_lane),
        cmocka_unit_test(test_a_narrow_lane_of_a_small_pool),
        cmocka_unit_test(test_a_full_queue_refuses),
        cmocka_unit_test(test_only_queued_jobs_are_joined),
        cmocka_unit_test(test_jobs_of_a_group_are_taken_together),
        cmocka_unit_test(test_jobs_without_a_key_are_not_joined),
        cmocka_unit_test(test_equal_queued_jobs_run_once),
        cmocka_unit_test(test_abandoned_jobs_are_dropped),
        cmocka_unit_test(test_destroy_drops_what_is_queued),
        cmocka_unit_test(test_many_jobs_of_many_lanes),
        cmocka_unit_test(test_worker_hooks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

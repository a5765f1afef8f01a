/*
 * The bounded pool of database workers, and the hand-over.
 *
 *   loop --pool_submit--> [lane queues, bounded] --> worker: run() --loop_post--> loop: done()
 *
 * A job belongs to its submitter until pool_submit returned RESULT_OK, then to the pool until
 * done() is called on the submitter's loop. done() is called exactly once for each job submitted.
 *
 * Single flight: a job with a key joins a queued job of the same key (never one that has begun to
 * execute, so an answer is never older than its question). Only the leader runs; share() then
 * hands its result to each follower, on the worker, before any done() is posted.
 *
 * Groups: jobs with the same group that wait one behind the other in a lane are taken together, by
 * one worker, in one run_group: many small questions to the database become one. A group is never
 * waited for: a worker takes what is there.
 *
 * A lane (one a table) may hold at most three quarters of the workers, a narrow one at most half,
 * and a quarter of the queue, so that one slow table does not stop the others. Lanes are served in
 * turn, jobs of a lane in order.
 */
#ifndef PORTCULLIS_LOOP_POOL_H
#define PORTCULLIS_LOOP_POOL_H

#include <stdatomic.h>

#include "loop/loop.h"

enum { POOL_MOST_GROUPED = 8 };

struct pool_job {
    /* Filled in by the submitter. */
    void (*run)(struct pool_job *job, void *worker); /* on a worker; not called for followers */
    /* On a worker, instead of run, for at least two jobs of a group, linked by next; NULL: never
     * grouped. */
    void (*run_group)(struct pool_job *first, void *worker);
    const void *group; /* compared, never looked into; NULL: alone */
    /* On the worker, after run: follower takes its part of leader's result (a reference). */
    void (*share)(struct pool_job *leader, struct pool_job *follower);
    void (*done)(struct pool_job *job); /* on loop */
    struct loop *loop;
    uint32_t lane;    /* 0 .. lanes - 1 */
    struct slice key; /* empty: never joined. Must stay until done() */
    /* Set by the submitter's loop when its client has gone; a job all of whose sharers have gone
     * is not run (was_dropped). */
    atomic_bool is_abandoned;

    /* Filled in by the pool, for done() to read. */
    bool was_joined;    /* another job ran in its place */
    bool was_dropped;   /* neither run() nor share() was called: every sharer had gone */
    uint64_t queued_us; /* how long it waited */

    /* The pool's own. */
    struct loop_item item;
    struct pool_job *next;
    struct pool_job *followers;
    struct pool_job *next_follower;
    struct pool_job *next_equal; /* hash chain of queued keys */
    uint64_t key_hash;
    uint64_t submitted_us;
};

/* Worker contexts are opaque to the pool: one a thread, made and ended on that thread. */
struct pool_worker_hooks {
    void *(*init)(void *context, size_t index);
    void (*fini)(void *worker);
    /* Called from pool_destroy's thread while the worker may be at work: what it waits for should
     * fail at once. NULL: it is waited for. */
    void (*interrupt)(void *worker);
    /* Called on a worker about once a second while it is idle: keeps its connection fresh. */
    void (*idle)(void *worker);
    void *context;
};

struct pool_options {
    size_t workers;
    size_t queue; /* most jobs waiting; a follower counts too */
    size_t lanes;
    size_t narrow_lanes; /* the last ones of them */
    struct pool_worker_hooks hooks;
};

struct pool;

struct pool *pool_create(const struct pool_options *options);
/* Loop thread. RESULT_OK, or RESULT_LIMIT when the queue is full (the job stays the caller's). */
enum result pool_submit(struct pool *pool, struct pool_job *job);
/* After the loops have ended: drops what is queued, then ends and joins the workers. */
void pool_destroy(struct pool *pool);

#endif

/*
 * What waits for a worker: the pool's lanes and its table of joinable keys. Knows no threads; the
 * pool calls everything here under its lock. Jobs are borrowed.
 *
 *   submit --push--> lane (in order) --pop--> worker --finish--> lane may give its next
 *
 * A lane stands in the ready list while it has a job and may hold another worker, so finding the
 * next job costs the same however many lanes there are.
 */
#ifndef PORTCULLIS_LOOP_POOL_QUEUE_H
#define PORTCULLIS_LOOP_POOL_QUEUE_H

#include "loop/pool.h"

struct pool_lane {
    struct pool_job *first; /* linked by next */
    struct pool_job *last;
    size_t running; /* workers in this lane */
    size_t most_running;
    size_t count; /* jobs waiting here, followers too */
    size_t most;
    struct pool_lane *next_ready;
    bool is_ready; /* in the ready list */
};

struct pool_queue {
    struct pool_lane *lanes; /* owned */
    size_t lane_count;
    struct pool_lane *ready_first;
    struct pool_lane *ready_last;
    struct pool_job **buckets; /* owned; joinable leaders by key, linked by next_equal */
    size_t bucket_mask;
    size_t count; /* jobs waiting, followers too */
    size_t limit; /* most of them */
};

enum result pool_queue_init(struct pool_queue *queue, const struct pool_options *options);
void pool_queue_clear(struct pool_queue *queue);
/* RESULT_LIMIT when it is full. A job whose key is queued already becomes a follower. */
enum result pool_queue_push(struct pool_queue *queue, struct pool_job *job);
/* The next job that may run, no longer joinable; with it, linked by next, those of its group that
 * wait right behind it. NULL when there is none. */
struct pool_job *pool_queue_pop(struct pool_queue *queue);
/* A worker has left the lane that pop sent it to. */
void pool_queue_finish(struct pool_queue *queue, uint32_t lane);

static inline bool pool_queue_has_ready(const struct pool_queue *queue)
{
    return queue->ready_first != NULL;
}

#endif

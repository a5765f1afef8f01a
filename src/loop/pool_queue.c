#include "loop/pool_queue.h"

#include <stdlib.h>

enum { LEAST_BUCKETS = 64 };

static size_t at_least_one(size_t count)
{
    return count ? count : 1;
}

static size_t bucket_count(size_t limit)
{
    size_t count = LEAST_BUCKETS;
    while (count < limit)
        count *= 2;
    return count;
}

enum result pool_queue_init(struct pool_queue *queue, const struct pool_options *options)
{
    size_t buckets = bucket_count(options->queue);
    size_t wide_lanes = options->lanes - options->narrow_lanes;
    *queue = (struct pool_queue){
        .lanes = calloc(options->lanes, sizeof(*queue->lanes)),
        .lane_count = options->lanes,
        .buckets = calloc(buckets, sizeof(struct pool_job *)),
        .bucket_mask = buckets - 1,
        .limit = options->queue,
    };
    for (size_t i = 0; queue->lanes != NULL && i < options->lanes; i++) {
        struct pool_lane *lane = &queue->lanes[i];
        bool is_wide = i < wide_lanes;
        lane->most_running =
            at_least_one(is_wide ? options->workers * 3 / 4 : options->workers / 2);
        lane->most = is_wide ? options->queue : at_least_one(options->queue / 4);
    }
    if (queue->lanes != NULL && queue->buckets != NULL)
        return RESULT_OK;
    pool_queue_clear(queue);
    return RESULT_NO_MEMORY;
}

void pool_queue_clear(struct pool_queue *queue)
{
    free(queue->lanes);
    free(queue->buckets);
    *queue = (struct pool_queue){0};
}

/* FNV-1a. Keys are partly the client's, but a chain is never longer than the queue's bound. */
static uint64_t hash_key(struct slice key)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < key.size; i++)
        hash = (hash ^ (unsigned char)key.data[i]) * 1099511628211u;
    return hash ^ (hash >> 32);
}

static struct pool_job *find_leader(struct pool_queue *queue, const struct pool_job *job)
{
    struct pool_job *leader = queue->buckets[job->key_hash & queue->bucket_mask];
    while (leader != NULL && !slice_equal(leader->key, job->key))
        leader = leader->next_equal;
    return leader;
}

static void add_leader(struct pool_queue *queue, struct pool_job *job)
{
    struct pool_job **bucket = &queue->buckets[job->key_hash & queue->bucket_mask];
    job->next_equal = *bucket;
    *bucket = job;
}

static void remove_leader(struct pool_queue *queue, struct pool_job *job)
{
    struct pool_job **link = &queue->buckets[job->key_hash & queue->bucket_mask];
    while (*link != job)
        link = &(*link)->next_equal;
    *link = job->next_equal;
}

/* A lane that got a job or lost a worker may have become ready: it goes to the end of the list. */
static void offer_lane(struct pool_queue *queue, struct pool_lane *lane)
{
    if (lane->is_ready || lane->first == NULL || lane->running >= lane->most_running)
        return;
    lane->is_ready = true;
    lane->next_ready = NULL;
    if (queue->ready_first == NULL)
        queue->ready_first = lane;
    else
        queue->ready_last->next_ready = lane;
    queue->ready_last = lane;
}

static void append_job(struct pool_lane *lane, struct pool_job *job)
{
    job->next = NULL;
    if (lane->first == NULL)
        lane->first = job;
    else
        lane->last->next = job;
    lane->last = job;
}

static bool join_leader(struct pool_queue *queue, struct pool_job *job)
{
    if (job->key.size == 0)
        return false;
    job->key_hash = hash_key(job->key);
    struct pool_job *leader = find_leader(queue, job);
    if (leader == NULL) {
        add_leader(queue, job);
        return false;
    }
    job->was_joined = true;
    job->next_follower = leader->followers;
    leader->followers = job;
    return true;
}

enum result pool_queue_push(struct pool_queue *queue, struct pool_job *job)
{
    struct pool_lane *lane = &queue->lanes[job->lane % queue->lane_count];
    if (queue->count >= queue->limit || lane->count >= lane->most)
        return RESULT_LIMIT;
    queue->count++;
    lane->count++;
    job->followers = NULL;
    job->was_joined = false;
    job->was_dropped = false;
    if (join_leader(queue, job))
        return RESULT_OK;
    append_job(lane, job);
    offer_lane(queue, lane);
    return RESULT_OK;
}

static size_t count_sharers(const struct pool_job *leader)
{
    size_t count = 1;
    for (const struct pool_job *job = leader->followers; job != NULL; job = job->next_follower)
        count++;
    return count;
}

static struct pool_job *take_first(struct pool_queue *queue, struct pool_lane *lane)
{
    struct pool_job *job = lane->first;
    lane->first = job->next;
    if (job->key.size != 0)
        remove_leader(queue, job);
    size_t sharers = count_sharers(job);
    queue->count -= sharers;
    lane->count -= sharers;
    return job;
}

static bool belongs_to(const struct pool_job *first, const struct pool_job *job)
{
    return job != NULL && first->group != NULL && job->group == first->group;
}

struct pool_job *pool_queue_pop(struct pool_queue *queue)
{
    struct pool_lane *lane = queue->ready_first;
    if (lane == NULL)
        return NULL;
    queue->ready_first = lane->next_ready;
    lane->is_ready = false;

    struct pool_job *first = take_first(queue, lane);
    struct pool_job *last = first;
    for (int count = 1; count < POOL_MOST_GROUPED && belongs_to(first, lane->first); count++) {
        last->next = take_first(queue, lane);
        last = last->next;
    }
    last->next = NULL;
    lane->running++;
    offer_lane(queue, lane);
    return first;
}

void pool_queue_finish(struct pool_queue *queue, uint32_t lane_index)
{
    struct pool_lane *lane = &queue->lanes[lane_index % queue->lane_count];
    lane->running--;
    offer_lane(queue, lane);
}

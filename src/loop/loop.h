/*
 * Event-loop threads over libuv. Each has its own listeners (SO_REUSEPORT) and its own
 * connections; a connection never changes its loop.
 *
 * Other threads reach a loop in one way only: loop_post, which hands over an item whole. A batch
 * of posts costs one wake-up.
 */
#ifndef PORTCULLIS_LOOP_LOOP_H
#define PORTCULLIS_LOOP_LOOP_H

#include <uv.h>

#include "base/result.h"
#include "base/slice.h"

struct loop;

/* What is handed to a loop. Embedded in its owner's struct; in at most one inbox at a time. */
struct loop_item {
    struct loop_item *next;
    void (*run)(struct loop_item *item); /* called on the loop's thread */
};

/* A function that every loop calls on its own thread. */
struct loop_hooks {
    void (*on_start)(struct loop *loop, void *context); /* before the first event */
    void (*on_tick)(struct loop *loop, void *context);  /* about every 100 ms: the janitor */
    void (*on_drain)(struct loop *loop, void *context); /* stop accepting, finish what is open */
    void (*on_stop)(struct loop *loop, void *context);  /* close all handles now */
    void *context;
};

struct loop_group; /* the loop threads of the process */

/* count threads, created but not running. NULL on failure, logged. */
struct loop_group *loop_group_create(size_t count, const struct loop_hooks *hooks);
enum result loop_group_start(struct loop_group *group);
/* Asks every loop to drain, then to stop after at most drain_ms; returns when all threads ended.
 * A loop counts as drained when nobody holds it busy (loop_set_busy). */
void loop_group_drain(struct loop_group *group, uint64_t drain_ms);
/* Nobody may post any more: end the pool first. What workers posted after the threads had ended
 * is run here, on the calling thread, so that its owners can free it. Drains if that was not done.
 */
void loop_group_destroy(struct loop_group *group);
size_t loop_group_size(const struct loop_group *group);
struct loop *loop_group_get(struct loop_group *group, size_t index);

/* Any thread. item->run will be called on the loop's thread, in order of posting. */
void loop_post(struct loop *loop, struct loop_item *item);

/* The rest: the loop's own thread only. */
uv_loop_t *loop_uv(struct loop *loop);
size_t loop_index(const struct loop *loop);
/* The owner's per-loop data, set in on_start. */
void loop_set_data(struct loop *loop, void *data);
void *loop_data(const struct loop *loop);
/* Monotonic microseconds; no system call. */
uint64_t loop_now_us(const struct loop *loop);
/* The lag that lasts, in microseconds: the lesser of the last two ticks' lateness. */
uint64_t loop_lag_us(const struct loop *loop);
/* Holds a draining loop open, or lets it go. Counted, since several servers share a loop: each
 * true is matched by one false. */
void loop_set_busy(struct loop *loop, bool is_busy);
bool loop_is_draining(const struct loop *loop);

#endif

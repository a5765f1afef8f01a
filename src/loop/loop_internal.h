/* One loop thread as loop.c and group.c see it. */
#ifndef PORTCULLIS_LOOP_LOOP_INTERNAL_H
#define PORTCULLIS_LOOP_LOOP_INTERNAL_H

#include <stdatomic.h>

#include "loop/loop.h"

struct loop {
    /* Shared with other threads. */
    _Atomic(struct loop_item *) shared_inbox; /* newest first; loop_post pushes, wake takes all */
    atomic_bool shared_should_drain;          /* set once by loop_group_drain */
    atomic_uint_fast64_t shared_lag_us;       /* written by the loop, read by loop 0's tick */
    uv_async_t wake; /* uv_async_send is the one call any thread may make */

    /* The loop's own. */
    uv_loop_t uv;
    uv_timer_t tick;
    size_t index;
    struct loop_group *group; /* borrowed */
    void *data;               /* the owner's */
    size_t busy_count;        /* loop_set_busy(true) not yet taken back */
    uint64_t tick_due_us;
    uint64_t last_late_us;   /* how late the last tick was */
    uint64_t lasting_lag_us; /* the lesser of the last two */
    uint64_t drain_until_us; /* 0 while not draining */
    bool has_stopped;        /* on_stop was called */
};

/* How late a tick may come before it counts is set by the caller; the tick itself is fixed. */
enum { LOOP_TICK_MS = 100 };

enum result loop_init(struct loop *loop, struct loop_group *group, size_t index);
/* Runs what was posted; false: nothing was. The loop's thread, or whoever ends it. */
bool loop_run_inbox(struct loop *loop);
/* No thread may run the loop or post to it any more; its inbox is empty. */
void loop_clear(struct loop *loop);
/* The thread's body: returns when every handle was closed. */
void loop_run(struct loop *loop);

const struct loop_hooks *loop_group_hooks(const struct loop_group *group);
uint64_t loop_group_drain_ms(const struct loop_group *group);
/* The worst lag of all the loops. */
uint64_t loop_group_lag_us(const struct loop_group *group);

#endif

/*
 * One event-loop thread.
 *
 *   any thread --loop_post--> shared_inbox (a stack) --one uv_async_send--> wake: run in order
 *
 * The inbox is a lock-free stack: a poster that finds it empty sends the one wake-up, the others
 * only push; the loop takes the whole stack and turns it round.
 */
#include "loop/loop_internal.h"

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"

enum { TICK_US = LOOP_TICK_MS * 1000 };

void loop_post(struct loop *loop, struct loop_item *item)
{
    struct loop_item *first = atomic_load_explicit(&loop->shared_inbox, memory_order_relaxed);
    do {
        item->next = first;
    } while (!atomic_compare_exchange_weak_explicit(&loop->shared_inbox, &first, item,
                                                    memory_order_release, memory_order_relaxed));
    if (first == NULL)
        uv_async_send(&loop->wake);
}

static struct loop_item *take_inbox(struct loop *loop)
{
    struct loop_item *newest =
        atomic_exchange_explicit(&loop->shared_inbox, NULL, memory_order_acquire);
    struct loop_item *oldest = NULL;
    while (newest != NULL) {
        struct loop_item *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

bool loop_run_inbox(struct loop *loop)
{
    struct loop_item *item = take_inbox(loop);
    bool has_run = item != NULL;
    while (item != NULL) {
        struct loop_item *next = item->next; /* run may free the item */
        item->run(item);
        item = next;
    }
    return has_run;
}

static void begin_drain(struct loop *loop)
{
    const struct loop_hooks *hooks = loop_group_hooks(loop->group);
    loop->drain_until_us = clock_now_us() + loop_group_drain_ms(loop->group) * 1000 + 1;
    if (hooks->on_drain != NULL)
        hooks->on_drain(loop, hooks->context);
}

/* The wake handle stays open, since workers may still post; it only stops holding the loop. */
static void stop(struct loop *loop)
{
    const struct loop_hooks *hooks = loop_group_hooks(loop->group);
    loop->has_stopped = true;
    if (hooks->on_stop != NULL)
        hooks->on_stop(loop, hooks->context);
    uv_close((uv_handle_t *)&loop->tick, NULL);
    uv_unref((uv_handle_t *)&loop->wake);
}

static void advance_drain(struct loop *loop)
{
    if (loop->has_stopped || !atomic_load(&loop->shared_should_drain))
        return;
    if (loop->drain_until_us == 0)
        begin_drain(loop);
    if (loop->busy_count == 0 || clock_now_us() >= loop->drain_until_us)
        stop(loop);
}

static void on_wake(uv_async_t *wake)
{
    struct loop *loop = wake->data;
    loop_run_inbox(loop);
    advance_drain(loop);
}

/* For the metric a spike is remembered for a few ticks, halved at each. For shedding only what
 * lasts counts: a stall of the whole machine is over by the time it is measured, and refusing what
 * has gathered meanwhile would make it worse. */
static void measure_lag(struct loop *loop)
{
    uint64_t now_us = clock_now_us();
    uint64_t late_us = now_us > loop->tick_due_us ? now_us - loop->tick_due_us : 0;
    uint64_t old_us = atomic_load_explicit(&loop->shared_lag_us, memory_order_relaxed) / 2;
    atomic_store_explicit(&loop->shared_lag_us, late_us > old_us ? late_us : old_us,
                          memory_order_relaxed);
    loop->lasting_lag_us = late_us < loop->last_late_us ? late_us : loop->last_late_us;
    loop->last_late_us = late_us;
    loop->tick_due_us = now_us + TICK_US;
}

static void on_tick(uv_timer_t *tick)
{
    struct loop *loop = tick->data;
    const struct loop_hooks *hooks = loop_group_hooks(loop->group);
    measure_lag(loop);
    if (loop->index == 0)
        metric_set(METRIC_LOOP_LAG_US, (int64_t)loop_group_lag_us(loop->group));
    if (hooks->on_tick != NULL)
        hooks->on_tick(loop, hooks->context);
    advance_drain(loop);
}

enum result loop_init(struct loop *loop, struct loop_group *group, size_t index)
{
    *loop = (struct loop){.group = group, .index = index};
    int error = uv_loop_init(&loop->uv);
    if (error != 0) {
        log_error("loop", "cannot make event loop %zu: %s", index, uv_strerror(error));
        return RESULT_FAILED;
    }
    error = uv_async_init(&loop->uv, &loop->wake, on_wake);
    if (error != 0) {
        log_error("loop", "cannot make the wake-up of loop %zu: %s", index, uv_strerror(error));
        uv_loop_close(&loop->uv);
        return RESULT_FAILED;
    }
    uv_timer_init(&loop->uv, &loop->tick);
    loop->wake.data = loop;
    loop->tick.data = loop;
    return RESULT_OK;
}

void loop_run(struct loop *loop)
{
    const struct loop_hooks *hooks = loop_group_hooks(loop->group);
    if (hooks->on_start != NULL)
        hooks->on_start(loop, hooks->context);
    uv_update_time(&loop->uv);
    loop->tick_due_us = clock_now_us() + TICK_US;
    uv_timer_start(&loop->tick, on_tick, LOOP_TICK_MS, LOOP_TICK_MS);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_clear(struct loop *loop)
{
    if (!uv_is_closing((uv_handle_t *)&loop->wake))
        uv_close((uv_handle_t *)&loop->wake, NULL);
    if (!uv_is_closing((uv_handle_t *)&loop->tick))
        uv_close((uv_handle_t *)&loop->tick, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    if (uv_loop_close(&loop->uv) != 0)
        log_error("loop", "loop %zu still has open handles", loop->index);
}

uv_loop_t *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

size_t loop_index(const struct loop *loop)
{
    return loop->index;
}

void loop_set_data(struct loop *loop, void *data)
{
    loop->data = data;
}

void *loop_data(const struct loop *loop)
{
    return loop->data;
}

uint64_t loop_now_us(const struct loop *loop)
{
    (void)loop;
    return clock_now_us();
}

uint64_t loop_lag_us(const struct loop *loop)
{
    return loop->lasting_lag_us;
}

void loop_set_busy(struct loop *loop, bool is_busy)
{
    if (is_busy) {
        loop->busy_count++;
        return;
    }
    loop->busy_count--;
    if (loop->busy_count == 0 && loop_is_draining(loop))
        uv_async_send(&loop->wake); /* stop from the top of a turn, not from inside a callback */
}

bool loop_is_draining(const struct loop *loop)
{
    return loop->drain_until_us != 0;
}

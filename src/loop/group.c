/* The loop threads of the process: made, started, drained and ended together. */
#include <stdio.h>
#include <stdlib.h>

#include "loop/loop_internal.h"
#include "observe/log.h"

struct loop_group {
    struct loop_hooks hooks;
    size_t count;      /* loops initialised */
    size_t running;    /* threads started and not yet joined */
    uint64_t drain_ms; /* written before shared_should_drain is set */
    pthread_t *threads;
    struct loop *loops;
};

static struct loop_group *group_alloc(size_t count)
{
    struct loop_group *group = calloc(1, sizeof(*group));
    if (group == NULL)
        return NULL;
    group->threads = calloc(count, sizeof(*group->threads));
    group->loops = calloc(count, sizeof(*group->loops));
    if (group->threads == NULL || group->loops == NULL) {
        free(group->threads);
        free(group->loops);
        free(group);
        return NULL;
    }
    return group;
}

struct loop_group *loop_group_create(size_t count, const struct loop_hooks *hooks)
{
    struct loop_group *group = group_alloc(count);
    if (group == NULL) {
        log_error("loop", "no memory for %zu event loops", count);
        return NULL;
    }
    group->hooks = *hooks;
    for (; group->count < count; group->count++) {
        if (loop_init(&group->loops[group->count], group, group->count) != RESULT_OK) {
            loop_group_destroy(group);
            return NULL;
        }
    }
    return group;
}

static void *thread_main(void *argument)
{
    struct loop *loop = argument;
    char name[16];
    snprintf(name, sizeof(name), "loop-%u", (unsigned)loop_index(loop) % 1000);
    pthread_setname_np(pthread_self(), name);
    loop_run(loop);
    return NULL;
}

enum result loop_group_start(struct loop_group *group)
{
    for (size_t i = 0; i < group->count; i++) {
        int error = pthread_create(&group->threads[i], NULL, thread_main, &group->loops[i]);
        if (error != 0) {
            log_error("loop", "cannot start the thread of loop %zu: %s", i, uv_strerror(-error));
            loop_group_drain(group, 0);
            return RESULT_FAILED;
        }
        group->running++;
    }
    return RESULT_OK;
}

void loop_group_drain(struct loop_group *group, uint64_t drain_ms)
{
    group->drain_ms = drain_ms;
    for (size_t i = 0; i < group->running; i++) {
        atomic_store(&group->loops[i].shared_should_drain, true);
        uv_async_send(&group->loops[i].wake);
    }
    for (size_t i = 0; i < group->running; i++)
        pthread_join(group->threads[i], NULL);
    group->running = 0;
}

/* What is run may post to another loop. */
static void run_rest(struct loop_group *group)
{
    bool has_run = true;
    while (has_run) {
        has_run = false;
        for (size_t i = 0; i < group->count; i++)
            has_run = loop_run_inbox(&group->loops[i]) || has_run;
    }
}

void loop_group_destroy(struct loop_group *group)
{
    if (group == NULL)
        return;
    loop_group_drain(group, 0);
    run_rest(group);
    for (size_t i = 0; i < group->count; i++)
        loop_clear(&group->loops[i]);
    free(group->threads);
    free(group->loops);
    free(group);
}

size_t loop_group_size(const struct loop_group *group)
{
    return group->count;
}

struct loop *loop_group_get(struct loop_group *group, size_t index)
{
    return &group->loops[index];
}

const struct loop_hooks *loop_group_hooks(const struct loop_group *group)
{
    return &group->hooks;
}

uint64_t loop_group_drain_ms(const struct loop_group *group)
{
    return group->drain_ms;
}

uint64_t loop_group_lag_us(const struct loop_group *group)
{
    uint64_t worst_us = 0;
    for (size_t i = 0; i < group->count; i++) {
        uint64_t lag_us =
            atomic_load_explicit(&group->loops[i].shared_lag_us, memory_order_relaxed);
        worst_us = lag_us > worst_us ? lag_us : worst_us;
    }
    return worst_us;
}

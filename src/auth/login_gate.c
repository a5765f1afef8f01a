/* A counting lock with two bounds: how many run and how many wait. */
#include "auth/login_gate.h"

#include <errno.h>
#include <time.h>

#include "observe/metrics.h"

enum { LONGEST_WAIT_MS = 500 };

static size_t at_least_one(size_t n)
{
    return n ? n : 1;
}

void login_gate_init(struct login_gate *gate, size_t max_hashing, size_t workers)
{
    pthread_condattr_t attributes;
    *gate =
        (struct login_gate){.most_running = at_least_one(max_hashing ? max_hashing : workers / 2),
                            .most_waiting = workers / 4};
    pthread_mutex_init(&gate->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&gate->freed, &attributes);
    pthread_condattr_destroy(&attributes);
}

void login_gate_clear(struct login_gate *gate)
{
    pthread_cond_destroy(&gate->freed);
    pthread_mutex_destroy(&gate->lock);
}

static struct timespec wait_end(void)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += LONGEST_WAIT_MS * 1000000L;
    if (end.tv_nsec >= 1000000000L) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000L;
    }
    return end;
}

/* With the lock held. */
static bool room_await(struct login_gate *gate)
{
    if (gate->running < gate->most_running)
        return true;
    if (gate->waiting >= gate->most_waiting)
        return false;
    struct timespec end = wait_end();
    int code = 0;
    gate->waiting++;
    while (gate->running >= gate->most_running && code != ETIMEDOUT)
        code = pthread_cond_timedwait(&gate->freed, &gate->lock, &end);
    gate->waiting--;
    return gate->running < gate->most_running;
}

bool login_gate_enter(struct login_gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    bool has_room = room_await(gate);
    if (has_room)
        gate->running++;
    pthread_mutex_unlock(&gate->lock);
    if (has_room)
        metric_increment(METRIC_AUTH_HASHING);
    else
        metric_increment(METRIC_AUTH_HASHING_FULL);
    return has_room;
}

void login_gate_leave(struct login_gate *gate)
{
    metric_add(METRIC_AUTH_HASHING, -1);
    pthread_mutex_lock(&gate->lock);
    gate->running--;
    pthread_cond_signal(&gate->freed);
    pthread_mutex_unlock(&gate->lock);
}

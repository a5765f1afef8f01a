/* A counting lock with two bounds, how many run and how many wait, and the threads behind it. */
#include "auth/login_gate.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "observe/log.h"
#include "observe/metrics.h"

enum {
    LONGEST_WAIT_MS = 500,
    /* A ninth of the CPU time of an ordinary thread where the two compete (sched(7)). */
    NICENESS = 10,
};

struct login_hashing {
    void (*work)(void *context);
    void *context;
    bool is_done;
    struct login_hashing *next;
};

static size_t at_least_one(size_t n)
{
    return n ? n : 1;
}

bool login_gate_init(struct login_gate *gate, size_t max_hashing, size_t workers)
{
    pthread_condattr_t attributes;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    size_t standard = workers / 2;
    /* More at once than there are cores end no sooner, and press harder on everybody else. */
    if (cores > 0 && standard > (size_t)cores)
        standard = (size_t)cores;
    *gate = (struct login_gate){.most_running = at_least_one(max_hashing ? max_hashing : standard),
                                .most_waiting = workers / 4};
    pthread_mutex_init(&gate->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&gate->freed, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_cond_init(&gate->given, NULL);
    pthread_cond_init(&gate->done, NULL);
    gate->threads = calloc(gate->most_running, sizeof(*gate->threads));
    return gate->threads != NULL;
}

void login_gate_clear(struct login_gate *gate)
{
    pthread_mutex_lock(&gate->lock);
    gate->is_ending = true;
    pthread_cond_broadcast(&gate->given);
    pthread_mutex_unlock(&gate->lock);
    for (size_t i = 0; i < gate->thread_count; i++)
        pthread_join(gate->threads[i], NULL);
    free(gate->threads);
    pthread_cond_destroy(&gate->done);
    pthread_cond_destroy(&gate->given);
    pthread_cond_destroy(&gate->freed);
    pthread_mutex_destroy(&gate->lock);
}

/* With the lock held; NULL at the gate's end. */
static struct login_hashing *take_next(struct login_gate *gate)
{
    while (!gate->first && !gate->is_ending)
        pthread_cond_wait(&gate->given, &gate->lock);
    struct login_hashing *hashing = gate->first;
    if (hashing)
        gate->first = hashing->next;
    return hashing;
}

static void *thread_main(void *context)
{
    struct login_gate *gate = context;
    struct login_hashing *hashing;
    pthread_setname_np(pthread_self(), "hashing");
    /* On Linux a thread has a niceness of its own (setpriority(2), "C library/kernel differences").
     */
    setpriority(PRIO_PROCESS, (id_t)gettid(), NICENESS);
    pthread_mutex_lock(&gate->lock);
    while ((hashing = take_next(gate))) {
        pthread_mutex_unlock(&gate->lock);
        hashing->work(hashing->context);
        pthread_mutex_lock(&gate->lock);
        hashing->is_done = true;
        pthread_cond_broadcast(&gate->done);
    }
    pthread_mutex_unlock(&gate->lock);
    return NULL;
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

/* With the lock held: as many threads as hashings run at once; one is enough to go on. */
static bool has_thread(struct login_gate *gate)
{
    if (gate->thread_count >= gate->running)
        return true;
    int error = pthread_create(&gate->threads[gate->thread_count], NULL, thread_main, gate);
    if (error == 0)
        gate->thread_count++;
    else
        log_error("hashing", "cannot start a thread for hashing: error %d", error);
    return gate->thread_count > 0;
}

/* With the lock held. */
static void compute(struct login_gate *gate, struct login_hashing *hashing)
{
    if (gate->first)
        gate->last->next = hashing;
    else
        gate->first = hashing;
    gate->last = hashing;
    pthread_cond_signal(&gate->given);
    while (!hashing->is_done)
        pthread_cond_wait(&gate->done, &gate->lock);
}

bool login_gate_compute(struct login_gate *gate, void (*work)(void *context), void *context)
{
    struct login_hashing hashing = {.work = work, .context = context};
    pthread_mutex_lock(&gate->lock);
    bool has_room = room_await(gate);
    if (has_room) {
        gate->running++;
        metric_increment(METRIC_AUTH_HASHING);
        has_room = has_thread(gate);
        if (has_room)
            compute(gate, &hashing);
        metric_add(METRIC_AUTH_HASHING, -1);
        gate->running--;
        pthread_cond_signal(&gate->freed);
    }
    pthread_mutex_unlock(&gate->lock);
    if (!has_room)
        metric_increment(METRIC_AUTH_HASHING_FULL);
    return has_room;
}

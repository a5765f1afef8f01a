/* A counting lock with bounds, how many run and how many wait, and the threads behind it. */
#include "auth/login_gate.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"

enum {
    LONGEST_WAIT_MS = 2000,
    /* A ninth of the CPU time of an ordinary thread where the two compete (sched(7)), so that a
     * login ends in time however busy the machine: at 19, or with SCHED_IDLE, it might not. */
    NICENESS = 10,
    /* A hashing that got no more than half a CPU is followed by a rest of six times its CPU time
     * (a place): a storm then has a tenth of a machine that others want the whole of. */
    REST_FACTOR = 12,
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

static size_t lesser(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Waiting for a place or for a hashing, strangers hold at most half of the workers, and all logins
 * at most three quarters. */
static void set_bounds(struct login_gate *gate, size_t max_hashing, size_t workers)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    size_t cores = online > 0 ? (size_t)online : 1;
    /* More at once than there are cores end no sooner, and press harder on everybody else. */
    size_t standard = lesser(workers / 2, cores);
    gate->most_running = at_least_one(max_hashing ? max_hashing : standard);
    gate->cpus = lesser(gate->most_running, cores);
    gate->most_held[LOGIN_STRANGER] = workers / 2;
    gate->most_held[LOGIN_RETURNING] = workers - workers / 4;
}

bool login_gate_init(struct login_gate *gate, size_t max_hashing, size_t workers)
{
    pthread_condattr_t attributes;
    *gate = (struct login_gate){.running = 0};
    set_bounds(gate, max_hashing, workers);
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

/* --- its threads --------------------------------------------------------------------------- */

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

static uint64_t cpu_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* A hashing never sleeps: what it took beyond its CPU time, it waited for a CPU. */
uint64_t login_gate_rest_us(uint64_t took_us, uint64_t cpu_us, size_t cpus)
{
    if (took_us <= cpu_us)
        return 0;
    return REST_FACTOR * (took_us - cpu_us) / cpus * cpu_us / took_us;
}

/* Works; tells how long strangers are to wait for it. */
static uint64_t work_measured(const struct login_gate *gate, const struct login_hashing *hashing)
{
    uint64_t began_us = clock_now_us();
    uint64_t cpu_began_us = cpu_now_us();
    hashing->work(hashing->context);
    return login_gate_rest_us(clock_now_us() - began_us, cpu_now_us() - cpu_began_us, gate->cpus);
}

/* With the lock held. */
static void rest(struct login_gate *gate, uint64_t rest_us)
{
    uint64_t now_us = clock_now_us();
    if (gate->rest_until_us < now_us)
        gate->rest_until_us = now_us;
    gate->rest_until_us += rest_us;
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
        uint64_t rest_us = work_measured(gate, hashing);
        pthread_mutex_lock(&gate->lock);
        rest(gate, rest_us);
        hashing->is_done = true;
        pthread_cond_broadcast(&gate->done);
    }
    pthread_mutex_unlock(&gate->lock);
    return NULL;
}

/* --- its callers --------------------------------------------------------------------------- */

static struct timespec time_of(uint64_t us)
{
    return (struct timespec){.tv_sec = (time_t)(us / 1000000),
                             .tv_nsec = (long)(us % 1000000) * 1000};
}

/* With the lock held. */
static size_t running(const struct login_gate *gate)
{
    return gate->running[LOGIN_STRANGER] + gate->running[LOGIN_RETURNING];
}

/* With the lock held. Workers that strangers hold; or, for one who returns, all logins. */
static size_t held(const struct login_gate *gate, enum login_caller caller)
{
    size_t count = 0;
    for (size_t i = 0; i <= caller; i++)
        count += gate->running[i] + gate->waiting[i];
    return count;
}

/* With the lock held. */
static bool has_room(const struct login_gate *gate, enum login_caller caller, uint64_t now_us)
{
    if (running(gate) >= gate->most_running)
        return false;
    return caller == LOGIN_RETURNING ||
           (gate->waiting[LOGIN_RETURNING] == 0 && now_us >= gate->rest_until_us);
}

/* With the lock held. When there may be room, if nobody says so before. */
static uint64_t look_again_us(const struct login_gate *gate, uint64_t now_us, uint64_t end_us)
{
    bool is_resting = now_us < gate->rest_until_us && gate->rest_until_us < end_us;
    return is_resting ? gate->rest_until_us : end_us;
}

/* With the lock held. */
static bool room_await(struct login_gate *gate, enum login_caller caller)
{
    uint64_t now_us = clock_now_us();
    uint64_t end_us = now_us + LONGEST_WAIT_MS * 1000;
    if (has_room(gate, caller, now_us))
        return true;
    if (held(gate, caller) >= gate->most_held[caller])
        return false;
    gate->waiting[caller]++;
    while (!has_room(gate, caller, now_us) && now_us < end_us) {
        struct timespec again = time_of(look_again_us(gate, now_us, end_us));
        pthread_cond_timedwait(&gate->freed, &gate->lock, &again);
        now_us = clock_now_us();
    }
    gate->waiting[caller]--;
    return has_room(gate, caller, now_us);
}

/* With the lock held: as many threads as hashings run at once; one is enough to go on. */
static bool has_thread(struct login_gate *gate)
{
    if (gate->thread_count >= running(gate))
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

bool login_gate_compute(struct login_gate *gate, enum login_caller caller,
                        void (*work)(void *context), void *context)
{
    struct login_hashing hashing = {.work = work, .context = context};
    pthread_mutex_lock(&gate->lock);
    bool has_place = room_await(gate, caller);
    if (has_place) {
        gate->running[caller]++;
        metric_increment(METRIC_AUTH_HASHING);
        has_place = has_thread(gate);
        if (has_place)
            compute(gate, &hashing);
        metric_add(METRIC_AUTH_HASHING, -1);
        gate->running[caller]--;
    }
    pthread_cond_broadcast(&gate->freed);
    pthread_mutex_unlock(&gate->lock);
    if (!has_place)
        metric_increment(METRIC_AUTH_HASHING_FULL);
    return has_place;
}

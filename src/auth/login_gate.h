/*
 * Where bcrypt is computed: threads of the gate's own, as many as may hash at once
 * (auth.max_hashing), at a low priority. The worker that asks waits; who finds no room waits a
 * short while for it, and so few wait that logins can never hold all workers. Any worker.
 *
 * On a busy machine priority alone does not hold a storm of logins back: it counts only among the
 * threads of one cgroup or session, and the database is in another. So the gate rests, for
 * strangers, after a hashing that had to wait for a CPU, and longer the more it had to. Those whose
 * very password has been right before do not stand behind strangers, nor wait for a rest to end.
 */
#ifndef PORTCULLIS_AUTH_LOGIN_GATE_H
#define PORTCULLIS_AUTH_LOGIN_GATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct login_hashing;

enum login_caller {
    LOGIN_STRANGER,
    LOGIN_RETURNING, /* this password of his has been right before */
    LOGIN_CALLERS
};

struct login_gate {
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t freed; /* a place is there, perhaps */
    pthread_cond_t given; /* something to compute, or the end */
    pthread_cond_t done;  /* something was computed */
    size_t running[LOGIN_CALLERS];
    size_t most_running;             /* of all together */
    size_t cpus;                     /* that hashings may take at once */
    size_t waiting[LOGIN_CALLERS];   /* for a place */
    size_t most_held[LOGIN_CALLERS]; /* workers: by strangers; by strangers and others together */
    uint64_t rest_until_us;          /* no stranger before */
    struct login_hashing *first;     /* not yet begun; lie on their callers' stacks */
    struct login_hashing *last;
    pthread_t *threads; /* owned; most_running fit */
    size_t thread_count;
    bool is_ending;
};

/* False: memory is out. The threads start when they are needed. */
bool login_gate_init(struct login_gate *gate, size_t max_hashing, size_t workers);
void login_gate_clear(struct login_gate *gate);
/* Computes work(context) on a thread of the gate, and returns when it is done. False: no room
 * within the time to wait (METRIC_AUTH_HASHING_FULL counts it), or no thread could be made. */
bool login_gate_compute(struct login_gate *gate, enum login_caller caller,
                        void (*work)(void *context), void *context);
/* How long strangers are to wait after a hashing that took so much time, and CPU time, where
 * hashings may take so many CPUs at once. */
uint64_t login_gate_rest_us(uint64_t took_us, uint64_t cpu_us, size_t cpus);

#endif

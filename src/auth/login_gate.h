/*
 * Where bcrypt is computed: threads of the gate's own, as many as may hash at once
 * (auth.max_hashing), at a low priority, so that a storm of logins takes from the callers who are
 * logged in what is left over and no more. The worker that asks waits; who finds no room waits a
 * short while for it, and so few wait that logins can never hold all workers. Any worker.
 */
#ifndef PORTCULLIS_AUTH_LOGIN_GATE_H
#define PORTCULLIS_AUTH_LOGIN_GATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct login_hashing;

struct login_gate {
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t freed; /* a place is there */
    pthread_cond_t given; /* something to compute, or the end */
    pthread_cond_t done;  /* something was computed */
    size_t running;
    size_t waiting;
    size_t most_running;
    size_t most_waiting;
    struct login_hashing *first; /* not yet begun; lie on their callers' stacks */
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
bool login_gate_compute(struct login_gate *gate, void (*work)(void *context), void *context);

#endif

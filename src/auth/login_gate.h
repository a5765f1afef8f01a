/*
 * How many bcrypts may run at once (auth.max_hashing). Who finds no room waits a short while, and
 * so few wait that logins can never hold all workers. Any worker.
 */
#ifndef PORTCULLIS_AUTH_LOGIN_GATE_H
#define PORTCULLIS_AUTH_LOGIN_GATE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct login_gate {
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t freed;
    size_t running;
    size_t waiting;
    size_t most_running;
    size_t most_waiting;
};

void login_gate_init(struct login_gate *gate, size_t max_hashing, size_t workers);
void login_gate_clear(struct login_gate *gate);
/* False: no room within the time to wait; METRIC_AUTH_HASHING_FULL counts it. */
bool login_gate_enter(struct login_gate *gate);
void login_gate_leave(struct login_gate *gate);

#endif

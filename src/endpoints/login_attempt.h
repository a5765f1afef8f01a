/*
 * The login of one request that memory does not know, whichever API it came by: as many of one
 * address may be undecided as failures are left to it, the others wait in line (auth-and-bans.md,
 * "Bans"), each in its own request and at no worker's expense. An attempt is a job of its own, in a
 * lane of its own.
 *
 *   loop    login_attempt_begin -> its turn, now or later -> submit
 *   worker  check
 *   loop    admit, or refuse, refuse_banned, drop: exactly one of them, and the last of it
 */
#ifndef PORTCULLIS_ENDPOINTS_LOGIN_ATTEMPT_H
#define PORTCULLIS_ENDPOINTS_LOGIN_ATTEMPT_H

#include "endpoints/gateway.h"

struct login_attempt;

/* What an API does at each step. But for check, all are called on the request's loop. */
struct login_attempt_steps {
    /* Worker. database NULL: it is away. Says too why nobody is let in. */
    enum login_verdict (*check)(struct login_attempt *attempt, struct database *database);
    /* At the turn of one that stood in line: has memory come to know it? NULL: not asked. */
    bool (*is_known)(struct login_attempt *attempt);
    /* Gives the job to the workers, to run login_attempt_check and login_attempt_done; false: their
     * queue is full, and the request was refused. */
    bool (*submit)(struct login_attempt *attempt, uint32_t lane);
    void (*admit)(struct login_attempt *attempt);
    void (*refuse)(struct login_attempt *attempt);
    void (*refuse_banned)(struct login_attempt *attempt);
    void (*drop)(struct login_attempt *attempt); /* its client has gone */
};

struct login_attempt {
    /* Filled in by the request that holds it; all is borrowed. */
    const struct login_attempt_steps *steps;
    struct gateway *gateway;
    struct http_request *http;
    struct pool_job *job;
    const struct network_address *address; /* the client's */
    struct slice name;                     /* under which a failure is counted */
    enum gateway_lane lane;

    bool is_in_line; /* it waits for its turn; on_abort leaves the request to it */

    /* Its own. */
    struct ban_attempt ban;
    bool is_undecided; /* it had its turn, and has no outcome yet */
    bool is_let_in;
};

void login_attempt_begin(struct login_attempt *attempt);
/* The job's run, and done. worker NULL: there is none. */
void login_attempt_check(struct login_attempt *attempt, void *worker);
void login_attempt_done(struct login_attempt *attempt);

#endif

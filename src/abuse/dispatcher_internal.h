/* The dispatcher as its two parts see it: dispatcher.c (the thread, and what others call) and
 * dispatcher_work.c (a row, from claim to record). */
#ifndef PORTCULLIS_ABUSE_DISPATCHER_INTERNAL_H
#define PORTCULLIS_ABUSE_DISPATCHER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "abuse/dispatcher.h"
#include "abuse/outbox.h"
#include "abuse/whmcs_call.h"
#include "base/clock.h"

struct dispatcher {
    const struct config_abuse *config; /* borrowed */
    const struct config_mysql *mysql;  /* borrowed */
    struct report_link *reports;
    struct whmcs_caller *caller; /* NULL: nothing is dispatched */
    char name[OUTBOX_MOST_CLAIMANT + 1];
    struct outbox_claimant claimant;
    pthread_t thread;
    bool has_thread;
    atomic_bool is_ending; /* shared with the thread and its call: end at once */

    pthread_mutex_t lock;             /* guards what follows */
    pthread_cond_t wake;              /* of the thread: a row, or the end */
    pthread_cond_t news;              /* from the thread: it has ended */
    struct database *shared_database; /* for database_interrupt; NULL when the thread has none */
    uint64_t claim_at_us;             /* nothing is claimed sooner */
    uint64_t closed_at_us;
    bool is_closed;
    bool has_ended;

    /* The thread's own. */
    struct database *database;
    uint64_t count_at_us;
    bool is_refusal_told;
};

/* The thread: sleeps, but not past the end. */
void dispatcher_sleep(struct dispatcher *dispatcher, uint64_t us);

/* The thread: claims a row and carries it out. RESULT_NOT_FOUND: nothing is due; else as
 * outbox_claim. */
enum result dispatcher_work(struct dispatcher *dispatcher);

#endif

/* What one worker thread owns: its database connection, writers and hashes. Used by that thread
 * only. */
#ifndef PORTCULLIS_ENDPOINTS_WORKER_H
#define PORTCULLIS_ENDPOINTS_WORKER_H

#include "endpoints/gateway.h"

struct worker {
    struct gateway *gateway; /* borrowed */
    size_t index;
    struct database *database;
    struct writer *writers[FORMAT_COUNT];
    struct tag_hash *record_hash;
    struct tag_hash *answer_hash;
};

/* Tells readiness what this worker knows of its connection. */
void worker_report(struct worker *worker);

/* The pool's hooks; context is the gateway. */
void *worker_init(void *context, size_t index);
void worker_fini(void *worker);
void worker_idle(void *worker);
void worker_interrupt(void *worker);

#endif

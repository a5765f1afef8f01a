/*
 * The outbox in an administrator's hands: looking at rows, and changing what is to become of one.
 * Fixed statements; the thread of the database connection. RESULT_STALE: there is no such table.
 */
#ifndef PORTCULLIS_ABUSE_OUTBOX_MANUAL_H
#define PORTCULLIS_ABUSE_OUTBOX_MANUAL_H

#include "base/arena.h"
#include "store/database.h"

enum outbox_state {
    OUTBOX_WAITING,  /* for its time, or for its next try */
    OUTBOX_DUE,      /* a dispatcher takes it as soon as there is one */
    OUTBOX_ASKING,   /* claimed, and the lease lasts */
    OUTBOX_DONE,     /* carried out */
    OUTBOX_GIVEN_UP, /* last_error says why */
    OUTBOX_DROPPED,  /* likewise */
    OUTBOX_STATES
};
/* waiting, due, asking, done, given up, dropped */
struct slice outbox_state_name(enum outbox_state state);

struct outbox_row {
    int64_t id;
    int64_t report_id;
    int64_t service_id;
    struct slice action; /* as it stands in the table */
    enum outbox_state state;
    int64_t attempts;
    int64_t due_s;  /* Unix time */
    int64_t next_s; /* when it is tried next; 0: never, or now */
    int64_t done_s; /* 0: it has not ended */
    struct slice claimed_by;
    struct slice last_error;
};

/* Calls visit for each row in the order of their ids; what it is given is borrowed for the call.
 * Rows that were carried out or dropped only where wants_all. */
enum result outbox_each(struct database *database, uint64_t lease_s, bool wants_all,
                        void (*visit)(void *context, const struct outbox_row *row), void *context);
/* RESULT_NOT_FOUND: there is none. What row points to lies in the arena. */
enum result outbox_find(struct database *database, uint64_t lease_s, int64_t id,
                        struct arena *arena, struct outbox_row *row);

/* Due now, with all its attempts before it; not what was carried out, nor what is being asked:
 * RESULT_NOT_FOUND. */
enum result outbox_retry(struct database *database, uint64_t lease_s, int64_t id);
/* The same of every row that was given up; *count of them. */
enum result outbox_retry_all(struct database *database, uint64_t *count);
/* Ends what waits, or what was given up, for good: RESULT_NOT_FOUND for anything else. */
enum result outbox_drop(struct database *database, uint64_t lease_s, int64_t id,
                        struct slice reason);

#endif

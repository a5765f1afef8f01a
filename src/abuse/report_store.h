/*
 * Storing a report, on a worker: one transaction, whole or not at all.
 *
 *   begin, idempotency record (an equal key waits here, then is answered from it)
 *   the service's row: is it there, whose is it, which address; locked where duplicates are looked
 *     for, so that of two equal reports one waits for the other
 *   the report, what WHMCS is to be asked for (outbox.h), the activity log, the key's answer
 *   commit
 *
 * A deadlock or a lock that takes too long rolls back and runs the whole again, some times, until
 * the deadline. A commit whose answer was lost is never repeated: GW007, saying so.
 */
#ifndef PORTCULLIS_ABUSE_REPORT_STORE_H
#define PORTCULLIS_ABUSE_REPORT_STORE_H

#include "abuse/report.h"
#include "store/database.h"

/* A report and who sends it. Everything is borrowed. */
struct report_order {
    const struct report *report;
    const struct abuse_map *map;
    struct slice admin; /* his username, for the activity log */
    int64_t admin_id;
    struct slice address;         /* the client's, as text, or empty */
    struct slice idempotency_key; /* data NULL: none; checked by idempotency_key_is_sane */
    uint64_t dedup_window_s;      /* 0: duplicates are stored too */
    uint64_t timelimit_min;       /* where the add-on has no setting of its own */
    struct slice email_template;  /* empty: no e-mail is asked for */
    uint64_t deadline_us;         /* monotonic; past it nothing is run again */
};

struct report_receipt {
    int64_t report_id;
    bool is_stored; /* by this very request: no duplicate, and no repeated key */
};

/* RESULT_OK with *receipt. RESULT_STALE, *refusal set too: the map does not fit the schema, or
 * lacks what the report needs: to be learnt anew and tried once more. Else *refusal says why, and
 * nothing is stored, but perhaps for a lost commit. The arena holds what is made on the way. */
enum result report_store(struct database *database, const struct report_order *order,
                         struct arena *arena, struct report_receipt *receipt,
                         struct report_refusal *refusal);

#endif

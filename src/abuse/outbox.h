/*
 * portcullis_outbox: what WHMCS is still to be asked for. A row is written in its report's own
 * transaction, claimed by one dispatcher at a time for a lease, and carried out or given up once.
 * Any number of gateways work on one table.
 *
 * A row's life, by its columns:
 *
 *   due_at       when it is to be done; stays what the report said, so that its age can be told
 *   claimed_by   who asks WHMCS now, or did last; empty: nobody
 *   claimed_at   with claimed_by: since when, the lease counts from there;
 *                without: not to be tried (again) before; NULL in rows of older gateways
 *   attempts     claims so far, that which is under way included
 *   done_at      carried out (last_error is empty), given up or dropped (last_error says why)
 *
 * Fixed statements; the thread of the database connection. Times are the database's own NOW().
 */
#ifndef PORTCULLIS_ABUSE_OUTBOX_H
#define PORTCULLIS_ABUSE_OUTBOX_H

#include "base/arena.h"
#include "store/database.h"

enum {
    OUTBOX_MOST_CLAIMANT = 64, /* characters of claimed_by */
    OUTBOX_MOST_ERROR = 1000,  /* bytes of last_error that are kept */
};

enum outbox_action { OUTBOX_SUSPEND, OUTBOX_EMAIL, OUTBOX_ACTIONS };
struct slice outbox_action_name(enum outbox_action action); /* ModuleSuspend, SendEmail */

struct outbox_order {
    int64_t report_id;
    int64_t service_id;
    enum outbox_action action;
    struct slice reason;    /* suspendreason; the e-mail's template */
    uint64_t due_after_min; /* minutes from now */
};

/* In the report's transaction. RESULT_STALE: there is no such table. */
enum result outbox_add(struct database *database, const struct outbox_order *order);

struct outbox_item {
    int64_t id;
    int64_t report_id;
    int64_t service_id;
    enum outbox_action action;
    struct slice reason;
    struct slice last_error; /* of the attempt before */
    uint64_t attempts;       /* before this one */
};

/* Who claims. */
struct outbox_claimant {
    struct slice name; /* no other process's; at most OUTBOX_MOST_CLAIMANT bytes of ASCII */
    uint64_t lease_s;  /* leases of others are judged by it too: the same for all gateways */
    bool never_skips;  /* claim as where the server lacks SKIP LOCKED; for tests */
};

/* Claims one row that is due and not under a valid lease, in a transaction of its own: SELECT …
 * FOR UPDATE SKIP LOCKED, where the server has it, then compare and set. RESULT_NOT_FOUND: nothing
 * is due, or others are taking it. item's text lies in the arena. */
enum result outbox_claim(struct database *database, const struct outbox_claimant *claimant,
                         struct arena *arena, struct outbox_item *item);

/* Each changes the row only while the claim is the claimant's; RESULT_NOT_FOUND: it is not, or the
 * row is gone. */
enum result outbox_done(struct database *database, struct slice claimant, int64_t id);
/* To be tried again after the pause. */
enum result outbox_failed(struct database *database, struct slice claimant, int64_t id,
                          struct slice error, uint64_t pause_s);
/* The same, of a claim that came to no attempt: it is not counted. */
enum result outbox_postponed(struct database *database, struct slice claimant, int64_t id,
                             struct slice error, uint64_t pause_s);
enum result outbox_given_up(struct database *database, struct slice claimant, int64_t id,
                            struct slice error);
/* It is not wanted any more; last_error becomes "dropped: " and the reason. */
enum result outbox_dropped(struct database *database, struct slice claimant, int64_t id,
                           struct slice reason);

struct outbox_numbers {
    int64_t pending;  /* neither carried out nor given up nor dropped */
    int64_t oldest_s; /* since the first of these was due; 0: none is due */
};
enum result outbox_count(struct database *database, struct outbox_numbers *numbers);

/* Has a server that says this of itself (SELECT VERSION()) SKIP LOCKED? MySQL from 8.0.1 on,
 * MariaDB from 10.6 on. */
bool outbox_version_skips_locked(struct slice version);

#endif

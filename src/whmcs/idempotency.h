/*
 * portcullis_idempotency: the first success of an Idempotency-Key, kept in the write's own
 * transaction for 24 hours, so that a crash between commit and answer cannot make it happen twice.
 * Fixed statements; the thread of the database connection.
 */
#ifndef PORTCULLIS_WHMCS_IDEMPOTENCY_H
#define PORTCULLIS_WHMCS_IDEMPOTENCY_H

#include "base/buffer.h"
#include "store/database.h"

enum { IDEMPOTENCY_MOST_KEY = 255 }; /* bytes, visible ASCII */

enum idempotency_verdict {
    IDEMPOTENCY_FIRST, /* claimed: idempotency_keep follows in this transaction */
    IDEMPOTENCY_AGAIN, /* the same request succeeded before: its answer is in *kept */
    IDEMPOTENCY_OTHER, /* the key was used with another request: 422 */
};

/* What is kept of an answer; buffers, which idempotency_claim begins empty, are the caller's to
 * clear. */
struct idempotency_answer {
    int status;
    struct buffer tag;
    int64_t created_id;
    struct buffer body;
};

/* 1 to 255 visible ASCII characters. */
bool idempotency_key_is_sane(struct slice key);
/* In a transaction. scope: "remote:ADMIN_ID". Waits while another transaction holds the key (then
 * RESULT_CONFLICT may come, as from any lock). A record older than 24 hours is taken over.
 * RESULT_STALE: there is no such table. RESULT_FAILED, logged: a record that cannot be read, of a
 * newer version; its request must not be run again. */
enum result idempotency_claim(struct database *database, struct slice scope, struct slice key,
                              struct slice request_hash, enum idempotency_verdict *verdict,
                              struct idempotency_answer *kept);
/* In the transaction of the claim, before its commit; answer->status is not 0. */
enum result idempotency_keep(struct database *database, struct slice scope, struct slice key,
                             const struct idempotency_answer *answer);
/* Outside a transaction: deletes some records older than 24 hours; at most once a minute and
 * process does it do anything. */
void idempotency_sweep(struct database *database);

#endif

/*
 * Carrying out a write: one transaction, whole or not at all. Called on a worker.
 *
 *   begin, idempotency record (an equal key waits here, then is answered from it)
 *   lock from the top: the projects concerned in the order of their ids, then actions, then the
 *     record itself, so that writers wait for each other and never in a circle
 *   check in the order of remote-api.md, "Errors": 404, 412, 409, then kept columns, references and
 *     the parents' agreement (422, all at once)
 *   write the record, what hangs below, thread and level bookkeeping, parents' date_activity, the
 *     activity log
 *   read the answer back, keep it beside the idempotency key, put the bytes in place, commit
 *   after the commit: counts forgotten, bytes removed of what has gone
 *
 * A deadlock or a lock that takes too long rolls back and runs the whole again, some times, until
 * the deadline. A commit whose answer was lost is never repeated: 503, code `fate_unknown`.
 */
#ifndef PORTCULLIS_RESOURCES_WRITE_EXECUTE_H
#define PORTCULLIS_RESOURCES_WRITE_EXECUTE_H

#include "resources/execute.h"
#include "resources/write.h"

struct blob_new;

/* Of bytes that are written nowhere: what a dry run tells of them. */
struct write_trial {
    uint64_t size;
    char sha256[65]; /* hex */
};

/* Who writes, and under which conditions. Everything is borrowed. */
struct write_request {
    const struct write *write;
    struct slice admin; /* his username, for the activity log */
    int64_t admin_id;
    struct slice address;         /* the client's, as text */
    struct slice if_match;        /* data NULL: none. RFC 9110 13.1.1, compared strongly with
                                   * the first part of the record's tag; update and delete */
    struct slice if_none_match;   /* data NULL: none. Only `*` counts, on update and delete */
    struct slice idempotency_key; /* data NULL: none; create alone */
    char request_hash[65];        /* hex; of method, chain, format, parameters and bytes */
    bool is_admission; /* a look beforehand, while the bytes have not come: would it be let in? All
                        * is checked without a lock, nothing is stored and answered */
    /* Where write_has_bytes, but for an admission: the bytes, sealed. NULL afterwards where they
     * have become the record's, or nobody knows; else they are the caller's as they were. */
    struct blob_new **bytes;
    const struct write_trial *trial; /* a dry run's, instead of bytes; else NULL */
};

/*
 * RESULT_OK with *answer filled in: rows and head, tag, and of one created record created_id (0:
 * none), also when the answer is an earlier one, given again. RESULT_STALE when the schema changed
 * under the model (nothing is stored). Else the problem is set and nothing is stored, but for the
 * code fate_unknown. answer's buffers as execute_read's.
 */
enum result write_execute(struct execute_context *context, const struct write_request *request,
                          const struct envelope_request *envelope, struct execute_answer *answer,
                          struct problem *problem);

/* Sets the problem for what the disk says of an upload: 507 disk_full, else as execute_explain. */
void write_explain_disk(enum result result, struct problem *problem);

#endif

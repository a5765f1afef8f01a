/*
 * One attempt at a write, inside its transaction: what write_execute.c strings together.
 *
 *   write_named.c     the rows that the request names, and that these hang on
 *   write_together.c  found and locked by one statement
 *   write_lock.c      or found upwards, or presumed; then locked from the top
 *   write_stored.c    the record itself as it is stored
 *   write_check.c     404, 412, 409, 422
 *   write_store.c     the record, its columns of the gateway's own, what moves along
 *   write_delete.c    the record and all that hangs below
 *   write_bytes.c     the bytes of files: put in place before the commit, removed after it
 *   write_bytes_moved.c  whether bytes would be parted from rows that move along
 *   write_around.c    what changes above, written with the record: activity; counted children; the
 *                     activity log
 *   write_answer.c    the answer, read back
 *
 * Everything lies in the request's arena and is made anew for each attempt.
 */
#ifndef PORTCULLIS_RESOURCES_WRITE_PARTS_H
#define PORTCULLIS_RESOURCES_WRITE_PARTS_H

#include "resources/execute_parts.h"
#include "resources/plan_write.h"
#include "resources/write_execute.h"
#include "store/blob_store.h"

enum {
    WRITE_MOST_REFERENCES = CATALOG_MOST_REFERENCES, /* catalog_check.c sees to it */
    WRITE_MOST_LEVELS = CATALOG_MOST_LEVELS,
    /* In one statement. From 200 on (eq_range_index_dive_limit) servers guess by averages how many
     * rows an id has, and where most rows have 0 they rather read the whole index; from 1,000 on
     * MariaDB makes a table of the ids. */
    WRITE_MOST_IDS = 128,
    WRITE_MOST_BRANCH = 100000, /* rows of a tree below one record */
};

/* A row of a resource of the catalog that the request names, or that such a row hangs on. */
struct write_named {
    const struct model_resource *resource;
    int64_t id;
    bool was_read; /* without a lock, on the way up */
    bool is_held;  /* locked already on the way up */
    bool is_found;
    bool is_visible;                           /* to the caller */
    bool is_locked;                            /* rules.locked: read-only, with all below */
    bool is_closed;                            /* rules.closed */
    int64_t references[WRITE_MOST_REFERENCES]; /* by the resource's references; 0: none */
    struct write_named *next;
};

/* What becomes of one item. */
struct write_row {
    int64_t id;                            /* once it is known */
    int64_t links[WRITE_MOST_REFERENCES];  /* by the resource's references, as they will be */
    bool is_filled[WRITE_MOST_REFERENCES]; /* links says something that the client did not give */
};

/* Bytes that go once the transaction is committed. */
struct write_removal {
    struct blob_owner owner;
    struct slice path;
};

struct writing {
    struct execute_context *context;
    const struct write_request *request;
    const struct write *write;
    struct problem *problem;
    bool presumes;      /* what a row hangs on is among what is named (write_lock.c) */
    bool has_misjudged; /* it is not: run again without presuming */
    struct write_named *named;
    struct write_row *rows;             /* write->item_count */
    struct write_named *target;         /* update, delete: the record itself */
    struct database_cell *stored;       /* update, delete: its cells, by column */
    char record_hash[TAG_HASH_HEX + 1]; /* update, delete: first part of its tag */
    bool *is_changed;                   /* update: by the item's value */
    size_t changed_count;
    uint64_t *deleted; /* by the model's resources */
    struct write_removal *removals;
    size_t removal_count;
    size_t removal_capacity;
    struct blob_removal *removal; /* of them, noted on the disk; NULL: not yet, or it cannot be */
    bool is_published;            /* the request's bytes lie where the record says */
};

/* The ids from at on that one statement takes. */
static inline struct plan_ids write_part(const int64_t *ids, size_t count, size_t at)
{
    size_t left = count - at;
    return (struct plan_ids){ids + at, left < WRITE_MOST_IDS ? left : WRITE_MOST_IDS};
}

/* write_lock.c. RESULT_CONFLICT with has_misjudged: nobody was faster, run it again at once. */
enum result write_lock(struct writing *writing);
/* Of a row whose cells of plan_named these are; RESULT_CONFLICT: it hangs on another by now. */
enum result write_take_named(struct write_named *named, const struct database_cell *cells);
/* Are rows of that resource locked before they are judged? */
bool write_needs_lock(const struct writing *writing, const struct model_resource *resource);

/* write_together.c. RESULT_NOT_FOUND: it cannot be done by one statement, or not all is there; the
 * locks that were taken are the first in the order of all. What the record hangs on in its own
 * table, and what needs no lock, is left to write_lock.c. */
enum result write_lock_together(struct writing *writing);

/* write_named.c. What is no row of the catalog's, or none at all, is not named; false: memory. */
bool write_name_row(struct writing *writing, const struct model_resource *resource, int64_t id);
bool write_name_given(struct writing *writing);
/* What a row hangs on; of the record itself also what it hangs on in its own table. */
bool write_name_above(struct writing *writing, const struct write_named *named);
bool write_hangs_by(const struct writing *writing, const struct write_named *named,
                    size_t reference);
bool write_is_any_named(const struct writing *writing, const struct model_resource *resource);
bool write_is_target(const struct writing *writing, const struct write_named *named);
struct write_named *write_named_find(const struct writing *writing,
                                     const struct model_resource *resource, int64_t id);
/* What the item's reference names: as given, else as stored (update, once it is locked); 0:
 * nothing, or its constants do not hold. is_given: by the client, its column or a constant's, and
 * once the record is locked, as another than is stored: what has pointed nowhere before may stay
 * so. */
int64_t write_link(const struct writing *writing, size_t item, size_t reference, bool *is_given);
/* A bound value as an id; 0: none; -1: one that no row can have. */
int64_t write_id(const struct database_value *value);
/* The same of what is stored. */
int64_t write_stored_id(const struct database_cell *cell);

/* write_check.c. RESULT_INVALID or RESULT_NOT_FOUND with the problem set. */
enum result write_check(struct writing *writing);
/* Sets the problem, 409; RESULT_INVALID. */
enum result write_refuse_locked(struct writing *writing, struct slice field, const char *detail);

/* write_stored.c. Keeps the record's cells, with their hash where If-Match asks for it. */
enum result write_take_stored(struct writing *writing, const struct plan *plan,
                              const struct database_cell *cells);
/* Reads them without a lock; RESULT_NOT_FOUND with the problem set. */
enum result write_read_stored(struct writing *writing);

/* write_store.c */
enum result write_store(struct writing *writing);
/* write_delete.c */
enum result write_delete(struct writing *writing);
/* write_bytes.c */
/* What the record is to say of its bytes; false: none are given. */
struct write_bytes {
    struct slice path; /* where they may lie */
    struct slice sha256;
    uint64_t size;
};
bool write_bytes_describe(const struct writing *writing, struct write_bytes *bytes);
/* 422 for a value that would say that the bytes lie elsewhere, where they stay: the client's, or a
 * link that agreement has filled in. And for a record without bytes whose row could not say so. */
void write_bytes_check(struct writing *writing);
/* write_bytes_moved.c */
/* A row whose bytes would lie elsewhere by its new path, and the column that says so. */
struct write_parted {
    int64_t id; /* 0: none */
    struct slice column;
};
/* The first among rows that are about to get these values. */
enum result write_bytes_find_parted(struct writing *writing, const struct model_resource *resource,
                                    const struct plan_hanging *rows,
                                    const struct plan_assign *assigns, size_t count,
                                    struct write_parted *parted);
/* Remembers the bytes of rows that are about to go, where they are the rows' own. */
enum result write_bytes_find(struct writing *writing, const struct model_resource *resource,
                             const struct plan_hanging *rows);
/* Before the record is changed: the same of its own bytes, where it gets others. */
enum result write_bytes_begin(struct writing *writing);
/* The last thing before the commit: the new bytes are put in place, and it is noted which go.
 * RESULT_INVALID (422), RESULT_LIMIT (507) with the problem set. */
enum result write_bytes_put(struct writing *writing);
/* What the transaction came to: RESULT_OK, stored; RESULT_UNKNOWN; else not stored. */
void write_bytes_settle(struct writing *writing, enum result fate);
/* The keys of the record and all below it in its tree, target first; arena. */
enum result write_tree_ids(struct writing *writing, int64_t **ids, size_t *count);

/* write_around.c */
/* Writes when something happened to the rows above, which are locked since the beginning, and what
 * is changed of the record (NULL: it was created, or deleted). RESULT_INVALID, RESULT_EXISTS: the
 * server refuses a value of the record. */
enum result write_change(struct writing *writing, const struct plan_change *record);
/* The children of what the record hangs on, and hung on, in its tree. */
enum result write_count_children(struct writing *writing);
enum result write_log(struct writing *writing);

/* write_answer.c */
enum result write_answer(struct writing *writing, const struct envelope_request *envelope,
                         struct execute_answer *answer);

/* What the server itself refused of an item, as 422; RESULT_INVALID then, else result. */
enum result write_explain_value(struct writing *writing, size_t item, enum result result);
struct plan_link write_plan_link(const struct model_resource *resource,
                                 const struct model_reference *link);
/* Runs a plan that gives no rows, and clears it. */
enum result write_run(struct writing *writing, struct plan *plan);
/* Reads one integer, 0 where there is no row, and clears the plan. */
enum result write_read_integer(struct writing *writing, struct plan *plan, int64_t *number);

#endif

/*
 * What the outbox has to know of the report behind a row: whether it is there, whether it is
 * closed, whether its suspension waits for a time limit; and where to note that the service is
 * suspended. Names of table and columns are the catalog's (catalog/abusemanagerpro.json).
 */
#ifndef PORTCULLIS_ABUSE_REPORT_LINK_H
#define PORTCULLIS_ABUSE_REPORT_LINK_H

#include "store/database.h"

/* Of the reports' table; an empty one is not there, but for table and id. */
struct report_names {
    struct slice table;
    struct slice id;
    struct slice status;         /* `closed` when it is closed */
    struct slice closed;         /* that word, as the table has it */
    struct slice suspend_method; /* `timelimit` when it waits */
    struct slice suspended_at;
};

/* Those of schema/structure/30_abusemanagerpro.sql. */
extern const struct report_names report_names_default;

struct report_link;

/* Immutable; names are copied. NULL: memory is out, a name holds a back-tick, or there is a status
 * but no word for closed. */
struct report_link *report_link_create(const struct report_names *names);
void report_link_destroy(struct report_link *link);

struct report_state {
    bool is_there;
    bool is_closed;
    bool is_timed;
};

/* RESULT_STALE: there is no such table, or no such column. */
enum result report_link_read(const struct report_link *link, struct database *database,
                             int64_t report_id, struct report_state *state);
/* Now; a report that has gone is none to mark. */
enum result report_link_mark_suspended(const struct report_link *link, struct database *database,
                                       int64_t report_id);

#endif

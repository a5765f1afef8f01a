/*
 * The catalog joined with what the database really has: which columns of a report can be stored,
 * which of the gateway's own tables are there, and the statements that follow from it.
 *
 * Without key, service_id, category, status or date_created no report can be kept: all are refused,
 * saying why. Another column that is missing switches off what needs it: a report that gives it is
 * refused. Immutable once learnt, counted by reference, any thread.
 */
#ifndef PORTCULLIS_ABUSE_ABUSE_MAP_H
#define PORTCULLIS_ABUSE_ABUSE_MAP_H

#include <stdatomic.h>

#include "abuse/abuse_catalog.h"
#include "whmcs/schema.h"

enum abuse_severity { ABUSE_FINE, ABUSE_WARNING, ABUSE_OFF };

struct abuse_finding {
    enum abuse_severity severity;
    struct slice text;
    struct abuse_finding *next;
};

struct abuse_map {
    atomic_uint references;
    struct arena arena;                  /* owns all that follows but the catalog */
    const struct abuse_catalog *catalog; /* borrowed */
    struct schema *schema;
    const struct schema_column *columns[ABUSE_COLUMNS]; /* NULL: there is none */
    bool has_outbox;
    bool has_idempotency;
    bool has_activity_log;
    bool has_activity_admin; /* tblactivitylog.admin_id */
    struct slice off_reason; /* why no report can be stored; empty: reports can */
    struct abuse_finding *findings;
    struct abuse_finding *last_finding;
    /* Values in the order of the catalog's columns that are there, but date_created and
     * suspended_at, which take none; suspend_at, in minutes from now, only where it is timed. */
    struct slice insert_sql;
    struct slice insert_timed_sql;
    /* The first report of this service_id, category, service_ip (where it is there) in so many
     * seconds. */
    struct slice duplicate_sql;
};

/* Reads the schema. The results are those of database_query. */
enum result abuse_map_learn(const struct abuse_catalog *catalog, struct database *database,
                            struct abuse_map **map);
struct abuse_map *abuse_map_share(struct abuse_map *map);
void abuse_map_release(struct abuse_map *map); /* NULL is fine */

#endif

/*
 * Which table the Abuse API's reports lie in, and under which names its columns: catalog/
 * abusemanagerpro.json, compiled in, replaceable by abuse.catalog. The add-on's own tables are not
 * public; who knows them maps them.
 *
 * Immutable once read. What the database really has is joined with it in abuse_map.h.
 */
#ifndef PORTCULLIS_ABUSE_ABUSE_CATALOG_H
#define PORTCULLIS_ABUSE_ABUSE_CATALOG_H

#include "base/arena.h"
#include "base/buffer.h"
#include "base/result.h"

/* What is kept of a report. */
enum abuse_column {
    ABUSE_USERID,
    ABUSE_SERVICE_ID,
    ABUSE_SERVICE_IP,
    ABUSE_CATEGORY,
    ABUSE_STATUS,
    ABUSE_SUSPEND_METHOD,
    ABUSE_ALLOW_UNSUSPEND,
    ABUSE_ADDITIONAL_INFO,
    ABUSE_ADMIN_NOTES,
    ABUSE_ADMIN_ID,
    ABUSE_DATE_CREATED,
    ABUSE_SUSPEND_AT,
    ABUSE_SUSPENDED_AT,
    ABUSE_COLUMNS
};

/* The name it has in the catalog, and in the API where it is a variable: service_id. */
struct slice abuse_column_name(enum abuse_column column);

struct abuse_catalog {
    struct arena arena; /* owns everything here */
    struct slice table;
    struct slice key;
    struct slice columns[ABUSE_COLUMNS]; /* as the table calls them; empty: it has none for it */
    struct slice open;                   /* a new report's status */
    struct slice closed;                 /* the status of one whose time limit is dropped */
};

/* Reads the text; every problem is appended to problems as a line. source names it there. */
enum result abuse_catalog_read(struct slice text, const char *source,
                               struct abuse_catalog **catalog, struct buffer *problems);
/* The file at path, or the compiled-in catalog where path is empty. */
enum result abuse_catalog_load(const char *path, struct abuse_catalog **catalog,
                               struct buffer *problems);
void abuse_catalog_destroy(struct abuse_catalog *catalog);

#endif

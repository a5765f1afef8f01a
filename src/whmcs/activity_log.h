/* WHMCS's own log of what was done, tblactivitylog. The thread of the database connection. */
#ifndef PORTCULLIS_WHMCS_ACTIVITY_LOG_H
#define PORTCULLIS_WHMCS_ACTIVITY_LOG_H

#include "store/database.h"

/* A line, of now. Everything is borrowed for the call. */
struct activity_log_line {
    struct slice description; /* cut by the server where the column is too short */
    struct slice admin;       /* his username */
    int64_t admin_id;
    bool has_admin_id;    /* the table has that column: old versions of WHMCS lack it */
    struct slice address; /* the client's, or empty */
};

/* By an administrator; in his write's own transaction. Fails as database_query does. */
enum result activity_log_write_admin(struct database *database,
                                     const struct activity_log_line *line);
/* By the user "portcullis". address: what it is about, or empty. */
enum result activity_log_write(struct database *database, struct slice description,
                               struct slice address);

#endif

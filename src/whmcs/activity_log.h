/* WHMCS's own log of what was done, tblactivitylog. The thread of the database connection. */
#ifndef PORTCULLIS_WHMCS_ACTIVITY_LOG_H
#define PORTCULLIS_WHMCS_ACTIVITY_LOG_H

#include "store/database.h"

/* Adds a line, of now, by the user "portcullis". address: what it is about, or empty. */
enum result activity_log_write(struct database *database, struct slice description,
                               struct slice address);

#endif

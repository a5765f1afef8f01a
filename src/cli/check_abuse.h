/* What `portcullis check` says of the Abuse API; printed. */
#ifndef PORTCULLIS_CLI_CHECK_ABUSE_H
#define PORTCULLIS_CLI_CHECK_ABUSE_H

#include "abuse/abuse_catalog.h"
#include "config/config.h"
#include "store/database.h"

/* Whether WHMCS can be asked for suspensions. */
void check_abuse_settings(const struct config_abuse *config);
/* The catalog at path, the compiled-in one where it is empty; for the caller to destroy. NULL: it
 * cannot be read. */
struct abuse_catalog *check_abuse_catalog(const char *path);
/* The catalog's join with the database, and what waits in the outbox. COMMAND_GOOD, or
 * COMMAND_FAILED when no report can be stored. */
int check_abuse_database(const struct abuse_catalog *catalog, struct database *database);

#endif

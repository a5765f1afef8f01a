/* One log line when the database is lost and one when it is back, however many workers notice. */
#ifndef PORTCULLIS_STORE_DATABASE_OUTAGE_H
#define PORTCULLIS_STORE_DATABASE_OUTAGE_H

#include "store/database_error.h"

/* Any thread. */
void database_outage_begin(const struct database_error *error);
void database_outage_end(void);

#endif

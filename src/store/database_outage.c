/* The log's memory of whether it has told of the outage. */
#include "store/database_outage.h"

#include <stdatomic.h>

#include "observe/log.h"

/* Part of the log: shared by all workers, guards nothing. */
static atomic_bool shared_outage_is_told;

void database_outage_begin(const struct database_error *error)
{
    if (!atomic_exchange(&shared_outage_is_told, true))
        log_error("database_lost", "no connection to the database: %s", error->text);
}

void database_outage_end(void)
{
    /* Read first: every connect of a healthy start would otherwise write the shared line. */
    if (atomic_load(&shared_outage_is_told) && atomic_exchange(&shared_outage_is_told, false))
        log_info("database_back", "the database answers again");
}

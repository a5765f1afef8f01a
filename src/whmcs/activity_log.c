/* One statement, with the columns that every version of WHMCS has. */
#include "whmcs/activity_log.h"

/* IGNORE: columns this program does not know take their type's empty value, and what the column's
 * character set lacks becomes a question mark. */
#define INSERT_SQL                                                                                 \
    "INSERT IGNORE INTO tblactivitylog (date,description,user,userid,ipaddr) "                     \
    "VALUES (NOW(),?,'portcullis',0,?)"

enum result activity_log_write(struct database *database, struct slice description,
                               struct slice address)
{
    const struct database_value values[] = {database_text(description), database_text(address)};
    enum result result = database_query(database, SLICE(INSERT_SQL), values, 2);
    database_finish(database);
    return result;
}

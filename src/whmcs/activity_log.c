/* Two statements: with the columns that every version of WHMCS has, and with the administrator's
 * key, where there is a column for it. */
#include "whmcs/activity_log.h"

/* IGNORE: columns this program does not know take their type's empty value, what the column's
 * character set lacks becomes a question mark, and what is too long is cut. */
#define INSERT_SQL                                                                                 \
    "INSERT IGNORE INTO tblactivitylog (date,description,user,userid,ipaddr) "                     \
    "VALUES (NOW(),?,?,0,?)"
#define INSERT_ADMIN_SQL                                                                           \
    "INSERT IGNORE INTO tblactivitylog (date,description,user,userid,ipaddr,admin_id) "            \
    "VALUES (NOW(),?,?,0,?,?)"

enum result activity_log_write_admin(struct database *database,
                                     const struct activity_log_line *line)
{
    const struct database_value values[] = {
        database_text(line->description), database_text(line->admin), database_text(line->address),
        database_integer(line->admin_id)};
    enum result result = line->has_admin_id
                             ? database_query(database, SLICE(INSERT_ADMIN_SQL), values, 4)
                             : database_query(database, SLICE(INSERT_SQL), values, 3);
    database_finish(database);
    return result;
}

enum result activity_log_write(struct database *database, struct slice description,
                               struct slice address)
{
    const struct activity_log_line line = {
        .description = description, .admin = SLICE("portcullis"), .address = address};
    return activity_log_write_admin(database, &line);
}

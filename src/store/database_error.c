/* The table of error numbers, and the columns their messages name. */
#include "store/database_error.h"

#include <errmsg.h>
#include <stdio.h>
#include <string.h>

/* Where a message names the column: between these two. MySQL writes 'column', MariaDB sometimes
 * `database`.`table`.`column`; session setup asks for English. */
struct column_place {
    const char *before;
    const char *after;
};

static const struct column_place for_column = {"for column ", " at row "};
static const struct column_place null_column = {"Column ", " cannot be null"};
static const struct column_place null_supplied = {"NOT NULL column ", " at row "};
static const struct column_place no_default = {"Field ", " doesn't have a default value"};
static const struct column_place generated = {"generated column ", " in table "};
static const struct column_place json_column = {"in value for column ", "."};
static const struct column_place foreign_key = {"FOREIGN KEY (", ")"};
static const struct column_place constraint = {"CONSTRAINT ", " failed for "};

struct error_row {
    unsigned number;
    enum result result;
    enum result in_transaction;
    enum database_remedy remedy;
    bool has_safe_text; /* its message quotes names, never values */
    const struct column_place *place;
};

enum { UNSAFE, SAFE };

#define ROW(number, result, remedy, safety)                                                        \
    {                                                                                              \
        number, RESULT_##result, RESULT_##result, DATABASE_REMEDY_##remedy, safety, NULL           \
    }
/* The server takes no writes: after a failover, another is meant. */
#define READ_ONLY(number)                                                                          \
    {                                                                                              \
        number, RESULT_FAILED, RESULT_UNAVAILABLE, DATABASE_REMEDY_RECONNECT, SAFE, NULL           \
    }
/* Nothing is stored, and another try may succeed. */
#define CONFLICT(number, outside, safety)                                                          \
    {                                                                                              \
        number, RESULT_##outside, RESULT_CONFLICT, DATABASE_REMEDY_NONE, safety, NULL              \
    }
#define TAKEN(number, safety)                                                                      \
    {                                                                                              \
        number, RESULT_FAILED, RESULT_EXISTS, DATABASE_REMEDY_NONE, safety, NULL                   \
    }
#define REFUSED(number, safety, place)                                                             \
    {                                                                                              \
        number, RESULT_FAILED, RESULT_INVALID, DATABASE_REMEDY_NONE, safety, place                 \
    }

/* Numbers are the servers' own (stable over versions), written out since the two client libraries
 * name and ship different sets of them. */
static const struct error_row errors[] = {
    CONFLICT(1020, FAILED, SAFE),              /* MariaDB: changed since it was read */
    TAKEN(1022, SAFE),                         /* duplicate key */
    ROW(1040, UNAVAILABLE, RECONNECT, SAFE),   /* too many connections */
    ROW(1044, DENIED, NONE, SAFE),             /* access denied, database */
    ROW(1045, UNAVAILABLE, RECONNECT, SAFE),   /* access denied, user */
    ROW(1047, UNAVAILABLE, RECONNECT, SAFE),   /* Galera node not ready */
    REFUSED(1048, SAFE, &null_column),         /* null for NOT NULL */
    ROW(1049, UNAVAILABLE, RECONNECT, SAFE),   /* unknown database */
    ROW(1053, UNAVAILABLE, RECONNECT, SAFE),   /* shutdown in progress */
    ROW(1054, STALE, DISCARD, SAFE),           /* unknown column */
    TAKEN(1062, UNSAFE),                       /* duplicate entry */
    ROW(1064, FAILED, DISCARD, SAFE),          /* syntax */
    CONFLICT(1105, FAILED, UNSAFE),            /* unknown; Galera: certification, at commit */
    REFUSED(1118, SAFE, NULL),                 /* row too large */
    REFUSED(1138, SAFE, NULL),                 /* invalid use of null */
    ROW(1142, DENIED, DISCARD, SAFE),          /* denied on table */
    ROW(1143, DENIED, DISCARD, SAFE),          /* denied on column */
    ROW(1146, STALE, DISCARD, SAFE),           /* no such table */
    ROW(1153, FAILED, RECONNECT, SAFE),        /* over max_allowed_packet: the server hangs up */
    ROW(1158, UNAVAILABLE, RECONNECT, SAFE),   /* error reading packets */
    ROW(1159, UNAVAILABLE, RECONNECT, SAFE),   /* timeout reading packets */
    ROW(1160, UNAVAILABLE, RECONNECT, SAFE),   /* error writing packets */
    ROW(1161, UNAVAILABLE, RECONNECT, SAFE),   /* timeout writing packets */
    CONFLICT(1180, FAILED, SAFE),              /* error during COMMIT; Galera: certification */
    CONFLICT(1205, UNAVAILABLE, SAFE),         /* lock wait timeout */
    ROW(1206, UNAVAILABLE, NONE, SAFE),        /* lock table full */
    CONFLICT(1213, UNAVAILABLE, SAFE),         /* deadlock; Galera: certification */
    REFUSED(1216, SAFE, NULL),                 /* foreign key, not told which */
    REFUSED(1217, SAFE, NULL),                 /* the same of a referenced row */
    ROW(1243, UNAVAILABLE, REPREPARE, UNSAFE), /* unknown statement handler */
    REFUSED(1263, SAFE, &null_supplied),       /* null for NOT NULL, of several rows */
    REFUSED(1264, SAFE, &for_column),          /* out of range */
    REFUSED(1265, SAFE, &for_column),          /* cut; no member of the enum */
    READ_ONLY(1290),                           /* --read-only */
    REFUSED(1292, UNSAFE, &for_column),        /* bad date */
    REFUSED(1300, UNSAFE, NULL),               /* invalid characters */
    ROW(1317, UNAVAILABLE, NONE, SAFE),        /* interrupted: KILL QUERY */
    REFUSED(1364, SAFE, &no_default),          /* no default value */
    REFUSED(1366, UNSAFE, &for_column),        /* incorrect value */
    REFUSED(1367, UNSAFE, NULL),               /* illegal value found during parsing */
    REFUSED(1369, SAFE, NULL),                 /* a view's CHECK OPTION */
    REFUSED(1406, SAFE, &for_column),          /* too long */
    REFUSED(1411, UNSAFE, NULL),               /* incorrect value for a function */
    REFUSED(1416, SAFE, NULL),                 /* no geometry */
    REFUSED(1441, SAFE, NULL),                 /* overflow of a date */
    REFUSED(1451, SAFE, NULL),                 /* foreign key: is referenced */
    REFUSED(1452, SAFE, &foreign_key),         /* foreign key: nothing to refer to */
    ROW(1461, UNAVAILABLE, SHRINK, SAFE),      /* too many prepared statements */
    REFUSED(1525, UNSAFE, NULL),               /* MySQL: incorrect value, in an expression */
    REFUSED(1526, UNSAFE, NULL),               /* no partition for it */
    TAKEN(1586, UNSAFE),                       /* duplicate entry, naming the key */
    ROW(1615, UNAVAILABLE, REPREPARE, SAFE),   /* needs to be re-prepared */
    ROW(1637, UNAVAILABLE, NONE, SAFE),        /* too many transactions */
    REFUSED(1644, UNSAFE, NULL),               /* a trigger's SIGNAL */
    REFUSED(1690, UNSAFE, NULL),               /* out of range, in an expression */
    READ_ONLY(1836),                           /* read-only mode */
    TAKEN(1859, SAFE),                         /* duplicate entry, not told which */
    REFUSED(1906, SAFE, &generated),           /* MariaDB: a generated column */
    ROW(1927, UNAVAILABLE, RECONNECT, SAFE),   /* MariaDB: connection killed */
    ROW(1969, TIMEOUT, NONE, SAFE),            /* MariaDB: max_statement_time */
    ROW(3024, TIMEOUT, NONE, SAFE),            /* MySQL: max_execution_time */
    ROW(3032, UNAVAILABLE, RECONNECT, SAFE),   /* MySQL: offline mode */
    ROW(3100, UNAVAILABLE, NONE, SAFE),        /* MySQL group replication: refused at commit */
    CONFLICT(3101, FAILED, SAFE),              /* MySQL group replication: certification */
    REFUSED(3105, SAFE, &generated),           /* MySQL: a generated column */
    REFUSED(3140, UNSAFE, &json_column),       /* MySQL: no JSON */
    REFUSED(3144, SAFE, NULL),                 /* MySQL: JSON of another character set */
    REFUSED(3150, SAFE, NULL),                 /* MySQL: JSON too big */
    REFUSED(3157, SAFE, NULL),                 /* MySQL: JSON too deep */
    ROW(3169, UNAVAILABLE, RECONNECT, SAFE),   /* MySQL: session killed */
    REFUSED(3819, SAFE, NULL),                 /* MySQL: CHECK */
    REFUSED(4025, SAFE, &constraint),          /* MariaDB: CHECK, JSON too */
    ROW(4031, UNAVAILABLE, RECONNECT, SAFE),   /* MySQL: idle for too long */
    ROW(CR_OUT_OF_MEMORY, NO_MEMORY, RECONNECT, SAFE),
};

/* The client library's own numbers: all of them but the few above mean a connection in a state
 * that cannot be trusted, and their texts speak of hosts and sockets only. */
static bool is_client_error(unsigned number)
{
    return number >= 2000 && number < 3000;
}

static const struct error_row *row_find(unsigned number)
{
    static const struct error_row client = ROW(0, UNAVAILABLE, RECONNECT, SAFE);
    static const struct error_row other = ROW(0, FAILED, NONE, UNSAFE);
    for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
        if (errors[i].number == number)
            return &errors[i];
    return is_client_error(number) ? &client : &other;
}

struct database_meaning database_error_meaning(unsigned number)
{
    const struct error_row *row = row_find(number);
    return (struct database_meaning){row->result, row->remedy};
}

struct database_meaning database_error_meaning_in_transaction(unsigned number)
{
    const struct error_row *row = row_find(number);
    return (struct database_meaning){row->in_transaction, row->remedy};
}

/* CR_SERVER_GONE_ERROR is documented as "the client couldn't send a question to the server". */
bool database_error_is_answer_lost(unsigned number)
{
    return is_client_error(number) && number != CR_SERVER_GONE_ERROR;
}

/* --- columns ------------------------------------------------------------------------------- */

/* A message as long as this may have been cut by server or library (512), so that what stands at
 * its end is not the server's word but the client's value. */
enum { LONGEST_WHOLE_MESSAGE = 480 };

/* What stands behind the last occurrence of mark: a value quoted before it may say anything. */
static struct slice behind_last(struct slice text, const char *mark)
{
    struct slice wanted = slice_from(mark);
    for (size_t i = text.size; i-- > 0;)
        if (slice_starts_with(slice_skip(text, i), wanted))
            return slice_skip(text, i + wanted.size);
    return slice_of(NULL, 0);
}

/* Cuts 'column' or `database`.`table`.`column` off *rest and gives the last part. */
static struct slice name_cut(struct slice *rest)
{
    struct slice name = slice_of(NULL, 0);
    while (rest->size && (rest->data[0] == '\'' || rest->data[0] == '`')) {
        struct slice inner = slice_skip(*rest, 1);
        size_t end = slice_find(inner, rest->data[0]);
        if (end == inner.size)
            return slice_of(NULL, 0);
        name = slice_of(inner.data, end);
        *rest = slice_skip(inner, end + 1);
        if (!slice_starts_with(*rest, SLICE(".`")))
            break;
        *rest = slice_skip(*rest, 1);
    }
    return name;
}

/* MariaDB names a column's own CHECK `table.column`. */
static struct slice behind_point(struct slice name)
{
    for (size_t i = name.size; i-- > 0;)
        if (name.data[i] == '.')
            return slice_skip(name, i + 1);
    return name;
}

static void column_set(struct database_error *error, const struct column_place *place,
                       struct slice text)
{
    error->column[0] = '\0';
    if (!place || text.size > LONGEST_WHOLE_MESSAGE)
        return;
    struct slice rest = behind_last(text, place->before);
    struct slice name = behind_point(name_cut(&rest));
    if (name.size == 0 || name.size >= sizeof(error->column) ||
        !slice_starts_with(rest, slice_from(place->after)))
        return;
    memcpy(error->column, name.data, name.size);
    error->column[name.size] = '\0';
}

/* --- the error ----------------------------------------------------------------------------- */

void database_error_clear(struct database_error *error)
{
    error->number = 0;
    error->text[0] = '\0';
    error->column[0] = '\0';
}

void database_error_set(struct database_error *error, unsigned number, const char *sqlstate,
                        const char *text)
{
    const struct error_row *row = row_find(number);
    error->number = number;
    column_set(error, row->place, slice_from(text));
    if (row->has_safe_text)
        snprintf(error->text, sizeof(error->text), "%s", text);
    else
        snprintf(error->text, sizeof(error->text), "error %u (SQLSTATE %s)", number, sqlstate);
}

void database_error_from_connection(struct database_error *error, MYSQL *mysql)
{
    database_error_set(error, mysql_errno(mysql), mysql_sqlstate(mysql), mysql_error(mysql));
}

void database_error_from_statement(struct database_error *error, MYSQL_STMT *handle, MYSQL *mysql)
{
    if (mysql_stmt_errno(handle) != 0)
        database_error_set(error, mysql_stmt_errno(handle), mysql_stmt_sqlstate(handle),
                           mysql_stmt_error(handle));
    else if (mysql_errno(mysql) != 0)
        database_error_from_connection(error, mysql);
    else
        database_error_set(error, CR_UNKNOWN_ERROR, "HY000", "the client library gave no reason");
}

/* The table of error numbers. */
#include "store/database_error.h"

#include <errmsg.h>
#include <stdio.h>

struct error_row {
    unsigned number;
    enum result result;
    enum database_remedy remedy;
    bool has_safe_text; /* its message quotes names, never values */
};

/* Numbers are the servers' own (stable over versions), written out since the two client libraries
 * name and ship different sets of them. */
static const struct error_row errors[] = {
    {1040, RESULT_UNAVAILABLE, DATABASE_REMEDY_RECONNECT, true},  /* too many connections */
    {1044, RESULT_FAILED, DATABASE_REMEDY_NONE, true},            /* access denied, database */
    {1045, RESULT_UNAVAILABLE, DATABASE_REMEDY_RECONNECT, true},  /* access denied, user */
    {1047, RESULT_UNAVAILABLE, DATABASE_REMEDY_RECONNECT, true},  /* Galera node not ready */
    {1049, RESULT_UNAVAILABLE, DATABASE_REMEDY_RECONNECT, true},  /* unknown database */
    {1053, RESULT_UNAVAILABLE, DATABASE_REMEDY_RECONNECT, true},  /* shutdown in progress */
    {1054, RESULT_STALE, DATABASE_REMEDY_DISCARD, true},          /* unknown column */
    {1064, RESULT_FAILED, DATABASE_REMEDY_DISCARD, true},         /* syntax */
    {1142, RESULT_FAILED, DATABASE_REMEDY_DISCARD, true},         /* denied on table */
    {1143, RESULT_FAILED, DATABASE_REMEDY_DISCARD, true},         /* denied on column */
    {1146, RESULT_STALE, DATABASE_REMEDY_DISCARD, true},          /* no such table */
    {1205, RESULT_UNAVAILABLE, DATABASE_REMEDY_NONE, true},       /* lock wait timeout */
    {1213, RESULT_UNAVAILABLE, DATABASE_REMEDY_NONE, true},       /* deadlock */
    {1243, RESULT_UNAVAILABLE, DATABASE_REMEDY_REPREPARE, false}, /* unknown statement handler */
    {1317, RESULT_UNAVAILABLE, DATABASE_REMEDY_NONE, true},       /* interrupted: KILL QUERY */
    {1461, RESULT_UNAVAILABLE, DATABASE_REMEDY_SHRINK, true},     /* too many prepared statements */
    {1615, RESULT_UNAVAILABLE, DATABASE_REMEDY_REPREPARE, true},  /* needs to be re-prepared */
    {1927, RESULT_UNAVAILABLE, DATABASE_REMEDY_RECONNECT, true},  /* MariaDB: connection killed */
    {1969, RESULT_TIMEOUT, DATABASE_REMEDY_NONE, true},           /* MariaDB: max_statement_time */
    {3024, RESULT_TIMEOUT, DATABASE_REMEDY_NONE, true},           /* MySQL: max_execution_time */
    {4031, RESULT_UNAVAILABLE, DATABASE_REMEDY_RECONNECT, true},  /* MySQL: idle for too long */
    {CR_OUT_OF_MEMORY, RESULT_NO_MEMORY, DATABASE_REMEDY_RECONNECT, true},
};

/* The client library's own numbers: all of them but the few above mean a connection in a state
 * that cannot be trusted, and their texts speak of hosts and sockets only. */
static bool is_client_error(unsigned number)
{
    return number >= 2000 && number < 3000;
}

static const struct error_row *row_find(unsigned number)
{
    static const struct error_row client = {0, RESULT_UNAVAILABLE, DATABASE_REMEDY_RECONNECT, true};
    static const struct error_row other = {0, RESULT_FAILED, DATABASE_REMEDY_NONE, false};
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

void database_error_clear(struct database_error *error)
{
    error->number = 0;
    error->text[0] = '\0';
}

void database_error_set(struct database_error *error, unsigned number, const char *sqlstate,
                        const char *text)
{
    error->number = number;
    if (row_find(number)->has_safe_text)
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

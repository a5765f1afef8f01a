/*
 * What an error of the server or the client library means for us: one table of numbers.
 *
 * The text kept beside the number never holds a bound value: servers quote values in many
 * messages (1366: Incorrect integer value), so only texts known to name nothing but schema and
 * connection are kept; of all others only number and SQLSTATE. The column that a message names is
 * kept apart.
 */
#ifndef PORTCULLIS_STORE_DATABASE_ERROR_H
#define PORTCULLIS_STORE_DATABASE_ERROR_H

#include <mysql.h>

#include "base/result.h"
#include "base/slice.h"

/* Values as the client library has them: is_null, error. char or bool, by library. */
typedef __typeof__(*((MYSQL_BIND *)0)->is_null) mysql_flag;

enum { DATABASE_ERROR_COLUMN_BYTES = 260 }; /* 64 characters of 4 bytes, and the NUL */

struct database_error {
    unsigned number;                          /* 0: none */
    char text[256];                           /* NUL-terminated */
    char column[DATABASE_ERROR_COLUMN_BYTES]; /* of a refused value; NUL-terminated, may be empty */
};

/* What has to be done before the connection is used again. */
enum database_remedy {
    DATABASE_REMEDY_NONE,
    DATABASE_REMEDY_REPREPARE, /* the server has forgotten the statement: prepare it anew */
    DATABASE_REMEDY_DISCARD,   /* the statement no longer fits the schema: close it */
    DATABASE_REMEDY_SHRINK,    /* too many prepared statements on the server: close half of ours */
    DATABASE_REMEDY_RECONNECT, /* the connection is gone or of no use */
};

struct database_meaning {
    enum result result;
    enum database_remedy remedy;
};

struct database_meaning database_error_meaning(unsigned number);
/* The same of a statement in a transaction of writes, where conflicts and refusals are told
 * apart: RESULT_CONFLICT, RESULT_EXISTS, RESULT_INVALID too. */
struct database_meaning database_error_meaning_in_transaction(unsigned number);
/* Did the client library give up on an answer that may have been under way? False of every error
 * that the server itself sent, and of a question that was never sent. */
bool database_error_is_answer_lost(unsigned number);

void database_error_clear(struct database_error *error);
void database_error_set(struct database_error *error, unsigned number, const char *sqlstate,
                        const char *text);
void database_error_from_connection(struct database_error *error, MYSQL *mysql);
/* A failed fetch of unbuffered rows leaves its error on the connection alone; with none on either,
 * the connection is not to be trusted and the error says so (CR_UNKNOWN_ERROR). */
void database_error_from_statement(struct database_error *error, MYSQL_STMT *handle, MYSQL *mysql);

#endif

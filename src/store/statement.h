/*
 * A prepared statement with the places its result is read into. Made once, executed often;
 * belongs to one connection and one thread. Freed by statement_destroy, also after its connection
 * has been closed.
 */
#ifndef PORTCULLIS_STORE_STATEMENT_H
#define PORTCULLIS_STORE_STATEMENT_H

#include <uthash.h>

#include "store/statement_column.h"

struct statement {
    char *text; /* owned: the key */
    size_t text_size;
    MYSQL *mysql; /* borrowed: the connection it was prepared on */
    MYSQL_STMT *handle;
    MYSQL_BIND *parameters; /* owned; parameter_count of them */
    unsigned parameter_count;

    struct statement_column *columns; /* owned; all three column_count long */
    struct database_cell *cells;
    MYSQL_BIND *binds;
    unsigned column_count;
    bool has_grown; /* a buffer moved: tell the library before the next row */

    /* The cache's. */
    uint64_t used; /* its clock at the last use */
    UT_hash_handle hh;
};

/* Prepares text: one round trip. NULL with *error filled on failure. */
struct statement *statement_create(MYSQL *mysql, struct slice text, struct database_error *error);
void statement_destroy(struct statement *statement);

/* One round trip. False with *error filled on failure. values are borrowed for the call. */
bool statement_execute(struct statement *statement, const struct database_value *values,
                       size_t value_count, struct database_error *error);
/* The next row into statement->cells: RESULT_OK, RESULT_NOT_FOUND at the end, RESULT_FAILED with
 * *error filled. */
enum result statement_fetch(struct statement *statement, struct database_error *error);
/* Reads at most most_rows rows that nobody wants; false when that was not the end. */
bool statement_drain(struct statement *statement, size_t most_rows);

#endif

/*
 * One column of a prepared statement's result: where the client library puts its value, and the
 * cell made of it. Lives inside a struct statement; one thread.
 */
#ifndef PORTCULLIS_STORE_STATEMENT_COLUMN_H
#define PORTCULLIS_STORE_STATEMENT_COLUMN_H

#include "store/database.h"
#include "store/database_error.h"

enum { STATEMENT_COLUMN_TEXT_BYTES = 40 };

struct statement_column {
    /* What the server said it is; another answer later means it was altered. */
    enum enum_field_types type;
    unsigned flags;
    unsigned charset;
    unsigned decimals;

    enum database_kind kind;
    mysql_flag is_null;
    mysql_flag is_cut;    /* the library's word on truncation; length tells us more */
    unsigned long length; /* of a text's whole value, also where it did not fit */
    char *buffer;         /* owned; text and binary only */
    size_t capacity;      /* grows to the longest value seen, so that the next fits at once */
    int64_t integer;
    MYSQL_TIME time;
    char text[STATEMENT_COLUMN_TEXT_BYTES]; /* integers and times as text */
};

/* Learns the column from what the server says and makes a buffer; false: no memory. */
bool statement_column_init(struct statement_column *column, const MYSQL_FIELD *field);
void statement_column_clear(struct statement_column *column);
/* Is the column still what the server now says it is? */
bool statement_column_fits(const struct statement_column *column, const MYSQL_FIELD *field);

/* Points bind at the column's places. */
void statement_column_bind(struct statement_column *column, MYSQL_BIND *bind);
/* Did the row's value not fit the buffer? */
bool statement_column_is_short(const struct statement_column *column);
/* Makes the buffer large enough for the value that did not fit; false: no memory. */
bool statement_column_grow(struct statement_column *column);
/* Makes the cell of the row just fetched; borrows from the column. */
void statement_column_read(struct statement_column *column, struct database_cell *cell);

#endif

/*
 * A MySQL connection with its cache of prepared statements. Blocking; belongs to one worker thread.
 *
 * Statements are always prepared, cached by their text (least recently used closed), values always
 * bound. Rows are read as they arrive, one at a time; cells are borrowed until the next row.
 *
 * Deadline: reads are killed by the server itself (max_statement_time on MariaDB,
 * max_execution_time on MySQL), so a kill can never hit the next query of the connection; the
 * socket's timeout, a second later, covers a server that hangs. MariaDB kills writes too, MySQL
 * does not: there a write is bounded by its waits for locks, and by the socket's timeout.
 */
#ifndef PORTCULLIS_STORE_DATABASE_H
#define PORTCULLIS_STORE_DATABASE_H

#include "base/buffer.h"
#include "base/result.h"
#include "config/config.h"

struct database;

/* A bound value. */
enum database_value_type { DATABASE_NULL, DATABASE_INTEGER, DATABASE_UNSIGNED, DATABASE_TEXT };

struct database_value {
    enum database_value_type type;
    int64_t integer;
    uint64_t natural;
    struct slice text; /* utf8mb4; borrowed for the call */
};

/* What the server said a column holds; decides how a cell is written. */
enum database_kind {
    DATABASE_KIND_INTEGER, /* text is decimal digits, integer is set too */
    DATABASE_KIND_DECIMAL, /* text with its scale kept; also float and double */
    DATABASE_KIND_TEXT,
    DATABASE_KIND_TIME, /* date, datetime, timestamp, time as MySQL prints them, zero dates too */
    DATABASE_KIND_BINARY,
};

struct database_cell {
    bool is_null;
    enum database_kind kind;
    struct slice text; /* borrowed until the next row or database_finish */
    int64_t integer;   /* INTEGER; for unsigned above INT64_MAX only text is right */
};

/* Does not connect yet. config is borrowed. NULL when memory is out. */
struct database *database_create(const struct config_mysql *config);
void database_destroy(struct database *database);

/*
 * Executes sql with its values; rows are then read with database_next. Connects or reconnects
 * first when needed (hosts in order, jittered pauses between failed tries so that a dead server is
 * not hammered: within a pause RESULT_UNAVAILABLE comes at once). A connection found dead before
 * anything of a statement was executed (server restarted while idle) is replaced and a read tried
 * once more.
 *
 * RESULT_UNAVAILABLE, RESULT_TIMEOUT (deadline; connection stays usable or is replaced),
 * RESULT_STALE (1054, 1146), RESULT_DENIED (a privilege is missing) and RESULT_FAILED (both logged
 * with error number and SQL text, never values).
 */
enum result database_query(struct database *database, struct slice sql,
                           const struct database_value *values, size_t value_count);

/* The next row: RESULT_OK and *cells (column_count of them), RESULT_NOT_FOUND at the end, else as
 * database_query. After anything but RESULT_OK the statement is finished. */
enum result database_next(struct database *database, const struct database_cell **cells);
size_t database_column_count(const struct database *database);
/* Ends a statement early; harmless when it has ended. */
void database_finish(struct database *database);

/* Statement not in the cache, no prepared form: for session setup and tests of a server. */
enum result database_execute(struct database *database, struct slice sql);
/*
 * Between begin and end the connection's reads see one moment, that of begin (InnoDB; two round
 * trips to begin, one to end). database_has_snapshot says whether the last statement still saw it:
 * a connection that was lost and replaced does not.
 */
enum result database_snapshot_begin(struct database *database);
bool database_has_snapshot(const struct database *database);
enum result database_snapshot_end(struct database *database);
/*
 * A transaction of writes. Between begin and its end nothing is ever executed on another
 * connection: with the connection lost every further statement is RESULT_UNAVAILABLE, until
 * rollback or commit.
 *
 * In it a statement may also return RESULT_CONFLICT (deadlock, or a lock that was waited for too
 * long, a little less than mysql.read_deadline: roll back, and run the whole again), RESULT_EXISTS
 * (a unique key is taken), RESULT_INVALID (the server refuses a value: database_error_column).
 * After RESULT_EXISTS, INVALID and STALE the transaction goes on without that statement; after any
 * other failure, a deadline or a kill too, it is doomed: every further statement, and commit,
 * returns the same and does nothing.
 */
enum result database_begin(struct database *database);
/* Ends the transaction whatever it returns; unless RESULT_OK or RESULT_UNKNOWN nothing is stored.
 * RESULT_UNKNOWN: the connection was lost before the answer came; it may be stored, or not. */
enum result database_commit(struct database *database);
/* Always leaves the connection outside a transaction, if need be by closing it. */
void database_rollback(struct database *database);
/* Before a transaction that met RESULT_CONFLICT is run again: at most 50 ms, longer each time;
 * attempt from 1 on. */
void database_retry_pause(unsigned attempt);
/* Of the last INSERT, UPDATE or DELETE. Rows found, not rows changed, of an UPDATE. */
uint64_t database_affected(const struct database *database);
uint64_t database_insert_id(const struct database *database);
/* Which column the last RESULT_INVALID was about; empty when the server did not say. Borrowed
 * until the next statement. */
struct slice database_error_column(const struct database *database);

/* Keeps the connection fresh from a worker's idle hook; reconnects when it was lost. */
void database_keep_alive(struct database *database);
/* Is the connection believed to be up? Any thread (atomic). */
bool database_is_connected(const struct database *database);
/* Any thread, at the process's end: what waits for the server fails at once, and nothing more is
 * tried. */
void database_interrupt(struct database *database);
/* The last error's number and text, for `check` and logs; never holds values. */
unsigned database_error_number(const struct database *database);
const char *database_error_text(const struct database *database);
/* Time spent in statements since the last call, for the request's phase. */
uint64_t database_take_elapsed_us(struct database *database);

static inline struct database_value database_text(struct slice text)
{
    return (struct database_value){.type = DATABASE_TEXT, .text = text};
}

static inline struct database_value database_integer(int64_t value)
{
    return (struct database_value){.type = DATABASE_INTEGER, .integer = value};
}

#endif

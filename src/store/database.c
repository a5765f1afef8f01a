/* The connection's life, statements, and what is done about one that failed. */
#include "store/database_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "store/database_outage.h"
#include "store/database_session.h"

enum {
    FIRST_PAUSE_MS = 25,
    LONGEST_PAUSE_MS = 500, /* so that service is back well within 2 s of the server's return */
    MOST_ATTEMPTS = 3,
    /* A page is at most some hundred rows; what is left of more is dropped with the connection. */
    MOST_DRAINED_ROWS = 1000,
    /* A server that closed a connection while it was idle says so at once; a failure later than
     * this may be the query's own doing and is not tried again. */
    FOUND_DEAD_WITHIN_US = 100000,
    IDLE_BEFORE_PING_US = 900000,
    MOST_LOGGED_SQL = 2000,
};

static void library_init(void)
{
    mysql_library_init(0, NULL, NULL);
}

struct database *database_create(const struct config_mysql *config)
{
    static pthread_once_t library_once = PTHREAD_ONCE_INIT;
    pthread_once(&library_once, library_init);
    struct database *database = calloc(1, sizeof(*database));
    if (!database)
        return NULL;
    mysql_thread_init();
    database->config = config;
    atomic_init(&database->is_connected, false);
    atomic_init(&database->shared_wait.socket, -1);
    atomic_init(&database->shared_wait.is_ending, false);
    statement_cache_init(&database->cache, config->statements);
    database->seed = (unsigned)(clock_now_us() ^ (uintptr_t)database);
    return database;
}

void database_connection_drop(struct database *database)
{
    if (!database->mysql)
        return;
    atomic_store(&database->shared_wait.socket, -1);
    /* Closing first detaches the statements, so that none is closed by a message of its own. */
    mysql_close(database->mysql);
    database->mysql = NULL;
    database->open = NULL;
    statement_cache_clear(&database->cache);
    if (database->transaction == DATABASE_TRANSACTION_OPEN) {
        database->transaction = DATABASE_TRANSACTION_DOOMED;
        database->doom = RESULT_UNAVAILABLE;
    } else if (database->transaction == DATABASE_TRANSACTION_AHEAD) {
        database->transaction = DATABASE_TRANSACTION_NONE;
    }
    atomic_store(&database->is_connected, false);
    metric_add(METRIC_DB_CONNECTED, -1);
}

void database_destroy(struct database *database)
{
    if (!database)
        return;
    database_connection_drop(database);
    free(database);
    mysql_thread_end();
}

/* Half fixed, half by chance: workers that lost the server together do not return together. */
static void pause_begin(struct database *database)
{
    unsigned pause_ms = database->pause_ms ? database->pause_ms * 2 : FIRST_PAUSE_MS;
    database->pause_ms = pause_ms < LONGEST_PAUSE_MS ? pause_ms : LONGEST_PAUSE_MS;
    unsigned half = database->pause_ms / 2;
    uint64_t wait_ms = half + (unsigned)rand_r(&database->seed) % (half + 1);
    database->retry_at_us = clock_now_us() + wait_ms * 1000;
}

static enum result connection_ensure(struct database *database)
{
    if (database->transaction == DATABASE_TRANSACTION_DOOMED)
        return database->doom;
    if (database->mysql)
        return RESULT_OK;
    if (atomic_load(&database->shared_wait.is_ending) || clock_now_us() < database->retry_at_us)
        return RESULT_UNAVAILABLE;
    database->mysql =
        database_session_open(database->config, &database->shared_wait, &database->error);
    if (!database->mysql) {
        metric_increment(METRIC_DB_CONNECT_ERRORS);
        database_outage_begin(&database->error);
        pause_begin(database);
        return RESULT_UNAVAILABLE;
    }
    database->pause_ms = 0;
    database->retry_at_us = 0;
    database->used_us = clock_now_us();
    atomic_store(&database->is_connected, true);
    metric_increment(METRIC_DB_CONNECTS);
    metric_increment(METRIC_DB_CONNECTED);
    database_outage_end();
    return RESULT_OK;
}

/* Half of a race is harmless: a socket closed in between was not waited for. */
void database_interrupt(struct database *database)
{
    atomic_store(&database->shared_wait.is_ending, true);
    int socket = atomic_load(&database->shared_wait.socket);
    if (socket >= 0)
        shutdown(socket, SHUT_RDWR);
}

static struct statement *statement_get(struct database *database, struct slice sql)
{
    struct statement *statement = statement_cache_find(&database->cache, sql);
    if (statement)
        return statement;
    metric_increment(METRIC_DB_PREPARES);
    statement = statement_create(database->mysql, sql, &database->error);
    if (statement)
        statement_cache_add(&database->cache, statement);
    return statement;
}

static void failure_log(const struct database *database, enum result result, struct slice sql)
{
    size_t size = sql.size < MOST_LOGGED_SQL ? sql.size : MOST_LOGGED_SQL;
    const char *text = database->error.text;
    if (result == RESULT_FAILED || result == RESULT_DENIED)
        log_error("database_error", "%s; statement: %.*s", text, (int)size, sql.data);
    else if (result == RESULT_TIMEOUT)
        log_warning("database_deadline", "read deadline passed; statement: %.*s", (int)size,
                    sql.data);
    else if (result == RESULT_CONFLICT)
        log_info("database_conflict", "%s; statement: %.*s", text, (int)size, sql.data);
}

/* A socket that stayed silent for the whole deadline is a timeout whatever the library calls it. */
static enum result failure_result(const struct database *database, struct database_meaning meaning,
                                  uint64_t since_us)
{
    bool is_late = clock_now_us() - since_us >= database->config->read_deadline_ms * 1000;
    if (meaning.remedy == DATABASE_REMEDY_RECONNECT && meaning.result == RESULT_UNAVAILABLE &&
        is_late)
        return RESULT_TIMEOUT;
    return meaning.result;
}

/* Puts connection and cache in order after database->error; statement may be NULL (it was not even
 * prepared) and must not be used afterwards. */
static void failure_mend(struct database *database, struct statement *statement,
                         enum database_remedy remedy)
{
    database->open = NULL;
    if (remedy == DATABASE_REMEDY_RECONNECT) {
        database_connection_drop(database);
        return;
    }
    if (remedy == DATABASE_REMEDY_SHRINK)
        statement_cache_halve(&database->cache);
    else if (statement && remedy != DATABASE_REMEDY_NONE)
        statement_cache_drop(&database->cache, statement);
}

static struct database_meaning failure_meaning(const struct database *database)
{
    return database->transaction == DATABASE_TRANSACTION_NONE
               ? database_error_meaning(database->error.number)
               : database_error_meaning_in_transaction(database->error.number);
}

/* After these the server has undone the statement, and nothing but it. After others it may have
 * undone the whole (a deadlock), and would store at once what is executed next. */
static bool leaves_transaction(enum result result)
{
    return result == RESULT_EXISTS || result == RESULT_INVALID || result == RESULT_STALE;
}

static void transaction_doom(struct database *database, enum result result)
{
    if (database->transaction != DATABASE_TRANSACTION_OPEN || leaves_transaction(result))
        return;
    database->transaction = DATABASE_TRANSACTION_DOOMED;
    database->doom = result;
}

enum result database_failure_end(struct database *database, struct statement *statement,
                                 struct slice sql, uint64_t since_us)
{
    struct database_meaning meaning = failure_meaning(database);
    enum result result = failure_result(database, meaning, since_us);
    /* Logged first: mending may close the statement, whose text this is. */
    failure_log(database, result, sql);
    failure_mend(database, statement, meaning.remedy);
    transaction_doom(database, result);
    if (result != RESULT_EXISTS)
        metric_increment(result == RESULT_TIMEOUT ? METRIC_DB_DEADLINES : METRIC_DB_ERRORS);
    database->affected = 0;
    database->insert_id = 0;
    return result;
}

static bool is_read(struct slice sql)
{
    struct slice word = SLICE("SELECT");
    return sql.size > word.size && strncasecmp(sql.data, word.data, word.size) == 0;
}

/* May the statement be executed once more? Never where it may have been executed already, nor on
 * another connection than its transaction's. */
static bool is_worth_another(const struct database *database, enum database_remedy remedy,
                             struct slice sql, bool was_connected, uint64_t since_us)
{
    switch (remedy) {
    case DATABASE_REMEDY_REPREPARE:
    case DATABASE_REMEDY_SHRINK:
        return true;
    case DATABASE_REMEDY_RECONNECT:
        return database->transaction == DATABASE_TRANSACTION_NONE && was_connected &&
               is_read(sql) && clock_now_us() - since_us < FOUND_DEAD_WITHIN_US;
    default:
        return false;
    }
}

static bool statement_run(struct database *database, struct slice sql,
                          const struct database_value *values, size_t value_count,
                          struct statement **statement)
{
    *statement = statement_get(database, sql);
    if (!*statement)
        return false;
    metric_increment(METRIC_DB_STATEMENTS);
    if (!statement_execute(*statement, values, value_count, &database->error))
        return false;
    if ((*statement)->column_count == 0) {
        database->affected = mysql_stmt_affected_rows((*statement)->handle);
        database->insert_id = mysql_stmt_insert_id((*statement)->handle);
    }
    return true;
}

static enum result query_attempts(struct database *database, struct slice sql,
                                  const struct database_value *values, size_t value_count)
{
    uint64_t since_us = clock_now_us();
    for (int attempt = 1;; attempt++) {
        bool was_connected = database->mysql != NULL;
        enum result result = connection_ensure(database);
        if (result != RESULT_OK)
            return result;
        struct statement *statement;
        if (statement_run(database, sql, values, value_count, &statement)) {
            database->open = statement;
            database->has_timed_fetch = false;
            return RESULT_OK;
        }
        enum database_remedy remedy = failure_meaning(database).remedy;
        if (attempt == MOST_ATTEMPTS ||
            !is_worth_another(database, remedy, sql, was_connected, since_us))
            return database_failure_end(database, statement, sql, since_us);
        failure_mend(database, statement, remedy);
    }
}

enum result database_query(struct database *database, struct slice sql,
                           const struct database_value *values, size_t value_count)
{
    uint64_t began_us = clock_now_us();
    database_finish(database);
    database_ahead_end(database);
    enum result result = query_attempts(database, sql, values, value_count);
    uint64_t now_us = clock_now_us();
    if (result == RESULT_OK)
        database->used_us = now_us;
    database->elapsed_us += now_us - began_us;
    return result;
}

static enum result fetch_failed(struct database *database)
{
    struct statement *statement = database->open;
    struct slice sql = slice_of(statement->text, statement->text_size);
    return database_failure_end(database, statement, sql, database->used_us);
}

enum result database_next(struct database *database, const struct database_cell **cells)
{
    *cells = NULL;
    if (!database->open)
        return RESULT_NOT_FOUND;
    /* Rows after the first come out of the socket's buffer: looking at the clock for each would
     * cost more than it shows. */
    uint64_t began_us = database->has_timed_fetch ? 0 : clock_now_us();
    enum result result = statement_fetch(database->open, &database->error);
    if (!database->has_timed_fetch) {
        database->elapsed_us += clock_now_us() - began_us;
        database->has_timed_fetch = true;
    }
    if (result == RESULT_OK) {
        *cells = database->open->cells;
        return RESULT_OK;
    }
    if (result == RESULT_FAILED)
        return fetch_failed(database);
    database->open = NULL;
    return result;
}

size_t database_column_count(const struct database *database)
{
    return database->open ? database->open->column_count : 0;
}

void database_finish(struct database *database)
{
    struct statement *statement = database->open;
    database->open = NULL;
    if (statement && !statement_drain(statement, MOST_DRAINED_ROWS))
        database_connection_drop(database);
}

bool database_text_execute(struct database *database, struct slice sql)
{
    uint64_t began_us = clock_now_us();
    metric_increment(METRIC_DB_STATEMENTS);
    if (mysql_real_query(database->mysql, sql.data, sql.size) == 0) {
        MYSQL_RES *rows = mysql_store_result(database->mysql);
        database->affected = rows ? database->affected : mysql_affected_rows(database->mysql);
        database->insert_id = rows ? database->insert_id : mysql_insert_id(database->mysql);
        mysql_free_result(rows);
        database->used_us = clock_now_us();
    }
    database->elapsed_us += clock_now_us() - began_us;
    if (mysql_errno(database->mysql) == 0)
        return true;
    database_error_from_connection(&database->error, database->mysql);
    return false;
}

enum result database_execute(struct database *database, struct slice sql)
{
    uint64_t since_us = clock_now_us();
    database_finish(database);
    database_ahead_end(database);
    enum result result = connection_ensure(database);
    if (result != RESULT_OK || database_text_execute(database, sql))
        return result;
    return database_failure_end(database, NULL, sql, since_us);
}

uint64_t database_affected(const struct database *database)
{
    return database->affected;
}

uint64_t database_insert_id(const struct database *database)
{
    return database->insert_id;
}

static void ping(struct database *database)
{
    if (mysql_ping(database->mysql) == 0)
        database->used_us = clock_now_us();
    else
        database_connection_drop(database);
}

void database_keep_alive(struct database *database)
{
    bool is_recent = clock_now_us() - database->used_us < IDLE_BEFORE_PING_US;
    if (database->transaction > DATABASE_TRANSACTION_AHEAD ||
        (database->mysql && (database->open || is_recent)))
        return;
    if (database->transaction == DATABASE_TRANSACTION_AHEAD)
        database_ahead_end(database);
    else if (database->mysql)
        ping(database);
    connection_ensure(database);
}

bool database_is_connected(const struct database *database)
{
    return atomic_load(&database->is_connected);
}

unsigned database_error_number(const struct database *database)
{
    return database->error.number;
}

const char *database_error_text(const struct database *database)
{
    return database->error.text;
}

struct slice database_error_column(const struct database *database)
{
    return slice_from(database->error.column);
}

uint64_t database_take_elapsed_us(struct database *database)
{
    uint64_t elapsed_us = database->elapsed_us;
    database->elapsed_us = 0;
    return elapsed_us;
}

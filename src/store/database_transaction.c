/*
 * Transactions of writes, and snapshots for reads.
 *
 * Once anything has gone wrong that the server may have answered by undoing the whole (a deadlock),
 * or that leaves in doubt what it did, the transaction is doomed: the session is in autocommit, and
 * would store at once what is executed next.
 *
 * A round trip is saved while one write follows the other: their commits begin the next transaction
 * as well. What comes next and is no write has to end it, so that this is done only after some in
 * a row.
 */
#include "store/database_internal.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"

enum {
    LEAST_PAUSE_US = 500,
    LONGEST_PAUSE_US = 50000,
    IN_A_ROW_FOR_AHEAD =
        8, /* so that the seven of eight that are writes pay for the one that is not */
};

/* Has the server hung up already? */
static bool has_hung_up(const struct database *database)
{
    char byte;
    return recv((int)database->mysql->net.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* A farewell of the server's counts as well: nothing was asked that this could be the answer to. */
static bool has_anything_come(const struct database *database)
{
    char byte;
    return recv((int)database->mysql->net.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

void database_ahead_end(struct database *database)
{
    if (database->transaction == DATABASE_TRANSACTION_AHEAD) {
        database->transaction = DATABASE_TRANSACTION_NONE;
        if (!database_text_execute(database, SLICE("ROLLBACK")))
            database_connection_drop(database);
    }
    if (database->transaction == DATABASE_TRANSACTION_NONE)
        database->in_a_row = 0;
}

static bool take_ahead(struct database *database)
{
    if (database->transaction != DATABASE_TRANSACTION_AHEAD)
        return false;
    if (!has_anything_come(database))
        return true;
    database_connection_drop(database);
    return false;
}

/* A connection found dead before the transaction has begun is replaced, once. */
static enum result start(struct database *database)
{
    bool was_connected = database->mysql != NULL;
    enum result result = database_execute(database, SLICE("START TRANSACTION"));
    if (result == RESULT_UNAVAILABLE && was_connected && !database->mysql)
        result = database_execute(database, SLICE("START TRANSACTION"));
    return result;
}

enum result database_begin(struct database *database)
{
    if (database->transaction > DATABASE_TRANSACTION_AHEAD) {
        log_error("database_error", "a transaction was begun inside another");
        return RESULT_FAILED;
    }
    unsigned in_a_row = database->in_a_row;
    enum result result = take_ahead(database) ? RESULT_OK : start(database);
    if (result == RESULT_OK) {
        database->transaction = DATABASE_TRANSACTION_OPEN;
        database->in_a_row = in_a_row + 1;
        metric_increment(METRIC_DB_TRANSACTIONS);
    }
    return result;
}

static bool is_transaction_on(const struct database *database)
{
    return (database->mysql->server_status & SERVER_STATUS_IN_TRANS) != 0;
}

/* What can be known without asking the server to commit. */
static enum result commit_check(struct database *database)
{
    if (database->transaction == DATABASE_TRANSACTION_DOOMED)
        return database->doom;
    if (database->transaction != DATABASE_TRANSACTION_OPEN || !is_transaction_on(database)) {
        log_error("database_error", "there is no transaction to commit, or a statement ended it");
        return RESULT_FAILED;
    }
    /* Then COMMIT need not be sent, and its fate is no mystery. */
    if (!has_hung_up(database))
        return RESULT_OK;
    database_connection_drop(database);
    return RESULT_UNAVAILABLE;
}

static enum result commit_failed(struct database *database, uint64_t since_us)
{
    bool is_unknown = database_error_is_answer_lost(database->error.number);
    enum result result = database_failure_end(database, NULL, SLICE("COMMIT"), since_us);
    if (!is_unknown)
        return result;
    metric_increment(METRIC_DB_UNKNOWN_COMMITS);
    log_warning("commit_unknown",
                "the answer to a COMMIT was lost (%s): stored or not, nobody knows",
                database->error.text);
    return RESULT_UNKNOWN;
}

enum result database_commit(struct database *database)
{
    uint64_t since_us = clock_now_us();
    database_finish(database);
    bool is_ahead = database->in_a_row >= IN_A_ROW_FOR_AHEAD;
    struct slice commit = is_ahead ? SLICE("COMMIT AND CHAIN") : SLICE("COMMIT");
    enum result result = commit_check(database);
    if (result == RESULT_OK && !database_text_execute(database, commit))
        result = commit_failed(database, since_us);
    if (result == RESULT_OK)
        database->transaction = is_ahead ? DATABASE_TRANSACTION_AHEAD : DATABASE_TRANSACTION_NONE;
    database_rollback(database);
    return result;
}

void database_rollback(struct database *database)
{
    if (database->transaction <= DATABASE_TRANSACTION_AHEAD)
        return;
    database_finish(database);
    struct database_error cause = database->error;
    if (database->mysql && !database_text_execute(database, SLICE("ROLLBACK")))
        database_connection_drop(database);
    database->error = cause;
    database->transaction = DATABASE_TRANSACTION_NONE;
}

/* Sessions read committed, which knows no snapshot beyond a statement: this transaction does. */
enum result database_snapshot_begin(struct database *database)
{
    enum result result =
        database_execute(database, SLICE("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"));
    if (result == RESULT_OK)
        result = database_execute(database,
                                  SLICE("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY"));
    return result;
}

bool database_has_snapshot(const struct database *database)
{
    return database->mysql && is_transaction_on(database);
}

enum result database_snapshot_end(struct database *database)
{
    return database_execute(database, SLICE("COMMIT"));
}

/* Half fixed, half by chance, and longer each time. */
void database_retry_pause(unsigned attempt)
{
    static _Thread_local unsigned seed;
    unsigned most_us = (unsigned)LEAST_PAUSE_US << (attempt < 7 ? attempt : 7);
    if (!seed)
        seed = (unsigned)clock_now_us();
    if (most_us > LONGEST_PAUSE_US)
        most_us = LONGEST_PAUSE_US;
    usleep(most_us / 2 + (unsigned)rand_r(&seed) % (most_us / 2 + 1));
}

/* What the files of a database connection share: database.c (connection, statements) and
 * database_transaction.c. The connection's own thread, but for what is atomic. */
#ifndef PORTCULLIS_STORE_DATABASE_INTERNAL_H
#define PORTCULLIS_STORE_DATABASE_INTERNAL_H

#include <stdatomic.h>

#include "store/database.h"
#include "store/database_session.h"
#include "store/statement_cache.h"

/* NONE -> OPEN -> NONE, or OPEN -> DOOMED -> NONE; or, while one write follows the other,
 * OPEN -> AHEAD -> OPEN (database_transaction.c). */
enum database_transaction {
    DATABASE_TRANSACTION_NONE,
    DATABASE_TRANSACTION_AHEAD,  /* begun by the last commit, and not asked for yet */
    DATABASE_TRANSACTION_OPEN,   /* on the connection that is there */
    DATABASE_TRANSACTION_DOOMED, /* only ending it is left; with or without a connection */
};

struct database {
    const struct config_mysql *config; /* borrowed */
    MYSQL *mysql;                      /* owned; NULL while not connected */
    atomic_bool is_connected;          /* the same, for other threads */
    struct database_wait shared_wait;  /* for database_interrupt */
    struct statement_cache cache;
    struct statement *open; /* borrowed from the cache: has rows left */
    bool has_timed_fetch;   /* the first row's wait is in elapsed_us */
    struct database_error error;
    enum database_transaction transaction;
    unsigned in_a_row;    /* transactions with no statement between them */
    enum result doom;     /* of a doomed transaction: what every further statement returns */
    uint64_t affected;    /* rows found by the last statement that writes */
    uint64_t insert_id;   /* 0: none */
    uint64_t used_us;     /* when the connection last answered */
    uint64_t retry_at_us; /* no new try to connect before */
    unsigned pause_ms;    /* the last pause; 0 after a success */
    unsigned seed;        /* jitter */
    uint64_t elapsed_us;
};

/* Closes the connection; an open transaction is doomed by it. */
void database_connection_drop(struct database *database);
/* Before a statement that belongs to no transaction: ends the one that was begun ahead. */
void database_ahead_end(struct database *database);
/* One text, outside the transaction's rules and without another try. False with error filled. */
bool database_text_execute(struct database *database, struct slice sql);
/* After a failure: puts connection and cache in order, counts, logs, dooms. statement may be NULL,
 * and must not be used afterwards. since_us: when it began. */
enum result database_failure_end(struct database *database, struct statement *statement,
                                 struct slice sql, uint64_t since_us);

#endif

/*
 * Making one connection to the first host that takes it, and setting its session up. Blocking, at
 * most mysql.connect_timeout over all hosts together. Any thread.
 */
#ifndef PORTCULLIS_STORE_DATABASE_SESSION_H
#define PORTCULLIS_STORE_DATABASE_SESSION_H

#include <stdatomic.h>

#include "config/config.h"
#include "store/database_error.h"

/* How another thread ends what this one waits for: it sets is_ending, then shuts the socket down.
 */
struct database_wait {
    atomic_int socket; /* of the connection, also while it is being made; -1: none */
    atomic_bool is_ending;
};

/* A connection ready for statements, to be closed with mysql_close, its socket in *wait; NULL with
 * *error filled and no socket. (Oracle's library does not tell the socket before it has connected:
 * with it the attempt goes on for its time.) */
MYSQL *database_session_open(const struct config_mysql *config, struct database_wait *wait,
                             struct database_error *error);

/* One host of the list: `name`, `name:3307`, `10.0.0.1:3307`, `[::1]`, `[::1]:3307`. Without a
 * port *port is 0, the library's default. False when it is none of these. */
bool database_session_parse_host(struct slice text, struct slice *host, unsigned *port);

#endif

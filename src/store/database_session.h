/*
 * Making one connection to the first host that takes it, and setting its session up. Blocking, at
 * most mysql.connect_timeout over all hosts together. Any thread; keeps nothing.
 */
#ifndef PORTCULLIS_STORE_DATABASE_SESSION_H
#define PORTCULLIS_STORE_DATABASE_SESSION_H

#include "config/config.h"
#include "store/database_error.h"

/* A connection ready for statements, to be closed with mysql_close; NULL with *error filled. */
MYSQL *database_session_open(const struct config_mysql *config, struct database_error *error);

/* One host of the list: `name`, `name:3307`, `10.0.0.1:3307`, `[::1]`, `[::1]:3307`. Without a
 * port *port is 0, the library's default. False when it is none of these. */
bool database_session_parse_host(struct slice text, struct slice *host, unsigned *port);

#endif

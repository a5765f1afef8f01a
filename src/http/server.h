/*
 * The server's insides, for the files of the http room: what all loops share, and what each loop
 * has for itself.
 */
#ifndef PORTCULLIS_HTTP_SERVER_H
#define PORTCULLIS_HTTP_SERVER_H

#include <pthread.h>
#include <time.h>

#include "http/address.h"
#include "http/connection.h"

struct http_address_count;
struct http_listening;

struct http_listener {
    struct http_address address;
    int *sockets; /* owned; one a loop, -1 once that loop has taken it over */
};

/* One server on one loop. */
struct http_loop {
    struct http_server *server; /* borrowed */
    struct loop *loop;          /* borrowed */
    struct http_connection *lists[HTTP_CONNECTION_STATES];
    struct http_connection *flush; /* connections with something to do before the loop waits */
    size_t busy;                   /* connections that hold a drain up */
    bool is_draining;
    uv_prepare_t prepare;             /* runs the flush list */
    struct http_listening *listening; /* owned; one a listener; NULL once they are closed */
    time_t date_s;                    /* of date */
    char date[32];                    /* "Sun, 06 Nov 1994 08:49:37 GMT" */
    char read_buffer[HTTP_READ_BYTES];
};

struct http_server {
    struct http_server_options options;
    struct http_listener *listeners; /* owned */
    size_t listener_count;
    struct http_loop **loops; /* owned; by loop index, each used by its loop's thread */
    size_t loop_count;
    int statm; /* /proc/self/statm, read by loop 0's tick; -1 */

    /* Shared by the loops. */
    atomic_size_t shared_open;         /* connections */
    atomic_bool shared_is_over_memory; /* server.max_memory is passed */
    atomic_bool shared_is_closing;     /* answers say Connection: close; accepting goes on */
    pthread_mutex_t shared_addresses_lock;
    struct http_address_count *shared_addresses; /* by client address */
};

/* server_accept.c: takes a loop's listening sockets over, and lets them go. */
void http_server_listen(struct http_loop *home);
void http_server_stop_listening(struct http_loop *home);
/* Accepts what the kernel has queued, so that closing the listeners loses nobody. */
void http_server_accept_rest(struct http_loop *home);

/* server_limits.c: */
/* Counts the connection in; false when it is one too many. */
bool http_server_admit(struct http_server *server, struct http_connection *c);
/* The same, by address alone: once a PROXY header has told whose connection it is. Its proxy was
 * exempt, so the connection is in no count before. */
bool http_server_admit_client(struct http_server *server, struct http_connection *c);
/* Unix sockets and http.trusted_proxies. */
bool http_server_trusts(const struct http_server *server, const struct network_address *peer);
/* Refused connections linger to be told so; past an eighth over the limit not even that. */
bool http_server_is_overrun(struct http_server *server);
void http_server_forget(struct http_server *server, struct http_connection *c);
/* New requests are refused for now: the loop is late or memory is short. */
bool http_server_is_shedding(const struct http_loop *home);
void http_server_measure_memory(struct http_server *server);
void http_server_clear_addresses(struct http_server *server);

/* The process is about to end, or drains already: each connection ends with the answer to the last
 * request that was read of it, and no more are read. */
bool http_server_is_closing(const struct http_loop *home);

/* The current Date value. */
struct slice http_loop_date(struct http_loop *home);

#endif

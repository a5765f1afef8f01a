/*
 * What redis.url and redis.sentinels say, taken apart. The configuration has checked their form.
 * Pure; any thread.
 */
#ifndef PORTCULLIS_STORE_REDIS_URL_H
#define PORTCULLIS_STORE_REDIS_URL_H

#include "base/slice.h"

/* Both NUL-terminated, as a lookup takes them. A literal IPv6 address is without its brackets. */
struct redis_host {
    char name[254];
    char port[6];
};

struct redis_url {
    char *text;             /* owned; the slices point into it */
    struct redis_host host; /* its name is empty where path is set */
    struct slice path;      /* of a unix socket; empty: host */
    struct slice user;      /* empty: the default user */
    struct slice password;  /* decoded; may hold any byte */
    uint64_t db;
};

/* redis://[user:password@]host[:port][/db] or unix:///path. What stands before @ without a colon is
 * the password, as redis-cli takes it. False: no such form, or memory is out; *url is empty then.
 */
bool redis_url_parse(struct slice text, struct redis_url *url);
void redis_url_clear(struct redis_url *url);

/* host, host:port or [IPv6 address]:port; port is what it is where text has none. */
bool redis_host_parse(struct slice text, const char *port, struct redis_host *host);

/* The comma-separated list in an array of *count that the caller frees; NULL where it is empty, a
 * part is no host, or memory is out. */
struct redis_host *redis_hosts_parse(struct slice text, const char *port, size_t *count);

#endif

/*
 * Socket addresses of Redis servers and sentinels, and the lookup of names by libuv. The loop's
 * thread, but for printing.
 */
#ifndef PORTCULLIS_STORE_REDIS_ADDRESS_H
#define PORTCULLIS_STORE_REDIS_ADDRESS_H

#include <sys/socket.h>
#include <uv.h>

#include "store/redis_url.h"

struct redis_address {
    struct sockaddr_storage socket; /* AF_INET, AF_INET6 or AF_UNIX */
    socklen_t size;
};

enum { REDIS_MOST_ADDRESSES = 8, REDIS_ADDRESS_TEXT = 128, REDIS_WHY_BYTES = 320 };

/* Where one server may be reached, in the order in which it is tried. */
struct redis_addresses {
    struct redis_address items[REDIS_MOST_ADDRESSES];
    size_t count;
};

/* False: the path is too long for a socket. */
bool redis_address_from_path(struct slice path, struct redis_address *address);
/* 127.0.0.1:6379, [::1]:6379, unix:/path. out holds REDIS_ADDRESS_TEXT bytes. */
void redis_address_print(const struct redis_address *address, char *out);

/* A socket that is connected, or under way to be; -1 and errno. Never waits. */
int redis_address_connect(const struct redis_address *address);

/* addresses is borrowed for the call; NULL: not found, and why says so. */
typedef void redis_lookup_done(void *context, const struct redis_addresses *addresses,
                               const char *why);

struct redis_lookup;

/* done is called once, later. NULL: it could not be begun, and done is not called. */
struct redis_lookup *redis_lookup_start(uv_loop_t *loop, const struct redis_host *host,
                                        redis_lookup_done *done, void *context);
/* done will not be called. The resolver's own thread cannot be stopped: the loop's end waits for
 * it. */
void redis_lookup_cancel(struct redis_lookup *lookup);

#endif

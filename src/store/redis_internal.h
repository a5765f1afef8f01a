/* The client as redis.c, redis_join.c and redis_call.c see it. The loop's thread alone. */
#ifndef PORTCULLIS_STORE_REDIS_INTERNAL_H
#define PORTCULLIS_STORE_REDIS_INTERNAL_H

#include "store/redis.h"
#include "store/redis_find.h"
#include "store/redis_link.h"

/*
 *   OFF --start--> SEEKING --addresses--> JOINING --both logged in, subscribed--> UP
 *                   ^  |                   |  ^ |                                 |
 *                   |  v                   |  +-+ next address                    |
 *                  PAUSING <---------------+--------------------------------------+
 */
enum redis_state {
    REDIS_OFF,
    REDIS_SEEKING, /* find is set */
    REDIS_JOINING, /* both links are set, join_waiting > 0 */
    REDIS_UP,      /* both links are set */
    REDIS_PAUSING, /* the pause's timer runs */
};

/* Each is told of once an outage, what Redis says whenever it says something else. */
enum redis_trouble { REDIS_UNREACHABLE, REDIS_UNUSABLE };

enum { REDIS_MOST_SCRIPTS = 32, REDIS_MOST_PREFIX = 128 };

struct redis {
    const struct config_redis *config; /* borrowed */
    struct redis_url url;              /* owned */
    struct redis_host *sentinels;      /* owned; NULL: url says where Redis is */
    size_t sentinel_count;
    size_t first_sentinel; /* to ask: moves on when what one said was of no use */
    char prefix[REDIS_MOST_PREFIX + 1];
    struct redis_listener listeners[REDIS_MOST_LISTENERS];
    size_t listener_count;

    uv_loop_t *loop;   /* borrowed; NULL before the start */
    uv_timer_t *pause; /* owned; of its own, since it may outlive this struct by a turn */
    enum redis_state state;
    struct redis_find *find;
    struct redis_addresses addresses;
    size_t next_address; /* of them to try; the one before it is the one in use */
    struct redis_link *commands;
    struct redis_link *subscriptions;
    size_t join_waiting; /* replies without which nothing is up */
    bool role_is_hidden; /* ROLE is not for us: PING takes its place */

    unsigned pause_ms;          /* the last; 0: none yet */
    unsigned seed;              /* jitter */
    uint64_t up_us;             /* since when it is up */
    bool is_told;               /* that it is away */
    char told[REDIS_WHY_BYTES]; /* the last UNUSABLE told */

    bool has_told_failure; /* of a command, on this connection */
    /* Scripts that this connection has been sent whole; borrowed. */
    const struct redis_script *sent[REDIS_MOST_SCRIPTS];
    size_t sent_count;
};

/* Both links are dropped, everybody is told; another address or a pause follows. */
void redis_lose(struct redis *redis, enum redis_trouble trouble, const char *why);
/* Both links are logged in, and the subscriptions stand. */
void redis_rise(struct redis *redis);

/* Opens both links to the address in use and logs in. False: it cannot be, why says so; neither is
 * open then. */
bool redis_join(struct redis *redis, char *why);

#endif

/*
 * Rate limits: token buckets in memory, one an address (rate.per_address) or administrator
 * (rate.per_admin). Decided without a round trip; what was spent is told to the other gateways
 * through Redis in batches, and what they spent is taken off here (rate_share.h). Any thread but
 * where a loop is named.
 *
 * An IPv6 client is counted by ban.ipv6_prefix, an IPv4-mapped one as IPv4. The address given is
 * the client's: trusted proxies are its finder's matter. A refused request costs no token.
 */
#ifndef PORTCULLIS_AUTH_RATE_H
#define PORTCULLIS_AUTH_RATE_H

#include "base/network.h"
#include "config/config.h"
#include "store/redis.h"

struct rates;

struct rate_verdict {
    bool is_within;
    uint64_t limit;     /* the burst; 0: no limit is set, and the rest is 0 too */
    uint64_t window_s;  /* in which an empty bucket fills */
    uint64_t remaining; /* whole tokens left */
    uint64_t reset_s;   /* until the bucket is full again; at least 1 */
    uint64_t retry_s; /* Retry-After: until one token is there; 0 when is_within, else at least 1 */
};

/* config and redis (NULL: none) are borrowed. NULL when memory is out. */
struct rates *rates_create(const struct config_rate *config, unsigned ipv6_prefix,
                           struct redis *redis);
/* After redis_stop: until then, replies may come in. */
void rates_destroy(struct rates *rates);
/* Takes over changed limits; what was spent before stays spent. Main thread or a loop. */
void rates_configure(struct rates *rates, const struct config_rate *config);
/* Takes one token. An unknown address (unix socket) has no limit. */
struct rate_verdict rates_take_address(struct rates *rates, const struct network_address *address);
struct rate_verdict rates_take_admin(struct rates *rates, int64_t admin_id);
/* Redis's loop (without Redis, any one), about every 100 ms: sends what was spent since the last
 * time, and forgets buckets that are full again. */
void rates_tick(struct rates *rates);

/*
 * The fields of draft-ietf-httpapi-ratelimit-headers-11 (May 2026; their syntax is that since -08),
 * as values:
 *
 *   RateLimit-Policy: "address";q=100;w=5, "admin";q=50;w=5
 *   RateLimit: "address";r=80;t=4, "admin";r=0;t=1
 *
 * q is the burst, w the window. r is what is left, and t the seconds in which that much comes in
 * again: so r/t, at which clients pace themselves, is never more than the limit, and whoever
 * spends r at once and waits for t is not refused. After a refusal t is retry_s, since Retry-After
 * must not end before t does (section 6).
 */
enum { RATE_FIELD_BYTES = 128 }; /* hold any value, with its NUL */

struct rate_fields {
    char policy[RATE_FIELD_BYTES]; /* RateLimit-Policy; empty: no limit is set, send neither */
    char limit[RATE_FIELD_BYTES];  /* RateLimit */
};

/* Pure. NULL: was not asked. */
struct rate_fields rate_fields_print(const struct rate_verdict *address,
                                     const struct rate_verdict *admin);

#endif

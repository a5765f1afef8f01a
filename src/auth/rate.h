/*
 * Rate limits: token buckets in memory, one an address (rate.per_address) or administrator
 * (rate.per_admin). Decided without a round trip; what was spent is told to the other gateways
 * through Redis in batches, and what they spent is taken off here. Any thread but where a loop is
 * named.
 */
#ifndef PORTCULLIS_AUTH_RATE_H
#define PORTCULLIS_AUTH_RATE_H

#include "base/network.h"
#include "config/config.h"
#include "store/redis.h"

struct rates;

struct rate_verdict {
    bool is_within;
    /* For the fields of draft-ietf-httpapi-ratelimit-headers and Retry-After. */
    uint64_t limit;     /* the burst; 0: no limit is set */
    uint64_t remaining; /* tokens left */
    uint64_t reset_s;   /* until the bucket is full again */
    uint64_t retry_s;   /* until one token is there; 0 when is_within */
};

/* config and redis (NULL: none) are borrowed. NULL when memory is out. */
struct rates *rates_create(const struct config_rate *config, unsigned ipv6_prefix,
                           struct redis *redis);
void rates_destroy(struct rates *rates);
/* Takes one token. An unknown address (unix socket) has no limit. */
struct rate_verdict rates_take_address(struct rates *rates, const struct network_address *address);
struct rate_verdict rates_take_admin(struct rates *rates, int64_t admin_id);
/* Redis's loop, about every 100 ms: sends what was spent since the last time. */
void rates_tick(struct rates *rates);

#endif

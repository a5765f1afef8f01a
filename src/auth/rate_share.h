/*
 * How gateways keep to one limit together: what each has spent goes into buckets that Redis keeps,
 * a batch of them by one script, and what the others spent comes back with the reply. Never waited
 * for; the loop's thread that Redis lives on alone.
 *
 * Keys: `rate:address:<address or network>` and `rate:admin:<id>`, each with an expiry: two seconds
 * after the bucket is full.
 */
#ifndef PORTCULLIS_AUTH_RATE_SHARE_H
#define PORTCULLIS_AUTH_RATE_SHARE_H

#include "auth/rate_table.h"

struct rate_share;

enum rate_kind { RATE_OF_ADDRESS, RATE_OF_ADMIN, RATE_KINDS };

/* redis and the tables are borrowed. NULL when memory is out. */
struct rate_share *rate_share_create(struct redis *redis, unsigned ipv6_prefix,
                                     struct rate_table *const tables[RATE_KINDS]);
/* After redis_stop. */
void rate_share_destroy(struct rate_share *share);
void rate_share_tick(struct rate_share *share, uint64_t now_us);

#endif

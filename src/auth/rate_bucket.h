/*
 * The arithmetic of one token bucket; pure, exact, integers only. A bucket is kept as its debt:
 * what was taken and has not come in again, in millionths of a token, so that a bucket without
 * debt is full and equals none at all. Debt goes down by per_second millionths a microsecond.
 *
 * It may exceed the burst by what several gateways took before they heard of each other, and is
 * paid back before anything is granted again; rate_bucket_most bounds that.
 */
#ifndef PORTCULLIS_AUTH_RATE_BUCKET_H
#define PORTCULLIS_AUTH_RATE_BUCKET_H

#include "auth/rate.h"

enum { RATE_TOKEN = 1000000 };

struct rate_bucket {
    uint64_t debt;  /* as of at_us */
    uint64_t at_us; /* clock_now_us */
};

/* limit: both fields from 1 to UINT32_MAX, as config_read_rate gives them. */

/* The most a bucket may owe: its burst, and beyond it another or a second's tokens. So nobody
 * waits longer than that for a token, and up to ten gateways that tell each other of everything
 * within 100 ms together grant no more than one would. */
uint64_t rate_bucket_most(const struct config_rate_limit *limit);
/* Brings the debt up to now. A now before at_us (another thread's, read earlier) changes nothing.
 */
void rate_bucket_leak(struct rate_bucket *bucket, const struct config_rate_limit *limit,
                      uint64_t now_us);
/* Takes one token, of a bucket brought up to now; false, and nothing is taken: there is none. */
bool rate_bucket_take(struct rate_bucket *bucket, const struct config_rate_limit *limit);
/* What is to be told of a bucket brought up to now, of which one token was asked. */
struct rate_verdict rate_bucket_verdict(const struct rate_bucket *bucket,
                                        const struct config_rate_limit *limit, bool is_within);

#endif

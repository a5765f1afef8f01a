#include "auth/rate_bucket.h"

static uint64_t most_of(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

uint64_t rate_bucket_most(const struct config_rate_limit *limit)
{
    return (limit->burst + most_of(limit->burst, limit->per_second)) * RATE_TOKEN;
}

void rate_bucket_leak(struct rate_bucket *bucket, const struct config_rate_limit *limit,
                      uint64_t now_us)
{
    uint64_t most = rate_bucket_most(limit);
    if (bucket->debt > most) /* the limit was another when it was made */
        bucket->debt = most;
    if (now_us <= bucket->at_us)
        return;
    uint64_t elapsed_us = now_us - bucket->at_us;
    /* Compared by division: the product may be too big. */
    if (elapsed_us > bucket->debt / limit->per_second)
        bucket->debt = 0;
    else
        bucket->debt -= elapsed_us * limit->per_second;
    bucket->at_us = now_us;
}

bool rate_bucket_take(struct rate_bucket *bucket, const struct config_rate_limit *limit)
{
    if (bucket->debt + RATE_TOKEN > limit->burst * RATE_TOKEN)
        return false;
    bucket->debt += RATE_TOKEN;
    return true;
}

/* Rounded up: who comes back then finds it so. */
static uint64_t seconds_until_paid(uint64_t debt, const struct config_rate_limit *limit)
{
    uint64_t a_second = limit->per_second * RATE_TOKEN;
    return (debt + a_second - 1) / a_second;
}

struct rate_verdict rate_bucket_verdict(const struct rate_bucket *bucket,
                                        const struct config_rate_limit *limit, bool is_within)
{
    uint64_t full = limit->burst * RATE_TOKEN;
    uint64_t left = bucket->debt < full ? full - bucket->debt : 0;
    uint64_t missing = bucket->debt + RATE_TOKEN - full;
    return (struct rate_verdict){
        .is_within = is_within,
        .limit = limit->burst,
        .window_s = seconds_until_paid(full, limit),
        .remaining = left / RATE_TOKEN,
        .reset_s = seconds_until_paid(bucket->debt, limit),
        .retry_s = is_within ? 0 : seconds_until_paid(missing, limit),
    };
}

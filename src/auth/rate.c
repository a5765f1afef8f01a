/* The two limits: which bucket a caller has, and what their settings mean. */
#include "auth/rate.h"

#include <stdlib.h>
#include <string.h>

#include "auth/rate_share.h"
#include "base/clock.h"
#include "observe/metrics.h"

/* Of a kind; under 50 MB when all are in use. More callers than that with buckets that are not full
 * are beyond what a limit by address can hold back. */
enum { MOST_BUCKETS = 262144 };

struct rates {
    struct rate_table *tables[RATE_KINDS];
    struct rate_share *share;       /* NULL: no Redis */
    struct network_address v6_mask; /* of ban.ipv6_prefix */
};

static struct network_address mask_of(unsigned ipv6_prefix)
{
    const struct network_address any_v6 = {{0x20}};
    return network_of_client(&any_v6, ipv6_prefix).mask;
}

struct rates *rates_create(const struct config_rate *config, unsigned ipv6_prefix,
                           struct redis *redis)
{
    struct rates *rates = calloc(1, sizeof(*rates));
    if (!rates)
        return NULL;
    rates->v6_mask = mask_of(ipv6_prefix);
    for (size_t i = 0; i < RATE_KINDS; i++) {
        rates->tables[i] = rate_table_create(MOST_BUCKETS, redis != NULL);
        if (!rates->tables[i])
            goto fail;
    }
    if (redis) {
        rates->share = rate_share_create(redis, ipv6_prefix, rates->tables);
        if (!rates->share)
            goto fail;
    }
    rates_configure(rates, config);
    return rates;
fail:
    rates_destroy(rates);
    return NULL;
}

void rates_destroy(struct rates *rates)
{
    if (!rates)
        return;
    rate_share_destroy(rates->share);
    for (size_t i = 0; i < RATE_KINDS; i++)
        rate_table_destroy(rates->tables[i]);
    free(rates);
}

/* Checked when the settings were read: what is no rate is empty. */
static struct config_rate_limit limit_of(const char *setting)
{
    struct config_rate_limit limit;
    if (!setting || !config_read_rate(slice_from(setting), &limit))
        return (struct config_rate_limit){.burst = 0};
    return limit;
}

void rates_configure(struct rates *rates, const struct config_rate *config)
{
    const struct config_rate_limit address = limit_of(config->per_address);
    const struct config_rate_limit admin = limit_of(config->per_admin);
    rate_table_set_limit(rates->tables[RATE_OF_ADDRESS], &address);
    rate_table_set_limit(rates->tables[RATE_OF_ADMIN], &admin);
}

static bool is_off(const struct rates *rates, enum rate_kind kind)
{
    return !rate_table_limit(rates->tables[kind]).burst;
}

static struct rate_verdict take(struct rates *rates, enum rate_kind kind,
                                const struct rate_key *key)
{
    static const enum metric refused[RATE_KINDS] = {
        [RATE_OF_ADDRESS] = METRIC_RATE_ADDRESS,
        [RATE_OF_ADMIN] = METRIC_RATE_ADMIN,
    };
    const struct rate_verdict verdict = rate_table_take(rates->tables[kind], key, clock_now_us());
    if (!verdict.is_within)
        metric_increment(refused[kind]);
    return verdict;
}

struct rate_verdict rates_take_address(struct rates *rates, const struct network_address *address)
{
    struct rate_key key;
    if (is_off(rates, RATE_OF_ADDRESS) || !network_address_is_known(address))
        return (struct rate_verdict){.is_within = true};
    struct network_address counted = *address;
    if (!network_address_is_v4(address))
        counted = network_masked(address, &rates->v6_mask).address;
    memcpy(key.bytes, counted.bytes, sizeof(key.bytes));
    return take(rates, RATE_OF_ADDRESS, &key);
}

struct rate_verdict rates_take_admin(struct rates *rates, int64_t admin_id)
{
    struct rate_key key = {{0}};
    if (is_off(rates, RATE_OF_ADMIN))
        return (struct rate_verdict){.is_within = true};
    memcpy(key.bytes, &admin_id, sizeof(admin_id));
    return take(rates, RATE_OF_ADMIN, &key);
}

void rates_tick(struct rates *rates)
{
    uint64_t now_us = clock_now_us();
    size_t live = 0;
    if (rates->share)
        rate_share_tick(rates->share, now_us);
    for (size_t i = 0; i < RATE_KINDS; i++) {
        rate_table_sweep(rates->tables[i], now_us);
        live += rate_table_count(rates->tables[i]);
    }
    metric_set(METRIC_RATE_BUCKETS, (int64_t)live);
}

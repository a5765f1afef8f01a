/*
 * The buckets of one limit, by key, and what of them the other gateways have to be told. Any
 * thread; sharded locks. Times are clock_now_us, given by the caller.
 *
 * Bounded: past `most` keys those used longest ago are forgotten, full ones first; a bucket that is
 * forgotten before it was full is given back what it owed (METRIC_RATE_FORGOTTEN).
 *
 * Sharing (is_shared; see rate_share.h): collect gives out what was taken since the last time,
 * merge takes in what Redis then knew. What is told may get lost; after rate_table_lose nothing is
 * taken for told any more: a bucket then tells its debt instead, of which Redis keeps the greater.
 */
#ifndef PORTCULLIS_AUTH_RATE_TABLE_H
#define PORTCULLIS_AUTH_RATE_TABLE_H

#include "auth/rate_bucket.h"

struct rate_table;

/* An address, or an administrator's id, padded with zeros. */
struct rate_key {
    unsigned char bytes[16];
};

struct rate_table *rate_table_create(size_t most, bool is_shared); /* NULL: memory */
void rate_table_destroy(struct rate_table *table);

/* burst 0: off, as at first. */
void rate_table_set_limit(struct rate_table *table, const struct config_rate_limit *limit);
struct config_rate_limit rate_table_limit(const struct rate_table *table);
/* Takes one token. With memory out, what has no bucket is let in. */
struct rate_verdict rate_table_take(struct rate_table *table, const struct rate_key *key,
                                    uint64_t now_us);
size_t rate_table_count(const struct rate_table *table);

/* The rest: one thread at a time. */

/* Forgets what is full, in a part of the table at a call; all, when the limit is off. */
void rate_table_sweep(struct rate_table *table, uint64_t now_us);

/* One bucket's news. */
struct rate_news {
    struct rate_key key;
    uint32_t spent;    /* tokens taken since the last time; 0 after a loss */
    uint64_t least_us; /* after a loss: until the bucket is full by what is known here; else 0 */
};

/* What Redis knows of a bucket, the news included. */
struct rate_level {
    uint64_t born;    /* of the key in Redis: another number, another key */
    uint64_t total;   /* tokens taken since by all */
    uint64_t left_us; /* until it is full */
};

/* The next of them, at most `most`; their number. The limit is on. */
size_t rate_table_collect(struct rate_table *table, struct rate_news *news, size_t most,
                          uint64_t now_us);
/* loss: rate_table_loss when the news were sent, at sent_us. */
void rate_table_merge(struct rate_table *table, const struct rate_news *news,
                      const struct rate_level *level, uint32_t loss, uint64_t sent_us,
                      uint64_t now_us);
void rate_table_lose(struct rate_table *table);
uint32_t rate_table_loss(const struct rate_table *table); /* losses so far */

#endif

/*
 * What gateways tell each other of failures and bans, through Redis. Any thread may tell; it is
 * handed to Redis's loop. What Redis could not take (it is away, or never answered) is kept, in
 * order and bounded, and told again on its return: each of it may be told twice. So is what comes
 * faster than Redis answers.
 *
 * Keys, all with an expiry: `bans`, a sorted set of networks, each scored by twice its end in Unix
 * milliseconds, plus one where its row in tblbannedips is known; `fails:<network>`, a sorted set of
 * the failures in the window; `epoch`, which is gone when Redis has lost its memory. One channel:
 * `bans`.
 */
#ifndef PORTCULLIS_AUTH_BAN_SHARE_H
#define PORTCULLIS_AUTH_BAN_SHARE_H

#include "auth/ban_counters.h"
#include "auth/ban_table.h"

struct ban_share;

struct ban_share_options {
    const struct config_ban *config; /* borrowed, as all here */
    struct redis *redis;             /* NULL: every function does nothing */
    struct loop *loop;               /* redis's */
    struct ban_table *table;
    struct ban_counters *counters;
    /* Redis's loop: our failure was the one too many in Redis's count; the ban is in the table. */
    void (*on_ban)(void *context, const struct ban *ban);
    void *context;
};

/* Before redis_start: it listens. NULL: memory. */
struct ban_share *ban_share_create(const struct ban_share_options *options);
void ban_share_destroy(struct ban_share *share);

/* A failure counted here; length_ms: of the ban it may lead to, 0: none. */
void ban_share_fail(struct ban_share *share, const struct network *network,
                    const struct ban_failure *failure, uint64_t length_ms);
/* A success: this username's failures are forgotten. */
void ban_share_clear_user(struct ban_share *share, const struct network *network, uint64_t user);
/* A ban made, or a row that is known now. */
void ban_share_ban(struct ban_share *share, const struct ban *ban);
void ban_share_lift(struct ban_share *share, const struct network *network);

/* Redis's loop, about every 100 ms. */
void ban_share_tick(struct ban_share *share);

#endif

/*
 * Who is banned, and what leads there (auth-and-bans.md, "Bans").
 *
 *   loop    bans_hold ---------- memory alone: one look at the table of bans
 *   loop    ban_attempt_begin -- a login is about to be checked; it may have to wait its turn
 *   worker  ban_attempt_end ---- its outcome: counts, bans, lets the next one go on
 *   keeper  (a thread of its own, with a database connection) tblbannedips and tblconfiguration
 *           both ways, the activity log
 *   loop 0  ban_share.c: counters, bans and lifts, to and from the other gateways through Redis
 *
 * Memory decides; what others know arrives there. Any thread may call what is not said to be a
 * loop's. IPv6 is counted by ban.ipv6_prefix. Exempt addresses are never counted, held or kept
 * waiting.
 */
#ifndef PORTCULLIS_AUTH_BANS_H
#define PORTCULLIS_AUTH_BANS_H

#include "auth/login.h"
#include "base/network.h"
#include "loop/loop.h"
#include "store/redis.h"

struct bans;

struct bans_options {
    const struct config_ban *config;    /* borrowed */
    const struct config_mysql *mysql;   /* borrowed: the keeper's connection */
    const struct network_list *trusted; /* borrowed: http.trusted_proxies, exempt */
    struct redis *redis;                /* borrowed; NULL: none */
    struct loop *redis_loop;            /* the loop that redis lives on */
};

struct bans *bans_create(const struct bans_options *options); /* NULL: memory */
/* Starts the keeper; returns when the table's bans are known, or after two seconds. */
enum result bans_start(struct bans *bans);
/* Loop 0, about every 100 ms: what is due by time. */
void bans_tick(struct bans *bans);
/* Ends the keeper; rows not yet written are tried once more. */
void bans_stop(struct bans *bans);
void bans_destroy(struct bans *bans);

/* The address is banned now. Unknown addresses (unix sockets) never are. */
bool bans_hold(struct bans *bans, const struct network_address *address);

/* One login that is being checked. Embedded in its request; the bans' from begin to end. */
struct ban_attempt {
    struct loop_item item;
    struct loop *loop;                            /* filled in by the caller */
    void (*on_turn)(struct ban_attempt *attempt); /* on loop */
    /* The bans' own. */
    struct network network;
    bool is_exempt;
    bool is_counted; /* holds a place among its address's undecided logins */
    struct ban_attempt *next;
};

enum ban_turn {
    BAN_TURN_NOW,   /* the login may be checked */
    BAN_TURN_LATER, /* too many of this address are undecided; on_turn comes, then ask bans_hold */
    BAN_TURN_NEVER, /* the address has been banned this moment */
};

enum ban_outcome {
    BAN_UNDECIDED, /* not checked, or nothing was learnt: 503 */
    BAN_FAILED,    /* counts against the address */
    BAN_SUCCEEDED, /* clears this username's failures at this address */
};

/* Loop. After BAN_TURN_NOW, and after on_turn, ban_attempt_end follows exactly once. */
enum ban_turn ban_attempt_begin(struct bans *bans, struct ban_attempt *attempt,
                                const struct network_address *address);
/* Any thread. */
void ban_attempt_end(struct bans *bans, struct ban_attempt *attempt, enum ban_outcome outcome,
                     struct slice username);
/* A login known from memory: the same as a success. Costs one look when nothing has failed. */
void bans_note_success(struct bans *bans, const struct network_address *address,
                       struct slice username);

/* How many logins of the address may still fail before it is banned: 0 when it is. False: nothing
 * bans it, since it is exempt or bans are off. */
bool bans_attempts_left(struct bans *bans, const struct network_address *address, uint64_t *left);

/* By hand. who goes into tblactivitylog ("admin port", an address). */
enum result bans_add(struct bans *bans, const struct network *network, uint64_t length_ms,
                     struct slice reason, struct slice who);
/* RESULT_NOT_FOUND: there is no such ban. With ban.table=read its row stays, and the next poll
 * brings it back. */
enum result bans_remove(struct bans *bans, const struct network *network, struct slice who);

/* How long a failed login's ban lasts now; 0: failed logins never ban. */
uint64_t bans_length_ms(const struct bans *bans);
/* ban.table=write: a ban is a row, and lifting it deletes the row. */
bool bans_write_rows(const struct bans *bans);
/* As which network a client's address is banned: IPv6 by ban.ipv6_prefix. */
struct network bans_network_of(const struct bans *bans, const struct network_address *address);
/* No ban holds such an address. */
bool bans_exempt(struct bans *bans, const struct network_address *address);

struct ban_shown {
    struct network network;
    int64_t expires_s; /* Unix time */
    bool has_row;      /* known in tblbannedips */
};

struct bans_page {
    struct ban_shown *bans; /* room for `most`, the caller's */
    size_t most;
    size_t count;
    bool goes_on;        /* there may be more, behind: */
    struct network last; /* to be given as `after`; its ban may have ended */
};

/* The live bans behind *after (NULL: from the first), in an order that no one chose and that lasts
 * as long as the process. A page costs a part of the table alone. False when memory is out. */
bool bans_page(struct bans *bans, const struct network *after, struct bans_page *page);
/* The ban of exactly this network; false: there is none. */
bool bans_find(struct bans *bans, const struct network *network, struct ban_shown *ban);
enum { BANS_MOST_HOLDING = 64 };
/* The bans that hold the address, exempt or not; found has room for BANS_MOST_HOLDING. */
size_t bans_holding(struct bans *bans, const struct network_address *address,
                    struct ban_shown *found);

/* Main thread: ban.length and ban.exempt have changed in the configuration. */
void bans_reload(struct bans *bans);

#endif

/*
 * What ban_table.c (single bans) and ban_table_walk.c (all of them) share. Of a shard, all but the
 * lock is touched with its lock held.
 */
#ifndef PORTCULLIS_AUTH_BAN_TABLE_INTERNAL_H
#define PORTCULLIS_AUTH_BAN_TABLE_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "auth/ban_table.h"

enum { SHARDS = BAN_TABLE_PARTS, FILTER = 1024, CACHE_LINE = 64 };
#define POLL_BITS ((UINT64_C(1) << 32) - 1)
#define PULL_BITS ((UINT64_C(1) << 24) - 1)
/* Rows tell whole seconds; less than this is no change of a ban's end. */
enum { SAME_END_MS = 2000 };

struct slot {
    struct network_address address;
    int64_t expires_ms;
    uint64_t poll : 32; /* every five seconds: for centuries */
    uint64_t pull : 24; /* the last one that showed it as it is here, or an older one */
    uint64_t mask : 8;
};

struct shard {
    _Alignas(CACHE_LINE) pthread_rwlock_t lock; /* guards all below */
    struct slot *slots;                         /* owned; whole in its cache line each */
    unsigned char *tags;                        /* behind the slots; 0: the slot is free */
    size_t capacity;                            /* a power of two, or 0 */
    size_t count;
    size_t rows;  /* of them, those with a known row */
    size_t swept; /* where the next sweep goes on */
};

enum { MOST_LIFTS = 256 };

struct lift {
    struct network network;
    int64_t until_ms; /* 0: free, or forgotten */
};

struct ban_table {
    size_t most;
    uint64_t seed;
    atomic_size_t count;
    atomic_size_t capacity;
    atomic_uint_fast64_t poll;
    atomic_uint_fast64_t pull;
    atomic_uint next_sweep;
    pthread_mutex_t masks_lock; /* held to add one; read without, up to mask_count */
    struct network_address masks[BAN_TABLE_MOST_MASKS];
    atomic_size_t mask_bans[BAN_TABLE_MOST_MASKS];
    atomic_size_t mask_count;
    /* How many bans of a mask have a hash: where there is none, a look at the shard is saved. Of
     * the masks of wildcards and CIDR, which few bans have, that is nearly always so; of a mask
     * that many have, hardly ever, and nobody looks. */
    atomic_uint filter[BAN_TABLE_MOST_MASKS][FILTER];
    pthread_mutex_t lifts_lock; /* lifts, next_lift */
    struct lift lifts[MOST_LIFTS];
    size_t next_lift;
    atomic_int_fast64_t lifts_until_ms; /* of the latest: past it nobody looks */
    struct shard shards[SHARDS];
};

/* The number of a mask; BAN_TABLE_MOST_MASKS when it is none of those in use. */
size_t ban_table_mask(const struct ban_table *table, const struct network_address *mask);
uint64_t ban_table_hash(const struct ban_table *table, const struct network_address *address,
                        size_t mask);
/* Which shard a hash is of. */
size_t ban_table_shard(uint64_t hash);
/* The slot that holds the key; NULL: there is none. */
struct slot *ban_table_slot(const struct shard *shard, uint64_t hash,
                            const struct network_address *address, size_t mask);
/* What comes behind a freed slot moves up, into it perhaps. */
void ban_table_free_slot(struct ban_table *table, struct shard *shard, struct slot *slot);

/* A new ban of it was put. */
void ban_table_forget_lift(struct ban_table *table, const struct network *network, int64_t now_ms);

#endif

/*
 * The bans in memory: networks and when they end. Found by address at a cost that does not grow
 * with their number: a hash table for each mask that occurs (one for single IPv4 addresses, one
 * for /64, one for each shape of wildcard). Any thread; sharded locks.
 */
#ifndef PORTCULLIS_AUTH_BAN_TABLE_H
#define PORTCULLIS_AUTH_BAN_TABLE_H

#include "base/network.h"

struct ban_table;

enum { BAN_TABLE_MOST_MASKS = 64, BAN_TABLE_PARTS = 64 };

struct ban {
    struct network network;
    int64_t expires_ms; /* Unix time */
    /* The poll of tblbannedips that last saw its row, from 1 on; 0: provisional, no row is known.
     * Provisional bans are not lifted by a poll. */
    uint64_t poll;
};

enum ban_change {
    BAN_NEW,
    BAN_CHANGED, /* its end has moved, or its row is known now */
    BAN_SAME,
    BAN_REFUSED, /* it has ended; memory; too many bans, or too many masks */
};

/* Holds at most `most` bans. NULL when memory is out. */
struct ban_table *ban_table_create(size_t most);
void ban_table_destroy(struct ban_table *table);

/*
 * Adds, or moves the end of what is there: a row's end (poll > 0) is taken as it is, of several
 * rows that one poll finds the latest; any other end only if it is later. A poll of 0 leaves a
 * known row known. A ban that has ended at now_ms is not added.
 */
enum ban_change ban_table_put(struct ban_table *table, const struct ban *ban, int64_t now_ms);
/* Is the address inside a ban that has not ended? */
bool ban_table_holds(struct ban_table *table, const struct network_address *address,
                     int64_t now_ms);
/* The ban of exactly this network, if it has not ended. */
bool ban_table_find(struct ban_table *table, const struct network *network, int64_t now_ms,
                    struct ban *ban);
/* False: there was none. */
bool ban_table_remove(struct ban_table *table, const struct network *network);
/*
 * A ban that was lifted a moment ago (BAN_TABLE_LIFT_MS) can still be told of: its row is read
 * before it is deleted, here or by another gateway, and taken into memory after the lift. Noted
 * before the ban is removed; a ban without a row that comes later is a new one, and ends that. At
 * most 256 are remembered.
 */
enum { BAN_TABLE_LIFT_MS = 2000 };
void ban_table_note_lift(struct ban_table *table, const struct network *network, int64_t now_ms);
/* Is what was read, or heard, of its row at_ms to be passed over? */
bool ban_table_was_lifted(struct ban_table *table, const struct network *network, int64_t at_ms);
/* Of a row just put: a lift may come between that look and the put. As it is noted before the ban
 * is removed, a second look sees it, or the ban is removed after the put. True: it was, and the ban
 * is removed. */
bool ban_table_take_back(struct ban_table *table, const struct network *network, int64_t at_ms);
/* The number of the next poll of tblbannedips, from 1 on; and of the last one that began. A row
 * that is known to be there now is put with the latter: polls that began later must see it. */
uint64_t ban_table_begin_poll(struct ban_table *table);
uint64_t ban_table_last_poll(const struct ban_table *table);
/* After a poll that ended well: removes bans whose row an earlier poll knew and this one did not
 * see; on_lift is told of each, outside of any lock. What ends within seconds is left to end: rows
 * and memory round ends differently, so its row may have ended. */
void ban_table_lift_unseen(struct ban_table *table, uint64_t poll, int64_t now_ms,
                           void (*on_lift)(void *context, const struct network *network),
                           void *context);
/* Removes what has ended, looking at a bounded part of the bans at a call: 100 ms apart, it has
 * been at each of a million within half a minute. */
void ban_table_sweep(struct ban_table *table, int64_t now_ms);
/*
 * Another place that keeps bans (Redis) is read: what it shows is put with ban_table_put_shown.
 * Those of a part (below BAN_TABLE_PARTS) that it has not shown since, or not as they are here
 * (a row is known, the end is later), are copied; *bans is freed by the caller. False when memory
 * is out: NULL and 0 then. One such reading at a time.
 */
void ban_table_begin_pull(struct ban_table *table);
enum ban_change ban_table_put_shown(struct ban_table *table, const struct ban *ban, int64_t now_ms);
bool ban_table_unshown(struct ban_table *table, size_t part, struct ban **bans, size_t *count);
/*
 * A page of them: up to `most` of those behind *after (NULL: from the first) in an order of the
 * table's own, ended ones too; fewer than that: there are no more. What is there throughout comes
 * exactly once, whatever else comes and goes between the pages; *after need not be there any more.
 * A page costs a part of the table, not the whole. False when memory is out.
 */
bool ban_table_page(struct ban_table *table, const struct network *after, struct ban *page,
                    size_t most, size_t *count);
/* Those that hold the address and have not ended; found has room for BAN_TABLE_MOST_MASKS. */
size_t ban_table_holding(struct ban_table *table, const struct network_address *address,
                         int64_t now_ms, struct ban *found);
size_t ban_table_count(const struct ban_table *table);
/* Bytes it takes, for the metric. */
size_t ban_table_bytes(const struct ban_table *table);

#endif

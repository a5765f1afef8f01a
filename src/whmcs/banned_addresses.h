/*
 * Rows of tblbannedips, by fixed statements. One thread, that of its database connection.
 *
 * Ends are compared with the server's own NOW(), in the server's time zone. A row whose `ip` is no
 * address, CIDR or wildcard is skipped, logged once, and never written to.
 */
#ifndef PORTCULLIS_WHMCS_BANNED_ADDRESSES_H
#define PORTCULLIS_WHMCS_BANNED_ADDRESSES_H

#include "base/network.h"
#include "store/database.h"

enum { BANNED_ADDRESSES_PAGE = 5000 }; /* rows read by one statement */

struct banned_addresses;

struct banned_address {
    int64_t id;
    struct slice text; /* as the row spells it; borrowed for the call */
    struct network network;
    int64_t seconds_left; /* of a row that has not ended: above 0 */
};

/* database is borrowed. NULL when memory is out. */
struct banned_addresses *banned_addresses_create(struct database *database);
void banned_addresses_destroy(struct banned_addresses *addresses);

/*
 * The next page of rows that have not ended, behind *after_id (0 at first), which moves on.
 * RESULT_OK: there may be more; RESULT_NOT_FOUND: that was the last page; else as database_query.
 * visit must not use the connection.
 */
enum result banned_addresses_read_page(struct banned_addresses *addresses, int64_t *after_id,
                                       void (*visit)(void *context,
                                                     const struct banned_address *row),
                                       void *context);

/*
 * Makes the network be banned for so many seconds at least: a row in force that spells it as
 * this does (network_print, but IPv4 /8, /16 and /24 with wildcards, which WHMCS honours) has its
 * end moved when that is sooner, otherwise a row is inserted. Doing it twice is doing it once, also
 * from two connections at the same time.
 */
enum result banned_addresses_put(struct banned_addresses *addresses, const struct network *network,
                                 struct slice reason, uint64_t seconds);
/* Deletes the rows, ended ones too, that mean exactly this network, however they spell it. Reads
 * the whole table. */
enum result banned_addresses_delete(struct banned_addresses *addresses,
                                    const struct network *network);

#endif

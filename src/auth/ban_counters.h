/*
 * Failed logins by address, and how many of an address's logins are being checked. Any thread;
 * sharded locks.
 *
 * A place is what a login needs to be checked: an address has ban.attempts of them, less one for
 * each failure that counts, but always one. Who finds none waits in line. So no more passwords can
 * be tried than failures are left until the ban.
 *
 * Bounded: past `most` addresses those whose last failure is oldest are forgotten.
 */
#ifndef PORTCULLIS_AUTH_BAN_COUNTERS_H
#define PORTCULLIS_AUTH_BAN_COUNTERS_H

#include "auth/bans.h"

struct ban_counters;

/* One failure. Its id is the same on every gateway, so that hearing of it twice counts it once. */
struct ban_failure {
    uint64_t id;
    uint64_t user; /* hash of the username */
    int64_t at_ms; /* Unix time */
};

struct ban_counters_options {
    uint32_t attempts;
    int64_t window_ms;
    size_t most;          /* addresses */
    unsigned ipv6_prefix; /* as which IPv6 is counted */
    /* Called with the address's counters locked, when a failure is one too many: nobody may
     * begin a login before the ban is in force. The failures are forgotten then. */
    void (*on_over)(void *context, const struct network_address *address);
    void *context;
};

struct ban_counters *ban_counters_create(const struct ban_counters_options *options);
void ban_counters_destroy(struct ban_counters *counters);

/* Takes a place, or gets in line (attempt is kept until its turn). is_banned is asked under the
 * lock: BAN_TURN_NEVER then. */
enum ban_turn ban_counters_begin(struct ban_counters *counters, struct ban_attempt *attempt,
                                 bool (*is_banned)(void *context,
                                                   const struct network_address *address),
                                 int64_t now_ms);
/* Gives the place back: those whose turn it is are posted to their loops. */
void ban_counters_end(struct ban_counters *counters, struct ban_attempt *attempt, int64_t now_ms);

/* Counts a failure that is not known yet. True when that was one too many. */
bool ban_counters_fail(struct ban_counters *counters, const struct network_address *address,
                       const struct ban_failure *failure, int64_t now_ms);
/* How many failures of the address count now. */
uint32_t ban_counters_failures(struct ban_counters *counters, const struct network_address *address,
                               int64_t now_ms);
/* Forgets the failures of one username there; false when there were none. */
bool ban_counters_clear_user(struct ban_counters *counters, const struct network_address *address,
                             uint64_t user);
/* Forgets all failures of the addresses in the network. One look for what a client is counted as;
 * for a wider network every address is looked at, unless there are so many that it would hold
 * others up: failures run out by themselves. */
void ban_counters_clear(struct ban_counters *counters, const struct network *network);
/* Is anything counted at all? One load. */
bool ban_counters_are_empty(const struct ban_counters *counters);
size_t ban_counters_count(const struct ban_counters *counters);
void ban_counters_set_most(struct ban_counters *counters, size_t most);

/* Drops what no longer counts, a part of the addresses at a call; it costs what is dropped. */
void ban_counters_sweep(struct ban_counters *counters, int64_t now_ms);

#endif

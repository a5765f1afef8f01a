/*
 * What stands before every API: whose request it is, whether he is banned, whether he asks too
 * often. All from memory (auth-and-bans.md; remote-api.md, "Errors": framing, ban, rate).
 *
 * Owns Redis's client, the bans and the rates, which live on loop 0 and on threads of their own.
 */
#ifndef PORTCULLIS_ENDPOINTS_GUARD_H
#define PORTCULLIS_ENDPOINTS_GUARD_H

#include "auth/bans.h"
#include "auth/rate.h"
#include "http/http.h"

struct guard {
    const struct network_list *trusted; /* borrowed: http.trusted_proxies */
    struct redis *redis;                /* NULL: none is configured */
    struct bans *bans;
    struct rates *rates;
};

enum guard_verdict { GUARD_PASS, GUARD_BANNED, GUARD_TOO_FAST };

/* Main thread. config and trusted are borrowed; what was made is destroyed by guard_clear, also
 * after a failure. */
enum result guard_init(struct guard *guard, const struct config *config,
                       const struct network_list *trusted, struct loop_group *loops);
/* Before the loops start: reads the bans that are known. */
enum result guard_start(struct guard *guard);
/* From every loop's hooks; only loop 0 does something. */
void guard_loop_start(struct guard *guard, struct loop *loop);
void guard_loop_tick(struct guard *guard, struct loop *loop);
void guard_loop_stop(struct guard *guard, struct loop *loop);
/* After the loops' threads have ended, before the loops go: a thread of the bans posts to them. */
void guard_stop(struct guard *guard);
/* After the loops have gone. */
void guard_clear(struct guard *guard);

/* Loop, on_head: finds the client's address and decides. The verdict of the rate is there unless
 * the address is banned. */
enum guard_verdict guard_check(struct guard *guard, struct http_request *request,
                               struct network_address *address, struct rate_verdict *rate);

#endif

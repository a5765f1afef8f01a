/*
 * What login_check shares with login_recall: successes in memory, the key of their names, checks
 * under way, the gate before bcrypt. One a process; any thread.
 */
#ifndef PORTCULLIS_AUTH_LOGIN_CACHE_H
#define PORTCULLIS_AUTH_LOGIN_CACHE_H

#include "auth/login_gate.h"
#include "auth/login_joint.h"

/* Name of a pair of credentials: HMAC-SHA256(process key, username NUL lower-case md5_hex). */
void login_cache_key(struct login_cache *cache, const struct login_credentials *credentials,
                     unsigned char key[LOGIN_KEY_BYTES]);
/* HMAC of a stored hash, to see whether it has changed without keeping it. */
void login_cache_digest(struct login_cache *cache, struct slice stored,
                        unsigned char digest[LOGIN_KEY_BYTES]);

/* Has this password been right, however long ago? */
bool login_cache_holds(struct login_cache *cache, const unsigned char key[LOGIN_KEY_BYTES]);
/* Was this password verified against this very stored hash within auth.cache_ttl? */
bool login_cache_is_verified(struct login_cache *cache, const unsigned char key[LOGIN_KEY_BYTES],
                             const unsigned char digest[LOGIN_KEY_BYTES]);
/* A success, read from the database at asked_us. verified: bcrypt was computed just now. */
void login_cache_store(struct login_cache *cache, const unsigned char key[LOGIN_KEY_BYTES],
                       const unsigned char digest[LOGIN_KEY_BYTES],
                       const struct auth_principal *principal, uint64_t asked_us, bool verified);
void login_cache_forget(struct login_cache *cache, const unsigned char key[LOGIN_KEY_BYTES]);

/* auth.super_roles; empty: the add-on's row decides. */
struct slice login_cache_super_roles(const struct login_cache *cache);
struct login_gate *login_cache_gate(struct login_cache *cache);
struct login_joint *login_cache_joint(struct login_cache *cache);

/* The highest bcrypt cost in tbladmins as last set; *is_due: that was more than a minute ago, or
 * never. 0 as cost: nobody has a bcrypt. */
unsigned login_cache_cost(struct login_cache *cache, bool *is_due);
void login_cache_set_cost(struct login_cache *cache, unsigned cost);
/* True the first time for this admin: a fault in his row is logged once. */
bool login_cache_marks(struct login_cache *cache, int64_t admin_id);

#endif

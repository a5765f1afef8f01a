/*
 * bcrypt of the lower-case MD5 hex, as tbladmins.password holds it (auth-and-bans.md, "Admin
 * login", step 3). Tens of milliseconds each: worker threads only, bounded by login_gate.
 */
#ifndef PORTCULLIS_AUTH_BCRYPT_H
#define PORTCULLIS_AUTH_BCRYPT_H

#include "base/slice.h"

/* 2^16 rounds take seconds: what asks for more is no stored password but a trap for workers. */
enum { BCRYPT_LEAST_COST = 4, BCRYPT_MOST_COST = 16, BCRYPT_TEXT_BYTES = 60, MD5_HEX_BYTES = 32 };

/* The cost of a stored `$2y$`, `$2a$` or `$2b$` hash; 0 when it is none, or out of bounds. */
unsigned bcrypt_cost(struct slice stored);
/* Is bcrypt(md5_hex) stored? Compared in constant time. md5_hex: 32 bytes, lower case. */
bool bcrypt_matches(const char *md5_hex, struct slice stored);
/* Takes the time of one bcrypt of that cost. */
void bcrypt_spend(unsigned cost);

#endif

/*
 * The admin login (auth-and-bans.md, "Admin login", steps 2 to 5) and its memory.
 *
 * Two halves: login_recall runs on a loop and only looks into shared memory; login_check runs on a
 * worker, asks the database and computes bcrypt. Times of unknown user and wrong password are made
 * alike by a dummy bcrypt at the highest cost found in tbladmins.
 */
#ifndef PORTCULLIS_AUTH_LOGIN_H
#define PORTCULLIS_AUTH_LOGIN_H

#include "base/arena.h"
#include "config/config.h"
#include "store/database.h"

/* As many of an admin's ticket departments as a principal has room for; he misses the others. */
enum { AUTH_MOST_DEPARTMENTS = 128 };

/* Who calls. Copied freely: it holds no pointers but into itself. */
struct auth_principal {
    int64_t admin_id;
    int64_t role_id;
    bool sees_all;     /* step 5, row visibility */
    char username[64]; /* for logs; cut, NUL-terminated, bad UTF-8 repaired */
    uint32_t department_count;
    int32_t departments[AUTH_MOST_DEPARTMENTS]; /* tbladmins.supportdepts */
};

struct login_credentials {
    struct slice username; /* data NULL: not given */
    struct slice md5_hex;  /* the password's MD5 as the client sent it, any case */
    bool is_basic;         /* came by Authorization: Basic; decides WWW-Authenticate */
};

enum login_verdict {
    LOGIN_OK,
    LOGIN_MISSING,     /* 401: no or incomplete credentials */
    LOGIN_WRONG,       /* 401: unknown, disabled, wrong or malformed; all alike */
    LOGIN_ROLE,        /* 403: right login, role not in the add-on's access list */
    LOGIN_OFF,         /* 503: api_active says the API is off */
    LOGIN_BUSY,        /* 503: auth.max_hashing reached */
    LOGIN_UNAVAILABLE, /* 503: the database is away */
    LOGIN_DUE,         /* login_recall only: was right, but must be read again; ask a worker */
    LOGIN_UNKNOWN,     /* login_recall only: ask a worker */
};

struct login_cache; /* shared by all threads; see login_cache.c */

/* workers: the pool's size, of which auth.max_hashing = 0 takes half. config is borrowed. NULL:
 * memory. */
struct login_cache *login_cache_create(const struct config_auth *config, size_t workers);
void login_cache_destroy(struct login_cache *cache);

/* Loop thread; no I/O, no bcrypt: LOGIN_OK with *principal, LOGIN_MISSING, LOGIN_DUE for those who
 * need not stand in line with strangers. LOGIN_WRONG for what is malformed beyond any doubt is NOT
 * decided here (it must cost the dummy hash): LOGIN_UNKNOWN. */
enum login_verdict login_recall(struct login_cache *cache,
                                const struct login_credentials *credentials,
                                struct auth_principal *principal);

/* Worker thread: the whole check, remembered on success. */
enum login_verdict login_check(struct login_cache *cache, struct database *database,
                               const struct login_credentials *credentials,
                               struct auth_principal *principal);

/* Start: says once, in one line of the log, when neither auth.super_roles nor the add-on's row
 * admin_super_roles is there, so that every permitted role sees everything. With the database away
 * the first login says it. */
void login_announce(struct login_cache *cache, struct database *database);

/* Reads an Authorization field into credentials, which live in the arena: `Basic` (RFC 7617), whose
 * plain password is hashed to MD5 hex, or `Portcullis`, the same with the MD5 hex for a password.
 * False when it is of another scheme, or none: nothing is changed then. What is malformed is taken
 * as nothing that was given. */
bool login_credentials_from_field(struct arena *arena, struct slice authorization,
                                  struct login_credentials *credentials);

#endif

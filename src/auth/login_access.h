/*
 * The add-on's settings that decide about a role: who may use the API, whether it is on, who sees
 * every project (auth-and-bans.md, "Admin login", steps 4 and 5). One statement; worker thread.
 */
#ifndef PORTCULLIS_AUTH_LOGIN_ACCESS_H
#define PORTCULLIS_AUTH_LOGIN_ACCESS_H

#include "store/database.h"

struct login_access {
    bool has_role;        /* the access list holds it */
    bool is_switched_off; /* by api_active */
    bool has_super_roles; /* a list of roles that see everything is there: setting or row */
    bool is_super;        /* it holds the role, or there is none */
};

/* super_roles: auth.super_roles, which wins over the row; empty: none. The results are those of
 * database_query. */
enum result login_access_read(struct database *database, int64_t role_id, struct slice super_roles,
                              struct login_access *access);

/* The whole numbers from 1 to most of a comma-separated list, as many as there is room for; what
 * else stands there is passed over. How many. */
size_t login_ids_read(struct slice list, int32_t *ids, size_t room);

#endif

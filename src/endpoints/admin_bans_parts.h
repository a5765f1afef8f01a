/*
 * What the files of /bans share, and which of them does what. A function that returns bool has
 * answered the request, or set the problem and returns false.
 */
#ifndef PORTCULLIS_ENDPOINTS_ADMIN_BANS_PARTS_H
#define PORTCULLIS_ENDPOINTS_ADMIN_BANS_PARTS_H

#include "auth/bans.h"
#include "base/problem.h"
#include "endpoints/admin_ban_values.h"
#include "format/writer.h"
#include "http/http.h"

/* admin_bans_change.c: */
bool admin_bans_lift(struct http_request *request, const struct network *network,
                     struct problem *problem);
bool admin_bans_lift_by_query(struct http_request *request, struct problem *problem);
bool admin_bans_add_body(struct http_request *request, struct problem *problem);

/* admin_bans.c: */
struct bans *admin_bans_of(const struct http_request *request);
bool admin_bans_refuse(struct problem *problem, int status, struct slice code, struct slice field,
                       const char *detail);
/* Which ban is meant: one IPv6 address means its whole network, unless that very address has a ban
 * of its own. */
struct network admin_bans_meant(struct bans *bans, const struct admin_ban_network *given);
/* Another ban that holds all of the network. */
bool admin_bans_find_wider(struct bans *bans, const struct network *network, struct network *wider);
bool admin_bans_refuse_absent(struct bans *bans, const struct network *network,
                              struct problem *problem);
void admin_bans_write_network(struct writer *writer, const struct network *network);

#endif

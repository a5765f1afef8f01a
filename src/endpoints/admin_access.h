/*
 * Who may ask the admin listener what (auth-and-bans.md, "Bans"; operations.md, "Observability").
 *
 *   beyond loopback  the token for all but the open pages; without a token set, those alone
 *   loopback, unix   everything; the token, where one is set, for what changes something
 *   everywhere       Host must be an address or localhost, and Origin our own
 */
#ifndef PORTCULLIS_ENDPOINTS_ADMIN_ACCESS_H
#define PORTCULLIS_ENDPOINTS_ADMIN_ACCESS_H

#include "base/problem.h"
#include "http/http.h"

/* False: refused; the problem says why and what would do. token: NULL or empty: none is set.
 * Pure. */
bool admin_access_check(const struct http_request *request, const char *token, bool is_open_page,
                        struct problem *problem);

#endif

/*
 * The identifier of a WHMCS API credential (header API_ID): a row of tbldeviceauth with is_admin 1
 * and no deleted_at, whose admin is there and not disabled. The secret and the API role are not
 * looked at (abuse-api.md).
 *
 * A success is remembered for auth.cache_ttl and looked at again every auth.recheck, as logins are;
 * what is remembered is a keyed hash, never the identifier. Any thread, but api_credential_check:
 * a worker.
 */
#ifndef PORTCULLIS_AUTH_API_CREDENTIAL_H
#define PORTCULLIS_AUTH_API_CREDENTIAL_H

#include "auth/login.h"

struct api_credentials; /* the memory of them */

/* config is borrowed. NULL: memory. */
struct api_credentials *api_credentials_create(const struct config_auth *config);
void api_credentials_destroy(struct api_credentials *credentials);

/* LOGIN_OK with *principal; LOGIN_MISSING for an empty one; LOGIN_DUE or LOGIN_UNKNOWN (as
 * login_recall says it): to be checked. No round trip. */
enum login_verdict api_credential_recall(struct api_credentials *credentials,
                                         struct slice identifier, struct auth_principal *principal);
/* LOGIN_OK, LOGIN_WRONG, LOGIN_UNAVAILABLE. Of the principal admin, role and username are set. */
enum login_verdict api_credential_check(struct api_credentials *credentials,
                                        struct database *database, struct slice identifier,
                                        struct auth_principal *principal);

/* Under which name its failures and successes are counted (bans.h): no username can be it, and a
 * success clears the failures of this identifier alone. In the arena; data NULL: memory. */
struct slice api_credential_name(struct arena *arena, struct slice identifier);

#endif

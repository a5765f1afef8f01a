/*
 * The memory is that of logins (login_cache.h), one of its own: the identifier stands for the
 * username, and there is no password beside it. Nothing is hashed, so each check is a whole one.
 */
#include "auth/api_credential.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "auth/login_cache.h"
#include "base/clock.h"
#include "base/utf8.h"
#include "observe/metrics.h"

#define FIND_SQL                                                                                   \
    "SELECT d.identifier,a.id,a.username,a.roleid FROM tbldeviceauth d "                           \
    "JOIN tbladmins a ON a.id=d.user_id "                                                          \
    "WHERE d.identifier=? AND d.is_admin=1 AND d.deleted_at IS NULL AND a.disabled=0"

enum { MOST_IDENTIFIER = 255 /* bytes; longer ones exist nowhere */ };

struct api_credentials {
    struct login_cache *cache;
};

struct api_credentials *api_credentials_create(const struct config_auth *config)
{
    struct api_credentials *credentials = calloc(1, sizeof(*credentials));
    if (!credentials)
        return NULL;
    credentials->cache = login_cache_create(config, 1);
    if (credentials->cache)
        return credentials;
    free(credentials);
    return NULL;
}

void api_credentials_destroy(struct api_credentials *credentials)
{
    if (!credentials)
        return;
    login_cache_destroy(credentials->cache);
    free(credentials);
}

static struct login_credentials named(struct slice identifier)
{
    return (struct login_credentials){.username = identifier, .md5_hex = SLICE("API_ID")};
}

enum login_verdict api_credential_recall(struct api_credentials *credentials,
                                         struct slice identifier, struct auth_principal *principal)
{
    const struct login_credentials name = named(identifier);
    return login_recall(credentials->cache, &name, principal);
}

/* The collation compares without case and trailing spaces; the identifier must be equal byte for
 * byte. */
static bool is_it(struct slice stored, struct slice identifier)
{
    return stored.size == identifier.size &&
           CRYPTO_memcmp(stored.data, identifier.data, stored.size) == 0;
}

static void take(const struct database_cell *cells, struct auth_principal *principal)
{
    struct slice name = cells[2].text;
    size_t room = sizeof(principal->username) - 1;
    struct slice cut = slice_of(name.data, name.size < room ? name.size : room);
    *principal = (struct auth_principal){.admin_id = cells[1].integer, .role_id = cells[3].integer};
    memcpy(principal->username, cut.data, utf8_valid_prefix(cut));
}

/* RESULT_NOT_FOUND: there is none. */
static enum result find(struct database *database, struct slice identifier,
                        struct auth_principal *principal)
{
    const struct database_value value = database_text(identifier);
    const struct database_cell *cells;
    bool is_found = false;
    if (identifier.size > MOST_IDENTIFIER || !utf8_is_valid(identifier))
        return RESULT_NOT_FOUND;
    enum result result = database_query(database, SLICE(FIND_SQL), &value, 1);
    while (result == RESULT_OK && (result = database_next(database, &cells)) == RESULT_OK) {
        if (!is_it(cells[0].text, identifier))
            continue;
        take(cells, principal);
        is_found = true;
    }
    return result == RESULT_NOT_FOUND && is_found ? RESULT_OK : result;
}

enum login_verdict api_credential_check(struct api_credentials *credentials,
                                        struct database *database, struct slice identifier,
                                        struct auth_principal *principal)
{
    static const unsigned char no_digest[LOGIN_KEY_BYTES];
    const struct login_credentials name = named(identifier);
    unsigned char key[LOGIN_KEY_BYTES];
    uint64_t asked_us = clock_now_us();
    *principal = (struct auth_principal){0};
    if (identifier.size == 0)
        return LOGIN_MISSING;
    enum result result = find(database, identifier, principal);
    login_cache_key(credentials->cache, &name, key);
    if (result == RESULT_OK) {
        login_cache_store(credentials->cache, key, no_digest, principal, asked_us, true);
        return LOGIN_OK;
    }
    if (result != RESULT_NOT_FOUND)
        return LOGIN_UNAVAILABLE;
    login_cache_forget(credentials->cache, key);
    metric_increment(METRIC_AUTH_FAILURES);
    return LOGIN_WRONG;
}

struct slice api_credential_name(struct arena *arena, struct slice identifier)
{
    return arena_printf(arena, "API_ID\n%.*s", SLICE_ARGS(identifier));
}

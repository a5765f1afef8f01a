/*
 * The check on a worker: the admin's row, his password, his role. What fails costs one bcrypt at
 * the highest cost found in tbladmins, whatever the reason (auth-and-bans.md, "Admin login").
 */
#include <inttypes.h>
#include <openssl/crypto.h>
#include <string.h>

#include "auth/bcrypt.h"
#include "auth/login_access.h"
#include "auth/login_cache.h"
#include "base/clock.h"
#include "base/hex.h"
#include "base/utf8.h"
#include "observe/log.h"
#include "observe/metrics.h"

static const char admin_sql[] =
    "SELECT id,username,password,disabled,roleid,supportdepts FROM tbladmins WHERE username=?";
/* The two digits of `$2y$10$`. */
static const char cost_sql[] =
    "SELECT MAX(SUBSTRING(password,5,2)) FROM tbladmins "
    "WHERE password LIKE '$2_$__$%' AND LENGTH(password)=60 AND SUBSTRING(password,5,2)<='16'";
/* Where login_cache_marks keeps that everybody sees everything; no admin has it. */
enum { MARK_OF_NO_SUPER_ROLES = 0 };
enum { MOST_STORED_BYTES = 255 };

struct admin_row {
    bool is_found; /* and not disabled */
    struct auth_principal principal;
    char stored[MOST_STORED_BYTES];
    size_t stored_size;
};

/* One check under way, on its worker. */
struct check {
    struct login_cache *cache;
    struct database *database;
    const struct login_credentials *credentials;
    unsigned char key[LOGIN_KEY_BYTES];
    unsigned char digest[LOGIN_KEY_BYTES];
    char md5_hex[MD5_HEX_BYTES]; /* lower case */
    bool has_md5_hex;            /* the credentials' is 32 hex digits */
    bool was_verified;           /* this very password and hash, not long ago */
    bool is_right;               /* the password, once it was computed */
    unsigned highest_cost;
    struct admin_row admin;
};

static struct slice stored_of(const struct check *check)
{
    return slice_of(check->admin.stored, check->admin.stored_size);
}

static void admin_take(struct check *check, const struct database_cell *cells)
{
    struct admin_row *admin = &check->admin;
    struct slice name = cells[1].text, stored = cells[2].text;
    admin->is_found = cells[3].integer == 0;
    admin->principal =
        (struct auth_principal){.admin_id = cells[0].integer, .role_id = cells[4].integer};
    admin->principal.department_count = (uint32_t)login_ids_read(
        cells[5].text, admin->principal.departments, AUTH_MOST_DEPARTMENTS);
    size_t room = sizeof(admin->principal.username) - 1;
    struct slice cut = slice_of(name.data, name.size < room ? name.size : room);
    memcpy(admin->principal.username, cut.data, utf8_valid_prefix(cut));
    admin->stored_size = stored.size <= MOST_STORED_BYTES ? stored.size : 0;
    memcpy(admin->stored, stored.data, admin->stored_size);
}

/* The collation compares without case and trailing spaces; the name must be equal byte for byte. */
static enum result admin_read(struct check *check)
{
    struct slice username = check->credentials->username;
    if (!utf8_is_valid(username))
        return RESULT_OK;
    struct database_value value = database_text(username);
    enum result result = database_query(check->database, slice_from(admin_sql), &value, 1);
    const struct database_cell *cells;
    while (result == RESULT_OK) {
        result = database_next(check->database, &cells);
        if (result == RESULT_OK && slice_equal(cells[1].text, username))
            admin_take(check, cells);
    }
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

static enum result cost_read(struct check *check)
{
    bool is_due;
    check->highest_cost = login_cache_cost(check->cache, &is_due);
    if (!is_due)
        return RESULT_OK;
    enum result result = database_query(check->database, slice_from(cost_sql), NULL, 0);
    const struct database_cell *cells;
    if (result == RESULT_OK)
        result = database_next(check->database, &cells);
    if (result != RESULT_OK)
        return result;
    uint64_t cost = 0;
    slice_to_u64(cells[0].text, &cost);
    database_finish(check->database);
    login_cache_set_cost(check->cache, (unsigned)cost);
    check->highest_cost = login_cache_cost(check->cache, &is_due);
    return RESULT_OK;
}

/* Brings the cost of a failure up to one bcrypt at the highest cost: 2^spent are already spent, and
 * 2^n + 2^n + 2^(n+1) + … + 2^(m-1) = 2^m. 0: nothing is spent yet. */
static void failure_spend(const struct check *check, unsigned spent)
{
    if (spent == 0)
        bcrypt_spend(check->highest_cost);
    else
        for (unsigned cost = spent; cost < check->highest_cost; cost++)
            bcrypt_spend(cost);
}

static void form_log(const struct check *check)
{
    int64_t id = check->admin.principal.admin_id;
    if (login_cache_marks(check->cache, id))
        log_warning("password_form",
                    "admin %" PRId64 ": tbladmins.password is neither MD5 nor bcrypt of a cost "
                    "from %d to %d, so nobody can log in with it",
                    id, BCRYPT_LEAST_COST, BCRYPT_MOST_COST);
}

/* Compares; bcrypt's own cost, where one was computed, is in *spent. */
static bool password_matches(const struct check *check, unsigned *spent)
{
    char stored_md5[MD5_HEX_BYTES];
    *spent = 0;
    if (!check->admin.is_found || !check->has_md5_hex)
        return false;
    if (hex_lower(stored_of(check), MD5_HEX_BYTES, stored_md5))
        return CRYPTO_memcmp(stored_md5, check->md5_hex, MD5_HEX_BYTES) == 0;
    unsigned cost = bcrypt_cost(stored_of(check));
    if (cost == 0) {
        form_log(check);
        return false;
    }
    *spent = cost;
    return bcrypt_matches(check->md5_hex, stored_of(check));
}

/* A right password stored as MD5 passes without the gate: it costs nothing. */
static bool is_right_md5(const struct check *check)
{
    char stored_md5[MD5_HEX_BYTES];
    unsigned spent;
    return hex_lower(stored_of(check), MD5_HEX_BYTES, stored_md5) &&
           password_matches(check, &spent);
}

static void password_compute(void *context)
{
    struct check *check = context;
    unsigned spent;
    check->is_right = password_matches(check, &spent);
    if (!check->is_right)
        failure_spend(check, spent);
}

static enum login_verdict password_check(struct check *check)
{
    if (check->was_verified || is_right_md5(check))
        return LOGIN_OK;
    enum login_caller caller =
        login_cache_holds(check->cache, check->key) ? LOGIN_RETURNING : LOGIN_STRANGER;
    if (!login_gate_compute(login_cache_gate(check->cache), caller, password_compute, check))
        return LOGIN_BUSY;
    return check->is_right ? LOGIN_OK : LOGIN_WRONG;
}

static void announce(struct login_cache *cache, const struct login_access *access)
{
    if (!access->has_super_roles && login_cache_marks(cache, MARK_OF_NO_SUPER_ROLES))
        log_info("super_roles", "neither auth.super_roles nor the add-on's admin_super_roles is "
                                "set: every permitted role sees every project");
}

void login_announce(struct login_cache *cache, struct database *database)
{
    struct login_access access;
    if (login_access_read(database, 0, login_cache_super_roles(cache), &access) == RESULT_OK)
        announce(cache, &access);
}

static enum login_verdict access_check(struct check *check)
{
    struct login_access access;
    struct auth_principal *principal = &check->admin.principal;
    if (login_access_read(check->database, principal->role_id,
                          login_cache_super_roles(check->cache), &access) != RESULT_OK)
        return LOGIN_UNAVAILABLE;
    announce(check->cache, &access);
    principal->sees_all = access.is_super;
    if (!access.has_role)
        return LOGIN_ROLE;
    return access.is_switched_off ? LOGIN_OFF : LOGIN_OK;
}

static enum login_verdict check_run(struct check *check)
{
    check->has_md5_hex = hex_lower(check->credentials->md5_hex, MD5_HEX_BYTES, check->md5_hex);
    if (cost_read(check) != RESULT_OK || admin_read(check) != RESULT_OK)
        return LOGIN_UNAVAILABLE;
    unsigned own_cost = bcrypt_cost(stored_of(check));
    if (own_cost > check->highest_cost)
        check->highest_cost = own_cost; /* new since the highest was last read */
    if (check->admin.is_found) {
        login_cache_digest(check->cache, stored_of(check), check->digest);
        check->was_verified = login_cache_is_verified(check->cache, check->key, check->digest);
    }
    enum login_verdict verdict = password_check(check);
    return verdict == LOGIN_OK ? access_check(check) : verdict;
}

/* BUSY and UNAVAILABLE say nothing about the login: what memory holds stays, and ages. */
static void check_remember(struct check *check, enum login_verdict verdict, uint64_t asked_us)
{
    if (verdict == LOGIN_OK)
        login_cache_store(check->cache, check->key, check->digest, &check->admin.principal,
                          asked_us, !check->was_verified);
    else if (verdict != LOGIN_BUSY && verdict != LOGIN_UNAVAILABLE)
        login_cache_forget(check->cache, check->key);
}

static void flight_lead(struct check *check, struct login_flight *flight)
{
    uint64_t asked_us = clock_now_us();
    flight->verdict = check_run(check);
    flight->principal = check->admin.principal;
    check_remember(check, flight->verdict, asked_us);
    OPENSSL_cleanse(check, sizeof(*check));
}

enum login_verdict login_check(struct login_cache *cache, struct database *database,
                               const struct login_credentials *credentials,
                               struct auth_principal *principal)
{
    *principal = (struct auth_principal){0};
    if (credentials->username.size == 0 || credentials->md5_hex.size == 0)
        return LOGIN_MISSING;
    struct check check = {.cache = cache, .database = database, .credentials = credentials};
    struct login_flight flight = {.verdict = LOGIN_UNAVAILABLE};
    login_cache_key(cache, credentials, check.key);
    memcpy(flight.key, check.key, LOGIN_KEY_BYTES);
    if (login_joint_board(login_cache_joint(cache), &flight)) {
        flight_lead(&check, &flight);
        login_joint_land(login_cache_joint(cache), &flight);
    }
    if (flight.verdict == LOGIN_OK)
        *principal = flight.principal;
    /* Each request of a joint verification is an attempt of its own ("Bans"): it is here, once a
     * request, that a failure counts. */
    if (flight.verdict == LOGIN_WRONG)
        metric_increment(METRIC_AUTH_FAILURES);
    return flight.verdict;
}

/*
 * The memory of logins: a hash table under a read-write lock, written about once in a
 * recheck interval per login, read by every request.
 */
#include "auth/login_cache.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "auth/bcrypt.h"
#include "base/clock.h"
#include "base/hex.h"
#include "observe/metrics.h"

enum {
    MOST_ENTRIES = 4096, /* oldest out */
    MOST_MARKED = 64,
    COST_PERIOD_US = 60000000,
    COST_OF_NOBODY = 10, /* no bcrypt in tbladmins at all: bcrypt's usual cost then and now */
};

struct login_entry {
    unsigned char key[LOGIN_KEY_BYTES];
    unsigned char digest[LOGIN_KEY_BYTES]; /* of the stored hash it was verified against */
    struct auth_principal principal;
    uint64_t verified_us;
    uint64_t rechecked_us;
    atomic_bool is_refreshing; /* somebody has been sent to read its rows again */
    UT_hash_handle hh;         /* in the order of verification: the first is the oldest */
};

struct login_cache {
    const struct config_auth *config; /* borrowed */
    EVP_MAC_CTX *mac;                 /* keyed; duplicated for each use, never itself used */
    pthread_rwlock_t lock;            /* guards entries */
    struct login_entry *entries;
    struct login_gate gate;
    struct login_joint joint;
    atomic_uint cost;
    _Atomic uint64_t cost_due_us;
    pthread_mutex_t marked_lock; /* guards the two below */
    int64_t marked[MOST_MARKED];
    size_t marked_count;
};

static EVP_MAC_CTX *mac_create(void)
{
    unsigned char key[LOGIN_KEY_BYTES];
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string("digest", digest, 0),
                               OSSL_PARAM_construct_end()};
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *mac = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    if (mac && (RAND_bytes(key, sizeof(key)) != 1 ||
                EVP_MAC_init(mac, key, sizeof(key), parameters) != 1)) {
        EVP_MAC_CTX_free(mac);
        mac = NULL;
    }
    OPENSSL_cleanse(key, sizeof(key));
    EVP_MAC_free(hmac);
    return mac;
}

struct login_cache *login_cache_create(const struct config_auth *config, size_t workers)
{
    struct login_cache *cache = calloc(1, sizeof(*cache));
    EVP_MAC_CTX *mac = mac_create();
    if (!cache || !mac) {
        EVP_MAC_CTX_free(mac);
        free(cache);
        return NULL;
    }
    cache->config = config;
    cache->mac = mac;
    atomic_init(&cache->cost, COST_OF_NOBODY);
    atomic_init(&cache->cost_due_us, 0);
    pthread_rwlock_init(&cache->lock, NULL);
    pthread_mutex_init(&cache->marked_lock, NULL);
    login_joint_init(&cache->joint);
    if (login_gate_init(&cache->gate, config->max_hashing, workers))
        return cache;
    login_cache_destroy(cache);
    return NULL;
}

static void entry_drop(struct login_cache *cache, struct login_entry *entry)
{
    HASH_DEL(cache->entries, entry);
    OPENSSL_cleanse(entry, sizeof(*entry));
    free(entry);
}

void login_cache_destroy(struct login_cache *cache)
{
    if (!cache)
        return;
    while (cache->entries)
        entry_drop(cache, cache->entries);
    login_joint_clear(&cache->joint);
    login_gate_clear(&cache->gate);
    pthread_mutex_destroy(&cache->marked_lock);
    pthread_rwlock_destroy(&cache->lock);
    EVP_MAC_CTX_free(cache->mac);
    free(cache);
}

/* Memory lacking gives a key nobody has: the login is then not remembered. */
static void mac_of(struct login_cache *cache, struct slice first, struct slice second,
                   unsigned char out[LOGIN_KEY_BYTES])
{
    size_t size = 0;
    EVP_MAC_CTX *mac = EVP_MAC_CTX_dup(cache->mac);
    bool is_made = mac && EVP_MAC_update(mac, (const unsigned char *)first.data, first.size) == 1 &&
                   EVP_MAC_update(mac, (const unsigned char *)"", 1) == 1 &&
                   EVP_MAC_update(mac, (const unsigned char *)second.data, second.size) == 1 &&
                   EVP_MAC_final(mac, out, &size, LOGIN_KEY_BYTES) == 1;
    EVP_MAC_CTX_free(mac);
    if (!is_made && RAND_bytes(out, LOGIN_KEY_BYTES) != 1)
        memset(out, 0, LOGIN_KEY_BYTES);
}

void login_cache_key(struct login_cache *cache, const struct login_credentials *credentials,
                     unsigned char key[LOGIN_KEY_BYTES])
{
    char lower[MD5_HEX_BYTES];
    struct slice password = credentials->md5_hex;
    if (hex_lower(password, MD5_HEX_BYTES, lower))
        password.data = lower;
    mac_of(cache, credentials->username, password, key);
    OPENSSL_cleanse(lower, sizeof(lower));
}

void login_cache_digest(struct login_cache *cache, struct slice stored,
                        unsigned char digest[LOGIN_KEY_BYTES])
{
    mac_of(cache, stored, slice_of("", 0), digest);
}

/* With the lock held. */
static struct login_entry *entry_find(struct login_cache *cache,
                                      const unsigned char key[LOGIN_KEY_BYTES])
{
    struct login_entry *entry = NULL;
    HASH_FIND(hh, cache->entries, key, LOGIN_KEY_BYTES, entry);
    return entry;
}

static bool entry_is_live(const struct login_cache *cache, const struct login_entry *entry,
                          uint64_t now_us)
{
    return now_us - entry->verified_us < cache->config->cache_ttl_ms * 1000;
}

/* Refresh ahead: past half the interval the first caller goes and reads the rows again, while the
 * others are still served; past the whole of it nobody is. */
static bool entry_serves(const struct login_cache *cache, struct login_entry *entry,
                         uint64_t now_us)
{
    uint64_t age_us = now_us - entry->rechecked_us;
    uint64_t recheck_us = cache->config->recheck_ms * 1000;
    if (!entry_is_live(cache, entry, now_us) || age_us >= recheck_us)
        return false;
    return age_us < recheck_us / 2 || atomic_exchange(&entry->is_refreshing, true);
}

enum login_verdict login_recall(struct login_cache *cache,
                                const struct login_credentials *credentials,
                                struct auth_principal *principal)
{
    unsigned char key[LOGIN_KEY_BYTES];
    if (credentials->username.size == 0 || credentials->md5_hex.size == 0)
        return LOGIN_MISSING;
    login_cache_key(cache, credentials, key);
    pthread_rwlock_rdlock(&cache->lock);
    struct login_entry *entry = entry_find(cache, key);
    enum login_verdict verdict = entry ? LOGIN_DUE : LOGIN_UNKNOWN;
    if (entry && entry_serves(cache, entry, clock_now_us())) {
        *principal = entry->principal;
        verdict = LOGIN_OK;
    }
    pthread_rwlock_unlock(&cache->lock);
    metric_increment(verdict == LOGIN_OK ? METRIC_AUTH_HITS : METRIC_AUTH_MISSES);
    return verdict;
}

bool login_cache_holds(struct login_cache *cache, const unsigned char key[LOGIN_KEY_BYTES])
{
    pthread_rwlock_rdlock(&cache->lock);
    bool is_held = entry_find(cache, key) != NULL;
    pthread_rwlock_unlock(&cache->lock);
    return is_held;
}

bool login_cache_is_verified(struct login_cache *cache, const unsigned char key[LOGIN_KEY_BYTES],
                             const unsigned char digest[LOGIN_KEY_BYTES])
{
    pthread_rwlock_rdlock(&cache->lock);
    const struct login_entry *entry = entry_find(cache, key);
    bool is_verified = entry && entry_is_live(cache, entry, clock_now_us()) &&
                       CRYPTO_memcmp(entry->digest, digest, LOGIN_KEY_BYTES) == 0;
    pthread_rwlock_unlock(&cache->lock);
    return is_verified;
}

/* With the lock held for writing. A new entry goes last, so that the order is that of
 * verification. */
static struct login_entry *entry_make(struct login_cache *cache,
                                      const unsigned char key[LOGIN_KEY_BYTES])
{
    struct login_entry *entry = calloc(1, sizeof(*entry));
    if (!entry)
        return NULL;
    while (HASH_COUNT(cache->entries) >= MOST_ENTRIES)
        entry_drop(cache, cache->entries);
    memcpy(entry->key, key, LOGIN_KEY_BYTES);
    atomic_init(&entry->is_refreshing, false);
    HASH_ADD(hh, cache->entries, key, LOGIN_KEY_BYTES, entry);
    return entry;
}

void login_cache_store(struct login_cache *cache, const unsigned char key[LOGIN_KEY_BYTES],
                       const unsigned char digest[LOGIN_KEY_BYTES],
                       const struct auth_principal *principal, uint64_t asked_us, bool verified)
{
    pthread_rwlock_wrlock(&cache->lock);
    struct login_entry *entry = entry_find(cache, key);
    if (entry && verified) {
        entry_drop(cache, entry);
        entry = NULL;
    }
    /* Gone while its rows were read again: without its time of verification it stays gone. */
    if (!entry && verified)
        entry = entry_make(cache, key);
    if (entry) {
        memcpy(entry->digest, digest, LOGIN_KEY_BYTES);
        entry->principal = *principal;
        entry->rechecked_us = asked_us;
        if (verified)
            entry->verified_us = asked_us;
        atomic_store(&entry->is_refreshing, false);
    }
    pthread_rwlock_unlock(&cache->lock);
}

void login_cache_forget(struct login_cache *cache, const unsigned char key[LOGIN_KEY_BYTES])
{
    pthread_rwlock_wrlock(&cache->lock);
    struct login_entry *entry = entry_find(cache, key);
    if (entry)
        entry_drop(cache, entry);
    pthread_rwlock_unlock(&cache->lock);
}

struct slice login_cache_super_roles(const struct login_cache *cache)
{
    return slice_from(cache->config->super_roles);
}

struct login_gate *login_cache_gate(struct login_cache *cache)
{
    return &cache->gate;
}

struct login_joint *login_cache_joint(struct login_cache *cache)
{
    return &cache->joint;
}

unsigned login_cache_cost(struct login_cache *cache, bool *is_due)
{
    *is_due = clock_now_us() >= atomic_load(&cache->cost_due_us);
    return atomic_load(&cache->cost);
}

void login_cache_set_cost(struct login_cache *cache, unsigned cost)
{
    atomic_store(&cache->cost, cost ? cost : COST_OF_NOBODY);
    atomic_store(&cache->cost_due_us, clock_now_us() + COST_PERIOD_US);
}

bool login_cache_marks(struct login_cache *cache, int64_t admin_id)
{
    bool is_new = true;
    pthread_mutex_lock(&cache->marked_lock);
    for (size_t i = 0; i < cache->marked_count; i++)
        is_new = is_new && cache->marked[i] != admin_id;
    is_new = is_new && cache->marked_count < MOST_MARKED;
    if (is_new)
        cache->marked[cache->marked_count++] = admin_id;
    pthread_mutex_unlock(&cache->marked_lock);
    return is_new;
}

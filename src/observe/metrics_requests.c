/*
 * portcullis_requests_total: counts by route, method and code in a bounded hash table.
 *
 * shared_slots only ever gains entries, under shared_lock; an entry's key never changes and it is
 * never freed, so looking up takes no lock. No client can make it grow without end: methods and
 * codes are cut to known ones, routes to MAX_ROUTES, the whole to MAX_ENTRIES.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "observe/metrics_shard.h"

enum { SLOTS = 8192, MAX_ENTRIES = 4096, MAX_ROUTES = 256, COUNT_SHARDS = 8 };

struct count {
    _Alignas(64) atomic_uint_least64_t value;
};

struct entry {
    struct count counts[COUNT_SHARDS];
    struct slice route;  /* follows the struct */
    struct slice method; /* a literal */
    int status;
    uint64_t hash;
};

static _Atomic(struct entry *) shared_slots[SLOTS];
static pthread_mutex_t shared_lock = PTHREAD_MUTEX_INITIALIZER;
static size_t shared_entries;      /* under the lock */
static size_t shared_routes;       /* under the lock */
static atomic_bool shared_is_full; /* no further route is taken in */
static struct entry shared_overflow = {.route = {"other", 5}, .method = {"other", 5}, .status = 0};

static const struct slice methods[] = {
    {"GET", 3},   {"POST", 4},   {"HEAD", 4},    {"PUT", 3},
    {"PATCH", 5}, {"DELETE", 6}, {"OPTIONS", 7}, {"other", 5},
};
enum { METHOD_COUNT = sizeof(methods) / sizeof(methods[0]) };

static size_t method_index(struct slice method)
{
    size_t i = 0;
    while (i < METHOD_COUNT - 1 && !slice_equal(methods[i], method))
        i++;
    return i;
}

/* FNV-1a: the keys are short and the routes not the client's choice. */
static uint64_t key_hash(struct slice route, size_t method, int status)
{
    uint64_t hash = 0xcbf29ce484222325u ^ (uint64_t)status * 16 ^ method;
    for (size_t i = 0; i < route.size; i++)
        hash = (hash ^ (uint8_t)route.data[i]) * 0x100000001b3u;
    return (hash * 0x100000001b3u) ^ (hash >> 29);
}

/* The entry, or NULL and the free slot where it belongs. */
static struct entry *entry_find(struct slice route, size_t method, int status, uint64_t hash,
                                size_t *slot)
{
    for (*slot = hash % SLOTS;; *slot = (*slot + 1) % SLOTS) {
        struct entry *entry = atomic_load_explicit(&shared_slots[*slot], memory_order_acquire);
        if (!entry)
            return NULL;
        if (entry->hash == hash && entry->status == status &&
            entry->method.data == methods[method].data && slice_equal(entry->route, route))
            return entry;
    }
}

static bool route_is_known(struct slice route)
{
    for (size_t i = 0; i < SLOTS; i++) {
        struct entry *entry = atomic_load_explicit(&shared_slots[i], memory_order_relaxed);
        if (entry && slice_equal(entry->route, route))
            return true;
    }
    return false;
}

static struct entry *entry_create(struct slice route, size_t method, int status, uint64_t hash)
{
    size_t size = (sizeof(struct entry) + route.size + 63) & ~(size_t)63;
    struct entry *entry = aligned_alloc(64, size);
    if (!entry)
        return NULL;
    memset(entry, 0, size);
    if (route.size)
        memcpy(entry + 1, route.data, route.size);
    entry->route = slice_of((const char *)(entry + 1), route.size);
    entry->method = methods[method];
    entry->status = status;
    entry->hash = hash;
    return entry;
}

/* Under the lock. NULL when the table is full or the route one too many. */
static struct entry *entry_insert(struct slice route, size_t method, int status, bool is_other)
{
    size_t slot = 0;
    uint64_t hash = key_hash(route, method, status);
    struct entry *entry = entry_find(route, method, status, hash, &slot);
    if (entry)
        return entry;
    bool is_known = is_other || route_is_known(route);
    if (shared_entries == MAX_ENTRIES || (!is_known && shared_routes == MAX_ROUTES)) {
        atomic_store_explicit(&shared_is_full, shared_routes == MAX_ROUTES, memory_order_relaxed);
        return NULL;
    }
    entry = entry_create(route, method, status, hash);
    if (!entry)
        return NULL;
    shared_entries++;
    shared_routes += is_known ? 0 : 1;
    atomic_store_explicit(&shared_slots[slot], entry, memory_order_release);
    return entry;
}

static struct entry *entry_get(struct slice route, size_t method, int status, bool is_other)
{
    size_t slot = 0;
    struct entry *entry = entry_find(route, method, status, key_hash(route, method, status), &slot);
    bool is_refused = !is_other && atomic_load_explicit(&shared_is_full, memory_order_relaxed);
    if (entry || is_refused)
        return entry;
    pthread_mutex_lock(&shared_lock);
    entry = entry_insert(route, method, status, is_other);
    pthread_mutex_unlock(&shared_lock);
    return entry;
}

void metric_count_request(struct slice route, struct slice method, int status)
{
    size_t index = method_index(method);
    int code = status >= 100 && status <= 599 ? status : 0;
    struct entry *entry = entry_get(route, index, code, false);
    if (!entry)
        entry = entry_get(SLICE("other"), index, code, true);
    if (!entry)
        entry = &shared_overflow;
    struct count *count = &entry->counts[metrics_shard_index() % COUNT_SHARDS];
    atomic_fetch_add_explicit(&count->value, 1, memory_order_relaxed);
}

/* Label values escape backslash, quote and line feed (Prometheus text format 0.0.4). */
static void append_label(struct buffer *out, struct slice value)
{
    for (size_t i = 0; i < value.size; i++) {
        char c = value.data[i];
        if (c == '\\' || c == '"' || c == '\n')
            buffer_append_char(out, '\\');
        buffer_append_char(out, c == '\n' ? 'n' : c);
    }
}

static void print_entry(struct buffer *out, struct entry *entry)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < COUNT_SHARDS; i++)
        sum += atomic_load_explicit(&entry->counts[i].value, memory_order_relaxed);
    if (!sum)
        return;
    buffer_printf(out, "portcullis_requests_total{route=\"");
    append_label(out, entry->route);
    buffer_printf(out, "\",method=\"%s\",code=\"%d\"} %llu\n", entry->method.data, entry->status,
                  (unsigned long long)sum);
}

void metrics_requests_print(struct buffer *out)
{
    buffer_printf(out, "# HELP portcullis_requests_total Requests answered\n"
                       "# TYPE portcullis_requests_total counter\n");
    for (size_t i = 0; i < SLOTS; i++) {
        struct entry *entry = atomic_load_explicit(&shared_slots[i], memory_order_acquire);
        if (entry)
            print_entry(out, entry);
    }
    print_entry(out, &shared_overflow);
}

/*
 * Shards of open addressing with linear probing. A ban's key is its masked address and the number
 * of its mask; an address is looked up once for each mask that is in use, and there are few.
 */
#include "auth/ban_table.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"

enum { SHARDS = BAN_TABLE_PARTS, FIRST_SLOTS = 16, FILTER = 1024 };
#define POLL_BITS ((UINT64_C(1) << 56) - 1)
/* Rows tell whole seconds; less than this is no change of a ban's end. */
enum { SAME_END_MS = 2000, ENDING_MS = SAME_END_MS + 1000 };

struct slot {
    struct network_address address;
    int64_t expires_ms; /* 0: the slot is free */
    uint64_t poll : 56;
    uint64_t mask : 8;
};

struct shard {
    pthread_rwlock_t lock; /* guards all below */
    struct slot *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

struct ban_table {
    size_t most;
    uint64_t seed;
    atomic_size_t count;
    atomic_size_t capacity;
    atomic_uint_fast64_t poll;
    atomic_uint next_sweep;
    pthread_mutex_t masks_lock; /* held to add one; read without, up to mask_count */
    struct network_address masks[BAN_TABLE_MOST_MASKS];
    atomic_size_t mask_bans[BAN_TABLE_MOST_MASKS];
    atomic_size_t mask_count;
    /* How many bans of a mask have a hash: where there is none, a look at the shard is saved. Of
     * the masks of wildcards and CIDR, which few bans have, that is nearly always so. */
    atomic_uint filter[BAN_TABLE_MOST_MASKS][FILTER];
    struct shard shards[SHARDS];
};

struct ban_table *ban_table_create(size_t most)
{
    struct ban_table *table = calloc(1, sizeof(*table));
    if (!table)
        return NULL;
    table->most = most;
    table->seed = clock_now_us() ^ (uint64_t)(uintptr_t)table;
    pthread_mutex_init(&table->masks_lock, NULL);
    for (size_t i = 0; i < SHARDS; i++)
        pthread_rwlock_init(&table->shards[i].lock, NULL);
    return table;
}

void ban_table_destroy(struct ban_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        free(table->shards[i].slots);
        pthread_rwlock_destroy(&table->shards[i].lock);
    }
    pthread_mutex_destroy(&table->masks_lock);
    free(table);
}

/* Its number; BAN_TABLE_MOST_MASKS when it is none of those in use. */
static size_t find_mask(const struct ban_table *table, const struct network_address *mask)
{
    size_t count = atomic_load_explicit(&table->mask_count, memory_order_acquire);
    for (size_t i = 0; i < count; i++)
        if (network_address_equal(&table->masks[i], mask))
            return i;
    return BAN_TABLE_MOST_MASKS;
}

/* Its number; BAN_TABLE_MOST_MASKS when there is no room for another shape. */
static size_t add_mask(struct ban_table *table, const struct network_address *mask)
{
    size_t i = find_mask(table, mask);
    if (i < BAN_TABLE_MOST_MASKS)
        return i;
    pthread_mutex_lock(&table->masks_lock);
    size_t count = atomic_load(&table->mask_count);
    i = find_mask(table, mask);
    if (i == BAN_TABLE_MOST_MASKS && count < BAN_TABLE_MOST_MASKS) {
        i = count;
        table->masks[i] = *mask;
        atomic_store_explicit(&table->mask_count, count + 1, memory_order_release);
    }
    pthread_mutex_unlock(&table->masks_lock);
    return i;
}

static uint64_t hash_of(const struct ban_table *table, const struct network_address *address,
                        size_t mask)
{
    return XXH3_64bits_withSeed(address->bytes, sizeof(address->bytes), table->seed + mask);
}

static size_t shard_index(uint64_t hash)
{
    return hash >> 58;
}

static struct shard *shard_of(struct ban_table *table, uint64_t hash)
{
    return &table->shards[shard_index(hash)];
}

/* The slot that holds the key, or the free one where it belongs. The shard has slots. */
static struct slot *find_slot(const struct shard *shard, uint64_t hash,
                              const struct network_address *address, size_t mask)
{
    size_t at = hash & (shard->capacity - 1);
    while (shard->slots[at].expires_ms &&
           !(shard->slots[at].mask == mask &&
             network_address_equal(&shard->slots[at].address, address)))
        at = (at + 1) & (shard->capacity - 1);
    return &shard->slots[at];
}

/* Three quarters full at most, so that probes stay short. */
static bool make_room(struct ban_table *table, struct shard *shard)
{
    if (4 * (shard->count + 1) <= 3 * shard->capacity)
        return true;
    struct shard bigger = {.capacity = shard->capacity ? 2 * shard->capacity : FIRST_SLOTS};
    bigger.slots = calloc(bigger.capacity, sizeof(*bigger.slots));
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < shard->capacity; i++) {
        const struct slot *slot = &shard->slots[i];
        if (slot->expires_ms)
            *find_slot(&bigger, hash_of(table, &slot->address, slot->mask), &slot->address,
                       slot->mask) = *slot;
    }
    atomic_fetch_add(&table->capacity, bigger.capacity - shard->capacity);
    free(shard->slots);
    shard->slots = bigger.slots;
    shard->capacity = bigger.capacity;
    return true;
}

static atomic_uint *filter_of(struct ban_table *table, uint64_t hash, size_t mask)
{
    return &table->filter[mask][hash >> 32 & (FILTER - 1)];
}

/* What comes behind a freed slot moves up, so that no probe ends before its key. */
static void free_slot(struct ban_table *table, struct shard *shard, struct slot *slot)
{
    size_t last = shard->capacity - 1;
    size_t gap = (size_t)(slot - shard->slots);
    uint64_t hash = hash_of(table, &slot->address, slot->mask);
    atomic_fetch_sub(&table->count, 1);
    atomic_fetch_sub(&table->mask_bans[slot->mask], 1);
    atomic_fetch_sub(filter_of(table, hash, slot->mask), 1);
    shard->count--;
    for (size_t at = (gap + 1) & last; shard->slots[at].expires_ms; at = (at + 1) & last) {
        const struct slot *next = &shard->slots[at];
        size_t home = hash_of(table, &next->address, next->mask) & last;
        if (((at - home) & last) < ((at - gap) & last))
            continue;
        shard->slots[gap] = *next;
        gap = at;
    }
    shard->slots[gap] = (struct slot){.expires_ms = 0};
}

static enum ban_change change_slot(struct slot *slot, const struct ban *ban)
{
    int64_t moved_ms = ban->expires_ms - slot->expires_ms;
    bool is_row = ban->poll > 0;
    bool is_later = moved_ms >= SAME_END_MS;
    bool is_sooner = moved_ms <= -SAME_END_MS && is_row && slot->poll != ban->poll;
    bool is_found = is_row && slot->poll == 0;
    if (is_later || is_sooner)
        slot->expires_ms = ban->expires_ms;
    if (is_row)
        slot->poll = ban->poll & POLL_BITS;
    return is_later || is_sooner || is_found ? BAN_CHANGED : BAN_SAME;
}

static enum ban_change add_slot(struct ban_table *table, struct shard *shard, uint64_t hash,
                                size_t mask, const struct ban *ban)
{
    if (atomic_load(&table->count) >= table->most || !make_room(table, shard))
        return BAN_REFUSED;
    *find_slot(shard, hash, &ban->network.address, mask) =
        (struct slot){.address = ban->network.address,
                      .expires_ms = ban->expires_ms,
                      .poll = ban->poll & POLL_BITS,
                      .mask = (uint8_t)mask};
    shard->count++;
    atomic_fetch_add(&table->count, 1);
    atomic_fetch_add(&table->mask_bans[mask], 1);
    atomic_fetch_add(filter_of(table, hash, mask), 1);
    return BAN_NEW;
}

enum ban_change ban_table_put(struct ban_table *table, const struct ban *ban, int64_t now_ms)
{
    if (ban->expires_ms <= now_ms)
        return BAN_REFUSED;
    size_t mask = add_mask(table, &ban->network.mask);
    if (mask == BAN_TABLE_MOST_MASKS)
        return BAN_REFUSED;
    uint64_t hash = hash_of(table, &ban->network.address, mask);
    struct shard *shard = shard_of(table, hash);
    pthread_rwlock_wrlock(&shard->lock);
    struct slot *live = NULL;
    struct slot *slot =
        shard->capacity ? find_slot(shard, hash, &ban->network.address, mask) : NULL;
    if (slot && slot->expires_ms && slot->expires_ms <= now_ms)
        free_slot(table, shard, slot); /* another may stand there now */
    else if (slot && slot->expires_ms)
        live = slot;
    enum ban_change change =
        live ? change_slot(live, ban) : add_slot(table, shard, hash, mask, ban);
    pthread_rwlock_unlock(&shard->lock);
    return change;
}

static bool look_up(struct ban_table *table, const struct network_address *address, size_t mask,
                    int64_t now_ms, struct slot *found)
{
    uint64_t hash = hash_of(table, address, mask);
    struct shard *shard = shard_of(table, hash);
    bool is_found = false;
    if (atomic_load_explicit(filter_of(table, hash, mask), memory_order_relaxed) == 0)
        return false;
    pthread_rwlock_rdlock(&shard->lock);
    if (shard->count) {
        const struct slot *slot = find_slot(shard, hash, address, mask);
        is_found = slot->expires_ms > now_ms;
        *found = *slot;
    }
    pthread_rwlock_unlock(&shard->lock);
    return is_found;
}

/* Up to `most` bans that hold the address. */
static size_t find_holding(struct ban_table *table, const struct network_address *address,
                           int64_t now_ms, struct ban *found, size_t most)
{
    size_t found_count = 0;
    if (atomic_load_explicit(&table->count, memory_order_relaxed) == 0)
        return 0;
    size_t count = atomic_load_explicit(&table->mask_count, memory_order_acquire);
    for (size_t i = 0; i < count && found_count < most; i++) {
        struct slot slot;
        if (atomic_load_explicit(&table->mask_bans[i], memory_order_relaxed) == 0)
            continue;
        const struct network masked = network_masked(address, &table->masks[i]);
        if (look_up(table, &masked.address, i, now_ms, &slot))
            found[found_count++] = (struct ban){masked, slot.expires_ms, slot.poll};
    }
    return found_count;
}

bool ban_table_holds(struct ban_table *table, const struct network_address *address, int64_t now_ms)
{
    struct ban ban;
    return find_holding(table, address, now_ms, &ban, 1) > 0;
}

size_t ban_table_holding(struct ban_table *table, const struct network_address *address,
                         int64_t now_ms, struct ban *found)
{
    return find_holding(table, address, now_ms, found, BAN_TABLE_MOST_MASKS);
}

bool ban_table_find(struct ban_table *table, const struct network *network, int64_t now_ms,
                    struct ban *ban)
{
    struct slot slot;
    size_t mask = find_mask(table, &network->mask);
    if (mask == BAN_TABLE_MOST_MASKS || !look_up(table, &network->address, mask, now_ms, &slot))
        return false;
    *ban = (struct ban){.network = *network, .expires_ms = slot.expires_ms, .poll = slot.poll};
    return true;
}

bool ban_table_remove(struct ban_table *table, const struct network *network)
{
    size_t mask = find_mask(table, &network->mask);
    if (mask == BAN_TABLE_MOST_MASKS)
        return false;
    uint64_t hash = hash_of(table, &network->address, mask);
    struct shard *shard = shard_of(table, hash);
    pthread_rwlock_wrlock(&shard->lock);
    struct slot *slot = shard->count ? find_slot(shard, hash, &network->address, mask) : NULL;
    bool is_found = slot && slot->expires_ms;
    if (is_found)
        free_slot(table, shard, slot);
    pthread_rwlock_unlock(&shard->lock);
    return is_found;
}

uint64_t ban_table_begin_poll(struct ban_table *table)
{
    return atomic_fetch_add(&table->poll, 1) + 1;
}

uint64_t ban_table_last_poll(const struct ban_table *table)
{
    return atomic_load(&table->poll);
}

/* With the lock held. */
static struct ban ban_of(const struct ban_table *table, const struct slot *slot)
{
    return (struct ban){.network = {slot->address, table->masks[slot->mask]},
                        .expires_ms = slot->expires_ms,
                        .poll = slot->poll};
}

/* The bans of a shard, to be looked at without its lock; *bans is freed by the caller. False when
 * memory is out: NULL and 0 then. */
static bool copy_shard(struct ban_table *table, struct shard *shard, struct ban **bans,
                       size_t *count)
{
    *count = 0;
    pthread_rwlock_rdlock(&shard->lock);
    *bans = shard->count ? malloc(shard->count * sizeof(**bans)) : NULL;
    for (size_t i = 0; *bans && i < shard->capacity; i++)
        if (shard->slots[i].expires_ms)
            (*bans)[(*count)++] = ban_of(table, &shard->slots[i]);
    bool is_whole = *bans || shard->count == 0;
    pthread_rwlock_unlock(&shard->lock);
    return is_whole;
}

void ban_table_each(struct ban_table *table, bool (*visit)(void *context, const struct ban *ban),
                    void *context)
{
    bool goes_on = true;
    for (size_t i = 0; goes_on && i < SHARDS; i++) {
        size_t count;
        struct ban *bans;
        copy_shard(table, &table->shards[i], &bans, &count);
        for (size_t b = 0; goes_on && b < count; b++)
            goes_on = visit(context, &bans[b]);
        free(bans);
    }
}

static int compare_bans(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct network));
}

/* Pages go shard by shard, each in the order of its networks: a shard is copied and sorted for each
 * page of it. */
bool ban_table_page(struct ban_table *table, const struct network *after, struct ban *page,
                    size_t most, size_t *count)
{
    size_t first =
        after ? shard_index(hash_of(table, &after->address, find_mask(table, &after->mask))) : 0;
    *count = 0;
    for (size_t i = first; i < SHARDS && *count < most; i++) {
        size_t size;
        size_t at = 0;
        struct ban *bans;
        if (!copy_shard(table, &table->shards[i], &bans, &size))
            return false;
        if (size)
            qsort(bans, size, sizeof(*bans), compare_bans);
        while (i == first && after && at < size && compare_bans(&bans[at].network, after) <= 0)
            at++;
        while (at < size && *count < most)
            page[(*count)++] = bans[at++];
        free(bans);
    }
    return true;
}

/* Removes the ban if it is still as it was seen; a put meanwhile has made it another. */
static bool remove_seen(struct ban_table *table, const struct ban *seen)
{
    size_t mask = find_mask(table, &seen->network.mask);
    uint64_t hash = hash_of(table, &seen->network.address, mask);
    struct shard *shard = shard_of(table, hash);
    pthread_rwlock_wrlock(&shard->lock);
    struct slot *slot = shard->count ? find_slot(shard, hash, &seen->network.address, mask) : NULL;
    bool is_same = slot && slot->expires_ms == seen->expires_ms && slot->poll == seen->poll;
    if (is_same)
        free_slot(table, shard, slot);
    pthread_rwlock_unlock(&shard->lock);
    return is_same;
}

struct lifting {
    struct ban_table *table;
    uint64_t poll;
    int64_t now_ms;
    void (*on_lift)(void *context, const struct network *network);
    void *context;
};

static bool lift_one(void *context, const struct ban *ban)
{
    const struct lifting *lifting = context;
    bool has_ended = ban->expires_ms <= lifting->now_ms;
    bool is_ending = ban->expires_ms <= lifting->now_ms + ENDING_MS;
    bool is_unseen = !is_ending && ban->poll > 0 && ban->poll < lifting->poll;
    if ((has_ended || is_unseen) && remove_seen(lifting->table, ban) && !has_ended)
        lifting->on_lift(lifting->context, &ban->network);
    return true;
}

void ban_table_lift_unseen(struct ban_table *table, uint64_t poll, int64_t now_ms,
                           void (*on_lift)(void *context, const struct network *network),
                           void *context)
{
    struct lifting lifting = {table, poll, now_ms, on_lift, context};
    ban_table_each(table, lift_one, &lifting);
}

void ban_table_sweep(struct ban_table *table, int64_t now_ms)
{
    size_t part = atomic_fetch_add(&table->next_sweep, 1) % SHARDS;
    struct shard *shard = &table->shards[part];
    pthread_rwlock_wrlock(&shard->lock);
    for (size_t i = 0; i < shard->capacity; i++)
        /* Another may have moved up into its slot. */
        while (shard->slots[i].expires_ms && shard->slots[i].expires_ms <= now_ms)
            free_slot(table, shard, &shard->slots[i]);
    pthread_rwlock_unlock(&shard->lock);
}

size_t ban_table_count(const struct ban_table *table)
{
    return atomic_load_explicit(&table->count, memory_order_relaxed);
}

size_t ban_table_bytes(const struct ban_table *table)
{
    return sizeof(*table) + atomic_load(&table->capacity) * sizeof(struct slot);
}

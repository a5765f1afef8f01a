/*
 * Shards of open addressing with linear probing. A ban's key is its masked address and the number
 * of its mask; an address is looked up once for each mask that is in use, and there are few.
 *
 * Beside each slot stands a byte of its key's hash. Most addresses are not banned, and these bytes
 * alone say so: 2 MB of a million bans, where the slots, each on another page, are 64.
 */
#include "auth/ban_table_internal.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "base/clock.h"

enum { FIRST_SLOTS = 64 };

struct ban_table *ban_table_create(size_t most)
{
    struct ban_table *table = aligned_alloc(CACHE_LINE, sizeof(*table));
    if (!table)
        return NULL;
    memset(table, 0, sizeof(*table));
    table->most = most;
    table->seed = clock_now_us() ^ (uint64_t)(uintptr_t)table;
    pthread_mutex_init(&table->masks_lock, NULL);
    pthread_mutex_init(&table->lifts_lock, NULL);
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
    pthread_mutex_destroy(&table->lifts_lock);
    free(table);
}

/* Its number; BAN_TABLE_MOST_MASKS when it is none of those in use. */
size_t ban_table_mask(const struct ban_table *table, const struct network_address *mask)
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
    size_t i = ban_table_mask(table, mask);
    if (i < BAN_TABLE_MOST_MASKS)
        return i;
    pthread_mutex_lock(&table->masks_lock);
    size_t count = atomic_load(&table->mask_count);
    i = ban_table_mask(table, mask);
    if (i == BAN_TABLE_MOST_MASKS && count < BAN_TABLE_MOST_MASKS) {
        i = count;
        table->masks[i] = *mask;
        atomic_store_explicit(&table->mask_count, count + 1, memory_order_release);
    }
    pthread_mutex_unlock(&table->masks_lock);
    return i;
}

uint64_t ban_table_hash(const struct ban_table *table, const struct network_address *address,
                        size_t mask)
{
    return XXH3_64bits_withSeed(address->bytes, sizeof(address->bytes), table->seed + mask);
}

size_t ban_table_shard(uint64_t hash)
{
    return hash >> 58;
}

static struct shard *shard_of(struct ban_table *table, uint64_t hash)
{
    return &table->shards[ban_table_shard(hash)];
}

static unsigned char tag_of(uint64_t hash)
{
    unsigned char tag = (unsigned char)(hash >> 48);
    return tag ? tag : 1;
}

/* Where the key is, or the free slot where it belongs. The shard has slots. */
static size_t find_place(const struct shard *shard, uint64_t hash,
                         const struct network_address *address, size_t mask)
{
    size_t at = hash & (shard->capacity - 1);
    unsigned char tag = tag_of(hash);
    while (shard->tags[at] && !(shard->tags[at] == tag && shard->slots[at].mask == mask &&
                                network_address_equal(&shard->slots[at].address, address)))
        at = (at + 1) & (shard->capacity - 1);
    return at;
}

/* The slot that holds the key; NULL: there is none. */
struct slot *ban_table_slot(const struct shard *shard, uint64_t hash,
                            const struct network_address *address, size_t mask)
{
    if (shard->count == 0)
        return NULL;
    size_t at = find_place(shard, hash, address, mask);
    return shard->tags[at] ? &shard->slots[at] : NULL;
}

static void fill_place(struct shard *shard, uint64_t hash, const struct slot *slot)
{
    size_t at = find_place(shard, hash, &slot->address, slot->mask);
    shard->slots[at] = *slot;
    shard->tags[at] = tag_of(hash);
}

static bool make_slots(struct shard *shard, size_t capacity)
{
    shard->capacity = capacity;
    shard->slots = aligned_alloc(CACHE_LINE, capacity * (sizeof(*shard->slots) + 1));
    if (!shard->slots)
        return false;
    shard->tags = (unsigned char *)(shard->slots + capacity);
    memset(shard->tags, 0, capacity);
    return true;
}

/* Three quarters full at most, so that probes stay short. */
static bool make_room(struct ban_table *table, struct shard *shard)
{
    struct shard bigger;
    if (4 * (shard->count + 1) <= 3 * shard->capacity)
        return true;
    if (!make_slots(&bigger, shard->capacity ? 2 * shard->capacity : FIRST_SLOTS))
        return false;
    for (size_t i = 0; i < shard->capacity; i++)
        if (shard->tags[i])
            fill_place(&bigger,
                       ban_table_hash(table, &shard->slots[i].address, shard->slots[i].mask),
                       &shard->slots[i]);
    atomic_fetch_add(&table->capacity, bigger.capacity - shard->capacity);
    free(shard->slots);
    shard->slots = bigger.slots;
    shard->tags = bigger.tags;
    shard->capacity = bigger.capacity;
    return true;
}

static atomic_uint *filter_of(struct ban_table *table, uint64_t hash, size_t mask)
{
    return &table->filter[mask][hash >> 32 & (FILTER - 1)];
}

static void uncount_slot(struct ban_table *table, struct shard *shard, const struct slot *slot)
{
    uint64_t hash = ban_table_hash(table, &slot->address, slot->mask);
    atomic_fetch_sub(&table->count, 1);
    atomic_fetch_sub(&table->mask_bans[slot->mask], 1);
    atomic_fetch_sub(filter_of(table, hash, slot->mask), 1);
    shard->count--;
    shard->rows -= slot->poll > 0;
}

/* What comes behind a freed slot moves up, so that no probe ends before its key. */
void ban_table_free_slot(struct ban_table *table, struct shard *shard, struct slot *slot)
{
    size_t last = shard->capacity - 1;
    size_t gap = (size_t)(slot - shard->slots);
    uncount_slot(table, shard, slot);
    for (size_t at = (gap + 1) & last; shard->tags[at]; at = (at + 1) & last) {
        const struct slot *next = &shard->slots[at];
        size_t home = ban_table_hash(table, &next->address, next->mask) & last;
        if (((at - home) & last) < ((at - gap) & last))
            continue;
        shard->slots[gap] = *next;
        shard->tags[gap] = shard->tags[at];
        gap = at;
    }
    shard->tags[gap] = 0;
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
    if (!is_later && !is_sooner && !is_found)
        return BAN_SAME;
    slot->pull = 0; /* not as it was shown */
    return BAN_CHANGED;
}

static enum ban_change add_slot(struct ban_table *table, struct shard *shard, uint64_t hash,
                                size_t mask, const struct ban *ban)
{
    if (atomic_load(&table->count) >= table->most || !make_room(table, shard))
        return BAN_REFUSED;
    const struct slot slot = {.address = ban->network.address,
                              .expires_ms = ban->expires_ms,
                              .poll = ban->poll & POLL_BITS,
                              .mask = (uint8_t)mask};
    fill_place(shard, hash, &slot);
    shard->count++;
    shard->rows += slot.poll > 0;
    atomic_fetch_add(&table->count, 1);
    atomic_fetch_add(&table->mask_bans[mask], 1);
    atomic_fetch_add(filter_of(table, hash, mask), 1);
    return BAN_NEW;
}

/* With the lock held. */
static enum ban_change put_slot(struct ban_table *table, struct shard *shard, uint64_t hash,
                                size_t mask, const struct ban *ban, int64_t now_ms)
{
    struct slot *slot = ban_table_slot(shard, hash, &ban->network.address, mask);
    if (slot && slot->expires_ms > now_ms) {
        bool had_row = slot->poll > 0;
        enum ban_change change = change_slot(slot, ban);
        shard->rows += !had_row && slot->poll > 0;
        return change;
    }
    if (slot)
        ban_table_free_slot(table, shard, slot);
    return add_slot(table, shard, hash, mask, ban);
}

/* With the lock held. */
static void mark_shown(struct ban_table *table, struct shard *shard, uint64_t hash, size_t mask,
                       const struct ban *ban)
{
    struct slot *slot = ban_table_slot(shard, hash, &ban->network.address, mask);
    bool is_row_told = slot && (slot->poll == 0 || ban->poll > 0);
    if (is_row_told && slot->expires_ms - ban->expires_ms < SAME_END_MS)
        slot->pull = atomic_load(&table->pull) & PULL_BITS;
}

static enum ban_change put(struct ban_table *table, const struct ban *ban, int64_t now_ms,
                           bool is_shown)
{
    if (ban->expires_ms <= now_ms)
        return BAN_REFUSED;
    size_t mask = add_mask(table, &ban->network.mask);
    if (mask == BAN_TABLE_MOST_MASKS)
        return BAN_REFUSED;
    uint64_t hash = ban_table_hash(table, &ban->network.address, mask);
    struct shard *shard = shard_of(table, hash);
    if (ban->poll == 0) /* before it stands: who lifts it from then on is remembered */
        ban_table_forget_lift(table, &ban->network, now_ms);
    pthread_rwlock_wrlock(&shard->lock);
    enum ban_change change = put_slot(table, shard, hash, mask, ban, now_ms);
    if (is_shown)
        mark_shown(table, shard, hash, mask, ban);
    pthread_rwlock_unlock(&shard->lock);
    return change;
}

enum ban_change ban_table_put(struct ban_table *table, const struct ban *ban, int64_t now_ms)
{
    return put(table, ban, now_ms, false);
}

void ban_table_begin_pull(struct ban_table *table)
{
    atomic_fetch_add(&table->pull, 1);
}

enum ban_change ban_table_put_shown(struct ban_table *table, const struct ban *ban, int64_t now_ms)
{
    return put(table, ban, now_ms, true);
}

static bool look_up(struct ban_table *table, const struct network_address *address, size_t mask,
                    int64_t now_ms, struct slot *found)
{
    uint64_t hash = ban_table_hash(table, address, mask);
    struct shard *shard = shard_of(table, hash);
    bool is_found = false;
    if (atomic_load_explicit(&table->mask_bans[mask], memory_order_relaxed) < FILTER &&
        atomic_load_explicit(filter_of(table, hash, mask), memory_order_relaxed) == 0)
        return false;
    pthread_rwlock_rdlock(&shard->lock);
    const struct slot *slot = ban_table_slot(shard, hash, address, mask);
    if (slot) {
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
    size_t mask = ban_table_mask(table, &network->mask);
    if (mask == BAN_TABLE_MOST_MASKS || !look_up(table, &network->address, mask, now_ms, &slot))
        return false;
    *ban = (struct ban){.network = *network, .expires_ms = slot.expires_ms, .poll = slot.poll};
    return true;
}

bool ban_table_remove(struct ban_table *table, const struct network *network)
{
    size_t mask = ban_table_mask(table, &network->mask);
    if (mask == BAN_TABLE_MOST_MASKS)
        return false;
    uint64_t hash = ban_table_hash(table, &network->address, mask);
    struct shard *shard = shard_of(table, hash);
    pthread_rwlock_wrlock(&shard->lock);
    struct slot *slot = ban_table_slot(shard, hash, &network->address, mask);
    if (slot)
        ban_table_free_slot(table, shard, slot);
    pthread_rwlock_unlock(&shard->lock);
    return slot != NULL;
}

uint64_t ban_table_begin_poll(struct ban_table *table)
{
    return atomic_fetch_add(&table->poll, 1) + 1;
}

uint64_t ban_table_last_poll(const struct ban_table *table)
{
    return atomic_load(&table->poll);
}

size_t ban_table_count(const struct ban_table *table)
{
    return atomic_load_explicit(&table->count, memory_order_relaxed);
}

size_t ban_table_bytes(const struct ban_table *table)
{
    return sizeof(*table) + atomic_load(&table->capacity) * (sizeof(struct slot) + 1);
}

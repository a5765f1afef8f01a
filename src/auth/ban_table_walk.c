/*
 * What goes over all bans: a shard after the other, and what is to be done with a ban is done
 * outside of its shard's lock.
 */
#include <stdlib.h>
#include <string.h>

#include "auth/ban_table_internal.h"

enum {
    ENDING_MS = SAME_END_MS + 1000,
    SWEPT_SLOTS = 8192, /* at a call: a shard's readers wait some 50 us for it */
};

/* With the lock held. */
static struct ban ban_of(const struct ban_table *table, const struct slot *slot)
{
    return (struct ban){.network = {slot->address, table->masks[slot->mask]},
                        .expires_ms = slot->expires_ms,
                        .poll = slot->poll};
}

/* Which slots are meant; limit: a poll, or a pull, or an end. */
struct choice {
    bool (*holds)(const struct choice *choice, const struct slot *slot);
    uint64_t number;
    int64_t now_ms;
};

static bool is_chosen(const struct shard *shard, size_t at, const struct choice *choice)
{
    return shard->tags[at] && (!choice || choice->holds(choice, &shard->slots[at]));
}

static size_t count_chosen(const struct shard *shard, const struct choice *choice)
{
    size_t count = 0;
    if (!choice)
        return shard->count;
    for (size_t i = 0; i < shard->capacity; i++)
        count += is_chosen(shard, i, choice);
    return count;
}

/* Bans of a shard (choice NULL: all), to be looked at without its lock; *bans is freed by the
 * caller. False when memory is out: NULL and 0 then. */
static bool copy_shard(struct ban_table *table, struct shard *shard, const struct choice *choice,
                       struct ban **bans, size_t *count)
{
    *count = 0;
    pthread_rwlock_rdlock(&shard->lock);
    size_t chosen = count_chosen(shard, choice);
    *bans = chosen ? malloc(chosen * sizeof(**bans)) : NULL;
    for (size_t i = 0; *bans && *count < chosen; i++)
        if (is_chosen(shard, i, choice))
            (*bans)[(*count)++] = ban_of(table, &shard->slots[i]);
    pthread_rwlock_unlock(&shard->lock);
    return *bans || chosen == 0;
}

static bool is_unshown(const struct choice *choice, const struct slot *slot)
{
    return slot->pull != choice->number;
}

bool ban_table_unshown(struct ban_table *table, size_t part, struct ban **bans, size_t *count)
{
    const struct choice choice = {.holds = is_unshown,
                                  .number = atomic_load(&table->pull) & PULL_BITS};
    return copy_shard(table, &table->shards[part], &choice, bans, count);
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
    size_t first = after ? ban_table_shard(ban_table_hash(table, &after->address,
                                                          ban_table_mask(table, &after->mask)))
                         : 0;
    *count = 0;
    for (size_t i = first; i < SHARDS && *count < most; i++) {
        size_t size;
        size_t at = 0;
        struct ban *bans;
        if (!copy_shard(table, &table->shards[i], NULL, &bans, &size))
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
    size_t mask = ban_table_mask(table, &seen->network.mask);
    uint64_t hash = ban_table_hash(table, &seen->network.address, mask);
    struct shard *shard = &table->shards[ban_table_shard(hash)];
    pthread_rwlock_wrlock(&shard->lock);
    struct slot *slot = ban_table_slot(shard, hash, &seen->network.address, mask);
    bool is_same = slot && slot->expires_ms == seen->expires_ms && slot->poll == seen->poll;
    if (is_same)
        ban_table_free_slot(table, shard, slot);
    pthread_rwlock_unlock(&shard->lock);
    return is_same;
}

/* Its row should have been seen, or it has ended. */
static bool is_unseen(const struct choice *choice, const struct slot *slot)
{
    bool has_ended = slot->expires_ms <= choice->now_ms;
    bool is_ending = slot->expires_ms <= choice->now_ms + ENDING_MS;
    return has_ended || (!is_ending && slot->poll > 0 && slot->poll < choice->number);
}

static bool has_rows(struct shard *shard)
{
    pthread_rwlock_rdlock(&shard->lock);
    bool has_some = shard->rows > 0;
    pthread_rwlock_unlock(&shard->lock);
    return has_some;
}

void ban_table_lift_unseen(struct ban_table *table, uint64_t poll, int64_t now_ms,
                           void (*on_lift)(void *context, const struct network *network),
                           void *context)
{
    const struct choice choice = {.holds = is_unseen, .number = poll, .now_ms = now_ms};
    for (size_t i = 0; i < SHARDS; i++) {
        size_t count = 0;
        struct ban *bans = NULL;
        if (has_rows(&table->shards[i]))
            copy_shard(table, &table->shards[i], &choice, &bans, &count);
        for (size_t b = 0; b < count; b++)
            if (remove_seen(table, &bans[b]) && bans[b].expires_ms > now_ms)
                on_lift(context, &bans[b].network);
        free(bans);
    }
}

/* With the lock held; returns how many slots were looked at, at most `most`. */
static size_t sweep_shard(struct ban_table *table, struct shard *shard, int64_t now_ms, size_t most)
{
    size_t begin = shard->swept;
    size_t end = begin + most < shard->capacity ? begin + most : shard->capacity;
    for (size_t i = begin; i < end; i++)
        /* Another may have moved up into its slot. */
        while (shard->tags[i] && shard->slots[i].expires_ms <= now_ms)
            ban_table_free_slot(table, shard, &shard->slots[i]);
    shard->swept = end < shard->capacity ? end : 0;
    return end - begin;
}

void ban_table_sweep(struct ban_table *table, int64_t now_ms)
{
    size_t left = SWEPT_SLOTS;
    for (size_t i = 0; left && i < SHARDS; i++) {
        struct shard *shard = &table->shards[atomic_load(&table->next_sweep) % SHARDS];
        pthread_rwlock_wrlock(&shard->lock);
        if (shard->count)
            left -= sweep_shard(table, shard, now_ms, left);
        if (!shard->count || shard->swept == 0)
            atomic_fetch_add(&table->next_sweep, 1);
        pthread_rwlock_unlock(&shard->lock);
    }
}

/* Shards of uthash tables, each in the order of the last failure: the first is the oldest. */
#include "auth/ban_counters.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>
#include <xxhash.h>

#include "base/clock.h"

enum { SHARDS = 64, MOST_WALKED = 10000 };

/* One address. */
struct counter {
    struct network_address address;
    uint32_t undecided;          /* places taken */
    uint32_t count;              /* of failures */
    struct ban_attempt *waiting; /* in line, first come first */
    struct ban_attempt *last;
    UT_hash_handle hh;
    struct ban_failure failures[]; /* oldest first; options.attempts of them fit */
};

struct shard {
    pthread_mutex_t lock; /* guards all below */
    struct counter *counters;
};

struct ban_counters {
    struct ban_counters_options options;
    uint64_t seed;
    atomic_size_t most;
    atomic_size_t count;
    atomic_uint next_sweep;
    struct shard shards[SHARDS];
};

struct ban_counters *ban_counters_create(const struct ban_counters_options *options)
{
    struct ban_counters *counters = calloc(1, sizeof(*counters));
    if (!counters)
        return NULL;
    counters->options = *options;
    counters->seed = clock_now_us() ^ (uint64_t)(uintptr_t)counters;
    atomic_init(&counters->most, options->most);
    for (size_t i = 0; i < SHARDS; i++)
        pthread_mutex_init(&counters->shards[i].lock, NULL);
    return counters;
}

static void counter_drop(struct ban_counters *counters, struct shard *shard,
                         struct counter *counter)
{
    HASH_DEL(shard->counters, counter);
    free(counter);
    atomic_fetch_sub(&counters->count, 1);
}

void ban_counters_destroy(struct ban_counters *counters)
{
    if (!counters)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        struct shard *shard = &counters->shards[i];
        while (shard->counters)
            counter_drop(counters, shard, shard->counters);
        pthread_mutex_destroy(&shard->lock);
    }
    free(counters);
}

/* The address's shard, locked. */
static struct shard *shard_lock(struct ban_counters *counters,
                                const struct network_address *address)
{
    uint64_t hash = XXH3_64bits_withSeed(address->bytes, sizeof(address->bytes), counters->seed);
    struct shard *shard = &counters->shards[hash >> 58];
    pthread_mutex_lock(&shard->lock);
    return shard;
}

static struct counter *counter_find(struct shard *shard, const struct network_address *address)
{
    struct counter *counter = NULL;
    HASH_FIND(hh, shard->counters, address, sizeof(*address), counter);
    return counter;
}

static bool counter_is_idle(const struct counter *counter)
{
    return counter->undecided == 0 && !counter->waiting;
}

/* Makes room by forgetting who failed longest ago in this shard. */
static void shard_evict(struct ban_counters *counters, struct shard *shard)
{
    struct counter *counter = shard->counters;
    while (counter && !counter_is_idle(counter))
        counter = counter->hh.next;
    if (counter)
        counter_drop(counters, shard, counter);
}

static struct counter *counter_make(struct ban_counters *counters, struct shard *shard,
                                    const struct network_address *address)
{
    if (atomic_load(&counters->count) >= atomic_load(&counters->most))
        shard_evict(counters, shard);
    struct counter *counter =
        calloc(1, sizeof(*counter) + counters->options.attempts * sizeof(struct ban_failure));
    if (!counter)
        return NULL;
    counter->address = *address;
    HASH_ADD(hh, shard->counters, address, sizeof(counter->address), counter);
    atomic_fetch_add(&counters->count, 1);
    return counter;
}

static void forget_failure(struct counter *counter, uint32_t at)
{
    counter->count--;
    memmove(&counter->failures[at], &counter->failures[at + 1],
            (counter->count - at) * sizeof(counter->failures[0]));
}

static void drop_old(const struct ban_counters *counters, struct counter *counter, int64_t now_ms)
{
    for (uint32_t i = counter->count; i-- > 0;)
        if (now_ms - counter->failures[i].at_ms >= counters->options.window_ms)
            forget_failure(counter, i);
}

static void drop_if_empty(struct ban_counters *counters, struct shard *shard,
                          struct counter *counter)
{
    if (counter_is_idle(counter) && counter->count == 0)
        counter_drop(counters, shard, counter);
}

static bool has_place(const struct ban_counters *counters, const struct counter *counter)
{
    return counter->undecided == 0 ||
           counter->undecided + counter->count < counters->options.attempts;
}

enum ban_turn ban_counters_begin(struct ban_counters *counters, struct ban_attempt *attempt,
                                 bool (*is_banned)(void *context,
                                                   const struct network_address *address),
                                 int64_t now_ms)
{
    const struct network_address *address = &attempt->network.address;
    enum ban_turn turn = BAN_TURN_NOW;
    struct shard *shard = shard_lock(counters, address);
    struct counter *counter = counter_find(shard, address);
    attempt->is_counted = false;
    attempt->next = NULL;
    if (is_banned(counters->options.context, address)) {
        pthread_mutex_unlock(&shard->lock);
        return BAN_TURN_NEVER;
    }
    if (!counter)
        counter = counter_make(counters, shard, address);
    if (counter) {
        drop_old(counters, counter, now_ms);
        /* Nobody overtakes those in line. */
        bool is_first = !counter->waiting && has_place(counters, counter);
        attempt->is_counted = is_first;
        counter->undecided += is_first;
        if (!is_first) {
            turn = BAN_TURN_LATER;
            if (counter->waiting)
                counter->last->next = attempt;
            else
                counter->waiting = attempt;
            counter->last = attempt;
        }
    }
    pthread_mutex_unlock(&shard->lock);
    return turn;
}

static void run_turn(struct loop_item *item)
{
    struct ban_attempt *attempt = (struct ban_attempt *)item;
    attempt->on_turn(attempt);
}

/* Takes those whose turn it is out of the line. */
static struct ban_attempt *take_turns(const struct ban_counters *counters, struct counter *counter)
{
    struct ban_attempt *first = counter->waiting;
    struct ban_attempt *last = NULL;
    while (counter->waiting && has_place(counters, counter)) {
        last = counter->waiting;
        last->is_counted = true;
        counter->undecided++;
        counter->waiting = last->next;
    }
    if (!last)
        return NULL;
    last->next = NULL;
    return first;
}

void ban_counters_end(struct ban_counters *counters, struct ban_attempt *attempt, int64_t now_ms)
{
    if (!attempt->is_counted)
        return;
    struct ban_attempt *turns = NULL;
    struct shard *shard = shard_lock(counters, &attempt->network.address);
    struct counter *counter = counter_find(shard, &attempt->network.address);
    attempt->is_counted = false;
    if (counter) {
        drop_old(counters, counter, now_ms);
        counter->undecided--;
        turns = take_turns(counters, counter);
        drop_if_empty(counters, shard, counter);
    }
    pthread_mutex_unlock(&shard->lock);
    while (turns) {
        struct ban_attempt *next = turns->next; /* it may be gone once it is posted */
        turns->item.run = run_turn;
        loop_post(turns->loop, &turns->item);
        turns = next;
    }
}

static bool is_known(const struct counter *counter, uint64_t id)
{
    for (uint32_t i = 0; i < counter->count; i++)
        if (counter->failures[i].id == id)
            return true;
    return false;
}

/* The latest failure puts its address behind all others in the order of forgetting. */
static void make_latest(struct shard *shard, struct counter *counter)
{
    HASH_DEL(shard->counters, counter);
    HASH_ADD(hh, shard->counters, address, sizeof(counter->address), counter);
}

bool ban_counters_fail(struct ban_counters *counters, const struct network_address *address,
                       const struct ban_failure *failure, int64_t now_ms)
{
    const struct ban_counters_options *options = &counters->options;
    bool is_over = false;
    struct shard *shard = shard_lock(counters, address);
    struct counter *counter = counter_find(shard, address);
    if (!counter)
        counter = counter_make(counters, shard, address);
    if (counter) {
        drop_old(counters, counter, now_ms);
        bool counts =
            now_ms - failure->at_ms < options->window_ms && !is_known(counter, failure->id);
        if (counts) {
            counter->failures[counter->count++] = *failure;
            make_latest(shard, counter);
        }
        is_over = counter->count >= options->attempts;
        if (is_over) {
            options->on_over(options->context, address);
            counter->count = 0;
        }
        drop_if_empty(counters, shard, counter);
    }
    pthread_mutex_unlock(&shard->lock);
    return is_over;
}

uint32_t ban_counters_failures(struct ban_counters *counters, const struct network_address *address,
                               int64_t now_ms)
{
    uint32_t count = 0;
    struct shard *shard = shard_lock(counters, address);
    const struct counter *counter = counter_find(shard, address);
    for (uint32_t i = 0; counter && i < counter->count; i++)
        count += now_ms - counter->failures[i].at_ms < counters->options.window_ms;
    pthread_mutex_unlock(&shard->lock);
    return count;
}

bool ban_counters_clear_user(struct ban_counters *counters, const struct network_address *address,
                             uint64_t user)
{
    bool had_any = false;
    struct shard *shard = shard_lock(counters, address);
    struct counter *counter = counter_find(shard, address);
    if (counter) {
        for (uint32_t i = counter->count; i-- > 0;) {
            if (counter->failures[i].user != user)
                continue;
            forget_failure(counter, i);
            had_any = true;
        }
        drop_if_empty(counters, shard, counter);
    }
    pthread_mutex_unlock(&shard->lock);
    return had_any;
}

static void clear_shard(struct ban_counters *counters, struct shard *shard,
                        const struct network *network)
{
    struct counter *counter = NULL;
    struct counter *next = NULL;
    HASH_ITER(hh, shard->counters, counter, next)
    {
        if (!network_holds(network, &counter->address))
            continue;
        counter->count = 0;
        drop_if_empty(counters, shard, counter);
    }
}

/* Addresses are kept as they are counted, IPv6 by its prefix. */
static bool is_counted_as_one(const struct ban_counters *counters, const struct network *network)
{
    struct network client = network_of_client(&network->address, counters->options.ipv6_prefix);
    return network_equal(network, &client) || network_is_single(network);
}

void ban_counters_clear(struct ban_counters *counters, const struct network *network)
{
    struct shard *shard = shard_lock(counters, &network->address);
    struct counter *counter = counter_find(shard, &network->address);
    if (counter) {
        counter->count = 0;
        drop_if_empty(counters, shard, counter);
    }
    pthread_mutex_unlock(&shard->lock);
    if (is_counted_as_one(counters, network) || ban_counters_count(counters) > MOST_WALKED)
        return;
    for (size_t i = 0; i < SHARDS; i++) {
        pthread_mutex_lock(&counters->shards[i].lock);
        clear_shard(counters, &counters->shards[i], network);
        pthread_mutex_unlock(&counters->shards[i].lock);
    }
}

bool ban_counters_are_empty(const struct ban_counters *counters)
{
    return ban_counters_count(counters) == 0;
}

size_t ban_counters_count(const struct ban_counters *counters)
{
    return atomic_load_explicit(&counters->count, memory_order_relaxed);
}

void ban_counters_set_most(struct ban_counters *counters, size_t most)
{
    atomic_store(&counters->most, most);
}

void ban_counters_sweep(struct ban_counters *counters, int64_t now_ms)
{
    struct shard *shard = &counters->shards[atomic_fetch_add(&counters->next_sweep, 1) % SHARDS];
    struct counter *counter = NULL;
    struct counter *next = NULL;
    pthread_mutex_lock(&shard->lock);
    HASH_ITER(hh, shard->counters, counter, next)
    {
        drop_old(counters, counter, now_ms);
        if (counter->count)
            break; /* those behind it failed later */
        drop_if_empty(counters, shard, counter);
    }
    pthread_mutex_unlock(&shard->lock);
}

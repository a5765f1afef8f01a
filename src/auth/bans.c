/* Where the parts meet: counters lead to bans, bans to rows and messages. */
#include "auth/bans.h"

#include <inttypes.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "auth/ban_keeper.h"
#include "auth/ban_share.h"
#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"

enum {
    FIRST_POLL_MS = 2000,
    MOST_NEWS = 1000, /* new rows of one poll that are told to the others, which poll too */
    DEFAULT_LENGTH_MS = 15 * 60 * 1000, /* where InvalidLoginBanLength is absent */
};
/* A hundred years: longer than anybody means, and no sum overflows. */
#define LONGEST_MS UINT64_C(3155760000000)
#define NOT_SET    UINT64_MAX

_Static_assert((int)BANS_MOST_HOLDING == (int)BAN_TABLE_MOST_MASKS, "one ban a mask");

struct bans {
    const struct config_ban *config;
    struct ban_table *table;
    struct ban_counters *counters;
    struct ban_keeper *keeper;
    struct ban_share *share; /* NULL: no Redis */
    const struct network_list *trusted;
    atomic_uint_fast64_t own_length_ms;   /* ban.length; NOT_SET */
    atomic_uint_fast64_t whmcs_length_ms; /* counts where that is not set */
    pthread_rwlock_t lists_lock;          /* guards the four below */
    struct arena arena;                   /* of exempt */
    struct network_list exempt;           /* ban.exempt */
    struct arena whitelist_arena;
    struct network_list whitelist; /* WHMCS's WhitelistedIPs */
    atomic_bool has_started;       /* rows found from now on are news */
    uint64_t news_poll;            /* the keeper's thread: which poll news is of */
    unsigned news;
    atomic_uint next_failure;
    uint32_t origin; /* of this process's failures */
};

static int64_t wall_ms(void)
{
    return (int64_t)(clock_wall_us() / 1000);
}

/* --- exemptions ---------------------------------------------------------------------------- */

static bool is_listed(struct bans *bans, const struct network_address *address)
{
    pthread_rwlock_rdlock(&bans->lists_lock);
    bool is_on_one =
        network_list_holds(&bans->exempt, address) || network_list_holds(&bans->whitelist, address);
    pthread_rwlock_unlock(&bans->lists_lock);
    return is_on_one;
}

static bool is_exempt(struct bans *bans, const struct network_address *address)
{
    return !network_address_is_known(address) || network_list_holds(bans->trusted, address) ||
           is_listed(bans, address);
}

/* The arena is taken over; what was there goes. */
static void take_list(struct bans *bans, struct arena *arena, struct network_list *list,
                      struct arena *new_arena, const struct network_list *new_list)
{
    pthread_rwlock_wrlock(&bans->lists_lock);
    struct arena old = *arena;
    *arena = *new_arena;
    *list = *new_list;
    pthread_rwlock_unlock(&bans->lists_lock);
    arena_clear(&old);
}

static void on_settings(void *context, const struct ban_settings *settings)
{
    struct bans *bans = context;
    struct arena arena;
    size_t size = settings->whitelist.count * sizeof(struct network);
    atomic_store(&bans->whmcs_length_ms,
                 settings->has_length ? settings->length_ms : DEFAULT_LENGTH_MS);
    arena_init(&arena);
    struct network_list copy = {arena_alloc(&arena, size + 1), settings->whitelist.count};
    if (!copy.items)
        return; /* the old one is better than none */
    if (size)
        memcpy(copy.items, settings->whitelist.items, size);
    take_list(bans, &bans->whitelist_arena, &bans->whitelist, &arena, &copy);
}

/* --- bans ---------------------------------------------------------------------------------- */

/* Under the counters' lock: memory alone, so that nobody slips in between. */
static void on_over(void *context, const struct network_address *address)
{
    struct bans *bans = context;
    uint64_t length_ms = bans_length_ms(bans);
    const struct ban ban = {network_of_client(address, (unsigned)bans->config->ipv6_prefix),
                            wall_ms() + (int64_t)length_ms, 0};
    if (length_ms)
        ban_table_put(bans->table, &ban, wall_ms());
}

/* A ban of ours is in memory: its row, its line in the log, the other gateways. */
static void announce(struct bans *bans, const struct ban *ban)
{
    char network[NETWORK_TEXT];
    char text[160];
    uint64_t length_ms = bans_length_ms(bans);
    network_print(&ban->network, network);
    snprintf(text, sizeof(text), "%s banned for %" PRIu64 " s after %" PRIu64 " failed logins",
             network, length_ms / 1000, bans->config->attempts);
    log_warning("ban", "%s", text);
    metric_increment(METRIC_BANS_MADE);
    ban_keeper_add_row(bans->keeper, ban, SLICE("portcullis: too many failed API logins"));
    ban_keeper_log(bans->keeper, slice_from(text), &ban->network);
}

/* Redis counted what this gateway alone could not. */
static void on_shared_ban(void *context, const struct ban *ban)
{
    announce(context, ban);
}

static bool is_news(struct bans *bans, const struct ban *ban)
{
    if (bans->news_poll != ban->poll)
        bans->news = 0;
    bans->news_poll = ban->poll;
    return atomic_load(&bans->has_started) && bans->news++ < MOST_NEWS;
}

/* Others learn that the row is known: a ban of which they have heard can be lifted by their polls.
 */
static void on_row(void *context, const struct ban *ban)
{
    struct bans *bans = context;
    ban_counters_clear(bans->counters, &ban->network);
    if (is_news(bans, ban))
        ban_share_ban(bans->share, ban);
}

static void on_lift(void *context, const struct network *network)
{
    struct bans *bans = context;
    char text[NETWORK_TEXT];
    network_print(network, text);
    log_info("ban", "%s is no longer banned: its row is gone", text);
    metric_increment(METRIC_BANS_LIFTED);
    ban_counters_clear(bans->counters, network);
    ban_share_lift(bans->share, network);
}

bool bans_hold(struct bans *bans, const struct network_address *address)
{
    return ban_table_holds(bans->table, address, wall_ms()) && !is_exempt(bans, address);
}

/* --- logins -------------------------------------------------------------------------------- */

static bool is_banned(void *context, const struct network_address *address)
{
    struct bans *bans = context;
    return ban_table_holds(bans->table, address, wall_ms());
}

static bool counts(struct bans *bans, const struct network_address *address)
{
    return bans_length_ms(bans) > 0 && !is_exempt(bans, address);
}

static struct network network_for(const struct bans *bans, const struct network_address *address)
{
    return network_of_client(address, (unsigned)bans->config->ipv6_prefix);
}

enum ban_turn ban_attempt_begin(struct bans *bans, struct ban_attempt *attempt,
                                const struct network_address *address)
{
    attempt->is_counted = false;
    attempt->is_exempt = !counts(bans, address);
    attempt->network = network_for(bans, address);
    if (attempt->is_exempt)
        return BAN_TURN_NOW;
    enum ban_turn turn = ban_counters_begin(bans->counters, attempt, is_banned, wall_ms());
    if (turn == BAN_TURN_LATER)
        metric_increment(METRIC_BANS_WAITED);
    return turn;
}

/* The same on every gateway. */
static uint64_t user_hash(struct slice username)
{
    return XXH3_64bits(username.data, username.size);
}

static void count_failure(struct bans *bans, const struct network *network, struct slice username)
{
    int64_t now_ms = wall_ms();
    uint64_t length_ms = bans_length_ms(bans);
    const struct ban_failure failure = {
        .id = (uint64_t)bans->origin << 32 | atomic_fetch_add(&bans->next_failure, 1),
        .user = user_hash(username),
        .at_ms = now_ms,
    };
    struct ban ban;
    bool is_over = ban_counters_fail(bans->counters, &network->address, &failure, now_ms);
    ban_share_fail(bans->share, network, &failure, length_ms);
    if (!is_over || !ban_table_find(bans->table, network, now_ms, &ban))
        return;
    announce(bans, &ban);
    ban_share_ban(bans->share, &ban);
}

void ban_attempt_end(struct bans *bans, struct ban_attempt *attempt, enum ban_outcome outcome,
                     struct slice username)
{
    if (attempt->is_exempt)
        return;
    if (outcome == BAN_FAILED)
        count_failure(bans, &attempt->network, username);
    else if (outcome == BAN_SUCCEEDED)
        bans_note_success(bans, &attempt->network.address, username);
    ban_counters_end(bans->counters, attempt, wall_ms());
}

void bans_note_success(struct bans *bans, const struct network_address *address,
                       struct slice username)
{
    if (ban_counters_are_empty(bans->counters) || !network_address_is_known(address))
        return;
    struct network network = network_for(bans, address);
    uint64_t user = user_hash(username);
    if (ban_counters_clear_user(bans->counters, &network.address, user))
        ban_share_clear_user(bans->share, &network, user);
}

bool bans_attempts_left(struct bans *bans, const struct network_address *address, uint64_t *left)
{
    if (!counts(bans, address))
        return false;
    struct network network = network_for(bans, address);
    uint64_t failures = ban_counters_failures(bans->counters, &network.address, wall_ms());
    bool is_over = is_banned(bans, address) || failures >= bans->config->attempts;
    *left = is_over ? 0 : bans->config->attempts - failures;
    return true;
}

/* --- by hand ------------------------------------------------------------------------------- */

static uint64_t bounded_length(uint64_t length_ms)
{
    return length_ms < LONGEST_MS ? length_ms : LONGEST_MS;
}

enum result bans_add(struct bans *bans, const struct network *network, uint64_t length_ms,
                     struct slice reason, struct slice who)
{
    char text[NETWORK_TEXT];
    struct buffer line;
    length_ms = bounded_length(length_ms);
    const struct ban ban = {*network, wall_ms() + (int64_t)length_ms, 0};
    if (ban_table_put(bans->table, &ban, wall_ms()) == BAN_REFUSED)
        return RESULT_LIMIT;
    network_print(network, text);
    buffer_init(&line);
    buffer_printf(&line, "%s banned for %" PRIu64 " s by %.*s: %.*s", text, length_ms / 1000,
                  SLICE_ARGS(who), SLICE_ARGS(reason));
    log_info("ban", "%.*s", SLICE_ARGS(buffer_slice(&line)));
    ban_counters_clear(bans->counters, network);
    ban_keeper_add_row(bans->keeper, &ban, reason);
    ban_keeper_log(bans->keeper, buffer_slice(&line), network);
    ban_share_ban(bans->share, &ban);
    buffer_clear(&line);
    return RESULT_OK;
}

enum result bans_remove(struct bans *bans, const struct network *network, struct slice who)
{
    char text[NETWORK_TEXT];
    struct buffer line;
    struct ban ban;
    if (!ban_table_find(bans->table, network, wall_ms(), &ban))
        return RESULT_NOT_FOUND;
    ban_table_note_lift(bans->table, network, wall_ms());
    if (!ban_table_remove(bans->table, network))
        return RESULT_NOT_FOUND;
    network_print(network, text);
    buffer_init(&line);
    buffer_printf(&line, "%s is no longer banned: lifted by %.*s", text, SLICE_ARGS(who));
    log_info("ban", "%.*s", SLICE_ARGS(buffer_slice(&line)));
    metric_increment(METRIC_BANS_LIFTED);
    ban_counters_clear(bans->counters, network);
    ban_keeper_delete_row(bans->keeper, network);
    ban_keeper_log(bans->keeper, buffer_slice(&line), network);
    ban_share_lift(bans->share, network);
    buffer_clear(&line);
    return RESULT_OK;
}

uint64_t bans_length_ms(const struct bans *bans)
{
    uint64_t own_ms = atomic_load(&bans->own_length_ms);
    return own_ms == NOT_SET ? atomic_load(&bans->whmcs_length_ms) : own_ms;
}

bool bans_write_rows(const struct bans *bans)
{
    return slice_equal(slice_from(bans->config->table), SLICE("write"));
}

struct network bans_network_of(const struct bans *bans, const struct network_address *address)
{
    return network_for(bans, address);
}

bool bans_exempt(struct bans *bans, const struct network_address *address)
{
    return is_exempt(bans, address);
}

static struct ban_shown shown_of(const struct ban *ban)
{
    return (struct ban_shown){ban->network, (ban->expires_ms + 999) / 1000, ban->poll > 0};
}

bool bans_page(struct bans *bans, const struct network *after, struct bans_page *page)
{
    size_t count = 0;
    int64_t now_ms = wall_ms();
    struct ban *found = malloc(page->most * sizeof(*found));
    bool is_read = found && ban_table_page(bans->table, after, found, page->most, &count);
    page->count = 0;
    for (size_t i = 0; i < count; i++)
        if (found[i].expires_ms > now_ms)
            page->bans[page->count++] = shown_of(&found[i]);
    page->goes_on = is_read && count == page->most;
    if (page->goes_on)
        page->last = found[count - 1].network;
    free(found);
    return is_read;
}

bool bans_find(struct bans *bans, const struct network *network, struct ban_shown *ban)
{
    struct ban found;
    bool is_there = ban_table_find(bans->table, network, wall_ms(), &found);
    if (is_there)
        *ban = shown_of(&found);
    return is_there;
}

size_t bans_holding(struct bans *bans, const struct network_address *address,
                    struct ban_shown *found)
{
    struct ban holding[BAN_TABLE_MOST_MASKS];
    size_t count = ban_table_holding(bans->table, address, wall_ms(), holding);
    for (size_t i = 0; i < count; i++)
        found[i] = shown_of(&holding[i]);
    return count;
}

/* --- life ---------------------------------------------------------------------------------- */

static bool make_parts(struct bans *bans, const struct bans_options *options)
{
    const struct ban_counters_options counters = {
        .attempts = (uint32_t)options->config->attempts,
        .window_ms = (int64_t)options->config->window_ms,
        .most = options->config->max_tracked,
        .ipv6_prefix = (unsigned)options->config->ipv6_prefix,
        .on_over = on_over,
        .context = bans,
    };
    bans->table = ban_table_create(options->config->max_tracked);
    bans->counters = ban_counters_create(&counters);
    const struct ban_keeper_options keeper = {
        .config = options->config,
        .mysql = options->mysql,
        .table = bans->table,
        .on_lift = on_lift,
        .on_row = on_row,
        .on_settings = on_settings,
        .context = bans,
    };
    bans->keeper = ban_keeper_create(&keeper);
    const struct ban_share_options share = {
        .config = options->config,
        .redis = options->redis,
        .loop = options->redis_loop,
        .table = bans->table,
        .counters = bans->counters,
        .on_ban = on_shared_ban,
        .context = bans,
    };
    bans->share = options->redis ? ban_share_create(&share) : NULL;
    return bans->table && bans->counters && bans->keeper && (!options->redis || bans->share);
}

/* ban.length, or WHMCS's. */
static void read_length(struct bans *bans)
{
    uint64_t length_ms = 0;
    struct slice text = slice_from(bans->config->length);
    bool is_set = text.size && config_read_duration(text, &length_ms);
    atomic_store(&bans->own_length_ms, is_set ? bounded_length(length_ms) : NOT_SET);
}

static bool read_exempt(struct bans *bans)
{
    struct arena arena;
    struct network_list list;
    arena_init(&arena);
    bool is_read = network_list_parse(slice_from(bans->config->exempt), &arena, &list);
    if (is_read)
        take_list(bans, &bans->arena, &bans->exempt, &arena, &list);
    else
        arena_clear(&arena);
    return is_read;
}

void bans_reload(struct bans *bans)
{
    read_length(bans);
    if (!read_exempt(bans))
        log_error("reload", "memory is out: ban.exempt stays as it was");
}

struct bans *bans_create(const struct bans_options *options)
{
    struct bans *bans = calloc(1, sizeof(*bans));
    if (!bans)
        return NULL;
    bans->config = options->config;
    bans->trusted = options->trusted;
    arena_init(&bans->arena);
    arena_init(&bans->whitelist_arena);
    pthread_rwlock_init(&bans->lists_lock, NULL);
    atomic_init(&bans->whmcs_length_ms, DEFAULT_LENGTH_MS);
    read_length(bans);
    bool is_whole = read_exempt(bans) &&
                    RAND_bytes((unsigned char *)&bans->origin, sizeof(bans->origin)) == 1 &&
                    make_parts(bans, options);
    if (is_whole)
        return bans;
    bans_destroy(bans);
    return NULL;
}

enum result bans_start(struct bans *bans)
{
    enum result result = ban_keeper_start(bans->keeper, FIRST_POLL_MS);
    atomic_store(&bans->has_started, true);
    return result;
}

void bans_tick(struct bans *bans)
{
    size_t count = ban_table_count(bans->table);
    size_t most = bans->config->max_tracked;
    ban_share_tick(bans->share);
    ban_counters_sweep(bans->counters, wall_ms());
    ban_counters_set_most(bans->counters, most > count ? most - count : 0);
    ban_table_sweep(bans->table, wall_ms());
    metric_set(METRIC_BANS, (int64_t)count);
    metric_set(METRIC_BANS_BYTES, (int64_t)ban_table_bytes(bans->table));
    metric_set(METRIC_BANS_TRACKED, (int64_t)ban_counters_count(bans->counters));
}

void bans_stop(struct bans *bans)
{
    ban_keeper_stop(bans->keeper);
}

void bans_destroy(struct bans *bans)
{
    if (!bans)
        return;
    ban_keeper_destroy(bans->keeper);
    ban_share_destroy(bans->share);
    ban_counters_destroy(bans->counters);
    ban_table_destroy(bans->table);
    pthread_rwlock_destroy(&bans->lists_lock);
    arena_clear(&bans->whitelist_arena);
    arena_clear(&bans->arena);
    free(bans);
}

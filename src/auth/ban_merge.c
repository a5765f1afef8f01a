/*
 *   IDLE --start, ban.resync--> ASKED (epoch) --> PULLING (ZSCAN, page by page) --+--> IDLE
 *                                                                                 |
 *                               after an absence, or when Redis lost its memory   +--> TELLING
 */
#include "auth/ban_merge.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/ban_scripts.h"
#include "base/clock.h"
#include "base/hex.h"
#include "observe/log.h"
#include "observe/metrics.h"

enum {
    BATCH = 100,
    BATCHES_A_TICK = 20,
    GATHER_US = 2000, /* of the loop, a tick, to look for what is to be told */
    EPOCH_BYTES = 64,
    AGAIN_US = 1000000,
    MOST_LIFTED = 256
};
#define EPOCH_LIFE_MS "2592000000" /* 30 days, begun anew at every resync */

enum phase { IDLE, ASKED, PULLING, TELLING };

struct ban_merge {
    struct ban_share_options options;
    const char *origin;
    struct redis_script announce;
    struct redis_script missing;
    bool only_reads_table; /* ban.table=read: Redis is the authority for bans without rows */
    enum phase phase;
    bool is_due;        /* at once, not when ban.resync has passed */
    bool was_away;      /* since the last merge */
    bool has_lost;      /* Redis has another epoch than before: it knows nothing of ours */
    uint64_t resync_us; /* when the next is due */
    char epoch[EPOCH_BYTES];
    struct ban *told; /* owned; some of memory's bans while TELLING */
    size_t told_count;
    size_t told_at;
    size_t told_part;                   /* of the table; those below have been told */
    struct network lifted[MOST_LIFTED]; /* since this pull began: its pages may still have them */
    size_t lifted_count;
    bool is_up;
    /* Lifted here, and not yet heard of from Redis: whatever others say of these was said before.
     */
    struct network unheard[MOST_LIFTED];
    size_t unheard_count;
};

struct ban_merge *ban_merge_create(const struct ban_share_options *options, const char *origin)
{
    struct ban_merge *merge = calloc(1, sizeof(*merge));
    if (!merge)
        return NULL;
    merge->options = *options;
    merge->origin = origin;
    merge->announce.text = ban_script_announce;
    redis_script_init(&merge->announce);
    merge->missing.text = ban_script_missing;
    redis_script_init(&merge->missing);
    merge->only_reads_table = slice_equal(slice_from(options->config->table), SLICE("read"));
    return merge;
}

void ban_merge_destroy(struct ban_merge *merge)
{
    if (!merge)
        return;
    free(merge->told);
    free(merge);
}

static int64_t wall_ms(void)
{
    return (int64_t)(clock_wall_us() / 1000);
}

/* --- messages ------------------------------------------------------------------------------ */

enum { MOST_WORDS = 6 };

/* The poll that a heard row counts as seen by. A row that polls know is theirs to see. Of another
 * the next poll may miss it yet, where each gateway reads a node of its own that lags: it is lifted
 * by the poll after that. */
static uint64_t heard_poll(struct ban_table *table, const struct network *network, int64_t now_ms)
{
    struct ban known;
    bool is_known = ban_table_find(table, network, now_ms, &known) && known.poll > 0;
    return is_known ? known.poll : ban_table_last_poll(table) + 1;
}

/* is_shown: it stands in Redis, so Redis need not be told. */
static void put_heard(struct ban_merge *merge, const struct network *network, uint64_t left_ms,
                      bool has_row, bool is_shown)
{
    struct ban_table *table = merge->options.table;
    int64_t now_ms = wall_ms();
    if (left_ms > INT64_MAX / 4 || (has_row && ban_table_was_lifted(table, network, now_ms)))
        return;
    const struct ban ban = {*network, now_ms + (int64_t)left_ms,
                            has_row ? heard_poll(table, network, now_ms) : 0};
    enum ban_change change =
        is_shown ? ban_table_put_shown(table, &ban, now_ms) : ban_table_put(table, &ban, now_ms);
    if (change != BAN_NEW || (has_row && ban_table_take_back(table, network, now_ms)))
        return;
    metric_increment(METRIC_BANS_HEARD);
    ban_counters_clear(merge->options.counters, network);
}

static size_t find_unheard(const struct ban_merge *merge, const struct network *network)
{
    size_t i = 0;
    while (i < merge->unheard_count && !network_equal(&merge->unheard[i], network))
        i++;
    return i;
}

/* ban NETWORK LEFT ROW ORIGIN */
static void hear_ban(struct ban_merge *merge, const struct network *network,
                     const struct slice *words)
{
    uint64_t left_ms = 0;
    bool is_lifted = find_unheard(merge, network) < merge->unheard_count;
    if (!is_lifted && slice_to_u64(words[2], &left_ms))
        put_heard(merge, network, left_ms, slice_equal(words[3], SLICE("1")), false);
}

static void give_up(struct ban_merge *merge);

static void note_lifted(struct ban_merge *merge, const struct network *network)
{
    if (merge->phase != PULLING)
        return;
    if (merge->lifted_count == MOST_LIFTED)
        give_up(merge);
    else
        merge->lifted[merge->lifted_count++] = *network;
}

static bool was_lifted(const struct ban_merge *merge, const struct network *network)
{
    for (size_t i = 0; i < merge->lifted_count; i++)
        if (network_equal(&merge->lifted[i], network))
            return true;
    return false;
}

/* lift NETWORK ORIGIN */
static void hear_lift(struct ban_merge *merge, const struct network *network,
                      const struct slice *words)
{
    (void)words;
    note_lifted(merge, network);
    ban_table_note_lift(merge->options.table, network, wall_ms());
    if (ban_table_remove(merge->options.table, network))
        metric_increment(METRIC_BANS_LIFTED);
    ban_counters_clear(merge->options.counters, network);
}

/* fail NETWORK USER ID AGE ORIGIN */
static void hear_fail(struct ban_merge *merge, const struct network *network,
                      const struct slice *words)
{
    uint64_t age_ms = 0;
    int64_t now_ms = wall_ms();
    struct ban_failure failure = {.id = 0};
    if (!hex_to_u64(words[2], &failure.user) || !hex_to_u64(words[3], &failure.id) ||
        !slice_to_u64(words[4], &age_ms) || age_ms > INT64_MAX / 4)
        return;
    failure.at_ms = now_ms - (int64_t)age_ms;
    ban_counters_fail(merge->options.counters, &network->address, &failure, now_ms);
}

/* clear NETWORK USER ORIGIN */
static void hear_clear(struct ban_merge *merge, const struct network *network,
                       const struct slice *words)
{
    uint64_t user = 0;
    if (hex_to_u64(words[2], &user))
        ban_counters_clear_user(merge->options.counters, &network->address, user);
}

/* Redis tells all in one order: from now on a ban of it is a new one. */
static void forget_unheard(struct ban_merge *merge, const struct network *network)
{
    size_t i = find_unheard(merge, network);
    if (i < merge->unheard_count)
        merge->unheard[i] = merge->unheard[--merge->unheard_count];
}

void ban_merge_hear(struct ban_merge *merge, struct slice message)
{
    static const struct {
        struct slice word;
        size_t words;
        void (*hear)(struct ban_merge *merge, const struct network *network,
                     const struct slice *words);
    } kinds[] = {
        {{"ban", 3}, 5, hear_ban},
        {{"lift", 4}, 3, hear_lift},
        {{"fail", 4}, 6, hear_fail},
        {{"clear", 5}, 4, hear_clear},
    };
    struct slice words[MOST_WORDS];
    size_t count = 0;
    struct network network;
    while (count < MOST_WORDS && slice_split(&message, ' ', &words[count]))
        count++;
    if (message.data || count < 3 || !network_parse(words[1], &network))
        return;
    if (slice_equal(words[count - 1], slice_from(merge->origin))) {
        if (slice_equal(words[0], SLICE("lift")))
            forget_unheard(merge, &network);
        return;
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (count == kinds[i].words && slice_equal(words[0], kinds[i].word))
            kinds[i].hear(merge, &network, words);
}

static bool lift_provisional(struct ban_merge *merge, const struct network *network)
{
    struct ban ban;
    return ban_table_find(merge->options.table, network, wall_ms(), &ban) && ban.poll == 0 &&
           ban_table_remove(merge->options.table, network);
}

void ban_merge_note_lift(struct ban_merge *merge, const struct network *network)
{
    bool has_room = merge->unheard_count < MOST_LIFTED;
    if (merge->is_up && has_room && find_unheard(merge, network) == merge->unheard_count)
        merge->unheard[merge->unheard_count++] = *network;
    if (merge->phase != PULLING)
        return;
    note_lifted(merge, network);
    lift_provisional(merge, network); /* a page may have brought it back already */
}

/* --- the end of it ------------------------------------------------------------------------- */

static void finish(struct ban_merge *merge)
{
    free(merge->told);
    merge->told = NULL;
    merge->phase = IDLE;
    merge->was_away = merge->has_lost = false;
    merge->resync_us = clock_now_us() + merge->options.config->resync_ms * 1000;
}

/* Lost in the middle: begun anew when Redis is back, or soon. */
static void give_up(struct ban_merge *merge)
{
    free(merge->told);
    merge->told = NULL;
    merge->phase = IDLE;
    merge->resync_us = clock_now_us() + AGAIN_US;
}

/* --- what is to be told -------------------------------------------------------------------- */

static bool is_to_tell(const struct ban_merge *merge, const struct ban *ban)
{
    return ban->poll > 0 || merge->only_reads_table;
}

/* Adds to told what the pull has not shown of the next part of the table. */
static bool gather_part(struct ban_merge *merge)
{
    struct ban *bans;
    size_t count;
    bool is_whole = ban_table_unshown(merge->options.table, merge->told_part++, &bans, &count);
    size_t size = (merge->told_count + count) * sizeof(*bans);
    struct ban *grown = count ? realloc(merge->told, size) : merge->told;
    is_whole = is_whole && (grown || !count);
    if (is_whole)
        merge->told = grown;
    for (size_t i = 0; is_whole && i < count; i++)
        if (is_to_tell(merge, &bans[i]))
            merge->told[merge->told_count++] = bans[i];
    free(bans);
    return is_whole;
}

/* As much as a tick tells, unless that takes too long. */
static bool gather(struct ban_merge *merge)
{
    uint64_t until_us = clock_now_us() + GATHER_US;
    bool is_whole = true;
    merge->told_at = merge->told_count = 0;
    do
        is_whole = gather_part(merge);
    while (is_whole && merge->told_part < BAN_TABLE_PARTS && clock_now_us() < until_us &&
           merge->told_count < (size_t)BATCH * BATCHES_A_TICK);
    return is_whole;
}

static bool has_told_all(const struct ban_merge *merge)
{
    return merge->told_at == merge->told_count && merge->told_part == BAN_TABLE_PARTS;
}

static void begin_telling(struct ban_merge *merge)
{
    merge->phase = TELLING;
    merge->told_part = 0;
    if (!gather(merge))
        give_up(merge);
    else if (has_told_all(merge))
        finish(merge);
}

/* --- pulling ------------------------------------------------------------------------------- */

static void pull_page(struct ban_merge *merge, const char *cursor);

/* Members and scores by turns. */
static void take_page(struct ban_merge *merge, const redisReply *items)
{
    int64_t now_ms = wall_ms();
    for (size_t i = 0; i + 1 < items->elements; i += 2) {
        struct network network;
        const redisReply *member = items->element[i];
        const redisReply *score = items->element[i + 1];
        uint64_t number = 0;
        if (member->type != REDIS_REPLY_STRING || score->type != REDIS_REPLY_STRING ||
            !network_parse(slice_of(member->str, (size_t)member->len), &network) ||
            !slice_to_u64(slice_of(score->str, (size_t)score->len), &number) ||
            (int64_t)(number / 2) <= now_ms || was_lifted(merge, &network))
            continue;
        put_heard(merge, &network, number / 2 - (uint64_t)now_ms, number % 2 == 1, true);
    }
}

static bool is_page(const redisReply *reply)
{
    return reply && reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
           reply->element[0]->type == REDIS_REPLY_STRING &&
           reply->element[1]->type == REDIS_REPLY_ARRAY;
}

static void on_page(void *context, const redisReply *reply)
{
    struct ban_merge *merge = context;
    if (merge->phase != PULLING)
        return;
    if (!is_page(reply)) {
        give_up(merge);
        return;
    }
    take_page(merge, reply->element[1]);
    if (strcmp(reply->element[0]->str, "0") != 0)
        pull_page(merge, reply->element[0]->str);
    else if (merge->was_away || merge->has_lost)
        begin_telling(merge);
    else
        finish(merge);
}

static void pull_page(struct ban_merge *merge, const char *cursor)
{
    char key[REDIS_KEY_BYTES];
    const struct slice words[] = {SLICE("ZSCAN"),
                                  redis_key(merge->options.redis, "bans", SLICE(""), key),
                                  slice_from(cursor), SLICE("COUNT"), SLICE("1000")};
    merge->phase = PULLING;
    if (redis_command(merge->options.redis, words, 5, on_page, merge) != RESULT_OK)
        give_up(merge);
}

static void on_epoch(void *context, const redisReply *reply)
{
    struct ban_merge *merge = context;
    if (merge->phase != ASKED)
        return;
    if (!reply || reply->type != REDIS_REPLY_STRING) {
        give_up(merge);
        return;
    }
    merge->has_lost = merge->epoch[0] && strcmp(merge->epoch, reply->str) != 0;
    snprintf(merge->epoch, sizeof(merge->epoch), "%s", reply->str);
    merge->lifted_count = 0;
    ban_table_begin_pull(merge->options.table);
    pull_page(merge, "0");
}

/* An epoch of ours unless there is one; then what it is. */
static void ask(struct ban_merge *merge)
{
    char key[REDIS_KEY_BYTES];
    char made[EPOCH_BYTES];
    struct redis *redis = merge->options.redis;
    struct slice name = redis_key(redis, "epoch", SLICE(""), key);
    snprintf(made, sizeof(made), "%s-%" PRIx64, merge->origin, clock_wall_us());
    const struct slice set[] = {SLICE("SET"), name,        slice_from(made),
                                SLICE("NX"),  SLICE("PX"), SLICE(EPOCH_LIFE_MS)};
    const struct slice live[] = {SLICE("PEXPIRE"), name, SLICE(EPOCH_LIFE_MS)};
    const struct slice get[] = {SLICE("GET"), name};
    merge->phase = ASKED;
    if (redis_command(redis, set, 6, NULL, NULL) != RESULT_OK ||
        redis_command(redis, live, 3, NULL, NULL) != RESULT_OK ||
        redis_command(redis, get, 2, on_epoch, merge) != RESULT_OK)
        give_up(merge);
}

/* --- telling ------------------------------------------------------------------------------- */

/* A ban without a row that Redis, with its memory whole, does not have: lifted while we were
 * away. */
static void lift_missing(struct ban_merge *merge, struct slice text)
{
    struct network network;
    if (network_parse(text, &network) && lift_provisional(merge, &network))
        metric_increment(METRIC_BANS_LIFTED);
}

/* The script gives their names back: the list has moved on. */
static void on_missing(void *context, const redisReply *reply)
{
    bool is_list = reply && reply->type == REDIS_REPLY_ARRAY;
    for (size_t i = 0; is_list && i < reply->elements; i++)
        if (reply->element[i]->type == REDIS_REPLY_STRING)
            lift_missing(context, slice_of(reply->element[i]->str, (size_t)reply->element[i]->len));
}

struct batch {
    struct slice words[2 + 2 * BATCH];
    char texts[2 * BATCH][NETWORK_TEXT];
    char key[REDIS_KEY_BYTES];
    size_t count;
};

static void batch_add_left(struct batch *batch, const struct ban *ban, int64_t now_ms)
{
    char *text = batch->texts[batch->count - 2];
    snprintf(text, NETWORK_TEXT, "%" PRId64, ban->expires_ms - now_ms);
    batch->words[batch->count++] = slice_from(text);
}

static void batch_add_network(struct batch *batch, const struct ban *ban)
{
    char *text = batch->texts[batch->count - 2];
    network_print(&ban->network, text);
    batch->words[batch->count++] = slice_from(text);
}

/* It may have been lifted since it was copied. */
static bool is_held(const struct ban_merge *merge, const struct ban *ban, int64_t now_ms)
{
    struct ban held;
    return ban_table_find(merge->options.table, &ban->network, now_ms, &held);
}

/* The next bans that are alike in having rows, as one script: told of, or, where Redis should know
 * them, asked for. */
static enum result tell_batch(struct ban_merge *merge)
{
    struct batch batch = {.count = 2};
    int64_t now_ms = wall_ms();
    bool has_row = merge->told[merge->told_at].poll > 0;
    bool is_asked = !has_row && !merge->has_lost;
    batch.words[0] = redis_key(merge->options.redis, "bans", SLICE(""), batch.key);
    batch.words[1] = has_row ? SLICE("1") : SLICE("0");
    while (merge->told_at < merge->told_count && batch.count < 2 + 2 * BATCH) {
        const struct ban *ban = &merge->told[merge->told_at];
        if ((ban->poll > 0) != has_row)
            break;
        merge->told_at++;
        if (!is_held(merge, ban, now_ms))
            continue;
        if (!is_asked)
            batch_add_left(&batch, ban, now_ms);
        batch_add_network(&batch, ban);
    }
    if (batch.count == 2)
        return RESULT_OK;
    if (!is_asked)
        return redis_eval(merge->options.redis, &merge->announce, 1, batch.words, batch.count, NULL,
                          NULL);
    batch.words[1] = batch.words[0]; /* no row word: the key, then networks */
    return redis_eval(merge->options.redis, &merge->missing, 1, batch.words + 1, batch.count - 1,
                      on_missing, merge);
}

static void tell(struct ban_merge *merge)
{
    bool is_well = merge->told_at < merge->told_count || gather(merge);
    for (size_t i = 0; is_well && merge->told_at < merge->told_count && i < BATCHES_A_TICK; i++)
        is_well = tell_batch(merge) == RESULT_OK;
    if (!is_well)
        give_up(merge);
    else if (has_told_all(merge))
        finish(merge);
}

void ban_merge_start(struct ban_merge *merge)
{
    merge->is_due = merge->was_away = merge->is_up = true;
    merge->unheard_count = 0;
}

void ban_merge_stop(struct ban_merge *merge)
{
    merge->is_up = false;
    merge->unheard_count = 0;
    give_up(merge);
}

void ban_merge_tick(struct ban_merge *merge)
{
    bool is_due = merge->is_due || clock_now_us() >= merge->resync_us;
    if (merge->phase == TELLING) {
        tell(merge);
    } else if (merge->phase == IDLE && is_due) {
        merge->is_due = false;
        ask(merge);
    }
}

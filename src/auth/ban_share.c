/* Telling: each event is one script; what fails waits in a line and is told again. */
#include "auth/ban_share.h"

#include <inttypes.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/ban_merge.h"
#include "auth/ban_scripts.h"
#include "base/clock.h"
#include "observe/log.h"
#include "observe/metrics.h"

enum {
    MOST_MISSED = 100000,
    TOLD_A_TICK = 1000,
    MOST_UNANSWERED = 10000, /* told and not answered; what is beyond waits in line */
    MOST_WORDS = 12,
    WORD_BYTES = 24,
};

enum kind { FAIL, CLEAR, BAN, LIFT, KINDS };

/* One thing to tell; owned by the loop's inbox, by Redis's reply, or by the line. */
struct event {
    struct loop_item item;
    struct ban_share *share;
    enum kind kind;
    uint64_t number; /* counts up in the order in which they were to be told */
    struct network network;
    struct ban_failure failure; /* FAIL; of CLEAR the user */
    int64_t ends_ms;            /* BAN: Unix time */
    uint64_t length_ms;         /* FAIL */
    bool has_row;               /* BAN */
    struct event *next;
};

struct ban_share {
    struct ban_share_options options;
    struct ban_merge *merge;
    struct redis_script scripts[KINDS];
    char origin[9]; /* of this process */
    char channel[REDIS_KEY_BYTES];
    /* Redis's loop alone. */
    struct event *missed; /* in order of their numbers */
    struct event *last_missed;
    struct event *last_kept; /* in missed; NULL: not there any more */
    size_t missed_count;
    size_t unanswered;
    uint64_t next_number;
};

static void on_message(void *context, struct slice message)
{
    struct ban_share *share = context;
    ban_merge_hear(share->merge, message);
}

static void on_up(void *context)
{
    struct ban_share *share = context;
    ban_merge_start(share->merge);
}

static void on_down(void *context)
{
    struct ban_share *share = context;
    ban_merge_stop(share->merge);
}

struct ban_share *ban_share_create(const struct ban_share_options *options)
{
    static const char *const texts[KINDS] = {
        [FAIL] = ban_script_fail,
        [CLEAR] = ban_script_clear,
        [BAN] = ban_script_ban,
        [LIFT] = ban_script_lift,
    };
    struct ban_share *share = calloc(1, sizeof(*share));
    unsigned origin = 0;
    if (!share || RAND_bytes((unsigned char *)&origin, sizeof(origin)) != 1) {
        free(share);
        return NULL;
    }
    share->options = *options;
    snprintf(share->origin, sizeof(share->origin), "%08x", origin);
    share->merge = ban_merge_create(options, share->origin);
    if (!share->merge) {
        free(share);
        return NULL;
    }
    for (size_t i = 0; i < KINDS; i++) {
        share->scripts[i].text = texts[i];
        redis_script_init(&share->scripts[i]);
    }
    redis_key(options->redis, "bans", SLICE(""), share->channel);
    const struct redis_listener listener = {"bans", on_message, on_up, on_down, share};
    redis_listen(options->redis, &listener);
    return share;
}

void ban_share_destroy(struct ban_share *share)
{
    if (!share)
        return;
    while (share->missed) {
        struct event *event = share->missed;
        share->missed = event->next;
        free(event);
    }
    ban_merge_destroy(share->merge);
    free(share);
}

/* --- on redis's loop ----------------------------------------------------------------------- */

static struct event *take_missed(struct ban_share *share)
{
    struct event *event = share->missed;
    share->missed = event->next;
    share->missed_count--;
    if (share->last_kept == event)
        share->last_kept = NULL;
    if (!share->missed)
        share->last_missed = NULL;
    return event;
}

/* Where it belongs: new ones at the end; those that come back unanswered, one after the other,
 * before those that were not told yet. */
static struct event **place_of(struct ban_share *share, const struct event *event)
{
    struct event **place = &share->missed;
    struct event *before = share->last_missed;
    if (!before || before->number > event->number)
        before = share->last_kept;
    if (before && before->number < event->number)
        place = &before->next;
    while (*place && (*place)->number < event->number)
        place = &(*place)->next;
    return place;
}

/* The oldest goes first when too many wait: a failure of long ago counts least. */
static void keep(struct event *event)
{
    struct ban_share *share = event->share;
    struct event **place = place_of(share, event);
    event->next = *place;
    *place = event;
    share->last_kept = event;
    if (!event->next)
        share->last_missed = event;
    if (++share->missed_count <= MOST_MISSED)
        return;
    free(take_missed(share));
    metric_increment(METRIC_BANS_MISSED);
}

static void take_ban(const struct event *event, int64_t left_ms)
{
    const struct ban_share_options *options = &event->share->options;
    int64_t now_ms = (int64_t)(clock_wall_us() / 1000);
    const struct ban ban = {event->network, now_ms + left_ms, 0};
    if (ban_table_put(options->table, &ban, now_ms) != BAN_NEW)
        return;
    ban_counters_clear(options->counters, &ban.network);
    options->on_ban(options->context, &ban);
}

static void on_reply(void *context, const redisReply *reply)
{
    struct event *event = context;
    event->share->unanswered--;
    if (!reply) {
        keep(event);
        return;
    }
    if (reply->type == REDIS_REPLY_ERROR)
        log_error("redis", "a ban could not be shared: %s", reply->str);
    if (event->kind == FAIL && reply->type == REDIS_REPLY_INTEGER && reply->integer > 0)
        take_ban(event, reply->integer);
    free(event);
}

struct words {
    struct slice items[MOST_WORDS];
    size_t count;
    char numbers[MOST_WORDS][WORD_BYTES];
};

static void add_word(struct words *words, const char *text)
{
    words->items[words->count++] = slice_from(text);
}

static void add_number(struct words *words, int64_t number)
{
    char *text = words->numbers[words->count];
    snprintf(text, WORD_BYTES, "%" PRId64, number);
    add_word(words, text);
}

static void add_hex(struct words *words, uint64_t number)
{
    char *text = words->numbers[words->count];
    snprintf(text, WORD_BYTES, "%016" PRIx64, number);
    add_word(words, text);
}

static void add_fail(const struct event *event, struct words *words, int64_t now_ms)
{
    const struct config_ban *config = event->share->options.config;
    int64_t age_ms = now_ms - event->failure.at_ms;
    add_hex(words, event->failure.user);
    add_hex(words, event->failure.id);
    add_number(words, age_ms > 0 ? age_ms : 0);
    add_number(words, (int64_t)config->window_ms);
    add_number(words, (int64_t)config->attempts);
    add_number(words, (int64_t)event->length_ms);
}

static enum result tell(struct event *event)
{
    struct ban_share *share = event->share;
    char fails[REDIS_KEY_BYTES];
    char bans[REDIS_KEY_BYTES];
    char network[NETWORK_TEXT];
    struct words words = {.count = 0};
    int64_t now_ms = (int64_t)(clock_wall_us() / 1000);
    network_print(&event->network, network);
    words.items[words.count++] =
        redis_key(share->options.redis, "fails:", slice_from(network), fails);
    if (event->kind != CLEAR)
        words.items[words.count++] = redis_key(share->options.redis, "bans", SLICE(""), bans);
    size_t keys = words.count;
    add_word(&words, network);
    if (event->kind == FAIL)
        add_fail(event, &words, now_ms);
    if (event->kind == CLEAR)
        add_hex(&words, event->failure.user);
    if (event->kind == BAN) {
        add_number(&words, event->ends_ms - now_ms);
        add_number(&words, event->has_row);
    }
    add_word(&words, share->origin);
    add_word(&words, share->channel);
    share->unanswered++;
    enum result result = redis_eval(share->options.redis, &share->scripts[event->kind], keys,
                                    words.items, words.count, on_reply, event);
    if (result != RESULT_OK)
        share->unanswered--;
    return result;
}

static bool is_busy(const struct ban_share *share)
{
    return share->unanswered >= MOST_UNANSWERED;
}

static bool is_over(const struct event *event)
{
    int64_t now_ms = (int64_t)(clock_wall_us() / 1000);
    return event->kind == BAN && event->ends_ms <= now_ms;
}

/* In order: while some wait, a new one gets in line behind them. */
static void run_event(struct loop_item *item)
{
    struct event *event = (struct event *)item;
    event->number = event->share->next_number++;
    if (event->kind == LIFT)
        ban_merge_note_lift(event->share->merge, &event->network);
    if (is_over(event))
        free(event);
    else if (event->share->missed || is_busy(event->share) || tell(event) != RESULT_OK)
        keep(event);
}

static void tell_missed(struct ban_share *share)
{
    for (size_t i = 0; share->missed && !is_busy(share) && i < TOLD_A_TICK; i++) {
        /* Out of the line first: told, it is the reply's, which may put it back. */
        struct event *event = take_missed(share);
        if (is_over(event)) {
            free(event);
        } else if (tell(event) != RESULT_OK) {
            keep(event);
            return;
        }
    }
}

void ban_share_tick(struct ban_share *share)
{
    if (!share || !redis_is_up(share->options.redis))
        return;
    tell_missed(share);
    /* What was missed here goes out first: a ban lifted meanwhile must not come back. */
    if (!share->missed)
        ban_merge_tick(share->merge);
}

/* --- any thread ---------------------------------------------------------------------------- */

static void post(struct ban_share *share, const struct event *event)
{
    struct event *copy = share ? malloc(sizeof(*copy)) : NULL;
    if (!copy)
        return;
    *copy = *event;
    copy->share = share;
    copy->item.run = run_event;
    loop_post(share->options.loop, &copy->item);
}

void ban_share_fail(struct ban_share *share, const struct network *network,
                    const struct ban_failure *failure, uint64_t length_ms)
{
    const struct event event = {
        .kind = FAIL, .network = *network, .failure = *failure, .length_ms = length_ms};
    post(share, &event);
}

void ban_share_clear_user(struct ban_share *share, const struct network *network, uint64_t user)
{
    const struct event event = {.kind = CLEAR, .network = *network, .failure = {.user = user}};
    post(share, &event);
}

void ban_share_ban(struct ban_share *share, const struct ban *ban)
{
    const struct event event = {
        .kind = BAN, .network = ban->network, .ends_ms = ban->expires_ms, .has_row = ban->poll > 0};
    post(share, &event);
}

void ban_share_lift(struct ban_share *share, const struct network *network)
{
    const struct event event = {.kind = LIFT, .network = *network};
    post(share, &event);
}

/* Telling others of a reading, and asking for theirs: one script each, on redis's loop. */
#include "whmcs/settings_share.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hex.h"
#include "observe/log.h"
#include "observe/metrics.h"

enum { DIGEST_HEX = 32, ORIGIN_HEX = 16, NUMBER_BYTES = 24 };

/* KEYS the reading. ARGV text, life in ms, channel, message. */
static const char tell_text[] = "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])\n"
                                "redis.call('PUBLISH', ARGV[3], ARGV[4])\n"
                                "return 1\n";

/* KEYS the reading. ARGV most bytes. Nothing; or -1, too large to be sent; or text and life in
 * ms, both of one moment. */
static const char ask_text[] = "local size = redis.call('STRLEN', KEYS[1])\n"
                               "if size == 0 then return false end\n"
                               "if size > tonumber(ARGV[1]) then return -1 end\n"
                               "return {redis.call('GET', KEYS[1]), redis.call('PTTL', KEYS[1])}\n";

struct settings_share {
    struct settings_share_options options;
    struct redis_script tell;
    struct redis_script ask;
    char news[DIGEST_HEX + ORIGIN_HEX + 2]; /* digest and origin: the message we send */
    char key[REDIS_KEY_BYTES];
    char channel[REDIS_KEY_BYTES];
    /* Redis's loop alone: */
    bool is_wanted;      /* there may be a newer reading */
    bool is_asking;      /* a reply is to come */
    bool has_complained; /* in the log, of readings refused since the last good one */
    uint64_t asked_us;
};

/* A reading on its way to Redis; owned by the loop's inbox. */
struct telling {
    struct loop_item item;
    struct settings_share *share;
    struct buffer text;
    uint64_t expires_us;
};

static void complain(struct settings_share *share, const char *reason)
{
    metric_increment(METRIC_CONFIG_CACHE_REFUSED);
    if (!share->has_complained)
        log_warning("redis", "a reading of the config rows is refused: %s", reason);
    share->has_complained = true;
}

/* --- telling ------------------------------------------------------------------------------- */

static void on_told(void *context, const redisReply *reply)
{
    (void)context;
    if (reply && reply->type == REDIS_REPLY_ERROR)
        log_warning("redis", "a reading of the config rows could not be shared: %s", reply->str);
}

static void run_telling(struct loop_item *item)
{
    struct telling *telling = (struct telling *)item;
    struct settings_share *share = telling->share;
    uint64_t now_us = clock_now_us();
    uint64_t left_ms = telling->expires_us > now_us ? (telling->expires_us - now_us) / 1000 : 0;
    char left[NUMBER_BYTES];
    snprintf(left, sizeof(left), "%" PRIu64, left_ms);
    const struct slice words[] = {slice_from(share->key), buffer_slice(&telling->text),
                                  slice_from(left), slice_from(share->channel),
                                  slice_from(share->news)};
    /* Away: the others read for themselves. */
    if (left_ms)
        (void)redis_eval(share->options.redis, &share->tell, 1, words,
                         sizeof(words) / sizeof(words[0]), on_told, NULL);
    buffer_clear(&telling->text);
    free(telling);
}

/* On the worker that has read. */
static void on_put(void *context, const struct settings_reading *reading)
{
    struct settings_share *share = context;
    struct telling *telling = calloc(1, sizeof(*telling));
    if (!telling)
        return;
    uint64_t ttl_us = share->options.ttl_ms * 1000;
    uint64_t age_us = clock_now_us() + ttl_us - reading->expires_us;
    buffer_init(&telling->text);
    telling->item.run = run_telling;
    telling->share = share;
    telling->expires_us = reading->expires_us;
    if (settings_reading_print(reading, (clock_wall_us() - age_us) / 1000, &telling->text)) {
        loop_post(share->options.loop, &telling->item);
        return;
    }
    metric_increment(METRIC_CONFIG_CACHE_REFUSED);
    buffer_clear(&telling->text);
    free(telling);
}

/* --- asking -------------------------------------------------------------------------------- */

/* What is left of a reading's life, by its key's and by its own word; 0: nothing. */
static uint64_t life_left_us(const struct settings_share *share, uint64_t key_left_ms,
                             uint64_t read_at_ms)
{
    uint64_t ttl_us = share->options.ttl_ms * 1000;
    uint64_t wall_us = clock_wall_us();
    uint64_t since_asked_us = clock_now_us() - share->asked_us;
    uint64_t age_us = ttl_us - key_left_ms * 1000 + since_asked_us;
    uint64_t told_us = read_at_ms < wall_us / 1000 ? wall_us - read_at_ms * 1000 : 0;
    if (told_us > age_us)
        age_us = told_us;
    return age_us < ttl_us ? ttl_us - age_us : 0;
}

static const char *reason_of(enum result result)
{
    return result == RESULT_DENIED    ? "it holds what the database has not shown"
           : result == RESULT_LIMIT   ? "it is too large"
           : result == RESULT_INVALID ? "it is malformed"
                                      : "memory is out";
}

static void take(struct settings_share *share, struct slice text, uint64_t key_left_ms)
{
    struct settings_reading *own = shared_settings_own(share->options.settings);
    struct settings_reading *reading = NULL;
    uint64_t read_at_ms = 0;
    if (!own)
        return;
    enum result result = settings_reading_parse(text, own, &read_at_ms, &reading);
    settings_reading_release(own);
    if (result != RESULT_OK) {
        complain(share, reason_of(result));
        return;
    }
    share->has_complained = false;
    uint64_t left_us = life_left_us(share, key_left_ms, read_at_ms);
    reading->expires_us = clock_now_us() + left_us;
    if (!left_us)
        settings_reading_release(reading);
    else if (shared_settings_take(share->options.settings, reading))
        metric_increment(METRIC_CONFIG_CACHE_TAKEN);
}

/* Text and life in ms, as a key of ours has them. A negative life (none, without end) is a huge one
 * here. */
static bool is_pair(const struct settings_share *share, const redisReply *reply)
{
    return reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
           reply->element[0]->type == REDIS_REPLY_STRING &&
           reply->element[1]->type == REDIS_REPLY_INTEGER &&
           (uint64_t)reply->element[1]->integer <= share->options.ttl_ms;
}

static void on_asked(void *context, const redisReply *reply)
{
    struct settings_share *share = context;
    share->is_asking = false;
    if (!reply || reply->type == REDIS_REPLY_NIL)
        return;
    if (!is_pair(share, reply)) {
        complain(share, reply->type == REDIS_REPLY_ERROR ? reply->str : "it has no text or life");
        return;
    }
    const redisReply *text = reply->element[0];
    take(share, slice_of(text->str, text->len), (uint64_t)reply->element[1]->integer);
}

void settings_share_tick(struct settings_share *share)
{
    if (!share || !share->is_wanted || share->is_asking || !redis_is_up(share->options.redis))
        return;
    struct settings_reading *own = shared_settings_own(share->options.settings);
    bool knows_names = own != NULL;
    settings_reading_release(own);
    if (!knows_names)
        return;
    char most[NUMBER_BYTES];
    snprintf(most, sizeof(most), "%d", (int)SETTINGS_READING_MOST_BYTES);
    const struct slice words[] = {slice_from(share->key), slice_from(most)};
    share->asked_us = clock_now_us();
    share->is_asking = true;
    share->is_wanted = false;
    if (redis_eval(share->options.redis, &share->ask, 1, words, 2, on_asked, share) == RESULT_OK)
        return;
    share->is_asking = false;
    share->is_wanted = true;
}

/* --- what Redis says of itself ------------------------------------------------------------- */

/* DIGEST ORIGIN. Our own word is no news. */
static void on_message(void *context, struct slice message)
{
    struct settings_share *share = context;
    struct slice news = slice_from(share->news);
    bool is_of_scope = slice_starts_with(message, slice_of(news.data, DIGEST_HEX + 1));
    if (is_of_scope && !slice_equal(message, news))
        share->is_wanted = true;
}

/* Whatever was said while Redis was away, is asked for. */
static void on_up(void *context)
{
    ((struct settings_share *)context)->is_wanted = true;
}

/* --- its life ------------------------------------------------------------------------------ */

static bool set_names(struct settings_share *share, struct slice scope)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    uint64_t origin = 0;
    char hex[DIGEST_HEX + 1];
    if (EVP_Digest(scope.data, scope.size, digest, &size, EVP_sha256(), NULL) != 1 ||
        RAND_bytes((unsigned char *)&origin, sizeof(origin)) != 1)
        return false;
    hex_print(digest, DIGEST_HEX / 2, hex);
    snprintf(share->news, sizeof(share->news), "%s %016" PRIx64, hex, origin);
    redis_key(share->options.redis, "config:", slice_from(hex), share->key);
    redis_key(share->options.redis, "config", SLICE(""), share->channel);
    return true;
}

struct settings_share *settings_share_create(const struct settings_share_options *options)
{
    struct settings_share *share = calloc(1, sizeof(*share));
    if (!share)
        return NULL;
    share->options = *options;
    share->tell.text = tell_text;
    share->ask.text = ask_text;
    if (!set_names(share, options->scope)) {
        free(share);
        return NULL;
    }
    redis_script_init(&share->tell);
    redis_script_init(&share->ask);
    const struct redis_listener listener = {"config", on_message, on_up, NULL, share};
    redis_listen(options->redis, &listener);
    shared_settings_listen(options->settings, on_put, share);
    return share;
}

void settings_share_destroy(struct settings_share *share)
{
    free(share);
}

/*
 * Each gateway grants from memory and has, in effect, a copy of every bucket it uses. A copy is
 * kept true by counting: Redis's bucket has the number of tokens that all have taken; what came on
 * top of that since the last reply, less what was told with the question, the others have taken,
 * and it is owed here too. So between two ticks each may grant what its copy holds, and every such
 * token is paid back by all: over time they grant what one would, and at any moment more than that
 * by at most what is spent in a tick and a round trip.
 *
 * Numbers of tokens need no clock. Where a copy is new, or a gateway was idle or cut off, counting
 * says nothing, or too much (a part has come in again since); for that Redis also keeps by its own
 * clock when the bucket will be full, and tells how long that is yet. Gateways' clocks measure
 * lengths only.
 *
 * What may have been told or not (Redis fell silent) must neither be told again nor be left out:
 * from then on a gateway tells how long its copy takes to fill, and Redis keeps the longer. The
 * same merges what gateways granted on their own while Redis was away: the greatest debt holds, not
 * their sum, which would lock callers out for what they were granted. When Redis has lost its
 * memory, copies stay as they are, and its buckets begin anew: at most one more burst.
 */
#include "auth/rate_share.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "observe/log.h"

enum {
    BATCH = 256,
    BATCHES_A_TICK = 8, /* of a kind: 20,000 buckets a second; the others wait for the next */
    MOST_FLYING = 32,   /* batches without a reply: a slow Redis is not asked more and more */
    FIRST_WORDS = 2,    /* arguments before those of the buckets */
    NUMBER_BYTES = 24,
    FIELDS = 3,          /* of a level in the reply */
    QUIET_US = 60000000, /* between two log lines */
};

/* KEYS the buckets. ARGV tokens a second, the most microseconds until a bucket is full; then for
 * each key: tokens spent, the least microseconds until it is full. A value is "born total full".
 * Returns for each key: born, total, microseconds until it is full. */
static const char script[] =
    "local t = redis.call('TIME')\n"
    "local now = t[1] * 1000000 + t[2]\n"
    "local token, most = 1000000 / ARGV[1], tonumber(ARGV[2])\n"
    "local levels = {}\n"
    "for i, key in ipairs(KEYS) do\n"
    "  local spent, least = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])\n"
    "  local value = redis.pcall('GET', key)\n"
    "  local born, total, full\n"
    "  if type(value) == 'string' then\n"
    "    born, total, full = value:match('^(%d+) (%d+) (%d+)$')\n"
    "  end\n"
    "  born, total = tonumber(born or now), tonumber(total or 0) + spent\n"
    "  local left = math.max(tonumber(full or 0) - now, least) + spent * token\n"
    "  left = math.ceil(math.min(left, most))\n"
    "  redis.call('SET', key, string.format('%.0f %.0f %.0f', born, total, now + left),\n"
    "    'PX', string.format('%.0f', math.ceil(left / 1000) + 2000))\n"
    "  levels[#levels + 1] = born\n"
    "  levels[#levels + 1] = total\n"
    "  levels[#levels + 1] = left\n"
    "end\n"
    "return levels\n";

struct scratch {
    char keys[BATCH][REDIS_KEY_BYTES];
    char numbers[FIRST_WORDS + 2 * BATCH][NUMBER_BYTES];
    struct slice words[FIRST_WORDS + 3 * BATCH];
};

struct rate_share {
    struct redis *redis;
    struct rate_table *tables[RATE_KINDS];
    struct redis_script script;
    unsigned ipv6_prefix;
    unsigned flying;  /* batches */
    uint64_t said_us; /* when failing was last logged; 0: never */
    struct scratch scratch;
};

/* What was sent and is not answered yet; owned by redis, then by the reply. */
struct batch {
    struct rate_share *share;
    struct rate_table *table;
    uint32_t loss;
    uint64_t sent_us;
    size_t count;
    struct rate_news news[BATCH];
};

struct rate_share *rate_share_create(struct redis *redis, unsigned ipv6_prefix,
                                     struct rate_table *const tables[RATE_KINDS])
{
    struct rate_share *share = calloc(1, sizeof(*share));
    if (!share)
        return NULL;
    share->redis = redis;
    share->ipv6_prefix = ipv6_prefix;
    memcpy(share->tables, tables, sizeof(share->tables));
    share->script.text = script;
    redis_script_init(&share->script);
    return share;
}

void rate_share_destroy(struct rate_share *share)
{
    free(share);
}

/* --- the reply ----------------------------------------------------------------------------- */

static bool is_number(const redisReply *reply)
{
    return reply->type == REDIS_REPLY_INTEGER && reply->integer >= 0;
}

static bool is_levels(const redisReply *reply, size_t count)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != FIELDS * count)
        return false;
    for (size_t i = 0; i < reply->elements; i++)
        if (!is_number(reply->element[i]))
            return false;
    return true;
}

static void merge(const struct batch *batch, const redisReply *reply)
{
    uint64_t now_us = clock_now_us();
    for (size_t i = 0; i < batch->count; i++) {
        redisReply *const *fields = &reply->element[FIELDS * i];
        const struct rate_level level = {
            .born = (uint64_t)fields[0]->integer,
            .total = (uint64_t)fields[1]->integer,
            .left_us = (uint64_t)fields[2]->integer,
        };
        rate_table_merge(batch->table, &batch->news[i], &level, batch->loss, batch->sent_us,
                         now_us);
    }
}

/* Once a minute, not ten times a second. */
static void say_failing(struct rate_share *share, const redisReply *reply)
{
    uint64_t now_us = clock_now_us();
    if (share->said_us && now_us - share->said_us < QUIET_US)
        return;
    share->said_us = now_us;
    log_error("redis", "rate limits are not shared: %s",
              reply->type == REDIS_REPLY_ERROR ? reply->str : "the reply makes no sense");
}

static void on_reply(void *context, const redisReply *reply)
{
    struct batch *batch = context;
    struct rate_share *share = batch->share;
    share->flying--;
    bool is_good = reply && is_levels(reply, batch->count);
    if (is_good)
        merge(batch, reply);
    else
        rate_table_lose(batch->table);
    if (reply && !is_good)
        say_failing(share, reply);
    free(batch);
}

/* --- the question -------------------------------------------------------------------------- */

static struct slice key_word(struct rate_share *share, enum rate_kind kind,
                             const struct rate_key *key, char *out)
{
    char text[NETWORK_TEXT];
    if (kind == RATE_OF_ADMIN) {
        int64_t id;
        memcpy(&id, key->bytes, sizeof(id));
        snprintf(text, sizeof(text), "%" PRId64, id);
        return redis_key(share->redis, "rate:admin:", slice_from(text), out);
    }
    struct network_address address;
    memcpy(address.bytes, key->bytes, sizeof(address.bytes));
    const struct network network = network_of_client(&address, share->ipv6_prefix);
    network_print(&network, text);
    return redis_key(share->redis, "rate:address:", slice_from(text), out);
}

static struct slice number_word(struct scratch *scratch, size_t at, uint64_t number)
{
    char *text = scratch->numbers[at];
    snprintf(text, NUMBER_BYTES, "%" PRIu64, number);
    return slice_from(text);
}

static size_t write_words(struct rate_share *share, enum rate_kind kind, const struct batch *batch,
                          const struct config_rate_limit *limit)
{
    struct scratch *scratch = &share->scratch;
    struct slice *word = scratch->words;
    uint64_t most_us = rate_bucket_most(limit) / limit->per_second;
    for (size_t i = 0; i < batch->count; i++)
        *word++ = key_word(share, kind, &batch->news[i].key, scratch->keys[i]);
    *word++ = number_word(scratch, 0, limit->per_second);
    *word++ = number_word(scratch, 1, most_us);
    for (size_t i = 0; i < batch->count; i++) {
        *word++ = number_word(scratch, FIRST_WORDS + 2 * i, batch->news[i].spent);
        *word++ = number_word(scratch, FIRST_WORDS + 2 * i + 1, batch->news[i].least_us);
    }
    return (size_t)(word - scratch->words);
}

/* True when a batch went out and more may be there. */
static bool send_batch(struct rate_share *share, enum rate_kind kind, uint64_t now_us)
{
    struct rate_table *table = share->tables[kind];
    const struct config_rate_limit limit = rate_table_limit(table);
    struct batch *batch = limit.burst ? malloc(sizeof(*batch)) : NULL;
    if (!batch)
        return false;
    batch->share = share;
    batch->table = table;
    batch->loss = rate_table_loss(table);
    batch->sent_us = now_us;
    batch->count = rate_table_collect(table, batch->news, BATCH, now_us);
    if (!batch->count) {
        free(batch);
        return false;
    }
    bool is_full = batch->count == BATCH;
    size_t words = write_words(share, kind, batch, &limit);
    share->flying++; /* before the call: its reply may come inside */
    if (redis_eval(share->redis, &share->script, batch->count, share->scratch.words, words,
                   on_reply, batch) == RESULT_OK)
        return is_full;
    share->flying--;
    rate_table_lose(table);
    free(batch);
    return false;
}

static void tell(struct rate_share *share, enum rate_kind kind, uint64_t now_us)
{
    bool has_more = true;
    for (int i = 0; has_more && i < BATCHES_A_TICK && share->flying < MOST_FLYING; i++)
        has_more = send_batch(share, kind, now_us);
}

void rate_share_tick(struct rate_share *share, uint64_t now_us)
{
    for (size_t kind = 0; kind < RATE_KINDS; kind++) {
        if (redis_is_up(share->redis))
            tell(share, (enum rate_kind)kind, now_us);
        else
            rate_table_lose(share->tables[kind]);
    }
}

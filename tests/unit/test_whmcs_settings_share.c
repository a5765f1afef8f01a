/* spec/remote-api.md section 7, config: "Cached in Redis for cache.config_ttl"; operations.md,
 * "Redis away". One side tells, another asks, and believes little. */
#include "redis_by_hand.h"

#include <unistd.h>

#include "base/clock.h"
#include "observe/metrics.h"
#include "whmcs/settings_share.h"

enum { TTL_MS = 60000 };
#define TTL_US (TTL_MS * 1000ULL)

static const struct setting old = {SLICE("version"), SLICE("old"), NULL};
static const struct setting new = {SLICE("version"), SLICE("new"), NULL};

/* One gateway. */
struct side {
    struct redis redis;
    struct loop loop;
    struct shared_settings *memory;
    struct settings_share *share;
    int64_t taken;
    int64_t refused;
};

static void open_side(struct side *side, const char *scope)
{
    *side = (struct side){.redis.is_up = true};
    side->memory = shared_settings_create(TTL_MS);
    const struct settings_share_options options = {
        .settings = side->memory,
        .redis = &side->redis,
        .loop = &side->loop,
        .ttl_ms = TTL_MS,
        .scope = slice_from(scope),
    };
    side->share = settings_share_create(&options);
    assert_non_null(side->share);
    side->taken = metric_get(METRIC_CONFIG_CACHE_TAKEN);
    side->refused = metric_get(METRIC_CONFIG_CACHE_REFUSED);
}

static void close_side(struct side *side)
{
    by_hand_run(&side->loop);
    by_hand_reply(&side->redis, NULL);
    settings_share_destroy(side->share);
    shared_settings_destroy(side->memory);
    by_hand_clear(&side->redis);
}

static int setup(void **state)
{
    struct side *side = malloc(sizeof(*side));
    open_side(side, "one");
    *state = side;
    return 0;
}

static int teardown(void **state)
{
    close_side(*state);
    free(*state);
    return 0;
}

static bool holds(struct side *side, const struct setting *row)
{
    struct settings_reading *reading = shared_settings_get(side->memory);
    bool is_there = reading && slice_equal(reading->rows->value, row->value);
    settings_reading_release(reading);
    return is_there;
}

static int64_t taken(const struct side *side)
{
    return metric_get(METRIC_CONFIG_CACHE_TAKEN) - side->taken;
}

static int64_t refused(const struct side *side)
{
    return metric_get(METRIC_CONFIG_CACHE_REFUSED) - side->refused;
}

static struct slice word(const struct side *side, size_t at)
{
    assert_in_range(at, 0, side->redis.word_count - 1);
    return buffer_slice(&side->redis.words[at]);
}

static bool word_is(const struct side *side, size_t at, const char *text)
{
    return slice_equal(word(side, at), slice_from(text));
}

static void hear(struct side *side, struct slice message)
{
    side->redis.listener.on_message(side->redis.listener.context, message);
}

/* A reading of before, so that the names are known, and a question under way. */
static void ask(struct side *side, uint64_t age_us)
{
    shared_settings_put(side->memory, &old, clock_now_us() - age_us);
    by_hand_run(&side->loop);
    side->redis.listener.on_up(side->redis.listener.context);
    size_t before = side->redis.evals;
    settings_share_tick(side->share);
    assert_int_equal(side->redis.evals, before + 1);
    assert_non_null(side->redis.handler);
}

static void answer(struct side *side, struct slice text, long long left_ms)
{
    char copy[512];
    memcpy(copy, text.data, text.size);
    redisReply parts[2] = {
        {.type = REDIS_REPLY_STRING, .str = copy, .len = text.size},
        {.type = REDIS_REPLY_INTEGER, .integer = left_ms},
    };
    redisReply *elements[2] = {&parts[0], &parts[1]};
    const redisReply reply = {.type = REDIS_REPLY_ARRAY, .elements = 2, .element = elements};
    by_hand_reply(&side->redis, &reply);
}

static struct slice text_of(char *out, size_t size, uint64_t age_ms, const char *name)
{
    int length = snprintf(out, size, "{\"read_at\":%llu,\"rows\":[[\"%s\",\"new\"]]}",
                          (unsigned long long)(clock_wall_us() / 1000 - age_ms), name);
    return slice_of(out, (size_t)length);
}

static void answer_read(struct side *side, uint64_t age_ms, long long left_ms)
{
    char text[128];
    answer(side, text_of(text, sizeof(text), age_ms, "version"), left_ms);
}

static void test_a_reading_is_told(void **state)
{
    struct side *side = *state;
    uint64_t left_ms = 0;
    shared_settings_put(side->memory, &new, clock_now_us() - 10000000);
    assert_int_equal(side->redis.evals, 0); /* the worker only hands it over */
    assert_int_equal(by_hand_run(&side->loop), 1);
    assert_int_equal(side->redis.evals, 1);
    assert_int_equal(side->redis.word_count, 5);
    assert_true(slice_starts_with(word(side, 0), SLICE("test:config:")));
    assert_int_equal(word(side, 0).size, sizeof("test:config:") - 1 + 32);
    assert_true(slice_starts_with(word(side, 1), SLICE("{\"read_at\":")));
    /* "key has an expiry": what is left of the reading's life, not a whole one */
    assert_true(slice_to_u64(word(side, 2), &left_ms));
    assert_in_range(left_ms, 1, TTL_MS - 10000);
    assert_non_null(strstr(side->redis.script->text, "'PX', ARGV[2]"));
    assert_true(word_is(side, 3, "test:config"));
}

static void test_nothing_that_has_expired_is_told(void **state)
{
    struct side *side = *state;
    shared_settings_put(side->memory, &new, clock_now_us() - TTL_US);
    shared_settings_put(side->memory, &new, clock_now_us() - TTL_US + 500);
    usleep(1000);
    by_hand_run(&side->loop);
    assert_int_equal(side->redis.evals, 0);
}

/* The whole way: what one tells, the other takes, at its next tick and with what is left of its
 * life. */
static void test_two_gateways_share(void **state)
{
    struct side *one = *state;
    struct side two;
    open_side(&two, "one");
    ask(&two, TTL_US);
    by_hand_reply(&two.redis, NULL);
    shared_settings_put(one->memory, &new, clock_now_us());
    by_hand_run(&one->loop);
    hear(&two, word(one, 4));
    settings_share_tick(two.share);
    assert_true(slice_equal(word(&two, 0), word(one, 0)));
    assert_int_equal(two.redis.word_count, 2);
    assert_false(holds(&two, &new));
    answer(&two, word(one, 1), TTL_MS - 1);
    assert_true(holds(&two, &new));
    assert_int_equal(taken(&two), 1);
    assert_int_equal(refused(&two), 0);
    assert_int_equal(by_hand_run(&two.loop), 0); /* and does not tell it again */
    close_side(&two);
}

static void test_other_scopes_do_not_share(void **state)
{
    struct side *one = *state;
    struct side two;
    open_side(&two, "two");
    ask(&two, TTL_US);
    by_hand_reply(&two.redis, NULL);
    shared_settings_put(one->memory, &new, clock_now_us());
    by_hand_run(&one->loop);
    size_t before = two.redis.evals;
    hear(&two, word(one, 4));
    settings_share_tick(two.share);
    assert_int_equal(two.redis.evals, before);
    assert_false(slice_equal(word(&two, 0), word(one, 0)));
    close_side(&two);
}

static void test_messages(void **state)
{
    struct side *side = *state;
    ask(side, 0);
    by_hand_reply(&side->redis, NULL);
    shared_settings_put(side->memory, &new, clock_now_us() + 1);
    by_hand_run(&side->loop);
    char news[128];
    struct slice own = word(side, 4);
    memcpy(news, own.data, own.size);
    const struct slice none[] = {
        slice_of(news, own.size), /* our own word is no news */
        slice_of(NULL, 0),        SLICE(""),          SLICE(" "),
        slice_of(news, 32),       slice_of(news, 10), SLICE("\0\xff"),
    };
    size_t before = side->redis.evals;
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        hear(side, none[i]);
        settings_share_tick(side->share);
    }
    assert_int_equal(side->redis.evals, before);
    /* However many come, one question at a time and one a tick. */
    for (size_t i = 0; i < 1000; i++)
        hear(side, slice_of(news, 33 + i % 3));
    settings_share_tick(side->share);
    hear(side, slice_of(news, 33));
    settings_share_tick(side->share);
    assert_int_equal(side->redis.evals, before + 1);
    by_hand_reply(&side->redis, NULL);
    settings_share_tick(side->share);
    assert_int_equal(side->redis.evals, before + 2);
    by_hand_reply(&side->redis, NULL);
    settings_share_tick(side->share);
    assert_int_equal(side->redis.evals, before + 2);
}

static void test_nothing_is_asked_before_the_names_are_known(void **state)
{
    struct side *side = *state;
    side->redis.listener.on_up(side->redis.listener.context);
    settings_share_tick(side->share);
    assert_int_equal(side->redis.evals, 0);
    shared_settings_put(side->memory, &old, clock_now_us() - TTL_US);
    by_hand_run(&side->loop);
    settings_share_tick(side->share);
    assert_int_equal(side->redis.evals, 1);
}

/* "Redis away: … config cache fall back to memory" */
static void test_redis_away(void **state)
{
    struct side *side = *state;
    side->redis.is_up = false;
    shared_settings_put(side->memory, &new, clock_now_us());
    by_hand_run(&side->loop);
    hear(side, SLICE("x"));
    settings_share_tick(side->share);
    assert_int_equal(side->redis.evals, 0);
    assert_true(holds(side, &new));
    settings_share_tick(NULL);
    settings_share_destroy(NULL);
}

static void test_lost_and_empty_replies(void **state)
{
    struct side *side = *state;
    const redisReply nil = {.type = REDIS_REPLY_NIL};
    ask(side, TTL_US);
    by_hand_reply(&side->redis, NULL);
    ask(side, TTL_US);
    by_hand_reply(&side->redis, &nil);
    assert_int_equal(refused(side) + taken(side), 0);
    assert_false(holds(side, &old));
}

/* "total staleness never above cache.config_ttl", whichever of key and text tells the greater age
 */
static void test_its_age(void **state)
{
    struct side *side = *state;
    static const struct {
        uint64_t age_ms;
        long long left_ms;
        bool is_taken;
    } cases[] = {
        {0, TTL_MS, true},
        {0, 0, false},
        {TTL_MS + 1000, TTL_MS, false}, /* Redis stood still between being told and storing it */
        {TTL_MS + 1000, 0, false},
        {TTL_MS / 2, TTL_MS, true},
        {0, TTL_MS / 2, true},
        {(uint64_t)-3600000, TTL_MS / 2, true}, /* the other's clock is an hour ahead */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct side fresh;
        open_side(&fresh, "one");
        ask(&fresh, TTL_US);
        answer_read(&fresh, cases[i].age_ms, cases[i].left_ms);
        assert_true(holds(&fresh, &new) == cases[i].is_taken);
        struct settings_reading *reading = shared_settings_get(fresh.memory);
        uint64_t most_us = (uint64_t)cases[i].left_ms * 1000;
        if (cases[i].age_ms && cases[i].age_ms < TTL_MS)
            most_us = TTL_US - cases[i].age_ms * 1000;
        assert_true(!reading || reading->expires_us <= clock_now_us() + most_us + 1000);
        settings_reading_release(reading);
        assert_int_equal(refused(&fresh), 0);
        close_side(&fresh);
    }
    int64_t before = taken(side);
    ask(side, 1000000); /* one of ours that is fresher */
    answer_read(side, 2000, TTL_MS - 2000);
    assert_true(holds(side, &old));
    assert_int_equal(taken(side), before);
}

static void test_hostile_texts(void **state)
{
    struct side *side = *state;
    static const char *const bad[] = {
        "",
        "new",
        "{}",
        "{\"read_at\":99999999999999,\"rows\":[[\"version\",\"new\"]",
        "{\"read_at\":99999999999999,\"rows\":[[\"version\",7]]}",
        "{\"read_at\":99999999999999,\"rows\":[[\"access\",\"new\"]]}",
        "{\"read_at\":99999999999999,\"rows\":[[\"version\",\"new\"],[\"SMTPPassword\",\"x\"]]}",
        "{\"read_at\":99999999999999,\"rows\":[[\"version\",\"\xff\"]]}",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ask(side, TTL_US);
        answer(side, slice_from(bad[i]), 1000);
        assert_null(shared_settings_get(side->memory));
        assert_int_equal(refused(side), i + 1);
    }
    ask(side, TTL_US);
    answer_read(side, 0, 1000);
    assert_true(holds(side, &new)); /* a good one is taken after all that */
}

/* Keys that no gateway makes: without an expiry, with too long a one, too large, of another type.
 */
static void test_hostile_keys(void **state)
{
    struct side *side = *state;
    char wrong[] = "WRONGTYPE Operation against a key holding the wrong kind of value";
    const redisReply others[] = {
        {.type = REDIS_REPLY_ERROR, .str = wrong, .len = sizeof(wrong) - 1},
        {.type = REDIS_REPLY_INTEGER, .integer = -1},
        {.type = REDIS_REPLY_STATUS, .str = wrong, .len = sizeof(wrong) - 1},
        {.type = REDIS_REPLY_ARRAY, .elements = 0},
    };
    static const long long lives[] = {-1, -2, TTL_MS + 1, INT64_MAX, INT64_MIN};
    int64_t count = 0;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        ask(side, TTL_US);
        by_hand_reply(&side->redis, &others[i]);
        assert_int_equal(refused(side), ++count);
    }
    for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
        ask(side, TTL_US);
        answer_read(side, 0, lives[i]);
        assert_int_equal(refused(side), ++count);
    }
    assert_null(shared_settings_get(side->memory));
    assert_int_equal(taken(side), 0);
}

/* Past the bound it stays our own. */
static void test_too_large_to_share(void **state)
{
    struct side *side = *state;
    static char large[SETTINGS_READING_MOST_BYTES];
    memset(large, 'x', sizeof(large));
    const struct setting row = {SLICE("version"), slice_of(large, sizeof(large)), NULL};
    shared_settings_put(side->memory, &row, clock_now_us());
    assert_int_equal(by_hand_run(&side->loop), 0);
    assert_int_equal(refused(side), 1);
    assert_true(holds(side, &row));
}

#define SIDE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIDE_TEST(test_a_reading_is_told),
        SIDE_TEST(test_nothing_that_has_expired_is_told),
        SIDE_TEST(test_two_gateways_share),
        SIDE_TEST(test_other_scopes_do_not_share),
        SIDE_TEST(test_messages),
        SIDE_TEST(test_nothing_is_asked_before_the_names_are_known),
        SIDE_TEST(test_redis_away),
        SIDE_TEST(test_lost_and_empty_replies),
        SIDE_TEST(test_its_age),
        SIDE_TEST(test_hostile_texts),
        SIDE_TEST(test_hostile_keys),
        SIDE_TEST(test_too_large_to_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* auth-and-bans.md, "Bans": what other gateways say, and agreeing with Redis after an absence.
 * Redis is played by this file: it notes what it is asked, and answers when a test says so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/ban_merge.h"
#include "base/clock.h"

enum { MOST_CALLS = 64, HOUR_MS = 3600000 };

/* --- Redis --------------------------------------------------------------------------------- */

static struct call {
    char text[4000]; /* the words, blanks between; of a script without its text */
    redis_handler *handler;
    void *context;
} calls[MOST_CALLS];
static size_t call_count;
static bool is_away;

static enum result take_call(const char *kind, const struct slice *words, size_t count,
                             redis_handler *handler, void *context)
{
    if (is_away)
        return RESULT_UNAVAILABLE;
    assert_true(call_count < MOST_CALLS);
    struct call *call = &calls[call_count++];
    size_t used = (size_t)snprintf(call->text, sizeof(call->text), "%s", kind);
    for (size_t i = 0; i < count && used < sizeof(call->text); i++)
        used += (size_t)snprintf(call->text + used, sizeof(call->text) - used, " %.*s",
                                 SLICE_ARGS(words[i]));
    call->handler = handler;
    call->context = context;
    return RESULT_OK;
}

enum result redis_command(struct redis *redis, const struct slice *words, size_t count,
                          redis_handler *handler, void *context)
{
    (void)redis;
    return take_call("command", words, count, handler, context);
}

enum result redis_eval(struct redis *redis, const struct redis_script *script, size_t keys,
                       const struct slice *words, size_t count, redis_handler *handler,
                       void *context)
{
    (void)redis;
    assert_int_equal(keys, 1);
    return take_call(script->sha1, words, count, handler, context);
}

/* Told apart by what only one of them has. */
void redis_script_init(struct redis_script *script)
{
    snprintf(script->sha1, sizeof(script->sha1), "%s",
             strstr(script->text, "missing") ? "missing" : "announce");
}

struct slice redis_key(const struct redis *redis, const char *name, struct slice rest, char *out)
{
    (void)redis;
    int size = snprintf(out, REDIS_KEY_BYTES, "p:%s%.*s", name, SLICE_ARGS(rest));
    return slice_of(out, (size_t)size);
}

static redisReply text_reply(const char *text)
{
    return (redisReply){
        .type = REDIS_REPLY_STRING, .str = (char *)(uintptr_t)text, .len = strlen(text)};
}

static void answer(size_t call, const redisReply *reply)
{
    assert_true(call < call_count && calls[call].handler);
    calls[call].handler(calls[call].context, reply);
}

static void answer_text(size_t call, const char *text)
{
    const redisReply reply = text_reply(text);
    answer(call, &reply);
}

/* The replies to texts, NULL at their end. */
struct list {
    redisReply items[16];
    redisReply *pointers[16];
    redisReply reply;
};

static const redisReply *list_of(struct list *list, const char *const *texts)
{
    size_t count = 0;
    for (; texts[count]; count++) {
        list->items[count] = text_reply(texts[count]);
        list->pointers[count] = &list->items[count];
    }
    list->reply =
        (redisReply){.type = REDIS_REPLY_ARRAY, .elements = count, .element = list->pointers};
    return &list->reply;
}

/* A page of ZSCAN: its cursor, then members and scores. */
static void answer_page(size_t call, const char *cursor, const char *const *texts)
{
    struct list list;
    redisReply first = text_reply(cursor);
    redisReply *parts[] = {&first, (redisReply *)(uintptr_t)list_of(&list, texts)};
    const redisReply page = {.type = REDIS_REPLY_ARRAY, .elements = 2, .element = parts};
    answer(call, &page);
}

/* --- a gateway ----------------------------------------------------------------------------- */

static struct config_ban config;
static struct ban_table *table;
static struct ban_counters *counters;
static struct ban_merge *merge;

static int64_t wall_ms(void)
{
    return (int64_t)(clock_wall_us() / 1000);
}

static void on_over(void *context, const struct network_address *address)
{
    const struct ban ban = {network_of_client(address, 64), wall_ms() + HOUR_MS, 0};
    (void)context;
    ban_table_put(table, &ban, wall_ms());
}

static void make(const char *mode)
{
    static char text[16];
    static int nobody; /* redis's place: never looked into */
    const struct ban_counters_options counting = {
        .attempts = 3, .window_ms = 60000, .most = 100, .ipv6_prefix = 64, .on_over = on_over};
    snprintf(text, sizeof(text), "%s", mode);
    config = (struct config_ban){.table = text, .resync_ms = HOUR_MS};
    table = ban_table_create(1000);
    counters = ban_counters_create(&counting);
    const struct ban_share_options options = {.config = &config,
                                              .redis = (struct redis *)(void *)&nobody,
                                              .table = table,
                                              .counters = counters};
    merge = ban_merge_create(&options, "00000001");
    assert_non_null(merge);
    call_count = 0;
    is_away = false;
}

static int begin(void **state)
{
    (void)state;
    make("write");
    return 0;
}

static int begin_reading(void **state)
{
    (void)state;
    make("read");
    return 0;
}

static int end(void **state)
{
    (void)state;
    ban_merge_destroy(merge);
    ban_counters_destroy(counters);
    ban_table_destroy(table);
    return 0;
}

static struct network net(const char *text)
{
    struct network network;
    assert_true(network_parse(slice_from(text), &network));
    return network;
}

/* Its poll; -1: there is no such ban. */
static int64_t poll_of(const char *network)
{
    struct network parsed = net(network);
    struct ban ban;
    return ban_table_find(table, &parsed, wall_ms(), &ban) ? (int64_t)ban.poll : -1;
}

static int64_t left_ms(const char *network)
{
    struct network parsed = net(network);
    struct ban ban;
    int64_t now_ms = wall_ms();
    return ban_table_find(table, &parsed, now_ms, &ban) ? ban.expires_ms - now_ms : -1;
}

static void put(const char *network, uint64_t poll)
{
    const struct ban ban = {net(network), wall_ms() + HOUR_MS, poll};
    ban_table_put(table, &ban, wall_ms());
}

static void hear(const char *text)
{
    ban_merge_hear(merge, slice_from(text));
}

static void ignore_lift(void *context, const struct network *network)
{
    (void)context;
    (void)network;
}

/* A poll that sees no row at all. */
static void poll_nothing(void)
{
    ban_table_lift_unseen(table, ban_table_begin_poll(table), wall_ms(), ignore_lift, NULL);
}

/* Redis has come: it is asked for its epoch, and for the first page. */
static void pull(const char *epoch)
{
    call_count = 0;
    ban_merge_start(merge);
    ban_merge_tick(merge);
    assert_int_equal(call_count, 3);
    answer_text(2, epoch);
    assert_int_equal(call_count, 4);
    assert_string_equal(calls[3].text, "command ZSCAN p:bans 0 COUNT 1000");
}

static const char *score(int64_t in_ms, bool has_row)
{
    static char texts[8][32];
    static unsigned next;
    char *text = texts[next++ % 8];
    snprintf(text, sizeof(texts[0]), "%lld", (long long)(2 * (wall_ms() + in_ms) + has_row));
    return text;
}

/* --- hearing ------------------------------------------------------------------------------- */

static void test_a_ban_and_its_lift(void **state)
{
    (void)state;
    hear("ban 10.0.0.1 900000 0 00000002");
    assert_in_range(left_ms("10.0.0.1"), 800000, 900000);
    assert_int_equal(poll_of("10.0.0.1"), 0);
    hear("ban 10.0.0.1 1800000 0 00000002");
    assert_in_range(left_ms("10.0.0.1"), 1700000, 1800000);
    hear("ban 2001:db8:1:2::/64 900000 0 00000002");
    hear("ban 189.123.0.0/16 900000 1 00000002");
    assert_int_equal(ban_table_count(table), 3);
    hear("lift 189.123.0.0/16 00000002");
    hear("lift 10.0.0.9 00000002");
    hear("lift 10.0.0.1 00000002");
    assert_int_equal(ban_table_count(table), 1);
    /* Our own, come back to us. */
    hear("ban 10.0.0.3 900000 0 00000001");
    hear("lift 2001:db8:1:2::/64 00000001");
    assert_int_equal(ban_table_count(table), 1);
}

/* What others said before Redis had our lift is older than it, however late it is heard. */
static void test_a_ban_said_before_our_lift(void **state)
{
    struct network network;
    (void)state;
    assert_true(network_parse(SLICE("10.0.0.7"), &network));
    ban_merge_start(merge);
    ban_merge_note_lift(merge, &network);
    ban_merge_note_lift(merge, &network);
    hear("ban 10.0.0.7 900000 1 00000002");
    assert_int_equal(ban_table_count(table), 0);
    hear("ban 10.0.0.8 900000 1 00000002");
    assert_int_equal(ban_table_count(table), 1);
    hear("lift 10.0.0.7 00000001"); /* ours, come back: all from now on is newer */
    hear("ban 10.0.0.7 900000 0 00000002");
    assert_int_equal(ban_table_count(table), 2);
    /* With Redis gone, nothing is waited for. */
    hear("lift 10.0.0.7 00000002");
    ban_merge_note_lift(merge, &network);
    ban_merge_stop(merge);
    ban_merge_note_lift(merge, &network);
    ban_merge_start(merge);
    hear("ban 10.0.0.7 900000 0 00000002");
    assert_int_equal(ban_table_count(table), 2);
}

/* "ban.attempts failures inside ban.window ban the address", wherever they were counted. */
static void test_failures(void **state)
{
    (void)state;
    hear("fail 10.0.0.1 00000000000000aa 0000000200000001 0 00000002");
    hear("fail 10.0.0.1 00000000000000aa 0000000200000001 5 00000002"); /* the same */
    hear("fail 10.0.0.1 00000000000000bb 0000000200000002 0 00000002");
    assert_int_equal(ban_table_count(table), 0);
    hear("clear 10.0.0.1 00000000000000bb 00000002");
    hear("fail 10.0.0.1 00000000000000cc 0000000300000001 0 00000003");
    hear("fail 10.0.0.1 00000000000000cc 0000000300000002 60000 00000003"); /* too old */
    assert_int_equal(ban_table_count(table), 0);
    hear("fail 10.0.0.1 00000000000000cc 0000000300000003 59000 00000003");
    assert_int_equal(poll_of("10.0.0.1"), 0);
    assert_true(ban_counters_are_empty(counters));
}

/* A ban ends what was counted. */
static void test_a_ban_forgets_failures(void **state)
{
    (void)state;
    hear("fail 2001:db8:1:2:: 00000000000000aa 0000000200000001 0 00000002");
    hear("fail 10.0.0.1 00000000000000aa 0000000200000002 0 00000002");
    hear("ban 2001:db8:1:2::/64 1000 0 00000002");
    assert_int_equal(ban_counters_count(counters), 1);
    hear("lift 10.0.0.0/8 00000002");
    assert_true(ban_counters_are_empty(counters));
}

static void test_hostile_messages(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        " ",
        "ban",
        "ban 10.0.0.1",
        "ban 10.0.0.1 900000 0",
        "ban 10.0.0.1 900000 0 00000002 more",
        "ban 10.0.0.1 900000 0 00000002 more and more and more",
        "ban  10.0.0.1 900000 0 00000002",
        "BAN 10.0.0.1 900000 0 00000002",
        "ban host 900000 0 00000002",
        "ban 10.0.0.1 -5 0 00000002",
        "ban 10.0.0.1 0 0 00000002",
        "ban 10.0.0.1 9e5 0 00000002",
        "ban 10.0.0.1 9223372036854775807 0 00000002",
        "ban 10.0.0.1 18446744073709551615 1 00000002",
        "ban 10.0.0.1 18446744073709551616 0 00000002",
        "fail 10.0.0.1 00000000000000AA 0000000200000001 0 00000002",
        "fail 10.0.0.1 aa 0000000200000001 0 00000002",
        "fail 10.0.0.1 00000000000000aa 0000000200000001 -1 00000002",
        "fail 10.0.0.1 00000000000000aa 0000000200000001 18446744073709551615 00000002",
        "fail 10.0.0.1 00000000000000aa 0000000200000001 9223372036854775807 00000002",
        "clear 10.0.0.1 zz 00000002",
        "lift 00000002",
        "\xff\xfe\xfd \x01 \x02 \x03 \x04"};
    static const char whole[] = "ban 10.0.0.1 900000 0 00000002";
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        hear(texts[i]);
    for (size_t size = 0; size < strlen(whole) - 9; size++)
        ban_merge_hear(merge, slice_of(whole, size));
    ban_merge_hear(merge, slice_of(NULL, 0));
    assert_int_equal(ban_table_count(table), 0);
    assert_true(ban_counters_are_empty(counters));
}

/* "a poll begun later that misses the row lifts it": where each gateway reads a node of its own,
 * the very next poll may run before the row has come there. */
static void test_a_heard_row(void **state)
{
    (void)state;
    hear("ban 10.0.0.1 900000 0 00000002");
    hear("ban 10.0.0.2 900000 1 00000002");
    ban_table_begin_poll(table);
    hear("ban 10.0.0.3 900000 1 00000002"); /* while a poll reads */
    hear("ban 10.0.0.1 900000 1 00000002"); /* its row is known now */
    poll_nothing();
    assert_true(poll_of("10.0.0.1") > 0 && poll_of("10.0.0.3") > 0);
    assert_int_equal(poll_of("10.0.0.2"), -1);
    poll_nothing();
    assert_int_equal(ban_table_count(table), 0);
}

/* Hearing of it again and again does not keep a ban whose row is gone. */
static void test_a_row_heard_again(void **state)
{
    (void)state;
    put("10.0.0.1", ban_table_begin_poll(table));
    for (int i = 0; i < 3; i++)
        hear("ban 10.0.0.1 900000 1 00000002");
    poll_nothing();
    assert_int_equal(poll_of("10.0.0.1"), -1);
    hear("ban 10.0.0.1 900000 1 00000002");
    for (int i = 0; i < 2; i++) {
        poll_nothing();
        if (i == 0)
            hear("ban 10.0.0.1 900000 1 00000002");
    }
    assert_int_equal(poll_of("10.0.0.1"), -1);
}

/* A gateway that had read the row tells of it after its lift. What tells of no row is a new ban,
 * and so is its row. */
static void test_a_row_told_of_after_its_lift(void **state)
{
    (void)state;
    hear("ban 10.0.0.1 900000 1 00000002");
    hear("lift 10.0.0.1 00000003");
    hear("ban 10.0.0.1 900000 1 00000002");
    hear("ban 10.0.0.2 900000 1 00000002");
    assert_int_equal(poll_of("10.0.0.1"), -1);
    assert_true(poll_of("10.0.0.2") > 0);
    hear("ban 10.0.0.1 900000 0 00000002");
    assert_int_equal(poll_of("10.0.0.1"), 0);
    hear("ban 10.0.0.1 900000 1 00000002");
    assert_true(poll_of("10.0.0.1") > 0);
}

/* --- agreeing ------------------------------------------------------------------------------ */

static void test_bans_are_pulled(void **state)
{
    (void)state;
    pull("e1");
    assert_non_null(strstr(calls[0].text, "command SET p:epoch 00000001-"));
    assert_non_null(strstr(calls[0].text, " NX PX 2592000000"));
    assert_string_equal(calls[1].text, "command PEXPIRE p:epoch 2592000000");
    assert_string_equal(calls[2].text, "command GET p:epoch");
    const char *first[] = {"10.0.0.1", score(HOUR_MS, false), "10.0.0.2", score(-1000, false),
                           "10.0.0.3", score(HOUR_MS, true),  NULL};
    answer_page(3, "17", first);
    assert_int_equal(call_count, 5);
    assert_string_equal(calls[4].text, "command ZSCAN p:bans 17 COUNT 1000");
    const char *second[] = {"2001:db8:1:2::/64", score(HOUR_MS, false), NULL};
    answer_page(4, "0", second);
    assert_int_equal(ban_table_count(table), 3);
    assert_int_equal(poll_of("10.0.0.1"), 0);
    assert_true(poll_of("10.0.0.3") > 0);
    assert_in_range(left_ms("2001:db8:1:2::/64"), HOUR_MS - 60000, HOUR_MS);
}

static void test_hostile_pages(void **state)
{
    (void)state;
    static const char *const odd[] = {"host", "99999999999999", "10.0.0.1", NULL};
    static const char *const scores[] = {
        "10.0.0.1", "1e300",    "10.0.0.2", "-5",       "10.0.0.3",
        "",         "10.0.0.4", "inf",      "10.0.0.5", "18446744073709551615",
        NULL};
    const redisReply integer = {.type = REDIS_REPLY_INTEGER, .integer = 1};
    const redisReply empty = {.type = REDIS_REPLY_ARRAY};
    pull("e1");
    answer_page(3, "1", odd);
    answer_page(4, "0", scores);
    assert_int_equal(ban_table_count(table), 0);
    pull("e1");
    answer(3, &integer);
    pull("e1");
    answer(3, &empty);
    pull("e1");
    answer(3, NULL);
    call_count = 0;
    ban_merge_start(merge);
    ban_merge_tick(merge);
    answer(2, &integer);
    ban_merge_start(merge);
    ban_merge_tick(merge);
    answer(5, NULL);
    is_away = true;
    ban_merge_start(merge);
    ban_merge_tick(merge);
    is_away = false;
    pull("e1"); /* and it still can */
    answer_page(3, "0", (const char *[]){NULL});
}

/* "only bans with rows are announced again after an outage" */
static void test_rows_are_told_after_an_absence(void **state)
{
    (void)state;
    put("10.0.0.1", 1);
    put("10.0.0.2", 0);
    put("10.0.0.3", 1);
    pull("e1");
    answer_page(3, "0", (const char *[]){NULL});
    ban_merge_tick(merge);
    assert_int_equal(call_count, 5);
    assert_non_null(strstr(calls[4].text, "announce p:bans 1 "));
    assert_non_null(strstr(calls[4].text, " 10.0.0.1"));
    assert_non_null(strstr(calls[4].text, " 10.0.0.3"));
    assert_null(strstr(calls[4].text, " 10.0.0.2"));
    ban_merge_tick(merge);
    assert_int_equal(call_count, 5);
    assert_int_equal(poll_of("10.0.0.2"), 0); /* it holds here until its row is known */
}

/* ban.table=read: "Redis is then the authority for its own bans": what it no longer has was lifted
 * meanwhile. */
static void test_reading_asks_what_was_lifted(void **state)
{
    (void)state;
    struct list list;
    static const char *const missing[] = {"10.0.0.2", "10.0.0.4", "garbage", NULL};
    pull("e1");
    answer_page(3, "0", (const char *[]){NULL});
    put("10.0.0.1", 0);
    put("10.0.0.2", 0);
    put("10.0.0.3", 1);
    put("10.0.0.4", 0);
    pull("e1");
    answer_page(3, "0", (const char *[]){NULL});
    ban_merge_tick(merge);
    size_t asked = strncmp(calls[4].text, "missing", 7) == 0 ? 4 : call_count - 1;
    assert_int_equal(strncmp(calls[asked].text, "missing p:bans 10.0.0.", 22), 0);
    put("10.0.0.4", 1); /* a row of it has been found since */
    answer(asked, list_of(&list, missing));
    assert_int_equal(poll_of("10.0.0.1"), 0);
    assert_int_equal(poll_of("10.0.0.2"), -1);
    assert_int_equal(poll_of("10.0.0.3"), 1);
    assert_int_equal(poll_of("10.0.0.4"), 1);
}

/* Redis itself has shown these: of a million bans, it is told none, nor asked for any. Of a row
 * that it does not know it is told. */
static void test_redis_is_not_told_what_it_has_shown(void **state)
{
    (void)state;
    const char *page[] = {"10.0.0.1", score(HOUR_MS, true), "10.0.0.2", score(HOUR_MS, false),
                          "10.0.0.4", score(HOUR_MS, true), NULL};
    put("10.0.0.1", 1);
    put("10.0.0.2", 1);
    put("10.0.0.3", 1);
    pull("e1");
    answer_page(3, "0", page);
    ban_merge_tick(merge);
    assert_int_equal(call_count, 5);
    assert_int_equal(strncmp(calls[4].text, "announce p:bans 1 ", 18), 0);
    assert_non_null(strstr(calls[4].text, " 10.0.0.2"));
    assert_non_null(strstr(calls[4].text, " 10.0.0.3"));
    assert_null(strstr(calls[4].text, " 10.0.0.1"));
    assert_null(strstr(calls[4].text, " 10.0.0.4"));
}

static void test_reading_asks_nothing_of_what_was_shown(void **state)
{
    (void)state;
    const char *page[] = {"10.0.0.1", score(HOUR_MS, false), "10.0.0.2", score(HOUR_MS, false),
                          NULL};
    pull("e1");
    answer_page(3, "0", page);
    assert_int_equal(ban_table_count(table), 2);
    pull("e1");
    answer_page(3, "0", page);
    ban_merge_tick(merge);
    ban_merge_tick(merge);
    assert_int_equal(call_count, 4);
}

/* Redis has lost its memory: it is told all, and lifts nothing. */
static void test_reading_tells_a_redis_that_forgot(void **state)
{
    (void)state;
    pull("e1");
    answer_page(3, "0", (const char *[]){NULL});
    put("10.0.0.1", 0);
    pull("e2");
    answer_page(3, "0", (const char *[]){NULL});
    ban_merge_tick(merge);
    assert_int_equal(call_count, 5);
    assert_int_equal(strncmp(calls[4].text, "announce p:bans 0 ", 18), 0);
    assert_non_null(strstr(calls[4].text, " 10.0.0.1"));
    assert_int_equal(poll_of("10.0.0.1"), 0);
}

/* A page may be older than the word that came by another way. */
static void test_lifted_while_pages_are_on_their_way(void **state)
{
    (void)state;
    const char *page[] = {"10.0.0.1", score(HOUR_MS, false), "10.0.0.2", score(HOUR_MS, false),
                          "10.0.0.3", score(HOUR_MS, false), NULL};
    struct network second = net("10.0.0.2");
    put("10.0.0.1", 0);
    pull("e1");
    hear("lift 10.0.0.1 00000002");
    answer_page(3, "7", page); /* as it was before */
    assert_int_equal(poll_of("10.0.0.1"), -1);
    ban_merge_note_lift(merge, &second); /* ours: it came back with the page */
    assert_int_equal(poll_of("10.0.0.2"), -1);
    answer_page(4, "0", page);
    assert_int_equal(poll_of("10.0.0.1"), -1);
    assert_int_equal(poll_of("10.0.0.2"), -1);
    assert_int_equal(poll_of("10.0.0.3"), 0);
    pull("e1"); /* banned again since then */
    answer_page(3, "0", page);
    assert_int_equal(poll_of("10.0.0.1"), 0);
    put("10.0.0.2", 0);
    ban_merge_note_lift(merge, &second); /* not pulling: who lifts has removed it */
    assert_int_equal(poll_of("10.0.0.2"), 0);
}

/* A thousand lifts while it pulls: it pulls anew rather than forget one. */
static void test_many_lifted_while_pages_are_on_their_way(void **state)
{
    (void)state;
    char text[64];
    const char *page[] = {"10.0.0.1", score(HOUR_MS, false), NULL};
    pull("e1");
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof(text), "lift 10.1.%d.%d 00000002", i >> 8, i & 255);
        hear(text);
    }
    hear("lift 10.0.0.1 00000002");
    answer_page(3, "0", page);
    assert_int_equal(ban_table_count(table), 0);
    pull("e1");
    answer_page(3, "0", page);
    assert_int_equal(ban_table_count(table), 1);
}

/* What was lifted since the list was made is not announced: it would come back everywhere. */
static void test_lifted_before_it_was_told(void **state)
{
    (void)state;
    put("10.0.0.1", 1);
    put("10.0.0.2", 1);
    pull("e1");
    answer_page(3, "0", (const char *[]){NULL});
    hear("lift 10.0.0.1 00000002");
    ban_merge_tick(merge);
    assert_int_equal(call_count, 5);
    assert_null(strstr(calls[4].text, "10.0.0.1"));
    assert_non_null(strstr(calls[4].text, "10.0.0.2"));
}

/* Lost in the middle: whatever comes late is ignored, and it begins anew. */
static void test_redis_goes_in_the_middle(void **state)
{
    (void)state;
    const char *page[] = {"10.0.0.1", score(HOUR_MS, false), NULL};
    pull("e1");
    ban_merge_stop(merge);
    answer_page(3, "5", page);
    assert_int_equal(ban_table_count(table), 0);
    assert_int_equal(call_count, 4);
    put("10.0.0.2", 1);
    pull("e1");
    answer_page(3, "0", page);
    ban_merge_stop(merge);
    ban_merge_tick(merge); /* telling was under way */
    assert_int_equal(call_count, 4);
    pull("e1");
    answer_page(3, "0", page);
    ban_merge_tick(merge);
    assert_int_equal(call_count, 5);
    assert_non_null(strstr(calls[4].text, "10.0.0.2"));
}

#define EACH(test)    cmocka_unit_test_setup_teardown(test, begin, end)
#define READING(test) cmocka_unit_test_setup_teardown(test, begin_reading, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(test_a_ban_and_its_lift),
        EACH(test_a_ban_said_before_our_lift),
        EACH(test_failures),
        EACH(test_a_ban_forgets_failures),
        EACH(test_hostile_messages),
        EACH(test_a_heard_row),
        EACH(test_a_row_heard_again),
        EACH(test_a_row_told_of_after_its_lift),
        EACH(test_bans_are_pulled),
        EACH(test_hostile_pages),
        EACH(test_rows_are_told_after_an_absence),
        EACH(test_redis_is_not_told_what_it_has_shown),
        READING(test_reading_asks_what_was_lifted),
        READING(test_reading_tells_a_redis_that_forgot),
        READING(test_reading_asks_nothing_of_what_was_shown),
        EACH(test_lifted_while_pages_are_on_their_way),
        EACH(test_many_lifted_while_pages_are_on_their_way),
        EACH(test_lifted_before_it_was_told),
        EACH(test_redis_goes_in_the_middle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The bans in memory (auth-and-bans.md, "Bans"). */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/ban_table.h"

enum { NOW = 1000000, LATER = 2000000 };

static struct network net(const char *text)
{
    struct network network;
    assert_true(network_parse(slice_from(text), &network));
    return network;
}

static struct network_address address(const char *text)
{
    struct network_address parsed;
    assert_true(network_address_parse(slice_from(text), &parsed));
    return parsed;
}

static bool holds(struct ban_table *table, const char *text)
{
    struct network_address parsed = address(text);
    return ban_table_holds(table, &parsed, NOW);
}

static enum ban_change put(struct ban_table *table, const char *text, int64_t expires_ms,
                           uint64_t poll)
{
    const struct ban ban = {net(text), expires_ms, poll};
    return ban_table_put(table, &ban, NOW);
}

/* "wildcards and CIDR are read, IPv4 and IPv6"; "IPv6 is counted and banned by /64" */
static void test_an_address_is_held_by_its_network(void **state)
{
    (void)state;
    struct ban_table *table = ban_table_create(1000);
    assert_false(holds(table, "10.0.0.1"));
    assert_int_equal(put(table, "10.0.0.1", LATER, 0), BAN_NEW);
    assert_int_equal(put(table, "189.123.*.*", LATER, 0), BAN_NEW);
    assert_int_equal(put(table, "20.*.7.*", LATER, 0), BAN_NEW);
    assert_int_equal(put(table, "192.0.2.0/25", LATER, 0), BAN_NEW);
    assert_int_equal(put(table, "2001:db8:1:2::/64", LATER, 0), BAN_NEW);
    static const char *const in[] = {"10.0.0.1",     "::ffff:10.0.0.1", "189.123.0.0",
                                     "20.255.7.255", "192.0.2.127",     "2001:db8:1:2:ffff::9"};
    static const char *const out[] = {"10.0.0.2",    "189.124.0.0",     "20.1.8.1",
                                      "192.0.2.128", "2001:db8:1:3::1", "::10.0.0.1"};
    for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++)
        assert_true(holds(table, in[i]));
    for (size_t i = 0; i < sizeof(out) / sizeof(out[0]); i++)
        assert_false(holds(table, out[i]));
    struct network wild = net("189.123.*.*");
    assert_true(ban_table_remove(table, &wild));
    assert_false(ban_table_remove(table, &wild));
    assert_false(holds(table, "189.123.0.0"));
    assert_true(holds(table, "20.255.7.255"));
    ban_table_destroy(table);
}

static void sweep_all(struct ban_table *table, int64_t now_ms)
{
    for (int i = 0; i < BAN_TABLE_PARTS; i++)
        ban_table_sweep(table, now_ms);
}

static void test_a_ban_ends(void **state)
{
    (void)state;
    struct ban_table *table = ban_table_create(1000);
    assert_int_equal(put(table, "10.0.0.1", NOW, 0), BAN_REFUSED);
    assert_int_equal(put(table, "10.0.0.1", NOW + 5000, 0), BAN_NEW);
    struct network_address one = address("10.0.0.1");
    assert_true(ban_table_holds(table, &one, NOW + 4999));
    assert_false(ban_table_holds(table, &one, NOW + 5000));
    const struct ban again = {net("10.0.0.1"), NOW + 9000, 0};
    assert_int_equal(ban_table_put(table, &again, NOW + 6000), BAN_NEW);
    assert_int_equal(ban_table_count(table), 1);
    sweep_all(table, NOW + 8999);
    assert_int_equal(ban_table_count(table), 1);
    sweep_all(table, NOW + 9000);
    assert_int_equal(ban_table_count(table), 0);
    ban_table_destroy(table);
}

/* A row's end is taken as it is, also when somebody shortened it; others only lengthen. */
static void test_an_end_moves(void **state)
{
    (void)state;
    struct ban ban;
    struct network network = net("10.0.0.1");
    struct ban_table *table = ban_table_create(1000);
    put(table, "10.0.0.1", LATER, 0);
    assert_int_equal(put(table, "10.0.0.1", LATER - 10000, 0), BAN_SAME);
    assert_int_equal(put(table, "10.0.0.1", LATER + 10000, 0), BAN_CHANGED);
    assert_int_equal(put(table, "10.0.0.1", LATER + 10900, 1), BAN_CHANGED); /* its row is known */
    assert_int_equal(put(table, "10.0.0.1", LATER + 10000, 1), BAN_SAME);    /* a second's jitter */
    assert_int_equal(put(table, "10.0.0.1", LATER - 50000, 1), BAN_SAME);    /* a second row */
    assert_int_equal(put(table, "10.0.0.1", LATER - 50000, 2), BAN_CHANGED);
    assert_true(ban_table_find(table, &network, NOW, &ban));
    assert_int_equal(ban.expires_ms, LATER - 50000);
    assert_int_equal(ban.poll, 2);
    assert_int_equal(put(table, "10.0.0.1", LATER - 50000, 0), BAN_SAME);
    assert_true(ban_table_find(table, &network, NOW, &ban));
    assert_int_equal(ban.poll, 2);
    ban_table_destroy(table);
}

static void note(void *context, const struct network *network)
{
    char *text = context;
    char one[NETWORK_TEXT];
    network_print(network, one);
    snprintf(text + strlen(text), 200 - strlen(text), "%s ", one);
}

/* "A new ban is provisional (in force, not liftable by a poll) until its row is known; a poll begun
 * later that misses the row lifts it" */
static void test_a_poll_lifts_what_it_misses(void **state)
{
    (void)state;
    char lifted[200] = "";
    struct ban_table *table = ban_table_create(1000);
    assert_int_equal(ban_table_begin_poll(table), 1);
    put(table, "10.0.0.1", LATER, 1);
    put(table, "10.0.0.2", LATER, 1);
    put(table, "10.0.0.3", LATER, 0);
    ban_table_lift_unseen(table, 1, NOW, note, lifted);
    assert_string_equal(lifted, "");
    assert_int_equal(ban_table_begin_poll(table), 2);
    put(table, "10.0.0.1", LATER, 2);
    put(table, "10.0.0.4", LATER, ban_table_last_poll(table)); /* inserted while it reads */
    ban_table_lift_unseen(table, 2, NOW, note, lifted);
    assert_string_equal(lifted, "10.0.0.2 ");
    assert_true(holds(table, "10.0.0.1"));
    assert_false(holds(table, "10.0.0.2"));
    assert_true(holds(table, "10.0.0.3"));
    assert_true(holds(table, "10.0.0.4"));
    ban_table_lift_unseen(table, ban_table_begin_poll(table), LATER, note, lifted);
    assert_string_equal(lifted, "10.0.0.2 ");
    sweep_all(table, LATER);
    assert_int_equal(ban_table_count(table), 0);
    ban_table_destroy(table);
}

/* A row's end is whole seconds, by another clock: what a poll no longer sees may just have ended.
 */
static void test_an_end_is_no_lift(void **state)
{
    (void)state;
    char lifted[200] = "";
    struct ban_table *table = ban_table_create(1000);
    uint64_t first = ban_table_begin_poll(table);
    put(table, "10.0.0.1", NOW + 2500, first);
    put(table, "10.0.0.2", NOW + 60000, first);
    ban_table_lift_unseen(table, ban_table_begin_poll(table), NOW, note, lifted);
    assert_string_equal(lifted, "10.0.0.2 ");
    assert_true(holds(table, "10.0.0.1"));
    ban_table_lift_unseen(table, ban_table_begin_poll(table), NOW + 2500, note, lifted);
    assert_string_equal(lifted, "10.0.0.2 ");
    sweep_all(table, NOW + 2500);
    assert_int_equal(ban_table_count(table), 0);
    ban_table_destroy(table);
}

/* What a mask of its own looks like does not find or remove the like of another. */
static void test_masks_are_told_apart(void **state)
{
    (void)state;
    struct ban ban;
    struct network wide = net("10.0.0.0/8");
    struct network narrow = net("10.0.0.0/24");
    struct network one = net("10.0.0.0");
    struct ban_table *table = ban_table_create(1000);
    assert_false(ban_table_find(table, &wide, NOW, &ban));
    assert_false(ban_table_remove(table, &wide));
    put(table, "10.0.0.0/24", LATER, 3);
    assert_false(ban_table_find(table, &wide, NOW, &ban));
    assert_false(ban_table_remove(table, &wide));
    put(table, "10.0.0.0/8", LATER + 5000, 0);
    assert_false(ban_table_remove(table, &one));
    assert_true(ban_table_find(table, &narrow, NOW, &ban));
    assert_int_equal(ban.expires_ms, LATER);
    assert_int_equal(ban.poll, 3);
    assert_true(ban_table_remove(table, &wide));
    assert_true(holds(table, "10.0.0.9"));
    assert_false(holds(table, "10.1.0.9"));
    ban_table_destroy(table);
}

/* Those that end are swept, whatever stands around them; those that do not stay. */
static void test_sweeping_many(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    char text[32];
    struct ban_table *table = ban_table_create(MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        put(table, text, i % 4 ? NOW + 1000 : LATER, 0);
    }
    sweep_all(table, NOW + 999);
    assert_int_equal(ban_table_count(table), MANY);
    sweep_all(table, NOW + 1000);
    assert_int_equal(ban_table_count(table), MANY / 4);
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        assert_int_equal(holds(table, text), i % 4 == 0);
    }
    ban_table_destroy(table);
}

/* A sweep costs the same however many bans there are, so it takes many to have been everywhere. */
static void test_a_sweep_is_bounded(void **state)
{
    (void)state;
    enum { MANY = 100000 };
    char text[32];
    struct ban_table *table = ban_table_create(MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        put(table, text, NOW + 1000, 0);
    }
    ban_table_sweep(table, NOW + 1000);
    size_t left = ban_table_count(table);
    assert_in_range(left, MANY / 2, MANY - 1);
    int sweeps = 1;
    for (; ban_table_count(table) > 0 && sweeps < MANY; sweeps++)
        ban_table_sweep(table, NOW + 1000);
    assert_in_range(sweeps, 5, 100);
    ban_table_destroy(table);
}

static size_t count_unshown(struct ban_table *table, char *text)
{
    size_t sum = 0;
    text[0] = '\0';
    for (size_t part = 0; part < BAN_TABLE_PARTS; part++) {
        struct ban *bans;
        size_t count;
        assert_true(ban_table_unshown(table, part, &bans, &count));
        for (size_t i = 0; i < count && sum + i < 3; i++)
            note(text, &bans[i].network);
        sum += count;
        free(bans);
    }
    return sum;
}

static enum ban_change show(struct ban_table *table, const char *text, int64_t expires_ms,
                            uint64_t poll)
{
    const struct ban ban = {net(text), expires_ms, poll};
    return ban_table_put_shown(table, &ban, NOW);
}

/* "on return the gateway announces its live bans": of what Redis has already shown it need not be
 * told; of a row that it does not know, or an end that is later, it must. */
static void test_what_a_pull_has_not_shown(void **state)
{
    (void)state;
    char text[200];
    struct ban_table *table = ban_table_create(1000);
    assert_int_equal(count_unshown(table, text), 0);
    ban_table_begin_pull(table);
    assert_int_equal(show(table, "10.0.0.1", LATER, 0), BAN_NEW);
    assert_int_equal(count_unshown(table, text), 0);
    put(table, "10.0.0.2", LATER, 0);
    put(table, "10.0.0.3", LATER, 5);
    put(table, "10.0.0.4", LATER, 0);
    assert_int_equal(count_unshown(table, text), 3);
    assert_int_equal(show(table, "10.0.0.2", LATER, 0), BAN_SAME);
    assert_int_equal(count_unshown(table, text), 2);
    assert_int_equal(show(table, "10.0.0.3", LATER, 0), BAN_SAME); /* its row is not known there */
    assert_int_equal(count_unshown(table, text), 2);
    assert_int_equal(show(table, "10.0.0.3", LATER, 5), BAN_SAME);
    assert_int_equal(count_unshown(table, text), 1);
    assert_string_equal(text, "10.0.0.4 ");
    assert_int_equal(show(table, "10.0.0.4", LATER - 60000, 0), BAN_SAME);
    assert_int_equal(count_unshown(table, text), 1);
    assert_int_equal(show(table, "10.0.0.4", LATER + 60000, 0), BAN_CHANGED);
    assert_int_equal(count_unshown(table, text), 0);
    /* What has changed here since is not shown as it is. */
    put(table, "10.0.0.4", LATER + 90000, 0);
    assert_string_equal((count_unshown(table, text), text), "10.0.0.4 ");
    show(table, "10.0.0.4", LATER + 90000, 0);
    put(table, "10.0.0.4", LATER + 90000, 0);
    assert_int_equal(count_unshown(table, text), 0);
    put(table, "10.0.0.4", LATER + 90000, 6);
    assert_string_equal((count_unshown(table, text), text), "10.0.0.4 ");
    show(table, "10.0.0.4", LATER + 90000, 6);
    assert_int_equal(count_unshown(table, text), 0);
    /* Shown before is not shown now. */
    ban_table_begin_pull(table);
    assert_int_equal(count_unshown(table, text), 4);
    show(table, "10.0.0.1", LATER, 0);
    assert_int_equal(count_unshown(table, text), 3);
    /* What is refused is not there; what has ended comes anew. */
    assert_int_equal(show(table, "10.0.0.9", NOW, 0), BAN_REFUSED);
    assert_int_equal(count_unshown(table, text), 3);
    ban_table_destroy(table);
}

/* A row may come to be known of a ban, and go with it: polls lift the right ones all the same. */
static void test_rows_come_and_go(void **state)
{
    (void)state;
    char lifted[200] = "";
    struct network network = net("10.0.0.1");
    struct ban_table *table = ban_table_create(1000);
    put(table, "10.0.0.1", LATER, 0);
    put(table, "10.0.0.1", LATER, ban_table_begin_poll(table));
    ban_table_lift_unseen(table, ban_table_begin_poll(table), NOW, note, lifted);
    assert_string_equal(lifted, "10.0.0.1 ");
    lifted[0] = '\0';
    put(table, "10.0.0.1", LATER, ban_table_last_poll(table));
    assert_true(ban_table_remove(table, &network));
    put(table, "10.0.0.1", LATER, 0);
    ban_table_lift_unseen(table, ban_table_begin_poll(table), NOW, note, lifted);
    assert_string_equal(lifted, "");
    put(table, "10.0.0.1", LATER, ban_table_last_poll(table));
    ban_table_lift_unseen(table, ban_table_begin_poll(table), NOW, note, lifted);
    assert_string_equal(lifted, "10.0.0.1 ");
    assert_false(holds(table, "10.0.0.1"));
    ban_table_destroy(table);
}

/* Many come and go; none is lost when slots are freed. */
static void test_many(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    char text[32];
    struct ban_table *table = ban_table_create(MANY);
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        assert_int_equal(put(table, text, LATER, 0), BAN_NEW);
    }
    assert_int_equal(put(table, "11.0.0.1", LATER, 0), BAN_REFUSED);
    for (int i = 0; i < MANY; i += 3) {
        snprintf(text, sizeof(text), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        struct network network = net(text);
        assert_true(ban_table_remove(table, &network));
    }
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof(text), "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
        assert_int_equal(holds(table, text), i % 3 != 0);
    }
    assert_in_range(ban_table_bytes(table) / MANY, 32, 200);
    ban_table_destroy(table);
}

/* "Memory is bounded": shapes of wildcards are too, since each costs a look. */
static void test_too_many_shapes(void **state)
{
    (void)state;
    char text[64];
    struct ban_table *table = ban_table_create(1000);
    for (int bits = 1; bits <= BAN_TABLE_MOST_MASKS; bits++) {
        snprintf(text, sizeof(text), "2001:db8::/%d", bits + 60);
        assert_int_equal(put(table, text, LATER, 0), BAN_NEW);
    }
    assert_int_equal(put(table, "10.0.0.0/30", LATER, 0), BAN_REFUSED);
    ban_table_destroy(table);
}

static void *churn(void *context)
{
    struct ban_table *table = context;
    char text[32];
    for (int i = 0; i < 3000; i++) {
        snprintf(text, sizeof(text), "10.0.%d.%d", i >> 8, i & 255);
        put(table, text, LATER, 0);
        holds(table, text);
        struct network network = net(text);
        ban_table_remove(table, &network);
        ban_table_sweep(table, NOW);
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pthread_t threads[4];
    struct ban_table *table = ban_table_create(100000);
    put(table, "192.0.2.1", LATER, 0);
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, churn, table);
    for (int i = 0; i < 1000; i++)
        assert_true(holds(table, "192.0.2.1"));
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(ban_table_count(table), 1);
    ban_table_destroy(table);
}

/* bans list: every ban once, in pages, while others come and go. */
static void test_pages_hold_every_ban_once(void **state)
{
    (void)state;
    enum { BANS = 5000, PAGE = 97 };
    static unsigned seen[BANS];
    struct ban_table *table = ban_table_create(2 * BANS);
    struct ban page[PAGE];
    struct network after;
    size_t count = 0;
    size_t pages = 0;
    char text[40];
    for (unsigned i = 0; i < BANS; i++) {
        snprintf(text, sizeof(text), "10.0.%u.%u%s", i >> 8, i & 255, i % 7 ? "" : "/32");
        assert_int_equal(put(table, text, LATER, 0), BAN_NEW);
    }
    do {
        assert_true(ban_table_page(table, pages ? &after : NULL, page, PAGE, &count));
        for (size_t i = 0; i < count; i++) {
            const unsigned char *bytes = page[i].network.address.bytes;
            if (bytes[12] == 10)
                seen[bytes[14] << 8 | bytes[15]]++;
        }
        if (count)
            after = page[count - 1].network;
        /* The cursor's own ban goes, and others come. */
        if (count && after.address.bytes[12] == 10)
            assert_true(ban_table_remove(table, &after));
        snprintf(text, sizeof(text), "11.0.0.%zu", pages++ % 256);
        put(table, text, LATER, 0);
    } while (count == PAGE);
    for (unsigned i = 0; i < BANS; i++)
        assert_int_equal(seen[i], 1);
    ban_table_destroy(table);
}

static void test_a_page_of_nothing(void **state)
{
    (void)state;
    struct ban_table *table = ban_table_create(10);
    struct network unknown = net("10.*.0.*");
    struct ban page[2];
    size_t count = 7;
    assert_true(ban_table_page(table, NULL, page, 2, &count));
    assert_int_equal(count, 0);
    assert_true(ban_table_page(table, &unknown, page, 2, &count));
    assert_int_equal(count, 0);
    ban_table_destroy(table);
}

/* bans list ADDRESS: all that hold it, each with its own end. */
static void test_the_bans_that_hold_an_address(void **state)
{
    (void)state;
    struct ban_table *table = ban_table_create(100);
    struct ban found[BAN_TABLE_MOST_MASKS];
    struct network_address inside = address("189.123.4.5");
    struct network_address outside = address("189.124.4.5");
    put(table, "189.123.4.5", LATER, 0);
    put(table, "189.123.*.*", LATER + 5000, 3);
    put(table, "189.*.4.*", NOW + 1, 0);
    put(table, "2001:db8::/32", LATER, 0);
    assert_int_equal(ban_table_holding(table, &inside, NOW + 1, found), 2);
    int64_t sum = found[0].expires_ms + found[1].expires_ms;
    assert_int_equal(sum, 2 * LATER + 5000);
    assert_true(network_holds(&found[0].network, &inside));
    assert_int_equal(found[0].poll + found[1].poll, 3);
    assert_int_equal(ban_table_holding(table, &inside, NOW, found), 3);
    assert_int_equal(ban_table_holding(table, &outside, NOW, found), 1);
    ban_table_destroy(table);
}

/* A lift counts for a while, of its network alone, and until a new ban. */
static void test_lifts_are_remembered(void **state)
{
    (void)state;
    struct ban_table *table = ban_table_create(10);
    struct network one, other;
    assert_true(network_parse(SLICE("10.0.0.1"), &one) &&
                network_parse(SLICE("10.0.0.0/24"), &other));
    assert_false(ban_table_was_lifted(table, &one, 1000));
    ban_table_note_lift(table, &one, 1000);
    assert_true(ban_table_was_lifted(table, &one, 1000));
    assert_true(ban_table_was_lifted(table, &one, 1000 + BAN_TABLE_LIFT_MS - 1));
    assert_false(ban_table_was_lifted(table, &one, 1000 + BAN_TABLE_LIFT_MS));
    assert_false(ban_table_was_lifted(table, &other, 1000));
    ban_table_note_lift(table, &other, 2000);
    assert_false(ban_table_was_lifted(table, &one, 1000 + BAN_TABLE_LIFT_MS));
    const struct ban row = {one, 900000, 1};
    const struct ban fresh = {one, 900000, 0};
    ban_table_put(table, &row, 1500);
    assert_true(ban_table_was_lifted(table, &one, 1500));
    assert_true(ban_table_take_back(table, &one, 1500));
    assert_int_equal(ban_table_count(table), 0);
    ban_table_put(table, &fresh, 1500);
    assert_false(ban_table_was_lifted(table, &one, 1500));
    assert_false(ban_table_take_back(table, &one, 1500));
    assert_int_equal(ban_table_count(table), 1);
    assert_true(ban_table_was_lifted(table, &other, 1500));
    ban_table_note_lift(table, &one, 2000);
    for (unsigned i = 0; i < 255; i++)
        ban_table_note_lift(table, &other, 2000);
    assert_true(ban_table_was_lifted(table, &one, 2000));
    ban_table_note_lift(table, &other, 2000);
    assert_false(ban_table_was_lifted(table, &one, 2000));
    ban_table_destroy(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_hold_every_ban_once),
        cmocka_unit_test(test_a_page_of_nothing),
        cmocka_unit_test(test_the_bans_that_hold_an_address),
        cmocka_unit_test(test_an_address_is_held_by_its_network),
        cmocka_unit_test(test_a_ban_ends),
        cmocka_unit_test(test_lifts_are_remembered),
        cmocka_unit_test(test_an_end_moves),
        cmocka_unit_test(test_a_poll_lifts_what_it_misses),
        cmocka_unit_test(test_an_end_is_no_lift),
        cmocka_unit_test(test_masks_are_told_apart),
        cmocka_unit_test(test_sweeping_many),
        cmocka_unit_test(test_a_sweep_is_bounded),
        cmocka_unit_test(test_what_a_pull_has_not_shown),
        cmocka_unit_test(test_rows_come_and_go),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_too_many_shapes),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* abuse-api.md, "Suspension": rows are claimed for a lease by one gateway at a time, with SKIP
 * LOCKED and without; against a server of the test's own. */
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "abuse/outbox.h"
#include "own_mariadb.h"

#define TABLE_SQL                                                                                  \
    "CREATE TABLE portcullis_outbox (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,report_id int " \
    "NOT NULL,service_id int NOT NULL,action varchar(32) NOT NULL,reason text NOT NULL,due_at "    \
    "datetime NOT NULL,attempts int NOT NULL DEFAULT 0,last_error text NOT NULL,claimed_by "       \
    "varchar(64) NOT NULL DEFAULT '',claimed_at datetime DEFAULT NULL,done_at datetime DEFAULT "   \
    "NULL,KEY pending (done_at,due_at),KEY waiting (done_at,claimed_at)) ENGINE=InnoDB DEFAULT "   \
    "CHARSET=utf8mb4"

static struct own_mariadb *server;
static struct arena arena;
static const struct outbox_claimant ours = {SLICE("one"), 60, false};
static const struct outbox_claimant theirs = {SLICE("two"), 60, false};

static int setup(void **state)
{
    (void)state;
    server = own_mariadb_create();
    if (server)
        own_sql(server->root, TABLE_SQL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (server)
        own_mariadb_destroy(server);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    if (server)
        own_sql(server->root, "TRUNCATE TABLE portcullis_outbox");
    arena_init(&arena);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_clear(&arena);
    return 0;
}

static void need_server(void)
{
    if (!server)
        skip();
}

static enum result add(enum outbox_action action, struct slice reason, uint64_t due_after_min)
{
    const struct outbox_order order = {.report_id = 7,
                                       .service_id = 12,
                                       .action = action,
                                       .reason = reason,
                                       .due_after_min = due_after_min};
    return outbox_add(server->root, &order);
}

static int64_t number(const char *sql)
{
    return own_number(server->root, sql);
}

/* What is due goes with all it is; what is not due stays. */
static void test_added_and_claimed(void **state)
{
    struct outbox_item item;
    (void)state;
    need_server();
    assert_int_equal(outbox_claim(server->root, &ours, &arena, &item), RESULT_NOT_FOUND);
    assert_int_equal(add(OUTBOX_SUSPEND, SLICE("Spam \xf0\x9f\x98\x80"), 0), RESULT_OK);
    assert_int_equal(add(OUTBOX_EMAIL, SLICE("Notice"), 0), RESULT_OK);
    assert_int_equal(add(OUTBOX_SUSPEND, SLICE(""), 5), RESULT_OK);
    assert_int_equal(number("SELECT TIMESTAMPDIFF(SECOND,NOW(),MAX(due_at)) BETWEEN 290 AND 300 "
                            "FROM portcullis_outbox"),
                     1);
    assert_int_equal(outbox_claim(server->root, &ours, &arena, &item), RESULT_OK);
    assert_int_equal(item.id, 1);
    assert_int_equal(item.report_id, 7);
    assert_int_equal(item.service_id, 12);
    assert_int_equal(item.action, OUTBOX_SUSPEND);
    assert_true(slice_equal(item.reason, SLICE("Spam \xf0\x9f\x98\x80")));
    assert_int_equal(item.attempts, 0);
    assert_int_equal(outbox_claim(server->root, &theirs, &arena, &item), RESULT_OK);
    assert_int_equal(item.action, OUTBOX_EMAIL);
    assert_int_equal(outbox_claim(server->root, &ours, &arena, &item), RESULT_NOT_FOUND);
    assert_int_equal(number("SELECT COUNT(*) FROM portcullis_outbox WHERE claimed_by='one' AND "
                            "attempts=1 AND claimed_at IS NOT NULL"),
                     1);
}

/* Part of the report's transaction: with it, it never was. */
static void test_added_in_a_transaction(void **state)
{
    (void)state;
    need_server();
    assert_int_equal(database_begin(server->root), RESULT_OK);
    assert_int_equal(add(OUTBOX_SUSPEND, SLICE("x"), 0), RESULT_OK);
    database_rollback(server->root);
    assert_int_equal(number("SELECT COUNT(*) FROM portcullis_outbox"), 0);
}

static void test_without_the_table(void **state)
{
    struct outbox_item item;
    struct outbox_numbers numbers;
    (void)state;
    need_server();
    own_sql(server->root, "RENAME TABLE portcullis_outbox TO hidden");
    assert_int_equal(add(OUTBOX_SUSPEND, SLICE("x"), 0), RESULT_STALE);
    assert_int_equal(outbox_claim(server->root, &ours, &arena, &item), RESULT_STALE);
    assert_int_equal(outbox_count(server->root, &numbers), RESULT_STALE);
    assert_int_equal(database_begin(server->root), RESULT_OK);
    assert_int_equal(add(OUTBOX_SUSPEND, SLICE("x"), 0), RESULT_STALE);
    database_rollback(server->root);
    own_sql(server->root, "RENAME TABLE hidden TO portcullis_outbox");
}

/* Only while the claim is its own. */
static void test_what_came_of_it(void **state)
{
    struct outbox_item item;
    struct slice one = ours.name;
    struct slice two = theirs.name;
    (void)state;
    need_server();
    for (int i = 0; i < 5; i++)
        assert_int_equal(add(OUTBOX_SUSPEND, SLICE("x"), 0), RESULT_OK);
    for (int i = 0; i < 5; i++)
        assert_int_equal(outbox_claim(server->root, &ours, &arena, &item), RESULT_OK);
    assert_int_equal(outbox_done(server->root, two, 1), RESULT_NOT_FOUND);
    assert_int_equal(outbox_failed(server->root, two, 1, SLICE("e"), 9), RESULT_NOT_FOUND);
    assert_int_equal(outbox_given_up(server->root, two, 1, SLICE("e")), RESULT_NOT_FOUND);
    assert_int_equal(outbox_done(server->root, one, 99), RESULT_NOT_FOUND);
    assert_int_equal(outbox_done(server->root, one, 1), RESULT_OK);
    assert_int_equal(outbox_done(server->root, one, 1), RESULT_NOT_FOUND);
    assert_int_equal(outbox_failed(server->root, one, 2, SLICE("why"), 100), RESULT_OK);
    assert_int_equal(outbox_failed(server->root, one, 2, SLICE("why"), 100), RESULT_NOT_FOUND);
    assert_int_equal(outbox_postponed(server->root, one, 3, SLICE("later"), 100), RESULT_OK);
    assert_int_equal(outbox_given_up(server->root, one, 4, SLICE("")), RESULT_OK);
    assert_int_equal(outbox_dropped(server->root, one, 5, SLICE("closed")), RESULT_OK);
    assert_int_equal(
        number(
            "SELECT CAST(SUM((id=1 AND done_at IS NOT NULL AND last_error='' AND attempts=1)+"
            "(id=2 AND done_at IS NULL AND last_error='why' AND attempts=1 AND claimed_by='' AND "
            "claimed_at>NOW()+INTERVAL 90 SECOND AND due_at<=NOW())+"
            "(id=3 AND done_at IS NULL AND last_error='later' AND attempts=0)+"
            "(id=4 AND done_at IS NOT NULL AND last_error='given up')+"
            "(id=5 AND done_at IS NOT NULL AND last_error='dropped: closed')) AS SIGNED) "
            "FROM portcullis_outbox"),
        5);
    assert_int_equal(outbox_claim(server->root, &ours, &arena, &item), RESULT_NOT_FOUND);
}

static void test_a_pause_and_a_lease_end(void **state)
{
    struct outbox_item item;
    (void)state;
    need_server();
    assert_int_equal(add(OUTBOX_SUSPEND, SLICE("x"), 0), RESULT_OK);
    assert_int_equal(outbox_claim(server->root, &ours, &arena, &item), RESULT_OK);
    own_sql(server->root, "UPDATE portcullis_outbox SET claimed_at=NOW()-INTERVAL 59 SECOND");
    assert_int_equal(outbox_claim(server->root, &theirs, &arena, &item), RESULT_NOT_FOUND);
    own_sql(server->root, "UPDATE portcullis_outbox SET claimed_at=NOW()-INTERVAL 62 SECOND");
    assert_int_equal(outbox_claim(server->root, &theirs, &arena, &item), RESULT_OK);
    assert_int_equal(item.attempts, 1);
    assert_int_equal(outbox_done(server->root, ours.name, 1), RESULT_NOT_FOUND);
    assert_int_equal(outbox_failed(server->root, theirs.name, 1, SLICE("e"), 30), RESULT_OK);
    assert_int_equal(outbox_claim(server->root, &ours, &arena, &item), RESULT_NOT_FOUND);
    own_sql(server->root, "UPDATE portcullis_outbox SET claimed_at=NOW()-INTERVAL 2 SECOND");
    assert_int_equal(outbox_claim(server->root, &ours, &arena, &item), RESULT_OK);
    assert_int_equal(item.attempts, 2);
    assert_true(slice_equal(item.last_error, SLICE("e")));
}

/* Of thousands that are due a look reads those that it gives, in their order, and sorts none: new
 * ones, ones that paused, ones that others have just claimed. */
static void test_a_backlog_is_not_sorted(void **state)
{
    struct outbox_item item;
    (void)state;
    need_server();
    own_sql(server->root,
            "INSERT INTO portcullis_outbox (report_id,service_id,action,reason,due_at,claimed_at,"
            "claimed_by,last_error,done_at) SELECT seq,seq,'ModuleSuspend','x',NOW()-INTERVAL 2 "
            "DAY,IF(seq=7,NOW()-INTERVAL 1 DAY,NOW()-INTERVAL seq MOD 1000 SECOND),IF(seq<5,'two',"
            "''),'',IF(seq MOD 4,NULL,NOW()) FROM seq_1_to_20000");
    own_sql(server->root, "UPDATE portcullis_outbox SET claimed_at=NOW() WHERE claimed_by='two'");
    own_sql(server->root, "ANALYZE TABLE portcullis_outbox");
    own_sql(server->root, "FLUSH STATUS");
    assert_int_equal(outbox_claim(server->root, &ours, &arena, &item), RESULT_OK);
    assert_int_equal(item.id, 7);
    assert_int_equal(number("SELECT CAST(SUM(VARIABLE_VALUE) AS SIGNED) FROM "
                            "information_schema.SESSION_STATUS WHERE VARIABLE_NAME='SORT_ROWS'"),
                     0);
    assert_in_range(number("SELECT CAST(SUM(VARIABLE_VALUE) AS SIGNED) FROM "
                           "information_schema.SESSION_STATUS WHERE VARIABLE_NAME LIKE "
                           "'HANDLER\\_READ%' AND VARIABLE_NAME NOT LIKE '%RND%'"),
                    1, 100);
}

/* The column is bounded, and its text stays text. */
static void test_a_long_error_is_cut(void **state)
{
    struct outbox_item item;
    struct buffer error;
    (void)state;
    need_server();
    buffer_init(&error);
    buffer_append_char(&error, 'x');
    for (int i = 0; i < 100000; i++)
        buffer_append_slice(&error, SLICE("\xc3\xa4"));
    assert_int_equal(add(OUTBOX_SUSPEND, SLICE("x"), 0), RESULT_OK);
    assert_int_equal(outbox_claim(server->root, &ours, &arena, &item), RESULT_OK);
    assert_int_equal(outbox_failed(server->root, ours.name, 1, buffer_slice(&error), 1), RESULT_OK);
    assert_int_equal(number("SELECT LENGTH(last_error) FROM portcullis_outbox"), 999);
    buffer_clear(&error);
}

static void test_numbers(void **state)
{
    struct outbox_numbers numbers;
    (void)state;
    need_server();
    assert_int_equal(outbox_count(server->root, &numbers), RESULT_OK);
    assert_int_equal(numbers.pending + numbers.oldest_s, 0);
    assert_int_equal(add(OUTBOX_SUSPEND, SLICE("x"), 10), RESULT_OK);
    assert_int_equal(outbox_count(server->root, &numbers), RESULT_OK);
    assert_int_equal(numbers.pending, 1);
    assert_int_equal(numbers.oldest_s, 0);
    assert_int_equal(add(OUTBOX_EMAIL, SLICE("x"), 0), RESULT_OK);
    own_sql(server->root,
            "UPDATE portcullis_outbox SET due_at=NOW()-INTERVAL 99 SECOND WHERE id=2");
    assert_int_equal(outbox_count(server->root, &numbers), RESULT_OK);
    assert_int_equal(numbers.pending, 2);
    assert_in_range(numbers.oldest_s, 99, 120);
    own_sql(server->root, "UPDATE portcullis_outbox SET done_at=NOW()");
    assert_int_equal(outbox_count(server->root, &numbers), RESULT_OK);
    assert_int_equal(numbers.pending, 0);
}

static void test_versions(void **state)
{
    static const struct {
        struct slice text;
        bool skips;
    } versions[] = {
        {SLICE("10.11.6-MariaDB-0+deb12u1"), true},
        {SLICE("10.6.0-MariaDB"), true},
        {SLICE("10.5.23-MariaDB-log"), false},
        {SLICE("5.5.68-MariaDB"), false},
        {SLICE("11.4.2-MariaDB"), true},
        {SLICE("8.0.1-dmr"), true},
        {SLICE("8.0.0-dmr"), false},
        {SLICE("8.0.36-28.1"), true},
        {SLICE("8.4.0"), true},
        {SLICE("9.1"), true},
        {SLICE("5.7.44-log"), false},
        {SLICE("5.7.25-TiDB-v7.1.0"), false},
        {SLICE("8"), false},
        {SLICE(""), false},
        {SLICE("MariaDB"), false},
        {SLICE("99999999999999999999.0"), true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
        if (outbox_version_skips_locked(versions[i].text) != versions[i].skips)
            fail_msg("%.*s", SLICE_ARGS(versions[i].text));
}

/* While another holds a row, a claim passes it by at once; without SKIP LOCKED it waits. */
static void test_a_locked_row_is_passed_by(void **state)
{
    struct outbox_item item;
    struct database *other;
    (void)state;
    need_server();
    other = database_create(&server->config);
    assert_int_equal(add(OUTBOX_SUSPEND, SLICE("first"), 0), RESULT_OK);
    assert_int_equal(add(OUTBOX_SUSPEND, SLICE("second"), 0), RESULT_OK);
    assert_int_equal(database_begin(other), RESULT_OK);
    assert_int_equal(
        database_execute(other, SLICE("UPDATE portcullis_outbox SET report_id=8 WHERE id=1")),
        RESULT_OK);
    assert_int_equal(outbox_claim(server->root, &ours, &arena, &item), RESULT_OK);
    assert_int_equal(item.id, 2);
    assert_int_equal(outbox_claim(server->root, &ours, &arena, &item), RESULT_NOT_FOUND);
    database_rollback(other);
    assert_int_equal(outbox_claim(server->root, &ours, &arena, &item), RESULT_OK);
    assert_int_equal(item.id, 1);
    database_destroy(other);
}

enum { RACERS = 4, RACE_ROWS = 100 };

struct racer {
    pthread_t thread;
    char name[32];
    bool never_skips;
    bool takes_turns;
    int claims;
};

static void *race(void *context)
{
    struct racer *racer = context;
    struct database *database = database_create(&server->config);
    struct outbox_claimant claimant = {slice_from(racer->name), 600, racer->never_skips};
    uint64_t until_us = clock_now_us() + OWN_MARIADB_WAIT_US;
    struct outbox_numbers numbers = {.pending = 1};
    while (numbers.pending && clock_now_us() < until_us) {
        struct arena own;
        struct outbox_item item;
        arena_init(&own);
        if (racer->takes_turns)
            claimant.never_skips = !claimant.never_skips;
        if (outbox_claim(database, &claimant, &own, &item) == RESULT_OK &&
            outbox_done(database, claimant.name, item.id) == RESULT_OK)
            racer->claims++;
        outbox_count(database, &numbers);
        arena_clear(&own);
    }
    database_destroy(database);
    return NULL;
}

static void run_race(bool never_skips, bool takes_turns)
{
    struct racer racers[RACERS];
    int claims = 0;
    need_server();
    for (int i = 0; i < RACE_ROWS; i++)
        assert_int_equal(add(OUTBOX_SUSPEND, SLICE("x"), 0), RESULT_OK);
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){.never_skips = never_skips, .takes_turns = takes_turns};
        snprintf(racers[i].name, sizeof(racers[i].name), "racer %d", i);
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < RACERS; i++) {
        pthread_join(racers[i].thread, NULL);
        claims += racers[i].claims;
    }
    assert_int_equal(claims, RACE_ROWS);
    assert_int_equal(
        number("SELECT COUNT(*) FROM portcullis_outbox WHERE attempts=1 AND done_at IS "
               "NOT NULL AND last_error=''"),
        RACE_ROWS);
}

static void test_a_race_with_skip_locked(void **state)
{
    (void)state;
    run_race(false, false);
}

static void test_a_race_without_it(void **state)
{
    (void)state;
    run_race(true, false);
}

static void test_a_race_of_both(void **state)
{
    (void)state;
    run_race(false, true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_added_and_claimed),
        TEST(test_added_in_a_transaction),
        TEST(test_without_the_table),
        TEST(test_what_came_of_it),
        TEST(test_a_pause_and_a_lease_end),
        TEST(test_a_backlog_is_not_sorted),
        TEST(test_a_long_error_is_cut),
        TEST(test_numbers),
        TEST(test_versions),
        TEST(test_a_locked_row_is_passed_by),
        TEST(test_a_race_with_skip_locked),
        TEST(test_a_race_without_it),
        TEST(test_a_race_of_both),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

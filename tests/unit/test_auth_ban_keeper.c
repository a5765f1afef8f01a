/* auth-and-bans.md, "Bans": memory and tblbannedips kept in step, against a server of the test's
 * own. Waits have generous ends and are over as soon as they can be. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>

#include <cmocka.h>

#include "auth/ban_keeper.h"
#include "captured_log.h"
#include "observe/metrics.h"
#include "own_mariadb.h"

enum { WAIT_US = 30000000, HOUR_S = 3600 };

static struct own_mariadb *server;
static struct captured_log captured = {-1, -1};

/* What the keeper told; of each test. */
static struct {
    struct ban_table *table;
    struct ban_keeper *keeper;
    struct config_ban config;
    pthread_mutex_t lock; /* guards what follows */
    size_t lifts;
    size_t rows;
    size_t settings;
    char lifted[NETWORK_TEXT]; /* the last */
    bool has_length;
    uint64_t length_ms;
    size_t whitelist;
} the = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void on_lift(void *context, const struct network *network)
{
    (void)context;
    pthread_mutex_lock(&the.lock);
    the.lifts++;
    network_print(network, the.lifted);
    pthread_mutex_unlock(&the.lock);
}

static void on_row(void *context, const struct ban *ban)
{
    (void)context;
    pthread_mutex_lock(&the.lock);
    the.rows += ban->poll > 0;
    pthread_mutex_unlock(&the.lock);
}

static void on_settings(void *context, const struct ban_settings *settings)
{
    (void)context;
    pthread_mutex_lock(&the.lock);
    the.settings++;
    the.has_length = settings->has_length;
    the.length_ms = settings->length_ms;
    the.whitelist = settings->whitelist.count;
    pthread_mutex_unlock(&the.lock);
}

static size_t told(const size_t *what)
{
    pthread_mutex_lock(&the.lock);
    size_t number = *what;
    pthread_mutex_unlock(&the.lock);
    return number;
}

static int setup(void **state)
{
    (void)state;
    server = own_mariadb_create();
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
    static char write[] = "write";
    (void)state;
    if (!server)
        return 0;
    own_sql(server->root, "DELETE FROM tblbannedips");
    own_sql(server->root, "DELETE FROM tblactivitylog");
    own_sql(server->root, "DELETE FROM tblconfiguration");
    the.config = (struct config_ban){.table = write, .table_poll_ms = 50};
    the.lifts = the.rows = the.settings = 0;
    the.table = ban_table_create(100000);
    the.keeper = NULL;
    return 0;
}

static void stop(void)
{
    if (the.keeper)
        ban_keeper_stop(the.keeper);
    ban_keeper_destroy(the.keeper);
    the.keeper = NULL;
}

static int end(void **state)
{
    (void)state;
    if (!server)
        return 0;
    if (server->pid)
        own_mariadb_resume(server);
    stop();
    ban_table_destroy(the.table);
    captured_log_end(&captured);
    return 0;
}

static void start_waiting(const struct config_mysql *mysql, uint64_t wait_ms)
{
    const struct ban_keeper_options options = {
        .config = &the.config,
        .mysql = mysql,
        .table = the.table,
        .on_lift = on_lift,
        .on_row = on_row,
        .on_settings = on_settings,
    };
    the.keeper = ban_keeper_create(&options);
    assert_non_null(the.keeper);
    assert_int_equal(ban_keeper_start(the.keeper, wait_ms), RESULT_OK);
}

static void start(void)
{
    start_waiting(&server->config, WAIT_US / 1000);
}

static int64_t wall_ms(void)
{
    return (int64_t)(clock_wall_us() / 1000);
}

static struct network net(const char *text)
{
    struct network network;
    assert_true(network_parse(slice_from(text), &network));
    return network;
}

static bool holds(const char *text)
{
    struct network_address address;
    assert_true(network_address_parse(slice_from(text), &address));
    return ban_table_holds(the.table, &address, wall_ms());
}

/* Seconds that are left; -1: there is no such ban. */
static int64_t left(const char *network)
{
    struct network parsed = net(network);
    struct ban ban;
    int64_t now_ms = wall_ms();
    return ban_table_find(the.table, &parsed, now_ms, &ban) ? (ban.expires_ms - now_ms) / 1000 : -1;
}

static bool is_known(const char *network)
{
    struct network parsed = net(network);
    struct ban ban;
    return ban_table_find(the.table, &parsed, wall_ms(), &ban) && ban.poll > 0;
}

/* What bans.c does for a ban made here, and for one lifted by hand. */
static void ban(const char *network, int64_t seconds)
{
    const struct ban made = {net(network), wall_ms() + seconds * 1000, 0};
    ban_table_put(the.table, &made, wall_ms());
    ban_keeper_add_row(the.keeper, &made, SLICE("failed logins"));
}

static void unban(const char *network)
{
    struct network parsed = net(network);
    ban_table_remove(the.table, &parsed);
    ban_keeper_delete_row(the.keeper, &parsed);
}

static void insert(const char *ip, int64_t seconds)
{
    char sql[300];
    snprintf(sql, sizeof(sql),
             "INSERT INTO tblbannedips (ip,reason,expires) "
             "VALUES ('%s','by hand',NOW()+INTERVAL %lld SECOND)",
             ip, (long long)seconds);
    own_sql(server->root, sql);
}

static int64_t count_of(const char *table, const char *where)
{
    char sql[300];
    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM %s WHERE %s", table, where);
    return own_number(server->root, sql);
}

static int64_t count(const char *where)
{
    return count_of("tblbannedips", where);
}

static bool comes(bool (*condition)(void))
{
    uint64_t until_us = clock_now_us() + WAIT_US;
    while (!condition() && clock_now_us() < until_us)
        usleep(2000);
    return condition();
}

#define await(condition)                                                                           \
    do {                                                                                           \
        uint64_t until_us = clock_now_us() + WAIT_US;                                              \
        while (!(condition) && clock_now_us() < until_us)                                          \
            usleep(2000);                                                                          \
        assert_true(condition);                                                                    \
    } while (0)

/* So many polls that began from now on have ended. */
static void await_polls(unsigned polls)
{
    uint64_t last = ban_table_last_poll(the.table);
    await(ban_table_last_poll(the.table) > last + polls);
}

/* A statement of the keeper's waits for a lock of ours. */
static void await_blocked(void)
{
    await(own_number(server->root, "SELECT COUNT(*) FROM information_schema.processlist "
                                   "WHERE state LIKE 'Waiting for table%'") > 0);
}

static void lock_table(void)
{
    own_sql(server->root, "LOCK TABLES tblbannedips WRITE");
    await_blocked();
}

static void unlock_table(void)
{
    own_sql(server->root, "UNLOCK TABLES");
}

static struct config_mysql plain_user(const char *privileges)
{
    static char user[] = "plain";
    char sql[200];
    struct config_mysql config = server->config;
    own_sql(server->root, "DROP USER IF EXISTS plain@localhost");
    own_sql(server->root, "CREATE USER plain@localhost");
    snprintf(sql, sizeof(sql), "GRANT %s ON whmcs.* TO plain@localhost", privileges);
    own_sql(server->root, sql);
    config.user = user;
    return config;
}

/* --- rows lead to bans --------------------------------------------------------------------- */

/* "rows put there by WHMCS or by hand are honoured, with wildcards: read every ban.table_poll.
 * Deleting the row there lifts the ban everywhere." */
static void test_rows_are_honoured_until_deleted(void **state)
{
    (void)state;
    if (!server)
        skip();
    insert("10.0.0.1", HOUR_S);
    start();
    assert_true(holds("10.0.0.1")); /* start returns with the rows known */
    insert("189.123.*.*", HOUR_S);
    insert("2001:db8:1:2::/64", HOUR_S);
    insert("10.0.0.9", -1);
    insert("garbage", HOUR_S);
    await(holds("189.123.4.5") && holds("2001:db8:1:2:3::4"));
    await_polls(2);
    assert_false(holds("10.0.0.9"));
    assert_in_range(left("189.123.*.*"), HOUR_S - 60, HOUR_S);
    assert_int_equal(told(&the.rows), 3); /* each once */
    own_sql(server->root, "DELETE FROM tblbannedips WHERE ip='189.123.*.*'");
    await(!holds("189.123.4.5"));
    await_polls(2);
    assert_int_equal(told(&the.lifts), 1);
    assert_string_equal(the.lifted, "189.123.0.0/16");
    assert_true(holds("10.0.0.1"));
    assert_int_equal(metric_get(METRIC_BANS_ROWS), 2);
}

/* The row's end is the ban's, whichever way it is moved; of two rows the later counts. */
static void test_ends_follow_the_rows(void **state)
{
    (void)state;
    if (!server)
        skip();
    insert("10.0.0.1", HOUR_S);
    start();
    own_sql(server->root, "UPDATE tblbannedips SET expires=NOW()+INTERVAL 10 HOUR");
    await(left("10.0.0.1") > 9 * HOUR_S);
    own_sql(server->root, "UPDATE tblbannedips SET expires=NOW()+INTERVAL 100 SECOND");
    await(left("10.0.0.1") <= 100);
    insert("10.0.0.1", HOUR_S);
    await(left("10.0.0.1") > 200);
    await_polls(3);
    assert_in_range(left("10.0.0.1"), HOUR_S - 60, HOUR_S);
    own_sql(server->root, "DELETE FROM tblbannedips WHERE expires>NOW()+INTERVAL 200 SECOND");
    await(left("10.0.0.1") <= 100);
    assert_int_equal(told(&the.lifts), 0);
    own_sql(server->root, "UPDATE tblbannedips SET expires='0000-00-00'");
    await(!holds("10.0.0.1"));
}

/* What ends by itself is lifted by nobody. */
static void test_an_end_is_no_lift(void **state)
{
    (void)state;
    if (!server)
        skip();
    start();
    ban("10.0.0.1", 6);
    insert("10.0.0.2", 6);
    await(is_known("10.0.0.1") && is_known("10.0.0.2"));
    await(!holds("10.0.0.1") && !holds("10.0.0.2"));
    await_polls(30);
    assert_false(holds("10.0.0.1") || holds("10.0.0.2"));
    assert_int_equal(told(&the.lifts), 0);
}

/* More rows than a page holds; all of them lifted at once. */
static void test_many_rows(void **state)
{
    (void)state;
    if (!server)
        skip();
    own_sql(server->root, "INSERT INTO tblbannedips (ip,reason,expires) SELECT "
                          "CONCAT_WS('.',10,seq>>16&255,seq>>8&255,seq&255),'',"
                          "NOW()+INTERVAL 1 HOUR FROM seq_1_to_5001");
    start();
    assert_int_equal(ban_table_count(the.table), 5001);
    assert_int_equal(told(&the.lifts), 0);
    own_sql(server->root, "DELETE FROM tblbannedips");
    await(told(&the.lifts) == 5001);
    assert_int_equal(ban_table_count(the.table), 0);
}

static atomic_bool should_churn;

static void *churn(void *context)
{
    struct database *own = database_create(&server->config);
    for (int i = 0; atomic_load(&should_churn); i++) {
        char sql[300];
        snprintf(sql, sizeof(sql),
                 "INSERT INTO tblbannedips (ip,reason,expires) SELECT "
                 "CONCAT('11.0.%d.',seq),'',NOW()+INTERVAL 1 HOUR FROM seq_0_to_99",
                 i % 200);
        database_execute(own, slice_from(sql));
        database_execute(own, SLICE("DELETE FROM tblbannedips WHERE ip LIKE '11.%' LIMIT 100"));
        usleep(1000);
    }
    database_destroy(own);
    return context;
}

static bool is_banned_and_known(void)
{
    return holds("12.0.0.1") && is_known("12.0.0.2");
}

static bool is_neither_banned(void)
{
    return !holds("12.0.0.1") && !holds("12.0.0.2");
}

/* Rows come and go while pages are read: whoever's row stays is banned throughout. */
static void test_rows_come_and_go_while_it_reads(void **state)
{
    (void)state;
    pthread_t thread;
    if (!server)
        skip();
    the.config.table_poll_ms = 1;
    own_sql(server->root, "INSERT INTO tblbannedips (ip,reason,expires) SELECT "
                          "CONCAT_WS('.',10,seq>>16&255,seq>>8&255,seq&255),'',"
                          "NOW()+INTERVAL 1 HOUR FROM seq_1_to_3800");
    /* They fill the first page, and are none for which polls would pause. */
    own_sql(server->root, "INSERT INTO tblbannedips (ip,reason,expires) SELECT "
                          "CONCAT('x',seq),'',NOW()+INTERVAL 1 HOUR FROM seq_1_to_1200");
    captured_log_begin(&captured);
    start();
    captured_log_end(&captured);
    atomic_store(&should_churn, true);
    pthread_create(&thread, NULL, churn, NULL);
    size_t faults = 0; /* no test ends while the other thread runs */
    for (int i = 0; i < 4; i++) {
        insert("12.0.0.1", HOUR_S);
        ban("12.0.0.2", HOUR_S);
        faults += !comes(is_banned_and_known) || !holds("10.0.0.1") || !holds("10.0.14.216");
        own_sql(server->root, "DELETE FROM tblbannedips WHERE ip LIKE '12.%'");
        faults += !comes(is_neither_banned) || !holds("10.0.0.1") || !holds("10.0.14.216");
    }
    atomic_store(&should_churn, false);
    pthread_join(thread, NULL);
    assert_int_equal(faults, 0);
    own_sql(server->root, "DELETE FROM tblbannedips WHERE ip LIKE '11.%'");
    await(ban_table_count(the.table) == 3800);
}

/* "Memory is bounded": what does not fit is said, once. */
static void test_more_rows_than_memory_takes(void **state)
{
    (void)state;
    if (!server)
        skip();
    ban_table_destroy(the.table);
    the.table = ban_table_create(50);
    own_sql(server->root, "INSERT INTO tblbannedips (ip,reason,expires) SELECT "
                          "CONCAT('10.0.0.',seq),'',NOW()+INTERVAL 1 HOUR FROM seq_1_to_60");
    captured_log_begin(&captured);
    start();
    await_polls(3);
    size_t lines = captured_log_count(&captured, "10 rows of tblbannedips are not honoured");
    captured_log_end(&captured);
    assert_int_equal(lines, 1);
    assert_int_equal(ban_table_count(the.table), 50);
}

/* --- bans lead to rows --------------------------------------------------------------------- */

/* "A ban is also a row of tblbannedips (ip, reason, expires)"; "provisional (in force, not liftable
 * by a poll) until its row is known" */
static void test_a_ban_becomes_a_row(void **state)
{
    (void)state;
    if (!server)
        skip();
    start();
    ban("10.0.0.1", 900);
    ban("2001:db8:1:2::/64", 900);
    assert_true(holds("10.0.0.1"));
    await(is_known("10.0.0.1") && is_known("2001:db8:1:2::/64"));
    assert_int_equal(count("ip='10.0.0.1' AND reason='failed logins' AND "
                           "TIMESTAMPDIFF(SECOND,NOW(),expires) BETWEEN 840 AND 900"),
                     1);
    assert_int_equal(count("ip='2001:db8:1:2::/64'"), 1);
    assert_int_equal(told(&the.rows), 2); /* others are told that the row is known */
    await_polls(3);
    assert_int_equal(told(&the.rows), 2);
    assert_true(holds("10.0.0.1"));
    own_sql(server->root, "DELETE FROM tblbannedips WHERE ip='10.0.0.1'");
    await(!holds("10.0.0.1"));
    await(told(&the.lifts) == 1);
    await_polls(3);
    assert_int_equal(count("1=1"), 1);
}

static void test_the_activity_log(void **state)
{
    (void)state;
    struct network network = net("10.0.0.1");
    if (!server)
        skip();
    start();
    for (int i = 0; i < 3; i++)
        ban_keeper_log(the.keeper, SLICE("10.0.0.1 banned"), &network);
    await(count_of("tblactivitylog", "description='portcullis: 10.0.0.1 banned' AND "
                                     "ipaddr='10.0.0.1' AND user='portcullis'") == 3);
}

/* By hand for longer than the row says: the row follows, not the ban. */
static void test_a_ban_made_longer(void **state)
{
    (void)state;
    if (!server)
        skip();
    insert("10.0.0.1", 100);
    start();
    lock_table(); /* a poll is under way, and will find the short row */
    ban("10.0.0.1", 10 * HOUR_S);
    unlock_table();
    await(count("expires>NOW()+INTERVAL 9 HOUR") == 1);
    await_polls(3);
    assert_int_equal(count("1=1"), 1);
    assert_in_range(left("10.0.0.1"), 9 * HOUR_S, 10 * HOUR_S);
    assert_int_equal(told(&the.lifts), 0);
}

/* "Nobody is locked out": a ban that was lifted before its row was written leaves none. */
static void test_lifted_before_it_was_written(void **state)
{
    (void)state;
    struct network network = net("10.0.0.1");
    if (!server)
        skip();
    start();
    lock_table();
    ban("10.0.0.1", 900);
    ban("10.0.0.2", 900);
    ban_table_remove(the.table, &network); /* another gateway's word */
    unban("10.0.0.2");
    unlock_table();
    ban("10.0.0.3", 900);
    await(is_known("10.0.0.3"));
    await_polls(2);
    assert_int_equal(count("1=1"), 1);
    assert_false(holds("10.0.0.1") || holds("10.0.0.2"));
}

/* Another gateway's word of a lift comes first, then its deletion of the row, and polls in between
 * (begun before the word, or after it) read the row: the ban stays lifted, and nobody is told of
 * the row. It counts again once the lift is some time ago, should it still be there. */
static void test_a_row_that_is_read_after_its_lift(void **state)
{
    (void)state;
    struct network network = net("10.0.0.1");
    if (!server)
        skip();
    start();
    insert("10.0.0.1", 900);
    await(is_known("10.0.0.1"));
    size_t rows = told(&the.rows);
    ban_table_note_lift(the.table, &network, wall_ms());
    ban_table_remove(the.table, &network);
    int64_t lifted_ms = wall_ms();
    await_polls(3);
    if (wall_ms() - lifted_ms < BAN_TABLE_LIFT_MS) {
        assert_false(holds("10.0.0.1"));
        assert_int_equal(told(&the.rows), rows);
    }
    await(holds("10.0.0.1"));
    assert_true(wall_ms() - lifted_ms >= BAN_TABLE_LIFT_MS - 100);
    assert_int_equal(told(&the.lifts), 0);
}

/* A poll began before the word and its rows come after it. */
static void test_a_row_that_was_asked_for_before_its_lift(void **state)
{
    (void)state;
    struct network network = net("10.0.0.1");
    if (!server)
        skip();
    start();
    insert("10.0.0.1", 900);
    await(is_known("10.0.0.1"));
    lock_table();
    ban_table_note_lift(the.table, &network, wall_ms());
    ban_table_remove(the.table, &network);
    usleep((BAN_TABLE_LIFT_MS + 200) * 1000); /* the lift is long ago when the rows come */
    size_t rows = told(&the.rows);
    own_sql(server->root, "DELETE FROM tblbannedips");
    insert("10.0.0.2", 900);
    insert("10.0.0.1", 900); /* as if the server had looked before the deletion */
    uint64_t poll = ban_table_last_poll(the.table);
    unlock_table();
    await(is_known("10.0.0.2"));
    if (ban_table_last_poll(the.table) == poll) {
        assert_false(holds("10.0.0.1"));
        assert_int_equal(told(&the.rows), rows + 1);
    }
}

/* Another gateway's word comes while the row is being written: it goes again. */
static void test_lifted_while_it_is_written(void **state)
{
    (void)state;
    struct network network = net("10.0.0.1");
    if (!server)
        skip();
    start();
    own_sql(server->root, "LOCK TABLES tblbannedips READ");
    ban("10.0.0.1", 900);
    await_blocked();
    ban_table_remove(the.table, &network);
    ban("10.0.0.2", 900);
    unlock_table();
    await(is_known("10.0.0.2"));
    await(count("ip='10.0.0.1'") == 0);
    assert_false(holds("10.0.0.1"));
}

/* Made longer by hand, and the row deleted before it could be moved: the longer ban is a new one,
 * and stays until its own row is known. */
static void test_deleted_before_it_was_moved(void **state)
{
    (void)state;
    if (!server)
        skip();
    const struct config_mysql mysql = plain_user("SELECT,INSERT");
    insert("10.0.0.1", HOUR_S);
    start_waiting(&mysql, WAIT_US / 1000);
    int64_t errors = metric_get(METRIC_DB_ERRORS);
    ban("10.0.0.1", 10 * HOUR_S);
    await(metric_get(METRIC_DB_ERRORS) > errors); /* moving it was refused */
    own_sql(server->root, "DELETE FROM tblbannedips");
    await(holds("10.0.0.1") && !is_known("10.0.0.1"));
    await_polls(2);
    assert_in_range(left("10.0.0.1"), 9 * HOUR_S, 10 * HOUR_S);
    assert_int_equal(told(&the.lifts), 0);
    stop(); /* the last try */
    assert_int_equal(count("expires>NOW()+INTERVAL 9 HOUR"), 1);
}

static void test_lifted_by_hand(void **state)
{
    (void)state;
    if (!server)
        skip();
    start();
    insert("10.0.0.1", HOUR_S);
    insert(" 10.0.0.1", HOUR_S);
    insert("10.0.0.1/32", -HOUR_S);
    insert("10.0.0.0/24", HOUR_S);
    await(is_known("10.0.0.1") && is_known("10.0.0.0/24"));
    unban("10.0.0.0/24");
    unban("10.0.0.1");
    assert_false(holds("10.0.0.1"));
    await(count("1=1") == 0);
    await_polls(3);
    assert_false(holds("10.0.0.1"));
    assert_int_equal(told(&the.lifts), 0); /* who lifts by hand tells of it himself */
}

/* A poll under way has read the row, or is about to: it does not bring the ban back. */
static void test_lifted_while_a_poll_reads(void **state)
{
    (void)state;
    if (!server)
        skip();
    insert("10.0.0.1", HOUR_S);
    start();
    lock_table();
    unban("10.0.0.1");
    unlock_table();
    await(count("1=1") == 0);
    await_polls(3);
    assert_false(holds("10.0.0.1"));
    assert_int_equal(told(&the.rows), 1); /* the first poll's */
}

/* Banned again right after: the old row goes, the ban stays and has a row of its own. */
static void test_lifted_and_banned_again(void **state)
{
    (void)state;
    if (!server)
        skip();
    insert("10.0.0.1", HOUR_S);
    start();
    for (int i = 0; i < 10; i++) {
        lock_table();
        unban("10.0.0.1");
        ban("10.0.0.1", 900);
        unlock_table();
        if (i % 2)
            ban("10.0.0.1", 900);
        await_polls(2);
        assert_true(holds("10.0.0.1"));
        await(is_known("10.0.0.1"));
        assert_int_equal(count("1=1"), 1);
        assert_int_equal(count("reason='failed logins'"), 1);
    }
    assert_int_equal(told(&the.lifts), 0);
}

/* Another gateway read the row before it went, and told us: it does not stay. */
static void test_told_of_a_row_that_goes(void **state)
{
    (void)state;
    if (!server)
        skip();
    insert("10.0.0.1", HOUR_S);
    start();
    lock_table();
    unban("10.0.0.1");
    const struct ban heard = {net("10.0.0.1"), wall_ms() + 900000,
                              ban_table_last_poll(the.table) + 100000};
    ban_table_put(the.table, &heard, wall_ms());
    unlock_table();
    await(count("1=1") == 0);
    await(!holds("10.0.0.1"));
    await(told(&the.lifts) == 1); /* and the others are told again */
}

/* "Ends the keeper; rows not yet written are tried once more." */
static void test_what_waits_is_written_at_the_end(void **state)
{
    (void)state;
    char network[32];
    if (!server)
        skip();
    start();
    for (int i = 0; i < 50; i++) {
        snprintf(network, sizeof(network), "10.0.0.%d", i);
        struct network parsed = net(network);
        ban(network, 900);
        ban_keeper_log(the.keeper, SLICE("banned"), &parsed);
    }
    stop();
    assert_int_equal(count("1=1"), 50);
    assert_int_equal(count_of("tblactivitylog", "1=1"), 50);
}

/* "ban.table=read keeps the gateway from writing there" */
static void test_ban_table_read(void **state)
{
    (void)state;
    static char read[] = "read";
    struct network network = net("10.0.0.1");
    if (!server)
        skip();
    the.config.table = read;
    insert("10.0.0.2", HOUR_S);
    start();
    ban("10.0.0.1", 900);
    unban("10.0.0.2");
    ban_keeper_log(the.keeper, SLICE("banned"), &network);
    await(holds("10.0.0.2")); /* its row stands */
    await_polls(3);
    assert_true(holds("10.0.0.1"));
    assert_false(is_known("10.0.0.1"));
    stop();
    assert_int_equal(count("1=1"), 1);
    assert_int_equal(count("ip='10.0.0.2' AND reason='by hand'"), 1);
    assert_int_equal(count_of("tblactivitylog", "1=1"), 1);
}

/* --- settings ------------------------------------------------------------------------------ */

static void test_settings(void **state)
{
    (void)state;
    if (!server)
        skip();
    start();
    assert_int_equal(told(&the.settings), 1);
    assert_false(the.has_length);
    own_sql(server->root, "INSERT INTO tblconfiguration (setting,value) VALUES "
                          "('InvalidLoginBanLength','20'),('WhitelistedIPs',"
                          "'a:1:{i:0;a:2:{s:2:\"ip\";s:9:\"127.0.0.1\";s:4:\"note\";s:0:\"\";}}')");
    await(told(&the.settings) == 2);
    assert_true(the.has_length && the.length_ms == 1200000 && the.whitelist == 1);
    own_sql(server->root, "UPDATE tblconfiguration SET value='0' WHERE setting LIKE 'Inv%'");
    await(told(&the.settings) == 3);
    assert_true(the.has_length && the.length_ms == 0 && the.whitelist == 1);
    own_sql(server->root, "DELETE FROM tblconfiguration");
    await(told(&the.settings) == 4);
    assert_true(!the.has_length && the.whitelist == 0);
    await_polls(3);
    assert_int_equal(told(&the.settings), 4);
}

/* --- faults -------------------------------------------------------------------------------- */

/* Killed and back: nobody is let in or locked out by it, and nothing that was to be written is
 * lost. */
static void test_the_database_dies_and_returns(void **state)
{
    (void)state;
    struct network network = net("10.0.0.2");
    if (!server)
        skip();
    insert("10.0.0.1", HOUR_S);
    insert("10.0.0.3", HOUR_S);
    start();
    own_mariadb_kill(server);
    ban("10.0.0.2", 900);
    unban("10.0.0.3");
    ban_keeper_log(the.keeper, SLICE("banned"), &network);
    await_polls(3);
    assert_true(holds("10.0.0.1") && holds("10.0.0.2"));
    assert_false(holds("10.0.0.3"));
    own_mariadb_start(server);
    own_sql(server->root, "USE whmcs");
    await(is_known("10.0.0.2"));
    await(count("ip='10.0.0.3'") == 0);
    await(count_of("tblactivitylog", "1=1") == 1);
    assert_true(holds("10.0.0.1"));
    assert_int_equal(count("1=1"), 2);
    assert_int_equal(told(&the.lifts), 0);
}

/* tblbannedips is gone: said once; everything else goes on, and no ban is lifted by it. */
static void test_no_table(void **state)
{
    (void)state;
    struct network network = net("10.0.0.2");
    if (!server)
        skip();
    insert("10.0.0.1", HOUR_S);
    captured_log_begin(&captured);
    start();
    own_sql(server->root, "RENAME TABLE tblbannedips TO away");
    await(captured_log_count(&captured, "tblbannedips cannot be read") > 0);
    ban("10.0.0.2", 900);
    ban_keeper_log(the.keeper, SLICE("banned"), &network);
    await(count_of("tblactivitylog", "1=1") == 1);
    assert_true(holds("10.0.0.1") && holds("10.0.0.2"));
    stop();
    size_t lines = captured_log_count(&captured, "tblbannedips");
    captured_log_end(&captured);
    own_sql(server->root, "RENAME TABLE away TO tblbannedips");
    assert_int_equal(lines, 1);
    assert_int_equal(told(&the.lifts), 0);
}

static void test_no_settings(void **state)
{
    (void)state;
    if (!server)
        skip();
    own_sql(server->root, "RENAME TABLE tblconfiguration TO away");
    captured_log_begin(&captured);
    start();
    insert("10.0.0.1", HOUR_S);
    await(holds("10.0.0.1"));
    await_polls(3);
    size_t lines = captured_log_count(&captured, "tblconfiguration");
    captured_log_end(&captured);
    own_sql(server->root, "RENAME TABLE away TO tblconfiguration");
    assert_int_equal(lines, 1);
    assert_int_equal(told(&the.settings), 0);
}

/* Bans without rows hold, and the log is not flooded. */
static void test_no_privilege_to_insert(void **state)
{
    (void)state;
    struct network network = net("10.0.0.1");
    if (!server)
        skip();
    const struct config_mysql mysql = plain_user("SELECT,DELETE");
    int64_t before = metric_get(METRIC_BANS_UNWRITTEN);
    captured_log_begin(&captured);
    start_waiting(&mysql, WAIT_US / 1000);
    ban("10.0.0.1", 900);
    ban("10.0.0.2", 900);
    for (int i = 0; i < 3; i++)
        ban_keeper_log(the.keeper, SLICE("banned"), &network);
    insert("10.0.0.3", HOUR_S);
    await(holds("10.0.0.3"));
    await(captured_log_count(&captured, "INSERT IGNORE INTO tblbannedips") == 1);
    await(captured_log_count(&captured, "INSERT IGNORE INTO tblactivitylog") == 1);
    await_polls(5);
    assert_true(holds("10.0.0.1") && holds("10.0.0.2"));
    assert_int_equal(captured_log_count(&captured, "database_error"), 2);
    stop();
    captured_log_end(&captured);
    assert_int_equal(count("1=1"), 1);
    assert_int_equal(metric_get(METRIC_BANS_UNWRITTEN) - before, 2); /* the last tries, too */
}

/* What may not be deleted bans on, and somebody is told why. */
static void test_no_privilege_to_delete(void **state)
{
    (void)state;
    if (!server)
        skip();
    const struct config_mysql mysql = plain_user("SELECT,INSERT,UPDATE");
    insert("10.0.0.1", HOUR_S);
    insert("10.0.0.2", HOUR_S);
    captured_log_begin(&captured);
    start_waiting(&mysql, WAIT_US / 1000);
    lock_table();
    unban("10.0.0.1");
    unban("10.0.0.2");
    ban("10.0.0.2", 10 * HOUR_S);
    unlock_table();
    await(captured_log_count(&captured, "10.0.0.1 stays banned") == 1);
    await(holds("10.0.0.1"));
    stop();
    captured_log_end(&captured);
    /* One of the two was tried at once, the other at the end: its row could be moved. */
    assert_int_equal(count("1=1"), 2);
    assert_int_equal(count("ip='10.0.0.2' AND expires>NOW()+INTERVAL 9 HOUR"), 1);
}

/* --- starting and ending ------------------------------------------------------------------- */

static void assert_stops_at_once(void)
{
    uint64_t began_us = clock_now_us();
    ban_keeper_stop(the.keeper);
    uint64_t took_us = clock_now_us() - began_us;
    own_mariadb_resume(server);
    assert_true(took_us < 3000000); /* a second, and a busy machine */
}

/* The database hangs while a statement is under way, or work waits. */
static void test_stop_while_a_statement_hangs(void **state)
{
    (void)state;
    struct config_mysql patient;
    if (!server)
        skip();
    patient = server->config;
    patient.read_deadline_ms = 60000;
    for (int i = 0; i < 3; i++) {
        start_waiting(&patient, WAIT_US / 1000);
        own_mariadb_pause(server);
        if (i == 1)
            ban("10.0.0.1", 900);
        usleep(i == 2 ? 0 : 200000);
        assert_stops_at_once();
        ban_keeper_destroy(the.keeper);
        the.keeper = NULL;
    }
}

/* It hangs while the keeper connects. */
static void test_stop_while_connecting_hangs(void **state)
{
    (void)state;
    struct config_mysql patient;
    if (!server)
        skip();
    patient = server->config;
    patient.connect_timeout_ms = 60000;
    own_mariadb_pause(server);
    uint64_t began_us = clock_now_us();
    start_waiting(&patient, 100);
    assert_true(clock_now_us() - began_us < 10000000); /* nor does the start wait for it */
    ban("10.0.0.1", 900);
    usleep(100000);
    assert_stops_at_once();
}

/* No server at all, and never started. */
static void test_stop_without_a_server(void **state)
{
    (void)state;
    struct config_mysql nowhere;
    if (!server)
        skip();
    nowhere = server->config;
    nowhere.socket = (char[]){"/nonexistent/sql"};
    start_waiting(&nowhere, 10000);
    ban("10.0.0.1", 900);
    assert_true(holds("10.0.0.1"));
    assert_stops_at_once();
    ban_keeper_stop(the.keeper); /* twice */
    ban_keeper_destroy(the.keeper);
    const struct ban_keeper_options options = {
        .config = &the.config, .mysql = &nowhere, .table = the.table};
    the.keeper = ban_keeper_create(&options);
    ban_keeper_stop(the.keeper);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(test_rows_are_honoured_until_deleted),
        EACH(test_ends_follow_the_rows),
        EACH(test_an_end_is_no_lift),
        EACH(test_many_rows),
        EACH(test_rows_come_and_go_while_it_reads),
        EACH(test_more_rows_than_memory_takes),
        EACH(test_a_ban_becomes_a_row),
        EACH(test_the_activity_log),
        EACH(test_a_ban_made_longer),
        EACH(test_lifted_before_it_was_written),
        EACH(test_lifted_while_it_is_written),
        EACH(test_a_row_that_is_read_after_its_lift),
        EACH(test_a_row_that_was_asked_for_before_its_lift),
        EACH(test_deleted_before_it_was_moved),
        EACH(test_lifted_by_hand),
        EACH(test_lifted_while_a_poll_reads),
        EACH(test_lifted_and_banned_again),
        EACH(test_told_of_a_row_that_goes),
        EACH(test_what_waits_is_written_at_the_end),
        EACH(test_ban_table_read),
        EACH(test_settings),
        EACH(test_no_table),
        EACH(test_no_settings),
        EACH(test_no_privilege_to_insert),
        EACH(test_no_privilege_to_delete),
        EACH(test_stop_while_a_statement_hangs),
        EACH(test_stop_while_connecting_hangs),
        EACH(test_stop_without_a_server),
        EACH(test_the_database_dies_and_returns),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

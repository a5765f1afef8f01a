/* auth-and-bans.md, "Bans": rows of tblbannedips, against a real server of the test's own. */
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "captured_log.h"
#include "own_mariadb.h"
#include "whmcs/activity_log.h"
#include "whmcs/banned_addresses.h"

static struct own_mariadb *server;
static struct captured_log captured = {-1, -1};
static struct database *database; /* of each test */
static struct banned_addresses *addresses;

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
    (void)state;
    if (!server)
        return 0;
    own_sql(server->root, "DELETE FROM tblbannedips");
    database = database_create(&server->config);
    addresses = banned_addresses_create(database);
    return 0;
}

static int end(void **state)
{
    (void)state;
    captured_log_end(&captured);
    if (!server)
        return 0;
    banned_addresses_destroy(addresses);
    database_destroy(database);
    return 0;
}

static void insert(const char *ip, const char *expires)
{
    char sql[400];
    snprintf(sql, sizeof(sql),
             "INSERT INTO tblbannedips (ip,reason,expires) VALUES ('%s','by hand',%s)", ip,
             expires);
    own_sql(server->root, sql);
}

static struct network net(const char *text)
{
    struct network network;
    assert_true(network_parse(slice_from(text), &network));
    return network;
}

static int64_t count(const char *where)
{
    char sql[300];
    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM tblbannedips WHERE %s", where);
    return own_number(server->root, sql);
}

struct seen {
    char text[4000]; /* "network seconds\n" */
    size_t rows;
    int64_t last_id;
    int64_t seconds; /* of the last */
    bool is_ordered;
};

static void see(void *context, const struct banned_address *row)
{
    struct seen *seen = context;
    char network[NETWORK_TEXT];
    size_t used = strlen(seen->text);
    network_print(&row->network, network);
    snprintf(seen->text + used, sizeof(seen->text) - used, "%s ", network);
    seen->is_ordered = seen->is_ordered && row->id > seen->last_id;
    seen->last_id = row->id;
    seen->seconds = row->seconds_left;
    seen->rows++;
}

/* All pages; how many there were. */
static size_t read_all(struct seen *seen)
{
    int64_t after_id = 0;
    size_t pages = 0;
    enum result result = RESULT_OK;
    *seen = (struct seen){.is_ordered = true};
    while (result == RESULT_OK) {
        result = banned_addresses_read_page(addresses, &after_id, see, seen);
        pages++;
    }
    assert_int_equal(result, RESULT_NOT_FOUND);
    assert_true(seen->is_ordered);
    return pages;
}

static void put(const char *network, const char *reason, uint64_t seconds)
{
    struct network parsed = net(network);
    assert_int_equal(banned_addresses_put(addresses, &parsed, slice_from(reason), seconds),
                     RESULT_OK);
}

static void delete (const char *network)
{
    struct network parsed = net(network);
    assert_int_equal(banned_addresses_delete(addresses, &parsed), RESULT_OK);
}

/* --- reading ------------------------------------------------------------------------------- */

/* "rows put there by WHMCS or by hand are honoured, with wildcards"; "wildcards and CIDR are read,
 * IPv4 and IPv6" */
static void test_every_spelling(void **state)
{
    (void)state;
    static const char *const spelled[] = {
        "10.0.0.1",          "10.0.0.0/8",           "189.123.*.*",
        "20.*.7.*",          "2001:db8::1",          "2001:0DB8:0:0:0:0:0:2",
        "2001:db8:1:2::/64", "2001:db8:1:3:*:*:*:*", "::ffff:10.0.0.9",
        "  10.0.0.2 ",       "\t10.0.0.3/32",        "10.1.2.3/24"};
    struct seen seen;
    if (!server)
        skip();
    for (size_t i = 0; i < sizeof(spelled) / sizeof(spelled[0]); i++)
        insert(spelled[i], "NOW()+INTERVAL 1 HOUR");
    assert_int_equal(read_all(&seen), 1);
    assert_string_equal(seen.text,
                        "10.0.0.1 10.0.0.0/8 189.123.0.0/16 20.*.7.* 2001:db8::1 2001:db8::2 "
                        "2001:db8:1:2::/64 2001:db8:1:3::/64 10.0.0.9 10.0.0.2 10.0.0.3 "
                        "10.1.2.0/24 ");
}

static void test_garbage_bans_nobody_and_is_told_once(void **state)
{
    (void)state;
    static const char *const garbage[] = {"",
                                          " ",
                                          "localhost",
                                          "10.0.0",
                                          "10.0.0.256",
                                          "10.0.0.0/33",
                                          "10.0.0.1,10.0.0.2",
                                          "*",
                                          "10.0.0.1*",
                                          "10.0.0.1; DROP TABLE x",
                                          "2001:db8::*",
                                          "fe80::1%eth0",
                                          "[::1]",
                                          "10.0.0.1:80",
                                          "B\xc3\xbcro"};
    enum { GARBAGE = sizeof(garbage) / sizeof(garbage[0]) };
    struct seen seen;
    if (!server)
        skip();
    for (size_t i = 0; i < GARBAGE; i++)
        insert(garbage[i], "NOW()+INTERVAL 1 HOUR");
    own_sql(server->root, "INSERT INTO tblbannedips (ip,reason,expires) "
                          "VALUES (REPEAT('1',60000),'',NOW()+INTERVAL 1 HOUR)");
    insert("10.0.0.7", "NOW()+INTERVAL 1 HOUR");
    captured_log_begin(&captured);
    for (int i = 0; i < 3; i++) {
        read_all(&seen);
        assert_string_equal(seen.text, "10.0.0.7 ");
    }
    delete ("10.0.0.6");
    size_t lines = captured_log_count(&captured, "ban_row");
    captured_log_end(&captured);
    assert_int_equal(lines, GARBAGE + 1);
    assert_int_equal(count("1=1"), GARBAGE + 2); /* and none is touched */
}

/* A table of garbage does not fill the log. */
static void test_much_garbage(void **state)
{
    (void)state;
    struct seen seen;
    if (!server)
        skip();
    own_sql(server->root, "INSERT INTO tblbannedips (ip,reason,expires) "
                          "SELECT CONCAT('x',seq),'',NOW()+INTERVAL 1 HOUR FROM seq_1_to_6000");
    captured_log_begin(&captured);
    read_all(&seen);
    read_all(&seen);
    size_t lines = captured_log_count(&captured, "ban_row");
    captured_log_end(&captured);
    assert_int_equal(seen.rows, 0);
    assert_int_equal(lines, 256);
}

/* data-model.md: local times of the database's NOW(); zero dates. A row without an end has ended,
 * as it has for WHMCS, which deletes it. */
static void test_ends(void **state)
{
    (void)state;
    struct seen seen;
    if (!server)
        skip();
    own_sql(server->root, "ALTER TABLE tblbannedips MODIFY expires datetime NULL");
    insert("10.0.0.1", "NOW()-INTERVAL 1 SECOND");
    insert("10.0.0.2", "'0000-00-00 00:00:00'");
    insert("10.0.0.3", "NULL");
    insert("10.0.0.4", "'2000-01-01'");
    insert("10.0.0.5", "NOW()");
    insert("10.0.0.6", "NOW()+INTERVAL 900 SECOND");
    read_all(&seen);
    assert_string_equal(seen.text, "10.0.0.6 ");
    assert_in_range(seen.seconds, 800, 900);
    insert("10.0.0.7", "'9999-12-31 23:59:59'");
    read_all(&seen);
    assert_string_equal(seen.text, "10.0.0.6 10.0.0.7 ");
    assert_true(seen.seconds > INT64_C(200000000000));
    own_sql(server->root, "DELETE FROM tblbannedips WHERE expires IS NULL");
    own_sql(server->root, "ALTER TABLE tblbannedips MODIFY expires datetime NOT NULL");
}

/* The host's clock and zone play no part: only how much is left does. */
static void test_another_clock_and_zone(void **state)
{
    (void)state;
    struct seen seen;
    struct config_mysql config = server ? server->config : (struct config_mysql){.statements = 0};
    static char user[] = "plain";
    if (!server)
        skip();
    own_sql(server->root, "CREATE USER plain@localhost");
    own_sql(server->root, "GRANT SELECT,INSERT,UPDATE,DELETE ON whmcs.* TO plain@localhost");
    /* What a session without privileges starts with: a server eleven hours east, 40 days behind. */
    own_sql(server->root, "SET GLOBAL init_connect='SET time_zone=\"+11:00\", "
                          "timestamp=UNIX_TIMESTAMP()-40*86400'");
    config.user = user;
    struct database *far = database_create(&config);
    struct banned_addresses *near = addresses;
    addresses = banned_addresses_create(far);
    put("10.0.0.1", "r", 900);
    read_all(&seen);
    assert_string_equal(seen.text, "10.0.0.1 ");
    assert_in_range(seen.seconds, 890, 900);
    put("10.0.0.1", "r", 900);
    assert_int_equal(count("1=1"), 1);
    banned_addresses_destroy(addresses);
    database_destroy(far);
    addresses = near;
    own_sql(server->root, "SET GLOBAL init_connect=''");
    own_sql(server->root, "DROP USER plain@localhost");
}

/* Pages of 5000, whatever stands between; a full last page is followed by an empty one. */
static void test_pages(void **state)
{
    (void)state;
    struct seen seen;
    if (!server)
        skip();
    assert_int_equal(read_all(&seen), 1);
    assert_int_equal(seen.rows, 0);
    own_sql(server->root, "INSERT INTO tblbannedips (ip,reason,expires) SELECT "
                          "CONCAT_WS('.',10,seq>>16&255,seq>>8&255,seq&255),'',"
                          "NOW()+INTERVAL IF(seq%5=0,-1,1) HOUR FROM seq_1_to_15001");
    assert_int_equal(read_all(&seen), 3);
    assert_int_equal(seen.rows, 12001);
    own_sql(server->root, "DELETE FROM tblbannedips WHERE expires<NOW()");
    own_sql(server->root, "DELETE FROM tblbannedips ORDER BY id DESC LIMIT 7001");
    assert_int_equal(read_all(&seen), 2);
    assert_int_equal(seen.rows, 5000);
}

/* A page that fails in its middle is no last page: nothing is taken for deleted. */
static void test_no_table_and_no_privilege(void **state)
{
    (void)state;
    struct seen seen = {.rows = 0};
    int64_t after_id = 0;
    struct network network = net("10.0.0.1");
    if (!server)
        skip();
    own_sql(server->root, "RENAME TABLE tblbannedips TO away");
    assert_int_equal(banned_addresses_read_page(addresses, &after_id, see, &seen), RESULT_STALE);
    assert_int_equal(banned_addresses_put(addresses, &network, SLICE("r"), 60), RESULT_STALE);
    assert_int_equal(banned_addresses_delete(addresses, &network), RESULT_STALE);
    own_sql(server->root, "RENAME TABLE away TO tblbannedips");
    assert_int_equal(banned_addresses_read_page(addresses, &after_id, see, &seen),
                     RESULT_NOT_FOUND);
    own_mariadb_kill(server);
    assert_int_equal(banned_addresses_read_page(addresses, &after_id, see, &seen),
                     RESULT_UNAVAILABLE);
    assert_int_equal(banned_addresses_delete(addresses, &network), RESULT_UNAVAILABLE);
    own_mariadb_start(server);
    assert_int_equal(seen.rows, 0);
}

/* --- writing ------------------------------------------------------------------------------- */

/* "A ban is also a row of tblbannedips (ip, reason, expires)"; "A banned IPv6 /64 is written as its
 * prefix" */
static void test_a_row_is_written(void **state)
{
    (void)state;
    if (!server)
        skip();
    put("10.0.0.1", "too many 'failed' logins; \\ \xf0\x9f\x98\x80", 900);
    put("2001:db8:1:2::/64", "", 60);
    put("20.*.7.*", "r", 60);
    assert_int_equal(database_error_number(database), 0);
    assert_int_equal(count("ip='10.0.0.1' AND reason LIKE 'too many ''failed'' logins; %?' AND "
                           "TIMESTAMPDIFF(SECOND,NOW(),expires) BETWEEN 800 AND 900"),
                     1);
    assert_int_equal(count("ip='2001:db8:1:2::/64' AND reason=''"), 1);
    assert_int_equal(count("ip='20.*.7.*'"), 1);
    put("10.0.0.2", "for ever", UINT64_MAX);
    assert_int_equal(count("ip='10.0.0.2' AND expires>'2100-01-01'"), 1);
}

static void test_writing_twice_is_writing_once(void **state)
{
    (void)state;
    if (!server)
        skip();
    for (int i = 0; i < 3; i++)
        put("10.0.0.1", "r", 900);
    assert_int_equal(count("1=1"), 1);
    put("10.0.0.1", "another", 100); /* sooner: stays */
    assert_int_equal(count("reason='r' AND expires>NOW()+INTERVAL 800 SECOND"), 1);
    put("10.0.0.1", "another", 5000);
    assert_int_equal(count("1=1"), 1);
    assert_int_equal(count("reason='r' AND expires>NOW()+INTERVAL 4000 SECOND"), 1);
    /* A row of WHMCS's own or by hand is moved, not doubled. */
    insert("10.0.0.2", "NOW()+INTERVAL 1 MINUTE");
    put("10.0.0.2", "r", 900);
    assert_int_equal(count("ip='10.0.0.2'"), 1);
    assert_int_equal(
        count("ip='10.0.0.2' AND reason='by hand' AND expires>NOW()+INTERVAL 800 SECOND"), 1);
}

/* WHMCS honours 189.123.*.*, and no CIDR. */
static void test_networks_are_written_as_whmcs_reads_them(void **state)
{
    (void)state;
    static const char *const written[][2] = {
        {"10.0.0.0/8", "10.*.*.*"},         {"189.123.*.*", "189.123.*.*"},
        {"192.0.2.0/24", "192.0.2.*"},      {"192.0.2.0/25", "192.0.2.0/25"},
        {"0.0.0.0/0", "0.0.0.0/0"},         {"2001:db8::/32", "2001:db8::/32"},
        {"2001:db8::/24", "2001:d00::/24"}, {"10.0.0.1/32", "10.0.0.1"}};
    char where[100];
    if (!server)
        skip();
    for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
        put(written[i][0], "r", 900);
        put(written[i][0], "r", 900);
        snprintf(where, sizeof(where), "ip='%s'", written[i][1]);
        assert_int_equal(count(where), 1);
        delete (written[i][0]);
        assert_int_equal(count("1=1"), 0);
    }
}

/* WHMCS deletes what has ended at any moment: a ban's row must not be one of those. */
static void test_an_ended_row_is_not_moved(void **state)
{
    (void)state;
    if (!server)
        skip();
    insert("10.0.0.1", "NOW()-INTERVAL 1 DAY");
    insert("10.0.0.1", "NOW()+INTERVAL 1 SECOND");
    put("10.0.0.1", "by hand", 900); /* their reason, too */
    assert_int_equal(count("1=1"), 3);
    own_sql(server->root, "DELETE FROM tblbannedips WHERE expires<NOW()+INTERVAL 2 SECOND");
    assert_int_equal(count("ip='10.0.0.1' AND expires>NOW()+INTERVAL 800 SECOND"), 1);
}

/* An installation's own columns take their type's empty value. */
static void test_unknown_columns(void **state)
{
    (void)state;
    if (!server)
        skip();
    own_sql(server->root, "ALTER TABLE tblbannedips ADD who text NOT NULL, ADD n int NOT NULL");
    put("10.0.0.1", "r", 900);
    assert_int_equal(count("who='' AND n=0"), 1);
    own_sql(server->root, "ALTER TABLE tblbannedips DROP who, DROP n");
}

static void *put_many(void *context)
{
    struct database *own = database_create(&server->config);
    struct banned_addresses *mine = banned_addresses_create(own);
    pthread_barrier_t *barrier = context;
    size_t failures = 0;
    for (int i = 0; i < 100; i++) {
        char text[32];
        snprintf(text, sizeof(text), "10.0.1.%d", i);
        struct network network;
        network_parse(slice_from(text), &network);
        pthread_barrier_wait(barrier);
        failures += banned_addresses_put(mine, &network, SLICE("r"), 900) != RESULT_OK;
    }
    banned_addresses_destroy(mine);
    database_destroy(own);
    return failures ? context : NULL;
}

/* Two gateways that ban at the same moment: one row, so that deleting it lifts the ban. */
static void test_two_at_once(void **state)
{
    (void)state;
    pthread_t threads[2];
    pthread_barrier_t barrier;
    if (!server)
        skip();
    pthread_barrier_init(&barrier, NULL, 2);
    for (int i = 0; i < 2; i++)
        pthread_create(&threads[i], NULL, put_many, &barrier);
    for (int i = 0; i < 2; i++) {
        void *failure = NULL;
        pthread_join(threads[i], &failure);
        assert_null(failure);
    }
    pthread_barrier_destroy(&barrier);
    assert_int_equal(count("1=1"), 100);
    assert_int_equal(own_number(server->root, "SELECT COUNT(DISTINCT ip) FROM tblbannedips"), 100);
}

/* --- deleting ------------------------------------------------------------------------------ */

static void test_all_spellings_are_deleted(void **state)
{
    (void)state;
    static const char *const same[] = {"2001:db8:1:2::/64", "2001:0db8:1:2:0:0:0:0/64",
                                       " 2001:DB8:1:2::7/64\t", "2001:db8:1:2:*:*:*:*"};
    static const char *const others[] = {"2001:db8:1:2::", "2001:db8:1:2::/65", "2001:db8:1::/48",
                                         "10.0.0.1", "x"};
    if (!server)
        skip();
    for (size_t i = 0; i < 4; i++)
        insert(same[i], i % 2 ? "NOW()-INTERVAL 1 HOUR" : "NOW()+INTERVAL 1 HOUR");
    for (size_t i = 0; i < 5; i++)
        insert(others[i], "NOW()+INTERVAL 1 HOUR");
    delete ("2001:db8:1:2::/64");
    delete ("2001:db8:1:2::/64");
    delete ("10.9.9.9");
    assert_int_equal(count("1=1"), 5);
    assert_int_equal(count("ip IN ('2001:db8:1:2::','2001:db8:1:2::/65','2001:db8:1::/48',"
                           "'10.0.0.1','x')"),
                     5);
}

/* Many rows of one network, strewn over several pages. */
static void test_many_are_deleted(void **state)
{
    (void)state;
    if (!server)
        skip();
    own_sql(server->root, "INSERT INTO tblbannedips (ip,reason,expires) SELECT "
                          "IF(seq%50=0,'10.0.0.1','10.0.0.2'),'',NOW() FROM seq_1_to_12000");
    delete ("10.0.0.1");
    assert_int_equal(count("ip='10.0.0.1'"), 0);
    assert_int_equal(count("ip='10.0.0.2'"), 11760);
}

/* --- the activity log ---------------------------------------------------------------------- */

static void test_activity_log(void **state)
{
    (void)state;
    static const char where[] =
        "SELECT COUNT(*) FROM tblactivitylog WHERE user='portcullis' AND userid=0 AND "
        "ipaddr='10.0.0.0/8' AND ABS(TIMESTAMPDIFF(SECOND,NOW(),date))<60 AND "
        "description LIKE 'it''s %'";
    if (!server)
        skip();
    assert_int_equal(
        activity_log_write(database, SLICE("it's \xf0\x9f\x98\x80"), SLICE("10.0.0.0/8")),
        RESULT_OK);
    assert_int_equal(own_number(server->root, where), 1);
    /* Old versions lack two columns. */
    own_sql(server->root, "ALTER TABLE tblactivitylog DROP user_id, DROP admin_id");
    assert_int_equal(activity_log_write(database, SLICE("it's old"), SLICE("10.0.0.0/8")),
                     RESULT_OK);
    assert_int_equal(own_number(server->root, where), 2);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(test_every_spelling),
        EACH(test_garbage_bans_nobody_and_is_told_once),
        EACH(test_much_garbage),
        EACH(test_ends),
        EACH(test_another_clock_and_zone),
        EACH(test_pages),
        EACH(test_a_row_is_written),
        EACH(test_writing_twice_is_writing_once),
        EACH(test_networks_are_written_as_whmcs_reads_them),
        EACH(test_an_ended_row_is_not_moved),
        EACH(test_unknown_columns),
        EACH(test_two_at_once),
        EACH(test_all_spellings_are_deleted),
        EACH(test_many_are_deleted),
        EACH(test_activity_log),
        EACH(test_no_table_and_no_privilege),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/*
 * data-model.md (zero dates, session mode) and operations.md, "Failure behaviour" (deadline, lost
 * connections), against a MariaDB of the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "observe/metrics.h"
#include "private_mariadb.h"
#include "store/database_session.h"

static struct private_mariadb server;
static struct config_mysql mysql = {.socket = server.socket,
                                    .user = (char[]){"root"},
                                    .password = (char[]){""},
                                    .connect_timeout_ms = 2000,
                                    .read_deadline_ms = 2000,
                                    .statements = 4};

static const char *const setup_sql[] = {
    "CREATE DATABASE portcullis_test_store CHARACTER SET utf8mb3",
    "USE portcullis_test_store",
    "CREATE TABLE kinds (id int unsigned PRIMARY KEY, ti tinyint, bi bigint, ub bigint unsigned, "
    "y year, d decimal(16,2), f double, tx mediumtext, en enum('a','it''s'), da date, dt datetime, "
    "d3 datetime(3), ts timestamp NOT NULL DEFAULT '0000-00-00 00:00:00', tm time, bl blob, "
    "v4 varchar(9) CHARACTER SET utf8mb4)",
    "INSERT INTO kinds VALUES (1,-128,-9223372036854775808,18446744073709551615,2024,-12.50,0.1,"
    "REPEAT('x',70000),'it''s','2024-02-29','2024-02-29 13:14:15','2024-02-29 13:14:15.12',"
    "'2024-01-01 00:00:00','-123:04:05',x'00ff','\xf0\x9f\x98\x80'),"
    "(2,0,0,0,0,0,1e300,'',NULL,'0000-00-00','0000-00-00 00:00:00',0,'0000-00-00 00:00:00',"
    "'00:00:00','','')",
    "CREATE TABLE changing (id int, v int)",
    "INSERT INTO changing VALUES (1,5)",
    "CREATE TABLE many (id int PRIMARY KEY, v varchar(100))",
    "INSERT INTO many SELECT seq,REPEAT('m',100) FROM seq_1_to_5000",
};

static int setup(void **state)
{
    *state = NULL;
    if (!private_mariadb_is_installed())
        return 0;
    if (!private_mariadb_start(&server))
        return -1;
    mysql.read_deadline_ms = 30000;
    struct database *database = database_create(&mysql);
    for (size_t i = 0; i < sizeof(setup_sql) / sizeof(*setup_sql); i++)
        assert_int_equal(database_execute(database, slice_from(setup_sql[i])), RESULT_OK);
    database_destroy(database);
    static char name[] = "portcullis_test_store";
    mysql.database = name;
    mysql.read_deadline_ms = 2000;
    *state = database_create(&mysql);
    return 0;
}

static int teardown(void **state)
{
    database_destroy(*state);
    private_mariadb_stop(&server);
    return 0;
}

/* The one row of sql as text, cells joined by '|'. */
static void assert_row(struct database *database, const char *sql, const char *expected)
{
    const struct database_cell *cells;
    struct buffer row;
    buffer_init(&row);
    assert_int_equal(database_query(database, slice_from(sql), NULL, 0), RESULT_OK);
    size_t count = database_column_count(database);
    assert_int_equal(database_next(database, &cells), RESULT_OK);
    for (size_t i = 0; i < count; i++) {
        if (i)
            buffer_append_char(&row, '|');
        buffer_append_slice(&row, cells[i].is_null ? SLICE("NULL") : cells[i].text);
    }
    buffer_append_char(&row, '\0');
    assert_string_equal(row.data, expected);
    assert_int_equal(database_next(database, &cells), RESULT_NOT_FOUND);
    buffer_clear(&row);
}

static void test_cells(void **state)
{
    if (!*state)
        skip();
    for (int i = 0; i < 2; i++) {
        assert_row(*state,
                   "SELECT id,ti,bi,ub,y,d,f,en,da,dt,d3,ts,tm,HEX(bl),v4,LENGTH(tx) FROM kinds "
                   "WHERE id=1",
                   "1|-128|-9223372036854775808|18446744073709551615|2024|-12.50|0.1|it's|"
                   "2024-02-29|2024-02-29 13:14:15|2024-02-29 13:14:15.120|2024-01-01 00:00:00|"
                   "-123:04:05|00FF|\xf0\x9f\x98\x80|70000");
        assert_row(*state, "SELECT f,en,da,dt,d3,ts,tm FROM kinds WHERE id=2",
                   "1e300|NULL|0000-00-00|0000-00-00 00:00:00|0000-00-00 00:00:00.000|"
                   "0000-00-00 00:00:00|00:00:00");
    }
}

static void test_long_text_grows(void **state)
{
    if (!*state)
        skip();
    const struct database_cell *cells;
    assert_int_equal(
        database_query(*state, SLICE("SELECT tx,tx,bl FROM kinds ORDER BY id"), NULL, 0),
        RESULT_OK);
    assert_int_equal(database_next(*state, &cells), RESULT_OK);
    assert_int_equal(cells[1].text.size, 70000);
    assert_int_equal(cells[1].text.data[69999], 'x');
    assert_int_equal(cells[2].kind, DATABASE_KIND_BINARY);
    assert_memory_equal(cells[2].text.data, "\0\xff", 2);
    assert_int_equal(database_next(*state, &cells), RESULT_OK);
    assert_int_equal(cells[0].text.size, 0);
    database_finish(*state);
}

/* A table altered under a prepared statement must give the new cells. */
static void test_altered_table(void **state)
{
    static const char sql[] = "SELECT * FROM changing";
    if (!*state)
        skip();
    assert_row(*state, sql, "1|5");
    database_execute(*state, SLICE("ALTER TABLE changing MODIFY v varchar(20)"));
    assert_row(*state, sql, "1|5");
    database_execute(*state,
                     SLICE("ALTER TABLE changing ADD w date NOT NULL DEFAULT '2020-01-02'"));
    assert_row(*state, sql, "1|5|2020-01-02");
    database_execute(*state, SLICE("ALTER TABLE changing DROP v"));
    assert_row(*state, sql, "1|2020-01-02");
    assert_int_equal(database_query(*state, SLICE("SELECT v FROM changing"), NULL, 0),
                     RESULT_STALE);
    assert_int_equal(database_query(*state, SLICE("SELECT v FROM gone"), NULL, 0), RESULT_STALE);
}

static enum result read_all(struct database *database, const char *sql)
{
    const struct database_cell *cells;
    enum result result = database_query(database, slice_from(sql), NULL, 0);
    while (result == RESULT_OK)
        result = database_next(database, &cells);
    return result;
}

/* "MySQL slow: deadline": the read ends, the connection's next query is not hit. */
static void test_deadline(void **state)
{
    if (!*state)
        skip();
    uint64_t began_us = clock_now_us();
    assert_int_equal(read_all(*state, "SELECT SLEEP(60),id FROM many"), RESULT_TIMEOUT);
    assert_true(clock_now_us() - began_us < 40000000);
    assert_row(*state, "SELECT 1+1", "2");
    assert_int_equal(read_all(*state, "SELECT SLEEP(0.02),v FROM many"), RESULT_TIMEOUT);
    assert_row(*state, "SELECT 1+1", "2");
}

static void test_finished_early(void **state)
{
    const struct database_cell *cells;
    if (!*state)
        skip();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(database_query(*state, SLICE("SELECT v,id FROM many"), NULL, 0),
                         RESULT_OK);
        assert_int_equal(database_next(*state, &cells), RESULT_OK);
        assert_row(*state, "SELECT id FROM kinds WHERE id=2", "2");
    }
}

/* A connection closed while idle is replaced, and the read tried once more. */
static void test_killed_while_idle(void **state)
{
    if (!*state)
        skip();
    struct database *victim = database_create(&mysql);
    const struct database_cell *cells;
    char kill[64];
    assert_int_equal(database_query(victim, SLICE("SELECT CONNECTION_ID()"), NULL, 0), RESULT_OK);
    assert_int_equal(database_next(victim, &cells), RESULT_OK);
    snprintf(kill, sizeof(kill), "KILL %lld", (long long)cells[0].integer);
    database_finish(victim);
    assert_int_equal(database_execute(*state, slice_from(kill)), RESULT_OK);
    assert_row(victim, "SELECT id FROM kinds WHERE id=1", "1");
    assert_true(database_is_connected(victim));
    database_destroy(victim);
}

/* No server: 503 at once within a pause, and no hammering. */
static void test_away(void **state)
{
    (void)state;
    struct config_mysql nowhere = mysql;
    nowhere.socket = (char[]){"/nonexistent/mysql.sock"};
    struct database *database = database_create(&nowhere);
    int64_t before = metric_get(METRIC_DB_CONNECT_ERRORS);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(database_query(database, SLICE("SELECT 1"), NULL, 0), RESULT_UNAVAILABLE);
    assert_in_range(metric_get(METRIC_DB_CONNECT_ERRORS) - before, 1, 20);
    assert_false(database_is_connected(database));
    database_destroy(database);
}

static void *query_once(void *context)
{
    static enum result result;
    result = database_query(context, SLICE("SELECT 1"), NULL, 0);
    return &result;
}

/* A server that takes connections and never greets: the process's end need not wait for it. */
static void test_interrupted_while_connecting(void **state)
{
    (void)state;
    char folder[] = "/tmp/portcullis-silent-XXXXXX";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    pthread_t thread;
    void *result = NULL;
    assert_non_null(mkdtemp(folder));
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/sql", folder);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 5), 0);
    struct config_mysql silent = mysql;
    silent.socket = address.sun_path;
    silent.connect_timeout_ms = 30000;
    struct database *database = database_create(&silent);
    assert_int_equal(pthread_create(&thread, NULL, query_once, database), 0);
    int peer = accept(listener, NULL, NULL);
    usleep(50000);
    uint64_t began_us = clock_now_us();
    database_interrupt(database);
    pthread_join(thread, &result);
    assert_int_equal(*(enum result *)result, RESULT_UNAVAILABLE);
    assert_true(clock_now_us() - began_us < 10000000);
    assert_int_equal(database_query(database, SLICE("SELECT 1"), NULL, 0), RESULT_UNAVAILABLE);
    database_destroy(database);
    close(peer);
    close(listener);
    unlink(address.sun_path);
    rmdir(folder);
}

static void test_hosts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        unsigned port;
    } good[] = {{" db1 ", "db1", 0},
                {"db1:3307", "db1", 3307},
                {"[::1]", "::1", 0},
                {"[2001:db8::1]:3306", "2001:db8::1", 3306}};
    static const char *const bad[] = {"", ":3306", "db:", "db:0", "db:65536", "[::1", "[]", "::1"};
    struct slice host;
    unsigned port;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        assert_true(database_session_parse_host(slice_from(good[i].text), &host, &port));
        assert_true(slice_equal(host, slice_from(good[i].host)));
        assert_int_equal(port, good[i].port);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_false(database_session_parse_host(slice_from(bad[i]), &host, &port));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),          cmocka_unit_test(test_long_text_grows),
        cmocka_unit_test(test_altered_table),  cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_finished_early), cmocka_unit_test(test_killed_while_idle),
        cmocka_unit_test(test_away),           cmocka_unit_test(test_interrupted_while_connecting),
        cmocka_unit_test(test_hosts),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

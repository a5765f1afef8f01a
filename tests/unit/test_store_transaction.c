/*
 * remote-api.md section 6 ("either all of it is stored, or none"): transactions, what the server
 * refuses in them, deadlocks and waits, against a MariaDB of the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <mysql.h>
#include <pthread.h>

#include "observe/metrics.h"
#include "transaction_fixture.h"

/* --- the plain way ------------------------------------------------------------------------- */

static void test_commit_and_rollback(void **state)
{
    if (!*state)
        skip();
    struct database *database = *state;
    assert_int_equal(database_begin(database), RESULT_OK);
    assert_int_equal(run(database, "UPDATE counted SET v=5 WHERE id=1"), RESULT_OK);
    assert_int_equal(value_of(1), 0);
    assert_int_equal(database_commit(database), RESULT_OK);
    assert_int_equal(value_of(1), 5);

    assert_int_equal(database_begin(database), RESULT_OK);
    assert_int_equal(run(database, "UPDATE counted SET v=6 WHERE id=1"), RESULT_OK);
    database_rollback(database);
    database_rollback(database); /* once too often does no harm */
    assert_int_equal(value_of(1), 5);
    assert_no_transaction_left();
    /* Outside again, a statement stands for itself. */
    assert_int_equal(run(database, "UPDATE counted SET v=7 WHERE id=1"), RESULT_OK);
    assert_int_equal(value_of(1), 7);
}

/* database.h: rows found, not rows changed; and the key that was given. */
static void test_affected_and_insert_id(void **state)
{
    if (!*state)
        skip();
    struct database *database = *state;
    assert_int_equal(database_begin(database), RESULT_OK);
    assert_int_equal(run(database, "UPDATE counted SET v=0"), RESULT_OK); /* changes none */
    assert_int_equal(database_affected(database), 2);
    assert_int_equal(run(database, "UPDATE counted SET v=0 WHERE id=99"), RESULT_OK);
    assert_int_equal(database_affected(database), 0);
    assert_int_equal(run(database, "INSERT INTO counted (v) VALUES (1)"), RESULT_OK);
    assert_int_equal(database_affected(database), 1);
    int64_t id = (int64_t)database_insert_id(database);
    assert_int_equal(number(database, "SELECT LAST_INSERT_ID()"), id);
    /* A read in between leaves what the write had. */
    assert_int_equal(database_insert_id(database), id);
    assert_int_equal(run(database, "INSERT INTO counted (v) VALUES (1),(2),(3)"), RESULT_OK);
    assert_int_equal(database_insert_id(database), id + 1);
    assert_int_equal(run(database, "DELETE FROM counted"), RESULT_OK);
    assert_int_equal(database_affected(database), 6);
    database_rollback(database);
}

/* A second transaction uses what the first has prepared. */
static void test_statements_are_kept(void **state)
{
    if (!*state)
        skip();
    int64_t prepared = 0;
    for (int i = 0; i < 4; i++) {
        if (i == 1)
            prepared = metric_get(METRIC_DB_PREPARES);
        assert_int_equal(database_begin(*state), RESULT_OK);
        assert_int_equal(run(*state, "UPDATE counted SET v=v+1 WHERE id=1"), RESULT_OK);
        assert_int_equal(run(*state, "SELECT v FROM counted WHERE id=1 FOR UPDATE"), RESULT_OK);
        if (i % 2)
            database_rollback(*state);
        else
            assert_int_equal(database_commit(*state), RESULT_OK);
    }
    assert_int_equal(metric_get(METRIC_DB_PREPARES), prepared);
    assert_int_equal(value_of(1), 2);
}

/* A statement that must be prepared anew is: nothing of it was executed. */
static void test_prepared_anew(void **state)
{
    if (!*state)
        skip();
    assert_int_equal(run(*state, "INSERT INTO changing (id) VALUES (1)"), RESULT_OK);
    assert_int_equal(run(*state, "DELETE FROM changing WHERE id=1"), RESULT_OK);
    assert_int_equal(database_execute(admin, SLICE("ALTER TABLE t.changing ADD w int")), RESULT_OK);
    assert_int_equal(database_begin(*state), RESULT_OK);
    assert_int_equal(run(*state, "INSERT INTO changing (id) VALUES (1)"), RESULT_OK);
    assert_int_equal(database_commit(*state), RESULT_OK);
    assert_int_equal(number(admin, "SELECT COUNT(*) FROM t.changing"), 1);
}

/* Too many prepared statements on the server: ours make room, and the transaction goes on. */
static void test_too_many_prepared(void **state)
{
    if (!*state)
        skip();
    char sql[128];
    int64_t count = number(admin, "SELECT CAST(VARIABLE_VALUE AS int) FROM "
                                  "information_schema.global_status "
                                  "WHERE VARIABLE_NAME='Prepared_stmt_count'");
    assert_int_equal(database_begin(*state), RESULT_OK);
    for (int i = 0; i < 4; i++) {
        snprintf(sql, sizeof(sql), "UPDATE counted SET v=v+1 WHERE id=1 AND %d", i + 1);
        assert_int_equal(run(*state, sql), RESULT_OK);
    }
    snprintf(sql, sizeof(sql), "SET GLOBAL max_prepared_stmt_count=%lld", (long long)count + 4);
    assert_int_equal(database_execute(admin, slice_from(sql)), RESULT_OK);
    enum result result = run(*state, "UPDATE counted SET v=v+1 WHERE id=1");
    assert_int_equal(database_execute(admin, SLICE("SET GLOBAL max_prepared_stmt_count=16382")),
                     RESULT_OK);
    assert_int_equal(database_error_number(*state), 1461);
    assert_int_equal(result, RESULT_OK);
    assert_int_equal(database_commit(*state), RESULT_OK);
    assert_int_equal(value_of(1), 5);
}

static void test_begin_inside(void **state)
{
    if (!*state)
        skip();
    assert_int_equal(database_begin(*state), RESULT_OK);
    assert_int_equal(run(*state, "UPDATE counted SET v=5 WHERE id=1"), RESULT_OK);
    assert_int_equal(database_begin(*state), RESULT_FAILED); /* START TRANSACTION would commit */
    database_rollback(*state);
    assert_int_equal(value_of(1), 0);
    assert_int_equal(database_commit(*state), RESULT_FAILED); /* there is none */
}

/* A statement that commits by itself is told at the end, not passed over. */
static void test_ended_by_a_statement(void **state)
{
    if (!*state)
        skip();
    assert_int_equal(database_begin(*state), RESULT_OK);
    assert_int_equal(database_execute(*state, SLICE("CREATE TABLE IF NOT EXISTS other (i int)")),
                     RESULT_OK);
    assert_int_equal(database_commit(*state), RESULT_FAILED);
}

/* --- refusals ------------------------------------------------------------------------------ */

/* remote-api.md section 6: MySQL's own refusal names the column, and undoes its statement alone. */
static void test_refusals(void **state)
{
    static const struct {
        const char *sql;
        unsigned error;
        enum result result;
        const char *column;
    } rows[] = {
        {"INSERT INTO strict (w,v) VALUES (1,'abcd')", 1406, RESULT_INVALID, "v"},
        {"INSERT INTO strict (w,v) VALUES (1,'\xf0\x9f\x98\x80')", 1366, RESULT_INVALID, "v"},
        {"INSERT INTO strict (w,n) VALUES (1,256)", 1264, RESULT_INVALID, "n"},
        {"INSERT INTO strict (w,n) VALUES (1,'for column ''v'' at row 1')", 1366, RESULT_INVALID,
         "n"},
        {"INSERT INTO strict (w,d) VALUES (1,'2024-02-30')", 1292, RESULT_INVALID, "d"},
        {"INSERT INTO strict (w,dt) VALUES (1,'zz')", 1292, RESULT_INVALID, "dt"},
        {"INSERT INTO strict (w,dt) VALUES (1,STR_TO_DATE('zz','%Y'))", 1411, RESULT_INVALID, ""},
        {"INSERT INTO strict (w,e) VALUES (1,'c')", 1265, RESULT_INVALID, "e"},
        {"INSERT INTO strict (w,v) VALUES (1,NULL)", 1048, RESULT_INVALID, "v"},
        {"INSERT INTO strict (v) VALUES ('a')", 1364, RESULT_INVALID, "w"},
        {"INSERT INTO strict (w,j) VALUES (1,'{')", 4025, RESULT_INVALID, "j"},
        {"INSERT INTO strict (w,c) VALUES (1,1)", 4025, RESULT_INVALID, "c"},
        {"INSERT INTO strict (w,g) VALUES (1,7)", 1906, RESULT_INVALID, "g"},
        {"UPDATE strict SET n=n-1", 1690, RESULT_INVALID, ""},
        {"INSERT INTO children VALUES (4)", 1452, RESULT_INVALID, "parent"},
        {"INSERT INTO parents VALUES (13)", 1644, RESULT_INVALID, ""},
        {"INSERT INTO strict (w,u) VALUES (1,'taken')", 1062, RESULT_EXISTS, ""},
        {"INSERT INTO gone VALUES (1)", 1146, RESULT_STALE, ""},
        {"INSERT INTO strict (gone) VALUES (1)", 1054, RESULT_STALE, ""},
    };
    if (!*state)
        skip();
    struct database *database = *state;
    run(database, "DELETE FROM strict");
    assert_int_equal(run(database, "INSERT INTO strict (w,u) VALUES (1,'taken')"), RESULT_OK);
    assert_int_equal(database_begin(database), RESULT_OK);
    assert_int_equal(run(database, "UPDATE counted SET v=1 WHERE id=1"), RESULT_OK);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        enum result result = run(database, rows[i].sql);
        assert_int_equal(database_error_number(database), rows[i].error);
        assert_int_equal(result, rows[i].result);
        assert_true(slice_equal(database_error_column(database), slice_from(rows[i].column)));
    }
    assert_int_equal(database_commit(database), RESULT_OK);
    assert_int_equal(value_of(1), 1);
    assert_int_equal(number(admin, "SELECT COUNT(*) FROM t.strict"), 1);
}

/* Whatever language the server's messages are in. */
static void test_refusal_in_german(void **state)
{
    if (!*state)
        skip();
    if (database_execute(admin, SLICE("SET GLOBAL lc_messages='de_DE'")) != RESULT_OK)
        skip(); /* a server without it */
    struct database *database = database_create(&mysql);
    assert_int_equal(database_begin(database), RESULT_OK);
    enum result result = run(database, "INSERT INTO strict (w,v) VALUES (1,NULL)");
    assert_int_equal(database_execute(admin, SLICE("SET GLOBAL lc_messages='en_US'")), RESULT_OK);
    assert_int_equal(result, RESULT_INVALID);
    assert_true(slice_equal(database_error_column(database), SLICE("v")));
    database_destroy(database);
}

/* Callers outside transactions, the bans' keeper among them, see what they always saw. */
static void test_refusals_outside(void **state)
{
    if (!*state)
        skip();
    assert_int_equal(run(*state, "INSERT INTO counted VALUES (1,1)"), RESULT_FAILED);
    assert_int_equal(run(*state, "INSERT INTO counted (v) VALUES ('x')"), RESULT_FAILED);
}

/* --- conflicts ----------------------------------------------------------------------------- */

struct second {
    struct database *database;
    enum result result;
};

static void *update_first_row(void *context)
{
    struct second *second = context;
    mysql_thread_init();
    second->result = run(second->database, "UPDATE counted SET v=v+10 WHERE id=1");
    mysql_thread_end();
    return NULL;
}

static void wait_for_a_waiter(void)
{
    uint64_t until_us = clock_now_us() + PRIVATE_MARIADB_PATIENCE_US;
    while (transactions("trx_state='LOCK WAIT'") == 0)
        assert_true(clock_now_us() < until_us);
}

static void test_deadlock(void **state)
{
    if (!*state)
        skip();
    struct second second = {.database = database_create(&mysql)};
    pthread_t thread;
    assert_int_equal(database_begin(*state), RESULT_OK);
    assert_int_equal(run(*state, "UPDATE counted SET v=v+1 WHERE id=1"), RESULT_OK);
    assert_int_equal(database_begin(second.database), RESULT_OK);
    /* More work than the first has done, so that the first is the one to give way. */
    assert_int_equal(run(second.database, "INSERT INTO counted SELECT seq,0 FROM seq_100_to_300"),
                     RESULT_OK);
    assert_int_equal(run(second.database, "UPDATE counted SET v=v+10 WHERE id=2"), RESULT_OK);
    assert_int_equal(pthread_create(&thread, NULL, update_first_row, &second), 0);
    wait_for_a_waiter();
    enum result first = run(*state, "UPDATE counted SET v=v+1 WHERE id=2");
    pthread_join(thread, NULL);
    assert_int_equal(first, RESULT_CONFLICT);
    assert_int_equal(second.result, RESULT_OK);
    assert_int_equal(database_commit(second.database), RESULT_OK);
    assert_doomed(*state, RESULT_CONFLICT);
    assert_int_equal(value_of(1), 10);
    assert_int_equal(value_of(2), 10);
    database_destroy(second.database);
    assert_no_transaction_left();
}

/* A deadlock that comes with the rows of a locking read. */
static void test_deadlock_in_rows(void **state)
{
    if (!*state)
        skip();
    struct second second = {.database = database_create(&mysql)};
    pthread_t thread;
    assert_int_equal(database_begin(*state), RESULT_OK);
    assert_int_equal(run(*state, "SELECT v FROM counted WHERE id=1 FOR UPDATE"), RESULT_OK);
    assert_int_equal(database_begin(second.database), RESULT_OK);
    assert_int_equal(run(second.database, "INSERT INTO counted SELECT seq,0 FROM seq_100_to_300"),
                     RESULT_OK);
    assert_int_equal(pthread_create(&thread, NULL, update_first_row, &second), 0);
    wait_for_a_waiter();
    assert_int_equal(run(*state, "SELECT v FROM counted ORDER BY id FOR UPDATE"), RESULT_CONFLICT);
    database_rollback(*state);
    pthread_join(thread, NULL);
    assert_int_equal(second.result, RESULT_OK);
    database_rollback(second.database);
    database_destroy(second.database);
}

static enum result wait_for_lock(uint64_t deadline_ms)
{
    struct config_mysql hasty = mysql;
    hasty.read_deadline_ms = deadline_ms;
    struct database *waiting = database_create(&hasty);
    assert_int_equal(database_begin(waiting), RESULT_OK);
    assert_int_equal(run(waiting, "UPDATE counted SET v=v+1 WHERE id=2"), RESULT_OK);
    enum result result = run(waiting, "UPDATE counted SET v=v+1 WHERE id=1");
    assert_doomed(waiting, result);
    database_destroy(waiting);
    return result;
}

/* A lock is waited for a little less than mysql.read_deadline: then it is a conflict, and tried
 * again. Where the deadline is no longer than a second, MariaDB's own deadline comes first. */
static void test_lock_wait(void **state)
{
    if (!*state)
        skip();
    assert_int_equal(database_begin(*state), RESULT_OK);
    assert_int_equal(run(*state, "UPDATE counted SET v=1 WHERE id=1"), RESULT_OK);
    uint64_t began_us = clock_now_us();
    assert_int_equal(wait_for_lock(4000), RESULT_CONFLICT);
    assert_true(clock_now_us() - began_us < 40000000); /* the server's own would be 50 s */
    assert_int_equal(wait_for_lock(300), RESULT_TIMEOUT);
    assert_int_equal(database_commit(*state), RESULT_OK);
    assert_int_equal(value_of(1), 1);
    assert_int_equal(value_of(2), 0);
    assert_no_transaction_left();
}

/* "MySQL slow: deadline": in a transaction it ends the whole. */
static void test_deadline(void **state)
{
    if (!*state)
        skip();
    struct config_mysql hasty = mysql;
    hasty.read_deadline_ms = 300;
    struct database *database = database_create(&hasty);
    assert_int_equal(database_begin(database), RESULT_OK);
    assert_int_equal(run(database, "UPDATE counted SET v=1 WHERE id=1"), RESULT_OK);
    assert_int_equal(run(database, "UPDATE counted SET v=SLEEP(20)"), RESULT_TIMEOUT);
    assert_doomed(database, RESULT_TIMEOUT);
    assert_int_equal(value_of(1), 0);
    database_destroy(database);
    assert_no_transaction_left();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_commit_and_rollback),
        TEST(test_affected_and_insert_id),
        TEST(test_statements_are_kept),
        TEST(test_prepared_anew),
        TEST(test_too_many_prepared),
        TEST(test_begin_inside),
        TEST(test_ended_by_a_statement),
        TEST(test_refusals),
        TEST(test_refusal_in_german),
        TEST(test_refusals_outside),
        TEST(test_deadlock),
        TEST(test_deadlock_in_rows),
        TEST(test_lock_wait),
        TEST(test_deadline),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

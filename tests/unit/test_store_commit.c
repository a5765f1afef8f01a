/*
 * operations.md, "Failure behaviour": "a write whose fate is unknown is never repeated".
 * Connections lost before, in and after a transaction, and commits whose answer is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "commit_proxy.h"
#include "observe/metrics.h"
#include "transaction_fixture.h"

/* --- lost connections ---------------------------------------------------------------------- */

static void test_killed_before_begin(void **state)
{
    if (!*state)
        skip();
    int64_t id = number(*state, "SELECT CONNECTION_ID()");
    kill_connection(id);
    wait_until_gone(id);
    assert_int_equal(database_begin(*state), RESULT_OK); /* on a fresh one */
    assert_int_equal(run(*state, "UPDATE counted SET v=1 WHERE id=1"), RESULT_OK);
    assert_int_equal(database_commit(*state), RESULT_OK);
    assert_int_equal(value_of(1), 1);
}

/* Nothing of a transaction is ever executed on another connection. */
static void test_killed_in_the_middle(void **state)
{
    if (!*state)
        skip();
    static const char *const next[] = {"UPDATE counted SET v=2 WHERE id=2",
                                       "SELECT v FROM counted WHERE id=1"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(database_begin(*state), RESULT_OK);
        assert_int_equal(run(*state, "UPDATE counted SET v=1 WHERE id=1"), RESULT_OK);
        assert_int_equal(run(*state, next[i]), RESULT_OK); /* so that it is prepared already */
        int64_t id = number(*state, "SELECT CONNECTION_ID()");
        kill_connection(id);
        wait_until_gone(id);
        assert_int_equal(run(*state, next[i]), RESULT_UNAVAILABLE);
        assert_doomed(*state, RESULT_UNAVAILABLE);
        assert_int_equal(value_of(1), 0);
    }
    assert_no_transaction_left();
}

static void *kill_query_soon(void *context)
{
    const int64_t *id = context;
    struct database *killer = database_create(&mysql);
    char sql[64];
    snprintf(sql, sizeof(sql), "KILL QUERY %lld", (long long)*id);
    usleep(300000);
    database_execute(killer, slice_from(sql));
    database_destroy(killer);
    return NULL;
}

static void test_query_killed(void **state)
{
    if (!*state)
        skip();
    pthread_t thread;
    int64_t id = number(*state, "SELECT CONNECTION_ID()");
    assert_int_equal(database_begin(*state), RESULT_OK);
    assert_int_equal(run(*state, "UPDATE counted SET v=1 WHERE id=1"), RESULT_OK);
    assert_int_equal(pthread_create(&thread, NULL, kill_query_soon, &id), 0);
    assert_int_equal(run(*state, "UPDATE counted SET v=2 WHERE SLEEP(15)=0"), RESULT_UNAVAILABLE);
    pthread_join(thread, NULL);
    assert_doomed(*state, RESULT_UNAVAILABLE);
    assert_int_equal(value_of(1), 0);
    assert_no_transaction_left();
}

/* Rows that nobody reads cost the connection, and with it the transaction. */
static void test_unread_rows(void **state)
{
    if (!*state)
        skip();
    assert_int_equal(database_begin(*state), RESULT_OK);
    assert_int_equal(run(*state, "UPDATE counted SET v=1 WHERE id=1"), RESULT_OK);
    assert_int_equal(database_query(*state, SLICE("SELECT seq FROM seq_1_to_100000"), NULL, 0),
                     RESULT_OK);
    assert_int_equal(run(*state, "UPDATE counted SET v=1 WHERE id=2"), RESULT_UNAVAILABLE);
    assert_doomed(*state, RESULT_UNAVAILABLE);
    assert_int_equal(value_of(1), 0);
}

/* --- commits without an answer ------------------------------------------------------------- */

struct lossy {
    struct commit_proxy proxy;
    struct config_mysql config;
    char hosts[32];
    struct database *database;
};

/* A connection through the proxy, in a transaction that has inserted a row with that id. */
static void lossy_begin(struct lossy *lossy, enum commit_loss loss, int id)
{
    char sql[64];
    commit_proxy_start(&lossy->proxy, server.socket);
    snprintf(lossy->hosts, sizeof(lossy->hosts), "127.0.0.1:%u", lossy->proxy.port);
    lossy->config = mysql;
    lossy->config.socket = NULL;
    lossy->config.hosts = lossy->hosts;
    if (loss == COMMIT_LOSS_SILENCE)
        lossy->config.read_deadline_ms = 2000;
    lossy->database = database_create(&lossy->config);
    snprintf(sql, sizeof(sql), "INSERT INTO counted VALUES (%d,0)", id);
    assert_int_equal(database_begin(lossy->database), RESULT_OK);
    assert_int_equal(run(lossy->database, sql), RESULT_OK);
    atomic_store(&lossy->proxy.shared_loss, loss);
}

static enum result lossy_commit(struct lossy *lossy)
{
    enum result result = database_commit(lossy->database);
    atomic_store(&lossy->proxy.shared_loss, COMMIT_LOSS_NONE);
    /* The next is on a connection of its own, in no transaction. */
    assert_int_equal(run(lossy->database, "SELECT 1"), RESULT_OK);
    database_destroy(lossy->database);
    commit_proxy_stop(&lossy->proxy);
    return result;
}

static enum result commit_with_loss(enum commit_loss loss, int id)
{
    struct lossy lossy;
    lossy_begin(&lossy, loss, id);
    return lossy_commit(&lossy);
}

/* The server hung up before COMMIT was sent, so its fate is known. */
static void test_killed_before_commit(void **state)
{
    if (!*state)
        skip();
    struct lossy lossy;
    int64_t unknown = metric_get(METRIC_DB_UNKNOWN_COMMITS);
    lossy_begin(&lossy, COMMIT_LOSS_NONE, 20);
    int64_t id = number(lossy.database, "SELECT CONNECTION_ID()");
    kill_connection(id);
    wait_until_gone(id);
    while (atomic_load(&lossy.proxy.shared_connections) != 0)
        usleep(5000);
    assert_int_equal(lossy_commit(&lossy), RESULT_UNAVAILABLE);
    assert_int_equal(metric_get(METRIC_DB_UNKNOWN_COMMITS), unknown);
    assert_false(has_row(20));
    assert_no_transaction_left();
}

/* operations.md: "a write whose fate is unknown is never repeated", and only such a one. */
static void test_commit_unknown(void **state)
{
    if (!*state)
        skip();
    int64_t unknown = metric_get(METRIC_DB_UNKNOWN_COMMITS);
    assert_int_equal(commit_with_loss(COMMIT_LOSS_NONE, 10), RESULT_OK);
    assert_int_equal(metric_get(METRIC_DB_UNKNOWN_COMMITS), unknown);
    assert_int_equal(commit_with_loss(COMMIT_LOSS_QUESTION, 11), RESULT_UNKNOWN);
    assert_int_equal(commit_with_loss(COMMIT_LOSS_ANSWER, 12), RESULT_UNKNOWN);
    assert_int_equal(commit_with_loss(COMMIT_LOSS_SILENCE, 13), RESULT_UNKNOWN);
    assert_int_equal(metric_get(METRIC_DB_UNKNOWN_COMMITS), unknown + 3);
    assert_true(has_row(10));
    assert_false(has_row(11));
    assert_true(has_row(12));
    assert_true(has_row(13));
    assert_no_transaction_left();
}

/* A COMMIT that the server answers, with an error, is not unknown: nothing is stored. */
static void test_commit_refused(void **state)
{
    if (!*state)
        skip();
    struct config_mysql hasty = mysql;
    hasty.read_deadline_ms = 2000;
    struct database *database = database_create(&hasty);
    int64_t unknown = metric_get(METRIC_DB_UNKNOWN_COMMITS);
    assert_int_equal(database_begin(database), RESULT_OK);
    assert_int_equal(run(database, "INSERT INTO counted VALUES (30,0)"), RESULT_OK);
    assert_int_equal(database_execute(admin, SLICE("FLUSH TABLES WITH READ LOCK")), RESULT_OK);
    enum result result = database_commit(database);
    assert_int_equal(database_execute(admin, SLICE("UNLOCK TABLES")), RESULT_OK);
    assert_int_equal(result, RESULT_TIMEOUT);
    assert_int_equal(metric_get(METRIC_DB_UNKNOWN_COMMITS), unknown);
    assert_no_transaction_left();
    assert_false(has_row(30));
    assert_int_equal(run(database, "INSERT INTO counted VALUES (30,0)"), RESULT_OK);
    database_destroy(database);
}

struct killer {
    int64_t id;
    unsigned pause_us;
    pthread_barrier_t is_ready;
};

static void *kill_soon(void *context)
{
    struct killer *killer = context;
    struct database *database = database_create(&mysql);
    char sql[64];
    snprintf(sql, sizeof(sql), "KILL %lld", (long long)killer->id);
    database_execute(database, SLICE("DO 1"));
    pthread_barrier_wait(&killer->is_ready);
    usleep(killer->pause_us);
    database_execute(database, slice_from(sql));
    database_destroy(database);
    return NULL;
}

static enum result write_some(struct database *database, int id)
{
    char sql[64];
    snprintf(sql, sizeof(sql), "INSERT INTO counted VALUES (%d,0)", id);
    enum result result = database_begin(database);
    for (int i = 0; result == RESULT_OK && i < 3; i++)
        result = run(database, "UPDATE counted SET v=v+1 WHERE id=1");
    if (result == RESULT_OK)
        result = run(database, sql);
    if (result == RESULT_OK)
        return database_commit(database);
    database_rollback(database);
    return result;
}

/* Killed at any moment: what is said to be stored is, what is said to have failed is not. */
static void test_killed_around_commit(void **state)
{
    if (!*state)
        skip();
    int counts[3] = {0};
    for (int round = 0; round < 200; round++) {
        struct killer killer = {.id = number(*state, "SELECT CONNECTION_ID()"),
                                .pause_us = (unsigned)(round * 7 % 60) * 40};
        pthread_t thread;
        int id = 1000 + round;
        pthread_barrier_init(&killer.is_ready, NULL, 2);
        assert_int_equal(pthread_create(&thread, NULL, kill_soon, &killer), 0);
        pthread_barrier_wait(&killer.is_ready);
        enum result result = write_some(*state, id);
        pthread_join(thread, NULL);
        pthread_barrier_destroy(&killer.is_ready);
        bool is_known = result == RESULT_OK || result == RESULT_UNAVAILABLE;
        assert_true(is_known || result == RESULT_UNKNOWN);
        if (is_known)
            assert_int_equal(has_row(id), result == RESULT_OK);
        counts[is_known ? result != RESULT_OK : 2]++;
    }
    print_message("stored %d, failed %d, unknown %d\n", counts[0], counts[1], counts[2]);
    assert_no_transaction_left();
}

/* The server dies in the middle: nothing is stored, and service is back with the server. */
static void test_server_killed(void **state)
{
    if (!*state)
        skip();
    assert_int_equal(database_begin(*state), RESULT_OK);
    assert_int_equal(run(*state, "UPDATE counted SET v=1 WHERE id=1"), RESULT_OK);
    private_mariadb_end(&server, SIGKILL);
    assert_int_equal(database_commit(*state), RESULT_UNAVAILABLE);
    assert_int_equal(database_begin(*state), RESULT_UNAVAILABLE);
    database_rollback(*state);
    assert_true(private_mariadb_run(&server));
    database_keep_alive(admin);
    uint64_t until_us = clock_now_us() + PRIVATE_MARIADB_PATIENCE_US;
    enum result result = RESULT_UNAVAILABLE;
    while (result == RESULT_UNAVAILABLE && clock_now_us() < until_us)
        result = database_begin(*state);
    assert_int_equal(result, RESULT_OK);
    assert_int_equal(number(*state, "SELECT v FROM counted WHERE id=1"), 0);
    database_rollback(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_killed_before_begin), TEST(test_killed_in_the_middle), TEST(test_query_killed),
        TEST(test_unread_rows),         TEST(test_killed_before_commit), TEST(test_commit_unknown),
        TEST(test_commit_refused),      TEST(test_killed_around_commit), TEST(test_server_killed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/*
 * remote-api.md section 6 ("either all of it is stored, or none") and operations.md, "Failure
 * behaviour" ("a write whose fate is unknown is never repeated"): transactions against a MariaDB of
 * the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include <mysql.h>

#include "commit_proxy.h"
#include "observe/metrics.h"
#include "private_mariadb.h"

static struct private_mariadb server;
static struct database *admin; /* looks at what was stored; NULL: no server, tests skip */

static struct config_mysql mysql = {.socket = server.socket,
                                    .user = (char[]){"root"},
                                    .password = (char[]){""},
                                    .connect_timeout_ms = 10000,
                                    .read_deadline_ms = 20000,
                                    .statements = 8};

#define TRIGGER_SQL                                                                                \
    "CREATE TRIGGER refuse BEFORE INSERT ON parents FOR EACH ROW "                                 \
    "IF NEW.id=13 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT='not this one'; END IF"

static const char *const setup_sql[] = {
    "CREATE DATABASE t CHARACTER SET utf8mb3",
    "USE t",
    "CREATE TABLE counted (id int PRIMARY KEY AUTO_INCREMENT, v int NOT NULL DEFAULT 0)",
    "CREATE TABLE strict (id int PRIMARY KEY AUTO_INCREMENT, v varchar(3) NOT NULL DEFAULT '', "
    "n tinyint unsigned NOT NULL DEFAULT 0, d date NOT NULL DEFAULT '0000-00-00', dt datetime, "
    "e enum('a','b') NOT NULL DEFAULT 'a', j json, c int CHECK (c>3), u varchar(5) UNIQUE, "
    "g int AS (n+1), w int NOT NULL)",
    "CREATE TABLE parents (id int PRIMARY KEY)",
    "CREATE TABLE children (parent int, FOREIGN KEY (parent) REFERENCES parents (id))",
    "CREATE TABLE changing (id int PRIMARY KEY)",
    TRIGGER_SQL,
};

static int setup(void **state)
{
    static char name[] = "t";
    (void)state;
    if (!private_mariadb_is_installed())
        return 0;
    if (!private_mariadb_start(&server))
        return -1;
    admin = database_create(&mysql);
    for (size_t i = 0; i < sizeof(setup_sql) / sizeof(*setup_sql); i++)
        assert_int_equal(database_execute(admin, slice_from(setup_sql[i])), RESULT_OK);
    mysql.database = name;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    database_destroy(admin);
    private_mariadb_stop(&server);
    return 0;
}

/* A connection of its own on empty tables. */
static int open_one(void **state)
{
    *state = NULL;
    if (!admin)
        return 0;
    assert_int_equal(database_execute(admin, SLICE("DELETE FROM t.counted")), RESULT_OK);
    assert_int_equal(database_execute(admin, SLICE("INSERT INTO t.counted VALUES (1,0),(2,0)")),
                     RESULT_OK);
    *state = database_create(&mysql);
    return 0;
}

static int close_one(void **state)
{
    database_destroy(*state);
    return 0;
}

static enum result run(struct database *database, const char *sql)
{
    enum result result = database_query(database, slice_from(sql), NULL, 0);
    const struct database_cell *cells;
    while (result == RESULT_OK && database_column_count(database) > 0) {
        result = database_next(database, &cells);
        if (result == RESULT_NOT_FOUND)
            return RESULT_OK;
    }
    return result;
}

static int64_t number(struct database *database, const char *sql)
{
    const struct database_cell *cells;
    assert_int_equal(database_query(database, slice_from(sql), NULL, 0), RESULT_OK);
    assert_int_equal(database_next(database, &cells), RESULT_OK);
    int64_t value = cells[0].integer;
    database_finish(database);
    return value;
}

static int64_t value_of(int id)
{
    char sql[64];
    snprintf(sql, sizeof(sql), "SELECT SUM(v) DIV 1 FROM t.counted WHERE id=%d", id);
    return number(admin, sql);
}

static bool has_row(int id)
{
    char sql[64];
    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM t.counted WHERE id=%d", id);
    return number(admin, sql) == 1;
}

/* InnoDB shows an old picture of its transactions unless nobody has looked for a tenth of a second.
 */
static int64_t transactions(const char *which)
{
    char sql[128];
    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE %s",
             which);
    usleep(150000);
    return number(admin, sql);
}

static void assert_no_transaction_left(void)
{
    uint64_t until_us = clock_now_us() + PRIVATE_MARIADB_PATIENCE_US;
    while (transactions("1") != 0)
        assert_true(clock_now_us() < until_us);
}

static void kill_connection(int64_t id)
{
    char sql[64];
    snprintf(sql, sizeof(sql), "KILL %lld", (long long)id);
    database_execute(admin, slice_from(sql)); /* it may be gone already */
}

static void wait_until_gone(int64_t id)
{
    char sql[96];
    uint64_t until_us = clock_now_us() + PRIVATE_MARIADB_PATIENCE_US;
    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM information_schema.processlist WHERE id=%lld",
             (long long)id);
    while (number(admin, sql) != 0) {
        assert_true(clock_now_us() < until_us);
        usleep(5000);
    }
}

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

/* A transaction that a deadlock has undone stores nothing more, not even what is executed after it:
 * the session would commit that at once. */
static void assert_doomed(struct database *database, enum result doom)
{
    const struct database_cell *cells;
    assert_int_equal(run(database, "UPDATE counted SET v=999 WHERE id=2"), doom);
    assert_int_equal(database_execute(database, SLICE("UPDATE counted SET v=999 WHERE id=2")),
                     doom);
    assert_int_equal(run(database, "SELECT 1"), doom);
    assert_int_equal(database_next(database, &cells), RESULT_NOT_FOUND);
    assert_int_equal(database_commit(database), doom);
    assert_true(value_of(2) < 999);
    assert_int_equal(run(database, "SELECT 1"), RESULT_OK);
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

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_one, close_one)

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
        TEST(test_killed_before_begin),
        TEST(test_killed_in_the_middle),
        TEST(test_query_killed),
        TEST(test_unread_rows),
        TEST(test_killed_before_commit),
        TEST(test_commit_unknown),
        TEST(test_commit_refused),
        TEST(test_killed_around_commit),
        TEST(test_server_killed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

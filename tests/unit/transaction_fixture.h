/* What the tests of transactions share: tables on a MariaDB of the test's own, a connection to each
 * test, and another that looks at what was stored. */
#ifndef TRANSACTION_FIXTURE_H
#define TRANSACTION_FIXTURE_H

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

static inline int setup(void **state)
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

static inline int teardown(void **state)
{
    (void)state;
    database_destroy(admin);
    private_mariadb_stop(&server);
    return 0;
}

/* A connection of its own on empty tables. */
static inline int open_one(void **state)
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

static inline int close_one(void **state)
{
    database_destroy(*state);
    return 0;
}

static inline enum result run(struct database *database, const char *sql)
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

static inline int64_t number(struct database *database, const char *sql)
{
    const struct database_cell *cells;
    assert_int_equal(database_query(database, slice_from(sql), NULL, 0), RESULT_OK);
    assert_int_equal(database_next(database, &cells), RESULT_OK);
    int64_t value = cells[0].integer;
    database_finish(database);
    return value;
}

static inline int64_t value_of(int id)
{
    char sql[64];
    snprintf(sql, sizeof(sql), "SELECT SUM(v) DIV 1 FROM t.counted WHERE id=%d", id);
    return number(admin, sql);
}

static inline bool has_row(int id)
{
    char sql[64];
    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM t.counted WHERE id=%d", id);
    return number(admin, sql) == 1;
}

/* InnoDB shows an old picture of its transactions unless nobody has looked for a tenth of a second.
 */
static inline int64_t transactions(const char *which)
{
    char sql[128];
    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE %s",
             which);
    usleep(150000);
    return number(admin, sql);
}

static inline void assert_no_transaction_left(void)
{
    uint64_t until_us = clock_now_us() + PRIVATE_MARIADB_PATIENCE_US;
    while (transactions("1") != 0)
        assert_true(clock_now_us() < until_us);
}

static inline void kill_connection(int64_t id)
{
    char sql[64];
    snprintf(sql, sizeof(sql), "KILL %lld", (long long)id);
    database_execute(admin, slice_from(sql)); /* it may be gone already */
}

static inline void wait_until_gone(int64_t id)
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

/* A transaction that a deadlock has undone stores nothing more, not even what is executed after it:
 * the session would commit that at once. */
static inline void assert_doomed(struct database *database, enum result doom)
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

#define TEST(function) cmocka_unit_test_setup_teardown(function, open_one, close_one)

#endif

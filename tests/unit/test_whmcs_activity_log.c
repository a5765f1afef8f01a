/* remote-api.md section 6, "a line in tblactivitylog (admin, address, what was done)", and the line
 * of a ban; data-model.md: old tables have no admin_id, none holds four-byte characters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "private_mariadb.h"
#include "whmcs/activity_log.h"

static struct private_mariadb server;
static struct config_mysql mysql = {.socket = server.socket,
                                    .user = (char[]){"root"},
                                    .password = (char[]){""},
                                    .connect_timeout_ms = 10000,
                                    .read_deadline_ms = 20000,
                                    .statements = 8};

/* WHMCS 8's, with columns that this program does not know. */
#define TABLE_SQL                                                                                  \
    "CREATE TABLE t.tblactivitylog (id int PRIMARY KEY AUTO_INCREMENT,"                            \
    "date datetime NOT NULL DEFAULT '0000-00-00 00:00:00',description text NOT NULL,"              \
    "user text NOT NULL,userid int NOT NULL DEFAULT 0,user_id int NOT NULL DEFAULT 0,"             \
    "admin_id int NOT NULL DEFAULT 0,ipaddr text NOT NULL,later text NOT NULL) CHARSET utf8mb3"

static int setup(void **state)
{
    static char name[] = "t";
    *state = NULL;
    if (!private_mariadb_is_installed())
        return 0;
    if (!private_mariadb_start(&server))
        return -1;
    struct database *database = database_create(&mysql);
    assert_int_equal(database_execute(database, SLICE("CREATE DATABASE t")), RESULT_OK);
    assert_int_equal(database_execute(database, SLICE(TABLE_SQL)), RESULT_OK);
    assert_int_equal(database_execute(database, SLICE("USE t")), RESULT_OK);
    mysql.database = name;
    *state = database;
    return 0;
}

static int teardown(void **state)
{
    database_destroy(*state);
    private_mariadb_stop(&server);
    return 0;
}

/* The newest line, its columns joined by '|'. */
static void assert_line(struct database *database, const char *columns, const char *expected)
{
    const struct database_cell *cells;
    char sql[256], text[256];
    snprintf(sql, sizeof(sql),
             "SELECT CONCAT_WS('|',%s) FROM tblactivitylog WHERE date BETWEEN "
             "NOW()-INTERVAL 1 HOUR AND NOW() ORDER BY id DESC LIMIT 1",
             columns);
    assert_int_equal(database_query(database, slice_from(sql), NULL, 0), RESULT_OK);
    assert_int_equal(database_next(database, &cells), RESULT_OK);
    snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(cells[0].text));
    assert_string_equal(text, expected);
    database_finish(database);
}

static struct activity_log_line line_of(struct slice description)
{
    return (struct activity_log_line){.description = description,
                                      .admin = SLICE("r\xc3\xb6tger"),
                                      .admin_id = 12,
                                      .has_admin_id = true,
                                      .address = SLICE("2001:db8::1")};
}

static void test_by_admin(void **state)
{
    if (!*state)
        skip();
    struct activity_log_line line = line_of(SLICE("portcullis: r\xc3\xb6tger created project 5"));
    assert_int_equal(activity_log_write_admin(*state, &line), RESULT_OK);
    assert_line(*state, "description,user,userid,user_id,admin_id,ipaddr",
                "portcullis: r\xc3\xb6tger created project 5|r\xc3\xb6tger|0|0|12|2001:db8::1");
}

static void test_by_the_gateway(void **state)
{
    if (!*state)
        skip();
    assert_int_equal(activity_log_write(*state, SLICE("banned"), SLICE("192.0.2.1")), RESULT_OK);
    assert_line(*state, "description,user,userid,admin_id,ipaddr",
                "banned|portcullis|0|0|192.0.2.1");
}

/* What the column cannot hold is no reason to refuse the write that the line tells of. */
static void test_ugly_text(void **state)
{
    static char text[70000];
    if (!*state)
        skip();
    memset(text, 'x', sizeof(text));
    struct activity_log_line line = line_of(slice_of(text, sizeof(text)));
    assert_int_equal(activity_log_write_admin(*state, &line), RESULT_OK);
    assert_line(*state, "LENGTH(description)", "65535");
    line = line_of(SLICE("na\xc3\xafve \xf0\x9f\x98\x80 '\\;--"));
    assert_int_equal(activity_log_write_admin(*state, &line), RESULT_OK);
    assert_line(*state, "description", "na\xc3\xafve ? '\\;--");
    line = line_of(SLICE(""));
    line.admin = line.address = slice_of(NULL, 0);
    assert_int_equal(activity_log_write_admin(*state, &line), RESULT_OK);
    assert_line(*state, "description,user,ipaddr", "||");
}

/* "Either all of it is stored, or none." */
static void test_in_a_transaction(void **state)
{
    if (!*state)
        skip();
    struct activity_log_line line = line_of(SLICE("kept"));
    assert_int_equal(activity_log_write_admin(*state, &line), RESULT_OK);
    assert_int_equal(database_begin(*state), RESULT_OK);
    line.description = SLICE("never \xf0\x9f\x98\x80");
    assert_int_equal(activity_log_write_admin(*state, &line), RESULT_OK);
    database_rollback(*state);
    assert_line(*state, "description", "kept");
}

static void test_old_table(void **state)
{
    if (!*state)
        skip();
    assert_int_equal(
        database_execute(*state, SLICE("ALTER TABLE tblactivitylog DROP admin_id, DROP user_id")),
        RESULT_OK);
    struct activity_log_line line = line_of(SLICE("old"));
    assert_int_equal(activity_log_write_admin(*state, &line), RESULT_STALE);
    line.has_admin_id = false;
    assert_int_equal(activity_log_write_admin(*state, &line), RESULT_OK);
    assert_line(*state, "description,user,userid,ipaddr", "old|r\xc3\xb6tger|0|2001:db8::1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_admin),  cmocka_unit_test(test_by_the_gateway),
        cmocka_unit_test(test_ugly_text), cmocka_unit_test(test_in_a_transaction),
        cmocka_unit_test(test_old_table),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

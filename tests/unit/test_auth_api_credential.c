/* spec/abuse-api.md, "Request": which identifiers are valid; spec/auth-and-bans.md: remembered for
 * auth.cache_ttl, looked at again every auth.recheck. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "auth/api_credential.h"
#include "private_mariadb.h"

static struct private_mariadb server;
static struct config_mysql mysql = {.socket = server.socket,
                                    .user = (char[]){"root"},
                                    .password = (char[]){""},
                                    .connect_timeout_ms = 10000,
                                    .read_deadline_ms = 20000,
                                    .statements = 8};
static const struct config_auth config = {.cache_ttl_ms = 60000, .recheck_ms = 60000};

static const char *const rows[] = {
    "CREATE DATABASE t",
    "CREATE TABLE t.tbladmins (id int PRIMARY KEY,username text NOT NULL,roleid int NOT NULL,"
    "disabled int NOT NULL) CHARSET utf8mb3",
    "CREATE TABLE t.tbldeviceauth (identifier varchar(255) NOT NULL UNIQUE,user_id int NOT NULL,"
    "is_admin tinyint NOT NULL,deleted_at timestamp NULL) CHARSET utf8mb3",
    "INSERT INTO t.tbladmins VALUES (1,'r\xc3\xb6tger',2,0),(2,'off',2,1)",
    "INSERT INTO t.tbldeviceauth VALUES ('Good',1,1,NULL),('Disabled',2,1,NULL),"
    "('Client',1,0,NULL),('Orphan',9,1,NULL),('Deleted',1,1,NOW())",
    "USE t",
};

static int setup(void **state)
{
    static char name[] = "t";
    *state = NULL;
    if (!private_mariadb_is_installed())
        return 0;
    if (!private_mariadb_start(&server))
        return -1;
    struct database *database = database_create(&mysql);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(database_execute(database, slice_from(rows[i])), RESULT_OK);
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

static void test_which_are_valid(void **state)
{
    static char longest[1000];
    static const struct {
        const char *identifier;
        enum login_verdict verdict;
    } cases[] = {
        {"Good", LOGIN_OK},        {"good", LOGIN_WRONG},     {"Good ", LOGIN_WRONG},
        {"Goo", LOGIN_WRONG},      {"Disabled", LOGIN_WRONG}, {"Client", LOGIN_WRONG},
        {"Orphan", LOGIN_WRONG},   {"Deleted", LOGIN_WRONG},  {"", LOGIN_MISSING},
        {"\xff\xfe", LOGIN_WRONG}, {"%", LOGIN_WRONG},        {longest, LOGIN_WRONG},
    };
    if (!*state)
        skip();
    memset(longest, 'x', sizeof(longest) - 1);
    struct api_credentials *credentials = api_credentials_create(&config);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct auth_principal principal;
        struct slice identifier = slice_from(cases[i].identifier);
        assert_int_equal(api_credential_check(credentials, *state, identifier, &principal),
                         cases[i].verdict);
        assert_int_equal(principal.admin_id, cases[i].verdict == LOGIN_OK ? 1 : 0);
    }
    api_credentials_destroy(credentials);
}

static void test_remembered(void **state)
{
    struct auth_principal principal;
    if (!*state)
        skip();
    struct api_credentials *credentials = api_credentials_create(&config);
    assert_int_equal(api_credential_recall(credentials, SLICE(""), &principal), LOGIN_MISSING);
    assert_int_equal(api_credential_recall(credentials, SLICE("Good"), &principal), LOGIN_UNKNOWN);
    assert_int_equal(api_credential_check(credentials, *state, SLICE("Good"), &principal),
                     LOGIN_OK);
    memset(&principal, 0, sizeof(principal));
    assert_int_equal(api_credential_recall(credentials, SLICE("Good"), &principal), LOGIN_OK);
    assert_int_equal(principal.admin_id, 1);
    assert_int_equal(principal.role_id, 2);
    assert_string_equal(principal.username, "r\xc3\xb6tger");
    assert_int_equal(api_credential_recall(credentials, SLICE("good"), &principal), LOGIN_UNKNOWN);
    api_credentials_destroy(credentials);
}

static void test_looked_at_again(void **state)
{
    static const struct config_auth soon = {.cache_ttl_ms = 60000, .recheck_ms = 20};
    struct auth_principal principal;
    if (!*state)
        skip();
    struct api_credentials *credentials = api_credentials_create(&soon);
    assert_int_equal(api_credential_check(credentials, *state, SLICE("Good"), &principal),
                     LOGIN_OK);
    usleep(30000);
    assert_int_equal(api_credential_recall(credentials, SLICE("Good"), &principal), LOGIN_DUE);
    assert_int_equal(
        database_execute(*state, SLICE("UPDATE tbldeviceauth SET is_admin=0 WHERE user_id=1")),
        RESULT_OK);
    assert_int_equal(api_credential_check(credentials, *state, SLICE("Good"), &principal),
                     LOGIN_WRONG);
    assert_int_equal(api_credential_recall(credentials, SLICE("Good"), &principal), LOGIN_UNKNOWN);
    api_credentials_destroy(credentials);
}

static void test_without_the_table(void **state)
{
    struct auth_principal principal;
    if (!*state)
        skip();
    struct api_credentials *credentials = api_credentials_create(&config);
    assert_int_equal(database_execute(*state, SLICE("DROP TABLE tbldeviceauth")), RESULT_OK);
    assert_int_equal(api_credential_check(credentials, *state, SLICE("Good"), &principal),
                     LOGIN_UNAVAILABLE);
    api_credentials_destroy(credentials);
}

static void test_name(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    assert_true(slice_equal(api_credential_name(&arena, SLICE("x")), SLICE("API_ID\nx")));
    arena_clear(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_are_valid),
        cmocka_unit_test(test_remembered),
        cmocka_unit_test(test_looked_at_again),
        cmocka_unit_test(test_without_the_table),
        cmocka_unit_test(test_name),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

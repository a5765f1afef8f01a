/*
 * auth-and-bans.md, "Admin login". Basic and the memory need no server; the whole check has a
 * MariaDB of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <crypt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/login_cache.h"
#include "base/clock.h"
#include "observe/metrics.h"
#include "private_mariadb.h"

#define MD5_DEMO  "fe01ce2a7fbac8fafaed7c982a04e229" /* demo */
#define MD5_WRONG "00000000000000000000000000000000"

#define HOUR_US   UINT64_C(3600000000)

static struct config_auth auth = {.cache_ttl_ms = 30000, .recheck_ms = 200, .max_hashing = 0};

static struct login_credentials credentials_of(const char *username, const char *md5_hex)
{
    return (struct login_credentials){.username = slice_from(username),
                                      .md5_hex = slice_from(md5_hex)};
}

static bool is_read(struct arena *arena, const char *field, struct login_credentials *got)
{
    *got = (struct login_credentials){0};
    return login_credentials_from_field(arena, slice_from(field), got);
}

static void test_basic(void **state)
{
    (void)state;
    struct arena arena;
    struct login_credentials got;
    arena_init(&arena);
    /* Aladdin:open sesame, RFC 7617 section 2 */
    assert_true(is_read(&arena, "bAsIc  QWxhZGRpbjpvcGVuIHNlc2FtZQ==", &got));
    assert_true(slice_equal(got.username, SLICE("Aladdin")) && got.is_basic);
    assert_true(slice_equal(got.md5_hex, SLICE("54ef36ec71201fdf9d1423fd26f97f6b")));
    /* a:b:c splits at the first colon */
    assert_true(is_read(&arena, "Basic YTpiOmM=", &got));
    assert_true(slice_equal(got.username, SLICE("a")));
    static const char *const bad[] = {"Basic",        "Basic ",          "Basic YWJj",
                                      "Basic YTpi=",  "Basic YTp !Q==",  "Basic YTo=Yg==",
                                      "Basic ====",   "Portcullis",      "portcullis YWJj",
                                      "Portcullis =", "Portcullis YTp\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        assert_true(is_read(&arena, bad[i], &got));
        assert_true(!got.username.data && !got.md5_hex.data);
    }
    static const char *const foreign[] = {"", " ", "Digest YTpi", "Basi YTpi", "Basics YTpi"};
    for (size_t i = 0; i < sizeof(foreign) / sizeof(*foreign); i++)
        assert_false(is_read(&arena, foreign[i], &got));
    assert_false(login_credentials_from_field(&arena, slice_of(NULL, 0), &got));
    arena_clear(&arena);
}

/* docs/decisions.md, "Answers": the scheme that a 401 names. */
static void test_own_scheme(void **state)
{
    (void)state;
    struct arena arena;
    struct login_credentials got;
    arena_init(&arena);
    /* zo\xc3\xab:54EF:x */
    assert_true(is_read(&arena, "pORTCULLIS em/Dqzo1NEVGOng=", &got) && !got.is_basic);
    assert_true(slice_equal(got.username, SLICE("zo\xc3\xab")));
    assert_true(slice_equal(got.md5_hex, SLICE("54EF:x")));
    arena_clear(&arena);
}

static void remember(struct login_cache *cache, struct login_credentials credentials,
                     uint64_t asked_us, bool verified)
{
    unsigned char key[LOGIN_KEY_BYTES], digest[LOGIN_KEY_BYTES];
    struct auth_principal principal = {.admin_id = 7, .sees_all = true};
    login_cache_key(cache, &credentials, key);
    login_cache_digest(cache, SLICE("stored"), digest);
    login_cache_store(cache, key, digest, &principal, asked_us, verified);
}

/* "read again at least every auth.recheck": one goes ahead, then nobody is served. */
static void test_recall_refreshes_ahead(void **state)
{
    (void)state;
    struct login_cache *cache = login_cache_create(&auth, 4);
    struct auth_principal principal;
    struct login_credentials demo = credentials_of("demo", MD5_DEMO);
    assert_int_equal(login_recall(cache, &demo, &principal), LOGIN_UNKNOWN);
    remember(cache, demo, clock_now_us(), true);
    assert_int_equal(login_recall(cache, &demo, &principal), LOGIN_OK);
    assert_int_equal(principal.admin_id, 7);
    struct login_credentials upper = credentials_of("demo", "FE01CE2A7FBAC8FAFAED7C982A04E229");
    assert_int_equal(login_recall(cache, &upper, &principal), LOGIN_OK);
    struct login_credentials other = credentials_of("demo", MD5_WRONG);
    assert_int_equal(login_recall(cache, &other, &principal), LOGIN_UNKNOWN);
    struct login_credentials nobody = {0};
    assert_int_equal(login_recall(cache, &nobody, &principal), LOGIN_MISSING);

    remember(cache, demo, clock_now_us() - 150000, false);
    assert_int_equal(login_recall(cache, &demo, &principal), LOGIN_DUE); /* sent to refresh */
    assert_int_equal(login_recall(cache, &demo, &principal), LOGIN_OK);
    remember(cache, demo, clock_now_us() - 250000, false);
    assert_int_equal(login_recall(cache, &demo, &principal), LOGIN_DUE);
    assert_int_equal(login_recall(cache, &demo, &principal), LOGIN_DUE);
    assert_int_equal(login_recall(cache, &other, &principal), LOGIN_UNKNOWN);
    login_cache_destroy(cache);
}

static void test_recall_is_bounded(void **state)
{
    (void)state;
    struct login_cache *cache = login_cache_create(&auth, 4);
    struct auth_principal principal;
    char name[32];
    for (int i = 0; i < 4097; i++) {
        snprintf(name, sizeof(name), "admin%d", i);
        remember(cache, credentials_of(name, MD5_DEMO), clock_now_us(), true);
    }
    struct login_credentials first = credentials_of("admin0", MD5_DEMO);
    struct login_credentials last = credentials_of("admin4096", MD5_DEMO);
    assert_int_equal(login_recall(cache, &first, &principal), LOGIN_UNKNOWN);
    assert_int_equal(login_recall(cache, &last, &principal), LOGIN_OK);
    login_cache_destroy(cache);
}

static void *recall_and_store(void *context)
{
    struct login_cache *cache = context;
    struct auth_principal principal;
    struct login_credentials demo = credentials_of("demo", MD5_DEMO);
    for (int i = 0; i < 2000; i++) {
        login_recall(cache, &demo, &principal);
        if (i % 50 == 0)
            remember(cache, demo, clock_now_us(), i % 100 == 0);
    }
    return NULL;
}

/* For ThreadSanitizer: loops read while workers write. */
static void test_memory_is_shared(void **state)
{
    (void)state;
    pthread_t threads[4];
    struct login_cache *cache = login_cache_create(&auth, 4);
    for (size_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, recall_and_store, cache);
    for (size_t i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    login_cache_destroy(cache);
}

static struct private_mariadb server;
static struct config_mysql mysql = {.socket = server.socket,
                                    .user = (char[]){"root"},
                                    .password = (char[]){""},
                                    .connect_timeout_ms = 2000,
                                    .read_deadline_ms = 30000,
                                    .statements = 16};

static void run_sql(struct database *database, const char *sql)
{
    assert_int_equal(database_execute(database, slice_from(sql)), RESULT_OK);
}

/* A database with admins: md5 (role 1), bc (bcrypt, cost 5), off (disabled), norole, odd. */
static int login_setup(void **state)
{
    *state = NULL;
    if (!private_mariadb_is_installed())
        return 0;
    if (!private_mariadb_start(&server))
        return -1;
    struct database *database = database_create(&mysql);
    run_sql(database, "CREATE DATABASE portcullis_test_login CHARACTER SET utf8mb3");
    run_sql(database, "USE portcullis_test_login");
    run_sql(database, "CREATE TABLE tbladmins (id int PRIMARY KEY, roleid int NOT NULL, username "
                      "text NOT NULL, password varchar(255) NOT NULL, disabled int NOT NULL, "
                      "supportdepts text NOT NULL)");
    run_sql(database, "CREATE TABLE tbladdonmodules (module text, setting text, value text)");
    run_sql(database, "INSERT INTO tbladdonmodules VALUES ('wbteampro','access','1, 3'),"
                      "('other','access','2')");
    struct crypt_data work = {0};
    char setting[64], sql[512];
    crypt_gensalt_rn("$2y$", 5, "0123456789abcdef", 16, setting, sizeof(setting));
    snprintf(sql, sizeof(sql),
             "INSERT INTO tbladmins VALUES (1,1,'md5','" MD5_DEMO
             "',0,''),(2,3,'bc','%s',0,'1,7,'),"
             "(3,1,'off','" MD5_DEMO "',1,''),(4,2,'norole','" MD5_DEMO "',0,''),"
             "(5,1,'odd','plain',0,'')",
             crypt_r(MD5_DEMO, setting, &work));
    run_sql(database, sql);
    *state = database;
    return 0;
}

static int login_teardown(void **state)
{
    database_destroy(*state);
    private_mariadb_stop(&server);
    return 0;
}

static enum login_verdict verdict_of(struct login_cache *cache, struct database *database,
                                     const char *username, const char *md5_hex)
{
    struct auth_principal principal;
    struct login_credentials credentials = credentials_of(username, md5_hex);
    return login_check(cache, database, &credentials, &principal);
}

static void test_check_verdicts(void **state)
{
    struct database *database = *state;
    if (!database)
        skip();
    static const struct {
        const char *username, *md5_hex;
        enum login_verdict verdict;
    } rows[] = {
        {"md5", MD5_DEMO, LOGIN_OK},
        {"bc", MD5_DEMO, LOGIN_OK},
        {"bc", "FE01CE2A7FBAC8FAFAED7C982A04E229", LOGIN_OK},
        {"md5", MD5_WRONG, LOGIN_WRONG},
        {"bc", MD5_WRONG, LOGIN_WRONG},
        {"MD5", MD5_DEMO, LOGIN_WRONG},  /* exact username, though the collation has no case */
        {"md5 ", MD5_DEMO, LOGIN_WRONG}, /* nor minds trailing spaces */
        {"off", MD5_DEMO, LOGIN_WRONG},
        {"odd", MD5_DEMO, LOGIN_WRONG},
        {"nobody", MD5_DEMO, LOGIN_WRONG},
        {"\xff\xfe", MD5_DEMO, LOGIN_WRONG},
        {"md5", "demo", LOGIN_WRONG},
        {"md5", "", LOGIN_MISSING},
        {"norole", MD5_DEMO, LOGIN_ROLE},
        {"norole", MD5_WRONG, LOGIN_WRONG},
    };
    struct login_cache *cache = login_cache_create(&auth, 4);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        assert_int_equal(verdict_of(cache, database, rows[i].username, rows[i].md5_hex),
                         rows[i].verdict);
    login_cache_destroy(cache);
}

/* Step 4: api_active empty, 0 or off switches the API off; absent, it is on. */
static void test_check_switched_off(void **state)
{
    struct database *database = *state;
    if (!database)
        skip();
    struct login_cache *cache = login_cache_create(&auth, 4);
    run_sql(database, "INSERT INTO tbladdonmodules VALUES ('wbteampro','api_active','on')");
    assert_int_equal(verdict_of(cache, database, "md5", MD5_DEMO), LOGIN_OK);
    static const char *const offs[] = {"''", "'0'", "'Off'"};
    for (size_t i = 0; i < 3; i++) {
        char sql[128];
        snprintf(sql, sizeof(sql), "UPDATE tbladdonmodules SET value=%s WHERE setting='api_active'",
                 offs[i]);
        run_sql(database, sql);
        assert_int_equal(verdict_of(cache, database, "md5", MD5_DEMO), LOGIN_OFF);
        assert_int_equal(verdict_of(cache, database, "md5", MD5_WRONG), LOGIN_WRONG);
    }
    run_sql(database, "DELETE FROM tbladdonmodules WHERE setting='api_active'");
    login_cache_destroy(cache);
}

/* "a reset password or a disabled admin is out": memory must not outlive a failed re-read. */
static void test_check_forgets(void **state)
{
    struct database *database = *state;
    if (!database)
        skip();
    struct login_cache *cache = login_cache_create(&auth, 4);
    struct auth_principal principal;
    struct login_credentials bc = credentials_of("bc", MD5_DEMO);
    assert_int_equal(login_check(cache, database, &bc, &principal), LOGIN_OK);
    assert_int_equal(principal.admin_id, 2);
    assert_string_equal(principal.username, "bc");
    assert_int_equal(principal.department_count, 2);
    assert_int_equal(principal.departments[1], 7);
    assert_int_equal(login_recall(cache, &bc, &principal), LOGIN_OK);
    run_sql(database, "UPDATE tbladmins SET disabled=1 WHERE id=2");
    assert_int_equal(login_check(cache, database, &bc, &principal), LOGIN_WRONG);
    assert_int_equal(login_recall(cache, &bc, &principal), LOGIN_UNKNOWN);
    run_sql(database, "UPDATE tbladmins SET disabled=0 WHERE id=2");
    assert_int_equal(login_check(cache, database, &bc, &principal), LOGIN_OK);
    run_sql(database, "UPDATE tbladmins SET password=REVERSE(password) WHERE id=2");
    assert_int_equal(login_check(cache, database, &bc, &principal), LOGIN_WRONG);
    run_sql(database, "UPDATE tbladmins SET password=REVERSE(password) WHERE id=2");
    login_cache_destroy(cache);
}

static void rest_gate(struct login_cache *cache, uint64_t until_us)
{
    struct login_gate *gate = login_cache_gate(cache);
    pthread_mutex_lock(&gate->lock);
    gate->rest_until_us = until_us;
    pthread_mutex_unlock(&gate->lock);
}

/* A storm that keeps the gate at rest keeps nobody out whose password has been right before, also
 * when it must be hashed anew (auth.cache_ttl); it is strangers who are told to try again. */
static void test_check_prefers_who_returns(void **state)
{
    struct database *database = *state;
    if (!database)
        skip();
    struct config_auth forgetful = {.cache_ttl_ms = 0, .recheck_ms = 0};
    struct login_cache *cache = login_cache_create(&forgetful, 1);
    struct auth_principal principal;
    struct login_credentials bc = credentials_of("bc", MD5_DEMO);
    rest_gate(cache, clock_now_us() + HOUR_US);
    assert_int_equal(verdict_of(cache, database, "bc", MD5_DEMO), LOGIN_BUSY);
    rest_gate(cache, 0);
    assert_int_equal(verdict_of(cache, database, "bc", MD5_DEMO), LOGIN_OK);
    assert_int_equal(login_recall(cache, &bc, &principal), LOGIN_DUE);
    rest_gate(cache, clock_now_us() + HOUR_US);
    assert_int_equal(verdict_of(cache, database, "bc", MD5_DEMO), LOGIN_OK);
    assert_int_equal(verdict_of(cache, database, "bc", MD5_WRONG), LOGIN_BUSY);
    assert_int_equal(verdict_of(cache, database, "nobody", MD5_DEMO), LOGIN_BUSY);
    assert_int_equal(verdict_of(cache, database, "md5", MD5_DEMO), LOGIN_OK); /* costs nothing */
    login_cache_destroy(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_basic),
        cmocka_unit_test(test_own_scheme),
        cmocka_unit_test(test_recall_refreshes_ahead),
        cmocka_unit_test(test_recall_is_bounded),
        cmocka_unit_test(test_memory_is_shared),
        cmocka_unit_test(test_check_verdicts),
        cmocka_unit_test(test_check_switched_off),
        cmocka_unit_test(test_check_forgets),
        cmocka_unit_test(test_check_prefers_who_returns),
    };
    return cmocka_run_group_tests(tests, login_setup, login_teardown);
}

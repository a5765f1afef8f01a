/*
 * remote-api.md section 6, Idempotency-Key: "within 24 h the same key with the same request answers
 * the first success again and creates nothing; with a different request, 422; two at once, one
 * waits". Against a MariaDB of the test's own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <mysql.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "private_mariadb.h"
#include "whmcs/idempotency.h"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SCOPE  "remote:7"

static struct private_mariadb server;
static struct config_mysql mysql = {.socket = server.socket,
                                    .user = (char[]){"root"},
                                    .password = (char[]){""},
                                    .connect_timeout_ms = 10000,
                                    .read_deadline_ms = 60000,
                                    .statements = 16};

/* As schema/structure/90_portcullis.sql has it. */
#define TABLE_SQL                                                                                  \
    "CREATE TABLE IF NOT EXISTS t.portcullis_idempotency ("                                        \
    "scope varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"                            \
    "`key` varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,"                       \
    "request_hash char(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,"                        \
    "status int NOT NULL,body longblob NOT NULL,created_at datetime NOT NULL,"                     \
    "PRIMARY KEY (scope,`key`),KEY created_at (created_at)) ENGINE=InnoDB"

static void execute(struct database *database, const char *sql)
{
    assert_int_equal(database_execute(database, slice_from(sql)), RESULT_OK);
}

static int setup(void **state)
{
    static char name[] = "t";
    *state = NULL;
    if (!private_mariadb_is_installed())
        return 0;
    if (!private_mariadb_start(&server))
        return -1;
    struct database *database = database_create(&mysql);
    execute(database, "CREATE DATABASE t CHARACTER SET utf8mb3");
    execute(database, "USE t");
    execute(database, TABLE_SQL);
    execute(database, "CREATE TABLE made (id int PRIMARY KEY AUTO_INCREMENT, v varchar(255))");
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

static int64_t number(struct database *database, const char *sql)
{
    const struct database_cell *cells;
    assert_int_equal(database_query(database, slice_from(sql), NULL, 0), RESULT_OK);
    assert_int_equal(database_next(database, &cells), RESULT_OK);
    int64_t value = cells[0].integer;
    database_finish(database);
    return value;
}

static struct idempotency_answer answer_of(int64_t id, struct slice tag, struct slice body)
{
    struct idempotency_answer answer = {.status = 200, .created_id = id};
    buffer_append_slice(&answer.tag, tag);
    buffer_append_slice(&answer.body, body);
    return answer;
}

static void answer_clear(struct idempotency_answer *answer)
{
    buffer_clear(&answer->tag);
    buffer_clear(&answer->body);
}

/* One whole request: the verdict, and where it is the first, an answer kept. */
static enum idempotency_verdict request(struct database *database, struct slice key,
                                        const char *hash, struct idempotency_answer *kept)
{
    enum idempotency_verdict verdict;
    struct idempotency_answer answer =
        answer_of(123, SLICE("\"tag\""), SLICE("{\"a\":\"\xff\\0\xf0\x9f\x98\x80'\n\"}"));
    assert_int_equal(database_begin(database), RESULT_OK);
    assert_int_equal(
        idempotency_claim(database, SLICE(SCOPE), key, slice_from(hash), &verdict, kept),
        RESULT_OK);
    if (verdict == IDEMPOTENCY_FIRST)
        assert_int_equal(idempotency_keep(database, SLICE(SCOPE), key, &answer), RESULT_OK);
    assert_int_equal(database_commit(database), RESULT_OK);
    answer_clear(&answer);
    return verdict;
}

static void assert_verdict(struct database *database, const char *key, const char *hash,
                           enum idempotency_verdict expected)
{
    struct idempotency_answer kept;
    assert_int_equal(request(database, slice_from(key), hash, &kept), expected);
    assert_int_equal(kept.body.size > 0, expected == IDEMPOTENCY_AGAIN);
    answer_clear(&kept);
}

static void test_first_again_other(void **state)
{
    if (!*state)
        skip();
    struct idempotency_answer kept;
    assert_verdict(*state, "k1", HASH_A, IDEMPOTENCY_FIRST);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(request(*state, SLICE("k1"), HASH_A, &kept), IDEMPOTENCY_AGAIN);
        assert_int_equal(kept.status, 200);
        assert_int_equal(kept.created_id, 123);
        assert_true(slice_equal(buffer_slice(&kept.tag), SLICE("\"tag\"")));
        assert_true(
            slice_equal(buffer_slice(&kept.body), SLICE("{\"a\":\"\xff\\0\xf0\x9f\x98\x80'\n\"}")));
        answer_clear(&kept);
    }
    assert_verdict(*state, "k1", HASH_B, IDEMPOTENCY_OTHER);
    assert_verdict(*state, "K1", HASH_B, IDEMPOTENCY_FIRST); /* keys are bytes */
    assert_int_equal(number(*state, "SELECT status FROM portcullis_idempotency WHERE `key`='k1'"),
                     200);
}

/* "per admin" */
static void test_scopes(void **state)
{
    if (!*state)
        skip();
    enum idempotency_verdict verdict;
    struct idempotency_answer kept;
    assert_verdict(*state, "k2", HASH_A, IDEMPOTENCY_FIRST);
    assert_int_equal(database_begin(*state), RESULT_OK);
    assert_int_equal(
        idempotency_claim(*state, SLICE("remote:8"), SLICE("k2"), SLICE(HASH_A), &verdict, &kept),
        RESULT_OK);
    assert_int_equal(verdict, IDEMPOTENCY_FIRST);
    database_rollback(*state);
}

/* "Only successes are kept, in the write's own transaction." */
static void test_rolled_back(void **state)
{
    if (!*state)
        skip();
    enum idempotency_verdict verdict;
    struct idempotency_answer kept;
    assert_int_equal(database_begin(*state), RESULT_OK);
    assert_int_equal(
        idempotency_claim(*state, SLICE(SCOPE), SLICE("k3"), SLICE(HASH_A), &verdict, &kept),
        RESULT_OK);
    database_rollback(*state);
    assert_verdict(*state, "k3", HASH_B, IDEMPOTENCY_FIRST);
}

/* "within 24 h", by the database's clock. */
static void test_old(void **state)
{
    if (!*state)
        skip();
    assert_verdict(*state, "k4", HASH_A, IDEMPOTENCY_FIRST);
    execute(*state, "UPDATE portcullis_idempotency SET created_at=NOW()-INTERVAL 1439 MINUTE");
    assert_verdict(*state, "k4", HASH_A, IDEMPOTENCY_AGAIN);
    execute(*state, "UPDATE portcullis_idempotency SET created_at=NOW()-INTERVAL 1440 MINUTE");
    assert_verdict(*state, "k4", HASH_B, IDEMPOTENCY_FIRST);
    assert_verdict(*state, "k4", HASH_B, IDEMPOTENCY_AGAIN);
    assert_verdict(*state, "k4", HASH_A, IDEMPOTENCY_OTHER);
}

/* A row that was claimed and committed without an answer is no answer. */
static void test_never_kept(void **state)
{
    if (!*state)
        skip();
    enum idempotency_verdict verdict;
    struct idempotency_answer kept;
    assert_int_equal(database_begin(*state), RESULT_OK);
    assert_int_equal(
        idempotency_claim(*state, SLICE(SCOPE), SLICE("k5"), SLICE(HASH_A), &verdict, &kept),
        RESULT_OK);
    assert_int_equal(database_commit(*state), RESULT_OK);
    assert_verdict(*state, "k5", HASH_B, IDEMPOTENCY_FIRST);
    /* And what was never claimed is not kept; nor is an answer replaced. */
    struct idempotency_answer answer = answer_of(1, SLICE(""), SLICE("late"));
    assert_int_equal(database_begin(*state), RESULT_OK);
    assert_int_equal(idempotency_keep(*state, SLICE(SCOPE), SLICE("unclaimed"), &answer),
                     RESULT_FAILED);
    assert_int_equal(idempotency_keep(*state, SLICE(SCOPE), SLICE("k5"), &answer), RESULT_FAILED);
    database_rollback(*state);
    answer_clear(&answer);
}

/* The longest key, an empty answer, a large one. */
static void test_sizes(void **state)
{
    if (!*state)
        skip();
    char key[IDEMPOTENCY_MOST_KEY];
    static char body[3 << 20];
    memset(key, '~', sizeof(key));
    memset(body, 0, sizeof(body));
    const struct slice bodies[] = {slice_of(body, 0), slice_of(body, sizeof(body))};
    for (size_t i = 0; i < 2; i++) {
        enum idempotency_verdict verdict;
        struct idempotency_answer kept, answer = answer_of(INT64_MAX, SLICE(""), bodies[i]);
        key[0] = (char)('0' + i);
        assert_int_equal(database_begin(*state), RESULT_OK);
        assert_int_equal(idempotency_claim(*state, SLICE(SCOPE), slice_of(key, sizeof(key)),
                                           SLICE(HASH_A), &verdict, &kept),
                         RESULT_OK);
        assert_int_equal(
            idempotency_keep(*state, SLICE(SCOPE), slice_of(key, sizeof(key)), &answer), RESULT_OK);
        assert_int_equal(database_commit(*state), RESULT_OK);
        assert_int_equal(request(*state, slice_of(key, sizeof(key)), HASH_A, &kept),
                         IDEMPOTENCY_AGAIN);
        assert_int_equal(kept.created_id, INT64_MAX);
        assert_true(slice_equal(buffer_slice(&kept.body), bodies[i]));
        assert_int_equal(kept.tag.size, 0);
        answer_clear(&kept);
        answer_clear(&answer);
    }
}

/* A record that cannot be understood is neither answered nor run again. */
static void test_damaged(void **state)
{
    static const char *const bodies[] = {
        "",
        "1 200 5 0 0",
        "2 200 5 0 0\n",
        "1 200 5 3 0\nab",
        "1 200 5 0 3\nab",
        "1 200 5 1 0\nab",
        "1 200 5 -1 3\nab",
        "1 200 5 0\nab",
        "1 200 5 0 2 7\nab",
        "1 2000 5 0 2\nab",
        "1 200 5 18446744073709551615 3\nab",
        "1 200 5 9223372036854775807 9223372036854775807\nab",
        "x\n",
    };
    if (!*state)
        skip();
    assert_verdict(*state, "k6", HASH_A, IDEMPOTENCY_FIRST);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        enum idempotency_verdict verdict;
        struct idempotency_answer kept;
        const struct database_value value = database_text(slice_from(bodies[i]));
        assert_int_equal(
            database_query(*state,
                           SLICE("UPDATE portcullis_idempotency SET body=? WHERE `key`='k6'"),
                           &value, 1),
            RESULT_OK);
        assert_int_equal(database_begin(*state), RESULT_OK);
        assert_int_equal(
            idempotency_claim(*state, SLICE(SCOPE), SLICE("k6"), SLICE(HASH_A), &verdict, &kept),
            RESULT_FAILED);
        database_rollback(*state);
        assert_verdict(*state, "k6", HASH_B, IDEMPOTENCY_OTHER);
        answer_clear(&kept);
    }
}

static void test_sweep(void **state)
{
    if (!*state)
        skip();
    execute(*state, "DELETE FROM portcullis_idempotency");
    execute(*state, "INSERT INTO portcullis_idempotency SELECT 's',seq,'h',200,'',"
                    "NOW()-INTERVAL IF(seq>1100,23,25) HOUR FROM seq_1_to_1110");
    static const int64_t left[] = {610, 110, 10, 10};
    for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++) {
        idempotency_sweep(*state);
        assert_int_equal(number(*state, "SELECT COUNT(*) FROM portcullis_idempotency"), left[i]);
    }
    /* Not again within the minute. */
    execute(*state, "UPDATE portcullis_idempotency SET created_at=NOW()-INTERVAL 25 HOUR");
    idempotency_sweep(*state);
    assert_int_equal(number(*state, "SELECT COUNT(*) FROM portcullis_idempotency"), 10);
}

/* --- several at once ----------------------------------------------------------------------- */

enum { THREADS = 8, MOST_RUNS = 200 };

struct crowd {
    const char *key;
    int failures; /* as many of the first to claim roll back once */
    atomic_int shared_failed;
    pthread_barrier_t start;
};

struct member {
    struct crowd *crowd;
    struct database *database;
    pthread_t thread;
    enum result result;
    enum idempotency_verdict verdict;
    int runs;
    bool has_failed;
};

/* The write that the key guards. */
static enum result make(struct member *member)
{
    const struct database_value value = database_text(slice_from(member->crowd->key));
    struct idempotency_answer answer = answer_of(1, SLICE("t"), SLICE("made"));
    enum result result =
        database_query(member->database, SLICE("INSERT INTO made (v) VALUES (?)"), &value, 1);
    if (result == RESULT_OK)
        result = idempotency_keep(member->database, SLICE(SCOPE), slice_from(member->crowd->key),
                                  &answer);
    answer_clear(&answer);
    return result;
}

static bool should_fail(struct member *member)
{
    if (member->has_failed ||
        atomic_fetch_add(&member->crowd->shared_failed, 1) >= member->crowd->failures)
        return false;
    member->has_failed = true;
    return true;
}

static enum result run_once(struct member *member)
{
    struct idempotency_answer kept;
    enum result result = database_begin(member->database);
    if (result != RESULT_OK)
        return result;
    result = idempotency_claim(member->database, SLICE(SCOPE), slice_from(member->crowd->key),
                               SLICE(HASH_A), &member->verdict, &kept);
    if (result == RESULT_OK && member->verdict == IDEMPOTENCY_FIRST) {
        usleep(20000); /* so that the others come to wait */
        result = should_fail(member) ? RESULT_CONFLICT : make(member);
    }
    if (result == RESULT_OK)
        result = database_commit(member->database);
    database_rollback(member->database);
    answer_clear(&kept);
    return result;
}

static void *run_until_done(void *context)
{
    struct member *member = context;
    mysql_thread_init();
    pthread_barrier_wait(&member->crowd->start);
    do {
        member->result = run_once(member);
        member->runs++;
    } while (member->result == RESULT_CONFLICT && member->runs < MOST_RUNS);
    mysql_thread_end();
    return NULL;
}

/* All ask at once; one makes it, all others are answered from what it kept. */
static void assert_made_once(struct database *admin, struct crowd *crowd)
{
    struct member members[THREADS];
    char sql[96];
    int firsts = 0, runs = 0;
    pthread_barrier_init(&crowd->start, NULL, THREADS);
    for (size_t i = 0; i < THREADS; i++) {
        members[i] = (struct member){.crowd = crowd, .database = database_create(&mysql)};
        assert_int_equal(database_execute(members[i].database, SLICE("DO 1")), RESULT_OK);
        assert_int_equal(pthread_create(&members[i].thread, NULL, run_until_done, &members[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(members[i].thread, NULL);
        assert_int_equal(members[i].result, RESULT_OK);
        firsts += members[i].verdict == IDEMPOTENCY_FIRST;
        runs += members[i].runs;
        database_destroy(members[i].database);
    }
    pthread_barrier_destroy(&crowd->start);
    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM made WHERE v='%s'", crowd->key);
    assert_int_equal(firsts, 1);
    assert_int_equal(number(admin, sql), 1);
    print_message("%s: %d threads, %d runs\n", crowd->key, THREADS, runs);
}

static void test_at_once(void **state)
{
    if (!*state)
        skip();
    for (int i = 0; i < 5; i++) {
        char key[32];
        snprintf(key, sizeof(key), "new-%d", i);
        assert_made_once(*state, &(struct crowd){.key = key});
    }
}

/* Whoever is first fails, some times over: one of those who waited takes its place. */
static void test_at_once_with_failures(void **state)
{
    if (!*state)
        skip();
    for (int i = 0; i < 5; i++) {
        char key[32];
        snprintf(key, sizeof(key), "failing-%d", i);
        assert_made_once(*state, &(struct crowd){.key = key, .failures = 4});
    }
}

static void test_at_once_when_old(void **state)
{
    if (!*state)
        skip();
    for (int i = 0; i < 5; i++) {
        char key[32];
        snprintf(key, sizeof(key), "old-%d", i);
        assert_verdict(*state, key, HASH_B, IDEMPOTENCY_FIRST);
        execute(*state, "UPDATE portcullis_idempotency SET created_at=NOW()-INTERVAL 25 HOUR");
        assert_made_once(*state, &(struct crowd){.key = key, .failures = i % 2});
    }
}

/* "Where the gateway's table is missing": the caller hears of it. */
static void test_no_table(void **state)
{
    if (!*state)
        skip();
    enum idempotency_verdict verdict;
    struct idempotency_answer kept;
    execute(*state, "DROP TABLE portcullis_idempotency");
    assert_int_equal(database_begin(*state), RESULT_OK);
    assert_int_equal(
        idempotency_claim(*state, SLICE(SCOPE), SLICE("k"), SLICE(HASH_A), &verdict, &kept),
        RESULT_STALE);
    database_rollback(*state);
    idempotency_sweep(*state); /* says nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_again_other),
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_rolled_back),
        cmocka_unit_test(test_old),
        cmocka_unit_test(test_never_kept),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_at_once),
        cmocka_unit_test(test_at_once_with_failures),
        cmocka_unit_test(test_at_once_when_old),
        cmocka_unit_test(test_sweep),
        cmocka_unit_test(test_no_table),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

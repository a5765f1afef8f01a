/*
 * remote-api.md section 6 on catalogs and tables that are not the usual ones: data-model.md, "the
 * catalog can say either" (parent_type and parent_id), "columns come and go", "other absences …
 * switch off what needs them". Against a MariaDB of the test's own; the usual catalog is tested
 * through the gateway (tests/api).
 */
#include "private_mariadb.h"
#include "resources/write_execute.h"
#include "sample_writing.h"

static struct private_mariadb server;
static char database_name[] = "t";
static struct config_mysql mysql = {.socket = server.socket,
                                    .user = (char[]){"root"},
                                    .password = (char[]){""},
                                    .connect_timeout_ms = 10000,
                                    .read_deadline_ms = 60000,
                                    .statements = 64};

/* One catalog over one database, and what the last write came to. */
struct bench {
    struct database *database;
    struct catalog *catalog;
    struct model *model;
    struct writer *writer;
    struct tag_hash *hashes[2];
    struct shared_count_cache *counts;
    struct arena arena; /* of the last request */
    struct problem problem;
    struct query_viewer viewer;
    struct buffer answer;
};

static struct bench bench;

static void run(const char *sql)
{
    if (database_execute(bench.database, slice_from(sql)) != RESULT_OK)
        fail_msg("%s: %s", sql, database_error_text(bench.database));
}

/* Rows as "a|b; c|d". */
static void assert_rows(const char *sql, const char *expected)
{
    const struct database_cell *cells = NULL;
    struct buffer text;
    buffer_init(&text);
    assert_int_equal(database_query(bench.database, slice_from(sql), NULL, 0), RESULT_OK);
    size_t count = database_column_count(bench.database);
    while (database_next(bench.database, &cells) == RESULT_OK) {
        buffer_append_slice(&text, text.size ? SLICE("; ") : SLICE(""));
        for (size_t i = 0; i < count; i++)
            buffer_printf(&text, "%s%.*s", i ? "|" : "",
                          SLICE_ARGS(cells[i].is_null ? SLICE("null") : cells[i].text));
    }
    assert_slice(buffer_slice(&text), expected);
    buffer_clear(&text);
}

/* Makes the tables anew, and learns them. */
static void begin(const char *catalog, const char *const *tables, size_t count)
{
    struct buffer problems;
    run("DROP DATABASE IF EXISTS t");
    run("CREATE DATABASE t CHARACTER SET utf8mb3");
    run("USE t");
    for (size_t i = 0; i < count; i++)
        run(tables[i]);
    buffer_init(&problems);
    if (catalog_read(slice_from(catalog), "the test's", &bench.catalog, &problems) != RESULT_OK)
        fail_msg("%.*s", SLICE_ARGS(buffer_slice(&problems)));
    buffer_clear(&problems);
    assert_int_equal(model_learn(bench.catalog, bench.database, &bench.model), RESULT_OK);
    arena_init(&bench.arena);
    buffer_init(&bench.answer);
}

#define BEGIN(catalog, ...)                                                                        \
    begin(catalog, (const char *const[]){__VA_ARGS__},                                             \
          SAMPLE_LENGTH(((const char *const[]){__VA_ARGS__})))

static void end(void)
{
    arena_clear(&bench.arena);
    buffer_clear(&bench.answer);
    model_release(bench.model);
    catalog_destroy(bench.catalog);
    bench.model = NULL;
    bench.catalog = NULL;
}

static struct value *read_params(const char *json)
{
    static const struct json_limits limits = {.depth = 8, .names = 1000, .bytes = 65536};
    struct json_fault fault;
    struct value *value = NULL;
    if (json_read(&bench.arena, slice_from(json), &limits, &value, &fault) != RESULT_OK)
        fail_msg("%s: %s", json, fault.reason);
    return value;
}

static void execute_write(const struct write *write, const struct chain *chain, const char *method)
{
    static const struct execute_options options = {.files_root = "", .files_path = ""};
    struct execute_context context = {.database = bench.database,
                                      .writer = bench.writer,
                                      .record_hash = bench.hashes[0],
                                      .answer_hash = bench.hashes[1],
                                      .counts = bench.counts,
                                      .options = &options,
                                      .arena = &bench.arena,
                                      .deadline_us = clock_now_us() + 60000000};
    const struct envelope_request envelope = {.action = chain->action,
                                              .method = slice_from(method),
                                              .code = 200,
                                              .message = SLICE("Success")};
    const struct write_request request = {
        .write = write, .admin = SLICE("ann"), .admin_id = 3, .address = SLICE("192.0.2.1")};
    struct execute_answer answer = {.created_id = 0};
    enum result result = write_execute(&context, &request, &envelope, &answer, &bench.problem);
    if ((result == RESULT_OK) == problem_is_set(&bench.problem))
        fail_msg("result %d, status %d", (int)result, bench.problem.status);
    buffer_clear(&bench.answer);
    buffer_append_slice(&bench.answer, buffer_slice(&answer.head));
    buffer_append_slice(&bench.answer, buffer_slice(&answer.rows));
    buffer_clear(&answer.head);
    buffer_clear(&answer.rows);
}

/* The status that the request comes to; its faults are in bench.problem, its answer in
 * bench.answer. */
static int ask(const char *method, const char *path, const char *params)
{
    struct chain chain;
    struct write write;
    char whole[128];
    arena_clear(&bench.arena);
    arena_init(&bench.arena);
    problem_init(&bench.problem, &bench.arena);
    snprintf(whole, sizeof(whole), "v1/%s/json", path);
    if (chain_parse(bench.model, &bench.arena, slice_from(whole), '/', &chain, &bench.problem) !=
        RESULT_OK)
        fail_msg("%s is refused", path);
    const struct write_given given = {slice_from(method), read_params(params), NULL, NULL};
    if (chain_check_served(&chain, &bench.problem) == RESULT_OK &&
        write_compile(bench.model, &chain, &given, &bench.viewer, &write, &bench.problem) ==
            RESULT_OK)
        execute_write(&write, &chain, method);
    return problem_is_set(&bench.problem) ? bench.problem.status : 200;
}

static void succeeds(const char *method, const char *path, const char *params)
{
    int status = ask(method, path, params);
    const struct problem_cause *cause = bench.problem.first;
    if (status != 200)
        fail_msg("%s %s %s: %d %.*s: %.*s", method, path, params, status,
                 SLICE_ARGS(cause ? cause->field : SLICE("")),
                 SLICE_ARGS(cause ? cause->detail : SLICE("")));
}

/* Refused with that status, the first fault being this field's. */
static void fails(const char *method, const char *path, const char *params, int status,
                  const char *field)
{
    assert_int_equal(ask(method, path, params), status);
    assert_non_null(bench.problem.first);
    assert_slice(bench.problem.first->field, field);
}

static void assert_answer_holds(const char *text)
{
    buffer_append_char(&bench.answer, '\0');
    if (!strstr(bench.answer.data, text))
        fail_msg("%s is not in %s", text, bench.answer.data);
}

/* --- parent_type and parent_id ------------------------------------------------------------------
 */

#define EITHER_TABLES                                                                              \
    "CREATE TABLE p (project_id int PRIMARY KEY AUTO_INCREMENT, project_name varchar(12) NOT "     \
    "NULL,"                                                                                        \
    "kind varchar(12) NOT NULL, date_activity datetime)",                                          \
        "CREATE TABLE a (action_id int PRIMARY KEY AUTO_INCREMENT, project_id int NOT NULL,"       \
        "action_name varchar(12) NOT NULL)",                                                       \
        "CREATE TABLE l (timelog_id int PRIMARY KEY AUTO_INCREMENT, parent_type varchar(12) NOT "  \
        "NULL, parent_id int NOT NULL, note varchar(12) NOT NULL, invoice_id int NOT NULL)",       \
        "INSERT INTO p VALUES (1,'one','web',NULL),(2,'two','web',NULL),(3,'three','mail',NULL)",  \
        "INSERT INTO a VALUES (1,1,'a1'),(2,2,'a2'),(5,2,'a5')"

static const char logs_sql[] = "SELECT timelog_id,parent_type,parent_id FROM l ORDER BY 1";

static void test_either_create(void **state)
{
    (void)state;
    BEGIN(either_catalog, EITHER_TABLES);
    succeeds("POST", "actions/5/timelogs", "{\"note\":\"x\"}");
    succeeds("POST", "projects/1/timelogs", "{}");
    succeeds("POST", "timelogs", "{\"project_id\":2}");
    succeeds("POST", "timelogs", "{\"parent_type\":\"action\",\"parent_id\":1}");
    succeeds("POST", "projects/2/actions/5/timelogs", "{}");
    succeeds("POST", "timelogs", "{}");
    fails("POST", "timelogs", "{\"action_id\":9}", 422, "parent_id");
    fails("POST", "timelogs", "{\"project_id\":3}", 422, "parent_id"); /* of another kind */
    fails("POST", "projects/1/actions/5/timelogs", "{}", 404, "action_id");
    fails("POST", "projects/3/timelogs", "{}", 404, "project_id");
    assert_rows(logs_sql, "1|action|5; 2|project|1; 3|project|2; 4|action|1; 5|action|5; 6||0");
    assert_rows("SELECT project_id FROM p WHERE date_activity IS NOT NULL", "1; 2");
    end();
}

/* What parent_id names hangs on the parent_type that is stored. */
static void test_either_update(void **state)
{
    (void)state;
    BEGIN(either_catalog, EITHER_TABLES,
          "INSERT INTO l VALUES (1,'action',1,'',0),(2,'project',2,'',0),(3,'Action ',1,'',0),"
          "(4,'',0,'',0)");
    succeeds("PUT", "timelogs/1", "{\"parent_id\":5}");
    fails("PUT", "timelogs/1", "{\"parent_id\":9}", 422, "parent_id");
    fails("PUT", "timelogs/1", "{\"parent_id\":99}", 422, "parent_id");
    fails("PUT", "timelogs/2", "{\"parent_id\":5}", 422, "parent_id"); /* no project 5 */
    fails("PUT", "timelogs/1", "{\"parent_type\":\"project\"}", 422, "parent_id");
    succeeds("PUT", "timelogs/2", "{\"parent_type\":\"action\"}"); /* action 2 it is then */
    fails("PUT", "timelogs/3", "{\"parent_id\":77}", 422, "parent_id");
    succeeds("PUT", "timelogs/3", "{\"parent_id\":2,\"note\":\"x\"}");
    succeeds("PUT", "timelogs/4", "{\"project_id\":1}");
    succeeds("PUT", "timelogs/1", "{\"parent_id\":5,\"parent_type\":\"action\",\"note\":\"y\"}");
    assert_rows(logs_sql, "1|action|5; 2|action|2; 3|Action |2; 4|project|1");
    succeeds("PUT", "timelogs/1", "{\"parent_type\":\"\",\"parent_id\":0}");
    fails("PUT", "timelogs/9", "{\"parent_id\":5}", 404, "timelog_id");
    assert_rows("SELECT parent_type,parent_id FROM l WHERE timelog_id=1", "|0");
    end();
}

/* A project's timelogs include those of its actions; others of the same number stay. */
static void test_either_delete(void **state)
{
    (void)state;
    BEGIN(either_catalog, EITHER_TABLES,
          "INSERT INTO l VALUES (1,'action',1,'',0),(2,'project',1,'',0),(3,'project',2,'',0),"
          "(4,'action',5,'',0),(5,'action',2,'',7),(6,'ticket',1,'',0)");
    succeeds("DELETE", "projects/1", "{}");
    assert_answer_holds("\"deleted\":{\"projects\":1,\"actions\":1,\"timelogs\":2}");
    assert_rows(logs_sql, "3|project|2; 4|action|5; 5|action|2; 6|ticket|1");
    fails("DELETE", "projects/2", "{}", 409, "invoice_id");
    assert_rows("SELECT COUNT(*) FROM a", "2");
    succeeds("DELETE", "projects/2", "{\"force\":true}");
    assert_answer_holds("\"deleted\":{\"projects\":1,\"actions\":2,\"timelogs\":3}");
    assert_rows(logs_sql, "6|ticket|1");
    end();
}

/* An action that moves takes its timelogs along as they are: their parent is the action. */
static void test_either_move(void **state)
{
    (void)state;
    BEGIN(either_catalog, EITHER_TABLES,
          "INSERT INTO l VALUES (1,'action',1,'',0),(2,'project',1,'',0)");
    succeeds("PUT", "actions/1", "{\"project_id\":2}");
    assert_rows(logs_sql, "1|action|1; 2|project|1");
    assert_rows("SELECT project_id FROM a WHERE action_id=1", "2");
    end();
}

/* A resource's constants: rows are made with them, and others do not exist. */
static void test_constants(void **state)
{
    (void)state;
    BEGIN(either_catalog, EITHER_TABLES);
    succeeds("POST", "projects", "{\"project_name\":\"x\"}");
    assert_rows("SELECT project_id,kind FROM p WHERE project_name='x'", "4|web");
    succeeds("PUT", "projects/4", "{\"kind\":\"web\",\"project_name\":\"y\"}");
    fails("PUT", "projects/4", "{\"kind\":\"mail\"}", 422, "kind");
    fails("PUT", "projects/3", "{\"project_name\":\"y\"}", 404, "project_id");
    fails("DELETE", "projects/3", "{}", 404, "project_id");
    assert_rows("SELECT project_id,kind,project_name FROM p WHERE project_id>2",
                "3|mail|three; 4|web|y");
    end();
}

/* --- columns of every kind ----------------------------------------------------------------------
 */

#define ALONE(rules)                                                                               \
    "{\"resources\":{\"r\":{\"singular\":\"one\",\"table\":\"r\",\"key\":\"id\",\"methods\":"      \
    "[\"GET\",\"POST\",\"PUT\",\"DELETE\"],\"hidden\":[\"secret\"]" rules "}}}"

/* "On insert every NOT NULL column without default gets '', 0, the zero date, the first member" —
 * hidden ones too; computed ones nothing. */
static void test_what_is_not_given(void **state)
{
    (void)state;
    BEGIN(ALONE(""),
          "CREATE TABLE r (id int PRIMARY KEY AUTO_INCREMENT, t text NOT NULL, n int NOT NULL,"
          "d decimal(5,2) NOT NULL, f float NOT NULL, e enum('b','a') NOT NULL, dt date NOT NULL,"
          "ts datetime NOT NULL, tm time NOT NULL, b blob NOT NULL, y year NOT NULL,"
          "s set('x','y') NOT NULL, secret varchar(9) NOT NULL, given int NOT NULL DEFAULT 7,"
          "open int, twice int AS (n * 2) VIRTUAL, thrice int AS (n * 3) STORED)");
    succeeds("POST", "r", "{}");
    assert_rows("SELECT * FROM r",
                "1||0|0.00|0|b|0000-00-00|0000-00-00 00:00:00|00:00:00||0|||7|null|0|0");
    succeeds("PUT", "r/1", "{\"n\":5,\"twice\":0,\"thrice\":\"0\"}"); /* as they are stored */
    assert_rows("SELECT n,twice,thrice FROM r", "5|10|15");
    fails("PUT", "r/1", "{\"twice\":11}", 422, "twice");
    fails("POST", "r", "{\"twice\":11}", 422, "twice");
    fails("POST", "r", "{\"secret\":\"x\"}", 400, "secret");
    end();
}

/* No number goes through a double on its way. */
static void test_exact_numbers(void **state)
{
    (void)state;
    BEGIN(ALONE(""), "CREATE TABLE r (id int PRIMARY KEY AUTO_INCREMENT, d decimal(38,20), "
                     "u bigint unsigned, b bigint, f double)");
    succeeds("POST", "r",
             "{\"d\":123456789012345678.12345678901234567891,\"u\":18446744073709551615,"
             "\"b\":-9223372036854775808,\"f\":0.1}");
    assert_rows("SELECT d,u,b,f FROM r", "123456789012345678.12345678901234567891|"
                                         "18446744073709551615|-9223372036854775808|0.1");
    succeeds("PUT", "r/1", "{\"d\":\"-123456789012345678.10000000000000000001\"}");
    assert_rows("SELECT d FROM r", "-123456789012345678.10000000000000000001");
    assert_answer_holds("\"d\":-123456789012345678.10000000000000000001");
    end();
}

/* A client that sends back what it was shown changes nothing. */
static void test_sent_back(void **state)
{
    (void)state;
    BEGIN(ALONE(",\"rules\":{\"now\":{\"update\":[\"changed\"]}}"),
          "CREATE TABLE r (id int PRIMARY KEY AUTO_INCREMENT, b blob, f float, t text, c char(3),"
          "changed datetime)",
          "INSERT INTO r VALUES (1, 0x000102FF, 1e10, 'x', 'y', NULL)");
    succeeds("PUT", "r/1",
             "{\"id\":1,\"b\":\"AAEC/w==\",\"f\":\"10000000000\",\"t\":\"x\",\"c\":\"y\"}");
    assert_rows("SELECT changed FROM r", "null");
    fails("PUT", "r/1", "{\"b\":\"AAEC/g==\"}", 422, "b");
    end();
}

/* What the catalog names and the table lacks is passed over. */
static void test_missing_columns(void **state)
{
    (void)state;
    BEGIN(
        ALONE(",\"kept\":[\"made\",\"owner\"],\"rules\":{\"now\":{\"create\":[\"made\"],\"update\":"
              "[\"changed\"]},\"viewer\":[\"owner\"],\"activity\":\"active\",\"locked\":{\"state\":"
              "\"old\"},"
              "\"invoice\":\"bill\",\"tree\":{\"column\":\"above\",\"children\":\"below\"},"
              "\"references\":"
              "{\"above\":{\"resource\":\"r\"},\"client\":{\"table\":\"c\",\"key\":\"id\"}}}"),
        "CREATE TABLE r (id int PRIMARY KEY AUTO_INCREMENT, t varchar(9) NOT NULL)");
    succeeds("POST", "r", "{\"t\":\"x\"}");
    succeeds("PUT", "r/1", "{\"t\":\"y\"}");
    assert_rows("SELECT * FROM r", "1|y");
    succeeds("DELETE", "r/1", "{}");
    assert_answer_holds("\"deleted\":{\"r\":1}");
    end();
}

/* A tree whose children nobody counts; references to a table that is not there are not checked. */
static void test_half_a_tree(void **state)
{
    (void)state;
    BEGIN(ALONE(",\"rules\":{\"tree\":{\"column\":\"above\",\"children\":\"below\"},\"references\":"
                "{\"above\":{\"resource\":\"r\"},\"client\":{\"table\":\"c\",\"key\":\"id\"}}}"),
          "CREATE TABLE r (id int PRIMARY KEY AUTO_INCREMENT, above int NOT NULL, client int)");
    succeeds("POST", "r", "[{},{\"above\":0}]");
    succeeds("PUT", "r/2", "{\"above\":1,\"client\":999}");
    succeeds("POST", "r", "{\"above\":2}");
    fails("PUT", "r/1", "{\"above\":3}", 422, "above");
    fails("PUT", "r/1", "{\"above\":1}", 422, "above");
    fails("POST", "r", "{\"above\":9}", 422, "above");
    succeeds("DELETE", "r/1", "{}");
    assert_answer_holds("\"deleted\":{\"r\":3}");
    end();
}

/* No id is above 2^63-1: what names one names nothing that is there. */
static void test_ids_beyond(void **state)
{
    (void)state;
    BEGIN(
        ALONE(
            ",\"rules\":{\"references\":{\"own\":{\"resource\":\"r\"},\"client\":{\"table\":\"c\","
            "\"key\":\"id\"}}}"),
        "CREATE TABLE c (id bigint unsigned PRIMARY KEY)",
        "CREATE TABLE r (id bigint unsigned PRIMARY KEY AUTO_INCREMENT, own bigint unsigned,"
        "client bigint unsigned)");
    fails("POST", "r", "{\"own\":18446744073709551615}", 422, "own");
    fails("POST", "r", "{\"client\":9223372036854775808}", 422, "client");
    fails("POST", "r", "{\"own\":9223372036854775807}", 422, "own");
    succeeds("POST", "r", "{\"own\":0,\"client\":null}");
    fails("PUT", "r/1", "{\"own\":18446744073709551615}", 422, "own");
    assert_rows("SELECT COUNT(*) FROM r", "1");
    end();
}

/* Columns of text may name rows as well. */
static void test_ids_as_text(void **state)
{
    (void)state;
    BEGIN(ALONE(",\"rules\":{\"references\":{\"own\":{\"resource\":\"r\"}}}"),
          "CREATE TABLE r (id int PRIMARY KEY AUTO_INCREMENT, own varchar(20) NOT NULL)",
          "INSERT INTO r VALUES (1,'')");
    succeeds("POST", "r", "{\"own\":1}");
    succeeds("POST", "r", "{\"own\":\"\"}");
    fails("POST", "r", "{\"own\":\"9\"}", 422, "own");
    fails("POST", "r", "{\"own\":\"x\"}", 422, "own");
    fails("PUT", "r/2", "{\"own\":\"-1\"}", 422, "own");
    succeeds("PUT", "r/2", "{\"own\":\"2\"}");
    assert_rows("SELECT id,own FROM r", "1|; 2|2; 3|");
    end();
}

static void test_keys_that_do_not_count(void **state)
{
    (void)state;
    BEGIN(ALONE(""), "CREATE TABLE r (id int NOT NULL PRIMARY KEY, t varchar(9))",
          "INSERT INTO r VALUES (5,'x')");
    fails("POST", "r", "{\"t\":\"y\"}", 503, "r");
    succeeds("PUT", "r/5", "{\"t\":\"y\"}");
    succeeds("DELETE", "r/5", "{}");
    assert_rows("SELECT COUNT(*) FROM r", "0");
    end();
}

/* thread_id alone keeps threads, also where what `bythread` sorts by is missing. */
static void test_half_a_thread(void **state)
{
    (void)state;
    BEGIN(
        ALONE(
            ",\"threads\":{\"column\":\"thread\",\"order\":\"active\",\"count\":\"n\"},\"rules\":{"
            "\"closed\":{\"state\":\"closed\"},\"references\":{\"thread\":{\"resource\":\"r\"}}}"),
        "CREATE TABLE r (id int PRIMARY KEY AUTO_INCREMENT, thread int NOT NULL, "
        "state varchar(9) NOT NULL)");
    succeeds("POST", "r", "{}");
    succeeds("POST", "r", "{\"thread\":1}");
    succeeds("POST", "r", "{\"thread\":1}");
    fails("POST", "r", "{\"thread\":2}", 422, "thread"); /* no first row */
    fails("PUT", "r/2", "{\"thread\":0}", 422, "thread");
    succeeds("PUT", "r/1", "{\"state\":\"closed\"}");
    fails("POST", "r", "{\"thread\":1}", 409, "thread");
    succeeds("DELETE", "r/1", "{}");
    assert_rows("SELECT id,thread,state FROM r", "2|2|closed; 3|2|");
    fails("POST", "r", "{\"thread\":2}", 409, "thread");
    end();
}

/* --- what hangs below
 * ----------------------------------------------------------------------------- */

#define ROWS_OF(table)                                                                             \
    "\"singular\":\"" table "1\",\"table\":\"" table                                               \
    "\",\"key\":\"id\",\"methods\":[\"GET\",\"POST\",\"PUT\",\"DELETE\"]"

/* Every column that names the record counts, and rows of what is off. */
static void test_all_ways_to_hang(void **state)
{
    (void)state;
    BEGIN(
        "{\"resources\":{"
        "\"tops\":{" ROWS_OF(
            "t") ",\"rules\":{\"dependants\":[\"mids\",\"lows\"]}},"
                 "\"mids\":{" ROWS_OF(
                     "m") ",\"rules\":{\"dependants\":[\"lows\"],\"references\":"
                          "{\"top_a\":{\"resource\":\"tops\"},\"top_b\":{\"resource\":\"tops\"}}}},"
                          "\"lows\":{" ROWS_OF(
                              "l") ",\"visible\":{\"any\":[{\"viewer\":\"gone\"}]},\"rules\":{"
                                   "\"references\":{\"mid_a\":{\"resource\":\"mids\"},\"mid_b\":{"
                                   "\"resource\":\"mids\"}}},"
                                   "\"parents\":{\"tops\":{\"parameter\":\"top\",\"any\":[{"
                                   "\"column\":\"top\"}]}}}}}",
        "CREATE TABLE t (id int PRIMARY KEY AUTO_INCREMENT)",
        "CREATE TABLE m (id int PRIMARY KEY AUTO_INCREMENT, top_a int, top_b int)",
        "CREATE TABLE l (id int PRIMARY KEY AUTO_INCREMENT, top int, mid_a int, mid_b int)",
        "INSERT INTO t VALUES (1),(2)", "INSERT INTO m VALUES (1,1,2),(2,2,1),(3,2,2)",
        "INSERT INTO l VALUES (1,1,0,0),(2,0,1,0),(3,0,0,2),(4,0,3,3),(5,2,NULL,NULL)");
    fails("POST", "lows", "{}", 503, "lows"); /* off: a column is missing */
    succeeds("DELETE", "tops/1", "{}");
    assert_rows("SELECT id FROM m", "3");
    assert_rows("SELECT id FROM l ORDER BY id", "4; 5");
    succeeds("DELETE", "mids/3", "{}");
    assert_rows("SELECT id FROM l", "5");
    end();
}

static int64_t entries_read(void)
{
    const struct database_cell *cells = NULL;
    static const char sql[] = "SELECT CAST(SUM(VARIABLE_VALUE) AS UNSIGNED) FROM "
                              "information_schema.SESSION_STATUS WHERE VARIABLE_NAME LIKE "
                              "'Handler_read%'";
    assert_int_equal(database_query(bench.database, slice_from(sql), NULL, 0), RESULT_OK);
    assert_int_equal(database_next(bench.database, &cells), RESULT_OK);
    int64_t count = cells[0].integer;
    database_finish(bench.database);
    return count;
}

/* A branch is found by its own rows, however many others stand at the root: with long lists of ids
 * servers read the whole index, once a list. */
static void test_branch_in_a_large_table(void **state)
{
    (void)state;
    BEGIN(ALONE(",\"rules\":{\"tree\":{\"column\":\"above\",\"children\":\"below\"},\"references\":"
                "{\"above\":{\"resource\":\"r\"}}}"),
          "CREATE TABLE r (id int PRIMARY KEY AUTO_INCREMENT, above int NOT NULL, KEY (above))",
          "INSERT INTO r SELECT seq, IF(seq BETWEEN 2 AND 600, 1, 0) FROM seq_1_to_30000",
          "ANALYZE TABLE r");
    int64_t before = entries_read();
    succeeds("DELETE", "r/1", "{}");
    assert_answer_holds("\"deleted\":{\"r\":600}");
    assert_true(entries_read() - before < 10000);
    assert_rows("SELECT COUNT(*) FROM r", "29400");
    end();
}

/* A record that names a row of what is off names nothing that could be looked at. */
static void test_naming_what_is_off(void **state)
{
    (void)state;
    BEGIN("{\"resources\":{"
          "\"tops\":{" ROWS_OF(
              "t") ",\"rules\":{\"activity\":\"active\"}},"
                   "\"lows\":{" ROWS_OF(
                       "l") ",\"rules\":{\"references\":{\"top\":{\"resource\":\"tops\"}}}}}}",
          "CREATE TABLE l (id int PRIMARY KEY AUTO_INCREMENT, top int NOT NULL, t varchar(9))",
          "INSERT INTO l VALUES (1,7,'x')");
    fails("POST", "lows", "{\"top\":5}", 422, "top");
    succeeds("POST", "lows", "{\"top\":0}");
    succeeds("PUT", "lows/1", "{\"top\":7,\"t\":\"y\"}");
    assert_rows("SELECT id,top,t FROM l", "1|7|y; 2|0|null");
    run("CREATE TABLE t (other int, active datetime)"); /* no key: off all the same */
    run("INSERT INTO t VALUES (7,NULL)");
    model_release(bench.model);
    assert_int_equal(model_learn(bench.catalog, bench.database, &bench.model), RESULT_OK);
    succeeds("PUT", "lows/1", "{\"t\":\"z\"}");
    assert_rows("SELECT other,active FROM t", "7|null");
    end();
}

/* Columns that mean something else here are not filled in from a parent. */
static void test_filled_in(void **state)
{
    (void)state;
    BEGIN("{\"resources\":{"
          "\"tops\":{" ROWS_OF(
              "t") "},"
                   "\"mids\":{" ROWS_OF(
                       "m") ",\"parents\":{\"tops\":{\"parameter\":\"top\",\"any\":[{\"column\":"
                            "\"top\"}]}},\"rules\":{\"dependants\":[\"lows\"]}},"
                            "\"lows\":{" ROWS_OF(
                                "l") ",\"parents\":{\"mids\":{\"parameter\":\"mid\",\"any\":[{"
                                     "\"column\":"
                                     "\"mid\"}]},\"tops\":{\"parameter\":\"other\",\"any\":[{"
                                     "\"column\":\"other\",\"where\":{\"kind\":"
                                     "\"top\"}}]}}}}}",
          "CREATE TABLE t (id int PRIMARY KEY AUTO_INCREMENT)",
          "CREATE TABLE m (id int PRIMARY KEY AUTO_INCREMENT, top int NOT NULL)",
          "CREATE TABLE l (id int PRIMARY KEY AUTO_INCREMENT, mid int NOT NULL, other int NOT NULL,"
          "kind varchar(9) NOT NULL)",
          "INSERT INTO t VALUES (1),(2)", "INSERT INTO m VALUES (1,1)");
    succeeds("POST", "lows", "{\"mid\":1}");
    succeeds("POST", "lows", "{\"mid\":1,\"other\":1,\"kind\":\"top\"}");
    fails("POST", "lows", "{\"mid\":1,\"other\":2,\"kind\":\"top\"}", 422, "mid");
    succeeds("PUT", "mids/1", "{\"top\":2}");
    assert_rows("SELECT mid,other,kind FROM l ORDER BY id", "1|0|; 1|1|top");
    end();
}

/* --- all
 * ------------------------------------------------------------------------------------------ */

static int setup(void **state)
{
    *state = NULL;
    if (!private_mariadb_is_installed())
        return 0;
    if (!private_mariadb_start(&server))
        return -1;
    bench.database = database_create(&mysql);
    bench.writer = writer_create(FORMAT_JSON);
    bench.hashes[0] = tag_hash_create();
    bench.hashes[1] = tag_hash_create();
    bench.counts = shared_count_cache_create(0);
    bench.viewer.sees_all = true;
    run("CREATE DATABASE t");
    mysql.database = database_name;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    database_destroy(bench.database);
    writer_destroy(bench.writer);
    tag_hash_destroy(bench.hashes[0]);
    tag_hash_destroy(bench.hashes[1]);
    shared_count_cache_destroy(bench.counts);
    private_mariadb_stop(&server);
    return 0;
}

static int skip_without_server(void **state)
{
    (void)state;
    if (!private_mariadb_is_installed())
        skip();
    return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, skip_without_server)
    const struct CMUnitTest tests[] = {
        TEST(test_either_create),
        TEST(test_either_update),
        TEST(test_either_delete),
        TEST(test_either_move),
        TEST(test_constants),
        TEST(test_what_is_not_given),
        TEST(test_exact_numbers),
        TEST(test_sent_back),
        TEST(test_missing_columns),
        TEST(test_half_a_tree),
        TEST(test_ids_beyond),
        TEST(test_ids_as_text),
        TEST(test_keys_that_do_not_count),
        TEST(test_half_a_thread),
        TEST(test_all_ways_to_hang),
        TEST(test_branch_in_a_large_table),
        TEST(test_naming_what_is_off),
        TEST(test_filled_in),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

/*
 * The SQL of each kind of question. spec/remote-api.md section 4 (ties by primary key, keyset
 * pages, keys before rows), section 3 (parents), section 7 (threads); data-model.md: "Never
 * SELECT *; never a column outside the learnt list; every value bound, never pasted."
 */
#include "resources/plan.h"
#include "sample_plan.h"

typedef void planner(struct plan *plan, const struct query *query);

/* Checks from where the SELECT list ends, or all of it. */
static void check_query(struct sample *sample, planner *make, const struct query *query,
                        const char *sql, const char *values)
{
    struct plan plan;
    plan_init(&plan, &sample->arena);
    make(&plan, query);
    assert_false(plan.has_failed);
    struct slice text = buffer_slice(&plan.text);
    if (strncmp(sql, "SELECT", 6) != 0) {
        buffer_append_char(&plan.text, '\0');
        const char *from = strstr(plan.text.data, " FROM ");
        assert_non_null(from);
        text = slice_from(from);
    }
    assert_slice(text, sql);
    assert_values(&plan, values);
    plan_clear(&plan);
}

static void check_plan(void **state, planner *make, const char *path, const char *params,
                       const char *sql, const char *values)
{
    struct sample *sample = *state;
    if (sample_compile(sample, path, params) != RESULT_OK)
        fail_msg("%s %s is refused", path, params);
    check_query(sample, make, &sample->set.queries[0], sql, values);
}

#define ACTIONS  "`tbladdon_wbteampro_action`"
#define FILES    "`tbladdon_wbteampro_file`"
#define PROJECTS "`tbladdon_wbteampro_project`"
#define TIMELOGS "`tbladdon_wbteampro_timelog`"
#define TOPICS   "`tbladdon_wbteampro_topic`"
#define XREFS    "`tbladdon_wbteampro_ticketxref`"

static void test_record(void **state)
{
    check_plan(
        state, plan_record, "v1/actions/55/json", "{}",
        "SELECT t.`action_id`, t.`project_id`, t.`action_name`, t.`assigned_adminid` FROM " ACTIONS
        " t WHERE 1 AND t.`action_id` = ?",
        "55");
    check_plan(state, plan_record, "v1/actions/55/json", "{\"fields\":\"action_name\"}",
               "SELECT t.`action_name` FROM " ACTIONS " t WHERE 1 AND t.`action_id` = ?", "55");
    /* "Every {id} must belong to the record before it" */
    check_plan(state, plan_record, "v1/projects/100/actions/55/json", "{}",
               " FROM " ACTIONS " t WHERE 1 AND t.`action_id` = ? AND ((t.`project_id` = ?))",
               "55 100");
}

static void test_first_page(void **state)
{
    check_plan(state, plan_page, "v1/actions/json", "{}",
               "SELECT t.`action_id`, t.`project_id`, t.`action_name`, t.`assigned_adminid`, "
               "t.`action_id` FROM " ACTIONS " t WHERE 1 ORDER BY t.`action_id` LIMIT ?",
               "51");
    check_plan(state, plan_page, "v1/projects/100/actions/json",
               "{\"limit\":2,\"sort\":\"-action_name\"}",
               "SELECT t.`action_id`, t.`project_id`, t.`action_name`, t.`assigned_adminid`, "
               "t.`action_name`, "
               "t.`action_id` FROM " ACTIONS " t WHERE 1 AND ((t.`project_id` = ?)) "
               "ORDER BY t.`action_name` DESC, t.`action_id` DESC LIMIT ?",
               "100 3");
}

/* "must not read whole rows that they skip (select the keys of the page first, then their rows)" */
static void test_offset_page(void **state)
{
    check_plan(state, plan_page, "v1/actions/json", "{\"page\":3,\"limit\":10}",
               " FROM (SELECT t.`action_id` AS k FROM " ACTIONS " t WHERE 1 "
               "ORDER BY t.`action_id` LIMIT ? OFFSET ?) p JOIN " ACTIONS
               " t ON t.`action_id` = p.k ORDER BY p.k",
               "11 20");
    check_plan(state, plan_page, "v1/actions/json", "{\"offset\":20,\"sort\":\"action_name\"}",
               " FROM (SELECT t.`action_id` AS k, t.`action_name` AS s0 FROM " ACTIONS " t WHERE 1 "
               "ORDER BY t.`action_name`, t.`action_id` LIMIT ? OFFSET ?) p JOIN " ACTIONS
               " t ON t.`action_id` = p.k ORDER BY p.s0, p.k",
               "51 20");
}

static void test_filters(void **state)
{
    check_plan(state, plan_page, "v1/projects/json",
               "{\"project_id\":[1,2,3],\"budget\":{\"gte\":\"1.5\",\"null\":false},"
               "\"project_name\":{\"like\":\"a%\"},\"date_start\":null,"
               "\"project_complete\":{\"ne\":5,\"nin\":[7]}}",
               " FROM " PROJECTS " t WHERE 1 AND t.`project_id` IN (?, ?, ?, ?)"
               " AND t.`budget` >= CAST(? AS DECIMAL(65,30)) AND t.`budget` IS NOT NULL"
               " AND t.`project_name` LIKE ? AND t.`date_start` IS NULL"
               " AND t.`project_complete` <> ? AND t.`project_complete` NOT IN (?)"
               " ORDER BY t.`project_id` LIMIT ?",
               "1 2 3 3 '1.5' 'a%' 5 7 51");
}

/* decisions.md: "search takes them literally" (% and _). */
static void test_search(void **state)
{
    check_plan(state, plan_count, "v1/projects/json", "{\"search\":\"5%_\\\\x\"}",
               "SELECT COUNT(*) FROM " PROJECTS
               " t WHERE 1 AND (t.`project_name` LIKE ? OR t.`project_detail` LIKE ?)",
               "'%5\\%\\_\\\\x%' '%5\\%\\_\\\\x%'");
}

static void check_cursor(void **state, const char *sort, struct database_value value,
                         const char *where)
{
    struct sample *sample = *state;
    char params[64];
    char sql[512];
    snprintf(params, sizeof(params), "{\"sort\":\"%s\"}", sort);
    assert_int_equal(sample_compile(sample, "v1/projects/json", params), RESULT_OK);
    struct query *query = &sample->set.queries[0];
    query->has_cursor = true;
    query->cursor[0] = value;
    query->cursor[1] = database_integer(9);
    bool is_descending = sort[0] == '-';
    snprintf(sql, sizeof(sql),
             " FROM " PROJECTS " t WHERE 1 AND %s ORDER BY t.`%s`%s, "
             "t.`project_id`%s LIMIT ?",
             where, sort + is_descending, is_descending ? " DESC" : "",
             is_descending ? " DESC" : "");
    struct plan plan;
    plan_init(&plan, &sample->arena);
    plan_page(&plan, query);
    buffer_append_char(&plan.text, '\0');
    assert_slice(slice_from(strstr(plan.text.data, " FROM ")), sql);
    plan_clear(&plan);
}

/* Ties go on by key; NULL sorts first ascending and last descending, and is never lost. */
static void test_cursor(void **state)
{
    struct database_value null = {.type = DATABASE_NULL};
    struct database_value day = database_text(SLICE("2026-01-01"));
    check_cursor(state, "date_start", day,
                 "(t.`date_start` > ? OR (t.`date_start` = ? AND t.`project_id` > ?))");
    check_cursor(state, "-date_start", day,
                 "((t.`date_start` < ? OR t.`date_start` IS NULL) OR "
                 "(t.`date_start` = ? AND t.`project_id` < ?))");
    check_cursor(state, "date_start", null,
                 "(t.`date_start` IS NOT NULL OR (t.`date_start` IS NULL AND t.`project_id` > ?))");
    check_cursor(state, "-date_start", null,
                 "(t.`date_start` IS NULL AND 0 OR (t.`date_start` IS NULL AND "
                 "t.`project_id` < ?))");
    check_cursor(state, "-project_complete", database_integer(5),
                 "(t.`project_complete` < ? OR (t.`project_complete` = ? AND "
                 "t.`project_id` < ?))");
    check_cursor(state, "budget", database_text(SLICE("1.50")),
                 "(t.`budget` > CAST(? AS DECIMAL(65,30)) OR (t.`budget` = CAST(? AS "
                 "DECIMAL(65,30)) AND t.`project_id` > ?))");
}

/* MySQL sorts an ENUM by its number and compares it with text by letters: `big` sorts after
 * `small` here, so what follows must be asked for by number. */
static void test_cursor_on_enum(void **state)
{
    struct sample *sample = *state;
    assert_int_equal(sample_compile(sample, "v1/projects/json", "{\"sort\":\"size_class\"}"),
                     RESULT_OK);
    struct query *query = &sample->set.queries[0];
    query->has_cursor = true;
    query->cursor[0] = database_text(SLICE("big"));
    query->cursor[1] = database_integer(9);
    check_query(sample, plan_page, query,
                " FROM " PROJECTS " t WHERE 1 AND (t.`size_class` + 0 > ? OR (t.`size_class` + 0 "
                "= ? AND t.`project_id` > ?)) ORDER BY t.`size_class`, t.`project_id` LIMIT ?",
                "2 2 9 51");
}

static void test_cursor_of_three(void **state)
{
    struct sample *sample = *state;
    assert_int_equal(
        sample_compile(sample, "v1/actions/json", "{\"sort\":\"project_id,-action_name\"}"),
        RESULT_OK);
    struct query *query = &sample->set.queries[0];
    query->has_cursor = true;
    query->cursor[0] = database_integer(1);
    query->cursor[1] = database_text(SLICE("x"));
    query->cursor[2] = database_integer(9);
    check_query(sample, plan_page, query,
                " FROM " ACTIONS " t WHERE 1 AND (t.`project_id` > ? OR (t.`project_id` = ? AND "
                "(t.`action_name` < ? OR (t.`action_name` = ? AND t.`action_id` < ?)))) "
                "ORDER BY t.`project_id`, t.`action_name` DESC, t.`action_id` DESC LIMIT ?",
                "1 1 'x' 'x' 9 51");
}

/* "A project's timelogs include those of its actions" */
static void test_union_parent(void **state)
{
    static const char from[] =
        " FROM (SELECT c.`timelog_id` AS k FROM " TIMELOGS " c WHERE c.`project_id` = ?"
        " UNION SELECT c.`timelog_id` AS k FROM " ACTIONS " x JOIN " TIMELOGS
        " c ON c.`action_id` = x.`action_id` WHERE x.`project_id` = ?) u0 JOIN " TIMELOGS
        " t ON t.`timelog_id` = u0.k WHERE 1";
    char sql[1024];
    snprintf(sql, sizeof(sql), "%s ORDER BY t.`timelog_id` LIMIT ?", from);
    check_plan(state, plan_page, "v1/projects/219/timelogs/json", "{}", sql, "219 219 51");
    check_plan(state, plan_page, "v1/timelogs/json", "{\"project_id\":219}", sql, "219 219 51");
    /* Nothing but the keys is asked: the rows themselves need not be read. */
    snprintf(sql, sizeof(sql), "%.*s", (int)(strstr(from, " JOIN " TIMELOGS " t ") - from), from);
    check_plan(state, plan_count, "v1/projects/219/timelogs/json", "{}", sql, "219 219");
    snprintf(sql, sizeof(sql), "%s AND t.`timelog_note` = ?", from);
    check_plan(state, plan_count, "v1/projects/219/timelogs/json", "{\"timelog_note\":\"x\"}", sql,
               "219 219 'x'");
    check_plan(state, plan_record, "v1/projects/219/timelogs/3/json", "{}",
               " FROM " TIMELOGS " t WHERE 1 AND t.`timelog_id` = ? AND ((t.`project_id` = ?) OR "
               "(t.`action_id` IN (SELECT x.`action_id` FROM " ACTIONS
               " x WHERE x.`project_id` = ?)))",
               "3 219 219");
}

/* "A ticket is one row, however many cross references it has, and carries one as the nested object
 * ticketxref: the chain's, else the visible one with the lowest xref_id, else null." */
static void test_through_parent(void **state)
{
    check_plan(state, plan_page, "v1/projects/219/whmcstickets/json", "{}",
               "SELECT t.`id`, t.`title`, t.`editor`, t.`did`, o.`xref_id`, o.`ticket_id`, "
               "o.`project_id`, "
               "o.`action_id`, t.`id` FROM `tbltickets` t LEFT JOIN " XREFS
               " o ON o.`xref_id` = (SELECT MIN(m.`xref_id`) FROM " XREFS
               " m WHERE m.`ticket_id` = t.`id` AND m.`project_id` = ?) WHERE 1 AND "
               "t.`merged_ticket_id` = ? AND ((t.`id` IN (SELECT x.`ticket_id` FROM " XREFS
               " x WHERE x.`project_id` = ?))) ORDER BY t.`id` LIMIT ?",
               "219 '0' 219 51");
    check_plan(state, plan_record, "v1/whmcstickets/7/json", "{}",
               " FROM `tbltickets` t LEFT JOIN " XREFS
               " o ON o.`xref_id` = (SELECT MIN(m.`xref_id`) FROM " XREFS
               " m WHERE m.`ticket_id` = t.`id`) WHERE 1 AND t.`id` = ? AND "
               "t.`merged_ticket_id` = ?",
               "7 '0'");
    check_plan(state, plan_count, "v1/whmcstickets/json", "{}",
               "SELECT COUNT(*) FROM `tbltickets` t WHERE 1 AND t.`merged_ticket_id` = ?", "'0'");
}

static void check_page_source(void **state, const char *path, const char *sql, const char *values)
{
    struct sample *sample = *state;
    struct plan plan;
    assert_int_equal(sample_compile(sample, path, "{}"), RESULT_OK);
    plan_init(&plan, &sample->arena);
    plan_page(&plan, &sample->set.queries[0]);
    buffer_append_char(&plan.text, '\0');
    assert_slice(slice_from(strstr(plan.text.data, " FROM (")), sql);
    assert_values(&plan, values);
    plan_clear(&plan);
}

/* "one row a thread: the first post with topic_posts, last_post (object) and the thread's
 * date_activity, most recent first" */
static void test_topic_threads(void **state)
{
    static const char last[] =
        " AND NOT EXISTS (SELECT 1 FROM " TOPICS " n WHERE n.`thread_id` = l.`thread_id` AND "
        "(n.`date_activity` > l.`date_activity` OR (n.`date_activity` <=> l.`date_activity` AND "
        "n.`topic_id` > l.`topic_id`) OR (l.`date_activity` IS NULL AND n.`date_activity` IS NOT "
        "NULL)))";
    char sql[2048];
    snprintf(sql, sizeof(sql),
             "SELECT t.`topic_id`, t.`thread_id`, t.`project_id`, t.`action_id`, "
             "l.`date_activity`, (SELECT COUNT(*) FROM " TOPICS
             " c WHERE c.`thread_id` = t.`thread_id`), l.`topic_id`, l.`thread_id`, "
             "l.`project_id`, l.`action_id`, l.`date_activity`, l.`date_activity`, l.`topic_id`"
             " FROM " TOPICS " l JOIN " TOPICS " t ON t.`topic_id` = l.`thread_id` WHERE 1%s "
             "ORDER BY l.`date_activity` DESC, l.`topic_id` DESC LIMIT ?",
             last);
    check_plan(state, plan_page, "v1/topics/bythread/json", "{}", sql, "51");
    /* A parent's threads are sorted by their keys before their texts are read. */
    snprintf(sql, sizeof(sql),
             " FROM (SELECT l.`topic_id` AS k, l.`date_activity` AS s0 FROM " TOPICS
             " l JOIN " TOPICS
             " t ON t.`topic_id` = l.`thread_id` WHERE 1 AND ((t.`project_id` = ?))%s "
             "ORDER BY l.`date_activity` DESC, l.`topic_id` DESC LIMIT ?) p JOIN " TOPICS
             " l ON l.`topic_id` = p.k JOIN " TOPICS " t ON t.`topic_id` = l.`thread_id` "
             "ORDER BY p.s0 DESC, p.k DESC",
             last);
    check_page_source(state, "v1/projects/1/topics/bythread/json", sql, "1 51");
    check_plan(state, plan_count, "v1/projects/1/topics/bythread/json", "{}",
               "SELECT COUNT(*) FROM " TOPICS
               " t WHERE 1 AND ((t.`project_id` = ?)) AND t.`topic_id` = t.`thread_id`",
               "1");
}

/* "one row a thread: the latest version with file_versions"; file_path is hidden. */
static void test_file_threads(void **state)
{
    static const char from[] =
        " FROM " FILES " t WHERE 1 AND NOT EXISTS (SELECT 1 FROM " FILES
        " n WHERE n.`thread_id` = t.`thread_id` AND (n.`file_version` > t.`file_version` OR "
        "(n.`file_version` <=> t.`file_version` AND n.`file_id` > t.`file_id`)))";
    char sql[2048];
    snprintf(sql, sizeof(sql),
             "SELECT t.`file_id`, t.`thread_id`, t.`project_id`, t.`action_id`, "
             "t.`file_version`, t.`file_name`, t.`date_created`, (SELECT COUNT(*) FROM " FILES
             " c WHERE c.`thread_id` = t.`thread_id`), t.`date_created`, t.`file_id`%s "
             "ORDER BY t.`date_created` DESC, t.`file_id` DESC LIMIT ?",
             from);
    check_plan(state, plan_page, "v1/files/bythread/json", "{}", sql, "51");
    check_plan(state, plan_count, "v1/files/bythread/json", "{}",
               "SELECT COUNT(DISTINCT t.`thread_id`) FROM " FILES " t", "");
    snprintf(sql, sizeof(sql), "%s", from);
    char *where = strstr(sql, " AND NOT EXISTS");
    snprintf(where, sizeof(sql) - (size_t)(where - sql), " AND t.`file_name` = ?%s",
             strstr(from, " AND NOT EXISTS"));
    check_plan(state, plan_count, "v1/files/bythread/json", "{\"file_name\":\"x\"}", sql, "'x'");
}

/* "whmcstickets/{id} also has replies", oldest first, and only what the catalog sends. */
static void test_nested_list(void **state)
{
    struct sample *sample = *state;
    struct plan plan;
    plan_init(&plan, &sample->arena);
    plan_nested_list(&plan, sample_resource(sample, "whmcstickets"), 7);
    assert_slice(buffer_slice(&plan.text),
                 "SELECT t.`id`, t.`tid`, t.`date` FROM `tblticketreplies` t WHERE t.`tid` = ? "
                 "ORDER BY t.`date`, t.`id`");
    assert_values(&plan, "7");
    plan_clear(&plan);
}

#define LIMITED_PROJECT(v)                                                                         \
    "((" v ".`visible_status` = ?) OR ((" v ".`visible_status` = ? OR " v                          \
    ".`visible_status` IS NULL)) OR (" v ".`manager_adminid` = ?) OR (" v                          \
    ".`visible_status` = ? AND (" v ".`assigned_adminid` = ? OR " v                                \
    ".`assigned_adminid` = 0 OR " v ".`assigned_adminid` IS NULL)))"
#define LIMITED_BELOW(a, exists, limit)                                                            \
    "(" a ".`project_id` = 0 OR " a ".`project_id` IS NULL OR " exists "(SELECT 1 FROM " PROJECTS  \
    " v1 WHERE v1.`project_id` = " a ".`project_id` AND " LIMITED_PROJECT("v1") limit "))"
#define LIMITED_BOTH(a, exists, limit)                                                             \
    LIMITED_BELOW(a, exists, limit)                                                                \
    " AND (" a ".`action_id` = 0 OR " a ".`action_id` IS NULL OR " exists                          \
    "(SELECT 1 FROM " ACTIONS " v1 WHERE v1.`action_id` = " a                                      \
    ".`action_id` AND (v1.`project_id` = 0 OR v1.`project_id` IS "                                 \
    "NULL OR " exists "(SELECT 1 FROM " PROJECTS                                                   \
    " v2 WHERE v2.`project_id` = v1.`project_id` AND " LIMITED_PROJECT("v2") limit "))" limit "))"
#define VALUES "'all' '' 7 'related' 7"

static void plan_columns_of_file(struct plan *plan, const struct query *query)
{
    const struct slice names[] = {SLICE("file_path")};
    plan_columns(plan, query, names, SAMPLE_LENGTH(names));
}

static const int32_t departments[] = {4, 5, 6};

static void limit_viewer(struct sample *sample)
{
    sample->viewer = (struct query_viewer){
        .admin_id = 7, .departments = departments, .department_count = SAMPLE_LENGTH(departments)};
}

/* auth-and-bans.md, "Admin login", step 5: "a project is visible when visible_status is all or
 * empty; or manager and he manages it; or related and …" */
static void test_visible_projects(void **state)
{
    limit_viewer(*state);
    check_plan(state, plan_page, "v1/projects/json", "{}",
               " FROM " PROJECTS " t WHERE 1 AND " LIMITED_PROJECT("t") " ORDER BY "
                                                                        "t.`project_id` LIMIT ?",
               VALUES " 51");
    /* Walked along its order, not collected and sorted. */
    check_plan(state, plan_page, "v1/projects/json", "{\"sort\":\"-date_created\"}",
               " FROM " PROJECTS " t WHERE 1 AND " LIMITED_PROJECT(
                   "t") " IS TRUE ORDER BY "
                        "t.`date_created` DESC, t.`project_id` DESC LIMIT ?",
               VALUES " 51");
    check_plan(state, plan_page, "v1/projects/json", "{\"offset\":100}",
               " FROM (SELECT t.`project_id` AS k FROM " PROJECTS " t WHERE 1 AND " LIMITED_PROJECT(
                   "t") " IS TRUE ORDER BY t.`project_id` LIMIT ? OFFSET ?) p JOIN " PROJECTS
                        " t ON t.`project_id` = p.k ORDER BY p.k",
               VALUES " 51 100");
    check_plan(state, plan_count, "v1/projects/json", "{\"sort\":\"-date_created\"}",
               "SELECT COUNT(*) FROM " PROJECTS " t WHERE 1 AND " LIMITED_PROJECT("t"), VALUES);
    check_plan(state, plan_record, "v1/projects/3/json", "{}",
               " FROM " PROJECTS " t WHERE 1 AND t.`project_id` = ? AND " LIMITED_PROJECT("t"),
               "3 " VALUES);
}

/* "Everything below a hidden project is hidden […], except actions assigned to him or to nobody":
 * a page asks row by row, a count may collect the visible projects first. */
static void test_visible_below(void **state)
{
    limit_viewer(*state);
    check_plan(state, plan_page, "v1/actions/json", "{}",
               " FROM " ACTIONS " t WHERE 1 AND (((t.`assigned_adminid` = ? OR "
               "t.`assigned_adminid` = 0 OR t.`assigned_adminid` IS NULL)) OR (" LIMITED_BELOW(
                   "t", "", " LIMIT 1") ")) ORDER BY t.`action_id` LIMIT ?",
               "7 " VALUES " 51");
    check_plan(state, plan_count, "v1/timelogs/json", "{}",
               "SELECT COUNT(*) FROM " TIMELOGS " t WHERE 1 AND " LIMITED_BOTH("t", "EXISTS ", ""),
               VALUES " " VALUES);
    check_plan(state, plan_columns_of_file, "v1/files/3/download", "{}",
               "SELECT t.`file_path` FROM " FILES
               " t WHERE 1 AND t.`file_id` = ? AND " LIMITED_BOTH("t", "", " LIMIT 1"),
               "3 " VALUES " " VALUES);
}

/* The keys of a union do not say who sees the rows: they are joined for the total too. */
static void test_visible_union(void **state)
{
    limit_viewer(*state);
    check_plan(state, plan_count, "v1/projects/219/timelogs/json", "{}",
               "SELECT COUNT(*) FROM (SELECT c.`timelog_id` AS k FROM " TIMELOGS
               " c WHERE c.`project_id` = ? UNION SELECT c.`timelog_id` AS k FROM " ACTIONS
               " x JOIN " TIMELOGS " c ON c.`action_id` = x.`action_id` WHERE x.`project_id` = ?"
               " AND (((x.`assigned_adminid` = ? OR x.`assigned_adminid` = 0 OR "
               "x.`assigned_adminid` IS NULL)) OR (" LIMITED_BELOW(
                   "x", "EXISTS ",
                   "") "))) u0 "
                       "JOIN " TIMELOGS
                       " t ON t.`timelog_id` = u0.k WHERE 1 AND " LIMITED_BOTH("t", "EXISTS ", ""),
               "219 219 7 " VALUES " " VALUES " " VALUES);
}

/* Threads are made of the posts that are visible. */
static void test_visible_threads(void **state)
{
    limit_viewer(*state);
    check_plan(state, plan_count, "v1/topics/bythread/json", "{}",
               "SELECT COUNT(*) FROM " TOPICS " t WHERE 1 AND " LIMITED_BOTH(
                   "t", "EXISTS ", "") " AND t.`topic_id` = t.`thread_id`",
               VALUES " " VALUES);
    check_plan(state, plan_count, "v1/files/bythread/json", "{}",
               "SELECT COUNT(DISTINCT t.`thread_id`) FROM " FILES
               " t WHERE 1 AND " LIMITED_BOTH("t", "EXISTS ", ""),
               VALUES " " VALUES);
    check_plan(state, plan_count, "v1/files/bythread/json", "{\"file_name\":\"x\"}",
               "SELECT COUNT(*) FROM " FILES " t WHERE 1 AND t.`file_name` = ? AND " LIMITED_BOTH(
                   "t", "EXISTS ", "") " AND NOT EXISTS (SELECT 1 FROM " FILES
                                       " n WHERE n.`thread_id` = t.`thread_id` AND "
                                       "(n.`file_version` > t.`file_version` OR "
                                       "(n.`file_version` <=> t.`file_version` AND n.`file_id` > "
                                       "t.`file_id`)) AND " LIMITED_BOTH("n", "EXISTS ", "") ")",
               "'x' " VALUES " " VALUES " " VALUES " " VALUES);
}

/* remote-api.md section 7: "a ticket is visible when one of its cross references is, or when its
 * department is in the admin's supportdepts"; section 5: the visible reference is shown. */
static void test_visible_tickets(void **state)
{
    struct sample *sample = *state;
    limit_viewer(sample);
    check_plan(
        state, plan_record, "v1/whmcstickets/9/json", "{}",
        " FROM `tbltickets` t LEFT JOIN " XREFS
        " o ON o.`xref_id` = (SELECT MIN(m.`xref_id`) FROM " XREFS
        " m WHERE m.`ticket_id` = t.`id` AND " LIMITED_BOTH(
            "m", "",
            " LIMIT 1") ") WHERE 1 AND t.`id` = ? AND t.`merged_ticket_id` = ? AND "
                        "((t.`did` IN (?, ?, ?, ?)) OR ((SELECT 1 FROM " XREFS
                        " v1 WHERE v1.`ticket_id` = t.`id` AND (v1.`project_id` = 0 OR "
                        "v1.`project_id` IS "
                        "NULL OR (SELECT 1 FROM " PROJECTS
                        " v2 WHERE v2.`project_id` = v1.`project_id` AND " LIMITED_PROJECT(
                            "v2") " LIMIT 1)) AND (v1.`action_id` = 0 OR v1.`action_id` IS NULL "
                                  "OR (SELECT 1 FROM " ACTIONS
                                  " v2 WHERE v2.`action_id` = v1.`action_id` AND "
                                  "(v2.`project_id` = 0 OR v2.`project_id` IS NULL OR (SELECT 1 "
                                  "FROM " PROJECTS " v3 WHERE v3.`project_id` = v2.`project_id` "
                                  "AND " LIMITED_PROJECT("v3") " LIMIT 1)) LIMIT 1)) LIMIT 1)))",
        VALUES " " VALUES " 9 '0' 4 5 6 6 " VALUES " " VALUES);
    sample->viewer.department_count = 0;
    assert_int_equal(sample_compile(sample, "v1/whmcstickets/json", "{}"), RESULT_OK);
    struct plan plan;
    plan_init(&plan, &sample->arena);
    plan_count(&plan, &sample->set.queries[0]);
    buffer_append_char(&plan.text, '\0');
    assert_non_null(strstr(plan.text.data, " AND ((0) OR (EXISTS (SELECT 1 FROM "));
    plan_clear(&plan);
}

/* Nobody's question is nobody's answer: without a viewer a plan is not executed. */
static void test_no_viewer(void **state)
{
    static planner *const planners[] = {plan_page, plan_count, plan_record};
    struct sample *sample = *state;
    for (size_t i = 0; i < SAMPLE_LENGTH(planners); i++) {
        struct query query = {.resource = sample_resource(sample, "actions"), .limit = 1};
        struct plan plan;
        plan_init(&plan, &sample->arena);
        planners[i](&plan, &query);
        assert_true(plan.has_failed);
        plan_clear(&plan);
    }
}

/* What decides is not there: nobody sees what nobody can judge. */
static void test_visible_without_tables(void **state)
{
    struct sample *sample = *state;
    struct sample_column kept[SAMPLE_LENGTH(sample_columns)];
    size_t count = 0;
    for (size_t i = 0; i < SAMPLE_LENGTH(sample_columns); i++)
        if (strcmp(sample_columns[i].table, SAMPLE_PREFIX "project") != 0)
            kept[count++] = sample_columns[i];
    model_release(sample->model);
    assert_int_equal(model_build(sample->catalog, sample_schema(kept, count), &sample->model),
                     RESULT_OK);
    limit_viewer(sample);
    check_plan(state, plan_count, "v1/actions/json", "{}",
               "SELECT COUNT(*) FROM " ACTIONS " t WHERE 1 AND (((t.`assigned_adminid` = ? OR "
               "t.`assigned_adminid` = 0 OR t.`assigned_adminid` IS NULL)) OR ((t.`project_id` = 0 "
               "OR t.`project_id` IS NULL OR 0)))",
               "7");
}

/* "every value bound, never pasted": whatever a client says, no byte of it reaches the text. */
static void test_nothing_pasted(void **state)
{
    static const char *const params[] = {
        "{\"project_name\":\"zqx'`\\\"--\"}",
        "{\"project_name\":[\"zqx1\",\"zqx2\"]}",
        "{\"project_name\":{\"like\":\"zqx%\",\"ne\":\"zqx\",\"gt\":\"zqx\",\"nin\":[\"zqx\"]}}",
        "{\"search\":\"zqx') OR 1=1 -- \"}",
        "{\"size_class\":\"zqx\"}",
        "{\"project_id\":987654321,\"limit\":321,\"offset\":987654,\"budget\":\"987654.3\"}",
    };
    static planner *const planners[] = {plan_page, plan_count};
    struct sample *sample = *state;
    for (size_t i = 0; i < SAMPLE_LENGTH(params); i++) {
        for (size_t p = 0; p < SAMPLE_LENGTH(planners); p++) {
            struct plan plan;
            assert_int_equal(sample_compile(sample, "v1/projects/json", params[i]), RESULT_OK);
            plan_init(&plan, &sample->arena);
            planners[p](&plan, &sample->set.queries[0]);
            buffer_append_char(&plan.text, '\0');
            assert_true(plan.value_count > 0);
            assert_null(strstr(plan.text.data, "zqx"));
            assert_null(strstr(plan.text.data, "98765"));
            assert_null(strstr(plan.text.data, "32"));
            assert_null(strchr(plan.text.data, '\''));
            plan_clear(&plan);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLE_TEST(test_record),
        SAMPLE_TEST(test_first_page),
        SAMPLE_TEST(test_offset_page),
        SAMPLE_TEST(test_filters),
        SAMPLE_TEST(test_search),
        SAMPLE_TEST(test_cursor),
        SAMPLE_TEST(test_cursor_on_enum),
        SAMPLE_TEST(test_cursor_of_three),
        SAMPLE_TEST(test_union_parent),
        SAMPLE_TEST(test_through_parent),
        SAMPLE_TEST(test_topic_threads),
        SAMPLE_TEST(test_file_threads),
        SAMPLE_TEST(test_nested_list),
        SAMPLE_TEST(test_nothing_pasted),
        SAMPLE_TEST(test_visible_projects),
        SAMPLE_TEST(test_visible_below),
        SAMPLE_TEST(test_visible_union),
        SAMPLE_TEST(test_visible_threads),
        SAMPLE_TEST(test_visible_tickets),
        SAMPLE_TEST(test_no_viewer),
        SAMPLE_TEST(test_visible_without_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

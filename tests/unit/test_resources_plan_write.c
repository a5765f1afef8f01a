/*
 * The SQL of writing, to the letter: names learnt and in back-ticks, every value bound, lists of
 * ids padded to powers of two (data-model.md; architecture: "the number of distinct statements is
 * bounded").
 */
#include "resources/plan_write.h"
#include "sample_plan.h"
#include "sample_writing.h"

#define ACTIONS  "`tbladdon_wbteampro_action`"
#define PROJECTS "`tbladdon_wbteampro_project`"
#define TIMELOGS "`tbladdon_wbteampro_timelog`"
#define TOPICS   "`tbladdon_wbteampro_topic`"

static const int64_t three[] = {5, 7, 9};
static const struct query_viewer limited = {.admin_id = 4};
static const struct query_viewer everybody = {.sees_all = true};

static struct plan begin(void **state)
{
    struct sample *sample = *state;
    struct plan plan;
    plan_init(&plan, &sample->arena);
    return plan;
}

static void end(struct plan *plan, const char *sql, const char *values)
{
    assert_false(plan->has_failed);
    assert_slice(buffer_slice(&plan->text), sql);
    assert_values(plan, values);
    plan_clear(plan);
}

static struct plan_ids ids_of(size_t count)
{
    return (struct plan_ids){three, count};
}

/* What is asked of rows that a write names, in the order of their keys: so all lock alike. */
static void test_named(void **state)
{
    struct sample *sample = *state;
    struct plan plan = begin(state);
    plan_named(&plan, sample_resource(sample, "projects"), &everybody, ids_of(3), true);
    end(&plan,
        "SELECT t.`project_id`, (1), t.`project_function` = ?, 0, t.`client_userid`, "
        "t.`manager_adminid`, t.`assigned_adminid` FROM " PROJECTS " t WHERE t.`project_id` IN "
        "(?,?,?,?) ORDER BY t.`project_id` FOR UPDATE",
        "'archive' 5 7 9 9");
    plan = begin(state);
    plan_named(&plan, sample_resource(sample, "topics"), &everybody, ids_of(1), false);
    end(&plan,
        "SELECT t.`topic_id`, (1), 0, t.`topic_status` = ?, t.`project_id`, t.`action_id`, "
        "t.`thread_id` FROM " TOPICS " t WHERE t.`topic_id` IN (?) ORDER BY t.`topic_id`",
        "'closed' 5");
    plan = begin(state);
    plan_named(&plan, sample_resource(sample, "whmcstickets"), &everybody, ids_of(2), false);
    end(&plan,
        "SELECT t.`id`, (1), 0, 0 FROM `tbltickets` t WHERE t.`id` IN (?,?) AND "
        "t.`merged_ticket_id` = ? ORDER BY t.`id`",
        "5 7 '0'");
}

/* Visibility is a column of the answer: a hidden row is told from one that is not there by nobody,
 * but it is locked like any other. */
static void test_named_visible(void **state)
{
    struct sample *sample = *state;
    struct plan plan = begin(state);
    plan_named(&plan, sample_resource(sample, "projects"), &limited, ids_of(1), true);
    buffer_append_char(&plan.text, '\0');
    assert_non_null(strstr(plan.text.data, "SELECT t.`project_id`, (1 AND ("));
    assert_non_null(strstr(plan.text.data, "t.`manager_adminid` = ?"));
    assert_non_null(strstr(plan.text.data, "), t.`project_function` = ?, 0, "));
    plan_clear(&plan);
}

/* A column that names by turns gives its id where its constants hold, else 0. */
static void test_named_either(void **state)
{
    struct sample *sample = *state;
    struct plan plan = begin(state);
    plan_named(&plan, sample_resource(sample, "timelogs"), &everybody, ids_of(1), true);
    end(&plan,
        "SELECT t.`timelog_id`, (1), 0, 0, IF(1 AND t.`parent_type` = ?, t.`parent_id`, 0), "
        "IF(1 AND t.`parent_type` = ?, t.`parent_id`, 0) FROM `l` t WHERE t.`timelog_id` IN (?) "
        "ORDER BY t.`timelog_id` FOR UPDATE",
        "'project' 'action' 5");
    plan = begin(state);
    plan_named(&plan, sample_resource(sample, "projects"), &everybody, ids_of(1), true);
    end(&plan,
        "SELECT t.`project_id`, (1), 0, 0 FROM `p` t WHERE t.`project_id` IN (?) AND t.`kind` = ? "
        "ORDER BY t.`project_id` FOR UPDATE",
        "5 'web'");
}

static void test_existing(void **state)
{
    struct plan plan = begin(state);
    plan_existing(&plan, SLICE("tblclients"), SLICE("id"), ids_of(3));
    end(&plan, "SELECT t.`id` FROM `tblclients` t WHERE t.`id` IN (?,?,?,?)", "5 7 9 9");
}

static void test_stored(void **state)
{
    struct sample *sample = *state;
    struct plan plan = begin(state);
    plan_stored(&plan, sample_resource(sample, "timelogs"), 8);
    end(&plan,
        "SELECT t.`timelog_id`, t.`project_id`, t.`action_id`, t.`ticket_id`, t.`timelog_note`, "
        "t.`invoice_id` FROM " TIMELOGS " t WHERE 1 AND t.`timelog_id` = ?",
        "8");
}

/* The record itself is locked and read by one statement. */
static void test_named_whole(void **state)
{
    struct sample *sample = *state;
    const struct model_resource *timelogs = sample_resource(sample, "timelogs");
    struct plan plan = begin(state);
    plan_named_whole(&plan, timelogs, &everybody, ids_of(1), true);
    assert_int_equal(plan_named_end(timelogs), PLAN_NAMED_REFERENCES + timelogs->reference_count);
    assert_int_equal(plan.item_count, timelogs->column_count);
    end(&plan,
        "SELECT t.`timelog_id`, (1), 0, 0, t.`project_id`, t.`action_id`, t.`ticket_id`, "
        "t.`timelog_id`, t.`project_id`, t.`action_id`, t.`ticket_id`, t.`timelog_note`, "
        "t.`invoice_id` FROM " TIMELOGS
        " t WHERE t.`timelog_id` IN (?) ORDER BY t.`timelog_id` FOR UPDATE",
        "5");
}

/* Rows of several tables, filled up to equal width, each with a lock of its own or none, from the
 * top. */
static void test_named_each(void **state)
{
    struct sample *sample = *state;
    const struct plan_row rows[] = {
        {.resource = sample_resource(sample, "projects"), .id = 5, .is_locking = true},
        {.resource = sample_resource(sample, "whmcstickets"), .id = 7},
        {.resource = sample_resource(sample, "topics"), .id = 9, .is_locking = true}};
    struct plan plan = begin(state);
    plan_named_each(&plan, rows, 3, &everybody);
    end(&plan,
        "(SELECT 0, t.`project_id`, (1), t.`project_function` = ?, 0, t.`client_userid`, "
        "t.`manager_adminid`, t.`assigned_adminid` FROM " PROJECTS
        " t WHERE t.`project_id` IN (?) FOR UPDATE) UNION ALL "
        "(SELECT 1, t.`id`, (1), 0, 0, 0, 0, 0 FROM `tbltickets` t WHERE t.`id` IN (?) AND "
        "t.`merged_ticket_id` = ?) UNION ALL "
        "(SELECT 2, t.`topic_id`, (1), 0, t.`topic_status` = ?, t.`project_id`, t.`action_id`, "
        "t.`thread_id` FROM " TOPICS " t WHERE t.`topic_id` IN (?) FOR UPDATE)",
        "'archive' 5 7 '0' 'closed' 9");
}

/* Two tables may keep ids as text of different collations, which no UNION takes as they are. */
static void test_named_each_of_text(void **state)
{
    struct sample *sample = *state;
    const struct plan_row rows[] = {{.resource = sample_resource(sample, "projects"), .id = 5},
                                    {.resource = sample_resource(sample, "timelogs"), .id = 7}};
    const struct schema_table *table = rows[1].resource->table;
    for (size_t i = 0; i < table->column_count; i++)
        if (slice_equal(table->columns[i].name, SLICE("parent_id")))
            table->columns[i].type = SCHEMA_TEXT;
    struct plan plan = begin(state);
    plan_named_each(&plan, rows, 2, &everybody);
    end(&plan,
        "(SELECT 0, t.`project_id`, (1), 0, 0, 0, 0 FROM `p` t WHERE t.`project_id` IN (?) AND "
        "t.`kind` = ?) UNION ALL (SELECT 1, t.`timelog_id`, (1), 0, 0, "
        "CONVERT(IF(1 AND t.`parent_type` = ?, t.`parent_id`, 0) USING utf8mb4), "
        "CONVERT(IF(1 AND t.`parent_type` = ?, t.`parent_id`, 0) USING utf8mb4) FROM `l` t "
        "WHERE t.`timelog_id` IN (?))",
        "5 'web' 'project' 'action' 7");
}

/* A record and what it hangs on, locked from the top: no table's key may be known beforehand but
 * the first one's. What a column names may be missing, and is read without a lock. */
static void test_named_above(void **state)
{
    struct sample *sample = *state;
    const struct plan_row rows[] = {
        {.resource = sample_resource(sample, "projects"), .by = SLICE("project_id")},
        {.resource = sample_resource(sample, "actions"), .by = SLICE("action_id")},
        {.resource = sample_resource(sample, "topics"), .id = 9}};
    struct plan plan = begin(state);
    plan_named_above(&plan, rows, 3, &everybody, true);
    assert_int_equal(plan.item_count, rows[2].resource->column_count);
    end(&plan,
        "SELECT t0.`project_id`, (1), t0.`project_function` = ?, 0, "
        "t0.`client_userid`, t0.`manager_adminid`, t0.`assigned_adminid`, "
        "t1.`action_id`, (1), 0, 0, t1.`project_id`, t1.`parent_action_id`, "
        "t1.`assigned_adminid`, t2.`topic_id`, (1), 0, t2.`topic_status` = ?, "
        "t2.`project_id`, t2.`action_id`, t2.`thread_id`, t2.`topic_id`, "
        "t2.`thread_id`, t2.`project_id`, t2.`action_id`, t2.`topic_detail`, "
        "t2.`topic_status`, t2.`date_activity` FROM " PROJECTS " t0 LEFT JOIN " ACTIONS
        " t1 ON t1.`action_id` = (SELECT b.`action_id` FROM " TOPICS
        " b WHERE b.`topic_id` = ?) + 0 * IFNULL(t0.`project_id`, 0) STRAIGHT_JOIN " TOPICS
        " t2 ON t2.`topic_id` = ? + 0 * IFNULL(t1.`action_id`, 0) WHERE t0.`project_id` = "
        "(SELECT b.`project_id` FROM " TOPICS " b WHERE b.`topic_id` = ?) FOR UPDATE",
        "'archive' 'closed' 9 9 9");
}

/* By ids, and without a lock. */
static void test_named_above_by_ids(void **state)
{
    struct sample *sample = *state;
    const struct plan_row rows[] = {{.resource = sample_resource(sample, "projects"), .id = 5},
                                    {.resource = sample_resource(sample, "topics"), .id = 9}};
    struct plan plan = begin(state);
    plan_named_above(&plan, rows, 2, &everybody, false);
    end(&plan,
        "SELECT t0.`project_id`, (1), t0.`project_function` = ?, 0, "
        "t0.`client_userid`, t0.`manager_adminid`, t0.`assigned_adminid`, "
        "t1.`topic_id`, (1), 0, t1.`topic_status` = ?, t1.`project_id`, "
        "t1.`action_id`, t1.`thread_id`, t1.`topic_id`, t1.`thread_id`, "
        "t1.`project_id`, t1.`action_id`, t1.`topic_detail`, "
        "t1.`topic_status`, t1.`date_activity` FROM " PROJECTS " t0 "
        "STRAIGHT_JOIN " TOPICS " t1 ON t1.`topic_id` = ? + 0 * "
        "IFNULL(t0.`project_id`, 0) WHERE t0.`project_id` = ?",
        "'archive' 'closed' 9 5");
}

/* A chain's records side by side, each with the conditions of its resource. */
static void test_rows(void **state)
{
    struct sample *sample = *state;
    const struct plan_row rows[] = {{.resource = sample_resource(sample, "projects"), .id = 5},
                                    {.resource = sample_resource(sample, "timelogs"), .id = 7}};
    struct plan plan = begin(state);
    plan_rows(&plan, rows, 2);
    assert_int_equal(plan.item_count,
                     rows[0].resource->column_count + rows[1].resource->column_count);
    assert_false(plan.items[0].is_tagged);
    assert_true(plan.items[plan.item_count - 1].is_tagged);
    end(&plan,
        "SELECT t0.`project_id`, t0.`project_name`, t0.`kind`, t0.`date_activity`, "
        "t1.`timelog_id`, "
        "t1.`parent_type`, t1.`parent_id`, t1.`note`, t1.`invoice_id` FROM `p` t0 JOIN `l` t1 "
        "WHERE t0.`project_id` = ? AND t0.`kind` = ? AND "
        "t1.`timelog_id` = ?",
        "5 'web' 7");
}

static void test_insert(void **state)
{
    const struct plan_assign assigns[] = {
        {.column = SLICE("a"), .value = database_text(SLICE("x'`"))},
        {.column = SLICE("b"), .is_now = true},
        {.column = SLICE("c"), .value = {.type = DATABASE_NULL}},
        {.column = SLICE("d"), .value = {.type = DATABASE_UNSIGNED, .natural = UINT64_MAX}},
    };
    struct plan plan = begin(state);
    plan_insert(&plan, SLICE("tbl"), assigns, 4);
    end(&plan, "INSERT INTO `tbl` (`a`, `b`, `c`, `d`) VALUES (?, NOW(), ?, ?)",
        "'x'`' null 18446744073709551615");
    plan = begin(state);
    plan_insert(&plan, SLICE("tbl"), NULL, 0);
    end(&plan, "INSERT INTO `tbl` () VALUES ()", "");
}

static void test_update(void **state)
{
    const struct plan_assign assigns[] = {{.column = SLICE("a"), .value = database_integer(-1)},
                                          {.column = SLICE("b"), .is_now = true}};
    struct plan plan = begin(state);
    plan_update(&plan, SLICE("tbl"), assigns, 2, SLICE("id"), ids_of(1));
    end(&plan, "UPDATE `tbl` t SET t.`a` = ?, t.`b` = NOW() WHERE t.`id` IN (?)", "-1 5");
    plan = begin(state);
    plan_update(&plan, SLICE("tbl"), assigns + 1, 1, SLICE("id"), ids_of(2));
    end(&plan, "UPDATE `tbl` t SET t.`b` = NOW() WHERE t.`id` IN (?,?)", "5 7");
}

/* Rows of several tables, the record and what is above it, by one statement. */
static void test_update_each(void **state)
{
    struct sample *sample = *state;
    const struct plan_assign assigns[] = {
        {.column = SLICE("timelog_note"), .value = database_text(SLICE("x'`"))},
        {.column = SLICE("invoice_id"), .value = {.type = DATABASE_NULL}},
    };
    const struct plan_assign now = {.column = SLICE("date_activity"), .is_now = true};
    const struct plan_change changes[] = {
        {sample_resource(sample, "timelogs"), 9, assigns, 2},
        {sample_resource(sample, "projects"), 5, &now, 1},
        {sample_resource(sample, "actions"), 7, &now, 1},
    };
    struct plan plan = begin(state);
    plan_update_each(&plan, changes, 3);
    end(&plan,
        "UPDATE " TIMELOGS " t0 JOIN " PROJECTS " t1 JOIN " ACTIONS
        " t2 SET t0.`timelog_note` = ?, t0.`invoice_id` = ?, t1.`date_activity` = NOW(), "
        "t2.`date_activity` = NOW() WHERE t0.`timelog_id` = ? AND t1.`project_id` = ? AND "
        "t2.`action_id` = ?",
        "'x'`' null 9 5 7");
    plan = begin(state);
    plan_update_each(&plan, changes + 1, 1);
    end(&plan, "UPDATE " PROJECTS " t0 SET t0.`date_activity` = NOW() WHERE t0.`project_id` = ?",
        "5");
}

/* --- rows that hang on others --- */

static struct catalog_constant kind = {SLICE("kind"), SLICE("action")};
static const struct catalog_constants kinds = {&kind, 1};
static const struct plan_link to_action = {SLICE("low"), SLICE("action_id"), NULL};
static const struct plan_link to_kind = {SLICE("low"), SLICE("parent_id"), &kinds};
static const struct plan_link to_project = {SLICE("mid"), SLICE("project_id"), NULL};

static void test_hanging(void **state)
{
    const struct slice columns[] = {SLICE("id"), SLICE("path")};
    struct plan_hanging rows = {.link = to_action, .ids = ids_of(3)};
    struct plan plan = begin(state);
    plan_select_hanging(&plan, &rows, NULL, columns, 2);
    end(&plan, "SELECT t.`id`, t.`path` FROM `low` t WHERE t.`action_id` IN (?,?,?,?)", "5 7 9 9");
    rows.not_zero = SLICE("invoice_id");
    plan = begin(state);
    plan_select_hanging(&plan, &rows, "COUNT", columns, 1);
    end(&plan,
        "SELECT COUNT(t.`id`) FROM `low` t WHERE t.`action_id` IN (?,?,?,?) AND "
        "t.`invoice_id` <> 0",
        "5 7 9 9");
    rows = (struct plan_hanging){.link = to_kind, .ids = ids_of(1), .key = SLICE("id"), .but = 5};
    plan = begin(state);
    plan_select_hanging(&plan, &rows, "MIN", columns, 1);
    end(&plan,
        "SELECT MIN(t.`id`) FROM `low` t WHERE t.`parent_id` IN (?) AND t.`kind` = ? AND "
        "t.`id` <> ?",
        "5 'action' 5");
}

static void test_hanging_through(void **state)
{
    struct plan_hanging rows = {.link = to_action,
                                .through = &to_project,
                                .through_key = SLICE("action_id"),
                                .ids = ids_of(2)};
    struct plan plan = begin(state);
    plan_delete_hanging(&plan, &rows);
    end(&plan,
        "DELETE t FROM `low` t JOIN `mid` m ON m.`action_id` = t.`action_id` WHERE "
        "m.`project_id` IN (?,?)",
        "5 7");
    rows.link = to_kind;
    rows.not_zero = SLICE("invoice_id");
    plan = begin(state);
    plan_select_hanging(&plan, &rows, "COUNT", &rows.not_zero, 1);
    end(&plan,
        "SELECT COUNT(t.`invoice_id`) FROM `low` t JOIN `mid` m ON m.`action_id` = t.`parent_id` "
        "WHERE m.`project_id` IN (?,?) AND t.`kind` = ? AND t.`invoice_id` <> 0",
        "5 7 'action'");
    rows = (struct plan_hanging){
        .link = to_action, .through = &to_kind, .through_key = SLICE("id"), .ids = ids_of(1)};
    plan = begin(state);
    plan_delete_hanging(&plan, &rows);
    end(&plan,
        "DELETE t FROM `low` t JOIN `low` m ON m.`id` = t.`action_id` WHERE m.`parent_id` IN (?) "
        "AND m.`kind` = ?",
        "5 'action'");
}

static void test_update_hanging(void **state)
{
    const struct plan_assign move = {.column = SLICE("project_id"), .value = database_integer(8)};
    const struct plan_hanging rows = {.link = to_action, .ids = ids_of(1)};
    const struct plan_hanging posts = {.link = {SLICE("topic"), SLICE("thread_id"), NULL},
                                       .ids = ids_of(1),
                                       .key = SLICE("id"),
                                       .but = 5};
    struct plan plan = begin(state);
    plan_update_hanging(&plan, &rows, &move, 1);
    end(&plan, "UPDATE `low` t SET t.`project_id` = ? WHERE t.`action_id` IN (?)", "8 5");
    plan = begin(state);
    plan_update_hanging(&plan, &posts, &move, 1);
    end(&plan, "UPDATE `topic` t SET t.`project_id` = ? WHERE t.`thread_id` IN (?) AND t.`id` <> ?",
        "8 5 5");
}

static void test_delete_hanging(void **state)
{
    const struct plan_hanging rows = {.link = to_action, .ids = ids_of(3)};
    struct plan plan = begin(state);
    plan_delete_hanging(&plan, &rows);
    end(&plan, "DELETE t FROM `low` t WHERE t.`action_id` IN (?,?,?,?)", "5 7 9 9");
}

/* 1, 2, 4, 8, … 1024: eleven statements, however many ids there are. */
static void test_padding(void **state)
{
    static const int64_t many[1024] = {0};
    static const size_t counts[][2] = {{1, 1}, {2, 2}, {3, 4}, {5, 8}, {513, 1024}, {1024, 1024}};
    for (size_t i = 0; i < SAMPLE_LENGTH(counts); i++) {
        struct plan plan = begin(state);
        plan_existing(&plan, SLICE("t"), SLICE("id"), (struct plan_ids){many, counts[i][0]});
        assert_int_equal(plan.value_count, counts[i][1]);
        plan_clear(&plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WRITING_TEST(test_named),
        WRITING_TEST(test_named_visible),
        EITHER_TEST(test_named_either),
        WRITING_TEST(test_existing),
        WRITING_TEST(test_stored),
        WRITING_TEST(test_named_whole),
        WRITING_TEST(test_named_each),
        EITHER_TEST(test_named_each_of_text),
        WRITING_TEST(test_named_above),
        WRITING_TEST(test_named_above_by_ids),
        EITHER_TEST(test_rows),
        WRITING_TEST(test_insert),
        WRITING_TEST(test_update),
        WRITING_TEST(test_update_each),
        WRITING_TEST(test_hanging),
        WRITING_TEST(test_hanging_through),
        WRITING_TEST(test_update_hanging),
        WRITING_TEST(test_delete_hanging),
        WRITING_TEST(test_padding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

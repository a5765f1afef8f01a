/*
 * data-model.md, "How the gateway learns a table": "Only keys, parent links and visibility columns
 * are essential: a resource that lacks one is off, the rest is served; other absences are warnings
 * and switch off what needs them."
 */
#include "sample_writing.h"

/* The sample's columns but one (column NULL: the whole table), or one renamed. */
static struct model *model_without(struct sample *sample, const char *table, const char *column,
                                   const char *renamed)
{
    struct sample_column kept[SAMPLE_LENGTH(sample_columns)];
    size_t count = 0;
    struct model *model = NULL;
    for (size_t i = 0; i < SAMPLE_LENGTH(sample_columns); i++) {
        struct sample_column row = sample_columns[i];
        bool is_it = strcmp(row.table, table) == 0 && (!column || strcmp(row.name, column) == 0);
        if (is_it && !renamed)
            continue;
        if (is_it)
            row.name = renamed;
        kept[count++] = row;
    }
    assert_true(count < SAMPLE_LENGTH(sample_columns) || renamed);
    assert_int_equal(model_build(sample->catalog, sample_schema(kept, count), &model), RESULT_OK);
    return model;
}

static const struct model_resource *resource_of(const struct model *model, const char *name)
{
    return model_resource_find(model, slice_from(name));
}

/* A finding of that weight on that resource whose text holds all that is to be told. */
static void assert_found(const struct model *model, enum model_severity severity,
                         const char *resource, const char *said)
{
    char text[1024];
    const struct model_finding *finding = model->findings;
    for (; finding; finding = finding->next) {
        snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(finding->text));
        if (finding->severity == severity && slice_equal(finding->resource, slice_from(resource)) &&
            strstr(text, said))
            return;
    }
    fail_msg("nothing found on %s: %s", resource, said);
}

static void test_columns(void **state)
{
    struct sample *sample = *state;
    const struct model_resource *files = sample_resource(sample, "file");
    const struct model_resource *tickets = sample_resource(sample, "whmcstickets");
    assert_ptr_equal(files, sample_resource(sample, "files"));
    assert_int_equal(files->column_count, 7); /* in the table's order, the hidden one left out */
    assert_null(model_column_find(files, SLICE("file_path")));
    assert_slice(files->columns[0].name, "file_id");
    assert_slice(model_key(files)->name, "file_id");
    assert_true(sample_column_of(sample, "files", "file_version")->is_kept);
    assert_true(sample_column_of(sample, "files", "file_name")->is_required);
    assert_true(sample_column_of(sample, "files", "file_name")->is_searched);
    /* WHMCS's own: only what the catalog lists; the secret never. */
    assert_int_equal(tickets->column_count, 4);
    assert_null(model_column_find(tickets, SLICE("c")));
    assert_null(model_column_find(tickets, SLICE("merged_ticket_id")));
    assert_int_equal(tickets->list.column_count, 3);
    assert_ptr_equal(tickets->object, sample_resource(sample, "ticketxrefs"));
    for (size_t i = 0; i < sample->model->resource_count; i++)
        assert_true(model_is_served(&sample->model->resources[i]));
}

static void test_relations(void **state)
{
    struct sample *sample = *state;
    const struct model_resource *projects = sample_resource(sample, "projects");
    const struct model_resource *timelogs = sample_resource(sample, "timelogs");
    const struct model_parent *parent = model_parent_find(timelogs, projects);
    assert_non_null(parent);
    assert_int_equal(parent->link_count, 2);
    assert_null(parent->links[0].through);
    assert_ptr_equal(parent->links[1].through, sample_resource(sample, "actions"));
    assert_ptr_equal(model_parameter_find(timelogs, SLICE("project_id")), parent);
    assert_null(model_parameter_find(timelogs, SLICE("ticket_id")));
    assert_null(model_parent_find(projects, timelogs));
}

static void test_missing_table(void **state)
{
    struct model *model = model_without(*state, SAMPLE_PREFIX "topic", NULL, NULL);
    assert_false(model_is_served(resource_of(model, "topics")));
    assert_true(model_is_served(resource_of(model, "projects")));
    assert_found(model, MODEL_OFF, "topics", "table `tbladdon_wbteampro_topic` is missing");
    assert_found(model, MODEL_OFF, "topics", "schema/structure");
    model_release(model);
}

/* Keys, parent links, constant conditions. */
static void test_missing_essential(void **state)
{
    static const struct {
        const char *table;
        const char *column;
        const char *resource;
    } rows[] = {
        {SAMPLE_PREFIX "project", "project_id", "projects"},
        {SAMPLE_PREFIX "action", "project_id", "actions"},
        {SAMPLE_PREFIX "timelog", "action_id", "timelogs"},
        {"tbltickets", "merged_ticket_id", "whmcstickets"},
        {"tbltickets", "id", "whmcstickets"},
    };
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
        char said[128];
        struct model *model = model_without(*state, rows[i].table, rows[i].column, NULL);
        snprintf(said, sizeof(said), "has no column `%s`", rows[i].column);
        assert_false(model_is_served(resource_of(model, rows[i].resource)));
        assert_found(model, MODEL_OFF, rows[i].resource, said);
        model_release(model);
    }
}

/* What goes through another table is off with it; a nested object is only left out. */
static void test_missing_through(void **state)
{
    struct model *model = model_without(*state, SAMPLE_PREFIX "ticketxref", NULL, NULL);
    assert_false(model_is_served(resource_of(model, "ticketxrefs")));
    assert_false(model_is_served(resource_of(model, "whmcstickets")));
    assert_found(model, MODEL_OFF, "whmcstickets", "goes through `ticketxrefs`");
    assert_found(model, MODEL_WARNING, "whmcstickets", "`ticketxref` is left out");
    assert_null(resource_of(model, "whmcstickets")->object);
    model_release(model);
    model = model_without(*state, SAMPLE_PREFIX "action", NULL, NULL);
    assert_false(model_is_served(resource_of(model, "timelogs")));
    assert_true(model_is_served(resource_of(model, "topics")));
    model_release(model);
}

static void test_missing_for_verbs(void **state)
{
    struct model *model = model_without(*state, SAMPLE_PREFIX "topic", "date_activity", NULL);
    assert_true(model_is_served(resource_of(model, "topics")));
    assert_false(resource_of(model, "topics")->has_threads);
    assert_found(model, MODEL_WARNING, "topics", "bythread is off");
    model_release(model);
    model = model_without(*state, SAMPLE_PREFIX "file", "file_path", NULL);
    assert_false(resource_of(model, "files")->has_download);
    assert_true(resource_of(model, "files")->has_threads);
    assert_found(model, MODEL_WARNING, "files", "download is off");
    model_release(model);
    model = model_without(*state, "tblticketreplies", "tid", NULL);
    assert_null(resource_of(model, "whmcstickets")->list.catalog);
    assert_found(model, MODEL_WARNING, "whmcstickets", "`replies` is left out");
    model_release(model);
}

/* A renamed column is guessed, with where to write it; it is served under its new name. */
static void test_renamed(void **state)
{
    struct model *model =
        model_without(*state, SAMPLE_PREFIX "action", "action_name", "action_title");
    assert_true(model_is_served(resource_of(model, "actions")));
    assert_found(model, MODEL_WARNING, "actions",
                 "no column `action_name`; add it (schema/structure shows its type); if it was "
                 "renamed to `action_title`, write that name into the catalog");
    assert_found(model, MODEL_EXTRA, "actions",
                 "column `action_title` (text) is not in the catalog");
    assert_non_null(model_column_find(resource_of(model, "actions"), SLICE("action_title")));
    model_release(model);
}

static void test_extra(void **state)
{
    struct sample *sample = *state;
    assert_found(sample->model, MODEL_EXTRA, "projects", "column `budget` (decimal(10,2))");
    assert_found(sample->model, MODEL_FINE, "ticketxrefs", "4 columns served");
    assert_found(sample->model, MODEL_WARNING, "projects", "no column `project_status`");
}

/* The tables asked for, each once: the catalog's own, those of nested lists and of references, the
 * activity log and the idempotency records, no others. */
static void test_tables(void **state)
{
    struct sample *sample = *state;
    struct slice *names = NULL;
    size_t count = 0;
    assert_int_equal(model_tables(sample->catalog, &sample->arena, &names, &count), RESULT_OK);
    assert_int_equal(count, 13);
    for (size_t i = 0; i < count; i++)
        assert_non_null(schema_table_find(sample->model->schema, names[i]));
}

/* --- writing: remote-api.md section 6 ----------------------------------------------------------
 */

static size_t count_found(const struct model *model, enum model_severity severity, const char *said)
{
    char text[1024];
    size_t count = 0;
    for (const struct model_finding *finding = model->findings; finding; finding = finding->next) {
        snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(finding->text));
        count += finding->severity == severity && strstr(text, said) != NULL;
    }
    return count;
}

static const struct model_reference *reference_of(const struct model_resource *resource,
                                                  const char *column)
{
    for (size_t i = 0; i < resource->reference_count; i++)
        if (slice_equal(resource->references[i].column, slice_from(column)))
            return &resource->references[i];
    return NULL;
}

/* Direct links to parents, without being said, then the catalog's. */
static void test_named(void **state)
{
    struct sample *sample = *state;
    const struct model_resource *actions = sample_resource(sample, "actions");
    const struct model_resource *timelogs = sample_resource(sample, "timelogs");
    assert_int_equal(actions->reference_count, 3);
    assert_slice(actions->references[0].column, "project_id");
    assert_true(actions->references[0].is_parent);
    assert_ptr_equal(actions->references[0].resource, sample_resource(sample, "projects"));
    assert_slice(actions->references[1].column, "parent_action_id");
    assert_false(actions->references[1].is_parent);
    assert_ptr_equal(actions->references[1].resource, actions);
    assert_null(actions->references[2].resource);
    assert_slice(actions->references[2].table, "tbladmins");
    assert_slice(actions->references[2].key, "id");
    assert_int_equal(timelogs->reference_count, 3); /* the way through actions is none of its own */
    assert_ptr_equal(model_reference_find(timelogs, actions), &timelogs->references[1]);
    assert_null(model_reference_find(actions, timelogs));
}

/* "A missing reference table is a warning of `check` and switches that check off." */
static void test_named_tables_missing(void **state)
{
    struct sample *sample = *state;
    struct model *model = NULL;
    struct sample_column kept[SAMPLE_LENGTH(writing_columns)];
    size_t count = 0;
    for (size_t i = 0; i < SAMPLE_LENGTH(writing_columns); i++)
        if (strcmp(writing_columns[i].table, "tblclients") != 0)
            kept[count++] = writing_columns[i];
    assert_non_null(reference_of(sample_resource(sample, "projects"), "client_userid"));
    assert_int_equal(model_build(sample->catalog, sample_schema(kept, count), &model), RESULT_OK);
    assert_null(reference_of(resource_of(model, "projects"), "client_userid"));
    assert_non_null(reference_of(resource_of(model, "projects"), "manager_adminid"));
    assert_found(model, MODEL_WARNING, "projects",
                 "`client_userid` is written unchecked: it names rows of `tblclients` by `id`");
    assert_true(model_is_served(resource_of(model, "projects")));
    /* the table has no such column: nothing to check, and told once, as any missing column */
    assert_null(reference_of(sample_resource(sample, "projects"), "client_hostingid"));
    assert_int_equal(count_found(sample->model, MODEL_WARNING, "`client_hostingid`"), 1);
    model_release(model);
}

static void test_dependants(void **state)
{
    struct sample *sample = *state;
    static const char *const names[] = {"actions", "topics", "files", "timelogs", "ticketxrefs"};
    const struct model_resource *projects = sample_resource(sample, "projects");
    assert_int_equal(projects->dependant_count, 5);
    for (size_t i = 0; i < SAMPLE_LENGTH(names); i++)
        assert_slice(projects->dependants[i]->name, names[i]);
}

/* The sample's columns for writing but one; column NULL: but a table. */
static struct model *writing_without(struct sample *sample, const char *table, const char *column)
{
    struct sample_column kept[SAMPLE_LENGTH(writing_columns)];
    struct model *model = NULL;
    size_t count = 0;
    for (size_t i = 0; i < SAMPLE_LENGTH(writing_columns); i++)
        if (strcmp(writing_columns[i].table, table) != 0 ||
            (column && strcmp(writing_columns[i].name, column) != 0))
            kept[count++] = writing_columns[i];
    assert_true(count < SAMPLE_LENGTH(writing_columns));
    assert_int_equal(model_build(sample->catalog, sample_schema(kept, count), &model), RESULT_OK);
    return model;
}

/* Nothing is orphaned: what is not served any more hangs below all the same. */
static void test_dependants_that_are_off(void **state)
{
    struct model *model = writing_without(*state, SAMPLE_PREFIX "topic", "action_id");
    assert_false(model_is_served(resource_of(model, "topics")));
    assert_int_equal(resource_of(model, "projects")->dependant_count, 5);
    assert_int_equal(resource_of(model, "actions")->dependant_count, 3);
    assert_found(model, MODEL_WARNING, "actions", "`topics` that hang here are not deleted along");
    model_release(model);
    model = writing_without(*state, SAMPLE_PREFIX "topic", NULL);
    assert_int_equal(resource_of(model, "projects")->dependant_count, 4);
    assert_int_equal(count_found(model, MODEL_WARNING, "not deleted along"), 0);
    model_release(model);
}

/* Locks are taken from the top. */
static void test_levels(void **state)
{
    struct sample *sample = *state;
    assert_int_equal(sample_resource(sample, "projects")->level, 0);
    assert_int_equal(sample_resource(sample, "whmcstickets")->level, 0);
    assert_int_equal(sample_resource(sample, "actions")->level, 1);
    assert_int_equal(sample_resource(sample, "topics")->level, 2);
    assert_int_equal(sample_resource(sample, "ticketxrefs")->level, 2);
    assert_int_equal(sample_resource(sample, "api")->level, 0);
}

/* thread_id is all that threads need to be kept; `bythread` needs more. */
static void test_threads_kept(void **state)
{
    struct model *model = writing_without(*state, SAMPLE_PREFIX "topic", "date_activity");
    assert_true(resource_of(model, "topics")->keeps_threads);
    assert_false(resource_of(model, "topics")->has_threads);
    assert_false(resource_of(model, "projects")->keeps_threads);
    model_release(model);
    model = writing_without(*state, SAMPLE_PREFIX "topic", "thread_id");
    assert_false(resource_of(model, "topics")->keeps_threads);
    model_release(model);
}

/* A row must be found again after it has been made. */
static void test_keys_that_do_not_count(void **state)
{
    struct sample *sample = *state;
    struct model *model = NULL;
    struct schema *schema = sample_schema(writing_columns, SAMPLE_LENGTH(writing_columns));
    schema->tables[0].columns[0].is_counted = false;
    assert_true(sample_resource(sample, "projects")->is_created);
    assert_true(sample_resource(sample, "timelogs")->is_created);
    assert_false(sample_resource(sample, "whmcstickets")->is_created);
    assert_int_equal(model_build(sample->catalog, schema, &model), RESULT_OK);
    assert_false(resource_of(model, "projects")->is_created);
    assert_true(model_is_served(resource_of(model, "projects")));
    assert_found(model, MODEL_WARNING, "projects",
                 "creating is off: the key `project_id` does not count by itself");
    model_release(model);
}

/* What nobody can write is kept: bytes, computed columns, the constants that make a row a
 * resource's own. */
static void test_kept(void **state)
{
    struct sample *sample = *state;
    struct schema *schema = sample_schema(writing_columns, SAMPLE_LENGTH(writing_columns));
    struct model *model = NULL;
    assert_true(sample_column_of(sample, "projects", "seal")->is_kept);
    assert_true(sample_column_of(sample, "projects", "owner_adminid")->is_kept);
    assert_false(sample_column_of(sample, "projects", "budget")->is_kept);
    schema->tables[0].columns[5].is_computed = true;
    assert_int_equal(model_build(sample->catalog, schema, &model), RESULT_OK);
    assert_true(model_column_find(resource_of(model, "projects"), SLICE("budget"))->is_kept);
    model_release(model);
}

static void test_kept_constants(void **state)
{
    struct sample *sample = *state;
    assert_true(sample_column_of(sample, "projects", "kind")->is_kept);
    assert_false(sample_column_of(sample, "projects", "project_name")->is_kept);
}

/* What says what another column names is held to its letters: 'ACTION' is 'action' to MySQL. */
static void test_letters(void **state)
{
    struct sample *sample = *state;
    const struct catalog_names *letters =
        sample_column_of(sample, "timelogs", "parent_type")->letters;
    const struct model_resource *timelogs = sample_resource(sample, "timelogs");
    assert_non_null(letters);
    assert_int_equal(letters->count, 2);
    assert_slice(letters->items[0], "project");
    assert_slice(letters->items[1], "action");
    assert_null(sample_column_of(sample, "timelogs", "parent_id")->letters);
    assert_null(sample_column_of(sample, "timelogs", "note")->letters);
    assert_int_equal(timelogs->reference_count, 2);
    assert_slice(timelogs->references[1].where.items[0].value, "action");
    assert_int_equal(timelogs->level, 2);
}

/* A slip of the catalog's pen must not switch a rule off in silence. */
static void test_rules_for_missing_columns(void **state)
{
    static const char catalog[] =
        "{\"resources\":{\"r\":{\"singular\":\"s\",\"table\":\"t\",\"key\":\"id\",\"kept\":[\"k\"],"
        "\"required\":[\"q\"],\"known\":[\"told\"],\"values\":{\"v\":[\"1\"]},\"rules\":{"
        "\"invoice\":\"i\","
        "\"activity\":\"a\",\"locked\":{\"l\":\"1\"},\"now\":{\"create\":[\"c\",\"told\"],"
        "\"update\":[\"u\"]},"
        "\"viewer\":[\"w\"],\"tree\":{\"column\":\"p\",\"children\":\"n\"},\"bounds\":{\"b\":[0,1],"
        "\"name\":[0,1]},\"references\":{\"f\":{\"resource\":\"r\"},\"id\":{\"resource\":\"r\","
        "\"where\":"
        "{\"h\":1}}}}}}}";
    static const struct sample_column columns[] = {{"t", "id", "int(10)"}, {"t", "name", "text"}};
    static const char missing[] = "kqvialcuwpnbfh";
    (void)state;
    struct sample *sample = sample_create_of(slice_from(catalog), columns, 2);
    for (const char *name = missing; *name; name++) {
        char said[64];
        snprintf(said, sizeof(said), "has no column `%c`, which the rules for writing name", *name);
        if (count_found(sample->model, MODEL_WARNING, said) != 1)
            fail_msg("%c is not told, or twice", *name);
    }
    assert_int_equal(count_found(sample->model, MODEL_WARNING, "`told`"), 1);
    assert_int_equal(count_found(sample->model, MODEL_WARNING,
                                 "the bounds of `name` are not looked at: it is text"),
                     1);
    assert_int_equal(sample_resource(sample, "r")->reference_count, 0);
    sample_destroy(sample);
}

/* What is written leaves a line in WHMCS's activity log, and keys are kept, where there is a place.
 */
static void test_journal(void **state)
{
    struct sample *sample = *state;
    static const struct {
        const char *table, *column, *said;
        bool has_log, has_admin, has_keys;
    } rows[] = {
        {"tblactivitylog", NULL, "leaves no line there", false, false, true},
        {"tblactivitylog", "ipaddr", "leaves no line there", false, true, true},
        {"tblactivitylog", "admin_id", NULL, true, false, true}, /* old versions of WHMCS */
        {"portcullis_idempotency", NULL, "are refused (501)", true, true, false},
        {"portcullis_idempotency", "body", "are refused (501)", true, true, false},
    };
    assert_true(sample->model->journal.has_activity_log);
    assert_true(sample->model->journal.has_activity_admin);
    assert_true(sample->model->journal.has_idempotency);
    for (size_t i = 0; i < SAMPLE_LENGTH(rows); i++) {
        struct model *model = model_without(sample, rows[i].table, rows[i].column, NULL);
        assert_int_equal(model->journal.has_activity_log, rows[i].has_log);
        assert_int_equal(model->journal.has_activity_admin, rows[i].has_admin);
        assert_int_equal(model->journal.has_idempotency, rows[i].has_keys);
        if (rows[i].said)
            assert_found(model, MODEL_WARNING, rows[i].table, rows[i].said);
        model_release(model);
    }
}

static void test_references(void **state)
{
    struct sample *sample = *state;
    struct model *shared = model_share(sample->model);
    assert_ptr_equal(shared, sample->model);
    model_release(shared);
    assert_slice(sample->model->resources[0].name, "api"); /* one reference is left */
    model_release(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SAMPLE_TEST(test_columns),
        SAMPLE_TEST(test_relations),
        SAMPLE_TEST(test_missing_table),
        SAMPLE_TEST(test_missing_essential),
        SAMPLE_TEST(test_missing_through),
        SAMPLE_TEST(test_missing_for_verbs),
        SAMPLE_TEST(test_renamed),
        SAMPLE_TEST(test_extra),
        SAMPLE_TEST(test_tables),
        SAMPLE_TEST(test_references),
        WRITING_TEST(test_named),
        WRITING_TEST(test_named_tables_missing),
        WRITING_TEST(test_dependants),
        WRITING_TEST(test_dependants_that_are_off),
        WRITING_TEST(test_levels),
        WRITING_TEST(test_threads_kept),
        WRITING_TEST(test_keys_that_do_not_count),
        WRITING_TEST(test_kept),
        EITHER_TEST(test_kept_constants),
        EITHER_TEST(test_letters),
        cmocka_unit_test(test_rules_for_missing_columns),
        SAMPLE_TEST(test_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

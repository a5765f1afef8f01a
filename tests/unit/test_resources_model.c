/*
 * data-model.md, "How the gateway learns a table": "Only keys, parent links and visibility columns
 * are essential: a resource that lacks one is off, the rest is served; other absences are warnings
 * and switch off what needs them."
 */
#include "sample_model.h"

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
        SAMPLE_TEST(test_columns),         SAMPLE_TEST(test_relations),
        SAMPLE_TEST(test_missing_table),   SAMPLE_TEST(test_missing_essential),
        SAMPLE_TEST(test_missing_through), SAMPLE_TEST(test_missing_for_verbs),
        SAMPLE_TEST(test_renamed),         SAMPLE_TEST(test_extra),
        SAMPLE_TEST(test_tables),          SAMPLE_TEST(test_references),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

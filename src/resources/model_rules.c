/* Joining the rules for writing with what is there, and the tables that the join must know. */
#include "resources/model_joining.h"

static const struct slice activity_log = {"tblactivitylog", 14};
static const struct slice idempotency = {"portcullis_idempotency", 22};

const struct catalog_bound *model_bound_of(const struct catalog_resource *catalog,
                                           struct slice column)
{
    for (size_t i = 0; i < catalog->rules.bound_count; i++)
        if (slice_equal(catalog->rules.bounds[i].column, column))
            return &catalog->rules.bounds[i];
    return NULL;
}

/* --- references ---------------------------------------------------------------------------- */

static void add_reference(struct model_joining *joining, const struct model_reference *reference)
{
    struct model_resource *resource = joining->resource;
    if (schema_column_find(joining->table, reference->column))
        resource->references[resource->reference_count++] = *reference;
}

static void add_parent_links(struct model_joining *joining, const struct model_parent *parent)
{
    for (size_t i = 0; i < parent->link_count; i++) {
        const struct catalog_link *link = parent->links[i].catalog;
        const struct model_reference reference = {.column = link->column,
                                                  .where = link->where,
                                                  .resource = parent->resource,
                                                  .is_parent = true};
        if (!link->through_resource.size)
            add_reference(joining, &reference);
    }
}

/* A row of a resource that is off cannot be named; of a table that is missing, anything can. */
static void add_named(struct model_joining *joining, const struct catalog_reference *catalog)
{
    struct model *model = joining->model;
    struct model_reference reference = {.column = catalog->column,
                                        .where = catalog->where,
                                        .table = catalog->table,
                                        .key = catalog->key};
    if (catalog->resource.size) {
        reference.resource = model_resource_find(model, catalog->resource);
        add_reference(joining, &reference);
        return;
    }
    const struct schema_table *table = schema_table_find(model->schema, catalog->table);
    if (table && schema_column_find(table, catalog->key))
        add_reference(joining, &reference);
    else
        MODEL_FIND(joining, MODEL_WARNING,
                   "`%.*s` is written unchecked: it names rows of `%.*s` by `%.*s`, which is not "
                   "there",
                   SLICE_ARGS(catalog->column), SLICE_ARGS(catalog->table),
                   SLICE_ARGS(catalog->key));
}

static size_t count_links(const struct model_resource *resource)
{
    size_t count = 0;
    for (size_t i = 0; i < resource->parent_count; i++)
        count += resource->parents[i].link_count;
    return count;
}

enum result model_join_rules(struct model_joining *joining)
{
    struct model_resource *resource = joining->resource;
    const struct catalog_rules *rules = &joining->catalog->rules;
    struct arena *arena = &joining->model->arena;
    if (!joining->table || !joining->table->exists)
        return RESULT_OK;
    size_t most = count_links(resource) + rules->reference_count;
    resource->references = arena_zalloc(arena, (most + 1) * sizeof(*resource->references));
    resource->dependants =
        arena_zalloc(arena, (rules->dependants.count + 1) * sizeof(*resource->dependants));
    if (!resource->references || !resource->dependants)
        return RESULT_NO_MEMORY;
    for (size_t i = 0; i < resource->parent_count; i++)
        add_parent_links(joining, &resource->parents[i]);
    for (size_t i = 0; i < rules->reference_count; i++)
        add_named(joining, &rules->references[i]);
    for (size_t i = 0; i < rules->dependants.count; i++) {
        const struct model_resource *dependant =
            model_resource_find(joining->model, rules->dependants.items[i]);
        if (model_is_served(dependant))
            resource->dependants[resource->dependant_count++] = dependant;
    }
    return RESULT_OK;
}

const struct model_reference *model_reference_find(const struct model_resource *resource,
                                                   const struct model_resource *named)
{
    for (size_t i = 0; i < resource->reference_count; i++)
        if (resource->references[i].resource == named)
            return &resource->references[i];
    return NULL;
}

/* --- the gateway's own ----------------------------------------------------------------------- */

static bool has_columns(const struct schema_table *table, const struct slice *names, size_t count)
{
    bool has_all = table && table->exists;
    for (size_t i = 0; has_all && i < count; i++)
        has_all = schema_column_find(table, names[i]) != NULL;
    return has_all;
}

static void warn(struct model *model, struct slice table, const char *text)
{
    struct model_resource nothing = {.off_reason = {"", 0}};
    const struct catalog_resource named = {.name = table};
    struct model_joining joining = {.model = model, .resource = &nothing, .catalog = &named};
    model_find(&joining, MODEL_WARNING, slice_from(text));
}

void model_join_journal(struct model *model)
{
    static const struct slice log_columns[] = {SLICE("date"), SLICE("description"), SLICE("user"),
                                               SLICE("userid"), SLICE("ipaddr")};
    static const struct slice key_columns[] = {SLICE("scope"),        SLICE("key"),
                                               SLICE("request_hash"), SLICE("status"),
                                               SLICE("body"),         SLICE("created_at")};
    const struct schema_table *log = schema_table_find(model->schema, activity_log);
    const struct schema_table *keys = schema_table_find(model->schema, idempotency);
    struct model_journal *journal = &model->journal;
    journal->has_activity_log = has_columns(log, log_columns, 5);
    journal->has_activity_admin = log && schema_column_find(log, SLICE("admin_id")) != NULL;
    journal->has_idempotency = has_columns(keys, key_columns, 6);
    if (!journal->has_activity_log)
        warn(model, activity_log,
             "the table or one of its columns is missing: what is written leaves no line there");
    if (!journal->has_idempotency)
        warn(model, idempotency,
             "the table is missing or another: requests with Idempotency-Key are refused (501); "
             "load schema/structure/90_portcullis.sql");
}

/* --- which tables -------------------------------------------------------------------------- */

struct table_names {
    struct slice *items;
    size_t count;
};

static void add_table(struct table_names *names, struct slice name)
{
    for (size_t i = 0; i < names->count; i++)
        if (slice_equal(names->items[i], name))
            return;
    if (name.size)
        names->items[names->count++] = name;
}

enum result model_tables(const struct catalog *catalog, struct arena *arena, struct slice **names,
                         size_t *count)
{
    struct table_names tables = {0};
    size_t most = 2;
    *count = 0;
    for (size_t i = 0; i < catalog->resource_count; i++)
        most += 2 + catalog->resources[i].rules.reference_count;
    *names = tables.items = arena_alloc(arena, most * sizeof(**names));
    if (!*names)
        return RESULT_NO_MEMORY;
    for (size_t i = 0; i < catalog->resource_count; i++) {
        const struct catalog_resource *resource = &catalog->resources[i];
        add_table(&tables, resource->table);
        add_table(&tables, resource->list.table);
        for (size_t r = 0; r < resource->rules.reference_count; r++)
            add_table(&tables, resource->rules.references[r].table);
    }
    add_table(&tables, activity_log);
    add_table(&tables, idempotency);
    *count = tables.count;
    return RESULT_OK;
}

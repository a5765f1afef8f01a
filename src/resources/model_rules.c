/* Joining the rules for writing with what is there, and the tables that the join must know. */
#include "resources/column_value.h"
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

bool model_holds_constant(const struct catalog_constants *where, struct slice column)
{
    for (size_t i = 0; i < where->count; i++)
        if (slice_equal(where->items[i].column, column))
            return true;
    return false;
}

/* --- columns that the rules name ------------------------------------------------------------- */

/* What is known to be there and is not, has been told already. */
static bool has_column(struct model_joining *joining, struct slice column)
{
    if (!column.size || schema_column_find(joining->table, column))
        return true;
    if (!catalog_names_hold(&joining->catalog->known, column) &&
        !catalog_names_hold(&joining->catalog->sent, column))
        MODEL_FIND(joining, MODEL_WARNING,
                   "table `%.*s` has no column `%.*s`, which the rules for writing name: what they "
                   "ask of it is left undone; name the right column in the catalog "
                   "(remote.catalog)",
                   SLICE_ARGS(joining->table->name), SLICE_ARGS(column));
    return false;
}

static bool has_columns_of(struct model_joining *joining, const struct catalog_constants *where)
{
    bool has_all = true;
    for (size_t i = 0; i < where->count; i++)
        has_all = has_column(joining, where->items[i].column) && has_all;
    return has_all;
}

static void look_for_names(struct model_joining *joining, const struct catalog_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        has_column(joining, names->items[i]);
}

static void look_for_bounds(struct model_joining *joining)
{
    const struct catalog_rules *rules = &joining->catalog->rules;
    for (size_t i = 0; i < rules->bound_count; i++) {
        struct slice name = rules->bounds[i].column;
        const struct schema_column *column = schema_column_find(joining->table, name);
        if (has_column(joining, name) && column->type != SCHEMA_INTEGER)
            MODEL_FIND(joining, MODEL_WARNING,
                       "the bounds of `%.*s` are not looked at: it is %.*s, and no integer",
                       SLICE_ARGS(name), SLICE_ARGS(column->type_text));
    }
}

static void look_for_columns(struct model_joining *joining)
{
    const struct catalog_resource *catalog = joining->catalog;
    const struct catalog_rules *rules = &catalog->rules;
    const struct slice columns[] = {rules->activity,      rules->tree.column,
                                    rules->tree.children, rules->locked.column,
                                    rules->closed.column, rules->invoice};
    const struct catalog_names *names[] = {&catalog->kept, &catalog->required,
                                           &rules->now_on_create, &rules->now_on_update,
                                           &rules->viewer};
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++)
        has_column(joining, columns[i]);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        look_for_names(joining, names[i]);
    for (size_t i = 0; i < catalog->value_count; i++)
        has_column(joining, catalog->values[i].column);
    look_for_bounds(joining);
}

/* --- references ---------------------------------------------------------------------------- */

static void add_reference(struct model_joining *joining, const struct model_reference *reference)
{
    struct model_resource *resource = joining->resource;
    bool has_columns = has_column(joining, reference->column);
    if (has_columns_of(joining, &reference->where) && has_columns)
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
    else if (has_column(joining, catalog->column))
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

enum result model_join_references(struct model_joining *joining)
{
    struct model_resource *resource = joining->resource;
    const struct catalog_rules *rules = &joining->catalog->rules;
    if (!joining->table || !joining->table->exists)
        return RESULT_OK;
    size_t most = count_links(resource) + rules->reference_count;
    resource->references =
        arena_zalloc(&joining->model->arena, (most + 1) * sizeof(*resource->references));
    if (!resource->references)
        return RESULT_NO_MEMORY;
    for (size_t i = 0; i < resource->parent_count; i++)
        add_parent_links(joining, &resource->parents[i]);
    for (size_t i = 0; i < rules->reference_count; i++)
        add_named(joining, &rules->references[i]);
    look_for_columns(joining);
    return RESULT_OK;
}

/* --- what follows from them ------------------------------------------------------------------ */

static bool says_what_is_named(const struct model_resource *resource, struct slice column)
{
    for (size_t r = 0; r < resource->reference_count; r++)
        if (model_holds_constant(&resource->references[r].where, column))
            return true;
    return false;
}

static void add_constants(struct catalog_names *letters, const struct catalog_constants *where,
                          struct slice column)
{
    for (size_t i = 0; i < where->count && letters->count < CATALOG_MOST_REFERENCES; i++)
        if (slice_equal(where->items[i].column, column) &&
            !catalog_names_hold(letters, where->items[i].value))
            letters->items[letters->count++] = where->items[i].value;
}

static enum result join_letters(struct model_joining *joining, struct model_column *column)
{
    const struct model_resource *resource = joining->resource;
    struct arena *arena = &joining->model->arena;
    if (!column_is_text(column) || !says_what_is_named(resource, column->name))
        return RESULT_OK;
    struct catalog_names *letters = arena_zalloc(arena, sizeof(*letters));
    if (letters)
        letters->items = arena_alloc(arena, CATALOG_MOST_REFERENCES * sizeof(*letters->items));
    if (!letters || !letters->items)
        return RESULT_NO_MEMORY;
    for (size_t r = 0; r < resource->reference_count; r++)
        add_constants(letters, &resource->references[r].where, column->name);
    column->letters = letters;
    return RESULT_OK;
}

static unsigned level_of(const struct model_resource *resource, unsigned depth)
{
    unsigned level = 0;
    for (size_t i = 0; depth < CATALOG_MOST_LEVELS && i < resource->reference_count; i++) {
        const struct model_resource *above = resource->references[i].resource;
        unsigned its = above && above != resource ? level_of(above, depth + 1) + 1 : 0;
        level = its > level ? its : level;
    }
    return level < CATALOG_MOST_LEVELS ? level : CATALOG_MOST_LEVELS - 1;
}

/* Also of a resource that is off: its rows would be left behind. */
static void add_dependant(struct model_joining *joining, struct slice name)
{
    struct model_resource *resource = joining->resource;
    const struct model_resource *dependant = model_resource_find(joining->model, name);
    if (!dependant->table)
        return;
    if (model_reference_find(dependant, resource))
        resource->dependants[resource->dependant_count++] = dependant;
    else
        MODEL_FIND(joining, MODEL_WARNING,
                   "`%.*s` that hang here are not deleted along: their table has no column that "
                   "names it",
                   SLICE_ARGS(name));
}

static void join_creating(struct model_joining *joining)
{
    struct model_resource *resource = joining->resource;
    const struct schema_column *key = schema_column_find(joining->table, joining->catalog->key);
    bool is_offered = catalog_names_hold(&joining->catalog->methods, SLICE("POST"));
    resource->is_created = is_offered && key && key->is_counted;
    if (is_offered && key && !key->is_counted)
        MODEL_FIND(joining, MODEL_WARNING,
                   "creating is off: the key `%.*s` does not count by itself (AUTO_INCREMENT)",
                   SLICE_ARGS(key->name));
}

enum result model_join_rules(struct model_joining *joining)
{
    struct model_resource *resource = joining->resource;
    const struct catalog_names *dependants = &joining->catalog->rules.dependants;
    enum result result = RESULT_OK;
    resource->level = level_of(resource, 0);
    if (!joining->table || !joining->table->exists)
        return RESULT_OK;
    resource->dependants =
        arena_zalloc(&joining->model->arena, (dependants->count + 1) * sizeof(void *));
    if (!resource->dependants)
        return RESULT_NO_MEMORY;
    for (size_t i = 0; i < dependants->count; i++)
        add_dependant(joining, dependants->items[i]);
    for (size_t i = 0; result == RESULT_OK && i < resource->column_count; i++)
        result = join_letters(joining, &resource->columns[i]);
    join_creating(joining);
    return result;
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

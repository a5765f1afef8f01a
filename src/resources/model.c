/* Joining catalog and schema, and telling every difference found on the way. */
#include "resources/model_joining.h"

#include "resources/sql_name.h"

#include <stdlib.h>
#include <strings.h>

void model_find(struct model_joining *joining, enum model_severity severity, struct slice text)
{
    struct model *model = joining->model;
    struct model_finding *finding = arena_zalloc(&model->arena, sizeof(*finding));
    if (!finding)
        return;
    finding->severity = severity;
    finding->resource = joining->catalog->name;
    finding->text = text;
    if (model->last_finding)
        model->last_finding->next = finding;
    else
        model->findings = finding;
    model->last_finding = finding;
    if (severity == MODEL_OFF && !joining->resource->off_reason.size)
        joining->resource->off_reason = text;
}

static bool is_named(const struct catalog_resource *catalog, struct slice column)
{
    return catalog_names_hold(&catalog->known, column) ||
           catalog_names_hold(&catalog->sent, column) ||
           catalog_names_hold(&catalog->hidden, column);
}

/* The first column that nobody expected: likely the new name of a missing one. */
static struct slice stranger(const struct model_joining *joining)
{
    for (size_t i = 0; i < joining->table->column_count; i++)
        if (!is_named(joining->catalog, joining->table->columns[i].name))
            return joining->table->columns[i].name;
    return slice_of("", 0);
}

/* Tells a missing column; essential says what goes off without it (NULL: a warning only). */
static void miss(struct model_joining *joining, struct slice column, const char *essential)
{
    struct slice other = stranger(joining);
    struct slice hint = slice_of("", 0);
    if (other.size)
        hint = arena_printf(&joining->model->arena,
                            "; if it was renamed to `%.*s`, write that name into the catalog "
                            "(remote.catalog)",
                            SLICE_ARGS(other));
    MODEL_FIND(
        joining, essential ? MODEL_OFF : MODEL_WARNING,
        "table `%.*s` has no column `%.*s`%s%s; add it (schema/structure shows its type)%.*s",
        SLICE_ARGS(joining->table->name), SLICE_ARGS(column), essential ? ": " : "",
        essential ? essential : "", SLICE_ARGS(hint));
}

static bool is_sent(const struct catalog_resource *catalog, struct slice column)
{
    if (catalog_names_hold(&catalog->hidden, column))
        return false;
    return catalog->sent.count == 0 || catalog_names_hold(&catalog->sent, column);
}

static const struct catalog_names *allowed_values(const struct catalog_resource *catalog,
                                                  struct slice column)
{
    for (size_t i = 0; i < catalog->value_count; i++)
        if (slice_equal(catalog->values[i].column, column))
            return &catalog->values[i].allowed;
    return NULL;
}

static enum result join_columns(struct model_joining *joining)
{
    const struct catalog_resource *catalog = joining->catalog;
    struct model_resource *resource = joining->resource;
    resource->columns = arena_zalloc(&joining->model->arena,
                                     joining->table->column_count * sizeof(*resource->columns));
    if (!resource->columns)
        return RESULT_NO_MEMORY;
    for (size_t i = 0; i < joining->table->column_count; i++) {
        const struct schema_column *learnt = &joining->table->columns[i];
        if (!is_sent(catalog, learnt->name))
            continue;
        if (slice_equal(learnt->name, catalog->key))
            resource->key = resource->column_count;
        resource->columns[resource->column_count++] = (struct model_column){
            .name = learnt->name,
            .learnt = learnt,
            .allowed = allowed_values(catalog, learnt->name),
            .is_kept = catalog_names_hold(&catalog->kept, learnt->name) || learnt->is_computed ||
                       learnt->type == SCHEMA_BINARY ||
                       model_holds_constant(&catalog->where, learnt->name),
            .is_required = catalog_names_hold(&catalog->required, learnt->name),
            .is_searched = catalog_names_hold(&catalog->search, learnt->name),
            .says_bytes = slice_equal(catalog->download.sha256, learnt->name) ||
                          slice_equal(catalog->download.size, learnt->name),
            .bound = model_bound_of(catalog, learnt->name),
        };
    }
    return RESULT_OK;
}

static enum result write_select_text(struct model_joining *joining)
{
    struct buffer text;
    buffer_init(&text);
    for (size_t i = 0; i < joining->resource->column_count; i++) {
        if (i)
            buffer_append_slice(&text, SLICE(", "));
        sql_column_append(&text, "t", joining->resource->columns[i].name);
    }
    joining->resource->select_text = arena_copy(&joining->model->arena, buffer_slice(&text));
    bool is_written = !text.has_failed && joining->resource->select_text.data;
    buffer_clear(&text);
    return is_written ? RESULT_OK : RESULT_NO_MEMORY;
}

/* Warnings and extras: what does not stop the resource from being served. */
static void compare_columns(struct model_joining *joining)
{
    const struct catalog_resource *catalog = joining->catalog;
    const struct catalog_names *expected = catalog->known.count ? &catalog->known : &catalog->sent;
    for (size_t i = 0; i < expected->count; i++)
        if (!schema_column_find(joining->table, expected->items[i]) &&
            !slice_equal(expected->items[i], catalog->key))
            miss(joining, expected->items[i], NULL);
    if (catalog->sent.count)
        return;
    for (size_t i = 0; i < joining->table->column_count; i++) {
        const struct schema_column *learnt = &joining->table->columns[i];
        if (!is_named(catalog, learnt->name))
            MODEL_FIND(
                joining, MODEL_EXTRA,
                "column `%.*s` (%.*s) is not in the catalog: it is served as it is; list it under "
                "`hidden` to keep it inside, or under `known` to be rid of this line",
                SLICE_ARGS(learnt->name), SLICE_ARGS(learnt->type_text));
    }
}

static void require_column(struct model_joining *joining, struct slice column, const char *why)
{
    if (!schema_column_find(joining->table, column))
        miss(joining, column, why);
}

/* Without what decides who sees a row, nobody may see any. */
static void check_visible(struct model_joining *joining)
{
    static const char why[] = "it decides who sees a row; without it the resource is off";
    const struct catalog_visible *visible = &joining->catalog->visible;
    for (size_t i = 0; i < visible->below_count; i++) {
        require_column(joining, visible->below[i].column, why);
        for (size_t w = 0; w < visible->below[i].where.count; w++)
            require_column(joining, visible->below[i].where.items[w].column, why);
    }
    for (size_t i = 0; i < visible->any_count; i++) {
        const struct catalog_condition *condition = &visible->any[i];
        const struct slice columns[] = {condition->viewer, condition->viewer_or_nobody,
                                        condition->department};
        for (size_t c = 0; c < sizeof(columns) / sizeof(columns[0]); c++)
            if (columns[c].size)
                require_column(joining, columns[c], why);
        for (size_t w = 0; w < condition->where.count; w++)
            require_column(joining, condition->where.items[w].column, why);
    }
}

static void check_essentials(struct model_joining *joining)
{
    const struct catalog_resource *catalog = joining->catalog;
    require_column(joining, catalog->key, "its key, without which the resource is off");
    for (size_t p = 0; p < catalog->parent_count; p++) {
        for (size_t l = 0; l < catalog->parents[p].link_count; l++) {
            const struct catalog_link *link = &catalog->parents[p].links[l];
            require_column(joining, link->column,
                           "a parent link, without which the resource is off");
            for (size_t w = 0; w < link->where.count; w++)
                require_column(joining, link->where.items[w].column,
                               "a parent link, without which the resource is off");
        }
    }
    for (size_t w = 0; w < catalog->where.count; w++)
        require_column(joining, catalog->where.items[w].column,
                       "a constant condition, without which the resource is off");
    check_visible(joining);
}

static bool has_column(const struct model_joining *joining, struct slice column)
{
    return column.size == 0 || schema_column_find(joining->table, column) != NULL;
}

static void join_verbs(struct model_joining *joining)
{
    const struct catalog_threads *threads = &joining->catalog->threads;
    const struct catalog_download *download = &joining->catalog->download;
    joining->resource->keeps_threads = threads->column.size && has_column(joining, threads->column);
    joining->resource->has_threads = joining->resource->keeps_threads &&
                                     has_column(joining, threads->order) &&
                                     has_column(joining, threads->rank);
    if (threads->column.size && !joining->resource->has_threads)
        MODEL_FIND(joining, MODEL_WARNING,
                   "bythread is off: it needs the columns `%.*s`, `%.*s` and `%.*s`",
                   SLICE_ARGS(threads->column), SLICE_ARGS(threads->order),
                   SLICE_ARGS(threads->rank));
    joining->resource->has_download = download->path.size && has_column(joining, download->path) &&
                                      has_column(joining, download->name);
    if (download->path.size && !joining->resource->has_download)
        MODEL_FIND(joining, MODEL_WARNING,
                   "download is off: it needs the columns `%.*s` and `%.*s`",
                   SLICE_ARGS(download->path), SLICE_ARGS(download->name));
}

static enum result join_list(struct model_joining *joining)
{
    const struct catalog_list *catalog = &joining->catalog->list;
    struct model_list *list = &joining->resource->list;
    if (!catalog->name.size)
        return RESULT_OK;
    const struct schema_table *table = schema_table_find(joining->model->schema, catalog->table);
    if (!table || !schema_column_find(table, catalog->column) ||
        !schema_column_find(table, catalog->key) || !schema_column_find(table, catalog->sort)) {
        MODEL_FIND(
            joining, MODEL_WARNING,
            "`%.*s` is left out: it needs table `%.*s` with the columns `%.*s`, `%.*s`, `%.*s`",
            SLICE_ARGS(catalog->name), SLICE_ARGS(catalog->table), SLICE_ARGS(catalog->column),
            SLICE_ARGS(catalog->key), SLICE_ARGS(catalog->sort));
        return RESULT_OK;
    }
    list->columns =
        arena_zalloc(&joining->model->arena, table->column_count * sizeof(*list->columns));
    if (!list->columns)
        return RESULT_NO_MEMORY;
    for (size_t i = 0; i < table->column_count; i++)
        if (catalog_names_hold(&catalog->sent, table->columns[i].name))
            list->columns[list->column_count++] =
                (struct model_column){.name = table->columns[i].name, .learnt = &table->columns[i]};
    list->catalog = catalog;
    return RESULT_OK;
}

static enum result join_resource(struct model_joining *joining)
{
    const struct catalog_resource *catalog = joining->catalog;
    struct model_resource *resource = joining->resource;
    resource->catalog = catalog;
    resource->name = catalog->name;
    resource->singular = catalog->singular.size ? catalog->singular : catalog->name;
    if (catalog->kind != CATALOG_ROWS)
        return RESULT_OK;
    joining->table = schema_table_find(joining->model->schema, catalog->table);
    if (!joining->table || !joining->table->exists) {
        MODEL_FIND(
            joining, MODEL_OFF,
            "table `%.*s` is missing, the resource is off; install the add-on, load its structure "
            "(schema/structure), or name the right table in the catalog (remote.catalog)",
            SLICE_ARGS(catalog->table));
        return RESULT_OK;
    }
    resource->table = joining->table;
    check_essentials(joining);
    enum result result = join_columns(joining);
    if (result == RESULT_OK)
        result = write_select_text(joining);
    if (result == RESULT_OK)
        result = join_list(joining);
    if (result != RESULT_OK)
        return result;
    join_verbs(joining);
    compare_columns(joining);
    if (!catalog->visible.below_count && !catalog->visible.any_count)
        MODEL_FIND(
            joining, MODEL_WARNING,
            "the catalog has no rule of visibility for it: every permitted role sees all its rows");
    if (model_is_served(resource))
        MODEL_FIND(joining, MODEL_FINE, "table `%.*s`, %zu columns served",
                   SLICE_ARGS(catalog->table), resource->column_count);
    return RESULT_OK;
}

/* The other resources a resource stands on; all of them are joined by now. */
static enum result join_parent(struct model_joining *joining, const struct catalog_parent *catalog,
                               struct model_parent *parent)
{
    struct model *model = joining->model;
    parent->parameter = catalog->parameter;
    parent->resource = model_resource_find(model, catalog->resource);
    parent->links = arena_zalloc(&model->arena, catalog->link_count * sizeof(*parent->links));
    if (!parent->links)
        return RESULT_NO_MEMORY;
    for (size_t i = 0; i < catalog->link_count; i++) {
        const struct catalog_link *link = &catalog->links[i];
        const struct model_resource *through =
            link->through_resource.size ? model_resource_find(model, link->through_resource) : NULL;
        if (through &&
            (!model_is_served(through) || !model_column_find(through, link->through_key) ||
             !model_column_find(through, link->through_column))) {
            MODEL_FIND(
                joining, MODEL_OFF,
                "its link to `%.*s` goes through `%.*s` (`%.*s`, `%.*s`), which is not there",
                SLICE_ARGS(catalog->resource), SLICE_ARGS(through->name),
                SLICE_ARGS(link->through_key), SLICE_ARGS(link->through_column));
            return RESULT_OK;
        }
        parent->links[parent->link_count++] =
            (struct model_link){.catalog = link, .through = through};
    }
    return RESULT_OK;
}

static enum result join_relations(struct model_joining *joining)
{
    const struct catalog_resource *catalog = joining->catalog;
    struct model_resource *resource = joining->resource;
    resource->parents = arena_zalloc(&joining->model->arena,
                                     (catalog->parent_count + 1) * sizeof(*resource->parents));
    if (!resource->parents)
        return RESULT_NO_MEMORY;
    for (size_t i = 0; i < catalog->parent_count; i++) {
        enum result result = join_parent(joining, &catalog->parents[i],
                                         &resource->parents[resource->parent_count++]);
        if (result != RESULT_OK)
            return result;
    }
    if (!catalog->object.name.size)
        return RESULT_OK;
    const struct model_resource *object =
        model_resource_find(joining->model, catalog->object.resource);
    if (object && model_is_served(object) && model_column_find(object, catalog->object.column))
        resource->object = object;
    else
        MODEL_FIND(joining, MODEL_WARNING, "`%.*s` is left out: its resource `%.*s` is off",
                   SLICE_ARGS(catalog->object.name), SLICE_ARGS(catalog->object.resource));
    return RESULT_OK;
}

/* The resource that a rule of visibility follows, or NULL when its rows cannot be looked at. */
static const struct model_resource *find_followed(struct model_joining *joining, struct slice name,
                                                  struct slice column)
{
    const struct model_resource *followed = model_resource_find(joining->model, name);
    bool is_there = followed->catalog->kind == CATALOG_ROWS && model_is_served(followed) &&
                    (!column.size || schema_column_find(schema_table_find(joining->model->schema,
                                                                          followed->catalog->table),
                                                        column));
    if (is_there)
        return followed;
    MODEL_FIND(
        joining, MODEL_WARNING,
        "who sees it depends on `%.*s`, which is not there: those who do not see everything miss "
        "the rows that hang on it",
        SLICE_ARGS(name));
    return NULL;
}

static enum result join_visible(struct model_joining *joining)
{
    const struct catalog_visible *catalog = &joining->catalog->visible;
    struct model_visible *visible = &joining->resource->visible;
    struct arena *arena = &joining->model->arena;
    visible->below = arena_zalloc(arena, (catalog->below_count + 1) * sizeof(*visible->below));
    visible->any = arena_zalloc(arena, (catalog->any_count + 1) * sizeof(*visible->any));
    if (!visible->below || !visible->any)
        return RESULT_NO_MEMORY;
    for (size_t i = 0; i < catalog->below_count; i++)
        visible->below[visible->below_count++] = (struct model_below){
            .catalog = &catalog->below[i],
            .resource = find_followed(joining, catalog->below[i].resource, slice_of("", 0))};
    for (size_t i = 0; i < catalog->any_count; i++) {
        const struct catalog_condition *condition = &catalog->any[i];
        visible->any[visible->any_count++] = (struct model_condition){
            .catalog = condition,
            .referrer = condition->referrer.size ? find_followed(joining, condition->referrer,
                                                                 condition->referrer_column)
                                                 : NULL};
    }
    return RESULT_OK;
}

static enum result join_each(struct model *model, enum result (*step)(struct model_joining *))
{
    enum result result = RESULT_OK;
    for (size_t i = 0; result == RESULT_OK && i < model->resource_count; i++) {
        struct model_joining joining = {.model = model,
                                        .resource = &model->resources[i],
                                        .catalog = &model->catalog->resources[i]};
        joining.table = schema_table_find(model->schema, joining.catalog->table);
        result = step(&joining);
    }
    return result;
}

static enum result join_all(struct model *model)
{
    const struct catalog *catalog = model->catalog;
    model->resource_count = catalog->resource_count;
    model->resources =
        arena_zalloc(&model->arena, catalog->resource_count * sizeof(*model->resources));
    enum result result = model->resources ? RESULT_OK : RESULT_NO_MEMORY;
    for (size_t i = 0; result == RESULT_OK && i < catalog->resource_count; i++)
        model->resources[i].lane = (uint32_t)i;
    if (result == RESULT_OK)
        result = join_each(model, join_resource);
    if (result == RESULT_OK)
        result = join_each(model, join_relations);
    if (result == RESULT_OK)
        result = join_each(model, join_visible);
    if (result == RESULT_OK)
        result = join_each(model, model_join_references);
    if (result == RESULT_OK)
        result = join_each(model, model_join_rules);
    model_join_journal(model);
    return result;
}

enum result model_build(const struct catalog *catalog, struct schema *schema, struct model **model)
{
    *model = NULL;
    struct model *made = calloc(1, sizeof(*made));
    if (!made) {
        schema_destroy(schema);
        return RESULT_NO_MEMORY;
    }
    arena_init(&made->arena);
    atomic_init(&made->references, 1);
    made->catalog = catalog;
    made->schema = schema;
    enum result result = join_all(made);
    if (result != RESULT_OK) {
        model_release(made);
        return result;
    }
    *model = made;
    return RESULT_OK;
}

enum result model_learn(const struct catalog *catalog, struct database *database,
                        struct model **model)
{
    struct arena arena;
    struct slice *names = NULL;
    size_t count = 0;
    struct schema *schema = NULL;
    *model = NULL;
    arena_init(&arena);
    enum result result = model_tables(catalog, &arena, &names, &count);
    if (result == RESULT_OK)
        result = schema_read(database, names, count, &schema);
    arena_clear(&arena);
    return result == RESULT_OK ? model_build(catalog, schema, model) : result;
}

struct model *model_share(struct model *model)
{
    atomic_fetch_add_explicit(&model->references, 1, memory_order_relaxed);
    return model;
}

void model_release(struct model *model)
{
    if (!model || atomic_fetch_sub_explicit(&model->references, 1, memory_order_acq_rel) != 1)
        return;
    schema_destroy(model->schema);
    arena_clear(&model->arena);
    free(model);
}

const struct model_resource *model_resource_find(const struct model *model, struct slice name)
{
    for (size_t i = 0; i < model->resource_count; i++)
        if (slice_equal(model->resources[i].name, name) ||
            slice_equal(model->resources[i].singular, name))
            return &model->resources[i];
    return NULL;
}

const struct model_column *model_column_find(const struct model_resource *resource,
                                             struct slice name)
{
    for (size_t i = 0; i < resource->column_count; i++)
        if (slice_equal(resource->columns[i].name, name))
            return &resource->columns[i];
    return NULL;
}

const struct model_parent *model_parent_find(const struct model_resource *resource,
                                             const struct model_resource *parent)
{
    for (size_t i = 0; i < resource->parent_count; i++)
        if (resource->parents[i].resource == parent)
            return &resource->parents[i];
    return NULL;
}

const struct model_parent *model_parameter_find(const struct model_resource *resource,
                                                struct slice parameter)
{
    for (size_t i = 0; i < resource->parent_count; i++)
        if (slice_equal(resource->parents[i].parameter, parameter))
            return &resource->parents[i];
    return NULL;
}

/* Inserting and updating, with the columns that the gateway keeps, and what moves along. */
#include "http/media_type.h"
#include "resources/download.h"
#include "resources/stored_value.h"
#include "resources/write_parts.h"

/* Columns to be set; room for all of a table. */
struct assigns {
    struct plan_assign *items;
    size_t count;
};

static bool assigns_init(struct writing *writing, const struct schema_table *table,
                         struct assigns *assigns)
{
    *assigns = (struct assigns){0};
    assigns->items =
        arena_alloc(writing->context->arena, (table->column_count + 1) * sizeof(*assigns->items));
    return assigns->items != NULL;
}

static bool has(const struct assigns *assigns, struct slice column)
{
    for (size_t i = 0; i < assigns->count; i++)
        if (slice_equal(assigns->items[i].column, column))
            return true;
    return false;
}

/* A column that the table lacks, or that is set already, is passed over. */
static void assign(struct assigns *assigns, const struct schema_table *table,
                   const struct plan_assign *item)
{
    if (schema_column_find(table, item->column) && !has(assigns, item->column))
        assigns->items[assigns->count++] = *item;
}

static void assign_now(struct assigns *assigns, const struct schema_table *table,
                       const struct catalog_names *columns)
{
    for (size_t i = 0; i < columns->count; i++) {
        const struct plan_assign item = {.column = columns->items[i], .is_now = true};
        assign(assigns, table, &item);
    }
}

/* What makes a row one of the resource's. */
static void assign_constants(struct assigns *assigns, const struct schema_table *table,
                             const struct catalog_constants *where)
{
    for (size_t i = 0; i < where->count; i++) {
        const struct plan_assign item = {.column = where->items[i].column,
                                         .value = database_text(where->items[i].value)};
        assign(assigns, table, &item);
    }
}

static void assign_id(struct assigns *assigns, const struct schema_table *table,
                      struct slice column, int64_t id)
{
    const struct plan_assign item = {.column = column, .value = database_integer(id)};
    assign(assigns, table, &item);
}

/* Links that agreement has filled in win over the nothing that was given. */
static void assign_filled(struct writing *writing, size_t item, struct assigns *assigns)
{
    const struct model_resource *resource = writing->write->resource;
    const struct write_row *row = &writing->rows[item];
    for (size_t r = 0; r < resource->reference_count; r++)
        if (row->is_filled[r])
            assign_id(assigns, resource->table, resource->references[r].column, row->links[r]);
}

/* What is said of the bytes. Where they lie is said only where the path depends on it. */
static void assign_bytes(const struct writing *writing, struct assigns *assigns)
{
    const struct model_resource *resource = writing->write->resource;
    const struct catalog_download *download = &resource->catalog->download;
    struct write_bytes bytes;
    struct download_columns columns;
    if (!write_bytes_describe(writing, &bytes)) {
        if (writing->write->kind == WRITE_CREATE)
            assign_id(assigns, resource->table, download->size, 0);
        return;
    }
    download_columns_choose(&columns, resource, slice_from(writing->context->options->files_path));
    const struct plan_assign path = {.column = download->path, .value = database_text(bytes.path)};
    const struct plan_assign hash = {.column = download->sha256,
                                     .value = database_text(bytes.sha256)};
    if (download_path_names(&columns, download->path))
        assign(assigns, resource->table, &path);
    assign(assigns, resource->table, &hash);
    assign_id(assigns, resource->table, download->size, (int64_t)bytes.size);
}

/* Of a new record whose client says no type, what its name says. */
static void assign_type(const struct writing *writing, size_t item, struct assigns *assigns)
{
    const struct model_resource *resource = writing->write->resource;
    const struct catalog_download *download = &resource->catalog->download;
    const struct schema_column *column = schema_column_find(resource->table, download->type);
    const struct write_value *name = write_value_find(&writing->write->items[item], download->name);
    if (!write_has_bytes(writing->write) || !column || column->type != SCHEMA_TEXT)
        return;
    struct slice text = name ? name->value.text : SLICE("");
    struct plan_assign type = {.column = download->type,
                               .value = database_text(http_media_type_by_name(
                                   writing->context->options->media_types, text))};
    if (!column->length || type.value.text.size <= column->length)
        assign(assigns, resource->table, &type);
}

/* --- creating ------------------------------------------------------------------------------ */

static int64_t thread_of(const struct writing *writing, size_t item)
{
    const struct write_value *thread = write_value_find(
        &writing->write->items[item], writing->write->resource->catalog->threads.column);
    return thread ? write_id(&thread->value) : 0;
}

static struct plan_hanging rows_of_thread(const struct writing *writing, const int64_t *thread)
{
    const struct catalog_resource *catalog = writing->write->resource->catalog;
    return (struct plan_hanging){.link = {catalog->table, catalog->threads.column, NULL},
                                 .ids = {thread, 1}};
}

/* A version counted by the gateway: one more than the thread's greatest. */
static enum result assign_rank(struct writing *writing, size_t item, struct assigns *assigns)
{
    const struct model_resource *resource = writing->write->resource;
    const struct slice rank = resource->catalog->threads.rank;
    const struct model_column *column = model_column_find(resource, rank);
    int64_t thread = thread_of(writing, item);
    int64_t greatest = 0;
    enum result result = RESULT_OK;
    if (!resource->keeps_threads || !column || !column->is_kept ||
        column->learnt->type != SCHEMA_INTEGER)
        return RESULT_OK;
    if (thread) {
        const struct plan_hanging rows = rows_of_thread(writing, &thread);
        struct plan plan;
        plan_init(&plan, writing->context->arena);
        plan_select_hanging(&plan, &rows, "MAX", &rank, 1);
        result = write_read_integer(writing, &plan, &greatest);
    }
    assign_id(assigns, resource->table, rank, greatest + 1);
    return result;
}

/* NOT NULL without a default, and not given. The key counts by itself. */
static void assign_empty(const struct model_resource *resource, struct assigns *assigns)
{
    for (size_t i = 0; i < resource->table->column_count; i++) {
        const struct schema_column *column = &resource->table->columns[i];
        const struct plan_assign item = {.column = column->name,
                                         .value = stored_value_empty(column)};
        bool is_key = slice_equal(column->name, model_key(resource)->name);
        if (!column->is_nullable && !column->has_default && !is_key)
            assign(assigns, resource->table, &item);
    }
}

static enum result collect_new(struct writing *writing, size_t item, struct assigns *assigns)
{
    const struct write_item *given = &writing->write->items[item];
    const struct model_resource *resource = writing->write->resource;
    const struct catalog_rules *rules = &resource->catalog->rules;
    if (!assigns_init(writing, resource->table, assigns))
        return RESULT_NO_MEMORY;
    assign_filled(writing, item, assigns);
    for (size_t i = 0; i < given->count; i++) {
        const struct plan_assign value = {.column = given->values[i].column->name,
                                          .value = given->values[i].value};
        assign(assigns, resource->table, &value);
    }
    assign_bytes(writing, assigns);
    assign_type(writing, item, assigns);
    assign_constants(assigns, resource->table, &resource->catalog->where);
    assign_now(assigns, resource->table, &rules->now_on_create);
    for (size_t i = 0; i < rules->viewer.count; i++)
        assign_id(assigns, resource->table, rules->viewer.items[i], writing->request->admin_id);
    enum result result = assign_rank(writing, item, assigns);
    assign_empty(resource, assigns);
    return result;
}

/* A thread's first row names itself. */
static bool begins_thread(const struct writing *writing, size_t item)
{
    return writing->write->resource->keeps_threads && !thread_of(writing, item);
}

static struct plan_assign itself(const struct writing *writing, size_t item)
{
    return (struct plan_assign){.column = writing->write->resource->catalog->threads.column,
                                .value = database_integer(writing->rows[item].id)};
}

/* Of several, one by one. */
static enum result begin_thread(struct writing *writing, size_t item)
{
    const struct model_resource *resource = writing->write->resource;
    const struct plan_assign assign = itself(writing, item);
    struct plan plan;
    if (!begins_thread(writing, item))
        return RESULT_OK;
    plan_init(&plan, writing->context->arena);
    plan_update(&plan, resource->catalog->table, &assign, 1, model_key(resource)->name,
                (struct plan_ids){&writing->rows[item].id, 1});
    return write_run(writing, &plan);
}

static enum result create(struct writing *writing, size_t item)
{
    const struct model_resource *resource = writing->write->resource;
    struct assigns assigns;
    struct plan plan;
    enum result result = collect_new(writing, item, &assigns);
    if (result != RESULT_OK)
        return result;
    plan_init(&plan, writing->context->arena);
    plan_insert(&plan, resource->catalog->table, assigns.items, assigns.count);
    result = write_run(writing, &plan);
    if (result != RESULT_OK)
        return write_explain_value(writing, item, result);
    writing->rows[item].id = (int64_t)database_insert_id(writing->context->database);
    return RESULT_OK;
}

/* What a single record needs beside its row is written together with what is above it. */
static enum result create_all(struct writing *writing)
{
    bool is_single = writing->write->item_count == 1;
    enum result result = RESULT_OK;
    for (size_t i = 0; result == RESULT_OK && i < writing->write->item_count; i++) {
        result = create(writing, i);
        if (result == RESULT_OK && !is_single)
            result = begin_thread(writing, i);
    }
    if (result != RESULT_OK)
        return result;
    const struct plan_assign assign = itself(writing, 0);
    const struct plan_change record = {.resource = writing->write->resource,
                                       .id = writing->rows[0].id,
                                       .assigns = &assign,
                                       .count = 1};
    return write_change(writing, is_single && begins_thread(writing, 0) ? &record : NULL);
}

/* --- moving along -------------------------------------------------------------------------- */

/* The links that are others now, and their columns in the tables below. */
struct move {
    const struct model_resource *to[WRITE_MOST_REFERENCES];
    struct slice columns[WRITE_MOST_REFERENCES]; /* of the record that moves */
    int64_t ids[WRITE_MOST_REFERENCES];
    size_t count;
};

static void find_move(const struct writing *writing, struct move *move)
{
    const struct model_resource *resource = writing->write->resource;
    const struct write_row *row = &writing->rows[0];
    *move = (struct move){.count = 0};
    for (size_t r = 0; r < resource->reference_count; r++) {
        const struct model_resource *to = resource->references[r].resource;
        if (!to || to == resource || row->links[r] == writing->target->references[r] ||
            !resource->references[r].is_parent)
            continue;
        move->to[move->count] = to;
        move->columns[move->count] = resource->references[r].column;
        move->ids[move->count++] = row->links[r];
    }
}

/* A column that now and then names something else is left as it is. */
static bool moves_along(const struct model_reference *reference, const struct model_resource *to,
                        const struct plan_hanging *rows)
{
    return reference->resource == to && !reference->where.count &&
           !slice_equal(reference->column, rows->link.column);
}

static enum result refuse_parted(struct writing *writing, const struct move *move,
                                 const struct write_parted *parted)
{
    query_refuse_value(
        writing->problem, move->columns[0],
        arena_printf(writing->context->arena,
                     "what is stored, since bytes of files that would move along lie where their "
                     "%.*s says (files.path), that of file %lld among them; another one once "
                     "those files are elsewhere",
                     SLICE_ARGS(parted->column), (long long)parted->id));
    return RESULT_INVALID;
}

static enum result move_rows(struct writing *writing, const struct move *move,
                             const struct model_resource *resource, const struct plan_hanging *rows)
{
    struct write_parted parted;
    struct assigns assigns;
    struct plan plan;
    if (!assigns_init(writing, resource->table, &assigns))
        return RESULT_NO_MEMORY;
    for (size_t i = 0; i < move->count; i++)
        for (size_t r = 0; r < resource->reference_count; r++)
            if (moves_along(&resource->references[r], move->to[i], rows))
                assign_id(&assigns, resource->table, resource->references[r].column, move->ids[i]);
    if (!assigns.count)
        return RESULT_OK;
    enum result result =
        write_bytes_find_parted(writing, resource, rows, assigns.items, assigns.count, &parted);
    if (result == RESULT_OK && parted.id)
        result = refuse_parted(writing, move, &parted);
    if (result != RESULT_OK)
        return result;
    plan_init(&plan, writing->context->arena);
    plan_update_hanging(&plan, rows, assigns.items, assigns.count);
    return write_run(writing, &plan);
}

static enum result move_thread(struct writing *writing, const struct move *move)
{
    const struct model_resource *resource = writing->write->resource;
    if (!resource->keeps_threads)
        return RESULT_OK;
    struct plan_hanging posts = rows_of_thread(writing, &writing->write->id);
    posts.key = model_key(resource)->name;
    posts.but = writing->write->id;
    return move_rows(writing, move, resource, &posts);
}

static enum result move_dependants(struct writing *writing, const struct move *move,
                                   const struct model_resource *below, struct plan_ids ids)
{
    enum result result = RESULT_OK;
    for (size_t r = 0; result == RESULT_OK && r < below->reference_count; r++) {
        const struct plan_hanging rows = {.link = write_plan_link(below, &below->references[r]),
                                          .ids = ids};
        if (below->references[r].resource == writing->write->resource)
            result = move_rows(writing, move, below, &rows);
    }
    return result;
}

static enum result move_below(struct writing *writing, const struct move *move, struct plan_ids ids)
{
    const struct model_resource *resource = writing->write->resource;
    const struct plan_hanging branch = {
        .link = {resource->catalog->table, model_key(resource)->name, NULL}, .ids = ids};
    enum result result = ids.count > 1 ? move_rows(writing, move, resource, &branch) : RESULT_OK;
    for (size_t d = 0; result == RESULT_OK && d < resource->dependant_count; d++)
        result = move_dependants(writing, move, resource->dependants[d], ids);
    return result;
}

static enum result move_along(struct writing *writing)
{
    struct move move;
    int64_t *ids = NULL;
    size_t count = 0;
    find_move(writing, &move);
    if (!move.count)
        return RESULT_OK;
    enum result result = write_tree_ids(writing, &ids, &count);
    for (size_t at = 0; result == RESULT_OK && at < count; at += WRITE_MOST_IDS)
        result = move_below(writing, &move, write_part(ids, count, at));
    return result == RESULT_OK ? move_thread(writing, &move) : result;
}

/* --- updating ------------------------------------------------------------------------------ */

/* The value that the column gets: what agreement has filled in wins over what was given. */
static struct database_value value_of(const struct writing *writing,
                                      const struct write_value *given)
{
    const struct model_resource *resource = writing->write->resource;
    const struct write_row *row = &writing->rows[0];
    for (size_t r = 0; r < resource->reference_count; r++)
        if (row->is_filled[r] && slice_equal(resource->references[r].column, given->column->name))
            return database_integer(row->links[r]);
    return given->value;
}

static enum result collect_changed(struct writing *writing, struct assigns *assigns)
{
    const struct write_item *given = &writing->write->items[0];
    const struct model_resource *resource = writing->write->resource;
    writing->is_changed = arena_zalloc(writing->context->arena, given->count + 1);
    if (!writing->is_changed || !assigns_init(writing, resource->table, assigns))
        return RESULT_NO_MEMORY;
    for (size_t i = 0; i < given->count; i++) {
        const struct write_value *value = &given->values[i];
        const struct plan_assign item = {.column = value->column->name,
                                         .value = value_of(writing, value)};
        writing->is_changed[i] =
            !value->must_equal &&
            !stored_value_equals(value->column, &item.value,
                                 &writing->stored[value->column - resource->columns]);
        if (writing->is_changed[i])
            assign(assigns, resource->table, &item);
    }
    assign_bytes(writing, assigns);
    writing->changed_count = assigns->count + (write_has_bytes(writing->write) ? 1 : 0);
    if (assigns->count)
        assign_filled(writing, 0, assigns); /* beside a change, never for its own sake */
    return RESULT_OK;
}

static enum result update(struct writing *writing)
{
    const struct model_resource *resource = writing->write->resource;
    struct assigns assigns;
    writing->rows[0].id = writing->write->id;
    enum result result = collect_changed(writing, &assigns);
    if (result != RESULT_OK || !writing->changed_count)
        return result;
    assign_now(&assigns, resource->table, &resource->catalog->rules.now_on_update);
    const struct plan_change record = {.resource = resource,
                                       .id = writing->write->id,
                                       .assigns = assigns.items,
                                       .count = assigns.count};
    result = write_change(writing, assigns.count ? &record : NULL);
    if (result != RESULT_OK)
        return write_explain_value(writing, 0, result);
    return move_along(writing);
}

enum result write_store(struct writing *writing)
{
    return writing->write->kind == WRITE_UPDATE ? update(writing) : create_all(writing);
}

/* What a write changes above the record, and what it leaves in WHMCS's activity log. */
#include "resources/write_parts.h"
#include "whmcs/activity_log.h"

enum { MOST_LOGGED_IDS = 20 };

/* Ids of one resource, each once. */
struct touched {
    int64_t *ids;
    size_t count;
};

static void add(struct touched *touched, int64_t id)
{
    for (size_t i = 0; i < touched->count; i++)
        if (touched->ids[i] == id)
            return;
    if (id > 0)
        touched->ids[touched->count++] = id;
}

/* What the records name by a reference, now and, of a changed or deleted one, before. */
static void add_links(const struct writing *writing, size_t reference, struct touched *touched)
{
    const struct write *write = writing->write;
    for (size_t i = 0; write->kind != WRITE_DELETE && i < write->item_count; i++)
        add(touched, writing->rows[i].links[reference]);
    if (writing->target)
        add(touched, writing->target->references[reference]);
}

static bool touched_init(const struct writing *writing, struct touched *touched)
{
    size_t most = (writing->write->item_count + 1) * WRITE_MOST_REFERENCES;
    *touched = (struct touched){arena_alloc(writing->context->arena, most * sizeof(int64_t)), 0};
    return touched->ids != NULL;
}

/* The column of a row above that says when something happened to it; empty: none. */
static struct slice activity_of(const struct model_resource *above)
{
    const struct slice column = above->catalog->rules.activity;
    bool is_there =
        column.size && model_is_served(above) && schema_column_find(above->table, column);
    return is_there ? column : SLICE("");
}

static bool collect_touched(const struct writing *writing, const struct model_resource *above,
                            struct touched *touched)
{
    const struct model_resource *resource = writing->write->resource;
    if (!touched_init(writing, touched))
        return false;
    for (size_t r = 0; r < resource->reference_count; r++)
        if (resource->references[r].resource == above)
            add_links(writing, r, touched);
    return true;
}

/* A single row of another table, which is there, is written together with others. */
static bool is_single(const struct writing *writing, const struct model_resource *above,
                      const struct touched *touched)
{
    const struct write_named *named =
        touched->count == 1 ? write_named_find(writing, above, touched->ids[0]) : NULL;
    return above != writing->write->resource && named && named->is_found;
}

static enum result touch_rows(struct writing *writing, const struct model_resource *above,
                              const struct touched *touched)
{
    const struct plan_assign now = {.column = activity_of(above), .is_now = true};
    enum result result = RESULT_OK;
    struct plan plan;
    for (size_t at = 0; result == RESULT_OK && at < touched->count; at += WRITE_MOST_IDS) {
        plan_init(&plan, writing->context->arena);
        plan_update(&plan, above->catalog->table, &now, 1, model_key(above)->name,
                    write_part(touched->ids, touched->count, at));
        result = write_run(writing, &plan);
    }
    return result;
}

/* Rows above that are written by one statement, with the record itself where that is changed. */
struct together {
    struct plan_change changes[WRITE_MOST_REFERENCES + 1];
    struct plan_assign now[WRITE_MOST_REFERENCES + 1];
    size_t count;
};

static void add_together(struct together *together, const struct model_resource *above, int64_t id)
{
    struct plan_assign *now = &together->now[together->count];
    *now = (struct plan_assign){.column = activity_of(above), .is_now = true};
    together->changes[together->count++] =
        (struct plan_change){.resource = above, .id = id, .assigns = now, .count = 1};
}

static enum result touch_resource(struct writing *writing, const struct model_resource *above,
                                  struct together *together)
{
    struct touched touched;
    if (!activity_of(above).size)
        return RESULT_OK;
    if (!collect_touched(writing, above, &touched))
        return RESULT_NO_MEMORY;
    if (!is_single(writing, above, &touched))
        return touch_rows(writing, above, &touched);
    add_together(together, above, touched.ids[0]);
    return RESULT_OK;
}

enum result write_change(struct writing *writing, const struct plan_change *record)
{
    const struct model *model = writing->write->model;
    struct together together = {.count = 0};
    enum result result = RESULT_OK;
    struct plan plan;
    if (record)
        together.changes[together.count++] = *record;
    for (size_t i = 0; result == RESULT_OK && i < model->resource_count; i++)
        result = touch_resource(writing, &model->resources[i], &together);
    if (result != RESULT_OK || !together.count)
        return result;
    plan_init(&plan, writing->context->arena);
    plan_update_each(&plan, together.changes, together.count);
    return write_run(writing, &plan);
}

/* --- counted children ---------------------------------------------------------------------- */

static enum result count_children(struct writing *writing, int64_t id)
{
    const struct model_resource *resource = writing->write->resource;
    const struct catalog_tree *tree = &resource->catalog->rules.tree;
    const struct plan_hanging children = {.link = {resource->catalog->table, tree->column, NULL},
                                          .ids = {&id, 1}};
    int64_t count = 0;
    struct plan plan;
    plan_init(&plan, writing->context->arena);
    plan_select_hanging(&plan, &children, "COUNT", &tree->column, 1);
    enum result result = write_read_integer(writing, &plan, &count);
    if (result != RESULT_OK)
        return result;
    const struct plan_assign assign = {.column = tree->children, .value = database_integer(count)};
    plan_init(&plan, writing->context->arena);
    plan_update(&plan, resource->catalog->table, &assign, 1, model_key(resource)->name,
                (struct plan_ids){&id, 1});
    return write_run(writing, &plan);
}

enum result write_count_children(struct writing *writing)
{
    const struct model_resource *resource = writing->write->resource;
    const struct catalog_tree *tree = &resource->catalog->rules.tree;
    struct touched parents;
    enum result result = RESULT_OK;
    if (!tree->column.size || !schema_column_find(resource->table, tree->column) ||
        !schema_column_find(resource->table, tree->children))
        return RESULT_OK;
    if (!touched_init(writing, &parents))
        return RESULT_NO_MEMORY;
    for (size_t r = 0; r < resource->reference_count; r++)
        if (slice_equal(resource->references[r].column, tree->column))
            add_links(writing, r, &parents);
    for (size_t i = 0; result == RESULT_OK && i < parents.count; i++)
        result = count_children(writing, parents.ids[i]);
    return result;
}

/* --- the activity log ---------------------------------------------------------------------- */

static void print_created(const struct writing *writing, struct buffer *text)
{
    const struct write *write = writing->write;
    if (!write->is_bulk) {
        buffer_printf(text, "created %.*s %lld", SLICE_ARGS(write->resource->singular),
                      (long long)writing->rows[0].id);
        return;
    }
    buffer_printf(text, "created %zu %.*s (", write->item_count, SLICE_ARGS(write->resource->name));
    for (size_t i = 0; i < write->item_count && i < MOST_LOGGED_IDS; i++)
        buffer_printf(text, "%s%lld", i ? ", " : "", (long long)writing->rows[i].id);
    buffer_append_slice(text, write->item_count > MOST_LOGGED_IDS ? SLICE(", …)") : SLICE(")"));
}

/* Links that the client did not give, and that were filled in beside what he changed. */
static bool is_filled_alone(const struct writing *writing, size_t reference)
{
    const struct model_reference *known = &writing->write->resource->references[reference];
    return writing->rows[0].is_filled[reference] &&
           !write_value_find(&writing->write->items[0], known->column);
}

static void print_updated(const struct writing *writing, struct buffer *text)
{
    const struct write *write = writing->write;
    const char *joint = " (";
    buffer_printf(text, "updated %.*s %lld", SLICE_ARGS(write->resource->singular),
                  (long long)write->id);
    for (size_t i = 0; i < write->items[0].count; i++) {
        if (!writing->is_changed[i])
            continue;
        buffer_printf(text, "%s%.*s", joint, SLICE_ARGS(write->items[0].values[i].column->name));
        joint = ", ";
    }
    if (write_has_bytes(write)) {
        buffer_printf(text, "%sfile_content", joint);
        joint = ", ";
    }
    for (size_t r = 0; r < write->resource->reference_count; r++)
        if (is_filled_alone(writing, r))
            buffer_printf(text, ", %.*s", SLICE_ARGS(write->resource->references[r].column));
    buffer_append_slice(text, joint[0] == ',' ? SLICE(")") : SLICE(""));
}

/* The record's own kind is counted only when others of it went along. */
static void print_deleted(const struct writing *writing, struct buffer *text)
{
    const struct write *write = writing->write;
    const char *joint = " (";
    buffer_printf(text, "deleted %.*s %lld", SLICE_ARGS(write->resource->singular),
                  (long long)write->id);
    for (size_t i = 0; i < write->model->resource_count; i++) {
        const struct model_resource *resource = &write->model->resources[i];
        uint64_t own = resource == write->resource ? 1 : 0;
        if (writing->deleted[i] <= own)
            continue;
        buffer_printf(text, "%s%llu %.*s", joint, (unsigned long long)writing->deleted[i],
                      SLICE_ARGS(resource->name));
        joint = ", ";
    }
    buffer_append_slice(text, joint[0] == ',' ? SLICE(")") : SLICE(""));
}

enum result write_log(struct writing *writing)
{
    const struct model_journal *journal = &writing->write->model->journal;
    struct buffer text;
    if (!journal->has_activity_log)
        return RESULT_OK;
    buffer_init(&text);
    buffer_printf(&text, "portcullis: %.*s ", SLICE_ARGS(writing->request->admin));
    if (writing->write->kind == WRITE_CREATE)
        print_created(writing, &text);
    else if (writing->write->kind == WRITE_UPDATE)
        print_updated(writing, &text);
    else
        print_deleted(writing, &text);
    const struct activity_log_line line = {
        .description = buffer_slice(&text),
        .admin = writing->request->admin,
        .admin_id = writing->request->admin_id,
        .has_admin_id = journal->has_activity_admin,
        .address = writing->request->address,
    };
    enum result result = text.has_failed
                             ? RESULT_NO_MEMORY
                             : activity_log_write_admin(writing->context->database, &line);
    buffer_clear(&text);
    return result;
}

/* INSERT, UPDATE, DELETE, and SELECT … FOR UPDATE. */
#include "resources/plan_write.h"

#include <stdio.h>

#include "resources/plan_text.h"

static void put_ids(struct plan *plan, struct plan_ids ids)
{
    size_t padded = 1;
    while (padded < ids.count)
        padded *= 2;
    plan_put(plan, " IN (");
    for (size_t i = 0; i < padded; i++) {
        plan_put(plan, i ? "," : "");
        plan_put_value(plan, database_integer(ids.items[i < ids.count ? i : ids.count - 1]));
    }
    plan_put(plan, ")");
}

static void finish(struct plan *plan)
{
    plan->has_failed = plan->has_failed || plan->text.has_failed;
}

static void put_constant(struct plan *plan, const char *alias,
                         const struct model_resource *resource,
                         const struct catalog_constant *constant)
{
    bool is_there =
        constant->column.size && schema_column_find(resource->table, constant->column) != NULL;
    plan_put(plan, ", ");
    if (!is_there) {
        plan_put(plan, "0");
        return;
    }
    plan_put_column(plan, alias, constant->column);
    plan_put(plan, " = ");
    plan_put_value(plan, database_text(constant->value));
}

/* Ids that are kept as text: of several collations they do not go into one column of a UNION. */
static bool is_text(const struct model_resource *resource, struct slice column)
{
    const struct schema_column *found = schema_column_find(resource->table, column);
    return found && (found->type == SCHEMA_TEXT || found->type == SCHEMA_ENUM);
}

static void put_reference(struct plan *plan, const char *alias,
                          const struct model_resource *resource,
                          const struct model_reference *reference, bool is_joint)
{
    bool is_converted = is_joint && is_text(resource, reference->column);
    plan_put(plan, is_converted ? ", CONVERT(" : ", ");
    plan_put(plan, reference->where.count ? "IF(1" : "");
    plan_put_constants(plan, alias, &reference->where);
    plan_put(plan, reference->where.count ? ", " : "");
    plan_put_column(plan, alias, reference->column);
    plan_put(plan, reference->where.count ? ", 0)" : "");
    plan_put(plan, is_converted ? " USING utf8mb4)" : "");
}

/* References are filled up to `width` of them; 0: the rows stand alone. */
static void put_named(struct plan *plan, const char *alias, const struct model_resource *resource,
                      const struct query_viewer *viewer, size_t width)
{
    const struct query query = {.resource = resource, .viewer = viewer};
    plan_put_column(plan, alias, model_key(resource)->name);
    plan_put(plan, ", (1");
    plan_put_visible(plan, &query, alias, resource);
    plan_put(plan, ")");
    put_constant(plan, alias, resource, &resource->catalog->rules.locked);
    put_constant(plan, alias, resource, &resource->catalog->rules.closed);
    for (size_t i = 0; i < resource->reference_count; i++)
        put_reference(plan, alias, resource, &resource->references[i], width > 0);
    for (size_t i = resource->reference_count; i < width; i++)
        plan_put(plan, ", 0");
}

static void put_key(struct plan *plan, const struct model_resource *resource)
{
    plan_put(plan, " FROM ");
    plan_put_name(plan, resource->catalog->table);
    plan_put(plan, " t WHERE ");
    plan_put_column(plan, "t", model_key(resource)->name);
}

static void put_rows(struct plan *plan, const struct model_resource *resource, struct plan_ids ids)
{
    put_key(plan, resource);
    put_ids(plan, ids);
    plan_put_constants(plan, "t", &resource->catalog->where);
}

static void put_key_order(struct plan *plan, const struct model_resource *resource)
{
    plan_put(plan, " ORDER BY ");
    plan_put_column(plan, "t", model_key(resource)->name);
}

void plan_named(struct plan *plan, const struct model_resource *resource,
                const struct query_viewer *viewer, struct plan_ids ids, bool is_locking)
{
    plan_put(plan, "SELECT ");
    put_named(plan, "t", resource, viewer, 0);
    put_rows(plan, resource, ids);
    put_key_order(plan, resource);
    plan_put(plan, is_locking ? " FOR UPDATE" : "");
    finish(plan);
}

size_t plan_named_end(const struct model_resource *resource)
{
    return PLAN_NAMED_REFERENCES + resource->reference_count;
}

void plan_named_whole(struct plan *plan, const struct model_resource *resource,
                      const struct query_viewer *viewer, struct plan_ids ids, bool is_locking)
{
    plan_put(plan, "SELECT ");
    put_named(plan, "t", resource, viewer, 0);
    plan_put(plan, ",");
    plan_put_all(plan, resource);
    put_rows(plan, resource, ids);
    put_key_order(plan, resource);
    plan_put(plan, is_locking ? " FOR UPDATE" : "");
    finish(plan);
}

/* A lock's clause belongs to its SELECT, so each stands in parentheses; they run one after the
 * other. */
void plan_named_each(struct plan *plan, const struct plan_row *rows, size_t count,
                     const struct query_viewer *viewer)
{
    size_t width = 0;
    for (size_t i = 0; i < count; i++)
        if (rows[i].resource->reference_count > width)
            width = rows[i].resource->reference_count;
    for (size_t i = 0; i < count; i++) {
        buffer_printf(&plan->text, "%s(SELECT %zu, ", i ? " UNION ALL " : "", i);
        put_named(plan, "t", rows[i].resource, viewer, width);
        put_rows(plan, rows[i].resource, (struct plan_ids){&rows[i].id, 1});
        plan_put(plan, rows[i].is_locking ? " FOR UPDATE)" : ")");
    }
    finish(plan);
}

static void put_columns_of(struct plan *plan, const char *alias,
                           const struct model_resource *resource)
{
    for (size_t i = 0; i < resource->column_count; i++) {
        const struct model_column *column = &resource->columns[i];
        plan_put(plan, plan->cell_count++ ? ", " : "");
        plan_put_column(plan, alias, column->name);
        plan_add_item(plan, (struct plan_item){.step = PLAN_CELL,
                                               .name = column->name,
                                               .is_tagged = model_is_tagged(resource, column)});
    }
}

enum { ALIAS_BYTES = 24 };

static const char *alias_of(char alias[ALIAS_BYTES], size_t row)
{
    snprintf(alias, ALIAS_BYTES, "t%zu", row);
    return alias;
}

/* What the last row's column says. */
static void put_by(struct plan *plan, struct slice column, const struct plan_row *last)
{
    plan_put(plan, "(SELECT ");
    plan_put_column(plan, "b", column);
    plan_put(plan, " FROM ");
    plan_put_name(plan, last->resource->catalog->table);
    plan_put(plan, " b WHERE ");
    plan_put_column(plan, "b", model_key(last->resource)->name);
    plan_put(plan, " = ");
    plan_put_value(plan, database_integer(last->id));
    plan_put(plan, ")");
}

/* A table whose key is known when the statement begins is read, and locked, before all others,
 * whatever the order of the join; so each is made to wait for the one before it. */
static void put_key_above(struct plan *plan, const struct plan_row *rows, size_t i,
                          const struct plan_row *last)
{
    char alias[ALIAS_BYTES];
    plan_put_column(plan, alias_of(alias, i), model_key(rows[i].resource)->name);
    plan_put(plan, " = ");
    if (rows[i].by.size)
        put_by(plan, rows[i].by, last);
    else
        plan_put_value(plan, database_integer(rows[i].id));
    if (i > 0) {
        plan_put(plan, " + 0 * IFNULL(");
        plan_put_column(plan, alias_of(alias, i - 1), model_key(rows[i - 1].resource)->name);
        plan_put(plan, ", 0)");
    }
    plan_put_constants(plan, alias_of(alias, i), &rows[i].resource->catalog->where);
}

void plan_named_above(struct plan *plan, const struct plan_row *rows, size_t count,
                      const struct query_viewer *viewer, bool is_locking)
{
    const struct plan_row *last = &rows[count - 1];
    char alias[ALIAS_BYTES];
    plan_put(plan, "SELECT ");
    for (size_t i = 0; i < count; i++) {
        put_named(plan, alias_of(alias, i), rows[i].resource, viewer, 0);
        plan_put(plan, ", ");
    }
    put_columns_of(plan, alias_of(alias, count - 1), last->resource);
    for (size_t i = 0; i < count; i++) {
        const char *join = rows[i].by.size ? " LEFT JOIN " : " STRAIGHT_JOIN ";
        plan_put(plan, i ? join : " FROM ");
        plan_put_name(plan, rows[i].resource->catalog->table);
        buffer_printf(&plan->text, i ? " %s ON " : " %s", alias_of(alias, i));
        if (i > 0)
            put_key_above(plan, rows, i, last);
    }
    plan_put(plan, " WHERE ");
    put_key_above(plan, rows, 0, last);
    plan_put(plan, is_locking ? " FOR UPDATE" : "");
    finish(plan);
}

void plan_rows(struct plan *plan, const struct plan_row *rows, size_t count)
{
    char alias[ALIAS_BYTES];
    plan_put(plan, "SELECT ");
    for (size_t i = 0; i < count; i++)
        put_columns_of(plan, alias_of(alias, i), rows[i].resource);
    for (size_t i = 0; i < count; i++) {
        plan_put(plan, i ? " JOIN " : " FROM ");
        plan_put_name(plan, rows[i].resource->catalog->table);
        buffer_printf(&plan->text, " %s", alias_of(alias, i));
    }
    for (size_t i = 0; i < count; i++) {
        plan_put(plan, i ? " AND " : " WHERE ");
        plan_put_column(plan, alias_of(alias, i), model_key(rows[i].resource)->name);
        plan_put(plan, " = ");
        plan_put_value(plan, database_integer(rows[i].id));
        plan_put_constants(plan, alias, &rows[i].resource->catalog->where);
    }
    finish(plan);
}

void plan_existing(struct plan *plan, struct slice table, struct slice key, struct plan_ids ids)
{
    plan_put(plan, "SELECT ");
    plan_put_column(plan, "t", key);
    plan_put(plan, " FROM ");
    plan_put_name(plan, table);
    plan_put(plan, " t WHERE ");
    plan_put_column(plan, "t", key);
    put_ids(plan, ids);
    finish(plan);
}

void plan_stored(struct plan *plan, const struct model_resource *resource, int64_t id)
{
    static const struct query_viewer everybody = {.sees_all = true};
    const struct query query = {
        .resource = resource, .viewer = &everybody, .is_record = true, .id = id};
    plan_record(plan, &query);
}

static void put_assigns(struct plan *plan, const char *alias, const struct plan_assign *assigns,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        plan_put(plan, i ? ", " : "");
        plan_put_column(plan, alias, assigns[i].column);
        plan_put(plan, " = ");
        if (assigns[i].is_now)
            plan_put(plan, "NOW()");
        else
            plan_put_value(plan, assigns[i].value);
    }
}

void plan_insert(struct plan *plan, struct slice table, const struct plan_assign *assigns,
                 size_t count)
{
    plan_put(plan, "INSERT INTO ");
    plan_put_name(plan, table);
    plan_put(plan, " (");
    for (size_t i = 0; i < count; i++) {
        plan_put(plan, i ? ", " : "");
        plan_put_name(plan, assigns[i].column);
    }
    plan_put(plan, ") VALUES (");
    for (size_t i = 0; i < count; i++) {
        plan_put(plan, i ? ", " : "");
        if (assigns[i].is_now)
            plan_put(plan, "NOW()");
        else
            plan_put_value(plan, assigns[i].value);
    }
    plan_put(plan, ")");
    finish(plan);
}

static void put_link(struct plan *plan, const char *alias, const struct plan_link *link)
{
    if (link->where)
        plan_put_constants(plan, alias, link->where);
}

static void put_conditions(struct plan *plan, const struct plan_hanging *hanging)
{
    const struct plan_link *first = hanging->through ? hanging->through : &hanging->link;
    plan_put(plan, " WHERE ");
    plan_put_column(plan, hanging->through ? "m" : "t", first->column);
    put_ids(plan, hanging->ids);
    put_link(plan, "t", &hanging->link);
    if (hanging->through)
        put_link(plan, "m", hanging->through);
    if (hanging->not_zero.size) {
        plan_put(plan, " AND ");
        plan_put_column(plan, "t", hanging->not_zero);
        plan_put(plan, " <> 0");
    }
    if (hanging->key.size) {
        plan_put(plan, " AND ");
        plan_put_column(plan, "t", hanging->key);
        plan_put(plan, " <> ");
        plan_put_value(plan, database_integer(hanging->but));
    }
}

/* t is what hangs, m what it hangs on where that hangs on the ids itself. */
static void put_hanging(struct plan *plan, const struct plan_hanging *hanging)
{
    plan_put(plan, " FROM ");
    plan_put_name(plan, hanging->link.table);
    plan_put(plan, " t");
    if (hanging->through) {
        plan_put(plan, " JOIN ");
        plan_put_name(plan, hanging->through->table);
        plan_put(plan, " m ON ");
        plan_put_column(plan, "m", hanging->through_key);
        plan_put(plan, " = ");
        plan_put_column(plan, "t", hanging->link.column);
    }
    put_conditions(plan, hanging);
}

void plan_update_hanging(struct plan *plan, const struct plan_hanging *hanging,
                         const struct plan_assign *assigns, size_t count)
{
    plan_put(plan, "UPDATE ");
    plan_put_name(plan, hanging->link.table);
    plan_put(plan, " t SET ");
    put_assigns(plan, "t", assigns, count);
    put_conditions(plan, hanging);
    finish(plan);
}

void plan_update(struct plan *plan, struct slice table, const struct plan_assign *assigns,
                 size_t count, struct slice key, struct plan_ids ids)
{
    const struct plan_hanging rows = {.link = {.table = table, .column = key}, .ids = ids};
    plan_update_hanging(plan, &rows, assigns, count);
}

void plan_update_each(struct plan *plan, const struct plan_change *changes, size_t count)
{
    char alias[ALIAS_BYTES];
    for (size_t i = 0; i < count; i++) {
        plan_put(plan, i ? " JOIN " : "UPDATE ");
        plan_put_name(plan, changes[i].resource->catalog->table);
        buffer_printf(&plan->text, " %s", alias_of(alias, i));
    }
    for (size_t i = 0; i < count; i++) {
        plan_put(plan, i ? ", " : " SET ");
        put_assigns(plan, alias_of(alias, i), changes[i].assigns, changes[i].count);
    }
    for (size_t i = 0; i < count; i++) {
        plan_put(plan, i ? " AND " : " WHERE ");
        plan_put_column(plan, alias_of(alias, i), model_key(changes[i].resource)->name);
        plan_put(plan, " = ");
        plan_put_value(plan, database_integer(changes[i].id));
    }
    finish(plan);
}

void plan_select_hanging(struct plan *plan, const struct plan_hanging *hanging,
                         const char *aggregate, const struct slice *columns, size_t count)
{
    plan_put(plan, "SELECT ");
    for (size_t i = 0; i < count; i++) {
        plan_put(plan, i ? ", " : "");
        plan_put(plan, aggregate ? aggregate : "");
        plan_put(plan, aggregate ? "(" : "");
        plan_put_column(plan, "t", columns[i]);
        plan_put(plan, aggregate ? ")" : "");
    }
    put_hanging(plan, hanging);
    finish(plan);
}

void plan_delete_hanging(struct plan *plan, const struct plan_hanging *hanging)
{
    plan_put(plan, "DELETE t");
    put_hanging(plan, hanging);
    finish(plan);
}

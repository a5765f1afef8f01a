/* INSERT, UPDATE, DELETE, and SELECT … FOR UPDATE. */
#include "resources/plan_write.h"

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

static void put_constant(struct plan *plan, const struct model_resource *resource,
                         const struct catalog_constant *constant)
{
    bool is_there =
        constant->column.size && schema_column_find(resource->table, constant->column) != NULL;
    plan_put(plan, ", ");
    if (!is_there) {
        plan_put(plan, "0");
        return;
    }
    plan_put_column(plan, "t", constant->column);
    plan_put(plan, " = ");
    plan_put_value(plan, database_text(constant->value));
}

static void put_reference(struct plan *plan, const struct model_reference *reference)
{
    plan_put(plan, reference->where.count ? ", IF(1" : ", ");
    plan_put_constants(plan, "t", &reference->where);
    plan_put(plan, reference->where.count ? ", " : "");
    plan_put_column(plan, "t", reference->column);
    plan_put(plan, reference->where.count ? ", 0)" : "");
}

void plan_named(struct plan *plan, const struct model_resource *resource,
                const struct query_viewer *viewer, struct plan_ids ids, bool is_locking)
{
    const struct query query = {.resource = resource, .viewer = viewer};
    const struct slice key = model_key(resource)->name;
    plan_put(plan, "SELECT ");
    plan_put_column(plan, "t", key);
    plan_put(plan, ", (1");
    plan_put_visible(plan, &query, "t", resource);
    plan_put(plan, ")");
    put_constant(plan, resource, &resource->catalog->rules.locked);
    put_constant(plan, resource, &resource->catalog->rules.closed);
    for (size_t i = 0; i < resource->reference_count; i++)
        put_reference(plan, &resource->references[i]);
    plan_put(plan, " FROM ");
    plan_put_name(plan, resource->catalog->table);
    plan_put(plan, " t WHERE ");
    plan_put_column(plan, "t", key);
    put_ids(plan, ids);
    plan_put_constants(plan, "t", &resource->catalog->where);
    plan_put(plan, " ORDER BY ");
    plan_put_column(plan, "t", key);
    plan_put(plan, is_locking ? " FOR UPDATE" : "");
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

void plan_stored(struct plan *plan, const struct model_resource *resource, int64_t id,
                 bool is_locking)
{
    static const struct query_viewer everybody = {.sees_all = true};
    const struct query query = {
        .resource = resource, .viewer = &everybody, .is_record = true, .id = id};
    plan_record(plan, &query);
    plan_put(plan, is_locking ? " FOR UPDATE" : "");
    finish(plan);
}

static void put_assigns(struct plan *plan, const struct plan_assign *assigns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        plan_put(plan, i ? ", " : " SET ");
        plan_put_column(plan, "t", assigns[i].column);
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
    plan_put(plan, " t");
    put_assigns(plan, assigns, count);
    put_conditions(plan, hanging);
    finish(plan);
}

void plan_update(struct plan *plan, struct slice table, const struct plan_assign *assigns,
                 size_t count, struct slice key, struct plan_ids ids)
{
    const struct plan_hanging rows = {.link = {.table = table, .column = key}, .ids = ids};
    plan_update_hanging(plan, &rows, assigns, count);
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

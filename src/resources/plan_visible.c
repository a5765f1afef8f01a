/*
 * Which rows a viewer may see, as conditions of the statement itself: the catalog's rule rendered
 * for one alias. Every other row then does not exist for him, in lists, totals, chains and nested
 * objects alike.
 *
 * A page looks at few rows, so each asks for its parents by their keys, `(SELECT 1 … LIMIT 1)`: of
 * an EXISTS the optimizer may first collect all visible parents. A count looks at every row, and
 * there EXISTS lets it do just that.
 *
 * A page in another order than the key's, or behind others, is walked along its order: IS TRUE
 * keeps the optimizer from collecting the rows of each condition by its own index, and sorting them
 * all.
 */
#include "resources/plan_text.h"

#include <stdio.h>

/* One rule being rendered; steps: how far it has followed the catalog. */
struct seeing {
    struct plan *plan;
    const struct query_viewer *viewer;
    unsigned steps;
};

static void put_rule(const struct seeing *seeing, const char *alias,
                     const struct model_resource *resource, bool is_followed);

static void put_where(const struct seeing *seeing, const char *alias,
                      const struct catalog_constants *where)
{
    for (size_t i = 0; i < where->count; i++) {
        const struct catalog_constant *constant = &where->items[i];
        bool is_null_too = constant->value.size == 0;
        plan_put(seeing->plan, i ? " AND " : "");
        plan_put(seeing->plan, is_null_too ? "(" : "");
        plan_put_column(seeing->plan, alias, constant->column);
        plan_put(seeing->plan, " = ");
        plan_put_value(seeing->plan, database_text(constant->value));
        if (!is_null_too)
            continue;
        plan_put(seeing->plan, " OR ");
        plan_put_column(seeing->plan, alias, constant->column);
        plan_put(seeing->plan, " IS NULL)");
    }
}

static void put_viewer(const struct seeing *seeing, const char *alias, struct slice column)
{
    plan_put_column(seeing->plan, alias, column);
    plan_put(seeing->plan, " = ");
    plan_put_value(seeing->plan, database_integer(seeing->viewer->admin_id));
}

/* The column names nobody, nothing. */
static void put_none(const struct seeing *seeing, const char *alias, struct slice column)
{
    plan_put_column(seeing->plan, alias, column);
    plan_put(seeing->plan, " = 0 OR ");
    plan_put_column(seeing->plan, alias, column);
    plan_put(seeing->plan, " IS NULL");
}

/* Padded to a power of two, so that few statements serve all viewers. */
static void put_department(const struct seeing *seeing, const char *alias, struct slice column)
{
    const struct query_viewer *viewer = seeing->viewer;
    size_t padded = 1;
    if (!viewer->department_count) {
        plan_put(seeing->plan, "0");
        return;
    }
    while (padded < viewer->department_count)
        padded *= 2;
    plan_put_column(seeing->plan, alias, column);
    for (size_t i = 0; i < padded; i++) {
        size_t at = i < viewer->department_count ? i : viewer->department_count - 1;
        plan_put(seeing->plan, i ? ", " : " IN (");
        plan_put_value(seeing->plan, database_integer(viewer->departments[at]));
    }
    plan_put(seeing->plan, ")");
}

/* There is a row of other whose column equals alias's, and it is visible. */
static void put_other(const struct seeing *seeing, const struct model_resource *other,
                      struct slice other_column, const char *alias, struct slice column,
                      bool is_followed)
{
    char name[16];
    struct plan *plan = seeing->plan;
    const struct seeing next = {plan, seeing->viewer, seeing->steps + 1};
    if (!other) { /* its table is not there, and so no row */
        plan_put(plan, "0");
        return;
    }
    snprintf(name, sizeof(name), "v%u", next.steps);
    plan_put(plan, plan->reads_all ? "EXISTS (SELECT 1 FROM " : "(SELECT 1 FROM ");
    plan_put_name(plan, other->catalog->table);
    plan_put(plan, " ");
    plan_put(plan, name);
    plan_put(plan, " WHERE ");
    plan_put_column(plan, name, other_column);
    plan_put(plan, " = ");
    plan_put_column(plan, alias, column);
    plan_put_constants(plan, name, &other->catalog->where);
    put_rule(&next, name, other, is_followed);
    plan_put(plan, plan->reads_all ? ")" : " LIMIT 1)");
}

static void put_condition(const struct seeing *seeing, const char *alias,
                          const struct model_resource *resource,
                          const struct model_condition *condition)
{
    const struct catalog_condition *catalog = condition->catalog;
    struct plan *plan = seeing->plan;
    const char *joint = "";
    if (catalog->where.count) {
        put_where(seeing, alias, &catalog->where);
        joint = " AND ";
    }
    if (catalog->viewer.size) {
        plan_put(plan, joint);
        put_viewer(seeing, alias, catalog->viewer);
        joint = " AND ";
    }
    if (catalog->viewer_or_nobody.size) {
        plan_put(plan, joint);
        plan_put(plan, "(");
        put_viewer(seeing, alias, catalog->viewer_or_nobody);
        plan_put(plan, " OR ");
        put_none(seeing, alias, catalog->viewer_or_nobody);
        plan_put(plan, ")");
        joint = " AND ";
    }
    if (catalog->department.size) {
        plan_put(plan, joint);
        put_department(seeing, alias, catalog->department);
        joint = " AND ";
    }
    if (catalog->referrer.size) {
        plan_put(plan, joint);
        put_other(seeing, condition->referrer, catalog->referrer_column, alias,
                  resource->catalog->key, false);
    }
}

/* The constants do not hold: the column names another resource's row. */
static void put_otherwise(const struct seeing *seeing, const char *alias,
                          const struct catalog_constants *where)
{
    for (size_t i = 0; i < where->count; i++) {
        plan_put_column(seeing->plan, alias, where->items[i].column);
        plan_put(seeing->plan, " <> ");
        plan_put_value(seeing->plan, database_text(where->items[i].value));
        plan_put(seeing->plan, " OR ");
        plan_put_column(seeing->plan, alias, where->items[i].column);
        plan_put(seeing->plan, " IS NULL OR ");
    }
}

/* All rows that it names are visible. */
static void put_below(const struct seeing *seeing, const char *alias,
                      const struct model_visible *visible)
{
    struct plan *plan = seeing->plan;
    for (size_t i = 0; i < visible->below_count; i++) {
        const struct model_below *below = &visible->below[i];
        plan_put(plan, i ? " AND (" : "(");
        put_otherwise(seeing, alias, &below->catalog->where);
        put_none(seeing, alias, below->catalog->column);
        plan_put(plan, " OR ");
        put_other(seeing, below->resource,
                  below->resource ? below->resource->catalog->key : slice_of("", 0), alias,
                  below->catalog->column, true);
        plan_put(plan, ")");
    }
}

/* is_followed: the rule is asked for the sake of a row that hangs below this one. */
static void put_rule(const struct seeing *seeing, const char *alias,
                     const struct model_resource *resource, bool is_followed)
{
    const struct model_visible *visible = &resource->visible;
    struct plan *plan = seeing->plan;
    bool asks_any = visible->any_count && !(is_followed && visible->below_count);
    if (!visible->any_count && !visible->below_count)
        return;
    plan_put(plan, asks_any ? " AND (" : " AND ");
    for (size_t i = 0; asks_any && i < visible->any_count; i++) {
        plan_put(plan, i ? " OR (" : "(");
        put_condition(seeing, alias, resource, &visible->any[i]);
        plan_put(plan, ")");
    }
    if (asks_any && visible->below_count)
        plan_put(plan, " OR (");
    put_below(seeing, alias, visible);
    if (asks_any)
        plan_put(plan, visible->below_count ? "))" : ")");
}

static bool walks_order(const struct plan *plan, const struct query *query)
{
    return !plan->reads_all && (query->sort_count > 1 || query->offset > query->skipped);
}

void plan_put_visible(struct plan *plan, const struct query *query, const char *alias,
                      const struct model_resource *resource)
{
    const struct seeing seeing = {plan, query->viewer, 0};
    bool is_ruled = resource->visible.any_count && !resource->visible.below_count;
    if (!query->viewer)
        plan->has_failed = true;
    if (!query->viewer || query->viewer->sees_all)
        return;
    put_rule(&seeing, alias, resource, false);
    if (is_ruled && walks_order(plan, query))
        plan_put(plan, " IS TRUE");
}

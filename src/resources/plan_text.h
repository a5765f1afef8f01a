/* Appending to a plan: text, names, values. Shared by plan.c and plan_*.c only. */
#ifndef PORTCULLIS_RESOURCES_PLAN_TEXT_H
#define PORTCULLIS_RESOURCES_PLAN_TEXT_H

#include "resources/plan.h"

void plan_put(struct plan *plan, const char *text);
/* A learnt name in back-ticks, with an alias and a point before it unless alias is "". */
void plan_put_column(struct plan *plan, const char *alias, struct slice name);
void plan_put_name(struct plan *plan, struct slice name);
/* `?` and its value. */
void plan_put_value(struct plan *plan, struct database_value value);
/* `?`, or its cast where the column's type needs one to compare exactly. */
void plan_put_column_value(struct plan *plan, const struct model_column *column,
                           struct database_value value);
void plan_add_item(struct plan *plan, struct plan_item item);
/* A space and all columns of t, with their items. */
void plan_put_all(struct plan *plan, const struct model_resource *resource);

/* The tables that hold t (the row shown) and, for threads, l (the thread's last row). */
void plan_put_from(struct plan *plan, const struct query *query);
/* The keys that parents reached in several ways give, as u0 JOIN u1 …; how many such parents. */
size_t plan_put_unions(struct plan *plan, const struct query *query);
/* Those keys alone say which rows the list has: nothing else is asked of a row. */
bool plan_is_union_only(const struct query *query);
/* The tables of plan_put_from again, for the keys p.k of a page. */
void plan_put_page_rows(struct plan *plan, const struct query *query);
/* " AND " and the constant conditions on the row which alias stands for. */
void plan_put_constants(struct plan *plan, const char *alias,
                        const struct catalog_constants *constants);
/* WHERE and all that must hold for the row; for a page also the cursor. */
void plan_put_where(struct plan *plan, const struct query *query, bool with_cursor);
/* plan_visible.c: " AND …", that the query's viewer may see the row which alias stands for; nothing
 * when he sees all. */
void plan_put_visible(struct plan *plan, const struct query *query, const char *alias,
                      const struct model_resource *resource);
/* The alias under which a sort column is found. */
const char *plan_sort_alias(const struct query *query, const struct query_sort *sort);

#endif

/* SELECT lists, pages and counts; plan_where.c says which rows. */
#include "resources/plan.h"

#include "resources/plan_text.h"
#include "resources/sql_name.h"

void plan_init(struct plan *plan, struct arena *arena)
{
    *plan = (struct plan){.arena = arena};
    buffer_init(&plan->text);
}

void plan_clear(struct plan *plan)
{
    buffer_clear(&plan->text);
}

/* Makes room for one more in an array of the arena, by doubling. */
static void *grow(struct plan *plan, void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    size_t wanted = *capacity ? 2 * *capacity : 32;
    char *grown = arena_alloc(plan->arena, wanted * size);
    if (!grown) {
        plan->has_failed = true;
        return NULL;
    }
    const char *old = array;
    for (size_t i = 0; i < count * size; i++)
        grown[i] = old[i];
    *capacity = wanted;
    return grown;
}

void plan_put(struct plan *plan, const char *text)
{
    buffer_append_slice(&plan->text, slice_from(text));
}

void plan_put_name(struct plan *plan, struct slice name)
{
    sql_name_append(&plan->text, name);
}

void plan_put_column(struct plan *plan, const char *alias, struct slice name)
{
    sql_column_append(&plan->text, alias, name);
}

void plan_put_value(struct plan *plan, struct database_value value)
{
    struct database_value *values =
        grow(plan, plan->values, plan->value_count, &plan->value_capacity, sizeof(value));
    if (!values)
        return;
    plan->values = values;
    plan->values[plan->value_count++] = value;
    plan_put(plan, "?");
}

void plan_put_column_value(struct plan *plan, const struct model_column *column,
                           struct database_value value)
{
    bool is_decimal = column->learnt->type == SCHEMA_DECIMAL;
    plan_put(plan, is_decimal ? "CAST(" : "");
    plan_put_value(plan, value);
    plan_put(plan, is_decimal ? " AS DECIMAL(65,30))" : "");
}

void plan_add_item(struct plan *plan, struct plan_item item)
{
    struct plan_item *items =
        grow(plan, plan->items, plan->item_count, &plan->item_capacity, sizeof(item));
    if (!items)
        return;
    plan->items = items;
    plan->items[plan->item_count++] = item;
}

static void put_comma(struct plan *plan)
{
    plan_put(plan, plan->cell_count ? ", " : " ");
}

static void select_column(struct plan *plan, const char *alias, const struct model_column *column,
                          bool is_tagged)
{
    put_comma(plan);
    plan_put_column(plan, alias, column->name);
    plan->cell_count++;
    plan_add_item(
        plan, (struct plan_item){.step = PLAN_CELL, .name = column->name, .is_tagged = is_tagged});
}

/* A nested record: its key first, so that a null one is seen at once. */
static void select_object(struct plan *plan, struct slice name, const char *alias,
                          const struct model_resource *resource)
{
    size_t begin = plan->item_count;
    plan_add_item(plan, (struct plan_item){.step = PLAN_OBJECT_BEGIN, .name = name});
    select_column(plan, alias, model_key(resource), false);
    for (size_t i = 0; i < resource->column_count; i++)
        if (i != resource->key)
            select_column(plan, alias, &resource->columns[i], false);
    plan_add_item(plan, (struct plan_item){.step = PLAN_OBJECT_END});
    if (!plan->has_failed)
        plan->items[begin].skip = resource->column_count;
}

/* A thread's members beyond the row shown: how many rows it has, and the last of them. */
static void select_thread(struct plan *plan, const struct query *query)
{
    const struct catalog_threads *threads = &query->resource->catalog->threads;
    put_comma(plan);
    plan_put(plan, "(SELECT COUNT(*) FROM ");
    plan_put_name(plan, query->resource->catalog->table);
    plan_put(plan, " c WHERE ");
    plan_put_column(plan, "c", threads->column);
    plan_put(plan, " = ");
    plan_put_column(plan, "t", threads->column);
    plan_put_visible(plan, query, "c", query->resource);
    plan_put(plan, ")");
    plan->cell_count++;
    plan_add_item(plan, (struct plan_item){.step = PLAN_CELL, .name = threads->count});
    if (threads->last.size && threads->shows_first)
        select_object(plan, threads->last, "l", query->resource);
}

/* The model has their text. */
void plan_put_all(struct plan *plan, const struct model_resource *resource)
{
    buffer_append_char(&plan->text, ' ');
    buffer_append_slice(&plan->text, resource->select_text);
    plan->cell_count = resource->column_count;
    for (size_t i = 0; i < resource->column_count; i++) {
        const struct model_column *column = &resource->columns[i];
        plan_add_item(plan, (struct plan_item){.step = PLAN_CELL,
                                               .name = column->name,
                                               .is_tagged = model_is_tagged(resource, column)});
    }
}

static void select_some(struct plan *plan, const struct query *query)
{
    const struct model_resource *resource = query->resource;
    const struct catalog_threads *threads = &resource->catalog->threads;
    for (size_t i = 0; i < resource->column_count; i++) {
        const struct model_column *column = &resource->columns[i];
        bool is_of_last =
            query->is_threads && threads->shows_first && slice_equal(column->name, threads->order);
        if (!query->fields || query->fields[i])
            select_column(plan, is_of_last ? "l" : "t", column, model_is_tagged(resource, column));
    }
}

static void select_row(struct plan *plan, const struct query *query)
{
    const struct model_resource *resource = query->resource;
    plan_put(plan, "SELECT");
    if (query->fields || query->is_threads)
        select_some(plan, query);
    else
        plan_put_all(plan, resource);
    if (query->is_threads)
        select_thread(plan, query);
    if (resource->object)
        select_object(plan, resource->catalog->object.name, "o", resource->object);
}

/* The column of the nested object's table that holds the parent's id, when the chain came through
 * that table; data NULL else. */
static struct slice object_parent_column(const struct query *query, int64_t *id)
{
    for (const struct query_parent *parent = query->parents; parent; parent = parent->next) {
        for (size_t i = 0; i < parent->parent->link_count; i++) {
            const struct model_link *link = &parent->parent->links[i];
            if (link->through != query->resource->object)
                continue;
            *id = parent->id;
            return link->catalog->through_column;
        }
    }
    return slice_of(NULL, 0);
}

static void join_object(struct plan *plan, const struct query *query)
{
    const struct model_resource *object = query->resource->object;
    int64_t id = 0;
    if (!object)
        return;
    const struct slice key = model_key(object)->name;
    plan_put(plan, " LEFT JOIN ");
    plan_put_name(plan, object->catalog->table);
    plan_put(plan, " o ON ");
    plan_put_column(plan, "o", key);
    plan_put(plan, " = (SELECT MIN(");
    plan_put_column(plan, "m", key);
    plan_put(plan, ") FROM ");
    plan_put_name(plan, object->catalog->table);
    plan_put(plan, " m WHERE ");
    plan_put_column(plan, "m", query->resource->catalog->object.column);
    plan_put(plan, " = ");
    plan_put_column(plan, "t", model_key(query->resource)->name);
    struct slice column = object_parent_column(query, &id);
    if (column.data) {
        plan_put(plan, " AND ");
        plan_put_column(plan, "m", column);
        plan_put(plan, " = ");
        plan_put_value(plan, database_integer(id));
    }
    plan_put_visible(plan, query, "m", object);
    plan_put(plan, ")");
}

static void put_order(struct plan *plan, const struct query *query)
{
    plan_put(plan, " ORDER BY ");
    for (size_t i = 0; i < query->sort_count; i++) {
        plan_put(plan, i ? ", " : "");
        plan_put_column(plan, plan_sort_alias(query, &query->sorts[i]),
                        query->sorts[i].column->name);
        plan_put(plan, query->sorts[i].is_descending ? " DESC" : "");
    }
}

static void put_limit(struct plan *plan, const struct query *query)
{
    plan_put(plan, " LIMIT ");
    plan_put_value(plan, database_integer((int64_t)query->limit + 1));
    if (query->offset == query->skipped)
        return;
    plan_put(plan, " OFFSET ");
    plan_put_value(plan, database_integer((int64_t)(query->offset - query->skipped)));
}

/* The sort values of each row follow its cells: the cursor is made of the last ones. A FLOAT is
 * rounded when printed, and what follows 0.1 would be 0.1 again: as a double it is exact. */
static void select_sorts(struct plan *plan, const struct query *query)
{
    for (size_t i = 0; i < query->sort_count; i++) {
        plan_put(plan, ", ");
        plan_put_column(plan, plan_sort_alias(query, &query->sorts[i]),
                        query->sorts[i].column->name);
        if (query->sorts[i].column->learnt->type == SCHEMA_FLOAT)
            plan_put(plan, " + 0e0");
    }
}

void plan_record(struct plan *plan, const struct query *query)
{
    select_row(plan, query);
    plan_put_from(plan, query);
    join_object(plan, query);
    plan_put_where(plan, query, false);
    plan->has_failed = plan->has_failed || plan->text.has_failed;
}

void plan_columns(struct plan *plan, const struct query *query, const struct slice *names,
                  size_t count)
{
    plan_put(plan, "SELECT");
    for (size_t i = 0; i < count; i++) {
        put_comma(plan);
        plan_put_column(plan, "t", names[i]);
        plan->cell_count++;
    }
    plan_put_from(plan, query);
    plan_put_where(plan, query, false);
    plan->has_failed = plan->has_failed || plan->text.has_failed;
}

/* The alias of the row whose key makes a page: of a thread, its last row. */
static const char *page_alias(const struct query *query)
{
    bool has_last = query->is_threads && query->resource->catalog->threads.shows_first;
    return has_last ? "l" : "t";
}

/* Rows that are skipped, or sorted away, are read by their keys only; then the page's rows. */
static bool reads_keys_first(const struct query *query)
{
    bool sorts_by_key = query->sort_count == 1;
    bool sorts_away = query->is_threads ? query->parents != NULL
                                        : query->resource->object != NULL && !sorts_by_key;
    return query->offset > query->skipped || sorts_away;
}

static bool is_page_key(const struct query *query, const struct query_sort *sort)
{
    return sort->column == model_key(query->resource) &&
           plan_sort_alias(query, sort)[0] == page_alias(query)[0];
}

/* The page's key as k and its other sort values as s0, s1, …: the page's few rows are sorted by
 * these, before their texts are fetched. */

static void select_keys(struct plan *plan, const struct query *query)
{
    plan_put(plan, "SELECT ");
    plan_put_column(plan, page_alias(query), model_key(query->resource)->name);
    plan_put(plan, " AS k");
    for (size_t i = 0; i < query->sort_count; i++) {
        const struct query_sort *sort = &query->sorts[i];
        if (is_page_key(query, sort))
            continue;
        plan_put(plan, ", ");
        plan_put_column(plan, plan_sort_alias(query, sort), sort->column->name);
        buffer_printf(&plan->text, " AS s%zu", i);
    }
}

static void put_page_order(struct plan *plan, const struct query *query)
{
    for (size_t i = 0; i < query->sort_count; i++) {
        plan_put(plan, i ? ", p." : " ORDER BY p.");
        if (is_page_key(query, &query->sorts[i]))
            plan_put(plan, "k");
        else
            buffer_printf(&plan->text, "s%zu", i);
        plan_put(plan, query->sorts[i].is_descending ? " DESC" : "");
    }
}

static void put_keys_first(struct plan *plan, const struct query *query)
{
    plan_put(plan, " FROM (");
    select_keys(plan, query);
    plan_put_from(plan, query);
    plan_put_where(plan, query, true);
    put_order(plan, query);
    put_limit(plan, query);
    plan_put(plan, ") p JOIN ");
    plan_put_page_rows(plan, query);
    join_object(plan, query);
    put_page_order(plan, query);
}

void plan_page(struct plan *plan, const struct query *query)
{
    select_row(plan, query);
    select_sorts(plan, query);
    if (reads_keys_first(query)) {
        put_keys_first(plan, query);
    } else {
        plan_put_from(plan, query);
        join_object(plan, query);
        plan_put_where(plan, query, true);
        put_order(plan, query);
        put_limit(plan, query);
    }
    plan->has_failed = plan->has_failed || plan->text.has_failed;
}

/* Threads whose first post is shown are as many as there are first posts: no need to find each
 * thread's last one. */
static void put_first_posts(struct plan *plan, const struct query *query)
{
    struct query rows = *query;
    rows.is_threads = false;
    plan_put_from(plan, &rows);
    plan_put_where(plan, &rows, false);
    plan_put(plan, " AND ");
    plan_put_column(plan, "t", model_key(query->resource)->name);
    plan_put(plan, " = ");
    plan_put_column(plan, "t", query->resource->catalog->threads.column);
}

/* Without conditions on the row shown, a thread has one last row, and threads are the values of
 * their column: an index says how many. NULL would be a thread for each of its rows. */
static bool counts_values(const struct query *query)
{
    const struct catalog_resource *catalog = query->resource->catalog;
    const struct model_column *column = model_column_find(query->resource, catalog->threads.column);
    bool is_whole =
        !query->parents && !query->filters && !query->search.size && !catalog->where.count;
    return query->is_threads && is_whole && column && !column->learnt->is_nullable;
}

static void put_thread_values(struct plan *plan, const struct query *query)
{
    plan_put(plan, "DISTINCT ");
    plan_put_column(plan, "t", query->resource->catalog->threads.column);
    plan_put(plan, ") FROM ");
    plan_put_name(plan, query->resource->catalog->table);
    plan_put(plan, query->viewer && query->viewer->sees_all ? " t" : " t WHERE 1");
    plan_put_visible(plan, query, "t", query->resource);
}

void plan_count(struct plan *plan, const struct query *query)
{
    bool shows_first = query->resource->catalog->threads.shows_first;
    plan->reads_all = true;
    plan_put(plan, "SELECT COUNT(");
    if (!shows_first && counts_values(query)) {
        put_thread_values(plan, query);
    } else if (query->is_threads && shows_first) {
        plan_put(plan, "*)");
        put_first_posts(plan, query);
    } else if (plan_is_union_only(query)) {
        plan_put(plan, "*) FROM ");
        plan_put_unions(plan, query);
    } else {
        plan_put(plan, "*)");
        plan_put_from(plan, query);
        plan_put_where(plan, query, false);
    }
    plan->has_failed = plan->has_failed || plan->text.has_failed;
}

void plan_nested_list(struct plan *plan, const struct model_resource *resource, int64_t id)
{
    const struct model_list *list = &resource->list;
    plan_put(plan, "SELECT");
    for (size_t i = 0; i < list->column_count; i++)
        select_column(plan, "t", &list->columns[i], false);
    plan_put(plan, " FROM ");
    plan_put_name(plan, list->catalog->table);
    plan_put(plan, " t WHERE ");
    plan_put_column(plan, "t", list->catalog->column);
    plan_put(plan, " = ");
    plan_put_value(plan, database_integer(id));
    plan_put(plan, " ORDER BY ");
    plan_put_column(plan, "t", list->catalog->sort);
    plan_put(plan, ", ");
    plan_put_column(plan, "t", list->catalog->key);
    plan->has_failed = plan->has_failed || plan->text.has_failed;
}

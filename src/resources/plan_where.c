/* FROM and WHERE: which rows a query selects. */
#include "resources/plan_text.h"

#include "resources/column_value.h"

static const char *const operator_text[QUERY_OPERATOR_COUNT] = {
    [QUERY_EQ] = " = ",
    [QUERY_NE] = " <> ",
    [QUERY_GT] = " > ",
    [QUERY_GTE] = " >= ",
    [QUERY_LT] = " < ",
    [QUERY_LTE] = " <= ",
    [QUERY_LIKE] = " LIKE ",
    [QUERY_IN] = " IN (",
    [QUERY_NIN] = " NOT IN (",
    [QUERY_NULL] = " IS NULL",
    [QUERY_NOT_NULL] = " IS NOT NULL",
};

/* Constants of the catalog are bound like any value: one statement text serves all of them. */
void plan_put_constants(struct plan *plan, const char *alias,
                        const struct catalog_constants *constants)
{
    for (size_t i = 0; i < constants->count; i++) {
        plan_put(plan, " AND ");
        plan_put_column(plan, alias, constants->items[i].column);
        plan_put(plan, " = ");
        plan_put_value(plan, database_text(constants->items[i].value));
    }
}

static bool is_union(const struct query_parent *parent)
{
    return parent->parent->link_count > 1;
}

/* alias.column = id, or alias.column IN (keys of the rows that hang on id). */
static void put_link(struct plan *plan, const struct query *query, const struct model_link *link,
                     int64_t id)
{
    const char *alias = "t";
    plan_put(plan, "(");
    plan_put_column(plan, alias, link->catalog->column);
    if (link->through) {
        plan_put(plan, " IN (SELECT ");
        plan_put_column(plan, "x", link->catalog->through_key);
        plan_put(plan, " FROM ");
        plan_put_name(plan, link->through->catalog->table);
        plan_put(plan, " x WHERE ");
        plan_put_column(plan, "x", link->catalog->through_column);
        plan_put(plan, " = ");
        plan_put_value(plan, database_integer(id));
        plan_put_visible(plan, query, "x", link->through);
        plan_put(plan, ")");
    } else {
        plan_put(plan, " = ");
        plan_put_value(plan, database_integer(id));
    }
    plan_put_constants(plan, alias, &link->catalog->where);
    plan_put(plan, ")");
}

/* SELECT of the keys that one link gives, joined from the far end so that indexes serve it. */
static void put_union_part(struct plan *plan, const struct query *query,
                           const struct model_link *link, int64_t id)
{
    plan_put(plan, "SELECT ");
    plan_put_column(plan, "c", model_key(query->resource)->name);
    plan_put(plan, " AS k FROM ");
    if (link->through) {
        plan_put_name(plan, link->through->catalog->table);
        plan_put(plan, " x JOIN ");
        plan_put_name(plan, query->resource->catalog->table);
        plan_put(plan, " c ON ");
        plan_put_column(plan, "c", link->catalog->column);
        plan_put(plan, " = ");
        plan_put_column(plan, "x", link->catalog->through_key);
        plan_put(plan, " WHERE ");
        plan_put_column(plan, "x", link->catalog->through_column);
    } else {
        plan_put_name(plan, query->resource->catalog->table);
        plan_put(plan, " c WHERE ");
        plan_put_column(plan, "c", link->catalog->column);
    }
    plan_put(plan, " = ");
    plan_put_value(plan, database_integer(id));
    plan_put_constants(plan, "c", &link->catalog->where);
    if (link->through)
        plan_put_visible(plan, query, "x", link->through);
}

/* A parent reached in several ways: the keys of all of them, each once, before the rows. An OR
 * over a sub-select would read the whole table. */
static void put_union(struct plan *plan, const struct query *query,
                      const struct query_parent *parent, size_t number)
{
    plan_put(plan, number ? " JOIN (" : "(");
    for (size_t i = 0; i < parent->parent->link_count; i++) {
        if (i)
            plan_put(plan, " UNION ");
        put_union_part(plan, query, &parent->parent->links[i], parent->id);
    }
    buffer_printf(&plan->text, ") u%zu", number);
}

static void put_table(struct plan *plan, const struct query *query, const char *alias)
{
    plan_put_name(plan, query->resource->catalog->table);
    plan_put(plan, " ");
    plan_put(plan, alias);
}

static void put_first_of_thread(struct plan *plan, const struct query *query)
{
    put_table(plan, query, "t");
    plan_put(plan, " ON ");
    plan_put_column(plan, "t", model_key(query->resource)->name);
    plan_put(plan, " = ");
    plan_put_column(plan, "l", query->resource->catalog->threads.column);
}

static void put_thread_tables(struct plan *plan, const struct query *query)
{
    const struct catalog_threads *threads = &query->resource->catalog->threads;
    if (!threads->shows_first) {
        put_table(plan, query, "t");
        return;
    }
    put_table(plan, query, "l");
    plan_put(plan, " JOIN ");
    put_first_of_thread(plan, query);
}

size_t plan_put_unions(struct plan *plan, const struct query *query)
{
    size_t unions = 0;
    for (const struct query_parent *parent = query->parents; parent && !query->is_record;
         parent = parent->next) {
        if (!is_union(parent))
            continue;
        put_union(plan, query, parent, unions);
        if (unions)
            buffer_printf(&plan->text, " ON u%zu.k = u0.k", unions);
        unions++;
    }
    return unions;
}

bool plan_is_union_only(const struct query *query)
{
    if (!query->viewer || !query->viewer->sees_all || !query->parents || query->filters ||
        query->search.size || query->resource->catalog->where.count || query->is_threads)
        return false;
    for (const struct query_parent *parent = query->parents; parent; parent = parent->next)
        if (!is_union(parent))
            return false;
    return true;
}

void plan_put_from(struct plan *plan, const struct query *query)
{
    plan_put(plan, " FROM ");
    if (query->is_threads) {
        put_thread_tables(plan, query);
        return;
    }
    size_t unions = plan_put_unions(plan, query);
    if (unions)
        plan_put(plan, " JOIN ");
    put_table(plan, query, "t");
    if (unions) {
        plan_put(plan, " ON ");
        plan_put_column(plan, "t", model_key(query->resource)->name);
        plan_put(plan, " = u0.k");
    }
}

void plan_put_page_rows(struct plan *plan, const struct query *query)
{
    const struct catalog_threads *threads = &query->resource->catalog->threads;
    const char *alias = query->is_threads && threads->shows_first ? "l" : "t";
    put_table(plan, query, alias);
    plan_put(plan, " ON ");
    plan_put_column(plan, alias, model_key(query->resource)->name);
    plan_put(plan, " = p.k");
    if (alias[0] == 't')
        return;
    plan_put(plan, " JOIN ");
    put_first_of_thread(plan, query);
}

/* Whatever has a rank ranks above NULL. Asked of a column that holds none, IS NULL would be true of
 * a zero date. */
static void put_rank_above_null(struct plan *plan, const struct query *query, const char *last)
{
    const struct slice rank = query->resource->catalog->threads.rank;
    const struct model_column *column = model_column_find(query->resource, rank);
    if (column && !column->learnt->is_nullable)
        return;
    plan_put(plan, " OR (");
    plan_put_column(plan, last, rank);
    plan_put(plan, " IS NULL AND ");
    plan_put_column(plan, "n", rank);
    plan_put(plan, " IS NOT NULL)");
}

/* The row is the last of its thread: no other ranks above it. */
static void put_last_of_thread(struct plan *plan, const struct query *query)
{
    const struct catalog_threads *threads = &query->resource->catalog->threads;
    const char *last = threads->shows_first ? "l" : "t";
    if (threads->shows_first)
        plan_put_visible(plan, query, last, query->resource);
    const struct slice key = model_key(query->resource)->name;
    plan_put(plan, " AND NOT EXISTS (SELECT 1 FROM ");
    plan_put_name(plan, query->resource->catalog->table);
    plan_put(plan, " n WHERE ");
    plan_put_column(plan, "n", threads->column);
    plan_put(plan, " = ");
    plan_put_column(plan, last, threads->column);
    plan_put(plan, " AND (");
    plan_put_column(plan, "n", threads->rank);
    plan_put(plan, " > ");
    plan_put_column(plan, last, threads->rank);
    plan_put(plan, " OR (");
    plan_put_column(plan, "n", threads->rank);
    plan_put(plan, " <=> ");
    plan_put_column(plan, last, threads->rank);
    plan_put(plan, " AND ");
    plan_put_column(plan, "n", key);
    plan_put(plan, " > ");
    plan_put_column(plan, last, key);
    plan_put(plan, ")");
    put_rank_above_null(plan, query, last);
    plan_put(plan, ")");
    plan_put_visible(plan, query, "n", query->resource);
    plan_put(plan, ")");
}

/* The column as it is compared with values: converted when its character set lacks theirs. */
static void put_compared(struct plan *plan, const char *alias, const struct model_column *column,
                         const struct database_value *values, size_t count)
{
    bool holds_all = true;
    for (size_t i = 0; i < count; i++)
        holds_all =
            holds_all && (values[i].type != DATABASE_TEXT || column_holds(column, values[i].text));
    plan_put(plan, holds_all ? "" : "CONVERT(");
    plan_put_column(plan, alias, column->name);
    plan_put(plan, holds_all ? "" : " USING utf8mb4)");
}

static void put_filter(struct plan *plan, const struct query_filter *filter)
{
    bool is_list = filter->comparison == QUERY_IN || filter->comparison == QUERY_NIN;
    plan_put(plan, " AND ");
    put_compared(plan, "t", filter->column, filter->values, filter->value_count);
    plan_put(plan, operator_text[filter->comparison]);
    for (size_t i = 0; i < filter->value_count; i++) {
        if (i)
            plan_put(plan, ", ");
        plan_put_column_value(plan, filter->column, filter->values[i]);
    }
    if (is_list)
        plan_put(plan, ")");
}

/* The pattern of a substring: what LIKE would read as wildcards is escaped. */
static struct slice substring_pattern(struct plan *plan, struct slice search)
{
    char *pattern = arena_alloc(plan->arena, 2 * search.size + 2);
    size_t size = 0;
    if (!pattern) {
        plan->has_failed = true;
        return slice_of("", 0);
    }
    pattern[size++] = '%';
    for (size_t i = 0; i < search.size; i++) {
        char c = search.data[i];
        if (c == '%' || c == '_' || c == '\\')
            pattern[size++] = '\\';
        pattern[size++] = c;
    }
    pattern[size++] = '%';
    return slice_of(pattern, size);
}

static void put_search(struct plan *plan, const struct query *query)
{
    if (!query->search.size)
        return;
    const struct database_value pattern = database_text(substring_pattern(plan, query->search));
    const char *joint = " AND (";
    for (size_t i = 0; i < query->resource->column_count; i++) {
        const struct model_column *column = &query->resource->columns[i];
        if (!column->is_searched)
            continue;
        plan_put(plan, joint);
        put_compared(plan, "t", column, &pattern, 1);
        plan_put(plan, " LIKE ");
        plan_put_value(plan, pattern);
        joint = " OR ";
    }
    plan_put(plan, ")");
}

/* An ENUM sorts by its members' numbers, not by their names. */
static void put_sort_column(struct plan *plan, const struct query *query, size_t i)
{
    const struct query_sort *sort = &query->sorts[i];
    const char *alias = plan_sort_alias(query, sort);
    if (sort->column->learnt->type != SCHEMA_ENUM) {
        put_compared(plan, alias, sort->column, &query->cursor[i], 1);
        return;
    }
    plan_put_column(plan, alias, sort->column->name);
    plan_put(plan, " + 0");
}

static void put_sort_value(struct plan *plan, const struct query *query, size_t i)
{
    const struct schema_column *learnt = query->sorts[i].column->learnt;
    int64_t number = 0; /* of '', which no member is */
    if (learnt->type != SCHEMA_ENUM) {
        plan_put_column_value(plan, query->sorts[i].column, query->cursor[i]);
        return;
    }
    for (size_t m = 0; m < learnt->allowed_count; m++)
        if (slice_equal(learnt->allowed[m], query->cursor[i].text))
            number = (int64_t)m + 1;
    plan_put_value(plan, database_integer(number));
}

/* column after the cursor's value, in the column's direction; MySQL sorts NULL first. */
static void put_after(struct plan *plan, const struct query *query, size_t i)
{
    const struct query_sort *sort = &query->sorts[i];
    const struct database_value *value = &query->cursor[i];
    const char *alias = plan_sort_alias(query, sort);
    bool is_null = value->type == DATABASE_NULL;
    if (is_null) {
        plan_put_column(plan, alias, sort->column->name);
        plan_put(plan, sort->is_descending ? " IS NULL AND 0" : " IS NOT NULL");
        return;
    }
    bool takes_null_too = sort->is_descending && sort->column->learnt->is_nullable;
    plan_put(plan, takes_null_too ? "(" : "");
    put_sort_column(plan, query, i);
    plan_put(plan, sort->is_descending ? " < " : " > ");
    put_sort_value(plan, query, i);
    if (takes_null_too) {
        plan_put(plan, " OR ");
        plan_put_column(plan, alias, sort->column->name);
        plan_put(plan, " IS NULL)");
    }
}

static void put_equal(struct plan *plan, const struct query *query, size_t i)
{
    put_sort_column(plan, query, i);
    if (query->cursor[i].type == DATABASE_NULL) {
        plan_put(plan, " IS NULL");
        return;
    }
    plan_put(plan, " = ");
    put_sort_value(plan, query, i);
}

/* (a after x) OR (a = x AND ((b after y) OR …)): ranges that an index on (a, b, …) can walk. */
static void put_cursor(struct plan *plan, const struct query *query)
{
    plan_put(plan, " AND ");
    for (size_t i = 0; i < query->sort_count; i++) {
        bool is_last = i + 1 == query->sort_count;
        plan_put(plan, is_last ? "" : "(");
        put_after(plan, query, i);
        if (is_last)
            break;
        plan_put(plan, " OR (");
        put_equal(plan, query, i);
        plan_put(plan, " AND ");
    }
    for (size_t i = 1; i < query->sort_count; i++)
        plan_put(plan, "))");
}

void plan_put_where(struct plan *plan, const struct query *query, bool with_cursor)
{
    plan_put(plan, " WHERE 1");
    if (query->is_record) {
        plan_put(plan, " AND ");
        plan_put_column(plan, "t", model_key(query->resource)->name);
        plan_put(plan, " = ");
        plan_put_value(plan, database_integer(query->id));
    }
    plan_put_constants(plan, "t", &query->resource->catalog->where);
    for (const struct query_parent *parent = query->parents; parent; parent = parent->next) {
        if (is_union(parent) && !query->is_record && !query->is_threads)
            continue; /* its keys are joined already */
        const char *joint = " AND (";
        for (size_t i = 0; i < parent->parent->link_count; i++) {
            plan_put(plan, joint);
            put_link(plan, query, &parent->parent->links[i], parent->id);
            joint = " OR ";
        }
        plan_put(plan, ")");
    }
    for (const struct query_filter *filter = query->filters; filter; filter = filter->next)
        put_filter(plan, filter);
    put_search(plan, query);
    plan_put_visible(plan, query, "t", query->resource);
    if (query->is_threads)
        put_last_of_thread(plan, query);
    if (with_cursor && query->has_cursor)
        put_cursor(plan, query);
}

const char *plan_sort_alias(const struct query *query, const struct query_sort *sort)
{
    bool has_own = query->is_threads && query->resource->catalog->threads.shows_first;
    return sort->is_of_last && has_own ? "l" : "t";
}

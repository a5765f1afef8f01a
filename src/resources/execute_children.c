/*
 * Several requests for the first page of a list under one record each (projects/{id}/actions): one
 * statement for the records, one for all the lists. The lists are read up to a common bound; who
 * turns out to have more than a page is answered alone.
 */
#include "resources/execute_parts.h"
#include "resources/row.h"

/* Where a list's rows go while they come, ordered by parent. */
struct filling {
    struct execute_context *context;
    struct execute_member *members;
    size_t count;
    const struct plan *plan;
    struct execute_member *open; /* whose list is being written, or NULL */
    uint64_t rows;               /* of it */
};

/* The one way in which the list's rows hang on their parent, when it is a plain column. */
static const struct model_column *link_column(const struct query *query)
{
    const struct query_parent *parent = query->parents;
    if (!parent || parent->next || parent->parent->link_count != 1)
        return NULL;
    const struct model_link *link = &parent->parent->links[0];
    if (link->through || link->catalog->where.count)
        return NULL;
    return model_column_find(query->resource, link->catalog->column);
}

static bool is_plain_page(const struct query *query)
{
    return !query->filters && !query->search.size && !query->fields && !query->has_cursor &&
           query->offset == 0 && query->limit == QUERY_DEFAULT_LIMIT && query->sort_count == 1 &&
           !query->sorts[0].is_descending && query->count == QUERY_COUNT_RECENT;
}

const void *execute_children_group(const struct query_set *set)
{
    const struct query *query = &set->queries[0];
    bool is_plain = set->chain->link_count == 2 && set->count == 1 && !query->resource->object &&
                    !set->chain->links[0].resource->object && is_plain_page(query) &&
                    link_column(query);
    return is_plain ? query->parents->parent : NULL;
}

static int64_t parent_id(const struct execute_member *member)
{
    return member->set->chain->links[0].id;
}

static struct execute_member *find_member(struct execute_member *members, size_t count, int64_t id)
{
    for (size_t i = 0; i < count; i++)
        if (parent_id(&members[i]) == id)
            return &members[i];
    return NULL;
}

static void write_parent(struct execute_member *member, const struct plan *plan,
                         const struct database_cell *cells)
{
    writer_start(member->writer, &member->answer->rows);
    writer_key(member->writer, member->set->chain->links[0].resource->singular);
    writer_object_begin(member->writer);
    row_write_members(member->writer, plan, cells, NULL);
    writer_object_end(member->writer);
    writer_finish(member->writer);
    buffer_append_slice(&member->answer->rows, envelope_separator(member->request->format));
    member->result = RESULT_OK;
}

static enum result read_parents(struct execute_context *context, struct execute_member *members,
                                size_t count, int64_t *ids)
{
    const struct database_cell *cells = NULL;
    const struct model_resource *resource = members[0].set->chain->links[0].resource;
    struct plan plan;
    struct query query = {.resource = resource, .viewer = members[0].set->viewer};
    query.filters = execute_key_filter(context, model_key(resource), ids, count);
    if (!query.filters)
        return RESULT_NO_MEMORY;
    plan_init(&plan, context->arena);
    plan_record(&plan, &query);
    enum result result = execute_begin(context, &plan);
    while (result == RESULT_OK &&
           (result = database_next(context->database, &cells)) == RESULT_OK) {
        struct execute_member *member = find_member(members, count, cells[resource->key].integer);
        if (member)
            write_parent(member, &plan, cells);
    }
    plan_clear(&plan);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

static void begin_list(struct filling *filling, struct execute_member *member)
{
    const struct model_resource *resource = member->set->queries[0].resource;
    filling->open = member;
    filling->rows = 0;
    writer_start(member->writer, &member->answer->rows);
    writer_key(member->writer, resource->name);
    writer_list_begin(member->writer, resource->singular);
}

static void end_list(struct filling *filling)
{
    struct execute_member *member = filling->open;
    const struct query *query = &member->set->queries[0];
    struct envelope_page page = {
        .has_total = true, .total = filling->rows, .page = 1, .limit = query->limit};
    writer_list_end(member->writer);
    writer_finish(member->writer);
    filling->open = NULL;
    member->is_complete = true;
    if (filling->rows > query->limit) {
        member->result = RESULT_LIMIT;
        return;
    }
    filling->context->writer = member->writer;
    filling->context->arena = member->arena;
    member->result =
        execute_finish(filling->context, member->set, member->request, &page, member->answer);
    if (member->result != RESULT_OK)
        execute_explain(member->result, member->problem);
}

static void take_row(struct filling *filling, const struct database_cell *cells)
{
    /* The sort values stand behind the row's own cells; the first of them is the parent's id. */
    int64_t id = cells[filling->plan->cell_count].integer;
    if (filling->open && parent_id(filling->open) != id)
        end_list(filling);
    if (!filling->open) {
        struct execute_member *member = find_member(filling->members, filling->count, id);
        if (!member || member->result != RESULT_OK || member->is_complete)
            return;
        begin_list(filling, member);
    }
    if (++filling->rows > filling->open->set->queries[0].limit)
        return;
    writer_object_begin(filling->open->writer);
    row_write_members(filling->open->writer, filling->plan, cells, NULL);
    writer_object_end(filling->open->writer);
}

/* The common question: all parents' rows, by parent, up to what all pages together may hold. */
static struct query common_query(struct execute_context *context,
                                 const struct execute_member *members, size_t count,
                                 const int64_t *ids)
{
    const struct query *one = &members[0].set->queries[0];
    const struct model_column *column = link_column(one);
    struct query query = {
        .resource = one->resource, .viewer = one->viewer, .limit = count * (one->limit + 1)};
    query.filters = execute_key_filter(context, column, ids, count);
    query.sorts[0].column = column;
    query.sorts[1] = one->sorts[0];
    query.sort_count = 2;
    return query;
}

static enum result read_lists(struct execute_context *context, struct execute_member *members,
                              size_t count, const int64_t *ids)
{
    const struct database_cell *cells = NULL;
    uint64_t rows = 0;
    struct plan plan;
    struct query query = common_query(context, members, count, ids);
    struct filling filling = {
        .context = context, .members = members, .count = count, .plan = &plan};
    if (!query.filters)
        return RESULT_NO_MEMORY;
    plan_init(&plan, context->arena);
    plan_page(&plan, &query);
    enum result result = execute_begin(context, &plan);
    while (result == RESULT_OK &&
           (result = database_next(context->database, &cells)) == RESULT_OK) {
        rows++;
        take_row(&filling, cells);
    }
    if (filling.open)
        end_list(&filling);
    plan_clear(&plan);
    if (result != RESULT_NOT_FOUND)
        return result;
    return rows > query.limit ? RESULT_LIMIT : RESULT_OK;
}

static void finish_empty(struct execute_context *context, struct execute_member *members,
                         size_t count)
{
    struct filling filling = {.context = context, .members = members, .count = count};
    for (size_t i = 0; i < count; i++) {
        if (members[i].result == RESULT_NOT_FOUND) {
            execute_not_found(members[i].problem, members[i].set->chain->links[0].resource);
        } else if (members[i].result == RESULT_OK && !members[i].is_complete) {
            begin_list(&filling, &members[i]);
            end_list(&filling);
        }
    }
}

enum result execute_children(struct execute_context *context, struct execute_member *members,
                             size_t count)
{
    int64_t *ids = arena_alloc(context->arena, count * sizeof(*ids));
    if (!ids)
        return RESULT_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        ids[i] = parent_id(&members[i]);
        /* One writer serves all members of a format: equal parents cannot be filled side by side.
         */
        bool is_first = find_member(members, count, ids[i]) == &members[i];
        members[i].result = is_first ? RESULT_NOT_FOUND : RESULT_LIMIT;
    }
    enum result result = read_parents(context, members, count, ids);
    if (result == RESULT_OK)
        result = read_lists(context, members, count, ids);
    if (result == RESULT_OK)
        finish_empty(context, members, count);
    return result;
}

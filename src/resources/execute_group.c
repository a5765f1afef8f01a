/* One SELECT … IN (…), its rows handed to the members that asked for them. */
#include "resources/execute_group.h"

#include "resources/execute_parts.h"
#include "resources/row.h"

const void *execute_group_of(const struct query_set *set)
{
    /* What one viewer sees must not be answered to another; those who see all see the same. */
    if (!set->viewer->sees_all)
        return NULL;
    if (set->chain->target == CHAIN_LIST)
        return set->chain->link_count > 1 ? execute_children_group(set) : execute_pages_group(set);
    if (set->chain->target != CHAIN_RECORD || set->chain->link_count != 1)
        return NULL;
    const struct query *query = &set->queries[0];
    bool is_plain = !query->fields && !query->resource->object && !query->resource->list.catalog;
    return is_plain ? query->resource : NULL;
}

struct query_filter *execute_key_filter(struct execute_context *context,
                                        const struct model_column *column, const int64_t *ids,
                                        size_t count)
{
    size_t padded = 1;
    while (padded < count)
        padded *= 2;
    struct query_filter *filter = arena_zalloc(context->arena, sizeof(*filter));
    struct database_value *values = arena_alloc(context->arena, padded * sizeof(*values));
    if (!filter || !values)
        return NULL;
    for (size_t i = 0; i < padded; i++)
        values[i] = database_integer(ids[i < count ? i : count - 1]);
    *filter = (struct query_filter){
        .column = column, .comparison = QUERY_IN, .values = values, .value_count = padded};
    return filter;
}

static void answer_member(struct execute_context *context, struct execute_member *member,
                          const struct plan *plan, const struct database_cell *cells)
{
    struct envelope_page page = {.has_total = true, .total = 1, .page = 1, .limit = 1};
    context->writer = member->writer;
    context->arena = member->arena;
    tag_hash_start(context->record_hash);
    writer_start(member->writer, &member->answer->rows);
    writer_key(member->writer, member->set->queries[0].resource->singular);
    writer_object_begin(member->writer);
    row_write_members(member->writer, plan, cells, context->record_hash);
    writer_object_end(member->writer);
    writer_finish(member->writer);
    member->result = execute_finish(context, member->set, member->request, &page, member->answer);
    if (member->result != RESULT_OK)
        execute_explain(member->result, member->problem);
}

static void answer_row(struct execute_context *context, struct execute_member *members,
                       size_t count, const struct plan *plan, const struct database_cell *cells)
{
    int64_t id = cells[members[0].set->queries[0].resource->key].integer;
    for (size_t i = 0; i < count; i++)
        if (members[i].set->queries[0].id == id)
            answer_member(context, &members[i], plan, cells);
}

static enum result answer_rows(struct execute_context *context, struct execute_member *members,
                               size_t count, const struct plan *plan)
{
    const struct database_cell *cells = NULL;
    enum result result = execute_begin(context, plan);
    while (result == RESULT_OK && (result = database_next(context->database, &cells)) == RESULT_OK)
        answer_row(context, members, count, plan, cells);
    return result;
}

static enum result execute_records(struct execute_context *context, struct execute_member *members,
                                   size_t count)
{
    struct plan plan;
    struct query query = {.resource = members[0].set->queries[0].resource,
                          .viewer = members[0].set->viewer};
    int64_t *ids = arena_alloc(context->arena, count * sizeof(*ids));
    for (size_t i = 0; ids && i < count; i++) {
        ids[i] = members[i].set->queries[0].id;
        members[i].result = RESULT_NOT_FOUND;
    }
    query.filters = ids ? execute_key_filter(context, model_key(query.resource), ids, count) : NULL;
    if (!query.filters)
        return RESULT_NO_MEMORY;
    plan_init(&plan, context->arena);
    plan_record(&plan, &query);
    enum result result = answer_rows(context, members, count, &plan);
    plan_clear(&plan);
    if (result != RESULT_NOT_FOUND)
        return result;
    for (size_t i = 0; i < count; i++)
        if (members[i].result == RESULT_NOT_FOUND)
            execute_not_found(members[i].problem, query.resource);
    return RESULT_OK;
}

enum result execute_group(struct execute_context *context, struct execute_member *members,
                          size_t count)
{
    const struct chain *chain = members[0].set->chain;
    if (chain->target == CHAIN_LIST && chain->link_count > 1)
        return execute_children(context, members, count);
    if (chain->target == CHAIN_LIST)
        return execute_pages(context, members, count);
    return execute_records(context, members, count);
}

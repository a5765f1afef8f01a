/*
 * Several requests for pages at different offsets of one list, in the order of their offsets: each
 * page goes on from the last row of one before it, so that the rows between are skipped once for
 * all, not from the list's begin for each. One snapshot keeps it exact: a row that comes or goes
 * meanwhile cannot shift a page against the one it is counted from.
 */
#include "resources/execute_parts.h"

/* A row of the list whose number is known: the last one of a page that was read. */
struct mark {
    uint64_t rows;       /* up to it, itself included */
    struct slice cursor; /* data.next of that page */
};

struct marks {
    struct mark items[EXECUTE_MOST_MEMBERS];
    size_t count;
};

/* The order is the key's own, so its column stands for it. */
const void *execute_pages_group(const struct query_set *set)
{
    const struct query *query = &set->queries[0];
    bool is_whole = !query->parents && !query->filters && !query->search.size && !query->fields &&
                    !query->resource->object && set->count == 1;
    bool is_deep = query->offset > 0 && !query->has_cursor && query->sort_count == 1 &&
                   !query->sorts[0].is_descending && query->count != QUERY_COUNT_EXACT;
    return is_whole && is_deep ? query->sorts[0].column : NULL;
}

static uint64_t member_offset(const struct execute_member *member)
{
    return member->set->queries[0].offset;
}

static void sort_by_offset(struct execute_member **sorted, struct execute_member *members,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t at = i;
        for (; at > 0 && member_offset(sorted[at - 1]) > member_offset(&members[i]); at--)
            sorted[at] = sorted[at - 1];
        sorted[at] = &members[i];
    }
}

static bool start_from_nearest(struct query *query, const struct marks *marks, struct arena *arena)
{
    struct problem unused;
    problem_init(&unused, arena);
    for (size_t i = marks->count; i-- > 0;) {
        if (marks->items[i].rows > query->offset)
            continue;
        query->skipped = marks->items[i].rows;
        return query_cursor_read(query, marks->items[i].cursor, &unused);
    }
    return true;
}

static void add_mark(struct marks *marks, const struct query *query,
                     const struct envelope_page *page)
{
    if (page->next.size)
        marks->items[marks->count++] =
            (struct mark){.rows = query->offset + query->limit, .cursor = page->next};
}

static enum result answer_page(struct execute_context *context, struct execute_member *member,
                               struct marks *marks)
{
    struct envelope_page page;
    struct query query = member->set->queries[0];
    if (!start_from_nearest(&query, marks, member->arena))
        return RESULT_NO_MEMORY;
    context->writer = member->writer;
    context->arena = member->arena;
    writer_start(member->writer, &member->answer->rows);
    enum result result = execute_list(context, &query, &page);
    writer_finish(member->writer);
    if (result == RESULT_OK)
        add_mark(marks, &query, &page);
    return result == RESULT_OK
               ? execute_finish(context, member->set, member->request, &page, member->answer)
               : result;
}

enum result execute_pages(struct execute_context *context, struct execute_member *members,
                          size_t count)
{
    struct execute_member *sorted[EXECUTE_MOST_MEMBERS];
    struct marks marks = {.count = 0};
    sort_by_offset(sorted, members, count);
    enum result result = database_snapshot_begin(context->database);
    for (size_t i = 0; result == RESULT_OK && i < count; i++) {
        result = answer_page(context, sorted[i], &marks);
        sorted[i]->result = result;
    }
    bool was_one_moment = database_has_snapshot(context->database);
    enum result ended = database_snapshot_end(context->database);
    if (result != RESULT_OK || ended != RESULT_OK)
        return result != RESULT_OK ? result : ended;
    return was_one_moment ? RESULT_OK : RESULT_STALE;
}

/* One request's statements in their order: the chain's records, then its list, record or lists. */
#include "resources/execute.h"

#include <stdio.h>

#include "base/clock.h"
#include "resources/directory.h"
#include "resources/download.h"
#include "resources/execute_parts.h"
#include "resources/row.h"
#include "resources/settings_resource.h"

enum result execute_not_found(struct problem *problem, const struct model_resource *resource)
{
    problem_set(problem, 404, SLICE("Record Not Found"));
    problem_add(problem, SLICE("record_not_found"), model_key(resource)->name,
                "there is no such %.*s here", SLICE_ARGS(resource->singular));
    return RESULT_NOT_FOUND;
}

enum result execute_begin(struct execute_context *context, const struct plan *plan)
{
    if (plan->has_failed)
        return RESULT_NO_MEMORY;
    if (clock_now_us() > context->deadline_us)
        return RESULT_TIMEOUT;
    return database_query(context->database, buffer_slice(&plan->text), plan->values,
                          plan->value_count);
}

static enum result write_nested_list(struct execute_context *context, const struct query *query)
{
    const struct database_cell *cells = NULL;
    const struct model_list *list = &query->resource->list;
    struct plan plan;
    if (!list->catalog)
        return RESULT_OK;
    plan_init(&plan, context->arena);
    plan_nested_list(&plan, query->resource, query->id);
    writer_key(context->writer, list->catalog->name);
    writer_list_begin(context->writer, list->catalog->singular);
    enum result result = execute_begin(context, &plan);
    while (result == RESULT_OK &&
           (result = database_next(context->database, &cells)) == RESULT_OK) {
        writer_object_begin(context->writer);
        row_write_members(context->writer, &plan, cells, NULL);
        writer_object_end(context->writer);
    }
    writer_list_end(context->writer);
    plan_clear(&plan);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

/* Writes one record under its singular name; is_target: the chain's end, not one of its parents. */
static enum result write_record(struct execute_context *context, const struct query *query,
                                bool is_target, struct problem *problem)
{
    const struct database_cell *cells = NULL;
    struct plan plan;
    plan_init(&plan, context->arena);
    plan_record(&plan, query);
    enum result result = execute_begin(context, &plan);
    if (result == RESULT_OK)
        result = database_next(context->database, &cells);
    if (result == RESULT_OK) {
        writer_key(context->writer, query->resource->singular);
        writer_object_begin(context->writer);
        row_write_members(context->writer, &plan, cells,
                          is_target && !query->fields ? context->record_hash : NULL);
        database_finish(context->database);
        if (is_target)
            result = write_nested_list(context, query);
        writer_object_end(context->writer);
    } else if (result == RESULT_NOT_FOUND) {
        execute_not_found(problem, query->resource);
    }
    plan_clear(&plan);
    return result;
}

/* The chain's records before its end; each must belong to the one before it. */
static enum result write_parents(struct execute_context *context, const struct query_set *set,
                                 struct problem *problem)
{
    const struct chain *chain = set->chain;
    enum result result = RESULT_OK;
    for (size_t i = 0; result == RESULT_OK && i + 1 < chain->link_count; i++) {
        const struct chain_link *link = &chain->links[i];
        struct query_parent above = {0};
        struct query query = {
            .resource = link->resource, .viewer = set->viewer, .is_record = true, .id = link->id};
        if (i) {
            above.parent = model_parent_find(link->resource, chain->links[i - 1].resource);
            above.id = chain->links[i - 1].id;
            query.parents = &above;
        }
        result = write_record(context, &query, false, problem);
    }
    return result;
}

static enum result count_rows(struct execute_context *context, const struct plan *plan,
                              uint64_t *total)
{
    const struct database_cell *cells = NULL;
    enum result result = execute_begin(context, plan);
    if (result == RESULT_OK)
        result = database_next(context->database, &cells);
    if (result == RESULT_OK) {
        *total = cells[0].integer > 0 ? (uint64_t)cells[0].integer : 0;
        database_finish(context->database);
    }
    return result == RESULT_NOT_FOUND ? RESULT_FAILED : result;
}

/* The count's statement with its values, whatever bytes they hold: what equal questions share. */
static void print_count_key(const struct plan *plan, struct buffer *key)
{
    buffer_append_slice(key, buffer_slice(&plan->text));
    for (size_t i = 0; i < plan->value_count; i++) {
        const struct database_value *value = &plan->values[i];
        buffer_printf(key, "|%d:%lld/%llu:%zu:", (int)value->type, (long long)value->integer,
                      (unsigned long long)value->natural, value->text.size);
        buffer_append_slice(key, value->text);
    }
}

static enum result count_or_recall(struct execute_context *context, const struct query *query,
                                   uint64_t *total)
{
    enum result result = RESULT_OK;
    struct buffer key;
    struct plan plan;
    buffer_init(&key);
    plan_init(&plan, context->arena);
    plan_count(&plan, query);
    print_count_key(&plan, &key);
    uint64_t epoch = shared_count_cache_epoch(context->counts);
    bool has_key = !key.has_failed && !plan.has_failed;
    bool is_known = has_key && query->count != QUERY_COUNT_EXACT &&
                    shared_count_cache_get(context->counts, buffer_slice(&key), total);
    if (!is_known) {
        result = count_rows(context, &plan, total);
        if (result == RESULT_OK && has_key)
            shared_count_cache_put(context->counts, buffer_slice(&key), epoch, *total);
    }
    plan_clear(&plan);
    buffer_clear(&key);
    return result;
}

/* A page that holds the list's end tells the total itself. */
static enum result find_total(struct execute_context *context, const struct query *query,
                              uint64_t rows, bool goes_on, struct envelope_page *page)
{
    if (query->count == QUERY_COUNT_NONE)
        return RESULT_OK;
    page->has_total = true;
    page->total = query->offset + rows;
    bool is_counted = !query->has_cursor || query->skipped;
    bool is_told = !goes_on && is_counted && (rows > 0 || query->offset == query->skipped);
    if (is_told)
        return RESULT_OK;
    enum result result = count_or_recall(context, query, &page->total);
    /* A remembered total may lag; it never contradicts the rows beside it. */
    uint64_t least = !is_counted ? rows : query->offset + rows + (goes_on ? 1 : 0);
    if (rows && page->total < least)
        page->total = least;
    return result;
}

enum result execute_list(struct execute_context *context, const struct query *query,
                         struct envelope_page *page)
{
    const struct database_cell *cells = NULL;
    uint64_t rows = 0;
    bool goes_on = false;
    struct plan plan;
    *page =
        (struct envelope_page){.page = query->page, .limit = query->limit, .offset = query->offset};
    plan_init(&plan, context->arena);
    plan_page(&plan, query);
    writer_key(context->writer, query->resource->name);
    writer_list_begin(context->writer, query->resource->singular);
    enum result result = execute_begin(context, &plan);
    while (result == RESULT_OK &&
           (result = database_next(context->database, &cells)) == RESULT_OK) {
        if (rows == query->limit) {
            goes_on = true;
            database_finish(context->database);
            result = RESULT_NOT_FOUND;
            break;
        }
        writer_object_begin(context->writer);
        row_write_members(context->writer, &plan, cells, NULL);
        writer_object_end(context->writer);
        if (++rows == query->limit)
            page->next = query_cursor_print(query, cells + plan.cell_count, context->arena);
    }
    writer_list_end(context->writer);
    if (!goes_on)
        page->next = slice_of("", 0);
    plan_clear(&plan);
    if (result != RESULT_NOT_FOUND)
        return result;
    return find_total(context, query, rows, goes_on, page);
}

static enum result write_target(struct execute_context *context, const struct query_set *set,
                                struct envelope_page *pages, struct execute_answer *answer,
                                struct problem *problem)
{
    enum result result = RESULT_OK;
    pages[0] = (struct envelope_page){.has_total = true, .total = 1, .page = 1, .limit = 1};
    switch (set->chain->target) {
    case CHAIN_SETTINGS:
        return settings_resource_write(context, set, problem);
    case CHAIN_DIRECTORY:
        return RESULT_OK;
    case CHAIN_BYTES:
        return download_open(context, set, &answer->file, problem);
    case CHAIN_RECORD:
        return write_record(context, &set->queries[0], true, problem);
    case CHAIN_LIST:
    case CHAIN_THREADS:
        for (size_t i = 0; result == RESULT_OK && i < set->count; i++)
            result = execute_list(context, &set->queries[i], &pages[i]);
        return result;
    case CHAIN_UPLOAD: /* never read */
        break;
    }
    return RESULT_FAILED;
}

static void make_tag(struct execute_context *context, const struct query_set *set,
                     struct execute_answer *answer)
{
    char record[TAG_HASH_HEX + 1];
    char whole[TAG_HASH_HEX + 1];
    bool has_record = set->chain->target == CHAIN_RECORD && !set->queries[0].fields;
    tag_hash_start(context->answer_hash);
    tag_hash_add(context->answer_hash, buffer_slice(&answer->head));
    tag_hash_add(context->answer_hash, buffer_slice(&answer->rows));
    tag_hash_finish(context->answer_hash, whole);
    if (has_record) {
        tag_hash_finish(context->record_hash, record);
        snprintf(answer->tag, sizeof(answer->tag), "\"%s.%s\"", record, whole);
    } else {
        snprintf(answer->tag, sizeof(answer->tag), "W/\"%s\"", whole);
    }
}

void execute_explain_files(struct problem *problem)
{
    problem_set(problem, 503, SLICE("Service Unavailable"));
    problem_add(problem, SLICE("files_unavailable"), slice_of("", 0),
                "the files cannot be reached just now; try again");
    problem->retry_after_s = 1;
}

void execute_explain(enum result result, struct problem *problem)
{
    static const struct {
        enum result result;
        int status;
        struct slice message;
        struct slice code;
        const char *detail;
    } explanations[] = {
        {RESULT_UNAVAILABLE, 503, SLICE("Service Unavailable"), SLICE("database_unavailable"),
         "the database cannot be reached; try again"},
        {RESULT_TIMEOUT, 503, SLICE("Service Unavailable"), SLICE("deadline"),
         "the database did not answer in time; try again, or ask for less"},
        {RESULT_NO_MEMORY, 503, SLICE("Service Unavailable"), SLICE("overloaded"),
         "memory is short; try again"},
        {RESULT_STALE, 503, SLICE("Service Unavailable"), SLICE("database_unavailable"),
         "the database's structure is changing; try again"},
        {RESULT_DENIED, 503, SLICE("Service Unavailable"), SLICE("database_denied"),
         "the gateway's database user lacks a privilege for this; its log names the table"},
        {RESULT_FAILED, 500, SLICE("Internal Server Error"), SLICE("internal"),
         "the request could not be answered; the log has more under the request id"},
    };
    size_t last = sizeof(explanations) / sizeof(explanations[0]) - 1;
    size_t i = 0;
    if (problem_is_set(problem))
        return;
    while (i < last && explanations[i].result != result)
        i++;
    problem_set(problem, explanations[i].status, explanations[i].message);
    problem_add(problem, explanations[i].code, slice_of("", 0), "%s", explanations[i].detail);
    if (explanations[i].status == 503)
        problem->retry_after_s = 1;
}

enum result execute_finish(struct execute_context *context, const struct query_set *set,
                           const struct envelope_request *request,
                           const struct envelope_page *pages, struct execute_answer *answer)
{
    envelope_write(context->writer, request, set, pages, context->options->pages_are_ceil,
                   &answer->head, &answer->rows);
    if (answer->head.has_failed || answer->rows.has_failed)
        return RESULT_NO_MEMORY;
    make_tag(context, set, answer);
    return RESULT_OK;
}

enum result execute_read(struct execute_context *context, const struct query_set *set,
                         const struct envelope_request *request, struct execute_answer *answer,
                         struct problem *problem)
{
    struct envelope_page pages[CHAIN_MOST_SIBLINGS + 1];
    tag_hash_start(context->record_hash);
    writer_start(context->writer, &answer->rows);
    enum result result = write_parents(context, set, problem);
    if (result == RESULT_OK)
        result = write_target(context, set, pages, answer, problem);
    if (result == RESULT_OK && set->chain->target == CHAIN_DIRECTORY)
        directory_write(context->writer, set->model, &pages[0]);
    writer_finish(context->writer);
    if (result == RESULT_OK && answer->file)
        return RESULT_OK;
    if (result == RESULT_OK)
        result = execute_finish(context, set, request, pages, answer);
    if (result != RESULT_OK && result != RESULT_STALE)
        execute_explain(result, problem);
    return result;
}

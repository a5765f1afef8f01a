/* The answer to a write: the record as it is stored now, read back by the plans that serve GET. */
#include "resources/row.h"
#include "resources/write_parts.h"

static const struct query_viewer everybody = {.sees_all = true};

/* What the answer is about, as if it had been asked for. The record itself is shown whoever may see
 * it from now on: the caller has just written it. */
struct asking {
    struct chain chain;
    struct query query;
    struct query_set set;
};

static bool ask(const struct writing *writing, struct asking *asking)
{
    const struct write *write = writing->write;
    *asking = (struct asking){.chain = *write->chain};
    asking->query = (struct query){
        .resource = write->resource,
        .viewer = &everybody,
        .shown = value_create(writing->context->arena, VALUE_OBJECT),
        .limit = write->item_count,
        .page = 1,
    };
    asking->set = (struct query_set){.chain = &asking->chain,
                                     .model = write->model,
                                     .viewer = write->viewer,
                                     .queries = &asking->query,
                                     .count = 1,
                                     .setting = SLICE("")};
    return asking->query.shown != NULL;
}

static bool ask_for_list(struct writing *writing, struct asking *asking)
{
    const struct write *write = writing->write;
    int64_t *ids = arena_alloc(writing->context->arena, write->item_count * sizeof(*ids));
    if (!ids)
        return false;
    for (size_t i = 0; i < write->item_count; i++)
        ids[i] = writing->rows[i].id;
    asking->chain.target = CHAIN_LIST;
    asking->query.sorts[0].column = model_key(write->resource);
    asking->query.sort_count = 1;
    asking->query.filters =
        execute_key_filter(writing->context, model_key(write->resource), ids, write->item_count);
    return asking->query.filters != NULL;
}

static enum result write_deleted(struct writing *writing, struct asking *asking,
                                 const struct envelope_request *envelope,
                                 struct execute_answer *answer)
{
    const struct model *model = writing->write->model;
    struct writer *writer = writing->context->writer;
    const struct envelope_page page = {.has_total = true, .total = 1, .page = 1, .limit = 1};
    writer_start(writer, &answer->rows);
    writer_key(writer, SLICE("deleted"));
    writer_object_begin(writer);
    for (size_t i = 0; i < model->resource_count; i++)
        if (writing->deleted[i])
            writer_member_integer(writer, model->resources[i].name, (int64_t)writing->deleted[i]);
    writer_object_end(writer);
    writer_finish(writer);
    asking->set.count = 0; /* no record, and so no tag of one */
    asking->chain.target = CHAIN_LIST;
    return execute_finish(writing->context, &asking->set, envelope, &page, answer);
}

/* --- the record below its chain ------------------------------------------------------------ */

/* The chain's records, of which the last is the one written. */
static size_t collect_rows(const struct writing *writing, struct plan_row *rows)
{
    const struct chain *chain = writing->write->chain;
    for (size_t i = 0; i < chain->link_count; i++)
        rows[i] = (struct plan_row){.resource = chain->links[i].resource, .id = chain->links[i].id};
    rows[chain->link_count - 1].id = writing->rows[0].id;
    return chain->link_count;
}

/* Records with more to them than columns are read one by one. */
static bool is_plain(const struct chain *chain)
{
    bool is_plain = chain->link_count > 1;
    for (size_t i = 0; is_plain && i < chain->link_count; i++)
        is_plain = !chain->links[i].resource->object && !chain->links[i].resource->list.catalog;
    return is_plain;
}

static void write_rows(struct writing *writing, const struct plan *plan,
                       const struct plan_row *rows, size_t count, const struct database_cell *cells)
{
    struct writer *writer = writing->context->writer;
    struct plan part = *plan;
    for (size_t i = 0; i < count; i++) {
        bool is_target = i + 1 == count;
        part.item_count = rows[i].resource->column_count;
        writer_key(writer, rows[i].resource->singular);
        writer_object_begin(writer);
        row_write_members(writer, &part, cells, is_target ? writing->context->record_hash : NULL);
        writer_object_end(writer);
        part.items += part.item_count;
        cells += part.item_count;
    }
}

/* All of them by one statement: they are there, and locked by this transaction. */
static enum result write_below_chain(struct writing *writing, struct asking *asking,
                                     const struct envelope_request *envelope,
                                     struct execute_answer *answer)
{
    const struct envelope_page page = {.has_total = true, .total = 1, .page = 1, .limit = 1};
    const struct database_cell *cells = NULL;
    struct execute_context *context = writing->context;
    struct plan_row rows[CHAIN_MOST_LINKS];
    struct plan plan;
    size_t count = collect_rows(writing, rows);
    plan_init(&plan, context->arena);
    plan_rows(&plan, rows, count);
    tag_hash_start(context->record_hash);
    writer_start(context->writer, &answer->rows);
    enum result result = execute_begin(context, &plan);
    if (result == RESULT_OK)
        result = database_next(context->database, &cells);
    if (result == RESULT_OK)
        write_rows(writing, &plan, rows, count, cells);
    database_finish(context->database);
    writer_finish(context->writer);
    plan_clear(&plan);
    if (result == RESULT_NOT_FOUND)
        return execute_not_found(writing->problem, writing->write->resource);
    return result == RESULT_OK ? execute_finish(context, &asking->set, envelope, &page, answer)
                               : result;
}

/* --- all ----------------------------------------------------------------------------------- */

enum result write_answer(struct writing *writing, const struct envelope_request *envelope,
                         struct execute_answer *answer)
{
    const struct write *write = writing->write;
    struct asking asking;
    if (!ask(writing, &asking))
        return RESULT_NO_MEMORY;
    if (write->kind == WRITE_DELETE)
        return write_deleted(writing, &asking, envelope, answer);
    if (write->is_bulk && !ask_for_list(writing, &asking))
        return RESULT_NO_MEMORY;
    if (!write->is_bulk) {
        asking.chain.target = CHAIN_RECORD;
        asking.query.is_record = true;
        asking.query.id = writing->rows[0].id;
    }
    if (write->kind == WRITE_CREATE && !write->is_bulk)
        answer->created_id = writing->rows[0].id;
    if (!write->is_bulk && is_plain(write->chain))
        return write_below_chain(writing, &asking, envelope, answer);
    return execute_read(writing->context, &asking.set, envelope, answer, writing->problem);
}

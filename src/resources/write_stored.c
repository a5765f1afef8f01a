/* The record itself as it is stored: kept by column, and hashed as a read of it would. */
#include "resources/row.h"
#include "resources/write_parts.h"

static enum result copy_cells(struct writing *writing, const struct database_cell *cells)
{
    size_t count = writing->write->resource->column_count;
    struct database_cell *copies = arena_alloc(writing->context->arena, count * sizeof(*copies));
    if (!copies)
        return RESULT_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        copies[i] = cells[i];
        copies[i].text = arena_copy(writing->context->arena, cells[i].text);
        if (!copies[i].text.data && cells[i].text.size)
            return RESULT_NO_MEMORY;
    }
    writing->stored = copies;
    return RESULT_OK;
}

/* The same hash that a read of the record puts into its tag. */
static void hash_record(struct writing *writing, const struct plan *plan,
                        const struct database_cell *cells)
{
    struct buffer scratch;
    buffer_init(&scratch);
    tag_hash_start(writing->context->record_hash);
    writer_start(writing->context->writer, &scratch);
    writer_object_begin(writing->context->writer);
    row_write_members(writing->context->writer, plan, cells, writing->context->record_hash);
    writer_object_end(writing->context->writer);
    writer_finish(writing->context->writer);
    tag_hash_finish(writing->context->record_hash, writing->record_hash);
    buffer_clear(&scratch);
}

enum result write_take_stored(struct writing *writing, const struct plan *plan,
                              const struct database_cell *cells)
{
    enum result result = copy_cells(writing, cells);
    if (result == RESULT_OK && writing->request->if_match.data)
        hash_record(writing, plan, cells);
    return result;
}

enum result write_read_stored(struct writing *writing)
{
    const struct database_cell *cells = NULL;
    struct plan plan;
    plan_init(&plan, writing->context->arena);
    plan_stored(&plan, writing->write->resource, writing->write->id);
    enum result result = execute_begin(writing->context, &plan);
    if (result == RESULT_OK)
        result = database_next(writing->context->database, &cells);
    if (result == RESULT_OK) {
        result = copy_cells(writing, cells);
        database_finish(writing->context->database);
    }
    plan_clear(&plan);
    return result == RESULT_NOT_FOUND
               ? execute_not_found(writing->problem, writing->write->resource)
               : result;
}

/*
 * The record and what it hangs on in other tables, found and locked by one statement: what is named
 * of each of these tables, or else what the record's column names. Presumed is that there is
 * nothing else, and that is looked at under the locks.
 */
#include "resources/write_parts.h"

enum { MOST_TOGETHER = 8 }; /* rows */

/* NULL: none, or several. */
static struct write_named *only_named(const struct writing *writing,
                                      const struct model_resource *resource)
{
    struct write_named *only = NULL;
    size_t count = 0;
    for (struct write_named *named = writing->named; named; named = named->next)
        if (named->resource == resource) {
            only = named;
            count++;
        }
    return count == 1 ? only : NULL;
}

/* The only column by which the record names rows of that resource; NULL: none, or several. */
static const struct model_reference *only_link(const struct model_resource *resource,
                                               const struct model_resource *above)
{
    const struct model_reference *found = NULL;
    size_t count = 0;
    for (size_t i = 0; i < resource->reference_count; i++)
        if (resource->references[i].resource == above) {
            found = &resource->references[i];
            count++;
        }
    return count == 1 && !found->where.count ? found : NULL;
}

static bool is_number(const struct model_resource *resource, struct slice column)
{
    const struct schema_column *found = schema_column_find(resource->table, column);
    return found && found->type == SCHEMA_INTEGER;
}

/* Rows of several tables, one of each, in the order in which all lock them: the record last. */
struct together {
    struct plan_row rows[MOST_TOGETHER];
    size_t count;
};

/* The row of that table which is named, or else what the record's column names. False: there are
 * several, or it is not as it should be. */
static bool add_above(struct writing *writing, const struct model_resource *above,
                      struct together *together)
{
    const struct model_resource *resource = writing->write->resource;
    const struct model_reference *link = only_link(resource, above);
    const struct write_named *named = only_named(writing, above);
    bool is_linked =
        link && is_number(resource, link->column) && !write_is_any_named(writing, above);
    if (together->count == MOST_TOGETHER - 1 || !(named || is_linked) ||
        !is_number(above, model_key(above)->name))
        return false;
    together->rows[together->count++] = (struct plan_row){
        .resource = above, .id = named ? named->id : 0, .by = named ? SLICE("") : link->column};
    return true;
}

/* What is locked as the record is. Rows that need no lock can be read after it; of its own table
 * they are locked after it, whatever their keys, since what is above them all is locked by then. */
static bool is_locked_along(const struct writing *writing, const struct model_resource *above)
{
    const struct model_resource *resource = writing->write->resource;
    return above != resource && model_is_served(above) &&
           write_needs_lock(writing, above) == write_needs_lock(writing, resource);
}

/* What is named, or what the record names, of each other table, from the top downwards. */
static bool add_all_above(struct writing *writing, struct together *together)
{
    const struct write *write = writing->write;
    for (unsigned level = 0; level < WRITE_MOST_LEVELS; level++)
        for (size_t i = 0; i < write->model->resource_count; i++) {
            const struct model_resource *above = &write->model->resources[i];
            bool is_asked = above->level == level && is_locked_along(writing, above) &&
                            (model_reference_find(write->resource, above) ||
                             write_is_any_named(writing, above));
            if (is_asked && !add_above(writing, above, together))
                return false;
        }
    return true;
}

static bool collect_together(struct writing *writing, struct together *together)
{
    const struct write *write = writing->write;
    bool is_whole = writing->presumes && write->kind != WRITE_CREATE &&
                    only_named(writing, write->resource) && add_all_above(writing, together);
    if (is_whole)
        together->rows[together->count++] =
            (struct plan_row){.resource = write->resource, .id = write->id};
    return is_whole;
}

/* One of the rows, from whose first cell on. A row that is named by a column is not known before.
 */
static enum result take_one(struct writing *writing, const struct plan_row *row,
                            const struct database_cell *cells)
{
    int64_t id = write_stored_id(&cells[PLAN_NAMED_KEY]);
    if (id <= 0)
        return RESULT_OK;
    if (!write_name_row(writing, row->resource, id))
        return RESULT_NO_MEMORY;
    struct write_named *named = write_named_find(writing, row->resource, id);
    named->is_held = true;
    return write_take_named(named, cells);
}

static enum result take_together(struct writing *writing, const struct plan *plan,
                                 const struct together *together, const struct database_cell *cells)
{
    enum result result = RESULT_OK;
    for (size_t i = 0; result == RESULT_OK && i < together->count; i++) {
        result = take_one(writing, &together->rows[i], cells);
        cells += plan_named_end(together->rows[i].resource);
    }
    return result == RESULT_OK ? write_take_stored(writing, plan, cells) : result;
}

/* Is there a row in another table that the record hangs on, and that was not locked? */
static bool has_missed(const struct writing *writing)
{
    const struct write_named *named = writing->named;
    while (named && (named->is_held || !is_locked_along(writing, named->resource)))
        named = named->next;
    return named != NULL;
}

/* RESULT_NOT_FOUND: one of them is not there; what was locked is so in the order of all. */
static enum result lock_together(struct writing *writing, const struct together *together)
{
    const struct write *write = writing->write;
    const struct database_cell *cells = NULL;
    struct plan plan;
    plan_init(&plan, writing->context->arena);
    plan_named_above(&plan, together->rows, together->count, write->viewer,
                     write_needs_lock(writing, write->resource));
    enum result result = execute_begin(writing->context, &plan);
    if (result == RESULT_OK)
        result = database_next(writing->context->database, &cells);
    if (result == RESULT_OK)
        result = take_together(writing, &plan, together, cells);
    database_finish(writing->context->database);
    plan_clear(&plan);
    struct write_named *record = write_named_find(writing, write->resource, write->id);
    if (result == RESULT_OK && !write_name_above(writing, record))
        result = RESULT_NO_MEMORY;
    if (result != RESULT_OK)
        return result;
    writing->has_misjudged = has_missed(writing);
    return writing->has_misjudged ? RESULT_CONFLICT : RESULT_OK;
}

enum result write_lock_together(struct writing *writing)
{
    struct together together = {.count = 0};
    return collect_together(writing, &together) ? lock_together(writing, &together)
                                                : RESULT_NOT_FOUND;
}

/*
 * Deleting a record and all that hangs below it: first what hangs on rows that hang on it, then
 * those rows, then the record. A statement for each way to hang, however many rows there are.
 */
#include "resources/write_parts.h"

/* --- trees --------------------------------------------------------------------------------- */

/* The children of the parents, appended to ids. Every row has one parent, so that a circle which
 * others have stored leads back to the record itself, and to no other row twice. */
static enum result add_children(struct writing *writing, int64_t **ids, size_t *count,
                                size_t *capacity, struct plan_ids parents)
{
    const struct model_resource *resource = writing->write->resource;
    const struct slice key = model_key(resource)->name;
    const struct database_cell *cells = NULL;
    const struct plan_hanging rows = {
        .link = {resource->catalog->table, resource->catalog->rules.tree.column, NULL},
        .ids = parents};
    struct plan plan;
    plan_init(&plan, writing->context->arena);
    plan_select_hanging(&plan, &rows, NULL, &key, 1);
    enum result result = execute_begin(writing->context, &plan);
    plan_clear(&plan);
    while (result == RESULT_OK &&
           (result = database_next(writing->context->database, &cells)) == RESULT_OK) {
        if (cells[0].integer == writing->write->id)
            continue;
        if (*count == *capacity) {
            int64_t *grown = arena_alloc(writing->context->arena, 2 * *capacity * sizeof(*grown));
            if (!grown)
                return RESULT_NO_MEMORY;
            for (size_t i = 0; i < *count; i++)
                grown[i] = (*ids)[i];
            *ids = grown;
            *capacity *= 2;
        }
        (*ids)[(*count)++] = cells[0].integer;
    }
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

enum result write_tree_ids(struct writing *writing, int64_t **ids, size_t *count)
{
    const struct model_resource *resource = writing->write->resource;
    const struct slice column = resource->catalog->rules.tree.column;
    size_t capacity = 64;
    enum result result = RESULT_OK;
    *count = 0;
    *ids = arena_alloc(writing->context->arena, capacity * sizeof(**ids));
    if (!*ids)
        return RESULT_NO_MEMORY;
    (*ids)[(*count)++] = writing->write->id;
    if (!column.size || !schema_column_find(resource->table, column))
        return RESULT_OK;
    for (size_t at = 0; result == RESULT_OK && at < *count && *count < WRITE_MOST_BRANCH;) {
        const struct plan_ids part = write_part(*ids, *count, at);
        result = add_children(writing, ids, count, &capacity, part);
        at += part.count;
    }
    return result == RESULT_OK && *count >= WRITE_MOST_BRANCH ? RESULT_FAILED : result;
}

/* --- each way to hang ----------------------------------------------------------------------- */

/* What is done with the rows of a resource that hang on the record in one way. */
typedef enum result hanging_step(struct writing *writing, const struct model_resource *resource,
                                 const struct plan_hanging *rows);

/* Every column of `below` that names rows of `above`; those rows are the ids, or hang on them by
 * `through`. */
static enum result each_link(struct writing *writing, const struct model_resource *below,
                             const struct model_resource *above, const struct plan_link *through,
                             struct plan_ids ids, hanging_step *step)
{
    enum result result = RESULT_OK;
    for (size_t r = 0; result == RESULT_OK && r < below->reference_count; r++) {
        const struct plan_hanging rows = {.link = write_plan_link(below, &below->references[r]),
                                          .through = through,
                                          .through_key = above->catalog->key,
                                          .ids = ids};
        if (below->references[r].resource == above)
            result = step(writing, below, &rows);
    }
    return result;
}

static enum result each_through(struct writing *writing, const struct model_resource *between,
                                struct plan_ids ids, hanging_step *step)
{
    enum result result = RESULT_OK;
    if (!schema_column_find(between->table, between->catalog->key))
        return RESULT_OK; /* nothing can name its rows */
    for (size_t r = 0; result == RESULT_OK && r < between->reference_count; r++) {
        const struct plan_link through = write_plan_link(between, &between->references[r]);
        if (between->references[r].resource != writing->write->resource)
            continue;
        for (size_t i = 0; result == RESULT_OK && i < between->dependant_count; i++)
            result = each_link(writing, between->dependants[i], between, &through, ids, step);
    }
    return result;
}

/* From the lowest rows up to those right below the record, and at last the record. */
static enum result each_hanging(struct writing *writing, struct plan_ids ids, hanging_step *step)
{
    const struct model_resource *resource = writing->write->resource;
    const struct plan_hanging itself = {
        .link = {resource->catalog->table, model_key(resource)->name, NULL}, .ids = ids};
    enum result result = RESULT_OK;
    for (size_t i = 0; result == RESULT_OK && i < resource->dependant_count; i++)
        result = each_through(writing, resource->dependants[i], ids, step);
    for (size_t i = 0; result == RESULT_OK && i < resource->dependant_count; i++)
        result = each_link(writing, resource->dependants[i], resource, NULL, ids, step);
    return result == RESULT_OK ? step(writing, resource, &itself) : result;
}

static enum result refuse_invoiced(struct writing *writing, const struct model_resource *resource,
                                   const struct plan_hanging *rows)
{
    const struct slice column = resource->catalog->rules.invoice;
    struct plan_hanging invoiced = *rows;
    int64_t count = 0;
    struct plan plan;
    if (!column.size || !schema_column_find(resource->table, column))
        return RESULT_OK;
    invoiced.not_zero = column;
    plan_init(&plan, writing->context->arena);
    plan_select_hanging(&plan, &invoiced, "COUNT", &column, 1);
    enum result result = write_read_integer(writing, &plan, &count);
    if (result != RESULT_OK || count == 0)
        return result;
    problem_set(writing->problem, 409, SLICE("Record Locked"));
    problem_add(writing->problem, SLICE("invoiced"), column,
                "%lld %.*s would be deleted that are on an invoice; allowed with params.force",
                (long long)count, SLICE_ARGS(resource->name));
    return RESULT_INVALID;
}

static enum result delete_rows(struct writing *writing, const struct model_resource *resource,
                               const struct plan_hanging *rows)
{
    enum result result = write_bytes_find(writing, resource, rows);
    struct plan plan;
    if (result != RESULT_OK)
        return result;
    plan_init(&plan, writing->context->arena);
    plan_delete_hanging(&plan, rows);
    result = write_run(writing, &plan);
    if (result == RESULT_OK)
        writing->deleted[resource - writing->write->model->resources] +=
            database_affected(writing->context->database);
    return result;
}

/* --- threads ------------------------------------------------------------------------------- */

/* The record stays while bytes of rows that stay would lie elsewhere without it. */
static enum result check_parted(struct writing *writing, const struct plan_hanging *rows,
                                const struct plan_assign *assign)
{
    struct write_parted parted;
    enum result result =
        write_bytes_find_parted(writing, writing->write->resource, rows, assign, 1, &parted);
    if (result != RESULT_OK || !parted.id)
        return result;
    struct slice detail = arena_printf(
        writing->context->arena,
        "the bytes of file %lld, which goes on with its thread, lie where this column says "
        "(files.path), and the column would change; delete the thread's later files first",
        (long long)parted.id);
    if (!detail.data)
        return RESULT_NO_MEMORY;
    return write_refuse_locked(writing, parted.column, detail.data);
}

/* The thread stays open, or closed, as its first row has said until now. */
static enum result carry_state(struct writing *writing, int64_t next)
{
    const struct model_resource *resource = writing->write->resource;
    const struct slice column = resource->catalog->rules.closed.column;
    const struct model_column *state = column.size ? model_column_find(resource, column) : NULL;
    struct plan plan;
    if (!state || writing->stored[state - resource->columns].is_null)
        return RESULT_OK;
    const struct plan_assign same = {
        .column = column, .value = database_text(writing->stored[state - resource->columns].text)};
    const struct plan_hanging row = {
        .link = {resource->catalog->table, model_key(resource)->name, NULL}, .ids = {&next, 1}};
    enum result result = check_parted(writing, &row, &same);
    if (result != RESULT_OK)
        return result;
    plan_init(&plan, writing->context->arena);
    plan_update(&plan, resource->catalog->table, &same, 1, model_key(resource)->name,
                (struct plan_ids){&next, 1});
    return write_run(writing, &plan);
}

/* The thread goes on without its first row: the next one becomes the first. */
static enum result hand_thread_on(struct writing *writing)
{
    const struct model_resource *resource = writing->write->resource;
    const struct catalog_resource *catalog = resource->catalog;
    const struct slice key = model_key(resource)->name;
    struct plan_hanging rest = {.link = {catalog->table, catalog->threads.column, NULL},
                                .ids = {&writing->write->id, 1},
                                .key = key,
                                .but = writing->write->id};
    int64_t next = 0;
    struct plan plan;
    plan_init(&plan, writing->context->arena);
    plan_select_hanging(&plan, &rest, "MIN", &key, 1);
    enum result result = write_read_integer(writing, &plan, &next);
    if (result != RESULT_OK || next == 0)
        return result;
    const struct plan_assign thread = {.column = catalog->threads.column,
                                       .value = database_integer(next)};
    result = check_parted(writing, &rest, &thread);
    if (result != RESULT_OK)
        return result;
    plan_init(&plan, writing->context->arena);
    plan_update_hanging(&plan, &rest, &thread, 1);
    result = write_run(writing, &plan);
    return result == RESULT_OK ? carry_state(writing, next) : result;
}

/* --- all ----------------------------------------------------------------------------------- */

static enum result each_part(struct writing *writing, const int64_t *ids, size_t count,
                             hanging_step *step)
{
    enum result result = RESULT_OK;
    for (size_t at = 0; result == RESULT_OK && at < count; at += WRITE_MOST_IDS)
        result = each_hanging(writing, write_part(ids, count, at), step);
    return result;
}

enum result write_delete(struct writing *writing)
{
    const struct write *write = writing->write;
    int64_t *ids = NULL;
    size_t count = 0;
    writing->deleted = arena_zalloc(writing->context->arena,
                                    write->model->resource_count * sizeof(*writing->deleted));
    if (!writing->deleted)
        return RESULT_NO_MEMORY;
    enum result result = write_tree_ids(writing, &ids, &count);
    if (result == RESULT_OK && !write->is_forced)
        result = each_part(writing, ids, count, refuse_invoiced);
    if (result == RESULT_OK && write->resource->keeps_threads)
        result = hand_thread_on(writing);
    if (result == RESULT_OK)
        result = each_part(writing, ids, count, delete_rows);
    return result;
}

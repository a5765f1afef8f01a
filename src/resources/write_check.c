/*
 * What forbids a write, in the order of remote-api.md, "Errors": a chain that leads nowhere (404),
 * a condition that fails (412), what is archived or closed (409), and at last all that is wrong
 * with the values themselves, told together (422).
 */
#include "resources/stored_value.h"
#include "resources/write_parts.h"

/* --- 404 ----------------------------------------------------------------------------------- */

static bool names(const struct write_named *row, const struct model_resource *resource, int64_t id)
{
    for (size_t i = 0; i < row->resource->reference_count; i++)
        if (row->resource->references[i].resource == resource && row->references[i] == id)
            return true;
    return false;
}

/* Directly, or through a row that it hangs on (a project's timelogs are also its actions'). */
static bool belongs_to(const struct writing *writing, const struct write_named *row,
                       const struct model_resource *resource, int64_t id)
{
    if (names(row, resource, id))
        return true;
    for (size_t i = 0; i < row->resource->reference_count; i++) {
        const struct model_resource *between = row->resource->references[i].resource;
        const struct write_named *named =
            between && between != row->resource
                ? write_named_find(writing, between, row->references[i])
                : NULL;
        if (named && named->is_found && names(named, resource, id))
            return true;
    }
    return false;
}

static enum result check_chain(struct writing *writing)
{
    const struct chain *chain = writing->write->chain;
    for (size_t i = 0; i < chain->link_count && chain->links[i].has_id; i++) {
        const struct chain_link *link = &chain->links[i];
        const struct write_named *named = write_named_find(writing, link->resource, link->id);
        bool is_there = named && named->is_found && named->is_visible;
        if (is_there && i > 0)
            is_there =
                belongs_to(writing, named, chain->links[i - 1].resource, chain->links[i - 1].id);
        if (!is_there)
            return execute_not_found(writing->problem, link->resource);
    }
    return RESULT_OK;
}

/* --- 412 ----------------------------------------------------------------------------------- */

static enum result refuse_condition(struct writing *writing, struct slice field, const char *detail)
{
    problem_set(writing->problem, 412, SLICE("Precondition Failed"));
    problem_add(writing->problem, SLICE("precondition_failed"), field, "%s", detail);
    return RESULT_INVALID;
}

static enum result check_conditions(struct writing *writing)
{
    const struct write_request *request = writing->request;
    bool is_stale = request->if_match.data &&
                    !tag_matches_record(request->if_match, slice_from(writing->record_hash));
    if (is_stale)
        return refuse_condition(writing, SLICE("If-Match"),
                                "the record is another by now; read it again");
    if (slice_equal(slice_trim(request->if_none_match), SLICE("*")))
        return refuse_condition(writing, SLICE("If-None-Match"), "there is such a record");
    return RESULT_OK;
}

/* --- 409 ----------------------------------------------------------------------------------- */

enum result write_refuse_locked(struct writing *writing, struct slice field, const char *detail)
{
    problem_set(writing->problem, 409, SLICE("Record Locked"));
    problem_add(writing->problem, SLICE("record_locked"), field, "%s", detail);
    return RESULT_INVALID;
}

/* The row that is archived: this one, or one that it hangs on; NULL: none. */
static const struct write_named *find_locked(const struct writing *writing,
                                             const struct write_named *row, unsigned depth)
{
    const struct write_named *locked = row->is_locked ? row : NULL;
    for (size_t i = 0; !locked && i < row->resource->reference_count; i++) {
        const struct model_resource *resource = row->resource->references[i].resource;
        const struct write_named *above =
            resource ? write_named_find(writing, resource, row->references[i]) : NULL;
        if (above && above != row && above->is_found && depth < WRITE_MOST_LEVELS)
            locked = find_locked(writing, above, depth + 1);
    }
    return locked;
}

/* Archived: the record, or anything that it hangs on now or then. What the caller does not see is
 * not there for him, unless what he sees hangs on it: naming it is 422 later on. */
static enum result check_locked(struct writing *writing)
{
    for (const struct write_named *named = writing->named; named; named = named->next) {
        const struct write_named *locked =
            named->is_found && named->is_visible ? find_locked(writing, named, 0) : NULL;
        if (locked)
            return write_refuse_locked(writing, model_key(locked->resource)->name,
                                       "it is archived, and all below it is read-only");
    }
    return RESULT_OK;
}

/* The first row of the thread that the record stands in, itself where there is none other. */
static const struct write_named *own_thread(const struct writing *writing)
{
    const struct model_resource *resource = writing->write->resource;
    const struct write_named *first = NULL;
    for (size_t r = 0; !first && r < resource->reference_count; r++)
        if (resource->references[r].resource == resource &&
            slice_equal(resource->references[r].column, resource->catalog->threads.column))
            first = write_named_find(writing, resource, writing->target->references[r]);
    return first && first->is_found ? first : writing->target;
}

/* Its rows can be changed, since that is how it is opened again; their bytes cannot. */
static enum result check_own_thread(struct writing *writing)
{
    const struct model_resource *resource = writing->write->resource;
    struct slice field = resource->keeps_threads ? resource->catalog->threads.column
                                                 : resource->catalog->rules.closed.column;
    if (!own_thread(writing)->is_closed)
        return RESULT_OK;
    return write_refuse_locked(writing, field,
                               "the thread is closed, and its bytes stay as they are");
}

static enum result check_closed(struct writing *writing)
{
    const struct write *write = writing->write;
    const struct slice column = write->resource->catalog->threads.column;
    if (write->kind == WRITE_UPDATE && write_has_bytes(write))
        return check_own_thread(writing);
    if (write->kind != WRITE_CREATE || !write->resource->keeps_threads)
        return RESULT_OK;
    for (size_t i = 0; i < write->item_count; i++) {
        const struct write_value *thread = write_value_find(&write->items[i], column);
        const struct write_named *first =
            thread ? write_named_find(writing, write->resource, write_id(&thread->value)) : NULL;
        if (first && first->is_found && first->is_visible && first->is_closed)
            return write_refuse_locked(writing,
                                       write_field(write, i, column, writing->context->arena),
                                       "the thread is closed and takes no more posts");
    }
    return RESULT_OK;
}

/* --- 422 ----------------------------------------------------------------------------------- */

static void refuse_value(struct writing *writing, size_t item, struct slice name,
                         struct slice expected)
{
    query_refuse_value(writing->problem,
                       write_field(writing->write, item, name, writing->context->arena), expected);
}

static void check_kept(struct writing *writing)
{
    const struct write *write = writing->write;
    for (size_t i = 0; write->kind == WRITE_UPDATE && i < write->items[0].count; i++) {
        const struct write_value *value = &write->items[0].values[i];
        const struct database_cell *cell =
            &writing->stored[value->column - write->resource->columns];
        if (value->must_equal && !stored_value_equals(value->column, &value->value, cell))
            refuse_value(writing, 0, value->column->name,
                         SLICE("what is stored: clients cannot change it"));
    }
}

/* Rows of WHMCS's own tables, asked for once a table for all items. */
static bool is_among(const int64_t *ids, size_t count, int64_t id)
{
    for (size_t i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

static enum result read_existing(struct writing *writing, const struct model_reference *reference,
                                 struct plan_ids asked, int64_t *found, size_t *found_count)
{
    const struct database_cell *cells = NULL;
    struct plan plan;
    *found_count = 0;
    plan_init(&plan, writing->context->arena);
    plan_existing(&plan, reference->table, reference->key, asked);
    enum result result = execute_begin(writing->context, &plan);
    while (result == RESULT_OK &&
           (result = database_next(writing->context->database, &cells)) == RESULT_OK)
        if (*found_count < asked.count)
            found[(*found_count)++] = cells[0].integer;
    plan_clear(&plan);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

static enum result check_foreign(struct writing *writing, size_t reference)
{
    const struct write *write = writing->write;
    const struct model_reference *known = &write->resource->references[reference];
    int64_t *asked = arena_alloc(writing->context->arena, 2 * write->item_count * sizeof(*asked));
    size_t count = 0;
    size_t found = 0;
    bool is_given;
    if (!asked)
        return RESULT_NO_MEMORY;
    for (size_t i = 0; i < write->item_count; i++) {
        int64_t id = write_link(writing, i, reference, &is_given);
        if (is_given && id && !is_among(asked, count, id))
            asked[count++] = id;
    }
    int64_t *there = asked + write->item_count;
    enum result result =
        count ? read_existing(writing, known, (struct plan_ids){asked, count}, there, &found)
              : RESULT_OK;
    for (size_t i = 0; result == RESULT_OK && i < write->item_count; i++) {
        int64_t id = write_link(writing, i, reference, &is_given);
        if (is_given && id && !is_among(there, found, id))
            refuse_value(writing, i, known->column,
                         arena_printf(writing->context->arena, "0, or the id of a row of `%.*s`",
                                      SLICE_ARGS(known->table)));
    }
    return result;
}

/* A row of the catalog's must be there, and the caller must see it. A thread is its first row.
 * RESULT_CONFLICT: it was not locked, since another was meant by what was stored before. */
static enum result check_named_link(struct writing *writing, size_t item, size_t reference)
{
    const struct write *write = writing->write;
    const struct model_reference *known = &write->resource->references[reference];
    bool is_given;
    int64_t id = write_link(writing, item, reference, &is_given);
    if (!is_given || !id)
        return RESULT_OK;
    const struct write_named *named = write_named_find(writing, known->resource, id);
    if (!named && id > 0)
        return RESULT_CONFLICT;
    bool is_thread = write->resource->keeps_threads && known->resource == write->resource &&
                     slice_equal(known->column, write->resource->catalog->threads.column);
    bool is_there = named && named->is_found && named->is_visible;
    if (is_there && is_thread)
        is_there = named->references[reference] == id;
    if (!is_there)
        refuse_value(writing, item, known->column,
                     arena_printf(writing->context->arena, "0, or an id of %.*s that is there%s",
                                  SLICE_ARGS(known->resource->name),
                                  is_thread ? " and begins a thread" : ""));
    return RESULT_OK;
}

static enum result check_references(struct writing *writing)
{
    const struct model_resource *resource = writing->write->resource;
    enum result result = RESULT_OK;
    for (size_t r = 0; result == RESULT_OK && r < resource->reference_count; r++) {
        if (!resource->references[r].resource) {
            result = check_foreign(writing, r);
            continue;
        }
        for (size_t i = 0; result == RESULT_OK && i < writing->write->item_count; i++)
            result = check_named_link(writing, i, r);
    }
    return result;
}

/* --- the parents' agreement ---------------------------------------------------------------- */

static size_t find_reference(const struct model_resource *resource,
                             const struct model_resource *named)
{
    size_t i = 0;
    while (i < resource->reference_count && resource->references[i].resource != named)
        i++;
    return i;
}

/* Parents that disagreed before are none of the client's doing, until he changes one of them. */
static bool is_as_before(const struct writing *writing, const struct write_row *row, size_t own,
                         size_t by)
{
    const struct write_named *target = writing->target;
    return target && target->references[own] == row->links[own] &&
           target->references[by] == row->links[by];
}

/* What the row `above`, which the item names by `by`, says of a third row that both name. */
static void agree(struct writing *writing, size_t item, size_t by, const struct write_named *above,
                  size_t its)
{
    const struct model_resource *resource = writing->write->resource;
    const struct model_reference *shared = &above->resource->references[its];
    struct write_row *row = &writing->rows[item];
    size_t own = find_reference(resource, shared->resource);
    if (own == resource->reference_count || !shared->resource ||
        shared->resource == above->resource ||
        slice_equal(resource->references[own].column, resource->references[by].column))
        return;
    if (row->links[own] == above->references[its])
        return;
    if (row->links[own] == 0 && resource->references[own].where.count)
        return; /* that column names something else here */
    if (row->links[own] == 0) {
        row->links[own] = above->references[its];
        row->is_filled[own] = true;
        return;
    }
    if (is_as_before(writing, row, own, by))
        return;
    refuse_value(writing, item, resource->references[by].column,
                 arena_printf(writing->context->arena,
                              "an id of %.*s whose %.*s is %lld, as the record's own is",
                              SLICE_ARGS(above->resource->name), SLICE_ARGS(shared->column),
                              (long long)row->links[own]));
}

static void check_agreement(struct writing *writing, size_t item)
{
    const struct model_resource *resource = writing->write->resource;
    struct write_row *row = &writing->rows[item];
    bool is_given;
    for (size_t r = 0; r < resource->reference_count; r++)
        row->links[r] = write_link(writing, item, r, &is_given);
    for (size_t r = 0; r < resource->reference_count; r++) {
        const struct write_named *above =
            resource->references[r].resource && row->links[r]
                ? write_named_find(writing, resource->references[r].resource, row->links[r])
                : NULL;
        struct slice field = write_field(writing->write, item, resource->references[r].column,
                                         writing->context->arena);
        bool is_usable = above && above->is_found && above != writing->target &&
                         !problem_names(writing->problem, field);
        for (size_t its = 0; is_usable && its < above->resource->reference_count; its++)
            agree(writing, item, r, above, its);
    }
}

/* --- trees --------------------------------------------------------------------------------- */

enum { MOST_ANCESTORS = 1000 };

/* Would the record hang below itself? Its tree lies in one project, which is locked. */
static enum result check_circle(struct writing *writing, size_t reference)
{
    const struct write *write = writing->write;
    const struct model_resource *resource = write->resource;
    int64_t id = writing->rows[0].links[reference];
    enum result result = RESULT_OK;
    for (int i = 0; result == RESULT_OK && id && id != write->id && i < MOST_ANCESTORS; i++) {
        const struct plan_hanging itself = {
            .link = {resource->catalog->table, model_key(resource)->name, NULL}, .ids = {&id, 1}};
        struct plan plan;
        plan_init(&plan, writing->context->arena);
        plan_select_hanging(&plan, &itself, NULL, &resource->references[reference].column, 1);
        result = write_read_integer(writing, &plan, &id);
    }
    if (result == RESULT_OK && id)
        refuse_value(writing, 0, resource->references[reference].column,
                     SLICE("an id that is neither the record's own nor of one below it"));
    return result;
}

static enum result check_tree(struct writing *writing)
{
    const struct write *write = writing->write;
    const struct slice column = write->resource->catalog->rules.tree.column;
    bool is_given = false;
    for (size_t r = 0; column.size && r < write->resource->reference_count; r++) {
        if (!slice_equal(write->resource->references[r].column, column))
            continue;
        write_link(writing, 0, r, &is_given);
        if (is_given && write->kind == WRITE_UPDATE)
            return check_circle(writing, r);
    }
    return RESULT_OK;
}

/* --- all ----------------------------------------------------------------------------------- */

static enum result check_values(struct writing *writing)
{
    if (writing->write->kind == WRITE_DELETE)
        return RESULT_OK;
    check_kept(writing);
    enum result result = check_references(writing);
    for (size_t i = 0; result == RESULT_OK && i < writing->write->item_count; i++)
        check_agreement(writing, i);
    if (result == RESULT_OK)
        write_bytes_check(writing);
    if (result == RESULT_OK && !problem_is_set(writing->problem))
        result = check_tree(writing);
    return result == RESULT_OK && problem_is_set(writing->problem) ? RESULT_INVALID : result;
}

enum result write_check(struct writing *writing)
{
    const struct write *write = writing->write;
    enum result result = check_chain(writing);
    if (result == RESULT_OK && write->kind != WRITE_CREATE) {
        writing->target = write_named_find(writing, write->resource, write->id);
        result = check_conditions(writing);
    }
    if (result == RESULT_OK)
        result = check_locked(writing);
    if (result == RESULT_OK)
        result = check_closed(writing);
    return result == RESULT_OK ? check_values(writing) : result;
}

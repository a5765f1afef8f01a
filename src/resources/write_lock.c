/*
 * The rows that a write has to do with are found, from the record upwards, without locks; then they
 * are locked, from the top downwards, and must hang where they were found to hang: else somebody
 * was faster, and the whole is run again (RESULT_CONFLICT).
 *
 * Mostly one statement does it all (write_together.c). A row need not be found either when one is
 * named already of each table that it hangs on, as in projects/17/actions/76/timelogs. Both presume
 * that nothing hangs on anything else, and that is looked at under the locks. Where something does,
 * chain and parents disagree, and the whole is run once more without presuming, so that the request
 * is refused for what is really there.
 */
#include "resources/write_parts.h"

enum { MOST_TOGETHER = 8 }; /* rows of as many tables in one statement */

/* Rows of one table, in the order of their keys, so that all who lock several of them do it alike.
 */
struct group {
    const struct model_resource *resource;
    struct plan_ids ids;
};

/* --- reading ------------------------------------------------------------------------------- */

enum result write_take_named(struct write_named *named, const struct database_cell *cells)
{
    enum result result = RESULT_OK;
    for (size_t i = 0; i < named->resource->reference_count; i++) {
        int64_t id = write_stored_id(&cells[PLAN_NAMED_REFERENCES + i]);
        if (named->was_read && named->references[i] != id)
            result = RESULT_CONFLICT;
        named->references[i] = id;
    }
    named->is_found = true;
    named->is_visible = cells[PLAN_NAMED_VISIBLE].integer != 0;
    named->is_locked = cells[PLAN_NAMED_LOCKED].integer != 0;
    named->is_closed = cells[PLAN_NAMED_CLOSED].integer != 0;
    return result;
}

static struct write_named *named_of(const struct writing *writing,
                                    const struct model_resource *resource,
                                    const struct database_cell *cells)
{
    return write_named_find(writing, resource, write_stored_id(&cells[PLAN_NAMED_KEY]));
}

/* One of a plan's rows of one table. */
static enum result take(struct writing *writing, const struct plan *plan,
                        const struct model_resource *resource, const struct database_cell *cells)
{
    struct write_named *named = named_of(writing, resource, cells);
    if (!named)
        return RESULT_OK;
    enum result result = write_take_named(named, cells);
    if (result == RESULT_OK && plan->item_count && write_is_target(writing, named))
        result = write_take_stored(writing, plan, cells + plan_named_end(resource));
    return result;
}

/* One of a plan's rows of several tables, the place of its own in the first cell. */
static enum result take_each(struct writing *writing, const struct plan_row *each,
                             const struct database_cell *cells)
{
    const struct plan_row *row = &each[cells[0].integer];
    struct write_named *named = named_of(writing, row->resource, cells + 1);
    return named ? write_take_named(named, cells + 1) : RESULT_OK;
}

/* Rows that are not given back are not there (any more). */
static enum result read_rows(struct writing *writing, struct plan *plan,
                             const struct model_resource *resource, const struct plan_row *each)
{
    const struct database_cell *cells = NULL;
    enum result taken = RESULT_OK;
    enum result result = execute_begin(writing->context, plan);
    while (result == RESULT_OK &&
           (result = database_next(writing->context->database, &cells)) == RESULT_OK) {
        enum result its =
            each ? take_each(writing, each, cells) : take(writing, plan, resource, cells);
        taken = taken == RESULT_OK ? its : taken;
    }
    plan_clear(plan);
    return result == RESULT_NOT_FOUND ? taken : result;
}

/* What no write of ours changes needs no lock, nor does a look beforehand: it would wait for
 * uploads to the same project that are being stored, and is judged again when its own is. */
bool write_needs_lock(const struct writing *writing, const struct model_resource *resource)
{
    const struct catalog_names *methods = &resource->catalog->methods;
    bool is_written_to =
        catalog_names_hold(methods, SLICE("POST")) || catalog_names_hold(methods, SLICE("PUT")) ||
        catalog_names_hold(methods, SLICE("DELETE")) || resource->catalog->rules.activity.size;
    return is_written_to && !writing->request->is_admission;
}

static bool holds_target(const struct writing *writing, const struct group *group)
{
    const struct write *write = writing->write;
    bool is_among = false;
    for (size_t i = 0; !is_among && i < group->ids.count; i++)
        is_among = group->ids.items[i] == write->id;
    return is_among && group->resource == write->resource && write->kind != WRITE_CREATE;
}

static enum result read_part(struct writing *writing, const struct model_resource *resource,
                             struct plan_ids ids, bool is_locking, bool is_whole)
{
    const struct query_viewer *viewer = writing->write->viewer;
    struct plan plan;
    plan_init(&plan, writing->context->arena);
    if (is_whole)
        plan_named_whole(&plan, resource, viewer, ids, write_needs_lock(writing, resource));
    else
        plan_named(&plan, resource, viewer, ids, is_locking && write_needs_lock(writing, resource));
    return read_rows(writing, &plan, resource, NULL);
}

static enum result read_group(struct writing *writing, const struct group *group, bool is_locking)
{
    bool is_whole = is_locking && holds_target(writing, group);
    enum result result = RESULT_OK;
    for (size_t at = 0; result == RESULT_OK && at < group->ids.count; at += WRITE_MOST_IDS)
        result =
            read_part(writing, group->resource, write_part(group->ids.items, group->ids.count, at),
                      is_locking, is_whole);
    return result;
}

static enum result lock_each(struct writing *writing, const struct group *groups, size_t count)
{
    struct plan_row rows[MOST_TOGETHER];
    struct plan plan;
    for (size_t i = 0; i < count; i++)
        rows[i] = (struct plan_row){.resource = groups[i].resource,
                                    .id = groups[i].ids.items[0],
                                    .is_locking = write_needs_lock(writing, groups[i].resource)};
    plan_init(&plan, writing->context->arena);
    plan_named_each(&plan, rows, count, writing->write->viewer);
    return read_rows(writing, &plan, NULL, rows);
}

/* --- who is read --------------------------------------------------------------------------- */

/* Of the record itself is not known what it hangs on, whatever else is named. */
static bool is_presumed(const struct writing *writing, const struct write_named *named)
{
    bool is_known = writing->presumes && !write_is_target(writing, named);
    for (size_t i = 0; is_known && i < named->resource->reference_count; i++)
        is_known = !write_hangs_by(writing, named, i) ||
                   write_is_any_named(writing, named->resource->references[i].resource);
    return is_known;
}

static bool is_member(const struct writing *writing, const struct write_named *named,
                      const struct model_resource *resource, bool is_locking)
{
    bool is_wanted = is_locking ? !named->is_held : !is_presumed(writing, named);
    return named->resource == resource && is_wanted;
}

static bool collect(struct writing *writing, const struct model_resource *resource, bool is_locking,
                    struct group *group)
{
    size_t most = 0;
    size_t count = 0;
    for (const struct write_named *named = writing->named; named; named = named->next)
        most += is_member(writing, named, resource, is_locking);
    int64_t *ids = arena_alloc(writing->context->arena, (most + 1) * sizeof(*ids));
    *group = (struct group){resource, {ids, most}};
    for (struct write_named *named = writing->named; ids && named; named = named->next) {
        size_t at = count;
        if (!is_member(writing, named, resource, is_locking))
            continue;
        for (; at > 0 && ids[at - 1] > named->id; at--)
            ids[at] = ids[at - 1];
        ids[at] = named->id;
        named->is_found = false;
        count++;
    }
    return ids != NULL;
}

/* The next resource from *place on, at the level, of which rows are to be read. RESULT_NOT_FOUND:
 * none. Of a resource that is off no row can be looked at, so that none is found. */
static enum result next_group(struct writing *writing, unsigned level, bool is_locking,
                              size_t *place, struct group *group)
{
    const struct model *model = writing->write->model;
    while (*place < model->resource_count) {
        const struct model_resource *resource = &model->resources[(*place)++];
        if (resource->level != level || !model_is_served(resource))
            continue;
        if (!collect(writing, resource, is_locking, group))
            return RESULT_NO_MEMORY;
        if (group->ids.count)
            return RESULT_OK;
    }
    return RESULT_NOT_FOUND;
}

/* --- finding ------------------------------------------------------------------------------- */

static void mark_read(const struct writing *writing, const struct group *group)
{
    for (size_t i = 0; i < group->ids.count; i++)
        write_named_find(writing, group->resource, group->ids.items[i])->was_read = true;
}

static enum result find_level(struct writing *writing, unsigned level)
{
    struct group group;
    size_t place = 0;
    enum result result;
    while ((result = next_group(writing, level, false, &place, &group)) == RESULT_OK) {
        result = read_group(writing, &group, false);
        if (result != RESULT_OK)
            return result;
        mark_read(writing, &group);
    }
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

static bool name_above_level(struct writing *writing, unsigned level)
{
    bool is_whole = true;
    for (struct write_named *named = writing->named; named; named = named->next)
        if (named->is_found && named->resource->level == level)
            is_whole = is_whole && write_name_above(writing, named);
    return is_whole;
}

/* Rows put in front of the list while it is walked are of higher levels, or read below. */
static enum result find(struct writing *writing)
{
    for (unsigned level = WRITE_MOST_LEVELS - 1; level > 0; level--) {
        enum result result = find_level(writing, level);
        if (result == RESULT_OK && !name_above_level(writing, level))
            result = RESULT_NO_MEMORY;
        if (result != RESULT_OK)
            return result;
    }
    return RESULT_OK;
}

/* --- locking ------------------------------------------------------------------------------- */

/* Single rows, of which several may be locked by one statement, wait in `together`. */
struct locking {
    struct group together[MOST_TOGETHER];
    size_t count;
};

static enum result flush(struct writing *writing, struct locking *locking)
{
    size_t count = locking->count;
    locking->count = 0;
    if (count == 0)
        return RESULT_OK;
    return count == 1 ? read_group(writing, &locking->together[0], true)
                      : lock_each(writing, locking->together, count);
}

static enum result lock_group(struct writing *writing, struct locking *locking,
                              const struct group *group)
{
    bool is_single = group->ids.count == 1 && !holds_target(writing, group);
    enum result result =
        !is_single || locking->count == MOST_TOGETHER ? flush(writing, locking) : RESULT_OK;
    if (result != RESULT_OK)
        return result;
    if (!is_single)
        return read_group(writing, group, true);
    locking->together[locking->count++] = *group;
    return RESULT_OK;
}

static enum result lock_levels(struct writing *writing)
{
    struct locking locking = {.count = 0};
    struct group group;
    for (unsigned level = 0; level < WRITE_MOST_LEVELS; level++) {
        size_t place = 0;
        enum result result;
        while ((result = next_group(writing, level, true, &place, &group)) == RESULT_OK) {
            result = lock_group(writing, &locking, &group);
            if (result != RESULT_OK)
                return result;
        }
        if (result != RESULT_NOT_FOUND)
            return result;
    }
    return flush(writing, &locking);
}

/* Does it hang on a row of another table that nobody thought of, and that is not locked? */
static bool is_misjudged(const struct writing *writing, const struct write_named *named)
{
    bool is_misjudged = false;
    for (size_t i = 0; named->is_found && !is_misjudged && i < named->resource->reference_count;
         i++) {
        const struct model_resource *above = named->resource->references[i].resource;
        is_misjudged = above && above != named->resource && named->references[i] > 0 &&
                       !write_named_find(writing, above, named->references[i]);
    }
    return is_misjudged;
}

/* Who does not presume has thought of all that counts: not of what is above the record's upper rows
 * in its own tree, which others may have stored elsewhere. */
static enum result check_presumed(struct writing *writing)
{
    for (const struct write_named *named = writing->named; named && writing->presumes;
         named = named->next)
        writing->has_misjudged = writing->has_misjudged || is_misjudged(writing, named);
    return writing->has_misjudged ? RESULT_CONFLICT : RESULT_OK;
}

/* --- all ----------------------------------------------------------------------------------- */

/* What a column names may hang on another that the client did not give: then that is read first,
 * and looked at again under the lock (write_check.c). */
static bool hangs_on_stored(const struct write *write)
{
    bool has_constants = false;
    for (size_t r = 0; r < write->resource->reference_count; r++)
        has_constants = has_constants || write->resource->references[r].where.count;
    return has_constants && write->kind == WRITE_UPDATE;
}

enum result write_lock(struct writing *writing)
{
    enum result result = hangs_on_stored(writing->write) ? write_read_stored(writing) : RESULT_OK;
    if (result == RESULT_OK && !write_name_given(writing))
        result = RESULT_NO_MEMORY;
    if (result == RESULT_OK)
        result = write_lock_together(writing);
    if (result == RESULT_NOT_FOUND)
        result = find(writing);
    if (result == RESULT_OK)
        result = lock_levels(writing);
    return result == RESULT_OK ? check_presumed(writing) : result;
}

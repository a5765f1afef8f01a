/*
 * Which rows a write has to do with. First they are found, from the record upwards, without locks;
 * then they are locked, from the top downwards, and must hang where they were found to hang: else
 * somebody was faster, and the whole is run again (RESULT_CONFLICT).
 */
#include "resources/write_parts.h"

/* --- what an item's references say ---------------------------------------------------------- */

static const struct database_cell *stored_cell(const struct writing *writing, struct slice column)
{
    const struct model_resource *resource = writing->write->resource;
    const struct model_column *found = model_column_find(resource, column);
    return found && writing->stored ? &writing->stored[found - resource->columns] : NULL;
}

/* As MySQL compares: what others have stored may differ in case, and in blanks behind. */
static bool stored_equals(const struct writing *writing, const struct catalog_constant *constant)
{
    const struct database_cell *cell = stored_cell(writing, constant->column);
    if (!cell || cell->is_null)
        return false;
    struct slice text = cell->text;
    while (text.size && text.data[text.size - 1] == ' ')
        text.size--;
    return slice_equal_nocase(text, constant->value);
}

static bool value_equals(const struct write_value *value, struct slice text)
{
    int64_t number = 0;
    if (value->value.type == DATABASE_TEXT)
        return slice_equal(value->value.text, text);
    return slice_to_i64(text, &number) && write_id(&value->value) == number;
}

static bool constants_hold(const struct writing *writing, size_t item,
                           const struct catalog_constants *where)
{
    bool all_hold = true;
    for (size_t i = 0; all_hold && i < where->count; i++) {
        const struct write_value *given =
            write_value_find(&writing->write->items[item], where->items[i].column);
        all_hold = given ? value_equals(given, where->items[i].value)
                         : stored_equals(writing, &where->items[i]);
    }
    return all_hold;
}

static int64_t id_in_text(struct slice text)
{
    int64_t id = 0;
    return slice_to_i64(text, &id) || !text.size ? id : -1;
}

/* No id is above INT64_MAX: what is names a row that is not there. */
int64_t write_id(const struct database_value *value)
{
    switch (value->type) {
    case DATABASE_NULL:
        return 0;
    case DATABASE_INTEGER:
        return value->integer;
    case DATABASE_UNSIGNED:
        return value->natural <= INT64_MAX ? (int64_t)value->natural : -1;
    case DATABASE_TEXT:
        break;
    }
    return id_in_text(value->text);
}

static int64_t stored_id(const struct database_cell *cell)
{
    if (!cell || cell->is_null)
        return 0;
    return cell->kind == DATABASE_KIND_INTEGER ? cell->integer : id_in_text(cell->text);
}

/* What the client gave for a column, to be written. */
static const struct write_value *given_value(const struct writing *writing, size_t item,
                                             struct slice column)
{
    const struct write_value *given = write_value_find(&writing->write->items[item], column);
    return given && !given->must_equal ? given : NULL;
}

static bool gives_constant(const struct writing *writing, size_t item,
                           const struct catalog_constants *where)
{
    bool is_any = false;
    for (size_t i = 0; !is_any && i < where->count; i++)
        is_any = given_value(writing, item, where->items[i].column) != NULL;
    return is_any;
}

int64_t write_link(const struct writing *writing, size_t item, size_t reference, bool *is_given)
{
    const struct model_reference *known = &writing->write->resource->references[reference];
    const struct write_value *given = given_value(writing, item, known->column);
    const struct database_cell *cell = stored_cell(writing, known->column);
    *is_given = false;
    if (!given && !gives_constant(writing, item, &known->where))
        return writing->target ? writing->target->references[reference] : 0;
    if (!constants_hold(writing, item, &known->where))
        return 0;
    int64_t id = given ? write_id(&given->value) : stored_id(cell);
    *is_given = !writing->target || writing->target->references[reference] != id;
    return id;
}

/* --- the list ------------------------------------------------------------------------------ */

struct write_named *write_named_find(const struct writing *writing,
                                     const struct model_resource *resource, int64_t id)
{
    struct write_named *named = writing->named;
    while (named && (named->resource != resource || named->id != id))
        named = named->next;
    return named;
}

/* What is no row of the catalog's, or none at all, is not named. False: memory. */
static bool name_row(struct writing *writing, const struct model_resource *resource, int64_t id)
{
    if (!resource || id <= 0 || write_named_find(writing, resource, id))
        return true;
    struct write_named *named = arena_zalloc(writing->context->arena, sizeof(*named));
    if (!named)
        return false;
    named->resource = resource;
    named->id = id;
    named->next = writing->named;
    writing->named = named;
    return true;
}

static bool name_what_is_given(struct writing *writing)
{
    const struct write *write = writing->write;
    bool is_whole = true;
    bool is_given;
    for (size_t i = 0; i < write->chain->link_count; i++)
        if (write->chain->links[i].has_id)
            is_whole = is_whole && name_row(writing, write->chain->links[i].resource,
                                            write->chain->links[i].id);
    for (size_t i = 0; i < write->item_count; i++)
        for (size_t r = 0; r < write->resource->reference_count; r++) {
            int64_t id = write_link(writing, i, r, &is_given);
            if (is_given)
                is_whole =
                    is_whole && name_row(writing, write->resource->references[r].resource, id);
        }
    return is_whole;
}

/* What a row hangs on; of the record itself also what it hangs on in its own table. */
static bool name_above(struct writing *writing, const struct write_named *named)
{
    bool is_target = named->resource == writing->write->resource && named->id == writing->write->id;
    bool is_whole = true;
    for (size_t i = 0; i < named->resource->reference_count; i++) {
        const struct model_resource *above = named->resource->references[i].resource;
        if (above != named->resource || is_target)
            is_whole = is_whole && name_row(writing, above, named->references[i]);
    }
    return is_whole;
}

/* --- reading ------------------------------------------------------------------------------- */

static enum result take_row(struct write_named *named, const struct database_cell *cells)
{
    enum result result = RESULT_OK;
    for (size_t i = 0; i < named->resource->reference_count; i++) {
        int64_t id = stored_id(&cells[PLAN_NAMED_REFERENCES + i]);
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

/* Those of the ids that are not given back are not there (any more). */
static enum result read_rows(struct writing *writing, const struct model_resource *resource,
                             struct plan_ids ids, bool is_locking)
{
    const struct database_cell *cells = NULL;
    enum result taken = RESULT_OK;
    struct plan plan;
    for (size_t i = 0; i < ids.count; i++)
        write_named_find(writing, resource, ids.items[i])->is_found = false;
    plan_init(&plan, writing->context->arena);
    plan_named(&plan, resource, writing->write->viewer, ids, is_locking);
    enum result result = execute_begin(writing->context, &plan);
    while (result == RESULT_OK &&
           (result = database_next(writing->context->database, &cells)) == RESULT_OK) {
        struct write_named *named = write_named_find(writing, resource, cells[0].integer);
        enum result its = named ? take_row(named, cells) : RESULT_OK;
        taken = taken == RESULT_OK ? its : taken;
    }
    plan_clear(&plan);
    for (size_t i = 0; i < ids.count; i++)
        write_named_find(writing, resource, ids.items[i])->was_read = true;
    return result == RESULT_NOT_FOUND ? taken : result;
}

/* Ids of the resource's rows, sorted, so that all who lock several of them do it alike. */
static bool collect_ids(const struct writing *writing, const struct model_resource *resource,
                        int64_t **ids, size_t *count)
{
    size_t most = 0;
    *count = 0;
    for (const struct write_named *named = writing->named; named; named = named->next)
        most += named->resource == resource;
    if (!most)
        return true;
    *ids = arena_alloc(writing->context->arena, most * sizeof(**ids));
    if (!*ids)
        return false;
    for (const struct write_named *named = writing->named; named; named = named->next) {
        size_t at = *count;
        if (named->resource != resource)
            continue;
        for (; at > 0 && (*ids)[at - 1] > named->id; at--)
            (*ids)[at] = (*ids)[at - 1];
        (*ids)[at] = named->id;
        ++*count;
    }
    return true;
}

/* What no write of ours changes needs no lock. */
static bool is_written_to(const struct model_resource *resource)
{
    const struct catalog_names *methods = &resource->catalog->methods;
    return catalog_names_hold(methods, SLICE("POST")) ||
           catalog_names_hold(methods, SLICE("PUT")) ||
           catalog_names_hold(methods, SLICE("DELETE")) || resource->catalog->rules.activity.size;
}

static enum result read_level(struct writing *writing, unsigned level, bool is_locking)
{
    const struct model *model = writing->write->model;
    enum result result = RESULT_OK;
    for (size_t i = 0; result == RESULT_OK && i < model->resource_count; i++) {
        const struct model_resource *resource = &model->resources[i];
        int64_t *ids = NULL;
        size_t count = 0;
        /* Of a resource that is off no row can be looked at, so that none is found. */
        if (resource->level != level || !model_is_served(resource))
            continue;
        if (!collect_ids(writing, resource, &ids, &count))
            return RESULT_NO_MEMORY;
        for (size_t at = 0; result == RESULT_OK && at < count; at += WRITE_MOST_IDS)
            result = read_rows(writing, resource, write_part(ids, count, at),
                               is_locking && is_written_to(resource));
    }
    return result;
}

static bool name_above_level(struct writing *writing, unsigned level)
{
    bool is_whole = true;
    for (struct write_named *named = writing->named; named; named = named->next)
        if (named->is_found && named->resource->level == level)
            is_whole = is_whole && name_above(writing, named);
    return is_whole;
}

/* What a column names may hang on another that the client did not give: then that is read first,
 * and looked at again under the lock (write_check.c). */
static bool hangs_on_stored(const struct write *write)
{
    bool has_constants = false;
    for (size_t r = 0; r < write->resource->reference_count; r++)
        has_constants = has_constants || write->resource->references[r].where.count;
    return has_constants && write->kind == WRITE_UPDATE;
}

enum result write_named_lock(struct writing *writing)
{
    enum result result =
        hangs_on_stored(writing->write) ? write_read_stored(writing, false) : RESULT_OK;
    if (result != RESULT_OK)
        return result;
    if (!name_what_is_given(writing))
        return RESULT_NO_MEMORY;
    /* Rows put in front of the list while it is walked are of higher levels, or read below. */
    for (unsigned level = WRITE_MOST_LEVELS - 1; result == RESULT_OK && level > 0; level--) {
        result = read_level(writing, level, false);
        if (result == RESULT_OK && !name_above_level(writing, level))
            result = RESULT_NO_MEMORY;
    }
    for (unsigned level = 0; result == RESULT_OK && level < WRITE_MOST_LEVELS; level++)
        result = read_level(writing, level, true);
    return result;
}

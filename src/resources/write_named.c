/* Which rows a write has to do with: those that the request names, and those that these hang on. */
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

int64_t write_stored_id(const struct database_cell *cell)
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
    int64_t id = given ? write_id(&given->value) : write_stored_id(cell);
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

bool write_name_row(struct writing *writing, const struct model_resource *resource, int64_t id)
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

bool write_name_given(struct writing *writing)
{
    const struct write *write = writing->write;
    bool is_whole = true;
    bool is_given;
    for (size_t i = 0; i < write->chain->link_count; i++)
        if (write->chain->links[i].has_id)
            is_whole = is_whole && write_name_row(writing, write->chain->links[i].resource,
                                                  write->chain->links[i].id);
    for (size_t i = 0; i < write->item_count; i++)
        for (size_t r = 0; r < write->resource->reference_count; r++) {
            int64_t id = write_link(writing, i, r, &is_given);
            if (is_given)
                is_whole = is_whole &&
                           write_name_row(writing, write->resource->references[r].resource, id);
        }
    return is_whole;
}

bool write_is_any_named(const struct writing *writing, const struct model_resource *resource)
{
    const struct write_named *named = writing->named;
    while (named && named->resource != resource)
        named = named->next;
    return named != NULL;
}

bool write_is_target(const struct writing *writing, const struct write_named *named)
{
    return named->resource == writing->write->resource && named->id == writing->write->id;
}

bool write_hangs_by(const struct writing *writing, const struct write_named *named,
                    size_t reference)
{
    const struct model_resource *above = named->resource->references[reference].resource;
    return above && (above != named->resource || write_is_target(writing, named));
}

bool write_name_above(struct writing *writing, const struct write_named *named)
{
    bool is_whole = true;
    for (size_t i = 0; i < named->resource->reference_count; i++)
        if (write_hangs_by(writing, named, i))
            is_whole = is_whole && write_name_row(writing, named->resource->references[i].resource,
                                                  named->references[i]);
    return is_whole;
}

/* From parameters to a write: what each member means, and all that is wrong, told at once. */
#include "resources/write.h"

#include "base/base64.h"
#include "resources/stored_value.h"

static const struct slice content_name = {"file_content", 12};
static const struct slice no_bytes = {"nothing: a list's records have no bytes", 39};

struct compiling {
    struct write *write;
    struct write_item *item; /* under way */
    size_t index;
    struct problem *problem;
    struct slice allowed; /* the names that may be given; made when first needed */
};

static struct arena *arena_of(const struct compiling *compiling)
{
    return compiling->problem->arena;
}

struct slice write_field(const struct write *write, size_t item, struct slice name,
                         struct arena *arena)
{
    struct slice field = name;
    if (write->is_bulk)
        field = arena_printf(arena, "[%zu].%.*s", item, SLICE_ARGS(name));
    return field.data ? field : name;
}

const struct write_value *write_value_find(const struct write_item *item, struct slice column)
{
    for (size_t i = 0; i < item->count; i++)
        if (slice_equal(item->values[i].column->name, column))
            return &item->values[i];
    return NULL;
}

static struct slice field_of(const struct compiling *compiling, struct slice name)
{
    return write_field(compiling->write, compiling->index, name, arena_of(compiling));
}

static void refuse_value(struct compiling *compiling, struct slice name, struct slice expected)
{
    query_refuse_value(compiling->problem, field_of(compiling, name), expected);
}

static bool takes_bytes(const struct write *write)
{
    return write->resource->has_download && write->kind != WRITE_DELETE;
}

static bool is_content(const struct write *write, struct slice name)
{
    return takes_bytes(write) && slice_equal(name, content_name) &&
           !model_column_find(write->resource, name);
}

/* --- names --------------------------------------------------------------------------------- */

static bool is_thread(const struct write *write, struct slice column)
{
    return write->resource->keeps_threads &&
           slice_equal(write->resource->catalog->threads.column, column);
}

/* Not the client's to change: what he repeats of it must be so. */
static bool is_fixed(const struct write *write, const struct model_column *column)
{
    bool is_key = column == model_key(write->resource);
    bool is_thread_kept = write->kind == WRITE_UPDATE && is_thread(write, column->name);
    return is_key || column->is_kept || is_thread_kept;
}

static struct slice allowed_names(const struct write *write, struct arena *arena)
{
    struct buffer text;
    buffer_init(&text);
    buffer_append_slice(&text,
                        write->kind == WRITE_DELETE ? SLICE("dry_run force") : SLICE("dry_run"));
    for (size_t i = 0; write->kind != WRITE_DELETE && i < write->resource->column_count; i++)
        if (!is_fixed(write, &write->resource->columns[i]))
            buffer_printf(&text, " %.*s", SLICE_ARGS(write->resource->columns[i].name));
    if (takes_bytes(write) && !write->is_bulk)
        buffer_printf(&text, " %.*s", SLICE_ARGS(content_name));
    struct slice names = arena_copy(arena, buffer_slice(&text));
    buffer_clear(&text);
    return names;
}

static void refuse_name(struct compiling *compiling, struct slice name)
{
    if (!compiling->allowed.data)
        compiling->allowed = allowed_names(compiling->write, arena_of(compiling));
    query_refuse_name(compiling->problem, field_of(compiling, name), compiling->allowed);
}

static const struct chain_link *link_named(const struct write *write, struct slice name)
{
    for (size_t i = 0; i < write->chain->link_count; i++) {
        const struct chain_link *link = &write->chain->links[i];
        if (link->has_id && slice_equal(model_key(link->resource)->name, name))
            return link;
    }
    return NULL;
}

/* --- values -------------------------------------------------------------------------------- */

static void put_value(struct compiling *compiling, const struct model_column *column,
                      struct database_value bound, bool must_equal)
{
    struct write_item *item = compiling->item;
    item->values[item->count++] = (struct write_value){column, bound, must_equal};
}

static bool is_blank(struct slice text)
{
    size_t i = 0;
    while (i < text.size && (unsigned char)text.data[i] <= ' ')
        i++;
    return i == text.size;
}

static bool is_empty(const struct model_column *column, const struct database_value *bound)
{
    switch (bound->type) {
    case DATABASE_NULL:
        return true;
    case DATABASE_INTEGER:
        return bound->integer == 0;
    case DATABASE_UNSIGNED:
        return bound->natural == 0;
    case DATABASE_TEXT:
        return column_is_text(column) && is_blank(bound->text);
    }
    return false;
}

static void miss(struct compiling *compiling, const struct model_column *column)
{
    problem_set(compiling->problem, 422, SLICE("The required data was not provided"));
    problem_add(compiling->problem, SLICE("required_missing"), field_of(compiling, column->name),
                "a value is needed, and not an empty one");
}

static void read_column(struct compiling *compiling, const struct model_column *column,
                        const struct value *value)
{
    const struct write *write = compiling->write;
    struct database_value bound;
    struct slice expected;
    bool must_equal = is_fixed(write, column);
    if (must_equal && write->kind == WRITE_CREATE) {
        refuse_value(compiling, column->name, SLICE("nothing: the gateway fills it in"));
        return;
    }
    bool is_read =
        must_equal
            ? stored_value_read_repeated(column, value, arena_of(compiling), &bound, &expected)
            : stored_value_read(column, value, arena_of(compiling), &bound, &expected);
    if (!is_read)
        refuse_value(compiling, column->name, expected);
    else if (!must_equal && column->is_required && is_empty(column, &bound))
        miss(compiling, column);
    else if (write_value_find(compiling->item, column->name))
        refuse_value(compiling, column->name, SLICE("one value: it is given under two names"));
    else
        put_value(compiling, column, bound, must_equal);
}

/* An id that the chain has said already; false: it is none. */
static bool repeats_chain(struct compiling *compiling, const struct value *value)
{
    const struct write *write = compiling->write;
    const struct chain_link *link = link_named(write, value->name);
    bool is_own = link && link == chain_last(write->chain);
    int64_t id = 0;
    bool is_column = write->kind != WRITE_DELETE && model_column_find(write->resource, value->name);
    if (!link || (!is_own && is_column))
        return false;
    if (!slice_to_i64(value->text, &id) || id != link->id)
        refuse_value(compiling, value->name, SLICE("the id that stands in the chain"));
    return true;
}

/* dry_run, force: true false 1 0; told as field. Of a list one item that says so is enough: nothing
 * may be stored that was to be tried. */
static bool read_switch(struct compiling *compiling, const struct value *value, struct slice field)
{
    struct write *write = compiling->write;
    bool *into = slice_equal(value->name, SLICE("dry_run")) ? &write->is_dry_run
                 : slice_equal(value->name, SLICE("force")) && write->kind == WRITE_DELETE
                     ? &write->is_forced
                     : NULL;
    if (!into || model_column_find(write->resource, value->name))
        return false;
    bool is_text = value->type == VALUE_STRING || value->type == VALUE_NUMBER;
    bool is_on = value->type == VALUE_BOOLEAN
                     ? value->boolean
                     : is_text && (slice_equal(value->text, SLICE("1")) ||
                                   slice_equal(value->text, SLICE("true")));
    bool is_off = value->type == VALUE_BOOLEAN
                      ? !value->boolean
                      : is_text && (slice_equal(value->text, SLICE("0")) ||
                                    slice_equal(value->text, SLICE("false")));
    *into = *into || is_on;
    if (!is_on && !is_off)
        query_refuse_value(compiling->problem, field, SLICE("true or false"));
    return true;
}

/* --- parents ------------------------------------------------------------------------------- */

static const struct catalog_link *direct_link(const struct model_parent *parent)
{
    for (size_t i = 0; i < parent->link_count; i++)
        if (!parent->links[i].catalog->through_resource.size)
            return parent->links[i].catalog;
    return NULL;
}

/* The column must hold just this: what the client gave of it, or gives of it elsewhere, may not say
 * otherwise. */
static void fill(struct compiling *compiling, struct slice name, struct value *value)
{
    struct database_value bound;
    struct slice expected;
    const struct model_column *column = model_column_find(compiling->write->resource, name);
    if (!column)
        return;
    if (!column_value_read(column, value, arena_of(compiling), &bound, &expected)) {
        /* A parent whose id is beyond the column's range is looked for, and not found. */
        int64_t id = 0;
        if (!slice_to_i64(value->text, &id))
            return;
        bound = database_integer(id);
    }
    const struct write_value *given = write_value_find(compiling->item, name);
    if (!given) {
        put_value(compiling, column, bound, false);
        return;
    }
    bool is_same = given->value.type == bound.type && given->value.integer == bound.integer &&
                   given->value.natural == bound.natural &&
                   slice_equal(given->value.text, bound.text);
    if (!is_same)
        refuse_value(compiling, name,
                     SLICE("one parent: the chain, or another name, says another"));
}

static void fill_parent(struct compiling *compiling, const struct model_parent *parent, int64_t id)
{
    const struct catalog_link *link = direct_link(parent);
    struct value *value =
        value_string(arena_of(compiling), arena_printf(arena_of(compiling), "%lld", (long long)id));
    if (!link || !value) {
        query_refuse_memory(compiling->problem);
        return;
    }
    fill(compiling, link->column, value);
    for (size_t i = 0; i < link->where.count; i++) {
        struct value *constant = value_string(arena_of(compiling), link->where.items[i].value);
        if (constant)
            fill(compiling, link->where.items[i].column, constant);
        else
            query_refuse_memory(compiling->problem);
    }
}

/* A parent by the link's name, where the table has no such column (parent_type and parent_id). */
static bool read_parent(struct compiling *compiling, const struct value *value)
{
    const struct model_parent *parent =
        model_parameter_find(compiling->write->resource, value->name);
    int64_t id = 0;
    if (!parent || !direct_link(parent))
        return false;
    if (slice_to_i64(value->text, &id) && id >= 1)
        fill_parent(compiling, parent, id);
    else
        refuse_value(compiling, value->name, SLICE("an id, an integer from 1"));
    return true;
}

static void fill_from_chain(struct compiling *compiling)
{
    const struct chain *chain = compiling->write->chain;
    if (compiling->write->kind != WRITE_CREATE || chain->link_count < 2)
        return;
    const struct chain_link *above = &chain->links[chain->link_count - 2];
    const struct model_parent *parent =
        model_parent_find(compiling->write->resource, above->resource);
    if (parent)
        fill_parent(compiling, parent, above->id);
}

/* --- bytes --------------------------------------------------------------------------------- */

static void read_content(struct compiling *compiling, const struct value *value)
{
    struct write *write = compiling->write;
    if (write->is_bulk) {
        refuse_value(compiling, content_name, no_bytes);
    } else if (write->file) {
        refuse_value(compiling, content_name, SLICE("nothing: the bytes come in the body"));
    } else if (value->type != VALUE_STRING || !base64_measure(value->text, &write->content_size)) {
        refuse_value(compiling, content_name,
                     SLICE("the file's bytes in base64 (RFC 4648 section 4, padded)"));
    } else {
        write->has_content = true;
        write->content = value->text;
    }
}

static bool was_refused(const struct compiling *compiling, struct slice name)
{
    return problem_names(compiling->problem, field_of(compiling, name));
}

/* As if params had said so, where they say nothing. is_hint: better unsaid than refused. */
static void adopt_text(struct compiling *compiling, struct slice name, struct slice text,
                       bool is_hint)
{
    const struct model_column *column = model_column_find(compiling->write->resource, name);
    if (!column || column->is_kept || !text.size ||
        write_value_find(compiling->item, column->name) || was_refused(compiling, column->name))
        return;
    if (is_hint && column->learnt->length && text.size > column->learnt->length)
        return;
    struct value *value = value_string(arena_of(compiling), text);
    if (value)
        read_column(compiling, column, value);
    else
        query_refuse_memory(compiling->problem);
}

static void adopt_file(struct compiling *compiling)
{
    const struct write *write = compiling->write;
    const struct catalog_download *download = &write->resource->catalog->download;
    if (write->file && write->kind == WRITE_CREATE)
        adopt_text(compiling, download->name, write->file->name, false);
    if (write->file)
        adopt_text(compiling, download->type, write->file->type, true);
}

/* --- items --------------------------------------------------------------------------------- */

static void read_member(struct compiling *compiling, const struct value *value)
{
    const struct write *write = compiling->write;
    const struct model_column *column =
        write->kind == WRITE_DELETE ? NULL : model_column_find(write->resource, value->name);
    if (read_switch(compiling, value, field_of(compiling, value->name)) ||
        repeats_chain(compiling, value))
        return;
    if (is_content(write, value->name))
        read_content(compiling, value);
    else if (column)
        read_column(compiling, column, value);
    else if (write->kind == WRITE_DELETE || !read_parent(compiling, value))
        refuse_name(compiling, value->name);
}

static void check_required(struct compiling *compiling)
{
    const struct model_resource *resource = compiling->write->resource;
    if (compiling->write->kind != WRITE_CREATE)
        return;
    for (size_t i = 0; i < resource->column_count; i++) {
        const struct model_column *column = &resource->columns[i];
        if (column->is_required && !write_value_find(compiling->item, column->name) &&
            !was_refused(compiling, column->name))
            miss(compiling, column);
    }
}

/* More faults are not told than a client can use: the answer is bounded like any other. */
static bool has_enough(const struct compiling *compiling)
{
    return compiling->problem->cause_count >= WRITE_MOST_FAULTS;
}

static void read_item(struct compiling *compiling, const struct value *members)
{
    struct write_item *item = &compiling->write->items[compiling->index];
    compiling->item = item;
    item->values =
        arena_zalloc(arena_of(compiling),
                     (compiling->write->resource->column_count + 1) * sizeof(*item->values));
    if (!item->values) {
        query_refuse_memory(compiling->problem);
        return;
    }
    for (const struct value *member = members->first; member && !has_enough(compiling);
         member = member->next)
        read_member(compiling, member);
    fill_from_chain(compiling);
    adopt_file(compiling);
    check_required(compiling);
}

static void read_items(struct compiling *compiling, const struct value *params)
{
    const struct value *item = params->first;
    if (params->type != VALUE_LIST) {
        read_item(compiling, params);
        return;
    }
    for (; item && !has_enough(compiling); item = item->next, compiling->index++) {
        if (item->type == VALUE_OBJECT)
            read_item(compiling, item);
        else
            query_refuse_value(compiling->problem,
                               arena_printf(arena_of(compiling), "[%zu]", compiling->index),
                               SLICE("an object, the record's columns"));
    }
    if (has_enough(compiling))
        problem_add(compiling->problem, SLICE("too_many_faults"), SLICE("params"),
                    "there may be more; these come first");
}

/* --- all ----------------------------------------------------------------------------------- */

/* Beside a list only what is meant for the whole of it counts. Bytes are refused as within it. */
static void read_beside_list(struct compiling *compiling, const struct value *loose)
{
    for (const struct value *item = loose ? loose->first : NULL; item; item = item->next)
        if (!read_switch(compiling, item, item->name) && is_content(compiling->write, item->name))
            query_refuse_value(compiling->problem, content_name, no_bytes);
}

/* Loose names join params where the resource knows them; params win. */
static void adopt_loose(struct compiling *compiling, struct value *params,
                        const struct value *loose)
{
    const struct write *write = compiling->write;
    for (const struct value *item = loose ? loose->first : NULL; item; item = item->next) {
        bool is_switch = slice_equal(item->name, SLICE("dry_run")) ||
                         (write->kind == WRITE_DELETE && slice_equal(item->name, SLICE("force")));
        bool is_known = is_switch || is_content(write, item->name) ||
                        model_column_find(write->resource, item->name) ||
                        model_parameter_find(write->resource, item->name);
        bool is_meant = write->kind != WRITE_DELETE || is_switch || link_named(write, item->name);
        if (!is_known || !is_meant || value_get(params, item->name))
            continue;
        struct value *copy = arena_alloc(arena_of(compiling), sizeof(*copy));
        if (!copy) {
            query_refuse_memory(compiling->problem);
            return;
        }
        *copy = *item;
        copy->next = NULL;
        value_set(params, item->name, copy);
    }
}

static enum write_kind kind_of(struct slice method)
{
    if (slice_equal(method, SLICE("POST")))
        return WRITE_CREATE;
    return slice_equal(method, SLICE("PUT")) ? WRITE_UPDATE : WRITE_DELETE;
}

static bool check_created(struct compiling *compiling)
{
    const struct write *write = compiling->write;
    if (write->kind != WRITE_CREATE || write->resource->is_created)
        return true;
    problem_set(compiling->problem, 503, SLICE("Service Unavailable"));
    problem_add(compiling->problem, SLICE("resource_off"), write->resource->name,
                "creating is switched off; `portcullis check` tells why");
    return false;
}

static bool check_list(struct compiling *compiling, const struct value *params)
{
    struct problem *problem = compiling->problem;
    if (params->type != VALUE_LIST)
        return true;
    if (compiling->write->kind != WRITE_CREATE) {
        problem_set(problem, 400, SLICE("Request Invalid or Bad Format"));
        problem_add(problem, SLICE("bad_json"), SLICE("params"),
                    "Must be a JSON object; a list is for POST alone.");
    } else if (params->count > WRITE_MOST_ITEMS) {
        problem_set(problem, 400, SLICE("Request Invalid or Bad Format"));
        problem_add(problem, SLICE("too_many_items"), SLICE("params"),
                    "%zu records; at most %d are created at once", params->count,
                    (int)WRITE_MOST_ITEMS);
    }
    return !problem_is_set(problem);
}

enum result write_compile(const struct model *model, const struct chain *chain,
                          const struct write_given *given, const struct query_viewer *viewer,
                          struct write *write, struct problem *problem)
{
    struct value *params = given->params;
    struct compiling compiling = {.write = write, .problem = problem};
    *write = (struct write){
        .kind = kind_of(given->method),
        .chain = chain,
        .model = model,
        .resource = chain_last(chain)->resource,
        .viewer = viewer,
        .id = chain_last(chain)->id,
        .is_bulk = params->type == VALUE_LIST,
        .file = given->file,
    };
    if (!check_created(&compiling) || !check_list(&compiling, params))
        return RESULT_INVALID;
    write->item_count = write->is_bulk ? params->count : 1;
    write->items = arena_zalloc(problem->arena, write->item_count * sizeof(*write->items));
    if (!write->items)
        return RESULT_NO_MEMORY;
    if (write->is_bulk)
        read_beside_list(&compiling, given->loose);
    else
        adopt_loose(&compiling, params, given->loose);
    read_items(&compiling, params);
    return problem_is_set(problem) ? RESULT_INVALID : RESULT_OK;
}

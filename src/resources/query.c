/*
 * Compiling parameters into queries. A list takes list words, parent links and columns; a record
 * takes `fields` and its own ids again; `config` takes `name`.
 */
#include "resources/query.h"

#include "resources/column_value.h"
#include "resources/list_words.h"

struct compiling {
    const struct chain *chain;
    const struct query_limits *limits;
    struct query_set *set;
    struct problem *problem;
};

void query_refuse_value(struct problem *problem, struct slice name, struct slice expected)
{
    struct slice shown = name;
    problem_add(problem, SLICE("invalid_value"), name, "allowed: %.*s", SLICE_ARGS(expected));
    if (problem->last)
        shown = problem->last->field;
    problem_set(problem, 422,
                arena_printf(problem->arena,
                             "The value provided for %.*s is invalid or not allowed.",
                             SLICE_ARGS(shown)));
}

/* A wrong name outweighs wrong values: 400 comes before 422. */
void query_refuse_name(struct problem *problem, struct slice name, struct slice allowed)
{
    if (problem->status == 422)
        problem->status = 0;
    problem_set(problem, 400, SLICE("Request Invalid or Bad Format"));
    problem_add(problem, SLICE("unknown_parameter"), name, "allowed: %.*s", SLICE_ARGS(allowed));
}

bool query_refuse_memory(struct problem *problem)
{
    problem_set(problem, 503, SLICE("Service Unavailable"));
    problem->retry_after_s = 1;
    return false;
}

static struct slice allowed_in_list(const struct query *query, struct arena *arena)
{
    const struct model_resource *resource = query->resource;
    struct buffer text;
    buffer_init(&text);
    buffer_append_slice(&text, SLICE("limit page offset count sort fields search cursor"));
    for (size_t i = 0; i < resource->parent_count; i++)
        if (!model_column_find(resource, resource->parents[i].parameter))
            buffer_printf(&text, " %.*s", SLICE_ARGS(resource->parents[i].parameter));
    for (size_t i = 0; i < resource->column_count; i++)
        buffer_printf(&text, " %.*s", SLICE_ARGS(resource->columns[i].name));
    struct slice list = arena_copy(arena, buffer_slice(&text));
    buffer_clear(&text);
    return list;
}

static bool read_id(const struct value *value, int64_t *id)
{
    bool is_scalar = value->type == VALUE_NUMBER || value->type == VALUE_STRING;
    return is_scalar && slice_to_i64(value->text, id);
}

static void add_parent(struct query *query, const struct model_parent *parent, int64_t id,
                       struct problem *problem)
{
    for (const struct query_parent *known = query->parents; known; known = known->next) {
        if (known->parent != parent)
            continue;
        if (known->id != id)
            query_refuse_value(problem, parent->parameter,
                               SLICE("the id that stands in the chain"));
        return;
    }
    struct query_parent *added = arena_zalloc(problem->arena, sizeof(*added));
    if (!added) {
        query_refuse_memory(problem);
        return;
    }
    added->parent = parent;
    added->id = id;
    struct query_parent **end = &query->parents;
    while (*end)
        end = &(*end)->next;
    *end = added;
}

/* Notes what was applied, for `data.filters` and the cursor's shape. */
static void note_shown(struct query *query, const struct value *value, struct problem *problem)
{
    struct value *shown = arena_alloc(problem->arena, sizeof(*shown));
    if (!shown)
        return;
    *shown = *value;
    shown->next = NULL;
    value_append((struct value *)query->shown, shown);
}

/* A plain value for a parent link selects what the chain does; an operator is for the column. */
static bool read_parent(struct query *query, const struct value *value, struct problem *problem)
{
    const struct model_parent *parent = model_parameter_find(query->resource, value->name);
    const struct model_column *column = model_column_find(query->resource, value->name);
    int64_t id = 0;
    if (!parent || (column && !read_id(value, &id)))
        return false;
    if (read_id(value, &id) && id >= 1) {
        add_parent(query, parent, id, problem);
        note_shown(query, value, problem);
    } else if (column) {
        return false; /* 0 means none: a filter on the column */
    } else {
        query_refuse_value(problem, value->name, SLICE("an id, an integer from 1"));
    }
    return true;
}

static void read_list_member(struct compiling *compiling, struct query *query,
                             struct list_words *words, const struct value *value)
{
    bool is_known = false;
    struct problem *problem = compiling->problem;
    list_word_read(query, words, value, &is_known, problem);
    if (is_known || read_parent(query, value, problem))
        return;
    const struct model_column *column = model_column_find(query->resource, value->name);
    if (!column) {
        query_refuse_name(problem, value->name, allowed_in_list(query, problem->arena));
        return;
    }
    if (query_filter_read(query, column, value, problem))
        note_shown(query, value, problem);
}

/* In a chain each parent's id may be repeated by name; the last parent is the list's own. */
static bool repeats_chain_id(const struct compiling *compiling, const struct value *value,
                             bool *is_same)
{
    const struct chain *chain = compiling->chain;
    int64_t id = 0;
    for (size_t i = 0; i < chain->link_count; i++) {
        const struct chain_link *link = &chain->links[i];
        if (!link->has_id || !slice_equal(model_key(link->resource)->name, value->name))
            continue;
        *is_same = read_id(value, &id) && id == link->id;
        return true;
    }
    return false;
}

static void read_record_member(struct compiling *compiling, struct query *query,
                               struct list_words *words, const struct value *value)
{
    bool is_same = false;
    bool is_known = false;
    struct problem *problem = compiling->problem;
    if (repeats_chain_id(compiling, value, &is_same)) {
        if (!is_same)
            query_refuse_value(problem, value->name, SLICE("the id that stands in the chain"));
    } else if (slice_equal(value->name, SLICE("fields"))) {
        list_word_read(query, words, value, &is_known, problem);
    } else {
        query_refuse_name(problem, value->name,
                          arena_printf(problem->arena, "fields %.*s",
                                       SLICE_ARGS(model_key(query->resource)->name)));
    }
}

static void compile_members(struct compiling *compiling, struct query *query,
                            const struct value *members)
{
    struct list_words words = {.limits = compiling->limits};
    bool is_same = false;
    for (const struct value *value = members ? members->first : NULL; value; value = value->next) {
        bool is_list_filter =
            !query->is_record && (model_column_find(query->resource, value->name) ||
                                  model_parameter_find(query->resource, value->name));
        if (query->is_record)
            read_record_member(compiling, query, &words, value);
        else if (!is_list_filter && repeats_chain_id(compiling, value, &is_same) && is_same)
            continue;
        else
            read_list_member(compiling, query, &words, value);
    }
    if (!query->is_record)
        list_words_finish(query, &words, compiling->problem);
}

static struct query *add_query(struct compiling *compiling, const struct model_resource *resource)
{
    struct query_set *set = compiling->set;
    const struct chain *chain = compiling->chain;
    const struct chain_link *last = chain_last(chain);
    struct query *query = &set->queries[set->count++];
    *query = (struct query){
        .resource = resource,
        .viewer = set->viewer,
        .is_record = chain->target == CHAIN_RECORD || chain->target == CHAIN_BYTES,
        .is_threads = chain->target == CHAIN_THREADS,
        .id = last->id,
        .limit = QUERY_DEFAULT_LIMIT,
        .page = 1,
    };
    if (query->limit > compiling->limits->max_limit)
        query->limit = compiling->limits->max_limit;
    query->shown = value_create(compiling->problem->arena, VALUE_OBJECT);
    if (chain->link_count > 1) {
        const struct chain_link *parent = &chain->links[chain->link_count - 2];
        add_parent(query, model_parent_find(resource, parent->resource), parent->id,
                   compiling->problem);
    }
    return query;
}

static const struct value *sibling_object(const struct compiling *compiling,
                                          const struct value *params, struct slice name)
{
    const struct value *object = value_get(params, name);
    if (object && object->type != VALUE_OBJECT) {
        bool is_empty_list = object->type == VALUE_LIST && object->count == 0;
        if (!is_empty_list)
            query_refuse_value(compiling->problem, name,
                               SLICE("an object of list words and filters"));
        return NULL;
    }
    return object;
}

/* What stands outside the siblings' own objects applies to all of them; their own win. */
static void compile_sibling(struct compiling *compiling, const struct model_resource *resource,
                            struct value *params)
{
    struct arena *arena = compiling->problem->arena;
    const struct value *own = sibling_object(compiling, params, resource->name);
    struct value *members = value_create(arena, VALUE_OBJECT);
    struct query *query = add_query(compiling, resource);
    const struct value *sources[] = {params, own};
    for (size_t s = 0; s < 2 && members; s++) {
        for (const struct value *item = sources[s] ? sources[s]->first : NULL; item;
             item = item->next) {
            if (s == 0 && !list_word_is_shared(item->name))
                continue;
            struct value *copy = arena_alloc(arena, sizeof(*copy));
            if (!copy) {
                query_refuse_memory(compiling->problem);
                return;
            }
            *copy = *item;
            copy->next = NULL;
            value_set(members, item->name, copy);
        }
    }
    compile_members(compiling, query, members);
}

static bool is_sibling(const struct chain *chain, struct slice name)
{
    bool is_one = slice_equal(chain_last(chain)->resource->name, name);
    for (size_t i = 0; i < chain->sibling_count; i++)
        is_one = is_one || slice_equal(chain->siblings[i]->name, name);
    return is_one;
}

static void compile_siblings(struct compiling *compiling, struct value *params)
{
    const struct chain *chain = compiling->chain;
    bool is_same = false;
    for (const struct value *item = params->first; item; item = item->next) {
        if (is_sibling(chain, item->name) || list_word_is_shared(item->name) ||
            (repeats_chain_id(compiling, item, &is_same) && is_same))
            continue;
        query_refuse_name(
            compiling->problem, item->name,
            SLICE("limit page offset count, and an object for each list in the chain"));
    }
    compile_sibling(compiling, chain_last(chain)->resource, params);
    for (size_t i = 0; i < chain->sibling_count; i++)
        compile_sibling(compiling, chain->siblings[i], params);
}

static void compile_settings(struct compiling *compiling, const struct value *params)
{
    struct problem *problem = compiling->problem;
    compiling->set->setting = compiling->chain->setting;
    for (const struct value *item = params->first; item; item = item->next) {
        bool is_name = slice_equal(item->name, SLICE("name"));
        if (!is_name)
            query_refuse_name(problem, item->name, SLICE("name"));
        else if (item->type != VALUE_STRING ||
                 (compiling->chain->setting.size &&
                  !slice_equal(item->text, compiling->chain->setting)))
            query_refuse_value(problem, item->name, SLICE("the name of one setting"));
        else
            compiling->set->setting = item->text;
    }
}

/* Loose names join params where the target knows them; params win. */
static void adopt_loose(const struct chain *chain, struct value *params, const struct value *loose,
                        struct problem *problem)
{
    const struct model_resource *resource = chain_last(chain)->resource;
    for (const struct value *item = loose ? loose->first : NULL; item; item = item->next) {
        bool is_known = false;
        if (chain->target == CHAIN_SETTINGS)
            is_known = slice_equal(item->name, SLICE("name"));
        else if (chain->sibling_count)
            is_known = list_word_is_shared(item->name);
        else if (chain->target == CHAIN_LIST || chain->target == CHAIN_THREADS)
            is_known = list_word_is_known(item->name) || model_column_find(resource, item->name) ||
                       model_parameter_find(resource, item->name);
        else if (chain->target == CHAIN_RECORD)
            is_known = slice_equal(item->name, SLICE("fields")) ||
                       slice_equal(item->name, model_key(resource)->name);
        if (!is_known || value_get(params, item->name))
            continue;
        struct value *copy = arena_alloc(problem->arena, sizeof(*copy));
        if (!copy) {
            query_refuse_memory(problem);
            return;
        }
        *copy = *item;
        copy->next = NULL;
        value_set(params, item->name, copy);
    }
}

enum result query_set_compile(const struct model *model, const struct chain *chain,
                              struct value *params, const struct value *loose,
                              const struct query_limits *limits, const struct query_viewer *viewer,
                              struct query_set *set, struct problem *problem)
{
    struct compiling compiling = {chain, limits, set, problem};
    set->chain = chain;
    set->model = model;
    set->viewer = viewer;
    set->count = 0;
    set->queries = arena_zalloc(problem->arena, (chain->sibling_count + 1) * sizeof(*set->queries));
    if (!set->queries)
        return RESULT_NO_MEMORY;
    set->setting = slice_of("", 0);
    adopt_loose(chain, params, loose, problem);
    if (chain->target == CHAIN_SETTINGS) {
        compile_settings(&compiling, params);
    } else if (chain->target == CHAIN_DIRECTORY) {
        for (const struct value *item = params->first; item; item = item->next)
            query_refuse_name(problem, item->name, SLICE("nothing"));
    } else if (chain->sibling_count) {
        compile_siblings(&compiling, params);
    } else {
        compile_members(&compiling, add_query(&compiling, chain_last(chain)->resource), params);
    }
    return problem_is_set(problem) ? RESULT_INVALID : RESULT_OK;
}

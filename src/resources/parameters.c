/*
 * One source at a time: its own params are gathered apart (JSON, then brackets over it) and merged
 * over those of the sources before.
 */
#include "resources/parameters.h"

#include "base/utf8.h"
#include "resources/brackets.h"

static const struct slice bad_request = {"Request Invalid or Bad Format", 29};
static const struct slice params_name = {"params", 6};

/* The reserved names that are text; `params` is the fifth. */
static const struct {
    struct slice name;
    size_t offset;
} reserved[] = {
    {{"username", 8}, offsetof(struct parameters, username)},
    {{"password", 8}, offsetof(struct parameters, password)},
    {{"method", 6}, offsetof(struct parameters, method)},
    {{"action", 6}, offsetof(struct parameters, action)},
};
enum { RESERVED_COUNT = sizeof(reserved) / sizeof(reserved[0]) };

/* What one source brings. */
struct source {
    struct slice json;      /* the last `params=`; data NULL when there was none */
    struct value *brackets; /* what params[…] built */
    struct value *loose;
    size_t bracket_bytes;
};

void parameters_init(struct parameters *parameters, struct arena *arena)
{
    *parameters = (struct parameters){.arena = arena};
    parameters->params = value_create(arena, VALUE_OBJECT);
    parameters->loose = value_create(arena, VALUE_OBJECT);
}

static enum result refuse(struct problem *problem, enum result result, struct slice code,
                          struct slice field, const char *detail)
{
    problem_set(problem, 400, bad_request);
    problem_add(problem, code, field, "%s", detail);
    return result;
}

static enum result refuse_depth(struct problem *problem, struct slice field)
{
    return refuse(problem, RESULT_LIMIT, SLICE("too_deep"), field,
                  "Nested more than 8 levels deep.");
}

static enum result refuse_size(struct problem *problem)
{
    return refuse(problem, RESULT_LIMIT, SLICE("too_large"), params_name,
                  "The parameters are larger than 64 KiB.");
}

struct slice *parameters_reserved(struct parameters *parameters, struct slice name)
{
    for (size_t i = 0; i < RESERVED_COUNT; i++)
        if (slice_equal(reserved[i].name, name))
            return (struct slice *)(void *)((char *)parameters + reserved[i].offset);
    return NULL;
}

/* Moves each member of from over those of to. */
static void merge(struct value *to, struct value *from)
{
    struct value *member = from->first;
    while (member) {
        struct value *next = member->next;
        value_set(to, member->name, member);
        member = next;
    }
}

/* Members and items in all; recursive, trees are at most nine deep here. */
static size_t count_names(const struct value *tree)
{
    size_t count = tree->count;
    for (const struct value *child = tree->first; child; child = child->next)
        count += count_names(child);
    return count;
}

static size_t measure_depth(const struct value *tree)
{
    size_t deepest = 0;
    if (tree->type != VALUE_OBJECT && tree->type != VALUE_LIST)
        return 0;
    for (const struct value *child = tree->first; child; child = child->next) {
        size_t depth = measure_depth(child);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

static enum result refuse_names(struct problem *problem)
{
    return refuse(problem, RESULT_LIMIT, SLICE("too_many_names"), params_name,
                  "More than 512 names and values.");
}

static enum result merge_params(struct parameters *parameters, struct value *from,
                                struct problem *problem)
{
    merge(parameters->params, from);
    if (count_names(parameters->params) <= PARAMETERS_MOST_NAMES)
        return RESULT_OK;
    return refuse_names(problem);
}

/* Is the text a list, or may it hold one as the envelope's params? Only these are many names. */
static bool may_be_list(struct slice text, size_t extra)
{
    text = slice_trim(text);
    return extra > 0 || (text.size > 0 && text.data[0] == '[');
}

/* extra levels and names are the envelope's own. The file a client sends in params is bounded by
 * the body's limit alone, so size is looked at afterwards. */
static enum result read_json(struct parameters *parameters, struct slice text, size_t extra,
                             struct value **tree, struct problem *problem)
{
    const struct json_limits limits = {
        .depth = PARAMETERS_MOST_DEPTH + (extra ? 1 : 0),
        .names = may_be_list(text, extra) ? PARAMETERS_MOST_LIST_NAMES : PARAMETERS_MOST_NAMES,
        .members = PARAMETERS_MOST_NAMES + extra,
        .bytes = SIZE_MAX,
    };
    struct json_fault fault;
    enum result result = json_read(parameters->arena, text, &limits, tree, &fault);
    if (result != RESULT_INVALID && result != RESULT_LIMIT)
        return result;
    problem_set(problem, 400, bad_request);
    problem_add(problem, fault.code, params_name, "Line %zu: %s.", fault.line, fault.reason);
    return result;
}

/* What the file among these members takes of the JSON they were read from, escapes included. */
static size_t measure_file(const struct value *members)
{
    const struct value *file = value_get(members, SLICE("file_content"));
    return file && file->type == VALUE_STRING ? file->raw_size : 0;
}

/* Records to be created together. Each is held to what params is held to. */
static enum result add_list(struct parameters *parameters, struct value *list,
                            struct problem *problem)
{
    for (const struct value *item = list->first; item; item = item->next)
        if (count_names(item) > PARAMETERS_MOST_NAMES)
            return refuse_names(problem);
    if (measure_depth(list) > PARAMETERS_MOST_DEPTH)
        return refuse_depth(problem, params_name);
    parameters->items = list;
    return RESULT_OK;
}

/* Merges a tree that was read from so many bytes: an object, or one of the ways to say none. */
static enum result add_tree(struct parameters *parameters, size_t size, struct value *tree,
                            struct problem *problem)
{
    if (tree->type == VALUE_LIST && tree->count)
        return add_list(parameters, tree, problem);
    if (size - measure_file(tree) > PARAMETERS_MOST_BYTES)
        return refuse_size(problem);
    if (measure_depth(tree) > PARAMETERS_MOST_DEPTH)
        return refuse_depth(problem, params_name);
    if (tree->type == VALUE_OBJECT)
        return merge_params(parameters, tree, problem);
    if (tree->type == VALUE_NULL || tree->type == VALUE_LIST)
        return RESULT_OK;
    return refuse(problem, RESULT_INVALID, SLICE("bad_json"), params_name,
                  "Must be a JSON object, or on POST a list of objects.");
}

static enum result add_json_text(struct parameters *parameters, struct slice text,
                                 struct problem *problem)
{
    struct value *tree = NULL;
    if (text.size == 0)
        return RESULT_OK;
    enum result result = read_json(parameters, text, 0, &tree, problem);
    return result ? result : add_tree(parameters, text.size, tree, problem);
}

static enum result refuse_brackets(struct problem *problem, enum result result, struct slice field)
{
    if (result == RESULT_LIMIT)
        return refuse_depth(problem, field);
    return refuse(problem, RESULT_INVALID, SLICE("unknown_parameter"), field,
                  "No parameter is named so; brackets must be closed and not nested.");
}

static enum result add_bracket_pair(struct parameters *parameters, struct source *source,
                                    const struct http_pair *pair, const struct bracket_name *name)
{
    source->bracket_bytes += pair->name.size + pair->value.size;
    if (slice_equal(name->keys[0], SLICE("file_content")))
        source->bracket_bytes -= pair->value.size;
    return brackets_set(parameters->arena, source->brackets, name, 0, pair->value);
}

/* Names nobody reserved; with brackets that make no sense they are names nobody knows either. */
static enum result add_loose_pair(struct parameters *parameters, struct source *source,
                                  const struct http_pair *pair, struct bracket_name *name)
{
    struct value *text = value_string(parameters->arena, pair->value);
    if (!text)
        return RESULT_NO_MEMORY;
    if (name->count == 0) {
        value_set(source->loose, name->base, text);
        return RESULT_OK;
    }
    struct value *tree = value_get(source->loose, name->base);
    if (!tree || tree->type != VALUE_OBJECT) {
        tree = value_create(parameters->arena, VALUE_OBJECT);
        if (!tree)
            return RESULT_NO_MEMORY;
        value_set(source->loose, name->base, tree);
    }
    return brackets_set(parameters->arena, tree, name, 0, pair->value);
}

static enum result add_pair(struct parameters *parameters, struct source *source,
                            const struct http_pair *pair, struct problem *problem)
{
    struct bracket_name name;
    enum result parsed = brackets_parse(pair->name, &name);
    struct slice *place = parameters_reserved(parameters, name.base);
    bool is_params = slice_equal(name.base, params_name);
    bool has_brackets = name.base.size < pair->name.size;
    struct slice value = pair->value.data ? pair->value : SLICE("");

    if (!utf8_is_valid(pair->name) || !utf8_is_valid(value))
        return refuse(problem, RESULT_INVALID, SLICE("bad_encoding"), pair->name,
                      "Not valid UTF-8.");
    if (!place && !is_params)
        return parsed ? RESULT_OK : add_loose_pair(parameters, source, pair, &name);
    if (parsed || (place && has_brackets) || (name.count && !name.keys[0].size))
        return refuse_brackets(problem, place ? RESULT_INVALID : parsed, pair->name);
    if (name.count)
        return add_bracket_pair(parameters, source, pair, &name);
    *(place ? place : &source->json) = value;
    return RESULT_OK;
}

/* JSON first, so that brackets win wherever they stood. */
static enum result merge_source(struct parameters *parameters, struct source *source,
                                struct problem *problem)
{
    struct arena *arena = parameters->arena;
    if (source->bracket_bytes > PARAMETERS_MOST_BYTES)
        return refuse_size(problem);
    enum result result = add_json_text(parameters, source->json, problem);
    if (result == RESULT_OK)
        result = brackets_settle(arena, source->brackets);
    if (result == RESULT_OK)
        result = brackets_settle(arena, source->loose);
    if (result != RESULT_OK)
        return result;
    merge(parameters->loose, source->loose);
    return merge_params(parameters, source->brackets, problem);
}

enum result parameters_add_pairs(struct parameters *parameters, const struct http_pairs *pairs,
                                 struct problem *problem)
{
    struct source source = {
        .brackets = value_create(parameters->arena, VALUE_OBJECT),
        .loose = value_create(parameters->arena, VALUE_OBJECT),
    };
    if (!parameters->params || !parameters->loose || !source.brackets || !source.loose)
        return RESULT_NO_MEMORY;
    for (const struct http_pair *pair = pairs->first; pair; pair = pair->next) {
        enum result result = add_pair(parameters, &source, pair, problem);
        if (result != RESULT_OK)
            return result;
    }
    return merge_source(parameters, &source, problem);
}

/* A reserved text of the envelope; null is as good as not given. */
static enum result add_envelope_text(struct slice *place, const struct value *member,
                                     struct problem *problem)
{
    if (member->type == VALUE_STRING || member->type == VALUE_NUMBER)
        *place = member->text;
    else if (member->type != VALUE_NULL)
        return refuse(problem, RESULT_INVALID, SLICE("invalid_value"), member->name,
                      "Must be a string.");
    return RESULT_OK;
}

static enum result add_envelope(struct parameters *parameters, struct slice body,
                                struct value *envelope, struct problem *problem)
{
    struct value *params = value_take(envelope, params_name);
    const size_t size = body.size - measure_file(envelope);
    struct value *next = NULL;
    for (struct value *member = envelope->first; member; member = next) {
        next = member->next;
        struct slice *place = parameters_reserved(parameters, member->name);
        enum result result = place ? add_envelope_text(place, member, problem) : RESULT_OK;
        if (result != RESULT_OK)
            return result;
        if (!place)
            value_set(parameters->loose, member->name, member);
    }
    if (params->type == VALUE_STRING)
        return add_json_text(parameters, params->text, problem);
    return add_tree(parameters, size, params, problem);
}

enum result parameters_add_json(struct parameters *parameters, struct slice body,
                                struct problem *problem)
{
    struct value *tree = NULL;
    if (!parameters->params || !parameters->loose)
        return RESULT_NO_MEMORY;
    if (body.size == 0)
        return RESULT_OK;
    enum result result = read_json(parameters, body, RESERVED_COUNT + 1, &tree, problem);
    if (result != RESULT_OK)
        return result;
    if (value_get(tree, params_name))
        return add_envelope(parameters, body, tree, problem);
    return add_tree(parameters, body.size, tree, problem);
}

/*
 * Parsing in three steps: cut into decoded segments, take version and format off the ends, walk the
 * rest link by link.
 */
#include "resources/chain.h"

#include "base/utf8.h"
#include "http/parameters.h"

enum { MOST_SEGMENTS = 2 * CHAIN_MOST_LINKS + 4 };

struct walk {
    const struct model *model;
    struct arena *arena;
    struct chain *chain;
    struct problem *problem;
    struct slice segments[MOST_SEGMENTS];
    size_t count;
    bool has_too_many;
    bool has_bad_text;
};

static const struct slice bad_request = SLICE("Request Invalid or Bad Format");

static enum result refuse(struct walk *walk, struct slice code, struct slice segment,
                          const char *detail)
{
    problem_set(walk->problem, 400, bad_request);
    problem_add(walk->problem, code, segment, "%s", detail);
    return RESULT_INVALID;
}

static enum result refuse_unknown(struct walk *walk, struct slice segment, const char *why)
{
    problem_add(walk->problem, SLICE("unknown_resource"), segment, "%s", why);
    struct slice shown = walk->problem->last ? walk->problem->last->field : slice_of("", 0);
    problem_set(walk->problem, 404,
                arena_printf(walk->arena, "Unknown resource \"%.*s\"", SLICE_ARGS(shown)));
    return RESULT_INVALID;
}

static enum result cut(struct walk *walk, struct slice segments, char separator)
{
    struct slice part;
    while (slice_split(&segments, separator, &part)) {
        if (part.size == 0)
            continue;
        if (walk->count == MOST_SEGMENTS) {
            walk->has_too_many = true;
            break;
        }
        /* `action` was decoded with its form already; a path was not. */
        struct slice decoded =
            separator == '/' ? http_percent_decode(walk->arena, part, false) : part;
        if (!decoded.data)
            return RESULT_NO_MEMORY;
        if (!utf8_is_valid(decoded) || slice_find(decoded, '\0') != decoded.size)
            walk->has_bad_text = true;
        walk->segments[walk->count++] = decoded;
    }
    return RESULT_OK;
}

static bool find_format(struct slice segment, enum format *format)
{
    static const struct slice names[FORMAT_COUNT] = {
        [FORMAT_JSON] = SLICE("json"), [FORMAT_XML] = SLICE("xml")};
    for (size_t i = 0; i < FORMAT_COUNT; i++) {
        if (slice_equal(segment, names[i])) {
            *format = (enum format)i;
            return true;
        }
    }
    return false;
}

static bool looks_like_id(struct slice segment)
{
    char c = segment.data[0];
    return (c >= '0' && c <= '9') || c == '-' || c == '+';
}

/* Downloads need no format: their answer has none but for errors. A setting of that name does. */
static bool ends_in_download(const struct walk *walk)
{
    return walk->count > 3 && slice_equal(walk->segments[walk->count - 1], SLICE("download")) &&
           looks_like_id(walk->segments[walk->count - 2]);
}

/* Takes version and format off; says later, with the chain echoed, what was wrong. */
static enum result take_ends(struct walk *walk)
{
    bool has_format =
        walk->count > 0 && find_format(walk->segments[walk->count - 1], &walk->chain->format);
    bool has_version = walk->count > 0 && slice_equal(walk->segments[0], SLICE("v1"));
    bool has_no_version_number =
        walk->count == 0 || model_resource_find(walk->model, walk->segments[0]) != NULL;

    if (has_format)
        walk->count--;
    else if (ends_in_download(walk))
        has_format = true;
    size_t skipped = walk->count && !has_no_version_number ? 1 : 0;
    struct slice version = walk->count ? walk->segments[0] : slice_of("", 0);
    for (size_t i = skipped; i < walk->count; i++)
        walk->segments[i - skipped] = walk->segments[i];
    walk->count -= skipped;

    if (walk->has_bad_text)
        return refuse(walk, SLICE("bad_encoding"), SLICE("action"),
                      "a segment of the chain is not UTF-8 text");
    if (walk->has_too_many)
        return refuse(walk, SLICE("too_deep"), SLICE("action"), "the chain has too many segments");
    if (!has_version)
        return refuse(walk, SLICE("bad_version"), version, "the chain must begin with v1");
    if (!has_format)
        return refuse(walk, SLICE("bad_format"),
                      walk->count ? walk->segments[walk->count - 1] : slice_of("", 0),
                      "the chain must end in json or xml");
    return RESULT_OK;
}

/* Until the walk knows better, action echoes the segments. */
static void echo_segments(struct walk *walk)
{
    struct buffer text;
    buffer_init(&text);
    for (size_t i = 0; i < walk->count; i++) {
        if (i)
            buffer_append_char(&text, '/');
        utf8_append_repaired(&text, walk->segments[i]);
    }
    walk->chain->action = arena_copy(walk->arena, buffer_slice(&text));
    buffer_clear(&text);
}

static enum result take_id(struct walk *walk, struct slice segment, struct chain_link *link)
{
    if (!slice_to_i64(segment, &link->id) || link->id < 1)
        return refuse(walk, SLICE("bad_id"), segment,
                      "an id is a decimal integer from 1 to 9223372036854775807");
    link->has_id = true;
    return RESULT_OK;
}

/* A resource may stand here: first, or under a record of one of its parents. */
static enum result check_place(struct walk *walk, const struct model_resource *resource,
                               struct slice segment)
{
    struct chain *chain = walk->chain;
    if (chain->link_count == 0)
        return RESULT_OK;
    const struct chain_link *parent = chain_last(chain);
    if (!parent->has_id || !model_parent_find(resource, parent->resource))
        return refuse_unknown(walk, segment, "it does not stand under what comes before it");
    if (chain->link_count == CHAIN_MOST_LINKS)
        return refuse(walk, SLICE("too_deep"), segment, "the chain has too many links");
    return RESULT_OK;
}

static enum result take_sibling(struct walk *walk, struct slice name, bool is_first)
{
    struct chain *chain = walk->chain;
    const struct model_resource *resource = model_resource_find(walk->model, name);
    if (!resource || resource->catalog->kind != CATALOG_ROWS)
        return refuse_unknown(walk, name, "`api/resources` lists what is served");
    if (is_first) {
        enum result result = check_place(walk, resource, name);
        if (result == RESULT_OK)
            chain->links[chain->link_count++] = (struct chain_link){.resource = resource};
        return result;
    }
    chain->link_count--; /* a sibling stands under the same parent as the first */
    enum result result = check_place(walk, resource, name);
    chain->link_count++;
    if (result != RESULT_OK)
        return result;
    if (chain->sibling_count == CHAIN_MOST_SIBLINGS)
        return refuse(walk, SLICE("too_deep"), name, "the chain has too many siblings");
    bool is_twice = chain_last(chain)->resource == resource;
    for (size_t i = 0; i < chain->sibling_count; i++)
        is_twice = is_twice || chain->siblings[i] == resource;
    if (is_twice)
        return refuse_unknown(walk, name, "a sibling may be named once");
    chain->siblings[chain->sibling_count++] = resource;
    return RESULT_OK;
}

static enum result take_resource(struct walk *walk, size_t *at)
{
    struct slice rest = walk->segments[(*at)++];
    struct slice name;
    bool is_first = true;
    enum result result = RESULT_OK;
    while (result == RESULT_OK && slice_split(&rest, ',', &name)) {
        result = take_sibling(walk, name, is_first);
        is_first = false;
    }
    if (result != RESULT_OK || *at == walk->count || walk->chain->sibling_count)
        return result;
    if (looks_like_id(walk->segments[*at]))
        result = take_id(walk, walk->segments[(*at)++],
                         &walk->chain->links[walk->chain->link_count - 1]);
    return result;
}

static enum chain_verb find_verb(const struct chain *chain, struct slice segment)
{
    const struct chain_link *last = chain_last(chain);
    if (chain->sibling_count)
        return CHAIN_NO_VERB;
    if (last->resource->catalog->threads.column.size && !last->has_id &&
        slice_equal(segment, SLICE("bythread")))
        return CHAIN_BYTHREAD;
    if (last->resource->catalog->download.path.size && last->has_id &&
        slice_equal(segment, SLICE("download")))
        return CHAIN_DOWNLOAD;
    if (last->resource->catalog->download.path.size && last->has_id &&
        catalog_names_hold(&last->resource->catalog->methods, SLICE("PUT")) &&
        slice_equal(segment, SLICE("content")))
        return CHAIN_CONTENT;
    return CHAIN_NO_VERB;
}

static enum result walk_rows(struct walk *walk)
{
    struct chain *chain = walk->chain;
    size_t at = 0;
    while (at < walk->count) {
        enum result result = take_resource(walk, &at);
        if (result != RESULT_OK)
            return result;
        if (at == walk->count)
            break;
        chain->verb = find_verb(chain, walk->segments[at]);
        if (chain->verb != CHAIN_NO_VERB && ++at < walk->count)
            return refuse_unknown(walk, walk->segments[at], "nothing follows a verb");
        if (chain->sibling_count && at < walk->count)
            return refuse_unknown(walk, walk->segments[at], "nothing follows siblings");
    }
    chain->target = chain->verb == CHAIN_BYTHREAD   ? CHAIN_THREADS
                    : chain->verb == CHAIN_DOWNLOAD ? CHAIN_BYTES
                    : chain->verb == CHAIN_CONTENT  ? CHAIN_UPLOAD
                    : chain_last(chain)->has_id     ? CHAIN_RECORD
                                                    : CHAIN_LIST;
    return RESULT_OK;
}

static enum result walk_settings(struct walk *walk, const struct model_resource *resource)
{
    struct chain *chain = walk->chain;
    chain->links[chain->link_count++] = (struct chain_link){.resource = resource};
    chain->target = CHAIN_SETTINGS;
    if (walk->count > 2)
        return refuse_unknown(walk, walk->segments[2], "nothing follows a setting's name");
    if (walk->count == 2)
        chain->setting = walk->segments[1];
    return RESULT_OK;
}

static enum result walk_directory(struct walk *walk, const struct model_resource *resource)
{
    struct chain *chain = walk->chain;
    chain->links[chain->link_count++] = (struct chain_link){.resource = resource};
    chain->target = CHAIN_DIRECTORY;
    if (walk->count < 2)
        return refuse_unknown(walk, walk->segments[0], "did you mean api/resources?");
    if (!slice_equal(walk->segments[1], SLICE("resources")))
        return refuse_unknown(walk, walk->segments[1], "did you mean api/resources?");
    if (walk->count > 2)
        return refuse_unknown(walk, walk->segments[2], "nothing follows api/resources");
    return RESULT_OK;
}

static enum result walk_segments(struct walk *walk)
{
    if (walk->count == 0)
        return refuse_unknown(walk, slice_of("", 0), "the chain names no resource");
    const struct model_resource *first = model_resource_find(walk->model, walk->segments[0]);
    if (first && first->catalog->kind == CATALOG_SETTINGS)
        return walk_settings(walk, first);
    if (first && first->catalog->kind == CATALOG_DIRECTORY)
        return walk_directory(walk, first);
    return walk_rows(walk);
}

/* Writes the chain anew from what was understood: once with ids, once as a shape. */
static struct slice print_chain(const struct walk *walk, bool with_values)
{
    const struct chain *chain = walk->chain;
    struct buffer text;
    buffer_init(&text);
    for (size_t i = 0; i < chain->link_count; i++) {
        const struct chain_link *link = &chain->links[i];
        if (i)
            buffer_append_char(&text, '/');
        buffer_append_slice(&text, link->resource->name);
        if (link->has_id && with_values) {
            buffer_append_char(&text, '/');
            buffer_append_u64(&text, (uint64_t)link->id);
        } else if (link->has_id) {
            buffer_append_slice(&text, SLICE("/{id}"));
        }
    }
    for (size_t i = 0; i < chain->sibling_count; i++)
        buffer_printf(&text, ",%.*s", SLICE_ARGS(chain->siblings[i]->name));
    static const struct slice verbs[] = {[CHAIN_NO_VERB] = SLICE(""),
                                         [CHAIN_BYTHREAD] = SLICE("/bythread"),
                                         [CHAIN_DOWNLOAD] = SLICE("/download"),
                                         [CHAIN_CONTENT] = SLICE("/content")};
    buffer_append_slice(&text, verbs[chain->verb]);
    if (chain->target == CHAIN_DIRECTORY)
        buffer_append_slice(&text, SLICE("/resources"));
    if (chain->setting.size && with_values)
        buffer_printf(&text, "/%.*s", SLICE_ARGS(chain->setting));
    else if (chain->setting.size)
        buffer_append_slice(&text, SLICE("/{name}"));
    struct slice copy = arena_copy(walk->arena, buffer_slice(&text));
    buffer_clear(&text);
    return copy;
}

enum result chain_parse(const struct model *model, struct arena *arena, struct slice segments,
                        char separator, struct chain *chain, struct problem *problem)
{
    struct walk walk = {.model = model, .arena = arena, .chain = chain, .problem = problem};
    *chain = (struct chain){.format = FORMAT_JSON, .action = SLICE(""), .route = SLICE("refused")};
    enum result result = cut(&walk, segments, separator);
    if (result != RESULT_OK)
        return result;
    result = take_ends(&walk);
    echo_segments(&walk);
    if (result == RESULT_OK)
        result = walk_segments(&walk);
    if (result != RESULT_OK)
        return result;
    chain->action = print_chain(&walk, true);
    chain->route = print_chain(&walk, false);
    return chain->action.data && chain->route.data ? RESULT_OK : RESULT_NO_MEMORY;
}

static enum result refuse_off(struct problem *problem, struct slice name)
{
    problem_set(problem, 503, SLICE("Service Unavailable"));
    problem_add(problem, SLICE("resource_off"), name,
                "this is switched off; `portcullis check` tells why");
    return RESULT_UNAVAILABLE;
}

enum result chain_check_served(const struct chain *chain, struct problem *problem)
{
    const struct model_resource *last = chain_last(chain)->resource;
    for (size_t i = 0; i < chain->link_count; i++)
        if (!model_is_served(chain->links[i].resource))
            return refuse_off(problem, chain->links[i].resource->name);
    for (size_t i = 0; i < chain->sibling_count; i++)
        if (!model_is_served(chain->siblings[i]))
            return refuse_off(problem, chain->siblings[i]->name);
    if (chain->verb == CHAIN_BYTHREAD && !last->has_threads)
        return refuse_off(problem, SLICE("bythread"));
    if (chain->verb == CHAIN_DOWNLOAD && !last->has_download)
        return refuse_off(problem, SLICE("download"));
    if (chain->verb == CHAIN_CONTENT && !last->has_download)
        return refuse_off(problem, SLICE("content"));
    return RESULT_OK;
}

/* Which of the catalog's methods the chain's end takes: POST makes rows in lists, the others
 * concern one record. */
static bool offers(const struct chain *chain, struct slice method)
{
    bool is_read = slice_equal(method, SLICE("GET"));
    if (chain->sibling_count && !is_read)
        return false;
    if (chain->target == CHAIN_UPLOAD)
        return slice_equal(method, SLICE("PUT"));
    if (chain->target != CHAIN_LIST && chain->target != CHAIN_RECORD)
        return is_read;
    bool is_create = slice_equal(method, SLICE("POST"));
    if (!is_read && is_create != (chain->target == CHAIN_LIST))
        return false;
    return catalog_names_hold(&chain_last(chain)->resource->catalog->methods, method);
}

static const struct slice all_methods[] = {SLICE("GET"), SLICE("POST"), SLICE("PUT"),
                                           SLICE("DELETE")};

struct slice chain_allowed_methods(const struct chain *chain, struct arena *arena)
{
    struct slice list = SLICE("");
    for (size_t i = 0; i < sizeof(all_methods) / sizeof(all_methods[0]); i++)
        if (offers(chain, all_methods[i]))
            list = arena_printf(arena, "%.*s%s%.*s", SLICE_ARGS(list), list.size ? ", " : "",
                                SLICE_ARGS(all_methods[i]));
    return arena_printf(arena, "%.*s%s%sOPTIONS", SLICE_ARGS(list), list.size ? ", " : "",
                        offers(chain, SLICE("GET")) ? "HEAD, " : "");
}

enum result chain_check_method(const struct chain *chain, struct slice method,
                               struct problem *problem)
{
    if (offers(chain, method))
        return RESULT_OK;
    problem_set(problem, 405, SLICE("Method Not Allowed"));
    problem->allow = chain_allowed_methods(chain, problem->arena);
    problem_add(problem, SLICE("method_not_allowed"), SLICE("method"),
                "%.*s is not offered for %.*s", SLICE_ARGS(method), SLICE_ARGS(chain->route));
    return RESULT_INVALID;
}
